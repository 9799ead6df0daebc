//! The columns of every table of a run, in the order of the schema.

mod cells;
mod network;
pub mod order;

use geo::{Geometry, MultiPolygon, Point};

use super::shapes::Isochrone;
use super::table::{self, RunFolder, Shapes, Values};
use super::{explanations, loads, off_network, people, schema, strategies, today};
use crate::error::Result;
use crate::ingest::boundaries::Boundary;
use crate::ingest::eligibility::Eligibility;
use crate::ingest::sites::survey::title_within;
use crate::rollout::explain::why::SiteReason;
use crate::rollout::explain::{reason, sentences};
use crate::rollout::{Agent, AreaIndicators, PhasePlan, Rollout};
use crate::study::Study;
use crate::units::{LonLat, Persons};

/// Writes every table of the schema.
///
/// # Errors
/// The disk refuses one.
pub fn write_all(
    folder: &RunFolder,
    study: &Study,
    plan: &Rollout,
    reasons: &[SiteReason],
    isochrones: &[Isochrone],
) -> Result<()> {
    table::write(folder, &schema::ROLLOUT, rollout(study, plan))?;
    let order = order::SpatialOrder::of(study);
    cells::write_cells(folder, study, plan, &order)?;
    cells::write_coverage(folder, study, &order)?;
    table::write(folder, &schema::SITES, sites(study, plan))?;
    table::write(folder, &schema::BOUNDARIES, boundaries(study, plan)?)?;
    table::write(folder, &schema::PHASES, phases(study, plan))?;
    table::write(folder, &schema::TODAY, today::rows(study, plan))?;
    table::write(folder, &schema::STRATEGIES, strategies::rows(study, plan))?;
    table::write(folder, &schema::UNCOVERED, uncovered(study, plan))?;
    table::write(folder, &schema::LOADS, loads::loads(study, plan))?;
    table::write(folder, &schema::DETOURS, loads::detours(study, plan))?;
    table::write(folder, &schema::RELIEF, loads::relief(study, plan))?;
    table::write(folder, &schema::EXPLANATIONS, explanations::rows(study, plan, reasons))?;
    table::write(folder, &schema::OFF_NETWORK, off_network::rows(study))?;
    table::write(folder, &schema::CALIBRATION, people::calibration(study))?;
    table::write(folder, &schema::CROSSWALK, people::crosswalks(study))?;
    table::write(folder, &schema::GROUPS, people::groups(study, plan))?;
    cells::write_cell_groups(folder, study, &order)?;
    table::write(folder, &schema::ISOCHRONES, isochrone_rows(study, isochrones))?;
    if study.scenario.output.network {
        network::write(folder, study)?;
    }
    Ok(())
}

fn point(p: LonLat) -> Geometry<f64> {
    Geometry::Point(Point::new(p.lon, p.lat))
}

/// Code and name of a feature of the first layer.
pub(super) fn first_boundary(study: &Study, feature: Option<u32>) -> (Option<String>, Option<String>) {
    let found = study.layers.first().zip(feature).map(|(l, f)| &l.features[f as usize]);
    (found.map(|f| f.code.clone()), found.map(|f| f.name.clone()))
}

fn rollout(study: &Study, plan: &Rollout) -> Vec<Values> {
    let agents = &plan.agents;
    let site = |a: &crate::rollout::Agent| &study.sites[a.site as usize];
    let phase = |a: &crate::rollout::Agent| &study.scenario.phases[a.phase];
    let (codes, names) =
        agents.iter().map(|a| first_boundary(study, site(a).boundary.first().copied().flatten())).unzip();
    let [counters, load, overflow] = loads::of_agents(plan);
    vec![
        Values::whole(agents.iter().map(|a| a.order)),
        Values::whole(agents.iter().map(|a| a.phase as u32 + 1)),
        Values::text(agents.iter().map(|a| phase(a).name.vi.clone())),
        Values::text(agents.iter().map(|a| phase(a).name.en.clone())),
        Values::text(agents.iter().map(|a| phase(a).starts.to_string())),
        Values::text(agents.iter().map(|a| site(a).site.id.clone())),
        Values::text(agents.iter().map(|a| site(a).site.name.clone())),
        Values::Flag(agents.iter().map(|a| site(a).site.fixed).collect()),
        Values::number(agents.iter().map(|a| site(a).site.at.lon)),
        Values::number(agents.iter().map(|a| site(a).site.at.lat)),
        Values::Text(codes),
        Values::Text(names),
        Values::number(agents.iter().map(|a| a.persons_marginal.people())),
        Values::number(agents.iter().map(|a| a.persons_cumulative.people())),
        Values::number(agents.iter().map(|a| a.persons_only.people())),
        Values::number(agents.iter().map(|a| a.persons_nearest.people())),
        Values::number(agents.iter().map(|a| daily_load(study, a))),
        Values::Whole(agents.iter().map(|a| a.closes.map(|t| t as u32 + 1)).collect()),
        counters,
        load,
        overflow,
        Values::text(agents.iter().map(|a| reason(a).0)),
        Values::text(agents.iter().map(|a| reason(a).1)),
        Values::Geometry(agents.iter().map(|a| point(site(a).site.at)).collect()),
    ]
}

/// Dossiers a working day that come to an agent in the last phase.
pub(super) fn daily_load(study: &Study, agent: &Agent) -> f64 {
    study.dossiers.daily(agent.persons_nearest, study.scenario.phases.len().saturating_sub(1))
}

fn seconds(ms: u32) -> f64 {
    f64::from(ms) / 1000.0
}

/// `eligible`, `refused` or `review`, with the reasons in Vietnamese and English.
pub(super) fn judged(eligibility: &Eligibility) -> (&'static str, Option<String>, Option<String>) {
    let (vi, en): (Vec<String>, Vec<String>) = match eligibility {
        Eligibility::Eligible => return (eligibility.code(), None, None),
        Eligibility::Refused(reasons) => reasons.iter().map(|r| (r.vietnamese(), r.english())).unzip(),
        Eligibility::Review(unknown) => {
            let (vi, en): (Vec<String>, Vec<String>) = unknown.iter().map(|code| title_within(code)).unzip();
            (vec![format!("chưa biết: {}", vi.join(", "))], vec![format!("unknown: {}", en.join(", "))])
        }
    };
    (eligibility.code(), Some(vi.join("; ")), Some(en.join("; ")))
}

fn sites(study: &Study, plan: &Rollout) -> Vec<Values> {
    let sites = &study.sites;
    let mut in_reach = vec![Persons(0); sites.len()];
    for row in 0..study.cover.rows() {
        for pair in study.cover.row(row) {
            in_reach[pair.site as usize] += study.row_persons[row];
        }
    }
    let mut phase = vec![None; sites.len()];
    for agent in &plan.agents {
        phase[agent.site as usize] = Some(agent.phase as u32 + 1);
    }
    let snapped: Vec<_> = study.site_legs.by_mode[0].iter().map(|l| l.map(|(_, snap)| snap)).collect();
    vec![
        Values::text(sites.iter().map(|s| s.site.id.clone())),
        Values::text(sites.iter().map(|s| s.site.name.clone())),
        Values::number(sites.iter().map(|s| s.site.at.lon)),
        Values::number(sites.iter().map(|s| s.site.at.lat)),
        Values::Flag(sites.iter().map(|s| s.site.fixed).collect()),
        Values::text(sites.iter().map(|s| judged(&s.eligibility).0)),
        Values::Text(sites.iter().map(|s| judged(&s.eligibility).1).collect()),
        Values::Text(sites.iter().map(|s| judged(&s.eligibility).2).collect()),
        Values::Flag(sites.iter().map(|s| s.usable).collect()),
        Values::Flag(sites.iter().map(|s| s.proposed).collect()),
        Values::Text(sites.iter().map(|s| s.site.position.clone()).collect()),
        Values::Whole(phase),
        Values::Text(sites.iter().map(|s| first_boundary(study, s.boundary.first().copied().flatten()).0).collect()),
        Values::Number(snapped.iter().map(|s| s.map(|s| s.at.lon)).collect()),
        Values::Number(snapped.iter().map(|s| s.map(|s| s.at.lat)).collect()),
        Values::Number(snapped.iter().map(|s| s.map(|s| s.access.metres())).collect()),
        Values::number(in_reach.iter().map(|p| p.people())),
        Values::Geometry(sites.iter().map(|s| point(s.site.at)).collect()),
    ]
}

/// The columns that every table of indicators shares.
fn times(of: &[&AreaIndicators]) -> [Values; 4] {
    [
        Values::Number(of.iter().map(|i| i.mean_time_s).collect()),
        Values::Number(of.iter().map(|i| i.median_time_s).collect()),
        Values::Number(of.iter().map(|i| i.p90_time_s).collect()),
        Values::Number(of.iter().map(|i| i.worst_time_s).collect()),
    ]
}

fn boundaries(study: &Study, plan: &Rollout) -> Result<Vec<Values>> {
    let mut keys = Vec::new();
    for (l, layer) in study.layers.iter().enumerate() {
        for f in 0..layer.features.len() {
            keys.extend((0..plan.phases.len()).map(|t| (l, f, t)));
        }
    }
    let feature = |k: &(usize, usize, usize)| &study.layers[k.0].features[k.1];
    let found: Vec<&AreaIndicators> =
        keys.iter().map(|&(l, f, t)| &plan.phases[t].indicators.by_boundary[l][f]).collect();
    let [mean, median, p90, worst] = times(&found);
    let [counters, overflow] = loads::of_boundaries(study, plan, &keys);
    // Number of the first outline of each layer.
    let mut first = Vec::new();
    let mut shapes = Shapes::default();
    for layer in &study.layers {
        first.push(shapes.len() as u32);
        for feature in &layer.features {
            shapes.push(&Geometry::MultiPolygon(feature.geometry.clone()))?;
        }
    }
    Ok(vec![
        Values::text(keys.iter().map(|k| study.layers[k.0].id.clone())),
        Values::text(keys.iter().map(|k| feature(k).code.clone())),
        Values::text(keys.iter().map(|k| feature(k).name.clone())),
        Values::whole(keys.iter().map(|k| k.2 as u32 + 1)),
        Values::number(found.iter().map(|i| i.persons.people())),
        Values::Number(keys.iter().map(|k| feature(k).population.map(Persons::people)).collect()),
        Values::number(found.iter().map(|i| i.covered.people())),
        Values::Number(found.iter().map(|i| i.covered_share()).collect()),
        Values::number(found.iter().map(|i| i.reached.people())),
        Values::number(keys.iter().zip(&found).map(|(k, i)| study.dossiers.daily(i.persons, k.2))),
        mean,
        median,
        p90,
        worst,
        Values::whole(found.iter().map(|i| i.agents)),
        counters,
        overflow,
        Values::Shapes(shapes, keys.iter().map(|k| first[k.0] + k.1 as u32).collect()),
    ])
}

/// The columns of inequality.
pub(super) fn equity(of: &[&AreaIndicators]) -> [Values; 4] {
    [
        Values::Number(of.iter().map(|i| i.equity.p99_time_s).collect()),
        Values::Number(of.iter().map(|i| i.equity.worst_tenth_time_s).collect()),
        Values::Number(of.iter().map(|i| i.equity.gini).collect()),
        Values::Number(of.iter().map(|i| i.equity.theil).collect()),
    ]
}

fn phases(study: &Study, plan: &Rollout) -> Vec<Values> {
    let asked = &study.scenario.phases;
    let done = &plan.phases;
    let all: Vec<&AreaIndicators> = done.iter().map(|p| &p.indicators.all).collect();
    let scope: Vec<&AreaIndicators> = done.iter().map(|p| &p.indicators.scope).collect();
    let [mean, median, p90, worst] = times(&all);
    let [p99, worst_tenth, gini, theil] = equity(&all);
    let [scope_mean, _, scope_p90, _] = times(&scope);
    let [scope_p99, scope_worst_tenth, scope_gini, scope_theil] = equity(&scope);
    let worst_feature: Vec<_> = done.iter().map(|p| worst_feature(study, p)).collect();
    let [counters, load, overflow, overflow_nearest, unserved_load, wait, sent, relief] = loads::of_phases(plan);
    vec![
        Values::whole(1..=done.len() as u32),
        Values::text(asked.iter().map(|p| p.name.vi.clone())),
        Values::text(asked.iter().map(|p| p.name.en.clone())),
        Values::text(asked.iter().map(|p| p.starts.to_string())),
        Values::Text(asked.iter().map(|p| p.ends.map(|d| d.to_string())).collect()),
        Values::text(asked.iter().map(|p| p.opens.as_str())),
        Values::Text(asked.iter().map(|p| p.scope.as_ref().map(|s| s.name.en.clone())).collect()),
        Values::whole(done.iter().map(|p| p.opened.len() as u32)),
        Values::whole(all.iter().map(|i| i.agents)),
        Values::number(all.iter().map(|i| i.persons.people())),
        Values::number(all.iter().map(|i| i.covered.people())),
        Values::Number(all.iter().map(|i| i.covered_share()).collect()),
        Values::number(scope.iter().map(|i| i.persons.people())),
        Values::number(scope.iter().map(|i| i.covered.people())),
        Values::Number(scope.iter().map(|i| i.covered_share()).collect()),
        mean,
        median,
        p90,
        worst,
        Values::number(study.dossiers.online_share.iter().copied()),
        Values::number(all.iter().enumerate().map(|(t, i)| study.dossiers.daily(i.persons, t))),
        counters,
        load,
        overflow,
        overflow_nearest,
        unserved_load,
        wait,
        sent,
        relief,
        Values::text(done.iter().map(|p| &*p.proof.problem)),
        Values::text(done.iter().map(|p| &*p.proof.unit)),
        Values::number(done.iter().map(|p| p.proof.objective)),
        Values::number(done.iter().map(|p| p.proof.bound)),
        Values::number(done.iter().map(|p| p.proof.gap)),
        Values::text(done.iter().map(|p| &*p.proof.status)),
        Values::Number(done.iter().map(|p| p.proof.alone_bound).collect()),
        Values::number(all.iter().map(|i| i.unreached().people())),
        p99,
        worst_tenth,
        gini,
        theil,
        Values::number(scope.iter().map(|i| i.unreached().people())),
        scope_mean,
        scope_p90,
        scope_p99,
        scope_worst_tenth,
        scope_gini,
        scope_theil,
        Values::Text(worst_feature.iter().map(|w| w.map(|(feature, _)| feature.code.clone())).collect()),
        Values::Text(worst_feature.iter().map(|w| w.map(|(feature, _)| feature.name.clone())).collect()),
        Values::Number(worst_feature.iter().map(|w| w.map(|(_, share)| share)).collect()),
    ]
}

/// The feature of the equity layer in which the smallest share of the people is served; the first of equals.
fn worst_feature<'a>(study: &'a Study, phase: &PhasePlan) -> Option<(&'a Boundary, f64)> {
    let layer = study.scenario.equity_layer()?;
    let features = study.layers.get(layer)?.features.iter().zip(&phase.indicators.by_boundary[layer]);
    let shares = features.filter_map(|(feature, found)| Some((feature, found.covered_share()?)));
    shares.min_by(|a, b| a.1.total_cmp(&b.1))
}

fn uncovered(study: &Study, plan: &Rollout) -> Vec<Values> {
    let places = &plan.uncovered;
    let (codes, names) = places.iter().map(|p| first_boundary(study, p.boundary)).unzip();
    let id = |s: u32| study.sites[s as usize].site.id.clone();
    vec![
        Values::Text(codes),
        Values::Text(names),
        Values::number(places.iter().map(|p| p.persons.people())),
        Values::number(places.iter().map(|p| p.persons_coverable.people())),
        Values::whole(places.iter().map(|p| p.cells)),
        Values::number(places.iter().map(|p| p.at.lon)),
        Values::number(places.iter().map(|p| p.at.lat)),
        Values::Number(places.iter().map(|p| p.nearest_agent.map(|d| d.metres())).collect()),
        Values::Number(places.iter().map(|p| p.nearest_candidate.map(|d| d.metres())).collect()),
        Values::Text(places.iter().map(|p| p.nearest_agent_site.map(id)).collect()),
        Values::Number(places.iter().map(|p| p.agent_time_s).collect()),
        Values::Text(places.iter().map(|p| p.nearest_candidate_site.map(id)).collect()),
        Values::Number(places.iter().map(|p| p.candidate_time_s).collect()),
        Values::Text(places.iter().map(|p| p.best_candidate.map(|b| id(b.0))).collect()),
        Values::number(places.iter().map(|p| p.best_candidate.map_or(0.0, |b| b.1.people()))),
        Values::text(places.iter().map(|p| sentences::place(study, p).0)),
        Values::text(places.iter().map(|p| sentences::place(study, p).1)),
        Values::number(places.iter().map(|p| p.new_point.lon)),
        Values::number(places.iter().map(|p| p.new_point.lat)),
        Values::number(places.iter().map(|p| p.new_point_persons.people())),
        Values::Geometry(places.iter().map(|p| point(p.at)).collect()),
    ]
}

fn isochrone_rows(study: &Study, isochrones: &[Isochrone]) -> Vec<Values> {
    let site = |i: &Isochrone| i.site.map(|s| study.sites[s as usize].site.id.clone());
    let shape = |i: &Isochrone| Geometry::MultiPolygon(MultiPolygon(i.shape.0.clone()));
    vec![
        Values::whole(isochrones.iter().map(|i| i.phase as u32 + 1)),
        Values::Text(isochrones.iter().map(site).collect()),
        Values::text(isochrones.iter().map(|_| study.modes[0].id.clone())),
        Values::number(isochrones.iter().map(|i| i.minutes)),
        Values::Geometry(isochrones.iter().map(shape).collect()),
    ]
}
