//! Ways: edges of the lattice joined along rows and columns, diagonals, streets inside faces, alleys.

use super::super::mesh::Vertex;
use super::super::write::pbf::FileWay;
use super::frame::{BUILT, unit};
use super::names;
use super::routes::{PRIMARY, RESIDENTIAL, SECONDARY, TERTIARY, TRUNK, UNCLASSIFIED, is_lane};
use super::streets::{Plan, Run, Stop, Streets};
use serde::Serialize;
use std::borrow::Cow;

/// Edges a way joins at most.
const LONGEST: usize = 24;

/// What the ways are, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RoadFigures {
    /// Kilometres of road, street and alley, motorways included; ferries left out.
    pub road_km: f64,
    /// Kilometres of motorway, each carriageway counted.
    pub motorway_km: f64,
    /// Kilometres of road from trunk to tertiary.
    pub main_road_km: f64,
    /// Road ways.
    pub road_ways: u64,
    /// Those open one way only.
    pub oneway_ways: u64,
    /// Bridges.
    pub bridges: u64,
    /// Ferries.
    pub ferries: u64,
    /// Nodes where a road ends.
    pub dead_ends: u64,
}

impl RoadFigures {
    /// Adds the figures of another part.
    pub(crate) fn add(&mut self, other: &RoadFigures) {
        self.road_km += other.road_km;
        self.motorway_km += other.motorway_km;
        self.main_road_km += other.main_road_km;
        self.road_ways += other.road_ways;
        self.oneway_ways += other.oneway_ways;
        self.bridges += other.bridges;
        self.ferries += other.ferries;
        self.dead_ends += other.dead_ends;
    }
}

/// What edges must have in common to be one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    class: u8,
    /// Houses on a side of it.
    built: bool,
    bridge: bool,
    ferry: bool,
    /// The part of the country whose road numbers it bears, or the town whose street names.
    region: usize,
}

/// The ways of some rows.
pub(crate) struct Band<'a> {
    streets: &'a Streets<'a>,
    pub ways: Vec<FileWay>,
    pub figures: RoadFigures,
}

type Tags = Vec<(&'static str, Cow<'static, str>)>;

/// Makes the ways whose edges and faces begin in these rows.
pub(crate) fn band<'a>(streets: &'a Streets<'a>, rows: std::ops::Range<usize>) -> Band<'a> {
    let frame = streets.ground.frame;
    let last = rows.end.min(frame.tall - 1);
    let starts: Vec<Vec<u32>> = (rows.start..=last).map(|y| streets.row(y).0).collect();
    let start = |y: usize| starts[y - rows.start].as_slice();
    let mut band = Band { streets, ways: Vec::new(), figures: RoadFigures::default() };
    for y in rows.start..rows.end.min(frame.tall - 1) {
        band.line((0..frame.wide - 1).map(|x| (x, y)), 0, &start);
        for x in 0..frame.wide - 1 {
            let f = y * frame.wide + x;
            band.dead_corner(f);
            if streets.pieces[f] > 0 {
                band.face(f, x, y, &start);
            }
        }
    }
    for x in 0..frame.wide {
        band.line((rows.start..rows.end.min(frame.tall - 1)).map(|y| (x, y)), 2, &start);
    }
    band
}

impl<'a> Band<'a> {
    fn kind(&self, c: usize, direction: usize) -> Option<Kind> {
        let streets = self.streets;
        let class = streets.roads.edges[c][direction];
        if class == 0 {
            return None;
        }
        let (flags, frame) = (streets.ground.flags, streets.ground.frame);
        let beside = if direction == 0 { c - frame.wide } else { c - 1 };
        let ferry = streets.roads.ferries.binary_search(&(c as u32, direction)).is_ok();
        let (x, y) = frame.xy(c);
        let size = if class == RESIDENTIAL { 8 } else { 96 };
        Some(Kind {
            class: if class == TERTIARY && is_lane(frame, y / 40 * 1000 + x / 40) { UNCLASSIFIED } else { class },
            built: (flags[c] | flags[beside]) & BUILT != 0,
            bridge: streets.ground.wet(c, direction) && !ferry,
            ferry,
            region: ((y / size) << 20) | (x / size),
        })
    }

    /// Joins the edges of a row or a column.
    fn line<'s>(
        &mut self,
        places: impl Iterator<Item = (usize, usize)>,
        direction: usize,
        start: &impl Fn(usize) -> &'s [u32],
    ) {
        let wide = self.streets.ground.frame.wide;
        let mut stops: Vec<Stop> = Vec::new();
        let mut open: Option<(Kind, usize, usize)> = None;
        for (x, y) in places {
            let c = y * wide + x;
            let kind = self.kind(c, direction);
            let goes_on = matches!((open, kind), (Some((k, n, _)), Some(next))
                if k == next && !k.bridge && !k.ferry && n < LONGEST);
            if !goes_on {
                if let Some((kind, _, first)) = open.take() {
                    self.put_line(kind, first, direction, std::mem::take(&mut stops));
                }
                stops.clear();
            }
            let Some(kind) = kind else { continue };
            if stops.is_empty() {
                stops.push(self.streets.corner(start(y), y, x));
            }
            stops.extend(self.streets.within(start(y), y, x, direction));
            let (x2, y2) = if direction == 0 { (x + 1, y) } else { (x, y + 1) };
            stops.push(self.streets.corner(start(y2), y2, x2));
            open = Some((kind, open.map_or(1, |o| o.1 + 1), open.map_or(c, |o| o.2)));
        }
        if let Some((kind, _, first)) = open {
            self.put_line(kind, first, direction, stops);
        }
    }

    fn put_line(&mut self, kind: Kind, first: usize, direction: usize, stops: Vec<Stop>) {
        let mut tags = self.tags(kind, first * 8 + direction);
        if kind.bridge {
            tags.push(("bridge", "yes".into()));
            tags.push(("layer", "1".into()));
            self.figures.bridges += 1;
        }
        self.put(&stops, tags, kind.class, kind.ferry);
    }

    /// The tags of a road; `key` tells streets apart.
    fn tags(&self, kind: Kind, key: usize) -> Tags {
        let frame = self.streets.ground.frame;
        if kind.ferry {
            return vec![("route", "ferry".into()), ("name", "Bến phà (giả định)".into()), ("foot", "yes".into())];
        }
        let class = match kind.class {
            TRUNK => "trunk",
            PRIMARY => "primary",
            SECONDARY => "secondary",
            TERTIARY => "tertiary",
            UNCLASSIFIED => "unclassified",
            _ => "residential",
        };
        let mut tags: Tags = vec![("highway", class.into())];
        let number = |salt: u64, n: f64| (unit(frame.salt(salt), kind.region) * n) as u32 + 1;
        match kind.class {
            TRUNK => {
                tags.push(("ref", format!("QL.{}", number(0x01, 60.0)).into()));
                tags.push(("lanes", "4".into()));
                tags.push(("maxspeed", if kind.built { "60" } else { "80" }.into()));
            }
            PRIMARY => {
                tags.push(("ref", format!("ĐT.{}", 100 + number(0x02, 800.0)).into()));
                tags.push(("maxspeed", if kind.built { "50" } else { "60" }.into()));
            }
            SECONDARY => tags.push(("ref", format!("ĐH.{}", number(0x03, 90.0)).into())),
            TERTIARY | UNCLASSIFIED => tags.push(("surface", "concrete".into())),
            _ => {}
        }
        if kind.built && kind.class != UNCLASSIFIED {
            let what = if kind.class == RESIDENTIAL { "Phố" } else { "Đường" };
            let key = if kind.class == RESIDENTIAL { key } else { kind.region * 8 + usize::from(kind.class) };
            tags.push(("name", format!("{what} {}", names::two(frame.salt(0x04), key)).into()));
        }
        tags
    }

    /// Diagonals, streets and alleys of a face.
    fn face<'s>(&mut self, f: usize, x: usize, y: usize, start: &impl Fn(usize) -> &'s [u32]) {
        let streets = self.streets;
        let plan = streets.face(f);
        let n = plan.pieces;
        let first = streets.first_inside(start(y), y, x);
        let corner = |x: usize, y: usize| streets.corner(start(y), y, x);
        let mesh = |a: usize, b: usize| (first + plan.node(a, b) as i64, streets.mesh(f, &plan, a, b));
        let edges = &streets.roads.edges;
        for (c, direction) in [(f, 1), (f + 1, 3)] {
            if edges[c][direction] == 0 {
                continue;
            }
            let mut stops = vec![if direction == 1 { corner(x, y) } else { corner(x + 1, y) }];
            stops.extend((1..n).map(|k| mesh(if direction == 1 { k } else { n - k }, k)));
            stops.push(if direction == 1 { corner(x + 1, y + 1) } else { corner(x, y + 1) });
            let built = streets.ground.flags[f] & BUILT != 0;
            let class = edges[c][direction];
            let kind = Kind { class, built, bridge: false, ferry: false, region: ((y / 96) << 20) | (x / 96) };
            let tags = self.tags(kind, f * 8 + direction);
            self.put(&stops, tags, class, false);
        }
        let mut arms = [0u8; 64];
        let mut arm = |a: usize, b: usize| {
            if a > 0 && b > 0 && a < n && b < n {
                arms[b * 8 + a] += 1;
            }
        };
        if plan.rows.iter().chain(&plan.columns).any(|r| *r != Run::None) {
            // Nodes where the lines meet the sides of the face.
            let sides = [
                streets.within(start(y), y, x, 2),
                streets.within(start(y), y, x + 1, 2),
                streets.within(start(y), y, x, 0),
                streets.within(start(y + 1), y + 1, x, 0),
            ];
            let on_side = |side: usize, k: usize| {
                let cuts = sides[side].len() + 1;
                sides[side][k * cuts / n - 1]
            };
            for k in 1..n {
                for across in [true, false] {
                    let run = if across { plan.rows[k] } else { plan.columns[k] };
                    let at = |t: usize| match (across, t) {
                        (true, 0) => on_side(0, k),
                        (true, t) if t == n => on_side(1, k),
                        (false, 0) => on_side(2, k),
                        (false, t) if t == n => on_side(3, k),
                        (true, t) => mesh(t, k),
                        (false, t) => mesh(k, t),
                    };
                    let pieces: [(usize, usize); 2] = match run {
                        Run::None => continue,
                        Run::Cut(gap) => [(0, gap), (gap + 1, n)],
                        _ => [(0, n), (0, 0)],
                    };
                    for (from, to) in pieces.into_iter().filter(|p| p.0 < p.1) {
                        let mut stops: Vec<Stop> = (from..=to).map(at).collect();
                        for t in from..to {
                            let place = |t: usize| if across { (t, k) } else { (k, t) };
                            for (a, b) in [place(t), place(t + 1)] {
                                arm(a, b);
                            }
                        }
                        if run == Run::Against {
                            stops.reverse();
                        }
                        let name = names::two(streets.ground.frame.salt(0x05), f * 32 + k * 2 + usize::from(across));
                        let mut tags: Tags = vec![("highway", "residential".into())];
                        if n > 2 {
                            tags.push(("name", format!("Phố {name}").into()));
                        }
                        if matches!(run, Run::Along | Run::Against) {
                            tags.push(("oneway", "yes".into()));
                            self.figures.oneway_ways += 1;
                        }
                        self.put(&stops, tags, RESIDENTIAL, false);
                    }
                }
            }
        }
        for ((a, b), block, place) in plan.alleys() {
            let tip = (first + place as i64, streets.tip(f, &plan, block));
            let tags: Tags = vec![("highway", "service".into()), ("service", "alley".into())];
            self.put(&[mesh(a, b), tip], tags, RESIDENTIAL, false);
            arm(a, b);
            self.figures.dead_ends += 1;
        }
        let crossed = |a: usize, b: usize| (edges[f][1] != 0 && a == b) || (edges[f + 1][3] != 0 && a + b == n);
        for (b, a) in (1..n).flat_map(|b| (1..n).map(move |a| (b, a))) {
            self.figures.dead_ends += u64::from(arms[b * 8 + a] == 1 && !crossed(a, b));
        }
        // A node left without any street by two cuts would be a place that nobody can reach; the plan has none, since
        // both ends of a cut stay.
        debug_assert!(lonely(&plan, &arms, crossed).is_none());
    }

    fn dead_corner(&mut self, c: usize) {
        if !self.streets.used(c) {
            return;
        }
        let ground = self.streets.ground;
        let arms = (0..8).filter(|&d| {
            let (c, d) = ground.edge(c, d);
            self.streets.roads.edges[c][d] != 0
        });
        self.figures.dead_ends += u64::from(arms.count() == 1);
    }

    fn put(&mut self, stops: &[Stop], tags: Tags, class: u8, ferry: bool) {
        let km: f64 = stops.windows(2).map(|w| kilometres(w[0].1, w[1].1)).sum();
        if ferry {
            self.figures.ferries += 1;
        } else {
            self.figures.road_ways += 1;
            self.figures.road_km += km;
            if class <= TERTIARY {
                self.figures.main_road_km += km;
            }
        }
        self.ways.push((stops.iter().map(|s| s.0).collect(), tags));
    }
}

/// A node of a plan where no way passes, if there is one.
fn lonely(plan: &Plan, arms: &[u8; 64], crossed: impl Fn(usize, usize) -> bool) -> Option<(usize, usize)> {
    let n = plan.pieces;
    let places = (1..n).flat_map(|b| (1..n).map(move |a| (a, b)));
    places.into_iter().find(|&(a, b)| {
        let planned = plan.rows[b] != Run::None || plan.columns[a] != Run::None;
        planned && arms[b * 8 + a] == 0 && !crossed(a, b)
    })
}

/// The distance between two near places.
pub(crate) fn kilometres(a: Vertex, b: Vertex) -> f64 {
    let shrink = (f64::from(a.1 + b.1) / 2e6).to_radians().cos();
    let (dx, dy) = (f64::from(b.0 - a.0) * shrink, f64::from(b.1 - a.1));
    dx.hypot(dy) * super::super::plane::KM_PER_DEGREE / 1e6
}
