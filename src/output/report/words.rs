//! The words of the report in two languages, and figures as each language writes them.

use std::collections::BTreeMap;

use super::html::Safe;
use crate::error::{Fault, Result};
use crate::scenario::Text;
use crate::units::grouped;

/// A language of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

impl Lang {
    /// Both, the first first.
    pub const ALL: [Lang; 2] = [Lang::Vi, Lang::En];

    /// Its code, as in BCP 47.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Lang::Vi => include_str!("strings.vi.toml"),
            Lang::En => include_str!("strings.en.toml"),
        }
    }
}

/// The words of a language. They are markup: the strings files are part of the program.
#[derive(Debug, Clone)]
pub struct Words {
    /// The language.
    pub lang: Lang,
    texts: BTreeMap<String, String>,
}

impl Words {
    /// The words of a language.
    ///
    /// # Errors
    /// The strings file in the program is broken, a fault of gandan.
    pub fn of(lang: Lang) -> Result<Words> {
        let broken = |e: toml::de::Error| Fault::new("internal::strings", format!("{e}; please report this"));
        let tables: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(lang.file()).map_err(broken)?;
        let flat = tables
            .into_iter()
            .flat_map(|(table, texts)| texts.into_iter().map(move |(key, text)| (format!("{table}.{key}"), text)));
        Ok(Words { lang, texts: flat.collect() })
    }

    /// A text by its key; the key itself where there is none.
    pub fn get(&self, key: &str) -> Safe {
        Safe::markup(self.texts.get(key).map_or(key, String::as_str))
    }

    /// A place left blank that may be typed into on the page; the key says what belongs there.
    pub fn blank(&self, key: &str) -> String {
        let (label, dots) = (self.get(key), self.get("head.dots"));
        format!(
            "<span class=\"blank\" contenteditable=\"plaintext-only\" role=\"textbox\" aria-label=\"{label}\">{dots}</span>"
        )
    }

    /// Whether there is such a text.
    pub fn has(&self, key: &str) -> bool {
        self.texts.contains_key(key)
    }

    /// The keys of all texts.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// A text with its `{names}` filled in.
    pub fn fill(&self, key: &str, values: &[(&str, Safe)]) -> Safe {
        let text = self.get(key);
        let mut rest = text.as_str();
        let mut filled = String::with_capacity(rest.len() + 32 * values.len());
        // One pass, so that what is filled in is never filled again.
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
                filled.push_str(value.as_str());
            }
            rest = behind;
        }
        filled.push_str(rest);
        Safe::markup(filled)
    }

    /// The text of a pair in this language.
    pub fn pick<'a>(&self, vi: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Vi => vi,
            Lang::En => en,
        }
    }

    /// A text of a run in this language.
    pub fn said(&self, text: &Text) -> Safe {
        Safe::text(self.pick(&text.vi, &text.en))
    }

    /// What stands for a value that does not exist.
    pub fn none(&self) -> Safe {
        Safe::markup("–")
    }

    /// A number with so many decimals.
    pub fn number(&self, value: f64, decimals: usize) -> Safe {
        if !value.is_finite() {
            return self.none();
        }
        let (group, point) = match self.lang {
            Lang::Vi => ('.', ','),
            Lang::En => (',', '.'),
        };
        let text = format!("{:.decimals$}", value.abs());
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        // Beyond 2⁶⁴ nothing is counted here.
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |n| grouped(n, group));
        let minus = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "−" } else { "" };
        let point = if part.is_empty() { String::new() } else { format!("{point}{part}") };
        Safe::markup(format!("{minus}{whole}{point}"))
    }

    /// A whole number.
    pub fn count(&self, value: impl Into<f64>) -> Safe {
        self.number(value.into(), 0)
    }

    /// A number with as few decimals as it needs, at most three.
    pub fn short(&self, value: f64) -> Safe {
        let decimals = (0..3).find(|d| (value * 10_f64.powi(*d)).fract().abs() < 1e-9).unwrap_or(3);
        self.number(value, decimals as usize)
    }

    /// A share, 0 to 1, in percent: with one decimal, or as many as it takes not to call all what is not all, nor
    /// nothing what is something.
    pub fn share(&self, share: f64) -> Safe {
        let percent = share * 100.0;
        let rounded = |d: usize| (percent * 10_f64.powi(d as i32)).round() / 10_f64.powi(d as i32);
        let misleads = |d: usize| (rounded(d) == 100.0 && percent < 100.0) || (rounded(d) == 0.0 && percent > 0.0);
        let decimals = (1..5).find(|d| !misleads(*d));
        match decimals {
            Some(d) => Safe::markup(format!("{}&nbsp;%", self.number(percent, d))),
            None if percent > 50.0 => Safe::markup(format!("&gt;&nbsp;{}&nbsp;%", self.number(99.9999, 4))),
            None => Safe::markup(format!("&lt;&nbsp;{}&nbsp;%", self.number(0.0001, 4))),
        }
    }

    /// A time in seconds as minutes.
    pub fn minutes(&self, seconds: f64) -> Safe {
        self.fill("unit.min", &[("n", self.number(seconds / 60.0, 1))])
    }

    /// A distance in metres as kilometres.
    pub fn km(&self, metres: f64) -> Safe {
        Safe::markup(format!("{}&nbsp;km", self.number(metres / 1000.0, 1)))
    }

    /// What may be missing.
    pub fn maybe<T: Copy>(&self, value: Option<T>, say: impl Fn(&Self, T) -> Safe) -> Safe {
        value.map_or_else(|| self.none(), |v| say(self, v))
    }

    /// A day `2025-07-01`, a month `2025-07` or a year, as the language writes it; anything else as it is.
    pub fn date(&self, iso: &str) -> Safe {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let parts: Vec<&str> = iso.split('-').collect();
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        let month = parts.get(1).filter(|m| digits(m, 2)).and_then(|m| m.parse::<usize>().ok());
        let month = month.and_then(|m| Some((m, MONTHS.get(m.checked_sub(1)?)?)));
        let year = parts.first().filter(|y| digits(y, 4));
        match (year, month, parts.get(2), self.lang) {
            (Some(y), Some((m, _)), Some(d), Lang::Vi) if parts.len() == 3 && digits(d, 2) => {
                Safe::markup(format!("{d}/{m:02}/{y}"))
            }
            (Some(y), Some((_, m)), Some(d), Lang::En) if parts.len() == 3 && digits(d, 2) => {
                Safe::markup(format!("{}&nbsp;{m}&nbsp;{y}", d.trim_start_matches('0')))
            }
            (Some(y), Some((m, _)), None, Lang::Vi) => Safe::markup(format!("{m:02}/{y}")),
            (Some(y), Some((_, m)), None, Lang::En) => Safe::markup(format!("{m}&nbsp;{y}")),
            _ => Safe::text(iso),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Words; 2] {
        Lang::ALL.map(|lang| Words::of(lang).unwrap())
    }

    /// The same in both languages.
    fn said(say: impl Fn(&Words) -> Safe) -> [String; 2] {
        both().map(|w| say(&w).to_string())
    }

    #[test]
    fn numbers_by_language() {
        assert_eq!(said(|w| w.count(8_807_523.4)), ["8.807.523", "8,807,523"]);
        assert_eq!(said(|w| w.number(-1234.56, 1)), ["−1.234,6", "−1,234.6"]);
        assert_eq!(said(|w| w.number(-0.04, 1)), ["0,0", "0.0"]);
        assert_eq!(said(|w| w.number(f64::NAN, 1)), ["–", "–"]);
        assert_eq!(said(|w| w.short(20.4)), ["20,4", "20.4"]);
        assert_eq!(said(|w| w.short(30.0)), ["30", "30"]);
        // 2298.68 s are 38.31 minutes.
        assert_eq!(said(|w| w.minutes(2298.68)), ["38,3&nbsp;phút", "38.3&nbsp;min"]);
        assert_eq!(said(|w| w.km(5463.0)), ["5,5&nbsp;km", "5.5&nbsp;km"]);
    }

    #[test]
    fn shares_never_claim_all() {
        assert_eq!(said(|w| w.share(0.66685)), ["66,7&nbsp;%", "66.7&nbsp;%"]);
        assert_eq!(said(|w| w.share(1.0)), ["100,0&nbsp;%", "100.0&nbsp;%"]);
        assert_eq!(said(|w| w.share(0.0)), ["0,0&nbsp;%", "0.0&nbsp;%"]);
        assert_eq!(said(|w| w.share(0.9998))[0], "99,98&nbsp;%");
        assert_eq!(said(|w| w.share(0.99999999))[0], "&gt;&nbsp;99,9999&nbsp;%");
        assert_eq!(said(|w| w.share(0.0002))[0], "0,02&nbsp;%");
        assert_eq!(said(|w| w.share(1e-9))[1], "&lt;&nbsp;0.0001&nbsp;%");
    }

    #[test]
    fn dates_by_language() {
        assert_eq!(said(|w| w.date("2025-07-01")), ["01/07/2025", "1&nbsp;Jul&nbsp;2025"]);
        assert_eq!(said(|w| w.date("2025-07")), ["07/2025", "Jul&nbsp;2025"]);
        assert_eq!(said(|w| w.date("2025")), ["2025", "2025"]);
        assert_eq!(said(|w| w.date("<soon>"))[0], "&lt;soon&gt;");
        assert_eq!(said(|w| w.date("2025-13-01"))[0], "2025-13-01");
    }

    #[test]
    fn filling_is_one_pass() {
        let mut words = Words::of(Lang::En).unwrap();
        words.texts.insert("t.t".into(), "{a} and {b} {c".into());
        let filled = words.fill("t.t", &[("a", Safe::text("{b}")), ("b", Safe::text("<i>"))]);
        assert_eq!(filled.as_str(), "{b} and &lt;i&gt; {c");
    }

    #[test]
    fn both_languages_have_the_same_keys_and_names() {
        let [vi, en] = both();
        let names = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|t| Some(t.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names.dedup();
            names
        };
        let (a, b): (Vec<_>, Vec<_>) = (vi.texts.keys().collect(), en.texts.keys().collect());
        assert_eq!(a, b);
        for (key, text) in &vi.texts {
            assert_eq!(names(text), names(&en.texts[key]), "{key}");
            assert!(!text.trim().is_empty() && !en.texts[key].trim().is_empty(), "{key}");
        }
    }
}
