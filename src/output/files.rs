//! Files of a run for those who do not read Parquet: the agents as CSV, the isochrones as GeoJSON.

use std::io::{BufWriter, Write};
use std::path::Path;

use geojson::{Feature, Geometry};
use serde_json::json;

use super::loads::last_load;
use super::shapes::Isochrone;
use super::tables::{daily_load, first_boundary};
use crate::error::{Fault, Result};
use crate::rollout::Rollout;
use crate::rollout::explain::reason;
use crate::study::Study;
use crate::texts::inert;

/// `rollout.csv`: UTF-8 with a byte-order mark, so that spreadsheets show Vietnamese; its texts are [`inert`].
pub(super) fn rollout_csv(folder: &Path, study: &Study, plan: &Rollout) -> Result<()> {
    let path = folder.join("rollout.csv");
    let io = |e: std::io::Error| Fault::io("write the table", &path, &e);
    let failed = |e: csv::Error| io(e.into());
    let mut file = BufWriter::new(std::fs::File::create(&path).map_err(io)?);
    file.write_all("\u{feff}".as_bytes()).map_err(io)?;
    let mut csv = csv::Writer::from_writer(file);
    let header = [
        "order",
        "phase",
        "phase_name_vi",
        "phase_name_en",
        "opens_on",
        "site",
        "name",
        "fixed",
        "lon",
        "lat",
        "boundary",
        "boundary_name",
        "persons_marginal",
        "persons_cumulative",
        "persons_only",
        "persons_nearest",
        "dossiers_per_day",
        "closes_phase",
        "counters",
        "load_per_day",
        "overflow_per_day",
        "why_vi",
        "why_en",
    ];
    csv.write_record(header).map_err(failed)?;
    for agent in &plan.agents {
        let site = &study.sites[agent.site as usize];
        let phase = &study.scenario.phases[agent.phase];
        let (code, name) = first_boundary(study, site.boundary.first().copied().flatten());
        let (why_vi, why_en) = reason(agent);
        let load = last_load(plan, agent.site);
        csv.write_record([
            agent.order.to_string(),
            (agent.phase + 1).to_string(),
            inert(&phase.name.vi),
            inert(&phase.name.en),
            phase.starts.to_string(),
            inert(&site.site.id),
            inert(&site.site.name),
            site.site.fixed.to_string(),
            site.site.at.lon.to_string(),
            site.site.at.lat.to_string(),
            code.map(|c| inert(&c)).unwrap_or_default(),
            name.map(|n| inert(&n)).unwrap_or_default(),
            agent.persons_marginal.people().to_string(),
            agent.persons_cumulative.people().to_string(),
            agent.persons_only.people().to_string(),
            agent.persons_nearest.people().to_string(),
            daily_load(study, agent).to_string(),
            agent.closes.map(|t| (t + 1).to_string()).unwrap_or_default(),
            load.map_or(String::new(), |l| l.counters.to_string()),
            load.map_or(String::new(), |l| l.dossiers_per_day.to_string()),
            load.map_or(String::new(), |l| l.overflow_per_day.to_string()),
            inert(&why_vi),
            inert(&why_en),
        ])
        .map_err(failed)?;
    }
    csv.flush().map_err(io)?;
    Ok(())
}

/// `isochrones.geojson`: RFC 7946, 6 decimals, one feature a line. What all agents of a phase reach together, for web maps
/// and editors, which could not hold the shapes of every single agent (some 20 MB of text for 100 agents):
/// `isochrones.parquet` has those too.
pub(super) fn isochrones_geojson(folder: &Path, study: &Study, isochrones: &[Isochrone]) -> Result<()> {
    let path = folder.join("isochrones.geojson");
    let failed = |e: std::io::Error| Fault::io("write the isochrones", &path, &e);
    let mut file = BufWriter::new(std::fs::File::create(&path).map_err(failed)?);
    file.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[").map_err(failed)?;
    let mut between = "\n";
    for i in isochrones.iter().filter(|i| i.site.is_none()) {
        let properties = json!({ "phase": i.phase + 1, "mode": study.modes[0].id, "minutes": i.minutes });
        let feature = Feature {
            geometry: Some(Geometry::from(&rounded(&i.shape))),
            properties: properties.as_object().cloned(),
            ..Feature::default()
        };
        write!(file, "{between}{feature}").map_err(failed)?;
        between = ",\n";
    }
    file.write_all(b"\n]}\n").map_err(failed)?;
    file.flush().map_err(failed)?;
    Ok(())
}

/// A shape with coordinates of 6 decimals, some 10 cm.
pub(super) fn rounded(shape: &geo::MultiPolygon<f64>) -> geo::MultiPolygon<f64> {
    use geo::MapCoords;
    shape.map_coords(|c| geo::Coord { x: (c.x * 1e6).round() / 1e6, y: (c.y * 1e6).round() / 1e6 })
}
