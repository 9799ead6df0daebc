//! Streets that a mode may use but that lead to no part of its network and back: nobody is routed over them, so they are
//! listed.

use petgraph::unionfind::UnionFind;

use super::{ModeGraph, Network};
use crate::units::LonLat;

/// Streets that hang together, cut off from every part of a mode's network.
#[derive(Debug, Clone, PartialEq)]
pub struct Island {
    /// Its streets, ascending.
    pub streets: Vec<u32>,
    /// Their length in km.
    pub length_km: f64,
    /// The junction at which its first street begins.
    pub at: LonLat,
}

/// The islands of a mode, longest first.
pub fn islands(network: &Network, graph: &ModeGraph) -> Vec<Island> {
    let mut joined: UnionFind<u32> = UnionFind::new(network.nodes.len());
    let alone = |s: usize| graph.is_open(s as u32) && !graph.usable[s];
    let cut_off = || network.streets.iter().enumerate().filter(|&(s, _)| alone(s));
    for (_, street) in cut_off() {
        joined.union(street.from, street.to);
    }
    let mut of_root: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
    let mut islands: Vec<Island> = Vec::new();
    for (s, street) in cut_off() {
        let at = *of_root.entry(joined.find(street.from)).or_insert_with(|| {
            islands.push(Island { streets: Vec::new(), length_km: 0.0, at: network.nodes[street.from as usize] });
            islands.len() - 1
        });
        islands[at].streets.push(s as u32);
        islands[at].length_km += f64::from(street.length_mm) / 1e6;
    }
    islands.sort_by(|a, b| b.length_km.total_cmp(&a.length_km).then(a.streets.cmp(&b.streets)));
    islands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::line_city;

    #[test]
    fn one_way_ends_are_islands() {
        // 0 <-> 1 <-> 2 -> 3 -> 4: the last two streets lead out and not back.
        let city = line_city(&[(1000.0, true), (500.0, true), (300.0, false), (200.0, false)], 36.0);
        let found = islands(&city, &city.modes[0]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].streets, [2, 3]);
        assert!((found[0].length_km - 0.5).abs() < 1e-9);
        assert_eq!(found[0].at, city.nodes[2]);
    }
}
