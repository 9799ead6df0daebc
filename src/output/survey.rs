//! The survey form as files: CSV that can be read back, and a workbook to fill in.

use std::path::Path;

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::error::{Fault, Result};
use crate::files::write_whole;
use crate::ingest::sites::survey::{Answer, Form, Question, Value, form_texts, label_of};
use crate::scenario::Text;
use crate::texts::inert;

/// Writes the form as CSV: UTF-8 with a byte order mark so that Excel knows it, a header of codes, one row a site. Cells
/// that are known hold their value, cells that are asked are blank; its texts are [`inert`]. [`crate::ingest::sites::survey::read_answers`] reads
/// it back.
///
/// # Errors
/// The disk refuses it.
pub fn write_csv(path: &Path, form: &Form) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| {
        Fault::new("io", format!("cannot write the survey: {e}")).file(path).help("check the disk, then run again")
    };
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    let fixed = ["id", "name", "address", "operator"];
    writer.write_record(fixed.into_iter().chain(form.questions.iter().map(|q| q.code))).map_err(|e| failed(&e))?;
    for row in &form.rows {
        let text = |value: &Option<String>| value.as_deref().map_or_else(String::new, inert);
        let mut record = vec![inert(&row.id), inert(&row.name), text(&row.address), text(&row.operator)];
        record.extend(row.known.iter().map(|known| match known {
            Some(Value::Text(text)) => inert(text),
            Some(known) => plain(known),
            None => String::new(),
        }));
        writer.write_record(&record).map_err(|e| failed(&e))?;
    }
    writer.flush().map_err(|e| failed(&e))?;
    drop(writer);
    put(path, &bytes)
}

fn plain(value: &Value) -> String {
    let words = form_texts();
    match value {
        Value::Flag(has) => if *has { &words.yes } else { &words.no }.vi.clone(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// The rows above the sites: the questions, the limits, the codes.
const TITLE_ROW: u32 = 0;
const LIMIT_ROW: u32 = 1;
const CODE_ROW: u32 = 2;
const FIRST_ROW: u32 = 3;
/// The columns before the questions: id, name, address, operator.
const FIXED: u16 = 4;
/// Excel's smallest and largest number in a rule for cells without floating point noise.
const EXCEL_WHOLE_MOST: f64 = 2_147_483_647.0;

/// Writes the form as a workbook, Vietnamese first with English below: a guide, and the sheet to fill in with its header
/// and names frozen, rules for each answer, yellow cells to fill and grey cells that are known. The third row holds the
/// codes, so that the sheet saved as CSV can be read back. Equal forms give equal bytes.
///
/// # Errors
/// The disk refuses it, or the form has more rows or columns than a sheet.
pub fn write_xlsx(path: &Path, form: &Form) -> Result<()> {
    let failed = |e: XlsxError| {
        Fault::new("io", format!("cannot write the workbook: {e}")).file(path).help("check the disk, then run again")
    };
    let bytes = workbook(form).map_err(failed)?;
    put(path, &bytes)
}

/// Writes a file whole or not at all, replacing what stands there.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole("write the form", path, true, bytes)
}

fn workbook(form: &Form) -> Result<Vec<u8>, XlsxError> {
    let words = form_texts();
    let mut book = Workbook::new();
    // A fixed day: the same form gives the same bytes whenever it is written.
    let day = ExcelDateTime::from_ymd(2025, 1, 1)?.and_hms(0, 0, 0)?;
    book.set_properties(
        &DocProperties::new().set_title(&words.title.vi).set_author("gandan").set_creation_datetime(&day),
    );
    guide(book.add_worksheet(), form)?;
    sheet(book.add_worksheet(), form)?;
    book.save_to_buffer()
}

/// The looks of the workbook.
struct Looks {
    title: Format,
    head: Format,
    wrapped: Format,
    english: Format,
    column: Format,
    limit: Format,
    code: Format,
    fixed: Format,
    asked: Format,
    known: Format,
}

impl Looks {
    fn new() -> Looks {
        let base = || Format::new().set_font_name("Arial").set_font_size(10);
        let boxed = || base().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0xBF_BFBF));
        let wrapped = base().set_text_wrap().set_align(FormatAlign::Top);
        let header = boxed().set_text_wrap().set_align(FormatAlign::VerticalCenter).set_align(FormatAlign::Center);
        let grey = Color::RGB(0x59_5959);
        Looks {
            title: base().set_bold().set_font_size(14).set_font_color(Color::RGB(0x1F_4E78)).set_text_wrap(),
            head: base().set_bold().set_font_size(11),
            english: wrapped.clone().set_italic().set_font_color(grey),
            wrapped,
            column: header.clone().set_bold().set_background_color(Color::RGB(0xDD_EBF7)),
            limit: header.clone().set_font_size(9).set_font_color(grey).set_background_color(Color::RGB(0xF2_F7FC)),
            code: header.set_font_size(8).set_font_color(Color::RGB(0x80_8080)),
            fixed: boxed().set_align(FormatAlign::VerticalCenter).set_text_wrap(),
            asked: boxed()
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0xFF_F2CC))
                .set_unlocked(),
            known: boxed()
                .set_align(FormatAlign::VerticalCenter)
                .set_font_color(grey)
                .set_background_color(Color::RGB(0xD9_D9D9)),
        }
    }
}

fn guide(sheet: &mut Worksheet, form: &Form) -> Result<(), XlsxError> {
    let (words, looks) = (form_texts(), Looks::new());
    sheet.set_name(&words.guide_sheet.vi)?.set_screen_gridlines(false);
    for (column, width) in [4.0, 46.0, 34.0, 46.0, 34.0].into_iter().enumerate() {
        sheet.set_column_width(column as u16, width)?;
    }
    let mut row = 0;
    sheet.write_string_with_format(row, 1, &words.title.vi, &looks.title)?;
    sheet.write_string_with_format(row, 3, &words.title.en, &looks.title)?;
    sheet.set_row_height(row, 40)?;
    row += 1;
    let filled = |text: &str| {
        text.replace("{sites}", &form.rows.len().to_string()).replace("{cells}", &form.open_cells().to_string())
    };
    sheet.write_string_with_format(row, 1, filled(&words.summary.vi), &looks.wrapped)?;
    sheet.write_string_with_format(row, 3, filled(&words.summary.en), &looks.english)?;
    row += 2;
    for (number, step) in words.steps.iter().enumerate() {
        sheet.write_number_with_format(row, 0, number as f64 + 1.0, &looks.wrapped)?;
        sheet.merge_range(row, 1, row, 2, &step.vi, &looks.wrapped)?;
        sheet.merge_range(row, 3, row, 4, &step.en, &looks.english)?;
        sheet.set_row_height(row, 32)?;
        row += 1;
    }
    row += 1;
    for (legend, look) in [(&words.legend_asked, &looks.asked), (&words.legend_known, &looks.known)] {
        sheet.write_string_with_format(row, 1, &legend.vi, look)?;
        sheet.write_string_with_format(row, 3, &legend.en, &looks.english)?;
        row += 1;
    }
    row += 1;
    sheet.write_string_with_format(row, 1, &words.asked.vi, &looks.head)?;
    sheet.write_string_with_format(row, 3, &words.asked.en, &looks.head)?;
    row += 1;
    for (number, question) in form.questions.iter().enumerate() {
        sheet.write_number_with_format(row, 0, number as f64 + 1.0, &looks.wrapped)?;
        sheet.write_string_with_format(row, 1, &question.question.vi, &looks.wrapped)?;
        sheet.write_string_with_format(row, 2, &question.limit.vi, &looks.wrapped)?;
        sheet.write_string_with_format(row, 3, &question.question.en, &looks.english)?;
        sheet.write_string_with_format(row, 4, &question.limit.en, &looks.english)?;
        sheet.set_row_height(row, if question.limit.vi.chars().count() > 36 { 44 } else { 30 })?;
        row += 1;
    }
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

fn sheet(sheet: &mut Worksheet, form: &Form) -> Result<(), XlsxError> {
    let (words, looks) = (form_texts(), Looks::new());
    sheet.set_name(&words.form_sheet.vi)?;
    let fixed = [
        ("id", &words.id, 16.0),
        ("name", &words.name, 30.0),
        ("address", &words.address, 38.0),
        ("operator", &words.operator, 18.0),
    ];
    for (at, (code, title, width)) in fixed.into_iter().enumerate() {
        let at = at as u16;
        sheet.set_column_width(at, width)?;
        both(sheet, TITLE_ROW, at, title, &looks.column)?;
        sheet.write_blank(LIMIT_ROW, at, &looks.limit)?;
        sheet.write_string_with_format(CODE_ROW, at, code, &looks.code)?;
    }
    for (at, question) in (FIXED..).zip(&form.questions) {
        let width = match question.answer {
            Answer::Choice(_) => 26.0,
            Answer::Number { .. } => 20.0,
            Answer::YesNo => 17.0,
        };
        sheet.set_column_width(at, width)?;
        both(sheet, TITLE_ROW, at, &question.question, &looks.column)?;
        both(sheet, LIMIT_ROW, at, &question.limit, &looks.limit)?;
        sheet.write_string_with_format(CODE_ROW, at, question.code, &looks.code)?;
    }
    sheet.set_row_height(TITLE_ROW, 92)?.set_row_height(LIMIT_ROW, 60)?.set_row_height(CODE_ROW, 14)?;
    for (at, row) in (FIRST_ROW..).zip(&form.rows) {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let cells = [row.id.clone(), row.name.clone(), text(&row.address), text(&row.operator)];
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string_with_format(at, column, cell, &looks.fixed)?;
        }
        for (column, (known, question)) in (FIXED..).zip(row.known.iter().zip(&form.questions)) {
            let look = if known.is_some() { &looks.known } else { &looks.asked };
            let look = match question.answer {
                Answer::Number { whole: true, .. } => look.clone().set_num_format("#,##0"),
                _ => look.clone(),
            };
            match known {
                None => sheet.write_blank(at, column, &look)?,
                Some(Value::Number(number)) => sheet.write_number_with_format(at, column, *number, &look)?,
                Some(Value::Text(code)) => sheet.write_string_with_format(at, column, label_of(code).vi, &look)?,
                Some(value) => sheet.write_string_with_format(at, column, plain(value), &look)?,
            };
        }
    }
    if let (Some(last), false) = ((form.rows.len() as u32).checked_sub(1), form.questions.is_empty()) {
        for (column, question) in (FIXED..).zip(&form.questions) {
            sheet.add_data_validation(FIRST_ROW, column, FIRST_ROW + last, column, &rule(question)?)?;
        }
        let last_column = FIXED + form.questions.len() as u16 - 1;
        sheet.autofilter(CODE_ROW, 0, FIRST_ROW + last, last_column)?;
    }
    sheet.set_freeze_panes(FIRST_ROW, 2)?;
    sheet.set_landscape().set_paper_size(8).set_print_fit_to_pages(1, 0).set_repeat_rows(TITLE_ROW, CODE_ROW)?;
    sheet.set_active(true);
    Ok(())
}

/// A cell with the Vietnamese text in the cell's own letters and the English below it in smaller, slanted ones.
fn both(sheet: &mut Worksheet, row: u32, column: u16, text: &Text, cell: &Format) -> Result<(), XlsxError> {
    let letters = || Format::new().set_font_name("Arial");
    let vietnamese = if row == TITLE_ROW { letters().set_font_size(10).set_bold() } else { letters().set_font_size(9) };
    let english = letters().set_font_size(8).set_italic().set_font_color(Color::RGB(0x59_5959));
    let (first, second) = (format!("{}\n", text.vi), text.en.as_str());
    if text.vi.is_empty() || second.is_empty() {
        sheet.write_string_with_format(row, column, &text.vi, cell)?;
    } else {
        sheet.write_rich_string_with_format(row, column, &[(&vietnamese, first.as_str()), (&english, second)], cell)?;
    }
    Ok(())
}

/// What may be entered under a question.
fn rule(question: &Question) -> Result<DataValidation, XlsxError> {
    let words = form_texts();
    let rule = DataValidation::new();
    let (rule, message) = match &question.answer {
        Answer::YesNo => (rule.allow_list_strings(&[&words.yes.vi, &words.no.vi])?, words.answer_yes_no.vi.clone()),
        Answer::Number { whole, most, .. } => {
            let message = words.answer_number.vi.replace("{most}", &shown(*most));
            let rule = if *whole && *most <= EXCEL_WHOLE_MOST {
                rule.allow_whole_number(DataValidationRule::Between(0, *most as i32))
            } else {
                rule.allow_decimal_number(DataValidationRule::Between(0.0, *most))
            };
            (rule, message)
        }
        Answer::Choice(choices) => {
            let labels: Vec<&str> = choices.iter().map(|choice| choice.label.vi.as_str()).collect();
            // Excel takes lists of up to 255 letters; a longer one is left to the reader of the form.
            let fits = labels.iter().map(|label| label.chars().count() + 1).sum::<usize>() <= 255;
            let commas = labels.iter().any(|label| label.contains(','));
            let rule = if fits && !commas { rule.allow_list_strings(&labels)? } else { rule };
            // Another kind may be written too.
            (rule.set_error_style(DataValidationErrorStyle::Warning), words.answer_choice.vi.clone())
        }
    };
    rule.set_error_title(&words.answer_error.vi)?.set_error_message(&message)?.set_input_message(message)
}

/// A large number in words that fit a message.
fn shown(most: f64) -> String {
    let digits = format!("{most:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::eligibility::Conditions;
    use crate::ingest::sites::survey::{fill_in, read_answers, survey_form};
    use crate::ingest::sites::{Attributes, Site};

    fn sites() -> Vec<Site> {
        let known = Site {
            id: "007".into(),
            name: "Bưu cục Ba Đình".into(),
            address: Some("1, Phố Huế".into()),
            organisation: Some("postal".into()),
            attributes: Attributes { years_in_field: Some(3.5), scanner: Some(true), ..Attributes::default() },
            ..Site::default()
        };
        let other = Site { id: "b".into(), name: "=1+1".into(), ..Site::default() };
        vec![known, other]
    }

    #[test]
    fn the_csv_holds_what_is_known_and_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("survey.csv");
        write_csv(&path, &survey_form(&sites(), &Conditions::default())).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "\u{feff}id,name,address,operator,organisation,years_in_field,charter_capital_vnd,computers,\
            spare_computer,fast_internet,scanner,copier,cameras_24h,camera_days_kept\r\n\
            007,Bưu cục Ba Đình,\"1, Phố Huế\",,postal,3.5,,,,,Có,,,\r\n\
            b,'=1+1,,,,,,,,,,,,\r\n";
        assert_eq!(text, expected);
        let mut read = sites();
        assert_eq!(fill_in(&mut read, &read_answers(&path).unwrap()).unwrap(), 0, "nothing was filled in yet");
        // After the scanner's Có come the cells of copier, cameras and days.
        std::fs::write(&path, text.replace(",Có,,,", ",Có,Không,Có,45")).unwrap();
        assert_eq!(fill_in(&mut read, &read_answers(&path).unwrap()).unwrap(), 3);
        let filled = &read[0].attributes;
        assert_eq!((filled.copier, filled.cameras_24h, filled.camera_days_kept), (Some(false), Some(true), Some(45)));
    }

    #[test]
    fn the_workbook_is_the_same_each_time() {
        let form = survey_form(&sites(), &Conditions::default());
        let first = workbook(&form).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(workbook(&form).unwrap(), first);
        assert!(first.starts_with(b"PK"));
        // A form without sites, and one with a list too long for Excel, are books too.
        workbook(&survey_form(&[], &Conditions::default())).unwrap();
        let organisations = (0..60).map(|i| format!("kind {i}")).collect();
        workbook(&survey_form(&sites(), &Conditions { organisations, ..Conditions::default() })).unwrap();
    }

    #[test]
    fn the_real_offices_get_their_form() {
        use crate::ingest::testkit::shared;
        let Some(path) = shared("hanoi/post-offices.csv") else { return };
        let sites = crate::ingest::sites::read_sites(&path, false).unwrap();
        let form = survey_form(&sites, &Conditions::default());
        // Their kind is known to be postal; the nine other conditions are unknown for all.
        assert_eq!((form.rows.len(), form.questions.len(), form.open_cells()), (106, 9, 106 * 9));
        let folder = tempfile::tempdir().unwrap();
        let folder = std::env::var_os("GANDAN_SURVEY_OUT").map_or(folder.path().to_owned(), Into::into);
        write_xlsx(&folder.join("survey.xlsx"), &form).unwrap();
        write_csv(&folder.join("survey.csv"), &form).unwrap();
    }
}
