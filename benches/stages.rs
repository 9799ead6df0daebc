//! One bench a stage, on the demo city. Files are read before the clock starts, but for the stages that read.

#![allow(clippy::expect_used)] // a bench may fail loudly

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use gandan::access::isochrone::{Canvas, GRID_M, Scratch};
use gandan::access::search::Search;
use gandan::ingest::osm::read_extract;
use gandan::network::build::build_network;
use gandan::network::modes::resolve_modes;
use gandan::rollout::Rollout;
use gandan::scenario::Scenario;
use gandan::stages::Stages;
use gandan::study::Study;
use gandan::units::TravelTime;

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file)
}

fn stages(c: &mut Criterion) {
    let mut group = c.benchmark_group("demo city");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    let everywhere = [-180.0, -90.0, 180.0, 90.0];
    let roads = data("demo/roads.osm.pbf");
    let modes = resolve_modes(&Default::default(), Default::default()).expect("shipped modes");
    group.bench_function("read roads", |b| b.iter(|| read_extract(&roads, everywhere).expect("demo roads")));
    let extract = read_extract(&roads, everywhere).expect("demo roads");
    group.bench_function("build network, 4 modes", |b| b.iter(|| build_network(&extract, &modes).expect("demo roads")));

    let quiet = |_: gandan::stages::Event| {};
    let scenario = Scenario::read(&data("four-stages.toml")).expect("demo scenario");
    let study = Study::load(scenario, None, &mut Stages::new(&quiet)).expect("demo city");
    let graph = &study.network.modes[0];
    let legs: Vec<_> = study.site_legs.by_mode[0].iter().flatten().map(|(leg, _)| *leg).collect();
    let mut search = Search::default();
    let cutoff = study.standard.cutoff;
    group.bench_function(format!("travel times from every junction to each of {} sites, 30 min", legs.len()), |b| {
        b.iter(|| {
            legs.iter()
                .map(|&leg| {
                    search.run(graph, &[leg], cutoff.0);
                    search.reached().len()
                })
                .sum::<usize>()
        })
    });
    let bands = [10.0, 20.0, 30.0].map(TravelTime::from_minutes);
    let mut scratch = Scratch::default();
    let canvas = Canvas::new(&study.network, GRID_M).expect("demo roads");
    group.bench_function("isochrones of one site, 3 bands", |b| {
        b.iter(|| {
            canvas.isochrones(&study.network, graph, &legs[..1], &bands, &mut search, &mut scratch).expect("isochrones")
        })
    });
    group.bench_function("rollout: choose, prove, indicators", |b| {
        b.iter(|| Rollout::solve(&study).expect("demo plan"))
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
