//! Cities, towns and villages: how large (rank and size), where, and which faces their people live in.

use super::super::rng::noise;
use super::frame::{BUILT, Frame, ISLAND, LAKE, LAND, OPEN, RIVER, shake, unit};
use super::rivers::Island;
use rayon::prelude::*;

/// People in the smallest town; what is smaller is a village.
pub(crate) const SMALLEST_TOWN: f64 = 4000.0;
/// People in a usual village.
const VILLAGE: f64 = 1000.0;
/// People per square kilometre on a river island.
const ISLAND_DENSITY: f64 = 900.0;

/// What a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// 100,000 people and more.
    City,
    /// 4,000 people and more.
    Town,
    /// Fewer.
    Village,
    /// A village on a river island without a bridge.
    Island,
}

/// A settlement.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    /// Its middle.
    pub corner: u32,
    pub people: f64,
    pub rank: Rank,
    /// Its radius in cells, if it were a disc.
    pub radius: f64,
}

/// Where the people are.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    /// The largest first.
    pub places: Vec<Settlement>,
    /// People in each face; no whole numbers yet.
    pub people: Vec<f32>,
}

/// Which faces may have houses: not in water, all corners open and on the same side of the water.
fn buildable(frame: &Frame, flags: &[u8], f: usize) -> bool {
    let corners = [f, f + 1, f + frame.wide, f + frame.wide + 1];
    flags[f] & (LAND | RIVER | LAKE) == LAND
        && corners.iter().all(|&c| c < flags.len() && flags[c] & OPEN != 0)
        && corners.iter().all(|&c| flags[c] & ISLAND == flags[f] & ISLAND)
}

/// How good the land is to live on, 0 (mountains) to 255.
pub(crate) fn fertility(frame: &Frame) -> Vec<u8> {
    let salt = frame.salt(0xFE47);
    let far = frame.wide.max(frame.tall) as f64;
    frame.each(|c| {
        let (x, y) = frame.xy(c);
        let wave = |k: u64, cells: f64| noise(salt ^ k, x as f64 / cells, y as f64 / cells);
        let good = 0.62 + 0.45 * wave(1, far / 4.0) + 0.3 * wave(2, far / 11.0) + 0.2 * wave(3, 50.0);
        (good.clamp(0.0, 1.0) * 255.0) as u8
    })
}

/// Lakes, one face each: one face in 250.
pub(crate) fn lakes(frame: &Frame, flags: &mut [u8]) -> Vec<u32> {
    let salt = frame.salt(0x1A4E);
    let found: Vec<u32> = (0..flags.len())
        .into_par_iter()
        .with_min_len(4096)
        .filter(|&f| unit(salt, f) < 0.004 && buildable(frame, flags, f) && flags[f] & ISLAND == 0)
        .map(|f| f as u32)
        .collect();
    for &f in &found {
        flags[f as usize] |= LAKE;
    }
    found
}

/// The sizes of the towns by rank and size: the second has half the people of the first, the third a third, down to
/// [`SMALLEST_TOWN`]; where people live close together the first has much of them all.
fn town_sizes(people: f64, density: f64) -> Vec<f64> {
    let crowded = ((density / 300.0).log2() / 3.0).clamp(0.0, 1.0);
    let urban = (0.42 + 0.33 * crowded) * people;
    let first = (0.08 + 0.30 * crowded) * people;
    // P + P/2 + P/3 … down to the smallest town, with the first one raised to its share.
    let sum = |p: f64| -> f64 {
        let n = (p / SMALLEST_TOWN).floor().max(1.0);
        p.max(first) + p * (n.ln() + 0.577 - 1.0).max(0.0)
    };
    let (mut low, mut high) = (SMALLEST_TOWN, urban.max(SMALLEST_TOWN));
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if sum(middle) < urban { low = middle } else { high = middle }
    }
    let count = (low / SMALLEST_TOWN).floor().max(1.0) as usize;
    (1..=count).map(|r| if r == 1 { low.max(first).min(0.9 * people) } else { low / r as f64 }).collect()
}

/// The radius of a settlement in cells: larger ones are denser, 1,500 to 9,000 people per square kilometre.
fn radius(frame: &Frame, people: f64) -> f64 {
    let density = (1500.0 * (people / 1000.0).powf(0.2)).clamp(1500.0, 9000.0);
    (people / (std::f64::consts::PI * density)).sqrt() / frame.cell_km
}

/// Places everyone. Faces with houses get the flag [`BUILT`].
pub(crate) fn settle(
    frame: &Frame,
    flags: &mut [u8],
    fertile: &[u8],
    islands: &[Island],
    people: u64,
    density: f64,
) -> Settled {
    let mut settled = Settled { places: Vec::new(), people: vec![0.0; flags.len()] };
    let open: Vec<u32> = (0..flags.len() as u32).filter(|&c| flags[c as usize] & (OPEN | ISLAND) == OPEN).collect();
    let people = people as f64;
    let mut rural = people;
    for size in place_towns(frame, flags, fertile, &open, &town_sizes(people, density), &mut settled) {
        rural -= size;
    }
    for island in islands {
        let faces = island.corners.iter().filter(|&&c| buildable(frame, flags, c as usize)).count() as f64;
        let size = (0.5 * faces * ISLAND_DENSITY * frame.cell_km.powi(2)).min(0.02 * people);
        let middle = island.corners[island.corners.len() / 2];
        if size >= 1.0 {
            rural -= size;
            add(
                frame,
                flags,
                &mut settled,
                Settlement { corner: middle, people: size, rank: Rank::Island, radius: 0.0 },
            );
        }
    }
    place_villages(frame, flags, fertile, &open, rural.max(0.0), &mut settled);
    for (f, n) in flags.iter_mut().zip(&settled.people) {
        if *n > 0.0 {
            *f |= BUILT;
        }
    }
    settled.places.sort_by(|a, b| b.people.total_cmp(&a.people).then(a.corner.cmp(&b.corner)));
    settled
}

/// Towns from the largest down, each far from those before it for its rank. Gives back the sizes that found a place.
fn place_towns(
    frame: &Frame,
    flags: &[u8],
    fertile: &[u8],
    open: &[u32],
    sizes: &[f64],
    settled: &mut Settled,
) -> Vec<f64> {
    let salt = frame.salt(0x70_3B);
    let mut placed = Vec::new();
    // Buckets as wide as the smallest spacing: those within reach are looked through.
    let apart = |rank: usize| 0.55 * (open.len() as f64 / (rank as f64 * std::f64::consts::PI)).sqrt();
    let bucket = apart(sizes.len()).max(2.0);
    let columns = (frame.wide as f64 / bucket) as usize + 1;
    let rows = (frame.tall as f64 / bucket) as usize + 1;
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); columns * rows];
    if open.is_empty() {
        return placed;
    }
    let middle = (frame.wide as f64 / 2.0, frame.tall as f64 / 2.0);
    for (r, &size) in sizes.iter().enumerate() {
        let own = radius(frame, size);
        let mut best: Option<(f64, u32)> = None;
        for attempt in 0..160usize {
            if attempt >= 24 && best.is_some() {
                break;
            }
            let c = open[(unit(salt ^ (r as u64) << 20, attempt) * open.len() as f64) as usize];
            let (x, y) = frame.xy(c as usize);
            // Ever nearer if there is no room.
            let reach = (apart(r + 1) * 0.97f64.powi(attempt as i32)).max(own * 0.8);
            let near = |v: usize, n: usize| {
                let low = ((v as f64 - reach) / bucket).max(0.0) as usize;
                low..=(((v as f64 + reach) / bucket) as usize).min(n - 1)
            };
            let crowded = settled.people[c as usize] > 0.0
                || near(y, rows).flat_map(|j| near(x, columns).map(move |i| j * columns + i)).any(|b| {
                    buckets[b].iter().any(|&o| {
                        let (u, v) = frame.xy(o as usize);
                        (x as f64 - u as f64).hypot(y as f64 - v as f64) < reach
                    })
                });
            if crowded {
                continue;
            }
            // Good land, and for the first few not at the border.
            let off = (x as f64 - middle.0).hypot(y as f64 - middle.1) / middle.0.min(middle.1);
            let score = f64::from(fertile[c as usize]) / 255.0 - if r < 3 { 0.9 * off } else { 0.0 };
            if best.is_none_or(|b| score > b.0) {
                best = Some((score, c));
            }
        }
        let Some((_, corner)) = best else { continue };
        let rank = if size >= 100_000.0 { Rank::City } else { Rank::Town };
        if add(frame, flags, settled, Settlement { corner, people: size, rank, radius: own }) {
            let (x, y) = frame.xy(corner as usize);
            buckets[(y as f64 / bucket) as usize * columns + (x as f64 / bucket) as usize].push(corner);
            placed.push(size);
        }
    }
    placed
}

/// Villages: one in each square of a coarse net, more and larger on good land, none within towns.
fn place_villages(frame: &Frame, flags: &[u8], fertile: &[u8], open: &[u32], rural: f64, settled: &mut Settled) {
    let salt = frame.salt(0x71_11);
    if rural < 1.0 || open.is_empty() {
        return;
    }
    let wanted = (rural / VILLAGE).max(1.0);
    // About two squares in three have a village.
    let square = (0.66 * open.len() as f64 / wanted).sqrt().max(2.0);
    let (columns, rows) = ((frame.wide as f64 / square) as usize, (frame.tall as f64 / square) as usize);
    let mut found: Vec<(u32, f64)> = (0..columns * rows)
        .into_par_iter()
        .filter_map(|k| {
            let (i, j) = ((k % columns) as f64, (k / columns) as f64);
            let at = |n: f64, salt: u64| ((n + 0.5 + 0.38 * shake(salt, k)) * square) as usize;
            let c = at(j, salt ^ 1) * frame.wide + at(i, salt ^ 2);
            let good = f64::from(*fertile.get(c)?) / 255.0;
            let free = flags[c] & (OPEN | ISLAND) == OPEN && settled.people[c] == 0.0;
            let size = (0.55 * (unit(salt ^ 4, k) + unit(salt ^ 5, k) + unit(salt ^ 6, k) - 1.5) * 2.0).exp();
            (free && unit(salt ^ 3, k) < 0.25 + 0.75 * good).then_some((c as u32, size * (0.3 + good)))
        })
        .collect();
    if found.is_empty() {
        // No room left: everyone else lives in the towns.
        let corner = settled.places.first().map_or(open[open.len() / 2], |p| p.corner);
        found.push((corner, 1.0));
    }
    let sum: f64 = found.iter().map(|v| v.1).sum();
    for (corner, size) in found {
        let people = (rural * size / sum).max(0.01);
        let rank = if people >= SMALLEST_TOWN { Rank::Town } else { Rank::Village };
        let radius = radius(frame, people);
        add(frame, flags, settled, Settlement { corner, people, rank, radius });
    }
}

/// Spreads a settlement's people over the faces around its middle; `false` where there is no face to live in.
fn add(frame: &Frame, flags: &[u8], settled: &mut Settled, mut place: Settlement) -> bool {
    let (cx, cy) = frame.xy(place.corner as usize);
    if place.radius <= 0.0 {
        place.radius = radius(frame, place.people);
    }
    let reach = place.radius.max(0.8);
    let salt = frame.salt(0xADD);
    // Small places stretch along a street, large ones less.
    let stretch = 1.0 + 1.2 * unit(salt, place.corner as usize) / (1.0 + reach / 6.0);
    let (sin, cos) = (unit(salt ^ 1, place.corner as usize) * std::f64::consts::PI).sin_cos();
    let span = (reach * stretch.sqrt() * 1.5).ceil() as usize + 1;
    let mut chosen: Vec<(usize, f64)> = Vec::new();
    let island = flags[place.corner as usize] & ISLAND;
    for grow in [1.0, 2.0, 4.0, 8.0] {
        let span = span * grow as usize;
        for y in cy.saturating_sub(span)..(cy + span).min(frame.tall - 1) {
            for x in cx.saturating_sub(span)..(cx + span).min(frame.wide - 1) {
                let f = y * frame.wide + x;
                let (dx, dy) = (x as f64 + 0.5 - cx as f64, y as f64 + 0.5 - cy as f64);
                let (u, v) = ((dx * cos + dy * sin) / stretch.sqrt(), (dy * cos - dx * sin) * stretch.sqrt());
                let ragged = 1.0
                    + 0.45 * noise(salt ^ 2, x as f64 / (1.5 + reach / 5.0), y as f64 / (1.5 + reach / 5.0))
                    + 0.12 * shake(salt ^ 3, f);
                let far = u.hypot(v) * ragged / (reach * grow);
                if far < 1.0 && flags[f] & ISLAND == island && buildable(frame, flags, f) {
                    chosen.push((f, (-1.7 * far).exp() * (1.0 + 0.35 * shake(salt ^ 4, f))));
                }
            }
        }
        if !chosen.is_empty() {
            break;
        }
    }
    let sum: f64 = chosen.iter().map(|c| c.1).sum();
    for &(f, weight) in &chosen {
        settled.people[f] += (place.people * weight / sum) as f32;
    }
    if chosen.is_empty() {
        return false;
    }
    settled.places.push(place);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towns_follow_rank_and_size() {
        // Viet Nam's density: no first city beyond its rank but 8 %, and the rest at P / r.
        let sizes = town_sizes(1e8, 300.0);
        assert!(sizes[0] >= 8e6);
        assert!((sizes[1] / sizes[9] - 5.0).abs() < 1e-9, "the 10th has a fifth of the 2nd");
        assert!(*sizes.last().unwrap() >= SMALLEST_TOWN);
        let urban: f64 = sizes.iter().sum();
        assert!((urban / 1e8 - 0.42).abs() < 0.02, "{urban}");
        // 2,600 people per km² is crowded: the first has 38 % of all.
        assert!((town_sizes(8.8e6, 2600.0)[0] / 8.8e6 - 0.38).abs() < 0.01);
        // A hamlet of 1,000 has one place of at most 90 %.
        assert_eq!(town_sizes(1000.0, 300.0), [900.0]);
    }
}
