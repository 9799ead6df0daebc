//! Section VI: how good the plan is and what proves it; the strategies, the frontier and the sensitivity where a run has
//! them.

use std::fmt::Write;

use super::decision::status;
use super::facts::{Case, Facts};
use super::html::{Column, Safe, Table};
use super::words::Words;
use super::{heading, paragraph, subheading};
use crate::output::run::{PhaseRow, StrategyRow};

/// Rows of the frontier that are told, about.
const POINTS: usize = 14;
/// Agents whose loss costs most that are told.
const LOSSES: usize = 5;

/// Section VI.
pub fn write(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "VI", "proof");
    paragraph(html, &words.get("proof.intro"));
    let mut table = Table::new(vec![
        (words.get("col.phase"), Column::Name),
        (words.get("col.asked"), Column::Text),
        (words.get("col.objective"), Column::Figure),
        (words.get("col.bound"), Column::Figure),
        (words.get("col.gap"), Column::Figure),
        (words.get("col.status"), Column::Short),
    ])
    .caption(words.get("proof.table"))
    .dense();
    for phase in facts.phases.iter().filter(|p| p.status != "nothing_to_open") {
        table.row([
            Safe::text(words.pick(&phase.name_vi, &phase.name_en)),
            asked(words, phase),
            figure(words, phase.objective, &phase.objective_unit),
            figure(words, phase.bound, &phase.objective_unit),
            words.share(phase.gap),
            status(words, phase),
        ]);
    }
    if table.is_empty() {
        paragraph(html, &words.get("proof.nothing"));
    } else {
        html.push_str(&table.finish());
        let _ = writeln!(html, "<ul>");
        for phase in facts.phases.iter().filter(|p| p.status != "nothing_to_open") {
            let _ = writeln!(html, "<li>{}</li>", plain(words, phase));
        }
        let _ = writeln!(html, "</ul>");
        let [certified, stated] = facts.certified;
        if stated > 0 {
            let values = [("n", words.count(certified as u32)), ("all", words.count(stated as u32))];
            paragraph(html, &words.fill("proof.certified", &values));
        }
    }
    strategies(facts, words, html);
    frontier(facts, words, html);
    sensitivity(facts, words, html);
}

/// What was asked for a phase.
fn asked(words: &Words, phase: &PhaseRow) -> Safe {
    let key = format!("asked.{}", phase.opens);
    let mut text = if words.has(&key) { words.get(&key) } else { Safe::text(&phase.problem) };
    if phase.objective_unit.ends_with("person-days") {
        text = Safe::markup(format!("{text}; {}", words.get("asked.days")));
    }
    if phase.objective_unit.starts_with("weighted") {
        text = Safe::markup(format!("{text}; {}", words.get("asked.weighted")));
    }
    text
}

/// An objective or a bound with its unit.
fn amount(words: &Words, value: f64, unit: &str) -> Safe {
    let key = match unit.trim_start_matches("weighted ") {
        "sites" => "unit.sites",
        "people" => "unit.people",
        "person-days" => "unit.person_days",
        _ => return Safe::markup(format!("{} {}", words.short(value), Safe::text(unit))),
    };
    // Whole people are told; a bound that is not whole is never told as less than it is.
    words.fill(key, &[("n", words.count(value))])
}

/// The same for a table: the unit under the number.
fn figure(words: &Words, value: f64, unit: &str) -> Safe {
    let said = amount(words, value, unit);
    match said.as_str().split_once(' ') {
        Some((number, unit)) => Safe::markup(number).with_small(&Safe::markup(unit)),
        None => said,
    }
}

/// What the proof of a phase says in plain words.
fn plain(words: &Words, phase: &PhaseRow) -> Safe {
    let key = match (phase.opens.as_str(), phase.status.as_str()) {
        ("fewest-for-all", "optimal") => "plain.fewest",
        ("worst-first", "optimal") => "plain.worst",
        (_, "optimal") => "plain.most",
        ("fewest-for-all", _) => "plain.fewest_gap",
        _ => "plain.most_gap",
    };
    let mut text = words.fill(
        key,
        &[
            ("phase", Safe::text(words.pick(&phase.name_vi, &phase.name_en))),
            ("objective", amount(words, phase.objective, &phase.objective_unit)),
            ("bound", amount(words, phase.bound, &phase.objective_unit)),
            ("gap", words.share(phase.gap)),
            ("agents", words.count(phase.agents)),
        ],
    );
    let fewest = phase.opens == "fewest-for-all";
    if let Some(alone) = phase.alone_bound.filter(|_| matches!(phase.opens.as_str(), "fewest-for-all" | "most-people"))
    {
        let (key, now) = if fewest {
            ("plain.alone_fewest", phase.objective)
        } else {
            ("plain.alone_most", phase.scope_covered_persons)
        };
        // The price of keeping what stands, told only where there is one.
        let differs = if fewest { now > alone + 0.5 } else { alone > now + 0.5 };
        if differs && !phase.objective_unit.starts_with("weighted") {
            let values = [("alone", words.count(alone)), ("now", words.count(now))];
            text = Safe::markup(format!("{text} {}", words.fill(key, &values)));
        }
    }
    text
}

fn strategies(facts: &Facts, words: &Words, html: &mut String) {
    let Some(last) = facts.strategies.iter().map(|s| s.phase).max() else {
        return;
    };
    subheading(words, html, "proof.strategies");
    paragraph(html, &words.get("proof.strategies_intro"));
    let mut names: Vec<&str> = Vec::new();
    for row in &facts.strategies {
        if !names.contains(&row.strategy.as_str()) {
            names.push(&row.strategy);
        }
    }
    let days =
        |name: &str| -> f64 { facts.strategies.iter().filter(|s| s.strategy == name).map(|s| s.person_days).sum() };
    let best = names.iter().map(|n| days(n)).fold(0.0, f64::max);
    let mut table = Table::new(vec![
        (words.get("col.strategy"), Column::Name),
        (words.get("col.person_days"), Column::Figure),
        (words.get("col.less"), Column::Figure),
        (words.get("col.agents_end"), Column::Figure),
        (words.get("col.served_end"), Column::Figure),
        (words.get("col.gap"), Column::Figure),
    ])
    .caption(words.get("proof.strategies_table"));
    for name in names {
        let rows: Vec<&StrategyRow> = facts.strategies.iter().filter(|s| s.strategy == name).collect();
        let end = rows.iter().find(|s| s.phase == last);
        let key = format!("strategy.{name}");
        let mut said = if words.has(&key) { words.get(&key) } else { Safe::text(name) };
        if rows.iter().any(|s| s.chosen) {
            said = Safe::markup(format!("{} ({})", said.bold(), words.get("strategy.chosen")));
        }
        let total = days(name);
        table.row([
            said,
            words.count(total),
            if best > 0.0 { words.share((best - total) / best) } else { words.none() },
            words.maybe(end.map(|s| s.agents), |w, n| w.count(n)),
            words.maybe(end.map(|s| s.scope_covered_persons), |w, n| w.count(n)),
            words.share(rows.iter().map(|s| s.gap).fold(0.0, f64::max)),
        ]);
    }
    html.push_str(&table.finish());
}

fn frontier(facts: &Facts, words: &Words, html: &mut String) {
    let points = &facts.frontier;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    subheading(words, html, "proof.frontier");
    let values =
        [("first", words.count(first.agents)), ("last", words.count(last.agents)), ("share", words.share(last.share))];
    paragraph(html, &words.fill("proof.frontier_intro", &values));
    let mut table = Table::new(vec![
        (words.get("col.agents"), Column::Figure),
        (words.get("col.served"), Column::Figure),
        (words.get("col.share"), Column::Figure),
        (words.get("col.more"), Column::Figure),
        (words.get("col.bound"), Column::Figure),
    ])
    .caption(words.get("proof.frontier_table"));
    let mut before: Option<f64> = None;
    for i in picked(points.len(), POINTS) {
        let point = &points[i];
        table.row([
            words.count(point.agents),
            words.count(point.persons),
            words.share(point.share),
            words.maybe(before, |w, b| w.count(point.persons - b)),
            words.count(point.bound_persons),
        ]);
        before = Some(point.persons);
    }
    html.push_str(&table.finish());
}

/// About so many places of a list of `length`, evenly, the first and the last among them.
fn picked(length: usize, most: usize) -> Vec<usize> {
    let Some(end) = length.checked_sub(1) else {
        return Vec::new();
    };
    let steps = end.min(most.max(2) - 1);
    let mut places: Vec<usize> = (0..=steps).map(|i| (i * end).checked_div(steps).unwrap_or(0)).collect();
    places.dedup();
    places
}

fn sensitivity(facts: &Facts, words: &Words, html: &mut String) {
    let Some(last) = facts.cases.iter().map(|c| c.phase).max() else {
        return;
    };
    subheading(words, html, "proof.sensitivity");
    paragraph(html, &words.get("proof.sensitivity_intro"));
    let (losses, cases): (Vec<&Case>, Vec<&Case>) =
        facts.cases.iter().filter(|c| c.phase == last).partition(|c| c.case.starts_with("lost:"));
    let mut table = Table::new(vec![
        (words.get("col.case"), Column::Name),
        (words.get("col.closed"), Column::Figure),
        (words.get("col.served"), Column::Figure),
        (words.get("col.share"), Column::Figure),
        (words.get("col.lost"), Column::Figure),
        (words.get("col.mean"), Column::Figure),
        (words.get("col.regret"), Column::Figure),
    ])
    .caption(words.get("proof.cases"))
    .dense();
    for case in cases {
        table.row([
            Safe::text(words.pick(&case.name_vi, &case.name_en)),
            words.count(case.streets_closed),
            words.count(case.persons),
            words.share(case.share),
            words.count(case.persons_lost),
            words.maybe(case.mean_time_s, Words::minutes),
            words.maybe(case.regret, |w, r| w.count(r)),
        ]);
    }
    html.push_str(&table.finish());
    let mut losses = losses;
    losses.sort_by(|a, b| b.persons_lost.total_cmp(&a.persons_lost));
    let mut table = Table::new(vec![
        (words.get("col.agent_lost"), Column::Text),
        (words.get("col.lost"), Column::Figure),
        (words.get("col.share_left"), Column::Figure),
    ])
    .caption(words.fill("proof.losses", &[("n", words.count(LOSSES.min(losses.len()) as u32))]));
    for case in losses.into_iter().take(LOSSES) {
        table.row([
            Safe::text(words.pick(&case.name_vi, &case.name_en)),
            words.count(case.persons_lost),
            words.share(case.share),
        ]);
    }
    html.push_str(&table.finish());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_by_hand() {
        assert_eq!(picked(0, 5), Vec::<usize>::new());
        assert_eq!(picked(1, 5), [0]);
        assert_eq!(picked(4, 5), [0, 1, 2, 3]);
        // Four steps over 100: 0, 25, 50, 75, 100.
        assert_eq!(picked(101, 5), [0, 25, 50, 75, 100]);
    }
}
