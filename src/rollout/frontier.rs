//! The frontier: the most people that any number of agents can serve, with the last phase's scope and candidates.

use rayon::prelude::*;

use super::Rollout;
use super::solve::{Named, cover_table, scopes};
use serde::{Deserialize, Serialize};

use crate::access::cover::Pair;
use crate::error::Result;
use crate::network::CLOSED;
use crate::optimise::answer::{Limits, ProofStep, Status};
use crate::optimise::cover::open_flags;
use crate::optimise::frontier;
use crate::study::Study;
use crate::units::Persons;

/// The curve of a study.
#[derive(Serialize, Deserialize)]
pub struct Frontier {
    /// From the fixed sites alone to the fewest agents known to serve everyone whom a candidate can serve.
    pub points: Vec<Point>,
    /// People of the last phase's scope.
    pub persons: Persons,
    /// Of those, whom a candidate or a fixed site can serve.
    pub coverable: Persons,
    /// What the phases of the plan come to in the same scope.
    pub marks: Vec<Mark>,
    /// How the curve was found and proved.
    pub steps: Vec<ProofStep>,
    /// Seconds of computing it.
    pub time_s: f64,
}

/// A number of agents.
#[derive(Serialize, Deserialize)]
pub struct Point {
    /// The most agents, fixed ones included.
    pub agents: u32,
    /// The sites of the best set known, ascending.
    pub sites: Vec<u32>,
    /// People that it serves.
    pub persons: Persons,
    /// No set of so many agents serves more.
    pub bound: Persons,
    /// (bound − persons) / bound.
    pub gap: f64,
    /// What is known of it.
    pub status: Status,
    /// Mean travel time in seconds of the people served, to the nearest of the agents that serve them; those whom only
    /// the radius serves are left out.
    pub mean_time_s: Option<f64>,
    /// People more than with one agent less; of the first point all.
    pub marginal: Persons,
}

/// A phase of the plan beside the curve.
#[derive(Serialize, Deserialize)]
pub struct Mark {
    /// Index of the phase.
    pub phase: usize,
    /// Agents that stand at its end.
    pub agents: u32,
    /// People of the last phase's scope whom they serve.
    pub persons: Persons,
}

impl Frontier {
    /// What came of the curve, for the log of a run.
    pub fn told(&self) -> String {
        let proven = self.points.iter().filter(|p| p.persons == p.bound).count();
        let worst = self.points.iter().map(|p| p.gap).fold(0.0, f64::max);
        format!("{} numbers of agents, {proven} proven, largest gap {worst:.6}", self.points.len())
    }
}

/// Computes the curve of a study, and where its plan lies beside it.
///
/// People are counted as they are, without the weights of groups. Only numbers of agents limit it: budgets, promised shares
/// and sites that must open are left out; what closes stands no more.
///
/// # Errors
/// The last phase's scope matches nothing, or the solver fails.
pub fn frontier(study: &Study, plan: Option<&Rollout>) -> Result<Frontier> {
    let last = study.scenario.phases.len().saturating_sub(1);
    let named = Named::of(study);
    let scopes = scopes(study, &named)?;
    let in_scope = &scopes[last].in_scope;
    let count = |row: usize| if in_scope[row] { study.row_persons[row].0 } else { 0 };
    let weights: Vec<u64> = (0..study.row_persons.len()).map(count).collect();
    let fixed: Vec<bool> =
        study.sites.iter().enumerate().map(|(s, site)| site.site.fixed && named.stays(s, last)).collect();
    // What any phase may open stands in the last one, unless it has closed by then.
    let eligible: Vec<bool> =
        (0..fixed.len()).map(|s| named.stays(s, last) && scopes.iter().any(|scope| scope.allowed[s])).collect();
    let cover = cover_table(study, |row| weights[row] > 0)?;
    let problem =
        frontier::Problem { cover: &cover, weights: &weights, fixed: &fixed, eligible: &eligible, most: None };
    let solve = &study.scenario.solve;
    let limits = Limits { time_limit_s: Some(solve.time_limit_s), gap: solve.gap, ..Limits::default() };
    let found = frontier::solve(&problem, &limits)?;
    let times: Vec<Option<f64>> = found.points.par_iter().map(|p| mean_time_s(study, &weights, &p.chosen)).collect();
    let mut points: Vec<Point> = Vec::with_capacity(found.points.len());
    for (point, mean_time_s) in found.points.into_iter().zip(times) {
        let before = points.last().map_or(0, |p| p.persons.0);
        points.push(Point {
            agents: point.sites as u32,
            sites: point.chosen,
            persons: Persons(point.objective),
            bound: Persons(point.bound),
            gap: point.gap,
            status: point.status,
            mean_time_s,
            marginal: Persons(point.objective - before),
        });
    }
    let marks = plan.map_or_else(Vec::new, |plan| {
        let mark = |(phase, open): (usize, &Vec<u32>)| Mark {
            phase,
            agents: open.len() as u32,
            persons: Persons(cover.covered_weight(&weights, &open_flags(fixed.len(), open))),
        };
        let opens = plan.phases.iter().map(|p| &p.open).enumerate();
        opens.filter(|(_, open)| !open.is_empty()).map(mark).collect()
    });
    Ok(Frontier {
        points,
        persons: Persons(weights.iter().sum()),
        coverable: Persons(found.coverable),
        marks,
        steps: found.steps,
        time_s: found.time_s,
    })
}

/// As told at [`Point::mean_time_s`].
fn mean_time_s(study: &Study, weights: &[u64], open: &[u32]) -> Option<f64> {
    let is_open = open_flags(study.sites.len(), open);
    let (mut people, mut sum) = (0_u64, 0_u128);
    for (row, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
        let time = |pair: &Pair| is_open[pair.site as usize].then_some(pair.travel_time_ms);
        let nearest = study.cover.row(row).iter().filter_map(time).min().filter(|&ms| ms != CLOSED);
        if let Some(ms) = nearest {
            people += weight;
            sum += u128::from(weight) * u128::from(ms);
        }
    }
    (people > 0).then(|| sum as f64 / people as f64 / 1000.0)
}
