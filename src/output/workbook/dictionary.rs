//! The last sheet: every column of the workbook, in both languages.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::cells::{Cell, Unit, put};
use super::looks::{Looks, height};
use super::table::{Entry, both, heading};
use super::texts::texts;

const KEY: &str = "dictionary";
const HEADERS: u32 = 4;
/// Header and width.
const COLUMNS: [(&str, f64); 7] = [
    ("head_sheet", 16.0),
    ("head_column", 34.0),
    ("head_column_en", 34.0),
    ("unit", 22.0),
    ("head_meaning", 58.0),
    ("head_meaning_en", 58.0),
    ("head_from", 36.0),
];

/// Writes the sheet.
///
/// # Errors
/// Never for so few rows.
pub(super) fn write(sheet: &mut Worksheet, entries: &[Entry], looks: &Looks) -> Result<(), XlsxError> {
    heading(sheet, KEY, looks)?;
    for (column, (key, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
        let words = texts().word(key);
        both(sheet, (HEADERS, column), &words.vi, &words.en, &looks.header)?;
    }
    sheet.set_row_height(HEADERS, 30)?;
    let look = looks.cell(Unit::Prose);
    let mut row = HEADERS;
    for entry in entries {
        row += 1;
        let (words, unit) = (entry.words(), texts().unit(entry.unit.key()));
        let units = if unit.vi == unit.en { unit.vi.clone() } else { format!("{} ({})", unit.vi, unit.en) };
        let english = entry.english();
        let cells: [&str; 7] = [
            &texts().sheet(entry.sheet).tab.vi,
            &words.name.vi,
            &words.name.en,
            &units,
            &words.vi,
            english,
            entry.from,
        ];
        let high = cells.iter().zip(COLUMNS).map(|(text, (_, width))| Cell::from(*text).lines(width)).max();
        sheet.set_row_height(row, height(high.unwrap_or(1)))?;
        for (column, text) in (0..).zip(cells) {
            let cell = if text.is_empty() { Cell::Blank } else { Cell::from(text) };
            put(sheet, (row, column), &cell, Unit::Prose, &look)?;
        }
    }
    let last = COLUMNS.len() as u16 - 1;
    sheet.autofilter(HEADERS, 0, row, last)?;
    sheet.set_freeze_panes(HEADERS + 1, 2)?;
    sheet.set_repeat_rows(HEADERS, HEADERS)?;
    sheet.set_print_area(0, 0, row, last)?;
    Ok(())
}
