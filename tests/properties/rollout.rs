//! Whole plans of a small area with random standards, numbers of agents and orders of sites.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use gandan::network::cache::Cache;
use gandan::rollout::Rollout;
use gandan::scenario::Scenario;
use gandan::stages::Stages;
use gandan::study::Study;
use gandan::units::Persons;
use proptest::prelude::*;

use crate::make::cases;
use crate::small::{self, HEAD};

fn home() -> &'static Path {
    static HOME: OnceLock<tempfile::TempDir> = OnceLock::new();
    HOME.get_or_init(small::home).path()
}

/// The study of a scenario, and its plan.
fn solved(text: &str) -> (Study, Rollout) {
    let scenario = Scenario::parse(text, &home().join("scenario.toml")).unwrap();
    let cache = Cache::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    let study = Study::load(scenario, Some(&cache), &mut Stages::new(&|_| {})).unwrap();
    let plan = Rollout::solve(&study).unwrap();
    (study, plan)
}

/// The sites of the area in another order, as another file.
fn reordered(keys: &[u32]) -> &'static str {
    let mut reader = csv::Reader::from_path(home().join("sites.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let mut rows: Vec<(u32, csv::StringRecord)> = reader
        .records()
        .enumerate()
        .map(|(i, row)| (keys[i % keys.len()].wrapping_mul(2 * i as u32 + 1), row.unwrap()))
        .collect();
    rows.sort_by_key(|(key, _)| *key);
    let mut csv = csv::Writer::from_path(home().join("reordered.csv")).unwrap();
    csv.write_record(&header).unwrap();
    rows.iter().for_each(|(_, row)| csv.write_record(row).unwrap());
    csv.flush().unwrap();
    "reordered.csv"
}

/// The ids of the sites that stand at the end of a phase.
fn standing(study: &Study, plan: &Rollout, t: usize) -> BTreeSet<String> {
    plan.phases[t].open.iter().map(|&s| study.sites[s as usize].site.id.clone()).collect()
}

fn people(study: &Study, keep: impl Fn(usize) -> bool) -> Persons {
    (0..study.row_persons.len()).filter(|&row| keep(row)).map(|row| study.row_persons[row]).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 8, ..cases(6) })]

    #[test]
    fn plans_are_nested_and_their_sums_agree(
        minutes in 2_u32..8,
        radius_m in 300_u32..1500,
        more in prop::collection::vec(0_usize..3, 2..4),
        counters in any::<bool>(),
        for_all in any::<bool>(),
        keys in prop::collection::vec(any::<u32>(), 17),
    ) {
        let asked = |minutes: u32, sites: &str| {
            let mut text = HEAD.replace("sites = \"sites.csv\"", &format!("sites = \"{sites}\""));
            text += &format!("[standard]\nminutes = {minutes}\nradius_km = {}\n", f64::from(radius_m) / 1000.0);
            // Where agents that are left over go is a choice among equals.
            text += "[solve]\nfill_by_travel_time = false\n";
            if counters {
                text += "[capacity]\nmax_counters = 2\ndetour_minutes = 15\n";
            }
            let mut agents = 2;
            for (t, more) in more.iter().enumerate() {
                agents += more;
                let name = format!("name = {{ vi = \"{t}\", en = \"{t}\" }}\nstarts = 2025-0{}-01", t + 1);
                let opens = if for_all && t == 2 {
                    "opens = \"fewest-for-all\"".to_owned()
                } else {
                    format!("opens = \"most-people\"\nagents = {agents}")
                };
                text += &format!("[[phases]]\n{name}\n{opens}\n");
            }
            text
        };
        let (study, plan) = solved(&asked(minutes, "sites.csv"));
        let fixed: BTreeSet<String> =
            study.sites.iter().filter(|s| s.site.fixed).map(|s| s.site.id.clone()).collect();
        let all = people(&study, |_| true);
        let mut before: (BTreeSet<String>, Persons) = (fixed, Persons(0));
        for (t, phase) in plan.phases.iter().enumerate() {
            let open = standing(&study, &plan, t);
            prop_assert!(before.0.is_subset(&open), "phase {} closes an agent", t);
            let told = &phase.indicators.all;
            prop_assert_eq!(told.agents as usize, open.len());
            let covered = people(&study, |row| phase.rows[row].covered);
            prop_assert_eq!((told.persons, told.covered), (all, covered), "phase {}", t);
            prop_assert!(covered >= before.1, "phase {} serves fewer", t);
            prop_assert!(told.covered <= told.persons && told.reached <= told.persons);
            // Features hold no more than all; every person is in at most one of a layer.
            for layer in &phase.indicators.by_boundary {
                prop_assert!(layer.iter().map(|f| f.covered).sum::<Persons>() <= covered);
                prop_assert!(layer.iter().map(|f| f.persons).sum::<Persons>() <= all);
                prop_assert!(layer.iter().map(|f| f.agents).sum::<u32>() as usize <= open.len());
            }
            let proof = &phase.proof;
            let better = if phase.proof.unit == "sites" { proof.bound <= proof.objective } else { proof.bound >= proof.objective };
            prop_assert!(better && (0.0..1.0).contains(&proof.gap), "{:?}", proof);
            if let Some(capacity) = &plan.capacity {
                let loads = &capacity.phases[t].loads;
                let nearest: Persons = loads.iter().map(|l| l.persons_nearest).sum();
                let come: Persons = loads.iter().map(|l| l.persons()).sum();
                prop_assert_eq!((nearest, come), (covered, covered), "phase {}: who comes to agents", t);
                prop_assert!(loads.iter().all(|l| l.overflow_per_day >= 0.0 && l.dossiers_per_day >= l.overflow_per_day));
            }
            before = (open, covered);
        }
        let marginal: Persons = plan.agents.iter().map(|a| a.persons_marginal).sum();
        prop_assert_eq!(marginal, before.1, "what agents add");
        prop_assert_eq!(plan.agents.last().map(|a| a.persons_cumulative), Some(before.1));
        prop_assert_eq!(plan.agents.iter().map(|a| a.persons_nearest).sum::<Persons>(), all, "nearest agents");
        prop_assert!(plan.agents.iter().map(|a| a.persons_only).sum::<Persons>() <= before.1);
        let left: Persons = plan.uncovered.iter().map(|p| p.persons).sum();
        prop_assert_eq!(Persons(all.0 - left.0), before.1, "who is left");

        // The order of the sites in their file changes nobody's service.
        let (other_study, other) = solved(&asked(minutes, reordered(&keys)));
        for (t, (here, there)) in plan.phases.iter().zip(&other.phases).enumerate() {
            prop_assert_eq!(here.proof.objective, there.proof.objective, "phase {}", t);
            prop_assert_eq!(here.proof.bound, there.proof.bound, "phase {}", t);
            if standing(&study, &plan, t) == standing(&other_study, &other, t) {
                prop_assert_eq!(&here.indicators, &there.indicators, "phase {}", t);
            }
        }
        fs::remove_file(home().join("reordered.csv")).unwrap();

        // A longer limit never lowers what can be reached.
        let (_, longer) = solved(&asked(minutes + 2, "sites.csv"));
        for (t, (here, there)) in plan.phases.iter().zip(&longer.phases).enumerate() {
            if here.proof.unit.contains("days") {
                prop_assert!(there.proof.objective >= here.proof.objective, "phase {}: two minutes more serve fewer", t);
            }
        }
    }
}
