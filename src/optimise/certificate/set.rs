//! Multipliers for set covering.

use super::volume::{self, Dual};
use super::{Certificate, Effort, to_rows};
use crate::optimise::cover::CoverTable;
use crate::optimise::reduce;
use crate::optimise::set_cover::Problem;

/// Multipliers that prove how little a cover can cost, given the cost of one that was found.
///
/// The scale is a million, or less where costs are so large that their sum times it would pass 2^53.
pub fn of_set_cover(problem: &Problem, objective: u64, effort: Effort) -> Certificate {
    let usable = problem.usable();
    let total: u64 = (0..usable.len()).filter(|&s| usable[s]).map(|s| problem.costs[s]).sum();
    let scale = ((1 << 53) / total.max(1)).clamp(1, 1_000_000);
    let merged = reduce::merge(problem.cover, &[], &usable);
    let costs: Vec<u64> = problem.costs.iter().map(|&cost| cost.saturating_mul(scale)).collect();
    let needed = least_rows(&merged.cover, problem.fixed);
    let cover = CoverTable::from_rows(needed.iter().map(|&class| merged.cover.row(class)), usable.len());
    let mut dual = Covering::new(&cover, &costs, problem.fixed);
    let start = dual.ascend();
    let target = -((objective as f64) * scale as f64);
    let found = volume::minimise(&mut dual, start.iter().map(|&u| u as f64).collect(), target, effort.0);
    let rounded: Vec<u64> = found.iter().map(|&u| u.round().max(0.0) as u64).collect();
    // Rounding, or a search that went astray, must not lose what the ascent has proved.
    let best = [rounded, start].into_iter().max_by_key(|u| dual.bound(u)).unwrap_or_default();
    let value = dual.bound(&best);
    let in_units = |value: i128| {
        let (whole, unit) = (value.max(0), i128::from(scale));
        u64::try_from((whole + unit - 1) / unit).unwrap_or(u64::MAX)
    };
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    let reduced = dual.reduced(&best);
    for s in (0..usable.len()).filter(|&s| usable[s] && !problem.fixed[s]) {
        if in_units(value + reduced[s].abs()) > objective {
            if reduced[s] > 0 { closed.push(s as u32) } else { open.push(s as u32) }
        }
    }
    let mut of_class = vec![0; merged.cover.n_rows()];
    needed.iter().zip(&best).for_each(|(&class, &u)| of_class[class] = u);
    let multipliers = vec![first_rows(&merged.class_of, &of_class)];
    let (site_prices, cost_prices) = (Vec::new(), Vec::new());
    Certificate { scale, multipliers, site_prices, cost_prices, bound: in_units(value), closed, open }
}

/// The classes that no fixed site serves and whose sites do not include all sites of another class: whoever serves that
/// one serves these.
fn least_rows(cover: &CoverTable, fixed: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..cover.n_rows()).filter(|&r| !cover.row(r).iter().any(|&s| fixed[s as usize])).collect();
    order.sort_by_key(|&r| (cover.row(r).len(), r));
    let mut degree = vec![0_u32; cover.n_sites()];
    cover.rows().flatten().for_each(|&s| degree[s as usize] += 1);
    // Kept rows by the site of theirs that serves fewest rows, so that few are looked at.
    let mut kept: Vec<Vec<usize>> = vec![Vec::new(); cover.n_sites()];
    let mut marked = vec![false; cover.n_sites()];
    order.retain(|&r| {
        let row = cover.row(r);
        row.iter().for_each(|&s| marked[s as usize] = true);
        let holds = |&k: &usize| cover.row(k).iter().all(|&s| marked[s as usize]);
        let keep = !row.iter().any(|&s| kept[s as usize].iter().any(holds));
        row.iter().for_each(|&s| marked[s as usize] = false);
        if let (true, Some(&rarest)) = (keep, row.iter().min_by_key(|&&s| (degree[s as usize], s))) {
            kept[rarest as usize].push(r);
        }
        keep
    });
    order.sort_unstable();
    order
}

/// The multiplier of a class stands with its first row: rows of a class are served by the same sites.
fn first_rows(class_of: &[u32], of_class: &[u64]) -> Vec<u64> {
    to_rows(class_of, of_class, |_| u64::MAX)
}

/// `−(Σ u_i + Σ_j min(0, cost_j − Σ u_i))`, to be made small.
struct Covering<'a> {
    cover: &'a CoverTable,
    costs: &'a [u64],
    fixed: &'a [bool],
    limits: Vec<f64>,
    sums: Vec<f64>,
}

impl<'a> Covering<'a> {
    fn new(cover: &'a CoverTable, costs: &'a [u64], fixed: &'a [bool]) -> Self {
        // No row is worth more than its cheapest site.
        let cheapest = |row: &[u32]| row.iter().map(|&s| costs[s as usize]).min().unwrap_or(0);
        let limits = cover.rows().map(|row| cheapest(row) as f64).collect();
        Covering { cover, costs, fixed, limits, sums: vec![0.0; costs.len()] }
    }

    /// Dual ascent: rows with the fewest sites first, each takes what is left of its cheapest site.
    fn ascend(&self) -> Vec<u64> {
        let mut left = self.costs.to_vec();
        let mut order: Vec<usize> = (0..self.cover.n_rows()).collect();
        order.sort_by_key(|&r| (self.cover.row(r).len(), r));
        let mut u = vec![0; self.cover.n_rows()];
        for r in order {
            let row = self.cover.row(r);
            u[r] = row.iter().map(|&s| left[s as usize]).min().unwrap_or(0);
            row.iter().for_each(|&s| left[s as usize] -= u[r]);
        }
        u
    }

    /// `cost_j − Σ u_i` of every site.
    fn reduced(&self, u: &[u64]) -> Vec<i128> {
        let mut reduced: Vec<i128> = self.costs.iter().map(|&cost| i128::from(cost)).collect();
        for (row, &u) in self.cover.rows().zip(u) {
            row.iter().for_each(|&s| reduced[s as usize] -= i128::from(u));
        }
        reduced
    }

    /// The bound of whole multipliers, exactly. Sites that no row names have no part in it but their cost, if fixed.
    fn bound(&self, u: &[u64]) -> i128 {
        let sum: i128 = u.iter().map(|&u| i128::from(u)).sum();
        let reduced = self.reduced(u);
        sum + (0..reduced.len()).map(|s| if self.fixed[s] { reduced[s] } else { reduced[s].min(0) }).sum::<i128>()
    }
}

impl Dual for Covering<'_> {
    fn limits(&self) -> &[f64] {
        &self.limits
    }

    fn value(&mut self, u: &[f64], slope: &mut [f64]) -> f64 {
        self.sums.fill(0.0);
        for (row, &u) in self.cover.rows().zip(u).filter(|(_, u)| **u > 0.0) {
            row.iter().for_each(|&s| self.sums[s as usize] += u);
        }
        let reduced = |s: usize| self.costs[s] as f64 - self.sums[s];
        let sites: f64 =
            (0..self.costs.len()).map(|s| if self.fixed[s] { reduced(s) } else { reduced(s).min(0.0) }).sum();
        for (slope, row) in slope.iter_mut().zip(self.cover.rows()) {
            let open = row.iter().filter(|&&s| reduced(s as usize) < 0.0 || self.fixed[s as usize]).count();
            *slope = open as f64 - 1.0;
        }
        -(u.iter().sum::<f64>() + sites)
    }

    fn work(&self) -> u64 {
        2 * self.cover.n_pairs() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::{Limits, set_cover};

    #[test]
    fn an_odd_cycle_is_proved_up_to_its_relaxation() {
        // Rows {0,1} {1,2} {2,3} {3,4} {4,0}: every multiplier 1/2 proves 2.5, so 3 as costs are whole.
        let pairs: Vec<_> = (0..5).flat_map(|r| [(r, r), (r, (r + 1) % 5)]).collect();
        let cover = CoverTable::from_pairs(5, 5, &pairs).unwrap();
        let problem = Problem { cover: &cover, costs: &[1; 5], fixed: &[false; 5], eligible: &[true; 5] };
        let found = of_set_cover(&problem, 3, Effort::default());
        assert_eq!((found.bound, found.scale), (3, 1_000_000));
    }

    #[test]
    fn fixed_and_forced_sites_by_hand() {
        // Row 0: site 0 alone (cost 4). Row 1: sites 1 (2) and 2 (3). Row 2: site 3, fixed (5), and 2. Site 4: nothing.
        let cover = CoverTable::from_pairs(3, 5, &[(0, 0), (1, 1), (1, 2), (2, 3), (2, 2)]).unwrap();
        let fixed = [false, false, false, true, false];
        let problem = Problem { cover: &cover, costs: &[4, 2, 3, 5, 1], fixed: &fixed, eligible: &[true; 5] };
        let found = of_set_cover(&problem, 11, Effort::default());
        // 4 + 2 + 5. Site 2 would cost 1 more, site 4 1 more.
        assert_eq!((found.bound, found.closed.as_slice()), (11, &[2, 4][..]));
        assert_eq!(found.multipliers, [[4_000_000, 2_000_000, 0]]);
    }

    #[test]
    fn no_bound_passes_the_best_cover() {
        for seed in 1..=40_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut next = |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            let (n_rows, n_sites) = (20, 10);
            let pairs: Vec<(u32, u32)> =
                (0..n_rows).flat_map(|r| (0..n_sites).map(move |s| (r, s))).filter(|_| next(4) == 0).collect();
            let cover = CoverTable::from_pairs(n_rows as usize, n_sites as usize, &pairs).unwrap();
            let costs: Vec<u64> = (0..n_sites).map(|_| 1 + next(9)).collect();
            let fixed: Vec<bool> = (0..n_sites).map(|_| next(6) == 0).collect();
            let eligible: Vec<bool> = (0..n_sites).map(|_| next(6) > 0).collect();
            let problem = Problem { cover: &cover, costs: &costs, fixed: &fixed, eligible: &eligible };
            let answer = set_cover::solve(&problem, &Limits::default()).unwrap();
            let found = of_set_cover(&problem, answer.objective, Effort::default());
            assert!(found.bound <= answer.objective, "seed {seed}: {} > {}", found.bound, answer.objective);
            assert!(found.bound * 10 >= answer.objective * 8, "seed {seed}: {} of {}", found.bound, answer.objective);
            for s in &found.closed {
                assert!(!answer.chosen.contains(s), "seed {seed}: site {s}");
            }
            for s in &found.open {
                assert!(answer.chosen.contains(s), "seed {seed}: site {s}");
            }
        }
    }
}
