//! The order of the large tables: by space, so that who reads one commune reads few row groups.

use std::ops::Range;

use crate::network::build::hilbert::hilbert_order;
use crate::output::table::GROUP_ROWS;
use crate::study::Study;
use crate::units::LonLat;

/// The demand cells by the code of their feature of the first boundary layer, those outside all last; within a feature
/// along a Hilbert curve.
pub struct SpatialOrder {
    /// Number of each cell, in this order.
    pub cells: Vec<u32>,
    /// Where the cells of each feature lie in the order.
    features: Vec<Range<usize>>,
}

impl SpatialOrder {
    /// The order of a study's cells.
    pub fn of(study: &Study) -> SpatialOrder {
        let places: Vec<LonLat> = study.cells.iter().map(|c| c.at).collect();
        let none = Vec::new();
        let features = study.layers.first().map_or(&none, |layer| &layer.features);
        let mut by_code: Vec<usize> = (0..features.len()).collect();
        by_code.sort_by(|&a, &b| features[a].code.cmp(&features[b].code));
        let mut rank = vec![0; features.len()];
        for (place, &feature) in by_code.iter().enumerate() {
            rank[feature] = place;
        }
        let lies_in = study.cell_boundary.first();
        let group = |cell: usize| lies_in.and_then(|of| of[cell]).map_or(features.len(), |f| rank[f as usize]);
        SpatialOrder::by(&places, group)
    }

    fn by(places: &[LonLat], group: impl Fn(usize) -> usize) -> SpatialOrder {
        let mut cells = hilbert_order(places);
        cells.sort_by_key(|&cell| group(cell as usize));
        let mut features: Vec<Range<usize>> = Vec::new();
        for at in 0..cells.len() {
            match features.last_mut() {
                Some(last) if group(cells[last.start] as usize) == group(cells[at] as usize) => last.end = at + 1,
                _ => features.push(at..at + 1),
            }
        }
        SpatialOrder { cells, features }
    }

    /// Cuts the order into row groups; `rows` says how many rows a cell has. Small features share a group, a large one has
    /// several of like size, and none lies in two groups but for its size. Only a cell with more rows than a group holds
    /// makes one that is larger.
    pub fn row_groups(&self, rows: impl Fn(u32) -> usize) -> Vec<Range<usize>> {
        let mut groups = Vec::new();
        let (mut open, mut held) = (0..0, 0);
        let mut close = |group: &Range<usize>| {
            if !group.is_empty() {
                groups.push(group.clone());
            }
        };
        for feature in &self.features {
            let sizes = self.cells[feature.clone()].iter().map(|&cell| rows(cell));
            let whole: usize = sizes.clone().sum();
            if held + whole <= GROUP_ROWS {
                (open.end, held) = (feature.end, held + whole);
                continue;
            }
            close(&open);
            (open, held) = (feature.start..feature.end, whole);
            if whole <= GROUP_ROWS {
                continue;
            }
            // Each of `n` parts may hold one cell more than its share, and must still fit.
            let largest = sizes.clone().max().unwrap_or(0);
            let n = whole.div_ceil(GROUP_ROWS.saturating_sub(largest).max(1));
            (open, held) = (feature.start..feature.start, 0);
            let mut closed = 0;
            for (at, size) in feature.clone().zip(sizes) {
                open.end = at + 1;
                held += size;
                if held * n >= (closed + 1) * whole {
                    close(&open);
                    (open, closed) = (at + 1..at + 1, held * n / whole);
                }
            }
            close(&open);
            (open, held) = (feature.end..feature.end, 0);
        }
        close(&open);
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight cells in a row from west to east, which a Hilbert curve takes in this order or its reverse.
    fn places() -> Vec<LonLat> {
        (0..8).map(|i| LonLat { lon: 105.0 + 0.001 * f64::from(i), lat: 21.0 }).collect()
    }

    #[test]
    fn features_stand_together() {
        let order = SpatialOrder::by(&places(), |cell| [1, 0, 1, 0, 1, 0, 1, 2][cell]);
        let mut parts: Vec<Vec<u32>> = order.features.iter().map(|f| order.cells[f.clone()].to_vec()).collect();
        // By the curve or backwards: neighbours follow each other.
        assert!(parts.iter().all(|p| p.is_sorted() || p.iter().rev().is_sorted()), "{parts:?}");
        parts.iter_mut().for_each(|p| p.sort_unstable());
        assert_eq!(parts, [vec![1, 3, 5], vec![0, 2, 4, 6], vec![7]]);
    }

    #[test]
    fn row_groups_follow_features() {
        // Three features of 3, 4 and 1 cells.
        let order = SpatialOrder::by(&places(), |cell| [1, 0, 1, 0, 1, 0, 1, 2][cell]);
        // 8 cells of 1,000 rows fit one group of 32,768.
        assert_eq!(order.row_groups(|_| 1000), vec![0..8; 1]);
        // Of 8,000 rows: the first feature (24,000) and the second (32,000) do not fit together, nor does the third.
        assert_eq!(order.row_groups(|_| 8000), [0..3, 3..7, 7..8]);
        // Of 15,000: the first (45,000) in n = ceil(45,000 / (32,768 - 15,000)) = 3 groups, closed at 15,000, 30,000 and
        // 45,000 rows; the second (60,000) in ceil(60,000 / 17,768) = 4 groups.
        assert_eq!(order.row_groups(|_| 15_000), [0..1, 1..2, 2..3, 3..4, 4..5, 5..6, 6..7, 7..8]);
        // A cell with more rows than a group holds stands alone.
        assert_eq!(order.row_groups(|_| 40_000).len(), 8);
        // Cells without rows are in some group and make none.
        assert_eq!(order.row_groups(|_| 0), vec![0..8; 1]);
    }

    #[test]
    fn a_large_feature_is_cut_evenly() {
        // One feature of 8 cells with 12,000 rows each: 96,000 rows in ceil(96,000 / (32,768 - 12,000)) = 5 groups of some
        // 19,200: closed at the first cell that reaches 19,200, 38,400, 57,600, 76,800 and 96,000 rows.
        let order = SpatialOrder::by(&places(), |_| 0);
        assert_eq!(order.row_groups(|_| 12_000), [0..2, 2..4, 4..5, 5..7, 7..8]);
    }
}
