//! What must hold between the answers to two problems that differ in one thing. That each answer by itself is the best
//! there is, `optimise_oracle` tells by brute force; these tables are larger than that can try.

use gandan::optimise::phases::{self, Phase};
use gandan::optimise::{Answer, Limits, Status, frontier, max_cover, p_center, p_median, partial_cover, set_cover};
use proptest::prelude::*;

use crate::make::{Cover, cases, covers, shuffles};

const SITES: usize = 14;
const ROWS: usize = 30;

fn most_people(of: &Cover, p: usize) -> Answer {
    let (cover, costs) = (of.cover(), vec![1; of.n_sites]);
    let problem = max_cover::Problem {
        cover: &cover,
        weights: &of.weights,
        costs: &costs,
        fixed: &of.fixed,
        eligible: &of.eligible,
        p: Some(p),
        budget: None,
    };
    proved(max_cover::solve(&problem, &Limits::default()).unwrap())
}

fn fewest(of: &Cover) -> Answer {
    let (cover, costs) = (of.cover(), vec![1; of.n_sites]);
    let problem = set_cover::Problem { cover: &cover, costs: &costs, fixed: &of.fixed, eligible: &of.eligible };
    proved(set_cover::solve(&problem, &Limits::default()).unwrap())
}

/// Fewest sites for at least this weight; `None` where no sites reach it.
fn fewest_for(of: &Cover, least_weight: u64) -> Option<Answer> {
    let (cover, costs) = (of.cover(), vec![1; of.n_sites]);
    let problem = partial_cover::Problem {
        cover: &cover,
        weights: &of.weights,
        costs: &costs,
        fixed: &of.fixed,
        eligible: &of.eligible,
        least_weight,
    };
    partial_cover::solve(&problem, &Limits::default()).ok().map(proved)
}

/// `None` where so few sites cannot serve every row that some usable site serves.
fn nearest(of: &Cover, p: usize) -> Option<Answer> {
    let costs = of.costs();
    let problem =
        p_median::Problem { costs: &costs, weights: &of.weights, fixed: &of.fixed, eligible: &of.eligible, p };
    p_median::solve(&problem, &Limits::default()).ok().map(proved)
}

fn least_worst(of: &Cover, p: usize) -> Option<Answer> {
    let costs = of.costs();
    let problem =
        p_center::Problem { costs: &costs, weights: &of.weights, fixed: &of.fixed, eligible: &of.eligible, p };
    p_center::solve(&problem, &Limits::default()).ok().map(proved)
}

/// Without limits every answer is proved: bound and objective meet.
fn proved(answer: Answer) -> Answer {
    assert_eq!((answer.bound, answer.status), (answer.objective, Status::Optimal));
    answer
}

/// The least objective, with no answer as the worst.
fn cost(answer: &Option<Answer>) -> u64 {
    answer.as_ref().map_or(u64::MAX, |a| a.objective)
}

fn holds_fixed(of: &Cover, chosen: &[u32]) -> bool {
    (0..of.n_sites as u32).all(|s| !of.fixed[s as usize] || chosen.contains(&s))
        && chosen.iter().all(|&s| of.fixed[s as usize] || of.eligible[s as usize])
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn more_sites_and_more_choice_never_serve_fewer(of in covers(SITES, ROWS), p in 0_usize..8, lost in any::<prop::sample::Index>()) {
        let p = p + of.n_fixed();
        let here = most_people(&of, p);
        prop_assert!(here.chosen.len() <= p && holds_fixed(&of, &here.chosen));
        prop_assert!(most_people(&of, p + 1).objective >= here.objective, "one agent more");
        // Without one of the candidates.
        let lost = lost.index(of.n_sites);
        if !of.fixed[lost] {
            let mut fewer = of.clone();
            fewer.eligible[lost] = false;
            let fewer = most_people(&fewer, p);
            prop_assert!(fewer.objective <= here.objective, "without a candidate");
            if !here.chosen.contains(&(lost as u32)) {
                prop_assert_eq!(fewer.objective, here.objective, "without a candidate that is not in the plan");
            }
        }
        // An agent that stands already takes part of the choice away, and is kept.
        if let Some(&kept) = here.chosen.iter().find(|&&s| !of.fixed[s as usize]) {
            let mut fixed = of.clone();
            fixed.fixed[kept as usize] = true;
            prop_assert_eq!(most_people(&fixed, p).objective, here.objective, "the same with an agent of it fixed");
        }
    }

    #[test]
    fn more_sites_and_more_choice_never_cost_more(of in covers(10, 20), p in 1_usize..6, lost in any::<prop::sample::Index>()) {
        let p = p + of.n_fixed();
        let lost = lost.index(of.n_sites);
        for solve in [nearest, least_worst] {
            let here = solve(&of, p);
            prop_assert!(here.as_ref().is_none_or(|a| a.chosen.len() <= p && holds_fixed(&of, &a.chosen)));
            prop_assert!(cost(&solve(&of, p + 1)) <= cost(&here), "one agent more");
            // Without a candidate rows may be left that nothing serves and that do not count any more: ask only where
            // every row keeps another.
            let usable = |s: u32| s as usize != lost && (of.fixed[s as usize] || of.eligible[s as usize]);
            let kept = of.rows.iter().all(|row| row.is_empty() || row.iter().any(|&(s, _)| usable(s)));
            if !of.fixed[lost] && kept {
                let mut fewer = of.clone();
                fewer.eligible[lost] = false;
                prop_assert!(cost(&solve(&fewer, p)) >= cost(&here), "without a candidate");
            }
        }
    }

    /// Where rows and sites stand in the tables does not change what can be had.
    #[test]
    fn the_order_of_rows_and_sites_does_not_matter((of, sites, rows) in shuffles(10, 20), p in 0_usize..6) {
        let other = of.shuffled(&sites, &rows);
        let p = p + of.n_fixed();
        prop_assert_eq!(most_people(&of, p).objective, most_people(&other, p).objective, "most people");
        prop_assert_eq!(fewest(&of).objective, fewest(&other).objective, "fewest");
        let half = of.weights.iter().sum::<u64>() / 2;
        prop_assert_eq!(cost(&fewest_for(&of, half)), cost(&fewest_for(&other, half)), "fewest for half");
        prop_assert_eq!(cost(&nearest(&of, p)), cost(&nearest(&other, p)), "nearest");
        prop_assert_eq!(cost(&least_worst(&of, p)), cost(&least_worst(&other, p)), "least worst");
    }

    /// Counting everyone k times counts everything k times, and changes no other thing.
    #[test]
    fn weights_times_k_give_k_times_the_objective(of in covers(10, 20), p in 0_usize..6, k in 2_u64..5000) {
        let p = p + of.n_fixed();
        let mut heavy = of.clone();
        heavy.weights.iter_mut().for_each(|w| *w *= k);
        prop_assert_eq!(most_people(&heavy, p).objective, k * most_people(&of, p).objective, "most people");
        prop_assert_eq!(cost(&least_worst(&heavy, p)), cost(&least_worst(&of, p)), "least worst");
        match (nearest(&heavy, p), nearest(&of, p)) {
            (Some(heavy), Some(light)) => prop_assert_eq!(heavy.objective, k * light.objective, "nearest"),
            (heavy, light) => prop_assert_eq!(heavy.is_none(), light.is_none(), "nearest"),
        }
        let half = of.weights.iter().sum::<u64>() / 2;
        prop_assert_eq!(cost(&fewest_for(&heavy, half * k)), cost(&fewest_for(&of, half)), "fewest for half");
    }

    /// Rows that are split in two, or joined, count as before.
    #[test]
    fn a_row_in_two_parts_counts_as_one(of in covers(10, 16), p in 0_usize..6, share in 0_u64..1000) {
        let p = p + of.n_fixed();
        let mut split = of.clone();
        for r in 0..of.rows.len() {
            let part = of.weights[r] * share / 1000;
            split.weights[r] -= part;
            split.weights.push(part);
            split.rows.push(of.rows[r].clone());
        }
        prop_assert_eq!(most_people(&split, p).objective, most_people(&of, p).objective, "most people");
        prop_assert_eq!(fewest(&split).objective, fewest(&of).objective, "fewest");
        prop_assert_eq!(cost(&nearest(&split, p)), cost(&nearest(&of, p)), "nearest");
    }

    /// The problems agree on what they share: as many sites as the fewest for all serve everyone who can be served, one
    /// fewer do not; the frontier holds the answers of each number; the fewest for a share is the first that reaches it.
    #[test]
    fn one_table_one_truth(of in covers(10, 20)) {
        let all = fewest(&of);
        let reach = most_people(&of, of.n_sites).objective;
        let n = all.objective as usize;
        prop_assert_eq!(most_people(&of, n).objective, reach);
        // A row that nobody lives in is still to be covered, but adds nothing to what is served.
        if n > of.n_fixed() && of.weights.iter().all(|&w| w > 0) {
            prop_assert!(most_people(&of, n - 1).objective < reach);
        }
        let cover = of.cover();
        let problem = frontier::Problem {
            cover: &cover,
            weights: &of.weights,
            fixed: &of.fixed,
            eligible: &of.eligible,
            most: None,
        };
        let curve = frontier::solve(&problem, &Limits::default()).unwrap();
        prop_assert_eq!(curve.coverable, reach);
        for point in &curve.points {
            prop_assert_eq!(point.objective, most_people(&of, point.sites).objective, "{} sites", point.sites);
            prop_assert!(point.bound == point.objective && holds_fixed(&of, &point.chosen));
            let first = fewest_for(&of, point.objective).unwrap();
            prop_assert!(first.objective as usize <= point.sites, "{} sites", point.sites);
        }
        prop_assert!(curve.points.windows(2).all(|w| w[0].objective <= w[1].objective));
        // What each further site adds may grow (no greedy order), but never beyond the mean of what came before it by
        // more than the whole: the last point serves everyone.
        prop_assert_eq!(curve.points.last().map(|p| p.objective), Some(reach));
    }

    /// Phases: nothing that opened closes, counts are kept, coverage never falls, no phase beats what it could do alone,
    /// and a joint plan is no worse than any greedy one.
    #[test]
    fn phases_are_nested_and_bounded(of in covers(10, 20), more in prop::collection::vec(0_usize..3, 1..4), days in prop::collection::vec(1_u64..400, 4)) {
        let mut open_total = of.n_fixed();
        let mut stages = Vec::new();
        for (t, more) in more.iter().enumerate() {
            open_total += more;
            stages.push(Phase {
                weights: of.weights.clone(),
                multiplier: days[t],
                allowed: of.eligible.clone(),
                open_total,
                budget: None,
            });
        }
        let (cover, costs) = (of.cover(), vec![1; of.n_sites]);
        let problem = phases::Problem { cover: &cover, costs: &costs, fixed: &of.fixed, phases: &stages };
        let plan = phases::solve(&problem, &Limits::default()).unwrap();
        prop_assert_eq!((plan.bound, plan.status), (plan.objective, Status::Optimal));
        let worth: u64 = plan.covered.iter().zip(&days).map(|(c, d)| c * d).sum();
        prop_assert_eq!(plan.objective, worth);
        prop_assert!(plan.covered.is_sorted());
        let mut before: Vec<u32> = Vec::new();
        let mut greedy = 0;
        let mut kept = of.clone();
        for (t, stage) in stages.iter().enumerate() {
            let open = plan.open_at(t);
            prop_assert!(before.iter().all(|s| open.contains(s)) && open.len() <= stage.open_total);
            prop_assert!(holds_fixed(&of, &open));
            let alone = most_people(&of, stage.open_total).objective;
            prop_assert!(plan.covered[t] <= alone, "phase {}", t);
            // One phase after another, each the best for what stands.
            let next = most_people(&kept, stage.open_total);
            greedy += next.objective * stage.multiplier;
            next.chosen.iter().for_each(|&s| kept.fixed[s as usize] = true);
            before = open;
        }
        prop_assert!(plan.objective >= greedy, "{} jointly, {} one after another", plan.objective, greedy);
    }
}
