//! Where there is water: nobody lives there and no site stands there.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, MultiPolygon, Point};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::boundaries::read_area;
use crate::error::Result;
use crate::units::LonLat;

/// Areas of water, to be asked for places. They may overlap.
pub struct Water {
    areas: Vec<IntervalTreeMultiPolygon<f64>>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl Water {
    /// Indexes areas of water.
    pub fn new(shapes: impl IntoIterator<Item = MultiPolygon<f64>>) -> Self {
        let mut areas = Vec::new();
        let mut boxes = Vec::new();
        for shape in shapes {
            let Some(bounds) = shape.bounding_rect() else { continue };
            let corners = Rectangle::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
            boxes.push(GeomWithData::new(corners, areas.len()));
            areas.push(IntervalTreeMultiPolygon::new(&shape));
        }
        Water { areas, tree: RTree::bulk_load(boxes) }
    }

    /// Reads the water of a file of polygons.
    ///
    /// # Errors
    /// Those of [`read_area`].
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Water::new([read_area(path)?]))
    }

    /// Whether a place lies in water.
    pub fn holds(&self, at: LonLat) -> bool {
        let point = Point::new(at.lon, at.lat);
        let mut near = self.tree.locate_in_envelope_intersecting(AABB::from_point([at.lon, at.lat]));
        near.any(|found| self.areas[found.data].contains(&point))
    }

    /// How many areas there are.
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether no water is known.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use geo::Rect;

    use super::*;

    #[test]
    fn water_that_overlaps_is_still_water() {
        let square = |x: f64| MultiPolygon(vec![Rect::new((x, 0.0), (x + 2.0, 2.0)).to_polygon()]);
        let water = Water::new([square(0.0), square(1.0)]);
        let at = |lon| water.holds(LonLat { lon, lat: 1.0 });
        // In the first only, in both, in the second only, in none.
        assert_eq!([at(0.5), at(1.5), at(2.5), at(3.5)], [true, true, true, false]);
        assert!(Water::new([]).is_empty());
    }
}
