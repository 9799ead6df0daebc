//! Splitting cells over what people live by.

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{Contains, MultiPolygon, Point};
use h3o::{CellIndex, LatLng};
use rayon::prelude::*;

use super::allocate::apportion;
use super::frame::{MOST_PARTS, child_resolution, h3_steps, sub_id};
use super::{CellShape, DemandCell, Frame, PopulationGrid};
use crate::ingest::geotiff::{Crs, Grid};
use crate::stages::stopping;
use crate::units::{LonLat, Persons};

/// A part of a cell: its id and its centre.
type SubCell = (u64, LonLat);

impl PopulationGrid {
    /// Splits each cell into `parts` by `parts` sub-cells (an H3 cell into its children; see [`PopulationGrid::parts`]),
    /// its people in proportion to the weights of the sub-cells. `area` is the study area that the grid was read for.
    ///
    /// `weight` gets the id of a sub-cell (that of [`PopulationGrid::locate`]) and its centre. Each cell keeps its people
    /// to the thousandth, by largest remainders. Of a cell on the border only the sub-cells whose centre lies in the area
    /// get anybody. Where all weights are 0 the people are spread equally over these sub-cells, over those that are
    /// `habitable` if there are any; where no centre lies in the area, all live in the sub-cell that holds the cell's
    /// place, at that place. Sub-cells without people are left out. A point stays a point.
    ///
    /// Sub-cells come cell by cell, those of a pixel from north to south and west to east, those of a hexagon by index;
    /// neither order nor result depends on the number of threads. Memory grows with the cells that have people. With
    /// `parts` below 2 the cells come back unchanged; above [`MOST_PARTS`] it counts as that.
    pub fn refine(
        &self,
        parts: u32,
        area: &MultiPolygon<f64>,
        weight: &(dyn Fn(u64, LonLat) -> u64 + Sync),
        habitable: &(dyn Fn(LonLat) -> bool + Sync),
    ) -> Vec<DemandCell> {
        let parts = parts.min(MOST_PARTS);
        if parts < 2 || self.frame == Frame::Points {
            return self.cells.clone();
        }
        let inside = IntervalTreeMultiPolygon::new(area);
        let of_cell = |cell: &DemandCell| {
            // Nothing comes of a run that is being stopped.
            if stopping() {
                return Vec::new();
            }
            let (subs, shape) = match &self.frame {
                Frame::Points => return vec![*cell],
                Frame::Raster { grid, crs } => pixel_parts(cell, grid, crs, parts),
                Frame::Hexagons { .. } => children(cell, parts),
            };
            let holds = |at: LonLat| cell.share_inside >= 1.0 || inside.contains(&Point::new(at.lon, at.lat));
            let open: Vec<SubCell> = subs.iter().copied().filter(|&(_, at)| holds(at)).collect();
            if open.is_empty() {
                let id = self.locate(cell.at, parts);
                let Some(&(id, centre)) = subs.iter().find(|(sub, _)| Some(*sub) == id).or(subs.first()) else {
                    return vec![*cell];
                };
                let shape = shape.unwrap_or(CellShape::Hexagon { index: id });
                let share_inside = (cell.share_inside * subs.len() as f64).min(1.0);
                return vec![DemandCell { id, centre, shape, share_inside, ..*cell }];
            }
            let mut weights: Vec<u64> = open.iter().map(|&(id, at)| weight(id, at)).collect();
            if weights.iter().all(|&w| w == 0) {
                weights = open.iter().map(|&(_, at)| u64::from(habitable(at))).collect();
            }
            if weights.iter().all(|&w| w == 0) {
                weights.fill(1);
            }
            let people = apportion(cell.persons.0, &weights);
            let with_people = open.into_iter().zip(people).filter(|(_, persons)| *persons > 0);
            with_people
                .map(|((id, at), persons)| DemandCell {
                    id,
                    at,
                    centre: at,
                    shape: shape.unwrap_or(CellShape::Hexagon { index: id }),
                    share_inside: 1.0,
                    persons: Persons(persons),
                })
                .collect()
        };
        self.cells.par_iter().flat_map_iter(of_cell).collect()
    }
}

fn pixel_parts(cell: &DemandCell, grid: &Grid, crs: &Crs, parts: u32) -> (Vec<SubCell>, Option<CellShape>) {
    let width = u64::from(grid.width).max(1);
    let (row, column) = ((cell.id / width) as f64, (cell.id % width) as f64);
    let of = f64::from(parts);
    let mut subs = Vec::with_capacity((parts * parts) as usize);
    for y in 0..parts {
        for x in 0..parts {
            let place = [column + (f64::from(x) + 0.5) / of, row + (f64::from(y) + 0.5) / of];
            let id = sub_id(cell.id, parts, u64::from(y) * u64::from(parts) + u64::from(x));
            // Beyond the edge of the Earth there is no place, and nobody.
            if let Some(at) = crs.to_lonlat(grid.in_plane(place)) {
                subs.push((id, at));
            }
        }
    }
    let shape = match cell.shape {
        CellShape::Parallelogram { u, v } => CellShape::Parallelogram { u: u.map(|d| d / of), v: v.map(|d| d / of) },
        other => other,
    };
    (subs, Some(shape))
}

fn children(cell: &DemandCell, parts: u32) -> (Vec<SubCell>, Option<CellShape>) {
    let Ok(index) = CellIndex::try_from(cell.id) else { return (Vec::new(), None) };
    let centre = |child: CellIndex| {
        let at = LatLng::from(child);
        (u64::from(child), LonLat { lon: at.lng(), lat: at.lat() })
    };
    (index.children(child_resolution(index, h3_steps(parts))).map(centre).collect(), None)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::ingest::testkit::rectangle;

    /// 4 by 3 pixels of 0.8 by 0.4 degrees from 104.6° E, 21.2° N.
    fn grid(cells: Vec<DemandCell>) -> PopulationGrid {
        let grid = Grid { width: 4, height: 3, west: 104.6, north: 21.2, pixel_width: 0.8, pixel_height: 0.4 };
        PopulationGrid { cells, frame: Frame::Raster { grid, crs: Crs::wgs84() }, ..Default::default() }
    }

    /// Pixel `id` of that grid.
    fn cell(id: u64, persons: u64) -> DemandCell {
        let centre = LonLat { lon: 105.0 + 0.8 * (id % 4) as f64, lat: 21.0 - 0.4 * (id / 4) as f64 };
        DemandCell {
            id,
            at: centre,
            centre,
            shape: CellShape::Parallelogram { u: [0.4, 0.0], v: [0.0, 0.2] },
            share_inside: 1.0,
            persons: Persons(persons),
        }
    }

    fn earth() -> MultiPolygon<f64> {
        rectangle(-180.0, -90.0, 180.0, 90.0)
    }

    #[test]
    fn a_cell_is_split_by_weight() {
        // Weight 3 in the north-west quarter, 1 in the south-east, 0 else: 1001 = 750.75 + 250.25 -> 751 + 250.
        // Pixel 5 lies in column 1 and row 1: its centre is 104.6 + 1.5 · 0.8 = 105.8 and 21.2 - 1.5 · 0.4 = 20.6.
        let found = grid(vec![cell(5, 1001)]).refine(
            2,
            &earth(),
            &|id, at| {
                let (number, weight) = match (at.lon < 105.8, at.lat > 20.6) {
                    (true, true) => (0, 3),
                    (false, true) => (1, 0),
                    (true, false) => (2, 0),
                    (false, false) => (3, 1),
                };
                assert_eq!(id, 20 + number);
                weight
            },
            &|_| true,
        );
        assert_eq!(found.iter().map(|c| (c.id, c.persons.0)).collect::<Vec<_>>(), [(20, 751), (23, 250)]);
        // A quarter of 0.8 by 0.4 west and north of 105.8, 20.6.
        assert!((found[0].at.lon - 105.6).abs() < 1e-12 && (found[0].at.lat - 20.7).abs() < 1e-12);
        assert_eq!(found[0].shape, CellShape::Parallelogram { u: [0.2, 0.0], v: [0.0, 0.1] });
    }

    #[test]
    fn without_weights_people_are_spread_over_what_lies_inside() {
        // 6 over 4 sub-cells: 1.5 each, the first two get the halves.
        let found = grid(vec![cell(0, 6)]).refine(2, &earth(), &|_, _| 0, &|_| true);
        assert_eq!(found.iter().map(|c| c.persons.0).collect::<Vec<_>>(), [2, 2, 1, 1]);
        // The east half is water: the west half gets all.
        let found = grid(vec![cell(0, 6)]).refine(2, &earth(), &|_, _| 0, &|at| at.lon < 105.0);
        assert_eq!(found.iter().map(|c| (c.id, c.persons.0)).collect::<Vec<_>>(), [(0, 3), (2, 3)]);
        // West of 104.9 lie the centres of sub-cells 0 and 2 (104.8) of pixel 0; weights elsewhere do not count.
        let border = DemandCell { share_inside: 0.3, at: LonLat { lon: 104.75, lat: 20.9 }, ..cell(0, 51) };
        let strip = rectangle(104.0, 20.0, 104.9, 22.0);
        let found = grid(vec![border]).refine(2, &strip, &|id, _| id % 2 * 1000, &|_| true);
        assert_eq!(found.iter().map(|c| (c.id, c.persons.0)).collect::<Vec<_>>(), [(0, 26), (2, 25)]);
        // No centre lies inside: all stay at their place, in the part that holds it, of which 4 · 0.1 may lie inside.
        let sliver = rectangle(104.6, 20.0, 104.7, 22.0);
        let border = DemandCell { share_inside: 0.1, at: LonLat { lon: 104.65, lat: 20.9 }, ..cell(0, 51) };
        let found = grid(vec![border]).refine(2, &sliver, &|_, _| 1, &|_| true);
        assert_eq!((found[0].id, found[0].at, found[0].persons), (2, border.at, Persons(51)));
        assert_eq!(found[0].shape, CellShape::Parallelogram { u: [0.2, 0.0], v: [0.0, 0.1] });
        assert!((found[0].share_inside - 0.4).abs() < 1e-12 && (found[0].centre.lon - 104.8).abs() < 1e-12);
        assert_eq!(grid(vec![border]).refine(1, &sliver, &|_, _| 1, &|_| true), [border]);
    }

    #[test]
    fn every_sub_cell_is_found_where_its_centre_is() {
        let cells: Vec<DemandCell> = (0..12).map(|id| cell(id, 1_000_000)).collect();
        let grid = grid(cells);
        for parts in [1, 2, 3, 7, 64] {
            for sub in grid.refine(parts, &earth(), &|_, _| 1, &|_| true) {
                assert_eq!(grid.locate(sub.at, parts), Some(sub.id));
            }
        }
        // On the west and north edge inside, on the east and south edge outside.
        let at = |lon, lat| grid.locate(LonLat { lon, lat }, 4);
        assert_eq!(at(104.6, 21.2), Some(0));
        assert_eq!((at(104.5999, 21.0), at(107.81, 21.0), at(105.0, 19.99)), (None, None, None));
        assert_eq!(at(f64::NAN, 21.0), None);
    }

    #[test]
    fn parts_make_cells_narrow_enough() {
        // 0.8 degrees at 20.2° N (row 2) are widest: 0.8 · 104,499 m = 83.6 km; 0.4 degrees of latitude are 44.3 km.
        let grid = grid(vec![cell(0, 1), cell(8, 1)]);
        assert_eq!((grid.parts(84_000.0), grid.parts(83_000.0), grid.parts(42_000.0)), (1, 2, 2));
        assert_eq!((grid.parts(1.0), grid.parts(f64::NAN), grid.parts(f64::INFINITY)), (MOST_PARTS, 1, 1));
        // No parts at all are as many as there may be.
        assert_eq!((grid.parts(0.0), grid.parts(-5.0)), (MOST_PARTS, 1));
        assert_eq!(PopulationGrid::default().parts(100.0), 1);
    }

    #[test]
    fn hexagons_are_split_into_their_children() {
        // h3 4.5.0 (Python): latlng_to_cell(21.03, 105.85, 8) and its seven cell_to_children; the resolution-10 cell there.
        let index = 0x88415cb4e5fffff;
        let centre = LonLat { lon: 105.851_383_558_877_77, lat: 21.029_903_401_294_62 };
        let shape = CellShape::Hexagon { index };
        let cell = DemandCell { id: index, at: centre, centre, shape, share_inside: 1.0, persons: Persons(700) };
        let grid =
            PopulationGrid { cells: vec![cell], frame: Frame::Hexagons { resolutions: vec![8] }, ..Default::default() };
        let found = grid.refine(2, &earth(), &|_, _| 1, &|_| true);
        let expected: [u64; 7] = [
            0x89415cb4e43ffff,
            0x89415cb4e47ffff,
            0x89415cb4e4bffff,
            0x89415cb4e4fffff,
            0x89415cb4e53ffff,
            0x89415cb4e57ffff,
            0x89415cb4e5bffff,
        ];
        assert_eq!(found.iter().map(|c| (c.id, c.persons.0)).collect::<Vec<_>>(), expected.map(|id| (id, 100)));
        assert_eq!(found[3].shape, CellShape::Hexagon { index: expected[3] });
        let at = LonLat { lon: 105.85, lat: 21.03 };
        assert_eq!((grid.locate(at, 1), grid.locate(at, 7)), (Some(index), Some(0x8a415cb4e40ffff)));
        assert_eq!(grid.locate(LonLat { lon: 105.87, lat: 21.03 }, 1), None);
        // √(2/√3 · 804,805 m²) = 964 m; through √7 for each step: 364.4, 137.7, 52.1, 19.7.
        assert_eq!([964.1, 963.0, 364.0, 137.0, 52.0, 10.0].map(|m| grid.parts(m)), [1, 2, 7, 18, 49, 49]);
        assert_eq!([1, 2, 3, 7, 8, 49, 64].map(h3_steps), [0, 1, 2, 2, 3, 4, 5]);
    }

    proptest! {
        #[test]
        fn nobody_is_lost(
            people in prop::collection::vec(1u64..1_000_000_000, 12),
            seed in 0u64..1000,
            parts in 2u32..9,
            lon in 104.7f64..107.7,
            shares in prop::collection::vec(any::<bool>(), 12),
        ) {
            let cells: Vec<DemandCell> = people
                .iter()
                .zip(&shares)
                .enumerate()
                .map(|(i, (&p, &whole))| DemandCell { share_inside: if whole { 1.0 } else { 0.5 }, ..cell(i as u64, p) })
                .collect();
            let area = rectangle(104.0, 18.0, lon, 22.0);
            let found = grid(cells.clone()).refine(parts, &area, &|id, _| (id * 7919 + seed) % 5, &|_| true);
            let mut sums: HashMap<u64, u64> = HashMap::new();
            let count = u64::from(parts * parts);
            for sub in &found {
                *sums.entry(sub.id / count).or_default() += sub.persons.0;
                let border = !shares[(sub.id / count) as usize];
                // A sub-cell of a border cell lies inside, or it holds the cell's place.
                let kept = cells.iter().any(|cell| cell.at == sub.at);
                prop_assert!(!border || sub.at.lon < lon || kept);
            }
            for cell in &cells {
                prop_assert_eq!(sums[&cell.id], cell.persons.0);
            }
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let again = one.install(|| grid(cells).refine(parts, &area, &|id, _| (id * 7919 + seed) % 5, &|_| true));
            prop_assert_eq!(found, again);
        }
    }
}
