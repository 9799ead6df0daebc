//! `gandan report`: draws the report of a finished run again, or prints it to PDF.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Fault, Result};
use crate::files::{PendingFile, refuse_existing_file};
use crate::output::report::{Lang, page, print};
use crate::output::run::Run;

/// Arguments of `gandan report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  gandan report out/plan --force             draw report.html again\n  \
                        gandan report out/plan --pdf               print report.pdf in Vietnamese\n  \
                        gandan report out/plan --pdf --lang en --out paper.en.pdf")]
pub struct ReportArgs {
    /// The folder of a finished run.
    run: PathBuf,
    /// The file to write; by default `report.html` or `report.pdf` in the run's folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The language in which the page opens, and which is printed; the page holds both.
    #[arg(long, value_name = "LANG", default_value = "vi")]
    lang: Lang,
    /// Print to PDF by Chromium or Chrome, or by the browser that CHROMIUM names.
    #[arg(long)]
    pdf: bool,
    /// Replace a file that stands there.
    #[arg(long)]
    force: bool,
}

/// Draws the report.
///
/// # Errors
/// The run cannot be read, the file stands already, the disk refuses, or no browser can print.
pub fn run(args: &ReportArgs) -> Result<()> {
    let ending = args.out.as_deref().and_then(Path::extension);
    let pdf = args.pdf || ending.is_some_and(|e| e.eq_ignore_ascii_case("pdf"));
    let name = if pdf { "report.pdf" } else { "report.html" };
    let target = args.out.clone().unwrap_or_else(|| args.run.join(name));
    refuse_existing_file(&target, args.force)?;
    if pdf {
        // Before any work is done.
        print::browser()?;
    }
    let run = Run::open(&args.run)?;
    let page = page(&run, args.lang)?;
    let file = PendingFile::begin(&target, args.force)?;
    if pdf {
        print::pdf(&page, file.path())?;
    } else {
        std::fs::write(file.path(), page).map_err(|e| Fault::io("write the report", &target, &e))?;
    }
    file.commit()?;
    println!("Written: {}", target.display());
    Ok(())
}
