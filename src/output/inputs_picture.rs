//! A picture of the inputs of a scenario: people, water, roads, borders, and sites by what is known of them.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::orient::Direction;
use geo::{BoundingRect, Contains, MultiPolygon, Orient, Point};

use super::picture::{Picture, Rgb, Spot, View, WATER};
use crate::error::{Fault, Result};
use crate::files::PendingFile;
use crate::rollout::explain::commas;
use crate::study::{Study, StudySite};
use crate::units::LonLat;

const PAPER: Rgb = [250, 249, 246];
const INK: Rgb = [40, 40, 40];
const BORDER: Rgb = [120, 90, 140];
/// People by square kilometre from which each colour holds: ColorBrewer's *YlOrRd* (C. Brewer), light to dark.
const DENSITIES: [(f64, Rgb); 6] = [
    (0.0, [255, 255, 204]),
    (500.0, [254, 217, 118]),
    (2_000.0, [254, 178, 76]),
    (5_000.0, [253, 141, 60]),
    (15_000.0, [227, 26, 28]),
    (40_000.0, [128, 0, 38]),
];

/// What a site's dot says: its name in the legend, and its colour.
const KINDS: [(&str, Rgb); 5] = [
    ("eligible", [0, 130, 60]),
    ("to review", [20, 90, 200]),
    ("refused", [120, 120, 120]),
    ("stands already", [0, 0, 0]),
    ("proposed", [200, 0, 160]),
];

/// Refuses a name whose ending is not that of a picture.
///
/// # Errors
/// `output::ending`.
pub fn check_ending(path: &Path) -> Result<()> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
        return Ok(());
    }
    let found = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let fault = Fault::new("output::ending", format!("the ending `{found}` is not that of a picture"));
    Err(fault.file(path).help("name it map.png").into())
}

/// Draws the inputs into a PNG file, replacing what stands there.
///
/// # Errors
/// The disk refuses.
pub fn write(path: &Path, study: &Study) -> Result<()> {
    let file = PendingFile::begin(path, true)?;
    draw(study).save(file.path())?;
    file.commit()
}

fn draw(study: &Study) -> Picture {
    let bounds = study.area.bounding_rect().map_or([0.0; 4], |b| [b.min().x, b.min().y, b.max().x, b.max().y]);
    let view = View::around(bounds);
    let mut picture = Picture::new(view.width, view.height, PAPER);
    // Water below people, so that those on it are seen.
    view.water(&mut picture, &study.water);
    people(study, &view, &mut picture);
    hide_outside(study, &view, &mut picture);
    view.streets(&mut picture, &study.network);
    let inside = IntervalTreeMultiPolygon::new(&study.area);
    for feature in study.layers.iter().take(1).flat_map(|layer| &layer.features) {
        picture.stroke(borders(&feature.geometry, &inside, &view).iter().map(Vec::as_slice), 1.8, BORDER, 0.9);
    }
    let outline = rings(&study.area, &view);
    picture.stroke(outline.iter().map(Vec::as_slice), 2.5, BORDER, 0.9);
    for site in &study.sites {
        let at = view.spot(site.site.at);
        picture.dot(at, 6.5, [255; 3]);
        picture.dot(at, 4.8, KINDS[kind(site)].1);
    }
    legend(study, &view, &mut picture);
    picture
}

/// Which of [`KINDS`] a site is.
fn kind(site: &StudySite) -> usize {
    match (site.site.fixed, site.proposed, site.eligibility.code()) {
        (true, ..) => 3,
        (_, true, _) => 4,
        (.., "eligible") => 0,
        (.., "refused") => 2,
        _ => 1,
    }
}

fn people(study: &Study, view: &View, picture: &mut Picture) {
    let mut squares: Vec<Vec<Vec<Spot>>> = vec![Vec::new(); DENSITIES.len()];
    for cell in study.cells.iter().filter(|c| c.persons.0 > 0) {
        let km2 = cell.area_m2() * cell.share_inside / 1e6;
        let density = if km2 > 0.0 { cell.persons.people() / km2 } else { 0.0 };
        let class = DENSITIES.iter().rposition(|(from, _)| density >= *from).unwrap_or(0);
        let outline = cell.outline();
        if outline.is_empty() {
            picture.dot(view.spot(cell.at), 2.0, DENSITIES[3].1);
        } else {
            squares[class].push(view.spots(&outline));
        }
    }
    for (cells, (_, colour)) in squares.iter().zip(DENSITIES) {
        picture.fill(cells.iter().map(Vec::as_slice), colour, 0.85);
    }
}

/// Paints over what cells on the border show beyond the study area.
fn hide_outside(study: &Study, view: &View, picture: &mut Picture) {
    // Outer rings run against the frame, holes with it, so that the inside stays open.
    let (right, bottom) = (view.width as f64 + 100.0, view.height as f64 + 100.0);
    let mut frame = vec![vec![[-100.0, -100.0], [right, -100.0], [right, bottom], [-100.0, bottom]]];
    frame.extend(rings(&study.area.orient(Direction::Default), view));
    picture.fill(frame.iter().map(Vec::as_slice), PAPER, 1.0);
}

/// The stretches of an outline that lie in the study area.
fn borders(shape: &MultiPolygon<f64>, inside: &IntervalTreeMultiPolygon<f64>, view: &View) -> Vec<Vec<Spot>> {
    let mut lines: Vec<Vec<Spot>> = Vec::new();
    for ring in shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
        let mut on = false;
        for line in ring.lines() {
            let (from, to) = (line.start, line.end);
            let now = inside.contains(&Point::new((from.x + to.x) / 2.0, (from.y + to.y) / 2.0));
            if now && !on {
                lines.push(vec![view.spot(LonLat { lon: from.x, lat: from.y })]);
            }
            if let Some(last) = lines.last_mut().filter(|_| now) {
                last.push(view.spot(LonLat { lon: to.x, lat: to.y }));
            }
            on = now;
        }
    }
    lines
}

fn rings(shape: &MultiPolygon<f64>, view: &View) -> Vec<Vec<Spot>> {
    let rings = shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    rings.map(|r| r.coords().map(|c| view.spot(LonLat { lon: c.x, lat: c.y })).collect()).collect()
}

/// People by square kilometre, kinds of sites, the scale.
fn legend(study: &Study, view: &View, picture: &mut Picture) {
    let (size, line, left) = (14.0, 23.0, 22.0);
    let mut rows: Vec<(String, Rgb, bool)> = DENSITIES
        .iter()
        .map(|(from, colour)| (format!("from {} people/km2", commas(*from as u64)), *colour, false))
        .collect();
    if !study.water.is_empty() {
        rows.push(("water".to_owned(), WATER, false));
    }
    for (k, (name, colour)) in KINDS.iter().enumerate() {
        let n = study.sites.iter().filter(|s| kind(s) == k).count();
        if n > 0 {
            rows.push((format!("{name}: {n}"), *colour, true));
        }
    }
    let (metres, bar) = view.scale();
    let scale = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
    let texts = rows.iter().map(|(text, ..)| Picture::text_width(text, size) + 36.0);
    let widest = texts.fold(bar + 12.0 + Picture::text_width(&scale, size), f64::max);
    let bottom = view.height as f64 - 14.0;
    let top = bottom - (rows.len() as f64 + 1.0) * line - 16.0;
    let right = left + widest + 12.0;
    picture.fill([&[[left - 10.0, top], [left - 10.0, bottom], [right, bottom], [right, top]][..]], [255; 3], 0.9);
    let mut base = top;
    for (text, colour, dot) in rows {
        base += line;
        if dot {
            picture.dot([left + 13.0, base - size / 2.0], 6.0, colour);
        } else {
            let swatch = [[left, base - size], [left, base], [left + 26.0, base], [left + 26.0, base - size]];
            picture.fill([&swatch[..]], colour, 1.0);
        }
        picture.write(&text, [left + 36.0, base], size, INK);
    }
    base += line;
    let bracket = [[left, base - size], [left, base], [left + bar, base], [left + bar, base - size]];
    picture.stroke([&bracket[..]], 2.0, INK, 1.0);
    picture.write(&scale, [left + bar + 12.0, base], size, INK);
}
