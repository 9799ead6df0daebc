//! How columns are written down, and those that several tables have.

use super::{Column, Kind};

pub(super) const fn text(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Text, unit: "", nullable: false, meaning }
}

pub(super) const fn whole(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Whole, unit, nullable: false, meaning }
}

pub(super) const fn number(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Number, unit, nullable: false, meaning }
}

pub(super) const fn flag(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Flag, unit: "", nullable: false, meaning }
}

pub(super) const fn geometry(meaning: &'static str) -> Column {
    Column { name: "geometry", kind: Kind::Geometry, unit: "", nullable: false, meaning }
}

pub(super) const fn or_null(column: Column) -> Column {
    Column { nullable: true, ..column }
}

/// Stands after every geometry.
pub(super) const BBOX: Column = or_null(Column {
    name: "bbox",
    kind: Kind::Bbox,
    unit: "degrees",
    nullable: false,
    meaning: "box about the geometry, rounded outwards; null where the geometry is empty",
});
pub(super) const LON: Column = number("lon", "degrees", "longitude, WGS 84");
pub(super) const LAT: Column = number("lat", "degrees", "latitude, WGS 84");
pub(super) const PHASE: Column = whole("phase", "", "number of the phase, from 1");
pub(super) const MODE: Column = text("mode", "travel mode, e.g. `motorcycle`");
pub(super) const CELL: Column = whole("cell", "", "number of the demand cell, from 0");
pub(super) const BOUNDARY: Column =
    or_null(text("boundary", "code of the feature of the first boundary layer; null outside all"));
pub(super) const BOUNDARY_NAME: Column = or_null(text("boundary_name", "its name"));
pub(super) const MEAN: Column =
    or_null(number("mean_time_s", "s", "mean travel time to the nearest agent, of those who reach one"));
pub(super) const MEDIAN: Column = or_null(number("median_time_s", "s", "time within which half of those reach it"));
pub(super) const P99: Column = or_null(number("p99_time_s", "s", "time within which 99 of 100 of those reach it"));
pub(super) const WORST_TENTH: Column =
    or_null(number("worst_tenth_time_s", "s", "mean travel time of the tenth of those with the longest ways"));
pub(super) const GINI: Column =
    or_null(number("gini_time", "0–1", "Gini coefficient of travel time over those: 0 where all travel alike"));
pub(super) const THEIL: Column =
    or_null(number("theil_time", "", "Theil's T of travel time over those: 0 where all travel alike"));
pub(super) const P90: Column = or_null(number("p90_time_s", "s", "time within which nine tenths of those reach it"));
pub(super) const WORST: Column = or_null(number("worst_time_s", "s", "longest of those times"));
