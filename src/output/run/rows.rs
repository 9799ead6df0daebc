//! The rows of a run's tables, each a struct whose fields bear the names and the order of its columns.

use geo::Geometry;

use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::read::{NO_RUN, Rows};
use crate::output::schema::Table;

/// A row of a table of a run.
pub trait Row: Sized {
    /// The table.
    const TABLE: &'static Table;
    /// The columns that are read: the names of the fields.
    const COLUMNS: &'static [&'static str];

    /// The rows of what was read.
    ///
    /// # Errors
    /// A column is missing or of another type.
    fn of(rows: &Rows) -> Result<Vec<Self>>;
}

/// A value of a column.
pub trait Value: Sized {
    /// The whole column.
    ///
    /// # Errors
    /// It is missing or of another type.
    fn column(rows: &Rows, name: &str) -> Result<Vec<Self>>;
}

macro_rules! value {
    ($($kind:ty: $read:ident),* $(,)?) => {$(
        impl Value for $kind {
            fn column(rows: &Rows, name: &str) -> Result<Vec<Self>> {
                rows.$read(name)
            }
        }
    )*};
}

value! {
    String: texts, Option<String>: maybe_texts, u32: wholes, Option<u32>: maybe_wholes, f64: numbers,
    Option<f64>: maybe_numbers, bool: flags,
}

impl Value for Geometry<f64> {
    fn column(rows: &Rows, _: &str) -> Result<Vec<Self>> {
        let broken = |what: String| Fault::new("run::table", format!("a geometry is damaged: {what}")).help(NO_RUN);
        let shape = |bytes: Option<&[u8]>| {
            let value = geometry_of(bytes.unwrap_or_default()).map_err(broken)?;
            Ok(Geometry::try_from(value).map_err(|e| broken(e.to_string()))?)
        };
        rows.shapes()?.iter().map(shape).collect()
    }
}

/// Makes a struct of some columns of a table, which can be read from a run.
macro_rules! row {
    ($(#[$about:meta])* pub struct $name:ident of $table:ident { $($(#[$meaning:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$meaning])* pub $field: $kind,)*
        }

        impl $crate::output::run::Row for $name {
            const TABLE: &'static $crate::output::schema::Table = &$crate::output::schema::$table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn of(rows: &$crate::output::read::Rows) -> $crate::error::Result<Vec<Self>> {
                $(let mut $field =
                    <$kind as $crate::output::run::Value>::column(rows, stringify!($field))?.into_iter();)*
                // All columns of a table are of one length.
                Ok((0..rows.len()).map_while(|_| Some($name { $($field: $field.next()?,)* })).collect())
            }
        }
    };
}

row! {
    /// An agent of the plan.
    pub struct AgentRow of ROLLOUT {
        /// Position in the order of opening, from 1; 0 for fixed sites.
        order: u32,
        /// Number of the phase, from 1.
        phase: u32,
        /// Name of the phase in Vietnamese.
        phase_name_vi: String,
        /// Name of the phase in English.
        phase_name_en: String,
        /// First day of the phase, YYYY-MM-DD.
        opens_on: String,
        /// Id of the site.
        site: String,
        /// Name of the site.
        name: String,
        /// Whether it stood before the plan.
        fixed: bool,
        /// Longitude, WGS 84 (degrees).
        lon: f64,
        /// Latitude, WGS 84 (degrees).
        lat: f64,
        /// Code of the feature of the first boundary layer; null outside all.
        boundary: Option<String>,
        /// Its name.
        boundary_name: Option<String>,
        /// Served by it and by no earlier agent (people).
        persons_marginal: f64,
        /// Served by it and all before it (people).
        persons_cumulative: f64,
        /// Served by no other agent at the end of the last phase (people).
        persons_only: f64,
        /// Whose nearest agent it is at the end of the last phase: its load (people).
        persons_nearest: f64,
        /// What those people bring in the last phase, by the service catalogue (dossiers a working day).
        dossiers_per_day: f64,
        /// Number of the phase from whose start on it stands no more; null where it stays.
        closes_phase: Option<u32>,
        /// Counters that it needs in the last phase; null without `[capacity]`.
        counters: Option<u32>,
        /// All that comes to it in the last phase, see `loads`; null without `[capacity]` (dossiers a working day).
        load_per_day: Option<f64>,
        /// Of those, what its counters cannot carry within the targets; null without `[capacity]` (dossiers a working day).
        overflow_per_day: Option<f64>,
        /// Why it is in the plan, in Vietnamese.
        why_vi: String,
        /// Why it is in the plan, in English.
        why_en: String,
        /// Point of the site.
        geometry: Geometry<f64>,
    }
}

row! {
    /// A candidate or fixed site.
    pub struct SiteRow of SITES {
        /// Id of the site.
        site: String,
        /// Name of the site.
        name: String,
        /// Longitude, WGS 84 (degrees).
        lon: f64,
        /// Latitude, WGS 84 (degrees).
        lat: f64,
        /// Whether it stands already.
        fixed: bool,
        /// `eligible`, `refused` or `review` (something is unknown) by the city's conditions.
        status: String,
        /// Why it is refused or what is unknown, in Vietnamese.
        reasons_vi: Option<String>,
        /// Why it is refused or what is unknown, in English.
        reasons_en: Option<String>,
        /// Whether the plan might open it.
        usable: bool,
        /// Whether gandan proposes it for people whom no candidate serves; nobody has looked at it yet.
        proposed: bool,
        /// How its place was found, e.g. `osm`, `commune point`, `proposed market`.
        position: Option<String>,
        /// Phase in which it opens, from 1; null where it does not.
        phase: Option<u32>,
        /// Code of the feature of the first boundary layer; null outside all.
        boundary: Option<String>,
        /// Where it meets the roads of the most used mode; null where it does not (degrees).
        snapped_lon: Option<f64>,
        /// Where it meets the roads of the most used mode (degrees).
        snapped_lat: Option<f64>,
        /// Distance from there (m).
        access_m: Option<f64>,
        /// Whom it would serve under the standard, by itself (people).
        persons_in_reach: f64,
        /// Point of the site.
        geometry: Geometry<f64>,
    }
}

row! {
    /// A feature of a boundary layer in a phase.
    pub struct BoundaryRow of BOUNDARIES {
        /// Id of the layer.
        layer: String,
        /// Code of the feature.
        code: String,
        /// Name of the feature.
        name: String,
        /// Number of the phase, from 1.
        phase: u32,
        /// Who live there (people).
        persons: f64,
        /// Official population, where the layer names it (people).
        official_persons: Option<f64>,
        /// Served under the standard (people).
        covered_persons: f64,
        /// Share of the people who are served; null where nobody lives (0–1).
        population_covered_share: Option<f64>,
        /// Who can reach an agent by road (people).
        reached_persons: f64,
        /// For which help is wanted at agents in the phase (dossiers a working day).
        dossiers_per_day: f64,
        /// Mean travel time to the nearest agent, of those who reach one (s).
        mean_time_s: Option<f64>,
        /// Time within which half of those reach it (s).
        median_time_s: Option<f64>,
        /// Time within which nine tenths of those reach it (s).
        p90_time_s: Option<f64>,
        /// Longest of those times (s).
        worst_time_s: Option<f64>,
        /// Agents that stand there.
        agents: u32,
        /// Counters of those agents; null without `[capacity]`.
        counters: Option<u32>,
        /// What those agents cannot carry; null without `[capacity]` (dossiers a working day).
        overflow_per_day: Option<f64>,
        /// Outline of the feature.
        geometry: Geometry<f64>,
    }
}

row! {
    /// A phase.
    pub struct PhaseRow of PHASES {
        /// Number of the phase, from 1.
        phase: u32,
        /// Its name in Vietnamese.
        name_vi: String,
        /// Its name in English.
        name_en: String,
        /// First day, YYYY-MM-DD.
        starts: String,
        /// Last day, YYYY-MM-DD.
        ends: Option<String>,
        /// `nothing`, `most-people`, `worst-first` or `fewest-for-all`.
        opens: String,
        /// Name of its scope in English; null for everywhere.
        scope: Option<String>,
        /// Agents that open in it.
        opened: u32,
        /// Agents that stand at its end, fixed sites included.
        agents: u32,
        /// In the study area (people).
        persons: f64,
        /// Served under the standard at its end (people).
        covered_persons: f64,
        /// Share of the people who are served (0–1).
        population_covered_share: Option<f64>,
        /// In its scope (people).
        scope_persons: f64,
        /// Served in its scope (people).
        scope_covered_persons: f64,
        /// Share of the people of its scope who are served (0–1).
        scope_covered_share: Option<f64>,
        /// Mean travel time to the nearest agent, of those who reach one (s).
        mean_time_s: Option<f64>,
        /// Time within which half of those reach it (s).
        median_time_s: Option<f64>,
        /// Time within which nine tenths of those reach it (s).
        p90_time_s: Option<f64>,
        /// Longest of those times (s).
        worst_time_s: Option<f64>,
        /// Share of dossiers filed online, an assumption of the scenario (0–1).
        online_share: f64,
        /// For which help is wanted at agents in the study area (dossiers a working day).
        dossiers_per_day: f64,
        /// Counters of all agents, offices included; null without `[capacity]`.
        counters: Option<u32>,
        /// All that comes to agents, at one-stop offices what is filed on paper too; null without `[capacity]` (dossiers a working day).
        load_per_day: Option<f64>,
        /// Of those, what counters cannot carry within the targets; null without `[capacity]` (dossiers a working day).
        overflow_per_day: Option<f64>,
        /// What counters could not carry if everyone went to the nearest agent; null without `[capacity]` (dossiers a working day).
        overflow_nearest_per_day: Option<f64>,
        /// With help, of people who come to no agent, where there is no office either; null without `[capacity]` (dossiers a working day).
        unserved_per_day: Option<f64>,
        /// Mean wait in the busiest hour, of all whom agents carry; null without `[capacity]` or without anyone (min).
        mean_wait_min: Option<f64>,
        /// Who are sent to another agent than the nearest; null without `[capacity]` (people).
        persons_sent: Option<f64>,
        /// Share of their work that one-stop offices lose to agents; null without `[capacity]` or without offices (0–1).
        relief_share: Option<f64>,
        /// What was asked of the solver.
        problem: String,
        /// Unit of objective and bound: `sites`, `people`, `person-days`, `weighted …` where groups have weights.
        objective_unit: String,
        /// What the plan reaches; phases solved together share it (see objective_unit).
        objective: f64,
        /// What no plan can beat (see objective_unit).
        bound: f64,
        /// Distance between objective and bound as a share of the larger (0–1).
        gap: f64,
        /// `optimal` (proven), `gap_reached`, `time_limit`, `unproven` or `nothing_to_open`.
        status: String,
        /// The best that the phase could reach without keeping what earlier phases opened: people served, or sites needed (people or sites).
        alone_bound: Option<f64>,
        /// In the study area who reach no agent by road: in none of the figures of time (people).
        unreached_persons: f64,
        /// Time within which 99 of 100 of those reach it (s).
        p99_time_s: Option<f64>,
        /// Mean travel time of the tenth of those with the longest ways (s).
        worst_tenth_time_s: Option<f64>,
        /// Gini coefficient of travel time over those: 0 where all travel alike (0–1).
        gini_time: Option<f64>,
        /// Theil's T of travel time over those: 0 where all travel alike.
        theil_time: Option<f64>,
        /// In its scope who reach no agent by road (people).
        scope_unreached_persons: f64,
        /// Mean travel time of those in scope who reach one (s).
        scope_mean_time_s: Option<f64>,
        /// Time within which nine tenths of those in scope reach it (s).
        scope_p90_time_s: Option<f64>,
        /// Time within which 99 of 100 of those in scope reach it (s).
        scope_p99_time_s: Option<f64>,
        /// Mean travel time of the worst-off tenth in scope (s).
        scope_worst_tenth_time_s: Option<f64>,
        /// Gini coefficient of travel time in scope (0–1).
        scope_gini_time: Option<f64>,
        /// Theil's T of travel time in scope.
        scope_theil_time: Option<f64>,
        /// Code of the feature of the equity layer in which the smallest share is served.
        worst_boundary: Option<String>,
        /// Its name.
        worst_boundary_name: Option<String>,
        /// Share of its people who are served (0–1).
        worst_boundary_covered_share: Option<f64>,
    }
}

impl PhaseRow {
    /// Agents that open in all of these phases together.
    pub fn opened_in_all(phases: &[PhaseRow]) -> u32 {
        // No damaged table makes it overflow.
        phases.iter().fold(0, |sum, phase| sum.saturating_add(phase.opened))
    }
}

row! {
    /// A strategy and a phase.
    pub struct StrategyRow of STRATEGIES {
        /// `joint`, `greedy` (each phase alone, keeping what stands) or `backward` (the last phase first).
        strategy: String,
        /// Whether it is the one of the run's plan.
        chosen: bool,
        /// Number of the phase, from 1.
        phase: u32,
        /// Agents that stand at the phase's end by its choice, before those that only shorten travel.
        agents: u32,
        /// Served in the phase's scope at its end (people).
        scope_covered_persons: f64,
        /// Those people times the days until the next phase (people × days).
        person_days: f64,
        /// What was asked of the solver.
        problem: String,
        /// Unit of objective and bound.
        objective_unit: String,
        /// What the phase reaches; phases solved together share it (see objective_unit).
        objective: f64,
        /// What no plan can beat, given what was decided before it (see objective_unit).
        bound: f64,
        /// Distance between objective and bound as a share of the larger (0–1).
        gap: f64,
        /// `optimal` (proven), `gap_reached`, `time_limit`, `unproven` or `nothing_to_open`.
        status: String,
    }
}

row! {
    /// People of a boundary feature who are not served at the end.
    pub struct PlaceRow of UNCOVERED {
        /// Code of the feature of the first boundary layer; null outside all.
        boundary: Option<String>,
        /// Its name.
        boundary_name: Option<String>,
        /// Not served (people).
        persons: f64,
        /// Of those, whom some usable candidate could serve (people).
        persons_coverable: f64,
        /// Demand cells they live in.
        cells: u32,
        /// Longitude, WGS 84 (degrees).
        lon: f64,
        /// Latitude, WGS 84 (degrees).
        lat: f64,
        /// Distance from their middle to the nearest agent (m).
        nearest_agent_m: Option<f64>,
        /// Distance from their middle to the nearest usable candidate (m).
        nearest_candidate_m: Option<f64>,
        /// Id of that agent.
        nearest_agent: Option<String>,
        /// Mean travel time to the agent nearest by road, of those who reach one (s).
        agent_time_s: Option<f64>,
        /// Id of that candidate.
        nearest_candidate: Option<String>,
        /// Mean travel time to the usable candidate nearest by road, of those who reach one (s).
        candidate_time_s: Option<f64>,
        /// Id of the usable candidate that would serve most of them; null where none serves anybody.
        best_candidate: Option<String>,
        /// Whom it would serve (people).
        best_candidate_persons: f64,
        /// What would serve them, in Vietnamese.
        help_vi: String,
        /// What would serve them, in English.
        help_en: String,
        /// Where a new point would serve most of them within the radius (degrees).
        new_point_lon: f64,
        /// Where a new point would serve most of them within the radius (degrees).
        new_point_lat: f64,
        /// Unserved people within the radius of that point, all places counted (people).
        new_point_persons: f64,
        /// Their middle, weighed by people.
        geometry: Geometry<f64>,
    }
}

row! {
    /// An agent in a phase, with its load.
    pub struct LoadRow of LOADS {
        /// Number of the phase, from 1.
        phase: u32,
        /// Id of the site.
        site: String,
        /// Name of the site.
        name: String,
        /// Whether it is a one-stop office.
        office: bool,
        /// Served under the standard whose nearest agent it is, the part of them that comes to agents (people).
        persons_nearest: f64,
        /// Of those, who are sent to another agent, see `detours` (people).
        persons_sent: f64,
        /// Who are sent here by other agents (people).
        persons_taken: f64,
        /// Who come to it as an agent: nearest − sent + taken (people).
        persons: f64,
        /// That come to it as the nearest one-stop office: on paper, or of people who come to no agent; 0 for others (dossiers a working day).
        office_per_day: f64,
        /// All that comes to it (dossiers a working day).
        dossiers_per_day: f64,
        /// The most that it can carry within the targets (dossiers a working day).
        most_per_day: f64,
        /// What it cannot carry; counted here, never dropped (dossiers a working day).
        overflow_per_day: f64,
        /// Fewest counters that carry the rest within the targets.
        counters: u32,
        /// Share of the counters' time that the rest takes in the busiest hour (0–1).
        utilisation: f64,
        /// Mean wait in the busiest hour of those whom it carries (min).
        wait_min: f64,
        /// Point of the site.
        geometry: Geometry<f64>,
    }
}

row! {
    /// A one-stop office in a phase, with what the agents take off it.
    pub struct ReliefRow of RELIEF {
        /// Number of the phase, from 1.
        phase: u32,
        /// Id of the site.
        site: String,
        /// Name of the site.
        name: String,
        /// Whose nearest office it is (people).
        persons: f64,
        /// What those people would bring without agents: on paper, and online with help (dossiers a working day).
        before_per_day: f64,
        /// What comes to it with the agents of the phase (dossiers a working day).
        after_per_day: f64,
        /// Share of its work that it loses to agents; null where it had none (0–1).
        relief_share: Option<f64>,
        /// Counters for the work before; the most of an office where it needs more.
        counters_before: u32,
        /// Counters for the work after; 0 where the office is closed.
        counters_after: u32,
        /// Mean wait before in the busiest hour; null where the line grows without end (min).
        wait_before_min: Option<f64>,
        /// The same after, at as many counters as before (min).
        wait_after_min: Option<f64>,
        /// Point of the site.
        geometry: Geometry<f64>,
    }
}

row! {
    /// What the plan would be without a site, or with it.
    pub struct ExplanationRow of EXPLANATIONS {
        /// Id of the site.
        site: String,
        /// Name of the site.
        name: String,
        /// `fixed`, `opens`, `refused` (by the city's conditions), `unknown` (something is, and the scenario uses no such site), `out_of_scope` (no phase opens agents there), `serves_nobody`, `adds_nobody` or `not_chosen`.
        role: String,
        /// Phase in which it opens, from 1; null where it does not.
        phase: Option<u32>,
        /// Whom it would serve under the standard, by itself (people).
        persons_in_reach: f64,
        /// Who have no agent without it in the phase in which it opens; null where it is no agent (people).
        persons_lost_first: Option<f64>,
        /// Who have no agent without it; null where it is no agent (people).
        persons_lost: Option<f64>,
        /// What those whose nearest agent it is travel more, one way, if it closes alone; null where it is no agent (person-minutes).
        extra_person_minutes: Option<f64>,
        /// Who then reach no agent by road; null where it is no agent (people).
        persons_cut_off: Option<f64>,
        /// Whom it would serve beyond the final plan, opened as well; null where it is an agent or may not be used (people).
        persons_added: Option<f64>,
        /// Id of its best substitute (an agent that opens), or of the agent that it would best stand in for (a candidate); null where there is none.
        exchange: Option<String>,
        /// Its name.
        exchange_name: Option<String>,
        /// Served more by that exchange; below 0 where fewer (people).
        exchange_persons: Option<f64>,
        /// Served more by it over all phases, from the opening of the agent on, as the plan weighs them (in scope, groups by weight) (person-days).
        exchange_person_days: Option<f64>,
        /// All this in words, in Vietnamese.
        why_vi: String,
        /// All this in words, in English.
        why_en: String,
        /// Point of the site.
        geometry: Geometry<f64>,
    }
}

row! {
    /// A group in a phase, in the study area or in a feature of the first layer.
    pub struct GroupRow of GROUPS {
        /// Id of the group.
        group: String,
        /// Its name in Vietnamese.
        group_name_vi: String,
        /// Its name in English.
        group_name_en: String,
        /// Number of the phase, from 1.
        phase: u32,
        /// Code of the feature of the first boundary layer; null for the whole study area.
        boundary: Option<String>,
        /// Its name.
        boundary_name: Option<String>,
        /// How much each member counts where agents are chosen.
        weight: f64,
        /// Members who live there (people).
        persons: f64,
        /// Of those, served under the standard (people).
        covered_persons: f64,
        /// Share of the members who are served (0–1).
        population_covered_share: Option<f64>,
        /// Mean travel time to the nearest agent, of those who reach one (s).
        mean_time_s: Option<f64>,
        /// Longest of those times (s).
        worst_time_s: Option<f64>,
        /// Members who reach no agent by road: in none of the figures of time (people).
        unreached_persons: f64,
        /// Time within which nine tenths of those reach it (s).
        p90_time_s: Option<f64>,
        /// Time within which 99 of 100 of those reach it (s).
        p99_time_s: Option<f64>,
        /// Mean travel time of the tenth of those with the longest ways (s).
        worst_tenth_time_s: Option<f64>,
        /// Gini coefficient of travel time over those: 0 where all travel alike (0–1).
        gini_time: Option<f64>,
        /// Theil's T of travel time over those: 0 where all travel alike.
        theil_time: Option<f64>,
    }
}

row! {
    /// A band of travel time around an agent or all agents.
    pub struct IsochroneRow of ISOCHRONES {
        /// Number of the phase, from 1.
        phase: u32,
        /// Id of the agent; null for all agents that stand at the phase's end.
        site: Option<String>,
        /// Travel mode, e.g. `motorcycle`.
        mode: String,
        /// Longest travel time (min).
        minutes: f64,
        /// What lies within that time; drawn from network times, for eyes only.
        geometry: Geometry<f64>,
    }
}

row! {
    /// The study area, or a feature of the first layer, as the offices of today serve it, before the plan.
    pub struct TodayRow of TODAY {
        /// Code of the feature of the first boundary layer; `None` for the whole study area.
        boundary: Option<String>,
        /// Its name.
        boundary_name: Option<String>,
        /// Offices that stand there today.
        offices: u32,
        /// Who live there (people).
        persons: f64,
        /// Served under the standard by those offices alone (people).
        covered_persons: f64,
        /// Share of the people who are served; `None` where nobody lives (0–1).
        population_covered_share: Option<f64>,
        /// Who can reach an office by road (people).
        reached_persons: f64,
        /// Mean travel time to the nearest office, of those who reach one (s).
        mean_time_s: Option<f64>,
        /// Time within which half of those reach it (s).
        median_time_s: Option<f64>,
        /// Time within which nine tenths of those reach it (s).
        p90_time_s: Option<f64>,
        /// Longest of those times (s).
        worst_time_s: Option<f64>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::schema::Kind;

    /// Whether a row names all columns of its table but the boxes, in their order.
    fn fits<T: Row>() {
        let given = T::TABLE.columns.iter().filter(|c| c.kind != Kind::Bbox);
        let names: Vec<&str> = given.map(|c| c.name).collect();
        assert_eq!(T::COLUMNS, names, "{}", T::TABLE.file);
    }

    #[test]
    fn rows_bear_the_names_of_all_columns() {
        fits::<AgentRow>();
        fits::<SiteRow>();
        fits::<BoundaryRow>();
        fits::<PhaseRow>();
        fits::<StrategyRow>();
        fits::<PlaceRow>();
        fits::<LoadRow>();
        fits::<ReliefRow>();
        fits::<ExplanationRow>();
        fits::<GroupRow>();
        fits::<IsochroneRow>();
        fits::<TodayRow>();
    }
}
