//! Cells painted on a lattice of squares, and the outlines of what is painted: tens of thousands of cells become a few
//! compact paths without seams between them.

use std::fmt::Write;

/// The most squares on a side; a lattice of this size takes some 10 MB.
const MOST_SQUARES: usize = 2000;

/// Squares in rows from the top left, each with a class (0 for nothing) and the weight of who painted it.
#[derive(Debug, Clone)]
pub struct Raster {
    width: usize,
    height: usize,
    classes: Vec<u8>,
    weights: Vec<f32>,
}

impl Raster {
    /// An empty lattice; sides are held between 1 and 2,000 squares.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width.clamp(1, MOST_SQUARES), height.clamp(1, MOST_SQUARES));
        Raster { width, height, classes: vec![0; width * height], weights: vec![0.0; width * height] }
    }

    /// Paints the squares whose middle lies in a rectangle (left, top, right, bottom, in squares), or, where there is
    /// none, the square that holds its middle. Where several paint one square the heaviest wins, of equals the higher
    /// class, so that the order of painting does not matter.
    pub fn paint(&mut self, [left, top, right, bottom]: [f64; 4], class: u8, weight: f64) {
        if ![left, top, right, bottom].iter().all(|v| v.is_finite()) {
            return;
        }
        let (xs, ys) = (span(left, right, self.width), span(top, bottom, self.height));
        for y in ys {
            for x in xs.clone() {
                let at = y * self.width + x;
                let new = (weight as f32, class);
                if self.classes[at] == 0
                    || new.0 > self.weights[at]
                    || (new.0 == self.weights[at] && class > self.classes[at])
                {
                    (self.weights[at], self.classes[at]) = new;
                }
            }
        }
    }

    /// Whether nothing is painted in a class.
    pub fn lacks(&self, class: u8) -> bool {
        !self.classes.contains(&class)
    }

    /// The outlines of a class as the data of an SVG path, one unit a square: outer rings clockwise, holes the other way.
    pub fn outline(&self, class: u8) -> String {
        let (w, h) = (self.width, self.height);
        let inside = |x: usize, y: usize| x < w && y < h && self.classes[y * w + x] == class;
        // For each corner of the lattice the directions in which an edge leaves it, the class on its right hand:
        // bit 0 right, 1 down, 2 left, 3 up.
        let mut leaves = vec![0_u8; (w + 1) * (h + 1)];
        let corner = |x: usize, y: usize| y * (w + 1) + x;
        for y in 0..h {
            for x in 0..w {
                if !inside(x, y) {
                    continue;
                }
                if y == 0 || !inside(x, y - 1) {
                    leaves[corner(x, y)] |= 1;
                }
                if !inside(x + 1, y) {
                    leaves[corner(x + 1, y)] |= 2;
                }
                if !inside(x, y + 1) {
                    leaves[corner(x + 1, y + 1)] |= 4;
                }
                if x == 0 || !inside(x - 1, y) {
                    leaves[corner(x, y + 1)] |= 8;
                }
            }
        }
        let mut path = String::new();
        for start in 0..leaves.len() {
            // The first corner met of a ring is its highest left one, which an edge to the right or down leaves.
            while let Some(ring) = trace(&mut leaves, w + 1, start) {
                path.push_str(&ring);
            }
        }
        path
    }
}

/// The squares whose middles lie between two places, or the one that holds the middle of the two.
fn span(from: f64, to: f64, most: usize) -> std::ops::Range<usize> {
    // The middle of square i is at i + 0.5.
    let first = (from - 0.5).ceil().max(0.0);
    let end = (to - 0.5).ceil().min(most as f64);
    if first < end {
        return first as usize..end as usize;
    }
    let middle = ((from + to) / 2.0).floor();
    if middle >= 0.0 && middle < most as f64 && to - from < 1.0 { middle as usize..middle as usize + 1 } else { 0..0 }
}

/// Follows a ring from a corner and takes its edges away; `None` where no edge leaves the corner.
fn trace(leaves: &mut [u8], stride: usize, start: usize) -> Option<String> {
    let mut direction = (0..4).find(|d| leaves[start] & (1 << d) != 0)?;
    let mut path = format!("M{} {}", start % stride, start / stride);
    let (mut at, mut run) = (start, 0_i64);
    loop {
        leaves[at] &= !(1 << direction);
        at = match direction {
            0 => at + 1,
            1 => at + stride,
            2 => at - 1,
            _ => at - stride,
        };
        run += 1;
        // Where two squares touch at a corner, the sharpest turn to the right keeps to the square at hand.
        let next = [1, 0, 3].map(|turn| (direction + turn) % 4).into_iter().find(|d| leaves[at] & (1 << d) != 0);
        let closed = at == start;
        if closed || next != Some(direction) {
            // The last stretch before the end is drawn by closing the ring.
            let sign = if direction >= 2 { -run } else { run };
            if closed {
                path.push('z');
            } else {
                // Writing into a string cannot fail.
                let _ = write!(path, "{}{sign}", if direction % 2 == 0 { 'h' } else { 'v' });
            }
            run = 0;
        }
        match next {
            Some(next) if !closed => direction = next,
            // Every ring ends where it began: as many edges enter a corner as leave it.
            _ => return Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_with_a_hole() {
        // 3 × 3 squares of class 1 with an empty middle, in a lattice of 4 × 4.
        let mut raster = Raster::new(4, 4);
        raster.paint([0.0, 0.0, 3.0, 3.0], 1, 1.0);
        raster.paint([1.0, 1.0, 2.0, 2.0], 2, 2.0);
        // Outer ring clockwise from the top left; the hole from its top left corner down first.
        assert_eq!(raster.outline(1), "M0 0h3v3h-3zM1 1v1h1v-1z");
        assert_eq!(raster.outline(2), "M1 1h1v1h-1z");
        assert!(raster.lacks(3) && !raster.lacks(2));
    }

    #[test]
    fn squares_that_touch_at_a_corner_are_two_rings() {
        let mut raster = Raster::new(2, 2);
        raster.paint([0.0, 0.0, 1.0, 1.0], 1, 1.0);
        raster.paint([1.0, 1.0, 2.0, 2.0], 1, 1.0);
        assert_eq!(raster.outline(1), "M0 0h1v1h-1zM1 1h1v1h-1z");
    }

    #[test]
    fn the_heaviest_wins_in_any_order() {
        let rects = [([0.0, 0.0, 2.0, 1.0], 1, 5.0), ([1.0, 0.0, 3.0, 1.0], 2, 9.0), ([1.0, 0.0, 2.0, 1.0], 3, 9.0)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut raster = Raster::new(3, 1);
            order.iter().for_each(|&i| raster.paint(rects[i].0, rects[i].1, rects[i].2));
            assert_eq!(raster.classes, [1, 3, 2], "{order:?}");
        }
    }

    #[test]
    fn small_cells_keep_their_square_and_wild_ones_paint_nothing() {
        let mut raster = Raster::new(3, 3);
        // 0.1 wide around (1.2, 2.2): no middle of a square lies in it, so the square 1, 2.
        raster.paint([1.15, 2.15, 1.25, 2.25], 1, 1.0);
        raster.paint([f64::NAN, 0.0, 1.0, 1.0], 1, 1.0);
        raster.paint([-5.0, -5.0, -4.0, -4.0], 1, 1.0);
        raster.paint([9.0, 9.0, 9.1, 9.1], 1, 1.0);
        assert_eq!(raster.outline(1), "M1 2h1v1h-1z");
        assert_eq!(Raster::new(0, usize::MAX).classes.len(), MOST_SQUARES);
    }

    #[test]
    fn areas_of_outlines_are_the_squares() {
        // Random lattices: the signed area inside all rings of a class is the number of its squares.
        let mut draw = crate::testkit::Draw::new(7);
        for case in 0..50 {
            let mut raster = Raster::new(9, 7);
            for y in 0..7 {
                for x in 0..9 {
                    let class = draw.below(3) as u8;
                    if class > 0 {
                        raster.paint([x as f64, y as f64, x as f64 + 1.0, y as f64 + 1.0], class, 1.0);
                    }
                }
            }
            for class in 1..3 {
                let squares = raster.classes.iter().filter(|c| **c == class).count();
                assert_eq!(area(&raster.outline(class)), squares as i64, "case {case}");
            }
        }
    }

    /// Twice-free signed area of rings of h and v steps: the sum of x dy.
    fn area(path: &str) -> i64 {
        let mut total = 0;
        for ring in path.split('M').filter(|r| !r.is_empty()) {
            let text = ring.trim_end_matches('z').replace('h', " h ").replace('v', " v ");
            let words: Vec<&str> = text.split_whitespace().collect();
            let (mut x, mut y): (i64, i64) = (words[0].parse().unwrap(), words[1].parse().unwrap());
            let top = y;
            for pair in words[2..].chunks(2) {
                let step: i64 = pair[1].parse().unwrap();
                if pair[0] == "h" {
                    x += step;
                } else {
                    y += step;
                    total += x * step;
                }
            }
            // The closing stretch goes straight back to the start; where it runs up or down it counts too.
            total += x * (top - y);
        }
        total
    }
}
