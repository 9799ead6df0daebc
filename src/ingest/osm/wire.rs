//! Protobuf's wire format, read in place: fields, numbers and packed lists without a copy.
//!
//! It reads the layout that writers of PBF produce. Whatever else protobuf allows (lists in pieces, a message given
//! twice) and whatever is damaged is [`Unusual`]: `osmpbfreader`'s full parser then judges it.

/// Bytes that this reader does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusual;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number of variable length.
    Number(u64),
    /// Text, a message or a packed list.
    Bytes(&'a [u8]),
    /// A number of fixed length, of which PBF has none.
    Fixed,
}

/// The fields of a message, as (number, value), in the order of the bytes.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Unusual>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() { None } else { Some(self.field()) }
    }
}

impl<'a> Fields<'a> {
    #[inline]
    fn field(&mut self) -> Result<(u64, Value<'a>), Unusual> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| Unusual)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(Unusual)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => self.skip(4)?,
            _ => return Err(Unusual),
        };
        Ok((tag >> 3, value))
    }

    fn skip(&mut self, length: usize) -> Result<Value<'a>, Unusual> {
        self.0 = self.0.get(length..).ok_or(Unusual)?;
        Ok(Value::Fixed)
    }
}

/// The numbers of a packed list.
#[derive(Debug, Clone)]
pub(super) struct Packed<'a>(pub(super) &'a [u8]);

impl Packed<'_> {
    /// How many numbers there are: each has one byte without the mark of more to come.
    pub(super) fn length(&self) -> usize {
        self.0.iter().filter(|byte| **byte < 0x80).count()
    }

    /// The numbers as signed ones (`sint64`: 0, −1, 1, −2, … are stored as 0, 1, 2, 3, …).
    #[inline]
    pub(super) fn signed(self) -> impl Iterator<Item = Result<i64, Unusual>> {
        self.map(|n| n.map(zigzag))
    }
}

impl Iterator for Packed<'_> {
    type Item = Result<u64, Unusual>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() { None } else { Some(varint(&mut self.0)) }
    }
}

/// Stores the only value of a field; a second one is unusual.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Unusual> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Unusual),
    }
}

#[inline]
fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[inline]
fn varint(bytes: &mut &[u8]) -> Result<u64, Unusual> {
    // Most numbers of a block are differences below 64: one byte.
    if let Some((&first, rest)) = bytes.split_first()
        && first < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(first));
    }
    if let Some(chunk) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends != 0 {
            // The bytes up to the first without the mark of more to come, then their sevens of bits drawn together.
            let word = word & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
            let word = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
            let word = word & 0x0000_3fff_0000_3fff | (word & 0x3fff_0000_3fff_0000) >> 2;
            let word = word & 0x0000_0000_0fff_ffff | (word & 0x0fff_ffff_0000_0000) >> 4;
            *bytes = &bytes[ends.trailing_zeros() as usize / 8 + 1..];
            return Ok(word);
        }
    }
    varint_by_bytes(bytes)
}

/// A number that is longer than eight bytes or stands near the end.
#[cold]
fn varint_by_bytes(bytes: &mut &[u8]) -> Result<u64, Unusual> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *bytes = &bytes[i + 1..];
            return Ok(value);
        }
    }
    Err(Unusual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_hand() {
        // 300 = 0b10_0101100: low seven bits 0x2c with the mark of more to come, then 2.
        let numbers: Result<Vec<u64>, _> = Packed(&[0x05, 0xac, 0x02, 0x00]).collect();
        assert_eq!(numbers, Ok(vec![5, 300, 0]));
        // −1 is stored as 1, 1 as 2; ten bytes of ones are u64::MAX, the least i64.
        let widest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let bytes = [&[1, 2][..], &widest].concat();
        assert_eq!(Packed(&bytes).signed().collect::<Result<Vec<i64>, _>>(), Ok(vec![-1, 1, i64::MIN]));
    }

    #[test]
    fn numbers_of_every_length() {
        for bits in 0..64 {
            let number = 0x9e37_79b9_7f4a_7c15 >> bits;
            let mut bytes = Vec::new();
            let mut rest: u64 = number;
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            // Alone, and with other bytes after it.
            assert_eq!(Packed(&bytes).collect::<Result<Vec<_>, _>>(), Ok(vec![number]));
            bytes.extend([0xff; 9]);
            assert_eq!(Packed(&bytes).next(), Some(Ok(number)));
        }
    }

    #[test]
    fn what_ends_early_or_never_is_unusual() {
        assert_eq!(Packed(&[0x80]).next(), Some(Err(Unusual)));
        assert_eq!(Packed(&[0x80; 11]).next(), Some(Err(Unusual)));
        // Field 1, three bytes announced, two there; field 1 of a group; a fixed number cut short.
        for cut in [&[0x0a, 3, 7, 7][..], &[0x0b], &[0x09, 0, 0]] {
            assert_eq!(Fields(cut).next(), Some(Err(Unusual)), "{cut:?}");
        }
    }

    #[test]
    fn fields_by_hand() {
        // Field 1 = 7; field 2 = "ab"; field 3 fixed, 4 bytes.
        let bytes = [0x08, 7, 0x12, 2, b'a', b'b', 0x1d, 0, 0, 0, 0];
        let fields: Result<Vec<_>, _> = Fields(&bytes).collect();
        assert_eq!(fields, Ok(vec![(1, Value::Number(7)), (2, Value::Bytes(b"ab")), (3, Value::Fixed)]));
    }
}
