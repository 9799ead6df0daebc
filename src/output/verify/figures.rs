//! Recomputes shares, quantiles of travel time and measures of inequality, of phases, scopes, boundaries and groups, from
//! demand rows alone; dossiers from the catalogue in the manifest.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::raw::milli;
use super::{Report, within};
use crate::error::Result;
use crate::ingest::services::Catalogue;
use crate::output::read::{self, Rows};
use crate::output::schema::{BOUNDARIES, CELLS, LOADS, PHASES, RELIEF, ROLLOUT, SITES};
use crate::scenario::DemandSettings;

/// Of the whole area; people, people served and mean time are compared elsewhere.
const OF_ALL: [&str; 9] = [
    "population_covered_share",
    "unreached_persons",
    "median_time_s",
    "p90_time_s",
    "p99_time_s",
    "worst_time_s",
    "worst_tenth_time_s",
    "gini_time",
    "theil_time",
];

/// Of a phase's scope, each with the name that it bears for an area.
const OF_SCOPE: [(&str, &str); 10] = [
    ("scope_persons", "persons"),
    ("scope_covered_persons", "covered_persons"),
    ("scope_covered_share", "population_covered_share"),
    ("scope_unreached_persons", "unreached_persons"),
    ("scope_mean_time_s", "mean_time_s"),
    ("scope_p90_time_s", "p90_time_s"),
    ("scope_p99_time_s", "p99_time_s"),
    ("scope_worst_tenth_time_s", "worst_tenth_time_s"),
    ("scope_gini_time", "gini_time"),
    ("scope_theil_time", "theil_time"),
];

/// Of a feature of the first layer.
const OF_FEATURE: [&str; 8] = [
    "persons",
    "covered_persons",
    "population_covered_share",
    "reached_persons",
    "mean_time_s",
    "median_time_s",
    "p90_time_s",
    "worst_time_s",
];

/// People by travel time, in thousandths of a person and milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    persons: u64,
    covered: u64,
    by_time: Vec<(u64, u64)>,
}

impl Tally {
    /// Adds people of a demand row.
    pub(super) fn add(&mut self, milli_persons: u64, time_s: Option<f64>, covered: bool) {
        self.persons += milli_persons;
        self.covered += if covered { milli_persons } else { 0 };
        if let (Some(time), true) = (time_s, milli_persons > 0) {
            self.by_time.push((milli(time), milli_persons));
        }
    }

    /// People in all.
    fn people(&self) -> f64 {
        self.persons as f64 / 1000.0
    }

    /// Every figure by its name in the tables.
    pub(super) fn figures(mut self) -> BTreeMap<&'static str, Option<f64>> {
        self.by_time.sort_unstable();
        let people = |milli: u64| Some(milli as f64 / 1000.0);
        let reached: u64 = self.by_time.iter().map(|(_, n)| n).sum();
        let travelled: u128 = self.by_time.iter().map(|&(ms, n)| u128::from(ms) * u128::from(n)).sum();
        let some = |value: f64| (reached > 0).then_some(value);
        let mean_s = travelled as f64 / reached as f64 / 1000.0;
        let (gini, theil) = self.spread(reached as f64, mean_s);
        let uneven = |value: f64| (travelled > 0).then_some(value);
        BTreeMap::from([
            ("persons", people(self.persons)),
            ("covered_persons", people(self.covered)),
            ("population_covered_share", (self.persons > 0).then(|| self.covered as f64 / self.persons as f64)),
            ("reached_persons", people(reached)),
            ("unreached_persons", people(self.persons - reached)),
            ("mean_time_s", some(mean_s)),
            ("median_time_s", self.within(reached, 50)),
            ("p90_time_s", self.within(reached, 90)),
            ("p99_time_s", self.within(reached, 99)),
            ("worst_time_s", self.by_time.last().map(|&(ms, _)| ms as f64 / 1000.0)),
            ("worst_tenth_time_s", some(self.slowest_tenth_s(reached as f64))),
            ("gini_time", uneven(gini)),
            ("theil_time", uneven(theil)),
        ])
    }

    /// The least time, in seconds, within which so many in a hundred are.
    fn within(&self, reached: u64, percent: u64) -> Option<f64> {
        let mut left = u128::from(reached) * u128::from(percent);
        for &(ms, n) in &self.by_time {
            left = left.saturating_sub(u128::from(n) * 100);
            if left == 0 {
                return Some(ms as f64 / 1000.0);
            }
        }
        None
    }

    /// Mean of the slowest tenth, in seconds.
    fn slowest_tenth_s(&self, reached: f64) -> f64 {
        let (mut beyond, mut sum) = (0.0, 0.0);
        for &(ms, n) in self.by_time.iter().rev() {
            let counted = (n as f64).min((reached / 10.0 - beyond).max(0.0));
            beyond += n as f64;
            sum += counted * ms as f64;
        }
        sum / (reached / 10.0) / 1000.0
    }

    /// Gini coefficient as twice the area between the Lorenz curve and the diagonal; Theil's T.
    fn spread(&self, reached: f64, mean_s: f64) -> (f64, f64) {
        let (mut under, mut height, mut theil) = (0.0, 0.0, 0.0);
        for &(ms, n) in &self.by_time {
            let (part, ratio) = (n as f64 / reached, ms as f64 / 1000.0 / mean_s);
            under += part * (height + part * ratio / 2.0);
            height += part * ratio;
            if ms > 0 {
                theil += part * ratio * ratio.ln();
            }
        }
        ((1.0 - 2.0 * under).max(0.0), theil.max(0.0))
    }
}

/// The demand rows of a phase.
#[derive(Default)]
struct Phase {
    all: Tally,
    scope: Tally,
    features: BTreeMap<String, Tally>,
    /// Demand rows whose dossiers do not follow from their people.
    wrong_dossiers: u32,
}

/// Figures of phases and of boundaries.
pub(super) fn check(report: &mut Report, folder: &Path) -> Result<()> {
    let manifest = read::manifest(folder)?;
    let phases = Rows::read(folder, &PHASES, &PHASES.columns.iter().map(|c| c.name).collect::<Vec<_>>())?;
    let numbers = phases.wholes("phase")?;
    let asked = daily_per_person(&manifest);
    let online = phases.numbers("online_share")?;
    let daily: BTreeMap<u32, f64> =
        numbers.iter().zip(&online).filter_map(|(&t, share)| Some((t, asked? * share))).collect();
    let by_phase = read_phases(folder, &daily)?;
    let told = |name: &str| phases.maybe_numbers(name);
    for (i, t) in numbers.iter().enumerate() {
        let empty = Phase::default();
        let of = by_phase.get(t).unwrap_or(&empty);
        let figures = of.all.clone().figures();
        for name in OF_ALL {
            report.maybe(format!("phase {t}: {name}"), told(name)?[i], figures[name]);
        }
        let figures = of.scope.clone().figures();
        for (name, of_area) in OF_SCOPE {
            report.maybe(format!("phase {t}: {name}"), told(name)?[i], figures[of_area]);
        }
        if let Some(daily) = daily.get(t) {
            let name = "dossiers_per_day";
            report.maybe(format!("phase {t}: {name}"), told(name)?[i], Some(daily * of.all.people()));
            let what = format!("phase {t}: demand rows whose dossiers do not follow from their people");
            report.exact(what, 0, i128::from(of.wrong_dossiers));
        }
    }
    check_openings(report, folder, &phases, &numbers)?;
    check_counters(report, folder, &phases, &numbers)?;
    check_boundaries(report, folder, &phases, &manifest, by_phase, &daily)
}

/// Dossiers a working day for one person if all were filed online, with help; `None` where the manifest does not tell.
pub(super) fn daily_per_person(manifest: &Value) -> Option<f64> {
    let demand: DemandSettings = serde_json::from_value(manifest["settings"]["demand"].clone()).ok()?;
    let catalogue: Catalogue = serde_json::from_value(manifest["services"].clone()).ok()?;
    let yearly: f64 = catalogue.services.iter().map(|s| s.yearly_per_1000).sum::<f64>() / 1000.0;
    Some(yearly * demand.help_share / demand.working_days)
}

fn read_phases(folder: &Path, daily: &BTreeMap<u32, f64>) -> Result<BTreeMap<u32, Phase>> {
    let columns = ["phase", "boundary", "persons", "dossiers_per_day", "travel_time_s", "in_scope", "covered"];
    let cells = Rows::read(folder, &CELLS, &columns)?;
    let (phases, boundaries) = (cells.wholes("phase")?, cells.text("boundary")?);
    let (persons, times) = (cells.numbers("persons")?, cells.maybe_numbers("travel_time_s")?);
    let (dossiers, in_scope) = (cells.numbers("dossiers_per_day")?, cells.flags("in_scope")?);
    let covered = cells.flags("covered")?;
    let mut found: BTreeMap<u32, Phase> = BTreeMap::new();
    for (i, boundary) in boundaries.iter().enumerate() {
        let of = found.entry(phases[i]).or_default();
        let people = milli(persons[i]);
        of.all.add(people, times[i], covered[i]);
        if in_scope[i] {
            of.scope.add(people, times[i], covered[i]);
        }
        if let Some(code) = boundary {
            match of.features.get_mut(code) {
                Some(known) => known.add(people, times[i], covered[i]),
                None => of.features.entry(code.to_owned()).or_default().add(people, times[i], covered[i]),
            }
        }
        let right = daily.get(&phases[i]).is_some_and(|daily| within(1e-6, dossiers[i], persons[i] * daily));
        of.wrong_dossiers += u32::from(!right);
    }
    Ok(found)
}

/// How many agents open in each phase.
fn check_openings(report: &mut Report, folder: &Path, phases: &Rows, numbers: &[u32]) -> Result<()> {
    let rollout = Rows::read(folder, &ROLLOUT, &["order", "phase"])?;
    let opened: Vec<(u32, u32)> = rollout.wholes("phase")?.into_iter().zip(rollout.wholes("order")?).collect();
    for (told, &t) in phases.wholes("opened")?.into_iter().zip(numbers) {
        let ours = opened.iter().filter(|&&(phase, order)| phase == t && order > 0).count();
        report.exact(format!("phase {t}: agents that open"), i128::from(told), ours as i128);
    }
    Ok(())
}

/// Waits, people sent elsewhere and relief of each phase, from the tables of loads and of relief.
fn check_counters(report: &mut Report, folder: &Path, phases: &Rows, numbers: &[u32]) -> Result<()> {
    let loads =
        Rows::read(folder, &LOADS, &["phase", "dossiers_per_day", "overflow_per_day", "wait_min", "persons_sent"])?;
    let of = loads.wholes("phase")?;
    let (all, over) = (loads.numbers("dossiers_per_day")?, loads.numbers("overflow_per_day")?);
    let (wait, sent) = (loads.numbers("wait_min")?, loads.numbers("persons_sent")?);
    let relief = Rows::read(folder, &RELIEF, &["phase", "before_per_day", "after_per_day"])?;
    let relief_of = relief.wholes("phase")?;
    let (before, after) = (relief.numbers("before_per_day")?, relief.numbers("after_per_day")?);
    let (told_wait, told_sent) = (phases.maybe_numbers("mean_wait_min")?, phases.maybe_numbers("persons_sent")?);
    let told_relief = phases.maybe_numbers("relief_share")?;
    for (i, &t) in numbers.iter().enumerate() {
        let here = || (0..of.len()).filter(|&k| of[k] == t);
        let carried: f64 = here().map(|k| all[k] - over[k]).sum();
        let waited: f64 = here().map(|k| (all[k] - over[k]) * wait[k]).sum();
        report.maybe(format!("phase {t}: mean_wait_min"), told_wait[i], (carried > 0.0).then(|| waited / carried));
        // Without counters nobody is sent anywhere, and nothing is told.
        let sent = told_sent[i].is_some().then(|| here().map(|k| sent[k]).sum());
        report.maybe(format!("phase {t}: persons_sent"), told_sent[i], sent);
        let offices = || (0..relief_of.len()).filter(|&k| relief_of[k] == t);
        let (before, after) = offices().fold((0.0, 0.0), |(was, now), k| (was + before[k], now + after[k]));
        let share = (before > 0.0).then(|| (before - after) / before);
        report.maybe(format!("phase {t}: relief_share"), told_relief[i], share);
    }
    Ok(())
}

/// The features of the first layer from their rows, agents and loads; shares of all layers; the worst-off feature.
fn check_boundaries(
    report: &mut Report,
    folder: &Path,
    phases: &Rows,
    manifest: &Value,
    mut by_phase: BTreeMap<u32, Phase>,
    daily: &BTreeMap<u32, f64>,
) -> Result<()> {
    let mut columns: Vec<&str> =
        ["layer", "code", "phase", "dossiers_per_day", "agents", "counters", "overflow_per_day"].into();
    columns.extend(OF_FEATURE);
    let table = Rows::read(folder, &BOUNDARIES, &columns)?;
    let (layers, codes, of_phase) = (table.texts("layer")?, table.texts("code")?, table.wholes("phase")?);
    let told: Vec<Vec<Option<f64>>> = OF_FEATURE.iter().map(|name| table.maybe_numbers(name)).collect::<Result<_>>()?;
    let (dossiers, agents) = (table.maybe_numbers("dossiers_per_day")?, table.wholes("agents")?);
    let (counters, overflow) = (table.maybe_wholes("counters")?, table.maybe_numbers("overflow_per_day")?);
    let standing = Standing::read(folder)?;
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let names = OF_FEATURE.iter().copied().chain(["dossiers_per_day", "agents", "counters", "overflow_per_day"]);
    names.for_each(|name| drop(wrong.insert(name, Vec::new())));
    let share_of = |i: usize| told[2][i];
    for (i, layer) in layers.iter().enumerate() {
        let t = of_phase[i];
        let mut differs = |name: &'static str, told: Option<f64>, ours: Option<f64>| {
            if !super::alike(told, ours) {
                wrong.entry(name).or_default().push(format!("`{}` of `{layer}` in phase {t}", codes[i]));
            }
        };
        let people = told[0][i].unwrap_or_default();
        if let Some(daily) = daily.get(&t) {
            differs("dossiers_per_day", dossiers[i], Some(daily * people));
        }
        if layers.first() != Some(layer) {
            let share = told[1][i].filter(|_| people > 0.0).map(|covered| covered / people);
            differs("population_covered_share", share_of(i), share);
            continue;
        }
        let tally = by_phase.get_mut(&t).and_then(|of| of.features.remove(&codes[i])).unwrap_or_default();
        let figures = tally.figures();
        for (name, told) in OF_FEATURE.into_iter().zip(&told) {
            differs(name, told[i], figures[name]);
        }
        let here = standing.by_feature.get(&(codes[i].clone(), t)).cloned().unwrap_or_default();
        differs("agents", Some(f64::from(agents[i])), Some(f64::from(here.agents)));
        if counters[i].is_some() || here.counters > 0 {
            differs("counters", counters[i].map(f64::from), Some(here.counters as f64));
            differs("overflow_per_day", overflow[i], Some(here.overflow));
        }
    }
    for (name, places) in wrong {
        report.none(format!("boundaries whose {name} differs"), places);
    }
    let left = by_phase.values().flat_map(|of| of.features.keys().cloned()).collect();
    report.none("features of cells that the table of boundaries leaves out".into(), left);

    // The first of those in which the smallest share is served.
    let layer = manifest["settings"]["equity"]["layer"].as_str().or(layers.first().map(String::as_str));
    let (worst, shares) =
        (phases.maybe_texts("worst_boundary")?, phases.maybe_numbers("worst_boundary_covered_share")?);
    for (i, t) in phases.wholes("phase")?.into_iter().enumerate() {
        let rows = (0..layers.len()).filter(|&k| Some(layers[k].as_str()) == layer && of_phase[k] == t);
        let mut least: Option<(&str, f64)> = None;
        for (code, share) in rows.filter_map(|k| Some((codes[k].as_str(), share_of(k)?))) {
            if least.is_none_or(|(_, known)| share < known) {
                least = Some((code, share));
            }
        }
        report.maybe(format!("phase {t}: worst_boundary_covered_share"), shares[i], least.map(|l| l.1));
        let but = (worst[i].as_deref() != least.map(|l| l.0))
            .then(|| format!("the run says {:?}, its tables say {:?}", worst[i], least.map(|l| l.0)));
        report.holds(format!("phase {t}: worst_boundary"), but);
    }
    Ok(())
}

/// Agents of a feature in a phase.
#[derive(Debug, Clone, Default)]
struct Here {
    agents: u32,
    counters: u64,
    overflow: f64,
}

/// Agents by the feature of the first layer in which they stand, and phase.
struct Standing {
    by_feature: BTreeMap<(String, u32), Here>,
}

impl Standing {
    fn read(folder: &Path) -> Result<Standing> {
        let sites = Rows::read(folder, &SITES, &["site", "boundary"])?;
        let feature: BTreeMap<String, String> = (sites.texts("site")?.into_iter())
            .zip(sites.maybe_texts("boundary")?)
            .filter_map(|(site, code)| Some((site, code?)))
            .collect();
        let mut by_feature: BTreeMap<(String, u32), Here> = BTreeMap::new();
        let rollout = Rows::read(folder, &ROLLOUT, &["site", "phase", "closes_phase"])?;
        let phases = Rows::read(folder, &PHASES, &["phase"])?.wholes("phase")?;
        let spans = rollout.wholes("phase")?.into_iter().zip(rollout.maybe_wholes("closes_phase")?);
        for (site, (from, until)) in rollout.texts("site")?.iter().zip(spans) {
            let Some(code) = feature.get(site) else { continue };
            for &t in phases.iter().filter(|&&t| from <= t && until.is_none_or(|until| t < until)) {
                by_feature.entry((code.clone(), t)).or_default().agents += 1;
            }
        }
        let loads = Rows::read(folder, &LOADS, &["phase", "site", "counters", "overflow_per_day"])?;
        let of_loads = loads.wholes("counters")?.into_iter().zip(loads.numbers("overflow_per_day")?);
        let keys = loads.texts("site")?.into_iter().zip(loads.wholes("phase")?);
        for ((site, t), (counters, overflow)) in keys.zip(of_loads) {
            if let Some(code) = feature.get(&site) {
                let here = by_feature.entry((code.clone(), t)).or_default();
                here.counters += u64::from(counters);
                here.overflow += overflow;
            }
        }
        Ok(Standing { by_feature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-12), "{found:?}, not {wanted}");
    }

    #[test]
    fn figures_by_hand() {
        // One person each at 10, 20 and 30 s, seven at 40 s, all served but the last; two who reach nobody.
        let mut tally = Tally::default();
        for (time, people) in [(10.0, 1000), (20.0, 1000), (30.0, 1000), (40.0, 7000)] {
            tally.add(people, Some(time), time < 40.0);
        }
        tally.add(2000, None, false);
        let figures = tally.figures();
        near(figures["persons"], 12.0);
        near(figures["population_covered_share"], 3.0 / 12.0);
        near(figures["unreached_persons"], 2.0);
        // (10 + 20 + 30 + 280) / 10.
        near(figures["mean_time_s"], 34.0);
        near(figures["median_time_s"], 40.0);
        near(figures["worst_tenth_time_s"], 40.0);
        // Σ over all pairs |a - b| / (2 · 10² · 34): pairs 10-20, 20-30 (10 each), 10-30 (20); with the seven 7 · (30 + 20 +
        // 10); each twice: 2 · (40 + 420) = 920; 920 / 6800.
        near(figures["gini_time"], 920.0 / 6800.0);
        let term = |t: f64, n: f64| n / 10.0 * (t / 34.0) * (t / 34.0).ln();
        near(figures["theil_time"], term(10.0, 1.0) + term(20.0, 1.0) + term(30.0, 1.0) + term(40.0, 7.0));
    }

    #[test]
    fn quantiles_are_the_least_times_that_hold_so_many() {
        // Ten people at 1, 2, … 10 s: five are within 5 s, nine within 9 s, 9.9 only within 10 s.
        let mut tally = Tally::default();
        (1..=10).for_each(|t| tally.add(1000, Some(f64::from(t)), true));
        let figures = tally.figures();
        near(figures["median_time_s"], 5.0);
        near(figures["p90_time_s"], 9.0);
        near(figures["p99_time_s"], 10.0);
        assert_eq!(Tally::default().figures()["p90_time_s"], None);
    }
}
