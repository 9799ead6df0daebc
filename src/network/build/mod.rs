//! From OSM ways to streets between junctions and a graph for each mode.

pub(crate) mod hilbert;
mod kinds;
mod lay;
mod restrictions;
mod streets;

use rayon::prelude::*;

use super::graph::{Delay, Permits};
use super::modes::{Pace, Passing};
use super::{CLOSED, Mode, ModeGraph, Network, Street};
use crate::error::{Fault, Result};
use crate::ingest::osm::{NodeMark, OsmExtract};
use crate::stages::go_on;
use kinds::{Kind, Kinds};
use lay::{Marked, lay};
use restrictions::Ended;
use streets::{cut, join};

/// Builds the network of the roads that at least one of the modes may use.
///
/// # Errors
/// A mode finds no road open to it.
pub fn build_network(extract: &OsmExtract, modes: &[Mode]) -> Result<Network> {
    let length_mm = lengths(extract);
    let kinds = Kinds::new(extract, modes, &length_mm);
    let marks = Marks::new(extract, modes);
    let mut keep = marks.closed_to_some();
    restrictions::nodes_to_keep(extract, &mut keep);
    let pieces = cut(extract, &kinds, &keep);
    let chains = join(extract, &kinds, &pieces, &keep);
    let mut laid = lay(extract, &pieces, &chains, &length_mm, &marks);
    let ended: Vec<Ended> = laid
        .streets
        .iter()
        .zip(&laid.chain_of)
        .map(|(street, &c)| {
            let way =
                |end: Option<&(u32, bool)>| end.map_or(0, |&(p, _)| extract.roads[pieces[p as usize].way as usize].id);
            let chain = &chains[c as usize];
            Ended { from: street.from, to: street.to, first_way: way(chain.first()), last_way: way(chain.last()) }
        })
        .collect();
    let (paths, lost) =
        restrictions::paths(extract, &ended, |n| laid.junction_of.get(n as usize).copied().filter(|&j| j != u32::MAX));
    // Pieces of one street are of one kind, so the first tells it.
    let kind_of: Vec<(&Kind, u32)> = laid
        .chain_of
        .iter()
        .map(|&c| {
            let (p, against) = chains[c as usize][0];
            let kind = &kinds.kinds[pieces[p as usize].kind as usize];
            (if against { &kinds.kinds[kind.reverse as usize] } else { kind }, p)
        })
        .collect();
    for (street, (kind, _)) in laid.streets.iter_mut().zip(&kind_of) {
        (street.class, street.bridge) = (kind.class, kind.bridge);
    }
    let ends: Vec<(u32, u32)> = laid.streets.iter().map(|s| (s.from, s.to)).collect();
    let graphs = modes
        .par_iter()
        .enumerate()
        .map(|(m, mode)| {
            go_on()?;
            let mut permits = Permits::default();
            for (street, &(kind, piece)) in laid.streets.iter().zip(&kind_of) {
                let ms = |pace: Option<Pace>| {
                    pace.map_or(CLOSED, |pace| match pace {
                        Pace::Kmh(_) => pace.travel_ms(street.length_mm, 0),
                        _ => pace.travel_ms(street.length_mm, way_mm(extract, pieces[piece as usize].way, &length_mm)),
                    })
                };
                let one = kind.uses[m];
                permits.forward_ms.push(ms(one.and_then(|u| u.forward)));
                permits.backward_ms.push(ms(one.and_then(|u| u.backward)));
            }
            permits.delays = marks.delays(m, &laid.marked);
            let obeyed: Vec<&restrictions::Path> = paths
                .iter()
                .filter(|p| {
                    let restriction = &extract.restrictions[p.restriction as usize];
                    mode.obeys_turns(&restriction.binds, &restriction.except)
                })
                .collect();
            let barriers: Vec<u32> =
                marks.closed(m).map(|n| laid.junction_of[n as usize]).filter(|&j| j != u32::MAX).collect();
            permits.forbidden = restrictions::forbidden(&obeyed, extract, &ended, &barriers);
            ModeGraph::new(laid.nodes.len(), &ends, permits).map_err(|_| {
                Fault::new("network::closed", format!("no road of the study area is open to the mode `{}`", mode.id))
                    .help("give it a speed for the road classes of this extract under [modes], or take its share away")
                    .into()
            })
        })
        .collect::<Vec<Result<ModeGraph>>>()
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let (mut ways, mut first_way) = (Vec::new(), vec![0]);
    for &c in &laid.chain_of {
        let of_street = chains[c as usize].iter().map(|&(p, _)| extract.roads[pieces[p as usize].way as usize].id);
        let begun = ways.len();
        for way in of_street {
            if ways.len() == begun || ways.last() != Some(&way) {
                ways.push(way);
            }
        }
        first_way.push(ways.len() as u32);
    }
    Ok(Network {
        ways,
        first_way,
        nodes: laid.nodes,
        streets: laid.streets,
        points: laid.points,
        classes: kinds.classes,
        modes: graphs,
        hierarchies: Vec::new(),
        restrictions: extract.restrictions.len() - lost,
        restrictions_lost: lost + extract.restrictions_skipped,
    })
}

/// For each node of each way, the distance in millimetres to the next node of the way; 0 at its last, and where a node
/// is not in the extract.
fn lengths(extract: &OsmExtract) -> Vec<u32> {
    let mut length_mm: Vec<u32> = extract
        .road_nodes
        .par_windows(2)
        .map(|pair| match (extract.places[pair[0] as usize], extract.places[pair[1] as usize]) {
            (Some(a), Some(b)) => a.distance(b).0,
            _ => 0,
        })
        .collect();
    length_mm.push(0);
    for way in &extract.roads {
        length_mm[way.nodes.end as usize - 1] = 0;
    }
    length_mm
}

/// Length of the known part of a way.
fn way_mm(extract: &OsmExtract, way: u32, length_mm: &[u32]) -> u64 {
    let nodes = &extract.roads[way as usize].nodes;
    length_mm[nodes.start as usize..nodes.end as usize].iter().map(|&mm| u64::from(mm)).sum()
}

/// What nodes do to those who pass them.
struct Marks<'a> {
    /// The marked nodes.
    marks: &'a [NodeMark],
    /// By node of the extract: index into `passing`, or [`u32::MAX`].
    of_node: Vec<u32>,
    /// For each distinct set of tags, by mode.
    passing: Vec<Vec<Passing>>,
}

impl<'a> Marks<'a> {
    fn new(extract: &'a OsmExtract, modes: &[Mode]) -> Self {
        let passing = extract.mark_sets.iter().map(|tags| modes.iter().map(|m| m.passing(tags)).collect()).collect();
        let mut of_node = vec![u32::MAX; extract.node_ids.len()];
        for mark in &extract.marks {
            of_node[mark.node as usize] = mark.tags;
        }
        Marks { marks: &extract.marks, of_node, passing }
    }

    /// Whether each node may not be passed by some mode.
    fn closed_to_some(&self) -> Vec<bool> {
        let mut closed = vec![false; self.of_node.len()];
        for mark in self.marks {
            closed[mark.node as usize] = self.passing[mark.tags as usize].contains(&Passing::Closed);
        }
        closed
    }

    /// Nodes that a mode may not pass, ascending.
    fn closed(&self, mode: usize) -> impl Iterator<Item = u32> + '_ {
        let closed = move |m: &&NodeMark| self.passing[m.tags as usize][mode] == Passing::Closed;
        self.marks.iter().filter(closed).map(|m| m.node)
    }

    fn delays(&self, mode: usize, marked: &[Marked]) -> Vec<Delay> {
        let delay = |m: &Marked| {
            let Passing::Delay { forward_ms, backward_ms } = self.passing[m.tags as usize][mode] else { return None };
            let (along, back) = if m.against { (backward_ms, forward_ms) } else { (forward_ms, backward_ms) };
            // At its ends a street counts what those lose who leave it there.
            let (forward_ms, backward_ms) = (if m.first { 0 } else { along }, if m.last { 0 } else { back });
            (forward_ms > 0 || backward_ms > 0).then_some(Delay {
                street: m.street,
                offset_mm: m.offset_mm,
                forward_ms,
                backward_ms,
            })
        };
        marked.iter().filter_map(delay).collect()
    }
}
