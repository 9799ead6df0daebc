//! Small perfect cities for the tests of several stages.

use crate::access::Leg;
use crate::network::graph::Permits;
use crate::network::modes::Pace;
use crate::network::{CLOSED, ModeGraph, Network, Snap, Street};
use crate::units::{Distance, LonLat};

/// A repeatable source of numbers: SplitMix64 (Steele, Lea, Flood, 2014).
pub struct Draw(u64);

impl Draw {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Draw(seed)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Junctions on a straight line east along the equator, with streets of the given lengths in metres between them;
/// `true` for two-way. One mode at `speed_kmh`.
pub fn line_city(pieces: &[(f64, bool)], speed_kmh: f64) -> Network {
    let metres_per_degree = crate::units::EARTH_RADIUS_M.to_radians();
    let mut nodes = vec![LonLat { lon: 0.0, lat: 0.0 }];
    let (mut streets, mut points) = (Vec::new(), Vec::new());
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for (i, &(metres, both_ways)) in pieces.iter().enumerate() {
        let start = nodes[i];
        let end = LonLat { lon: start.lon + metres / metres_per_degree, lat: 0.0 };
        nodes.push(end);
        points.extend([start, end]);
        let length_mm = Distance::from_metres(metres).0;
        streets.push(Street {
            from: i as u32,
            to: i as u32 + 1,
            length_mm,
            class: 0,
            bridge: false,
            points: i as u32 * 2..i as u32 * 2 + 2,
        });
        let ms = Pace::Kmh(speed_kmh).travel_ms(length_mm, 0);
        forward.push(ms);
        backward.push(if both_ways { ms } else { CLOSED });
    }
    let ends: Vec<_> = streets.iter().map(|s| (s.from, s.to)).collect();
    let permits = Permits { forward_ms: forward, backward_ms: backward, ..Permits::default() };
    let graph = ModeGraph::new(nodes.len(), &ends, permits).unwrap();
    let classes = vec!["residential".into()];
    Network {
        nodes,
        streets,
        points,
        ways: (1..=pieces.len() as i64).collect(),
        first_way: (0..=pieces.len() as u32).collect(),
        classes,
        modes: vec![graph],
        hierarchies: Vec::new(),
        restrictions: 0,
        restrictions_lost: 0,
    }
}

impl Leg {
    /// The leg of a place on a street itself.
    pub fn at(network: &Network, graph: &ModeGraph, street: u32, offset_m: f64) -> Leg {
        let offset_mm = Distance::from_metres(offset_m).0;
        let at = network.nodes[network.streets[street as usize].from as usize];
        Leg::new(network, graph, &Snap { street, offset_mm, access: Distance(0), at }, 4.8)
    }
}
