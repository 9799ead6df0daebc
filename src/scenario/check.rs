//! Faults of meaning: settings that parse but do not fit together.

use std::path::Path;

use super::Scenario;
use crate::error::{Fault, Faults, Result};
use crate::texts::{HELP, refusal};

/// The most letters of a text of a scenario.
const MOST_LETTERS: usize = 10_000;

/// A fault for each text of a scenario that holds what no text needs; line breaks and tabs are let in.
pub(super) fn texts(scenario: &str, path: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Ok(table) = scenario.parse::<toml::Table>() {
        let mut todo: Vec<(String, toml::Value)> = table.into_iter().collect();
        // The last is looked at first: told in the order of the keys.
        todo.reverse();
        while let Some((place, value)) = todo.pop() {
            let under = |key: &str| format!("{place}.{key}");
            match value {
                toml::Value::String(text) => {
                    let text: String =
                        text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
                    if let Some(refused) = refusal(&text, MOST_LETTERS) {
                        faults.push(Fault::new("scenario::value", refused).file(path).place(place).help(HELP));
                    }
                }
                toml::Value::Table(table) => {
                    todo.extend(table.into_iter().rev().map(|(key, value)| (under(&key), value)));
                }
                toml::Value::Array(list) => {
                    let items = list.into_iter().enumerate().rev();
                    todo.extend(items.map(|(i, value)| (format!("{place}[{}]", i + 1), value)));
                }
                _ => {}
            }
        }
    }
    faults
}

impl Scenario {
    /// Collects every setting that does not make sense, by itself or with the others.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let mut faults = Faults::default();
        let mut wrong = |place: String, message: String, help: &str| {
            faults.push(Fault::new("scenario::value", message).file(path).place(place).help(help));
        };
        let mut positive = |place: &str, value: f64, most: f64| {
            if !(value > 0.0 && value <= most) {
                wrong(
                    place.into(),
                    format!("{value} is out of range"),
                    &format!("give a number above 0, at most {most}"),
                );
            }
        };
        positive("standard.minutes", self.standard.minutes, 600.0);
        positive("standard.radius_km", self.standard.radius_km, 500.0);
        positive("snap.site_limit_m", self.snap.site_limit_m, 50_000.0);
        positive("snap.cell_limit_m", self.snap.cell_limit_m, 50_000.0);
        positive("snap.walk_kmh", self.snap.walk_kmh, 10.0);
        positive("travel.also_share", self.travel.also_share, 1.0);
        positive("solve.time_limit_s", self.solve.time_limit_s, 1e6);
        for minutes in &self.output.isochrone_minutes {
            positive("output.isochrone_minutes", *minutes, 600.0);
        }
        if !(0.0..1.0).contains(&self.solve.gap) {
            wrong("solve.gap".into(), format!("{} is no gap", self.solve.gap), "give a number from 0 to below 1");
        }
        let mut speeds = vec![self.travel.speeds];
        for also in &self.travel.also {
            if speeds.contains(also) {
                wrong("travel.also".into(), format!("{also:?} stands twice"), "name each further set of speeds once");
            }
            speeds.push(*also);
        }
        if !self.output.isochrone_minutes.is_sorted_by(|a, b| a < b) {
            wrong(
                "output.isochrone_minutes".into(),
                format!("{:?} does not ascend", self.output.isochrone_minutes),
                "list the bands from the shortest to the longest, each once",
            );
        }
        let layers: Vec<&str> = self.inputs.boundaries.iter().map(|b| b.id.as_str()).collect();
        for (i, id) in layers.iter().enumerate() {
            if layers[..i].contains(id) {
                wrong(
                    format!("inputs.boundaries `{id}`"),
                    "this layer stands twice".into(),
                    "give each layer its own id",
                );
            }
        }
        let known = format!("the layers under [[inputs.boundaries]] are: {}", layers.join(", "));
        self.check_people(&layers, &mut wrong);
        if let Some(capacity) = &self.capacity {
            capacity.check(&mut wrong);
        }
        self.check_cases(&mut wrong);
        if self.phases.is_empty() {
            wrong("phases".into(), "there is no phase".into(), "give at least one [[phases]]");
        }
        self.check_phases(&layers, &mut wrong);
        for (i, phase) in self.phases.iter().enumerate() {
            let place = |key: &str| format!("phases[{}].{key} ({})", i + 1, phase.name.en);
            if let Some(scope) = &phase.scope {
                if !layers.contains(&scope.layer.as_str()) {
                    wrong(place("scope.layer"), format!("there is no layer `{}`", scope.layer), &known);
                }
                if scope.through.as_ref().is_some_and(|through| !layers.contains(&through.as_str())) {
                    let found = scope.through.as_deref().unwrap_or_default();
                    wrong(place("scope.through"), format!("there is no layer `{found}`"), &known);
                }
                if !(scope.overlap > 0.0 && scope.overlap <= 1.0) {
                    let found = format!("{} is no share", scope.overlap);
                    wrong(place("scope.overlap"), found, "give a number above 0, at most 1");
                }
                if scope.codes.is_empty() == scope.properties.is_empty() {
                    wrong(
                        place("scope"),
                        "it must say which features belong to it".into(),
                        "give either codes = [\"…\"] or where = { property = value }",
                    );
                }
            }
            if phase.ends.is_some_and(|ends| ends < phase.starts) {
                wrong(place("ends"), "it lies before the start".into(), "a phase ends on or after the day it starts");
            }
            if i > 0 && phase.starts < self.phases[i - 1].starts {
                wrong(
                    place("starts"),
                    "it lies before the start of the phase before".into(),
                    "list the phases by date",
                );
            }
        }
        faults.finish()
    }
}
