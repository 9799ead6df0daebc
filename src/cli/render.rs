//! Errors as people read them: what, where, and what to do next.

use std::fmt;
use std::io::IsTerminal;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::error::{Error, Fault};

/// Prints an error to stderr.
pub fn error(error: &Error) {
    let faults = error.faults();
    if faults.is_empty() {
        eprintln!("error: {error}");
        return;
    }
    faults.iter().for_each(print_one);
}

fn print_one(fault: &Fault) {
    let terminal = std::io::stderr().is_terminal();
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let theme = match (terminal, plain) {
        (true, false) => GraphicalTheme::unicode(),
        (true, true) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    let mut text = String::new();
    let report = Shown(fault);
    if GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_wrap_lines(terminal)
        .render_report(&mut text, &report)
        .is_err()
    {
        text = fault.to_string();
    }
    eprintln!("{}", text.trim_end());
    eprintln!();
}

/// A fault as miette draws it.
#[derive(Debug)]
struct Shown<'a>(&'a Fault);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.0.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.snippet.as_ref().map(|s| &s.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.0.snippet.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::underline(snippet.span.clone()))))
    }
}
