//! The end of the report: who gets it and who signs, and the long tables.

use std::collections::HashMap;
use std::fmt::Write;

use super::facts::Facts;
use super::html::{Column, Safe, Table};
use super::words::Words;
use crate::output::run::TodayRow;

/// At most so many phases stand side by side in the table of communes: the last ones.
const PHASES: usize = 5;

/// Recipients on the left, signature on the right: Decree 30/2020/NĐ-CP, Annex I, part II, points 7 and 9.
pub fn signatures(words: &Words, html: &mut String) {
    let blank = |key: &str| words.blank(key);
    let _ = writeln!(
        html,
        "<footer class=\"end\"><div class=\"recipients\"><p class=\"label\">{}</p><p>- {};</p><p>- {};</p><p>- {}</p></div>\
         <div class=\"signature\"><p class=\"office\">{}</p><p class=\"how\">{}</p><p class=\"room\"></p><p>{}</p></div></footer>",
        words.get("end.recipients"),
        words.get("end.above"),
        blank("end.recipient"),
        words.get("end.archive"),
        words.get("end.office"),
        words.get("end.how"),
        blank("end.name"),
    );
}

/// The appendices.
pub fn write(facts: &Facts, words: &Words, html: &mut String) {
    communes(facts, words, html);
    services(facts, words, html);
}

fn title(words: &Words, html: &mut String, id: &str, title: &Safe) {
    let _ = writeln!(html, "<section class=\"annex\" id=\"{}-{id}\"><h2>{title}</h2>", words.lang.code());
}

/// Every commune with the share served in each phase, and how it fares at the end.
fn communes(facts: &Facts, words: &Words, html: &mut String) {
    let Some(last) = facts.last() else {
        return;
    };
    let today: HashMap<&str, &TodayRow> =
        facts.today_by_boundary.iter().filter_map(|t| Some((t.boundary.as_deref()?, t))).collect();
    // Phases without any agent serve nobody anywhere.
    let shown: Vec<_> = facts.phases.iter().filter(|p| p.agents > 0).collect();
    let shown = &shown[shown.len().saturating_sub(PHASES)..];
    let shares: HashMap<(u32, &str), Option<f64>> = facts
        .boundaries
        .iter()
        .filter(|b| b.layer == facts.first_layer())
        .map(|b| ((b.phase, b.code.as_str()), b.population_covered_share))
        .collect();
    let capacity = facts.has_capacity();
    let mut head = vec![
        (words.get("col.no"), Column::Short),
        (words.get("col.commune"), Column::Name),
        (words.get("col.people"), Column::Figure),
    ];
    if facts.today.is_some() {
        head.push((words.get("col.today"), Column::Figure));
    }
    for phase in shown {
        head.push((words.fill("col.phase_n", &[("n", words.count(phase.phase))]), Column::Figure));
    }
    head.push((words.get("col.unserved"), Column::Figure));
    head.push((words.get("col.mean"), Column::Figure));
    head.push((words.get("col.p90"), Column::Figure));
    head.push((words.get("col.agents"), Column::Figure));
    if capacity {
        head.push((words.get("col.counters"), Column::Figure));
    }
    let mut table = Table::new(head).caption(words.get("annex.communes_caption")).dense();
    for (n, row) in (1_u32..).zip(facts.communes(last.phase)) {
        let mut cells = vec![words.count(n), Safe::name(&row.name), words.count(row.persons)];
        if facts.today.is_some() {
            let share = today.get(row.code.as_str()).and_then(|t| t.population_covered_share);
            cells.push(words.maybe(share, Words::share));
        }
        for phase in shown {
            let share = shares.get(&(phase.phase, row.code.as_str())).copied().flatten();
            cells.push(words.maybe(share, Words::share));
        }
        cells.push(words.count(row.persons - row.covered_persons));
        cells.push(words.maybe(row.mean_time_s, Words::minutes));
        cells.push(words.maybe(row.p90_time_s, Words::minutes));
        cells.push(words.count(row.agents));
        if capacity {
            cells.push(words.maybe(row.counters, |w, c| w.count(c)));
        }
        table.row(cells);
    }
    if table.is_empty() {
        return;
    }
    title(words, html, "communes", &words.fill("annex.communes", &[("layer", facts.layer_name(words))]));
    html.push_str(&table.finish());
    html.push_str("</section>\n");
}

/// The service catalogue.
fn services(facts: &Facts, words: &Words, html: &mut String) {
    let catalogue = &facts.run.manifest["services"];
    let mut table = Table::new(vec![
        (words.get("col.no"), Column::Short),
        (words.get("col.service"), Column::Text),
        (words.get("col.service_minutes"), Column::Figure),
        (words.get("col.per_1000"), Column::Figure),
    ])
    .dense();
    for (n, service) in (1_u32..).zip(catalogue["services"].as_array().map_or(&[][..], Vec::as_slice)) {
        let name = &service["name"];
        table.row([
            words.count(n),
            Safe::text(words.pick(name["vi"].as_str().unwrap_or("–"), name["en"].as_str().unwrap_or("–"))),
            words.maybe(service["minutes"].as_f64(), Words::short),
            words.maybe(service["yearly_per_1000"].as_f64(), Words::short),
        ]);
    }
    if table.is_empty() {
        return;
    }
    title(words, html, "services", &words.get("annex.services"));
    let _ = writeln!(
        html,
        "<p class=\"note\">{}</p>",
        words.fill("annex.services_source", &[("source", Safe::text(catalogue["source"].as_str().unwrap_or("–")))])
    );
    html.push_str(&table.finish());
    html.push_str("</section>\n");
}
