//! What the tests of this folder share.

use std::io::{Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use geo::{Coord, LineString, MultiPolygon, Polygon};
use tiff::encoder::colortype::ColorType;
use tiff::encoder::{Compression, DirectoryEncoder, Predictor, TiffEncoder, TiffKind, TiffValue};
use tiff::tags::Tag;

/// A file of the real data that stands beside the project, or `None` with the reason printed.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GANDAN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join("data").join(file);
    if path.is_file() {
        Some(path)
    } else {
        println!("skipped: {} is not there (set GANDAN_SHARED)", path.display());
        None
    }
}

/// A polygon without holes.
pub(crate) fn polygon(corners: &[(f64, f64)]) -> Polygon<f64> {
    Polygon::new(ring(corners), vec![])
}

/// A ring; `geo` closes it when it becomes part of a polygon.
pub(crate) fn ring(corners: &[(f64, f64)]) -> LineString<f64> {
    LineString(corners.iter().map(|&(x, y)| Coord { x, y }).collect())
}

/// A box as a study area.
pub(crate) fn rectangle(west: f64, south: f64, east: f64, north: f64) -> MultiPolygon<f64> {
    MultiPolygon(vec![polygon(&[(west, south), (east, south), (east, north), (west, north)])])
}

/// Writes a file into a fresh folder, which lives as long as the returned guard.
pub(crate) fn file(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// A small GeoTIFF with square pixels, made by the encoder of the `tiff` crate.
pub(crate) struct TestTiff {
    pub(crate) west: f64,
    pub(crate) north: f64,
    pub(crate) pixel: f64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) nodata: Option<&'static str>,
    /// Key, location, count, value of each GeoKey.
    pub(crate) keys: Vec<[u16; 4]>,
    pub(crate) compression: Compression,
    pub(crate) predictor: Predictor,
    pub(crate) rows_per_strip: u32,
    /// The first row lies in the south, said by a transformation as GDAL does.
    pub(crate) south_up: bool,
    /// The predictor of ready tiles, in TIFF's own number.
    pub(crate) tile_predictor: u16,
}

impl TestTiff {
    /// Pixels of 0.1 degrees from 105° E, 21° N in EPSG:4326, uncompressed, a strip a row.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        TestTiff {
            west: 105.0,
            north: 21.0,
            pixel: 0.1,
            width,
            height,
            nodata: None,
            keys: vec![[1024, 0, 1, 2], [1025, 0, 1, 1], [2048, 0, 1, 4326]],
            compression: Compression::Uncompressed,
            predictor: Predictor::None,
            rows_per_strip: 1,
            south_up: false,
            tile_predictor: 1,
        }
    }

    fn tag<W: Write + Seek, K: TiffKind>(&self, directory: &mut DirectoryEncoder<'_, W, K>) {
        let mut keys = vec![1, 1, 0, self.keys.len() as u16];
        keys.extend(self.keys.iter().flatten());
        directory.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
        if self.south_up {
            let south = self.north - f64::from(self.height) * self.pixel;
            let mut matrix = [0.0; 16];
            (matrix[0], matrix[3], matrix[5], matrix[7], matrix[15]) = (self.pixel, self.west, self.pixel, south, 1.0);
            directory.write_tag(Tag::ModelTransformationTag, &matrix[..]).unwrap();
        } else {
            directory.write_tag(Tag::ModelPixelScaleTag, &[self.pixel, self.pixel, 0.0][..]).unwrap();
            directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, self.west, self.north, 0.0][..]).unwrap();
        }
        if let Some(nodata) = self.nodata {
            directory.write_tag(Tag::GdalNodata, nodata).unwrap();
        }
    }

    /// The bytes of the file in strips.
    pub(crate) fn bytes<C: ColorType>(&self, data: &[C::Inner]) -> Vec<u8>
    where
        [C::Inner]: TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let encoder = TiffEncoder::new(&mut out).unwrap();
        self.write::<C, _, _>(encoder, data);
        out.into_inner()
    }

    /// As [`TestTiff::bytes`], as a BigTIFF.
    pub(crate) fn big<C: ColorType>(&self, data: &[C::Inner]) -> Vec<u8>
    where
        [C::Inner]: TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let encoder = TiffEncoder::new_big(&mut out).unwrap();
        self.write::<C, _, _>(encoder, data);
        out.into_inner()
    }

    fn write<C: ColorType, W: Write + Seek, K: TiffKind>(&self, encoder: TiffEncoder<W, K>, data: &[C::Inner])
    where
        [C::Inner]: TiffValue,
    {
        let mut encoder = encoder.with_compression(self.compression).with_predictor(self.predictor);
        let mut image = encoder.new_image::<C>(self.width, self.height).unwrap();
        image.rows_per_strip(self.rows_per_strip).unwrap();
        self.tag(image.encoder());
        image.write_data(data).unwrap();
    }

    /// The bytes of the file in uncompressed f32 tiles of 16 by 16. A tile whose pixels are all 0 is left out, as in
    /// GDAL's sparse files.
    pub(crate) fn tiled(&self, data: &[f32]) -> Vec<u8> {
        let mut tiles = Vec::new();
        for top in (0..self.height).step_by(16) {
            for left in (0..self.width).step_by(16) {
                let mut tile = vec![0.0f32; 256];
                for y in 0..16.min(self.height - top) {
                    for x in 0..16.min(self.width - left) {
                        tile[(y * 16 + x) as usize] = data[((top + y) * self.width + left + x) as usize];
                    }
                }
                let sparse = tile.iter().all(|v| *v == 0.0);
                tiles.push(if sparse { vec![] } else { tile.iter().flat_map(|v| v.to_ne_bytes()).collect() });
            }
        }
        self.of_tiles((16, 16), (32, 3, 1), &tiles)
    }

    /// The bytes of a file of ready tiles of a width and height; `kind` is the bits, the sample format and the
    /// compression, in TIFF's own numbers.
    pub(crate) fn of_tiles(&self, size: (u32, u32), kind: (u16, u16, u16), tiles: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap();
        let mut directory = encoder.image_directory().unwrap();
        let mut place =
            |tile: &Vec<u8>| if tile.is_empty() { 0 } else { directory.write_data(&tile[..]).unwrap() as u32 };
        let offsets: Vec<u32> = tiles.iter().map(&mut place).collect();
        let counts: Vec<u32> = tiles.iter().map(|tile| tile.len() as u32).collect();
        directory.write_tag(Tag::ImageWidth, self.width).unwrap();
        directory.write_tag(Tag::ImageLength, self.height).unwrap();
        directory.write_tag(Tag::BitsPerSample, kind.0).unwrap();
        directory.write_tag(Tag::SampleFormat, kind.1).unwrap();
        directory.write_tag(Tag::SamplesPerPixel, 1u16).unwrap();
        directory.write_tag(Tag::PhotometricInterpretation, 1u16).unwrap();
        directory.write_tag(Tag::Compression, kind.2).unwrap();
        directory.write_tag(Tag::Predictor, self.tile_predictor).unwrap();
        directory.write_tag(Tag::TileWidth, size.0).unwrap();
        directory.write_tag(Tag::TileLength, size.1).unwrap();
        directory.write_tag(Tag::TileOffsets, &offsets[..]).unwrap();
        directory.write_tag(Tag::TileByteCounts, &counts[..]).unwrap();
        self.tag(&mut directory);
        directory.finish().unwrap();
        out.into_inner()
    }
}
