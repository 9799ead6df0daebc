//! Pixels of uncompressed chunks, read where they stand in the file: a strip may be as large as the country.

use std::io::{Read, Seek, SeekFrom};

use tiff::decoder::{ChunkType, Decoder, DecodingResult};
use tiff::tags::{ByteOrder, Tag};

use super::{no_chunks, told};
use crate::error::Fault;

/// What stands at each place of a file without compression.
pub(super) struct Direct {
    /// Where each chunk begins.
    offsets: Vec<u64>,
    little_endian: bool,
    /// The pixels of the last reading; its variant is the kind of pixel.
    values: DecodingResult,
    bytes: Vec<u8>,
}

impl Direct {
    /// `None` for a file that is compressed, has a predictor or pixels of a rare kind.
    pub(super) fn of<R: Read + Seek>(decoder: &mut Decoder<R>, bits: u8) -> Result<Option<Direct>, Fault> {
        let mut number = |tag| decoder.find_tag_unsigned::<u16>(tag).map_err(told);
        let compression = number(Tag::Compression)?.unwrap_or(1);
        let predictor = number(Tag::Predictor)?.unwrap_or(1);
        let fill_order = number(Tag::FillOrder)?.unwrap_or(1);
        let format = decoder
            .find_tag_unsigned_vec::<u16>(Tag::SampleFormat)
            .map_err(told)?
            .map_or(1, |all| all.first().copied().unwrap_or(1));
        if compression != 1 || predictor != 1 || fill_order != 1 {
            return Ok(None);
        }
        let values = match (format, bits) {
            (1, 8) => DecodingResult::U8(Vec::new()),
            (1, 16) => DecodingResult::U16(Vec::new()),
            (1, 32) => DecodingResult::U32(Vec::new()),
            (1, 64) => DecodingResult::U64(Vec::new()),
            (2, 8) => DecodingResult::I8(Vec::new()),
            (2, 16) => DecodingResult::I16(Vec::new()),
            (2, 32) => DecodingResult::I32(Vec::new()),
            (2, 64) => DecodingResult::I64(Vec::new()),
            (3, 32) => DecodingResult::F32(Vec::new()),
            (3, 64) => DecodingResult::F64(Vec::new()),
            _ => return Ok(None),
        };
        let tag = match decoder.get_chunk_type() {
            ChunkType::Strip => Tag::StripOffsets,
            ChunkType::Tile => Tag::TileOffsets,
        };
        let offsets = decoder.get_tag_u64_vec(tag).map_err(told)?;
        let little_endian = matches!(decoder.byte_order(), ByteOrder::LittleEndian);
        Ok(Some(Direct { offsets, little_endian, values, bytes: Vec::new() }))
    }

    /// Reads `count` pixels of a chunk, `from` bytes after its beginning. `count` is at most the width of the image, and
    /// memory is taken only for what the file holds.
    pub(super) fn read<R: Read + Seek>(
        &mut self,
        file: &mut R,
        index: u64,
        from: u64,
        count: usize,
    ) -> Result<&DecodingResult, Fault> {
        let offset = usize::try_from(index).ok().and_then(|i| self.offsets.get(i)).ok_or_else(no_chunks)?;
        let failed = |e: std::io::Error| told(e.into());
        file.seek(SeekFrom::Start(offset.checked_add(from).ok_or_else(no_chunks)?)).map_err(failed)?;
        let little = self.little_endian;
        let bytes = &mut self.bytes;
        macro_rules! fill {
            ($values:ident, $kind:ty) => {{
                const SIZE: usize = size_of::<$kind>();
                bytes.clear();
                let wanted = count * SIZE;
                let found = file.take(wanted as u64).read_to_end(bytes).map_err(failed)?;
                if found < wanted {
                    return Err(told(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()));
                }
                let (whole, _) = bytes.as_chunks::<SIZE>();
                let of = if little { <$kind>::from_le_bytes } else { <$kind>::from_be_bytes };
                $values.clear();
                $values.extend(whole.iter().map(|&b| of(b)));
            }};
        }
        match &mut self.values {
            DecodingResult::U8(v) => fill!(v, u8),
            DecodingResult::U16(v) => fill!(v, u16),
            DecodingResult::U32(v) => fill!(v, u32),
            DecodingResult::U64(v) => fill!(v, u64),
            DecodingResult::I8(v) => fill!(v, i8),
            DecodingResult::I16(v) => fill!(v, i16),
            DecodingResult::I32(v) => fill!(v, i32),
            DecodingResult::I64(v) => fill!(v, i64),
            DecodingResult::F32(v) => fill!(v, f32),
            DecodingResult::F64(v) => fill!(v, f64),
            DecodingResult::F16(_) => return Err(no_chunks()),
        }
        Ok(&self.values)
    }
}
