//! A first plan for capacitated location: sites are closed, opened and exchanged while that is cheaper.

use super::transport::{self, Assignment};
use super::{Found, Kind, Plan, Problem, Table};
use crate::optimise::answer::Progress;

/// How many plans are tried at most, and how many pairs they look at in all; each costs one assignment of all rows.
const MOST_TRIES: usize = 3000;
const MOST_WORK: usize = 30_000_000;

/// The best plan so far: the least unserved, then the least cost.
pub(crate) struct Search<'a> {
    problem: &'a Problem<'a>,
    table: &'a Table,
    open: Vec<bool>,
    assignment: Assignment,
    cost: u64,
    tries: usize,
    most_tries: usize,
}

impl<'a> Search<'a> {
    /// Begins with everything open, or with the fixed sites where only `p` may be.
    pub(crate) fn new(problem: &'a Problem, table: &'a Table) -> Self {
        let all = table.usable.iter().filter(|&&usable| usable).count();
        let open = if problem.p.is_none_or(|p| p >= all) { table.usable.clone() } else { problem.fixed.to_vec() };
        let assignment = assign(problem, table, &open);
        let cost = cost(problem, table, &open, &assignment);
        let n_pairs: usize = table.rows.iter().map(Vec::len).sum();
        // Whole rows are exchanged two by two.
        let work = n_pairs + if problem.kind == Kind::Whole { table.rows.len().pow(2) } else { 0 };
        let most_tries = (MOST_WORK / work.max(1)).clamp(20, MOST_TRIES);
        Search { problem, table, open, assignment, cost, tries: 0, most_tries }
    }

    pub(crate) fn open(&self) -> &[bool] {
        &self.open
    }

    pub(crate) fn flows(&self) -> &[(u32, u32, u64)] {
        &self.assignment.flows
    }

    pub(crate) fn unserved(&self) -> u64 {
        self.assignment.unserved
    }

    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// What is left however many sites are open: nothing can be better, though limits may make it worse.
    pub(crate) fn least_unserved(&self) -> u64 {
        transport::split(self.table, &self.table.usable).unserved
    }

    /// Opens, closes and exchanges sites until nothing helps or the tries are used up.
    pub(crate) fn run(&mut self, progress: &Progress) {
        self.tries = 0;
        while self.fill(progress) {}
        let n = self.open.len();
        let mut improved = true;
        while improved && self.tries < self.most_tries {
            improved = false;
            for s in (0..n).filter(|&s| self.table.usable[s] && !self.problem.fixed[s]) {
                if self.tries >= self.most_tries {
                    return;
                }
                let mut open = self.open.clone();
                open[s] = !open[s];
                improved |= self.try_set(open, progress);
            }
            for j in (0..n).filter(|&j| !self.problem.fixed[j]) {
                for k in (0..n).filter(|&k| self.table.usable[k]) {
                    if self.open[j] && !self.open[k] && self.tries < self.most_tries {
                        let mut open = self.open.clone();
                        (open[j], open[k]) = (false, true);
                        improved |= self.try_set(open, progress);
                    }
                }
            }
        }
    }

    /// Opens the site that helps most while need is unserved; false where none does.
    fn fill(&mut self, progress: &Progress) -> bool {
        if self.unserved() == 0 {
            return false;
        }
        let closed: Vec<usize> = (0..self.open.len()).filter(|&s| self.table.usable[s] && !self.open[s]).collect();
        let base = self.open.clone();
        let mut helped = false;
        for s in closed {
            let mut open = base.clone();
            open[s] = true;
            helped |= self.try_set(open, progress);
        }
        helped
    }

    /// Takes over a set of sites where that leaves less unserved, or as much at less cost.
    pub(crate) fn try_set(&mut self, open: Vec<bool>, progress: &Progress) -> bool {
        let count = open.iter().filter(|&&open| open).count();
        if progress.out_of_time() || self.problem.p.is_some_and(|p| count > p) {
            return false;
        }
        self.tries += 1;
        let assignment = assign(self.problem, self.table, &open);
        self.adopt(open, assignment)
    }

    fn adopt(&mut self, open: Vec<bool>, assignment: Assignment) -> bool {
        let cost = cost(self.problem, self.table, &open, &assignment);
        let better = (assignment.unserved, cost) < (self.assignment.unserved, self.cost);
        if better {
            (self.open, self.assignment, self.cost) = (open, assignment, cost);
        }
        better
    }

    /// Takes over a plan of the model, assigned anew, where it is better. Returns whether its sites have as much room
    /// as the best plan's.
    pub(crate) fn take(&mut self, open: &[bool], at: &[Option<u32>]) -> bool {
        let (before, mut fits) = (self.unserved(), false);
        if self.problem.p.is_some_and(|p| open.iter().filter(|&&open| open).count() > p) {
            return false;
        }
        if self.problem.kind == Kind::Whole {
            let mut room = self.table.capacities.clone();
            let mut assignment = Assignment::default();
            for (r, site) in at.iter().enumerate() {
                let need = self.table.needs[r];
                match site.filter(|&s| open[s as usize] && room[s as usize] >= need) {
                    Some(s) => {
                        room[s as usize] -= need;
                        assignment.flows.push((r as u32, s, need));
                    }
                    None => assignment.unserved += need,
                }
            }
            fits |= assignment.unserved <= before;
            self.adopt(open.to_vec(), assignment);
        }
        let assignment = assign(self.problem, self.table, open);
        fits |= assignment.unserved <= before;
        self.adopt(open.to_vec(), assignment);
        fits
    }

    /// The plan in the problem's own numbers.
    pub(crate) fn finish(self, needing: usize, found: Found, progress: Progress) -> Plan {
        let mut left = self.table.needs.clone();
        self.assignment.flows.iter().for_each(|&(r, _, amount)| left[r as usize] -= amount);
        let number = |r: usize| self.table.numbers[r];
        let (steps, time_s) = progress.finish();
        Plan {
            chosen: (0..self.open.len() as u32).filter(|&s| self.open[s as usize]).collect(),
            flows: self.assignment.flows.iter().map(|&(r, s, amount)| (number(r as usize), s, amount)).collect(),
            unserved: (0..left.len()).filter(|&r| left[r] > 0).map(|r| (number(r), left[r])).collect(),
            unserved_total: self.assignment.unserved,
            unserved_bound: found.least,
            objective: found.objective,
            bound: found.bound,
            gap: found.gap,
            status: found.status,
            coverable_rows: self.table.rows.len(),
            uncoverable_rows: needing - self.table.rows.len(),
            steps,
            time_s,
        }
    }
}

fn assign(problem: &Problem, table: &Table, open: &[bool]) -> Assignment {
    match problem.kind {
        Kind::Split => transport::split(table, open),
        Kind::Whole => transport::whole(table, open),
    }
}

fn cost(problem: &Problem, table: &Table, open: &[bool], assignment: &Assignment) -> u64 {
    let sites: u64 = (0..open.len()).filter(|&s| open[s]).map(|s| problem.site_costs[s]).sum();
    sites + table.serving_cost(&assignment.flows)
}
