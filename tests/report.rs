//! The report from end to end: `gandan plan` draws it, `gandan report` draws it again and prints it.
//!
//! On two former districts of the demo city, Hoàn Kiếm and Tây Hồ.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gandan::output::run::{AgentRow, BoundaryRow, PhaseRow, Run};
use gandan::units::grouped;

mod common;
use common::{features, gandan, text};

const SCENARIO: &str = r#"
title = { vi = "Thử <b>đậm</b>", en = "Trial </title><script>alert(1)</script>" }
synthetic = true
attribution = ["Lines & <i>licences</i>"]

[[notes]]
vi = "Ghi chú </p><script>alert(2)</script>"
en = "Note \u200f </p><script>alert(2)</script>"

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Communes" }
file = "communes.geojson"

[standard]
minutes = 5
radius_km = 1

[output]
isochrone_minutes = [5]
#OUTPUT

[[phases]]
name = { vi = "Chuẩn bị", en = "Getting ready" }
starts = 2025-01-01
opens = "nothing"

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-02-01
opens = "most-people"
agents = 2

[[phases]]
name = { vi = "Hai", en = "Two" }
starts = 2025-06-01
opens = "fewest-for-all"
"#;

/// Names as nobody should give them: markup, a formula, right to left with marks, as long as a name may be, an attribute. (What no name
/// needs, tests/texts.rs holds, is refused where it is read.)
fn bad_names() -> [String; 5] {
    [
        "</script><img src=x onerror=alert(1)>".into(),
        "=cmd()|' /C calc'!A0".into(),
        "\u{200f}דואר \u{200e}مكتب".into(),
        "dài".repeat(98),
        "a\" onclick=\"alert(3) ]]> &lt;".into(),
    ]
}

/// Makes a run whose sites and communes bear bad names.
fn plan(home: &Path, output: &str, more: &str) -> PathBuf {
    common::part_of_demo(home, &["002", "003"]);
    let table = fs::read_to_string(home.join("sites.csv")).unwrap();
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    let names = bad_names();
    for (i, line) in lines.iter_mut().enumerate().skip(1) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[1] = format!("\"{} {i}\"", names[i % names.len()].replace('"', "\"\""));
        *line = cells.join(",");
    }
    fs::write(home.join("sites.csv"), lines.join("\n") + "\n").unwrap();
    features(&home.join("communes.geojson"), |all| {
        for (i, feature) in all.iter_mut().enumerate() {
            feature["properties"]["name"] = format!("{} {i}", names[i % names.len()]).into();
        }
    });
    fs::write(home.join("scenario.toml"), SCENARIO.replace("#OUTPUT", output) + more).unwrap();
    let run = home.join("run");
    let out = gandan(&["plan", &home.join("scenario.toml").display().to_string(), "--out", &run.display().to_string()]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    run
}

/// What is wrong with a page: elements that do not close, attributes that run code or ask for something, links to
/// nowhere, ids that stand twice.
fn wrongs(page: &str) -> Vec<String> {
    const EMPTY: [&str; 5] = ["meta", "input", "!DOCTYPE", "br", "wbr"];
    let (mut open, mut wrong): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut ids, mut links): (BTreeMap<String, usize>, BTreeSet<String>) = (BTreeMap::new(), BTreeSet::new());
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, behind) = after.split_once('>').expect("a tag that ends");
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                wrong.push(format!("</{name}> closes what is not open"));
            }
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        if !EMPTY.contains(&name) && !tag.ends_with('/') {
            open.push(name.to_owned());
        }
        if name == "style" {
            let (_, behind) = rest.split_once("</style").unwrap();
            rest = &rest[rest.len() - behind.len() - "</style".len()..];
        }
        if ["script", "img", "iframe", "object", "embed", "link", "a onclick", "i"].contains(&name) {
            wrong.push(format!("<{tag}>"));
        }
        // Attributes: the odd pieces between quotes are values.
        let parts: Vec<&str> = tag.split('"').collect();
        for pair in parts.chunks(2).filter(|p| p.len() == 2) {
            let key = pair[0].trim().rsplit(' ').next().unwrap().trim_end_matches('=');
            match key {
                "id" => *ids.entry(pair[1].to_owned()).or_default() += 1,
                "href" => {
                    links.insert(pair[1].to_owned());
                }
                "for" => {
                    links.insert(format!("#{}", pair[1]));
                }
                _ if key.starts_with("on") || key == "src" => wrong.push(format!("<{tag}>")),
                _ => {}
            }
        }
    }
    wrong.extend(open.into_iter().map(|name| format!("<{name}> stays open")));
    wrong.extend(ids.iter().filter(|(_, n)| **n > 1).map(|(id, _)| format!("id {id} stands twice")));
    let nowhere = links.iter().filter(|l| !l.strip_prefix('#').is_some_and(|id| ids.contains_key(id)));
    wrong.extend(nowhere.map(|l| format!("{l} leads nowhere")));
    wrong
}

/// The part of a page in a language.
fn part<'a>(page: &'a str, lang: &str) -> &'a str {
    let from = page.find(&format!("<article class=\"paper {lang}\"")).unwrap();
    let end = page[from..].find("</article>").unwrap();
    &page[from..from + end]
}

/// A number of people as a language writes it.
fn people(value: f64, lang: &str) -> String {
    grouped(value.round() as u64, if lang == "vi" { '.' } else { ',' })
}

/// How often a cell of a table holds exactly this, bold or not.
fn cells(page: &str, value: &str) -> usize {
    page.matches(&format!(">{value}</td>")).count() + page.matches(&format!("><b>{value}</b></td>")).count()
}

#[test]
fn the_report_of_a_small_run_with_bad_names() {
    let home = tempfile::tempdir().unwrap();
    let run = plan(home.path(), "", "");
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert_eq!(wrongs(&page), Vec::<String>::new());
    // 10,000 letters are cut, and marks that turn the writing are gone.
    assert!(!page.contains(&"dài".repeat(100)) && page.contains("dàidài"), "names are cut");
    assert!(!page.contains('\u{200f}') && !page.contains('\u{200e}'));
    assert!(page.contains("Thử &lt;b&gt;đậm&lt;/b&gt;") && page.contains("Lines &amp; &lt;i&gt;licences&lt;/i&gt;"));
    assert!(page.contains("default-src 'none'"));
    // No path of this machine but the file's own folder.
    let above = home.path().parent().unwrap().display().to_string();
    assert!(!page.contains(&format!("{above}/")), "{above}");

    let opened = Run::open(&run).unwrap();
    let phases: Vec<PhaseRow> = opened.rows().unwrap();
    let agents: Vec<AgentRow> = opened.rows().unwrap();
    let boundaries: Vec<BoundaryRow> = opened.rows().unwrap();
    for lang in ["vi", "en"] {
        let part = part(&page, lang);
        for phase in &phases {
            let id = format!("id=\"{lang}-phase-{}\"", phase.phase);
            assert_eq!(part.matches(&id).count(), 1, "{id}");
            // In the summary and among the indicators of the phase.
            assert!(cells(part, &people(phase.covered_persons, lang)) >= 2, "{lang} phase {}", phase.phase);
            let left = people(phase.persons - phase.covered_persons, lang);
            assert!(cells(part, &left) >= 1, "{lang} phase {}: {left}", phase.phase);
        }
        // A row for each agent that opens, with the people whom it adds.
        for agent in agents.iter().filter(|a| !a.fixed) {
            let row = part.split("<tr>").find(|r| r.contains(&format!("<small><bdi>{}</bdi></small>", agent.site)));
            let row = row.unwrap_or_else(|| panic!("{lang}: no row of {}", agent.site));
            assert_eq!(cells(row, &people(agent.persons_marginal, lang)).min(1), 1, "{lang} {row}");
            let why = if lang == "vi" { &agent.why_vi } else { &agent.why_en };
            assert!(row.contains(why.as_str()), "{lang} {row}");
        }
        // The appendix has a row for each commune in which people live.
        let annex = part.split(&format!("id=\"{lang}-communes\"")).nth(1).unwrap();
        let annex = annex.split("</section>").next().unwrap();
        let last = phases.last().unwrap().phase;
        let lived = boundaries.iter().filter(|b| b.phase == last && b.persons > 0.0).count();
        assert_eq!(annex.matches("<tr>").count(), lived + 1, "{lang}");
        // Nothing of what this run does not have.
        for absent in ["sensitivity", "Frontier", "proof.frontier"] {
            assert!(!part.contains(absent), "{lang}: {absent}");
        }
    }
    assert!(part(&page, "vi").contains("CẢNH BÁO") && part(&page, "en").contains("WARNING"));
    // One map of the candidates, two of agents in each language, and the one of the communes.
    // Details say so in their title, which stands in the caption and in the label.
    let details = (page.matches("phóng to (").count() + page.matches("enlarged (").count()) / 2;
    assert_eq!(page.matches("<figure class=\"map").count() - details, 8);

    let target = run.join("report.html");
    let again = |args: &[&str]| gandan(&[&["report", run.to_str().unwrap()], args].concat());
    let refused = again(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("output::exists"), "{}", text(&refused.stderr));
    assert!(again(&["--force"]).status.success());
    let before = page.replace("RUN</bdi>", "run</bdi>");
    let drawn = fs::read_to_string(&target).unwrap();
    // The time of drawing itself is not yet known while a run is written; all else is the same.
    let same = |page: &str| page.split("id=\"vi-check\"").next().unwrap().to_owned();
    assert_eq!(same(&drawn), same(&before));
    let english = home.path().join("en.html");
    assert!(again(&["--lang", "en", "--out", english.to_str().unwrap()]).status.success());
    let english = fs::read_to_string(english).unwrap();
    assert!(english.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(
        english.contains("id=\"to-en\" class=\"switch\" checked")
            && !english.contains("id=\"to-vi\" class=\"switch\" checked")
    );
    assert_eq!(wrongs(&english), Vec::<String>::new());
    pdf(home.path(), &run);
}

/// Without a browser there is a clear fault and no file; with one there is a PDF.
fn pdf(home: &Path, run: &Path) {
    let target = home.join("x.pdf");
    let args = ["report", run.to_str().unwrap(), "--out", target.to_str().unwrap()];
    let print = |browser: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gandan"));
        command.args(args);
        match browser {
            Some(path) => command.env("CHROMIUM", path),
            None => command.env_remove("CHROMIUM"),
        };
        command.output().unwrap()
    };
    let none = print(Some("/no/such/browser"));
    assert_eq!(none.status.code(), Some(1));
    let said = text(&none.stderr);
    assert!(said.contains("report::browser") && said.contains("help:"), "{said}");
    assert!(!target.exists());
    let out = print(None);
    if text(&out.stderr).contains("report::browser") {
        println!("no browser here: nothing printed");
        return;
    }
    assert!(out.status.success(), "{}", text(&out.stderr));
    let bytes = fs::read(&target).unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 20_000, "{} bytes", bytes.len());
    // A4 in points.
    let plain = String::from_utf8_lossy(&bytes);
    assert!(plain.contains("594.") && plain.contains("841."), "A4 upright");
}

#[test]
fn the_report_tells_all_that_a_run_has() {
    let home = tempfile::tempdir().unwrap();
    let more = r#"
[capacity]

[solve]
compare_strategies = true

[[groups]]
id = "elders"
name = { vi = "Người <60>", en = "Elders <60>" }
share = 0.12

[[sources]]
of = "roads"
name = { vi = "Đường <giả>", en = "Roads <made up>" }
date = "2025-07"
licence = "ODbL & more"
url = "https://example.org/?a=1&b=2"

[sensitivity]
agents = true

[[sensitivity.cases]]
id = "slow"
name = { vi = "Đường chậm", en = "Slow roads" }
speed_factor = 0.5
"#;
    let run = plan(home.path(), "frontier = true", more);
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert_eq!(wrongs(&page), Vec::<String>::new());
    let en = part(&page, "en");
    for title in [
        "When something goes wrong",
        "Ways of staging compared",
        "Agents and people served",
        "Groups at the end of the last phase",
        "Counters and waiting",
        "The busiest agents in this phase",
        "Table A2. Catalogue of procedures",
    ] {
        assert!(en.contains(title), "{title}");
    }
    assert!(en.contains("Elders &lt;60&gt;") && en.contains("Roads &lt;made up&gt;") && en.contains("Jul&nbsp;2025"));
    assert!(part(&page, "vi").contains("07/2025") && en.contains("ODbL &amp; more"));
    let cases = gandan::output::schema::SENSITIVITY;
    assert!(run.join(cases.file).is_file() && en.contains("Slow roads"));
}
