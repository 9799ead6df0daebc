//! Tables about the people: how they were scaled, where old and new boundaries meet, how groups fare.

use super::table::Values;
use crate::ingest::boundaries::crosswalk::{Overlap, crosswalk};
use crate::rollout::{AreaIndicators, Rollout};
use crate::study::{ScaledFeature, Study};
use crate::units::Persons;

/// `calibration.parquet`.
pub(super) fn calibration(study: &Study) -> Vec<Values> {
    let rows: Vec<(&str, &ScaledFeature)> =
        study.scaled.layers.iter().flat_map(|(id, features)| features.iter().map(move |f| (id.as_str(), f))).collect();
    vec![
        Values::text(rows.iter().map(|(layer, _)| *layer)),
        Values::text(rows.iter().map(|(_, f)| f.code.as_str())),
        Values::text(rows.iter().map(|(_, f)| f.name.as_str())),
        Values::whole(rows.iter().map(|(_, f)| f.row.cells as u32)),
        Values::number(rows.iter().map(|(_, f)| f.row.before.people())),
        Values::Number(rows.iter().map(|(_, f)| f.row.official.map(Persons::people)).collect()),
        Values::number(rows.iter().map(|(_, f)| f.row.after.people())),
        Values::Number(rows.iter().map(|(_, f)| f.row.factor).collect()),
        Values::Flag(rows.iter().map(|(_, f)| f.row.doubtful()).collect()),
    ]
}

/// `crosswalk.parquet`: every ordered pair of layers.
pub(super) fn crosswalks(study: &Study) -> Vec<Values> {
    let persons: Vec<Persons> = study.cells.iter().map(|c| c.persons).collect();
    let n = study.layers.len();
    let pairs = (0..n).flat_map(|from| (0..n).filter(move |&to| to != from).map(move |to| (from, to)));
    let size = |layer: usize| study.layers[layer].features.len();
    let rows: Vec<(usize, usize, Overlap)> = pairs
        .flat_map(|(from, to)| {
            let (a, b) = (&study.cell_boundary[from], &study.cell_boundary[to]);
            let joined = crosswalk(a, b, &persons, (size(from), size(to)));
            joined.rows.into_iter().map(move |row| (from, to, row))
        })
        .collect();
    let feature = |layer: usize, f: Option<u32>| f.map(|f| &study.layers[layer].features[f as usize]);
    let code = |layer: usize, f: Option<u32>| feature(layer, f).map(|f| f.code.clone());
    let name = |layer: usize, f: Option<u32>| feature(layer, f).map(|f| f.name.clone());
    vec![
        Values::text(rows.iter().map(|(from, ..)| study.layers[*from].id.as_str())),
        Values::Text(rows.iter().map(|(from, _, row)| code(*from, row.from)).collect()),
        Values::Text(rows.iter().map(|(from, _, row)| name(*from, row.from)).collect()),
        Values::text(rows.iter().map(|(_, to, _)| study.layers[*to].id.as_str())),
        Values::Text(rows.iter().map(|(_, to, row)| code(*to, row.to)).collect()),
        Values::Text(rows.iter().map(|(_, to, row)| name(*to, row.to)).collect()),
        Values::number(rows.iter().map(|(.., row)| row.persons.people())),
        Values::number(rows.iter().map(|(.., row)| row.share_of_from)),
        Values::number(rows.iter().map(|(.., row)| row.share_of_to)),
    ]
}

/// `groups.parquet`: each group, phase, and feature of the first layer, the whole study area first.
pub(super) fn groups(study: &Study, plan: &Rollout) -> Vec<Values> {
    let mut rows: Vec<(usize, usize, Option<usize>, &AreaIndicators)> = Vec::new();
    for g in 0..study.groups.len() {
        for (t, phase) in plan.phases.iter().enumerate() {
            let found = &phase.groups[g];
            rows.push((g, t, None, &found.all));
            rows.extend(found.by_boundary.iter().enumerate().map(|(f, i)| (g, t, Some(f), i)));
        }
    }
    let found: Vec<&AreaIndicators> = rows.iter().map(|r| r.3).collect();
    let [p99, worst_tenth, gini, theil] = super::tables::equity(&found);
    let settings = |g: usize| &study.groups[g].settings;
    let feature = |f: Option<usize>| study.layers.first().zip(f).map(|(l, f)| &l.features[f]);
    vec![
        Values::text(rows.iter().map(|r| settings(r.0).id.as_str())),
        Values::text(rows.iter().map(|r| settings(r.0).name.vi.as_str())),
        Values::text(rows.iter().map(|r| settings(r.0).name.en.as_str())),
        Values::whole(rows.iter().map(|r| r.1 as u32 + 1)),
        Values::Text(rows.iter().map(|r| feature(r.2).map(|f| f.code.clone())).collect()),
        Values::Text(rows.iter().map(|r| feature(r.2).map(|f| f.name.clone())).collect()),
        Values::number(rows.iter().map(|r| settings(r.0).weight)),
        Values::number(rows.iter().map(|r| r.3.persons.people())),
        Values::number(rows.iter().map(|r| r.3.covered.people())),
        Values::Number(rows.iter().map(|r| r.3.covered_share()).collect()),
        Values::Number(rows.iter().map(|r| r.3.mean_time_s).collect()),
        Values::Number(rows.iter().map(|r| r.3.worst_time_s).collect()),
        Values::number(rows.iter().map(|r| r.3.unreached().people())),
        Values::Number(rows.iter().map(|r| r.3.p90_time_s).collect()),
        p99,
        worst_tenth,
        gini,
        theil,
    ]
}
