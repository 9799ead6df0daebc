//! One row of a file of sites: its cells become a site, or faults.

use std::borrow::Cow;

use geojson::JsonValue;

use super::places::degrees_minutes_seconds;
use super::table::{Cells, Table};
use super::{Attributes, Site};
use crate::error::{Fault, Faults};
use crate::ingest::names::tidy;
use crate::texts::{HELP, MOST_ID, MOST_NAME, MOST_TEXT, refusal};
use crate::units::LonLat;

/// One row while it is read; what is wrong with it is collected.
pub(super) struct Row<'a> {
    pub(super) table: &'a Table,
    pub(super) number: usize,
    pub(super) cells: &'a Cells,
    pub(super) faults: &'a mut Faults,
}

impl Row<'_> {
    pub(super) fn site(&mut self, fixed_default: bool) -> Option<Site> {
        // All fields are read before the first missing one ends the row, so that its faults come together.
        let (id, name, at) = (self.needed("id"), self.needed("name"), self.place());
        let id = id.map(|id| self.let_in("id", id, MOST_ID));
        let name = name.map(|name| self.let_in("name", tidy(&name), MOST_NAME));
        let cost_milli = self.number("cost", 1e15).map(milli);
        let capacity_milli = self.number("capacity", 1e15).map(milli);
        let fixed = self.yes_no("fixed").unwrap_or(fixed_default);
        let attributes = Attributes {
            years_in_field: self.number("years_in_field", 1000.0),
            charter_capital_vnd: self.number("charter_capital_vnd", 1e18).map(|n| n as u64),
            fast_internet: self.yes_no("fast_internet"),
            computers: self.computers(),
            spare_computer: self.yes_no("spare_computer"),
            scanner: self.yes_no("scanner"),
            copier: self.yes_no("copier"),
            cameras_24h: self.yes_no("cameras_24h"),
            camera_days_kept: self.number("camera_days_kept", 1e6).map(|n| n as u32),
        };
        Some(Site {
            organisation: self.text("organisation"),
            operator: self.text("operator"),
            address: self.text("address"),
            position: self.text("position"),
            ward_code: self.text("ward_code"),
            id: id?,
            name: name?,
            at: at?,
            fixed,
            cost_milli,
            capacity_milli,
            attributes,
        })
    }

    pub(super) fn fault(&mut self, code: &'static str, message: String, help: &str) {
        let place = self.table.place(self.number);
        self.faults.push(Fault::new(code, message).file(&self.table.path).place(place).help(help));
    }

    /// A cell that is there and not blank, as text.
    fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = match self.table.cell(self.cells, name)? {
            JsonValue::String(text) => Cow::Borrowed(text.trim()),
            // Other tools turn whole numbers into floating point where a value is missing.
            JsonValue::Number(number) => Cow::Owned(match number.as_f64() {
                Some(n) if number.is_f64() && n.fract() == 0.0 && n.abs() < 2f64.powi(53) => (n as i64).to_string(),
                _ => number.to_string(),
            }),
            JsonValue::Bool(flag) => Cow::Owned(flag.to_string()),
            // Lists and objects are told where a number or a yes is wanted.
            other => Cow::Owned(other.to_string()),
        };
        (!text.is_empty()).then_some(text)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.field(name).map(Cow::into_owned)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.field(name).map(|text| tidy(&text))?;
        Some(self.let_in(name, text, MOST_TEXT))
    }

    /// A text; a fault where it holds what is refused at the door.
    fn let_in(&mut self, name: &str, text: String, most: usize) -> String {
        if let Some(refused) = refusal(&text, most) {
            self.fault("sites::text", format!("{name}: {refused}"), HELP);
        }
        text
    }

    fn needed(&mut self, name: &'static str) -> Option<String> {
        let value = self.owned(name);
        if value.is_none() {
            self.fault("sites::blank", format!("`{name}` is blank"), "every site needs an id, a name, lon and lat");
        }
        value
    }

    fn place(&mut self) -> Option<LonLat> {
        let (lon, lat) = if self.table.has_geometry {
            // A row without a point has its fault already.
            let LonLat { lon, lat } = self.cells.point?;
            (lon, lat)
        } else {
            let (lon, lat) = (self.coordinate("lon"), self.coordinate("lat"));
            (lon?, lat?)
        };
        let (in_lon, in_lat) = ((-180.0..=180.0).contains(&lon), (-90.0..=90.0).contains(&lat));
        if in_lon && in_lat {
            return Some(LonLat { lon, lat });
        }
        let help = if (-90.0..=90.0).contains(&lon) && (-180.0..=180.0).contains(&lat) {
            "lon and lat seem to be swapped"
        } else if lon.abs() >= 10_000.0 && lat.abs() >= 10_000.0 {
            "these seem to be projected metres; convert them to degrees: lon runs from -180 to 180, lat from -90 to 90"
        } else {
            "lon runs from -180 to 180, lat from -90 to 90, in degrees; a decimal point seems to be lost or misplaced, \
             and projected metres must be converted"
        };
        self.fault("sites::place", format!("lon {lon}, lat {lat} is no place on the Earth"), help);
        None
    }

    fn coordinate(&mut self, name: &'static str) -> Option<f64> {
        let text = self.needed(name)?;
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        if value.is_none() {
            let help = match degrees_minutes_seconds(&text) {
                Some(degrees) => format!(
                    "degrees, minutes and seconds are written as one number with decimals: {degrees:.6} instead of {text}"
                ),
                None if text.contains(',') && text.replacen(',', ".", 1).parse::<f64>().is_ok() => {
                    format!("write a decimal point: {}", text.replacen(',', ".", 1))
                }
                None => "write degrees like 105.8523".to_owned(),
            };
            self.fault("sites::number", format!("{name} `{text}` is not a number"), &help);
        }
        value
    }

    /// A number from 0 to `most`.
    fn number(&mut self, name: &'static str, most: f64) -> Option<f64> {
        let text = self.owned(name)?;
        let value = text.parse::<f64>().ok().filter(|v| (0.0..=most).contains(v));
        if value.is_none() {
            let help = format!(
                "write a number from 0 to {most} with digits and a decimal point only, or leave it blank if unknown"
            );
            self.fault("sites::number", format!("{name} `{text}` is not a number"), &help);
        }
        value
    }

    fn yes_no(&mut self, name: &'static str) -> Option<bool> {
        let text = self.owned(name)?;
        let value = yes_or_no(&text);
        if value.is_none() {
            let help = "write true or false, yes or no, có or không, 1 or 0, or leave it blank if unknown";
            self.fault("sites::yes_no", format!("{name} `{text}` is neither yes nor no"), help);
        }
        value
    }

    /// A count, or a plain yes (1) or no (0).
    fn computers(&mut self) -> Option<u32> {
        match self.field("computers").and_then(|text| yes_or_no(&text)) {
            Some(has) => Some(u32::from(has)),
            None => self.number("computers", 1e6).map(|n| n as u32),
        }
    }
}

fn milli(value: f64) -> u64 {
    (value * 1000.0).round() as u64
}

/// Yes or no in English or Vietnamese, in composed or decomposed letters, in any case.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match tidy(text).to_lowercase().as_str() {
        "true" | "yes" | "1" | "có" => Some(true),
        "false" | "no" | "0" | "không" => Some(false),
        _ => None,
    }
}
