//! Geometries from WKB (well-known binary), as they stand in GeoParquet: corner by corner, so that what is wrong with a
//! ring can still be seen. ISO and extended (EWKB) codes, either byte order; heights and measures are left out.
//!
//! Nothing is set aside because the bytes say how much is to come: every list grows as it is read.

use geojson::{GeometryValue, Position};

/// The points, lines or polygons of one WKB value.
///
/// # Errors
/// What is wrong, in words: bytes that end early, a kind that is none, other kinds inside a collection of one kind,
/// collections.
pub(crate) fn geometry_of(bytes: &[u8]) -> Result<GeometryValue, String> {
    let mut reader = Reader { bytes };
    let shape = reader.geometry(None)?;
    if reader.bytes.is_empty() { Ok(shape) } else { Err(format!("{} bytes too many", reader.bytes.len())) }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// What stands before the coordinates of a geometry.
#[derive(Clone, Copy)]
struct Head {
    little: bool,
    kind: u32,
    /// Numbers in a corner: 2 to 4.
    numbers: usize,
}

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or("the geometry's bytes end early")?;
        self.bytes = rest;
        Ok(*head)
    }

    fn whole(&mut self, head: Head) -> Result<u32, String> {
        let bytes = self.take::<4>()?;
        Ok(if head.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self, head: Head) -> Result<f64, String> {
        let bytes = self.take::<8>()?;
        Ok(if head.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn head(&mut self) -> Result<Head, String> {
        let little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            [other] => return Err(format!("the byte order {other} is neither 0 nor 1")),
        };
        let mut head = Head { little, kind: 0, numbers: 2 };
        let code = self.whole(head)?;
        // EWKB keeps flags in the high bits; ISO adds 1000 for heights, 2000 for measures, 3000 for both.
        let (z, m, srid) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0, code & 0x2000_0000 != 0);
        let iso = code & 0x0fff_ffff;
        if srid {
            self.whole(head)?;
        }
        let more = match iso / 1000 {
            0 => usize::from(z) + usize::from(m),
            1 | 2 => 1,
            3 => 2,
            _ => return Err(format!("{code} is no kind of geometry")),
        };
        head.kind = iso % 1000;
        head.numbers = 2 + more;
        Ok(head)
    }

    fn geometry(&mut self, inside: Option<u32>) -> Result<GeometryValue, String> {
        let head = self.head()?;
        if inside.is_some_and(|kind| kind != head.kind) {
            return Err("a part is of another kind than its whole".into());
        }
        Ok(match head.kind {
            POINT => GeometryValue::Point { coordinates: self.position(head)? },
            LINE => GeometryValue::LineString { coordinates: self.line(head)? },
            POLYGON => GeometryValue::Polygon { coordinates: self.rings(head)? },
            4 => GeometryValue::MultiPoint {
                coordinates: self.parts(head, POINT, |part| match part {
                    GeometryValue::Point { coordinates } => Some(coordinates),
                    _ => None,
                })?,
            },
            5 => GeometryValue::MultiLineString {
                coordinates: self.parts(head, LINE, |part| match part {
                    GeometryValue::LineString { coordinates } => Some(coordinates),
                    _ => None,
                })?,
            },
            6 => GeometryValue::MultiPolygon {
                coordinates: self.parts(head, POLYGON, |part| match part {
                    GeometryValue::Polygon { coordinates } => Some(coordinates),
                    _ => None,
                })?,
            },
            7 => return Err("the geometry is a collection".into()),
            other => return Err(format!("{other} is no kind of geometry")),
        })
    }

    fn parts<T>(&mut self, head: Head, kind: u32, of: impl Fn(GeometryValue) -> Option<T>) -> Result<Vec<T>, String> {
        let count = self.whole(head)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            parts.extend(of(self.geometry(Some(kind))?));
        }
        Ok(parts)
    }

    fn rings(&mut self, head: Head) -> Result<Vec<Vec<Position>>, String> {
        let count = self.whole(head)?;
        let mut rings = Vec::new();
        for _ in 0..count {
            rings.push(self.line(head)?);
        }
        Ok(rings)
    }

    fn line(&mut self, head: Head) -> Result<Vec<Position>, String> {
        let count = self.whole(head)?;
        let mut line = Vec::new();
        for _ in 0..count {
            line.push(self.position(head)?);
        }
        Ok(line)
    }

    fn position(&mut self, head: Head) -> Result<Position, String> {
        let place = [self.number(head)?, self.number(head)?];
        for _ in 2..head.numbers {
            self.number(head)?;
        }
        Ok(Position::from(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::testkit::polygon;

    fn point(order: u8, code: u32, numbers: &[f64]) -> Vec<u8> {
        let mut bytes = vec![order];
        let little = order == 1;
        bytes.extend(if little { code.to_le_bytes() } else { code.to_be_bytes() });
        numbers.iter().for_each(|n| bytes.extend(if little { n.to_le_bytes() } else { n.to_be_bytes() }));
        bytes
    }

    #[test]
    fn points_in_every_dress() {
        let at = GeometryValue::Point { coordinates: Position::from([105.5, 21.25]) };
        assert_eq!(geometry_of(&point(1, 1, &[105.5, 21.25])).unwrap(), at);
        assert_eq!(geometry_of(&point(0, 1, &[105.5, 21.25])).unwrap(), at);
        // ISO with height, with both; EWKB with height.
        assert_eq!(geometry_of(&point(1, 1001, &[105.5, 21.25, 7.0])).unwrap(), at);
        assert_eq!(geometry_of(&point(1, 3001, &[105.5, 21.25, 7.0, 8.0])).unwrap(), at);
        assert_eq!(geometry_of(&point(1, 0x8000_0001, &[105.5, 21.25, 7.0])).unwrap(), at);
        // EWKB with the number of its system: 5 bytes of head, then 4 of EPSG:4326.
        let mut with_srid = point(1, 0x2000_0001, &[]);
        with_srid.extend(4326_u32.to_le_bytes());
        with_srid.extend([105.5, 21.25].iter().flat_map(|n: &f64| n.to_le_bytes()));
        assert_eq!(geometry_of(&with_srid).unwrap(), at);
    }

    #[test]
    fn what_the_writer_writes_is_read() {
        let mut square = polygon(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]);
        square.interiors_push(crate::ingest::testkit::ring(&[(1.0, 1.0), (1.0, 2.0), (2.0, 2.0)]));
        let shape =
            geo::Geometry::MultiPolygon(geo::MultiPolygon(vec![square, polygon(&[(5., 5.), (6., 5.), (6., 6.)])]));
        let mut bytes = Vec::new();
        wkb::writer::write_geometry(&mut bytes, &shape, &wkb::writer::WriteOptions::default()).unwrap();
        assert_eq!(geometry_of(&bytes).unwrap(), GeometryValue::from(&shape));
        // Cut anywhere it is refused, never a panic.
        assert!((0..bytes.len()).all(|end| geometry_of(&bytes[..end]).is_err()));
    }

    #[test]
    fn what_is_no_geometry_is_refused() {
        assert!(geometry_of(&[]).unwrap_err().contains("end early"));
        assert!(geometry_of(&point(2, 1, &[])).unwrap_err().contains("byte order 2"));
        assert!(geometry_of(&point(1, 99, &[])).unwrap_err().contains("no kind"));
        assert!(geometry_of(&point(1, 9001, &[])).unwrap_err().contains("no kind"));
        assert!(geometry_of(&point(1, 1, &[1.0, 2.0, 3.0])).unwrap_err().contains("8 bytes too many"));
        // Four thousand million corners are announced and none comes.
        let mut long = point(1, 2, &[]);
        long.extend(u32::MAX.to_le_bytes());
        assert!(geometry_of(&long).unwrap_err().contains("end early"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), kind in 0_u8..8) {
            let _ = geometry_of(&bytes);
            // With a head that is one, so that the rest is looked at.
            let headed: Vec<u8> = [1, kind, 0, 0, 0, 2, 0, 0, 0].into_iter().chain(bytes).collect();
            let _ = geometry_of(&headed);
        }
    }
}
