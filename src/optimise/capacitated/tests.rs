use super::*;

/// Rows that need 4, 3 and 2; sites with room for 5, 5 and 9. Costs by row: (1, 2, 4), (1, 2, 4), (3, 1, 4).
fn costs() -> CostTable {
    let table = [[1, 2, 4], [1, 2, 4], [3, 1, 4]];
    let triples: Vec<(u32, u32, u64)> =
        (0..3).flat_map(|r| (0..3).map(move |s| (r, s, table[r as usize][s as usize]))).collect();
    CostTable::from_triples(3, 3, &triples).unwrap()
}

fn problem(costs: &CostTable) -> Problem<'_> {
    Problem {
        costs,
        weights: &[4, 3, 2],
        needs: &[4, 3, 2],
        capacities: &[5, 5, 9],
        site_costs: &[2, 2, 2],
        fixed: &[false; 3],
        eligible: &[true; 3],
        p: None,
        kind: Kind::Split,
        allow_overflow: false,
    }
}

#[test]
fn split_or_whole() {
    let costs = costs();
    // Sites 0 and 1 have room for 10. Split: site 0 takes 5 of rows 0 and 1 (5), the other 2 go to site 1 (4) with row
    // 2 (2): 11 + 4 = 15. Site 2 alone: 36 + 2.
    let plan = solve(&problem(&costs), &Limits::default()).unwrap();
    assert_eq!((plan.chosen.as_slice(), plan.objective, plan.bound), (&[0, 1][..], 15, 15));
    assert_eq!(plan.status, Status::Optimal);
    // Whole: row 0 at site 0 (4), rows 1 and 2 at site 1 (6 + 2): 12 + 4 = 16.
    let plan = solve(&Problem { kind: Kind::Whole, ..problem(&costs) }, &Limits::default()).unwrap();
    assert_eq!((plan.flows, plan.objective, plan.bound), (vec![(0, 0, 4), (1, 1, 3), (2, 1, 2)], 16, 16));
    // One site only: site 2 has room for all: 9 · 4 + 2 = 38.
    let plan = solve(&Problem { p: Some(1), ..problem(&costs) }, &Limits::default()).unwrap();
    assert_eq!((plan.chosen.as_slice(), plan.objective), (&[2][..], 38));
}

#[test]
fn short_capacity_is_told_or_left_over() {
    let costs = costs();
    // Only sites 0 and 1, room for 3 each: 6 of 9, so 33.3333 % is left.
    let asked = Problem { capacities: &[3, 3, 9], eligible: &[true, true, false], ..problem(&costs) };
    let Err(Error::Targets(fault)) = solve(&asked, &Limits::default()) else { panic!("3 have no room") };
    assert!(fault.message.contains("33.3333 %") && fault.help.unwrap().contains("66.6667 %"));
    // Overflow: row 2 at site 1 (2), 3 of rows 0 and 1 at site 0 (3), one more at site 1 (2): 7 + 4 = 11.
    let plan = solve(&Problem { allow_overflow: true, ..asked }, &Limits::default()).unwrap();
    assert_eq!((plan.unserved_total, plan.unserved_bound, plan.objective, plan.bound), (3, 3, 11, 11));
    assert_eq!(plan.status, Status::Optimal);
    // With the room as it was, one of the two sites leaves 4; both are needed.
    let asked = Problem { p: Some(1), eligible: &[true, true, false], ..problem(&costs) };
    let Err(Error::Targets(fault)) = solve(&asked, &Limits::default()) else { panic!("one has no room") };
    assert!(fault.message.contains("44.4444 %") && fault.help.unwrap().contains("at least 2 sites"));
}

#[test]
fn needs_that_are_no_weights() {
    // One row that weighs 10 and needs 3; site 0 has room for 2 at cost 1, site 1 for 9 at cost 2.
    // 2/3 · 10 · 1 + 1/3 · 10 · 2 = 13.33, rounded up to 14.
    let costs = CostTable::from_triples(1, 2, &[(0, 0, 1), (0, 1, 2)]).unwrap();
    let problem = Problem {
        costs: &costs,
        weights: &[10],
        needs: &[3],
        capacities: &[2, 9],
        site_costs: &[0, 0],
        fixed: &[false; 2],
        eligible: &[true; 2],
        p: None,
        kind: Kind::Split,
        allow_overflow: false,
    };
    let plan = solve(&problem, &Limits::default()).unwrap();
    assert_eq!((plan.objective, plan.bound, plan.status), (14, 14, Status::Optimal));
    assert_eq!(plan.flows, [(0, 0, 2), (0, 1, 1)]);
    assert!(solve(&Problem { needs: &[0], ..problem }, &Limits::default()).is_err());
}
