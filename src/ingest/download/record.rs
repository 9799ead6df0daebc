//! What is known of the files of a folder: `fetched.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Fault, Result};
use crate::files::lock::Lock;
use crate::files::{PendingFile, hex, read_in_pieces};
use crate::limits;

/// The address of files that were put in place by hand.
const BY_HAND: &str = "put there by hand";
/// The list of the files of a folder.
pub(super) const FILE: &str = "fetched.json";
/// Held while the record is read, changed and written.
pub(super) const LOCK: &str = ".fetched.lock";

/// Where a file came from and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The address it came from.
    pub url: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// In hexadecimal.
    pub md5: String,
    /// Whether the server's MD5 was checked.
    pub md5_checked: bool,
    /// The day it was fetched, UTC.
    pub fetched: String,
    /// The server's `ETag`.
    #[serde(default)]
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    #[serde(default)]
    pub last_modified: Option<String>,
}

impl Record {
    /// Whether the file was put in place by hand.
    pub fn by_hand(&self) -> bool {
        self.url == BY_HAND
    }

    pub(super) fn new(url: &str, found: Hashes) -> Record {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let day = chrono::DateTime::from_timestamp(now as i64, 0).map(|t| t.date_naive().to_string());
        Record {
            url: url.to_owned(),
            bytes: found.bytes,
            sha256: found.sha256,
            md5: found.md5,
            md5_checked: false,
            fetched: day.unwrap_or_default(),
            etag: None,
            last_modified: None,
        }
    }

    pub(super) fn by_hand_now(found: Hashes) -> Record {
        Record::new(BY_HAND, found)
    }
}

/// Size and hashes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// In bytes.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// In hexadecimal.
    pub md5: String,
    /// The first bytes.
    pub start: Vec<u8>,
}

/// Reads a file through for its hashes.
///
/// # Errors
/// It cannot be read; interrupted.
pub fn hashes(path: &Path) -> Result<Hashes> {
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    let (mut bytes, mut start) = (0, Vec::new());
    read_in_pieces("read", path, |piece| {
        crate::stages::go_on()?;
        start.extend(&piece[..piece.len().min(64_usize.saturating_sub(start.len()))]);
        sha256.update(piece);
        md5.update(piece);
        bytes += piece.len() as u64;
        Ok(())
    })?;
    Ok(Hashes { bytes, sha256: hex(&sha256.finalize()), md5: hex(&md5.finalize()), start })
}

/// The records of a folder, none if there are none.
pub(super) fn load(folder: &Path) -> Result<BTreeMap<String, Record>> {
    let path = folder.join(FILE);
    let help = "remove it; the files beside it then count as put there by hand";
    if matches!(std::fs::symlink_metadata(&path), Err(e) if e.kind() == std::io::ErrorKind::NotFound) {
        return Ok(BTreeMap::new());
    }
    let bytes = limits::read_bytes("read", &path, "a list of fetched files", limits::JSON_BYTES, help)?;
    Ok(serde_json::from_slice(&bytes).map_err(|e| {
        Fault::new("download::record", format!("not a list of fetched files: {e}")).file(&path).help(help)
    })?)
}

/// Notes a file.
pub(super) fn store(folder: &Path, name: &str, record: &Record) -> Result<()> {
    let path = folder.join(FILE);
    // Two runs that note a file at once would each lose what the other noted.
    let _lock = Lock::wait(&folder.join(LOCK))?;
    let mut all = load(folder)?;
    all.insert(name.to_owned(), record.clone());
    let pending = PendingFile::begin(&path, true)?;
    let text = serde_json::to_vec_pretty(&all)
        .map_err(|e| Fault::new("internal::record", format!("the record cannot be written: {e}")))?;
    pending.write("write", text)?;
    pending.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_note_files_at_once_lose_none() {
        let home = tempfile::tempdir().unwrap();
        let found = |bytes| Hashes { bytes, sha256: String::new(), md5: String::new(), start: Vec::new() };
        std::thread::scope(|scope| {
            for run in 0..4 {
                let folder = home.path();
                scope.spawn(move || {
                    for file in 0..10 {
                        store(folder, &format!("{run}-{file}"), &Record::by_hand_now(found(file))).unwrap();
                    }
                });
            }
        });
        assert_eq!(load(home.path()).unwrap().len(), 4 * 10);
    }
}
