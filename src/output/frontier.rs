//! The frontier as a table.

use super::schema;
use super::table::{self, RunFolder, Values};
use crate::error::Result;
use crate::rollout::frontier::Frontier;
use crate::study::Study;

/// Writes `frontier.parquet`.
///
/// # Errors
/// The disk refuses it.
pub fn write(folder: &RunFolder, study: &Study, frontier: &Frontier) -> Result<()> {
    let points = &frontier.points;
    let share = |people: f64| if frontier.persons.0 > 0 { people / frontier.persons.people() } else { 0.0 };
    let ids = |sites: &[u32]| {
        let ids: Vec<&str> = sites.iter().map(|&s| study.sites[s as usize].site.id.as_str()).collect();
        serde_json::Value::from(ids).to_string()
    };
    let values = vec![
        Values::whole(points.iter().map(|p| p.agents)),
        Values::number(points.iter().map(|p| p.persons.people())),
        Values::number(points.iter().map(|p| share(p.persons.people()))),
        Values::number(points.iter().map(|p| p.bound.people())),
        Values::number(points.iter().map(|p| p.gap)),
        Values::text(points.iter().map(|p| p.status.as_str())),
        Values::Number(points.iter().map(|p| p.mean_time_s).collect()),
        Values::number(points.iter().map(|p| p.marginal.people())),
        Values::text(points.iter().map(|p| ids(&p.sites))),
    ];
    table::write(folder, &schema::FRONTIER, values)
}
