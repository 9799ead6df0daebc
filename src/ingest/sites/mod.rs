//! Candidate sites and standing ones, from CSV. A missing value is unknown, never false.

mod inside;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use csv::ByteRecord;

use crate::error::{Fault, Faults, Result};
use crate::units::LonLat;
pub use inside::check_inside;

/// A place that could become an agent, or is one already.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Site {
    /// Unique in its file.
    pub id: String,
    /// As written in the file.
    pub name: String,
    /// Where it stands.
    pub at: LonLat,
    /// Whether it stands already and so is open in every plan.
    pub fixed: bool,
    /// Cost of opening, in thousandths of the scenario's unit of money.
    pub cost_milli: Option<u64>,
    /// What it can handle, in thousandths of the scenario's unit of demand.
    pub capacity_milli: Option<u64>,
    /// Kind of organisation: `postal`, `it`, `licensed`, …
    pub organisation: Option<String>,
    /// The firm that runs it.
    pub operator: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// How the place was found, e.g. `osm` or `commune point`.
    pub position: Option<String>,
    /// The code of its ward or commune.
    pub ward_code: Option<String>,
    /// What the eligibility conditions ask for.
    pub attributes: Attributes,
}

/// What the eligibility conditions ask for; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    /// Years in a fitting field.
    pub years_in_field: Option<f64>,
    /// Charter capital in VND.
    pub charter_capital_vnd: Option<u64>,
    /// Has fast internet.
    pub fast_internet: Option<bool>,
    /// Number of computers; a plain yes counts as 1.
    pub computers: Option<u32>,
    /// Has a spare computer.
    pub spare_computer: Option<bool>,
    /// Has a scanner.
    pub scanner: Option<bool>,
    /// Has a copier.
    pub copier: Option<bool>,
    /// Has cameras that run 24 hours.
    pub cameras_24h: Option<bool>,
    /// Days for which the cameras keep their pictures.
    pub camera_days_kept: Option<u32>,
}

const REQUIRED: [&str; 4] = ["id", "name", "lon", "lat"];

/// Reads sites from CSV (UTF-8, commas, a header with the columns in any order; columns with other names are ignored).
///
/// Needed: `id`, `name`, `lon`, `lat`. Read where present: `organisation`, `operator`, `address`, `ward_code`,
/// `position`, `fixed`, `cost`, `capacity`, `years_in_field`, `charter_capital_vnd`, `fast_internet`, `computers`,
/// `spare_computer`, `scanner`, `copier`, `cameras_24h`, `camera_days_kept`. Yes and no are `true`/`false`, `yes`/`no`,
/// `có`/`không` or `1`/`0`. A blank field is unknown; a blank `fixed` is `fixed_default`. Sites come in the file's order.
///
/// # Errors
/// All faults of the file together, with line numbers: missing or repeated columns, no rows, not UTF-8, rows of another
/// length, blank or repeated ids, blank names, values that are no numbers or no yes or no, places not on the Earth.
pub fn read_sites(path: &Path, fixed_default: bool) -> Result<Vec<Site>> {
    let file = File::open(path).map_err(|e| Fault::io("open", path, &e))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let broken = |e: csv::Error| {
        Fault::new("sites::csv", format!("not a table: {e}")).file(path).help("give UTF-8 CSV with a header")
    };
    let header = Header::new(path, reader.byte_headers().map_err(broken)?)?;
    let mut faults = Faults::default();
    let mut sites = Vec::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = Row { path, line, header: &header, record: &record, faults: &mut faults };
        let Some(site) = row.site(fixed_default) else { continue };
        if let Some(first) = seen.insert(site.id.clone(), line) {
            row.fault(
                "sites::duplicate",
                format!("the id `{}` is also that of line {first}", site.id),
                "ids must be unique",
            );
        }
        sites.push(site);
    }
    faults.finish()?;
    if sites.is_empty() {
        return Err(Fault::new("sites::empty", "no sites").file(path).help("give at least one row").into());
    }
    Ok(sites)
}

/// Where each column stands.
struct Header {
    columns: HashMap<String, usize>,
    width: usize,
}

impl Header {
    fn new(path: &Path, record: &ByteRecord) -> Result<Header> {
        let fault = |code, message: String| Fault::new(code, message).file(path).place("line 1");
        let mut columns = HashMap::new();
        for (i, name) in record.iter().enumerate() {
            let name = std::str::from_utf8(name).map_err(|_| not_utf8(path, 1))?;
            let name = name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
            if columns.insert(name.clone(), i).is_some() && !name.is_empty() {
                return Err(fault("sites::columns", format!("the column `{name}` stands twice"))
                    .help("keep one of them")
                    .into());
            }
        }
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !columns.contains_key(*name)).collect();
        if !missing.is_empty() {
            let semicolons = columns.keys().any(|name| name.contains(';'));
            let help = if semicolons {
                "the fields seem to be separated by semicolons; separate them with commas"
            } else {
                "the header needs id, name, lon and lat, separated by commas"
            };
            let found = format!("no column {}", missing.join(", "));
            return Err(fault("sites::columns", found).help(help).into());
        }
        Ok(Header { columns, width: record.len() })
    }
}

fn not_utf8(path: &Path, line: u64) -> Fault {
    Fault::new("sites::utf8", "not UTF-8")
        .file(path)
        .place(format!("line {line}"))
        .help("save the file as UTF-8 (in Excel: \"CSV UTF-8\")")
}

/// One row while it is read; what is wrong with it is collected.
struct Row<'a> {
    path: &'a Path,
    line: u64,
    header: &'a Header,
    record: &'a ByteRecord,
    faults: &'a mut Faults,
}

impl Row<'_> {
    fn site(&mut self, fixed_default: bool) -> Option<Site> {
        if self.record.len() != self.header.width {
            let found = format!("{} fields, but the header has {}", self.record.len(), self.header.width);
            self.fault("sites::csv", found, "put fields that hold commas into double quotes");
            return None;
        }
        if self.record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            self.faults.push(not_utf8(self.path, self.line));
            return None;
        }
        // All fields are read before the first missing one ends the row, so that its faults come together.
        let (id, name, at) = (self.needed("id"), self.needed("name"), self.place());
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
        let text = |name| self.field(name).map(str::to_owned);
        Some(Site {
            organisation: text("organisation"),
            operator: text("operator"),
            address: text("address"),
            position: text("position"),
            ward_code: text("ward_code"),
            id: id?,
            name: name?,
            at: at?,
            fixed,
            cost_milli,
            capacity_milli,
            attributes,
        })
    }

    fn fault(&mut self, code: &'static str, message: String, help: &str) {
        self.faults.push(Fault::new(code, message).file(self.path).place(format!("line {}", self.line)).help(help));
    }

    /// A field that is there and not blank.
    fn field(&self, name: &str) -> Option<&str> {
        let field = self.record.get(*self.header.columns.get(name)?)?;
        let text = std::str::from_utf8(field).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn needed(&mut self, name: &'static str) -> Option<String> {
        let value = self.field(name).map(str::to_owned);
        if value.is_none() {
            self.fault("sites::blank", format!("`{name}` is blank"), "every site needs an id, a name, lon and lat");
        }
        value
    }

    fn place(&mut self) -> Option<LonLat> {
        let (lon, lat) = (self.coordinate("lon"), self.coordinate("lat"));
        let (lon, lat) = (lon?, lat?);
        let (in_lon, in_lat) = ((-180.0..=180.0).contains(&lon), (-90.0..=90.0).contains(&lat));
        if in_lon && in_lat {
            return Some(LonLat { lon, lat });
        }
        let help = if (-90.0..=90.0).contains(&lon) && (-180.0..=180.0).contains(&lat) {
            "lon and lat seem to be swapped"
        } else {
            "lon runs from -180 to 180, lat from -90 to 90, in degrees; projected metres must be converted"
        };
        self.fault("sites::place", format!("lon {lon}, lat {lat} is no place on the Earth"), help);
        None
    }

    fn coordinate(&mut self, name: &'static str) -> Option<f64> {
        let text = self.needed(name)?;
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        if value.is_none() {
            self.fault("sites::number", format!("{name} `{text}` is not a number"), "write degrees like 105.8523");
        }
        value
    }

    /// A number from 0 to `most`.
    fn number(&mut self, name: &'static str, most: f64) -> Option<f64> {
        let text = self.field(name)?.to_owned();
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
        let text = self.field(name)?.to_owned();
        let value = yes_or_no(&text);
        if value.is_none() {
            let help = "write true or false, yes or no, có or không, 1 or 0, or leave it blank if unknown";
            self.fault("sites::yes_no", format!("{name} `{text}` is neither yes nor no"), help);
        }
        value
    }

    /// A count, or a plain yes (1) or no (0).
    fn computers(&mut self) -> Option<u32> {
        match self.field("computers").and_then(yes_or_no) {
            Some(has) => Some(u32::from(has)),
            None => self.number("computers", 1e6).map(|n| n as u32),
        }
    }
}

fn milli(value: f64) -> u64 {
    (value * 1000.0).round() as u64
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        // The Vietnamese words in composed and in decomposed letters.
        "true" | "yes" | "1" | "có" | "co\u{301}" => Some(true),
        "false" | "no" | "0" | "không" | "kho\u{302}ng" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
