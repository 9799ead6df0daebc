//! Thrift's compact protocol, walked in place: enough to look at the footer and the page headers of a Parquet file before
//! a reader believes them. Nothing is copied and no memory is taken.

/// How deep structures may nest; those of Parquet nest 6 deep.
const MOST_NESTED: u32 = 24;

/// A place in bytes in the compact protocol.
#[derive(Clone)]
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A value of a field or of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A whole number of 16 bits or more.
    Number(i64),
    /// Text or bytes.
    Bytes(&'a [u8]),
    /// A structure, or a list of so many values: the walk goes on within.
    Struct,
    List(Wire, usize),
    /// A flag, a byte or a floating-point number.
    Other,
}

/// The kind of a value, by its number in the protocol.
pub(super) type Wire = u8;

const BYTE: Wire = 3;
const BINARY: Wire = 8;
const LIST: Wire = 9;
const SET: Wire = 10;
const STRUCT: Wire = 12;

/// The kind of a value as the format that is read has it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Not known: readers pass it over, whatever it is.
    Any,
    Flag,
    Byte,
    /// A whole number of 16 bits or more, which are written alike.
    Number,
    Bytes,
    List(&'static Kind),
    Struct(Shape),
}

/// The fields of a structure from number 1 on; those beyond are not known.
pub(super) type Shape = &'static [Kind];

impl Kind {
    /// Whether a value that is written in this way can be of this kind.
    fn fits(self, wire: Wire) -> bool {
        match self {
            Kind::Any => true,
            Kind::Flag => matches!(wire, 1 | 2),
            Kind::Byte => wire == BYTE,
            Kind::Number => matches!(wire, 4..=6),
            Kind::Bytes => wire == BINARY,
            Kind::List(_) => matches!(wire, LIST | SET),
            Kind::Struct(_) => wire == STRUCT,
        }
    }

    /// The kind of the values in a list.
    fn inner(self) -> Kind {
        if let Kind::List(inner) = self { *inner } else { Kind::Any }
    }
}

/// Why bytes are no Thrift.
pub(super) type Broken = String;

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Thrift { bytes, at: 0 }
    }

    /// Bytes walked so far.
    pub(super) fn walked(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        let byte = *self.bytes.get(self.at).ok_or("it ends early")?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number without end".into())
    }

    fn number(&mut self) -> Result<i64, Broken> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    fn bytes(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let found = end.and_then(|end| self.bytes.get(self.at..end)).ok_or("a text is longer than what is there")?;
        self.at += found.len();
        Ok(found)
    }

    /// The head of a value, or all of a plain one.
    fn item(&mut self, wire: Wire, kind: Kind, in_list: bool) -> Result<Item<'a>, Broken> {
        Ok(match wire {
            // A flag of a field is told by its kind; in a list it has a byte.
            1 | 2 => {
                if in_list {
                    self.byte()?;
                }
                Item::Other
            }
            BYTE => {
                self.byte()?;
                Item::Other
            }
            4..=6 => Item::Number(self.number()?),
            7 => {
                self.bytes(8)?;
                Item::Other
            }
            BINARY => {
                let length = self.varint()?;
                Item::Bytes(self.bytes(length)?)
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    few => u64::from(few),
                };
                // Each value has a byte at least, so that no reader sets aside more than a multiple of what is there.
                let count = usize::try_from(count).ok().filter(|&count| count <= self.bytes.len() - self.at);
                let count = count.ok_or("a list claims more values than there are bytes")?;
                if count > 0 && !kind.inner().fits(head & 15) {
                    return Err("values of a list are of another kind than Parquet's".into());
                }
                Item::List(head & 15, count)
            }
            STRUCT => Item::Struct,
            other => return Err(format!("a value of kind {other}, which Parquet has none of")),
        })
    }

    /// The next field of a structure, with its kind; `None` at the end. `id` is the number of the field before, 0 at first.
    fn field(&mut self, id: &mut i64, shape: Shape) -> Result<Option<(Item<'a>, Kind)>, Broken> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *id = match head >> 4 {
            0 => self.number()?,
            step => *id + i64::from(step),
        };
        // Readers keep 16 bits of it, and would take it for another.
        i16::try_from(*id).map_err(|_| "a field's number is too large")?;
        let kind = usize::try_from(*id - 1).ok().and_then(|at| shape.get(at)).copied().unwrap_or(Kind::Any);
        // Readers go by the number alone, and would take the bytes of a number for the length of a list.
        if !kind.fits(head & 15) {
            return Err(format!("field {id} is of another kind than Parquet's"));
        }
        Ok(Some((self.item(head & 15, kind, false)?, kind)))
    }

    /// Walks the fields of a structure. `take` gets the number of each with its value; of a structure or a list it may walk
    /// the inside by itself and then says so by `true`.
    pub(super) fn fields(
        &mut self,
        shape: Shape,
        mut take: impl FnMut(i64, Item<'a>, &mut Self) -> Result<bool, Broken>,
    ) -> Result<(), Broken> {
        let mut id = 0;
        while let Some((item, kind)) = self.field(&mut id, shape)? {
            if !take(id, item, self)? {
                self.skip(item, kind, 0)?;
            }
        }
        Ok(())
    }

    /// Walks past what is inside a value.
    fn skip(&mut self, item: Item<'a>, kind: Kind, depth: u32) -> Result<(), Broken> {
        if depth > MOST_NESTED {
            return Err(format!("structures nest more than {MOST_NESTED} deep"));
        }
        match item {
            Item::List(wire, count) => {
                for _ in 0..count {
                    let inner = self.item(wire, kind.inner(), true)?;
                    self.skip(inner, kind.inner(), depth + 1)?;
                }
            }
            Item::Struct => {
                let shape = if let Kind::Struct(shape) = kind { shape } else { &[] };
                let mut id = 0;
                while let Some((inner, kind)) = self.field(&mut id, shape)? {
                    self.skip(inner, kind, depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number as it is written.
    fn varint(mut n: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    }

    fn numbers(bytes: &[u8]) -> Result<Vec<(i64, i64)>, Broken> {
        let mut found = Vec::new();
        Thrift::new(bytes).fields(&[], |id, item, _| {
            if let Item::Number(n) = item {
                found.push((id, n));
            }
            Ok(false)
        })?;
        Ok(found)
    }

    #[test]
    fn fields_by_hand() {
        // Field 1, i32 = −1 (zigzag 1); field 3 (step 2), i64 = 150 (zigzag 300 = 0xac 0x02); field 4, a flag; field 20 by
        // its long form (zigzag 40), a list of two i32; field 21 a structure with one byte; field 22, i16 = 7; the end.
        let bytes = [0x15, 1, 0x26, 0xac, 2, 0x11, 0x09, 40, 0x25, 2, 4, 0x1c, 0x13, 9, 0, 0x14, 14, 0];
        assert_eq!(numbers(&bytes), Ok(vec![(1, -1), (3, 150), (22, 7)]));
        for end in 0..bytes.len() {
            assert!(numbers(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_claims_more_than_there_is_is_refused() {
        // A list of 2^40 structures in 8 bytes; a text of 2^40 bytes.
        let list = [vec![0x19, 0xfc], varint(1 << 40), vec![0]].concat();
        assert!(numbers(&list).unwrap_err().contains("more values than there are bytes"));
        let text = [vec![0x18], varint(1 << 40), vec![0]].concat();
        assert!(numbers(&text).unwrap_err().contains("longer than what is there"));
        // Lists of lists without end.
        let nest = [vec![0x19], vec![0x19; 100]].concat();
        assert!(numbers(&nest).unwrap_err().contains("nest more than"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = numbers(&bytes);
        }
    }
}
