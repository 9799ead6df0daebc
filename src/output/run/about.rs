//! What the manifest tells of a run.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Fault, Result};
use crate::output::read::{NO_RUN, Standard};
pub use crate::scenario::Source;
use crate::scenario::Text;

/// An input file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InputFile {
    /// Its path as the run read it.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

impl InputFile {
    /// Its name with its folder; what lies above says more of the machine than of the data.
    pub fn name(&self) -> String {
        let parts: Vec<&str> = self.file.split(['/', '\\']).filter(|p| !p.is_empty()).collect();
        parts[parts.len().saturating_sub(2)..].join("/")
    }
}

/// A travel mode.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Mode {
    /// Its name in tables.
    pub id: String,
    /// Its name for people.
    pub name: Text,
    /// Its share of the people, 0 to 1.
    pub share: f64,
}

/// What was asked of a phase.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PhaseAsked {
    /// Its name.
    pub name: Text,
    /// First day, YYYY-MM-DD.
    pub starts: String,
    /// Last day, YYYY-MM-DD.
    pub ends: Option<String>,
    /// `nothing`, `most-people`, `worst-first` or `fewest-for-all`.
    pub opens: String,
    /// Where it opens agents and by whom it is judged; everywhere if absent.
    pub scope: Option<ScopeName>,
}

/// The name of a scope.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ScopeName {
    /// Its name.
    pub name: Text,
}

/// A boundary layer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LayerName {
    /// Its name in tables.
    pub id: String,
    /// Its name for people.
    pub name: Text,
}

/// What the manifest tells of a run.
#[derive(Debug, Clone)]
pub struct About {
    /// The version of gandan that made it.
    pub version: String,
    /// What the run is called.
    pub title: Text,
    /// Whether any input is made up; to be said wherever results are shown.
    pub synthetic: bool,
    /// Lines that must stand with the results: sources and licences.
    pub attribution: Vec<String>,
    /// Assumptions that readers should know.
    pub notes: Vec<Text>,
    /// The input files, by path.
    pub inputs: Vec<InputFile>,
    /// Where the data come from and of when they are, as far as the scenario tells.
    pub sources: Vec<Source>,
    /// The standard of service.
    pub standard: Standard,
    /// The travel modes; the first is the most used.
    pub modes: Vec<Mode>,
    /// The phases as asked for.
    pub phases: Vec<PhaseAsked>,
    /// The boundary layers in the order of the scenario; the first is that of place names.
    pub layers: Vec<LayerName>,
}

/// The parts of a manifest that are read by their shape.
#[derive(Deserialize)]
struct Parts {
    gandan: String,
    title: Text,
    synthetic: bool,
    attribution: Vec<String>,
    notes: Vec<Text>,
    inputs: Vec<InputFile>,
    sources: Vec<Source>,
    layers: Vec<LayerName>,
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    modes: Vec<Mode>,
    phases: Vec<PhaseAsked>,
}

impl About {
    pub(super) fn of_manifest(folder: &Path, manifest: &Value) -> Result<About> {
        let parts = Parts::deserialize(manifest).map_err(|e| {
            Fault::new("run::manifest", format!("it does not tell what a run is made of: {e}"))
                .file(folder.join("manifest.json"))
                .help(NO_RUN)
        })?;
        Ok(About {
            version: parts.gandan,
            title: parts.title,
            synthetic: parts.synthetic,
            attribution: parts.attribution,
            notes: parts.notes,
            inputs: parts.inputs,
            sources: parts.sources,
            standard: Standard::of_manifest(folder, manifest)?,
            modes: parts.settings.modes,
            phases: parts.settings.phases,
            layers: parts.layers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_nothing_of_the_machine() {
        let name = |file: &str| InputFile { file: file.to_owned(), sha256: String::new() }.name();
        assert_eq!(name("/home/someone/data/demo/sites.csv"), "demo/sites.csv");
        assert_eq!(name("C:\\Users\\me\\sites.csv"), "me/sites.csv");
        assert_eq!((name("sites.csv"), name("")), ("sites.csv".into(), String::new()));
    }
}
