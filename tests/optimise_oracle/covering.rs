//! Partial covering, backup covering and p-center against brute force.

use gandan::error::Error;
use gandan::optimise::cover::CostTable;
use gandan::optimise::{Limits, Status, backup_cover, p_center, partial_cover, then_nearest};

use crate::{CASES, Case, Dice, weight};

#[test]
fn partial_cover_equals_brute_force() {
    let mut infeasible = 0;
    for seed in 0..CASES {
        let mut dice = Dice(seed + 7_000_000);
        let case = Case::new(&mut dice);
        let (cover, masks) = (case.cover(), case.masks());
        let coverable = weight(&masks, &case.weights, case.all_usable());
        // Mostly something that can be had, exactly what some set covers half of the time.
        let sets: Vec<u32> = case.sets().collect();
        let least_weight = match dice.below(8) {
            0 => coverable + 1 + dice.below(5),
            1..=4 => weight(&masks, &case.weights, sets[dice.below(sets.len() as u64) as usize]),
            _ => dice.below(coverable + 1),
        };
        let enough = |set: &u32| weight(&masks, &case.weights, *set) >= least_weight;
        let best = sets.iter().filter(|set| enough(set)).map(|&set| case.cost(set)).min();
        let problem = partial_cover::Problem {
            cover: &cover,
            weights: &case.weights,
            costs: &case.costs,
            fixed: &case.fixed,
            eligible: &case.eligible,
            least_weight,
        };
        match (partial_cover::solve(&problem, &Limits::default()), best) {
            (Ok(answer), Some(best)) => {
                let found = (answer.objective, answer.bound, answer.status);
                assert_eq!(found, (best, best, Status::Optimal), "seed {seed}");
                let hasty = Limits { time_limit_s: Some(1e-9), ..Limits::default() };
                let hasty = partial_cover::solve(&problem, &hasty).unwrap();
                assert!(hasty.objective >= best && hasty.bound <= best, "seed {seed}");
            }
            (Err(Error::Targets(_)), None) => infeasible += 1,
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
    assert!(infeasible > 20, "{infeasible}");
}

#[test]
fn backup_cover_equals_brute_force() {
    let (mut all, mut infeasible) = (0, 0);
    for seed in 0..CASES {
        let mut dice = Dice(seed + 8_000_000);
        let case = Case::new(&mut dice);
        let (cover, masks, usable) = (case.cover(), case.masks(), case.all_usable());
        let p = dice.below(case.n_sites as u64 + 1) as usize;
        let goal = match dice.below(2) {
            0 => backup_cover::Goal::CoverAll,
            _ => backup_cover::Goal::Weighted { once: dice.below(4), twice: dice.below(4) },
        };
        let worth = |set: u32| {
            let at_least = |times: u32| -> u64 {
                let enough = masks.iter().zip(&case.weights).filter(|(mask, _)| (*mask & set).count_ones() >= times);
                enough.map(|(_, w)| w).sum()
            };
            match goal {
                backup_cover::Goal::CoverAll => {
                    masks.iter().all(|mask| mask & usable == 0 || mask & set != 0).then(|| at_least(2))
                }
                backup_cover::Goal::Weighted { once, twice } => Some(once * at_least(1) + twice * at_least(2)),
            }
        };
        let best = case.sets().filter(|set| set.count_ones() as usize <= p).filter_map(worth).max();
        let problem = backup_cover::Problem {
            cover: &cover,
            weights: &case.weights,
            fixed: &case.fixed,
            eligible: &case.eligible,
            p,
            goal,
        };
        all += u32::from(goal == backup_cover::Goal::CoverAll);
        match (backup_cover::solve(&problem, &Limits::default()), best) {
            (Ok(answer), Some(best)) => {
                let found = (answer.objective, answer.bound, answer.status);
                assert_eq!(found, (best, best, Status::Optimal), "seed {seed} {goal:?}");
                match backup_cover::solve(&problem, &Limits { time_limit_s: Some(1e-9), ..Limits::default() }) {
                    Ok(hasty) => assert!(hasty.objective <= best && hasty.bound >= best, "seed {seed}"),
                    Err(Error::Targets(fault)) => assert_eq!(fault.code, "optimise::time", "seed {seed}"),
                    Err(error) => panic!("seed {seed}: {error}"),
                }
            }
            (Err(Error::Targets(_)), None) => infeasible += 1,
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
    assert!(all > 200 && infeasible > 50, "{all} {infeasible}");
}

#[test]
fn p_center_equals_brute_force() {
    for seed in 0..CASES {
        let mut dice = Dice(seed + 9_000_000);
        let case = Case::new(&mut dice);
        let p = dice.below(case.n_sites as u64 + 1) as usize;
        let costs = CostTable::from_triples(case.n_rows, case.n_sites, &case.triples).unwrap();
        let (masks, usable) = (case.masks(), case.all_usable());
        let worst = |set: u32| -> Option<u64> {
            let mut worst = 0;
            for r in (0..case.n_rows).filter(|&r| case.weights[r] > 0 && masks[r] & usable != 0) {
                let served = case.triples.iter().filter(|&&(row, s, _)| row as usize == r && set >> s & 1 == 1);
                worst = worst.max(served.map(|&(_, _, cost)| cost).min()?);
            }
            Some(worst)
        };
        let best = case.sets().filter(|set| set.count_ones() as usize <= p).filter_map(worst).min();
        let (weights, fixed, eligible) = (&case.weights[..], &case.fixed[..], &case.eligible[..]);
        let problem = p_center::Problem { costs: &costs, weights, fixed, eligible, p };
        match (p_center::solve(&problem, &Limits::default()), best) {
            (Ok(answer), Some(best)) => {
                let found = (answer.objective, answer.bound, answer.status);
                assert_eq!(found, (best, best, Status::Optimal), "seed {seed}");
                match p_center::solve(&problem, &Limits { time_limit_s: Some(1e-9), ..Limits::default() }) {
                    Ok(hasty) => assert!(hasty.objective >= best && hasty.bound <= best, "seed {seed}"),
                    Err(Error::Targets(fault)) => assert_eq!(fault.code, "optimise::time", "seed {seed}"),
                    Err(error) => panic!("seed {seed}: {error}"),
                }
                let loose = p_center::solve(&problem, &Limits { gap: 0.3, ..Limits::default() }).unwrap();
                assert!(loose.gap <= 0.3 && loose.bound <= best && loose.objective >= best, "seed {seed}");
            }
            (Err(Error::Targets(_)), None) => {}
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
}

/// Of all plans that keep a first objective (all covered, weight, cost, number), the nearest.
#[test]
fn then_nearest_equals_brute_force() {
    let (mut solved, mut changed, mut improved) = (0, 0, 0);
    for seed in 0..2 * CASES {
        let mut dice = Dice(seed + 11_000_000);
        let case = Case::new(&mut dice);
        let (cover, masks) = (case.cover(), case.masks());
        let costs = CostTable::from_triples(case.n_rows, case.n_sites, &case.triples).unwrap();
        let p = (dice.below(2) == 0).then(|| dice.below(case.n_sites as u64 + 1) as usize);
        let most_cost = (p.is_none() || dice.below(3) == 0).then(|| dice.below(case.costs.iter().sum::<u64>() + 1));
        let fits = |set: u32| {
            p.is_none_or(|p| set.count_ones() as usize <= p) && most_cost.is_none_or(|most| case.cost(set) <= most)
        };
        let sets: Vec<u32> = case.sets().filter(|&set| fits(set)).collect();
        // The first objective: mostly what the best of them covers, sometimes less.
        let ones = vec![1; case.n_rows];
        let cover_weights = if dice.below(2) == 0 { &ones } else { &case.weights };
        let Some(most) = sets.iter().map(|&set| weight(&masks, cover_weights, set)).max() else { continue };
        let least_covered = if dice.below(3) > 0 { most } else { dice.below(most + 1) };
        let kept: Vec<u32> =
            sets.into_iter().filter(|&set| weight(&masks, cover_weights, set) >= least_covered).collect();
        let penalty = 12;
        let total = |set: u32| -> u64 {
            let cost = |r: usize| {
                let served = case.triples.iter().filter(|&&(row, s, _)| row as usize == r && set >> s & 1 == 1);
                served.map(|&(_, _, cost)| cost).min().unwrap_or(penalty)
            };
            (0..case.n_rows).map(|r| case.weights[r] * cost(r)).sum()
        };
        let best = kept.iter().map(|&set| total(set)).min().unwrap();
        let begin = kept[dice.below(kept.len() as u64) as usize];
        let start: Vec<u32> = (0..case.n_sites as u32).filter(|s| begin >> s & 1 == 1).collect();
        solved += 1;
        changed += u32::from(kept.len() > 1);
        improved += u32::from(total(begin) > best);
        let problem = then_nearest::Problem {
            costs: &costs,
            weights: &case.weights,
            penalty,
            cover: &cover,
            cover_weights,
            least_covered,
            site_costs: &case.costs,
            most_cost,
            p,
            fixed: &case.fixed,
            eligible: &case.eligible,
        };
        let answer = then_nearest::solve(&problem, &start, &Limits::default()).unwrap();
        assert_eq!(
            (answer.objective, answer.bound, answer.status),
            (best, best, Status::Optimal),
            "seed {seed}: {:?}",
            answer.steps
        );
        let hasty = Limits { time_limit_s: Some(1e-9), ..Limits::default() };
        let hasty = then_nearest::solve(&problem, &start, &hasty).unwrap();
        assert!(hasty.objective >= best && hasty.bound <= best, "seed {seed}");
    }
    assert!(solved >= CASES && changed > 400 && improved > 200, "{solved} {changed} {improved}");
}
