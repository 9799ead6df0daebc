//! Reading layers and areas: properties, names, people; the shapes go through [`super::repair`].

use std::collections::HashMap;
use std::path::Path;

use geo::{MultiPolygon, unary_union};
use geojson::{JsonObject, JsonValue};

use super::repair::shape_of;
use super::{Boundary, BoundaryLayer, LayerSource};
use crate::error::{Fault, Faults, Result};
use crate::ingest::features::{Features, Subject};
use crate::ingest::names::tidy;
use crate::texts::{HELP, MOST_ID, MOST_NAME, refusal};
use crate::units::Persons;

const SUBJECT: Subject = Subject {
    format: "boundaries::format",
    crs: "boundaries::crs",
    empty: "boundaries::empty",
    geometry: "boundaries::geometry",
    shapes: "polygons",
    geometry_needed: true,
};

/// Reads a boundary layer. Rings that can be repaired safely are, each with a note in [`BoundaryLayer::repairs`].
///
/// # Errors
/// All faults of the file together: not GeoJSON or GeoParquet, a CRS other than CRS84, no features, a missing or repeated code, a
/// missing name, a population that is not a number of people, a geometry that is not a sound polygon in degrees
/// and cannot be made one safely.
pub fn read_layer(source: &LayerSource) -> Result<BoundaryLayer> {
    let path = &source.file;
    let mut faults = Faults::default();
    let mut features = Vec::new();
    let mut repairs = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let file = Features::open(path, &SUBJECT)?;
    let wanted = |name: &str| {
        [&source.code, &source.name].iter().any(|w| *w == name) || source.population.as_deref() == Some(name)
    };
    file.check_types(path, "boundaries::format", wanted)?;
    for (i, feature) in file.list.into_iter().enumerate() {
        let properties = feature.properties.unwrap_or_default();
        let place = place_of(file.unit, i, &properties, &source.name);
        let fault = |code, message: String| Fault::new(code, message).file(path).place(place.clone());
        let code = text(properties.get(&source.code));
        match &code {
            None => {
                faults.push(fault("boundaries::code", format!("no property `{}`", source.code)).help(format!(
                    "every feature needs a code (text or number); the feature has: {}",
                    keys(&properties)
                )))
            }
            Some(code) => {
                if let Some(first) = seen.insert(code.clone(), i) {
                    let found = format!("the code `{code}` is also that of {} {}", file.unit, first + 1);
                    faults.push(fault("boundaries::duplicate", found).help("codes must be unique in a layer"));
                }
            }
        }
        let name = text(properties.get(&source.name));
        if name.is_none() {
            faults.push(
                fault("boundaries::name", format!("no property `{}`", source.name))
                    .help(format!("every feature needs a name; the feature has: {}", keys(&properties))),
            );
        }
        for (key, text, most) in [(&source.code, &code, MOST_ID), (&source.name, &name.as_deref().map(tidy), MOST_NAME)]
        {
            if let Some(refused) = text.as_deref().and_then(|text| refusal(text, most)) {
                faults.push(fault("boundaries::text", format!("`{key}`: {refused}")).help(HELP));
            }
        }
        let population = match source.population.as_ref().and_then(|key| properties.get(key)) {
            None | Some(JsonValue::Null) => None,
            Some(value) => match value.as_f64().filter(|n| (0.0..=1e10).contains(n)) {
                Some(people) => Some(Persons::from_people(people)),
                None => {
                    faults.push(
                        fault("boundaries::population", format!("`{value}` is not a number of people"))
                            .help("write a number from 0 to 10,000,000,000, or leave the property out"),
                    );
                    None
                }
            },
        };
        match shape_of(feature.geometry.map(|g| g.value)) {
            Err(wrong) => faults.push(wrong.file(path).place(place)),
            Ok((geometry, mends)) => {
                repairs.extend(repaired(path, &place, mends));
                if let (Some(code), Some(name)) = (code, name) {
                    let name = tidy(&name);
                    features.push(Boundary { code, name, population, properties, geometry });
                }
            }
        }
    }
    faults.finish()?;
    Ok(BoundaryLayer { repairs, ..BoundaryLayer::new(source.id.clone(), features) })
}

/// Reads a study area: the union of all polygons in the file.
///
/// # Errors
/// As [`read_layer`], but no property is needed.
pub fn read_area(path: &Path) -> Result<MultiPolygon<f64>> {
    read_area_noted(path).map(|(area, _)| area)
}

/// As [`read_area`], with a note (`boundaries::repaired`) for each feature whose rings were repaired.
///
/// # Errors
/// As [`read_area`].
pub fn read_area_noted(path: &Path) -> Result<(MultiPolygon<f64>, Vec<Fault>)> {
    let mut faults = Faults::default();
    let mut shapes = Vec::new();
    let mut repairs = Vec::new();
    let file = Features::open(path, &SUBJECT)?;
    for (i, feature) in file.list.into_iter().enumerate() {
        let place = place_of(file.unit, i, &feature.properties.unwrap_or_default(), "name");
        match shape_of(feature.geometry.map(|g| g.value)) {
            Err(wrong) => faults.push(wrong.file(path).place(place)),
            Ok((shape, mends)) => {
                repairs.extend(repaired(path, &place, mends));
                shapes.push(shape);
            }
        }
    }
    faults.finish()?;
    // unary_union wants one winding for all; shape_of has given it.
    let area = unary_union(&shapes);
    if area.0.is_empty() {
        return Err(Fault::new("boundaries::empty", "the polygons have no area")
            .file(path)
            .help("give at least one polygon wider than a line")
            .into());
    }
    Ok((area, repairs))
}

/// The note of a feature's repair, if there was one.
fn repaired(path: &Path, place: &str, mends: Option<String>) -> Option<Fault> {
    let note = Fault::new("boundaries::repaired", mends?).file(path).place(place);
    Some(note.help("look at the feature on the map; correct the file to be rid of this note"))
}

fn place_of(unit: &str, index: usize, properties: &JsonObject, name: &str) -> String {
    match text(properties.get(name)) {
        Some(name) => format!("{unit} {} ({})", index + 1, tidy(&name)),
        None => format!("{unit} {}", index + 1),
    }
}

/// The text of a property that is a filled text or a number.
fn text(value: Option<&JsonValue>) -> Option<String> {
    match value? {
        JsonValue::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
        JsonValue::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn keys(properties: &JsonObject) -> String {
    if properties.is_empty() {
        return "no properties".into();
    }
    properties.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}
