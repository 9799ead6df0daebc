//! The tests of the copy: which there are, how long each takes, and which mutants each reaches.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::tree::Tree;

/// Memory of a test, in kibibytes: a mutant that grows a list without end must not take the machine with it.
const MEMORY_KIB: u64 = 6 * 1024 * 1024;

/// Tests that take longer by themselves are not used.
const LONGEST: Duration = Duration::from_secs(120);

/// A test, run by itself with every mutant asleep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trial {
    /// `lib`, or the name of the integration test.
    pub binary: String,
    pub name: String,
    pub seconds: f64,
    pub passes: bool,
    /// Names of the mutants that it reaches.
    pub reaches: Vec<String>,
}

/// How a run of tests ended.
#[derive(Debug, PartialEq)]
pub enum Ended {
    Passed,
    /// A test failed, or fell over.
    Failed(String),
    TimedOut(String),
}

/// Builds a test binary of the copy and says where it is.
pub fn build(tree: &Tree, binary: &str) -> Result<PathBuf> {
    let mut args = vec!["test", "--no-run", "--no-default-features", "--message-format=json"];
    match binary {
        "lib" => args.push("--lib"),
        name => args.extend(["--test", name]),
    }
    let output = tree.cargo(&args).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{binary}: the copy's tests do not compile").into());
    }
    let mut found = None;
    for line in output.stdout.split(|&b| b == b'\n').filter(|l| !l.is_empty()) {
        let line: Value = serde_json::from_slice(line)?;
        if line["reason"] == "compiler-artifact" && line["profile"]["test"] == true {
            found = line["executable"].as_str().map(PathBuf::from).or(found);
        }
    }
    found.ok_or_else(|| format!("{binary}: no test binary was built").into())
}

/// The names of a binary's tests; ignored ones are left out.
pub fn names(program: &Path) -> Result<Vec<String>> {
    let list = |more: &[&str]| -> Result<Vec<String>> {
        let output = Command::new(program).args(["--list", "--format", "terse"]).args(more).output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.lines().filter_map(|l| l.strip_suffix(": test")).map(String::from).collect())
    };
    let ignored = list(&["--ignored"])?;
    Ok(list(&[])?.into_iter().filter(|n| !ignored.contains(n)).collect())
}

/// Runs some tests of a binary one after another and stops at the first that fails.
pub fn run(tree: &Tree, program: &Path, tests: &[&str], env: (&str, &str), limit: Duration) -> Result<Ended> {
    use std::os::unix::process::CommandExt;
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY_KIB}; exec nice -n 5 \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", "--test-threads=1"])
        .args(tests)
        .env(env.0, env.1)
        .env("RUST_BACKTRACE", "0")
        .env("PROPTEST_FAILURE_PERSISTENCE", "off")
        .env("CARGO_MANIFEST_DIR", &tree.root)
        .current_dir(&tree.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no output")?;
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(|l| l.ok()) {
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    let begun = Instant::now();
    // What began after the last result: the test to blame when the process dies or hangs.
    let mut passed = Vec::new();
    let ended = loop {
        match receive.recv_timeout(limit.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                let Some((name, verdict)) = line.strip_prefix("test ").and_then(|l| l.rsplit_once(" ... ")) else {
                    continue;
                };
                let name = name.strip_suffix(" - should panic").unwrap_or(name).to_string();
                if verdict.ends_with("FAILED") {
                    break Ended::Failed(name);
                }
                passed.push(name);
            }
            Err(RecvTimeoutError::Timeout) => break Ended::TimedOut(next(tests, &passed)),
            Err(RecvTimeoutError::Disconnected) => {
                // The output is closed; the process ends at once or has ended.
                break if child.wait()?.success() { Ended::Passed } else { Ended::Failed(next(tests, &passed)) };
            }
        }
    };
    // What a test started goes with it.
    let _ = Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    child.wait()?;
    Ok(ended)
}

fn next(tests: &[&str], passed: &[String]) -> String {
    let mut left: Vec<&&str> = tests.iter().filter(|t| !passed.iter().any(|p| p == *t)).collect();
    left.sort_unstable();
    left.first().map_or_else(|| "a test".into(), |t| t.to_string())
}

/// Runs every test by itself and notes which mutants it reaches. `known` holds what was noted earlier.
pub fn record(
    tree: &Tree,
    binary: &str,
    program: &Path,
    mutants: &BTreeMap<u32, &str>,
    known: &mut Vec<Trial>,
    wanted: impl Fn(&str) -> bool,
    mut keep: impl FnMut(&[Trial]) -> Result<()>,
) -> Result<()> {
    let marks = tree.root.join(format!("reached-{}", std::process::id()));
    let all = names(program)?;
    known.retain(|t| t.binary != binary || all.contains(&t.name));
    for name in all.iter().filter(|name| wanted(name)) {
        if known.iter().any(|t| t.binary == binary && &t.name == name) {
            continue;
        }
        let _ = fs::remove_file(&marks);
        let begun = Instant::now();
        let env = ("GANDAN_MUTANT_RECORD", marks.to_str().ok_or("a path that is not text")?);
        let ended = run(tree, program, &[name], env, LONGEST)?;
        let seconds = begun.elapsed().as_secs_f64();
        let bytes = fs::read(&marks).unwrap_or_default();
        let mut ids: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        ids.sort_unstable();
        ids.dedup();
        let reaches = ids.iter().filter_map(|id| mutants.get(id).map(|n| n.to_string())).collect();
        let passes = ended == Ended::Passed;
        if !passes {
            eprintln!("{binary} {name}: {ended:?} without any mutant; it is not used");
        }
        known.push(Trial { binary: binary.into(), name: name.clone(), seconds, passes, reaches });
        keep(known)?;
    }
    let _ = fs::remove_file(&marks);
    Ok(())
}
