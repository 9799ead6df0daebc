//! The log of a run: how long each stage took and how much memory it needed, and how far the running one is.

pub mod checkpoint;
pub mod meter;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;

use crate::error::{Error, Result};
use checkpoint::{Checkpoints, Keep};

/// Whether the user has asked the run to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// Asks the run to stop at the next place where it can; `true` if it was asked before.
pub fn stop() -> bool {
    STOP.swap(true, Ordering::SeqCst)
}

/// Goes on unless the user has asked the run to stop.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn go_on() -> Result<()> {
    if stopping() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Whether the user has asked the run to stop.
pub fn stopping() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// What one stage took.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// Its name, as shown.
    pub name: &'static str,
    /// Wall time in seconds.
    pub time_s: f64,
    /// Most memory the process held during the stage in MiB, where the system tells.
    pub peak_mib: Option<f64>,
    /// What came of it, in a few words.
    pub found: String,
}

/// Times stages and tells a listener of each as it ends.
pub struct Stages<'a> {
    done: Vec<Stage>,
    listen: &'a dyn Fn(Event),
    keep: Keep<'a>,
    /// The most memory that the process may take, in bytes.
    most_bytes: Option<u64>,
}

/// What a listener hears.
pub enum Event<'a> {
    /// A stage begins.
    Begins(&'static str),
    /// A stage has ended.
    Ended(&'a Stage),
    /// A stage has failed, or was stopped.
    Broke,
    /// Something to know about the stage that has ended.
    Note(&'a str),
}

impl<'a> Stages<'a> {
    /// Starts an empty log.
    pub fn new(listen: &'a dyn Fn(Event)) -> Self {
        Stages { done: Vec::new(), listen, keep: Keep::NOTHING, most_bytes: None }
    }

    /// As [`Stages::new`], for a run whose long parts are kept.
    pub fn keeping(listen: &'a dyn Fn(Event), checkpoints: &'a Checkpoints) -> Self {
        Stages { keep: Keep::with(checkpoints), ..Stages::new(listen) }
    }

    /// What keeps the long parts of the stages.
    pub fn keep(&self) -> Keep<'a> {
        self.keep
    }

    /// Sets the most memory that the process may take, in bytes; none is no limit.
    pub fn limit_memory(&mut self, most_bytes: Option<u64>) {
        self.most_bytes = most_bytes;
    }

    /// Passes if what is still to come fits into the memory that the process may take.
    ///
    /// # Errors
    /// `memory::needed`.
    pub fn expect_memory(&self, estimate: impl FnOnce() -> crate::memory::Estimate) -> Result<()> {
        if self.most_bytes.is_none() { Ok(()) } else { estimate().fits(self.most_bytes) }
    }

    /// Runs a stage; `found` says in a few words what came of it.
    ///
    /// # Errors
    /// Those of the stage, and [`Error::Interrupted`] before or after it; `memory::passed` if it took too much memory.
    pub fn run<T>(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<T>,
        found: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        go_on()?;
        meter::reset();
        (self.listen)(Event::Begins(name));
        reset_peak();
        let start = Instant::now();
        let value = stage();
        // What a stage says once it was told to stop may come of having stopped.
        let value = match go_on().and(value) {
            Ok(value) => value,
            Err(error) => {
                (self.listen)(Event::Broke);
                return Err(error);
            }
        };
        let stage = Stage { name, time_s: start.elapsed().as_secs_f64(), peak_mib: peak_mib(), found: found(&value) };
        (self.listen)(Event::Ended(&stage));
        self.keep.notes().iter().for_each(|note| (self.listen)(Event::Note(note)));
        let held = crate::memory::held(name, stage.peak_mib, self.most_bytes);
        self.done.push(stage);
        held?;
        Ok(value)
    }

    /// The stages that have ended.
    pub fn done(&self) -> &[Stage] {
        &self.done
    }
}

/// Asks Linux to measure the peak anew (`proc_pid_clear_refs(5)`); where it cannot, peaks are those since the start.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory since the last reset, from `VmHWM` of `proc_pid_status(5)`.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_stage_that_held_too_much_ends_the_run() {
        let listen = |_: Event| {};
        let mut stages = Stages::new(&listen);
        assert_eq!(stages.run("a", || Ok(7), |_| String::new()).unwrap(), 7);
        // No process takes less than a byte.
        stages.limit_memory(Some(1));
        let error = stages.run("b", || Ok(7), |_| String::new()).unwrap_err();
        assert_eq!((error.faults()[0].code, error.exit_code()), ("memory::passed", 1));
        assert_eq!(error.faults()[0].place.as_deref(), Some("stage `b`"));
        assert_eq!(stages.done().len(), 2);
    }
}
