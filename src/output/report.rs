//! `report.html`: the paper for the meeting, drawn from a finished run. One file that asks for nothing: both languages,
//! its maps and its style are inside; the language is switched without a script, and the one that shows is printed.
//!
//! The layout follows the rules for administrative papers of Việt Nam: Decree 30/2020/NĐ-CP of 5 March 2020 on clerical
//! work, Annex I: A4 upright; margins of 20–25 mm above and below, 30–35 mm left, 15–20 mm right; Times New Roman in
//! black, 13–14 points; page numbers in Arabic figures in the middle of the upper margin, not on the first page;
//! sections in Roman figures. What only the issuing body knows (its name, number, place, date, who signs) is left to fill
//! in, on the screen or on paper.

mod annex;
mod basis;
mod decision;
mod facts;
mod html;
mod maps;
mod outcome;
mod phases;
pub mod print;
mod proof;
mod words;

use std::fmt::Write;
use std::path::Path;

use crate::error::{Fault, Result};
use crate::output::run::Run;
use facts::Facts;
use html::Safe;
use maps::Maps;
pub use words::Lang;
use words::Words;

const STYLE: &str = include_str!("report/report.css");

/// The sections in order: their numbers and their keys in the strings files.
const SECTIONS: [(&str, &str); 9] = [
    ("I", "decision"),
    ("II", "standard"),
    ("III", "phases"),
    ("IV", "unserved"),
    ("V", "equity"),
    ("VI", "proof"),
    ("VII", "assumptions"),
    ("VIII", "sources"),
    ("IX", "check"),
];

/// The report of a run as one HTML page that opens in a language.
///
/// # Errors
/// A table of the run is missing or cannot be read.
pub fn page(run: &Run, first: Lang) -> Result<String> {
    let facts = Facts::of(run)?;
    let maps = Maps::of(&facts)?;
    let title = Safe::text(match first {
        Lang::Vi => &run.about.title.vi,
        Lang::En => &run.about.title.en,
    });
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"generator\" content=\"gandan {}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        first.code(),
        Safe::text(&run.about.version),
    );
    let words = [Words::of(Lang::Vi)?, Words::of(Lang::En)?];
    // The switch: the article of the language that is not checked is not shown, nor printed.
    for words in &words {
        let code = words.lang.code();
        let checked = if words.lang == first { " checked" } else { "" };
        let _ = write!(html, "<input type=\"radio\" name=\"lang\" id=\"to-{code}\" class=\"switch\"{checked}>");
    }
    html.push_str("<nav class=\"bar\" aria-label=\"Ngôn ngữ / Language\">");
    for words in &words {
        let code = words.lang.code();
        let _ = write!(html, "<label for=\"to-{code}\" lang=\"{code}\">{}</label>", words.get("page.language"));
    }
    html.push_str("</nav>\n");
    html.push_str(&maps.symbols());
    for words in &words {
        article(&facts, words, &maps, &mut html);
    }
    html.push_str("</body>\n</html>\n");
    Ok(html)
}

/// Writes the report of a run into a file.
///
/// # Errors
/// As [`page`], or the disk refuses.
pub fn write(run: &Run, first: Lang, path: &Path) -> Result<()> {
    let page = page(run, first)?;
    std::fs::write(path, page).map_err(|e| Fault::io("write the report", path, &e))?;
    Ok(())
}

/// The whole paper in a language.
fn article(facts: &Facts, words: &Words, maps: &Maps, html: &mut String) {
    let code = words.lang.code();
    let _ = writeln!(html, "<article class=\"paper {code}\" lang=\"{code}\">");
    decision::head(facts, words, html);
    contents(words, html);
    decision::decision(facts, words, html);
    decision::standard(facts, words, html);
    phases::write(facts, words, maps, html);
    outcome::unserved(facts, words, html);
    outcome::equity(facts, words, maps, html);
    proof::write(facts, words, html);
    basis::assumptions(facts, words, html);
    basis::sources(facts, words, html);
    basis::checks(facts, words, html);
    annex::signatures(words, html);
    annex::write(facts, words, html);
    html.push_str("</article>\n");
}

/// Links to the sections, for the screen.
fn contents(words: &Words, html: &mut String) {
    let code = words.lang.code();
    let _ = write!(html, "<nav class=\"contents\" aria-label=\"{}\"><ol>", words.get("page.contents"));
    for (number, key) in SECTIONS {
        let _ = write!(html, "<li><a href=\"#{code}-{key}\">{number}. {}</a></li>", words.get(&format!("{key}.title")));
    }
    html.push_str("</ol></nav>\n");
}

fn heading(words: &Words, html: &mut String, number: &str, key: &str) {
    let title = words.get(&format!("{key}.title"));
    let _ = writeln!(html, "<h2 id=\"{}-{key}\" class=\"{key}\">{number}. {title}</h2>", words.lang.code());
}

fn subheading(words: &Words, html: &mut String, key: &str) {
    let _ = writeln!(html, "<h3>{}</h3>", words.get(key));
}

fn paragraph(html: &mut String, text: &Safe) {
    let _ = writeln!(html, "<p>{text}</p>");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source of the report: every key that it asks for stands in both strings files, and every text is used.
    #[test]
    fn no_text_is_missing_and_none_is_unused() {
        let source = [
            include_str!("report.rs"),
            include_str!("report/annex.rs"),
            include_str!("report/basis.rs"),
            include_str!("report/decision.rs"),
            include_str!("report/maps.rs"),
            include_str!("report/outcome.rs"),
            include_str!("report/phases.rs"),
            include_str!("report/proof.rs"),
            include_str!("report/words.rs"),
        ]
        .concat();
        let words = Words::of(Lang::Vi).unwrap();
        // Keys are made from parts in these places only.
        let made = |key: &str| {
            ["road.", "source.", "status.", "strategy.", "asked."].iter().any(|p| key.starts_with(p))
                || SECTIONS.iter().any(|(_, s)| key == format!("{s}.title"))
        };
        let quoted: std::collections::BTreeSet<&str> = source.split('"').collect();
        let is_key = |text: &&str| {
            let part =
                |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            text.split_once('.').is_some_and(|(a, b)| part(a) && part(b))
                && words.keys().any(|k| k.split_once('.').map(|k| k.0) == text.split_once('.').map(|t| t.0))
        };
        let missing: Vec<_> = quoted.iter().copied().filter(is_key).filter(|k| !words.has(k)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let unused: Vec<_> = words.keys().filter(|k| !quoted.contains(k) && !made(k)).collect();
        assert!(unused.is_empty(), "{unused:?}");
        for key in SECTIONS.map(|(_, s)| format!("{s}.title")) {
            assert!(words.has(&key), "{key}");
        }
        use clap::ValueEnum;
        assert_eq!(Lang::value_variants(), Lang::ALL);
    }

    #[test]
    fn values_that_runs_hold_have_words() {
        let words = Words::of(Lang::En).unwrap();
        // The literals of the schema: phases.opens, phases.status, strategies.strategy, and the kinds of sources.
        for key in ["asked.most-people", "asked.worst-first", "asked.fewest-for-all"] {
            assert!(words.has(key), "{key}");
        }
        for status in ["optimal", "gap_reached", "time_limit", "unproven", "nothing_to_open"] {
            assert!(words.has(&format!("status.{status}")), "{status}");
        }
        for strategy in ["joint", "greedy", "backward"] {
            assert!(words.has(&format!("strategy.{strategy}")), "{strategy}");
        }
        for of in ["roads", "population", "official-population", "boundaries", "sites", "services", "speeds", "other"] {
            assert!(words.has(&format!("source.{of}")), "{of}");
            let parsed: Result<crate::scenario::SourceOf, _> = serde_json::from_value(of.into());
            assert!(parsed.is_ok(), "{of}");
        }
    }
}
