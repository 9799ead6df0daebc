//! Decoders of other crates, kept from ending the run.
//!
//! polars reads Parquet with assertions in its decoders: of ten damaged files some three end in a panic, and not in an
//! error. What a damaged file does must be told as any other fault of an input, so its panics are caught where a file is
//! decoded, and only there, and nothing of them is shown. Nothing that was being made outlives one.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::{Column, DataFrame};

/// The most letters of a decoder's last words that are told.
const MOST_LETTERS: usize = 200;
/// How the threads of decoders are called.
const THEIR_THREADS: [&str; 2] = ["polars", "async-executor"];

/// Calls of [`caught`] that are under way, in all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Calls of [`caught`] that are under way in this thread.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// Runs a decoder; its panic comes as the sentence that it left.
///
/// # Errors
/// It panicked.
pub fn caught<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !expected() {
                before(info);
            }
        }));
    });
    let _call = Call::begin();
    // What the closure was at work on is dropped with it, so that no one sees it half done.
    catch_unwind(AssertUnwindSafe(decode)).map_err(|left| last_words(left.as_ref()))
}

/// What is wrong with a table whose columns are not [`even`].
pub const UNEVEN: &str = "it is damaged (its columns are not of one length)";

/// Whether the columns of a table have one length. polars takes that of each from the bytes of the column, and believes
/// that they agree.
pub fn even(frame: &DataFrame) -> bool {
    frame.columns().iter().all(|column| column.len() == frame.height() && pieces_agree(column))
}

/// Whether a column is as long as its pieces.
fn pieces_agree(column: &Column) -> bool {
    let pieces: usize = column.as_materialized_series().chunks().iter().map(|piece| piece.len()).sum();
    pieces == column.len()
}

/// One call of [`caught`].
struct Call;

impl Call {
    fn begin() -> Call {
        CALLS.fetch_add(1, Ordering::SeqCst);
        HERE.with(|here| here.set(here.get() + 1));
        Call
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
        HERE.with(|here| here.set(here.get() - 1));
    }
}

/// Whether a panic in this thread is one that is caught.
fn expected() -> bool {
    let theirs = |name: &str| THEIR_THREADS.iter().any(|start| name.starts_with(start));
    HERE.with(Cell::get) > 0 || (CALLS.load(Ordering::SeqCst) > 0 && std::thread::current().name().is_some_and(theirs))
}

fn last_words(left: &(dyn Any + Send)) -> String {
    let said = left.downcast_ref::<&str>().map(|said| (*said).to_owned()).or_else(|| left.downcast_ref().cloned());
    let said: String = said.unwrap_or_default().chars().take(MOST_LETTERS).collect();
    format!("it is damaged (the decoder stopped: {})", said.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_as_a_sentence_and_an_answer_as_itself() {
        assert_eq!(caught(|| 7), Ok(7));
        let (none, at): (Vec<u8>, usize) = (Vec::new(), 3);
        let left = caught(|| none[at]).unwrap_err();
        assert_eq!(left, "it is damaged (the decoder stopped: index out of bounds: the len is 0 but the index is 3)");
        let left = |words: &str| caught(|| panic!("{words}")).map(|(): ()| 0).unwrap_err();
        assert_eq!(left("line one\n  line two"), "it is damaged (the decoder stopped: line one line two)");
        // Told in 200 letters at most: 37 are around them.
        assert_eq!(left(&"x".repeat(1000)).len(), 37 + 200);
    }

    #[test]
    fn other_panics_are_told_as_ever() {
        assert!(!expected());
        assert_eq!(caught(expected), Ok(true));
        assert!(!expected());
        let _ = caught(|| panic!("this leaves no trace"));
        assert!(!expected(), "after a panic too");
    }
}
