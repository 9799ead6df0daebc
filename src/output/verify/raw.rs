//! The tables of a run as one small problem in whole numbers: rows, who serves them, what they weigh, what opens when.

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Fault, Result};
use crate::output::read::Rows;
use crate::output::schema::{CELLS, COVERAGE, ROLLOUT, SITES};

/// A run in numbers.
pub(super) struct Raw {
    /// Ids of the sites.
    pub(super) ids: Vec<String>,
    /// The number of each id.
    pub(super) number: HashMap<String, u32>,
    /// Cell and mode of each row, and the row of each.
    row_of: HashMap<(u32, u32), u32>,
    modes: HashMap<String, u32>,
    /// The sites that serve each row.
    pub(super) serves: Vec<Vec<u32>>,
    /// Travel time of each of them in seconds, where it is within the limit.
    pub(super) times: Vec<Vec<Option<f64>>>,
    /// Thousandths of a person in each row.
    pub(super) persons: Vec<u64>,
    /// For each phase, what each row counts, in thousandths; 0 out of scope.
    pub(super) weights: Vec<Vec<u64>>,
    /// For each phase, whether each row is in its scope.
    pub(super) in_scope: Vec<Vec<bool>>,
    /// The phase, from 0, from which on each site stands, or none.
    pub(super) opens: Vec<Option<usize>>,
    /// The phase, from 0, from which on it stands no more, or none.
    pub(super) closes: Vec<Option<usize>>,
}

/// Thousandths of people or of seconds; at most those of a thousand million, so that no damaged table makes a sum overflow.
pub(super) fn milli(number: f64) -> u64 {
    (number * 1000.0).round().min(1e12) as u64
}

impl Raw {
    pub(super) fn read(folder: &Path) -> Result<Raw> {
        let ids = Rows::read(folder, &SITES, &["site"])?.texts("site")?;
        let number: HashMap<String, u32> = ids.iter().cloned().zip(0..).collect();
        let mut raw = Raw {
            opens: vec![None; ids.len()],
            closes: vec![None; ids.len()],
            ids,
            number,
            row_of: HashMap::new(),
            modes: HashMap::new(),
            serves: Vec::new(),
            times: Vec::new(),
            persons: Vec::new(),
            weights: Vec::new(),
            in_scope: Vec::new(),
        };
        raw.read_cells(folder)?;
        let coverage = Rows::read(folder, &COVERAGE, &["cell", "mode", "site", "travel_time_s"])?;
        let (modes, sites) = (coverage.text("mode")?, coverage.text("site")?);
        let rides = coverage.number("travel_time_s")?.iter();
        let keys = coverage.whole("cell")?.iter().zip(modes.iter());
        for (((cell, mode), site), time) in keys.zip(sites.iter()).zip(rides) {
            let row = raw.row(cell.unwrap_or_default(), mode.unwrap_or_default());
            let (Some(row), Some(&site)) = (row, raw.number.get(site.unwrap_or_default())) else {
                return Err(apart(folder, COVERAGE.file, "it names a row or a site that the run does not have"));
            };
            raw.serves[row].push(site);
            raw.times[row].push(time);
        }
        let rollout = Rows::read(folder, &ROLLOUT, &["site", "phase", "closes_phase"])?;
        let phases = rollout.wholes("phase")?.into_iter().zip(rollout.maybe_wholes("closes_phase")?);
        for (site, (phase, closes)) in rollout.texts("site")?.into_iter().zip(phases) {
            let Some(&site) = raw.number.get(&site) else {
                return Err(apart(
                    folder,
                    ROLLOUT.file,
                    &format!("it names the site `{site}`, which the run does not have"),
                ));
            };
            let from_0 = |phase: u32| (phase as usize).saturating_sub(1);
            raw.opens[site as usize] = Some(from_0(phase));
            raw.closes[site as usize] = closes.map(from_0);
        }
        Ok(raw)
    }

    fn read_cells(&mut self, folder: &Path) -> Result<()> {
        let cells = Rows::read(folder, &CELLS, &["cell", "mode", "phase", "persons", "weight", "in_scope"])?;
        let (numbers, modes, phases) = (cells.whole("cell")?, cells.text("mode")?, cells.whole("phase")?);
        let (persons, weights, in_scope) = (cells.number("persons")?, cells.number("weight")?, cells.flag("in_scope")?);
        let (mut seen, mut judged) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
        for i in 0..cells.len() {
            let mode = modes.get(i).unwrap_or_default();
            let mode = match self.modes.get(mode) {
                Some(&known) => known,
                None => {
                    let new = self.modes.len() as u32;
                    self.modes.insert(mode.to_owned(), new);
                    new
                }
            };
            let next = self.persons.len() as u32;
            let row = *self.row_of.entry((numbers.get(i).unwrap_or_default(), mode)).or_insert(next) as usize;
            if row == next as usize {
                self.persons.push(milli(persons.get(i).unwrap_or_default()));
                self.serves.push(Vec::new());
                self.times.push(Vec::new());
            }
            let phase = (phases.get(i).unwrap_or_default() as usize).saturating_sub(1);
            seen.push((row, phase));
            let inside = in_scope.get(i) == Some(true);
            judged.push((if inside { milli(weights.get(i).unwrap_or_default()) } else { 0 }, inside));
        }
        let n_phases = seen.iter().map(|(_, phase)| phase + 1).max().unwrap_or(0);
        // Each row stands once in each phase, in any order.
        if n_phases.checked_mul(self.persons.len()) != Some(seen.len()) {
            return Err(apart(folder, CELLS.file, "some demand row lacks a phase"));
        }
        self.weights = vec![vec![0; self.persons.len()]; n_phases];
        self.in_scope = vec![vec![false; self.persons.len()]; n_phases];
        let mut told = vec![false; seen.len()];
        for ((row, phase), (weight, inside)) in seen.into_iter().zip(judged) {
            if std::mem::replace(&mut told[phase * self.persons.len() + row], true) {
                return Err(apart(folder, CELLS.file, "some demand row stands twice in a phase"));
            }
            (self.weights[phase][row], self.in_scope[phase][row]) = (weight, inside);
        }
        Ok(())
    }

    /// The row of a cell and a mode.
    pub(super) fn row(&self, cell: u32, mode: &str) -> Option<usize> {
        let mode = *self.modes.get(mode)?;
        self.row_of.get(&(cell, mode)).map(|&row| row as usize)
    }

    /// Whether a site stands at the end of a phase.
    pub(super) fn stands(&self, site: u32, phase: usize) -> bool {
        let closed = self.closes[site as usize].is_some_and(|closes| closes <= phase);
        self.opens[site as usize].is_some_and(|from| from <= phase) && !closed
    }
}

/// Tables that do not belong together.
fn apart(folder: &Path, file: &str, message: &str) -> crate::error::Error {
    Fault::new("run::differs", message)
        .file(folder.join(file))
        .help("the tables do not belong together; make the run anew")
        .into()
}
