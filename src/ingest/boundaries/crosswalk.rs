//! From one boundary layer to another by the people who live in both, e.g. from the wards of 2025 to the districts of
//! before: so that "the urban districts" can be a scope where only wards are left.

use std::collections::HashMap;

use crate::units::Persons;

/// The people who live in one area of each of two layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Index of the area in the first layer; `None` is outside all of them.
    pub from: Option<u32>,
    /// Index of the area in the second layer; `None` is outside all of them.
    pub to: Option<u32>,
    /// People in both.
    pub persons: Persons,
    /// Their share of the people of `from`, 0 to 1.
    pub share_of_from: f64,
    /// Their share of the people of `to`, 0 to 1.
    pub share_of_to: f64,
}

/// All overlaps of two layers that hold people. The rows of an area add up to its people, in either layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Crosswalk {
    /// By area of the first layer, in its order, those outside all last; within an area the largest first.
    pub rows: Vec<Overlap>,
    /// People of each area of the first layer.
    pub from_persons: Vec<Persons>,
    /// People of each area of the second layer.
    pub to_persons: Vec<Persons>,
}

/// Joins two layers by their people: `from[c]` and `to[c]` are the areas in which cell `c` with `persons[c]` lies, of
/// `n_from` and `n_to` areas. The slices should have one length; what is longer is not looked at. An index past its
/// layer's end counts as outside.
pub fn crosswalk(
    from: &[Option<u32>],
    to: &[Option<u32>],
    persons: &[Persons],
    (n_from, n_to): (usize, usize),
) -> Crosswalk {
    let mut from_persons = vec![Persons(0); n_from];
    let mut to_persons = vec![Persons(0); n_to];
    let mut outside = (Persons(0), Persons(0));
    let mut both: HashMap<(Option<u32>, Option<u32>), Persons> = HashMap::new();
    let within = |area: Option<u32>, n: usize| area.filter(|&area| (area as usize) < n);
    for ((&f, &t), &people) in from.iter().zip(to).zip(persons).filter(|(_, people)| people.0 > 0) {
        let (f, t) = (within(f, n_from), within(t, n_to));
        *f.map_or(&mut outside.0, |f| &mut from_persons[f as usize]) += people;
        *t.map_or(&mut outside.1, |t| &mut to_persons[t as usize]) += people;
        *both.entry((f, t)).or_default() += people;
    }
    let share = |part: Persons, whole: Persons| part.0 as f64 / whole.0.max(1) as f64;
    let mut rows: Vec<Overlap> = both
        .into_iter()
        .map(|((from, to), persons)| Overlap {
            from,
            to,
            persons,
            share_of_from: share(persons, from.map_or(outside.0, |f| from_persons[f as usize])),
            share_of_to: share(persons, to.map_or(outside.1, |t| to_persons[t as usize])),
        })
        .collect();
    let key = |area: Option<u32>| area.map_or(u64::MAX, u64::from);
    rows.sort_by_key(|row| (key(row.from), std::cmp::Reverse(row.persons), key(row.to)));
    Crosswalk { rows, from_persons, to_persons }
}

/// Which areas of the first layer have at least the share `min_share` (0 to 1, inclusive) of their people in the
/// selected areas of the second; an area without people has not. Indices past the end of `selected_to` are not selected.
pub fn features_mostly_in(crosswalk: &Crosswalk, selected_to: &[bool], min_share: f64) -> Vec<bool> {
    let mut inside = vec![Persons(0); crosswalk.from_persons.len()];
    for row in &crosswalk.rows {
        let selected = row.to.is_some_and(|to| selected_to.get(to as usize).copied().unwrap_or(false));
        if let (Some(from), true) = (row.from, selected) {
            inside[from as usize] += row.persons;
        }
    }
    let mostly = |(inside, whole): (&Persons, &Persons)| whole.0 > 0 && inside.0 as f64 >= min_share * whole.0 as f64;
    inside.iter().zip(&crosswalk.from_persons).map(mostly).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six cells: ward 0 has 30 people in district 0 and 70 in district 1; ward 1 has 50 in district 1 and 50 nowhere;
    /// ward 2 is empty; 20 live in district 0 and no ward.
    fn small() -> Crosswalk {
        let from = [Some(0), Some(0), Some(0), Some(1), Some(1), None];
        let to = [Some(0), Some(1), Some(1), Some(1), None, Some(0)];
        let persons = [30, 40, 30, 50, 50, 20].map(Persons);
        crosswalk(&from, &to, &persons, (3, 2))
    }

    #[test]
    fn rows_by_hand() {
        let joined = small();
        let row = |from, to, persons, share_of_from, share_of_to| Overlap {
            from,
            to,
            persons: Persons(persons),
            share_of_from,
            share_of_to,
        };
        // District 0 has 30 + 20 = 50 people, district 1 has 70 + 50 = 120; 50 live in no district.
        let expected = [
            row(Some(0), Some(1), 70, 0.7, 70.0 / 120.0),
            row(Some(0), Some(0), 30, 0.3, 0.6),
            row(Some(1), Some(1), 50, 0.5, 50.0 / 120.0),
            row(Some(1), None, 50, 0.5, 1.0),
            row(None, Some(0), 20, 1.0, 0.4),
        ];
        assert_eq!(joined.rows, expected);
        assert_eq!(joined.from_persons, [100, 100, 0].map(Persons));
        assert_eq!(joined.to_persons, [50, 120].map(Persons));
    }

    #[test]
    fn wards_mostly_in_the_selected_districts() {
        let joined = small();
        // Of ward 0 70 %, of ward 1 exactly half, of ward 2 nobody.
        assert_eq!(features_mostly_in(&joined, &[false, true], 0.5), [true, true, false]);
        assert_eq!(features_mostly_in(&joined, &[false, true], 0.6), [true, false, false]);
        assert_eq!(features_mostly_in(&joined, &[true, false], 0.5), [false, false, false]);
        assert_eq!(features_mostly_in(&joined, &[true, true], 1.0), [true, false, false]);
        assert_eq!(features_mostly_in(&joined, &[], 0.5), [false, false, false]);
    }
}
