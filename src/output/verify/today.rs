//! Recomputes what the offices of today do, where all of them are fixed sites: only these stand in the coverage table.

use std::collections::BTreeMap;
use std::path::Path;

use super::Report;
use super::raw::Raw;
use crate::error::Result;
use crate::output::read::{self, Rows};
use crate::output::schema::{BOUNDARIES, SITES, TODAY};

/// People served by the fixed sites alone; and that the features' people are some of all.
pub(super) fn check(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let today =
        Rows::read(folder, &TODAY, &["boundary", "offices", "persons", "covered_persons", "population_covered_share"])?;
    let (offices, persons, covered) =
        (today.wholes("offices")?, today.numbers("persons")?, today.numbers("covered_persons")?);
    let Some(whole) = today.maybe_texts("boundary")?.iter().position(Option::is_none) else { return Ok(()) };
    let shares = today.maybe_numbers("population_covered_share")?;
    let of_share = |i: usize| (persons[i] > 0.0).then(|| covered[i] / persons[i]);
    let unlike = (0..today.len()).filter(|&i| !super::alike(shares[i], of_share(i)));
    report.none("today: shares that differ".into(), unlike.map(|i| format!("row {}", i + 1)).collect());
    check_features(report, folder, &today, &persons)?;
    let people = |milli: u64| milli as f64 / 1000.0;
    report.compare("today: people".into(), persons[whole], people(raw.persons.iter().sum()));
    let of_features = |of: &[f64]| of.iter().enumerate().filter(|(i, _)| *i != whole).map(|(_, p)| p).sum::<f64>();
    let too_many = of_features(&covered) > covered[whole] + 0.0005 * covered.len() as f64;
    report.holds(
        "today: no more people served in the features than in all".into(),
        too_many.then(|| format!("{} in the features, {} in all", of_features(&covered), covered[whole])),
    );
    let fixed = Rows::read(folder, &SITES, &["fixed"])?.flags("fixed")?;
    // Today is judged without the cases that a plan must stand, the coverage table with them.
    let by_cases = read::manifest(folder)?["settings"]["solve"]["robust"].is_number();
    if !by_cases && fixed.iter().filter(|&&f| f).count() == offices[whole] as usize {
        let served = |row: &usize| raw.serves[*row].iter().any(|&site| fixed[site as usize]);
        let served: u64 = (0..raw.serves.len()).filter(served).map(|row| raw.persons[row]).sum();
        report.compare("today: people served by the fixed sites".into(), covered[whole], people(served));
    }
    Ok(())
}

/// People of each feature are those of the table of boundaries.
fn check_features(report: &mut Report, folder: &Path, today: &Rows, persons: &[f64]) -> Result<()> {
    let boundaries = Rows::read(folder, &BOUNDARIES, &["layer", "code", "phase", "persons"])?;
    let (layers, codes) = (boundaries.texts("layer")?, boundaries.texts("code")?);
    let (phases, told) = (boundaries.wholes("phase")?, boundaries.numbers("persons")?);
    let mut left: BTreeMap<&str, f64> = (0..codes.len())
        .filter(|&i| layers[i] == layers[0] && phases[i] == 1)
        .map(|i| (codes[i].as_str(), told[i]))
        .collect();
    let mut wrong = Vec::new();
    for (code, &persons) in today.maybe_texts("boundary")?.iter().zip(persons) {
        let Some(code) = code else { continue };
        if !super::alike(left.remove(code.as_str()), Some(persons)) {
            wrong.push(format!("`{code}`"));
        }
    }
    wrong.extend(left.keys().map(|code| format!("`{code}`")));
    report.none("today: features whose people differ".into(), wrong);
    Ok(())
}
