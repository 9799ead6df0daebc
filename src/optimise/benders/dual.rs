//! Bounds in whole numbers from multipliers, and what follows from them for single variables.
//!
//! For any multipliers 0 ≤ u_{t,i} ≤ w_{t,i} of the rows, λ_t ≥ 0 of the numbers of sites and μ_t ≥ 0 of the budgets, no
//! plan covers more than
//!
//! Σ_t Σ_i (w_{t,i} − u_{t,i}) + Σ_t (λ_t · p_t + μ_t · B_t) + Σ_j max over the ways in which site j may open of
//! Σ_{t: j open} (Σ_{i served by j} u_{t,i} − λ_t − μ_t · cost_j)
//!
//! (Lagrangian relaxation of the covering, counting and budget constraints; Galvão and ReVelle 1996). The solver's duals
//! are only a proposal for the multipliers: they are rounded to fixed-point whole numbers first, so its tolerances
//! cannot make the bound wrong.

use super::nested::{Forced, Nested, Set};

/// Multipliers in units of `1 / 2^shift`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Multipliers {
    /// Of each row of each stage.
    pub(crate) rows: Vec<Vec<u64>>,
    /// Of each stage's number of sites.
    pub(crate) count: Vec<u64>,
    /// Of each stage's budget.
    pub(crate) budget: Vec<u64>,
    /// Of each row that must be covered.
    pub(crate) forced: Vec<(Forced, u64)>,
}

/// Fixed-point places: as many as leave room for sums, at most 20.
pub(crate) fn shift(nested: &Nested) -> u32 {
    let bits = u64::BITS - nested.total.leading_zeros();
    60_u32.saturating_sub(bits).min(20)
}

/// A bound and what it says of the variables.
pub(crate) struct Priced {
    /// No plan that respects the domain covers more.
    pub(crate) bound: u64,
    /// For each variable, the same with it at 0 and at 1; `None` where that cannot be.
    pub(crate) with: Vec<[Option<u64>; 2]>,
}

/// Computes the bound over all plans that respect `domain`, or `None` where there is none.
pub(crate) fn price(nested: &Nested, multipliers: &Multipliers, domain: &[Set]) -> Option<Priced> {
    let shift = shift(nested);
    let n = nested.costs.len();
    let mut base: i128 = 0;
    // worth[t][s]: what site `s` brings in stage `t`, in fixed-point.
    let mut worth = vec![vec![0_i128; n]; nested.stages.len()];
    for (t, stage) in nested.stages.iter().enumerate() {
        let mut gains = vec![0_u64; n];
        for ((row, &weight), &u) in stage.cover.rows().zip(&stage.weights).zip(&multipliers.rows[t]) {
            let u = u.min(weight << shift);
            base += i128::from((weight << shift) - u);
            row.iter().for_each(|&s| gains[s as usize] += u);
        }
        let (lambda, mu) = (i128::from(multipliers.count[t]), i128::from(multipliers.budget[t]));
        base += lambda * stage.may_open as i128 + mu * i128::from(stage.may_spend.unwrap_or(0));
        for &((_, row), price) in multipliers.forced.iter().filter(|((at, _), _)| *at as usize == t) {
            base -= i128::from(price);
            stage.cover.row(row as usize).iter().for_each(|&s| worth[t][s as usize] += i128::from(price));
        }
        for s in 0..n {
            worth[t][s] += i128::from(gains[s]) - lambda - mu * i128::from(nested.costs[s]);
        }
    }
    // For each site the value of opening at each of its variables, and of never opening.
    let mut bests: Vec<i128> = vec![0; n];
    let mut with_var: Vec<[Option<i128>; 2]> = vec![[None, None]; nested.n_vars()];
    let mut bound = base;
    for (s, chain) in nested.chain.iter().enumerate() {
        let is = |v: u32, set: Set| domain[v as usize] == set;
        let mut options: Vec<Option<i128>> = Vec::with_capacity(chain.len() + 1);
        for (at, &v) in chain.iter().enumerate() {
            let allowed =
                chain[..at].iter().all(|&w| !is(w, Set::Open)) && chain[at..].iter().all(|&w| !is(w, Set::Closed));
            let first = nested.stage[v as usize] as usize;
            options.push(allowed.then(|| (first..nested.stages.len()).map(|t| worth[t][s]).sum()));
        }
        options.push(chain.iter().all(|&w| !is(w, Set::Open)).then_some(0));
        let best = options.iter().flatten().max().copied()?;
        bests[s] = best;
        bound += best;
        for (at, &v) in chain.iter().enumerate() {
            with_var[v as usize] =
                [options[at + 1..].iter().flatten().max().copied(), options[..=at].iter().flatten().max().copied()];
        }
    }
    let down = |fixed_point: i128| u64::try_from((fixed_point >> shift).max(0)).unwrap_or(u64::MAX);
    let with = (with_var.iter().zip(&nested.site))
        .map(|(with, &s)| with.map(|value| value.map(|value| down(bound - bests[s as usize] + value))))
        .collect();
    Some(Priced { bound: down(bound), with })
}

/// Settles every variable whose other value cannot lead past `enough`. Returns how many, or `None` where no plan in the
/// domain can.
pub(crate) fn settle(nested: &Nested, priced: &Priced, enough: u64, domain: &mut [Set]) -> Option<usize> {
    if priced.bound <= enough {
        return None;
    }
    let mut settled = 0;
    for v in 0..nested.n_vars() as u32 {
        if domain[v as usize] != Set::Free {
            continue;
        }
        let can = priced.with[v as usize].map(|bound| bound.is_some_and(|bound| bound > enough));
        match can {
            [false, false] => return None,
            [false, true] => nested.settle(domain, v, Set::Open),
            [true, false] => nested.settle(domain, v, Set::Closed),
            [true, true] => continue,
        }
        settled += 1;
    }
    Some(settled)
}
