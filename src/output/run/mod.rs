//! A finished run, read back from its folder: the map, the report, the workbook and the plots are drawn from this, at
//! the end of a run as well as later.
//!
//! A row of a table is a struct whose fields bear the names of the table's columns, so that each is said once.

mod about;
mod rows;

use std::path::{Path, PathBuf};

pub use about::{About, InputFile, LayerName, Mode, PhaseAsked, Source};
pub use rows::{
    AgentRow, BoundaryRow, ExplanationRow, GroupRow, IsochroneRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Row,
    SiteRow, StrategyRow, TodayRow, Value,
};

use super::read::{self, Rows};
use crate::error::Result;

/// A finished run.
pub struct Run {
    /// Its folder.
    pub folder: PathBuf,
    /// What the manifest tells of it.
    pub about: About,
    /// The whole manifest.
    pub manifest: serde_json::Value,
}

impl Run {
    /// Opens a run; its tables are read as they are asked for.
    ///
    /// # Errors
    /// The folder holds no manifest, or one of another version.
    pub fn open(folder: &Path) -> Result<Run> {
        let manifest = read::manifest(folder)?;
        let about = About::of_manifest(folder, &manifest)?;
        Ok(Run { folder: folder.to_owned(), about, manifest })
    }

    /// All rows of a table.
    ///
    /// # Errors
    /// The table is missing, is not Parquet, or lacks a column.
    pub fn rows<T: Row>(&self) -> Result<Vec<T>> {
        T::of(&Rows::read(&self.folder, T::TABLE, T::COLUMNS)?)
    }
}
