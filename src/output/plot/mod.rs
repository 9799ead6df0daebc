//! Plots: drawn once, on a PNG picture and as SVG.

pub mod frontier;
mod svg;

use super::picture::{Picture, Rgb, Spot};
pub use svg::Svg;

/// Width and height of a plot in pixels.
pub const SIZE: [usize; 2] = [1600, 1000];

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

/// Something to draw on: places in pixels from the top left corner to the right and down.
pub trait Canvas {
    /// Fills a polygon; `opacity` is 0 to 1.
    fn area(&mut self, ring: &[Spot], colour: Rgb, opacity: f64);
    /// Draws a line `width` pixels wide.
    fn line(&mut self, line: &[Spot], width: f64, colour: Rgb);
    /// Draws a filled circle.
    fn dot(&mut self, at: Spot, radius: f64, colour: Rgb);
    /// Writes text on the base line at `at`, capital letters `height` pixels high.
    fn text(&mut self, text: &str, at: Spot, height: f64, anchor: Anchor, colour: Rgb);
}

impl Canvas for Picture {
    fn area(&mut self, ring: &[Spot], colour: Rgb, opacity: f64) {
        self.fill([ring], colour, opacity);
    }

    fn line(&mut self, line: &[Spot], width: f64, colour: Rgb) {
        self.stroke([line], width, colour, 1.0);
    }

    fn dot(&mut self, at: Spot, radius: f64, colour: Rgb) {
        Picture::dot(self, at, radius, colour);
    }

    fn text(&mut self, text: &str, at: Spot, height: f64, anchor: Anchor, colour: Rgb) {
        let width = Picture::text_width(text, height);
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        self.write(text, [at[0] - shift, at[1]], height, colour);
    }
}

/// A line in pieces of `dash` pixels with gaps as long.
pub fn dashed(canvas: &mut dyn Canvas, from: Spot, to: Spot, dash: f64, width: f64, colour: Rgb) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    let mut at = 0.0;
    while at < length && dash > 0.0 {
        let end = (at + dash).min(length);
        let spot = |t: f64| [from[0] + dx * t / length, from[1] + dy * t / length];
        canvas.line(&[spot(at), spot(end)], width, colour);
        at += 2.0 * dash;
    }
}

/// The least of 1, 2 or 5 times a power of ten with which `most` steps reach from 0 to `end`.
pub fn tick_step(end: f64, most: usize) -> f64 {
    let least = end / most.max(1) as f64;
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let ten = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * ten).find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * ten)
}

/// A text of at most so many letters.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_by_hand() {
        // 62 in at most ten steps: 6.2 a step, so tens. 20 in ten: twos. 0.9 in five: 0.18, so 0.2.
        assert_eq!((tick_step(62.0, 10), tick_step(20.0, 10)), (10.0, 2.0));
        assert!((tick_step(0.9, 5) - 0.2).abs() < 1e-12);
        assert_eq!((tick_step(0.0, 5), tick_step(f64::NAN, 5)), (1.0, 1.0));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!((shortened("Hà Nội", 6), shortened("Hà Nội", 4)), ("Hà Nội".into(), "Hà…".into()));
    }

    #[test]
    fn text_is_anchored() {
        let mut picture = Picture::new(100, 40, [255; 3]);
        Canvas::text(&mut picture, "I", [50.0, 30.0], 12.0, Anchor::Middle, [0; 3]);
        // An I of 12 pixels is 8 wide: from 46 to 54, its stem at 50.
        assert!(
            picture.pixel(50, 24)[0] < 100 && picture.pixel(40, 24) == [255; 3] && picture.pixel(60, 24) == [255; 3]
        );
    }
}
