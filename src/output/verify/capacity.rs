//! Recomputes what comes to each agent, who is sent elsewhere, counters, waits and the relief of one-stop offices.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use super::{Report, flags, maybe_numbers, maybe_texts, texts, wholes};
use crate::error::Result;
use crate::ingest::services::Catalogue;
use crate::output::schema::{CELLS, COVERAGE, DETOURS, LOADS, PHASES, RELIEF};
use crate::output::table::read;
use crate::scenario::{CapacitySettings, DemandSettings};

/// Phase and site.
type Key = (u32, String);

/// Cell, mode and phase.
type RowKey = (u32, String, u32);

/// What the manifest tells of counters and of what comes to them.
struct Settings {
    capacity: CapacitySettings,
    demand: DemandSettings,
    catalogue: Catalogue,
}

impl Settings {
    /// `None` where the run has no counters.
    fn of(folder: &Path) -> Option<Settings> {
        let text = std::fs::read_to_string(folder.join("manifest.json")).ok()?;
        let manifest: Value = serde_json::from_str(&text).ok()?;
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
        }
        let waiting = 1.0 / (1.0 - a / n);
        let share = waiting / (below + waiting);
        (a / n, share * service / (n - a))
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

fn milli(persons: Option<f64>) -> u64 {
    (persons.unwrap_or(0.0) * 1000.0).round() as u64
}

fn read_loads(folder: &Path) -> Result<BTreeMap<Key, Load>> {
    let names: Vec<&str> = LOADS.columns.iter().map(|c| c.name).filter(|&n| n != "geometry").collect();
    let table = read(folder, &LOADS, &names)?;
    let number = |name| {
        Ok::<_, crate::error::Error>(
            maybe_numbers(&table, name)?.into_iter().map(Option::unwrap_or_default).collect::<Vec<f64>>(),
        )
    };
    let keys = wholes(&table, "phase")?.into_iter().zip(texts(&table, "site")?);
    let (office, counters) = (flags(&table, "office")?, wholes(&table, "counters")?);
    let people =
        |name| Ok::<_, crate::error::Error>(maybe_numbers(&table, name)?.into_iter().map(milli).collect::<Vec<u64>>());
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
    let cells = read(folder, &CELLS, &["cell", "mode", "phase", "persons", "agent", "travel_time_s", "covered"])?;
    let phases = wholes(&cells, "phase")?;
    let (persons, times) = (maybe_numbers(&cells, "persons")?, maybe_numbers(&cells, "travel_time_s")?);
    let covered = flags(&cells, "covered")?;
    let keys = wholes(&cells, "cell")?.into_iter().zip(texts(&cells, "mode")?);
    let mut people = People::default();
    for (i, ((cell, mode), agent)) in keys.zip(maybe_texts(&cells, "agent")?).enumerate() {
        let all = milli(persons[i]);
        *people.all.entry(phases[i]).or_default() += all;
        if let Some(agent) = agent.filter(|_| covered[i]) {
            let here = (all as f64 * share).round() as u64;
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
    let unlike = |same: &dyn Fn(&Key, &Load) -> bool| loads.iter().filter(|(k, l)| !same(k, l)).count() as f64;
    let near = |a: f64, b: f64| (a - b).abs() <= 0.0005;

    let people_agree = unlike(&|key, load| {
        let (sent, taken) = moved.get(key).copied().unwrap_or_default();
        load.nearest == people.at_agents.get(key).copied().unwrap_or(0)
            && (load.sent, load.taken) == (sent, taken)
            && load.sent <= load.nearest
            && load.persons == load.nearest - load.sent + load.taken
    });
    report.compare("agents whose people differ from those of cells and detours".into(), people_agree, 0.0);
    let strays = people.at_agents.iter().filter(|(key, n)| **n > 0 && !loads.contains_key(key)).count();
    report.compare("agents whose people the table of loads leaves out".into(), strays as f64, 0.0);

    let table = read(
        folder,
        &PHASES,
        &[
            "phase",
            "online_share",
            "load_per_day",
            "overflow_per_day",
            "overflow_nearest_per_day",
            "unserved_per_day",
            "counters",
        ],
    )?;
    let (online, phases) = (maybe_numbers(&table, "online_share")?, wholes(&table, "phase")?);
    let daily: BTreeMap<u32, (f64, f64)> =
        phases.iter().zip(&online).map(|(&t, o)| (t, settings.daily(o.unwrap_or(0.0)))).collect();
    let help = |t: u32| daily.get(&t).map_or(0.0, |d| d.0);
    let dossiers = unlike(&|(t, _), l| {
        near(l.per_day, l.office_per_day + l.persons as f64 / 1000.0 * help(*t))
            && near(l.overflow, (l.per_day - l.most).max(0.0))
            && (l.office || l.office_per_day == 0.0)
    });
    report.compare("agents whose dossiers or overflow do not follow from their people".into(), dossiers, 0.0);
    let lines = unlike(&|_, l| {
        let (carried, of) = (l.per_day - l.overflow, &settings.capacity);
        let most = if l.office { of.office_max_counters } else { of.max_counters };
        let keeps = |counters| {
            let (used, wait) = settings.line(carried, counters);
            used <= of.max_utilisation + 1e-9 && wait <= of.wait_target_minutes + 1e-6
        };
        let fewer = |n: u32| {
            let (used, wait) = settings.line(carried, n);
            used < of.max_utilisation - 1e-9 && wait < of.wait_target_minutes - 1e-6
        };
        let (used, wait) = settings.line(carried, l.counters);
        near(used, l.utilisation)
            && near(wait, l.wait_min)
            && (1..=most).contains(&l.counters)
            && keeps(l.counters)
            && (l.counters == 1 || !fewer(l.counters - 1))
    });
    report.compare("agents whose counters or waits differ, or miss the targets".into(), lines, 0.0);

    let mut sums: BTreeMap<u32, [f64; 6]> = BTreeMap::new();
    for ((t, _), l) in &loads {
        let nearest = l.office_per_day + l.nearest as f64 / 1000.0 * help(*t);
        let (persons, counters) = (l.persons as f64 / 1000.0, f64::from(l.counters));
        let more = [l.per_day, l.overflow, counters, persons, l.office_per_day, (nearest - l.most).max(0.0)];
        sums.entry(*t).or_default().iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
    let written = ["load_per_day", "overflow_per_day", "overflow_nearest_per_day"];
    let written = written.map(|name| maybe_numbers(&table, name));
    let [load_written, overflow_written, nearest_written] = written;
    let (load_written, overflow_written, nearest_written) = (load_written?, overflow_written?, nearest_written?);
    let (counters, unserved) = (wholes(&table, "counters")?, maybe_numbers(&table, "unserved_per_day")?);
    for (i, &t) in phases.iter().enumerate() {
        let [load, overflow, n, persons, office, nearest] = sums.get(&t).copied().unwrap_or_default();
        report.compare(format!("phase {t}: dossiers that come to agents"), load_written[i].unwrap_or(f64::NAN), load);
        report.compare(format!("phase {t}: overflow"), overflow_written[i].unwrap_or(f64::NAN), overflow);
        report.compare(
            format!("phase {t}: overflow if everyone went to the nearest agent"),
            nearest_written[i].unwrap_or(f64::NAN),
            nearest,
        );
        report.compare(format!("phase {t}: counters"), f64::from(counters[i]), n);
        let come: u64 = people.at_agents.iter().filter(|((phase, _), _)| *phase == t).map(|(_, n)| n).sum();
        report.compare(format!("phase {t}: people who come to agents"), persons, come as f64 / 1000.0);
        // Whoever does not come to an agent comes to an office, with all that is filed on paper, or is told as unserved.
        let all = people.all.get(&t).copied().unwrap_or(0);
        let (help, paper) = daily.get(&t).copied().unwrap_or_default();
        let others = (all - come) as f64 / 1000.0 * help;
        let offices = loads.iter().any(|((phase, _), l)| *phase == t && l.office);
        let asked = if offices { others + all as f64 / 1000.0 * paper } else { others };
        report.compare(
            format!("phase {t}: dossiers of those who do not come to agents"),
            office + unserved[i].unwrap_or(f64::NAN),
            asked,
        );
    }
    check_relief(report, folder, &settings, &loads, &people, &daily)
}

/// Each detour against the coverage table; what each agent sends and takes.
fn check_detours(
    report: &mut Report,
    folder: &Path,
    settings: &Settings,
    people: &People,
) -> Result<BTreeMap<Key, (u64, u64)>> {
    let table = read(folder, &DETOURS, &["phase", "cell", "mode", "from_site", "to_site", "persons", "extra_time_s"])?;
    let (phases, cells) = (wholes(&table, "phase")?, wholes(&table, "cell")?);
    let (modes, to) = (texts(&table, "mode")?, texts(&table, "to_site")?);
    let (persons, extra) = (maybe_numbers(&table, "persons")?, maybe_numbers(&table, "extra_time_s")?);
    let (mut of_cell, mut of_mode, mut of_site, mut time) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    if !cells.is_empty() {
        let coverage = read(folder, &COVERAGE, &["cell", "mode", "site", "travel_time_s"])?;
        (of_cell, of_mode) = (wholes(&coverage, "cell")?, texts(&coverage, "mode")?);
        (of_site, time) = (texts(&coverage, "site")?, maybe_numbers(&coverage, "travel_time_s")?);
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
    for (i, from) in texts(&table, "from_site")?.into_iter().enumerate() {
        let row = (cells[i], modes[i].clone(), phases[i]);
        let here = milli(persons[i]);
        let fits = people.rows.get(&row).is_some_and(|home| {
            let there = times.get(&(cells[i], modes[i].as_str(), to[i].as_str())).copied().flatten();
            let longer = there.zip(home.time_s).map(|(there, nearest)| there - nearest);
            home.nearest == from
                && longer.zip(extra[i]).is_some_and(|(longer, told)| (longer - told).abs() < 0.0005 && told <= limit)
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
    daily: &BTreeMap<u32, (f64, f64)>,
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
    let table = read(folder, &RELIEF, &columns)?;
    let (phases, sites) = (wholes(&table, "phase")?, texts(&table, "site")?);
    let number = |name| maybe_numbers(&table, name);
    let (persons, before, after) = (number("persons")?, number("before_per_day")?, number("after_per_day")?);
    let (share, counters) = (number("relief_share")?, wholes(&table, "counters_before")?);
    let (wait_before, wait_after) = (number("wait_before_min")?, number("wait_after_min")?);
    let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() <= 0.0005);
    let waits = |told: Option<f64>, per_day: f64, counters: u32| {
        let (_, wait) = settings.line(per_day, counters);
        if wait.is_finite() { near(told, wait) } else { told.is_none() }
    };
    let (mut wrong, mut in_all) = (0_u32, BTreeMap::<u32, u64>::new());
    for i in 0..phases.len() {
        let (help, paper) = daily.get(&phases[i]).copied().unwrap_or_default();
        let asked = persons[i].unwrap_or(0.0) * (help + paper);
        let now = loads.get(&(phases[i], sites[i].clone())).map_or(0.0, |load| load.per_day);
        *in_all.entry(phases[i]).or_default() += milli(persons[i]);
        let lost = if asked > 0.0 { near(share[i], (asked - now) / asked) } else { share[i].is_none() };
        let fits = near(before[i], asked) && near(after[i], now) && lost;
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
