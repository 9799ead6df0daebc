//! Random towns and tables, as strategies of proptest, so that a failing case shrinks.

use gandan::access::Leg;
use gandan::network::graph::{Delay, Permits};
use gandan::network::turns::Ride;
use gandan::network::{CLOSED, ModeGraph, Network, Snap, Street};
use gandan::optimise::cover::{CostTable, CoverTable};
use gandan::units::{Distance, LonLat};
use proptest::prelude::*;

/// Cases a property; the settings of every block of properties.
pub fn cases(n: u32) -> ProptestConfig {
    ProptestConfig {
        cases: n,
        failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// A street of a town.
#[derive(Debug, Clone)]
pub struct Way {
    pub from: u32,
    pub to: u32,
    /// Milliseconds along it and against it; [`CLOSED`] where not allowed.
    pub ms: [u32; 2],
    /// Time lost at a share of its length (thousandths), along and against it.
    pub delay: Option<(u32, u32, u32)>,
}

/// A small town, as plain data.
#[derive(Debug, Clone)]
pub struct Town {
    /// Where the junctions are, in hundredths of a second of arc or so: unequal, so that streets have lengths.
    pub junctions: Vec<(i32, i32)>,
    pub ways: Vec<Way>,
    /// Rides that may not follow each other, each at least two.
    pub forbidden: Vec<Vec<Ride>>,
}

/// A place on a street: street, thousandths of its length, milliseconds of walk.
pub type Spot = (u32, u32, u32);

/// Towns with one-way and closed streets, islands, loops, parallel streets, delays and turn restrictions.
pub fn towns() -> impl Strategy<Value = Town> {
    let junctions = prop::collection::vec((-60_i32..60, -60_i32..60), 2..11);
    let way = (any::<u16>(), any::<u16>(), 1_u32..400, 1_u32..400, 0_u8..8, prop::option::weighted(0.2, delays()));
    let turns = prop::collection::vec((any::<u16>(), any::<u16>(), any::<u16>(), any::<bool>()), 0..6);
    (junctions, prop::collection::vec(way, 1..24), turns).prop_map(|(junctions, ways, turns)| {
        let n = junctions.len() as u32;
        let way = |(from, to, along, against, kind, delay): (u16, u16, u32, u32, u8, _)| {
            let (along, against) = (along * 1000 + 7, against * 1000 + 3);
            let ms = match kind {
                0 | 1 => [along, CLOSED],
                2 => [CLOSED, against],
                3 => [CLOSED, CLOSED],
                4 => [along, against],
                _ => [along, along],
            };
            Way { from: u32::from(from) % n, to: u32::from(to) % n, ms, delay }
        };
        let mut town = Town { junctions, ways: ways.into_iter().map(way).collect(), forbidden: Vec::new() };
        // At least one street is open, as a mode needs.
        if town.ways.iter().all(|w| w.ms == [CLOSED; 2] || w.from == w.to) {
            town.ways.push(Way { from: 0, to: 1, ms: [60_000, 60_000], delay: None });
        }
        for (first, second, third, long) in turns {
            town.forbid(first, second, third, long);
        }
        town
    })
}

fn delays() -> impl Strategy<Value = (u32, u32, u32)> {
    // At both ends too: there a delay is of those who come from this street.
    (prop_oneof![Just(0_u32), Just(1000), 1_u32..1000], 0_u32..30_000, 0_u32..30_000)
}

impl Town {
    /// Where a ride begins and ends.
    pub fn ends(&self, r: Ride) -> (u32, u32) {
        let way = &self.ways[r as usize / 2];
        if r.is_multiple_of(2) { (way.from, way.to) } else { (way.to, way.from) }
    }

    /// The open rides that begin at a junction.
    pub fn rides_from(&self, junction: u32) -> Vec<Ride> {
        let all = 0..self.ways.len() as u32 * 2;
        all.filter(|&r| self.open(r) && self.ends(r).0 == junction).collect()
    }

    pub fn open(&self, r: Ride) -> bool {
        self.ways[r as usize / 2].ms[r as usize % 2] != CLOSED
    }

    /// Forbids a sequence of two or three rides that could follow each other.
    fn forbid(&mut self, first: u16, second: u16, third: u16, long: bool) {
        let open: Vec<Ride> = (0..self.ways.len() as u32 * 2).filter(|&r| self.open(r)).collect();
        let mut sequence = vec![open[first as usize % open.len()]];
        for pick in [second, third].into_iter().take(1 + usize::from(long)) {
            let on = self.rides_from(self.ends(sequence[sequence.len() - 1]).1);
            if !on.is_empty() {
                sequence.push(on[pick as usize % on.len()]);
            }
        }
        if sequence.len() > 1 {
            self.forbidden.push(sequence);
        }
    }

    /// The same town with every street turned round, and every forbidden sequence ridden backwards.
    pub fn reversed(&self) -> Town {
        let turn = |w: &Way| Way { ms: [w.ms[1], w.ms[0]], ..w.clone() };
        let back = |s: &Vec<Ride>| s.iter().rev().map(|r| r ^ 1).collect();
        Town {
            ways: self.ways.iter().map(turn).collect(),
            forbidden: self.forbidden.iter().map(back).collect(),
            ..self.clone()
        }
    }

    /// The town without delays.
    pub fn without_delays(mut self) -> Town {
        self.ways.iter_mut().for_each(|w| w.delay = None);
        self
    }

    /// The town with other times: `slower` for each street is added to both directions that are open.
    pub fn slowed(&self, slower: impl Fn(usize) -> u32) -> Town {
        let mut town = self.clone();
        for (i, way) in town.ways.iter_mut().enumerate() {
            way.ms.iter_mut().filter(|ms| **ms != CLOSED).for_each(|ms| *ms += slower(i));
        }
        town
    }

    /// The network of this town, one mode, no hierarchy yet.
    pub fn network(&self) -> Network {
        let degrees = |v: i32| f64::from(v) * 1e-3;
        let nodes: Vec<LonLat> =
            self.junctions.iter().map(|&(x, y)| LonLat { lon: 105.0 + degrees(x), lat: 21.0 + degrees(y) }).collect();
        let mut permits = Permits { forbidden: self.forbidden.clone(), ..Permits::default() };
        let (mut streets, mut points) = (Vec::new(), Vec::new());
        for (i, way) in self.ways.iter().enumerate() {
            let (start, end) = (nodes[way.from as usize], nodes[way.to as usize]);
            let first = points.len() as u32;
            if way.from == way.to || start == end {
                // A loop, or two junctions in one place: round a point beside them.
                let beside = LonLat { lon: start.lon + 0.001, lat: start.lat + 0.001 };
                points.extend([start, beside, end]);
            } else {
                points.extend([start, end]);
            }
            let shape = &points[first as usize..];
            let length_mm = shape.windows(2).map(|p| p[0].distance(p[1]).0).sum::<u32>().max(1);
            streets.push(Street {
                from: way.from,
                to: way.to,
                length_mm,
                class: 0,
                bridge: false,
                points: first..points.len() as u32,
            });
            permits.forward_ms.push(way.ms[0]);
            permits.backward_ms.push(way.ms[1]);
            if let Some((share, forward_ms, backward_ms)) = way.delay {
                let offset_mm = offset(length_mm, share);
                permits.delays.push(Delay { street: i as u32, offset_mm, forward_ms, backward_ms });
            }
        }
        let ends: Vec<(u32, u32)> = self.ways.iter().map(|w| (w.from, w.to)).collect();
        let graph = ModeGraph::new(nodes.len(), &ends, permits).unwrap();
        Network {
            nodes,
            ways: (1..=streets.len() as i64).collect(),
            first_way: (0..=streets.len() as u32).collect(),
            streets,
            points,
            classes: vec!["residential".into()],
            modes: vec![graph],
            hierarchies: Vec::new(),
            restrictions: self.forbidden.len(),
            restrictions_lost: 0,
        }
    }
}

/// Thousandths of a length.
pub fn offset(length_mm: u32, share: u32) -> u32 {
    (u64::from(length_mm) * u64::from(share.min(1000)) / 1000) as u32
}

/// Places in a town.
pub fn spots(n: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Spot>> {
    let share = prop_oneof![1 => Just(0_u32), 1 => Just(1000), 6 => 0_u32..=1000];
    prop::collection::vec((any::<u32>(), share, 0_u32..600_000), n)
}

/// How places hang on a network.
pub fn legs(network: &Network, spots: &[Spot]) -> Vec<Option<Leg>> {
    let leg = |&(street, share, walk_mm): &Spot| {
        let street = street % network.streets.len() as u32;
        let offset_mm = offset(network.streets[street as usize].length_mm, share);
        let at = network.nodes[network.streets[street as usize].from as usize];
        let snap = Snap { street, offset_mm, access: Distance(walk_mm), at };
        Some(Leg::new(network, &network.modes[0], &snap, 4.8))
    };
    spots.iter().map(leg).collect()
}

/// A table of rows and sites with weights, costs and sites that stand already.
#[derive(Debug, Clone)]
pub struct Cover {
    pub n_sites: usize,
    /// The sites that serve each row, and at what cost.
    pub rows: Vec<Vec<(u32, u64)>>,
    pub weights: Vec<u64>,
    pub fixed: Vec<bool>,
    pub eligible: Vec<bool>,
}

/// Tables of at most so many sites and rows.
pub fn covers(most_sites: usize, most_rows: usize) -> impl Strategy<Value = Cover> {
    (1..=most_sites).prop_flat_map(move |n_sites| {
        let row = prop::collection::btree_map(0..n_sites as u32, 0_u64..40, 0..=n_sites.min(6));
        let rows = prop::collection::vec((row, 0_u64..1000), 0..=most_rows);
        let fixed = prop::collection::vec(prop::bool::weighted(0.15), n_sites);
        let eligible = prop::collection::vec(prop::bool::weighted(0.85), n_sites);
        (rows, fixed, eligible).prop_map(move |(rows, fixed, eligible)| {
            let (rows, weights): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let rows = rows.into_iter().map(|row| row.into_iter().collect()).collect();
            Cover { n_sites, rows, weights, fixed, eligible }
        })
    })
}

impl Cover {
    pub fn costs(&self) -> CostTable {
        let rows = self.rows.iter().enumerate();
        let triples: Vec<(u32, u32, u64)> =
            rows.flat_map(|(r, row)| row.iter().map(move |&(s, cost)| (r as u32, s, cost))).collect();
        CostTable::from_triples(self.rows.len(), self.n_sites, &triples).unwrap()
    }

    pub fn cover(&self) -> CoverTable {
        self.costs().cover().clone()
    }

    pub fn n_fixed(&self) -> usize {
        self.fixed.iter().filter(|f| **f).count()
    }

    /// The same table with sites and rows in other places: `sites[old]` is the new number of a site.
    pub fn shuffled(&self, sites: &[u32], rows: &[usize]) -> Cover {
        let mut other = self.clone();
        for (old, &new) in sites.iter().enumerate() {
            other.fixed[new as usize] = self.fixed[old];
            other.eligible[new as usize] = self.eligible[old];
        }
        other.rows =
            rows.iter().map(|&r| self.rows[r].iter().map(|&(s, c)| (sites[s as usize], c)).collect()).collect();
        other.rows.iter_mut().for_each(|row: &mut Vec<(u32, u64)>| row.sort_unstable());
        other.weights = rows.iter().map(|&r| self.weights[r]).collect();
        other
    }
}

/// A table, and orders of its sites and rows.
pub fn shuffles(most_sites: usize, most_rows: usize) -> impl Strategy<Value = (Cover, Vec<u32>, Vec<usize>)> {
    covers(most_sites, most_rows).prop_flat_map(|cover| {
        let sites: Vec<u32> = (0..cover.n_sites as u32).collect();
        let rows: Vec<usize> = (0..cover.rows.len()).collect();
        (Just(cover), Just(sites).prop_shuffle(), Just(rows).prop_shuffle())
    })
}
