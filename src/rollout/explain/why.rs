//! What the plan would be without each agent and with each other candidate, as it stands at the end of the last phase.

use super::second::second_nearest;
use crate::error::Result;
use crate::ingest::eligibility::Eligibility;
use crate::optimise::cover::open_flags;
use crate::optimise::exchange::Exchange;
use crate::rollout::{PhasePlan, solve};
use crate::scenario::Opens;
use crate::study::Study;
use crate::units::Persons;

/// How a site stands to the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It stood before the plan.
    Fixed,
    /// The plan opens it.
    Opens,
    /// A condition of the city refuses it.
    Refused,
    /// Something is unknown of it, and the scenario uses no such site.
    Unknown,
    /// No phase opens agents where it lies.
    OutOfScope,
    /// Nobody lives within its reach.
    ServesNobody,
    /// All people in its reach have an agent.
    AddsNobody,
    /// It would serve people whom the plan does not; other sites serve more.
    NotChosen,
}

impl Role {
    /// As in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Fixed => "fixed",
            Role::Opens => "opens",
            Role::Refused => "refused",
            Role::Unknown => "unknown",
            Role::OutOfScope => "out_of_scope",
            Role::ServesNobody => "serves_nobody",
            Role::AddsNobody => "adds_nobody",
            Role::NotChosen => "not_chosen",
        }
    }
}

/// Why a site is in the plan or is not.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteReason {
    /// How it stands to the plan.
    pub role: Role,
    /// People whom it would serve under the standard, by itself.
    pub in_reach: Persons,
    /// What is lost without it; agents only.
    pub without: Option<Without>,
    /// People whom it would add to the final plan; other candidates only.
    pub added: Option<Persons>,
    /// The exchange that serves most people: for an agent that the plan opens its best substitute, for another
    /// candidate the agent that it would best stand in for. `None` where there is no other such site, or the site may
    /// not be used.
    pub exchange: Option<Swap>,
}

/// What closing an agent alone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Without {
    /// People who then have no agent under the standard.
    pub unserved: Persons,
    /// Travel to the next nearest agent beyond that to this one, of those whose nearest it is, in
    /// milli-persons × milliseconds.
    pub extra_travel: u128,
    /// People whose nearest it is by road and who then reach none.
    pub cut_off: Persons,
}

impl Without {
    /// The extra travel of one trip of everybody, in person-minutes.
    pub fn extra_person_minutes(&self) -> f64 {
        self.extra_travel as f64 / 60e6
    }
}

/// One site for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// The other site.
    pub site: u32,
    /// Thousandths of a person served more (above 0) or fewer at the end of the last phase.
    pub change: i64,
}

/// The reason of every site of a study, in their order.
///
/// One pass over the cover sets finds every gain, loss and exchange together.
///
/// # Errors
/// A scope matches nothing.
pub(in crate::rollout) fn site_reasons(study: &Study, phases: &[PhasePlan]) -> Result<Vec<SiteReason>> {
    let n = study.sites.len();
    let Some(last) = phases.last() else { return Ok(Vec::new()) };
    let may_open = may_open(study)?;
    let mut opens_in = vec![None; n];
    for (t, phase) in phases.iter().enumerate() {
        phase.opened.iter().for_each(|&s| opens_in[s as usize] = Some(t));
    }
    let open = open_flags(n, &last.open);
    let persons: Vec<u64> = study.row_persons.iter().map(|p| p.0).collect();
    let exchange = Exchange::of_cover(&solve::cover_table(study, |_| true)?, &persons, &open);
    let mut in_reach = vec![Persons(0); n];
    for row in 0..study.cover.rows() {
        for pair in study.cover.row(row) {
            in_reach[pair.site as usize] += study.row_persons[row];
        }
    }
    let without = without_each(study, last);
    let distance = |a: u32, b: u32| study.sites[a as usize].site.at.distance(study.sites[b as usize].site.at);
    // Of exchanges that serve as many the one between the nearest sites.
    let best = |swaps: &mut dyn Iterator<Item = (u32, i64)>, of: u32| {
        let found = swaps.max_by_key(|&(site, change)| (change, std::cmp::Reverse((distance(of, site), site))));
        found.map(|(site, change)| Swap { site, change })
    };
    let replaceable: Vec<u32> = last.open.iter().copied().filter(|&s| opens_in[s as usize].is_some()).collect();
    let reason = |s: usize| {
        let site = &study.sites[s];
        let in_reach = in_reach[s];
        let other = |role| SiteReason { role, in_reach, without: None, added: None, exchange: None };
        if open[s] {
            // A substitute stands in from the same phase on.
            let swaps = |t: usize| {
                let substitutes = (0..n).filter(|&k| !open[k] && may_open[t][k]);
                best(&mut substitutes.map(|k| (k as u32, exchange.swap(s, k))), s as u32)
            };
            let role = if opens_in[s].is_some() { Role::Opens } else { Role::Fixed };
            return SiteReason { without: Some(without[s]), exchange: opens_in[s].and_then(swaps), ..other(role) };
        }
        if !site.usable {
            return other(if matches!(site.eligibility, Eligibility::Review(_)) {
                Role::Unknown
            } else {
                Role::Refused
            });
        }
        let added = Persons(exchange.gain(s).max(0) as u64);
        let role = match () {
            () if opens_in[s].is_some() => Role::Opens,
            () if !may_open.iter().any(|phase| phase[s]) => Role::OutOfScope,
            () if in_reach.0 == 0 => Role::ServesNobody,
            () if added.0 == 0 => Role::AddsNobody,
            () => Role::NotChosen,
        };
        let swaps = best(&mut replaceable.iter().map(|&j| (j, exchange.swap(j as usize, s))), s as u32);
        SiteReason { added: Some(added), exchange: swaps, ..other(role) }
    };
    Ok((0..n).map(reason).collect())
}

/// For each phase, the sites that it may open.
fn may_open(study: &Study) -> Result<Vec<Vec<bool>>> {
    let of_phase = |phase: &crate::scenario::Phase| {
        let inside: Vec<bool> = match &phase.scope {
            None => vec![true; study.sites.len()],
            Some(scope) => {
                let (layer, inside) = study.scope_features(scope)?;
                study.sites.iter().map(|s| s.boundary[layer].is_some_and(|f| inside[f as usize])).collect()
            }
        };
        let opens = phase.opens != Opens::Nothing;
        Ok(study.sites.iter().zip(inside).map(|(site, inside)| opens && inside && site.usable).collect())
    };
    study.scenario.phases.iter().map(of_phase).collect()
}

/// What is lost without each site that is open in the last phase; zeros for the others.
fn without_each(study: &Study, last: &PhasePlan) -> Vec<Without> {
    let none = Without { unserved: Persons(0), extra_travel: 0, cut_off: Persons(0) };
    let mut without = vec![none; study.sites.len()];
    let second = second_nearest(study, &last.open);
    for (row, state) in last.rows.iter().enumerate() {
        let persons = study.row_persons[row];
        let mut serving = study.cover.row(row).iter().filter(|p| last.open.binary_search(&p.site).is_ok());
        if let (Some(only), None) = (serving.next(), serving.next()) {
            without[only.site as usize].unserved += persons;
        }
        if let (Some(agent), Some(first_ms)) = (state.agent, state.travel_time_ms) {
            let of_agent = &mut without[agent as usize];
            match second[row] {
                Some((ms, _)) => {
                    of_agent.extra_travel += u128::from(persons.0) * u128::from(ms.saturating_sub(first_ms))
                }
                None => of_agent.cut_off += persons,
            }
        }
    }
    without
}
