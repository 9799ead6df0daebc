//! The second objective: agents that are left over, and exchanges that cost no coverage, shorten travel.

use super::blocks::Block;
use super::{Ground, count, indices};
use crate::optimise::cover::open_flags;
use crate::optimise::tidy;
use crate::scenario::Opens;

impl Ground<'_> {
    /// Uses up what the phases of a block may open where coverage cannot grow any more: each further agent goes where it
    /// shortens travel most. Never more in a phase than its budget and all later phases leave room for.
    pub(super) fn second_objective(&self, block: &Block, sets: &mut [Vec<bool>]) {
        let opens = self.study.scenario.phases[block.first].opens;
        if opens != Opens::FewestForAll {
            for i in 0..sets.len() {
                let extra = self.fill(block, sets, i);
                for site in extra {
                    for (l, set) in sets.iter_mut().enumerate().skip(i) {
                        set[site as usize] = self.named.stays(site as usize, block.first + l);
                    }
                }
            }
        }
        // Exchanges would break the nesting of several sets, and what is asked beside the people served; one that leaves
        // the normal case as it is may hurt another.
        let is_free = self.stood.tables.is_empty()
            && block.side.is_empty()
            && block.phases.iter().all(|phase| phase.budget.is_none());
        let is_one = sets.iter().all(|set| set == &sets[0]);
        if is_free && is_one && opens != Opens::WorstFirst {
            let (weights, cover) = (&block.phases[0].weights, self.times.cover());
            let allowed = &block.phases[0].allowed;
            let open = indices(&sets[0]);
            let better = tidy::improve_by_swaps(&self.times, weights, cover, &open, &block.base, allowed);
            sets.fill(open_flags(block.base.len(), &better));
        }
    }

    fn fill(&self, block: &Block, sets: &[Vec<bool>], i: usize) -> Vec<u32> {
        let phase = &block.phases[i];
        let limits = || sets.iter().zip(&block.phases).skip(i);
        let room = limits().map(|(set, phase)| phase.open_total.saturating_sub(count(set))).min().unwrap_or(0);
        let fill = |set: &[bool], allowed: &[bool], room: usize| {
            tidy::nearest_fill(&self.times, &phase.weights, self.times.cover(), &indices(set), allowed, room)
        };
        let money = limits().filter_map(|(set, phase)| Some(phase.budget?.saturating_sub(self.cost(set)))).min();
        let Some(mut money) = money else { return fill(&sets[i], &phase.allowed, room) };
        // With a budget one by one, among those that it still pays for.
        let (mut set, mut opened) = (sets[i].clone(), Vec::new());
        while opened.len() < room {
            let allowed: Vec<bool> = (0..set.len()).map(|s| phase.allowed[s] && self.costs[s] <= money).collect();
            let Some(&site) = fill(&set, &allowed, 1).first() else { break };
            set[site as usize] = true;
            money -= self.costs[site as usize];
            opened.push(site);
        }
        opened
    }
}
