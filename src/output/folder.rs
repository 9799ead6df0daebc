//! The folder of a run: whole or not at all, and of one run at a time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Fault, Result};
use crate::files::lock::{Asked, Lock};
use crate::files::{Noted, moves, parent_of};

/// A place for a folder that this run alone may write, from before its work begins until this is dropped.
///
/// Beside the folder `NAME` stand, as long as they are needed: the lock `.NAME.lock`, what is being written
/// `.NAME.PROCESS.partial`, and what a long run has done so far, [`Place::checkpoints`].
#[derive(Debug)]
pub struct Place {
    target: PathBuf,
    force: bool,
    lock: Option<Lock>,
    /// Folders around the target that were not there, outermost first.
    made: Vec<PathBuf>,
}

impl Place {
    /// Claims a place, before any work is done. What killed runs left there is mended and removed.
    ///
    /// # Errors
    /// Something stands there and `force` is not given, or it is not a folder that a run wrote; another run holds the
    /// place; or nothing can be written beside it. Then nothing was touched.
    pub fn claim(target: &Path, force: bool) -> Result<Place> {
        refuse_existing(target, force)?;
        if target.file_name().is_none() {
            return Err(Fault::new("output::name", "this is no name for a folder")
                .file(target)
                .help("give --out a folder, e.g. out/plan")
                .into());
        }
        let mut place = Place { target: target.to_owned(), force, lock: None, made: Vec::new() };
        place.lock = place.ask_for_lock()?;
        if place.lock.is_some() {
            place.mend();
            // What was put back may not be replaced without being asked.
            refuse_existing(target, force)?;
        }
        Ok(place)
    }

    fn ask_for_lock(&mut self) -> Result<Option<Lock>> {
        let path = self.beside("lock");
        // Another run that ends may remove the folder that it made and this one had found.
        for _ in 0..100 {
            self.make_parents()?;
            return match Lock::ask(&path) {
                Ok(Asked::Held(lock)) => Ok(Some(lock)),
                Ok(Asked::Unknown) => Ok(None),
                Ok(Asked::Busy(holder)) => {
                    let who = holder.map_or(String::new(), |process| format!(" (process {process})"));
                    Err(Fault::new("output::busy", format!("another run of gandan{who} is writing this folder"))
                        .file(&self.target)
                        .help("wait until it ends, or give another --out")
                        .into())
                }
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => Err(Fault::io("write beside the output folder", &path, &error).into()),
            };
        }
        let parent = parent_of(&self.target);
        Err(Fault::io("write beside the output folder", parent, &ErrorKind::NotFound.into()).into())
    }

    fn make_parents(&mut self) -> Result<()> {
        let parent = parent_of(&self.target).to_owned();
        let missing: Vec<&Path> =
            parent.ancestors().take_while(|p| !p.as_os_str().is_empty() && p.symlink_metadata().is_err()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => self.made.push(folder.to_owned()),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Fault::io("make the output folder", folder, &e).into()),
            }
        }
        Ok(())
    }

    /// Puts back what a run that was killed had moved aside, and removes the rest of what such runs left. Only the
    /// holder of the lock may: nobody else writes here.
    fn mend(&self) {
        let left = self.left_by_runs();
        let is_old = |path: &&PathBuf| path.extension().is_some_and(|e| e == "old");
        if self.target.symlink_metadata().is_err()
            && let Some(old) = left.iter().find(is_old)
        {
            let _ = moves::move_new(old, &self.target);
        }
        for path in left {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // Debris that cannot be removed is in nobody's way.
            let _ = removed;
        }
    }

    /// `.NAME.PROCESS.partial` and `.NAME.PROCESS.partial.old` of any process.
    fn left_by_runs(&self) -> Vec<PathBuf> {
        let Some(name) = self.target.file_name().and_then(|n| n.to_str()) else { return Vec::new() };
        let of_run = |file: &str| {
            let rest = file.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?;
            let process = rest.strip_suffix(".partial").or_else(|| rest.strip_suffix(".partial.old"))?;
            process.parse::<u32>().ok()
        };
        let entries = fs::read_dir(parent_of(&self.target)).into_iter().flatten().flatten();
        entries.filter(|e| e.file_name().to_str().and_then(of_run).is_some()).map(|e| e.path()).collect()
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.target.file_name().unwrap_or_default());
        name.push(".");
        name.push(ending);
        parent_of(&self.target).join(name)
    }

    /// Where the folder will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where a long run keeps what it has done so far.
    pub fn checkpoints(&self) -> PathBuf {
        self.beside("checkpoint")
    }

    /// Begins the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn begin(&self) -> Result<PendingFolder<'_>> {
        let pending = self.beside(&format!("{}.partial", std::process::id()));
        let noted = Noted::new(&pending);
        fs::create_dir(&pending).map_err(|e| Fault::io("make the output folder", &pending, &e))?;
        Ok(PendingFolder { place: self, pending, done: false, seen: RefCell::default(), _noted: noted })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.lock.take());
        for folder in self.made.iter().rev() {
            // Stays if anything is in it.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A folder that is written beside its final place and moved there when it is whole. Dropped before that, it goes.
#[derive(Debug)]
pub struct PendingFolder<'a> {
    place: &'a Place,
    pending: PathBuf,
    done: bool,
    /// Files that were there when last looked at.
    seen: RefCell<BTreeSet<PathBuf>>,
    _noted: Noted,
}

impl PendingFolder<'_> {
    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.pending
    }

    /// Looks which files are there. From then on none of them may go: a folder from which somebody removes files while it
    /// is written never takes its place.
    ///
    /// # Errors
    /// A file that was there before has gone.
    pub fn look(&self) -> Result<()> {
        let there = files_in(&self.pending).map_err(|e| self.failed(&e))?;
        let mut seen = self.seen.borrow_mut();
        if let Some(gone) = seen.iter().find(|file| !there.contains(*file)) {
            return Err(vanished(gone).into());
        }
        *seen = there;
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Fault {
        match error.kind() {
            ErrorKind::NotFound => vanished(&self.pending),
            _ => Fault::io("put the output folder in its place", &self.place.target, error),
        }
    }

    /// Moves the folder to its place once it is on the disk. With `force` what stood there goes, but not before the new
    /// one stands: the two change places in one step where the file system can, so that at every moment one of them is
    /// there.
    ///
    /// # Errors
    /// Something has appeared there meanwhile, what was written has gone, or the disk refuses; then what stood there
    /// still stands.
    pub fn commit(mut self) -> Result<PathBuf> {
        let target = &self.place.target;
        let failed = |e: std::io::Error| self.failed(&e);
        refuse_existing(target, self.place.force)?;
        moves::sync_tree(&self.pending).map_err(failed)?;
        self.look()?;
        match moves::move_new(&self.pending, target) {
            Err(e) if self.place.force && e.kind() == ErrorKind::AlreadyExists => self.replace().map_err(failed)?,
            moved => moved.map_err(failed)?,
        }
        // From here on the new folder stands, whatever happens.
        let _ = moves::sync_folder(parent_of(target));
        let target = target.clone();
        self.done = true;
        let _ = fs::remove_dir_all(&self.pending);
        let _ = fs::remove_dir_all(self.aside());
        Ok(target)
    }

    fn replace(&self) -> std::io::Result<()> {
        match moves::exchange(&self.pending, &self.place.target) {
            Err(error) if moves::cannot(&error) => self.replace_in_two_steps(),
            done => done,
        }
    }

    /// Where nothing changes places in one step, the old folder is moved aside first. A run that is killed between the
    /// two moves leaves it there, and the next claim of the place puts it back.
    fn replace_in_two_steps(&self) -> std::io::Result<()> {
        let (target, aside) = (&self.place.target, self.aside());
        moves::move_new(target, &aside)?;
        moves::move_new(&self.pending, target).inspect_err(|_| {
            let _ = moves::move_new(&aside, target);
        })
    }

    fn aside(&self) -> PathBuf {
        let mut aside = self.pending.clone().into_os_string();
        aside.push(".old");
        PathBuf::from(aside)
    }
}

impl Drop for PendingFolder<'_> {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.pending);
        }
    }
}

fn vanished(path: &Path) -> Fault {
    Fault::new("output::vanished", "what this run wrote was removed before it was whole")
        .file(path)
        .help("leave hidden folders beside the output folder alone while gandan runs; run again")
}

/// All files of a folder and of the folders in it.
fn files_in(folder: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    let (mut found, mut waiting) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else {
                found.insert(entry.path());
            }
        }
    }
    Ok(found)
}

/// Refuses to write over something, early, before any work is done.
///
/// # Errors
/// Something stands at `target` and `force` is not given; or it is not a folder that a run wrote.
pub fn refuse_existing(target: &Path, force: bool) -> Result<()> {
    // A link that leads nowhere is something, too.
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    if !force {
        return Err(Fault::new("output::exists", "this folder stands already")
            .file(target)
            .help("give another --out, or --force to replace it")
            .into());
    }
    let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
    let holds = |file: &str| target.join(file).is_file();
    // The last is a folder of fetched inputs; the cache of downloads has a fetched.json alone.
    let ours = ["manifest.json", "answer.json", "synth.json"].into_iter().any(holds)
        || (holds("fetched.json") && holds("study_area.geojson"));
    if !(target.is_dir() && (empty || ours)) {
        return Err(Fault::new("output::foreign", "this was not written by gandan, so --force does not replace it")
            .file(target)
            .help("give another --out, or move it away yourself")
            .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(home: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(home).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(target: &Path, force: bool, text: &str) {
        let place = Place::claim(target, force).unwrap();
        let folder = place.begin().unwrap();
        fs::write(folder.path().join("manifest.json"), text).unwrap();
        assert_eq!(folder.commit().unwrap(), target);
    }

    fn read(target: &Path) -> String {
        fs::read_to_string(target.join("manifest.json")).unwrap()
    }

    #[test]
    fn a_dropped_folder_leaves_the_old_result() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        write(&target, false, "1");
        drop(Place::claim(&target, true).unwrap().begin().unwrap());
        assert_eq!(read(&target), "1");
        assert_eq!(names(home.path()), ["run"], "nothing else is left behind");
        write(&target, true, "2");
        assert_eq!(read(&target), "2");
        assert_eq!(names(home.path()), ["run"]);
    }

    #[test]
    fn two_steps_do_as_one() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        write(&target, false, "1");
        let place = Place::claim(&target, true).unwrap();
        let folder = place.begin().unwrap();
        fs::write(folder.path().join("manifest.json"), "2").unwrap();
        folder.replace_in_two_steps().unwrap();
        assert_eq!((read(&target), read(&folder.aside())), ("2".into(), "1".into()));
        // What was to come is gone: the old one is put back.
        fs::remove_dir_all(folder.aside()).unwrap();
        assert_eq!(folder.replace_in_two_steps().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(read(&target), "2");
        assert_eq!(folder.commit().unwrap_err().faults()[0].code, "output::vanished");
        drop(place);
        assert_eq!(names(home.path()), ["run"]);
    }

    #[test]
    fn a_folder_from_which_files_went_never_takes_its_place() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        let place = Place::claim(&target, false).unwrap();
        for whole_folder in [false, true] {
            let folder = place.begin().unwrap();
            for name in ["rollout.parquet", "cells.parquet"] {
                fs::write(folder.path().join(name), name).unwrap();
            }
            folder.look().unwrap();
            if whole_folder {
                fs::remove_dir_all(folder.path()).unwrap();
                fs::create_dir(folder.path()).unwrap();
            } else {
                fs::remove_file(folder.path().join("cells.parquet")).unwrap();
            }
            // What comes later is written all the same.
            fs::write(folder.path().join("manifest.json"), "3").unwrap();
            assert_eq!(folder.commit().unwrap_err().faults()[0].code, "output::vanished");
            assert!(!target.exists());
        }
    }

    #[test]
    fn what_a_killed_run_left_is_mended() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        let make = |name: &str, text: &str| {
            fs::create_dir(home.path().join(name)).unwrap();
            fs::write(home.path().join(name).join("manifest.json"), text).unwrap();
        };
        // Killed between two moves: the old one is aside, the new one not there.
        make(".run.77.partial.old", "1");
        make(".run.77.partial", "2");
        fs::write(home.path().join(".run.lock"), "77").unwrap();
        // Those of others stay.
        make(".run.x.partial", "theirs");
        make(".other.77.partial", "theirs");
        assert_eq!(Place::claim(&target, false).unwrap_err().faults()[0].code, "output::exists");
        assert_eq!(read(&target), "1", "put back, and not replaced without being asked");
        assert_eq!(names(home.path()), [".other.77.partial", ".run.x.partial", "run"]);
        make(".run.78.partial", "half");
        write(&target, true, "3");
        assert_eq!(read(&target), "3");
        assert_eq!(names(home.path()), [".other.77.partial", ".run.x.partial", "run"]);
    }

    #[test]
    fn the_second_of_two_is_refused_and_touches_nothing() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("not/there/yet/run");
        let first = Place::claim(&target, false).unwrap();
        let folder = first.begin().unwrap();
        fs::write(folder.path().join("manifest.json"), "1").unwrap();
        let error = Place::claim(&target, true).unwrap_err();
        let fault = &error.faults()[0];
        assert_eq!(fault.code, "output::busy");
        assert!(fault.message.contains(&format!("process {}", std::process::id())), "{}", fault.message);
        folder.commit().unwrap();
        drop(first);
        assert_eq!(read(&target), "1");
        assert_eq!(names(target.parent().unwrap()), ["run"]);
    }

    #[test]
    fn folders_made_for_nothing_go() {
        let home = tempfile::tempdir().unwrap();
        drop(Place::claim(&home.path().join("a/b/run"), false).unwrap());
        assert_eq!(names(home.path()), [""; 0]);
        fs::write(home.path().join("a"), "a file").unwrap();
        assert_eq!(Place::claim(&home.path().join("a/run"), true).unwrap_err().faults()[0].code, "io");
        assert_eq!(Place::claim(Path::new(".."), true).unwrap_err().exit_code(), 1);
    }

    #[test]
    fn existing_folders_are_kept() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("diary.txt"), "mine").unwrap();
        let code = |force| refuse_existing(home.path(), force).unwrap_err().faults()[0].code;
        assert_eq!((code(false), code(true)), ("output::exists", "output::foreign"));
    }
}
