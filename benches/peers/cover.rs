//! gandan's side of `optimise.py` where the program has no command for it: nested phases on any tables, and the memory
//! of the cover table.

use std::path::PathBuf;

use gandan::optimise::cover::CoverTable;
use gandan::optimise::phases::{Phase, Problem, solve};
use gandan::optimise::{Limits, tables};
use serde_json::{Value, json};

use super::timed;

/// What is asked for.
pub struct Options {
    folder: PathBuf,
    /// The most sites open at the end of each phase.
    phases: Vec<usize>,
    time_limit_s: Option<f64>,
    threads: u32,
    repeat: usize,
}

impl Options {
    /// From `FOLDER [--phases P,P,…] [--time-limit S] [--threads N] [--repeat N]`.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let folder = args.next()?.into();
        let mut options = Options { folder, phases: Vec::new(), time_limit_s: None, threads: 1, repeat: 1 };
        while let Some(name) = args.next() {
            let value = args.next()?;
            match name.as_str() {
                "--phases" => options.phases = value.split(',').map(|p| p.parse().ok()).collect::<Option<_>>()?,
                "--time-limit" => options.time_limit_s = Some(value.parse().ok()?),
                "--threads" => options.threads = value.parse().ok()?,
                "--repeat" => options.repeat = value.parse().ok()?,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Solves the phases together, all rows counting alike in each, and tells the size of the cover table.
pub fn measure(options: &Options) -> Value {
    let table = |name: &str| options.folder.join(format!("{name}.parquet"));
    let instance = tables::read(&table("rows"), &table("pairs"), &table("sites")).expect("readable tables");
    let cover = &instance.cover;
    let mut own = json!({
        "rows": cover.n_rows(),
        "pairs": cover.n_pairs(),
        "cover_table_bytes": cover_table_bytes(cover),
    });
    if options.phases.is_empty() {
        return own;
    }
    let phases: Vec<Phase> = options
        .phases
        .iter()
        .map(|&open_total| Phase {
            weights: instance.weights.clone(),
            multiplier: 1,
            allowed: instance.eligible.clone(),
            open_total,
            budget: None,
        })
        .collect();
    let problem = Problem { cover, costs: &instance.site_costs, fixed: &instance.fixed, phases: &phases };
    let limits = Limits { time_limit_s: options.time_limit_s, threads: options.threads, ..Limits::default() };
    let (times, plan) = timed(options.repeat, || solve(&problem, &limits).expect("a plan"));
    let people = |value: u64| value as f64 / instance.weight_scale as f64;
    let open: Vec<Vec<Value>> = (0..phases.len())
        .map(|t| plan.open_at(t).into_iter().map(|s| instance.site_ids.json(s as usize)).collect())
        .collect();
    own["phases"] = json!({
        "objective": people(plan.objective),
        "bound": people(plan.bound),
        "gap": plan.gap,
        "status": plan.status.as_str(),
        "covered": plan.covered.iter().map(|&c| people(c)).collect::<Vec<_>>(),
        "chosen": open,
        "times": times,
    });
    own
}

/// Bytes that the table's arrays hold: the sites of each row, and where each row begins.
fn cover_table_bytes(cover: &CoverTable) -> usize {
    cover.rows().map(std::mem::size_of_val).sum::<usize>() + (cover.n_rows() + 1) * size_of::<usize>()
}
