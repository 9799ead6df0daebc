//! The folder of a run: whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Fault, Result};

/// A folder that is written beside its final place and moved there when it is whole. Dropped before that, it goes.
pub struct PendingFolder {
    pending: PathBuf,
    target: PathBuf,
    force: bool,
    done: bool,
}

impl PendingFolder {
    /// Begins a folder that will stand at `target`.
    ///
    /// # Errors
    /// Something stands there and `force` is not given, or the folder cannot be made.
    pub fn begin(target: &Path, force: bool) -> Result<PendingFolder> {
        refuse_existing(target, force)?;
        let name = target.file_name().ok_or_else(|| {
            Fault::new("output::name", "this is no name for a folder")
                .file(target)
                .help("give --out a folder, e.g. out/plan")
        })?;
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| Fault::io("make the output folder", parent, &e))?;
        let mut pending_name = std::ffi::OsString::from(".");
        pending_name.push(name);
        pending_name.push(format!(".{}.partial", std::process::id()));
        let pending = parent.join(pending_name);
        fs::create_dir(&pending).map_err(|e| Fault::io("make the output folder", &pending, &e))?;
        Ok(PendingFolder { pending, target: target.to_owned(), force, done: false })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.pending
    }

    /// Moves the folder to its place; with `force` what stood there goes, but not before the new one is whole.
    ///
    /// # Errors
    /// Something has appeared there meanwhile, or the move fails; then what stood there still stands.
    pub fn commit(mut self) -> Result<PathBuf> {
        refuse_existing(&self.target, self.force)?;
        let failed = |e: std::io::Error| Fault::io("put the output folder in its place", &self.target, &e);
        if self.target.exists() {
            let mut old = self.pending.clone().into_os_string();
            old.push(".old");
            let old = PathBuf::from(old);
            fs::rename(&self.target, &old).map_err(failed)?;
            if let Err(error) = fs::rename(&self.pending, &self.target) {
                let _ = fs::rename(&old, &self.target);
                return Err(failed(error).into());
            }
            let _ = fs::remove_dir_all(&old);
        } else {
            fs::rename(&self.pending, &self.target).map_err(failed)?;
        }
        self.done = true;
        Ok(self.target.clone())
    }
}

impl Drop for PendingFolder {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.pending);
        }
    }
}

/// Refuses to write over something, early, before any work is done.
///
/// # Errors
/// Something stands at `target` and `force` is not given; or it is not a folder that a run wrote.
pub fn refuse_existing(target: &Path, force: bool) -> Result<()> {
    if !target.exists() {
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

    #[test]
    fn a_dropped_folder_leaves_the_old_result() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        let first = PendingFolder::begin(&target, false).unwrap();
        fs::write(first.path().join("manifest.json"), "1").unwrap();
        first.commit().unwrap();
        drop(PendingFolder::begin(&target, true).unwrap());
        assert_eq!(fs::read_to_string(target.join("manifest.json")).unwrap(), "1");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing else is left behind");

        let second = PendingFolder::begin(&target, true).unwrap();
        fs::write(second.path().join("manifest.json"), "2").unwrap();
        second.commit().unwrap();
        assert_eq!(fs::read_to_string(target.join("manifest.json")).unwrap(), "2");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn existing_folders_are_kept() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("diary.txt"), "mine").unwrap();
        let code = |force| refuse_existing(home.path(), force).unwrap_err().faults()[0].code;
        assert_eq!((code(false), code(true)), ("output::exists", "output::foreign"));
    }
}
