//! The log of a run: how long each stage took and how much memory it needed.

use std::time::Instant;

use serde::Serialize;

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
}

/// What a listener hears.
pub enum Event<'a> {
    /// A stage begins.
    Begins(&'static str),
    /// A stage has ended.
    Ended(&'a Stage),
}

impl<'a> Stages<'a> {
    /// Starts an empty log.
    pub fn new(listen: &'a dyn Fn(Event)) -> Self {
        Stages { done: Vec::new(), listen }
    }

    /// Runs a stage; `found` says in a few words what came of it.
    ///
    /// # Errors
    /// Those of the stage.
    pub fn run<T, E>(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<T, E>,
        found: impl FnOnce(&T) -> String,
    ) -> Result<T, E> {
        (self.listen)(Event::Begins(name));
        reset_peak();
        let start = Instant::now();
        let value = stage()?;
        let stage = Stage { name, time_s: start.elapsed().as_secs_f64(), peak_mib: peak_mib(), found: found(&value) };
        (self.listen)(Event::Ended(&stage));
        self.done.push(stage);
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
