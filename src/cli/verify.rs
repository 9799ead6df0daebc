//! `gandan verify`: the figures of a finished run, recomputed from its tables.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Fault, Result};
use crate::output::verify::verify_run;

/// Arguments of `gandan verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder of the run.
    run: PathBuf,
}

/// Recomputes and compares.
///
/// # Errors
/// The run cannot be read, or a figure differs.
pub fn run(args: VerifyArgs) -> Result<()> {
    let report = verify_run(&args.run)?;
    for check in &report.checks {
        println!("{} {}", if check.differs.is_none() { "agrees " } else { "DIFFERS" }, check.what);
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
    println!("{} figures, {} differ", report.checks.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err(Error::Input(faults)) }
}
