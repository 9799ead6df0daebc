//! `gandan synth`: the demo city from a seed.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Fault, Result};
use crate::synth::{CityOptions, write_demo_city};

/// Arguments of `gandan synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// The folder to write; files of the city that stand there are replaced.
    #[arg(long, value_name = "DIR", default_value = "demo-city")]
    out: PathBuf,
    /// The same seed gives the same city.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Writes the city.
///
/// # Errors
/// The disk refuses.
pub fn run(args: SynthArgs) -> Result<()> {
    std::fs::create_dir_all(&args.out).map_err(|e| Fault::io("make the folder", &args.out, &e))?;
    let summary = write_demo_city(&args.out, &CityOptions { seed: args.seed })?;
    eprintln!("{summary}");
    println!("{}", args.out.display());
    Ok(())
}
