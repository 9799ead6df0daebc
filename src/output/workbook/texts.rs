//! The words of the workbook, kept in `texts.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::scenario::Text;

/// A sheet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SheetTexts {
    /// The name on its tab; the English one stands in the table of contents.
    pub(super) tab: Text,
    /// Its heading.
    pub(super) title: Text,
    /// What a row is, and how to read the sheet.
    pub(super) about: Text,
    /// What it says where it has no rows.
    #[serde(default)]
    pub(super) empty: Text,
}

/// A column, or a row of the sheet of phases.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnTexts {
    /// Its header.
    pub(super) name: Text,
    /// What a value says in Vietnamese.
    pub(super) vi: String,
    /// What a value says in English; that of the schema where blank.
    #[serde(default)]
    pub(super) en: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    /// By key.
    pub(super) words: BTreeMap<String, Text>,
    /// By name of a unit.
    pub(super) units: BTreeMap<String, Text>,
    /// By kind of code and code.
    pub(super) codes: BTreeMap<String, BTreeMap<String, Text>>,
    /// By the key of the setting in the manifest.
    pub(super) settings: BTreeMap<String, Text>,
    /// By key.
    pub(super) sheets: BTreeMap<String, SheetTexts>,
    /// By key of the sheet and key of the column.
    pub(super) columns: BTreeMap<String, BTreeMap<String, ColumnTexts>>,
}

/// What stands where a key has no text; a test holds that it never does.
static NONE: LazyLock<(Text, SheetTexts, ColumnTexts)> = LazyLock::new(Default::default);

impl Texts {
    /// A word or sentence.
    pub(super) fn word(&self, key: &str) -> &Text {
        self.words.get(key).unwrap_or(&NONE.0)
    }

    /// A sheet's texts.
    pub(super) fn sheet(&self, key: &str) -> &SheetTexts {
        self.sheets.get(key).unwrap_or(&NONE.1)
    }

    /// A column's texts.
    pub(super) fn column(&self, sheet: &str, key: &str) -> &ColumnTexts {
        self.columns.get(sheet).and_then(|of| of.get(key)).unwrap_or(&NONE.2)
    }

    /// A unit; blank for what has none.
    pub(super) fn unit(&self, key: &str) -> &Text {
        self.units.get(key).unwrap_or(&NONE.0)
    }

    /// A code in words, Vietnamese with the English in brackets; an unknown one as it is.
    pub(super) fn code(&self, kind: &str, code: &str) -> String {
        match self.codes.get(kind).and_then(|of| of.get(code)) {
            Some(text) => format!("{} ({})", text.vi, text.en),
            None => code.to_owned(),
        }
    }
}

/// All words. The file is part of the program, and a test reads it, so it never is the default.
pub(super) fn texts() -> &'static Texts {
    static TEXTS: LazyLock<Texts> = LazyLock::new(|| toml::from_str(include_str!("texts.toml")).unwrap_or_default());
    &TEXTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_nothing_is_blank() {
        let texts: Texts = toml::from_str(include_str!("texts.toml")).unwrap();
        let mut all: Vec<(String, &Text)> = Vec::new();
        all.extend(texts.words.iter().map(|(key, text)| (key.clone(), text)));
        all.extend(texts.settings.iter().map(|(key, text)| (key.clone(), text)));
        all.extend(texts.codes.values().flatten().map(|(key, text)| (key.clone(), text)));
        for (key, sheet) in &texts.sheets {
            all.extend([&sheet.tab, &sheet.title, &sheet.about].map(|text| (key.clone(), text)));
            assert!(sheet.tab.vi.chars().count() <= 31, "{key}: Excel takes 31 letters");
            assert!(!sheet.tab.vi.contains(['[', ']', ':', '*', '?', '/', '\\', '\'']), "{key}");
        }
        for (sheet, columns) in &texts.columns {
            all.extend(columns.iter().map(|(key, column)| (format!("{sheet}.{key}"), &column.name)));
            assert!(columns.values().all(|column| !column.vi.is_empty()), "{sheet}");
        }
        for (key, text) in all {
            assert!(!text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en, "{key}: {text:?}");
            let gaps = |text: &str| {
                let mut gaps: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split_once('}'))
                    .map(|(gap, _)| gap.into())
                    .collect();
                gaps.sort();
                gaps
            };
            assert_eq!(gaps(&text.vi), gaps(&text.en), "{key}: both languages fill the same gaps");
        }
        for (key, unit) in &texts.units {
            assert!(!unit.vi.is_empty() && !unit.en.is_empty(), "{key}");
        }
    }
}
