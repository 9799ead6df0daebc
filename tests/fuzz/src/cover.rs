//! The three tables of `gandan optimise`, read and, where they are small, solved.

use gandan::error::Error;
use gandan::optimise::answer::Limits;
use gandan::optimise::tables::{self, Instance};
use gandan::optimise::{max_cover, set_cover, verify};

use super::{Scratch, Tally};

/// Stands alone on a line between the tables of one input.
const BETWEEN: &str = "\n--\n";
/// Problems up to this many rows, sites and pairs are solved too.
const SMALL: usize = 40;

/// Rows, pairs and sites in this order, as CSV with `--` on a line of its own between them; else one table, Parquet or
/// CSV, that serves as all three.
///
/// # Panics
/// Something that must hold does not.
pub fn cover(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let ending = if bytes.starts_with(b"PAR1") { "parquet" } else { "csv" };
    let at = |name: &str| format!("{name}.{ending}");
    let parts: Vec<&[u8]> = split(bytes);
    let part = |i: usize| parts.get(i).or(parts.first()).copied().unwrap_or_default();
    let [rows, pairs, sites] =
        [("rows", 0), ("pairs", 1), ("sites", 2)].map(|(name, i)| scratch.put(&at(name), part(i)));
    let mut tally = Tally::default();
    if let Some(instance) = tally.judge(tables::read(&rows, &pairs, &sites)) {
        let (n_rows, n_sites) = (instance.cover.n_rows(), instance.cover.n_sites());
        assert_eq!((instance.row_ids.len(), instance.weights.len(), instance.needs.len()), (n_rows, n_rows, n_rows));
        assert_eq!((instance.site_ids.len(), instance.site_costs.len()), (n_sites, n_sites));
        assert!(instance.cover.rows().flatten().all(|&site| (site as usize) < n_sites));
        if n_rows.max(n_sites).max(instance.cover.n_pairs()) <= SMALL {
            solve(&instance, &mut tally);
        }
    }
    tally
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.split(BETWEEN).map(str::as_bytes).collect(),
        Err(_) => vec![bytes],
    }
}

/// Whatever was read is solved to a proof, or refused as what cannot be had.
fn solve(instance: &Instance, tally: &mut Tally) {
    let Instance { cover, weights, site_costs: costs, fixed, eligible, .. } = instance;
    let limits = Limits::default();
    let cheapest = set_cover::Problem { cover, costs, fixed, eligible };
    if let Some(answer) = tally.judge(set_cover::solve(&cheapest, &limits)) {
        holds(verify::set_cover(&cheapest, &answer));
    }
    let most = max_cover::Problem { cover, weights, costs, fixed, eligible, p: Some(2), budget: None };
    if let Some(answer) = tally.judge(max_cover::solve(&most, &limits)) {
        holds(verify::max_cover(&most, &answer));
    }
}

fn holds(checked: Result<(), Error>) {
    if let Err(error) = checked {
        panic!("the answer does not bear a check: {error}");
    }
}
