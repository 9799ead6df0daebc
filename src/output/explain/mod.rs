//! Why a site is in the plan or is not, and how the people of a place fare, from the tables of a finished run alone.
//!
//! * [`site()`]: everything the run knows of a site
//! * [`place()`]: who serves a demand cell, phase by phase and mode by mode, and what would serve it where nobody does
//! * `words`: both as plain English

mod place;
mod site;
mod words;

use std::path::Path;

use serde::Serialize;

use super::read::{self, Rows, Standard};
use super::schema::{PHASES, SITES};
use crate::error::{Fault, Result};
use crate::ingest::names::{closest, fold_name};
use crate::units::LonLat;

pub use place::{Asked, ModeStory, PhaseOfPlace, Place, Reached, place};
pub use site::{PhaseOfSite, SiteStory, site};

/// A phase as its table tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseName {
    /// Its number, from 1.
    pub phase: u32,
    /// Its name in English.
    pub name: String,
    /// First day, YYYY-MM-DD.
    pub starts: String,
}

/// What both questions need of a run.
struct Run<'a> {
    folder: &'a Path,
    standard: Standard,
    synthetic: bool,
    phases: Vec<PhaseName>,
    sites: Sites,
}

/// Ids, names and places of all sites.
struct Sites {
    ids: Vec<String>,
    names: Vec<String>,
    at: Vec<LonLat>,
}

impl Sites {
    fn index(&self, id: &str) -> Option<usize> {
        self.ids.iter().position(|known| known == id)
    }

    /// The name of a site.
    fn name(&self, id: &str) -> String {
        self.index(id).map_or_else(|| id.to_owned(), |at| self.names[at].clone())
    }

    /// The site of an id, or of a name that only one site has.
    fn find(&self, wanted: &str) -> Result<usize> {
        let wanted_name = fold_name(wanted);
        let mut named = (0..self.ids.len()).filter(|&s| fold_name(&self.names[s]) == wanted_name);
        if let Some(at) = self.index(wanted) {
            return Ok(at);
        }
        match (named.next(), named.next()) {
            (Some(only), None) => return Ok(only),
            (Some(first), Some(second)) => {
                let ids: Vec<&str> =
                    [first, second].into_iter().chain(named).take(10).map(|s| self.ids[s].as_str()).collect();
                return Err(Fault::new("run::site", format!("several sites are named `{wanted}`"))
                    .help(format!("give the id of one: {}", ids.join(", ")))
                    .into());
            }
            _ => {}
        }
        let mut near: Vec<String> =
            closest(wanted, self.ids.iter().map(String::as_str), 3).into_iter().map(|id| format!("`{id}`")).collect();
        for name in closest(wanted, self.names.iter().map(String::as_str), 3) {
            if let Some(at) = self.names.iter().position(|known| known == name) {
                near.push(format!("`{}` ({name})", self.ids[at]));
            }
        }
        near.dedup();
        let help = match near.is_empty() {
            true => "the ids stand in sites.parquet of the run".to_owned(),
            false => format!("did you mean {}?", near.join(", ")),
        };
        Err(Fault::new("run::site", format!("the run has no site `{wanted}`")).help(help).into())
    }
}

impl<'a> Run<'a> {
    fn open(folder: &'a Path) -> Result<Run<'a>> {
        let manifest = read::manifest(folder)?;
        let standard = Standard::of_manifest(folder, &manifest)?;
        let phases = Rows::read(folder, &PHASES, &["phase", "name_en", "starts"])?;
        let (names, starts) = (phases.texts("name_en")?, phases.texts("starts")?);
        let phases = phases.wholes("phase")?.into_iter().zip(names).zip(starts);
        let phases = phases.map(|((phase, name), starts)| PhaseName { phase, name, starts }).collect();
        let sites = Rows::read(folder, &SITES, &["site", "name", "lon", "lat"])?;
        let at = sites.numbers("lon")?.into_iter().zip(sites.numbers("lat")?);
        let sites = Sites {
            ids: sites.texts("site")?,
            names: sites.texts("name")?,
            at: at.map(|(lon, lat)| LonLat { lon, lat }).collect(),
        };
        Ok(Run { folder, standard, synthetic: manifest["synthetic"].as_bool().unwrap_or(false), phases, sites })
    }

    /// The phases asked for: one, or all.
    fn phases(&self, only: Option<u32>) -> Result<Vec<PhaseName>> {
        let kept: Vec<PhaseName> =
            self.phases.iter().filter(|p| only.is_none_or(|only| only == p.phase)).cloned().collect();
        if kept.is_empty() {
            let message = format!("the run has no phase {}", only.unwrap_or_default());
            let help = format!("phases are numbered from 1 to {}", self.phases.len());
            return Err(Fault::new("run::phase", message).file(self.folder).help(help).into());
        }
        Ok(kept)
    }
}
