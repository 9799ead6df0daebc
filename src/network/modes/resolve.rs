//! From the shipped modes, a scenario's changes and a speed set to the modes of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Mode, ModeSettings, NodeDelays};
use crate::error::{Fault, Faults, Result};

/// The modes shipped with the program, as TOML.
pub const SHIPPED_MODES: &str = include_str!("../modes.toml");

/// The slowest and fastest speeds that are taken for real, in km/h.
const SPEED_RANGE_KMH: std::ops::RangeInclusive<f64> = 0.5..=150.0;
/// The longest delay at a node, and the longest wait for a ferry, that are taken for real, in seconds.
const LONGEST_DELAY_S: f64 = 600.0;
const LONGEST_WAIT_S: f64 = 7200.0;

/// The time of day or weather of the speeds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum SpeedSet {
    /// The mean over all trips of a day.
    #[default]
    Average,
    /// Outside the morning and evening peaks.
    OffPeak,
    /// The morning and evening peaks.
    Peak,
    /// Rain, over the whole day.
    Rain,
}

/// Factors on the average speeds by kind of road, and on the delays at nodes. Ferries are as always.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFactors {
    /// `motorway` and its links, everywhere.
    pub expressway: f64,
    /// `trunk`, `primary`, `secondary` and their links in built-up surroundings.
    pub main: f64,
    /// All other roads in built-up surroundings, alleys and paths everywhere.
    pub minor: f64,
    /// All roads but expressways elsewhere.
    pub rural: f64,
    /// The delays at nodes.
    pub delays: f64,
}

impl SetFactors {
    fn speed(&self, class: &str, urban: bool) -> f64 {
        match class.trim_end_matches("_link") {
            "ferry" => 1.0,
            "motorway" => self.expressway,
            _ if !urban => self.rural,
            "trunk" | "primary" | "secondary" => self.main,
            _ => self.minor,
        }
    }
}

/// A scenario's changes to a shipped mode, made to the average set: the factors of the chosen set come on top.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    /// Replaces the share.
    pub share: Option<f64>,
    /// Adds or replaces speeds in km/h by `highway` class, in built-up surroundings and elsewhere.
    #[serde(default)]
    pub speeds_kmh: BTreeMap<String, f64>,
    /// The same in built-up surroundings only; stands above `speeds_kmh`.
    #[serde(default)]
    pub urban_kmh: BTreeMap<String, f64>,
    /// The same elsewhere only; stands above `speeds_kmh`.
    #[serde(default)]
    pub rural_kmh: BTreeMap<String, f64>,
    /// Adds or replaces speeds in km/h by the value of `service`.
    #[serde(default)]
    pub service_kmh: BTreeMap<String, f64>,
    /// Replaces delays at nodes in seconds, by the names of `delays_s` in `modes.toml`.
    #[serde(default)]
    pub delays_s: BTreeMap<String, f64>,
    /// Replaces the wait before a ferry leaves, in seconds.
    pub ferry_wait_s: Option<f64>,
    /// Multiplies every speed, e.g. 0.7 for a flooded day.
    pub speed_factor: Option<f64>,
}

impl NodeDelays {
    /// Each delay with its name.
    fn named(&mut self) -> [(&'static str, &mut f64); 8] {
        [
            ("signals", &mut self.signals),
            ("crossing_signals", &mut self.crossing_signals),
            ("crossing", &mut self.crossing),
            ("stop", &mut self.stop),
            ("give_way", &mut self.give_way),
            ("level_crossing", &mut self.level_crossing),
            ("mini_roundabout", &mut self.mini_roundabout),
            ("bump", &mut self.bump),
        ]
    }
}

impl ModeSettings {
    /// Every speed of the mode in km/h, with the place where it stands.
    fn speeds(&mut self) -> impl Iterator<Item = (String, &mut f64)> {
        let tables = [
            ("urban_kmh", &mut self.urban_kmh),
            ("rural_kmh", &mut self.rural_kmh),
            ("service_kmh", &mut self.service_kmh),
        ];
        let listed = tables
            .into_iter()
            .flat_map(|(name, table)| table.iter_mut().map(move |(class, speed)| (format!("{name}.{class}"), speed)));
        let opened = std::iter::once(("opened_kmh".to_owned(), &mut self.opened_kmh));
        listed.chain(opened).chain(self.push_kmh.as_mut().map(|push| ("push_kmh".to_owned(), push)))
    }

    /// Works a scenario's changes in.
    fn change(&mut self, id: &str, change: &ModeChange, faults: &mut Faults) {
        self.urban_kmh.extend(change.speeds_kmh.clone());
        self.rural_kmh.extend(change.speeds_kmh.clone());
        self.urban_kmh.extend(change.urban_kmh.clone());
        self.rural_kmh.extend(change.rural_kmh.clone());
        self.service_kmh.extend(change.service_kmh.clone());
        self.ferry_wait_s = change.ferry_wait_s.unwrap_or(self.ferry_wait_s);
        for (name, seconds) in &change.delays_s {
            let mut known = self.delays_s.named();
            match known.iter_mut().find(|(n, _)| n == name) {
                Some((_, delay)) => **delay = *seconds,
                None => faults.push(
                    Fault::new("modes::delay", format!("there is no delay `{name}`"))
                        .place(format!("modes.{id}.delays_s"))
                        .help(format!("the delays are {}", known.map(|(n, _)| n).join(", "))),
                ),
            }
        }
        let factor = change.speed_factor.unwrap_or(1.0);
        self.speeds().for_each(|(_, speed)| *speed *= factor);
    }

    /// Makes the rural table complete and works the factors of a set in.
    fn apply(&mut self, factors: Option<SetFactors>) {
        for (class, speed) in &self.urban_kmh {
            self.rural_kmh.entry(class.clone()).or_insert(*speed);
        }
        // A class that only the countryside has a speed for is open in towns too, at that speed.
        for (class, speed) in &self.rural_kmh {
            self.urban_kmh.entry(class.clone()).or_insert(*speed);
        }
        let Some(factors) = factors else { return };
        for (table, urban) in [(&mut self.urban_kmh, true), (&mut self.rural_kmh, false)] {
            for (class, speed) in table {
                *speed *= factors.speed(class, urban);
            }
        }
        for speed in self.service_kmh.values_mut().chain([&mut self.opened_kmh]).chain(&mut self.push_kmh) {
            *speed *= factors.minor;
        }
        for (_, delay) in self.delays_s.named() {
            *delay *= factors.delays;
        }
    }

    fn check(&mut self, id: &str, faults: &mut Faults) {
        for (place, speed) in self.speeds() {
            if !SPEED_RANGE_KMH.contains(speed) {
                faults.push(
                    Fault::new("modes::speed", format!("{speed} km/h is no travel speed"))
                        .place(format!("modes.{id}.{place}"))
                        .help(
                            "a speed is between 0.5 and 150 km/h, after speed_factor and the factors of the speed set",
                        ),
                );
            }
        }
        let wait = ("ferry_wait_s".to_owned(), self.ferry_wait_s, LONGEST_WAIT_S);
        let delays = self.delays_s.named().map(|(name, delay)| (format!("delays_s.{name}"), *delay, LONGEST_DELAY_S));
        for (place, seconds, most) in delays.into_iter().chain([wait]) {
            if !(0.0..=most).contains(&seconds) {
                faults.push(
                    Fault::new("modes::delay", format!("{seconds} s is no delay"))
                        .place(format!("modes.{id}.{place}"))
                        .help(format!("give a number of seconds from 0 to {most}")),
                );
            }
        }
        if !(0.0..=1.0).contains(&self.share) {
            faults.push(
                Fault::new("modes::share", format!("{} is no share of the people", self.share))
                    .place(format!("modes.{id}.share"))
                    .help("a share is between 0 and 1"),
            );
        }
    }
}

/// The shipped modes with a scenario's changes under a speed set, without those that nobody uses, most used first.
///
/// # Errors
/// A change names an unknown mode or delay, a speed, a delay or a share is out of range, or the shares do not sum to 1.
pub fn resolve_modes(changes: &BTreeMap<String, ModeChange>, speeds: SpeedSet) -> Result<Vec<Mode>> {
    let mut modes: BTreeMap<String, ModeSettings> = toml::from_str(SHIPPED_MODES)
        .map_err(|e| Fault::new("modes::shipped", format!("the shipped modes do not parse: {e}")))?;
    let known = modes.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut faults = Faults::default();
    // A scenario that sets some shares says who travels how: modes it leaves out then carry nobody.
    if changes.values().any(|c| c.share.is_some()) {
        for (id, mode) in &mut modes {
            mode.share = changes.get(id).and_then(|c| c.share).unwrap_or(0.0);
        }
    }
    for id in changes.keys().filter(|id| !modes.contains_key(*id)) {
        faults.push(
            Fault::new("modes::unknown", format!("there is no mode `{id}`"))
                .place(format!("modes.{id}"))
                .help(format!("the modes are {known}")),
        );
    }
    for (id, mode) in &mut modes {
        if let Some(change) = changes.get(id) {
            mode.change(id, change, &mut faults);
        }
        let factors = mode.sets.get(&speeds).copied();
        if factors.is_none() && speeds != SpeedSet::Average {
            let fault = Fault::new("modes::shipped", format!("the mode `{id}` has no factors for {speeds:?}"));
            faults.push(fault.help("please report this"));
        }
        mode.apply(factors);
        mode.check(id, &mut faults);
    }
    let total: f64 = modes.values().map(|m| m.share).sum();
    let sums_to_one = (total - 1.0).abs() <= 1e-6; // false for NaN
    if !sums_to_one {
        faults.push(
            Fault::new("modes::shares", format!("the shares of the modes sum to {total:.4}"))
                .place("modes")
                .help("they must sum to 1; a scenario that sets one share sets all"),
        );
    }
    faults.finish()?;
    let mut modes: Vec<Mode> = modes
        .into_iter()
        .filter(|(_, settings)| settings.share > 0.0)
        .map(|(id, settings)| Mode { id, speeds, settings })
        .collect();
    modes.sort_by(|a, b| b.settings.share.total_cmp(&a.settings.share).then_with(|| a.id.cmp(&b.id)));
    Ok(modes)
}

/// One of the shipped modes under a speed set, whatever its share.
///
/// # Errors
/// There is no mode of that name.
pub fn shipped_mode(id: &str, speeds: SpeedSet) -> Result<Mode> {
    let shipped: BTreeMap<String, toml::Table> = toml::from_str(SHIPPED_MODES)
        .map_err(|e| Fault::new("modes::shipped", format!("the shipped modes do not parse: {e}")))?;
    if !shipped.contains_key(id) {
        let known = shipped.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(Fault::new("modes::unknown", format!("there is no mode `{id}`"))
            .place("--mode")
            .help(format!("the modes are {known}"))
            .into());
    }
    let alone = ModeChange { share: Some(1.0), ..ModeChange::default() };
    let mut modes = resolve_modes(&BTreeMap::from([(id.to_owned(), alone)]), speeds)?;
    Ok(modes.swap_remove(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(toml: &str) -> BTreeMap<String, ModeChange> {
        toml::from_str(toml).unwrap()
    }

    fn motorcycle(toml: &str, speeds: SpeedSet) -> ModeSettings {
        resolve_modes(&changes(toml), speeds).unwrap().into_iter().find(|m| m.id == "motorcycle").unwrap().settings
    }

    const SETS: [SpeedSet; 4] = [SpeedSet::Average, SpeedSet::OffPeak, SpeedSet::Peak, SpeedSet::Rain];

    #[test]
    fn shipped_modes_are_sound_in_every_set() {
        for speeds in SETS {
            let modes = resolve_modes(&BTreeMap::new(), speeds).unwrap();
            let ids: Vec<_> = modes.iter().map(|m| m.id.as_str()).collect();
            assert_eq!(ids, ["motorcycle", "foot", "bicycle", "car"], "{speeds:?}");
            for mode in modes {
                let s = mode.settings;
                assert!(s.urban_kmh.keys().eq(s.rural_kmh.keys()), "{} {speeds:?}", mode.id);
                assert!(
                    s.urban_kmh.iter().all(|(class, kmh)| s.rural_kmh[class] >= *kmh * 0.8),
                    "{} {speeds:?}",
                    mode.id
                );
                assert!(s.barriers_s.contains_key("other") && s.barriers_s.contains_key("gate"), "{}", mode.id);
                let factors = s.surface.values().chain(s.smoothness.values()).chain(s.tracktype.values());
                assert!(factors.chain([&s.tight, &s.shared_lane]).all(|f| (0.0..=1.0).contains(f)), "{}", mode.id);
            }
        }
    }

    #[test]
    fn peak_and_off_peak_average_to_the_average_set() {
        // 35 % of trips in the peak: 0.35 / peak + 0.65 / off-peak = 1 for speeds, since times add and not speeds;
        // 0.35 · peak + 0.65 · off-peak = 1 for delays.
        let shipped: BTreeMap<String, ModeSettings> = toml::from_str(SHIPPED_MODES).unwrap();
        for (id, mode) in shipped {
            let (p, o) = (mode.sets[&SpeedSet::Peak], mode.sets[&SpeedSet::OffPeak]);
            for (p, o) in [(p.expressway, o.expressway), (p.main, o.main), (p.minor, o.minor), (p.rural, o.rural)] {
                assert!((0.35 / p + 0.65 / o - 1.0).abs() < 0.001, "{id}: {p} and {o}");
                assert!(p <= 1.0 && o >= 1.0, "{id}: {p} and {o}");
            }
            assert!((0.35 * p.delays + 0.65 * o.delays - 1.0).abs() < 0.001, "{id}: delays");
        }
    }

    #[test]
    fn sets_multiply_by_kind_of_road() {
        // Shipped: peak main 0.82, minor 0.9, rural 0.95, delays 1.3.
        let set = "[motorcycle]\nspeeds_kmh = { primary = 20, residential = 10 }\nrural_kmh = { primary = 40 }\n\
                   service_kmh = { alley = 10 }\ndelays_s = { signals = 10 }";
        let peak = motorcycle(set, SpeedSet::Peak);
        let found = [
            peak.urban_kmh["primary"],
            peak.urban_kmh["residential"],
            peak.rural_kmh["primary"],
            peak.rural_kmh["residential"],
            peak.service_kmh["alley"],
            peak.delays_s.signals,
            peak.urban_kmh["ferry"],
        ];
        for (found, expected) in found.into_iter().zip([16.4, 9.0, 38.0, 9.5, 9.0, 13.0, 8.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        }
    }

    #[test]
    fn a_speed_for_all_surroundings_and_one_for_each() {
        let s = motorcycle("[motorcycle]\nspeeds_kmh = { primary = 20, busway = 15 }", SpeedSet::Average);
        assert_eq!((s.urban_kmh["primary"], s.rural_kmh["primary"]), (20.0, 20.0));
        assert_eq!((s.urban_kmh["busway"], s.rural_kmh["busway"]), (15.0, 15.0));
        let s = motorcycle("[motorcycle]\nurban_kmh = { primary = 20 }", SpeedSet::Average);
        assert_eq!((s.urban_kmh["primary"], s.rural_kmh["primary"]), (20.0, 37.0));
        // 0.5 × 20 and 0.5 × 37.
        let s = motorcycle("[motorcycle]\nurban_kmh = { primary = 20 }\nspeed_factor = 0.5", SpeedSet::Average);
        assert_eq!((s.urban_kmh["primary"], s.rural_kmh["primary"]), (10.0, 18.5));
    }

    #[test]
    fn changes_are_checked_together() {
        let wrong = changes(
            "[hoverboard]\n[car]\nshare = 1.5\nspeeds_kmh = { primary = 400 }\n[foot]\nspeed_factor = 0.7\n\
             delays_s = { signals = -1, lunch = 5 }\nferry_wait_s = 1e9",
        );
        let found = resolve_modes(&wrong, SpeedSet::Average).unwrap_err();
        let places: Vec<_> = found.faults().iter().map(|f| (f.code, f.place.as_deref().unwrap_or(""))).collect();
        assert_eq!(
            places,
            [
                ("modes::unknown", "modes.hoverboard"),
                ("modes::speed", "modes.car.urban_kmh.primary"),
                ("modes::speed", "modes.car.rural_kmh.primary"),
                ("modes::share", "modes.car.share"),
                ("modes::delay", "modes.foot.delays_s"),
                ("modes::delay", "modes.foot.delays_s.signals"),
                ("modes::delay", "modes.foot.ferry_wait_s"),
                ("modes::shares", "modes"),
            ]
        );
    }

    #[test]
    fn a_scenario_names_its_speed_set() {
        let read = |text: &str| toml::from_str::<crate::scenario::TravelSettings>(text).map(|t| t.speeds);
        assert_eq!(read("").unwrap(), SpeedSet::Average);
        for (name, set) in ["average", "off-peak", "peak", "rain"].into_iter().zip(SETS) {
            assert_eq!(read(&format!("speeds = \"{name}\"")).unwrap(), set);
        }
        assert!(read("speeds = \"rush\"").unwrap_err().message().contains("off-peak"));
    }

    #[test]
    fn the_chosen_set_and_its_speeds_stand_in_what_is_written() {
        let modes = resolve_modes(&BTreeMap::new(), SpeedSet::OffPeak).unwrap();
        let json = serde_json::to_value(&modes[0]).unwrap();
        assert_eq!(json["speeds"], "off-peak");
        assert_eq!(json["urban_kmh"]["ferry"], 8.0);
        assert_eq!(json["barriers_s"]["other"], "closed");
        // Worked in: printing the factors beside the products would invite applying them twice.
        assert!(json.get("sets").is_none());
    }
}
