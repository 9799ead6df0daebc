//! `gandan plot`: the plots of a finished run, drawn again.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::{Fault, Result};
use crate::output::draw::Format;
use crate::output::plot::{self, FOLDER, Kind, Language, Wanted};
use crate::output::run::Run;

/// Arguments of `gandan plot`.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// The folder of a finished run.
    run: PathBuf,
    /// The folder to write into; by default `plots` in the run.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw one kind only; may be given again.
    #[arg(long, value_name = "KIND", value_enum)]
    only: Vec<Kind>,
    /// What is written; a run holds its plots as SVG already.
    #[arg(long, value_enum, default_value_t = Formats::Png)]
    format: Formats,
    /// The language; a file each.
    #[arg(long, value_enum, default_value_t = Languages::Both)]
    lang: Languages,
    /// Replace plots that stand there.
    #[arg(long)]
    force: bool,
}

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Formats {
    /// Vector graphics, for pages and for editing.
    Svg,
    /// Pixels, for documents and slides.
    Png,
    /// Both.
    Both,
}

/// The languages that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Languages {
    /// Vietnamese.
    Vi,
    /// English.
    En,
    /// Both.
    Both,
}

/// Draws the plots, and prints the files that were written.
///
/// # Errors
/// The folder is no run, it holds nothing of a kind that was asked for, files stand in the way, or the disk refuses.
pub fn run(args: &PlotArgs, quiet: bool) -> Result<()> {
    let run = Run::open(&args.run)?;
    let folder = args.out.clone().unwrap_or_else(|| args.run.join(FOLDER));
    let wanted = Wanted {
        kinds: if args.only.is_empty() { Kind::ALL.to_vec() } else { args.only.clone() },
        languages: match args.lang {
            Languages::Vi => vec![Language::Vi],
            Languages::En => vec![Language::En],
            Languages::Both => Language::ALL.to_vec(),
        },
        formats: match args.format {
            Formats::Svg => vec![Format::Svg],
            Formats::Png => vec![Format::Png],
            Formats::Both => vec![Format::Svg, Format::Png],
        },
        force: args.force,
    };
    plot::refuse_existing(&folder, &wanted)?;
    let written = plot::write(&run, &folder, &wanted)?;
    if written.is_empty() {
        return Err(Fault::new("plot::nothing", "the run holds nothing of what was asked for")
            .file(&args.run)
            .place("--only")
            .help("frontier needs `output.frontier = true` in the scenario, loads and times need agents")
            .into());
    }
    if !quiet {
        written.iter().for_each(|path| println!("{}", path.display()));
    }
    Ok(())
}
