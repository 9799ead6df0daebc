//! Recomputes what the offices of today do, where all of them are fixed sites: only these stand in the coverage table.

use std::path::Path;

use super::Report;
use super::raw::Raw;
use crate::error::Result;
use crate::output::read::Rows;
use crate::output::schema::{SITES, TODAY};

/// People served by the fixed sites alone; and that the features' people are some of all.
pub(super) fn check(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let today = Rows::read(folder, &TODAY, &["boundary", "offices", "persons", "covered_persons"])?;
    let (offices, persons, covered) =
        (today.wholes("offices")?, today.numbers("persons")?, today.numbers("covered_persons")?);
    let Some(whole) = today.maybe_texts("boundary")?.iter().position(Option::is_none) else { return Ok(()) };
    let people = |milli: u64| milli as f64 / 1000.0;
    report.compare("today: people".into(), persons[whole], people(raw.persons.iter().sum()));
    let of_features = |of: &[f64]| of.iter().enumerate().filter(|(i, _)| *i != whole).map(|(_, p)| p).sum::<f64>();
    let too_many = of_features(&covered) > covered[whole] + 0.0005 * covered.len() as f64;
    report.holds(
        "today: no more people served in the features than in all".into(),
        too_many.then(|| format!("{} in the features, {} in all", of_features(&covered), covered[whole])),
    );
    let fixed = Rows::read(folder, &SITES, &["fixed"])?.flags("fixed")?;
    if fixed.iter().filter(|&&f| f).count() == offices[whole] as usize {
        let served = |row: &usize| raw.serves[*row].iter().any(|&site| fixed[site as usize]);
        let served: u64 = (0..raw.serves.len()).filter(served).map(|row| raw.persons[row]).sum();
        report.compare("today: people served by the fixed sites".into(), covered[whole], people(served));
    }
    Ok(())
}
