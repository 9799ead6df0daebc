//! The mutants: what `cargo mutants --list --json` names.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Result;

/// One change of the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mutant {
    /// Its number in the switch; numbers begin at 1 and hold for one list.
    #[serde(default)]
    pub id: u32,
    /// Path from the project's root.
    pub file: String,
    /// `FnValue`, `BinaryOperator`, `UnaryOperator`, `MatchArm`, `MatchArmGuard` or `StructField`.
    pub genre: String,
    /// `file:line:column: what`, as `cargo mutants` names it: the key of the results.
    pub name: String,
    /// The text that takes the place.
    pub replacement: String,
    /// What is replaced.
    pub span: Span,
}

/// A stretch of a file; lines and columns are counted from 1, in characters.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Span {
    pub start: Place,
    pub end: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// Asks `cargo mutants` for the mutants of some folders.
pub fn list(project: &Path, folders: &[String]) -> Result<Vec<Mutant>> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--list", "--json"]).current_dir(project);
    for folder in folders {
        command.args(["-f", &format!("src/{folder}/**")]);
    }
    let output = command.output().map_err(|e| format!("cargo mutants does not start: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo mutants: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&output.stdout)?;
    mutants.sort_by(|a, b| (&a.file, a.span.start, &a.name).cmp(&(&b.file, b.span.start, &b.name)));
    for (mutant, id) in mutants.iter_mut().zip(1..) {
        mutant.id = id;
    }
    Ok(mutants)
}

/// The mutants of each file.
pub fn by_file(mutants: &[Mutant]) -> BTreeMap<&str, Vec<&Mutant>> {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    files
}
