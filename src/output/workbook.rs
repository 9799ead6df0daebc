//! `plan.xlsx`: the plan as a workbook for planners, drawn from the tables and the manifest of a run.
//!
//! Vietnamese comes first: tabs, headings and headers, with the English below in smaller letters; columns that repeat a
//! text in English are folded away. A reader of either language needs no second file, and filters work in both.
//! Texts of inputs are written as texts, never as formulas or links; the only formulas are totals of what is shown.

mod assumptions;
mod cells;
mod columns;
mod dictionary;
mod looks;
mod overview;
mod phases;
mod table;
mod texts;

use std::collections::HashMap;
use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use crate::error::{Fault, Result};
use crate::files::write_whole;
use crate::output::run::{
    About, AgentRow, BoundaryRow, ExplanationRow, GroupRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Run, SiteRow,
    TodayRow,
};
use cells::{Cell, code, fit};
use columns::{Area, Candidate};
use looks::{BLUE, Looks};
use table::{Column, Entry, Table};
use texts::texts;

/// The sheets in their order, by their keys in the texts.
const SHEETS: [&str; 11] = [
    "overview",
    "phases",
    "agents",
    "areas",
    "loads",
    "offices",
    "places",
    "candidates",
    "groups",
    "assumptions",
    "dictionary",
];

/// What the workbook tells.
struct Content<'a> {
    about: &'a About,
    manifest: &'a serde_json::Value,
    phases: &'a [PhaseRow],
    today: Option<&'a TodayRow>,
    agents: Vec<AgentRow>,
    areas: Vec<Area>,
    loads: Vec<LoadRow>,
    offices: Vec<ReliefRow>,
    places: Vec<PlaceRow>,
    sites: Vec<SiteRow>,
    told: Vec<ExplanationRow>,
    groups: Vec<GroupRow>,
}

/// The workbook's name in the folder of a run.
pub const FILE: &str = "plan.xlsx";

/// Draws the workbook of a run, an XLSX file at `target`, replacing what stands there. Equal runs give equal bytes.
///
/// # Errors
/// A table of the run cannot be read, or the disk refuses.
pub fn write(run: &Run, target: &Path) -> Result<()> {
    let phases: Vec<PhaseRow> = run.rows()?;
    let today: Vec<TodayRow> = run.rows()?;
    let of_boundary: HashMap<&str, f64> =
        today.iter().filter_map(|row| Some((row.boundary.as_deref()?, row.population_covered_share?))).collect();
    let content = Content {
        about: &run.about,
        manifest: &run.manifest,
        phases: &phases,
        today: today.iter().find(|row| row.boundary.is_none()),
        agents: run.rows()?,
        areas: areas(&run.about, run.rows()?, &of_boundary),
        loads: run.rows()?,
        offices: run.rows()?,
        places: run.rows()?,
        sites: run.rows()?,
        told: run.rows()?,
        groups: run.rows()?,
    };
    let bytes = workbook(content).map_err(|e| {
        Fault::new("io", format!("cannot write the workbook: {e}")).file(target).help("check the disk, then run again")
    })?;
    write_whole("write the workbook", target, true, bytes)
}

/// The features with the names of their layers and what today's offices do, layer by layer.
fn areas(about: &About, rows: Vec<BoundaryRow>, today: &HashMap<&str, f64>) -> Vec<Area> {
    let first = about.layers.first().map(|layer| layer.id.as_str());
    rows.into_iter()
        .map(|row| {
            let named = about.layers.iter().find(|layer| layer.id == row.layer);
            let unnamed = || crate::scenario::Text { vi: row.layer.clone(), en: row.layer.clone() };
            let layer = named.map_or_else(unnamed, |layer| layer.name.clone());
            let of_today = if first == Some(row.layer.as_str()) { today.get(row.code.as_str()) } else { None };
            Area { layer, today: of_today.copied(), row }
        })
        .collect()
}

/// The columns of every sheet, as the dictionary tells them.
fn entries() -> Vec<Entry> {
    fn of<R>(sheet: &'static str, columns: &[Column<R>]) -> Vec<Entry> {
        columns.iter().map(|column| column.entry(sheet)).collect()
    }
    [
        phases::entries(),
        of("agents", &columns::agents()),
        of("areas", &columns::areas()),
        of("loads", &columns::loads()),
        of("offices", &columns::offices()),
        of("places", &columns::places()),
        of("candidates", &columns::candidates()),
        of("groups", &columns::groups()),
    ]
    .concat()
}

fn workbook(content: Content) -> Result<Vec<u8>, XlsxError> {
    let looks = Looks::new();
    let mut book = Workbook::new();
    // A fixed day: the same run gives the same bytes whenever it is drawn.
    let day = ExcelDateTime::from_ymd(2025, 1, 1)?.and_hms(0, 0, 0)?;
    let title: String = fit(&content.about.title.vi).chars().take(250).collect();
    book.set_properties(&DocProperties::new().set_title(title).set_author("gandan").set_creation_datetime(&day));
    let about = content.about;
    let mut sheet = |key: &'static str, write: &mut dyn FnMut(&mut Worksheet) -> Result<(), XlsxError>| {
        let sheet = book.add_worksheet();
        sheet.set_name(&texts().sheet(key).tab.vi)?;
        page(sheet, about);
        write(sheet)
    };
    let last = Cell::from(content.phases.len() as u32);
    let first_layer = about.layers.first().map_or(Cell::Blank, |layer| (&layer.name.vi).into());
    sheet("overview", &mut |s| overview::write(s, &content, &looks))?;
    sheet("phases", &mut |s| phases::write(s, content.phases, content.today, &looks))?;
    let (key, rows) = ("agents", &content.agents);
    sheet(key, &mut |s| Table { key, columns: &columns::agents(), frozen: 3, rows, shown: &[] }.write(s, &looks))?;
    let (key, rows) = ("areas", &content.areas);
    let shown = [("layer", first_layer), ("phase", last.clone())];
    sheet(key, &mut |s| Table { key, columns: &columns::areas(), frozen: 4, rows, shown: &shown }.write(s, &looks))?;
    let shown = [("phase", last.clone())];
    let (key, rows) = ("loads", &content.loads);
    sheet(key, &mut |s| Table { key, columns: &columns::loads(), frozen: 2, rows, shown: &shown }.write(s, &looks))?;
    let (key, rows) = ("offices", &content.offices);
    sheet(key, &mut |s| Table { key, columns: &columns::offices(), frozen: 2, rows, shown: &shown }.write(s, &looks))?;
    let (key, rows) = ("places", &content.places);
    sheet(key, &mut |s| Table { key, columns: &columns::places(), frozen: 1, rows, shown: &[] }.write(s, &looks))?;
    let (key, rows) = ("candidates", &candidates(&content));
    sheet(key, &mut |s| Table { key, columns: &columns::candidates(), frozen: 1, rows, shown: &[] }.write(s, &looks))?;
    let (key, rows) = ("groups", &content.groups);
    let shown = [("phase", last), ("area", code("area", "all"))];
    sheet(key, &mut |s| Table { key, columns: &columns::groups(), frozen: 4, rows, shown: &shown }.write(s, &looks))?;
    sheet("assumptions", &mut |s| assumptions::write(s, about, content.manifest, &looks))?;
    sheet("dictionary", &mut |s| dictionary::write(s, &entries(), &looks))?;
    book.save_to_buffer()
}

/// The sites with what stands in other tables.
fn candidates(content: &Content) -> Vec<Candidate> {
    let first = content.about.layers.first().map(|layer| layer.id.as_str());
    let of_first = content.areas.iter().filter(|area| first == Some(area.row.layer.as_str()));
    let names: HashMap<&str, &str> = of_first.map(|area| (area.row.code.as_str(), area.row.name.as_str())).collect();
    let told: HashMap<&str, &ExplanationRow> = content.told.iter().map(|row| (row.site.as_str(), row)).collect();
    let site = |row: &SiteRow| Candidate {
        area: row.boundary.as_ref().map(|code| names.get(code.as_str()).map_or(code.clone(), |n| (*n).to_owned())),
        told: told.get(row.site.as_str()).map(|row| (*row).clone()),
        row: row.clone(),
    };
    content.sites.iter().map(site).collect()
}

/// A page of A4, lying, as wide as the sheet; what it is and whether data are made up stand on every one.
fn page(sheet: &mut Worksheet, about: &About) {
    let line = |text: &str, most: usize| {
        let text: String = fit(text).chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
        text.replace('&', "&&")
    };
    let (words, made_by) = (texts().word("page"), texts().word("made_by"));
    let warning = if about.synthetic {
        let words = texts().word("made_up_short");
        format!("&R&\"Arial,Bold\"&9&K9C0006{} ({})", words.vi, words.en)
    } else {
        String::new()
    };
    // A space keeps digits of a title from being read as a size of letters; 255 letters are the most.
    sheet.set_header(format!("&L&\"Arial,Regular\"&9 {}{warning}", line(&about.title.vi, 90)));
    let made_by = made_by.vi.replace("{version}", &line(&about.version, 20));
    sheet.set_footer(format!(
        "&L&\"Arial,Regular\"&8 {made_by}&C&\"Arial,Regular\"&8&A&R&\"Arial,Regular\"&8{} &P/&N",
        words.vi
    ));
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_tab_color(BLUE).set_default_note_author("gandan");
}

/// A name of a sheet as a formula or a link takes it.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// A number with marks between thousands and before decimals.
fn number(value: f64, decimals: usize, thousands: char, mark: char) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let grouped = whole.parse::<u64>().map_or(whole.to_owned(), |n| crate::units::grouped(n, thousands));
    if rest.is_empty() { grouped } else { format!("{grouped}{mark}{rest}") }
}

/// A day as written in Vietnamese: 01/02/2025.
fn days(iso: &str) -> String {
    match iso.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => format!("{day}/{month}/{year}"),
        _ => iso.to_owned(),
    }
}

#[cfg(test)]
mod tests;
