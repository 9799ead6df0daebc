//! What is said of the plan, its promises ward by ward, and the checks that guard it.

use std::cell::RefCell;

use super::asks::{CASES, one_phase, refused};
use super::{PHASES, is_near, road, whole, with_counters};
use crate::ingest::sites::survey::title_within;
use crate::rollout::certify::certify;
use crate::rollout::explain::why::site_reasons;
use crate::rollout::explain::{reason, sentences};
use crate::rollout::sensitivity::sensitivity;
use crate::rollout::{Agent, Rollout, check_against_cover};
use crate::stages::{Event, Stages};
use crate::units::Persons;

#[test]
fn agents_in_words() {
    let plan = Rollout::solve(&road(PHASES)).unwrap();
    let said: Vec<(String, String)> = plan.agents.iter().map(reason).collect();
    assert_eq!(said[0].1, "Stands already and is kept.");
    assert_eq!(said[1].1, "Serves 2,700 people whom no earlier agent serves; 1,200 people have no other.");
    assert_eq!(
        said[1].0,
        "Phục vụ thêm 2.700 người chưa có đại lý nào trước đó phục vụ; 1.200 người chỉ có đại lý này."
    );
    let agent = Agent { persons_marginal: Persons(0), ..plan.agents[1].clone() };
    assert_eq!(reason(&agent).1, "Adds nobody new under the standard, but is the nearest agent of 1,640 people.");
    let agent = Agent { persons_only: whole(1), ..plan.agents[1].clone() };
    assert!(reason(&agent).1.ends_with("; 1 person has no other."));
}

#[test]
fn sites_in_words() {
    let study = road(PHASES);
    let plan = Rollout::solve(&study).unwrap();
    let reasons = site_reasons(&study, &plan.phases).unwrap();
    let said: Vec<(String, String)> =
        reasons.iter().enumerate().map(|(s, reason)| sentences::site(&study, s, reason)).collect();
    // The figures are those of `why_each_site_stands_or_does_not`; 2,500,000 person-seconds are 41,667 minutes.
    let unknown =
        format!("Something is unknown of it ({}), and the scenario uses no such site.", title_within("scanner").1);
    let expected = [
        "Without it 12,000 people would have no agent within the standard in the phase in which it opens, and 6,000 people \
         in the last one. Those whose nearest agent it is would travel 41,667 minutes more in all, one way.",
        "Without it 500 people would have no agent within the standard. Those whose nearest agent it is would travel 4,167 \
         minutes more in all, one way. The best substitute is Site 3 (s3): 100 people fewer are served at the end.",
        "Without it 2,700 people would have no agent within the standard in the phase in which it opens, and 1,200 people \
         in the last one. Those whose nearest agent it is would travel 10,250 minutes more in all, one way. The best \
         substitute is Site 5 (s5): as many people are served at the end, but 271,500 person-days fewer over the whole \
         plan.",
        "Opened as well, it would serve 400 people more than the final plan. The agent that it would best stand in for is \
         Site 1 (s1): 100 people fewer are served at the end.",
        &unknown,
        "All in its reach, 1,200 people, have an agent.",
    ];
    for (said, expected) in said.iter().zip(expected) {
        assert_eq!(said.1, expected);
        assert!(!said.0.is_empty());
    }
    let place = &plan.uncovered[0];
    let said = sentences::place(&study, place);
    assert_eq!(said.1, "Opening Site 3 (s3) as well would serve 400 people here.");
    assert_eq!(said.0, "Mở thêm Site 3 (s3) sẽ phục vụ 400 người ở đây.");
    let mut place = place.clone();
    place.best_candidate = None;
    // 14,000 m at the equator are 0.12590 degrees.
    assert_eq!(
        sentences::place(&study, &place).1,
        "No candidate serves anybody here; a new point at 0.12590, 0.00000 would have 400 people not yet served within \
         its radius."
    );
}

#[test]
fn cases_in_words() {
    let study = road(&format!("{CASES}{PHASES}"));
    let plan = Rollout::solve(&study).unwrap();
    let heard = RefCell::new(Vec::new());
    let listen = |event: Event| {
        if let Event::Ended(stage) = event {
            heard.borrow_mut().push(stage.found.clone());
        }
    };
    sensitivity(&study, &plan, &mut Stages::new(&listen)).unwrap();
    let expected = [
        "nothing: 15200 people served in phase 2 (97.19 %), planned anew 0 more",
        "slow: 11400 people served in phase 2 (72.89 %), planned anew 300 more; most lose in Ward 1: 3000",
        "gone: 14700 people served in phase 2 (93.99 %), planned anew 400 more; most lose in Ward 2: 500",
        "without Site 0: 9200 people served in phase 2 (58.82 %), planned anew 400 more; most lose in Ward 1: 6000",
    ];
    assert_eq!(heard.into_inner(), expected);
}

#[test]
fn proofs_go_with_the_plan() {
    let study = road(PHASES);
    let plan = Rollout::solve(&study).unwrap();
    let proofs = certify(&study, &plan).unwrap();
    let [Some(proof)] = &proofs[..] else { panic!("{proofs:?}") };
    let objective = plan.problems.stated[0].objective;
    // The relaxation of so small a problem is as good as the plan, but for the rounding of multipliers.
    assert!(proof.bound >= objective && proof.bound <= objective + 1000, "{} for {objective}", proof.bound);
    assert_eq!((plan.problems.stated[0].phases.clone(), plan.problems.unstated.len()), (0..2, 0));

    let study = road(&one_phase("opens = \"fewest-for-all\""));
    let plan = Rollout::solve(&study).unwrap();
    let proofs = certify(&study, &plan).unwrap();
    assert_eq!(proofs.iter().flatten().map(|proof| proof.bound).collect::<Vec<_>>(), [4]);
    assert_eq!(plan.problems.stated[0].phases, 0..1);

    let plan = Rollout::solve(&road(&format!("[solve]\nstrategy = \"greedy\"\n{PHASES}"))).unwrap();
    let [unstated] = &plan.problems.unstated[..] else { panic!() };
    assert_eq!((unstated.phases.clone(), unstated.kind.as_str()), (0..2, "strategy"));
    assert_eq!(unstated.kind.why(), "no multipliers: the phases are solved one after another");
}

#[test]
fn every_ward_has_its_share() {
    // Half of those whom a candidate can serve: 6000 of the first ward (s0), 1600 of the second (s1 or s2, not s5), 200
    // of the 400 of the third (s3). Three agents; s2 serves more than s1.
    let asks = |agents: u32| format!("opens = \"most-people\"\nagents = {agents}\nfloor = 0.5");
    let found = Rollout::solve(&road(&one_phase(&asks(3)))).unwrap();
    assert_eq!((&found.phases[0].open[..], found.phases[0].proof.objective), (&[0, 2, 3][..], 15_100.0 * 365.0));
    let fault = refused(&asks(2));
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (
            "phases::promised",
            "each of the 3 shares promised can be kept by itself, but all of them need at least 3 agents; 2 are allowed"
        )
    );
    let fault = refused(&asks(1));
    assert_eq!(
        fault.message,
        "50.00 % of the people of Ward 2 whom a candidate can serve must be served, but 1 agents serve at most 0.00 %: 0 \
         of 3,200"
    );
    assert_eq!(fault.help.unwrap(), "it needs at least 2 agents");
    // The worst-off ward first: all of the third by s3, then 2700 of 3200 by s2; 100 people fewer than with s1 and s2.
    let found = Rollout::solve(&road(&one_phase("opens = \"worst-first\"\nagents = 3"))).unwrap();
    let proof = &found.phases[0].proof;
    assert_eq!(
        (&found.phases[0].open[..], proof.objective, proof.alone_bound),
        (&[0, 2, 3][..], 15_100.0, Some(15_200.0))
    );
    assert!(proof.steps.last().unwrap().contains("100 people fewer than the 15200"), "{:?}", proof.steps);
    assert_eq!(found.problems.unstated[0].kind.as_str(), "worst-first");
}

#[test]
fn both_limits_are_kept_by_one_agent() {
    // 300 s and 1100 m: s0 serves its two cells, s1 the third, s2 and s5 the fourth, s3 the fifth.
    let asks =
        one_phase("opens = \"most-people\"\nagents = 3").replace("radius_km = 0.1", "radius_km = 1.1\nrule = \"both\"");
    let found = Rollout::solve(&road(&asks)).unwrap();
    assert_eq!(found.phases[0].indicators.all.covered, whole(15_200));
    let covered: Vec<bool> = found.phases[0].rows.iter().map(|row| row.covered).collect();
    assert_eq!(covered, (0..12).map(|row| row < 8).collect::<Vec<_>>());
}

#[test]
fn coverage_that_two_ways_tell_apart_is_an_internal_fault() {
    let study = road(PHASES);
    let plan = Rollout::solve(&study).unwrap();
    let mut rows = plan.phases[1].rows.clone();
    assert!(check_against_cover(&study, &plan.phases[1].open, &rows).is_ok());
    rows[11].covered = true;
    let error = check_against_cover(&study, &plan.phases[1].open, &rows).unwrap_err().to_string();
    assert!(error.contains("demand row 11 (cell 5)"), "{error}");
}

#[test]
fn waits_and_a_site_of_little_room() {
    let settings = "open_minutes_per_day = 480\nminutes_per_dossier = 15\nmax_counters = 5\nwait_target_minutes = 60\n\
                    max_utilisation = 0.5\ndetour_minutes = 2\nshare_at_agents = 0.5\noffice_max_counters = 30";
    let mut study = with_counters(settings);
    let capacity = Rollout::solve(&study).unwrap().capacity.unwrap();
    let found = &capacity.phases[1];
    // The mean over all who are carried: 480 at s0, 80 at s1, 67.5 at s2.
    let waited: f64 = found.loads.iter().zip([480.0, 80.0, 67.5]).map(|(load, carried)| carried * load.wait_min).sum();
    is_near(found.mean_wait_min().unwrap(), waited / 627.5);
    // s1 by itself carries 40 a day: 800 people. Of its 1000 the 750 motorcyclists may go to s2, so it takes 550.
    study.sites[1].site.capacity_milli = Some(40_000);
    let capacity = Rollout::solve(&study).unwrap().capacity.unwrap();
    let load = &capacity.phases[1].loads[1];
    is_near(load.most_per_day, 40.0);
    is_near(load.dossiers_per_day, 40.0);
    assert_eq!((load.persons_sent, load.persons_taken), (whole(750), whole(550)));
}
