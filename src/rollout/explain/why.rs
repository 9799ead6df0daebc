//! What the plan would be without each agent and with each other candidate, as it stands at the end of the last phase.

use super::second::second_nearest;
use crate::error::Result;
use crate::ingest::eligibility::Eligibility;
use crate::optimise::cover::open_flags;
use crate::optimise::exchange::Exchange;
use crate::rollout::{PhasePlan, solve};
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
    /// The exchange that serves most person-days: for an agent that the plan opens its best substitute, for another
    /// candidate the agent that it would best stand in for, from the phase on in which that agent opens. `None` where
    /// there is no such site, or the site may not be used.
    pub exchange: Option<Swap>,
}

/// What closing an agent alone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Without {
    /// People who then have no agent under the standard at the end of the phase in which it opens.
    pub unserved_first: Persons,
    /// People who then have no agent under the standard at the end of the last phase.
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
    /// Thousandths of a person-day served more or fewer over all phases, as the plan weighs them: in the scope of each
    /// phase, members of groups by the weight of the group.
    pub weighted_days: i128,
}

/// The reason of every site of a study, in their order.
///
/// One pass over the cover sets a phase finds every gain, loss and exchange together.
///
/// # Errors
/// A scope matches nothing.
pub fn site_reasons(study: &Study, phases: &[PhasePlan]) -> Result<Vec<SiteReason>> {
    let n = study.sites.len();
    let Some(last) = phases.last() else { return Ok(Vec::new()) };
    let scopes = solve::scopes(study, &solve::Named::of(study))?;
    let may_open: Vec<&Vec<bool>> = scopes.iter().map(|scope| &scope.allowed).collect();
    let mut opens_in = vec![None; n];
    for (t, phase) in phases.iter().enumerate() {
        phase.opened.iter().for_each(|&s| opens_in[s as usize] = Some(t));
    }
    let open = open_flags(n, &last.open);
    let cover = solve::cover_table(study, |_| true)?;
    let persons: Vec<u64> = study.row_persons.iter().map(|p| p.0).collect();
    let at_end = Exchange::of_cover(&cover, &persons, &open);
    let by_phase: Vec<(i128, Exchange)> = (0..phases.len())
        .map(|t| {
            let rows = study.row_weight.iter().zip(&phases[t].in_scope);
            let weights: Vec<u64> = rows.map(|(&weight, &inside)| if inside { weight } else { 0 }).collect();
            let open = open_flags(n, &phases[t].open);
            (i128::from(solve::days(study, t)), Exchange::of_cover(&cover, &weights, &open))
        })
        .collect();
    // What opening `k` in place of the agent `j`, which opens in phase `t`, does to the whole plan.
    let swap = |j: u32, k: u32, t: usize| {
        let stands = (t..phases.len()).filter(|&later| phases[later].open.binary_search(&j).is_ok());
        let of_phase = |t: usize| by_phase[t].0 * i128::from(by_phase[t].1.swap(j as usize, k as usize));
        (at_end.swap(j as usize, k as usize), stands.map(of_phase).sum::<i128>())
    };
    let mut in_reach = vec![Persons(0); n];
    for row in 0..study.cover.rows() {
        for pair in study.cover.row(row) {
            in_reach[pair.site as usize] += study.row_persons[row];
        }
    }
    let without = without_each(study, phases, &opens_in);
    let distance = |a: u32, b: u32| study.sites[a as usize].site.at.distance(study.sites[b as usize].site.at);
    // Of exchanges that are level the one between the nearest sites.
    let best = |swaps: &mut dyn Iterator<Item = Swap>, of: u32| {
        swaps.max_by_key(|s| (s.weighted_days, s.change, std::cmp::Reverse((distance(of, s.site), s.site))))
    };
    // An agent that has closed again before the end stands for nobody then.
    let replaceable: Vec<(u32, usize)> =
        last.open.iter().filter_map(|&j| opens_in[j as usize].map(|t| (j, t))).collect();
    let reason = |s: usize| {
        let site = &study.sites[s];
        let in_reach = in_reach[s];
        let other = |role| SiteReason { role, in_reach, without: None, added: None, exchange: None };
        if open[s] {
            // A substitute stands in from the same phase on.
            let swaps = |t: usize| {
                let substitutes = (0..n).filter(|&k| opens_in[k].is_none() && !open[k] && may_open[t][k]);
                let swap = |k: usize| {
                    let (change, weighted_days) = swap(s as u32, k as u32, t);
                    Swap { site: k as u32, change, weighted_days }
                };
                best(&mut substitutes.map(swap), s as u32)
            };
            let role = if opens_in[s].is_some() { Role::Opens } else { Role::Fixed };
            return SiteReason { without: Some(without[s]), exchange: opens_in[s].and_then(swaps), ..other(role) };
        }
        // An agent that has closed by the end: nothing is lost without it then, and it is to stand no more.
        if site.site.fixed || opens_in[s].is_some() {
            return other(if site.site.fixed { Role::Fixed } else { Role::Opens });
        }
        if !site.usable {
            return other(if matches!(site.eligibility, Eligibility::Review(_)) {
                Role::Unknown
            } else {
                Role::Refused
            });
        }
        let added = Persons(at_end.gain(s).max(0) as u64);
        let role = match () {
            () if !may_open.iter().any(|phase| phase[s]) => Role::OutOfScope,
            () if in_reach.0 == 0 => Role::ServesNobody,
            () if added.0 == 0 => Role::AddsNobody,
            () => Role::NotChosen,
        };
        let stand_in = |&(j, t): &(u32, usize)| {
            let (change, weighted_days) = swap(j, s as u32, t);
            Swap { site: j, change, weighted_days }
        };
        let swaps = best(&mut replaceable.iter().filter(|(_, t)| may_open[*t][s]).map(stand_in), s as u32);
        SiteReason { added: Some(added), exchange: swaps, ..other(role) }
    };
    Ok((0..n).map(reason).collect())
}

/// What is lost without each agent; zeros for other sites.
fn without_each(study: &Study, phases: &[PhasePlan], opens_in: &[Option<usize>]) -> Vec<Without> {
    let none = Without { unserved_first: Persons(0), unserved: Persons(0), extra_travel: 0, cut_off: Persons(0) };
    let mut without = vec![none; study.sites.len()];
    let Some(last) = phases.last() else { return without };
    for (t, phase) in phases.iter().enumerate() {
        let is_open = open_flags(study.sites.len(), &phase.open);
        for row in 0..study.cover.rows() {
            let mut serving = study.cover.row(row).iter().map(|p| p.site as usize).filter(|&s| is_open[s]);
            if let (Some(only), None) = (serving.next(), serving.next()) {
                if opens_in[only].unwrap_or(0) == t {
                    without[only].unserved_first += study.row_persons[row];
                }
                if t + 1 == phases.len() {
                    without[only].unserved += study.row_persons[row];
                }
            }
        }
    }
    let second = second_nearest(study, &last.open);
    for (row, state) in last.rows.iter().enumerate() {
        let persons = study.row_persons[row];
        if let (Some(agent), Some(first_ms)) = (state.agent, state.travel_time_ms) {
            let of_agent = &mut without[agent as usize];
            match second[row] {
                Some((ms, _)) => {
                    of_agent.extra_travel += u128::from(persons.0) * u128::from(ms.saturating_sub(first_ms));
                }
                None => of_agent.cut_off += persons,
            }
        }
    }
    without
}
