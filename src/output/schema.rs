//! The one place for the names, types, units and meanings of everything a run writes as a table.
//!
//! The data dictionary (`docs/data-dictionary.md`, `gandan schema`) is generated from here.

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

const fn text(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Text, unit: "", nullable: false, meaning }
}

const fn whole(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Whole, unit, nullable: false, meaning }
}

const fn number(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Number, unit, nullable: false, meaning }
}

const fn flag(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Flag, unit: "", nullable: false, meaning }
}

const fn geometry(meaning: &'static str) -> Column {
    Column { name: "geometry", kind: Kind::Geometry, unit: "", nullable: false, meaning }
}

const fn or_null(column: Column) -> Column {
    Column { nullable: true, ..column }
}

/// Stands after every geometry.
const BBOX: Column = or_null(Column {
    name: "bbox",
    kind: Kind::Bbox,
    unit: "degrees",
    nullable: false,
    meaning: "box about the geometry, rounded outwards; null where the geometry is empty",
});
const LON: Column = number("lon", "degrees", "longitude, WGS 84");
const LAT: Column = number("lat", "degrees", "latitude, WGS 84");
const PHASE: Column = whole("phase", "", "number of the phase, from 1");
const MODE: Column = text("mode", "travel mode, e.g. `motorcycle`");
const CELL: Column = whole("cell", "", "number of the demand cell, from 0");
const BOUNDARY: Column = or_null(text("boundary", "code of the feature of the first boundary layer; null outside all"));
const BOUNDARY_NAME: Column = or_null(text("boundary_name", "its name"));
const MEAN: Column =
    or_null(number("mean_time_s", "s", "mean travel time to the nearest agent, of those who reach one"));
const MEDIAN: Column = or_null(number("median_time_s", "s", "time within which half of those reach it"));
const P99: Column = or_null(number("p99_time_s", "s", "time within which 99 of 100 of those reach it"));
const WORST_TENTH: Column =
    or_null(number("worst_tenth_time_s", "s", "mean travel time of the tenth of those with the longest ways"));
const GINI: Column =
    or_null(number("gini_time", "0–1", "Gini coefficient of travel time over those: 0 where all travel alike"));
const THEIL: Column =
    or_null(number("theil_time", "", "Theil's T of travel time over those: 0 where all travel alike"));
const P90: Column = or_null(number("p90_time_s", "s", "time within which nine tenths of those reach it"));
const WORST: Column = or_null(number("worst_time_s", "s", "longest of those times"));

/// Agents by phase.
pub const ROLLOUT: Table = Table {
    file: "rollout.parquet",
    row: "an agent: a fixed site, or a site that opens in a phase",
    columns: &[
        whole("order", "", "position in the order of opening, from 1; 0 for fixed sites"),
        PHASE,
        text("phase_name_vi", "name of the phase in Vietnamese"),
        text("phase_name_en", "name of the phase in English"),
        text("opens_on", "first day of the phase, YYYY-MM-DD"),
        text("site", "id of the site"),
        text("name", "name of the site"),
        flag("fixed", "whether it stood before the plan"),
        LON,
        LAT,
        BOUNDARY,
        BOUNDARY_NAME,
        number("persons_marginal", "people", "served by it and by no earlier agent"),
        number("persons_cumulative", "people", "served by it and all before it"),
        number("persons_only", "people", "served by no other agent at the end of the last phase"),
        number("persons_nearest", "people", "whose nearest agent it is at the end of the last phase: its load"),
        number(
            "dossiers_per_day",
            "dossiers a working day",
            "what those people bring in the last phase, by the service catalogue",
        ),
        or_null(whole(
            "closes_phase",
            "",
            "number of the phase from whose start on it stands no more; null where it stays",
        )),
        or_null(whole("counters", "", "counters that it needs in the last phase; null without `[capacity]`")),
        or_null(number(
            "load_per_day",
            "dossiers a working day",
            "all that comes to it in the last phase, see `loads`; null without `[capacity]`",
        )),
        or_null(number(
            "overflow_per_day",
            "dossiers a working day",
            "of those, what its counters cannot carry within the targets; null without `[capacity]`",
        )),
        text("why_vi", "why it is in the plan, in Vietnamese"),
        text("why_en", "why it is in the plan, in English"),
        geometry("point of the site"),
        BBOX,
    ],
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

/// Every candidate.
pub const SITES: Table = Table {
    file: "sites.parquet",
    row: "a candidate or fixed site",
    columns: &[
        text("site", "id of the site"),
        text("name", "name of the site"),
        LON,
        LAT,
        flag("fixed", "whether it stands already"),
        text("status", "`eligible`, `refused` or `review` (something is unknown) by the city's conditions"),
        or_null(text("reasons_vi", "why it is refused or what is unknown, in Vietnamese")),
        or_null(text("reasons_en", "why it is refused or what is unknown, in English")),
        flag("usable", "whether the plan might open it"),
        flag("proposed", "whether gandan proposes it for people whom no candidate serves; nobody has looked at it yet"),
        or_null(text("position", "how its place was found, e.g. `osm`, `commune point`, `proposed market`")),
        or_null(whole("phase", "", "phase in which it opens, from 1; null where it does not")),
        BOUNDARY,
        or_null(number(
            "snapped_lon",
            "degrees",
            "where it meets the roads of the most used mode; null where it does not",
        )),
        or_null(number("snapped_lat", "degrees", "where it meets the roads of the most used mode")),
        or_null(number("access_m", "m", "distance from there")),
        number("persons_in_reach", "people", "whom it would serve under the standard, by itself"),
        geometry("point of the site"),
        BBOX,
    ],
};

/// Indicators by boundary and phase.
pub const BOUNDARIES: Table = Table {
    file: "boundaries.parquet",
    row: "a feature of a boundary layer and a phase",
    columns: &[
        text("layer", "id of the layer"),
        text("code", "code of the feature"),
        text("name", "name of the feature"),
        PHASE,
        number("persons", "people", "who live there"),
        or_null(number("official_persons", "people", "official population, where the layer names it")),
        number("covered_persons", "people", "served under the standard"),
        or_null(number(
            "population_covered_share",
            "0–1",
            "share of the people who are served; null where nobody lives",
        )),
        number("reached_persons", "people", "who can reach an agent by road"),
        number("dossiers_per_day", "dossiers a working day", "for which help is wanted at agents in the phase"),
        MEAN,
        MEDIAN,
        P90,
        WORST,
        whole("agents", "", "agents that stand there"),
        or_null(whole("counters", "", "counters of those agents; null without `[capacity]`")),
        or_null(number(
            "overflow_per_day",
            "dossiers a working day",
            "what those agents cannot carry; null without `[capacity]`",
        )),
        geometry("outline of the feature"),
        BBOX,
    ],
};

/// Indicators of each phase.
pub const PHASES: Table = Table {
    file: "phases.parquet",
    row: "a phase",
    columns: &[
        PHASE,
        text("name_vi", "its name in Vietnamese"),
        text("name_en", "its name in English"),
        text("starts", "first day, YYYY-MM-DD"),
        or_null(text("ends", "last day, YYYY-MM-DD")),
        text("opens", "`nothing`, `most-people`, `worst-first` or `fewest-for-all`"),
        or_null(text("scope", "name of its scope in English; null for everywhere")),
        whole("opened", "", "agents that open in it"),
        whole("agents", "", "agents that stand at its end, fixed sites included"),
        number("persons", "people", "in the study area"),
        number("covered_persons", "people", "served under the standard at its end"),
        or_null(number("population_covered_share", "0–1", "share of the people who are served")),
        number("scope_persons", "people", "in its scope"),
        number("scope_covered_persons", "people", "served in its scope"),
        or_null(number("scope_covered_share", "0–1", "share of the people of its scope who are served")),
        MEAN,
        MEDIAN,
        P90,
        WORST,
        number("online_share", "0–1", "share of dossiers filed online, an assumption of the scenario"),
        number("dossiers_per_day", "dossiers a working day", "for which help is wanted at agents in the study area"),
        or_null(whole("counters", "", "counters of all agents, offices included; null without `[capacity]`")),
        or_null(number(
            "load_per_day",
            "dossiers a working day",
            "all that comes to agents, at one-stop offices what is filed on paper too; null without `[capacity]`",
        )),
        or_null(number(
            "overflow_per_day",
            "dossiers a working day",
            "of those, what counters cannot carry within the targets; null without `[capacity]`",
        )),
        or_null(number(
            "overflow_nearest_per_day",
            "dossiers a working day",
            "what counters could not carry if everyone went to the nearest agent; null without `[capacity]`",
        )),
        or_null(number(
            "unserved_per_day",
            "dossiers a working day",
            "with help, of people who come to no agent, where there is no office either; null without `[capacity]`",
        )),
        or_null(number(
            "mean_wait_min",
            "min",
            "mean wait in the busiest hour, of all whom agents carry; null without `[capacity]` or without anyone",
        )),
        or_null(number(
            "persons_sent",
            "people",
            "who are sent to another agent than the nearest; null without `[capacity]`",
        )),
        or_null(number(
            "relief_share",
            "0–1",
            "share of their work that one-stop offices lose to agents; null without `[capacity]` or without offices",
        )),
        text("problem", "what was asked of the solver"),
        text(
            "objective_unit",
            "unit of objective and bound: `sites`, `people`, `person-days`, `weighted …` where groups have weights",
        ),
        number("objective", "see objective_unit", "what the plan reaches; phases solved together share it"),
        number("bound", "see objective_unit", "what no plan can beat"),
        number("gap", "0–1", "distance between objective and bound as a share of the larger"),
        text("status", "`optimal` (proven), `gap_reached`, `time_limit`, `unproven` or `nothing_to_open`"),
        or_null(number(
            "alone_bound",
            "people or sites",
            "the best that the phase could reach without keeping what earlier phases opened: people served, or sites needed",
        )),
        number(
            "unreached_persons",
            "people",
            "in the study area who reach no agent by road: in none of the figures of time",
        ),
        P99,
        WORST_TENTH,
        GINI,
        THEIL,
        number("scope_unreached_persons", "people", "in its scope who reach no agent by road"),
        or_null(number("scope_mean_time_s", "s", "mean travel time of those in scope who reach one")),
        or_null(number("scope_p90_time_s", "s", "time within which nine tenths of those in scope reach it")),
        or_null(number("scope_p99_time_s", "s", "time within which 99 of 100 of those in scope reach it")),
        or_null(number("scope_worst_tenth_time_s", "s", "mean travel time of the worst-off tenth in scope")),
        or_null(number("scope_gini_time", "0–1", "Gini coefficient of travel time in scope")),
        or_null(number("scope_theil_time", "", "Theil's T of travel time in scope")),
        or_null(text(
            "worst_boundary",
            "code of the feature of the equity layer in which the smallest share is served",
        )),
        or_null(text("worst_boundary_name", "its name")),
        or_null(number("worst_boundary_covered_share", "0–1", "share of its people who are served")),
    ],
};

/// Who is left unserved.
pub const UNCOVERED: Table = Table {
    file: "uncovered.parquet",
    row: "the people of a boundary feature who are not served at the end of the last phase",
    columns: &[
        BOUNDARY,
        BOUNDARY_NAME,
        number("persons", "people", "not served"),
        number("persons_coverable", "people", "of those, whom some usable candidate could serve"),
        whole("cells", "", "demand cells they live in"),
        LON,
        LAT,
        or_null(number("nearest_agent_m", "m", "distance from their middle to the nearest agent")),
        or_null(number("nearest_candidate_m", "m", "distance from their middle to the nearest usable candidate")),
        or_null(text("nearest_agent", "id of that agent")),
        or_null(number("agent_time_s", "s", "mean travel time to the agent nearest by road, of those who reach one")),
        or_null(text("nearest_candidate", "id of that candidate")),
        or_null(number(
            "candidate_time_s",
            "s",
            "mean travel time to the usable candidate nearest by road, of those who reach one",
        )),
        or_null(text(
            "best_candidate",
            "id of the usable candidate that would serve most of them; null where none serves anybody",
        )),
        number("best_candidate_persons", "people", "whom it would serve"),
        text("help_vi", "what would serve them, in Vietnamese"),
        text("help_en", "what would serve them, in English"),
        number("new_point_lon", "degrees", "where a new point would serve most of them within the radius"),
        number("new_point_lat", "degrees", "where a new point would serve most of them within the radius"),
        number("new_point_persons", "people", "unserved people within the radius of that point, all places counted"),
        geometry("their middle, weighed by people"),
        BBOX,
    ],
};

/// What comes to agents.
pub const LOADS: Table = Table {
    file: "loads.parquet",
    row: "an agent that stands and a phase; no rows without `[capacity]`",
    columns: &[
        PHASE,
        text("site", "id of the site"),
        text("name", "name of the site"),
        flag("office", "whether it is a one-stop office"),
        number(
            "persons_nearest",
            "people",
            "served under the standard whose nearest agent it is, the part of them that comes to agents",
        ),
        number("persons_sent", "people", "of those, who are sent to another agent, see `detours`"),
        number("persons_taken", "people", "who are sent here by other agents"),
        number("persons", "people", "who come to it as an agent: nearest − sent + taken"),
        number(
            "office_per_day",
            "dossiers a working day",
            "that come to it as the nearest one-stop office: on paper, or of people who come to no agent; 0 for others",
        ),
        number("dossiers_per_day", "dossiers a working day", "all that comes to it"),
        number("most_per_day", "dossiers a working day", "the most that it can carry within the targets"),
        number("overflow_per_day", "dossiers a working day", "what it cannot carry; counted here, never dropped"),
        whole("counters", "", "fewest counters that carry the rest within the targets"),
        number("utilisation", "0–1", "share of the counters' time that the rest takes in the busiest hour"),
        number("wait_min", "min", "mean wait in the busiest hour of those whom it carries"),
        geometry("point of the site"),
        BBOX,
    ],
};

/// Why each site is in the plan or is not.
pub const EXPLANATIONS: Table = Table {
    file: "explanations.parquet",
    row: "a candidate or fixed site, and what the plan would be without it or with it, at the end of the last phase",
    columns: &[
        text("site", "id of the site"),
        text("name", "name of the site"),
        text(
            "role",
            "`fixed`, `opens`, `refused` (by the city's conditions), `unknown` (something is, and the scenario uses no \
             such site), `out_of_scope` (no phase opens agents there), `serves_nobody`, `adds_nobody` or `not_chosen`",
        ),
        or_null(whole("phase", "", "phase in which it opens, from 1; null where it does not")),
        number("persons_in_reach", "people", "whom it would serve under the standard, by itself"),
        or_null(number(
            "persons_lost_first",
            "people",
            "who have no agent without it in the phase in which it opens; null where it is no agent",
        )),
        or_null(number("persons_lost", "people", "who have no agent without it; null where it is no agent")),
        or_null(number(
            "extra_person_minutes",
            "person-minutes",
            "what those whose nearest agent it is travel more, one way, if it closes alone; null where it is no agent",
        )),
        or_null(number("persons_cut_off", "people", "who then reach no agent by road; null where it is no agent")),
        or_null(number(
            "persons_added",
            "people",
            "whom it would serve beyond the final plan, opened as well; null where it is an agent or may not be used",
        )),
        or_null(text(
            "exchange",
            "id of its best substitute (an agent that opens), or of the agent that it would best stand in for (a \
             candidate); null where there is none",
        )),
        or_null(text("exchange_name", "its name")),
        or_null(number("exchange_persons", "people", "served more by that exchange; below 0 where fewer")),
        or_null(number(
            "exchange_person_days",
            "person-days",
            "served more by it over all phases, from the opening of the agent on, as the plan weighs them (in scope, \
             groups by weight)",
        )),
        text("why_vi", "all this in words, in Vietnamese"),
        text("why_en", "all this in words, in English"),
        geometry("point of the site"),
        BBOX,
    ],
};

/// Who is sent to another agent.
pub const DETOURS: Table = Table {
    file: "detours.parquet",
    row: "people of a demand cell and mode who are sent from an overloaded agent to another, in a phase; no rows without \
          `[capacity]` or without detours",
    columns: &[
        PHASE,
        CELL,
        MODE,
        text("from_site", "id of the nearest agent"),
        text("to_site", "id of the agent to which they are sent"),
        number("persons", "people", "how many of those who come to agents"),
        number("extra_time_s", "s", "how much longer their way is"),
    ],
};

/// How one-stop offices are relieved.
pub const RELIEF: Table = Table {
    file: "relief.parquet",
    row: "a one-stop office that stands before the plan and a phase; no rows without `[capacity]` or without offices",
    columns: &[
        PHASE,
        text("site", "id of the site"),
        text("name", "name of the site"),
        number("persons", "people", "whose nearest office it is"),
        number(
            "before_per_day",
            "dossiers a working day",
            "what those people would bring without agents: on paper, and online with help",
        ),
        number("after_per_day", "dossiers a working day", "what comes to it with the agents of the phase"),
        or_null(number("relief_share", "0–1", "share of its work that it loses to agents; null where it had none")),
        whole("counters_before", "", "counters for the work before; the most of an office where it needs more"),
        whole("counters_after", "", "counters for the work after; 0 where the office is closed"),
        or_null(number(
            "wait_before_min",
            "min",
            "mean wait before in the busiest hour; null where the line grows without end",
        )),
        or_null(number("wait_after_min", "min", "the same after, at as many counters as before")),
        geometry("point of the site"),
        BBOX,
    ],
};

/// What proves the bounds.
pub const PROOF: Table = Table {
    file: "proof.parquet",
    row: "a demand row whose multiplier is above 0 in a problem of `proof.json`",
    columns: &[
        whole("problem", "", "number of the problem, from 1"),
        PHASE,
        CELL,
        MODE,
        number(
            "multiplier",
            "",
            "a whole number: thousandths of a person, at most the row's weight; where the fewest sites are asked for, \
             cost / scale (see docs/methods.md)",
        ),
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

/// The plans of the strategies.
pub const STRATEGIES: Table = Table {
    file: "strategies.parquet",
    row: "a strategy and a phase; no rows unless the scenario compares strategies",
    columns: &[
        text(
            "strategy",
            "`joint`, `greedy` (each phase alone, keeping what stands) or `backward` (the last phase first)",
        ),
        flag("chosen", "whether it is the one of the run's plan"),
        PHASE,
        whole(
            "agents",
            "",
            "agents that stand at the phase's end by its choice, before those that only shorten travel",
        ),
        number("scope_covered_persons", "people", "served in the phase's scope at its end"),
        number("person_days", "people × days", "those people times the days until the next phase"),
        text("problem", "what was asked of the solver"),
        text("objective_unit", "unit of objective and bound"),
        number("objective", "see objective_unit", "what the phase reaches; phases solved together share it"),
        number("bound", "see objective_unit", "what no plan can beat, given what was decided before it"),
        number("gap", "0–1", "distance between objective and bound as a share of the larger"),
        text("status", "`optimal` (proven), `gap_reached`, `time_limit`, `unproven` or `nothing_to_open`"),
    ],
};

/// Where the members of groups live.
pub const CELL_GROUPS: Table = Table {
    file: "cell_groups.parquet",
    row: "a demand cell, a travel mode and a group; no rows without groups",
    columns: &[BOUNDARY, CELL, MODE, text("group", "id of the group"), number("persons", "people", "members")],
};

/// Polygons of equal travel time.
pub const ISOCHRONES: Table = Table {
    file: "isochrones.parquet",
    row: "a band of travel time around an agent, or around all agents of a phase",
    columns: &[
        PHASE,
        or_null(text("site", "id of the agent; null for all agents that stand at the phase's end")),
        MODE,
        number("minutes", "min", "longest travel time"),
        geometry("what lies within that time; drawn from network times, for eyes only"),
        BBOX,
    ],
};

/// What `gandan isochrone` writes as GeoParquet. Not a table of a run.
pub const ISOCHRONE: Table = Table {
    file: "isochrone.parquet",
    row: "a band of travel time around a site, or around all sites together",
    columns: &[
        text("site", "id of the site; its number where it has none; `all` for all sites together"),
        MODE,
        number("minutes", "min", "longest travel time"),
        number("area_km2", "km²", "area of the polygons"),
        or_null(number("inside_share", "", "share of the network places within the time that lie inside")),
        or_null(number("outside_share", "", "share of the network places beyond the time, nearby, that lie outside")),
        geometry("what lies within that time; drawn from network times, for eyes only"),
        BBOX,
    ],
};

/// What `gandan compare` writes. Not a table of a run.
pub const COMPARE: Table = Table {
    file: "compare.parquet",
    row: "an area from a day on which a phase of either run begins: the whole area, or a feature that both runs have",
    columns: &[
        text("from", "the day, YYYY-MM-DD"),
        whole("phase_a", "", "phase of the first run in force, from 1"),
        whole("phase_b", "", "phase of the second run in force, from 1"),
        or_null(text("layer", "id of the boundary layer; null for the whole area")),
        or_null(text("code", "code of the feature; null for the whole area")),
        or_null(text("name", "name of the feature; null for the whole area")),
        number("persons_a", "people", "who live there in the first run"),
        number("persons_b", "people", "who live there in the second run"),
        number("covered_persons_a", "people", "served in the first run"),
        number("covered_persons_b", "people", "served in the second run"),
        number("covered_persons_change", "people", "served more in the second run; below 0 where fewer"),
        or_null(number("mean_time_a_s", "s", "mean travel time in the first run, of those who reach an agent")),
        or_null(number("mean_time_b_s", "s", "mean travel time in the second run, of those who reach an agent")),
        whole("agents_a", "", "agents that stand there in the first run"),
        whole("agents_b", "", "agents that stand there in the second run"),
        or_null(number(
            "newly_served",
            "people",
            "served in the second run only; null where the runs differ in their cells, and beyond the first layer",
        )),
        or_null(number("no_longer_served", "people", "served in the first run only")),
        or_null(number("sooner", "people", "more than a minute nearer to an agent in the second run")),
        or_null(number("later", "people", "more than a minute farther from an agent in the second run")),
    ],
};

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

/// The most people that any number of agents can serve.
pub const FRONTIER: Table = Table {
    file: "frontier.parquet",
    row: "a number of agents, from the fixed sites alone to the fewest that serve everyone whom a candidate can serve",
    columns: &[
        whole("agents", "", "the most agents that stand, fixed sites included"),
        number("persons", "people", "of the last phase's scope whom the best agents known serve"),
        number("share", "", "of the people of that scope"),
        number("bound_persons", "people", "no choice of so many agents serves more"),
        number("gap", "", "(bound_persons - persons) / bound_persons"),
        text("status", "`optimal`, `gap_reached`, `time_limit` or `unproven`"),
        or_null(number(
            "mean_travel_time_s",
            "s",
            "of the people served within the time limit, to the nearest agent that serves them; null where nobody is",
        )),
        number("marginal", "people", "served more than with one agent less; in the first row all"),
        text("sites", "ids of the agents' sites, a JSON list"),
    ],
};

/// What the plan is worth when something goes wrong.
pub const SENSITIVITY: Table = Table {
    file: "sensitivity.parquet",
    row: "a case and a phase; for the loss of an agent the last phase only",
    columns: &[
        text("case", "`normal`, the id of a case of the scenario, or `lost:` and the id of the site that is lost"),
        text("name_vi", "name of the case in Vietnamese"),
        text("name_en", "name of the case in English"),
        PHASE,
        whole("streets_closed", "", "streets that are closed"),
        whole("agents", "", "agents of the plan that are left"),
        number("persons", "people", "of the phase's scope whom they serve"),
        number("share", "", "of the people of that scope"),
        number("persons_lost", "people", "served fewer than in the normal case; below 0 where more are served"),
        or_null(number("mean_time_s", "s", "mean travel time to the nearest of them, of those who reach one")),
        or_null(number(
            "best_persons",
            "people",
            "whom the best choice known of as many agents as the phase has serves in the case; null where none was made",
        )),
        or_null(number("bound_persons", "people", "no choice of so many agents serves more")),
        or_null(number("gap", "", "(bound_persons - best_persons) / bound_persons")),
        or_null(text("status", "of that choice: `optimal`, `gap_reached`, `time_limit` or `unproven`")),
        or_null(number("regret", "people", "best_persons - persons: what a plan made for the case would serve more")),
        or_null(text(
            "worst_boundary",
            "code of the feature of the first boundary layer that loses most; null if none",
        )),
        or_null(text("worst_boundary_name", "its name")),
        number("worst_boundary_lost", "people", "who are not served any more there"),
    ],
};

/// What the offices of today do by themselves.
pub const TODAY: Table = Table {
    file: "today.parquet",
    row: "the study area, or a feature of the first boundary layer, as the offices of today serve it before the plan; no \
          rows without fixed sites or `inputs.offices`",
    columns: &[
        or_null(text("boundary", "code of the feature of the first boundary layer; null for the whole study area")),
        BOUNDARY_NAME,
        whole("offices", "", "fixed sites and offices that stand there today"),
        number("persons", "people", "who live there"),
        number("covered_persons", "people", "served under the standard by those offices alone"),
        or_null(number(
            "population_covered_share",
            "0–1",
            "share of the people who are served; null where nobody lives",
        )),
        number("reached_persons", "people", "who can reach an office by road"),
        or_null(number("mean_time_s", "s", "mean travel time to the nearest office, of those who reach one")),
        MEDIAN,
        P90,
        WORST,
    ],
};

/// What stands behind a plan on a map.
pub const BACKDROP: Table = Table {
    file: "backdrop.parquet",
    row: "something of the roads' file that maps show or people look for, in the study area and some 3 km around it",
    columns: &[
        text("kind", "`road`, `water`, `park`, `rail`, `place`, `street` (one row a named street) or `address`"),
        or_null(text(
            "class",
            "of a road its `highway`, of a place its `place`, of others the value of the tag that makes them what they are; \
             null for streets and addresses",
        )),
        or_null(text("name", "its name as on the spot; of an address house number and street; null without a name")),
        or_null(text("name_vi", "its name in Vietnamese, where it is given by itself")),
        or_null(text("name_en", "its name in English, where it is given")),
        geometry(
            "lines and outlines to some 5 m; areas that reach beyond are cut; of places, streets and addresses a point",
        ),
        BBOX,
    ],
};

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

/// Rows and bytes of each table of `gandan demo --network`, so that nobody is surprised. Hand-kept: `check_tables.py RUN
/// --print-sizes` prints the lines anew, `check_tables.py RUN --demo` fails where they are far off.
const DEMO_SIZES: &[(&str, u64, u64)] = &[
    ("backdrop.parquet", 19_795, 917_769),
    ("boundaries.parquet", 624, 84_262),
    ("calibration.parquet", 126, 9_103),
    ("cell_groups.parquet", 519_252, 1_340_945),
    ("cells.parquet", 692_336, 6_508_253),
    ("coverage.parquet", 3_562_638, 23_063_188),
    ("crosswalk.parquet", 252, 10_933),
    ("detours.parquet", 11_916, 113_364),
    ("explanations.parquet", 300, 39_634),
    ("groups.parquet", 1_524, 45_920),
    ("isochrones.parquet", 321, 3_142_363),
    ("loads.parquet", 135, 18_200),
    ("network/arcs.parquet", 330_600, 2_515_811),
    ("network/entries.parquet", 2_385, 15_537),
    ("network/legs.parquet", 174_272, 4_142_374),
    ("network/nodes.parquet", 26_820, 444_290),
    ("off_network.parquet", 36, 6_917),
    ("phases.parquet", 4, 22_132),
    ("proof.parquet", 97, 3_831),
    ("relief.parquet", 0, 3_291),
    ("rollout.parquet", 103, 27_493),
    ("sites.parquet", 300, 34_678),
    ("strategies.parquet", 0, 2_877),
    ("today.parquet", 127, 12_835),
    ("uncovered.parquet", 9, 13_067),
];

/// How large a table of the demo is, in words.
fn demo_size(file: &str) -> Option<String> {
    let &(_, rows, bytes) = DEMO_SIZES.iter().find(|(of, ..)| *of == file)?;
    let bytes = match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    };
    Some(format!("{} rows, {bytes}", crate::rollout::explain::commas(rows)))
}

/// The data dictionary in Markdown.
pub fn dictionary() -> String {
    let mut page = String::from(
        "# Data dictionary\n\nGenerated by `gandan schema`; do not edit. Tables are Parquet (zstd). A value that does not exist \
         is null, never a number that stands for it. `network/` is written only where a scenario asks for it (`[output] \
         network = true`), and so are `frontier.parquet` (`[output] frontier = true`, or `gandan frontier`) and \
         `sensitivity.parquet` (`[sensitivity]`, or `gandan sensitivity`).\n\n\
         A table with a `geometry` column is GeoParquet 1.1: WKB, longitude first, CRS84, outer rings anticlockwise. The column \
         `bbox` after it (a struct of `xmin`, `ymin`, `xmax`, `ymax`, 32-bit, rounded outwards) is the covering that the \
         metadata names: readers skip by it what lies elsewhere.\n\n\
         Each table says under the key `gandan` of its metadata, in JSON, which version wrote it, the run's title, whether its \
         data are made up, names and SHA-256 of the inputs, the gap of each phase's proof and the largest of them, and row, \
         units and meanings as told here.\n\n\
         `cells`, `coverage` and `cell_groups` stand in the order of space: by the code of the first boundary layer's feature, \
         within it along a Hilbert curve; in row groups of at most 32,768 rows that do not cut through a feature, but where \
         it has more. So `where boundary = '…'`, or a window on `bbox`, reads one or two row groups of the file. No reader \
         should count on the order of rows; cells keep their numbers.\n\n\
         `isochrones.geojson` holds what all agents of each phase reach together, for web maps and editors; the shapes of single \
         agents are in `isochrones.parquet`.\n",
    );
    for table in TABLES {
        page += &format!("\n## `{}`\n\nOne row: {}.", table.file, table.row);
        page += &demo_size(table.file).map(|size| format!(" On the demo: {size}.")).unwrap_or_default();
        page += "\n\n";
        page += "| column | type | unit | null | meaning |\n|---|---|---|---|---|\n";
        for c in table.columns {
            let kind = match c.kind {
                Kind::Text => "text",
                Kind::Whole => "whole number",
                Kind::Number => "number",
                Kind::Flag => "true/false",
                Kind::Geometry => "geometry",
                Kind::Bbox => "box",
            };
            let null = if c.nullable { "yes" } else { "" };
            page += &format!("| `{}` | {kind} | {} | {null} | {} |\n", c.name, c.unit, c.meaning);
        }
    }
    page
}

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

    #[test]
    fn sizes_are_of_tables() {
        for (file, rows, bytes) in DEMO_SIZES {
            assert!(TABLES.iter().any(|t| t.file == *file) && rows < bytes, "{file}");
        }
        assert_eq!(demo_size("cells.parquet").unwrap().split(' ').nth(1), Some("rows,"));
        assert_eq!(demo_size("no.parquet"), None);
    }
}
