//! `proof.json` and `multipliers.parquet` of `gandan optimise --out`: a bound that anybody can compute again from the
//! three tables without a solver.

use std::path::Path;

use polars::prelude::{Column, Int64Chunked, IntoColumn, NewChunkedArray, StringChunked, UInt64Chunked};
use serde_json::{Value, json};

use crate::error::{Fault, Result};
use crate::ingest::columns::Ids;
use crate::optimise::certificate::{Certificate, Effort, of_phases, of_set_cover};
use crate::optimise::tables::Instance;
use crate::optimise::{Answer, max_cover, phases, set_cover};
use crate::output::proof::{FORMAT, certified};
use crate::output::table::write_frame;

/// The question whose answer is certified.
pub(super) enum Asked<'a> {
    /// Set covering.
    SetCover(set_cover::Problem<'a>),
    /// Maximal covering.
    MaxCover(max_cover::Problem<'a>),
}

/// Writes both files into the folder of the answer.
///
/// # Errors
/// The disk refuses.
pub(super) fn write(folder: &Path, instance: &Instance, asked: &Asked, answer: &Answer) -> Result<()> {
    let (kind, unit, limits, certificate) = match asked {
        Asked::SetCover(problem) => {
            let certificate = of_set_cover(problem, answer.objective, Effort::default());
            ("fewest-for-all", format!("cost / {}", instance.site_cost_scale), json!({}), certificate)
        }
        Asked::MaxCover(problem) => {
            let phases = [problem.phase()];
            let covering =
                phases::Problem { cover: problem.cover, costs: problem.costs, fixed: problem.fixed, phases: &phases };
            let certificate = of_phases(&covering, answer.objective, Effort::default());
            let limits = json!({
                "days": 1,
                "agents": phases[0].open_total,
                "budget": problem.budget,
                "site_price": certificate.site_prices.first(),
                "cost_price": certificate.cost_prices.first(),
            });
            ("most-people", format!("weight / {}", instance.weight_scale), limits, certificate)
        }
    };
    let names = |sites: &[u32]| -> Vec<Value> { sites.iter().map(|&s| instance.site_ids.json(s as usize)).collect() };
    let proof = json!({
        "format": FORMAT,
        "gandan": env!("CARGO_PKG_VERSION"),
        "check": "docs/methods.md, Checking the proof yourself; tests/oracle/check_proof.py does it",
        "tables": {
            "weights": format!("the rows, weight × {}", instance.weight_scale),
            "costs": format!("the sites, cost × {}", instance.site_cost_scale),
            "cover": "the pairs",
            "multipliers": "multipliers.parquet",
        },
        "weight_scale": instance.weight_scale,
        "cost_scale": instance.site_cost_scale,
        "problems": [{
            "problem": 1,
            "kind": kind,
            "unit": unit,
            "objective": answer.objective,
            "bound": answer.bound,
            "gap": answer.gap,
            "status": answer.status,
            "time_s": answer.time_s,
            "steps": answer.steps,
            "chosen": names(&answer.chosen),
            "phases": [limits],
            "certificate": certified(answer.objective, answer.bound, &certificate, &names),
        }],
    });
    let path = folder.join("proof.json");
    std::fs::write(&path, format!("{proof:#}\n")).map_err(|e| Fault::io("write the proof", &path, &e))?;
    write_multipliers(&folder.join("multipliers.parquet"), instance, &certificate)
}

/// Rows whose multiplier is above 0.
fn write_multipliers(path: &Path, instance: &Instance, certificate: &Certificate) -> Result<()> {
    let all = certificate.multipliers.first().map_or(&[][..], Vec::as_slice);
    let above: Vec<usize> = (0..all.len()).filter(|&row| all[row] > 0).collect();
    let rows: Column = match &instance.row_ids {
        Ids::Whole(ids) => {
            Int64Chunked::from_iter_options("row".into(), above.iter().map(|&r| Some(ids[r]))).into_column()
        }
        Ids::Text(ids) => {
            StringChunked::from_iter_options("row".into(), above.iter().map(|&r| Some(ids[r].as_str()))).into_column()
        }
    };
    let values: Vec<u64> = above.iter().map(|&r| all[r]).collect();
    let multipliers = UInt64Chunked::from_slice("multiplier".into(), &values).into_column();
    write_frame(path, above.len(), vec![rows, multipliers], None)
}
