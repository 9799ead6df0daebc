//! The survey form read back: answers by site, merged into what is known.
//!
//! People fill forms in with Excel in Vietnamese: semicolons between fields, commas in decimals, points between
//! thousands, headers above the codes. All that is read; what could mean two things is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::texts::texts;
use super::{Answer, Choice, Question, Value, known, label_of, questions, set};
use crate::error::{Fault, Faults, Result};
use crate::ingest::eligibility::Conditions;
use crate::ingest::names::{closest, tidy, words};
use crate::ingest::sites::Site;
use crate::limits;
use crate::texts::{MOST_TEXT, as_written, refusal};

/// The answers of one survey form.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// The file they come from.
    pub file: PathBuf,
    /// In the file's order; every id stands once.
    pub rows: Vec<SiteAnswers>,
}

/// The answers for one site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteAnswers {
    /// The site's id.
    pub id: String,
    /// The line of the file.
    pub line: u64,
    /// The filled cells: the code of the condition and the value.
    pub values: Vec<(&'static str, Value)>,
}

/// How many rows may stand above the row of codes.
const HEADER_ROWS: usize = 20;

/// Reads a filled survey form: CSV in UTF-8 with commas, semicolons or tabs, as `gandan` writes it or as Excel saves the
/// sheet. The header is the first row that holds `id`; columns are known by their codes, or by their short names in
/// Vietnamese or English. Blank cells are left out.
///
/// # Errors
/// All faults of the file together, with line and column: `survey::format`, `survey::columns`, `survey::duplicate`,
/// `survey::value`, or `io`.
pub fn read_answers(path: &Path) -> Result<Answers> {
    let help = "keep the form with its answers, without pictures or other sheets";
    let bytes = limits::read_bytes("read the survey", path, "a survey form", limits::SURVEY_BYTES, help)?;
    if bytes.starts_with(b"PK") {
        return Err(Fault::new("survey::format", "this is a workbook, not CSV")
            .file(path)
            .help("in Excel choose the sheet with the form and save it as \"CSV UTF-8\"")
            .into());
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).map_err(|_| {
        Fault::new("survey::format", "not UTF-8").file(path).help("save the form as UTF-8 (in Excel: \"CSV UTF-8\")")
    })?;
    let (header, records) = table(path, text)?;
    let mut faults = Faults::default();
    // Every condition can be answered, also one that this scenario has switched off.
    let every = questions(&Conditions::default());
    let columns = columns(path, &header, &every, &mut faults)?;
    let id_at = header.iter().position(|name| is_id(name)).unwrap_or(0);
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut rows = Vec::new();
    for (line, record) in records {
        let cell = |at: usize| record.get(at).map(str::trim).filter(|text| !text.is_empty());
        let fault = |code, found: String| Fault::new(code, found).file(path);
        let Some(id) = cell(id_at).map(as_written) else {
            if columns.iter().any(|(at, _)| cell(*at).is_some()) {
                let blank = fault("survey::value", "`id` is blank".into()).place(format!("line {line}"));
                faults.push(blank.help("every row with answers needs the id of its site"));
            }
            continue;
        };
        if let Some(first) = seen.insert(id.clone(), line) {
            let twice = fault("survey::duplicate", format!("the site `{id}` is also on line {first}"));
            faults.push(twice.place(format!("line {line}")).help("keep one row for each site"));
            continue;
        }
        let mut values = Vec::new();
        for (at, question) in &columns {
            let Some(text) = cell(*at) else { continue };
            match value_of(text, question) {
                Some(value) => values.push((question.code, value)),
                None => {
                    let place = format!("line {line} (site {id}), column {}", question.code);
                    let wrong = fault("survey::value", format!("`{text}` is no answer")).place(place);
                    faults.push(wrong.help(expected(question)));
                }
            }
        }
        rows.push(SiteAnswers { id, line, values });
    }
    faults.finish()?;
    Ok(Answers { file: path.to_owned(), rows })
}

/// The columns with answers: where each stands and what it asks.
fn columns<'a>(
    path: &Path,
    header: &[String],
    every: &'a [Question],
    faults: &mut Faults,
) -> Result<Vec<(usize, &'a Question)>> {
    let mut columns: Vec<(usize, &Question)> = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let Some(question) = every.iter().find(|question| is_named(question, name)) else { continue };
        if columns.iter().any(|(_, other)| other.code == question.code) {
            let twice = Fault::new("survey::columns", format!("the column `{}` stands twice", question.code));
            faults.push(twice.file(path).help("keep one of them"));
        } else {
            columns.push((at, question));
        }
    }
    if columns.is_empty() {
        let codes: Vec<&str> = every.iter().map(|question| question.code).collect();
        let help = format!("the row of codes must hold id and any of {}", codes.join(", "));
        return Err(Fault::new("survey::columns", "no column of a condition").file(path).help(help).into());
    }
    Ok(columns)
}

/// Merges answers into the sites: only what is unknown is filled in. How many values were.
///
/// # Errors
/// All of them together, and then no site is changed: `survey::unknown-site` for an id that no site has, and
/// `survey::contradiction` for an answer that differs from a known value, naming both.
pub fn fill_in(sites: &mut [Site], answers: &Answers) -> Result<usize> {
    let index: HashMap<&str, usize> = sites.iter().enumerate().map(|(i, site)| (site.id.as_str(), i)).collect();
    let mut faults = Faults::default();
    let mut filled: Vec<(usize, &'static str, &Value)> = Vec::new();
    for row in &answers.rows {
        let fault =
            |code, found: String| Fault::new(code, found).file(&answers.file).place(format!("line {}", row.line));
        // An id that itself begins with an apostrophe, from a workbook that needs none put before it.
        let quoted = || index.get(format!("'{}", row.id).as_str());
        let Some(&i) = index.get(row.id.as_str()).or_else(quoted) else {
            let unknown = fault("survey::unknown-site", format!("no site has the id `{}`", row.id));
            faults.push(unknown.help(instead_of(&row.id, sites)));
            continue;
        };
        for (code, value) in &row.values {
            match known(&sites[i], code) {
                None => filled.push((i, code, value)),
                Some(before) if same(&before, value) => {}
                Some(before) => {
                    let found = format!(
                        "{code} of site {} ({}) is `{}` here, but `{}` in the list of sites",
                        row.id,
                        sites[i].name,
                        told(value),
                        told(&before)
                    );
                    let help = "find out which is true and correct the other; the survey only fills in what is unknown";
                    faults.push(fault("survey::contradiction", found).help(help));
                }
            }
        }
    }
    faults.finish()?;
    let count = filled.len();
    for (i, code, value) in filled {
        set(&mut sites[i], code, value);
    }
    Ok(count)
}

/// What to do about an id that no site has.
fn instead_of(id: &str, sites: &[Site]) -> String {
    let bare = id.trim_start_matches('0');
    if let Some(site) = sites.iter().find(|site| site.id.trim_start_matches('0') == bare) {
        return format!("is it `{}`? Excel may have taken the zeros off; write the ids as text", site.id);
    }
    match closest(id, sites.iter().map(|site| site.id.as_str()), 3).as_slice() {
        [] => "take the row out, or add the site to the list of sites".to_owned(),
        near => format!("near ones are {}", near.join(", ")),
    }
}

/// The records of a table, each with its line.
type Records = Vec<(u64, csv::StringRecord)>;

/// The header and the rows after it.
fn table(path: &Path, text: &str) -> Result<(Vec<String>, Records)> {
    for separator in [b',', b';', b'\t'] {
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.flexible(true).has_headers(false).delimiter(separator).from_reader(text.as_bytes());
        let mut header: Option<Vec<String>> = None;
        let mut records = Vec::new();
        for (number, record) in reader.records().enumerate() {
            let record = record.map_err(|e| {
                Fault::new("survey::format", format!("not a table: {e}")).file(path).help("save the form as CSV UTF-8")
            })?;
            if records.len() >= limits::SITE_ROWS {
                let found = format!("the form has more than {} rows", limits::SITE_ROWS);
                return Err(Fault::new("file::too-large", found).file(path).help("keep one row for each site").into());
            }
            match &header {
                Some(_) => records.push((record.position().map_or(0, csv::Position::line), record)),
                None if number >= HEADER_ROWS => break,
                // A row with nothing but an id would be no header: the form has a column of answers beside it.
                None if record.len() > 1 && record.iter().any(is_id) => {
                    header = Some(record.iter().map(str::to_owned).collect());
                }
                None => {}
            }
        }
        if let Some(header) = header {
            return Ok((header, records));
        }
    }
    Err(Fault::new("survey::columns", format!("no row with the column `id` among the first {HEADER_ROWS}"))
        .file(path)
        .help("keep the row of codes of the form: id, name, and the conditions")
        .into())
}

fn is_id(name: &str) -> bool {
    name.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case("id")
}

fn is_named(question: &Question, header: &str) -> bool {
    let header_words = words(header);
    header.trim().eq_ignore_ascii_case(question.code)
        || [&question.title.vi, &question.title.en].iter().any(|title| words(title) == header_words)
}

/// The value that a cell means, or `None`.
fn value_of(text: &str, question: &Question) -> Option<Value> {
    match &question.answer {
        Answer::YesNo => yes_or_no(text).map(Value::Flag),
        Answer::Number { whole, most, .. } => {
            let value = match yes_or_no(text) {
                // As in the list of sites: a plain yes is one computer. Digits are numbers.
                Some(has) if question.code == "computers" && !text.bytes().all(|b| b.is_ascii_digit()) => {
                    f64::from(u8::from(has))
                }
                _ => number(text, *whole)?,
            };
            (0.0..=*most).contains(&value).then_some(Value::Number(value))
        }
        Answer::Choice(choices) => {
            let chosen = choice(&as_written(text), choices);
            refusal(&chosen, MOST_TEXT).is_none().then_some(Value::Text(chosen))
        }
    }
}

/// Yes or no, in either language, with or without marks.
fn yes_or_no(text: &str) -> Option<bool> {
    if !text.chars().any(char::is_alphabetic) && !matches!(text.trim(), "0" | "1") {
        return None;
    }
    match words(text).join(" ").as_str() {
        "co" | "yes" | "true" | "1" | "y" => Some(true),
        "khong" | "no" | "false" | "0" | "n" => Some(false),
        _ => None,
    }
}

/// A number as people write it: groups of three with points, commas or spaces, a decimal comma or point, and `tỷ` or
/// `triệu` behind it. With one mark and three digits behind, a whole number has groups, another a decimal mark.
fn number(text: &str, whole: bool) -> Option<f64> {
    const UNITS: [(&str, f64); 6] = [("tỷ", 1e9), ("tỉ", 1e9), ("triệu", 1e6), ("đồng", 1.0), ("vnd", 1.0), ("đ", 1.0)];
    let mut digits = tidy(text).to_lowercase();
    let mut factor = 1.0;
    for (unit, times) in UNITS {
        if let Some(before) = digits.trim_end().strip_suffix(unit) {
            (digits, factor) = (before.to_owned(), times);
            // "2 tỷ đồng" has a unit before its last one.
            for (unit, times) in &UNITS[..3] {
                if let Some(before) = digits.trim_end().strip_suffix(unit) {
                    (digits, factor) = (before.to_owned(), *times);
                }
            }
            break;
        }
    }
    digits.retain(|c| !c.is_whitespace());
    let grouped = |mark: char| {
        let mut parts = digits.split(mark);
        let first = parts.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && parts.all(|part| part.len() == 3)
    };
    let marks: Vec<char> = digits.chars().filter(|c| matches!(c, '.' | ',')).collect();
    let plain = match marks.as_slice() {
        [] => digits.clone(),
        // A factor leaves room for decimals: 2,5 tỷ.
        [mark] if whole && factor == 1.0 && grouped(*mark) => digits.replace(*mark, ""),
        [_] => digits.replace(',', "."),
        [first, rest @ ..] if rest.iter().all(|mark| mark == first) => {
            grouped(*first).then(|| digits.replace(*first, ""))?
        }
        // Groups, then one decimal mark of the other kind: 2.000.000,50.
        [first, .., last] if marks.iter().filter(|mark| *mark == last).count() == 1 => {
            let (groups, decimals) = digits.split_once(*last)?;
            let sound = groups.split(*first).skip(1).all(|group| group.len() == 3);
            sound.then(|| format!("{}.{decimals}", groups.replace(*first, "")))?
        }
        _ => return None,
    };
    let scientific = |text: &str| text.split_once('e').is_some_and(|(a, b)| !a.is_empty() && b.starts_with('+'));
    let digits_only = !plain.is_empty() && plain.replacen('.', "", 1).bytes().all(|b| b.is_ascii_digit());
    let value = plain.parse::<f64>().ok().filter(|v| (digits_only || scientific(&plain)) && v.is_finite())? * factor;
    (!whole || value.fract() == 0.0).then_some(value)
}

/// The code of a kind of organisation, by its code or its name in either language; another kind as it was written.
fn choice(text: &str, choices: &[Choice]) -> String {
    let wanted = words(text);
    let matches = |code: &str| {
        let label = label_of(code);
        [code, &label.vi, &label.en].iter().any(|name| words(name) == wanted)
    };
    let own = choices.iter().map(|choice| choice.code.as_str());
    let all = texts().organisations.keys().map(String::as_str);
    own.chain(all).find(|code| matches(code)).map_or_else(|| tidy(text), str::to_owned)
}

fn expected(question: &Question) -> String {
    match &question.answer {
        Answer::YesNo => "write Có or Không (yes or no), or leave it blank if unknown".into(),
        Answer::Number { unit, whole, most } => {
            let kind = if *whole { "a whole number" } else { "a number" };
            format!("write {kind} of {} from 0 to {most}, or leave it blank if unknown", unit.en)
        }
        Answer::Choice(choices) => {
            let codes: Vec<&str> = choices.iter().map(|choice| choice.code.as_str()).collect();
            format!("write one of {}, or leave it blank if unknown", codes.join(", "))
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.trim().to_lowercase() == b.trim().to_lowercase(),
        _ => a == b,
    }
}

fn told(value: &Value) -> String {
    match value {
        Value::Flag(true) => "yes".into(),
        Value::Flag(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, value) in [
            ("2000000000", 2e9),
            ("2.000.000.000", 2e9),
            ("2,000,000,000", 2e9),
            ("2 000 000 000", 2e9),
            ("2.000.000.000 đồng", 2e9),
            ("2 tỷ", 2e9),
            ("2,5 tỷ đồng", 2.5e9),
            ("500 triệu", 5e8),
            ("2E+09", 2e9),
            ("30", 30.0),
            ("1.500", 1500.0),
            ("2.000.000,0", 2e6),
        ] {
            assert_eq!(number(text, true), Some(value), "{text}");
        }
        assert_eq!(number("3,5", false), Some(3.5));
        assert_eq!(number("3.5", false), Some(3.5));
        // Years have no thousands: 1.500 is one and a half.
        assert_eq!(number("1.500", false), Some(1.5));
        for text in ["", "many", "-3", "1.2.3", "20.00.000", "3,5", "inf", "nan", "0x10", "."] {
            assert_eq!(number(text, true), None, "{text}");
        }
    }

    #[test]
    fn yes_and_no_with_and_without_marks() {
        for text in ["Có", "co\u{301}", "CO", "yes", "1"] {
            assert_eq!(yes_or_no(text), Some(true), "{text}");
        }
        for text in ["Không", "khong", "No", "0"] {
            assert_eq!(yes_or_no(text), Some(false), "{text}");
        }
        for text in ["chưa rõ", "-1", "1.", "?", ""] {
            assert_eq!(yes_or_no(text), None, "{text}");
        }
    }
}
