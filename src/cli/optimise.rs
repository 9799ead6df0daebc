//! `gandan optimise`: any covering or median problem given as tables.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, CommandFactory, ValueEnum};
use polars::prelude::{
    BooleanChunked, Column, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray, StringChunked, UInt32Chunked,
};
use serde_json::json;

use super::optimise_proof::{self, Asked};
use crate::error::{Fault, Result};
use crate::optimise::cover::{CostTable, open_flags};
use crate::optimise::tables::{self, Ids, Instance};
use crate::optimise::{Answer, Limits, max_cover, p_median, set_cover, tidy};
use crate::output::folder::PendingFolder;
use crate::output::table::write_frame;

/// Options of `gandan optimise`.
#[derive(Debug, Args)]
pub struct OptimiseArgs {
    /// Rows to serve: columns `row`, `weight` (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    pub rows: PathBuf,
    /// Which site serves which row: columns `row`, `site`, optionally `cost`
    #[arg(long, value_name = "FILE")]
    pub pairs: PathBuf,
    /// Candidate sites: columns `site`, optionally `cost`, `fixed`, `eligible`
    #[arg(long, value_name = "FILE")]
    pub sites: PathBuf,
    /// What to look for
    #[arg(long, value_enum)]
    pub objective: Objective,
    /// The most sites in all, fixed ones included (max-cover, p-median)
    #[arg(long, value_name = "N", required_if_eq("objective", "p-median"))]
    pub p: Option<usize>,
    /// The most cost in all, fixed sites included (max-cover)
    #[arg(long, value_name = "X")]
    pub budget: Option<f64>,
    /// Stop after this many seconds with what is known by then
    #[arg(long, value_name = "S")]
    pub time_limit: Option<f64>,
    /// Stop once the gap is at most this share; 0 asks for a proof
    #[arg(long, value_name = "G", default_value_t = 0.0)]
    pub gap: f64,
    /// Threads of the solver; with 1 the same input always gives the same answer
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub solver_threads: u32,
    /// Also write chosen.parquet, assignment.parquet, answer.json and, for covering, proof.json into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the folder where it exists
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// The problems that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Objective {
    /// The cheapest sites that cover every row which some eligible site serves
    SetCover,
    /// The most weight with at most `--p` sites or within `--budget`
    MaxCover,
    /// The least weighted cost of serving every row from one of at most `--p` sites
    PMedian,
}

/// A command around the arguments, for usage errors that the types cannot tell.
#[derive(clap::Parser)]
#[command(name = "gandan optimise")]
struct Alone {
    #[command(flatten)]
    args: OptimiseArgs,
}

/// Reads the tables, solves, prints one JSON object.
///
/// # Errors
/// Faults of the tables; [`crate::error::Error::Targets`] where what is asked cannot be had; the disk.
pub fn run(args: OptimiseArgs) -> Result<()> {
    if let Some(message) = misuse(&args) {
        Alone::command().error(clap::error::ErrorKind::ArgumentConflict, message).exit();
    }
    let limits =
        Limits { time_limit_s: args.time_limit, gap: args.gap, threads: args.solver_threads, ..Limits::default() };
    limits.check()?;
    let folder = args.out.as_deref().map(|out| PendingFolder::begin(out, args.force)).transpose()?;
    let begun = Instant::now();
    let instance = tables::read(&args.rows, &args.pairs, &args.sites)?;
    let read_s = begun.elapsed().as_secs_f64();
    let (answer, scale) = solve(&args, &instance, &limits)?;
    let text = format!("{:#}\n", tell(&args, &instance, &answer, scale, read_s));
    if let Some(folder) = folder {
        write(folder.path(), &instance, &answer, &text)?;
        if let Some(asked) = asked(&args, &instance)? {
            optimise_proof::write(folder.path(), &instance, &asked, &answer)?;
        }
        folder.commit()?;
    }
    print!("{text}");
    Ok(())
}

fn misuse(args: &OptimiseArgs) -> Option<&'static str> {
    match args.objective {
        Objective::SetCover if args.p.is_some() || args.budget.is_some() => {
            Some("set-cover takes neither --p nor --budget: it finds the least cost that covers every row")
        }
        Objective::MaxCover if args.p.is_none() && args.budget.is_none() => {
            Some("max-cover needs --p or --budget (or both)")
        }
        Objective::PMedian if args.budget.is_some() => Some("p-median takes --p, not --budget"),
        _ => None,
    }
}

/// The question as its proof states it; a median has none that can be checked without a solver.
fn asked<'a>(args: &OptimiseArgs, instance: &'a Instance) -> Result<Option<Asked<'a>>> {
    let Instance { cover, weights, site_costs: costs, fixed, eligible, .. } = instance;
    Ok(match args.objective {
        Objective::SetCover => Some(Asked::SetCover(set_cover::Problem { cover, costs, fixed, eligible })),
        Objective::MaxCover => {
            let budget = args.budget.map(|budget| scaled_budget(budget, instance.site_cost_scale)).transpose()?;
            Some(Asked::MaxCover(max_cover::Problem { cover, weights, costs, fixed, eligible, p: args.p, budget }))
        }
        Objective::PMedian => None,
    })
}

/// The answer, and how many of its units make one unit of the tables.
fn solve(args: &OptimiseArgs, instance: &Instance, limits: &Limits) -> Result<(Answer, u64)> {
    let Instance { cover, weights, site_costs: costs, fixed, eligible, .. } = instance;
    match args.objective {
        Objective::SetCover => {
            let answer = set_cover::solve(&set_cover::Problem { cover, costs, fixed, eligible }, limits)?;
            Ok((answer, instance.site_cost_scale))
        }
        Objective::MaxCover => {
            let budget = args.budget.map(|budget| scaled_budget(budget, instance.site_cost_scale)).transpose()?;
            let problem = max_cover::Problem { cover, weights, costs, fixed, eligible, p: args.p, budget };
            Ok((max_cover::solve(&problem, limits)?, instance.weight_scale))
        }
        Objective::PMedian => {
            let Some(costs) = &instance.pair_costs else {
                return Err(Fault::new("table::columns", "p-median needs the column `cost` in the pairs")
                    .file(&args.pairs)
                    .help("add what it costs to serve each row from each site: a time or a distance, say")
                    .into());
            };
            let p = args.p.unwrap_or_default();
            let problem = p_median::Problem { costs, weights, fixed, eligible, p };
            Ok((p_median::solve(&problem, limits)?, instance.weight_scale * instance.pair_cost_scale))
        }
    }
}

/// Rounded down, so that never more is spent than was given.
fn scaled_budget(budget: f64, scale: u64) -> Result<u64> {
    if !(0.0..=1e15).contains(&budget) {
        return Err(Fault::new("optimise::budget", format!("a budget of {budget}"))
            .help("give a number from 0 to 10^15, in the unit of the sites' costs")
            .into());
    }
    // A hair more, so that 0.3 is 300 thousandths although 0.3 × 1000 may fall short of it.
    Ok((budget * scale as f64 + 1e-6).floor() as u64)
}

fn units(value: u64, scale: u64) -> f64 {
    value as f64 / scale as f64
}

fn tell(args: &OptimiseArgs, instance: &Instance, answer: &Answer, scale: u64, read_s: f64) -> serde_json::Value {
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let covered = instance.cover.covered_weight(&instance.weights, &open);
    let covered_rows = (0..instance.cover.n_rows()).filter(|&r| instance.cover.is_covered(r, &open)).count();
    let total: u64 = instance.weights.iter().sum();
    let cost: u64 = answer.chosen.iter().map(|&s| instance.site_costs[s as usize]).sum();
    let mut notes = Vec::new();
    if instance.has_capacity {
        notes.push("the column `capacity` is not used by this objective");
    }
    json!({
        "problem": args.objective.to_possible_value().map(|v| v.get_name().to_owned()),
        "objective": units(answer.objective, scale),
        "bound": units(answer.bound, scale),
        "gap": answer.gap,
        "status": answer.status,
        "chosen": answer.chosen.iter().map(|&s| instance.site_ids.json(s as usize)).collect::<Vec<_>>(),
        "time_s": answer.time_s,
        "read_s": read_s,
        "sites_open": answer.chosen.len(),
        "sites_cost": units(cost, instance.site_cost_scale),
        "rows": instance.cover.n_rows(),
        "coverable_rows": answer.coverable_rows,
        "uncoverable_rows": answer.uncoverable_rows,
        "covered_rows": covered_rows,
        "covered_weight": units(covered, instance.weight_scale),
        "total_weight": units(total, instance.weight_scale),
        "steps": answer.steps,
        "notes": notes,
    })
}

/// The chosen sites: fixed ones first, then each time the one that adds most covered weight, then saves most cost.
fn order(instance: &Instance, costs: &CostTable, answer: &Answer) -> Vec<u32> {
    let fixed: Vec<u32> = answer.chosen.iter().copied().filter(|&s| instance.fixed[s as usize]).collect();
    let chosen = open_flags(instance.fixed.len(), &answer.chosen);
    let next = tidy::nearest_fill(costs, &instance.weights, &instance.cover, &fixed, &chosen, answer.chosen.len());
    let mut order = [fixed, next].concat();
    // Sites that serve only rows of no weight, or rows that others serve as well.
    let rest: Vec<u32> = answer.chosen.iter().copied().filter(|s| !order.contains(s)).collect();
    order.extend(rest);
    order
}

fn write(folder: &Path, instance: &Instance, answer: &Answer, text: &str) -> Result<()> {
    // Without costs all pairs are level.
    let level;
    let costs = match &instance.pair_costs {
        Some(costs) => costs,
        None => {
            level = CostTable::new(instance.cover.clone(), vec![0; instance.cover.n_pairs()])?;
            &level
        }
    };
    let order = order(instance, costs, answer);
    let site_cost = |&s: &u32| units(instance.site_costs[s as usize], instance.site_cost_scale);
    let chosen = vec![
        ids("site", &instance.site_ids, order.iter().map(|&s| Some(s as usize))),
        UInt32Chunked::from_slice("order".into(), &(1..=order.len() as u32).collect::<Vec<_>>()).into_column(),
        Float64Chunked::from_slice("cost".into(), &order.iter().map(site_cost).collect::<Vec<_>>()).into_column(),
    ];
    write_frame(&folder.join("chosen.parquet"), order.len(), chosen, None)?;

    let n_rows = instance.cover.n_rows();
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let nearest: Vec<Option<(u32, u64)>> = (0..n_rows).map(|r| costs.nearest(r, &open)).collect();
    let weights: Vec<f64> = instance.weights.iter().map(|&w| units(w, instance.weight_scale)).collect();
    let covered: Vec<bool> = nearest.iter().map(Option::is_some).collect();
    let cost = |nearest: &Option<(u32, u64)>| {
        let known = nearest.filter(|_| instance.pair_costs.is_some());
        known.map(|(_, cost)| units(cost, instance.pair_cost_scale))
    };
    let assignment = vec![
        ids("row", &instance.row_ids, (0..n_rows).map(Some)),
        Float64Chunked::from_slice("weight".into(), &weights).into_column(),
        BooleanChunked::from_slice("covered".into(), &covered).into_column(),
        ids("site", &instance.site_ids, nearest.iter().map(|n| n.map(|(s, _)| s as usize))),
        Float64Chunked::from_iter_options("cost".into(), nearest.iter().map(cost)).into_column(),
    ];
    write_frame(&folder.join("assignment.parquet"), n_rows, assignment, None)?;
    let path = folder.join("answer.json");
    std::fs::write(&path, text).map_err(|e| Fault::io("write the answer", &path, &e))?;
    Ok(())
}

fn ids(name: &str, ids: &Ids, at: impl Iterator<Item = Option<usize>>) -> Column {
    match ids {
        Ids::Whole(ids) => {
            Int64Chunked::from_iter_options(name.into(), at.map(|at| at.map(|at| ids[at]))).into_column()
        }
        Ids::Text(ids) => {
            StringChunked::from_iter_options(name.into(), at.map(|at| at.map(|at| ids[at].as_str()))).into_column()
        }
    }
}
