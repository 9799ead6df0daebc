//! What the offices of today do by themselves: the same whether they are fixed sites or only compared with, and the same
//! as a phase that opens nothing beside them, which is worked out another way.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{gandan, text};
use gandan::output::run::{BoundaryRow, PhaseRow, Run, TodayRow};
use gandan::output::verify::verify_run;

fn scenario(offices: &str, rule: &str, also: &str) -> String {
    format!(
        r#"
title = {{ vi = "Thử", en = "Test" }}

[[sources]]
of = "population"
name = {{ vi = "Giả định", en = "Made up" }}
date = "2025"

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
{offices}

[[inputs.boundaries]]
id = "communes"
name = {{ vi = "Xã, phường", en = "Wards" }}
file = "communes.geojson"

[population]
cell_m = 0

[standard]
minutes = 6
radius_km = 1
rule = "{rule}"

[travel]
also = [{also}]

[[phases]]
name = {{ vi = "Nay", en = "Now" }}
starts = 2025-01-01
opens = "nothing"
"#
    )
}

fn plan(home: &Path, name: &str, offices: &str, rule: &str, also: &str) -> PathBuf {
    let path = home.join(format!("{name}.toml"));
    fs::write(&path, scenario(offices, rule, also)).unwrap();
    let out = home.join(name);
    let done = gandan(&["--quiet", "plan", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    out
}

#[test]
fn offices_fare_as_a_phase_that_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    common::part_of_demo(home.path(), &["002", "003"]);
    let fixed = r#"fixed_sites = "fixed.csv""#;
    let offices = r#"offices = "fixed.csv""#;
    for (i, (rule, also)) in [("either", ""), ("both", ""), ("either", r#""rain""#)].into_iter().enumerate() {
        let standing = Run::open(&plan(home.path(), &format!("fixed-{i}"), fixed, rule, also)).unwrap();
        let compared = Run::open(&plan(home.path(), &format!("offices-{i}"), offices, rule, also)).unwrap();
        let today: Vec<TodayRow> = standing.rows().unwrap();
        let checked = verify_run(&standing.folder).unwrap().checks;
        // Under several speeds the coverage table holds the pairs that count, so that this agrees too.
        let served = checked.iter().find(|c| c.what == "today: people served by the fixed sites").unwrap();
        assert_eq!(served.differs, None);
        assert_eq!(today, compared.rows::<TodayRow>().unwrap());
        let phase = &standing.rows::<PhaseRow>().unwrap()[0];
        let all = &today[0];
        assert!(all.boundary.is_none() && all.offices > 0 && all.covered_persons > 0.0);
        assert!(all.covered_persons < all.persons, "the standard must leave somebody out");
        assert_eq!(
            (all.offices, all.persons, all.covered_persons),
            (phase.agents, phase.persons, phase.covered_persons)
        );
        assert_eq!((all.mean_time_s, all.p90_time_s), (phase.mean_time_s, phase.p90_time_s));
        assert_eq!((all.median_time_s, all.worst_time_s), (phase.median_time_s, phase.worst_time_s));
        let by_feature: Vec<BoundaryRow> = standing.rows().unwrap();
        assert_eq!(by_feature.len(), today.len() - 1);
        for (row, feature) in today[1..].iter().zip(&by_feature) {
            assert_eq!(row.boundary.as_deref(), Some(feature.code.as_str()));
            assert_eq!((row.offices, row.covered_persons), (feature.agents, feature.covered_persons));
            assert_eq!((row.mean_time_s, row.reached_persons), (feature.mean_time_s, feature.reached_persons));
        }
        // Offices that are only compared with serve nobody in the plan.
        assert_eq!(compared.rows::<PhaseRow>().unwrap()[0].covered_persons, 0.0);
        assert_eq!(compared.about.sources[0].date.as_deref(), Some("2025"));
    }
}

#[test]
fn an_office_far_from_any_road_is_named() {
    let home = tempfile::tempdir().unwrap();
    common::part_of_demo(home.path(), &["002", "003"]);
    let path = home.path().join("scenario.toml");
    fs::write(&path, scenario(r#"offices = "fixed.csv""#, "either", "") + "\n[snap]\nsite_limit_m = 1\n").unwrap();
    let out = home.path().join("out");
    let done = gandan(&["--quiet", "plan", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("sites::off-road"), "{}", text(&done.stderr));
}
