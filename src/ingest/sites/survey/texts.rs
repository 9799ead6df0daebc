//! The words of the survey, kept in `texts.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::scenario::Text;

/// The words of the form that belong to no condition. Each is what its name says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the names are the keys of the file, where the words stand
pub struct FormTexts {
    pub yes: Text,
    pub no: Text,
    pub guide_sheet: Text,
    pub form_sheet: Text,
    pub title: Text,
    pub id: Text,
    pub name: Text,
    pub address: Text,
    pub operator: Text,
    pub legend_asked: Text,
    pub legend_known: Text,
    pub summary: Text,
    pub asked: Text,
    pub answer_error: Text,
    pub answer_yes_no: Text,
    pub answer_number: Text,
    pub answer_choice: Text,
    pub steps: Vec<Text>,
}

/// The words of one condition.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionTexts {
    pub(super) title: Text,
    pub(super) question: Text,
    pub(super) limit: Text,
    #[serde(default)]
    pub(super) unit: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) conditions: BTreeMap<String, ConditionTexts>,
    pub(super) organisations: BTreeMap<String, Text>,
    pub(super) form: FormTexts,
}

impl Texts {
    /// The words of a condition, by its code.
    pub(super) fn condition(&self, code: &str) -> ConditionTexts {
        self.conditions.get(code).cloned().unwrap_or_default()
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
        assert_eq!(texts.conditions.len(), 10);
        let mut all: Vec<&Text> = texts.organisations.values().chain(&texts.form.steps).collect();
        all.extend(texts.conditions.values().flat_map(|c| [&c.title, &c.question, &c.limit]));
        assert!(all.iter().all(|text| !text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en), "{all:?}");
        for code in ["years_in_field", "charter_capital_vnd", "computers", "camera_days_kept"] {
            let words = &texts.conditions[code];
            assert!(!words.unit.vi.is_empty(), "{code}");
            assert!(words.limit.vi.contains("{limit}") && words.limit.en.contains("{limit}"), "{code}");
        }
    }
}
