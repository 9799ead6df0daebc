//! Recomputes what is lost without each agent, gained with each candidate, and changed by each exchange.

use std::collections::HashMap;
use std::path::Path;

use super::raw::Raw;
use super::{Report, within};
use crate::error::Result;
use crate::output::read::Rows;
use crate::output::schema::EXPLANATIONS;

/// People in reach, lost, added and exchanged, of every site.
pub(super) fn check(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let told = Rows::read(
        folder,
        &EXPLANATIONS,
        &["site", "persons_in_reach", "persons_lost", "persons_added", "exchange", "exchange_persons"],
    )?;
    let last = raw.weights.len().saturating_sub(1);
    let exchanges = told.maybe_texts("exchange")?;
    let number = |id: &str| raw.number.get(id).copied();
    let sites: Vec<Option<u32>> = told.texts("site")?.iter().map(|id| number(id)).collect();
    // Agent and candidate of every exchange that is told of.
    let mut shared: HashMap<(u32, u32), u64> = HashMap::new();
    let pair = |site: u32, other: u32| if raw.stands(site, last) { (site, other) } else { (other, site) };
    for (site, other) in sites.iter().zip(&exchanges) {
        if let (Some(site), Some(other)) = (*site, other.as_deref().and_then(number)) {
            shared.insert(pair(site, other), 0);
        }
    }
    let n = raw.ids.len();
    let (mut reach, mut lost, mut added) = (vec![0_u64; n], vec![0_u64; n], vec![0_u64; n]);
    for (row, sites) in raw.serves.iter().enumerate() {
        let persons = raw.persons[row];
        let standing: Vec<u32> = sites.iter().copied().filter(|&s| raw.stands(s, last)).collect();
        for &site in sites {
            reach[site as usize] += persons;
            match standing[..] {
                [] => added[site as usize] += persons,
                [only] if only == site => lost[site as usize] += persons,
                [only] => {
                    if let Some(both) = shared.get_mut(&(only, site)) {
                        *both += persons;
                    }
                }
                _ => {}
            }
        }
    }
    let people = |milli: u64| milli as f64 / 1000.0;
    let differs = |told: Option<f64>, found: f64| told.is_some_and(|told| !within(0.0005, told, found));
    let (in_reach, persons_lost) = (told.maybe_numbers("persons_in_reach")?, told.maybe_numbers("persons_lost")?);
    let (persons_added, changes) = (told.maybe_numbers("persons_added")?, told.maybe_numbers("exchange_persons")?);
    let mut unlike = [0_u32; 4];
    for (i, site) in sites.iter().enumerate() {
        let Some(site) = *site else {
            unlike[0] += 1;
            continue;
        };
        let s = site as usize;
        unlike[0] += u32::from(differs(in_reach[i], people(reach[s])));
        // Every agent tells what is lost without it.
        let untold = raw.stands(site, last) != persons_lost[i].is_some();
        unlike[1] += u32::from(untold || differs(persons_lost[i], people(lost[s])));
        unlike[2] += u32::from(differs(persons_added[i], people(added[s])));
        if let Some(other) = exchanges[i].as_deref().and_then(number) {
            let (agent, candidate) = pair(site, other);
            let both = shared.get(&(agent, candidate)).copied().unwrap_or(0);
            let change = people(added[candidate as usize] + both) - people(lost[agent as usize]);
            unlike[3] += u32::from(changes[i].is_none() || differs(changes[i], change));
        }
    }
    let what = [
        "explanations: sites whose people in reach differ",
        "explanations: agents without whom others are lost",
        "explanations: candidates that would add others",
        "explanations: exchanges that change the people served otherwise",
    ];
    for (what, unlike) in what.into_iter().zip(unlike) {
        report.compare(what.to_owned(), 0.0, f64::from(unlike));
    }
    Ok(())
}
