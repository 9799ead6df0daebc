//! What the modes make of each way: kinds of road, each distinct one once.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::ingest::osm::OsmExtract;
use crate::network::Mode;
use crate::network::modes::{Pace, Use};
use crate::network::urban::{self, UrbanGrid};
use crate::units::LonLat;

/// A kind of road: where two pieces of one kind meet and nothing else does, they are one street.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) class: u8,
    pub(super) bridge: bool,
    /// For each mode.
    pub(super) uses: Vec<Option<Use>>,
    /// The kind of the same road walked the other way.
    pub(super) reverse: u32,
    /// Whether pieces of it may be joined: not where the time is that of a whole way.
    pub(super) joins: bool,
}

/// The kinds of all ways.
pub(super) struct Kinds {
    pub(super) kinds: Vec<Kind>,
    /// For each way, its kind; none where no mode may use it.
    pub(super) of_way: Vec<Option<u32>>,
    /// Classes that occur, sorted.
    pub(super) classes: Vec<String>,
}

impl Kinds {
    /// `length_mm` holds, for each node of each way, the distance to the next.
    pub(super) fn new(extract: &OsmExtract, modes: &[Mode], length_mm: &[u32]) -> Kinds {
        let urban = urban_ways(extract, length_mm);
        // Evaluated once for each distinct set of tags and surroundings.
        let mut wanted = vec![false; extract.tag_sets.len() * 2];
        let key = |way: usize| extract.roads[way].tags as usize * 2 + usize::from(urban[way]);
        for way in 0..extract.roads.len() {
            wanted[key(way)] = true;
        }
        let uses: Vec<Vec<Option<Use>>> = wanted
            .par_iter()
            .enumerate()
            .map(|(k, &wanted)| {
                let tags = &extract.tag_sets[k / 2];
                let evaluated = modes.iter().map(|m| if wanted { m.use_of(tags, k % 2 == 1) } else { None });
                evaluated.collect()
            })
            .collect();
        let used = |k: usize| uses[k].iter().any(Option::is_some);
        let classes: BTreeSet<&str> =
            (0..wanted.len()).filter(|&k| used(k)).map(|k| extract.tag_sets[k / 2].class.as_str()).collect();
        let classes: Vec<String> = classes.into_iter().take(256).map(str::to_owned).collect();
        let mut kinds = Interner::default();
        let of_key: Vec<Option<u32>> = uses
            .into_iter()
            .enumerate()
            .map(|(k, uses)| {
                let tags = &extract.tag_sets[k / 2];
                let class = classes.binary_search(&tags.class).ok()?;
                let bridge = tags.get("bridge").is_some_and(|v| v != "no");
                uses.iter().any(Option::is_some).then(|| kinds.both_ways(class as u8, bridge, uses))
            })
            .collect();
        let of_way = (0..extract.roads.len()).map(|way| of_key[key(way)]).collect();
        Kinds { kinds: kinds.kinds, of_way, classes }
    }
}

/// Whether each way lies in built-up surroundings, judged at its middle node.
fn urban_ways(extract: &OsmExtract, length_mm: &[u32]) -> Vec<bool> {
    let place = |i: usize| extract.places[extract.road_nodes[i] as usize];
    let streets = extract.roads.iter().filter(|way| urban::counts(&extract.tags_of(way).class));
    let segments = streets.flat_map(|way| {
        let range = way.nodes.start as usize..(way.nodes.end as usize).saturating_sub(1);
        range.filter_map(|i| {
            let (a, b) = (place(i)?, place(i + 1)?);
            let middle = LonLat { lon: f64::midpoint(a.lon, b.lon), lat: f64::midpoint(a.lat, b.lat) };
            Some((middle, f64::from(length_mm[i]) / 1000.0))
        })
    });
    let grid = UrbanGrid::new(segments);
    let middle = |way: &crate::ingest::osm::RoadWay| {
        let (start, end) = (way.nodes.start as usize, way.nodes.end as usize);
        (start + (end - start) / 2..end).find_map(place)
    };
    extract.roads.iter().map(|way| middle(way).is_some_and(|p| grid.urban_at(p))).collect()
}

#[derive(Default)]
struct Interner {
    kinds: Vec<Kind>,
    numbers: HashMap<Vec<u64>, u32>,
}

impl Interner {
    fn both_ways(&mut self, class: u8, bridge: bool, uses: Vec<Option<Use>>) -> u32 {
        let turned: Vec<Option<Use>> =
            uses.iter().map(|u| u.map(|u| Use { forward: u.backward, backward: u.forward, ..u })).collect();
        let number = self.number(class, bridge, uses);
        let reverse = self.number(class, bridge, turned);
        self.kinds[number as usize].reverse = reverse;
        self.kinds[reverse as usize].reverse = number;
        number
    }

    fn number(&mut self, class: u8, bridge: bool, uses: Vec<Option<Use>>) -> u32 {
        let pace = |p: Option<Pace>| match p {
            None => [0, 0, 0],
            Some(Pace::Kmh(kmh)) => [1, kmh.to_bits(), 0],
            Some(Pace::Whole(time)) => [2, 0, u64::from(time.0)],
            Some(Pace::AfterWait { wait, kmh }) => [3, kmh.to_bits(), u64::from(wait.0)],
        };
        let mut key = vec![u64::from(class), u64::from(bridge)];
        let mut joins = true;
        for one in &uses {
            for p in [one.and_then(|u| u.forward), one.and_then(|u| u.backward)] {
                key.extend(pace(p));
                joins &= matches!(p, None | Some(Pace::Kmh(_)));
            }
        }
        let next = self.kinds.len() as u32;
        *self.numbers.entry(key).or_insert_with(|| {
            self.kinds.push(Kind { class, bridge, uses, reverse: next, joins });
            next
        })
    }
}
