//! The first pass: which elements are wanted, with their tags and the ids of what they are made of.

use std::ops::Range;
use std::path::Path;

use super::super::block::Trouble;
use super::super::elements::{Kind, View, refs_of, with_block};
use super::super::frames::FramePlace;
use super::super::nodes::{Finder, Place};
use super::super::scan::{RawBlock, of_each, scan};
use super::backdrop::{Backdrop, FoundLine, road_name};
use super::wanted::{Sieve, Uses, Wanted};
use super::{OsmId, PointOfInterest, TagList, tag, within};
use crate::error::Result;
use crate::texts::{MOST_NAME, cleaned};
use crate::units::LonLat;

/// The fewest nodes of a ring, the first counted again as the last.
const RING_NODES: usize = 4;

/// A closed way or a relation that is wanted.
pub(super) struct FoundArea {
    pub(super) id: OsmId,
    pub(super) uses: Uses,
    /// Its run in [`Found::parts`]: node ids of a way, way ids of a relation.
    pub(super) parts: Range<usize>,
    /// Empty where no use needs tags.
    pub(super) tags: TagList,
    pub(super) levels: Option<f32>,
}

/// What the first pass found.
#[derive(Default)]
pub(super) struct Found {
    /// In file order, ways before relations where the file is sorted.
    pub(super) areas: Vec<FoundArea>,
    pub(super) parts: Vec<i64>,
    pub(super) points: Vec<PointOfInterest>,
    /// For the background of maps, as far as it is known after this pass.
    pub(super) backdrop: Backdrop,
    pub(super) lines: Vec<FoundLine>,
    /// Blocks with nodes and with ways.
    pub(super) node_blocks: Vec<FramePlace>,
    pub(super) way_blocks: Vec<FramePlace>,
    pub(super) any_block: bool,
}

impl Found {
    fn append(&mut self, block: Found) {
        let shift = self.parts.len();
        self.parts.extend(block.parts);
        self.areas.extend(
            block.areas.into_iter().map(|a| FoundArea { parts: a.parts.start + shift..a.parts.end + shift, ..a }),
        );
        self.points.extend(block.points);
        self.backdrop.append(block.backdrop);
        self.lines.extend(
            block.lines.into_iter().map(|l| FoundLine { parts: l.parts.start + shift..l.parts.end + shift, ..l }),
        );
    }
}

/// Nodes in the clip box, ascending, by which ways are judged before their places are known.
#[derive(Default)]
struct Inside {
    ids: Vec<i64>,
    /// Whether ways have been judged already.
    used: bool,
}

/// Finds what is wanted.
pub(super) fn find(path: &Path, clip: [f64; 4], wanted: &Wanted) -> Result<Found> {
    let everywhere = clip[0] <= -180.0 && clip[1] <= -90.0 && clip[2] >= 180.0 && clip[3] >= 90.0;
    let mut found = find_by(path, clip, wanted, (!everywhere).then(Inside::default))?;
    if found.is_none() {
        // Nodes out of order or after ways: all closed ways are kept until their places are known.
        found = find_by(path, clip, wanted, None)?;
    }
    let mut found = found.unwrap_or_default();
    found.areas.sort_by_key(|area| matches!(area.id, OsmId::Relation(_))); // stable
    Ok(found)
}

/// As [`find`]; `None` where `inside` needs nodes by ascending id before ways and the file has them otherwise.
fn find_by(path: &Path, clip: [f64; 4], wanted: &Wanted, mut inside: Option<Inside>) -> Result<Option<Found>> {
    let mut found = Found::default();
    let mut sorted = true;
    let in_box = inside.is_some();
    scan(path, None, |blocks: Vec<RawBlock>| {
        if !sorted {
            return Ok(());
        }
        found.any_block = true;
        let of_nodes = of_each(path, &blocks, |bytes| with_block(bytes, |view| nodes(view, clip, wanted, in_box)))?;
        let (mut with_ways, mut any) = (vec![false; blocks.len()], false);
        for (i, (block, nodes)) in blocks.iter().zip(of_nodes).enumerate() {
            if nodes.kinds.nodes {
                found.node_blocks.push(block.at);
            }
            if nodes.kinds.ways {
                found.way_blocks.push(block.at);
            }
            with_ways[i] = nodes.kinds.ways || nodes.kinds.relations;
            any |= with_ways[i];
            found.points.extend(nodes.points);
            found.backdrop.append(nodes.backdrop);
            if let Some(inside) = &mut inside {
                let follows = inside.ids.last().zip(nodes.inside.first()).is_none_or(|(last, first)| last < first);
                sorted &= follows && nodes.ascending && !(nodes.kinds.nodes && inside.used);
                inside.ids.extend(nodes.inside);
            }
        }
        if !any || !sorted {
            return Ok(());
        }
        let finder = inside.as_mut().map(|inside| {
            inside.used = true;
            Finder::new(&inside.ids)
        });
        let of_ways = of_each(path, &blocks, |bytes| with_block(bytes, |view| areas(view, wanted, finder.as_ref())))?;
        of_ways.into_iter().for_each(|block| found.append(block));
        Ok(())
    })?;
    Ok(sorted.then_some(found))
}

/// What of a block's nodes is of use.
struct BlockNodes {
    kinds: super::super::elements::Kinds,
    points: Vec<PointOfInterest>,
    backdrop: Backdrop,
    inside: Vec<i64>,
    ascending: bool,
}

fn nodes(view: &View<'_>, clip: [f64; 4], wanted: &Wanted, in_box: bool) -> Result<BlockNodes, Trouble> {
    let mut block = BlockNodes {
        kinds: view.kinds()?,
        points: Vec::new(),
        backdrop: Backdrop::default(),
        inside: Vec::new(),
        ascending: true,
    };
    let sieve = Sieve::new(wanted, view);
    let by_tags = (wanted.backdrop || !wanted.points.is_empty()) && sieve.any();
    if !by_tags && !in_box {
        return Ok(block);
    }
    view.nodes(|id, place: Place, tags| {
        let Some(at) = place.degrees().filter(|at| within(*at, clip)) else { return Ok(()) };
        if in_box {
            block.ascending &= block.inside.last().is_none_or(|last| *last < id);
            block.inside.push(id);
        }
        if by_tags && !tags.is_empty() {
            let uses = sieve.uses(tags)?;
            if uses.behind.place || uses.behind.address {
                block.backdrop.add(uses.behind, OsmId::Node(id), at, &view.tags(tags)?);
            }
            if uses.point {
                block.points.push(point(OsmId::Node(id), at, view.tags(tags)?));
            }
        }
        Ok(())
    })?;
    Ok(block)
}

/// A point of interest with these tags.
pub(super) fn point(id: OsmId, at: LonLat, tags: TagList) -> PointOfInterest {
    PointOfInterest { id, name: tag(&tags, "name").map(|name| cleaned(name, MOST_NAME)), at, tags }
}

fn areas(view: &View<'_>, wanted: &Wanted, inside: Option<&Finder<'_>>) -> Result<Found, Trouble> {
    let mut found = Found::default();
    let sieve = Sieve::new(wanted, view);
    if !sieve.any() && wanted.relations.is_empty() {
        return Ok(found);
    }
    let mut near = 0;
    view.ways(|id, tags, steps| {
        let uses = sieve.uses(tags)?;
        let name = if uses.behind.road { road_name(view, tags)? } else { None };
        if !uses.area() && uses.behind.line.is_none() && name.is_none() {
            return Ok(());
        }
        let first = found.parts.len();
        refs_of(steps, &mut found.parts)?;
        let nodes = &found.parts[first..];
        let closed = nodes.len() >= RING_NODES && nodes.first() == nodes.last();
        let mut is_inside = |id: &i64| match inside {
            None => true,
            Some(finder) => finder.find(*id, near).inspect(|i| near = *i).is_some(),
        };
        let is_area = closed && uses.area();
        if (!is_area && uses.behind.line.is_none() && name.is_none()) || !nodes.iter().any(&mut is_inside) {
            found.parts.truncate(first);
            return Ok(());
        }
        found.backdrop.road_names.extend(name.map(|name| (id, name)));
        let parts = first..found.parts.len();
        let line = uses.behind.line.map(|kind| FoundLine::of(view, tags, kind, parts.clone())).transpose()?.flatten();
        if !is_area && line.is_none() {
            found.parts.truncate(first);
        }
        found.lines.extend(line);
        if is_area {
            found.areas.push(area(&sieve, view, OsmId::Way(id), uses, tags, parts)?);
        }
        Ok(())
    })?;
    view.relations(|id, tags, members| {
        let mut uses = sieve.uses(tags)?;
        if wanted.relations.contains(&id) {
            let level =
                sieve.value(tags, b"admin_level")?.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
            uses.boundary = Some(level.unwrap_or(0));
        } else if !uses.area() || !matches!(sieve.value(tags, b"type")?, Some(b"multipolygon" | b"boundary")) {
            return Ok(());
        }
        let first = found.parts.len();
        let ways = members.list()?.into_iter().filter(|member| member.kind == Kind::Way);
        found.parts.extend(ways.map(|member| member.id));
        // A way named twice counts once.
        let mut seen: Vec<i64> = found.parts[first..].to_vec();
        seen.sort_unstable();
        if seen.windows(2).any(|w| w[0] == w[1]) {
            seen.dedup();
            found.parts.truncate(first);
            found.parts.extend(seen);
        }
        let area = area(&sieve, view, OsmId::Relation(id), uses, tags, first..found.parts.len())?;
        found.areas.push(area);
        Ok(())
    })?;
    Ok(found)
}

fn area(
    sieve: &Sieve<'_>,
    view: &View<'_>,
    id: OsmId,
    uses: Uses,
    tags: &[(u32, u32)],
    parts: Range<usize>,
) -> Result<FoundArea, Trouble> {
    let levels = if uses.building { sieve.value(tags, b"building:levels")? } else { None };
    let levels =
        levels.and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| text.trim().parse::<f32>().ok());
    let tags = if uses.tags() { view.tags(tags)? } else { TagList::new() };
    Ok(FoundArea { id, uses, parts, tags, levels: levels.filter(|n| (0.0..=1000.0).contains(n)) })
}
