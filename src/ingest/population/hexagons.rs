//! Population as cells of the H3 grid, as Kontur publishes it.
//!
//! Cells on the border count with the share of their area inside. Cells and area are laid into an equal-area plane
//! (cylindrical, on the ellipsoid of WGS 84); both are halved again and again until a few cells meet a few edges, which
//! are then cut by the sides of each cell.

use std::collections::HashMap;
use std::path::Path;

use geo::{BoundingRect, MultiPolygon};
use h3o::{CellIndex, LatLng, Resolution};

use super::clip::{Ring, area_of, moments, place_in, split};
use super::tables::people_of;
use super::{CellShape, DemandCell, Frame, PopulationGrid, no_overlap, no_people, plane};
use crate::error::{Faults, Result};
use crate::ingest::columns::{Frame as Table, Ids, Kind};
use crate::ingest::geotiff::Crs;
use crate::units::{LonLat, Persons};

/// EASE-Grid 2.0: cylindrical equal-area on WGS 84, in metres.
const EQUAL_AREA: u16 = 6933;
/// A share closer than this to 0 or 1 is 0 or 1: float rounding of the cuts.
const ROUNDING: f64 = 1e-9;
/// So few cells are cut one by one.
const FEW: usize = 3;

/// A cell in the plane.
struct Hexagon {
    cell: CellIndex,
    persons: Persons,
    centre: LonLat,
    /// Anticlockwise.
    ring: Ring,
}

/// A cell that meets the study area, and the place of its people in the plane where it is cut.
struct Share {
    hexagon: usize,
    share: f64,
    at: Option<[f64; 2]>,
}

pub(super) fn read(path: &Path, table: &Table, people: &str, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let mut faults = Faults::default();
    let cells = faults.keep(indices(table))?;
    let persons = faults.keep(people_of(table, people))?;
    faults.finish()?;
    let (cells, persons) = (cells.unwrap_or_default(), persons.unwrap_or_default());
    refuse_overlaps(table, &cells)?;
    let crs = Crs::from_epsg(EQUAL_AREA)?;
    let bounds = area.bounding_rect();
    let rings = plane::rings(area, &crs).ok_or_else(|| no_overlap("the whole Earth", bounds).file(path))?;
    let all: f64 = rings.iter().map(area_of).sum();
    let mut hexagons: Vec<Hexagon> =
        cells.iter().zip(persons).filter_map(|(&cell, p)| near(cell, p, bounds, &crs)).collect();
    hexagons.sort_unstable_by_key(|hexagon| u64::from(hexagon.cell));
    let mut shares = Vec::new();
    let mut order: Vec<usize> = (0..hexagons.len()).collect();
    shares_of(&hexagons, &mut order, rings, &mut shares);
    shares.sort_unstable_by_key(|share| share.hexagon);
    let mut grid = PopulationGrid::default();
    let mut resolutions = Vec::new();
    let mut inside = 0.0;
    for Share { hexagon, share, at } in shares {
        let Hexagon { cell, persons, centre, ref ring } = hexagons[hexagon];
        inside += share * area_of(ring);
        let whole = share >= 1.0;
        if whole {
            grid.whole_cells += 1;
        } else {
            grid.border_cells += 1;
        }
        let persons = if whole { persons } else { Persons::from_people(persons.people() * share) };
        if persons.0 == 0 {
            grid.empty_cells += 1;
            continue;
        }
        let at = at.and_then(|at| crs.to_lonlat(at)).unwrap_or(centre);
        let id = u64::from(cell);
        grid.cells.push(DemandCell {
            id,
            at,
            centre,
            shape: CellShape::Hexagon { index: id },
            share_inside: share,
            persons,
        });
        resolutions.push(u8::from(cell.resolution()));
    }
    if grid.whole_cells + grid.border_cells == 0 {
        return Err(no_overlap(&spanned(&cells), bounds).file(path).into());
    }
    if grid.cells.is_empty() {
        return Err(no_people(&grid).file(path).into());
    }
    resolutions.sort_unstable();
    resolutions.dedup();
    grid.frame = Frame::Hexagons { resolutions };
    grid.area_share = if inside / all > 1.0 - 1e-6 { 1.0 } else { inside / all };
    Ok(grid)
}

/// The indices of the column `h3`: text in hexadecimal, or whole numbers.
fn indices(table: &Table) -> Result<Vec<CellIndex>> {
    let ids = table.ids("h3")?;
    let mut bad =
        Kind::new(table, "population::h3", "give H3 cells as text like 88415cb4e5fffff or as whole numbers of 64 bits");
    let mut cells = Vec::with_capacity(ids.len());
    for row in 0..ids.len() {
        let cell = match &ids {
            Ids::Whole(ids) => u64::try_from(ids[row]).ok().and_then(|id| CellIndex::try_from(id).ok()),
            // Sixteen figures at most in hexadecimal, eighteen or nineteen as a decimal number.
            Ids::Text(ids) => ids[row].parse().ok().or_else(|| ids[row].parse::<u64>().ok()?.try_into().ok()),
        };
        match cell {
            Some(cell) => cells.push(cell),
            None => bad.add(Some(row), format!("`{}` is no H3 cell", ids.text(row))),
        }
    }
    let mut faults = Faults::default();
    bad.finish(&mut faults);
    faults.finish()?;
    Ok(cells)
}

/// People must not be counted twice: no cell may stand twice, or within another.
fn refuse_overlaps(table: &Table, cells: &[CellIndex]) -> Result<()> {
    let mut rows: HashMap<CellIndex, usize> = HashMap::with_capacity(cells.len());
    let mut bad = Kind::new(table, "population::same", "give every H3 cell once, and no cell with its own parts");
    let mut resolutions: Vec<Resolution> = Vec::new();
    for (row, &cell) in cells.iter().enumerate() {
        if rows.insert(cell, row).is_some() {
            bad.add(Some(row), format!("the cell {cell} stands twice"));
        }
        if !resolutions.contains(&cell.resolution()) {
            resolutions.push(cell.resolution());
        }
    }
    for (row, cell) in cells.iter().enumerate() {
        let coarser = resolutions.iter().filter(|&&r| r < cell.resolution());
        if let Some(parent) = coarser.filter_map(|&r| cell.parent(r)).find(|parent| rows.contains_key(parent)) {
            bad.add(Some(row), format!("the cell {cell} lies in {parent}, which is in the table too"));
        }
    }
    let mut faults = Faults::default();
    bad.finish(&mut faults);
    faults.finish()
}

/// The cell in the plane, if its bounds touch those of the study area.
fn near(cell: CellIndex, persons: Persons, bounds: Option<geo::Rect<f64>>, crs: &Crs) -> Option<Hexagon> {
    let bounds = bounds?;
    let centre = LatLng::from(cell);
    let centre = LonLat { lon: centre.lng(), lat: centre.lat() };
    // Nothing of a cell lies farther from its centre than three of its edges, on the average of all cells.
    let far_deg = (cell.resolution().edge_length_m() * 3.0 / 111_000.0).min(90.0);
    let far_lon = far_deg / centre.lat.to_radians().cos().max(0.01);
    let misses = centre.lon < bounds.min().x - far_lon
        || centre.lon > bounds.max().x + far_lon
        || centre.lat < bounds.min().y - far_deg
        || centre.lat > bounds.max().y + far_deg;
    if misses {
        return None;
    }
    let outline = CellShape::Hexagon { index: cell.into() }.outline(centre);
    let ring: Option<Ring> = outline.iter().skip(1).map(|&p| crs.to_plane(p)).collect();
    Some(Hexagon { cell, persons, centre, ring: ring? })
}

/// The part of each cell inside the rings.
fn shares_of(hexagons: &[Hexagon], order: &mut [usize], rings: Vec<Ring>, out: &mut Vec<Share>) {
    if order.is_empty() || rings.is_empty() {
        return;
    }
    let (low, high) = extent(hexagons, order);
    let mut rings = rings;
    for axis in 0..2 {
        rings = split(split(rings, axis, high[axis]).0, axis, low[axis]).1;
    }
    let covered: f64 = rings.iter().map(|ring| moments(ring, low).0).sum();
    let box_area = (high[0] - low[0]) * (high[1] - low[1]);
    if (covered - box_area).abs() <= ROUNDING * box_area {
        out.extend(order.iter().map(|&hexagon| Share { hexagon, share: 1.0, at: None }));
        return;
    }
    if order.len() <= FEW {
        out.extend(order.iter().filter_map(|&at| share_of(at, &hexagons[at], &rings)));
        return;
    }
    let axis = usize::from(high[1] - low[1] > high[0] - low[0]);
    let key = |&at: &usize| hexagons[at].ring.first().map_or(0.0, |p| p[axis]);
    order.sort_unstable_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
    let (first, second) = order.split_at_mut(order.len() / 2);
    shares_of(hexagons, first, rings.clone(), out);
    shares_of(hexagons, second, rings, out);
}

fn extent(hexagons: &[Hexagon], order: &[usize]) -> ([f64; 2], [f64; 2]) {
    let points = order.iter().flat_map(|&at| &hexagons[at].ring);
    points.fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(low, high), p| {
        ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])])
    })
}

fn share_of(at: usize, hexagon: &Hexagon, rings: &[Ring]) -> Option<Share> {
    let origin = *hexagon.ring.first()?;
    let area = area_of(&hexagon.ring);
    let parts: Vec<Ring> = convex_pieces(&hexagon.ring)
        .iter()
        .flat_map(|piece| rings.iter().map(|ring| within(ring, piece)))
        .filter(|ring| ring.len() > 2)
        .collect();
    let (sum, mx, my) =
        parts.iter().map(|ring| moments(ring, origin)).fold((0.0, 0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let share = sum / area;
    if share >= 1.0 - ROUNDING {
        return Some(Share { hexagon: at, share: 1.0, at: None });
    }
    if share <= ROUNDING {
        return None;
    }
    let place = place_in(&parts, origin, (mx / sum, my / sum));
    Some(Share { hexagon: at, share, at: Some([place.0 + origin[0], place.1 + origin[1]]) })
}

/// A cell as convex pieces: itself, or where an edge of the icosahedron bends it, the fan about its middle.
fn convex_pieces(ring: &Ring) -> Vec<Ring> {
    let n = ring.len();
    let corner = |i: usize| ring[i % n];
    let convex = (0..n).all(|i| left_of(corner(i), corner(i + 1), corner(i + 2)) >= 0.0);
    if convex {
        return vec![ring.clone()];
    }
    let middle = [0, 1].map(|axis| ring.iter().map(|p| p[axis]).sum::<f64>() / n as f64);
    (0..n).map(|i| vec![middle, corner(i), corner(i + 1)]).collect()
}

/// Over 0 where `p` lies left of the line from `a` to `b`.
fn left_of(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
}

/// The part of a ring within a convex ring that runs anticlockwise, by Sutherland and Hodgman.
fn within(ring: &Ring, convex: &Ring) -> Ring {
    let mut kept = ring.clone();
    for (i, &a) in convex.iter().enumerate() {
        let b = convex[(i + 1) % convex.len()];
        let Some(mut from) = kept.last().copied() else { return kept };
        let mut next = Ring::with_capacity(kept.len() + 2);
        for &to in &kept {
            let (before, after) = (left_of(a, b, from), left_of(a, b, to));
            if (before >= 0.0) != (after >= 0.0) {
                let part = before / (before - after);
                next.push([from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]);
            }
            if after >= 0.0 {
                next.push(to);
            }
            from = to;
        }
        kept = next;
    }
    kept
}

fn spanned(cells: &[CellIndex]) -> String {
    let places = cells.iter().map(|&cell| LatLng::from(cell));
    let none = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY);
    let (west, east, south, north) =
        places.fold(none, |s, p| (s.0.min(p.lng()), s.1.max(p.lng()), s.2.min(p.lat()), s.3.max(p.lat())));
    if cells.is_empty() {
        return "no cells".into();
    }
    format!("{west:.4} to {east:.4} east, {south:.4} to {north:.4} north")
}
