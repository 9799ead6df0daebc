//! `explanations.parquet`: why each site is in the plan or is not.

use geo::{Geometry, Point};

use super::table::Values;
use crate::rollout::Rollout;
use crate::rollout::explain::sentences;
use crate::rollout::explain::why::{SiteReason, Without};
use crate::study::Study;
use crate::units::Persons;

/// The columns of the table, in the order of the schema.
pub(super) fn rows(study: &Study, plan: &Rollout, reasons: &[SiteReason]) -> Vec<Values> {
    let sites = &study.sites;
    let mut phase = vec![None; sites.len()];
    for agent in &plan.agents {
        phase[agent.site as usize] = Some(agent.phase as u32 + 1);
    }
    let without =
        |of: fn(&Without) -> f64| Values::Number(reasons.iter().map(|r| r.without.as_ref().map(of)).collect());
    let other = |of: fn(&crate::ingest::sites::Site) -> &String| {
        let site = |s: u32| of(&sites[s as usize].site).clone();
        Values::Text(reasons.iter().map(|r| r.exchange.map(|swap| site(swap.site))).collect())
    };
    let (vi, en): (Vec<String>, Vec<String>) =
        reasons.iter().enumerate().map(|(s, r)| sentences::site(study, s, r)).unzip();
    vec![
        Values::text(sites.iter().map(|s| s.site.id.clone())),
        Values::text(sites.iter().map(|s| s.site.name.clone())),
        Values::text(reasons.iter().map(|r| r.role.as_str())),
        Values::Whole(phase),
        Values::number(reasons.iter().map(|r| r.in_reach.people())),
        without(|w| w.unserved_first.people()),
        without(|w| w.unserved.people()),
        without(Without::extra_person_minutes),
        without(|w| w.cut_off.people()),
        Values::Number(reasons.iter().map(|r| r.added.map(Persons::people)).collect()),
        other(|site| &site.id),
        other(|site| &site.name),
        Values::Number(reasons.iter().map(|r| r.exchange.map(|swap| swap.change as f64 / 1000.0)).collect()),
        Values::Number(reasons.iter().map(|r| r.exchange.map(|swap| swap.weighted_days as f64 / 1000.0)).collect()),
        Values::text(vi),
        Values::text(en),
        Values::Geometry(sites.iter().map(|s| Geometry::Point(Point::new(s.site.at.lon, s.site.at.lat))).collect()),
    ]
}
