//! A second objective that leaves the first one untouched: nearness.
//!
//! Where everyone coverable is covered by fewer sites than may be opened, or where several plans cover equally many,
//! the spare freedom is used to bring agents nearer. These are heuristics **for the second objective only**: greedy
//! filling and swaps to a local optimum, deterministic, without a bound. The first objective's proof stands, because
//! filling only adds sites and a swap is made only where no covered weight falls.
//!
//! A row without any open site in the cost table counts with a penalty: by default one more than the largest cost of
//! the table, or what [`Nearness::penalty`] says. The sum of weight × penalty must stay within
//! [`super::LARGEST_TOTAL`].

use super::cover::{CostTable, CoverTable, open_flags};
use super::exchange::Exchange;

/// The second objective: Σ weight · cost of the nearest open site.
#[derive(Debug, Clone, Copy)]
pub struct Nearness<'a> {
    /// What it costs each row to reach each site.
    pub costs: &'a CostTable,
    /// How much each row counts.
    pub weights: &'a [u64],
    /// The cost of a row without any open site; never taken below the largest cost of the table.
    pub penalty: u64,
}

/// The first objective, which must not get worse.
#[derive(Debug, Clone, Copy)]
pub struct Keep<'a> {
    /// Which sites serve which rows; the rows may be others than those of the costs (merged ones, say).
    pub cover: &'a CoverTable,
    /// Vectors with one weight a row (one a phase, say): the covered sum of none of them may fall.
    pub weights: &'a [&'a [u64]],
    /// Sites that must stay open, one flag a site.
    pub must_stay: &'a [bool],
    /// Sites that may be opened, one flag a site.
    pub allowed: &'a [bool],
}

impl<'a> Nearness<'a> {
    /// With the default penalty.
    pub fn new(costs: &'a CostTable, weights: &'a [u64]) -> Self {
        Nearness { costs, weights, penalty: costs.largest_cost().saturating_add(1) }
    }

    /// The weighted cost of a set of open sites.
    pub fn weighted_cost(&self, open: &[u32]) -> u64 {
        let open = open_flags(self.costs.n_sites(), open);
        let cost = |r: usize| self.costs.nearest(r, &open).map_or(self.penalty, |(_, cost)| cost);
        (0..self.weights.len()).map(|r| self.weights[r] * cost(r)).sum()
    }

    fn around(&self, open: &[bool]) -> Exchange {
        Exchange::of_costs(self.costs, self.weights, self.penalty.max(self.costs.largest_cost()), open)
    }

    /// Opens up to `extra` more of the `allowed` sites beside `keep_open`, each time the one that adds most covered
    /// weight under `cover`, and where that is level the one that lowers the weighted cost most (then the lower
    /// number). `weights` counts for both; `cover` has the same rows as the costs.
    ///
    /// Returns the sites it opened, in that order; fewer than `extra` where no other site helps.
    pub fn fill(&self, cover: &CoverTable, keep_open: &[u32], allowed: &[bool], extra: usize) -> Vec<u32> {
        let mut open = open_flags(self.costs.n_sites(), keep_open);
        let mut opened = Vec::new();
        while opened.len() < extra {
            let covered = Exchange::of_cover(cover, self.weights, &open);
            let nearer = self.around(&open);
            let gain = |k: usize| (covered.gain(k), nearer.gain(k));
            let best = (0..open.len()).filter(|&k| allowed[k] && !open[k]);
            let best = best.max_by_key(|&k| (gain(k), std::cmp::Reverse(k))).filter(|&k| gain(k) > (0, 0));
            let Some(best) = best else { break };
            open[best] = true;
            opened.push(best as u32);
        }
        opened
    }

    /// Swaps open sites for closed ones while that lowers the weighted cost and no covered weight of `keep` falls; the
    /// best swap first, the lower numbers where two are level.
    ///
    /// Returns all open sites, ascending, as many as were given.
    pub fn swap(&self, open: &[u32], keep: &Keep) -> Vec<u32> {
        let mut open = open_flags(self.costs.n_sites(), open);
        loop {
            let nearer = self.around(&open);
            let covered: Vec<_> = keep.weights.iter().map(|w| Exchange::of_cover(keep.cover, w, &open)).collect();
            let mut best = (0, 0, 0);
            for j in nearer.open().iter().map(|&j| j as usize).filter(|&j| !keep.must_stay[j]) {
                for k in (0..open.len()).filter(|&k| keep.allowed[k] && !open[k]) {
                    let gain = nearer.swap(j, k);
                    if gain > best.0 && covered.iter().all(|covered| covered.swap(j, k) >= 0) {
                        best = (gain, j, k);
                    }
                }
            }
            if best.0 == 0 {
                return (0..open.len() as u32).filter(|&s| open[s as usize]).collect();
            }
            open[best.1] = false;
            open[best.2] = true;
        }
    }
}

/// [`Nearness::fill`] with the default penalty.
pub fn nearest_fill(
    costs: &CostTable,
    weights: &[u64],
    cover: &CoverTable,
    keep_open: &[u32],
    allowed: &[bool],
    extra: usize,
) -> Vec<u32> {
    Nearness::new(costs, weights).fill(cover, keep_open, allowed, extra)
}

/// [`Nearness::swap`] with the default penalty, where the covered sum of `weights` must not fall.
pub fn improve_by_swaps(
    costs: &CostTable,
    weights: &[u64],
    cover: &CoverTable,
    open: &[u32],
    must_stay: &[bool],
    allowed: &[bool],
) -> Vec<u32> {
    Nearness::new(costs, weights).swap(open, &Keep { cover, weights: &[weights], must_stay, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows at 0, 4, 10 and sites at 0, 5, 10, 4 on a line; the cost is the distance.
    fn line() -> CostTable {
        let (rows, sites) = ([0_u64, 4, 10], [0_u64, 5, 10, 4]);
        let triples: Vec<_> =
            (0..3).flat_map(|r| (0..4).map(move |s| (r, s, rows[r as usize].abs_diff(sites[s as usize])))).collect();
        CostTable::from_triples(3, 4, &triples).unwrap()
    }

    #[test]
    fn fills_by_least_cost() {
        let costs = line();
        let fill =
            |open: &[u32], allowed: &[bool], extra| nearest_fill(&costs, &[1; 3], costs.cover(), open, allowed, extra);
        // Site 1 (at 5) stands: 5 + 1 + 5. Sites 0 and 2 save 5 each, site 3 saves 1 + 1: 0, then 2, then 3.
        assert_eq!(fill(&[1], &[true; 4], 2), [0, 2]);
        assert_eq!(fill(&[1], &[false, true, true, true], 1), [2]);
        assert_eq!(fill(&[1], &[true; 4], 9), [0, 2, 3]);
        // Once everyone stands at a site nothing more is opened.
        assert_eq!(fill(&[0, 2, 3], &[true; 4], 1), [0; 0]);
        // None is open: all cover everything, and they cost 14, 11, 16 and 10.
        assert_eq!(fill(&[], &[true; 4], 1), [3]);
        let nearness = Nearness { penalty: 20, ..Nearness::new(&costs, &[1; 3]) };
        assert_eq!((nearness.weighted_cost(&[3]), nearness.weighted_cost(&[])), (10, 60));
        // Coverage comes first: only site 2 covers the row at 10.
        let cover = CoverTable::from_pairs(3, 4, &[(2, 2)]).unwrap();
        assert_eq!(nearest_fill(&costs, &[1; 3], &cover, &[], &[true; 4], 1), [2]);
    }

    #[test]
    fn swaps_keep_what_is_covered() {
        let costs = line();
        let nearness = Nearness::new(&costs, &[1; 3]);
        // Sites 0 and 3 cover row 0, sites 0 and 1 row 1, so that only site 0 covers both.
        let cover = CoverTable::from_pairs(2, 4, &[(0, 0), (0, 3), (1, 0), (1, 1)]).unwrap();
        let keep = Keep { cover: &cover, weights: &[], must_stay: &[false; 4], allowed: &[true; 4] };
        // Nothing to keep: 14 at site 0 falls to 10 at site 3.
        assert_eq!(nearness.swap(&[0], &keep), [3]);
        // Both rows must stay covered: only site 0 does that.
        assert_eq!(nearness.swap(&[0], &Keep { weights: &[&[1, 1]], ..keep }), [0]);
        // Row 0 alone: site 3 covers it too. Row 1 alone: site 1 (11) is the best that covers it.
        assert_eq!(nearness.swap(&[0], &Keep { weights: &[&[1, 0]], ..keep }), [3]);
        assert_eq!(nearness.swap(&[0], &Keep { weights: &[&[0, 1]], ..keep }), [1]);
        assert_eq!(nearness.swap(&[0], &Keep { must_stay: &[true, false, false, false], ..keep }), [0]);
        // All sites cover all rows of the cost table, so 0 gives way to 3.
        assert_eq!(improve_by_swaps(&costs, &[1; 3], costs.cover(), &[0], &[false; 4], &[true; 4]), [3]);
    }
}
