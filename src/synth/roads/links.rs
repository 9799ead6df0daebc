//! Roads between settlements.

use super::super::plane::{P, Points, p, smooth};
use super::super::rng::{Rng, noise};
use super::main_roads::{dry_pieces, roundabout};
use super::settle::PlaceKind;
use super::{Class, Ground, Line};

/// Roads between neighbouring settlements, paths to the hamlets, ways to the ferries, and two roundabouts.
pub(super) fn lay(ground: &Ground, main: &[Line]) -> Vec<Line> {
    let places = ground.places;
    let mut rng = Rng::stream(ground.seed, 0x11_4C5);
    let centres: Vec<usize> = (0..ground.communes.len()).collect();
    let mut lines = Vec::new();
    for (a, b) in neighbours(ground, &centres, 14.0) {
        let people = |k: usize| ground.facts.communes[places[k].commune].population;
        let class = if people(a).min(people(b)) > 62_000 { Class::Secondary } else { Class::Tertiary };
        let name = format!("Đường liên xã {}", lines.len() + 1);
        lines.extend(link(ground, places[a].at, places[b].at, class).map(|l| l.named(name)));
    }
    // A dry-land neighbour graph over all settlements that a road may reach.
    let reached: Vec<usize> =
        (0..places.len()).filter(|&k| !matches!(places[k].kind, PlaceKind::Hamlet | PlaceKind::CutOff)).collect();
    for (a, b) in neighbours(ground, &reached, 8.0) {
        if places[a].kind == PlaceKind::Urban && places[b].kind == PlaceKind::Urban {
            continue;
        }
        let class = if rng.chance(0.35) { Class::Tertiary } else { Class::Unclassified };
        let name = format!("Đường làng {}", 1 + rng.below(400));
        lines.extend(link(ground, places[a].at, places[b].at, class).map(|l| l.named(name)));
    }
    for hamlet in places.iter().filter(|o| o.kind == PlaceKind::Hamlet) {
        let near = reached.iter().map(|&k| places[k].at).filter(|q| !ground.water.blocks(*q, hamlet.at));
        if let Some(to) = near.min_by(|a, b| a.to(hamlet.at).total_cmp(&b.to(hamlet.at))) {
            // Winds more than a road does.
            let pts = wander(ground, to, hamlet.at, 0.35);
            let bend = pts.len() / 2;
            let mut track = Line::new(Class::Track, pts[..=bend].to_vec());
            track.extra = vec![("surface", "unpaved".into()), ("tracktype", "grade3".into())];
            lines.push(track);
            lines.push(Line::new(Class::Path, pts[bend..].to_vec()));
        }
    }
    for span in &ground.water.spans {
        for end in span.ends {
            let taken = main.iter().any(|l| !l.bridge && l.class != Class::Ferry && l.pts.contains(&end));
            let mut near: Vec<P> = reached.iter().map(|&k| places[k].at).filter(|q| q.to(end) < 5.0).collect();
            near.sort_by(|a, b| a.to(end).total_cmp(&b.to(end)));
            let road = near.into_iter().find_map(|q| link(ground, q, end, Class::Tertiary));
            if !taken && super::holds_city(ground, end) {
                lines.extend(road.map(|l| l.named("Đường bến sông")));
            }
        }
    }
    // Where three ring and radial roads meet in the west and in the south.
    for (k, (lon, lat)) in [(105.80, 21.033), (105.841, 20.965)].into_iter().enumerate() {
        lines.push(roundabout(P::from_degrees(lon, lat), 0.045, &format!("Bùng binh {} (giả định)", k + 1)));
    }
    lines
}

/// Gabriel neighbours: pairs whose circle, with the pair as its diameter, holds no third place.
fn neighbours(ground: &Ground, among: &[usize], longest_km: f64) -> Vec<(usize, usize)> {
    let at = |k: usize| ground.places[k].at;
    let mut pairs = Vec::new();
    for (i, &a) in among.iter().enumerate() {
        for &b in &among[i + 1..] {
            let (middle, radius) = (at(a).towards(at(b), 0.5), at(a).to(at(b)) / 2.0);
            if radius * 2.0 < longest_km && among.iter().all(|&c| c == a || c == b || at(c).to(middle) >= radius) {
                pairs.push((a, b));
            }
        }
    }
    pairs
}

/// A road between two places that goes around water a little way, or none.
fn link(ground: &Ground, a: P, b: P, class: Class) -> Option<Line> {
    for swing in [0.07, 0.03, 0.0] {
        let pts = wander(ground, a, b, swing);
        let pieces = dry_pieces(ground.water, &pts);
        if let [whole] = pieces.as_slice() {
            let hilly = whole.iter().filter(|q| ground.is_hilly(**q, 0.85)).count();
            // No roads through the hills.
            if whole.len() == pts.len() && hilly * 4 < whole.len() {
                return Some(Line::new(class, pts));
            }
        }
    }
    None
}

/// A winding line from `a` to `b`, out of the water; `swing` is a share of its length.
fn wander(ground: &Ground, a: P, b: P, swing: f64) -> Points {
    let span = a.to(b);
    let count = (span / 0.9).ceil().max(2.0) as usize;
    let across = (b - a).unit().left();
    let stops: Points = (0..=count)
        .map(|k| {
            let t = k as f64 / count as f64;
            let q = a.towards(b, t);
            let fade = (t.min(1.0 - t) * 4.0).min(1.0) * (swing * span).min(0.9);
            q + across * (noise(ground.seed ^ 0x3A4D, q.x / 1.3, q.y / 1.3) * fade * 2.0)
        })
        .collect();
    let mut pts = smooth(&stops, 0.45);
    let last = pts.len() - 1;
    for q in &mut pts[1..last] {
        let moved = ground.water.push_out(*q, 0.05);
        // A detour of more than 400 m means that water lies across: give up rather than follow the bank.
        if moved.to(*q) < 0.4 {
            *q = moved;
        }
    }
    pts.dedup_by(|b, a| a.to(*b) < 0.05);
    let end = pts.len() - 1;
    pts[0] = a;
    pts[end] = b;
    if pts.len() < 2 { vec![a, p(b.x, b.y)] } else { pts }
}
