//! A study: the inputs of a scenario joined, up to who reaches whom. All that the rollout decides on.

mod demand;

use geo::{BoundingRect, Intersects, MultiPolygon, Point};

use crate::access::cover::{CoverSets, Hung, Standard, cover_sets};
use crate::access::legs::{Leg, Legs};
use crate::error::{Fault, Faults, Result};
use crate::ingest::boundaries::{BoundaryLayer, LayerSource, read_area, read_layer};
use crate::ingest::eligibility::{Eligibility, judge};
use crate::ingest::population::{CalibrationRow, DemandCell};
use crate::ingest::sites::{Site, check_inside, read_sites};
use crate::network::cache::{Cache, Roads};
use crate::network::load::{load_roads, reach_box};
use crate::network::modes::resolve_modes;
use crate::network::{Mode, Network, Snapper};
use crate::scenario::{OutsideSites, Scenario, Scope};
use crate::stages::Stages;
use crate::units::{Distance, LonLat, Persons};
use demand::{demand, drop_unused, split_by_mode};

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
    /// Where people live.
    pub cells: Vec<DemandCell>,
    /// For each layer, the feature in which each cell lies.
    pub cell_boundary: Vec<Vec<Option<u32>>>,
    /// How the population was scaled, by code of the boundary, where the scenario asks for it.
    pub calibration: Vec<(String, CalibrationRow)>,
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
    /// Which sites serve each demand row (cell · modes + mode), under as many of the speeds as the scenario asks for.
    pub cover: CoverSets,
    /// People of each demand row.
    pub row_persons: Vec<Persons>,
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
    /// For each layer, the feature in which it lies.
    pub boundary: Vec<Option<u32>>,
}

/// The small inputs, read before the large ones so that their faults come early and together.
struct Tables {
    modes: Vec<Mode>,
    area: MultiPolygon<f64>,
    layers: Vec<BoundaryLayer>,
    sites: Vec<StudySite>,
    sites_left_out: usize,
}

impl Study {
    /// Reads and joins the inputs of a scenario, telling `stages` of each step. Networks are kept in `cache`, if given.
    ///
    /// # Errors
    /// Faults of the inputs; those of the small files (modes, boundaries, sites) are told together.
    pub fn load(scenario: Scenario, cache: Option<&Cache>, stages: &mut Stages) -> Result<Study> {
        let standard = scenario.standard.standard();
        let tables = stages.run(
            "read tables",
            || read_tables(&scenario),
            |t: &Tables| {
                let outside = match t.sites_left_out {
                    0 => String::new(),
                    n => format!(" ({n} outside the study area left out)"),
                };
                format!("{} sites{outside}, {} boundary layers, {} modes", t.sites.len(), t.layers.len(), t.modes.len())
            },
        )?;
        let Tables { modes, area, mut layers, mut sites, sites_left_out } = tables;
        let clip = clip_box(&area, &modes, &standard)?;
        let Roads { network, water } = load_roads(&scenario.inputs.roads, clip, &modes, sites.len(), cache, stages)?;
        let (cells, mut cell_boundary, calibration) = stages.run(
            "read population",
            || demand(&scenario, &area, &layers, &network),
            |(cells, _, _)| {
                let persons: Persons = cells.iter().map(|c| c.persons).sum();
                format!("{} demand cells, {:.0} people", cells.len(), persons.people())
            },
        )?;
        for (index, (layer, of_cell)) in layers.iter_mut().zip(&mut cell_boundary).enumerate() {
            drop_unused(layer, of_cell, &mut sites, index);
        }
        let (cell_legs, site_legs) = stages.run(
            "snap to roads",
            || snap_all(&scenario, &network, &cells, &sites),
            |_| "cells and sites joined to streets".to_owned(),
        )?;
        let times = |network: &Network, cell_legs: &Legs, site_legs: &Legs, stages: &mut Stages| {
            stages.run(
                "travel times",
                || Ok(cover_all(network, &cells, &sites, cell_legs, site_legs, &standard)),
                |c: &CoverSets| format!("{} pairs of a demand row and a site that serves it", c.pairs()),
            )
        };
        let mut covers = vec![times(&network, &cell_legs, &site_legs, stages)?];
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
            covers.push(times(&network, &cell_legs, &site_legs, stages)?);
            also.push(OtherSpeeds { network, cell_legs, site_legs });
        }
        let cover = match covers.len() {
            1 => covers.swap_remove(0),
            _ => CoverSets::in_several(&covers, scenario.travel.needed()),
        };
        let row_persons = cells.iter().flat_map(|c| split_by_mode(c.persons, &modes)).collect();
        Ok(Study {
            scenario,
            standard,
            modes,
            area,
            layers,
            network,
            water,
            cells,
            cell_boundary,
            calibration,
            sites_left_out,
            sites,
            cell_legs,
            site_legs,
            also,
            cover,
            row_persons,
        })
    }

    /// Where a site lies.
    pub fn site_places(&self) -> impl Iterator<Item = LonLat> + '_ {
        self.sites.iter().map(|s| s.site.at)
    }

    /// Whether each feature of a layer belongs to a scope.
    ///
    /// # Errors
    /// The scope names a code or a property that no feature has.
    pub fn scope_features(&self, scope: &Scope) -> Result<(usize, Vec<bool>)> {
        let position = self.layers.iter().position(|l| l.id == scope.layer);
        let layer_index =
            position.ok_or_else(|| Fault::new("scope::layer", format!("there is no layer `{}`", scope.layer)))?;
        let features = &self.layers[layer_index].features;
        let mut faults = Faults::default();
        for code in &scope.codes {
            if !features.iter().any(|f| &f.code == code) {
                faults.push(
                    Fault::new(
                        "scope::code",
                        format!("no feature of the layer `{}` has the code `{code}`", scope.layer),
                    )
                    .place(format!("scope `{}`", scope.name.en))
                    .help("use codes of the layer's code property"),
                );
            }
        }
        faults.finish()?;
        let inside: Vec<bool> = features
            .iter()
            .map(|f| {
                let by_property = scope.properties.iter().all(|(k, v)| f.properties.get(k) == Some(v));
                if scope.codes.is_empty() { by_property } else { scope.codes.contains(&f.code) }
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
}

fn read_tables(scenario: &Scenario) -> Result<Tables> {
    let mut faults = Faults::default();
    let inputs = &scenario.inputs;
    let modes = faults.keep(resolve_modes(&scenario.modes, scenario.travel.speeds))?;
    let area = faults.keep(read_area(&inputs.study_area))?;
    let mut layers = Vec::new();
    for source in &inputs.boundaries {
        let source = LayerSource {
            id: source.id.clone(),
            file: source.file.clone(),
            code: source.code.clone(),
            name: source.name_property.clone(),
            population: source.population.clone(),
        };
        layers.extend(faults.keep(read_layer(&source))?);
    }
    let mut sites = Vec::new();
    let mut sites_left_out = 0;
    for (file, fixed) in [(Some(&inputs.sites), false), (inputs.fixed_sites.as_ref(), true)] {
        let Some(file) = file else { continue };
        let mut read = faults.keep(read_sites(file, fixed))?.unwrap_or_default();
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
            if sites.iter().any(|s: &Site| s.id == site.id) {
                let fault =
                    Fault::new("sites::duplicate", format!("the id `{}` is also in the other file of sites", site.id));
                faults.push(fault.file(file).help("give every site an id of its own"));
            }
            sites.push(site);
        }
    }
    faults.finish()?;
    let (Some(modes), Some(area)) = (modes, area) else {
        return Err(Fault::new("internal::tables", "an input failed without saying why; please report this").into());
    };
    let sites: Vec<StudySite> = sites
        .into_iter()
        .map(|site| {
            let eligibility = judge(&site, &scenario.eligibility.conditions);
            let usable = match eligibility {
                Eligibility::Eligible => true,
                Eligibility::Refused(_) => false,
                Eligibility::Review(_) => scenario.eligibility.use_review,
            };
            let boundary = layers.iter().map(|l| l.locate(site.at).map(|i| i as u32)).collect();
            StudySite { site, eligibility, usable, boundary }
        })
        .collect();
    if !sites.iter().any(|s: &StudySite| s.usable || s.site.fixed) {
        return Err(Fault::new("sites::none-usable", format!("none of the {} sites may be used", sites.len()))
            .file(&inputs.sites)
            .help("see docs/scenario.md, [eligibility]: use_review lets sites in of which something is unknown")
            .into());
    }
    Ok(Tables { modes, area, layers, sites, sites_left_out })
}

/// The box of the study area and of all from where it can be reached within the standard.
fn clip_box(area: &MultiPolygon<f64>, modes: &[Mode], standard: &Standard) -> Result<[f64; 4]> {
    let rect = area
        .bounding_rect()
        .ok_or_else(|| Fault::new("area::empty", "the study area has no polygon").help("give at least one polygon"))?;
    Ok(reach_box([rect.min().x, rect.min().y, rect.max().x, rect.max().y], modes, standard.cutoff))
}

fn snap_all(scenario: &Scenario, network: &Network, cells: &[DemandCell], sites: &[StudySite]) -> Result<(Legs, Legs)> {
    let settings = &scenario.snap;
    let snapper = Snapper::new(network);
    let cell_places: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
    let site_places: Vec<LonLat> = sites.iter().map(|s| s.site.at).collect();
    let on_roads = |places: &[LonLat], limit_m: f64| -> Legs {
        let limit = Distance::from_metres(limit_m);
        Legs::new(network, &snapper, places, limit, settings.walk_kmh)
    };
    let site_legs = on_roads(&site_places, settings.site_limit_m);
    let mut off_road = Vec::new();
    for (i, site) in sites.iter().enumerate() {
        if site_legs.by_mode.iter().all(|mode| mode[i].is_none()) {
            off_road.push(format!(
                "`{}` ({}) at {:.5},{:.5}",
                site.site.id, site.site.name, site.site.at.lon, site.site.at.lat
            ));
        }
    }
    if !off_road.is_empty() {
        let shown = off_road.iter().take(10).cloned().collect::<Vec<_>>().join("; ");
        let message =
            format!("{} sites lie more than {} m from any road: {shown}", off_road.len(), settings.site_limit_m);
        return Err(Fault::new("sites::off-road", message)
            .file(&scenario.inputs.sites)
            .help("check their coordinates (longitude first), or raise snap.site_limit_m in the scenario")
            .into());
    }
    Ok((on_roads(&cell_places, settings.cell_limit_m), site_legs))
}

fn cover_all(
    network: &Network,
    cells: &[DemandCell],
    sites: &[StudySite],
    cell_legs: &Legs,
    site_legs: &Legs,
    standard: &Standard,
) -> CoverSets {
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
