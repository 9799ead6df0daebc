//! Judging: for each mutant the tests that reach it, cheapest first, until one fails.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::list::Mutant;
use crate::tree::Tree;
use crate::trials::{Ended, Trial, run};

/// What became of a mutant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Verdict {
    pub name: String,
    /// `killed`, `timeout` (a kill as well), `survived`, `unreached`, `unviable` or `not tried`.
    pub outcome: String,
    /// The test that failed, or why there is no switch.
    pub by: String,
    /// Seconds spent.
    pub seconds: f64,
    /// Tests that reach it and were run, when none failed.
    pub tests: usize,
}

/// How much is tried.
pub struct Effort {
    /// Tests that take longer are left out.
    pub longest_s: f64,
    /// Seconds of tests a mutant, at the usual speed.
    pub total_s: f64,
    /// Processes at a time.
    pub jobs: usize,
    /// How many times its usual time a test may take.
    pub patience: f64,
}

/// Reads the verdicts of a file. Of several about one mutant the last counts, but what one test kills is killed, and what
/// some tests reach is not unreached because others do not.
pub fn read(path: &Path) -> Result<HashMap<String, Verdict>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut verdicts = HashMap::new();
    for line in text.lines() {
        let verdict: Verdict = serde_json::from_str(line)?;
        let stays = verdicts.get(&verdict.name).is_some_and(|known: &Verdict| {
            known.outcome == "killed" || known.outcome == "survived" && verdict.outcome == "unreached"
        });
        if !stays {
            verdicts.insert(verdict.name.clone(), verdict);
        }
    }
    Ok(verdicts)
}

/// Adds verdicts to the file.
pub fn write(path: &Path, verdicts: &[Verdict]) -> Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let mut text = String::new();
    for verdict in verdicts {
        text.push_str(&serde_json::to_string(verdict)?);
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// Judges the mutants in their order.
pub fn judge(
    tree: &Tree,
    programs: &BTreeMap<String, PathBuf>,
    trials: &[Trial],
    mutants: &[&Mutant],
    effort: &Effort,
    file: &Path,
) -> Result<()> {
    let mut reaching: HashMap<&str, Vec<&Trial>> = HashMap::new();
    let usable = |t: &&Trial| t.passes && t.seconds <= effort.longest_s && programs.contains_key(&t.binary);
    for trial in trials.iter().filter(usable) {
        for name in &trial.reaches {
            reaching.entry(name).or_default().push(trial);
        }
    }
    for tests in reaching.values_mut() {
        tests.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    }
    let queue: Mutex<VecDeque<&Mutant>> = Mutex::new(mutants.iter().copied().collect());
    let (begun, total) = (Instant::now(), mutants.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..effort.jobs)
            .map(|_| {
                scope.spawn(|| -> std::result::Result<(), String> {
                    loop {
                        let (mutant, left) = {
                            let mut queue = queue.lock().map_err(|e| e.to_string())?;
                            let Some(mutant) = queue.pop_front() else { return Ok(()) };
                            (mutant, queue.len())
                        };
                        let tests = reaching.get(mutant.name.as_str()).map_or(&[][..], Vec::as_slice);
                        let verdict = one(tree, programs, tests, mutant, effort).map_err(|e| e.to_string())?;
                        write(file, &[verdict]).map_err(|e| e.to_string())?;
                        if left % 50 == 0 {
                            eprintln!("{} of {total} in {:.0} s", total - left, begun.elapsed().as_secs_f64());
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| "a worker fell over")??;
        }
        Ok(())
    })
}

fn one(
    tree: &Tree,
    programs: &BTreeMap<String, PathBuf>,
    tests: &[&Trial],
    mutant: &Mutant,
    effort: &Effort,
) -> Result<Verdict> {
    let begun = Instant::now();
    let verdict = |outcome: &str, by: String, tests: usize| Verdict {
        name: mutant.name.clone(),
        outcome: outcome.into(),
        by,
        seconds: begun.elapsed().as_secs_f64(),
        tests,
    };
    let (mut rest, mut usual, mut batch_s) = (tests, 0.0, 0.2);
    while let Some(first) = rest.first() {
        // As many as fit into a time that doubles, all of one binary, for a process costs time too.
        let mut batch: Vec<&Trial> = Vec::new();
        let mut seconds = 0.0;
        for trial in rest {
            if !batch.is_empty() && (trial.binary != first.binary || seconds + trial.seconds > batch_s) {
                break;
            }
            seconds += trial.seconds;
            batch.push(trial);
        }
        if usual > 0.0 && usual + seconds > effort.total_s {
            break;
        }
        rest = &rest[batch.len()..];
        usual += seconds;
        batch_s *= 2.0;
        let program = programs.get(&first.binary).ok_or("a binary that was not built")?;
        let names: Vec<&str> = batch.iter().map(|t| t.name.as_str()).collect();
        let limit = Duration::from_secs_f64(effort.patience * seconds + 2.0);
        let id = mutant.id.to_string();
        match run(tree, program, &names, ("GANDAN_MUTANT", &id), limit)? {
            Ended::Passed => {}
            Ended::Failed(name) => return Ok(verdict("killed", format!("{} {name}", first.binary), 0)),
            Ended::TimedOut(name) => return Ok(verdict("timeout", format!("{} {name}", first.binary), 0)),
        }
    }
    let run = tests.len() - rest.len();
    Ok(verdict(if tests.is_empty() { "unreached" } else { "survived" }, String::new(), run))
}
