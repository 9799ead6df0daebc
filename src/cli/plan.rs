//! `gandan plan`: the whole job on a scenario.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::cache::CacheArgs;
use super::memory::MemoryArgs;
use super::progress::{Progress, verbose};
use crate::error::{Error, Result};
use crate::output::loads::told;
use crate::output::{folder::Place, strategies::price, write_run};
use crate::rollout::Rollout;
use crate::rollout::explain::commas;
use crate::scenario::{Scenario, Strategy};
use crate::stages::Stages;
use crate::stages::checkpoint::{Checkpoints, KEPT_AFTER};
use crate::study::Study;

/// Arguments of `gandan plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The scenario, TOML; see docs/scenario.md.
    scenario: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Where a run goes.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// The folder to write; by default `out/` and the scenario's name.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an earlier run that stands there.
    #[arg(long)]
    pub force: bool,
    /// Write the road graph too, for checks by other programs.
    #[arg(long)]
    pub network: bool,
    #[command(flatten)]
    cache: CacheArgs,
    /// Go on where an earlier run of the same command was stopped: what its long steps did is taken over, if inputs,
    /// settings and version are the same.
    #[arg(long)]
    resume: bool,
    /// Keep what steps did that took at least so many seconds.
    #[arg(long, value_name = "S", default_value_t = KEPT_AFTER.as_secs_f64(), hide = true)]
    keep_after: f64,
    #[command(flatten)]
    memory: MemoryArgs,
    /// How the summary is printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

impl OutputArgs {
    /// The cache of networks, if one is wanted.
    pub(super) fn cache(&self) -> Option<crate::network::cache::Cache> {
        self.cache.open()
    }

    /// Runs the stages of a scenario into a place, so that a run that is stopped can go on later.
    ///
    /// # Errors
    /// Those of the work.
    pub(super) fn run<T>(
        &self,
        scenario: &Scenario,
        place: &Place,
        quiet: bool,
        work: impl FnOnce(&mut Stages) -> Result<T>,
    ) -> Result<T> {
        let after = Duration::try_from_secs_f64(self.keep_after).unwrap_or(KEPT_AFTER);
        // How a scenario is shown for its programmers tells any two apart.
        let asked = format!("{scenario:?}");
        let checkpoints = Checkpoints::new(place.checkpoints(), asked, scenario.files(), self.resume, after);
        let say = |text: String| {
            if !quiet {
                eprintln!("{text}");
            }
        };
        match (self.resume, checkpoints.are_there()) {
            (true, false) => say("nothing is kept of an earlier run into this folder: beginning anew".into()),
            (false, true) => say("an earlier run into this folder was stopped; --resume would go on from there".into()),
            _ => {}
        }
        let progress = Progress::new(quiet);
        let listen = |event: crate::stages::Event| progress.hear(event);
        let mut stages = Stages::keeping(&listen, &checkpoints);
        stages.limit_memory(self.memory.most_bytes());
        let done = work(&mut stages);
        match &done {
            Ok(_) => {
                checkpoints.clear();
                progress.summary(stages.done());
            }
            // Asked otherwise it would not fit.
            Err(Error::Targets(_)) => checkpoints.clear(),
            Err(_) if checkpoints.count() > 0 => {
                let kept = crate::units::counted(checkpoints.count() as u64, "long step is", "long steps are");
                say(format!("{kept} kept: the same with --resume goes on from there"));
            }
            Err(_) => {}
        }
        done
    }
}

/// How the summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Runs `gandan plan`.
///
/// # Errors
/// Faults of the inputs, or of the disk.
pub fn run(args: PlanArgs, quiet: bool) -> Result<()> {
    let scenario = Scenario::read(&args.scenario)?;
    let name = args.scenario.file_stem().unwrap_or(args.scenario.as_os_str());
    let target = args.output.out.clone().unwrap_or_else(|| Path::new("out").join(name));
    run_scenario(scenario, &Place::claim(&target, args.output.force)?, &args.output, quiet)
}

/// Plans a scenario and prints its summary.
pub(super) fn run_scenario(mut scenario: Scenario, place: &Place, args: &OutputArgs, quiet: bool) -> Result<()> {
    scenario.output.network |= args.network;
    let (study, plan, target) = args.run(&scenario.clone(), place, quiet, |stages| {
        let keep = stages.keep();
        let study = Study::load(scenario, args.cache.open().as_ref(), stages)?;
        let plan = stages.run(
            "optimise",
            || Rollout::solve_keeping(&study, keep),
            |p: &Rollout| {
                let worst = p.phases.iter().map(|phase| phase.proof.gap).fold(0.0, f64::max);
                format!("{} agents, largest gap {worst:.6}", p.agents.len())
            },
        )?;
        if verbose() {
            tell_steps(&plan);
        }
        let target = write_run(place, &study, &plan, stages)?;
        Ok((study, plan, target))
    })?;
    if !quiet && args.format == Format::Text {
        eprintln!();
    }
    match args.format {
        Format::Text => print_text(&study, &plan, &target),
        Format::Json => print_json(&study, &plan, &target),
    }
    Ok(())
}

/// How each problem was solved and proven, step by step, to stderr.
fn tell_steps(plan: &Rollout) {
    for problem in &plan.problems.stated {
        let (first, last) = (problem.phases.start + 1, problem.phases.end);
        eprintln!("  phases {first} to {last}: {} in {:.2} s", problem.status.as_str(), problem.time_s);
        problem.steps.iter().for_each(|s| eprintln!("  {:>9.2} s  {}: {}", s.at_s, s.step, s.found));
    }
}

fn print_text(study: &Study, plan: &Rollout, target: &Path) {
    let people = |p: crate::units::Persons| commas(p.people().round() as u64);
    let share = |s: Option<f64>| s.map_or("–".into(), |s| format!("{:.2} %", s * 100.0));
    let minutes = |s: Option<f64>| s.map_or("–".into(), |s| format!("{:.1} min", s / 60.0));
    if study.scenario.synthetic {
        println!("Made-up data: for trying the program, not for decisions.\n");
    }
    for (t, (asked, done)) in study.scenario.phases.iter().zip(&plan.phases).enumerate() {
        let all = &done.indicators.all;
        println!("{} ({})", asked.name.en, asked.starts);
        println!(
            "  agents {} (+{}), {} of {} people served = {}, mean time {}",
            done.open.len(),
            done.opened.len(),
            people(all.covered),
            people(all.persons),
            share(all.covered_share()),
            minutes(all.mean_time_s)
        );
        if let Some(scope) = &asked.scope {
            let inside = &done.indicators.scope;
            println!(
                "  in {}: {} of {} = {}",
                scope.name.en,
                people(inside.covered),
                people(inside.persons),
                share(inside.covered_share())
            );
        }
        if let Some(capacity) = plan.capacity.as_ref().and_then(|c| c.phases.get(t)) {
            println!("  {}", told(capacity));
        }
        let proof = &done.proof;
        if proof.status != "nothing_to_open" {
            println!(
                "  {}: {:.3} {}, bound {:.3}, gap {:.6} ({})",
                proof.problem, proof.objective, proof.unit, proof.bound, proof.gap, proof.status
            );
        }
    }
    print_strategies(plan);
    let unserved: crate::units::Persons = plan.uncovered.iter().map(|p| p.persons).sum();
    println!("Not served at the end: {} people in {} places", people(unserved), plan.uncovered.len());
    for place in plan.uncovered.iter().take(5) {
        let feature = study.layers.first().zip(place.boundary).map(|(l, f)| l.features[f as usize].name.as_str());
        println!(
            "  {}: {} people, nearest agent {} from their middle",
            feature.unwrap_or("outside all boundaries"),
            people(place.persons),
            place.nearest_agent.map_or("–".into(), |d| format!("{:.1} km", d.metres() / 1000.0))
        );
    }
    if plan.uncovered.len() > 5 {
        println!("  … all of them in uncovered.parquet");
    }
    println!("Written: {}", target.display());
}

/// What the strategies come to, side by side.
fn print_strategies(plan: &Rollout) {
    for of in &plan.strategies {
        match &of.phases {
            Err(why) => println!("Strategy {}: no plan: {why}", of.strategy.as_str()),
            Ok(_) => {
                let days = of.person_days().unwrap_or(0.0);
                let less = price(plan, of).filter(|_| of.strategy != Strategy::Joint).map_or(
                    String::new(),
                    |(less, share)| {
                        let (less, sign) = (less.abs().round() as u64, if less < 0.0 { "more" } else { "fewer" });
                        format!(", {} {sign} than joint ({:.4} %)", commas(less), share.abs() * 100.0)
                    },
                );
                println!("Strategy {}: {} person-days{less}", of.strategy.as_str(), commas(days.round() as u64));
            }
        }
    }
}

fn print_json(study: &Study, plan: &Rollout, target: &Path) {
    let phases: Vec<_> = study
        .scenario
        .phases
        .iter()
        .zip(&plan.phases)
        .enumerate()
        .map(|(t, (asked, done))| {
            let capacity = plan.capacity.as_ref().and_then(|c| c.phases.get(t));
            json!({
                "name": asked.name,
                "starts": asked.starts,
                "agents": done.open.len(),
                "opened": done.opened.iter().map(|&s| &study.sites[s as usize].site.id).collect::<Vec<_>>(),
                "persons": done.indicators.all.persons.people(),
                "covered_persons": done.indicators.all.covered.people(),
                "population_covered_share": done.indicators.all.covered_share(),
                "capacity": capacity.map(|c| json!({
                    "counters": c.counters(),
                    "load_per_day": c.dossiers_per_day(),
                    "overflow_per_day": c.overflow_per_day(),
                    "overflow_nearest_per_day": c.overflow_nearest_per_day,
                    "unserved_per_day": c.unserved_per_day,
                    "mean_wait_min": c.mean_wait_min(),
                    "persons_sent": c.persons_sent().people(),
                    "relief_share": c.relief_share(),
                })),
                "proof": done.proof,
            })
        })
        .collect();
    let summary = json!({
        "out": target.display().to_string(),
        "synthetic": study.scenario.synthetic,
        "phases": phases,
        "strategies": crate::output::strategies::told(plan),
        "uncovered_persons": plan.uncovered.iter().map(|p| p.persons.people()).sum::<f64>(),
    });
    println!("{summary:#}");
}
