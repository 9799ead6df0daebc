//! Recomputes objective, feasibility and bound of every problem of `proof.json` from the raw tables, in whole numbers, by
//! code that shares nothing with the optimiser.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use super::raw::Raw;
use super::{Report, within};
use crate::error::{Fault, Result};
use crate::output::read::{self, Rows};
use crate::output::schema::{PHASES, PROOF};

/// More days than any phase has.
const MOST_DAYS: i128 = 1_000_000_000;
/// Up to here a floating-point number tells one whole number from the next: 2⁵³.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;
/// Sums below this are counted exactly in 128 bits.
const LARGEST_SUM: f64 = 1e38;

/// Checks every problem.
pub(super) fn check(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let proof = read::json(folder, "proof.json", "run::proof")?;
    if proof["format"].as_u64() != Some(1) {
        return Err(bad(folder, "it is of another format"));
    }
    let problems = proof["problems"].as_array().ok_or_else(|| bad(folder, "it lists no problems"))?;
    let phases = Rows::read(folder, &PHASES, &["opens", "objective", "bound", "gap", "status"])?;
    let opening = phases.texts("opens")?;
    let mut told_of = HashSet::new();
    for problem in problems {
        let problem = Problem::read(folder, problem, raw)?;
        told_of.extend(problem.phases.iter().map(|p| p.phase));
        problem.check_claims(report, raw);
        problem.check_plan(report, raw);
        problem.check_phases_table(report, &phases)?;
        problem.check_certificate(report, folder, raw)?;
    }
    told_of.extend(check_unstated(report, folder, &proof, &phases, raw)?);
    let untold = opening.iter().enumerate().filter(|(t, opens)| *opens != "nothing" && !told_of.contains(t)).count();
    report.exact("phases that open agents without a problem in proof.json".into(), 0, untold as i128);
    Ok(())
}

/// Phases without a stated problem: that the scenario asked for what stands in the way, and that their claims fit together.
fn check_unstated(
    report: &mut Report,
    folder: &Path,
    proof: &Value,
    phases: &Rows,
    raw: &Raw,
) -> Result<HashSet<usize>> {
    let mut told_of = HashSet::new();
    let list = proof["without_multipliers"].as_array().map_or(&[][..], Vec::as_slice);
    if list.is_empty() {
        return Ok(told_of);
    }
    let manifest = read::manifest(folder)?;
    let solve = &manifest["settings"]["solve"];
    let (opens, status) = (phases.texts("opens")?, phases.texts("status")?);
    let (objective, bound, gap) = (phases.numbers("objective")?, phases.numbers("bound")?, phases.numbers("gap")?);
    for of in list {
        let numbers =
            of["phases"].as_array().ok_or_else(|| bad(folder, "phases without multipliers are not listed"))?;
        let number = |n: &Value| n.as_u64().filter(|&n| n >= 1 && n <= opens.len() as u64).map(|n| n as usize - 1);
        let numbers: Option<Vec<usize>> = numbers.iter().map(number).collect();
        let numbers = numbers.ok_or_else(|| bad(folder, "it names a phase that the run does not have"))?;
        let kind = of["kind"].as_str().unwrap_or_default();
        for t in numbers.into_iter().filter(|&t| opens[t] != "nothing") {
            let asked = match kind {
                "worst-first" => opens[t] == "worst-first",
                "strategy" => solve["strategy"].as_str().is_some_and(|strategy| strategy != "joint"),
                "robust" => solve["robust"].as_str() == Some("all"),
                _ => false,
            };
            let but = (!asked).then(|| format!("the scenario does not ask for `{kind}` there"));
            report.holds(format!("phase {}: why there are no multipliers", t + 1), but);
            let distance = if bound[t] > 0.0 { (bound[t] - objective[t]) / bound[t] } else { 0.0 };
            // From 10¹² units on one part in 10¹² counts as closed.
            let closed = distance <= 1e-12;
            let fits = distance >= -1e-12 && within(1e-9, gap[t], distance) && closed == (status[t] == "optimal");
            let told = format!("objective {}, bound {}, gap {}, `{}`", objective[t], bound[t], gap[t], status[t]);
            report.holds(format!("phase {}: objective, bound, gap and status", t + 1), (!fits).then_some(told));
            // What is proved of the worst case is no more than what the normal one reaches; of the others the people
            // of the phase, to which agents that stand for nearness alone may add.
            if kind != "robust" {
                let rows = raw.serves.iter().zip(&raw.weights[t]);
                let served = rows.filter(|(sites, _)| sites.iter().any(|&s| raw.stands(s, t)));
                let found = served.map(|(_, &weight)| weight).sum::<u64>() as f64 / 1000.0;
                let but = (found < objective[t] - 0.0005)
                    .then(|| format!("the run says {}, its tables say {found}", objective[t]));
                report.holds(format!("phase {}: people served", t + 1), but);
            }
            told_of.insert(t);
        }
    }
    Ok(told_of)
}

fn bad(folder: &Path, message: &str) -> crate::error::Error {
    Fault::new("run::proof", message)
        .file(folder.join("proof.json"))
        .help("the folder must be a finished run of this version of gandan")
        .into()
}

/// A problem as `proof.json` states it, sites in numbers.
struct Problem {
    number: u32,
    most_people: bool,
    objective: i128,
    bound: i128,
    gap: f64,
    optimal: bool,
    status: String,
    fixed: Vec<bool>,
    costs: Vec<i128>,
    phases: Vec<Limits>,
    certificate: Option<Claim>,
}

/// The limits of a phase of a problem.
struct Limits {
    /// From 0.
    phase: usize,
    days: i128,
    may_open: Vec<bool>,
    agents: Option<i128>,
    budget: Option<i128>,
    site_price: i128,
    cost_price: i128,
}

/// What the multipliers are said to prove.
struct Claim {
    scale: i128,
    bound: i128,
    closed: Vec<u32>,
    open: Vec<u32>,
}

impl Problem {
    fn read(folder: &Path, of: &Value, raw: &Raw) -> Result<Problem> {
        let broken = |what: &str| bad(folder, &format!("problem {}: {what}", of["problem"]));
        let whole = |value: &Value| value.as_u64().map(i128::from);
        let sites = |value: &Value| -> Result<Vec<u32>> {
            let list = value.as_array().ok_or_else(|| broken("a list of sites is missing"))?;
            let site = |id: &Value| raw.number.get(id.as_str()?).copied();
            list.iter().map(|id| site(id).ok_or_else(|| broken(&format!("the run has no site {id}")))).collect()
        };
        let flags = |value: &Value| -> Result<Vec<bool>> {
            let mut flags = vec![false; raw.ids.len()];
            sites(value)?.into_iter().for_each(|s| flags[s as usize] = true);
            Ok(flags)
        };
        let most_people = of["kind"].as_str() == Some("most-people");
        let phase = |of: &Value| -> Result<Limits> {
            let phase = of["phase"].as_u64().filter(|&p| p >= 1 && p <= raw.weights.len() as u64);
            let phase = phase.ok_or_else(|| broken("it names a phase that the run does not have"))? as usize - 1;
            let days = whole(&of["days"]).filter(|&days| days <= MOST_DAYS);
            let days = days.or((!most_people).then_some(1)).ok_or_else(|| broken("days are missing"))?;
            Ok(Limits {
                phase,
                days,
                may_open: flags(&of["may_open"])?,
                agents: whole(&of["agents"]),
                budget: whole(&of["budget"]),
                site_price: whole(&of["site_price"]).unwrap_or(0),
                cost_price: whole(&of["cost_price"]).unwrap_or(0),
            })
        };
        let phases = of["phases"].as_array().ok_or_else(|| broken("phases are missing"))?;
        let phases = phases.iter().map(phase).collect::<Result<Vec<Limits>>>()?;
        let claim = &of["certificate"];
        let certificate = match claim {
            Value::Null => None,
            claim => Some(Claim {
                scale: whole(&claim["scale"]).filter(|&s| s > 0).ok_or_else(|| broken("the scale is missing"))?,
                bound: whole(&claim["bound"]).ok_or_else(|| broken("the bound of the multipliers is missing"))?,
                closed: sites(&claim["in_no_plan_as_good"])?,
                open: sites(&claim["in_every_plan_as_good"])?,
            }),
        };
        let cost = |id: &String| match &of["costs"] {
            Value::Null => Some(1),
            costs => whole(&costs[id]),
        };
        let costs = raw.ids.iter().map(|id| cost(id).ok_or_else(|| broken(&format!("the cost of `{id}` is missing"))));
        let status = of["status"].as_str().unwrap_or_default().to_owned();
        Ok(Problem {
            number: of["problem"].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| broken("no number"))?,
            most_people,
            objective: whole(&of["objective"]).ok_or_else(|| broken("the objective is missing"))?,
            bound: whole(&of["bound"]).ok_or_else(|| broken("the bound is missing"))?,
            gap: of["gap"].as_f64().unwrap_or(f64::NAN),
            optimal: status == "optimal",
            status,
            fixed: flags(&of["fixed"])?,
            costs: costs.collect::<Result<_>>()?,
            phases,
            certificate,
        })
    }

    fn what(&self, what: &str) -> String {
        format!("problem {}: {what}", self.number)
    }

    /// The worse and the better of two values of the objective, by its direction.
    fn is_better(&self, one: i128, other: i128) -> bool {
        if self.most_people { one > other } else { one < other }
    }

    /// Objective, bound, gap and status must fit together.
    fn check_claims(&self, report: &mut Report, raw: &Raw) {
        let beyond = self.is_better(self.objective, self.bound);
        let but = beyond.then(|| format!("the objective {} is better than the bound {}", self.objective, self.bound));
        report.holds(self.what("the bound"), but);
        let larger = self.objective.max(self.bound);
        let gap = if larger == 0 { 0.0 } else { (self.objective - self.bound).abs() as f64 / larger as f64 };
        let but = (!within(1e-12, gap, self.gap))
            .then(|| format!("the run says {}, objective and bound say {gap}", self.gap));
        report.holds(self.what("the gap"), but);
        // From 10¹² units on one part in 10¹² counts as closed.
        let closed = (self.objective - self.bound).abs() <= larger / 1_000_000_000_000;
        let but = (closed != self.optimal).then(|| format!("the run says `{}` at a gap of {gap}", self.status));
        report.holds(self.what("the status"), but);

        let found = self.objective_of(raw);
        let worse = self.is_better(self.objective, found);
        let past = self.is_better(found, self.bound);
        // Agents that were added for nearness may serve more than what was proved to be reached; never less.
        let unlike = worse || past || (self.optimal && found != self.objective && self.most_people);
        let but = unlike.then(|| format!("the run says {}, its tables say {found}", self.objective));
        report.holds(self.what("the objective"), but);
    }

    /// Person-days of the plan in scope, or the cost of its agents.
    fn objective_of(&self, raw: &Raw) -> i128 {
        if self.most_people {
            let of_phase = |limits: &Limits| {
                let rows = raw.serves.iter().zip(&raw.weights[limits.phase]);
                let served = rows.filter(|(sites, _)| sites.iter().any(|&s| raw.stands(s, limits.phase)));
                limits.days * served.map(|(_, &weight)| i128::from(weight)).sum::<i128>()
            };
            return self.phases.iter().map(of_phase).sum();
        }
        let Some(limits) = self.phases.first() else { return 0 };
        let standing = (0..raw.ids.len() as u32).filter(|&s| raw.stands(s, limits.phase));
        standing.map(|s| self.costs[s as usize]).sum()
    }

    /// Counts, budgets, places of opening, and that everyone who can be served is where that was asked.
    fn check_plan(&self, report: &mut Report, raw: &Raw) {
        let n = raw.ids.len() as u32;
        let (mut counts, mut spent, mut misplaced) = (Vec::new(), Vec::new(), Vec::new());
        for limits in &self.phases {
            let standing: Vec<u32> = (0..n).filter(|&s| raw.stands(s, limits.phase)).collect();
            if limits.agents.is_some_and(|most| standing.len() as i128 > most) {
                counts.push(format!("{} in phase {}", standing.len(), limits.phase + 1));
            }
            let cost: i128 = standing.iter().map(|&s| self.costs[s as usize]).sum();
            if limits.budget.is_some_and(|most| cost > most) {
                spent.push(format!("{cost} in phase {}", limits.phase + 1));
            }
            let opened = standing.iter().filter(|&&s| raw.opens[s as usize] == Some(limits.phase));
            let wrong = opened.filter(|&&s| !limits.may_open[s as usize] && !self.fixed[s as usize]);
            misplaced.extend(wrong.map(|&s| format!("`{}` in phase {}", raw.ids[s as usize], limits.phase + 1)));
        }
        let first = self.phases.iter().map(|l| l.phase).min().unwrap_or(0);
        let gone =
            (0..n).filter(|&s| self.fixed[s as usize] && !raw.stands(s, first)).map(|s| raw.ids[s as usize].clone());
        let told =
            |list: Vec<String>| (!list.is_empty()).then(|| list.into_iter().take(10).collect::<Vec<_>>().join(", "));
        report.holds(self.what("not more agents than allowed"), told(counts));
        report.holds(self.what("not more cost than the budget"), told(spent));
        report.holds(self.what("agents open where and when they may"), told(misplaced));
        report.holds(self.what("what stood before still stands"), told(gone.collect()));
        if let (false, Some(limits)) = (self.most_people, self.phases.first()) {
            let usable = |s: &u32| self.fixed[*s as usize] || limits.may_open[*s as usize];
            let rows = raw.serves.iter().zip(&raw.in_scope[limits.phase]).filter(|(_, inside)| **inside);
            let left = rows
                .filter(|(sites, _)| sites.iter().any(usable) && !sites.iter().any(|&s| raw.stands(s, limits.phase)));
            report.exact(self.what("demand rows that a site could serve and none does"), 0, left.count() as i128);
        }
    }

    /// The table of phases must tell the same.
    fn check_phases_table(&self, report: &mut Report, phases: &Rows) -> Result<()> {
        let unit = if self.most_people { 1000.0 } else { 1.0 };
        let (opens, status) = (phases.texts("opens")?, phases.texts("status")?);
        let (objective, bound, gap) = (phases.numbers("objective")?, phases.numbers("bound")?, phases.numbers("gap")?);
        for t in self.phases.iter().map(|l| l.phase).filter(|&t| opens.get(t).is_some_and(|o| o != "nothing")) {
            let near = |told: f64, here: i128| within(1e-12 * told.abs().max(1.0), told, here as f64 / unit);
            let alike = near(objective[t], self.objective) && near(bound[t], self.bound) && status[t] == self.status;
            let alike = alike && within(1e-12, gap[t], self.gap);
            let told = || format!("phases.parquet says {}, {}, {}, {}", objective[t], bound[t], gap[t], status[t]);
            let but = (!alike).then(told);
            report.holds(self.what(&format!("the same in phases.parquet, phase {}", t + 1)), but);
        }
        Ok(())
    }

    /// Whether no sum over the multipliers can be too large to be counted: their sizes added up, signs aside.
    fn countable(&self, claim: &Claim, multipliers: &[Vec<i128>], raw: &Raw) -> bool {
        let n = raw.ids.len() as f64;
        let costs: f64 = self.costs.iter().map(|&cost| cost as f64).sum();
        let of_phase = |(at, limits): (usize, &Limits)| {
            let weights: f64 = raw.weights[limits.phase].iter().map(|&weight| weight as f64).sum();
            let served = multipliers[at].iter().zip(&raw.serves);
            let worth: f64 = served.map(|(&u, sites)| u as f64 * (1 + sites.len()) as f64).sum();
            let priced = limits.site_price as f64 * limits.agents.map_or(n, |most| n + most as f64);
            let paid = limits.cost_price as f64 * limits.budget.map_or(costs, |most| costs + most as f64);
            claim.scale as f64 * (limits.days as f64 * (weights + worth) + costs) + worth + priced + paid
        };
        self.phases.iter().enumerate().map(of_phase).sum::<f64>() * (n + 2.0) < LARGEST_SUM
    }

    /// The bound of the multipliers, by the sums of docs/methods.md, *Checking the proof yourself*.
    fn check_certificate(&self, report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
        let Some(claim) = &self.certificate else { return Ok(()) };
        let (multipliers, not_allowed) = self.multipliers(folder, raw)?;
        report.exact(self.what("multipliers that their row does not allow"), 0, not_allowed);
        if !self.countable(claim, &multipliers, raw) {
            report
                .holds(self.what("the bound that its multipliers prove"), Some("it has numbers beyond measure".into()));
            return Ok(());
        }
        let n = raw.ids.len();
        // For each site, the value of its best opening, none where it may not open; a fixed site's of standing.
        let mut best: Vec<Option<i128>> = vec![None; n];
        let mut sums = vec![0_i128; n];
        let mut value = 0_i128;
        for (at, limits) in self.phases.iter().enumerate().rev() {
            let mut worth = vec![0_i128; n];
            for (row, &u) in multipliers[at].iter().enumerate().filter(|(_, u)| **u > 0) {
                raw.serves[row].iter().for_each(|&s| worth[s as usize] += u);
            }
            if self.most_people {
                let weights: i128 = raw.weights[limits.phase].iter().map(|&w| i128::from(w)).sum();
                value += claim.scale * limits.days * (weights - multipliers[at].iter().sum::<i128>());
                value += limits.site_price * limits.agents.unwrap_or(n as i128);
                value += limits.cost_price * limits.budget.unwrap_or(0);
            } else {
                value += multipliers[at].iter().sum::<i128>();
            }
            for s in 0..n {
                sums[s] += match self.most_people {
                    true => {
                        claim.scale * limits.days * worth[s] - limits.site_price - limits.cost_price * self.costs[s]
                    }
                    false => claim.scale * self.costs[s] - worth[s],
                };
                if limits.may_open[s] && !self.fixed[s] {
                    // Where people are to be served more is better; where sites are to be saved it is the one phase.
                    best[s] = Some(best[s].map_or(sums[s], |before| before.max(sums[s])));
                }
            }
        }
        for s in 0..n {
            value += match best[s] {
                _ if self.fixed[s] => sums[s],
                Some(best) if self.most_people => best.max(0),
                Some(reduced) => reduced.min(0),
                None => 0,
            };
        }
        let in_units = |value: i128| match self.most_people {
            true => value.max(0) / claim.scale,
            false => (value.max(0) + claim.scale - 1) / claim.scale,
        };
        report.exact(self.what("the bound that its multipliers prove"), claim.bound, in_units(value));
        let but = self.is_better(self.objective, claim.bound).then(|| format!("the objective is {}", self.objective));
        report.holds(self.what("the objective within the bound of the multipliers"), but);
        let (mut closed, mut open) = (Vec::new(), Vec::new());
        for (s, best) in (0..).zip(&best) {
            // What the bound becomes where the site must open, or must not.
            let Some(best) = *best else { continue };
            let (with, without) = match self.most_people {
                true => (value + best.min(0), value - best.max(0)),
                false => (value + best.max(0), value - best.min(0)),
            };
            if self.is_better(self.objective, in_units(with)) {
                closed.push(s);
            } else if self.is_better(self.objective, in_units(without)) {
                open.push(s);
            }
        }
        let count = |told: &[u32], found: &[u32]| {
            let (told, found): (HashSet<&u32>, HashSet<&u32>) = (told.iter().collect(), found.iter().collect());
            told.difference(&found).count() as i128
        };
        report.exact(
            self.what("sites said to stand in no plan as good, without proof"),
            0,
            count(&claim.closed, &closed),
        );
        report.exact(
            self.what("sites said to stand in every plan as good, without proof"),
            0,
            count(&claim.open, &open),
        );
        Ok(())
    }

    /// The multipliers of each phase and row, and how many are more than their row allows.
    fn multipliers(&self, folder: &Path, raw: &Raw) -> Result<(Vec<Vec<i128>>, i128)> {
        let table = Rows::read(folder, &PROOF, &["problem", "phase", "cell", "mode", "multiplier"])?;
        let (problems, phases, cells) = (table.whole("problem")?, table.whole("phase")?, table.whole("cell")?);
        let (modes, values) = (table.text("mode")?, table.number("multiplier")?);
        let mut found = vec![vec![0_i128; raw.serves.len()]; self.phases.len()];
        let mut not_allowed = 0;
        for i in (0..table.len()).filter(|&i| problems.get(i) == Some(self.number)) {
            let phase = phases.get(i).unwrap_or_default() as usize;
            let at = self.phases.iter().position(|l| l.phase + 1 == phase);
            let row = raw.row(cells.get(i).unwrap_or_default(), modes.get(i).unwrap_or_default());
            let value = values.get(i).filter(|v| (0.0..=LARGEST_WHOLE).contains(v) && v.fract() == 0.0);
            let (Some(at), Some(row), Some(value)) = (at, row, value) else {
                return Err(bad(folder, &format!("line {} of {} fits no row of the run", i + 1, PROOF.file)));
            };
            found[at][row] = value as i128;
            let limits = &self.phases[at];
            let allowed = match self.most_people {
                true => value <= raw.weights[limits.phase][row] as f64,
                // Only rows that must be served may have one.
                false => {
                    let usable = |s: &u32| self.fixed[*s as usize] || limits.may_open[*s as usize];
                    value == 0.0 || (raw.in_scope[limits.phase][row] && raw.serves[row].iter().any(usable))
                }
            };
            not_allowed += i128::from(!allowed);
        }
        Ok((found, not_allowed))
    }
}
