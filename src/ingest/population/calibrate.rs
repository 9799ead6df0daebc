//! Scaling people to official numbers: iterative proportional fitting (Deming and Stephan, 1940, *On a least squares
//! adjustment of a sampled frequency table when the expected marginal totals are known*), then whole thousandths by
//! largest remainders.

use super::DemandCell;
use super::allocate::apportion;
use serde::{Deserialize, Serialize};

use crate::units::Persons;

/// Factors outside these are worth a look: the grid and the official number disagree by more than twice.
pub const DOUBTFUL_FACTORS: (f64, f64) = (0.5, 2.0);

/// Fitting stops when no boundary is further than this from its number, as a share.
const CLOSE_ENOUGH: f64 = 1e-9;
/// Fitting stops after so many rounds: layers that contradict each other never agree.
const MOST_ROUNDS: u32 = 200;

/// A boundary layer with official numbers.
#[derive(Debug, Clone, Copy)]
pub struct Margin<'a> {
    /// The boundary in which each cell lies.
    pub of_cell: &'a [Option<u32>],
    /// The official number of each boundary, where it has one.
    pub totals: &'a [Option<Persons>],
}

/// What calibrating did to one boundary.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationRow {
    /// Demand cells of the boundary.
    pub cells: usize,
    /// Their people before.
    pub before: Persons,
    /// Their people after.
    pub after: Persons,
    /// The official number, if the boundary has one.
    pub official: Option<Persons>,
    /// `after / before`; `None` without an official number, or where nobody stood who could be scaled.
    pub factor: Option<f64>,
}

impl CalibrationRow {
    /// People of the official number that stand in no cell, because the grid has nobody in this boundary.
    pub fn missing(&self) -> Persons {
        Persons(self.official.map_or(0, |official| official.0.saturating_sub(self.after.0)))
    }

    /// Whether the factor lies outside [`DOUBTFUL_FACTORS`].
    pub fn doubtful(&self) -> bool {
        self.factor.is_some_and(|f| f < DOUBTFUL_FACTORS.0 || f > DOUBTFUL_FACTORS.1)
    }
}

/// What calibrating did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// For each layer, a row for each of its boundaries.
    pub layers: Vec<Vec<CalibrationRow>>,
    /// Rounds of fitting; 1 with a single layer.
    pub rounds: u32,
    /// The largest deviation from an official number that is left, as a share of it, boundaries without anybody aside.
    /// Rounding alone leaves a trace of it in the second and later layers.
    pub deviation: f64,
}

/// Scales the cells so that those of each boundary add up to its official number of people.
///
/// With one layer each boundary is scaled by one factor. With several, layer after layer is scaled in rounds until all
/// agree, which keeps the proportions among the cells as far as the numbers allow; the first layer is exact to the
/// thousandth in any case, the others as closely as the layers agree with each other. Cells of no boundary, or of one
/// without an official number, stay as they are for that layer. A boundary whose official people find no cell says so by
/// [`CalibrationRow::missing`]. Cells may become 0.
pub fn calibrate(cells: &mut [DemandCell], margins: &[Margin]) -> Calibration {
    let before: Vec<u64> = cells.iter().map(|c| c.persons.0).collect();
    let sums_before: Vec<Vec<u64>> = margins.iter().map(|m| sums(m, &before)).collect();
    let mut people: Vec<f64> = before.iter().map(|&p| p as f64).collect();
    let mut rounds = 0;
    while rounds < MOST_ROUNDS {
        rounds += 1;
        let mut worst = 0.0_f64;
        for margin in margins {
            worst = worst.max(scale(margin, &mut people));
        }
        // A single layer is met after its first scaling; several only when a whole round changed nothing.
        if margins.len() < 2 || worst <= CLOSE_ENOUGH {
            break;
        }
    }
    if let Some(first) = margins.first() {
        let people = rounded(first, &people);
        for (cell, persons) in cells.iter_mut().zip(people) {
            cell.persons = Persons(persons);
        }
    }
    let after: Vec<u64> = cells.iter().map(|c| c.persons.0).collect();
    let layers: Vec<Vec<CalibrationRow>> =
        margins.iter().zip(&sums_before).map(|(margin, before)| rows(margin, before, &sums(margin, &after))).collect();
    let deviation = layers.iter().flatten().map(deviation).fold(0.0, f64::max);
    Calibration { layers, rounds, deviation }
}

fn deviation(row: &CalibrationRow) -> f64 {
    match row.official {
        Some(official) if official.0 > 0 && row.before.0 > 0 => {
            row.after.0.abs_diff(official.0) as f64 / official.0 as f64
        }
        _ => 0.0,
    }
}

fn sums(margin: &Margin, people: &[u64]) -> Vec<u64> {
    let mut sums = vec![0; margin.totals.len()];
    for (boundary, people) in margin.of_cell.iter().zip(people) {
        if let Some(sum) = boundary.and_then(|b| sums.get_mut(b as usize)) {
            *sum += people;
        }
    }
    sums
}

/// Scales every boundary of a layer to its number; the largest change of a factor from 1.
fn scale(margin: &Margin, people: &mut [f64]) -> f64 {
    let mut sums = vec![0.0; margin.totals.len()];
    for (boundary, people) in margin.of_cell.iter().zip(&*people) {
        if let Some(sum) = boundary.and_then(|b| sums.get_mut(b as usize)) {
            *sum += people;
        }
    }
    let factor = |(&sum, total): (&f64, &Option<Persons>)| match total {
        Some(total) if sum > 0.0 => total.0 as f64 / sum,
        _ => 1.0,
    };
    let factors: Vec<f64> = sums.iter().zip(margin.totals).map(factor).collect();
    for (boundary, people) in margin.of_cell.iter().zip(people) {
        if let Some(factor) = boundary.and_then(|b| factors.get(b as usize)) {
            *people *= factor;
        }
    }
    factors.iter().map(|f| (f - 1.0).abs()).fold(0.0, f64::max)
}

/// Whole thousandths: the first layer's boundaries get their numbers exactly, in proportion to the fitted people; cells
/// of no such boundary are rounded by themselves.
fn rounded(first: &Margin, fitted: &[f64]) -> Vec<u64> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); first.totals.len()];
    let mut out: Vec<u64> = fitted.iter().map(|p| p.round() as u64).collect();
    for (cell, boundary) in first.of_cell.iter().enumerate().take(fitted.len()) {
        if let Some(list) = boundary.and_then(|b| members.get_mut(b as usize)) {
            list.push(cell);
        }
    }
    for (list, total) in members.iter().zip(first.totals) {
        let Some(total) = total else { continue };
        let largest = list.iter().map(|&i| fitted[i]).fold(0.0, f64::max);
        if largest <= 0.0 {
            continue;
        }
        // Weights of 52 bits are finer than the thousandths they decide on.
        let weights: Vec<u64> = list.iter().map(|&i| (fitted[i] / largest * 2f64.powi(52)).round() as u64).collect();
        for (&i, people) in list.iter().zip(apportion(total.0, &weights)) {
            out[i] = people;
        }
    }
    out
}

fn rows(margin: &Margin, before: &[u64], after: &[u64]) -> Vec<CalibrationRow> {
    let mut cells = vec![0; margin.totals.len()];
    for boundary in margin.of_cell.iter().flatten() {
        if let Some(count) = cells.get_mut(*boundary as usize) {
            *count += 1;
        }
    }
    let row = |i: usize| CalibrationRow {
        cells: cells[i],
        before: Persons(before[i]),
        after: Persons(after[i]),
        official: margin.totals[i],
        factor: margin.totals[i].filter(|_| before[i] > 0).map(|_| after[i] as f64 / before[i] as f64),
    };
    (0..margin.totals.len()).map(row).collect()
}

/// Fits the members of a group in each cell to the official number of each boundary: a cell keeps its people, a boundary
/// gets its members, and the odds between cells stay as they were, which is where iterative proportional fitting of the
/// table "cell × member or not" ends. Whole thousandths, exact by boundary; never more members than people.
///
/// Boundaries without a number keep their members; a number beyond the people of the cells that have any member is cut
/// to them. Returns, for each boundary, the members before and after.
pub fn fit_group(people: &[Persons], members: &mut [Persons], margin: &Margin) -> Vec<(Persons, Persons)> {
    let before = sums(margin, &members.iter().map(|m| m.0).collect::<Vec<_>>());
    let mut lists: Vec<Vec<usize>> = vec![Vec::new(); margin.totals.len()];
    for (cell, boundary) in margin.of_cell.iter().enumerate().take(people.len()) {
        if let Some(list) = boundary.filter(|_| members[cell].0 > 0).and_then(|b| lists.get_mut(b as usize)) {
            list.push(cell);
        }
    }
    for (list, total) in lists.iter().zip(margin.totals) {
        let Some(total) = total else { continue };
        let wanted = total.0.min(list.iter().map(|&i| people[i].0).sum());
        let fitted = fit_members(list, people, members, wanted);
        for (&i, fit) in list.iter().zip(&fitted) {
            members[i] = Persons((fit.floor() as u64).min(people[i].0));
        }
        // What rounding down left goes to the largest remainders, each cell at most one and never beyond its people.
        let mut left = wanted.saturating_sub(list.iter().map(|&i| members[i].0).sum());
        let mut order: Vec<(f64, usize)> = list.iter().zip(&fitted).map(|(&i, f)| (f.fract(), i)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, i) in order {
            if left > 0 && members[i].0 < people[i].0 {
                members[i].0 += 1;
                left -= 1;
            }
        }
    }
    let after = sums(margin, &members.iter().map(|m| m.0).collect::<Vec<_>>());
    before.into_iter().zip(after).map(|(b, a)| (Persons(b), Persons(a))).collect()
}

/// Members of each cell with the odds of all multiplied by one number, found by halving, so that they add up to
/// `wanted`. The sum grows with that number, from 0 to all people.
fn fit_members(list: &[usize], people: &[Persons], members: &[Persons], wanted: u64) -> Vec<f64> {
    let fit = |log_odds: f64| -> Vec<f64> {
        let odds = log_odds.exp();
        let one = |&i: &usize| {
            let (all, inside) = (people[i].0 as f64, members[i].0.min(people[i].0) as f64);
            let grown = inside * odds;
            if grown > 0.0 { all * (grown / (all - inside + grown)) } else { 0.0 }
        };
        list.iter().map(one).collect()
    };
    let (mut low, mut high) = (-600.0, 600.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if fit(middle).iter().sum::<f64>() > wanted as f64 {
            high = middle;
        } else {
            low = middle;
        }
    }
    fit(low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::CellShape;
    use super::*;
    use crate::units::LonLat;

    fn cell(id: u64, persons: u64) -> DemandCell {
        let centre = LonLat { lon: 105.0, lat: 21.0 };
        let shape = CellShape::Point;
        DemandCell { id, at: centre, centre, shape, share_inside: 1.0, persons: Persons(persons) }
    }

    fn persons(cells: &[DemandCell]) -> Vec<u64> {
        cells.iter().map(|c| c.persons.0).collect()
    }

    #[test]
    fn boundaries_get_their_official_people() {
        let mut cells = [cell(0, 1000), cell(1, 2000), cell(2, 500), cell(3, 70)];
        let of_cell = [Some(0), Some(0), Some(2), None];
        let totals = [Some(Persons(1000)), Some(Persons(9)), None];
        let done = calibrate(&mut cells, &[Margin { of_cell: &of_cell, totals: &totals }]);
        let rows = &done.layers[0];
        // 1000 by 1 : 2 is 333.3 and 666.7.
        assert_eq!(persons(&cells), [333, 667, 500, 70]);
        assert_eq!((rows[0].cells, rows[0].before, rows[0].after), (2, Persons(3000), Persons(1000)));
        assert!((rows[0].factor.unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert!(rows[0].doubtful());
        // Nobody of boundary 1 is in the grid: its 9 are missing, and that is said.
        assert_eq!((rows[1].cells, rows[1].missing(), rows[1].factor), (0, Persons(9), None));
        assert_eq!((rows[2].after, rows[2].missing(), rows[2].doubtful()), (Persons(500), Persons(0), false));
        assert_eq!((done.rounds, done.deviation), (1, 0.0));
    }

    #[test]
    fn two_layers_are_fitted_together() {
        // Rows of layer 1: (a, b), (c, d); columns of layer 2: (a, c), (b, d). All 1000 before, so the fitted table is
        // the product of its margins: rows 6, 4 and columns 7, 3 of 10 give 4.2, 1.8, 2.8, 1.2.
        let mut cells = [cell(0, 1000), cell(1, 1000), cell(2, 1000), cell(3, 1000)];
        let (rows, columns) = ([Some(0), Some(0), Some(1), Some(1)], [Some(0), Some(1), Some(0), Some(1)]);
        let (row_totals, column_totals) =
            ([Some(Persons(6000)), Some(Persons(4000))], [Some(Persons(7000)), Some(Persons(3000))]);
        let margins =
            [Margin { of_cell: &rows, totals: &row_totals }, Margin { of_cell: &columns, totals: &column_totals }];
        let done = calibrate(&mut cells, &margins);
        assert_eq!(persons(&cells), [4200, 1800, 2800, 1200]);
        assert_eq!(done.deviation, 0.0);
        assert_eq!(done.layers[1][0].factor, Some(3.5));
    }

    #[test]
    fn layers_that_contradict_each_other_leave_the_first_exact() {
        let mut cells = [cell(0, 1000), cell(1, 1000)];
        let one = [Some(0), Some(0)];
        let (first, second) = ([Some(Persons(3000))], [Some(Persons(4000))]);
        let margins = [Margin { of_cell: &one, totals: &first }, Margin { of_cell: &one, totals: &second }];
        let done = calibrate(&mut cells, &margins);
        assert_eq!(persons(&cells), [1500, 1500]);
        // 3,000 instead of 4,000.
        assert!((done.deviation - 0.25).abs() < 1e-12, "{}", done.deviation);
    }

    #[test]
    fn a_group_keeps_its_odds() {
        // Odds of 1 and 1/4; with all odds tripled 3/4 of 800 and 3/7 of 700 are members: 600 + 300 = 900.
        let people = [Persons(800), Persons(700), Persons(500), Persons(50)];
        let mut members = [Persons(400), Persons(140), Persons(0), Persons(20)];
        let of_cell = [Some(0), Some(0), Some(0), Some(1)];
        let totals = [Some(Persons(900)), None];
        let found = fit_group(&people, &mut members, &Margin { of_cell: &of_cell, totals: &totals });
        assert_eq!(members, [Persons(600), Persons(300), Persons(0), Persons(20)]);
        assert_eq!(found, [(Persons(540), Persons(900)), (Persons(20), Persons(20))]);
    }

    #[test]
    fn a_group_never_has_more_members_than_people() {
        let people = [Persons(10), Persons(20)];
        let mut members = [Persons(1), Persons(19)];
        let totals = [Some(Persons(1000))];
        fit_group(&people, &mut members, &Margin { of_cell: &[Some(0), Some(0)], totals: &totals });
        assert_eq!(members, people);
    }

    proptest! {
        #[test]
        fn sums_are_exact(
            people in prop::collection::vec(0u64..100_000, 1..40),
            boundaries in prop::collection::vec(0u32..4, 40),
            shares in prop::collection::vec(0.0f64..1.0, 40),
            totals in prop::collection::vec(0u64..1_000_000, 4),
        ) {
            let mut cells: Vec<_> = people.iter().enumerate().map(|(i, &p)| cell(i as u64, p)).collect();
            let of_cell: Vec<_> = boundaries.iter().take(cells.len()).map(|&b| Some(b)).collect();
            let totals: Vec<_> = totals.into_iter().map(|t| Some(Persons(t))).collect();
            let margin = Margin { of_cell: &of_cell, totals: &totals };
            let done = calibrate(&mut cells, &[margin]);
            for (row, total) in done.layers[0].iter().zip(&totals) {
                prop_assert_eq!(row.after, if row.before.0 > 0 { total.unwrap() } else { Persons(0) });
            }
            let people: Vec<Persons> = cells.iter().map(|c| c.persons).collect();
            let mut members: Vec<Persons> =
                people.iter().zip(&shares).map(|(p, s)| Persons((p.0 as f64 * s) as u64)).collect();
            let able: Vec<u64> = (0..4)
                .map(|b| (0..people.len()).filter(|&i| of_cell[i] == Some(b) && members[i].0 > 0).map(|i| people[i].0).sum())
                .collect();
            let fitted = fit_group(&people, &mut members, &margin);
            for ((row, total), able) in fitted.iter().zip(&totals).zip(able) {
                prop_assert_eq!(row.1.0, total.unwrap().0.min(able));
            }
            prop_assert!(members.iter().zip(&people).all(|(m, p)| m <= p));
        }
    }
}
