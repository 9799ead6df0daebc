use std::io::Cursor;

use tiff::encoder::colortype::{ColorType, Gray8, Gray16, Gray32, Gray32Float, Gray64Float, GrayI16, GrayI32, RGB8};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Predictor, TiffValue};

use super::*;
use crate::ingest::testkit::TestTiff;

fn rows(bytes: &[u8], columns: Range<u32>) -> Result<Vec<Vec<f64>>> {
    let mut raster = Raster::from_reader(Path::new("people.tif"), Cursor::new(bytes), bytes.len() as u64)?;
    let mut row = Vec::new();
    (0..raster.grid().height)
        .map(|y| raster.read_row(y, columns.clone(), &mut row).map(|()| row.clone()))
        .collect::<Result<_>>()
}

fn code(bytes: &[u8]) -> &'static str {
    rows(bytes, 0..u32::MAX).unwrap_err().faults()[0].code
}

/// A 3 by 2 raster of 0, 1, 2 over 3, 4, 5 in any kind of pixel.
fn six<C: ColorType>(values: [C::Inner; 6], compression: Compression)
where
    [C::Inner]: TiffValue,
{
    let tiff = TestTiff { compression, ..TestTiff::new(3, 2) };
    assert_eq!(rows(&tiff.bytes::<C>(&values), 0..3).unwrap(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
}

#[test]
fn all_kinds_of_pixels_and_compressions_are_read() {
    for compression in [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Deflate(DeflateLevel::Balanced),
        Compression::Packbits,
    ] {
        six::<Gray8>([0, 1, 2, 3, 4, 5], compression);
        six::<Gray16>([0, 1, 2, 3, 4, 5], compression);
        six::<Gray32>([0, 1, 2, 3, 4, 5], compression);
        six::<GrayI16>([0, 1, 2, 3, 4, 5], compression);
        six::<GrayI32>([0, 1, 2, 3, 4, 5], compression);
        six::<Gray32Float>([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], compression);
        six::<Gray64Float>([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], compression);
    }
}

#[test]
fn the_horizontal_predictor_is_undone() {
    let tiff = TestTiff { predictor: Predictor::Horizontal, compression: Compression::Lzw, ..TestTiff::new(4, 1) };
    assert_eq!(rows(&tiff.bytes::<Gray16>(&[7, 5, 300, 1]), 1..3).unwrap(), [[5.0, 300.0]]);
}

#[test]
fn a_window_crosses_strips_of_several_rows() {
    // Pixel (x, y) holds 10 y + x; strips of 2 rows, the last has one.
    let tiff = TestTiff { rows_per_strip: 2, ..TestTiff::new(4, 5) };
    let data: Vec<f32> = (0..5).flat_map(|y| (0..4).map(move |x| (10 * y + x) as f32)).collect();
    let read = rows(&tiff.bytes::<Gray32Float>(&data), 1..3).unwrap();
    assert_eq!(read, [[1.0, 2.0], [11.0, 12.0], [21.0, 22.0], [31.0, 32.0], [41.0, 42.0]]);
}

#[test]
fn a_window_crosses_tiles_and_a_missing_tile_has_no_values() {
    // 40 by 20 pixels in tiles of 16: 3 across, 2 down. Pixel (x, y) holds 100 y + x + 1, but the tile from (16, 0) on
    // is all 0 and so left out.
    let tiff = TestTiff::new(40, 20);
    let data: Vec<f32> = (0..20)
        .flat_map(|y| {
            (0..40).map(move |x| if (16..32).contains(&x) && y < 16 { 0.0 } else { (100 * y + x + 1) as f32 })
        })
        .collect();
    let read = rows(&tiff.tiled(&data), 14..34).unwrap();
    assert_eq!(read[3][..2], [315.0, 316.0]);
    assert!(read[3][2..18].iter().all(|v| v.is_nan()));
    assert_eq!(read[3][18..], [333.0, 334.0]);
    let expected: Vec<f64> = (14..34).map(|x| f64::from(1900 + x + 1)).collect();
    assert_eq!(read[19], expected);
}

#[test]
fn nodata_is_compared_in_the_pixels_own_type() {
    let tiff = TestTiff { nodata: Some("3.4028234663852886e+38"), ..TestTiff::new(3, 1) };
    let read = rows(&tiff.bytes::<Gray32Float>(&[f32::MAX, f32::NAN, 2.5]), 0..3).unwrap();
    assert!(read[0][0].is_nan() && read[0][1].is_nan());
    assert_eq!(read[0][2], 2.5);
    let bytes = TestTiff { nodata: Some("255"), ..TestTiff::new(2, 1) }.bytes::<Gray8>(&[255, 254]);
    assert!(rows(&bytes, 0..2).unwrap()[0][0].is_nan());
    let bytes = TestTiff { nodata: Some("none"), ..TestTiff::new(2, 1) }.bytes::<Gray8>(&[1, 2]);
    assert_eq!(code(&bytes), "population::nodata");
}

#[test]
fn what_is_no_raster_of_people_is_told() {
    assert_eq!(code(b""), "population::tiff");
    assert_eq!(code(b"lon,lat,persons\n"), "population::tiff");
    assert_eq!(code(&TestTiff::new(1, 1).bytes::<RGB8>(&[1, 2, 3])), "population::bands");
    let utm = TestTiff { keys: vec![[1024, 0, 1, 1], [3072, 0, 1, 32648]], ..TestTiff::new(1, 1) };
    assert_eq!(code(&utm.bytes::<Gray8>(&[1])), "population::crs");
    assert_eq!(Raster::open(Path::new("nowhere.tif")).err().unwrap().faults()[0].code, "io");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    // Tiles stand before the directory, so that every cut misses something.
    let tiff = TestTiff::new(40, 20);
    let data: Vec<f32> = (0..800).map(|i| i as f32 + 1.0).collect();
    let bytes = tiff.tiled(&data);
    for length in (0..bytes.len() - 1).step_by(7) {
        assert!(rows(&bytes[..length], 0..40).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn no_changed_byte_makes_it_panic() {
    let tiff = TestTiff { compression: Compression::Lzw, rows_per_strip: 2, ..TestTiff::new(4, 5) };
    let strips = tiff.bytes::<Gray32Float>(&[1.5; 20]);
    let tiles = TestTiff::new(18, 3).tiled(&[2.0; 54]);
    for sound in [strips, tiles] {
        for at in 0..sound.len() {
            for value in [0x00, 0x01, 0x7f, 0xff] {
                let mut bytes = sound.clone();
                bytes[at] = value;
                // Whatever comes is an answer; only a panic would be a fault of ours.
                let _ = rows(&bytes, 0..4);
            }
        }
    }
}

/// Where the entry of a tag begins in a little-endian classic TIFF.
fn entry(bytes: &[u8], tag: u16) -> usize {
    let directory = long(bytes, 4);
    (0..).map(|k| directory + 2 + 12 * k).find(|&e| u16::from_le_bytes([bytes[e], bytes[e + 1]]) == tag).unwrap()
}

fn long(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Overwrites the value of a LONG tag.
fn set(bytes: &mut [u8], tag: u16, value: u32) {
    let entry = entry(bytes, tag);
    assert_eq!(bytes[entry + 2], 4, "tag {tag} is no LONG");
    bytes[entry + 8..entry + 12].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn lzw_tiles_that_stick_out_at_the_east_edge_are_read() {
    // tiff 0.11 loses its place in such tiles where they are very regular (its issue 395). The tile comes from a file
    // of one LZW strip: tag 273 says where it begins, 279 how long it is.
    let tile = vec![7u8; 128 * 256];
    let strip = TestTiff { compression: Compression::Lzw, rows_per_strip: 256, ..TestTiff::new(128, 256) };
    let strip = strip.bytes::<Gray8>(&tile);
    let (start, length) = (long(&strip, entry(&strip, 273) + 8), long(&strip, entry(&strip, 279) + 8));
    let small = TestTiff { pixel: 0.01, ..TestTiff::new(111, 256) };
    let bytes = small.of_tiles((128, 256), (8, 1, 5), &[strip[start..start + length].to_vec()]);
    assert_eq!(rows(&bytes, 0..111).unwrap(), vec![vec![7.0; 111]; 256]);
}

#[test]
fn a_header_that_claims_a_giant_strip_takes_no_memory() {
    // One strip of 60,000 by 60,000 f32 would be 14.4 GB.
    let mut bytes = TestTiff { rows_per_strip: 5, ..TestTiff::new(4, 5) }.bytes::<Gray32Float>(&[1.0; 20]);
    for tag in [256, 257, 278] {
        set(&mut bytes, tag, 60_000);
    }
    // The pixels must stay on the Earth: 60,000 of them at 0.1 degrees do not.
    assert_eq!(code(&bytes), "population::extent");
    let small = TestTiff { pixel: 0.0001, rows_per_strip: 5, ..TestTiff::new(4, 5) };
    let mut bytes = small.bytes::<Gray32Float>(&[1.0; 20]);
    for tag in [256, 257, 278] {
        set(&mut bytes, tag, 60_000);
    }
    assert_eq!(code(&bytes), "population::chunks");
}
