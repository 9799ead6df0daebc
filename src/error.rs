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
        Fault { code, message: shown(message.into()), file: None, place: None, help: None, snippet: None }
    }

    /// Names the file.
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.file = Some(file.as_ref().to_owned());
        self
    }

    /// Names the place in the file.
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(shown(place.into()));
        self
    }

    /// Says what is allowed and what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shown(help.into()));
        self
    }

    /// Marks the faulty bytes of a text input.
    pub fn snippet(mut self, text: impl Into<String>, span: std::ops::Range<usize>) -> Self {
        // The span must keep its place: a letter is replaced by as many as it has bytes.
        let plain = |c: char| if is_hidden(c) { "?".repeat(c.len_utf8()) } else { c.to_string() };
        let text: String = text.into();
        let text = if text.contains(is_hidden) { text.chars().map(plain).collect() } else { text };
        self.snippet = Some(Snippet { text, span });
        self
    }

    /// The fault of a file that the system would not open, read or write.
    pub fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        let writes = ["keep", "make", "put", "write"].iter().any(|verb| action.starts_with(verb));
        let help = match error.kind() {
            std::io::ErrorKind::NotFound if writes => "check the path; if something removed the folder, run again",
            std::io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there; give another folder with --out",
            std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
                "files may not grow so large here: free some space or raise the limit, then run again"
            }
            std::io::ErrorKind::NotFound => "check the path; paths in a scenario are relative to the scenario file",
            std::io::ErrorKind::PermissionDenied => "check who may read or write there",
            std::io::ErrorKind::StorageFull => "free some space, then run again; nothing was left half written",
            std::io::ErrorKind::IsADirectory => "give the path of a file",
            std::io::ErrorKind::InvalidFilename => {
                "give a shorter name: file systems take 255 bytes for each, some fewer"
            }
            std::io::ErrorKind::InvalidInput => {
                "give a file on the disk; write what comes through a pipe into one first, and check the path"
            }
            _ => "check the file and the disk, then run again",
        };
        Fault::new("io", format!("cannot {action}: {error}")).file(path).help(help)
    }
}

/// The most letters of a message, a place or a help. What an input holds is quoted in them, and it may hold a novel.
const MOST_LETTERS: usize = 1200;
/// How many of them are kept of the end of one that is longer: what follows the quotation says what is wrong with it.
const OF_THE_END: usize = 200;

/// A letter that a terminal obeys instead of showing it. Whoever made an input must not colour, move or wipe the screen.
fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// A text as it may stand on a screen: hidden letters as `\u{1b}`, and the middle of a long one left out.
pub(crate) fn shown(text: String) -> String {
    let text = if text.contains(is_hidden) {
        let each = |c: char| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
        text.chars().map(each).collect()
    } else {
        text
    };
    // A letter has a byte at least, so that most texts need not be counted.
    if text.len() <= MOST_LETTERS {
        return text;
    }
    let letters = text.chars().count();
    if letters <= MOST_LETTERS {
        return text;
    }
    let start: String = text.chars().take(MOST_LETTERS - OF_THE_END).collect();
    let end: String = text.chars().skip(letters - OF_THE_END).collect();
    format!("{start} … ({} letters left out) … {end}", letters - MOST_LETTERS)
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

/// How many faults of one code are shown: a few examples and the count say more than all of them.
const SHOWN_OF_A_CODE: usize = 10;

/// Collects faults, so that all of a stage are shown at once; of each code the first ten are kept, the others counted.
#[derive(Debug, Default)]
pub struct Faults {
    kept: Vec<Fault>,
    /// Code, and how many were found of it. A handful of codes at most, so a list is enough.
    counts: Vec<(&'static str, usize)>,
}

impl Faults {
    /// Adds one, or only counts it.
    pub fn push(&mut self, fault: Fault) {
        let at = self.counts.iter().position(|(code, _)| *code == fault.code).unwrap_or_else(|| {
            self.counts.push((fault.code, 0));
            self.counts.len() - 1
        });
        self.counts[at].1 += 1;
        if self.counts[at].1 <= SHOWN_OF_A_CODE {
            self.kept.push(fault);
        }
    }

    /// Keeps the value, or keeps the error's faults and goes on. Interruptions and unmet targets pass through.
    ///
    /// # Errors
    /// Those that are no faults of the input.
    pub fn keep<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Input(faults)) => {
                faults.into_iter().for_each(|fault| self.push(fault));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// `Ok` when nothing was collected. The last fault shown of a code says how many more there are.
    ///
    /// # Errors
    /// What was collected.
    pub fn finish(mut self) -> Result<()> {
        for (code, count) in self.counts.iter().filter(|(_, count)| *count > SHOWN_OF_A_CODE) {
            if let Some(last) = self.kept.iter_mut().rev().find(|f| f.code == *code) {
                last.message = format!("{} (and {} more like this)", last.message, count - SHOWN_OF_A_CODE);
            }
        }
        if self.kept.is_empty() { Ok(()) } else { Err(Error::Input(self.kept)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_a_code_are_shown_and_the_others_counted() {
        let mut faults = Faults::default();
        for i in 0..13 {
            faults.push(Fault::new("a", format!("a{i}")));
        }
        faults.push(Fault::new("b", "b0"));
        let error = faults.finish().unwrap_err();
        // 10 of the 13 a's, and the b.
        assert_eq!(error.faults().len(), 11);
        assert_eq!(error.faults()[9].message, "a9 (and 3 more like this)");
        assert_eq!(error.faults()[10].message, "b0");
        assert_eq!(error.exit_code(), 1);
    }

    #[test]
    fn what_an_input_holds_does_not_rule_the_screen() {
        // A wiped screen, a bell and a window title from a cell of a table; the line break is the message's own.
        let fault = Fault::new("a", "the id `\u{1b}[2J\u{7}x` is\nodd").place("\u{9d}0;title").help("a\u{0}b");
        assert_eq!(fault.message, "the id `\\u{1b}[2J\\u{7}x` is\nodd");
        assert_eq!((fault.place.as_deref(), fault.help.as_deref()), (Some("\\u{9d}0;title"), Some("a\\u{0}b")));
        // The span is still that of `bad`, which begins 1 + 2 bytes after the two hidden letters.
        let fault = fault.snippet("\u{1b}\u{9d}bad", 3..6);
        assert_eq!(fault.snippet.map(|s| (s.text[s.span].to_owned(), s.text)), Some(("bad".into(), "???bad".into())));
    }

    #[test]
    fn a_novel_in_a_cell_is_told_by_its_start_and_its_end() {
        let fault = Fault::new("a", format!("the name `{}` is too long", "ệ".repeat(5000)));
        // 10 + 5000 + 13 letters, of which 1200 are kept: 3823 are left out.
        assert!(fault.message.starts_with("the name `ệệ") && fault.message.ends_with("ệ` is too long"));
        assert!(fault.message.contains(" … (3823 letters left out) … "), "{}", fault.message);
        let just = "x".repeat(1200);
        assert_eq!(Fault::new("a", just.clone()).message, just);
    }

    #[test]
    fn what_was_found_is_told_with_its_place() {
        let fault = Fault::new("a", "7 is too much").file("x.csv").place("line 3");
        assert_eq!(fault.to_string(), "x.csv: line 3: 7 is too much");
        assert_eq!(Error::from(fault.clone()).to_string(), "x.csv: line 3: 7 is too much");
        assert_eq!(Error::Input(vec![fault.clone(), fault]).to_string(), "x.csv: line 3: 7 is too much (and 1 more)");
    }
}
