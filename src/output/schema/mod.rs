//! The one place for the names, types, units and meanings of everything a run writes as a table.
//!
//! The data dictionary (`docs/data-dictionary.md`, `gandan schema`) is generated from here.

mod after;
mod columns;
mod dictionary;
mod drawn;
mod people;
mod plan;
mod roads;

pub use after::{COMPARE, FRONTIER, SENSITIVITY};
pub use dictionary::dictionary;
pub use drawn::{BACKDROP, ISOCHRONE, ISOCHRONES};
pub use people::{CALIBRATION, CELL_GROUPS, CELLS, COVERAGE, CROSSWALK, GROUPS, OFF_NETWORK};
pub use plan::{
    BOUNDARIES, DETOURS, EXPLANATIONS, LOADS, PHASES, PROOF, RELIEF, ROLLOUT, SITES, STRATEGIES, TODAY, UNCOVERED,
};
pub use roads::{NETWORK_ARCS, NETWORK_ENTRIES, NETWORK_LEGS, NETWORK_NODES};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A whole number, unsigned 32 bits.
    Whole,
    /// A number, 64-bit floating point.
    Number,
    /// True or false.
    Flag,
    /// WKB in CRS84, the primary geometry of the table.
    Geometry,
    /// The box about the geometry of the row: a struct of the four [`BBOX_FIELDS`], 32-bit floating point, rounded
    /// outwards. Made from the geometry, so that nobody gives its values.
    Bbox,
}

/// The fields of a [`Kind::Bbox`], in the order of GeoParquet.
pub const BBOX_FIELDS: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its unit, empty where it has none.
    pub unit: &'static str,
    /// Whether a value may be missing; the meaning says when.
    pub nullable: bool,
    /// What a value says.
    pub meaning: &'static str,
}

/// A table of a run.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Path in the run's folder.
    pub file: &'static str,
    /// What one row is.
    pub row: &'static str,
    /// Its columns in order; a geometry comes last, with its box.
    pub columns: &'static [Column],
}

/// Every table of a run, in the order of the dictionary.
pub const TABLES: &[Table] = &[
    ROLLOUT,
    CELLS,
    COVERAGE,
    SITES,
    BOUNDARIES,
    PHASES,
    TODAY,
    STRATEGIES,
    UNCOVERED,
    LOADS,
    DETOURS,
    RELIEF,
    EXPLANATIONS,
    PROOF,
    OFF_NETWORK,
    CALIBRATION,
    CROSSWALK,
    GROUPS,
    CELL_GROUPS,
    ISOCHRONES,
    BACKDROP,
    FRONTIER,
    SENSITIVITY,
    NETWORK_NODES,
    NETWORK_ARCS,
    NETWORK_LEGS,
    NETWORK_ENTRIES,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometries_come_last_with_their_box() {
        for table in TABLES.iter().chain([&ISOCHRONE, &COMPARE]) {
            let kinds: Vec<Kind> = table.columns.iter().map(|c| c.kind).collect();
            let at = kinds.iter().position(|k| matches!(k, Kind::Geometry | Kind::Bbox)).unwrap_or(kinds.len());
            let rest = &kinds[at..];
            assert!(rest.is_empty() || rest == [Kind::Geometry, Kind::Bbox], "{}: {rest:?}", table.file);
        }
    }
}
