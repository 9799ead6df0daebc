#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]
use gandan::access::batch::{Batch, LANES, within};
use gandan::access::legs::Legs;
use gandan::access::search::Search;
use gandan::network::Snapper;
use gandan::network::build::build_network;
use gandan::network::modes::resolve_modes;
use gandan::units::Distance;
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let everywhere = [-180.0, -90.0, 180.0, 90.0];
    let modes = resolve_modes(&Default::default(), Default::default()).unwrap();
    for _ in 0..3 {
        let t = Instant::now();
        let extract = gandan::ingest::osm::read_extract(path.as_ref(), everywhere).unwrap();
        let read = t.elapsed();
        let one = build_network(&extract, &modes[..1]).unwrap();
        println!("read {read:?} and one mode {:?} nodes {} streets {} arcs {}", t.elapsed(), one.nodes.len(), one.streets.len(), one.modes[0].reversed.edge_count());
        let t = Instant::now();
        let n = build_network(&extract, &modes).unwrap();
        println!("four modes {:?} restrictions {} lost {} splits {:?}", t.elapsed(), n.restrictions, n.restrictions_lost, n.modes.iter().map(|m| m.turns.n_splits()).collect::<Vec<_>>());
        println!("bytes {:?} tag sets {} marks {}", n.bytes(), extract.tag_sets.len(), extract.marks.len());
    }
    let extract = gandan::ingest::osm::read_extract(path.as_ref(), everywhere).unwrap();
    let mut network = build_network(&extract, &modes).unwrap();
    println!("nodes {} streets {} arcs {:?} main {:?}", network.nodes.len(), network.streets.len(), network.modes.iter().map(|m| m.reversed.edge_count()).collect::<Vec<_>>(), network.modes.iter().map(|m| m.part_sizes()).collect::<Vec<_>>());
    let t = Instant::now();
    network.contract();
    println!("contract {:?} arcs {:?}", t.elapsed(), network.hierarchies.iter().map(|h| h.arcs()).collect::<Vec<_>>());
    let t = Instant::now();
    let snapper = Snapper::new(&network);
    println!("snapper {:?}", t.elapsed());
    let places: Vec<_> = network.nodes.iter().step_by(network.nodes.len() / 112).copied().take(112).collect();
    let t = Instant::now();
    let l = Legs::new(&network, &snapper, &places, Distance::from_metres(1000.0), 4.8).by_mode;
    println!("snap {:?}", t.elapsed());
    for m in 0..network.modes.len() {
        let l: Vec<_> = l[m].iter().flatten().map(|(l, _)| *l).collect();
        let (graph, h) = (&network.modes[m], &network.hierarchies[m]);
        let mut search = Search::default();
        let mut batch = Batch::default();
        let cutoff = 1_800_000;
        for _ in 0..2 {
            let t = Instant::now();
            let mut n = 0;
            for leg in &l {
                search.run(graph, &[*leg], cutoff);
                n += search.reached().len();
            }
            let d = t.elapsed() / l.len() as u32;
            let t = Instant::now();
            for b in l.chunks(LANES) {
                batch.run(graph, Some(h), b, cutoff);
            }
            println!("{m} dijkstra {d:?} a site, {} reached; sweep {:?}", n / l.len(), t.elapsed() / l.len() as u32);
        }
        let mut diff = 0u64;
        for b in l.chunks(LANES) {
            batch.run(graph, Some(h), b, cutoff);
            for (lane, leg) in b.iter().enumerate() {
                search.run(graph, &[*leg], cutoff);
                for v in 0..graph.reversed.node_count() as u32 {
                    diff += u64::from(search.node_ms(v) != within(batch.node(Some(h), v)[lane], cutoff));
                }
            }
        }
        println!("differences {diff}");
    }
}
