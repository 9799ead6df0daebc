//! gandan's side of `population.py`: people of a raster by zone, and the clip to all zones together.

use std::path::{Path, PathBuf};

use gandan::ingest::boundaries::{LayerSource, read_area, read_layer};
use gandan::ingest::population::{Frame, read_population, zonal_sums};
use geo::{MultiPolygon, Rect};
use serde_json::{Value, json};

use super::timed;

/// The size to which cells are refined, in metres.
const CELL_M: f64 = 100.0;

/// What the comparison of population is asked for.
pub struct Options {
    raster: PathBuf,
    zones: PathBuf,
    code: String,
    boxed: Option<[f64; 4]>,
    repeat: usize,
}

impl Options {
    /// From `RASTER ZONES [--code COLUMN] [--box W,S,E,N] [--repeat N]`.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let (raster, zones) = (args.next()?.into(), args.next()?.into());
        let mut options = Options { raster, zones, code: "code".into(), boxed: None, repeat: 5 };
        while let Some(name) = args.next() {
            let value = args.next()?;
            match name.as_str() {
                "--code" => options.code = value,
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
        population: None,
    };
    let layer = read_layer(&source).expect("readable zones");
    let shapes: Vec<MultiPolygon<f64>> = layer.features.iter().map(|f| f.geometry.clone()).collect();
    let (clip_times, grid) = timed(options.repeat, || read_population(&options.raster, &area).expect("people"));
    let parts = grid.parts(CELL_M);
    let (refine_times, subs) = timed(options.repeat, || grid.refine(parts, &area, &|id, _| id % 7));
    let (locate_times, found) =
        timed(options.repeat, || subs.iter().filter(|sub| grid.locate(sub.at, parts) == Some(sub.id)).count());
    assert!(grid.border_cells > 0 || found == subs.len(), "a sub-cell is not found where its centre is");
    let mut own = json!({
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
