//! `manifest.json`: what went in, what was asked, what it took, how good the answer is.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::table::RunFolder;
use crate::error::{Fault, Result};
use crate::files::{hex, read_in_pieces};
use crate::rollout::Rollout;
use crate::stages::Stage;
use crate::study::Study;
use crate::units::Persons;

/// The files that a run has read, with their hashes.
///
/// # Errors
/// An input has gone since it was read.
pub(super) fn inputs(study: &Study) -> Result<Value> {
    let mut files = study.scenario.files();
    files.sort();
    files.dedup();
    let hashed = |path: std::path::PathBuf| -> Result<Value> {
        Ok(json!({ "file": path.display().to_string(), "sha256": sha256(&path)? }))
    };
    files.into_iter().map(hashed).collect()
}

/// Writes the manifest of a run as far as it has come, and gives it back for [`finish`].
///
/// # Errors
/// The disk refuses.
pub(super) fn begin(folder: &RunFolder, study: &Study, plan: &Rollout) -> Result<Value> {
    let scenario = &study.scenario;
    let network = &study.network;
    let manifest = json!({
        "gandan": env!("CARGO_PKG_VERSION"),
        "title": scenario.title,
        "synthetic": scenario.synthetic,
        "attribution": scenario.attribution,
        "notes": scenario.notes,
        "inputs": folder.inputs(),
        "sources": scenario.sources,
        "layers": scenario.inputs.boundaries.iter().map(|l| json!({ "id": l.id, "name": l.name })).collect::<Vec<_>>(),
        "settings": {
            "standard": scenario.standard,
            "population": scenario.population,
            "groups": scenario.groups,
            "demand": scenario.demand,
            "capacity": scenario.capacity,
            "proposals": scenario.proposals,
            "snap": scenario.snap,
            "travel": scenario.travel,
            "eligibility": scenario.eligibility,
            "equity": scenario.equity,
            "solve": scenario.solve,
            "sensitivity": scenario.sensitivity,
            "output": scenario.output,
            "modes": study.modes,
            "phases": scenario.phases,
        },
        "network": {
            "junctions": network.nodes.len(),
            "streets": network.streets.len(),
            "length_km": network.length_km(),
            "turn_restrictions": network.restrictions,
            "turn_restrictions_not_used": network.restrictions_lost,
            "modes": study.modes.iter().zip(&network.modes).map(|(mode, graph)| json!({
                "mode": mode.id,
                "arcs": graph.reversed.edge_count(),
                "junctions_of_parts": graph.part_sizes(),
                "nodes_for_turn_restrictions_and_barriers": graph.turns.n_splits(),
            })).collect::<Vec<_>>(),
        },
        "calibration": {
            "rounds": study.scaled.rounds,
            "largest_deviation": study.scaled.deviation,
            "features": study.scaled.features().count(),
            "doubtful": study.scaled.features().filter(|f| f.row.doubtful()).map(|f| json!({
                "code": f.code,
                "name": f.name,
                "factor": f.row.factor,
            })).collect::<Vec<_>>(),
        },
        "groups": study.groups.iter().map(|g| json!({
            "group": g.settings.id,
            "persons": g.members.iter().copied().sum::<Persons>().people(),
            "persons_in_no_cell": g.lost.people(),
        })).collect::<Vec<_>>(),
        "offices": study.offices.iter().map(|o| json!({
            "id": o.id,
            "name": o.name,
            "lon": o.at.lon,
            "lat": o.at.lat,
        })).collect::<Vec<_>>(),
        "services": study.dossiers.catalogue,
        "proposed": study.sites.iter().filter(|s| s.proposed).map(|s| &s.site.id).collect::<Vec<_>>(),
        "sites_left_out": study.sites_left_out,
        "phases": plan.phases.iter().map(|p| json!({
            "agents": p.open.len(),
            "opened": p.opened.iter().map(|&s| &study.sites[s as usize].site.id).collect::<Vec<_>>(),
            "proof": p.proof,
        })).collect::<Vec<_>>(),
        "strategies": super::strategies::told(plan),
        "threads": rayon::current_num_threads(),
        // What of `proof.json` differs from run to run.
        "proofs": plan.problems.stated.iter().map(|of| json!({
            "time_s": of.time_s,
            "steps": of.steps.iter().map(|s| json!({ "step": s.step, "at_s": s.at_s })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    save(folder.path(), &manifest)?;
    Ok(manifest)
}

/// Writes the manifest again with what each stage took.
///
/// # Errors
/// The disk refuses.
pub(super) fn finish(folder: &Path, mut manifest: Value, stages: &[Stage]) -> Result<()> {
    manifest["stages"] = json!(stages);
    save(folder, &manifest)
}

fn save(folder: &Path, manifest: &Value) -> Result<()> {
    let path = folder.join("manifest.json");
    let text = format!("{manifest:#}\n");
    std::fs::write(&path, text).map_err(|e| Fault::io("write the manifest", &path, &e))?;
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    read_in_pieces("read an input again for its hash", path, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(hex(&hash.finalize()))
}
