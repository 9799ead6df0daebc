//! Locks that the system lets go when their holder dies, however it dies.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Noted;
use crate::error::{Fault, Result};
use crate::stages::go_on;

/// Between two looks at a lock that another process holds.
const WAIT: Duration = Duration::from_millis(5);

/// A lock file that this process holds. Dropped, it goes.
///
/// It is removed while the lock is still held, and whoever takes a lock looks whether the file it locked is the one
/// that stands there: so nobody ends with the lock of a file that another run has removed.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _noted: Noted,
    /// Holds the lock for as long as it is open.
    _file: File,
}

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Asked {
    /// It is held now.
    Held(Lock),
    /// Another process holds it; with its number, where it could write it down.
    Busy(Option<u32>),
    /// The file system knows no locks (some network file systems).
    Unknown,
}

impl Lock {
    /// Asks for the lock file at `path`, without waiting.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn ask(path: &Path) -> io::Result<Asked> {
        // Each turn a holder has just gone; where that never ends, the file system does not tell one file from another.
        for _ in 0..1000 {
            let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
            match file.try_lock() {
                Ok(()) if !stands_at(&file, path) => continue,
                Ok(()) => {
                    // Only for the message to another run: a full disk loses no more than that.
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return Ok(Asked::Held(Lock { path: path.to_owned(), _noted: Noted::new(path), _file: file }));
                }
                Err(TryLockError::WouldBlock) => return Ok(Asked::Busy(holder(&mut file))),
                Err(TryLockError::Error(_)) => {
                    drop(file);
                    let _ = fs::remove_file(path);
                    return Ok(Asked::Unknown);
                }
            }
        }
        Ok(Asked::Unknown)
    }

    /// Waits for the lock file at `path`, for short work; none where the file system knows no locks.
    ///
    /// # Errors
    /// The file cannot be made; interrupted.
    pub fn wait(path: &Path) -> Result<Option<Lock>> {
        loop {
            match Lock::ask(path).map_err(|e| Fault::io("write", path, &e))? {
                Asked::Held(lock) => return Ok(Some(lock)),
                Asked::Unknown => return Ok(None),
                Asked::Busy(_) => {
                    go_on()?;
                    std::thread::sleep(WAIT);
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The number of the process that holds a lock file, which is short.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether an open file is the one that stands at a path, and not one that was removed there.
#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => of(open) == of(there),
        _ => false,
    }
}

/// Elsewhere an open file cannot be replaced by another.
#[cfg(not(unix))]
fn stands_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// Whether a file is locked by nobody: whoever made it is dead, or ended without removing it. `false` where that
/// cannot be told.
pub(super) fn is_abandoned(path: &Path) -> bool {
    File::options().read(true).write(true).open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_it_goes_with_its_holder() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".run.lock");
        let Asked::Held(first) = Lock::ask(&path).unwrap() else { panic!("free") };
        // Another open file is another holder, even in one process.
        let Asked::Busy(holder) = Lock::ask(&path).unwrap() else { panic!("held") };
        assert_eq!(holder, Some(std::process::id()));
        drop(first);
        assert!(!path.exists());
        // What a killed run leaves: the file, longer than a new number, and nobody who holds it.
        fs::write(&path, "123456789012345").unwrap();
        let Asked::Held(second) = Lock::ask(&path).unwrap() else { panic!("abandoned") };
        assert_eq!(fs::read_to_string(&path).unwrap(), std::process::id().to_string());
        drop(second);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn many_in_turn_never_share_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let (inside, taken) = (std::sync::atomic::AtomicU32::new(0), std::sync::atomic::AtomicU32::new(0));
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        if let Asked::Held(_lock) = Lock::ask(&path).unwrap() {
                            assert_eq!(inside.fetch_add(1, order), 0, "two hold one lock");
                            taken.fetch_add(1, order);
                            inside.fetch_sub(1, order);
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() >= 300, "whoever asked alone got it");
    }
}
