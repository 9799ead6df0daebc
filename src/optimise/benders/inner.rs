//! A good place inside: where the covered weight of the relaxation is nearly as large as it can be.
//!
//! Frank and Wolfe's method (1956) on Σ w_i · m(Σ x), where m smooths min(1, ·) around 1, ever less as it goes on. The
//! place is no bound and no plan. It is where the first cuts are taken, so that the linear programs that follow begin
//! close to their end instead of wandering.

use super::nested::{NONE, Nested};

/// Steps for so many pairs of a row and a site.
const STEPS: usize = 200_000_000;

/// Finds the place, from that of a plan (the value of each variable).
pub(super) fn inner(nested: &Nested, start: &[f64], stop: &dyn Fn() -> bool) -> Vec<f64> {
    let pairs: usize = nested.stages.iter().map(|stage| stage.cover.n_pairs()).sum();
    let steps = (STEPS / pairs.max(1)).clamp(50, 400);
    let mut x = start.to_vec();
    let mut gains = vec![0.0; nested.n_vars()];
    for step in 0..steps {
        if stop() {
            break;
        }
        let softness = 0.5 / (1.0 + step as f64 / 20.0);
        gains.fill(0.0);
        for (stage, of) in nested.stages.iter().zip(&nested.of) {
            for (row, &weight) in stage.cover.rows().zip(&stage.weights) {
                let serving = || row.iter().map(|&s| of[s as usize]).filter(|&v| v != NONE);
                let sum: f64 = serving().map(|v| x[v as usize]).sum();
                let slope = ((1.0 + softness - sum) / (2.0 * softness)).clamp(0.0, 1.0);
                if slope > 0.0 {
                    let gain = slope * weight as f64;
                    serving().for_each(|v| gains[v as usize] += gain);
                }
            }
        }
        let corner = corner(nested, &gains);
        let part = 2.0 / (step as f64 + 12.0);
        x.iter_mut().zip(&corner).for_each(|(x, corner)| *x += part * (corner - *x));
    }
    x
}

/// A plan that gains much: stage by stage the sites that gain most from then on.
fn corner(nested: &Nested, gains: &[f64]) -> Vec<f64> {
    let n = nested.costs.len();
    let mut open = vec![false; n];
    let mut values = vec![0.0; nested.n_vars()];
    let (mut opened, mut spent) = (0, 0);
    let budgets = nested.stages.iter().any(|stage| stage.may_spend.is_some());
    for (t, stage) in nested.stages.iter().enumerate() {
        let gain =
            |s: usize| nested.chain[s].iter().filter(|&&v| v >= nested.of[t][s]).map(|&v| gains[v as usize]).sum();
        let mut order: Vec<(f64, usize)> =
            (0..n).filter(|&s| !open[s] && stage.allowed[s]).map(|s| (gain(s), s)).collect::<Vec<(f64, usize)>>();
        if budgets {
            order.iter_mut().for_each(|(gain, s)| *gain /= nested.costs[*s].max(1) as f64);
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, s) in order {
            if opened >= stage.may_open {
                break;
            }
            if stage.may_spend.is_none_or(|most| spent + nested.costs[s] <= most) {
                open[s] = true;
                opened += 1;
                spent += nested.costs[s];
                let from = nested.of[t][s];
                nested.chain[s].iter().filter(|&&v| v >= from).for_each(|&v| values[v as usize] = 1.0);
            }
        }
    }
    values
}
