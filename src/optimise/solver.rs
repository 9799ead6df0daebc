//! The one door to the solver: a model with integer objective coefficients, built with good_lp, solved by HiGHS.
//!
//! good_lp returns neither the bound of a stopped search nor the bound behind an "optimal" one, so the model it built is
//! handed to HiGHS itself, which does. HiGHS computes in floating point: the model is scaled to sane numbers, the
//! caller recomputes objectives in integers, and the bound is rounded outwards by more than HiGHS's own tolerances.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use good_lp::solvers::ObjectiveDirection;
use good_lp::{Expression, ProblemVariables, Variable, highs, variable};

use super::answer::{Limits, Sense};
use crate::error::{Fault, Result};
use crate::stages::go_on;

/// How often it is seen whether the user stops the run while HiGHS searches.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// HiGHS's tolerance on feasibility and pruning, in units of the scaled objective, twice over.
const SOLVER_TOLERANCE: f64 = 2e-6;

/// A mixed integer model whose variables all lie between 0 and 1.
pub(crate) struct Model {
    sense: Sense,
    variables: ProblemVariables,
    handles: Vec<Variable>,
    objective: Vec<u64>,
    constraints: Vec<good_lp::Constraint>,
}

/// A variable of a [`Model`], by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Var(pub(crate) usize);

/// What the solver found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// The value of each variable in the best solution found, if there was one.
    pub(crate) values: Option<Vec<f64>>,
    /// The proven bound on the integer objective, rounded outwards; `None` where nothing was proven.
    pub(crate) bound: Option<u64>,
}

impl Model {
    pub(crate) fn new(sense: Sense) -> Self {
        Model {
            sense,
            variables: ProblemVariables::new(),
            handles: Vec::new(),
            objective: Vec::new(),
            constraints: Vec::new(),
        }
    }

    /// A variable that is 0 or 1.
    pub(crate) fn binary(&mut self) -> Var {
        self.add(variable().binary())
    }

    /// A variable anywhere from 0 to 1.
    pub(crate) fn share(&mut self) -> Var {
        self.add(variable().min(0.0).max(1.0))
    }

    fn add(&mut self, definition: good_lp::VariableDefinition) -> Var {
        self.handles.push(self.variables.add(definition));
        self.objective.push(0);
        Var(self.handles.len() - 1)
    }

    /// Adds to a variable's objective coefficient. The caller keeps all sums below [`super::LARGEST_TOTAL`].
    pub(crate) fn reward(&mut self, var: Var, amount: u64) {
        self.objective[var.0] += amount;
    }

    pub(crate) fn n_vars(&self) -> usize {
        self.handles.len()
    }

    pub(crate) fn n_constraints(&self) -> usize {
        self.constraints.len()
    }

    /// Σ terms ≥ least.
    pub(crate) fn at_least(&mut self, terms: impl IntoIterator<Item = (Var, f64)>, least: f64) {
        let expression = self.expression(terms);
        self.constraints.push(expression.geq(least));
    }

    /// Σ terms ≤ most.
    pub(crate) fn at_most(&mut self, terms: impl IntoIterator<Item = (Var, f64)>, most: f64) {
        let expression = self.expression(terms);
        self.constraints.push(expression.leq(most));
    }

    fn expression(&self, terms: impl IntoIterator<Item = (Var, f64)>) -> Expression {
        let terms = terms.into_iter();
        let mut expression = Expression::with_capacity(terms.size_hint().0);
        for (var, factor) in terms {
            expression.add_mul(factor, self.handles[var.0]);
        }
        expression
    }

    /// Solves, starting from `start` (a value a variable) where given, within `time_s` seconds where given.
    ///
    /// # Errors
    /// `optimise::solver` where HiGHS refuses the model; interrupted.
    pub(crate) fn solve(self, start: Option<Vec<f64>>, limits: &Limits, time_s: Option<f64>) -> Result<Outcome> {
        // HiGHS keeps one pool of threads for each thread that calls it, with the size of the first call; a thread of
        // its own lets every solve have the number it asks for.
        let limits = limits.clone();
        let (tell, told) = channel();
        let solving = move || {
            // Nobody listens any more once the user has stopped the run.
            let _ = tell.send(self.solve_here(start, &limits, time_s));
        };
        std::thread::Builder::new().name("highs".into()).spawn(solving).map_err(|e| fault(&e.to_string()))?;
        loop {
            match told.recv_timeout(LOOKS_EVERY) {
                Ok(outcome) => return outcome.map_err(|what| fault(&what)),
                // HiGHS itself cannot be stopped from here: it is left alone, and ends with the program.
                Err(RecvTimeoutError::Timeout) => go_on()?,
                Err(RecvTimeoutError::Disconnected) => return Err(fault("it broke off")),
            }
        }
    }

    fn solve_here(self, start: Option<Vec<f64>>, limits: &Limits, time_s: Option<f64>) -> Result<Outcome, String> {
        let scale = Scale::of(&self.objective);
        let n_vars = self.n_vars();
        let mut objective = Expression::with_capacity(n_vars);
        for (&handle, &amount) in self.handles.iter().zip(&self.objective) {
            if amount > 0 {
                objective.add_mul(scale.to_model(amount), handle);
            }
        }
        let direction = match self.sense {
            Sense::Maximise => ObjectiveDirection::Maximisation,
            Sense::Minimise => ObjectiveDirection::Minimisation,
        };
        let mut problem = self.variables.optimise(direction, objective).using(highs);
        for constraint in self.constraints {
            good_lp::SolverModel::add_constraint(&mut problem, constraint);
        }
        let mut highs = problem.try_into_inner().map_err(|e| e.to_string())?;

        let refused = |_| "it refused an option".to_string();
        highs.try_set_option("mip_rel_gap", limits.gap).map_err(refused)?;
        highs.try_set_option("mip_abs_gap", 0.0).map_err(refused)?;
        highs.try_set_option("threads", limits.threads as i32).map_err(refused)?;
        highs.try_set_option("parallel", if limits.threads == 1 { "off" } else { "on" }).map_err(refused)?;
        highs.try_set_option("random_seed", limits.seed as i32).map_err(refused)?;
        if let Some(time_s) = time_s {
            highs.try_set_option("time_limit", time_s).map_err(refused)?;
        }
        if let Some(start) = start {
            highs.try_set_solution(Some(&start), None, None, None).map_err(|e| format!("{e:?} for the start"))?;
        }
        let solved = highs.try_solve().map_err(|e| format!("it ended with {e:?}"))?;

        // 2 is HiGHS's kSolutionStatusFeasible.
        let feasible = solved.int_info_value(c"primal_solution_status").is_ok_and(|status| status == 2);
        let values = feasible.then(|| solved.get_solution().columns().to_vec()).filter(|v| v.len() == n_vars);
        let bound = solved.double_info_value(c"mip_dual_bound").ok().and_then(|b| scale.bound(self.sense, b));
        Ok(Outcome { values, bound })
    }
}

fn fault(what: &str) -> crate::error::Error {
    Fault::new("optimise::solver", format!("HiGHS could not work on the model: {what}"))
        .help("this is a fault in gandan; please report it with the tables")
        .into()
}

/// Integer objective ↔ the solver's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    /// Greatest common divisor of all coefficients: every objective is a multiple of it.
    step: u64,
    /// Integer units in one unit of the model; a multiple of `step` by a power of ten.
    unit: f64,
    /// The largest objective there can be, in integer units.
    total: u64,
}

impl Scale {
    fn of(objective: &[u64]) -> Self {
        let step = objective.iter().fold(0, |a, &b| gcd(a, b)).max(1);
        let total = objective.iter().fold(0_u64, |a, &b| a.saturating_add(b));
        let mut unit = step as f64;
        // Up to 10⁷ in sum is sane for HiGHS's absolute tolerances of 10⁻⁷ and 10⁻⁶, and a step of 10⁻³ stays well
        // above them. Only sums past 10¹³ steps make the step smaller.
        let mut shrunk = 0;
        while total as f64 / unit > if shrunk < 3 { 1e7 } else { 1e10 } {
            unit *= 10.0;
            shrunk += 1;
        }
        Scale { step, unit, total }
    }

    fn to_model(self, amount: u64) -> f64 {
        // Exact where `unit` is `step`: both are integers.
        if self.unit == self.step as f64 { (amount / self.step) as f64 } else { amount as f64 / self.unit }
    }

    /// The solver's bound in integer units: moved outwards by part of a step and the tolerances, then rounded inwards to
    /// the next multiple of `step`, which any true objective is.
    fn bound(self, sense: Sense, bound: f64) -> Option<u64> {
        if !bound.is_finite() {
            return None;
        }
        let step = self.step as f64;
        let exact = bound * self.unit;
        // Half a step costs nothing where steps are tiny. Where a step is a whole unit it would throw away proofs.
        let part = if self.unit > step { 0.5 } else { 0.01 };
        let margin = (part * step).max(SOLVER_TOLERANCE * self.unit).max(exact.abs() * 1e-15);
        let steps = match sense {
            Sense::Maximise => ((exact + margin) / step).floor(),
            Sense::Minimise => ((exact - margin) / step).ceil(),
        };
        // `as` saturates: negative is 0, which is a true lower bound; past the total, the total is a true upper bound.
        Some((steps as u64).saturating_mul(self.step).min(self.total))
    }
}

/// Greatest common divisor; that of 0 and `b` is `b`.
pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_by_hand() {
        // All are thousands and their sum is 6 thousand: one unit is 1,000.
        assert_eq!(Scale::of(&[1000, 2000, 0, 3000]), Scale { step: 1000, unit: 1000.0, total: 6000 });
        // 2·10⁹ + 1 milli-persons: in persons.
        assert_eq!(Scale::of(&[2_000_000_000, 1]).unit, 1000.0);
        assert_eq!(Scale::of(&[]), Scale { step: 1, unit: 1.0, total: 0 });
    }

    #[test]
    fn bounds_are_rounded_safely() {
        let persons = Scale { step: 1, unit: 1000.0, total: u64::MAX };
        // 12.3449 persons are 12,344.9 units, plus 0.5 = 12,345.4: at most 12,345 units.
        assert_eq!(persons.bound(Sense::Maximise, 12.3449), Some(12_345));
        // 12.3453 persons are 12,345.3, minus 0.5 = 12,344.8: at least 12,345 units.
        assert_eq!(persons.bound(Sense::Minimise, 12.3453), Some(12_345));
        // HiGHS a shade too tight at the true value 12,345 is forgiven.
        assert_eq!(persons.bound(Sense::Maximise, 12.3449999), Some(12_345));
        assert_eq!(persons.bound(Sense::Minimise, 12.3450001), Some(12_345));
        assert_eq!(persons.bound(Sense::Maximise, f64::INFINITY), None);
        assert_eq!(persons.bound(Sense::Minimise, -3.0), Some(0));
        // Multiples of 1,000 only: at least 428.2 thousand is at least 429 thousand; 428.005 − 0.01 is still 428.
        let costs = Scale { step: 1000, unit: 1000.0, total: u64::MAX };
        assert_eq!(costs.bound(Sense::Minimise, 428.2), Some(429_000));
        assert_eq!(costs.bound(Sense::Minimise, 428.005), Some(428_000));
    }

    #[test]
    fn a_knapsack() {
        // Most of 5, 4, 3 with sizes 2, 3, 1 in 3: 5 + 3 = 8.
        let mut model = Model::new(Sense::Maximise);
        let vars = [model.binary(), model.binary(), model.binary()];
        for (var, gain) in vars.iter().zip([5, 4, 3]) {
            model.reward(*var, gain);
        }
        model.at_most(vars.iter().copied().zip([2.0, 3.0, 1.0]), 3.0);
        let outcome = model.solve(Some(vec![0.0, 1.0, 0.0]), &Limits::default(), None).unwrap();
        assert_eq!(outcome.bound, Some(8));
        assert_eq!(outcome.values.unwrap().iter().map(|v| v.round()).collect::<Vec<_>>(), [1.0, 0.0, 1.0]);
    }

    #[test]
    fn an_infeasible_model_has_no_values() {
        let mut model = Model::new(Sense::Minimise);
        let x = model.binary();
        model.reward(x, 1);
        model.at_least([(x, 1.0)], 2.0);
        assert_eq!(model.solve(None, &Limits::default(), None).unwrap().values, None);
    }
}
