//! What every solve is given and returns: limits, status, proof steps.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Result};
use crate::stages::{meter, stopping};

/// How long and how far to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock seconds for the whole solve, or none. Must be finite and above 0.
    pub time_limit_s: Option<f64>,
    /// Stop once the gap is at most this share, 0 ≤ gap < 1. The default 0 asks for a proof.
    pub gap: f64,
    /// Threads of the solver. The default 1 makes runs repeatable.
    pub threads: u32,
    /// Seed of the solver's random choices.
    pub seed: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time_limit_s: None, gap: 0.0, threads: 1, seed: 0 }
    }
}

impl Limits {
    /// Refuses limits that mean nothing, with code `optimise::limits`.
    pub fn check(&self) -> Result<()> {
        let fault = |message: String, help: &str| Err(Fault::new("optimise::limits", message).help(help).into());
        if let Some(s) = self.time_limit_s
            && !(s.is_finite() && s > 0.0)
        {
            return fault(format!("a time limit of {s} s"), "give a number of seconds above 0, or none");
        }
        if !(self.gap >= 0.0 && self.gap < 1.0) {
            return fault(format!("a gap of {}", self.gap), "give a share from 0 up to but not including 1");
        }
        if !(1..=1024).contains(&self.threads) {
            return fault(format!("{} threads", self.threads), "give a number from 1 to 1024");
        }
        if self.seed > i32::MAX as u32 {
            return fault(format!("a seed of {}", self.seed), "give a number from 0 to 2147483647");
        }
        Ok(())
    }
}

/// What is known of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Proven best: objective and bound are equal (from 10¹² units on: within one part in 10¹²).
    Optimal,
    /// Not proven best, but the gap is within the one that was asked for.
    GapReached,
    /// The time ran out; bound and gap say what is known.
    TimeLimit,
    /// The solver stopped by itself with a gap left, because its arithmetic could not close it.
    Unproven,
}

impl Status {
    /// `optimal`, `gap_reached`, `time_limit` or `unproven`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Optimal => "optimal",
            Status::GapReached => "gap_reached",
            Status::TimeLimit => "time_limit",
            Status::Unproven => "unproven",
        }
    }
}

/// One step on the way to the answer and what it established.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofStep {
    /// The step's name, e.g. `merge`, `search`, `highs`.
    pub step: String,
    /// What it found or proved, with numbers.
    pub found: String,
    /// Seconds since the solve began.
    pub at_s: f64,
}

/// The answer to a problem with one set of sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The open sites, fixed ones included, ascending.
    pub chosen: Vec<u32>,
    /// The exact objective of `chosen`, recomputed on the raw table.
    pub objective: u64,
    /// No answer can be better than this: an upper bound when maximising, a lower bound when minimising.
    pub bound: u64,
    /// (bound − objective) / bound when maximising, (objective − bound) / objective when minimising; 0 where both are 0.
    pub gap: f64,
    /// What is known of the answer.
    pub status: Status,
    /// Rows that some usable site serves.
    pub coverable_rows: usize,
    /// Rows that no usable site serves; they are left out of every requirement.
    pub uncoverable_rows: usize,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
    /// Wall-clock seconds.
    pub time_s: f64,
}

/// Which way the objective goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    Maximise,
    Minimise,
}

/// (better − worse) / larger, 0 where both are 0.
pub(crate) fn gap(objective: u64, bound: u64) -> f64 {
    match objective.max(bound) {
        0 => 0.0,
        larger => objective.abs_diff(bound) as f64 / larger as f64,
    }
}

/// By how much objective and bound of a proven answer may differ: below 10¹² not at all, from there on one part in 10¹².
pub(crate) fn tolerance(objective: u64) -> u64 {
    objective / 1_000_000_000_000
}

/// The clock and the log of one solve.
pub(crate) struct Progress {
    begun: Instant,
    pub(crate) limits: Limits,
    steps: Vec<ProofStep>,
    /// For whoever watches.
    _clock: meter::Clock,
}

impl Progress {
    pub(crate) fn begin(limits: &Limits) -> Result<Self> {
        limits.check()?;
        Ok(Progress {
            begun: Instant::now(),
            limits: limits.clone(),
            steps: Vec::new(),
            _clock: meter::clock(limits.time_limit_s),
        })
    }

    pub(crate) fn elapsed_s(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Seconds left, never below 0; `None` without a limit.
    pub(crate) fn remaining_s(&self) -> Option<f64> {
        self.limits.time_limit_s.map(|limit| (limit - self.elapsed_s()).max(0.0))
    }

    /// Whether to end the search with what there is. So it is too when the user stops the run: the stage ends soon, and
    /// what it found is not used.
    pub(crate) fn out_of_time(&self) -> bool {
        self.remaining_s() == Some(0.0) || stopping()
    }

    pub(crate) fn note(&mut self, step: &str, found: impl Into<String>) {
        self.steps.push(ProofStep { step: step.into(), found: found.into(), at_s: self.elapsed_s() });
    }

    /// Tells whoever watches how near plan and bound are.
    pub(crate) fn tell(&self, objective: u64, bound: u64) {
        meter::gap(gap(objective, bound));
    }

    /// Judges objective and bound. A bound that rounding put past the objective is the objective.
    pub(crate) fn judge(&self, sense: Sense, objective: u64, bound: u64) -> (u64, f64, Status) {
        let bound = match sense {
            Sense::Maximise => bound.max(objective),
            Sense::Minimise => bound.min(objective),
        };
        let gap = gap(objective, bound);
        let status = if objective.abs_diff(bound) <= tolerance(objective.max(bound)) {
            Status::Optimal
        } else if gap <= self.limits.gap {
            Status::GapReached
        } else if self.limits.time_limit_s.is_some_and(|limit| self.elapsed_s() >= 0.9 * limit) {
            Status::TimeLimit
        } else {
            Status::Unproven
        };
        (bound, gap, status)
    }

    pub(crate) fn finish(self) -> (Vec<ProofStep>, f64) {
        let time_s = self.elapsed_s();
        (self.steps, time_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_by_hand() {
        assert_eq!(gap(90, 100), 0.1); // maximise: (100 − 90) / 100
        assert_eq!(gap(100, 90), 0.1); // minimise: (100 − 90) / 100
        assert_eq!(gap(0, 0), 0.0);
        assert_eq!(gap(0, 5), 1.0);
    }

    #[test]
    fn only_a_closed_gap_is_optimal() {
        let progress = Progress::begin(&Limits::default()).unwrap();
        assert_eq!(progress.judge(Sense::Maximise, 99, 100).2, Status::Unproven);
        assert_eq!(progress.judge(Sense::Maximise, 100, 100), (100, 0.0, Status::Optimal));
        // Rounding put the bound below what was reached: the bound is what was reached.
        assert_eq!(progress.judge(Sense::Maximise, 100, 99), (100, 0.0, Status::Optimal));
        assert_eq!(progress.judge(Sense::Minimise, 100, 99).2, Status::Unproven);
        let loose = Progress::begin(&Limits { gap: 0.02, ..Limits::default() }).unwrap();
        assert_eq!(loose.judge(Sense::Minimise, 100, 99).2, Status::GapReached);
    }

    #[test]
    fn senseless_limits_are_refused() {
        for limits in [
            Limits { time_limit_s: Some(0.0), ..Limits::default() },
            Limits { time_limit_s: Some(f64::NAN), ..Limits::default() },
            Limits { gap: -0.1, ..Limits::default() },
            Limits { gap: f64::NAN, ..Limits::default() },
            Limits { gap: 1.0, ..Limits::default() },
            Limits { threads: 0, ..Limits::default() },
        ] {
            assert!(limits.check().is_err(), "{limits:?}");
        }
    }
}
