#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let modes = gandan::network::modes::resolve_modes(&Default::default(), Default::default()).unwrap();
    let n: usize = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    for _ in 0..n {
        let t = std::time::Instant::now();
        let extract = gandan::ingest::osm::read_extract(path.as_ref(), [-180.0, -90.0, 180.0, 90.0]).unwrap();
        let read = t.elapsed();
        let one = gandan::network::build::build_network(&extract, &modes[..1]).unwrap();
        println!("read {read:?}, one mode {:?}, {}", t.elapsed() - read, one.nodes.len());
    }
}
