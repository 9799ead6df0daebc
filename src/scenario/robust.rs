//! Settings of what may go wrong: the cases a plan is tried against, and those that it must stand.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Opens, Scenario, Strategy, Text};

/// What is tried with a plan once it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SensitivitySettings {
    /// Whether `gandan plan` tries the cases; `gandan sensitivity` always does.
    pub with_plan: bool,
    /// Whether each agent of the last phase is taken away in turn.
    pub agents: bool,
    /// Of those agents, so many whose loss hurts most are planned anew without them.
    pub replan: usize,
    /// Longest time for all plans made anew, in seconds; by default `solve.time_limit_s`.
    pub time_limit_s: Option<f64>,
    /// What may go wrong.
    pub cases: Vec<CaseSettings>,
}

impl Default for SensitivitySettings {
    fn default() -> Self {
        SensitivitySettings { with_plan: true, agents: true, replan: 10, time_limit_s: None, cases: Vec::new() }
    }
}

/// Something that may go wrong: any of slower rides, closed streets and lost sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseSettings {
    /// Its name in tables.
    pub id: String,
    /// Its name for people.
    pub name: Text,
    /// Multiplies the speed of every ride; waits at signals and ferries stay as they are.
    #[serde(default = "unchanged")]
    pub speed_factor: f64,
    /// OSM ids of ways that are closed.
    #[serde(default)]
    pub close_ways: Vec<i64>,
    /// Names of roads that are closed, as OSM has them in `name` or `bridge:name`.
    #[serde(default)]
    pub close_named: Vec<String>,
    /// Lines of `[longitude, latitude]`: streets that cross one are closed. A line that comes back to its first point
    /// is a polygon: streets within are closed too.
    #[serde(default)]
    pub close_across: Vec<Vec<[f64; 2]>>,
    /// The modes that all this concerns; all by default.
    #[serde(default)]
    pub modes: Vec<String>,
    /// Ids of sites that are lost.
    #[serde(default)]
    pub lost_sites: Vec<String>,
}

fn unchanged() -> f64 {
    1.0
}

impl CaseSettings {
    /// Whether the roads change.
    pub fn changes_roads(&self) -> bool {
        self.speed_factor != 1.0 || self.closes_streets()
    }

    /// Whether streets are closed.
    pub fn closes_streets(&self) -> bool {
        !(self.close_ways.is_empty() && self.close_named.is_empty() && self.close_across.is_empty())
    }
}

/// In how many of the cases a plan must be good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "\"all\" or a share above 0, at most 1")]
pub enum Robust {
    /// `"all"`: the people served in the worst case are made as many as can be.
    Worst(All),
    /// A share: a site counts for a place where it serves it in at least this share of the cases.
    Share(f64),
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// `all`
    All,
}

/// Most cases of a scenario: each is a network of its own for a while.
const MOST_CASES: usize = 100;

impl Scenario {
    /// The cases that the plan must stand, in the order of the scenario; none unless `solve.robust` asks for it.
    pub fn robust_cases(&self) -> Vec<&CaseSettings> {
        let cases = self.sensitivity.iter().flat_map(|s| &s.cases);
        match self.solve.robust {
            None => Vec::new(),
            Some(_) if self.solve.robust_cases.is_empty() => cases.collect(),
            Some(_) => cases.filter(|case| self.solve.robust_cases.contains(&case.id)).collect(),
        }
    }

    /// Settings of cases that do not make sense.
    pub(super) fn check_cases(&self, wrong: &mut impl FnMut(String, String, &str)) {
        let known: Vec<&str> = self.sensitivity.iter().flat_map(|s| &s.cases).map(|c| c.id.as_str()).collect();
        if let Some(settings) = &self.sensitivity {
            if let Some(time) = settings.time_limit_s.filter(|t| !(*t > 0.0 && *t <= 1e6)) {
                wrong("sensitivity.time_limit_s".into(), format!("{time} is out of range"), "give seconds above 0");
            }
            if settings.cases.len() > MOST_CASES {
                let found = format!("{} cases", settings.cases.len());
                wrong("sensitivity.cases".into(), found, &format!("give at most {MOST_CASES}"));
            }
            let mut ids = BTreeSet::from(["normal"]);
            for case in &settings.cases {
                check_case(case, ids.insert(&case.id), wrong);
            }
        }
        let listed = format!("the cases under [[sensitivity.cases]] are: {}", known.join(", "));
        for id in self.solve.robust_cases.iter().filter(|id| !known.contains(&id.as_str())) {
            wrong("solve.robust_cases".into(), format!("there is no case `{id}`"), &listed);
        }
        match self.solve.robust {
            None if !self.solve.robust_cases.is_empty() => {
                let help = "set solve.robust = \"all\" or a share, or leave robust_cases out";
                wrong("solve.robust_cases".into(), "solve.robust is missing".into(), help);
            }
            Some(_) if self.robust_cases().is_empty() => {
                let help = "describe what the plan must stand under [[sensitivity.cases]]";
                wrong("solve.robust".into(), "there is no case".into(), help);
            }
            Some(Robust::Worst(_)) => self.check_worst_case(wrong),
            Some(Robust::Share(share)) => {
                if !(share > 0.0 && share <= 1.0) {
                    let help = "give \"all\", or a number above 0, at most 1";
                    wrong("solve.robust".into(), format!("{share} is no share"), help);
                }
                if !self.travel.also.is_empty() {
                    let help = "give the further speeds as cases with a speed_factor, or set robust = \"all\"";
                    wrong("solve.robust".into(), "a share does not go with travel.also".into(), help);
                }
                if let Some(case) = self.robust_cases().iter().find(|case| !case.lost_sites.is_empty()) {
                    let found = format!("the case `{}` loses sites, which a share cannot weigh", case.id);
                    let help = "leave it out of robust_cases, or set robust = \"all\"";
                    wrong("solve.robust".into(), found, help);
                }
            }
            _ => {}
        }
    }
}

impl Scenario {
    /// What cannot be asked together with the worst of several cases.
    fn check_worst_case(&self, wrong: &mut impl FnMut(String, String, &str)) {
        let help = "leave it out, or give solve.robust a share instead of \"all\"";
        let with = |what: &str| format!("{what} does not go with solve.robust = \"all\"");
        if self.solve.strategy != Strategy::Joint {
            wrong("solve.strategy".into(), with(&format!("\"{}\"", self.solve.strategy.as_str())), help);
        }
        if self.solve.compare_strategies {
            wrong("solve.compare_strategies".into(), with("the comparison"), help);
        }
        for (i, phase) in self.phases.iter().enumerate() {
            let budget_for_all = phase.opens == Opens::FewestForAll && phase.budget.is_some();
            let asked = [
                ("opens", phase.opens == Opens::WorstFirst, "worst-first"),
                ("min_coverage", phase.min_coverage.is_some(), "a promised share"),
                ("floor", phase.floor.is_some(), "a promised share"),
                ("open", !phase.open.is_empty(), "a site that must open"),
                ("close", !phase.close.is_empty(), "a site that closes"),
                ("budget", budget_for_all, "fewest-for-all within a budget"),
            ];
            for (key, _, what) in asked.into_iter().filter(|(_, asked, _)| *asked) {
                wrong(format!("phases[{}].{key} ({})", i + 1, phase.name.en), with(what), help);
            }
        }
    }
}

fn check_case(case: &CaseSettings, is_new: bool, wrong: &mut impl FnMut(String, String, &str)) {
    let mut fault = |key: &str, found: String, help: &str| {
        wrong(format!("sensitivity.cases `{}`{key}", case.id), found, help);
    };
    if !is_new || case.id.is_empty() {
        fault("", "this id is taken, empty, or `normal`".into(), "give each case an id of its own");
    }
    if !(0.05..=5.0).contains(&case.speed_factor) {
        fault(".speed_factor", format!("{} is out of range", case.speed_factor), "give a number from 0.05 to 5");
    }
    if !case.changes_roads() && case.lost_sites.is_empty() {
        let help = "give speed_factor, close_ways, close_named, close_across or lost_sites";
        fault("", "nothing changes in it".into(), help);
    }
    for line in &case.close_across {
        let right = |p: &[f64; 2]| (-180.0..=180.0).contains(&p[0]) && (-90.0..=90.0).contains(&p[1]);
        if line.len() < 2 || !line.iter().all(right) {
            let help = "give at least two points, each [longitude, latitude] in degrees";
            fault(".close_across", format!("{line:?} is no line"), help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robust_is_a_word_or_a_share() {
        #[derive(Deserialize)]
        struct Given {
            robust: Robust,
        }
        let read = |text: &str| toml::from_str::<Given>(text).map(|given| given.robust);
        assert_eq!(read("robust = \"all\"").unwrap(), Robust::Worst(All::All));
        assert_eq!(read("robust = 0.75").unwrap(), Robust::Share(0.75));
        assert!(read("robust = \"some\"").is_err());
    }

    #[test]
    fn a_case_without_a_change_is_refused() {
        let case: CaseSettings = toml::from_str("id = \"a\"\nname = { vi = \"A\", en = \"A\" }").unwrap();
        let mut found = Vec::new();
        check_case(&case, true, &mut |place, message, _| found.push((place, message)));
        assert_eq!(found, [("sensitivity.cases `a`".to_owned(), "nothing changes in it".to_owned())]);
        found.clear();
        let case = CaseSettings { speed_factor: 0.0, close_across: vec![vec![[105.0, 91.0]]], ..case };
        check_case(&case, false, &mut |place, message, _| found.push((place, message)));
        // The id stands twice, the factor is 0, and the line has one point, which is on no globe.
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
