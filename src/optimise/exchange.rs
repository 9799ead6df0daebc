//! What every single opening and every single exchange of sites would gain, computed for all of them at once
//! (Resende and Werneck 2004): the exact gain of putting `k` for `j` is gain(k) − loss(j) + shared(j, k).

use super::cover::{CostTable, CoverTable};

const CLOSED: u32 = u32::MAX;

/// Gains and losses around one set of open sites. A gain is weight covered more, or weighted cost less.
pub(crate) struct Exchange {
    n_sites: usize,
    /// The open sites, ascending.
    open: Vec<u32>,
    place: Vec<u32>,
    gain: Vec<i64>,
    loss: Vec<i64>,
    /// One line of `n_sites` for each open site.
    shared: Vec<i64>,
}

impl Exchange {
    fn empty(n_sites: usize, open: &[bool]) -> Self {
        let open: Vec<u32> = (0..n_sites as u32).filter(|&s| open[s as usize]).collect();
        let mut place = vec![CLOSED; n_sites];
        for (at, &s) in open.iter().enumerate() {
            place[s as usize] = at as u32;
        }
        let shared = vec![0; open.len() * n_sites];
        Exchange { n_sites, place, gain: vec![0; n_sites], loss: vec![0; n_sites], shared, open }
    }

    /// Around `open`, for covered weight.
    pub(crate) fn of_cover(cover: &CoverTable, weights: &[u64], open: &[bool]) -> Self {
        let mut x = Exchange::empty(cover.n_sites(), open);
        for (row, &weight) in cover.rows().zip(weights) {
            let weight = weight as i64;
            let mut serving = row.iter().copied().filter(|&s| open[s as usize]);
            match (serving.next(), serving.next()) {
                (None, _) => row.iter().for_each(|&k| x.gain[k as usize] += weight),
                (Some(j), None) => {
                    x.loss[j as usize] += weight;
                    let line = x.place[j as usize] as usize * x.n_sites;
                    row.iter().for_each(|&k| x.shared[line + k as usize] += weight);
                }
                _ => {}
            }
        }
        x
    }

    /// Around `open`, for weighted cost, where a row without any open site costs `penalty`, which is at least as much
    /// as any cost of the table. The caller sees to it that all sums of weight × penalty fit in `i64`.
    pub(crate) fn of_costs(costs: &CostTable, weights: &[u64], penalty: u64, open: &[bool]) -> Self {
        let mut x = Exchange::empty(costs.n_sites(), open);
        for (r, &weight) in weights.iter().enumerate() {
            if weight == 0 {
                continue;
            }
            let (mut nearest, mut first, mut second) = (None, penalty, penalty);
            for (s, cost) in costs.row(r).filter(|&(s, _)| open[s as usize]) {
                if nearest.is_none() || cost < first {
                    second = first;
                    (nearest, first) = (Some(s), cost);
                } else {
                    second = second.min(cost);
                }
            }
            let weighted = |more: u64, less: u64| (weight * (more - less)) as i64;
            for (k, cost) in costs.row(r).filter(|&(_, cost)| cost < first) {
                x.gain[k as usize] += weighted(first, cost);
            }
            if let Some(j) = nearest {
                x.loss[j as usize] += weighted(second, first);
                let line = x.place[j as usize] as usize * x.n_sites;
                for (k, cost) in costs.row(r).filter(|&(_, cost)| cost < second) {
                    x.shared[line + k as usize] += weighted(second, cost.max(first));
                }
            }
        }
        x
    }

    /// What opening the closed site `k` gains.
    pub(crate) fn gain(&self, k: usize) -> i64 {
        self.gain[k]
    }

    /// What closing the open site `j` loses.
    #[cfg(test)]
    pub(crate) fn loss(&self, j: usize) -> i64 {
        self.loss[j]
    }

    /// What opening the closed site `k` for the open site `j` gains.
    pub(crate) fn swap(&self, j: usize, k: usize) -> i64 {
        self.gain[k] - self.loss[j] + self.shared[self.place[j] as usize * self.n_sites + k]
    }

    /// The open sites, ascending.
    pub(crate) fn open(&self) -> &[u32] {
        &self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator with a fixed course (xorshift).
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn exchanges_equal_recomputing() {
        for seed in 1..=50_u64 {
            let mut state = seed * 0x9e37_79b9;
            let (n_rows, n_sites) = (12, 6);
            let mut triples = Vec::new();
            for r in 0..n_rows {
                for s in 0..n_sites {
                    if next(&mut state).is_multiple_of(3) {
                        triples.push((r, s, next(&mut state) % 9));
                    }
                }
            }
            let costs = CostTable::from_triples(n_rows as usize, n_sites as usize, &triples).unwrap();
            let weights: Vec<u64> = (0..n_rows).map(|_| next(&mut state) % 5).collect();
            let open: Vec<bool> = (0..n_sites).map(|_| next(&mut state).is_multiple_of(2)).collect();
            let penalty = 20;
            let covered = |open: &[bool]| costs.cover().covered_weight(&weights, open) as i64;
            let saved = |open: &[bool]| {
                let cost: u64 =
                    (0..weights.len()).map(|r| weights[r] * costs.nearest(r, open).map_or(penalty, |n| n.1)).sum();
                -(cost as i64)
            };
            let by_cover = Exchange::of_cover(costs.cover(), &weights, &open);
            let by_cost = Exchange::of_costs(&costs, &weights, penalty, &open);
            for (exchange, measure) in [(&by_cover, &covered as &dyn Fn(&[bool]) -> i64), (&by_cost, &saved)] {
                for k in 0..n_sites as usize {
                    let mut other = open.clone();
                    other[k] = !open[k];
                    let change = measure(&other) - measure(&open);
                    assert_eq!(
                        if open[k] { -exchange.loss(k) } else { exchange.gain(k) },
                        change,
                        "seed {seed} site {k}"
                    );
                    for j in (0..n_sites as usize).filter(|&j| open[j] && !open[k]) {
                        let mut swapped = other.clone();
                        swapped[j] = false;
                        assert_eq!(exchange.swap(j, k), measure(&swapped) - measure(&open), "seed {seed} {j} → {k}");
                    }
                }
            }
        }
    }
}
