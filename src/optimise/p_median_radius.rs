//! The radius model of p-median (Elloumi 2010), on each row's distinct costs D_1 < … < D_K: z_{i,k} = 1 where no open
//! site serves row i at D_k or less.
//!
//! minimise Σ_i weight_i · (D_{i,1} + Σ_k (D_{i,k+1} − D_{i,k}) · z_{i,k})  subject to
//! z_{i,k} + Σ_{j at D_{i,k}} x_j ≥ z_{i,k−1} (z_{i,0} = 1, z_{i,K} = 0),  Σ_j x_j ≤ p,  x binary, z ≥ 0.
//!
//! A row's list ends at its nearest fixed site, at its (n − p + 1)-th nearest site (with p of n sites open at least one
//! of those is open), and where a bound says that no better plan serves it any farther. Its bound is that of the
//! classical assignment model, with far fewer entries.

use super::answer::Sense;
use super::cover::CostTable;
use super::solver::{Model, Var};

/// Each row's sites grouped by cost, from near to far, cut where nobody is served any farther.
pub(crate) struct Lists(Vec<List>);

/// One row's levels: a cost and the sites that serve at it.
struct List {
    levels: Vec<(u64, Vec<u32>)>,
    ends_at_fixed: bool,
}

impl Lists {
    /// At least `p` sites are taken to be open. `keep(row, cost)` says whether a plan worth looking for serves the row at that cost, and must not turn true
    /// again for a larger one. What `known` pays is kept in any case, so that `known` stays a solution.
    pub(crate) fn new(
        costs: &CostTable,
        fixed: &[bool],
        usable: &[bool],
        p: usize,
        known: &[bool],
        keep: &dyn Fn(usize, u64) -> bool,
    ) -> Self {
        let n_usable = usable.iter().filter(|&&usable| usable).count();
        let enough = (n_usable + 1).saturating_sub(p).max(1);
        let list = |r: usize| {
            let mut row: Vec<_> = costs.row(r).filter(|&(s, _)| usable[s as usize]).map(|(s, c)| (c, s)).collect();
            row.sort_unstable();
            let paid = costs.nearest(r, known).map_or(0, |(_, cost)| cost);
            let mut list = List { levels: Vec::new(), ends_at_fixed: false };
            for (taken, (cost, s)) in row.into_iter().enumerate() {
                let new_level = list.levels.last().is_none_or(|(level, _)| *level != cost);
                let ends = list.ends_at_fixed || taken >= enough || (cost > paid && !keep(r, cost));
                if new_level && ends && taken > 0 {
                    break;
                }
                if new_level {
                    list.levels.push((cost, Vec::new()));
                }
                list.ends_at_fixed |= fixed[s as usize];
                if let Some((_, sites)) = list.levels.last_mut() {
                    sites.push(s);
                }
            }
            list
        };
        Lists((0..costs.n_rows()).map(list).collect())
    }

    /// The weighted cost where every row is served at its first level.
    pub(crate) fn floor(&self, weights: &[u64]) -> u64 {
        let first = |list: &List| list.levels.first().map_or(0, |&(cost, _)| cost);
        self.0.iter().zip(weights).map(|(list, &weight)| weight * first(list)).sum()
    }

    /// The number of levels of all rows.
    pub(crate) fn n_levels(&self) -> usize {
        self.0.iter().map(|list| list.levels.len()).sum()
    }
}

/// The model; its objective leaves [`Lists::floor`] out.
pub(crate) struct Radius {
    pub(crate) model: Model,
    /// The variable of each site that is free.
    pub(crate) xs: Vec<Option<Var>>,
    /// The z of each row, one for each level but the last.
    zs: Vec<Vec<Var>>,
}

impl Radius {
    pub(crate) fn build(lists: &Lists, weights: &[u64], fixed: &[bool], usable: &[bool], p: usize) -> Self {
        let mut model = Model::new(Sense::Minimise);
        let xs: Vec<Option<Var>> =
            (0..usable.len()).map(|s| (usable[s] && !fixed[s]).then(|| model.binary())).collect();
        let n_fixed = fixed.iter().filter(|&&fixed| fixed).count();
        let n_free = xs.iter().flatten().count();
        if n_free > p.saturating_sub(n_fixed) {
            model.at_most(xs.iter().flatten().map(|&x| (x, 1.0)), p.saturating_sub(n_fixed) as f64);
        }
        let mut zs = Vec::new();
        for (list, &weight) in lists.0.iter().zip(weights) {
            let mut z = Vec::new();
            for (k, (cost, sites)) in list.levels.iter().enumerate() {
                let opens = sites.iter().filter_map(|&s| xs[s as usize]).map(|x| (x, 1.0));
                let before = z.last().map(|&before| (before, -1.0));
                let least = if before.is_some() { 0.0 } else { 1.0 };
                if let Some((next, _)) = list.levels.get(k + 1) {
                    let now = model.share();
                    model.reward(now, weight * (next - cost));
                    model.at_least(opens.chain(before).chain([(now, 1.0)]), least);
                    z.push(now);
                } else if !list.ends_at_fixed {
                    model.at_least(opens.chain(before), least);
                }
            }
            zs.push(z);
        }
        Radius { model, xs, zs }
    }

    /// The model's solution for a set of open sites.
    pub(crate) fn values(&self, lists: &Lists, open: &[bool]) -> Vec<f64> {
        let mut values = vec![0.0; self.model.n_vars()];
        for (s, x) in self.xs.iter().enumerate() {
            if let Some(x) = x {
                values[x.0] = f64::from(u8::from(open[s]));
            }
        }
        for (list, z) in lists.0.iter().zip(&self.zs) {
            for ((_, sites), z) in list.levels.iter().zip(z) {
                if sites.iter().any(|&s| open[s as usize]) {
                    break;
                }
                values[z.0] = 1.0;
            }
        }
        values
    }
}
