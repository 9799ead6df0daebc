//! Capacitated location against brute force: every set of sites, every assignment in whole units of need.

use std::collections::HashMap;

use gandan::error::Error;
use gandan::optimise::capacitated::{self, Kind};
use gandan::optimise::cover::CostTable;
use gandan::optimise::{Limits, Status};

use crate::{CASES, Dice};

struct Small {
    triples: Vec<(u32, u32, u64)>,
    needs: Vec<u64>,
    /// Weight of one unit of need.
    each: u64,
    capacities: Vec<u64>,
    site_costs: Vec<u64>,
    fixed: Vec<bool>,
    eligible: Vec<bool>,
}

impl Small {
    fn new(dice: &mut Dice) -> Self {
        let (n_rows, n_sites) = (1 + dice.below(5) as usize, 1 + dice.below(4) as usize);
        let density = 2 + dice.below(4);
        let mut triples = Vec::new();
        for r in 0..n_rows {
            for s in 0..n_sites {
                if dice.below(6) < density {
                    triples.push((r as u32, s as u32, dice.below(12)));
                }
            }
        }
        let roomy = 3 + dice.below(6);
        let dear = [1, 10, 3_000_000][dice.below(3) as usize];
        Small {
            triples,
            needs: (0..n_rows).map(|_| dice.below(5)).collect(),
            each: [1, 3, 1_000_000][dice.below(3) as usize],
            capacities: (0..n_sites).map(|_| dice.below(roomy)).collect(),
            site_costs: (0..n_sites).map(|_| dice.below(dear + 1)).collect(),
            fixed: dice.flags(n_sites, 7),
            eligible: dice.flags(n_sites, 6).iter().map(|no| !no).collect(),
        }
    }

    fn usable(&self, s: usize) -> bool {
        self.fixed[s] || self.eligible[s]
    }

    /// The least unserved and then the least serving cost with these sites, row by row over what room is left.
    fn best(&self, set: u32, kind: Kind) -> (u64, u64) {
        let mut states: HashMap<Vec<u64>, (u64, u64)> = HashMap::new();
        let room = (0..self.capacities.len()).map(|s| if set >> s & 1 == 1 { self.capacities[s] } else { 0 });
        states.insert(room.collect(), (0, 0));
        for (r, &need) in self.needs.iter().enumerate() {
            let pairs: Vec<(usize, u64)> = self
                .triples
                .iter()
                .filter(|t| t.0 as usize == r && self.usable(t.1 as usize))
                .map(|t| (t.1 as usize, t.2))
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let mut next: HashMap<Vec<u64>, (u64, u64)> = HashMap::new();
            for (room, sum) in states {
                let mut found = Vec::new();
                match kind {
                    Kind::Split => self.ways(&pairs, need, &room, sum, &mut found),
                    Kind::Whole => {
                        found.push((room.clone(), (sum.0 + need, sum.1)));
                        for &(s, cost) in pairs.iter().filter(|&&(s, _)| set >> s & 1 == 1 && room[s] >= need) {
                            let mut room = room.clone();
                            room[s] -= need;
                            found.push((room, (sum.0, sum.1 + need * self.each * cost)));
                        }
                    }
                }
                for (room, sum) in found {
                    let known = next.entry(room).or_insert(sum);
                    *known = sum.min(*known);
                }
            }
            states = next;
        }
        states.into_values().min().unwrap()
    }

    fn ways(
        &self,
        pairs: &[(usize, u64)],
        need: u64,
        room: &[u64],
        sum: (u64, u64),
        found: &mut Vec<(Vec<u64>, (u64, u64))>,
    ) {
        let Some((&(s, cost), rest)) = pairs.split_first() else {
            found.push((room.to_vec(), (sum.0 + need, sum.1)));
            return;
        };
        for amount in 0..=need.min(room[s]) {
            let mut room = room.to_vec();
            room[s] -= amount;
            self.ways(rest, need - amount, &room, (sum.0, sum.1 + amount * self.each * cost), found);
        }
    }
}

#[test]
fn capacitated_equals_brute_force() {
    let (mut short, mut infeasible, mut split) = (0, 0, 0);
    for seed in 0..2 * CASES {
        let mut dice = Dice(seed + 10_000_000);
        let case = Small::new(&mut dice);
        let n_sites = case.capacities.len();
        let kind = [Kind::Split, Kind::Whole][(seed % 2) as usize];
        let p = (dice.below(2) == 0).then(|| dice.below(n_sites as u64 + 1) as usize);
        let sets = (0..1_u32 << n_sites)
            .filter(|set| (0..n_sites).all(|s| if set >> s & 1 == 1 { case.usable(s) } else { !case.fixed[s] }))
            .filter(|set| p.is_none_or(|p| set.count_ones() as usize <= p));
        let best = sets
            .map(|set| {
                let (unserved, cost) = case.best(set, kind);
                (unserved, cost + (0..n_sites).filter(|&s| set >> s & 1 == 1).map(|s| case.site_costs[s]).sum::<u64>())
            })
            .min();
        let costs = CostTable::from_triples(case.needs.len(), n_sites, &case.triples).unwrap();
        let weights: Vec<u64> = case.needs.iter().map(|need| need * case.each).collect();
        let problem = capacitated::Problem {
            costs: &costs,
            weights: &weights,
            needs: &case.needs,
            capacities: &case.capacities,
            site_costs: &case.site_costs,
            fixed: &case.fixed,
            eligible: &case.eligible,
            p,
            kind,
            allow_overflow: true,
        };
        let strict = capacitated::Problem { allow_overflow: false, ..problem };
        match (capacitated::solve(&problem, &Limits::default()), best) {
            (Ok(plan), Some(best)) => {
                let what = format!("seed {seed} {kind:?} {p:?}");
                assert_eq!((plan.unserved_total, plan.objective), best, "{what}");
                assert_eq!((plan.unserved_bound, plan.bound, plan.status), (best.0, best.1, Status::Optimal), "{what}");
                short += u32::from(best.0 > 0);
                split += u32::from(plan.flows.windows(2).any(|two| two[0].0 == two[1].0));
                match capacitated::solve(&strict, &Limits::default()) {
                    Ok(plan) => assert_eq!((best.0, plan.objective, plan.bound), (0, best.1, best.1), "{what}"),
                    Err(Error::Targets(fault)) => {
                        assert!(best.0 > 0 && fault.code == "optimise::infeasible", "{what}");
                    }
                    Err(error) => panic!("{what}: {error}"),
                }
                let hasty = Limits { time_limit_s: Some(1e-9), ..Limits::default() };
                let hasty = capacitated::solve(&problem, &hasty).unwrap();
                assert!(hasty.unserved_total >= best.0 && hasty.unserved_bound <= best.0, "{what}");
                assert!(
                    hasty.unserved_total > best.0 || (hasty.objective >= best.1 && hasty.bound <= best.1),
                    "{what}"
                );
            }
            (Err(Error::Targets(_)), None) => infeasible += 1,
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
    assert!(short > 100 && infeasible > 10 && split > 50, "{short} {infeasible} {split}");
}
