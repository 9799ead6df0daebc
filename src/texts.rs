//! Texts from outside: what is let in, and how they are kept from acting as formulas where a spreadsheet opens a table.
//!
//! Names, ids and addresses come from files that anybody may have written, and go to places that read signs in them: a
//! terminal, a page, a workbook, a CSV. Signs that no name needs are refused at the door, so that no place behind it
//! has to think of them; what a name may well hold (`<`, `=`, quotes, faces) is let in and escaped where it is written.

/// The most letters of an id or a code.
pub const MOST_ID: usize = 100;
/// The most letters of a name.
pub const MOST_NAME: usize = 300;
/// The most letters of any other text of a table.
pub const MOST_TEXT: usize = 2_000;

/// What to do about a text that is refused.
pub const HELP: &str = "write it in plain letters: no control characters, no signs that turn the direction of writing, \
                        and no longer than a name needs to be";

/// Whether no text needs this sign: control characters, signs that turn the direction of writing, so that a text shows as
/// another than it is, and what is no character at all.
fn is_refused(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    // The last two of every plane are no characters; XML cannot hold those of the first.
    let none = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    c.is_control() || turns || none
}

/// Whether a sign is not seen where a text is drawn or printed, and may only mislead: what [`refusal`] refuses, and the
/// marks without width that names of the world's scripts may hold.
pub fn is_unseen(c: char) -> bool {
    let marks = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    marks || is_refused(c)
}

/// Why a text is not let in; `None` where it is. `most` is the most letters it may have.
pub fn refusal(text: &str, most: usize) -> Option<String> {
    if let Some((at, c)) = text.chars().enumerate().find(|(_, c)| is_refused(*c)) {
        let what = if c.is_control() {
            "a control character"
        } else if matches!(c, '\u{202a}'..='\u{2069}') {
            "a sign that turns the direction of writing"
        } else {
            "no character"
        };
        return Some(format!("letter {} of `{}` is U+{:04X}, {what}", at + 1, beginning(text), u32::from(c)));
    }
    let letters = text.chars().count();
    (letters > most).then(|| format!("`{}` has {letters} letters, at most {most} are taken", beginning(text)))
}

/// The first letters of a text, with what is refused shown by number.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == SHOWN {
            out.push('…');
            break;
        }
        if is_refused(c) {
            out += &format!("\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A text that nobody here can correct, of OpenStreetMap say: without the signs that are refused, cut to `most` letters.
pub fn cleaned(text: &str, most: usize) -> String {
    if refusal(text, most).is_none() {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_refused(*c)).take(most).collect()
}

/// Whether a spreadsheet takes a cell that begins with this for a formula; the wide forms too, as some do.
fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

/// Adds a letter as HTML and XML have it, in text and in attributes.
pub fn push_escaped(markup: &mut String, letter: char) {
    match letter {
        '&' => markup.push_str("&amp;"),
        '<' => markup.push_str("&lt;"),
        '>' => markup.push_str("&gt;"),
        '"' => markup.push_str("&quot;"),
        '\'' => markup.push_str("&#39;"),
        other => markup.push(other),
    }
}

/// A text for a CSV that people open in a spreadsheet: an apostrophe stands before whatever begins a formula at the
/// beginning of a cell. A cell begins with the text, and, where a spreadsheet of another language splits at semicolons,
/// tabs or line breaks, after each of them. Any apostrophes already there get one more, so that [`as_written`] finds the
/// text again. Numbers are not to be given to this.
pub fn inert(text: &str) -> String {
    at_cells(text, |out, quotes, begins| out.extend(std::iter::repeat_n('\'', quotes + usize::from(begins))))
}

/// The text that [`inert`] was given; also one that it was never given, if no apostrophe stands before a sign that begins
/// a formula.
pub fn as_written(text: &str) -> String {
    at_cells(text, |out, quotes, begins| {
        out.extend(std::iter::repeat_n('\'', if begins { quotes.saturating_sub(1) } else { quotes }));
    })
}

/// Copies a text; the apostrophes where a cell may begin are written by `put`, which is told whether a sign that begins a
/// formula follows.
fn at_cells(text: &str, put: impl Fn(&mut String, usize, bool)) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut rest = text.chars().peekable();
    let mut at_cell = true;
    while let Some(&c) = rest.peek() {
        if at_cell && c != ' ' {
            let mut quotes = 0;
            while rest.next_if_eq(&'\'').is_some() {
                quotes += 1;
            }
            put(&mut out, quotes, rest.peek().is_some_and(|c| begins_formula(*c)));
            at_cell = false;
            // What follows may itself end a cell.
            let Some(&next) = rest.peek() else { break };
            if begins_formula(next) && !matches!(next, '\t' | '\r') {
                out.push(next);
                rest.next();
                continue;
            }
        }
        let Some(c) = rest.next() else { break };
        out.push(c);
        at_cell = matches!(c, ';' | '\t' | '\r' | '\n') || (at_cell && c == ' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_made_inert() {
        for (text, safe) in [
            ("=cmd()", "'=cmd()"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("  =1", "  '=1"),
            ("＝1", "'＝1"),
            // Split at semicolons, the second part would be a cell of its own.
            ("Bưu cục;=cmd()", "Bưu cục;'=cmd()"),
            ("a;;@b", "a;;'@b"),
            // An apostrophe that was there before stays.
            ("'=1", "''=1"),
            ("'quoted'", "'quoted'"),
            ("Bưu cục 1", "Bưu cục 1"),
            ("1-2=3", "1-2=3"),
            ("a, =b", "a, =b"),
            ("", ""),
            ("'", "'"),
        ] {
            assert_eq!(inert(text), safe, "{text:?}");
            assert_eq!(as_written(safe), text, "{safe:?}");
        }
        // What people wrote themselves comes back as it is.
        assert_eq!(as_written("=1+1"), "=1+1");
    }

    #[test]
    fn what_is_refused_is_never_drawn() {
        for c in (0..=0x0001_ffff).filter_map(char::from_u32) {
            assert!(is_unseen(c) || !is_refused(c), "U+{:04X}", u32::from(c));
        }
        assert!(is_unseen('\u{200b}') && is_unseen('\u{61c}') && !is_unseen('ệ') && !is_unseen(' '));
    }

    #[test]
    fn what_no_name_needs_is_refused() {
        for (text, told) in [
            ("a\u{0}b", "letter 2 of `a\\u{0}b` is U+0000, a control character"),
            ("\u{1b}[31m", "letter 1 of `\\u{1b}[31m` is U+001B, a control character"),
            ("a\nb", "letter 2 of `a\\u{a}b` is U+000A, a control character"),
            ("x\u{202e}y", "letter 2 of `x\\u{202e}y` is U+202E, a sign that turns the direction of writing"),
            ("x\u{2066}", "letter 2 of `x\\u{2066}` is U+2066, a sign that turns the direction of writing"),
            ("\u{ffff}", "letter 1 of `\\u{ffff}` is U+FFFF, no character"),
        ] {
            assert_eq!(refusal(text, 10).as_deref(), Some(told));
        }
        assert_eq!(refusal("abcd", 3).as_deref(), Some("`abcd` has 4 letters, at most 3 are taken"));
        // Letters are counted, not bytes; marks, faces and what pages must escape are let in.
        for text in ["Đại", "</script>", "=cmd()", "a\u{301}b", "👩\u{200d}👧", "\u{200e}"] {
            assert_eq!(refusal(text, 10), None, "{text:?}");
        }
        assert_eq!(cleaned("a\u{0}\nb\u{202e}c", 10), "a bc");
        assert_eq!(cleaned("abcdef", 3), "abc");
        assert_eq!(cleaned("Bưu cục", 10), "Bưu cục");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[ '=+;@a\\-\t\r\n]{0,12}") {
            let safe = inert(&text);
            prop_assert_eq!(as_written(&safe), text);
            // Whichever of the separators a spreadsheet splits at, no part begins a formula.
            for part in safe.split([';', '\t', '\n', '\r']) {
                prop_assert!(!part.trim_start_matches(' ').starts_with(['=', '+', '-', '@']), "{:?}", safe);
            }
        }
    }
}
