//! Why each agent is in the plan: whom it adds, whom only it serves, whose nearest it is; and why each other site is not.
//!
//! * [`why`]: what the plan would be without each agent and with each other candidate
//! * [`sentences`]: the same in words

mod second;
pub mod sentences;
pub mod why;

use super::{Agent, PhasePlan};
use crate::optimise::cover::open_flags;
use crate::study::Study;
use crate::units::{Persons, counted, grouped};

/// People of the rows that each site serves.
struct SiteRows {
    rows: Vec<Vec<u32>>,
}

impl SiteRows {
    fn of(study: &Study, sites: &[u32]) -> SiteRows {
        let wanted = open_flags(study.sites.len(), sites);
        let mut rows = vec![Vec::new(); study.sites.len()];
        for row in 0..study.cover.rows() {
            for pair in study.cover.row(row) {
                if wanted[pair.site as usize] {
                    rows[pair.site as usize].push(row as u32);
                }
            }
        }
        SiteRows { rows }
    }
}

/// Orders new sites so that each adds most people not yet served, by their weight (those in scope first), given what
/// stands before; ties by the people it serves, then by index.
pub(super) fn opening_order(study: &Study, before: &[bool], new: Vec<u32>, in_scope: &[bool]) -> Vec<u32> {
    let site_rows = SiteRows::of(study, &new);
    let mut served: Vec<bool> =
        (0..study.cover.rows()).map(|row| study.cover.row(row).iter().any(|p| before[p.site as usize])).collect();
    let reach = |site: u32, served: &[bool], all: bool| -> u64 {
        let rows = site_rows.rows[site as usize].iter().map(|&r| r as usize);
        rows.filter(|&r| all || (!served[r] && in_scope[r])).map(|r| study.row_weight[r]).sum()
    };
    let mut left = new;
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let best = left
            .iter()
            .copied()
            .max_by_key(|&s| (reach(s, &served, false), reach(s, &served, true), std::cmp::Reverse(s)));
        let Some(best) = best else { break };
        for &row in &site_rows.rows[best as usize] {
            served[row as usize] = true;
        }
        left.retain(|&s| s != best);
        order.push(best);
    }
    order
}

/// All agents of a plan in the order of opening, with what each contributes.
pub(super) fn agents(study: &Study, phases: &[PhasePlan]) -> Vec<Agent> {
    let Some(last) = phases.last() else { return Vec::new() };
    // Fixed sites stand before the first phase, even those that it closes.
    let fixed: Vec<u32> = (0..study.sites.len() as u32).filter(|&s| study.sites[s as usize].site.fixed).collect();
    let mut ever = fixed.clone();
    ever.extend(phases.iter().flat_map(|p| p.opened.iter().copied()));
    let site_rows = SiteRows::of(study, &ever);
    let closes = |site: u32, opens: usize, stood: bool| {
        let stands = |t: &usize| phases[*t].open.binary_search(&site).is_ok();
        (opens + usize::from(!stood)..phases.len()).find(|t| !stands(t))
    };
    let mut servers = vec![0_u32; study.cover.rows()];
    let mut nearest = vec![Persons(0); study.sites.len()];
    for (row, state) in last.rows.iter().enumerate() {
        servers[row] = study.cover.row(row).iter().filter(|p| last.open.binary_search(&p.site).is_ok()).count() as u32;
        if let Some(agent) = state.agent {
            nearest[agent as usize] += study.row_persons[row];
        }
    }
    let fixed = fixed.into_iter().map(|s| (s, 0, true));
    let opened = phases.iter().enumerate().flat_map(|(t, p)| p.opened.iter().map(move |&s| (s, t, false)));
    let mut served = vec![false; study.cover.rows()];
    let (mut cumulative, mut order) = (Persons(0), 0);
    fixed
        .chain(opened)
        .map(|(site, phase, stands)| {
            let mut marginal = Persons(0);
            let mut only = Persons(0);
            let stands_last = last.open.binary_search(&site).is_ok();
            for &row in &site_rows.rows[site as usize] {
                let row = row as usize;
                if !std::mem::replace(&mut served[row], true) {
                    marginal += study.row_persons[row];
                }
                // An agent that is closed by then serves nobody, whoever else does.
                if stands_last && servers[row] == 1 {
                    only += study.row_persons[row];
                }
            }
            cumulative += marginal;
            if !stands {
                order += 1;
            }
            Agent {
                site,
                phase,
                closes: closes(site, phase, stands),
                order: if stands { 0 } else { order },
                persons_marginal: marginal,
                persons_cumulative: cumulative,
                persons_only: only,
                persons_nearest: nearest[site as usize],
            }
        })
        .collect()
}

/// Why an agent is in the plan, in Vietnamese and English.
pub fn reason(agent: &Agent) -> (String, String) {
    let people = |p: Persons| p.people().round() as u64;
    if agent.order == 0 {
        return ("Cơ sở đã có sẵn, được giữ nguyên.".into(), "Stands already and is kept.".into());
    }
    let (added, only, load) =
        (people(agent.persons_marginal), people(agent.persons_only), people(agent.persons_nearest));
    if added > 0 {
        (
            format!(
                "Phục vụ thêm {} người chưa có đại lý nào trước đó phục vụ; {} người chỉ có đại lý này.",
                dots(added),
                dots(only)
            ),
            format!(
                "Serves {} whom no earlier agent serves; {} {} no other.",
                counted(added, "person", "people"),
                counted(only, "person", "people"),
                if only == 1 { "has" } else { "have" }
            ),
        )
    } else {
        (
            format!("Không thêm người mới trong chuẩn, nhưng là đại lý gần nhất của {} người.", dots(load)),
            format!(
                "Adds nobody new under the standard, but is the nearest agent of {}.",
                counted(load, "person", "people")
            ),
        )
    }
}

/// Whole numbers as written in English.
pub fn commas(n: u64) -> String {
    grouped(n, ',')
}

/// Whole numbers as written in Vietnamese.
pub fn dots(n: u64) -> String {
    grouped(n, '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_language() {
        assert_eq!((commas(1_234_567), dots(1_234_567)), ("1,234,567".into(), "1.234.567".into()));
        assert_eq!((commas(0), commas(999), commas(1000)), ("0".into(), "999".into(), "1,000".into()));
    }
}
