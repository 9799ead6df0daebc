//! What the stages of a study and of a plan on it take, from what is known before each.

use geo::{BoundingRect, Contains, MultiPolygon, Point};

use super::Study;
use crate::access::cover::{Rule, Standard};
use crate::ingest::population::likely_cells;
use crate::memory::{BASE_BYTES, Estimate, resident_bytes};
use crate::network::{Mode, Network};
use crate::scenario::Scenario;
use crate::units::LonLat;

/// Bytes for each byte of a table or of outlines in GeoJSON: numbers of 15 digits take 2 to 4, empty brackets up to 40.
const TABLE_BYTES: u64 = 8;
/// Bytes for each byte of the roads' file: what they are read into, and the network built from them, for each mode.
const ROADS_BYTES: u64 = 20;
const NETWORK_BYTES: u64 = 34;
/// Bytes of a demand cell, and of a demand row (a cell and a mode) with the legs by which it hangs on the roads.
const CELL_BYTES: u64 = 500;
const ROW_BYTES: u64 = 140;
/// Bytes of a pair of a demand row and a site that serves it: while travel times are computed, while plans are sought, while
/// the run is written, and where it is kept for a further speed or case.
const PAIR_TIMES_BYTES: u64 = 36;
const PAIR_OPTIMISE_BYTES: u64 = 54;
const PAIR_WRITE_BYTES: u64 = 30;
const PAIR_KEPT_BYTES: u64 = 16;
/// Bytes of writing and drawing whatever the run, and of each demand cell.
const WRITE_BYTES: u64 = 52 << 20;
const CELL_WRITE_BYTES: u64 = 600;
/// Bytes of a junction for each thread that searches.
const SEARCH_BYTES: u64 = 100;
/// Of the highest speed of a mode, how much of it carries people as the crow flies.
const CROW_SHARE: f64 = 0.42;
/// Of the pixels of a study area, how many have people; 0.61 to 0.76 where it was measured.
const LIVED_IN: f64 = 0.75;
/// How many places are looked at to guess how many sites serve one.
const SAMPLED: usize = 1000;

/// From the sizes of the tables alone, before anything is read: a rough estimate.
pub(crate) fn tables(scenario: &Scenario) -> Estimate {
    let inputs = &scenario.inputs;
    let large = [&inputs.roads, &inputs.population];
    let mut files = scenario.files();
    files.sort();
    files.dedup();
    files.retain(|file| !large.contains(&file));
    let sizes = files.iter().map(|file| std::fs::metadata(file).map_or(0, |found| found.len()));
    let bytes = sizes.fold(0_u64, u64::saturating_add);
    let mut estimate = Estimate { rough: true, ..Estimate::default() };
    let of = format!("{} files of {} in all", files.len(), crate::limits::mib(bytes));
    estimate.add("read tables", BASE_BYTES.saturating_add(bytes.saturating_mul(TABLE_BYTES)), of);
    estimate
}

/// From the sizes of the files and the small tables, before the large files are read: a rough estimate.
pub(crate) fn rough(
    scenario: &Scenario,
    area: &MultiPolygon<f64>,
    modes: &[Mode],
    sites: &[LonLat],
    standard: &Standard,
) -> Estimate {
    let file_bytes = std::fs::metadata(&scenario.inputs.roads).map_or(0, |found| found.len());
    let n_modes = modes.len() as u64;
    // Nodes are kept as far as their budget goes; see `ingest::osm`.
    let reading = file_bytes.saturating_mul(ROADS_BYTES).min((300 << 20) + 2 * file_bytes);
    let mut estimate = Estimate { rough: true, ..Estimate::default() };
    let told = |bytes: u64| format!("a file of {}", crate::limits::mib(bytes));
    estimate.add("read roads", BASE_BYTES + reading, told(file_bytes));
    // An extract of a country holds much beside the roads of a city: only a file that is small counts whole.
    let network = file_bytes.min(16 << 20).saturating_mul(NETWORK_BYTES * n_modes);
    estimate.add("build network", BASE_BYTES + network, format!("the same file, {n_modes} modes"));
    let cells = likely_cells(&scenario.inputs.population, area, scenario.population.cell_m).unwrap_or(0);
    let cells = (cells as f64 * LIVED_IN) as u64;
    let before = BASE_BYTES + network / 2;
    let served = sites_a_row(&places_in(area), modes, sites, standard);
    add_rest(
        &mut estimate,
        before,
        &Counts {
            cells,
            modes: n_modes,
            pairs: (cells as f64 * served) as u64,
            covers: covers(scenario),
            junctions: 0,
        },
    );
    estimate
}

/// From what is in memory: the network, the cells and the sites; before travel times are computed.
pub(crate) fn known(
    scenario: &Scenario,
    network: &Network,
    cells: &[LonLat],
    modes: &[Mode],
    sites: &[LonLat],
    standard: &Standard,
) -> Estimate {
    let mut estimate = Estimate::default();
    let before = resident_bytes().unwrap_or_else(|| BASE_BYTES + network_bytes(network));
    let step = (cells.len() / SAMPLED).max(1);
    let sampled: Vec<LonLat> = cells.iter().step_by(step).copied().collect();
    let served = sites_a_row(&sampled, modes, sites, standard);
    estimate.add("read population", before, format!("{} cells, {} sites so far", cells.len(), sites.len()));
    add_rest(
        &mut estimate,
        before,
        &Counts {
            cells: cells.len() as u64,
            modes: modes.len() as u64,
            pairs: (cells.len() as f64 * served) as u64,
            covers: covers(scenario),
            junctions: network.nodes.len() as u64,
        },
    );
    estimate
}

/// The estimate of a study that is loaded, as for a fresh run: from its counts.
pub(crate) fn of_study(study: &Study) -> Estimate {
    let mut estimate = Estimate::default();
    let network = network_bytes(&study.network);
    estimate.add("build network", BASE_BYTES + network * 3 / 2, format!("{} streets", study.network.streets.len()));
    add_rest(
        &mut estimate,
        BASE_BYTES + network,
        &Counts {
            cells: study.cells.len() as u64,
            modes: study.modes.len() as u64,
            pairs: study.cover.pairs() as u64,
            covers: covers(&study.scenario),
            junctions: study.network.nodes.len() as u64,
        },
    );
    estimate
}

struct Counts {
    cells: u64,
    modes: u64,
    pairs: u64,
    /// Cover sets that are kept beside each other.
    covers: u64,
    junctions: u64,
}

/// Adds the stages from the people on.
fn add_rest(estimate: &mut Estimate, before: u64, counts: &Counts) {
    let &Counts { cells, modes, pairs, covers, junctions } = counts;
    let rows = cells.saturating_mul(modes);
    let threads = rayon::current_num_threads() as u64;
    let people = before + cells * CELL_BYTES + rows.saturating_mul(ROW_BYTES);
    let kept = pairs.saturating_mul(PAIR_KEPT_BYTES * (covers - 1));
    let search = junctions * SEARCH_BYTES * threads;
    estimate.add("snap to roads", people, format!("{cells} cells, {rows} demand rows"));
    let of = format!(
        "{pairs} pairs of a row and a site{}",
        if covers > 1 { format!(", {covers} times") } else { String::new() }
    );
    estimate.add("travel times", people + kept + search + pairs.saturating_mul(PAIR_TIMES_BYTES), of.clone());
    estimate.add("optimise", people + kept + pairs.saturating_mul(PAIR_OPTIMISE_BYTES), of.clone());
    let write = WRITE_BYTES + cells * CELL_WRITE_BYTES + pairs.saturating_mul(PAIR_WRITE_BYTES);
    estimate.add("write and draw", people + kept + write, of);
}

/// How many cover sets a scenario keeps: one for each speed, and one for each case that counts with them.
fn covers(scenario: &Scenario) -> u64 {
    let cases = if scenario.solve.robust.is_none() {
        0
    } else {
        scenario.sensitivity.as_ref().map_or(0, |s| s.cases.len() as u64)
    };
    1 + scenario.travel.also.len() as u64 + cases
}

/// A network by its counts, in bytes.
fn network_bytes(network: &Network) -> u64 {
    let arcs: u64 = network.modes.iter().map(|graph| graph.reversed.edge_count() as u64).sum();
    let in_hierarchies: u64 = network.hierarchies.iter().map(|h| h.arcs() as u64).sum();
    arcs * 70 + in_hierarchies * 18 + network.points.len() as u64 * 24 + network.streets.len() as u64 * 40
}

/// How many sites serve a place by all modes together, in the mean of `places`, by distances as the crow flies.
fn sites_a_row(places: &[LonLat], modes: &[Mode], sites: &[LonLat], standard: &Standard) -> f64 {
    let reach_m = |mode: &Mode| {
        let ridden_m = mode.fastest_kmh() / 3.6 * standard.cutoff.seconds() * CROW_SHARE;
        let radius_m = standard.radius.metres();
        match standard.rule {
            Rule::Either => ridden_m.max(radius_m),
            Rule::Both => ridden_m.min(radius_m),
            Rule::Time => ridden_m,
            Rule::Radius => radius_m,
        }
    };
    let reaches: Vec<f64> = modes.iter().map(reach_m).collect();
    let served = |place: &LonLat| -> usize {
        let near = |site: &LonLat| {
            let distance = place.distance(*site).metres();
            reaches.iter().filter(|&&reach| distance <= reach).count()
        };
        sites.iter().map(near).sum()
    };
    let all: usize = places.iter().map(served).sum();
    all as f64 / places.len().max(1) as f64
}

/// Places spread evenly over an area.
fn places_in(area: &MultiPolygon<f64>) -> Vec<LonLat> {
    let Some(rect) = area.bounding_rect() else { return Vec::new() };
    let side = (SAMPLED as f64).sqrt() as u32;
    let at = |i: u32, low: f64, size: f64| low + (f64::from(i) + 0.5) / f64::from(side) * size;
    let all = (0..side * side).map(|i| LonLat {
        lon: at(i % side, rect.min().x, rect.width()),
        lat: at(i / side, rect.min().y, rect.height()),
    });
    all.filter(|p| area.contains(&Point::new(p.lon, p.lat))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_by_hand() {
        // 1,000 cells of 500 bytes and 2,000 rows of 140 are 780,000; 10,000 pairs add 360,000 while travel times are computed
        // and 540,000 while plans are sought; a second cover set adds 160,000. Writing adds 52 MiB, 600,000 for the cells
        // and 300,000 for the pairs.
        let stages = |covers: u64| {
            let mut estimate = Estimate::default();
            add_rest(&mut estimate, 7, &Counts { cells: 1000, modes: 2, pairs: 10_000, covers, junctions: 0 });
            estimate.needs.iter().map(|need| need.bytes - 7).collect::<Vec<_>>()
        };
        let write = (52 << 20) + 900_000;
        assert_eq!(stages(1), [780_000, 1_140_000, 1_320_000, 780_000 + write]);
        assert_eq!(stages(2), [780_000, 1_300_000, 1_480_000, 940_000 + write]);
    }

    #[test]
    fn places_are_spread_over_an_area() {
        // √1,000 is 31.6: 31 by 31 places, all of them in a rectangle.
        let square = crate::ingest::testkit::rectangle(105.0, 21.0, 106.0, 22.0);
        assert_eq!(places_in(&square).len(), 961);
        assert!(places_in(&MultiPolygon(vec![])).is_empty());
    }
}
