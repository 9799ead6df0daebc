//! `gandan map`: the map of a finished run, drawn again, or of two runs side by side.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Fault, Result};
use crate::files::PendingFile;
use crate::output::map::{MapOptions, check_built, write};
use crate::output::run::Run;

/// Arguments of `gandan map`.
#[derive(Debug, Args)]
pub struct MapArgs {
    /// The folder of the run.
    run: PathBuf,
    /// A second run, shown side by side with the first
    #[arg(long, value_name = "RUN")]
    compare: Option<PathBuf>,
    /// The file to write; by default `map.html` in the folder of the run, or `map-compare.html`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Offer online tiles as a background; they are loaded only where the reader switches them on
    #[arg(long, value_name = "URL")]
    tiles: Option<String>,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
}

/// Draws the map.
///
/// # Errors
/// A run cannot be read, the template of the tiles is none, or the file cannot be written.
pub fn run(args: &MapArgs) -> Result<()> {
    check_built()?;
    let name = if args.compare.is_some() { "map-compare.html" } else { "map.html" };
    let target = args.out.clone().unwrap_or_else(|| args.run.join(name));
    if !target.extension().is_some_and(|e| e.eq_ignore_ascii_case("html")) {
        return Err(Fault::new("output::ending", "the map is a page")
            .file(&target)
            .help("give a name that ends in .html")
            .into());
    }
    let run = Run::open(&args.run)?;
    let other = args.compare.as_deref().map(Run::open).transpose()?;
    let file = PendingFile::begin(&target, args.force)?;
    write(file.path(), &run, &MapOptions { compare: other.as_ref(), tiles: args.tiles.as_deref() })?;
    file.commit()?;
    println!("Written: {}", target.display());
    Ok(())
}
