use super::*;
use crate::ingest::columns::Frame;

/// A value in the compact protocol.
enum V {
    Number(i64),
    Text(&'static str),
    List(u8, Vec<Vec<u8>>),
    Struct(Vec<u8>),
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

fn zigzag(n: i64) -> Vec<u8> {
    varint(((n << 1) ^ (n >> 63)) as u64)
}

fn text(text: &str) -> Vec<u8> {
    [varint(text.len() as u64), text.as_bytes().to_vec()].concat()
}

/// A structure; ids ascend.
fn structure(fields: Vec<(u8, V)>) -> Vec<u8> {
    let (mut bytes, mut last) = (Vec::new(), 0);
    for (id, value) in fields {
        let (kind, inside) = match value {
            V::Number(n) => (6, zigzag(n)),
            V::Text(t) => (8, text(t)),
            V::List(kind, all) => (9, [vec![(all.len() as u8) << 4 | kind], all.concat()].concat()),
            V::Struct(inside) => (12, inside),
        };
        match id - last {
            step @ 1..=15 => bytes.push(step << 4 | kind),
            _ => bytes.extend([vec![kind], zigzag(id.into())].concat()),
        }
        bytes.extend(inside);
        last = id;
    }
    bytes.push(0);
    bytes
}

/// What a file of one column `a` of whole numbers claims.
#[derive(Clone)]
struct Claims {
    rows: i64,
    group_rows: i64,
    values: i64,
    codec: i64,
    chunk_bytes: Option<i64>,
    chunk_at: i64,
    page_values: i64,
    unpacked: i64,
    packed: i64,
    /// Entries of a dictionary page in place of the data page.
    entries: Option<i64>,
}

impl Claims {
    /// Three numbers, 8 bytes each: all true.
    fn honest() -> Claims {
        Claims {
            rows: 3,
            group_rows: 3,
            values: 3,
            codec: 0,
            chunk_bytes: None,
            chunk_at: 4,
            page_values: 3,
            unpacked: 24,
            packed: 24,
            entries: None,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let numbers: Vec<u8> = [7_i64, 8, 9].iter().flat_map(|n| n.to_le_bytes()).collect();
        let mut head = vec![(1, V::Number(0)), (2, V::Number(self.unpacked)), (3, V::Number(self.packed))];
        match self.entries {
            // Plain values; levels in runs, of which there are none.
            None => {
                let of = [self.page_values, 0, 3, 3].into_iter().zip(1..).map(|(n, id)| (id, V::Number(n)));
                head.push((5, V::Struct(structure(of.collect()))));
            }
            Some(entries) => {
                head[0].1 = V::Number(2);
                head.push((7, V::Struct(structure(vec![(1, V::Number(entries)), (2, V::Number(0))]))));
            }
        }
        let page = [structure(head), numbers].concat();
        let meta = structure(vec![
            (1, V::Number(2)),
            (2, V::List(5, vec![zigzag(0)])),
            (3, V::List(8, vec![text("a")])),
            (4, V::Number(self.codec)),
            (5, V::Number(self.values)),
            (6, V::Number(page.len() as i64)),
            (7, V::Number(self.chunk_bytes.unwrap_or(page.len() as i64))),
            (9, V::Number(self.chunk_at)),
        ]);
        let chunk = structure(vec![(2, V::Number(4)), (3, V::Struct(meta))]);
        let group = structure(vec![
            (1, V::List(12, vec![chunk])),
            (2, V::Number(page.len() as i64)),
            (3, V::Number(self.group_rows)),
        ]);
        let root = structure(vec![(4, V::Text("schema")), (5, V::Number(1))]);
        let leaf = structure(vec![(1, V::Number(2)), (3, V::Number(0)), (4, V::Text("a"))]);
        let footer = structure(vec![
            (1, V::Number(1)),
            (2, V::List(12, vec![root, leaf])),
            (3, V::Number(self.rows)),
            (4, V::List(12, vec![group])),
        ]);
        framed(&page, &footer)
    }
}

fn framed(pages: &[u8], footer: &[u8]) -> Vec<u8> {
    [b"PAR1", pages, footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
}

/// The numbers of a file, or where and what is wrong with it.
fn read(bytes: &[u8]) -> Result<usize, (String, String)> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("t.parquet");
    std::fs::write(&path, bytes).unwrap();
    Frame::open(&path, &["a"], &[]).map(|frame| frame.len()).map_err(|error| {
        let fault = error.faults()[0].clone();
        assert_eq!(fault.code, "table::format");
        (fault.place.unwrap_or_default(), fault.message)
    })
}

fn refused(claims: Claims, place: &str, what: &str) {
    let bytes = claims.bytes();
    assert!(bytes.len() < 300, "{} bytes", bytes.len());
    let (at, found) = read(&bytes).unwrap_err();
    assert!(at == place && found.contains(what), "{at}: {found}");
}

#[test]
fn honest_claims_are_read() {
    assert_eq!(read(&Claims::honest().bytes()), Ok(3));
}

#[test]
fn claims_of_the_footer_are_held_against_the_file() {
    let honest = Claims::honest();
    // 2^20 rows are allowed to any file, and 64 for each of its some 200 bytes.
    refused(Claims { rows: 1 << 40, ..honest.clone() }, "the footer", "it claims 1099511627776 rows");
    refused(Claims { rows: -1, ..honest.clone() }, "the footer", "it claims -1 rows");
    refused(Claims { group_rows: 1 << 40, ..honest.clone() }, "the footer", "it claims 1099511627776 rows");
    refused(Claims { group_rows: -3, ..honest.clone() }, "the footer", "a number of rows that is none");
    refused(Claims { values: 1 << 40, ..honest.clone() }, "column chunk 1", "it claims 1099511627776 values");
    refused(Claims { chunk_bytes: Some(1 << 40), ..honest.clone() }, "column chunk 1", "beyond the file");
    refused(Claims { chunk_bytes: Some(i64::MAX), ..honest.clone() }, "column chunk 1", "beyond the file");
    refused(Claims { chunk_at: -1, ..honest.clone() }, "column chunk 1", "beyond the file");
    // The footer's own length, and a list in it.
    let mut bytes = honest.bytes();
    let end = bytes.len() - 8;
    bytes[end..end + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let (place, what) = read(&bytes).unwrap_err();
    assert!(place == "the footer" && what.contains("it claims 4096 MiB"), "{what}");
    // Field 2, a list of 2^40 structures: polars would set memory aside for all of them.
    let list = [vec![0x29, 0xfc], varint(1 << 40), vec![0, 0]].concat();
    let (place, what) = read(&framed(b"", &list)).unwrap_err();
    assert!(place == "the footer" && what.contains("more values than there are bytes"), "{what}");
}

#[test]
fn claims_of_pages_are_held_against_their_column() {
    let honest = Claims::honest();
    let page = "column chunk 1, page 1";
    // 2 GiB from 24 bytes, packed with zstd (6).
    let bomb = Claims { unpacked: i64::from(i32::MAX), codec: 6, ..honest.clone() };
    refused(bomb, page, "24 bytes claim to unpack to 2048 MiB");
    refused(Claims { unpacked: -1, ..honest.clone() }, page, "a size below 0");
    refused(Claims { packed: 1 << 30, ..honest.clone() }, page, "beyond the end of its column");
    refused(Claims { page_values: 1 << 30, ..honest.clone() }, page, "more than the 3 left of its column");
    refused(Claims { page_values: -1, ..honest.clone() }, page, "more than the 3 left of its column");
    refused(Claims { entries: Some(1 << 30), ..honest.clone() }, page, "it claims 1073741824 entries in 24 bytes");
}

#[test]
fn many_pages_that_unpack_to_much_are_refused() {
    // Pages of 16 MiB each from 24 bytes: each may be, all together may not be more than 64 MiB and 200 times the file.
    let chunk = |count: usize| {
        let claims = Claims { unpacked: FREE_BYTES as i64, page_values: 1, ..Claims::honest() };
        let one = claims.bytes();
        // Of a header (until its end) and 24 bytes.
        let (_, size) = header(&one[4..]).unwrap();
        one[4..4 + size as usize + 24].repeat(count)
    };
    let walk = |count: usize| {
        let bytes = chunk(count);
        let length = bytes.len() as u64;
        pages(&mut std::io::Cursor::new(bytes), 0..length, count as i64).map_err(|_| ())
    };
    assert_eq!(walk(5), Ok(5 * FREE_BYTES));
    let pages = chunk(5);
    let mut footer = Vec::new();
    let meta = structure(vec![(5, V::Number(5)), (7, V::Number(pages.len() as i64)), (9, V::Number(4))]);
    let group = structure(vec![(1, V::List(12, vec![structure(vec![(3, V::Struct(meta))])])), (3, V::Number(5))]);
    footer.extend(structure(vec![(3, V::Number(5)), (4, V::List(12, vec![group]))]));
    let (place, what) = read(&framed(&pages, &footer)).unwrap_err();
    assert!(place == "column chunk 1" && what.contains("the pages are of 80 MiB unpacked"), "{place}: {what}");
}

#[test]
fn every_cut_and_every_flipped_bit_is_read_or_refused() {
    let bytes = Claims::honest().bytes();
    for end in 0..bytes.len() {
        assert!(check(&mut std::io::Cursor::new(&bytes[..end])).is_ok() || end > 12);
    }
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let _ = check(&mut std::io::Cursor::new(&flipped));
    }
}

#[test]
fn fields_of_another_kind_than_parquets_are_refused() {
    // Found by fuzzing: the reader behind this took 222 GB for a list that stood where a number was written.
    let bytes = include_bytes!("../../../tests/fuzz/seeds/cover/parquet-of-other-kinds");
    let told = match check(&mut std::io::Cursor::new(&bytes[..])) {
        Err(Wrong::Claims(_, what)) => what,
        _ => "nothing".to_owned(),
    };
    assert!(told.contains("of another kind than Parquet's") || told.contains("too large"), "{told}");
}

#[test]
fn nested_fields_are_held_to_parquets_kinds_too() {
    let schema = |element: Vec<(u8, V)>| structure(vec![(2, V::List(12, vec![structure(element)]))]);
    let column = |id, value| {
        let chunk = structure(vec![(3, V::Struct(structure(vec![(id, value)])))]);
        let group = structure(vec![(1, V::List(12, vec![chunk]))]);
        structure(vec![(4, V::List(12, vec![group]))])
    };
    let whole = |bits: V| V::Struct(structure(vec![(10, V::Struct(structure(vec![(1, bits)])))]));
    let statistics = |id, value| V::Struct(structure(vec![(id, value)]));
    let field = |id: i64| format!("field {id} is of another kind than Parquet's");
    let list = || "values of a list are of another kind than Parquet's".to_owned();
    for (bytes, told) in [
        (schema(vec![(5, V::Text("1"))]), field(5)),
        (schema(vec![(10, whole(V::Number(8)))]), field(1)),
        (column(12, statistics(3, V::Text("nulls"))), field(3)),
        (column(16, statistics(2, V::Number(1))), field(2)),
        (column(3, V::List(6, vec![zigzag(1)])), list()),
        (column(13, V::List(12, vec![structure(vec![(3, V::Text("pages"))])])), field(3)),
        (structure(vec![(5, V::List(8, vec![text("key")]))]), list()),
        (
            structure(vec![(8, V::Struct(structure(vec![(2, V::Struct(structure(vec![(1, V::Number(1))])))])))]),
            field(1),
        ),
    ] {
        assert_eq!(footer(&bytes).unwrap_err(), told);
    }
    let page = |inside| structure(vec![(5, V::Struct(structure(vec![inside])))]);
    assert_eq!(header(&page((5, statistics(1, V::Number(1))))).unwrap_err(), field(1));
    assert_eq!(header(&page((2, V::Text("encoding")))).unwrap_err(), field(2));
    // What Parquet has, and what later versions may add.
    assert!(header(&page((5, statistics(1, V::Text("least"))))).is_ok());
    assert!(footer(&column(12, statistics(9, V::Text("later")))).is_ok());
    assert!(footer(&column(17, V::Text("later"))).is_ok());
}
