//! PNG files: eight bits a channel, no interlace.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::Rgb;

pub(super) fn write(path: &Path, width: usize, height: usize, pixels: &[Rgb]) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x89PNG\r\n\x1a\n")?;
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // 8 bits, RGB, deflate, the standard filters, no interlace.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header)?;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut line = Vec::with_capacity(width * 3 + 1);
    let empty = vec![[0; 3]; width];
    let mut above = &empty[..];
    for row in pixels.chunks_exact(width) {
        // Filter 2: the difference to the row above, since much of a map is alike downwards.
        line.clear();
        line.push(2);
        for (here, above) in row.iter().zip(above) {
            line.extend([0, 1, 2].map(|c| here[c].wrapping_sub(above[c])));
        }
        packed.write_all(&line)?;
        above = row;
    }
    chunk(&mut file, b"IDAT", &packed.finish()?)?;
    chunk(&mut file, b"IEND", &[])?;
    file.flush()
}

fn chunk(file: &mut impl Write, kind: &[u8; 4], data: &[u8]) -> Result<()> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    file.write_all(&(data.len() as u32).to_be_bytes())?;
    file.write_all(kind)?;
    file.write_all(data)?;
    file.write_all(&crc.sum().to_be_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_small_picture_byte_by_byte() {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), 2, 2, &[[1, 2, 3], [4, 5, 6], [1, 2, 4], [3, 5, 6]]).unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        assert_eq!(&bytes[..16], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR");
        assert_eq!(&bytes[16..29], [0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
        // The CRC of an empty IEND is a constant of the format.
        assert_eq!(&bytes[bytes.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
        let length = u32::from_be_bytes([bytes[33], bytes[34], bytes[35], bytes[36]]) as usize;
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&bytes[41..41 + length]).read_to_end(&mut rows).unwrap();
        // The second row less the first: (0, 0, 1), (−1, 0, 0).
        assert_eq!(rows, [2, 1, 2, 3, 4, 5, 6, 2, 0, 0, 1, 255, 0, 0]);
    }
}
