//! Boundary layers and the study area, from GeoJSON (RFC 7946) or GeoParquet.
//!
//! Borders report; they never limit who may use which agent.

pub mod crosswalk;
mod overlaps;
mod read;
mod repair;
mod rings;

use std::path::PathBuf;

use geo::{Intersects, MultiPolygon, Point};
use geojson::JsonObject;
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use super::names::{closest, fold_name, tidy};
use crate::error::Fault;
use crate::units::{LonLat, Persons};
pub use overlaps::layer_overlaps;
pub use read::{read_area, read_area_noted, read_layer};
pub(crate) use rings::defect;

/// Where a boundary layer comes from and which of its properties say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSource {
    /// The layer's name in the scenario and in the outputs.
    pub id: String,
    /// A file of polygons: GeoParquet where it ends in `.parquet`, else GeoJSON.
    pub file: PathBuf,
    /// The property with the feature's code, unique in the layer.
    pub code: String,
    /// The property with the feature's name.
    pub name: String,
    /// The property with the official number of people, if the layer has one.
    pub population: Option<String>,
}

/// One area of a layer, such as a commune.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// Unique in the layer.
    pub code: String,
    /// As in the file, in composed letters (NFC) and without space at its ends.
    pub name: String,
    /// Official number of people; `None` where the file does not say.
    pub population: Option<Persons>,
    /// All properties of the feature.
    pub properties: JsonObject,
    /// Degrees, WGS 84. Outlines run anticlockwise, holes clockwise; sound by the checks of this module.
    pub geometry: MultiPolygon<f64>,
}

/// The areas of one file, in the file's order, and an index to find them by place.
#[derive(Debug, Clone)]
pub struct BoundaryLayer {
    /// [`LayerSource::id`].
    pub id: String,
    /// Never empty.
    pub features: Vec<Boundary>,
    /// What was repaired in the file's shapes, a note (`boundaries::repaired`) a feature, with its area before and after.
    pub repairs: Vec<Fault>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

/// What [`BoundaryLayer::find`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The index of the one feature that is meant.
    One(usize),
    /// The indices of all features that bear the name, in the layer's order; at least two.
    Several(Vec<usize>),
    /// None; the names that come closest, nearest first, at most five.
    None(Vec<String>),
}

impl BoundaryLayer {
    /// A layer of sound areas; `features` should not be empty.
    pub fn new(id: String, features: Vec<Boundary>) -> Self {
        let boxes = features.iter().enumerate().filter_map(|(i, feature)| {
            let bounds = geo::BoundingRect::bounding_rect(&feature.geometry)?;
            let corners = Rectangle::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
            Some(GeomWithData::new(corners, i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        BoundaryLayer { id, features, repairs: Vec::new(), tree }
    }

    /// The index of the area that holds the place, borders included; the lowest where several do.
    pub fn locate(&self, at: LonLat) -> Option<usize> {
        let point = Point::new(at.lon, at.lat);
        let mut hits: Vec<usize> = self.tree.locate_all_at_point([at.lon, at.lat]).map(|found| found.data).collect();
        hits.sort_unstable();
        hits.into_iter().find(|&i| self.features[i].geometry.intersects(&point))
    }

    /// The feature with a code or a name: by code first, then by the name as written (NFC), then by the name without
    /// diacritics, case and administrative prefix ([`fold_name`]).
    pub fn find(&self, code_or_name: &str) -> Found {
        let wanted = tidy(code_or_name);
        if let Some(i) = self.features.iter().position(|f| f.code == wanted) {
            return Found::One(i);
        }
        let folded = fold_name(&wanted);
        let exact = |f: &Boundary| f.name == wanted;
        let matched = |f: &Boundary| !folded.is_empty() && fold_name(&f.name) == folded;
        let tests: [&dyn Fn(&Boundary) -> bool; 2] = [&exact, &matched];
        for test in tests {
            let all = self.features.iter().enumerate();
            let hits: Vec<usize> = all.filter(|(_, f)| test(f)).map(|(i, _)| i).collect();
            match hits.as_slice() {
                [] => {}
                [one] => return Found::One(*one),
                _ => return Found::Several(hits),
            }
        }
        let names = self.features.iter().map(|f| f.name.as_str());
        Found::None(closest(&wanted, names, 5).into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests;
