//! Honest numbers: every change of a headline figure of a finished run is found by `verify`.

use std::fs;
use std::path::Path;

use gandan::output::verify::verify_run;
use polars::prelude::{
    Column, DataFrame, DataType, Float64Chunked, IntoColumn, NewChunkedArray, ParquetReader, ParquetWriter, SerReader,
    UInt32Chunked,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::make::cases;
use crate::small;

/// The figures that reports, maps and meetings quote, by table.
const HEADLINES: &[(&str, &[&str])] = &[
    (
        "phases.parquet",
        &[
            "opened",
            "agents",
            "persons",
            "covered_persons",
            "population_covered_share",
            "scope_persons",
            "scope_covered_persons",
            "scope_covered_share",
            "mean_time_s",
            "median_time_s",
            "p90_time_s",
            "worst_time_s",
            "dossiers_per_day",
            "counters",
            "load_per_day",
            "overflow_per_day",
            "overflow_nearest_per_day",
            "unserved_per_day",
            "mean_wait_min",
            "persons_sent",
            "relief_share",
            "objective",
            "bound",
            "gap",
            "unreached_persons",
            "p99_time_s",
            "worst_tenth_time_s",
            "gini_time",
            "theil_time",
            "scope_unreached_persons",
            "scope_mean_time_s",
            "scope_p90_time_s",
            "scope_p99_time_s",
            "scope_worst_tenth_time_s",
            "scope_gini_time",
            "scope_theil_time",
            "worst_boundary_covered_share",
        ],
    ),
    (
        "rollout.parquet",
        &[
            "order",
            "phase",
            "lon",
            "lat",
            "persons_marginal",
            "persons_cumulative",
            "persons_only",
            "persons_nearest",
            "dossiers_per_day",
            "counters",
            "load_per_day",
            "overflow_per_day",
        ],
    ),
    (
        "boundaries.parquet",
        &[
            "persons",
            "covered_persons",
            "population_covered_share",
            "reached_persons",
            "dossiers_per_day",
            "mean_time_s",
            "median_time_s",
            "p90_time_s",
            "worst_time_s",
            "agents",
            "counters",
            "overflow_per_day",
        ],
    ),
    (
        "groups.parquet",
        &[
            "persons",
            "covered_persons",
            "population_covered_share",
            "mean_time_s",
            "worst_time_s",
            "unreached_persons",
            "p90_time_s",
            "p99_time_s",
            "worst_tenth_time_s",
            "gini_time",
            "theil_time",
        ],
    ),
    ("cells.parquet", &["persons", "dossiers_per_day", "distance_m"]),
    ("coverage.parquet", &["distance_m"]),
    (
        "loads.parquet",
        &[
            "persons_nearest",
            "persons_sent",
            "persons_taken",
            "persons",
            "dossiers_per_day",
            "overflow_per_day",
            "counters",
            "utilisation",
            "wait_min",
        ],
    ),
    ("relief.parquet", &["persons", "before_per_day", "after_per_day", "relief_share"]),
    ("uncovered.parquet", &["persons", "persons_coverable", "cells", "agent_time_s", "best_candidate_persons"]),
    ("sites.parquet", &["phase", "persons_in_reach"]),
    ("explanations.parquet", &["persons_in_reach", "persons_lost", "persons_added"]),
    ("calibration.parquet", &["persons_before", "persons_after", "factor"]),
    ("crosswalk.parquet", &["persons", "share_of_from", "share_of_to"]),
    ("today.parquet", &["persons", "population_covered_share"]),
];

fn read(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

fn write(path: &Path, frame: &mut DataFrame) {
    ParquetWriter::new(fs::File::create(path).unwrap()).finish(frame).unwrap();
}

/// The rows whose figure `verify` can know: it has the outlines of the first layer's features alone.
fn rows_of(frame: &DataFrame, table: &str) -> usize {
    if table != "boundaries.parquet" {
        return frame.height();
    }
    let layers = frame.column("layer").unwrap().str().unwrap().clone();
    layers.iter().filter(|layer| *layer == layers.get(0)).count()
}

/// Changes a figure by a little: a number by a hundredth, a whole number by one.
fn changed(column: &Column, row: usize) -> Option<Column> {
    let name = column.name().clone();
    match column.dtype() {
        DataType::Float64 => {
            let mut values: Vec<Option<f64>> = column.f64().unwrap().iter().collect();
            values[row] = Some(values[row]? + 0.01);
            Some(Float64Chunked::from_iter_options(name, values.into_iter()).into_column())
        }
        _ => {
            let mut values: Vec<Option<u32>> = column.u32().unwrap().iter().collect();
            values[row] = Some(values[row]? + 1);
            Some(UInt32Chunked::from_iter_options(name, values.into_iter()).into_column())
        }
    }
}

/// What `verify` finds in a copy of the run with one figure changed; `None` where there is none to change.
fn found(work: &Path, table: &str, column: &str, row: prop::sample::Index) -> Option<usize> {
    let (path, kept) = (work.join(table), small::run().join(table));
    let mut frame = read(&kept);
    let rows = rows_of(&frame, table);
    if rows == 0 {
        return None;
    }
    let with = changed(frame.column(column).unwrap(), row.index(rows))?;
    frame.with_column(with).unwrap();
    write(&path, &mut frame);
    let differ = verify_run(work).map_or(1, |report| report.checks.iter().filter(|c| c.differs.is_some()).count());
    fs::copy(kept, path).unwrap();
    Some(differ)
}

/// A folder of its own to change tables in.
fn work() -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    small::copy_of_run(work.path());
    work
}

#[test]
fn the_run_itself_is_honest() {
    let report = verify_run(work().path()).unwrap();
    let differ: Vec<_> = report.checks.iter().filter_map(|c| Some((&c.what, c.differs.as_ref()?))).collect();
    assert!(differ.is_empty(), "{differ:?}");
    assert!(report.checks.len() > 150, "{}", report.checks.len());
}

/// Found when every kind of scenario was verified: under several speeds, or cases, sound runs were said to differ.
#[test]
fn runs_under_several_speeds_and_cases_are_honest() {
    let home = small::home();
    let case = "[[sensitivity.cases]]\nid = \"slow\"\nname = { vi = \"a\", en = \"a\" }\nspeed_factor = 0.7\n";
    for (name, more) in [
        ("all", "[travel]\nalso = [\"peak\", \"rain\"]\n".to_owned()),
        ("half", "[travel]\nspeeds = \"rain\"\nalso = [\"peak\", \"off-peak\"]\nalso_share = 0.5\n".to_owned()),
        ("cases", format!("[solve]\nrobust = 0.6\n{case}")),
    ] {
        let scenario = home.path().join(format!("{name}.toml"));
        fs::write(&scenario, [small::scenario(), more].concat()).unwrap();
        let out = home.path().join(name);
        small::plan(&scenario, &out, &[], home.path());
        let report = verify_run(&out).unwrap();
        let differ: Vec<_> = report.checks.iter().filter_map(|c| Some((&c.what, c.differs.as_ref()?))).collect();
        assert!(differ.is_empty(), "{name}: {differ:?}");
    }
}

/// Every headline column of every table, one row each.
#[test]
fn every_headline_figure_is_recomputed() {
    let work = work();
    let mut seen = 0;
    for (table, columns) in HEADLINES {
        for column in *columns {
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            let row = any::<prop::sample::Index>().new_tree(&mut runner).unwrap().current();
            match found(work.path(), table, column, row) {
                Some(differ) => assert!(differ > 0, "{column} of {table} may be changed unseen"),
                None => continue,
            }
            seen += 1;
        }
    }
    assert!(seen > 90, "{seen}");
}

/// Numbers that no table of a run has, in every row of a column; `None` where it holds none.
fn beyond_measure(column: &Column) -> Option<Vec<Column>> {
    let (name, rows) = (column.name().clone(), column.len());
    match column.dtype() {
        DataType::Float64 => {
            let all = |n| Float64Chunked::from_iter_options(name.clone(), std::iter::repeat_n(Some(n), rows));
            Some([f64::MAX, 1e16, -1e16, f64::NAN].map(|n| all(n).into_column()).into())
        }
        DataType::UInt32 => {
            Some(vec![UInt32Chunked::from_iter_options(name, std::iter::repeat_n(Some(u32::MAX), rows)).into_column()])
        }
        _ => None,
    }
}

/// Calls `look` for each column of each table of the small run, once with each of its numbers beyond measure in the copy in
/// `work`: with the table, the column, and which of them it is.
fn with_each_beyond_measure(work: &Path, mut look: impl FnMut(&str, &Column, usize)) {
    for kept in fs::read_dir(small::run()).unwrap().map(|entry| entry.unwrap().path()) {
        if kept.extension().is_none_or(|e| e != "parquet") {
            continue;
        }
        let table = kept.file_name().unwrap().to_str().unwrap();
        let (frame, path) = (read(&kept), work.join(table));
        for column in frame.columns() {
            for (which, with) in beyond_measure(column).into_iter().flatten().enumerate() {
                let mut damaged = frame.clone();
                damaged.with_column(with).unwrap();
                write(&path, &mut damaged);
                look(table, column, which);
            }
        }
        fs::copy(&kept, path).unwrap();
    }
}

/// Whether `verify` finds nothing wrong.
fn honest(run: &Path) -> bool {
    verify_run(run).is_ok_and(|report| report.checks.iter().all(|c| c.differs.is_none()))
}

/// Found by fuzzing: `verify` added up the people of a damaged table until they overflowed. Found by this: it added up
/// counters so, walked over four thousand million phases, and took what is no number for right.
#[test]
fn numbers_beyond_all_measure_are_told_not_added_up() {
    let work = work();
    let mut seen = 0;
    with_each_beyond_measure(work.path(), |table, column, _| {
        let headlines = HEADLINES.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| columns);
        let known = headlines.contains(&column.name().as_str()) && rows_of(&read(&small::run().join(table)), table) > 0;
        assert!(!honest(work.path()) || !known, "{} of {table} may be changed unseen", column.name());
        seen += 1;
    });
    assert!(seen > 400, "{seen}");

    // Shares of people and numbers of the proof that cannot be.
    let path = work.path().join("manifest.json");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for share in [1e300, -1e300, 0.25] {
        let mut damaged = manifest.clone();
        damaged["settings"]["capacity"]["share_at_agents"] = share.into();
        fs::write(&path, damaged.to_string()).unwrap();
        let report = verify_run(work.path()).unwrap();
        assert!(report.checks.iter().any(|c| c.differs.is_some()) || share > 1.0, "{share}");
    }
    fs::write(&path, manifest.to_string()).unwrap();
    let path = work.path().join("proof.json");
    let proof: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut seen = 0;
    for pointer in ["objective", "bound", "certificate/scale", "certificate/bound", "phases/0/days", "phases/0/agents"]
    {
        let mut damaged = proof.clone();
        for problem in damaged["problems"].as_array_mut().unwrap() {
            if let Some(number) = problem.pointer_mut(&format!("/{pointer}")).filter(|n| n.is_number()) {
                *number = u64::MAX.into();
                seen += 1;
            }
        }
        fs::write(&path, damaged.to_string()).unwrap();
        assert!(!honest(work.path()) || damaged == proof, "{pointer} may be changed unseen");
    }
    assert!(seen > 5, "{seen}");
}

/// Draws and tells a damaged run as the commands do. A fault is an answer.
fn draw(run: &Path) {
    use gandan::output::{compare, explain, map, plot, report, run::Run, workbook};
    let _ = compare::compare(small::run(), run);
    let _ = explain::site(run, "none", None);
    let Ok(opened) = Run::open(run) else { return };
    let _ = map::write(&run.join("map.html"), &opened, &map::MapOptions::default());
    let _ = report::page(&opened, report::Lang::Vi);
    let wanted = plot::Wanted { force: true, ..plot::Wanted::of_plan() };
    fs::create_dir_all(run.join("plots")).unwrap();
    let _ = plot::write(&opened, &run.join("plots"), &wanted);
    let _ = workbook::write(&opened, &run.join("plan.xlsx"));
}

/// Found by this: a phase with four thousand million agents made the report, the plots and the workbook overflow, a cell
/// with as many people the map.
#[test]
fn numbers_beyond_all_measure_are_drawn_or_refused() {
    let work = work();
    let mut seen = 0;
    with_each_beyond_measure(work.path(), |_, _, which| {
        // The largest and what is no number.
        if [0, 3].contains(&which) {
            draw(work.path());
            seen += 1;
        }
    });
    assert!(seen > 300, "{seen}");
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_changed_figure_is_found(of in any::<prop::sample::Index>(), row in any::<prop::sample::Index>()) {
        let all: Vec<(&str, &str)> =
            HEADLINES.iter().flat_map(|(table, columns)| columns.iter().map(|column| (*table, *column))).collect();
        let (table, column) = all[of.index(all.len())];
        let work = work();
        if let Some(differ) = found(work.path(), table, column, row) {
            prop_assert!(differ > 0, "{column} of {table} may be changed unseen");
        }
    }

    /// A digit of the sheet for spreadsheets, or of the manifest's counts.
    #[test]
    fn a_changed_digit_is_found(row in any::<prop::sample::Index>(), column in any::<prop::sample::Index>(), sheet in any::<bool>()) {
        let work = work();
        if sheet {
            let path = work.path().join("rollout.csv");
            let text = fs::read_to_string(&path).unwrap();
            let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            let header = reader.headers().unwrap().clone();
            let mut rows: Vec<Vec<String>> =
                reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
            let numbers: Vec<usize> = (0..header.len())
                .filter(|&i| header[i].starts_with("persons") || header[i].ends_with("per_day") || header[i] == *"lon")
                .collect();
            let (row, column) = (row.index(rows.len()), numbers[column.index(numbers.len())]);
            let cell = &mut rows[row][column];
            let Some(at) = cell.find(|c: char| c.is_ascii_digit()) else { return Ok(()) };
            let digit = cell.as_bytes()[at] - b'0';
            cell.replace_range(at..=at, &((digit + 1) % 10).to_string());
            let mut csv = csv::Writer::from_path(&path).unwrap();
            csv.write_record(&header).unwrap();
            rows.iter().for_each(|row| csv.write_record(row).unwrap());
            csv.flush().unwrap();
        } else {
            let path = work.path().join("manifest.json");
            let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let phases = manifest["phases"].as_array_mut().unwrap();
            let phase = row.index(phases.len());
            phases[phase]["agents"] = (phases[phase]["agents"].as_u64().unwrap() + 1 + column.index(9) as u64).into();
            fs::write(&path, manifest.to_string()).unwrap();
        }
        let report = verify_run(work.path()).unwrap();
        prop_assert!(report.checks.iter().any(|c| c.differs.is_some()));
    }
}
