//! Tables of the road network, for checks by other programs.

use super::Table;
use super::columns::{LAT, LON, MODE, or_null, text, whole};

/// Junctions of the road graph.
pub const NETWORK_NODES: Table = Table {
    file: "network/nodes.parquet",
    row: "a node of the road graph: a junction, or a junction as it is for those whom a turn restriction binds",
    columns: &[
        whole("node", "", "number of the node, junctions first, from 0; the others are numbered mode by mode"),
        or_null(text("mode", "mode whose node it is; null for junctions, which all modes share")),
        whole("junction", "", "number of the junction"),
        LON,
        LAT,
    ],
};

/// Arcs of the road graph.
pub const NETWORK_ARCS: Table = Table {
    file: "network/arcs.parquet",
    row: "an arc of the road graph of a mode, in the direction of travel; of parallel arcs the fastest",
    columns: &[
        MODE,
        whole("from", "", "node it leaves"),
        whole("to", "", "node it enters"),
        whole("time_ms", "ms", "travel time"),
    ],
};

/// How cells and sites hang on the road graph.
pub const NETWORK_LEGS: Table = Table {
    file: "network/legs.parquet",
    row: "a demand cell or a site joined to a street of a mode",
    columns: &[
        text("kind", "`cell` or `site`"),
        text("id", "number of the cell, or id of the site"),
        MODE,
        whole("street", "", "number of the street; two legs with one number lie on the same street"),
        whole("offset_mm", "mm", "distance from the street's first point"),
        whole("start", "", "node in which rides to the street's first point end"),
        whole("end", "", "node in which rides to its last point end"),
        whole("access_ms", "ms", "walk between the place and the street"),
        or_null(whole("from_start_ms", "ms", "from the first point to the place; null where not allowed")),
        or_null(whole("to_end_ms", "ms", "from the place over the last point, delay included; null where not allowed")),
        or_null(whole("from_end_ms", "ms", "from the last point to the place; null where not allowed")),
        or_null(whole(
            "to_start_ms",
            "ms",
            "from the place over the first point, delay included; null where not allowed",
        )),
    ],
};

/// Where rides into the streets of sites begin.
pub const NETWORK_ENTRIES: Table = Table {
    file: "network/entries.parquet",
    row: "a node from which a site can be reached within its street",
    columns: &[
        text("site", "id of the site"),
        MODE,
        whole("node", "", "number of the node"),
        whole("time_ms", "ms", "travel time from there to the site, walk included"),
    ],
};
