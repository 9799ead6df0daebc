//! Made-up commune outlines: power diagrams of the true points with the true areas, with winding borders.

use super::facts::Facts;
use super::mesh::{Ring, Shape, Vertex, dissolve, point, twice_area, vertex, weld, wind};
use super::outline::{Land, polygon, ring};
use super::plane::{P, Points, area_scale, in_ring, ring_area};
use super::power::{balance, convex_cell};
use crate::error::{Fault, Result};
use geo::{Area, BooleanOps, Validation};
use std::collections::{BTreeMap, HashMap};

/// The administrative map.
#[derive(Debug, Clone)]
pub(crate) struct Borders {
    /// For each commune, in the order of the facts.
    pub communes: Vec<Vec<Shape>>,
    /// For each former district, in the order of the facts.
    pub districts: Vec<Vec<Shape>>,
    /// The whole city.
    pub city: Vec<Shape>,
}

/// Draws the borders of all communes over the lands.
pub(crate) fn draw(facts: &Facts, lands: &[Land], seed: u64) -> Result<Borders> {
    // The areas are true on the sphere; the flat map stretches them a little.
    let official: Vec<f64> = facts.communes.iter().map(|c| c.area_km2 * area_scale(c.at)).collect();
    let mut wanted = official.clone();
    let mut weights = vec![0.0; wanted.len()];
    let (mut rings, mut labels) = straight(facts, lands, &wanted, &mut weights)?;
    for _ in 0..15 {
        // What was given away or taken over is made good by asking for more or less next time.
        let mut areas = vec![0.0; wanted.len()];
        for (ring, &label) in rings.iter().zip(&labels) {
            areas[label] += ring_area(&ring.iter().map(|v| point(*v)).collect::<Points>());
        }
        let off = (0..areas.len()).map(|k| (areas[k] / official[k] - 1.0).abs()).fold(0.0, f64::max);
        if off < 0.01 {
            break;
        }
        for k in 0..areas.len() {
            wanted[k] = (wanted[k] + 0.7 * (official[k] - areas[k])).max(0.3 * official[k]);
        }
        (rings, labels) = straight(facts, lands, &wanted, &mut weights)?;
    }
    // Wind the straight borders, less where that would make a border cross another.
    let mut strength: HashMap<(Vertex, Vertex), f64> = HashMap::new();
    for _ in 0..12 {
        let bent: Vec<Ring> = rings.iter().map(|r| bend(r, seed, &strength)).collect();
        let bad: Vec<usize> = (0..bent.len()).filter(|&k| !is_valid(&bent[k])).collect();
        if bad.is_empty() {
            rings = bent;
            break;
        }
        for k in bad {
            for (a, b) in edges(&rings[k]) {
                *strength.entry((a.min(b), a.max(b))).or_insert(1.0) *= 0.4;
            }
        }
    }
    let of = |keep: &dyn Fn(usize) -> bool| {
        dissolve(rings.iter().zip(&labels).filter(|(_, label)| keep(**label)).map(|(ring, _)| ring))
    };
    Ok(Borders {
        communes: (0..facts.communes.len()).map(|k| of(&|label| label == k)).collect(),
        districts: (0..facts.districts.len()).map(|d| of(&|label| facts.communes[label].district == d)).collect(),
        city: of(&|_| true),
    })
}

/// The straight-edged pieces of all communes, welded, and the commune of each.
fn straight(facts: &Facts, lands: &[Land], wanted: &[f64], weights: &mut [f64]) -> Result<(Vec<Ring>, Vec<usize>)> {
    let (mut rings, mut labels): (Vec<Ring>, Vec<usize>) = (Vec::new(), Vec::new());
    for land in lands {
        for (commune, part) in cells(facts, land, wanted, weights) {
            rings.push(part.iter().map(|q| vertex(*q)).collect());
            labels.push(commune);
        }
    }
    let count = rings.len();
    weld(&mut rings, 3);
    if rings.len() != count {
        return Err(Fault::new("synth::borders", "a commune's outline collapsed in welding").into());
    }
    // What the lands left open between them along a river belongs to a neighbour.
    for shape in dissolve(&rings) {
        for mut hole in shape.holes {
            hole.reverse();
            rings.push(hole);
            labels.push(usize::MAX);
        }
    }
    give_away_scraps(&rings, &mut labels);
    match labels.contains(&usize::MAX) {
        true => Err(Fault::new("synth::borders", "a gap in the city has no neighbour").into()),
        false => Ok((rings, labels)),
    }
}

/// The straight-edged cells of one land, a commune possibly in several pieces.
fn cells(facts: &Facts, land: &Land, wanted: &[f64], weights: &mut [f64]) -> Vec<(usize, Points)> {
    let sites: Vec<P> = land.communes.iter().map(|&k| facts.communes[k].at).collect();
    let wanted: Vec<f64> = land.communes.iter().map(|&k| wanted[k]).collect();
    let fit = ring_area(&land.ring) / wanted.iter().sum::<f64>();
    let wanted: Vec<f64> = wanted.iter().map(|a| a * fit).collect();
    let mut own: Vec<f64> = land.communes.iter().map(|&k| weights[k]).collect();
    balance(&land.ring, &sites, &wanted, 1500, &mut own);
    let whole = polygon(&land.ring);
    let mut cells = Vec::new();
    for (k, &commune) in land.communes.iter().enumerate() {
        weights[commune] = own[k];
        let (cell, _) = convex_cell(&sites, &own, k);
        for part in whole.intersection(&polygon(&cell)).0 {
            if part.unsigned_area() > 1e-6 {
                cells.push((commune, ring(part.exterior())));
            }
        }
    }
    cells
}

/// Pieces of a commune cut off from its largest piece, and pieces of none (`usize::MAX`), go to the neighbour with the longest common border.
fn give_away_scraps(rings: &[Ring], labels: &mut [usize]) {
    let mut largest: BTreeMap<usize, usize> = BTreeMap::new();
    for k in (0..rings.len()).filter(|&k| labels[k] != usize::MAX).collect::<Vec<_>>() {
        let best = largest.entry(labels[k]).or_insert(k);
        if twice_area(&rings[k]) > twice_area(&rings[*best]) {
            *best = k;
        }
    }
    let owner: HashMap<(Vertex, Vertex), usize> =
        rings.iter().enumerate().flat_map(|(k, r)| edges(r).map(move |e| (e, k))).collect();
    for k in 0..rings.len() {
        if largest.values().any(|&l| l == k) {
            continue;
        }
        let mut shared: BTreeMap<usize, f64> = BTreeMap::new();
        for (a, b) in edges(&rings[k]) {
            if let Some(&other) = owner.get(&(b, a))
                && largest.get(&labels[other]) == Some(&other)
            {
                *shared.entry(labels[other]).or_default() += point(a).to(point(b));
            }
        }
        if let Some((&label, _)) = shared.iter().max_by(|a, b| a.1.total_cmp(b.1)) {
            labels[k] = label;
        }
    }
}

fn edges(ring: &Ring) -> impl Iterator<Item = (Vertex, Vertex)> + '_ {
    (0..ring.len()).map(|k| (ring[k], ring[(k + 1) % ring.len()]))
}

fn bend(ring: &Ring, seed: u64, strength: &HashMap<(Vertex, Vertex), f64>) -> Ring {
    let mut bent = Ring::new();
    for (a, b) in edges(ring) {
        let strength = strength.get(&(a.min(b), a.max(b))).copied().unwrap_or(1.0);
        bent.push(a);
        bent.extend(wind(a, b, seed, strength));
    }
    bent
}

fn is_valid(ring: &Ring) -> bool {
    let on_map: Points = ring.iter().map(|v| point(*v)).collect();
    polygon(&on_map).is_valid()
}

/// Whether a place lies in a shape of the map.
pub(crate) fn holds(shapes: &[Region], q: P) -> bool {
    shapes.iter().any(|s| s.holds(q))
}

/// A shape on the flat map, ready for many point tests.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    outer: Points,
    holes: Vec<Points>,
    low: P,
    high: P,
}

impl Region {
    /// From shapes on the lattice.
    pub fn of(shapes: &[Shape]) -> Vec<Region> {
        let on_map = |r: &Ring| r.iter().map(|v| point(*v)).collect::<Points>();
        let region = |s: &Shape| {
            let outer = on_map(&s.outer);
            let fold = |pick: fn(f64, f64) -> f64| {
                let corner = outer.iter().copied().reduce(|a, b| P { x: pick(a.x, b.x), y: pick(a.y, b.y) });
                corner.unwrap_or(P { x: 0.0, y: 0.0 })
            };
            Region { low: fold(f64::min), high: fold(f64::max), holes: s.holes.iter().map(on_map).collect(), outer }
        };
        shapes.iter().map(region).collect()
    }

    /// Lower left and upper right corner.
    pub fn corners(&self) -> (P, P) {
        (self.low, self.high)
    }

    fn holds(&self, q: P) -> bool {
        q.x >= self.low.x
            && q.x <= self.high.x
            && q.y >= self.low.y
            && q.y <= self.high.y
            && in_ring(q, &self.outer)
            && !self.holes.iter().any(|h| in_ring(q, h))
    }

    /// Distance to the outer border.
    pub fn border_distance(&self, q: P) -> f64 {
        let mut closed = self.outer.clone();
        closed.extend(self.outer.first());
        super::plane::to_line(q, &closed).map_or(f64::INFINITY, |hit| hit.0)
    }
}
