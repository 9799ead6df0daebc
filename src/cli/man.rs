//! `gandan man`: manual pages, one for gandan and one for each command.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::examples;
use crate::error::{Fault, Result};
use crate::files::write_whole;

/// Arguments of `gandan man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page is printed; without it that of gandan
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Option<String>,
    /// Write the pages of all commands into this folder instead (gandan.1, gandan-plan.1, …)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What each exit code says.
pub const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "done"),
    ("1", "bad input: each fault is told with its file, its place and what to do next"),
    ("2", "usage: an option or a command that is not known"),
    ("3", "the targets cannot be met: the inputs are sound, and the message says what would be needed"),
    ("4", "interrupted: Ctrl-C ends a run after its current step and leaves nothing half written"),
];

/// What is read from the environment.
pub const ENVIRONMENT: [(&str, &str); 2] = [
    ("GANDAN_CACHE", "the folder for built road networks and fetched files"),
    ("NO_COLOR", "if set to anything, no colours; there are none either where stderr is no terminal"),
];

/// Prints or writes pages.
///
/// # Errors
/// The disk refuses. A command that is not known ends the program as clap does.
pub fn run(args: &ManArgs) -> Result<()> {
    let mut pages = pages();
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).map_err(|e| Fault::io("make the folder", out, &e))?;
        for (name, page) in &pages {
            let path = out.join(format!("{name}.1"));
            write_whole("write the manual page", &path, true, page)?;
        }
        println!("{} pages: {}", pages.len(), out.display());
        return Ok(());
    }
    let wanted = args.command.as_ref().map_or("gandan".to_owned(), |name| format!("gandan-{name}"));
    match pages.iter().position(|(name, _)| *name == wanted) {
        Some(at) => print!("{}", pages.swap_remove(at).1),
        None => {
            let names: Vec<&str> = pages.iter().filter_map(|(name, _)| name.strip_prefix("gandan-")).collect();
            let message = format!("there is no page {wanted}(1); give one of {}", names.join(", "));
            super::command().error(clap::error::ErrorKind::InvalidValue, message).exit();
        }
    }
    Ok(())
}

/// The name and the text of every page.
fn pages() -> Vec<(String, String)> {
    // `help` has no page, as it has no options.
    let mut all = super::command().disable_help_subcommand(true);
    all.build();
    let commands = all.get_subcommands().filter(|sub| !sub.is_hide_set());
    let mut pages: Vec<(String, String)> = Vec::new();
    for command in std::iter::once(&all).chain(commands) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        // Roff that cannot be made into text would be a fault of clap; the page is then cut short there.
        let mut text = Vec::new();
        let _ = page(command, &mut text);
        pages.push((name, String::from_utf8_lossy(&text).into_owned()));
    }
    pages
}

fn page(command: &Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    let about = command.get_subcommands().next().is_some();
    let man = Man::new(command.clone()).manual("gandan").source(concat!("gandan ", env!("CARGO_PKG_VERSION")));
    man.render_title(text)?;
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    if about {
        man.render_subcommands_section(text)?;
        return both("EXIT STATUS", &EXIT_CODES, text).and_then(|()| both("ENVIRONMENT", &ENVIRONMENT, text));
    }
    let examples = examples::of(command.get_name());
    if !examples.is_empty() {
        let mut roff = Roff::new();
        roff.control("SH", ["EXAMPLES"]);
        for (line, does) in examples {
            roff.control("TP", []);
            roff.text([bold(*line)]).text([roman(*does)]);
        }
        roff.to_writer(text)?;
    }
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]).text([roman("As told in "), bold("gandan"), roman("(1).")]);
    roff.to_writer(text)
}

/// A section of terms and what they mean.
fn both(heading: &str, rows: &[(&str, &str)], text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in rows {
        roff.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
    }
    roff.to_writer(text)
}
