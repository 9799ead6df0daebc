//! Settings of the counters: how long they are open, how fast they work, how long people may wait.

use serde::{Deserialize, Serialize};

use crate::ingest::services::MOST_MINUTES;

/// How many counters agents have and what they carry. Every default is an assumption but the city's 15 minutes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapacitySettings {
    /// Minutes a working day for which a counter is open.
    pub open_minutes_per_day: f64,
    /// Minutes at the counter for one dossier.
    pub minutes_per_dossier: Minutes,
    /// Most counters of an agent.
    pub max_counters: u32,
    /// Longest mean wait in minutes that the number of counters must keep, in the busiest hour.
    pub wait_target_minutes: f64,
    /// Largest share of the counters' time that may be taken, in the busiest hour.
    pub max_utilisation: f64,
    /// How many times as many people come in the busiest hour as in the mean hour.
    pub peak_factor: f64,
    /// How much longer the way to another agent may be for those who are sent there from one that is overloaded; 0
    /// sends nobody.
    pub detour_minutes: f64,
    /// The part of the dossiers with help that people bring to an agent where one serves them; they bring the others to
    /// the one-stop offices.
    pub share_at_agents: f64,
    /// Whether fixed sites are one-stop offices: they have counters of their own number, and what is filed on paper
    /// comes to them.
    pub fixed_are_offices: bool,
    /// Most counters of a one-stop office.
    pub office_max_counters: u32,
}

impl Default for CapacitySettings {
    fn default() -> Self {
        CapacitySettings {
            open_minutes_per_day: 480.0,
            minutes_per_dossier: Minutes::Given(MOST_MINUTES),
            max_counters: 5,
            wait_target_minutes: 10.0,
            max_utilisation: 0.85,
            peak_factor: 1.0,
            detour_minutes: 0.0,
            share_at_agents: 1.0,
            fixed_are_offices: true,
            office_max_counters: 30,
        }
    }
}

/// Minutes of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number of minutes, or \"catalogue\"")]
pub enum Minutes {
    /// So many.
    Given(f64),
    /// As another source says.
    Of(MinutesSource),
}

/// Where the minutes of a dossier come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinutesSource {
    /// The mean of the service catalogue, each procedure by its volume.
    Catalogue,
}

impl CapacitySettings {
    /// Minutes of a dossier, where the service catalogue's mean is `of_catalogue`.
    pub fn service_minutes(&self, of_catalogue: f64) -> f64 {
        match self.minutes_per_dossier {
            Minutes::Given(minutes) => minutes,
            Minutes::Of(MinutesSource::Catalogue) => of_catalogue,
        }
    }

    /// Collects what is out of range.
    pub(super) fn check(&self, wrong: &mut dyn FnMut(String, String, &str)) {
        let mut number = |key: &str, value: f64, fits: bool, help: &str| {
            if !fits {
                wrong(format!("capacity.{key}"), format!("{value} is out of range"), help);
            }
        };
        let within = |value: f64, most: f64| value > 0.0 && value <= most;
        let open = self.open_minutes_per_day;
        number("open_minutes_per_day", open, within(open, 1440.0), "give minutes above 0, at most 1440");
        if let Minutes::Given(minutes) = self.minutes_per_dossier {
            let help = "give minutes above 0, at most 600, or \"catalogue\" for the mean of the service catalogue";
            number("minutes_per_dossier", minutes, within(minutes, 600.0), help);
        }
        for (key, counters) in [("max_counters", self.max_counters), ("office_max_counters", self.office_max_counters)]
        {
            let fits = (1..=1000).contains(&counters);
            number(key, f64::from(counters), fits, "give a whole number from 1 to 1000");
        }
        let wait = self.wait_target_minutes;
        let help = "give minutes above 0, at most 1440: where people come at random, some wait";
        number("wait_target_minutes", wait, within(wait, 1440.0), help);
        let used = self.max_utilisation;
        let help = "give a number above 0 and below 1: a queue that is always busy grows without end";
        number("max_utilisation", used, used > 0.0 && used < 1.0, help);
        let peak = self.peak_factor;
        number("peak_factor", peak, (1.0..=24.0).contains(&peak), "give a number from 1 to 24");
        let detour = self.detour_minutes;
        number("detour_minutes", detour, (0.0..=600.0).contains(&detour), "give minutes from 0 to 600");
        let share = self.share_at_agents;
        number("share_at_agents", share, (0.0..=1.0).contains(&share), "give a number from 0 to 1");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::Scenario;

    fn scenario(capacity: &str) -> crate::error::Result<Scenario> {
        let text = format!(
            "title = {{ vi = \"a\", en = \"a\" }}\n[inputs]\nroads = \"r\"\npopulation = \"p\"\nstudy_area = \"s\"\n\
             sites = \"s\"\n{capacity}\n[[phases]]\nname = {{ vi = \"a\", en = \"a\" }}\nstarts = 2025-01-01\n\
             opens = \"nothing\"\n"
        );
        Scenario::parse(&text, Path::new("scenario.toml"))
    }

    #[test]
    fn off_unless_asked_for_and_the_citys_limit_by_default() {
        assert_eq!(scenario("").unwrap().capacity, None);
        let asked = scenario("[capacity]").unwrap().capacity.unwrap();
        assert_eq!(asked, CapacitySettings::default());
        assert_eq!((asked.service_minutes(9.0), asked.max_utilisation, asked.detour_minutes), (15.0, 0.85, 0.0));
        let by_catalogue = scenario("[capacity]\nminutes_per_dossier = \"catalogue\"").unwrap().capacity.unwrap();
        assert_eq!(by_catalogue.service_minutes(9.0), 9.0);
    }

    #[test]
    fn what_is_out_of_range_is_told_together() {
        let text = "[capacity]\nopen_minutes_per_day = 0\nminutes_per_dossier = -1\nmax_counters = 0\n\
                    wait_target_minutes = 0\nmax_utilisation = 1\npeak_factor = 0.5\ndetour_minutes = nan\n\
                    share_at_agents = 1.5\noffice_max_counters = 1001";
        let error = scenario(text).unwrap_err();
        let places: Vec<&str> = error.faults().iter().filter_map(|f| f.place.as_deref()).collect();
        assert_eq!(places.len(), 9, "{places:?}");
        assert!(places.iter().all(|p| p.starts_with("capacity.")), "{places:?}");
        assert!(error.faults().iter().all(|f| f.code == "scenario::value"));
        assert!(scenario("[capacity]\nminutes_per_dossier = \"guess\"").is_err());
        assert!(scenario("[capacity]\ncounters = 3").is_err(), "unknown keys are refused");
    }
}
