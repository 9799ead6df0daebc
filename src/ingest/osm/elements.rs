//! The elements of a block with all their tags, read in place: for readers of other things than roads.

use osmpbfreader::osmformat::{Node, PrimitiveBlock};
use protobuf::Message;

use super::block::{Grid, Trouble};
use super::frames::not_protobuf;
use super::nodes::Place;
use super::wire::{Fields, Packed, Unusual, Value, once};

/// The longest key or value: 255 characters of at most 4 bytes.
const MAX_TEXT_BYTES: usize = 255 * 4;

/// A tag as the places of its key and its value in [`View::texts`].
pub(super) type TagAt = (u32, u32);

/// Which kinds of elements a block holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) nodes: bool,
    pub(super) ways: bool,
    pub(super) relations: bool,
}

/// A kind of element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Node,
    Way,
    Relation,
}

/// What belongs to a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) kind: Kind,
    pub(super) id: i64,
}

/// The lists of a group of dense nodes, still packed; empty where there is none.
pub(super) struct Dense<'a> {
    pub(super) ids: &'a [u8],
    pub(super) lats: &'a [u8],
    pub(super) lons: &'a [u8],
    /// Key and value of each tag of a node, then a zero; then the next node.
    pub(super) tags: &'a [u8],
}

impl<'a> Dense<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Trouble> {
        let (mut ids, mut lats, mut lons, mut tags) = (None, None, None, None);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(list)) => once(&mut ids, list)?,
                (8, Value::Bytes(list)) => once(&mut lats, list)?,
                (9, Value::Bytes(list)) => once(&mut lons, list)?,
                (10, Value::Bytes(list)) => once(&mut tags, list)?,
                (1 | 8 | 9 | 10, Value::Number(_)) => return Err(Trouble::Unusual),
                _ => {}
            }
        }
        let list = |list: Option<&'a [u8]>| list.unwrap_or_default();
        Ok(Dense { ids: list(ids), lats: list(lats), lons: list(lons), tags: list(tags) })
    }
}

/// The most strings and the most elements of a block: 2 million. The format advises 8,000 elements.
const MAX_COUNT: usize = 1 << 21;
/// The most elements and bytes of a block that is read by the full parser, which takes up to a hundred times its size.
const MAX_UNUSUAL_COUNT: usize = 1 << 17;
const MAX_UNUSUAL_BYTES: usize = 4 << 20;
/// The largest node by itself, and the largest turn restriction, in bytes: they have a few tags and members.
pub(super) const MAX_ELEMENT_BYTES: usize = 1 << 20;

/// How many things a block holds, counted without taking memory.
pub(super) struct Size {
    /// Strings, and elements other than dense nodes.
    things: usize,
}

impl Size {
    /// Counts, and refuses a block with more than any writer puts into one.
    pub(super) fn of(bytes: &[u8]) -> Result<Size, String> {
        let broken = |_: Unusual| "it is not valid protobuf".to_owned();
        let (mut strings, mut elements, mut groups) = (0, 0, 0_usize);
        for field in Fields(bytes) {
            let (count, bytes) = match field.map_err(broken)? {
                (1, Value::Bytes(table)) => (&mut strings, table),
                (2, Value::Bytes(group)) => {
                    groups += 1;
                    (&mut elements, group)
                }
                _ => continue,
            };
            for inner in Fields(bytes) {
                inner.map_err(broken)?;
                *count += 1;
            }
        }
        for (count, of) in [(strings, "strings"), (elements, "elements"), (groups, "groups of elements")] {
            if count > MAX_COUNT {
                return Err(format!("it holds {count} {of}; {MAX_COUNT} are allowed"));
            }
        }
        Ok(Size { things: strings + elements + groups })
    }

    /// Refuses a block that the full parser would need too much memory for.
    pub(super) fn check_for_full_parser(&self, bytes: &[u8]) -> Result<(), String> {
        if self.things > MAX_UNUSUAL_COUNT || bytes.len() > MAX_UNUSUAL_BYTES {
            return Err(format!(
                "it is laid out in an unusual way, and too large for that ({} strings and elements, {} bytes)",
                self.things,
                bytes.len()
            ));
        }
        Ok(())
    }
}

/// How many dense nodes there are; the three lists have one number each.
pub(super) fn dense_count(lists: &Dense<'_>) -> Result<usize, Trouble> {
    let lengths = [lists.ids, lists.lats, lists.lons].map(|list| Packed(list).length());
    let count = lengths.into_iter().min().unwrap_or(0);
    if count > MAX_COUNT { Err("it holds more than the 2 million nodes allowed".into()) } else { Ok(count) }
}

/// A node by itself.
pub(super) fn lone_node(bytes: &[u8]) -> Result<Node, Trouble> {
    if bytes.len() > MAX_ELEMENT_BYTES {
        return Err("a node is larger than the 1 MiB allowed".into());
    }
    Ok(Node::parse_from_bytes(bytes)?)
}

/// A block whose messages are still bytes.
pub(super) struct View<'a> {
    pub(super) texts: Vec<&'a [u8]>,
    pub(super) grid: Grid,
    pub(super) groups: Vec<&'a [u8]>,
}

/// Opens a block and works on it. `work` may run twice: on a block that is laid out unlike writers do it runs again on
/// the same block laid out anew.
///
/// # Errors
/// The block is damaged, or what `work` says is wrong with it.
pub(super) fn with_block<T>(bytes: &[u8], work: impl Fn(&View<'_>) -> Result<T, Trouble>) -> Result<T, String> {
    let run = |bytes: &[u8]| View::open(bytes).and_then(|view| work(&view));
    let size = Size::of(bytes)?;
    run(bytes).or_else(|trouble| match trouble {
        Trouble::Wrong(what) => Err(what),
        Trouble::Unusual => {
            size.check_for_full_parser(bytes)?;
            let block = PrimitiveBlock::parse_from_bytes(bytes).map_err(|e| not_protobuf(&e))?;
            let bytes = block.write_to_bytes().map_err(|e| not_protobuf(&e))?;
            run(&bytes).map_err(|trouble| match trouble {
                Trouble::Wrong(what) => what,
                Trouble::Unusual => "it is not valid protobuf".to_owned(),
            })
        }
    })
}

impl<'a> View<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Trouble> {
        let (mut table, mut groups) = (None, Vec::new());
        let mut grid = Grid { granularity: 100, lon_offset: 0, lat_offset: 0 };
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(strings)) => once(&mut table, strings)?,
                (2, Value::Bytes(group)) => groups.push(group),
                (17, Value::Number(n)) => grid.granularity = i64::from(n as i32),
                (19, Value::Number(n)) => grid.lat_offset = n as i64,
                (20, Value::Number(n)) => grid.lon_offset = n as i64,
                _ => {}
            }
        }
        let mut texts = Vec::new();
        for field in Fields(table.ok_or(Unusual)?) {
            if let (1, Value::Bytes(text)) = field? {
                texts.push(text);
            }
        }
        Ok(View { texts, grid, groups })
    }

    /// All strings of the block.
    pub(super) fn texts(&self) -> &[&'a [u8]] {
        &self.texts
    }

    /// The bytes at a place of the table.
    pub(super) fn bytes(&self, at: u32) -> Result<&'a [u8], Trouble> {
        self.texts.get(at as usize).copied().ok_or_else(|| "a tag points outside its string table".into())
    }

    /// The text at a place of the table. Many tags may share it, so its length is bounded.
    pub(super) fn text(&self, at: u32) -> Result<&'a str, Trouble> {
        let bytes = self.bytes(at)?;
        if bytes.len() > MAX_TEXT_BYTES {
            return Err("a tag is longer than the 255 characters that OSM allows".into());
        }
        std::str::from_utf8(bytes).map_err(|_| "a tag is not UTF-8".into())
    }

    /// Tags as text.
    pub(super) fn tags(&self, tags: &[TagAt]) -> Result<Vec<(String, String)>, Trouble> {
        let text = |at| self.text(at).map(str::to_owned);
        tags.iter().map(|&(key, value)| Ok((text(key)?, text(value)?))).collect()
    }

    /// Which kinds of elements there are, without a look at them.
    pub(super) fn kinds(&self) -> Result<Kinds, Trouble> {
        let mut kinds = Kinds::default();
        for group in &self.groups {
            for field in Fields(group) {
                match field?.0 {
                    1 | 2 => kinds.nodes = true,
                    3 => kinds.ways = true,
                    4 => kinds.relations = true,
                    _ => {}
                }
            }
        }
        Ok(kinds)
    }

    /// Every node: id, place, tags.
    pub(super) fn nodes(
        &self,
        mut take: impl FnMut(i64, Place, &[TagAt]) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut tags = Vec::new();
        for group in &self.groups {
            let mut dense = None;
            for field in Fields(group) {
                match field? {
                    (1, Value::Bytes(bytes)) => {
                        let node = lone_node(bytes)?;
                        tags.clear();
                        tags.extend(node.keys.iter().copied().zip(node.vals.iter().copied()));
                        take(node.id(), self.grid.place(node.lon(), node.lat()), &tags)?;
                    }
                    (2, Value::Bytes(bytes)) => {
                        once(&mut dense, ())?;
                        self.dense(bytes, &mut tags, &mut take)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn dense(
        &self,
        bytes: &'a [u8],
        tags: &mut Vec<TagAt>,
        take: &mut impl FnMut(i64, Place, &[TagAt]) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let lists = Dense::open(bytes)?;
        dense_count(&lists)?;
        let signed = |list| Packed(list).signed();
        let mut pairs = Packed(lists.tags);
        let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
        for ((id_step, lat_step), lon_step) in signed(lists.ids).zip(signed(lists.lats)).zip(signed(lists.lons)) {
            id = id.wrapping_add(id_step?);
            lat = lat.wrapping_add(lat_step?);
            lon = lon.wrapping_add(lon_step?);
            // Key and value of each tag of the node, then a zero.
            tags.clear();
            while let Some(key) = pairs.next().transpose()?.filter(|&key| key != 0) {
                tags.push((short(key)?, short(pairs.next().ok_or(Unusual)??)?));
            }
            take(id, self.grid.place(lon, lat), tags)?;
        }
        Ok(())
    }

    /// Every way: id, tags, node ids as they are stored, each as the step from the one before.
    pub(super) fn ways(
        &self,
        mut take: impl FnMut(i64, &[TagAt], Packed<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut tags = Vec::new();
        for group in &self.groups {
            for field in Fields(group) {
                let (3, Value::Bytes(way)) = field? else { continue };
                let (mut id, mut keys, mut values, mut refs) = (None, None, None, None);
                for field in Fields(way) {
                    match field? {
                        (1, Value::Number(n)) => id = Some(n as i64),
                        (2, Value::Bytes(list)) => once(&mut keys, list)?,
                        (3, Value::Bytes(list)) => once(&mut values, list)?,
                        (8, Value::Bytes(list)) => once(&mut refs, list)?,
                        (2 | 3 | 8, Value::Number(_)) => return Err(Trouble::Unusual),
                        _ => {}
                    }
                }
                pair_up(keys, values, &mut tags)?;
                take(id.ok_or(Unusual)?, &tags, Packed(refs.unwrap_or_default()))?;
            }
        }
        Ok(())
    }

    /// Every relation: id, tags, members.
    pub(super) fn relations(
        &self,
        mut take: impl FnMut(i64, &[TagAt], Members<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut tags = Vec::new();
        for group in &self.groups {
            for field in Fields(group) {
                let (4, Value::Bytes(relation)) = field? else { continue };
                let (mut id, mut keys, mut values, mut ids, mut kinds) = (None, None, None, None, None);
                for field in Fields(relation) {
                    match field? {
                        (1, Value::Number(n)) => id = Some(n as i64),
                        (2, Value::Bytes(list)) => once(&mut keys, list)?,
                        (3, Value::Bytes(list)) => once(&mut values, list)?,
                        (9, Value::Bytes(list)) => once(&mut ids, list)?,
                        (10, Value::Bytes(list)) => once(&mut kinds, list)?,
                        (2 | 3 | 9 | 10, Value::Number(_)) => return Err(Trouble::Unusual),
                        _ => {}
                    }
                }
                pair_up(keys, values, &mut tags)?;
                let members =
                    Members { ids: Packed(ids.unwrap_or_default()), kinds: Packed(kinds.unwrap_or_default()) };
                take(id.ok_or(Unusual)?, &tags, members)?;
            }
        }
        Ok(())
    }
}

/// The members of a relation, still packed.
pub(super) struct Members<'a> {
    ids: Packed<'a>,
    kinds: Packed<'a>,
}

impl Members<'_> {
    /// The members in their order.
    pub(super) fn list(self) -> Result<Vec<Member>, Trouble> {
        let (mut id, mut members) = (0_i64, Vec::new());
        for (step, kind) in self.ids.signed().zip(self.kinds) {
            id = id.checked_add(step?).ok_or("a relation's member ids overflow")?;
            let kind = match kind? {
                0 => Kind::Node,
                1 => Kind::Way,
                2 => Kind::Relation,
                _ => return Err("a relation has a member of an unknown kind".into()),
            };
            members.push(Member { kind, id });
        }
        Ok(members)
    }
}

/// The node ids of a way.
pub(super) fn refs_of(steps: Packed<'_>, refs: &mut Vec<i64>) -> Result<(), Trouble> {
    let mut node = 0_i64;
    for step in steps.signed() {
        node = node.checked_add(step?).ok_or("a way's node ids overflow")?;
        refs.push(node);
    }
    Ok(())
}

fn short(n: u64) -> Result<u32, Trouble> {
    u32::try_from(n).map_err(|_| "a tag points outside its string table".into())
}

fn pair_up(keys: Option<&[u8]>, values: Option<&[u8]>, tags: &mut Vec<TagAt>) -> Result<(), Trouble> {
    tags.clear();
    for (key, value) in Packed(keys.unwrap_or_default()).zip(Packed(values.unwrap_or_default())) {
        tags.push((short(key?)?, short(value?)?));
    }
    Ok(())
}
