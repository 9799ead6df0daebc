//! `gandan check`: everything wrong or doubtful with the inputs of a scenario, in one go.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::cache::CacheArgs;
use super::memory::MemoryArgs;
use super::plan::Format;
use super::progress::Progress;
use crate::check::{Checked, Finding, Severity, check};
use crate::error::Result;
use crate::files::refuse_existing_file;
use crate::output::inputs_picture;
use crate::stages::Stages;

/// Arguments of `gandan check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The scenario, a TOML file.
    scenario: PathBuf,
    /// Draw the inputs on a map (.png or .svg): people, roads, water, sites by verdict.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Replace the map if it exists.
    #[arg(long)]
    force: bool,
    /// How the findings are printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    memory: MemoryArgs,
}

/// Prints the findings. Exit code 1 if any of them is an error.
///
/// # Errors
/// An interruption, or a map that cannot be written.
pub fn run(args: &CheckArgs, quiet: bool) -> Result<ExitCode> {
    if let Some(map) = &args.map {
        inputs_picture::check_ending(map)?;
        refuse_existing_file(map, args.force)?;
    }
    let progress = Progress::new(quiet);
    let listen = |event: crate::stages::Event| progress.hear(event);
    let mut stages = Stages::new(&listen);
    stages.limit_memory(args.memory.most_bytes());
    let checked = check(&args.scenario, args.cache.open().as_ref(), &mut stages)?;
    let mut drawn = None;
    if let (Some(map), Some(study)) = (&args.map, &checked.study) {
        stages.run("draw map", || inputs_picture::write(map, study), |()| map.display().to_string())?;
        drawn = Some(map.as_path());
    }
    match args.format {
        Format::Text => print_text(&checked, args.map.as_deref(), drawn),
        Format::Json => print_json(&checked, drawn),
    }
    let failed = checked.count(Severity::Error) > 0;
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn print_text(checked: &Checked, wanted: Option<&Path>, drawn: Option<&Path>) {
    for Finding { severity, fault } in &checked.findings {
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        println!("{severity}[{}] {fault}", fault.code);
        if let Some(help) = &fault.help {
            println!("    {help}");
        }
    }
    let count = |severity, one: &str, many: &str| {
        let n = checked.count(severity);
        format!("{n} {}", if n == 1 { one } else { many })
    };
    println!(
        "{}, {}, {}",
        count(Severity::Error, "error", "errors"),
        count(Severity::Warning, "warning", "warnings"),
        count(Severity::Note, "note", "notes")
    );
    match (wanted, drawn) {
        (_, Some(map)) => println!("Map: {}", map.display()),
        (Some(_), None) => println!("No map is drawn until the errors are mended."),
        (None, None) => {}
    }
}

fn print_json(checked: &Checked, drawn: Option<&Path>) {
    let finding = |f: &Finding| {
        json!({
            "severity": f.severity,
            "code": f.fault.code,
            "message": f.fault.message,
            "file": f.fault.file,
            "place": f.fault.place,
            "help": f.fault.help,
        })
    };
    let summary = json!({
        "errors": checked.count(Severity::Error),
        "warnings": checked.count(Severity::Warning),
        "notes": checked.count(Severity::Note),
        "map": drawn,
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    println!("{summary:#}");
}
