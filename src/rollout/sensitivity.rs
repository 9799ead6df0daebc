//! Sensitivity: what the plan is worth when something goes wrong, and what the best plan for that case would be.
//!
//! The cases of the scenario are worked out on the loaded study, one at a time; then each agent of the last phase is
//! taken away in turn. In every case the people served by the agents that are left are counted, and the same number of
//! agents is chosen anew for it: the difference is the regret. People are counted as they are, without the weights of
//! groups. One time limit holds for all plans made anew, and what it stops keeps its bound.

use std::collections::BTreeMap;
use std::time::Instant;

use rayon::prelude::*;

use super::Rollout;
use super::solve::{Named, PhaseScope, costs, milli, scopes};
use crate::access::cover::CoverSets;
use crate::access::legs::Legs;
use crate::access::search::nearest_site;
use crate::error::Result;
use crate::network::Network;
use crate::optimise::answer::{Limits, Status};
use crate::optimise::cover::{CoverTable, open_flags};
use crate::optimise::max_cover;
use crate::scenario::{Opens, SensitivitySettings, Text};
use crate::stages::Stages;
use crate::study::Study;
use crate::study::cases::{Cases, Changed};
use crate::units::Persons;

/// A plan made anew gets at least such a part of the time that is left: most need none of theirs.
const LARGEST_PARTS: usize = 6;

/// How the plan stands the cases.
pub struct Sensitivity {
    /// The normal case, the scenario's cases, then the loss of each agent, worst first.
    pub outcomes: Vec<Outcome>,
    /// What the cases of the scenario are, in its order, and how many streets each closes.
    pub cases: Vec<(String, Text, usize)>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Case {
    /// Nothing.
    Normal,
    /// A case of the scenario, by its index.
    Given(usize),
    /// The loss of an agent, by its site.
    Lost(u32),
}

/// How a phase of the plan stands a case. People are those of the phase's scope.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What happens.
    pub case: Case,
    /// Index of the phase.
    pub phase: usize,
    /// Agents that are left.
    pub agents: u32,
    /// People of the scope.
    pub people: Persons,
    /// People whom they serve.
    pub persons: Persons,
    /// People served in the normal case and not in this one, less those the other way round.
    pub lost: i64,
    /// Mean travel time to the nearest of them in seconds, of the people who reach one.
    pub mean_time_s: Option<f64>,
    /// The best plan for the case.
    pub best: Option<Best>,
    /// The feature of the first boundary layer that loses most people, and how many.
    pub worst_feature: Option<(u32, Persons)>,
}

/// The best plan for a case: as many agents as the phase has, within its budget, chosen for that phase alone; without
/// what it promises.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    /// People served by the best choice known.
    pub persons: Persons,
    /// No choice serves more.
    pub bound: Persons,
    /// (bound − persons) / bound.
    pub gap: f64,
    /// What is known of it.
    pub status: Status,
}

/// Tries a plan.
///
/// # Errors
/// A case names what is not there (`case::…`), leaves no street to a mode, or the solver fails.
pub fn sensitivity(study: &Study, plan: &Rollout, stages: &mut Stages) -> Result<Sensitivity> {
    let default = SensitivitySettings::default();
    let settings = study.scenario.sensitivity.as_ref().unwrap_or(&default);
    let cases = Cases::new(study, settings.cases.iter().collect())?;
    let named = Named::of(study);
    let scopes = scopes(study, &named)?;
    let time_limit_s = settings.time_limit_s.unwrap_or(study.scenario.solve.time_limit_s);
    let last = plan.phases.len().saturating_sub(1);
    let agents = plan.phases.last().map_or(0, |p| p.open.len());
    let lost_planned = if settings.agents { settings.replan.min(agents) } else { 0 };
    let solves = (1 + settings.cases.len()) * plan.phases.len() + lost_planned;
    let mut trial =
        Trial { study, plan, scopes, named, costs: costs(study)?, begun: Instant::now(), time_limit_s, solves };
    let normal = Given {
        cover: study.without_cases(),
        roads: (&study.network, &study.cell_legs, &study.site_legs),
        kept: &vec![true; study.sites.len()],
    };
    let tell = |o: &Vec<Outcome>| o.last().map_or(String::new(), |o| told(study, "nothing", o));
    let base = stages.run("normal case", || trial.case(Case::Normal, &normal, None), tell)?;
    let mut outcomes = base.clone();
    let mut listed = Vec::new();
    for (i, case) in cases.settings().iter().enumerate() {
        let worked = || {
            let changed: Changed = cases.changed(i)?;
            listed.push((case.id.clone(), case.name.clone(), changed.streets_closed));
            let given = Given { cover: &changed.cover, roads: changed.main(study), kept: &changed.kept };
            trial.case(Case::Given(i), &given, Some((&normal, &base)))
        };
        let tell = |o: &Vec<Outcome>| o.last().map_or(String::new(), |o| told(study, &case.name.en, o));
        outcomes.extend(stages.run("try a case", worked, tell)?);
    }
    if settings.agents && agents > 0 {
        let lost = stages.run(
            "lose each agent",
            || trial.each_agent(last, &normal, &base[last], settings.replan),
            |lost| lost.first().map_or(String::new(), |worst| told(study, &name(study, &worst.case), worst)),
        )?;
        outcomes.extend(lost);
    }
    Ok(Sensitivity { outcomes, cases: listed })
}

impl Sensitivity {
    /// The case's id in tables: `normal`, that of the scenario, or `lost:` and the site's id.
    pub fn id(&self, study: &Study, case: &Case) -> String {
        match case {
            Case::Normal => "normal".into(),
            Case::Given(i) => self.cases.get(*i).map_or(String::new(), |c| c.0.clone()),
            Case::Lost(site) => format!("lost:{}", study.sites[*site as usize].site.id),
        }
    }

    /// The case's name in both languages.
    pub fn name(&self, study: &Study, case: &Case) -> Text {
        match case {
            Case::Normal => Text { vi: "Bình thường".into(), en: "Normal".into() },
            Case::Given(i) => self.cases.get(*i).map_or_else(Text::default, |c| c.1.clone()),
            Case::Lost(site) => {
                let name = &study.sites[*site as usize].site.name;
                Text { vi: format!("Mất đại lý {name}"), en: format!("Without {name}") }
            }
        }
    }
}

fn name(study: &Study, case: &Case) -> String {
    match case {
        Case::Lost(site) => format!("without {}", study.sites[*site as usize].site.name),
        _ => String::new(),
    }
}

/// An outcome in a few words.
fn told(study: &Study, what: &str, outcome: &Outcome) -> String {
    let phase = outcome.phase + 1;
    let regret = outcome.best.map_or(String::new(), |best| {
        let regret = Persons(best.persons.0.saturating_sub(outcome.persons.0)).people();
        let bound = if best.gap > 0.0 { format!(", bound {:.0}", best.bound.people()) } else { String::new() };
        format!(", planned anew {regret:.0} more{bound}")
    });
    let share = outcome.persons.0 as f64 / outcome.people.0.max(1) as f64 * 100.0;
    let layer = study.layers.first().zip(outcome.worst_feature);
    let where_most = layer.map_or(String::new(), |(layer, (feature, persons))| {
        format!("; most lose in {}: {:.0}", layer.features[feature as usize].name, persons.people())
    });
    format!("{what}: {:.0} people served in phase {phase} ({share:.2} %){regret}{where_most}", outcome.persons.people())
}

/// Who serves whom in a case, on which roads, with which sites.
struct Given<'a> {
    cover: &'a CoverSets,
    roads: (&'a Network, &'a Legs, &'a Legs),
    kept: &'a [bool],
}

struct Trial<'a> {
    study: &'a Study,
    plan: &'a Rollout,
    scopes: Vec<PhaseScope>,
    named: Named,
    /// Only budgets look at them.
    costs: Vec<u64>,
    begun: Instant,
    time_limit_s: f64,
    /// Plans still to be made anew.
    solves: usize,
}

impl Trial<'_> {
    /// How every phase stands a case; `normal` is what to compare with.
    fn case(&mut self, case: Case, given: &Given, normal: Option<(&Given, &[Outcome])>) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(self.plan.phases.len());
        for t in 0..self.plan.phases.len() {
            let open: Vec<u32> = self.plan.phases[t].open.iter().copied().filter(|&s| given.kept[s as usize]).collect();
            let is_open = open_flags(self.study.sites.len(), &open);
            let weights = self.weights(t);
            let persons = served(given.cover, &weights, &is_open);
            let best = self.best(t, given, &weights, &open, None)?;
            let (mut lost, mut worst_feature) = (0, None);
            if let Some((normal, outcomes)) = normal {
                lost = outcomes[t].persons.0 as i64 - persons as i64;
                let before = open_flags(self.study.sites.len(), &self.plan.phases[t].open);
                worst_feature = self.worst_feature(|row| {
                    (any_open(normal.cover, row, &before) && !any_open(given.cover, row, &is_open))
                        .then_some(weights[row])
                });
            }
            outcomes.push(Outcome {
                case: case.clone(),
                phase: t,
                agents: open.len() as u32,
                people: Persons(weights.iter().sum()),
                persons: Persons(persons),
                lost,
                mean_time_s: mean_time_s(self.study, given, &weights, &open),
                best: Some(best),
                worst_feature,
            });
        }
        Ok(outcomes)
    }

    /// How the last phase stands the loss of each of its agents, worst first: most people lost, then the longest ways.
    fn each_agent(&mut self, t: usize, given: &Given, normal: &Outcome, replan: usize) -> Result<Vec<Outcome>> {
        let study = self.study;
        let open = &self.plan.phases[t].open;
        let is_open = open_flags(study.sites.len(), open);
        let weights = self.weights(t);
        // People whom one agent alone serves, by agent, and of those by feature of the first layer.
        let mut only: BTreeMap<u32, (u64, BTreeMap<u32, u64>)> =
            open.iter().map(|&s| (s, Default::default())).collect();
        for (row, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let mut serving = given.cover.row(row).iter().map(|p| p.site).filter(|&s| is_open[s as usize]);
            if let (Some(site), None) = (serving.next(), serving.next())
                && let Some((sum, by_feature)) = only.get_mut(&site)
            {
                *sum += weight;
                let feature = study.cell_boundary.first().and_then(|layer| layer[row / study.modes.len()]);
                feature.iter().for_each(|&f| *by_feature.entry(f).or_default() += weight);
            }
        }
        let mut outcomes: Vec<Outcome> = only
            .par_iter()
            .map(|(&site, (lost, by_feature))| {
                let left: Vec<u32> = open.iter().copied().filter(|&s| s != site).collect();
                let worst = by_feature.iter().max_by_key(|&(feature, people)| (*people, std::cmp::Reverse(*feature)));
                Outcome {
                    case: Case::Lost(site),
                    phase: t,
                    agents: left.len() as u32,
                    people: normal.people,
                    persons: Persons(normal.persons.0 - lost),
                    lost: *lost as i64,
                    mean_time_s: mean_time_s(study, given, &weights, &left),
                    best: None,
                    worst_feature: worst.map(|(&feature, &people)| (feature, Persons(people))),
                }
            })
            .collect();
        let time = |o: &Outcome| o.mean_time_s.map_or(u64::MAX, |s| (s * 1000.0) as u64);
        outcomes.sort_by_key(|o| (std::cmp::Reverse((o.lost, time(o))), o.case.site()));
        let mut kept = vec![true; study.sites.len()];
        let most = normal.best.map(|best| best.bound.0);
        for outcome in outcomes.iter_mut().take(replan) {
            let Some(site) = outcome.case.site() else { continue };
            kept[site as usize] = false;
            let left: Vec<u32> = open.iter().copied().filter(|&s| s != site).collect();
            let without = Given { kept: &kept, ..*given };
            outcome.best = Some(self.best(t, &without, &weights, &left, most)?);
            kept[site as usize] = true;
        }
        Ok(outcomes)
    }

    /// People of each demand row whom a phase is judged by.
    fn weights(&self, t: usize) -> Vec<u64> {
        let rows = self.study.row_persons.iter().zip(&self.scopes[t].in_scope);
        rows.map(|(persons, &inside)| if inside { persons.0 } else { 0 }).collect()
    }

    /// The best choice of as many agents as phase `t` has, without the sites that are lost; at least what `open` does.
    /// No choice serves more than `most`, where that is known.
    fn best(&mut self, t: usize, given: &Given, weights: &[u64], open: &[u32], most: Option<u64>) -> Result<Best> {
        let study = self.study;
        let n = study.sites.len();
        self.solves = self.solves.saturating_sub(1);
        let now = served(given.cover, weights, &open_flags(n, open));
        let stays = |s: usize| given.kept[s] && self.named.stays(s, t);
        let fixed: Vec<bool> = (0..n).map(|s| study.sites[s].site.fixed && stays(s)).collect();
        let eligible: Vec<bool> =
            (0..n).map(|s| stays(s) && self.scopes[..=t].iter().any(|scope| scope.allowed[s])).collect();
        let usable: Vec<bool> = (0..n).map(|s| fixed[s] || eligible[s]).collect();
        let coverable = served(given.cover, weights, &usable);
        let judged = |persons: u64, bound: u64, status: Option<Status>| {
            let bound = bound.max(persons);
            let gap = if bound == 0 { 0.0 } else { (bound - persons) as f64 / bound as f64 };
            let status = if persons == bound { Status::Optimal } else { status.unwrap_or(Status::TimeLimit) };
            Best { persons: Persons(persons), bound: Persons(bound), gap, status }
        };
        let bound = most.map_or(coverable, |most| most.min(coverable));
        let p = self.plan.phases[t].open.len();
        let left = self.time_limit_s - self.begun.elapsed().as_secs_f64();
        if now >= bound || p == 0 || left <= 0.0 {
            return Ok(judged(now, if p == 0 { now } else { bound }, None));
        }
        let cover = table(given.cover, weights, n)?;
        let limits = Limits {
            time_limit_s: Some((left / (self.solves + 1).min(LARGEST_PARTS) as f64).max(0.01)),
            gap: study.scenario.solve.gap,
            ..Limits::default()
        };
        // A phase that opens nothing keeps within the budget of the one before it that does.
        let opening = study.scenario.phases[..=t].iter().rev().find(|phase| phase.opens != Opens::Nothing);
        let problem = max_cover::Problem {
            cover: &cover,
            weights,
            costs: &self.costs,
            fixed: &fixed,
            eligible: &eligible,
            p: Some(p),
            budget: opening.and_then(|phase| phase.budget).map(milli),
        };
        let answer = max_cover::solve(&problem, &limits)?;
        Ok(judged(answer.objective.max(now), answer.bound.min(bound), Some(answer.status)))
    }

    /// The feature of the first layer with the largest sum of what `lost` tells of its rows.
    fn worst_feature(&self, lost: impl Fn(usize) -> Option<u64>) -> Option<(u32, Persons)> {
        let layer = self.study.cell_boundary.first()?;
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for row in 0..self.study.row_persons.len() {
            if let Some(feature) = layer[row / self.study.modes.len()]
                && let Some(people) = lost(row).filter(|&people| people > 0)
            {
                *sums.entry(feature).or_default() += people;
            }
        }
        let worst = sums.into_iter().max_by_key(|&(feature, people)| (people, std::cmp::Reverse(feature)))?;
        Some((worst.0, Persons(worst.1)))
    }
}

impl Case {
    /// The site that is lost.
    pub fn site(&self) -> Option<u32> {
        match self {
            Case::Lost(site) => Some(*site),
            _ => None,
        }
    }
}

fn any_open(cover: &CoverSets, row: usize, open: &[bool]) -> bool {
    cover.row(row).iter().any(|pair| open[pair.site as usize])
}

/// The sum of weights over the rows that open sites serve.
fn served(cover: &CoverSets, weights: &[u64], open: &[bool]) -> u64 {
    let rows = weights.iter().enumerate().filter(|&(row, &weight)| weight > 0 && any_open(cover, row, open));
    rows.map(|(_, &weight)| weight).sum()
}

/// The cover sets as the optimiser takes them, rows without weight left empty.
pub(super) fn table(cover: &CoverSets, weights: &[u64], n_sites: usize) -> Result<CoverTable> {
    let mut offsets = vec![0];
    let mut sites = Vec::new();
    for (row, &weight) in weights.iter().enumerate() {
        if weight > 0 {
            sites.extend(cover.row(row).iter().map(|pair| pair.site));
        }
        offsets.push(sites.len());
    }
    CoverTable::from_parts(offsets, sites, n_sites)
}

/// Mean travel time in seconds to the nearest of some sites, of the people who reach one.
fn mean_time_s(study: &Study, given: &Given, weights: &[u64], open: &[u32]) -> Option<f64> {
    let (network, cells, sites) = given.roads;
    let n_modes = study.modes.len();
    let sums: Vec<(u64, u128)> = (0..n_modes)
        .into_par_iter()
        .map(|m| {
            let near: Vec<_> =
                open.iter().filter_map(|&s| sites.by_mode[m][s as usize].map(|(leg, _)| (s, leg))).collect();
            let found = nearest_site(&network.modes[m], &near, &cells.bare(m));
            let reached = found.into_iter().enumerate().filter_map(|(cell, found)| Some((cell, found?.1)));
            reached.fold((0, 0), |(people, sum), (cell, ms)| {
                let weight = weights[cell * n_modes + m];
                (people + weight, sum + u128::from(weight) * u128::from(ms))
            })
        })
        .collect();
    let people: u64 = sums.iter().map(|s| s.0).sum();
    let sum: u128 = sums.iter().map(|s| s.1).sum();
    (people > 0).then(|| sum as f64 / people as f64 / 1000.0)
}
