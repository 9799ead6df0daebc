//! `today.parquet`: what the offices of today do by themselves.

use super::table::Values;
use crate::rollout::{AreaIndicators, Rollout};
use crate::study::Study;

/// The rows of the table: the study area, then the features of the first layer.
pub(super) fn rows(study: &Study, plan: &Rollout) -> Vec<Values> {
    let features = study.layers.first().map_or(&[][..], |l| &l.features);
    let (mut names, mut found): (Vec<(Option<&str>, Option<&str>)>, Vec<&AreaIndicators>) = (Vec::new(), Vec::new());
    if let Some(today) = &plan.today {
        names.push((None, None));
        found.push(&today.all);
        names.extend(features.iter().map(|f| (Some(f.code.as_str()), Some(f.name.as_str()))));
        found.extend(&today.by_feature);
    }
    let text = |of: fn(&(Option<&str>, Option<&str>)) -> Option<String>| Values::Text(names.iter().map(of).collect());
    vec![
        text(|n| n.0.map(str::to_owned)),
        text(|n| n.1.map(str::to_owned)),
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
