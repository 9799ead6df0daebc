//! Section III: a page for each phase: what it does, its map, its indicators and their changes, the agents that open.

use std::collections::HashMap;
use std::fmt::Write;

use super::decision::{days, status};
use super::facts::Facts;
use super::html::{Column, Safe, Table};
use super::maps::Maps;
use super::words::Words;
use super::{heading, paragraph};
use crate::output::run::{AgentRow, LoadRow, PhaseRow, SiteRow, TodayRow};

/// So many of the busiest agents are told.
const BUSIEST: usize = 5;
/// So many of the offices with the most work are told.
const OFFICES: usize = 10;

/// Writes the section.
pub fn write(facts: &Facts, words: &Words, maps: &Maps, html: &mut String) {
    heading(words, html, "III", "phases");
    paragraph(html, &words.get("phases.intro"));
    for index in 0..facts.phases.len() {
        phase(facts, words, maps, index, html);
    }
}

fn phase(facts: &Facts, words: &Words, maps: &Maps, index: usize, html: &mut String) {
    let phase = &facts.phases[index];
    let n = phase.phase;
    let _ = writeln!(
        html,
        "<section class=\"phase\" id=\"{}-phase-{n}\"><h3>{n}. {}</h3>",
        words.lang.code(),
        Safe::text(words.pick(&phase.name_vi, &phase.name_en))
    );
    paragraph(html, &summary(facts, words, phase));
    html.push_str(&maps.phase(facts, words, index));
    html.push_str(&indicators(facts, words, index));
    html.push_str(&maps.detail(facts, words, index));
    busiest(facts, words, phase, html);
    relief(facts, words, phase, html);
    closing(facts, words, phase, html);
    agents(facts, words, phase, html);
    html.push_str("</section>\n");
}

/// What the phase does, in a few sentences.
fn summary(facts: &Facts, words: &Words, phase: &PhaseRow) -> Safe {
    let key = match phase.opens.as_str() {
        "nothing" => "phases.opens_nothing",
        "most-people" => "phases.opens_most",
        "worst-first" => "phases.opens_worst",
        _ => "phases.opens_fewest",
    };
    let mut text = words.fill(
        key,
        &[
            ("days", days(words, phase)),
            ("opened", words.count(phase.opened).bold()),
            ("agents", words.count(phase.agents).bold()),
        ],
    );
    let asked = facts.run.about.phases.get(phase.phase as usize - 1);
    if let Some(scope) = asked.and_then(|a| a.scope.as_ref()) {
        let values = [
            ("scope", words.said(&scope.name)),
            ("served", words.count(phase.scope_covered_persons)),
            ("persons", words.count(phase.scope_persons)),
            ("share", words.maybe(phase.scope_covered_share, Words::share)),
        ];
        text = Safe::markup(format!("{text} {}", words.fill("phases.scope", &values)));
    }
    if phase.status != "nothing_to_open" {
        text = Safe::markup(format!("{text} {}", words.fill("phases.proof", &[("status", status(words, phase))])));
    }
    text
}

/// What an indicator counts.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Count,
    Tenths,
    Share,
    Minutes,
    MinutesAlready,
}

impl Unit {
    fn value(self, words: &Words, value: f64) -> Safe {
        match self {
            Unit::Count => words.count(value),
            Unit::Tenths => words.number(value, 1),
            Unit::Share => words.share(value),
            Unit::Minutes => words.minutes(value),
            Unit::MinutesAlready => words.minutes(value * 60.0),
        }
    }

    /// A difference with its sign; shares in percentage points.
    fn change(self, words: &Words, change: f64) -> Safe {
        let (size, text) = match self {
            Unit::Count => (change.round(), words.count(change.abs())),
            Unit::Tenths => ((change * 10.0).round(), words.number(change.abs(), 1)),
            Unit::Share => {
                let points = change * 100.0;
                // Two decimals where one would hide that something changed.
                let decimals = if points.abs() < 0.05 { 2 } else { 1 };
                let size = (points * 100.0).round();
                (size, words.fill("unit.points", &[("n", words.number(points.abs(), decimals))]))
            }
            Unit::Minutes => ((change / 6.0).round(), words.minutes(change.abs())),
            Unit::MinutesAlready => ((change * 10.0).round(), words.minutes(change.abs() * 60.0)),
        };
        if size == 0.0 {
            return Safe::markup("0");
        }
        Safe::markup(format!("{}{text}", if size > 0.0 { "+" } else { "−" }))
    }
}

/// An indicator: the key of its name, its unit, and where it stands.
type Indicator = (&'static str, Unit, fn(&PhaseRow) -> Option<f64>, fn(&TodayRow) -> Option<f64>);

const INDICATORS: &[Indicator] = &[
    ("ind.agents", Unit::Count, |p| Some(f64::from(p.agents)), |t| Some(f64::from(t.offices))),
    ("ind.served", Unit::Count, |p| Some(p.covered_persons), |t| Some(t.covered_persons)),
    ("ind.share", Unit::Share, |p| p.population_covered_share, |t| t.population_covered_share),
    ("ind.left", Unit::Count, |p| Some(p.persons - p.covered_persons), |t| Some(t.persons - t.covered_persons)),
    ("ind.mean", Unit::Minutes, |p| p.mean_time_s, |t| t.mean_time_s),
    ("ind.median", Unit::Minutes, |p| p.median_time_s, |t| t.median_time_s),
    ("ind.p90", Unit::Minutes, |p| p.p90_time_s, |t| t.p90_time_s),
    ("ind.worst_tenth", Unit::Minutes, |p| p.worst_tenth_time_s, |_| None),
    ("ind.worst", Unit::Minutes, |p| p.worst_time_s, |t| t.worst_time_s),
    ("ind.scope_share", Unit::Share, |p| p.scope.as_ref().and(p.scope_covered_share), |_| None),
    ("ind.scope_mean", Unit::Minutes, |p| p.scope.as_ref().and(p.scope_mean_time_s), |_| None),
    ("ind.online", Unit::Share, |p| Some(p.online_share), |_| None),
    ("ind.dossiers", Unit::Count, |p| Some(p.dossiers_per_day), |_| None),
    ("ind.counters", Unit::Count, |p| p.counters.map(f64::from), |_| None),
    ("ind.load", Unit::Count, |p| p.load_per_day, |_| None),
    ("ind.overflow", Unit::Tenths, |p| p.overflow_per_day, |_| None),
    ("ind.wait", Unit::MinutesAlready, |p| p.mean_wait_min, |_| None),
    ("ind.sent", Unit::Count, |p| p.persons_sent, |_| None),
    ("ind.relief", Unit::Share, |p| p.relief_share, |_| None),
];

/// The indicators with the change against the phase before and against the offices of today.
fn indicators(facts: &Facts, words: &Words, index: usize) -> String {
    let phase = &facts.phases[index];
    let before = index.checked_sub(1).map(|i| &facts.phases[i]);
    let mut head = vec![(words.get("col.indicator"), Column::Text)];
    if facts.today.is_some() {
        head.push((words.get("col.today"), Column::Figure));
    }
    if before.is_some() {
        head.push((words.get("col.before"), Column::Figure));
    }
    head.push((words.get("col.this"), Column::Figure));
    if before.is_some() {
        head.push((words.get("col.change_before"), Column::Figure));
    }
    if facts.today.is_some() {
        head.push((words.get("col.change_today"), Column::Figure));
    }
    let mut table = Table::new(head).caption(words.get("phases.indicators")).dense();
    for (key, unit, of_phase, of_today) in INDICATORS {
        // What does not apply to this phase is left out: a scope of another phase, times where no agent stands.
        let now = of_phase(phase);
        let past = before.and_then(of_phase);
        let today = facts.today.as_ref().and_then(of_today);
        if now.is_none() {
            continue;
        }
        let value = |v: Option<f64>| words.maybe(v, |w, v| unit.value(w, v));
        let change = |from: Option<f64>| words.maybe(now.zip(from), |w, (to, from)| unit.change(w, to - from));
        let mut cells = vec![words.get(key)];
        if facts.today.is_some() {
            cells.push(value(today));
        }
        if before.is_some() {
            cells.push(value(past));
        }
        cells.push(value(now).bold());
        if before.is_some() {
            cells.push(change(past));
        }
        if facts.today.is_some() {
            cells.push(change(today));
        }
        table.row(cells);
    }
    let mut html = table.finish();
    if let (Some(name), Some(share)) = (&phase.worst_boundary_name, phase.worst_boundary_covered_share) {
        let values = [("name", Safe::name(name)), ("share", words.share(share))];
        paragraph(&mut html, &words.fill("phases.worst", &values));
    }
    html
}

/// The agents that open in the phase.
fn agents(facts: &Facts, words: &Words, phase: &PhaseRow, html: &mut String) {
    let opened: Vec<&AgentRow> = facts.agents.iter().filter(|a| !a.fixed && a.phase == phase.phase).collect();
    if opened.is_empty() {
        return;
    }
    let loads: HashMap<&str, &LoadRow> =
        facts.loads.iter().filter(|l| l.phase == phase.phase).map(|l| (l.site.as_str(), l)).collect();
    let sites: HashMap<&str, &SiteRow> = facts.sites.iter().map(|s| (s.site.as_str(), s)).collect();
    let mut head = vec![
        (words.get("col.no"), Column::Short),
        (words.get("col.agent"), Column::Name),
        (words.get("col.commune"), Column::Name),
        (words.get("col.marginal"), Column::Figure),
    ];
    if !loads.is_empty() {
        head.push((words.get("col.counters"), Column::Figure));
        head.push((words.get("col.load"), Column::Figure));
    }
    head.push((words.get("col.why"), Column::Wide));
    let caption = words.fill("phases.opening", &[("n", words.count(opened.len() as u32))]);
    let mut table = Table::new(head).caption(caption).dense();
    let (mut review, mut proposed) = (false, false);
    for agent in opened {
        let site = sites.get(agent.site.as_str());
        let mut name = Safe::name(&agent.name);
        if site.is_some_and(|s| s.proposed) {
            proposed = true;
            name = Safe::markup(format!("{name}&nbsp;(**)"));
        } else if site.is_some_and(|s| s.status == "review") {
            review = true;
            name = Safe::markup(format!("{name}&nbsp;(*)"));
        }
        let at = Safe::markup(format!("{:.5}, {:.5}", agent.lat, agent.lon));
        let mut cells = vec![
            words.count(agent.order),
            name.with_small(&Safe::name(&agent.site)),
            agent.boundary_name.as_deref().map_or_else(|| words.none(), Safe::name).with_small(&at),
            words.count(agent.persons_marginal),
        ];
        if !loads.is_empty() {
            let load = loads.get(agent.site.as_str());
            cells.push(words.maybe(load.map(|l| l.counters), |w, c| w.count(c)));
            cells.push(words.maybe(load.map(|l| l.dossiers_per_day), |w, d| w.number(d, 1)));
        }
        cells.push(Safe::text(words.pick(&agent.why_vi, &agent.why_en)));
        table.row(cells);
    }
    html.push_str(&table.finish());
    for (is, key) in [(review, "phases.review_note"), (proposed, "phases.proposed_note")] {
        if is {
            let _ = writeln!(html, "<p class=\"note\">{}</p>", words.get(key));
        }
    }
}

/// The agents that stand no more from this phase on.
fn closing(facts: &Facts, words: &Words, phase: &PhaseRow, html: &mut String) {
    let closed: Vec<String> = facts
        .agents
        .iter()
        .filter(|a| a.closes_phase == Some(phase.phase))
        .map(|a| Safe::name(&a.name).to_string())
        .collect();
    if !closed.is_empty() {
        let names = Safe::markup(closed.join("; "));
        let values = [("n", words.count(closed.len() as u32)), ("names", names)];
        paragraph(html, &words.fill("phases.closing", &values));
    }
}

/// The busiest agents of the phase.
fn busiest(facts: &Facts, words: &Words, phase: &PhaseRow, html: &mut String) {
    let mut loads: Vec<&LoadRow> = facts.loads.iter().filter(|l| l.phase == phase.phase).collect();
    if loads.is_empty() {
        return;
    }
    let busy = |l: &LoadRow| (l.overflow_per_day, l.dossiers_per_day);
    loads.sort_by(|a, b| {
        let (a, b) = (busy(a), busy(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let overloaded = loads.iter().filter(|l| l.overflow_per_day > 0.0).count();
    let mut table = Table::new(vec![
        (words.get("col.agent"), Column::Name),
        (words.get("col.persons"), Column::Figure),
        (words.get("col.load"), Column::Figure),
        (words.get("col.counters"), Column::Figure),
        (words.get("col.utilisation"), Column::Figure),
        (words.get("col.wait"), Column::Figure),
        (words.get("col.overflow"), Column::Figure),
    ])
    .caption(words.get("phases.busiest"))
    .dense();
    for load in loads.iter().take(BUSIEST) {
        table.row([
            Safe::name(&load.name).with_small(&Safe::name(&load.site)),
            words.count(load.persons),
            words.number(load.dossiers_per_day, 1),
            words.count(load.counters),
            words.share(load.utilisation),
            words.minutes(load.wait_min * 60.0),
            words.number(load.overflow_per_day, 1),
        ]);
    }
    html.push_str(&table.finish());
    if overloaded > 0 {
        paragraph(html, &words.fill("phases.overloaded", &[("n", words.count(overloaded as u32))]));
    }
}

/// What the agents take off the one-stop offices.
fn relief(facts: &Facts, words: &Words, phase: &PhaseRow, html: &mut String) {
    let mut offices: Vec<_> = facts.relief.iter().filter(|r| r.phase == phase.phase).collect();
    offices.sort_by(|a, b| b.before_per_day.total_cmp(&a.before_per_day));
    let mut table = Table::new(vec![
        (words.get("col.office"), Column::Name),
        (words.get("col.load_before"), Column::Figure),
        (words.get("col.load_after"), Column::Figure),
        (words.get("col.relief"), Column::Figure),
        (words.get("col.counters_both"), Column::Figure),
        (words.get("col.wait_both"), Column::Figure),
    ])
    .caption(words.fill("phases.relief", &[("n", words.count(OFFICES.min(offices.len()) as u32))]))
    .dense();
    for office in offices.into_iter().take(OFFICES) {
        let wait = |w: Option<f64>| words.maybe(w, |words, w| words.number(w, 1));
        let both = |a: Safe, b: Safe| Safe::markup(format!("{a}&nbsp;→&nbsp;{b}"));
        table.row([
            Safe::name(&office.name),
            words.number(office.before_per_day, 1),
            words.number(office.after_per_day, 1),
            words.maybe(office.relief_share, Words::share),
            both(words.count(office.counters_before), words.count(office.counters_after)),
            both(wait(office.wait_before_min), wait(office.wait_after_min)),
        ]);
    }
    html.push_str(&table.finish());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::report::words::Lang;

    #[test]
    fn changes_by_hand() {
        let words = Words::of(Lang::En).unwrap();
        let said = |unit: Unit, change: f64| unit.change(&words, change).to_string();
        assert_eq!(said(Unit::Count, 1234.4), "+1,234");
        assert_eq!(said(Unit::Count, -0.4), "0");
        // 0.332 is 33.2 points; 0.0002 is 0.02 points; 0.00001 is nothing.
        assert_eq!(said(Unit::Share, 0.332), "+33.2&nbsp;pp");
        assert_eq!(said(Unit::Share, -0.0002), "−0.02&nbsp;pp");
        assert_eq!(said(Unit::Share, 0.00001), "0");
        // −186 s are 3.1 minutes less.
        assert_eq!(said(Unit::Minutes, -186.0), "−3.1&nbsp;min");
        assert_eq!(said(Unit::MinutesAlready, 2.25), "+2.2&nbsp;min");
        assert_eq!(said(Unit::Tenths, 80.06), "+80.1");
    }
}
