//! Calendar days.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A day, written `2025-02-01` in scenarios (a TOML date or a string) and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(NaiveDate);

impl Date {
    /// From `YYYY-MM-DD`; `None` where it is no day of the calendar.
    pub fn parse(text: &str) -> Option<Date> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Date)
    }

    /// Days from this day to another, negative if that is earlier.
    pub fn days_to(self, other: Date) -> i64 {
        (other.0 - self.0).num_days()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Toml(toml::value::Datetime),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Toml(date) => date.to_string(),
            Written::Text(text) => text,
        };
        Date::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no day; write it as 2025-02-01")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_over_a_leap_day() {
        let day = |t| Date::parse(t).unwrap();
        assert_eq!(day("2024-02-28").days_to(day("2024-03-01")), 2);
        assert_eq!(day("2025-03-01").days_to(day("2025-02-01")), -28);
        assert_eq!(Date::parse("2025-02-30"), None);
        assert_eq!(day("2025-02-01").to_string(), "2025-02-01");
    }
}
