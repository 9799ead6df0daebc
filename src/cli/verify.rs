//! `gandan verify`: the figures of a finished run, recomputed from its tables.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::plan::Format;
use crate::error::{Error, Fault, Result};
use crate::output::verify::verify_run;

/// Arguments of `gandan verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder of the run.
    run: PathBuf,
    /// How the answer is printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

/// Recomputes and compares.
///
/// # Errors
/// The run cannot be read, or a figure differs.
pub fn run(args: VerifyArgs) -> Result<()> {
    let report = verify_run(&args.run)?;
    if args.format == Format::Text {
        for check in &report.checks {
            println!("{} {}", if check.differs.is_none() { "agrees " } else { "DIFFERS" }, check.what);
        }
    }
    let faults: Vec<Fault> = report
        .checks
        .iter()
        .filter_map(|c| {
            let differs = c.differs.as_ref()?;
            let help = "the tables do not belong together; make the run anew";
            Some(Fault::new("run::differs", format!("{}: {differs}", c.what)).file(&args.run).help(help))
        })
        .collect();
    match args.format {
        Format::Text => println!("{} figures, {} differ", report.checks.len(), faults.len()),
        Format::Json => {
            let checks: Vec<_> = report
                .checks
                .iter()
                .map(|c| json!({ "what": c.what, "agrees": c.differs.is_none(), "differs": c.differs }))
                .collect();
            println!("{:#}", json!({ "figures": checks.len(), "differ": faults.len(), "checks": checks }));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Input(faults)) }
}
