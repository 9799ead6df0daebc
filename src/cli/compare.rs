//! `gandan compare`: two runs side by side.

use std::path::PathBuf;

use clap::Args;

use super::plan::Format;
use crate::error::{Fault, Result};
use crate::files::PendingFile;
use crate::output::compare::{compare, write_table};

/// Arguments of `gandan compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The folder of the first run.
    a: PathBuf,
    /// The folder of the second run.
    b: PathBuf,
    /// Also write the changes by date and area as a table (.parquet), or everything (.json)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file where it exists
    #[arg(long, requires = "out")]
    force: bool,
    /// How the answer is printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

/// Reads both runs and tells how they differ.
///
/// # Errors
/// A run cannot be read, the two have nothing in common, or the file cannot be written.
pub fn run(args: &CompareArgs) -> Result<()> {
    let ending = args.out.as_ref().map(|out| out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned());
    if let (Some(out), Some(ending)) = (&args.out, &ending)
        && !matches!(ending.as_str(), "parquet" | "json")
    {
        return Err(Fault::new("output::ending", format!("`.{ending}` is no ending of a comparison"))
            .file(out)
            .help("give a name that ends in .parquet or .json")
            .into());
    }
    let pending = args.out.as_deref().map(|out| PendingFile::begin(out, args.force)).transpose()?;
    let found = compare(&args.a, &args.b)?;
    let json = serde_json::to_value(&found).unwrap_or_default();
    if let Some(file) = pending {
        match ending.as_deref() {
            Some("parquet") => write_table(file.path(), &found)?,
            _ => {
                std::fs::write(file.path(), format!("{json:#}\n"))
                    .map_err(|e| Fault::io("write the comparison", file.path(), &e))?;
            }
        }
        file.commit()?;
    }
    match args.format {
        Format::Json => println!("{json:#}"),
        Format::Text => print!("{found}"),
    }
    Ok(())
}
