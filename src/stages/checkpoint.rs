//! What the long stages of a run have done, kept beside its place so that a run that was stopped can go on.
//!
//! A file holds the product of one stage: 16 bytes that say what it is, the SHA-256 of all that the product depends on
//! (the version of the program and the code that computes results, the scenario with every default, the bytes of each
//! input file, and the stage's name), the product, and the SHA-256 of the product. So a checkpoint is never out of date,
//! only unused, and a damaged one is as good as none.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Fault, Result};
use crate::files::{PendingFile, read_in_pieces};

/// First bytes of a checkpoint.
const MAGIC: &[u8; 16] = b"gandan stopped\n\0";
/// The ending of a checkpoint's name.
const ENDING: &str = "checkpoint";
/// Bytes of a SHA-256.
const HASH: usize = 32;

/// Stages that took less than this keep nothing: to read it again would gain too little.
pub const KEPT_AFTER: Duration = Duration::from_secs(1);

/// The folder of a run's checkpoints.
pub struct Checkpoints {
    folder: PathBuf,
    resume: bool,
    after: Duration,
    /// The scenario, with every default.
    asked: String,
    /// The files that the run reads, as they were when it began.
    inputs: Vec<(PathBuf, Option<Looks>)>,
    /// The hash of all that results depend on; none where that cannot be told.
    basis: OnceLock<Option<[u8; HASH]>>,
    told: Mutex<Told>,
}

/// Length in bytes and time of the last change.
type Looks = (u64, SystemTime);

/// What there is to tell.
#[derive(Default)]
struct Told {
    notes: Vec<String>,
    stored: usize,
    taken: usize,
    /// Whether keeping has failed, which is told once.
    failed: bool,
}

impl Checkpoints {
    /// Checkpoints in a folder, which is made when something is kept. `asked` is all that was asked, in any form that
    /// tells any two apart; `inputs` the files that are read. Stages that take less than `after` keep nothing. With
    /// `resume` what an earlier run kept is used where it fits.
    pub fn new(folder: PathBuf, asked: String, inputs: Vec<PathBuf>, resume: bool, after: Duration) -> Checkpoints {
        let inputs = inputs.into_iter().map(|path| (looks(&path), path)).map(|(looks, path)| (path, looks)).collect();
        Checkpoints { folder, resume, after, asked, inputs, basis: OnceLock::new(), told: Mutex::default() }
    }

    /// Whether an earlier run left something.
    pub fn are_there(&self) -> bool {
        fs::read_dir(&self.folder).is_ok_and(|entries| entries.flatten().any(|e| is_ours(&e.path())))
    }

    /// How many stages this run has kept or taken over: what another run could take over from it.
    pub fn count(&self) -> usize {
        let told = self.told();
        told.stored + told.taken
    }

    /// How many stages this run has taken over from an earlier one.
    pub fn taken(&self) -> usize {
        self.told().taken
    }

    /// What has happened since this was asked last, for the user.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.told().notes)
    }

    /// Removes all that is kept: the run is done.
    pub fn clear(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if is_ours(&entry.path()) {
                // What cannot be removed costs room and nothing else.
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir(&self.folder);
    }

    /// Does a part of the work that is called `name`, or takes it over from an earlier run.
    ///
    /// # Errors
    /// Those of the work; interrupted. That it cannot be kept is only told.
    fn keep<T: Serialize + DeserializeOwned>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.resume {
            match self.load(name) {
                Ok(Some(value)) => {
                    let mut told = self.told();
                    told.taken += 1;
                    told.notes.push(format!("{name}: taken over from the run that was stopped"));
                    return Ok(value);
                }
                Ok(None) => {}
                Err(why) => self.told().notes.push(format!("{name}: {why}; computed anew")),
            }
        }
        let begun = Instant::now();
        let value = work()?;
        // Work that was told to stop may have left something out.
        super::go_on()?;
        if begun.elapsed() >= self.after {
            self.store(name, &value);
        }
        Ok(value)
    }

    /// What is kept under a name, none if nothing is; or why it is not used.
    fn load<T: DeserializeOwned>(&self, name: &str) -> std::result::Result<Option<T>, &'static str> {
        let bytes = match fs::read(self.path(name)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err("what the stopped run kept cannot be read"),
        };
        const DAMAGED: &str = "what the stopped run kept is damaged";
        let (magic, rest) = bytes.split_at_checked(MAGIC.len()).ok_or(DAMAGED)?;
        let (key, rest) = rest.split_at_checked(HASH).ok_or(DAMAGED)?;
        let (body, hash) = rest.split_at_checked(rest.len().saturating_sub(HASH)).ok_or(DAMAGED)?;
        if magic != MAGIC || *hash != Sha256::digest(body)[..] {
            return Err(DAMAGED);
        }
        if self.key(name).is_none_or(|own| own[..] != *key) {
            return Err("the stopped run had other inputs, settings or another version");
        }
        postcard::from_bytes(body).map(Some).map_err(|_| DAMAGED)
    }

    fn store<T: Serialize>(&self, name: &str, value: &T) {
        let Some(key) = self.key(name) else {
            return self.fail("an input changed while it was read");
        };
        match self.write(name, &key, value) {
            Ok(()) => self.told().stored += 1,
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn write<T: Serialize>(&self, name: &str, key: &[u8; HASH], value: &T) -> Result<()> {
        let path = self.path(name);
        let io = |e: std::io::Error| Fault::io("keep what a stage did", &path, &e);
        let pending = PendingFile::begin(&path, true)?;
        let mut file = BufWriter::with_capacity(1 << 18, File::create(pending.path()).map_err(io)?);
        file.write_all(MAGIC).and_then(|()| file.write_all(key)).map_err(io)?;
        let body = Hashing { to: file, hash: Sha256::new(), failed: None };
        let (mut file, hash) = match postcard::to_io(value, body) {
            Ok(Hashing { to, hash, failed: None }) => (to, hash),
            Ok(Hashing { failed: Some(e), .. }) => return Err(io(e).into()),
            Err(e) => return Err(Fault::new("io", format!("cannot keep what a stage did: {e}")).file(&path).into()),
        };
        file.write_all(&hash.finalize()).and_then(|()| file.flush()).map_err(io)?;
        drop(file);
        pending.commit_soon()
    }

    /// Tells that nothing can be kept; the run goes on all the same.
    fn fail(&self, why: &str) {
        let mut told = self.told();
        if !told.failed {
            told.failed = true;
            told.notes.push(format!("this run keeps nothing that --resume could use: {why}"));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        self.folder.join(format!("{}.{ENDING}", name.chars().map(plain).collect::<String>()))
    }

    /// Nothing that holds the lock can leave it half changed.
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, name: &str) -> Option<[u8; HASH]> {
        let basis = (*self.basis.get_or_init(|| self.hash_all().ok()))?;
        let mut hash = Sha256::new();
        hash.update(basis);
        hash.update(name);
        Some(hash.finalize().into())
    }

    /// The hash of all that results depend on. It is made when it is first needed, because large inputs take a while;
    /// so an input that has changed since the run began is an error.
    fn hash_all(&self) -> Result<[u8; HASH]> {
        let mut hash = Sha256::new();
        hash.update(concat!(env!("CARGO_PKG_VERSION"), " ", env!("GANDAN_RESULT_CODE"), " "));
        hash.update((self.asked.len() as u64).to_le_bytes());
        hash.update(&self.asked);
        for (path, before) in &self.inputs {
            let mut of_file = Sha256::new();
            read_in_pieces("read an input for its hash", path, |piece| {
                super::go_on()?;
                of_file.update(piece);
                Ok(())
            })?;
            hash.update(of_file.finalize());
            if before.is_none() || looks(path) != *before {
                return Err(Error::from(Fault::new("io", "it changed while it was read").file(path)));
            }
        }
        Ok(hash.finalize().into())
    }
}

fn looks(path: &Path) -> Option<Looks> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// Checkpoints, and those that a killed run had not finished.
fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == ENDING)
}

/// Writes on, and hashes what it writes. The first error of the disk is kept, because postcard does not tell it.
struct Hashing<W: Write> {
    to: W,
    hash: Sha256,
    failed: Option<std::io::Error>,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.failed.is_none()
            && let Err(error) = self.to.write_all(bytes)
        {
            self.failed = Some(error);
        }
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// What does a part of the work: with checkpoints, or just so.
#[derive(Clone, Copy, Default)]
pub struct Keep<'a>(Option<&'a Checkpoints>);

impl<'a> Keep<'a> {
    /// Keeps nothing.
    pub const NOTHING: Keep<'static> = Keep(None);

    /// Keeps what takes long.
    pub fn with(checkpoints: &'a Checkpoints) -> Keep<'a> {
        Keep(Some(checkpoints))
    }

    /// Does a part of the work; or, in a run that goes on where another was stopped, takes over what that one did. In a
    /// run each part has a `name` of its own, which users see.
    ///
    /// # Errors
    /// Those of the work.
    pub fn keep<T: Serialize + DeserializeOwned>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.0 {
            Some(checkpoints) => checkpoints.keep(name, work),
            None => work(),
        }
    }

    /// What there is to tell the user.
    pub(super) fn notes(&self) -> Vec<String> {
        self.0.map_or_else(Vec::new, Checkpoints::take_notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn new() -> Home {
            let home = Home { folder: tempfile::tempdir().unwrap() };
            fs::write(home.input(), "roads").unwrap();
            home
        }

        fn input(&self) -> PathBuf {
            self.folder.path().join("input")
        }

        fn run(&self, asked: &str, resume: bool, after: Duration) -> Checkpoints {
            let folder = self.folder.path().join(".run.checkpoint");
            Checkpoints::new(folder, asked.into(), vec![self.input()], resume, after)
        }

        fn files(&self) -> usize {
            fs::read_dir(self.folder.path().join(".run.checkpoint")).map_or(0, Iterator::count)
        }
    }

    fn two(checkpoints: &Checkpoints, value: &[u32]) -> (Vec<u32>, String) {
        let keep = Keep::with(checkpoints);
        let first = keep.keep("cover sets, today", || Ok(value.to_vec())).unwrap();
        (first, keep.keep("phase 1", || Ok(format!("{value:?}"))).unwrap())
    }

    #[test]
    fn what_was_kept_is_taken_over_where_it_fits() {
        let home = Home::new();
        let first = home.run("a", false, Duration::ZERO);
        assert!(!first.are_there());
        let found = two(&first, &[7, 8]);
        assert_eq!((first.count(), first.taken(), home.files(), first.take_notes().len()), (2, 0, 2, 0));

        // The work of the second would give another answer; it is not done.
        let second = home.run("a", true, Duration::ZERO);
        assert!(second.are_there());
        assert_eq!(two(&second, &[9]), found);
        assert_eq!((second.count(), second.taken()), (2, 2));
        assert_eq!(second.take_notes()[0], "cover sets, today: taken over from the run that was stopped");

        // Not asked for, asked otherwise, another input: done anew.
        assert_eq!(two(&home.run("a", false, KEPT_AFTER), &[9]).0, [9]);
        let other = home.run("b", true, KEPT_AFTER);
        assert_eq!(two(&other, &[9]).0, [9]);
        assert!(other.take_notes()[0].ends_with("other inputs, settings or another version; computed anew"));
        fs::write(home.input(), "other").unwrap();
        assert_eq!(two(&home.run("a", true, KEPT_AFTER), &[9]).0, [9]);
        fs::write(home.input(), "roads").unwrap();
        assert_eq!(two(&home.run("a", true, KEPT_AFTER), &[9]), found);

        second.clear();
        assert_eq!(fs::read_dir(home.folder.path()).unwrap().count(), 1, "the input alone");
    }

    #[test]
    fn a_damaged_checkpoint_is_as_good_as_none() {
        let home = Home::new();
        two(&home.run("a", false, Duration::ZERO), &[7, 8]);
        let path = home.folder.path().join(".run.checkpoint/phase-1.checkpoint");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            let run = home.run("a", true, KEPT_AFTER);
            assert_eq!(two(&run, &[9]).1, "[9]", "byte {at}");
            assert_eq!(run.taken(), 1);
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(two(&home.run("a", true, KEPT_AFTER), &[9]).1, "[9]", "{at} bytes");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(two(&home.run("a", true, KEPT_AFTER), &[9]).1, "[7, 8]");
    }

    #[test]
    fn short_stages_and_changing_inputs_keep_nothing() {
        let home = Home::new();
        let short = home.run("a", false, Duration::from_secs(3600));
        two(&short, &[7]);
        assert_eq!((short.count(), home.files()), (0, 0));
        let changing = home.run("a", false, Duration::ZERO);
        fs::write(home.input(), "longer than before").unwrap();
        two(&changing, &[7]);
        let notes = changing.take_notes();
        assert_eq!((changing.count(), home.files(), notes.len()), (0, 0, 1));
        assert!(notes[0].contains("an input changed"), "{notes:?}");
        // No folder can be made where a file stands.
        fs::write(home.folder.path().join(".run.checkpoint"), "").unwrap();
        let blocked = home.run("a", true, Duration::ZERO);
        assert_eq!(two(&blocked, &[7]).0, [7]);
        assert!(blocked.take_notes().iter().any(|n| n.contains("keeps nothing")), "told");
    }
}
