//! `gandan explain`: why a site is in the plan or is not, and who serves a place.

use std::path::PathBuf;

use clap::Args;

use super::isochrone::parse_place;
use super::plan::Format;
use crate::error::Result;
use crate::output::explain::{Asked, place, site};
use crate::units::LonLat;

/// Arguments of `gandan explain`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct ExplainArgs {
    /// The folder of the run.
    run: PathBuf,
    /// A site, by its id or its name
    #[arg(long, value_name = "ID", group = "what")]
    site: Option<String>,
    /// A demand cell, by its number
    #[arg(long, value_name = "ID", group = "what")]
    cell: Option<u32>,
    /// A place, longitude first: the cell that holds it, or the nearest
    #[arg(long, value_name = "LON,LAT", group = "what", value_parser = parse_place, allow_hyphen_values = true)]
    at: Option<LonLat>,
    /// Only this phase, from 1
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// How the answer is printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

/// Reads the run's tables and tells the story.
///
/// # Errors
/// The run cannot be read, or has no such site, cell or phase.
pub fn run(args: &ExplainArgs) -> Result<()> {
    let asked = args.cell.map(Asked::Cell).or(args.at.map(Asked::At));
    let (text, json) = match (&args.site, asked) {
        (Some(id), _) => {
            let story = site(&args.run, id, args.phase)?;
            (story.to_string(), serde_json::to_value(&story))
        }
        (None, Some(asked)) => {
            let story = place(&args.run, asked, args.phase)?;
            (story.to_string(), serde_json::to_value(&story))
        }
        // The group of the arguments asks for one of them.
        (None, None) => return Ok(()),
    };
    match (args.format, json) {
        (Format::Json, Ok(json)) => println!("{json:#}"),
        _ => print!("{text}"),
    }
    Ok(())
}
