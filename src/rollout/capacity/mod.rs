//! Counters, waits and loads: what comes to each agent, how many counters that takes, what overflows, and by how much
//! the one-stop offices that stand already are relieved.
//!
//! Everyone's dossiers go somewhere and are counted once: to the nearest agent, to another within the detour, or to the
//! nearest one-stop office (what is filed on paper, what people do not bring to agents, and what those bring whom no
//! agent serves). Sums are kept in thousandths of a person, so they are exact; a phase's dossiers a person are the same
//! everywhere.

pub mod assign;
pub mod queue;
pub mod relief;

use std::collections::BTreeMap;

use assign::{Assignment, Choice, Problem, assign, is_best};
use queue::Counters;
pub use relief::OfficeRelief;

use super::PhasePlan;
use super::indicators::{RowState, row_states};
use crate::error::{Fault, Result};
use crate::network::CLOSED;
use crate::scenario::CapacitySettings;
use crate::study::Study;
use crate::units::{Persons, TravelTime};

/// Loads and counters of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// What counters are held to.
    pub counters: Counters,
    /// The one-stop offices, ascending; empty where there are none, and then there is no relief to tell.
    pub offices: Vec<u32>,
    /// One entry for each phase.
    pub phases: Vec<PhaseCapacity>,
}

/// Loads and counters at the end of a phase.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseCapacity {
    /// Each agent that stands, by ascending site.
    pub loads: Vec<AgentLoad>,
    /// Who is sent to another agent than the nearest, by ascending row.
    pub detours: Vec<Detour>,
    /// Each one-stop office, by ascending site.
    pub relief: Vec<OfficeRelief>,
    /// What agents could not carry if everyone went to the nearest, in dossiers a working day.
    pub overflow_nearest_per_day: f64,
    /// Dossiers a working day that come neither to an agent nor to an office, since nothing serves these people.
    pub unserved_per_day: f64,
}

/// What comes to an agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgentLoad {
    /// Index of the site.
    pub site: u32,
    /// Whether it is a one-stop office.
    pub office: bool,
    /// People served under the standard whose nearest agent it is, the part of them that comes to agents.
    pub persons_nearest: Persons,
    /// Of those, who are sent to others.
    pub persons_sent: Persons,
    /// People who are sent here by others.
    pub persons_taken: Persons,
    /// What comes to it as a one-stop office, in dossiers a working day: paper, and people who come to no agent.
    pub office_per_day: f64,
    /// All that comes to it, in dossiers a working day.
    pub dossiers_per_day: f64,
    /// The most that it can carry within the targets, in dossiers a working day.
    pub most_per_day: f64,
    /// What it cannot carry, in dossiers a working day.
    pub overflow_per_day: f64,
    /// Counters that it needs for what it carries.
    pub counters: u32,
    /// Share of their time that this takes in the busiest hour.
    pub utilisation: f64,
    /// Mean wait in minutes in the busiest hour, of those whom it carries.
    pub wait_min: f64,
}

impl AgentLoad {
    /// People who come to it as an agent.
    pub fn persons(&self) -> Persons {
        Persons(self.persons_nearest.0 - self.persons_sent.0 + self.persons_taken.0)
    }

    /// What it carries, in dossiers a working day.
    pub fn carried_per_day(&self) -> f64 {
        self.dossiers_per_day - self.overflow_per_day
    }
}

/// People of a demand row who are sent to another agent than the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detour {
    /// The demand row.
    pub row: u32,
    /// Site of the nearest agent.
    pub from: u32,
    /// Site of the agent to which they are sent.
    pub to: u32,
    /// How many.
    pub persons: Persons,
    /// How much longer their way is, in milliseconds.
    pub extra_ms: u32,
}

impl PhaseCapacity {
    /// Counters of all agents.
    pub fn counters(&self) -> u32 {
        self.loads.iter().map(|l| l.counters).sum()
    }

    /// All that comes to agents, in dossiers a working day.
    pub fn dossiers_per_day(&self) -> f64 {
        self.loads.iter().map(|l| l.dossiers_per_day).sum()
    }

    /// What agents cannot carry, in dossiers a working day.
    pub fn overflow_per_day(&self) -> f64 {
        self.loads.iter().map(|l| l.overflow_per_day).sum()
    }

    /// Mean wait in minutes in the busiest hour, of all whom agents carry; `None` where there are none.
    pub fn mean_wait_min(&self) -> Option<f64> {
        let carried: f64 = self.loads.iter().map(AgentLoad::carried_per_day).sum();
        let waited: f64 = self.loads.iter().map(|l| l.carried_per_day() * l.wait_min).sum();
        (carried > 0.0).then(|| waited / carried)
    }

    /// People who are sent to another agent than the nearest.
    pub fn persons_sent(&self) -> Persons {
        self.detours.iter().map(|d| d.persons).sum()
    }

    /// The load of an agent.
    pub fn of_site(&self, site: u32) -> Option<&AgentLoad> {
        self.loads.binary_search_by_key(&site, |l| l.site).ok().map(|i| &self.loads[i])
    }

    /// The share of their work that the one-stop offices lose to agents; `None` without offices or work.
    pub fn relief_share(&self) -> Option<f64> {
        let before: f64 = self.relief.iter().map(|r| r.before_per_day).sum();
        let after: f64 = self.relief.iter().map(|r| r.after_per_day).sum();
        (before > 0.0).then(|| (before - after) / before)
    }
}

/// The part of some people who bring their dossiers to agents, to the nearest thousandth of a person.
pub fn at_agents(persons: Persons, share: f64) -> Persons {
    Persons(((persons.0 as f64 * share).round() as u64).min(persons.0))
}

/// Loads and counters of a plan; `None` where the scenario has no `[capacity]`.
///
/// # Errors
/// `internal::verify` where an assignment is not a best one, which would be a fault of gandan.
pub(super) fn of_plan(study: &Study, phases: &[PhasePlan]) -> Result<Option<Capacity>> {
    let Some(settings) = &study.scenario.capacity else { return Ok(None) };
    let counters = Counters::new(settings, study.dossiers.catalogue.mean_minutes());
    let fixed = |s: &u32| settings.fixed_are_offices && study.sites[*s as usize].site.fixed;
    let offices: Vec<u32> = (0..study.sites.len() as u32).filter(fixed).collect();
    // Offices may close in a phase, so each set of them that stands has its own nearest.
    let mut nearest: BTreeMap<Vec<u32>, Vec<Option<u32>>> = BTreeMap::new();
    let mut nearest_of = |open: &[u32]| {
        let states = || row_states(study, open, &BTreeMap::new()).into_iter().map(|state| state.agent).collect();
        nearest.entry(open.to_vec()).or_insert_with(states).clone()
    };
    let before = nearest_of(&offices);
    let mut done = Vec::with_capacity(phases.len());
    for (t, phase) in phases.iter().enumerate() {
        let standing: Vec<u32> = phase.open.iter().copied().filter(fixed).collect();
        let office_now = nearest_of(&standing);
        let work = Work { study, settings, counters, t, phase, offices: &offices, before: &before, after: &office_now };
        done.push(work.phase()?);
    }
    Ok(Some(Capacity { counters, offices, phases: done }))
}

/// What the loads of one phase follow from.
struct Work<'a> {
    study: &'a Study,
    settings: &'a CapacitySettings,
    counters: Counters,
    t: usize,
    phase: &'a PhasePlan,
    /// All one-stop offices.
    offices: &'a [u32],
    /// The office nearest to each row, of all and of those that stand in the phase.
    before: &'a [Option<u32>],
    after: &'a [Option<u32>],
}

/// Dossiers a working day for one person.
#[derive(Debug, Clone, Copy)]
struct Daily {
    /// With help at a counter.
    help: f64,
    /// On paper.
    paper: f64,
}

/// People by agent of the phase.
struct ByAgent {
    /// Whose nearest office it is.
    office_all: Vec<Persons>,
    /// Of those, who do not bring their dossiers to agents.
    office_kept: Vec<Persons>,
    nearest: Vec<Persons>,
    /// Who comes to neither.
    unserved: Persons,
}

impl Work<'_> {
    fn daily(&self) -> Daily {
        let dossiers = &self.study.dossiers;
        let all = dossiers.catalogue.yearly_per_person() / self.study.scenario.demand.working_days;
        let online = dossiers.online_share.get(self.t).copied().unwrap_or(0.0);
        let help = dossiers.daily_per_person.get(self.t).copied().unwrap_or(0.0);
        Daily { help, paper: all * (1.0 - online) }
    }

    /// The row's people who come to agents, and the agent nearest to them.
    fn at_agents(&self, row: usize, state: &RowState) -> (Persons, Option<usize>) {
        let agent = state.agent.filter(|_| state.covered);
        match agent.and_then(|site| self.phase.open.binary_search(&site).ok()) {
            Some(agent) => (at_agents(self.study.row_persons[row], self.settings.share_at_agents), Some(agent)),
            None => (Persons(0), None),
        }
    }

    fn by_agent(&self) -> ByAgent {
        let none = || vec![Persons(0); self.phase.open.len()];
        let mut sums = ByAgent { office_all: none(), office_kept: none(), nearest: none(), unserved: Persons(0) };
        for (row, state) in self.phase.rows.iter().enumerate() {
            let all = self.study.row_persons[row];
            let (here, agent) = self.at_agents(row, state);
            if let Some(agent) = agent {
                sums.nearest[agent] += here;
            }
            let kept = Persons(all.0 - here.0);
            match self.after[row].and_then(|site| self.phase.open.binary_search(&site).ok()) {
                Some(office) => {
                    sums.office_all[office] += all;
                    sums.office_kept[office] += kept;
                }
                None => sums.unserved += kept,
            }
        }
        sums
    }

    fn is_office(&self, site: u32) -> bool {
        self.offices.binary_search(&site).is_ok()
    }

    /// The most counters of a site, and the most dossiers a day that it can carry with them.
    fn most(&self, site: u32, known: &mut BTreeMap<u32, f64>) -> (u32, f64) {
        let office = self.is_office(site);
        let counters = if office { self.settings.office_max_counters } else { self.settings.max_counters };
        let by_counters = *known.entry(counters).or_insert_with(|| self.counters.most_per_day(counters));
        let own = self.study.sites[site as usize].site.capacity_milli.map(|milli| milli as f64 / 1000.0);
        (counters, own.map_or(by_counters, |own| own.min(by_counters)))
    }

    fn phase(&self) -> Result<PhaseCapacity> {
        let daily = self.daily();
        let sums = self.by_agent();
        let mut known = BTreeMap::new();
        let most: Vec<(u32, f64)> = self.phase.open.iter().map(|&site| self.most(site, &mut known)).collect();
        let office_work = |agent: usize| {
            sums.office_all[agent].people() * daily.paper + sums.office_kept[agent].people() * daily.help
        };
        let room: Vec<u64> = most
            .iter()
            .enumerate()
            .map(|(agent, &(_, most))| {
                let left = (most - office_work(agent)).max(0.0);
                // `as` saturates where a person brings next to nothing.
                if daily.help > 0.0 { (left / daily.help * 1000.0).floor() as u64 } else { u64::MAX }
            })
            .collect();
        let detours = self.detours(&sums, &room)?;
        let mut sent = vec![Persons(0); room.len()];
        let mut taken = vec![Persons(0); room.len()];
        for detour in &detours {
            for (site, sum) in [(detour.from, &mut sent), (detour.to, &mut taken)] {
                if let Ok(agent) = self.phase.open.binary_search(&site) {
                    sum[agent] += detour.persons;
                }
            }
        }
        let load = |agent: usize| {
            let mut load = AgentLoad {
                site: self.phase.open[agent],
                office: self.is_office(self.phase.open[agent]),
                persons_nearest: sums.nearest[agent],
                persons_sent: sent[agent],
                persons_taken: taken[agent],
                office_per_day: office_work(agent),
                dossiers_per_day: 0.0,
                most_per_day: most[agent].1,
                overflow_per_day: 0.0,
                counters: 0,
                utilisation: 0.0,
                wait_min: 0.0,
            };
            // Paper and help, each of a whole number of people, as relief adds them up.
            let helped = sums.office_kept[agent] + load.persons();
            load.dossiers_per_day = sums.office_all[agent].people() * daily.paper + helped.people() * daily.help;
            // Whether there is overflow is told by whole people, not by the last digits of a product.
            if load.persons().0 > room[agent] || load.office_per_day > load.most_per_day {
                load.overflow_per_day = (load.dossiers_per_day - load.most_per_day).max(0.0);
            }
            let carried = load.carried_per_day().min(load.most_per_day);
            load.counters = self.counters.fewest(carried, most[agent].0).unwrap_or(most[agent].0);
            let line = self.counters.line(carried, load.counters);
            load.utilisation = line.utilisation;
            load.wait_min = line.wait_min.unwrap_or(self.counters.wait_target_min);
            load
        };
        let loads: Vec<AgentLoad> = (0..room.len()).map(load).collect();
        let beyond = |load: &AgentLoad| {
            let nearest = load.office_per_day + load.persons_nearest.people() * daily.help;
            let fits = load.persons_sent.0 == 0 && load.persons_taken.0 == 0;
            if fits { load.overflow_per_day } else { (nearest - load.most_per_day).max(0.0) }
        };
        let mut found = PhaseCapacity {
            relief: Vec::new(),
            overflow_nearest_per_day: loads.iter().map(beyond).sum(),
            loads,
            detours,
            unserved_per_day: if self.is_without_offices() { sums.unserved.people() * daily.help } else { 0.0 },
        };
        found.relief = self.relief(&found, daily);
        Ok(found)
    }

    fn is_without_offices(&self) -> bool {
        self.after.iter().all(Option::is_none)
    }

    /// Sends people from overloaded agents to others, as far as the scenario allows it and as it helps.
    fn detours(&self, sums: &ByAgent, room: &[u64]) -> Result<Vec<Detour>> {
        let limit = TravelTime::from_minutes(self.settings.detour_minutes).0;
        let overloaded = sums.nearest.iter().zip(room).any(|(persons, &room)| persons.0 > room);
        if limit == 0 || !overloaded {
            return Ok(Vec::new());
        }
        let (mut rows, mut amounts, mut offsets, mut choices) = (Vec::new(), Vec::new(), vec![0], Vec::new());
        for (row, state) in self.phase.rows.iter().enumerate() {
            let (persons, Some(home)) = self.at_agents(row, state) else { continue };
            if persons.0 == 0 {
                continue;
            }
            choices.push(Choice { agent: home as u32, extra_ms: 0 });
            if let Some(home_ms) = state.travel_time_ms {
                let within = self.study.cover.row(row).iter().filter(|p| p.travel_time_ms != CLOSED);
                choices.extend(within.filter_map(|pair| {
                    let agent = self.phase.open.binary_search(&pair.site).ok().filter(|&agent| agent != home)?;
                    let extra_ms = pair.travel_time_ms.saturating_sub(home_ms);
                    (extra_ms <= limit).then_some(Choice { agent: agent as u32, extra_ms })
                }));
            }
            rows.push(row as u32);
            amounts.push(persons.0);
            offsets.push(choices.len());
        }
        let problem = Problem { amounts: &amounts, offsets: &offsets, choices: &choices, room };
        let answer: Assignment = assign(&problem);
        if !is_best(&problem, &answer) {
            let message = format!("the assignment of people to agents in phase {} is not the best one", self.t + 1);
            return Err(Fault::new("internal::verify", message)
                .help("nothing was written; please report this with the scenario")
                .into());
        }
        let site = |choice: &Choice| self.phase.open[choice.agent as usize];
        let of_row = |(&row, span): (&u32, &[usize])| {
            let (here, flow) = (&choices[span[0]..span[1]], &answer.flow[span[0]..span[1]]);
            let away = here.iter().zip(flow).skip(1).filter(|(_, flow)| **flow > 0);
            let detour = |(choice, &flow): (&Choice, &u64)| Detour {
                row,
                from: site(&here[0]),
                to: site(choice),
                persons: Persons(flow),
                extra_ms: choice.extra_ms,
            };
            away.map(detour).collect::<Vec<_>>()
        };
        Ok(rows.iter().zip(offsets.windows(2)).flat_map(of_row).collect())
    }
}
