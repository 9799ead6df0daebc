//! `gandan frontier`: the most people that any number of agents can serve.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::plan::{self, OutputArgs};
use crate::error::{Fault, Result};
use crate::output::draw::Format;
use crate::output::folder::Place;
use crate::output::frontier::write;
use crate::output::plot::{self, Facts, Kind, Wanted};
use crate::output::table::RunFolder;
use crate::rollout::Rollout;
use crate::rollout::explain::commas;
use crate::rollout::frontier::{Frontier, frontier};
use crate::scenario::Scenario;
use crate::study::Study;

/// Arguments of `gandan frontier`.
#[derive(Debug, Args)]
pub struct FrontierArgs {
    /// The scenario, TOML; see docs/scenario.md.
    scenario: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Computes the curve and writes its table and plots.
///
/// # Errors
/// Faults of the inputs, or of the disk.
pub fn run(args: &FrontierArgs, quiet: bool) -> Result<()> {
    let scenario = Scenario::read(&args.scenario)?;
    let name = args.scenario.file_stem().unwrap_or(args.scenario.as_os_str()).to_string_lossy().into_owned();
    let target = args.output.out.clone().unwrap_or_else(|| Path::new("out").join(format!("{name}-frontier")));
    let place = Place::claim(&target, args.output.force)?;
    let (study, found, summary, target) = args.output.run(&scenario.clone(), &place, quiet, |stages| {
        let keep = stages.keep();
        let study = Study::load(scenario, args.output.cache().as_ref(), stages)?;
        let solved = |p: &Rollout| format!("{} agents", p.agents.len());
        let plan = stages.run("optimise", || Rollout::solve_keeping(&study, keep), solved)?;
        let found =
            stages.run("frontier", || keep.keep("frontier", || frontier(&study, Some(&plan))), Frontier::told)?;
        let folder = place.begin()?;
        write(&RunFolder::new(folder.path(), &study, &plan)?, &study, &found)?;
        folder.look()?;
        let wanted =
            Wanted { kinds: vec![Kind::Frontier], formats: vec![Format::Svg, Format::Png], ..Wanted::of_plan() };
        let facts = Facts::of_scenario(&study.scenario);
        let drawn = plot::Frontier::of_study(&study, &found).draw(&facts, &wanted.languages);
        plot::save(folder.path(), Kind::Frontier.name(), drawn, &wanted)?;
        let summary = summary(&study, &found);
        let path = folder.path().join("answer.json");
        std::fs::write(&path, format!("{summary:#}\n")).map_err(|e| Fault::io("write the answer", &path, &e))?;
        crate::stages::go_on()?;
        let target = folder.commit()?;
        Ok((study, found, summary, target))
    })?;
    match args.output.format {
        plan::Format::Json => println!("{summary:#}"),
        plan::Format::Text => print_text(&study, &found, &target),
    }
    Ok(())
}

fn summary(study: &Study, found: &Frontier) -> serde_json::Value {
    let points: Vec<_> = found
        .points
        .iter()
        .map(|p| {
            json!({
                "agents": p.agents,
                "persons": p.persons.people(),
                "bound_persons": p.bound.people(),
                "gap": p.gap,
                "status": p.status,
            })
        })
        .collect();
    json!({
        "synthetic": study.scenario.synthetic,
        "persons": found.persons.people(),
        "coverable_persons": found.coverable.people(),
        "points": points,
        "steps": found.steps,
        "time_s": found.time_s,
    })
}

fn print_text(study: &Study, found: &Frontier, target: &Path) {
    if study.scenario.synthetic {
        println!("Made-up data: for trying the program, not for decisions.\n");
    }
    println!("{:>7} {:>12} {:>9} {:>12} {:>9}  status", "agents", "people", "share", "bound", "gap");
    let shown = |i: usize| i < 10 || i + 1 == found.points.len() || i.is_multiple_of(found.points.len().div_ceil(20));
    for (_, p) in found.points.iter().enumerate().filter(|(i, _)| shown(*i)) {
        let people = |p: crate::units::Persons| commas(p.people().round() as u64);
        let share = p.persons.0 as f64 / found.persons.0.max(1) as f64 * 100.0;
        let status = p.status.as_str();
        println!(
            "{:>7} {:>12} {share:>7.2} % {:>12} {:>9.6}  {status}",
            p.agents,
            people(p.persons),
            people(p.bound),
            p.gap
        );
    }
    println!("Written: {}", target.display());
}
