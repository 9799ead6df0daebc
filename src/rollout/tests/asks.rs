//! What phases may ask on the same road, what goes wrong with a plan, and the curve beside it.

use super::{PEOPLE, PHASES, WARDS, road, stops, whole};
use crate::error::{Error, Fault};
use crate::rollout::explain::why::{Role, site_reasons};
use crate::rollout::sensitivity::{Case, Sensitivity, sensitivity};
use crate::rollout::{Rollout, frontier};
use crate::scenario::Strategy;
use crate::stages::Stages;
use crate::study::testkit::on_a_road;
use crate::units::Persons;

/// A single phase of a year from 1 January 2025.
pub(super) fn one_phase(asks: &str) -> String {
    format!(
        "[standard]\nminutes = 5\nradius_km = 0.1\n\
         [[phases]]\nname = {{ vi = \"a\", en = \"one\" }}\nstarts = 2025-01-01\n{asks}\n"
    )
}

pub(super) fn refused(asks: &str) -> Fault {
    match Rollout::solve(&road(&one_phase(asks))).map(|_| ()) {
        Err(Error::Targets(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn promises_that_cannot_be_kept_say_what_it_takes() {
    // 97 % of 15,640 are 15,170.8. s0 and s2 serve 14,700 of them, with s1 15,200: three agents do it.
    let fault = refused("opens = \"most-people\"\nagents = 2\nmin_coverage = 0.97");
    assert_eq!(fault.code, "phases::promised");
    assert_eq!(
        fault.message,
        "97.00 % of the people in scope must be served, but 2 agents serve at most 93.99 %: 14,700 of 15,640"
    );
    assert_eq!(fault.help.unwrap(), "it needs at least 3 agents");
    // 99 % are 15,483.6: s3 is needed too. All of 15,640 are out of reach: nobody may serve the last 40.
    let fault = refused("opens = \"most-people\"\nagents = 2\nmin_coverage = 0.99");
    assert_eq!(fault.help.unwrap(), "it needs at least 4 agents");
    let fault = refused("opens = \"most-people\"\nagents = 2\nmin_coverage = 1");
    assert!(fault.help.unwrap().starts_with("all candidates that may open serve 99.74 % together, so no number"));
    // What can be kept is: 95 % are 14,858, and three agents serve 15,200.
    let kept = Rollout::solve(&road(&one_phase("opens = \"most-people\"\nagents = 3\nmin_coverage = 0.95"))).unwrap();
    assert_eq!(kept.phases[0].indicators.all.covered, whole(15_200));
}

#[test]
fn serving_all_takes_four() {
    // s1 for the cyclists of the third cell, s2 or s5 for the fourth, s3 for the fifth. s5 is the nearer to the fourth.
    let found = Rollout::solve(&road(&one_phase("opens = \"fewest-for-all\""))).unwrap();
    assert_eq!(found.phases[0].open, [0, 1, 3, 5]);
    let proof = &found.phases[0].proof;
    assert_eq!((proof.objective, proof.bound, &*proof.unit, proof.alone_bound), (4.0, 4.0, "sites", Some(4.0)));
    assert_eq!(found.phases[0].indicators.all.covered, whole(15_600));
    let fault = refused("opens = \"fewest-for-all\"\nagents = 3");
    assert_eq!(fault.code, "phases::too-few");
    // Three serve 15,200 of 15,640.
    assert_eq!(
        fault.message,
        "serving everyone whom a candidate can serve needs at least 4 agents; 3 are allowed, which serve at most \
         97.19 % of the people in scope"
    );
    assert_eq!(fault.help.unwrap(), "allow 4 agents, or opens = \"most-people\" with 3");
}

#[test]
fn what_stands_and_must_open_needs_room() {
    let fault = refused("opens = \"most-people\"\nagents = 2\nopen = [\"s1\", \"s3\"]");
    assert_eq!(fault.code, "phases::agents");
    assert_eq!(fault.message, "2 agents are allowed, fewer than the 1 that stand already and the 2 that must open");
    assert!(fault.help.unwrap().ends_with("allow at least 3"));
    // Just enough: s0, s1 and s3 stand, whatever else would serve more.
    let asks = "opens = \"most-people\"\nagents = 3\nopen = [\"s1\", \"s3\"]";
    assert_eq!(Rollout::solve(&road(&one_phase(asks))).unwrap().phases[0].open, [0, 1, 3]);
}

#[test]
fn a_budget_is_spent_to_the_last_unit() {
    // s0 costs 5, s1 3, s2 4, s3 1, s5 2.5.
    let mut stops = stops();
    for (stop, cost) in stops.iter_mut().zip([5000, 3000, 4000, 1000, 9000, 2500]) {
        stop.cost_milli = Some(cost);
    }
    let solve = |budget: &str| {
        let asks = one_phase(&format!("opens = \"most-people\"\nbudget = {budget}"));
        Rollout::solve(&on_a_road(20, &asks, &PEOPLE, &stops, &WARDS)).map(|r| r.phases[0].open.clone())
    };
    // With 5 beside s0: s2 and s3 serve 2700 + 400 more; s1 and s3 2400. With a thousandth less s2 alone beats
    // s1 and s3: 2700.
    assert_eq!(solve("10").unwrap(), [0, 2, 3]);
    assert_eq!(solve("9.999").unwrap(), [0, 2]);
    // All but s4: 16.
    assert_eq!(solve("16").unwrap(), [0, 1, 2, 3, 5]);
    let Err(Error::Targets(fault)) = solve("4.5") else { panic!() };
    assert_eq!(fault.code, "phases::budget");
    assert_eq!(fault.message, "the budget of 4.500 does not pay for the 1 that stand already: they cost 5");
}

#[test]
fn a_scope_decides_where_and_for_whom() {
    // The second ward: s1 serves 2000 there, s2 1500 + 1200, s5 1200.
    let scope = "opens = \"most-people\"\nagents = 2\nscope = { name = { vi = \"a\", en = \"a\" }, layer = \"wards\", \
                 codes = [\"2\"] }";
    let found = Rollout::solve(&road(&one_phase(scope))).unwrap();
    let phase = &found.phases[0];
    assert_eq!((&phase.open[..], phase.proof.objective), (&[0, 2][..], 2700.0 * 365.0));
    let (scope, all) = (&phase.indicators.scope, &phase.indicators.all);
    assert_eq!((scope.persons, scope.covered, scope.agents), (whole(3200), whole(2700), 1));
    assert_eq!((all.covered, all.agents), (whole(14_700), 2));
    let in_scope: Vec<bool> = (0..12).map(|row| (4..8).contains(&row)).collect();
    assert_eq!(phase.in_scope, in_scope);
    // In the third ward only s3 may open, and no second agent.
    let scope = "opens = \"most-people\"\nagents = 3\nscope = { name = { vi = \"a\", en = \"a\" }, layer = \"wards\", \
                 codes = [\"3\"] }";
    assert_eq!(Rollout::solve(&road(&one_phase(scope))).unwrap().phases[0].open, [0, 3]);
}

#[test]
fn what_closes_stands_no_more() {
    // s0 closes in July, and two may stand. s1 serves 6000 + 2000 then, s2 or s5 the 1200: 9200. Until then s2 is best.
    let asks = PHASES.replace("agents = 3", "agents = 2\nclose = [\"s0\"]");
    let study = road(&asks);
    let found = Rollout::solve(&study).unwrap();
    assert_eq!((&found.phases[0].open[..], &found.phases[1].open[..]), (&[0, 2][..], &[1, 2][..]));
    assert_eq!(found.phases[0].proof.objective, 14_700.0 * 181.0 + 9200.0 * 184.0);
    let closes: Vec<(u32, Option<usize>)> = found.agents.iter().map(|a| (a.site, a.closes)).collect();
    assert_eq!(closes, [(0, Some(1)), (2, None), (1, None)]);
    let reasons = site_reasons(&study, &found.phases).unwrap();
    assert_eq!((reasons[0].role, reasons[0].without), (Role::Fixed, None));
}

#[test]
fn members_of_a_group_are_counted_and_weigh_more() {
    // A tenth of the people everywhere, who all ride bicycles.
    let group = "[[groups]]\nid = \"old\"\nname = { vi = \"a\", en = \"a\" }\nshare = 0.1\nmodes = { bicycle = 1.0 }\n";
    let study = road(&format!("{group}{PHASES}"));
    let found = Rollout::solve(&study).unwrap();
    let members = &found.phases[1].groups[0];
    // In the first phase s2 is 2000 m from the third cell, too far for its 200; in the second s1 serves them.
    assert_eq!((members.all.persons, members.all.covered), (whole(1564), whole(1520)));
    assert_eq!(found.phases[0].groups[0].all.covered, whole(1320));
    let wards: Vec<u64> = members.by_boundary.iter().map(|w| w.covered.0 / 1000).collect();
    assert_eq!(wards, [1200, 320, 0]);
    // Of the others 75 in 100 ride motorcycles: 0.9 · 0.75 of all.
    assert_eq!(study.row_persons[0..2], [whole(2700), whole(1300)]);
    // Each member counts eleven times: the third cell's 650 cyclists weigh 650 + 10 · 200 and its motorcyclists 1350, the
    // fourth cell 1200 + 10 · 120. s1 adds 4000, s2 1350 + 2400, so now s1 comes first.
    let study = road(&format!("{group}weight = 11\n{PHASES}"));
    assert!(study.is_weighted());
    let found = Rollout::solve(&study).unwrap();
    assert_eq!((&found.phases[0].open[..], &*found.phases[0].proof.unit), (&[0, 1][..], "weighted person-days"));
}

#[test]
fn strategies_beside_each_other() {
    let study = road(&format!("[solve]\ncompare_strategies = true\n{PHASES}"));
    let found = Rollout::solve(&study).unwrap();
    type Told = (usize, Persons, f64);
    let plans: Vec<(Strategy, Vec<Told>)> = found
        .strategies
        .iter()
        .map(|plan| {
            let phases = plan.phases.as_ref().unwrap().iter();
            (plan.strategy, phases.map(|p| (p.agents, p.covered, p.person_days)).collect())
        })
        .collect();
    assert_eq!(plans.len(), 3);
    // One after another comes to the same here; backwards the last phase is as good, and the first no better.
    let best = vec![(2, whole(14_700), 14_700.0 * 181.0), (3, whole(15_200), 15_200.0 * 184.0)];
    for (strategy, phases) in &plans {
        match strategy {
            Strategy::Joint | Strategy::Greedy => assert_eq!(phases, &best),
            Strategy::Backward => {
                assert_eq!(phases[1], best[1]);
                assert!(phases[0].0 == 2 && phases[0].1 <= best[0].1);
            }
        }
    }
    let days = found.strategies.iter().find(|p| p.strategy == Strategy::Joint).unwrap().person_days();
    assert_eq!(days, Some(14_700.0 * 181.0 + 15_200.0 * 184.0));
}

#[test]
fn the_curve_beside_the_plan() {
    let study = road(PHASES);
    let plan = Rollout::solve(&study).unwrap();
    let found = frontier::frontier(&study, Some(&plan)).unwrap();
    assert_eq!((found.persons, found.coverable), (whole(15_640), whole(15_600)));
    let points: Vec<(u32, Persons, Persons, Persons)> =
        found.points.iter().map(|p| (p.agents, p.persons, p.bound, p.marginal)).collect();
    let expected = [(1, 12_000, 12_000), (2, 14_700, 2700), (3, 15_200, 500), (4, 15_600, 400)];
    let expected = expected.map(|(agents, persons, more)| (agents, whole(persons), whole(persons), whole(more)));
    assert_eq!(points, expected);
    // s0: 9000 motorcycles of 100 s, 3000 bicycles of 200. With s2: 1500 of 200 s, 900 of 100, 300 of 200 more.
    assert_eq!(found.points[0].mean_time_s, Some(125.0));
    assert_eq!(found.points[1].mean_time_s, Some(1_950_000.0 / 14_700.0));
    let marks: Vec<(usize, u32, Persons)> = found.marks.iter().map(|m| (m.phase, m.agents, m.persons)).collect();
    assert_eq!(marks, [(0, 2, whole(14_700)), (1, 3, whole(15_200))]);
    assert_eq!(found.told(), "4 numbers of agents, 4 proven, largest gap 0.000000");
}

pub(super) const CASES: &str = "[sensitivity]\nreplan = 3\n\
    [[sensitivity.cases]]\nid = \"slow\"\nname = { vi = \"chậm\", en = \"slow\" }\nspeed_factor = 0.5\n\
    [[sensitivity.cases]]\nid = \"gone\"\nname = { vi = \"mất\", en = \"gone\" }\nlost_sites = [\"s1\"]\n";

/// Case, phase, agents left, people served, people lost, whom the best new plan serves, the ward that loses most.
type Told = (String, usize, u32, u64, i64, Option<u64>, Option<(u32, u64)>);

fn told(study: &crate::study::Study, found: &Sensitivity) -> Vec<Told> {
    let thousand = |p: Persons| p.0 / 1000;
    let tell = |o: &crate::rollout::sensitivity::Outcome| {
        let worst = o.worst_feature.map(|(feature, persons)| (feature, thousand(persons)));
        let best = o.best.map(|best| thousand(best.persons));
        (found.id(study, &o.case), o.phase, o.agents, thousand(o.persons), o.lost / 1000, best, worst)
    };
    found.outcomes.iter().map(tell).collect()
}

#[test]
fn what_goes_wrong_with_the_plan() {
    let study = road(&format!("{CASES}{PHASES}"));
    let plan = Rollout::solve(&study).unwrap();
    let found = sensitivity(&study, &plan, &mut Stages::new(&|_| {})).unwrap();
    let id = |text: &str| text.to_owned();
    // Half as fast, motorcycles reach 1500 m and bicycles 750. Of the plan's people only motorcyclists keep their agent:
    // 3000 + 6000, and 900 of the fourth cell in the first phase, with 1500 of the third in the second. s1 would
    // serve 1500 of the third cell at once: 10,500. s5, 500 m from the fourth, serves all its 1200: with s1 11,700.
    // The first ward loses the 3000 cyclists of its cells.
    // Without s1 the second phase is as the first, 14,700; s3 in its place makes 15,100.
    // Without s0 the 4000 of the first cell and the 2000 cyclists of the second are lost; three others serve 8000 + 1200 +
    // 400. Without s2 the fourth cell is, and s5 makes good for it. Without s1 the cyclists of the third are.
    let expected = [
        (id("normal"), 0, 2, 14_700, 0, Some(14_700), None),
        (id("normal"), 1, 3, 15_200, 0, Some(15_200), None),
        (id("slow"), 0, 2, 9900, 4800, Some(10_500), Some((0, 3000))),
        (id("slow"), 1, 3, 11_400, 3800, Some(11_700), Some((0, 3000))),
        (id("gone"), 0, 2, 14_700, 0, Some(14_700), None),
        (id("gone"), 1, 2, 14_700, 500, Some(15_100), Some((1, 500))),
        (id("lost:s0"), 1, 2, 9200, 6000, Some(9600), Some((0, 6000))),
        (id("lost:s2"), 1, 2, 14_000, 1200, Some(15_200), Some((1, 1200))),
        (id("lost:s1"), 1, 2, 14_700, 500, Some(15_100), Some((1, 500))),
    ];
    assert_eq!(told(&study, &found), expected);
    let means: Vec<f64> = found.outcomes.iter().map(|o| o.mean_time_s.unwrap() * 15_640.0).collect();
    // Sums of seconds over all 15,640, as in the tests of indicators; without an agent its people ride to the next.
    let sums = [
        2_507_500.0,
        2_257_500.0,
        5_015_000.0,
        4_515_000.0,
        2_507_500.0,
        2_507_500.0,
        4_757_500.0,
        2_872_500.0,
        2_507_500.0,
    ];
    for (found, expected) in means.iter().zip(sums) {
        assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
    }
    assert!(found.outcomes.iter().all(|o| o.people == whole(15_640)));
    let best: Vec<f64> = found.outcomes.iter().map(|o| o.best.unwrap().gap).collect();
    assert_eq!(best, [0.0; 9]);
    assert_eq!(found.cases.iter().map(|c| (c.0.as_str(), c.2)).collect::<Vec<_>>(), [("slow", 0), ("gone", 0)]);
    assert_eq!(found.name(&study, &Case::Lost(2)).en, "Without Site 2");
    assert_eq!(
        (found.name(&study, &Case::Given(0)).en, found.name(&study, &Case::Normal).en),
        (id("slow"), id("Normal"))
    );
}
