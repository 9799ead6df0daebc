//! The small inputs, read before the large ones so that their faults come early and together.

use std::collections::HashSet;
use std::path::Path;

use geo::{Intersects, MultiPolygon, Point};

use super::groups::{check_property, shares_of};
use super::{Dossiers, StudySite, features_of_scope};
use crate::error::{Error, Fault, Faults, Result};
use crate::ingest::boundaries::{BoundaryLayer, LayerSource, read_area_noted, read_layer};
use crate::ingest::eligibility::{Eligibility, judge};
use crate::ingest::osm::features::{TagRule, sites_from_osm};
use crate::ingest::sites::survey::{fill_in, read_answers};
use crate::ingest::sites::{Site, check_inside, read_sites};
use crate::network::Mode;
use crate::network::modes::resolve_modes;
use crate::scenario::{OutsideSites, Scenario};
use crate::units::Distance;

pub(crate) struct Tables {
    pub modes: Vec<Mode>,
    pub area: MultiPolygon<f64>,
    pub layers: Vec<BoundaryLayer>,
    pub sites: Vec<StudySite>,
    pub sites_left_out: usize,
    /// Offices of today that are no agents.
    pub offices: Vec<Site>,
    pub dossiers: Dossiers,
    /// What was repaired in outlines.
    pub repairs: Vec<Fault>,
}

pub(crate) fn read_tables(scenario: &Scenario) -> Result<Tables> {
    let mut faults = Faults::default();
    let inputs = &scenario.inputs;
    let modes = faults.keep(resolve_modes(&scenario.modes, scenario.travel.speeds))?;
    let mut repairs = Vec::new();
    let area = faults.keep(read_area_noted(&inputs.study_area))?.map(|(area, notes)| {
        repairs.extend(notes);
        area
    });
    let dossiers = faults.keep(Dossiers::of(scenario))?;
    let mut layers = Vec::new();
    for source in &inputs.boundaries {
        let source = LayerSource {
            id: source.id.clone(),
            file: source.file.clone(),
            code: source.code.clone(),
            name: source.name_property.clone(),
            population: source.population.clone(),
        };
        let layer = faults.keep(read_layer(&source))?;
        repairs.extend(layer.iter().flat_map(|l| l.repairs.iter().cloned()));
        layers.extend(layer);
    }
    let mut sites = Vec::new();
    let mut sites_left_out = 0;
    let mut ids = HashSet::new();
    let mut from_candidates = 0;
    for (file, fixed) in [(Some(&inputs.sites), false), (inputs.fixed_sites.as_ref(), true)] {
        let Some(file) = file else { continue };
        let mut read = faults.keep(sites_of(scenario, file, fixed, area.as_ref()))?.unwrap_or_default();
        if let Some(area) = &area {
            match inputs.outside_sites {
                OutsideSites::Refuse => {
                    faults.keep(check_inside(&read, area, Distance(0), file))?;
                }
                OutsideSites::LeaveOut => {
                    let before = read.len();
                    read.retain(|s| area.intersects(&Point::new(s.at.lon, s.at.lat)));
                    sites_left_out += before - read.len();
                }
            }
        }
        for site in read {
            if !ids.insert(site.id.clone()) {
                let fault =
                    Fault::new("sites::duplicate", format!("the id `{}` is also in the other file of sites", site.id));
                faults.push(fault.file(file).help("give every site an id of its own"));
            }
            sites.push(site);
        }
        if !fixed {
            from_candidates = sites.len();
        }
    }
    let mut offices = Vec::new();
    if let Some(file) = &inputs.offices {
        offices = faults.keep(read_sites(file, true))?.unwrap_or_default();
        match (inputs.outside_sites, &area) {
            (OutsideSites::Refuse, Some(area)) => {
                faults.keep(check_inside(&offices, area, Distance(0), file))?;
            }
            (OutsideSites::LeaveOut, Some(area)) => {
                offices.retain(|s| area.intersects(&Point::new(s.at.lon, s.at.lat)));
            }
            (_, None) => {}
        }
    }
    if let Some(survey) = &inputs.survey
        && let Some(answers) = faults.keep(read_answers(survey))?
    {
        faults.keep(fill_in(&mut sites, &answers))?;
    }
    faults.finish()?;
    let (Some(modes), Some(area), Some(dossiers)) = (modes, area, dossiers) else {
        return Err(Fault::new("internal::tables", "an input failed without saying why; please report this").into());
    };
    let sites: Vec<StudySite> = sites
        .into_iter()
        .enumerate()
        .map(|(i, site)| {
            let eligibility = judge(&site, &scenario.eligibility.conditions);
            let usable = match eligibility {
                Eligibility::Eligible => true,
                Eligibility::Refused(_) => false,
                Eligibility::Review(_) => scenario.eligibility.use_review,
            };
            let boundary = layers.iter().map(|l| l.locate(site.at).map(|i| i as u32)).collect();
            StudySite { site, eligibility, usable, proposed: false, in_fixed_file: i >= from_candidates, boundary }
        })
        .collect();
    if !sites.iter().any(|s: &StudySite| s.usable || s.site.fixed) {
        return Err(Fault::new("sites::none-usable", format!("none of the {} sites may be used", sites.len()))
            .file(&inputs.sites)
            .help("see docs/scenario.md, [eligibility]: use_review lets sites in of which something is unknown")
            .into());
    }
    Ok(Tables { modes, area, layers, sites, sites_left_out, offices, dossiers, repairs })
}

/// What of the settings does not fit the small inputs: agents, scopes, groups. Told before the large inputs are read.
///
/// # Errors
/// `phases::agents`, `scope::…`, `groups::…`, all together.
pub(crate) fn check_settings(scenario: &Scenario, tables: &Tables) -> Result<()> {
    let mut faults = Faults::default();
    let n_fixed = tables.sites.iter().filter(|s| s.site.fixed).count();
    faults.keep(check_budgets(scenario, n_fixed))?;
    check_named_sites(scenario, &tables.sites, &mut faults);
    // That a layer is not there is told by the scenario's own check.
    let layer = |id: &str| tables.layers.iter().find(|l| l.id == id);
    for scope in scenario.phases.iter().filter_map(|p| p.scope.as_ref()).filter(|s| layer(&s.layer).is_some()) {
        faults.keep(features_of_scope(&tables.layers, scope))?;
    }
    for group in &scenario.groups {
        faults.keep(shares_of(group, &tables.modes))?;
        for of in [&group.share_of, &group.fit_to].into_iter().flatten() {
            if let Some(layer) = layer(&of.layer) {
                faults.keep(check_property(layer, of, &group.id))?;
            }
        }
    }
    faults.finish()
}

/// A phase can only allow fewer agents than stand already by mistake.
pub(crate) fn check_budgets(scenario: &Scenario, n_fixed: usize) -> Result<()> {
    let mut faults = Vec::new();
    let mut closed = 0;
    for (i, phase) in scenario.phases.iter().enumerate() {
        closed += phase.close.len();
        let n_fixed = n_fixed.saturating_sub(closed);
        if let Some(agents) = phase.agents.filter(|&a| (a as usize) < n_fixed) {
            let message = format!("{agents} agents are fewer than the {n_fixed} fixed sites that stand already");
            faults.push(
                Fault::new("phases::agents", message)
                    .place(format!("phases[{}].agents ({})", i + 1, phase.name.en))
                    .help(format!("the number counts all that stand at the phase's end: give {n_fixed} or more")),
            );
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Input(faults)) }
}

/// The sites that phases name, and the costs that budgets need.
fn check_named_sites(scenario: &Scenario, sites: &[StudySite], faults: &mut Faults) {
    let found = |id: &str| sites.iter().find(|s| s.site.id == id);
    for (i, phase) in scenario.phases.iter().enumerate() {
        let place = |key: &str| format!("phases[{}].{key} ({})", i + 1, phase.name.en);
        for (key, id) in phase.open.iter().map(|id| ("open", id)).chain(phase.close.iter().map(|id| ("close", id))) {
            let Some(site) = found(id) else {
                let fault = Fault::new("phases::site", format!("there is no site `{id}`")).place(place(key));
                faults.push(fault.help("give the ids of candidates or fixed sites; sites.parquet of a run lists them"));
                continue;
            };
            if key == "open" && !site.usable && !site.site.fixed {
                let message = format!("`{id}` ({}) must stand by this phase, but may not be used", site.site.name);
                let help = match &site.eligibility {
                    Eligibility::Refused(reasons) => {
                        let reasons: Vec<String> = reasons.iter().map(|r| r.english()).collect();
                        format!("it is refused: {}; see docs/scenario.md, [eligibility]", reasons.join("; "))
                    }
                    _ => "something is unknown of it; [eligibility] use_review = true lets such sites in".to_owned(),
                };
                faults.push(Fault::new("phases::site", message).place(place(key)).help(help));
            }
        }
    }
    if let Some(i) = scenario.phases.iter().position(|p| p.budget.is_some()) {
        for site in sites.iter().filter(|s| (s.usable || s.site.fixed) && s.site.cost_milli.is_none()) {
            let message =
                format!("`{}` ({}) has no cost, but phases[{}] has a budget", site.site.id, site.site.name, i + 1);
            let fault = Fault::new("phases::cost", message).file(site.file(scenario));
            faults.push(fault.help("fill in the column `cost` of every site that may stand, 0 where it costs nothing"));
        }
    }
}

/// Sites of a file in any of the formats.
fn sites_of(scenario: &Scenario, file: &Path, fixed: bool, area: Option<&MultiPolygon<f64>>) -> Result<Vec<Site>> {
    if !fixed && file.extension().is_some_and(|e| e.eq_ignore_ascii_case("pbf")) {
        let tags = scenario.inputs.site_tags.iter();
        let tags: Vec<TagRule> =
            tags.map(|(key, values)| TagRule { key: key.clone(), values: values.clone() }).collect();
        return sites_from_osm(file, &tags, area);
    }
    read_sites(file, fixed)
}
