//! Which tags are kept, and each distinct set of them once.

use std::collections::HashMap;

/// Tags of ways or nodes that are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tags {
    /// Of a way the value of `highway`, or `ferry` (`route=ferry` without a `highway`); of a node empty.
    pub class: String,
    /// The other tags that travel depends on, ascending by key, each key once.
    pub other: Vec<(&'static str, String)>,
}

impl Tags {
    /// Tags by hand; keys that no mode looks at are dropped, as they are when a file is read.
    pub fn new<'a>(class: &str, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tags {
        let known = |key: &str| KEYS.iter().find(|k| k.name == key).map(|k| k.name);
        let other = tags.into_iter().filter_map(|(k, v)| Some((known(k)?, v.to_owned()))).collect();
        Tags { class: class.to_owned(), other }
    }

    /// The value of the key whose parts are these, with colons between: `["oneway", "bicycle"]`.
    pub fn get_joined(&self, parts: &[&str]) -> Option<&str> {
        let is = |key: &str| key.split(':').eq(parts.iter().flat_map(|part| part.split(':')));
        self.other.iter().find(|(k, _)| is(k)).map(|(_, v)| v.as_str())
    }

    /// The value of a key; `highway` is asked for with it only on nodes, on ways it is the class.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.other.iter().find(|(k, _)| *k == key).map(|(_, v)| v.as_str())
    }
}

/// What a key is worth on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnNode {
    /// Nothing.
    Dropped,
    /// The node is a mark, whatever the value.
    Mark,
    /// Kept where something else makes the node a mark.
    Detail,
    /// Kept where the node is a barrier.
    Access,
    /// Decides with its value.
    ByValue,
}

/// A key that the reader knows.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Whether it is kept with a road.
    pub(super) on_way: bool,
    pub(super) on_node: OnNode,
}

/// The longest key or value: 255 characters of at most 4 bytes.
const MAX_TEXT_BYTES: usize = 255 * 4;

/// What the table says of a string that is no known key.
pub(super) const UNKNOWN: u8 = u8::MAX;

macro_rules! keys {
    ($($name:literal $way:literal $node:ident,)*) => {
        &[$(Key { name: $name, on_way: $way, on_node: OnNode::$node },)*]
    };
}

/// Known keys, ascending. Every other key is dropped while decoding.
pub(super) const KEYS: &[Key] = keys! {
    "access" true Access,
    "access:backward" true Dropped,
    "access:forward" true Dropped,
    "area" true Dropped,
    "barrier" false Mark,
    "bicycle" true Access,
    "bicycle:backward" true Dropped,
    "bicycle:forward" true Dropped,
    "bridge" true Dropped,
    "conveying" true Dropped,
    "crossing" false Mark,
    "crossing:signals" false Detail,
    "cycleway" true Dropped,
    "cycleway:both" true Dropped,
    "cycleway:left" true Dropped,
    "cycleway:left:oneway" true Dropped,
    "cycleway:right" true Dropped,
    "cycleway:right:oneway" true Dropped,
    "direction" false Detail,
    "duration" true Dropped,
    "est_width" true Dropped,
    "foot" true Access,
    "foot:backward" true Dropped,
    "foot:forward" true Dropped,
    "ford" false Mark,
    "highway" false ByValue,
    "junction" true Dropped,
    "lanes" true Dropped,
    "lanes:backward" true Dropped,
    "lanes:forward" true Dropped,
    "locked" false Detail,
    "maxspeed" true Dropped,
    "maxspeed:backward" true Dropped,
    "maxspeed:forward" true Dropped,
    "maxspeed:motorcar" true Dropped,
    "maxspeed:motorcycle" true Dropped,
    "maxspeed:type" true Dropped,
    "maxwidth" true Dropped,
    "maxwidth:physical" true Dropped,
    "motor_vehicle" true Access,
    "motor_vehicle:backward" true Dropped,
    "motor_vehicle:forward" true Dropped,
    "motorcar" true Access,
    "motorcar:backward" true Dropped,
    "motorcar:forward" true Dropped,
    "motorcycle" true Access,
    "motorcycle:backward" true Dropped,
    "motorcycle:forward" true Dropped,
    "motorroad" true Dropped,
    "narrow" true Dropped,
    "natural" false Dropped,
    "oneway" true Dropped,
    "oneway:bicycle" true Dropped,
    "oneway:foot" true Dropped,
    "oneway:motor_vehicle" true Dropped,
    "oneway:motorcar" true Dropped,
    "oneway:motorcycle" true Dropped,
    "oneway:vehicle" true Dropped,
    "railway" false ByValue,
    "route" false Dropped,
    "service" true Dropped,
    "sidewalk" true Dropped,
    "sidewalk:both" true Dropped,
    "sidewalk:left" true Dropped,
    "sidewalk:right" true Dropped,
    "smoothness" true Dropped,
    "source:maxspeed" true Dropped,
    "stop" false Detail,
    "surface" true Dropped,
    "tracktype" true Dropped,
    "traffic_calming" false Mark,
    "traffic_signals" false Mark,
    "traffic_signals:direction" false Detail,
    "type" false Dropped,
    "vehicle" true Access,
    "vehicle:backward" true Dropped,
    "vehicle:forward" true Dropped,
    "waterway" false Dropped,
    "width" true Dropped,
    "zone:maxspeed" true Dropped,
    "zone:traffic" true Dropped,
};

/// The number of a key that decides something by itself, known when the program is compiled.
const fn number_of(name: &str) -> u8 {
    let mut i = 0;
    while i < KEYS.len() {
        if same(KEYS[i].name.as_bytes(), name.as_bytes()) {
            return i as u8;
        }
        i += 1;
    }
    UNKNOWN
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

pub(super) const BARRIER: u8 = number_of("barrier");
pub(super) const HIGHWAY: u8 = number_of("highway");
pub(super) const NATURAL: u8 = number_of("natural");
pub(super) const RAILWAY: u8 = number_of("railway");
pub(super) const ROUTE: u8 = number_of("route");
pub(super) const TYPE: u8 = number_of("type");
pub(super) const WATERWAY: u8 = number_of("waterway");

/// The strings of a block, with what each means as a key.
pub(super) struct Strings<'a> {
    texts: Vec<&'a [u8]>,
    /// Number of the known key that the text names, or [`UNKNOWN`].
    keys: Vec<u8>,
}

impl<'a> Strings<'a> {
    pub(super) fn new(texts: Vec<&'a [u8]>) -> Self {
        let number = |text: &&[u8]| {
            // Most strings are names and numbers: no key begins so.
            if !text.first().is_some_and(u8::is_ascii_lowercase) {
                return UNKNOWN;
            }
            KEYS.binary_search_by(|key| key.name.as_bytes().cmp(text)).map_or(UNKNOWN, |i| i as u8)
        };
        let keys = texts.iter().map(number).collect();
        Strings { texts, keys }
    }

    /// The known key at a place of the table.
    #[inline]
    pub(super) fn key(&self, at: u64) -> Result<u8, &'static str> {
        usize::try_from(at).ok().and_then(|i| self.keys.get(i)).copied().ok_or(OUTSIDE)
    }

    /// The bytes at a place of the table.
    #[inline]
    pub(super) fn bytes(&self, at: u64) -> Result<&'a [u8], &'static str> {
        usize::try_from(at).ok().and_then(|i| self.texts.get(i)).copied().ok_or(OUTSIDE)
    }

    /// The text at a place of the table. Many tags may share it, so its length is bounded.
    pub(super) fn text(&self, at: u64) -> Result<&'a str, &'static str> {
        let bytes = self.bytes(at)?;
        if bytes.len() > MAX_TEXT_BYTES {
            return Err("a tag is longer than the 255 characters that OSM allows");
        }
        std::str::from_utf8(bytes).map_err(|_| "a tag is not UTF-8")
    }
}

const OUTSIDE: &str = "a tag points outside its string table";

/// A tag as two numbers in one: the key's in [`KEYS`] and the value's place in the string table of the block.
#[inline]
pub(super) fn pair(key: u8, value: u64) -> u64 {
    u64::from(key) << 32 | value & u64::from(u32::MAX)
}

/// The distinct tag sets of a block. Compared as numbers, so that text is looked at once a set.
#[derive(Default)]
pub(super) struct BlockSets {
    numbers: HashMap<Vec<u64>, u32>,
    /// Sets met lately, by a quick hash of their pairs: most ways are like one of them.
    recent: Vec<(Vec<u64>, u32)>,
    sets: Vec<Tags>,
}

/// Places in [`BlockSets::recent`].
const RECENT: usize = 512;

impl BlockSets {
    /// The number of a set of pairs, which it sorts; `class` is the place of the text of the class.
    pub(super) fn number(
        &mut self,
        strings: &Strings<'_>,
        class: Option<u64>,
        pairs: &mut Vec<u64>,
    ) -> Result<u32, &'static str> {
        pairs.sort_unstable();
        pairs.dedup_by_key(|p| *p >> 32); // a key given twice is against the format: any one of them
        pairs.extend(class.map(|c| pair(UNKNOWN, c))); // last, and no known key
        if self.recent.is_empty() {
            self.recent.resize(RECENT, (Vec::new(), u32::MAX));
        }
        let mixed = pairs.iter().fold(0_u64, |h, &p| (h ^ p).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
        let recent = &mut self.recent[mixed as usize % RECENT];
        if recent.1 != u32::MAX && recent.0 == *pairs {
            return Ok(recent.1);
        }
        if let Some(&number) = self.numbers.get(pairs.as_slice()) {
            recent.0.clone_from(pairs);
            recent.1 = number;
            return Ok(number);
        }
        let mut tags = Tags { class: class.map_or(Ok(""), |c| strings.text(c))?.to_owned(), other: Vec::new() };
        for &p in &pairs[..pairs.len() - usize::from(class.is_some())] {
            let key = KEYS[(p >> 32) as usize].name;
            tags.other.push((key, strings.text(p & u64::from(u32::MAX))?.to_owned()));
        }
        let number = self.sets.len() as u32;
        self.sets.push(tags);
        self.numbers.insert(pairs.clone(), number);
        Ok(number)
    }

    /// All sets; the number of each is its index.
    pub(super) fn finish(self) -> Vec<Tags> {
        self.sets
    }
}

/// The distinct tag sets of a file, numbered in the order in which they are asked for.
#[derive(Default)]
pub(super) struct FileSets<'a> {
    numbers: HashMap<&'a Tags, u32>,
    sets: Vec<&'a Tags>,
}

impl<'a> FileSets<'a> {
    /// The number of a set.
    pub(super) fn number(&mut self, tags: &'a Tags) -> u32 {
        *self.numbers.entry(tags).or_insert_with(|| {
            self.sets.push(tags);
            self.sets.len() as u32 - 1
        })
    }

    /// All sets; the number of each is its index.
    pub(super) fn finish(self) -> Vec<Tags> {
        self.sets.into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ascend_and_the_deciding_ones_are_among_them() {
        assert!(KEYS.windows(2).all(|k| k[0].name < k[1].name));
        assert!(KEYS.len() < usize::from(UNKNOWN));
        for (number, name) in [
            (BARRIER, "barrier"),
            (HIGHWAY, "highway"),
            (NATURAL, "natural"),
            (RAILWAY, "railway"),
            (ROUTE, "route"),
            (TYPE, "type"),
            (WATERWAY, "waterway"),
        ] {
            assert_eq!(KEYS[usize::from(number)].name, name);
        }
    }

    #[test]
    fn texts_are_bounded() {
        let (long, longer) = (vec![b'x'; 1020], vec![b'x'; 1021]);
        let strings = Strings::new(vec![&long, &longer]);
        assert_eq!(strings.text(0).map(str::len), Ok(1020));
        assert!(strings.text(1).is_err_and(|what| what.contains("255 characters")));
    }

    #[test]
    fn alike_sets_are_one_whatever_the_order_of_their_tags() {
        let strings = Strings::new(vec![b"", b"surface", b"oneway", b"yes", b"asphalt", b"primary", b"\xff"]);
        let mut sets = BlockSets::default();
        let (surface, oneway) = (strings.key(1).unwrap(), strings.key(2).unwrap());
        let first = sets.number(&strings, Some(5), &mut vec![pair(surface, 4), pair(oneway, 3)]);
        let turned = sets.number(&strings, Some(5), &mut vec![pair(oneway, 3), pair(surface, 4)]);
        let nodes = sets.number(&strings, None, &mut vec![pair(oneway, 3)]);
        assert_eq!((first, turned, nodes), (Ok(0), Ok(0), Ok(1)));
        assert_eq!((sets.sets[0].class.as_str(), sets.sets[0].get("oneway")), ("primary", Some("yes")));
        assert_eq!(sets.sets[0].other, [("oneway", "yes".to_owned()), ("surface", "asphalt".to_owned())]);
        assert_eq!(sets.sets[1].class, "");
        assert_eq!(sets.number(&strings, Some(6), &mut vec![]), Err("a tag is not UTF-8"));
        assert_eq!(strings.key(7), Err(OUTSIDE));
    }
}
