//! `gandan sensitivity`: what the plan of a scenario is worth when something goes wrong.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::plan::{Format, OutputArgs};
use crate::error::{Fault, Result};
use crate::output::folder::Place;
use crate::output::sensitivity::write;
use crate::output::table::RunFolder;
use crate::rollout::Rollout;
use crate::rollout::explain::commas;
use crate::rollout::sensitivity::{Case, Outcome, Sensitivity, sensitivity};
use crate::scenario::Scenario;
use crate::study::Study;

/// Arguments of `gandan sensitivity`.
#[derive(Debug, Args)]
pub struct SensitivityArgs {
    /// The scenario, TOML; its cases stand under `[sensitivity]`, see docs/scenario.md.
    scenario: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Plans, tries the plan in each case, and writes the table.
///
/// # Errors
/// Faults of the inputs, or of the disk.
pub fn run(args: &SensitivityArgs, quiet: bool) -> Result<()> {
    let scenario = Scenario::read(&args.scenario)?;
    let name = args.scenario.file_stem().unwrap_or(args.scenario.as_os_str()).to_string_lossy().into_owned();
    let target = args.output.out.clone().unwrap_or_else(|| Path::new("out").join(format!("{name}-sensitivity")));
    let place = Place::claim(&target, args.output.force)?;
    let (study, tried, summary, target) = args.output.run(&scenario.clone(), &place, quiet, |stages| {
        let keep = stages.keep();
        let study = Study::load(scenario, args.output.cache().as_ref(), stages)?;
        let solved = |p: &Rollout| format!("{} agents", p.agents.len());
        let plan = stages.run("optimise", || Rollout::solve_keeping(&study, keep), solved)?;
        let tried = sensitivity(&study, &plan, stages)?;
        let folder = place.begin()?;
        write(&RunFolder::new(folder.path(), &study, &plan)?, &study, &tried)?;
        let summary = summary(&study, &tried);
        let path = folder.path().join("answer.json");
        std::fs::write(&path, format!("{summary:#}\n")).map_err(|e| Fault::io("write the answer", &path, &e))?;
        crate::stages::go_on()?;
        let target = folder.commit()?;
        Ok((study, tried, summary, target))
    })?;
    match args.output.format {
        Format::Json => println!("{summary:#}"),
        Format::Text => print_text(&study, &tried, &target),
    }
    Ok(())
}

fn summary(study: &Study, tried: &Sensitivity) -> serde_json::Value {
    let outcome = |o: &Outcome| {
        json!({
            "case": tried.id(study, &o.case),
            "name": tried.name(study, &o.case),
            "phase": o.phase + 1,
            "agents": o.agents,
            "persons": o.persons.people(),
            "persons_lost": o.lost as f64 / 1000.0,
            "mean_time_s": o.mean_time_s,
            "best_persons": o.best.map(|b| b.persons.people()),
            "bound_persons": o.best.map(|b| b.bound.people()),
            "gap": o.best.map(|b| b.gap),
            "status": o.best.map(|b| b.status),
        })
    };
    json!({
        "synthetic": study.scenario.synthetic,
        "outcomes": tried.outcomes.iter().map(outcome).collect::<Vec<_>>(),
    })
}

/// Agents whose loss is shown.
const SHOWN_LOST: usize = 10;

fn print_text(study: &Study, tried: &Sensitivity, target: &Path) {
    if study.scenario.synthetic {
        println!("Made-up data: for trying the program, not for decisions.\n");
    }
    println!("{:>5} {:>12} {:>9} {:>10} {:>9} {:>10}  case", "phase", "people", "share", "lost", "mean min", "regret");
    let lost = tried.outcomes.iter().filter(|o| matches!(o.case, Case::Lost(_))).count();
    for o in &tried.outcomes[..tried.outcomes.len() - lost.saturating_sub(SHOWN_LOST)] {
        let share = o.persons.0 as f64 / o.people.0.max(1) as f64 * 100.0;
        let minutes = o.mean_time_s.map_or("–".into(), |s| format!("{:.1}", s / 60.0));
        let regret = o.best.map_or("–".into(), |b| format!("{:.0}", b.persons.people() - o.persons.people()));
        println!(
            "{:>5} {:>12} {share:>7.2} % {:>10.0} {minutes:>9} {regret:>10}  {}",
            o.phase + 1,
            commas(o.persons.people().round() as u64),
            o.lost as f64 / 1000.0,
            tried.name(study, &o.case).en
        );
    }
    if lost > SHOWN_LOST {
        println!("  … the loss of {} more agents in sensitivity.parquet", lost - SHOWN_LOST);
    }
    println!("Written: {}", target.display());
}
