//! Whether a road runs through built-up surroundings, from the roads alone: an extract may hold no land use.
//!
//! Where people live, streets lie close. Street length is summed on a raster of 200 m squares and judged over 1 km²
//! (a village, a suburb) and over 25 km² (a city with its river, lakes and parks, whose bridges are city roads).
//! Valhalla tells town from country by road density too.

use rayon::prelude::*;

use crate::ingest::osm::Tags;
use crate::units::{Distance, EARTH_RADIUS_M, LonLat};

/// Street length over 1 km² from which surroundings are built up, in km per km². Four carriageways side by side
/// through fields make 4; the grid of a village with streets every 250 m makes 8. `docs/methods.md` shows what Hà Nội
/// measures.
pub const BUILT_UP_KM_PER_KM2: f64 = 7.0;
/// The same over 25 km²: denser, since all that lies in it, gaps and water too, then counts as city.
pub const CITY_KM_PER_KM2: f64 = 8.0;
/// Side of a square of the raster in metres.
const CELL_M: f64 = 200.0;
/// Squares on each side of the middle one that are summed: 5 × 5 squares.
const REACH: i32 = 2;
/// Squares of the fine raster on the side of one of the coarse raster: 1 km.
const COARSE: i32 = 5;

/// The surroundings told by a way's own tags (`zone:traffic`, `maxspeed:type`, `source:maxspeed`, `zone:maxspeed`,
/// `maxspeed`, each `VN:urban` or `VN:rural` for any country): whether they are built up, `None` where no tag says.
pub fn tagged(tags: &Tags) -> Option<bool> {
    ["zone:traffic", "maxspeed:type", "source:maxspeed", "zone:maxspeed", "maxspeed"]
        .into_iter()
        .filter_map(|key| tags.get(key)?.split_once(':'))
        .find_map(|(_, zone)| match zone {
            "urban" => Some(true),
            "rural" => Some(false),
            _ => None,
        })
}

/// Whether roads of a `highway` class count for the density: the streets that mappers draw everywhere. Alleys and
/// footways are drawn in some wards and left out in others, and expressways run through fields.
pub fn counts(class: &str) -> bool {
    matches!(
        class,
        "trunk" | "primary" | "secondary" | "tertiary" | "unclassified" | "residential" | "living_street" | "road"
    )
}

/// Where the surroundings are built up.
#[derive(Debug, Default, PartialEq)]
pub struct UrbanGrid {
    /// Longitude squares are this many degrees wide.
    degrees_lon: f64,
    fine: Squares,
    coarse: Squares,
}

impl UrbanGrid {
    /// Sums pieces of street: the middle of each piece and its length in metres. Pieces longer than a square (200 m)
    /// are better cut, since all of a piece counts where its middle lies. Only roads that count ([`counts`]) belong
    /// here. The order of the pieces does not matter: lengths are summed as whole millimetres. Memory grows with the
    /// squares that hold a street, not with the area.
    pub fn new(pieces: impl IntoIterator<Item = (LonLat, f64), IntoIter: Clone>) -> Self {
        let on_raster = |(at, _): &(LonLat, f64)| at.lat.abs() < 85.0 && at.lon.abs() <= 180.0; // false for NaN
        let pieces = pieces.into_iter().filter(on_raster);
        let lats = pieces.clone().map(|(at, _)| at.lat);
        let (south, north) = lats.fold((f64::MAX, f64::MIN), |(s, n), lat| (s.min(lat), n.max(lat)));
        if south > north {
            return UrbanGrid::default();
        }
        let middle = f64::midpoint(south, north).to_radians().cos();
        let mut grid = UrbanGrid { degrees_lon: degrees_lat() / middle, ..UrbanGrid::default() };
        let mut fine: Lengths = Vec::new();
        for (at, metres) in pieces {
            let square = grid.square(at);
            let mm = u64::from(Distance::from_metres(metres).0);
            if mm == 0 {
                continue;
            }
            // Pieces come way by way, so that most fall into the square of the one before.
            match fine.last_mut() {
                Some((last, sum)) if *last == square => *sum += mm,
                _ => fine.push((square, mm)),
            }
        }
        merge(&mut fine);
        let mut coarse: Lengths = fine.iter().map(|&(square, mm)| (coarser(square), mm)).collect();
        merge(&mut coarse);
        (grid.fine, grid.coarse) = rayon::join(
            || dense(&fine, BUILT_UP_KM_PER_KM2, CELL_M, middle),
            || dense(&coarse, CITY_KM_PER_KM2, CELL_M * f64::from(COARSE), middle),
        );
        grid
    }

    /// Whether the surroundings of a place are built up.
    pub fn urban_at(&self, at: LonLat) -> bool {
        if self.fine.is_empty() && self.coarse.is_empty() {
            return false;
        }
        let square = self.square(at);
        self.fine.binary_search(&square).is_ok() || self.coarse.binary_search(&coarser(square)).is_ok()
    }

    /// Whether the surroundings of a way are built up: its tags, else those of the place, best in its middle.
    pub fn urban(&self, tags: &Tags, at: LonLat) -> bool {
        tagged(tags).unwrap_or_else(|| self.urban_at(at))
    }

    fn square(&self, at: LonLat) -> Square {
        ((at.lat / degrees_lat()).floor() as i32, (at.lon / self.degrees_lon).floor() as i32)
    }
}

/// Row from the equator, column from the meridian of Greenwich.
type Square = (i32, i32);
/// Sorted squares.
type Squares = Vec<Square>;
/// Street length in millimetres by square.
type Lengths = Vec<(Square, u64)>;

/// Height of a square in degrees.
fn degrees_lat() -> f64 {
    CELL_M / EARTH_RADIUS_M.to_radians()
}

fn coarser((row, column): Square) -> Square {
    (row.div_euclid(COARSE), column.div_euclid(COARSE))
}

/// Sorts by square and adds up what falls into the same one.
fn merge(lengths: &mut Lengths) {
    lengths.par_sort_unstable();
    lengths.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

/// The sums of two sorted lists.
fn added(sums: &Lengths, more: impl Iterator<Item = (Square, u64)>) -> Lengths {
    let mut both = Lengths::with_capacity(sums.len() + sums.len() / 4);
    let mut at = 0;
    for (square, mm) in more {
        while at < sums.len() && sums[at].0 < square {
            both.push(sums[at]);
            at += 1;
        }
        let here = sums.get(at).filter(|s| s.0 == square).map_or(0, |s| s.1);
        at += usize::from(here > 0);
        both.push((square, here + mm));
    }
    both.extend_from_slice(&sums[at..]);
    both
}

/// The squares around which the sum over 5 × 5 squares of `side_m` reaches the threshold. Squares away from the middle
/// latitude (whose cosine is `middle`) are wider or narrower, and the threshold with them.
fn dense(lengths: &Lengths, km_per_km2: f64, side_m: f64, middle: f64) -> Squares {
    let spread = |lengths: &Lengths, step: Square| {
        let shifted = |k: i32| lengths.iter().map(move |&((y, x), mm)| ((y + k * step.0, x + k * step.1), mm));
        // Shifting keeps the order, so sums are merged and not sorted.
        (-REACH..=REACH).fold(Lengths::new(), |sums, k| added(&sums, shifted(k)))
    };
    // A sum over a square block is a sum over rows of sums over columns.
    let sums = spread(&spread(lengths, (0, 1)), (1, 0));
    let squares = f64::from((2 * REACH + 1).pow(2));
    let enough = |&((row, _), mm): &(Square, u64)| {
        let lat = (f64::from(row) + 0.5) * side_m / EARTH_RADIUS_M;
        let area_km2 = squares * (side_m / 1000.0).powi(2) * lat.cos() / middle;
        mm as f64 / 1e6 >= km_per_km2 * area_km2
    };
    sums.into_iter().filter(enough).map(|(square, _)| square).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: LonLat = LonLat { lon: 105.8, lat: 21.0 };

    /// A place so many metres east and north of home.
    fn place(east_m: f64, north_m: f64) -> LonLat {
        let degree = EARTH_RADIUS_M.to_radians();
        LonLat { lon: HOME.lon + east_m / degree / HOME.lat.to_radians().cos(), lat: HOME.lat + north_m / degree }
    }

    /// A square grid of streets, `gap_m` apart, over a square of `half_m` to each side of home, in pieces of 50 m.
    fn streets(half_m: f64, gap_m: f64) -> Vec<(LonLat, f64)> {
        let steps = |gap: f64| (0..).map(move |i| -half_m + f64::from(i) * gap).take_while(move |v| *v < half_m);
        let lines: Vec<f64> = steps(gap_m).collect();
        lines.iter().flat_map(|&a| steps(50.0).flat_map(move |b| [(place(a, b), 50.0), (place(b, a), 50.0)])).collect()
    }

    #[test]
    fn towns_and_fields() {
        // Streets every 200 m in both directions: 10 km per km², above 7; every 400 m: 5, below.
        let (dense, loose) = (UrbanGrid::new(streets(2000.0, 200.0)), UrbanGrid::new(streets(2000.0, 400.0)));
        assert!(dense.urban_at(place(0.0, 0.0)) && dense.urban_at(place(1000.0, -1000.0)));
        assert!(!loose.urban_at(place(0.0, 0.0)) && !loose.urban_at(place(1000.0, -1000.0)));
        // 1 km beyond the last street nothing is left within the 500 m that are summed; the 16 km² of town make
        // 160 of 25 km² · 8 = 200 km: no city.
        assert!(!dense.urban_at(place(3100.0, 0.0)));
        assert!(!UrbanGrid::new([]).urban_at(HOME));
    }

    #[test]
    fn the_river_of_a_city_is_city() {
        // A city of 10 × 10 km with streets every 100 m (20 km per km²) and no street within 1 km of its middle line:
        // 8 of 10 km are left, so that any 5 km have at least 3/5 · 20 = 12.
        let city: Vec<_> = streets(5000.0, 100.0)
            .into_iter()
            .filter(|(at, _)| (at.lat - HOME.lat).abs() * EARTH_RADIUS_M.to_radians() > 1000.0)
            .collect();
        let grid = UrbanGrid::new(city.iter().copied());
        assert!(grid.urban_at(HOME));
        // The same banks without a city behind them: a strip of streets on each side.
        let strips =
            city.into_iter().filter(|(at, _)| (at.lat - HOME.lat).abs() * EARTH_RADIUS_M.to_radians() < 1300.0);
        assert!(!UrbanGrid::new(strips).urban_at(HOME));
    }

    #[test]
    fn four_carriageways_through_fields_are_no_town() {
        let pieces = (0..200)
            .flat_map(|i| [0.0, 20.0, 40.0, 60.0].map(|north| (place(f64::from(i) * 50.0 - 5000.0, north), 50.0)));
        assert!(!UrbanGrid::new(pieces).urban_at(HOME));
    }

    #[test]
    fn the_order_of_the_pieces_does_not_matter() {
        let mut pieces = streets(1500.0, 260.0);
        let one = UrbanGrid::new(pieces.iter().copied());
        pieces.reverse();
        let half = pieces.len() / 2;
        pieces.rotate_left(half);
        let other = UrbanGrid::new(pieces);
        assert!(!one.fine.is_empty());
        assert_eq!(one, other);
    }

    #[test]
    fn tags_stand_above_the_density() {
        let tags = |key: &str, value: &str| Tags::new("primary", [(key, value)]);
        let (town, field) = (UrbanGrid::new(streets(2000.0, 200.0)), UrbanGrid::new([]));
        assert!(field.urban(&tags("zone:traffic", "VN:urban"), HOME));
        assert!(field.urban(&tags("maxspeed:type", "VN:urban"), HOME));
        assert!(!town.urban(&tags("source:maxspeed", "VN:rural"), HOME));
        assert!(town.urban(&tags("maxspeed:type", "sign"), HOME));
        assert!(!field.urban(&tags("maxspeed", "80"), HOME));
    }
}
