//! What a cell holds, in which unit, and how it is written: texts as texts always, whatever they begin with.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Worksheet, XlsxError};

use super::looks::lines;
use super::texts::texts;

/// The most letters of a cell, in units of UTF-16 as Excel counts them.
const MOST_LETTERS: usize = 32_767;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Nothing: what does not exist stays empty.
    Blank,
    /// A text of an input or of a table.
    Text(String),
    /// A number in the unit of the table.
    Number(f64),
    /// A day, YYYY-MM-DD.
    Date(String),
    /// A code, by its kind.
    Code(&'static str, String),
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        if number.is_finite() { Cell::Number(number) } else { Cell::Blank }
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Cell {
        Cell::Number(number.into())
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Cell {
        Cell::Code("flag", flag.to_string())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Cell {
        Cell::Text(text.clone())
    }
}

impl<T> From<Option<T>> for Cell
where
    Cell: From<T>,
{
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Blank, Cell::from)
    }
}

impl<'a> From<&'a Option<String>> for Cell {
    fn from(value: &'a Option<String>) -> Cell {
        value.as_ref().map_or(Cell::Blank, Cell::from)
    }
}

/// A day of a table.
pub(super) fn day(text: &str) -> Cell {
    Cell::Date(text.to_owned())
}

/// A code of a table.
pub(super) fn code(kind: &'static str, code: &str) -> Cell {
    Cell::Code(kind, code.to_owned())
}

/// The unit of a column: its name, its number format, and what a table's number is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    /// A short text.
    Text,
    /// A text of sentences.
    Prose,
    /// A code in words.
    Code,
    /// A day.
    Date,
    /// A number without a unit.
    Count,
    /// People.
    People,
    /// Dossiers a working day.
    Dossiers,
    /// Counters.
    Counters,
    /// Minutes, from seconds.
    MinutesOfSeconds,
    /// Minutes.
    Minutes,
    /// A share, shown in per cent.
    Share,
    /// Kilometres, from metres.
    KmOfMetres,
    /// Metres.
    Metres,
    /// Degrees of longitude or latitude.
    Degrees,
    /// People times minutes.
    PersonMinutes,
    /// A number between 0 and 1 that is no share.
    Index,
    /// A number in the unit that another cell names.
    Other,
}

impl Unit {
    /// Its key in the texts; blank for what has no unit.
    pub(super) fn key(self) -> &'static str {
        match self {
            Unit::Text | Unit::Prose | Unit::Code | Unit::Date | Unit::Count | Unit::Index | Unit::Other => "",
            Unit::People => "people",
            Unit::Dossiers => "dossiers",
            Unit::Counters => "counters",
            Unit::MinutesOfSeconds | Unit::Minutes => "minutes",
            Unit::Share => "share",
            Unit::KmOfMetres => "km",
            Unit::Metres => "m",
            Unit::Degrees => "degrees",
            Unit::PersonMinutes => "person_minutes",
        }
    }

    /// Its number format; Excel shows the marks of the reader's own language.
    pub(super) fn number_format(self) -> &'static str {
        match self {
            Unit::Text | Unit::Prose | Unit::Code => "@",
            Unit::Date => "dd/mm/yyyy",
            Unit::Count | Unit::People | Unit::Counters | Unit::Metres | Unit::PersonMinutes => "#,##0",
            Unit::Dossiers | Unit::MinutesOfSeconds | Unit::Minutes | Unit::KmOfMetres => "#,##0.0",
            Unit::Share => "0.00%",
            Unit::Degrees => "0.00000",
            Unit::Index => "0.000",
            Unit::Other => "#,##0.###",
        }
    }

    /// What a table's number is multiplied by.
    pub(super) fn factor(self) -> f64 {
        match self {
            Unit::MinutesOfSeconds => 1.0 / 60.0,
            Unit::KmOfMetres => 1.0 / 1000.0,
            _ => 1.0,
        }
    }

    /// Whether its cells hold texts.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Unit::Text | Unit::Prose | Unit::Code)
    }
}

/// A text as a cell takes it: without what XML cannot hold, cut where Excel takes no more. What comes into a run has been
/// looked at before; this holds for runs whose tables others have changed.
pub(super) fn fit(text: &str) -> String {
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    let mut out = String::with_capacity(text.len().min(MOST_LETTERS));
    let mut letters = 0;
    for c in text.chars() {
        letters += c.len_utf16();
        if letters > MOST_LETTERS - 1 {
            out.push('…');
            break;
        }
        out.push(if bad(c) { '\u{fffd}' } else { c });
    }
    out
}

/// Writes a cell in the format of its unit.
///
/// # Errors
/// The sheet is full.
pub(super) fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    unit: Unit,
    look: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Blank => sheet.write_blank(row, column, look)?,
        Cell::Text(text) => sheet.write_string_with_format(row, column, fit(text), look)?,
        Cell::Code(kind, code) => sheet.write_string_with_format(row, column, fit(&texts().code(kind, code)), look)?,
        Cell::Number(number) => sheet.write_number_with_format(row, column, number * unit.factor(), look)?,
        // Excel's days begin in 1900.
        Cell::Date(text) => match ExcelDateTime::parse_from_str(text) {
            Ok(day) => sheet.write_datetime_with_format(row, column, &day, look)?,
            Err(_) => sheet.write_string_with_format(row, column, fit(text), look)?,
        },
    };
    Ok(())
}

impl Cell {
    /// How many lines it takes in a cell so wide, in letters.
    pub(super) fn lines(&self, width: f64) -> usize {
        // The indent and the edges.
        let width = width - 1.5;
        match self {
            Cell::Text(text) => lines(text, width),
            Cell::Code(kind, code) => lines(&texts().code(kind, code), width),
            Cell::Blank | Cell::Number(_) | Cell::Date(_) => 1,
        }
    }
}

/// Writes a formula of our own with its result, which readers that do not compute show.
///
/// # Errors
/// The sheet is full.
pub(super) fn put_formula(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: &str,
    result: Option<f64>,
    look: &Format,
) -> Result<(), XlsxError> {
    let formula = Formula::new(formula).set_result(result.map_or(String::new(), |n| n.to_string()));
    sheet.write_formula_with_format(row, column, formula, look)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_what_excel_takes_and_hold_nothing_that_xml_cannot() {
        assert_eq!(fit("=cmd()"), "=cmd()");
        assert_eq!(fit("a\u{0}b\u{1b}c\nd\u{ffff}"), "a\u{fffd}b\u{fffd}c\nd\u{fffd}");
        // 32,766 letters and the sign that more followed.
        let cut = fit(&"x".repeat(40_000));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (32_767, true));
        // A face beyond the basic plane is two letters to Excel: 16,383 of them, and the sign.
        assert_eq!(fit(&"😀".repeat(20_000)).chars().count(), 16_384);
        assert_eq!(fit(&"x".repeat(32_766)), "x".repeat(32_766));
    }

    #[test]
    fn what_does_not_exist_is_blank() {
        assert_eq!(Cell::from(None::<f64>), Cell::Blank);
        assert_eq!(Cell::from(f64::NAN), Cell::Blank);
        assert_eq!(Cell::from(&Some("a".to_owned())), Cell::Text("a".to_owned()));
    }
}
