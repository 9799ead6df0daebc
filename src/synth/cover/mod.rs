//! Made-up covering problems: rows, pairs and sites for `gandan optimise`, with no roads behind them.
//!
//! A round province of [`AREA_KM2`] is cut into square cells. People live around one large centre and some towns, and
//! from cell to cell by a lognormal draw, so a few cells hold many of them. Each site stands in a cell and serves a
//! star-shaped area around it, whose reach changes smoothly with the direction, as travel times on a road network do.
//!
//! The figures are set so that 300,000 cells of 100 m with 150 or 300 sites are like a city of Hà Nội's size: see
//! `docs/synth.md` for what was measured. With other numbers of cells the province stays the same and the cells become
//! finer or coarser.
//!
//! The same options give the same bytes on the same build, whatever the number of threads.

mod land;
mod star;

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, Float64Chunked, IntoColumn, NewChunkedArray, UInt32Chunked};
use rayon::prelude::*;
use serde::Serialize;

use crate::error::{Fault, Result};
use crate::output::folder::Place;
use crate::output::table::write_frame;
use land::{Ground, density, draw_sites, settle, spread_sites};
use star::Star;

/// The area of the province, square kilometres: 300,000 cells of 100 m.
pub const AREA_KM2: f64 = 3000.0;
/// The people of the province; the weights sum to exactly this.
pub const PEOPLE: u64 = 8_500_000;
/// No site reaches farther, kilometres.
pub const REACH_KM: f64 = 5.0;
/// The fewest and the most cells.
pub const CELLS: (u32, u32) = (1_000, 3_000_000);
/// The most sites. There may not be more than half as many sites as cells either.
pub const MOST_SITES: u32 = 20_000;
/// The most pairs that the cells and sites may be expected to make: 8 bytes each, twice while they are put in order.
pub const MOST_PAIRS: u64 = 250_000_000;

/// What may be chosen about a covering problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverOptions {
    /// The seed of everything.
    pub seed: u64,
    /// Demand cells, one row each.
    pub cells: u32,
    /// Candidate sites.
    pub sites: u32,
    /// Sites are spread evenly over the province, so that each cell has many: for covering everyone. Otherwise most
    /// stand where people are many.
    pub dense: bool,
}

impl CoverOptions {
    /// Options that have been looked over.
    ///
    /// # Errors
    /// `synth::cells`, `synth::cover-sites` or `synth::pairs` for values out of range.
    pub fn new(sites: u32, cells: u32, dense: bool, seed: u64) -> Result<CoverOptions> {
        if !(CELLS.0..=CELLS.1).contains(&cells) {
            return Err(Fault::new("synth::cells", format!("a province cannot be cut into {cells} cells"))
                .place("--cells")
                .help("give a whole number from 1000 to 3000000; 300000 are cells of 100 m")
                .into());
        }
        let most = MOST_SITES.min(cells / 2);
        if !(1..=most).contains(&sites) {
            return Err(Fault::new("synth::cover-sites", format!("{sites} sites cannot be placed in {cells} cells"))
                .place("--cover-sites")
                .help(format!(
                    "give a whole number from 1 to {most}: at most one in every second cell, and {MOST_SITES}"
                ))
                .into());
        }
        // No reach covers more than the circle does, 2.6 % of the province.
        let pairs = (f64::from(sites) * f64::from(cells) * PI * REACH_KM * REACH_KM / AREA_KM2) as u64;
        if pairs > MOST_PAIRS {
            return Err(Fault::new("synth::pairs", format!("{sites} sites × {cells} cells may make {pairs} pairs"))
                .place("--cover-sites")
                .help(format!("give fewer sites or fewer cells: at most {MOST_PAIRS} pairs are made"))
                .into());
        }
        Ok(CoverOptions { seed, cells, sites, dense })
    }
}

/// What was made, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverSummary {
    /// The seed.
    pub seed: u64,
    /// Whether the sites are spread evenly.
    pub dense: bool,
    /// Demand cells.
    pub cells: usize,
    /// Length of a cell's side, metres.
    pub cell_m: f64,
    /// Candidate sites.
    pub sites: usize,
    /// Pairs of a cell and a site that serves it.
    pub pairs: usize,
    /// People in all cells.
    pub people: f64,
    /// Of these, the share whom some site serves.
    pub coverable_share: f64,
    /// Sites that serve a cell, on average over the cells that have any.
    pub mean_sites_a_cell: f64,
    /// Sites that serve the cell with most.
    pub most_sites_a_cell: usize,
}

/// The problem in memory.
struct Cover {
    ground: Ground,
    /// Thousandths of a person in each cell.
    weights: Vec<u64>,
    /// The cell in which each site stands.
    at: Vec<u32>,
    /// The cells that each site serves, rising.
    served: Vec<Vec<u32>>,
}

/// Makes a covering problem and writes it into a folder, whole or not at all: `rows.parquet` (`row`, `weight` in
/// people to the thousandth, `x_m`, `y_m`), `pairs.parquet` (`row`, `site`; in the order of rows, then sites),
/// `sites.parquet` (`site`, `cost` 1, `x_m`, `y_m`) and `synth.json` (the summary). `x_m` and `y_m` are metres east
/// and north of the middle of the province.
///
/// # Errors
/// `output::exists` when the folder stands and `force` is not given, `io` when the disk refuses.
pub fn write_cover(out: &Path, options: &CoverOptions, force: bool) -> Result<(PathBuf, CoverSummary)> {
    let place = Place::claim(out, force)?;
    let folder = place.begin()?;
    let cover = make(options);
    let summary = write(folder.path(), options, &cover)?;
    let text = format!("{:#}\n", serde_json::json!(summary));
    let path = folder.path().join("synth.json");
    std::fs::write(&path, text).map_err(|e| Fault::io("write the file", &path, &e))?;
    Ok((folder.commit()?, summary))
}

fn make(options: &CoverOptions) -> Cover {
    let ground = Ground::lay(options.cells as usize);
    let density = density(&ground, options.seed);
    let weights = settle(&density, options.seed);
    let at = if options.dense {
        spread_sites(&ground, options.sites as usize, options.seed)
    } else {
        draw_sites(&density, options.sites as usize, options.seed)
    };
    let served = at.par_iter().enumerate().map(|(s, &at)| Star::of(options.seed, s).cells(&ground, at)).collect();
    Cover { ground, weights, at, served }
}

fn write(folder: &Path, options: &CoverOptions, cover: &Cover) -> Result<CoverSummary> {
    let cells = cover.weights.len();
    // A counting sort: how many sites each cell has, where its pairs begin, then site by site into place.
    let mut begin = vec![0u32; cells + 1];
    cover.served.iter().flatten().for_each(|&cell| begin[cell as usize + 1] += 1);
    let counts: Vec<u32> = begin[1..].to_vec();
    for cell in 0..cells {
        begin[cell + 1] += begin[cell];
    }
    let pairs = begin[cells] as usize;
    let (mut rows, mut sites) = (Vec::with_capacity(pairs), vec![0u32; pairs]);
    for (cell, &count) in counts.iter().enumerate() {
        rows.extend(std::iter::repeat_n(cell as u32, count as usize));
    }
    for (site, served) in cover.served.iter().enumerate() {
        for &cell in served {
            let next = &mut begin[cell as usize];
            sites[*next as usize] = site as u32;
            *next += 1;
        }
    }
    let all: Vec<u32> = (0..cells as u32).collect();
    let weights: Vec<f64> = cover.weights.iter().map(|&w| w as f64 / 1000.0).collect();
    let [x, y] = metres(&cover.ground, &all);
    let table = vec![whole("row", &all), number("weight", &weights), number("x_m", &x), number("y_m", &y)];
    write_frame(&folder.join("rows.parquet"), cells, table, None)?;
    write_frame(&folder.join("pairs.parquet"), pairs, vec![whole("row", &rows), whole("site", &sites)], None)?;
    let n = cover.at.len();
    let [x, y] = metres(&cover.ground, &cover.at);
    let ids: Vec<u32> = (0..n as u32).collect();
    let table = vec![whole("site", &ids), number("cost", &vec![1.0; n]), number("x_m", &x), number("y_m", &y)];
    write_frame(&folder.join("sites.parquet"), n, table, None)?;

    let covered = || counts.iter().zip(&cover.weights).filter(|(count, _)| **count > 0);
    let coverable: u64 = covered().map(|(_, w)| w).sum();
    Ok(CoverSummary {
        seed: options.seed,
        dense: options.dense,
        cells,
        cell_m: cover.ground.side_km * 1000.0,
        sites: n,
        pairs,
        people: cover.weights.iter().sum::<u64>() as f64 / 1000.0,
        coverable_share: coverable as f64 / (PEOPLE as f64 * 1000.0),
        mean_sites_a_cell: pairs as f64 / covered().count().max(1) as f64,
        most_sites_a_cell: counts.iter().copied().max().unwrap_or(0) as usize,
    })
}

fn metres(ground: &Ground, cells: &[u32]) -> [Vec<f64>; 2] {
    // To the millimetre, so that the files say no more than is meant.
    let metres = |km: f64| (km * 1e6).round() / 1000.0;
    let at = |axis: fn((f64, f64)) -> f64| cells.iter().map(|&c| metres(axis(ground.centre(c)))).collect();
    [at(|p| p.0), at(|p| p.1)]
}

fn whole(name: &str, values: &[u32]) -> Column {
    UInt32Chunked::from_slice(name.into(), values).into_column()
}

fn number(name: &str, values: &[f64]) -> Column {
    Float64Chunked::from_slice(name.into(), values).into_column()
}
