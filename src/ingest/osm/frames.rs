//! The frames of a PBF file: a length, a header, a blob, over and over (OSM wiki, *PBF Format*).
//!
//! The reader of `osmpbfreader` panics where a file ends within a frame, so the frames are taken apart here and its
//! messages are used on whole blobs only. No size that the file claims is believed beyond the
//! limits of the format.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use osmpbfreader::fileformat::BlobHeader;
use osmpbfreader::osmformat::HeaderBlock;
use protobuf::Message;

use super::wire::{Fields, Value};
use crate::error::{Fault, Result};
use crate::stages::meter;

/// The largest header of a blob, in bytes.
const MAX_HEADER_BYTES: u32 = 64 * 1024;
/// The largest blob, packed or not, in bytes.
const MAX_BLOB_BYTES: u64 = 32 * 1024 * 1024;
/// Memory that is set aside on the word of the file, before the bytes are seen.
const TRUSTED_BYTES: u64 = 1024 * 1024;
/// What a file may require of its reader.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// What a batch holds at most, unless a single frame is larger: bounds the memory of a read. The bytes are those of the
/// unpacked blobs, of which a file that is packed a thousandfold has many more than it has itself.
const BATCH_FRAMES: usize = 32;
const BATCH_BYTES: u64 = 16 * 1024 * 1024;

/// How many times its own size a file may unpack to, beyond a first allowance: OSM data pack to a half or a third, made-up
/// ones to a tenth, and a file made to fill the memory to a thousandth.
const MAX_PACKING: u64 = 32;
/// What any file may unpack to.
const PACKING_ALLOWANCE: u64 = 48 * 1024 * 1024;
/// The largest header block unpacked, in bytes; they are of some hundred.
const MAX_HEADER_BLOCK_BYTES: usize = 1024 * 1024;

/// A data blob, still packed, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) at: FramePlace,
    /// The `Blob` message.
    pub(super) bytes: Vec<u8>,
}

/// Where a data blob stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FramePlace {
    /// Its number among the data blobs, from 1.
    pub(super) number: usize,
    /// Of the `Blob` message, in bytes from the start of the file.
    offset: u64,
    /// Of the `Blob` message, in bytes.
    size: u64,
    /// What it says that it unpacks to, in bytes; it is held to that.
    unpacked: u64,
}

/// The data blobs of a file, one after another.
pub(super) struct Frames {
    reader: BufReader<File>,
    offset: u64,
    found: usize,
    /// What the blobs so far unpack to.
    unpacked: u64,
    /// What the file says of itself, once it was met.
    pub(super) header: Option<HeaderBlock>,
}

impl Frames {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = crate::files::open(path).map_err(|e| Fault::io("read the roads", path, &e))?;
        meter::expect(file.metadata().map_or(0, |found| found.len() as usize), "bytes");
        Ok(Frames { reader: BufReader::with_capacity(1 << 18, file), offset: 0, found: 0, unpacked: 0, header: None })
    }

    /// The next data blobs, none at the end of the file, or what is wrong with which blob.
    pub(super) fn batch(&mut self) -> Result<Vec<Frame>, (usize, String)> {
        let (mut batch, mut bytes, before) = (Vec::new(), 0, self.offset);
        while batch.len() < BATCH_FRAMES && bytes < BATCH_BYTES {
            let Some(frame) = self.next_data().map_err(|what| (self.found + 1, what))? else { break };
            bytes += frame.at.unpacked.max(frame.at.size);
            batch.push(frame);
        }
        meter::advance((self.offset - before) as usize);
        Ok(batch)
    }

    /// The next data blob; `None` at the end of the file, or what is wrong.
    fn next_data(&mut self) -> Result<Option<Frame>, String> {
        loop {
            let mut length = [0; 4];
            match self.fill(&mut length)? {
                0 => return Ok(None),
                4 => {}
                _ => return Err(truncated()),
            }
            let length = u32::from_be_bytes(length);
            if length > MAX_HEADER_BYTES {
                return Err("it is not PBF data (no such header is that long)".into());
            }
            let header = self.take(u64::from(length))?;
            let header = BlobHeader::parse_from_bytes(&header).map_err(|e| not_protobuf(&e))?;
            let size = u64::try_from(header.datasize()).unwrap_or(u64::MAX);
            if size > MAX_BLOB_BYTES {
                return Err(format!("it claims more than the {} MiB that PBF allows", MAX_BLOB_BYTES >> 20));
            }
            let offset = self.offset;
            let bytes = self.take(size)?;
            match header.type_() {
                "OSMData" => {
                    let unpacked = Parts::of(&bytes)?.measured();
                    self.unpacked += unpacked;
                    if self.unpacked > PACKING_ALLOWANCE + MAX_PACKING * self.offset {
                        let times = self.unpacked / self.offset.max(1);
                        return Err(format!(
                            "up to here the file would unpack to {times} times its size, which no map does (allowed are \
                             {MAX_PACKING} times)"
                        ));
                    }
                    self.found += 1;
                    let at = FramePlace { number: self.found, offset, size, unpacked };
                    return Ok(Some(Frame { at, bytes }));
                }
                "OSMHeader" => self.header = Some(check_features(&bytes)?),
                _ => {} // the format asks readers to skip blobs of kinds they do not know
            }
        }
    }

    /// The next of the data blobs that were found before at these places, none when there are no more places.
    pub(super) fn again(
        &mut self,
        places: &mut impl Iterator<Item = FramePlace>,
    ) -> Result<Vec<Frame>, (usize, String)> {
        let (mut batch, mut size) = (Vec::new(), 0);
        while batch.len() < BATCH_FRAMES && size < BATCH_BYTES {
            let Some(at) = places.next() else { break };
            self.reader.seek(SeekFrom::Start(at.offset)).map_err(|e| (at.number, e.to_string()))?;
            self.offset = at.offset;
            let bytes = self.take(at.size).map_err(|what| (at.number, what))?;
            size += at.unpacked.max(at.size);
            batch.push(Frame { at, bytes });
        }
        Ok(batch)
    }

    fn take(&mut self, size: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::with_capacity(size.min(TRUSTED_BYTES) as usize);
        let read = self.reader.by_ref().take(size).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        self.offset += read as u64;
        if (read as u64) < size { Err(truncated()) } else { Ok(bytes) }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}

/// Unpacks blobs, one after another, into the same memory.
pub(super) struct Unpacker {
    inflate: Decompress,
    raw: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Unpacker { inflate: Decompress::new(true), raw: Vec::new() }
    }

    /// The message within a `Blob` message, within the limit of the format whatever the blob claims.
    pub(super) fn unpack(&mut self, blob: &[u8]) -> Result<&[u8], String> {
        let parts = Parts::of(blob)?;
        match parts.data {
            Data::Raw(raw) => {
                self.raw.clear();
                self.raw.extend_from_slice(raw);
            }
            Data::Zlib(packed) => self.inflate(packed, parts.unpacked())?,
        }
        Ok(&self.raw)
    }

    /// Inflates into `raw`, and stops soon after `most` bytes.
    fn inflate(&mut self, packed: &[u8], most: u64) -> Result<(), String> {
        self.inflate.reset(true);
        self.raw.clear();
        // From what is there, not from what the blob claims: OSM data pack to a half or a third.
        self.raw.reserve(packed.len().saturating_mul(3).min(most as usize + 1));
        loop {
            let done = usize::try_from(self.inflate.total_in()).unwrap_or(usize::MAX);
            let rest = packed.get(done..).unwrap_or_default();
            let status = self
                .inflate
                .decompress_vec(rest, &mut self.raw, FlushDecompress::Finish)
                .map_err(|e| format!("its compressed data are damaged ({e})"))?;
            if self.raw.len() as u64 > most {
                return Err(match most {
                    MAX_BLOB_BYTES => {
                        format!("it unpacks to more than the {} MiB that PBF allows", MAX_BLOB_BYTES >> 20)
                    }
                    said => format!("it unpacks to more than the {said} bytes that it claims"),
                });
            }
            if status == Status::StreamEnd {
                return Ok(());
            }
            if self.raw.len() < self.raw.capacity() {
                return Err("its compressed data are damaged (they end early)".into());
            }
            self.raw.reserve(self.raw.len().max(64 * 1024));
        }
    }
}

/// The fields of a `Blob` message that matter, in place.
struct Parts<'a> {
    data: Data<'a>,
    raw_size: Option<u64>,
}

/// What a blob holds.
enum Data<'a> {
    Raw(&'a [u8]),
    Zlib(&'a [u8]),
}

impl<'a> Parts<'a> {
    fn of(blob: &'a [u8]) -> Result<Parts<'a>, String> {
        let (mut data, mut raw_size) = (None, None);
        for field in Fields(blob) {
            match field.map_err(|_| "it is not valid protobuf (a blob)".to_owned())? {
                (1, Value::Bytes(raw)) => data = Some(Data::Raw(raw)),
                (2, Value::Number(size)) => raw_size = Some(size),
                (3, Value::Bytes(packed)) => data = Some(Data::Zlib(packed)),
                _ => {}
            }
        }
        let data = data.ok_or("its compression is not supported (zlib or none is)")?;
        if raw_size.is_some_and(|size| size > MAX_BLOB_BYTES) {
            return Err(format!("it claims more than the {} MiB that PBF allows", MAX_BLOB_BYTES >> 20));
        }
        Ok(Parts { data, raw_size })
    }

    /// What it unpacks to, in bytes, as far as it is sound: what it says, else found out without keeping it.
    fn measured(&self) -> u64 {
        let (Data::Zlib(packed), None) = (&self.data, self.raw_size) else { return self.unpacked() };
        let mut inflate = Decompress::new(true);
        let mut scratch = vec![0; 1 << 16];
        loop {
            let (done, had) = (inflate.total_in(), inflate.total_out());
            let rest = usize::try_from(done).ok().and_then(|done| packed.get(done..)).unwrap_or_default();
            let status = inflate.decompress(rest, &mut scratch, FlushDecompress::None);
            let stuck = inflate.total_in() == done && inflate.total_out() == had;
            // What is damaged is told when it is unpacked.
            if stuck || !matches!(status, Ok(Status::Ok)) || inflate.total_out() > MAX_BLOB_BYTES {
                return inflate.total_out().min(MAX_BLOB_BYTES);
            }
        }
    }

    /// What it unpacks to at most, in bytes: what it says, else what the format allows.
    fn unpacked(&self) -> u64 {
        match self.data {
            Data::Raw(raw) => raw.len() as u64,
            Data::Zlib(_) => self.raw_size.unwrap_or(MAX_BLOB_BYTES),
        }
    }
}

fn check_features(blob: &[u8]) -> Result<HeaderBlock, String> {
    let mut unpacker = Unpacker::new();
    let raw = unpacker.unpack(blob)?;
    if raw.len() > MAX_HEADER_BLOCK_BYTES {
        return Err(format!("the header block is of {} bytes; {MAX_HEADER_BLOCK_BYTES} are allowed", raw.len()));
    }
    let header = HeaderBlock::parse_from_bytes(raw).map_err(|e| not_protobuf(&e))?;
    match header.required_features.iter().find(|f| !KNOWN_FEATURES.contains(&f.as_str())) {
        Some(feature) => Err(format!("the file requires `{feature}` of its reader, which gandan does not know")),
        None => Ok(header),
    }
}

fn truncated() -> String {
    "the file ends in the middle of it (truncated)".into()
}

pub(super) fn not_protobuf(error: &protobuf::Error) -> String {
    format!("it is not valid protobuf ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use osmpbfreader::fileformat::Blob;
    use osmpbfreader::osmformat::PrimitiveBlock;

    fn frame(kind: &str, blob: &Blob) -> Vec<u8> {
        let bytes = blob.write_to_bytes().unwrap();
        let mut header = BlobHeader::new();
        header.set_type(kind.into());
        header.set_datasize(bytes.len() as i32);
        let header = header.write_to_bytes().unwrap();
        [&(header.len() as u32).to_be_bytes()[..], &header, &bytes].concat()
    }

    fn read(bytes: &[u8]) -> Result<usize, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut frames = Frames::open(file.path()).unwrap();
        let mut count = 0;
        let mut unpacker = Unpacker::new();
        while let Some(frame) = frames.next_data()? {
            let whole = unpacker.unpack(&frame.bytes)?.to_vec();
            let again = frames.again(&mut [frame.at].into_iter()).map_err(|(_, what)| what)?;
            assert_eq!(unpacker.unpack(&again[0].bytes)?, whole);
            count += 1;
        }
        Ok(count)
    }

    fn zlib(raw: &[u8]) -> Blob {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(raw).unwrap();
        let mut blob = Blob::new();
        blob.set_zlib_data(encoder.finish().unwrap());
        blob
    }

    #[test]
    fn every_cut_of_a_file_is_whole_frames_or_a_message() {
        let mut empty = PrimitiveBlock::new();
        empty.stringtable = Some(osmpbfreader::osmformat::StringTable::new()).into();
        let block = empty.write_to_bytes().unwrap();
        let one = frame("OSMData", &zlib(&block));
        let two = [one.clone(), one.clone()].concat();
        assert_eq!(read(&two), Ok(2));
        for cut in 0..two.len() {
            match read(&two[..cut]) {
                Ok(blocks) => assert_eq!(blocks * one.len(), cut),
                Err(what) => assert!(what.contains("truncated"), "cut at {cut}: {what}"),
            }
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = frame("OSMData", &zlib(&vec![0; 40 << 20]));
        assert!(bomb.len() < 1 << 20);
        assert!(read(&bomb).unwrap_err().contains("unpacks to more than the 32 MiB"));
    }

    #[test]
    fn a_blob_is_held_to_the_size_that_it_claims() {
        let mut lying = zlib(&vec![7; 100_000]);
        lying.set_raw_size(99_999);
        assert_eq!(
            read(&frame("OSMData", &lying)).unwrap_err(),
            "it unpacks to more than the 99999 bytes that it claims"
        );
        lying.set_raw_size(100_000);
        assert_eq!(read(&frame("OSMData", &lying)), Ok(1));
        lying.set_raw_size(i32::MAX);
        assert!(read(&frame("OSMData", &lying)).unwrap_err().contains("claims more than the 32 MiB"));
        // A negative size is a number of more than 63 bits.
        lying.set_raw_size(-1);
        assert!(read(&frame("OSMData", &lying)).unwrap_err().contains("claims more than the 32 MiB"));
    }

    #[test]
    fn a_giant_header_block_is_refused() {
        let header = frame("OSMHeader", &zlib(&vec![0; (1 << 20) + 1]));
        assert!(read(&header).unwrap_err().contains("the header block is of 1048577 bytes"));
    }

    #[test]
    fn a_file_of_many_small_bombs_is_refused() {
        // 4 MiB of zeros in about 4 KiB: a thousandfold. 12 of them are the 48 MiB allowed to any file; the 13th is beyond
        // that and 32 times the some 55 KiB read by then.
        let mut blob = zlib(&vec![0; 4 << 20]);
        blob.set_raw_size(4 << 20);
        let one = frame("OSMData", &blob);
        assert!(one.len() < 5000, "{}", one.len());
        assert_eq!(read(&one.repeat(12)), Ok(12));
        assert!(read(&one.repeat(13)).unwrap_err().contains("times its size"));
        // The same where blobs do not say what they unpack to.
        let silent = frame("OSMData", &zlib(&vec![0; 4 << 20]));
        assert_eq!(read(&silent.repeat(12)), Ok(12));
        assert!(read(&silent.repeat(13)).unwrap_err().contains("times its size"));
        let small = frame("OSMData", &zlib(b"a few words"));
        assert_eq!(read(&small.repeat(5000)), Ok(5000));
    }

    #[test]
    fn an_unknown_feature_is_refused_and_an_unknown_kind_skipped() {
        let mut header = HeaderBlock::new();
        header.required_features.push("HistoricalInformation".into());
        let history = frame("OSMHeader", &zlib(&header.write_to_bytes().unwrap()));
        assert!(read(&history).unwrap_err().contains("HistoricalInformation"));
        assert_eq!(read(&frame("Poem", &zlib(b"roses"))), Ok(0));
    }
}
