//! `backdrop.parquet`: what stands behind a plan on a map and what people look for on it: roads, water, parks, railways,
//! places, streets by name, addresses. From the file of the roads; nothing here decides anything.

use std::collections::{BTreeMap, HashMap};

use geo::{BoundingRect, Coord, Geometry, LineString, MultiPolygon, Point, Polygon, Rect, Simplify};

use super::schema;
use super::table::{self, RunFolder, Values};
use crate::error::Result;
use crate::ingest::osm::features::{Backdrop, Features, LineKind, TagList, TaggedArea, tag};
use crate::network::Network;
use crate::study::Study;
use crate::units::{EARTH_RADIUS_M, LonLat};

/// Detail of lines and outlines in degrees, some 5 m.
pub(super) const DETAIL_DEG: f64 = 5e-5;

/// How far around the study area the background reaches, in degrees: some 3 km.
const AROUND_DEG: f64 = 0.03;

/// Parts of one name that lie as near as this, in degrees, are one street or one river: some 1.5 km.
const SAME_DEG: f64 = 0.015;

/// Areas smaller than this both ways, in degrees, are not seen: some 10 m.
const LEAST_DEG: f64 = 1e-4;

/// A row of the table.
struct Item {
    kind: &'static str,
    class: Option<String>,
    /// As on the spot, in Vietnamese, in English.
    names: [Option<String>; 3],
    shape: Geometry<f64>,
}

/// How many of each kind were written.
#[derive(Debug, Default)]
pub struct Written {
    counts: BTreeMap<&'static str, usize>,
    addresses_left_out: usize,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.counts.is_empty() {
            write!(f, "nothing")?;
        }
        for (i, (kind, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{count} of `{kind}`", if i == 0 { "" } else { ", " })?;
        }
        match self.addresses_left_out {
            0 => Ok(()),
            n => write!(f, "; {n} more addresses left out"),
        }
    }
}

/// Writes the table.
///
/// # Errors
/// The disk refuses it.
pub fn write(folder: &RunFolder, study: &Study) -> Result<Written> {
    let mut items = Vec::new();
    if let Some(area) = study.area.bounding_rect() {
        let around = Coord { x: AROUND_DEG, y: AROUND_DEG };
        let within = Rect::new(area.min() - around, area.max() + around);
        let features = &study.features;
        let roads = roads(&study.network, features, &within);
        let streets = streets(&roads);
        items.extend(roads);
        items.extend(areas("water", &features.water, &["water", "natural", "waterway", "landuse"], &within));
        items.extend(lines(features, LineKind::Water, "water", &within));
        items.extend(areas("park", &features.backdrop.parks, &["leisure", "landuse", "natural"], &within));
        items.extend(lines(features, LineKind::Rail, "rail", &within));
        items.extend(points(features, &within));
        items.extend(streets);
    }
    let left_out = study.features.backdrop.addresses_left_out;
    let mut written = Written { addresses_left_out: left_out, counts: BTreeMap::new() };
    for item in &items {
        *written.counts.entry(item.kind).or_default() += 1;
    }
    let (mut names, mut names_vi, mut names_en) = (Vec::new(), Vec::new(), Vec::new());
    let (mut kinds, mut classes, mut shapes) = (Vec::new(), Vec::new(), Vec::new());
    for Item { kind, class, names: [name, vi, en], shape } in items {
        kinds.push(Some(kind.to_owned()));
        classes.push(class);
        names.push(name);
        names_vi.push(vi);
        names_en.push(en);
        shapes.push(shape);
    }
    let values = vec![
        Values::Text(kinds),
        Values::Text(classes),
        Values::Text(names),
        Values::Text(names_vi),
        Values::Text(names_en),
        Values::Geometry(shapes),
    ];
    table::write(folder, &schema::BACKDROP, values)?;
    Ok(written)
}

/// The names of a thing: `name`, `name:vi`, `name:en`.
fn names(tags: &TagList) -> [Option<String>; 3] {
    ["name", "name:vi", "name:en"].map(|key| tag(tags, key).map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned))
}

/// Whether two boxes share a point.
fn meet(a: &Rect<f64>, b: &Rect<f64>) -> bool {
    a.min().x <= b.max().x && b.min().x <= a.max().x && a.min().y <= b.max().y && b.min().y <= a.max().y
}

/// Streets joined to long lines where class and name go on. Each street is made short by itself, so that lines still
/// meet at junctions.
fn roads(network: &Network, features: &Features, within: &Rect<f64>) -> Vec<Item> {
    let name_of: HashMap<i64, &str> = features.backdrop.road_names.iter().map(|(id, n)| (*id, n.as_str())).collect();
    let mut pieces = Vec::new();
    for (s, street) in network.streets.iter().enumerate() {
        let line: LineString<f64> = network.shape(street).iter().map(|p| (p.lon, p.lat)).collect();
        let seen = line.bounding_rect().is_some_and(|bounds| meet(&bounds, within));
        if let Some(line) = short(&line).filter(|_| seen) {
            let name = network.ways_of(s).first().and_then(|way| name_of.get(way)).copied();
            pieces.push(Piece {
                key: (street.class, name.map(str::trim).filter(|n| !n.is_empty())),
                ends: [street.from, street.to],
                line,
            });
        }
    }
    let joined = joined(&pieces);
    joined
        .into_iter()
        .map(|((class, name), line)| Item {
            kind: "road",
            class: network.classes.get(usize::from(class)).cloned(),
            names: [name.map(str::to_owned), None, None],
            shape: Geometry::LineString(line),
        })
        .collect()
}

/// What makes two streets parts of one line.
type Key<'a> = (u8, Option<&'a str>);

/// A street that may be joined to others.
struct Piece<'a> {
    key: Key<'a>,
    /// The junctions at its first and its last point.
    ends: [u32; 2],
    line: LineString<f64>,
}

/// Joins pieces of one key end to end, straight on where several go on.
fn joined<'a>(pieces: &[Piece<'a>]) -> Vec<(Key<'a>, LineString<f64>)> {
    let mut at: HashMap<u32, Vec<usize>> = HashMap::new();
    for (i, piece) in pieces.iter().enumerate() {
        piece.ends.iter().for_each(|&end| at.entry(end).or_default().push(i));
    }
    let mut used = vec![false; pieces.len()];
    let mut lines = Vec::new();
    for (i, first) in pieces.iter().enumerate() {
        if std::mem::replace(&mut used[i], true) {
            continue;
        }
        let mut line = first.line.0.clone();
        // Onwards from the last point, then, turned around, from the first.
        for mut end in [first.ends[1], first.ends[0]] {
            while let Some((next, backwards)) = onwards(pieces, &at, &used, first.key, end, &line) {
                used[next] = true;
                let Piece { ends, line: more, .. } = &pieces[next];
                match backwards {
                    false => line.extend(more.0.iter().skip(1)),
                    true => line.extend(more.0.iter().rev().skip(1)),
                }
                end = if backwards { ends[0] } else { ends[1] };
            }
            line.reverse();
        }
        lines.push((first.key, LineString(line)));
    }
    lines
}

/// The unused piece of a key that goes on from the end of a line most straightly, and whether it does so backwards.
fn onwards(
    pieces: &[Piece<'_>],
    at: &HashMap<u32, Vec<usize>>,
    used: &[bool],
    key: Key<'_>,
    end: u32,
    line: &[Coord<f64>],
) -> Option<(usize, bool)> {
    let [.., before, last] = line else { return None };
    let towards = |from: Coord<f64>, to: Coord<f64>| {
        let step = to - from;
        let length = step.x.hypot(step.y);
        Coord { x: step.x / length, y: step.y / length }
    };
    let heading = towards(*before, *last);
    let mut best: Option<(f64, usize, bool)> = None;
    for &i in at.get(&end)? {
        let piece = &pieces[i];
        if used[i] || piece.key != key {
            continue;
        }
        let backwards = piece.ends[0] != end;
        let second = if backwards { piece.line.0.iter().rev().nth(1) } else { piece.line.0.get(1) };
        let Some(second) = second else { continue };
        let turn = towards(*last, *second);
        let straight = heading.x * turn.x + heading.y * turn.y;
        if best.is_none_or(|(so_far, ..)| straight > so_far) {
            best = Some((straight, i, backwards));
        }
    }
    best.map(|(_, i, backwards)| (i, backwards))
}

/// One point for each street that has a name, where it runs longest.
fn streets(roads: &[Item]) -> Vec<Item> {
    let named = roads.iter().filter_map(|road| match (&road.names[0], &road.shape) {
        (Some(name), Geometry::LineString(line)) => Some((name.as_str(), line)),
        _ => None,
    });
    let point = |(name, at): (&str, Coord<f64>)| Item {
        kind: "street",
        class: None,
        names: [Some(name.to_owned()), None, None],
        shape: Geometry::Point(Point(at)),
    };
    one_each(named).into_iter().map(point).collect()
}

/// One place for all lines of one name that lie near each other: the middle of the longest. By name.
pub(super) fn one_each<'a>(named: impl Iterator<Item = (&'a str, &'a LineString<f64>)>) -> Vec<(&'a str, Coord<f64>)> {
    let mut by_name: BTreeMap<&str, Vec<&LineString<f64>>> = BTreeMap::new();
    named.for_each(|(name, line)| by_name.entry(name).or_default().push(line));
    let mut found = Vec::new();
    for (name, mut lines) in by_name {
        // The longest first, so that short parts join it. Of equal ones the first.
        lines.sort_by(|a, b| length_m(b).total_cmp(&length_m(a)));
        let mut groups: Vec<Rect<f64>> = Vec::new();
        for line in lines {
            let Some(bounds) = line.bounding_rect() else { continue };
            let near = Coord { x: SAME_DEG, y: SAME_DEG };
            let around = Rect::new(bounds.min() - near, bounds.max() + near);
            match groups.iter_mut().find(|group| meet(group, &around)) {
                Some(group) => {
                    let (low, high) = (group.min(), group.max());
                    *group = Rect::new(
                        Coord { x: low.x.min(bounds.min().x), y: low.y.min(bounds.min().y) },
                        Coord { x: high.x.max(bounds.max().x), y: high.y.max(bounds.max().y) },
                    );
                }
                None => {
                    groups.push(bounds);
                    found.extend(middle(line).map(|at| (name, at)));
                }
            }
        }
    }
    found
}

/// The length of a line drawn flat around its first point, in metres.
fn length_m(line: &LineString<f64>) -> f64 {
    let scale = line.0.first().map_or(1.0, |p| p.y.to_radians().cos());
    let steps = line.lines().map(|l| ((l.end.x - l.start.x) * scale).hypot(l.end.y - l.start.y));
    steps.sum::<f64>() * EARTH_RADIUS_M.to_radians()
}

/// The point half-way along a line.
fn middle(line: &LineString<f64>) -> Option<Coord<f64>> {
    let steps: Vec<f64> = line.lines().map(|l| (l.end.x - l.start.x).hypot(l.end.y - l.start.y)).collect();
    let mut left = steps.iter().sum::<f64>() / 2.0;
    for (step, length) in line.lines().zip(steps) {
        if left <= length && length > 0.0 {
            let part = left / length;
            return Some(step.start + (step.end - step.start) * part);
        }
        left -= length;
    }
    line.0.first().copied()
}

/// Areas cut to the box, made short; those too small to be seen are left out.
fn areas(kind: &'static str, of: &[TaggedArea], class_keys: &[&str], within: &Rect<f64>) -> Vec<Item> {
    let seen = |area: &&TaggedArea| {
        let bounds = area.geometry.bounding_rect();
        bounds.is_some_and(|b| meet(&b, within) && (b.width() >= LEAST_DEG || b.height() >= LEAST_DEG))
    };
    let item = |area: &TaggedArea| {
        let shape = cut(&area.geometry, within);
        (!shape.0.is_empty()).then(|| Item {
            kind,
            class: class_keys.iter().find_map(|key| tag(&area.tags, key)).map(str::to_owned),
            names: names(&area.tags),
            shape: match <[Polygon<f64>; 1]>::try_from(shape.0) {
                Ok([one]) => Geometry::Polygon(one),
                Err(several) => Geometry::MultiPolygon(MultiPolygon(several)),
            },
        })
    };
    of.iter().filter(seen).filter_map(item).collect()
}

/// The part of a shape within a box, at the detail of the map. Where an outline leaves the box and comes back it follows
/// the box's side, which is beyond what is looked at.
fn cut(shape: &MultiPolygon<f64>, within: &Rect<f64>) -> MultiPolygon<f64> {
    let ring = |ring: &LineString<f64>| {
        let ring = cut_ring(ring, within).simplify(DETAIL_DEG);
        let big = ring.bounding_rect().is_some_and(|b| b.width() >= LEAST_DEG || b.height() >= LEAST_DEG);
        (ring.0.len() >= 4 && big).then_some(ring)
    };
    let polygon = |polygon: &Polygon<f64>| {
        Some(Polygon::new(ring(polygon.exterior())?, polygon.interiors().iter().filter_map(ring).collect()))
    };
    shape.iter().filter_map(polygon).collect()
}

/// A ring cut by the four sides of a box, one after the other (Sutherland and Hodgman).
fn cut_ring(ring: &LineString<f64>, within: &Rect<f64>) -> LineString<f64> {
    let (low, high) = (within.min(), within.max());
    if ring
        .bounding_rect()
        .is_some_and(|b| b.min().x >= low.x && b.min().y >= low.y && b.max().x <= high.x && b.max().y <= high.y)
    {
        return ring.clone();
    }
    // How far inside each side a point lies; below 0 outside.
    let sides: [&dyn Fn(Coord<f64>) -> f64; 4] =
        [&|p| p.x - low.x, &|p| high.x - p.x, &|p| p.y - low.y, &|p| high.y - p.y];
    let mut corners = ring.0.clone();
    corners.pop();
    for inside in sides {
        let mut kept = Vec::with_capacity(corners.len());
        for (i, &to) in corners.iter().enumerate() {
            let from = corners[(i + corners.len() - 1) % corners.len()];
            let (a, b) = (inside(from), inside(to));
            if (a < 0.0) != (b < 0.0) {
                kept.push(from + (to - from) * (a / (a - b)));
            }
            if b >= 0.0 {
                kept.push(to);
            }
        }
        corners = kept;
    }
    let mut closed = LineString(corners);
    closed.close();
    closed
}

/// A line at the detail of the map; `None` for a loop that is too small to be seen.
fn short(line: &LineString<f64>) -> Option<LineString<f64>> {
    let line = line.simplify(DETAIL_DEG);
    let first = *line.0.first()?;
    line.0.iter().any(|p| *p != first).then_some(line)
}

/// Watercourses or railways, as far as they run in the box.
fn lines(features: &Features, kind: LineKind, name: &'static str, within: &Rect<f64>) -> Vec<Item> {
    let mut items = Vec::new();
    for line in features.backdrop.lines.iter().filter(|line| line.kind == kind) {
        for part in parts_within(&line.points, within).iter().filter_map(short) {
            items.push(Item {
                kind: name,
                class: Some(line.class.clone()),
                names: [line.name.clone(), None, None],
                shape: Geometry::LineString(part),
            });
        }
    }
    items
}

/// The runs of a line whose steps meet the box.
fn parts_within(line: &LineString<f64>, within: &Rect<f64>) -> Vec<LineString<f64>> {
    let mut parts: Vec<LineString<f64>> = Vec::new();
    let mut goes_on = false;
    for step in line.lines() {
        let inside = meet(&Rect::new(step.start, step.end), within);
        match (inside, goes_on, parts.last_mut()) {
            (true, true, Some(part)) => part.0.push(step.end),
            (true, ..) => parts.push(LineString(vec![step.start, step.end])),
            _ => {}
        }
        goes_on = inside;
    }
    parts
}

/// Places, the most important first, and addresses.
fn points(features: &Features, within: &Rect<f64>) -> Vec<Item> {
    let inside = |at: LonLat| {
        let (low, high) = (within.min(), within.max());
        (low.x..=high.x).contains(&at.lon) && (low.y..=high.y).contains(&at.lat)
    };
    let at = |at: LonLat| Geometry::Point(Point::new(at.lon, at.lat));
    let mut places: Vec<_> = features.backdrop.places.iter().filter(|place| inside(place.at)).collect();
    places.sort_by_key(|place| Backdrop::importance(place)); // stable
    let places = places.into_iter().map(|place| Item {
        kind: "place",
        class: tag(&place.tags, "place").map(str::to_owned),
        names: names(&place.tags),
        shape: at(place.at),
    });
    let addresses = features.backdrop.addresses.iter().filter(|address| inside(address.at)).map(|address| Item {
        kind: "address",
        class: None,
        names: [Some(address.text.clone()), None, None],
        shape: at(address.at),
    });
    places.chain(addresses).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> LineString<f64> {
        points.iter().copied().collect()
    }

    fn unit() -> Rect<f64> {
        Rect::new((0.0, 0.0), (1.0, 1.0))
    }

    #[test]
    fn a_ring_is_cut_to_the_box() {
        use geo::Area;
        // A square of side 1 around the corner (1, 1): a quarter of it lies in the box.
        let square = line(&[(0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5), (0.5, 0.5)]);
        let cut = Polygon::new(cut_ring(&square, &unit()), Vec::new());
        assert!((cut.unsigned_area() - 0.25).abs() < 1e-12, "{cut:?}");
        // What lies outside is gone, what lies inside is as it was.
        let far = line(&[(2.0, 2.0), (3.0, 2.0), (3.0, 3.0), (2.0, 2.0)]);
        assert!(cut_ring(&far, &unit()).0.is_empty());
        let near = line(&[(0.2, 0.2), (0.3, 0.2), (0.3, 0.3), (0.2, 0.2)]);
        assert_eq!(cut_ring(&near, &unit()), near);
    }

    #[test]
    fn a_hole_stays_a_hole_and_what_is_not_seen_goes() {
        let outer = line(&[(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)]);
        let hole = line(&[(0.4, 0.4), (0.4, 0.6), (0.6, 0.6), (0.6, 0.4), (0.4, 0.4)]);
        // Of 5 m: half of what can be seen.
        let speck = line(&[(0.5, 0.2), (0.50005, 0.2), (0.50005, 0.20005), (0.5, 0.2)]);
        let found = cut(&MultiPolygon(vec![Polygon::new(outer, vec![hole, speck])]), &unit());
        assert_eq!((found.0.len(), found.0[0].interiors().len()), (1, 1));
    }

    #[test]
    fn loops_too_small_to_be_seen_are_left_out() {
        // A loop of 2 m comes down to its one corner; one of some 110 m keeps its far corners.
        let around = |size: f64| line(&[(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)]);
        assert_eq!(short(&around(2e-5)), None);
        assert!(short(&around(1e-3)).is_some_and(|kept| kept.0.len() >= 4));
        assert_eq!(short(&line(&[(1.0, 1.0)])), None);
    }

    #[test]
    fn lines_are_kept_where_they_meet_the_box() {
        // In, out for two steps, in again.
        let found =
            parts_within(&line(&[(0.1, 0.1), (0.5, 0.5), (2.0, 2.0), (3.0, 2.0), (2.0, 0.9), (0.9, 0.9)]), &unit());
        let expected = [line(&[(0.1, 0.1), (0.5, 0.5), (2.0, 2.0)]), line(&[(2.0, 0.9), (0.9, 0.9)])];
        assert_eq!(found, expected);
    }

    #[test]
    fn streets_of_one_name_go_on_straight() {
        let piece = |class, name, ends, points: &[(f64, f64)]| Piece { key: (class, name), ends, line: line(points) };
        // A street from the west to the east over junctions 0, 1 and 2, the second half stored backwards; one that turns
        // off at junction 1; one of another name that goes on.
        let pieces = [
            piece(0, Some("Phố Huế"), [0, 1], &[(0.0, 0.0), (1.0, 0.0)]),
            piece(0, Some("Phố Huế"), [3, 1], &[(1.0, 1.0), (1.0, 0.0)]),
            piece(0, Some("Phố Huế"), [2, 1], &[(2.0, 0.0), (1.0, 0.0)]),
            piece(0, Some("Bạch Mai"), [2, 4], &[(2.0, 0.0), (3.0, 0.0)]),
        ];
        let found = joined(&pieces);
        let expected = [
            ((0, Some("Phố Huế")), line(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)])),
            ((0, Some("Phố Huế")), line(&[(1.0, 1.0), (1.0, 0.0)])),
            ((0, Some("Bạch Mai")), line(&[(2.0, 0.0), (3.0, 0.0)])),
        ];
        assert_eq!(found, expected);
        // A ring of two pieces is one line and ends where it began.
        let ring = [
            piece(1, None, [0, 1], &[(0.0, 0.0), (1.0, 0.0)]),
            piece(1, None, [1, 0], &[(1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]),
        ];
        assert_eq!(joined(&ring), [((1, None), line(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]))]);
    }

    #[test]
    fn one_point_a_street_and_another_far_away() {
        let (long, short) = (line(&[(0.0, 0.0), (0.02, 0.0)]), line(&[(0.021, 0.0), (0.022, 0.0)]));
        let far = line(&[(1.0, 1.0), (1.01, 1.0)]);
        let other = line(&[(0.0, 0.0), (0.0, 0.01), (0.0, 0.04)]);
        let named = [("B", &short), ("B", &far), ("B", &long), ("A", &other)];
        let found = one_each(named.into_iter());
        let expected = [("A", (0.0, 0.02)), ("B", (0.01, 0.0)), ("B", (1.005, 1.0))];
        for ((name, at), (wanted, (x, y))) in found.iter().zip(expected) {
            assert!(*name == wanted && (at.x - x).abs() < 1e-9 && (at.y - y).abs() < 1e-9, "{name} {at:?}");
        }
        assert_eq!(found.len(), 3);
    }
}
