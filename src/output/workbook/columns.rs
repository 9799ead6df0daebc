//! The columns of the sheets that are one table.

use super::cells::{Cell, Unit, code, day};
use super::table::{Column, Total, column};
use crate::output::run::{AgentRow, BoundaryRow, ExplanationRow, GroupRow, LoadRow, PlaceRow, ReliefRow, SiteRow};
use crate::scenario::Text;

/// A feature in a phase, with what stands in other tables.
pub(super) struct Area {
    /// The feature in the phase.
    pub(super) row: BoundaryRow,
    /// The name of its layer.
    pub(super) layer: Text,
    /// Share of its people served by the offices of today; first layer only.
    pub(super) today: Option<f64>,
}

/// A site, with what the plan would be without it or with it.
pub(super) struct Candidate {
    /// The site.
    pub(super) row: SiteRow,
    /// The name of its feature.
    pub(super) area: Option<String>,
    /// Its part in the plan.
    pub(super) told: Option<ExplanationRow>,
}

impl Candidate {
    fn told<T>(&self, of: impl Fn(&ExplanationRow) -> T) -> Cell
    where
        Cell: From<T>,
    {
        self.told.as_ref().map_or(Cell::Blank, |told| Cell::from(of(told)))
    }
}

/// Agents in the order of opening.
pub(super) fn agents() -> Vec<Column<AgentRow>> {
    vec![
        column("order", "rollout.order", Unit::Count, 7.0, |a: &AgentRow| a.order.into()),
        column("phase", "rollout.phase", Unit::Count, 8.0, |a: &AgentRow| a.phase.into()),
        column("name", "rollout.name", Unit::Text, 32.0, |a: &AgentRow| (&a.name).into()).total(Total::Rows),
        column("opens_on", "rollout.opens_on", Unit::Date, 11.5, |a: &AgentRow| day(&a.opens_on)),
        column("area", "rollout.boundary_name", Unit::Text, 16.0, |a: &AgentRow| (&a.boundary_name).into()),
        column("persons_marginal", "rollout.persons_marginal", Unit::People, 11.0, |a: &AgentRow| {
            a.persons_marginal.into()
        })
        .sum(),
        column("persons_cumulative", "rollout.persons_cumulative", Unit::People, 11.0, |a: &AgentRow| {
            a.persons_cumulative.into()
        }),
        column("persons_only", "rollout.persons_only", Unit::People, 11.0, |a: &AgentRow| a.persons_only.into()).sum(),
        column("persons_nearest", "rollout.persons_nearest", Unit::People, 11.0, |a: &AgentRow| {
            a.persons_nearest.into()
        })
        .sum(),
        column("counters", "rollout.counters", Unit::Counters, 9.5, |a: &AgentRow| a.counters.into()).sum(),
        column("load_per_day", "rollout.load_per_day", Unit::Dossiers, 11.0, |a: &AgentRow| a.load_per_day.into())
            .sum(),
        column("overflow_per_day", "rollout.overflow_per_day", Unit::Dossiers, 11.0, |a: &AgentRow| {
            a.overflow_per_day.into()
        })
        .sum()
        .bad(),
        column("why", "rollout.why_vi", Unit::Prose, 50.0, |a: &AgentRow| (&a.why_vi).into()),
        column("why_en", "rollout.why_en", Unit::Prose, 50.0, |a: &AgentRow| (&a.why_en).into()).english(),
        column("site", "rollout.site", Unit::Text, 15.0, |a: &AgentRow| (&a.site).into()),
        column("fixed", "rollout.fixed", Unit::Code, 12.0, |a: &AgentRow| a.fixed.into()).on_screen(),
        column("closes_phase", "rollout.closes_phase", Unit::Count, 9.0, |a: &AgentRow| a.closes_phase.into())
            .on_screen(),
        column("lat", "rollout.lat", Unit::Degrees, 10.0, |a: &AgentRow| a.lat.into()).on_screen(),
        column("lon", "rollout.lon", Unit::Degrees, 10.0, |a: &AgentRow| a.lon.into()).on_screen(),
    ]
}

/// Wards and communes, and the features of the other layers, by phase.
pub(super) fn areas() -> Vec<Column<Area>> {
    let minutes = Unit::MinutesOfSeconds;
    vec![
        column("layer", "boundaries.layer", Unit::Text, 34.0, |a: &Area| (&a.layer.vi).into()),
        column("layer_en", "boundaries.layer", Unit::Text, 42.0, |a: &Area| (&a.layer.en).into()).english(),
        column("phase", "boundaries.phase", Unit::Count, 8.0, |a: &Area| a.row.phase.into()),
        column("name", "boundaries.name", Unit::Text, 20.0, |a: &Area| (&a.row.name).into()).total(Total::Rows),
        column("code", "boundaries.code", Unit::Text, 10.0, |a: &Area| (&a.row.code).into()),
        column("persons", "boundaries.persons", Unit::People, 12.0, |a: &Area| a.row.persons.into()).sum(),
        column("official_persons", "boundaries.official_persons", Unit::People, 12.0, |a: &Area| {
            a.row.official_persons.into()
        })
        .sum(),
        column("covered_persons", "boundaries.covered_persons", Unit::People, 12.0, |a: &Area| {
            a.row.covered_persons.into()
        })
        .sum(),
        column("unserved", "", Unit::People, 11.0, |a: &Area| unserved(a.row.persons, a.row.covered_persons)).sum(),
        column("share", "boundaries.population_covered_share", Unit::Share, 11.0, |a: &Area| {
            a.row.population_covered_share.into()
        })
        .total(Total::Ratio("covered_persons", "persons")),
        column("today", "today.population_covered_share", Unit::Share, 11.0, |a: &Area| a.today.into()),
        column("mean", "boundaries.mean_time_s", minutes, 10.0, |a: &Area| a.row.mean_time_s.into()),
        column("median", "boundaries.median_time_s", minutes, 10.0, |a: &Area| a.row.median_time_s.into()),
        column("p90", "boundaries.p90_time_s", minutes, 10.0, |a: &Area| a.row.p90_time_s.into()),
        column("worst", "boundaries.worst_time_s", minutes, 10.0, |a: &Area| a.row.worst_time_s.into()),
        column("agents", "boundaries.agents", Unit::Count, 9.0, |a: &Area| a.row.agents.into()).sum(),
        column("counters", "boundaries.counters", Unit::Counters, 9.0, |a: &Area| a.row.counters.into()).sum(),
        column("dossiers", "boundaries.dossiers_per_day", Unit::Dossiers, 11.0, |a: &Area| {
            a.row.dossiers_per_day.into()
        })
        .sum(),
        column("overflow", "boundaries.overflow_per_day", Unit::Dossiers, 11.0, |a: &Area| {
            a.row.overflow_per_day.into()
        })
        .sum()
        .bad(),
    ]
}

/// Who is not served; what is less than the thousandth of a person is nobody.
fn unserved(persons: f64, covered: f64) -> Cell {
    let left = persons - covered;
    Cell::from(if left < 0.0005 { 0.0 } else { left })
}

/// What comes to agents, by phase.
pub(super) fn loads() -> Vec<Column<LoadRow>> {
    vec![
        column("phase", "loads.phase", Unit::Count, 8.0, |l: &LoadRow| l.phase.into()),
        column("name", "loads.name", Unit::Text, 34.0, |l: &LoadRow| (&l.name).into()).total(Total::Rows),
        column("site", "loads.site", Unit::Text, 14.0, |l: &LoadRow| (&l.site).into()),
        column("office", "loads.office", Unit::Code, 12.0, |l: &LoadRow| l.office.into()),
        column("persons", "loads.persons", Unit::People, 12.0, |l: &LoadRow| l.persons.into()).sum(),
        column("persons_sent", "loads.persons_sent", Unit::People, 11.0, |l: &LoadRow| l.persons_sent.into()).sum(),
        column("persons_taken", "loads.persons_taken", Unit::People, 11.0, |l: &LoadRow| l.persons_taken.into()).sum(),
        column("office_per_day", "loads.office_per_day", Unit::Dossiers, 12.0, |l: &LoadRow| l.office_per_day.into())
            .sum(),
        column("dossiers", "loads.dossiers_per_day", Unit::Dossiers, 12.0, |l: &LoadRow| l.dossiers_per_day.into())
            .sum(),
        column("most", "loads.most_per_day", Unit::Dossiers, 12.0, |l: &LoadRow| l.most_per_day.into()).sum(),
        column("overflow", "loads.overflow_per_day", Unit::Dossiers, 12.0, |l: &LoadRow| l.overflow_per_day.into())
            .sum()
            .bad(),
        column("counters", "loads.counters", Unit::Counters, 9.0, |l: &LoadRow| l.counters.into()).sum(),
        column("utilisation", "loads.utilisation", Unit::Share, 11.0, |l: &LoadRow| l.utilisation.into()),
        column("wait", "loads.wait_min", Unit::Minutes, 10.0, |l: &LoadRow| l.wait_min.into()),
    ]
}

/// What agents take off the one-stop offices, by phase.
pub(super) fn offices() -> Vec<Column<ReliefRow>> {
    vec![
        column("phase", "relief.phase", Unit::Count, 8.0, |o: &ReliefRow| o.phase.into()),
        column("name", "relief.name", Unit::Text, 38.0, |o: &ReliefRow| (&o.name).into()).total(Total::Rows),
        column("site", "relief.site", Unit::Text, 14.0, |o: &ReliefRow| (&o.site).into()),
        column("persons", "relief.persons", Unit::People, 12.0, |o: &ReliefRow| o.persons.into()).sum(),
        column("before", "relief.before_per_day", Unit::Dossiers, 13.0, |o: &ReliefRow| o.before_per_day.into()).sum(),
        column("after", "relief.after_per_day", Unit::Dossiers, 13.0, |o: &ReliefRow| o.after_per_day.into()).sum(),
        column("share", "relief.relief_share", Unit::Share, 11.0, |o: &ReliefRow| o.relief_share.into()),
        column("counters_before", "relief.counters_before", Unit::Counters, 10.0, |o: &ReliefRow| {
            o.counters_before.into()
        })
        .sum(),
        column("counters_after", "relief.counters_after", Unit::Counters, 10.0, |o: &ReliefRow| {
            o.counters_after.into()
        })
        .sum(),
        column("wait_before", "relief.wait_before_min", Unit::Minutes, 11.0, |o: &ReliefRow| o.wait_before_min.into()),
        column("wait_after", "relief.wait_after_min", Unit::Minutes, 11.0, |o: &ReliefRow| o.wait_after_min.into()),
    ]
}

/// Who is left unserved.
pub(super) fn places() -> Vec<Column<PlaceRow>> {
    let (km, minutes) = (Unit::KmOfMetres, Unit::MinutesOfSeconds);
    vec![
        column("name", "uncovered.boundary_name", Unit::Text, 20.0, |p: &PlaceRow| (&p.boundary_name).into()),
        column("code", "uncovered.boundary", Unit::Text, 10.0, |p: &PlaceRow| (&p.boundary).into()),
        column("persons", "uncovered.persons", Unit::People, 11.0, |p: &PlaceRow| p.persons.into()).sum(),
        column("coverable", "uncovered.persons_coverable", Unit::People, 12.0, |p: &PlaceRow| {
            p.persons_coverable.into()
        })
        .sum(),
        column("help", "uncovered.help_vi", Unit::Prose, 46.0, |p: &PlaceRow| (&p.help_vi).into()),
        column("help_en", "uncovered.help_en", Unit::Prose, 46.0, |p: &PlaceRow| (&p.help_en).into()).english(),
        column("agent", "uncovered.nearest_agent", Unit::Text, 14.0, |p: &PlaceRow| (&p.nearest_agent).into()),
        column("agent_km", "uncovered.nearest_agent_m", km, 10.0, |p: &PlaceRow| p.nearest_agent_m.into()),
        column("agent_time", "uncovered.agent_time_s", minutes, 10.0, |p: &PlaceRow| p.agent_time_s.into()),
        column("best", "uncovered.best_candidate", Unit::Text, 14.0, |p: &PlaceRow| (&p.best_candidate).into()),
        column("best_persons", "uncovered.best_candidate_persons", Unit::People, 12.0, |p: &PlaceRow| {
            p.best_candidate_persons.into()
        }),
        column("new_lat", "uncovered.new_point_lat", Unit::Degrees, 11.0, |p: &PlaceRow| p.new_point_lat.into()),
        column("new_lon", "uncovered.new_point_lon", Unit::Degrees, 11.0, |p: &PlaceRow| p.new_point_lon.into()),
        column("new_persons", "uncovered.new_point_persons", Unit::People, 12.0, |p: &PlaceRow| {
            p.new_point_persons.into()
        }),
    ]
}

/// Every site: what the city's conditions say, what is still to be asked, and its part in the plan.
pub(super) fn candidates() -> Vec<Column<Candidate>> {
    vec![
        column("name", "sites.name", Unit::Text, 32.0, |c: &Candidate| (&c.row.name).into()).total(Total::Rows),
        column("site", "sites.site", Unit::Text, 15.0, |c: &Candidate| (&c.row.site).into()),
        column("area", "", Unit::Text, 16.0, |c: &Candidate| (&c.area).into()),
        column("status", "sites.status", Unit::Code, 17.0, |c: &Candidate| code("status", &c.row.status)),
        column("reasons", "sites.reasons_vi", Unit::Prose, 38.0, |c: &Candidate| (&c.row.reasons_vi).into()),
        column("reasons_en", "sites.reasons_en", Unit::Prose, 38.0, |c: &Candidate| (&c.row.reasons_en).into())
            .english(),
        column("role", "explanations.role", Unit::Code, 26.0, |c: &Candidate| {
            c.told.as_ref().map_or(Cell::Blank, |told| code("role", &told.role))
        }),
        column("phase", "sites.phase", Unit::Count, 9.0, |c: &Candidate| c.row.phase.into()),
        column("reach", "sites.persons_in_reach", Unit::People, 11.0, |c: &Candidate| c.row.persons_in_reach.into()),
        column("lost", "explanations.persons_lost", Unit::People, 11.0, |c: &Candidate| c.told(|t| t.persons_lost)),
        column("added", "explanations.persons_added", Unit::People, 11.0, |c: &Candidate| c.told(|t| t.persons_added)),
        column("why", "explanations.why_vi", Unit::Prose, 48.0, |c: &Candidate| {
            c.told.as_ref().map_or(Cell::Blank, |told| (&told.why_vi).into())
        }),
        column("why_en", "explanations.why_en", Unit::Prose, 48.0, |c: &Candidate| {
            c.told.as_ref().map_or(Cell::Blank, |told| (&told.why_en).into())
        })
        .english(),
        column("usable", "sites.usable", Unit::Code, 12.0, |c: &Candidate| c.row.usable.into()).on_screen(),
        column("proposed", "sites.proposed", Unit::Code, 12.0, |c: &Candidate| c.row.proposed.into()).on_screen(),
        column("position", "sites.position", Unit::Text, 15.0, |c: &Candidate| (&c.row.position).into()).on_screen(),
        column("exchange", "explanations.exchange", Unit::Text, 15.0, |c: &Candidate| {
            c.told.as_ref().map_or(Cell::Blank, |told| (&told.exchange).into())
        })
        .on_screen(),
        column("extra", "explanations.extra_person_minutes", Unit::PersonMinutes, 13.0, |c: &Candidate| {
            c.told(|t| t.extra_person_minutes)
        })
        .on_screen(),
        column("access", "sites.access_m", Unit::Metres, 10.0, |c: &Candidate| c.row.access_m.into()).on_screen(),
        column("lat", "sites.lat", Unit::Degrees, 10.0, |c: &Candidate| c.row.lat.into()).on_screen(),
        column("lon", "sites.lon", Unit::Degrees, 10.0, |c: &Candidate| c.row.lon.into()).on_screen(),
    ]
}

/// Groups by phase, in the study area and by feature.
pub(super) fn groups() -> Vec<Column<GroupRow>> {
    let minutes = Unit::MinutesOfSeconds;
    vec![
        column("name", "groups.group_name_vi", Unit::Text, 24.0, |g: &GroupRow| (&g.group_name_vi).into()),
        column("name_en", "groups.group_name_en", Unit::Text, 24.0, |g: &GroupRow| (&g.group_name_en).into()).english(),
        column("phase", "groups.phase", Unit::Count, 8.0, |g: &GroupRow| g.phase.into()),
        column("area", "groups.boundary_name", Unit::Text, 20.0, |g: &GroupRow| match &g.boundary {
            None => code("area", "all"),
            Some(boundary) => g.boundary_name.as_ref().unwrap_or(boundary).into(),
        })
        .total(Total::Rows),
        column("persons", "groups.persons", Unit::People, 12.0, |g: &GroupRow| g.persons.into()),
        column("covered", "groups.covered_persons", Unit::People, 12.0, |g: &GroupRow| g.covered_persons.into()),
        column("unserved", "", Unit::People, 12.0, |g: &GroupRow| unserved(g.persons, g.covered_persons)),
        column("share", "groups.population_covered_share", Unit::Share, 11.0, |g: &GroupRow| {
            g.population_covered_share.into()
        }),
        column("weight", "groups.weight", Unit::Other, 9.0, |g: &GroupRow| g.weight.into()),
        column("mean", "groups.mean_time_s", minutes, 10.0, |g: &GroupRow| g.mean_time_s.into()),
        column("p90", "groups.p90_time_s", minutes, 10.0, |g: &GroupRow| g.p90_time_s.into()),
        column("p99", "groups.p99_time_s", minutes, 10.0, |g: &GroupRow| g.p99_time_s.into()),
        column("worst_tenth", "groups.worst_tenth_time_s", minutes, 11.0, |g: &GroupRow| g.worst_tenth_time_s.into()),
        column("worst", "groups.worst_time_s", minutes, 10.0, |g: &GroupRow| g.worst_time_s.into()),
        column("unreached", "groups.unreached_persons", Unit::People, 12.0, |g: &GroupRow| g.unreached_persons.into()),
        column("gini", "groups.gini_time", Unit::Index, 9.0, |g: &GroupRow| g.gini_time.into()),
    ]
}
