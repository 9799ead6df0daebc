//! Texts that must stay texts: names that would be formulas, tags, paths or commands somewhere, from the inputs through
//! everything that a run writes.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;
#[path = "common/xlsx.rs"]
mod xlsx;

use std::fs;
use std::path::Path;

use common::{features, gandan, text};
use gandan::ingest::sites::read_sites;
use gandan::ingest::sites::survey::{fill_in, read_answers};
use gandan::output::run::{AgentRow, BoundaryRow, Run, SiteRow};
use gandan::texts::as_written;

/// Ids and names that are let in, each of them something other than a name somewhere.
const HOSTILE: [(&str, &str); 16] = [
    ("=cmd()", "=cmd|' /C calc'!A0"),
    ("+1", "+1"),
    ("-1", "-1+1"),
    ("@x", "@SUM(1+1)*cmd|' /C calc'!A0"),
    ("a;=b", "Bưu cục;=1+1;\"=2\""),
    ("'=q", "'=1"),
    ("</script>", "</script><script>alert(1)</script>"),
    ("<!--", "<!-- <img src=x onerror=alert(1)> ]]>"),
    ("&amp;", "A & B &lt; \"C\" 'D', E"),
    ("_x0041_", "_x000D_"),
    ("__proto__", "${7*7} {{x}} `ls`"),
    ("../x", "../../etc/passwd"),
    ("😀", "👩\u{200d}👧 e\u{301} \u{200f}שלום"),
    ("%s%n", "%s%n\\u202e \\x1b[31m"),
    ("＝1", "＝1"),
    ("long", ""),
];

/// The name of a site as the run keeps it; `long` has as many letters as are taken.
fn kept(id: &str, name: &str) -> String {
    // A candidate has the id of a standing site and a 2.
    match id.strip_suffix('2').unwrap_or(id) {
        "long" => "Đ".repeat(300),
        // Composed: é is one letter.
        "😀" => name.replace("e\u{301}", "é"),
        _ => name.to_owned(),
    }
}

const SCENARIO: &str = r#"
title = { vi = "=1+1 </title><script>alert(1)</script> &A&D", en = "-1 </script>" }
attribution = ["@here <b>"]

[[notes]]
vi = "=note"
en = "two\nlines </script>"

[[sources]]
of = "sites"
name = { vi = "=nguồn", en = "+source" }
licence = "=licence"
url = "https://example.org/=x"

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "=lớp", en = "@layer" }
file = "communes.geojson"

[[groups]]
id = "old"
name = { vi = "=nhóm", en = "-group" }
share = 0.1

[population]
cell_m = 0

[standard]
minutes = 5
radius_km = 1

[capacity]
fixed_are_offices = true

[output]
isochrone_minutes = [5]

[[phases]]
name = { vi = "=1+1", en = "</script>" }
starts = 2025-01-01
opens = "most-people"
agents = 20
"#;

/// The inputs of a small run: standing sites with the hostile names, one commune with such a name too.
fn inputs(home: &Path) {
    common::part_of_demo(home, &["002"]);
    let table = fs::read_to_string(home.join("sites.csv")).unwrap();
    let mut lines = table.lines();
    let columns = lines.next().unwrap();
    let cells: Vec<&str> = lines.next().unwrap().split(',').collect();
    let (lon, lat) = (cells[2], cells[3]);
    let write = |file: &str, rows: &[(&str, &str)]| {
        let mut out = csv::Writer::from_path(home.join(file)).unwrap();
        out.write_record(columns.split(',')).unwrap();
        for (id, name) in rows {
            let name = kept(id, name);
            let mut record = vec![*id, &name, lon, lat];
            record.resize(columns.split(',').count(), "");
            // Sites of which everything else is unknown: the survey asks for it. An address and a firm like the name.
            let at = |column: &str| columns.split(',').position(|c| c == column).unwrap();
            let (address, operator) = (at("address"), at("operator"));
            record[address] = name.as_str();
            record[operator] = id;
            out.write_record(&record).unwrap();
        }
        out.flush().unwrap();
    };
    write("fixed.csv", &HOSTILE);
    // The same among candidates, under other ids, so that the survey asks for them.
    let others: Vec<(String, &str)> = HOSTILE.iter().map(|(id, name)| (format!("{id}2"), *name)).collect();
    let rows: Vec<(&str, &str)> = others.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    write("more.csv", &rows);
    let more = fs::read_to_string(home.join("more.csv")).unwrap();
    common::add(&home.join("sites.csv"), more.split_once('\n').unwrap().1);
    features(&home.join("communes.geojson"), |all| {
        for feature in all {
            feature["properties"]["name"] = "=HYPERLINK(\"http://x\") </script>".into();
        }
    });
    fs::write(home.join("scenario.toml"), SCENARIO).unwrap();
}

/// Every text of a workbook is a text: no formulas but our own totals, no links that leave the file, no sign that XML
/// cannot hold.
fn sound_workbook(bytes: &[u8], totals: bool) -> Vec<(String, xlsx::Sheet)> {
    let parts = xlsx::parts(bytes);
    for (path, xml) in &parts {
        assert!(!xml.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')), "{path}");
        assert!(!xml.contains("TargetMode=\"External\""), "{path} links to somewhere");
    }
    let sheets = xlsx::sheets(&parts);
    for (name, sheet) in &sheets {
        for (at, cell) in &sheet.cells {
            if let Some(formula) = &cell.formula {
                let ours = formula.starts_with("SUBTOTAL(10") || formula.starts_with("IF(SUBTOTAL(109,");
                assert!(totals && ours && at.ends_with('4'), "{name}!{at} is the formula {formula}");
            }
        }
    }
    sheets
}

#[test]
fn texts_stay_texts_in_everything_a_run_writes() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    inputs(home);
    let (scenario, out) = (home.join("scenario.toml"), home.join("run"));
    let (scenario, run) = (scenario.to_str().unwrap(), out.to_str().unwrap());
    let done = gandan(&["plan", scenario, "--out", run]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    no_commands(&done.stdout);
    no_commands(&done.stderr);

    // The tables hold every text as it was given.
    let read = Run::open(&out).unwrap();
    let agents: Vec<AgentRow> = read.rows().unwrap();
    for (id, name) in HOSTILE {
        let agent = agents.iter().find(|agent| agent.site == id).unwrap_or_else(|| panic!("no agent {id}"));
        assert_eq!(agent.name, kept(id, name));
        assert_eq!(agent.phase_name_vi, "=1+1");
    }
    let areas: Vec<BoundaryRow> = read.rows().unwrap();
    assert!(areas.iter().all(|area| area.name == "=HYPERLINK(\"http://x\") </script>"));

    // The CSV for spreadsheets: inert wherever a spreadsheet splits it, and as it was once that is undone.
    let bytes = fs::read(out.join("rollout.csv")).unwrap();
    let mut table = csv::Reader::from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap());
    let header = table.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), agents.len());
    let at = |column: &str| header.iter().position(|c| c == column).unwrap();
    for row in &rows {
        let agent = agents.iter().find(|a| a.site == as_written(&row[at("site")])).expect("the site's own id");
        assert_eq!(as_written(&row[at("name")]), agent.name);
        assert_eq!(as_written(&row[at("phase_name_vi")]), agent.phase_name_vi);
        for cell in row {
            for part in cell.split(';') {
                assert!(!part.trim_start().starts_with(['=', '+', '-', '@', '＝']), "{cell}");
            }
        }
    }

    // Files for other programs are sound, and pages hold no tag from outside.
    for file in ["manifest.json", "proof.json", "isochrones.geojson"] {
        let file = fs::read_to_string(out.join(file)).unwrap();
        serde_json::from_str::<serde_json::Value>(&file).unwrap();
    }
    let mut pages = vec![out.join("report.html")];
    pages.extend(Some(out.join("map.html")).filter(|page| page.is_file()));
    let plots = fs::read_dir(out.join("plots")).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(plots.filter(|path| path.extension().is_some_and(|ending| ending == "svg")));
    assert!(pages.len() > 2);
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        assert!(!text.contains("<script>alert(1)") && !text.contains("<img src=x"), "{}", page.display());
    }

    // The workbook: the names stand in it letter by letter, as texts.
    let sheets = sound_workbook(&fs::read(out.join("plan.xlsx")).unwrap(), true);
    let (_, of_agents) = sheets.iter().find(|(name, _)| name == "Đại lý").unwrap();
    let column = of_agents.column("Tên đại lý");
    for (row, agent) in (6..).zip(&agents) {
        let cell = &of_agents.cells[&format!("{column}{row}")];
        assert_eq!((&cell.value, cell.is_text, &cell.formula), (&agent.name, true, &None));
    }
    let all: Vec<&str> = sheets.iter().flat_map(|(_, s)| s.cells.values()).map(|cell| cell.value.as_str()).collect();
    for text in ["=note", "=nguồn", "=licence", "https://example.org/=x", "=nhóm", "=lớp", "two\nlines </script>"]
    {
        assert!(all.contains(&text), "{text}");
    }

    // What the terminal tells of them.
    for (id, name) in [HOSTILE[0], HOSTILE[2], HOSTILE[6], HOSTILE[12]] {
        let told = gandan(&["explain", run, &format!("--site={id}")]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        assert!(text(&told.stdout).contains(&kept(id, name)));
        no_commands(&told.stdout);
        let json = gandan(&["explain", run, &format!("--site={id}"), "--format", "json"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((json["site"].as_str(), json["name"].as_str()), (Some(id), Some(kept(id, name).as_str())));
    }
    the_survey_comes_back(home, scenario, &read.rows().unwrap());
}

/// The survey form of the hostile sites, as a workbook and as a table; the table, filled in, finds its sites again.
fn the_survey_comes_back(home: &Path, scenario: &str, sites: &[SiteRow]) {
    for form in ["form.xlsx", "form.csv"] {
        let done = gandan(&["survey", scenario, "--out", home.join(form).to_str().unwrap()]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        no_commands(&done.stdout);
    }
    sound_workbook(&fs::read(home.join("form.xlsx")).unwrap(), false);
    let form = fs::read_to_string(home.join("form.csv")).unwrap();
    for line in form.lines().skip(1) {
        // A spreadsheet that splits at semicolons, and one that splits at commas.
        assert!(!line.split(';').any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{line}");
    }
    let mut rows = csv::Reader::from_reader(form.trim_start_matches('\u{feff}').as_bytes());
    let header = rows.headers().unwrap().clone();
    let mut filled = csv::Writer::from_path(home.join("filled.csv")).unwrap();
    filled.write_record(&header).unwrap();
    let computers = header.iter().position(|c| c == "computers").unwrap();
    let mut asked = 0;
    for row in rows.records().map(Result::unwrap) {
        let mut cells: Vec<&str> = row.iter().collect();
        if cells[computers].is_empty() {
            cells[computers] = "7";
            asked += 1;
        }
        filled.write_record(&cells).unwrap();
    }
    filled.flush().unwrap();
    assert!(asked >= HOSTILE.len(), "{asked}");
    let mut known = read_sites(&home.join("sites.csv"), false).unwrap();
    let before = known.clone();
    let answers = read_answers(&home.join("filled.csv")).unwrap();
    // Standing sites are asked for as well.
    known.extend(read_sites(&home.join("fixed.csv"), true).unwrap());
    assert_eq!(fill_in(&mut known, &answers).unwrap(), asked);
    for (id, _) in HOSTILE {
        let id = format!("{id}2");
        assert!(sites.iter().any(|site| site.site == id));
        let of = |all: &[gandan::ingest::sites::Site]| all.iter().find(|s| s.id == id).unwrap().attributes.computers;
        assert_eq!((of(&before), of(&known)), (None, Some(7)), "{id}");
    }
}

/// Nothing that would command a terminal.
fn no_commands(output: &[u8]) {
    let output = text(output);
    assert!(!output.chars().any(|c| c.is_control() && c != '\n'), "{output:?}");
    assert!(!output.contains(['\u{202e}', '\u{2066}']), "{output:?}");
}

#[test]
fn what_no_name_needs_is_refused_at_the_door_with_all_its_faults() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    common::part_of_demo(home, &["002"]);
    let scenario = SCENARIO.replace("fixed_sites = \"fixed.csv\"\n", "");
    fs::write(home.join("scenario.toml"), &scenario).unwrap();
    let (path, out) = (home.join("scenario.toml"), home.join("run"));
    let plan = || {
        let done = gandan(&["plan", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
        assert!(!out.exists());
        // The message shows the sign by its number and never sends it to the terminal.
        no_commands(&done.stderr);
        text(&done.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let sites = fs::read_to_string(home.join("sites.csv")).unwrap();
    for (id, name) in [
        ("rtl", "abc\u{202e}fed".to_owned()),
        ("nul", "a\u{0}b".to_owned()),
        ("red", "\u{1b}[31mred".to_owned()),
        ("none", "a\u{ffff}".to_owned()),
        ("much", "x".repeat(10_000)),
        ("id\u{7}", "bell".to_owned()),
    ] {
        common::site(home, "sites.csv", id, &name, 105.85, 21.03);
    }
    let told = plan();
    for part in ["sites::text", "U+202E", "U+0000", "U+001B", "U+FFFF", "10000 letters, at most 300", "U+0007"] {
        assert!(told.contains(part), "no {part} in {told}");
    }
    fs::write(home.join("sites.csv"), &sites).unwrap();

    // A line break within a name is a space, as it comes from cells of two lines.
    common::site(home, "sites.csv", "two", "\"Bưu cục\nhai\tdòng\"", 105.85, 21.03);
    let read = read_sites(&home.join("sites.csv"), false).unwrap();
    assert_eq!(read.last().unwrap().name, "Bưu cục hai dòng");

    let communes = fs::read_to_string(home.join("communes.geojson")).unwrap();
    features(&home.join("communes.geojson"), |all| all[0]["properties"]["name"] = "a\u{202d}b".into());
    let told = plan();
    assert!(told.contains("boundaries::text") && told.contains("U+202D"), "{told}");
    fs::write(home.join("communes.geojson"), &communes).unwrap();

    fs::write(&path, scenario.replace("=note", "\\u001b[31m")).unwrap();
    let told = plan();
    assert!(told.contains("scenario::value") && told.contains("notes[1].vi") && told.contains("U+001B"), "{told}");
}
