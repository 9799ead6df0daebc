//! Recomputes the figures of a finished run from its raw tables: who is served follows from `coverage` and `rollout`,
//! and again from the times and distances in `cells`. Nothing of the code that made the run is used but the schema.

mod agents;
mod capacity;
mod explanations;
mod figures;
mod people;
mod problems;
mod raw;
mod today;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use super::read::{self, Rows as Table, Standard};
use super::schema::{BOUNDARIES, CELLS, COVERAGE, PHASES, ROLLOUT, UNCOVERED};
use crate::error::Result;

/// One figure that was recomputed.
pub struct Check {
    /// What it says.
    pub what: String,
    /// How the two values differ; `None` where they agree.
    pub differs: Option<String>,
}

/// What a verification found.
pub struct Report {
    /// Every figure that was recomputed.
    pub checks: Vec<Check>,
}

impl Report {
    /// Compares a figure of the run with the recomputed one, to half a thousandth.
    fn compare(&mut self, what: String, written: f64, recomputed: f64) {
        let agrees = within(0.0005 * 1.0_f64.max(recomputed.abs() * 1e-9), written, recomputed);
        let differs = (!agrees).then(|| format!("the run says {written}, its tables say {recomputed}"));
        self.checks.push(Check { what, differs });
    }

    /// Compares whole numbers, exactly.
    fn exact(&mut self, what: String, written: i128, recomputed: i128) {
        let differs = (written != recomputed).then(|| format!("the run says {written}, its tables say {recomputed}"));
        self.checks.push(Check { what, differs });
    }

    /// Compares a figure that may be missing with the recomputed one, to a millionth, and from a thousand on to a
    /// thousand-millionth of it.
    fn maybe(&mut self, what: String, written: Option<f64>, recomputed: Option<f64>) {
        let said = |n: Option<f64>| n.map_or("nothing".to_owned(), |n| n.to_string());
        let differs = (!alike(written, recomputed))
            .then(|| format!("the run says {}, its tables say {}", said(written), said(recomputed)));
        self.checks.push(Check { what, differs });
    }

    /// There must be none of these.
    fn none(&mut self, what: String, found: Vec<String>) {
        const NAMED: usize = 5;
        let more = found.len().saturating_sub(NAMED);
        let mut told = found.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            told += &format!(" and {more} more");
        }
        self.holds(what, (!told.is_empty()).then_some(told));
    }

    /// Something that must hold; `but` says what was found where it does not.
    fn holds(&mut self, what: String, but: Option<String>) {
        self.checks.push(Check { what, differs: but });
    }
}

/// Whether two figures differ by no more than so much. What is no number, or beyond all numbers, is within nothing.
fn within(most: f64, a: f64, b: f64) -> bool {
    let apart = (a - b).abs();
    apart.is_finite() && apart <= most
}

/// Whether a figure is the recomputed one, to a millionth, and from a thousand on to a thousand-millionth of it.
fn alike(written: Option<f64>, recomputed: Option<f64>) -> bool {
    match (written, recomputed) {
        (None, None) => true,
        (Some(a), Some(b)) => within(1e-6_f64.max(b.abs() * 1e-9), a, b),
        _ => false,
    }
}

/// Whether a site had to serve a place under several speeds, or in several cases: times are told of the first alone.
fn judged_by_several(manifest: &serde_json::Value) -> bool {
    let settings = &manifest["settings"];
    settings["travel"]["also"].as_array().is_some_and(|also| !also.is_empty())
        || settings["solve"]["robust"].is_number()
}

/// Recomputes the figures of the run in `folder`.
///
/// # Errors
/// The folder is not a finished run of this version.
pub fn verify_run(folder: &Path) -> Result<Report> {
    let manifest = read::manifest(folder)?;
    let standard = Standard::of_manifest(folder, &manifest)?;
    let several = judged_by_several(&manifest);
    let rollout =
        Table::read(folder, &ROLLOUT, &["site", "phase", "closes_phase", "persons_marginal", "persons_cumulative"])?;
    let coverage = Table::read(folder, &COVERAGE, &["cell", "mode", "site", "travel_time_s", "distance_m"])?;
    let cells = Table::read(
        folder,
        &CELLS,
        &["cell", "mode", "phase", "boundary", "persons", "travel_time_s", "distance_m", "covered"],
    )?;
    let phases = Table::read(folder, &PHASES, &["phase", "persons", "covered_persons", "agents", "mean_time_s"])?;
    let boundaries = Table::read(folder, &BOUNDARIES, &["layer", "code", "phase", "persons", "covered_persons"])?;
    let uncovered = Table::read(folder, &UNCOVERED, &["persons"])?;
    let mut report = Report { checks: Vec::new() };

    // The phases in which each demand row is served, by the pairs of the coverage table: from one on, and until an agent
    // closes.
    let stands = rollout.wholes("phase")?.into_iter().zip(rollout.maybe_wholes("closes_phase")?);
    let stands = stands.map(|(from, until)| from..until.unwrap_or(u32::MAX));
    let stands: HashMap<String, Range<u32>> = rollout.texts("site")?.into_iter().zip(stands).collect();
    let mut served_in: ServedIn = HashMap::new();
    let mut pairs_out_of_standard = 0_u32;
    let times = coverage.maybe_numbers("travel_time_s")?;
    let distances = coverage.maybe_numbers("distance_m")?;
    let keys = coverage.wholes("cell")?.into_iter().zip(coverage.texts("mode")?);
    for (((key, site), time), distance) in keys.zip(coverage.texts("site")?).zip(times).zip(distances) {
        // A pair without a time may keep the standard under other speeds, which the tables do not hold.
        pairs_out_of_standard += u32::from(!(standard.serves(time, distance) || several && time.is_none()));
        if let Some(phases) = stands.get(&site) {
            let known = served_in.entry(key).or_default();
            if !known.contains(phases) {
                known.push(phases.clone());
            }
        }
    }
    report.compare("pairs of the coverage table beyond the standard".into(), 0.0, f64::from(pairs_out_of_standard));

    let rows = Rows::of(&cells)?;
    let mut by_phase: BTreeMap<u32, Sums> = BTreeMap::new();
    let mut by_boundary: BTreeMap<(String, u32), Sums> = BTreeMap::new();
    let (mut unlike_pairs, mut unlike_times) = (0_u32, 0_u32);
    for row in &rows.0 {
        let of_row = served_in.get(&(row.cell, row.mode.clone()));
        let by_pairs = of_row.is_some_and(|known| known.iter().any(|phases| phases.contains(&row.phase)));
        unlike_pairs += u32::from(by_pairs != row.covered);
        // Under `both` one agent must keep the two limits, which the nearest times and distances do not tell; under several
        // speeds it must keep them at other times too.
        if standard.rule != "both" && !several {
            unlike_times += u32::from(standard.serves(row.time, row.distance) != row.covered);
        }
        by_phase.entry(row.phase).or_default().add(row, by_pairs);
        if let Some(code) = &row.boundary {
            by_boundary.entry((code.clone(), row.phase)).or_default().add(row, by_pairs);
        }
    }
    report.compare("demand rows whose coverage differs from the coverage table".into(), 0.0, f64::from(unlike_pairs));
    report.compare(
        "demand rows whose coverage differs from their times and distances".into(),
        0.0,
        f64::from(unlike_times),
    );

    let persons = phases.maybe_numbers("persons")?;
    let covered = phases.maybe_numbers("covered_persons")?;
    let mean = phases.maybe_numbers("mean_time_s")?;
    let agents = phases.wholes("agents")?;
    for (i, phase) in phases.wholes("phase")?.into_iter().enumerate() {
        let sums = by_phase.get(&phase).cloned().unwrap_or_default();
        let stand = stands.values().filter(|phases| phases.contains(&phase)).count();
        report.compare(format!("phase {phase}: agents"), f64::from(agents[i]), stand as f64);
        report.compare(format!("phase {phase}: people"), persons[i].unwrap_or(f64::NAN), sums.people(sums.persons));
        report.compare(
            format!("phase {phase}: people served"),
            covered[i].unwrap_or(f64::NAN),
            sums.people(sums.covered),
        );
        report.compare(format!("phase {phase}: mean travel time"), mean[i].unwrap_or(0.0), sums.mean_time_s());
    }
    if let Some(last) = by_phase.values().next_back() {
        let places: f64 = uncovered.maybe_numbers("persons")?.into_iter().flatten().sum();
        report.compare("people not served at the end".into(), places, last.people(last.persons - last.covered));
    }
    check_rollout(&mut report, &rollout, &served_in, &rows)?;

    // The first layer's features: people and people served, summed over the cells that name them.
    let layers = boundaries.texts("layer")?;
    let first = layers.first().cloned();
    let figures = boundaries.maybe_numbers("persons")?.into_iter().zip(boundaries.maybe_numbers("covered_persons")?);
    let keys = boundaries.texts("code")?.into_iter().zip(boundaries.wholes("phase")?);
    let mut unlike_features = 0_u32;
    for ((layer, key), (persons, covered)) in layers.iter().zip(keys).zip(figures) {
        if Some(layer) == first.as_ref() {
            let sums = by_boundary.get(&key).cloned().unwrap_or_default();
            let near = |a: Option<f64>, b: f64| a.is_some_and(|a| within(0.0005, a, b));
            let agrees = near(persons, sums.people(sums.persons)) && near(covered, sums.people(sums.covered));
            unlike_features += u32::from(!agrees);
        }
    }
    report.compare("features of the first layer whose people differ".into(), 0.0, f64::from(unlike_features));
    people::check_groups(&mut report, folder, &rows)?;
    people::check_calibration(&mut report, folder, &rows, first.as_deref())?;
    capacity::check(&mut report, folder)?;
    figures::check(&mut report, folder)?;
    let raw = raw::Raw::read(folder)?;
    agents::check(&mut report, folder, &raw)?;
    problems::check(&mut report, folder, &raw)?;
    explanations::check(&mut report, folder, &raw)?;
    today::check(&mut report, folder, &raw)?;
    Ok(report)
}

/// The phases in which a cell's travellers by a mode are served, agent by agent.
type ServedIn = HashMap<(u32, String), Vec<Range<u32>>>;

/// Marginal people, agent by agent in their order, from the coverage of the sites before.
fn check_rollout(report: &mut Report, rollout: &Table, served_in: &ServedIn, rows: &Rows) -> Result<()> {
    let mut seen = HashSet::new();
    let served: u64 = rows
        .0
        .iter()
        .filter(|row| served_in.contains_key(&(row.cell, row.mode.clone())) && seen.insert((row.cell, &row.mode)))
        .map(|row| row.milli_persons)
        .sum();
    let marginal: f64 = rollout.maybe_numbers("persons_marginal")?.into_iter().flatten().sum();
    let cumulative = rollout.maybe_numbers("persons_cumulative")?.into_iter().flatten().last().unwrap_or(0.0);
    report.compare("sum of the people each agent adds".into(), marginal, served as f64 / 1000.0);
    report.compare("people served by all agents together".into(), cumulative, served as f64 / 1000.0);
    Ok(())
}

struct Row {
    cell: u32,
    mode: String,
    phase: u32,
    boundary: Option<String>,
    milli_persons: u64,
    time: Option<f64>,
    distance: Option<f64>,
    covered: bool,
}

struct Rows(Vec<Row>);

impl Rows {
    fn of(cells: &Table) -> Result<Rows> {
        let cell = cells.wholes("cell")?;
        let mode = cells.texts("mode")?;
        let phase = cells.wholes("phase")?;
        let boundary = cells.maybe_texts("boundary")?;
        let persons = cells.maybe_numbers("persons")?;
        let time = cells.maybe_numbers("travel_time_s")?;
        let distance = cells.maybe_numbers("distance_m")?;
        let covered = cells.flags("covered")?;
        let rows = mode.into_iter().zip(boundary).enumerate().map(|(i, (mode, boundary))| Row {
            cell: cell[i],
            mode,
            phase: phase[i],
            boundary,
            milli_persons: raw::milli(persons[i].unwrap_or(0.0)),
            time: time[i],
            distance: distance[i],
            covered: covered[i],
        });
        Ok(Rows(rows.collect()))
    }
}

#[derive(Debug, Clone, Default)]
struct Sums {
    persons: u64,
    covered: u64,
    reached: u64,
    person_ms: u128,
}

impl Sums {
    fn add(&mut self, row: &Row, covered: bool) {
        let milli_persons = row.milli_persons;
        self.persons += milli_persons;
        if covered {
            self.covered += milli_persons;
        }
        if let Some(time) = row.time {
            self.reached += milli_persons;
            self.person_ms += u128::from(milli_persons) * u128::from(raw::milli(time));
        }
    }

    fn people(&self, milli: u64) -> f64 {
        milli as f64 / 1000.0
    }

    fn mean_time_s(&self) -> f64 {
        if self.reached == 0 { 0.0 } else { self.person_ms as f64 / self.reached as f64 / 1000.0 }
    }
}
