//! The service catalogue: which procedures people come for, how long each takes and how often it is asked for.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Faults, Result};
use crate::limits;
use crate::scenario::Text;

/// The shipped catalogue, an assumption.
const SHIPPED: &str = include_str!("../../data/services.toml");

/// The city's limit: minutes of direct handling of one dossier.
pub const MOST_MINUTES: f64 = 15.0;

/// The procedures at the agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Whether the numbers are assumed and not counted; said wherever results rest on them.
    #[serde(default)]
    pub assumption: bool,
    /// Where the numbers come from.
    pub source: String,
    /// At least one.
    pub services: Vec<Service>,
}

/// A procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Unique in the catalogue.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// Minutes at the counter for one dossier.
    pub minutes: f64,
    /// Dossiers a year for 1,000 residents, filed in any way.
    pub yearly_per_1000: f64,
}

impl Catalogue {
    /// The shipped catalogue.
    ///
    /// # Errors
    /// It is broken, which a test rules out.
    pub fn shipped() -> Result<Catalogue> {
        Self::parse(SHIPPED, Path::new("data/services.toml"))
    }

    /// Reads a catalogue of one's own, in the format of the shipped one.
    ///
    /// # Errors
    /// `services::toml` for what is not such a file, `services::value` for numbers out of range, `services::code` for
    /// codes that stand twice, `services::empty`.
    pub fn read(path: &Path) -> Result<Catalogue> {
        let help = "keep one [[services]] for each procedure";
        let most = limits::TOML_BYTES;
        let text = limits::read_text("read the service catalogue", path, "a service catalogue", most, help)?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Catalogue> {
        let catalogue: Catalogue = toml::from_str(text).map_err(|e| {
            let message = e.message().lines().next().unwrap_or("not valid TOML").to_owned();
            let fault = Fault::new("services::toml", message)
                .file(path)
                .help("each [[services]] needs code, name = { vi, en }, minutes and yearly_per_1000");
            match e.span() {
                Some(span) => fault.snippet(text, span),
                None => fault,
            }
        })?;
        let mut faults = Faults::default();
        for (i, service) in catalogue.services.iter().enumerate() {
            let mut wrong = |code, message: String, help: &str| {
                faults
                    .push(Fault::new(code, message).file(path).place(format!("service `{}`", service.code)).help(help));
            };
            if catalogue.services[..i].iter().any(|s| s.code == service.code) {
                wrong("services::code", "the code stands twice".into(), "give every service a code of its own");
            }
            if !(service.minutes > 0.0 && service.minutes <= 600.0) {
                let found = format!("{} minutes a dossier", service.minutes);
                wrong("services::value", found, "give minutes above 0, at most 600");
            }
            if !(0.0..=100_000.0).contains(&service.yearly_per_1000) {
                let found = format!("{} dossiers a year for 1,000 residents", service.yearly_per_1000);
                wrong("services::value", found, "give a number from 0 to 100000");
            }
        }
        if catalogue.services.is_empty() {
            let fault = Fault::new("services::empty", "the catalogue holds no service");
            faults.push(fault.file(path).help("give at least one [[services]]"));
        }
        faults.finish()?;
        Ok(catalogue)
    }

    /// Dossiers a year for one resident, all services together.
    pub fn yearly_per_person(&self) -> f64 {
        self.services.iter().map(|s| s.yearly_per_1000).sum::<f64>() / 1000.0
    }

    /// Mean minutes of a dossier; 0 where nothing is asked for.
    pub fn mean_minutes(&self) -> f64 {
        let dossiers: f64 = self.services.iter().map(|s| s.yearly_per_1000).sum();
        let minutes: f64 = self.services.iter().map(|s| s.yearly_per_1000 * s.minutes).sum();
        if dossiers > 0.0 { minutes / dossiers } else { 0.0 }
    }

    /// Services that take longer than the city allows.
    pub fn too_long(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|s| s.minutes > MOST_MINUTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Catalogue> {
        Catalogue::parse(text, Path::new("services.toml"))
    }

    fn service(code: &str, minutes: f64, yearly: f64) -> String {
        format!(
            "[[services]]\ncode = \"{code}\"\nname = {{ vi = \"a\", en = \"b\" }}\nminutes = {minutes}\n\
             yearly_per_1000 = {yearly}\n"
        )
    }

    #[test]
    fn the_shipped_catalogue_is_thirty_procedures_within_the_citys_limit() {
        let shipped = Catalogue::shipped().unwrap();
        assert!(shipped.assumption);
        assert_eq!(shipped.services.len(), 30);
        assert_eq!(shipped.too_long().count(), 0);
        assert!(shipped.services.iter().all(|s| !s.name.vi.is_empty() && s.name.vi != s.name.en));
    }

    #[test]
    fn volumes_and_minutes_by_hand() {
        // 30 dossiers of 10 minutes and 10 of 14 a year for 1,000 people: 0.04 a person, (300 + 140) / 40 = 11 minutes.
        let text = format!("source = \"s\"\n{}{}", service("a", 10.0, 30.0), service("b", 14.0, 10.0));
        let catalogue = parse(&text).unwrap();
        assert!((catalogue.yearly_per_person() - 0.04).abs() < 1e-12);
        assert!((catalogue.mean_minutes() - 11.0).abs() < 1e-12);
        assert!(!catalogue.assumption);
        assert_eq!(parse(&format!("source = \"s\"\n{}", service("a", 10.0, 0.0))).unwrap().mean_minutes(), 0.0);
    }

    #[test]
    fn what_is_wrong_is_told_together() {
        let text = format!("source = \"s\"\n{}{}", service("a", 0.0, -1.0), service("a", 16.0, 1.0));
        let codes: Vec<_> = parse(&text).unwrap_err().faults().iter().map(|f| f.code).collect();
        assert_eq!(codes, ["services::value", "services::value", "services::code"]);
        assert_eq!(parse("source = \"s\"\nservices = []").unwrap_err().faults()[0].code, "services::empty");
        assert_eq!(parse("minutes = 3").unwrap_err().faults()[0].code, "services::toml");
        let long = parse(&format!("source = \"s\"\n{}", service("a", 16.0, 1.0))).unwrap();
        assert_eq!(long.too_long().count(), 1);
    }
}
