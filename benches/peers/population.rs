//! gandan's side of `population.py`: people of a raster by zone, and the clip to all zones together.

use std::path::{Path, PathBuf};

use gandan::ingest::boundaries::{LayerSource, read_area, read_layer};
use gandan::ingest::population::{Frame, Margin, calibrate, read_population, zonal_sums};
use gandan::units::Persons;
use geo::{MultiPolygon, Rect};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::timed;

/// The size to which cells are refined, in metres.
const CELL_M: f64 = 100.0;

/// What the comparison of population is asked for.
pub struct Options {
    raster: PathBuf,
    zones: PathBuf,
    code: String,
    official: Option<String>,
    boxed: Option<[f64; 4]>,
    repeat: usize,
}

impl Options {
    /// From `RASTER ZONES [--code COLUMN] [--official COLUMN] [--box W,S,E,N] [--repeat N]`.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let (raster, zones) = (args.next()?.into(), args.next()?.into());
        let mut options = Options { raster, zones, code: "code".into(), official: None, boxed: None, repeat: 5 };
        while let Some(name) = args.next() {
            let value = args.next()?;
            match name.as_str() {
                "--code" => options.code = value,
                "--official" => options.official = Some(value),
                "--repeat" => options.repeat = value.parse().ok()?,
                "--box" => {
                    let edges: Vec<f64> = value.split(',').filter_map(|v| v.parse().ok()).collect();
                    options.boxed = Some(edges.try_into().ok()?);
                }
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Measures the clip to the union of the zones, and the sums of the raw values by zone.
pub fn measure(options: &Options) -> Value {
    let area = read_area(&options.zones).expect("readable zones");
    let source = LayerSource {
        id: "zones".into(),
        file: options.zones.clone(),
        code: options.code.clone(),
        name: options.code.clone(),
        population: options.official.clone(),
    };
    let layer = read_layer(&source).expect("readable zones");
    let shapes: Vec<MultiPolygon<f64>> = layer.features.iter().map(|f| f.geometry.clone()).collect();
    let (clip_times, grid) = timed(options.repeat, || read_population(&options.raster, &area).expect("people"));
    let parts = grid.parts(CELL_M);
    let (refine_times, subs) = timed(options.repeat, || grid.refine(parts, &area, &|id, _| id % 7, &|_| true));
    let (locate_times, found) =
        timed(options.repeat, || subs.iter().filter(|sub| grid.locate(sub.at, parts) == Some(sub.id)).count());
    assert!(grid.border_cells > 0 || found == subs.len(), "a sub-cell is not found where its centre is");
    // What a plan does with these cells: the zone of each, and its people scaled to the official number.
    let totals: Vec<Option<Persons>> = layer.features.iter().map(|f| f.population).collect();
    let (calibrate_times, (scaled, zone_of, done)) = timed(options.repeat, || {
        let mut cells = subs.clone();
        let zone_of: Vec<Option<u32>> = cells.par_iter().map(|c| layer.locate(c.at).map(|z| z as u32)).collect();
        let done = calibrate(&mut cells, &[Margin { of_cell: &zone_of, totals: &totals }]);
        (cells, zone_of, done)
    });
    let mut people = vec![Persons(0); totals.len()];
    for (cell, zone) in scaled.iter().zip(&zone_of) {
        if let Some(zone) = zone {
            people[*zone as usize] += cell.persons;
        }
    }
    let factors = || done.layers.iter().flatten().filter_map(|row| row.factor);
    let by_zone =
        layer.features.iter().zip(&people).map(|(f, p)| (f.code.clone(), json!(p.people()))).collect::<Value>();
    let mut own = json!({
        "calibrated": {
            "cells": scaled.len(),
            "sums": by_zone,
            "least_factor": factors().fold(f64::INFINITY, f64::min),
            "most_factor": factors().fold(0.0, f64::max),
            "times": calibrate_times,
        },
        "refine": { "parts": parts, "sub_cells": subs.len(), "times": refine_times },
        "locate": { "found": found, "times": locate_times },
        "source": name(&options.raster),
        "clip": clip_times,
        "clip_people": grid.total().people(),
        "cells": grid.cells.len(),
        "border_cells": grid.border_cells,
        "area_share": grid.area_share,
        "threads": rayon::current_num_threads(),
    });
    if !matches!(grid.frame, Frame::Raster { .. }) {
        return own; // tables have no zonal sums
    }
    let sums_of = |zones: &[MultiPolygon<f64>]| zonal_sums(&options.raster, zones).expect("a readable raster");
    let (zone_times, sums) = timed(options.repeat, || sums_of(&shapes));
    let (union_times, union) = timed(options.repeat, || sums_of(std::slice::from_ref(&area)));
    let boxed = options.boxed.map(|[west, south, east, north]| {
        let area = MultiPolygon(vec![Rect::new((west, south), (east, north)).to_polygon()]);
        let (times, sums) = timed(options.repeat, || sums_of(std::slice::from_ref(&area)));
        json!({ "times": times, "sum": sums[0] })
    });
    let zones = layer.features.iter().zip(&sums).map(|(f, sum)| (f.code.clone(), json!(sum))).collect::<Value>();
    own["union"] = json!({ "times": union_times, "sum": union[0] });
    own["zones"] = json!({ "times": zone_times, "sums": zones });
    own["box"] = json!(boxed);
    own
}

fn name(path: &Path) -> String {
    path.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default()
}
