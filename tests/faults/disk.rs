//! Disks that are full, may not be written, or lose what is on them.
//!
//! Small disks are mounted in a mount namespace of their own (`unshare`), which Linux allows to root and mostly to
//! others; where it does not, the drill says that it was skipped.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::scene::{Scene, fail, files, names, succeed, told, verifies, wait_until};

/// Runs a shell script where it may mount; `$DISK` is an empty folder to mount on, `$OUT` one to keep files in, `$1 …`
/// the words of the command `gandan plan SCENARIO --out $DISK/run --force`. None where nothing may be mounted.
fn mounting(scene: &Scene, script: &str) -> Option<std::process::Output> {
    let disk = scene.path("disk");
    let kept = scene.path("kept");
    let _ = fs::remove_dir_all(&kept);
    fs::create_dir_all(&disk).unwrap();
    fs::create_dir_all(&kept).unwrap();
    let may = |how: &str| {
        let mut test = Command::new("unshare");
        test.args([how, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs \"$0\""]).arg(&disk);
        test.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let Some(how) = ["-m", "-rm"].into_iter().find(|how| may(how)) else {
        eprintln!("skipped: this system lets nobody mount a small disk");
        return None;
    };
    let plan = scene.plan(&disk.join("run"), &["--force"]);
    let mut command = Command::new("unshare");
    command.args([how, "sh", "-c", script, "sh"]).arg(plan.get_program()).args(plan.get_args());
    command.envs(plan.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Some(command.env("DISK", &disk).env("OUT", &kept).output().unwrap())
}

#[test]
fn on_a_full_disk_the_old_result_stands_until_the_new_one_fits() {
    let scene = Scene::new();
    let target = scene.planned();
    let old = files(&target);
    let (mut refused, mut steps) = (0, 0);
    let size_kib = old.values().map(Vec::len).sum::<usize>() / 1024;
    // From no room at all beside the old result to more than enough, in steps of a tenth of a result.
    for tenth in 0..16 {
        let room_kib = size_kib + old.len() * 4 + 64 + size_kib * tenth / 10;
        let script = format!(
            "mount -t tmpfs -o size={room_kib}k tmpfs \"$DISK\" && cp -r '{}' \"$DISK/run\" || exit 77\n\"$@\"\n\
             code=$?; cp -r \"$DISK/.\" \"$OUT\"; exit $code",
            target.display()
        );
        let Some(done) = mounting(&scene, &script) else { return };
        if done.status.code() == Some(77) {
            continue;
        }
        steps += 1;
        let kept = scene.path("kept");
        assert_eq!(names(&kept), ["run"], "nothing half written is left");
        if done.status.success() {
            assert!(verifies(&kept.join("run")));
            eprintln!("{refused} of {steps} sizes of disk were too small; a result takes {size_kib} KiB");
            assert!(refused > 0, "the smallest disk holds two results");
            return;
        }
        refused += 1;
        let told = told(&done, 1);
        assert!(told.contains("No space left") && told.contains("free some space"), "{told}");
        assert!(files(&kept.join("run")) == old, "the old result is not what it was");
    }
    panic!("a disk of two results and a half is too small");
}

#[test]
fn a_first_result_on_a_full_disk_is_not_there_at_all() {
    let scene = Scene::new();
    for room in ["16k", "512k"] {
        let script = format!(
            "mount -t tmpfs -o size={room} tmpfs \"$DISK\"\n\"$@\"\ncode=$?; cp -r \"$DISK/.\" \"$OUT\"; exit $code"
        );
        let Some(done) = mounting(&scene, &script) else { return };
        assert!(told(&done, 1).contains("No space left"), "{room}");
        assert_eq!(names(&scene.path("kept")), [""; 0], "{room}");
    }
}

#[test]
fn where_nothing_may_be_written_nothing_is_begun() {
    let scene = Scene::new();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$DISK\" && mount -o remount,ro \"$DISK\" || exit 77\n\"$@\"";
    if let Some(done) = mounting(&scene, script)
        && done.status.code() != Some(77)
    {
        let told = told(&done, 1);
        assert!(told.contains("Read-only file system") && told.contains("give another folder with --out"), "{told}");
        assert!(!told.contains("read tables"), "no work was done: {told}");
    }
    // A file stands where the folder around the result would be.
    fs::write(scene.path("out/file"), "mine").unwrap();
    let told = fail(scene.plan(&scene.path("out/file/run"), &["--force"]), 1);
    assert!(told.contains("out/file") && !told.contains("read tables"), "{told}");
    assert_eq!(fs::read_to_string(scene.path("out/file")).unwrap(), "mine");
}

#[test]
fn files_that_may_not_grow_leave_the_old_result() {
    let scene = Scene::new();
    let target = scene.planned();
    let old = files(&target);
    // Blocks of 512 bytes: no file over 8 KiB. With the signal ignored writes fail, else they kill.
    for (signal, code) in [("trap '' XFSZ", Some(1)), (":", None)] {
        let plan = scene.plan(&target, &["--force"]);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{signal}; ulimit -f 16; exec \"$@\""), "sh"]);
        command.arg(plan.get_program()).args(plan.get_args());
        command.envs(plan.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let done = command.output().unwrap();
        assert_eq!(done.status.code(), code, "{}", crate::common::text(&done.stderr));
        if code.is_some() {
            assert!(told(&done, 1).contains("File too large"));
            assert_eq!(names(&scene.path("out")), ["run"]);
        }
        assert!(files(&target) == old, "the old result is not what it was");
    }
    succeed(scene.plan(&target, &["--force"]));
    assert_eq!(names(&scene.path("out")), ["run"]);
}

#[test]
fn what_is_removed_under_a_run_is_told() {
    let scene = Scene::new();
    let target = scene.planned();
    let old = files(&target);
    // What is being written goes.
    let mut child = scene.plan(&target, &["--force"]).spawn().unwrap();
    let pending = scene.path(&format!("out/.run.{}.partial", child.id()));
    wait_until(&mut child, || pending.join("rollout.parquet").exists());
    remove(&pending);
    let said = told(&child.wait_with_output().unwrap(), 1);
    assert!(said.contains(".partial") && said.contains("run again"), "{said}");
    assert!(files(&target) == old, "the old result is not what it was");
    assert_eq!(names(&scene.path("out")), ["run"]);
    // One of the files goes after it was written; what comes later is written all the same.
    let mut child = scene.plan(&target, &["--force"]).spawn().unwrap();
    let pending = scene.path(&format!("out/.run.{}.partial", child.id()));
    wait_until(&mut child, || pending.join("report.html").exists());
    let _ = fs::remove_file(pending.join("rollout.parquet"));
    let done = child.wait_with_output().unwrap();
    if done.status.success() {
        // The run was faster.
        assert!(verifies(&target));
    } else {
        let said = told(&done, 1);
        assert!(said.contains("rollout.parquet"), "{said}");
        assert!(files(&target) == old, "the old result is not what it was");
    }
    // What is to be replaced goes: the new result takes its place.
    let mut child = scene.plan(&target, &["--force"]).spawn().unwrap();
    let pending = scene.path(&format!("out/.run.{}.partial", child.id()));
    wait_until(&mut child, || pending.exists());
    remove(&target);
    told(&child.wait_with_output().unwrap(), 0);
    assert!(verifies(&target));
    // All around goes.
    let mut child = scene.plan(&target, &["--force"]).spawn().unwrap();
    let pending = scene.path(&format!("out/.run.{}.partial", child.id()));
    wait_until(&mut child, || pending.exists());
    remove(&scene.path("out"));
    let said = told(&child.wait_with_output().unwrap(), 1);
    assert!(said.contains("run again"), "{said}");
}

/// Removes a folder into which somebody writes.
fn remove(folder: &Path) {
    for _ in 0..1000 {
        match fs::remove_dir_all(folder) {
            Ok(()) => return,
            Err(_) if !folder.exists() => return,
            Err(_) => {}
        }
    }
    panic!("{} cannot be removed", folder.display());
}
