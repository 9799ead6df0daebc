//! The frame that the cells of one source share, and its sub-cells.

use h3o::{CellIndex, LatLng, Resolution};

use super::PopulationGrid;
use crate::ingest::geotiff::{Crs, Grid};
use crate::units::LonLat;

/// The most parts by edge into which a cell is split.
pub const MOST_PARTS: u32 = 64;
/// Rounding of widths: a cell of exactly 500 m is split in two for 250 m, not in three.
const ROUNDING: f64 = 1e-9;

/// What the cells of a source are laid out by.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Frame {
    /// Places without extent.
    #[default]
    Points,
    /// The pixels of a raster.
    Raster {
        /// Where they lie in the plane of the CRS.
        grid: Grid,
        /// The plane.
        crs: Crs,
    },
    /// Cells of the H3 grid; those of [`PopulationGrid::cells`], in the order of their indices.
    Hexagons {
        /// The resolutions present, ascending.
        resolutions: Vec<u8>,
    },
}

/// How many H3 resolutions finer the sub-cells are: the fewest whose 7ᵏ children are at least `parts²`.
pub(super) fn h3_steps(parts: u32) -> u8 {
    let wanted = u64::from(parts.clamp(1, MOST_PARTS)).pow(2);
    (0..=15).find(|&k| 7u64.pow(k.into()) >= wanted).unwrap_or(15)
}

/// The resolution of the sub-cells of a cell, at most the finest.
pub(super) fn child_resolution(cell: CellIndex, steps: u8) -> Resolution {
    Resolution::try_from(u8::from(cell.resolution()).saturating_add(steps)).unwrap_or(Resolution::Fifteen)
}

impl PopulationGrid {
    /// Into how many parts by edge to split each cell so that no sub-cell is wider than `cell_m` metres on the ellipsoid;
    /// 1 where none is wider already, and for points; at most [`MOST_PARTS`].
    ///
    /// The width of a pixel in degrees is its longer side, that of another pixel the square root of its area, that of a
    /// hexagon the distance of opposite sides. H3 cells have 7ᵏ sub-cells, so that of them only 1, 2 (7), 7 (49),
    /// 18 (343) and 49 (2,401) come.
    pub fn parts(&self, cell_m: f64) -> u32 {
        let widest_m = self.cells.iter().map(|cell| cell.shape.width_m(cell.centre)).fold(0.0, f64::max);
        let ratio = widest_m / cell_m * (1.0 - ROUNDING);
        if ratio.is_nan() || ratio <= 1.0 {
            return 1;
        }
        match self.frame {
            Frame::Points => 1,
            // `as` saturates.
            Frame::Raster { .. } => (ratio.ceil() as u32).min(MOST_PARTS),
            Frame::Hexagons { .. } => {
                let parts = |k: i32| 7f64.powi(k).sqrt();
                let steps = (1..4).find(|&k| parts(k) >= ratio).unwrap_or(4);
                parts(steps) as u32
            }
        }
    }

    /// The id of the sub-cell that holds a place, if cells are split into `parts` by edge; `None` outside the grid and for
    /// points. Pixels without people have sub-cells too; hexagons only those of [`PopulationGrid::cells`].
    ///
    /// Sub-cell `k` of pixel `id` has the id `id · parts² + k`, counted by rows from its north-west corner; that of a
    /// hexagon is the index of the child. `parts` below 1 counts as 1, above [`MOST_PARTS`] as that.
    pub fn locate(&self, at: LonLat, parts: u32) -> Option<u64> {
        let parts = parts.clamp(1, MOST_PARTS);
        match &self.frame {
            Frame::Points => None,
            Frame::Raster { grid, crs } => {
                let [x, y] = grid.in_pixels(crs.to_plane(at)?);
                let inside = (0.0..f64::from(grid.width)).contains(&x) && (0.0..f64::from(grid.height)).contains(&y);
                if !inside {
                    return None;
                }
                let split = |v: f64| {
                    let sub = ((v.fract() * f64::from(parts)) as u64).min(u64::from(parts) - 1);
                    (v as u64, sub)
                };
                let ((column, sub_x), (row, sub_y)) = (split(x), split(y));
                let pixel = row * u64::from(grid.width) + column;
                Some(sub_id(pixel, parts, sub_y * u64::from(parts) + sub_x))
            }
            Frame::Hexagons { resolutions } => {
                let place = LatLng::new(at.lat, at.lon).ok()?;
                let steps = h3_steps(parts);
                resolutions.iter().find_map(|&resolution| {
                    let resolution = Resolution::try_from(resolution).ok()?;
                    let child =
                        Resolution::try_from(u8::from(resolution).saturating_add(steps)).unwrap_or(Resolution::Fifteen);
                    let child = place.to_cell(child);
                    let parent = u64::from(child.parent(resolution)?);
                    self.cells.binary_search_by_key(&parent, |cell| cell.id).ok().map(|_| child.into())
                })
            }
        }
    }
}

/// The id of sub-cell `k` of a pixel.
pub(super) fn sub_id(pixel: u64, parts: u32, k: u64) -> u64 {
    pixel.saturating_mul(u64::from(parts).pow(2)).saturating_add(k)
}
