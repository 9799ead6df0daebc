//! A picture of the inputs of a scenario: people, water, roads, borders, and sites by what is known of them.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, MultiPolygon, Point};

use super::draw::view::{Mark, PAPER, View, WATER};
use super::draw::{self, Format, Paint, Rgb, Shape, Spot, Svg};
use crate::error::{Fault, Result};
use crate::rollout::explain::commas;
use crate::study::{Study, StudySite};
use crate::units::LonLat;

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
pub fn check_ending(path: &Path) -> Result<Format> {
    Format::of(path).ok_or_else(|| {
        let found = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let fault = Fault::new("output::ending", format!("the ending `{found}` is not that of a picture"));
        fault.file(path).help("name it map.png or map.svg").into()
    })
}

/// Draws the inputs into a PNG or SVG file, replacing what stands there.
///
/// # Errors
/// The name's ending is none of a picture, or the disk refuses.
pub fn write(path: &Path, study: &Study) -> Result<()> {
    draw::save(path, draw(study), check_ending(path)?, 1.0, true)
}

fn draw(study: &Study) -> Svg {
    let bounds = study.area.bounding_rect().map_or([0.0; 4], |b| [b.min().x, b.min().y, b.max().x, b.max().y]);
    let view = View::around(bounds);
    let title = format!("Inputs: {}", study.scenario.title.en);
    let mut svg = view.land("en", &title, "People, water, roads, borders, and sites by what is known of them.");
    // Water below people, so that those on it are seen.
    view.water(&mut svg, &study.water);
    people(study, &view, &mut svg);
    hide_outside(study, &view, &mut svg);
    view.streets(&mut svg, &study.network);
    let inside = IntervalTreeMultiPolygon::new(&study.area);
    let mut lines = Shape::new();
    for feature in study.layers.iter().take(1).flat_map(|layer| &layer.features) {
        borders(&feature.geometry, &inside, &view).into_iter().for_each(|line| lines.line(line));
    }
    svg.shape(&lines, Paint::line(BORDER, 1.8).opacity(0.9));
    let mut outline = Shape::new();
    rings(&study.area, &view).into_iter().for_each(|ring| outline.ring(ring));
    svg.shape(&outline, Paint::line(BORDER, 2.5).opacity(0.9));
    for site in &study.sites {
        view.dot(&mut svg, site.site.at, 5.6, KINDS[kind(site)].1);
    }
    key(study, &view, &mut svg);
    svg
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

fn people(study: &Study, view: &View, svg: &mut Svg) {
    let mut squares = vec![Shape::new(); DENSITIES.len()];
    let mut points = Vec::new();
    for cell in study.cells.iter().filter(|c| c.persons.0 > 0) {
        let km2 = cell.area_m2() * cell.share_inside / 1e6;
        let density = if km2 > 0.0 { cell.persons.people() / km2 } else { 0.0 };
        let class = DENSITIES.iter().rposition(|(from, _)| density >= *from).unwrap_or(0);
        let outline = cell.outline();
        if outline.is_empty() {
            points.push(view.spot(cell.at));
        } else {
            squares[class].ring(view.spots(&outline));
        }
    }
    for (cells, (_, colour)) in squares.iter().zip(DENSITIES) {
        svg.shape(cells, Paint::fill(colour).opacity(0.85).crisp());
    }
    // Points of people are lines without length, whose round ends are dots: one shape for all.
    let mut dots = Shape::new();
    points.into_iter().for_each(|at| dots.line([at, [at[0] + 0.1, at[1]]]));
    svg.shape(&dots, Paint::line(DENSITIES[3].1, 4.0));
}

/// Paints over what cells on the border show beyond the study area.
fn hide_outside(study: &Study, view: &View, svg: &mut Svg) {
    let (right, bottom) = (view.width + 100.0, view.height + 100.0);
    let mut frame = Shape::new();
    frame.ring([[-100.0, -100.0], [right, -100.0], [right, bottom], [-100.0, bottom]]);
    rings(&study.area, view).into_iter().for_each(|ring| frame.ring(ring));
    svg.shape(&frame, Paint::fill(PAPER));
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

/// People by square kilometre, kinds of sites, the scale, the sources.
fn key(study: &Study, view: &View, svg: &mut Svg) {
    let mut rows: Vec<(Mark, String)> = Vec::new();
    for (i, (from, colour)) in DENSITIES.iter().enumerate() {
        let from = commas(*from as u64);
        let text = match DENSITIES.get(i + 1) {
            Some((to, _)) => format!("{from} to {} people/km²", commas(*to as u64)),
            None => format!("{from} people/km² and more"),
        };
        rows.push((Mark::Area(*colour), text));
    }
    if !study.water.is_empty() {
        rows.push((Mark::Area(WATER), "water".to_owned()));
    }
    rows.push((Mark::Line(BORDER, 2.2), "borders".to_owned()));
    for (k, (name, colour)) in KINDS.iter().enumerate() {
        let n = study.sites.iter().filter(|s| kind(s) == k).count();
        if n > 0 {
            rows.push((Mark::Dot(*colour), format!("{name}: {}", commas(n as u64))));
        }
    }
    let mut source = study.scenario.attribution.join("; ");
    if study.scenario.synthetic {
        source.insert_str(0, "Made-up data: not for decisions. ");
    }
    view.key(svg, "People and sites", &rows, &source);
}
