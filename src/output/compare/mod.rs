//! Two runs side by side, from their tables alone: what opens, closes and moves, who is served, who wins and who loses.
//!
//! Phases are set side by side by date: from each day on which a phase of either run begins, the phase of each run that is
//! in force. Where both plan the same demand cells, people are followed row by row; else only sums can be compared.
//!
//! * `settings`: inputs and settings that differ
//! * `sites`: which agents differ, and which of them merely move
//! * `people`: who is served, who comes to an agent sooner or later
//! * `words`: all this as plain English

mod people;
mod settings;
mod sites;
mod words;

use std::path::Path;

use serde::Serialize;

use super::read::{self, Rows, Standard};
use super::schema::{COMPARE, PHASES};
use super::table::{Values, write_as};
use crate::error::{Fault, Result};

pub use people::{AreaChange, People};
pub use settings::Difference;
pub use sites::{Move, Named, Retimed};

/// A time that differs by no more than this counts as the same, in seconds.
pub const SAME_TIME_S: f64 = 60.0;

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunName {
    /// Its folder, as given.
    pub folder: String,
    /// Its title in English.
    pub title: String,
    /// Whether it is on made-up data.
    pub synthetic: bool,
    /// The version of gandan that made it.
    pub gandan: String,
    /// Its standard of service.
    pub standard: Standard,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first run.
    pub a: RunName,
    /// The second run.
    pub b: RunName,
    /// Whether both plan the same demand rows, so that people can be followed one by one.
    pub same_rows: bool,
    /// What makes the comparison doubtful.
    pub doubts: Vec<String>,
    /// Inputs and settings that differ.
    pub differences: Vec<Difference>,
    /// Moment by moment.
    pub moments: Vec<Moment>,
    /// Agents of both runs that open on another day.
    pub retimed: Vec<Retimed>,
}

/// The two runs from a day on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// The day, YYYY-MM-DD.
    pub from: String,
    /// The phase of the first run that is in force, from 1; `None` before its first.
    pub a: Option<PhaseTold>,
    /// The phase of the second run.
    pub b: Option<PhaseTold>,
    /// Agents that stand in both.
    pub agents_in_both: u32,
    /// Agents of the first run that the second does not have, but for those that move.
    pub only_a: Vec<Named>,
    /// Agents of the second run that the first does not have, but for those that move.
    pub only_b: Vec<Named>,
    /// Agents of the first run that stand nearby in the second.
    pub moved: Vec<Move>,
    /// Who wins and who loses; `None` where the rows are not the same or a run has not begun.
    pub people: Option<People>,
    /// The whole area first, then each feature of the boundary layers that both runs have.
    pub areas: Vec<AreaChange>,
}

/// A phase and how well it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseTold {
    /// Its number, from 1.
    pub phase: u32,
    /// Its name in English.
    pub name: String,
    /// Agents that stand at its end.
    pub agents: u32,
    /// People served under the standard.
    pub persons_covered: f64,
    /// Of all people.
    pub persons: f64,
    /// Mean travel time in seconds, of those who reach an agent.
    pub mean_time_s: Option<f64>,
    /// What was asked of the solver.
    pub problem: String,
    /// What the plan reaches.
    pub objective: f64,
    /// What no plan can beat.
    pub bound: f64,
    /// Their unit.
    pub objective_unit: String,
    /// `optimal`, `gap_reached`, `time_limit`, `unproven` or `nothing_to_open`.
    pub status: String,
}

/// What is read of a run once.
struct Run<'a> {
    folder: &'a Path,
    name: RunName,
    manifest: serde_json::Value,
    starts: Vec<String>,
    phases: Vec<PhaseTold>,
    agents: Vec<sites::Agent>,
    people: people::Table,
    areas: people::Areas,
}

impl<'a> Run<'a> {
    fn read(folder: &'a Path) -> Result<Run<'a>> {
        let manifest = read::manifest(folder)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let name = RunName {
            folder: folder.display().to_string(),
            title: text(&manifest["title"]["en"]),
            synthetic: manifest["synthetic"].as_bool().unwrap_or(false),
            gandan: text(&manifest["gandan"]),
            standard: Standard::of_manifest(folder, &manifest)?,
        };
        let table = Rows::read(
            folder,
            &PHASES,
            &[
                "phase",
                "name_en",
                "starts",
                "agents",
                "persons",
                "covered_persons",
                "mean_time_s",
                "problem",
                "objective",
                "bound",
                "objective_unit",
                "status",
            ],
        )?;
        let (numbers, names, agents) = (table.wholes("phase")?, table.texts("name_en")?, table.wholes("agents")?);
        let (persons, covered) = (table.numbers("persons")?, table.numbers("covered_persons")?);
        let (mean, problems) = (table.maybe_numbers("mean_time_s")?, table.texts("problem")?);
        let (objective, bound) = (table.numbers("objective")?, table.numbers("bound")?);
        let (units, status) = (table.texts("objective_unit")?, table.texts("status")?);
        let phase = |i: usize| PhaseTold {
            phase: numbers[i],
            name: names[i].clone(),
            agents: agents[i],
            persons_covered: covered[i],
            persons: persons[i],
            mean_time_s: mean[i],
            problem: problems[i].clone(),
            objective: objective[i],
            bound: bound[i],
            objective_unit: units[i].clone(),
            status: status[i].clone(),
        };
        Ok(Run {
            folder,
            name,
            manifest,
            starts: table.texts("starts")?,
            phases: (0..table.len()).map(phase).collect(),
            agents: sites::agents(folder)?,
            people: people::Table::read(folder)?,
            areas: people::Areas::read(folder)?,
        })
    }

    /// The phase in force on a day. Days as YYYY-MM-DD sort as text.
    fn in_force(&self, day: &str) -> Option<&PhaseTold> {
        self.starts.iter().rposition(|start| start.as_str() <= day).map(|at| &self.phases[at])
    }
}

/// Sets two runs side by side.
///
/// # Errors
/// A folder is no run, or the runs have neither demand rows nor boundary features in common (`run::apart`).
pub fn compare(a: &Path, b: &Path) -> Result<Comparison> {
    let (a, b) = (Run::read(a)?, Run::read(b)?);
    let same_rows = a.people.same_rows(&b.people);
    let mut doubts = Vec::new();
    if !same_rows {
        if !a.areas.share_features(&b.areas) {
            return Err(Fault::new("run::apart", "the runs have neither demand cells nor boundary features in common")
                .file(b.folder)
                .help(format!("compare it with a run of the same area; {} is of another", a.folder.display()))
                .into());
        }
        doubts.push(
            "The runs do not have the same demand cells and modes: only sums by phase and boundary are compared, not who \
             wins and who loses."
                .to_owned(),
        );
    }
    if a.name.gandan != b.name.gandan {
        doubts.push(format!("They were made by gandan {} and {}.", a.name.gandan, b.name.gandan));
    }
    if a.name.synthetic != b.name.synthetic {
        let made_up = if a.name.synthetic { &a.name.folder } else { &b.name.folder };
        doubts.push(format!("{made_up} is on made-up data, the other is not."));
    }
    if a.name.standard != b.name.standard {
        doubts.push(format!(
            "Their standards differ, so `served` does not mean the same: {} and {}.",
            a.name.standard, b.name.standard
        ));
    }
    let mut days: Vec<&String> = a.starts.iter().chain(&b.starts).collect();
    days.sort();
    days.dedup();
    let moments = days.into_iter().map(|day| moment(&a, &b, day, same_rows)).collect();
    Ok(Comparison {
        same_rows,
        doubts,
        differences: settings::differences(&a.manifest, &b.manifest),
        moments,
        retimed: sites::retimed(&a.agents, &b.agents),
        a: a.name,
        b: b.name,
    })
}

fn moment(a: &Run, b: &Run, day: &str, same_rows: bool) -> Moment {
    let (of_a, of_b) = (a.in_force(day), b.in_force(day));
    let number = |phase: Option<&PhaseTold>| phase.map(|p| p.phase);
    let (number_a, number_b) = (number(of_a), number(of_b));
    // What is farther away than the standard's radius serves others: that is no move.
    let within_m = a.name.standard.radius_km.max(b.name.standard.radius_km) * 1000.0;
    let change = sites::change(&a.agents, &b.agents, number_a, number_b, within_m);
    let pair = number_a.zip(number_b);
    Moment {
        from: day.to_owned(),
        a: of_a.cloned(),
        b: of_b.cloned(),
        agents_in_both: change.in_both,
        only_a: change.only_a,
        only_b: change.only_b,
        moved: change.moved,
        people: pair.filter(|_| same_rows).map(|(x, y)| a.people.against(&b.people, x, y, |_| true)),
        areas: pair.map_or(Vec::new(), |(x, y)| people::areas(a, b, x, y, same_rows)),
    }
}

/// Writes `compare.parquet`: the changes of every moment and area.
///
/// # Errors
/// The disk refuses it.
pub fn write_table(path: &Path, comparison: &Comparison) -> Result<()> {
    let rows: Vec<(&Moment, &AreaChange)> =
        comparison.moments.iter().flat_map(|m| m.areas.iter().map(move |area| (m, area))).collect();
    let phase = |p: &Option<PhaseTold>| p.as_ref().map_or(0, |p| p.phase);
    let number = |of: fn(&AreaChange) -> f64| Values::number(rows.iter().map(|(_, area)| of(area)));
    let people =
        |of: fn(&People) -> f64| Values::Number(rows.iter().map(|(_, area)| area.people.as_ref().map(of)).collect());
    let values = vec![
        Values::text(rows.iter().map(|(m, _)| m.from.as_str())),
        Values::whole(rows.iter().map(|(m, _)| phase(&m.a))),
        Values::whole(rows.iter().map(|(m, _)| phase(&m.b))),
        Values::Text(rows.iter().map(|(_, area)| area.layer.clone()).collect()),
        Values::Text(rows.iter().map(|(_, area)| area.code.clone()).collect()),
        Values::Text(rows.iter().map(|(_, area)| area.name.clone()).collect()),
        number(|x| x.persons_a),
        number(|x| x.persons_b),
        number(|x| x.persons_covered_a),
        number(|x| x.persons_covered_b),
        number(|x| x.persons_covered_b - x.persons_covered_a),
        Values::Number(rows.iter().map(|(_, area)| area.mean_time_a_s).collect()),
        Values::Number(rows.iter().map(|(_, area)| area.mean_time_b_s).collect()),
        Values::whole(rows.iter().map(|(_, area)| area.agents_a)),
        Values::whole(rows.iter().map(|(_, area)| area.agents_b)),
        people(|p| p.newly_served),
        people(|p| p.no_longer_served),
        people(|p| p.sooner),
        people(|p| p.later),
    ];
    write_as(path, &COMPARE, values)
}
