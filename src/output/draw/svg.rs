//! A writer of SVG (W3C, *Scalable Vector Graphics (SVG) 1.1, Second Edition*; `paint-order` is of SVG 2): safe against
//! whatever texts hold, without ids, scripts, styles or anything from outside, so that a drawing can stand in a page
//! more than once.

use std::fmt::{Arguments, Write};

use super::{Rgb, Spot};
use crate::texts::push_escaped;

/// The fonts of a drawing where it is opened as SVG. The first is the one that PNG is drawn with, and that texts are
/// measured with; the others are no wider.
const FONTS: &str = "'DejaVu Sans Condensed','Noto Sans','Segoe UI','Helvetica Neue',Arial,sans-serif";

/// How a shape is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paint {
    fill: Option<Rgb>,
    line: Option<(Rgb, f64)>,
    opacity: f64,
    dash: Option<[f64; 2]>,
    crisp: bool,
}

impl Paint {
    const NONE: Paint = Paint { fill: None, line: None, opacity: 1.0, dash: None, crisp: false };

    /// Fills the inside; where rings lie in rings, every second one is a hole.
    pub const fn fill(colour: Rgb) -> Paint {
        Paint { fill: Some(colour), ..Paint::NONE }
    }

    /// Draws the line, `width` pixels wide, with round ends and bends.
    pub const fn line(colour: Rgb, width: f64) -> Paint {
        Paint { line: Some((colour, width)), ..Paint::NONE }
    }

    /// Draws the outline too.
    pub const fn outlined(self, colour: Rgb, width: f64) -> Paint {
        Paint { line: Some((colour, width)), ..self }
    }

    /// From 0 (nothing is seen) to 1.
    pub const fn opacity(self, opacity: f64) -> Paint {
        Paint { opacity, ..self }
    }

    /// Lines in pieces of so many pixels, with gaps of so many.
    pub const fn dashed(self, piece: f64, gap: f64) -> Paint {
        Paint { dash: Some([piece, gap]), ..self }
    }

    /// Edges run along whole pixels: for cells that lie side by side, between which nothing may shine through.
    pub const fn crisp(self) -> Paint {
        Paint { crisp: true, ..self }
    }

    fn attributes(&self) -> String {
        let mut text = match self.fill {
            Some(colour) => format!("fill=\"{}\"", hex(colour)),
            None => "fill=\"none\"".to_owned(),
        };
        if self.fill.is_some() && self.line.is_none() {
            text.push_str(" fill-rule=\"evenodd\"");
        }
        if let Some((colour, width)) = self.line {
            let _ = write!(text, " stroke=\"{}\" stroke-width=\"{}\"", hex(colour), number(width));
            text.push_str(" stroke-linecap=\"round\" stroke-linejoin=\"round\"");
        }
        if self.opacity < 1.0 {
            let _ = write!(text, " opacity=\"{}\"", number(self.opacity.max(0.0)));
        }
        if let Some([piece, gap]) = self.dash {
            // Round ends would close the gaps.
            let _ = write!(text, " stroke-dasharray=\"{} {}\" stroke-linecap=\"butt\"", number(piece), number(gap));
            text = text.replacen(" stroke-linecap=\"round\"", "", 1);
        }
        if self.crisp {
            text.push_str(" shape-rendering=\"crispEdges\"");
        }
        text
    }
}

/// Lines and rings that are painted as one.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    data: String,
    /// Where the pen is, in tenths of a pixel.
    at: [i64; 2],
}

impl Shape {
    /// Nothing yet.
    pub fn new() -> Self {
        Shape::default()
    }

    /// Adds a line through some places.
    pub fn line(&mut self, places: impl IntoIterator<Item = Spot>) {
        self.trace(places);
    }

    /// Adds a closed ring.
    pub fn ring(&mut self, places: impl IntoIterator<Item = Spot>) {
        if let Some(start) = self.trace(places) {
            self.data.push('z');
            // Closing moves the pen back.
            self.at = start;
        }
    }

    /// Whether there is nothing to paint.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Writes the places as steps in tenths of a pixel; the start, unless there was no place to go to.
    fn trace(&mut self, places: impl IntoIterator<Item = Spot>) -> Option<[i64; 2]> {
        let mut start = None;
        for place in places {
            // A place that is no number, or far beyond any drawing, is left out.
            if !place.iter().all(|v| v.abs() < 1e7) {
                continue;
            }
            let to = place.map(|v| (v * 10.0).round() as i64);
            if start.is_none() {
                start = Some(to);
                let _ = write!(self.data, "M{} {}", tenths(to[0]), tenths(to[1]));
            } else if to != self.at {
                let (dx, dy) = (to[0] - self.at[0], to[1] - self.at[1]);
                let _ = write!(self.data, "l{} {}", tenths(dx), tenths(dy));
            }
            self.at = to;
        }
        start
    }
}

/// Which part of a text stands at its spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Size of the font in pixels.
    pub size: f64,
    /// Colour of the letters.
    pub colour: Rgb,
    /// Whether they are bold.
    pub bold: bool,
    /// Which part of the text stands at its spot.
    pub anchor: Anchor,
    /// Colour and width in pixels of a rim around the letters, so that they are read on a map.
    pub rim: Option<(Rgb, f64)>,
    /// Degrees by which the text is turned to the right around its spot.
    pub turned: f64,
}

impl Type {
    /// Plain letters from their left end.
    pub const fn new(size: f64, colour: Rgb) -> Type {
        Type { size, colour, bold: false, anchor: Anchor::Start, rim: None, turned: 0.0 }
    }

    /// Bold letters.
    pub const fn bold(self) -> Type {
        Type { bold: true, ..self }
    }

    /// Around its spot.
    pub const fn middle(self) -> Type {
        Type { anchor: Anchor::Middle, ..self }
    }

    /// Left of its spot.
    pub const fn end(self) -> Type {
        Type { anchor: Anchor::End, ..self }
    }

    /// With a rim around the letters.
    pub const fn rimmed(self, colour: Rgb, width: f64) -> Type {
        Type { rim: Some((colour, width)), ..self }
    }

    /// Turned to the right by some degrees.
    pub const fn turned(self, degrees: f64) -> Type {
        Type { turned: degrees, ..self }
    }
}

/// A drawing under work; what is drawn later lies above.
#[derive(Debug, Clone)]
pub struct Svg {
    size: [f64; 2],
    head: String,
    body: String,
}

impl Svg {
    /// A white drawing of some width and height in pixels, between 1 and 100,000. `language` is that of its texts
    /// (`vi`, `en`); `title` and `description` are what screen readers say.
    pub fn new(size: [f64; 2], language: &str, title: &str, description: &str) -> Self {
        let size = size.map(|v| if v.is_nan() { 1.0 } else { v.clamp(1.0, 1e5).round() });
        let [width, height] = size;
        let (language, title) = (escaped(language), escaped(title));
        let mut head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" xml:lang=\"{language}\" lang=\"{language}\" aria-label=\"{title}\" \
             font-family=\"{FONTS}\">\n<title>{title}</title>\n"
        );
        if !description.is_empty() {
            let _ = writeln!(head, "<desc>{}</desc>", escaped(description));
        }
        let mut svg = Svg { size, head, body: String::new() };
        svg.rect([0.0, 0.0], size, Paint::fill([255; 3]));
        svg
    }

    /// Width and height in pixels.
    pub fn size(&self) -> [f64; 2] {
        self.size
    }

    /// The file's text.
    pub fn finish(self) -> String {
        format!("{}{}</svg>\n", self.head, self.body)
    }

    fn add(&mut self, element: Arguments) {
        // Writing into a string cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// A rectangle from its top left corner; nothing where it has no width or height.
    pub fn rect(&mut self, at: Spot, size: [f64; 2], paint: Paint) {
        if size.iter().all(|v| *v > 0.0) && at.iter().chain(&size).all(|v| v.is_finite()) {
            let ([x, y], [width, height]) = (at.map(number), size.map(number));
            let paint = paint.attributes();
            self.add(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {paint}/>"));
        }
    }

    /// A circle.
    pub fn circle(&mut self, at: Spot, radius: f64, paint: Paint) {
        if radius > 0.0 && at.iter().all(|v| v.is_finite()) {
            let ([x, y], radius, paint) = (at.map(number), number(radius), paint.attributes());
            self.add(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {paint}/>"));
        }
    }

    /// A line through some places.
    pub fn line(&mut self, places: impl IntoIterator<Item = Spot>, paint: Paint) {
        let mut shape = Shape::new();
        shape.line(places);
        self.shape(&shape, paint);
    }

    /// A closed ring.
    pub fn ring(&mut self, places: impl IntoIterator<Item = Spot>, paint: Paint) {
        let mut shape = Shape::new();
        shape.ring(places);
        self.shape(&shape, paint);
    }

    /// Lines and rings that are painted as one: where they cross they are no darker.
    pub fn shape(&mut self, shape: &Shape, paint: Paint) {
        if !shape.is_empty() {
            self.add(format_args!("<path d=\"{}\" {}/>", shape.data, paint.attributes()));
        }
    }

    /// A text on the base line at `at`.
    pub fn text(&mut self, text: &str, at: Spot, kind: Type) {
        if text.is_empty() || !at.iter().all(|v| v.is_finite()) {
            return;
        }
        let [x, y] = at.map(number);
        let mut more = String::new();
        match kind.anchor {
            Anchor::Start => {}
            Anchor::Middle => more.push_str(" text-anchor=\"middle\""),
            Anchor::End => more.push_str(" text-anchor=\"end\""),
        }
        if kind.bold {
            more.push_str(" font-weight=\"bold\"");
        }
        if let Some((colour, width)) = kind.rim {
            let (colour, width) = (hex(colour), number(width));
            let _ = write!(more, " stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"");
            more.push_str(" paint-order=\"stroke\"");
        }
        if kind.turned != 0.0 {
            let _ = write!(more, " transform=\"rotate({} {x} {y})\"", number(kind.turned));
        }
        let (text, size, colour) = (escaped(text), number(kind.size), hex(kind.colour));
        self.add(format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\"{more}>{text}</text>"));
    }

    /// What `draw` draws belongs together and is called `name`: browsers show it under the pointer.
    pub fn named(&mut self, name: &str, draw: impl FnOnce(&mut Svg)) {
        self.add(format_args!("<g><title>{}</title>", escaped(name)));
        draw(self);
        self.add(format_args!("</g>"));
    }

    /// What `draw` draws is cut at a rectangle from its top left corner; places stay those of the whole drawing.
    pub fn clipped(&mut self, at: Spot, size: [f64; 2], draw: impl FnOnce(&mut Svg)) {
        let ([x, y], [width, height]) = (at.map(number), size.map(|v| number(v.max(0.1))));
        self.add(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\" \
             overflow=\"hidden\">"
        ));
        draw(self);
        self.add(format_args!("</svg>"));
    }
}

/// A number of pixels with at most two decimals.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // No minus before nothing.
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// Tenths of a pixel as pixels.
fn tenths(value: i64) -> String {
    let (sign, whole, rest) = (if value < 0 { "-" } else { "" }, value.abs() / 10, value.abs() % 10);
    match (whole, rest) {
        (_, 0) => format!("{sign}{whole}"),
        (0, _) => format!("{sign}.{rest}"),
        _ => format!("{sign}{whole}.{rest}"),
    }
}

/// A colour as SVG and CSS have it.
pub fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as XML has it. What XML does not allow is left out, and what turns the direction of other texts around.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in super::font::readable(text) {
        push_escaped(&mut safe, letter);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::roxmltree::Document;

    #[test]
    fn names_cannot_break_out() {
        let mut svg = Svg::new([10.0, 10.0], "en", "a & b\"/><x/>", "</desc><y/>");
        svg.named("</title><z/>", |svg| {
            svg.text("</text><script>\u{0}\u{202e}\"x'\n\u{fffe}", [1.0, 2.0], Type::new(10.0, [255, 0, 16]).end());
        });
        let text = svg.finish();
        let page = Document::parse(&text).unwrap();
        let names: Vec<&str> = page.descendants().filter(|n| n.is_element()).map(|n| n.tag_name().name()).collect();
        assert_eq!(names, ["svg", "title", "desc", "rect", "g", "title", "text"]);
        let said = |name: &str| page.descendants().find(|n| n.has_tag_name(name)).unwrap().text().unwrap().to_owned();
        // A line break is a blank; characters that are not shown are gone.
        assert_eq!((said("text"), said("desc")), ("</text><script>\"x' ".into(), "</desc><y/>".into()));
        assert_eq!(page.root_element().attribute("aria-label"), Some("a & b\"/><x/>"));
    }

    #[test]
    fn shapes_are_steps_in_tenths() {
        let mut shape = Shape::new();
        // From (0.04, 1.25) to (1, 1.25): 0 and 13 tenths (halves go away from nothing), a step of 10. The same place
        // again is no step, and what is no number is left out.
        shape.line([[0.04, 1.25], [1.0, 1.25], [1.0, 1.26], [f64::NAN, 3.0], [0.5, -0.25]]);
        assert_eq!(shape.data, "M0 1.3l1 0l-.5 -1.6");
        // After a ring the pen is at its start again: the next line is absolute anyway.
        let mut shape = Shape::new();
        shape.ring([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]);
        shape.line([[1.0, 1.0], [2.0, 1.0]]);
        assert_eq!(shape.data, "M0 0l10 0l0 10zM1 1l1 0");
        let mut nothing = Shape::new();
        nothing.ring([[f64::INFINITY, 0.0]]);
        assert!(nothing.is_empty());
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, -0.001, 1.0, 1.005, 12.346, -7.1].map(number);
        assert_eq!(shown, ["0", "0", "1", "1", "12.35", "-7.1"]);
        assert_eq!([0, -3, 25, -120].map(tenths), ["0", "-.3", "2.5", "-12"]);
        assert_eq!(hex([255, 0, 16]), "#ff0010");
    }

    #[test]
    fn what_has_no_size_is_not_drawn() {
        let mut svg = Svg::new([f64::NAN, 1e9], "vi", "", "");
        assert_eq!(svg.size(), [1.0, 100_000.0]);
        let before = svg.body.clone();
        svg.rect([1.0, 1.0], [0.0, 5.0], Paint::fill([0; 3]));
        svg.rect([f64::NAN, 1.0], [1.0, 5.0], Paint::fill([0; 3]));
        svg.circle([1.0, 1.0], 0.0, Paint::fill([0; 3]));
        svg.text("", [1.0, 1.0], Type::new(10.0, [0; 3]));
        svg.line([], Paint::line([0; 3], 1.0));
        assert_eq!(svg.body, before);
    }
}
