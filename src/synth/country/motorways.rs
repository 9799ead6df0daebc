//! Motorways between large cities: two carriageways, reached at interchanges only. Other roads pass under them.

use super::super::mesh::Vertex;
use super::super::plane::KM_PER_DEGREE;
use super::super::write::pbf::{FileNode, FileTags, FileWay};
use super::frame::{BUILT, ISLAND, LAKE, LAND, OPEN, RIVER, shake};
use super::routes::{Ground, Roads, SECONDARY, links};
use super::settle::Settled;
use super::shape::Shape;
use super::streets::Streets;
use super::ways::{RoadFigures, kilometres};
use crate::error::Result;
use std::collections::HashMap;

/// People in a city that motorways lead to.
const CITY: f64 = 100_000.0;
/// Kilometres between interchanges, at least.
const BETWEEN_KM: f64 = 6.0;
/// Shorter ones are not built, kilometres.
const SHORTEST_KM: f64 = 6.0;
/// From the middle to a carriageway, kilometres.
const HALF_KM: f64 = 0.012;
/// Nodes in a way, at most.
const LONGEST: usize = 60;

/// A motorway: the corners it passes, and where it can be entered.
#[derive(Debug, Clone)]
pub(crate) struct Motorway {
    pub corners: Vec<usize>,
    /// Places in `corners` with an interchange.
    pub entries: Vec<usize>,
    /// Whether the first and last corner lie on an earlier motorway.
    pub joins: [bool; 2],
}

/// Finds the motorways. They keep away from houses and other roads.
pub(crate) fn find(ground: &Ground, roads: &Roads, settled: &Settled) -> Result<Vec<Motorway>> {
    let cities: Vec<_> = settled.places.iter().filter(|p| p.people >= CITY).collect();
    if cities.len() < 2 {
        return Ok(Vec::new());
    }
    let frame = ground.frame;
    let price = |c: usize, direction: usize| {
        let n = ground.end(c, direction);
        if ground.flags[n] & (OPEN | ISLAND) != OPEN || ground.flags[c] & ISLAND != 0 {
            return None;
        }
        let (at, way) = ground.edge(c, direction);
        let face = if way == 3 { at - 1 } else { at };
        let mut cost = if way % 2 == 0 { 100.0 } else { 141.4 };
        if way % 2 == 1 && ground.flags[face] & (LAND | RIVER | LAKE) != LAND {
            return None;
        }
        cost *= 1.0 + 0.8 * (1.0 - f64::from(ground.fertile[c]) / 255.0) + 0.05 * shake(frame.seed, at * 4 + way);
        cost *= if ground.flags[face] & BUILT != 0 { 2.2 } else { 1.0 };
        cost *= if roads.edges[at][way] != 0 { 1.7 } else { 1.0 };
        Some((cost + if ground.wet(at, way) { 500.0 } else { 0.0 }) as u32)
    };
    let sources: Vec<u32> = cities.iter().map(|p| p.corner).collect();
    let (search, meetings) = links(ground, &price, &sources)?;
    let mut taken: HashMap<usize, ()> = HashMap::new();
    let mut found = Vec::new();
    let main_road = |c: usize| {
        (0..8).any(|d| {
            let (c, d) = ground.edge(c, d);
            (1..=SECONDARY).contains(&roads.edges[c][d])
        })
    };
    let apart = |a: usize, b: usize| {
        let ((x, y), (u, v)) = (frame.xy(a), frame.xy(b));
        (x as f64 - u as f64).hypot(y as f64 - v as f64)
    };
    for (c, direction) in meetings {
        let other = ground.end(c, direction);
        if taken.contains_key(&c) || taken.contains_key(&other) {
            continue;
        }
        // From the meeting out to both cities, up to the edge of the city or to a motorway that stands.
        let arm = |start: usize| {
            let city = cities[search.source(start)];
            let mut way = search.way_back(ground, start);
            if let Some(k) = way.iter().position(|c| taken.contains_key(c)) {
                way.truncate(k + 1);
                return (way, true);
            }
            while way.last().is_some_and(|&c| apart(c, city.corner as usize) < 0.7 * city.radius || !main_road(c)) {
                way.pop();
            }
            (way, false)
        };
        let ((mut corners, first), (last_arm, last)) = (arm(c), arm(other));
        if corners.is_empty() || last_arm.is_empty() {
            continue;
        }
        corners.reverse();
        corners.extend(last_arm);
        let length: f64 = corners.windows(2).map(|w| apart(w[0], w[1])).sum();
        if length * frame.cell_km < SHORTEST_KM {
            continue;
        }
        let mut entries = Vec::new();
        let mut since = f64::INFINITY;
        for (k, &corner) in corners.iter().enumerate() {
            let end = (k == 0 && !first) || (k + 1 == corners.len() && !last);
            if end || (since >= BETWEEN_KM && main_road(corner)) {
                entries.push(k);
                since = 0.0;
            }
            since += corners.get(k + 1).map_or(0.0, |&n| apart(corner, n) * frame.cell_km);
        }
        taken.extend(corners.iter().map(|&c| (c, ())));
        found.push(Motorway { corners, entries, joins: [first, last] });
    }
    Ok(found)
}

/// A corner's place, moved to the right of the way by so many kilometres.
fn beside(shape: &Shape, corners: &[usize], k: usize, km: f64) -> Vertex {
    let (a, b) = (shape.at[corners[k.saturating_sub(1)]], shape.at[corners[(k + 1).min(corners.len() - 1)]]);
    let at = shape.at[corners[k]];
    let shrink = (f64::from(at.1) / 1e6).to_radians().cos();
    let (dx, dy) = (f64::from(b.0 - a.0) * shrink, f64::from(b.1 - a.1));
    let step = km / KM_PER_DEGREE * 1e6 / dx.hypot(dy).max(1e-9);
    ((f64::from(at.0) + dy * step / shrink).round() as i32, (f64::from(at.1) - dx * step).round() as i32)
}

/// The nodes of the motorways, from the id `first` on, their ways, and their figures.
pub(crate) fn draw(
    streets: &Streets,
    motorways: &[Motorway],
    first: i64,
) -> (Vec<FileNode>, Vec<FileWay>, RoadFigures) {
    let (shape, ground, frame) = (streets.shape, streets.ground, streets.ground.frame);
    let mut nodes: Vec<FileNode> = Vec::new();
    let mut ways: Vec<FileWay> = Vec::new();
    let mut figures = RoadFigures::default();
    // The two nodes at a corner by the earliest motorway there: with the order of its corners, and against it.
    let mut pairs: HashMap<usize, [i64; 2]> = HashMap::new();
    let mut put = |ways: &mut Vec<FileWay>, stops: &[(i64, Vertex)], tags: FileTags, oneway: bool| {
        let km: f64 = stops.windows(2).map(|w| kilometres(w[0].1, w[1].1)).sum();
        figures.road_km += km;
        figures.motorway_km += km;
        figures.road_ways += 1;
        figures.oneway_ways += u64::from(oneway);
        figures.bridges += u64::from(tags.iter().any(|t| t.0 == "bridge"));
        ways.push((stops.iter().map(|s| s.0).collect(), tags));
    };
    // Entries by corner, so that the ids of each row are counted once.
    let mut entries: Vec<(usize, [(i64, Vertex); 2])> = Vec::new();
    for (number, motorway) in motorways.iter().enumerate() {
        let corners = &motorway.corners;
        let mut sides: [Vec<(i64, Vertex)>; 2] = [Vec::new(), Vec::new()];
        for k in 0..corners.len() {
            for (side, km) in sides.iter_mut().zip([HALF_KM, -HALF_KM]) {
                side.push((first + nodes.len() as i64, beside(shape, corners, k, km)));
                nodes.push((beside(shape, corners, k, km), Vec::new()));
            }
        }
        let link = || -> FileTags { vec![("highway", "motorway_link".into()), ("oneway", "no".into())] };
        for (joins, k) in [(motorway.joins[0], 0), (motorway.joins[1], corners.len() - 1)] {
            let Some(old) = pairs.get(&corners[k]).filter(|_| joins) else { continue };
            for (id, at) in old.iter().flat_map(|&id| sides.iter().map(move |s| (id, s[k]))) {
                let there = nodes[(id - first) as usize].0;
                put(&mut ways, &[at, (id, there)], link(), false);
            }
        }
        entries.extend(motorway.entries.iter().map(|&k| (corners[k], [sides[0][k], sides[1][k]])));
        for (k, &corner) in corners.iter().enumerate() {
            pairs.entry(corner).or_insert([sides[0][k].0, sides[1][k].0]);
        }
        let over: Vec<bool> = corners.windows(2).map(|w| wet(ground, w[0], w[1])).collect();
        for (way, side) in sides.iter_mut().enumerate() {
            let mut k = 0;
            while k + 1 < corners.len() {
                let mut end = k + 1;
                while !over[k] && end + 1 < corners.len() && !over[end] && end - k < LONGEST {
                    end += 1;
                }
                let mut tags: FileTags = vec![
                    ("highway", "motorway".into()),
                    ("ref", format!("CT.{}", number + 1).into()),
                    ("oneway", "yes".into()),
                    ("lanes", "2".into()),
                    ("maxspeed", "100".into()),
                    ("layer", "1".into()),
                ];
                if over[k] {
                    tags.push(("bridge", "yes".into()));
                }
                let mut stops = side[k..=end].to_vec();
                if way == 1 {
                    stops.reverse();
                }
                put(&mut ways, &stops, tags, true);
                k = end;
            }
        }
    }
    entries.sort_by_key(|e| e.0);
    let mut row: (usize, Vec<u32>) = (usize::MAX, Vec::new());
    for (corner, sides) in entries {
        let (x, y) = frame.xy(corner);
        if row.0 != y {
            row = (y, streets.row(y).0);
        }
        for side in sides {
            let tags: FileTags = vec![("highway", "motorway_link".into()), ("oneway", "no".into())];
            put(&mut ways, &[streets.corner(&row.1, y, x), side], tags, false);
        }
    }
    (nodes, ways, figures)
}

/// Whether a river runs under the edge between two neighbouring corners.
fn wet(ground: &Ground, a: usize, b: usize) -> bool {
    (0..8).find(|&d| ground.end(a, d) == b).is_some_and(|d| ground.wet(a, d))
}
