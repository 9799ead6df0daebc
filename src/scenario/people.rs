//! Settings of the people: where they live, which of them need care first, what they come for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Scenario, Text};

/// How the population is used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PopulationSettings {
    /// Wider cells of the population are split until none is wider than so many metres; 0 leaves them whole.
    pub cell_m: f64,
    /// Whether buildings among the roads' file tell where in a cell people live, beside the roads.
    pub buildings: bool,
    /// Boundary layers to whose official populations the cells are scaled; the first exactly.
    #[serde(deserialize_with = "one_or_more")]
    pub calibrate_to: Vec<String>,
}

impl Default for PopulationSettings {
    fn default() -> Self {
        PopulationSettings { cell_m: 250.0, buildings: true, calibrate_to: Vec::new() }
    }
}

/// A text or a list of texts.
pub(super) fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum Given {
        One(String),
        More(Vec<String>),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::One(text) => vec![text],
        Given::More(texts) => texts,
    })
}

/// A property of a boundary layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerProperty {
    /// The layer's id.
    pub layer: String,
    /// The property of its features.
    pub property: String,
}

/// Part of the people who are looked at by themselves: elders, people with disabilities, poor households.
///
/// Who belongs to it is told by exactly one of `share`, `share_of` and `file`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSettings {
    /// Its name in tables.
    pub id: String,
    /// Its name for people.
    pub name: Text,
    /// The same share of the people everywhere, 0 to 1.
    pub share: Option<f64>,
    /// The share by boundary, 0 to 1.
    pub share_of: Option<LayerProperty>,
    /// Its people, in any format of the population.
    pub file: Option<PathBuf>,
    /// Its official number of people by boundary, to which the cells are fitted.
    pub fit_to: Option<LayerProperty>,
    /// How much each of its people counts where agents are chosen; everyone else counts 1.
    #[serde(default = "one")]
    pub weight: f64,
    /// How its people travel, shares by mode that sum to 1; as everyone else if absent.
    #[serde(default)]
    pub modes: BTreeMap<String, f64>,
}

fn one() -> f64 {
    1.0
}

/// What people come for, and how many of them come.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DemandSettings {
    /// The service catalogue; the shipped one, an assumption, if absent.
    pub catalogue: Option<PathBuf>,
    /// The share of dossiers filed online in the first phase that opens agents and in the last; between them it grows
    /// with the days.
    pub online_share: [f64; 2],
    /// The share of online filings for which help at an agent is wanted.
    pub help_share: f64,
    /// Working days of a year.
    pub working_days: f64,
}

impl Default for DemandSettings {
    fn default() -> Self {
        DemandSettings { catalogue: None, online_share: [0.3, 0.8], help_share: 0.5, working_days: 250.0 }
    }
}

/// Where new points may be proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalSource {
    /// Junctions of the roads.
    Roads,
    /// Where most people of a boundary of the first layer live, and places named as centres by OpenStreetMap.
    Centres,
    /// Markets of OpenStreetMap.
    Markets,
}

/// Whether and where new points are proposed for people whom no candidate serves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProposalSettings {
    /// The most points; 0 proposes none.
    pub most: u32,
    /// Kinds of places.
    pub from: Vec<ProposalSource>,
    /// A point that would serve fewer people is not proposed.
    pub min_persons: f64,
}

impl Default for ProposalSettings {
    fn default() -> Self {
        let from = vec![ProposalSource::Roads, ProposalSource::Centres, ProposalSource::Markets];
        ProposalSettings { most: 0, from, min_persons: 100.0 }
    }
}

impl Scenario {
    /// Collects what is wrong with the settings of the people; `layers` are the ids of the boundary layers.
    pub(super) fn check_people(&self, layers: &[&str], wrong: &mut dyn FnMut(String, String, &str)) {
        let known = format!("the layers under [[inputs.boundaries]] are: {}", layers.join(", "));
        let cell_m = self.population.cell_m;
        if cell_m != 0.0 && !(10.0..=10_000.0).contains(&cell_m) {
            let message = format!("cells of {cell_m} m are out of range");
            wrong("population.cell_m".into(), message, "give 10 to 10000 metres, or 0 to leave the cells whole");
        }
        for (i, layer) in self.population.calibrate_to.iter().enumerate() {
            let place = || "population.calibrate_to".to_owned();
            if self.population.calibrate_to[..i].contains(layer) {
                wrong(place(), format!("the layer `{layer}` stands twice"), "name each layer once");
            }
            match self.inputs.boundaries.iter().find(|b| &b.id == layer) {
                None => wrong(place(), format!("there is no layer `{layer}`"), &known),
                Some(b) if b.population.is_none() => wrong(
                    place(),
                    format!("the layer `{layer}` names no population"),
                    "say which property holds it: population = \"…\" under its [[inputs.boundaries]]",
                ),
                Some(_) => {}
            }
        }
        for (i, group) in self.groups.iter().enumerate() {
            let place = |key: &str| format!("groups[{}].{key} ({})", i + 1, group.id);
            if self.groups[..i].iter().any(|g| g.id == group.id) || group.id.trim().is_empty() {
                wrong(place("id"), format!("`{}` is not an id of its own", group.id), "give each group its own id");
            }
            let told = [group.share.is_some(), group.share_of.is_some(), group.file.is_some()];
            if told.iter().filter(|&&t| t).count() != 1 {
                let message = "it must say in exactly one way who belongs to it";
                wrong(place("share"), message.into(), "give one of share, share_of and file");
            }
            if let Some(share) = group.share.filter(|s| !(0.0..=1.0).contains(s)) {
                wrong(place("share"), format!("{share} is no share"), "give a number from 0 to 1");
            }
            for of in [&group.share_of, &group.fit_to].into_iter().flatten() {
                if !layers.contains(&of.layer.as_str()) {
                    wrong(place("layer"), format!("there is no layer `{}`", of.layer), &known);
                }
            }
            if !(0.0..=1000.0).contains(&group.weight) {
                wrong(place("weight"), format!("{} is out of range", group.weight), "give a number from 0 to 1000");
            }
            let sum: f64 = group.modes.values().sum();
            let sound = group.modes.values().all(|s| (0.0..=1.0).contains(s)) && (sum - 1.0).abs() < 1e-6;
            if !group.modes.is_empty() && !sound {
                let message = format!("the shares by mode sum to {sum}");
                wrong(place("modes"), message, "give shares from 0 to 1 that sum to 1");
            }
        }
        let demand = &self.demand;
        let shares = demand.online_share.iter().chain([&demand.help_share]);
        if shares.clone().any(|s| !(0.0..=1.0).contains(s)) {
            let message = format!("one of {:?} is no share", shares.collect::<Vec<_>>());
            wrong("demand.online_share, help_share".into(), message, "give numbers from 0 to 1");
        }
        if !(1.0..=366.0).contains(&demand.working_days) {
            let message = format!("{} working days in a year", demand.working_days);
            wrong("demand.working_days".into(), message, "give a number from 1 to 366");
        }
        let proposals = &self.proposals;
        if proposals.most > 10_000 {
            let message = format!("{} points are too many", proposals.most);
            wrong("proposals.most".into(), message, "give at most 10000");
        }
        if proposals.most > 0 && proposals.from.is_empty() {
            let help = "name kinds of places: \"roads\", \"centres\", \"markets\"";
            wrong("proposals.from".into(), "no kind of place is named".into(), help);
        }
        if !(0.0..=1e9).contains(&proposals.min_persons) {
            let message = format!("{} is no number of people", proposals.min_persons);
            wrong("proposals.min_persons".into(), message, "give a number from 0");
        }
    }
}
