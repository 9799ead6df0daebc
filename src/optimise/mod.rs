//! Choosing sites: the best plan there is, and the proof.
//!
//! This folder knows nothing of roads. It sees which sites serve which demand rows ([`CoverTable`], [`CostTable`]) and
//! integer weights, so any table can be solved and any small case checked by hand.
//!
//! * [`answer`]: limits, status, proof steps
//! * [`cover`]: the tables, in compressed rows
//! * [`reduce`]: lossless merging of rows, and the reductions of set covering
//! * [`set_cover`] (LSCP), [`max_cover`] (MCLP), [`partial_cover`], [`backup_cover`] (BACOP), [`p_median`],
//!   [`p_center`], [`capacitated`] (CFLP): one problem each
//! * [`phases`]: nested maximal covering over several phases, as one joint problem
//! * `benders`: the exact search behind it; `cover_search`, `phase_search`: the searches without proof
//! * [`strategies`]: the same phases one after another, forwards or backwards, for comparison
//! * [`worst_first`]: the worst-off groups of rows first
//! * [`frontier`]: the most weight for every number of sites at once
//! * [`robust`]: nested maximal covering that stands several cases
//! * [`then_nearest`]: a second objective (nearness) behind a first one, with a bound; [`tidy`]: the same by swaps alone
//! * [`verify`]: recomputes every answer from the raw table by separate code
//! * [`certificate`]: multipliers that prove a bound to anybody without a solver
//! * [`tables`]: reads the three input tables from CSV or Parquet
//!
//! Everything is an integer: weights in milli-persons (or thousandths of whatever the table counts), costs likewise, so
//! objectives are exact and do not depend on the order of work. Each `solve` verifies its answer before it returns.

pub mod answer;
pub mod backup_cover;
mod benders;
pub mod capacitated;
pub mod certificate;
pub mod cover;
mod cover_search;
pub(crate) mod exchange;
pub mod frontier;
pub mod max_cover;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod measured;
pub mod p_center;
pub mod p_median;
mod p_median_bound;
mod p_median_radius;
mod p_median_search;
pub mod partial_cover;
mod phase_search;
pub mod phases;
pub mod reduce;
pub mod robust;
pub mod set_cover;
mod solver;
pub mod strategies;
pub mod tables;
pub mod then_nearest;
pub mod tidy;
pub mod verify;
pub mod worst_first;

pub use answer::{Answer, Limits, ProofStep, Status};
pub use cover::{CostTable, CoverTable};

/// The largest sum of weights, costs or weighted costs that is accepted: 2^61, so that differences fit in `i64`.
pub const LARGEST_TOTAL: u64 = 1 << 61;
