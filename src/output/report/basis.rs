//! Sections VII to IX: what is assumed, where the data come from, how to check.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use super::facts::Facts;
use super::html::{Column, Safe, Table};
use super::words::Words;
use super::{heading, paragraph, subheading};

/// Classes of roads whose speeds are told.
const CLASSES: [&str; 10] = [
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "footway",
];

fn list(html: &mut String, items: &[Safe]) {
    if items.is_empty() {
        return;
    }
    html.push_str("<ul>");
    for item in items {
        let _ = write!(html, "<li>{item}</li>");
    }
    html.push_str("</ul>\n");
}

/// Section VII.
pub fn assumptions(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "VII", "assumptions");
    paragraph(html, &words.get("assumptions.intro"));
    let notes: Vec<Safe> = facts.run.about.notes.iter().map(|n| words.said(n)).collect();
    list(html, &notes);
    subheading(words, html, "assumptions.travel");
    travel(facts, words, html);
    subheading(words, html, "assumptions.demand");
    demand(facts, words, html);
    if facts.has_capacity() {
        subheading(words, html, "assumptions.capacity");
        capacity(facts, words, html);
    }
    subheading(words, html, "assumptions.choice");
    choice(facts, words, html);
}

/// Modes, their shares, and their speeds by class of road within and beyond towns.
fn travel(facts: &Facts, words: &Words, html: &mut String) {
    let modes = &facts.run.about.modes;
    let mut table =
        Table::new(vec![(words.get("col.mode"), Column::Text), (words.get("col.mode_share"), Column::Figure)]);
    for mode in modes {
        table.row([words.said(&mode.name), words.share(mode.share)]);
    }
    html.push_str(&table.finish());
    let settings = facts.setting(&["modes"]);
    let of = |mode: usize, set: &str, class: &str| settings[mode][set][class].as_f64();
    let mut head = vec![(words.get("col.road"), Column::Text)];
    head.extend(modes.iter().map(|m| (words.said(&m.name), Column::Figure)));
    let mut table = Table::new(head).caption(words.get("assumptions.speeds")).dense();
    for class in CLASSES {
        let speeds: Vec<_> = (0..modes.len()).map(|m| (of(m, "urban_kmh", class), of(m, "rural_kmh", class))).collect();
        if speeds.iter().all(|s| s.0.is_none() && s.1.is_none()) {
            continue;
        }
        let mut cells = vec![words.get(&format!("road.{class}"))];
        cells.extend(speeds.into_iter().map(|(urban, rural)| match (urban, rural) {
            (None, None) => words.none(),
            (Some(u), Some(r)) if u == r => words.short(u),
            (u, r) => {
                let say = |v: Option<f64>| words.maybe(v, Words::short);
                Safe::markup(format!("{}&nbsp;/&nbsp;{}", say(u), say(r)))
            }
        }));
        table.row(cells);
    }
    html.push_str(&table.finish());
    let number = |path: &[&str]| facts.number(path).map(|n| words.short(n));
    if let (Some(walk), Some(cell)) = (number(&["snap", "walk_kmh"]), number(&["snap", "cell_limit_m"])) {
        list(html, &[words.fill("assumptions.walk", &[("kmh", walk), ("m", cell)])]);
    }
}

fn demand(facts: &Facts, words: &Words, html: &mut String) {
    let mut items = Vec::new();
    let of = |value: &Value| value.as_f64();
    let online = facts.setting(&["demand", "online_share"]);
    if let (Some(from), Some(to)) = (of(&online[0]), of(&online[1])) {
        items.push(words.fill("assumptions.online", &[("from", words.share(from)), ("to", words.share(to))]));
    }
    if let Some(help) = facts.number(&["demand", "help_share"]) {
        items.push(words.fill("assumptions.help", &[("share", words.share(help))]));
    }
    if let Some(days) = facts.number(&["demand", "working_days"]) {
        items.push(words.fill("assumptions.working_days", &[("n", words.short(days))]));
    }
    let catalogue = &facts.run.manifest["services"];
    let services = catalogue["services"].as_array().map_or(0, Vec::len);
    if services > 0 {
        let key = if catalogue["assumption"].as_bool() == Some(true) {
            "assumptions.services_assumed"
        } else {
            "assumptions.services"
        };
        let source = Safe::text(catalogue["source"].as_str().unwrap_or("–"));
        items.push(words.fill(key, &[("n", words.count(services as u32)), ("source", source)]));
    }
    let scaled: Vec<Safe> = facts
        .setting(&["population", "calibrate_to"])
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .map(|id| {
            let layer = facts.run.about.layers.iter().find(|l| l.id == id);
            layer.map_or_else(|| Safe::name(id), |l| words.said(&l.name))
        })
        .collect();
    if !scaled.is_empty() {
        let names: Vec<String> = scaled.iter().map(Safe::to_string).collect();
        items.push(words.fill("assumptions.scaled", &[("layers", Safe::markup(names.join("; ")))]));
    }
    for group in facts.setting(&["groups"]).as_array().map_or(&[][..], Vec::as_slice) {
        let name =
            Safe::text(words.pick(
                group["name"]["vi"].as_str().unwrap_or_default(),
                group["name"]["en"].as_str().unwrap_or_default(),
            ));
        let weight = words.maybe(group["weight"].as_f64(), Words::short);
        let item = match group["share"].as_f64() {
            Some(share) => words
                .fill("assumptions.group_share", &[("name", name), ("share", words.share(share)), ("weight", weight)]),
            None => words.fill("assumptions.group_data", &[("name", name), ("weight", weight)]),
        };
        items.push(item);
    }
    list(html, &items);
}

fn capacity(facts: &Facts, words: &Words, html: &mut String) {
    let of = |key: &str| facts.number(&["capacity", key]);
    let mut items = Vec::new();
    for (setting, key) in [
        ("minutes_per_dossier", "assumptions.minutes_per_dossier"),
        ("open_minutes_per_day", "assumptions.open_minutes"),
        ("peak_factor", "assumptions.peak"),
        ("wait_target_minutes", "assumptions.wait"),
        ("max_counters", "assumptions.max_counters"),
        ("office_max_counters", "assumptions.office_counters"),
        ("detour_minutes", "assumptions.detour"),
    ] {
        if let Some(value) = of(setting) {
            items.push(words.fill(key, &[("n", words.short(value))]));
        }
    }
    for (setting, key) in
        [("max_utilisation", "assumptions.utilisation"), ("share_at_agents", "assumptions.share_at_agents")]
    {
        if let Some(value) = of(setting) {
            items.push(words.fill(key, &[("share", words.share(value))]));
        }
    }
    list(html, &items);
}

/// How agents are chosen: conditions, strategy, limits of time.
fn choice(facts: &Facts, words: &Words, html: &mut String) {
    let count =
        |status: &str| words.count(facts.sites.iter().filter(|s| !s.fixed && s.status == status).count() as u32);
    let mut items = vec![words.fill(
        "assumptions.candidates",
        &[
            ("all", words.count(facts.sites.iter().filter(|s| !s.fixed).count() as u32)),
            ("eligible", count("eligible")),
            ("review", count("review")),
            ("refused", count("refused")),
        ],
    )];
    match facts.setting(&["eligibility", "use_review"]).as_bool() {
        Some(true) => items.push(words.get("assumptions.use_review")),
        Some(false) => items.push(words.get("assumptions.no_review")),
        None => {}
    }
    let strategy = facts.setting(&["solve", "strategy"]).as_str().unwrap_or_default();
    let key = format!("strategy.{strategy}");
    if words.has(&key) {
        items.push(words.fill("assumptions.strategy", &[("strategy", words.get(&key))]));
    }
    if let (Some(gap), Some(limit)) = (facts.number(&["solve", "gap"]), facts.number(&["solve", "time_limit_s"])) {
        let values = [("gap", words.share(gap)), ("limit", words.short(limit))];
        items.push(words.fill("assumptions.limits", &values));
    }
    list(html, &items);
}

/// Section VIII.
pub fn sources(facts: &Facts, words: &Words, html: &mut String) {
    let about = &facts.run.about;
    heading(words, html, "VIII", "sources");
    if about.sources.is_empty() {
        paragraph(html, &words.get("sources.untold"));
    } else {
        let mut table = Table::new(vec![
            (words.get("col.data"), Column::Text),
            (words.get("col.source"), Column::Text),
            (words.get("col.date"), Column::Short),
            (words.get("col.licence"), Column::Text),
        ])
        .caption(words.get("sources.table"));
        for source in &about.sources {
            let of = serde_json::to_value(source.of).ok();
            let of = of.as_ref().and_then(Value::as_str).unwrap_or("other");
            let url = source.url.as_deref().map_or_else(Safe::default, Safe::text);
            table.row([
                words.get(&format!("source.{of}")),
                words.said(&source.name).with_small(&url),
                source.date.as_deref().map_or_else(|| words.get("sources.no_date"), |d| words.date(d)),
                source.licence.as_deref().map_or_else(|| words.none(), Safe::text),
            ]);
        }
        html.push_str(&table.finish());
    }
    if !about.attribution.is_empty() {
        paragraph(html, &words.get("sources.attribution"));
        let lines: Vec<Safe> = about.attribution.iter().map(|a| Safe::text(a)).collect();
        list(html, &lines);
    }
    let mut table = Table::new(vec![(words.get("col.file"), Column::Text), (words.get("col.sha256"), Column::Text)])
        .caption(words.get("sources.files"))
        .dense();
    for input in &about.inputs {
        let sha = Safe::markup(format!("<code>{}</code>", Safe::text(&input.sha256)));
        table.row([Safe::name(&input.name()), sha]);
    }
    html.push_str(&table.finish());
}

/// Section IX.
pub fn checks(facts: &Facts, words: &Words, html: &mut String) {
    heading(words, html, "IX", "check");
    let manifest = &facts.run.manifest;
    let run = facts.run.folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    // While a run is being written its folder bears another name.
    let run = if run.starts_with('.') || run.is_empty() { "RUN".to_owned() } else { run };
    html.push_str("<ol class=\"points\">");
    for key in ["check.verify", "check.proof", "check.tables", "check.again", "check.explain"] {
        let _ = write!(html, "<li>{}</li>", words.fill(key, &[("run", Safe::name(&run))]));
    }
    html.push_str("</ol>\n");
    let network = &manifest["network"];
    let number = |value: &Value| words.maybe(value.as_f64(), |w, v| w.count(v));
    let stages: f64 =
        manifest["stages"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(|s| s["time_s"].as_f64()).sum();
    let mut table = Table::new(vec![(words.get("col.what"), Column::Text), (words.get("col.value"), Column::Text)])
        .caption(words.get("check.table"));
    table.row([words.get("check.version"), Safe::text(&facts.run.about.version)]);
    table.row([words.get("check.junctions"), number(&network["junctions"])]);
    table.row([
        words.get("check.length"),
        words.maybe(network["length_km"].as_f64(), |w, km| Safe::markup(format!("{}&nbsp;km", w.count(km)))),
    ]);
    table.row([words.get("check.candidates"), words.count(facts.sites.len() as u32)]);
    let communes: BTreeSet<&str> = facts.communes(1).map(|b| b.code.as_str()).collect();
    table.row([words.get("check.communes"), words.count(communes.len() as u32)]);
    if stages > 0.0 {
        table.row([words.get("check.time"), words.fill("unit.seconds", &[("n", words.number(stages, 1))])]);
    }
    html.push_str(&table.finish());
    paragraph(html, &words.get("check.settings"));
}
