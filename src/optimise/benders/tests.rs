//! The tree, the small model and the bounds against every plan there is, on small random problems.

use super::*;
use crate::optimise::answer::Limits;
use crate::optimise::cover::CoverTable;

/// Deterministic random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

struct Case {
    stages: Vec<Stage>,
    costs: Vec<u64>,
}

fn case(dice: &mut Dice) -> Case {
    let n = 3 + dice.below(5) as usize;
    let n_stages = 1 + dice.below(3) as usize;
    let costs: Vec<u64> = (0..n).map(|_| 1 + dice.below(9)).collect();
    let budgets = dice.below(3) == 0;
    let (mut may_open, mut may_spend) = (0, 0);
    let stages = (0..n_stages)
        .map(|_| {
            let n_rows = 1 + dice.below(25) as usize;
            let mut pairs = Vec::new();
            for r in 0..n_rows as u32 {
                // A row without sites does not come to the stages.
                let sure = dice.below(n as u64) as u32;
                pairs.extend((0..n as u32).filter(|&s| s == sure || dice.below(3) == 0).map(|s| (r, s)));
            }
            may_open = (may_open + dice.below(3) as usize).min(n);
            may_spend += dice.below(12);
            Stage {
                cover: CoverTable::from_pairs(n_rows, n, &pairs).unwrap(),
                weights: (0..n_rows).map(|_| 1 + dice.below(1_000_000)).collect(),
                allowed: (0..n).map(|_| dice.below(5) > 0).collect(),
                may_open,
                may_spend: budgets.then_some(may_spend),
            }
        })
        .collect();
    Case { stages, costs }
}

/// The most that any plan covers, by trying all of them.
fn most(case: &Case) -> u64 {
    let n = case.costs.len();
    let mut slots = vec![0_usize; n];
    let mut best = 0;
    loop {
        let slot = |s: usize| slots[s];
        let right = (0..n).all(|s| slot(s) == case.stages.len() || case.stages[slot(s)].allowed[s]);
        let fits = case.stages.iter().enumerate().all(|(t, stage)| {
            let open: Vec<usize> = (0..n).filter(|&s| slot(s) <= t).collect();
            let spent: u64 = open.iter().map(|&s| case.costs[s]).sum();
            open.len() <= stage.may_open && stage.may_spend.is_none_or(|most| spent <= most)
        });
        if right && fits {
            let covered = |(t, stage): (usize, &Stage)| -> u64 {
                let rows = stage.cover.rows().zip(&stage.weights);
                rows.filter(|(row, _)| row.iter().any(|&s| slot(s as usize) <= t)).map(|(_, weight)| weight).sum()
            };
            best = best.max(case.stages.iter().enumerate().map(covered).sum());
        }
        let Some(next) = (0..n).find(|&s| slots[s] < case.stages.len()) else { return best };
        slots[next] += 1;
        slots[..next].fill(0);
    }
}

#[test]
fn the_tree_and_the_model_agree_with_all_plans() {
    for seed in 0..600 {
        let case = case(&mut Dice(seed));
        let expected = most(&case);
        for small in [0, SMALL] {
            let mut progress = Progress::begin(&Limits::default()).unwrap();
            // No search before: relaxation, rounding and tree must find the plan by themselves.
            let mut search = Search::new(&case.stages, &case.costs);
            let bound = solve_from(&case.stages, &case.costs, &mut search, &mut progress, small).unwrap();
            assert_eq!((search.objective(), bound), (expected, expected), "seed {seed}, small {small}");
        }
    }
}

#[test]
fn a_bound_holds_when_time_runs_out_at_once() {
    for seed in 0..100 {
        let case = case(&mut Dice(seed));
        let expected = most(&case);
        let limits = Limits { time_limit_s: Some(1e-9), ..Limits::default() };
        let mut progress = Progress::begin(&limits).unwrap();
        let mut search = Search::new(&case.stages, &case.costs);
        let bound = solve_from(&case.stages, &case.costs, &mut search, &mut progress, 0).unwrap();
        assert!(search.objective() <= expected && expected <= bound, "seed {seed}");
    }
}

#[test]
fn prices_bound_every_plan_and_settle_none_that_is_better() {
    for seed in 0..200 {
        let mut dice = Dice(seed ^ 0xabcd);
        let case = case(&mut dice);
        let nested = Nested::new(&case.stages, &case.costs);
        let shift = dual::shift(&nested);
        // Any multipliers whatever give a bound.
        let multipliers = dual::Multipliers {
            rows: case.stages.iter().map(|s| s.weights.iter().map(|&w| dice.below(w + 1) << shift).collect()).collect(),
            count: case.stages.iter().map(|_| dice.below(500_000) << shift).collect(),
            budget: case.stages.iter().map(|_| dice.below(100_000) << shift).collect(),
            forced: Vec::new(),
        };
        let domain = vec![Set::Free; nested.n_vars()];
        let priced = price(&nested, &multipliers, &domain).unwrap();
        let expected = most(&case);
        assert!(priced.bound >= expected, "seed {seed}: {} < {expected}", priced.bound);
        // With a variable settled either way the better of the two bounds still holds.
        for with in &priced.with {
            let better = with.iter().flatten().max().copied().unwrap_or(0);
            assert!(better >= expected, "seed {seed}");
        }
    }
}

/// Its story is told as those of [`super::super::measured`] are.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_tree_on_fixed_problems() {
    use crate::optimise::measured::{field, steps, stories, told};
    let story = stories(5, |seed| {
        let f = field(seed + 200, 110, 26, 17);
        let covered: Vec<&[u32]> = f.cover.rows().filter(|row| !row.is_empty()).collect();
        let weights: Vec<u64> =
            f.cover.rows().zip(&f.weights).filter(|(row, _)| !row.is_empty()).map(|(_, &w)| w).collect();
        let stage = |t: usize| Stage {
            cover: CoverTable::from_rows(covered.iter().copied(), 26),
            weights: weights.iter().enumerate().map(|(r, &w)| if (r + t).is_multiple_of(4) { 1 } else { w }).collect(),
            allowed: f.eligible.clone(),
            may_open: [3, 7][t],
            may_spend: (seed > 1).then_some([19, 43][t]),
        };
        let stages = [stage(0), stage(1)];
        let mut progress = Progress::begin(&Limits::default()).unwrap();
        let mut search = Search::new(&stages, &f.site_costs);
        let bound = solve_from(&stages, &f.site_costs, &mut search, &mut progress, 0).unwrap();
        format!("{} of {bound}\n{}", search.objective(), steps(&progress.finish().0))
    });
    told("the tree", &story);
}
