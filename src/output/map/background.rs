//! The background of the map, from the table of it.

use std::collections::HashMap;

use geo::{BoundingRect, Coord, Geometry, LineString, Polygon};
use serde_json::{Value, json};

use super::container::Blob;
use super::shapes::polyline;
use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::backdrop::one_each;
use crate::output::read::{NO_RUN, Rows};
use crate::output::run::Run;
use crate::output::schema::BACKDROP;
use crate::output::table;

/// The classes of roads as the page draws them, the most important first.
const ROADS: [&str; 7] = ["motorway", "trunk", "primary", "secondary", "tertiary", "residential", "other"];

/// The kinds of places that can be looked for, the most important first.
const PLACES: [&str; 10] =
    ["city", "town", "suburb", "quarter", "village", "hamlet", "water", "other", "street", "address"];

/// The background as the page reads it.
#[derive(Default)]
pub(super) struct Background {
    roads: [Vec<String>; ROADS.len()],
    /// Outlines and holes of each area.
    water: Vec<Vec<String>>,
    rivers: Vec<String>,
    parks: Vec<Vec<String>>,
    rail: Vec<String>,
    /// Index of the kind, name, longitude and latitude in 1e-5 degrees.
    places: Vec<(usize, String, [i32; 2])>,
    /// Named water and parks, by the kind of the place that they will be. Of an area a line across it.
    named: HashMap<usize, Vec<(String, LineString<f64>)>>,
}

impl Background {
    /// Reads it.
    ///
    /// # Errors
    /// The table is missing or damaged.
    pub(super) fn read(run: &Run) -> Result<Background> {
        let mut all = Background::default();
        let broken = |what: String| {
            let what = format!("a geometry is damaged: {what}");
            Fault::new("run::table", what).file(run.folder.join(BACKDROP.file)).help(NO_RUN)
        };
        for piece in table::pieces(&run.folder, &BACKDROP)? {
            let columns = ["kind", "class", "name", "name_vi", "geometry"];
            let rows = Rows::read_piece(&run.folder, &BACKDROP, &columns, piece)?;
            let kinds = rows.text("kind")?.iter().zip(rows.text("class")?.iter());
            let names = rows.text("name")?.iter().zip(rows.text("name_vi")?.iter());
            for (((kind, class), (name, vi)), shape) in kinds.zip(names).zip(rows.shapes()?.iter()) {
                let shape = geometry_of(shape.unwrap_or_default()).map_err(broken)?;
                let shape = Geometry::<f64>::try_from(shape).map_err(|e| broken(e.to_string()))?;
                all.add(kind.unwrap_or_default(), class.unwrap_or_default(), vi.or(name), shape);
            }
        }
        all.name_areas();
        Ok(all)
    }

    fn add(&mut self, kind: &str, class: &str, name: Option<&str>, shape: Geometry<f64>) {
        match (kind, shape) {
            ("road", Geometry::LineString(line)) => self.roads[road_class(class)].push(polyline(&line)),
            ("rail", Geometry::LineString(line)) => self.rail.push(polyline(&line)),
            ("water", Geometry::LineString(line)) => {
                self.rivers.push(polyline(&line));
                self.keep_name("water", name, || Some(line));
            }
            ("water" | "park", shape @ (Geometry::Polygon(_) | Geometry::MultiPolygon(_))) => {
                let kind_of_place = if kind == "water" { "water" } else { "other" };
                self.keep_name(kind_of_place, name, || across(&shape));
                let areas = if kind == "water" { &mut self.water } else { &mut self.parks };
                match shape {
                    Geometry::Polygon(polygon) => areas.push(rings(&polygon)),
                    Geometry::MultiPolygon(polygons) => areas.extend(polygons.iter().map(rings)),
                    _ => {}
                }
            }
            ("place" | "street" | "address", Geometry::Point(at)) => {
                let kind = if kind == "place" { place_kind(class) } else { kind };
                if let Some(name) = name {
                    self.place(kind_index(kind), name.to_owned(), at.0);
                }
            }
            _ => {}
        }
    }

    fn keep_name(&mut self, kind: &str, name: Option<&str>, line: impl FnOnce() -> Option<LineString<f64>>) {
        if let Some((name, line)) = name.and_then(|name| Some((name.to_owned(), line()?))) {
            self.named.entry(kind_index(kind)).or_default().push((name, line));
        }
    }

    fn place(&mut self, kind: usize, name: String, at: Coord<f64>) {
        let scaled = |degrees: f64| (degrees * 1e5).round() as i32;
        self.places.push((kind, name, [scaled(at.x), scaled(at.y)]));
    }

    /// Makes one place of the parts of each water and each park that has a name, and puts all places in order.
    fn name_areas(&mut self) {
        for (kind, named) in std::mem::take(&mut self.named) {
            for (name, at) in one_each(named.iter().map(|(name, line)| (name.as_str(), line))) {
                self.place(kind, name.to_owned(), at);
            }
        }
        self.places.sort();
        self.places.dedup();
    }

    /// The parts of the page's data by name: `roads`, `water`, `parks`, `rail`, `places`.
    pub(super) fn packed(self, blob: &mut Blob) -> [(&'static str, Value); 5] {
        let roads = ROADS.iter().zip(self.roads).filter(|(_, lines)| !lines.is_empty());
        let places = &self.places;
        [
            ("roads", roads.map(|(class, lines)| json!({ "class": class, "lines": lines })).collect()),
            ("water", json!({ "areas": self.water, "lines": self.rivers })),
            ("parks", json!(self.parks)),
            ("rail", json!(self.rail)),
            (
                "places",
                json!({
                    "kind": places.iter().map(|p| PLACES[p.0]).collect::<Vec<_>>(),
                    "name": places.iter().map(|p| &p.1).collect::<Vec<_>>(),
                    "lon": blob.i32_steps(places.iter().map(|p| p.2[0])),
                    "lat": blob.i32_steps(places.iter().map(|p| p.2[1])),
                }),
            ),
        ]
    }
}

/// Index of the class that a `highway` is drawn as.
fn road_class(highway: &str) -> usize {
    let class = highway.trim_end_matches("_link");
    let class = if matches!(class, "living_street" | "unclassified") { "residential" } else { class };
    ROADS.iter().position(|&c| c == class).unwrap_or(ROADS.len() - 1)
}

/// The kind that a value of `place` is shown as.
fn place_kind(place: &str) -> &str {
    match place {
        "borough" => "suburb",
        "neighbourhood" => "quarter",
        "isolated_dwelling" => "hamlet",
        "city" | "town" | "suburb" | "quarter" | "village" | "hamlet" => place,
        _ => "other",
    }
}

fn kind_index(kind: &str) -> usize {
    PLACES.iter().position(|&k| k == kind).unwrap_or(7)
}

fn rings(polygon: &Polygon<f64>) -> Vec<String> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(polyline).collect()
}

/// A line across an area through a point in it, as long as the area is wide: its middle is where the name stands.
fn across(shape: &Geometry<f64>) -> Option<LineString<f64>> {
    use geo::InteriorPoint;
    let (bounds, at) = (shape.bounding_rect()?, shape.interior_point()?);
    let half = bounds.width().max(bounds.height()) / 2.0;
    Some(LineString(vec![Coord { x: at.x() - half, y: at.y() }, Coord { x: at.x() + half, y: at.y() }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_tag_is_shown_as() {
        let class = |highway| ROADS[road_class(highway)];
        assert_eq!(
            ["primary_link", "living_street", "service", "ferry"].map(class),
            ["primary", "residential", "other", "other"]
        );
        assert_eq!(["neighbourhood", "village", "island"].map(place_kind), ["quarter", "village", "other"]);
        assert_eq!((PLACES[kind_index("address")], PLACES[kind_index("none")]), ("address", "other"));
    }

    #[test]
    fn the_name_of_an_area_stands_in_it() {
        // A horseshoe whose middle is outside: the name stands in its lower bar or one of its arms.
        let ring = [(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)];
        let shape = Polygon::new(ring.into_iter().collect(), Vec::new());
        let mut all = Background::default();
        all.add("water", "lake", Some("Hồ Tây"), Geometry::Polygon(shape.clone()));
        all.name_areas();
        let [(kind, name, [lon, lat])] = &all.places[..] else { panic!("{:?}", all.places) };
        assert_eq!((PLACES[*kind], name.as_str()), ("water", "Hồ Tây"));
        use geo::Contains;
        assert!(shape.contains(&geo::Point::new(f64::from(*lon) / 1e5, f64::from(*lat) / 1e5)));
        assert_eq!(all.water.len(), 1);
    }
}
