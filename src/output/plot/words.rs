//! The words of the plots, kept in `strings/vi.toml` and `strings/en.toml`, and how each language writes numbers.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::output::read::Standard;
use crate::scenario::Text;
use crate::units::grouped;

/// A language of the plots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

impl Language {
    /// Both, Vietnamese first.
    pub const ALL: [Language; 2] = [Language::Vi, Language::En];

    /// Its code in file names and documents.
    pub fn code(self) -> &'static str {
        match self {
            Language::Vi => "vi",
            Language::En => "en",
        }
    }

    /// The text in this language.
    pub fn of(self, text: &Text) -> &str {
        match self {
            Language::Vi => &text.vi,
            Language::En => &text.en,
        }
    }

    /// Its words. The files are part of the program, and a test reads them, so they never are the default.
    pub(super) fn words(self) -> &'static Words {
        static WORDS: LazyLock<[Words; 2]> = LazyLock::new(|| {
            [include_str!("strings/vi.toml"), include_str!("strings/en.toml")]
                .map(|file| toml::from_str(file).unwrap_or_default())
        });
        &WORDS[self as usize]
    }

    /// A whole number with its thousands apart.
    pub(super) fn whole(self, number: f64) -> String {
        let digits = grouped(number.abs().round() as u64, self.thousands());
        if number.round() < 0.0 { format!("−{digits}") } else { digits }
    }

    /// A number with at most so many decimals, none where they are nought.
    pub(super) fn number(self, number: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", number.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let rest = rest.trim_end_matches('0');
        let whole = grouped(whole.parse().unwrap_or(u64::MAX), self.thousands());
        let sign = if number < 0.0 && (whole != "0" || !rest.is_empty()) { "−" } else { "" };
        let point = if rest.is_empty() { "" } else { &self.words().decimal };
        format!("{sign}{whole}{point}{rest}")
    }

    /// A share (0–1) in percent with one decimal. Only all is 100 %, and only none is 0 %.
    pub(super) fn percent(self, share: f64) -> String {
        let tenths = (share * 1000.0).round();
        let tenths = if share < 1.0 { tenths.min(999.0) } else { tenths };
        let tenths = if share > 0.0 { tenths.max(1.0) } else { tenths };
        format!("{}%", self.number(tenths / 10.0, 1))
    }

    /// A day as YYYY-MM-DD, as people write it; as it is where it is none.
    pub(super) fn day(self, date: &str) -> String {
        let words = self.words();
        let padded = |day: usize| if self == Language::Vi { format!("{day:02}") } else { day.to_string() };
        let parts: Option<Vec<usize>> = date.split('-').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            // In Vietnamese days have two digits as months have.
            Some(&[year, month, day]) if (1..=12).contains(&month) => fill(
                &words.date,
                &[("day", &padded(day)), ("month", &words.months[month - 1]), ("year", &year.to_string())],
            ),
            _ => date.to_owned(),
        }
    }

    /// The standard of service in words.
    pub(super) fn standard(self, standard: &Standard) -> String {
        let words = &self.words().standard;
        let text = match standard.rule.as_str() {
            "either" => &words.either,
            "both" => &words.both,
            "time" => &words.time,
            _ => &words.radius,
        };
        fill(text, &[("minutes", &self.number(standard.minutes, 1)), ("km", &self.number(standard.radius_km, 2))])
    }

    fn thousands(self) -> char {
        self.words().thousands.chars().next().unwrap_or(' ')
    }
}

/// A text with its places in braces filled; what is filled in is not looked at again.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('{') {
        let Some((name, after)) = inside.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

macro_rules! words {
    ($($name:ident { $($key:ident)* })*) => {$(
        // The names are the keys of the files, where the words stand.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $(pub(super) $key: String,)* }
    )*};
}

words! {
    Sheet { synthetic sources made_by }
    Standards { either both time radius }
    Times { title about cumulative minutes limit within reached today today_within histogram people_within people_beyond
            people_unreached beyond unreached agents }
    Loads { title title_offices about half overflow_none overflow_some carried office overflow load counters
            utilisation utilisation_short rank most most_over ceiling over }
    Phases { title about phase time agents served dates open_end opened closed total served_people scope today
             today_about today_agents opens_nothing opens_most_people opens_worst_first opens_fewest_for_all }
    Communes { title about full left_out today }
    Frontier { title about x share people best bound most mark marks }
}

/// All words of a language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    decimal: String,
    thousands: String,
    pub(super) months: [String; 12],
    pub(super) month_year: String,
    date: String,
    pub(super) sheet: Sheet,
    standard: Standards,
    pub(super) times: Times,
    pub(super) loads: Loads,
    pub(super) phases: Phases,
    pub(super) communes: Communes,
    pub(super) frontier: Frontier,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_have_all_words_and_the_same_places() {
        let files = [include_str!("strings/vi.toml"), include_str!("strings/en.toml")];
        for file in files {
            toml::from_str::<Words>(file).unwrap();
        }
        // As `section.key`, the words, and the sorted names in braces.
        let read = |file: &str| -> Vec<(String, String, Vec<String>)> {
            let table: toml::Table = file.parse().unwrap();
            let sections = table.iter().flat_map(|(section, value)| match value {
                toml::Value::Table(keys) => {
                    keys.iter().map(|(key, v)| (format!("{section}.{key}"), v.clone())).collect()
                }
                other => vec![(section.clone(), other.clone())],
            });
            let strings = sections.filter_map(|(key, v)| v.as_str().map(|text| (key, text.to_owned())));
            strings
                .map(|(key, text)| {
                    let mut places: Vec<String> =
                        text.split('{').skip(1).map(|p| p.split_once('}').unwrap().0.to_owned()).collect();
                    places.sort();
                    (key, text, places)
                })
                .collect()
        };
        let [vi, en] = files.map(read);
        assert!(vi.len() > 70, "{}", vi.len());
        for (ours, theirs) in vi.iter().zip(&en) {
            assert_eq!((&ours.0, &ours.2), (&theirs.0, &theirs.2));
            assert!(!ours.1.trim().is_empty() && !theirs.1.trim().is_empty(), "{}", ours.0);
            let alike = ["month_year", "date", "phases.dates", "phases.scope"];
            assert!(ours.1 != theirs.1 || alike.contains(&ours.0.as_str()), "{} is not translated", ours.0);
        }
        assert_eq!(vi.len(), en.len());
    }

    #[test]
    fn numbers_by_language() {
        let (vi, en) = (Language::Vi, Language::En);
        assert_eq!((vi.whole(8_807_523.4), en.whole(-1234.6)), ("8.807.523".into(), "−1,235".into()));
        assert_eq!(
            (vi.number(1234.5, 1), en.number(0.25, 2), en.number(30.0, 1)),
            ("1.234,5".into(), "0.25".into(), "30".into())
        );
        assert_eq!(
            (vi.percent(0.6684), en.percent(1.0), en.percent(0.0)),
            ("66,8%".into(), "100%".into(), "0%".into())
        );
        // Nearly all is not all, and next to nothing is not nothing.
        assert_eq!((en.percent(0.999_99), en.percent(1e-9)), ("99.9%".into(), "0.1%".into()));
        assert_eq!(
            (vi.day("2025-02-01"), en.day("2025-02-01"), en.day("soon")),
            ("01/02/2025".into(), "1 Feb 2025".into(), "soon".into())
        );
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{a} and {b}{c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
        assert_eq!(fill("no end {a", &[("a", "1")]), "no end {a");
    }

    #[test]
    fn the_standard_in_words() {
        let standard = |rule: &str| Standard { minutes: 30.0, radius_km: 5.0, rule: rule.into() };
        assert_eq!(
            Language::En.standard(&standard("either")),
            "within 30\u{a0}minutes of travel or a radius of 5\u{a0}km"
        );
        assert_eq!(Language::Vi.standard(&standard("time")), "trong 30\u{a0}phút di chuyển");
    }
}
