//! What the results rest on: notes, settings, services, sources, input files.

use rust_xlsxwriter::{Worksheet, XlsxError};
use serde_json::Value;

use super::cells::{Cell, Unit, code, put};
use super::looks::{Looks, height};
use super::table::{both, heading};
use super::texts::texts;
use crate::output::run::About;

const KEY: &str = "assumptions";
const WIDTHS: [f64; 5] = [42.0, 62.0, 62.0, 26.0, 26.0];
const LAST: u16 = 4;

/// The cursor of a sheet that is written block by block.
struct Blocks<'a> {
    sheet: &'a mut Worksheet,
    looks: &'a Looks,
    row: u32,
}

impl Blocks<'_> {
    /// A heading, a line free above it, and the headers.
    fn begin(&mut self, key: &str, headers: &[&str]) -> Result<(), XlsxError> {
        self.row += 2;
        let words = texts().word(key);
        for column in 0..=LAST {
            self.sheet.write_blank(self.row, column, &self.looks.section)?;
        }
        self.sheet.write_string_with_format(self.row, 0, &words.vi, &self.looks.section)?;
        self.sheet.write_string_with_format(self.row, 1, &words.en, &self.looks.section.clone().set_italic())?;
        if !headers.is_empty() {
            self.row += 1;
            for (column, key) in (0..).zip(headers) {
                let words = texts().word(key);
                both(self.sheet, (self.row, column), &words.vi, &words.en, &self.looks.header)?;
            }
            self.sheet.set_row_height(self.row, 30)?;
        }
        Ok(())
    }

    /// A row of cells, each in its unit.
    fn line(&mut self, cells: &[(Cell, Unit)]) -> Result<(), XlsxError> {
        self.row += 1;
        let high = cells.iter().zip(WIDTHS).map(|((cell, _), width)| cell.lines(width)).max();
        self.sheet.set_row_height(self.row, height(high.unwrap_or(1)))?;
        for (column, (cell, unit)) in (0..).zip(cells) {
            put(self.sheet, (self.row, column), cell, *unit, &self.looks.cell(*unit))?;
        }
        Ok(())
    }

    /// That there is nothing to tell.
    fn none(&mut self) -> Result<(), XlsxError> {
        let words = texts().word("none_named");
        self.line(&[(Cell::Blank, Unit::Text), ((&words.vi).into(), Unit::Prose), ((&words.en).into(), Unit::Prose)])
    }
}

/// Writes the sheet.
///
/// # Errors
/// More rows than a sheet takes.
pub(super) fn write(sheet: &mut Worksheet, about: &About, manifest: &Value, looks: &Looks) -> Result<(), XlsxError> {
    heading(sheet, KEY, looks)?;
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    let mut blocks = Blocks { sheet, looks, row: 1 };
    if about.synthetic {
        blocks.row += 1;
        let words = texts().word("made_up");
        let text = format!("{}  {}", words.vi, words.en);
        blocks.sheet.merge_range(blocks.row, 0, blocks.row, LAST, &text, &looks.warning)?;
    }
    blocks.begin("notes", &[])?;
    for (number, note) in (1..).zip(&about.notes) {
        let number: u32 = number;
        blocks.line(&[
            (number.into(), Unit::Count),
            ((&note.vi).into(), Unit::Prose),
            ((&note.en).into(), Unit::Prose),
        ])?;
    }
    if about.notes.is_empty() {
        blocks.none()?;
    }
    let (named, others): (Vec<_>, Vec<_>) =
        settings(&manifest["settings"]).into_iter().partition(|(key, _)| texts().settings.contains_key(key));
    blocks.begin("settings", &["head_key", "head_vi", "head_en", "head_value"])?;
    for (key, value) in named {
        let name = texts().settings.get(&key);
        let (vi, en) = (name.map(|n| n.vi.as_str()), name.map(|n| n.en.as_str()));
        let unit = value_unit(&value);
        blocks.line(&[
            (key.as_str().into(), Unit::Text),
            (vi.into(), Unit::Text),
            (en.into(), Unit::Text),
            (value, unit),
        ])?;
    }
    blocks.begin("modes", &["head_key", "head_vi", "head_en", "head_share"])?;
    for mode in &about.modes {
        blocks.line(&[
            ((&mode.id).into(), Unit::Text),
            ((&mode.name.vi).into(), Unit::Text),
            ((&mode.name.en).into(), Unit::Text),
            (mode.share.into(), Unit::Share),
        ])?;
    }
    services(&mut blocks, &manifest["services"])?;
    blocks.begin("sources", &["head_key", "head_vi", "head_en", "head_date", "head_licence"])?;
    for source in &about.sources {
        let of = serde_json::to_value(source.of).ok();
        let of = of.as_ref().and_then(Value::as_str).unwrap_or("other");
        blocks.line(&[
            (code("source", of), Unit::Code),
            ((&source.name.vi).into(), Unit::Text),
            ((&source.name.en).into(), Unit::Text),
            ((&source.date).into(), Unit::Text),
            ((&source.licence).into(), Unit::Text),
        ])?;
        if let Some(url) = &source.url {
            let words = texts().word("head_url");
            let label = format!("{} ({})", words.vi, words.en);
            blocks.line(&[(label.as_str().into(), Unit::Text), (url.into(), Unit::Text)])?;
        }
    }
    if about.sources.is_empty() {
        blocks.none()?;
    }
    blocks.begin("attribution", &[])?;
    for line in &about.attribution {
        blocks.line(&[(Cell::Blank, Unit::Text), (line.into(), Unit::Prose)])?;
    }
    if about.attribution.is_empty() {
        blocks.none()?;
    }
    blocks.begin("inputs", &["head_file", "head_hash"])?;
    for input in &about.inputs {
        blocks.line(&[(input.name().as_str().into(), Unit::Text), ((&input.sha256).into(), Unit::Text)])?;
    }
    // On paper the rest is left out: hundreds of lines, most of them speeds by class of road.
    let on_paper = blocks.row;
    blocks.begin("other_settings", &["head_key", "head_value"])?;
    for (key, value) in others {
        let unit = value_unit(&value);
        blocks.line(&[(key.as_str().into(), Unit::Text), (value, unit)])?;
    }
    sheet.set_freeze_panes(2, 0)?;
    sheet.set_print_area(0, 0, on_paper, LAST)?;
    Ok(())
}

/// The service catalogue that the run used.
fn services(blocks: &mut Blocks, of: &Value) -> Result<(), XlsxError> {
    blocks.begin("services", &["head_key", "head_vi", "head_en", "head_minutes", "head_volume"])?;
    for service in of["services"].as_array().into_iter().flatten() {
        let text = |value: &Value| Cell::from(value.as_str());
        blocks.line(&[
            (text(&service["code"]), Unit::Text),
            (text(&service["name"]["vi"]), Unit::Text),
            (text(&service["name"]["en"]), Unit::Text),
            (service["minutes"].as_f64().into(), Unit::Minutes),
            (service["yearly_per_1000"].as_f64().into(), Unit::Other),
        ])?;
    }
    if of["assumption"] == true {
        let words = texts().word("services_assumed");
        let filled = |text: &str, source: &Value| text.replace("{source}", source.as_str().unwrap_or_default());
        let source = &of["source"];
        let (vi, en) = match source {
            Value::Object(_) => (filled(&words.vi, &source["vi"]), filled(&words.en, &source["en"])),
            _ => (filled(&words.vi, source), filled(&words.en, source)),
        };
        blocks.line(&[
            (Cell::Blank, Unit::Text),
            (vi.as_str().into(), Unit::Prose),
            (en.as_str().into(), Unit::Prose),
        ])?;
    }
    Ok(())
}

fn value_unit(value: &Cell) -> Unit {
    if matches!(value, Cell::Number(_)) { Unit::Other } else { Unit::Text }
}

/// The settings of a manifest by their keys, in its order; what is unset is left out.
fn settings(of: &Value) -> Vec<(String, Cell)> {
    let mut found = Vec::new();
    flatten(String::new(), of, &mut found);
    found
}

fn flatten(key: String, value: &Value, found: &mut Vec<(String, Cell)>) {
    let words = texts();
    let yes_no = |flag: bool| {
        let word = words.word(if flag { "yes" } else { "no" });
        Cell::from(format!("{} ({})", word.vi, word.en).as_str())
    };
    match value {
        Value::Null => {}
        Value::Bool(flag) => found.push((key, yes_no(*flag))),
        Value::Number(number) => found.push((key, number.as_f64().into())),
        Value::String(text) => found.push((key, text.into())),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            if !items.is_empty() {
                let list: Vec<String> = items.iter().map(text).collect();
                found.push((key, list.join(", ").as_str().into()));
            }
        }
        Value::Array(items) => {
            for (number, item) in (1..).zip(items) {
                let number: u32 = number;
                let name = item["id"].as_str().map_or_else(|| number.to_string(), str::to_owned);
                flatten(format!("{key}.{name}"), item, found);
            }
        }
        Value::Object(parts) => {
            for (name, part) in parts {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(key, part, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_flat() {
        let of = serde_json::json!({
            "a": { "b": 1.5, "none": null, "empty": [] },
            "modes": [{ "id": "foot", "share": 1 }],
            "solve": { "gap": 0, "steps": ["x", 2], "flag": true },
        });
        let found = settings(&of);
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a.b", "modes.foot.id", "modes.foot.share", "solve.flag", "solve.gap", "solve.steps"]);
        assert_eq!(found[0].1, Cell::Number(1.5));
        assert_eq!(found[3].1, Cell::Text("có (yes)".into()));
        assert_eq!(found[5].1, Cell::Text("x, 2".into()));
    }
}
