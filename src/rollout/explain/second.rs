//! The two nearest agents of every place, by one search: the second is where people go when the first closes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use rayon::prelude::*;

use crate::access::Leg;
use crate::access::search::sum;
use crate::network::{CLOSED, ModeGraph};
use crate::study::Study;

/// Travel time in milliseconds and the site it leads to.
type Label = (u32, u32);

/// For each demand row, the second nearest of the agents `open` and the time to it in milliseconds, without a cut-off;
/// `None` where fewer than two can be reached.
pub(super) fn second_nearest(study: &Study, open: &[u32]) -> Vec<Option<Label>> {
    let n_modes = study.modes.len();
    let by_mode: Vec<Vec<[Option<Label>; 2]>> = (0..n_modes)
        .into_par_iter()
        .map(|m| {
            let sites: Vec<_> =
                open.iter().filter_map(|&s| study.site_legs.by_mode[m][s as usize].map(|(leg, _)| (s, leg))).collect();
            two_nearest(&study.network.modes[m], &sites, &study.cell_legs.bare(m))
        })
        .collect();
    (0..study.cells.len() * n_modes).map(|row| by_mode[row % n_modes][row / n_modes][1]).collect()
}

/// For each place, the two nearest of several sites, nearest first; of equally near ones the lower index.
///
/// Each node of the graph keeps its two least labels of different sites. A third nearest site of a node is no second
/// nearest of any other node by way of it, so nothing is lost.
fn two_nearest(graph: &ModeGraph, sites: &[(u32, Leg)], places: &[Option<Leg>]) -> Vec<[Option<Label>; 2]> {
    let reversed = &graph.reversed;
    let mut best: Vec<[Label; 2]> = vec![[UNREACHED; 2]; reversed.node_count()];
    let mut heap: BinaryHeap<Reverse<(Label, u32)>> = BinaryHeap::new();
    let mut on_street: HashMap<u32, Vec<usize>> = HashMap::new();
    let relax = |best: &mut Vec<[Label; 2]>, heap: &mut BinaryHeap<_>, node: u32, label: Label| {
        if label.0 != CLOSED && keep(&mut best[node as usize], label) {
            heap.push(Reverse((label, node)));
        }
    };
    for (i, (site, leg)) in sites.iter().enumerate() {
        on_street.entry(leg.street).or_default().push(i);
        leg.for_each_entry(graph, |node, ms| relax(&mut best, &mut heap, node, (ms, *site)));
    }
    while let Some(Reverse((label, node))) = heap.pop() {
        if !best[node as usize].contains(&label) {
            continue;
        }
        for (&next, &ms) in reversed.neighbors_slice(node).iter().zip(reversed.edges_slice(node)) {
            relax(&mut best, &mut heap, next, (sum(label.0, ms), label.1));
        }
    }
    places
        .iter()
        .map(|place| {
            let mut two = [UNREACHED; 2];
            let Some(place) = place else { return [None; 2] };
            for (ride, labels) in
                [(place.to_end_ms, best[place.end as usize]), (place.to_start_ms, best[place.start as usize])]
            {
                for (ms, site) in labels {
                    keep(&mut two, (sum(ride, ms), site));
                }
            }
            for &i in on_street.get(&place.street).into_iter().flatten() {
                let (site, leg) = &sites[i];
                if let Some(ms) = place.along_street_ms(leg) {
                    keep(&mut two, (sum(ms, leg.access_ms), *site));
                }
            }
            two.map(|(ms, site)| Some((sum(ms, place.access_ms), site)).filter(|(ms, _)| *ms != CLOSED))
        })
        .collect()
}

const UNREACHED: Label = (CLOSED, u32::MAX);

/// Keeps a label if it is one of the two least of different sites; `false` where it is not.
fn keep(two: &mut [Label; 2], label: Label) -> bool {
    if label.0 == CLOSED {
        return false;
    }
    if label.1 == two[0].1 || label < two[0] {
        if label >= two[0] {
            return false;
        }
        if label.1 != two[0].1 {
            two[1] = two[0];
        }
        two[0] = label;
        return true;
    }
    let better = label < two[1];
    if better {
        two[1] = label;
    }
    better
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::search::Search;
    use crate::testkit::{Draw, line_city};

    #[test]
    fn the_two_nearest_are_the_two_least_of_single_searches() {
        for seed in 0..40 {
            let mut draw = Draw::new(seed);
            let pieces: Vec<(f64, bool)> =
                (0..12).map(|_| (100.0 + draw.below(900) as f64, draw.below(3) > 0)).collect();
            let city = line_city(&pieces, 20.0);
            let graph = &city.modes[0];
            let any = |draw: &mut Draw| {
                let street = draw.below(pieces.len());
                Leg::at(&city, graph, street as u32, draw.below(100) as f64)
            };
            let sites: Vec<(u32, Leg)> = (0..5).map(|i| (i, any(&mut draw))).collect();
            let places: Vec<Option<Leg>> = (0..20).map(|_| Some(any(&mut draw))).collect();
            let found = two_nearest(graph, &sites, &places);
            let mut search = Search::default();
            for (place, found) in places.iter().flatten().zip(found) {
                let mut all = Vec::new();
                for (site, leg) in &sites {
                    search.run(graph, &[*leg], u32::MAX - 1);
                    all.push((search.place_ms(leg, place), *site));
                }
                all.retain(|(ms, _)| *ms != CLOSED);
                all.sort_unstable();
                assert_eq!(found, [all.first().copied(), all.get(1).copied()], "seed {seed}");
            }
        }
    }
}
