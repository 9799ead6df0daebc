#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]
use gandan::network::Snapper;
use gandan::scenario::Scenario;
use gandan::stages::Stages;
use gandan::study::Study;
use gandan::units::Distance;
use std::time::Instant;
fn main() {
    let quiet = |_: gandan::stages::Event| {};
    let cache = gandan::network::cache::Cache::of_user();
    let study = Study::load(Scenario::read("data/real-core.toml".as_ref()).unwrap(), cache.as_ref(), &mut Stages::new(&quiet)).unwrap();
    let t = Instant::now();
    let s = Snapper::new(&study.network);
    println!("build {:?}", t.elapsed());
    let mut all: Vec<(u128, usize)> = Vec::new();
    for (i, c) in study.cells.iter().enumerate() {
        let t = Instant::now();
        let f = s.snap(c.at, Distance(3_000_000));
        all.push((t.elapsed().as_micros(), i));
        std::hint::black_box(f);
    }
    all.sort();
    let total: u128 = all.iter().map(|a| a.0).sum();
    println!("total {total} us, median {}, p90 {} p99 {} max {}", all[all.len()/2].0, all[all.len()*9/10].0, all[all.len()*99/100].0, all[all.len()-1].0);
    for a in all.iter().rev().step_by(100).take(8) {
        let c = &study.cells[a.1];
        println!("{} us at {:?}: {:?}", a.0, c.at, s.snap(c.at, Distance(3_000_000)).iter().map(|f| f.snap.map(|s| s.access.0 / 1000)).collect::<Vec<_>>());
    }
}
