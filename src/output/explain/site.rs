//! Everything a run knows of one site.

use std::path::Path;

use serde::Serialize;

use super::{PhaseName, Run};
use crate::error::{Fault, Result};
use crate::output::read::Rows;
use crate::output::schema::{CELLS, EXPLANATIONS, ROLLOUT, SITES};

/// One site and its part in the plan. People are of all modes; `None` where a figure does not apply to its role.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteStory {
    /// Whether the run is on made-up data.
    pub synthetic: bool,
    /// Its id.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// How it stands to the plan: the column `role` of `explanations.parquet`.
    pub role: String,
    /// `eligible`, `refused` or `review`.
    pub status: String,
    /// Why it is refused, or what is unknown of it.
    pub status_reasons: Option<String>,
    /// Whether gandan proposes it itself.
    pub proposed: bool,
    /// Its place in the order of opening, from 1; 0 for fixed sites.
    pub order: Option<u32>,
    /// The phase in which it opens.
    pub opens: Option<PhaseName>,
    /// People whom it would serve by itself.
    pub persons_in_reach: f64,
    /// People whom no earlier agent serves.
    pub persons_marginal: Option<f64>,
    /// People whom no other agent serves in the phase in which it opens.
    pub persons_lost_first: Option<f64>,
    /// People whom no other agent serves at the end.
    pub persons_lost: Option<f64>,
    /// Extra travel of those whose nearest agent it is if it closes alone, one way.
    pub extra_person_minutes: Option<f64>,
    /// People who then reach no agent by road.
    pub persons_cut_off: Option<f64>,
    /// People whom it would add to the final plan, opened as well.
    pub persons_added: Option<f64>,
    /// Its best substitute, or the agent that it would best stand in for.
    pub exchange: Option<String>,
    /// Its name.
    pub exchange_name: Option<String>,
    /// People served more at the end by that exchange.
    pub exchange_persons: Option<f64>,
    /// Person-days served more by it over the whole plan.
    pub exchange_person_days: Option<f64>,
    /// Whom it serves, phase by phase; only phases in which it stands.
    pub phases: Vec<PhaseOfSite>,
    /// The reason in words, in English.
    pub why_en: String,
    /// The reason in words, in Vietnamese.
    pub why_vi: String,
}

/// Whose nearest agent a site is in a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseOfSite {
    /// The phase.
    #[serde(flatten)]
    pub phase: PhaseName,
    /// People whose nearest agent it is.
    pub persons_nearest: f64,
    /// Those of them who are served under the standard.
    pub persons_covered: f64,
    /// Mean travel time of those who reach it by road, in seconds.
    pub mean_time_s: Option<f64>,
}

/// The story of a site, given by its id or by a name that no other site has.
///
/// # Errors
/// The folder is no run, or has no such site (`run::site`, with the nearest ids) or phase (`run::phase`).
pub fn site(folder: &Path, wanted: &str, only_phase: Option<u32>) -> Result<SiteStory> {
    let run = Run::open(folder)?;
    let at = run.sites.find(wanted)?;
    let id = run.sites.ids[at].clone();
    let asked = run.phases(only_phase)?;
    let sites = Rows::read(folder, &SITES, &["status", "reasons_en", "proposed"])?;
    let told = Rows::read(
        folder,
        &EXPLANATIONS,
        &[
            "site",
            "role",
            "phase",
            "persons_in_reach",
            "persons_lost_first",
            "persons_lost",
            "extra_person_minutes",
            "persons_cut_off",
            "persons_added",
            "exchange",
            "exchange_name",
            "exchange_persons",
            "exchange_person_days",
            "why_vi",
            "why_en",
        ],
    )?;
    let ids = told.text("site")?;
    let row = ids.iter().position(|known| known == Some(id.as_str())).ok_or_else(|| {
        Fault::new("run::table", format!("it does not hold the site `{id}`"))
            .file(folder.join(EXPLANATIONS.file))
            .help("make the run again with this version")
    })?;
    let text = |name: &str| Ok::<_, crate::error::Error>(told.text(name)?.get(row).map(str::to_owned));
    let number = |name: &str| Ok::<_, crate::error::Error>(told.number(name)?.get(row));
    let phase = told.whole("phase")?.get(row);
    let rollout = Rows::read(folder, &ROLLOUT, &["site", "order", "persons_marginal"])?;
    let agent = rollout.text("site")?.iter().position(|known| known == Some(id.as_str()));
    Ok(SiteStory {
        synthetic: run.synthetic,
        name: run.sites.names[at].clone(),
        lon: run.sites.at[at].lon,
        lat: run.sites.at[at].lat,
        role: text("role")?.unwrap_or_default(),
        status: sites.text("status")?.get(at).unwrap_or_default().to_owned(),
        status_reasons: sites.text("reasons_en")?.get(at).map(str::to_owned),
        proposed: sites.flag("proposed")?.get(at).unwrap_or_default(),
        order: agent.map(|a| Ok::<_, crate::error::Error>(rollout.whole("order")?.get(a))).transpose()?.flatten(),
        opens: phase.and_then(|phase| run.phases.iter().find(|p| p.phase == phase).cloned()),
        persons_in_reach: number("persons_in_reach")?.unwrap_or_default(),
        persons_marginal: agent
            .map(|a| Ok::<_, crate::error::Error>(rollout.number("persons_marginal")?.get(a)))
            .transpose()?
            .flatten(),
        persons_lost_first: number("persons_lost_first")?,
        persons_lost: number("persons_lost")?,
        extra_person_minutes: number("extra_person_minutes")?,
        persons_cut_off: number("persons_cut_off")?,
        persons_added: number("persons_added")?,
        exchange: text("exchange")?,
        exchange_name: text("exchange_name")?,
        exchange_persons: number("exchange_persons")?,
        exchange_person_days: number("exchange_person_days")?,
        phases: match agent {
            Some(_) => whose_nearest(folder, &id, &asked)?,
            None => Vec::new(),
        },
        why_en: text("why_en")?.unwrap_or_default(),
        why_vi: text("why_vi")?.unwrap_or_default(),
        site: id,
    })
}

/// People whose nearest agent a site is, in each phase in which there are any.
fn whose_nearest(folder: &Path, id: &str, asked: &[PhaseName]) -> Result<Vec<PhaseOfSite>> {
    let cells = Rows::read(folder, &CELLS, &["phase", "agent", "persons", "travel_time_s", "covered"])?;
    let (phases, agents) = (cells.whole("phase")?, cells.text("agent")?);
    let (persons, times, covered) = (cells.number("persons")?, cells.number("travel_time_s")?, cells.flag("covered")?);
    let mut found = Vec::new();
    for phase in asked {
        let (mut nearest, mut served, mut reached, mut weighted) = (0.0, 0.0, 0.0, 0.0);
        let rows = agents.iter().zip(phases.iter()).enumerate();
        for (row, _) in rows.filter(|(_, (agent, of))| *agent == Some(id) && *of == Some(phase.phase)) {
            let people = persons.get(row).unwrap_or_default();
            nearest += people;
            served += if covered.get(row) == Some(true) { people } else { 0.0 };
            if let Some(time) = times.get(row) {
                reached += people;
                weighted += people * time;
            }
        }
        if nearest > 0.0 {
            let mean_time_s = (reached > 0.0).then(|| weighted / reached);
            found.push(PhaseOfSite {
                phase: phase.clone(),
                persons_nearest: nearest,
                persons_covered: served,
                mean_time_s,
            });
        }
    }
    Ok(found)
}
