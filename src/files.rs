//! Single files: written whole or not at all, read in pieces.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Fault, Result};

/// Hands a file over in pieces, so that its size never decides how much memory is taken. `action` says in a fault what
/// was tried, e.g. `read`.
///
/// # Errors
/// It cannot be read, or whatever `take` returns.
pub fn read_in_pieces(action: &str, path: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let failed = |e: std::io::Error| Fault::io(action, path, &e);
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            read => take(&buffer[..read])?,
        }
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is written beside its final place and moved there when it is whole. Dropped before that, it goes.
pub struct PendingFile {
    pending: PathBuf,
    target: PathBuf,
    force: bool,
    done: bool,
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
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| Fault::io("make the output folder", parent, &e))?;
        let mut pending_name = std::ffi::OsString::from(format!(".{}.partial.", std::process::id()));
        pending_name.push(name);
        Ok(PendingFile { pending: parent.join(pending_name), target: target.to_owned(), force, done: false })
    }

    /// Where to write; the ending is that of the target.
    pub fn path(&self) -> &Path {
        &self.pending
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// Something has appeared there meanwhile, or the move fails; then what stood there still stands.
    pub fn commit(mut self) -> Result<()> {
        refuse_existing_file(&self.target, self.force)?;
        fs::rename(&self.pending, &self.target)
            .map_err(|e| Fault::io("put the file in its place", &self.target, &e))?;
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

/// Refuses to write over something, early, before any work is done.
///
/// # Errors
/// A folder stands at `target`, or a file and `force` is not given.
pub fn refuse_existing_file(target: &Path, force: bool) -> Result<()> {
    let fault = if target.is_dir() {
        Fault::new("output::name", "this is a folder").help("give --out a file")
    } else if target.exists() && !force {
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
}
