//! Recomputes what comes to each agent, who is sent elsewhere, counters, waits and the relief of one-stop offices.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use super::raw::milli;
use super::{Report, within};
use crate::error::Result;
use crate::ingest::services::Catalogue;
use crate::output::read::Rows;
use crate::output::schema::{CELLS, COVERAGE, DETOURS, LOADS, PHASES, RELIEF};
use crate::scenario::{CapacitySettings, DemandSettings};

/// Phase and site.
type Key = (u32, String);

/// Cell, mode and phase.
type RowKey = (u32, String, u32);

/// By phase, dossiers a working day for one person: with help, and on paper.
type Daily = BTreeMap<u32, (f64, f64)>;

/// What the manifest tells of counters and of what comes to them.
struct Settings {
    capacity: CapacitySettings,
    demand: DemandSettings,
    catalogue: Catalogue,
}

impl Settings {
    /// `None` where the run has no counters.
    fn of(folder: &Path) -> Option<Settings> {
        let manifest: Value = crate::output::read::manifest(folder).ok()?;
        let settings = &manifest["settings"];
        Some(Settings {
            capacity: serde_json::from_value::<Option<_>>(settings["capacity"].clone()).ok()??,
            demand: serde_json::from_value(settings["demand"].clone()).ok()?,
            catalogue: serde_json::from_value(manifest["services"].clone()).ok()?,
        })
    }

    /// Dossiers a working day for one person with so much filed online: with help, and on paper.
    fn daily(&self, online: f64) -> (f64, f64) {
        let yearly: f64 = self.catalogue.services.iter().map(|s| s.yearly_per_1000 / 1000.0).sum();
        let all = yearly / self.demand.working_days;
        (all * online * self.demand.help_share, all * (1.0 - online))
    }

    /// Share of the time taken and mean wait in minutes, summed over the states of the queue: state `k` of `n` counters
    /// weighs `a^k / k!`, each one beyond `a / n` of the one before.
    fn line(&self, per_day: f64, counters: u32) -> (f64, f64) {
        let of = &self.capacity;
        let service = of.service_minutes(self.catalogue.mean_minutes());
        let a = per_day * of.peak_factor * service / of.open_minutes_per_day;
        let n = f64::from(counters);
        if a >= n {
            return (a / n, f64::INFINITY);
        }
        // Weights relative to the state with all counters busy, from there down: no powers that overflow.
        let (mut weight, mut below) = (1.0, 0.0);
        for k in (1..=counters).rev() {
            weight *= f64::from(k) / a;
            below += weight;
            // The rest changes nothing: the states below are rarer and rarer, or there are far too many counters.
            if !below.is_finite() || (f64::from(k) < a && weight < below * 1e-18) {
                break;
            }
        }
        let waiting = 1.0 / (1.0 - a / n);
        let share = waiting / (below + waiting);
        (a / n, share * service / (n - a))
    }
}

impl Settings {
    /// Whether an agent's counters, utilisation and wait follow from what it carries, and are the fewest that keep both
    /// targets.
    fn explains(&self, load: &Load) -> bool {
        let (carried, of) = (load.per_day - load.overflow, &self.capacity);
        let most = if load.office { of.office_max_counters } else { of.max_counters };
        if !(1..=most).contains(&load.counters) {
            return false;
        }
        // Beyond the targets by more than the two ways of computing differ.
        let misses =
            |(used, wait): (f64, f64), by: f64| used > of.max_utilisation + by || wait > of.wait_target_minutes + by;
        let line = self.line(carried, load.counters);
        near(line.0, load.utilisation)
            && near(line.1, load.wait_min)
            && !misses(line, 1e-6)
            && (load.counters == 1 || misses(self.line(carried, load.counters - 1), -1e-6))
    }
}

/// One row of `loads`.
struct Load {
    office: bool,
    nearest: u64,
    sent: u64,
    taken: u64,
    persons: u64,
    per_day: f64,
    office_per_day: f64,
    most: f64,
    overflow: f64,
    counters: u32,
    utilisation: f64,
    wait_min: f64,
}

fn read_loads(folder: &Path) -> Result<BTreeMap<Key, Load>> {
    let names: Vec<&str> = LOADS.columns.iter().map(|c| c.name).filter(|n| !["geometry", "bbox"].contains(n)).collect();
    let table = Rows::read(folder, &LOADS, &names)?;
    let number = |name| {
        Ok::<_, crate::error::Error>(
            table.maybe_numbers(name)?.into_iter().map(Option::unwrap_or_default).collect::<Vec<f64>>(),
        )
    };
    let keys = table.wholes("phase")?.into_iter().zip(table.texts("site")?);
    let (office, counters) = (table.flags("office")?, table.wholes("counters")?);
    let people = |name| {
        Ok::<_, crate::error::Error>(
            table.maybe_numbers(name)?.into_iter().map(|n| milli(n.unwrap_or(0.0))).collect::<Vec<u64>>(),
        )
    };
    let (nearest, sent) = (people("persons_nearest")?, people("persons_sent")?);
    let (taken, persons) = (people("persons_taken")?, people("persons")?);
    let (office_per_day, per_day) = (number("office_per_day")?, number("dossiers_per_day")?);
    let (most, overflow) = (number("most_per_day")?, number("overflow_per_day")?);
    let (utilisation, wait_min) = (number("utilisation")?, number("wait_min")?);
    let row = |(i, key): (usize, Key)| {
        let load = Load {
            office: office[i],
            nearest: nearest[i],
            sent: sent[i],
            taken: taken[i],
            persons: persons[i],
            per_day: per_day[i],
            office_per_day: office_per_day[i],
            most: most[i],
            overflow: overflow[i],
            counters: counters[i],
            utilisation: utilisation[i],
            wait_min: wait_min[i],
        };
        (key, load)
    };
    Ok(keys.enumerate().map(row).collect())
}

/// People of the cells, by phase and by agent.
#[derive(Default)]
struct People {
    all: BTreeMap<u32, u64>,
    /// Who come to agents, by nearest agent.
    at_agents: BTreeMap<Key, u64>,
    /// The same by cell, mode and phase, with the nearest agent and the time to it.
    rows: HashMap<RowKey, AtAgents>,
}

/// Those of a demand row who come to agents.
struct AtAgents {
    nearest: String,
    milli_persons: u64,
    time_s: Option<f64>,
}

fn read_people(folder: &Path, share: f64) -> Result<People> {
    let cells = Rows::read(folder, &CELLS, &["cell", "mode", "phase", "persons", "agent", "travel_time_s", "covered"])?;
    let phases = cells.wholes("phase")?;
    let (persons, times) = (cells.maybe_numbers("persons")?, cells.maybe_numbers("travel_time_s")?);
    let covered = cells.flags("covered")?;
    let keys = cells.wholes("cell")?.into_iter().zip(cells.texts("mode")?);
    let mut people = People::default();
    for (i, ((cell, mode), agent)) in keys.zip(cells.maybe_texts("agent")?).enumerate() {
        let all = milli(persons[i].unwrap_or(0.0));
        *people.all.entry(phases[i]).or_default() += all;
        if let Some(agent) = agent.filter(|_| covered[i]) {
            let here = ((all as f64 * share).round() as u64).min(all);
            *people.at_agents.entry((phases[i], agent.clone())).or_default() += here;
            let row = AtAgents { nearest: agent, milli_persons: here, time_s: times[i] };
            people.rows.insert((cell, mode, phases[i]), row);
        }
    }
    Ok(people)
}

/// Loads, detours and relief of the run.
pub(super) fn check(report: &mut Report, folder: &Path) -> Result<()> {
    let loads = read_loads(folder)?;
    let Some(settings) = Settings::of(folder) else {
        report.compare("loads of a run without counters".into(), loads.len() as f64, 0.0);
        return Ok(());
    };
    let people = read_people(folder, settings.capacity.share_at_agents)?;
    let moved = check_detours(report, folder, &settings, &people)?;
    let names: Vec<&str> = ["phase", "online_share", "counters"].into_iter().chain(SUMS).collect();
    let phases = Rows::read(folder, &PHASES, &names)?;
    let online = phases.maybe_numbers("online_share")?.into_iter().map(Option::unwrap_or_default);
    let daily: Daily = phases.wholes("phase")?.into_iter().zip(online.map(|share| settings.daily(share))).collect();

    let unlike = |same: &dyn Fn(&Key, &Load) -> bool| loads.iter().filter(|(k, l)| !same(k, l)).count() as f64;
    let people_differ = unlike(&|key, load| {
        load.nearest == people.at_agents.get(key).copied().unwrap_or(0)
            && (load.sent, load.taken) == moved.get(key).copied().unwrap_or_default()
            && load.sent <= load.nearest
            && load.persons == load.nearest - load.sent + load.taken
    });
    report.compare("agents whose people differ from those of cells and detours".into(), people_differ, 0.0);
    let strays = people.at_agents.iter().filter(|(key, n)| **n > 0 && !loads.contains_key(key)).count();
    report.compare("agents whose people the table of loads leaves out".into(), strays as f64, 0.0);
    let dossiers_differ = unlike(&|(t, _), load| {
        let help = daily.get(t).map_or(f64::NAN, |d| d.0);
        near(load.per_day, load.office_per_day + load.persons as f64 / 1000.0 * help)
            && near(load.overflow, (load.per_day - load.most).max(0.0))
            && (load.office || load.office_per_day == 0.0)
    });
    report.compare("agents whose dossiers or overflow do not follow from their people".into(), dossiers_differ, 0.0);
    let lines_differ = unlike(&|_, load| settings.explains(load));
    report.compare("agents whose counters or waits differ, or miss the targets".into(), lines_differ, 0.0);
    check_phases(report, &phases, &loads, &people, &daily)?;
    check_relief(report, folder, &settings, &loads, &people, &daily)
}

/// Columns of `phases` that sum up those of `loads`.
const SUMS: [&str; 4] = ["load_per_day", "overflow_per_day", "overflow_nearest_per_day", "unserved_per_day"];

/// The sums of each phase, and that whatever people bring is told somewhere.
fn check_phases(
    report: &mut Report,
    phases: &Rows,
    loads: &BTreeMap<Key, Load>,
    people: &People,
    daily: &Daily,
) -> Result<()> {
    let counters = phases.wholes("counters")?;
    let written: Vec<Vec<Option<f64>>> = SUMS.iter().map(|name| phases.maybe_numbers(name)).collect::<Result<_>>()?;
    for (i, t) in phases.wholes("phase")?.into_iter().enumerate() {
        let (help, paper) = daily.get(&t).copied().unwrap_or_default();
        let told = |column: usize| written[column][i].unwrap_or(f64::NAN);
        let here: Vec<&Load> = loads.iter().filter(|((phase, _), _)| *phase == t).map(|(_, load)| load).collect();
        let sum = |of: &dyn Fn(&Load) -> f64| here.iter().map(|load| of(load)).sum::<f64>();
        let nearest = |l: &Load| (l.office_per_day + l.nearest as f64 / 1000.0 * help - l.most).max(0.0);
        let come: u64 = people.at_agents.iter().filter(|((phase, _), _)| *phase == t).map(|(_, n)| n).sum();
        // Whoever does not come to an agent comes to an office, with all that is filed on paper, or is told as unserved.
        let all = people.all.get(&t).copied().unwrap_or(0);
        let others = all.saturating_sub(come) as f64 / 1000.0 * help;
        let asked = others + if here.iter().any(|l| l.office) { all as f64 / 1000.0 * paper } else { 0.0 };
        for (what, told, ours) in [
            ("dossiers that come to agents", told(0), sum(&|l| l.per_day)),
            ("overflow", told(1), sum(&|l| l.overflow)),
            ("overflow if everyone went to the nearest agent", told(2), sum(&nearest)),
            ("counters", f64::from(counters[i]), sum(&|l| f64::from(l.counters))),
            ("people who come to agents", sum(&|l| l.persons as f64 / 1000.0), come as f64 / 1000.0),
            ("dossiers of those who do not come to agents", sum(&|l| l.office_per_day) + told(3), asked),
        ] {
            report.compare(format!("phase {t}: {what}"), told, ours);
        }
    }
    Ok(())
}

fn near(a: f64, b: f64) -> bool {
    within(0.0005, a, b)
}

/// Each detour against the coverage table; what each agent sends and takes.
fn check_detours(
    report: &mut Report,
    folder: &Path,
    settings: &Settings,
    people: &People,
) -> Result<BTreeMap<Key, (u64, u64)>> {
    let table =
        Rows::read(folder, &DETOURS, &["phase", "cell", "mode", "from_site", "to_site", "persons", "extra_time_s"])?;
    let (phases, cells) = (table.wholes("phase")?, table.wholes("cell")?);
    let (modes, to) = (table.texts("mode")?, table.texts("to_site")?);
    let (persons, extra) = (table.maybe_numbers("persons")?, table.maybe_numbers("extra_time_s")?);
    let (mut of_cell, mut of_mode, mut of_site, mut time) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    if !cells.is_empty() {
        let coverage = Rows::read(folder, &COVERAGE, &["cell", "mode", "site", "travel_time_s"])?;
        (of_cell, of_mode) = (coverage.wholes("cell")?, coverage.texts("mode")?);
        (of_site, time) = (coverage.texts("site")?, coverage.maybe_numbers("travel_time_s")?);
    }
    // Only the pairs that detours use.
    let mut times: HashMap<(u32, &str, &str), Option<f64>> =
        (0..cells.len()).map(|i| ((cells[i], modes[i].as_str(), to[i].as_str()), None)).collect();
    for (i, &cell) in of_cell.iter().enumerate() {
        if let Some(known) = times.get_mut(&(cell, of_mode[i].as_str(), of_site[i].as_str())) {
            *known = time[i];
        }
    }
    let mut moved: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    let mut left: HashMap<RowKey, u64> = HashMap::new();
    let mut wrong = 0_u32;
    let limit = settings.capacity.detour_minutes * 60.0 + 0.0005;
    for (i, from) in table.texts("from_site")?.into_iter().enumerate() {
        let row = (cells[i], modes[i].clone(), phases[i]);
        let here = milli(persons[i].unwrap_or(0.0));
        let fits = people.rows.get(&row).is_some_and(|home| {
            let there = times.get(&(cells[i], modes[i].as_str(), to[i].as_str())).copied().flatten();
            let longer = there.zip(home.time_s).map(|(there, nearest)| there - nearest);
            home.nearest == from
                && longer.zip(extra[i]).is_some_and(|(longer, told)| within(0.0005, longer, told) && told <= limit)
        });
        wrong += u32::from(!fits);
        moved.entry((phases[i], from)).or_default().0 += here;
        moved.entry((phases[i], to[i].clone())).or_default().1 += here;
        *left.entry(row).or_default() += here;
    }
    report.compare("detours beyond the limit, or not as in the coverage table".into(), f64::from(wrong), 0.0);
    let beyond =
        left.iter().filter(|(row, n)| people.rows.get(*row).is_none_or(|home| **n > home.milli_persons)).count();
    report.compare("demand rows of which more people are sent away than come".into(), beyond as f64, 0.0);
    Ok(moved)
}

/// The work of each office with agents is its load; without them, that of everyone who has an office.
fn check_relief(
    report: &mut Report,
    folder: &Path,
    settings: &Settings,
    loads: &BTreeMap<Key, Load>,
    people: &People,
    daily: &Daily,
) -> Result<()> {
    let columns = [
        "phase",
        "site",
        "persons",
        "before_per_day",
        "after_per_day",
        "relief_share",
        "counters_before",
        "wait_before_min",
        "wait_after_min",
    ];
    let table = Rows::read(folder, &RELIEF, &columns)?;
    let (phases, sites) = (table.wholes("phase")?, table.texts("site")?);
    let number = |name| table.maybe_numbers(name);
    let (persons, before, after) = (number("persons")?, number("before_per_day")?, number("after_per_day")?);
    let (share, counters) = (number("relief_share")?, table.wholes("counters_before")?);
    let (wait_before, wait_after) = (number("wait_before_min")?, number("wait_after_min")?);
    let same = |a: Option<f64>, b: f64| a.is_some_and(|a| near(a, b));
    let waits = |told: Option<f64>, per_day: f64, counters: u32| {
        let (_, wait) = settings.line(per_day, counters);
        if wait.is_finite() { same(told, wait) } else { told.is_none() }
    };
    let (mut wrong, mut in_all) = (0_u32, BTreeMap::<u32, u64>::new());
    for i in 0..phases.len() {
        let (help, paper) = daily.get(&phases[i]).copied().unwrap_or_default();
        let asked = persons[i].unwrap_or(0.0) * (help + paper);
        let now = loads.get(&(phases[i], sites[i].clone())).map_or(0.0, |load| load.per_day);
        *in_all.entry(phases[i]).or_default() += milli(persons[i].unwrap_or(0.0));
        let lost = if asked > 0.0 { same(share[i], (asked - now) / asked) } else { share[i].is_none() };
        let counted = (1..=settings.capacity.office_max_counters).contains(&counters[i]);
        let fits = same(before[i], asked) && same(after[i], now) && lost && counted;
        wrong +=
            u32::from(!(fits && waits(wait_before[i], asked, counters[i]) && waits(wait_after[i], now, counters[i])));
    }
    report.compare("one-stop offices whose relief differs".into(), f64::from(wrong), 0.0);
    for (t, sum) in in_all {
        let all = people.all.get(&t).copied().unwrap_or(0);
        report.compare(format!("phase {t}: people of all one-stop offices"), sum as f64 / 1000.0, all as f64 / 1000.0);
    }
    Ok(())
}
