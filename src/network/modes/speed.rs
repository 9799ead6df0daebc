//! How fast a mode goes on a way: class, surroundings, lanes, surface, width, legal limit, ferry times.

use super::access::Riding;
use super::{Mode, Pace, is_main};
use crate::ingest::osm::Tags;
use crate::units::TravelTime;

/// Slowest and fastest legal limits that are taken for real, in km/h: below lie typing mistakes.
const LIMITS_KMH: std::ops::RangeInclusive<f64> = 5.0..=150.0;
/// Longest duration of a ferry that is taken for real, in seconds: a day.
const LONGEST_FERRY_S: f64 = 86_400.0;

impl Mode {
    /// The pace on a way that is open; `None` where its surface or width stops the mode.
    pub(super) fn pace(&self, tags: &Tags, urban: bool, riding: Riding, backward: bool) -> Option<Pace> {
        let s = &self.settings;
        let width = width_m(tags);
        if width.is_some_and(|w| w < s.narrowest_m) {
            return None;
        }
        let class_kmh = self.class_kmh(tags, urban, riding);
        if tags.class == "ferry" {
            let wait = TravelTime::from_minutes(s.ferry_wait_s / 60.0);
            return Some(match tags.get("duration").and_then(duration_s) {
                Some(seconds) => Pace::Whole(TravelTime::from_minutes((seconds + s.ferry_wait_s) / 60.0)),
                None => Pace::AfterWait { wait, kmh: class_kmh },
            });
        }
        let tight = width.is_some_and(|w| w < s.tight_m) || tags.get("narrow") == Some("yes");
        let kmh = class_kmh
            * self.lanes_factor(tags, backward)
            * self.ground_factor(tags)
            * if tight { s.tight } else { 1.0 };
        let limit = if s.limited { self.limit_kmh(tags, backward) } else { None };
        // A legal limit binds where it is below the usual speed; a high one makes nobody faster in traffic.
        let kmh = limit.map_or(kmh, |limit| kmh.min(limit));
        (kmh > 0.0).then_some(Pace::Kmh(kmh))
    }

    /// The usual speed of the class in its surroundings.
    fn class_kmh(&self, tags: &Tags, urban: bool, riding: Riding) -> f64 {
        let s = &self.settings;
        let class = tags.class.as_str();
        let by_service = || tags.get("service").filter(|_| class == "service").and_then(|v| s.service_kmh.get(v));
        let by_class = || if urban { s.urban_kmh.get(class) } else { s.rural_kmh.get(class) };
        let usual = by_service().or_else(by_class).copied();
        match (riding, s.push_kmh) {
            (Riding::Pushed, Some(push)) => push.min(usual.unwrap_or(push)),
            (Riding::Usual, Some(push)) if s.pushed.contains(class) => push,
            _ => usual.unwrap_or(s.opened_kmh),
        }
    }

    /// Lanes matter on larger roads: a wide road is a little faster, one lane for both directions slower.
    fn lanes_factor(&self, tags: &Tags, backward: bool) -> f64 {
        if !is_main(&tags.class) || tags.class.ends_with("_link") {
            return 1.0;
        }
        let number =
            |key: &str| tags.get(key).and_then(|v| v.trim().parse::<f64>().ok()).filter(|n| (1.0..=20.0).contains(n));
        let one_way = matches!(tags.get("oneway"), Some("yes" | "true" | "1" | "-1" | "reverse"))
            || matches!(tags.get("junction"), Some("roundabout" | "circular"))
            || tags.class == "motorway";
        let of_direction = number(if backward { "lanes:backward" } else { "lanes:forward" });
        let lanes = match (of_direction, number("lanes")) {
            (Some(lanes), _) => lanes,
            (None, Some(lanes)) if one_way => lanes,
            (None, Some(lanes)) => lanes / 2.0,
            (None, None) => return 1.0,
        };
        match lanes {
            n if n < 1.0 => self.settings.shared_lane,
            n if n < 2.0 => self.settings.one_lane,
            n if n >= 3.0 => self.settings.many_lanes,
            _ => 1.0,
        }
    }

    /// Surface, smoothness and track type describe one thing, so the worst of them counts, not their product.
    fn ground_factor(&self, tags: &Tags) -> f64 {
        let s = &self.settings;
        [("surface", &s.surface), ("smoothness", &s.smoothness), ("tracktype", &s.tracktype)]
            .into_iter()
            .filter_map(|(key, factors)| tags.get(key).and_then(|v| factors.get(v)))
            .fold(1.0, |worst, &factor| worst.min(factor))
    }

    /// The legal limit for this mode in this direction: its own, then that of all, then what the kind of limit says.
    fn limit_kmh(&self, tags: &Tags, backward: bool) -> Option<f64> {
        let direction = if backward { "backward" } else { "forward" };
        let own = self.settings.access.iter().rev().filter(|k| *k != "access");
        let of_mode =
            own.flat_map(|k| [tags.get_joined(&["maxspeed", k, direction]), tags.get_joined(&["maxspeed", k])]);
        let values = of_mode.chain([tags.get_joined(&["maxspeed", direction])]).chain(
            ["maxspeed", "maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic"].map(|key| tags.get(key)),
        );
        values.flatten().find_map(|value| self.parse_limit(value)).flatten()
    }

    /// A value of `maxspeed`: `50`, `50 km/h`, `30 mph`, the lowest of `50;40`, or a word of `limits_kmh` such as
    /// `VN:urban`. `Some(None)` where there is no fixed limit; `None` where the value says nothing.
    fn parse_limit(&self, value: &str) -> Option<Option<f64>> {
        if matches!(value, "none" | "signals" | "variable") {
            return Some(None);
        }
        let one = |text: &str| -> Option<f64> {
            let text = text.trim();
            let kmh = match self.settings.limits_kmh.get(text) {
                Some(kmh) => *kmh,
                None => match text.strip_suffix("mph") {
                    Some(mph) => mph.trim().parse::<f64>().ok()? * 1.609_344,
                    None => text.trim_end_matches("km/h").trim_end_matches("kmh").trim().parse().ok()?,
                },
            };
            LIMITS_KMH.contains(&kmh).then_some(kmh)
        };
        value.split([';', '|']).filter_map(one).reduce(f64::min).map(Some)
    }
}

/// The width of a way in metres: the least of what its tags say. The first number of each value counts (`3-4 m`);
/// feet and inches are not read.
fn width_m(tags: &Tags) -> Option<f64> {
    ["width", "est_width", "maxwidth", "maxwidth:physical"]
        .into_iter()
        .filter_map(|key| tags.get(key))
        .filter(|value| !value.contains(['\'', '"']) && !value.contains("ft"))
        .filter_map(|value| {
            let value = value.trim();
            let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
            value[..end].parse::<f64>().ok()
        })
        .filter(|width| *width > 0.0)
        .reduce(f64::min)
}

/// A duration in seconds, above 0 and at most a day: `20` (minutes), `00:20`, `00:20:30`, `PT20M`, `PT1H5M30S`.
fn duration_s(value: &str) -> Option<f64> {
    let value = value.trim();
    let number = |text: &str| text.parse::<u32>().ok().map(f64::from);
    let seconds = if let Some(mut rest) = value.strip_prefix("PT") {
        let mut seconds = 0.0;
        for (unit, length_s) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
            if let Some((count, after)) = rest.split_once(unit) {
                seconds += number(count)? * length_s;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
        seconds
    } else {
        let parts = value.split(':').map(number).collect::<Option<Vec<f64>>>()?;
        match parts[..] {
            [minutes] => minutes * 60.0,
            [hours, minutes] => hours * 3600.0 + minutes * 60.0,
            [hours, minutes, seconds] => hours * 3600.0 + minutes * 60.0 + seconds,
            _ => return None,
        }
    };
    (seconds > 0.0 && seconds <= LONGEST_FERRY_S).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mode, tags};
    use super::super::{ModeSettings, resolve_modes};
    use super::*;

    /// A mode with round numbers, so that products are plain to see.
    fn plain(change: impl FnOnce(&mut ModeSettings)) -> Mode {
        let mut mode = mode("motorcycle");
        let s = &mut mode.settings;
        for (class, kmh) in [("primary", 40.0), ("residential", 20.0), ("service", 16.0), ("track", 10.0)] {
            s.urban_kmh.insert(class.into(), kmh);
            s.rural_kmh.insert(class.into(), kmh * 1.5);
        }
        s.service_kmh = [("alley".to_owned(), 10.0)].into();
        (s.one_lane, s.shared_lane, s.many_lanes, s.tight, s.opened_kmh) = (0.9, 0.75, 1.1, 0.5, 12.0);
        change(s);
        mode
    }

    fn kmh(mode: &Mode, way: &str, urban: bool) -> Option<f64> {
        match mode.use_of(&tags(way), urban)?.forward? {
            Pace::Kmh(kmh) => Some((kmh * 1000.0).round() / 1000.0),
            other => panic!("{way}: {other:?}"),
        }
    }

    #[test]
    fn class_surroundings_lanes_ground_and_width() {
        let mode = plain(|_| {});
        for (way, urban, rural) in [
            ("primary", 40.0, 60.0),
            ("residential", 20.0, 30.0),
            // What the tags say of the surroundings stands above the road density.
            ("primary zone:traffic=VN:urban", 40.0, 40.0),
            ("primary source:maxspeed=VN:rural", 60.0, 60.0),
            // An alley has its own speed everywhere.
            ("service service=alley", 10.0, 10.0),
            ("service service=yard", 16.0, 24.0),
            ("residential service=alley", 20.0, 30.0),
            // Opened by a tag alone.
            ("footway motorcycle=yes", 12.0, 12.0),
            // 6 lanes both ways are 3 a direction: 40 × 1.1 = 44, 60 × 1.1 = 66; 4 are 2: nothing.
            ("primary lanes=6", 44.0, 66.0),
            ("primary lanes=3 oneway=yes", 44.0, 66.0),
            ("primary lanes=4", 40.0, 60.0),
            ("primary lanes=5 lanes:forward=3", 44.0, 66.0),
            // 2 both ways are 1 a direction: 40 × 0.9 = 36; 1 both ways: 40 × 0.75 = 30.
            ("primary lanes=2", 36.0, 54.0),
            ("primary lanes=1 oneway=yes", 36.0, 54.0),
            ("primary lanes=1", 30.0, 45.0),
            ("primary lanes=Lô+12", 40.0, 60.0),
            ("residential lanes=1", 20.0, 30.0),
            // dirt 0.6, bad 0.75, grade4 0.55: the worst counts. 20 × 0.6 = 12; 10 × 0.55 = 5.5.
            ("residential surface=dirt smoothness=bad", 12.0, 18.0),
            ("track surface=compacted tracktype=grade4", 5.5, 8.25),
            ("residential surface=asphalt", 20.0, 30.0),
            // Narrower than 1.5 m: half.
            ("residential width=1.4+m", 10.0, 15.0),
            ("residential width=3-4+m", 20.0, 30.0),
            ("residential width=5'6\"", 20.0, 30.0),
            ("residential est_width=4 maxwidth:physical=1.2", 10.0, 15.0),
            ("residential narrow=yes", 10.0, 15.0),
        ] {
            assert_eq!(kmh(&mode, way, true), Some(urban), "{way}, urban");
            assert_eq!(kmh(&mode, way, false), Some(rural), "{way}, rural");
        }
        assert_eq!(kmh(&mode, "residential smoothness=impassable", true), None);
    }

    #[test]
    fn a_low_limit_binds_and_a_high_one_does_not() {
        let mode = plain(|_| {});
        for (way, expected) in [
            ("primary maxspeed=20", 20.0),
            ("primary maxspeed=20+km/h", 20.0),
            ("primary maxspeed=60", 40.0),
            ("primary maxspeed=40", 40.0),
            // 20 mph = 20 × 1.609344 = 32.18688 km/h.
            ("primary maxspeed=20+mph", 32.187),
            ("primary maxspeed=30;25", 25.0),
            ("primary maxspeed=none", 40.0),
            ("primary maxspeed=signals maxspeed:type=walk", 40.0),
            ("primary maxspeed=walk", 6.0),
            ("primary maxspeed=2", 40.0),
            ("primary maxspeed=fast", 40.0),
            ("primary maxspeed=50 maxspeed:motorcycle=30", 30.0),
            ("primary maxspeed=20 maxspeed:motorcycle=35", 35.0),
            ("primary maxspeed=50 maxspeed:motorcar=10", 40.0),
            ("primary maxspeed=50 maxspeed:forward=25", 25.0),
            ("primary maxspeed=50 maxspeed:backward=25", 40.0),
            // 1.1 × 40 = 44, then the limit: never above it.
            ("primary lanes=6 maxspeed=42", 42.0),
        ] {
            assert_eq!(kmh(&mode, way, true), Some(expected), "{way}");
        }
        // VN:urban is 50: it binds only who would go faster, and says that the surroundings are built up.
        let fast = plain(|s| *s.urban_kmh.entry("primary".into()).or_default() = 55.0);
        assert_eq!(kmh(&fast, "primary maxspeed:type=VN:urban", false), Some(50.0));
        assert_eq!(kmh(&fast, "primary maxspeed=80 maxspeed:type=VN:urban", false), Some(55.0));
        let walker = plain(|s| s.limited = false);
        assert_eq!(kmh(&walker, "primary maxspeed=20", true), Some(40.0));
    }

    #[test]
    fn bicycles_are_pushed_where_they_are_not_ridden() {
        let bicycle = mode("bicycle");
        for (way, expected) in [
            ("footway", 4.0),
            ("footway bicycle=yes", 8.0),
            ("footway bicycle=dismount", 4.0),
            ("primary bicycle=dismount", 4.0),
            ("steps", 1.5),
            ("steps bicycle=dismount", 1.5),
        ] {
            assert_eq!(kmh(&bicycle, way, true), Some(expected), "{way}");
        }
        assert_eq!(kmh(&mode("foot"), "steps", true), Some(2.0));
    }

    #[test]
    fn ferries_take_their_duration_and_a_wait() {
        let whole = |duration: &str| {
            let way = tags(&format!("ferry duration={duration}"));
            mode("motorcycle").use_of(&way, true).unwrap().backward.unwrap()
        };
        // 300 s of waiting and the crossing.
        for (duration, seconds) in [
            ("00:10", 900),
            ("10", 900),
            ("0:10:30", 930),
            ("01:00", 3900),
            ("PT10M", 900),
            ("PT1H5M30S", 4230),
            ("PT90S", 390),
        ] {
            assert_eq!(whole(duration), Pace::Whole(TravelTime(seconds * 1000)), "{duration}");
        }
        for unknown in ["", "soon", "00:00", "99:00", "P1D", "PT5X", "1:2:3:4", "PTM"] {
            assert_eq!(whole(unknown), Pace::AfterWait { wait: TravelTime(300_000), kmh: 8.0 }, "{unknown}");
        }
    }

    #[test]
    fn alleys_are_slow_for_cars_and_open_to_motorcycles() {
        assert_eq!(kmh(&mode("car"), "service service=alley", true), Some(5.0));
        // Narrower than 3.5 m: 5 × 0.6 = 3.
        assert_eq!(kmh(&mode("car"), "service service=alley width=3", true), Some(3.0));
        assert_eq!(kmh(&mode("car"), "service service=alley width=2", true), None);
        assert_eq!(kmh(&mode("motorcycle"), "service service=alley width=2", true), Some(9.0));
    }

    #[test]
    fn no_tags_make_a_mode_faster_than_its_fastest() {
        for mode in resolve_modes(&Default::default(), Default::default()).unwrap() {
            for class in mode.settings.urban_kmh.keys().filter(|c| *c != "ferry") {
                for more in ["", " lanes=8", " lanes=1", " surface=asphalt maxspeed=120"] {
                    for urban in [true, false] {
                        let speed = kmh(&mode, &format!("{class}{more}"), urban).unwrap_or(0.0);
                        assert!(speed <= mode.fastest_kmh(), "{} on {class}{more}: {speed}", mode.id);
                    }
                }
            }
        }
    }
}
