//! Pictures: areas, lines and plain letters, drawn smooth and written as PNG.
//!
//! Areas are filled by the signed area that each edge cuts off in the pixels it crosses, as font renderers do: exact
//! coverage without sampling. PNG follows the W3C's *Portable Network Graphics (PNG) Specification (Third Edition)*.

mod letters;
mod png;
mod view;

use std::path::Path;

use crate::error::{Fault, Result};
pub use view::{View, WATER};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// A place on the picture in pixels, from its top left corner to the right and down.
pub type Spot = [f64; 2];

/// The longest side of a picture in pixels.
pub const MOST_PIXELS: usize = 8192;

/// An opaque picture.
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
    /// Signed area that edges cut off, pixel by pixel; a column more than the picture. All zero between two drawings.
    cover: Vec<f32>,
    /// Rows of `cover` that are in use.
    rows: std::ops::Range<usize>,
}

impl Picture {
    /// A picture of one colour, between one and [`MOST_PIXELS`] pixels a side.
    pub fn new(width: usize, height: usize, colour: Rgb) -> Self {
        let (width, height) = (width.clamp(1, MOST_PIXELS), height.clamp(1, MOST_PIXELS));
        let cover = vec![0.0; (width + 1) * height];
        Picture { width, height, pixels: vec![colour; width * height], cover, rows: height..0 }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colour of a pixel inside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> Rgb {
        self.pixels[y * self.width + x]
    }

    /// Fills rings: outer ones that run one way, holes the other. `opacity` is 0 to 1.
    pub fn fill<'a>(&mut self, rings: impl IntoIterator<Item = &'a [Spot]>, colour: Rgb, opacity: f64) {
        for ring in rings {
            self.ring(ring);
        }
        self.paint(colour, opacity);
    }

    /// Draws lines `width` pixels wide, with round ends and bends; where they cross they are no darker.
    pub fn stroke<'a>(&mut self, lines: impl IntoIterator<Item = &'a [Spot]>, width: f64, colour: Rgb, opacity: f64) {
        let half = width / 2.0;
        for line in lines {
            for pair in line.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let length = dx.hypot(dy);
                if length > 0.0 {
                    let (nx, ny) = (-dy / length * half, dx / length * half);
                    self.ring(&[
                        [a[0] + nx, a[1] + ny],
                        [a[0] - nx, a[1] - ny],
                        [b[0] - nx, b[1] - ny],
                        [b[0] + nx, b[1] + ny],
                    ]);
                }
            }
            // On hair lines nobody sees the bends.
            if width >= 1.5 {
                line.iter().for_each(|&at| self.disc(at, half));
            }
        }
        self.paint(colour, opacity);
    }

    /// Draws a filled circle.
    pub fn dot(&mut self, at: Spot, radius: f64, colour: Rgb) {
        self.disc(at, radius);
        self.paint(colour, 1.0);
    }

    /// Writes text with its left end at the base line `at`, capital letters `height` pixels high. Letters are drawn as
    /// capitals; what has no letter is left out.
    pub fn write(&mut self, text: &str, at: Spot, height: f64, colour: Rgb) {
        let lines = letters::lines(text, at, height);
        self.stroke(lines.iter().map(Vec::as_slice), (height / 7.0).max(1.0), colour, 1.0);
    }

    /// How wide a text becomes, in pixels.
    pub fn text_width(text: &str, height: f64) -> f64 {
        letters::width(text, height)
    }

    /// Writes the picture as PNG.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn save(&self, path: &Path) -> Result<()> {
        png::write(path, self.width, self.height, &self.pixels)
            .map_err(|e| Fault::io("write the picture", path, &e).into())
    }

    fn disc(&mut self, at: Spot, radius: f64) {
        let sides = (radius.sqrt() * 6.0).ceil().clamp(8.0, 64.0) as usize;
        let corner = |i: usize| {
            // The same way round as the sides of strokes.
            let angle = i as f64 * std::f64::consts::TAU / sides as f64;
            [at[0] + radius * angle.cos(), at[1] + radius * angle.sin()]
        };
        let ring: Vec<Spot> = (0..sides).map(corner).collect();
        self.ring(&ring);
    }

    fn ring(&mut self, ring: &[Spot]) {
        for i in 0..ring.len() {
            self.edge(ring[i], ring[(i + 1) % ring.len()]);
        }
    }

    /// Adds the area between an edge and the right border of the picture, negative for edges that run up.
    fn edge(&mut self, a: Spot, b: Spot) {
        if a[1] == b[1] || !(a[0] + a[1] + b[0] + b[1]).is_finite() {
            return;
        }
        let (sign, top, bottom) = if a[1] < b[1] { (1.0, a, b) } else { (-1.0, b, a) };
        let (from, to) = (top[1].max(0.0), bottom[1].min(self.height as f64));
        if from >= to {
            return;
        }
        let slope = (bottom[0] - top[0]) / (bottom[1] - top[1]);
        let x_at = |y: f64| (top[0] + (y - top[1]) * slope).clamp(0.0, self.width as f64);
        let (first, last) = (from as usize, (to.ceil() as usize).min(self.height));
        self.rows = self.rows.start.min(first)..self.rows.end.max(last);
        for row in first..last {
            let (y0, y1) = (from.max(row as f64), to.min(row as f64 + 1.0));
            let (xa, xb) = (x_at(y0), x_at(y1));
            let (left, right) = (xa.min(xb), xa.max(xb));
            let cells = &mut self.cover[row * (self.width + 1)..][..self.width + 1];
            let high = sign * (y1 - y0);
            // In each pixel the edge covers what lies right of it; the rest of the row is covered whole.
            let (start, end) = (left as usize, (right.ceil() as usize).max(left as usize + 1));
            let mut covered = 0.0;
            for (x, cell) in cells.iter_mut().enumerate().take(end).skip(start) {
                let until = covered_until(left, right, x as f64 + 1.0);
                *cell += (high * (until - covered)) as f32;
                covered = until;
            }
            if end <= self.width {
                cells[end] += (high * (1.0 - covered)) as f32;
            }
        }
    }

    /// Colours what has been covered, and forgets it.
    fn paint(&mut self, colour: Rgb, opacity: f64) {
        for row in std::mem::replace(&mut self.rows, self.height..0) {
            let cells = &mut self.cover[row * (self.width + 1)..][..self.width + 1];
            let pixels = &mut self.pixels[row * self.width..][..self.width];
            let mut sum = 0.0_f32;
            for (pixel, cell) in pixels.iter_mut().zip(&*cells) {
                sum += cell;
                let part = f64::from(sum.abs().min(1.0)) * opacity;
                if part > 1e-3 {
                    for (channel, new) in pixel.iter_mut().zip(colour) {
                        *channel = (f64::from(*channel) * (1.0 - part) + f64::from(new) * part).round() as u8;
                    }
                }
            }
            cells.fill(0.0);
        }
    }
}

/// The part of the pixel that ends at `x` that lies right of an edge running evenly from `left` to `right`.
fn covered_until(left: f64, right: f64, x: f64) -> f64 {
    // The area right of the edge and left of a place, in a row of height 1.
    let integral = |to: f64| {
        if to <= left {
            0.0
        } else if to >= right {
            to - (left + right) / 2.0
        } else {
            (to - left) * (to - left) / (2.0 * (right - left))
        }
    };
    integral(x) - integral(x - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb = [255; 3];
    const BLACK: Rgb = [0; 3];

    #[test]
    fn coverage_by_hand() {
        // A rectangle from (1.5, 1) to (3, 2.25): the pixel (1, 1) is half covered, (2, 1) whole, (1, 2) an eighth and
        // (2, 2) a quarter.
        let mut picture = Picture::new(5, 4, WHITE);
        let ring = [[1.5, 1.0], [1.5, 2.25], [3.0, 2.25], [3.0, 1.0]];
        picture.fill([&ring[..]], BLACK, 1.0);
        let grey = |x, y| picture.pixel(x, y)[0];
        assert_eq!([grey(1, 1), grey(2, 1), grey(1, 2), grey(2, 2)], [128, 0, 223, 191]);
        assert_eq!([grey(0, 1), grey(3, 1), grey(4, 3), grey(2, 0)], [255; 4]);
        // A right triangle over one pixel covers half of it.
        let mut picture = Picture::new(2, 2, WHITE);
        picture.fill([&[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]][..]], BLACK, 1.0);
        assert_eq!(picture.pixel(0, 0)[0], 128);
    }

    #[test]
    fn slanted_edges_keep_their_area() {
        // A triangle of 40 × 30 / 2 = 600 pixels, partly sums of many slices; nothing leaks beyond it.
        let mut picture = Picture::new(60, 50, WHITE);
        picture.fill([&[[5.3, 7.1], [45.3, 7.1], [20.9, 37.1]][..]], BLACK, 1.0);
        let sum: f64 = (0..50)
            .flat_map(|y| (0..60).map(move |x| (x, y)))
            .map(|(x, y)| 1.0 - f64::from(picture.pixel(x, y)[0]) / 255.0)
            .sum();
        assert!((sum - 600.0).abs() < 1.0, "{sum}");
        assert!((0..50).all(|y| picture.pixel(59, y) == WHITE && picture.pixel(0, y) == WHITE));
    }

    #[test]
    fn holes_stay_and_what_lies_beyond_the_border_is_cut() {
        let mut picture = Picture::new(10, 10, WHITE);
        let outer = [[-50.0, -50.0], [-50.0, 60.0], [60.0, 60.0], [60.0, -50.0]];
        let hole = [[3.0, 3.0], [6.0, 3.0], [6.0, 6.0], [3.0, 6.0]];
        picture.fill([&outer[..], &hole[..]], BLACK, 1.0);
        assert_eq!((picture.pixel(0, 0), picture.pixel(9, 9)), (BLACK, BLACK));
        assert_eq!((picture.pixel(4, 4), picture.pixel(2, 4)), (WHITE, BLACK));
        // Lines far away, and nonsense, draw nothing and do not fail.
        let mut picture = Picture::new(10, 10, WHITE);
        picture.stroke([&[[-9e9, 5.0], [-1e3, 5.0], [f64::NAN, 3.0]][..]], 2.0, BLACK, 1.0);
        assert!((0..10).all(|x| picture.pixel(x, 5) == WHITE));
    }

    #[test]
    fn crossing_lines_are_no_darker() {
        let mut picture = Picture::new(20, 20, WHITE);
        picture.stroke([&[[0.0, 10.0], [20.0, 10.0]][..], &[[10.0, 20.0], [10.0, 0.0]][..]], 4.0, BLACK, 0.5);
        assert_eq!(picture.pixel(10, 10), picture.pixel(2, 10));
        assert_eq!(picture.pixel(2, 10), [128; 3]);
    }
}
