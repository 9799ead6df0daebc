//! What an XLSX file holds, read part by part without a library that might be as wrong as the one that wrote it.

// Each test uses its part of this.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::Read;

/// The parts of the file by their paths.
pub fn parts(bytes: &[u8]) -> BTreeMap<String, String> {
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]) as usize;
    let long = |at: usize| short(at) | short(at + 2) << 16;
    let end = (0..bytes.len() - 21).rev().find(|&at| bytes[at..].starts_with(b"PK\x05\x06")).expect("a ZIP file");
    let (count, mut at) = (short(end + 10), long(end + 16));
    let mut parts = BTreeMap::new();
    for _ in 0..count {
        assert!(bytes[at..].starts_with(b"PK\x01\x02"));
        let (method, packed, name, more) =
            (short(at + 10), long(at + 20), short(at + 28), short(at + 30) + short(at + 32));
        let (path, local) = (&bytes[at + 46..at + 46 + name], long(at + 42));
        let start = local + 30 + short(local + 26) + short(local + 28);
        let data = &bytes[start..start + packed];
        let mut text = String::new();
        match method {
            0 => text = String::from_utf8(data.to_vec()).unwrap(),
            _ => _ = flate2::read::DeflateDecoder::new(data).read_to_string(&mut text).unwrap(),
        }
        parts.insert(String::from_utf8(path.to_vec()).unwrap(), text);
        at += 46 + name + more;
    }
    parts
}

/// The elements of a name, each its attributes and what stands inside.
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find(&open) {
        rest = &rest[at + open.len()..];
        // Another element whose name begins with this one.
        if !rest.starts_with([' ', '>', '/']) {
            continue;
        }
        let end = rest.find('>').unwrap();
        let attributes = &rest[..end];
        rest = &rest[end + 1..];
        if attributes.ends_with('/') {
            found.push((attributes.trim_end_matches('/'), ""));
            continue;
        }
        let end = rest.find(&close).unwrap();
        found.push((attributes, &rest[..end]));
        rest = &rest[end..];
    }
    found
}

/// The value of an attribute.
pub fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let from = attributes.find(&format!(" {name}=\""))? + name.len() + 3;
    attributes[from..].split('"').next()
}

fn plain(xml: &str) -> String {
    let text = ["&lt;", "<", "&gt;", ">", "&quot;", "\"", "&apos;", "'", "&amp;", "&"]
        .chunks(2)
        .fold(xml.to_owned(), |text, pair| text.replace(pair[0], pair[1]));
    // Excel writes what XML cannot hold, and what looks like such a sign, as _xHHHH_.
    text.replace("_x005F_", "_")
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The text, or the number as it stands.
    pub value: String,
    /// Whether it is a text.
    pub is_text: bool,
    /// The formula that makes it.
    pub formula: Option<String>,
}

/// A sheet: its cells by their addresses, e.g. `B7`, its rows that are hidden, and all of its XML.
pub struct Sheet {
    pub cells: BTreeMap<String, Cell>,
    pub hidden: Vec<u32>,
    pub xml: String,
}

/// The sheets by their names, in the file's order.
pub fn sheets(parts: &BTreeMap<String, String>) -> Vec<(String, Sheet)> {
    let texts = |xml: &str| elements(xml, "t").into_iter().map(|(_, text)| plain(text)).collect::<String>();
    let shared: Vec<String> =
        elements(&parts["xl/sharedStrings.xml"], "si").into_iter().map(|(_, xml)| texts(xml)).collect();
    let names = elements(&parts["xl/workbook.xml"], "sheet");
    names
        .iter()
        .enumerate()
        .map(|(i, (attributes, _))| {
            let xml = parts[&format!("xl/worksheets/sheet{}.xml", i + 1)].clone();
            let mut cells = BTreeMap::new();
            for (attributes, inside) in elements(&xml, "c") {
                let of = |name: &str| elements(inside, name).first().map(|(_, text)| plain(text));
                let Some(value) = of("v") else { continue };
                let is_shared = attribute(attributes, "t") == Some("s");
                let cell = Cell {
                    value: if is_shared { shared[value.parse::<usize>().unwrap()].clone() } else { value },
                    is_text: is_shared || attribute(attributes, "t") == Some("str"),
                    formula: of("f"),
                };
                cells.insert(attribute(attributes, "r").unwrap().to_owned(), cell);
            }
            let rows = elements(&xml, "row").into_iter().filter(|(a, _)| attribute(a, "hidden") == Some("1"));
            let hidden = rows.map(|(a, _)| attribute(a, "r").unwrap().parse().unwrap()).collect();
            (plain(attribute(attributes, "name").unwrap()), Sheet { cells, hidden, xml })
        })
        .collect()
}

impl Sheet {
    /// The text or number of a cell; `None` where it is empty.
    pub fn at(&self, column: char, row: usize) -> Option<&str> {
        self.cells.get(&format!("{column}{row}")).map(|cell| cell.value.as_str())
    }

    /// The number of a cell.
    pub fn number(&self, column: char, row: usize) -> Option<f64> {
        self.at(column, row).map(|value| value.parse().unwrap())
    }

    /// The column whose header begins with a text in Vietnamese.
    pub fn column(&self, header: &str) -> char {
        let begins = |c: &char| self.at(*c, 5).is_some_and(|text| text.lines().next() == Some(header));
        ('A'..='Z').find(begins).unwrap_or_else(|| panic!("no column {header}"))
    }
}
