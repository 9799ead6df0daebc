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

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, Float64Chunked, IntoColumn, NewChunkedArray, UInt32Chunked};
use rayon::prelude::*;
use serde::Serialize;

use super::rng::Rng;
use crate::error::{Fault, Result};
use crate::output::folder::PendingFolder;
use crate::output::table::write_frame;

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

/// Towns beside the large centre.
const TOWNS: usize = 15;
/// Of all sites that are not spread evenly, the share that stands where people are many; the others stand anywhere.
const SITES_AMONG_PEOPLE: f64 = 0.8;
/// Spread of the logarithm of a cell's people around what its place suggests.
const SIGMA: f64 = 0.95;
/// Waves around the compass that make up a reach.
const WAVES: usize = 5;
/// The golden angle, by which evenly spread sites turn.
const GOLDEN: f64 = 2.399_963_229_728_653;

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
    /// `synth::cells`, `synth::cover_sites` or `synth::pairs` for values out of range.
    pub fn new(sites: u32, cells: u32, dense: bool, seed: u64) -> Result<CoverOptions> {
        if !(CELLS.0..=CELLS.1).contains(&cells) {
            return Err(Fault::new("synth::cells", format!("a province cannot be cut into {cells} cells"))
                .place("--cells")
                .help("give a whole number from 1000 to 3000000; 300000 are cells of 100 m")
                .into());
        }
        let most = MOST_SITES.min(cells / 2);
        if !(1..=most).contains(&sites) {
            return Err(Fault::new("synth::cover_sites", format!("{sites} sites cannot be placed in {cells} cells"))
                .place("--cover-sites")
                .help(format!(
                    "give a whole number from 1 to {most}: at most one in every second cell, and {MOST_SITES}"
                ))
                .into());
        }
        // No reach covers more than the circle does, 2.6 % of the province.
        let pairs = (f64::from(sites) * f64::from(cells) * TAU / 2.0 * REACH_KM * REACH_KM / AREA_KM2) as u64;
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
    let folder = PendingFolder::begin(out, force)?;
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

/// The cells of a round province: those of a square lattice that lie nearest to its middle.
struct Ground {
    /// Length of a cell's side, kilometres.
    side_km: f64,
    /// The lowest row of the lattice.
    lowest: i32,
    /// For each row of the lattice, from the lowest: its first column, and the number of its first cell. One more at
    /// the end, so that the cells of row k are `first[k].1..first[k + 1].1`. The columns of a row have no gap.
    first: Vec<(i32, u32)>,
    /// Columns and rows of the cells, from the lowest row and the first column.
    places: Vec<(i32, i32)>,
}

impl Ground {
    fn lay(cells: usize) -> Ground {
        let side_km = (AREA_KM2 / cells as f64).sqrt();
        let half = (cells as f64 / (TAU / 2.0)).sqrt() as i32 + 2;
        let mut places: Vec<(i32, i32)> =
            (-half..=half).flat_map(|row| (-half..=half).map(move |column| (column, row))).collect();
        // Equal distances by row and column, so that there is one answer only.
        places.sort_unstable_by_key(|&(column, row)| (column * column + row * row, row, column));
        places.truncate(cells);
        places.sort_unstable_by_key(|&(column, row)| (row, column));
        let lowest = places.first().map_or(0, |&(_, row)| row);
        let mut first: Vec<(i32, u32)> = Vec::new();
        for (k, &(column, row)) in places.iter().enumerate() {
            if first.len() as i32 <= row - lowest {
                first.push((column, k as u32));
            }
        }
        first.push((0, places.len() as u32));
        Ground { side_km, lowest, first, places }
    }

    /// Kilometres east and north of the middle.
    fn centre(&self, cell: u32) -> (f64, f64) {
        let (column, row) = self.places[cell as usize];
        (f64::from(column) * self.side_km, f64::from(row) * self.side_km)
    }

    /// The cell that holds a place.
    fn cell(&self, x: f64, y: f64) -> Option<u32> {
        let (column, row) = ((x / self.side_km).round() as i32, (y / self.side_km).round() as i32);
        let k = usize::try_from(row - self.lowest).ok().filter(|k| k + 1 < self.first.len())?;
        let (begin, cell) = self.first[k];
        let cell = cell + u32::try_from(column - begin).ok()?;
        (cell < self.first[k + 1].1).then_some(cell)
    }

    fn radius_km() -> f64 {
        (AREA_KM2 / (TAU / 2.0)).sqrt()
    }
}

/// How thickly each cell is settled, in no unit: a large centre in the middle, towns, and farms everywhere.
fn density(ground: &Ground, seed: u64) -> Vec<f64> {
    let mut rng = Rng::stream(seed, 0xC0_5E11);
    // Place, height and width in kilometres of each hump.
    let mut humps = vec![(0.0, 0.0, 45.0, 4.8)];
    for rank in 1..=TOWNS {
        let (turn, away) = (rng.range(0.0, TAU), Ground::radius_km() * 0.95 * rng.unit().sqrt());
        humps.push((away * turn.cos(), away * turn.sin(), 11.0 * (rank as f64).powf(-0.3), rng.range(1.3, 3.3)));
    }
    let at = |cell: u32| {
        let (x, y) = ground.centre(cell);
        let hump = |&(hx, hy, height, width): &(f64, f64, f64, f64)| height * (-(x - hx).hypot(y - hy) / width).exp();
        1.0 + humps.iter().map(hump).sum::<f64>()
    };
    (0..ground.places.len() as u32).into_par_iter().map(at).collect()
}

/// The people of each cell, in thousandths, which sum to [`PEOPLE`] exactly.
fn settle(density: &[f64], seed: u64) -> Vec<u64> {
    let mut rng = Rng::stream(seed, 0xC0_9E09);
    let mut raw: Vec<f64> = Vec::with_capacity(density.len());
    while raw.len() < density.len() {
        // Box and Muller: two independent normal numbers from two even ones.
        let (length, turn) = ((-2.0 * (1.0 - rng.unit()).ln()).sqrt(), TAU * rng.unit());
        for normal in [length * turn.cos(), length * turn.sin()] {
            if let Some(density) = density.get(raw.len()) {
                raw.push(density * (SIGMA * normal).exp());
            }
        }
    }
    // Rounding the running sum, not each value, keeps the sum.
    let scale = PEOPLE as f64 * 1000.0 / raw.iter().sum::<f64>();
    let (mut sum, mut before) = (0.0, 0);
    let mut weights = Vec::with_capacity(raw.len());
    for value in raw {
        sum += value * scale;
        let now = sum.round() as u64;
        weights.push(now - before);
        before = now;
    }
    if let Some(last) = weights.last_mut() {
        *last = (*last + PEOPLE * 1000).saturating_sub(before);
    }
    weights
}

/// Sites in cells of their own, most of them where many people live.
fn draw_sites(density: &[f64], sites: usize, seed: u64) -> Vec<u32> {
    let mut rng = Rng::stream(seed, 0xC0_517E);
    let mut sum = 0.0;
    let sums: Vec<f64> = density
        .iter()
        .map(|d| {
            sum += d;
            sum
        })
        .collect();
    let mut taken = vec![false; density.len()];
    let mut at = Vec::with_capacity(sites);
    while at.len() < sites {
        let cell = if rng.chance(SITES_AMONG_PEOPLE) {
            let mark = rng.range(0.0, sum);
            sums.partition_point(|&s| s <= mark).min(density.len() - 1)
        } else {
            rng.below(density.len())
        };
        if !std::mem::replace(&mut taken[cell], true) {
            at.push(cell as u32);
        }
    }
    at
}

/// Sites in cells of their own, evenly over the province: on a spiral whose turns are equally far apart (Vogel 1979),
/// each moved by up to half the distance to the next.
fn spread_sites(ground: &Ground, sites: usize, seed: u64) -> Vec<u32> {
    let mut rng = Rng::stream(seed, 0xC0_DE5E);
    let mut taken = vec![false; ground.places.len()];
    let mut at = Vec::with_capacity(sites);
    let step = 0.5 * (AREA_KM2 / sites as f64).sqrt();
    for k in 0..sites {
        let away = Ground::radius_km() * ((k as f64 + 0.5) / sites as f64).sqrt();
        let turn = k as f64 * GOLDEN;
        let mut tries = 0;
        let cell = loop {
            let (dx, dy) = (rng.range(-step, step), rng.range(-step, step));
            let near = ground.cell(away * turn.cos() + dx, away * turn.sin() + dy);
            // In a crowded or far-out corner any cell will do in the end: there are twice as many cells as sites.
            tries += 1;
            let cell = near.unwrap_or_else(|| rng.below(taken.len()) as u32);
            let cell = if tries > 100 { rng.below(taken.len()) as u32 } else { cell };
            if (near.is_some() || tries > 100) && !taken[cell as usize] {
                break cell;
            }
        };
        taken[cell as usize] = true;
        at.push(cell);
    }
    at
}

/// The area that a site serves: how far it reaches in each direction.
struct Star {
    /// The least reach, as a share of the most.
    least: f64,
    /// Height and turn of the waves around the compass: the k-th has k + 1 crests. The heights sum to 1.
    waves: [(f64, f64); WAVES],
}

impl Star {
    fn of(seed: u64, site: usize) -> Star {
        let mut rng = Rng::stream(seed, 0xC0_57A2_0000 + site as u64);
        let least = rng.range(0.34, 0.68);
        let mut waves = std::array::from_fn(|k| (rng.unit() / (1.0 + 0.4 * k as f64), rng.range(0.0, TAU)));
        let sum: f64 = waves.iter().map(|w| w.0).sum::<f64>().max(1e-9);
        waves.iter_mut().for_each(|w| w.0 /= sum);
        Star { least, waves }
    }

    /// How far the site reaches in a direction, given in radians from the east, kilometres.
    fn reach_km(&self, direction: f64) -> f64 {
        let wave = |(k, &(height, turn)): (usize, &(f64, f64))| height * ((k + 1) as f64 * direction + turn).cos();
        let swing: f64 = self.waves.iter().enumerate().map(wave).sum();
        REACH_KM * (self.least + (1.0 - self.least) * (0.5 + 0.5 * swing))
    }

    /// The cells whose middle lies within reach of the middle of the site's cell, rising.
    fn cells(&self, ground: &Ground, at: u32) -> Vec<u32> {
        let (column, row) = ground.places[at as usize];
        let span = (REACH_KM / ground.side_km) as i32 + 1;
        let mut served = Vec::new();
        for other in row - span..=row + span {
            let Some(k) = usize::try_from(other - ground.lowest).ok().filter(|k| k + 1 < ground.first.len()) else {
                continue;
            };
            let ((begin, cell), end) = (ground.first[k], ground.first[k + 1].1);
            let dy = f64::from(other - row) * ground.side_km;
            for cell in cell + (column - span - begin).max(0) as u32..end {
                let over = ground.places[cell as usize].0 - column;
                if over > span {
                    break;
                }
                let dx = f64::from(over) * ground.side_km;
                if dx.hypot(dy) <= self.reach_km(dy.atan2(dx)) {
                    served.push(cell);
                }
            }
        }
        served
    }
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
