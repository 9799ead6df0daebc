//! The head of the report, the decision in one paragraph, and the standard by which it is judged.

use std::fmt::Write;

use super::facts::Facts;
use super::html::{Column, Safe, Table};
use super::words::Words;
use super::{heading, paragraph};
use crate::output::run::PhaseRow;

/// The head in the layout of an annex to a *tờ trình*: Decree 30/2020/NĐ-CP, Annex I, part II (the country's name and
/// motto on the right, the issuing body on the left, number, place and date under them, each with room to fill in).
pub fn head(facts: &Facts, words: &Words, html: &mut String) {
    let blank = |key: &str| words.blank(key);
    let _ = writeln!(
        html,
        "<header class=\"head\"><div class=\"issuer\"><p>{}</p><p class=\"body\">{}</p><p class=\"number\">{} {}</p></div>\
         <div class=\"country\"><p class=\"state\">{}</p><p class=\"motto\"><span>{}</span></p><p class=\"date\">{}</p></div></header>",
        blank("head.superior"),
        blank("head.issuer"),
        words.get("head.number"),
        blank("head.number_blank"),
        words.get("head.state"),
        words.get("head.motto"),
        words.fill("head.date", &[("place", Safe::markup(blank("head.place")))]),
    );
    let title = &facts.run.about.title;
    let _ = writeln!(
        html,
        "<div class=\"title\"><p class=\"kind\">{}</p><h1>{}</h1><p class=\"to\">{}</p></div>",
        words.get("head.annex"),
        words.said(title),
        words.fill("head.with", &[("number", Safe::markup(blank("head.number_blank")))])
    );
    if facts.run.about.synthetic {
        let _ = writeln!(html, "<aside class=\"warning\" role=\"note\">{}</aside>", words.get("head.synthetic"));
    }
}

/// Section I: the decision.
pub fn decision(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "I", "decision");
    let Some(last) = facts.last() else {
        return;
    };
    let opened = PhaseRow::opened_in_all(&facts.phases);
    let mut sentences = vec![words.fill(
        "decision.plan",
        &[
            ("opened", words.count(opened).bold()),
            ("phases", words.count(facts.phases.len() as u32)),
            ("from", facts.phases.first().map_or_else(Safe::default, |p| words.date(&p.starts))),
        ],
    )];
    let fixed = facts.agents.iter().filter(|a| a.fixed && a.closes_phase.is_none()).count() as u32;
    sentences.push(words.fill(
        if fixed > 0 { "decision.outcome_fixed" } else { "decision.outcome" },
        &[
            ("fixed", words.count(fixed)),
            ("phase", Safe::text(words.pick(&last.name_vi, &last.name_en))),
            ("from", words.date(&last.starts)),
            ("agents", words.count(last.agents).bold()),
            ("served", words.count(last.covered_persons).bold()),
            ("persons", words.count(last.persons)),
            ("share", words.maybe(last.population_covered_share, Words::share).bold()),
            ("standard", standard_in_words(facts, words)),
        ],
    ));
    if let (Some(mean), Some(p90)) = (last.mean_time_s, last.p90_time_s) {
        let values = [("mean", words.minutes(mean).bold()), ("p90", words.minutes(p90))];
        sentences.push(words.fill("decision.time", &values));
    }
    if let Some(today) = &facts.today {
        let more = last.covered_persons - today.covered_persons;
        sentences.push(words.fill(
            if more >= 0.0 { "decision.today" } else { "decision.today_fewer" },
            &[
                ("offices", words.count(today.offices)),
                ("served", words.count(today.covered_persons)),
                ("share", words.maybe(today.population_covered_share, Words::share)),
                ("more", words.count(more.abs())),
            ],
        ));
    }
    let left = last.persons - last.covered_persons;
    sentences.push(if left.round() > 0.0 {
        words.fill("decision.left", &[("left", words.count(left))])
    } else {
        words.get("decision.none_left")
    });
    sentences.push(quality(facts, words));
    let text: Vec<String> = sentences.iter().map(Safe::to_string).collect();
    let _ = writeln!(html, "<p class=\"decision\">{}</p>", text.join(" "));
    phases(facts, words, html);
    paragraph(
        html,
        &words.get(if facts.run.about.synthetic { "decision.request_synthetic" } else { "decision.request" }),
    );
}

/// One sentence about how good the plan is.
fn quality(facts: &Facts, words: &Words) -> Safe {
    let asked = || facts.phases.iter().filter(|p| p.status != "nothing_to_open");
    if asked().next().is_none() {
        words.get("decision.quality_nothing")
    } else if asked().all(|p| p.status == "optimal") {
        words.get("decision.quality_optimal")
    } else {
        let worst = asked().map(|p| p.gap).fold(0.0, f64::max);
        words.fill("decision.quality_gap", &[("gap", words.share(worst))])
    }
}

/// The phases in one table.
fn phases(facts: &Facts, words: &Words, html: &mut String) {
    let scoped = facts.phases.iter().any(|p| p.scope.is_some());
    let mut head = vec![
        (words.get("col.phase"), Column::Name),
        (words.get("col.dates"), Column::Short),
        (words.get("col.agents_new"), Column::Figure),
        (words.get("col.served"), Column::Figure),
        (words.get("col.share"), Column::Figure),
    ];
    if scoped {
        head.push((words.get("col.scope_share"), Column::Figure));
    }
    head.push((words.get("col.mean"), Column::Figure));
    head.push((words.get("col.proof"), Column::Short));
    let mut table = Table::new(head).caption(words.get("decision.table")).dense();
    if let Some(today) = &facts.today {
        let mut cells = vec![
            words.get("decision.today_row"),
            words.none(),
            words.count(today.offices),
            words.count(today.covered_persons),
            words.maybe(today.population_covered_share, Words::share),
        ];
        if scoped {
            cells.push(words.none());
        }
        cells.extend([words.maybe(today.mean_time_s, Words::minutes), words.none()]);
        table.row(cells);
    }
    for phase in &facts.phases {
        let agents = words.fill(
            "decision.agents_cell",
            &[("agents", words.count(phase.agents)), ("opened", words.count(phase.opened))],
        );
        let mut cells = vec![
            Safe::text(words.pick(&phase.name_vi, &phase.name_en)),
            days(words, phase),
            agents,
            words.count(phase.covered_persons),
            words.maybe(phase.population_covered_share, Words::share),
        ];
        if scoped {
            cells.push(words.maybe(phase.scope_covered_share.filter(|_| phase.scope.is_some()), Words::share));
        }
        cells.extend([words.maybe(phase.mean_time_s, Words::minutes), status(words, phase)]);
        table.row(cells);
    }
    html.push_str(&table.finish());
}

/// The days of a phase.
pub fn days(words: &Words, phase: &PhaseRow) -> Safe {
    match &phase.ends {
        Some(ends) => Safe::markup(format!("{}&nbsp;– {}", words.date(&phase.starts), words.date(ends))),
        None => words.fill("unit.from", &[("day", words.date(&phase.starts))]),
    }
}

/// How good a phase is, in two words.
pub fn status(words: &Words, phase: &PhaseRow) -> Safe {
    let key = format!("status.{}", phase.status);
    if !words.has(&key) {
        return Safe::text(&phase.status);
    }
    words.fill(&key, &[("gap", words.share(phase.gap))])
}

/// The standard in words, e.g. "30 minutes of travel or 5 km".
pub fn standard_in_words(facts: &Facts, words: &Words) -> Safe {
    let standard = &facts.run.about.standard;
    let key = match standard.rule.as_str() {
        "either" => "standard.either",
        "both" => "standard.both",
        "time" => "standard.time",
        _ => "standard.radius",
    };
    words.fill(key, &[("minutes", words.short(standard.minutes)), ("km", words.short(standard.radius_km))])
}

/// Section II: the standard.
pub fn standard(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "II", "standard");
    paragraph(html, &words.fill("standard.says", &[("standard", standard_in_words(facts, words))]));
    let _ = write!(html, "<ol class=\"points\">");
    for key in ["standard.point_time", "standard.point_radius", "standard.point_mode", "standard.point_borders"] {
        let _ = write!(html, "<li>{}</li>", words.get(key));
    }
    let cell = facts.number(&["population", "cell_m"]).filter(|m| *m > 0.0);
    if let Some(cell) = cell {
        let _ = write!(html, "<li>{}</li>", words.fill("standard.point_cells", &[("m", words.short(cell))]));
    }
    html.push_str("</ol>\n");
}
