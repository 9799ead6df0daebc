//! The scenario: everything a run is asked to do, in one TOML file.
//!
//! Unknown keys are refused; paths are relative to the file. Faults of meaning are collected and shown together.

mod capacity;
mod check;
mod dates;
mod people;
mod phases;
mod robust;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::access::cover::{Rule, Standard};
use crate::error::{Error, Fault, Result};
use crate::ingest::eligibility::Conditions;
use crate::limits;
use crate::network::modes::{ModeChange, SpeedSet};
use crate::units::{Distance, TravelTime};

pub use capacity::{CapacitySettings, Minutes, MinutesSource};
pub use dates::Date;
pub use people::{DemandSettings, GroupSettings, LayerProperty, PopulationSettings, ProposalSettings, ProposalSource};
pub use phases::{EquitySettings, Strategy};
pub use robust::{CaseSettings, Robust, SensitivitySettings};

/// A text in the two languages of the map and the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A scenario as read, with its paths made absolute or relative to the working folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the run is called.
    pub title: Text,
    /// Whether any input is made up; said wherever the results are shown.
    #[serde(default)]
    pub synthetic: bool,
    /// Lines that must stand with the results: sources and licences.
    #[serde(default)]
    pub attribution: Vec<String>,
    /// Assumptions that readers should know.
    #[serde(default)]
    pub notes: Vec<Text>,
    /// Where the data come from, and of when they are.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// The input files.
    pub inputs: Inputs,
    /// How the population grid is used.
    #[serde(default)]
    pub population: PopulationSettings,
    /// Parts of the people looked at by themselves.
    #[serde(default)]
    pub groups: Vec<GroupSettings>,
    /// What people come for.
    #[serde(default)]
    pub demand: DemandSettings,
    /// Counters, waits and loads, where asked for.
    pub capacity: Option<CapacitySettings>,
    /// New points for people whom no candidate serves.
    #[serde(default)]
    pub proposals: ProposalSettings,
    /// When a resident counts as served.
    #[serde(default)]
    pub standard: StandardSettings,
    /// How places are joined to roads.
    #[serde(default)]
    pub snap: SnapSettings,
    /// When people travel.
    #[serde(default)]
    pub travel: TravelSettings,
    /// Changes to the shipped travel modes.
    #[serde(default)]
    pub modes: BTreeMap<String, ModeChange>,
    /// What a site must have to become an agent.
    #[serde(default)]
    pub eligibility: EligibilitySettings,
    /// The stages in the order of their dates.
    pub phases: Vec<Phase>,
    /// How evenly people are served.
    #[serde(default)]
    pub equity: EquitySettings,
    /// Limits of the solver.
    #[serde(default)]
    pub solve: SolveSettings,
    /// What is tried with the plan.
    pub sensitivity: Option<SensitivitySettings>,
    /// What is written beside the plan.
    #[serde(default)]
    pub output: OutputSettings,
}

/// Where some of the data come from, and of when they are: told in the map's legends and in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The data it is the source of.
    pub of: SourceOf,
    /// What it is called.
    pub name: Text,
    /// Of when the data are, as precisely as is known: `2025`, `2025-07` or `2025-07-01`.
    pub date: Option<String>,
    /// The licence under which they may be used.
    pub licence: Option<String>,
    /// Where they were found.
    pub url: Option<String>,
}

/// Data that have a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceOf {
    /// The roads, and the water, parks and names that come with them.
    Roads,
    /// The grid or the points of people.
    Population,
    /// The official numbers of people to which cells are scaled.
    OfficialPopulation,
    /// The boundary layers.
    Boundaries,
    /// The candidate and fixed sites.
    Sites,
    /// The services and how often people want them.
    Services,
    /// The speeds of travel.
    Speeds,
    /// Anything else.
    Other,
}

/// The input files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// OpenStreetMap extract, `.osm.pbf`.
    pub roads: PathBuf,
    /// Where people live: a GeoTIFF of people per pixel, or a table of points or H3 cells.
    pub population: PathBuf,
    /// Polygons of the area whose residents are planned for, GeoJSON or GeoParquet.
    pub study_area: PathBuf,
    /// Polygons of water, where nobody lives, GeoJSON or GeoParquet; those of the roads' file if absent.
    pub water: Option<PathBuf>,
    /// Candidate sites: CSV, Parquet, GeoJSON, or an OpenStreetMap extract.
    pub sites: PathBuf,
    /// For sites from OpenStreetMap: the tags, any of which makes a place a site.
    #[serde(default = "post_offices")]
    pub site_tags: BTreeMap<String, Vec<String>>,
    /// Sites that stand already, in the same formats but OpenStreetMap.
    pub fixed_sites: Option<PathBuf>,
    /// One-stop offices of today that are no agents, in the formats of `fixed_sites`: the plan is compared with them, and
    /// they serve nobody in it.
    pub offices: Option<PathBuf>,
    /// A survey form, filled in: answers to what was unknown of the sites.
    pub survey: Option<PathBuf>,
    /// What is done with sites outside the study area.
    #[serde(default)]
    pub outside_sites: OutsideSites,
    /// Layers for scopes and reports; the first is the one of the map and of place names.
    #[serde(default)]
    pub boundaries: Vec<BoundarySource>,
}

fn post_offices() -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([("amenity".to_owned(), vec!["post_office".to_owned()])])
}

/// What is done with sites outside the study area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutsideSites {
    /// The run stops and names them: mostly they are mistakes.
    #[default]
    Refuse,
    /// They are left out, and counted.
    LeaveOut,
}

/// A boundary layer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundarySource {
    /// Its name in scopes and tables.
    pub id: String,
    /// Its name for people.
    pub name: Text,
    /// Polygons, GeoJSON or GeoParquet.
    pub file: PathBuf,
    /// The property that holds the code of a feature.
    #[serde(default = "code_key")]
    pub code: String,
    /// The property that holds its name.
    #[serde(default = "name_key")]
    pub name_property: String,
    /// The property that holds its official population.
    pub population: Option<String>,
}

fn code_key() -> String {
    "code".into()
}

fn name_key() -> String {
    "name".into()
}

/// The city's standard; the defaults are the city's own numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StandardSettings {
    /// Longest travel time in minutes.
    pub minutes: f64,
    /// Longest great-circle distance in km.
    pub radius_km: f64,
    /// How the two combine.
    pub rule: Rule,
}

impl Default for StandardSettings {
    fn default() -> Self {
        StandardSettings { minutes: 30.0, radius_km: 5.0, rule: Rule::Either }
    }
}

impl StandardSettings {
    /// The standard in integer units.
    pub fn standard(&self) -> Standard {
        Standard {
            cutoff: TravelTime::from_minutes(self.minutes),
            radius: Distance::from_metres(self.radius_km * 1000.0),
            rule: self.rule,
        }
    }
}

/// How places are joined to roads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapSettings {
    /// A site farther than this from any road is refused, in metres.
    pub site_limit_m: f64,
    /// A demand cell farther than this from any road of a mode has no travel time by it, in metres.
    pub cell_limit_m: f64,
    /// Walking speed between a place and the road, in km/h.
    pub walk_kmh: f64,
}

impl Default for SnapSettings {
    fn default() -> Self {
        SnapSettings { site_limit_m: 1000.0, cell_limit_m: 3000.0, walk_kmh: 4.8 }
    }
}

/// When people travel.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TravelSettings {
    /// The speeds of the day's average, the peak, outside the peak, or rain.
    pub speeds: SpeedSet,
    /// Further speeds under which a site must serve a place to count; travel times stay those of `speeds`.
    pub also: Vec<SpeedSet>,
    /// The share of all these speeds, `speeds` included, under which it must serve it.
    pub also_share: f64,
}

impl Default for TravelSettings {
    fn default() -> Self {
        TravelSettings { speeds: SpeedSet::default(), also: Vec::new(), also_share: 1.0 }
    }
}

impl TravelSettings {
    /// Under how many of the speeds a site must serve a place.
    pub fn needed(&self) -> usize {
        let sets = self.also.len() + 1;
        // A share such as 2/3 given with a few digits means two of three.
        ((self.also_share * sets as f64 - 1e-6).ceil() as usize).clamp(1, sets)
    }
}

/// What a site must have to become an agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EligibilitySettings {
    /// Whether sites of which something is unknown may be used.
    pub use_review: bool,
    /// The city's conditions.
    pub conditions: Conditions,
}

impl Default for EligibilitySettings {
    fn default() -> Self {
        EligibilitySettings { use_review: true, conditions: Conditions::default() }
    }
}

/// What a phase opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// Nothing: screening, training.
    Nothing,
    /// The agents that serve most people, `agents` in all at its end, or within its budget.
    MostPeople,
    /// The agents that lift the worst-off boundary first, then the next, and last serve most people.
    WorstFirst,
    /// The fewest agents that serve everyone whom any candidate can serve.
    FewestForAll,
}

/// A stage of the rollout.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What it is called.
    pub name: Text,
    /// Its first day.
    pub starts: Date,
    /// Its last day.
    pub ends: Option<Date>,
    /// What it opens.
    pub opens: Opens,
    /// Most agents that stand at its end, those of earlier phases and fixed sites included.
    pub agents: Option<u32>,
    /// Most money for all that stands at its end, in the unit of the sites' `cost`.
    pub budget: Option<f64>,
    /// Share of the people in scope who must be served by its end, 0 to 1.
    pub min_coverage: Option<f64>,
    /// Share of the people whom a candidate can serve, in each feature of the equity layer, who must be served by its end.
    pub floor: Option<f64>,
    /// Ids of sites that must stand by its end.
    #[serde(default)]
    pub open: Vec<String>,
    /// Ids of sites that stand no more from its start on.
    #[serde(default)]
    pub close: Vec<String>,
    /// Where it opens, and whose people it is judged by; everywhere if absent.
    pub scope: Option<Scope>,
}

/// Part of the study area: the features of a boundary layer by code, or by a property.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// What it is called.
    pub name: Text,
    /// The boundary layer.
    pub layer: String,
    /// Codes of the features that belong to it.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Properties and the value that each must have.
    #[serde(default, rename = "where")]
    pub properties: BTreeMap<String, serde_json::Value>,
    /// Another layer through which it is seen: its features of which enough people live in those chosen.
    pub through: Option<String>,
    /// How many are enough, as a share; for `through`.
    #[serde(default = "half")]
    pub overlap: f64,
}

fn half() -> f64 {
    0.5
}

/// Limits of the solver.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SolveSettings {
    /// Longest time for each problem in seconds.
    pub time_limit_s: f64,
    /// A plan this close to the bound is good enough, 0 for a full proof.
    pub gap: f64,
    /// Whether agents left over once coverage cannot grow go where they shorten travel most.
    pub fill_by_travel_time: bool,
    /// How the phases are solved.
    pub strategy: Strategy,
    /// Whether the plans of all strategies are made and compared.
    pub compare_strategies: bool,
    /// In how many cases the plan must be good; only the normal one counts if absent.
    pub robust: Option<Robust>,
    /// Which of the cases under `[[sensitivity.cases]]` those are, beside the normal one; all if empty.
    pub robust_cases: Vec<String>,
}

impl Default for SolveSettings {
    fn default() -> Self {
        SolveSettings {
            time_limit_s: 120.0,
            gap: 0.0,
            fill_by_travel_time: true,
            strategy: Strategy::Joint,
            compare_strategies: false,
            robust: None,
            robust_cases: Vec::new(),
        }
    }
}

/// What is written beside the plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSettings {
    /// Bands of the isochrones in minutes, ascending.
    pub isochrone_minutes: Vec<f64>,
    /// Whether the road graph is written too (folder `network/`), for checks by other programs.
    pub network: bool,
    /// Whether the most people that any number of agents can serve is written too (`frontier.parquet`, `.svg`, `.png`).
    pub frontier: bool,
}

impl Default for OutputSettings {
    fn default() -> Self {
        OutputSettings { isochrone_minutes: vec![10.0, 20.0, 30.0], network: false, frontier: false }
    }
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key or a wrong type (shown with the place), or settings
    /// that do not fit together (all of them at once).
    pub fn read(path: &Path) -> Result<Scenario> {
        let text = text_of(path)?;
        Self::parse(&text, path)
    }

    /// Parses a scenario whose paths are relative to the folder of `path`.
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Scenario> {
        match Self::parse_noted(text, path)? {
            (scenario, wrong) if wrong.is_empty() => Ok(scenario),
            (_, wrong) => Err(Error::Input(wrong)),
        }
    }

    /// Reads a scenario as [`Scenario::read`], but gives the settings that do not make sense beside it, so that its
    /// inputs can be looked at all the same.
    ///
    /// # Errors
    /// The file cannot be read, or is not TOML of a scenario.
    pub fn read_noted(path: &Path) -> Result<(Scenario, Vec<Fault>)> {
        let text = text_of(path)?;
        Self::parse_noted(&text, path)
    }

    fn parse_noted(text: &str, path: &Path) -> Result<(Scenario, Vec<Fault>)> {
        let mut scenario: Scenario = toml::from_str(text).map_err(|e| {
            let message = e.message().lines().next().unwrap_or("not valid TOML").to_owned();
            let fault = Fault::new("scenario::toml", message)
                .file(path)
                .help("mend the marked place; docs/scenario.md lists every key with its meaning");
            match e.span() {
                Some(span) => fault.place(line_of(text, span.start)).snippet(text, span),
                None => fault,
            }
        })?;
        let mut wrong = match scenario.check(path) {
            Ok(()) => Vec::new(),
            Err(Error::Input(faults)) => faults,
            Err(other) => return Err(other),
        };
        wrong.extend(check::texts(text, path));
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in scenario.files_mut() {
            *file = folder.join(&file);
        }
        Ok((scenario, wrong))
    }

    /// Every input file that it names.
    pub fn files(&self) -> Vec<PathBuf> {
        self.clone().files_mut().into_iter().map(|file| file.clone()).collect()
    }

    fn files_mut(&mut self) -> Vec<&mut PathBuf> {
        let inputs = &mut self.inputs;
        let mut files = vec![&mut inputs.roads, &mut inputs.population, &mut inputs.study_area, &mut inputs.sites];
        files.extend(
            [&mut inputs.fixed_sites, &mut inputs.offices, &mut inputs.survey, &mut inputs.water].into_iter().flatten(),
        );
        files.extend(inputs.boundaries.iter_mut().map(|b| &mut b.file));
        files.extend(self.groups.iter_mut().filter_map(|g| g.file.as_mut()));
        files.extend(&mut self.demand.catalogue);
        files
    }
}

fn text_of(path: &Path) -> Result<String> {
    let help = "give the scenario, a TOML file; the data stand in files of their own";
    limits::read_text("read the scenario", path, "a scenario", limits::TOML_BYTES, help)
}

fn line_of(text: &str, byte: usize) -> String {
    let before = text.as_bytes().iter().take(byte);
    format!("line {}", 1 + before.filter(|&&b| b == b'\n').count())
}
