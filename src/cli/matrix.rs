//! `gandan matrix`: travel times between any two lists of points.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::cache::CacheArgs;
use super::plan::Format;
use super::progress::Progress;
use super::travel::TravelArgs;
use crate::access::legs::Legs;
use crate::access::matrix::trips;
use crate::error::{Fault, Result};
use crate::files::PendingFile;
use crate::ingest::points::{NamedPoint, read_points};
use crate::network::Snapper;
use crate::network::load::{load_roads, reach_box};
use crate::output::matrix::TripTable;
use crate::stages::Stages;
use crate::units::LonLat;

/// Arguments of `gandan matrix`.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    #[command(flatten)]
    travel: TravelArgs,
    /// Where trips begin: columns `id`, `lon`, `lat` (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    origins: PathBuf,
    /// Where they end: the same columns
    #[arg(long, value_name = "FILE")]
    destinations: PathBuf,
    /// Longest trip in minutes
    #[arg(long, value_name = "MIN", default_value_t = 120.0)]
    minutes: f64,
    /// Also write pairs that cannot be done in that time, with an empty travel time
    #[arg(long)]
    all_pairs: bool,
    /// The table to write (.parquet): from_id, to_id, travel_time_s, distance_m, by destination and then by origin
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the table where it stands
    #[arg(long)]
    force: bool,
    /// How the summary is printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArgs,
}

/// Runs `gandan matrix`.
///
/// # Errors
/// Faults of the inputs, or of the disk.
pub fn run(args: &MatrixArgs, quiet: bool) -> Result<()> {
    if args.out.extension().is_none_or(|e| e != "parquet") {
        return Err(Fault::new("output::name", "the table is written as Parquet")
            .file(&args.out)
            .help("give --out a file that ends in .parquet")
            .into());
    }
    let file = PendingFile::begin(&args.out, args.force)?;
    let longest = super::travel::minutes(args.minutes)?;
    let modes = [args.travel.mode()?];
    let progress = Progress::new(quiet);
    let listen = |event: crate::stages::Event| progress.hear(event);
    let mut stages = Stages::new(&listen);
    let (origins, destinations) = stages.run(
        "read points",
        || Ok((read_points(&args.origins)?, read_points(&args.destinations)?)),
        |(o, d): &(Vec<NamedPoint>, Vec<NamedPoint>)| format!("{} origins, {} destinations", o.len(), d.len()),
    )?;
    let places = |points: &[NamedPoint]| -> Vec<LonLat> { points.iter().map(|p| p.at).collect() };
    let (from, to) = (places(&origins), places(&destinations));
    let clip = reach_box(super::travel::bounds(from.iter().chain(&to)), &modes, longest);
    let cache = args.cache.open();
    let roads = load_roads(&args.travel.roads, clip, &modes, to.len(), cache.as_ref(), &mut stages)?;
    let network = &roads.network;
    let (from_legs, to_legs) = stages.run(
        "snap to roads",
        || {
            let snapper = Snapper::new(network);
            let legs = |places: &[LonLat]| {
                Legs::new(network, &snapper, places, args.travel.snap_limit(), args.travel.walk_kmh).bare(0)
            };
            Ok((legs(&from), legs(&to)))
        },
        |(from, to)| {
            let lost = |legs: &[Option<_>]| legs.iter().filter(|l| l.is_none()).count();
            format!("{} origins and {} destinations too far from any road", lost(from), lost(to))
        },
    )?;
    let written = stages.run(
        "travel times",
        || {
            let mut table = TripTable::begin(file.path(), &origins, &destinations)?;
            let mut written = 0_u64;
            let hierarchy = network.hierarchies.first();
            trips(&network.modes[0], hierarchy, &from_legs, &to_legs, longest, args.all_pairs, |piece| {
                written += piece.len() as u64;
                table.add(&piece)
            })?;
            table.finish()?;
            Ok(written)
        },
        |n| format!("{n} trips"),
    )?;
    file.commit()?;
    let pairs = origins.len() as u64 * destinations.len() as u64;
    match args.format {
        Format::Text => println!("{written} of {pairs} trips: {}", args.out.display()),
        Format::Json => {
            let summary = json!({
                "out": args.out,
                "origins": origins.len(),
                "destinations": destinations.len(),
                "pairs": pairs,
                "trips": written,
            });
            println!("{summary:#}");
        }
    }
    Ok(())
}
