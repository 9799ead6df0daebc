//! Travel times from everywhere to many sites at once.
//!
//! Over a hierarchy, the times of the nodes above each site are found by climbing; then one sweep from the top to the
//! bottom settles every node of the network for [`LANES`] sites together (see [`crate::network::hierarchy`]). Subtrees
//! that no site of the batch reaches within the cut-off are skipped, so that the work grows with what is reached.
//! Without a hierarchy each site is searched for by itself ([`Search`]); the times are the same.

use std::collections::BinaryHeap;

use super::Leg;
use super::search::Search;
use crate::network::hierarchy::{FAR_MS, Hierarchy};
use crate::network::{CLOSED, ModeGraph};

/// Sites in a batch.
pub const LANES: usize = 16;

/// Times to each site of a batch in milliseconds; [`FAR_MS`] where unreached.
pub type Times = [i32; LANES];
const FAR: Times = [FAR_MS; LANES];

/// A batch's memory, kept by a thread from one batch to the next.
#[derive(Debug, Default)]
pub struct Batch {
    /// By position in the hierarchy; by node where there is none.
    times: Vec<Times>,
    /// What was written since the last reset: runs, and single places.
    runs: Vec<(u32, u32)>,
    touched: Vec<u32>,
    sites: Vec<Leg>,
    search: Search,
}

impl Batch {
    /// Finds the times from every node to each of at most [`LANES`] sites, the walk at the site included. Times up to
    /// `cutoff_ms` are exact; a longer one may be told as any time beyond.
    pub fn run(&mut self, graph: &ModeGraph, hierarchy: Option<&Hierarchy>, sites: &[Leg], cutoff_ms: u32) {
        self.reset(graph.reversed.node_count());
        self.sites.clear();
        self.sites.extend(sites.iter().take(LANES));
        let Some(hierarchy) = hierarchy else { return self.search(graph, cutoff_ms) };
        for lane in 0..self.sites.len() {
            self.climb(graph, hierarchy, lane);
        }
        self.touched.sort_unstable();
        self.touched.dedup();
        let cutoff = cutoff_ms.min(FAR_MS as u32 - 1) as i32;
        let mut cells = hierarchy.cells.iter().peekable();
        let nodes = hierarchy.nodes() as u32;
        let mut position = 0;
        while position < nodes {
            // A cell that begins here is swept if a site lies in it, or if one is within reach of its border.
            if let Some(cell) = cells.next_if(|c| c.root == position) {
                let site_within = self.touched.binary_search(&cell.root).is_ok();
                let near = |&p: &u32| self.times[p as usize].iter().any(|&t| t <= cutoff);
                if !site_within && !hierarchy.border(cell).iter().any(near) {
                    position = cell.end;
                    while cells.next_if(|c| c.root < position).is_some() {}
                    continue;
                }
            }
            let stop = cells.peek().map_or(nodes, |c| c.root);
            self.settle(hierarchy, position, stop);
            position = stop;
        }
    }

    fn reset(&mut self, nodes: usize) {
        for (start, end) in self.runs.drain(..) {
            self.times[start as usize..end as usize].fill(FAR);
        }
        for place in self.touched.drain(..) {
            self.times[place as usize] = FAR;
        }
        self.times.resize(nodes, FAR);
    }

    fn search(&mut self, graph: &ModeGraph, cutoff_ms: u32) {
        for (lane, &site) in self.sites.iter().enumerate() {
            self.search.run(graph, &[site], cutoff_ms.min(FAR_MS as u32 - 1));
            for &node in self.search.reached() {
                self.times[node as usize][lane] = self.search.node_ms(node) as i32;
                self.touched.push(node);
            }
        }
    }

    /// Finds the times of the nodes above a site's street, each from those below it.
    fn climb(&mut self, graph: &ModeGraph, hierarchy: &Hierarchy, lane: usize) {
        let mut queue = BinaryHeap::new();
        self.sites[lane].for_each_entry(graph, |node, ms| {
            let position = hierarchy.position[node as usize];
            let time = &mut self.times[position as usize][lane];
            *time = (*time).min(bounded(ms));
            queue.push(position);
        });
        while let Some(position) = queue.pop() {
            while queue.peek() == Some(&position) {
                queue.pop();
            }
            self.touched.push(position);
            let below = self.times[position as usize][lane];
            for arc in hierarchy.climb(position) {
                let time = &mut self.times[arc.upper as usize][lane];
                *time = (*time).min(below + arc.ms);
            }
            let above = hierarchy.parent[position as usize];
            if above != u32::MAX {
                queue.push(above);
            }
        }
    }

    /// Finds the times of a run of positions from those of the nodes above.
    fn settle(&mut self, hierarchy: &Hierarchy, start: u32, end: u32) {
        for position in start..end {
            let (above, here) = self.times.split_at_mut(position as usize);
            let Some(here) = here.first_mut() else { break };
            for arc in hierarchy.sweep(position) {
                let from = &above[arc.upper as usize];
                for lane in 0..LANES {
                    // No overflow: both are at most FAR_MS.
                    here[lane] = here[lane].min(from[lane].wrapping_add(arc.ms));
                }
            }
        }
        self.runs.push((start, end));
    }

    /// Times from a node to each site of the last batch.
    pub fn node(&self, hierarchy: Option<&Hierarchy>, node: u32) -> &Times {
        &self.times[hierarchy.map_or(node, |h| h.position[node as usize]) as usize]
    }

    /// Calls `found` with each node that may be within the cut-off of some site of the last batch, and its times: in the
    /// order of memory, and without those whose part of the network was skipped. A node may come twice.
    pub fn for_each_near(&self, hierarchy: Option<&Hierarchy>, mut found: impl FnMut(u32, &Times)) {
        match hierarchy {
            Some(hierarchy) => {
                for &(start, end) in &self.runs {
                    let run = start as usize..end as usize;
                    hierarchy.node[run.clone()].iter().zip(&self.times[run]).for_each(|(&n, times)| found(n, times));
                }
            }
            None => self.touched.iter().for_each(|&node| found(node, &self.times[node as usize])),
        }
    }

    /// Times from a place to each site of the last batch, the walks at both ends included.
    pub fn place(&self, hierarchy: Option<&Hierarchy>, place: &Leg) -> Times {
        let (by_end, by_start) = (self.node(hierarchy, place.end), self.node(hierarchy, place.start));
        let (to_end, to_start) = (bounded(place.to_end_ms), bounded(place.to_start_ms));
        let mut times = FAR;
        for lane in 0..LANES {
            let end = by_end[lane].wrapping_add(to_end);
            let start = by_start[lane].wrapping_add(to_start);
            times[lane] = times[lane].min(end).min(start);
        }
        for (time, site) in times.iter_mut().zip(&self.sites) {
            if let Some(ms) = place.along_street_ms(site) {
                *time = (*time).min(bounded(ms.saturating_add(site.access_ms)));
            }
        }
        let access = bounded(place.access_ms);
        times.map(|t| t.wrapping_add(access).min(FAR_MS))
    }
}

/// A time within what a hierarchy can hold.
fn bounded(ms: u32) -> i32 {
    ms.min(FAR_MS as u32) as i32
}

/// A time of a batch as elsewhere: [`CLOSED`] where not within `cutoff_ms`.
pub fn within(ms: i32, cutoff_ms: u32) -> u32 {
    if ms < FAR_MS && ms as u32 <= cutoff_ms { ms as u32 } else { CLOSED }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::graph::Permits;
    use crate::network::hierarchy::order::dissection_order;
    use crate::testkit::Draw;
    use crate::units::LonLat;

    /// A grid of streets with random times, some one-way, some missing, and some forbidden turns; and its hierarchy.
    fn grid(side: usize, draw: &mut Draw) -> (ModeGraph, Hierarchy, Vec<(u32, u32)>) {
        let at = |x: usize, y: usize| (y * side + x) as u32;
        let mut ends = Vec::new();
        for y in 0..side {
            for x in 0..side {
                ends.extend((x + 1 < side && draw.below(12) > 0).then_some((at(x, y), at(x + 1, y))));
                ends.extend((y + 1 < side && draw.below(12) > 0).then_some((at(x, y), at(x, y + 1))));
            }
        }
        let times = |draw: &mut Draw, closed: usize| -> Vec<u32> {
            let time = |draw: &mut Draw| if draw.below(10) < closed { CLOSED } else { 1 + draw.below(500) as u32 };
            ends.iter().map(|_| time(draw)).collect()
        };
        let (forward_ms, backward_ms) = (times(draw, 0), times(draw, 2));
        let mut forbidden = Vec::new();
        for _ in 0..side {
            let (first, second) = (draw.below(ends.len()), draw.below(ends.len()));
            forbidden.extend((ends[first].1 == ends[second].0).then_some(vec![first as u32 * 2, second as u32 * 2]));
            // A street and the one that follows it in the list often meet.
            let next = (first + 1) % ends.len();
            forbidden.extend((ends[first].1 == ends[next].0).then_some(vec![first as u32 * 2, next as u32 * 2]));
        }
        let permits = Permits { forward_ms, backward_ms, forbidden, ..Permits::default() };
        let graph = ModeGraph::new(side * side, &ends, permits).unwrap();
        let places: Vec<LonLat> = (0..side * side)
            .map(|i| LonLat { lon: (i % side) as f64 / 1000.0, lat: (i / side) as f64 / 1000.0 })
            .collect();
        let order = dissection_order(&places, ends.iter().copied());
        let hierarchy = Hierarchy::of_mode(&graph, &order);
        (graph, hierarchy, ends)
    }

    #[test]
    fn sweeps_agree_with_searches_on_grids() {
        // Sides that give no cell to skip, and several.
        for (seed, side) in [(1, 2), (2, 5), (3, 11), (4, 25), (5, 40), (6, 60)] {
            let mut draw = Draw::new(seed);
            let (graph, hierarchy, ends) = grid(side, &mut draw);
            let sites: Vec<Leg> = (0..LANES + 3)
                .map(|_| {
                    let street = draw.below(ends.len()) as u32;
                    let (start, end) = ends[street as usize];
                    let forward = graph.forward_ms[street as usize];
                    Leg {
                        street,
                        start,
                        end,
                        offset_mm: 0,
                        access_ms: draw.below(100) as u32,
                        from_start_ms: 0,
                        to_end_ms: forward,
                        from_end_ms: graph.backward_ms[street as usize],
                        to_start_ms: 0,
                    }
                })
                .collect();
            let (mut batch, mut search) = (Batch::default(), Search::default());
            // One batch after another, so that what a reset leaves behind would be found.
            for cutoff_ms in [0, 300, 2_000, 9_000, u32::MAX - 1] {
                for chunk in sites.chunks(LANES) {
                    for use_hierarchy in [true, false] {
                        let hierarchy = use_hierarchy.then_some(&hierarchy);
                        batch.run(&graph, hierarchy, chunk, cutoff_ms);
                        for (lane, site) in chunk.iter().enumerate() {
                            search.run(&graph, &[*site], cutoff_ms);
                            for node in 0..graph.reversed.node_count() as u32 {
                                let found = within(batch.node(hierarchy, node)[lane], cutoff_ms);
                                let what = (seed, side, cutoff_ms, lane, node, use_hierarchy);
                                assert_eq!(found, search.node_ms(node), "seed, side, cut-off, lane, node: {what:?}");
                            }
                        }
                        let mut near = std::collections::BTreeSet::new();
                        batch.for_each_near(hierarchy, |node, _| _ = near.insert(node));
                        assert!(chunk.iter().all(|site| {
                            search.run(&graph, &[*site], cutoff_ms);
                            search.reached().iter().all(|node| near.contains(node))
                        }));
                    }
                }
            }
        }
    }

    #[test]
    fn a_small_cutoff_sweeps_a_small_part() {
        let mut draw = Draw::new(7);
        let (graph, hierarchy, ends) = grid(60, &mut draw);
        assert!(hierarchy.cells.len() > 5, "{} cells", hierarchy.cells.len());
        let site = Leg { street: 0, start: ends[0].0, end: ends[0].1, ..Leg::default() };
        let mut batch = Batch::default();
        let mut swept = |cutoff_ms| {
            batch.run(&graph, Some(&hierarchy), &[site], cutoff_ms);
            let mut count = 0;
            batch.for_each_near(Some(&hierarchy), |_, _| count += 1);
            count
        };
        assert_eq!(swept(u32::MAX - 1), graph.reversed.node_count());
        // From the corner 500 ms reach a few streets: at most a third of the 3,600 junctions is looked at.
        assert!(swept(500) < 1200, "{}", swept(500));
    }
}
