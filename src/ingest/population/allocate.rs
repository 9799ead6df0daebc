//! Splitting and scaling people without losing any: largest remainders (Hamilton's method).

use crate::units::{LonLat, Persons};

use super::DemandCell;

/// Splits a whole number in proportion to the weights. The parts add up to `total` exactly; what is left after rounding
/// down goes to the largest remainders, the first of equals. All 0 when the weights are all 0.
pub fn apportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    // total · weight fits in 128 bits; a quotient is at most `total`.
    let products = weights.iter().map(|&w| u128::from(total) * u128::from(w));
    let mut parts: Vec<u64> = products.clone().map(|p| (p / sum) as u64).collect();
    let left = total - parts.iter().sum::<u64>();
    let mut order: Vec<(u128, usize)> = products.enumerate().map(|(i, p)| (p % sum, i)).collect();
    order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, i) in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        parts[i] += 1;
    }
    parts
}

/// Splits each cell into `parts` by `parts` sub-cells, its people in proportion to the weights of the sub-cells.
///
/// `weight` gets the centre of a sub-cell and half its width and height in degrees; for a cell on the border it must be
/// 0 for sub-cells outside the study area. Each cell keeps its people to the thousandth. Where all weights are 0 the
/// people are spread equally over a cell that lies wholly in the study area, and a cell on its border, or a point
/// without extent, stays as it is. Sub-cells without people are left out.
///
/// Sub-cells come cell by cell, from north to south and west to east, and sub-cell `k` of cell `id` has the id
/// `id · parts² + k`; `at` is the sub-cell's centre. Memory grows with cells × parts². With `parts` below 2 the cells
/// come back unchanged.
pub fn refine(cells: &[DemandCell], parts: u32, weight: &dyn Fn(LonLat, f64, f64) -> u64) -> Vec<DemandCell> {
    if parts < 2 {
        return cells.to_vec();
    }
    let count = u64::from(parts) * u64::from(parts);
    let mut out = Vec::with_capacity(cells.len());
    let mut centres = Vec::new();
    for cell in cells {
        let half_lon = cell.half_lon / f64::from(parts);
        let half_lat = cell.half_lat / f64::from(parts);
        let id = |k: u64| cell.id.saturating_mul(count).saturating_add(k);
        centres.clear();
        for y in 0..parts {
            for x in 0..parts {
                centres.push(LonLat {
                    lon: cell.centre.lon - cell.half_lon + (2.0 * f64::from(x) + 1.0) * half_lon,
                    lat: cell.centre.lat + cell.half_lat - (2.0 * f64::from(y) + 1.0) * half_lat,
                });
            }
        }
        let mut weights: Vec<u64> = centres.iter().map(|&at| weight(at, half_lon, half_lat)).collect();
        if weights.iter().all(|&w| w == 0) {
            if cell.share_inside < 1.0 || cell.half_lon == 0.0 || cell.half_lat == 0.0 {
                out.push(DemandCell { id: id(0), ..*cell });
                continue;
            }
            weights.fill(1);
        }
        let people = apportion(cell.persons.0, &weights);
        for (k, (&at, persons)) in centres.iter().zip(people).enumerate().filter(|(_, (_, p))| *p > 0) {
            out.push(DemandCell {
                id: id(k as u64),
                at,
                centre: at,
                half_lon,
                half_lat,
                share_inside: 1.0,
                persons: Persons(persons),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(id: u64, persons: u64) -> DemandCell {
        let centre = LonLat { lon: 105.0, lat: 21.0 };
        DemandCell {
            id,
            at: centre,
            centre,
            half_lon: 0.4,
            half_lat: 0.2,
            share_inside: 1.0,
            persons: Persons(persons),
        }
    }

    #[test]
    fn remainders_go_to_the_largest() {
        // 10 by 1 : 2 : 4 is 1.43, 2.86, 5.71: floors 1, 2, 5 leave 2, to .86 and .71.
        assert_eq!(apportion(10, &[1, 2, 4]), [1, 3, 6]);
        // Equal remainders: the first gets it.
        assert_eq!(apportion(4, &[1, 1, 1]), [2, 1, 1]);
        assert_eq!(apportion(5, &[0, 0]), [0, 0]);
        assert_eq!(apportion(u64::MAX, &[u64::MAX, 0]), [u64::MAX, 0]);
    }

    #[test]
    fn a_cell_is_split_by_weight() {
        // Weight 3 in the north-west quarter, 1 in the south-east, 0 else: 1001 = 750.75 + 250.25 -> 751 + 250.
        let weight = |at: LonLat, half_lon: f64, half_lat: f64| {
            assert!((half_lon - 0.2).abs() < 1e-12 && (half_lat - 0.1).abs() < 1e-12);
            match (at.lon < 105.0, at.lat > 21.0) {
                (true, true) => 3,
                (false, false) => 1,
                _ => 0,
            }
        };
        let found = refine(&[cell(7, 1001)], 2, &weight);
        assert_eq!(found.iter().map(|c| (c.id, c.persons.0)).collect::<Vec<_>>(), [(28, 751), (31, 250)]);
        assert!((found[0].at.lon - 104.8).abs() < 1e-12 && (found[0].at.lat - 21.1).abs() < 1e-12);
    }

    #[test]
    fn without_weights_a_whole_cell_is_spread_and_a_border_cell_stays() {
        let border = DemandCell { share_inside: 0.3, at: LonLat { lon: 104.7, lat: 20.9 }, ..cell(1, 50) };
        let found = refine(&[cell(0, 6), border], 2, &|_, _, _| 0);
        // 6 over 4 sub-cells: 1.5 each, the first two get the halves.
        assert_eq!(found[..4].iter().map(|c| c.persons.0).collect::<Vec<_>>(), [2, 2, 1, 1]);
        assert_eq!(found[4..], [DemandCell { id: 4, ..border }]);
        assert_eq!(refine(&[border], 1, &|_, _, _| 1), [border]);
    }

    proptest! {
        #[test]
        fn nobody_is_lost(persons in 0u64..1_000_000_000, weights in prop::collection::vec(0u64..1000, 16)) {
            let parts = apportion(persons, &weights);
            let sum = if weights.iter().all(|w| *w == 0) { 0 } else { persons };
            prop_assert_eq!(parts.iter().sum::<u64>(), sum);
            // A part is within one of its exact share.
            let all: u64 = weights.iter().sum::<u64>().max(1);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((*part as f64 - persons as f64 * *weight as f64 / all as f64).abs() < 1.0 + 1e-6);
            }
            let turn = std::cell::Cell::new(0);
            let found = refine(&[cell(0, persons)], 4, &|_, _, _| {
                turn.set(turn.get() + 1);
                weights[turn.get() - 1]
            });
            prop_assert_eq!(found.iter().map(|c| c.persons.0).sum::<u64>(), persons);
        }
    }
}
