//! A picture of the inputs of a scenario: people, water, roads, borders, and sites by what is known of them.

use std::path::Path;

use geo::orient::Direction;
use geo::{BoundingRect, Orient};

use super::picture::{Picture, Rgb, Spot, View, WATER};
use crate::error::{Fault, Result};
use crate::files::PendingFile;
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
    view.streets(&mut picture, &study.network);
    for layer in study.layers.iter().take(1) {
        for feature in &layer.features {
            let lines = rings(&feature.geometry, &view);
            picture.stroke(lines.iter().map(Vec::as_slice), 1.2, BORDER, 0.7);
        }
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
    let area = rings(&study.area.orient(Direction::Default), view);
    for cell in study.cells.iter().filter(|c| c.persons.0 > 0) {
        let km2 = cell.area_m2() * cell.share_inside / 1e6;
        let density = if km2 > 0.0 { cell.persons.people() / km2 } else { 0.0 };
        let class = DENSITIES.iter().rposition(|(from, _)| density >= *from).unwrap_or(0);
        let outline = cell.outline();
        if outline.is_empty() {
            picture.dot(view.spot(cell.at), 2.0, DENSITIES[3].1);
        } else if cell.share_inside < 1.0 {
            // Its people live in the part inside: a whole pixel of which a sliver lies inside would look like a place of
            // its own.
            let outline = view.spots(&outline);
            squares[class].extend(area.iter().map(|ring| cut(ring, &outline)).filter(|ring| ring.len() > 2));
        } else {
            squares[class].push(view.spots(&outline));
        }
    }
    for (cells, (_, colour)) in squares.iter().zip(DENSITIES) {
        picture.fill(cells.iter().map(Vec::as_slice), colour, 0.85);
    }
}

/// The part of a ring within a convex closed outline (Sutherland and Hodgman, 1974); pieces hang together along the
/// outline, where nothing is seen of it.
fn cut(ring: &[Spot], convex: &[Spot]) -> Vec<Spot> {
    let mut left = ring.to_vec();
    let turn: f64 = convex.windows(2).map(|e| e[0][0] * e[1][1] - e[1][0] * e[0][1]).sum();
    for edge in convex.windows(2) {
        let (from, along) = (edge[0], [edge[1][0] - edge[0][0], edge[1][1] - edge[0][1]]);
        // Positive on the inner side of the edge.
        let inside = |p: Spot| (along[0] * (p[1] - from[1]) - along[1] * (p[0] - from[0])) * turn.signum();
        let mut kept = Vec::new();
        for (i, &to) in left.iter().enumerate() {
            let before = left[(i + left.len() - 1) % left.len()];
            let (a, b) = (inside(before), inside(to));
            if (a < 0.0) != (b < 0.0) {
                let part = a / (a - b);
                kept.push([before[0] + (to[0] - before[0]) * part, before[1] + (to[1] - before[1]) * part]);
            }
            if b >= 0.0 {
                kept.push(to);
            }
        }
        left = kept;
    }
    left
}

fn rings(shape: &geo::MultiPolygon<f64>, view: &View) -> Vec<Vec<Spot>> {
    let rings = shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    rings.map(|r| r.coords().map(|c| view.spot(LonLat { lon: c.x, lat: c.y })).collect()).collect()
}

/// People by square kilometre, kinds of sites, the scale.
fn legend(study: &Study, view: &View, picture: &mut Picture) {
    let (size, line, left) = (14.0, 23.0, 22.0);
    let mut rows: Vec<(String, Rgb, bool)> =
        DENSITIES.iter().map(|(from, colour)| (format!("from {from} people/km2"), *colour, false)).collect();
    rows.push(("water".to_owned(), WATER, false));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_within_a_cell_is_cut_out() {
        // A triangle of legs 4 and a square of side 2 at its right angle, either way round: the part is the square, area 4.
        // A square from 2 to 4 has of the triangle only its corner (2, 2); one beyond has nothing.
        let triangle = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [0.0, 0.0]];
        let square = |from: f64, to: f64| vec![[from, from], [to, from], [to, to], [from, to], [from, from]];
        let area = |ring: &[Spot]| -> f64 {
            let next = ring.iter().cycle().skip(1);
            ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
        };
        let mut turned = square(0.0, 2.0);
        turned.reverse();
        assert!((area(&cut(&triangle, &square(0.0, 2.0))) - 4.0).abs() < 1e-12);
        assert!((area(&cut(&triangle, &turned)) - 4.0).abs() < 1e-12);
        // From 1 to 3: the triangle's corner above x + y = 4 is cut off: 4 - 2 = 2.
        assert!((area(&cut(&triangle, &square(1.0, 3.0))) - 2.0).abs() < 1e-12);
        assert!(area(&cut(&triangle, &square(2.0, 4.0))).abs() < 1e-12);
        assert!(cut(&triangle, &square(5.0, 6.0)).is_empty());
    }
}
