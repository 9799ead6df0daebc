//! Geometries as GeoParquet 1.1 wants them: WKB, outer rings anticlockwise, a box to each, and the key `geo` of the file.

use std::borrow::Cow;
use std::collections::BTreeSet;

use geo::orient::{Direction, Orient};
use geo::winding_order::Winding;
use geo::{BoundingRect, Geometry, Polygon};
use polars::prelude::{
    BinaryChunked, Column, Float32Chunked, IntoColumn, NamedFrom, NewChunkedArray, PolarsResult, Series, StructChunked,
};
use serde_json::{Value, json};

use crate::error::{Fault, Result};
use crate::output::schema::BBOX_FIELDS;

/// What the key `geo` says of all geometries of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Summary {
    types: BTreeSet<&'static str>,
    /// West, south, east, north.
    bounds: Option<[f64; 4]>,
}

impl Summary {
    /// Takes one more geometry in.
    fn add(&mut self, shape: &Geometry<f64>) {
        self.types.insert(match shape {
            Geometry::Point(_) => "Point",
            Geometry::Line(_) | Geometry::LineString(_) => "LineString",
            Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => "Polygon",
            Geometry::MultiPoint(_) => "MultiPoint",
            Geometry::MultiLineString(_) => "MultiLineString",
            Geometry::MultiPolygon(_) => "MultiPolygon",
            Geometry::GeometryCollection(_) => "GeometryCollection",
        });
        self.hold(bounds(shape));
    }

    /// Takes in what another one says.
    pub(super) fn join(&mut self, other: &Summary) {
        self.types.extend(&other.types);
        self.hold(other.bounds);
    }

    fn hold(&mut self, bounds: Option<[f64; 4]>) {
        if let Some(b) = bounds {
            let a = self.bounds.unwrap_or(b);
            self.bounds = Some([a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
        }
    }

    /// The value of the key `geo`. Without `crs` it is OGC:CRS84.
    pub(super) fn metadata(&self) -> Value {
        let covering: serde_json::Map<String, Value> =
            BBOX_FIELDS.iter().map(|field| ((*field).to_owned(), json!(["bbox", field]))).collect();
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": self.types,
            "orientation": "counterclockwise",
            "covering": { "bbox": covering },
        });
        if let Some(bounds) = self.bounds {
            column["bbox"] = json!(bounds);
        }
        json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } })
    }
}

fn bounds(shape: &Geometry<f64>) -> Option<[f64; 4]> {
    shape.bounding_rect().map(|r| [r.min().x, r.min().y, r.max().x, r.max().y])
}

/// Geometries as bytes, each with its box; rows name them by number, so that one that many rows share is written once.
#[derive(Debug, Default)]
pub struct Shapes {
    wkb: Vec<u8>,
    ends: Vec<usize>,
    /// Rounded outwards.
    boxes: Vec<Option<[f32; 4]>>,
    summary: Summary,
}

impl Shapes {
    /// Takes one more geometry in; its number is how many there were.
    ///
    /// # Errors
    /// It cannot be told as WKB (an internal fault).
    pub fn push(&mut self, shape: &Geometry<f64>) -> Result<()> {
        let shape = turned(shape);
        wkb::writer::write_geometry(&mut self.wkb, shape.as_ref(), &wkb::writer::WriteOptions::default())
            .map_err(|e| Fault::new("internal::table", format!("a geometry as WKB: {e}; please report this")))?;
        self.summary.add(&shape);
        self.ends.push(self.wkb.len());
        self.boxes.push(bounds(&shape).map(|[w, s, e, n]| [down(w), down(s), up(e), up(n)]));
        Ok(())
    }

    /// Some geometries.
    ///
    /// # Errors
    /// As [`push`](Shapes::push).
    pub fn of(shapes: &[Geometry<f64>]) -> Result<Shapes> {
        let mut all = Shapes::default();
        for shape in shapes {
            all.push(shape)?;
        }
        Ok(all)
    }

    /// What the key `geo` says of them.
    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The columns `geometry` and, of its four fields, `bbox`.
    pub(super) fn columns(&self) -> (Column, [Column; 4]) {
        let begins = std::iter::once(&0).chain(&self.ends);
        let bytes: Vec<&[u8]> = begins.zip(&self.ends).map(|(&from, &to)| &self.wkb[from..to]).collect();
        let side = |i: usize| {
            let values = self.boxes.iter().map(|b| b.map(|b| b[i]));
            Float32Chunked::from_iter_options(BBOX_FIELDS[i].into(), values).into_column()
        };
        (BinaryChunked::from_slice("geometry".into(), &bytes).into_column(), [side(0), side(1), side(2), side(3)])
    }
}

/// The column `bbox` of its four fields.
pub(super) fn bbox(fields: &[Column]) -> PolarsResult<Column> {
    Ok(StructChunked::from_columns("bbox".into(), fields.first().map_or(0, Column::len), fields)?.into_column())
}

/// The column `bbox` without rows.
pub(super) fn no_bbox() -> PolarsResult<Column> {
    bbox(&BBOX_FIELDS.map(|field| Series::new(field.into(), Vec::<f32>::new()).into_column()))
}

/// A geometry whose outer rings run anticlockwise and inner ones clockwise.
fn turned(shape: &Geometry<f64>) -> Cow<'_, Geometry<f64>> {
    let fits = |p: &Polygon<f64>| !p.exterior().is_cw() && !p.interiors().iter().any(Winding::is_ccw);
    match shape {
        Geometry::Polygon(p) if !fits(p) => Cow::Owned(p.orient(Direction::Default).into()),
        Geometry::MultiPolygon(m) if !m.iter().all(fits) => Cow::Owned(m.orient(Direction::Default).into()),
        _ => Cow::Borrowed(shape),
    }
}

/// The 32-bit number at or next below a value.
fn down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// The 32-bit number at or next above a value.
fn up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use geo::{LineString, MultiPolygon, Point, polygon};

    use super::*;

    #[test]
    fn boxes_hold_their_geometry() {
        // 105.8 is no 32-bit number: the two beside it are 105.79999542 and 105.80000305, which is what `105.8_f32` is.
        assert_eq!((down(105.8), up(105.8)), (105.799_995_f32, 105.8_f32));
        assert!(f64::from(down(105.8)) < 105.8 && f64::from(up(105.8)) > 105.8);
        assert_eq!((down(-0.5), up(-0.5), down(21.0), up(21.0)), (-0.5, -0.5, 21.0, 21.0));
    }

    #[test]
    fn rings_are_turned() {
        // Both rings clockwise: the outer one must be turned, the hole stays.
        let square = |a: f64, b: f64| LineString::from(vec![(a, a), (a, b), (b, b), (b, a), (a, a)]);
        let wrong = Polygon::new(square(0.0, 9.0), vec![square(3.0, 4.0)]);
        for shape in [Geometry::Polygon(wrong.clone()), Geometry::MultiPolygon(MultiPolygon(vec![wrong.clone()]))] {
            let found = match turned(&shape).into_owned() {
                Geometry::Polygon(p) => p,
                Geometry::MultiPolygon(m) => m.0[0].clone(),
                other => unreachable!("{other:?}"),
            };
            assert!(found.exterior().is_ccw() && found.interiors()[0].is_cw());
        }
        let right = Geometry::from(polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 1.0)]);
        assert!(matches!(turned(&right), Cow::Borrowed(_)));
    }

    #[test]
    fn the_key_of_the_file() {
        let far = Geometry::from(Point::new(106.0, 20.5));
        let area = Geometry::from(polygon![(x: 105.0, y: 21.0), (x: 105.5, y: 21.0), (x: 105.5, y: 21.25)]);
        let told = Shapes::of(&[far, area]).unwrap().summary().metadata();
        let expected = json!({
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": { "geometry": {
                "encoding": "WKB",
                "geometry_types": ["Point", "Polygon"],
                "orientation": "counterclockwise",
                "covering": { "bbox": {
                    "xmin": ["bbox", "xmin"], "ymin": ["bbox", "ymin"], "xmax": ["bbox", "xmax"], "ymax": ["bbox", "ymax"],
                } },
                "bbox": [105.0, 20.5, 106.0, 21.25],
            } },
        });
        assert_eq!(told, expected);
        // Without rows: any type, and no box.
        let empty = Summary::default().metadata();
        assert_eq!(empty["columns"]["geometry"]["geometry_types"], json!([]));
        assert!(empty["columns"]["geometry"].get("bbox").is_none());
    }
}
