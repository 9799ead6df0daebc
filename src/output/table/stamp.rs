//! What every table of a run says of the run: the program, the inputs, the quality of the plan.

use std::path::Path;

use serde_json::{Value, json};

use crate::error::Result;
use crate::output::manifest;
use crate::output::schema::Table;
use crate::rollout::Rollout;
use crate::study::Study;

/// The key under which a table tells of its run, in JSON.
pub const KEY: &str = "gandan";

/// The folder of a run that is being written, and what its tables say of the run.
pub struct RunFolder<'a> {
    path: &'a Path,
    inputs: Value,
    stamp: Stamp,
}

impl<'a> RunFolder<'a> {
    /// Prepares the writing of a run into `path`; takes the hashes of its inputs.
    ///
    /// # Errors
    /// An input has gone since it was read.
    pub fn new(path: &'a Path, study: &Study, plan: &Rollout) -> Result<Self> {
        let scenario = &study.scenario;
        let inputs = manifest::inputs(study)?;
        // Names alone: where the inputs lay says nothing to others, and makes equal runs differ.
        let named = inputs.as_array().into_iter().flatten().map(|input| {
            let file = Path::new(input["file"].as_str().unwrap_or_default()).file_name().unwrap_or_default();
            json!({ "file": file.to_string_lossy(), "sha256": input["sha256"] })
        });
        let stamp = Stamp(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "title": scenario.title,
            "synthetic": scenario.synthetic,
            "attribution": scenario.attribution,
            "inputs": named.collect::<Vec<_>>(),
            "largest_gap": plan.phases.iter().map(|p| p.proof.gap).fold(0.0, f64::max),
            "phases": plan.phases.iter().map(|p| json!({ "gap": p.proof.gap, "status": p.proof.status })).collect::<Vec<_>>(),
        }));
        Ok(RunFolder { path, inputs, stamp })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// The path of a file in it.
    pub fn join(&self, file: &str) -> std::path::PathBuf {
        self.path.join(file)
    }

    /// The files of the inputs with their hashes.
    pub(in crate::output) fn inputs(&self) -> &Value {
        &self.inputs
    }

    /// What its tables say of the run.
    pub(in crate::output) fn stamp(&self) -> &Stamp {
        &self.stamp
    }
}

/// What a table says of what made it.
pub struct Stamp(Value);

impl Default for Stamp {
    /// Of a table outside a run: the version of gandan alone.
    fn default() -> Stamp {
        Stamp(json!({ "version": env!("CARGO_PKG_VERSION") }))
    }
}

impl Stamp {
    /// The value of the key [`KEY`] for a table: the run, and what rows and columns of the table are.
    pub(super) fn of_table(&self, table: &Table) -> String {
        let mut told = self.0.clone();
        let column = |c: &crate::output::schema::Column| {
            let unit = (!c.unit.is_empty()).then_some(c.unit);
            (c.name.to_owned(), json!({ "meaning": c.meaning, "unit": unit }))
        };
        told["table"] = json!(table.file);
        told["row"] = json!(table.row);
        told["columns"] = Value::Object(table.columns.iter().map(column).collect());
        told.to_string()
    }
}
