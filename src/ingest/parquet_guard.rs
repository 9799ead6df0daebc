//! A look at the sizes that a Parquet file claims, before a reader sets memory aside for them.
//!
//! polars takes what the footer and the page headers say: the lengths of lists, the size of a page once unpacked, the
//! number of its values. Here all of them are held against the bytes that are there. Formats: Apache Parquet's
//! `parquet.thrift`, compact protocol.

mod shapes;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::thrift::{Broken, Item, Thrift};
use crate::error::{Fault, Result};
use crate::limits::{FREE_BYTES, mib, unpacked_bytes};

/// The largest footer, in bytes: it tells of each column in each row group, some 200 bytes each.
const FOOTER_BYTES: u64 = 64 << 20;
/// The largest header of a page, in bytes: it may hold the least and the greatest text of the page.
const PAGE_HEADER_BYTES: u64 = 4 << 20;
/// The largest page once unpacked, in bytes. Writers make pages of about 1 MiB.
const PAGE_BYTES: u64 = 1 << 30;
/// How many times a page may be larger than its packed bytes, beyond [`FREE_BYTES`].
const PAGE_PACKING: u64 = 1100;
/// How many rows a byte of the file may stand for, beyond [`FREE_ROWS`]: rows differ, if only in their ids.
const ROWS_A_BYTE: u64 = 64;
/// How many rows any file may have.
const FREE_ROWS: u64 = 1 << 20;

/// A column of a row group, as the footer tells of it.
#[derive(Debug, Default)]
struct Chunk {
    values: i64,
    packed: i64,
    data_at: i64,
    dictionary_at: Option<i64>,
}

/// What the footer tells.
#[derive(Debug, Default)]
struct Footer {
    rows: i64,
    rows_of_groups: Vec<i64>,
    chunks: Vec<Chunk>,
}

/// Opens a Parquet file whose sizes can be believed. A file that is no Parquet passes: its reader tells that better.
///
/// # Errors
/// The file cannot be opened or read (`io`); it claims sizes that cannot be (`code`, the reader's code for damaged files).
pub(crate) fn open(action: &str, path: &Path, code: &'static str) -> Result<File> {
    let failed = |e: std::io::Error| Fault::io(action, path, &e);
    let mut file = crate::files::open(path).map_err(failed)?;
    if let Err(wrong) = check(&mut file) {
        return Err(match wrong {
            Wrong::Io(e) => failed(e),
            Wrong::Claims(place, what) => Fault::new(code, format!("not Parquet that can be read: {what}"))
                .file(path)
                .place(place)
                .help("the file is damaged, or made to fill the memory; write it again"),
        }
        .into());
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

enum Wrong {
    Io(std::io::Error),
    /// Where, and what.
    Claims(String, String),
}

impl From<std::io::Error> for Wrong {
    fn from(error: std::io::Error) -> Self {
        Wrong::Io(error)
    }
}

fn check<F: Read + Seek>(file: &mut F) -> Result<(), Wrong> {
    let in_footer = |what: Broken| Wrong::Claims("the footer".into(), what);
    let length = file.seek(SeekFrom::End(0))?;
    let mut tail = [0; 8];
    if length < 12 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    let (size, magic) = tail.split_at(4);
    if magic != b"PAR1" {
        return Ok(());
    }
    let size = u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    if size > FOOTER_BYTES || size > length - 12 {
        let most = FOOTER_BYTES.min(length - 12);
        return Err(in_footer(format!("it claims {}, and {} are possible", mib(size), mib(most))));
    }
    file.seek(SeekFrom::Start(length - 8 - size))?;
    let mut bytes = Vec::new();
    file.by_ref().take(size).read_to_end(&mut bytes)?;
    let footer = footer(&bytes).map_err(in_footer)?;

    let most_rows = length.saturating_mul(ROWS_A_BYTE).saturating_add(FREE_ROWS).min(u64::from(u32::MAX));
    let of_groups = footer.rows_of_groups.iter().try_fold(0_i64, |sum, &n| sum.checked_add(n).filter(|_| n >= 0));
    for rows in [Some(footer.rows), of_groups] {
        if rows.and_then(|rows| u64::try_from(rows).ok()).is_none_or(|rows| rows > most_rows) {
            let claimed =
                rows.map_or_else(|| "a number of rows that is none".to_owned(), |rows| format!("{rows} rows"));
            return Err(in_footer(format!("it claims {claimed}; a file of {} has at most {most_rows}", mib(length))));
        }
    }
    let mut unpacked = 0;
    let most_unpacked = unpacked_bytes(length);
    for (i, chunk) in footer.chunks.iter().enumerate() {
        let place = || format!("column chunk {}", i + 1);
        let wrong = |what: String| Wrong::Claims(place(), what);
        let start = chunk.dictionary_at.unwrap_or(chunk.data_at);
        let end = start.checked_add(chunk.packed).filter(|&end| start >= 0 && end >= start && end as u64 <= length);
        let Some(end) = end else {
            return Err(wrong(format!("it claims {} bytes from byte {start} on, beyond the file", chunk.packed)));
        };
        if u64::try_from(chunk.values).map_or(true, |values| values > most_rows) {
            return Err(wrong(format!("it claims {} values; at most {most_rows} are possible", chunk.values)));
        }
        unpacked += pages(file, start as u64..end as u64, chunk.values).map_err(|error| match error {
            Wrong::Claims(page, what) => Wrong::Claims(format!("{}, {page}", place()), what),
            io => io,
        })?;
        if unpacked > most_unpacked {
            let found = format!("up to here the pages are of {} unpacked; a file of {}", mib(unpacked), mib(length));
            return Err(wrong(format!("{found} has at most {}", mib(most_unpacked))));
        }
    }
    Ok(())
}

fn footer(bytes: &[u8]) -> Result<Footer, Broken> {
    let mut footer = Footer::default();
    Thrift::new(bytes).fields(shapes::FILE, |id, item, thrift| match (id, item) {
        (3, Item::Number(rows)) => {
            footer.rows = rows;
            Ok(true)
        }
        (4, Item::List(_, groups)) => {
            for _ in 0..groups {
                row_group(thrift, &mut footer)?;
            }
            Ok(true)
        }
        _ => Ok(false),
    })?;
    Ok(footer)
}

fn row_group(thrift: &mut Thrift<'_>, footer: &mut Footer) -> Result<(), Broken> {
    thrift.fields(shapes::ROW_GROUP, |id, item, thrift| match (id, item) {
        (1, Item::List(_, columns)) => {
            for _ in 0..columns {
                footer.chunks.push(chunk(thrift)?);
            }
            Ok(true)
        }
        (3, Item::Number(rows)) => {
            footer.rows_of_groups.push(rows);
            Ok(true)
        }
        _ => Ok(false),
    })
}

fn chunk(thrift: &mut Thrift<'_>) -> Result<Chunk, Broken> {
    let mut chunk = Chunk::default();
    thrift.fields(shapes::CHUNK, |id, item, thrift| {
        if (id, item) != (3, Item::Struct) {
            return Ok(false);
        }
        thrift.fields(shapes::COLUMN, |id, item, _| {
            if let Item::Number(n) = item {
                match id {
                    5 => chunk.values = n,
                    7 => chunk.packed = n,
                    9 => chunk.data_at = n,
                    11 => chunk.dictionary_at = Some(n),
                    _ => {}
                }
            }
            Ok(false)
        })?;
        Ok(true)
    })?;
    Ok(chunk)
}

/// A page, as its header tells of it.
#[derive(Debug, Default)]
struct Page {
    unpacked: i64,
    packed: i64,
    /// Of a data page.
    values: Option<i64>,
    /// Of a dictionary.
    entries: Option<i64>,
}

/// Walks the headers of the pages of a column chunk; the bytes to which they unpack.
fn pages<F: Read + Seek>(file: &mut F, at: std::ops::Range<u64>, values: i64) -> Result<u64, Wrong> {
    let (mut next, mut seen, mut sum) = (at.start, 0_i64, 0_u64);
    let mut number = 0;
    while next < at.end && seen < values {
        number += 1;
        let wrong = |what: String| Wrong::Claims(format!("page {number}"), what);
        let (page, size) = page(file, next, at.end).map_err(|error| match error {
            Wrong::Claims(_, what) => wrong(what),
            io => io,
        })?;
        let (packed, unpacked) = (u64::try_from(page.packed), u64::try_from(page.unpacked));
        let (Ok(packed), Ok(unpacked)) = (packed, unpacked) else {
            return Err(wrong("it claims a size below 0".into()));
        };
        if packed > at.end - next - size {
            return Err(wrong(format!("it claims {packed} bytes, beyond the end of its column")));
        }
        if unpacked > PAGE_BYTES || unpacked > packed.saturating_mul(PAGE_PACKING).max(FREE_BYTES) {
            return Err(wrong(format!("{packed} bytes claim to unpack to {}", mib(unpacked))));
        }
        if page.entries.is_some_and(|n| u64::try_from(n).map_or(true, |n| n > unpacked.max(packed).max(1))) {
            let entries = page.entries.unwrap_or_default();
            return Err(wrong(format!("it claims {entries} entries in {}", mib(unpacked))));
        }
        seen = match page.values {
            None => seen,
            Some(n) => seen.checked_add(n).filter(|&seen| n >= 0 && seen <= values).ok_or_else(|| {
                wrong(format!("it claims {n} values, more than the {} left of its column", values - seen))
            })?,
        };
        sum += unpacked;
        next += size + packed;
    }
    Ok(sum)
}

/// The header of the page at `at`, and its size in bytes.
fn page<F: Read + Seek>(file: &mut F, at: u64, end: u64) -> Result<(Page, u64), Wrong> {
    let mut bytes = Vec::new();
    // Most headers are of less than 100 bytes.
    for room in [1 << 10, PAGE_HEADER_BYTES] {
        file.seek(SeekFrom::Start(at))?;
        bytes.clear();
        file.by_ref().take(room.min(end - at)).read_to_end(&mut bytes)?;
        match header(&bytes) {
            Ok(found) => return Ok(found),
            Err(_) if room < PAGE_HEADER_BYTES && (bytes.len() as u64) < end - at => {}
            Err(what) => return Err(Wrong::Claims(String::new(), what)),
        }
    }
    Err(Wrong::Claims(String::new(), "its header has no end".into()))
}

fn header(bytes: &[u8]) -> Result<(Page, u64), Broken> {
    let mut page = Page::default();
    let mut thrift = Thrift::new(bytes);
    thrift.fields(shapes::PAGE, |id, item, thrift| {
        match (id, item) {
            (2, Item::Number(n)) => page.unpacked = n,
            (3, Item::Number(n)) => page.packed = n,
            (5 | 7 | 8, Item::Struct) => {
                let mut count = None;
                let shape = match id {
                    5 => shapes::DATA_PAGE,
                    7 => shapes::DICTIONARY_PAGE,
                    _ => shapes::DATA_PAGE_2,
                };
                thrift.fields(shape, |field, item, _| {
                    if let (1, Item::Number(n)) = (field, item) {
                        count = Some(n);
                    }
                    Ok(false)
                })?;
                *(if id == 7 { &mut page.entries } else { &mut page.values }) = count;
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    })?;
    Ok((page, thrift.walked() as u64))
}

#[cfg(test)]
mod tests;
