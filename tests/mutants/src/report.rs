//! The score, and who survived.

use std::collections::{BTreeMap, HashMap};

use crate::judge::Verdict;
use crate::list::Mutant;

/// A number that orders names at random by a seed, the same everywhere (FNV-1a, then the finaliser of MurmurHash3).
pub fn shuffled(seed: u64, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

/// The first mutants of each folder in a random order.
pub fn sample(mut mutants: Vec<Mutant>, seed: u64, first: usize, folders: &[String]) -> Vec<Mutant> {
    mutants.sort_by_key(|m| shuffled(seed, &m.name));
    let of = |folder: &String| {
        let prefix = format!("src/{folder}/");
        mutants.iter().filter(move |m| m.file.starts_with(&prefix)).take(first).cloned().collect::<Vec<_>>()
    };
    folders.iter().flat_map(of).collect()
}

/// Wilson's 95 % interval of a share, in percent.
fn interval(killed: usize, of: usize) -> (f64, f64) {
    let (n, z) = (of as f64, 1.96);
    let share = killed as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    (100.0 * (middle - half) / whole, 100.0 * (middle + half) / whole)
}

/// Prints the counts of each folder and, if wanted, the survivors by function.
pub fn print(mutants: &[Mutant], verdicts: &HashMap<String, Verdict>, survivors: bool) {
    const OUTCOMES: [&str; 6] = ["killed", "timeout", "survived", "unreached", "unviable", "not tried"];
    let mut folders: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for mutant in mutants {
        let folder = mutant.file.split('/').nth(1).unwrap_or_default();
        let outcome = verdicts.get(&mutant.name).map_or("open", |v| v.outcome.as_str());
        for folder in [folder, "~ all"] {
            *folders.entry(folder).or_default().entry(outcome).or_default() += 1;
        }
    }
    println!(
        "| folder | mutants | killed | of them by time | survived | unreached | unviable | not tried | open | score |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (folder, counts) in &folders {
        let of = |outcome: &str| counts.get(outcome).copied().unwrap_or(0);
        let [killed, timeout, survived, unreached, unviable, not_tried] = OUTCOMES.map(of);
        let (killed, open) = (killed + timeout, of("open"));
        let judged = killed + survived + unreached;
        let mut score = format!("{:.1} %", 100.0 * killed as f64 / judged.max(1) as f64);
        if judged > 0 {
            let (low, high) = interval(killed, judged);
            score.push_str(&format!(" ({low:.1}–{high:.1})"));
        }
        let total: usize = counts.values().sum();
        println!(
            "| {folder} | {total} | {killed} | {timeout} | {survived} | {unreached} | {unviable} | {not_tried} | {open} | {score} |"
        );
    }
    if !survivors {
        return;
    }
    let mut functions: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for mutant in mutants {
        let Some(verdict) = verdicts.get(&mutant.name) else { continue };
        if verdict.outcome == "survived" || verdict.outcome == "unreached" {
            let (what, function) = mutant.name.rsplit_once(" in ").unwrap_or((&mutant.name, ""));
            let what = what.strip_prefix(&mutant.file).unwrap_or(what);
            let mark = if verdict.outcome == "unreached" { "unreached " } else { "" };
            functions.entry((&mutant.file, function)).or_default().push(format!("{mark}{what}"));
        }
    }
    for ((file, function), names) in functions {
        println!("\n{file} {function} ({})", names.len());
        for name in names {
            println!("  {name}");
        }
    }
}
