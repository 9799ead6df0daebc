//! `proof.json` and the multipliers beside it: what was proved of each problem, and all that somebody needs to compute a
//! bound again from the raw tables without a solver. The format is told in docs/methods.md, *Checking the proof yourself*.

use serde_json::{Value, json};

use super::schema::PROOF;
use super::table::{self, RunFolder, Values};
use crate::error::{Fault, Result};
use crate::optimise::certificate::Certificate;
use crate::rollout::Rollout;
use crate::rollout::certify::{Asked, Statement};
use crate::study::Study;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// Whole numbers up to this one are exact as 64-bit floating point.
const LARGEST_EXACT: u64 = 1 << 53;

/// Writes the proofs of a run.
///
/// # Errors
/// The disk refuses.
pub(super) fn write(
    folder: &RunFolder,
    study: &Study,
    plan: &Rollout,
    certificates: &[Option<Certificate>],
) -> Result<()> {
    let ids = |flags: &[bool]| -> Vec<&str> {
        let sites = study.sites.iter().zip(flags).filter(|(_, on)| **on);
        sites.map(|(s, _)| s.site.id.as_str()).collect()
    };
    let names =
        |sites: &[u32]| -> Vec<&str> { sites.iter().map(|&s| study.sites[s as usize].site.id.as_str()).collect() };
    let mut columns = Multipliers::default();
    let mut problems = Vec::new();
    for (i, (statement, certificate)) in plan.problems.stated.iter().zip(certificates).enumerate() {
        let number = i as u32 + 1;
        let exact = |c: &&Certificate| c.multipliers.iter().flatten().all(|&u| u <= LARGEST_EXACT);
        let certificate = certificate.as_ref().filter(exact);
        if let Some(certificate) = certificate {
            columns.add(study, number, statement, certificate);
        }
        let uniform = statement.costs.iter().all(|&cost| cost == 1);
        let costs: serde_json::Map<String, Value> =
            study.sites.iter().zip(&statement.costs).map(|(s, &cost)| (s.site.id.clone(), cost.into())).collect();
        problems.push(json!({
            "problem": number,
            "kind": kind(statement),
            "unit": match statement.asked {
                Asked::MostPeople(_) => "thousandths of a person × days",
                Asked::FewestForAll(_) => "cost of sites",
            },
            "objective": statement.objective,
            "bound": statement.bound,
            "gap": statement.gap,
            "status": statement.status,
            // Without their times, which stand in the manifest: the same inputs give the same bytes.
            "steps": statement.steps.iter().map(|s| json!({ "step": s.step, "found": s.found })).collect::<Vec<_>>(),
            "fixed": ids(&statement.fixed),
            "costs": if uniform { Value::Null } else { Value::Object(costs) },
            "phases": phases(statement, certificate, &ids),
            "also_asked": statement.also,
            "certificate": certificate.map(|c| {
                let mut told = certified(statement.objective, statement.bound, c, &names);
                if !statement.also.is_empty() && c.bound != statement.bound {
                    let rest = "what is asked besides, and branching, prove the rest";
                    told["says"] = format!("the multipliers prove {}; {rest}", c.bound).into();
                }
                told
            }),
            "no_multipliers": match certificate {
                Some(_) => None,
                None => Some(statement.no_multipliers.as_deref().unwrap_or("no multipliers: they are too large to be written exactly")),
            },
        }));
    }
    let proof = json!({
        "format": FORMAT,
        "gandan": env!("CARGO_PKG_VERSION"),
        "check": "docs/methods.md, Checking the proof yourself; tests/oracle/check_proof.py does it",
        "tables": {
            "weights": "cells.parquet, weight × 1000 where in_scope",
            "cover": "coverage.parquet",
            "multipliers": PROOF.file,
        },
        "problems": problems,
        "without_multipliers": plan.problems.unstated.iter().map(|of| json!({
            "phases": of.phases.clone().map(|t| t + 1).collect::<Vec<_>>(),
            "kind": of.kind.as_str(),
            "why": of.kind.why(),
        })).collect::<Vec<_>>(),
    });
    let path = folder.join("proof.json");
    std::fs::write(&path, format!("{proof:#}\n")).map_err(|e| Fault::io("write the proof", &path, &e))?;
    table::write(folder, &PROOF, columns.values())
}

fn kind(statement: &Statement) -> &'static str {
    match statement.asked {
        Asked::MostPeople(_) => "most-people",
        Asked::FewestForAll(_) => "fewest-for-all",
    }
}

/// The limits of each phase, with the prices that the multipliers go with.
fn phases<'a>(
    statement: &Statement,
    certificate: Option<&Certificate>,
    ids: &dyn Fn(&[bool]) -> Vec<&'a str>,
) -> Vec<Value> {
    match &statement.asked {
        Asked::MostPeople(phases) => (statement.phases.clone().zip(phases))
            .enumerate()
            .map(|(i, (number, phase))| {
                json!({
                    "phase": number + 1,
                    "days": phase.multiplier,
                    "may_open": ids(&phase.allowed),
                    "agents": phase.open_total,
                    "budget": phase.budget,
                    "site_price": certificate.and_then(|c| c.site_prices.get(i)),
                    "cost_price": certificate.and_then(|c| c.cost_prices.get(i)),
                })
            })
            .collect(),
        Asked::FewestForAll(eligible) => {
            vec![json!({ "phase": statement.phases.start + 1, "may_open": ids(eligible) })]
        }
    }
}

/// What multipliers prove, as `proof.json` tells it.
pub(crate) fn certified<T: serde::Serialize>(
    objective: u64,
    bound: u64,
    certificate: &Certificate,
    names: &dyn Fn(&[u32]) -> Vec<T>,
) -> Value {
    let all = objective.abs_diff(certificate.bound);
    let rest = bound.abs_diff(certificate.bound);
    json!({
        "scale": certificate.scale,
        "bound": certificate.bound,
        "gap": if all == 0 { 0.0 } else { all as f64 / objective.max(certificate.bound) as f64 },
        "says": match rest {
            0 => "the multipliers prove the whole bound".to_owned(),
            _ => format!("the multipliers prove {}; from there to {bound} the proof is by branching", certificate.bound),
        },
        "in_no_plan_as_good": names(&certificate.closed),
        "in_every_plan_as_good": names(&certificate.open),
    })
}

/// The columns of [`PROOF`]; multipliers of 0 are left out.
#[derive(Default)]
struct Multipliers {
    problem: Vec<u32>,
    phase: Vec<u32>,
    cell: Vec<u32>,
    mode: Vec<String>,
    multiplier: Vec<f64>,
}

impl Multipliers {
    fn add(&mut self, study: &Study, number: u32, statement: &Statement, certificate: &Certificate) {
        let n_modes = study.modes.len();
        for (phase, rows) in statement.phases.clone().zip(&certificate.multipliers) {
            for (row, &u) in rows.iter().enumerate().filter(|(_, u)| **u > 0) {
                self.problem.push(number);
                self.phase.push(phase as u32 + 1);
                self.cell.push((row / n_modes) as u32);
                self.mode.push(study.modes[row % n_modes].id.clone());
                self.multiplier.push(u as f64);
            }
        }
    }

    fn values(self) -> Vec<Values> {
        vec![
            Values::whole(self.problem),
            Values::whole(self.phase),
            Values::whole(self.cell),
            Values::text(self.mode),
            Values::number(self.multiplier),
        ]
    }
}
