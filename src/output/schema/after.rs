//! Tables of what is asked about a plan: another run, other numbers of agents, other circumstances.

use super::Table;
use super::columns::{PHASE, number, or_null, text, whole};

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
