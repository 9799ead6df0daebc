//! The frames of a PBF file: a length, a header, a blob, over and over (OSM wiki, *PBF Format*).
//!
//! The reader of `osmpbfreader` panics where a file ends within a frame, so the frames are taken apart here and its
//! messages and block decoding are used on whole blobs only. No size that the file claims is believed beyond the
//! limits of the format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use osmpbfreader::fileformat::{Blob, BlobHeader};
use osmpbfreader::osmformat::{HeaderBlock, PrimitiveBlock};
use osmpbfreader::primitive_block_from_blob;
use protobuf::Message;

use crate::error::{Fault, Result};

/// The largest header of a blob, in bytes.
const MAX_HEADER_BYTES: u32 = 64 * 1024;
/// The largest blob, packed or not, in bytes.
const MAX_BLOB_BYTES: u64 = 32 * 1024 * 1024;
/// What a file may require of its reader.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// The data blobs of a file, one after another.
pub(super) struct Frames {
    reader: BufReader<File>,
}

impl Frames {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Fault::io("read the roads", path, &e))?;
        Ok(Frames { reader: BufReader::new(file) })
    }

    /// The next data blob; `None` at the end of the file, or what is wrong.
    pub(super) fn next_data(&mut self) -> Result<Option<Blob>, String> {
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
            let blob = self.take(size)?;
            let blob = Blob::parse_from_bytes(&blob).map_err(|e| not_protobuf(&e))?;
            match header.type_() {
                "OSMData" => return Ok(Some(blob)),
                "OSMHeader" => check_features(blob)?,
                _ => {} // the format asks readers to skip blobs of kinds they do not know
            }
        }
    }

    fn take(&mut self, size: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(size).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
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
        Ok(filled)
    }
}

/// Unpacks and parses a data blob.
pub(super) fn block(blob: Blob) -> Result<PrimitiveBlock, String> {
    primitive_block_from_blob(&unpacked(blob)?).map_err(|e| match e {
        osmpbfreader::Error::Io(e) => e.to_string(),
        osmpbfreader::Error::Pbf(e) => not_protobuf(&e),
        osmpbfreader::Error::UnsupportedData => "its compression is not supported (zlib or none is)".into(),
        osmpbfreader::Error::InvalidData => "it is not PBF data".into(),
    })
}

/// The blob without compression, within the limit of the format whatever it claims.
fn unpacked(blob: Blob) -> Result<Blob, String> {
    if !blob.has_zlib_data() {
        return Ok(blob);
    }
    let mut raw = Vec::new();
    flate2::read::ZlibDecoder::new(blob.zlib_data())
        .take(MAX_BLOB_BYTES + 1)
        .read_to_end(&mut raw)
        .map_err(|e| format!("its compressed data are damaged ({e})"))?;
    if raw.len() as u64 > MAX_BLOB_BYTES {
        return Err(format!("it unpacks to more than the {} MiB that PBF allows", MAX_BLOB_BYTES >> 20));
    }
    let mut plain = Blob::new();
    plain.set_raw(raw);
    Ok(plain)
}

fn check_features(blob: Blob) -> Result<(), String> {
    let plain = unpacked(blob)?;
    let header = HeaderBlock::parse_from_bytes(plain.raw()).map_err(|e| not_protobuf(&e))?;
    match header.required_features.iter().find(|f| !KNOWN_FEATURES.contains(&f.as_str())) {
        Some(feature) => Err(format!("the file requires `{feature}` of its reader, which gandan does not know")),
        None => Ok(()),
    }
}

fn truncated() -> String {
    "the file ends in the middle of it (truncated)".into()
}

fn not_protobuf(error: &protobuf::Error) -> String {
    format!("it is not valid protobuf ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        while let Some(blob) = frames.next_data()? {
            block(blob)?;
            count += 1;
        }
        Ok(count)
    }

    fn zlib(raw: &[u8]) -> Blob {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
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
    fn an_unknown_feature_is_refused_and_an_unknown_kind_skipped() {
        let mut header = HeaderBlock::new();
        header.required_features.push("HistoricalInformation".into());
        let history = frame("OSMHeader", &zlib(&header.write_to_bytes().unwrap()));
        assert!(read(&history).unwrap_err().contains("HistoricalInformation"));
        assert_eq!(read(&frame("Poem", &zlib(b"roses"))), Ok(0));
    }
}
