//! From the tables and the options to a problem and its answer.

use super::{Objective, OptimiseArgs};
use crate::error::{Fault, Result};
use crate::optimise::answer::Status;
use crate::optimise::cover::{CostTable, open_flags};
use crate::optimise::tables::Instance;
use crate::optimise::{
    Answer, Limits, backup_cover, capacitated, max_cover, p_center, p_median, partial_cover, set_cover, then_nearest,
};

/// How much of the time the first objective gets where a second one follows.
const SHARE_OF_FIRST: f64 = 0.8;

/// An answer, and how many of its units make one unit of the tables.
pub(super) struct Solved {
    pub(super) answer: Answer,
    pub(super) scale: u64,
    pub(super) second: Option<Second>,
    pub(super) capacitated: Option<Capacitated>,
}

/// What was found for the second objective.
pub(super) struct Second {
    pub(super) answer: Answer,
    pub(super) scale: u64,
    pub(super) penalty: u64,
}

/// Who goes where, and in which unit need and capacity count.
pub(super) struct Capacitated {
    pub(super) plan: capacitated::Plan,
    pub(super) capacities: Vec<u64>,
    pub(super) scale: u64,
}

pub(super) fn solve(args: &OptimiseArgs, instance: &Instance, limits: &Limits) -> Result<Solved> {
    if args.objective == Objective::Capacitated {
        return capacitated(args, instance, limits);
    }
    let first = match (args.then, limits.time_limit_s) {
        (Some(_), Some(time_s)) => Limits { time_limit_s: Some(SHARE_OF_FIRST * time_s), ..limits.clone() },
        _ => limits.clone(),
    };
    let (mut answer, scale) = plain(args, instance, &first)?;
    let second = match args.then {
        None => None,
        Some(super::Then::Nearest) => {
            let left = limits.time_limit_s.map(|time_s| (time_s - answer.time_s).max(0.001));
            let limits = Limits { time_limit_s: left, ..limits.clone() };
            Some(nearest(args, instance, &mut answer, &limits)?)
        }
    };
    Ok(Solved { answer, scale, second, capacitated: None })
}

fn plain(args: &OptimiseArgs, instance: &Instance, limits: &Limits) -> Result<(Answer, u64)> {
    let Instance { cover, weights, site_costs: costs, fixed, eligible, .. } = instance;
    let p = args.p.unwrap_or_default();
    let pair_scale = instance.weight_scale * instance.pair_cost_scale;
    Ok(match args.objective {
        Objective::SetCover => {
            let problem = set_cover::Problem { cover, costs, fixed, eligible };
            (set_cover::solve(&problem, limits)?, instance.site_cost_scale)
        }
        Objective::MaxCover => {
            let budget = args.budget.map(|budget| scaled_budget(budget, instance.site_cost_scale)).transpose()?;
            let problem = max_cover::Problem { cover, weights, costs, fixed, eligible, p: args.p, budget };
            (max_cover::solve(&problem, limits)?, instance.weight_scale)
        }
        Objective::PartialCover => {
            let least_weight = least_weight(args, instance)?;
            let problem = partial_cover::Problem { cover, weights, costs, fixed, eligible, least_weight };
            (partial_cover::solve(&problem, limits)?, instance.site_cost_scale)
        }
        Objective::BackupCover => {
            let (goal, worth) = goal(args)?;
            let problem = backup_cover::Problem { cover, weights, fixed, eligible, p, goal };
            (backup_cover::solve(&problem, limits)?, instance.weight_scale * worth)
        }
        Objective::PMedian => {
            let problem = p_median::Problem { costs: pair_costs(args, instance)?, weights, fixed, eligible, p };
            (p_median::solve(&problem, limits)?, pair_scale)
        }
        Objective::PCenter | Objective::Capacitated => {
            let problem = p_center::Problem { costs: pair_costs(args, instance)?, weights, fixed, eligible, p };
            (p_center::solve(&problem, limits)?, instance.pair_cost_scale)
        }
    })
}

fn pair_costs<'a>(args: &OptimiseArgs, instance: &'a Instance) -> Result<&'a CostTable> {
    instance.pair_costs.as_ref().ok_or_else(|| {
        let what = if args.then.is_some() { "--then nearest".into() } else { super::name(args.objective) };
        Fault::new("table::columns", format!("{what} needs the column `cost` in the pairs"))
            .file(&args.pairs)
            .help("add what it costs to serve each row from each site: a time or a distance, say")
            .into()
    })
}

/// Rounded down, so that never more is spent than was given.
pub(super) fn scaled_budget(budget: f64, scale: u64) -> Result<u64> {
    if !(0.0..=1e15).contains(&budget) {
        return Err(Fault::new("optimise::budget", format!("a budget of {budget}"))
            .help("give a number from 0 to 10^15, in the unit of the sites' costs")
            .into());
    }
    // A hair more, so that 0.3 is 300 thousandths although 0.3 × 1000 may fall short of it.
    Ok((budget * scale as f64 + 1e-6).floor() as u64)
}

fn share(name: &str, share: f64) -> Result<f64> {
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(Fault::new("optimise::share", format!("{name} {share}")).help("give a share from 0 to 1: 0.95 is 95 %").into())
}

fn least_weight(args: &OptimiseArgs, instance: &Instance) -> Result<u64> {
    match (args.serve, args.serve_amount) {
        (Some(serve), _) => Ok(partial_cover::share_of(&instance.weights, share("--serve", serve)?)),
        (None, Some(amount)) if (0.0..=1e15).contains(&amount) => {
            Ok((amount * instance.weight_scale as f64 - 1e-6).ceil().max(0.0) as u64)
        }
        (None, amount) => Err(Fault::new("optimise::share", format!("--serve-amount {}", amount.unwrap_or(f64::NAN)))
            .help("give a number from 0 to 10^15, in the unit of the rows' weights")
            .into()),
    }
}

/// The goal, and how many of its units one unit of weight is worth.
fn goal(args: &OptimiseArgs) -> Result<(backup_cover::Goal, u64)> {
    let Some(backup) = args.backup_share else { return Ok((backup_cover::Goal::CoverAll, 1)) };
    let twice = (share("--backup-share", backup)? * 1000.0).round() as u64;
    // Lowest terms keep the numbers small: 0.5 is 1 : 1.
    let step =
        (1..=1000_u64).rev().find(|&step| twice.is_multiple_of(step) && 1000_u64.is_multiple_of(step)).unwrap_or(1);
    Ok((backup_cover::Goal::Weighted { once: (1000 - twice) / step, twice: twice / step }, 1000 / step))
}

/// Finds the nearest of the plans that keep the first objective, and takes it over.
fn nearest(args: &OptimiseArgs, instance: &Instance, answer: &mut Answer, limits: &Limits) -> Result<Second> {
    let costs = pair_costs(args, instance)?;
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let ones;
    let (cover_weights, least_covered) = match args.objective {
        Objective::SetCover => {
            ones = vec![1; instance.cover.n_rows()];
            (&ones, answer.coverable_rows as u64)
        }
        Objective::PartialCover => (&instance.weights, least_weight(args, instance)?),
        _ => (&instance.weights, instance.cover.covered_weight(&instance.weights, &open)),
    };
    let most_cost = match args.objective {
        Objective::MaxCover => args.budget.map(|budget| scaled_budget(budget, instance.site_cost_scale)).transpose()?,
        _ => Some(answer.objective),
    };
    let problem = then_nearest::Problem {
        costs,
        weights: &instance.weights,
        penalty: costs.largest_cost() + 1,
        cover: &instance.cover,
        cover_weights,
        least_covered,
        site_costs: &instance.site_costs,
        most_cost,
        p: args.p,
        fixed: &instance.fixed,
        eligible: &instance.eligible,
    };
    let second = then_nearest::solve(&problem, &answer.chosen, limits)?;
    // An unproven first objective may have become better on the way, never worse.
    let open = open_flags(instance.fixed.len(), &second.chosen);
    answer.objective = match args.objective {
        Objective::MaxCover => instance.cover.covered_weight(&instance.weights, &open),
        _ => second.chosen.iter().map(|&s| instance.site_costs[s as usize]).sum(),
    };
    answer.gap = match answer.objective.max(answer.bound) {
        0 => 0.0,
        larger => answer.objective.abs_diff(answer.bound) as f64 / larger as f64,
    };
    if answer.objective == answer.bound {
        answer.status = Status::Optimal;
    }
    answer.chosen.clone_from(&second.chosen);
    answer.time_s += second.time_s;
    Ok(Second { answer: second, scale: instance.weight_scale * instance.pair_cost_scale, penalty: problem.penalty })
}

fn capacitated(args: &OptimiseArgs, instance: &Instance, limits: &Limits) -> Result<Solved> {
    let Some(capacities) = &instance.capacities else {
        return Err(Fault::new("table::columns", "capacitated needs the column `capacity` in the sites")
            .file(&args.sites)
            .help("add what each site can take, in the unit of the rows' `need` (or `weight`)")
            .into());
    };
    // Scales are 1 or powers of 1000: the larger one is a multiple of the other.
    let too_large = || {
        Fault::new("optimise::total", "the costs are too large for thousandths")
            .help("use whole numbers or a larger unit")
    };
    let times = |amounts: &[u64], factor: u64| -> Result<Vec<u64>> {
        let scaled: Option<Vec<u64>> = amounts.iter().map(|amount| amount.checked_mul(factor)).collect();
        Ok(scaled.ok_or_else(too_large)?)
    };
    let scale = instance.need_scale.max(instance.capacity_scale);
    let needs = times(&instance.needs, scale / instance.need_scale)?;
    let capacities = times(capacities, scale / instance.capacity_scale)?;
    let serving_scale = instance.weight_scale * instance.pair_cost_scale;
    let cost_scale = serving_scale.max(instance.site_cost_scale);
    let site_costs = times(&instance.site_costs, cost_scale / instance.site_cost_scale)?;
    let cover = &instance.cover;
    let pairs: Vec<u64> = match &instance.pair_costs {
        Some(costs) => (0..cover.n_rows()).flat_map(|r| costs.row(r).map(|(_, cost)| cost)).collect(),
        // Without costs only the sites cost anything.
        None => vec![0; cover.n_pairs()],
    };
    let costs = CostTable::new(cover.clone(), times(&pairs, cost_scale / serving_scale)?)?;
    let problem = capacitated::Problem {
        costs: &costs,
        weights: &instance.weights,
        needs: &needs,
        capacities: &capacities,
        site_costs: &site_costs,
        fixed: &instance.fixed,
        eligible: &instance.eligible,
        p: args.p,
        kind: if args.single_source { capacitated::Kind::Whole } else { capacitated::Kind::Split },
        allow_overflow: args.allow_overflow,
    };
    let plan = capacitated::solve(&problem, limits)?;
    let answer = Answer {
        chosen: plan.chosen.clone(),
        objective: plan.objective,
        bound: plan.bound,
        gap: plan.gap,
        status: plan.status,
        coverable_rows: plan.coverable_rows,
        uncoverable_rows: plan.uncoverable_rows,
        steps: plan.steps.clone(),
        time_s: plan.time_s,
    };
    Ok(Solved { answer, scale: cost_scale, second: None, capacitated: Some(Capacitated { plan, capacities, scale }) })
}
