//! Every reader of gandan fed with bytes of any kind: what the fuzz targets and the drill with damaged inputs
//! (`tests/faults/damaged.rs`, which includes this file) have in common.
//!
//! A function here takes the bytes of one input, gives them to the functions to which the product gives such a file, and
//! holds what must hold: an answer that keeps its promises, or a fault that a person can act on. It panics where not.

// Each target uses its part of this.
#![allow(dead_code, clippy::panic)]

pub mod cover;
pub mod download;
pub mod frames;
pub mod roads;
pub mod run;
pub mod shapes;
pub mod tables;

use std::path::{Path, PathBuf};

use gandan::error::{Error, Fault, Result};

/// The longest message that a person still reads, in letters, with its place and its help.
const LONGEST_MESSAGE: usize = 4000;

/// What came of inputs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Readers that took their input.
    pub read: u64,
    /// Readers that refused it with a fault.
    pub refused: u64,
}

impl Tally {
    /// Counts one answer, and hands over what was read.
    ///
    /// # Panics
    /// The input was refused in a way that helps nobody: without a fault, without code or message, with a message that is
    /// no sentence of a sensible length, as a fault of the program itself, or as an interruption.
    pub fn judge<T>(&mut self, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.read += 1;
                Some(value)
            }
            Err(error) => {
                self.refused += 1;
                assert!(!matches!(error, Error::Interrupted), "nobody has interrupted");
                assert!(!error.faults().is_empty(), "refused without a fault");
                error.faults().iter().for_each(is_of_use);
                None
            }
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.read += other.read;
        self.refused += other.refused;
    }
}

/// Whether a person can act on a fault.
fn is_of_use(fault: &Fault) {
    let letters =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b"-_0123456789".contains(&b));
    assert!(fault.code.split("::").all(letters), "the code `{}`", fault.code);
    assert!(!fault.code.starts_with("internal"), "an input is no fault of the program: {fault}");
    assert!(!fault.message.trim().is_empty(), "{} says nothing", fault.code);
    let told = [Some(&fault.message), fault.place.as_ref(), fault.help.as_ref()];
    let letters: usize = told.into_iter().flatten().map(|text| text.chars().count()).sum();
    assert!(letters <= LONGEST_MESSAGE, "{} tells {letters} letters", fault.code);
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!told.into_iter().flatten().any(|text| text.contains(obeyed)), "{} rules the terminal", fault.code);
    if let Some(snippet) = &fault.snippet {
        assert!(
            snippet.text.get(snippet.span.clone()).is_some(),
            "{}: no such place as {:?}",
            fault.code,
            snippet.span
        );
    }
}

/// A folder for the files of one process or test, removed with it; in memory where `TMPDIR` is.
pub struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Makes the folder; `name` tells those of one process apart.
    ///
    /// # Panics
    /// The disk refuses.
    pub fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("gandan-damaged-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        must(std::fs::create_dir_all(&folder));
        Scratch { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// The disk refuses.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        must(std::fs::write(&path, bytes));
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The value of something that only a broken machine or a broken test can fail at.
pub(crate) fn must<T, E: std::fmt::Display>(result: std::result::Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the test itself fails: {error}"),
    }
}

/// A study area of two small wards in the demo city, as GeoJSON.
pub const WARDS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"1","name":"Tây","population":4000},"geometry":{"type":"Polygon","coordinates":
[[[105.83,21.025],[105.84,21.025],[105.84,21.04],[105.83,21.04],[105.83,21.025]]]}},
{"type":"Feature","properties":{"code":"2","name":"Đông","population":5000},"geometry":{"type":"Polygon","coordinates":
[[[105.84,21.025],[105.85,21.025],[105.85,21.04],[105.84,21.04],[105.84,21.025]]]}}]}
"#;

/// Four sites in it, as CSV.
pub const SITES: &str = "id,name,lon,lat,organisation,operator,fixed,cost,years_in_field,charter_capital_vnd,scanner
a,Bưu cục A,105.832,21.03,postal,X,true,1,5,3000000000,có
b,Bưu cục B,105.838,21.036,postal,X,false,2,5,3000000000,yes
c,Đại lý C,105.843,21.028,it,Y,false,1,,,
d,\"Đại lý D, số 2\",105.848,21.038,it,Y,false,1.5,5,3000000000,0
";
