//! What a node does to those who pass it: barriers, signals, crossings, signs.

use serde::{Deserialize, Serialize};

use super::Mode;
use super::access::{Verdict, verdict};
use crate::ingest::osm::Tags;

/// Seconds lost at nodes, in the mean over those who pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NodeDelays {
    /// `highway=traffic_signals`. One junction often has several such nodes and signalled crossings on one path, so
    /// this is less than the delay of a whole junction.
    pub signals: f64,
    /// A crossing with signals.
    pub crossing_signals: f64,
    /// Any other crossing.
    pub crossing: f64,
    /// `highway=stop`.
    pub stop: f64,
    /// `highway=give_way`.
    pub give_way: f64,
    /// A railway crossing at grade.
    pub level_crossing: f64,
    /// `highway=mini_roundabout`.
    pub mini_roundabout: f64,
    /// `traffic_calming`: bumps, humps, tables, islands; rumble strips cost nothing.
    pub bump: f64,
}

/// What a barrier without access tags does to a mode.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Barrier {
    /// It lets the mode pass, at the cost of some seconds.
    Delay(f64),
    /// It stops the mode.
    Closed(Closed),
}

/// The word `closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// Nobody of the mode passes.
    #[serde(rename = "closed")]
    Closed,
}

/// What a node does to those who pass it along a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// Nobody passes; roads may still start and end at it.
    Closed,
    /// All pass and lose some time.
    Delay {
        /// Milliseconds along the order of the way's nodes.
        forward_ms: u32,
        /// Milliseconds against it.
        backward_ms: u32,
    },
}

impl Passing {
    /// Nothing happens.
    pub const FREE: Passing = Passing::Delay { forward_ms: 0, backward_ms: 0 };
}

impl Mode {
    /// What a node does to this mode. Of several causes at one node the longest counts in each direction, not their
    /// sum: a zebra under signals is one stop.
    pub fn passing(&self, tags: &Tags) -> Passing {
        let (mut forward, mut backward) = (0.0, 0.0);
        if let Some(barrier) = tags.get("barrier") {
            match self.barrier_s(barrier, tags) {
                None => return Passing::Closed,
                Some(seconds) => (forward, backward) = (seconds, seconds),
            }
        }
        for (seconds, ahead, back) in self.stops(tags).into_iter().flatten() {
            if ahead {
                forward = f64::max(forward, seconds);
            }
            if back {
                backward = f64::max(backward, seconds);
            }
        }
        let ms = |seconds: f64| (seconds * 1000.0).round() as u32;
        Passing::Delay { forward_ms: ms(forward), backward_ms: ms(backward) }
    }

    /// Seconds lost at a barrier; `None` where it stops the mode. Access tags on the node stand above the kind of
    /// barrier, a lock above all but a tag that opens it to the mode.
    fn barrier_s(&self, barrier: &str, tags: &Tags) -> Option<f64> {
        let settings = &self.settings;
        let rule = settings.barriers_s.get(barrier).or(settings.barriers_s.get("other"));
        let usual = match rule {
            Some(Barrier::Delay(seconds)) => Some(*seconds),
            Some(Barrier::Closed(_)) | None => None,
        };
        let said = settings.access.iter().filter_map(|key| tags.get(key).and_then(verdict)).next_back();
        match said {
            Some(Verdict::Closed) => None,
            Some(Verdict::Dismount) if settings.push_kmh.is_none() => None,
            // A wall with `access=yes` has a way through: as long as the open gate takes.
            Some(_) => Some(usual.unwrap_or(match settings.barriers_s.get("gate") {
                Some(Barrier::Delay(seconds)) => *seconds,
                _ => 0.0,
            })),
            None if tags.get("locked") == Some("yes") => None,
            None => usual,
        }
    }

    /// The causes of delay at a node: seconds, and whether they count along and against the order of the nodes.
    fn stops(&self, tags: &Tags) -> [Option<(f64, bool, bool)>; 4] {
        let d = &self.settings.delays_s;
        let both = |seconds: f64| (seconds, true, true);
        let facing = |seconds: f64, keys: &[&str]| match keys.iter().find_map(|k| tags.get(k)) {
            Some("forward") => (seconds, true, false),
            Some("backward") => (seconds, false, true),
            _ => both(seconds),
        };
        let highway = tags.get("highway");
        let sign = match highway {
            Some("traffic_signals") => Some(facing(d.signals, &["traffic_signals:direction", "direction"])),
            Some("stop") => Some(facing(d.stop, &["direction"])),
            Some("give_way") => Some(facing(d.give_way, &["direction"])),
            Some("mini_roundabout") => Some(both(d.mini_roundabout)),
            _ => None,
        };
        let crossing = match tags.get("crossing") {
            Some("no") => None,
            // The signals of the junction itself, with the zebra drawn on the same node: counted above.
            _ if highway == Some("traffic_signals") => None,
            Some("traffic_signals") => Some(both(d.crossing_signals)),
            _ if tags.get("crossing:signals") == Some("yes") => Some(both(d.crossing_signals)),
            Some(_) => Some(both(d.crossing)),
            None if highway == Some("crossing") => Some(both(d.crossing)),
            None => None,
        };
        let railway = matches!(tags.get("railway"), Some("level_crossing" | "crossing" | "tram_level_crossing"))
            .then(|| both(d.level_crossing));
        let calming = match tags.get("traffic_calming") {
            None | Some("no" | "rumble_strip" | "painted_island" | "painted_table") => None,
            Some(_) => Some(facing(d.bump, &["direction"])),
        };
        [sign, crossing, railway, calming]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mode, tags};
    use super::*;

    const MODES: [&str; 4] = ["motorcycle", "car", "bicycle", "foot"];

    /// One letter a mode: `x` closed, `o` open.
    fn open(node: &str) -> String {
        MODES.map(|id| if mode(id).passing(&tags(node)) == Passing::Closed { 'x' } else { 'o' }).iter().collect()
    }

    #[test]
    fn who_passes_which_barrier() {
        // Motorcycle, car, bicycle, foot.
        for (node, expected) in [
            ("", "oooo"),
            ("access=no", "oooo"), // no barrier: a stray tag closes no road
            ("barrier=gate", "oooo"),
            ("barrier=gate access=private", "xxxx"),
            ("barrier=gate access=no foot=yes", "xxxo"),
            ("barrier=gate access=no motorcycle=yes", "oxxx"),
            ("barrier=gate motor_vehicle=private", "xxoo"),
            ("barrier=gate locked=yes", "xxxx"),
            ("barrier=gate locked=yes access=permissive", "oooo"),
            ("barrier=gate access=customers bicycle=dismount", "xxox"),
            ("barrier=lift_gate access=permissive", "oooo"),
            ("barrier=bollard", "oxoo"),
            ("barrier=block", "oxoo"),
            ("barrier=bollard motorcar=yes", "oooo"),
            ("barrier=bollard motorcycle=no", "xxoo"),
            ("barrier=cycle_barrier", "xxoo"),
            ("barrier=yes", "oxoo"),
            ("barrier=yes access=yes", "oooo"),
            ("barrier=wall", "xxxx"),
            ("barrier=fence", "xxxx"),
            ("barrier=wall foot=yes", "xxxo"),
            ("barrier=jersey_barrier", "xxxo"),
            ("barrier=kerb", "oxoo"),
            ("barrier=turnstile", "xxxo"),
            ("barrier=toll_booth", "oooo"),
            ("barrier=height_restrictor", "oooo"),
            ("barrier=something_new", "xxxx"),
        ] {
            assert_eq!(open(node), expected, "{node}");
        }
    }

    #[test]
    fn delays_and_their_directions() {
        let mut mode = mode("motorcycle");
        mode.settings.delays_s = NodeDelays {
            signals: 16.0,
            crossing_signals: 8.0,
            crossing: 1.0,
            stop: 4.0,
            give_way: 2.0,
            level_crossing: 32.0,
            mini_roundabout: 3.0,
            bump: 1.5,
        };
        mode.settings.barriers_s.insert("gate".into(), Barrier::Delay(5.0));
        // Milliseconds along and against the way.
        for (node, forward_ms, backward_ms) in [
            ("highway=traffic_signals", 16_000, 16_000),
            ("highway=traffic_signals traffic_signals:direction=forward", 16_000, 0),
            ("highway=traffic_signals traffic_signals:direction=backward", 0, 16_000),
            ("highway=traffic_signals traffic_signals:direction=both", 16_000, 16_000),
            ("highway=traffic_signals direction=backward", 0, 16_000),
            // One stop, not two; and the zebra of a one-way signal adds nothing to the other direction.
            ("highway=traffic_signals crossing=traffic_signals", 16_000, 16_000),
            ("highway=traffic_signals traffic_signals:direction=forward crossing=marked", 16_000, 0),
            ("highway=crossing crossing=traffic_signals", 8_000, 8_000),
            ("highway=crossing crossing:signals=yes crossing=marked", 8_000, 8_000),
            ("highway=crossing crossing=uncontrolled", 1_000, 1_000),
            ("highway=crossing", 1_000, 1_000),
            ("highway=crossing crossing=no", 0, 0),
            ("highway=stop direction=forward", 4_000, 0),
            ("highway=give_way direction=backward", 0, 2_000),
            ("highway=stop", 4_000, 4_000),
            ("highway=mini_roundabout", 3_000, 3_000),
            ("railway=level_crossing", 32_000, 32_000),
            ("traffic_calming=hump", 1_500, 1_500),
            ("traffic_calming=hump direction=forward", 1_500, 0),
            ("traffic_calming=rumble_strip", 0, 0),
            ("traffic_calming=table highway=crossing", 1_500, 1_500),
            ("barrier=gate", 5_000, 5_000),
            ("barrier=gate highway=traffic_signals traffic_signals:direction=forward", 16_000, 5_000),
            ("barrier=wall access=yes", 5_000, 5_000),
            ("highway=turning_circle", 0, 0),
        ] {
            assert_eq!(mode.passing(&tags(node)), Passing::Delay { forward_ms, backward_ms }, "{node}");
        }
    }
}
