//! Asks that cannot be met, answered with what could be: how many people the allowed agents serve at most, and how many
//! agents it would take.

use super::asked::{Promise, milli, promises};
use super::blocks::Block;
use super::{Ground, count};
use crate::error::{Error, Fault, Result};
use crate::optimise::phases::{self, Aim, Alone, SideConstraints};
use crate::rollout::explain::commas;
use crate::scenario::Opens;
use crate::units::Persons;

fn targets(code: &'static str, message: String, place: String, help: String) -> Error {
    Error::Targets(Fault::new(code, message).place(place).help(help))
}

fn percent(part: u64, of: u64) -> String {
    format!("{:.2} %", part as f64 / of.max(1) as f64 * 100.0)
}

fn people(milli: u64) -> String {
    commas(Persons(milli).people().round() as u64)
}

/// Money as sites give it.
fn money(milli: u64) -> String {
    if milli.is_multiple_of(1000) { commas(milli / 1000) } else { format!("{:.3}", milli as f64 / 1000.0) }
}

impl Ground<'_> {
    /// What stands before a block and what it names must fit into its numbers and budgets.
    pub(super) fn check_room(&self, block: &Block) -> Result<()> {
        for i in 0..block.phases.len() {
            let t = block.first + i;
            let asked = &self.study.scenario.phases[t];
            let stays = |s: &usize| self.named.stays(*s, t);
            let standing: Vec<usize> = (0..block.base.len()).filter(|&s| block.base[s]).filter(stays).collect();
            let by = |s: usize| block.side.open_by.get(s).copied().flatten();
            let named: Vec<usize> = (0..block.base.len())
                .filter(|&s| !block.base[s] && by(s).is_some_and(|by| by as usize <= i))
                .filter(stays)
                .collect();
            let (n_standing, n_named) = (standing.len(), named.len());
            let both = if n_named == 0 {
                format!("the {n_standing} that stand already")
            } else {
                format!("the {n_standing} that stand already and the {n_named} that must open")
            };
            if let Some(agents) = asked.agents.filter(|&agents| n_standing + n_named > agents as usize) {
                let message = format!("{agents} agents are allowed, fewer than {both}");
                let help = format!(
                    "the number counts all that stand at the phase's end: allow at least {}",
                    n_standing + n_named
                );
                return Err(targets("phases::agents", message, self.called(t), help));
            }
            let cost: u64 = standing.iter().chain(&named).map(|&s| self.costs[s]).sum();
            if let Some(budget) = asked.budget.map(milli).filter(|&budget| cost > budget) {
                let message =
                    format!("the budget of {} does not pay for {both}: they cost {}", money(budget), money(cost));
                let help =
                    format!("the budget pays for all that stands at the phase's end: allow at least {}", money(cost));
                return Err(targets("phases::budget", message, self.called(t), help));
            }
        }
        Ok(())
    }

    /// Says by name and number what a block asks in vain.
    pub(super) fn explained(&self, block: &Block, error: Error) -> Error {
        let wants_reasons = matches!(&error, Error::Targets(fault) if fault.code == "optimise::floors");
        if !wants_reasons {
            return error;
        }
        match self.broken_promise(block) {
            Ok(Some(reason)) => reason,
            // The other errors of looking closer say less than the one at hand.
            Ok(None) | Err(_) => error,
        }
    }

    /// The first promise that cannot be kept by itself; else the first phase whose promises cannot be kept together; else
    /// that the phases get in each other's way.
    fn broken_promise(&self, block: &Block) -> Result<Option<Error>> {
        let problem = self.problem(block);
        for (i, promise) in block.promises.iter().enumerate() {
            let floor = &block.side.floors[i];
            let t = floor.phase as usize;
            let alone = Alone::new(&problem, &block.side, t)?.weighing(&floor.rows);
            let most = alone.most(&problem, &self.limits)?;
            if most.bound < floor.least {
                return Ok(Some(self.too_much(block, promise, &alone, most.objective, most.bound)?));
            }
        }
        for i in 0..block.phases.len() {
            let floors: Vec<_> = block.side.floors.iter().filter(|f| f.phase as usize == i).cloned().collect();
            let floors: Vec<_> = floors.into_iter().map(|f| phases::Floor { phase: 0, ..f }).collect();
            let side = SideConstraints { floors, ..SideConstraints::default() };
            let alone = Alone::new(&problem, &block.side, i)?;
            let free = alone.clone().unlimited();
            let needed = phases::best(&free.problem(&problem), &side, Aim::Fewest, &self.limits)?;
            let t = block.first + i;
            let allowed = block.phases[i].open_total;
            if let Some(needed) = needed.bound.filter(|&needed| needed > allowed as u64) {
                let message = format!(
                    "each of the {} shares promised can be kept by itself, but all of them need at least {needed} agents; {allowed} are allowed",
                    side.floors.len()
                );
                let help = "allow more agents, or promise less".to_owned();
                return Ok(Some(targets("phases::promised", message, self.called(t), help)));
            }
        }
        let t = block.first + block.phases.len() - 1;
        let message =
            "what the phases promise can be kept phase by phase, but not by agents that go on standing and within \
                       all limits together"
                .to_owned();
        let help = "allow earlier phases more agents or budget, promise less, or close fewer sites".to_owned();
        Ok(Some(targets("phases::promised", message, self.called(t), help)))
    }

    /// A promise that what is allowed cannot keep.
    fn too_much(&self, block: &Block, promise: &Promise, alone: &Alone, best: u64, bound: u64) -> Result<Error> {
        let problem = self.problem(block);
        let i = promise.floor.phase as usize;
        let t = block.first + i;
        let phase = &block.phases[i];
        let floor = phases::Floor { phase: 0, ..promise.floor.clone() };
        let side = SideConstraints { floors: vec![floor], ..SideConstraints::default() };
        let free = alone.clone().unlimited();
        let needed = phases::best(&free.problem(&problem), &side, Aim::Fewest, &self.limits)?;
        let whom = match promise.feature {
            None => "the people in scope".to_owned(),
            Some(feature) => {
                let layer = self.study.scenario.equity_layer().and_then(|l| self.study.layers.get(l));
                let name = layer.map_or("?", |l| l.features[feature as usize].name.as_str());
                format!("the people of {name} whom a candidate can serve")
            }
        };
        let mut limits = Vec::new();
        if phase.open_total < block.base.len() {
            limits.push(format!("{} agents", phase.open_total));
        }
        if let Some(budget) = phase.budget {
            limits.push(format!("a budget of {}", money(budget)));
        }
        let limits = if limits.is_empty() { "every candidate that may open".into() } else { limits.join(" and ") };
        let by = if best == bound { String::new() } else { format!(" (found: {})", percent(best, promise.of)) };
        let message = format!(
            "{:.2} % of {whom} must be served, but {limits} serve at most {}{by}: {} of {}",
            promise.share * 100.0,
            percent(bound, promise.of),
            people(bound),
            people(promise.of)
        );
        let help = match (needed.value, needed.bound) {
            (Some(value), Some(bound)) if value == bound => {
                format!("it needs at least {value} agents{}", self.price(&free, block, &side)?)
            }
            (_, Some(bound)) if needed.out_of_time => format!("it needs at least {bound} agents, perhaps more"),
            _ => {
                let all = free.most(&problem, &self.limits)?;
                format!(
                    "all candidates that may open serve {} together, so no number of agents reaches it: add candidates \
                     ([proposals] with most = 10 proposes points), or ask for less",
                    percent(all.bound, promise.of)
                )
            }
        };
        let key = if promise.feature.is_some() { "floor" } else { "min_coverage" };
        let place = format!("phases[{}].{key} ({})", promise.by + 1, self.study.scenario.phases[promise.by].name.en);
        let place = if promise.by == t { place } else { format!("{place}, at the end of {}", self.called(t)) };
        Ok(targets("phases::promised", message, place, help))
    }

    /// The least money that does it, where there are budgets.
    fn price(&self, free: &Alone, block: &Block, side: &SideConstraints) -> Result<String> {
        if block.phases.iter().all(|phase| phase.budget.is_none()) {
            return Ok(String::new());
        }
        let cheapest = phases::best(&free.problem(&self.problem(block)), side, Aim::Cheapest, &self.limits)?;
        Ok(cheapest.bound.map_or(String::new(), |cost| format!(", or at least {} of money", money(cost))))
    }

    /// Serving everyone needs more agents than are allowed.
    pub(super) fn too_few_for_all(&self, block: &Block, needed: u64, found: u64) -> Error {
        let allowed = block.phases[0].open_total;
        let served = match self.most_served(block) {
            Ok((bound, of)) => format!(", which serve at most {} of the people in scope", percent(bound, of)),
            Err(error) => return error,
        };
        let message = if needed > allowed as u64 {
            format!(
                "serving everyone whom a candidate can serve needs at least {needed} agents; {allowed} are allowed{served}"
            )
        } else {
            format!(
                "serving everyone whom a candidate can serve takes {found} agents by the best plan found in time, and at \
                 least {needed}; {allowed} are allowed{served}"
            )
        };
        let help = format!("allow {found} agents, or opens = \"most-people\" with {allowed}");
        targets("phases::too-few", message, self.called(block.first), help)
    }

    /// Serving everyone costs more than the budget.
    pub(super) fn too_little_for_all(
        &self,
        block: &Block,
        budget: u64,
        side: &SideConstraints,
        out_of_time: bool,
    ) -> Error {
        let answer = || -> Result<Error> {
            let problem = self.problem(block);
            let free = Alone::new(&problem, &block.side, 0)?.unlimited();
            let cheapest = phases::best(&free.problem(&problem), side, Aim::Cheapest, &self.limits)?;
            let (bound, of) = self.most_served(block)?;
            let needed = cheapest.bound.unwrap_or(0);
            let unsure = if out_of_time && needed <= budget { " (the time ran out before it was sure)" } else { "" };
            let message = format!(
                "serving everyone whom a candidate can serve costs at least {}{unsure}; the budget is {}, which serves at \
                 most {} of the people in scope",
                money(needed),
                money(budget),
                percent(bound, of)
            );
            let help = "raise the budget, or opens = \"most-people\" with this one".to_owned();
            Ok(targets("phases::too-little", message, self.called(block.first), help))
        };
        answer().unwrap_or_else(|error| error)
    }

    /// The most people in scope whom the first phase of a block can serve with what it is allowed, and all of them.
    fn most_served(&self, block: &Block) -> Result<(u64, u64)> {
        let problem = self.problem(block);
        let scope = &self.scopes[block.first].in_scope;
        let persons = &self.study.row_persons;
        let rows: Vec<(u32, u64)> =
            (0..persons.len()).filter(|&row| scope[row]).map(|row| (row as u32, persons[row].0)).collect();
        let alone = Alone::new(&problem, &block.side, 0)?.weighing(&rows);
        let most = alone.most(&problem, &self.limits)?;
        Ok((most.bound, rows.iter().map(|row| row.1).sum()))
    }

    /// Looks at every promise once more, whatever made the plan.
    pub(super) fn check_promises(&self, sets: &[Vec<bool>]) -> Result<()> {
        for (t, set) in sets.iter().enumerate() {
            for promise in promises(self.study, &self.named, &self.scopes, t) {
                let covered = promise.floor.covered(self.times.cover(), set);
                if covered < promise.floor.least {
                    let message = format!(
                        "{:.2} % were promised by {}, but {} agents serve {} here",
                        promise.share * 100.0,
                        self.called(promise.by),
                        count(set),
                        percent(covered, promise.of)
                    );
                    let help = match self.study.scenario.phases[t].opens {
                        Opens::FewestForAll => "it already serves everyone whom a candidate can serve: add candidates",
                        Opens::Nothing => {
                            "something closes and nothing opens in its place: close it later, or open more"
                        }
                        _ => "allow more agents, or promise less",
                    };
                    return Err(targets("phases::promised", message, self.called(t), help.to_owned()));
                }
            }
        }
        Ok(())
    }
}
