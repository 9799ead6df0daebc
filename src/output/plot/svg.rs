//! Plots as SVG (W3C, *Scalable Vector Graphics 1.1, second edition*), without anything from outside the file.

use std::fmt::Write;
use std::path::Path;

use super::{Anchor, Canvas};
use crate::error::{Fault, Result};
use crate::output::picture::{Rgb, Spot};

/// Capital letters are so high as a share of the size of a common sans-serif font.
const CAPITALS: f64 = 0.72;

/// A drawing under work.
pub struct Svg {
    body: String,
    size: [usize; 2],
    title: String,
}

impl Svg {
    /// A white drawing; `title` is what screen readers say.
    pub fn new(size: [usize; 2], title: &str) -> Self {
        Svg { body: String::new(), size, title: escaped(title) }
    }

    /// The file's text.
    pub fn finish(&self) -> String {
        let [width, height] = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             font-family=\"'Noto Sans','Segoe UI','Helvetica Neue',Arial,sans-serif\">\n<title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.title, self.body
        )
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn save(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.finish()).map_err(|e| Fault::io("write the plot", path, &e).into())
    }

    fn add(&mut self, element: std::fmt::Arguments) {
        // Writing into a string cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }
}

impl Canvas for Svg {
    fn area(&mut self, ring: &[Spot], colour: Rgb, opacity: f64) {
        let (points, colour) = (points(ring), hex(colour));
        self.add(format_args!("<polygon points=\"{points}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"));
    }

    fn line(&mut self, line: &[Spot], width: f64, colour: Rgb) {
        let (points, colour) = (points(line), hex(colour));
        self.add(format_args!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
        ));
    }

    fn dot(&mut self, at: Spot, radius: f64, colour: Rgb) {
        let colour = hex(colour);
        self.add(format_args!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{colour}\"/>", at[0], at[1]));
    }

    fn text(&mut self, text: &str, at: Spot, height: f64, anchor: Anchor, colour: Rgb) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (text, colour, size) = (escaped(text), hex(colour), height / CAPITALS);
        self.add(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>",
            at[0], at[1]
        ));
    }
}

fn points(spots: &[Spot]) -> String {
    spots.iter().map(|p| format!("{:.1},{:.1}", p[0], p[1])).collect::<Vec<_>>().join(" ")
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as XML has it; characters that XML does not allow are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')) {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        let mut svg = Svg::new([10, 10], "a & b");
        svg.text("<script>\u{0}\"x\"", [1.0, 2.0], 7.2, Anchor::End, [255, 0, 16]);
        svg.line(&[[0.0, 0.0], [1.25, 3.0]], 2.0, [0; 3]);
        let text = svg.finish();
        assert!(text.contains("<title>a &amp; b</title>"), "{text}");
        // 7.2 / 0.72 = 10.
        let expected = "<text x=\"1.0\" y=\"2.0\" font-size=\"10.0\" text-anchor=\"end\" fill=\"#ff0010\">\
                        &lt;script&gt;&quot;x&quot;</text>";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("points=\"0.0,0.0 1.2,3.0\""), "{text}");
    }
}
