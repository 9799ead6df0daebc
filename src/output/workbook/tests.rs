use std::collections::BTreeSet;

use super::cells::Unit;
use super::*;
use crate::output::schema::{Kind, TABLES};

#[test]
fn every_sheet_and_column_has_its_texts_and_none_is_left_over() {
    let texts = texts();
    let sheets: BTreeSet<&str> = SHEETS.into_iter().collect();
    assert_eq!(texts.sheets.keys().map(String::as_str).collect::<BTreeSet<_>>(), sheets);
    for sheet in ["agents", "areas", "loads", "offices", "places", "candidates", "groups"] {
        assert!(!texts.sheet(sheet).empty.vi.is_empty() && !texts.sheet(sheet).empty.en.is_empty(), "{sheet}");
    }
    let used: BTreeSet<(&str, &str)> = entries().iter().map(|entry| (entry.sheet, entry.key)).collect();
    assert_eq!(used.len(), entries().len(), "no column stands twice");
    let told: BTreeSet<(&str, &str)> = texts
        .columns
        .iter()
        .flat_map(|(sheet, columns)| columns.keys().map(move |key| (sheet.as_str(), key.as_str())))
        .collect();
    assert_eq!(used, told);
    for entry in entries() {
        assert!(!entry.english().is_empty(), "{}.{} has no English meaning", entry.sheet, entry.key);
        assert!(entry.from.is_empty() || table::meaning(entry.from).is_some(), "no such column: {}", entry.from);
    }
    let units: BTreeSet<&str> = entries().iter().map(|entry| entry.unit.key()).filter(|key| !key.is_empty()).collect();
    assert_eq!(texts.units.keys().map(String::as_str).collect::<BTreeSet<_>>(), units);
}

#[test]
fn every_word_is_used_and_no_word_is_missing() {
    // The words are looked up by keys that stand in the code as literals.
    let code = [
        include_str!("../workbook.rs"),
        include_str!("assumptions.rs"),
        include_str!("dictionary.rs"),
        include_str!("overview.rs"),
        include_str!("phases.rs"),
        include_str!("table.rs"),
    ]
    .concat();
    for key in texts().words.keys() {
        assert!(code.contains(&format!("\"{key}\"")), "`{key}` is not used");
    }
    let mut asked: BTreeSet<&str> = phases::part_keys().into_iter().collect();
    for start in
        ["word(\"", "begin(\"", "section(sheet, row, \"", "Figure(\"", "sentence(\n        \"", "            \""]
    {
        for rest in code.split(start).skip(1) {
            let key = rest.split('"').next().unwrap_or_default();
            let is_key = key.contains('_') && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            if start.ends_with("(\"") || (is_key && texts().words.contains_key(key)) {
                asked.insert(key);
            }
        }
    }
    for key in ["head_key", "head_vi", "head_en", "head_value", "head_share", "head_file", "head_hash"] {
        asked.insert(key);
    }
    for key in asked {
        assert!(texts().words.contains_key(key), "`{key}` has no text");
    }
}

#[test]
fn every_code_of_a_table_has_words() {
    // The meaning of these columns lists their codes between backticks.
    for (from, kind) in [
        ("sites.status", "status"),
        ("explanations.role", "role"),
        ("phases.opens", "opens"),
        ("phases.status", "proof"),
    ] {
        let meaning = table::meaning(from).unwrap();
        let codes: Vec<&str> = meaning.split('`').skip(1).step_by(2).collect();
        assert!(codes.len() > 2, "{from}");
        for code in codes {
            assert!(texts().codes[kind].contains_key(code), "{from}: {code}");
        }
    }
    for source in ["roads", "population", "official-population", "boundaries", "sites", "services", "speeds", "other"] {
        assert!(texts().codes["source"].contains_key(source), "{source}");
    }
}

#[test]
fn a_column_is_in_the_unit_of_its_table() {
    // What each unit is made from, as the schema names it.
    for entry in entries().iter().filter(|entry| !entry.from.is_empty()) {
        let (table, column) = entry.from.split_once('.').unwrap();
        let table = TABLES.iter().find(|t| t.file == format!("{table}.parquet")).unwrap();
        let column = table.columns.iter().find(|c| c.name == column).unwrap();
        let fits = match entry.unit {
            Unit::Text | Unit::Prose => column.kind == Kind::Text,
            Unit::Date => column.kind == Kind::Text,
            Unit::Code => matches!(column.kind, Kind::Text | Kind::Flag),
            Unit::Count | Unit::Counters => column.kind == Kind::Whole && column.unit.is_empty(),
            Unit::People => column.unit == "people",
            Unit::Dossiers => column.unit == "dossiers a working day",
            Unit::MinutesOfSeconds => column.unit == "s",
            Unit::Minutes => column.unit == "min",
            Unit::Share => column.unit == "0–1",
            Unit::KmOfMetres | Unit::Metres => column.unit == "m",
            Unit::Degrees => column.unit == "degrees",
            Unit::PersonMinutes => column.unit == "person-minutes",
            Unit::Index => column.kind == Kind::Number && matches!(column.unit, "" | "0–1"),
            Unit::Other => column.kind == Kind::Number,
        };
        assert!(fits, "{}: {:?} from {}", entry.from, entry.unit, column.unit);
    }
}

#[test]
fn numbers_and_days_in_words() {
    assert_eq!(number(1234567.4, 0, '.', ','), "1.234.567");
    assert_eq!(number(99.95, 1, '.', ','), "100,0");
    assert_eq!(number(0.0, 1, ',', '.'), "0.0");
    assert_eq!(days("2025-02-01"), "01/02/2025");
}
