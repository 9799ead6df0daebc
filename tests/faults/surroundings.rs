//! What is around a run: locales and time zones, odd paths, links, things that are no files, closed streams, no home, no
//! cache, clocks that are wrong. Each gives the right answer, or a message and nothing half written.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use crate::common::text;
use crate::scene::{Files, fail, files, gandan, names, succeed, told, verifies, wait_until};

/// What no two runs have in common: how long each step took.
const TIMES: [&str; 2] = ["manifest.json", "proof.json"];
/// What names the files of the inputs, with their folders.
const NAMING: [&str; 2] = ["plan.xlsx", "report.html"];

/// A made-up town of 1,000 people, its plan, and room beside them.
struct Town {
    home: tempfile::TempDir,
}

impl Town {
    fn new() -> Town {
        let home = tempfile::Builder::new().prefix("gandan-around-").tempdir().unwrap();
        let mut make = gandan(&["synth", "--people", "1e3", "--seed", "1", "--quiet", "--out"]);
        make.arg(home.path().join("in"));
        succeed(make);
        Town { home }
    }

    fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.home.path().join(inside)
    }

    fn scenario(&self) -> PathBuf {
        self.path("in/scenario.toml")
    }

    /// Another scenario of the same town, one of whose inputs is another file.
    fn with_input(&self, key: &str, file: &Path) -> PathBuf {
        let before = fs::read_to_string(self.scenario()).unwrap();
        let line = before.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap();
        let changed = self.path(format!("in/changed-{key}.toml"));
        fs::write(&changed, before.replace(line, &format!("{key} = {:?}", file.to_str().unwrap()))).unwrap();
        changed
    }

    /// The inputs, once more, in another folder.
    fn copy_to(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for name in names(&self.path("in")) {
            fs::copy(self.path("in").join(&name), folder.join(&name)).unwrap();
        }
    }
}

fn plan(scenario: &Path, out: &Path) -> Command {
    let mut command = gandan(&["plan", "--quiet"]);
    command.arg(scenario).arg("--out").arg(out);
    command
}

/// The files of a run that any other run with the same inputs has, too.
fn result(run: &Path) -> Files {
    let mut files = files(run);
    assert!(files.len() > 20, "{:?}", files.keys());
    for name in TIMES {
        assert!(files.remove(Path::new(name)).is_some(), "{name}");
    }
    files
}

/// The result that every run of the town must give.
fn expected() -> &'static Files {
    static RESULT: OnceLock<Files> = OnceLock::new();
    RESULT.get_or_init(|| {
        let town = Town::new();
        succeed(plan(&town.scenario(), &town.path("run")));
        assert!(verifies(&town.path("run")));
        result(&town.path("run"))
    })
}

fn assert_expected(run: &Path, why: &str) {
    assert_same(run, &[], why);
}

/// The same, where the inputs lay in another folder.
fn assert_expected_from_elsewhere(run: &Path, why: &str) {
    assert_same(run, &NAMING, why);
}

fn assert_same(run: &Path, but: &[&str], why: &str) {
    let (found, expected) = (result(run), expected());
    assert!(found.keys().eq(expected.keys()), "{why}");
    for (name, bytes) in expected {
        let may_differ = but.iter().any(|but| Path::new(but) == name);
        assert!(may_differ || found[name] == *bytes, "{why}: {} differs", name.display());
    }
}

/// Runs a command that may wait for ever where it is wrong; then it is ended, and that is a fault.
fn ended(mut command: Command) -> Output {
    let mut child = command.spawn().unwrap();
    let process = child.id().to_string();
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wait_until(&mut child, || false)));
    if waited.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{command:?} (process {process}) waits for ever");
    }
    child.wait_with_output().unwrap()
}

/// The command in a shell, with redirections: a stream that is closed cannot be had otherwise.
fn redirected(command: &Command, redirections: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$@\" {redirections}"), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

#[test]
fn locales_and_time_zones_change_no_byte() {
    let town = Town::new();
    let run = town.path("run");
    let mut said = Vec::new();
    // The decimal comma of Viet Nam and Germany, the dotless i of Turkey; locales need not be installed to be named.
    for (locale, zone) in [
        (Some("C"), Some("UTC")),
        (Some("vi_VN.UTF-8"), Some("Asia/Ho_Chi_Minh")),
        (Some("tr_TR.UTF-8"), Some("Pacific/Kiritimati")),
        (Some("de_DE@euro"), Some("no/such:zone")),
        (None, None),
    ] {
        let mut command = plan(&town.scenario(), &run);
        command.arg("--force");
        for (keys, value) in [(&["LC_ALL", "LC_NUMERIC", "LANG", "LANGUAGE"][..], locale), (&["TZ"], zone)] {
            for key in keys {
                match value {
                    Some(value) => command.env(key, value),
                    None => command.env_remove(key),
                };
            }
        }
        let done = command.output().unwrap();
        told(&done, 0);
        said.push(text(&done.stdout));
        assert_expected(&run, &format!("{locale:?} {zone:?}"));
    }
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
}

#[test]
fn odd_names_of_folders() {
    let town = Town::new();
    // ế as one letter, as e with two marks, quotes, a line break, what shells and options are made of.
    let mut folders: Vec<OsString> =
        ["có dấu cách và ế", "co\u{301} da\u{302}\u{301}u", "a'b\"c\\d", "line\nbreak", "--out $(x) %s {z} #?&", "🛵"]
            .map(OsString::from)
            .into();
    // A byte that is in no UTF-8 text. Apple's file systems have no such names.
    #[cfg(target_os = "linux")]
    folders.push(std::os::unix::ffi::OsStringExt::from_vec(b"a\xffb".to_vec()));
    for folder in folders {
        let home = town.path(&folder);
        town.copy_to(&home.join("dữ liệu"));
        let run = home.join("kết quả");
        succeed(plan(&home.join("dữ liệu/scenario.toml"), &run));
        assert!(verifies(&run), "{folder:?}");
        assert_expected_from_elsewhere(&run, &format!("{folder:?}"));
        let mut draw = gandan(&["map", "--force"]);
        draw.arg(&run);
        succeed(draw);
        // Only what was asked for is there: neither locks nor what was being written.
        assert_eq!(names(&home), ["dữ liệu", "kết quả"], "{folder:?}");
    }
}

#[test]
fn names_that_are_too_long_are_told_and_leave_nothing() {
    let town = Town::new();
    fs::create_dir(town.path("out")).unwrap();
    // A name of 300 bytes, more than any file system takes.
    let told = fail(plan(&town.scenario(), &town.path("out").join("x".repeat(300))), 1);
    assert!(told.contains("give a shorter name"), "{told}");
    // 30 folders in each other of 200 bytes each are 6,000 bytes, more than the 4,096 of Linux.
    let deep: PathBuf = std::iter::repeat_n("y".repeat(200), 30).collect();
    let told = fail(plan(&town.scenario(), &town.path("out").join(deep)), 1);
    assert!(told.contains("give a shorter name"), "{told}");
    assert_eq!(names(&town.path("out")), [""; 0]);
    assert!(fail(plan(&town.path("z".repeat(300)), &town.path("out/run")), 1).contains("give a shorter name"));
}

#[test]
#[cfg(unix)]
fn links_are_followed_where_they_lead_somewhere() {
    use std::os::unix::fs::symlink;
    let town = Town::new();
    // All inputs are links to links, and the folder in which the result shall stand is one.
    for folder in ["links", "more", "real"] {
        fs::create_dir(town.path(folder)).unwrap();
    }
    for name in names(&town.path("in")) {
        symlink(town.path("in").join(&name), town.path("more").join(&name)).unwrap();
        symlink(Path::new("../more").join(&name), town.path("links").join(&name)).unwrap();
    }
    symlink("real", town.path("out")).unwrap();
    succeed(plan(&town.path("links/scenario.toml"), &town.path("out/run")));
    assert_expected_from_elsewhere(&town.path("real/run"), "links");

    // A link itself is no place for a result: it is neither followed nor replaced.
    symlink("nowhere", town.path("dangling")).unwrap();
    symlink("loop-b", town.path("loop-a")).unwrap();
    symlink("loop-a", town.path("loop-b")).unwrap();
    for link in ["out", "dangling", "loop-a"] {
        let leads = fs::read_link(town.path(link)).unwrap();
        for force in [false, true] {
            let mut command = plan(&town.scenario(), &town.path(link));
            command.args(force.then_some("--force"));
            let told = fail(command, 1);
            assert!(told.contains("output::"), "{link}: {told}");
        }
        assert_eq!(fs::read_link(town.path(link)).unwrap(), leads);
    }
    assert_eq!(names(&town.path("real")), ["run"]);
    assert!(!town.path("nowhere").exists());

    // Inputs that lead back to themselves.
    let told = fail(plan(&town.path("loop-a"), &town.path("never")), 1);
    assert!(told.contains("cannot read the scenario"), "{told}");
    let told = fail(plan(&town.with_input("roads", &town.path("loop-a")), &town.path("never")), 1);
    assert!(told.contains("cannot read the roads"), "{told}");
    assert!(!town.path("never").exists());
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_refused_and_never_waited_for() {
    let town = Town::new();
    expected();
    let pipe = town.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = |command: Command, what: &str, of: &str| {
        let done = ended(command);
        assert_eq!(done.status.code(), Some(1), "{of}");
        // `check` prints what it finds, the others tell it.
        let told = format!("{}{}", text(&done.stdout), text(&done.stderr));
        assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(what), "{of}: {told}");
        assert!(!told.contains("panicked"), "{of}: {told}");
    };
    let things = [
        (pipe.as_path(), "a pipe or a device"),
        (Path::new("/dev/zero"), "a pipe or a device"),
        (town.home.path(), "a folder"),
    ];
    for (thing, what) in things {
        for key in ["roads", "population", "study_area", "sites", "fixed_sites"] {
            // All but roads are told apart by their endings; what has none is refused for that.
            let (mut named, mut why) = (thing.to_owned(), if key == "roads" { what } else { "" });
            if thing == pipe {
                let ending = match key {
                    "roads" => "osm.pbf",
                    "population" => "tif",
                    "study_area" => "geojson",
                    _ => "csv",
                };
                (named, why) = (town.path(format!("pipe-{key}.{ending}")), what);
                std::os::unix::fs::symlink(&pipe, &named).unwrap();
            }
            let mut check = gandan(&["check"]);
            check.arg(town.with_input(key, &named));
            refused(check, why, &format!("{key} = {}", named.display()));
        }
        refused(plan(thing, &town.path("never")), what, &format!("scenario {}", thing.display()));
    }
    // The tables of a problem, and of a finished run.
    let table = town.path("pipe.csv");
    std::os::unix::fs::symlink(&pipe, &table).unwrap();
    let mut solve = gandan(&["optimise", "--objective", "set-cover"]);
    for option in ["--rows", "--pairs", "--sites"] {
        solve.arg(option).arg(&table);
    }
    refused(solve, "a pipe or a device", "optimise");
    succeed(plan(&town.scenario(), &town.path("run")));
    for file in ["cells.parquet", "manifest.json"] {
        fs::remove_file(town.path("run").join(file)).unwrap();
        std::os::unix::fs::symlink(&pipe, town.path("run").join(file)).unwrap();
        let mut verify = gandan(&["verify"]);
        verify.arg(town.path("run"));
        refused(verify, "a pipe or a device", file);
    }
    assert!(!town.path("never").exists());
}

#[test]
fn a_file_where_a_folder_should_be_and_the_other_way_round() {
    let town = Town::new();
    fs::write(town.path("file"), "mine").unwrap();
    for (out, force) in [("file", false), ("file", true), ("file/run", false), ("in/roads.osm.pbf/run", true)] {
        let mut command = plan(&town.scenario(), &town.path(out));
        command.args(force.then_some("--force"));
        let told = fail(command, 1);
        assert!(told.contains("file"), "{told}");
    }
    assert_eq!(fs::read(town.path("file")).unwrap(), b"mine");
    // A table of travel times has to be a file.
    fs::create_dir(town.path("folder.parquet")).unwrap();
    let mut matrix = gandan(&["matrix", "--force", "--mode", "car"]);
    for (option, file) in [("--roads", "roads.osm.pbf"), ("--origins", "sites.csv"), ("--destinations", "sites.csv")] {
        matrix.arg(option).arg(town.path("in").join(file));
    }
    matrix.arg("--out").arg(town.path("folder.parquet"));
    assert!(fail(matrix, 1).contains("this is a folder"));
    // What is no run.
    for no_run in ["file", "in", "nowhere"] {
        let mut verify = gandan(&["verify"]);
        verify.arg(town.path(no_run));
        fail(verify, 1);
    }
}

#[test]
#[cfg(unix)]
fn closed_and_full_streams() {
    let town = Town::new();
    for (at, streams) in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"].into_iter().enumerate() {
        let run = town.path(format!("run-{at}"));
        told(&redirected(&plan(&town.scenario(), &run), streams).output().unwrap(), 0);
        assert_expected(&run, streams);
    }
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    // What cannot be told on a full disk hurts no result; what cannot be printed is told.
    let run = town.path("run-full");
    told(&redirected(&plan(&town.scenario(), &run), "2>/dev/full").output().unwrap(), 0);
    assert_expected(&run, "2>/dev/full");
    for command in [gandan(&["schema"]), gandan(&["completions", "bash"]), gandan(&["man"])] {
        let told = fail(redirected(&command, ">/dev/full"), 1);
        assert!(told.contains("cannot print the result"), "{told}");
    }
}

#[test]
fn without_a_home_or_a_cache_the_result_is_the_same() {
    let town = Town::new();
    fs::write(town.path("file"), "mine").unwrap();
    let caches: [Option<&OsStr>; 4] =
        [None, Some(OsStr::new("")), Some(town.path("file").into_os_string().leak()), Some(OsStr::new("/proc/gandan"))];
    for (at, cache) in caches.into_iter().enumerate() {
        let run = town.path(format!("run-{at}"));
        let mut command = plan(&town.scenario(), &run);
        for key in ["HOME", "XDG_CACHE_HOME", "GANDAN_CACHE"] {
            command.env_remove(key);
        }
        if let Some(cache) = cache {
            command.env("GANDAN_CACHE", cache);
        }
        // Relative paths of a cache would show here.
        command.current_dir(town.path("in"));
        succeed(command);
        assert_expected(&run, &format!("{cache:?}"));
    }
    assert_eq!(fs::read(town.path("file")).unwrap(), b"mine");
    assert!(!names(&town.path("in")).iter().any(|name| name.contains("gandan") || name.contains("network")));
}

/// No step of the run took less than no time.
fn assert_times(run: &Path) {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(run.join("manifest.json")).unwrap()).unwrap();
    let stages = manifest["stages"].as_array().unwrap();
    assert!(stages.len() > 5 && stages.iter().all(|stage| stage["time_s"].as_f64().unwrap() >= 0.0), "{stages:?}");
}

#[test]
fn clocks_that_were_wrong_when_files_were_written() {
    let town = Town::new();
    let cache = town.path("cache");
    let year = Duration::from_secs(365 * 86_400);
    // Written in 1969, and in 2096 as seen from a clock that was set back since.
    for (at, time) in [SystemTime::UNIX_EPOCH - year, SystemTime::UNIX_EPOCH + 126 * year].into_iter().enumerate() {
        for step in ["new", "again", "resumed"] {
            for folder in [town.path("in"), cache.clone()] {
                for name in fs::read_dir(&folder).map(|_| names(&folder)).unwrap_or_default() {
                    fs::File::options().append(true).open(folder.join(name)).unwrap().set_modified(time).unwrap();
                }
            }
            let run = town.path(format!("run-{at}"));
            let mut command = plan(&town.scenario(), &run);
            command.env("GANDAN_CACHE", &cache).arg("--force");
            command.args((step == "resumed").then_some("--resume"));
            succeed(command);
            assert_expected(&run, step);
            assert_eq!(names(&cache).len(), 1, "the network is kept once, however old it seems");
            assert_times(&run);
        }
    }
}

/// Each look at the wall clock tells an hour less than the look before; how often it was looked at goes to a file.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static _Atomic long looks;
int clock_gettime(clockid_t which, struct timespec *at) {
  int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int told = real(which, at);
  if (which == CLOCK_REALTIME) at->tv_sec -= 3600 * ++looks;
  return told;
}
__attribute__((destructor)) static void tell(void) {
  FILE *file = getenv("LOOKS") ? fopen(getenv("LOOKS"), "w") : NULL;
  if (file) fprintf(file, "%ld", (long)looks), fclose(file);
}
"#;

#[test]
#[cfg(target_os = "linux")]
fn a_clock_that_goes_backwards_changes_no_byte() {
    let town = Town::new();
    let (source, library) = (town.path("clock.c"), town.path("clock.so"));
    fs::write(&source, CLOCK).unwrap();
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    succeed(compile);
    let cache = town.path("cache");
    for more in [&[][..], &["--force"], &["--force", "--resume"]] {
        let run = town.path("run");
        let mut command = plan(&town.scenario(), &run);
        command.env("GANDAN_CACHE", &cache).env("LD_PRELOAD", &library).env("LOOKS", town.path("looks")).args(more);
        succeed(command);
        let looks: u32 = fs::read_to_string(town.path("looks")).unwrap().parse().unwrap();
        assert!(looks > 1, "the clock was looked at {looks} times");
        assert_expected(&run, "a clock that goes backwards");
        assert!(verifies(&run));
        assert_eq!(names(&cache).len(), 1, "the network is kept once");
        assert_times(&run);
    }
}

#[test]
fn names_that_differ_in_case_alone() {
    let town = Town::new();
    let (small, large) = (town.path("run"), town.path("RUN"));
    succeed(plan(&town.scenario(), &small));
    let before = files(&small);
    if large.exists() {
        // The file system takes both for one: as any folder that stands, it is kept.
        assert!(fail(plan(&town.scenario(), &large), 1).contains("output::exists"));
    } else {
        succeed(plan(&town.scenario(), &large));
        assert_expected(&large, "RUN");
    }
    assert!(files(&small) == before);
}

#[test]
#[cfg(target_os = "linux")]
fn without_proc_a_run_is_whole() {
    let town = Town::new();
    let hidden = |command: &Command| {
        let mut shell = Command::new("unshare");
        shell.args(["-m", "sh", "-c", "mount -t tmpfs tmpfs /proc 2>/dev/null || exit 77; exec \"$@\"", "sh"]);
        shell.arg(command.get_program()).args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        shell.output()
    };
    match hidden(&plan(&town.scenario(), &town.path("run"))) {
        Ok(done) if done.status.success() => assert_expected(&town.path("run"), "no /proc"),
        Ok(done)
            if done.status.code() == Some(77)
                || !town.path("run").exists() && text(&done.stderr).contains("unshare") =>
        {
            eprintln!("skipped: this system lets nobody hide /proc");
        }
        Ok(done) => panic!("{}", text(&done.stderr)),
        Err(_) => eprintln!("skipped: there is no unshare"),
    }
}
