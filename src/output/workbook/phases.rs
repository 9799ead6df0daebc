//! The sheet of phases: an indicator a row, a phase a column, today's offices before the first.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::cells::{Cell, Unit, code, day, fit, put};
use super::looks::{Looks, height, lines};
use super::table::{Column, Entry, both, column, heading, share_bar};
use super::texts::texts;
use crate::output::run::{PhaseRow, TodayRow};

/// The row of the headers.
const HEADERS: u32 = 4;
/// The columns before the figures: name, English name, unit.
const FIRST: u16 = 3;
const KEY: &str = "phases";

/// A part of the sheet: its key in the texts, and its indicators.
type Part = (&'static str, Vec<Indicator>);

/// An indicator: its value in a phase, and as the offices of today have it.
struct Indicator {
    column: Column<PhaseRow>,
    today: fn(&TodayRow) -> Cell,
}

fn plain(key: &'static str, from: &'static str, unit: Unit, value: fn(&PhaseRow) -> Cell) -> Indicator {
    Indicator { column: column(key, from, unit, 15.0, value), today: |_| Cell::Blank }
}

impl Indicator {
    fn today(self, today: fn(&TodayRow) -> Cell) -> Indicator {
        Indicator { today, ..self }
    }
}

fn parts() -> Vec<Part> {
    let minutes = Unit::MinutesOfSeconds;
    vec![
        (
            "part_dates",
            vec![
                plain("starts", "phases.starts", Unit::Date, |p| day(&p.starts)),
                plain("ends", "phases.ends", Unit::Date, |p| p.ends.as_deref().map_or(Cell::Blank, day)),
                plain("opens", "phases.opens", Unit::Code, |p| code("opens", &p.opens)),
                plain("opened", "phases.opened", Unit::Count, |p| p.opened.into()),
                plain("agents", "phases.agents", Unit::Count, |p| p.agents.into()).today(|t| t.offices.into()),
            ],
        ),
        (
            "part_people",
            vec![
                plain("persons", "phases.persons", Unit::People, |p| p.persons.into()).today(|t| t.persons.into()),
                plain("covered", "phases.covered_persons", Unit::People, |p| p.covered_persons.into())
                    .today(|t| t.covered_persons.into()),
                plain("share", "phases.population_covered_share", Unit::Share, |p| p.population_covered_share.into())
                    .today(|t| t.population_covered_share.into()),
                plain("unreached", "phases.unreached_persons", Unit::People, |p| p.unreached_persons.into())
                    .today(|t| (t.persons - t.reached_persons).max(0.0).into()),
                plain("worst_area", "phases.worst_boundary_name", Unit::Text, |p| {
                    p.worst_boundary_name.as_ref().or(p.worst_boundary.as_ref()).map_or(Cell::Blank, Cell::from)
                }),
                plain("worst_share", "phases.worst_boundary_covered_share", Unit::Share, |p| {
                    p.worst_boundary_covered_share.into()
                }),
            ],
        ),
        (
            "part_times",
            vec![
                plain("mean", "phases.mean_time_s", minutes, |p| p.mean_time_s.into()).today(|t| t.mean_time_s.into()),
                plain("median", "phases.median_time_s", minutes, |p| p.median_time_s.into())
                    .today(|t| t.median_time_s.into()),
                plain("p90", "phases.p90_time_s", minutes, |p| p.p90_time_s.into()).today(|t| t.p90_time_s.into()),
                plain("p99", "phases.p99_time_s", minutes, |p| p.p99_time_s.into()),
                plain("worst", "phases.worst_time_s", minutes, |p| p.worst_time_s.into())
                    .today(|t| t.worst_time_s.into()),
                plain("worst_tenth", "phases.worst_tenth_time_s", minutes, |p| p.worst_tenth_time_s.into()),
                plain("gini", "phases.gini_time", Unit::Index, |p| p.gini_time.into()),
                plain("theil", "phases.theil_time", Unit::Index, |p| p.theil_time.into()),
            ],
        ),
        (
            "part_scope",
            vec![
                plain("scope_persons", "phases.scope_persons", Unit::People, |p| p.scope_persons.into()),
                plain("scope_covered", "phases.scope_covered_persons", Unit::People, |p| {
                    p.scope_covered_persons.into()
                }),
                plain("scope_share", "phases.scope_covered_share", Unit::Share, |p| p.scope_covered_share.into()),
                plain("scope_mean", "phases.scope_mean_time_s", minutes, |p| p.scope_mean_time_s.into()),
                plain("scope_p90", "phases.scope_p90_time_s", minutes, |p| p.scope_p90_time_s.into()),
            ],
        ),
        (
            "part_load",
            vec![
                plain("online", "phases.online_share", Unit::Share, |p| p.online_share.into()),
                plain("dossiers", "phases.dossiers_per_day", Unit::Dossiers, |p| p.dossiers_per_day.into()),
                plain("counters", "phases.counters", Unit::Counters, |p| p.counters.into()),
                plain("load", "phases.load_per_day", Unit::Dossiers, |p| p.load_per_day.into()),
                plain("overflow", "phases.overflow_per_day", Unit::Dossiers, |p| p.overflow_per_day.into()),
                plain("overflow_nearest", "phases.overflow_nearest_per_day", Unit::Dossiers, |p| {
                    p.overflow_nearest_per_day.into()
                }),
                plain("unserved_load", "phases.unserved_per_day", Unit::Dossiers, |p| p.unserved_per_day.into()),
                plain("wait", "phases.mean_wait_min", Unit::Minutes, |p| p.mean_wait_min.into()),
                plain("sent", "phases.persons_sent", Unit::People, |p| p.persons_sent.into()),
                plain("relief", "phases.relief_share", Unit::Share, |p| p.relief_share.into()),
            ],
        ),
        (
            "part_proof",
            vec![
                plain("status", "phases.status", Unit::Code, |p| code("proof", &p.status)),
                plain("problem", "phases.problem", Unit::Prose, |p| (&p.problem).into()),
                plain("objective", "phases.objective", Unit::Other, |p| p.objective.into()),
                plain("bound", "phases.bound", Unit::Other, |p| p.bound.into()),
                plain("objective_unit", "phases.objective_unit", Unit::Code, |p| {
                    code("objective_unit", &p.objective_unit)
                }),
                plain("gap", "phases.gap", Unit::Share, |p| p.gap.into()),
                plain("alone_bound", "phases.alone_bound", Unit::Other, |p| p.alone_bound.into()),
            ],
        ),
    ]
}

/// The indicators as the dictionary tells them.
pub(super) fn entries() -> Vec<Entry> {
    parts().iter().flat_map(|(_, indicators)| indicators.iter().map(|i| i.column.entry(KEY))).collect()
}

/// The keys of the parts of the sheet, for the test of missing texts.
#[cfg(test)]
pub(super) fn part_keys() -> Vec<&'static str> {
    parts().iter().map(|(key, _)| *key).collect()
}

/// Writes the sheet.
///
/// # Errors
/// More phases than a sheet has columns.
pub(super) fn write(
    sheet: &mut Worksheet,
    phases: &[PhaseRow],
    today: Option<&TodayRow>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    heading(sheet, KEY, looks)?;
    let figures = FIRST + u16::from(today.is_some());
    let last_column = figures + phases.len() as u16 - 1;
    for (column, width) in [(0, 42.0), (1, 38.0), (2, 26.0)] {
        sheet.set_column_width(column, width)?;
    }
    for column in FIRST..=last_column {
        sheet.set_column_width(column, 19.0)?;
    }
    let words = |key: &str| texts().word(key);
    for (column, key) in (0..).zip(["indicator_vi", "indicator_en", "unit"]) {
        both(sheet, (HEADERS, column), &words(key).vi, &words(key).en, &looks.header)?;
    }
    let mut high = 3;
    if today.is_some() {
        both(sheet, (HEADERS, FIRST), &words("today").vi, &words("today").en, &looks.header)?;
    }
    for (column, phase) in (figures..).zip(phases) {
        let (vi, en) = (fit(&phase.name_vi), fit(&phase.name_en));
        both(sheet, (HEADERS, column), &vi, &en, &looks.header)?;
        high = high.max(lines(&vi, 16.0) + lines(&en, 20.0)).min(12);
    }
    sheet.set_row_height(HEADERS, height(high))?;
    let mut row = HEADERS;
    for (key, indicators) in parts() {
        row += 1;
        for column in 0..=last_column {
            sheet.write_blank(row, column, &looks.section)?;
        }
        sheet.write_string_with_format(row, 0, &words(key).vi, &looks.section)?;
        sheet.write_string_with_format(row, 1, &words(key).en, &looks.section)?;
        for indicator in indicators {
            let cells = today.map(indicator.today).into_iter().chain(phases.iter().map(indicator.column.value));
            let cells: Vec<Cell> = cells.collect();
            // What the run does not have, without capacity say, takes no line.
            if cells.iter().all(|cell| *cell == Cell::Blank) {
                continue;
            }
            row += 1;
            let unit = indicator.column.unit;
            let (look, text) = (looks.cell(unit), looks.cell(Unit::Text));
            let entry = indicator.column.entry(KEY);
            let names = entry.words();
            sheet.write_string_with_format(row, 0, &names.name.vi, &text)?;
            sheet.write_string_with_format(row, 1, &names.name.en, &text)?;
            let of = texts().unit(unit.key());
            let units = if of.vi == of.en { of.vi.clone() } else { format!("{} ({})", of.vi, of.en) };
            sheet.write_string_with_format(row, 2, units, &text)?;
            note(sheet, row, &entry)?;
            let mut high = Cell::from(&names.name.vi).lines(42.0).max(Cell::from(&names.name.en).lines(38.0));
            for (column, cell) in (FIRST..).zip(&cells) {
                high = high.max(cell.lines(19.0));
                put(sheet, (row, column), cell, unit, &look)?;
            }
            sheet.set_row_height(row, height(high))?;
            if unit == Unit::Share && entry.key != "gap" {
                sheet.add_conditional_format(row, FIRST, row, last_column, &share_bar())?;
            }
        }
    }
    sheet.set_freeze_panes(HEADERS + 1, 1)?;
    sheet.set_repeat_rows(HEADERS, HEADERS)?;
    sheet.set_print_fit_to_pages(1, 1).set_print_area(0, 0, row, last_column)?;
    Ok(())
}

/// What an indicator says, as a note at its name.
fn note(sheet: &mut Worksheet, row: u32, entry: &Entry) -> Result<(), XlsxError> {
    let text = format!("{}\n\n{}\n\n{}", entry.words().vi, entry.english(), entry.from);
    let height = 14 * lines(&text, 34.0) as u32 + 14;
    let note = rust_xlsxwriter::Note::new(text)
        .add_author_prefix(false)
        .set_author("gandan")
        .set_font_name("Arial")
        .set_font_size(9)
        .set_width(240)
        .set_height(height);
    sheet.insert_note(row, 0, &note)?;
    Ok(())
}
