//! The whole job as a user runs it: the binary, on the demo city and on broken inputs.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn gandan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan"))
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The demo's inputs in a folder of their own, to be broken.
fn demo_copy(home: &Path) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    fs::create_dir_all(home.join("demo")).unwrap();
    for entry in fs::read_dir(data.join("demo")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), home.join("demo").join(entry.file_name())).unwrap();
    }
    let scenario = home.join("scenario.toml");
    fs::copy(data.join("three-phases.toml"), &scenario).unwrap();
    scenario
}

fn change(path: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(path).unwrap();
    assert!(before.contains(from), "{} does not hold `{from}`", path.display());
    fs::write(path, before.replacen(from, to, 1)).unwrap();
}

/// Every Parquet file of a run.
fn tables(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in [run.to_owned(), run.join("network")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "parquet") {
                found.insert(path.strip_prefix(run).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Turns the rows of a table round.
fn turn(path: &Path) {
    use polars::prelude::{ParquetReader, ParquetWriter, SerReader};
    let rows = ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap();
    assert!(rows.height() > 1000, "{}", path.display());
    ParquetWriter::new(fs::File::create(path).unwrap()).finish(&mut rows.reverse()).unwrap();
}

#[test]
fn the_demo_runs_verifies_and_does_not_depend_on_threads() {
    let home = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        let out = home.path().join(name);
        let done = gandan(&[
            "demo",
            "--no-cache",
            "--network",
            "--format",
            "json",
            "--threads",
            threads,
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        (out, serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap())
    };
    let (one, summary) = run("one", "1");
    let (two, _) = run("two", "2");

    // Two stages open nothing, the third at most 32 in the urban districts, the last serves all whom it can.
    let phases = summary["phases"].as_array().unwrap();
    let agents: Vec<u64> = phases.iter().map(|p| p["agents"].as_u64().unwrap()).collect();
    assert_eq!((agents.len(), agents[0], agents[1], agents[2]), (4, 0, 0, 32));
    assert!(agents[3] > 32);
    let statuses: Vec<&str> = phases.iter().map(|p| p["proof"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["nothing_to_open", "nothing_to_open", "optimal", "optimal"]);
    let covered: Vec<f64> = phases.iter().map(|p| p["covered_persons"].as_f64().unwrap()).collect();
    assert!(covered.is_sorted() && covered[0] == 0.0 && covered[3] > covered[2], "{covered:?}");
    // The population of the 126 wards and communes, as published.
    assert!((phases[3]["persons"].as_f64().unwrap() - 8_807_523.0).abs() < 1.0, "{}", phases[3]["persons"]);

    let (first, second) = (tables(&one), tables(&two));
    assert_eq!(first.len(), 25, "{:?}", first.keys());
    for (name, bytes) in &first {
        assert!(Some(bytes) == second.get(name), "{} differs between one thread and two", name.display());
    }
    for name in ["rollout.csv", "isochrones.geojson", "manifest.json"] {
        assert!(one.join(name).is_file(), "{name}");
    }
    assert_eq!(one.join("map.html").is_file(), cfg!(feature = "map"));

    let verified = gandan(&["verify", one.to_str().unwrap()]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    assert!(text(&verified.stdout).ends_with(" figures, 0 differ\n"));

    // Nothing hangs on the order of rows: the large tables back to front say the same.
    let turned = home.path().join("turned");
    fs::create_dir(&turned).unwrap();
    for entry in fs::read_dir(&one).unwrap().map(Result::unwrap).filter(|e| e.file_type().unwrap().is_file()) {
        fs::copy(entry.path(), turned.join(entry.file_name())).unwrap();
    }
    for table in ["cells.parquet", "coverage.parquet", "cell_groups.parquet"] {
        turn(&turned.join(table));
    }
    let verified = gandan(&["verify", turned.to_str().unwrap()]);
    assert!(text(&verified.stdout).ends_with(" figures, 0 differ\n"), "{}", text(&verified.stderr));
    let told = |run: &Path, asked: &[&str]| {
        let done = gandan(&[&["explain", run.to_str().unwrap()], asked].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    for asked in [["--at", "105.83,21.03"], ["--cell", "1000"], ["--site", "bc-00004-1"]] {
        assert_eq!(told(&one, &asked), told(&turned, &asked));
    }
    let compared = |other: &Path| {
        let done = gandan(&["compare", one.to_str().unwrap(), other.to_str().unwrap(), "--format", "json"]);
        text(&done.stdout).replace(other.to_str().unwrap(), "OTHER")
    };
    assert_eq!(compared(&two), compared(&turned));

    // A table of another run does not pass.
    fs::copy(one.join("uncovered.parquet"), two.join("uncovered.parquet")).unwrap();
    let other = home.path().join("three");
    let scenario = one.with_file_name("one-inputs").join("three-phases.toml");
    let done = gandan(&["plan", scenario.to_str().unwrap(), "--out", other.to_str().unwrap(), "--quiet"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(done.stderr.is_empty(), "--quiet says nothing: {}", text(&done.stderr));
    fs::copy(one.join("rollout.parquet"), other.join("rollout.parquet")).unwrap();
    let verified = gandan(&["verify", other.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(text(&verified.stderr).contains("run::differs"), "{}", text(&verified.stderr));

    // What stands is not replaced unless asked for.
    let again = gandan(&["demo", "--out", one.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("output::exists"));
}

/// Runs a broken scenario; it must fail with exit code 1, name the fault, and leave nothing.
fn refused(home: &Path, scenario: &Path, code: &str, says: &[&str]) {
    let out = home.join("out").join("run");
    let done = gandan(&["plan", scenario.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains(code), "expected {code} in:\n{said}");
    // Lines are wrapped for the terminal.
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in says {
        assert!(flat.contains(part), "expected `{part}` in:\n{said}");
    }
    assert!(
        !home.join("out").exists() || fs::read_dir(home.join("out")).unwrap().next().is_none(),
        "something was left"
    );
}

#[test]
fn a_missing_file_is_named() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    fs::remove_file(home.path().join("demo/roads.osm.pbf")).unwrap();
    refused(home.path(), &scenario, "io", &["roads.osm.pbf", "relative to the scenario"]);
}

#[test]
fn a_truncated_pbf_is_named() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let roads = home.path().join("demo/roads.osm.pbf");
    let whole = fs::read(&roads).unwrap();
    fs::write(&roads, &whole[..whole.len() * 2 / 3]).unwrap();
    refused(home.path(), &scenario, "osm::damaged", &["data block", "truncated", "fetch it again"]);
    fs::write(&roads, b"").unwrap();
    refused(home.path(), &scenario, "osm::empty", &["no data block"]);
    fs::write(&roads, b"PK\x03\x04 this is no PBF at all, whatever its name says").unwrap();
    refused(home.path(), &scenario, "osm::damaged", &["data block 1"]);
}

#[test]
fn a_wrong_crs_is_named() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let grid = home.path().join("demo/population.tif");
    let mut bytes = fs::read(&grid).unwrap();
    // The GeoKey 2048 (geographic CRS) says 4326; 4978 counts metres from the middle of the Earth.
    let key = [0x00, 0x08, 0x00, 0x00, 0x01, 0x00, 0xE6, 0x10];
    let at = bytes.windows(8).position(|w| w == key).expect("the demo's grid names EPSG:4326");
    bytes[at + 6..at + 8].copy_from_slice(&4978_u16.to_le_bytes());
    fs::write(&grid, bytes).unwrap();
    refused(home.path(), &scenario, "crs", &["population.tif", "4978", "4326"]);
}

#[test]
fn an_unknown_key_is_marked() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    change(&scenario, "population = \"demo/population.tif\"", "popluation = \"demo/population.tif\"");
    refused(home.path(), &scenario, "scenario::toml", &["unknown field `popluation`", "scenario.toml"]);
}

#[test]
fn settings_that_do_not_fit_come_together() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let text = fs::read_to_string(&scenario).unwrap().replace("[[phases]]", "[standard]\nminutes = -5\n\n[[phases]]");
    // The first phase only: TOML tables may stand once.
    let text = text.replacen("[standard]\nminutes = -5\n\n", "", 2);
    fs::write(&scenario, text.replace("agents = 130", "agents = 61")).unwrap();
    refused(home.path(), &scenario, "scenario::value", &["-5 is out of range", "61 is fewer than the 62"]);
}

#[test]
fn a_site_outside_the_area_is_named() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let sites = home.path().join("demo/sites.csv");
    let mut text = fs::read_to_string(&sites).unwrap();
    let columns = text.lines().next().unwrap().split(',').count();
    // Hải Phòng.
    text += &format!("far-away,Bưu cục xa,106.68,20.86{}\n", ",".repeat(columns - 4));
    fs::write(&sites, text).unwrap();
    refused(home.path(), &scenario, "sites::outside", &["sites.csv", "far-away"]);
}

#[test]
fn a_population_without_values_is_named() {
    use tiff::encoder::{TiffEncoder, colortype::Gray32Float};
    use tiff::tags::Tag;
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let file = fs::File::create(home.path().join("demo/population.tif")).unwrap();
    let mut encoder = TiffEncoder::new(file).unwrap();
    let mut image = encoder.new_image::<Gray32Float>(40, 40).unwrap();
    // 105–107 °E, 20–22 °N, nothing but nodata.
    image.encoder().write_tag(Tag::ModelPixelScaleTag, &[0.05_f64, 0.05, 0.0][..]).unwrap();
    image.encoder().write_tag(Tag::ModelTiepointTag, &[0.0_f64, 0.0, 0.0, 105.0, 22.0, 0.0][..]).unwrap();
    let keys: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    image.encoder().write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
    image.encoder().write_tag(Tag::GdalNodata, "-99999").unwrap();
    image.write_data(&[-99999.0_f32; 1600]).unwrap();
    refused(
        home.path(),
        &scenario,
        "population::empty",
        &["population.tif", "nobody lives in the study area", "have no value"],
    );
}

#[test]
fn fewer_agents_than_fixed_sites_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    change(&scenario, "agents = 62", "agents = 12");
    refused(home.path(), &scenario, "phases::agents", &["12 agents are fewer than the 30 fixed sites"]);
}

#[test]
fn the_ready_scenarios_parse() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut found = 0;
    for entry in fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        // The service catalogue is no scenario.
        let scenario = path.extension().is_some_and(|e| e == "toml") && !path.ends_with("services.toml");
        if scenario {
            gandan::scenario::Scenario::read(&path).unwrap();
            found += 1;
        }
    }
    assert_eq!(found, 5);
}

#[test]
fn the_data_dictionary_is_up_to_date() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data-dictionary.md")).unwrap();
    let printed = gandan(&["schema"]);
    assert_eq!(text(&printed.stdout), page, "run `gandan schema > docs/data-dictionary.md`");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let scenario = demo_copy(home.path());
    let out = home.path().join("out").join("run");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gandan"))
        .args(["plan", scenario.to_str().unwrap(), "--out", out.to_str().unwrap()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first line on stderr says that a stage has ended, so that the run is under way.
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
    assert!(line.starts_with("read tables"), "{line}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{said}");
    assert!(said.contains("interrupted; nothing was written"), "{said}");
    assert!(!home.path().join("out").exists() || fs::read_dir(home.path().join("out")).unwrap().next().is_none());
}
