//! Shapes as the map shows them: at its detail, short.

use geo::{Coord, LineString, MapCoords, MultiPolygon, Simplify};
use geojson::Geometry;

use crate::output::backdrop::DETAIL_DEG;

/// Google's encoded polyline format, precision 5, latitude first as the format has it.
pub(super) fn polyline(line: &LineString<f64>) -> String {
    let mut text = String::new();
    let (mut lat, mut lon) = (0_i64, 0_i64);
    for point in line.coords() {
        for (value, last) in [(point.y, &mut lat), (point.x, &mut lon)] {
            let scaled = (value * 1e5).round() as i64;
            let delta = scaled - std::mem::replace(last, scaled);
            let mut bits = ((delta << 1) ^ (delta >> 63)) as u64;
            while bits >= 0x20 {
                text.push(char::from((0x20 | (bits & 0x1f)) as u8 + 63));
                bits >>= 5;
            }
            text.push(char::from(bits as u8 + 63));
        }
    }
    text
}

/// An outline at the map's detail, 5 decimals: some 1 m.
pub(super) fn outline(shape: &MultiPolygon<f64>) -> Geometry {
    let short = shape.simplify(DETAIL_DEG);
    Geometry::from(&short.map_coords(|c| Coord { x: (c.x * 1e5).round() / 1e5, y: (c.y * 1e5).round() / 1e5 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polyline_of_the_format_description() {
        // From Google's own page of the format: (38.5, −120.2), (40.7, −120.95), (43.252, −126.453).
        let line: LineString<f64> = vec![(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)].into();
        assert_eq!(polyline(&line), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
    }
}
