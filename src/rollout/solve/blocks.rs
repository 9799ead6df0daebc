//! One block of phases: from what stands before it to what stands in each of its phases.

use std::ops::Range;

use super::asked::{Promise, features, milli, promises};
use super::{Ground, Settled, cover_table, nothing_to_open, told};
use crate::error::{Error, Fault, Result};
use crate::optimise::Status;
use crate::optimise::cover::open_flags;
use crate::optimise::phases::{self, Aim, Alone, Floor, Phase, Problem, SideConstraints};
use crate::optimise::{robust, set_cover, strategies, worst_first};
use crate::rollout::Proof;
use crate::rollout::certify::{Problems, Statement, Unstated, UnstatedKind};
use crate::scenario::{Opens, Strategy};
use crate::units::Persons;

/// A block as the optimiser sees it.
pub(super) struct Block {
    /// Its first phase in the scenario.
    pub first: usize,
    /// What stands at its start.
    pub base: Vec<bool>,
    pub phases: Vec<Phase>,
    pub side: SideConstraints,
    /// What `side.floors` are for, one by one.
    pub promises: Vec<Promise>,
}

impl Block {
    /// Whether sites close within it.
    fn closes(&self) -> bool {
        self.side.closes_in.iter().flatten().any(|&at| at > 0)
    }
}

impl Ground<'_> {
    /// Settles a block. In the backward strategy `later` is what stands in the phase after it, among which it chooses.
    pub(super) fn block(
        &self,
        range: &Range<usize>,
        base: Vec<bool>,
        strategy: Strategy,
        later: Option<&[bool]>,
    ) -> Result<Settled> {
        let block = self.as_problem(range, base, strategy, later)?;
        self.check_room(&block)?;
        let settled = match self.study.scenario.phases[range.start].opens {
            Opens::FewestForAll => self.fewest_for_all(&block),
            Opens::WorstFirst => self.worst_first(&block),
            Opens::MostPeople | Opens::Nothing => self.most_people(&block, strategy),
        };
        let mut settled = settled.map_err(|error| self.explained(&block, error))?;
        if self.study.scenario.solve.fill_by_travel_time {
            self.second_objective(&block, &mut settled.sets);
        }
        Ok(settled)
    }

    fn as_problem(
        &self,
        range: &Range<usize>,
        base: Vec<bool>,
        strategy: Strategy,
        later: Option<&[bool]>,
    ) -> Result<Block> {
        let n = base.len();
        let first = range.start;
        let mut phases: Vec<Phase> = range
            .clone()
            .map(|t| {
                let asked = &self.study.scenario.phases[t];
                Phase {
                    weights: self.weights(t),
                    multiplier: self.scopes[t].days,
                    allowed: self.scopes[t].allowed.clone(),
                    open_total: asked.agents.map_or(n, |agents| agents as usize),
                    budget: asked.budget.map(milli),
                }
            })
            .collect();
        let closes: Vec<Option<u32>> =
            (0..n).map(|s| self.named.closes_in[s].filter(|t| range.contains(t)).map(|t| (t - first) as u32)).collect();
        // Where nothing closes what stands goes on standing, so a later limit binds earlier phases too.
        if closes.iter().all(Option::is_none) {
            for t in (1..phases.len()).rev() {
                phases[t - 1].open_total = phases[t - 1].open_total.min(phases[t].open_total);
                let least = [phases[t - 1].budget, phases[t].budget].into_iter().flatten().min();
                phases[t - 1].budget = least;
            }
        }
        let mut open_by: Vec<Option<u32>> =
            (0..n).map(|s| self.named.open_by[s].filter(|t| range.contains(t)).map(|t| (t - first) as u32)).collect();
        if strategy == Strategy::Backward {
            // What earlier blocks may have opened is chosen here; they follow.
            for s in 0..n {
                let earlier = self.scopes[..first].iter().any(|scope| scope.allowed[s]);
                phases[0].allowed[s] |= earlier && self.named.stays(s, first);
            }
            if let Some(later) = later {
                for s in 0..n {
                    if !later[s] && self.named.stays(s, range.end) {
                        phases.iter_mut().for_each(|phase| phase.allowed[s] = false);
                    }
                    // What stands after the block but may not open there must stand at its end.
                    let opens_later = self.scopes.get(range.end).is_some_and(|scope| scope.allowed[s]);
                    if later[s] && !base[s] && !opens_later {
                        open_by[s] = Some(open_by[s].unwrap_or(u32::MAX).min((range.len() - 1) as u32));
                    }
                }
            }
        }
        let some = |list: Vec<Option<u32>>| if list.iter().any(Option::is_some) { list } else { Vec::new() };
        let promises: Vec<Promise> = range
            .clone()
            .flat_map(|t| promises(self.study, &self.named, &self.scopes, t))
            .map(|mut promise| {
                promise.floor.phase -= first as u32;
                promise
            })
            .collect();
        let side = SideConstraints {
            open_by: some(open_by),
            closes_in: some(closes),
            floors: promises.iter().map(|promise| promise.floor.clone()).collect(),
            counts: Vec::new(),
        };
        Ok(Block { first, base, phases, side, promises })
    }

    pub(super) fn problem<'p>(&'p self, block: &'p Block) -> Problem<'p> {
        Problem { cover: self.times.cover(), costs: &self.costs, fixed: &block.base, phases: &block.phases }
    }

    fn most_people(&self, block: &Block, strategy: Strategy) -> Result<Settled> {
        let problem = self.problem(block);
        let n = block.base.len();
        let weighted = self.study.is_weighted();
        let range = block.first..block.first + block.phases.len();
        let mut problems = Problems::default();
        let mut unstated = |kind| problems.unstated.push(Unstated { phases: range.clone(), kind });
        let opens = |i: usize| self.study.scenario.phases[block.first + i].opens != Opens::Nothing;
        let (sets, mut proofs): (Vec<Vec<bool>>, Vec<Proof>) = match strategy {
            Strategy::Joint => {
                let unit = if weighted { "weighted person-days" } else { "person-days" };
                let (plan, mut steps, asked) = if self.stood.tables.is_empty() {
                    let plan = phases::solve_with(&problem, &block.side, &self.limits)?;
                    let statement = Statement::most_people(range, &problem, &plan);
                    problems.stated.push(Statement {
                        also: self.also(block),
                        no_multipliers: block.closes().then_some("no multipliers: sites close".into()),
                        ..statement
                    });
                    (plan, Vec::new(), "most people served, weighed by days, all such phases together")
                } else {
                    unstated(UnstatedKind::Robust);
                    let (cases, phases) = (&self.stood.tables, &block.phases[..]);
                    let asked = robust::Problem { cases, costs: &self.costs, fixed: &block.base, phases };
                    let answer = robust::solve(&asked, &self.limits)?;
                    let told = self.stood.told(&answer, unit);
                    let asked = "most people served in the worst case, weighed by days, all such phases together";
                    (answer.plan, told, asked)
                };
                steps.extend(told(&plan.steps));
                let proof = Proof {
                    problem: asked.into(),
                    unit: unit.into(),
                    objective: Persons(plan.objective).people(),
                    bound: Persons(plan.bound).people(),
                    gap: plan.gap,
                    status: plan.status.as_str().into(),
                    alone_bound: None,
                    steps,
                };
                let sets = (0..block.phases.len()).map(|i| open_flags(n, &plan.open_at(i))).collect();
                (sets, vec![proof; block.phases.len()])
            }
            Strategy::Greedy | Strategy::Backward => {
                unstated(UnstatedKind::Strategy);
                let (steps, asked) = match strategy {
                    Strategy::Greedy => (
                        strategies::greedy(&problem, &block.side, &self.limits)?,
                        "most people served in this phase, keeping what stands",
                    ),
                    _ => (
                        strategies::backward(&problem, &block.side, &self.limits)?,
                        "most people served in this phase, among what stands in the next",
                    ),
                };
                let proof = |step: strategies::Step| {
                    let proof = Proof {
                        problem: asked.into(),
                        unit: if weighted { "weighted people" } else { "people" }.into(),
                        objective: Persons(step.covered).people(),
                        bound: Persons(step.bound).people(),
                        gap: step.gap,
                        status: step.status.as_str().into(),
                        alone_bound: None,
                        steps: told(&step.steps),
                    };
                    (step.standing, proof)
                };
                steps.into_iter().map(proof).unzip()
            }
        };
        for (i, proof) in proofs.iter_mut().enumerate() {
            if opens(i) {
                let alone = Alone::new(&problem, &block.side, i)?.most(&problem, &self.limits)?;
                proof.alone_bound = Some(Persons(alone.bound).people());
            } else {
                *proof = nothing_to_open();
            }
        }
        Ok(Settled { sets, proofs, problems })
    }

    /// What a block asks beside numbers and budgets, in words.
    fn also(&self, block: &Block) -> Vec<String> {
        let mut also = Vec::new();
        for i in 0..block.phases.len() {
            let floors = block.side.floors.iter().filter(|floor| floor.phase as usize == i).count();
            if floors > 0 {
                also.push(format!("{}: shares of people to be served, {floors}", self.called(block.first + i)));
            }
            let list = |of: &[Option<u32>]| -> Vec<&str> {
                let sites = self.study.sites.iter().zip(of).filter(|(_, by)| **by == Some(i as u32));
                sites.map(|(site, _)| site.site.id.as_str()).collect()
            };
            for (what, ids) in [("must stand", list(&block.side.open_by)), ("close", list(&block.side.closes_in))] {
                if !ids.is_empty() {
                    also.push(format!("{}: sites that {what}: {}", self.called(block.first + i), ids.join(", ")));
                }
            }
        }
        also
    }

    /// The first phase of a block by itself, with what must stand in it as fixed sites.
    fn only(&self, block: &Block) -> Result<(Alone, SideConstraints)> {
        let alone = Alone::new(&self.problem(block), &block.side, 0)?;
        let floors: Vec<Floor> = block.side.floors.iter().filter(|floor| floor.phase == 0).cloned().collect();
        Ok((alone, SideConstraints { floors, ..SideConstraints::default() }))
    }

    /// What stands in the first phase goes on standing in the others, which open nothing, until it closes.
    fn carried(&self, block: &Block, set: Vec<bool>, proof: Proof) -> Settled {
        let at = |i: usize| (0..set.len()).map(|s| set[s] && self.named.stays(s, block.first + i)).collect();
        let sets = (0..block.phases.len()).map(at).collect();
        let mut proofs = vec![proof];
        proofs.resize(block.phases.len(), nothing_to_open());
        Settled { sets, proofs, problems: Problems::default() }
    }

    fn fewest_for_all(&self, block: &Block) -> Result<Settled> {
        let t = block.first;
        let scope = &self.scopes[t];
        let stands = !self.stood.tables.is_empty();
        let rows = match stands {
            true => self.stood.stacked(block.base.len(), |row| scope.in_scope[row])?,
            false => cover_table(self.study, |row| scope.in_scope[row])?,
        };
        let (alone, _) = self.only(block)?;
        let one = alone.problem(&self.problem(block));
        let ones = vec![1; self.costs.len()];
        let eligible = &one.phases[0].allowed;
        let problem = set_cover::Problem { cover: &rows, costs: &ones, fixed: one.fixed, eligible };
        let answer = set_cover::solve(&problem, &self.limits)?;
        // Among the sites of a later phase there may be none for some people.
        let all = set_cover::Problem { eligible: &scope.allowed, ..problem };
        let (usable, all_usable) = (problem.usable(), all.usable());
        let lost = (0..rows.n_rows()).find(|&r| rows.is_covered(r, &all_usable) && !rows.is_covered(r, &usable));
        if lost.is_some() {
            let message = format!("{} must serve people whom no agent of the phases after it serves", self.called(t));
            let help = "backwards each phase chooses among the agents of the next; use strategy = \"joint\"";
            return Err(Error::Targets(Fault::new("phases::backward", message).help(help)));
        }
        let unmoved = set_cover::Problem { fixed: &self.fixed, ..all };
        let alone_bound = set_cover::solve(&unmoved, &self.limits)?.bound;
        let mut set = open_flags(block.base.len(), &answer.chosen);
        let mut proof = Proof {
            problem: match stands {
                true => "fewest sites that serve everyone whom a candidate can serve, in every case",
                false => "fewest sites that serve everyone whom a candidate can serve",
            }
            .into(),
            unit: "sites".into(),
            objective: answer.objective as f64,
            bound: answer.bound as f64,
            gap: answer.gap,
            status: answer.status.as_str().into(),
            alone_bound: Some(alone_bound as f64),
            steps: told(&answer.steps),
        };
        let mut statement = Statement::fewest_for_all(t, &problem, &answer);
        if stands {
            statement.also.push(format!("the same in each of the cases: {}", self.stood.names.join(", ")));
        }
        let asked = &self.study.scenario.phases[t];
        if asked.agents.is_some_and(|agents| answer.objective > u64::from(agents)) {
            return Err(self.too_few_for_all(block, answer.bound, answer.objective));
        }
        if let Some(budget) = asked.budget.map(milli).filter(|&budget| self.cost(&set) > budget) {
            let floor = everyone(&rows, &usable);
            let side = SideConstraints { floors: vec![floor], ..SideConstraints::default() };
            let sought = phases::best(&one, &side, Aim::Fewest, &self.limits)?;
            let Some(standing) = sought.standing else {
                return Err(self.too_little_for_all(block, budget, &side, sought.out_of_time));
            };
            let (value, bound) = (sought.value.unwrap_or(0), sought.bound.unwrap_or(0));
            proof.problem = "fewest sites within the budget that serve everyone whom a candidate can serve".into();
            (proof.objective, proof.bound) = (value as f64, bound as f64);
            proof.gap = if value == 0 { 0.0 } else { (value - bound) as f64 / value as f64 };
            let status = if value == bound { Status::Optimal } else { Status::TimeLimit };
            proof.status = status.as_str().into();
            let also = vec![format!("a budget of {budget} thousandths of money")];
            statement = Statement { objective: value, bound, gap: proof.gap, status, also, ..statement };
            set = standing;
        }
        let mut settled = self.carried(block, set, proof);
        settled.problems.stated.push(statement);
        Ok(settled)
    }

    fn worst_first(&self, block: &Block) -> Result<Settled> {
        let t = block.first;
        let (alone, side) = self.only(block)?;
        let problem = alone.problem(&self.problem(block));
        let groups: Vec<worst_first::Group> =
            features(self.study, &self.named, &self.scopes[t], t).into_iter().map(|(_, rows)| rows).collect();
        let found = worst_first::solve(&problem, &side, &groups, &self.limits)?;
        let most = phases::solve_with(&problem, &side, &self.limits)?;
        let answer = found.answer;
        let mut steps = told(&answer.steps);
        steps.push(format!(
            "price: {:.0} people fewer than the {:.0} whom the same agents could serve at most",
            Persons(most.bound.saturating_sub(answer.objective)).people(),
            Persons(most.bound).people()
        ));
        let set = open_flags(block.base.len(), &answer.chosen);
        let proof = Proof {
            problem: if found.complete {
                "worst boundary first, then the next, level by level; then most people"
            } else {
                "worst boundary first for the leading levels; then most people"
            }
            .into(),
            unit: if self.study.is_weighted() { "weighted people" } else { "people" }.into(),
            objective: Persons(answer.objective).people(),
            bound: Persons(answer.bound).people(),
            gap: answer.gap,
            status: answer.status.as_str().into(),
            alone_bound: Some(Persons(most.bound).people()),
            steps,
        };
        let mut settled = self.carried(block, set, proof);
        let phases = t..t + block.phases.len();
        settled.problems.unstated.push(Unstated { phases, kind: UnstatedKind::WorstFirst });
        Ok(settled)
    }
}

/// Every row that can be covered must be.
fn everyone(rows: &crate::optimise::CoverTable, usable: &[bool]) -> Floor {
    let rows: Vec<(u32, u64)> =
        (0..rows.n_rows()).filter(|&r| rows.is_covered(r, usable)).map(|r| (r as u32, 1)).collect();
    let least = rows.len() as u64;
    Floor { phase: 0, rows, least }
}
