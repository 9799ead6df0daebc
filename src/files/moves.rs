//! Moves that put something in its place in one step, and what makes them outlast a power cut.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Moves a file or a folder to where nothing stands.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where something stands at `to`; or the system refuses.
pub fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match system::move_new(from, to) {
        Err(error) if cannot(&error) => {
            // Where the system cannot look and move in one step, what appears between the two is not seen.
            if to.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        done => done,
    }
}

/// Lets two files or folders of one file system change places, in one step.
///
/// # Errors
/// [`cannot`] tells whether the file system does not know how; or one of them is not there.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    system::exchange(one, other)
}

/// Whether an error of [`exchange`] says that the system does not know how.
pub fn cannot(error: &io::Error) -> bool {
    // A file system that does not know a flag says "invalid", a kernel that does not know the call "unsupported".
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod system {
    use std::io;
    use std::path::Path;

    use rustix::fs::{CWD, RenameFlags, renameat_with};

    pub(super) fn move_new(from: &Path, to: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }

    pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod system {
    use std::io::{ErrorKind, Result};
    use std::path::Path;

    pub(super) fn move_new(_: &Path, _: &Path) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn exchange(_: &Path, _: &Path) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// Waits until a file is on the disk.
///
/// # Errors
/// The disk refuses it: this is where a disk says that it lost what it had taken.
pub fn sync_file(path: &Path) -> io::Result<()> {
    // Some systems sync only what is open for writing.
    known(File::options().append(true).open(path)?.sync_all())
}

/// Waits until a folder and all that is in it is on the disk. Links are not followed.
///
/// # Errors
/// As [`sync_file`].
pub fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_tree(&entry.path())?;
        } else if kind.is_file() {
            sync_file(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// As [`sync_file`].
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { known(File::open(folder)?.sync_all()) } else { Ok(()) }
}

/// A file system that knows no syncing writes at once or never promises anything.
fn known(synced: io::Result<()>) -> io::Result<()> {
    synced.or_else(|error| if cannot(&error) { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_change_places_and_nothing_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["a", "b"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("who"), name).unwrap();
        }
        let who = |name: &str| fs::read_to_string(at(name).join("who")).unwrap();
        assert_eq!(move_new(&at("a"), &at("b")).unwrap_err().kind(), ErrorKind::AlreadyExists);
        match exchange(&at("a"), &at("b")) {
            Ok(()) => assert_eq!((who("a"), who("b")), ("b".into(), "a".into())),
            Err(error) => assert!(cannot(&error), "{error}"),
        }
        let before = who("a");
        move_new(&at("a"), &at("c")).unwrap();
        assert!(!at("a").exists() && who("c") == before);
        assert_eq!(exchange(&at("a"), &at("c")).map_err(|e| e.kind() == ErrorKind::NotFound || cannot(&e)), Err(true));
        sync_tree(home.path()).unwrap();
        assert_eq!(sync_tree(&at("a")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_to_nowhere_is_something() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("file"), "1").unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("link")).unwrap();
        let moved = move_new(&home.path().join("file"), &home.path().join("link"));
        assert_eq!(moved.unwrap_err().kind(), ErrorKind::AlreadyExists);
        sync_tree(home.path()).unwrap();
    }
}
