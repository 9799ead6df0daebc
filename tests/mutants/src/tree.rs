//! The woven copy of the project, and its builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;
use crate::list::{Mutant, by_file};
use crate::weave::{Region, weave};

/// What of the project is not copied.
const LEFT_OUT: [&str; 6] = [".git", "target", "out", "node_modules", "mutants", "notebooks"];

/// A copy of the project with switches.
pub struct Tree<'a> {
    pub project: &'a Path,
    pub root: PathBuf,
    pub target: PathBuf,
}

/// Where the switches of each file stand.
type Regions = BTreeMap<String, Vec<Region>>;

impl Tree<'_> {
    /// Writes the copy with all mutants but those in `without`; files that do not change are left alone, so that Cargo
    /// sees what is new. Returns the places of the switches, and the mutants that have none.
    pub fn write(&self, mutants: &[Mutant], without: &BTreeSet<u32>) -> Result<(Regions, Vec<(u32, &'static str)>)> {
        let files = by_file(mutants);
        let own = files.keys().copied().chain(["Cargo.toml", "src/lib.rs"]).map(|f| self.project.join(f)).collect();
        copy(self.project, &self.root, &own)?;
        let manifest = fs::read_to_string(self.project.join("Cargo.toml"))?;
        // A workspace of its own, of this one package.
        let start = manifest.find("[workspace]").ok_or("Cargo.toml has no [workspace]")?;
        let end = manifest[start + 1..].find("\n[").map_or(manifest.len(), |n| start + 1 + n);
        put(&self.root.join("Cargo.toml"), &format!("{}[workspace]\n{}", &manifest[..start], &manifest[end..]))?;
        let lib = fs::read_to_string(self.project.join("src/lib.rs"))?;
        put(&self.root.join("src/lib.rs"), &format!("#![allow(warnings)]\n{lib}\n#[doc(hidden)]\npub mod mutant;\n"))?;
        let words = mutants.len() / 64 + 1;
        let switch = include_str!("switch.txt");
        put(&self.root.join("src/mutant.rs"), &format!("{switch}\nconst WORDS: usize = {words};\n"))?;

        let (mut regions, mut refused) = (Regions::new(), Vec::new());
        for (file, all) in files {
            let source = fs::read_to_string(self.project.join(file))?;
            let wanted: Vec<&Mutant> = all.iter().copied().filter(|m| !without.contains(&m.id)).collect();
            let woven = weave(&source, &wanted).map_err(|e| format!("{file}: {e}"))?;
            put(&self.root.join(file), &woven.text)?;
            regions.insert(file.to_string(), woven.regions);
            refused.extend(woven.refused);
        }
        Ok((regions, refused))
    }

    /// A Cargo command in the copy.
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new("nice");
        command.args(["-n", "5", "cargo"]).args(args).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Drops mutants until the library compiles. Returns those that do not, with the compiler's reason.
    pub fn make_viable(
        &self,
        mutants: &[Mutant],
        dropped: &mut BTreeMap<u32, String>,
    ) -> Result<Vec<(u32, &'static str)>> {
        loop {
            let without: BTreeSet<u32> = dropped.keys().copied().collect();
            let (regions, refused) = self.write(mutants, &without)?;
            let output = self
                .cargo(&["check", "--lib", "--no-default-features", "--message-format=json"])
                .stderr(Stdio::inherit())
                .output()?;
            if output.status.success() {
                return Ok(refused);
            }
            let mut blamed = BTreeMap::new();
            let mut unclear = Vec::new();
            for line in output.stdout.split(|&b| b == b'\n').filter(|l| !l.is_empty()) {
                let line: Value = serde_json::from_slice(line)?;
                let message = &line["message"];
                if line["reason"] != "compiler-message" || message["level"] != "error" {
                    continue;
                }
                let ids = blame(message, &regions);
                let why = message["message"].as_str().unwrap_or_default();
                if ids.is_empty() && message["spans"].as_array().is_some_and(|s| !s.is_empty()) {
                    unclear.push(message["rendered"].as_str().unwrap_or(why).to_string());
                }
                blamed.extend(ids.into_iter().map(|id| (id, why.to_string())));
            }
            eprintln!("{} mutants do not compile, {} errors without a mutant", blamed.len(), unclear.len());
            if blamed.is_empty() {
                return Err(format!("the copy does not compile:\n{}", unclear.join("\n")).into());
            }
            dropped.extend(blamed);
        }
    }
}

/// The mutants that an error of the compiler is about.
fn blame(message: &Value, regions: &Regions) -> BTreeSet<u32> {
    let mut spans: Vec<&Value> = message["spans"].as_array().into_iter().flatten().collect();
    spans.sort_by_key(|s| s["is_primary"] != true);
    // Code from a macro counts where the macro is used.
    let places: Vec<(&Vec<Region>, usize, usize)> = spans
        .into_iter()
        .filter_map(|mut span| {
            loop {
                if let Some(found) = span["file_name"].as_str().and_then(|f| regions.get(f)) {
                    let byte = |key: &str| span[key].as_u64().map(|b| b as usize);
                    return Some((found, byte("byte_start")?, byte("byte_end")?));
                }
                span = span.get("expansion")?.get("span")?;
            }
        })
        .collect();
    for &(regions, start, end) in &places {
        let inside = regions.iter().filter(|r| r.changed.start <= start && end <= r.changed.end);
        if let Some(region) = inside.min_by_key(|r| r.changed.len()) {
            return [region.id].into();
        }
    }
    // An error about the choice as a whole: all of its mutants go.
    for &(regions, start, end) in &places {
        let around = |r: &&Region| r.whole.start <= start && end <= r.whole.end;
        if let Some(least) = regions.iter().filter(around).map(|r| r.whole.len()).min() {
            return regions.iter().filter(around).filter(|r| r.whole.len() == least).map(|r| r.id).collect();
        }
    }
    BTreeSet::new()
}

/// Writes a file unless it has this text.
fn put(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text)?;
    Ok(())
}

/// Copies a folder; of the files in `own` the copy has a text of its own.
fn copy(from: &Path, to: &Path, own: &BTreeSet<PathBuf>) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if LEFT_OUT.iter().any(|&left| entry.file_name() == left) || own.contains(&from) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&from, &to, own)?;
        } else {
            let bytes = fs::read(&from)?;
            if !fs::read(&to).is_ok_and(|old| old == bytes) {
                fs::write(&to, bytes)?;
            }
        }
    }
    Ok(())
}
