//! By how much agents relieve the one-stop offices that stand already.

use super::{Daily, PhaseCapacity, Work};
use crate::units::Persons;

/// The work of a one-stop office without agents and with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfficeRelief {
    /// Index of the site.
    pub site: u32,
    /// People whose nearest office it is, of all offices.
    pub persons: Persons,
    /// What would come to it if there were no agents but the offices, in dossiers a working day: all that is filed on
    /// paper or with help by those people.
    pub before_per_day: f64,
    /// What comes to it with the agents of the phase.
    pub after_per_day: f64,
    /// Counters that the work before needs; the most of an office where it needs more.
    pub counters_before: u32,
    /// Counters that the work after needs; 0 where the office is closed.
    pub counters_after: u32,
    /// Mean wait in minutes in the busiest hour, before; `None` where the line grows without end.
    pub wait_before_min: Option<f64>,
    /// The same after, at as many counters as before.
    pub wait_after_min: Option<f64>,
}

impl OfficeRelief {
    /// The share of its work that it loses to agents; `None` where it had none.
    pub fn share(&self) -> Option<f64> {
        (self.before_per_day > 0.0).then(|| (self.before_per_day - self.after_per_day) / self.before_per_day)
    }
}

impl Work<'_> {
    /// The relief of each office, given the loads of the phase.
    pub(super) fn relief(&self, phase: &PhaseCapacity, daily: Daily) -> Vec<OfficeRelief> {
        let mut persons = vec![Persons(0); self.offices.len()];
        for (row, office) in self.before.iter().enumerate() {
            if let Some(office) = office.and_then(|site| self.offices.binary_search(&site).ok()) {
                persons[office] += self.study.row_persons[row];
            }
        }
        let most = self.settings.office_max_counters;
        let of_office = |(&site, persons): (&u32, Persons)| {
            let before = persons.people() * daily.paper + persons.people() * daily.help;
            // An office that the plan has closed has nothing left to do.
            let load = phase.of_site(site);
            let (standing, after) = (load.is_some(), load.map_or(0.0, |load| load.dossiers_per_day));
            let counters_before = self.counters.fewest(before, most).unwrap_or(most);
            OfficeRelief {
                site,
                persons,
                before_per_day: before,
                after_per_day: after,
                counters_before,
                counters_after: if standing { self.counters.fewest(after, most).unwrap_or(most) } else { 0 },
                wait_before_min: self.counters.line(before, counters_before).wait_min,
                wait_after_min: self.counters.line(after, counters_before).wait_min,
            }
        };
        self.offices.iter().zip(persons).map(of_office).collect()
    }
}
