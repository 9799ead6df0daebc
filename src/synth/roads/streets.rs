//! Local streets: grids all over the urban wards, small patches in the villages.

use super::super::communes::holds;
use super::super::plane::{P, Points, p};
use super::super::rng::Rng;
use super::settle::{PlaceKind, corners};
use super::{Class, Ground, Line};

/// All local streets.
pub(super) fn lay(ground: &Ground) -> Vec<Line> {
    let mut lines = Vec::new();
    for (k, place) in ground.places.iter().enumerate() {
        let mut rng = Rng::stream(ground.seed, 0x57EE7 + k as u64);
        match place.kind {
            PlaceKind::Urban => ward(ground, place.commune, place.at, &mut rng, &mut lines),
            _ => {
                let start = lines.len();
                patch(ground, place.at, place.side, &mut rng, &mut lines);
                for line in &mut lines[start..] {
                    line.island = place.kind == PlaceKind::CutOff;
                }
            }
        }
    }
    lines
}

/// A grid of streets over an urban ward, its spacing after the density of people.
fn ward(ground: &Ground, commune: usize, centre: P, rng: &mut Rng, lines: &mut Vec<Line>) {
    let density = ground.facts.communes[commune].density();
    let spacing = (31.0 / density.sqrt()).clamp(0.165, 0.36);
    let angle = rng.range(0.0, std::f64::consts::FRAC_PI_2);
    let (low, high) = corners(&ground.communes[commune]);
    let reach = (low.to(high) / spacing).ceil() as i32;
    let region = &ground.communes[commune];
    let salt = rng.next();
    let grid = Grid { centre, angle, spacing, jitter: 0.22, salt };
    let keeps = |a: P, b: P| (holds(region, a) || holds(region, b)) && !ground.water.blocks(a, b);
    let oneways = density > 14_000.0;
    let near = |q: P| q.x > low.x - 0.4 && q.x < high.x + 0.4 && q.y > low.y - 0.4 && q.y < high.y + 0.4;
    let mut number = 0;
    for across in [false, true] {
        for row in -reach..=reach {
            for run in grid.runs(row, across, reach, rng, 0.13, &|a, b| near(a) && near(b) && keeps(a, b)) {
                number += 1;
                let footway = oneways && run.len() == 2 && rng.chance(0.25);
                let class = if footway { Class::Footway } else { Class::Residential };
                let mut line = Line::new(class, run).named(format!("Phố {number}"));
                line.oneway = oneways && !footway && line.pts.len() > 3 && rng.chance(0.3);
                if line.oneway && row % 2 == 0 {
                    line.pts.reverse();
                }
                lines.push(line);
            }
        }
    }
}

/// A patch of village streets, its middle crossing on the place itself.
fn patch(ground: &Ground, centre: P, side: usize, rng: &mut Rng, lines: &mut Vec<Line>) {
    let grid = Grid {
        centre,
        angle: rng.range(0.0, std::f64::consts::FRAC_PI_2),
        spacing: rng.range(0.1, 0.15),
        jitter: 0.3,
        salt: rng.next(),
    };
    let reach = side as i32 / 2;
    let extra = side as i32 % 2;
    let keeps = |a: P, b: P| {
        !ground.water.blocks(a, b) && ground.water.stream_crossing(a, b).is_none() && super::holds_city(ground, a)
    };
    for across in [false, true] {
        for row in -reach..=(reach + extra - 1).max(0) {
            for run in grid.runs(row, across, reach, rng, 0.14, &keeps) {
                lines.push(Line::new(Class::Residential, run).named(format!("Ngõ {}", 1 + rng.below(60))));
            }
        }
    }
}

/// A turned and shaken square grid.
struct Grid {
    centre: P,
    angle: f64,
    spacing: f64,
    /// Share of the spacing by which a crossing may move.
    jitter: f64,
    salt: u64,
}

impl Grid {
    fn at(&self, i: i32, j: i32) -> P {
        if (i, j) == (0, 0) {
            return self.centre;
        }
        let mut own = Rng::stream(self.salt, ((i as u32 as u64) << 32) | j as u32 as u64);
        let shake = |r: &mut Rng| r.range(-self.jitter, self.jitter);
        let (x, y) = (f64::from(i) + shake(&mut own), f64::from(j) + shake(&mut own));
        let (sin, cos) = self.angle.sin_cos();
        self.centre + p(x * cos - y * sin, x * sin + y * cos) * self.spacing
    }

    /// The unbroken runs of one grid line; each piece is missing with the given chance or if it is not to be kept.
    fn runs(
        &self,
        row: i32,
        across: bool,
        reach: i32,
        rng: &mut Rng,
        missing: f64,
        keeps: &dyn Fn(P, P) -> bool,
    ) -> Vec<Points> {
        let at = |s: i32| if across { self.at(row, s) } else { self.at(s, row) };
        let mut runs = vec![Points::new()];
        for s in -reach..reach {
            let (a, b) = (at(s), at(s + 1));
            let kept = keeps(a, b) && !rng.chance(missing);
            match runs.last_mut() {
                Some(run) if kept => {
                    if run.is_empty() {
                        run.push(a);
                    }
                    run.push(b);
                }
                _ => runs.push(Points::new()),
            }
        }
        runs.retain(|r| r.len() > 1);
        runs
    }
}
