//! Travel modes: who may use which road, in which direction, how fast, and what junctions and barriers cost.
//!
//! The modes are data (`modes.toml`); the code here reads OSM tags by the rules of the OSM wiki's *Key:access*,
//! *Key:oneway*, *Key:maxspeed*, *Key:barrier* and *Tag:highway=traffic_signals* pages. `docs/methods.md` tells the
//! rules and where the numbers come from.

mod access;
#[cfg(test)]
mod calibration;
mod node;
mod resolve;
mod speed;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ingest::osm::Tags;
use crate::scenario::Text;
use crate::units::TravelTime;

pub use node::{Barrier, NodeDelays, Passing};
pub use resolve::{ModeChange, SHIPPED_MODES, SetFactors, SpeedSet, resolve_modes, shipped_mode};

/// A way to travel, with its share of the people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mode {
    /// Its name in scenarios and tables, e.g. `motorcycle`.
    pub id: String,
    /// The time of day or weather whose factors are in the speeds and delays below.
    pub speeds: SpeedSet,
    /// The settings after the speed set and the scenario's changes.
    #[serde(flatten)]
    pub settings: ModeSettings,
}

/// What a mode is made of; see `modes.toml` for the meaning of each key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeSettings {
    /// Its name for people.
    pub name: Text,
    /// Share of the people who travel so, 0 to 1; the shares of all modes sum to 1.
    pub share: f64,
    /// OSM access keys that bind it, from the most general to its own; never empty.
    pub access: Vec<String>,
    /// Whether one-way streets bind it.
    pub oneway: bool,
    /// Whether it may use roads tagged `motorroad=yes`.
    pub motorroad: bool,
    /// Speed in km/h on a class that only an access tag opens to it.
    pub opened_kmh: f64,
    /// Speed in km/h of a pushed vehicle; absent for modes that are never pushed.
    #[serde(default)]
    pub push_kmh: Option<f64>,
    /// `highway` classes where it is pushed unless a tag lets it be ridden.
    #[serde(default)]
    pub pushed: BTreeSet<String>,
    /// Speed in km/h by `highway` class in built-up surroundings.
    pub urban_kmh: BTreeMap<String, f64>,
    /// Speed in km/h by `highway` class elsewhere; once resolved, as complete as `urban_kmh`.
    #[serde(default)]
    pub rural_kmh: BTreeMap<String, f64>,
    /// Speed in km/h on `highway=service` by the value of `service`.
    #[serde(default)]
    pub service_kmh: BTreeMap<String, f64>,
    /// Narrower ways are closed, in metres.
    #[serde(default)]
    pub narrowest_m: f64,
    /// Narrower ways are slower, in metres.
    #[serde(default)]
    pub tight_m: f64,
    /// Factor on the speed of ways narrower than `tight_m`.
    #[serde(default = "unchanged")]
    pub tight: f64,
    /// Factor on larger roads with one lane for each direction that is open.
    #[serde(default = "unchanged")]
    pub one_lane: f64,
    /// Factor on larger roads with a single lane for both directions.
    #[serde(default = "unchanged")]
    pub shared_lane: f64,
    /// Factor on larger roads with three lanes or more a direction.
    #[serde(default = "unchanged")]
    pub many_lanes: f64,
    /// Factor by `surface`; 0 closes.
    #[serde(default)]
    pub surface: BTreeMap<String, f64>,
    /// Factor by `smoothness`; 0 closes.
    #[serde(default)]
    pub smoothness: BTreeMap<String, f64>,
    /// Factor by `tracktype`; 0 closes.
    #[serde(default)]
    pub tracktype: BTreeMap<String, f64>,
    /// Whether legal speed limits bind it.
    pub limited: bool,
    /// Limits in km/h behind the words and country codes of `maxspeed`.
    #[serde(default)]
    pub limits_kmh: BTreeMap<String, f64>,
    /// Wait before a ferry leaves, in seconds.
    pub ferry_wait_s: f64,
    /// Seconds lost at nodes.
    pub delays_s: NodeDelays,
    /// What barriers without access tags do, by the value of `barrier`; `other` for those not listed.
    pub barriers_s: BTreeMap<String, Barrier>,
    /// Factors of the speed sets other than the average; already worked in once resolved.
    #[serde(default, skip_serializing)]
    pub sets: BTreeMap<SpeedSet, SetFactors>,
}

fn unchanged() -> f64 {
    1.0
}

/// How long a way takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// A speed in km/h.
    Kmh(f64),
    /// The whole way in that time, e.g. a ferry's duration with the wait for it.
    Whole(TravelTime),
    /// A wait, once for the whole way, then a speed: a ferry of unknown duration.
    AfterWait {
        /// The wait.
        wait: TravelTime,
        /// Speed in km/h.
        kmh: f64,
    },
}

impl Pace {
    /// Milliseconds for a piece of a way, at least 1: its length at the speed, and its part by length of what counts
    /// for the whole way. `way_length_mm` is the length of the whole way and not less than the piece's.
    pub fn travel_ms(self, length_mm: u32, way_length_mm: u64) -> u32 {
        let length = f64::from(length_mm);
        let part = (length / (way_length_mm as f64).max(1.0)).min(1.0);
        let ms = match self {
            // mm · 3.6 / (km/h) = ms
            Pace::Kmh(kmh) => length * 3.6 / kmh,
            Pace::Whole(time) => f64::from(time.0) * part,
            Pace::AfterWait { wait, kmh } => f64::from(wait.0) * part + length * 3.6 / kmh,
        };
        // u32::MAX marks closed arcs.
        (ms.round() as u32).clamp(1, u32::MAX - 1)
    }
}

/// How a mode may use a way; at least one direction is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Use {
    /// Along the order of the way's nodes; `None` where that is closed.
    pub forward: Option<Pace>,
    /// Against it.
    pub backward: Option<Pace>,
    /// Open only to those whose destination lies on it (`access=destination` and the like). For reports: trips that
    /// end at an agent or a home use such ways rightly, so the search does not avoid them.
    pub destination: bool,
}

/// Keys of ways that some mode looks at, beside `highway` and `route`. Keys of the access hierarchy, `oneway`,
/// `maxspeed` and `lanes` also count with suffixes after a colon (`motorcycle:backward`, `oneway:bicycle`).
pub const WAY_KEYS: &[&str] = &[
    "access",
    "area",
    "bicycle",
    "conveying",
    "cycleway",
    "cycleway:both",
    "cycleway:left",
    "cycleway:right",
    "duration",
    "est_width",
    "foot",
    "junction",
    "lanes",
    "lanes:backward",
    "lanes:forward",
    "maxspeed",
    "maxspeed:type",
    "maxwidth",
    "maxwidth:physical",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "motorroad",
    "narrow",
    "oneway",
    "service",
    "sidewalk",
    "sidewalk:both",
    "sidewalk:left",
    "sidewalk:right",
    "smoothness",
    "source:maxspeed",
    "surface",
    "tracktype",
    "vehicle",
    "width",
    "zone:maxspeed",
    "zone:traffic",
];

/// Keys of nodes that some mode looks at.
pub const NODE_KEYS: &[&str] = &[
    "access",
    "barrier",
    "bicycle",
    "crossing",
    "crossing:signals",
    "direction",
    "foot",
    "highway",
    "locked",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "railway",
    "stop",
    "traffic_calming",
    "traffic_signals:direction",
    "vehicle",
];

impl Mode {
    /// How this mode may use a way; `None` where it may not use it at all. `urban`: built-up surroundings, where the
    /// way's own tags do not say it ([`super::urban::tagged`]).
    pub fn use_of(&self, tags: &Tags, urban: bool) -> Option<Use> {
        let urban = super::urban::tagged(tags).unwrap_or(urban);
        let access = self.access_of(tags)?;
        let pace = |backward: bool| self.pace(tags, urban, access.riding, backward);
        let forward = access.forward.then(|| pace(false)).flatten();
        let backward = access.backward.then(|| pace(true)).flatten();
        (forward.is_some() || backward.is_some()).then_some(Use { forward, backward, destination: access.destination })
    }

    /// Whether a turn restriction binds this mode. `binds`: the access keys it names (`restriction:motorcar`; empty
    /// for a plain `restriction`, which binds all vehicles); `except`: the keys it lets off. Walkers are bound only
    /// by those that name `foot`.
    pub fn obeys_turns(&self, binds: &[String], except: &[String]) -> bool {
        let own = |keys: &[String]| keys.iter().any(|k| k != "access" && self.settings.access.contains(k));
        let vehicle = self.settings.access.iter().any(|k| k == "vehicle");
        (if binds.is_empty() { vehicle } else { own(binds) }) && !own(except)
    }

    /// The highest speed in km/h that this mode has on any way: bounds how far anyone can come in a given time.
    pub fn fastest_kmh(&self) -> f64 {
        let s = &self.settings;
        let classes = s.urban_kmh.values().chain(s.rural_kmh.values()).copied().fold(s.opened_kmh, f64::max);
        classes * s.many_lanes.max(s.one_lane).max(s.shared_lane).max(1.0)
    }

    /// Its own access key, the most specific one.
    fn own_key(&self) -> &str {
        self.settings.access.last().map_or("", String::as_str)
    }
}

/// Whether a `highway` class counts as a larger road, where lanes are marked and matter.
fn is_main(class: &str) -> bool {
    matches!(class.trim_end_matches("_link"), "motorway" | "trunk" | "primary" | "secondary" | "tertiary")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tags of a way or node, e.g. `primary oneway=yes`; a word without `=` is the class, and `+` in a value
    /// stands for a space.
    pub(super) fn tags(text: &str) -> Tags {
        let words: Vec<String> = text.split_whitespace().map(|w| w.replace('+', " ")).collect();
        let class = words.iter().find(|w| !w.contains('=')).map_or("", String::as_str);
        Tags::new(class, words.iter().filter_map(|w| w.split_once('=')))
    }

    pub(super) fn mode(id: &str) -> Mode {
        resolve_modes(&BTreeMap::new(), SpeedSet::Average).unwrap().into_iter().find(|m| m.id == id).unwrap()
    }

    #[test]
    fn every_key_that_a_mode_looks_at_is_read() {
        for key in WAY_KEYS.iter().chain(NODE_KEYS).filter(|&&k| k != "highway") {
            assert_eq!(Tags::new("primary", [(*key, "yes")]).get(key), Some("yes"), "{key} is dropped by the reader");
        }
    }

    #[test]
    fn times_by_hand() {
        // 100 m at 36 km/h = 10 m/s: 10 s. 1 m at 4.8 km/h = 1.3333 m/s: 0.75 s.
        assert_eq!(Pace::Kmh(36.0).travel_ms(100_000, 500_000), 10_000);
        assert_eq!(Pace::Kmh(4.8).travel_ms(1_000, 1_000), 750);
        assert_eq!(Pace::Kmh(36.0).travel_ms(0, 0), 1);
        // A quarter of a crossing of 12 min: 3 min.
        assert_eq!(Pace::Whole(TravelTime(720_000)).travel_ms(250_000, 1_000_000), 180_000);
        // Half of a wait of 300 s, and 500 m at 9 km/h = 2.5 m/s: 150 + 200 s.
        let ferry = Pace::AfterWait { wait: TravelTime(300_000), kmh: 9.0 };
        assert_eq!(ferry.travel_ms(500_000, 1_000_000), 350_000);
    }

    #[test]
    fn turn_restrictions_bind_vehicles_but_those_let_off() {
        let keys = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        // (names, lets off, motorcycle, car, bicycle, foot)
        for (binds, except, expected) in [
            ("", "", [true, true, true, false]),
            ("", "bicycle psv", [true, true, false, false]),
            ("", "motor_vehicle", [false, false, true, false]),
            ("motorcar", "", [false, true, false, false]),
            ("hgv", "", [false, false, false, false]),
            ("motor_vehicle", "motorcycle", [false, true, false, false]),
            ("foot", "", [false, false, false, true]),
        ] {
            let found =
                ["motorcycle", "car", "bicycle", "foot"].map(|id| mode(id).obeys_turns(&keys(binds), &keys(except)));
            assert_eq!(found, expected, "restriction:{binds} except={except}");
        }
    }
}
