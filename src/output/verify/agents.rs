//! Recomputes what each agent adds, who has no other, whose nearest it is and what it carries; that the lists of agents,
//! of sites and the sheet for spreadsheets tell the same; and what is told of people whom nobody serves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::raw::{Raw, milli};
use super::{Report, alike, within};
use crate::error::{Fault, Result};
use crate::output::read::{self, Rows};
use crate::output::schema::{CELLS, COVERAGE, CROSSWALK, LOADS, PHASES, ROLLOUT, SITES, UNCOVERED};

fn people(thousandths: u64) -> Option<f64> {
    Some(thousandths as f64 / 1000.0)
}

/// Lists of places that differ, by what differs in them.
#[derive(Default)]
struct Wrong(BTreeMap<&'static str, Vec<String>>);

impl Wrong {
    fn figure(&mut self, what: &'static str, of: &str, told: Option<f64>, ours: Option<f64>) {
        self.holds(what, of, alike(told, ours));
    }

    fn holds(&mut self, what: &'static str, of: &str, holds: bool) {
        let list = self.0.entry(what).or_default();
        if !holds {
            list.push(format!("`{of}`"));
        }
    }

    fn tell(self, report: &mut Report, whose: &str) {
        for (what, list) in self.0 {
            report.none(format!("{whose} whose {what} differs"), list);
        }
    }
}

/// Every column of the list of agents that follows from other tables.
pub(super) fn check(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let columns: Vec<&str> =
        ROLLOUT.columns.iter().map(|c| c.name).filter(|n| !["geometry", "bbox"].contains(n)).collect();
    let rollout = Rows::read(folder, &ROLLOUT, &columns)?;
    let (ids, orders) = (rollout.texts("site")?, rollout.wholes("order")?);
    let last = raw.weights.len().saturating_sub(1);
    let manifest = read::manifest(folder)?;

    // In the order of opening; fixed sites in that of the sites.
    let site = |i: usize| raw.number.get(&ids[i]).copied().unwrap_or(u32::MAX) as usize;
    let mut turn: Vec<usize> = (0..ids.len()).collect();
    turn.sort_by_key(|&i| (orders[i], site(i)));
    let n = raw.ids.len();
    let mut rows_of = vec![Vec::new(); n];
    let mut only = vec![0_u64; n];
    let mut reach = vec![0_u64; n];
    for (row, sites) in raw.serves.iter().enumerate() {
        let mut standing = sites.iter().filter(|&&s| raw.stands(s, last));
        if let (Some(&one), None) = (standing.next(), standing.next()) {
            only[one as usize] += raw.persons[row];
        }
        for &s in sites {
            rows_of[s as usize].push(row);
            reach[s as usize] += raw.persons[row];
        }
    }
    let nearest = people_by_nearest(folder, last as u32 + 1)?;
    let loads = last_loads(folder, last as u32 + 1)?;
    let online = Rows::read(folder, &PHASES, &["online_share"])?.numbers("online_share")?.last().copied();
    let daily = super::figures::daily_per_person(&manifest).zip(online).map(|(all, online)| all * online);

    let mut wrong = Wrong::default();
    let number = |name: &str| rollout.maybe_numbers(name);
    let (marginal, cumulative) = (number("persons_marginal")?, number("persons_cumulative")?);
    let (told_only, told_nearest) = (number("persons_only")?, number("persons_nearest")?);
    let (dossiers, load, overflow) =
        (number("dossiers_per_day")?, number("load_per_day")?, number("overflow_per_day")?);
    let counters = rollout.maybe_wholes("counters")?;
    let mut served = vec![false; raw.serves.len()];
    let (mut sum, mut position) = (0_u64, 0);
    for i in turn {
        let Some(rows) = rows_of.get(site(i)) else { continue };
        let added: u64 =
            rows.iter().filter(|&&r| !std::mem::replace(&mut served[r], true)).map(|&r| raw.persons[r]).sum();
        sum += added;
        if orders[i] > 0 {
            position += 1;
            wrong.holds("order", &ids[i], orders[i] == position);
        }
        wrong.figure("persons_marginal", &ids[i], marginal[i], people(added));
        wrong.figure("persons_cumulative", &ids[i], cumulative[i], people(sum));
        wrong.figure("persons_only", &ids[i], told_only[i], people(only[site(i)]));
        let here = nearest.get(&ids[i]).copied().unwrap_or(0);
        wrong.figure("persons_nearest", &ids[i], told_nearest[i], people(here));
        if let Some(daily) = daily {
            wrong.figure("dossiers_per_day", &ids[i], dossiers[i], people(here).map(|n| n * daily));
        }
        let carried = loads.get(&ids[i]);
        wrong.figure("counters", &ids[i], counters[i].map(f64::from), carried.map(|l| l.0));
        wrong.figure("load_per_day", &ids[i], load[i], carried.map(|l| l.1));
        wrong.figure("overflow_per_day", &ids[i], overflow[i], carried.map(|l| l.2));
    }
    check_sites(&mut wrong, folder, raw, &rollout, &reach)?;
    check_phases(&mut wrong, folder, &rollout)?;
    wrong.tell(report, "agents");
    check_csv(report, folder, &rollout)?;
    check_manifest(report, folder, &manifest, raw, &rollout)?;
    check_nearest(report, folder, raw)?;
    check_uncovered(report, folder, raw)?;
    check_crosswalk(report, folder)
}

/// People of the cells in a phase by their nearest agent.
fn people_by_nearest(folder: &Path, phase: u32) -> Result<HashMap<String, u64>> {
    let cells = Rows::read(folder, &CELLS, &["phase", "persons", "agent"])?;
    let mut found: HashMap<String, u64> = HashMap::new();
    let rows = cells.whole("phase")?.iter().zip(cells.number("persons")?.iter()).zip(cells.text("agent")?.iter());
    for ((t, persons), agent) in rows {
        if let (true, Some(agent)) = (t == Some(phase), agent) {
            let persons = milli(persons.unwrap_or_default());
            match found.get_mut(agent) {
                Some(sum) => *sum += persons,
                None => drop(found.insert(agent.to_owned(), persons)),
            }
        }
    }
    Ok(found)
}

/// Counters, load and overflow of each agent in a phase.
fn last_loads(folder: &Path, phase: u32) -> Result<HashMap<String, (f64, f64, f64)>> {
    let loads = Rows::read(folder, &LOADS, &["phase", "site", "counters", "dossiers_per_day", "overflow_per_day"])?;
    let (of, sites, counters) = (loads.wholes("phase")?, loads.texts("site")?, loads.wholes("counters")?);
    let (all, over) = (loads.numbers("dossiers_per_day")?, loads.numbers("overflow_per_day")?);
    let rows = (0..of.len()).filter(|&i| of[i] == phase);
    Ok(rows.map(|i| (sites[i].clone(), (f64::from(counters[i]), all[i], over[i]))).collect())
}

/// What the list of agents repeats of the list of sites, and the other way round.
fn check_sites(wrong: &mut Wrong, folder: &Path, raw: &Raw, rollout: &Rows, reach: &[u64]) -> Result<()> {
    let sites =
        Rows::read(folder, &SITES, &["site", "name", "lon", "lat", "fixed", "phase", "boundary", "persons_in_reach"])?;
    let (ids, agents) = (sites.texts("site")?, rollout.texts("site")?);
    let row: HashMap<&str, usize> = agents.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
    let (names, of_names) = (sites.texts("name")?, rollout.texts("name")?);
    let (lon, of_lon) = (sites.numbers("lon")?, rollout.numbers("lon")?);
    let (lat, of_lat) = (sites.numbers("lat")?, rollout.numbers("lat")?);
    let (fixed, of_fixed) = (sites.flags("fixed")?, rollout.flags("fixed")?);
    let (places, of_places) = (sites.maybe_texts("boundary")?, rollout.maybe_texts("boundary")?);
    let (phase, in_reach) = (sites.maybe_wholes("phase")?, sites.maybe_numbers("persons_in_reach")?);
    let (of_phase, orders) = (rollout.wholes("phase")?, rollout.wholes("order")?);
    for (k, id) in ids.iter().enumerate() {
        let agent = row.get(id.as_str()).copied();
        wrong.holds("phase in `sites`", id, phase[k] == agent.map(|i| of_phase[i]));
        let site = raw.number.get(id).map_or(0, |&s| reach[s as usize]);
        wrong.figure("persons_in_reach in `sites`", id, in_reach[k], people(site));
        let Some(i) = agent else { continue };
        wrong.holds("name", id, names[k] == of_names[i]);
        wrong.holds("place", id, (lon[k], lat[k]) == (of_lon[i], of_lat[i]) && places[k] == of_places[i]);
        wrong.holds("being fixed", id, fixed[k] == of_fixed[i] && of_fixed[i] == (orders[i] == 0));
    }
    Ok(())
}

/// What the list of agents repeats of the table of phases.
fn check_phases(wrong: &mut Wrong, folder: &Path, rollout: &Rows) -> Result<()> {
    let phases = Rows::read(folder, &PHASES, &["phase", "name_vi", "name_en", "starts"])?;
    let columns = [("name_vi", "phase_name_vi"), ("name_en", "phase_name_en"), ("starts", "opens_on")];
    let numbers = phases.wholes("phase")?;
    let (ids, of) = (rollout.texts("site")?, rollout.wholes("phase")?);
    for (name, repeated) in columns {
        let (told, repeated) = (phases.texts(name)?, rollout.texts(repeated)?);
        for (i, id) in ids.iter().enumerate() {
            let phase = numbers.iter().position(|&t| t == of[i]);
            wrong.holds("phase", id, phase.is_some_and(|t| told[t] == repeated[i]));
        }
    }
    Ok(())
}

/// The sheet for spreadsheets against the table of agents: every number of every agent.
fn check_csv(report: &mut Report, folder: &Path, rollout: &Rows) -> Result<()> {
    let path = folder.join("rollout.csv");
    let broken = |e: &dyn std::fmt::Display| {
        Fault::new("run::table", format!("it cannot be read: {e}")).file(&path).help(read::NO_RUN)
    };
    let text = std::fs::read_to_string(&path).map_err(|e| broken(&e))?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|e| broken(&e))?.clone();
    let rows: Vec<csv::StringRecord> =
        reader.records().collect::<std::result::Result<_, _>>().map_err(|e| broken(&e))?;
    let ids = rollout.texts("site")?;
    report.exact("agents in rollout.csv".into(), rows.len() as i128, ids.len() as i128);
    let mut differ = Vec::new();
    for column in ROLLOUT.columns {
        use crate::output::schema::Kind;
        let told: Vec<Option<f64>> = match column.kind {
            Kind::Whole => rollout.maybe_wholes(column.name)?.into_iter().map(|n| n.map(f64::from)).collect(),
            Kind::Number => rollout.maybe_numbers(column.name)?,
            _ => continue,
        };
        let at = header.iter().position(|name| name == column.name);
        for (i, id) in ids.iter().enumerate() {
            let cell = at.and_then(|at| rows.get(i)?.get(at));
            let same = match (cell, told[i]) {
                (Some(""), None) => true,
                (Some(cell), Some(told)) => cell.parse() == Ok(told),
                _ => false,
            };
            if !same {
                differ.push(format!("{} of `{id}`", column.name));
            }
        }
    }
    report.none("numbers of rollout.csv that differ from rollout.parquet".into(), differ);
    Ok(())
}

/// What the manifest repeats: what was asked, how many agents stand, and which open.
fn check_manifest(
    report: &mut Report,
    folder: &Path,
    manifest: &serde_json::Value,
    raw: &Raw,
    rollout: &Rows,
) -> Result<()> {
    let asked = Rows::read(folder, &PHASES, &["opens"])?.texts("opens")?;
    let settings = &manifest["settings"]["phases"];
    let unlike = (0..asked.len()).filter(|&t| settings[t]["opens"].as_str() != Some(&asked[t]));
    report.none("phases that open otherwise than was asked".into(), unlike.map(|t| (t + 1).to_string()).collect());

    let phases = manifest["phases"].as_array().map_or(&[][..], Vec::as_slice);
    let (ids, of, orders) = (rollout.texts("site")?, rollout.wholes("phase")?, rollout.wholes("order")?);
    report.exact("phases in the manifest".into(), phases.len() as i128, raw.weights.len() as i128);
    for (t, told) in phases.iter().enumerate() {
        let stand = (0..raw.ids.len() as u32).filter(|&s| raw.stands(s, t)).count();
        let agents = told["agents"].as_u64().map_or(-1, i128::from);
        report.exact(format!("phase {}: agents in the manifest", t + 1), agents, stand as i128);
        let opened: BTreeSet<&str> =
            (0..ids.len()).filter(|&i| of[i] as usize == t + 1 && orders[i] > 0).map(|i| ids[i].as_str()).collect();
        let list = told["opened"].as_array().map_or(&[][..], Vec::as_slice);
        let list: BTreeSet<&str> = list.iter().filter_map(serde_json::Value::as_str).collect();
        let differ = opened.symmetric_difference(&list).map(|id| format!("`{id}`")).collect();
        report.none(format!("phase {}: agents that open in the manifest or in the table alone", t + 1), differ);
    }
    Ok(())
}

/// The nearest agent of each demand row stands; its time is the least that the coverage table tells of any that stands;
/// the distance is that to the agent nearest as the crow flies.
fn check_nearest(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let cells =
        Rows::read(folder, &CELLS, &["cell", "mode", "phase", "lon", "lat", "agent", "travel_time_s", "distance_m"])?;
    let (numbers, modes, phases) = (cells.whole("cell")?, cells.text("mode")?, cells.whole("phase")?);
    let (lon, lat) = (cells.numbers("lon")?, cells.numbers("lat")?);
    let (agents, times) = (cells.text("agent")?, cells.maybe_numbers("travel_time_s")?);
    let distances = cells.maybe_numbers("distance_m")?;
    let places = Places::read(folder)?;
    let standing: Vec<Vec<u32>> =
        (0..raw.weights.len()).map(|t| (0..raw.ids.len() as u32).filter(|&s| raw.stands(s, t)).collect()).collect();
    let (mut fallen, mut slow, mut far) = (Vec::new(), Vec::new(), Vec::new());
    let mut at: HashMap<u32, (f64, f64)> = HashMap::new();
    // Modes of a cell share their distance.
    let mut known: HashMap<(u32, usize), Option<f64>> = HashMap::new();
    for i in 0..cells.len() {
        let (cell, t) =
            (numbers.get(i).unwrap_or_default(), phases.get(i).unwrap_or_default().saturating_sub(1) as usize);
        let (Some(row), Some(open)) = (raw.row(cell, modes.get(i).unwrap_or_default()), standing.get(t)) else {
            continue;
        };
        let name = || format!("cell {cell} in phase {}", t + 1);
        at.insert(cell, (lon[i], lat[i]));
        let agent = agents.get(i).and_then(|id| raw.number.get(id)).copied();
        if agent.is_some_and(|s| !raw.stands(s, t)) || agent.is_none() != open.is_empty() {
            fallen.push(name());
        }
        let rides = raw.serves[row].iter().zip(&raw.times[row]).filter(|&(&s, _)| raw.stands(s, t));
        let least = rides.filter_map(|(&s, time)| Some(((time.as_ref()?) + 0.0, s))).min_by(|a, b| a.0.total_cmp(&b.0));
        let fits = match (least, times[i]) {
            (None, _) => true,
            (Some((least, _)), Some(told)) => within(0.0005, least, told),
            (Some(_), None) => false,
        };
        if !fits {
            slow.push(name());
        }
        let nearest = *known
            .entry((cell, t))
            .or_insert_with(|| open.iter().map(|&s| places.distance_m(s, lon[i], lat[i])).min_by(f64::total_cmp));
        let same = match (nearest, distances[i]) {
            (None, None) => true,
            (Some(a), Some(b)) => within(0.002, a, b),
            _ => false,
        };
        if !same {
            far.push(name());
        }
    }
    report.none("demand rows whose nearest agent does not stand".into(), fallen);
    report.none("demand rows whose time is not the least of the coverage table".into(), slow);
    report.none("demand rows whose distance is not that to the nearest agent".into(), far);
    let coverage = Rows::read(folder, &COVERAGE, &["cell", "site", "distance_m"])?;
    let (sites, distances) = (coverage.text("site")?, coverage.number("distance_m")?);
    let mut wrong = Vec::new();
    for ((cell, site), told) in coverage.whole("cell")?.iter().zip(sites.iter()).zip(distances.iter()) {
        let place = at.get(&cell.unwrap_or_default()).zip(site.and_then(|id| raw.number.get(id)));
        let ours = place.map(|(&(lon, lat), &site)| places.distance_m(site, lon, lat));
        if !ours.zip(told).is_some_and(|(ours, told)| within(0.002, ours, told)) {
            wrong.push(format!("cell {} and `{}`", cell.unwrap_or_default(), site.unwrap_or_default()));
        }
    }
    report.none("pairs of the coverage table whose distance differs".into(), wrong);
    Ok(())
}

/// Where sites are, by their number.
struct Places(Vec<(f64, f64)>);

impl Places {
    fn read(folder: &Path) -> Result<Places> {
        let sites = Rows::read(folder, &SITES, &["lon", "lat"])?;
        Ok(Places(sites.numbers("lon")?.into_iter().zip(sites.numbers("lat")?).collect()))
    }

    /// Metres on the sphere of 6,371.0088 km.
    fn distance_m(&self, site: u32, lon: f64, lat: f64) -> f64 {
        let (to_lon, to_lat) = self.0[site as usize];
        let sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let h = sine(to_lat - lat) + lat.to_radians().cos() * to_lat.to_radians().cos() * sine(to_lon - lon);
        2.0 * 6_371_008.8 * h.min(1.0).sqrt().asin()
    }
}

/// The people of one boundary whom nobody serves at the end.
#[derive(Default)]
struct Left {
    persons: u64,
    coverable: u64,
    cells: BTreeSet<u32>,
    reached: u64,
    person_ms: u128,
    /// What each usable candidate would serve.
    by_candidate: BTreeMap<u32, u64>,
}

/// Who is left, by boundary, and the candidate that would serve most of them.
fn check_uncovered(report: &mut Report, folder: &Path, raw: &Raw) -> Result<()> {
    let cells =
        Rows::read(folder, &CELLS, &["cell", "mode", "phase", "boundary", "persons", "travel_time_s", "covered"])?;
    let usable = Rows::read(folder, &SITES, &["usable"])?.flags("usable")?;
    let last = raw.weights.len() as u32;
    let (numbers, modes, phases) = (cells.whole("cell")?, cells.text("mode")?, cells.whole("phase")?);
    let (boundaries, covered) = (cells.text("boundary")?, cells.flag("covered")?);
    let (persons, times) = (cells.numbers("persons")?, cells.number("travel_time_s")?);
    let mut left: BTreeMap<Option<String>, Left> = BTreeMap::new();
    for i in (0..cells.len()).filter(|&i| phases.get(i) == Some(last) && covered.get(i) == Some(false)) {
        let cell = numbers.get(i).unwrap_or_default();
        let here = milli(persons[i]);
        let Some(row) = raw.row(cell, modes.get(i).unwrap_or_default()).filter(|_| here > 0) else { continue };
        let of = left.entry(boundaries.get(i).map(str::to_owned)).or_default();
        of.persons += here;
        of.cells.insert(cell);
        let candidates = raw.serves[row].iter().filter(|&&s| usable[s as usize]);
        candidates.clone().for_each(|&s| *of.by_candidate.entry(s).or_default() += here);
        of.coverable += if candidates.count() > 0 { here } else { 0 };
        if let Some(time) = times.get(i) {
            of.reached += here;
            of.person_ms += u128::from(here) * u128::from(milli(time));
        }
    }
    let columns = [
        "boundary",
        "persons",
        "persons_coverable",
        "cells",
        "agent_time_s",
        "best_candidate",
        "best_candidate_persons",
    ];
    let table = Rows::read(folder, &UNCOVERED, &columns)?;
    let (told, coverable) = (table.maybe_numbers("persons")?, table.maybe_numbers("persons_coverable")?);
    let (count, time) = (table.wholes("cells")?, table.maybe_numbers("agent_time_s")?);
    let (best, best_persons) = (table.maybe_texts("best_candidate")?, table.maybe_numbers("best_candidate_persons")?);
    let mut wrong = Wrong::default();
    for (i, code) in table.maybe_texts("boundary")?.into_iter().enumerate() {
        let of = left.remove(&code).unwrap_or_default();
        let name = code.as_deref().unwrap_or("outside");
        wrong.figure("persons", name, told[i], people(of.persons));
        wrong.figure("persons_coverable", name, coverable[i], people(of.coverable));
        wrong.figure("cells", name, Some(f64::from(count[i])), Some(of.cells.len() as f64));
        let mean = (of.reached > 0).then(|| of.person_ms as f64 / of.reached as f64 / 1000.0);
        wrong.figure("agent_time_s", name, time[i], mean);
        let most = of.by_candidate.values().copied().max().unwrap_or(0);
        wrong.figure("best_candidate_persons", name, best_persons[i], people(most));
        let named = best[i].as_ref().and_then(|id| raw.number.get(id)).and_then(|s| of.by_candidate.get(s));
        wrong.holds("best_candidate", name, named.copied().unwrap_or(0) == most && best[i].is_some() == (most > 0));
    }
    wrong.tell(report, "places not served");
    let untold = left.into_keys().map(|code| format!("`{}`", code.unwrap_or_else(|| "outside".into()))).collect();
    report.none("places not served that the table leaves out".into(), untold);
    Ok(())
}

/// Shares of the crosswalk, and that both directions of two layers tell the same people.
fn check_crosswalk(report: &mut Report, folder: &Path) -> Result<()> {
    let columns = ["from_layer", "from_code", "to_layer", "to_code", "persons", "share_of_from", "share_of_to"];
    let table = Rows::read(folder, &CROSSWALK, &columns)?;
    let (from, to) = (table.texts("from_layer")?, table.texts("to_layer")?);
    let (from_code, to_code) = (table.maybe_texts("from_code")?, table.maybe_texts("to_code")?);
    let persons = table.numbers("persons")?;
    let here = |i: usize| milli(persons[i]);
    type Side<'a> = (&'a str, Option<&'a str>);
    let side = |i: usize| -> (Side, Side) { ((&from[i], from_code[i].as_deref()), (&to[i], to_code[i].as_deref())) };
    let (mut of_from, mut of_to, mut both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for i in 0..table.len() {
        let (a, b) = side(i);
        *of_from.entry((a, b.0)).or_insert(0_u64) += here(i);
        *of_to.entry((b, a.0)).or_insert(0_u64) += here(i);
        both.insert((a, b), here(i));
    }
    let (share_from, share_to) = (table.maybe_numbers("share_of_from")?, table.maybe_numbers("share_of_to")?);
    let mut wrong = Wrong::default();
    for i in 0..table.len() {
        let (a, b) = side(i);
        let name = format!("{} {} and {} {}", a.0, a.1.unwrap_or("outside"), b.0, b.1.unwrap_or("outside"));
        let share = |whole: u64| Some(here(i) as f64 / whole.max(1) as f64);
        wrong.figure("share_of_from", &name, share_from[i], share(of_from[&(a, b.0)]));
        wrong.figure("share_of_to", &name, share_to[i], share(of_to[&(b, a.0)]));
        wrong.holds("persons", &name, both.get(&(b, a)) == Some(&here(i)));
    }
    wrong.tell(report, "rows of the crosswalk");
    Ok(())
}
