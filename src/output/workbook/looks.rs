//! The looks of the workbook.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use super::cells::Unit;

/// Dark blue of headings.
pub(super) const BLUE: Color = Color::RGB(0x1F_4E78);
/// Light blue behind headers.
pub(super) const SKY: Color = Color::RGB(0xDD_EBF7);
/// Grey of what stands back.
pub(super) const GREY: Color = Color::RGB(0x59_5959);
/// Dark red of warnings.
pub(super) const RED: Color = Color::RGB(0x9C_0006);
/// Light red behind warnings.
pub(super) const PINK: Color = Color::RGB(0xFF_C7CE);
/// Light blue of bars.
pub(super) const BAR: Color = Color::RGB(0x9D_C3E6);

/// Letters in which every sheet is set.
pub(super) fn letters() -> Format {
    Format::new().set_font_name("Arial").set_font_size(10)
}

/// The looks of the workbook.
pub(super) struct Looks {
    /// The heading of a sheet.
    pub(super) title: Format,
    /// The same in English, below it.
    pub(super) english_title: Format,
    /// A sentence.
    pub(super) prose: Format,
    /// A sentence in English.
    pub(super) english: Format,
    /// That data are made up.
    pub(super) warning: Format,
    /// A heading within a sheet.
    pub(super) section: Format,
    /// A header.
    pub(super) header: Format,
    /// The word before totals.
    pub(super) total_label: Format,
    /// A figure that decides.
    figure: Format,
    body: Format,
    total: Format,
}

impl Looks {
    /// All of them.
    pub(super) fn new() -> Looks {
        let line = Color::RGB(0xD9_D9D9);
        let boxed = letters().set_border(FormatBorder::Thin).set_border_color(line);
        let total = boxed.clone().set_bold().set_background_color(Color::RGB(0xF2_F2F2));
        let prose = letters().set_text_wrap().set_align(FormatAlign::Top);
        Looks {
            title: letters().set_bold().set_font_size(14).set_font_color(BLUE),
            english_title: letters().set_font_size(11).set_italic().set_font_color(GREY),
            english: prose.clone().set_italic().set_font_color(GREY),
            prose,
            warning: letters().set_bold().set_font_color(RED).set_background_color(PINK),
            section: letters()
                .set_bold()
                .set_font_size(11)
                .set_font_color(BLUE)
                .set_border_bottom(FormatBorder::Medium),
            header: boxed
                .clone()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(SKY),
            total_label: total.clone(),
            figure: boxed.clone().set_bold().set_font_size(12).set_font_color(BLUE).set_align(FormatAlign::Top),
            body: boxed.set_align(FormatAlign::Top),
            total,
        }
    }

    fn of(unit: Unit, base: &Format) -> Format {
        let format = base.clone().set_num_format(unit.number_format());
        match unit {
            Unit::Text | Unit::Prose | Unit::Code => format.set_text_wrap().set_align(FormatAlign::Left).set_indent(1),
            Unit::Date => format.set_align(FormatAlign::Center),
            _ => format,
        }
    }

    /// A cell of a unit.
    pub(super) fn cell(&self, unit: Unit) -> Format {
        Looks::of(unit, &self.body)
    }

    /// A total of a unit.
    pub(super) fn total(&self, unit: Unit) -> Format {
        Looks::of(unit, &self.total)
    }

    /// A figure that decides, of a unit.
    pub(super) fn figure(&self, unit: Unit) -> Format {
        Looks::of(unit, &self.figure)
    }
}

/// How high a row must be for so many lines, in points; no row is higher than 409.
pub(super) fn height(lines: usize) -> f64 {
    (13.0 * lines as f64 + 2.5).min(400.0)
}

/// About how many lines a text takes in a cell so wide, in letters; words are not broken.
pub(super) fn lines(text: &str, width: f64) -> usize {
    // Most letters are narrower than a digit, by which widths are measured.
    let most = (width * 1.2).max(1.0) as usize;
    let line = |line: &str| {
        let (mut lines, mut used) = (1, 0_usize);
        for word in line.split(' ') {
            let letters = word.chars().count();
            if used > 0 && used + 1 + letters > most {
                lines += 1;
                used = 0;
            }
            used += letters + usize::from(used > 0);
            lines += used.saturating_sub(1) / most;
            used = if used > most { used % most } else { used };
        }
        lines
    };
    text.lines().map(line).sum::<usize>().max(1)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_by_hand() {
        // Twelve letters a line: "aaaa bbbb", "cccc"; a word of 25 letters takes three.
        assert_eq!(lines("aaaa bbbb cccc", 10.0), 2);
        assert_eq!(lines(&"x".repeat(25), 10.0), 3);
        assert_eq!(lines("a\nb", 10.0), 2);
        assert_eq!(lines("", 10.0), 1);
    }
}
