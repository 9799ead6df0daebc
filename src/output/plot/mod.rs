//! The plots of a run: how long people travel, the work of each agent, when agents open, the share served by commune,
//! and the frontier. Each is drawn from the tables of a run, in either language.

mod communes;
mod frontier;
mod loads;
mod phases;
mod sheet;
mod times;
mod words;

use std::path::{Path, PathBuf};

use super::draw::{self, Format, Svg};
use super::run::{PhaseRow, Run, TodayRow};
use super::schema;
use crate::error::{Fault, Result};
use crate::files::refuse_existing_file;
pub use frontier::Frontier;
pub use sheet::Facts;
pub use words::Language;

/// The folder of a run in which its plots stand.
pub const FOLDER: &str = "plots";

/// PNG has so many pixels for one of the drawing: sharp on paper and on fine screens.
const PNG_SCALE: f64 = 2.0;

/// A kind of plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// When phases begin and end, what opens, and who is served.
    Phases,
    /// People by travel time, phase by phase.
    Times,
    /// The work of each agent in the last phase.
    Loads,
    /// The share served by commune.
    Communes,
    /// The most people that any number of agents can serve; of runs with `output.frontier`.
    Frontier,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [Kind::Phases, Kind::Times, Kind::Loads, Kind::Communes, Kind::Frontier];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Phases => "phases",
            Kind::Times => "times",
            Kind::Loads => "loads",
            Kind::Communes => "communes",
            Kind::Frontier => "frontier",
        }
    }

    /// The drawing in some languages; empty where the run holds nothing of the kind.
    fn draw(self, run: &Run, languages: &[Language]) -> Result<Vec<Svg>> {
        let facts = Facts::of_run(&run.about);
        Ok(match self {
            Kind::Phases => phases::Phases::of_run(run)?.draw(&facts, languages),
            Kind::Times => times::Times::of_run(run)?.map_or_else(Vec::new, |plot| plot.draw(&facts, languages)),
            Kind::Loads => loads::Loads::of_run(run)?.map_or_else(Vec::new, |plot| plot.draw(&facts, languages)),
            Kind::Communes => {
                communes::Communes::of_run(run)?.map_or_else(Vec::new, |plot| plot.draw(&facts, languages))
            }
            Kind::Frontier => Frontier::of_run(run)?.map_or_else(Vec::new, |plot| plot.draw(&facts, languages)),
        })
    }
}

/// Which plots are drawn, and how.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// The languages; a file each.
    pub languages: Vec<Language>,
    /// The formats; a file each.
    pub formats: Vec<Format>,
    /// Whether files that stand there are replaced.
    pub force: bool,
}

impl Wanted {
    /// What a run leaves: all plots in both languages as SVG.
    pub fn of_plan() -> Wanted {
        Wanted {
            kinds: Kind::ALL.to_vec(),
            languages: Language::ALL.to_vec(),
            formats: vec![Format::Svg],
            force: false,
        }
    }
}

/// Draws plots of a run into a folder and tells the files; kinds of which the run holds nothing are left out.
///
/// # Errors
/// A table cannot be read, a file stands there that may not be replaced, or the disk refuses.
pub fn write(run: &Run, folder: &Path, wanted: &Wanted) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for kind in &wanted.kinds {
        crate::stages::go_on()?;
        let drawn = kind.draw(run, &wanted.languages)?;
        written.extend(save(folder, kind.name(), drawn, wanted)?);
    }
    Ok(written)
}

/// Writes a drawing's languages and formats as `name.LANGUAGE.FORMAT`.
///
/// # Errors
/// A file stands there that may not be replaced, or the disk refuses.
pub fn save(folder: &Path, name: &str, drawn: Vec<Svg>, wanted: &Wanted) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (svg, language) in drawn.into_iter().zip(&wanted.languages) {
        for &format in &wanted.formats {
            let path = folder.join(format!("{name}.{}.{}", language.code(), format.ending()));
            draw::save(&path, svg.clone(), format, PNG_SCALE, wanted.force)?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Refuses, before anything is drawn, what would replace files.
///
/// # Errors
/// A file stands there and may not be replaced.
pub fn refuse_existing(folder: &Path, wanted: &Wanted) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Fault::new("output::name", "this is a file").file(folder).help("give --out a folder").into());
    }
    for kind in &wanted.kinds {
        for language in &wanted.languages {
            for format in &wanted.formats {
                let name = format!("{}.{}.{}", kind.name(), language.code(), format.ending());
                refuse_existing_file(&folder.join(name), wanted.force)?;
            }
        }
    }
    Ok(())
}

/// For each phase its place among those that change what stands, so that all plots give it the same colour; `None`
/// where nothing changes: its figures are those of the phase before.
fn changing(phases: &[PhaseRow]) -> Vec<Option<usize>> {
    let mut found = 0;
    let mut before = 0;
    let of = phases.iter().map(|p| {
        let changes = p.agents > 0 && (p.opened > 0 || p.agents != before);
        before = p.agents;
        found += usize::from(changes);
        changes.then(|| found - 1)
    });
    of.collect()
}

/// What the offices of today do by themselves in the whole study area, if there are any.
fn today(run: &Run) -> Result<Option<TodayRow>> {
    Ok(todays(run)?.into_iter().find(|row| row.boundary.is_none()).filter(|row| row.offices > 0))
}

fn todays(run: &Run) -> Result<Vec<TodayRow>> {
    if run.folder.join(schema::TODAY.file).is_file() { run.rows() } else { Ok(Vec::new()) }
}
