//! Travel times by Dijkstra's algorithm on the reversed graph.
//!
//! E. W. Dijkstra, *A note on two problems in connexion with graphs*, Numerische Mathematik 1 (1959). The queue is a
//! binary heap of packed `time << 32 | node` keys without decrease-key: stale entries are skipped when popped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;

use petgraph::csr::Csr;

use super::Leg;
use crate::network::{CLOSED, ModeGraph};

/// A search's memory, kept by a thread from one site to the next.
#[derive(Debug, Default)]
pub struct Search {
    time_ms: Vec<u32>,
    reached: Vec<u32>,
    heap: BinaryHeap<Reverse<u64>>,
}

impl Search {
    /// Finds the time from every node to the nearest of some sites, the walk at the site included, up to and
    /// including `cutoff_ms`.
    pub fn run(&mut self, graph: &ModeGraph, sites: &[Leg], cutoff_ms: u32) {
        let reversed = &graph.reversed;
        for node in self.reached.drain(..) {
            self.time_ms[node as usize] = CLOSED;
        }
        self.time_ms.resize(reversed.node_count(), CLOSED);
        self.heap.clear();
        // Residents come in at either end of a site's street.
        for site in sites {
            site.for_each_entry(graph, |node, ms| self.relax(node, ms, cutoff_ms));
        }
        while let Some(Reverse(key)) = self.heap.pop() {
            let (time, node) = ((key >> 32) as u32, key as u32);
            if time > self.time_ms[node as usize] {
                continue;
            }
            let (neighbours, times) = arcs(reversed, node);
            for (&next, &ms) in neighbours.iter().zip(times) {
                self.relax(next, sum(time, ms), cutoff_ms);
            }
        }
    }

    fn relax(&mut self, node: u32, time_ms: u32, cutoff_ms: u32) {
        let known = &mut self.time_ms[node as usize];
        if time_ms < *known && time_ms <= cutoff_ms {
            if *known == CLOSED {
                self.reached.push(node);
            }
            *known = time_ms;
            self.heap.push(Reverse(u64::from(time_ms) << 32 | u64::from(node)));
        }
    }

    /// Time from a node to the nearest site of the last search; [`CLOSED`] where not within its cut-off.
    pub fn node_ms(&self, node: u32) -> u32 {
        self.time_ms[node as usize]
    }

    /// Nodes within the cut-off of the last search, in no particular order.
    pub fn reached(&self) -> &[u32] {
        &self.reached
    }

    /// Time from a place to `site`, the only site of the last search, the walks at both ends included; [`CLOSED`] where the
    /// ends of its street were not reached and the site is not on the same street.
    pub fn place_ms(&self, site: &Leg, place: &Leg) -> u32 {
        let by_end = sum(place.to_end_ms, self.time_ms[place.end as usize]);
        let by_start = sum(place.to_start_ms, self.time_ms[place.start as usize]);
        let direct = place.along_street_ms(site).map_or(CLOSED, |ms| sum(ms, site.access_ms));
        sum(by_end.min(by_start).min(direct), place.access_ms)
    }
}

/// For each place, the nearest of several sites and the time to it in milliseconds, walks included, without a cut-off;
/// `None` where no site can be reached. Of equally near sites the one with the lowest index.
///
/// One search from all sites at once. `sites` holds the index and the leg of each.
pub fn nearest_site(graph: &ModeGraph, sites: &[(u32, Leg)], places: &[Option<Leg>]) -> Vec<Option<(u32, u32)>> {
    const UNREACHED: (u32, u32) = (CLOSED, u32::MAX);
    let reversed = &graph.reversed;
    let mut best = vec![UNREACHED; reversed.node_count()];
    let mut heap: BinaryHeap<Reverse<((u32, u32), u32)>> = BinaryHeap::new();
    let mut on_street: HashMap<u32, Vec<usize>> = HashMap::new();
    let relax = |best: &mut Vec<(u32, u32)>, heap: &mut BinaryHeap<_>, node: u32, label: (u32, u32)| {
        if label.0 != CLOSED && label < best[node as usize] {
            best[node as usize] = label;
            heap.push(Reverse((label, node)));
        }
    };
    for (i, (site, leg)) in sites.iter().enumerate() {
        on_street.entry(leg.street).or_default().push(i);
        leg.for_each_entry(graph, |node, ms| relax(&mut best, &mut heap, node, (ms, *site)));
    }
    while let Some(Reverse((label, node))) = heap.pop() {
        if label > best[node as usize] {
            continue;
        }
        let (neighbours, times) = arcs(reversed, node);
        for (&next, &ms) in neighbours.iter().zip(times) {
            relax(&mut best, &mut heap, next, (sum(label.0, ms), label.1));
        }
    }
    places
        .iter()
        .map(|place| {
            let place = place.as_ref()?;
            let by_end = best[place.end as usize];
            let by_start = best[place.start as usize];
            let direct = on_street.get(&place.street).into_iter().flatten().filter_map(|&i| {
                let (site, leg) = &sites[i];
                place.along_street_ms(leg).map(|ms| (sum(ms, leg.access_ms), *site))
            });
            let (ms, site) =
                [(sum(place.to_end_ms, by_end.0), by_end.1), (sum(place.to_start_ms, by_start.0), by_start.1)]
                    .into_iter()
                    .chain(direct)
                    .min()?;
            let ms = sum(ms, place.access_ms);
            (ms != CLOSED).then_some((site, ms))
        })
        .collect()
}

/// Neighbours of a junction and the times to them, as slices of the graph's rows.
fn arcs(graph: &Csr<(), u32>, node: u32) -> (&[u32], &[u32]) {
    (graph.neighbors_slice(node), graph.edges_slice(node))
}

/// Sum of two times, [`CLOSED`] where either is or where it does not fit.
pub fn sum(a: u32, b: u32) -> u32 {
    a.checked_add(b).unwrap_or(CLOSED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::graph::Permits;
    use crate::testkit::{Draw, line_city};

    #[test]
    fn one_way_streets_count_in_the_resident_direction() {
        // Three junctions 1 km apart on a line, 36 km/h = 100 s a km. The street 1 -> 2 is one-way.
        // Site at junction 0, places 250 m along each street.
        let city = line_city(&[(1000.0, true), (1000.0, false)], 36.0);
        let graph = &city.modes[0];
        let leg = |street: u32, offset_m: f64| Leg::at(&city, graph, street, offset_m);
        let mut search = Search::default();
        let site = leg(0, 0.0);
        search.run(graph, &[site], 10_000_000);
        // 250 m back along the first street: 25 s.
        assert_eq!(search.place_ms(&site, &leg(0, 250.0)), 25_000);
        // The second street cannot be ridden back: no way to the site.
        assert_eq!(search.place_ms(&site, &leg(1, 250.0)), CLOSED);
        // The other way round: from the first street to a site on the second, 750 m + 250 m.
        let site = leg(1, 250.0);
        search.run(graph, &[site], 10_000_000);
        assert_eq!(search.place_ms(&site, &leg(0, 250.0)), 100_000);
        // Past the site on the one-way street itself.
        assert_eq!(search.place_ms(&site, &leg(1, 300.0)), CLOSED);
        assert_eq!(search.place_ms(&site, &leg(1, 100.0)), 15_000);
    }

    #[test]
    fn the_cutoff_is_inclusive() {
        let city = line_city(&[(1000.0, true), (1000.0, true)], 36.0);
        let graph = &city.modes[0];
        let site = Leg::at(&city, graph, 0, 0.0);
        let mut search = Search::default();
        search.run(graph, &[site], 200_000);
        assert_eq!(search.node_ms(2), 200_000);
        search.run(graph, &[site], 199_999);
        assert_eq!(search.node_ms(2), CLOSED);
        assert_eq!(search.reached().len(), 2);
    }

    fn graph_of(n: usize, ends: &[(u32, u32)], forward_ms: Vec<u32>, backward_ms: Vec<u32>) -> Option<ModeGraph> {
        ModeGraph::new(n, ends, Permits { forward_ms, backward_ms, ..Permits::default() }).ok()
    }

    #[test]
    fn agrees_with_bellman_ford_on_random_graphs() {
        for seed in 0..60 {
            let mut draw = Draw::new(seed);
            let n = 2 + draw.below(30);
            let ends: Vec<(u32, u32)> = (0..n * 2).map(|_| (draw.below(n) as u32, draw.below(n) as u32)).collect();
            let weights = |draw: &mut Draw| -> Vec<u32> {
                ends.iter().map(|_| if draw.below(4) == 0 { CLOSED } else { 1 + draw.below(1000) as u32 }).collect()
            };
            let (forward, backward) = (weights(&mut draw), weights(&mut draw));
            let Some(graph) = graph_of(n, &ends, forward.clone(), backward.clone()) else { continue };
            let target = draw.below(n) as u32;
            let site = Leg {
                street: 0,
                start: target,
                end: target,
                offset_mm: 0,
                access_ms: 7,
                from_start_ms: 0,
                to_end_ms: 0,
                from_end_ms: 0,
                to_start_ms: 0,
            };
            // Oracle: relax every arc n times.
            let mut expected = vec![u64::MAX; n];
            expected[target as usize] = 7;
            for _ in 0..n {
                for (i, &(a, b)) in ends.iter().enumerate() {
                    for (from, to, w) in [(a, b, forward[i]), (b, a, backward[i])] {
                        if w != CLOSED && expected[to as usize] != u64::MAX {
                            let through = expected[to as usize] + u64::from(w);
                            expected[from as usize] = expected[from as usize].min(through);
                        }
                    }
                }
            }
            let mut search = Search::default();
            search.run(&graph, &[site], u32::MAX - 1);
            for (node, &expected) in expected.iter().enumerate() {
                let found = search.node_ms(node as u32);
                let found = if found == CLOSED { u64::MAX } else { u64::from(found) };
                assert_eq!(found, expected, "seed {seed}, node {node}");
            }
        }
    }

    #[test]
    fn nearest_of_many_is_the_least_of_single_searches() {
        for seed in 0..40 {
            let mut draw = Draw::new(1000 + seed);
            let pieces: Vec<(f64, bool)> =
                (0..12).map(|_| (100.0 + draw.below(900) as f64, draw.below(3) > 0)).collect();
            let city = line_city(&pieces, 20.0);
            let graph = &city.modes[0];
            let any = |draw: &mut Draw| {
                let street = draw.below(pieces.len());
                Leg::at(&city, graph, street as u32, draw.below(100) as f64)
            };
            let sites: Vec<(u32, Leg)> = (0..4).map(|i| (i, any(&mut draw))).collect();
            let places: Vec<Option<Leg>> = (0..20).map(|_| Some(any(&mut draw))).collect();
            let nearest = nearest_site(graph, &sites, &places);
            assert_eq!(nearest.len(), places.len());
            let mut search = Search::default();
            for (place, found) in places.iter().flatten().zip(nearest) {
                let mut expected = None;
                for (site, leg) in &sites {
                    search.run(graph, &[*leg], u32::MAX - 1);
                    let ms = search.place_ms(leg, place);
                    if ms != CLOSED && expected.is_none_or(|(_, best)| ms < best) {
                        expected = Some((*site, ms));
                    }
                }
                assert_eq!(found, expected, "seed {seed}");
            }
        }
    }
}
