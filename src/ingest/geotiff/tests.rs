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
    let odd = TestTiff { keys: vec![[1024, 0, 1, 1], [3072, 0, 1, 9]], ..TestTiff::new(1, 1) };
    assert_eq!(code(&odd.bytes::<Gray8>(&[1])), "population::crs");
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
    // Pixels without compression are read where they stand, and this strip is too short for them; to decode it would take
    // the memory.
    for (compression, expected) in
        [(Compression::Uncompressed, "population::tiff"), (Compression::Lzw, "population::chunks")]
    {
        let small = TestTiff { pixel: 0.0001, rows_per_strip: 5, compression, ..TestTiff::new(4, 5) };
        let mut bytes = small.bytes::<Gray32Float>(&[1.0; 20]);
        for tag in [256, 257, 278] {
            set(&mut bytes, tag, 60_000);
        }
        assert_eq!(code(&bytes), expected);
    }
}

#[test]
fn a_tile_that_claims_more_than_its_bytes_can_hold_takes_no_memory() {
    // A tile of 1,024 by 1,024 f64 is 8 MiB; 100 bytes of any packing reach 300,000 at most, and 1 MiB is allowed to all.
    for compression in [5, 8] {
        let small = TestTiff { pixel: 0.0001, ..TestTiff::new(1024, 1024) };
        let bytes = small.of_tiles((1024, 1024), (64, 3, compression), &[vec![0; 100]]);
        let error = rows(&bytes, 0..1).unwrap_err();
        let fault = &error.faults()[0];
        assert_eq!((fault.code, fault.place.as_deref()), ("population::chunks", Some("strip or tile 0")));
        assert!(fault.message.contains("100 bytes claims to unpack to 8388608"), "{}", fault.message);
    }
    // The count in the tag is no excuse: the file is not that long.
    let small = TestTiff { pixel: 0.0001, ..TestTiff::new(1024, 1024) };
    let mut bytes = small.of_tiles((1024, 1024), (64, 3, 5), &[vec![0; 100]]);
    set(&mut bytes, 325, u32::MAX);
    assert_eq!(code(&bytes), "population::chunks");
}

#[test]
fn tiles_of_one_value_pack_far_and_are_read() {
    // 1 MiB of zeros, deflated about a thousandfold: allowed.
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflated, &vec![0; 4 << 20]).unwrap();
    let packed = deflated.finish().unwrap();
    assert!(packed.len() < 5000);
    let small = TestTiff { pixel: 0.0001, ..TestTiff::new(1024, 1024) };
    let bytes = small.of_tiles((1024, 1024), (32, 3, 8), &[packed]);
    assert_eq!(rows(&bytes, 0..2).unwrap().len(), 1024);
}

#[test]
fn a_tag_that_claims_more_values_than_the_file_has_bytes_is_refused() {
    let mut bytes = TestTiff::new(4, 5).bytes::<Gray32Float>(&[1.0; 20]);
    // GeoKeyDirectory and ModelPixelScale: their count stands 4 bytes after the beginning of the entry.
    for tag in [34735, 33550] {
        let at = entry(&bytes, tag) + 4;
        bytes[at..at + 4].copy_from_slice(&4_000_000_u32.to_le_bytes());
        assert_eq!(code(&bytes), "population::tiff", "tag {tag}");
    }
}

#[test]
fn south_up_rows_come_from_the_north() {
    // Two strips of 2 rows and one of 1, and tiles; pixel (x, y) holds 10 y + x, where y counts from the south.
    let data: Vec<f32> = (0..5).flat_map(|y| (0..3).map(move |x| (10 * y + x) as f32)).collect();
    let expected = [[40.0, 41.0], [30.0, 31.0], [20.0, 21.0], [10.0, 11.0], [0.0, 1.0]];
    for compression in [Compression::Uncompressed, Compression::Lzw] {
        let tiff = TestTiff { south_up: true, rows_per_strip: 2, compression, ..TestTiff::new(3, 5) };
        let bytes = tiff.bytes::<Gray32Float>(&data);
        assert_eq!(rows(&bytes, 0..2).unwrap(), expected);
        let raster = Raster::from_reader(Path::new("a.tif"), Cursor::new(&bytes[..]), bytes.len() as u64).unwrap();
        // The same place as north-up.
        assert!((raster.grid().north - 21.0).abs() < 1e-12 && (raster.grid().south() - 20.5).abs() < 1e-12);
    }
    let tiff = TestTiff { south_up: true, ..TestTiff::new(3, 5) };
    assert_eq!(rows(&tiff.tiled(&data), 0..2).unwrap(), expected);
}

#[test]
fn big_tiffs_are_read() {
    for compression in [Compression::Uncompressed, Compression::Deflate(DeflateLevel::Fast)] {
        let tiff = TestTiff { rows_per_strip: 2, compression, ..TestTiff::new(2, 3) };
        let read = rows(&tiff.big::<Gray64Float>(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]), 0..2).unwrap();
        assert_eq!(read, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]);
    }
}

/// The bytes of a big-endian classic TIFF of one strip without compression, with the georeferencing of WGS 84.
fn big_endian(width: u16, height: u16, bits: u16, format: u16, pixels: &[u8]) -> Vec<u8> {
    let scale: Vec<u8> = [0.1f64, 0.1, 0.0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let tie: Vec<u8> = [0.0f64, 0.0, 0.0, 105.0, 21.0, 0.0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let keys: Vec<u8> = [1u16, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326].iter().flat_map(|v| v.to_be_bytes()).collect();
    // Tag, type, count, and either the value or what stands elsewhere.
    type Entry<'a> = (u16, u16, u32, Result<u32, &'a [u8]>);
    let entries: [Entry<'_>; 13] = [
        (256, 3, 1, Ok(u32::from(width) << 16)),
        (257, 3, 1, Ok(u32::from(height) << 16)),
        (258, 3, 1, Ok(u32::from(bits) << 16)),
        (259, 3, 1, Ok(1 << 16)),
        (262, 3, 1, Ok(1 << 16)),
        (273, 4, 1, Err(pixels)),
        (277, 3, 1, Ok(1 << 16)),
        (278, 3, 1, Ok(u32::from(height) << 16)),
        (279, 4, 1, Ok(pixels.len() as u32)),
        (339, 3, 1, Ok(u32::from(format) << 16)),
        (33550, 12, 3, Err(&scale)),
        (33922, 12, 6, Err(&tie)),
        (34735, 3, 12, Err(&keys)),
    ];
    let mut out = b"MM\0*\0\0\0\x08".to_vec();
    out.extend((entries.len() as u16).to_be_bytes());
    let mut after = 8 + 2 + 12 * entries.len() + 4;
    let mut tail: Vec<u8> = Vec::new();
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_be_bytes());
        out.extend(kind.to_be_bytes());
        out.extend(count.to_be_bytes());
        match value {
            Ok(value) => out.extend(value.to_be_bytes()),
            Err(bytes) => {
                out.extend((after as u32).to_be_bytes());
                tail.extend(bytes);
                after += bytes.len();
            }
        }
    }
    out.extend([0; 4]);
    out.extend(tail);
    out
}

#[test]
fn the_other_order_of_bytes_and_signed_and_long_pixels_are_read() {
    let f32s: Vec<u8> = [1.5f32, 2.5, 3.5, 4.5].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(rows(&big_endian(2, 2, 32, 3, &f32s), 0..2).unwrap(), [[1.5, 2.5], [3.5, 4.5]]);
    let f64s: Vec<u8> = [1.5f64, -2.5].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(rows(&big_endian(2, 1, 64, 3, &f64s), 0..2).unwrap(), [[1.5, -2.5]]);
    let i16s: Vec<u8> = [-7i16, 300].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(rows(&big_endian(2, 1, 16, 2, &i16s), 0..2).unwrap(), [[-7.0, 300.0]]);
    let u64s: Vec<u8> = [7u64, 1 << 40].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(rows(&big_endian(2, 1, 64, 1, &u64s), 0..2).unwrap(), [[7.0, 1_099_511_627_776.0]]);
    let i64s: Vec<u8> = [-7i64, 9].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(rows(&big_endian(2, 1, 64, 2, &i64s), 1..2).unwrap(), [[9.0]]);
    assert_eq!(rows(&big_endian(2, 1, 8, 2, &[0xff, 5]), 0..2).unwrap(), [[-1.0, 5.0]]);
    let mut cut = big_endian(2, 2, 32, 3, &f32s);
    // The pixels stand before scale, tie and keys; without their end the header is cut.
    cut.truncate(cut.len() - 30);
    assert!(rows(&cut, 0..2).is_err());
}

#[test]
fn the_floating_point_predictor_is_undone() {
    // One tile of 16 by 16: each row's bytes are sorted by significance, highest first, and then differenced (Adobe's
    // technical note 3 on TIFF, 2005).
    let data: Vec<f32> = (0..256).map(|i| i as f32 * 1.25 + 0.1).collect();
    let mut coded = Vec::new();
    for row in data.chunks(16) {
        let sorted: Vec<u8> = (0..4).flat_map(|byte| row.iter().map(move |v| v.to_be_bytes()[byte])).collect();
        coded.push(sorted[0]);
        coded.extend(sorted.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
    }
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut deflated, &coded).unwrap();
    let tiff = TestTiff { tile_predictor: 3, ..TestTiff::new(16, 16) };
    let bytes = tiff.of_tiles((16, 16), (32, 3, 8), &[deflated.finish().unwrap()]);
    let expected: Vec<Vec<f64>> = data.chunks(16).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect();
    assert_eq!(rows(&bytes, 0..16).unwrap(), expected);
}

#[test]
fn nodata_may_be_not_a_number() {
    for text in ["nan", "NaN", "-nan"] {
        let tiff = TestTiff { nodata: Some(text), ..TestTiff::new(2, 1) };
        let read = rows(&tiff.bytes::<Gray32Float>(&[f32::NAN, 3.0]), 0..2).unwrap();
        assert!(read[0][0].is_nan() && read[0][1] == 3.0, "{text}");
    }
}

#[test]
fn scaled_pixels_are_refused() {
    let item = |role: &str, value: &str| {
        format!("<GDALMetadata>\n  <Item name=\"X\" sample=\"0\" role=\"{role}\">{value}</Item>\n</GDALMetadata>")
    };
    assert!(refuse_scaled(&item("scale", "1")).is_ok() && refuse_scaled(&item("offset", "0")).is_ok());
    assert!(refuse_scaled(&item("unittype", "people")).is_ok() && refuse_scaled("").is_ok());
    assert_eq!(refuse_scaled(&item("scale", "0.1")).unwrap_err().code, "population::pixels");
    assert_eq!(refuse_scaled(&item("offset", "x")).unwrap_err().code, "population::pixels");
}
