//! Recomputes how groups fare and what the population was scaled to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::figures::Tally;
use super::{Report, Rows, alike, within};
use crate::error::Result;
use crate::output::read::Rows as Table;
use crate::output::schema::{CALIBRATION, CELL_GROUPS, GROUPS};

/// Group and feature of the first layer, `None` for the whole study area, and phase.
type Key = (String, Option<String>, u32);

/// Of a group beyond members, members served, mean and longest time.
const FURTHER: [&str; 7] = [
    "population_covered_share",
    "unreached_persons",
    "p90_time_s",
    "p99_time_s",
    "worst_tenth_time_s",
    "gini_time",
    "theil_time",
];

/// Members of each group, those served and their times: `cell_groups` joined to `cells`.
pub(super) fn check_groups(report: &mut Report, folder: &Path, rows: &Rows) -> Result<()> {
    let mut columns = vec!["group", "boundary", "phase", "persons", "covered_persons", "mean_time_s", "worst_time_s"];
    columns.extend(FURTHER);
    let groups = Table::read(folder, &GROUPS, &columns)?;
    let members = Table::read(folder, &CELL_GROUPS, &["cell", "mode", "group", "persons"])?;
    let mut of_row: HashMap<(u32, String), Vec<(String, u64)>> = HashMap::new();
    let keys = members.wholes("cell")?.into_iter().zip(members.texts("mode")?);
    for ((key, group), persons) in keys.zip(members.texts("group")?).zip(members.maybe_numbers("persons")?) {
        let milli = super::raw::milli(persons.unwrap_or(0.0));
        of_row.entry(key).or_default().push((group, milli));
    }
    let mut sums: BTreeMap<Key, Tally> = BTreeMap::new();
    for row in &rows.0 {
        for (group, milli_persons) in of_row.get(&(row.cell, row.mode.clone())).map_or(&[][..], Vec::as_slice) {
            let whole = std::iter::once(None);
            for place in whole.chain(row.boundary.clone().map(Some)) {
                let tally = sums.entry((group.clone(), place, row.phase)).or_default();
                tally.add(*milli_persons, row.time, row.covered);
            }
        }
    }
    let persons = groups.maybe_numbers("persons")?;
    let covered = groups.maybe_numbers("covered_persons")?;
    let mean = groups.maybe_numbers("mean_time_s")?;
    let worst = groups.maybe_numbers("worst_time_s")?;
    let further: Vec<_> = FURTHER.iter().map(|name| groups.maybe_numbers(name)).collect::<Result<_>>()?;
    let phases = groups.wholes("phase")?;
    let keys = groups.texts("group")?.into_iter().zip(groups.maybe_texts("boundary")?);
    let mut unlike_features = 0_u32;
    for (i, (group, place)) in keys.enumerate() {
        let ours = sums.remove(&(group.clone(), place.clone(), phases[i])).unwrap_or_default().figures();
        let named = [
            ("members", persons[i], ours["persons"]),
            ("members served", covered[i], ours["covered_persons"]),
            ("mean travel time", mean[i], ours["mean_time_s"]),
            ("longest travel time", worst[i], ours["worst_time_s"]),
        ];
        let further = FURTHER.into_iter().zip(&further).map(|(name, told)| (name, told[i], ours[name]));
        let figures: Vec<_> = named.into_iter().chain(further).collect();
        if place.is_none() {
            for (what, written, ours) in figures {
                report.maybe(format!("phase {}: {what} of the group `{group}`", phases[i]), written, ours);
            }
        } else {
            unlike_features += u32::from(!figures.iter().all(|(_, written, ours)| alike(*written, *ours)));
        }
    }
    report.compare(
        "features of the first layer whose members of groups differ".into(),
        0.0,
        f64::from(unlike_features),
    );
    report.compare("members of groups whom the table of groups leaves out".into(), 0.0, sums.len() as f64);
    Ok(())
}

/// People of each scaled feature of the first layer, against the cells that name it; and the factors of all layers.
pub(super) fn check_calibration(report: &mut Report, folder: &Path, rows: &Rows, first: Option<&str>) -> Result<()> {
    let table = Table::read(folder, &CALIBRATION, &["layer", "code", "persons_before", "persons_after", "factor"])?;
    let layers = table.texts("layer")?;
    let before = table.maybe_numbers("persons_before")?;
    let after = table.maybe_numbers("persons_after")?;
    let factors = table.maybe_numbers("factor")?;
    let phase = rows.0.iter().map(|row| row.phase).min().unwrap_or(0);
    let mut people: HashMap<&str, u64> = HashMap::new();
    let mut all = 0;
    for row in rows.0.iter().filter(|row| row.phase == phase) {
        all += row.milli_persons;
        if let Some(code) = &row.boundary {
            *people.entry(code).or_default() += row.milli_persons;
        }
    }
    let (mut unlike, mut unlike_factors, mut scaled) = (0_u32, 0_u32, BTreeMap::<&str, f64>::new());
    for (i, (layer, code)) in layers.iter().zip(table.texts("code")?).enumerate() {
        let (before, after) = (before[i].unwrap_or(f64::NAN), after[i].unwrap_or(f64::NAN));
        *scaled.entry(layer).or_default() += after;
        unlike_factors += u32::from(factors[i].is_some_and(|f| !within(0.0005, f * before, after)));
        if Some(layer.as_str()) == first {
            let ours = people.get(code.as_str()).copied().unwrap_or(0) as f64 / 1000.0;
            unlike += u32::from(!within(0.0005, ours, after));
        }
    }
    report.compare("scaled features whose people differ from those of their cells".into(), 0.0, f64::from(unlike));
    report.compare(
        "factors that do not lead from the people before to those after".into(),
        0.0,
        f64::from(unlike_factors),
    );
    for (layer, after) in scaled {
        // Cells outside the layer are not in its sum.
        let beyond = (after - all as f64 / 1000.0).max(0.0);
        report.compare(format!("people of the scaled layer `{layer}` beyond all people"), 0.0, beyond);
    }
    Ok(())
}
