//! What the travel times leave out: streets that lead nowhere, and places too far from any street.

use geo::{Geometry, Point};

use super::table::Values;
use crate::network::islands::islands;
use crate::study::Study;
use crate::units::{LonLat, Persons};

struct Row {
    kind: &'static str,
    mode: usize,
    id: String,
    at: LonLat,
    length_km: Option<f64>,
    persons: Persons,
}

/// The columns of `off_network.parquet`.
pub(super) fn rows(study: &Study) -> Vec<Values> {
    let n_modes = study.modes.len();
    let persons_of = |cell: usize, mode: usize| study.row_persons[cell * n_modes + mode];
    let mut rows = Vec::new();
    for (mode, graph) in study.network.modes.iter().enumerate() {
        let islands = islands(&study.network, graph);
        let mut island_of = vec![None; study.network.streets.len()];
        for (i, island) in islands.iter().enumerate() {
            for &street in &island.streets {
                island_of[street as usize] = Some(i);
            }
        }
        let mut persons = vec![Persons(0); islands.len()];
        for (cell, street) in study.cell_legs.cut_off[mode].iter().enumerate() {
            if let Some(island) = street.and_then(|s| island_of[s as usize]) {
                persons[island] += persons_of(cell, mode);
            }
        }
        rows.extend(islands.iter().zip(persons).enumerate().map(|(i, (island, persons))| Row {
            kind: "island",
            mode,
            id: (i + 1).to_string(),
            at: island.at,
            length_km: Some(island.length_km),
            persons,
        }));
        let mut length_km = vec![0.0; graph.part_sizes().len()];
        let mut persons = vec![Persons(0); length_km.len()];
        let mut begins = vec![None; length_km.len()];
        let part = |street: usize| usize::from(graph.part[study.network.streets[street].from as usize]);
        for (s, street) in study.network.streets.iter().enumerate().filter(|&(s, _)| graph.usable[s]) {
            length_km[part(s)] += f64::from(street.length_mm) / 1e6;
            begins[part(s)].get_or_insert(study.network.nodes[street.from as usize]);
        }
        for (cell, leg) in study.cell_legs.bare(mode).iter().enumerate() {
            if let Some(leg) = leg {
                persons[part(leg.street as usize)] += persons_of(cell, mode);
            }
        }
        // The first part is the network itself.
        rows.extend((1..length_km.len()).map(|k| Row {
            kind: "part",
            mode,
            id: (k + 1).to_string(),
            at: begins[k].unwrap_or_default(),
            length_km: Some(length_km[k]),
            persons: persons[k],
        }));
        let far = |legs: &[Option<_>]| -> Vec<usize> { (0..legs.len()).filter(|&i| legs[i].is_none()).collect() };
        rows.extend(far(&study.cell_legs.by_mode[mode]).into_iter().map(|cell| Row {
            kind: "cell",
            mode,
            id: cell.to_string(),
            at: study.cells[cell].at,
            length_km: None,
            persons: persons_of(cell, mode),
        }));
        rows.extend(far(&study.site_legs.by_mode[mode]).into_iter().map(|site| Row {
            kind: "site",
            mode,
            id: study.sites[site].site.id.clone(),
            at: study.sites[site].site.at,
            length_km: None,
            persons: Persons(0),
        }));
    }
    vec![
        Values::text(rows.iter().map(|r| r.kind)),
        Values::text(rows.iter().map(|r| study.modes[r.mode].id.as_str())),
        Values::text(rows.iter().map(|r| r.id.as_str())),
        Values::number(rows.iter().map(|r| r.at.lon)),
        Values::number(rows.iter().map(|r| r.at.lat)),
        Values::Number(rows.iter().map(|r| r.length_km).collect()),
        Values::number(rows.iter().map(|r| r.persons.people())),
        Values::Geometry(rows.iter().map(|r| Geometry::Point(Point::new(r.at.lon, r.at.lat))).collect()),
    ]
}
