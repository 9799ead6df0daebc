//! A reader that watches the records of a CSV file as they pass by, so that a quote that is never closed, or a line
//! without end, cannot fill the memory.

use std::fmt;
use std::io::{self, Read};

use crate::limits::{CSV_COLUMNS, CSV_FIELD_BYTES, CSV_RECORD_BYTES, mib};

/// Passes bytes on, and fails where a field, a record or the number of columns is beyond its limit.
pub(super) struct Watched<R> {
    inner: R,
    state: State,
    /// The line of the byte at hand, and the one on which its record began, from 1.
    line: u64,
    began: u64,
    field_bytes: u64,
    record_bytes: u64,
    columns: u64,
}

/// Where in a record the byte at hand stands; as the `csv` crate reads with commas and double quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldBegins,
    Plain,
    Quoted,
    /// After a quote in a quoted field: its end, or the first of two.
    QuoteInQuoted,
}

/// What went beyond its limit.
#[derive(Debug)]
struct TooLong {
    found: String,
    line: u64,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (the record begins on line {})", self.found, self.line)
    }
}

impl std::error::Error for TooLong {}

impl<R: Read> Watched<R> {
    pub(super) fn new(inner: R) -> Self {
        let state = State::FieldBegins;
        Watched { inner, state, line: 1, began: 1, field_bytes: 0, record_bytes: 0, columns: 1 }
    }

    fn take(&mut self, byte: u8) -> Result<(), TooLong> {
        use State::{FieldBegins, Plain, QuoteInQuoted, Quoted};
        self.line += u64::from(byte == b'\n');
        self.state = match (self.state, byte) {
            (Quoted, b'"') => QuoteInQuoted,
            (Quoted, _) | (QuoteInQuoted, b'"') => Quoted,
            (FieldBegins, b'"') => Quoted,
            (_, b'\n' | b'\r') => {
                (self.field_bytes, self.record_bytes, self.columns, self.began) = (0, 0, 1, self.line);
                self.state = FieldBegins;
                return Ok(());
            }
            (_, b',') => FieldBegins,
            _ => Plain,
        };
        if self.state == FieldBegins {
            self.field_bytes = 0;
            self.columns += 1;
        } else {
            self.field_bytes += 1;
        }
        self.record_bytes += 1;
        let found = if self.field_bytes > CSV_FIELD_BYTES {
            format!("a field is longer than {}; is a quote not closed?", mib(CSV_FIELD_BYTES))
        } else if self.record_bytes > CSV_RECORD_BYTES {
            format!("a record is longer than {}", mib(CSV_RECORD_BYTES))
        } else if self.columns > CSV_COLUMNS {
            format!("a record has more than {CSV_COLUMNS} fields")
        } else {
            return Ok(());
        };
        Err(TooLong { found, line: self.began })
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for &byte in &buffer[..read] {
            self.take(byte).map_err(|what| io::Error::new(io::ErrorKind::InvalidData, what))?;
        }
        Ok(read)
    }
}

/// What went beyond its limit and the line on which the record began, if that is what an error tells.
pub(super) fn too_long(error: &csv::Error) -> Option<(String, u64)> {
    let csv::ErrorKind::Io(error) = error.kind() else { return None };
    let found = error.get_ref()?.downcast_ref::<TooLong>()?;
    Some((found.found.clone(), found.line))
}

/// What to do with a record that is too long.
pub(super) const SHORTEN: &str =
    "close the quotes, put one record on a line, and leave out columns that planning does not need";

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text, or what is too long and where.
    fn records(text: &[u8]) -> Result<usize, (String, u64)> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(Watched::new(text));
        let mut count = 0;
        for record in reader.byte_records() {
            record.map_err(|e| too_long(&e).unwrap())?;
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn fields_up_to_the_limit_pass_and_longer_ones_are_told_with_their_line() {
        let text =
            |length: u64| [b"a,b\n1,2\n\"x\ny\",".to_vec(), vec![b'z'; length as usize], b"\n1,2\n".to_vec()].concat();
        assert_eq!(records(&text(CSV_FIELD_BYTES)), Ok(3));
        // The record of the long field begins on line 3 and holds a line break.
        let (what, line) = records(&text(CSV_FIELD_BYTES + 1)).unwrap_err();
        assert!(what.contains("longer than 4 MiB") && line == 3, "{what}, line {line}");
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_the_reading() {
        let text = [b"a,b\n1,\"2\n".to_vec(), b"1,2\n".repeat(2 << 20)].concat();
        let (what, line) = records(&text).unwrap_err();
        assert!(what.contains("quote not closed") && line == 2, "{what}, line {line}");
    }

    #[test]
    fn many_long_fields_and_many_columns_are_refused() {
        // 5 fields of 4 MiB less a byte are a record beyond 16 MiB.
        let long = [vec![b'z'; CSV_FIELD_BYTES as usize - 1], b",".to_vec()].concat().repeat(5);
        assert!(records(&[b"a\n".to_vec(), long].concat()).unwrap_err().0.contains("a record is longer than 16 MiB"));
        // 4,095 commas are 4,096 fields.
        assert_eq!(records(&[b"a\n".to_vec(), vec![b','; 4095]].concat()), Ok(1));
        let (what, line) = records(&[b"a\n".to_vec(), vec![b','; 4096]].concat()).unwrap_err();
        assert!(what.contains("more than 4096 fields") && line == 2, "{what}, line {line}");
    }

    #[test]
    fn quotes_are_read_as_the_csv_crate_does() {
        // A quote within a plain field, doubled quotes, text after a closed quote, all line ends, then a long file of
        // short records: none may be taken for one without end.
        for dirty in ["a\"b,c\n", "\"a\"\"b\",c\n", "\"a\"b,c\n", "a,\"\"\n", "a,b\r\n", "a,b\r", " \"a,b\n", "\n\n"] {
            let text =
                [b"h,h\n".to_vec(), dirty.repeat(3_000_000 / dirty.len()).into_bytes(), b"1,2\n".repeat(1 << 20)];
            let text = text.concat();
            let plain = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_slice()).byte_records().count();
            assert_eq!(records(&text), Ok(plain), "{dirty:?}");
        }
    }
}
