//! Row-weighting local search for set covering: always a cover, mostly the best one, never a proof.
//!
//! The cover is kept one site short of the cheapest known: again and again a site closes, a row that this leaves
//! uncovered is drawn, and the site that covers most weight of uncovered rows for its cost opens. Rows that stay
//! uncovered grow heavier, so that the search leaves the places where it is stuck (Gao, Weise and Li 2015).

use super::cover::{CoverTable, SiteRows};

/// Most work of one search, in looks at a pair of a row and a site, and the same for each pair that there is: small
/// problems are soon searched through.
const WORK: usize = 400_000_000;
const WORK_A_PAIR: usize = 10_000;

struct Walk<'a> {
    cover: &'a CoverTable,
    by_site: &'a SiteRows,
    costs: &'a [u64],
    open: Vec<bool>,
    /// By how many open sites each row is covered.
    times: Vec<u32>,
    weight: Vec<u64>,
    /// Of a closed site the weight of the uncovered rows that it serves; of an open one that of the rows it alone covers.
    score: Vec<u64>,
    uncovered: Vec<u32>,
    /// The place of each row in `uncovered`.
    place: Vec<u32>,
    /// The step in which each site last changed.
    changed: Vec<u64>,
    /// Whether anything near a closed site has changed since it closed: else opening it would only undo that.
    may_open: Vec<bool>,
    cost: u64,
    work: usize,
}

/// Looks for a cheaper cover than `start` (one flag a site, which covers every row). Repeats itself exactly for equal
/// input, unless `stop` ends it early. Returns the cheapest cover seen.
pub(crate) fn improve(
    cover: &CoverTable,
    costs: &[u64],
    start: Vec<bool>,
    least: u64,
    seed: u32,
    stop: &dyn Fn() -> bool,
) -> Vec<bool> {
    let by_site = cover.by_site();
    let n = costs.len();
    let mut best = start;
    let cost_of = |open: &[bool]| (0..n).filter(|&s| open[s]).map(|s| costs[s]).sum::<u64>();
    let mut best_cost = cost_of(&best);
    let mut walk = Walk {
        cover,
        by_site: &by_site,
        costs,
        open: vec![false; n],
        times: vec![0; cover.n_rows()],
        weight: vec![1; cover.n_rows()],
        score: (0..n).map(|s| by_site.rows(s).len() as u64).collect(),
        uncovered: (0..cover.n_rows() as u32).collect(),
        place: (0..cover.n_rows() as u32).collect(),
        changed: vec![0; n],
        may_open: vec![true; n],
        cost: 0,
        work: 0,
    };
    (0..n).filter(|&s| best[s]).for_each(|s| walk.flip(s, 0));
    let mut chance = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut last_opened = usize::MAX;
    let mut step = 0_u64;
    let enough_work = WORK.min(WORK_A_PAIR * cover.n_pairs());
    while walk.work < enough_work && best_cost > least && !(step.is_multiple_of(256) && stop()) {
        step += 1;
        while walk.uncovered.is_empty() {
            if walk.cost < best_cost {
                best_cost = walk.cost;
                best.copy_from_slice(&walk.open);
            }
            let Some(s) = walk.least_loss(usize::MAX) else { return best };
            walk.flip(s, step);
        }
        let Some(s) = walk.least_loss(last_opened) else { break };
        walk.flip(s, step);
        while !walk.uncovered.is_empty() {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let row = walk.uncovered[(chance % walk.uncovered.len() as u64) as usize];
            let candidates = cover.row(row as usize).iter().map(|&s| s as usize);
            let dearest = best_cost.saturating_sub(walk.cost);
            let found =
                candidates.filter(|&s| walk.may_open[s] && costs[s] < dearest).max_by(|&a, &b| walk.better(a, b));
            let Some(s) = found else { break };
            walk.flip(s, step);
            last_opened = s;
            for at in 0..walk.uncovered.len() {
                let row = walk.uncovered[at] as usize;
                walk.weight[row] += 1;
                cover.row(row).iter().for_each(|&s| walk.score[s as usize] += 1);
            }
        }
    }
    best
}

impl Walk<'_> {
    /// Orders sites by score for the cost, then the one that has not changed for longer, then the lower number.
    fn better(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let (a_side, b_side) = (
            u128::from(self.score[a]) * u128::from(self.costs[b].max(1)),
            u128::from(self.score[b]) * u128::from(self.costs[a].max(1)),
        );
        a_side.cmp(&b_side).then(self.changed[b].cmp(&self.changed[a])).then(b.cmp(&a))
    }

    /// The open site whose closing loses least for its cost, other than `keep`.
    fn least_loss(&mut self, keep: usize) -> Option<usize> {
        self.work += self.open.len();
        (0..self.open.len()).filter(|&s| self.open[s] && s != keep).min_by(|&a, &b| {
            let (a_side, b_side) = (
                u128::from(self.score[a]) * u128::from(self.costs[b].max(1)),
                u128::from(self.score[b]) * u128::from(self.costs[a].max(1)),
            );
            a_side.cmp(&b_side).then(self.changed[a].cmp(&self.changed[b])).then(a.cmp(&b))
        })
    }

    fn flip(&mut self, site: usize, step: u64) {
        let opens = !self.open[site];
        self.open[site] = opens;
        self.changed[site] = step;
        self.may_open[site] = false;
        if opens {
            self.cost += self.costs[site]
        } else {
            self.cost -= self.costs[site]
        }
        for &r in self.by_site.rows(site) {
            let row = r as usize;
            let sites = self.cover.row(row);
            let weight = self.weight[row];
            self.work += 1;
            if opens {
                self.times[row] += 1;
            } else {
                self.times[row] -= 1;
            }
            let covered = self.times[row];
            match (opens, covered) {
                (true, 1) | (false, 0) => {
                    // Covered by this site alone now, or by none: everybody else sees the row come or go.
                    self.work += sites.len();
                    for &s in sites.iter().filter(|&&s| s as usize != site) {
                        let score = &mut self.score[s as usize];
                        if opens {
                            *score -= weight
                        } else {
                            *score += weight
                        }
                        self.may_open[s as usize] = true;
                    }
                    if opens { self.leave(r) } else { self.enter(r) }
                }
                (true, 2) | (false, 1) => {
                    // The one other open site covers the row alone no more, or again.
                    self.work += sites.len();
                    if let Some(&s) = sites.iter().find(|&&s| s as usize != site && self.open[s as usize]) {
                        let score = &mut self.score[s as usize];
                        if opens { *score -= weight } else { *score += weight }
                    }
                }
                _ => {}
            }
        }
        // The score turns round: what it covers alone is what it would cover if it were closed.
        self.score[site] = (self.by_site.rows(site).iter())
            .filter(|&&r| self.times[r as usize] == u32::from(opens))
            .map(|&r| self.weight[r as usize])
            .sum();
    }

    fn enter(&mut self, row: u32) {
        self.place[row as usize] = self.uncovered.len() as u32;
        self.uncovered.push(row);
    }

    fn leave(&mut self, row: u32) {
        let at = self.place[row as usize] as usize;
        self.uncovered.swap_remove(at);
        if let Some(&moved) = self.uncovered.get(at) {
            self.place[moved as usize] = at as u32;
        }
    }
}
