//! The order of junctions in memory, and of cells in tables: along a Hilbert curve.

use rayon::prelude::*;

use crate::units::LonLat;

/// The order of places along a Hilbert curve over their bounding box (16 bits a side), ties by index.
pub(crate) fn hilbert_order(places: &[LonLat]) -> Vec<u32> {
    let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    for p in places {
        west = west.min(p.lon);
        east = east.max(p.lon);
        south = south.min(p.lat);
        north = north.max(p.lat);
    }
    let scale = |v: f64, low: f64, high: f64| ((v - low) / (high - low).max(1e-12) * 65535.0) as u32;
    let mut keyed: Vec<(u32, u32)> = places
        .par_iter()
        .enumerate()
        .map(|(i, p)| (hilbert_index(scale(p.lon, west, east), scale(p.lat, south, north)), i as u32))
        .collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// Distance along the Hilbert curve of order 16 (the `xy2d` of Warren, *Hacker's Delight*, ch. 16).
fn hilbert_index(mut x: u32, mut y: u32) -> u32 {
    let mut d = 0;
    let mut side = 1_u32 << 15;
    while side > 0 {
        let rx = u32::from(x & side != 0);
        let ry = u32::from(y & side != 0);
        d += side * side * ((3 * rx) ^ ry);
        if ry == 0 {
            if rx == 1 {
                x = 65535 - x;
                y = 65535 - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hilbert_neighbours_are_adjacent() {
        // On the top-left corner of the curve, consecutive indices are neighbouring squares.
        let mut at = std::collections::BTreeMap::new();
        for x in 0..64 {
            for y in 0..64 {
                at.insert(hilbert_index(x, y), (x as i32, y as i32));
            }
        }
        assert_eq!(at.len(), 4096);
        let places: Vec<_> = at.values().collect();
        assert!(places.windows(2).all(|p| (p[0].0 - p[1].0).abs() + (p[0].1 - p[1].1).abs() == 1));
    }
}
