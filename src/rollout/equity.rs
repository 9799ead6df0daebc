//! How evenly travel time is spread over people: the worst-off tenth, the Gini coefficient and Theil's T.
//!
//! All are over the people who reach an agent by road; those who do not have no travel time and are told apart, as a
//! number of people. Formulas and sources stand in docs/methods.md, "Phases and equity".

use crate::units::Persons;

/// Measures of inequality of an area; none where nobody reaches an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TimeEquity {
    /// Time within which 99 of 100 reach their agent, in seconds.
    pub p99_time_s: Option<f64>,
    /// Mean travel time of the tenth with the longest ways, in seconds.
    pub worst_tenth_time_s: Option<f64>,
    /// Gini coefficient, 0 (all travel alike) to below 1; none where nobody has any way to go.
    pub gini: Option<f64>,
    /// Theil's T, 0 (all travel alike) and more; none where nobody has any way to go.
    pub theil: Option<f64>,
}

impl TimeEquity {
    /// From travel times in milliseconds, ascending, each with the people who have it.
    pub(super) fn of(times: &[(u32, Persons)]) -> TimeEquity {
        let people: u128 = times.iter().map(|(_, p)| u128::from(p.0)).sum();
        if people == 0 {
            return TimeEquity::default();
        }
        let total: u128 = times.iter().map(|(ms, p)| u128::from(*ms) * u128::from(p.0)).sum();
        let (gini, theil) = if total == 0 { (None, None) } else { spread(times, people, total) };
        let needed = (people * 99).div_ceil(100);
        let mut so_far = 0;
        let p99 = times.iter().find_map(|(ms, p)| {
            so_far += u128::from(p.0);
            (so_far >= needed).then(|| f64::from(*ms) / 1000.0)
        });
        TimeEquity { p99_time_s: p99, worst_tenth_time_s: Some(worst_tenth_s(times, people)), gini, theil }
    }
}

/// The mean of the slowest tenth, in seconds; whoever stands across the border counts in part.
fn worst_tenth_s(times: &[(u32, Persons)], people: u128) -> f64 {
    // In tenths of a thousandth of a person, so that a tenth of them is a whole number.
    let mut left = people;
    let mut sum = 0_u128;
    for (ms, p) in times.iter().rev() {
        let part = left.min(u128::from(p.0) * 10);
        sum += part * u128::from(*ms);
        left -= part;
        if left == 0 {
            break;
        }
    }
    sum as f64 / people as f64 / 1000.0
}

/// Gini and Theil's T.
fn spread(times: &[(u32, Persons)], people: u128, total: u128) -> (Option<f64>, Option<f64>) {
    let (all, sum) = (people as f64, total as f64);
    let mean = sum / all;
    let mut below = 0_u128;
    let (mut ranked, mut theil) = (0.0, 0.0);
    for (ms, p) in times {
        let persons = u128::from(p.0);
        // Σ p t (2 · people with less + p): twice the mid-rank of the people with this time.
        ranked += f64::from(*ms) * p.0 as f64 * (2 * below + persons) as f64;
        below += persons;
        let ratio = f64::from(*ms) / mean;
        if ratio > 0.0 {
            theil += p.0 as f64 / all * ratio * ratio.ln();
        }
    }
    // Rounding may leave a speck below 0 where all travel alike.
    (Some((ranked / (all * sum) - 1.0).max(0.0)), Some(theil.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[(u32, u64)]) -> TimeEquity {
        let times: Vec<(u32, Persons)> = times.iter().map(|&(ms, p)| (ms, Persons(p))).collect();
        TimeEquity::of(&times)
    }

    fn near(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-12), "{found:?}, not {wanted}");
    }

    #[test]
    fn two_times_by_hand() {
        // Three people at 1 min and one at 5 min: mean 2. Mean difference over all 16 ordered pairs: 2 · 3 · 4 / 16 = 1.5;
        // Gini = 1.5 / (2 · 2) = 0.375.
        let found = of(&[(60_000, 3000), (300_000, 1000)]);
        near(found.gini, 0.375);
        // Theil: 3/4 · 1/2 · ln 1/2 + 1/4 · 5/2 · ln 5/2.
        near(found.theil, 0.375 * 0.5_f64.ln() + 0.625 * 2.5_f64.ln());
        // The worst tenth is 0.4 people, all at 5 min; 99 % are 3.96 people, so 5 min too.
        assert_eq!((found.worst_tenth_time_s, found.p99_time_s), (Some(300.0), Some(300.0)));
    }

    #[test]
    fn the_worst_tenth_takes_part_of_a_group() {
        // 20 people: the worst two are the one at 9 min and one of the nineteen at 3 min: 6 min.
        let found = of(&[(180_000, 19_000), (540_000, 1000)]);
        assert_eq!(found.worst_tenth_time_s, Some(360.0));
        // 99 % of 20 are 19.8 people.
        assert_eq!(found.p99_time_s, Some(540.0));
    }

    #[test]
    fn all_alike_and_nobody() {
        let alike = of(&[(60_000, 7000)]);
        near(alike.gini, 0.0);
        near(alike.theil, 0.0);
        assert_eq!(of(&[]), TimeEquity::default());
        // People who live at the agent's door have no way to go; a mean of 0 has no Gini.
        let at_the_door = of(&[(0, 5000)]);
        assert_eq!((at_the_door.gini, at_the_door.theil, at_the_door.worst_tenth_time_s), (None, None, Some(0.0)));
        // Half at the door, half at 2 min: Gini 1/2, Theil 1/2 · 2 · ln 2.
        let half = of(&[(0, 1000), (120_000, 1000)]);
        near(half.gini, 0.5);
        near(half.theil, 2.0_f64.ln());
    }
}
