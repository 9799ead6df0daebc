//! A sheet that is one table: heading, totals of what is shown, headers with notes and filters, rows.

use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, ConditionalFormatDataBar, ConditionalFormatType,
    FilterCondition, FilterCriteria, Format, Note, Worksheet, XlsxError,
};

use super::cells::{Cell, Unit, put, put_formula};
use super::looks::{self, BAR, GREY, Looks, PINK, RED, letters, lines};
use super::texts::{ColumnTexts, texts};
use crate::output::schema::TABLES;

/// The rows of a sheet above its own: heading, the same in English, what a row is, the totals, the headers.
pub(super) const TITLE: u32 = 0;
const ENGLISH: u32 = 1;
const ABOUT: u32 = 2;
const TOTALS: u32 = 3;
const HEADERS: u32 = 4;
const FIRST: u32 = 5;

/// The most rows of a sheet: far more than anybody reads, and few enough for the memory of any machine.
const MOST_ROWS: usize = 100_000;

/// What stands above a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// Nothing.
    None,
    /// How many rows are shown.
    Rows,
    /// The sum of what is shown.
    Sum,
    /// The sum of one column over that of another, by their keys.
    Ratio(&'static str, &'static str),
}

/// A column of a sheet whose rows are `R`.
pub(super) struct Column<R> {
    /// Its key in the texts.
    pub(super) key: &'static str,
    /// The column of a table that it shows, e.g. `rollout.order`; blank for what is made of several.
    pub(super) from: &'static str,
    /// Its unit.
    pub(super) unit: Unit,
    /// Its width in letters.
    pub(super) width: f64,
    /// What stands above it.
    pub(super) total: Total,
    /// Whether it repeats a text in English: folded away until asked for.
    pub(super) english: bool,
    /// Whether a number above 0 in it is bad.
    pub(super) bad: bool,
    /// Whether it is left out on paper; such columns come last.
    pub(super) screen: bool,
    /// Its value in a row.
    pub(super) value: fn(&R) -> Cell,
}

/// A column.
pub(super) fn column<R>(
    key: &'static str,
    from: &'static str,
    unit: Unit,
    width: f64,
    value: fn(&R) -> Cell,
) -> Column<R> {
    Column { key, from, unit, width, total: Total::None, english: false, bad: false, screen: false, value }
}

impl<R> Column<R> {
    /// With a total.
    pub(super) fn total(self, total: Total) -> Column<R> {
        Column { total, ..self }
    }

    /// With the sum.
    pub(super) fn sum(self) -> Column<R> {
        self.total(Total::Sum)
    }

    /// In English only.
    pub(super) fn english(self) -> Column<R> {
        Column { english: true, ..self }
    }

    /// A number above 0 is bad.
    pub(super) fn bad(self) -> Column<R> {
        Column { bad: true, ..self }
    }

    /// Left out on paper.
    pub(super) fn on_screen(self) -> Column<R> {
        Column { screen: true, ..self }
    }

    /// As told in the dictionary.
    pub(super) fn entry(&self, sheet: &'static str) -> Entry {
        Entry { sheet, key: self.key, from: self.from, unit: self.unit }
    }
}

/// A column as the dictionary tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// The key of its sheet.
    pub(super) sheet: &'static str,
    /// Its key.
    pub(super) key: &'static str,
    /// The column of a table that it shows.
    pub(super) from: &'static str,
    /// Its unit.
    pub(super) unit: Unit,
}

impl Entry {
    /// Its words.
    pub(super) fn words(&self) -> &'static ColumnTexts {
        texts().column(self.sheet, self.key)
    }

    /// What a value says in English: its own words, or those of the table.
    pub(super) fn english(&self) -> &'static str {
        let own = self.words().en.as_str();
        if own.is_empty() { meaning(self.from).unwrap_or_default() } else { own }
    }

    /// Header, unit behind it where it would not be known.
    pub(super) fn header(&self) -> (String, String) {
        let (words, unit) = (self.words(), texts().unit(self.unit.key()));
        if matches!(self.unit.key(), "" | "people" | "counters" | "share") {
            return (words.name.vi.clone(), words.name.en.clone());
        }
        (format!("{} ({})", words.name.vi, unit.vi), format!("{} ({})", words.name.en, unit.en))
    }
}

/// What the schema says of a column, given as `table.column`.
pub(super) fn meaning(from: &str) -> Option<&'static str> {
    let (table, column) = from.split_once('.')?;
    let table = TABLES.iter().find(|t| t.file.strip_suffix(".parquet") == Some(table))?;
    table.columns.iter().find(|c| c.name == column).map(|c| c.meaning)
}

/// A sheet that is one table.
pub(super) struct Table<'a, R> {
    /// Its key in the texts.
    pub(super) key: &'static str,
    /// Its columns.
    pub(super) columns: &'a [Column<R>],
    /// How many of them stay when one scrolls to the right.
    pub(super) frozen: u16,
    /// Its rows.
    pub(super) rows: &'a [R],
    /// What is shown at first: the value that a column must have; others are filtered away until asked for.
    pub(super) shown: &'a [(&'static str, Cell)],
}

impl<R> Table<'_, R> {
    /// Writes it.
    ///
    /// # Errors
    /// More rows than a sheet takes.
    pub(super) fn write(&self, sheet: &mut Worksheet, looks: &Looks) -> Result<(), XlsxError> {
        heading(sheet, self.key, looks)?;
        let rows = &self.rows[..self.rows.len().min(MOST_ROWS)];
        let Some(last_row) = (rows.len() as u32).checked_sub(1).map(|last| FIRST + last) else {
            let empty = &texts().sheet(self.key).empty;
            sheet.write_string_with_format(HEADERS, 0, &empty.vi, &letters())?;
            sheet.write_string_with_format(HEADERS + 1, 0, &empty.en, &looks.english_title)?;
            return Ok(());
        };
        let last_column = self.columns.len() as u16 - 1;
        let formats: Vec<Format> = self.columns.iter().map(|c| looks.cell(c.unit)).collect();
        let mut height = 0.0_f64;
        for (at, column) in (0..).zip(self.columns) {
            sheet.set_column_width(at, column.width)?;
            height = height.max(header(sheet, (HEADERS, at), &column.entry(self.key), column.width, looks)?);
            if column.english {
                sheet.group_columns_collapsed(at, at)?;
            }
        }
        sheet.set_row_height(HEADERS, height)?;
        let filters: Vec<(usize, &Cell)> = self
            .shown
            .iter()
            .filter_map(|(key, cell)| Some((self.columns.iter().position(|c| c.key == *key)?, cell)))
            .collect();
        if rows.len() < self.rows.len() {
            let words = texts().word("cut");
            let filled = |text: &str| text.replace("{shown}", &rows.len().to_string());
            let text = format!("{}  {}", filled(&words.vi), filled(&words.en));
            sheet.write_string_with_format(ABOUT, 0, text, &looks.warning)?;
        }
        let mut seen = Vec::with_capacity(rows.len());
        let mut numbers = vec![false; self.columns.len()];
        for (at, row) in (FIRST..).zip(rows) {
            let cells: Vec<Cell> = self.columns.iter().map(|column| (column.value)(row)).collect();
            for (number, cell) in numbers.iter_mut().zip(&cells) {
                *number |= matches!(cell, Cell::Number(_));
            }
            // Short texts in English are folded away and would make every row high for nothing.
            let high =
                cells.iter().zip(self.columns).filter(|(_, column)| !column.english || column.unit == Unit::Prose);
            let lines = high.map(|(cell, column)| cell.lines(column.width)).max();
            if let Some(lines @ 2..) = lines {
                sheet.set_row_height(at, looks::height(lines))?;
            }
            for (column, cell) in cells.iter().enumerate() {
                put(sheet, (at, column as u16), cell, self.columns[column].unit, &formats[column])?;
            }
            let is_shown = filters.iter().all(|(column, wanted)| cells[*column] == **wanted);
            if is_shown {
                seen.push(cells);
            } else {
                // Excel hides rows by a filter only when asked to; here they are hidden beforehand.
                sheet.set_row_hidden(at)?;
            }
        }
        sheet.autofilter(HEADERS, 0, last_row, last_column)?;
        sheet.filter_automatic_off();
        for (column, cell) in filters {
            if let Some(condition) = condition(cell) {
                sheet.filter_column(column as u16, &condition)?;
            }
        }
        self.totals(sheet, (&seen, &numbers), last_row, looks)?;
        self.marks(sheet, last_row)?;
        sheet.set_freeze_panes(FIRST, self.frozen)?;
        sheet.set_repeat_rows(HEADERS, HEADERS)?;
        let on_paper = self.columns.iter().filter(|column| !column.screen).count() as u16;
        sheet.set_print_area(TITLE, 0, last_row, on_paper.max(1) - 1)?;
        Ok(())
    }

    /// The totals of the rows that are shown: formulas that follow the filters, with their results. `numbers` tells which
    /// columns hold any number at all.
    fn totals(
        &self,
        sheet: &mut Worksheet,
        (seen, numbers): (&[Vec<Cell>], &[bool]),
        last_row: u32,
        looks: &Looks,
    ) -> Result<(), XlsxError> {
        let sum = |column: usize| -> f64 {
            let factor = self.columns[column].unit.factor();
            seen.iter().map(|row| if let Cell::Number(n) = row[column] { n * factor } else { 0.0 }).sum()
        };
        let range = |column: usize| {
            let name = rust_xlsxwriter::utility::column_number_to_name(column as u16);
            format!("{name}{}:{name}{}", FIRST + 1, last_row + 1)
        };
        let place = |key: &str| self.columns.iter().position(|c| c.key == key);
        for (at, column) in self.columns.iter().enumerate() {
            let cell = (TOTALS, at as u16);
            let look = looks.total(column.unit);
            // A column without numbers, of a scenario without capacity say, has no sum.
            let counts = column.total == Total::Rows || numbers[at];
            match if counts { column.total } else { Total::None } {
                Total::None => {
                    sheet.write_blank(cell.0, cell.1, &look)?;
                }
                Total::Rows => {
                    let format = texts().word("rows_shown");
                    let look = looks.total_label.clone().set_num_format(format!("#,##0\" {}\"", format.vi));
                    let formula = format!("=SUBTOTAL(103,{})", range(at));
                    put_formula(sheet, cell, &formula, Some(seen.len() as f64), &look)?;
                }
                Total::Sum => {
                    put_formula(sheet, cell, &format!("=SUBTOTAL(109,{})", range(at)), Some(sum(at)), &look)?;
                }
                Total::Ratio(over, under) => {
                    let (Some(over), Some(under)) = (place(over), place(under)) else { continue };
                    let (top, bottom) = (range(over), range(under));
                    let formula =
                        format!("=IF(SUBTOTAL(109,{bottom})>0,SUBTOTAL(109,{top})/SUBTOTAL(109,{bottom}),\"\")");
                    let result = Some(sum(under)).filter(|n| *n > 0.0).map(|n| sum(over) / n);
                    put_formula(sheet, cell, &formula, result, &look)?;
                }
            }
        }
        Ok(())
    }

    /// Bars behind shares, red where a number should be 0.
    fn marks(&self, sheet: &mut Worksheet, last_row: u32) -> Result<(), XlsxError> {
        for (at, column) in (0..).zip(self.columns) {
            if column.unit == Unit::Share {
                sheet.add_conditional_format(FIRST, at, last_row, at, &share_bar())?;
            }
            if column.bad {
                let red = Format::new().set_font_color(RED).set_background_color(PINK);
                let above =
                    ConditionalFormatCell::new().set_rule(ConditionalFormatCellRule::GreaterThan(0)).set_format(red);
                sheet.add_conditional_format(FIRST, at, last_row, at, &above)?;
            }
        }
        Ok(())
    }
}

/// A bar as long as the share.
pub(super) fn share_bar() -> ConditionalFormatDataBar {
    ConditionalFormatDataBar::new()
        .set_minimum(ConditionalFormatType::Number, 0)
        .set_maximum(ConditionalFormatType::Number, 1)
        .set_fill_color(BAR)
        .set_border_color(Color::RGB(0xBD_D7EE))
        .set_solid_fill(true)
}

/// A filter that leaves one value.
fn condition(cell: &Cell) -> Option<FilterCondition> {
    match cell {
        Cell::Number(number) => Some(FilterCondition::new().add_custom_filter(FilterCriteria::EqualTo, *number)),
        Cell::Text(text) => Some(FilterCondition::new().add_list_filter(text.as_str())),
        Cell::Code(kind, code) => Some(FilterCondition::new().add_list_filter(texts().code(kind, code).as_str())),
        Cell::Blank | Cell::Date(_) => None,
    }
}

/// Writes the heading of a sheet in both languages, and what a row is.
///
/// # Errors
/// Never for a sheet that is empty yet.
pub(super) fn heading(sheet: &mut Worksheet, key: &str, looks: &Looks) -> Result<(), XlsxError> {
    let words = texts().sheet(key);
    sheet.write_string_with_format(TITLE, 0, &words.title.vi, &looks.title)?;
    sheet.write_string_with_format(ENGLISH, 0, &words.title.en, &looks.english_title)?;
    let english = letters().set_italic().set_font_color(GREY);
    sheet.write_rich_string(
        ABOUT,
        0,
        &[(&letters(), format!("{}  ", words.about.vi).as_str()), (&english, words.about.en.as_str())],
    )?;
    sheet.set_row_height(TITLE, 21)?;
    Ok(())
}

/// Writes a header, Vietnamese with English below, and its note. How high it wants to be, in points.
///
/// # Errors
/// The note is too long.
pub(super) fn header(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    entry: &Entry,
    width: f64,
    looks: &Looks,
) -> Result<f64, XlsxError> {
    let (vi, en) = entry.header();
    both(sheet, (row, column), &vi, &en, &looks.header)?;
    let words = entry.words();
    let source = if entry.from.is_empty() { String::new() } else { format!("\n\n{}", entry.from) };
    let text = format!("{}\n\n{}{source}", words.vi, entry.english());
    let note_lines = lines(&text, 34.0) as u32;
    let note = Note::new(text)
        .add_author_prefix(false)
        .set_author("gandan")
        .set_font_name("Arial")
        .set_font_size(9)
        .set_width(240)
        .set_height(14 * note_lines + 14);
    sheet.insert_note(row, column, &note)?;
    // Bold letters are wide, and a button for the filter stands in the corner.
    Ok(13.5 * lines(&vi, width * 0.8) as f64 + 11.0 * lines(&en, width * 1.1) as f64 + 5.0)
}

/// Writes a text in Vietnamese with the English below it in smaller, slanted letters.
///
/// # Errors
/// The texts are longer than a cell takes.
pub(super) fn both(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    vi: &str,
    en: &str,
    look: &Format,
) -> Result<(), XlsxError> {
    if vi.is_empty() || en.is_empty() || vi == en {
        sheet.write_string_with_format(row, column, if vi.is_empty() { en } else { vi }, look)?;
        return Ok(());
    }
    let bold = letters().set_bold();
    let small = letters().set_font_size(8).set_italic().set_font_color(GREY);
    let first = format!("{vi}\n");
    sheet.write_rich_string_with_format(row, column, &[(&bold, first.as_str()), (&small, en)], look)?;
    Ok(())
}
