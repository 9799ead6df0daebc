//! Cuts a large extract to a region, so that later reads are quick.
//!
//! Kept are the nodes in the region, every way with a node in it with all its nodes, every relation with such a node
//! or way among its members and the relations that these belong to. Of multipolygons and boundaries with such a node or
//! way among their members all members that are nodes or ways are kept too, so that rivers and borders stay whole. It is
//! what osmium calls the strategy *smart* with `types=multipolygon,boundary`. Memory goes with what is kept, not with the
//! file.

mod region;
#[cfg(test)]
mod tests;
mod write;

use std::io::Write;
use std::path::Path;

use osmpbfreader::osmformat::{HeaderBBox, HeaderBlock};
use protobuf::MessageField;
use rayon::prelude::*;
use serde::Serialize;

use super::block::Trouble;
use super::elements::{Kind, Kinds, Member, View, refs_of, with_block};
use super::frames::{FramePlace, Frames};
use super::scan::{of_each, scan};
use crate::error::{Error, Fault, Result};
use crate::files::PendingFile;
pub use region::Region;
use write::{Packer, encode, frame, kept};

/// What was kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Clipped {
    /// Nodes.
    pub nodes: usize,
    /// Ways.
    pub ways: usize,
    /// Relations.
    pub relations: usize,
    /// Size of the file that was written, in bytes.
    pub bytes: u64,
}

/// The least and the greatest id of a kind in a block.
type Span = Option<(i64, i64)>;

/// A block and the ids in it by kind.
struct Spans {
    at: FramePlace,
    spans: [Span; 3],
}

/// What is kept, as ascending ids.
#[derive(Default)]
struct Keep {
    /// In the region.
    inside: Vec<i64>,
    ways: Vec<i64>,
    relations: Vec<i64>,
    /// For the sake of ways and relations.
    more_nodes: Vec<i64>,
    more_ways: Vec<i64>,
}

/// Clips `path` to a region and writes `out`, whole or not at all.
///
/// # Errors
/// The file cannot be read, is damaged, is not sorted by kind and id, or holds nothing in the region; `out` stands
/// already and `force` is not given; the disk refuses.
pub fn clip(path: &Path, region: &Region, out: &Path, force: bool) -> Result<Clipped> {
    let pending = PendingFile::begin(out, force)?;
    let (mut keep, blocks) = find(path, region)?;
    if keep.inside.is_empty() {
        let [west, south, east, north] = region.bounds();
        return Err(Fault::new(
            "osm::outside",
            format!("nothing lies in the region ({west:.3},{south:.3} to {east:.3},{north:.3})"),
        )
        .file(path)
        .help("use an extract that holds the region")
        .into());
    }
    complete(path, &mut keep, &blocks)?;
    let mut clipped = Clipped::default();
    // Only blocks with something to keep are read again.
    let lists = |kind: usize| -> [&[i64]; 2] {
        match kind {
            0 => [&keep.inside, &keep.more_nodes],
            1 => [&keep.ways, &keep.more_ways],
            _ => [&keep.relations, &[]],
        }
    };
    let holds = |(kind, span): (usize, &Span)| {
        let Some((least, greatest)) = *span else { return false };
        lists(kind).iter().any(|ids| ids.get(ids.partition_point(|id| *id < least)).is_some_and(|id| *id <= greatest))
    };
    let of_use = blocks.iter().filter(|block| block.spans.iter().enumerate().any(holds));
    let places: Vec<FramePlace> = of_use.map(|block| block.at).collect();
    let keeps = |kind: Kind, id: i64| lists(kind as usize).iter().any(|ids| ids.binary_search(&id).is_ok());

    let io = |e: std::io::Error| Error::from(Fault::io("write the extract", out, &e));
    let failed = |what: String| Error::from(Fault::new("osm::write", what).file(out).help("report this with the file"));
    let mut file = std::io::BufWriter::with_capacity(1 << 18, std::fs::File::create(pending.path()).map_err(io)?);
    let header = frame("OSMHeader", &header(path, region)?).map_err(failed)?;
    file.write_all(&header).map_err(io)?;
    clipped.bytes = header.len() as u64;
    let mut packer = Packer::default();
    let put = |blocks: Vec<Vec<write::Piece>>, file: &mut std::io::BufWriter<std::fs::File>| -> Result<u64> {
        let frames: Vec<Result<Vec<u8>, String>> =
            blocks.into_par_iter().with_max_len(1).map(|mut pieces| encode(&mut pieces)).collect();
        let mut bytes = 0;
        for frame in frames {
            let frame = frame.map_err(failed)?;
            file.write_all(&frame).map_err(io)?;
            bytes += frame.len() as u64;
        }
        Ok(bytes)
    };
    scan(path, Some(&places), |blocks| {
        let pieces = of_each(path, &blocks, |bytes| kept(bytes, keeps))?;
        for piece in pieces.iter().flatten() {
            *match piece.kind {
                Kind::Node => &mut clipped.nodes,
                Kind::Way => &mut clipped.ways,
                Kind::Relation => &mut clipped.relations,
            } += piece.len();
        }
        clipped.bytes += put(packer.add(pieces.into_iter().flatten()), &mut file)?;
        Ok(())
    })?;
    clipped.bytes += put(packer.finish().into_iter().collect(), &mut file)?;
    file.flush().map_err(io)?;
    drop(file);
    pending.commit()?;
    Ok(clipped)
}

/// What the new file says of itself: where it is, where its data come from.
fn header(path: &Path, region: &Region) -> Result<HeaderBlock> {
    let mut frames = Frames::open(path)?;
    // The header stands first; a batch is read to get at it.
    frames.batch().map_err(|(number, what)| super::damaged(path, number, what))?;
    let old = frames.header.take().unwrap_or_default();
    let nano = |degrees: f64| (degrees * 1e9).round() as i64;
    let [west, south, east, north] = region.bounds();
    let mut bounds = HeaderBBox::new();
    bounds.set_left(nano(west));
    bounds.set_bottom(nano(south));
    bounds.set_right(nano(east));
    bounds.set_top(nano(north));
    let mut header = HeaderBlock::new();
    header.bbox = MessageField::some(bounds);
    header.required_features = vec!["OsmSchema-V0.6".into(), "DenseNodes".into()];
    header.optional_features = vec!["Sort.Type_then_ID".into()];
    header.writingprogram = Some(concat!("gandan ", env!("CARGO_PKG_VERSION")).into());
    header.source = old.source;
    header.osmosis_replication_timestamp = old.osmosis_replication_timestamp;
    header.osmosis_replication_sequence_number = old.osmosis_replication_sequence_number;
    header.osmosis_replication_base_url = old.osmosis_replication_base_url;
    Ok(header)
}

/// The nodes of a block.
struct BlockNodes {
    inside: Vec<i64>,
    span: Span,
    kinds: Kinds,
    ascending: bool,
}

/// The ways of a block.
#[derive(Default)]
struct BlockWays {
    ids: Vec<i64>,
    /// Nodes of the kept ways that are not in the region.
    beyond: Vec<i64>,
    span: Span,
    ascending: bool,
}

/// The relations of a block.
#[derive(Default)]
struct BlockRelations {
    ids: Vec<i64>,
    /// Members that make kept areas whole.
    members: Vec<Member>,
    /// Relations and those that they belong to.
    parents: Vec<(i64, i64)>,
    span: Span,
    ascending: bool,
}

/// Widens a span by the next id; whether ids go up.
fn follow(span: &mut Span, id: i64) -> bool {
    let up = span.is_none_or(|(_, last)| last < id);
    *span = Some(span.map_or((id, id), |(least, greatest)| (least.min(id), greatest.max(id))));
    up
}

/// The first pass: what lies in the region, the ways through it, the relations with these.
fn find(path: &Path, region: &Region) -> Result<(Keep, Vec<Spans>)> {
    let (mut keep, mut all) = (Keep::default(), Vec::new());
    let (mut members, mut parents) = (Vec::new(), Vec::new());
    let mut order = Order::default();
    scan(path, None, |blocks| {
        let nodes = of_each(path, &blocks, |bytes| with_block(bytes, |view| nodes(view, region)))?;
        let first = all.len();
        let mut found = [false; 2];
        for (block, nodes) in blocks.iter().zip(nodes) {
            order.sorted &= nodes.ascending;
            keep.inside.extend(nodes.inside);
            all.push(Spans { at: block.at, spans: [nodes.span, None, None] });
            found = [found[0] | nodes.kinds.ways, found[1] | nodes.kinds.relations];
        }
        if found[0] && order.sorted {
            let ways = of_each(path, &blocks, |bytes| with_block(bytes, |view| ways(view, &keep.inside)))?;
            for (i, ways) in ways.into_iter().enumerate() {
                order.sorted &= ways.ascending;
                keep.ways.extend(ways.ids);
                keep.more_nodes.extend(ways.beyond);
                all[first + i].spans[1] = ways.span;
            }
        }
        if found[1] && order.sorted {
            let relations = of_each(path, &blocks, |bytes| with_block(bytes, |view| relations(view, &keep)))?;
            for (i, relations) in relations.into_iter().enumerate() {
                order.sorted &= relations.ascending;
                keep.relations.extend(relations.ids);
                members.extend(relations.members);
                parents.extend(relations.parents);
                all[first + i].spans[2] = relations.span;
            }
        }
        for block in &all[first..] {
            order.of_kind(Kind::Node, block.spans[0]);
            order.of_kind(Kind::Way, block.spans[1]);
            order.of_kind(Kind::Relation, block.spans[2]);
        }
        if order.sorted {
            return Ok(());
        }
        Err(Fault::new("osm::unsorted", "the elements are not sorted: nodes, ways, relations, each by id")
            .file(path)
            .help("sort it with `osmium sort`; extracts from Geofabrik and the like are sorted")
            .into())
    })?;
    for member in members {
        match member.kind {
            Kind::Node => keep.more_nodes.push(member.id),
            Kind::Way => keep.more_ways.push(member.id),
            Kind::Relation => {}
        }
    }
    add_parents(&mut keep.relations, &mut parents);
    Ok((keep, all))
}

/// Whether the elements of a file come by kind and id.
struct Order {
    sorted: bool,
    kind: Kind,
    last: i64,
}

impl Default for Order {
    fn default() -> Self {
        Order { sorted: true, kind: Kind::Node, last: i64::MIN }
    }
}

impl Order {
    /// Takes the elements of a kind in the next block.
    fn of_kind(&mut self, kind: Kind, span: Span) {
        let Some((least, greatest)) = span else { return };
        self.sorted &= kind > self.kind || (kind == self.kind && least > self.last);
        (self.kind, self.last) = (kind, greatest);
    }
}

/// Adds the relations that kept ones belong to, and those that these belong to.
fn add_parents(relations: &mut Vec<i64>, parents: &mut [(i64, i64)]) {
    parents.sort_unstable();
    let mut fresh = relations.clone();
    while let Some(id) = fresh.pop() {
        let first = parents.partition_point(|(child, _)| *child < id);
        for &(_, parent) in parents[first..].iter().take_while(|(child, _)| *child == id) {
            if let Err(at) = relations.binary_search(&parent) {
                relations.insert(at, parent);
                fresh.push(parent);
            }
        }
    }
}

fn nodes(view: &View<'_>, region: &Region) -> Result<BlockNodes, Trouble> {
    let mut block = BlockNodes { inside: Vec::new(), span: None, kinds: view.kinds()?, ascending: true };
    if block.kinds.nodes {
        view.nodes(|id, place, _| {
            block.ascending &= follow(&mut block.span, id);
            if place.degrees().is_some_and(|at| region.contains(at)) {
                block.inside.push(id);
            }
            Ok(())
        })?;
    }
    Ok(block)
}

fn ways(view: &View<'_>, inside: &[i64]) -> Result<BlockWays, Trouble> {
    let mut block = BlockWays { ascending: true, ..BlockWays::default() };
    let mut refs = Vec::new();
    let mut near = Near::new(inside);
    view.ways(|id, _, steps| {
        block.ascending &= follow(&mut block.span, id);
        refs.clear();
        refs_of(steps, &mut refs)?;
        let beyond = block.beyond.len();
        block.beyond.extend(refs.iter().filter(|id| !near.holds(**id)));
        if block.beyond.len() - beyond < refs.len() {
            block.ids.push(id);
        } else {
            block.beyond.truncate(beyond);
        }
        Ok(())
    })?;
    Ok(block)
}

/// Looks ids up in an ascending list, quick for ids that lie near the one before: most ways run along nodes that were
/// drawn one after another, and most ways of a country lie all beyond the region.
struct Near<'a> {
    ids: &'a [i64],
    /// How many ids are below the one asked for last.
    at: usize,
}

impl<'a> Near<'a> {
    fn new(ids: &'a [i64]) -> Self {
        Near { ids, at: 0 }
    }

    fn holds(&mut self, id: i64) -> bool {
        let below = |at: usize| at == 0 || self.ids[at - 1] < id;
        let not_above = |at: usize| self.ids.get(at).is_none_or(|other| *other >= id);
        for at in [self.at, self.at + 1, self.at.saturating_sub(1)] {
            if at <= self.ids.len() && below(at) && not_above(at) {
                self.at = at;
                return self.ids.get(at) == Some(&id);
            }
        }
        self.at = self.ids.partition_point(|other| *other < id);
        self.ids.get(self.at) == Some(&id)
    }
}

fn relations(view: &View<'_>, keep: &Keep) -> Result<BlockRelations, Trouble> {
    let mut block = BlockRelations { ascending: true, ..BlockRelations::default() };
    view.relations(|id, tags, members| {
        block.ascending &= follow(&mut block.span, id);
        let members = members.list()?;
        let is_kept = |member: &Member| match member.kind {
            Kind::Node => keep.inside.binary_search(&member.id).is_ok(),
            Kind::Way => keep.ways.binary_search(&member.id).is_ok(),
            Kind::Relation => false,
        };
        let children = members.iter().filter(|member| member.kind == Kind::Relation);
        block.parents.extend(children.map(|child| (child.id, id)));
        if members.iter().any(is_kept) {
            block.ids.push(id);
            let mut whole = false;
            for &(key, value) in tags {
                whole |= view.bytes(key)? == b"type" && matches!(view.bytes(value)?, b"multipolygon" | b"boundary");
            }
            if whole {
                block.members.extend(members.iter().filter(|member| !is_kept(member)));
            }
        }
        Ok(())
    })?;
    Ok(block)
}

/// The second pass: the nodes of ways that are kept for the sake of relations.
fn complete(path: &Path, keep: &mut Keep, blocks: &[Spans]) -> Result<()> {
    keep.more_ways.par_sort_unstable();
    keep.more_ways.dedup();
    if !keep.more_ways.is_empty() {
        let with_ways = blocks.iter().filter(|block| {
            block.spans[1].is_some_and(|(least, greatest)| {
                let next = keep.more_ways.partition_point(|id| *id < least);
                keep.more_ways.get(next).is_some_and(|id| *id <= greatest)
            })
        });
        let places: Vec<FramePlace> = with_ways.map(|block| block.at).collect();
        let mut there = Vec::new();
        scan(path, Some(&places), |blocks| {
            let wanted = &keep.more_ways;
            let refs = of_each(path, &blocks, |bytes| {
                with_block(bytes, |view| {
                    let (mut ids, mut refs) = (Vec::new(), Vec::new());
                    view.ways(|id, _, steps| {
                        if wanted.binary_search(&id).is_ok() {
                            ids.push(id);
                            refs_of(steps, &mut refs)?;
                        }
                        Ok(())
                    })?;
                    Ok((ids, refs))
                })
            })?;
            for (ids, refs) in refs {
                there.extend(ids);
                keep.more_nodes.extend(refs);
            }
            Ok(())
        })?;
        keep.more_ways = there; // ascending, as in the file
    }
    let Keep { inside, more_nodes, .. } = keep;
    more_nodes.par_sort_unstable();
    more_nodes.dedup();
    more_nodes.retain(|id| inside.binary_search(id).is_err());
    Ok(())
}
