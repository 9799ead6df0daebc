//! A rollout on a straight road, every figure worked out by hand.
//!
//! 20 km of road; motorcycles (three quarters of the people) ride 10 m/s, bicycles 5 m/s; a site serves whom it reaches
//! in 300 s: 3000 m by motorcycle, 1500 m by bicycle. Wards end at 4, 10 and 20 km.
//!
//! ```text
//! people   4000    8000          2000         1200        400                 40
//! at m     1000    3000          6000         9000        14000            19500
//! sites        2000         5000       8000     9500   13000               19500
//!              office s0    s1         s2       s5     s3                  s4, unknown
//! ```

mod asks;
mod words;

use super::capacity::Detour;
use super::explain::why::{Role, Swap, Without, site_reasons};
use super::{PhasePlan, Rollout, today};
use crate::ingest::services::{Catalogue, Service};
use crate::study::Study;
use crate::study::testkit::{Stop, candidate, office, on_a_road};
use crate::units::{Distance, Persons};

const PEOPLE: [(f64, u64); 6] =
    [(1000.0, 4000), (3000.0, 8000), (6000.0, 2000), (9000.0, 1200), (14_000.0, 400), (19_500.0, 40)];
const WARDS: [f64; 4] = [0.0, 4000.0, 10_000.0, 20_000.0];
/// Two agents until July, three until the end of the year.
const PHASES: &str = "[standard]\nminutes = 5\nradius_km = 0.1\n\
    [[phases]]\nname = { vi = \"a\", en = \"one\" }\nstarts = 2025-01-01\nopens = \"most-people\"\nagents = 2\n\
    [[phases]]\nname = { vi = \"b\", en = \"two\" }\nstarts = 2025-07-01\nends = 2025-12-31\nopens = \"most-people\"\n\
    agents = 3\n";

fn stops() -> Vec<Stop> {
    let unknown = Stop { usable: false, ..candidate(19_500.0) };
    vec![office(2000.0), candidate(5000.0), candidate(8000.0), candidate(13_000.0), unknown, candidate(9500.0)]
}

fn road(settings: &str) -> Study {
    on_a_road(20, settings, &PEOPLE, &stops(), &WARDS)
}

fn whole(persons: u64) -> Persons {
    Persons(persons * 1000)
}

/// Metres of road at the equator as the crow flies, to the millimetre.
fn is_about(distance: Option<Distance>, metres: f64) -> bool {
    distance.is_some_and(|d| (d.metres() - metres).abs() < 0.01)
}

#[test]
fn the_phases_open_what_serves_most_person_days() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    // s0 serves 4000 + 8000. Beside it s1 adds 2000 (the third cell), s2 1500 of them (by motorcycle) and 1200, s3 400,
    // s5 1200. Then s1 adds the 500 cyclists of the third cell, s3 400. So s2 first and s1 second, 14,700 and 15,200:
    // 14,700 · 181 days + 15,200 · 184 days.
    let [first, second] = &rollout.phases[..] else { panic!() };
    assert_eq!((&first.open[..], &first.opened[..]), (&[0, 2][..], &[2][..]));
    assert_eq!((&second.open[..], &second.opened[..]), (&[0, 1, 2][..], &[1][..]));
    let covered = |phase: &PhasePlan| phase.indicators.all.covered;
    assert_eq!((covered(first), covered(second)), (whole(14_700), whole(15_200)));
    let days = 14_700.0 * 181.0 + 15_200.0 * 184.0;
    for (phase, alone) in [(first, 14_700.0), (second, 15_200.0)] {
        let proof = &phase.proof;
        assert_eq!((proof.objective, proof.bound, proof.gap, &*proof.status), (days, days, 0.0, "optimal"));
        assert_eq!((&*proof.unit, proof.alone_bound), ("person-days", Some(alone)));
    }
    assert_eq!(rollout.problems.stated.len(), 1);
    assert_eq!(rollout.problems.stated[0].objective, (days * 1000.0) as u64);
}

#[test]
fn each_row_has_its_nearest_agent() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    let rows = &rollout.phases[1].rows;
    // Cell by cell: the nearest agent, metres to it, and whether motorcycles and bicycles keep the 300 s.
    let expected = [
        (0, 1000.0, true, true),
        (0, 1000.0, true, true),
        (1, 1000.0, true, true),
        (2, 1000.0, true, true),
        (2, 6000.0, false, false),
        (2, 11_500.0, false, false),
    ];
    assert_eq!(rows.len(), 12);
    for (cell, &(agent, metres, motorcycle, bicycle)) in expected.iter().enumerate() {
        for (mode, (speed, covered)) in [(10.0, motorcycle), (5.0, bicycle)].into_iter().enumerate() {
            let row = &rows[cell * 2 + mode];
            assert_eq!(row.agent, Some(agent), "cell {cell}");
            assert_eq!(row.travel_time_ms, Some((metres / speed * 1000.0) as u32), "cell {cell}");
            assert_eq!(row.covered, covered, "cell {cell}");
            assert!(is_about(row.distance, metres), "cell {cell}");
        }
    }
    // In the first phase the third cell's agent is s2, 2000 m away: 200 s and 400 s.
    let rows = &rollout.phases[0].rows;
    assert_eq!((rows[4].agent, rows[4].travel_time_ms, rows[4].covered), (Some(2), Some(200_000), true));
    assert_eq!((rows[5].agent, rows[5].travel_time_ms, rows[5].covered), (Some(2), Some(400_000), false));
}

#[test]
fn indicators_of_the_road_and_of_its_wards() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    let found = &rollout.phases[1].indicators;
    let all = &found.all;
    // Motorcycles of the first four cells 100 s (11,400), their bicycles 200 s (3,800); then 300 at 600 s, 100 at 1200,
    // 30 at 1150, 10 at 2300. Sum 1,140,000 + 760,000 + 180,000 + 120,000 + 34,500 + 23,000 = 2,257,500 s.
    assert_eq!((all.persons, all.covered, all.reached), (whole(15_640), whole(15_200), whole(15_640)));
    assert_eq!(all.mean_time_s, Some(2_257_500.0 / 15_640.0));
    // Half are within 100 s. Nine tenths, 14,076, are within 200 s; 99 of 100, 15,483.6, within 600 (15,500).
    assert_eq!((all.median_time_s, all.p90_time_s, all.worst_time_s), (Some(100.0), Some(200.0), Some(2300.0)));
    assert_eq!(all.equity.p99_time_s, Some(600.0));
    // The slowest tenth, 1564 people: 440 who are not served (357,500 s) and 1124 at 200 s.
    assert_eq!(all.equity.worst_tenth_time_s, Some((357_500.0 + 1124.0 * 200.0) / 1564.0));
    assert_eq!((all.agents, all.unreached()), (3, Persons(0)));
    assert_eq!(&found.scope, all);
    let wards: Vec<(u64, u64, u32)> =
        found.by_boundary[0].iter().map(|w| (w.persons.0 / 1000, w.covered.0 / 1000, w.agents)).collect();
    assert_eq!(wards, [(12_000, 12_000, 1), (3200, 3200, 2), (440, 0, 0)]);
    // The third ward: 357,500 s over 440 people.
    assert_eq!(found.by_boundary[0][2].mean_time_s, Some(812.5));
}

#[test]
fn agents_and_what_each_adds() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    // Site, phase, order; people added, in all by then, whom no other agent serves at the end, whose nearest it is.
    // s0 and s1 both serve the 6000 motorcyclists of the second cell, s1 and s2 the 1500 of the third.
    let expected = [
        (0, 0, 0, 12_000, 12_000, 6000, 12_000),
        (2, 0, 1, 2700, 14_700, 1200, 1640),
        (1, 1, 2, 500, 15_200, 500, 2000),
    ];
    assert_eq!(rollout.agents.len(), 3);
    for (agent, (site, phase, order, adds, by_then, only, nearest)) in rollout.agents.iter().zip(expected) {
        assert_eq!((agent.site, agent.phase, agent.order, agent.closes), (site, phase, order, None));
        assert_eq!((agent.persons_marginal, agent.persons_cumulative), (whole(adds), whole(by_then)));
        assert_eq!((agent.persons_only, agent.persons_nearest), (whole(only), whole(nearest)));
    }
}

#[test]
fn places_without_an_agent() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    let [place] = &rollout.uncovered[..] else { panic!("{:?}", rollout.uncovered) };
    // The third ward: 400 people at 14,000 m, whom s3 could serve, and 40 at 19,500 m, where s4 may not be used.
    assert_eq!((place.boundary, place.cells), (Some(2), 2));
    assert_eq!((place.persons, place.persons_coverable), (whole(440), whole(400)));
    // Their middle: (400 · 14,000 + 40 · 19,500) / 440 = 14,500 m; s2 is 6500 m away, the candidate s3 1500 m.
    assert!((place.at.lon - study.cells[4].at.lon * 14.5 / 14.0).abs() < 1e-9 && place.at.lat == 0.0);
    assert_eq!(place.nearest_agent_site, Some(2));
    assert!(is_about(place.nearest_agent, 6500.0) && is_about(place.nearest_candidate, 1500.0));
    assert_eq!(place.nearest_candidate_site, Some(3));
    assert_eq!(place.agent_time_s, Some(812.5));
    // To s3, 1000 m and 6500 m: (300 · 100 + 100 · 200 + 30 · 650 + 10 · 1300) / 440 s.
    assert_eq!(place.candidate_time_s, Some(187.5));
    assert_eq!(place.best_candidate, Some((3, whole(400))));
    assert_eq!((place.new_point, place.new_point_persons), (study.cells[4].at, whole(400)));
}

#[test]
fn why_each_site_stands_or_does_not() {
    let study = road(PHASES);
    let rollout = Rollout::solve(&study).unwrap();
    let reasons = site_reasons(&study, &rollout.phases).unwrap();
    let roles: Vec<Role> = reasons.iter().map(|r| r.role).collect();
    use Role::{AddsNobody, Fixed, NotChosen, Opens, Unknown};
    assert_eq!(roles, [Fixed, Opens, Opens, NotChosen, Unknown, AddsNobody]);
    let in_reach: Vec<u64> = reasons.iter().map(|r| r.in_reach.0 / 1000).collect();
    // s1: 6000 motorcyclists of the second cell and the third cell.
    assert_eq!(in_reach, [12_000, 8000, 2700, 400, 40, 1200]);
    let added: Vec<Option<u64>> = reasons.iter().map(|r| r.added.map(|p| p.0 / 1000)).collect();
    assert_eq!(added, [None, None, None, Some(400), None, Some(0)]);
    // Without s0: all 12,000 in the first phase, 6000 at the end. Next nearest is s1, 3000 m farther for the first cell
    // and 1000 m for the second: 3000 · 300 + 1000 · 600 + 6000 · 100 + 2000 · 200 = 2,500,000 person-seconds.
    let person_s = |seconds: u128| seconds * 1_000_000;
    let without = |first, end, seconds| {
        let (unserved_first, unserved) = (whole(first), whole(end));
        Some(Without { unserved_first, unserved, extra_travel: person_s(seconds), cut_off: Persons(0) })
    };
    assert_eq!(reasons[0].without, without(12_000, 6000, 2_500_000));
    // Without s1 the third cell rides 1000 m farther: 1500 · 100 + 500 · 200.
    assert_eq!(reasons[1].without, without(500, 500, 250_000));
    // Without s2 all its people ride 3000 m farther: 1230 motorcyclists 300 s, 410 cyclists 600 s.
    assert_eq!(reasons[2].without, without(2700, 1200, 615_000));
    assert_eq!(reasons[3].without, None);
    let swap = |site, change: i64, days: i128| Some(Swap { site, change: change * 1000, weighted_days: days * 1000 });
    let exchanges: Vec<Option<Swap>> = reasons.iter().map(|r| r.exchange).collect();
    // s3 for s1 loses 500 and adds 400 for 184 days. s5 for s2 loses 1500 for 181 days, and nothing once s1 stands.
    // s5 for s1 loses 500 for 184 days, which is less than for s2.
    let expected = [
        None,
        swap(3, -100, -100 * 184),
        swap(5, 0, -1500 * 181),
        swap(1, -100, -100 * 184),
        None,
        swap(1, -500, -500 * 184),
    ];
    assert_eq!(exchanges, expected);
}

#[test]
fn today_is_the_office_alone() {
    let study = road(PHASES);
    let found = today::today(&study).unwrap();
    assert_eq!((found.all.covered, found.all.agents, found.all.reached), (whole(12_000), 1, whole(15_640)));
    // Metres to s0: 1000, 1000, 4000, 7000, 12,000, 17,500. A motorcycle takes a tenth of that in seconds, a bicycle a
    // fifth, so the people of a cell take 1/8 of it in the mean.
    let metres = 4000 * 1000 + 8000 * 1000 + 2000 * 4000 + 1200 * 7000 + 400 * 12_000 + 40 * 17_500;
    assert_eq!(found.all.mean_time_s, Some(f64::from(metres) / 8.0 / 15_640.0));
    let wards: Vec<(u64, u32)> = found.by_feature.iter().map(|w| (w.covered.0 / 1000, w.agents)).collect();
    assert_eq!(wards, [(12_000, 1), (0, 0), (0, 0)]);
}

/// One dossier a person and year, 250 working days; in the first phase 40 in 1000 a day come with help.
fn with_counters(capacity: &str) -> Study {
    let mut study = road(&format!("[demand]\nworking_days = 250\n[capacity]\n{capacity}\n{PHASES}"));
    let name = study.scenario.title.clone();
    let service = Service { code: "a".into(), name, minutes: 10.0, yearly_per_1000: 1000.0 };
    study.dossiers.catalogue = Catalogue { assumption: true, source: "a test".into(), services: vec![service] };
    study.dossiers.online_share = vec![0.5, 0.75];
    study.dossiers.daily_per_person = vec![0.04, 0.05];
    study
}

fn is_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn loads_detours_and_relief_by_hand() {
    // 15 minutes a dossier, 480 a day, half of the time taken at most: 16 dossiers a day and counter. Waits at half
    // load are at most 15 minutes. So 80 at an agent of 5 counters, 480 at the office of 30.
    let study = with_counters(
        "open_minutes_per_day = 480\nminutes_per_dossier = 15\nmax_counters = 5\nwait_target_minutes = 60\n\
         max_utilisation = 0.5\ndetour_minutes = 2\nshare_at_agents = 0.5\noffice_max_counters = 30",
    );
    let capacity = Rollout::solve(&study).unwrap().capacity.unwrap();
    assert_eq!(capacity.offices, [0]);
    let found = &capacity.phases[1];
    // Second phase: 0.05 a day with help, 1/250 · 0.25 = 0.001 on paper. Half of the people served come to agents:
    // 6000 to s0, 1000 to s1, 600 to s2. The other 8040 of 15,640 come to the office, and all paper: 15.64 + 402.
    // s0 has room for (480 − 417.64) / 0.05 of its 6000. s1 carries 1600 and s2 too. Of the second cell the 3000
    // motorcyclists may go to s1, 100 s farther; of the third the 750 from s1 to s2, 100 s farther, which makes room:
    // s1 keeps 250 and takes 1350.
    let detour = |row, from, to, persons| Detour { row, from, to, persons: whole(persons), extra_ms: 100_000 };
    assert_eq!(found.detours, [detour(2, 0, 1, 1350), detour(4, 1, 2, 750)]);
    assert_eq!(found.persons_sent(), whole(2100));
    let people: Vec<[Persons; 3]> =
        found.loads.iter().map(|l| [l.persons_nearest, l.persons_sent, l.persons_taken]).collect();
    let expected = [[6000, 1350, 0], [1000, 750, 1350], [600, 0, 750]].map(|of| of.map(whole));
    assert_eq!(people, expected);
    // s0: 15.64 + (8040 + 4650) · 0.05.
    let expected = [
        (0, true, 417.64, 650.14, 480.0, 170.14, 30, 0.5),
        (1, false, 0.0, 80.0, 80.0, 0.0, 5, 0.5),
        (2, false, 0.0, 67.5, 80.0, 0.0, 5, 67.5 / 160.0),
    ];
    for (load, (site, office, by_office, all, most, beyond, counters, taken)) in found.loads.iter().zip(expected) {
        assert_eq!((load.site, load.office, load.counters), (site, office, counters));
        is_near(load.office_per_day, by_office);
        is_near(load.dossiers_per_day, all);
        is_near(load.most_per_day, most);
        is_near(load.overflow_per_day, beyond);
        is_near(load.utilisation, taken);
        assert!(load.wait_min > 0.0 && load.wait_min < 15.0, "{}", load.wait_min);
        assert_eq!(found.of_site(site), Some(load));
    }
    assert_eq!(found.of_site(3), None);
    // All dossiers are somewhere: 15,640 · 0.051. Without detours s0 has 15.64 + (8040 + 6000) · 0.05 − 480 too many.
    is_near(found.dossiers_per_day(), 797.64);
    is_near(found.overflow_per_day(), 170.14);
    is_near(found.overflow_nearest_per_day, 237.64);
    assert_eq!((found.counters(), found.unserved_per_day), (40, 0.0));
    // The office alone had all of them, more than 30 counters · 16.
    let [relief] = &found.relief[..] else { panic!() };
    assert_eq!((relief.site, relief.persons), (0, whole(15_640)));
    is_near(relief.before_per_day, 797.64);
    is_near(relief.after_per_day, 650.14);
    assert_eq!((relief.counters_before, relief.counters_after), (30, 30));
    is_near(relief.share().unwrap(), 147.5 / 797.64);
    is_near(found.relief_share().unwrap(), 147.5 / 797.64);
    // More at the same counters wait longer: 797.64 are 24.9 erlangs, 650.14 are 20.3.
    assert!(relief.wait_before_min > relief.wait_after_min && relief.wait_after_min > Some(0.0));

    // First phase: 0.04 with help, 0.002 on paper. s0 6000, s2 1350 (750 motorcyclists of the third cell and 600); the
    // office 15,640 · 0.002 + (15,640 − 7350) · 0.04 = 362.88, with room for (480 − 362.88) / 0.04 = 2928 of 6000. s2 has
    // room for 2000 but serves nobody of s0.
    let found = &capacity.phases[0];
    assert_eq!(found.detours, []);
    is_near(found.loads[0].dossiers_per_day, 362.88 + 240.0);
    is_near(found.loads[0].overflow_per_day, 122.88);
    is_near(found.overflow_nearest_per_day, 122.88);
    is_near(found.loads[1].dossiers_per_day, 54.0);
    assert_eq!(found.loads[1].counters, 4);
}

#[test]
fn without_offices_who_comes_to_no_agent_is_counted() {
    let study = with_counters("minutes_per_dossier = \"catalogue\"\nshare_at_agents = 0.5\nfixed_are_offices = false");
    let capacity = Rollout::solve(&study).unwrap().capacity.unwrap();
    assert_eq!((capacity.offices.len(), capacity.counters.service_min), (0, 10.0));
    let found = &capacity.phases[1];
    // 8040 of 15,640 come to no agent: 0.05 a day each. Nobody carries paper.
    is_near(found.unserved_per_day, 402.0);
    let all: Vec<f64> = found.loads.iter().map(|l| l.dossiers_per_day).collect();
    all.iter().zip([300.0, 50.0, 30.0]).for_each(|(&found, expected)| is_near(found, expected));
    assert_eq!((found.relief.len(), found.relief_share()), (0, None));
    assert!(found.loads.iter().all(|l| !l.office && l.office_per_day == 0.0));
}
