//! What phases may ask for, and whether it fits together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Opens, Scenario};

/// How the phases are solved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Phases that open for most people together, as one problem.
    #[default]
    Joint,
    /// Each phase alone, from the first on, keeping what stands.
    Greedy,
    /// The last phase first; each earlier one chooses among what stands in the next.
    Backward,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Strategy; 3] = [Strategy::Joint, Strategy::Greedy, Strategy::Backward];

    /// As scenarios name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Joint => "joint",
            Strategy::Greedy => "greedy",
            Strategy::Backward => "backward",
        }
    }
}

impl Opens {
    /// As scenarios name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Opens::Nothing => "nothing",
            Opens::MostPeople => "most-people",
            Opens::WorstFirst => "worst-first",
            Opens::FewestForAll => "fewest-for-all",
        }
    }
}

/// How evenly people are served.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EquitySettings {
    /// The boundary layer by whose features phases are judged (`floor`, `worst-first`); the first layer if absent.
    pub layer: Option<String>,
}

impl Scenario {
    /// The index of the layer by whose features phases are judged, where there is one.
    pub fn equity_layer(&self) -> Option<usize> {
        match &self.equity.layer {
            Some(id) => self.inputs.boundaries.iter().position(|b| &b.id == id),
            None => (!self.inputs.boundaries.is_empty()).then_some(0),
        }
    }

    /// What of the phases' asks does not fit together.
    pub(super) fn check_phases(&self, layers: &[&str], wrong: &mut impl FnMut(String, String, &str)) {
        if let Some(id) = self.equity.layer.as_deref().filter(|id| !layers.contains(id)) {
            let known = format!("the layers under [[inputs.boundaries]] are: {}", layers.join(", "));
            wrong("equity.layer".into(), format!("there is no layer `{id}`"), &known);
        }
        let (mut agents_before, mut budget_before, mut closed) = (0_u32, 0.0_f64, 0_u32);
        let mut open_by: BTreeMap<&str, usize> = BTreeMap::new();
        let mut closes_in: BTreeMap<&str, usize> = BTreeMap::new();
        for (i, phase) in self.phases.iter().enumerate() {
            let place = |key: &str| format!("phases[{}].{key} ({})", i + 1, phase.name.en);
            closed += phase.close.len() as u32;
            if phase.opens == Opens::Nothing {
                let asked = [
                    ("agents", phase.agents.is_some()),
                    ("budget", phase.budget.is_some()),
                    ("min_coverage", phase.min_coverage.is_some()),
                    ("floor", phase.floor.is_some()),
                    ("open", !phase.open.is_empty()),
                ];
                for (key, _) in asked.iter().filter(|(_, asked)| *asked) {
                    let help =
                        "a phase that opens = \"nothing\" takes none of agents, budget, min_coverage, floor, open";
                    wrong(place(key), "it has no meaning in a phase that opens nothing".into(), help);
                }
            } else {
                if phase.opens != Opens::FewestForAll && phase.agents.is_none() && phase.budget.is_none() {
                    let help = format!(
                        "`{}` needs the agents that stand at the phase's end, or a budget",
                        phase.opens.as_str()
                    );
                    wrong(place("agents"), "it is missing".into(), &help);
                }
                if let Some(agents) = phase.agents {
                    if agents.saturating_add(closed) < agents_before {
                        wrong(
                            place("agents"),
                            format!("{agents} is fewer than the {agents_before} of an earlier phase"),
                            "agents stay open: the number counts all that stand, so it never falls but by those in `close`",
                        );
                    }
                    agents_before = agents;
                    closed = 0;
                }
                if let Some(budget) = phase.budget {
                    if !(budget > 0.0 && budget <= 1e15) {
                        let help = "give a sum of money above 0, in the unit of the sites' `cost`, at most 1e15";
                        wrong(place("budget"), format!("{budget} is no budget"), help);
                    } else if budget < budget_before && phase.close.is_empty() {
                        wrong(
                            place("budget"),
                            format!("{budget} is less than the {budget_before} of an earlier phase"),
                            "the budget pays for all that stands, so it never falls unless something closes",
                        );
                    }
                    budget_before = budget;
                }
            }
            for (key, share) in [("min_coverage", phase.min_coverage), ("floor", phase.floor)] {
                if let Some(share) = share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
                    wrong(place(key), format!("{share} is no share"), "give a number above 0, at most 1: 95 % is 0.95");
                }
            }
            if layers.is_empty() && (phase.floor.is_some() || phase.opens == Opens::WorstFirst) {
                let key = if phase.floor.is_some() { "floor" } else { "opens" };
                let help = "add a layer under [[inputs.boundaries]]: its features are the ones compared";
                wrong(place(key), "there is no boundary layer to judge it by".into(), help);
            }
            for (key, ids, known) in [("open", &phase.open, &mut open_by), ("close", &phase.close, &mut closes_in)] {
                for id in ids {
                    if let Some(before) = known.insert(id, i) {
                        let message = format!("`{id}` stands here, and in phases[{}] too", before + 1);
                        wrong(place(key), message, "name each site once");
                    }
                }
            }
        }
        for (id, by) in open_by {
            if let Some(closes) = closes_in.get(id).filter(|&&closes| closes <= by) {
                wrong(
                    format!("phases[{}].open", by + 1),
                    format!("`{id}` must stand by this phase, but closes in phases[{}]", closes + 1),
                    "a site closes in a later phase than the one by which it must stand",
                );
            }
        }
        if self.proposals.most > 0 && self.phases.iter().any(|p| p.budget.is_some()) {
            wrong(
                "proposals.most".into(),
                "proposed points have no cost, but a phase has a budget".into(),
                "leave the budget out, or put the points with their cost into the file of sites",
            );
        }
    }
}
