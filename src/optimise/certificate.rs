//! Bounds that anybody can check without a solver: Lagrangian multipliers in whole numbers.
//!
//! A solver's bound has to be believed. A set of multipliers need not be: whatever they are, a sum over the raw table
//! gives a bound that no plan passes (docs/methods.md, *Checking the proof yourself*). Here multipliers are looked for
//! that make this bound as good as they can; [`Certificate::bound`] is what they prove, computed in whole numbers.
//!
//! * set covering, with `c_j` in units of 1/scale: `Σ u_i + Σ_j min(0, c_j − Σ_{i served by j} u_i)` over sites that may be
//!   open (for fixed ones the term itself), divided by the scale and rounded up;
//! * covering over phases, with `U_jt = Σ_{i served by j} u_it`, `0 ≤ u_it ≤ weight_it`, a price `λ_t` for each open site
//!   and `μ_t` for each unit of cost:
//!   `Σ_t m_t Σ_i (w_it − u_it) + Σ_t (λ_t P_t + μ_t B_t) + Σ_j max(0, max_s Σ_{t ≥ s} (m_t U_jt − λ_t − μ_t c_j))`,
//!   `s` over the phases in which `j` may open (fixed ones from the first, without the 0), divided by the scale and
//!   rounded down. Maximal covering is the case of one phase.
//!
//! The multipliers come from dual ascent and the volume algorithm (Barahona and Anbil 2000). The whole bound of the
//! linear relaxation is the most they can prove; what a proof has beyond that came from branching.

mod covering;
mod set;
mod volume;

use serde::Serialize;

pub use covering::of_phases;
pub use set::of_set_cover;

/// Multipliers and what they prove.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// Prices, and multipliers of set covering, are in units of 1/scale of the objective.
    pub scale: u64,
    /// For each phase (one where the problem has none) and raw row, its multiplier; in the unit of the rows' weights, in
    /// set covering of cost/scale.
    #[serde(skip)]
    pub multipliers: Vec<Vec<u64>>,
    /// For each phase the price of an open site; empty in set covering.
    pub site_prices: Vec<u64>,
    /// For each phase the price of a unit of cost, 0 without a budget; empty in set covering.
    pub cost_prices: Vec<u64>,
    /// What the multipliers prove, in the unit of the objective: no plan is better.
    pub bound: u64,
    /// Sites that stand in no plan as good as the one found, by their reduced value, ascending.
    pub closed: Vec<u32>,
    /// Sites that stand in every plan as good as the one found, ascending; without the fixed ones.
    pub open: Vec<u32>,
}

/// How much may be computed for a certificate: (row class, site) pairs looked at. Some hundred million a second; the same
/// effort always finds the same multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort(pub u64);

impl Default for Effort {
    fn default() -> Self {
        Effort(60_000_000)
    }
}

/// Gives the multiplier of a class of rows to its rows, none more than its own weight.
fn to_rows(class_of: &[u32], of_class: &[u64], most: impl Fn(usize) -> u64) -> Vec<u64> {
    let mut left = of_class.to_vec();
    let take = |(row, &class): (usize, &u32)| {
        let Some(left) = left.get_mut(class as usize) else { return 0 };
        let share = (*left).min(most(row));
        *left -= share;
        share
    };
    class_of.iter().enumerate().map(take).collect()
}
