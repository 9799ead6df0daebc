//! Cover sets: which sites serve which demand row under the standard.
//!
//! A demand row is a cell and a mode: row `cell · modes + mode`. Coverage is judged by network times and great-circle
//! distances, never by polygons.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Leg;
use super::batch::{Batch, LANES, within};
use crate::error::Result;
use crate::network::{CLOSED, Network};
use crate::stages::{go_on, meter, stopping};
use crate::units::{Distance, LonLat, TravelTime};

/// When a site serves a demand row. Both limits are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standard {
    /// Longest travel time.
    pub cutoff: TravelTime,
    /// Longest great-circle distance.
    pub radius: Distance,
    /// How the two limits combine.
    pub rule: Rule,
}

/// How time and distance combine in a [`Standard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Either limit is kept: the city's "30 minutes or 5 km".
    Either,
    /// Both are kept.
    Both,
    /// Only the time counts.
    Time,
    /// Only the distance counts.
    Radius,
}

impl Standard {
    /// Whether a place at this time ([`CLOSED`] if unreached) and distance is served.
    pub fn serves(&self, travel_time_ms: u32, distance: Distance) -> bool {
        let in_time = travel_time_ms != CLOSED && travel_time_ms <= self.cutoff.0;
        let in_radius = distance <= self.radius;
        match self.rule {
            Rule::Either => in_time || in_radius,
            Rule::Both => in_time && in_radius,
            Rule::Time => in_time,
            Rule::Radius => in_radius,
        }
    }
}

/// A site that serves a demand row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Index of the site.
    pub site: u32,
    /// Travel time in milliseconds, [`CLOSED`] where it is beyond the standard's cut-off.
    pub travel_time_ms: u32,
    /// Great-circle distance.
    pub distance: Distance,
}

/// The sites that serve each demand row, in compressed rows of ascending sites.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverSets {
    offsets: Vec<usize>,
    pairs: Vec<Pair>,
}

impl CoverSets {
    /// Number of demand rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The sites that serve a row, by ascending site.
    pub fn row(&self, row: usize) -> &[Pair] {
        &self.pairs[self.offsets[row]..self.offsets[row + 1]]
    }

    /// The pairs that are in at least `needed` of several cover sets of the same rows and sites. The travel time is that
    /// of the first; [`CLOSED`] where the pair is only in others.
    pub fn in_several(sets: &[CoverSets], needed: usize) -> CoverSets {
        let Some(first) = sets.first() else { return CoverSets::default() };
        let mut joined = CoverSets { offsets: vec![0], pairs: Vec::new() };
        let mut found: Vec<(u32, usize, Pair)> = Vec::new();
        for row in 0..first.rows() {
            found.clear();
            for (k, set) in sets.iter().enumerate() {
                found.extend(set.row(row).iter().map(|&pair| (pair.site, k, pair)));
            }
            found.sort_unstable_by_key(|&(site, k, _)| (site, k));
            for of_site in found.chunk_by(|a, b| a.0 == b.0) {
                if of_site.len() >= needed {
                    let (_, k, mut pair) = of_site[0];
                    if k > 0 {
                        pair.travel_time_ms = CLOSED;
                    }
                    joined.pairs.push(pair);
                }
            }
            joined.offsets.push(joined.pairs.len());
        }
        joined
    }

    /// The pairs of the sites that are kept, one flag a site.
    pub fn with_sites(&self, kept: &[bool]) -> CoverSets {
        let mut left = CoverSets { offsets: vec![0], pairs: Vec::with_capacity(self.pairs.len()) };
        for row in 0..self.rows() {
            left.pairs.extend(self.row(row).iter().filter(|pair| kept[pair.site as usize]));
            left.offsets.push(left.pairs.len());
        }
        left
    }

    /// Number of pairs of a row and a site that serves it.
    pub fn pairs(&self) -> usize {
        self.pairs.len()
    }
}

/// Places on the networks of all modes.
pub struct Hung<'a> {
    /// Where each place is.
    pub places: &'a [LonLat],
    /// For each mode, the leg of each place; `None` where it is too far from any road of the mode.
    pub legs: &'a [Vec<Option<Leg>>],
}

/// Computes the cover sets of cells × modes.
///
/// Sites run in batches of near ones, in parallel; the result does not depend on the number of threads.
///
/// # Errors
/// [`crate::error::Error::Interrupted`].
pub fn cover_sets(network: &Network, cells: &Hung, sites: &Hung, standard: &Standard) -> Result<CoverSets> {
    let n_modes = network.modes.len();
    let near: Vec<Vec<(u32, Distance)>> =
        sites.places.par_iter().map(|&site| within_radius(cells.places, site, standard.radius)).collect();
    // Near sites reach near nodes: junctions are numbered along a curve, so their numbers tell who is near.
    let mut order: Vec<u32> = (0..sites.places.len() as u32).collect();
    let start = |site: u32| sites.legs.iter().find_map(|mode| mode[site as usize].map(|leg| leg.start));
    order.sort_by_key(|&site| (start(site), site));
    let tasks: Vec<(&[u32], usize)> = order.chunks(LANES).flat_map(|c| (0..n_modes).map(move |m| (c, m))).collect();
    meter::expect(sites.places.len() * n_modes, "searches");
    let done: Vec<Vec<Vec<(u32, Pair)>>> = tasks
        .par_iter()
        .map_init(Batch::default, |batch, &(chunk, m)| {
            // Nothing of it is used then.
            if stopping() {
                return Vec::new();
            }
            let task = Task { network, cells, sites, standard, near: &near, chunk, mode: m };
            let pairs = task.pairs(batch);
            meter::advance(chunk.len());
            pairs
        })
        .collect();
    go_on()?;
    // Transposed by counting: sites ascend within each row because they are visited in order.
    let rows = cells.places.len() * n_modes;
    let mut offsets = vec![0_usize; rows + 1];
    for (row, _) in done.iter().flatten().flatten() {
        offsets[*row as usize + 1] += 1;
    }
    for row in 0..rows {
        offsets[row + 1] += offsets[row];
    }
    let mut next = offsets.clone();
    let empty = Pair { site: 0, travel_time_ms: CLOSED, distance: Distance(0) };
    let mut pairs = vec![empty; offsets[rows]];
    let mut by_site: Vec<(u32, Vec<(u32, Pair)>)> =
        tasks.iter().zip(done).flat_map(|(&(chunk, _), lists)| chunk.iter().copied().zip(lists)).collect();
    by_site.sort_by_key(|&(site, _)| site);
    for (row, pair) in by_site.into_iter().flat_map(|(_, list)| list) {
        let at = &mut next[row as usize];
        pairs[*at] = pair;
        *at += 1;
    }
    Ok(CoverSets { offsets, pairs })
}

/// The cells within a radius of a site, by ascending cell, with their distance.
fn within_radius(cells: &[LonLat], site: LonLat, radius: Distance) -> Vec<(u32, Distance)> {
    // A box of latitudes sorts out most without trigonometry: a degree is more than 110 km everywhere.
    let reach_deg = radius.metres() / 110_000.0;
    let near = |(i, cell): (usize, &LonLat)| {
        if (cell.lat - site.lat).abs() > reach_deg {
            return None;
        }
        let distance = cell.distance(site);
        (distance <= radius).then_some((i as u32, distance))
    };
    cells.iter().enumerate().filter_map(near).collect()
}

/// A batch of sites with one mode.
struct Task<'a> {
    network: &'a Network,
    cells: &'a Hung<'a>,
    sites: &'a Hung<'a>,
    standard: &'a Standard,
    near: &'a [Vec<(u32, Distance)>],
    chunk: &'a [u32],
    mode: usize,
}

impl Task<'_> {
    /// For each site of the batch, the rows that it serves.
    fn pairs(&self, batch: &mut Batch) -> Vec<Vec<(u32, Pair)>> {
        let (n_modes, cutoff) = (self.network.modes.len(), self.standard.cutoff.0);
        let legs: Vec<Option<Leg>> = self.chunk.iter().map(|&s| self.sites.legs[self.mode][s as usize]).collect();
        let bare: Vec<Leg> = legs.iter().flatten().copied().collect();
        // Sites off the roads of this mode have no lane.
        let mut lanes = 0..;
        let lane_of: Vec<Option<usize>> = legs.iter().map(|leg| leg.and_then(|_| lanes.next())).collect();
        let graph = &self.network.modes[self.mode];
        let hierarchy = self.network.hierarchies.get(self.mode);
        batch.run(graph, hierarchy, &bare, cutoff);
        let mut near: Vec<_> = self.chunk.iter().map(|&s| self.near[s as usize].iter().copied().peekable()).collect();
        let mut pairs = vec![Vec::new(); self.chunk.len()];
        for (cell, (&place, leg)) in self.cells.places.iter().zip(&self.cells.legs[self.mode]).enumerate() {
            let times = leg.as_ref().map(|leg| batch.place(hierarchy, leg));
            let row = (cell * n_modes + self.mode) as u32;
            for (k, &site) in self.chunk.iter().enumerate() {
                let ms = match (&times, lane_of[k]) {
                    (Some(times), Some(lane)) => within(times[lane], cutoff),
                    _ => CLOSED,
                };
                let in_radius = near[k].next_if(|&(c, _)| c as usize == cell);
                if ms == CLOSED && in_radius.is_none() {
                    continue;
                }
                let distance = in_radius.map_or_else(|| place.distance(self.sites.places[site as usize]), |n| n.1);
                if self.standard.serves(ms, distance) {
                    pairs[k].push((row, Pair { site, travel_time_ms: ms, distance }));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::line_city;

    #[test]
    fn both_limits_are_inclusive() {
        let standard = |rule| Standard { cutoff: TravelTime(1_800_000), radius: Distance(5_000_000), rule };
        for (ms, mm, either, both, time, radius) in [
            (1_800_000, 5_000_000, true, true, true, true),
            (1_800_001, 5_000_000, true, false, false, true),
            (1_800_000, 5_000_001, true, false, true, false),
            (1_800_001, 5_000_001, false, false, false, false),
            (CLOSED, 5_000_000, true, false, false, true),
        ] {
            let found = [Rule::Either, Rule::Both, Rule::Time, Rule::Radius]
                .map(|rule| standard(rule).serves(ms, Distance(mm)));
            assert_eq!(found, [either, both, time, radius], "{ms} ms, {mm} mm");
        }
    }

    #[test]
    fn a_pair_counts_where_enough_sets_have_it() {
        let set = |rows: &[&[(u32, u32)]]| {
            let mut set = CoverSets { offsets: vec![0], pairs: Vec::new() };
            for row in rows {
                let pair =
                    |&(site, travel_time_ms): &(u32, u32)| Pair { site, travel_time_ms, distance: Distance(site) };
                set.pairs.extend(row.iter().map(pair));
                set.offsets.push(set.pairs.len());
            }
            set
        };
        let sets =
            [set(&[&[(0, 5), (2, 7)], &[]]), set(&[&[(0, 9), (1, 8)], &[(3, 1)]]), set(&[&[(0, 6), (1, 9)], &[]])];
        assert_eq!(CoverSets::in_several(&sets, 3), set(&[&[(0, 5)], &[]]));
        assert_eq!(CoverSets::in_several(&sets, 2), set(&[&[(0, 5), (1, CLOSED)], &[]]));
        assert_eq!(CoverSets::in_several(&sets, 1), set(&[&[(0, 5), (1, CLOSED), (2, 7)], &[(3, CLOSED)]]));
    }

    #[test]
    fn pairs_of_sites_that_are_kept() {
        let pair = |site| Pair { site, travel_time_ms: 5, distance: Distance(7) };
        let all = CoverSets { offsets: vec![0, 2, 2, 4], pairs: vec![pair(0), pair(2), pair(1), pair(2)] };
        let kept = CoverSets { offsets: vec![0, 1, 1, 2], pairs: vec![pair(2), pair(2)] };
        assert_eq!(all.with_sites(&[false, false, true]), kept);
    }

    #[test]
    fn within_a_radius_north_and_south() {
        // A thousandth of a degree of latitude is 111 m. 1200 m reach 10 of them (1112 m) and not 11 (1223 m).
        let at = |thousandths: i32| LonLat { lon: 105.0, lat: 21.0 + f64::from(thousandths) / 1000.0 };
        let cells: Vec<LonLat> = (-12..=12).map(at).collect();
        let found = within_radius(&cells, at(0), Distance(1_200_000));
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), (2..=22).collect::<Vec<_>>());
        assert_eq!((found[10].1, found[20].1), (Distance(0), at(0).distance(at(10))));
    }

    #[test]
    fn a_line_city_by_hand() {
        // Junctions at 0, 1, 2 km; 36 km/h. Cells at 0.25 and 1.75 km, sites at 0 and 2 km.
        // Times: 25 and 175 s to the first site, 175 and 25 s to the second. Radius 300 m.
        let city = line_city(&[(1000.0, true), (1000.0, true)], 36.0);
        let graph = &city.modes[0];
        let leg = |street, metres| Some(Leg::at(&city, graph, street, metres));
        let lon = |metres: f64| LonLat { lon: metres / crate::units::EARTH_RADIUS_M.to_radians(), lat: 0.0 };
        let (cells, cell_legs) = ([lon(250.0), lon(1750.0)], [vec![leg(0, 250.0), leg(1, 750.0)]]);
        let (sites, site_legs) = ([lon(0.0), lon(2000.0)], [vec![leg(0, 0.0), leg(1, 1000.0)]]);
        let sets = |cutoff_ms| {
            let standard = Standard { cutoff: TravelTime(cutoff_ms), radius: Distance(300_000), rule: Rule::Either };
            cover_sets(
                &city,
                &Hung { places: &cells, legs: &cell_legs },
                &Hung { places: &sites, legs: &site_legs },
                &standard,
            )
            .unwrap()
        };
        let row = |sets: &CoverSets, r| sets.row(r).iter().map(|p| (p.site, p.travel_time_ms)).collect::<Vec<_>>();
        let all = sets(175_000);
        assert_eq!(row(&all, 0), [(0, 25_000), (1, 175_000)]);
        assert_eq!(row(&all, 1), [(0, 175_000), (1, 25_000)]);
        let near = sets(174_999);
        assert_eq!(row(&near, 0), [(0, 25_000)]);
        // With no time at all the radius still serves, without a travel time.
        let radius = sets(0);
        assert_eq!(row(&radius, 0), [(0, CLOSED)]);
        assert_eq!(radius.pairs(), 2);
    }
}
