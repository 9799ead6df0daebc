//! Waiting at counters: the queue M/M/c, by Erlang's formulas.
//!
//! A. K. Erlang, *Solution of some problems in the theory of probabilities of significance in automatic telephone
//! exchanges* (1917). People come at random (Poisson), the time at a counter varies like an exponential one, and there
//! is one line for all counters of an agent.

use crate::scenario::CapacitySettings;

/// What counters are held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counters {
    /// Minutes a working day for which a counter is open.
    pub open_min: f64,
    /// Mean minutes at the counter for one dossier.
    pub service_min: f64,
    /// How many times as many people come in the busiest hour as in the mean hour.
    pub peak_factor: f64,
    /// Longest mean wait in minutes, in the busiest hour.
    pub wait_target_min: f64,
    /// Largest share of the counters' time that is taken, in the busiest hour; below 1.
    pub max_utilisation: f64,
}

/// What a line comes to in the busiest hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Share of the counters' time that is taken; above 1 where more come than can be served.
    pub utilisation: f64,
    /// Mean wait in minutes of all who come, those who do not wait included; `None` where the line grows without end.
    pub wait_min: Option<f64>,
}

impl Counters {
    /// The counters of a scenario whose service catalogue has this mean.
    pub fn new(settings: &CapacitySettings, catalogue_min: f64) -> Self {
        Counters {
            open_min: settings.open_minutes_per_day,
            service_min: settings.service_minutes(catalogue_min),
            peak_factor: settings.peak_factor,
            wait_target_min: settings.wait_target_minutes,
            max_utilisation: settings.max_utilisation,
        }
    }

    /// The work that so many dossiers a day bring in the busiest hour, in counters that are always busy (erlangs).
    pub fn offered(&self, dossiers_per_day: f64) -> f64 {
        dossiers_per_day * self.peak_factor * self.service_min / self.open_min
    }

    /// The line of so many dossiers a day at `counters`, at least 1.
    pub fn line(&self, dossiers_per_day: f64, counters: u32) -> Line {
        let offered = self.offered(dossiers_per_day);
        let n = f64::from(counters.max(1));
        let utilisation = offered / n;
        let wait_min = (utilisation < 1.0)
            .then(|| erlang_c(offered, erlang_b(offered, counters.max(1)), n) * self.service_min / (n - offered));
        Line { utilisation, wait_min }
    }

    /// Whether `counters` keep both targets with so many dossiers a day.
    pub fn keep(&self, dossiers_per_day: f64, counters: u32) -> bool {
        self.fits(self.line(dossiers_per_day, counters))
    }

    fn fits(&self, line: Line) -> bool {
        line.utilisation <= self.max_utilisation && line.wait_min.is_some_and(|wait| wait <= self.wait_target_min)
    }

    /// The fewest counters, from 1 to `most`, that keep both targets; `None` where even `most` do not.
    pub fn fewest(&self, dossiers_per_day: f64, most: u32) -> Option<u32> {
        let offered = self.offered(dossiers_per_day);
        let mut blocked = 1.0;
        (1..=most).find(|&counters| {
            let n = f64::from(counters);
            blocked = next_b(offered, blocked, n);
            let utilisation = offered / n;
            let wait_min =
                (utilisation < 1.0).then(|| erlang_c(offered, blocked, n) * self.service_min / (n - offered));
            self.fits(Line { utilisation, wait_min })
        })
    }

    /// The most dossiers a day with which `counters` keep both targets.
    pub fn most_per_day(&self, counters: u32) -> f64 {
        let per_erlang = self.open_min / (self.peak_factor * self.service_min);
        let limit = self.max_utilisation * f64::from(counters) * per_erlang;
        if self.keep(limit, counters) {
            return limit;
        }
        // Waits grow with the dossiers; of the two ends the lower always keeps the targets. 100 halvings end at
        // neighbouring numbers.
        let (mut low, mut high) = (0.0, limit);
        for _ in 0..100 {
            let middle = low + (high - low) / 2.0;
            if self.keep(middle, counters) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Share of those who come that would find all counters busy if nobody waited (Erlang B), for `offered` erlangs.
///
/// By the recursion `B(0) = 1, B(n) = a B(n−1) / (n + a B(n−1))`, which has neither factorials nor powers and loses no
/// digits, however many counters.
pub fn erlang_b(offered: f64, counters: u32) -> f64 {
    (1..=counters).fold(1.0, |blocked, n| next_b(offered, blocked, f64::from(n)))
}

fn next_b(offered: f64, blocked: f64, n: f64) -> f64 {
    offered * blocked / (n + offered * blocked)
}

/// Share of those who come that must wait (Erlang C), from Erlang B of the same `n` counters; for `offered < n`.
fn erlang_c(offered: f64, blocked: f64, n: f64) -> f64 {
    n * blocked / (n - offered * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counters open 480 min with 15 min a dossier: 32 dossiers a day keep one counter always busy.
    const CITY: Counters =
        Counters { open_min: 480.0, service_min: 15.0, peak_factor: 1.0, wait_target_min: 10.0, max_utilisation: 0.85 };

    fn waits(offered: f64, n: u32) -> f64 {
        erlang_c(offered, erlang_b(offered, n), f64::from(n))
    }

    #[test]
    fn erlang_by_hand() {
        // One counter: who comes waits when it is busy, with probability a.
        assert!((waits(0.3, 1) - 0.3).abs() < 1e-15);
        // Two counters, 1 erlang: B(1) = 1/2, B(2) = 1/2 / (2 + 1/2) = 1/5; C = 2/5 / (2 − 4/5) = 1/3.
        assert!((erlang_b(1.0, 2) - 0.2).abs() < 1e-15);
        assert!((waits(1.0, 2) - 1.0 / 3.0).abs() < 1e-15);
        // Three counters, 2 erlangs: B = 2/3, 2/5, then 4/5 / (3 + 4/5) = 4/19; C = 12/19 / (3 − 30/19) = 12/27.
        assert!((waits(2.0, 3) - 12.0 / 27.0).abs() < 1e-15);
        assert_eq!(waits(0.0, 4), 0.0);
    }

    #[test]
    fn published_worked_examples() {
        // Call centre handbooks: 360 calls of 4 min in half an hour, 55 agents: 48 erlangs, 23.9 % wait, 8.2 s on
        // average; 200 calls of 3 min in an hour, 14 agents: 10 erlangs, 17.4 %, 7.8 s.
        for (calls, open_min, service_min, agents, share, wait_s) in
            [(360.0, 30.0, 4.0, 55, 0.239, 8.2), (200.0, 60.0, 3.0, 14, 0.174, 7.8)]
        {
            let counters = Counters { open_min, service_min, ..CITY };
            let offered = counters.offered(calls);
            assert!((waits(offered, agents) - share).abs() < 0.0005);
            let found = counters.line(calls, agents).wait_min.unwrap() * 60.0;
            assert!((found - wait_s).abs() < 0.05, "{found}");
        }
    }

    #[test]
    fn agrees_with_the_sum_of_states() {
        // P(all n busy) from the chain of states itself: state k weighs a^k / k!, beyond n each weighs a / n more.
        for n in 1..=20_u32 {
            for tenths in 1..10 {
                let a = f64::from(n) * f64::from(tenths) / 10.0;
                let mut weight = 1.0;
                let mut below = 0.0;
                for k in 1..=n {
                    below += weight;
                    weight *= a / f64::from(k);
                }
                let busy = weight / (1.0 - a / f64::from(n));
                assert!((waits(a, n) - busy / (below + busy)).abs() < 1e-12, "{n} counters, {a} erlangs");
            }
        }
    }

    #[test]
    fn many_counters_lose_no_digits() {
        // a^n / n! alone would overflow at 900 erlangs. C lies between 0 and 1 and falls with every counter.
        let found: Vec<f64> = (901..=1000).map(|n| waits(900.0, n)).collect();
        assert!(found.iter().all(|c| (0.0..1.0).contains(c)) && found.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn the_fewest_counters_by_hand() {
        // 16 a day: half an erlang. One counter: wait 15 · 0.5 / 0.5 = 15 min, too long. Two: B(1) = 1/3,
        // B(2) = 1/6 / (2 + 1/6) = 1/13, C = 2/13 / (2 − 6/13) = 1/10, wait 15 · 0.1 / 1.5 = 1 min.
        assert_eq!(CITY.fewest(16.0, 5), Some(2));
        let line = CITY.line(16.0, 2);
        assert!((line.utilisation - 0.25).abs() < 1e-15 && (line.wait_min.unwrap() - 1.0).abs() < 1e-12);
        // With 15 minutes allowed one counter is enough, right at the target.
        let patient = Counters { wait_target_min: 15.0, ..CITY };
        assert_eq!(patient.fewest(16.0, 5), Some(1));
        // Twice as many in the busiest hour: one erlang, at two counters a third of 15 = 5 min.
        let peaked = Counters { peak_factor: 2.0, ..CITY };
        assert_eq!(peaked.fewest(16.0, 5), Some(2));
        assert!((peaked.line(16.0, 2).wait_min.unwrap() - 5.0).abs() < 1e-12);
        // 27.3 a day is 0.853 of one counter's time: too much whatever the wait.
        let idle = Counters { wait_target_min: 1000.0, ..CITY };
        assert_eq!((idle.fewest(27.2, 5), idle.fewest(27.3, 5)), (Some(1), Some(2)));
        // Nobody comes: the agent still has a counter.
        assert_eq!((CITY.fewest(0.0, 5), CITY.fewest(1000.0, 5)), (Some(1), None));
    }

    #[test]
    fn the_most_dossiers_keep_both_targets_and_no_more_do() {
        // One counter: the wait 15 u / (1 − u) is 10 at u = 0.4, 12.8 dossiers a day.
        assert!((CITY.most_per_day(1) - 12.8).abs() < 1e-9);
        // Wait no matter: 0.85 of 32 a counter.
        let idle = Counters { wait_target_min: 1000.0, ..CITY };
        assert!((idle.most_per_day(3) - 81.6).abs() < 1e-9);
        for counters in 1..=40 {
            let most = CITY.most_per_day(counters);
            assert!(CITY.keep(most, counters) && !CITY.keep(most * (1.0 + 1e-9), counters), "{counters}");
            assert_eq!(CITY.fewest(most, counters), Some(counters));
        }
    }

    #[test]
    fn a_line_that_grows_without_end_has_no_wait() {
        let line = CITY.line(32.0, 1);
        assert_eq!((line.utilisation, line.wait_min), (1.0, None));
        assert!(CITY.line(64.0, 1).utilisation > 1.9);
    }
}
