//! Reads a problem from three tables, each Parquet or CSV by its ending.
//!
//! | table | columns |
//! |---|---|
//! | rows | `row`, `weight`, and where known `need`: what the row takes of a site's capacity (the weight) |
//! | pairs | `row`, `site`, and `cost` where known: this site serves this row |
//! | sites | `site`, and where known `cost` (1), `fixed` (false), `eligible` (true), `capacity`; in brackets what holds without the column |
//!
//! Row and site ids are whole numbers or text. Other columns are ignored. Numbers must be finite and not negative; a
//! column of whole numbers is kept as it is, any other is rounded to thousandths, so that all sums are exact integers.

use std::collections::HashMap;
use std::path::Path;

use super::cover::{CostTable, CoverTable};
use crate::error::{Faults, Result};
pub use crate::ingest::columns::Ids;
use crate::ingest::columns::{Frame, Kind};

/// A problem as read from its tables.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The rows' ids in the order of the table.
    pub row_ids: Ids,
    /// The rows' weights, in `1 / weight_scale`.
    pub weights: Vec<u64>,
    /// 1 or 1000.
    pub weight_scale: u64,
    /// The sites' ids in the order of the table.
    pub site_ids: Ids,
    /// The sites' costs, in `1 / site_cost_scale`.
    pub site_costs: Vec<u64>,
    /// 1 or 1000.
    pub site_cost_scale: u64,
    /// Sites that stand already.
    pub fixed: Vec<bool>,
    /// Sites that may be opened.
    pub eligible: Vec<bool>,
    /// What each site can take, in `1 / capacity_scale`, where the sites say.
    pub capacities: Option<Vec<u64>>,
    /// 1 or 1000.
    pub capacity_scale: u64,
    /// What each row takes of a capacity, in `1 / need_scale`: its weight, where the rows do not say.
    pub needs: Vec<u64>,
    /// 1 or 1000.
    pub need_scale: u64,
    /// Which sites serve which rows.
    pub cover: CoverTable,
    /// What it costs, in `1 / pair_cost_scale`, where the pairs say.
    pub pair_costs: Option<CostTable>,
    /// 1 or 1000.
    pub pair_cost_scale: u64,
}

/// Reads the three tables.
///
/// # Errors
/// All faults found, each with its file and line: `table::format`, `table::columns`, `table::value`, `table::id`,
/// `table::pair`, `table::empty`, or `io`. At most ten of a kind are listed, then their number.
pub fn read(rows: &Path, pairs: &Path, sites: &Path) -> Result<Instance> {
    let mut faults = Faults::default();
    let rows_read = faults.keep(read_rows(rows))?;
    let sites_read = faults.keep(read_sites(sites))?;
    let pairs_frame = faults.keep(Frame::open(pairs, &["row", "site"], &["cost"]))?;
    let (Some((row_ids, weights, needs)), Some(table), Some(frame)) = (rows_read, sites_read, pairs_frame) else {
        faults.finish()?;
        return unreachable_read();
    };
    let pairs_read = faults.keep(read_pairs(&frame, &row_ids, &table.ids))?;
    let costs = if frame.has("cost") { faults.keep(frame.amounts("cost"))? } else { None };
    faults.finish()?;
    let pairs = pairs_read.unwrap_or_default();

    let pair_cost_scale = costs.as_ref().map_or(1, |(_, scale)| *scale);
    let (cover, pair_costs) = match costs {
        None => (CoverTable::from_pairs(row_ids.len(), table.ids.len(), &pairs)?, None),
        Some((costs, _)) => {
            let triples: Vec<_> = pairs.iter().zip(costs).map(|(&(r, s), cost)| (r, s, cost)).collect();
            let costs = CostTable::from_triples(row_ids.len(), table.ids.len(), &triples)?;
            (costs.cover().clone(), Some(costs))
        }
    };
    let (weights, weight_scale) = weights;
    let (needs, need_scale) = needs.unwrap_or_else(|| (weights.clone(), weight_scale));
    let (capacities, capacity_scale) = table.capacities.map_or((None, 1), |(amounts, scale)| (Some(amounts), scale));
    let (site_costs, site_cost_scale) = table.costs;
    Ok(Instance {
        row_ids,
        weights,
        weight_scale,
        site_ids: table.ids,
        site_costs,
        site_cost_scale,
        fixed: table.fixed,
        eligible: table.eligible,
        capacities,
        capacity_scale,
        needs,
        need_scale,
        cover,
        pair_costs,
        pair_cost_scale,
    })
}

/// `finish` has already failed where a table is missing.
fn unreachable_read<T>() -> Result<T> {
    Err(crate::error::Fault::new("table::format", "a table could not be read").into())
}

type Amounts = (Vec<u64>, u64);

fn read_rows(path: &Path) -> Result<(Ids, Amounts, Option<Amounts>)> {
    let frame = Frame::open(path, &["row", "weight"], &["need"])?;
    let mut faults = Faults::default();
    let ids = faults.keep(unique_ids(&frame, "row"))?;
    let weights = faults.keep(frame.amounts("weight"))?;
    let needs = if frame.has("need") { faults.keep(frame.amounts("need"))? } else { None };
    faults.finish()?;
    match (ids, weights) {
        (Some(ids), Some(weights)) => Ok((ids, weights, needs)),
        _ => unreachable_read(),
    }
}

struct SiteTable {
    ids: Ids,
    costs: Amounts,
    fixed: Vec<bool>,
    eligible: Vec<bool>,
    capacities: Option<Amounts>,
}

fn read_sites(path: &Path) -> Result<SiteTable> {
    let frame = Frame::open(path, &["site"], &["cost", "fixed", "eligible", "capacity"])?;
    let n = frame.len();
    let mut faults = Faults::default();
    let ids = faults.keep(unique_ids(&frame, "site"))?;
    let costs = if frame.has("cost") { faults.keep(frame.amounts("cost"))? } else { Some((vec![1; n], 1)) };
    let fixed = if frame.has("fixed") { faults.keep(frame.flags("fixed"))? } else { Some(vec![false; n]) };
    let eligible = if frame.has("eligible") { faults.keep(frame.flags("eligible"))? } else { Some(vec![true; n]) };
    let capacities = if frame.has("capacity") { faults.keep(frame.amounts("capacity"))? } else { None };
    faults.finish()?;
    match (ids, costs, fixed, eligible) {
        (Some(ids), Some(costs), Some(fixed), Some(eligible)) => {
            Ok(SiteTable { ids, costs, fixed, eligible, capacities })
        }
        _ => unreachable_read(),
    }
}

fn unique_ids(frame: &Frame, name: &str) -> Result<Ids> {
    let ids = frame.ids(name)?;
    let mut twice = Kind::new(frame, "table::id", "keep one line for each id");
    let mut empty = Kind::new(frame, "table::empty", "give at least one line below the header");
    if ids.len() == 0 {
        empty.add(None, "the table has no rows".into());
    }
    match &ids {
        Ids::Whole(ids) => find_twice(ids, |at, id| twice.add(Some(at), format!("{name} {id} stands twice"))),
        Ids::Text(ids) => find_twice(ids, |at, id| twice.add(Some(at), format!("{name} `{id}` stands twice"))),
    }
    let mut faults = Faults::default();
    twice.finish(&mut faults);
    empty.finish(&mut faults);
    faults.finish()?;
    Ok(ids)
}

fn find_twice<T: std::hash::Hash + Eq>(ids: &[T], mut found: impl FnMut(usize, &T)) {
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.iter().enumerate().filter(|(_, id)| !seen.insert(*id)).for_each(|(at, id)| found(at, id));
}

fn read_pairs(frame: &Frame, row_ids: &Ids, site_ids: &Ids) -> Result<Vec<(u32, u32)>> {
    let mut faults = Faults::default();
    let rows = faults.keep(numbers(frame, "row", row_ids))?;
    let sites = faults.keep(numbers(frame, "site", site_ids))?;
    faults.finish()?;
    let pairs: Vec<(u32, u32)> = rows.unwrap_or_default().into_iter().zip(sites.unwrap_or_default()).collect();
    let mut twice = Kind::new(frame, "table::pair", "keep one line for each pair");
    // Sorting positions takes far less room than a set of all pairs.
    let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
    order.sort_unstable_by_key(|&at| (pairs[at as usize], at));
    let mut doubled: Vec<u32> =
        order.windows(2).filter(|w| pairs[w[0] as usize] == pairs[w[1] as usize]).map(|w| w[1]).collect();
    doubled.sort_unstable();
    for at in doubled {
        let (r, s) = pairs[at as usize];
        let message =
            format!("the pair of row {} and site {} stands twice", row_ids.text(r as usize), site_ids.text(s as usize));
        twice.add(Some(at as usize), message);
    }
    let mut faults = Faults::default();
    twice.finish(&mut faults);
    faults.finish()?;
    Ok(pairs)
}

/// The position of each id of a column among the known ids.
fn numbers(frame: &Frame, name: &str, known: &Ids) -> Result<Vec<u32>> {
    let asked = frame.ids(name)?;
    let help = format!("every {name} of the pairs must stand in the table of {name}s");
    let mut unknown = Kind::new(frame, "table::id", &help);
    let mut found = Vec::with_capacity(asked.len());
    let mut note = |at: usize, number: Option<&u32>, id: &dyn std::fmt::Display| match number {
        Some(&number) => found.push(number),
        None => unknown.add(Some(at), format!("{name} `{id}` is not known")),
    };
    match (known, &asked) {
        (Ids::Whole(known), Ids::Whole(asked)) => {
            let known: HashMap<i64, u32> = known.iter().copied().zip(0..).collect();
            asked.iter().enumerate().for_each(|(at, id)| note(at, known.get(id), id));
        }
        _ => {
            let texts: Vec<_> = (0..known.len()).map(|at| known.text(at)).collect();
            let known: HashMap<&str, u32> = texts.iter().map(AsRef::as_ref).zip(0..).collect();
            for at in 0..asked.len() {
                let id = asked.text(at);
                note(at, known.get(id.as_ref()), &id);
            }
        }
    }
    let mut faults = Faults::default();
    unknown.finish(&mut faults);
    faults.finish()?;
    Ok(found)
}

#[cfg(test)]
mod tests;
