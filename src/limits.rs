//! How large what is read may be, and why.
//!
//! A file's own word never decides how much memory is taken: sizes that it claims are held against these limits, and
//! against the bytes that are truly there, before anything is set aside. `docs/decisions/0016-limits.md` lists them.

use std::io::Read;
use std::path::Path;

use crate::error::{Fault, Result};

/// The largest scenario or service catalogue, in bytes. Those that people write are of some ten thousand.
pub const TOML_BYTES: u64 = 4 << 20;
/// The largest GeoJSON file, in bytes: parsed, it takes up to some forty times as much memory.
pub const GEOJSON_BYTES: u64 = 512 << 20;
/// The largest manifest, list of fetched files or other JSON file of gandan's own, in bytes.
pub const JSON_BYTES: u64 = 256 << 20;
/// The largest filled survey form, in bytes: a million rows of 60 letters.
pub const SURVEY_BYTES: u64 = 64 << 20;
/// The longest field of a CSV file, in bytes: no text of a table is longer, but tables may hold outlines as WKT beside it.
pub const CSV_FIELD_BYTES: u64 = 4 << 20;
/// The longest record of a CSV file, in bytes.
pub const CSV_RECORD_BYTES: u64 = 16 << 20;
/// The most columns of a CSV file.
pub const CSV_COLUMNS: u64 = 4096;
/// The most rows of a table of sites: Viet Nam has some 10,000 post offices and 50,000 pharmacies.
pub const SITE_ROWS: usize = 1_000_000;
/// The most pixels of a population raster in the study area: all of Viet Nam at 15 m.
pub const RASTER_PIXELS: u64 = 1 << 31;
/// The most demand cells, before and after they are split: at some 100 bytes each 6.4 GB.
pub const DEMAND_CELLS: usize = 1 << 26;
/// The most times that a strip or tile of a raster may be larger than its packed bytes: LZW reaches 1,400, deflate 1,032.
pub const RASTER_PACKING: u64 = 3000;
/// Memory that a small file may ask for whatever its size, in bytes: what is this small does no harm.
pub const FREE_BYTES: u64 = 16 << 20;

/// What a packed table of so many bytes may unpack to, in bytes: 200 times its size and 64 MiB. gandan's own tables unpack
/// to 2 to 20 times theirs.
pub fn unpacked_bytes(length: u64) -> u64 {
    length.saturating_mul(200).saturating_add(4 * FREE_BYTES)
}

/// Reads a whole file of at most `most` bytes. `action` says in a fault what was tried, e.g. `read the scenario`, `what` is
/// the file, e.g. `a scenario`, and `help` says what to do with one that is larger.
///
/// # Errors
/// It cannot be read (`io`), or is larger (`file::too-large`).
pub fn read_bytes(action: &str, path: &Path, what: &str, most: u64, help: &str) -> Result<Vec<u8>> {
    let failed = |e: std::io::Error| Fault::io(action, path, &e);
    let file = crate::files::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > most {
        return Err(too_large(path, what, &mib(length), most, help));
    }
    let mut bytes = Vec::new();
    // The length of a pipe is not known, and a file may grow.
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(too_large(path, what, &format!("more than {}", mib(most)), most, help));
    }
    Ok(bytes)
}

/// As [`read_bytes`], for UTF-8 text.
///
/// # Errors
/// As [`read_bytes`]; not UTF-8 (`io`).
pub fn read_text(action: &str, path: &Path, what: &str, most: u64, help: &str) -> Result<String> {
    String::from_utf8(read_bytes(action, path, what, most, help)?).map_err(|e| {
        let place = format!("byte {}", e.utf8_error().valid_up_to() + 1);
        Fault::new("io", format!("cannot {action}: it is not UTF-8 text"))
            .file(path)
            .place(place)
            .help("save the file as UTF-8")
            .into()
    })
}

fn too_large(path: &Path, what: &str, found: &str, most: u64, help: &str) -> crate::error::Error {
    Fault::new("file::too-large", format!("the file is of {found}; {what} may be of {} at most", mib(most)))
        .file(path)
        .help(help)
        .into()
}

/// Bytes as people read them.
pub fn mib(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.0} KiB", bytes as f64 / 1024.0),
        1_048_576..10_737_418_240 => format!("{:.0} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_limit_is_read_and_one_byte_more_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let read = || read_bytes("read", &path, "a test", 5, "make it smaller");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read().unwrap(), b"12345");
        std::fs::write(&path, "123456").unwrap();
        let error = read().unwrap_err();
        assert_eq!(error.faults()[0].code, "file::too-large");
        assert_eq!(error.faults()[0].message, "the file is of 6 bytes; a test may be of 5 bytes at most");
        assert_eq!(error.faults()[0].help.as_deref(), Some("make it smaller"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_length_is_read_up_to_the_limit() {
        let error = read_bytes("read", Path::new("/proc/self/maps"), "a test", 100, "").unwrap_err();
        assert_eq!(error.faults()[0].message, "the file is of more than 100 bytes; a test may be of 100 bytes at most");
    }

    #[test]
    fn text_that_is_none_is_told_with_its_place() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        std::fs::write(&path, b"ab\xff").unwrap();
        let error = read_text("read", &path, "a test", 5, "").unwrap_err();
        assert_eq!((error.faults()[0].code, error.faults()[0].place.as_deref()), ("io", Some("byte 3")));
    }

    #[test]
    fn sizes_by_hand() {
        // 4 MiB; 1.5 KiB, rounded half to even; 16 GiB.
        assert_eq!([mib(4 << 20), mib(700), mib(2560), mib(16 << 30)], ["4 MiB", "700 bytes", "2 KiB", "16.0 GiB"]);
    }
}
