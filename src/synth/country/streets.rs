//! Streets inside faces, and the numbers of all nodes.
//!
//! Everything here follows from the lattice and the seed alone, so that rows can be worked on in any order and node
//! numbers need no table: only how many nodes stand in the rows before.

use super::super::mesh::Vertex;
use super::frame::{BUILT, shake, unit};
use super::routes::{Ground, Roads};
use super::shape::Shape;

/// The most pieces that a side of a face is cut into.
const MOST: usize = 8;
/// People per square kilometre from which on there are one-way streets.
const CROWDED: f64 = 3500.0;

/// A line of streets through a face, from side to side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// No street.
    None,
    /// Open both ways.
    Both,
    /// One way, in the order of its nodes.
    Along,
    /// One way, against the order of its nodes.
    Against,
    /// Two dead ends: nothing between this node and the next.
    Cut(usize),
}

/// The streets inside a face, cut into `pieces × pieces` blocks.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub pieces: usize,
    /// Lines from west to east; the first and last are the sides and stay empty.
    pub rows: [Run; MOST + 1],
    /// Lines from south to north.
    pub columns: [Run; MOST + 1],
    /// Nodes that stand, by [`Plan::bit`].
    nodes: u64,
    /// Blocks with a blind alley, by row and column.
    tips: u64,
}

impl Plan {
    fn bit(&self, a: usize, b: usize) -> u32 {
        ((b - 1) * (self.pieces - 1) + a - 1) as u32
    }

    /// Whether the node in column `a` of row `b` stands.
    fn stands(&self, a: usize, b: usize) -> bool {
        a > 0 && b > 0 && a < self.pieces && b < self.pieces && self.nodes >> self.bit(a, b) & 1 == 1
    }

    /// Nodes inside the face.
    pub fn count(&self) -> usize {
        (self.nodes.count_ones() + self.tips.count_ones()) as usize
    }

    /// The place of a node among those of the face.
    pub fn node(&self, a: usize, b: usize) -> usize {
        (self.nodes & ((1 << self.bit(a, b)) - 1)).count_ones() as usize
    }

    /// The blind alleys: the node they leave from, the block they end in, the place of their tip among the nodes.
    pub fn alleys(&self) -> impl Iterator<Item = ((usize, usize), (usize, usize), usize)> + '_ {
        let first = self.nodes.count_ones() as usize;
        let blocks = (0..self.pieces * self.pieces).filter(|k| self.tips >> k & 1 == 1);
        blocks.enumerate().filter_map(move |(n, k)| {
            let (i, j) = (k % self.pieces, k / self.pieces);
            Some((self.root(i, j, k)?, (i, j), first + n))
        })
    }

    /// The node that a block's alley leaves from.
    fn root(&self, i: usize, j: usize, turn: usize) -> Option<(usize, usize)> {
        let around = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
        (0..4).map(|k| around[(k + turn) % 4]).find(|&(a, b)| self.stands(a, b))
    }
}

/// The streets of a country.
pub(crate) struct Streets<'a> {
    pub ground: &'a Ground<'a>,
    pub roads: &'a Roads,
    pub shape: &'a Shape<'a>,
    /// Pieces of each face; 0 for those without any street inside.
    pub pieces: Vec<u8>,
    /// Faces so crowded that half of their streets are open one way only.
    crowded: Vec<bool>,
    /// Nodes before each row.
    pub rows: Vec<u64>,
}

/// A node that a way passes: its id and place.
pub(crate) type Stop = (i64, Vertex);

impl<'a> Streets<'a> {
    /// Plans all streets and counts the nodes. The denser the people, the closer the streets: every 160 m in villages,
    /// 90 m in towns, 55 m in crowded quarters, to the next half or double of the lattice.
    pub fn plan(ground: &'a Ground<'a>, roads: &'a Roads, shape: &'a Shape<'a>, people: &[f32]) -> Streets<'a> {
        let frame = ground.frame;
        let cell_km2 = frame.cell_km * frame.cell_km;
        let pieces = frame.each(|f| {
            let crossed = roads.edges[f][1] != 0 || roads.edges.get(f + 1).is_some_and(|e| e[3] != 0);
            if ground.flags[f] & BUILT == 0 {
                return if crossed { 2 } else { 0 };
            }
            let street_km = match f64::from(people[f]) / cell_km2 {
                d if d < 2500.0 => 0.16,
                d if d < 7000.0 => 0.09,
                _ => 0.055,
            };
            match frame.cell_km / street_km {
                r if r < 2.8 => 2,
                r if r < 5.6 => 4,
                _ => 8,
            }
        });
        let crowded = frame.each(|f| f64::from(people[f]) / cell_km2 > CROWDED);
        let mut streets = Streets { ground, roads, shape, pieces, crowded, rows: Vec::new() };
        let counts = (0..frame.tall).map(|y| streets.row(y).1);
        let mut rows = vec![0];
        let mut sum = 0;
        for count in counts {
            sum += count;
            rows.push(sum);
        }
        streets.rows = rows;
        streets
    }

    /// Nodes of the lattice.
    pub fn nodes(&self) -> u64 {
        self.rows.last().copied().unwrap_or(0)
    }

    /// For each corner of a row the nodes before it, and the nodes of the row.
    pub fn row(&self, y: usize) -> (Vec<u32>, u64) {
        let mut sum = 0u32;
        let wide = self.ground.frame.wide;
        let starts = (y * wide..(y + 1) * wide)
            .map(|c| {
                let start = sum;
                sum += self.inside_of(c) as u32;
                start
            })
            .collect();
        (starts, u64::from(sum))
    }

    /// Whether a road passes a corner.
    pub fn used(&self, c: usize) -> bool {
        let wide = self.ground.frame.wide;
        let here = self.roads.edges[c] != [0; 4];
        here || (c > wide
            && (self.roads.edges[c - 1][0] != 0
                || self.roads.edges[c - wide - 1][1] != 0
                || self.roads.edges[c - wide][2] != 0
                || self.roads.edges[c - wide + 1][3] != 0))
    }

    /// Into how many pieces an edge (0 east, 2 north) is cut.
    pub fn cuts(&self, c: usize, direction: usize) -> usize {
        if self.roads.edges[c][direction] == 0 || self.ground.wet(c, direction) {
            return 1;
        }
        let beside = if direction == 0 { c - self.ground.frame.wide } else { c - 1 };
        let built = |f: usize| if self.ground.flags[f] & BUILT != 0 { usize::from(self.pieces[f]) } else { 1 };
        built(c).max(built(beside))
    }

    /// Nodes that belong to a corner: itself, those on its edges to the east and north, those in its face.
    fn inside_of(&self, c: usize) -> usize {
        let mut count = usize::from(self.used(c));
        if self.roads.edges[c] != [0; 4] {
            count += self.cuts(c, 0) - 1 + self.cuts(c, 2) - 1;
        }
        if self.pieces[c] > 0 { count + self.face(c).count() } else { count }
    }

    /// The streets inside a face.
    pub fn face(&self, f: usize) -> Plan {
        let frame = self.ground.frame;
        let pieces = usize::from(self.pieces[f]);
        let none = [Run::None; MOST + 1];
        let mut plan = Plan { pieces, rows: none, columns: none, nodes: 0, tips: 0 };
        let built = self.ground.flags[f] & BUILT != 0;
        let up = self.roads.edges[f][1] != 0;
        let fall = self.roads.edges[f + 1][3] != 0;
        if built {
            let salt = frame.salt(0x57EE);
            for k in 1..pieces {
                for (lines, side) in [(&mut plan.rows, 0), (&mut plan.columns, 1)] {
                    let draw = |n: u64| unit(salt ^ n, f * 32 + k * 2 + side);
                    let line = [frame.xy(f).1, frame.xy(f).0][side] * pieces + k;
                    // Neighbouring lines run against each other, and a line goes on where it can in the next face.
                    let way = if line.is_multiple_of(2) { Run::Along } else { Run::Against };
                    lines[k] = match draw(0) {
                        d if d < 0.14 => Run::None,
                        d if d < 0.36 => Run::Cut((draw(1) * pieces as f64) as usize),
                        d if d < 0.68 && self.crowded[f] => way,
                        _ => Run::Both,
                    };
                }
            }
        }
        for b in 1..pieces {
            for a in 1..pieces {
                let crossed = (up && a == b) || (fall && a + b == pieces);
                if crossed || plan.rows[b] != Run::None || plan.columns[a] != Run::None {
                    plan.nodes |= 1 << plan.bit(a, b);
                }
            }
        }
        if built {
            let salt = frame.salt(0xA11E);
            for k in 0..pieces * pieces {
                let (i, j) = (k % pieces, k / pieces);
                let crossed = (up && i == j) || (fall && i + j + 1 == pieces);
                if !crossed && unit(salt, f * 64 + k) < 0.5 && plan.root(i, j, k).is_some() {
                    plan.tips |= 1 << k;
                }
            }
        }
        plan
    }

    /// The node at a corner.
    pub fn corner(&self, starts: &[u32], y: usize, x: usize) -> Stop {
        let c = y * self.ground.frame.wide + x;
        (self.rows[y] as i64 + i64::from(starts[x]) + 1, self.shape.at[c])
    }

    /// The nodes within an edge, in order, without its ends.
    pub fn within(&self, starts: &[u32], y: usize, x: usize, direction: usize) -> Vec<Stop> {
        let c = y * self.ground.frame.wide + x;
        let before = if direction == 0 { 0 } else { self.cuts(c, 0) - 1 };
        let first = self.corner(starts, y, x).0 + i64::from(self.used(c)) + before as i64;
        let (pieces, other) = (self.cuts(c, direction), self.ground.end(c, direction));
        let at = |k: usize| self.shape.along(c, other, k as f64 / pieces as f64, k);
        (1..pieces).map(|k| (first + k as i64 - 1, at(k))).collect()
    }

    /// The first id of the nodes inside a face.
    pub fn first_inside(&self, starts: &[u32], y: usize, x: usize) -> i64 {
        let c = y * self.ground.frame.wide + x;
        let edges = if self.roads.edges[c] == [0; 4] { 0 } else { self.cuts(c, 0) + self.cuts(c, 2) - 2 };
        self.corner(starts, y, x).0 + i64::from(self.used(c)) + edges as i64
    }

    /// Where the node of a column and row of a face lies.
    pub fn mesh(&self, f: usize, plan: &Plan, a: usize, b: usize) -> Vertex {
        let n = plan.pieces as f64;
        self.shape.place(f, a as f64 / n, b as f64 / n, 0.14 / n, b * 16 + a)
    }

    /// Where the alley of a block ends.
    pub fn tip(&self, f: usize, plan: &Plan, (i, j): (usize, usize)) -> Vertex {
        let n = plan.pieces as f64;
        let shift = |s: u64| 0.16 * shake(self.ground.frame.salt(s), f * 64 + j * plan.pieces + i);
        let (u, v) = (i as f64 + 0.5 + shift(0x71), j as f64 + 0.5 + shift(0x72));
        self.shape.place(f, u / n, v / n, 0.0, 0)
    }

    /// All nodes of a row in the order of their ids, with those that have traffic signals.
    pub fn row_nodes(&self, y: usize) -> Vec<(Vertex, bool)> {
        let (starts, count) = self.row(y);
        let wide = self.ground.frame.wide;
        let mut nodes = Vec::with_capacity(count as usize);
        for x in 0..wide {
            let c = y * wide + x;
            if self.used(c) {
                nodes.push((self.shape.at[c], self.signals(c)));
            }
            if self.roads.edges[c] != [0; 4] {
                for direction in [0, 2] {
                    nodes.extend(self.within(&starts, y, x, direction).into_iter().map(|s| (s.1, false)));
                }
            }
            if self.pieces[c] > 0 {
                let plan = self.face(c);
                for (b, a) in (1..plan.pieces).flat_map(|b| (1..plan.pieces).map(move |a| (b, a))) {
                    if plan.stands(a, b) {
                        nodes.push((self.mesh(c, &plan, a, b), false));
                    }
                }
                nodes.extend(plan.alleys().map(|(_, block, _)| (self.tip(c, &plan, block), false)));
            }
        }
        nodes
    }

    /// Signals stand where three or more main roads meet in a town.
    fn signals(&self, c: usize) -> bool {
        let main = |d: usize| {
            let (c, d) = self.ground.edge(c, d);
            (1..=super::routes::TERTIARY).contains(&self.roads.edges[c][d])
        };
        self.ground.flags[c] & BUILT != 0
            && self.pieces[c] >= 4
            && (0..8).filter(|&d| main(d)).count() >= 3
            && unit(self.ground.frame.salt(0x5160), c) < 0.6
    }
}
