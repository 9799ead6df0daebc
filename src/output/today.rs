//! `today.parquet`: what the offices of today do by themselves.

use super::table::Values;
use crate::ingest::boundaries::Boundary;
use crate::rollout::{AreaIndicators, Rollout};
use crate::study::Study;

/// The rows of the table: the study area, then the features of the first layer.
pub(super) fn rows(study: &Study, plan: &Rollout) -> Vec<Values> {
    let features = study.layers.first().map_or(&[][..], |l| &l.features);
    let mut found: Vec<(Option<&Boundary>, &AreaIndicators)> = Vec::new();
    if let Some(today) = &plan.today {
        found.push((None, &today.all));
        found.extend(features.iter().map(Some).zip(&today.by_feature));
    }
    let text = |of: fn(&Boundary) -> &String| {
        Values::Text(found.iter().map(|(feature, _)| feature.map(|f| of(f).clone())).collect())
    };
    let (code, name) = (text(|f| &f.code), text(|f| &f.name));
    let found: Vec<&AreaIndicators> = found.into_iter().map(|(_, indicators)| indicators).collect();
    vec![
        code,
        name,
        Values::whole(found.iter().map(|i| i.agents)),
        Values::number(found.iter().map(|i| i.persons.people())),
        Values::number(found.iter().map(|i| i.covered.people())),
        Values::Number(found.iter().map(|i| i.covered_share()).collect()),
        Values::number(found.iter().map(|i| i.reached.people())),
        Values::Number(found.iter().map(|i| i.mean_time_s).collect()),
        Values::Number(found.iter().map(|i| i.median_time_s).collect()),
        Values::Number(found.iter().map(|i| i.p90_time_s).collect()),
        Values::Number(found.iter().map(|i| i.worst_time_s).collect()),
    ]
}
