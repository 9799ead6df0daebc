//! The tables of a run as the report needs them.

use serde_json::Value;

use super::html::Safe;
use super::words::Words;
use crate::error::Result;
use crate::output::read::{self, Rows};
use crate::output::run::{
    AgentRow, BoundaryRow, GroupRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Row, Run, SiteRow, StrategyRow, TodayRow,
};
use crate::output::schema;

/// A point of the frontier.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierPoint {
    /// Agents that stand, at most.
    pub agents: u32,
    /// People served.
    pub persons: f64,
    /// Share of the people of the last phase's scope.
    pub share: f64,
    /// People whom no choice of so many agents exceeds.
    pub bound_persons: f64,
}

/// A case of the sensitivity in a phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `normal`, the id of a case, or `lost:` and the id of a site.
    pub case: String,
    /// Its name in Vietnamese.
    pub name_vi: String,
    /// Its name in English.
    pub name_en: String,
    /// Number of the phase, from 1.
    pub phase: u32,
    /// Streets closed.
    pub streets_closed: u32,
    /// People served.
    pub persons: f64,
    /// Share of the people of the phase's scope.
    pub share: f64,
    /// People served fewer than normally.
    pub persons_lost: f64,
    /// Mean travel time (s).
    pub mean_time_s: Option<f64>,
    /// What a plan made for the case would serve more (people).
    pub regret: Option<f64>,
}

/// Everything that the report tells of a run.
pub struct Facts<'a> {
    /// The run.
    pub run: &'a Run,
    /// The phases in order.
    pub phases: Vec<PhaseRow>,
    /// The agents in the order of opening.
    pub agents: Vec<AgentRow>,
    /// Features of all layers in all phases.
    pub boundaries: Vec<BoundaryRow>,
    /// The study area as the offices of today serve it; `None` where there are none.
    pub today: Option<TodayRow>,
    /// The same for the features of the first layer.
    pub today_by_boundary: Vec<TodayRow>,
    /// How groups fare.
    pub groups: Vec<GroupRow>,
    /// Loads of agents.
    pub loads: Vec<LoadRow>,
    /// How offices are relieved.
    pub relief: Vec<ReliefRow>,
    /// Who is not served at the end, the most people first.
    pub places: Vec<PlaceRow>,
    /// Every candidate.
    pub sites: Vec<SiteRow>,
    /// The strategies compared.
    pub strategies: Vec<StrategyRow>,
    /// The frontier, where it was computed.
    pub frontier: Vec<FrontierPoint>,
    /// The cases of the sensitivity, where they were computed.
    pub cases: Vec<Case>,
    /// How many of the stated problems have a proof that is checked without a solver, and how many there are.
    pub certified: [usize; 2],
}

impl<'a> Facts<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// A table is missing that every run has, or cannot be read.
    pub fn of(run: &'a Run) -> Result<Facts<'a>> {
        let today: Vec<TodayRow> = optional(run)?;
        let (whole, parts): (Vec<_>, Vec<_>) = today.into_iter().partition(|t| t.boundary.is_none());
        let mut places: Vec<PlaceRow> = run.rows()?;
        places.sort_by(|a, b| b.persons.total_cmp(&a.persons));
        let mut agents: Vec<AgentRow> = run.rows()?;
        agents.sort_by(|a, b| (a.order, &a.site).cmp(&(b.order, &b.site)));
        Ok(Facts {
            run,
            phases: run.rows()?,
            agents,
            boundaries: run.rows()?,
            // Features without a code of their own would be taken for the whole: the whole has the most people.
            today: whole.into_iter().max_by(|a, b| a.persons.total_cmp(&b.persons)).filter(|t| t.offices > 0),
            today_by_boundary: parts,
            groups: run.rows()?,
            loads: run.rows()?,
            relief: run.rows()?,
            places,
            sites: run.rows()?,
            strategies: run.rows()?,
            frontier: frontier(run)?,
            cases: cases(run)?,
            certified: certified(run),
        })
    }

    /// The last phase.
    pub fn last(&self) -> Option<&PhaseRow> {
        self.phases.last()
    }

    /// The id of the first boundary layer; empty where there is none.
    pub fn first_layer(&self) -> &str {
        self.run.about.layers.first().map_or("", |l| l.id.as_str())
    }

    /// The name of the first boundary layer for people.
    pub fn layer_name(&self, words: &Words) -> Safe {
        self.run.about.layers.first().map_or_else(|| words.none(), |l| words.said(&l.name))
    }

    /// The features of the first layer in a phase in which people live.
    pub fn communes(&self, phase: u32) -> impl Iterator<Item = &BoundaryRow> {
        let layer = self.first_layer();
        self.boundaries.iter().filter(move |b| b.layer == layer && b.phase == phase && b.persons > 0.0)
    }

    /// A setting of the manifest by its path.
    pub fn setting(&self, path: &[&str]) -> &Value {
        path.iter().fold(&self.run.manifest["settings"], |value, key| &value[*key])
    }

    /// A setting that is a number.
    pub fn number(&self, path: &[&str]) -> Option<f64> {
        self.setting(path).as_f64()
    }

    /// Whether counters and loads were computed.
    pub fn has_capacity(&self) -> bool {
        !self.loads.is_empty() || self.phases.iter().any(|p| p.counters.is_some())
    }
}

/// The rows of a table; none where a run has no such file.
fn optional<T: Row>(run: &Run) -> Result<Vec<T>> {
    if run.folder.join(T::TABLE.file).is_file() { run.rows() } else { Ok(Vec::new()) }
}

fn frontier(run: &Run) -> Result<Vec<FrontierPoint>> {
    if !run.folder.join(schema::FRONTIER.file).is_file() {
        return Ok(Vec::new());
    }
    let rows = Rows::read(&run.folder, &schema::FRONTIER, &["agents", "persons", "share", "bound_persons"])?;
    let figures = rows.numbers("persons")?.into_iter().zip(rows.numbers("share")?).zip(rows.numbers("bound_persons")?);
    let points = rows.wholes("agents")?.into_iter().zip(figures);
    Ok(points
        .map(|(agents, ((persons, share), bound_persons))| FrontierPoint { agents, persons, share, bound_persons })
        .collect())
}

fn cases(run: &Run) -> Result<Vec<Case>> {
    if !run.folder.join(schema::SENSITIVITY.file).is_file() {
        return Ok(Vec::new());
    }
    const COLUMNS: &[&str] = &[
        "case",
        "name_vi",
        "name_en",
        "phase",
        "streets_closed",
        "persons",
        "share",
        "persons_lost",
        "mean_time_s",
        "regret",
    ];
    let rows = Rows::read(&run.folder, &schema::SENSITIVITY, COLUMNS)?;
    let (mut name_vi, mut name_en) = (rows.texts("name_vi")?.into_iter(), rows.texts("name_en")?.into_iter());
    let (mut phase, mut closed) = (rows.wholes("phase")?.into_iter(), rows.wholes("streets_closed")?.into_iter());
    let (mut persons, mut share) = (rows.numbers("persons")?.into_iter(), rows.numbers("share")?.into_iter());
    let (mut lost, mut mean) =
        (rows.numbers("persons_lost")?.into_iter(), rows.maybe_numbers("mean_time_s")?.into_iter());
    let mut regret = rows.maybe_numbers("regret")?.into_iter();
    // All columns of a table are of one length.
    let case = |case: String| {
        Some(Case {
            case,
            name_vi: name_vi.next()?,
            name_en: name_en.next()?,
            phase: phase.next()?,
            streets_closed: closed.next()?,
            persons: persons.next()?,
            share: share.next()?,
            persons_lost: lost.next()?,
            mean_time_s: mean.next()?,
            regret: regret.next()?,
        })
    };
    Ok(rows.texts("case")?.into_iter().map_while(case).collect())
}

/// A problem counts as certified where the certificate alone proves the bound that the run claims.
fn certified(run: &Run) -> [usize; 2] {
    // A run without the file has proven nothing that can be checked; `gandan verify` tells about that.
    let Ok(proof) = read::json(&run.folder, "proof.json", "run::proof") else {
        return [0, 0];
    };
    let problems = proof["problems"].as_array().map_or(&[][..], Vec::as_slice);
    let whole = |p: &&Value| p["certificate"]["bound"].is_number() && p["certificate"]["bound"] == p["bound"];
    [problems.iter().filter(whole).count(), problems.len()]
}
