//! Mutation testing of gandan with one build.
//!
//! `cargo mutants` builds and tests the program once for each mutant: days for the three core folders. This tool takes
//! its list of mutants, puts all of them into one copy of the project, each behind a switch, builds the tests once,
//! notes which test reaches which mutant, and runs for each mutant the tests that reach it until one fails.
//!
//! ```text
//! gandan-mutants list    names the mutants
//! gandan-mutants build   weaves and builds the copy, drops what does not compile, and records what the tests reach
//! gandan-mutants record  records once more: `build` does so by itself
//! gandan-mutants judge   runs the tests; goes on where it stopped
//! gandan-mutants report  the score, and the survivors
//! ```

mod judge;
mod list;
mod report;
mod tree;
mod trials;
mod weave;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use judge::{Effort, Verdict};
use list::Mutant;
use tree::Tree;
use trials::Trial;

/// A result, or what went wrong as a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
gandan-mutants COMMAND [--project DIR] [--work DIR] [--folder NAME]... [--binary lib|TEST]... [options]

  list    names the mutants of the folders (default: access, rollout, optimise)
  build   weaves and builds the copy and records what the tests of the binaries (default: lib) reach
            --skip TEXT      leaves out tests whose name holds this text: slow ones that reach none of the folders
            --afresh TEXT    records tests whose name holds this text once more: those that were changed
  record  the same without the build
  judge   runs the tests that reach each mutant
            --again OUTCOME  judges those again that ended so (survived, unreached, timeout)
            --seed N         in a random order by this seed (default: that of the files)
            --only TEXT      only mutants whose name holds this text
            --longest S      leaves out tests that take longer (default: 10)
            --total S        tests a mutant, in seconds at their usual speed (default: 60)
            --patience N     a test may take so many times its usual time, and 2 s (default: 5)
            --jobs N         processes at a time (default: 2)
  report  the score, with its 95 % interval while some are not judged; --survivors names each survivor
            --first N --seed S  only of the first N of each folder in the order of --seed

Run it from the project's root: cargo run --manifest-path tests/mutants/Cargo.toml -- build";

/// The command line.
struct Asked {
    command: String,
    project: PathBuf,
    work: PathBuf,
    folders: Vec<String>,
    binaries: Vec<String>,
    options: BTreeMap<String, String>,
}

impl Asked {
    fn parse() -> Result<Asked> {
        let mut args = std::env::args().skip(1);
        let command = args.next().ok_or(USAGE)?;
        let mut asked = Asked {
            command,
            project: std::env::current_dir()?,
            work: PathBuf::new(),
            folders: Vec::new(),
            binaries: Vec::new(),
            options: BTreeMap::new(),
        };
        while let Some(option) = args.next() {
            if option == "--survivors" {
                asked.options.insert("survivors".into(), String::new());
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{option} needs a value\n\n{USAGE}"))?;
            match option.as_str() {
                "--project" => asked.project = fs::canonicalize(value)?,
                "--work" => asked.work = std::path::absolute(value)?,
                "--folder" => asked.folders.push(value),
                "--binary" => asked.binaries.push(value),
                "--again" | "--skip" | "--afresh" | "--first" | "--seed" | "--only" | "--longest" | "--total"
                | "--patience" | "--jobs" => {
                    asked.options.insert(option[2..].into(), value);
                }
                _ => return Err(format!("unknown option {option}\n\n{USAGE}").into()),
            }
        }
        if asked.work.as_os_str().is_empty() {
            asked.work = asked.project.join("target/mutants");
        }
        if asked.folders.is_empty() {
            asked.folders = ["access", "rollout", "optimise"].map(String::from).to_vec();
        }
        if asked.binaries.is_empty() {
            asked.binaries = vec!["lib".into()];
        }
        Ok(asked)
    }

    fn seed(&self) -> Result<Option<u64>> {
        let seed =
            self.options.get("seed").map(|text| text.parse().map_err(|_| format!("--seed {text}: not a number")));
        Ok(seed.transpose()?)
    }

    fn number(&self, option: &str, default: f64) -> Result<f64> {
        match self.options.get(option) {
            Some(text) => text.parse().map_err(|_| format!("--{option} {text}: not a number").into()),
            None => Ok(default),
        }
    }
}

/// What is kept between commands.
struct Kept {
    folder: PathBuf,
}

impl Kept {
    fn load<T: serde::de::DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        match fs::read(self.folder.join(name)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(_) => Ok(T::default()),
        }
    }

    fn store<T: serde::Serialize>(&self, name: &str, value: &T) -> Result<()> {
        // Another process may be reading.
        let new = self.folder.join(format!("{name}.new"));
        fs::write(&new, serde_json::to_vec(value)?)?;
        Ok(fs::rename(new, self.folder.join(name))?)
    }

    fn verdicts(&self) -> PathBuf {
        self.folder.join("verdicts.jsonl")
    }
}

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<()> {
    let asked = Asked::parse()?;
    fs::create_dir_all(&asked.work)?;
    let kept = Kept { folder: asked.work.clone() };
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| asked.project.join("target"), PathBuf::from);
    let tree = Tree { project: &asked.project, root: asked.work.join("tree"), target };
    match asked.command.as_str() {
        "list" => {
            for mutant in list::list(&asked.project, &asked.folders)? {
                println!("{}", mutant.name);
            }
            Ok(())
        }
        "build" => build(&asked, &kept, &tree),
        "record" => record(&asked, &kept, &tree),
        "judge" => judge_all(&asked, &kept, &tree),
        "report" => {
            let mut mutants: Vec<Mutant> = kept.load("mutants.json")?;
            let verdicts = judge::read(&kept.verdicts())?;
            if let Some(first) = asked.options.get("first") {
                let first: usize = first.parse().map_err(|_| format!("--first {first}: not a number"))?;
                mutants = report::sample(mutants, asked.seed()?.unwrap_or(0), first, &asked.folders);
            }
            report::print(&mutants, &verdicts, asked.options.contains_key("survivors"));
            Ok(())
        }
        other => Err(format!("unknown command {other}\n\n{USAGE}").into()),
    }
}

fn build(asked: &Asked, kept: &Kept, tree: &Tree) -> Result<()> {
    let mutants = list::list(&asked.project, &asked.folders)?;
    eprintln!("{} mutants", mutants.len());
    // Names hold while the code does: what did not compile once is not tried again.
    let by_name: BTreeMap<&str, u32> = mutants.iter().map(|m| (m.name.as_str(), m.id)).collect();
    let unviable: BTreeMap<String, String> = kept.load("unviable.json")?;
    let mut dropped: BTreeMap<u32, String> =
        unviable.into_iter().filter_map(|(name, why)| by_name.get(name.as_str()).map(|&id| (id, why))).collect();
    let refused = tree.make_viable(&mutants, &mut dropped)?;
    let name = |id: u32| mutants[id as usize - 1].name.clone();
    kept.store("mutants.json", &mutants)?;
    kept.store("unviable.json", &dropped.iter().map(|(&id, why)| (name(id), why)).collect::<BTreeMap<_, _>>())?;
    let refused: BTreeMap<u32, &str> = refused.into_iter().collect();
    let verdict = |id: u32, outcome: &str, by: &str| Verdict {
        name: name(id),
        outcome: outcome.into(),
        by: by.into(),
        seconds: 0.0,
        tests: 0,
    };
    let known = judge::read(&kept.verdicts())?;
    let mut fresh: Vec<Verdict> = dropped.iter().map(|(&id, why)| verdict(id, "unviable", why)).collect();
    fresh.extend(refused.iter().map(|(&id, why)| verdict(id, "not tried", why)));
    fresh.retain(|v| known.get(&v.name).is_none_or(|k| k.outcome != v.outcome));
    judge::write(&kept.verdicts(), &fresh)?;
    eprintln!("{} do not compile, {} have no switch", dropped.len(), refused.len());

    for binary in &asked.binaries {
        let program = trials::build(tree, binary)?;
        // Kept under a name of its own, so that the next build does not take it away from a run that goes on.
        let name = program.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let own = asked.work.join(format!("test-{binary}-{name}"));
        fs::copy(&program, &own)?;
        let mut programs: BTreeMap<String, PathBuf> = kept.load("programs.json")?;
        programs.insert(binary.clone(), own);
        kept.store("programs.json", &programs)?;
    }
    record(asked, kept, tree)
}

/// Notes which mutants each test of the binaries reaches.
fn record(asked: &Asked, kept: &Kept, tree: &Tree) -> Result<()> {
    let mutants: Vec<Mutant> = kept.load("mutants.json")?;
    let programs: BTreeMap<String, PathBuf> = kept.load("programs.json")?;
    let mut trials: Vec<Trial> = kept.load("trials.json")?;
    let names: BTreeMap<u32, &str> = mutants.iter().map(|m| (m.id, m.name.as_str())).collect();
    for binary in &asked.binaries {
        let program = programs.get(binary).ok_or_else(|| format!("{binary} was not built"))?;
        if let Some(text) = asked.options.get("afresh") {
            trials.retain(|t| &t.binary != binary || !t.name.contains(text.as_str()));
        }
        let wanted = |name: &str| asked.options.get("skip").is_none_or(|text| !name.contains(text.as_str()));
        let keep = |all: &[Trial]| kept.store("trials.json", &all);
        trials::record(tree, binary, program, &names, &mut trials, wanted, keep)?;
        let of = trials.iter().filter(|t| &t.binary == binary);
        eprintln!("{binary}: {} tests, {:.1} s", of.clone().count(), of.map(|t| t.seconds).sum::<f64>());
    }
    Ok(())
}

fn judge_all(asked: &Asked, kept: &Kept, tree: &Tree) -> Result<()> {
    let mutants: Vec<Mutant> = kept.load("mutants.json")?;
    let programs: BTreeMap<String, PathBuf> = kept.load("programs.json")?;
    let trials: Vec<Trial> = kept.load("trials.json")?;
    let verdicts = judge::read(&kept.verdicts())?;
    let again = asked.options.get("again");
    let only = asked.options.get("only");
    let within = |m: &&Mutant| asked.folders.iter().any(|f| m.file.starts_with(&format!("src/{f}/")));
    let wanted = |m: &&Mutant| match (verdicts.get(&m.name), again) {
        (Some(known), Some(outcome)) => &known.outcome == outcome,
        (known, _) => known.is_none(),
    };
    let named = |m: &&Mutant| only.is_none_or(|text| m.name.contains(text.as_str()));
    let mut chosen: Vec<&Mutant> = mutants.iter().filter(within).filter(wanted).filter(named).collect();
    let folder_rank = |m: &Mutant| asked.folders.iter().position(|f| m.file.starts_with(&format!("src/{f}/")));
    if let Some(seed) = asked.seed()? {
        chosen.sort_by_key(|m| (folder_rank(m), report::shuffled(seed, &m.name)));
    }
    let effort = Effort {
        longest_s: asked.number("longest", 10.0)?,
        total_s: asked.number("total", 60.0)?,
        jobs: asked.number("jobs", 2.0)?.max(1.0) as usize,
        patience: asked.number("patience", 5.0)?,
    };
    let binaries: BTreeSet<&str> = asked.binaries.iter().map(String::as_str).collect();
    let programs: BTreeMap<String, PathBuf> =
        programs.into_iter().filter(|(name, _)| binaries.contains(name.as_str())).collect();
    eprintln!("{} mutants to judge", chosen.len());
    judge::judge(tree, &programs, &trials, &chosen, &effort, &kept.verdicts())
}
