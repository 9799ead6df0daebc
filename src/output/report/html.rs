//! Text that is safe in a page, and tables of it. Whatever comes from a run is untrusted; only this file turns it into
//! HTML.

use std::fmt::{self, Write};

use crate::texts::{is_unseen, push_escaped};

/// Texts longer than so many letters are cut.
const LONGEST_TEXT: usize = 1500;
/// Names longer than so many letters are cut.
const LONGEST_NAME: usize = 120;
/// Tables of so many rows are not broken over pages.
const SHORT: usize = 12;

/// Text that may stand in a page as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Safe(String);

impl Safe {
    /// Any text, escaped; cut after 1,500 letters.
    pub fn text(text: &str) -> Safe {
        Safe(escaped(text, LONGEST_TEXT))
    }

    /// A name, escaped, cut after 120 letters, and kept from turning the letters around it when it is written from
    /// right to left.
    pub fn name(name: &str) -> Safe {
        Safe(format!("<bdi>{}</bdi>", escaped(name, LONGEST_NAME)))
    }

    /// Markup that the program made itself, out of nothing but safe text and numbers.
    pub fn markup(html: impl Into<String>) -> Safe {
        Safe(html.into())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same in bold.
    pub fn bold(&self) -> Safe {
        Safe(format!("<b>{self}</b>"))
    }

    /// This, and in small letters under it something more.
    pub fn with_small(&self, more: &Safe) -> Safe {
        if more.0.is_empty() { self.clone() } else { Safe(format!("{self}<small>{more}</small>")) }
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escaped(text: &str, most: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(4 * most));
    let mut letters = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unseen(*c));
    for letter in letters.by_ref().take(most) {
        push_escaped(&mut safe, letter);
    }
    if letters.next().is_some() {
        safe.push('…');
    }
    safe
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Text, to the left.
    Text,
    /// A name, which is given some room.
    Name,
    /// A sentence, which is given much room.
    Wide,
    /// A short text that is not broken, in the middle.
    Short,
    /// A figure, to the right.
    Figure,
}

impl Column {
    fn class(self) -> &'static str {
        match self {
            Column::Text => "",
            Column::Name => " class=\"t\"",
            Column::Wide => " class=\"w\"",
            Column::Short => " class=\"s\"",
            Column::Figure => " class=\"n\"",
        }
    }
}

/// A table whose head is printed again on every page.
#[derive(Debug, Clone)]
pub struct Table {
    caption: Option<Safe>,
    head: Vec<(Safe, Column)>,
    body: String,
    rows: usize,
    dense: bool,
}

impl Table {
    /// A table with these columns and no rows yet.
    pub fn new(head: Vec<(Safe, Column)>) -> Table {
        Table { caption: None, head, body: String::new(), rows: 0, dense: false }
    }

    /// Says above it what it shows.
    pub fn caption(mut self, caption: Safe) -> Table {
        self.caption = Some(caption);
        self
    }

    /// Sets it in smaller letters, for many columns.
    pub fn dense(mut self) -> Table {
        self.dense = true;
        self
    }

    /// Adds a row; the first column names it.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Safe>) {
        self.add("", cells);
    }

    /// Adds a row that sums up.
    pub fn total(&mut self, cells: impl IntoIterator<Item = Safe>) {
        self.add(" class=\"total\"", cells);
    }

    fn add(&mut self, class: &str, cells: impl IntoIterator<Item = Safe>) {
        // Writing into a string cannot fail.
        let _ = write!(self.body, "<tr{class}>");
        for ((_, column), cell) in self.head.iter().zip(cells) {
            let _ = write!(self.body, "<td{}>{cell}</td>", column.class());
        }
        self.body.push_str("</tr>\n");
        self.rows += 1;
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The table as markup; nothing where it has no rows.
    pub fn finish(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        // Short tables stay on one page.
        let classes = match (self.dense, self.rows <= SHORT) {
            (true, true) => " class=\"dense short\"",
            (true, false) => " class=\"dense\"",
            (false, true) => " class=\"short\"",
            (false, false) => "",
        };
        let mut html = format!("<div class=\"wide\"><table{classes}>");
        if let Some(caption) = &self.caption {
            let _ = write!(html, "<caption>{caption}</caption>");
        }
        html.push_str("<thead><tr>");
        for (name, column) in &self.head {
            let _ = write!(html, "<th scope=\"col\"{}>{name}</th>", column.class());
        }
        let _ = write!(html, "</tr></thead><tbody>\n{}</tbody></table></div>\n", self.body);
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out() {
        let text = Safe::text("</script><b a='1' \"&\u{0}\u{202e}x\ny");
        assert_eq!(text.as_str(), "&lt;/script&gt;&lt;b a=&#39;1&#39; &quot;&amp;x y");
        assert_eq!(Safe::name("=cmd()").as_str(), "<bdi>=cmd()</bdi>");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = "ễ".repeat(10_000);
        assert_eq!(Safe::name(&long).as_str(), format!("<bdi>{}…</bdi>", "ễ".repeat(120)));
        assert_eq!(Safe::text(&long).as_str().chars().count(), 1501);
        assert_eq!(Safe::name(&"a".repeat(120)).as_str(), format!("<bdi>{}</bdi>", "a".repeat(120)));
    }

    #[test]
    fn a_table_by_hand() {
        let t = |s: &str| Safe::text(s);
        let mut table = Table::new(vec![(t("<a>"), Column::Text), (t("b"), Column::Figure)]).caption(t("c"));
        assert_eq!(table.finish(), "");
        table.row([t("x"), t("1").bold()]);
        table.total([t("y").with_small(&t("z")), t("2")]);
        assert_eq!(
            table.finish(),
            "<div class=\"wide\"><table class=\"short\"><caption>c</caption><thead><tr><th scope=\"col\">&lt;a&gt;</th>\
             <th scope=\"col\" class=\"n\">b</th></tr></thead><tbody>\n<tr><td>x</td><td class=\"n\"><b>1</b></td></tr>\n\
             <tr class=\"total\"><td>y<small>z</small></td><td class=\"n\">2</td></tr>\n</tbody></table></div>\n"
        );
    }
}
