//! The fonts of pictures, and how wide texts are in them: DejaVu Sans Condensed, which has all letters of Vietnamese.
//!
//! Widths are the advances of the font's tables `cmap` and `hmtx` (*OpenType specification*, ISO/IEC 14496-22), without
//! kerning, which changes a line by less than a letter.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::texts::is_unseen;

/// The bytes of the plain font.
pub fn regular() -> &'static [u8] {
    dejavu::sans_condensed::regular()
}

/// The bytes of the bold font.
pub fn bold() -> &'static [u8] {
    dejavu::sans_condensed::bold()
}

/// The letters of a text as they are drawn: marks on their letters, breaks as blanks, nothing that is not seen or that
/// turns the direction of what follows.
pub fn readable(text: &str) -> impl Iterator<Item = char> {
    text.nfc().map(|c| if c.is_whitespace() && c != '\u{a0}' { ' ' } else { c }).filter(|c| !is_unseen(*c))
}

/// Width of a text in pixels, in a font of some size.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    static WIDTHS: LazyLock<[Option<Widths>; 2]> =
        LazyLock::new(|| [Widths::of(self::regular()), Widths::of(self::bold())]);
    let widths = &WIDTHS[usize::from(bold)];
    // A font without its tables, which the tests would tell, is as wide as most.
    let of = |c: char| widths.as_ref().map_or(0.6, |w| w.advance(c));
    readable(text).map(of).sum::<f64>() * size
}

/// A text in lines no wider than `most` pixels, at most so many lines, broken at blanks (not at U+00A0); what does not fit ends in an ellipsis.
pub fn wrapped(text: &str, size: f64, bold: bool, most: f64, lines: usize) -> Vec<String> {
    let clean: String = readable(text).collect();
    let mut words = clean.split(' ').filter(|w| !w.is_empty()).peekable();
    let mut done: Vec<String> = Vec::new();
    while words.peek().is_some() && done.len() < lines {
        let mut line = String::new();
        if done.len() + 1 == lines {
            // The last line takes all that is left.
            line = words.by_ref().collect::<Vec<_>>().join(" ");
        }
        while let Some(word) = words.peek() {
            let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && width(&longer, size, bold) > most {
                break;
            }
            line = longer;
            words.next();
        }
        done.push(fitted(&line, size, bold, most));
    }
    done
}

/// A text no wider than `most` pixels: what does not fit is an ellipsis.
pub fn fitted(text: &str, size: f64, bold: bool, most: f64) -> String {
    let clean: String = readable(text).collect();
    if width(&clean, size, bold) <= most {
        return clean;
    }
    let mut room = most - width("…", size, bold);
    let mut kept = String::new();
    for letter in clean.chars() {
        room -= width(letter.encode_utf8(&mut [0; 4]), size, bold);
        if room < 0.0 {
            break;
        }
        kept.push(letter);
    }
    format!("{}…", kept.trim_end())
}

/// The advances of a font, as shares of its size.
struct Widths {
    /// Of the letters up to U+FFFF.
    plain: Vec<f32>,
    /// Of what the font does not have.
    missing: f32,
}

impl Widths {
    fn advance(&self, letter: char) -> f64 {
        f64::from(self.plain.get(letter as usize).copied().unwrap_or(self.missing))
    }

    fn of(font: &[u8]) -> Option<Widths> {
        let (head, hhea) = (table(font, b"head")?, table(font, b"hhea")?);
        let (hmtx, cmap) = (table(font, b"hmtx")?, table(font, b"cmap")?);
        let (units, metrics) = (u16_at(head, 18)?, usize::from(u16_at(hhea, 34)?));
        let advance = |glyph: usize| {
            let at = glyph.min(metrics.checked_sub(1)?) * 4;
            Some(f32::from(u16_at(hmtx, at)?) / f32::from(units))
        };
        let missing = advance(0)?;
        let mut plain = vec![missing; 0x1_0000];
        // Format 4: segments of letters, each with what to add to a letter, or with a list of glyphs.
        let of_letters = letters(cmap)?;
        let segments = usize::from(u16_at(of_letters, 6)?) / 2;
        for segment in 0..segments {
            let part = |nth: usize| u16_at(of_letters, 14 + 2 * (nth * segments + segment));
            let (end, delta) = (part(0)?, u16_at(of_letters, 16 + 2 * (2 * segments + segment))?);
            let start = u16_at(of_letters, 16 + 2 * (segments + segment))?;
            let offset_at = 16 + 2 * (3 * segments + segment);
            let offset = usize::from(u16_at(of_letters, offset_at)?);
            for letter in start..=end {
                let glyph = if offset == 0 {
                    letter.wrapping_add(delta)
                } else {
                    let listed = u16_at(of_letters, offset_at + offset + 2 * usize::from(letter - start)).unwrap_or(0);
                    if listed == 0 { 0 } else { listed.wrapping_add(delta) }
                };
                if let Some(advance) = advance(usize::from(glyph)).filter(|_| glyph != 0) {
                    plain[usize::from(letter)] = advance;
                }
            }
        }
        Some(Widths { plain, missing })
    }
}

/// The part of `cmap` that is for Unicode and of format 4.
fn letters(cmap: &[u8]) -> Option<&[u8]> {
    (0..usize::from(u16_at(cmap, 2)?)).find_map(|i| {
        let offset = u32_at(cmap, 8 + 8 * i)?;
        let part = cmap.get(offset..)?;
        let unicode = matches!((u16_at(cmap, 4 + 8 * i)?, u16_at(cmap, 6 + 8 * i)?), (0, 0..=4) | (3, 1));
        (unicode && u16_at(part, 0)? == 4).then_some(part)
    })
}

fn table<'a>(font: &'a [u8], tag: &[u8; 4]) -> Option<&'a [u8]> {
    (0..usize::from(u16_at(font, 4)?)).find_map(|i| {
        let entry = font.get(12 + 16 * i..28 + 16 * i)?;
        let (from, length) = (u32_at(entry, 8)?, u32_at(entry, 12)?);
        if entry.starts_with(tag) { font.get(from..from.checked_add(length)?) } else { None }
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::{Options, Tree};

    /// What the library that draws makes of the same text.
    fn drawn(text: &str, weight: &str) -> f64 {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>\
             <text x='0' y='5' font-size='100' font-weight='{weight}' font-kerning='none'>{text}</text></svg>"
        );
        let tree = Tree::from_str(&svg, &crate::output::draw::png::options()).unwrap();
        f64::from(tree.root().abs_bounding_box().width())
    }

    #[test]
    fn widths_are_those_that_are_drawn() {
        // The box of a drawn text is its ink, so lines of many letters are compared: the blanks before the first and
        // after the last letter are some hundredths of them.
        for text in ["Đại lý dịch vụ công trực tuyến Hà Nội", "ẤẦẨẪẬ ấầẩẫậ Ưỡ ợ", "0123456789 % – … ≤ ≥ km²"]
        {
            for (bold, weight) in [(false, "normal"), (true, "bold")] {
                let (ours, theirs) = (width(text, 100.0, bold), drawn(text, weight));
                assert!((ours - theirs).abs() < 25.0, "{text} {weight}: {ours} {theirs}");
            }
        }
        // Bold is wider; twice the size is twice the width.
        assert!(width("Hà Nội", 10.0, true) > width("Hà Nội", 10.0, false));
        assert!((width("Hà Nội", 20.0, false) - 2.0 * width("Hà Nội", 10.0, false)).abs() < 1e-9);
    }

    #[test]
    fn every_letter_of_vietnamese_is_in_the_fonts() {
        let letters = "aăâbcdđeêghiklmnoôơpqrstuưvxy";
        let marks = ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"];
        for font in [regular(), bold()] {
            let cmap = letters_of(font);
            for letter in letters
                .chars()
                .chain(letters.to_uppercase().chars())
                .filter(|c| "aăâeêioôơuưy".contains(c.to_lowercase().next().unwrap()))
            {
                for mark in marks {
                    let whole: String = format!("{letter}{mark}").nfc().collect();
                    let mut all = whole.chars();
                    let one = all.next().unwrap();
                    assert!(all.next().is_none() && cmap(one), "{whole}");
                }
            }
            assert!(cmap('đ') && cmap('Đ') && cmap('₫') && cmap('≤') && cmap('…') && cmap('–'));
            assert!(!cmap('漢'));
        }
    }

    /// Whether a font has a letter, by its own width or by the library that draws.
    fn letters_of(font: &'static [u8]) -> impl Fn(char) -> bool {
        let mut fonts = resvg::usvg::fontdb::Database::new();
        fonts.load_font_data(font.to_vec());
        let options = Options { fontdb: std::sync::Arc::new(fonts), ..Options::default() };
        let name = options.fontdb.faces().next().unwrap().families[0].0.clone();
        move |letter| {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text font-family='{name}' y='5'>{letter}</text></svg>"
            );
            let tree = Tree::from_str(&svg, &options).unwrap();
            let resvg::usvg::Node::Text(text) = &tree.root().children()[0] else { return false };
            text.layouted().iter().flat_map(|span| &span.positioned_glyphs).all(|g| g.id.0 != 0)
        }
    }

    #[test]
    fn lines_break_at_blanks_and_end_in_an_ellipsis() {
        let text = "Giai đoạn 4: Toàn thành phố";
        let most = width("Giai đoạn 4:", 10.0, false) + 0.1;
        let lines = wrapped(text, 10.0, false, most, 9);
        assert_eq!(lines, ["Giai đoạn 4:", "Toàn thành", "phố"]);
        let two = wrapped(text, 10.0, false, most, 2);
        assert_eq!(two[0], "Giai đoạn 4:");
        assert!(two[1].starts_with("Toàn") && two[1].ends_with('…') && width(&two[1], 10.0, false) <= most, "{two:?}");
        // A blank that holds together is no place to break.
        assert_eq!(wrapped("5 5\u{a0}km", 10.0, false, width("5 5\u{a0}km", 10.0, false) - 0.1, 9), ["5", "5\u{a0}km"]);
        assert!(wrapped(" \n ", 10.0, false, 50.0, 3).is_empty());
        // A word that is wider than a line does not run out of it.
        let long = wrapped(&"x".repeat(10_000), 10.0, false, 80.0, 3);
        assert!(long.len() == 1 && width(&long[0], 10.0, false) <= 80.0 && long[0].ends_with('…'));
        assert_eq!(fitted("Hà Nội", 10.0, false, 1000.0), "Hà Nội");
    }

    #[test]
    fn marks_that_are_not_seen_take_no_room() {
        // a + circumflex + acute is one letter, and a mark that turns the direction is none.
        assert_eq!(readable("a\u{302}\u{301}\u{202e}\tb\u{7}").collect::<String>(), "ấ b");
        assert_eq!(width("a\u{302}\u{301}", 10.0, false), width("ấ", 10.0, false));
    }
}
