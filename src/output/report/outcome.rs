//! Sections IV and V: who remains unserved and what it would take; how groups and communes fare.

use std::fmt::Write;

use super::facts::Facts;
use super::html::{Column, Safe, Table};
use super::maps::Maps;
use super::words::Words;
use super::{heading, paragraph};
use crate::output::run::{BoundaryRow, GroupRow};

/// The places with the most unserved people that are told one by one.
const PLACES: usize = 40;
/// The communes that fare worst.
const WORST: usize = 10;

/// Section IV.
pub fn unserved(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "IV", "unserved");
    let total: f64 = facts.places.iter().map(|p| p.persons).sum();
    if total.round() <= 0.0 {
        paragraph(html, &words.get("unserved.nobody"));
        return;
    }
    let coverable: f64 = facts.places.iter().map(|p| p.persons_coverable).sum();
    let share = facts.last().map(|p| total / p.persons.max(1.0));
    let values = [
        ("persons", words.count(total).bold()),
        ("share", words.maybe(share, Words::share)),
        ("places", words.count(facts.places.len() as u32)),
        ("coverable", words.count(coverable)),
        ("rest", words.count((total - coverable).max(0.0))),
    ];
    paragraph(html, &words.fill("unserved.total", &values));
    paragraph(html, &words.get("unserved.takes"));
    let mut table = Table::new(vec![
        (words.get("col.no"), Column::Short),
        (words.get("col.commune"), Column::Name),
        (words.get("col.unserved"), Column::Figure),
        (words.get("col.coverable"), Column::Figure),
        (words.get("col.nearest_km"), Column::Figure),
        (words.get("col.nearest_min"), Column::Figure),
        (words.get("col.help"), Column::Wide),
    ])
    .caption(words.get("unserved.table"))
    .dense();
    for (n, place) in (1_u32..).zip(facts.places.iter().take(PLACES)) {
        table.row([
            words.count(n),
            place.boundary_name.as_deref().map_or_else(|| words.get("unserved.outside"), Safe::name),
            words.count(place.persons),
            words.count(place.persons_coverable),
            words.maybe(place.nearest_agent_m, Words::km),
            words.maybe(place.agent_time_s, Words::minutes),
            Safe::text(words.pick(&place.help_vi, &place.help_en)),
        ]);
    }
    html.push_str(&table.finish());
    let rest: Vec<_> = facts.places.iter().skip(PLACES).collect();
    if !rest.is_empty() {
        let people: f64 = rest.iter().map(|p| p.persons).sum();
        let values = [("n", words.count(rest.len() as u32)), ("persons", words.count(people))];
        paragraph(html, &words.fill("unserved.more", &values));
    }
}

/// Section V.
pub fn equity(facts: &Facts, words: &Words, maps: &Maps, html: &mut String) {
    heading(words, html, "V", "equity");
    let Some(last) = facts.last() else {
        return;
    };
    let measures = [
        ("tenth", words.maybe(last.worst_tenth_time_s, Words::minutes)),
        ("mean", words.maybe(last.mean_time_s, Words::minutes)),
        ("gini", words.maybe(last.gini_time, |w, g| w.number(g, 2))),
        ("unreached", words.count(last.unreached_persons)),
    ];
    paragraph(html, &words.fill("equity.measures", &measures));
    groups(facts, words, html);
    worst(facts, words, html);
    html.push_str(&maps.shares(facts, words));
}

fn groups(facts: &Facts, words: &Words, html: &mut String) {
    let Some(last) = facts.last() else {
        return;
    };
    let whole: Vec<&GroupRow> = facts.groups.iter().filter(|g| g.boundary.is_none() && g.phase == last.phase).collect();
    if whole.is_empty() {
        paragraph(html, &words.get("equity.no_groups"));
        return;
    }
    let mut table = Table::new(vec![
        (words.get("col.group"), Column::Name),
        (words.get("col.people"), Column::Figure),
        (words.get("col.weight"), Column::Figure),
        (words.get("col.served"), Column::Figure),
        (words.get("col.share"), Column::Figure),
        (words.get("col.mean"), Column::Figure),
        (words.get("col.p90"), Column::Figure),
    ])
    .caption(words.get("equity.groups"));
    for group in whole {
        table.row([
            Safe::text(words.pick(&group.group_name_vi, &group.group_name_en)),
            words.count(group.persons),
            words.short(group.weight),
            words.count(group.covered_persons),
            words.maybe(group.population_covered_share, Words::share),
            words.maybe(group.mean_time_s, Words::minutes),
            words.maybe(group.p90_time_s, Words::minutes),
        ]);
    }
    table.total([
        words.get("equity.everyone"),
        words.count(last.persons),
        words.none(),
        words.count(last.covered_persons),
        words.maybe(last.population_covered_share, Words::share),
        words.maybe(last.mean_time_s, Words::minutes),
        words.maybe(last.p90_time_s, Words::minutes),
    ]);
    html.push_str(&table.finish());
}

/// The communes with the smallest share served; of equals those with the longest ways.
fn worst(facts: &Facts, words: &Words, html: &mut String) {
    let Some(last) = facts.last() else {
        return;
    };
    let mut rows: Vec<&BoundaryRow> = facts.communes(last.phase).collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by(|a, b| {
        let share = |r: &BoundaryRow| r.population_covered_share.unwrap_or(1.0);
        let mean = |r: &BoundaryRow| r.mean_time_s.unwrap_or(f64::INFINITY);
        share(a).total_cmp(&share(b)).then(mean(b).total_cmp(&mean(a)))
    });
    let mut table =
        Table::new(vec![
            (words.get("col.no"), Column::Short),
            (words.get("col.commune"), Column::Name),
            (words.get("col.people"), Column::Figure),
            (words.get("col.unserved"), Column::Figure),
            (words.get("col.share"), Column::Figure),
            (words.get("col.mean"), Column::Figure),
            (words.get("col.p90"), Column::Figure),
            (words.get("col.agents"), Column::Figure),
        ])
        .caption(words.fill(
            "equity.worst",
            &[("n", words.count(WORST.min(rows.len()) as u32)), ("layer", facts.layer_name(words))],
        ));
    for (n, row) in (1_u32..).zip(rows.into_iter().take(WORST)) {
        table.row([
            words.count(n),
            Safe::name(&row.name),
            words.count(row.persons),
            words.count(row.persons - row.covered_persons),
            words.maybe(row.population_covered_share, Words::share),
            words.maybe(row.mean_time_s, Words::minutes),
            words.maybe(row.p90_time_s, Words::minutes),
            words.count(row.agents),
        ]);
    }
    html.push_str(&table.finish());
    let _ = writeln!(html, "<p class=\"note\">{}</p>", words.get("equity.annex"));
}
