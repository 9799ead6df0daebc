//! Splitting and scaling people without losing any: largest remainders (Hamilton's method).

use crate::units::Persons;

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

/// What calibrating did to one boundary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationRow {
    /// Demand cells of the boundary.
    pub cells: usize,
    /// Their people before.
    pub before: Persons,
    /// Their people after: the official number, or `before` where there is none or nobody to scale.
    pub after: Persons,
    /// The official number, if the boundary has one.
    pub official: Option<Persons>,
    /// `official / before`; `None` where nothing was scaled.
    pub factor: Option<f64>,
}

impl CalibrationRow {
    /// People of the official number that stand in no cell, because the grid has nobody in this boundary.
    pub fn missing(&self) -> Persons {
        Persons(self.official.map_or(0, |official| official.0.saturating_sub(self.after.0)))
    }
}

/// Scales the cells of each boundary so that they add up to its official number of people, to the thousandth.
///
/// `of_cell[i]` is the boundary of cell `i`; cells of no boundary, or of one without an official number, stay as they
/// are. One row a boundary, in the order of `totals`; a boundary whose official people find no cell says so by
/// [`CalibrationRow::missing`]. Cells may become 0.
pub fn calibrate(
    cells: &mut [DemandCell],
    of_cell: &[Option<usize>],
    totals: &[Option<Persons>],
) -> Vec<CalibrationRow> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); totals.len()];
    for (cell, boundary) in of_cell.iter().enumerate().take(cells.len()) {
        if let Some(list) = boundary.and_then(|b| members.get_mut(b)) {
            list.push(cell);
        }
    }
    let mut rows = Vec::with_capacity(totals.len());
    for (list, &official) in members.iter().zip(totals) {
        let weights: Vec<u64> = list.iter().map(|&i| cells[i].persons.0).collect();
        let before = Persons(weights.iter().sum());
        let row = CalibrationRow { cells: list.len(), before, after: before, official, factor: None };
        let Some(official) = official.filter(|_| before.0 > 0) else {
            rows.push(row);
            continue;
        };
        for (&i, people) in list.iter().zip(apportion(official.0, &weights)) {
            cells[i].persons = Persons(people);
        }
        rows.push(CalibrationRow { after: official, factor: Some(official.0 as f64 / before.0 as f64), ..row });
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::population::CellShape;
    use crate::units::LonLat;

    fn cell(id: u64, persons: u64) -> DemandCell {
        let centre = LonLat { lon: 105.0, lat: 21.0 };
        let shape = CellShape::Parallelogram { u: [0.4, 0.0], v: [0.0, 0.2] };
        DemandCell { id, at: centre, centre, shape, share_inside: 1.0, persons: Persons(persons) }
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
    fn boundaries_get_their_official_people() {
        let mut cells = [cell(0, 1000), cell(1, 2000), cell(2, 500), cell(3, 70)];
        let of_cell = [Some(0), Some(0), Some(2), None];
        let totals = [Some(Persons(1000)), Some(Persons(9)), None];
        let rows = calibrate(&mut cells, &of_cell, &totals);
        // 1000 by 1 : 2 is 333.3 and 666.7.
        assert_eq!(cells.map(|c| c.persons.0), [333, 667, 500, 70]);
        assert_eq!((rows[0].cells, rows[0].before, rows[0].after), (2, Persons(3000), Persons(1000)));
        assert!((rows[0].factor.unwrap() - 1.0 / 3.0).abs() < 1e-12);
        // Nobody of boundary 1 is in the grid: its 9 are missing, and that is said.
        assert_eq!((rows[1].cells, rows[1].missing(), rows[1].factor), (0, Persons(9), None));
        assert_eq!((rows[2].after, rows[2].missing()), (Persons(500), Persons(0)));
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
        }
    }
}
