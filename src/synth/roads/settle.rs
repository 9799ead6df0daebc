//! Where people settle: a centre for every commune, villages, and a few remote hamlets.

use super::super::communes::{Region, holds};
use super::super::facts::Facts;
use super::super::plane::{P, p};
use super::super::rng::Rng;
use super::super::water::Water;
use super::is_hilly;

/// A settlement.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub at: P,
    pub commune: usize,
    pub kind: PlaceKind,
    /// Streets along a side of its grid.
    pub side: usize,
}

/// What sort of settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    /// The centre of an urban ward, with streets all over the ward.
    Urban,
    /// The centre of another commune.
    Centre,
    Village,
    /// In the hills, on a path only.
    Hamlet,
    /// In the hills, with streets of its own that no road reaches.
    CutOff,
}

/// Communes denser than this, people a square kilometre, have streets all over.
const URBAN_DENSITY: f64 = 5000.0;

/// Settles all communes; the first places are the communes' centres, in their order.
pub(crate) fn settle(facts: &Facts, water: &Water, communes: &[Vec<Region>], seed: u64) -> Vec<Place> {
    let dry =
        |k: usize, q: P, hills: f64| holds(&communes[k], q) && !water.is_near(q, 0.2) && !is_hilly(facts, q, hills);
    let mut places: Vec<Place> = Vec::new();
    for (k, commune) in facts.communes.iter().enumerate() {
        // The nearest place to the true point that is dry, low and not at the border.
        let spiral = (0..6000).map(|s| {
            let (a, r) = (f64::from(s) * 2.399_963, 0.13 * f64::from(s).sqrt());
            commune.at + p(a.cos(), a.sin()) * r
        });
        let inner = |q: &P| communes[k].iter().map(|r| r.border_distance(*q)).fold(f64::INFINITY, f64::min);
        let margin = 0.12 * commune.area_km2.sqrt();
        let at = spiral
            .clone()
            .find(|q| dry(k, *q, 1.0) && inner(q) > margin)
            .or_else(|| spiral.clone().find(|q| dry(k, *q, 0.0)))
            .unwrap_or(commune.at);
        let urban = commune.is_ward() && commune.density() > URBAN_DENSITY;
        let side = (3.5 + (commune.population as f64 / 12_000.0).sqrt()).round() as usize;
        places.push(Place { at, commune: k, kind: if urban { PlaceKind::Urban } else { PlaceKind::Centre }, side });
    }
    for (k, commune) in facts.communes.iter().enumerate() {
        if places[k].kind == PlaceKind::Urban {
            continue;
        }
        let mut rng = Rng::stream(seed, 0x5E77 + k as u64);
        let count = (commune.population as f64 / 9000.0).clamp(3.0, 9.0).round() as usize;
        let mut gap = 0.75 * (commune.area_km2 / (count + 1) as f64).sqrt();
        let (low, high) = corners(&communes[k]);
        let mut found = 0;
        for trial in 0..4000 {
            if found == count {
                break;
            }
            if trial % 400 == 399 {
                gap *= 0.85;
            }
            let q = p(rng.range(low.x, high.x), rng.range(low.y, high.y));
            let apart = places.iter().all(|o| o.at.to(q) > if o.commune == k { gap } else { 0.7 });
            if apart && dry(k, q, 0.9) {
                places.push(Place { at: q, commune: k, kind: PlaceKind::Village, side: 3 + rng.below(2) });
                found += 1;
            }
        }
    }
    places.extend(hamlets(facts, water, communes, &places));
    places
}

/// Hamlets deep in the hills: for each hill, the dry places farthest from all commune centres.
fn hamlets(facts: &Facts, water: &Water, communes: &[Vec<Region>], places: &[Place]) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    let centres = &places[..facts.communes.len()];
    for (h, hill) in facts.hills.iter().enumerate() {
        for turn in 0..2 {
            let spiral = (0..400).map(|s| {
                let (a, r) = (f64::from(s) * 2.399_963, hill.radius_km * (f64::from(s) / 400.0).sqrt());
                hill.at + p(a.cos(), a.sin()) * r
            });
            let lonely = |q: P| {
                let centre = centres.iter().map(|c| c.at.to(q)).fold(f64::INFINITY, f64::min);
                let other =
                    found.iter().chain(&places[centres.len()..]).map(|o| o.at.to(q)).fold(f64::INFINITY, f64::min);
                if other < 1.5 { 0.0 } else { centre }
            };
            let fit = spiral.filter_map(|q| {
                let commune = (0..communes.len()).find(|&k| holds(&communes[k], q))?;
                let inside = communes[commune].iter().any(|r| r.border_distance(q) > 0.5);
                (inside && !water.is_near(q, 0.3)).then_some((q, commune))
            });
            if let Some((at, commune)) = fit.max_by(|a, b| lonely(a.0).total_cmp(&lonely(b.0))) {
                // One of them, in the second-to-last hill (Hương Sơn, reached by boat), has no road at all.
                let cut_off = h == 2 && turn == 0;
                let kind = if cut_off { PlaceKind::CutOff } else { PlaceKind::Hamlet };
                found.push(Place { at, commune, kind, side: if cut_off { 4 } else { 3 } });
            }
        }
    }
    found
}

/// The box around a commune.
pub(crate) fn corners(regions: &[Region]) -> (P, P) {
    let (mut low, mut high) = (p(f64::INFINITY, f64::INFINITY), p(f64::NEG_INFINITY, f64::NEG_INFINITY));
    for region in regions {
        let (a, b) = region.corners();
        low = p(low.x.min(a.x), low.y.min(a.y));
        high = p(high.x.max(b.x), high.y.max(b.y));
    }
    (low, high)
}
