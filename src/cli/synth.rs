//! `gandan synth`: the demo city from a seed, a made-up town or country of any size, or a covering problem.

use std::path::PathBuf;

use clap::Args;

use super::progress::Progress;
use crate::error::{Fault, Result};
use crate::stages::Stages;
use crate::synth::country::{CountryOptions, write_country};
use crate::synth::cover::{CoverOptions, write_cover};
use crate::synth::{CityOptions, write_demo_city};

/// Arguments of `gandan synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// The folder to write. Files of the demo city that stand there are replaced; all else wants a folder of
    /// its own.
    #[arg(long, value_name = "DIR", default_value = "demo-city")]
    out: PathBuf,
    /// The same seed gives the same files.
    #[arg(long, default_value_t = CityOptions::default().seed)]
    seed: u64,
    /// Make a country of so many people instead of the demo city: 1e3 to 2e9, e.g. 5e4, 8.8e6 or 1e8.
    #[arg(long, value_name = "N", group = "made")]
    people: Option<f64>,
    /// People per km² of the country, 5 to 6000; by default 2600 up to 10 million people, down to 300 from 50 million.
    #[arg(long, value_name = "N", requires = "people")]
    density: Option<f64>,
    /// Make a covering problem with so many candidate sites: rows, pairs and sites for `gandan optimise`.
    #[arg(long, value_name = "N", group = "made")]
    cover_sites: Option<u32>,
    /// Demand cells of the covering problem, 1000 to 3000000; 300000 are cells of 100 m.
    #[arg(long, value_name = "N", requires = "cover_sites", default_value_t = 300_000)]
    cells: u32,
    /// Spread the sites evenly, so that each cell has many (fewest sites that cover everyone).
    #[arg(long, requires = "cover_sites")]
    dense: bool,
    /// Replace a country or covering problem that stands there.
    #[arg(long, requires = "made")]
    force: bool,
}

/// Writes the city or the country.
///
/// # Errors
/// Numbers out of range, a folder that stands already, or the disk refuses.
pub fn run(args: SynthArgs, quiet: bool) -> Result<()> {
    let summary = match (args.people, args.cover_sites) {
        (None, Some(sites)) => {
            let options = CoverOptions::new(sites, args.cells, args.dense, args.seed)?;
            let begun = std::time::Instant::now();
            let (out, summary) = write_cover(&args.out, &options, args.force)?;
            serde_json::json!({
                "out": out.display().to_string(),
                "cover": summary,
                "time_s": begun.elapsed().as_secs_f64(),
            })
        }
        (None, None) => {
            std::fs::create_dir_all(&args.out).map_err(|e| Fault::io("make the folder", &args.out, &e))?;
            let summary = write_demo_city(&args.out, &CityOptions { seed: args.seed })?;
            serde_json::json!({ "out": args.out.display().to_string(), "city": summary })
        }
        (Some(people), _) => {
            let options = CountryOptions::new(people, args.density, args.seed)?;
            let progress = Progress::new(quiet);
            if !quiet {
                eprintln!("{}", estimate(options.people));
            }
            let listen = |event: crate::stages::Event| progress.hear(event);
            let mut stages = Stages::new(&listen);
            let (out, summary) = write_country(&args.out, &options, args.force, &mut stages)?;
            let plan = out.join("scenario.toml");
            serde_json::json!({
                "out": out.display().to_string(),
                "scenario": plan.display().to_string(),
                "country": summary,
                "time_s": stages.done().iter().map(|s| s.time_s).sum::<f64>(),
            })
        }
    };
    println!("{summary:#}");
    Ok(())
}

/// What a country of this size takes, from runs on two cores.
fn estimate(people: u64) -> String {
    let millions = people as f64 / 1e6;
    format!(
        "about {:.0} s on two cores, {:.2} GB of memory and {:.2} GB of disk",
        (0.5 + 0.3 * millions).ceil(),
        0.05 + 0.0045 * millions,
        0.01 + 0.0013 * millions
    )
}
