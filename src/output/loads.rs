//! Tables about counters: what comes to each agent, who is sent elsewhere, how the one-stop offices are relieved. None
//! has rows where the scenario has no `[capacity]`.

use geo::{Geometry, Point};

use super::table::Values;
use crate::rollout::Rollout;
use crate::rollout::capacity::{AgentLoad, Detour, OfficeRelief, PhaseCapacity};
use crate::study::{Study, StudySite};
use crate::units::Persons;

/// Each row of the phases, with the number of its phase from 1.
fn rows<'a, T>(plan: &'a Rollout, of: impl Fn(&'a PhaseCapacity) -> &'a [T]) -> Vec<(u32, &'a T)> {
    let phases = plan.capacity.iter().flat_map(|c| &c.phases);
    (1..).zip(phases).flat_map(|(t, phase)| of(phase).iter().map(move |row| (t, row))).collect()
}

fn point(site: &StudySite) -> Geometry<f64> {
    Geometry::Point(Point::new(site.site.at.lon, site.site.at.lat))
}

/// `loads.parquet`.
pub(super) fn loads(study: &Study, plan: &Rollout) -> Vec<Values> {
    let rows: Vec<(u32, &AgentLoad)> = rows(plan, |phase| &phase.loads);
    let site = |load: &AgentLoad| &study.sites[load.site as usize];
    let number = |of: fn(&AgentLoad) -> f64| Values::number(rows.iter().map(|(_, load)| of(load)));
    vec![
        Values::whole(rows.iter().map(|(t, _)| *t)),
        Values::text(rows.iter().map(|(_, load)| site(load).site.id.as_str())),
        Values::text(rows.iter().map(|(_, load)| site(load).site.name.as_str())),
        Values::Flag(rows.iter().map(|(_, load)| load.office).collect()),
        number(|load| load.persons_nearest.people()),
        number(|load| load.persons_sent.people()),
        number(|load| load.persons_taken.people()),
        number(|load| load.persons().people()),
        number(|load| load.office_per_day),
        number(|load| load.dossiers_per_day),
        number(|load| load.most_per_day),
        number(|load| load.overflow_per_day),
        Values::whole(rows.iter().map(|(_, load)| load.counters)),
        number(|load| load.utilisation),
        number(|load| load.wait_min),
        Values::Geometry(rows.iter().map(|(_, load)| point(site(load))).collect()),
    ]
}

/// `detours.parquet`.
pub(super) fn detours(study: &Study, plan: &Rollout) -> Vec<Values> {
    let rows: Vec<(u32, &Detour)> = rows(plan, |phase| &phase.detours);
    let n_modes = study.modes.len();
    let id = |site: u32| study.sites[site as usize].site.id.as_str();
    vec![
        Values::whole(rows.iter().map(|(t, _)| *t)),
        Values::whole(rows.iter().map(|(_, d)| (d.row as usize / n_modes) as u32)),
        Values::text(rows.iter().map(|(_, d)| study.modes[d.row as usize % n_modes].id.as_str())),
        Values::text(rows.iter().map(|(_, d)| id(d.from))),
        Values::text(rows.iter().map(|(_, d)| id(d.to))),
        Values::number(rows.iter().map(|(_, d)| d.persons.people())),
        Values::number(rows.iter().map(|(_, d)| f64::from(d.extra_ms) / 1000.0)),
    ]
}

/// `relief.parquet`.
pub(super) fn relief(study: &Study, plan: &Rollout) -> Vec<Values> {
    let rows: Vec<(u32, &OfficeRelief)> = rows(plan, |phase| &phase.relief);
    let site = |office: &OfficeRelief| &study.sites[office.site as usize];
    vec![
        Values::whole(rows.iter().map(|(t, _)| *t)),
        Values::text(rows.iter().map(|(_, o)| site(o).site.id.as_str())),
        Values::text(rows.iter().map(|(_, o)| site(o).site.name.as_str())),
        Values::number(rows.iter().map(|(_, o)| o.persons.people())),
        Values::number(rows.iter().map(|(_, o)| o.before_per_day)),
        Values::number(rows.iter().map(|(_, o)| o.after_per_day)),
        Values::Number(rows.iter().map(|(_, o)| o.share()).collect()),
        Values::whole(rows.iter().map(|(_, o)| o.counters_before)),
        Values::whole(rows.iter().map(|(_, o)| o.counters_after)),
        Values::Number(rows.iter().map(|(_, o)| o.wait_before_min).collect()),
        Values::Number(rows.iter().map(|(_, o)| o.wait_after_min).collect()),
        Values::Geometry(rows.iter().map(|(_, o)| point(site(o))).collect()),
    ]
}

/// The load of a chosen site in the last phase.
pub(super) fn last_load(plan: &Rollout, site: u32) -> Option<&AgentLoad> {
    plan.capacity.as_ref()?.phases.last()?.of_site(site)
}

/// Columns of `rollout`: counters, load and overflow in the last phase.
pub(super) fn of_agents(plan: &Rollout) -> [Values; 3] {
    let loads: Vec<Option<&AgentLoad>> = plan.agents.iter().map(|agent| last_load(plan, agent.site)).collect();
    [
        Values::Whole(loads.iter().map(|load| load.map(|l| l.counters)).collect()),
        Values::Number(loads.iter().map(|load| load.map(|l| l.dossiers_per_day)).collect()),
        Values::Number(loads.iter().map(|load| load.map(|l| l.overflow_per_day)).collect()),
    ]
}

/// Columns of `phases`.
pub(super) fn of_phases(plan: &Rollout) -> [Values; 8] {
    let found: Vec<Option<&PhaseCapacity>> =
        (0..plan.phases.len()).map(|t| plan.capacity.as_ref().and_then(|c| c.phases.get(t))).collect();
    let number = |of: fn(&PhaseCapacity) -> Option<f64>| Values::Number(found.iter().map(|p| of((*p)?)).collect());
    [
        Values::Whole(found.iter().map(|phase| phase.map(PhaseCapacity::counters)).collect()),
        number(|phase| Some(phase.dossiers_per_day())),
        number(|phase| Some(phase.overflow_per_day())),
        number(|phase| Some(phase.overflow_nearest_per_day)),
        number(|phase| Some(phase.unserved_per_day)),
        number(PhaseCapacity::mean_wait_min),
        number(|phase| Some(phase.persons_sent().people())),
        number(PhaseCapacity::relief_share),
    ]
}

/// Columns of `boundaries`, for each layer, feature and phase: counters and overflow of the agents that stand there.
pub(super) fn of_boundaries(study: &Study, plan: &Rollout, keys: &[(usize, usize, usize)]) -> [Values; 2] {
    let Some(capacity) = &plan.capacity else {
        return [Values::Whole(vec![None; keys.len()]), Values::Number(vec![None; keys.len()])];
    };
    let here = |&(layer, feature, t): &(usize, usize, usize)| {
        let stands = move |load: &&AgentLoad| study.sites[load.site as usize].boundary[layer] == Some(feature as u32);
        capacity.phases[t].loads.iter().filter(stands)
    };
    [
        Values::whole(keys.iter().map(|key| here(key).map(|load| load.counters).sum())),
        Values::number(keys.iter().map(|key| here(key).map(|load| load.overflow_per_day).sum())),
    ]
}

/// What is said of a phase on the command line.
pub fn told(phase: &PhaseCapacity) -> String {
    let grouped = |n: f64| crate::units::grouped(n.round() as u64, ',');
    let mut text = format!(
        "{} counters for {} dossiers a day, {} overflow",
        grouped(f64::from(phase.counters())),
        grouped(phase.dossiers_per_day()),
        grouped(phase.overflow_per_day())
    );
    if let Some(wait) = phase.mean_wait_min() {
        text += &format!(", mean wait {wait:.1} min");
    }
    if phase.persons_sent() > Persons(0) {
        text += &format!(
            ", {} people sent to another agent ({} overflow without)",
            grouped(phase.persons_sent().people()),
            grouped(phase.overflow_nearest_per_day)
        );
    }
    if let Some(share) = phase.relief_share() {
        text += &format!(", one-stop offices relieved by {:.1} %", share * 100.0);
    }
    text
}
