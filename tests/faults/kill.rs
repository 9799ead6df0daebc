//! Kills at random moments: the old result or the new one stands, whole, and the next run clears up.
//!
//! `GANDAN_KILLS=200 cargo test --test faults kill` is the drill at full length; `GANDAN_SEED` repeats one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::scene::{KEEP_NOTHING, Scene, files, gandan, names, signal, succeed, told, verifies, wait_until};

/// How many kills, if nobody asks for more.
const KILLS: u64 = 16;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Random numbers by xorshift (Marsaglia, 2003), so that a seed tells the moments.
struct Random(u64);

impl Random {
    /// From 0 up to 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn killed_at_random_a_run_leaves_the_old_result_or_the_new_one() {
    let scene = Scene::new();
    let (kills, seed) = (asked("GANDAN_KILLS").unwrap_or(KILLS), asked("GANDAN_SEED").unwrap_or(7));
    eprintln!("{kills} kills, GANDAN_SEED={seed}");
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let target = scene.planned();
    let out = scene.path("out");
    // As long as the runs that are killed, which keep every step; on a busy machine the next one may be slower.
    let timed = |_| {
        let begun = Instant::now();
        succeed(scene.plan(&target, &["--force", "--keep-after", "0"]));
        begun.elapsed()
    };
    let whole = (0..3).map(timed).max().unwrap();
    let parts: BTreeSet<_> = files(&target).into_keys().collect();

    let (mut old, mut new, mut late, mut debris) = (0, 0, 0, 0);
    for kill in 0..kills {
        let before = files(&target);
        let mut child = scene.plan(&target, &["--force", "--keep-after", "0"]).spawn().unwrap();
        // Every third is aimed at the end: the files are there, and the folder is about to be put in its place.
        if kill % 3 == 2 {
            let pending = out.join(format!(".run.{}.partial", child.id()));
            wait_until(&mut child, || pending.join("plots").is_dir() || !names(&out).iter().any(|n| n == ".run.lock"));
            std::thread::sleep(whole.mul_f64(0.12 * random.share()));
        } else {
            std::thread::sleep(whole.mul_f64(1.2 * random.share()));
        }
        let ended = child.try_wait().unwrap().is_some();
        late += u64::from(ended);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = files(&target);
        if after == before {
            old += 1;
        } else {
            new += 1;
            let found: BTreeSet<_> = after.into_keys().collect();
            assert_eq!(found, parts, "half a result after kill {kill} of GANDAN_SEED={seed}");
            assert!(verifies(&target), "a result that cannot be verified after kill {kill} of GANDAN_SEED={seed}");
        }
        debris += u64::from(names(&out) != ["run"]);
        // What is left of killed runs does not pile up: of this one alone.
        let left = names(&out).into_iter().filter(|name| name.contains(".partial")).count();
        assert!(left <= 1, "{:?}", names(&out));
        if kill % 8 == 7 || kill + 1 == kills {
            let resume = if kill % 16 == 7 { &["--force", "--resume"][..] } else { &["--force"] };
            succeed(scene.plan(&target, resume));
            assert_eq!(names(&out), ["run"], "the next run clears up");
            assert!(verifies(&target));
        }
    }
    eprintln!(
        "{kills} kills over {:.2} s: {old} left the old result, {new} the new one ({late} came after the end), 0 half \
         written, 0 lost; {debris} left debris, which the next run removed",
        whole.as_secs_f64()
    );
    assert!(old > 0, "no kill came before the end");
}

#[test]
fn interrupted_at_random_a_run_ends_with_4_and_leaves_no_debris() {
    let scene = Scene::new();
    let seed = asked("GANDAN_SEED").unwrap_or(7);
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let target = scene.planned();
    let out = scene.path("out");
    let begun = Instant::now();
    scene.planned();
    let whole = begun.elapsed();
    let (mut stopped, mut longest) = (0, Duration::ZERO);
    for stop in 0..asked("GANDAN_KILLS").map_or(6, |kills| kills / 4) {
        let before = files(&target);
        let mut child = scene.plan(&target, &["--force"]).spawn().unwrap();
        // From where the signal is listened to.
        wait_until(&mut child, || out.join(".run.lock").exists());
        std::thread::sleep(whole.mul_f64(0.9 * random.share()));
        signal(&child, if stop % 2 == 0 { "INT" } else { "TERM" });
        let asked = Instant::now();
        let done = child.wait_with_output().unwrap();
        if done.status.code() == Some(0) {
            assert!(verifies(&target));
        } else {
            let said = told(&done, 4);
            assert!(said.contains("interrupted; nothing was written"), "{said}");
            assert!(files(&target) == before, "the old result is not what it was after stop {stop} of seed {seed}");
            longest = longest.max(asked.elapsed());
            stopped += 1;
        }
        let left: Vec<String> = names(&out).into_iter().filter(|name| name != ".run.checkpoint").collect();
        assert_eq!(left, ["run"], "stop {stop} of GANDAN_SEED={seed}");
    }
    eprintln!("{stopped} runs were stopped, the slowest ended {:.2} s later", longest.as_secs_f64());
    assert!(stopped > 0, "no signal came before the end");
}

#[test]
fn killed_with_nothing_there_yet_a_run_leaves_nothing_or_all() {
    let scene = Scene::new();
    let target = scene.path("out/run");
    for moment in ["network", "partial", "whole"] {
        let _ = std::fs::remove_dir_all(&target);
        let mut child = scene.plan(&target, &[]).spawn().unwrap();
        let pending = scene.path(&format!("out/.run.{}.partial", child.id()));
        let is_there = |path: &Path| path.exists();
        wait_until(&mut child, || match moment {
            "network" => is_there(&scene.path("out/.run.lock")),
            "partial" => is_there(&pending.join("rollout.parquet")),
            _ => is_there(&pending.join("report.html")),
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!target.exists() || verifies(&target), "{moment}");
    }
    succeed(scene.plan(&target, &["--force"]));
    assert_eq!(names(&scene.path("out")), ["run"]);
}

#[test]
fn a_killed_demo_leaves_no_half_of_an_input() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("demo");
    let inputs = home.path().join("demo-inputs");
    let data = crate::common::root().join("data");
    let mut random = Random(3);
    for _ in 0..6 {
        let _ = std::fs::remove_dir_all(&inputs);
        let mut child = gandan(&["demo", "--out"]).arg(&target).args(KEEP_NOTHING).spawn().unwrap();
        wait_until(&mut child, || inputs.exists());
        std::thread::sleep(Duration::from_micros((20_000.0 * random.share()) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in files(&inputs) {
            if !name.to_string_lossy().contains(".partial.") {
                assert_eq!(bytes, std::fs::read(data.join(&name)).unwrap(), "{}", name.display());
            }
        }
    }
    // Stopped as soon as the last input stands again: those that killed runs were writing are gone.
    let _ = std::fs::remove_file(inputs.join("demo/fixed_sites.csv"));
    let mut child = gandan(&["demo", "--out"]).arg(&target).args(KEEP_NOTHING).spawn().unwrap();
    wait_until(&mut child, || inputs.join("demo/fixed_sites.csv").exists());
    signal(&child, "INT");
    told(&child.wait_with_output().unwrap(), 4);
    let left: Vec<_> = files(&inputs).into_keys().filter(|n| n.to_string_lossy().contains(".partial.")).collect();
    assert_eq!(left, [""; 0].map(std::path::PathBuf::from));
    assert_eq!(names(home.path()), ["demo-inputs"]);
}
