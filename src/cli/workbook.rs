//! `gandan workbook`: the workbook of a finished run, drawn again.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::files::refuse_existing_file;
use crate::output::run::Run;
use crate::output::workbook::{FILE, write};

/// Arguments of `gandan workbook`.
#[derive(Debug, Args)]
pub struct WorkbookArgs {
    /// The folder of the run.
    run: PathBuf,
    /// The workbook to write, an XLSX file; by default plan.xlsx of the run.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

/// Draws the workbook of a run from its tables.
///
/// # Errors
/// The run cannot be read, or the disk refuses.
pub fn run(args: &WorkbookArgs, quiet: bool) -> Result<()> {
    let target = args.out.clone().unwrap_or_else(|| args.run.join(FILE));
    refuse_existing_file(&target, args.force)?;
    let run = Run::open(&args.run)?;
    write(&run, &target)?;
    if !quiet {
        eprintln!("Written: {}", target.display());
    }
    Ok(())
}
