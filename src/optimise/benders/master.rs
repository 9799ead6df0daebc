//! The Benders master problem: the linear relaxation over the sites alone, with what rows are covered as cuts.
//!
//! maximise Σ_{t,g} θ_{t,g}  subject to  θ_{t,g} ≤ Σ_{i ∈ g full} w_i + Σ_{i ∈ g partial} w_i Σ_{j serves i} x_{j,t}
//! for every split of a group's rows into full and partial ones. Of the exponentially many cuts the one that is violated
//! most at x is found in linear time: a row is partial where Σ_{j serves i} x_j < 1 (Cordeau, Furini and Ljubić 2019).

use std::collections::BTreeMap;
use std::ops::Range;

use highs::{Col, HighsModelStatus, Model, RowProblem, Sense};

use super::dual::{self, Multipliers};
use super::nested::{Forced, NONE, Nested, Set};

/// How the rows of each stage are put into groups with one θ each.
pub(crate) struct Groups {
    /// For each stage and group the rows.
    pub(crate) rows: Vec<Vec<Vec<u32>>>,
}

impl Groups {
    /// Groups rows by the neighbourhood of their sites: seeds are sites that share few rows, each other site goes to
    /// the seed with which it shares most weight, each row to the group that holds most of its sites.
    pub(crate) fn new(nested: &Nested, wanted: usize) -> Self {
        let n = nested.costs.len();
        let mut rows = Vec::new();
        let mut home = vec![u32::MAX; n];
        if let Some(last) = nested.stages.last() {
            let by_site = last.cover.by_site();
            let weight: Vec<u64> =
                (0..n).map(|s| by_site.rows(s).iter().map(|&r| last.weights[r as usize]).sum()).collect();
            let mut order: Vec<usize> = (0..n).filter(|&s| weight[s] > 0).collect();
            order.sort_by_key(|&s| (std::cmp::Reverse(weight[s]), s));
            let mut taken = vec![u32::MAX; last.cover.n_rows()];
            let mut seeds: u32 = 0;
            for share in [4, 2, 1] {
                for &s in &order {
                    if seeds as usize >= wanted || home[s] != u32::MAX {
                        continue;
                    }
                    let of_rows = by_site.rows(s).iter();
                    let known: u64 =
                        of_rows.filter(|&&r| taken[r as usize] != u32::MAX).map(|&r| last.weights[r as usize]).sum();
                    if known <= weight[s] / share {
                        home[s] = seeds;
                        for &r in by_site.rows(s) {
                            if taken[r as usize] == u32::MAX {
                                taken[r as usize] = seeds;
                            }
                        }
                        seeds += 1;
                    }
                }
            }
            let mut shared = vec![0_u64; seeds as usize];
            for &s in &order {
                if home[s] != u32::MAX {
                    continue;
                }
                shared.fill(0);
                for &r in by_site.rows(s).iter().filter(|&&r| taken[r as usize] != u32::MAX) {
                    shared[taken[r as usize] as usize] += last.weights[r as usize];
                }
                home[s] = (0..seeds).max_by_key(|&g| (shared[g as usize], std::cmp::Reverse(g))).unwrap_or(0);
            }
        }
        let n_groups = home.iter().filter(|&&g| g != u32::MAX).max().map_or(1, |&g| g as usize + 1);
        for stage in nested.stages {
            let mut groups = vec![Vec::new(); n_groups];
            let mut votes = vec![0_u32; n_groups];
            for (r, row) in (0_u32..).zip(stage.cover.rows()) {
                let homes = || row.iter().map(|&s| home[s as usize]).filter(|&g| g != u32::MAX);
                homes().for_each(|g| votes[g as usize] += 1);
                let best = homes().max_by_key(|&g| (votes[g as usize], std::cmp::Reverse(g))).unwrap_or(0);
                homes().for_each(|g| votes[g as usize] = 0);
                groups[best as usize].push(r);
            }
            rows.push(groups);
        }
        Groups { rows }
    }
}

/// A cut, in whole numbers.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    stage: u32,
    group: u32,
    /// One bit for each row of the group, set where it is partial.
    partial: Vec<u64>,
    constant: u64,
    /// Variable and coefficient.
    terms: Vec<(u32, u64)>,
}

/// A solved linear relaxation.
pub(crate) struct Relaxed {
    /// The value of each variable.
    pub(crate) x: Vec<f64>,
    theta: Vec<Vec<f64>>,
    duals: Vec<f64>,
    /// The solver's objective, in the integer unit.
    pub(crate) objective: f64,
}

/// One linear program and the cuts in it.
pub(crate) struct Master<'a> {
    pub(crate) nested: &'a Nested<'a>,
    groups: &'a Groups,
    model: Option<Model>,
    x: Vec<Col>,
    theta: Vec<Vec<Col>>,
    unit: f64,
    count_rows: Range<usize>,
    budget_rows: Vec<Option<usize>>,
    n_rows: usize,
    cuts: Vec<Cut>,
    /// The solver's row of each cut, and when the cut last bore on the solution.
    cut_rows: Vec<usize>,
    used: Vec<u64>,
    clock: u64,
    /// For each demand row that was ever forced: the column that switches its constraint off, its row, and whether it
    /// is on.
    forced: BTreeMap<Forced, (Col, usize, bool)>,
    bounds: Vec<Set>,
    /// Simplex iterations so far.
    pub(crate) iterations: u64,
}

/// The solver failed on a linear program: the caller goes on with what it has.
#[derive(Debug)]
pub(crate) struct Failed;

impl<'a> Master<'a> {
    pub(crate) fn new(nested: &'a Nested<'a>, groups: &'a Groups) -> Result<Self, Failed> {
        let mut problem = RowProblem::default();
        let unit = (nested.total as f64 / 1e6).max(1.0);
        let x: Vec<Col> = (0..nested.n_vars()).map(|_| problem.add_column(0.0, 0.0..=1.0)).collect();
        let theta: Vec<Vec<Col>> = (groups.rows.iter().zip(nested.stages))
            .map(|(groups, stage)| {
                groups
                    .iter()
                    .map(|rows| {
                        let most: u64 = rows.iter().map(|&r| stage.weights[r as usize]).sum();
                        problem.add_column(1.0, 0.0..=most as f64 / unit)
                    })
                    .collect()
            })
            .collect();
        let mut n_rows = 0;
        let mut budget_rows = Vec::new();
        for (stage, of) in nested.stages.iter().zip(&nested.of) {
            let terms = of.iter().filter(|&&v| v != NONE).map(|&v| (x[v as usize], 1.0));
            problem.add_row(..=stage.may_open as f64, terms.collect::<Vec<_>>());
            n_rows += 1;
        }
        for (stage, of) in nested.stages.iter().zip(&nested.of) {
            budget_rows.push(stage.may_spend.map(|most| {
                let scale = (most as f64).max(1.0);
                let terms = of.iter().zip(nested.costs).filter(|&(&v, _)| v != NONE);
                let terms = terms.map(|(&v, &cost)| (x[v as usize], cost as f64 / scale));
                problem.add_row(..=most as f64 / scale, terms.collect::<Vec<_>>());
                n_rows += 1;
                n_rows - 1
            }));
        }
        for pair in nested.chain.iter().flat_map(|chain| chain.windows(2)) {
            problem.add_row(..=0.0, [(x[pair[0] as usize], 1.0), (x[pair[1] as usize], -1.0)]);
            n_rows += 1;
        }
        let mut model = problem.try_optimise(Sense::Maximise).map_err(|_| Failed)?;
        model.make_quiet();
        for (option, value) in [("solver", "simplex"), ("presolve", "off"), ("parallel", "off")] {
            model.try_set_option(option, value).map_err(|_| Failed)?;
        }
        model.try_set_option("threads", 1).map_err(|_| Failed)?;
        Ok(Master {
            nested,
            groups,
            model: Some(model),
            bounds: vec![Set::Free; nested.n_vars()],
            x,
            theta,
            unit,
            count_rows: 0..nested.stages.len(),
            budget_rows,
            n_rows,
            cuts: Vec::new(),
            cut_rows: Vec::new(),
            used: Vec::new(),
            clock: 0,
            forced: BTreeMap::new(),
            iterations: 0,
        })
    }

    pub(crate) fn n_cuts(&self) -> usize {
        self.cuts.len()
    }

    /// The cuts that bore on one of the last `looks` solutions.
    pub(crate) fn in_use(&self, looks: u64) -> Vec<Cut> {
        let lately = self.cuts.iter().zip(&self.used).filter(|(_, used)| **used + looks > self.clock);
        lately.map(|(cut, _)| cut.clone()).collect()
    }

    /// The cuts that hold or nearly hold with equality.
    pub(crate) fn useful(&self, relaxed: &Relaxed) -> Vec<Cut> {
        let near = |cut: &&Cut| {
            let at: f64 = cut.terms.iter().map(|&(v, weight)| weight as f64 * relaxed.x[v as usize]).sum();
            let theta = relaxed.theta[cut.stage as usize][cut.group as usize];
            cut.constant as f64 + at - theta <= theta * 1e-3 + 1.0
        };
        self.cuts.iter().filter(near).cloned().collect()
    }

    /// Settles the variables as in `domain` from now on, and demands that the rows of `forced` be covered.
    pub(crate) fn set_domain(&mut self, domain: &[Set], forced: &[Forced]) -> Result<(), Failed> {
        let Some(model) = &mut self.model else { return Err(Failed) };
        for (row, (column, _, on)) in &mut self.forced {
            let wanted = forced.contains(row);
            if *on != wanted {
                model.change_column_bounds(*column, if wanted { 0.0..=0.0 } else { 0.0..=1.0 });
                *on = wanted;
            }
        }
        for &row in forced {
            if self.forced.contains_key(&row) {
                continue;
            }
            // Σ x + z ≥ 1: with z at 0 the row must be covered, with z free nothing is asked.
            let column = model.try_add_column(0.0, 0.0..=0.0, Vec::<(highs::Row, f64)>::new()).map_err(|_| Failed)?;
            let (stage, of) = (&self.nested.stages[row.0 as usize], &self.nested.of[row.0 as usize]);
            let serving = stage.cover.row(row.1 as usize).iter().map(|&s| of[s as usize]).filter(|&v| v != NONE);
            let terms: Vec<_> = serving.map(|v| (self.x[v as usize], 1.0)).chain([(column, 1.0)]).collect();
            model.try_add_row(1.0.., terms).map_err(|_| Failed)?;
            self.forced.insert(row, (column, self.n_rows, true));
            self.n_rows += 1;
        }
        for (v, (now, &wanted)) in self.bounds.iter_mut().zip(domain).enumerate() {
            if *now != wanted {
                *now = wanted;
                match wanted {
                    Set::Free => model.change_column_bounds(self.x[v], 0.0..=1.0),
                    Set::Closed => model.change_column_bounds(self.x[v], 0.0..=0.0),
                    Set::Open => model.change_column_bounds(self.x[v], 1.0..=1.0),
                }
            }
        }
        Ok(())
    }

    /// Adds a cut.
    pub(crate) fn add(&mut self, cut: Cut) -> Result<(), Failed> {
        let Some(model) = &mut self.model else { return Err(Failed) };
        let theta = self.theta[cut.stage as usize][cut.group as usize];
        let terms = cut.terms.iter().map(|&(v, weight)| (self.x[v as usize], -(weight as f64) / self.unit));
        let terms: Vec<_> = terms.chain([(theta, 1.0)]).collect();
        model.try_add_row(..=cut.constant as f64 / self.unit, terms).map_err(|_| Failed)?;
        self.cuts.push(cut);
        self.cut_rows.push(self.n_rows);
        self.used.push(self.clock);
        self.n_rows += 1;
        Ok(())
    }

    /// Solves the linear program; `None` where it has no solution in the domain.
    pub(crate) fn solve(&mut self) -> Result<Option<Relaxed>, Failed> {
        self.solve_within(i32::MAX)
    }

    /// As [`Master::solve`], but gives up after `steps` simplex steps with the multipliers reached by then.
    pub(crate) fn solve_within(&mut self, steps: i32) -> Result<Option<Relaxed>, Failed> {
        let mut model = self.model.take().ok_or(Failed)?;
        model.try_set_option("simplex_iteration_limit", steps).map_err(|_| Failed)?;
        let solved = model.try_solve().map_err(|_| Failed)?;
        self.iterations += solved.simplex_iteration_count().max(0) as u64;
        let status = solved.status();
        let usable = matches!(status, HighsModelStatus::Optimal | HighsModelStatus::ReachedIterationLimit);
        let relaxed = usable.then(|| {
            let solution = solved.get_solution();
            let columns = solution.columns();
            let mut at = self.x.len();
            let theta = (self.theta.iter())
                .map(|groups| {
                    at += groups.len();
                    columns[at - groups.len()..at].iter().map(|v| v * self.unit).collect()
                })
                .collect();
            Relaxed {
                x: columns[..self.x.len()].to_vec(),
                theta,
                duals: solution.dual_rows().to_vec(),
                objective: solved.objective_value() * self.unit,
            }
        });
        self.model = Some(Model::from(solved));
        match (relaxed, status) {
            (Some(relaxed), _) => Ok(Some(relaxed)),
            (None, HighsModelStatus::Infeasible) => Ok(None),
            _ => Err(Failed),
        }
    }

    /// The most violated cut of every group at `x`, and the covered weight Σ w · min(1, Σ x) that they give together.
    /// Cuts that `relaxed` violates by less than `slack` (in the integer unit) are left out.
    pub(crate) fn separate(&self, x: &[f64], relaxed: &Relaxed, slack: f64) -> (Vec<Cut>, f64) {
        let mut cuts = Vec::new();
        let mut value = 0.0;
        let mut terms: Vec<u64> = vec![0; self.nested.n_vars()];
        let mut touched: Vec<u32> = Vec::new();
        for (t, groups) in self.groups.rows.iter().enumerate() {
            let (stage, of) = (&self.nested.stages[t], &self.nested.of[t]);
            for (g, rows) in groups.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
                let mut partial = vec![0_u64; rows.len().div_ceil(64)];
                let mut constant = 0;
                for (at, &r) in rows.iter().enumerate() {
                    let row = stage.cover.row(r as usize);
                    let weight = stage.weights[r as usize];
                    let mut sum = 0.0;
                    for &s in row {
                        let v = of[s as usize];
                        if v != NONE {
                            sum += x[v as usize];
                        }
                    }
                    // A row of one site is linear anyway.
                    if sum < 1.0 - 1e-9 || row.len() == 1 {
                        value += sum * weight as f64;
                        partial[at / 64] |= 1 << (at % 64);
                        for &s in row {
                            let v = of[s as usize];
                            if v != NONE {
                                if terms[v as usize] == 0 {
                                    touched.push(v);
                                }
                                terms[v as usize] += weight;
                            }
                        }
                    } else {
                        value += weight as f64;
                        constant += weight;
                    }
                }
                touched.sort_unstable();
                let terms_now: Vec<(u32, u64)> = touched.iter().map(|&v| (v, terms[v as usize])).collect();
                touched.drain(..).for_each(|v| terms[v as usize] = 0);
                let at_relaxed: f64 = constant as f64
                    + terms_now.iter().map(|&(v, weight)| weight as f64 * relaxed.x[v as usize]).sum::<f64>();
                if relaxed.theta[t][g] > at_relaxed + slack {
                    cuts.push(Cut { stage: t as u32, group: g as u32, partial, constant, terms: terms_now });
                }
            }
        }
        (cuts, value)
    }

    /// The multipliers that the solver's duals propose.
    pub(crate) fn multipliers(&mut self, relaxed: &Relaxed) -> Multipliers {
        self.clock += 1;
        let shift = dual::shift(self.nested);
        let one = (1_u64 << shift) as f64;
        let mut shares: Vec<Vec<f64>> = self.nested.stages.iter().map(|s| vec![0.0; s.weights.len()]).collect();
        // Cuts added since that solution have no dual.
        let known = relaxed.duals.len();
        for ((cut, &row), used) in
            self.cuts.iter().zip(&self.cut_rows).zip(&mut self.used).filter(|((_, row), _)| **row < known)
        {
            let dual = relaxed.duals[row].abs();
            if dual < 1e-12 {
                continue;
            }
            *used = self.clock;
            let rows = &self.groups.rows[cut.stage as usize][cut.group as usize];
            for (at, &r) in rows.iter().enumerate() {
                if cut.partial[at / 64] >> (at % 64) & 1 == 1 {
                    shares[cut.stage as usize][r as usize] += dual;
                }
            }
        }
        let rows = (shares.iter().zip(self.nested.stages))
            .map(|(shares, stage)| {
                let whole = |(&share, &weight): (&f64, &u64)| {
                    if share >= 1.0 - 1e-11 { weight << shift } else { (share * weight as f64 * one).round() as u64 }
                };
                shares.iter().zip(&stage.weights).map(whole).collect()
            })
            .collect();
        let price = |dual: f64| (dual.abs() * self.unit * one).round() as u64;
        let count = self.count_rows.clone().map(|row| price(relaxed.duals[row])).collect();
        let budget = (self.budget_rows.iter().zip(self.nested.stages))
            .map(|(row, stage)| {
                let scale = stage.may_spend.map_or(1.0, |most| (most as f64).max(1.0));
                row.map_or(0, |row| price(relaxed.duals[row] / scale))
            })
            .collect();
        let on = self.forced.iter().filter(|(_, (_, _, on))| *on);
        let forced = on.map(|(&row, &(_, at, _))| (row, price(relaxed.duals[at]))).collect();
        Multipliers { rows, count, budget, forced }
    }
}
