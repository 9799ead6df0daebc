//! The first sheet: the decision on one page.

use rust_xlsxwriter::{Format, FormatAlign, Url, Worksheet, XlsxError};

use super::cells::{Cell, Unit, code, day, fit, put};
use super::looks::{BLUE, GREY, Looks, height, letters, lines};
use super::table::{both, share_bar};
use super::texts::texts;
use super::{Content, SHEETS, days, number, quoted};
use crate::output::run::{About, PhaseRow};
use crate::scenario::Text;

/// The last column: sentences run over all of them.
const LAST: u16 = 9;
/// Their widths: words, nine columns of figures.
const WIDTHS: [f64; 10] = [50.0, 13.0, 13.0, 12.0, 12.0, 13.0, 11.0, 13.0, 19.0, 34.0];

/// A figure: its key in the texts, its unit, its value, whether above 0 is bad.
struct Figure(&'static str, Unit, Cell);

/// Writes the sheet.
///
/// # Errors
/// Never for texts that fit a cell.
pub(super) fn write(sheet: &mut Worksheet, content: &Content, looks: &Looks) -> Result<(), XlsxError> {
    let about = content.about;
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_screen_gridlines(false);
    let mut row = 0;
    for (text, look, height) in [(&about.title.vi, &looks.title, 21.0), (&about.title.en, &looks.english_title, 17.0)] {
        sentence(sheet, row, text, &look.clone().set_text_wrap().set_align(FormatAlign::Top), height)?;
        row += 1;
    }
    if about.synthetic {
        let words = texts().word("made_up");
        sentence(sheet, row, &format!("{}  {}", words.vi, words.en), &looks.warning, 18.0)?;
        row += 1;
    }
    row += 1;
    if let Some(decision) = decision(content) {
        sentence(sheet, row, &decision.vi, &looks.prose.clone().set_font_size(11), 16.0)?;
        sentence(sheet, row + 1, &decision.en, &looks.english, 14.0)?;
        row += 3;
    }
    section(sheet, row, "figures", looks)?;
    for Figure(key, unit, cell) in figures(content) {
        if cell == Cell::Blank {
            continue;
        }
        row += 1;
        let words = texts().word(key);
        sheet.write_string_with_format(row, 0, &words.vi, &looks.cell(Unit::Text))?;
        if unit.is_text() {
            sheet.merge_range(row, 1, row, 2, "", &looks.figure(unit))?;
        }
        put(sheet, (row, 1), &cell, unit, &looks.figure(unit))?;
        let english = letters()
            .set_italic()
            .set_font_color(GREY)
            .set_align(FormatAlign::Top)
            .set_align(FormatAlign::Left)
            .set_indent(1);
        sheet.write_string_with_format(row, if unit.is_text() { 3 } else { 2 }, &words.en, &english)?;
        sheet.set_row_height(row, 16.5)?;
        if unit == Unit::Share && key != "figure_gap" {
            sheet.add_conditional_format(row, 1, row, 1, &share_bar())?;
        }
    }
    row = by_phase(sheet, row + 2, content.phases, looks)?;
    row = contents(sheet, row + 2, looks)?;
    row = reading(sheet, row + 2, about, looks)?;
    sheet.set_print_fit_to_pages(1, 1).set_print_area(0, 0, row, LAST)?;
    Ok(())
}

/// A sentence over the whole width, as high as it needs to be.
fn sentence(sheet: &mut Worksheet, row: u32, text: &str, look: &Format, line_height: f64) -> Result<(), XlsxError> {
    let text = fit(text);
    sheet.merge_range(row, 0, row, LAST, &text, look)?;
    // No row is higher than 409 points.
    let height = line_height * lines(&text, WIDTHS.iter().sum::<f64>() * 0.85) as f64 + 2.0;
    sheet.set_row_height(row, height.min(400.0))?;
    Ok(())
}

fn section(sheet: &mut Worksheet, row: u32, key: &str, looks: &Looks) -> Result<(), XlsxError> {
    let words = texts().word(key);
    for column in 0..=LAST {
        sheet.write_blank(row, column, &looks.section)?;
    }
    sheet.write_string_with_format(row, 0, &words.vi, &looks.section)?;
    sheet.write_string_with_format(row, 1, &words.en, &looks.section.clone().set_italic())?;
    Ok(())
}

/// The standard in words.
fn standard(about: &About) -> Text {
    let of = &about.standard;
    let key = match of.rule.as_str() {
        "either" => "standard_either",
        "both" => "standard_both",
        "time" => "standard_time",
        _ => "standard_radius",
    };
    let words = texts().word(key);
    let filled = |text: &str, minutes: String, km: String| text.replace("{minutes}", &minutes).replace("{km}", &km);
    let (minutes, km) = (of.minutes.to_string(), of.radius_km.to_string());
    Text { vi: filled(&words.vi, minutes.replace('.', ","), km.replace('.', ",")), en: filled(&words.en, minutes, km) }
}

/// The decision in a paragraph; `None` without phases.
fn decision(content: &Content) -> Option<Text> {
    let (first, last) = (content.phases.first()?, content.phases.last()?);
    let opened = PhaseRow::opened_in_all(content.phases);
    // All are served only where nobody is left.
    let share = |share: Option<f64>| {
        share.map(|share| {
            let per_cent = (share * 10_000.0).round() / 100.0;
            if share < 1.0 { per_cent.min(99.99) } else { per_cent }
        })
    };
    let standard = standard(content.about);
    let left = (last.persons - last.covered_persons).max(0.0);
    let sentence = |key: &str, values: &[(&str, String, String)]| {
        let words = texts().word(key);
        values.iter().fold(words.clone(), |text, (gap, vi, en)| Text {
            vi: text.vi.replace(&format!("{{{gap}}}"), vi),
            en: text.en.replace(&format!("{{{gap}}}"), en),
        })
    };
    let both = |value: f64| (number(value, 0, '.', ','), number(value, 0, ',', '.'));
    let whole = |gap: &'static str, value: f64| {
        let (vi, en) = both(value);
        (gap, vi, en)
    };
    let per_cent = |value: Option<f64>| match value {
        Some(share) => (format!("{} %", number(share, 2, '.', ',')), format!("{}%", number(share, 2, ',', '.'))),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let shares = per_cent(share(last.population_covered_share));
    let mut text = sentence(
        "decision",
        &[
            whole("opened", opened.into()),
            whole("phases", content.phases.len() as f64),
            ("from", days(&first.starts), first.starts.clone()),
            ("to", days(&last.starts), last.starts.clone()),
            whole("agents", last.agents.into()),
            whole("covered", last.covered_persons),
            whole("persons", last.persons),
            ("share", shares.0, shares.1),
            whole("left", left),
            ("standard", standard.vi, standard.en),
        ],
    );
    if let Some(today) = content.today {
        let shares = per_cent(share(today.population_covered_share));
        let more =
            sentence("decision_today", &[whole("covered", today.covered_persons), ("share", shares.0, shares.1)]);
        text = Text { vi: format!("{} {}", text.vi, more.vi), en: format!("{} {}", text.en, more.en) };
    }
    // One agent, one phase, one person are said as such.
    text.en = singular(&text.en);
    Some(text)
}

/// `1 agents` and the like made singular.
fn singular(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        if words[at - 1] == "1" {
            for (many, one) in [("agents", "agent"), ("phases", "phase"), ("people", "person")] {
                if let Some(rest) = words[at].strip_prefix(many) {
                    words[at] = format!("{one}{rest}");
                }
            }
        }
    }
    words.join(" ")
}

/// The figures that decide; those that a run does not have are blank.
fn figures(content: &Content) -> Vec<Figure> {
    let Some(last) = content.phases.last() else { return Vec::new() };
    let coverable: f64 = content.places.iter().map(|place| place.persons_coverable).sum();
    let left = last.persons - last.covered_persons;
    let with = |status: &str| content.sites.iter().filter(|s| !s.fixed && s.status == status).count() as u32;
    vec![
        Figure("figure_opened", Unit::Count, PhaseRow::opened_in_all(content.phases).into()),
        Figure("figure_agents", Unit::Count, last.agents.into()),
        Figure("figure_persons", Unit::People, last.persons.into()),
        Figure("figure_covered", Unit::People, last.covered_persons.into()),
        Figure("figure_share", Unit::Share, last.population_covered_share.into()),
        Figure("figure_today", Unit::Share, content.today.and_then(|t| t.population_covered_share).into()),
        Figure("figure_unserved", Unit::People, if left < 0.0005 { 0.0 } else { left }.into()),
        Figure("figure_coverable", Unit::People, coverable.into()),
        Figure("figure_median", Unit::MinutesOfSeconds, last.median_time_s.into()),
        Figure("figure_p90", Unit::MinutesOfSeconds, last.p90_time_s.into()),
        Figure("figure_worst_area", Unit::Text, (&last.worst_boundary_name).into()),
        Figure("figure_worst_share", Unit::Share, last.worst_boundary_covered_share.into()),
        Figure("figure_counters", Unit::Counters, last.counters.into()),
        Figure("figure_overflow", Unit::Dossiers, last.overflow_per_day.into()),
        Figure("figure_wait", Unit::Minutes, last.mean_wait_min.into()),
        Figure("figure_relief", Unit::Share, last.relief_share.into()),
        Figure("figure_gap", Unit::Share, content.phases.iter().map(|p| p.gap).fold(0.0, f64::max).into()),
        Figure("figure_review", Unit::Count, with("review").into()),
        Figure("figure_refused", Unit::Count, with("refused").into()),
    ]
}

/// A short table of the phases; the last row used.
fn by_phase(sheet: &mut Worksheet, mut row: u32, phases: &[PhaseRow], looks: &Looks) -> Result<u32, XlsxError> {
    section(sheet, row, "by_phase", looks)?;
    row += 1;
    /// Key among the indicators, unit, value.
    type Shown = (&'static str, Unit, fn(&PhaseRow) -> Cell);
    let shown: [Shown; 8] = [
        ("starts", Unit::Date, |p| day(&p.starts)),
        ("ends", Unit::Date, |p| p.ends.as_deref().map_or(Cell::Blank, day)),
        ("opened", Unit::Count, |p| p.opened.into()),
        ("agents", Unit::Count, |p| p.agents.into()),
        ("covered", Unit::People, |p| p.covered_persons.into()),
        ("share", Unit::Share, |p| p.population_covered_share.into()),
        ("p90", Unit::MinutesOfSeconds, |p| p.p90_time_s.into()),
        ("status", Unit::Code, |p| code("proof", &p.status)),
    ];
    let of_phases = texts().sheet("phases");
    both(sheet, (row, 0), &of_phases.tab.vi, &of_phases.tab.en, &looks.header)?;
    for (column, (key, unit, _)) in (1..).zip(&shown) {
        let name = &texts().column("phases", key).name;
        let minutes = texts().unit("minutes");
        let with_unit = |name: &str, minutes: &str| match unit {
            Unit::MinutesOfSeconds => format!("{name} ({minutes})"),
            _ => name.to_owned(),
        };
        both(
            sheet,
            (row, column),
            &with_unit(&name.vi, &minutes.vi),
            &with_unit(&name.en, &minutes.en),
            &looks.header,
        )?;
    }
    both(sheet, (row, LAST), &texts().word("indicator_en").en.replace("Indicator", "Phase"), "", &looks.header)?;
    sheet.set_row_height(row, 68)?;
    for phase in phases {
        row += 1;
        let (vi, en) = (fit(&phase.name_vi), fit(&phase.name_en));
        sheet.write_string_with_format(row, 0, &vi, &looks.cell(Unit::Text))?;
        for (column, (_, unit, value)) in (1..).zip(&shown) {
            put(sheet, (row, column), &value(phase), *unit, &looks.cell(*unit))?;
            if *unit == Unit::Share {
                sheet.add_conditional_format(row, column, row, column, &share_bar())?;
            }
        }
        sheet.write_string_with_format(row, LAST, &en, &looks.cell(Unit::Text).set_italic())?;
        let status = texts().code("proof", &phase.status);
        let texts = [(vi, WIDTHS[0]), (en, WIDTHS[9]), (status, WIDTHS[8])];
        let high = texts.map(|(text, width)| Cell::Text(text).lines(width));
        sheet.set_row_height(row, height(high.into_iter().max().unwrap_or(1)))?;
    }
    Ok(row)
}

/// The table of contents, with links.
fn contents(sheet: &mut Worksheet, mut row: u32, looks: &Looks) -> Result<u32, XlsxError> {
    section(sheet, row, "contents", looks)?;
    let link = letters().set_font_color(BLUE).set_underline(rust_xlsxwriter::FormatUnderline::Single);
    for key in SHEETS.iter().skip(1) {
        row += 1;
        let words = texts().sheet(key);
        let target = format!("internal:{}!A1", quoted(&words.tab.vi));
        sheet.write_url_with_format(row, 0, Url::new(target).set_text(&words.tab.vi), &link)?;
        let english = letters().set_italic().set_font_color(GREY);
        sheet.write_string_with_format(row, 1, format!("{}: {}", words.tab.en, words.title.en), &english)?;
    }
    Ok(row)
}

/// How to read the workbook, and by what it was made.
fn reading(sheet: &mut Worksheet, mut row: u32, about: &About, looks: &Looks) -> Result<u32, XlsxError> {
    section(sheet, row, "how_to_read", looks)?;
    for key in ["reading_languages", "reading_filters", "reading_notes"] {
        let words = texts().word(key);
        sentence(sheet, row + 1, &words.vi, &looks.prose, 14.0)?;
        sentence(sheet, row + 2, &words.en, &looks.english, 14.0)?;
        row += 2;
    }
    for line in &about.attribution {
        row += 1;
        sentence(sheet, row, line, &looks.prose, 14.0)?;
    }
    row += 1;
    let made = |text: &str| text.replace("{version}", &about.version);
    let words = texts().word("made_by");
    sentence(sheet, row, &format!("{} · {}", made(&words.vi), made(&words.en)), &looks.english, 14.0)?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn one_is_said_as_one() {
        assert_eq!(singular("opens 1 agents in 1 phases, 11 agents"), "opens 1 agent in 1 phase, 11 agents");
        assert_eq!(singular("1 people of 21 people"), "1 person of 21 people");
    }
}
