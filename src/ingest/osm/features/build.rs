//! The further passes, and the areas put together from what they bring.

use std::ops::Range;
use std::path::Path;

use geo::{BoundingRect, Coord, LineString, MultiPolygon};
use rayon::prelude::*;

use super::super::block::{Part, Read, decode};
use super::super::elements::{refs_of, with_block};
use super::super::nodes::{Finder, NodeTable, Place};
use super::super::scan::{of_each, scan};
use super::backdrop::Behind;
use super::find::{Found, FoundArea, point};
use super::rings::{join, measure, nest};
use super::{AdminArea, BrokenArea, Building, Features, OsmId, PointOfInterest, TagList, TaggedArea, tag, within};
use crate::error::Result;
use crate::texts::{MOST_NAME, cleaned};
use crate::units::LonLat;

/// The member ways of relations.
#[derive(Default)]
struct Ways {
    /// Ascending.
    ids: Vec<i64>,
    /// For each its run in `refs`; empty for one that the file does not hold.
    runs: Vec<Range<usize>>,
    refs: Vec<i64>,
}

impl Ways {
    /// Reads the ways with these ids from the blocks that hold ways.
    fn read(path: &Path, found: &Found) -> Result<Ways> {
        let relations = found.areas.iter().filter(|area| matches!(area.id, OsmId::Relation(_)));
        let mut ids: Vec<i64> = relations.flat_map(|area| &found.parts[area.parts.clone()]).copied().collect();
        ids.par_sort_unstable();
        ids.dedup();
        let mut ways = Ways { runs: vec![0..0; ids.len()], ids, refs: Vec::new() };
        if ways.ids.is_empty() {
            return Ok(ways);
        }
        scan(path, Some(&found.way_blocks), |blocks| {
            let wanted = &ways.ids;
            let of_block = |bytes: &[u8]| {
                with_block(bytes, |view| {
                    let (mut here, mut refs) = (Vec::new(), Vec::new());
                    view.ways(|id, _, steps| {
                        if let Ok(i) = wanted.binary_search(&id) {
                            let first = refs.len();
                            refs_of(steps, &mut refs)?;
                            here.push((i, first..refs.len()));
                        }
                        Ok(())
                    })?;
                    Ok((here, refs))
                })
            };
            for (here, refs) in of_each(path, &blocks, of_block)? {
                let shift = ways.refs.len();
                ways.refs.extend(refs);
                for (i, run) in here {
                    ways.runs[i] = run.start + shift..run.end + shift;
                }
            }
            Ok(())
        })?;
        Ok(ways)
    }

    /// The nodes of a way; `None` if the file does not hold it.
    fn nodes(&self, id: i64) -> Option<&[i64]> {
        let run = self.runs.get(self.ids.binary_search(&id).ok()?)?;
        Some(&self.refs[run.clone()]).filter(|nodes| !nodes.is_empty())
    }
}

/// Reads the places of all nodes of the areas.
fn read_nodes(path: &Path, found: &Found, ways: &Ways) -> Result<NodeTable> {
    let closed = found.areas.iter().filter(|area| matches!(area.id, OsmId::Way(_)));
    let mut ids: Vec<i64> =
        closed.flat_map(|area| &found.parts[area.parts.clone()]).chain(&ways.refs).copied().collect();
    ids.extend(found.lines.iter().flat_map(|line| &found.parts[line.parts.clone()]));
    ids.par_sort_unstable();
    ids.dedup();
    let places = vec![Place::NOWHERE; ids.len()];
    let mut table = NodeTable { ids, places };
    if !table.ids.is_empty() {
        scan(path, Some(&found.node_blocks), |blocks| {
            let parts: Vec<Part> = of_each(path, &blocks, |bytes| decode(bytes, Read::Nodes))?;
            parts.iter().for_each(|part| table.place(&part.nodes));
            Ok(())
        })?;
    }
    Ok(table)
}

/// Where the nodes of rings lie.
struct Lookup<'a> {
    table: &'a NodeTable,
    finder: Finder<'a>,
    ways: &'a Ways,
}

impl Lookup<'_> {
    fn place(&self, id: i64) -> Option<Coord<f64>> {
        let at = self.table.places[self.finder.find(id, 0)?].degrees()?;
        Some(Coord { x: at.lon, y: at.lat })
    }

    fn ring(&self, nodes: &[i64]) -> Result<LineString<f64>, String> {
        let mut near = 0;
        let corner = |id: &i64| {
            let found = self.finder.find(*id, near).inspect(|i| near = *i);
            let place = found.and_then(|i| self.table.places[i].degrees());
            place.map(|at| Coord { x: at.lon, y: at.lat }).ok_or_else(|| format!("node/{id} is not in the file"))
        };
        nodes.iter().map(corner).collect::<Result<_, _>>().map(LineString)
    }

    /// The shape of an area, or what is wrong with it.
    fn shape(&self, area: &FoundArea, parts: &[i64]) -> Result<MultiPolygon<f64>, String> {
        let joined = match area.id {
            OsmId::Relation(_) => {
                if parts.is_empty() {
                    return Err("it has no member that is a way".into());
                }
                let piece = |id: &i64| self.ways.nodes(*id).ok_or_else(|| format!("way/{id} is not in the file"));
                join(&parts.iter().map(piece).collect::<Result<Vec<_>, _>>()?, |id| self.place(id))
            }
            _ => join(&[parts], |id| self.place(id)),
        };
        let rings = joined.map_err(|node| format!("a ring does not close at node/{node}"))?;
        let shape = nest(rings.iter().map(|ring| self.ring(ring)).collect::<Result<_, _>>()?);
        if shape.0.is_empty() { Err("it has no area".into()) } else { Ok(shape) }
    }

    /// Whether any of the nodes lies in the box.
    fn any_within(&self, nodes: &[i64], clip: [f64; 4]) -> bool {
        let at = |id: &i64| self.finder.find(*id, 0).and_then(|i| self.table.places[i].degrees());
        nodes.iter().filter_map(at).any(|at| within(at, clip))
    }

    /// Whether the area is one to keep: by its nodes for a way, by its box for a relation. Where part of a relation is
    /// missing, the rest decides.
    fn touches(&self, area: &FoundArea, parts: &[i64], clip: [f64; 4]) -> bool {
        let OsmId::Relation(_) = area.id else { return self.any_within(parts, clip) };
        let nodes = parts.iter().filter_map(|id| self.ways.nodes(*id)).flatten();
        let places = nodes.filter_map(|id| self.table.places[self.finder.find(*id, 0)?].degrees());
        let corners: LineString<f64> = places.map(|at| Coord { x: at.lon, y: at.lat }).collect();
        let [west, south, east, north] = clip;
        corners
            .bounding_rect()
            .is_some_and(|b| b.min().x <= east && b.max().x >= west && b.min().y <= north && b.max().y >= south)
    }
}

/// What one area gives.
#[derive(Default)]
struct Built {
    water: Option<TaggedArea>,
    building: Option<Building>,
    boundary: Option<AdminArea>,
    point: Option<PointOfInterest>,
    /// With the tags of what may be a park, a place or an address.
    behind: Option<(Behind, OsmId, LonLat, TagList)>,
    park: Option<TaggedArea>,
    broken: Option<BrokenArea>,
}

/// Reads the rest and puts the areas together; of those that touch the box, whatever is wrong with one is told.
pub(super) fn build(path: &Path, mut found: Found, clip: [f64; 4]) -> Result<Features> {
    let ways = Ways::read(path, &found)?;
    let table = read_nodes(path, &found, &ways)?;
    let lookup = Lookup { finder: Finder::new(&table.ids), table: &table, ways: &ways };
    let mut areas = std::mem::take(&mut found.areas);
    let of_area = |area: &mut FoundArea| {
        let parts = &found.parts[area.parts.clone()];
        if !lookup.touches(area, parts, clip) {
            return Built::default();
        }
        match lookup.shape(area, parts) {
            Ok(shape) => built(area, shape),
            Err(why) => Built { broken: Some(BrokenArea { id: area.id, why }), ..Built::default() },
        }
    };
    let built: Vec<Built> = areas.par_iter_mut().map(of_area).collect();
    let mut features = Features { points: found.points, backdrop: found.backdrop, ..Features::default() };
    for area in built {
        features.water.extend(area.water);
        features.buildings.extend(area.building);
        features.boundaries.extend(area.boundary);
        features.points.extend(area.point);
        features.broken.extend(area.broken);
        features.backdrop.parks.extend(area.park);
        if let Some((behind, id, at, tags)) = area.behind {
            features.backdrop.add(behind, id, at, &tags);
        }
    }
    for line in found.lines {
        let parts = &found.parts[line.parts.clone()];
        if lookup.any_within(parts, clip) {
            features.backdrop.lines.extend(line.with_points(parts.iter().filter_map(|id| lookup.place(*id)).collect()));
        }
    }
    Ok(features)
}

fn built(area: &mut FoundArea, geometry: MultiPolygon<f64>) -> Built {
    let (id, uses) = (area.id, area.uses);
    let Some((footprint_m2, at)) = measure(&geometry) else {
        return Built { broken: Some(BrokenArea { id, why: "it has no area".into() }), ..Built::default() };
    };
    let tags = std::mem::take(&mut area.tags);
    let behind = uses.behind;
    Built {
        park: behind.park.then(|| TaggedArea { id, tags: tags.clone(), geometry: geometry.clone() }),
        behind: (behind.place || behind.address).then(|| (behind, id, at, tags.clone())),
        building: uses.building.then_some(Building { id, at, footprint_m2, levels: area.levels }),
        point: uses.point.then(|| point(id, at, tags.clone())),
        boundary: uses.boundary.map(|level| boundary(id, level, tags.clone(), geometry.clone())),
        water: uses.water.then_some(TaggedArea { id, tags, geometry }),
        broken: None,
    }
}

fn boundary(id: OsmId, admin_level: u8, tags: TagList, geometry: MultiPolygon<f64>) -> AdminArea {
    let text = |key| tag(&tags, key).map(|text| cleaned(text, MOST_NAME));
    AdminArea {
        id,
        admin_level,
        name: text("name"),
        name_en: text("name:en"),
        refs: tags.iter().filter(|(k, _)| k == "ref" || k.starts_with("ref:")).cloned().collect(),
        population: tag(&tags, "population").and_then(|n| n.replace([',', ' ', '\u{a0}'], "").parse().ok()),
        wikidata: text("wikidata"),
        geometry,
        tags,
    }
}
