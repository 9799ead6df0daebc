//! A study: the inputs of a scenario joined, up to who reaches whom. All that the rollout decides on.

pub mod cases;
mod demand;
mod dossiers;
pub mod groups;
pub(crate) mod memory;
mod official;
mod proposals;
mod settlement;
mod tables;
#[cfg(test)]
pub(crate) mod testkit;

use std::collections::HashSet;
use std::path::Path;

use geo::{BoundingRect, MultiPolygon};

use crate::access::cover::{CoverSets, Hung, Standard, cover_sets};
use crate::access::legs::{Leg, Legs};
use crate::error::{Fault, Faults, Result};
use crate::ingest::boundaries::crosswalk::{crosswalk, features_mostly_in};
use crate::ingest::boundaries::{BoundaryLayer, Found};
use crate::ingest::eligibility::{Eligibility, judge};
use crate::ingest::osm::features::{Features, Wanted, read_features};
use crate::ingest::population::DemandCell;
use crate::ingest::sites::Site;
use crate::ingest::water::Water;
use crate::network::cache::{Cache, Roads};
use crate::network::load::{load_roads, reach_box};
use crate::network::modes::resolve_modes;
use crate::network::{Mode, Network, Snapper};
use crate::scenario::{Scenario, Scope};
use crate::stages::Stages;
use crate::units::{Distance, LonLat, Persons};
use demand::{Demand, Ground, demand, drop_unused};
pub use demand::{Scaled, ScaledFeature, Source};
pub use dossiers::Dossiers;
pub use groups::Group;
use proposals::{Unserved, wanted_points};
use tables::Tables;
pub(crate) use tables::{check_budgets, check_settings, read_tables};

/// The joined inputs of a scenario.
pub struct Study {
    /// What was asked.
    pub scenario: Scenario,
    /// The standard in integer units.
    pub standard: Standard,
    /// How people travel, most used first.
    pub modes: Vec<Mode>,
    /// Whose residents are planned for.
    pub area: MultiPolygon<f64>,
    /// Boundary layers in the scenario's order.
    pub layers: Vec<BoundaryLayer>,
    /// The roads.
    pub network: Network,
    /// Shapes of water, for the map: points, and whether they bound an area.
    pub water: Vec<(Vec<LonLat>, bool)>,
    /// What else the file of the roads holds: water, and the background of maps. Buildings are used up.
    pub features: Features,
    /// Where people live.
    pub cells: Vec<DemandCell>,
    /// For each layer, the feature in which each cell lies.
    pub cell_boundary: Vec<Vec<Option<u32>>>,
    /// How the population was scaled to official numbers, where the scenario asks for it.
    pub scaled: Scaled,
    /// Parts of the people looked at by themselves.
    pub groups: Vec<Group>,
    /// What people come for.
    pub dossiers: Dossiers,
    /// What the population file was found to hold.
    pub source: Source,
    /// What was repaired in the outlines of the boundary layers and the study area.
    pub repairs: Vec<Fault>,
    /// Where nobody lives: water that the inputs know of.
    pub lakes: Water,
    /// Sites outside the study area that the scenario leaves out.
    pub sites_left_out: usize,
    /// Candidates and fixed sites.
    pub sites: Vec<StudySite>,
    /// How each cell hangs on the roads.
    pub cell_legs: Legs,
    /// How each site hangs on the roads.
    pub site_legs: Legs,
    /// The same under the further speeds of the scenario.
    pub also: Vec<OtherSpeeds>,
    /// Offices of today that are no agents, to compare the plan with.
    pub offices: Vec<Site>,
    /// How each of them hangs on the roads: under the first speeds, then under the further ones.
    pub office_legs: Vec<Legs>,
    /// Which sites serve each demand row (cell · modes + mode), under as many of the speeds as the scenario asks for.
    pub cover: CoverSets,
    /// Under how many of the speeds (and of the cases that count with them) a site must serve a row.
    pub needed: usize,
    /// Where cases count with the speeds: who serves whom without them.
    pub normal_cover: Option<CoverSets>,
    /// People of each demand row.
    pub row_persons: Vec<Persons>,
    /// What each demand row counts where agents are chosen: thousandths of a person, those of groups by their weight.
    pub row_weight: Vec<u64>,
}

/// The roads under further speeds.
pub struct OtherSpeeds {
    /// The network.
    pub network: Network,
    /// How each cell hangs on its roads.
    pub cell_legs: Legs,
    /// How each site hangs on its roads.
    pub site_legs: Legs,
}

/// A site and what is known of its fitness.
pub struct StudySite {
    /// As read.
    pub site: Site,
    /// Judged by the city's conditions.
    pub eligibility: Eligibility,
    /// Whether the optimiser may open it: eligible, or to review where the scenario allows it. Fixed sites stand.
    pub usable: bool,
    /// Whether gandan proposes it; nobody has looked at it yet.
    pub proposed: bool,
    /// Whether it comes from the file of fixed sites.
    pub in_fixed_file: bool,
    /// For each layer, the feature in which it lies.
    pub boundary: Vec<Option<u32>>,
}

impl StudySite {
    fn file<'a>(&self, scenario: &'a Scenario) -> &'a Path {
        let inputs = &scenario.inputs;
        inputs.fixed_sites.as_ref().filter(|_| self.in_fixed_file).unwrap_or(&inputs.sites)
    }
}

impl Study {
    /// Reads and joins the inputs of a scenario, telling `stages` of each step. Networks are kept in `cache`, if given.
    ///
    /// # Errors
    /// Faults of the inputs; those of the small files (modes, boundaries, sites) are told together.
    pub fn load(scenario: Scenario, cache: Option<&Cache>, stages: &mut Stages) -> Result<Study> {
        let standard = scenario.standard.standard();
        let keep = stages.keep();
        stages.expect_memory(|| memory::tables(&scenario))?;
        let tables = stages.run(
            "read tables",
            || {
                let tables = read_tables(&scenario)?;
                check_settings(&scenario, &tables)?;
                Ok(tables)
            },
            |t: &Tables| {
                let outside = match t.sites_left_out {
                    0 => String::new(),
                    n => format!(" ({n} outside the study area left out)"),
                };
                format!("{} sites{outside}, {} boundary layers, {} modes", t.sites.len(), t.layers.len(), t.modes.len())
            },
        )?;
        let Tables { modes, area, mut layers, mut sites, sites_left_out, offices, dossiers, repairs } = tables;
        let places = |sites: &[StudySite]| -> Vec<LonLat> { sites.iter().map(|s| s.site.at).collect() };
        stages.expect_memory(|| memory::rough(&scenario, &area, &modes, &places(&sites), &standard))?;
        let clip = clip_box(&area, &modes, &standard)?;
        let Roads { network, water } = load_roads(&scenario.inputs.roads, clip, &modes, sites.len(), cache, stages)?;
        let mut features = stages.run(
            "read features",
            || features(&scenario, clip),
            |f: &Features| format!("{} areas of water, {} buildings", f.water.len(), f.buildings.len()),
        )?;
        let lakes = match &scenario.inputs.water {
            Some(file) => Water::read(file)?,
            None => Water::new(features.water_polygons()),
        };
        let ground = Ground { network: &network, buildings: &features.buildings, water: &lakes };
        let Demand { cells, mut cell_boundary, scaled, source } = stages.run(
            "read population",
            || keep.keep("people", || demand(&scenario, &area, &layers, &ground)),
            |demand: &Demand| {
                let persons: Persons = demand.cells.iter().map(|c| c.persons).sum();
                format!("{} demand cells, {:.0} people{}", demand.cells.len(), persons.people(), told(&demand.scaled))
            },
        )?;
        features.buildings = Vec::new();
        let groups = groups::read_groups(&scenario, &modes, &area, &layers, &cells, &cell_boundary)?;
        for (index, (layer, of_cell)) in layers.iter_mut().zip(&mut cell_boundary).enumerate() {
            drop_unused(layer, of_cell, &mut sites, index);
        }
        let groups::Rows { persons: row_persons, weight: row_weight } = groups::rows(&cells, &modes, &groups);
        stages.expect_memory(|| {
            let at: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
            memory::known(&scenario, &network, &at, &modes, &places(&sites), &standard)
        })?;
        let (cell_legs, mut site_legs) = stages.run(
            "snap to roads",
            || snap_all(&scenario, &network, &cells, &sites),
            |_| "cells and sites joined to streets".to_owned(),
        )?;
        let times = |what: &str,
                     network: &Network,
                     sites: &[StudySite],
                     cells_on: &Legs,
                     sites_on: &Legs,
                     stages: &mut Stages| {
            stages.run(
                "travel times",
                || keep.keep(what, || cover_all(network, &cells, sites, cells_on, sites_on, &standard)),
                |c: &CoverSets| format!("{} pairs of a demand row and a site that serves it", c.pairs()),
            )
        };
        let mut cover = times("travel times", &network, &sites, &cell_legs, &site_legs, stages)?;
        if scenario.proposals.most > 0 {
            let unserved = unserved(&cover, &sites, &row_persons);
            let found = Unserved {
                scenario: &scenario,
                standard: &standard,
                area: &area,
                network: &network,
                cells: &cells,
                cell_legs: &cell_legs,
                first_layer: layers.first().zip(cell_boundary.first().map(Vec::as_slice)),
                points: &features.points,
                persons: &unserved,
            };
            let mut proposed = stages.run(
                "propose points",
                || found.propose(),
                |p| format!("{} new points for people whom no candidate serves", p.len()),
            )?;
            // Sites may come from a run that has proposed some before.
            let taken: HashSet<&str> = sites.iter().map(|s| s.site.id.as_str()).collect();
            for site in &mut proposed {
                while taken.contains(site.id.as_str()) {
                    site.id.insert_str(0, "new-");
                }
            }
            drop(taken);
            if !proposed.is_empty() {
                sites.extend(proposed.into_iter().map(|site| proposal(site, &scenario, &layers)));
                site_legs = snap_sites(&scenario, &network, &Snapper::new(&network), &sites)?;
                cover = times("travel times with new points", &network, &sites, &cell_legs, &site_legs, stages)?;
            }
        }
        let mut covers = vec![cover];
        let mut office_legs = vec![snap_offices(&scenario, &network, &offices)?];
        let mut also = Vec::new();
        for &speeds in &scenario.travel.also {
            let modes = resolve_modes(&scenario.modes, speeds)?;
            let clip = clip_box(&area, &modes, &standard)?;
            let roads = load_roads(&scenario.inputs.roads, clip, &modes, sites.len(), cache, stages)?;
            let network = roads.network;
            let (cell_legs, site_legs) = stages.run(
                "snap to roads",
                || snap_all(&scenario, &network, &cells, &sites),
                |_| format!("cells and sites joined to streets, speeds of {speeds:?}"),
            )?;
            let what = format!("travel times by speeds of {speeds:?}");
            covers.push(times(&what, &network, &sites, &cell_legs, &site_legs, stages)?);
            office_legs.push(snap_offices(&scenario, &network, &offices)?);
            also.push(OtherSpeeds { network, cell_legs, site_legs });
        }
        let cover = match covers.len() {
            1 => covers.swap_remove(0),
            _ => CoverSets::in_several(&covers, scenario.travel.needed()),
        };
        let mut study = Study {
            needed: scenario.travel.needed(),
            normal_cover: None,
            scenario,
            standard,
            modes,
            area,
            layers,
            network,
            water,
            features,
            cells,
            cell_boundary,
            scaled,
            groups,
            dossiers,
            source,
            repairs,
            lakes,
            sites_left_out,
            sites,
            cell_legs,
            site_legs,
            also,
            offices,
            office_legs,
            cover,
            row_persons,
            row_weight,
        };
        study.count_cases(stages)?;
        Ok(study)
    }

    /// Where a site lies.
    pub fn site_places(&self) -> impl Iterator<Item = LonLat> + '_ {
        self.sites.iter().map(|s| s.site.at)
    }

    /// The file from which a site comes; that of the candidates for a proposed one.
    pub fn file_of(&self, site: &StudySite) -> &Path {
        site.file(&self.scenario)
    }

    /// Whether people of some group count more or less than others.
    pub fn is_weighted(&self) -> bool {
        self.groups.iter().any(|g| g.settings.weight != 1.0)
    }

    /// Whether each feature of a layer belongs to a scope.
    ///
    /// # Errors
    /// The scope names a code or a property that no feature has.
    pub fn scope_features(&self, scope: &Scope) -> Result<(usize, Vec<bool>)> {
        let (layer_index, inside) = features_of_scope(&self.layers, scope)?;
        let n_features = self.layers[layer_index].features.len();
        let through = scope.through.as_ref().and_then(|id| self.layers.iter().position(|l| &l.id == id));
        let Some(through) = through else { return Ok((layer_index, inside)) };
        let persons: Vec<Persons> = self.cells.iter().map(|c| c.persons).collect();
        let sizes = (self.layers[through].features.len(), n_features);
        let joined = crosswalk(&self.cell_boundary[through], &self.cell_boundary[layer_index], &persons, sizes);
        Ok((through, features_mostly_in(&joined, &inside, scope.overlap)))
    }
}

/// The index of a scope's own layer, and whether the scope names each of its features.
///
/// # Errors
/// The scope names a code or a property that no feature has.
pub(crate) fn features_of_scope(layers: &[BoundaryLayer], scope: &Scope) -> Result<(usize, Vec<bool>)> {
    let position = layers.iter().position(|l| l.id == scope.layer);
    let layer_index =
        position.ok_or_else(|| Fault::new("scope::layer", format!("there is no layer `{}`", scope.layer)))?;
    let features = &layers[layer_index].features;
    let mut faults = Faults::default();
    let mut chosen = vec![false; features.len()];
    for wanted in &scope.codes {
        let wrong = |message: String, help: String| {
            Fault::new("scope::code", message).place(format!("scope `{}`", scope.name.en)).help(help)
        };
        match layers[layer_index].find(wanted) {
            Found::One(feature) => chosen[feature] = true,
            Found::Several(all) => {
                let codes = all.iter().map(|&f| features[f].code.as_str()).collect::<Vec<_>>().join(", ");
                let message = format!("`{wanted}` is the name of several features of the layer `{}`", scope.layer);
                faults.push(wrong(message, format!("give the code of one: {codes}")));
            }
            Found::None(near) => {
                let message = format!("no feature of the layer `{}` has the code or name `{wanted}`", scope.layer);
                let help = match near.is_empty() {
                    true => "use codes or names of the layer's features".to_owned(),
                    false => format!("did you mean {}?", near.join(", ")),
                };
                faults.push(wrong(message, help));
            }
        }
    }
    faults.finish()?;
    let inside: Vec<bool> = features
        .iter()
        .zip(chosen)
        .map(|(f, chosen)| {
            let by_property = || scope.properties.iter().all(|(k, v)| f.properties.get(k) == Some(v));
            if scope.codes.is_empty() { by_property() } else { chosen }
        })
        .collect();
    if !inside.contains(&true) {
        return Err(Fault::new("scope::empty", format!("no feature of the layer `{}` matches it", scope.layer))
            .place(format!("scope `{}`", scope.name.en))
            .help("check the names and values under `where` against the properties of the layer's file")
            .into());
    }
    Ok((layer_index, inside))
}

/// The box of the study area and of all from where it can be reached within the standard.
pub(crate) fn clip_box(area: &MultiPolygon<f64>, modes: &[Mode], standard: &Standard) -> Result<[f64; 4]> {
    let rect = area
        .bounding_rect()
        .ok_or_else(|| Fault::new("area::empty", "the study area has no polygon").help("give at least one polygon"))?;
    Ok(reach_box([rect.min().x, rect.min().y, rect.max().x, rect.max().y], modes, standard.cutoff))
}

/// What the scenario needs of the roads' file beside its roads.
fn features(scenario: &Scenario, clip: [f64; 4]) -> Result<Features> {
    let wanted = Wanted {
        water: true,
        buildings: scenario.population.buildings && scenario.population.cell_m > 0.0,
        points: wanted_points(scenario),
        backdrop: true,
        ..Wanted::default()
    };
    read_features(&scenario.inputs.roads, clip, &wanted)
}

/// How the people were scaled, in a few words.
fn told(scaled: &Scaled) -> String {
    let factors: Vec<f64> = scaled.features().filter_map(|f| f.row.factor).collect();
    if factors.is_empty() {
        return String::new();
    }
    let (low, high) = factors.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &f| (low.min(f), high.max(f)));
    let doubtful = scaled.features().filter(|f| f.row.doubtful()).count();
    format!(", scaled by {low:.2} to {high:.2} ({doubtful} of {} beyond 0.5 to 2)", factors.len())
}

/// People of each demand row whom no usable or standing site serves; 0 for the others.
fn unserved(cover: &CoverSets, sites: &[StudySite], row_persons: &[Persons]) -> Vec<Persons> {
    let helps = |site: u32| sites[site as usize].usable || sites[site as usize].site.fixed;
    let left = |(row, persons): (usize, &Persons)| {
        if cover.row(row).iter().any(|p| helps(p.site)) { Persons(0) } else { *persons }
    };
    row_persons.iter().enumerate().map(left).collect()
}

/// A proposed point as a site: everything about it is unknown, and it may be used because the scenario asks for it.
fn proposal(site: Site, scenario: &Scenario, layers: &[BoundaryLayer]) -> StudySite {
    let eligibility = judge(&site, &scenario.eligibility.conditions);
    let boundary = layers.iter().map(|l| l.locate(site.at).map(|i| i as u32)).collect();
    StudySite { site, eligibility, usable: true, proposed: true, in_fixed_file: false, boundary }
}

fn snap_all(scenario: &Scenario, network: &Network, cells: &[DemandCell], sites: &[StudySite]) -> Result<(Legs, Legs)> {
    let settings = &scenario.snap;
    let snapper = Snapper::new(network);
    let cell_places: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
    let limit = Distance::from_metres(settings.cell_limit_m);
    let site_legs = snap_sites(scenario, network, &snapper, sites)?;
    Ok((Legs::new(network, &snapper, &cell_places, limit, settings.walk_kmh), site_legs))
}

fn snap_sites(scenario: &Scenario, network: &Network, snapper: &Snapper, sites: &[StudySite]) -> Result<Legs> {
    let places: Vec<LonLat> = sites.iter().map(|s| s.site.at).collect();
    let site_legs = legs_of_sites(scenario, network, snapper, &places);
    let mut faults = Faults::default();
    for in_fixed_file in [false, true] {
        let lost = |(i, site): &(usize, &StudySite)| {
            site.in_fixed_file == in_fixed_file && site_legs.by_mode.iter().all(|mode| mode[*i].is_none())
        };
        let lost: Vec<&StudySite> = sites.iter().enumerate().filter(lost).map(|(_, site)| site).collect();
        let Some(first) = lost.first() else { continue };
        let lost: Vec<&Site> = lost.iter().map(|s| &s.site).collect();
        faults.push(off_road(scenario, &lost, first.file(scenario)));
    }
    faults.finish()?;
    Ok(site_legs)
}

/// How the offices of today hang on the roads.
fn snap_offices(scenario: &Scenario, network: &Network, offices: &[Site]) -> Result<Legs> {
    let Some(file) = scenario.inputs.offices.as_ref().filter(|_| !offices.is_empty()) else {
        let none = network.modes.len();
        return Ok(Legs { by_mode: vec![Vec::new(); none], cut_off: vec![Vec::new(); none] });
    };
    let places: Vec<LonLat> = offices.iter().map(|s| s.at).collect();
    let legs = legs_of_sites(scenario, network, &Snapper::new(network), &places);
    let lost = |(i, _): &(usize, &Site)| legs.by_mode.iter().all(|mode| mode[*i].is_none());
    let lost: Vec<&Site> = offices.iter().enumerate().filter(lost).map(|(_, site)| site).collect();
    if lost.is_empty() { Ok(legs) } else { Err(off_road(scenario, &lost, file).into()) }
}

fn legs_of_sites(scenario: &Scenario, network: &Network, snapper: &Snapper, places: &[LonLat]) -> Legs {
    let settings = &scenario.snap;
    Legs::new(network, snapper, places, Distance::from_metres(settings.site_limit_m), settings.walk_kmh)
}

/// Sites of a file that no road comes near.
fn off_road(scenario: &Scenario, lost: &[&Site], file: &Path) -> Fault {
    let told = |s: &&Site| format!("`{}` ({}) at {:.5},{:.5}", s.id, s.name, s.at.lon, s.at.lat);
    let shown = lost.iter().take(10).map(told).collect::<Vec<_>>().join("; ");
    let limit = scenario.snap.site_limit_m;
    let message = format!("{} sites lie more than {limit} m from any road: {shown}", lost.len());
    Fault::new("sites::off-road", message)
        .file(file)
        .help("check their coordinates (longitude first), or raise snap.site_limit_m in the scenario")
}

fn cover_all(
    network: &Network,
    cells: &[DemandCell],
    sites: &[StudySite],
    cell_legs: &Legs,
    site_legs: &Legs,
    standard: &Standard,
) -> Result<CoverSets> {
    let bare = |legs: &Legs| -> Vec<Vec<Option<Leg>>> { (0..network.modes.len()).map(|m| legs.bare(m)).collect() };
    let cell_places: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
    let site_places: Vec<LonLat> = sites.iter().map(|s| s.site.at).collect();
    cover_sets(
        network,
        &Hung { places: &cell_places, legs: &bare(cell_legs) },
        &Hung { places: &site_places, legs: &bare(site_legs) },
        standard,
    )
}
