//! What every solve does on fixed problems, step by step.
//!
//! Searches and bounds serve the proof that follows them: a fault in one of them rarely makes an answer wrong, since the
//! answer is verified and the bound is proved anew. It makes plans worse where the time is short, and proofs longer. So
//! what they reach is kept in `measured.txt`: figures that were measured, not worked out, and that depend neither on the
//! clock nor on the number of threads (on the solver's version and the kind of processor they may, so these tests are for
//! x86-64). A change that moves them is a decision. To take over new ones: `GANDAN_MEASURE=1 cargo test --lib measured`.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, PoisonError};

use super::answer::{Limits, ProofStep};
use super::cover::{CostTable, CoverTable};
use super::phases::{Floor, Phase, SideConstraints};
use super::{
    backup_cover, capacitated, certificate, frontier, max_cover, p_center, p_median, partial_cover, phases, robust,
    set_cover, strategies, then_nearest, tidy, worst_first,
};
use crate::testkit::Draw;

/// People and sites on a field of 100 × 100.
pub(super) struct Field {
    pub(super) cover: CoverTable,
    costs: CostTable,
    pub(super) weights: Vec<u64>,
    pub(super) site_costs: Vec<u64>,
    fixed: Vec<bool>,
    pub(super) eligible: Vec<bool>,
}

/// Rows are served within `reach`, and have a cost, the distance, within twice as much.
pub(super) fn field(seed: u64, n_rows: usize, n_sites: usize, reach: u64) -> Field {
    let mut draw = Draw::new(seed);
    let mut place = || [draw.below(100) as i64, draw.below(100) as i64];
    let sites: Vec<[i64; 2]> = (0..n_sites).map(|_| place()).collect();
    let rows: Vec<[i64; 2]> = (0..n_rows).map(|_| place()).collect();
    let far = |a: [i64; 2], b: [i64; 2]| ((a[0] - b[0]).pow(2) + (a[1] - b[1]).pow(2)) as u64;
    let (mut pairs, mut triples) = (Vec::new(), Vec::new());
    for (r, &row) in (0_u32..).zip(&rows) {
        for (s, &site) in (0_u32..).zip(&sites) {
            let squared = far(row, site);
            if squared <= reach * reach {
                pairs.push((r, s));
            }
            if squared <= 4 * reach * reach {
                triples.push((r, s, squared.isqrt()));
            }
        }
    }
    Field {
        cover: CoverTable::from_pairs(n_rows, n_sites, &pairs).unwrap(),
        costs: CostTable::from_triples(n_rows, n_sites, &triples).unwrap(),
        weights: (0..n_rows).map(|_| 1 + draw.below(1000) as u64).collect(),
        site_costs: (0..n_sites).map(|_| 3 + draw.below(9) as u64).collect(),
        fixed: (0..n_sites).map(|s| s == 3).collect(),
        eligible: (0..n_sites).map(|_| draw.below(12) > 0).collect(),
    }
}

impl Field {
    fn phases(&self, counts: &[usize], budgets: &[u64]) -> Vec<Phase> {
        let phase = |t: usize| Phase {
            // Each phase is judged by the people of some rows.
            weights: self
                .weights
                .iter()
                .enumerate()
                .map(|(r, &w)| if (r + t).is_multiple_of(5) { 0 } else { w })
                .collect(),
            multiplier: [90, 181, 365][t],
            allowed: self.eligible.iter().enumerate().map(|(s, &ok)| ok && (t > 0 || s % 4 > 0)).collect(),
            open_total: counts[t],
            budget: budgets.get(t).copied(),
        };
        (0..counts.len()).map(phase).collect()
    }
}

/// The steps, one a line.
pub(super) fn steps(steps: &[ProofStep]) -> String {
    steps.iter().map(|s| format!("  {}: {}\n", s.step, s.found)).collect()
}

/// Compares a story with the one that is kept under its name.
pub(super) fn told(name: &str, story: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/optimise/measured.txt");
    // Tests run side by side; each takes its turn.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let all = fs::read_to_string(path).unwrap();
    let mut stories: BTreeMap<&str, &str> = all.split("# ").filter_map(|part| part.split_once('\n')).collect();
    if std::env::var_os("GANDAN_MEASURE").is_some() {
        stories.insert(name, story);
        let all: String = stories.iter().map(|(name, story)| format!("# {name}\n{story}")).collect();
        return fs::write(path, all).unwrap();
    }
    let kept = stories.get(name).unwrap_or_else(|| panic!("nothing is kept for {name}: GANDAN_MEASURE=1 cargo test"));
    for (found, kept) in story.lines().zip(kept.lines()) {
        assert_eq!(found, kept, "{name}");
    }
    assert_eq!(&story, kept, "{name}");
}

fn answer(answer: &super::Answer) -> String {
    let (chosen, objective, bound) = (&answer.chosen, answer.objective, answer.bound);
    format!("{objective} of {bound}, {}: {chosen:?}\n{}", answer.status.as_str(), steps(&answer.steps))
}

pub(super) fn stories(n: u64, mut story: impl FnMut(u64) -> String) -> String {
    (0..n).map(|seed| format!("{seed}: {}", story(seed))).collect()
}

#[test]
fn covering_all() {
    let story = stories(6, |seed| {
        let f = field(seed, 150, 50, 14);
        let ones = vec![1; 50];
        let costs = if seed < 3 { &f.site_costs } else { &ones };
        let problem = set_cover::Problem { cover: &f.cover, costs, fixed: &f.fixed, eligible: &f.eligible };
        let found = set_cover::solve(&problem, &Limits::default()).unwrap();
        let proof = certificate::of_set_cover(&problem, found.objective, certificate::Effort(3_000_000));
        format!("{}  proof: {} {:?} {:?}\n", answer(&found), proof.bound, proof.closed, proof.open)
    });
    told("covering all", &story);
}

#[test]
fn covering_most() {
    let story = stories(6, |seed| {
        let f = field(seed + 10, 150, 40, 15);
        let (p, budget) = if seed < 3 { (Some(6), None) } else { (None, Some(38)) };
        let problem = max_cover::Problem {
            cover: &f.cover,
            weights: &f.weights,
            costs: &f.site_costs,
            fixed: &f.fixed,
            eligible: &f.eligible,
            p,
            budget,
        };
        answer(&max_cover::solve(&problem, &Limits::default()).unwrap())
    });
    told("covering most", &story);
}

#[test]
fn covering_a_share() {
    let story = stories(6, |seed| {
        let f = field(seed + 20, 120, 35, 15);
        let problem = partial_cover::Problem {
            cover: &f.cover,
            weights: &f.weights,
            costs: &f.site_costs,
            fixed: &f.fixed,
            eligible: &f.eligible,
            least_weight: partial_cover::share_of(&f.weights, 0.4 + 0.05 * seed as f64),
        };
        answer(&partial_cover::solve(&problem, &Limits::default()).unwrap())
    });
    told("covering a share", &story);
}

#[test]
fn covering_twice() {
    let story = stories(6, |seed| {
        let f = field(seed + 30, 100, 30, 18);
        let goal =
            if seed < 3 { backup_cover::Goal::Weighted { once: 2, twice: 1 } } else { backup_cover::Goal::CoverAll };
        let problem = backup_cover::Problem {
            cover: &f.cover,
            weights: &f.weights,
            fixed: &f.fixed,
            eligible: &f.eligible,
            p: if seed < 3 { 7 } else { 16 },
            goal,
        };
        match backup_cover::solve(&problem, &Limits::default()) {
            Ok(found) => answer(&found),
            Err(error) => format!("{error}\n"),
        }
    });
    told("covering twice", &story);
}

#[test]
fn medians_and_centres() {
    let story = stories(5, |seed| {
        let f = field(seed + 40, 90, 30, 40);
        let (costs, weights) = (&f.costs, &f.weights);
        let (fixed, eligible) = (&f.fixed, &f.eligible);
        let median = p_median::Problem { costs, weights, fixed, eligible, p: 6 };
        let centre = p_center::Problem { costs, weights, fixed, eligible, p: 6 };
        let limits = Limits::default();
        let (median, centre) = (p_median::solve(&median, &limits).unwrap(), p_center::solve(&centre, &limits).unwrap());
        format!("{}   {}", answer(&median), answer(&centre))
    });
    told("medians and centres", &story);
}

#[test]
fn room_at_the_sites() {
    let story = stories(6, |seed| {
        let f = field(seed + 50, 40, 14, 35);
        let needs: Vec<u64> = f.weights.iter().map(|w| 1 + w / 90).collect();
        let total: u64 = needs.iter().sum();
        let capacities: Vec<u64> = (0..14).map(|s| total / 4 + s * 3).collect();
        let site_costs: Vec<u64> = f.site_costs.iter().map(|c| c * 9000).collect();
        let problem = capacitated::Problem {
            costs: &f.costs,
            weights: &f.weights,
            needs: &needs,
            capacities: &capacities,
            site_costs: &site_costs,
            fixed: &f.fixed,
            eligible: &f.eligible,
            p: (seed % 2 == 1).then_some(6),
            kind: if seed < 4 { capacitated::Kind::Split } else { capacitated::Kind::Whole },
            allow_overflow: seed == 2,
        };
        match capacitated::solve(&problem, &Limits::default()) {
            Ok(found) => format!(
                "{} of {}, {}: {:?}, {} left\n{}",
                found.objective,
                found.bound,
                found.status.as_str(),
                found.chosen,
                found.unserved_total,
                steps(&found.steps)
            ),
            Err(error) => format!("{error}\n"),
        }
    });
    told("room at the sites", &story);
}

fn plan(plan: &phases::Plan) -> String {
    let opens: Vec<(usize, u32)> = (0..).zip(&plan.opened_in).filter_map(|(s, t)| t.map(|t| (s, t))).collect();
    let (status, steps) = (plan.status.as_str(), steps(&plan.steps));
    format!("{} of {}, {status}, {:?}: {opens:?}\n{steps}", plan.objective, plan.bound, plan.covered)
}

#[test]
fn phases_and_strategies() {
    let story = stories(6, |seed| {
        let f = field(seed + 60, 120, 36, 15);
        let budgets: &[u64] = if seed % 2 == 0 { &[] } else { &[24, 40, 66] };
        let asked = f.phases(&[3, 6, 10], budgets);
        let problem = phases::Problem { cover: &f.cover, costs: &f.site_costs, fixed: &f.fixed, phases: &asked };
        let limits = Limits::default();
        let found = phases::solve(&problem, &limits).unwrap();
        let proof = certificate::of_phases(&problem, found.objective, certificate::Effort(3_000_000));
        let side = SideConstraints::default();
        let mut story = plan(&found);
        story += &format!("  proof: {} {:?} {:?}\n", proof.bound, proof.closed, proof.open);
        let ways = [
            strategies::greedy(&problem, &side, &limits).unwrap(),
            strategies::backward(&problem, &side, &limits).unwrap(),
        ];
        for step in ways.iter().flatten() {
            story += &format!("  alone: {} of {}\n", step.covered, step.bound);
        }
        story
    });
    told("phases and strategies", &story);
}

#[test]
fn phases_with_promises() {
    let story = stories(4, |seed| {
        let f = field(seed + 70, 70, 24, 18);
        let asked = f.phases(&[4, 6, 9], &[]);
        let problem = phases::Problem { cover: &f.cover, costs: &f.site_costs, fixed: &f.fixed, phases: &asked };
        let rows: Vec<(u32, u64)> =
            (0..70).filter(|r| r % 3 == seed as u32 % 3).map(|r| (r, f.weights[r as usize])).collect();
        let least = rows.iter().map(|r| r.1).sum::<u64>() / 4;
        let site = |at: usize, t: u32| (0..24).map(|s| (s == at && f.eligible[s]).then_some(t)).collect::<Vec<_>>();
        let side = SideConstraints {
            open_by: site(5, 1),
            closes_in: if seed == 3 { site(5, 2) } else { Vec::new() },
            floors: vec![Floor { phase: 1, rows, least }],
            ..SideConstraints::default()
        };
        match phases::solve_with(&problem, &side, &Limits::default()) {
            Ok(found) => plan(&found),
            Err(error) => format!("{error}\n"),
        }
    });
    told("phases with promises", &story);
}

#[test]
fn the_worst_case_and_the_worst_off() {
    let story = stories(4, |seed| {
        let f = field(seed + 80, 70, 24, 20);
        let asked = f.phases(&[4, 7], &[]);
        let limits = Limits::default();
        // A second case in which every third site serves nobody of the first half.
        let without =
            |r: usize| f.cover.row(r).iter().copied().filter(move |s| r >= 35 || s % 3 > 0).collect::<Vec<_>>();
        let rows: Vec<Vec<u32>> = (0..70).map(without).collect();
        let cases = [f.cover.clone(), CoverTable::from_rows(rows.iter().map(Vec::as_slice), 24)];
        let problem = robust::Problem { cases: &cases, costs: &f.site_costs, fixed: &f.fixed, phases: &asked };
        let found = robust::solve(&problem, &limits).unwrap();
        let mut story = format!("{:?} {:?} {}", found.by_case, found.normal_plan_by_case, plan(&found.plan));
        let groups: Vec<Vec<(u32, u64)>> =
            (0..5).map(|g| (0..70).filter(|r| r % 5 == g).map(|r| (r, f.weights[r as usize])).collect()).collect();
        let asked = f.phases(&[6], &[]);
        let problem = phases::Problem { cover: &f.cover, costs: &f.site_costs, fixed: &f.fixed, phases: &asked };
        let found = worst_first::solve(&problem, &SideConstraints::default(), &groups, &limits).unwrap();
        story += &format!("  {:?} {} {}", found.levels, found.complete, answer(&found.answer));
        story
    });
    told("the worst case and the worst off", &story);
}

#[test]
fn every_number_of_sites() {
    let story = stories(3, |seed| {
        let f = field(seed + 90, 120, 36, 15);
        let (fixed, eligible) = (&f.fixed, &f.eligible);
        let problem = frontier::Problem { cover: &f.cover, weights: &f.weights, fixed, eligible, most: Some(14) };
        let found = frontier::solve(&problem, &Limits::default()).unwrap();
        let points: Vec<(u64, u64)> = found.points.iter().map(|p| (p.objective, p.bound)).collect();
        format!("{} {points:?}\n{}", found.coverable, steps(&found.steps))
    });
    told("every number of sites", &story);
}

#[test]
fn nearness_behind_coverage() {
    let story = stories(5, |seed| {
        let f = field(seed + 100, 80, 28, 20);
        let most = max_cover::Problem {
            cover: &f.cover,
            weights: &f.weights,
            costs: &f.site_costs,
            fixed: &f.fixed,
            eligible: &f.eligible,
            p: Some(7),
            budget: None,
        };
        let limits = Limits::default();
        let start = max_cover::solve(&most, &limits).unwrap();
        let problem = then_nearest::Problem {
            costs: &f.costs,
            weights: &f.weights,
            penalty: 60,
            cover: &f.cover,
            cover_weights: &f.weights,
            least_covered: start.objective - seed * 300,
            site_costs: &f.site_costs,
            most_cost: (seed == 4).then_some(60),
            p: Some(8),
            fixed: &f.fixed,
            eligible: &f.eligible,
        };
        let found = match then_nearest::solve(&problem, &start.chosen, &limits) {
            Ok(found) => answer(&found),
            Err(error) => format!("{error}\n"),
        };
        let near = tidy::Nearness::new(&f.costs, &f.weights);
        let keep = tidy::Keep { cover: &f.cover, weights: &[&f.weights], must_stay: &f.fixed, allowed: &f.eligible };
        let swapped = near.swap(&start.chosen, &keep);
        let filled = near.fill(&f.cover, &start.chosen, &f.eligible, 3);
        format!("{found}  swaps: {swapped:?} {}, filled: {filled:?}\n", near.weighted_cost(&swapped))
    });
    told("nearness behind coverage", &story);
}
