//! From an answer to JSON and tables, in the units and ids of the input.

use std::path::Path;

use polars::prelude::{
    BooleanChunked, Column, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray, StringChunked, UInt32Chunked,
};
use serde_json::{Value, json};

use super::ask::{Capacitated, Second, Solved};
use super::{Objective, OptimiseArgs, name, units};
use crate::error::{Fault, Result};
use crate::optimise::answer::{Answer, Status};
use crate::optimise::cover::{CostTable, open_flags};
use crate::optimise::tables::{Ids, Instance};
use crate::optimise::tidy;
use crate::output::table::write_frame;

/// The answer as one JSON object, in the units of the tables.
pub(super) fn json(args: &OptimiseArgs, instance: &Instance, solved: &Solved, read_s: f64) -> Value {
    let (answer, scale) = (&solved.answer, solved.scale);
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let covered = instance.cover.covered_weight(&instance.weights, &open);
    let covered_rows = (0..instance.cover.n_rows()).filter(|&r| instance.cover.is_covered(r, &open)).count();
    let total: u64 = instance.weights.iter().sum();
    let cost: u64 = answer.chosen.iter().map(|&s| instance.site_costs[s as usize]).sum();
    let mut notes = Vec::new();
    if instance.capacities.is_some() && solved.capacitated.is_none() {
        notes.push("the column `capacity` is not used by this objective");
    }
    let mut told = json!({
        "problem": name(args.objective),
        "objective": units(answer.objective, scale),
        "bound": units(answer.bound, scale),
        "gap": answer.gap,
        "status": answer.status,
        "chosen": answer.chosen.iter().map(|&s| instance.site_ids.json(s as usize)).collect::<Vec<_>>(),
        "time_s": answer.time_s,
        "read_s": read_s,
        "sites_open": answer.chosen.len(),
        "sites_cost": units(cost, instance.site_cost_scale),
        "rows": instance.cover.n_rows(),
        "coverable_rows": answer.coverable_rows,
        "uncoverable_rows": answer.uncoverable_rows,
        "covered_rows": covered_rows,
        "covered_weight": units(covered, instance.weight_scale),
        "total_weight": units(total, instance.weight_scale),
        "steps": answer.steps,
        "notes": notes,
    });
    if args.objective == Objective::BackupCover {
        let twice = |r: usize| instance.cover.row(r).iter().filter(|&&s| open[s as usize]).count() > 1;
        let weight = (0..instance.cover.n_rows()).filter(|&r| twice(r)).map(|r| instance.weights[r]).sum();
        told["covered_twice_weight"] = json!(units(weight, instance.weight_scale));
    }
    if let Some(second) = &solved.second {
        told["second"] = nearest(instance, answer, second);
    }
    if let Some(capacitated) = &solved.capacitated {
        overflow(&mut told, instance, capacitated);
    }
    told
}

/// What is known of the second objective.
fn nearest(instance: &Instance, first: &Answer, second: &Second) -> Value {
    let answer = &second.answer;
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let served = instance.cover.covered_weight(&instance.weights, &open);
    let total: u64 = instance.weights.iter().sum();
    let cost = answer.objective - (total - served) * second.penalty;
    let mean = (served > 0).then(|| cost as f64 / served as f64 / instance.pair_cost_scale as f64);
    let mut notes = Vec::new();
    if first.status != Status::Optimal {
        notes.push(
            "the first objective is not proven: this is the nearest plan that is at least as good as the one found",
        );
    }
    if answer.status != Status::Optimal {
        notes.push("not proven: found by adding and swapping sites, and how far it can be from the best is the gap");
    }
    json!({
        "objective": units(answer.objective, second.scale),
        "bound": units(answer.bound, second.scale),
        "gap": answer.gap,
        "status": answer.status,
        "counts": "weight times cost of the nearest chosen site; a row that none serves counts with the penalty",
        "penalty": units(second.penalty, instance.pair_cost_scale),
        "mean_cost": mean,
        "time_s": answer.time_s,
        "steps": answer.steps,
        "notes": notes,
    })
}

/// What each site takes, and what is left unserved, row by row.
fn overflow(told: &mut Value, instance: &Instance, capacitated: &Capacitated) {
    let Capacitated { plan, capacities, scale } = capacitated;
    let mut loads = vec![0; capacities.len()];
    plan.flows.iter().for_each(|&(_, s, amount)| loads[s as usize] += amount);
    let load = |&s: &u32| {
        let s = s as usize;
        json!({
            "site": instance.site_ids.json(s),
            "load": units(loads[s], *scale),
            "capacity": units(capacities[s], *scale),
        })
    };
    let left = |&(r, amount): &(u32, u64)| json!({ "row": instance.row_ids.json(r as usize), "unserved": units(amount, *scale) });
    told["loads"] = plan.chosen.iter().map(load).collect();
    told["unserved"] = json!(units(plan.unserved_total, *scale));
    told["unserved_bound"] = json!(units(plan.unserved_bound, *scale));
    told["unserved_rows"] = plan.unserved.iter().map(left).collect();
}

/// The chosen sites: fixed ones first, then each time the one that adds most covered weight, then saves most cost.
fn order(instance: &Instance, costs: &CostTable, answer: &Answer) -> Vec<u32> {
    let fixed: Vec<u32> = answer.chosen.iter().copied().filter(|&s| instance.fixed[s as usize]).collect();
    let chosen = open_flags(instance.fixed.len(), &answer.chosen);
    let next = tidy::nearest_fill(costs, &instance.weights, &instance.cover, &fixed, &chosen, answer.chosen.len());
    let mut order = [fixed, next].concat();
    // Sites that serve only rows of no weight, or rows that others serve as well.
    let rest: Vec<u32> = answer.chosen.iter().copied().filter(|s| !order.contains(s)).collect();
    order.extend(rest);
    order
}

/// Writes chosen.parquet, assignment.parquet and answer.json.
pub(super) fn write(folder: &Path, instance: &Instance, solved: &Solved, text: &str) -> Result<()> {
    let answer = &solved.answer;
    // Without costs all pairs are level.
    let level;
    let costs = match &instance.pair_costs {
        Some(costs) => costs,
        None => {
            level = CostTable::new(instance.cover.clone(), vec![0; instance.cover.n_pairs()])?;
            &level
        }
    };
    let order = order(instance, costs, answer);
    let site_cost = |&s: &u32| units(instance.site_costs[s as usize], instance.site_cost_scale);
    let chosen = vec![
        ids("site", &instance.site_ids, order.iter().map(|&s| Some(s as usize))),
        UInt32Chunked::from_slice("order".into(), &(1..=order.len() as u32).collect::<Vec<_>>()).into_column(),
        Float64Chunked::from_slice("cost".into(), &order.iter().map(site_cost).collect::<Vec<_>>()).into_column(),
    ];
    write_frame(&folder.join("chosen.parquet"), order.len(), chosen, None)?;

    match &solved.capacitated {
        Some(capacitated) => assignment_of_flows(folder, instance, capacitated)?,
        None => assignment(folder, instance, costs, answer)?,
    }
    let path = folder.join("answer.json");
    std::fs::write(&path, text).map_err(|e| Fault::io("write the answer", &path, &e))?;
    Ok(())
}

/// Every row at its nearest chosen site.
fn assignment(folder: &Path, instance: &Instance, costs: &CostTable, answer: &Answer) -> Result<()> {
    let n_rows = instance.cover.n_rows();
    let open = open_flags(instance.fixed.len(), &answer.chosen);
    let nearest: Vec<Option<(u32, u64)>> = (0..n_rows).map(|r| costs.nearest(r, &open)).collect();
    let weights: Vec<f64> = instance.weights.iter().map(|&w| units(w, instance.weight_scale)).collect();
    let covered: Vec<bool> = nearest.iter().map(Option::is_some).collect();
    let cost = |nearest: &Option<(u32, u64)>| {
        let known = nearest.filter(|_| instance.pair_costs.is_some());
        known.map(|(_, cost)| units(cost, instance.pair_cost_scale))
    };
    let assignment = vec![
        ids("row", &instance.row_ids, (0..n_rows).map(Some)),
        Float64Chunked::from_slice("weight".into(), &weights).into_column(),
        BooleanChunked::from_slice("covered".into(), &covered).into_column(),
        ids("site", &instance.site_ids, nearest.iter().map(|n| n.map(|(s, _)| s as usize))),
        Float64Chunked::from_iter_options("cost".into(), nearest.iter().map(cost)).into_column(),
    ];
    write_frame(&folder.join("assignment.parquet"), n_rows, assignment, None)
}

/// One line a row and site, with the amount of need; what is unserved on a line without a site.
fn assignment_of_flows(folder: &Path, instance: &Instance, capacitated: &Capacitated) -> Result<()> {
    let plan = &capacitated.plan;
    let served = plan.flows.iter().map(|&(r, s, amount)| (r, Some(s), amount));
    let mut lines: Vec<(u32, Option<u32>, u64)> =
        served.chain(plan.unserved.iter().map(|&(r, amount)| (r, None, amount))).collect();
    lines.sort_by_key(|&(r, s, _)| (r, s.is_none(), s));
    let cost = |&(r, s, _): &(u32, Option<u32>, u64)| {
        let costs = instance.pair_costs.as_ref()?;
        let (_, cost) = costs.row(r as usize).find(|&(site, _)| Some(site) == s)?;
        Some(units(cost, instance.pair_cost_scale))
    };
    let amounts: Vec<f64> = lines.iter().map(|&(_, _, amount)| units(amount, capacitated.scale)).collect();
    let columns = vec![
        ids("row", &instance.row_ids, lines.iter().map(|line| Some(line.0 as usize))),
        ids("site", &instance.site_ids, lines.iter().map(|line| line.1.map(|s| s as usize))),
        Float64Chunked::from_slice("amount".into(), &amounts).into_column(),
        Float64Chunked::from_iter_options("cost".into(), lines.iter().map(cost)).into_column(),
    ];
    write_frame(&folder.join("assignment.parquet"), lines.len(), columns, None)
}

fn ids(name: &str, ids: &Ids, at: impl Iterator<Item = Option<usize>>) -> Column {
    match ids {
        Ids::Whole(ids) => {
            Int64Chunked::from_iter_options(name.into(), at.map(|at| at.map(|at| ids[at]))).into_column()
        }
        Ids::Text(ids) => {
            StringChunked::from_iter_options(name.into(), at.map(|at| at.map(|at| ids[at].as_str()))).into_column()
        }
    }
}
