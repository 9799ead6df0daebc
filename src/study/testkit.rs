//! A study on a straight road, whose numbers can be worked out by hand.

use std::path::Path;

use geo::{MultiPolygon, Rect};

use super::{Dossiers, Study, StudySite, cover_all, groups};
use crate::access::legs::{Leg, Legs};
use crate::ingest::boundaries::{Boundary, BoundaryLayer};
use crate::ingest::eligibility::Eligibility;
use crate::ingest::osm::features::Features;
use crate::ingest::population::{CellShape, DemandCell};
use crate::ingest::sites::Site;
use crate::ingest::water::Water;
use crate::network::modes::resolve_modes;
use crate::network::{Network, Snap};
use crate::scenario::Scenario;
use crate::study::demand::Source;
use crate::testkit::line_city;
use crate::units::{Distance, EARTH_RADIUS_M, LonLat, Persons};

/// A site of the road: metres from its west end, and what it is.
#[derive(Clone, Copy)]
pub(crate) struct Stop {
    pub metres: f64,
    pub fixed: bool,
    pub usable: bool,
    pub cost_milli: Option<u64>,
}

/// A candidate that may be used.
pub(crate) fn candidate(metres: f64) -> Stop {
    Stop { metres, fixed: false, usable: true, cost_milli: None }
}

/// An office that stands.
pub(crate) fn office(metres: f64) -> Stop {
    Stop { fixed: true, ..candidate(metres) }
}

fn at(metres: f64) -> LonLat {
    LonLat { lon: metres / EARTH_RADIUS_M.to_radians(), lat: 0.0 }
}

fn legs(network: &Network, places: &[f64]) -> Legs {
    let mut legs = Legs::default();
    for graph in &network.modes {
        let leg = |&metres: &f64| {
            let street = ((metres / 1000.0) as usize).min(network.streets.len() - 1);
            let offset_mm = ((metres - street as f64 * 1000.0) * 1000.0).round() as u32;
            let snap = Snap { street: street as u32, offset_mm, access: Distance(0), at: at(metres) };
            Some((Leg::new(network, graph, &snap, 4.8), snap))
        };
        legs.by_mode.push(places.iter().map(leg).collect());
        legs.cut_off.push(vec![None; places.len()]);
    }
    legs
}

/// A road of so many whole kilometres along the equator, with streets of 1 km. Motorcycles carry three quarters of the
/// people at 36 km/h = 10 m/s, bicycles one quarter at 18 km/h = 5 m/s; bicycles are the second mode.
///
/// `people` are metres from the west end and whole people of each cell; `wards` the metres at which a ward ends and the
/// next begins, the first at 0. `settings` is the end of a scenario, from `[[phases]]` on or before.
pub(crate) fn on_a_road(km: usize, settings: &str, people: &[(f64, u64)], stops: &[Stop], wards: &[f64]) -> Study {
    let head = "title = { vi = \"a\", en = \"a\" }\n[inputs]\nroads = \"r\"\npopulation = \"p\"\nstudy_area = \"a\"\n\
                sites = \"s\"\n[[inputs.boundaries]]\nid = \"wards\"\nname = { vi = \"a\", en = \"a\" }\nfile = \"w\"\n\
                [modes.motorcycle]\nshare = 0.75\n[modes.bicycle]\nshare = 0.25\n";
    let scenario = Scenario::parse(&format!("{head}{settings}"), Path::new("line.toml")).unwrap();
    let modes = resolve_modes(&scenario.modes, scenario.travel.speeds).unwrap();
    assert_eq!(modes.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["motorcycle", "bicycle"]);
    let pieces = vec![(1000.0, true); km];
    let mut network = line_city(&pieces, 36.0);
    network.modes.extend(line_city(&pieces, 18.0).modes);

    let cells: Vec<DemandCell> = (0..)
        .zip(people)
        .map(|(id, &(metres, persons))| DemandCell {
            id,
            at: at(metres),
            centre: at(metres),
            shape: CellShape::Point,
            share_inside: 1.0,
            persons: Persons(persons * 1000),
        })
        .collect();
    let ward = |(i, ends): (usize, &[f64])| {
        let (west, east) = (at(ends[0]), at(ends[1]));
        Boundary {
            code: format!("{}", i + 1),
            name: format!("Ward {}", i + 1),
            population: None,
            properties: serde_json::Map::new(),
            geometry: MultiPolygon::new(vec![Rect::new((west.lon, -0.1), (east.lon, 0.1)).to_polygon()]),
        }
    };
    let layer = BoundaryLayer::new("wards".into(), wards.windows(2).enumerate().map(ward).collect());
    let ward_of = |place: LonLat| layer.locate(place).map(|f| f as u32);
    let sites: Vec<StudySite> = stops
        .iter()
        .enumerate()
        .map(|(i, stop)| StudySite {
            site: Site {
                id: format!("s{i}"),
                name: format!("Site {i}"),
                at: at(stop.metres),
                fixed: stop.fixed,
                cost_milli: stop.cost_milli,
                ..Site::default()
            },
            eligibility: if stop.usable { Eligibility::Eligible } else { Eligibility::Review(vec!["scanner"]) },
            usable: stop.usable,
            proposed: false,
            in_fixed_file: stop.fixed,
            boundary: vec![ward_of(at(stop.metres))],
        })
        .collect();
    let cell_legs = legs(&network, &people.iter().map(|p| p.0).collect::<Vec<_>>());
    let site_legs = legs(&network, &stops.iter().map(|s| s.metres).collect::<Vec<_>>());
    let standard = scenario.standard.standard();
    let cover = cover_all(&network, &cells, &sites, &cell_legs, &site_legs, &standard).unwrap();
    let cell_boundary = vec![cells.iter().map(|c| ward_of(c.at)).collect()];
    let area = MultiPolygon::new(vec![Rect::new((-1.0, -1.0), (1.0, 1.0)).to_polygon()]);
    let layers = vec![layer];
    let groups = groups::read_groups(&scenario, &modes, &area, &layers, &cells, &cell_boundary).unwrap();
    let rows = groups::rows(&cells, &modes, &groups);
    let source = Source {
        persons: cells.iter().map(|c| c.persons).sum(),
        cells: cells.len(),
        whole_cells: cells.len(),
        border_cells: 0,
        nodata_cells: 0,
        area_share: 1.0,
        parts: 1,
    };
    Study {
        standard,
        modes,
        area,
        layers,
        network,
        water: Vec::new(),
        features: Features::default(),
        cells,
        cell_boundary,
        scaled: Default::default(),
        groups,
        dossiers: Dossiers::of(&scenario).unwrap(),
        source,
        repairs: Vec::new(),
        lakes: Water::new(Vec::new()),
        sites_left_out: 0,
        sites,
        cell_legs,
        site_legs,
        also: Vec::new(),
        offices: Vec::new(),
        office_legs: vec![Legs { by_mode: vec![Vec::new(); 2], cut_off: vec![Vec::new(); 2] }],
        cover,
        needed: 1,
        normal_cover: None,
        row_persons: rows.persons,
        row_weight: rows.weight,
        scenario,
    }
}
