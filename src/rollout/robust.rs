//! Plans that stand the cases of the scenario: what the optimiser is given, and what is told of its answer.

use crate::error::Result;
use crate::optimise::cover::CoverTable;
use crate::optimise::robust::Answer;
use crate::scenario::Robust;
use crate::study::Study;
use crate::study::cases::Cases;
use crate::units::Persons;

use super::sensitivity::table;

/// Who serves whom in each case that the plan must stand.
pub(super) struct Stood {
    /// The normal case first; none where the scenario does not ask for the worst case.
    pub(super) tables: Vec<CoverTable>,
    /// The ids of the cases.
    pub(super) names: Vec<String>,
}

impl Stood {
    /// Works out the cases of `solve.robust = "all"`.
    pub(super) fn new(study: &Study) -> Result<Self> {
        let mut stood = Stood { tables: Vec::new(), names: Vec::new() };
        if !matches!(study.scenario.solve.robust, Some(Robust::Worst(_))) {
            return Ok(stood);
        }
        let cases = Cases::new(study, study.scenario.robust_cases())?;
        let everyone = vec![1; study.row_persons.len()];
        stood.tables.push(table(&study.cover, &everyone, study.sites.len())?);
        stood.names.push("normal".into());
        for (i, case) in cases.settings().iter().enumerate() {
            crate::stages::go_on()?;
            stood.tables.push(table(&cases.changed(i)?.cover, &everyone, study.sites.len())?);
            stood.names.push(case.id.clone());
        }
        Ok(stood)
    }

    /// All rows of all cases as one table, those that do not count left empty: to serve them all is to serve everyone
    /// in every case.
    pub(super) fn stacked(&self, n_sites: usize, counts: impl Fn(usize) -> bool) -> Result<CoverTable> {
        let mut offsets = vec![0];
        let mut sites = Vec::new();
        for table in &self.tables {
            for (row, serving) in table.rows().enumerate() {
                if counts(row) {
                    sites.extend_from_slice(serving);
                }
                offsets.push(sites.len());
            }
        }
        CoverTable::from_parts(offsets, sites, n_sites)
    }

    /// What a plan comes to in each case, and what that costs in the normal one.
    pub(super) fn told(&self, answer: &Answer, unit: &str) -> Vec<String> {
        let people = |value: u64| Persons(value).people();
        let both = answer.by_case.iter().zip(&answer.normal_plan_by_case);
        let mut told: Vec<String> = (self.names.iter().zip(both))
            .map(|(name, (&robust, &normal))| {
                let (robust, normal) = (people(robust), people(normal));
                format!("case {name}: {robust:.3} {unit}; the plan for the normal case alone: {normal:.3}")
            })
            .collect();
        let worst = self.names.get(answer.worst()).map_or("normal", String::as_str);
        let price = answer.price() as f64 / 1000.0;
        told.push(format!("robust: the worst case is {worst}; the price in the normal case is {price:.3} {unit}"));
        told
    }
}
