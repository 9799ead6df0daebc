//! The joint model of a rollout with side constraints, for whatever goal, handed to HiGHS.
//!
//! HiGHS keeps constraints within a tolerance only, and a sum over millions of people leaves it room for a few of them.
//! So every schedule it gives is checked in integers; one that breaks something is cut off by an inequality that every
//! sound schedule keeps, and the model is solved again. Bounds stay true throughout.

use std::collections::BTreeMap;
use std::ops::Range;

use super::side::{Broken, Floor, SideConstraints, broken};
use super::{Problem, stands};
use crate::error::Result;
use crate::optimise::answer::{Progress, Sense};
use crate::optimise::reduce::{self, Merged, NO_CLASS};
use crate::optimise::solver::{Model, Outcome, Var, gcd};

/// What is sought.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal<'a> {
    /// Most Σ multiplier · weight over the phases.
    People,
    /// Most of the weight that these floors ask for: Σ min(covered, least).
    Reach(&'a [Floor]),
    /// Most of these floors.
    FloorsMet(&'a [Floor]),
    /// Fewest sites in the last phase.
    Fewest,
    /// Least cost of the sites in the last phase.
    Cheapest,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// When each site opens, where a schedule was found that keeps everything.
    pub opened_in: Option<Vec<Option<u32>>>,
    /// What no schedule can beat, where something was proven.
    pub bound: Option<u64>,
    /// Size of the model and rounds of cutting, for the steps of the proof.
    pub told: String,
}

/// Rounds of cutting off unsound schedules before giving up.
const MOST_ROUNDS: usize = 30;

/// Seeks the goal.
///
/// # Errors
/// `optimise::solver` where HiGHS refuses the model.
pub(super) fn seek(problem: &Problem, side: &SideConstraints, goal: Goal, progress: &Progress) -> Result<Found> {
    let runs = runs(problem, side);
    let tables = Tables::new(problem, side, &runs);
    let mut cuts: Vec<Cut> = Vec::new();
    let mut told = String::new();
    let mut bound = None;
    for round in 0..MOST_ROUNDS {
        if progress.out_of_time() {
            break;
        }
        let mut build = Build::new(problem, &tables, goal);
        build.nest(&runs);
        build.ask(side, goal);
        cuts.iter().for_each(|cut| build.cut(cut));
        if build.impossible {
            return Ok(Found { opened_in: None, bound, told: "a floor that nothing can reach".into() });
        }
        told = format!("{} variables, {} constraints", build.model.n_vars(), build.model.n_constraints());
        if round > 0 {
            told += &format!(", {} cuts", cuts.len());
        }
        let Build { model, x, gates, constant, .. } = build;
        let outcome = match model.n_vars() {
            // Everything is settled; HiGHS calls an empty model neither solved nor unsolvable.
            0 => Outcome { values: Some(Vec::new()), bound: Some(0) },
            _ => model.solve(None, &progress.limits, progress.remaining_s())?,
        };
        bound = outcome.bound.map(|b| b + constant).or(bound);
        let Some(values) = outcome.values else { return Ok(Found { opened_in: None, bound, told }) };
        let opened_in = tables.opened_in(problem, &runs, &x, &values);
        let closes = side.closings(opened_in.len());
        let mut new = Vec::new();
        for broken in broken(problem, side, &opened_in) {
            match broken {
                Broken::TooMuch(t) => new.push(Cut::NotAll(run_of(&runs, t), stands(&opened_in, &closes, t))),
                Broken::Floor(i) => {
                    let t = side.floors[i].phase as usize;
                    new.push(Cut::Another(run_of(&runs, t), stands(&opened_in, &closes, t), None));
                }
                // A floor of it was claimed that does not hold; those are found below.
                Broken::Count(_) => {}
            }
        }
        let sound = new.is_empty();
        for (g, (gate, floor)) in gates.iter().enumerate() {
            let standing = stands(&opened_in, &closes, floor.phase as usize);
            if values[gate.0] > 0.5 && !floor.holds(problem.cover, &standing) {
                new.push(Cut::Another(run_of(&runs, floor.phase as usize), standing, Some(g)));
            }
        }
        let kept = sound && broken(problem, side, &opened_in).is_empty();
        if new.is_empty() || (kept && matches!(goal, Goal::People)) {
            return Ok(Found { opened_in: kept.then_some(opened_in), bound, told });
        }
        cuts.extend(new);
    }
    Ok(Found { opened_in: None, bound, told })
}

/// Runs of phases that share their standing sites: each begins where something may open, must stand, or closes.
fn runs(problem: &Problem, side: &SideConstraints) -> Vec<Range<usize>> {
    let n = problem.fixed.len();
    let changes =
        |t: usize| (0..n).any(|s| (problem.phases[t].allowed[s] && !problem.fixed[s]) || side.closes(s) == Some(t));
    let mut runs: Vec<Range<usize>> = Vec::new();
    for t in 0..problem.phases.len() {
        match runs.last_mut() {
            Some(run) if !changes(t) => run.end = t + 1,
            _ => runs.push(t..t + 1),
        }
    }
    runs
}

fn run_of(runs: &[Range<usize>], t: usize) -> usize {
    runs.iter().position(|run| run.contains(&t)).unwrap_or(0)
}

/// Whether a site stands in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Closed,
    Open,
    /// As in the run before, or as it opens in this one.
    May {
        opens_here: bool,
    },
}

/// An inequality that sound schedules keep.
enum Cut {
    /// Not all of these sites stand together in a run.
    NotAll(usize, Vec<bool>),
    /// Besides these another stands in a run, or the gate's floor does not hold.
    Another(usize, Vec<bool>, Option<usize>),
}

/// What the rounds share: what may stand in each run, and the rows merged by it.
struct Tables {
    stand: Vec<Vec<Stand>>,
    /// All rows merged over all usable sites, then over those of each run.
    base: Merged,
    by_run: Vec<Merged>,
    phase_run: Vec<usize>,
}

impl Tables {
    fn new(problem: &Problem, side: &SideConstraints, runs: &[Range<usize>]) -> Self {
        let n = problem.fixed.len();
        let due: Vec<Option<usize>> = (0..n).map(|s| side.due(problem, s)).collect();
        let mut stand: Vec<Vec<Stand>> = Vec::new();
        for run in runs {
            let of = |s: usize| {
                let before = stand.last().map_or(Stand::Closed, |before: &Vec<Stand>| before[s]);
                let opens_here = problem.phases[run.start].allowed[s];
                if side.closes(s).is_some_and(|closes| closes <= run.start) {
                    Stand::Closed
                } else if problem.fixed[s] || due[s].is_some_and(|due| due <= run.start) {
                    Stand::Open
                } else if opens_here || before != Stand::Closed {
                    Stand::May { opens_here }
                } else {
                    Stand::Closed
                }
            };
            stand.push((0..n).map(of).collect());
        }
        let value = |run: &Range<usize>, r: usize| -> u64 {
            problem.phases[run.clone()].iter().map(|p| p.multiplier * p.weights[r]).sum()
        };
        let values: Vec<Vec<u64>> =
            runs.iter().map(|run| (0..problem.cover.n_rows()).map(|r| value(run, r)).collect()).collect();
        let vectors: Vec<&[u64]> = values.iter().map(Vec::as_slice).collect();
        let may = |stand: &[Stand]| -> Vec<bool> { stand.iter().map(|s| *s != Stand::Closed).collect() };
        let usable: Vec<bool> = (0..n).map(|s| stand.iter().any(|stand| stand[s] != Stand::Closed)).collect();
        let base = reduce::merge(problem.cover, &vectors, &usable);
        let by_run = stand
            .iter()
            .zip(&base.weights)
            .map(|(stand, values)| reduce::merge(&base.cover, &[values], &may(stand)))
            .collect();
        let phase_run = (0..problem.phases.len()).map(|t| run_of(runs, t)).collect();
        Tables { stand, base, by_run, phase_run }
    }

    fn opened_in(
        &self,
        problem: &Problem,
        runs: &[Range<usize>],
        x: &[Vec<Option<Var>>],
        values: &[f64],
    ) -> Vec<Option<u32>> {
        let stands = |k: usize, s: usize| match self.stand[k][s] {
            Stand::Open => true,
            Stand::Closed => false,
            Stand::May { .. } => x[k][s].is_some_and(|x| values[x.0] > 0.5),
        };
        let opens = |s: usize| match problem.fixed[s] {
            true => Some(0),
            false => (0..runs.len()).find(|&k| stands(k, s)).map(|k| runs[k].start as u32),
        };
        (0..problem.fixed.len()).map(opens).collect()
    }
}

/// What covers a class of rows in a run.
#[derive(Debug, Clone, Copy)]
enum Covering {
    Always,
    By(Var),
}

struct Build<'a> {
    problem: &'a Problem<'a>,
    tables: &'a Tables,
    model: Model,
    /// `x[run][site]`, where it is not settled.
    x: Vec<Vec<Option<Var>>>,
    coverings: Vec<Vec<Option<Covering>>>,
    gates: Vec<(Var, Floor)>,
    /// What is settled of the objective.
    constant: u64,
    impossible: bool,
}

impl<'a> Build<'a> {
    fn new(problem: &'a Problem<'a>, tables: &'a Tables, goal: Goal) -> Self {
        let sense = match goal {
            Goal::Fewest | Goal::Cheapest => Sense::Minimise,
            _ => Sense::Maximise,
        };
        Build {
            problem,
            tables,
            model: Model::new(sense),
            x: Vec::new(),
            coverings: tables.by_run.iter().map(|run| vec![None; run.cover.n_rows()]).collect(),
            gates: Vec::new(),
            constant: 0,
            impossible: false,
        }
    }

    /// The sites, run by run: nesting, numbers, budgets.
    fn nest(&mut self, runs: &[Range<usize>]) {
        let n = self.problem.fixed.len();
        for (k, run) in runs.iter().enumerate() {
            let mut x: Vec<Option<Var>> = vec![None; n];
            for (s, x) in x.iter_mut().enumerate() {
                let before = k.checked_sub(1).and_then(|before| self.x[before][s]);
                if let Stand::May { opens_here } = self.tables.stand[k][s] {
                    *x = match before {
                        Some(before) if !opens_here => Some(before),
                        Some(before) => {
                            let now = self.model.binary();
                            self.model.at_most([(before, 1.0), (now, -1.0)], 0.0);
                            Some(now)
                        }
                        None => Some(self.model.binary()),
                    };
                }
            }
            let forced: Vec<usize> = (0..n).filter(|&s| self.tables.stand[k][s] == Stand::Open).collect();
            let spent: u64 = forced.iter().map(|&s| self.problem.costs[s]).sum();
            let phases = &self.problem.phases[run.clone()];
            let open_total = phases.iter().map(|p| p.open_total).min().unwrap_or(0);
            let may: Vec<(usize, Var)> = (0..n).filter_map(|s| x[s].map(|x| (s, x))).collect();
            if forced.len() + may.len() > open_total {
                let most = open_total.saturating_sub(forced.len());
                self.model.at_most(may.iter().map(|&(_, x)| (x, 1.0)), most as f64);
            }
            if let Some(budget) = phases.iter().filter_map(|p| p.budget).min() {
                self.spend(&may, budget.saturating_sub(spent));
            }
            self.x.push(x);
        }
    }

    fn spend(&mut self, may: &[(usize, Var)], budget: u64) {
        let costs = self.problem.costs;
        let step = may.iter().fold(0, |a, &(s, _)| gcd(a, costs[s])).max(1);
        // Small enough for HiGHS's tolerance; a set that overspends by less than that is cut off.
        let unit = ((budget / step) as f64 / 1e3).max(1.0);
        for (_, x) in may.iter().filter(|(s, _)| costs[*s] > budget) {
            self.model.at_most([(*x, 1.0)], 0.0);
        }
        let affordable = may.iter().filter(|(s, _)| costs[*s] <= budget && costs[*s] > 0);
        let terms: Vec<_> = affordable.map(|&(s, x)| (x, (costs[s] / step) as f64 / unit)).collect();
        if !terms.is_empty() {
            self.model.at_most(terms, (budget / step) as f64 / unit);
        }
    }

    /// What covers a class of a run; makes its variable where it is asked for the first time.
    fn covering(&mut self, k: usize, class: usize) -> Covering {
        if let Some(known) = self.coverings[k][class] {
            return known;
        }
        let row = self.tables.by_run[k].cover.row(class);
        let covering = if row.iter().any(|&s| self.tables.stand[k][s as usize] == Stand::Open) {
            Covering::Always
        } else {
            let serving: Vec<Var> = row.iter().filter_map(|&s| self.x[k][s as usize]).collect();
            match serving[..] {
                [only] => Covering::By(only),
                _ => {
                    let y = self.model.share();
                    self.model.at_most(serving.iter().map(|&x| (x, -1.0)).chain([(y, 1.0)]), 0.0);
                    Covering::By(y)
                }
            }
        };
        self.coverings[k][class] = Some(covering);
        covering
    }

    /// What covers the rows of a floor: weights by variable, and the weight that is covered anyway.
    fn terms(&mut self, floor: &Floor) -> (BTreeMap<usize, u64>, u64) {
        let k = self.tables.phase_run[floor.phase as usize];
        let mut by_class: BTreeMap<usize, u64> = BTreeMap::new();
        for &(r, weight) in &floor.rows {
            let base = self.tables.base.class_of[r as usize];
            if base != NO_CLASS && weight > 0 {
                let class = self.tables.by_run[k].class_of[base as usize];
                if class != NO_CLASS {
                    *by_class.entry(class as usize).or_default() += weight;
                }
            }
        }
        let (mut terms, mut always) = (BTreeMap::new(), 0);
        for (class, weight) in by_class {
            match self.covering(k, class) {
                Covering::Always => always += weight,
                Covering::By(var) => *terms.entry(var.0).or_default() += weight,
            }
        }
        (terms, always)
    }

    /// Σ terms ≥ least · gate, in numbers that HiGHS takes well; without a gate Σ terms ≥ least. `slack` is a part of a
    /// step: half a step less is asked for than is meant where only whole steps can be reached.
    fn floor(&mut self, terms: &BTreeMap<usize, u64>, least: u64, gate: Option<Var>, slack: f64) {
        let step = terms.values().fold(0, |a, &b| gcd(a, b)).max(1);
        // One y that alone reaches `least` counts as much as is asked and no more: the same plans, a tighter model.
        let clipped = |w: u64| w.min(least.div_ceil(step) * step);
        let total: u64 = terms.values().map(|&w| clipped(w)).sum();
        // HiGHS takes a row for broken that misses its side by 10⁻⁶, while each y may be off by some 10⁻⁸ of its factor:
        // so the factors sum to 10 at most. It leaves out factors below 10⁻⁹; what those weigh is taken as covered.
        let unit = (least as f64).max(total as f64 / 10.0);
        let kept = terms.iter().map(|(&var, &w)| (Var(var), clipped(w))).filter(|(_, w)| *w as f64 / unit > 2e-9);
        let kept: Vec<(Var, u64)> = kept.collect();
        let tiny = total - kept.iter().map(|(_, w)| *w).sum::<u64>();
        let asked = if slack > 0.0 { (least.div_ceil(step) as f64 - slack) * step as f64 } else { least as f64 };
        let least = (asked - tiny as f64) / unit;
        let sum = kept.into_iter().map(|(var, w)| (var, w as f64 / unit));
        match gate {
            None => self.model.at_least(sum.collect::<Vec<_>>(), least),
            Some(gate) => self.model.at_least(sum.chain([(gate, -least)]).collect::<Vec<_>>(), 0.0),
        }
    }

    /// A variable that can only be 1 where the floor holds; none where it never does.
    fn gate(&mut self, floor: &Floor) -> Option<Var> {
        let (terms, always) = self.terms(floor);
        let gate = self.model.binary();
        self.gates.push((gate, floor.clone()));
        let left = floor.least.saturating_sub(always);
        if left > terms.values().sum::<u64>() {
            self.model.at_most([(gate, 1.0)], 0.0);
        } else if left > 0 {
            self.floor(&terms, left, Some(gate), 0.5);
        }
        Some(gate)
    }

    fn ask(&mut self, side: &SideConstraints, goal: Goal) {
        for floor in &side.floors {
            let (terms, always) = self.terms(floor);
            let left = floor.least.saturating_sub(always);
            if left > terms.values().sum::<u64>() {
                self.impossible = true;
            } else if left > 0 {
                self.floor(&terms, left, None, 0.5);
            }
        }
        for count in &side.counts {
            let gates: Vec<_> = count.floors.iter().filter_map(|f| self.gate(f)).collect();
            self.model.at_least(gates.into_iter().map(|gate| (gate, 1.0)), count.at_least as f64);
        }
        match goal {
            Goal::People => {
                for k in 0..self.tables.by_run.len() {
                    for class in 0..self.tables.by_run[k].cover.n_rows() {
                        let weight = self.tables.by_run[k].weights[0][class];
                        if weight > 0 {
                            match self.covering(k, class) {
                                Covering::Always => self.constant += weight,
                                Covering::By(var) => self.model.reward(var, weight),
                            }
                        }
                    }
                }
            }
            Goal::Reach(floors) => {
                for floor in floors {
                    let (terms, always) = self.terms(floor);
                    self.constant += always.min(floor.least);
                    let left = floor.least.saturating_sub(always).min(terms.values().sum());
                    if left > 0 {
                        let reached = self.model.share();
                        self.model.reward(reached, left);
                        // A share of what is asked counts too, so nothing is taken off.
                        self.floor(&terms, left, Some(reached), 0.0);
                    }
                }
            }
            Goal::FloorsMet(floors) => {
                for floor in floors {
                    if let Some(gate) = self.gate(floor) {
                        self.model.reward(gate, 1);
                    }
                }
            }
            Goal::Fewest | Goal::Cheapest => {
                let last = self.x.len() - 1;
                for s in 0..self.problem.fixed.len() {
                    let price = if matches!(goal, Goal::Fewest) { 1 } else { self.problem.costs[s] };
                    match (self.tables.stand[last][s], self.x[last][s]) {
                        (Stand::Open, _) => self.constant += price,
                        (_, Some(x)) => self.model.reward(x, price),
                        _ => {}
                    }
                }
            }
        }
    }

    fn cut(&mut self, cut: &Cut) {
        match cut {
            Cut::NotAll(k, set) => {
                let xs: Vec<Var> = (0..set.len()).filter(|&s| set[s]).filter_map(|s| self.x[*k][s]).collect();
                let most = xs.len() as f64 - 1.0;
                self.model.at_most(xs.into_iter().map(|x| (x, 1.0)), most);
            }
            Cut::Another(k, set, gate) => {
                let others: Vec<(Var, f64)> =
                    (0..set.len()).filter(|&s| !set[s]).filter_map(|s| self.x[*k][s]).map(|x| (x, 1.0)).collect();
                match gate.map(|g| self.gates[g].0) {
                    None => self.model.at_least(others, 1.0),
                    Some(gate) => self.model.at_least(others.into_iter().chain([(gate, -1.0)]), 0.0),
                }
            }
        }
    }
}
