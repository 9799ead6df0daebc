//! `gandan optimise`: any covering, median, center or capacitated problem given as tables.

mod ask;
mod tell;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, CommandFactory, ValueEnum};

use super::optimise_proof::{self, Asked};
use super::progress::{Progress, verbose};
use crate::error::Result;
use crate::optimise::tables::{self, Instance};
use crate::optimise::{Limits, max_cover, set_cover};
use crate::output::folder::Place;
use crate::stages::Stages;

/// Options of `gandan optimise`.
#[derive(Debug, Args)]
pub struct OptimiseArgs {
    /// Rows to serve: columns `row`, `weight`, optionally `need` (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    pub rows: PathBuf,
    /// Which site serves which row: columns `row`, `site`, optionally `cost`
    #[arg(long, value_name = "FILE")]
    pub pairs: PathBuf,
    /// Candidate sites: columns `site`, optionally `cost`, `fixed`, `eligible`, `capacity`
    #[arg(long, value_name = "FILE")]
    pub sites: PathBuf,
    /// What to look for
    #[arg(long, value_enum)]
    pub objective: Objective,
    /// The most sites in all, fixed ones included (max-cover, p-median, p-center, backup-cover, capacitated)
    #[arg(long, value_name = "N", required_if_eq_any([
        ("objective", "p-median"), ("objective", "p-center"), ("objective", "backup-cover"),
    ]))]
    pub p: Option<usize>,
    /// The most cost in all, fixed sites included (max-cover)
    #[arg(long, value_name = "X")]
    pub budget: Option<f64>,
    /// The least share of all weight to cover, from 0 to 1 (partial-cover)
    #[arg(long, value_name = "SHARE", conflicts_with = "serve_amount")]
    pub serve: Option<f64>,
    /// The least weight to cover, in the unit of the weights (partial-cover)
    #[arg(long, value_name = "X")]
    pub serve_amount: Option<f64>,
    /// What the second coverage of a row is worth against the first, from 0 to 1 (backup-cover); without it every row
    /// that can be covered must be, and the weight covered twice counts
    #[arg(long, value_name = "SHARE")]
    pub backup_share: Option<f64>,
    /// Each row goes to one site as a whole (capacitated)
    #[arg(long)]
    pub single_source: bool,
    /// Where capacity is short leave as little as possible unserved and say what (capacitated)
    #[arg(long)]
    pub allow_overflow: bool,
    /// Of all plans with the best objective take the one that is best in this as well (set-cover, max-cover,
    /// partial-cover)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub then: Option<Then>,
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
    /// The cheapest sites that cover at least `--serve` of the weight
    PartialCover,
    /// With `--p` sites cover every row, and the most weight twice; or weigh both with `--backup-share`
    BackupCover,
    /// The least weighted cost of serving every row from one of at most `--p` sites
    PMedian,
    /// The least worst cost of serving every row from one of at most `--p` sites
    PCenter,
    /// The least cost of open sites and of serving every row, where each site has a capacity
    Capacitated,
}

/// What can stand behind the first objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Then {
    /// The least weighted mean cost from the nearest chosen site
    Nearest,
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
pub fn run(args: OptimiseArgs, quiet: bool) -> Result<()> {
    if let Some(message) = misuse(&args) {
        Alone::command().error(clap::error::ErrorKind::ArgumentConflict, message).exit();
    }
    let limits =
        Limits { time_limit_s: args.time_limit, gap: args.gap, threads: args.solver_threads, ..Limits::default() };
    limits.check()?;
    let place = args.out.as_deref().map(|out| Place::claim(out, args.force)).transpose()?;
    let folder = place.as_ref().map(Place::begin).transpose()?;
    let progress = Progress::new(quiet);
    let listen = |event: crate::stages::Event| progress.hear(event);
    let mut stages = Stages::new(&listen);
    let begun = Instant::now();
    let instance = stages.run(
        "read tables",
        || tables::read(&args.rows, &args.pairs, &args.sites),
        |i: &Instance| format!("{} rows, {} sites, {} pairs", i.cover.n_rows(), i.cover.n_sites(), i.cover.n_pairs()),
    )?;
    let read_s = begun.elapsed().as_secs_f64();
    let solved = stages.run(
        "optimise",
        || ask::solve(&args, &instance, &limits),
        |s: &ask::Solved| {
            format!("{} sites, gap {:.6} ({})", s.answer.chosen.len(), s.answer.gap, s.answer.status.as_str())
        },
    )?;
    if verbose() {
        solved.answer.steps.iter().for_each(|s| eprintln!("  {:>9.2} s  {}: {}", s.at_s, s.step, s.found));
    }
    let text = format!("{:#}\n", tell::json(&args, &instance, &solved, read_s));
    if let Some(folder) = folder {
        let written = || {
            tell::write(folder.path(), &instance, &solved, &text)?;
            match asked(&args, &instance)? {
                Some(asked) => optimise_proof::write(folder.path(), &instance, &asked, &solved.answer),
                None => Ok(()),
            }
        };
        let at = args.out.as_ref().map_or(String::new(), |out| out.display().to_string());
        stages.run("write", written, |()| format!("the answer in {at}"))?;
        folder.commit()?;
    }
    print!("{text}");
    Ok(())
}

/// What was asked for with options that do not belong together.
fn misuse(args: &OptimiseArgs) -> Option<String> {
    use Objective::{BackupCover, Capacitated, MaxCover, PCenter, PMedian, PartialCover, SetCover};
    let covers = [SetCover, MaxCover, PartialCover];
    let given = [
        ("--p", args.p.is_some(), &[MaxCover, BackupCover, PMedian, PCenter, Capacitated][..]),
        ("--budget", args.budget.is_some(), &[MaxCover]),
        ("--serve", args.serve.is_some(), &[PartialCover]),
        ("--serve-amount", args.serve_amount.is_some(), &[PartialCover]),
        ("--backup-share", args.backup_share.is_some(), &[BackupCover]),
        ("--single-source", args.single_source, &[Capacitated]),
        ("--allow-overflow", args.allow_overflow, &[Capacitated]),
        ("--then", args.then.is_some(), &covers),
    ];
    let names = |of: &[Objective]| of.iter().map(|&objective| name(objective)).collect::<Vec<_>>().join(", ");
    let stray = given.iter().find(|(_, given, with)| *given && !with.contains(&args.objective));
    if let Some((option, _, with)) = stray {
        return Some(format!("{option} goes with {}, not with {}", names(with), name(args.objective)));
    }
    match args.objective {
        MaxCover if args.p.is_none() && args.budget.is_none() => {
            Some("max-cover needs --p or --budget (or both)".into())
        }
        PartialCover if args.serve.is_none() && args.serve_amount.is_none() => {
            Some("partial-cover needs --serve or --serve-amount".into())
        }
        _ => None,
    }
}

/// The question as its proof states it; only covering has one that can be checked without a solver.
fn asked<'a>(args: &OptimiseArgs, instance: &'a Instance) -> Result<Option<Asked<'a>>> {
    let Instance { cover, weights, site_costs: costs, fixed, eligible, .. } = instance;
    Ok(match args.objective {
        Objective::SetCover => Some(Asked::SetCover(set_cover::Problem { cover, costs, fixed, eligible })),
        Objective::MaxCover => {
            let budget = args.budget.map(|budget| ask::scaled_budget(budget, instance.site_cost_scale)).transpose()?;
            Some(Asked::MaxCover(max_cover::Problem { cover, weights, costs, fixed, eligible, p: args.p, budget }))
        }
        _ => None,
    })
}

fn name(objective: Objective) -> String {
    objective.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn units(value: u64, scale: u64) -> f64 {
    value as f64 / scale as f64
}
