//! Tables of the plan: agents, sites, phases, and what they come to.

use super::Table;
use super::columns::{
    BBOX, BOUNDARY, BOUNDARY_NAME, CELL, GINI, LAT, LON, MEAN, MEDIAN, MODE, P90, P99, PHASE, THEIL, WORST,
    WORST_TENTH, flag, geometry, number, or_null, text, whole,
};

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
