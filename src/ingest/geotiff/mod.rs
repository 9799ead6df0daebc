//! One band of a GeoTIFF, read row by row and only where it is asked for.
//!
//! A national raster at 100 m has hundreds of millions of pixels; only the strips or tiles under the study area are
//! decoded, one band of chunks at a time, and of uncompressed ones only the pixels asked for are read. Sizes in the
//! header never decide how much memory is taken.

mod crs;
mod direct;
mod georef;
mod header;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};

use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffFormatError};

use crate::error::{Error, Fault, Result};
use crate::limits::RASTER_PACKING;
pub use crs::Crs;
use direct::Direct;
use georef::GeoTags;
pub use georef::Grid;

/// The most bytes that one decoded strip or tile may take.
const CHUNK_BYTES: usize = 256 << 20;
/// The most bytes that the decoded chunks of one band may take together.
const BAND_BYTES: u64 = 1 << 30;
/// What any chunk may unpack to, in bytes.
const CHUNK_ALLOWANCE: u64 = 1 << 20;
/// Memory for the values of one tag, in bytes: offsets of 8 million chunks, 32 bytes each while they are decoded.
const TAG_BYTES: u64 = 256 << 20;

/// An open GeoTIFF of one band, not rotated.
pub struct Raster<R: Read + Seek = BufReader<File>> {
    path: PathBuf,
    decoder: Decoder<R>,
    grid: Grid,
    crs: Crs,
    /// The first row of the file is the southernmost.
    south_up: bool,
    nodata: Option<f64>,
    /// How to read pixels without decoding, for files that allow it.
    direct: Option<Direct>,
    /// Width and height of a chunk, a strip or a tile, cut to the image.
    chunk: (u32, u32),
    /// Width of a chunk with what sticks out of the image: pixels from one of its rows to the next.
    stride: u32,
    /// Compressed size of each chunk; 0 for one that was left out of a sparse file.
    chunk_bytes: Vec<u64>,
    /// Bytes of one pixel.
    pixel_bytes: u64,
    /// Bytes of the file.
    length: u64,
    /// The band of chunks that the last row came from: its number, and its decoded chunks by column.
    band: (u32, BTreeMap<u32, Option<DecodingResult>>),
}

impl Raster {
    /// Opens a GeoTIFF and checks its header; no pixel is read.
    ///
    /// # Errors
    /// Not a TIFF or cut short (`population::tiff`, `population::truncated`), several bands (`population::bands`), a
    /// kind of pixel other than 8 to 64 bit numbers or scaled ones (`population::pixels`), a CRS that is not read
    /// (`population::crs`), no or unfit georeferencing (`population::georeference`, `population::rotated`,
    /// `population::extent`).
    pub fn open(path: &Path) -> Result<Raster> {
        let file = crate::files::open(path).map_err(|e| Fault::io("open", path, &e))?;
        let length = file.metadata().map_err(|e| Fault::io("read", path, &e))?.len();
        Self::from_reader(path, BufReader::new(file), length)
    }
}

impl<R: Read + Seek> Raster<R> {
    /// As [`Raster::open`], from any reader of `length` bytes; `path` is the name by which faults call it.
    ///
    /// # Errors
    /// As [`Raster::open`].
    pub fn from_reader(path: &Path, reader: R, length: u64) -> Result<Self> {
        Self::checked(path, reader, length).map_err(|fault| Error::from(fault.file(path)))
    }

    fn checked(path: &Path, mut reader: R, length: u64) -> Result<Self, Fault> {
        header::check_tags(&mut reader, length)?;
        let mut limits = Limits::default();
        // A tag cannot have more values than the file has bytes; while it is decoded each takes 32 bytes. tiff 0.11 looks at
        // no limit for tags but this one.
        let tag_bytes = length.saturating_mul(32).saturating_add(4096).min(TAG_BYTES);
        limits.decoding_buffer_size = usize::try_from(tag_bytes).unwrap_or(usize::MAX);
        limits.intermediate_buffer_size = CHUNK_BYTES;
        limits.ifd_value_size = limits.decoding_buffer_size;
        let mut decoder = Decoder::new(reader).map_err(told)?.with_limits(limits);
        let (width, height) = decoder.dimensions().map_err(told)?;
        let samples: u16 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(told)?.unwrap_or(1);
        if samples != 1 {
            return Err(Fault::new("population::bands", format!("the raster has {samples} bands"))
                .help("keep the band with the number of people: `gdal_translate -b 1 in.tif out.tif`"));
        }
        let bits = match decoder.colortype().map_err(told)? {
            ColorType::Gray(bits @ (8 | 16 | 32 | 64)) => bits,
            other => {
                return Err(Fault::new(
                    "population::pixels",
                    format!("pixels of kind {other:?} are not numbers of people"),
                )
                .help("rewrite it as `gdal_translate -ot Float32 in.tif out.tif`"));
            }
        };
        let white_is_zero = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(told)? == Some(0);
        if white_is_zero {
            return Err(Fault::new("population::pixels", "the pixels are stored inverted (white is zero)")
                .help("rewrite it as `gdal_translate -co PHOTOMETRIC=MINISBLACK in.tif out.tif`"));
        }
        let mut doubles = |tag| decoder.find_tag(tag)?.map(|v| v.into_f64_vec()).transpose();
        let geo = GeoTags {
            scale: doubles(Tag::ModelPixelScaleTag).map_err(told)?,
            tie: doubles(Tag::ModelTiepointTag).map_err(told)?,
            matrix: doubles(Tag::ModelTransformationTag).map_err(told)?,
            directory: decoder
                .find_tag(Tag::GeoKeyDirectoryTag)
                .and_then(|v| v.map(|v| v.into_u16_vec()).transpose())
                .map_err(told)?,
            ascii: decoder.get_tag_ascii_string(Tag::GeoAsciiParamsTag).unwrap_or_default(),
        };
        let reference = geo.reference(width, height)?;
        if let Ok(metadata) = decoder.get_tag_ascii_string(Tag::Unknown(GDAL_METADATA)) {
            refuse_scaled(&metadata)?;
        }
        let nodata = match decoder.get_tag_ascii_string(Tag::GdalNodata) {
            Err(_) => None,
            Ok(text) => {
                let text = text.trim_matches(['\0', ' ']);
                let value = text.parse::<f64>().map_err(|_| {
                    Fault::new("population::nodata", format!("the nodata value `{text}` is not a number"))
                        .help("set it with `gdal_edit -a_nodata -99999 file.tif`")
                })?;
                Some(value)
            }
        };
        let bytes_tag = match decoder.get_chunk_type() {
            ChunkType::Strip => Tag::StripByteCounts,
            ChunkType::Tile => Tag::TileByteCounts,
        };
        let chunk_bytes = decoder.get_tag_u64_vec(bytes_tag).map_err(told)?;
        let direct = Direct::of(&mut decoder, bits)?;
        let chunk = decoder.chunk_dimensions();
        if chunk.0 == 0 || chunk.1 == 0 {
            return Err(no_chunks());
        }
        let mut limits = Limits::default();
        limits.decoding_buffer_size = CHUNK_BYTES;
        limits.intermediate_buffer_size = CHUNK_BYTES;
        Ok(Raster {
            path: path.to_owned(),
            decoder: decoder.with_limits(limits),
            length,
            grid: reference.grid,
            crs: reference.crs,
            south_up: reference.south_up,
            nodata,
            direct,
            chunk: (chunk.0.min(width), chunk.1.min(height)),
            stride: chunk.0,
            chunk_bytes,
            pixel_bytes: u64::from(bits) / 8,
            band: (u32::MAX, BTreeMap::new()),
        })
    }

    /// The system of the grid's coordinates.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Where the pixels lie, in the plane of [`Raster::crs`].
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Reads the pixels `columns` of one row, counted from the north, into `out`, which is emptied first. A pixel without a value (nodata, NaN)
    /// comes as NaN. Rows are read fastest from north to south.
    ///
    /// # Errors
    /// `population::truncated` or `population::tiff` when the pixels cannot be decoded, `population::chunks` when
    /// strips or tiles are too large to be read piece by piece.
    pub fn read_row(&mut self, row: u32, columns: Range<u32>, out: &mut Vec<f64>) -> Result<()> {
        out.clear();
        let columns = columns.start..columns.end.min(self.grid.width);
        if row >= self.grid.height || columns.is_empty() {
            return Ok(());
        }
        let (chunk_width, chunk_height) = self.chunk;
        let row = if self.south_up { self.grid.height - 1 - row } else { row };
        let band = row / chunk_height;
        if self.band.0 != band {
            self.band = (band, BTreeMap::new());
        }
        let across = self.grid.width.div_ceil(chunk_width);
        for chunk_column in columns.start / chunk_width..=(columns.end - 1) / chunk_width {
            if self.direct.is_some() {
                let west = chunk_column * chunk_width;
                let first = columns.start.max(west) - west;
                let end = columns.end.min(west.saturating_add(chunk_width)) - west;
                let index = u64::from(band) * u64::from(across) + u64::from(chunk_column);
                let start = u64::from(row - band * chunk_height) * u64::from(self.stride) + u64::from(first);
                self.read_direct(index, start, (end - first) as usize, out).map_err(|f| f.file(&self.path))?;
                continue;
            }
            if !self.band.1.contains_key(&chunk_column) {
                let decoded = self.decode(band, chunk_column, across).map_err(|fault| fault.file(&self.path))?;
                self.band.1.insert(chunk_column, decoded);
            }
            let west = chunk_column * chunk_width;
            let data_width = chunk_width.min(self.grid.width - west);
            let first = columns.start.max(west) - west;
            let end = columns.end.min(west.saturating_add(data_width)) - west;
            let start = (row - band * chunk_height) as usize * self.stride as usize;
            let wanted = start + first as usize..start + end as usize;
            match self.band.1.get(&chunk_column) {
                Some(Some(values)) => {
                    if !push(values, wanted, self.nodata, out) {
                        return Err(no_chunks().file(&self.path).into());
                    }
                }
                _ => out.extend(std::iter::repeat_n(f64::NAN, wanted.len())),
            }
        }
        Ok(())
    }

    /// Appends `count` pixels of an uncompressed chunk from pixel `start` of it on.
    fn read_direct(&mut self, index: u64, start: u64, count: usize, out: &mut Vec<f64>) -> Result<(), Fault> {
        let size = *usize::try_from(index).ok().and_then(|i| self.chunk_bytes.get(i)).ok_or_else(no_chunks)?;
        let Some(direct) = self.direct.as_mut() else { return Err(no_chunks()) };
        if size == 0 {
            out.extend(std::iter::repeat_n(f64::NAN, count));
            return Ok(());
        }
        let from = start.saturating_mul(self.pixel_bytes);
        if from.saturating_add(count as u64 * self.pixel_bytes) > size {
            return Err(no_chunks());
        }
        let values = direct.read(self.decoder.inner(), index, from, count)?;
        if push(values, 0..count, self.nodata, out) { Ok(()) } else { Err(no_chunks()) }
    }

    /// Decodes one chunk; `None` for one that a sparse file leaves out.
    fn decode(&mut self, band: u32, column: u32, across: u32) -> Result<Option<DecodingResult>, Fault> {
        let index = u64::from(band) * u64::from(across) + u64::from(column);
        let index = u32::try_from(index).map_err(|_| no_chunks())?;
        match self.chunk_bytes.get(index as usize) {
            None => return Err(no_chunks()),
            Some(0) => return Ok(None),
            Some(_) => {}
        }
        let row_bytes = u64::from(self.stride) * self.pixel_bytes;
        let one = row_bytes.saturating_mul(self.chunk.1.into());
        let packed = self.chunk_bytes.get(index as usize).copied().unwrap_or(0);
        // The decoder sets all of the chunk's memory aside before it sees its bytes.
        if one > packed.min(self.length).saturating_mul(RASTER_PACKING).saturating_add(CHUNK_ALLOWANCE) {
            return Err(Fault::new(
                "population::chunks",
                format!("a strip or tile of {packed} bytes claims to unpack to {one}, more than any packing reaches"),
            )
            .place(format!("strip or tile {index}"))
            .help("the file seems to be damaged; download or write it again"));
        }
        if one.saturating_mul(self.band.1.len() as u64 + 1) > BAND_BYTES {
            return Err(too_large());
        }
        // Rows are read with their padding: to skip it, tiff 0.11 loses its place in LZW tiles at the east edge
        // (https://github.com/image-rs/image-tiff/issues/395).
        let row_bytes = usize::try_from(row_bytes).map_err(|_| too_large())?;
        let mut values = DecodingResult::U8(Vec::new());
        self.decoder.read_chunk_to_buffer(&mut values, index, row_bytes).map_err(told)?;
        Ok(Some(values))
    }
}

/// The number of GDAL's tag of metadata as XML.
const GDAL_METADATA: u16 = 42112;

/// Pixels that stand for scaled numbers would be counted wrongly.
fn refuse_scaled(metadata: &str) -> Result<(), Fault> {
    for (role, neutral) in [("scale", 1.0), ("offset", 0.0)] {
        let items = metadata.split("<Item ").filter(|item| item.contains(&format!("role=\"{role}\"")));
        for item in items {
            let value = item.split_once('>').and_then(|(_, rest)| rest.split_once('<')).map_or("", |(v, _)| v.trim());
            if value.parse::<f64>().ok() != Some(neutral) {
                return Err(Fault::new("population::pixels", format!("the pixels are scaled ({role} {value})"))
                    .help("write the numbers themselves: `gdal_translate -unscale -ot Float32 in.tif out.tif`"));
            }
        }
    }
    Ok(())
}

/// Appends a range of a chunk's values, nodata as NaN. False when the chunk is shorter than the range.
fn push(chunk: &DecodingResult, range: Range<usize>, nodata: Option<f64>, out: &mut Vec<f64>) -> bool {
    /// `nodata` is compared in the pixel's own type: −3.4028235e38 in the tag is the smallest f32.
    fn each<T: Copy>(
        values: &[T],
        range: Range<usize>,
        out: &mut Vec<f64>,
        value: impl Fn(T) -> f64,
        nodata: Option<f64>,
    ) -> bool {
        let Some(values) = values.get(range) else { return false };
        out.extend(values.iter().map(|&v| {
            let v = value(v);
            if Some(v) == nodata { f64::NAN } else { v }
        }));
        true
    }
    let as_f32 = nodata.map(|n| f64::from(n as f32));
    match chunk {
        DecodingResult::U8(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::U16(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::U32(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::U64(v) => each(v, range, out, |n| n as f64, nodata),
        DecodingResult::I8(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::I16(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::I32(v) => each(v, range, out, f64::from, nodata),
        DecodingResult::I64(v) => each(v, range, out, |n| n as f64, nodata),
        DecodingResult::F16(v) => each(v, range, out, |n| f64::from(n.to_f32()), as_f32),
        DecodingResult::F32(v) => each(v, range, out, f64::from, as_f32),
        DecodingResult::F64(v) => each(v, range, out, |n| n, nodata),
    }
}

fn no_chunks() -> Fault {
    Fault::new("population::tiff", "the strips or tiles do not match the size of the image")
        .help("the file seems to be damaged; download or write it again")
}

fn too_large() -> Fault {
    Fault::new("population::chunks", "the strips or tiles are too large to read the raster piece by piece")
        .help("rewrite it in tiles: `gdal_translate -co TILED=YES -co COMPRESS=DEFLATE in.tif out.tif`")
}

/// A decoder's error as a fault; the file is named by the caller.
fn told(error: TiffError) -> Fault {
    match error {
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Fault::new("population::truncated", "the file ends before its pixels do")
                .help("it seems to be cut short; download or write it again")
        }
        TiffError::FormatError(TiffFormatError::TiffSignatureNotFound | TiffFormatError::TiffSignatureInvalid) => {
            Fault::new("population::tiff", "not a TIFF file").help("give a GeoTIFF (.tif) with the number of people")
        }
        TiffError::LimitsExceeded | TiffError::IntSizeError => too_large(),
        TiffError::UnsupportedError(e) => Fault::new("population::tiff", format!("this kind of TIFF is not read: {e}"))
            .help("rewrite it: `gdal_translate -co COMPRESS=DEFLATE in.tif out.tif`"),
        other => Fault::new("population::tiff", format!("the TIFF cannot be decoded: {other}"))
            .help("the file seems to be damaged; download or write it again"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
