//! How far the running stage is: counted by whoever works, read by whoever shows it.
//!
//! A run has one meter, as it has one user: work deep down, in any thread, tells of itself without a handle being passed
//! through everything above it. Counting is one atomic addition; nothing that is computed depends on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The meter of this process.
static METER: Meter = Meter::new();

/// Counts what is done of a stage.
struct Meter {
    done: AtomicU64,
    total: AtomicU64,
    /// Bits of a share; NaN where none is known.
    gap: AtomicU64,
    words: Mutex<Words>,
}

/// What changes seldom.
struct Words {
    unit: &'static str,
    text: String,
    clock: Option<(Instant, Option<f64>)>,
}

/// A look at the meter.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// How many of `total` are done.
    pub done: u64,
    /// How many there are to do; 0 where nobody knows.
    pub total: u64,
    /// What is counted, e.g. `sites`; `bytes` are shown as MB.
    pub unit: &'static str,
    /// What is being done within the stage, if it says so.
    pub text: String,
    /// The distance between the best answer so far and its bound, as a share of the larger.
    pub gap: Option<f64>,
    /// How long an answer has been sought.
    pub sought: Option<Duration>,
    /// How many seconds it may be sought.
    pub limit_s: Option<f64>,
}

/// As long as it lives, an answer is being sought against the clock.
#[derive(Debug)]
pub struct Clock {
    set: bool,
}

impl Drop for Clock {
    fn drop(&mut self) {
        if self.set {
            METER.stop_clock();
        }
    }
}

/// Says how many there are to do from here on, and of what.
pub fn expect(total: usize, unit: &'static str) {
    METER.expect(total as u64, unit);
}

/// Counts `n` more as done; from any thread.
pub fn advance(n: usize) {
    METER.done.fetch_add(n as u64, Ordering::Relaxed);
}

/// Says what is being done.
pub fn say(text: impl Into<String>) {
    METER.words().text = text.into();
}

/// Tells the gap of the best answer so far.
pub fn gap(share: f64) {
    METER.gap.store(share.to_bits(), Ordering::Relaxed);
}

/// Starts the clock of an answer; where one runs already, the answer is a part of another one and the outer clock stays.
pub fn clock(limit_s: Option<f64>) -> Clock {
    Clock { set: METER.start_clock(limit_s) }
}

/// Reads the meter.
pub fn read() -> Reading {
    METER.read()
}

/// Sets the meter to nothing, for the next stage.
pub(super) fn reset() {
    METER.reset();
}

impl Meter {
    const fn new() -> Self {
        Meter {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            gap: AtomicU64::new(f64::NAN.to_bits()),
            words: Mutex::new(Words { unit: "", text: String::new(), clock: None }),
        }
    }

    /// Nothing that holds the lock can leave the words half changed, so a thread that broke off does no harm.
    fn words(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, total: u64, unit: &'static str) {
        self.words().unit = unit;
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    fn start_clock(&self, limit_s: Option<f64>) -> bool {
        let mut words = self.words();
        let free = words.clock.is_none();
        if free {
            words.clock = Some((Instant::now(), limit_s));
            self.gap.store(f64::NAN.to_bits(), Ordering::Relaxed);
        }
        free
    }

    fn stop_clock(&self) {
        self.words().clock = None;
        self.gap.store(f64::NAN.to_bits(), Ordering::Relaxed);
    }

    fn reset(&self) {
        self.expect(0, "");
        self.words().text.clear();
        self.stop_clock();
    }

    fn read(&self) -> Reading {
        let words = self.words();
        let gap = f64::from_bits(self.gap.load(Ordering::Relaxed));
        let total = self.total.load(Ordering::Relaxed);
        Reading {
            done: self.done.load(Ordering::Relaxed).min(total),
            total,
            unit: words.unit,
            text: words.text.clone(),
            gap: (!gap.is_nan()).then_some(gap),
            sought: words.clock.map(|(begun, _)| begun.elapsed()),
            limit_s: words.clock.and_then(|(_, limit)| limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn threads_count_together() {
        let meter = Meter::new();
        meter.expect(1000, "sites");
        // 4 each of 250 tasks.
        (0..250).into_par_iter().for_each(|_| {
            meter.done.fetch_add(4, Ordering::Relaxed);
        });
        let reading = meter.read();
        assert_eq!((reading.done, reading.total, reading.unit), (1000, 1000, "sites"));
        meter.reset();
        assert_eq!((meter.read().done, meter.read().total), (0, 0));
    }

    #[test]
    fn more_than_expected_is_all() {
        let meter = Meter::new();
        meter.expect(3, "sites");
        meter.done.fetch_add(5, Ordering::Relaxed);
        assert_eq!(meter.read().done, 3);
    }

    #[test]
    fn a_part_of_an_answer_has_no_clock_of_its_own() {
        let meter = Meter::new();
        assert!(meter.start_clock(Some(120.0)));
        meter.gap.store(0.25_f64.to_bits(), Ordering::Relaxed);
        assert!(!meter.start_clock(Some(1.0)));
        assert_eq!((meter.read().limit_s, meter.read().gap), (Some(120.0), Some(0.25)));
        meter.stop_clock();
        assert_eq!((meter.read().sought, meter.read().gap), (None, None));
    }
}
