//! The road graph of a run: nodes, arcs, and how cells and sites hang on it. In pieces, as the graph may be large.

use crate::error::{Fault, Result};
use crate::network::CLOSED;
use crate::output::schema::{self, Table};
use crate::output::table::{GROUP_ROWS, Names, RunFolder, Values};
use crate::study::Study;

/// Writes the tables of the folder `network`.
///
/// # Errors
/// The disk refuses one.
pub(super) fn write(folder: &RunFolder, study: &Study) -> Result<()> {
    let network = folder.join("network");
    std::fs::create_dir(&network).map_err(|e| Fault::io("make the folder of the road graph", &network, &e))?;
    nodes(folder, study)?;
    arcs(folder, study)?;
    legs(folder, study)?;
    entries(folder, study)
}

/// Writes a table of any number of rows that come one by one.
fn in_pieces<T>(
    folder: &RunFolder,
    table: &Table,
    rows: impl IntoIterator<Item = T>,
    values: impl Fn(&[T]) -> Vec<Values>,
) -> Result<()> {
    let mut pieces = folder.pieces(table)?;
    let mut held = Vec::with_capacity(GROUP_ROWS);
    for row in rows {
        held.push(row);
        if held.len() == GROUP_ROWS {
            pieces.write(values(&held))?;
            held.clear();
        }
    }
    pieces.write(values(&held))?;
    pieces.finish()
}

fn modes(study: &Study) -> Names {
    Names::new(study.modes.iter().map(|m| m.id.as_str()))
}

fn nodes(folder: &RunFolder, study: &Study) -> Result<()> {
    let (network, names) = (&study.network, modes(study));
    let junctions = (0..network.nodes.len() as u32).map(|j| (None, j, j));
    let splits = (0..).zip(&network.modes).flat_map(|(mode, graph)| {
        let nodes = network.nodes.len() as u32..graph.reversed.node_count() as u32;
        nodes.map(move |n| (Some(mode), n, graph.turns.junction(n)))
    });
    in_pieces(folder, &schema::NETWORK_NODES, junctions.chain(splits), |nodes: &[(Option<u32>, u32, u32)]| {
        let at = |n: &(Option<u32>, u32, u32)| network.nodes[n.2 as usize];
        vec![
            Values::whole(nodes.iter().map(|n| n.1)),
            Values::Named(names.clone(), nodes.iter().map(|n| n.0).collect()),
            Values::whole(nodes.iter().map(|n| n.2)),
            Values::number(nodes.iter().map(|n| at(n).lon)),
            Values::number(nodes.iter().map(|n| at(n).lat)),
        ]
    })
}

fn arcs(folder: &RunFolder, study: &Study) -> Result<()> {
    let names = modes(study);
    let arcs = (0..).zip(&study.network.modes).flat_map(|(mode, graph)| {
        let mut arcs = Vec::with_capacity(graph.reversed.edge_count());
        for to in 0..graph.reversed.node_count() as u32 {
            let (from, ms) = (graph.reversed.neighbors_slice(to), graph.reversed.edges_slice(to));
            arcs.extend(from.iter().zip(ms).map(|(&from, &ms)| (mode, from, to, ms)));
        }
        arcs.sort_unstable();
        arcs
    });
    in_pieces(folder, &schema::NETWORK_ARCS, arcs, |arcs: &[(u32, u32, u32, u32)]| {
        vec![
            Values::Named(names.clone(), arcs.iter().map(|a| Some(a.0)).collect()),
            Values::whole(arcs.iter().map(|a| a.1)),
            Values::whole(arcs.iter().map(|a| a.2)),
            Values::whole(arcs.iter().map(|a| a.3)),
        ]
    })
}

fn entries(folder: &RunFolder, study: &Study) -> Result<()> {
    let (names, sites) = (modes(study), Names::new(study.sites.iter().map(|s| s.site.id.as_str())));
    let entries = (0..).zip(&study.network.modes).flat_map(|(mode, graph)| {
        (0..).zip(study.site_legs.bare(mode as usize)).flat_map(move |(site, leg)| {
            let mut entries = Vec::new();
            if let Some(leg) = leg {
                leg.for_each_entry(graph, |node, ms| entries.push((mode, site, node, ms)));
            }
            entries
        })
    });
    in_pieces(folder, &schema::NETWORK_ENTRIES, entries, |entries: &[(u32, u32, u32, u32)]| {
        vec![
            Values::Named(sites.clone(), entries.iter().map(|e| Some(e.1)).collect()),
            Values::Named(names.clone(), entries.iter().map(|e| Some(e.0)).collect()),
            Values::whole(entries.iter().map(|e| e.2)),
            Values::whole(entries.iter().map(|e| e.3)),
        ]
    })
}

fn legs(folder: &RunFolder, study: &Study) -> Result<()> {
    let names = modes(study);
    let legs = (0..study.modes.len()).flat_map(|m| {
        let (sites, cells) = (&study.site_legs.by_mode[m], &study.cell_legs.by_mode[m]);
        let of_sites = sites.iter().enumerate().filter_map(move |(s, leg)| leg.map(|(leg, _)| ("site", s, m, leg)));
        let of_cells = cells.iter().enumerate().filter_map(move |(c, leg)| leg.map(|(leg, _)| ("cell", c, m, leg)));
        of_sites.chain(of_cells)
    });
    let id = |kind: &str, number: usize| match kind {
        "site" => study.sites[number].site.id.clone(),
        _ => number.to_string(),
    };
    let open = |ms: u32| (ms != CLOSED).then_some(ms);
    in_pieces(folder, &schema::NETWORK_LEGS, legs, |legs| {
        vec![
            Values::text(legs.iter().map(|l| l.0)),
            Values::text(legs.iter().map(|l| id(l.0, l.1))),
            Values::Named(names.clone(), legs.iter().map(|l| Some(l.2 as u32)).collect()),
            Values::whole(legs.iter().map(|l| l.3.street)),
            Values::whole(legs.iter().map(|l| l.3.offset_mm)),
            Values::whole(legs.iter().map(|l| l.3.start)),
            Values::whole(legs.iter().map(|l| l.3.end)),
            Values::whole(legs.iter().map(|l| l.3.access_ms)),
            Values::Whole(legs.iter().map(|l| open(l.3.from_start_ms)).collect()),
            Values::Whole(legs.iter().map(|l| open(l.3.to_end_ms)).collect()),
            Values::Whole(legs.iter().map(|l| open(l.3.from_end_ms)).collect()),
            Values::Whole(legs.iter().map(|l| open(l.3.to_start_ms)).collect()),
        ]
    })
}
