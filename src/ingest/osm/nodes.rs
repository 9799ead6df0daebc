//! Where nodes lie, and how to find a node among many.

use super::frames::FramePlace;
use crate::units::LonLat;

/// A place in steps of 1e-7 degree, OSM's own resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    lon: i32,
    lat: i32,
}

impl Place {
    /// Of a node that the file does not hold, or whose coordinates are none.
    pub(super) const NOWHERE: Place = Place { lon: i32::MIN, lat: i32::MIN };

    /// From nanodegrees, rounded to the nearest step.
    #[inline]
    pub(super) fn from_nanodegrees(lon: i64, lat: i64) -> Self {
        let steps = |nano: i64| nano.saturating_add(if nano < 0 { -50 } else { 50 }) / 100;
        let (lon, lat) = (steps(lon), steps(lat));
        if lon.abs() > 1_800_000_000 || lat.abs() > 900_000_000 {
            return Place::NOWHERE;
        }
        Place { lon: lon as i32, lat: lat as i32 }
    }

    /// In degrees.
    pub(super) fn degrees(self) -> Option<LonLat> {
        (self != Place::NOWHERE).then(|| LonLat { lon: f64::from(self.lon) / 1e7, lat: f64::from(self.lat) / 1e7 })
    }
}

/// Nodes in the order of a file or a block.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) ids: Vec<i64>,
    pub(super) places: Vec<Place>,
}

/// Bytes of a node in memory.
const NODE_BYTES: usize = size_of::<i64>() + size_of::<Place>();

/// The nodes of a file as far as a budget of memory goes, and the blocks of the others.
#[derive(Debug)]
pub(super) struct NodeStore {
    budget_bytes: usize,
    nodes: Nodes,
    /// Blocks with nodes that found no room: all that come after the first such block, so that of a node given twice
    /// the later one wins wherever the budget ends.
    pub(super) later: Vec<FramePlace>,
}

impl NodeStore {
    pub(super) fn new(budget_bytes: usize) -> Self {
        NodeStore { budget_bytes, nodes: Nodes::default(), later: Vec::new() }
    }

    /// Takes the nodes of the next block.
    pub(super) fn add(&mut self, block: Nodes, at: FramePlace) {
        if block.ids.is_empty() {
            return;
        }
        let bytes = (self.nodes.ids.len() + block.ids.len()).saturating_mul(NODE_BYTES);
        if !self.later.is_empty() || bytes > self.budget_bytes {
            self.later.push(at);
        } else if self.nodes.ids.is_empty() {
            self.nodes = block;
        } else {
            self.nodes.ids.extend(block.ids);
            self.nodes.places.extend(block.places);
        }
    }

    /// All nodes, where none had to be left for later.
    pub(super) fn into_table(self) -> NodeTable {
        let Nodes { ids, places } = self.nodes;
        if ids.is_sorted_by(|a, b| a < b) {
            return NodeTable { ids, places };
        }
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        order.sort_by_key(|&i| ids[i as usize]); // stable: of equal ids the later stays the later
        let last = |k: usize| order.get(k + 1).is_none_or(|&next| ids[next as usize] != ids[order[k] as usize]);
        let order: Vec<u32> = (0..order.len()).filter(|&k| last(k)).map(|k| order[k]).collect();
        NodeTable {
            ids: order.iter().map(|&i| ids[i as usize]).collect(),
            places: order.iter().map(|&i| places[i as usize]).collect(),
        }
    }

    /// The places of the wanted nodes (ascending ids) as far as they are in memory.
    pub(super) fn table_of(&self, wanted: Vec<i64>) -> NodeTable {
        let places = vec![Place::NOWHERE; wanted.len()];
        let mut table = NodeTable { ids: wanted, places };
        table.place(&self.nodes);
        table
    }
}

/// Nodes by ascending id.
#[derive(Debug, Default)]
pub(super) struct NodeTable {
    pub(super) ids: Vec<i64>,
    pub(super) places: Vec<Place>,
}

impl NodeTable {
    /// Notes the places of those of the nodes that are in the table.
    pub(super) fn place(&mut self, nodes: &Nodes) {
        let mut near = 0;
        for (&id, &place) in nodes.ids.iter().zip(&nodes.places) {
            if let Some(i) = self.find_next(id, &mut near) {
                self.places[i] = place;
            }
        }
    }

    /// The index of an id, quick where the ids asked for ascend; `near` is kept from one to the next, 0 at first.
    pub(super) fn find_next(&self, id: i64, near: &mut usize) -> Option<usize> {
        if *near > 0 && self.ids[*near - 1] >= id {
            *near = 0; // the ids went back
        }
        *near = gallop(&self.ids, *near, id);
        (self.ids.get(*near) == Some(&id)).then_some(*near)
    }

    /// Adds nodes without a place. None of them is in the table; one may be given often.
    pub(super) fn add_missing(&mut self, mut missing: Vec<i64>) {
        missing.sort_unstable();
        missing.dedup();
        let mut missing = missing.into_iter().peekable();
        let known = std::mem::take(&mut self.ids).into_iter().zip(std::mem::take(&mut self.places));
        for (id, place) in known {
            while let Some(before) = missing.next_if(|&m| m < id) {
                self.ids.push(before);
                self.places.push(Place::NOWHERE);
            }
            self.ids.push(id);
            self.places.push(place);
        }
        self.ids.extend(missing);
        self.places.resize(self.ids.len(), Place::NOWHERE);
    }
}

/// The first index from `from` on whose value is not below `id`: steps that double, then a binary search.
fn gallop(ids: &[i64], from: usize, id: i64) -> usize {
    let (mut low, mut step) = (from, 1);
    while ids.get(low + step - 1).is_some_and(|&v| v < id) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(ids.len());
    low + ids[low..high].partition_point(|&v| v < id)
}

/// Finds ids in an ascending list: by a look at the neighbours of the one found before, since ways mostly run along
/// nodes drawn one after another; else within the ids that share their leading bits.
pub(super) struct Finder<'a> {
    ids: &'a [i64],
    shift: u32,
    /// Where the ids of each value of the leading bits start.
    starts: Vec<u32>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(ids: &'a [i64]) -> Self {
        let span = match ids {
            [first, .., last] => last.wrapping_sub(*first) as u64,
            _ => 0,
        };
        // As many values of the leading bits as ids, to the next power of two.
        let bits = u64::BITS - (ids.len() as u64).leading_zeros();
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(bits);
        let mut starts = Vec::with_capacity((span >> shift) as usize + 2);
        for (i, &id) in ids.iter().enumerate() {
            let leading = (id.wrapping_sub(ids[0]) as u64 >> shift) as usize;
            if starts.len() <= leading {
                starts.resize(leading + 1, i as u32);
            }
        }
        starts.push(ids.len() as u32);
        Finder { ids, shift, starts }
    }

    /// The index of an id; `near` is the index found before.
    #[inline]
    pub(super) fn find(&self, id: i64, near: usize) -> Option<usize> {
        if self.ids.get(near + 1) == Some(&id) {
            return Some(near + 1);
        }
        if near > 0 && self.ids.get(near - 1) == Some(&id) {
            return Some(near - 1);
        }
        let first = *self.ids.first()?;
        if id < first {
            return None;
        }
        let leading = (id.wrapping_sub(first) as u64 >> self.shift) as usize;
        let (&start, &end) = (self.starts.get(leading)?, self.starts.get(leading + 1)?);
        self.ids[start as usize..end as usize].binary_search(&id).ok().map(|i| start as usize + i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    #[test]
    fn places_are_rounded_and_bounded() {
        // 105.85 °E is 105,850,000,000 nanodegrees; 49 more are nearer to it than to the next step, 50 are not.
        let at = |lon, lat| Place::from_nanodegrees(lon, lat).degrees();
        assert_eq!(at(105_850_000_049, -50), Some(LonLat { lon: 105.85, lat: -1e-7 }));
        assert_eq!(at(105_850_000_050, 0), Some(LonLat { lon: 105.850_000_1, lat: 0.0 }));
        assert_eq!(at(180_000_000_000, -90_000_000_000), Some(LonLat { lon: 180.0, lat: -90.0 }));
        assert_eq!(at(180_000_000_100, 0), None);
        assert_eq!(at(i64::MIN, i64::MAX), None);
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        for seed in 0..50 {
            let mut draw = Draw::new(seed);
            let spread = 1 << draw.below(40);
            let mut ids: Vec<i64> = (0..draw.below(300)).map(|_| draw.below(spread) as i64 - 1000).collect();
            if seed % 5 == 0 {
                ids.extend([i64::MIN, i64::MAX]);
            }
            ids.sort_unstable();
            ids.dedup();
            let finder = Finder::new(&ids);
            let others = (0..300).map(|_| draw.below(spread) as i64 - 1000).collect::<Vec<_>>();
            for id in ids.iter().copied().chain(others).chain([i64::MIN, 0, i64::MAX]) {
                let near = draw.below(ids.len() + 1);
                assert_eq!(finder.find(id, near), ids.binary_search(&id).ok(), "seed {seed}, id {id}");
                let from = draw.below(ids.partition_point(|&v| v < id) + 1);
                assert_eq!(gallop(&ids, from, id), ids.partition_point(|&v| v < id), "seed {seed}, id {id}");
            }
        }
    }

    fn place(step: i64) -> Place {
        Place::from_nanodegrees(step * 100, 0)
    }

    #[test]
    fn of_a_node_given_twice_the_later_wins() {
        let nodes = || Nodes { ids: vec![5, 3, 5, 9], places: [1, 2, 3, 4].map(place).to_vec() };
        let mut store = NodeStore::new(usize::MAX);
        store.nodes = nodes();
        let wanted = store.table_of(vec![3, 4, 5]);
        assert_eq!(wanted.places, [place(2), Place::NOWHERE, place(3)]);
        let all = store.into_table();
        assert_eq!((all.ids, all.places), (vec![3, 5, 9], vec![place(2), place(3), place(4)]));
    }

    #[test]
    fn missing_nodes_are_merged_in() {
        let mut table = NodeTable { ids: vec![3, 5], places: vec![place(1), place(2)] };
        table.add_missing(vec![8, 4, 1, 4]);
        assert_eq!(table.ids, [1, 3, 4, 5, 8]);
        assert_eq!(table.places, [Place::NOWHERE, place(1), Place::NOWHERE, place(2), Place::NOWHERE]);
    }
}
