//! Newtypes for the quantities that flow through the pipeline.
//!
//! All are integers, so that sums and comparisons do not depend on the order of work or the number of threads.

use serde::{Deserialize, Serialize};

/// A travel time in milliseconds. At most 49 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct TravelTime(pub u32);

impl TravelTime {
    /// From minutes, rounded to the nearest millisecond; saturates, and is 0 for negative or NaN input.
    pub fn from_minutes(minutes: f64) -> Self {
        TravelTime((minutes * 60_000.0).round() as u32)
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

/// A distance in millimetres. At most 4,294 km.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Distance(pub u32);

impl Distance {
    /// From metres, rounded to the nearest millimetre; saturates, and is 0 for negative or NaN input.
    pub fn from_metres(metres: f64) -> Self {
        Distance((metres * 1000.0).round() as u32)
    }

    /// In metres.
    pub fn metres(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

/// A number of people in thousandths of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Persons(pub u64);

impl Persons {
    /// From people, rounded to the nearest thousandth; saturates, and is 0 for negative or NaN input.
    pub fn from_people(people: f64) -> Self {
        Persons((people * 1000.0).round() as u64)
    }

    /// In people.
    pub fn people(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl std::iter::Sum for Persons {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Persons(iter.map(|p| p.0).sum())
    }
}

impl std::ops::Add for Persons {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Persons(self.0 + other.0)
    }
}

impl std::ops::AddAssign for Persons {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// Mean radius of the Earth in metres (IUGG), the sphere of every great-circle distance here.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A place on the Earth in degrees, WGS 84, longitude first.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LonLat {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
}

impl LonLat {
    /// Great-circle distance by the haversine formula on a sphere of [`EARTH_RADIUS_M`].
    pub fn distance(self, other: LonLat) -> Distance {
        Distance::from_metres(self.metres_to(other))
    }

    /// As [`LonLat::distance`], in metres and not rounded.
    pub fn metres_to(self, other: LonLat) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_dlat = (lat2 - lat1) / 2.0;
        let half_dlon = (other.lon - self.lon).to_radians() / 2.0;
        let h = half_dlat.sin().powi(2) + lat1.cos() * lat2.cos() * half_dlon.sin().powi(2);
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }
}

/// A whole number with its thousands set apart, by a comma as in English or a point as in Vietnamese.
pub fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// A number of things in English: `1 agent`, `1,234 agents`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number, ','), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_counted_as_one() {
        let agents = |n| counted(n, "agent", "agents");
        assert_eq!([agents(0), agents(1), agents(1234)], ["0 agents", "1 agent", "1,234 agents"]);
    }

    #[test]
    fn one_degree_of_latitude() {
        // 2π · 6,371,008.8 m / 360 = 111,195.0797 m
        let d = LonLat { lon: 105.0, lat: 20.0 }.distance(LonLat { lon: 105.0, lat: 21.0 });
        assert_eq!(d, Distance(111_195_080));
    }

    #[test]
    fn one_degree_of_longitude_at_60_north_is_about_half() {
        // Chord: sin(d/2R) = cos 60° · sin 0.5° = 0.0043632678; d = 2R · asin(0.0043632678) = 55,596.826 m
        let d = LonLat { lon: 0.0, lat: 60.0 }.metres_to(LonLat { lon: 1.0, lat: 60.0 });
        assert!((d - 55_596.8).abs() < 1.0, "{d}");
    }

    #[test]
    fn persons_keep_thousandths() {
        assert_eq!(Persons::from_people(1.2345), Persons(1235));
        assert_eq!(Persons::from_people(f64::NAN), Persons(0));
        assert_eq!(Persons::from_people(-3.0), Persons(0));
    }
}
