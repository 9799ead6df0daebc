//! How many dossiers come to the agents: people × what they ask for × what is filed online × who wants help.

use crate::error::Result;
use crate::ingest::services::Catalogue;
use crate::scenario::{Opens, Scenario};
use crate::units::Persons;

/// The demand for help, phase by phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossiers {
    /// What people come for.
    pub catalogue: Catalogue,
    /// The share of dossiers filed online in each phase; 0 before the first phase that opens agents.
    pub online_share: Vec<f64>,
    /// Dossiers at agents a working day for one resident, in each phase.
    pub daily_per_person: Vec<f64>,
}

impl Dossiers {
    /// The demand of a scenario.
    ///
    /// # Errors
    /// Faults of the service catalogue.
    pub(super) fn of(scenario: &Scenario) -> Result<Dossiers> {
        let settings = &scenario.demand;
        let catalogue = match &settings.catalogue {
            Some(path) => Catalogue::read(path)?,
            None => Catalogue::shipped()?,
        };
        let online_share = online_shares(scenario);
        let asked = catalogue.yearly_per_person() / settings.working_days * settings.help_share;
        let daily_per_person = online_share.iter().map(|online| asked * online).collect();
        Ok(Dossiers { catalogue, online_share, daily_per_person })
    }

    /// Dossiers a working day of so many people in a phase.
    pub fn daily(&self, persons: Persons, phase: usize) -> f64 {
        persons.people() * self.daily_per_person.get(phase).copied().unwrap_or(0.0)
    }
}

/// The share filed online, growing with the days between the first and the last phase that open agents.
fn online_shares(scenario: &Scenario) -> Vec<f64> {
    let [from, to] = scenario.demand.online_share;
    let opens = |i: &usize| scenario.phases[*i].opens != Opens::Nothing;
    let all = 0..scenario.phases.len();
    let (Some(first), Some(last)) = (all.clone().find(opens), all.clone().rev().find(opens)) else {
        return vec![0.0; all.len()];
    };
    let start = scenario.phases[first].starts;
    let whole = start.days_to(scenario.phases[last].starts);
    all.map(|i| {
        let days = start.days_to(scenario.phases[i].starts);
        if i < first {
            0.0
        } else if whole <= 0 {
            to
        } else {
            from + (to - from) * (days as f64 / whole as f64).min(1.0)
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn scenario(phases: &[(&str, &str)]) -> Scenario {
        let mut text = String::from(
            "title = { vi = \"a\", en = \"a\" }\n[inputs]\nroads = \"r\"\npopulation = \"p\"\nstudy_area = \"s\"\n\
             sites = \"s\"\n[demand]\nhelp_share = 0.5\nworking_days = 200\n",
        );
        for (starts, opens) in phases {
            text += &format!(
                "[[phases]]\nname = {{ vi = \"a\", en = \"a\" }}\nstarts = {starts}\nopens = \"{opens}\"\n{}",
                if *opens == "most-people" { "agents = 3\n" } else { "" }
            );
        }
        Scenario::parse(&text, Path::new("scenario.toml")).unwrap()
    }

    #[test]
    fn the_online_share_grows_with_the_days() {
        let asked = scenario(&[
            ("2025-01-01", "nothing"),
            ("2025-02-01", "most-people"),
            ("2025-02-11", "most-people"),
            ("2025-03-03", "fewest-for-all"),
        ]);
        // From 30 % on 1 February to 80 % on 3 March, 30 days: after 10 days a third of the way, 30 + 50 / 3.
        let shares = online_shares(&asked);
        let expected = [0.0, 0.3, 0.3 + 0.5 / 3.0, 0.8];
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
        assert_eq!(online_shares(&scenario(&[("2025-01-01", "most-people")])), [0.8]);
        assert_eq!(online_shares(&scenario(&[("2025-01-01", "nothing")])), [0.0]);
    }

    #[test]
    fn dossiers_by_hand() {
        let dossiers = Dossiers::of(&scenario(&[("2025-01-01", "most-people")])).unwrap();
        // The shipped catalogue's 438.5 a year for 1,000: 10,000 people ask 4,385 times; 80 % of it online, half of that
        // with help, over 200 days: 4,385 · 0.8 · 0.5 / 200 = 8.77 a day.
        assert!((dossiers.daily(Persons(10_000_000), 0) - 8.77).abs() < 1e-9);
        assert_eq!(dossiers.daily(Persons(10_000_000), 7), 0.0);
    }
}
