//! The workbook of a run: every sheet against the tables it shows, what a planner expects of a sheet, and the same bytes
//! when it is drawn again.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;
#[path = "common/xlsx.rs"]
mod xlsx;

use std::fs;
use std::path::Path;

use common::{gandan, text};
use gandan::output::run::{AgentRow, BoundaryRow, GroupRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Run, SiteRow};
use xlsx::Sheet;

const SCENARIO: &str = r#"
title = { vi = "Thử", en = "Test" }
synthetic = true

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Wards" }
file = "communes.geojson"
population = "population"

[[inputs.boundaries]]
id = "districts"
name = { vi = "Quận", en = "Districts" }
file = "districts.geojson"

[[groups]]
id = "old"
name = { vi = "Người cao tuổi", en = "Elders" }
share = 0.1

[population]
cell_m = 0

[standard]
minutes = 4
radius_km = 0.5

[capacity]
detour_minutes = 5

[output]
isochrone_minutes = [5]

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-01-01
ends = 2025-03-31
opens = "most-people"
agents = 3

[[phases]]
name = { vi = "Hai", en = "Two" }
starts = 2025-04-01
opens = "most-people"
agents = 4
"#;

/// The first row below the headers.
const FIRST: usize = 6;

fn plan(home: &Path) -> std::path::PathBuf {
    common::part_of_demo(home, &["002", "003"]);
    let (path, out) = (home.join("scenario.toml"), home.join("run"));
    fs::write(&path, SCENARIO).unwrap();
    let done = gandan(&["plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    out
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// The numbers of a column, by its header; empty cells are `None`.
fn numbers(sheet: &Sheet, header: &str, rows: usize) -> Vec<Option<f64>> {
    let column = sheet.column(header);
    (FIRST..FIRST + rows).map(|row| sheet.number(column, row)).collect()
}

/// A column holds the numbers, and the total above it is their sum over the rows that are shown.
fn holds(sheet: &Sheet, header: &str, wanted: &[Option<f64>], summed: bool) {
    let found = numbers(sheet, header, wanted.len());
    for (row, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let same = match (found, wanted) {
            (Some(found), Some(wanted)) => near(*found, *wanted),
            (found, wanted) => found == wanted,
        };
        assert!(same, "{header}, row {}: {found:?}, not {wanted:?}", FIRST + row);
    }
    let shown = (FIRST..).zip(&found).filter(|(row, _)| !sheet.hidden.contains(&(*row as u32)));
    let sum: f64 = shown.filter_map(|(_, n)| *n).sum();
    if summed {
        let cell = &sheet.cells[&format!("{}4", sheet.column(header))];
        let last = FIRST + wanted.len() - 1;
        let column = sheet.column(header);
        assert_eq!(cell.formula.as_deref(), Some(format!("SUBTOTAL(109,{column}{FIRST}:{column}{last})").as_str()));
        assert!(near(cell.value.parse().unwrap(), sum), "{header}: {} is not {sum}", cell.value);
    }
}

#[test]
fn the_workbook_shows_the_tables() {
    let home = tempfile::tempdir().unwrap();
    let out = plan(home.path());
    let bytes = fs::read(out.join("plan.xlsx")).unwrap();
    let parts = xlsx::parts(&bytes);
    let sheets = xlsx::sheets(&parts);
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = [
        "Tổng quan",
        "Giai đoạn",
        "Đại lý",
        "Xã, phường",
        "Tải đại lý",
        "Một cửa",
        "Chưa phục vụ",
        "Ứng viên",
        "Nhóm dân cư",
        "Giả định",
        "Từ điển",
    ];
    assert_eq!(names, wanted);
    let sheet = |name: &str| &sheets.iter().find(|(of, _)| of == name).unwrap().1;
    let run = Run::open(&out).unwrap();

    let agents: Vec<AgentRow> = run.rows().unwrap();
    let of = sheet("Đại lý");
    assert!(agents.len() >= 3 && agents.iter().any(|a| a.fixed));
    let people = |value: fn(&AgentRow) -> f64| agents.iter().map(|a| Some(value(a))).collect::<Vec<_>>();
    holds(of, "Người được phục vụ thêm", &people(|a| a.persons_marginal), true);
    holds(of, "Cộng dồn", &people(|a| a.persons_cumulative), false);
    holds(of, "Là đại lý gần nhất của", &people(|a| a.persons_nearest), true);
    let closes: Vec<Option<f64>> = agents.iter().map(|a| a.closes_phase.map(f64::from)).collect();
    holds(of, "Đóng từ giai đoạn", &closes, false);
    assert!(closes.contains(&None), "null stays an empty cell");
    // 1 January 2025 is day 45,658 of Excel: 125 years of 365 days, 31 leap days of 1904 to 2024, the 29 February 1900
    // that Excel believes in, and day 1 is 1 January 1900.
    assert_eq!(numbers(of, "Ngày mở", 1), [Some(f64::from(125 * 365 + 31 + 1 + 1))]);
    let shown = of.cells[&format!("{}4", of.column("Tên đại lý"))].clone();
    assert_eq!(shown.value, agents.len().to_string());
    assert!(shown.formula.unwrap().starts_with("SUBTOTAL(103,"));

    // Of areas only the first layer in the last phase is shown at first; the others are there, hidden.
    let areas: Vec<BoundaryRow> = run.rows().unwrap();
    let of = sheet("Xã, phường");
    let hidden: Vec<u32> = (FIRST as u32..)
        .zip(&areas)
        .filter(|(_, a)| a.layer != "communes" || a.phase != 2)
        .map(|(row, _)| row)
        .collect();
    assert!(hidden.len() > 2 && hidden.len() < areas.len());
    assert_eq!(of.hidden, hidden);
    holds(of, "Dân số", &areas.iter().map(|a| Some(a.persons)).collect::<Vec<_>>(), true);
    holds(of, "Người được phục vụ", &areas.iter().map(|a| Some(a.covered_persons)).collect::<Vec<_>>(), true);
    holds(of, "Tỷ lệ được phục vụ", &areas.iter().map(|a| a.population_covered_share).collect::<Vec<_>>(), false);
    let minutes: Vec<Option<f64>> = areas.iter().map(|a| a.p90_time_s.map(|s| s / 60.0)).collect();
    holds(of, "Chín phần mười (phút)", &minutes, false);
    let last: Vec<&BoundaryRow> = areas.iter().filter(|a| a.layer == "communes" && a.phase == 2).collect();
    let (served, all) = last.iter().fold((0.0, 0.0), |(s, a), of| (s + of.covered_persons, a + of.persons));
    let ratio = of.number(of.column("Tỷ lệ được phục vụ"), 4).unwrap();
    assert!(near(ratio, served / all) && ratio > 0.0 && ratio < 1.0, "{ratio}");

    let loads: Vec<LoadRow> = run.rows().unwrap();
    let of = sheet("Tải đại lý");
    holds(of, "Mọi hồ sơ đến (hồ sơ/ngày)", &loads.iter().map(|l| Some(l.dossiers_per_day)).collect::<Vec<_>>(), true);
    holds(of, "Quầy", &loads.iter().map(|l| Some(l.counters.into())).collect::<Vec<_>>(), true);
    let offices: Vec<ReliefRow> = run.rows().unwrap();
    assert!(!offices.is_empty());
    let after: Vec<Option<f64>> = offices.iter().map(|o| Some(o.after_per_day)).collect();
    holds(sheet("Một cửa"), "Khi có đại lý (hồ sơ/ngày)", &after, true);
    let places: Vec<PlaceRow> = run.rows().unwrap();
    assert!(!places.is_empty());
    holds(
        sheet("Chưa phục vụ"),
        "Chưa được phục vụ",
        &places.iter().map(|p| Some(p.persons)).collect::<Vec<_>>(),
        true,
    );
    let km: Vec<Option<f64>> = places.iter().map(|p| p.nearest_agent_m.map(|m| m / 1000.0)).collect();
    holds(sheet("Chưa phục vụ"), "Cách đại lý (km)", &km, false);
    let sites: Vec<SiteRow> = run.rows().unwrap();
    let reach: Vec<Option<f64>> = sites.iter().map(|s| Some(s.persons_in_reach)).collect();
    holds(sheet("Ứng viên"), "Người trong tầm", &reach, false);
    let groups: Vec<GroupRow> = run.rows().unwrap();
    let members: Vec<Option<f64>> = groups.iter().map(|g| Some(g.persons)).collect();
    holds(sheet("Nhóm dân cư"), "Số người", &members, false);
    let shown = groups.iter().filter(|g| g.phase == 2 && g.boundary.is_none()).count();
    assert_eq!(groups.len() - sheet("Nhóm dân cư").hidden.len(), shown);

    the_phases(sheet("Giai đoạn"), &run);
    the_pages(&sheets);
    the_dictionary(sheet("Từ điển"), &names);

    // Drawn again from the tables: the same bytes, and another file only where it is asked for.
    let again = home.path().join("again.xlsx");
    let draw = |more: &[&str]| gandan(&[&["workbook", out.to_str().unwrap(), "--quiet"], more].concat());
    assert!(draw(&["--out", again.to_str().unwrap()]).status.success());
    assert_eq!(fs::read(&again).unwrap(), bytes);
    let refused = draw(&["--out", again.to_str().unwrap()]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("output::exists"));
    fs::write(out.join("plan.xlsx"), "old").unwrap();
    assert!(!draw(&[]).status.success());
    assert!(draw(&["--force"]).status.success());
    assert_eq!(fs::read(out.join("plan.xlsx")).unwrap(), bytes);
}

/// A column of figures for today's offices and one for each phase.
fn the_phases(sheet: &Sheet, run: &Run) {
    let phases: Vec<PhaseRow> = run.rows().unwrap();
    let row = |name: &str| {
        (6..80).find(|row| sheet.at('A', *row) == Some(name)).unwrap_or_else(|| panic!("no indicator {name}"))
    };
    let headers: Vec<&str> = "DEF".chars().map(|c| sheet.at(c, 5).unwrap()).collect();
    assert_eq!(headers, ["Hiện nay\nToday", "Một\nOne", "Hai\nTwo"]);
    for (column, phase) in "EF".chars().zip(&phases) {
        let close = |name: &str, wanted: Option<f64>| {
            let found = sheet.number(column, row(name));
            assert!(found.zip(wanted).map_or(found == wanted, |(a, b)| near(a, b)), "{name}: {found:?}, {wanted:?}");
        };
        close("Người được phục vụ", Some(phase.covered_persons));
        close("Tỷ lệ dân số được phục vụ", phase.population_covered_share);
        close("Trung vị", phase.median_time_s.map(|s| s / 60.0));
        close("Đại lý mở mới", Some(phase.opened.into()));
        close("Hồ sơ vượt khả năng", phase.overflow_per_day);
        close("Khoảng cách", Some(phase.gap));
    }
    // The offices of today are the fixed sites, so they serve no more than they do with the plan.
    let covered = row("Người được phục vụ");
    let (today, first) = (sheet.number('D', covered).unwrap(), sheet.number('E', covered).unwrap());
    assert!(today > 0.0 && today <= first, "{today}, {first}");
}

/// What every sheet has: A4 lying, as wide as the sheet, headers that repeat; tables have filters and frozen headers.
fn the_pages(sheets: &[(String, Sheet)]) {
    for (name, sheet) in sheets {
        let setup = xlsx::elements(&sheet.xml, "pageSetup")[0].0;
        assert_eq!(xlsx::attribute(setup, "paperSize"), Some("9"), "{name}");
        assert_eq!(xlsx::attribute(setup, "orientation"), Some("landscape"), "{name}");
        assert!(sheet.xml.contains("<pageSetUpPr fitToPage=\"1\"/>"), "{name}");
        assert!(sheet.xml.contains("Dữ liệu giả định (Made-up data)"), "{name}: made-up data are said on every page");
    }
    for (name, sheet) in &sheets[2..9] {
        assert_eq!(xlsx::elements(&sheet.xml, "autoFilter").len(), 1, "{name}");
        let pane = xlsx::elements(&sheet.xml, "pane")[0].0;
        assert_eq!((xlsx::attribute(pane, "ySplit"), xlsx::attribute(pane, "state")), (Some("5"), Some("frozen")));
        assert!(sheet.xml.contains("<legacyDrawing "), "{name}: notes at the headers");
    }
}

/// The dictionary has every column of every table sheet, with both meanings.
fn the_dictionary(sheet: &Sheet, names: &[&str]) {
    let mut rows = 0;
    for row in FIRST.. {
        let Some(of) = sheet.at('A', row) else { break };
        assert!(names.contains(&of), "{of}");
        for column in "BCEF".chars() {
            assert!(sheet.at(column, row).is_some_and(|text| !text.is_empty()), "{column}{row}");
        }
        rows += 1;
    }
    assert!(rows > 100, "{rows}");
}
