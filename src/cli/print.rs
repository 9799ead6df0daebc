//! Printing that outlives its reader: `gandan explain … | head -1` closes the pipe after a line, and that is no fault.
//!
//! The macros below stand in this folder for those of the standard library, which panic when the pipe is closed. Where
//! nobody reads any more, the rest is not printed and the command ends as it would have. A disk that is full is told.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::error::{Fault, Result};

/// The first thing that went wrong on stdout.
static BROKEN: Mutex<Option<ErrorKind>> = Mutex::new(None);

/// Prints to stdout.
macro_rules! print {
    ($($arg:tt)*) => { $crate::cli::print::to_stdout(format_args!($($arg)*)) };
}

/// Prints to stdout, with the end of the line.
macro_rules! println {
    () => { $crate::cli::print::to_stdout(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::cli::print::to_stdout(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Prints to stderr, with the end of the line.
macro_rules! eprintln {
    () => { $crate::cli::print::to_stderr(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::cli::print::to_stderr(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Writes to stdout unless it broke before.
pub fn to_stdout(text: fmt::Arguments) {
    let mut broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if broken.is_none()
        && let Err(error) = io::stdout().lock().write_fmt(text)
    {
        *broken = Some(error.kind());
    }
}

/// Writes to stderr. Where that fails there is nobody left to tell.
pub fn to_stderr(text: fmt::Arguments) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Brings everything out.
///
/// # Errors
/// Stdout could not be written for another reason than that its reader has gone.
pub fn finish() -> Result<()> {
    let flushed = io::stdout().lock().flush();
    let broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
    match broken.or(flushed.err().map(|error| error.kind())) {
        None | Some(ErrorKind::BrokenPipe) => Ok(()),
        Some(kind) => Err(Fault::io("print the result", Path::new("stdout"), &kind.into()).into()),
    }
}
