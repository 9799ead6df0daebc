//! Single files: written whole or not at all, read in pieces.

pub mod lock;
pub mod moves;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Fault, Result};

/// What this process is writing beside its place: what it must remove if it has to end at once.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Nothing that holds the lock can leave the list half changed.
fn pending() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that is written beside its place, until this is dropped.
#[derive(Debug)]
pub(crate) struct Noted(PathBuf);

impl Noted {
    /// Notes a file or a folder.
    pub(crate) fn new(path: &Path) -> Noted {
        pending().push(path.to_owned());
        Noted(path.to_owned())
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        pending().retain(|path| *path != self.0);
    }
}

/// Removes all that this process is writing beside its place, as well as can be while others write there: for a process
/// that ends at once.
pub fn remove_pending() {
    let paths = pending().clone();
    for path in paths {
        let is_there = || path.symlink_metadata().is_ok();
        for _ in 0..20 {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if removed.is_ok() || !is_there() {
                break;
            }
        }
    }
}

/// Hands a file over in pieces, so that its size never decides how much memory is taken. `action` says in a fault what
/// was tried, e.g. `read`.
///
/// # Errors
/// It cannot be read, or whatever `take` returns.
pub fn read_in_pieces(action: &str, path: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let failed = |e: std::io::Error| Fault::io(action, path, &e);
    let mut file = open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            read => take(&buffer[..read])?,
        }
    }
}

/// Opens an input. A pipe or a device is refused before it is opened: inputs are read more than once, a pipe without a
/// writer never opens, and some devices never end.
///
/// # Errors
/// There is none, it may not be read, or it is no regular file.
pub fn open(path: &Path) -> std::io::Result<fs::File> {
    use std::io::{Error, ErrorKind};
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder and no file"));
    }
    if !kind.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a pipe or a device and no file"));
    }
    fs::File::open(path)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is written beside its final place and moved there when it is whole. Dropped before that, it goes; what a
/// killed run left of an earlier try goes when the next one begins.
#[derive(Debug)]
pub struct PendingFile {
    pending: PathBuf,
    target: PathBuf,
    force: bool,
    done: bool,
    _noted: Noted,
    /// Open and locked, so that others see that this file is being written.
    _held: Option<fs::File>,
}

impl PendingFile {
    /// Begins a file that will stand at `target`; its folder is made where needed.
    ///
    /// # Errors
    /// Something stands there and `force` is not given, it is a folder, or the folder around it cannot be made.
    pub fn begin(target: &Path, force: bool) -> Result<PendingFile> {
        refuse_existing_file(target, force)?;
        let name = target.file_name().ok_or_else(|| {
            Fault::new("output::name", "this is no name for a file").file(target).help("give --out a file")
        })?;
        let parent = parent_of(target);
        fs::create_dir_all(parent).map_err(|e| Fault::io("make the output folder", parent, &e))?;
        remove_abandoned(parent, name);
        let mut pending_name = std::ffi::OsString::from(format!(".{}.partial.", std::process::id()));
        pending_name.push(name);
        let pending = parent.join(pending_name);
        let noted = Noted::new(&pending);
        let held = fs::File::create(&pending).map_err(|e| Fault::io("write beside the output file", &pending, &e))?;
        // Elsewhere a lock would bind those who write the file by its name, too.
        let held = if cfg!(unix) && held.try_lock().is_ok() { Some(held) } else { None };
        Ok(PendingFile { pending, target: target.to_owned(), force, done: false, _noted: noted, _held: held })
    }

    /// Where to write; the ending is that of the target.
    pub fn path(&self) -> &Path {
        &self.pending
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, action: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(fs::write(&self.pending, bytes).map_err(|e| Fault::io(action, &self.target, &e))?)
    }

    /// Moves the file to its place, and waits until it is on the disk.
    ///
    /// # Errors
    /// Something has appeared there meanwhile, the disk refuses, or the move fails; then what stood there still stands.
    pub fn commit(self) -> Result<()> {
        let failed = |e: std::io::Error| Fault::io("put the file in its place", &self.target, &e);
        moves::sync_file(&self.pending).map_err(failed)?;
        let parent = parent_of(&self.target).to_owned();
        self.commit_soon()?;
        // It stands there; a folder that cannot be synced takes nothing back.
        let _ = moves::sync_folder(&parent);
        Ok(())
    }

    /// As [`PendingFile::commit`], without waiting for the disk: for files that hold their own hash, so that one cut
    /// off by a power cut is noticed and made again.
    ///
    /// # Errors
    /// As [`PendingFile::commit`].
    pub fn commit_soon(mut self) -> Result<()> {
        refuse_existing_file(&self.target, self.force)?;
        let moved = match self.force {
            true => fs::rename(&self.pending, &self.target),
            false => moves::move_new(&self.pending, &self.target),
        };
        moved.map_err(|e| Fault::io("put the file in its place", &self.target, &e))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.pending);
        }
    }
}

/// Writes a file, whole or not at all. `action` says in a fault what was tried, e.g. `write the picture`.
///
/// # Errors
/// Something stands there and `force` is not given, or the disk refuses.
pub fn write_whole(action: &str, target: &Path, force: bool, bytes: impl AsRef<[u8]>) -> Result<()> {
    let file = PendingFile::begin(target, force)?;
    file.write(action, bytes)?;
    file.commit()
}

/// The folder in which something stands; `.` for a bare name.
pub fn parent_of(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what killed runs left of a file that they were writing. What another run is writing is locked, and stays;
/// where there are no locks, all stays.
fn remove_abandoned(parent: &Path, name: &std::ffi::OsStr) {
    let Some(name) = name.to_str().filter(|_| cfg!(unix)) else { return };
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let of_run = |file: &str| {
            let process = file.strip_prefix('.')?.strip_suffix(name)?.strip_suffix(".partial.")?;
            process.parse::<u32>().ok()
        };
        if file.to_str().and_then(of_run).is_some_and(|process| process != std::process::id())
            && lock::is_abandoned(&entry.path())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Refuses to write over something, early, before any work is done.
///
/// # Errors
/// A folder stands at `target`, or a file and `force` is not given.
pub fn refuse_existing_file(target: &Path, force: bool) -> Result<()> {
    let fault = if target.is_dir() {
        Fault::new("output::name", "this is a folder").help("give --out a file")
    } else if target.symlink_metadata().is_ok() && !force {
        Fault::new("output::exists", "this file stands already").help("give another --out, or --force to replace it")
    } else {
        return Ok(());
    };
    Err(fault.file(target).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/table.parquet");
        let first = PendingFile::begin(&target, false).unwrap();
        assert_eq!(first.path().extension().unwrap(), "parquet");
        fs::write(first.path(), "1").unwrap();
        assert!(!target.exists());
        first.commit().unwrap();
        assert!(PendingFile::begin(&target, false).is_err());
        let dropped = PendingFile::begin(&target, true).unwrap();
        fs::write(dropped.path(), "half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_to_string(&target).unwrap(), "1");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
        assert!(PendingFile::begin(home.path(), true).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn what_a_killed_run_left_goes_and_what_is_being_written_stays() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        // 4194304 is beyond the largest process number of Linux: a run that is dead; another file; not ours.
        for name in [".4194304.partial.a.json", ".4194304.partial.b.json", ".x.partial.a.json"] {
            fs::write(at(name), "half").unwrap();
        }
        fs::write(at(".4194305.partial.a.json"), "being written").unwrap();
        let other = fs::File::open(at(".4194305.partial.a.json")).unwrap();
        other.lock().unwrap();
        let file = PendingFile::begin(&at("a.json"), false).unwrap();
        file.write("write", "whole").unwrap();
        // Appeared meanwhile: kept.
        fs::write(at("a.json"), "theirs").unwrap();
        assert_eq!(file.commit().unwrap_err().faults()[0].code, "output::exists");
        assert_eq!(fs::read_to_string(at("a.json")).unwrap(), "theirs");
        let mut left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".4194304.partial.b.json", ".4194305.partial.a.json", ".x.partial.a.json", "a.json"]);
    }
}
