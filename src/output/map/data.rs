//! What the map page needs of a run, from its tables and its manifest. Its TypeScript counterpart is
//! `map/src/types.ts`.

use std::collections::{BTreeSet, HashMap, HashSet};

use geo::{Geometry, MultiPolygon};
use serde_json::{Value, json};

use super::background::Background;
use super::cells::Cells;
use super::container::{Blob, packed};
use super::shapes::outline;
use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::read::{NO_RUN, Rows};
use crate::output::run::{
    AgentRow, BoundaryRow, ExplanationRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Run, SiteRow, TodayRow,
};
use crate::output::schema::{self, Table};
use crate::scenario::Text;

/// The data of a run as the page reads them. `tiles` is a template of online tiles that the page may offer.
///
/// # Errors
/// A table of the run is missing or damaged, or does not fit the others.
pub(super) fn of_run(run: &Run, tiles: Option<&str>) -> Result<String> {
    let mut blob = Blob::default();
    let mut json = json_of(run, tiles, &mut blob)?;
    for (name, part) in Background::read(run)?.packed(&mut blob) {
        json[name] = part;
    }
    unsigned_zeros(&mut json);
    packed(&json, &blob)
}

fn json_of(run: &Run, tiles: Option<&str>, blob: &mut Blob) -> Result<Value> {
    let about = &run.about;
    let tables = Tables::read(run)?;
    let agents: HashMap<&str, usize> = tables.agents.iter().enumerate().map(|(i, a)| (a.site.as_str(), i)).collect();
    let features = tables.first_layer(run);
    let cells = Cells::read(run, tables.phases.len(), &agents, &features)?;
    let standard = &about.standard;
    Ok(json!({
        "format": 2,
        "version": about.version,
        "title": about.title,
        "synthetic": about.synthetic,
        "attribution": about.attribution,
        "notes": about.notes,
        "sources": about.sources,
        "bounds": bounds(&tables, &cells),
        "standard": { "minutes": standard.minutes, "radius_m": standard.radius_km * 1000.0, "rule": standard.rule },
        "modes": about.modes.iter().map(|m| json!({ "id": m.id, "name": m.name, "share": m.share })).collect::<Vec<_>>(),
        "tiles": tiles,
        "phases": phases(run, &tables),
        "today": today(&tables),
        "offices": offices(&tables),
        "agents": tables.agents.iter().map(|a| agent(a, &tables, &features)).collect::<Vec<_>>(),
        "candidates": candidates(&tables, &features),
        "cells": cells.packed(blob),
        "boundaries": boundaries(run, &tables)?,
        "isochrones": isochrones(run)?,
        "uncovered": uncovered(run)?,
        "frontier": frontier(run)?,
    }))
}

/// Makes `-0.0`, the sum of nothing, a plain zero, which nobody takes for a small loss.
fn unsigned_zeros(json: &mut Value) {
    match json {
        Value::Number(number) if number.as_f64() == Some(0.0) => *json = Value::from(0),
        Value::Array(values) => values.iter_mut().for_each(unsigned_zeros),
        Value::Object(members) => members.values_mut().for_each(unsigned_zeros),
        _ => {}
    }
}

/// The tables of a run that more than one part of the map needs.
struct Tables {
    phases: Vec<PhaseRow>,
    agents: Vec<AgentRow>,
    sites: Vec<SiteRow>,
    reasons: HashMap<String, ExplanationRow>,
    boundaries: Vec<BoundaryRow>,
    /// By site, the loads phase by phase; empty without `[capacity]`.
    loads: HashMap<String, Vec<LoadRow>>,
    relief: Vec<ReliefRow>,
    today: Vec<TodayRow>,
}

impl Tables {
    fn read(run: &Run) -> Result<Tables> {
        let mut loads: HashMap<String, Vec<LoadRow>> = HashMap::new();
        for load in run.rows::<LoadRow>()? {
            loads.entry(load.site.clone()).or_default().push(load);
        }
        let phases: Vec<PhaseRow> = run.rows()?;
        if phases.len() != run.about.phases.len() {
            let what = format!("{} phases, but the manifest tells of {}", phases.len(), run.about.phases.len());
            let file = run.folder.join(schema::PHASES.file);
            return Err(Fault::new("run::table", what).file(file).help(NO_RUN).into());
        }
        Ok(Tables {
            phases,
            agents: run.rows()?,
            sites: run.rows()?,
            reasons: run.rows::<ExplanationRow>()?.into_iter().map(|r| (r.site.clone(), r)).collect(),
            boundaries: run.rows()?,
            loads,
            relief: run.rows()?,
            today: if run.folder.join(schema::TODAY.file).exists() { run.rows()? } else { Vec::new() },
        })
    }

    /// The features of the first layer by code, numbered as the map has them.
    fn first_layer(&self, run: &Run) -> HashMap<&str, usize> {
        let first = run.about.layers.first().map(|l| l.id.as_str());
        let mut numbers = HashMap::new();
        for row in self.boundaries.iter().filter(|row| Some(row.layer.as_str()) == first) {
            let next = numbers.len();
            numbers.entry(row.code.as_str()).or_insert(next);
        }
        numbers
    }
}

/// The box of all cells; of all agents where there are no cells, of the world where there is nothing.
fn bounds(tables: &Tables, cells: &Cells) -> [f64; 4] {
    let points = tables.agents.iter().map(|a| [a.lon, a.lat, a.lon, a.lat]);
    let around = |a: [f64; 4], b: [f64; 4]| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
    cells.bounds().or_else(|| points.reduce(around)).unwrap_or([-180.0, -85.0, 180.0, 85.0])
}

fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

fn phases(run: &Run, tables: &Tables) -> Vec<Value> {
    let asked = &run.about.phases;
    asked
        .iter()
        .zip(&tables.phases)
        .map(|(asked, p)| {
            json!({
                "name": text(&p.name_vi, &p.name_en),
                "starts": p.starts,
                "ends": p.ends,
                "opens": p.opens,
                "opened": p.opened,
                "agents": p.agents,
                "persons": p.persons,
                "covered": p.covered_persons,
                "covered_share": p.population_covered_share,
                "reached": p.persons - p.unreached_persons,
                "scope": asked.scope.as_ref().map(|s| &s.name),
                "scope_persons": p.scope_persons,
                "scope_covered_share": p.scope_covered_share,
                "mean_time_s": p.mean_time_s,
                "median_time_s": p.median_time_s,
                "p90_time_s": p.p90_time_s,
                "worst_time_s": p.worst_time_s,
                "scope_mean_time_s": p.scope_mean_time_s,
                "worst_boundary_name": p.worst_boundary_name,
                "worst_boundary_covered_share": p.worst_boundary_covered_share,
                "counters": p.counters,
                "load_per_day": p.load_per_day,
                "overflow_per_day": p.overflow_per_day,
                "mean_wait_min": p.mean_wait_min,
                "persons_sent": p.persons_sent,
                "relief_share": p.relief_share,
                "online_share": p.online_share,
                "dossiers_per_day": p.dossiers_per_day,
                "objective": p.objective,
                "bound": p.bound,
                "gap": p.gap,
                "status": p.status,
                "objective_unit": p.objective_unit,
            })
        })
        .collect()
}

fn today(tables: &Tables) -> Option<Value> {
    let all = tables.today.iter().find(|row| row.boundary.is_none())?;
    Some(json!({
        "offices": all.offices,
        "persons": all.persons,
        "covered": all.covered_persons,
        "covered_share": all.population_covered_share,
        "reached": all.reached_persons,
        "mean_time_s": all.mean_time_s,
        "median_time_s": all.median_time_s,
        "p90_time_s": all.p90_time_s,
        "worst_time_s": all.worst_time_s,
    }))
}

/// The one-stop offices that are no agents of the plan.
fn offices(tables: &Tables) -> Vec<Value> {
    let agents: HashSet<&str> = tables.agents.iter().map(|a| a.site.as_str()).collect();
    let mut seen = BTreeSet::new();
    let others = tables.relief.iter().filter(|o| !agents.contains(o.site.as_str()) && seen.insert(o.site.as_str()));
    let at = |o: &ReliefRow| match &o.geometry {
        Geometry::Point(at) => Some(json!({ "name": o.name, "lon": at.x(), "lat": at.y() })),
        _ => None,
    };
    others.filter_map(at).collect()
}

/// The index of the feature of the first layer with a code, -1 for none.
fn index_of(code: Option<&String>, features: &HashMap<&str, usize>) -> i64 {
    code.and_then(|code| features.get(code.as_str())).map_or(-1, |&f| f as i64)
}

fn agent(agent: &AgentRow, tables: &Tables, features: &HashMap<&str, usize>) -> Value {
    let reason = tables.reasons.get(&agent.site);
    let loss = reason.map(|r| {
        json!({
            "persons_lost_first": r.persons_lost_first,
            "persons_lost": r.persons_lost,
            "extra_person_minutes": r.extra_person_minutes,
            "persons_cut_off": r.persons_cut_off,
            "exchange": r.exchange,
            "exchange_name": r.exchange_name,
            "exchange_persons": r.exchange_persons,
        })
    });
    let loads: Vec<Value> = if tables.loads.is_empty() { Vec::new() } else { loads(agent, tables) };
    json!({
        "id": agent.site,
        "name": agent.name,
        "lon": agent.lon,
        "lat": agent.lat,
        "phase": agent.phase.saturating_sub(1),
        "fixed": agent.fixed,
        "order": agent.order,
        "closes": agent.closes_phase.map(|t| t.saturating_sub(1)),
        "boundary": index_of(agent.boundary.as_ref(), features),
        "persons_nearest": agent.persons_nearest,
        "persons_marginal": agent.persons_marginal,
        "persons_in_reach": reason.map_or(0.0, |r| r.persons_in_reach),
        "why": reason.map_or_else(|| text(&agent.why_vi, &agent.why_en), |r| text(&r.why_vi, &r.why_en)),
        "loss": loss,
        "loads": loads,
    })
}

/// What comes to an agent, an entry a phase.
fn loads(agent: &AgentRow, tables: &Tables) -> Vec<Value> {
    let of_agent = tables.loads.get(&agent.site);
    let in_phase = |t: usize| of_agent?.iter().find(|l| l.phase as usize == t + 1);
    let told = |l: &LoadRow| {
        json!({
            "persons": l.persons,
            "persons_nearest": l.persons_nearest,
            "persons_sent": l.persons_sent,
            "persons_taken": l.persons_taken,
            "dossiers_per_day": l.dossiers_per_day,
            "most_per_day": l.most_per_day,
            "overflow_per_day": l.overflow_per_day,
            "counters": l.counters,
            "utilisation": l.utilisation,
            "wait_min": l.wait_min,
        })
    };
    (0..tables.phases.len()).map(|t| in_phase(t).map_or(Value::Null, told)).collect()
}

/// The sites that are no agents.
fn candidates(tables: &Tables, features: &HashMap<&str, usize>) -> Vec<Value> {
    let agents: HashSet<&str> = tables.agents.iter().map(|a| a.site.as_str()).collect();
    let others = tables.sites.iter().filter(|s| !agents.contains(s.site.as_str()));
    let told = |s: &SiteRow| {
        let why = tables.reasons.get(&s.site).map(|r| text(&r.why_vi, &r.why_en)).unwrap_or_else(|| {
            text(s.reasons_vi.as_deref().unwrap_or_default(), s.reasons_en.as_deref().unwrap_or_default())
        });
        json!({
            "id": s.site,
            "name": s.name,
            "lon": s.lon,
            "lat": s.lat,
            "status": s.status,
            "proposed": s.proposed,
            "boundary": index_of(s.boundary.as_ref(), features),
            "persons_in_reach": s.persons_in_reach,
            "why": why,
        })
    };
    others.map(told).collect()
}

/// The polygons of a geometry; nothing else has an outline.
fn polygons(shape: &Geometry<f64>) -> MultiPolygon<f64> {
    match shape {
        Geometry::MultiPolygon(shape) => shape.clone(),
        Geometry::Polygon(shape) => MultiPolygon(vec![shape.clone()]),
        _ => MultiPolygon(Vec::new()),
    }
}

fn boundaries(run: &Run, tables: &Tables) -> Result<Vec<Value>> {
    let today: HashMap<&str, &TodayRow> =
        tables.today.iter().filter_map(|row| Some((row.boundary.as_deref()?, row))).collect();
    let mut layers = Vec::new();
    for (l, layer) in run.about.layers.iter().enumerate() {
        let mut of_code: HashMap<&str, usize> = HashMap::new();
        let mut features: Vec<(&BoundaryRow, Vec<Value>)> = Vec::new();
        for row in tables.boundaries.iter().filter(|row| row.layer == layer.id) {
            let feature = *of_code.entry(&row.code).or_insert_with(|| {
                features.push((row, vec![Value::Null; tables.phases.len()]));
                features.len() - 1
            });
            let in_phase = features[feature].1.get_mut((row.phase as usize).wrapping_sub(1)).ok_or_else(|| {
                let what = format!("`{}` has a phase {}, which the run does not have", row.code, row.phase);
                Fault::new("run::table", what).file(run.folder.join(schema::BOUNDARIES.file)).help(NO_RUN)
            })?;
            *in_phase = json!({
                "covered": row.covered_persons,
                "covered_share": row.population_covered_share,
                "mean_time_s": row.mean_time_s,
                "p90_time_s": row.p90_time_s,
                "worst_time_s": row.worst_time_s,
                "agents": row.agents,
                "counters": row.counters,
                "overflow_per_day": row.overflow_per_day,
            });
        }
        let told = |(row, phases): (&BoundaryRow, Vec<Value>)| {
            // Only the features of the first layer are in the table of today.
            let today = today
                .get(row.code.as_str())
                .filter(|_| l == 0)
                .map(|t| json!({ "covered_share": t.population_covered_share, "mean_time_s": t.mean_time_s }));
            json!({
                "type": "Feature",
                "properties": {
                    "code": row.code, "name": row.name, "persons": row.persons, "today": today, "phases": phases,
                },
                "geometry": outline(&polygons(&row.geometry)),
            })
        };
        let features: Vec<Value> = features.into_iter().map(told).collect();
        layers.push(json!({
            "layer": layer.id,
            "name": layer.name,
            "features": { "type": "FeatureCollection", "features": features },
        }));
    }
    Ok(layers)
}

/// The bands of all agents of a phase; those of single agents stay in the table, and their shapes are not even looked at.
fn isochrones(run: &Run) -> Result<Vec<Value>> {
    let table: &Table = &schema::ISOCHRONES;
    let broken = |what: String| {
        Fault::new("run::table", format!("a geometry is damaged: {what}"))
            .file(run.folder.join(table.file))
            .help(NO_RUN)
    };
    let rows = Rows::read(&run.folder, table, &["phase", "site", "minutes", "geometry"])?;
    let (phases, minutes) = (rows.wholes("phase")?, rows.numbers("minutes")?);
    let mut found = Vec::new();
    for (i, (site, shape)) in rows.text("site")?.iter().zip(rows.shapes()?.iter()).enumerate() {
        if site.is_some() {
            continue;
        }
        let shape = geometry_of(shape.unwrap_or_default()).map_err(broken)?;
        let shape = Geometry::<f64>::try_from(shape).map_err(|e| broken(e.to_string()))?;
        found.push(json!({
            "phase": phases[i].saturating_sub(1),
            "minutes": minutes[i],
            "geometry": outline(&polygons(&shape)),
        }));
    }
    Ok(found)
}

fn uncovered(run: &Run) -> Result<Vec<Value>> {
    let told = |place: PlaceRow| {
        json!({
            "name": place.boundary_name.unwrap_or_default(),
            "lon": place.lon,
            "lat": place.lat,
            "persons": place.persons,
            "persons_coverable": place.persons_coverable,
            "nearest_agent_m": place.nearest_agent_m,
            "nearest_candidate_m": place.nearest_candidate_m,
            "help": text(&place.help_vi, &place.help_en),
            "new_point": {
                "lon": place.new_point_lon, "lat": place.new_point_lat, "persons": place.new_point_persons,
            },
        })
    };
    Ok(run.rows::<PlaceRow>()?.into_iter().map(told).collect())
}

/// The frontier, where the run has computed one.
fn frontier(run: &Run) -> Result<Option<Vec<Value>>> {
    let table = &schema::FRONTIER;
    if !run.folder.join(table.file).exists() {
        return Ok(None);
    }
    let rows = Rows::read(&run.folder, table, &["agents", "persons", "share", "bound_persons"])?;
    let (agents, persons) = (rows.wholes("agents")?, rows.numbers("persons")?);
    let (shares, bounds) = (rows.numbers("share")?, rows.numbers("bound_persons")?);
    let told = |i: usize| json!({ "agents": agents[i], "persons": persons[i], "bound_persons": bounds[i], "share": shares[i] });
    Ok(Some((0..rows.len()).map(told).collect()))
}
