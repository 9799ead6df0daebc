//! National roads, ring roads, expressways and the ways over the wide rivers.

use super::super::communes::holds;
use super::super::facts::{Road, Stop};
use super::super::plane::{P, Points, crossing, left_at, length, p, smooth};
use super::super::water::{Span, Water};
use super::{Class, Ground, Line};

/// Half the distance between the carriageways of an expressway, kilometres.
const HALF_MEDIAN: f64 = 0.014;

/// All main roads and ferries.
pub(super) fn lay(ground: &Ground) -> Vec<Line> {
    let mut lines = Vec::new();
    for road in &ground.facts.roads {
        lay_road(ground, road, &mut lines);
    }
    for span in ground.water.spans.iter().filter(|s| s.is_ferry) {
        let km = span.ends[0].to(span.ends[1]);
        let mut ferry = Line::new(Class::Ferry, span.ends.to_vec()).named(&span.name);
        // Six minutes to load and unload, and six kilometres an hour across.
        ferry.extra = vec![("duration", format!("00:{:02}", (6.0 + km * 10.0).round() as u32))];
        lines.push(ferry);
    }
    lines
}

fn lay_road(ground: &Ground, road: &Road, lines: &mut Vec<Line>) {
    let class = Class::of(&road.class);
    let mut template = Line::new(class, Points::new()).named(&road.name);
    template.reference = road.reference.clone();
    let mut run = Points::new();
    for (k, stop) in road.stops.iter().enumerate() {
        match stop {
            Stop::At(q) => run.push(*q),
            Stop::Over(index) => {
                let name = &ground.facts.crossings[*index].name;
                let Some(span) = ground.water.spans.iter().find(|s| &s.name == name) else { continue };
                let [from, to] = heading(span, run.last().copied(), road.stops.get(k + 1));
                run.push(from);
                lay_run(ground, &template, &run, true, lines);
                let mut bridge = template.along(vec![from, to]).named(name);
                bridge.bridge = true;
                lines.push(bridge);
                // A little straight on beyond the bridge, so that the road does not turn on the bank.
                run = vec![to];
            }
        }
    }
    lay_run(ground, &template, &run, false, lines);
}

/// The ends of a crossing in the order of travel.
fn heading(span: &Span, before: Option<P>, after: Option<&Stop>) -> [P; 2] {
    let [a, b] = span.ends;
    let swap = match (before, after) {
        (Some(q), _) => q.to(b) < q.to(a),
        (None, Some(Stop::At(q))) => q.to(a) < q.to(b),
        _ => false,
    };
    if swap { [b, a] } else { [a, b] }
}

/// A run between crossings: smooth, out of the water, within the city.
fn lay_run(ground: &Ground, template: &Line, stops: &[P], to_bridge: bool, lines: &mut Vec<Line>) {
    if stops.len() < 2 {
        return;
    }
    let mut pts = smooth(stops, 0.25);
    let last = pts.len() - 1;
    for q in &mut pts[1..last] {
        *q = ground.water.push_out(*q, 0.08);
    }
    let inside = |q: &P| holds(ground.city, *q);
    let Some(first_in) = pts.iter().position(inside) else { return };
    // A kilometre beyond the border, no more, but always up to a bridge.
    let beyond = if to_bridge { 16 } else { 4 };
    let last_in = pts.iter().rposition(inside).unwrap_or(last);
    let pts = &pts[first_in.saturating_sub(4)..=(last_in + beyond).min(last)];
    for piece in dry_pieces(ground.water, pts) {
        if template.class == Class::Motorway {
            lines.extend(carriageways(template, &piece));
        } else {
            lines.push(template.along(piece));
        }
    }
}

/// The pieces of a line that touch no water.
pub(super) fn dry_pieces(water: &Water, pts: &[P]) -> Vec<Points> {
    let mut pieces = vec![Points::new()];
    for w in pts.windows(2) {
        if water.blocks(w[0], w[1]) {
            pieces.push(Points::new());
        } else if let Some(piece) = pieces.last_mut() {
            if piece.is_empty() {
                piece.push(w[0]);
            }
            piece.push(w[1]);
        }
    }
    pieces.retain(|piece| piece.len() > 1 && length(piece) > 0.05);
    pieces
}

/// The two one-way sides of an expressway, traffic on the right; both begin and end on the middle line.
fn carriageways(template: &Line, middle: &[P]) -> [Line; 2] {
    let last = middle.len() - 1;
    let side = |sign: f64| -> Points {
        (0..=last)
            .map(|k| match k {
                0 => middle[0],
                k if k == last => middle[last],
                k => middle[k] + left_at(middle, k) * (sign * HALF_MEDIAN),
            })
            .collect()
    };
    let (forth, mut back) = (side(-1.0), side(1.0));
    back.reverse();
    [forth, back].map(|pts| {
        let mut line = template.along(pts);
        line.oneway = true;
        line.extra = vec![("lanes", "2".into()), ("maxspeed", "100".into()), ("surface", "asphalt".into())];
        line
    })
}

/// Adds ramps where expressways pass over larger roads, at most one interchange every three kilometres.
pub(super) fn with_interchanges(ground: &Ground, mut lines: Vec<Line>) -> Vec<Line> {
    let ways: Vec<usize> =
        (0..lines.len()).filter(|&k| lines[k].class == Class::Motorway && !lines[k].bridge).collect();
    let mut ramps = Vec::new();
    let mut done: Vec<(P, String)> = Vec::new();
    let mut inserts: Vec<(usize, usize, P)> = Vec::new();
    for pass in [Class::Primary, Class::Secondary, Class::Tertiary] {
        for &m in &ways {
            for r in 0..lines.len() {
                let road = &lines[r];
                if road.bridge || road.class > pass || road.class < Class::Trunk || !road.at_grade() {
                    continue;
                }
                for (i, w) in lines[m].pts.windows(2).enumerate() {
                    for (j, v) in road.pts.windows(2).enumerate() {
                        let Some((t, _)) = crossing(w[0], w[1], v[0], v[1]) else { continue };
                        let at = w[0].towards(w[1], t);
                        // The other carriageway of the same interchange lies within a hundred metres.
                        let here = |d: &(P, String)| d.0.to(at) < 0.1;
                        let crowded = done.iter().any(|d| d.0.to(at) < 3.0 && d.1 == lines[m].name && !here(d));
                        let again = done.iter().filter(|d| here(d)).count() > 1;
                        if crowded || again || i < 2 || i + 3 >= lines[m].pts.len() {
                            continue;
                        }
                        // Down to the road on the outer, right-hand side.
                        let outer = left_at(&lines[m].pts, i) * -1.0;
                        let along = (v[1] - v[0]).unit();
                        let down = at + along * (0.07 * along.dot(outer).signum());
                        let leaves = lines[m].pts[i - 1];
                        let joins = lines[m].pts[i + 2];
                        let bow = |a: P, b: P| a.towards(b, 0.5) + outer * 0.03;
                        let clear = |q: &[P]| !q.windows(2).any(|w| ground.water.blocks(w[0], w[1]));
                        let (off, on) = (vec![leaves, bow(leaves, down), down], vec![down, bow(down, joins), joins]);
                        if !clear(&off) || !clear(&on) || v[0].to(v[1]) < 0.1 {
                            continue;
                        }
                        for pts in [off, on] {
                            let mut ramp = Line::new(Class::MotorwayLink, pts);
                            ramp.oneway = true;
                            ramp.extra = vec![("maxspeed", "50".into())];
                            ramps.push(ramp);
                        }
                        inserts.push((r, j, down));
                        done.push((at, lines[m].name.clone()));
                    }
                }
            }
        }
    }
    // From the back, so that earlier places stay where they are.
    let place = |lines: &[Line], &(r, j, q): &(usize, usize, P)| lines[r].pts[j].to(q);
    inserts.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(place(&lines, b).total_cmp(&place(&lines, a))));
    for (r, j, q) in inserts {
        lines[r].pts.insert(j + 1, q);
    }
    lines.extend(ramps);
    lines
}

/// A roundabout of eight points.
pub(super) fn roundabout(centre: P, radius_km: f64, name: &str) -> Line {
    let turn = |k: usize| {
        let a = k as f64 * std::f64::consts::FRAC_PI_4 + 0.2;
        centre + p(a.cos(), a.sin()) * radius_km
    };
    let mut line = Line::new(Class::Primary, (0..=8).map(|k| turn(k % 8)).collect()).named(name);
    line.oneway = true;
    line.extra = vec![("junction", "roundabout".into())];
    line
}
