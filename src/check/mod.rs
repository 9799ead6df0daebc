//! Everything wrong or doubtful with the inputs of a scenario, in one go.
//!
//! Errors stop a run. Warnings are likely mistakes. Notes are what readers of the results should know. Each has a code
//! that `docs/errors.md` explains.

mod people;
mod roads;
mod sites;

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Fault, Faults, Result};
use crate::ingest::boundaries::{layer_overlaps, read_area};
use crate::ingest::population::read_population;
use crate::ingest::water::Water;
use crate::limits::mib;
use crate::network::cache::Cache;
use crate::network::load::load_roads;
use crate::network::modes::resolve_modes;
use crate::rollout::check_phases;
use crate::scenario::{Scenario, StandardSettings};
use crate::stages::Stages;
use crate::study::{Study, check_settings, clip_box, read_tables};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No run is possible.
    Error,
    /// Likely a mistake.
    Warning,
    /// Good to know.
    Note,
}

/// Something wrong or doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, where, and what to do.
    pub fault: Fault,
}

/// What a check found.
pub struct Checked {
    /// Errors first, then warnings, then notes, each in the order of the inputs; of each code at most ten warnings or
    /// notes, the last of which says how many more there are.
    pub findings: Vec<Finding>,
    /// How many errors, warnings and notes there are, those not told one by one included.
    counts: [usize; 3],
    /// The joined inputs, where there was no error.
    pub study: Option<Study>,
}

impl Checked {
    /// How many findings there are of a severity, those not told one by one included.
    pub fn count(&self, severity: Severity) -> usize {
        self.counts[severity as usize]
    }
}

/// How many findings of one code are told one by one; the rest is counted.
const SHOWN_OF_A_CODE: usize = 10;

/// How the codes of faults of the scenario's settings start.
const OF_SETTINGS: [&str; 4] = ["phases::", "scope::", "groups::", "modes::"];

/// Collects findings; of each code the first ten are kept, the others counted.
#[derive(Default)]
struct Findings {
    kept: Vec<Finding>,
    counts: Vec<(&'static str, usize)>,
    by_severity: [usize; 3],
}

impl Findings {
    fn add(&mut self, severity: Severity, fault: Fault) {
        let at = self.counts.iter().position(|(code, _)| *code == fault.code).unwrap_or_else(|| {
            self.counts.push((fault.code, 0));
            self.counts.len() - 1
        });
        self.counts[at].1 += 1;
        self.by_severity[severity as usize] += 1;
        if severity == Severity::Error || self.counts[at].1 <= SHOWN_OF_A_CODE {
            self.kept.push(Finding { severity, fault });
        }
    }

    fn warn(&mut self, fault: Fault) {
        self.add(Severity::Warning, fault);
    }

    fn note(&mut self, fault: Fault) {
        self.add(Severity::Note, fault);
    }

    fn finish(mut self, study: Option<Study>) -> Checked {
        for (code, count) in self.counts.iter().filter(|(_, count)| *count > SHOWN_OF_A_CODE) {
            let last = self.kept.iter_mut().rev().find(|f| f.fault.code == *code && f.severity != Severity::Error);
            if let Some(last) = last {
                last.fault.message = format!("{} (and {} more like this)", last.fault.message, count - SHOWN_OF_A_CODE);
            }
        }
        self.kept.sort_by_key(|f| f.severity);
        Checked { findings: self.kept, counts: self.by_severity, study }
    }
}

/// Checks the scenario in a file and its inputs.
///
/// # Errors
/// Only an interruption; faults of the inputs are findings.
pub fn check(path: &Path, cache: Option<&Cache>, stages: &mut Stages) -> Result<Checked> {
    let mut findings = Findings::default();
    let mut study = None;
    let mut errors = Vec::new();
    let scenario = match Scenario::read_noted(path) {
        Ok((scenario, wrong)) => {
            errors.extend(wrong);
            scenario
        }
        Err(error) => {
            faults_of(error)?.into_iter().for_each(|fault| findings.add(Severity::Error, fault));
            return Ok(findings.finish(None));
        }
    };
    errors.extend(input_errors(&scenario, errors.is_empty(), cache, stages)?);
    if errors.is_empty() {
        match Study::load(scenario, cache, stages) {
            Ok(loaded) => {
                if let Err(error) = check_phases(&loaded) {
                    errors.extend(faults_of(error)?);
                }
                doubts(&loaded, &mut findings);
                study = Some(loaded);
            }
            Err(error) => errors = faults_of(error)?,
        }
    }
    for mut fault in errors {
        // Faults of settings that were found while joining the inputs do not know the scenario's file.
        if fault.file.is_none() && OF_SETTINGS.iter().any(|prefix| fault.code.starts_with(prefix)) {
            fault.file = Some(path.to_owned());
        }
        findings.add(Severity::Error, fault);
    }
    let study = study.filter(|_| findings.by_severity[Severity::Error as usize] == 0);
    Ok(findings.finish(study))
}

/// The faults of every input by itself, so that those of one do not hide those of another. `sound` says whether the
/// settings of the scenario make sense.
fn input_errors(scenario: &Scenario, sound: bool, cache: Option<&Cache>, stages: &mut Stages) -> Result<Vec<Fault>> {
    let mut faults = Faults::default();
    if let Some(tables) = faults.keep(read_tables(scenario))? {
        faults.keep(check_settings(scenario, &tables))?;
    }
    if let Some(water) = &scenario.inputs.water {
        faults.keep(Water::read(water))?;
    }
    let area = read_area(&scenario.inputs.study_area).ok();
    let modes = resolve_modes(&scenario.modes, scenario.travel.speeds).ok();
    for &speeds in scenario.travel.also.iter().filter(|_| modes.is_some()) {
        faults.keep(resolve_modes(&scenario.modes, speeds))?;
    }
    if let Some(area) = &area {
        let of_groups = scenario.groups.iter().filter_map(|g| g.file.as_ref());
        for file in std::iter::once(&scenario.inputs.population).chain(of_groups) {
            faults.keep(read_population(file, area))?;
        }
        if let Some(modes) = modes {
            // With settings out of range the roads are looked at as far as the usual standard needs them.
            let standard = if sound { scenario.standard.standard() } else { StandardSettings::default().standard() };
            let clip = clip_box(area, &modes, &standard)?;
            faults.keep(load_roads(&scenario.inputs.roads, clip, &modes, 1, cache, stages))?;
        }
    }
    match faults.finish() {
        Ok(()) => Ok(Vec::new()),
        Err(error) => faults_of(error),
    }
}

/// The faults of an error; an interruption passes through.
fn faults_of(error: Error) -> Result<Vec<Fault>> {
    match error {
        Error::Interrupted => Err(error),
        other => Ok(other.faults().to_vec()),
    }
}

/// What is doubtful in inputs that can be used.
fn doubts(study: &Study, findings: &mut Findings) {
    if study.scenario.synthetic {
        findings.note(
            Fault::new("scenario::synthetic", "some of the inputs are made up")
                .help("results are for trying the program, not for decisions; they say so wherever they are shown"),
        );
    }
    for (layer, source) in study.layers.iter().zip(&study.scenario.inputs.boundaries) {
        study.repairs.iter().filter(|r| r.file.as_ref() == Some(&source.file)).cloned().for_each(|r| findings.warn(r));
        for overlap in layer_overlaps(layer) {
            findings.warn(overlap.file(&source.file));
        }
    }
    let estimate = crate::study::memory::of_study(study);
    if let Some(largest) = estimate.largest() {
        let found = format!("a run takes about {} of memory, most of it in `{}`", mib(largest.bytes), largest.stage);
        let help = format!("by stage:\n{}--max-memory refuses a run that would need more", estimate.table());
        findings.note(Fault::new("memory::estimate", found).help(help));
    }
    people::doubts(study, findings);
    roads::doubts(study, findings);
    sites::doubts(study, findings);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_a_code_are_told_and_errors_come_first() {
        let mut findings = Findings::default();
        (0..13).for_each(|i| findings.warn(Fault::new("a", format!("a{i}"))));
        findings.note(Fault::new("b", "b"));
        findings.add(Severity::Error, Fault::new("c", "c"));
        let checked = findings.finish(None);
        assert_eq!([Severity::Error, Severity::Warning, Severity::Note].map(|s| checked.count(s)), [1, 13, 1]);
        let found = checked.findings;
        assert_eq!(found.len(), 12);
        assert_eq!((found[0].severity, found[0].fault.code), (Severity::Error, "c"));
        assert_eq!(found[10].fault.message, "a9 (and 3 more like this)");
        assert_eq!(found[11].severity, Severity::Note);
    }
}
