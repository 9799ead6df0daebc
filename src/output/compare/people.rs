//! Who is served in two runs, and who comes to an agent sooner or later.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::{Run, SAME_TIME_S};
use crate::error::Result;
use crate::output::read::Rows;
use crate::output::schema::{BOUNDARIES, CELLS};

/// People for whom the second run is another than the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct People {
    /// Served in the second, not in the first.
    pub newly_served: f64,
    /// Served in the first, not in the second.
    pub no_longer_served: f64,
    /// Whose nearest agent is more than a minute nearer in the second; who reach one only there.
    pub sooner: f64,
    /// Whose nearest agent is more than a minute farther in the second; who reach one only in the first.
    pub later: f64,
    /// The others.
    pub same: f64,
}

/// The two runs in one area.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AreaChange {
    /// The boundary layer; `None` for the whole area.
    pub layer: Option<String>,
    /// Code of the feature.
    pub code: Option<String>,
    /// Name of the feature.
    pub name: Option<String>,
    /// People in the first run.
    pub persons_a: f64,
    /// People in the second run.
    pub persons_b: f64,
    /// Served in the first.
    pub persons_covered_a: f64,
    /// Served in the second.
    pub persons_covered_b: f64,
    /// Mean travel time in the first, in seconds.
    pub mean_time_a_s: Option<f64>,
    /// Mean travel time in the second.
    pub mean_time_b_s: Option<f64>,
    /// Agents that stand there in the first.
    pub agents_a: u32,
    /// Agents that stand there in the second.
    pub agents_b: u32,
    /// Who wins and who loses; for the whole area and the first layer, where the rows are the same.
    pub people: Option<People>,
}

/// Demand rows: cell and mode, with what does not change over the phases, and how each fares.
pub(super) struct Table {
    cells: Vec<u32>,
    modes: Vec<String>,
    places: Vec<(f64, f64)>,
    persons: Vec<f64>,
    boundary: Vec<Option<String>>,
    /// By phase, number from 1: travel time and coverage of each row.
    states: BTreeMap<u32, Vec<(Option<f64>, bool)>>,
}

impl Table {
    pub(super) fn read(folder: &Path) -> Result<Table> {
        let rows = Rows::read(
            folder,
            &CELLS,
            &["cell", "mode", "phase", "boundary", "lon", "lat", "persons", "travel_time_s", "covered"],
        )?;
        let (cells, modes, phases) = (rows.whole("cell")?, rows.text("mode")?, rows.wholes("phase")?);
        let (boundary, persons) = (rows.text("boundary")?, rows.number("persons")?);
        let (lon, lat) = (rows.number("lon")?, rows.number("lat")?);
        let (times, covered) = (rows.number("travel_time_s")?, rows.flag("covered")?);
        // Rows in one order for every run, whatever that of the file: by cell, mode and phase.
        let mut order: Vec<usize> = (0..phases.len()).collect();
        order.sort_by_key(|&i| (cells.get(i), modes.get(i), phases[i]));
        let first = phases.iter().copied().min();
        let of_first = || order.iter().copied().filter(|&i| Some(phases[i]) == first);
        let mut states: BTreeMap<u32, Vec<(Option<f64>, bool)>> = BTreeMap::new();
        for &i in &order {
            states.entry(phases[i]).or_default().push((times.get(i), covered.get(i) == Some(true)));
        }
        let number = |of: Option<f64>| of.unwrap_or_default();
        Ok(Table {
            cells: of_first().map(|i| cells.get(i).unwrap_or_default()).collect(),
            modes: of_first().map(|i| modes.get(i).unwrap_or_default().to_owned()).collect(),
            places: of_first().map(|i| (number(lon.get(i)), number(lat.get(i)))).collect(),
            persons: of_first().map(|i| number(persons.get(i))).collect(),
            boundary: of_first().map(|i| boundary.get(i).map(str::to_owned)).collect(),
            states,
        })
    }

    /// Whether both have the same rows, with the same people at the same places.
    pub(super) fn same_rows(&self, other: &Table) -> bool {
        self.cells == other.cells
            && self.modes == other.modes
            && self.places == other.places
            && self.persons == other.persons
    }

    /// Who wins and who loses between two phases; of rows whose feature of the first layer is `wanted`.
    pub(super) fn against(&self, other: &Table, a: u32, b: u32, wanted: impl Fn(Option<&str>) -> bool) -> People {
        let mut found = People::default();
        let (Some(before), Some(after)) = (self.states.get(&a), other.states.get(&b)) else { return found };
        for (row, (x, y)) in before.iter().zip(after).enumerate() {
            if wanted(self.boundary[row].as_deref()) {
                found.add(self.persons[row], *x, *y);
            }
        }
        found
    }

    /// The same for each feature of the first layer.
    fn by_boundary(&self, other: &Table, a: u32, b: u32) -> BTreeMap<&str, People> {
        let mut found: BTreeMap<&str, People> = BTreeMap::new();
        let (Some(before), Some(after)) = (self.states.get(&a), other.states.get(&b)) else { return found };
        for (row, (x, y)) in before.iter().zip(after).enumerate() {
            if let Some(code) = &self.boundary[row] {
                found.entry(code).or_default().add(self.persons[row], *x, *y);
            }
        }
        found
    }
}

impl People {
    fn add(&mut self, persons: f64, before: (Option<f64>, bool), after: (Option<f64>, bool)) {
        match (before.1, after.1) {
            (false, true) => self.newly_served += persons,
            (true, false) => self.no_longer_served += persons,
            _ => {}
        }
        let (before, after) = (before.0.unwrap_or(f64::INFINITY), after.0.unwrap_or(f64::INFINITY));
        if after < before - SAME_TIME_S {
            self.sooner += persons;
        } else if before < after - SAME_TIME_S {
            self.later += persons;
        } else {
            self.same += persons;
        }
    }
}

/// The table of boundaries by layer, code and phase.
pub(super) struct Areas {
    layers: Vec<String>,
    rows: BTreeMap<(String, String, u32), Area>,
}

#[derive(Clone)]
struct Area {
    name: String,
    persons: f64,
    covered: f64,
    mean_time_s: Option<f64>,
    agents: u32,
}

impl Areas {
    pub(super) fn read(folder: &Path) -> Result<Areas> {
        let table = Rows::read(
            folder,
            &BOUNDARIES,
            &["layer", "code", "name", "phase", "persons", "covered_persons", "mean_time_s", "agents"],
        )?;
        let (layers, codes, names) = (table.texts("layer")?, table.texts("code")?, table.texts("name")?);
        let (phases, persons) = (table.wholes("phase")?, table.numbers("persons")?);
        let (covered, mean) = (table.numbers("covered_persons")?, table.maybe_numbers("mean_time_s")?);
        let agents = table.wholes("agents")?;
        let mut in_order: Vec<String> = Vec::new();
        let mut rows = BTreeMap::new();
        for i in 0..table.len() {
            if !in_order.contains(&layers[i]) {
                in_order.push(layers[i].clone());
            }
            let area = Area {
                name: names[i].clone(),
                persons: persons[i],
                covered: covered[i],
                mean_time_s: mean[i],
                agents: agents[i],
            };
            rows.insert((layers[i].clone(), codes[i].clone(), phases[i]), area);
        }
        Ok(Areas { layers: in_order, rows })
    }

    /// Whether any feature of a layer stands in both.
    pub(super) fn share_features(&self, other: &Areas) -> bool {
        let first = |key: &(String, String, u32)| key.2 == 1;
        self.rows.keys().filter(|key| first(key)).any(|key| other.rows.contains_key(key))
    }
}

/// The whole area, then the features that both runs have, in phase `x` of the one and `y` of the other.
pub(super) fn areas(a: &Run, b: &Run, x: u32, y: u32, same_rows: bool) -> Vec<AreaChange> {
    let told = |run: &Run, phase: u32| run.phases.iter().find(|p| p.phase == phase).cloned();
    let mut found = Vec::new();
    if let (Some(of_a), Some(of_b)) = (told(a, x), told(b, y)) {
        found.push(AreaChange {
            layer: None,
            code: None,
            name: None,
            persons_a: of_a.persons,
            persons_b: of_b.persons,
            persons_covered_a: of_a.persons_covered,
            persons_covered_b: of_b.persons_covered,
            mean_time_a_s: of_a.mean_time_s,
            mean_time_b_s: of_b.mean_time_s,
            agents_a: of_a.agents,
            agents_b: of_b.agents,
            people: same_rows.then(|| a.people.against(&b.people, x, y, |_| true)),
        });
    }
    // The rows of `cells.parquet` name the features of the first layer only, which must be the same in both.
    let same_layer = same_rows && a.people.boundary == b.people.boundary;
    let people = if same_layer { a.people.by_boundary(&b.people, x, y) } else { BTreeMap::new() };
    for layer in &a.areas.layers {
        let first = same_layer && a.areas.layers.first() == Some(layer);
        let of_layer = a.areas.rows.iter().filter(|((of, _, phase), _)| of == layer && *phase == x);
        for ((_, code, _), of_a) in of_layer {
            let Some(of_b) = b.areas.rows.get(&(layer.clone(), code.clone(), y)) else { continue };
            found.push(AreaChange {
                layer: Some(layer.clone()),
                code: Some(code.clone()),
                name: Some(of_a.name.clone()),
                persons_a: of_a.persons,
                persons_b: of_b.persons,
                persons_covered_a: of_a.covered,
                persons_covered_b: of_b.covered,
                mean_time_a_s: of_a.mean_time_s,
                mean_time_b_s: of_b.mean_time_s,
                agents_a: of_a.agents,
                agents_b: of_b.agents,
                people: first.then(|| people.get(code.as_str()).copied().unwrap_or_default()),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_the_same_and_more_is_not() {
        let mut found = People::default();
        found.add(1.0, (Some(600.0), true), (Some(540.0), true)); // exactly a minute sooner
        found.add(2.0, (Some(600.0), true), (Some(539.9), true));
        found.add(4.0, (Some(600.0), true), (Some(661.0), false));
        found.add(8.0, (None, false), (Some(1200.0), true)); // reaches an agent only now
        found.add(16.0, (None, false), (None, false));
        assert_eq!(found, People { newly_served: 8.0, no_longer_served: 4.0, sooner: 10.0, later: 4.0, same: 17.0 });
    }
}
