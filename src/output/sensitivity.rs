//! `sensitivity.parquet`: what the plan is worth when something goes wrong.

use super::schema;
use super::table::{self, RunFolder, Values};
use super::tables::first_boundary;
use crate::error::Result;
use crate::rollout::sensitivity::{Best, Case, Outcome, Sensitivity};
use crate::study::Study;

/// Writes the table.
///
/// # Errors
/// The disk refuses it.
pub fn write(folder: &RunFolder, study: &Study, tried: &Sensitivity) -> Result<()> {
    let rows = &tried.outcomes;
    let closed = |o: &Outcome| match o.case {
        Case::Given(i) => tried.cases.get(i).map_or(0, |c| c.2 as u32),
        _ => 0,
    };
    let best = |of: fn(&Best) -> f64| Values::Number(rows.iter().map(|o| o.best.as_ref().map(of)).collect());
    let regret = |o: &Outcome| o.best.map(|b| b.persons.people() - o.persons.people());
    let (codes, names) = rows.iter().map(|o| first_boundary(study, o.worst_feature.map(|w| w.0))).unzip();
    let values = vec![
        Values::text(rows.iter().map(|o| tried.id(study, &o.case))),
        Values::text(rows.iter().map(|o| tried.name(study, &o.case).vi)),
        Values::text(rows.iter().map(|o| tried.name(study, &o.case).en)),
        Values::whole(rows.iter().map(|o| o.phase as u32 + 1)),
        Values::whole(rows.iter().map(closed)),
        Values::whole(rows.iter().map(|o| o.agents)),
        Values::number(rows.iter().map(|o| o.persons.people())),
        Values::number(rows.iter().map(|o| o.persons.0 as f64 / o.people.0.max(1) as f64)),
        Values::number(rows.iter().map(|o| o.lost as f64 / 1000.0)),
        Values::Number(rows.iter().map(|o| o.mean_time_s).collect()),
        best(|b| b.persons.people()),
        best(|b| b.bound.people()),
        best(|b| b.gap),
        Values::Text(rows.iter().map(|o| o.best.map(|b| b.status.as_str().to_owned())).collect()),
        Values::Number(rows.iter().map(regret).collect()),
        Values::Text(codes),
        Values::Text(names),
        Values::number(rows.iter().map(|o| o.worst_feature.map_or(0.0, |w| w.1.people()))),
    ];
    table::write(folder, &schema::SENSITIVITY, values)
}
