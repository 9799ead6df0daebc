//! Capacitated location (CFLP; Cornuejols, Sridharan and Thizy 1991): which sites to open and who goes where, when a
//! site can only take so much.
//!
//! minimise Σ site_cost_j · y_j + Σ weight_i · cost_ij · x_ij  subject to  Σ_j x_ij = 1,  x_ij ≤ y_j,
//! Σ_i need_i · x_ij ≤ capacity_j · y_j,  Σ y_j ≤ p,  y binary;  x_ij from 0 to 1 ([`Kind::Split`]) or 0 or 1
//! ([`Kind::Whole`], each row at one site).
//!
//! Where capacity is short there is no such plan. [`Problem::allow_overflow`] then asks for the plan that leaves the
//! least need unserved, and among those for the cheapest; what is left is listed row by row.

mod bound;
mod model;
mod search;
mod transport;

use self::bound::Relaxation;
use self::model::{Aim, Capacitated};
use self::search::Search;
use super::answer::{self, Limits, Progress, ProofStep, Sense, Status};
use super::cover::CostTable;
use super::p_center::check_fixed;
use super::set_cover::{check_lengths, check_total};
use super::{LARGEST_TOTAL, verify};
use crate::error::{Error, Fault, Result};

/// Steps of the Lagrangian bound.
const ROUNDS: usize = 800;

/// Prices of one unit of need count in this part of a unit of cost, where they are no whole numbers.
const PRICE_PARTS: i128 = 1 << 40;

/// A capacitated location problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// What it costs to serve one unit of weight of each row from each site that can serve it.
    pub costs: &'a CostTable,
    /// The weight of each row: the cost of a pair counts this many times.
    pub weights: &'a [u64],
    /// What each row takes of a site's capacity; mostly the weight itself. A row that needs nothing weighs nothing.
    pub needs: &'a [u64],
    /// What each site can take, in the unit of `needs`.
    pub capacities: &'a [u64],
    /// What it costs to have each site open, in the unit of weight · cost.
    pub site_costs: &'a [u64],
    /// Sites that stand already: open at no choice, counted in `p`, their cost counted in the objective.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites in all, fixed ones included, or no limit.
    pub p: Option<usize>,
    /// Whether a row may be served from several sites.
    pub kind: Kind,
    /// Whether need may be left unserved where capacity is short.
    pub allow_overflow: bool,
}

/// Whether a row may be served from several sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row may be split over sites, in whole units of need.
    Split,
    /// Each row goes to one site (single source).
    Whole,
}

/// The answer to a capacitated location problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The open sites, fixed ones included, ascending.
    pub chosen: Vec<u32>,
    /// Row, site and how much of the row's need goes there (above 0), by row, then site.
    pub flows: Vec<(u32, u32, u64)>,
    /// Rows of which need is left unserved, and how much (above 0), ascending.
    pub unserved: Vec<(u32, u64)>,
    /// Σ of `unserved`.
    pub unserved_total: u64,
    /// No plan leaves less unserved.
    pub unserved_bound: u64,
    /// The cost of open sites and of serving, rounded up to a whole unit.
    pub objective: u64,
    /// No plan that leaves at most `unserved_total` unserved costs less.
    pub bound: u64,
    /// (objective − bound) / objective, 0 where both are 0.
    pub gap: f64,
    /// What is known of the plan: `optimal` only where `unserved_total` is proven least as well.
    pub status: Status,
    /// Rows that need something and that some usable site serves.
    pub coverable_rows: usize,
    /// Rows that need something and that no usable site serves; they are left out.
    pub uncoverable_rows: usize,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
    /// Wall-clock seconds.
    pub time_s: f64,
}

/// One site that can serve a row.
#[derive(Debug, Clone, Copy)]
struct Pair {
    site: u32,
    /// For one unit of weight.
    cost: u64,
    /// For one unit of need, in parts.
    price: i128,
}

/// The rows that must be served, with usable sites only.
struct Table {
    rows: Vec<Vec<Pair>>,
    weights: Vec<u64>,
    needs: Vec<u64>,
    capacities: Vec<u64>,
    usable: Vec<bool>,
    /// Each row's number in the problem.
    numbers: Vec<u32>,
}

impl Table {
    fn new(problem: &Problem) -> Self {
        let n = problem.capacities.len();
        let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
        let mut table = Table {
            rows: Vec::new(),
            weights: Vec::new(),
            needs: Vec::new(),
            capacities: problem.capacities.to_vec(),
            usable,
            numbers: Vec::new(),
        };
        for r in (0..problem.needs.len()).filter(|&r| problem.needs[r] > 0) {
            let (weight, need) = (problem.weights[r], problem.needs[r]);
            let usable = problem.costs.row(r).filter(|&(s, _)| table.usable[s as usize]);
            let price = |cost: u64| i128::from(weight * cost) * PRICE_PARTS / i128::from(need);
            let row: Vec<Pair> = usable.map(|(site, cost)| Pair { site, cost, price: price(cost) }).collect();
            if !row.is_empty() {
                table.rows.push(row);
                table.weights.push(weight);
                table.needs.push(need);
                table.numbers.push(r as u32);
            }
        }
        table
    }

    /// Whether every unit of need costs a whole number of units.
    fn whole_prices(&self) -> bool {
        self.weights.iter().zip(&self.needs).all(|(weight, need)| weight % need == 0)
    }

    /// No plan costs more.
    fn most(&self, problem: &Problem) -> u128 {
        let dearest = |row: &Vec<Pair>| row.iter().map(|pair| pair.cost).max().unwrap_or(0);
        let serving: u128 =
            self.rows.iter().zip(&self.weights).map(|(row, &w)| u128::from(w) * u128::from(dearest(row))).sum();
        serving + problem.site_costs.iter().map(|&cost| u128::from(cost)).sum::<u128>()
    }

    /// A price beyond any chain of moves: every place on it is visited once.
    fn penalty(&self) -> i128 {
        let dearest = self.rows.iter().flatten().map(|pair| pair.price).max().unwrap_or(0);
        (dearest + 1) * (self.capacities.len() as i128 + 2)
    }

    fn serving_cost(&self, flows: &[(u32, u32, u64)]) -> u64 {
        let mut sum = Rounded::default();
        for &(r, s, amount) in flows {
            let cost = self.rows[r as usize].iter().find(|pair| pair.site == s).map_or(0, |pair| pair.cost);
            sum.add(self.weights[r as usize] * cost, amount, self.needs[r as usize]);
        }
        sum.up()
    }
}

/// A sum of fractions, rounded up once at its end.
#[derive(Default)]
struct Rounded {
    whole: u128,
    rest: f64,
}

impl Rounded {
    /// Adds price · amount / need.
    fn add(&mut self, price: u64, amount: u64, need: u64) {
        let product = u128::from(price) * u128::from(amount);
        self.whole += product / u128::from(need.max(1));
        self.rest += (product % u128::from(need.max(1))) as f64 / need.max(1) as f64;
    }

    fn up(&self) -> u64 {
        // A millionth of a unit is taken for a rounding of the sum.
        let rest = (self.rest - 1e-6).ceil().max(0.0) as u128;
        u64::try_from(self.whole + rest).unwrap_or(u64::MAX)
    }
}

/// Solves the problem.
///
/// # Errors
/// [`Error::Targets`] with code `optimise::fixed` where more than `p` sites are fixed, with `optimise::infeasible` where
/// need would be left unserved and that is not allowed, with what is short or how many sites it takes, and with
/// `optimise::time` where the time ran out before any plan was found. `optimise::need` where a row weighs something but
/// needs nothing; `optimise::size`, `optimise::total`, `optimise::limits` for senseless input; `optimise::solver` and
/// `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Plan> {
    check(problem)?;
    let mut progress = Progress::begin(limits)?;
    let table = Table::new(problem);
    let needing = problem.needs.iter().filter(|&&need| need > 0).count();
    let n_pairs: usize = table.rows.iter().map(Vec::len).sum();
    progress.note("rows", format!("{} rows to serve, {n_pairs} pairs", table.rows.len()));

    let mut search = Search::new(problem, &table);
    // Split rows leave the least where everything is open.
    let mut least = search.least_unserved();
    if !problem.allow_overflow && least > 0 {
        return Err(short_of_room(&table, least));
    }
    search.run(&progress);
    progress.note("search", format!("cost {}, {} unserved", search.cost(), search.unserved()));
    if search.unserved() > least {
        least = more_room(problem, &table, &mut search, least, &mut progress)?;
    }

    let floor = floor(problem, &table, search.unserved());
    let mut bound = floor;
    let mut sites = (problem.fixed.to_vec(), table.usable.clone());
    if search.unserved() == 0 && bound < search.cost() && !progress.out_of_time() {
        let relaxation = Relaxation::new(problem, &table);
        let mut look = |taken: Option<&[bool]>| {
            if let Some(taken) = taken {
                search.try_set(taken.to_vec(), &progress);
            }
            search.cost()
        };
        let proven = relaxation.ascend(ROUNDS, &mut look, &|| progress.out_of_time());
        search.run(&progress);
        bound = bound.max(proven.least).min(search.cost());
        sites = proven.fix(problem, &table, search.cost(), search.open());
        progress.note("lagrange", format!("{}, bound {bound}", search.cost()));
    }
    let small_enough = |bound: u64, cost: u64| answer::gap(cost, bound) <= limits.gap;
    let mut short: Vec<Vec<bool>> = Vec::new();
    while bound < search.cost() && !small_enough(bound, search.cost()) && !progress.out_of_time() && short.len() < 100 {
        let aim = Aim::Cost { unserved: search.unserved() };
        let built = Capacitated::build(problem, &table, aim, &short, (&sites.0, &sites.1));
        let size = format!("{} variables, {} constraints", built.model.n_vars(), built.model.n_constraints());
        let start = built.values(&table, search.open(), search.flows());
        let parts = built.parts;
        let (outcome, read) = solve_model(built, &table, Some(start), &progress)?;
        // What the Lagrangian bound ruled out costs at least as much as the best plan known.
        bound = bound.max(outcome.map_or(0, |b| b.div_ceil(parts))).min(search.cost());
        progress.note("highs", format!("{size}: bound {bound}"));
        let Some((open, at)) = read else { break };
        if search.take(&open, &at) || problem.kind == Kind::Whole {
            break;
        }
        progress.note("short", "a plan with too little room by a rounding was ruled out");
        short.push(open);
    }

    let objective = search.cost();
    let (bound, gap, mut status) = progress.judge(Sense::Minimise, objective, bound);
    if least < search.unserved() {
        status = if progress.out_of_time() { Status::TimeLimit } else { Status::Unproven };
    }
    let plan = search.finish(needing, Found { least, objective, bound, gap, status }, progress);
    verify::capacitated(problem, &plan)?;
    Ok(plan)
}

/// What was found and proven.
struct Found {
    least: u64,
    objective: u64,
    bound: u64,
    gap: f64,
    status: Status,
}

type Read = (Vec<bool>, Vec<Option<u32>>);

/// The bound and the plan of a model.
fn solve_model(
    built: Capacitated,
    table: &Table,
    start: Option<Vec<f64>>,
    progress: &Progress,
) -> Result<(Option<u64>, Option<Read>)> {
    let (model, reader) = built.into_parts();
    let outcome = model.solve(start, &progress.limits, progress.remaining_s().map(|s| s.max(0.001)))?;
    Ok((outcome.bound, outcome.values.map(|values| reader.read(table, &values))))
}

fn check(problem: &Problem) -> Result<()> {
    let n = problem.costs.n_sites();
    let by_site = [
        ("capacities", problem.capacities.len()),
        ("site costs", problem.site_costs.len()),
        ("fixed", problem.fixed.len()),
        ("eligible", problem.eligible.len()),
    ];
    check_lengths(n, &by_site)?;
    check_lengths(problem.costs.n_rows(), &[("weights", problem.weights.len()), ("needs", problem.needs.len())])?;
    let largest = problem.costs.largest_cost().saturating_add(1);
    let serving = problem.weights.iter().map(|&w| w.saturating_mul(largest));
    check_total("costs", problem.site_costs.iter().copied().chain(serving))?;
    check_total("needs", problem.needs.iter().copied())?;
    check_total("capacities", problem.capacities.iter().map(|&c| c.min(LARGEST_TOTAL / (n as u64 + 1))))?;
    if let Some(r) = (0..problem.needs.len()).find(|&r| problem.needs[r] == 0 && problem.weights[r] > 0) {
        let message = format!("row {r} (from 0) weighs {} but needs nothing", problem.weights[r]);
        let help = "give it a need above 0, or no weight";
        return Err(Fault::new("optimise::need", message).help(help).into());
    }
    check_fixed(problem.fixed, problem.p.unwrap_or(n))
}

/// Every row at its cheapest site and the fixed sites open: no plan that serves everything costs less.
fn floor(problem: &Problem, table: &Table, unserved: u64) -> u64 {
    let standing: u64 = (0..problem.fixed.len()).filter(|&s| problem.fixed[s]).map(|s| problem.site_costs[s]).sum();
    if unserved > 0 {
        return standing;
    }
    let cheapest = |row: &Vec<Pair>| row.iter().map(|pair| pair.cost).min().unwrap_or(0);
    standing + table.rows.iter().zip(&table.weights).map(|(row, &weight)| weight * cheapest(row)).sum::<u64>()
}

fn short_of_room(table: &Table, short: u64) -> Error {
    let total: u64 = table.needs.iter().sum();
    let percent = |part: u64| 100.0 * part as f64 / total.max(1) as f64;
    let message = format!("{:.4} % of the need cannot be served, even with every usable site open", percent(short));
    let capacity: u128 =
        (0..table.usable.len()).filter(|&s| table.usable[s]).map(|s| u128::from(table.capacities[s])).sum();
    let help = format!(
        "all usable sites together have room for {:.4} % of the need: add room where it is short, or allow overflow",
        100.0 * capacity as f64 / total.max(1) as f64
    );
    Error::Targets(Fault::new("optimise::infeasible", message).help(help))
}

/// The search left more unserved than everything open would: finds what the limit on sites (or whole rows) costs.
/// Returns the least that is proven.
fn more_room(
    problem: &Problem,
    table: &Table,
    search: &mut Search,
    least: u64,
    progress: &mut Progress,
) -> Result<u64> {
    let mut least = least;
    let mut short: Vec<Vec<bool>> = Vec::new();
    while search.unserved() > least && !progress.out_of_time() && short.len() < 100 {
        let built = Capacitated::build(problem, table, Aim::Unserved, &short, (problem.fixed, &table.usable));
        let start = built.values(table, search.open(), search.flows());
        let (bound, read) = solve_model(built, table, Some(start), progress)?;
        least = least.max(bound.unwrap_or(0)).min(search.unserved());
        progress.note("room", format!("at least {least} unserved"));
        let Some((open, at)) = read else { break };
        if search.take(&open, &at) || problem.kind == Kind::Whole {
            break;
        }
        short.push(open);
    }
    if problem.allow_overflow || search.unserved() == 0 {
        return Ok(least);
    }
    if least == 0 {
        let message = "the time ran out before a plan that serves everything was found";
        let help = "allow more time, more sites, or overflow";
        return Err(Error::Targets(Fault::new("optimise::time", message).help(help)));
    }
    let total: u64 = table.needs.iter().sum();
    let unserved = 100.0 * least as f64 / total.max(1) as f64;
    let (bound, read) = solve_model(
        Capacitated::build(problem, table, Aim::Sites, &[], (problem.fixed, &table.usable)),
        table,
        None,
        progress,
    )?;
    let sites = read.map(|(open, _)| open.iter().filter(|&&open| open).count() as u64);
    let needed = match (bound, sites) {
        (Some(bound), Some(sites)) if bound >= sites => format!("serving all of it takes at least {sites} sites"),
        (Some(bound), Some(sites)) => format!("serving all of it takes at least {bound} and at most {sites} sites"),
        (Some(bound), None) if bound <= table.usable.len() as u64 => {
            format!("serving all of it takes at least {bound} sites, if it can be done at all")
        }
        _ => "no number of sites can do it: rows do not fit as a whole".into(),
    };
    let message = match problem.p {
        Some(p) => format!("with {p} sites at least {unserved:.4} % of the need is left unserved"),
        None => format!("at least {unserved:.4} % of the need is left unserved"),
    };
    let help = format!("{needed}; allow more sites, more room, splitting, or overflow");
    Err(Error::Targets(Fault::new("optimise::infeasible", message).help(help)))
}

#[cfg(test)]
mod tests;
