use super::*;

/// Rows of weight 1, 2, 4, 8; site 0 serves rows 0, 1, 2 (7), site 1 rows 1, 3 (10), site 2 rows 2, 3 (12).
fn cover() -> CoverTable {
    CoverTable::from_pairs(4, 3, &[(0, 0), (1, 0), (2, 0), (1, 1), (3, 1), (2, 2), (3, 2)]).unwrap()
}

fn phase(open_total: usize, multiplier: u64) -> Phase {
    Phase { weights: vec![1, 2, 4, 8], multiplier, allowed: vec![true; 3], open_total, budget: None }
}

fn problem<'a>(cover: &'a CoverTable, phases: &'a [Phase]) -> Problem<'a> {
    Problem { cover, costs: &[1; 3], fixed: &[false; 3], phases }
}

#[test]
fn opening_early_is_weighed_against_ending_well() {
    let cover = cover();
    // One site, then two. Best alone: site 2 (12), then sites 0 and 1, or 0 and 2: 15 either way. Nested: 2, then 0.
    let phases = [phase(1, 1), phase(2, 1)];
    let plan = solve(&problem(&cover, &phases), &Limits::default()).unwrap();
    assert_eq!(plan.opened_in, [Some(1), None, Some(0)]);
    assert_eq!((plan.covered.as_slice(), plan.objective, plan.bound), (&[12, 15][..], 27, 27));
    assert_eq!(plan.status, Status::Optimal);
    assert_eq!((plan.open_at(0), plan.open_at(1)), (vec![2], vec![0, 2]));
    // Site 2 may not open at first: site 1 (10) opens, then site 0.
    let phases = [Phase { allowed: vec![true, true, false], ..phase(1, 1) }, phase(2, 1)];
    let plan = solve(&problem(&cover, &phases), &Limits::default()).unwrap();
    assert_eq!((plan.opened_in.as_slice(), plan.objective), (&[Some(1), Some(0), None][..], 25));
}

#[test]
fn phases_that_open_nothing_pass_through() {
    let cover = cover();
    let shut = |days| Phase { allowed: vec![false; 3], ..phase(0, days) };
    let idle = |total, days| Phase { allowed: vec![false; 3], ..phase(total, days) };
    let phases = [shut(10), shut(5), phase(1, 3), idle(2, 7), phase(2, 2)];
    let plan = solve(&problem(&cover, &phases), &Limits::default()).unwrap();
    assert_eq!(plan.covered, [0, 0, 12, 12, 15]);
    assert_eq!(plan.objective, 3 * 12 + 7 * 12 + 2 * 15);
    assert_eq!(plan.opened_in, [Some(4), None, Some(2)]);
}

#[test]
fn phases_of_different_scope() {
    let cover = cover();
    // Only rows 0 and 1 count at first: site 0 is worth 3 then, and at the end 7 against 12.
    let scoped = |days| Phase { weights: vec![1, 2, 0, 0], ..phase(1, days) };
    // 10 days of scope, 1 day of all: site 0 first gives 30 + 7 = 37; site 1: 20 + 10 = 30; site 2: 0 + 12.
    let phases = [scoped(10), phase(1, 1)];
    let plan = solve(&problem(&cover, &phases), &Limits::default()).unwrap();
    assert_eq!((plan.opened_in[0], plan.objective), (Some(0), 37));
    // 1 day each: site 0: 3 + 7; site 1: 2 + 10; nothing, then site 2: 0 + 12. The last two are level at 12.
    let phases = [scoped(1), phase(1, 1)];
    let plan = solve(&problem(&cover, &phases), &Limits::default()).unwrap();
    assert_eq!((plan.objective, plan.status), (12, Status::Optimal));
    // A phase alone: site 0 at first (3), site 2 at last (12): nesting costs 15 − 12 = 3.
    assert_eq!(solve_alone(&problem(&cover, &phases), 0, &Limits::default()).unwrap().bound, 3);
    assert_eq!(solve_alone(&problem(&cover, &phases), 1, &Limits::default()).unwrap().bound, 12);
}

#[test]
fn senseless_phases_are_refused() {
    let cover = cover();
    assert!(solve(&problem(&cover, &[]), &Limits::default()).is_err());
    assert!(solve(&problem(&cover, &[phase(2, 1), phase(1, 1)]), &Limits::default()).is_err());
    let spend = |budget| Phase { budget, ..phase(2, 1) };
    assert!(solve(&problem(&cover, &[spend(None), spend(Some(3))]), &Limits::default()).is_err());
    assert!(solve(&problem(&cover, &[phase(1, u64::MAX)]), &Limits::default()).is_err());
}

/// Breaks a sound plan in every way that side constraints know; each must be noticed.
#[test]
fn broken_side_constraints_are_noticed() {
    let cover = cover();
    let phases = [phase(1, 1), phase(2, 1), phase(2, 1)];
    let problem = problem(&cover, &phases);
    // Site 0 must stand by the second phase and closes in the third; rows 2 and 3 (12) must be served then.
    let floor = Floor { phase: 2, rows: vec![(2, 4), (3, 8)], least: 12 };
    let side = SideConstraints {
        open_by: vec![Some(1), None, None],
        closes_in: vec![Some(2), None, None],
        floors: vec![floor.clone()],
        counts: vec![Count { floors: vec![floor], at_least: 1 }],
    };
    let plan = solve_with(&problem, &side, &Limits::default()).unwrap();
    // Site 2 (12), then sites 0 and 2 (15); site 0 closes, site 1 opens beside site 2: rows 1, 2, 3 (14).
    assert_eq!((plan.covered.as_slice(), plan.objective), (&[12, 15, 14][..], 41));
    assert_eq!((plan.open_at(1), plan.open_at(2)), (vec![0, 2], vec![1, 2]));
    let looser = |change: &dyn Fn(&mut SideConstraints)| {
        let mut side = side.clone();
        change(&mut side);
        verify::phases_with(&problem, &side, &plan)
    };
    assert!(looser(&|_| ()).is_ok());
    assert!(looser(&|side| side.open_by[0] = Some(0)).is_err());
    assert!(looser(&|side| side.closes_in[0] = None).is_err());
    assert!(looser(&|side| side.floors[0].rows.push((0, 1))).is_ok());
    assert!(looser(&|side| side.floors[0].least = 13).is_err());
    assert!(looser(&|side| side.counts[0].floors[0].phase = 0).is_ok());
    assert!(looser(&|side| side.counts[0].floors[0].least = 13).is_err());
}

#[test]
fn what_must_stand_needs_room_and_money() {
    let cover = cover();
    let side = SideConstraints { open_by: vec![Some(0), Some(0), None], ..SideConstraints::default() };
    let solve_for = |total: usize, budget: Option<u64>| {
        let phases = [Phase { budget, ..phase(total, 1) }];
        let problem = Problem { costs: &[3, 4, 5], ..problem(&cover, &phases) };
        solve_with(&problem, &side, &Limits::default()).map(|plan| plan.opened_in)
    };
    // Sites 0 and 1 must stand: two sites, for 7.
    assert_eq!(solve_for(2, Some(7)).unwrap(), [Some(0), Some(0), None]);
    let refused = |total, budget| match solve_for(total, budget) {
        Err(Error::Targets(fault)) => (fault.code, fault.message),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(1, None), ("optimise::fixed", "2 sites must stand in phase 1, but only 1 may".to_owned()));
    assert_eq!(
        refused(2, Some(6)),
        ("optimise::fixed", "the sites that must stand in phase 1 cost 7, but the budget is 6".to_owned())
    );
}
