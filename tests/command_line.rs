//! The manners of the command line: completions, manual pages, exit codes, JSON, quiet, and pipes that are closed.

// A test that fails should say where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use common::{add, change, gandan, part_of_demo, root, text};
use serde_json::Value;

/// Commands that there must be; those that are drawn from a run have tests of their own.
const COMMANDS: [&str; 21] = [
    "map",
    "report",
    "plot",
    "workbook",
    "demo",
    "plan",
    "fetch",
    "check",
    "survey",
    "isochrone",
    "matrix",
    "optimise",
    "explain",
    "compare",
    "frontier",
    "sensitivity",
    "verify",
    "synth",
    "schema",
    "completions",
    "man",
];

/// A scenario on one former district of the demo city, in a folder that stays as long as the tests run.
fn district() -> &'static Path {
    static SCENARIO: OnceLock<PathBuf> = OnceLock::new();
    SCENARIO.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-line");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).unwrap();
        let codes = fs::read_to_string(root().join("data/demo/districts.geojson")).unwrap();
        let codes: Value = serde_json::from_str(&codes).unwrap();
        let first = codes["features"][0]["properties"]["code"].as_str().unwrap().to_owned();
        part_of_demo(&home, &[&first]);
        let scenario = home.join("district.toml");
        fs::write(
            &scenario,
            "synthetic = true\ntitle = { vi = \"Thử\", en = \"Trial\" }\n[inputs]\nroads = \"roads.osm.pbf\"\n\
             population = \"population.tif\"\nstudy_area = \"area.geojson\"\nsites = \"sites.csv\"\n\
             fixed_sites = \"fixed.csv\"\n[population]\ncell_m = 0\n[[phases]]\nname = { vi = \"Một\", en = \"One\" }\n\
             starts = \"2025-01-01\"\nopens = \"most-people\"\nagents = 3\n",
        )
        .unwrap();
        scenario
    })
}

/// A finished run of it.
fn run() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let out = district().with_file_name("run");
        let done = gandan(&["plan", path(district()), "--out", path(&out), "--quiet"]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        out
    })
}

/// Tables of a covering problem: rows 1 to 3 weigh 1, 2, 4; site 10 serves 1 and 2, site 20 serves 2 and 3.
fn tables(home: &Path) -> [String; 6] {
    let (rows, pairs, sites) = (home.join("rows.csv"), home.join("pairs.csv"), home.join("sites.csv"));
    fs::write(&rows, "row,weight\n1,1\n2,2\n3,4\n").unwrap();
    fs::write(&pairs, "row,site,cost\n1,10,5\n2,10,5\n2,20,6\n3,20,7\n").unwrap();
    fs::write(&sites, "site,cost\n10,1\n20,1\n").unwrap();
    ["--rows", path(&rows), "--pairs", path(&pairs), "--sites", path(&sites)].map(str::to_owned)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(done: &Output) -> Value {
    assert!(done.status.success(), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&done.stdout)))
}

#[test]
fn completions_name_every_command_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = gandan(&["completions", shell]);
        assert!(done.status.success() && done.stderr.is_empty(), "{shell}: {}", text(&done.stderr));
        let script = text(&done.stdout);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} has no {command}");
        }
        assert!(script.contains("time-limit"), "{shell} has no options");
    }
    assert_eq!(gandan(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn bash_completes_with_its_script() {
    let Ok(bash) = Command::new("bash").arg("--version").output() else { return };
    assert!(bash.status.success());
    let script = r#"
        source <("$0" completions bash)
        COMP_WORDS=(gandan ver); COMP_CWORD=1; _gandan gandan ver gandan; echo "${COMPREPLY[*]}"
        COMP_WORDS=(gandan plan --fo); COMP_CWORD=2; _gandan gandan --fo plan; echo "${COMPREPLY[*]}"
    "#;
    let done = Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_gandan")]).output().unwrap();
    let said = text(&done.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["verify", "--force --format"], "{}", text(&done.stderr));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let home = tempfile::tempdir().unwrap();
    let done = gandan(&["man", "--out", path(home.path())]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let whole = fs::read_to_string(home.path().join("gandan.1")).unwrap();
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "SUBCOMMANDS", "\"EXIT STATUS\"", "ENVIRONMENT"] {
        assert!(whole.contains(&format!(".SH {section}")), "gandan.1 has no {section}");
    }
    for command in COMMANDS {
        let page = fs::read_to_string(home.path().join(format!("gandan-{command}.1"))).unwrap();
        assert!(page.contains(".SH EXAMPLES") && page.contains(".SH \"EXIT STATUS\""), "{command}:\n{page}");
        // Roff writes a hyphen as \-.
        assert!(whole.contains(&format!("gandan\\-{command}(1)")), "gandan.1 does not name {command}");
        assert_eq!(text(&gandan(&["man", command]).stdout), page, "{command}");
    }
    // A page for each command and nothing else.
    let help = text(&gandan(&["--help"]).stdout);
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let listed =
        listed.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ") && !l.contains(" help ")).count();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), listed + 1);
    assert_eq!(gandan(&["man", "nothing"]).status.code(), Some(2));
}

#[test]
fn manual_pages_are_clean_roff() {
    let Ok(mandoc) = Command::new("man").arg("--version").output() else { return };
    assert!(mandoc.status.success());
    let home = tempfile::tempdir().unwrap();
    assert!(gandan(&["man", "--out", path(home.path())]).status.success());
    for command in COMMANDS {
        let page = home.path().join(format!("gandan-{command}.1"));
        let shown =
            Command::new("man").args(["--warnings", "-l", path(&page)]).env("MANWIDTH", "100").output().unwrap();
        let said = text(&shown.stdout);
        assert!(shown.status.success() && shown.stderr.is_empty(), "{command}: {}", text(&shown.stderr));
        assert!(said.contains("SYNOPSIS") && said.contains("EXAMPLES"), "{command}: {said}");
    }
}

#[test]
fn help_gives_examples_and_hints() {
    for command in COMMANDS {
        let done = gandan(&[command, "--help"]);
        assert!(done.status.success() && done.stderr.is_empty(), "{command}");
        assert!(text(&done.stdout).contains(&format!("gandan {command}")), "{command}");
    }
    let bare = gandan(&[]);
    assert_eq!(bare.status.code(), Some(2));
    assert!(text(&bare.stderr).contains("gandan demo"), "{}", text(&bare.stderr));
    let typo = gandan(&["verfy", "out"]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(text(&typo.stderr).contains("'verify'"), "{}", text(&typo.stderr));
    let option = gandan(&["plan", "a.toml", "--froce"]);
    assert!(text(&option.stderr).contains("'--force'"), "{}", text(&option.stderr));
    // Both spellings.
    assert!(gandan(&["optimize", "--help"]).status.success());
}

#[test]
fn exit_codes() {
    let home = tempfile::tempdir().unwrap();
    let tables = tables(home.path());
    let optimise = |more: &[&str]| {
        let mut args = vec!["optimise"];
        args.extend(tables.iter().map(String::as_str));
        args.extend(more);
        gandan(&args)
    };
    assert_eq!(optimise(&["--objective", "set-cover"]).status.code(), Some(0));
    // 1: no such file.
    let missing = gandan(&["plan", path(&home.path().join("nothing.toml"))]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("nothing.toml"), "{}", text(&missing.stderr));
    // 2: an option that does not go with the objective.
    assert_eq!(optimise(&["--objective", "set-cover", "--p", "1"]).status.code(), Some(2));
    assert_eq!(gandan(&["schema", "--quiet", "--verbose"]).status.code(), Some(2));
    // 3: one site cannot serve all three rows; two can.
    let short = optimise(&["--objective", "p-center", "--p", "1"]);
    assert_eq!(short.status.code(), Some(3), "{}", text(&short.stderr));
    assert!(text(&short.stderr).contains("2 sites") && short.stdout.is_empty(), "{}", text(&short.stderr));
    assert_eq!(optimise(&["--objective", "p-center", "--p", "2"]).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gandan"))
        .args(["plan", path(district()), "--no-cache", "--out", path(&out)])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The first stage has ended, so Ctrl-C is heard.
    assert!(lines.next().unwrap().unwrap().starts_with("read tables"));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let said: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{said:?}");
    assert!(said.iter().any(|l| l.contains("interrupted")), "{said:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn json_is_all_of_stdout() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let (scenario, run) = (path(district()), path(run()));
    let input = |name: &str| district().with_file_name(name);
    let (roads, sites, fixed) = (input("roads.osm.pbf"), input("sites.csv"), input("fixed.csv"));
    let first = fs::read_to_string(&sites).unwrap().lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let as_json = |args: &[&str]| json(&gandan(&[args, &["--format", "json"]].concat()));

    let plan = as_json(&["plan", scenario, "--out", path(&at("plan"))]);
    assert_eq!(plan["phases"].as_array().unwrap().len(), 1);
    assert!(plan["phases"][0]["population_covered_share"].as_f64().unwrap() > 0.0);
    let verified = as_json(&["verify", run]);
    assert_eq!(
        (&verified["differ"], verified["checks"].as_array().unwrap().len() as u64),
        (&Value::from(0), verified["figures"].as_u64().unwrap())
    );
    let survey = as_json(&["survey", scenario]);
    let verdicts = ["eligible", "review", "refused"].map(|v| survey[v].as_u64().unwrap());
    assert_eq!(verdicts.iter().sum::<u64>(), survey["sites"].as_array().unwrap().len() as u64);
    let check = as_json(&["check", scenario]);
    assert_eq!(check["errors"], 0);
    assert_eq!(as_json(&["explain", run, "--site", &first])["site"], Value::from(first.as_str()));
    assert!(as_json(&["explain", run, "--cell", "0"]).is_object());
    assert!(as_json(&["compare", run, path(&at("plan"))]).is_object());
    assert!(!as_json(&["frontier", scenario, "--out", path(&at("frontier"))])["points"].as_array().unwrap().is_empty());
    assert!(
        !as_json(&["sensitivity", scenario, "--out", path(&at("cases"))])["outcomes"].as_array().unwrap().is_empty()
    );
    let reach = as_json(&[
        "isochrone",
        "--roads",
        path(&roads),
        "--sites",
        path(&fixed),
        "--minutes",
        "5,10",
        "--union",
        "--out",
        path(&at("r.geojson")),
    ]);
    // Two bands of all places together, the longer one larger.
    let areas: Vec<f64> = reach["bands"].as_array().unwrap().iter().map(|b| b["area_km2"].as_f64().unwrap()).collect();
    assert!(areas.len() == 2 && areas[0] < areas[1], "{areas:?}");
    let matrix = as_json(&[
        "matrix",
        "--roads",
        path(&roads),
        "--origins",
        path(&sites),
        "--destinations",
        path(&fixed),
        "--out",
        path(&at("t.parquet")),
    ]);
    let count = |name: &str| matrix[name].as_u64().unwrap();
    assert_eq!(count("pairs"), count("origins") * count("destinations"));
    assert!(count("trips") <= count("pairs") && count("trips") > 0);
    let schema = as_json(&["schema"]);
    let cells = schema["tables"].as_array().unwrap().iter().find(|t| t["file"] == "cells.parquet").unwrap();
    assert!(cells["columns"].as_array().unwrap().iter().any(|c| c["name"] == "persons" && c["unit"] == "people"));
    let tables = tables(home.path());
    let mut args = vec!["optimise", "--objective", "max-cover", "--p", "1"];
    args.extend(tables.iter().map(String::as_str));
    // Site 20 serves rows 2 and 3: 2 + 4 = 6; site 10 only 3.
    assert_eq!(json(&gandan(&args))["objective"], 6.0);
}

#[test]
fn quiet_is_quiet() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    let done = gandan(&["plan", path(district()), "--out", path(&out), "--quiet"]);
    assert!(done.status.success() && done.stderr.is_empty(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("Written:"));
    let loud = gandan(&["plan", path(district()), "--out", path(&out), "--force", "--verbose"]);
    let said = text(&loud.stderr);
    for part in ["networks kept in", "read tables", "where the time went", "total", "optimise"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "a colour or a bar off a terminal:\n{said}");
    // What is asked of stdout is the same.
    let figures = |done: &Output| text(&done.stdout);
    assert_eq!(figures(&done), figures(&loud));
}

#[test]
fn the_summary_holds_every_stage() {
    let home = tempfile::tempdir().unwrap();
    let done = gandan(&["plan", path(district()), "--out", path(&home.path().join("run"))]);
    let said = text(&done.stderr);
    let (lines, summary) = said.split_once("where the time went").unwrap();
    let seconds = |line: &str| -> f64 {
        let (before, _) = line.split_once(" s ").unwrap();
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let total = seconds(summary.lines().find(|l| l.starts_with("total")).unwrap());
    let parts: f64 =
        summary.lines().skip(1).filter(|l| l.contains(" % ") && !l.starts_with("total")).map(seconds).sum();
    let stages: f64 = lines.lines().filter(|l| l.contains(" MiB ")).map(seconds).sum();
    // Each line is rounded to 0.01 s.
    assert!((parts - stages).abs() < 0.2 && parts <= total + 0.2, "{parts} {stages} {total}\n{said}");
}

#[test]
fn a_closed_pipe_is_no_fault() {
    // More than a pipe holds (64 KiB), so that writing fails once nobody reads.
    for args in [&["schema"][..], &["schema", "--format", "json"], &["completions", "zsh"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gandan"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        {
            // Dropped, and so closed, after one line.
            let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
            reader.read_line(&mut first).unwrap();
        }
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{args:?}: {said}");
        assert!(said.is_empty() && !first.is_empty(), "{args:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_stderr_is_no_fault() {
    let home = tempfile::tempdir().unwrap();
    let script = format!(
        "set -o pipefail; {} plan {} --out {}/run 2> >(head -1 >/dev/null) >/dev/null",
        env!("CARGO_BIN_EXE_gandan"),
        path(district()),
        home.path().display()
    );
    let Ok(done) = Command::new("bash").args(["-c", &script]).output() else { return };
    assert!(done.status.success(), "{:?} {}", done.status, text(&done.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_gandan")).arg("schema").stdout(full).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("stdout"), "{}", text(&done.stderr));
}

#[test]
fn faults_of_a_scenario_come_together_without_colour() {
    let home = tempfile::tempdir().unwrap();
    let scenario = home.path().join("bad.toml");
    fs::copy(district(), &scenario).unwrap();
    for file in ["roads.osm.pbf", "population.tif", "area.geojson", "sites.csv", "fixed.csv"] {
        fs::copy(district().with_file_name(file), home.path().join(file)).unwrap();
    }
    change(&scenario, "agents = 3", "agents = -3");
    add(&scenario, "stats = 1\n");
    let done = gandan(&["plan", path(&scenario)]);
    assert_eq!(done.status.code(), Some(1));
    let said = text(&done.stderr);
    assert!(said.contains("bad.toml") && !said.contains('\u{1b}'), "{said}");
}
