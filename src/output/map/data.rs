//! What the map page needs of a run, as JSON. Its TypeScript counterpart is `map/src/types.ts`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use geo::{BoundingRect, MultiPolygon, Simplify};
use geojson::Geometry;
use serde_json::{Value, json};

use crate::ingest::eligibility::Eligibility;
use crate::ingest::population::DemandCell;
use crate::output::files::rounded;
use crate::output::shapes::Isochrone;
use crate::output::tables::{first_boundary, judged};
use crate::rollout::explain::reason;
use crate::rollout::{AreaIndicators, Rollout};
use crate::scenario::Text;
use crate::study::Study;
use crate::units::LonLat;

/// Detail of outlines and roads on the map in degrees, some 5 m.
const DETAIL_DEG: f64 = 5e-5;

/// No travel time, in the compact form of the cells.
const NO_TIME: u16 = u16::MAX;

pub(super) fn of_run(study: &Study, plan: &Rollout, isochrones: &[Isochrone]) -> Value {
    let scenario = &study.scenario;
    let bounds = study.area.bounding_rect().map(|r| [r.min().x, r.min().y, r.max().x, r.max().y]);
    json!({
        "format": 1,
        "version": env!("CARGO_PKG_VERSION"),
        "title": scenario.title,
        "synthetic": scenario.synthetic,
        "attribution": scenario.attribution,
        "notes": scenario.notes,
        "bounds": bounds,
        "standard": {
            "minutes": scenario.standard.minutes,
            "radius_m": study.standard.radius.metres(),
            "rule": scenario.standard.rule,
        },
        "modes": study.modes.iter().map(|m| json!({
            "id": m.id, "name": m.settings.name, "share": m.settings.share,
        })).collect::<Vec<_>>(),
        "phases": phases(study, plan),
        "agents": agents(study, plan),
        "candidates": candidates(study, plan),
        "cells": cells(study, plan),
        "roads": roads(study),
        "water": water(study),
        "boundaries": boundaries(study, plan),
        "isochrones": isochrones.iter().filter(|i| i.site.is_none()).map(|i| json!({
            "phase": i.phase,
            "minutes": i.minutes,
            "geometry": outline(&i.shape),
        })).collect::<Vec<_>>(),
        "uncovered": plan.uncovered.iter().map(|p| json!({
            "name": first_boundary(study, p.boundary).1.unwrap_or_default(),
            "lon": p.at.lon,
            "lat": p.at.lat,
            "persons": p.persons.people(),
            "nearest_agent_m": p.nearest_agent.map(|d| d.metres()),
            "nearest_candidate_m": p.nearest_candidate.map(|d| d.metres()),
        })).collect::<Vec<_>>(),
    })
}

fn phases(study: &Study, plan: &Rollout) -> Vec<Value> {
    let asked = &study.scenario.phases;
    asked
        .iter()
        .zip(&plan.phases)
        .map(|(asked, done)| {
            let (all, scope) = (&done.indicators.all, &done.indicators.scope);
            json!({
                "name": asked.name,
                "starts": asked.starts,
                "ends": asked.ends,
                "opened": done.opened.len(),
                "agents": done.open.len(),
                "persons": all.persons.people(),
                "covered": all.covered.people(),
                "covered_share": all.covered_share(),
                "scope": asked.scope.as_ref().map(|s| &s.name),
                "scope_persons": scope.persons.people(),
                "scope_covered_share": scope.covered_share(),
                "mean_time_s": all.mean_time_s,
                "worst_time_s": all.worst_time_s,
                "objective": done.proof.objective,
                "bound": done.proof.bound,
                "gap": done.proof.gap,
                "status": done.proof.status,
                "objective_unit": done.proof.unit,
            })
        })
        .collect()
}

fn text(vi: impl Into<String>, en: impl Into<String>) -> Text {
    Text { vi: vi.into(), en: en.into() }
}

fn agents(study: &Study, plan: &Rollout) -> Vec<Value> {
    plan.agents
        .iter()
        .map(|agent| {
            let site = &study.sites[agent.site as usize].site;
            let (vi, en) = reason(agent);
            json!({
                "id": site.id,
                "name": site.name,
                "lon": site.at.lon,
                "lat": site.at.lat,
                "phase": agent.phase,
                "fixed": site.fixed,
                "order": agent.order,
                "persons_nearest": agent.persons_nearest.people(),
                "persons_marginal": agent.persons_marginal.people(),
                "why": text(vi, en),
            })
        })
        .collect()
}

fn candidates(study: &Study, plan: &Rollout) -> Vec<Value> {
    let chosen: Vec<u32> = plan.agents.iter().map(|a| a.site).collect();
    (0_u32..)
        .zip(&study.sites)
        .filter(|(s, _)| !chosen.contains(s))
        .map(|(_, s)| {
            let (status, vi, en) = judged(&s.eligibility);
            let why = match &s.eligibility {
                Eligibility::Eligible => text("Đủ điều kiện, chưa cần đến.", "Eligible, not needed."),
                _ => text(vi.unwrap_or_default(), en.unwrap_or_default()),
            };
            json!({
                "id": s.site.id, "name": s.site.name, "lon": s.site.at.lon, "lat": s.site.at.lat,
                "status": status, "why": why,
            })
        })
        .collect()
}

fn base64(bytes: impl Iterator<Item = u8>) -> String {
    BASE64_STANDARD.encode(bytes.collect::<Vec<u8>>())
}

fn cells(study: &Study, plan: &Rollout) -> Value {
    let n_modes = study.modes.len();
    let cells = &study.cells;
    let micro = |degrees: f64| ((degrees * 1e6).round() as i32).to_le_bytes();
    let boundary = |c: usize| study.cell_boundary.first().and_then(|l| l[c]).map_or(-1, |f| f as i16);
    let time_s = |t: usize, c: usize| {
        let ms = plan.phases[t].rows[c * n_modes].travel_time_ms;
        ms.map_or(NO_TIME, |ms| u16::try_from(ms.div_ceil(1000)).unwrap_or(NO_TIME - 1).min(NO_TIME - 1))
    };
    let covered = |t: usize, c: usize| {
        let rows = c * n_modes..(c + 1) * n_modes;
        let served: u64 = rows.filter(|&r| plan.phases[t].rows[r].covered).map(|r| study.row_persons[r].0).sum();
        (served as f64 / cells[c].persons.0.max(1) as f64 * 255.0).round() as u8
    };
    let phases = 0..plan.phases.len();
    // Half of what the outlines span; points are drawn as squares of some 200 m.
    let half = |of: fn(&LonLat) -> f64| {
        let span = |cell: &DemandCell| {
            let outline = cell.outline();
            let low = outline.iter().map(of).fold(f64::INFINITY, f64::min);
            outline.iter().map(of).fold(f64::NEG_INFINITY, f64::max) - low
        };
        let least = cells.iter().map(span).filter(|s| *s > 0.0).fold(f64::INFINITY, f64::min);
        if least.is_finite() { least / 2.0 } else { 0.001 }
    };
    json!({
        "count": cells.len(),
        // Of one size but for slivers at the border that could not be split.
        "half_lon": half(|p| p.lon),
        "half_lat": half(|p| p.lat),
        "lon": base64(cells.iter().flat_map(|c| micro(c.centre.lon))),
        "lat": base64(cells.iter().flat_map(|c| micro(c.centre.lat))),
        "persons": base64(cells.iter().flat_map(|c| (c.persons.people() as f32).to_le_bytes())),
        "boundary": base64((0..cells.len()).flat_map(|c| boundary(c).to_le_bytes())),
        "time_s": phases.clone().map(|t| base64((0..cells.len()).flat_map(|c| time_s(t, c).to_le_bytes()))).collect::<Vec<_>>(),
        "covered": phases.map(|t| base64((0..cells.len()).map(|c| covered(t, c)))).collect::<Vec<_>>(),
    })
}

/// Roads in the study area by class, as encoded polylines.
fn roads(study: &Study) -> Vec<Value> {
    const CLASSES: [&str; 7] = ["motorway", "trunk", "primary", "secondary", "tertiary", "residential", "other"];
    let mut lines: Vec<Vec<String>> = vec![Vec::new(); CLASSES.len()];
    let network = &study.network;
    let rect = study.area.bounding_rect();
    let near = |p: &LonLat| {
        rect.is_none_or(|r| {
            (r.min().x - 0.02..=r.max().x + 0.02).contains(&p.lon)
                && (r.min().y - 0.02..=r.max().y + 0.02).contains(&p.lat)
        })
    };
    for street in &network.streets {
        let shape = network.shape(street);
        if !shape.iter().any(near) {
            continue;
        }
        let class = network.classes[usize::from(street.class)].trim_end_matches("_link");
        let index = match class {
            "living_street" | "unclassified" => 5,
            _ => CLASSES.iter().position(|&c| c == class).unwrap_or(6),
        };
        let line: geo::LineString<f64> = shape.iter().map(|p| (p.lon, p.lat)).collect();
        lines[index].push(encode_polyline(&line.simplify(DETAIL_DEG)));
    }
    let classes = CLASSES.iter().zip(lines).filter(|(_, l)| !l.is_empty());
    classes.map(|(class, lines)| json!({ "class": class, "lines": lines })).collect()
}

/// Google's encoded polyline format, precision 5, latitude first as the format has it.
fn encode_polyline(line: &geo::LineString<f64>) -> String {
    let mut text = String::new();
    let (mut lat, mut lon) = (0_i64, 0_i64);
    for point in line.coords() {
        for (value, last) in [(point.y, &mut lat), (point.x, &mut lon)] {
            let scaled = (value * 1e5).round() as i64;
            let delta = scaled - std::mem::replace(last, scaled);
            let mut bits = ((delta << 1) ^ (delta >> 63)) as u64;
            while bits >= 0x20 {
                text.push(char::from((0x20 | (bits & 0x1f)) as u8 + 63));
                bits >>= 5;
            }
            text.push(char::from(bits as u8 + 63));
        }
    }
    text
}

fn water(study: &Study) -> Value {
    let features: Vec<Value> = study
        .water
        .iter()
        .map(|(points, area)| {
            let ring: geo::LineString<f64> = points.iter().map(|p| (p.lon, p.lat)).collect();
            let geometry = if *area {
                use geo::{Orient, orient::Direction};
                Geometry::from(&geo::Polygon::new(ring, vec![]).orient(Direction::Default))
            } else {
                Geometry::from(&ring)
            };
            json!({ "type": "Feature", "properties": {}, "geometry": geometry })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features })
}

/// A shape as the map shows it: at the map's detail, 6 decimals.
fn outline(shape: &MultiPolygon<f64>) -> Geometry {
    Geometry::from(&rounded(&shape.simplify(DETAIL_DEG)))
}

fn boundaries(study: &Study, plan: &Rollout) -> Vec<Value> {
    let indicators = |i: &AreaIndicators| json!({ "covered_share": i.covered_share(), "mean_time_s": i.mean_time_s, "worst_time_s": i.worst_time_s });
    study
        .layers
        .iter()
        .enumerate()
        .map(|(l, layer)| {
            let features: Vec<Value> = layer
                .features
                .iter()
                .enumerate()
                .map(|(f, feature)| {
                    let by_phase: Vec<&AreaIndicators> =
                        plan.phases.iter().map(|p| &p.indicators.by_boundary[l][f]).collect();
                    json!({
                        "type": "Feature",
                        "properties": {
                            "code": feature.code,
                            "name": feature.name,
                            "persons": by_phase.first().map(|i| i.persons.people()),
                            "phases": by_phase.into_iter().map(indicators).collect::<Vec<_>>(),
                        },
                        "geometry": outline(&feature.geometry),
                    })
                })
                .collect();
            json!({
                "layer": layer.id,
                "name": study.scenario.inputs.boundaries[l].name,
                "features": { "type": "FeatureCollection", "features": features },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polyline_of_the_format_description() {
        // From Google's own page of the format: (38.5, −120.2), (40.7, −120.95), (43.252, −126.453).
        let line: geo::LineString<f64> = vec![(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)].into();
        assert_eq!(encode_polyline(&line), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
    }
}
