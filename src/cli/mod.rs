//! The command line: one thin file a subcommand, progress, and how errors are shown.

// Speaking to the terminal is what this folder is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

// First, so that its macros stand in all that follows.
#[macro_use]
mod print;

mod cache;
mod check;
mod compare;
mod completions;
mod demo;
mod examples;
mod explain;
mod fetch;
mod frontier;
mod isochrone;
mod man;
mod map;
mod matrix;
mod memory;
mod optimise;
mod optimise_proof;
mod plan;
mod plot;
mod progress;
mod render;
mod report;
mod schema;
mod sensitivity;
mod survey;
mod synth;
mod travel;
mod verify;
mod workbook;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::Error;

/// Plans where public-service agents should stand so that every resident reaches one, with a proof.
#[derive(Debug, Parser)]
#[command(
    name = "gandan",
    version,
    about,
    after_help = "Begin with `gandan demo`, then open out/demo/map.html. `gandan COMMAND --help` tells the options of a \
                  command and gives examples.\n\n\
                  Results go to stdout, everything else to stderr.\n\
                  Exit codes: 0 done, 1 bad input, 2 usage, 3 the targets cannot be met, 4 interrupted.\n\
                  Environment: GANDAN_CACHE (folder for road networks and downloads), NO_COLOR."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say nothing on stderr but errors; results are still printed.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more: where things are kept, and the steps of each proof.
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Threads to compute with; the results do not depend on it, but where a time limit stops a proof.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole job on the demo city that is shipped with the program.
    Demo(demo::DemoArgs),
    /// Run the whole job on a scenario.
    Plan(plan::PlanArgs),
    /// Fetch the inputs of a region and make them ready to plan with.
    Fetch(fetch::FetchArgs),
    /// Tell everything wrong or doubtful with the inputs of a scenario.
    Check(check::CheckArgs),
    /// Tell which sites may be agents, and make a form that asks what is unknown.
    Survey(survey::SurveyArgs),
    /// Draw what lies within some minutes of places.
    Isochrone(isochrone::IsochroneArgs),
    /// Write the travel times between any two lists of points.
    Matrix(matrix::MatrixArgs),
    /// Solve a covering or median problem given as tables, without roads.
    #[command(alias = "optimize")]
    Optimise(optimise::OptimiseArgs),
    /// Tell why a site is in the plan of a run or is not, or who serves a place.
    Explain(explain::ExplainArgs),
    /// Set two runs side by side: what opens and moves, who wins and who loses.
    Compare(compare::CompareArgs),
    /// Compute the most people that any number of agents can serve, with bounds and a plot.
    Frontier(frontier::FrontierArgs),
    /// Tell what the plan is worth when roads are slow or closed, or agents are lost.
    Sensitivity(sensitivity::SensitivityArgs),
    /// Draw the map of a finished run again, or of two runs side by side.
    Map(map::MapArgs),
    /// Draw the report of a finished run again, or print it to PDF.
    Report(report::ReportArgs),
    /// Recompute the figures of a finished run from its tables.
    Verify(verify::VerifyArgs),
    /// Draw the plots of a finished run again: phases, travel times, loads, communes, frontier.
    Plot(plot::PlotArgs),
    /// Draw the workbook of a finished run again.
    Workbook(workbook::WorkbookArgs),
    /// Make the demo city anew from a seed, or a town or country of any size.
    Synth(synth::SynthArgs),
    /// Print the data dictionary of the tables.
    Schema(schema::SchemaArgs),
    /// Print the completions of commands and options for a shell.
    Completions(completions::CompletionsArgs),
    /// Print a manual page, or write all of them.
    Man(man::ManArgs),
}

/// The whole command line with its examples, as it is parsed, completed and documented.
fn command() -> clap::Command {
    examples::add(Cli::command())
}

/// Parses the command line, runs it, and tells the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    if cli.verbose {
        progress::be_verbose();
    }
    if let Some(threads) = cli.threads {
        // Fails only if a pool exists already, which nothing before this line makes.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
    }
    // Without a handler Ctrl-C would leave half a folder behind; if none can be set, that is all that is lost.
    let _ = ctrlc::set_handler(|| {
        if crate::stages::stop() {
            crate::files::remove_pending();
            std::process::exit(4);
        }
        // On a terminal a bar may stand in this line.
        let clear = if progress::terminal() { "\r\x1b[K" } else { "" };
        eprintln!("{clear}stopping as soon as this step can; once more stops at once");
    });
    let result = match cli.command {
        Command::Demo(args) => demo::run(args, cli.quiet),
        Command::Plan(args) => plan::run(args, cli.quiet),
        Command::Fetch(args) => fetch::run(&args, cli.quiet),
        Command::Check(args) => match check::run(&args, cli.quiet) {
            Ok(code) if code != ExitCode::SUCCESS => return code,
            other => other.map(|_| ()),
        },
        Command::Survey(args) => survey::run(&args, cli.quiet),
        Command::Isochrone(args) => isochrone::run(args, cli.quiet),
        Command::Matrix(args) => matrix::run(&args, cli.quiet),
        Command::Optimise(args) => optimise::run(args, cli.quiet),
        Command::Explain(args) => explain::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Frontier(args) => frontier::run(&args, cli.quiet),
        Command::Sensitivity(args) => sensitivity::run(&args, cli.quiet),
        Command::Map(args) => map::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Verify(args) => verify::run(args),
        Command::Plot(args) => plot::run(&args, cli.quiet),
        Command::Workbook(args) => workbook::run(&args, cli.quiet),
        Command::Synth(args) => synth::run(args, cli.quiet),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    let result = match result {
        // What goes wrong once a run was told to stop may come of having stopped.
        Err(_) if crate::stages::stopping() => Err(Error::Interrupted),
        other => other.and_then(|()| print::finish()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            render::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
