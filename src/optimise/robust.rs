//! Nested maximal covering that stands several cases: the weight covered in the worst of them is made as large as can
//! be (max–min; Snyder, *Facility location under uncertainty: a review*, IIE Transactions 38, 2006).
//!
//! maximise z  subject to  z ≤ Σ_t multiplier_t · Σ_i weight_{i,t} · y_{i,t,c} for each case c;
//! y_{i,t,c} ≤ Σ_{j serves i in c} x_{j,t}; and what [`super::phases`] asks of x.
//!
//! A case is a cover table of the same rows and sites: who serves whom when a bridge is closed, say. Rows merge within
//! each case and phase, what fixed sites cover becomes a constant, and HiGHS solves the joint model.

use super::answer::{Limits, Progress, Sense};
use super::cover::{CoverTable, open_flags};
use super::phases::{self, Phase, Plan};
use super::reduce;
use super::solver::{Model, Var, gcd};
use crate::error::{Fault, Result};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows in each case, the normal one first; at least one.
    pub cases: &'a [CoverTable],
    /// The cost of each site; only budgets look at it.
    pub costs: &'a [u64],
    /// Sites open from the start.
    pub fixed: &'a [bool],
    /// The phases in order of time, at least one.
    pub phases: &'a [Phase],
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The plan. Its objective and bound are those of the worst case; `covered` and the counts of rows are those of
    /// the normal one.
    pub plan: Plan,
    /// Σ multiplier · covered weight in each case.
    pub by_case: Vec<u64>,
    /// The same for the plan that is made for the normal case alone.
    pub normal_plan_by_case: Vec<u64>,
}

impl Answer {
    /// What the normal case loses for the sake of the worst: the price of robustness. Below 0 where the plan for the
    /// normal case was not the best of its own.
    pub fn price(&self) -> i64 {
        self.normal_plan_by_case[0] as i64 - self.by_case[0] as i64
    }

    /// The index of the worst case; of equals the first.
    pub fn worst(&self) -> usize {
        (0..self.by_case.len()).min_by_key(|&c| self.by_case[c]).unwrap_or(0)
    }
}

/// Exchanges tried before the solver begins, at most.
const MOST_TRIALS: usize = 3000;

/// Solves the problem.
///
/// # Errors
/// As [`phases::solve`]; `optimise::size` where the cases are none or not of the same rows and sites.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let normal = check(problem)?;
    let mut progress = Progress::begin(limits)?;
    // A third of the time at most for the plan of the normal case: it is the start, and tells the price.
    let first = Limits { time_limit_s: limits.time_limit_s.map(|s| s / 3.0), ..limits.clone() };
    let asked = phases::Problem { cover: normal, costs: problem.costs, fixed: problem.fixed, phases: problem.phases };
    let mut plan = phases::solve(&asked, &first)?;
    let normal_plan_by_case = values(problem, &plan.opened_in);
    progress.note("normal case", format!("objective {}, bound {}", plan.objective, plan.bound));

    let joint = Joint::build(problem, &plan);
    let mut best = plan.opened_in.clone();
    exchange(problem, &mut best, &progress);
    progress.note("search", format!("worst case {}", worst(problem, &best)));
    let mut bound = joint.most;
    if worst(problem, &best) < joint.most && !progress.out_of_time() {
        let size = format!("{} variables, {} constraints", joint.model.n_vars(), joint.model.n_constraints());
        let start = joint.start(problem, &best);
        let Joint { model, xs, most, .. } = joint;
        let outcome = model.solve(Some(start), &progress.limits, progress.remaining_s())?;
        bound = outcome.bound.map_or(most, |b| b.min(most));
        if let Some(values) = outcome.values {
            let opened: Vec<Option<u32>> = (0..problem.fixed.len())
                .map(|s| {
                    let open = |x: &Vec<Option<Var>>| x[s].is_some_and(|x| values[x.0] > 0.5);
                    if problem.fixed[s] { Some(0) } else { xs.iter().position(open).map(|t| t as u32) }
                })
                .collect();
            if is_feasible(problem, &opened) && rank(problem, &opened) > rank(problem, &best) {
                best = opened;
            }
        }
        progress.note("highs", format!("{size}: worst case {}, bound {bound}", worst(problem, &best)));
    }
    // Among plans as good in the worst case, one that is better in sum.
    exchange(problem, &mut best, &progress);
    close_needless(problem, &mut best);

    let by_case = values(problem, &best);
    let objective = by_case.iter().copied().min().unwrap_or(0);
    let (bound, gap, status) = progress.judge(Sense::Maximise, objective, bound);
    let (steps, time_s) = progress.finish();
    plan.opened_in = best;
    plan.covered = (0..problem.phases.len())
        .map(|t| normal.covered_weight(&problem.phases[t].weights, &open_flags(problem.fixed.len(), &plan.open_at(t))))
        .collect();
    plan = Plan { objective, bound, gap, status, steps, time_s, ..plan };
    verify(problem, &plan)?;
    Ok(Answer { plan, by_case, normal_plan_by_case })
}

fn check<'a>(problem: &Problem<'a>) -> Result<&'a CoverTable> {
    let fault = |message: String| Fault::new("optimise::size", message).help("this is a fault in the caller");
    let normal = problem.cases.first().ok_or_else(|| fault("there is no case".into()))?;
    for (c, case) in problem.cases.iter().enumerate() {
        if (case.n_rows(), case.n_sites()) != (normal.n_rows(), normal.n_sites()) {
            let message = format!("case {c} has {} rows and {} sites", case.n_rows(), case.n_sites());
            return Err(fault(message).into());
        }
    }
    Ok(normal)
}

/// Whether each site is open by the end of phase `t`.
fn open_by(opened: &[Option<u32>], t: usize) -> Vec<bool> {
    opened.iter().map(|at| at.is_some_and(|at| at as usize <= t)).collect()
}

/// Σ multiplier · covered weight in each case, from the raw tables.
fn values(problem: &Problem, opened: &[Option<u32>]) -> Vec<u64> {
    let opens: Vec<Vec<bool>> = (0..problem.phases.len()).map(|t| open_by(opened, t)).collect();
    let of_case = |cover: &CoverTable| -> u64 {
        let phases = problem.phases.iter().zip(&opens);
        phases.map(|(phase, open)| phase.multiplier * cover.covered_weight(&phase.weights, open)).sum()
    };
    problem.cases.iter().map(of_case).collect()
}

fn worst(problem: &Problem, opened: &[Option<u32>]) -> u64 {
    values(problem, opened).into_iter().min().unwrap_or(0)
}

/// The worst case, then the sum of all.
fn rank(problem: &Problem, opened: &[Option<u32>]) -> (u64, u128) {
    let values = values(problem, opened);
    (values.iter().copied().min().unwrap_or(0), values.into_iter().map(u128::from).sum())
}

fn is_feasible(problem: &Problem, opened: &[Option<u32>]) -> bool {
    let may_open = |(s, at): (usize, &Option<u32>)| match at {
        _ if problem.fixed[s] => *at == Some(0),
        Some(t) => problem.phases[*t as usize].allowed[s],
        None => true,
    };
    opened.iter().enumerate().all(may_open)
        && problem.phases.iter().enumerate().all(|(t, phase)| {
            let open = open_by(opened, t);
            let cost: u64 = problem.costs.iter().zip(&open).filter(|(_, open)| **open).map(|(&cost, _)| cost).sum();
            open.iter().filter(|open| **open).count() <= phase.open_total && phase.budget.is_none_or(|b| cost <= b)
        })
}

/// Opens, opens earlier and exchanges single sites as long as that makes the plan better, within a number of trials.
fn exchange(problem: &Problem, opened: &mut Vec<Option<u32>>, progress: &Progress) {
    let n = problem.fixed.len();
    let mut best = rank(problem, opened);
    let mut trials = 0;
    let mut improved = true;
    while improved {
        improved = false;
        for k in (0..n).filter(|&k| !problem.fixed[k]) {
            let others = (0..n).filter(|&j| j != k && !problem.fixed[j] && opened[j].is_some());
            let moves: Vec<(Option<usize>, u32)> = std::iter::once(None)
                .chain(others.map(Some))
                .flat_map(|j| match j {
                    Some(j) => opened[j].map(|t| (Some(j), t)).into_iter().collect::<Vec<_>>(),
                    None => (0..problem.phases.len() as u32).map(|t| (None, t)).collect(),
                })
                .filter(|&(_, t)| opened[k].is_none_or(|now| t < now) && problem.phases[t as usize].allowed[k])
                .collect();
            for (j, t) in moves {
                if trials == MOST_TRIALS || progress.out_of_time() {
                    return;
                }
                trials += 1;
                let mut other = opened.clone();
                if let Some(j) = j {
                    other[j] = opened[k].filter(|&at| problem.phases[at as usize].allowed[j]);
                }
                other[k] = Some(t);
                if is_feasible(problem, &other) {
                    let found = rank(problem, &other);
                    if found > best {
                        (best, *opened, improved) = (found, other, true);
                        break;
                    }
                }
            }
        }
    }
}

/// Closes sites without which nothing is lost in any case.
fn close_needless(problem: &Problem, opened: &mut Vec<Option<u32>>) {
    let all = values(problem, opened);
    for s in (0..problem.fixed.len()).filter(|&s| !problem.fixed[s]) {
        if opened[s].is_some() {
            let mut other = opened.clone();
            other[s] = None;
            if values(problem, &other) == all {
                *opened = other;
            }
        }
    }
}

/// The joint model.
struct Joint {
    model: Model,
    /// `xs[phase][site]`: open by the end of the phase.
    xs: Vec<Vec<Option<Var>>>,
    /// Phase, sites and variable of each y.
    ys: Vec<(usize, Vec<u32>, Var)>,
    /// `z = (most − 1) · z[0] + z[1]`: two parts, so that the solver knows that it may be any number.
    z: [Var; 2],
    /// No plan reaches more: the least over the cases of all that can be covered.
    most: u64,
}

impl Joint {
    fn build(problem: &Problem, normal: &Plan) -> Self {
        let n = problem.fixed.len();
        let mut model = Model::new(Sense::Maximise);
        let mut xs: Vec<Vec<Option<Var>>> = Vec::new();
        let n_fixed = problem.fixed.iter().filter(|fixed| **fixed).count();
        let fixed_cost: u64 = (0..n).filter(|&s| problem.fixed[s]).map(|s| problem.costs[s]).sum();
        for phase in problem.phases {
            let mut x = xs.last().cloned().unwrap_or_else(|| vec![None; n]);
            for s in (0..n).filter(|&s| phase.allowed[s] && !problem.fixed[s]) {
                let now = model.binary();
                if let Some(before) = x[s] {
                    model.at_most([(before, 1.0), (now, -1.0)], 0.0);
                }
                x[s] = Some(now);
            }
            let open: Vec<(usize, Var)> = x.iter().enumerate().filter_map(|(s, x)| x.map(|x| (s, x))).collect();
            model.at_most(open.iter().map(|&(_, x)| (x, 1.0)), (phase.open_total - n_fixed) as f64);
            if let Some(budget) = phase.budget.map(|budget| budget - fixed_cost) {
                // As in the joint model of one case: whole numbers up to a million, beyond that shares.
                let step = problem.costs.iter().fold(0, |a, &b| gcd(a, b)).max(1);
                let unit = ((budget / step) as f64 / 1e6).max(1.0);
                let amount = |cost: u64| (cost / step) as f64 / unit;
                for &(_, x) in open.iter().filter(|&&(s, _)| problem.costs[s] > budget) {
                    model.at_most([(x, 1.0)], 0.0);
                }
                let affordable = open.iter().filter(|&&(s, _)| problem.costs[s] <= budget);
                model.at_most(affordable.map(|&(s, x)| (x, amount(problem.costs[s]))), amount(budget));
            }
            xs.push(x);
        }
        let mut ys = Vec::new();
        // For each case, what the fixed sites cover, and the terms of the rest.
        let mut sums: Vec<(u64, Vec<(Var, u64)>)> = Vec::new();
        for cover in problem.cases {
            let (mut constant, mut terms) = (0, Vec::new());
            for (t, phase) in problem.phases.iter().enumerate() {
                let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || xs[t][s].is_some()).collect();
                let worth: Vec<u64> = phase.weights.iter().map(|w| w * phase.multiplier).collect();
                let merged = reduce::merge(cover, &[&worth], &usable);
                for (row, &weight) in merged.cover.rows().zip(&merged.weights[0]).filter(|(_, weight)| **weight > 0) {
                    if row.iter().any(|&s| problem.fixed[s as usize]) {
                        constant += weight;
                        continue;
                    }
                    let serving: Vec<Var> = row.iter().filter_map(|&s| xs[t][s as usize]).collect();
                    if let [only] = serving[..] {
                        terms.push((only, weight));
                        continue;
                    }
                    let y = model.share();
                    model.at_most(serving.iter().map(|&x| (x, -1.0)).chain([(y, 1.0)]), 0.0);
                    ys.push((t, row.to_vec(), y));
                    terms.push((y, weight));
                }
            }
            sums.push((constant, terms));
        }
        let all = |(constant, terms): &(u64, Vec<(Var, u64)>)| constant + terms.iter().map(|t| t.1).sum::<u64>();
        let most = sums.iter().map(all).min().unwrap_or(0).min(normal.bound);
        let z = [model.share(), model.share()];
        model.reward(z[0], most.saturating_sub(1));
        model.reward(z[1], most.min(1));
        // Millions at most, so that the solver's tolerances are small against them.
        let unit = (most as f64 / 1e6).max(1.0);
        let scaled = |weight: u64| weight as f64 / unit;
        for (constant, terms) in sums {
            let mut row: Vec<(Var, f64)> = terms.into_iter().map(|(var, weight)| (var, -scaled(weight))).collect();
            row.push((z[0], scaled(most.saturating_sub(1))));
            row.push((z[1], scaled(most.min(1))));
            model.at_most(row, scaled(constant));
        }
        Joint { model, xs, ys, z, most }
    }

    /// The model's solution for a plan.
    fn start(&self, problem: &Problem, opened: &[Option<u32>]) -> Vec<f64> {
        let mut values = vec![0.0; self.model.n_vars()];
        let opens: Vec<Vec<bool>> = (0..problem.phases.len()).map(|t| open_by(opened, t)).collect();
        for (x, open) in self.xs.iter().zip(&opens) {
            for (x, _) in x.iter().zip(open).filter(|(_, open)| **open) {
                x.iter().for_each(|x| values[x.0] = 1.0);
            }
        }
        for (t, row, y) in &self.ys {
            values[y.0] = f64::from(u8::from(row.iter().any(|&s| opens[*t][s as usize])));
        }
        // A shade less than what the plan reaches, so that rounding does not make the start infeasible.
        let reached = worst(problem, opened) as f64 * (1.0 - 1e-9);
        values[self.z[0].0] = (reached / (self.most.saturating_sub(1).max(1)) as f64).clamp(0.0, 1.0);
        values
    }
}

/// Checks feasibility and the objective on the raw tables, row by row.
fn verify(problem: &Problem, plan: &Plan) -> Result<()> {
    let mut least = u64::MAX;
    for cover in problem.cases {
        let mut sum = 0;
        for (t, phase) in problem.phases.iter().enumerate() {
            for (r, weight) in phase.weights.iter().enumerate() {
                let opened = |&s: &u32| plan.opened_in[s as usize].is_some_and(|at| at as usize <= t);
                if cover.row(r).iter().any(opened) {
                    sum += weight * phase.multiplier;
                }
            }
        }
        least = least.min(sum);
    }
    if least != plan.objective || plan.bound < plan.objective || !is_feasible(problem, &plan.opened_in) {
        let message =
            format!("the worst case comes to {least}, not to {}, or the plan is not feasible", plan.objective);
        return Err(Fault::new("optimise::verify", message).help("this is a fault in gandan; please report it").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Status;
    use crate::testkit::Draw;

    #[test]
    fn the_worst_case_by_hand() {
        // Rows of 5, 4 and 3. Normally site 0 serves rows 0 and 1 (9), site 1 row 2 (3), site 2 rows 1 and 2 (7). With
        // the bridge closed site 0 serves nobody. With one site: 0 gives min(9, 0) = 0, 1 gives 3, 2 gives 7.
        let normal = CoverTable::from_pairs(3, 3, &[(0, 0), (1, 0), (2, 1), (1, 2), (2, 2)]).unwrap();
        let closed = CoverTable::from_pairs(3, 3, &[(2, 1), (1, 2), (2, 2)]).unwrap();
        let phase =
            Phase { weights: vec![5, 4, 3], multiplier: 1, allowed: vec![true; 3], open_total: 1, budget: None };
        let (cases, phases) = ([normal, closed], [phase]);
        let problem = Problem { cases: &cases, costs: &[1; 3], fixed: &[false; 3], phases: &phases };
        let found = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((found.plan.open_at(0), found.plan.objective, found.plan.bound), (vec![2], 7, 7));
        assert_eq!((found.by_case.clone(), found.normal_plan_by_case.clone()), (vec![7, 7], vec![9, 0]));
        // The normal case pays 9 − 7.
        assert_eq!((found.price(), found.plan.status), (2, Status::Optimal));
    }

    #[test]
    fn false_claims_of_the_worst_case_are_noticed() {
        // As above: site 2 comes to 7 in the worse case.
        let normal = CoverTable::from_pairs(3, 3, &[(0, 0), (1, 0), (2, 1), (1, 2), (2, 2)]).unwrap();
        let closed = CoverTable::from_pairs(3, 3, &[(2, 1), (1, 2), (2, 2)]).unwrap();
        let phase =
            Phase { weights: vec![5, 4, 3], multiplier: 1, allowed: vec![true; 3], open_total: 1, budget: None };
        let (cases, phases) = ([normal, closed], [phase]);
        let problem = Problem { cases: &cases, costs: &[1; 3], fixed: &[false; 3], phases: &phases };
        let plan = solve(&problem, &Limits::default()).unwrap().plan;
        assert!(verify(&problem, &plan).is_ok());
        let claims: [fn(&mut Plan); 4] = [
            |plan| plan.objective = 8,
            |plan| plan.objective = 6,
            |plan| plan.bound = 6,
            // Two sites where one may open: 12 normally, 7 when the bridge is closed, so the sum is right.
            |plan| plan.opened_in = vec![Some(0), None, Some(0)],
        ];
        for (i, claim) in claims.iter().enumerate() {
            let mut plan = plan.clone();
            claim(&mut plan);
            assert!(verify(&problem, &plan).is_err(), "claim {i}");
        }
    }

    /// The best worst case, by trying every phase of opening for every site.
    fn brute_force(problem: &Problem) -> u64 {
        let (n, choices) = (problem.fixed.len(), problem.phases.len() + 1);
        let mut best = 0;
        for number in 0..choices.pow(n as u32) {
            let mut rest = number;
            let opened: Vec<Option<u32>> = (0..n)
                .map(|s| {
                    let at = rest % choices;
                    rest /= choices;
                    if problem.fixed[s] { Some(0) } else { (at > 0).then(|| at as u32 - 1) }
                })
                .collect();
            if is_feasible(problem, &opened) {
                best = best.max(worst(problem, &opened));
            }
        }
        best
    }

    #[test]
    fn it_agrees_with_brute_force() {
        for seed in 0..600 {
            let mut draw = Draw::new(seed);
            let (n_rows, n) = (1 + draw.below(9), 1 + draw.below(5));
            let cases: Vec<CoverTable> = (0..1 + draw.below(4))
                .map(|_| {
                    let all = (0..n_rows as u32).flat_map(|r| (0..n as u32).map(move |s| (r, s)));
                    let pairs: Vec<(u32, u32)> = all.filter(|_| draw.below(5) < 2).collect();
                    CoverTable::from_pairs(n_rows, n, &pairs).unwrap()
                })
                .collect();
            let fixed: Vec<bool> = (0..n).map(|_| draw.below(7) == 0).collect();
            let costs: Vec<u64> = (0..n).map(|_| 1 + draw.below(5) as u64).collect();
            let n_fixed = fixed.iter().filter(|f| **f).count();
            let fixed_cost: u64 = costs.iter().zip(&fixed).filter(|(_, f)| **f).map(|(c, _)| c).sum();
            let with_budget = draw.below(3) == 0;
            let (mut total, mut budget) = (n_fixed, fixed_cost);
            let phases: Vec<Phase> = (0..1 + draw.below(2))
                .map(|_| {
                    (total, budget) = (total + draw.below(3), budget + draw.below(7) as u64);
                    Phase {
                        weights: (0..n_rows).map(|_| draw.below(1000) as u64).collect(),
                        multiplier: 1 + draw.below(30) as u64,
                        allowed: (0..n).map(|_| draw.below(5) > 0).collect(),
                        open_total: total,
                        budget: with_budget.then_some(budget),
                    }
                })
                .collect();
            let problem = Problem { cases: &cases, costs: &costs, fixed: &fixed, phases: &phases };
            let found = solve(&problem, &Limits::default()).unwrap();
            let best = brute_force(&problem);
            assert_eq!((found.plan.objective, found.plan.bound), (best, best), "seed {seed}");
            assert_eq!((found.plan.gap, found.plan.status), (0.0, Status::Optimal), "seed {seed}");
            assert_eq!(found.by_case[found.worst()], best, "seed {seed}");
        }
    }

    #[test]
    fn cases_must_be_of_one_size() {
        let (a, b) = (CoverTable::from_pairs(1, 2, &[]).unwrap(), CoverTable::from_pairs(2, 2, &[]).unwrap());
        let phase = Phase { weights: vec![1], multiplier: 1, allowed: vec![true; 2], open_total: 1, budget: None };
        let (cases, phases) = ([a, b], [phase]);
        let problem = Problem { cases: &cases, costs: &[1; 2], fixed: &[false; 2], phases: &phases };
        assert_eq!(solve(&problem, &Limits::default()).unwrap_err().faults()[0].code, "optimise::size");
        let none = Problem { cases: &[], ..problem };
        assert_eq!(solve(&none, &Limits::default()).unwrap_err().faults()[0].code, "optimise::size");
    }
}
