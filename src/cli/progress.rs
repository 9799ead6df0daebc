//! How a run tells of itself: a spinner on a terminal, plain lines elsewhere, on stderr.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::stages::{Event, Stage};

/// Listens to the stages of a run.
pub struct Progress {
    quiet: bool,
    spinner: RefCell<Option<ProgressBar>>,
}

impl Progress {
    /// A listener that stays silent if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Progress { quiet, spinner: RefCell::new(None) }
    }

    /// Hears of a stage.
    pub fn hear(&self, event: Event) {
        if self.quiet {
            return;
        }
        match event {
            Event::Begins(name) if std::io::stderr().is_terminal() => {
                let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
                let bar = ProgressBar::new_spinner().with_message(name);
                if let Ok(style) = style {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(120));
                self.spinner.replace(Some(bar));
            }
            Event::Begins(_) => {}
            Event::Ended(stage) => {
                if let Some(bar) = self.spinner.take() {
                    bar.finish_and_clear();
                }
                eprintln!("{}", line(stage));
            }
        }
    }
}

fn line(stage: &Stage) -> String {
    let memory = stage.peak_mib.map_or(String::new(), |mib| format!("{mib:6.0} MiB"));
    format!("{:<17} {:>8.2} s {memory}  {}", stage.name, stage.time_s, stage.found)
}
