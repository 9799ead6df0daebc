//! A study: the inputs of a scenario joined, up to who reaches whom. All that the rollout decides on.

use std::collections::{HashMap, HashSet};

use geo::{BoundingRect, Intersects, MultiPolygon, Point};
use rayon::prelude::*;

use crate::access::cover::{CoverSets, Hung, Standard, cover_sets};
use crate::access::legs::{Leg, legs};
use crate::error::{Fault, Faults, Result};
use crate::ingest::boundaries::{BoundaryLayer, LayerSource, read_area, read_layer};
use crate::ingest::eligibility::{Eligibility, judge};
use crate::ingest::osm::{OsmExtract, WaterWay, read_extract};
use crate::ingest::population::{CalibrationRow, DemandCell, calibrate, read_population, refine};
use crate::ingest::sites::{Site, check_inside, read_sites};
use crate::network::build::build_network;
use crate::network::modes::resolve_modes;
use crate::network::{Mode, Network, Snap, Snapper};
use crate::scenario::{OutsideSites, Scenario, Scope};
use crate::stages::Stages;
use crate::units::{Distance, EARTH_RADIUS_M, LonLat, Persons};

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
    /// For each mode, how each cell hangs on the roads.
    pub cell_legs: Vec<Vec<Option<(Leg, Snap)>>>,
    /// For each mode, how each site hangs on the roads.
    pub site_legs: Vec<Vec<Option<(Leg, Snap)>>>,
    /// Which sites serve each demand row (cell · modes + mode).
    pub cover: CoverSets,
    /// People of each demand row.
    pub row_persons: Vec<Persons>,
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
    /// Reads and joins the inputs of a scenario, telling `stages` of each step.
    ///
    /// # Errors
    /// Faults of the inputs; those of the small files (modes, boundaries, sites) are told together.
    pub fn load(scenario: Scenario, stages: &mut Stages) -> Result<Study> {
        let standard = scenario.standard.standard();
        let tables = stages.run("read tables", || read_tables(&scenario), |t: &Tables| {
            let outside = match t.sites_left_out {
                0 => String::new(),
                n => format!(" ({n} outside the study area left out)"),
            };
            format!("{} sites{outside}, {} boundary layers, {} modes", t.sites.len(), t.layers.len(), t.modes.len())
        })?;
        let Tables { modes, area, mut layers, mut sites, sites_left_out } = tables;
        let clip = clip_box(&area, &modes, &standard)?;
        let extract = stages.run("read roads", || read_extract(&scenario.inputs.roads, clip), |e: &OsmExtract| {
            format!("{} ways, {} water shapes", e.roads.len(), e.water.len())
        })?;
        let network = stages.run("build network", || build_network(&extract, &modes), |n: &Network| {
            format!("{} junctions, {} streets, {:.0} km", n.nodes.len(), n.streets.len(), n.length_km())
        })?;
        let water = water_shapes(&extract);
        drop(extract);
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
        let cover = stages.run(
            "travel times",
            || Ok::<_, crate::error::Error>(cover_all(&network, &cells, &sites, &cell_legs, &site_legs, &standard)),
            |c: &CoverSets| format!("{} pairs of a demand row and a site that serves it", c.pairs()),
        )?;
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
        let layer_index = position.ok_or_else(|| Fault::new("scope::layer", format!("there is no layer `{}`", scope.layer)))?;
        let features = &self.layers[layer_index].features;
        let mut faults = Faults::default();
        for code in &scope.codes {
            if !features.iter().any(|f| &f.code == code) {
                faults.push(
                    Fault::new("scope::code", format!("no feature of the layer `{}` has the code `{code}`", scope.layer))
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
    let modes = faults.keep(resolve_modes(&scenario.modes))?;
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
                let fault = Fault::new("sites::duplicate", format!("the id `{}` is also in the other file of sites", site.id));
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

/// The box of the study area widened by what the fastest mode rides within the limit, so that detours outside count.
fn clip_box(area: &MultiPolygon<f64>, modes: &[Mode], standard: &Standard) -> Result<[f64; 4]> {
    let rect = area
        .bounding_rect()
        .ok_or_else(|| Fault::new("area::empty", "the study area has no polygon").help("give at least one polygon"))?;
    let fastest_kmh = modes.iter().flat_map(|m| m.settings.speeds_kmh.values()).copied().fold(0.0, f64::max);
    let reach_m = fastest_kmh / 3.6 * standard.cutoff.seconds();
    let lat = reach_m / EARTH_RADIUS_M.to_radians();
    let widest_lat = rect.min().y.abs().max(rect.max().y.abs()).min(89.0);
    let lon = lat / widest_lat.to_radians().cos();
    Ok([rect.min().x - lon, rect.min().y - lat, rect.max().x + lon, rect.max().y + lat])
}

fn water_shapes(extract: &OsmExtract) -> Vec<(Vec<LonLat>, bool)> {
    let shape = |w: &WaterWay| -> (Vec<LonLat>, bool) {
        (w.nodes.iter().filter_map(|&id| extract.nodes.get(id)).collect(), w.area)
    };
    extract.water.iter().map(shape).filter(|(points, area)| points.len() >= if *area { 4 } else { 2 }).collect()
}

/// Forgets the features of a layer in which nobody of the study lives and no site stands, so that reports do not list
/// them.
fn drop_unused(layer: &mut BoundaryLayer, of_cell: &mut [Option<u32>], sites: &mut [StudySite], index: usize) {
    let mut used = vec![false; layer.features.len()];
    let of_sites = sites.iter().filter_map(|s| s.boundary[index]);
    for feature in of_cell.iter().flatten().copied().chain(of_sites) {
        used[feature as usize] = true;
    }
    let mut next = 0;
    let rank: Vec<Option<u32>> = used
        .iter()
        .map(|&used| {
            next += u32::from(used);
            used.then(|| next - 1)
        })
        .collect();
    for feature in of_cell.iter_mut().chain(sites.iter_mut().map(|s| &mut s.boundary[index])) {
        *feature = feature.and_then(|f| rank[f as usize]);
    }
    let kept = layer.features.iter().zip(&used).filter(|(_, used)| **used).map(|(f, _)| f.clone()).collect();
    *layer = BoundaryLayer::new(layer.id.clone(), kept);
}

type Demand = (Vec<DemandCell>, Vec<Vec<Option<u32>>>, Vec<(String, CalibrationRow)>);

fn demand(
    scenario: &Scenario,
    area: &MultiPolygon<f64>,
    layers: &[BoundaryLayer],
    network: &Network,
) -> Result<Demand> {
    let settings = &scenario.population;
    let grid = read_population(&scenario.inputs.population, area)?;
    let mut cells = grid.cells;
    if settings.split > 1 {
        let roads = RoadDensity::new(network, &cells, settings.split, area);
        cells = refine(&cells, settings.split, &|at, _, _| roads.weight(at));
    }
    let cell_boundary: Vec<Vec<Option<u32>>> = layers
        .iter()
        .map(|layer| cells.par_iter().map(|c| layer.locate(c.at).map(|i| i as u32)).collect())
        .collect();
    let mut calibration = Vec::new();
    if let Some(index) = settings.calibrate_to.as_ref().and_then(|id| layers.iter().position(|l| &l.id == id)) {
        let of_cell: Vec<Option<usize>> = cell_boundary[index].iter().map(|b| b.map(|i| i as usize)).collect();
        let totals: Vec<Option<Persons>> = layers[index].features.iter().map(|f| f.population).collect();
        let codes = layers[index].features.iter().map(|f| f.code.clone());
        calibration = codes.zip(calibrate(&mut cells, &of_cell, &totals)).collect();
    }
    if cells.iter().all(|c| c.persons.0 == 0) {
        return Err(Fault::new("population::empty", "nobody lives in the study area by this grid")
            .file(&scenario.inputs.population)
            .help("use a population grid that covers the study area")
            .into());
    }
    Ok((cells, cell_boundary, calibration))
}

/// How much road that people live by lies in each sub-cell of a grid: metres by class, residential weighing most.
struct RoadDensity<'a> {
    lattice: Lattice,
    metres: HashMap<(i64, i64), u64>,
    /// Sub-cells of pixels on the border, which may lie outside.
    pixels: Lattice,
    border: HashSet<(i64, i64)>,
    area: &'a MultiPolygon<f64>,
}

impl<'a> RoadDensity<'a> {
    fn new(network: &Network, cells: &[DemandCell], split: u32, area: &'a MultiPolygon<f64>) -> Self {
        // All pixels of a raster have one size; sub-cells lie on one lattice through the first pixel's corner.
        let pixels = Lattice::of_pixels(cells.first());
        let parts = f64::from(split);
        let lattice = Lattice { step_lon: pixels.step_lon / parts, step_lat: pixels.step_lat / parts, ..pixels };
        let border = cells.iter().filter(|c| c.share_inside < 1.0).map(|c| pixels.key(c.centre)).collect();
        let mut metres: HashMap<(i64, i64), u64> = HashMap::new();
        for street in &network.streets {
            let weight = match network.classes[usize::from(street.class)].as_str() {
                "residential" | "living_street" | "service" | "unclassified" | "pedestrian" => 3,
                "tertiary" | "secondary" | "footway" | "path" | "track" => 2,
                "primary" | "trunk" | "road" => 1,
                _ => continue,
            };
            if street.bridge {
                continue; // nobody lives on a bridge
            }
            for pair in network.shape(street).windows(2) {
                let length_m = pair[0].metres_to(pair[1]);
                let steps = (length_m / 20.0).ceil().max(1.0);
                for step in 0..steps as u32 {
                    let part = (f64::from(step) + 0.5) / steps;
                    let lon = pair[0].lon + (pair[1].lon - pair[0].lon) * part;
                    let lat = pair[0].lat + (pair[1].lat - pair[0].lat) * part;
                    let decimetres = (length_m / steps * 10.0).round() as u64;
                    *metres.entry(lattice.key(LonLat { lon, lat })).or_default() += decimetres * weight;
                }
            }
        }
        RoadDensity { lattice, metres, pixels, border, area }
    }

    fn weight(&self, centre: LonLat) -> u64 {
        let may_be_outside = self.border.contains(&self.pixels.key(centre));
        if may_be_outside && !self.area.intersects(&Point::new(centre.lon, centre.lat)) {
            return 0;
        }
        self.metres.get(&self.lattice.key(centre)).copied().unwrap_or(0)
    }
}

/// Squares of one size in degrees.
#[derive(Clone, Copy)]
struct Lattice {
    west: f64,
    south: f64,
    step_lon: f64,
    step_lat: f64,
}

impl Lattice {
    fn of_pixels(first: Option<&DemandCell>) -> Lattice {
        let (half_lon, half_lat, centre) = first.map_or((0.5, 0.5, LonLat::default()), |c| (c.half_lon, c.half_lat, c.centre));
        Lattice { west: centre.lon - half_lon, south: centre.lat - half_lat, step_lon: 2.0 * half_lon, step_lat: 2.0 * half_lat }
    }

    fn key(&self, p: LonLat) -> (i64, i64) {
        (((p.lon - self.west) / self.step_lon).floor() as i64, ((p.lat - self.south) / self.step_lat).floor() as i64)
    }
}

type Legs = Vec<Vec<Option<(Leg, Snap)>>>;

fn snap_all(scenario: &Scenario, network: &Network, cells: &[DemandCell], sites: &[StudySite]) -> Result<(Legs, Legs)> {
    let settings = &scenario.snap;
    let snapper = Snapper::new(network);
    let cell_places: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
    let site_places: Vec<LonLat> = sites.iter().map(|s| s.site.at).collect();
    let on_roads = |places: &[LonLat], limit_m: f64| -> Legs {
        let limit = Distance::from_metres(limit_m);
        network.modes.iter().map(|g| legs(network, &snapper, g, places, limit, settings.walk_kmh)).collect()
    };
    let site_legs = on_roads(&site_places, settings.site_limit_m);
    let mut off_road = Vec::new();
    for (i, site) in sites.iter().enumerate() {
        if site_legs.iter().all(|mode| mode[i].is_none()) {
            off_road.push(format!("`{}` ({}) at {:.5},{:.5}", site.site.id, site.site.name, site.site.at.lon, site.site.at.lat));
        }
    }
    if !off_road.is_empty() {
        let shown = off_road.iter().take(10).cloned().collect::<Vec<_>>().join("; ");
        let message = format!("{} sites lie more than {} m from any road: {shown}", off_road.len(), settings.site_limit_m);
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
    let bare = |legs: &Legs| -> Vec<Vec<Option<Leg>>> {
        legs.iter().map(|mode| mode.iter().map(|l| l.as_ref().map(|(leg, _)| *leg)).collect()).collect()
    };
    let cell_places: Vec<LonLat> = cells.iter().map(|c| c.at).collect();
    let site_places: Vec<LonLat> = sites.iter().map(|s| s.site.at).collect();
    cover_sets(
        network,
        &Hung { places: &cell_places, legs: &bare(cell_legs) },
        &Hung { places: &site_places, legs: &bare(site_legs) },
        standard,
    )
}

/// Splits a cell's people over the modes by their shares; the parts sum to the whole exactly.
fn split_by_mode(persons: Persons, modes: &[Mode]) -> Vec<Persons> {
    let (mut share, mut before) = (0.0, 0_u64);
    let last = modes.len().saturating_sub(1);
    modes
        .iter()
        .enumerate()
        .map(|(m, mode)| {
            share += mode.settings.share;
            let up_to = if m == last { persons.0 } else { ((persons.0 as f64 * share).round() as u64).min(persons.0) };
            let part = up_to.saturating_sub(before);
            before = up_to.max(before);
            Persons(part)
        })
        .collect()
}
