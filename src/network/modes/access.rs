//! Who may use a way, and in which directions.

use super::Mode;
use crate::ingest::osm::Tags;

/// What the access tags of a way say to a mode.
pub(super) struct Access {
    /// Open along the order of its nodes.
    pub forward: bool,
    /// Open against it.
    pub backward: bool,
    /// Ridden, driven or walked, or pushed.
    pub riding: Riding,
    /// Open only to those who have business on it.
    pub destination: bool,
}

/// How a mode moves on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Riding {
    /// At the speed of the class.
    Usual,
    /// A tag opens the way to the mode by name: never pushed.
    Named,
    /// Pushed by hand (`bicycle=dismount`).
    Pushed,
}

/// What one access value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    /// Open to those who have business there.
    Destination,
    /// Open to those who get off.
    Dismount,
    Closed,
}

/// Reads an access value; `None` for values that decide nothing (`unknown`, misspellings). Of several values
/// (`yes;destination`, or one a lane: `no|no|designated`) the most open one counts. Private ways are closed: a plan for
/// all residents cannot count on a gatekeeper.
pub(super) fn verdict(value: &str) -> Option<Verdict> {
    let one = |value: &str| match value.trim() {
        "yes" | "designated" | "permissive" | "public" | "official" | "discouraged" | "true" | "1" => {
            Some(Verdict::Open)
        }
        "destination" => Some(Verdict::Destination),
        "dismount" => Some(Verdict::Dismount),
        "no" | "private" | "customers" | "delivery" | "agricultural" | "forestry" | "military" | "use_sidepath"
        | "permit" | "residents" | "employees" | "emergency" | "staff" | "restricted" | "false" | "0" => {
            Some(Verdict::Closed)
        }
        _ => None,
    };
    let found: Vec<Verdict> = value.split([';', '|']).filter_map(one).collect();
    [Verdict::Open, Verdict::Destination, Verdict::Dismount, Verdict::Closed].into_iter().find(|v| found.contains(v))
}

impl Mode {
    /// What the access tags say; `None` where both directions are closed.
    pub(super) fn access_of(&self, tags: &Tags) -> Option<Access> {
        // Not built, or a square to be crossed and not a line to be followed.
        if matches!(tags.class.as_str(), "proposed" | "construction" | "razed" | "abandoned" | "disused" | "")
            || tags.get("area") == Some("yes")
        {
            return None;
        }
        let (ahead, back) = (self.decide(tags, "forward"), self.decide(tags, "backward"));
        let (mut forward, mut backward) = self.directions(tags);
        // A direction that is opened by name is open against the one-way rule (`bicycle:backward=yes`).
        forward = ahead.open && (forward || ahead.direction_named);
        backward = back.open && (backward || back.direction_named);
        if !forward && !backward {
            return None;
        }
        let said = if forward { ahead } else { back };
        Some(Access { forward, backward, riding: said.riding, destination: said.destination })
    }

    /// Walks the access keys from the most general to the mode's own; the last one that decides wins.
    fn decide(&self, tags: &Tags, direction: &str) -> Decision {
        let settings = &self.settings;
        let class = tags.class.as_str();
        let expressway = class.starts_with("motorway") || tags.get("motorroad") == Some("yes");
        let listed = settings.urban_kmh.contains_key(class) || settings.pushed.contains(class);
        let usual = (listed && (settings.motorroad || tags.get("motorroad") != Some("yes"))) || self.has_own_lane(tags);
        let mut decision = Decision { open: usual, direction_named: false, riding: Riding::Usual, destination: false };
        // A passenger boat: nothing on wheels, whatever the class allows.
        if class == "ferry" && tags.get("foot") == Some("only") && self.own_key() != "foot" {
            decision.open = false;
        }
        for key in &settings.access {
            let of_direction = tags.get_joined(&[key, direction]);
            let Some(verdict) = of_direction.or(tags.get(key)).and_then(verdict) else { continue };
            let own = key == self.own_key();
            // `access=yes` on a footway says nothing of cars, and `motor_vehicle=yes` on an expressway nothing of
            // motorcycles: only a key that names vehicles opens what is closed by its kind.
            let opens = own || (key != "access" && !expressway);
            decision = match verdict {
                Verdict::Closed => Decision { open: false, direction_named: false, ..decision },
                Verdict::Dismount => Decision {
                    open: settings.push_kmh.is_some() || (usual && !own),
                    riding: Riding::Pushed,
                    ..decision
                },
                Verdict::Open | Verdict::Destination => Decision {
                    open: usual || opens,
                    direction_named: of_direction.is_some(),
                    riding: if own { Riding::Named } else { Riding::Usual },
                    destination: verdict == Verdict::Destination,
                },
            };
        }
        decision
    }

    /// Whether the way has a pavement for walkers or a cycle lane for cyclists, which opens it to them even where its
    /// class does not: the great bridges are trunk roads or expressways with both.
    fn has_own_lane(&self, tags: &Tags) -> bool {
        let any = |keys: [&str; 4], good: &[&str]| keys.iter().any(|k| tags.get(k).is_some_and(|v| good.contains(&v)));
        match self.own_key() {
            "foot" => {
                any(["sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"], &["yes", "both", "left", "right"])
            }
            "bicycle" => any(
                ["cycleway", "cycleway:both", "cycleway:left", "cycleway:right"],
                &["yes", "lane", "track", "opposite_lane", "opposite_track"],
            ),
            _ => false,
        }
    }

    /// The directions that the one-way rule leaves open: (along, against) the order of the nodes.
    fn directions(&self, tags: &Tags) -> (bool, bool) {
        let own = |prefix: &str| {
            let keys = self.settings.access.iter().rev().filter(|k| *k != "access");
            keys.filter_map(|k| tags.get_joined(&[prefix, k])).find_map(one_way)
        };
        if !self.settings.oneway {
            // Walkers: only where a sign names them, or where the steps themselves move.
            let moving = match tags.get("conveying") {
                Some("forward") => Some((true, false)),
                Some("backward") => Some((false, true)),
                _ => None,
            };
            return own("oneway").or(moving).unwrap_or((true, true));
        }
        let contraflow = self.own_key() == "bicycle"
            && ["cycleway", "cycleway:left", "cycleway:right", "cycleway:both"].iter().any(|key| {
                tags.get(key).is_some_and(|v| v.starts_with("opposite"))
                    || tags.get_joined(&[key, "oneway"]).is_some_and(|v| matches!(v, "no" | "-1"))
            });
        let implied = matches!(tags.class.as_str(), "motorway" | "motorway_link")
            || matches!(tags.get("junction"), Some("roundabout" | "circular"));
        own("oneway")
            .or(contraflow.then_some((true, true)))
            .or(tags.get("oneway").and_then(one_way))
            .unwrap_or((true, !implied))
    }
}

/// The state while the keys are walked.
#[derive(Debug, Clone, Copy)]
struct Decision {
    open: bool,
    /// Opened for this direction by name.
    direction_named: bool,
    riding: Riding,
    destination: bool,
}

/// What a value of `oneway` leaves open: (along, against). Lanes that are `reversible` by the hour are closed, since
/// nobody can count on them all day; `alternating` traffic is open both ways.
fn one_way(value: &str) -> Option<(bool, bool)> {
    match value {
        "yes" | "true" | "1" => Some((true, false)),
        "-1" | "reverse" => Some((false, true)),
        "no" | "false" | "0" | "alternating" => Some((true, true)),
        "reversible" => Some((false, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mode, tags};

    const MODES: [&str; 4] = ["motorcycle", "car", "bicycle", "foot"];

    /// `>` along, `<` against, `=` both, `.` closed, one letter a mode.
    fn open(way: &str) -> String {
        MODES
            .iter()
            .map(|id| match mode(id).use_of(&tags(way), true) {
                None => '.',
                Some(u) => match (u.forward.is_some(), u.backward.is_some()) {
                    (true, false) => '>',
                    (false, true) => '<',
                    _ => '=',
                },
            })
            .collect()
    }

    #[test]
    fn who_may_use_which_way() {
        // Motorcycle, car, bicycle, foot.
        for (way, expected) in [
            ("residential", "===="),
            ("motorway", ".>.."),
            ("motorway motor_vehicle=yes", ".>.."),
            ("motorway motorcycle=yes", ">>.."),
            ("motorway oneway=no", ".=.."),
            ("trunk motorroad=yes", ".=.."),
            ("trunk motorroad=yes motorcycle=designated", "==.."),
            ("trunk motorroad=yes sidewalk=both", ".=.="),
            ("trunk motorroad=yes cycleway:right=lane", ".==."),
            ("footway", "..=="), // bicycles are pushed
            ("footway motorcycle=yes", "=.=="),
            ("footway access=yes", "..=="),
            ("path", "..=="),
            ("steps", "..=="),
            ("cycleway", "..=="),
            ("pedestrian vehicle=destination", "===="),
            ("busway", "...."),
            ("proposed", "...."),
            ("construction", "...."),
            ("pedestrian area=yes", "...."),
            ("residential access=private", "...."),
            ("residential access=permit", "...."),
            ("residential access=unknown", "===="),
            ("residential access=no motorcycle=yes", "=..."),
            ("residential access=no foot=yes bicycle=yes", "..=="),
            ("residential motor_vehicle=no", "..=="),
            ("residential motor_vehicle=no motorcycle=yes", "=.=="),
            ("residential vehicle=no", "...="),
            ("residential access=customers motor_vehicle=permissive", "==.."),
            ("trunk foot=use_sidepath", "===."),
            ("primary motorcycle=yes|yes|designated", "===="),
            ("primary motorcycle=no|no", ".==="),
            ("service service=alley motorcar=no", "=.=="),
            ("residential bicycle=dismount", "===="),
            ("residential motorcycle=dismount", ".==="),
            ("ferry", "===="),
            ("ferry motor_vehicle=no", "..=="),
            ("ferry foot=only", "...="),
            ("residential width=2.4", "=.=="),
            ("residential width=2.5", "===="),
            ("residential width=0.8", "..=="),
            ("residential width=0.6", "...="),
        ] {
            assert_eq!(open(way), expected, "{way}");
        }
    }

    #[test]
    fn one_way_streets_and_their_exceptions() {
        for (way, expected) in [
            ("primary oneway=yes", ">>>="),
            ("primary oneway=-1", "<<<="),
            ("primary oneway=no", "===="),
            ("primary oneway=yes oneway:bicycle=no", ">>=="),
            ("primary oneway=yes oneway:motorcycle=no", "=>>="),
            ("primary oneway:motor_vehicle=yes", ">>=="),
            ("primary oneway=yes cycleway=opposite", ">>=="),
            ("primary oneway=yes cycleway:left=opposite_lane", ">>=="),
            ("primary oneway=yes cycleway:left:oneway=-1", ">>=="),
            ("primary oneway=yes bicycle:backward=yes", ">>=="),
            ("primary motorcycle:forward=no", "<==="),
            ("primary oneway=yes motorcycle:forward=no", ".>>="),
            ("primary junction=roundabout", ">>>="),
            ("primary junction=circular oneway=no", "===="),
            ("primary oneway=reversible", "...="),
            ("primary oneway=alternating", "===="),
            ("footway oneway:foot=yes", "..=>"),
            ("steps conveying=backward", "..=<"),
            ("steps conveying=yes", "..=="),
        ] {
            assert_eq!(open(way), expected, "{way}");
        }
    }

    #[test]
    fn ways_for_those_with_business_there_are_told_apart() {
        let destination = |way: &str| mode("motorcycle").use_of(&tags(way), true).unwrap().destination;
        assert!(destination("residential motorcycle=destination"));
        assert!(destination("residential access=destination"));
        assert!(!destination("residential access=destination motorcycle=yes"));
        assert!(!destination("residential motorcar=destination"));
    }
}
