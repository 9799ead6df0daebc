//! A look at the directory of a TIFF before the decoder takes its word.
//!
//! tiff 0.11 sets aside memory for a text tag before it looks whether the file is as long, and prints a line of its own
//! where the text is past its limit.

use std::io::{Read, Seek, SeekFrom};

use crate::error::Fault;

/// The most tags that are looked at; the decoder knows fewer.
const MOST_TAGS: u64 = 1 << 16;

/// Refuses a file with a tag that claims more values than the file has room for. What is no TIFF at all is left to the
/// decoder. The reader stands at its start before and after.
///
/// # Errors
/// `population::tiff`.
pub(super) fn check_tags(reader: &mut (impl Read + Seek), length: u64) -> Result<(), Fault> {
    // A file that ends within its directory is told by the decoder too.
    let found = longest_claim(reader, length).unwrap_or(None);
    let _ = reader.rewind();
    match found {
        None => Ok(()),
        Some((tag, count)) => Err(Fault::new(
            "population::tiff",
            format!("the tag {tag} claims {count} values, which a file of {length} bytes cannot hold"),
        )
        .help("the file seems to be damaged; download or write it again")),
    }
}

/// The first tag whose values are longer than the file, with their number.
fn longest_claim(reader: &mut (impl Read + Seek), length: u64) -> std::io::Result<Option<(u64, u64)>> {
    let mut head = [0; 4];
    reader.read_exact(&mut head)?;
    let (little, big) = match &head {
        b"II*\0" => (true, false),
        b"MM\0*" => (false, false),
        b"II+\0" => (true, true),
        b"MM\0+" => (false, true),
        _ => return Ok(None),
    };
    // A BigTIFF says how long its offsets are, and then 0.
    let wide = if big { 8 } else { 4 };
    if big {
        number(reader, 4, little)?;
    }
    let directory = number(reader, wide, little)?;
    reader.seek(SeekFrom::Start(directory))?;
    let tags = number(reader, if big { 8 } else { 2 }, little)?;
    for _ in 0..tags.min(MOST_TAGS) {
        let [tag, kind, count, _] = [2, 2, wide, wide].map(|size| number(reader, size, little));
        let (tag, kind, count) = (tag?, kind?, count?);
        if count.saturating_mul(bytes_of(kind)) > length {
            return Ok(Some((tag, count)));
        }
    }
    Ok(None)
}

/// Bytes of a value of a type of TIFF 6.0 or BigTIFF; of an unknown one at least 1.
fn bytes_of(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}

/// The next number, of so many bytes (8 at most), with the smaller ones first or last.
fn number(reader: &mut impl Read, size: usize, little: bool) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    reader.read_exact(if little { &mut bytes[..size] } else { &mut bytes[8 - size..] })?;
    Ok(if little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_text_longer_than_the_file_is_told() {
        // One tag, GeoAsciiParams (34737 = 0x87b1), text (2), of a number of letters, at byte 0; no further directory.
        let classic = |count: u32| {
            let mut file = b"II*\0\x08\0\0\0\x01\0\xb1\x87\x02\0".to_vec();
            file.extend(count.to_le_bytes());
            file.extend([0; 8]);
            file
        };
        let look = |file: &[u8]| {
            let mut reader = Cursor::new(file);
            let found = check_tags(&mut reader, file.len() as u64);
            assert_eq!(reader.position(), 0);
            found.map_err(|fault| fault.message)
        };
        // 8 + 2 + 12 + 4 bytes.
        assert_eq!(look(&classic(26)), Ok(()));
        let told = "the tag 34737 claims 27 values, which a file of 26 bytes cannot hold";
        assert_eq!(look(&classic(27)), Err(told.to_owned()));
        // The same with the larger bytes first, and as BigTIFF: 16 + 8 + 20 + 8 bytes, 2^60 doubles (12).
        let file = b"MM\0*\0\0\0\x08\0\x01\x87\xb1\0\x02\0\0\0\x1b\0\0\0\0\0\0\0\0";
        assert_eq!(look(file), Err(told.to_owned()));
        let mut file = b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\xb1\x87\x0c\0".to_vec();
        file.extend((1_u64 << 60).to_le_bytes());
        file.extend([0; 16]);
        assert!(look(&file).is_err_and(|told| told.contains("claims 1152921504606846976 values")));
        // Cut short, or no TIFF: the decoder tells.
        assert_eq!((look(&file[..30]), look(b"GIF89a"), look(b"")), (Ok(()), Ok(()), Ok(())));
    }
}
