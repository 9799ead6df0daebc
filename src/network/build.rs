//! From OSM ways to streets between junctions and a graph for each mode.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{CLOSED, Mode, ModeGraph, Network, Street};
use crate::error::{Fault, Result};
use crate::ingest::osm::{OsmExtract, RoadWay};
use crate::units::LonLat;

/// Builds the network of the roads that at least one of the modes may use.
///
/// # Errors
/// A mode finds no road open to it.
pub fn build_network(extract: &OsmExtract, modes: &[Mode]) -> Result<Network> {
    let ways: Vec<&RoadWay> = extract.roads.iter().filter(|w| modes.iter().any(|m| m.use_of(w).is_some())).collect();
    let classes: Vec<String> =
        ways.iter().map(|w| &w.class).collect::<BTreeSet<_>>().into_iter().take(256).cloned().collect();
    let junction_ids = junctions(&ways);

    let mut ids = Vec::new();
    let mut places = Vec::new();
    for &id in &junction_ids {
        if let Some(place) = extract.nodes.get(id) {
            ids.push(id);
            places.push(place);
        }
    }
    let order = hilbert_order(&places);
    let nodes: Vec<LonLat> = order.iter().map(|&i| places[i as usize]).collect();
    let mut rank = vec![0_u32; order.len()];
    for (new, &old) in order.iter().enumerate() {
        rank[old as usize] = new as u32;
    }
    let node_of = |id: i64| ids.binary_search(&id).ok().map(|i| rank[i]);

    let mut pieces: Vec<(Street, u32, Vec<LonLat>)> = Vec::new();
    for (w, way) in ways.iter().enumerate() {
        let Ok(class) = classes.binary_search(&way.class) else { continue };
        let bridge = way.tag("bridge").is_some_and(|v| v != "no");
        let mut shape: Vec<LonLat> = Vec::new();
        let mut from = None;
        for &id in &way.nodes {
            // A node cut off by the extract breaks the way.
            let Some(place) = extract.nodes.get(id) else {
                shape.clear();
                from = None;
                continue;
            };
            shape.push(place);
            let Some(node) = node_of(id) else { continue };
            if let (Some(start), true) = (from, shape.len() >= 2) {
                let length: u64 = shape.windows(2).map(|p| u64::from(p[0].distance(p[1]).0)).sum();
                let street = Street {
                    from: start,
                    to: node,
                    length_mm: u32::try_from(length).unwrap_or(u32::MAX - 1).max(1),
                    class: class as u8,
                    way_id: way.id,
                    bridge,
                    points: 0..0,
                };
                pieces.push((street, w as u32, std::mem::take(&mut shape)));
                shape.push(place);
            } else {
                // Points before the first junction lead nowhere.
                shape.clear();
                shape.push(place);
            }
            from = Some(node);
        }
    }
    pieces.sort_by_key(|(s, w, _)| (s.from, s.to, *w, s.length_mm));

    let mut streets = Vec::with_capacity(pieces.len());
    let mut points = Vec::new();
    let mut way_of = Vec::with_capacity(pieces.len());
    for (mut street, way, shape) in pieces {
        let start = points.len() as u32;
        points.extend(shape);
        street.points = start..points.len() as u32;
        streets.push(street);
        way_of.push(way as usize);
    }
    let ends: Vec<(u32, u32)> = streets.iter().map(|s| (s.from, s.to)).collect();
    let graphs = modes
        .par_iter()
        .map(|mode| {
            let uses: Vec<_> = ways.iter().map(|w| mode.use_of(w)).collect();
            let (mut forward, mut backward) = (vec![CLOSED; streets.len()], vec![CLOSED; streets.len()]);
            for (i, street) in streets.iter().enumerate() {
                if let Some(u) = uses[way_of[i]] {
                    let ms = travel_ms(street.length_mm, u.speed_kmh);
                    forward[i] = if u.forward { ms } else { CLOSED };
                    backward[i] = if u.backward { ms } else { CLOSED };
                }
            }
            ModeGraph::new(nodes.len(), &ends, forward, backward).map_err(|_| {
                Fault::new("network::closed", format!("no road of the study area is open to the mode `{}`", mode.id))
                    .help("give it a speed for the road classes of this extract under [modes], or take its share away")
                    .into()
            })
        })
        .collect::<Vec<Result<ModeGraph>>>()
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    Ok(Network { nodes, streets, points, classes, modes: graphs })
}

/// Milliseconds for a length at a speed, rounded to the nearest and at least 1: `ms = mm · 3.6 / (km/h)`.
pub fn travel_ms(length_mm: u32, speed_kmh: f64) -> u32 {
    let ms = (f64::from(length_mm) * 3.6 / speed_kmh).round();
    (ms as u32).clamp(1, CLOSED - 1)
}

/// Sorted ids of the nodes where streets meet or end: ends of ways, and nodes that ways use more than once.
fn junctions(ways: &[&RoadWay]) -> Vec<i64> {
    let mut uses: Vec<i64> = Vec::new();
    for way in ways {
        uses.extend(&way.nodes);
        // Counted twice, so that an end is a junction even where no other way meets it.
        uses.extend(way.nodes.first());
        uses.extend(way.nodes.last());
    }
    uses.par_sort_unstable();
    let mut junctions: Vec<i64> = uses.windows(2).filter(|p| p[0] == p[1]).map(|p| p[0]).collect();
    junctions.dedup();
    junctions
}

/// The order of places along a Hilbert curve over their bounding box (16 bits a side), ties by index.
fn hilbert_order(places: &[LonLat]) -> Vec<u32> {
    let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    for p in places {
        west = west.min(p.lon);
        east = east.max(p.lon);
        south = south.min(p.lat);
        north = north.max(p.lat);
    }
    let scale = |v: f64, low: f64, high: f64| ((v - low) / (high - low).max(1e-12) * 65535.0) as u32;
    let mut keyed: Vec<(u32, u32)> = places
        .iter()
        .enumerate()
        .map(|(i, p)| (hilbert_index(scale(p.lon, west, east), scale(p.lat, south, north)), i as u32))
        .collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// Distance along the Hilbert curve of order 16 (the `xy2d` of Warren, *Hacker's Delight*, ch. 16).
fn hilbert_index(mut x: u32, mut y: u32) -> u32 {
    let mut d = 0;
    let mut side = 1_u32 << 15;
    while side > 0 {
        let rx = u32::from(x & side != 0);
        let ry = u32::from(y & side != 0);
        d += side * side * ((3 * rx) ^ ry);
        if ry == 0 {
            if rx == 1 {
                x = 65535 - x;
                y = 65535 - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hilbert_neighbours_are_adjacent() {
        // On the top-left corner of the curve, consecutive indices are neighbouring squares.
        let mut at = std::collections::BTreeMap::new();
        for x in 0..64 {
            for y in 0..64 {
                at.insert(hilbert_index(x, y), (x as i32, y as i32));
            }
        }
        assert_eq!(at.len(), 4096);
        let places: Vec<_> = at.values().collect();
        assert!(places.windows(2).all(|p| (p[0].0 - p[1].0).abs() + (p[0].1 - p[1].1).abs() == 1));
    }

    #[test]
    fn travel_times_by_hand() {
        // 100 m at 36 km/h = 10 m/s: 10 s. 1 m at 4.8 km/h = 1.3333 m/s: 0.75 s.
        assert_eq!(travel_ms(100_000, 36.0), 10_000);
        assert_eq!(travel_ms(1_000, 4.8), 750);
        assert_eq!(travel_ms(0, 36.0), 1);
    }
}
