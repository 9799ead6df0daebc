//! Tables of people: where they live, and who serves them.

use super::Table;
use super::columns::{
    BBOX, BOUNDARY, BOUNDARY_NAME, CELL, GINI, LAT, LON, MEAN, MODE, P90, P99, PHASE, THEIL, WORST, WORST_TENTH, flag,
    geometry, number, or_null, text, whole,
};

/// Demand cells by mode and phase.
pub const CELLS: Table = Table {
    file: "cells.parquet",
    row: "a demand cell, a travel mode and a phase",
    columns: &[
        CELL,
        MODE,
        PHASE,
        BOUNDARY,
        LON,
        LAT,
        number("persons", "people", "who live in the cell and travel by the mode"),
        number(
            "weight",
            "people",
            "what they count where agents are chosen: those of groups by the weight of the group",
        ),
        number("dossiers_per_day", "dossiers a working day", "for which they want help at an agent in the phase"),
        or_null(text(
            "agent",
            "id of the nearest agent by travel time, by distance where none can be reached; null without agents",
        )),
        or_null(number(
            "travel_time_s",
            "s",
            "time to the nearest agent, walks at both ends included; null where none can be reached",
        )),
        or_null(number(
            "distance_m",
            "m",
            "great-circle distance to the agent nearest as the crow flies; null without agents",
        )),
        flag("in_scope", "whether the phase is judged by these people"),
        flag("covered", "whether some agent serves these people under the standard"),
        geometry("outline of the cell; a point where the population comes as points"),
        BBOX,
    ],
};

/// Which sites serve which demand rows.
pub const COVERAGE: Table = Table {
    file: "coverage.parquet",
    row: "a demand cell, a travel mode and a site that serves them under the standard",
    columns: &[
        BOUNDARY,
        CELL,
        MODE,
        text("site", "id of the site"),
        or_null(number("travel_time_s", "s", "time from the cell to the site; null beyond the standard's limit")),
        number("distance_m", "m", "great-circle distance from the cell to the site"),
    ],
};

/// How the population was scaled.
pub const CALIBRATION: Table = Table {
    file: "calibration.parquet",
    row: "a feature of a layer to whose official population the cells were scaled; no rows where none was",
    columns: &[
        text("layer", "id of the layer"),
        text("code", "code of the feature"),
        text("name", "name of the feature"),
        whole("cells", "", "demand cells in it"),
        number("persons_before", "people", "by the population file, split into cells"),
        or_null(number(
            "official_persons",
            "people",
            "official number; of a feature partly in the study area the part that the population file puts there",
        )),
        number("persons_after", "people", "after scaling"),
        or_null(number("factor", "", "after / before; null where nothing was scaled")),
        flag("doubtful", "whether the factor lies outside 0.5 to 2: file and official number disagree"),
    ],
};

/// How layers overlap.
pub const CROSSWALK: Table = Table {
    file: "crosswalk.parquet",
    row: "two features of different layers in both of which people live; every ordered pair of layers",
    columns: &[
        text("from_layer", "id of the one layer"),
        or_null(text("from_code", "code of its feature; null outside all of them")),
        or_null(text("from_name", "name of its feature")),
        text("to_layer", "id of the other layer"),
        or_null(text("to_code", "code of its feature; null outside all of them")),
        or_null(text("to_name", "name of its feature")),
        number("persons", "people", "who live in both features"),
        number("share_of_from", "0–1", "of the people of the first feature"),
        number("share_of_to", "0–1", "of the people of the second feature"),
    ],
};

/// How groups fare.
pub const GROUPS: Table = Table {
    file: "groups.parquet",
    row: "a group and a phase, in the study area and in each feature of the first layer; no rows without groups",
    columns: &[
        text("group", "id of the group"),
        text("group_name_vi", "its name in Vietnamese"),
        text("group_name_en", "its name in English"),
        PHASE,
        or_null(text("boundary", "code of the feature of the first boundary layer; null for the whole study area")),
        BOUNDARY_NAME,
        number("weight", "", "how much each member counts where agents are chosen"),
        number("persons", "people", "members who live there"),
        number("covered_persons", "people", "of those, served under the standard"),
        or_null(number("population_covered_share", "0–1", "share of the members who are served")),
        MEAN,
        WORST,
        number("unreached_persons", "people", "members who reach no agent by road: in none of the figures of time"),
        P90,
        P99,
        WORST_TENTH,
        GINI,
        THEIL,
    ],
};

/// Where the members of groups live.
pub const CELL_GROUPS: Table = Table {
    file: "cell_groups.parquet",
    row: "a demand cell, a travel mode and a group; no rows without groups",
    columns: &[BOUNDARY, CELL, MODE, text("group", "id of the group"), number("persons", "people", "members")],
};

/// What the travel times leave out.
pub const OFF_NETWORK: Table = Table {
    file: "off_network.parquet",
    row: "streets without a way there and back from the rest of a mode's network, or a place too far from any street",
    columns: &[
        text(
            "kind",
            "`part` (a large piece of network, used by itself), `island` (streets that are not used), `cell` or `site`",
        ),
        MODE,
        text("id", "number of the part, from 2, or of the island, largest first; number of the cell; id of the site"),
        LON,
        LAT,
        or_null(number("length_km", "km", "length of the streets; null for places")),
        number(
            "persons",
            "people",
            "by this mode: those who use the part; those whose nearest street is of the island; those of the cell",
        ),
        geometry("where the first of the streets begins; the place"),
        BBOX,
    ],
};
