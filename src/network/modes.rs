//! Travel modes: who may use which road, in which direction, how fast.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Faults, Result};
use crate::ingest::osm::RoadWay;
use crate::scenario::Text;

/// The modes shipped with the program, as TOML.
pub const SHIPPED_MODES: &str = include_str!("modes.toml");

/// A way to travel, with its share of the people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mode {
    /// Its name in scenarios and tables, e.g. `motorcycle`.
    pub id: String,
    /// The settings after the scenario's changes.
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
    /// OSM access keys that bind it, from the most general to the most specific.
    pub access: Vec<String>,
    /// Whether one-way streets bind it.
    pub oneway: bool,
    /// Whether it may use roads tagged `motorroad=yes`.
    pub motorroad: bool,
    /// Speed in km/h on a road that only an access tag opens to it.
    pub opened_kmh: f64,
    /// Speed in km/h by `highway` class.
    pub speeds_kmh: BTreeMap<String, f64>,
}

/// A scenario's changes to a shipped mode.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    /// Replaces the share.
    pub share: Option<f64>,
    /// Adds or replaces speeds in km/h by `highway` class.
    #[serde(default)]
    pub speeds_kmh: BTreeMap<String, f64>,
    /// Multiplies every speed, e.g. 0.7 for a rainy day.
    pub speed_factor: Option<f64>,
}

/// The slowest and fastest speeds that are taken for real, in km/h.
const SPEED_RANGE_KMH: std::ops::RangeInclusive<f64> = 0.5..=150.0;

/// The shipped modes with a scenario's changes, without those that nobody uses, most used first.
///
/// # Errors
/// A change names an unknown mode, a speed or a share is out of range, or the shares do not sum to 1.
pub fn resolve_modes(changes: &BTreeMap<String, ModeChange>) -> Result<Vec<Mode>> {
    let mut shipped: BTreeMap<String, ModeSettings> = toml::from_str(SHIPPED_MODES)
        .map_err(|e| Fault::new("modes::shipped", format!("the shipped modes do not parse: {e}")))?;
    let known = shipped.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut faults = Faults::default();
    // A scenario that sets some shares says who travels how: modes it leaves out then carry nobody.
    if changes.values().any(|c| c.share.is_some()) {
        for (id, mode) in &mut shipped {
            mode.share = changes.get(id).and_then(|c| c.share).unwrap_or(0.0);
        }
    }
    for (id, change) in changes {
        let Some(mode) = shipped.get_mut(id) else {
            faults.push(
                Fault::new("modes::unknown", format!("there is no mode `{id}`"))
                    .place(format!("modes.{id}"))
                    .help(format!("the modes are {known}")),
            );
            continue;
        };
        mode.speeds_kmh.extend(change.speeds_kmh.clone());
        for speed in mode.speeds_kmh.values_mut().chain([&mut mode.opened_kmh]) {
            *speed *= change.speed_factor.unwrap_or(1.0);
        }
        for (class, speed) in &mode.speeds_kmh {
            if !SPEED_RANGE_KMH.contains(speed) {
                faults.push(
                    Fault::new("modes::speed", format!("{speed} km/h is no travel speed"))
                        .place(format!("modes.{id}.speeds_kmh.{class}"))
                        .help("a speed is between 0.5 and 150 km/h, after speed_factor"),
                );
            }
        }
        if !(0.0..=1.0).contains(&mode.share) {
            faults.push(
                Fault::new("modes::share", format!("{} is no share of the people", mode.share))
                    .place(format!("modes.{id}.share"))
                    .help("a share is between 0 and 1"),
            );
        }
    }
    let total: f64 = shipped.values().map(|m| m.share).sum();
    if !((total - 1.0).abs() <= 1e-6) {
        faults.push(
            Fault::new("modes::shares", format!("the shares of the modes sum to {total:.4}"))
                .place("modes")
                .help("they must sum to 1; a scenario that sets one share sets all"),
        );
    }
    faults.finish()?;
    let mut modes: Vec<Mode> =
        shipped.into_iter().filter(|(_, m)| m.share > 0.0).map(|(id, settings)| Mode { id, settings }).collect();
    modes.sort_by(|a, b| b.settings.share.total_cmp(&a.settings.share).then_with(|| a.id.cmp(&b.id)));
    Ok(modes)
}

/// In which directions a mode may use a way, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Use {
    /// Speed in km/h.
    pub speed_kmh: f64,
    /// Along the order of the way's nodes.
    pub forward: bool,
    /// Against it.
    pub backward: bool,
}

impl Mode {
    /// How this mode may use a way; `None` where it may not.
    pub fn use_of(&self, way: &RoadWay) -> Option<Use> {
        let class_speed = self.settings.speeds_kmh.get(&way.class).copied();
        let mut open = class_speed.is_some();
        if way.tag("motorroad") == Some("yes") && !self.settings.motorroad {
            open = false;
        }
        if way.class == "proposed" || way.class == "construction" || way.tag("area") == Some("yes") {
            return None;
        }
        for key in &self.settings.access {
            match way.tag(key) {
                Some("no" | "private" | "use_sidepath" | "agricultural" | "forestry" | "customers" | "delivery") => {
                    open = false;
                }
                Some("yes" | "designated" | "permissive" | "destination" | "public" | "official") if key != "access" => {
                    open = true;
                }
                _ => {}
            }
        }
        let speed_kmh = if open { class_speed.unwrap_or(self.settings.opened_kmh) } else { return None };
        // A legal limit below the usual speed of the class binds motor traffic.
        let limit = way.tag("maxspeed").and_then(|v| v.trim_end_matches(" km/h").parse::<f64>().ok());
        let speed_kmh = match limit {
            Some(limit) if SPEED_RANGE_KMH.contains(&limit) => speed_kmh.min(limit),
            _ => speed_kmh,
        };
        let (forward, backward) = self.directions(way);
        Some(Use { speed_kmh, forward, backward })
    }

    fn directions(&self, way: &RoadWay) -> (bool, bool) {
        if !self.settings.oneway {
            return (true, true);
        }
        let own_key = match self.id.as_str() {
            "bicycle" => way.tag("oneway:bicycle"),
            "motorcycle" => way.tag("oneway:motorcycle"),
            _ => None,
        };
        let implied = matches!(way.class.as_str(), "motorway" | "motorway_link")
            || matches!(way.tag("junction"), Some("roundabout" | "circular"));
        match own_key.or(way.tag("oneway")) {
            Some("yes" | "true" | "1") => (true, false),
            Some("-1" | "reverse") => (false, true),
            Some("no" | "false" | "0") => (true, true),
            _ => (true, !implied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(class: &str, tags: &[(&str, &str)]) -> RoadWay {
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        RoadWay { id: 1, nodes: vec![1, 2], class: class.to_owned(), tags }
    }

    fn mode(id: &str) -> Mode {
        resolve_modes(&BTreeMap::new()).unwrap().into_iter().find(|m| m.id == id).unwrap()
    }

    #[test]
    fn shipped_modes_are_sound() {
        let ids: Vec<_> = resolve_modes(&BTreeMap::new()).unwrap().into_iter().map(|m| m.id).collect();
        assert_eq!(ids, ["motorcycle", "foot", "bicycle", "car"]);
    }

    #[test]
    fn motorcycles_stay_off_expressways() {
        assert_eq!(mode("motorcycle").use_of(&way("motorway", &[])), None);
        assert_eq!(mode("motorcycle").use_of(&way("trunk", &[("motorroad", "yes")])), None);
        assert_eq!(mode("car").use_of(&way("motorway", &[])), Some(Use { speed_kmh: 70.0, forward: true, backward: false }));
    }

    #[test]
    fn the_most_specific_access_tag_wins() {
        let closed = [("motor_vehicle", "no")];
        assert_eq!(mode("motorcycle").use_of(&way("residential", &closed)), None);
        assert_eq!(mode("foot").use_of(&way("residential", &closed)).map(|u| u.speed_kmh), Some(4.8));
        let but_motorcycles = [("motor_vehicle", "no"), ("motorcycle", "yes")];
        assert_eq!(mode("motorcycle").use_of(&way("residential", &but_motorcycles)).map(|u| u.speed_kmh), Some(17.0));
        assert_eq!(mode("motorcycle").use_of(&way("footway", &[("motorcycle", "yes")])).map(|u| u.speed_kmh), Some(12.0));
    }

    #[test]
    fn oneway_and_its_exceptions() {
        let directions = |id: &str, class: &str, tags: &[(&str, &str)]| {
            mode(id).use_of(&way(class, tags)).map(|u| (u.forward, u.backward))
        };
        assert_eq!(directions("motorcycle", "primary", &[("oneway", "yes")]), Some((true, false)));
        assert_eq!(directions("motorcycle", "primary", &[("oneway", "-1")]), Some((false, true)));
        assert_eq!(directions("foot", "primary", &[("oneway", "yes")]), Some((true, true)));
        assert_eq!(directions("bicycle", "primary", &[("oneway", "yes"), ("oneway:bicycle", "no")]), Some((true, true)));
        assert_eq!(directions("car", "primary", &[("junction", "roundabout")]), Some((true, false)));
    }

    #[test]
    fn a_low_limit_binds_and_a_high_one_does_not() {
        let speed = |v: &str| mode("motorcycle").use_of(&way("primary", &[("maxspeed", v)])).map(|u| u.speed_kmh);
        assert_eq!(speed("20"), Some(20.0));
        assert_eq!(speed("60"), Some(26.0));
        assert_eq!(speed("signals"), Some(26.0));
    }

    #[test]
    fn changes_are_checked_together() {
        let changes: BTreeMap<String, ModeChange> = toml::from_str(
            "[hoverboard]\n[car]\nshare = 1.5\nspeeds_kmh = { primary = 400 }\n[foot]\nspeed_factor = 0.7\n",
        )
        .unwrap();
        let codes: Vec<_> = resolve_modes(&changes).unwrap_err().faults().iter().map(|f| f.code).collect();
        assert_eq!(codes, ["modes::speed", "modes::share", "modes::unknown", "modes::shares"]);
    }
}
