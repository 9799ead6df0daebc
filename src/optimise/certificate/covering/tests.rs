use super::*;
use crate::optimise::Limits;
use crate::optimise::phases::{self, Phase};

struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn phase(weights: &[u64], multiplier: u64, n: usize, open_total: usize) -> Phase {
    Phase { weights: weights.to_vec(), multiplier, allowed: vec![true; n], open_total, budget: None }
}

#[test]
fn one_phase_by_hand() {
    // Rows 10, 6, 5; site 0 serves rows 0 and 1, site 1 rows 1 and 2, site 2 row 2. One site: 16, two: 21.
    let cover = CoverTable::from_pairs(3, 3, &[(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)]).unwrap();
    let phases = [phase(&[10, 6, 5], 2, 3, 1)];
    let problem = Problem { cover: &cover, costs: &[1; 3], fixed: &[false; 3], phases: &phases };
    let found = of_phases(&problem, 32, Effort::default());
    assert_eq!(found.bound, 32);
    // Sites 1 (11) and 2 (5) are worth less than site 0 (16) whatever the multipliers.
    assert_eq!((found.closed.as_slice(), found.open.as_slice()), (&[1, 2][..], &[0][..]));
}

#[test]
fn a_row_that_nobody_serves_counts_nothing() {
    let cover = CoverTable::from_pairs(2, 1, &[(0, 0)]).unwrap();
    let phases = [phase(&[3, 4], 1, 1, 1)];
    let problem = Problem { cover: &cover, costs: &[1], fixed: &[true], phases: &phases };
    let found = of_phases(&problem, 3, Effort::default());
    assert_eq!((found.bound, found.multipliers), (3, vec![vec![0, 4]]));
}

#[test]
fn no_bound_passes_the_best_plan() {
    for seed in 1..=60_u64 {
        let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (n_rows, n) = (25, 8);
        let pairs: Vec<(u32, u32)> =
            (0..n_rows).flat_map(|r| (0..n as u32).map(move |s| (r, s))).filter(|_| draw.below(4) == 0).collect();
        let cover = CoverTable::from_pairs(n_rows as usize, n, &pairs).unwrap();
        let costs: Vec<u64> = (0..n).map(|_| 1 + draw.below(9)).collect();
        let fixed: Vec<bool> = (0..n).map(|_| draw.below(8) == 0).collect();
        let stands = fixed.iter().filter(|&&f| f).count();
        let spent: u64 = (0..n).filter(|&s| fixed[s]).map(|s| costs[s]).sum();
        let with_budget = draw.below(3) == 0;
        let (mut most, mut budget) = (stands, spent);
        let phases: Vec<Phase> = (0..1 + draw.below(3))
            .map(|_| {
                most += draw.below(3) as usize;
                budget += draw.below(12);
                Phase {
                    weights: (0..n_rows).map(|_| draw.below(100)).collect(),
                    multiplier: 1 + draw.below(30),
                    allowed: (0..n).map(|_| draw.below(4) > 0).collect(),
                    open_total: most,
                    budget: with_budget.then_some(budget),
                }
            })
            .collect();
        let problem = Problem { cover: &cover, costs: &costs, fixed: &fixed, phases: &phases };
        let plan = phases::solve(&problem, &Limits::default()).unwrap();
        let found = of_phases(&problem, plan.objective, Effort::default());
        assert!(found.bound >= plan.objective, "seed {seed}: {} < {}", found.bound, plan.objective);
        // The relaxation is near on such small tables.
        assert!(found.bound * 10 <= plan.objective * 13 + 10, "seed {seed}: {} of {}", found.bound, plan.objective);
        for (t, phase) in phases.iter().enumerate() {
            let within = found.multipliers[t].iter().zip(&phase.weights).all(|(u, w)| u <= w);
            assert!(within && found.multipliers[t].len() == n_rows as usize, "seed {seed}");
        }
        for &s in &found.closed {
            assert!(plan.opened_in[s as usize].is_none(), "seed {seed}: site {s}");
        }
        for &s in &found.open {
            assert!(plan.opened_in[s as usize].is_some(), "seed {seed}: site {s}");
        }
    }
}
