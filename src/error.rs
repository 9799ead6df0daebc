//! What can go wrong, told so that the reader can mend it.
//!
//! A [`Fault`] is one thing wrong with one input: it names the file, the place in it, the value found, what was
//! allowed, and what to do next. Faults of one stage are collected and shown together, not one a run.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of anything that may fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command did not finish. The variant decides the exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bad input: exit code 1. Never empty.
    #[error("{}", summary(.0))]
    Input(Vec<Fault>),
    /// The inputs are sound, but what was asked of them cannot be had: exit code 3.
    #[error("{0}")]
    Targets(Fault),
    /// Stopped by the user: exit code 4.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl Error {
    /// The process exit code documented in the README.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) => 1,
            Error::Targets(_) => 3,
            Error::Interrupted => 4,
        }
    }

    /// The faults behind this error, in the order in which they were found.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Error::Input(faults) => faults,
            Error::Targets(fault) => std::slice::from_ref(fault),
            Error::Interrupted => &[],
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Input(vec![fault])
    }
}

/// One thing wrong with one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code, e.g. `osm::truncated`, documented in `docs/errors.md`.
    pub code: &'static str,
    /// What was found, with the value.
    pub message: String,
    /// The file it was found in.
    pub file: Option<PathBuf>,
    /// Where in the file: a line, a key, a feature's name, a byte.
    pub place: Option<String>,
    /// What was allowed and what to do next.
    pub help: Option<String>,
    /// The text around the fault, for text inputs.
    pub snippet: Option<Snippet>,
}

/// A piece of a text input with the faulty bytes marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The whole text of the file.
    pub text: String,
    /// The marked bytes, a valid range of `text`.
    pub span: std::ops::Range<usize>,
}

impl Fault {
    /// A fault with its code and the sentence that says what was found.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Fault { code, message: message.into(), file: None, place: None, help: None, snippet: None }
    }

    /// Names the file.
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.file = Some(file.as_ref().to_owned());
        self
    }

    /// Names the place in the file.
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Says what is allowed and what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Marks the faulty bytes of a text input.
    pub fn snippet(mut self, text: impl Into<String>, span: std::ops::Range<usize>) -> Self {
        self.snippet = Some(Snippet { text: text.into(), span });
        self
    }

    /// The fault of a file that the system would not open, read or write.
    pub fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path; paths in a scenario are relative to the scenario file",
            std::io::ErrorKind::PermissionDenied => "check who may read or write there",
            std::io::ErrorKind::StorageFull => "free some space, then run again; nothing was left half written",
            _ => "check the file and the disk, then run again",
        };
        Fault::new("io", format!("cannot {action}: {error}")).file(path).help(help)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", file.display())?;
        }
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "bad input".into(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// Collects faults, so that all of a stage are shown at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Keeps the value, or keeps the error's faults and goes on. Interruptions and unmet targets pass through.
    pub fn keep<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Input(faults)) => {
                self.0.extend(faults);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// `Ok` when nothing was collected.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Input(self.0)) }
    }
}
