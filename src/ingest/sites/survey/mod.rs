//! The survey of what is not known of the sites: which questions are open, the form that asks them, the answers read back.
//!
//! The form asks exactly what keeps a site under review; sites that are eligible or refused are not in it.

mod answers;
mod texts;

use super::Site;
use crate::ingest::eligibility::{Conditions, Eligibility, judge};
use crate::scenario::Text;
use crate::units::grouped;
pub use answers::{Answers, SiteAnswers, fill_in, read_answers};
pub use texts::FormTexts;
use texts::texts;

/// A condition as a question of the survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The name of the condition's column, as in [`Eligibility::Review`].
    pub code: &'static str,
    /// A short name.
    pub title: Text,
    /// The question in full.
    pub question: Text,
    /// What is asked for, with the scenario's limit.
    pub limit: Text,
    /// The kind of answer.
    pub answer: Answer,
}

/// The kind of answer a question wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Yes or no.
    YesNo,
    /// A number from 0 to `most`.
    Number {
        /// What is counted.
        unit: Text,
        /// Whether only whole numbers make sense.
        whole: bool,
        /// The largest number that is taken.
        most: f64,
    },
    /// One of these; others may be written.
    Choice(Vec<Choice>),
}

/// One of several answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The value in tables, e.g. `postal`.
    pub code: String,
    /// As people read it.
    pub label: Text,
}

/// A known value, or an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A number in the condition's unit.
    Number(f64),
    /// A kind of organisation, by its code.
    Text(String),
}

/// A survey form: the sites under review and the questions that are open for at least one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The columns, in the order of the conditions.
    pub questions: Vec<Question>,
    /// The rows, in the order of the sites.
    pub rows: Vec<FormRow>,
}

/// A site of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormRow {
    /// The site's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its address, where known.
    pub address: Option<String>,
    /// The firm that runs it, where known.
    pub operator: Option<String>,
    /// By question what is known already; `None` is asked.
    pub known: Vec<Option<Value>>,
}

impl Form {
    /// How many cells are to be filled in.
    pub fn open_cells(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.known).filter(|known| known.is_none()).count()
    }
}

/// The words of the form.
pub fn form_texts() -> &'static FormTexts {
    &texts().form
}

/// The conditions that are switched on, as questions, in the order in which sites are judged.
pub fn questions(conditions: &Conditions) -> Vec<Question> {
    let c = conditions;
    let both = |text: String| Text { vi: text.clone(), en: text };
    let number = |code: &'static str, on: bool, limit: Text, whole: bool, most: f64| {
        (code, on, limit, Answer::Number { unit: texts().condition(code).unit, whole, most })
    };
    let flag = |code: &'static str, on: bool| (code, on, Text::default(), Answer::YesNo);
    let labels: Vec<Text> = c.organisations.iter().map(|code| label_of(code)).collect();
    let joined = |of: fn(&Text) -> &str| labels.iter().map(of).collect::<Vec<_>>().join(", ");
    let accepted = Text { vi: joined(|label| &label.vi), en: joined(|label| &label.en) };
    let choices = c.organisations.iter().map(String::as_str).chain(["other"]);
    let choices = choices.map(|code| Choice { code: code.trim().to_owned(), label: label_of(code) }).collect();
    let capital = c.min_charter_capital_vnd;
    let years = c.min_years_in_field;
    let years_limit = Text { vi: years.to_string().replace('.', ","), en: years.to_string() };
    let capital_limit = Text { vi: grouped(capital, '.'), en: grouped(capital, ',') };
    let days = c.min_camera_days_kept;
    let all = [
        ("organisation", !c.organisations.is_empty(), accepted, Answer::Choice(choices)),
        number("years_in_field", years > 0.0, years_limit, false, 500.0),
        number("charter_capital_vnd", capital > 0, capital_limit, true, 1e15),
        number("computers", c.min_computers > 0, both(c.min_computers.to_string()), true, 10_000.0),
        flag("spare_computer", c.spare_computer),
        flag("fast_internet", c.fast_internet),
        flag("scanner", c.scanner),
        flag("copier", c.copier),
        flag("cameras_24h", c.cameras_24h),
        number("camera_days_kept", days > 0, both(days.to_string()), true, 36_500.0),
    ];
    all.into_iter()
        .filter(|(_, on, _, _)| *on)
        .map(|(code, _, limit, answer)| {
            let words = texts().condition(code);
            let filled = |text: &str, limit: &str| text.replace("{limit}", limit);
            let limit = Text { vi: filled(&words.limit.vi, &limit.vi), en: filled(&words.limit.en, &limit.en) };
            Question { code, title: words.title, question: words.question, limit, answer }
        })
        .collect()
}

/// The survey form of the sites under review.
pub fn survey_form(sites: &[Site], conditions: &Conditions) -> Form {
    let review: Vec<(&Site, Vec<&'static str>)> = sites
        .iter()
        .filter_map(|site| match judge(site, conditions) {
            Eligibility::Review(unknown) => Some((site, unknown)),
            _ => None,
        })
        .collect();
    let open = |question: &Question| review.iter().any(|(_, unknown)| unknown.contains(&question.code));
    let questions: Vec<Question> = questions(conditions).into_iter().filter(open).collect();
    let rows = review
        .iter()
        .map(|(site, _)| FormRow {
            id: site.id.clone(),
            name: site.name.clone(),
            address: site.address.clone(),
            operator: site.operator.clone(),
            known: questions.iter().map(|question| known(site, question.code)).collect(),
        })
        .collect();
    Form { questions, rows }
}

/// How a kind of organisation is called; a kind of the scenario's own by its code.
pub fn label_of(organisation: &str) -> Text {
    let code = organisation.trim();
    let own = || Text { vi: code.to_owned(), en: code.to_owned() };
    texts().organisations.get(&code.to_lowercase()).cloned().unwrap_or_else(own)
}

/// What a condition is called within a sentence, by its code, in Vietnamese and English.
pub fn title_within(condition: &str) -> (String, String) {
    let small = |title: &str| {
        let mut letters = title.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    };
    let title = texts().condition(condition).title;
    (small(&title.vi), small(&title.en))
}

/// What is known of a site for a condition.
pub fn known(site: &Site, code: &str) -> Option<Value> {
    let a = &site.attributes;
    match code {
        "organisation" => site.organisation.clone().map(Value::Text),
        "years_in_field" => a.years_in_field.map(Value::Number),
        "charter_capital_vnd" => a.charter_capital_vnd.map(|n| Value::Number(n as f64)),
        "computers" => a.computers.map(|n| Value::Number(f64::from(n))),
        "spare_computer" => a.spare_computer.map(Value::Flag),
        "fast_internet" => a.fast_internet.map(Value::Flag),
        "scanner" => a.scanner.map(Value::Flag),
        "copier" => a.copier.map(Value::Flag),
        "cameras_24h" => a.cameras_24h.map(Value::Flag),
        "camera_days_kept" => a.camera_days_kept.map(|n| Value::Number(f64::from(n))),
        _ => None,
    }
}

/// Sets what is known of a site for a condition; a value of another kind is not taken.
fn set(site: &mut Site, code: &str, value: &Value) {
    let a = &mut site.attributes;
    match (code, value) {
        ("organisation", Value::Text(text)) => site.organisation = Some(text.clone()),
        ("years_in_field", Value::Number(n)) => a.years_in_field = Some(*n),
        ("charter_capital_vnd", Value::Number(n)) => a.charter_capital_vnd = Some(*n as u64),
        ("computers", Value::Number(n)) => a.computers = Some(*n as u32),
        ("camera_days_kept", Value::Number(n)) => a.camera_days_kept = Some(*n as u32),
        ("fast_internet", Value::Flag(has)) => a.fast_internet = Some(*has),
        ("spare_computer", Value::Flag(has)) => a.spare_computer = Some(*has),
        ("scanner", Value::Flag(has)) => a.scanner = Some(*has),
        ("copier", Value::Flag(has)) => a.copier = Some(*has),
        ("cameras_24h", Value::Flag(has)) => a.cameras_24h = Some(*has),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
