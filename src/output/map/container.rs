//! The container that the data of a map travel in: JSON and, behind it, the long arrays of numbers, deflated, in base64.
//!
//! A browser unpacks it by itself (`DecompressionStream`). Arrays are laid out so that deflate finds what repeats: the
//! differences between neighbours, and the lowest bytes of all numbers, then all second bytes, and so on.

use std::io::Write;

use base64::prelude::BASE64_STANDARD;
use base64::write::EncoderStringWriter;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use crate::error::{Fault, Result};

/// The arrays of a container, one behind the other. A name of an array in the JSON is where it begins, in bytes, and how
/// many numbers it has.
#[derive(Debug, Default)]
pub(super) struct Blob {
    bytes: Vec<u8>,
}

impl Blob {
    /// Adds numbers of 8 bits as they are.
    pub(super) fn u8(&mut self, numbers: impl IntoIterator<Item = u8>) -> Value {
        self.add(1, numbers.into_iter().map(u32::from).collect())
    }

    /// Adds numbers of 32 bits as they are.
    pub(super) fn u32(&mut self, numbers: impl IntoIterator<Item = u32>) -> Value {
        self.add(4, numbers.into_iter().collect())
    }

    /// Adds the differences of numbers of 16 bits.
    pub(super) fn u16_steps(&mut self, numbers: impl IntoIterator<Item = u16>) -> Value {
        self.add(2, steps(numbers.into_iter().map(u32::from)))
    }

    /// Adds the differences of numbers of 16 bits with a sign.
    pub(super) fn i16_steps(&mut self, numbers: impl IntoIterator<Item = i16>) -> Value {
        self.add(2, steps(numbers.into_iter().map(|n| n as u32)))
    }

    /// Adds the differences of numbers of 32 bits with a sign.
    pub(super) fn i32_steps(&mut self, numbers: impl IntoIterator<Item = i32>) -> Value {
        self.add(4, steps(numbers.into_iter().map(|n| n as u32)))
    }

    /// The lowest `width` bytes of each number, plane by plane.
    fn add(&mut self, width: u32, numbers: Vec<u32>) -> Value {
        let at = self.bytes.len();
        for plane in 0..width {
            self.bytes.extend(numbers.iter().map(|n| (n >> (8 * plane)) as u8));
        }
        json!({ "at": at, "length": numbers.len() })
    }
}

/// Each number less the one before, the first less 0; they wrap around.
fn steps(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut last = 0;
    numbers.map(|n| n.wrapping_sub(std::mem::replace(&mut last, n))).collect()
}

/// The whole container as text.
///
/// # Errors
/// The JSON has more than 4 GiB (an internal fault).
pub(super) fn packed(json: &Value, blob: &Blob) -> Result<String> {
    let text = json.to_string().into_bytes();
    let broken = |what: &dyn std::fmt::Display| {
        Fault::new("internal::map", format!("the data of the map cannot be packed: {what}; please report this"))
    };
    let length = u32::try_from(text.len()).map_err(|_| broken(&format!("{} bytes of JSON", text.len())))?;
    let mut deflate = DeflateEncoder::new(EncoderStringWriter::new(&BASE64_STANDARD), Compression::best());
    let written = [&length.to_le_bytes()[..], &text, &blob.bytes].into_iter().try_for_each(|p| deflate.write_all(p));
    let encoder = written.and_then(|()| deflate.finish()).map_err(|e| broken(&e))?;
    Ok(encoder.into_inner())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Read;

    use base64::Engine;
    use flate2::read::DeflateDecoder;

    use super::*;

    /// A container as its reader sees it.
    pub(in crate::output::map) struct Opened {
        pub(in crate::output::map) json: Value,
        blob: Vec<u8>,
    }

    impl Opened {
        pub(in crate::output::map) fn new(text: &str) -> Opened {
            let mut bytes = Vec::new();
            DeflateDecoder::new(&BASE64_STANDARD.decode(text).unwrap()[..]).read_to_end(&mut bytes).unwrap();
            let (length, rest) = bytes.split_first_chunk::<4>().unwrap();
            let (json, blob) = rest.split_at(u32::from_le_bytes(*length) as usize);
            Opened { json: serde_json::from_slice(json).unwrap(), blob: blob.to_vec() }
        }

        /// The numbers of an array, of `width` bytes.
        pub(in crate::output::map) fn numbers(&self, array: &Value, width: usize, has_steps: bool) -> Vec<u32> {
            let (at, length) = (array["at"].as_u64().unwrap() as usize, array["length"].as_u64().unwrap() as usize);
            let byte = |i: usize, plane: usize| u32::from(self.blob[at + plane * length + i]) << (8 * plane);
            let mut last = 0_u32;
            let mask = if width == 4 { u32::MAX } else { (1 << (8 * width)) - 1 };
            let number = |i: usize| {
                let value = (0..width).map(|plane| byte(i, plane)).sum::<u32>();
                last = if has_steps { last.wrapping_add(value) & mask } else { value };
                last
            };
            (0..length).map(number).collect()
        }
    }

    #[test]
    fn numbers_lie_in_planes_as_worked_out_by_hand() {
        let mut blob = Blob::default();
        // 258 = 0x0102: lowest bytes first, then the second ones.
        assert_eq!(blob.u32([258, 3]), json!({ "at": 0, "length": 2 }));
        assert_eq!(blob.bytes, [2, 3, 1, 0, 0, 0, 0, 0]);
        // 5, then −2 more: 0xFFFE.
        assert_eq!(blob.u16_steps([5, 3]), json!({ "at": 8, "length": 2 }));
        assert_eq!(blob.bytes[8..], [5, 0xFE, 0, 0xFF]);
        assert_eq!(blob.u8([7]), json!({ "at": 12, "length": 1 }));
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut blob = Blob::default();
        let (lon, boundary) = ([105_853_211, -179_999_999, 180_000_000, i32::MIN], [-1, 0, i16::MAX, i16::MIN]);
        let (time, persons) = ([65535, 0, 1800, 65534], [0, u32::MAX, 1000, 12345]);
        let json = json!({
            "name": "</script> \u{202e}Đống Đa",
            "lon": blob.i32_steps(lon), "boundary": blob.i16_steps(boundary),
            "time": blob.u16_steps(time), "persons": blob.u32(persons), "covered": blob.u8([0, 255, 128]),
            "none": blob.u8([]),
        });
        let text = packed(&json, &blob).unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)), "nothing can end an element");
        let opened = Opened::new(&text);
        assert_eq!(opened.json, json);
        let of = |name: &str, width, has_steps| opened.numbers(&opened.json[name], width, has_steps);
        assert_eq!(of("lon", 4, true).into_iter().map(|n| n as i32).collect::<Vec<_>>(), lon);
        assert_eq!(of("boundary", 2, true).into_iter().map(|n| n as u16 as i16).collect::<Vec<_>>(), boundary);
        assert_eq!(of("time", 2, true), time.map(u32::from));
        assert_eq!(of("persons", 4, false), persons);
        assert_eq!(of("covered", 1, false), [0, 255, 128]);
        assert!(of("none", 1, false).is_empty());
    }
}
