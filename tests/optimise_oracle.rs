//! Every problem of `optimise` against brute force, on hundreds of small random cases.
//!
//! The brute force below tries every set of sites and shares nothing with the code under test. A failure names the
//! seed of its case.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use gandan::error::Error;
use gandan::optimise::cover::{CostTable, CoverTable};
use gandan::optimise::phases::Phase;
use gandan::optimise::{Limits, Status, max_cover, p_median, phases, reduce, set_cover};

const CASES: u64 = 500;

#[path = "optimise_oracle/capacitated.rs"]
mod capacitated;
#[path = "optimise_oracle/covering.rs"]
mod covering;

/// Deterministic random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to but not including `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn flags(&mut self, n: usize, one_in: u64) -> Vec<bool> {
        (0..n).map(|_| self.below(one_in) == 0).collect()
    }
}

struct Case {
    n_rows: usize,
    n_sites: usize,
    triples: Vec<(u32, u32, u64)>,
    weights: Vec<u64>,
    costs: Vec<u64>,
    fixed: Vec<bool>,
    eligible: Vec<bool>,
}

impl Case {
    fn new(dice: &mut Dice) -> Self {
        let n_sites = 1 + dice.below(8) as usize;
        let n_rows = 1 + dice.below(14) as usize;
        let density = 1 + dice.below(5);
        let mut triples = Vec::new();
        for r in 0..n_rows {
            for s in 0..n_sites {
                if dice.below(6) < density {
                    triples.push((r as u32, s as u32, dice.below(12)));
                }
            }
        }
        // Small weights make ties, large ones try the scaling.
        let largest = [3, 1000, 3_000_000_000][dice.below(3) as usize];
        let dear = [1, 4, 5_000_000][dice.below(3) as usize];
        Case {
            n_rows,
            n_sites,
            triples,
            weights: (0..n_rows).map(|_| dice.below(largest + 1)).collect(),
            costs: (0..n_sites).map(|_| 1 + dice.below(dear)).collect(),
            fixed: dice.flags(n_sites, 7),
            eligible: dice.flags(n_sites, 6).iter().map(|no| !no).collect(),
        }
    }

    fn cover(&self) -> CoverTable {
        let pairs: Vec<_> = self.triples.iter().map(|&(r, s, _)| (r, s)).collect();
        CoverTable::from_pairs(self.n_rows, self.n_sites, &pairs).unwrap()
    }

    fn usable(&self, s: usize) -> bool {
        self.fixed[s] || self.eligible[s]
    }

    /// Every set of usable sites with all fixed ones, as bits.
    fn sets(&self) -> impl Iterator<Item = u32> + '_ {
        (0..1_u32 << self.n_sites)
            .filter(|set| (0..self.n_sites).all(|s| if set >> s & 1 == 1 { self.usable(s) } else { !self.fixed[s] }))
    }

    /// The sites that serve each row, as bits.
    fn masks(&self) -> Vec<u32> {
        let mut masks = vec![0; self.n_rows];
        self.triples.iter().for_each(|&(r, s, _)| masks[r as usize] |= 1 << s);
        masks
    }

    fn cost(&self, set: u32) -> u64 {
        (0..self.n_sites).filter(|&s| set >> s & 1 == 1).map(|s| self.costs[s]).sum()
    }

    fn all_usable(&self) -> u32 {
        (0..self.n_sites).filter(|&s| self.usable(s)).fold(0, |set, s| set | 1 << s)
    }
}

fn weight(masks: &[u32], weights: &[u64], set: u32) -> u64 {
    masks.iter().zip(weights).filter(|&(mask, _)| mask & set != 0).map(|(_, w)| w).sum()
}

#[test]
fn set_cover_equals_brute_force() {
    for seed in 0..CASES {
        let case = Case::new(&mut Dice(seed));
        let (cover, masks, all) = (case.cover(), case.masks(), case.all_usable());
        let covers_all = |set: u32| masks.iter().all(|mask| mask & all == 0 || mask & set != 0);
        let best = case.sets().filter(|&set| covers_all(set)).map(|set| case.cost(set)).min().unwrap();
        let problem =
            set_cover::Problem { cover: &cover, costs: &case.costs, fixed: &case.fixed, eligible: &case.eligible };
        let answer = set_cover::solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.objective, answer.bound, answer.status), (best, best, Status::Optimal), "seed {seed}");
        assert_eq!(answer.uncoverable_rows, masks.iter().filter(|&mask| mask & all == 0).count(), "seed {seed}");
    }
}

#[test]
fn max_cover_equals_brute_force() {
    for seed in 0..CASES {
        let mut dice = Dice(seed + 1_000_000);
        let case = Case::new(&mut dice);
        let (cover, masks) = (case.cover(), case.masks());
        let p = (dice.below(3) > 0).then(|| dice.below(case.n_sites as u64 + 1) as usize);
        let total: u64 = case.costs.iter().sum();
        let budget = (p.is_none() || dice.below(3) == 0).then(|| dice.below(total + 1));
        let fits = |set: u32| {
            p.is_none_or(|p| set.count_ones() as usize <= p) && budget.is_none_or(|budget| case.cost(set) <= budget)
        };
        let best = case.sets().filter(|&set| fits(set)).map(|set| weight(&masks, &case.weights, set)).max();
        let problem = max_cover::Problem {
            cover: &cover,
            weights: &case.weights,
            costs: &case.costs,
            fixed: &case.fixed,
            eligible: &case.eligible,
            p,
            budget,
        };
        match (max_cover::solve(&problem, &Limits::default()), best) {
            (Ok(answer), Some(best)) => {
                let found = (answer.objective, answer.bound, answer.status);
                assert_eq!(found, (best, best, Status::Optimal), "seed {seed}");
            }
            (Err(Error::Targets(_)), None) => {}
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
}

#[test]
fn p_median_equals_brute_force() {
    for seed in 0..CASES {
        let mut dice = Dice(seed + 2_000_000);
        let case = Case::new(&mut dice);
        let p = dice.below(case.n_sites as u64 + 1) as usize;
        let costs = CostTable::from_triples(case.n_rows, case.n_sites, &case.triples).unwrap();
        let (masks, all) = (case.masks(), case.all_usable());
        let total = |set: u32| -> Option<u64> {
            let mut sum = 0;
            for (r, mask) in masks.iter().enumerate() {
                if mask & all == 0 {
                    continue;
                }
                let served = case.triples.iter().filter(|&&(row, s, _)| row as usize == r && set >> s & 1 == 1);
                sum += case.weights[r] * served.map(|&(_, _, cost)| cost).min()?;
            }
            Some(sum)
        };
        let best = case.sets().filter(|set| set.count_ones() as usize <= p).filter_map(total).min();
        let problem = p_median::Problem {
            costs: &costs,
            weights: &case.weights,
            fixed: &case.fixed,
            eligible: &case.eligible,
            p,
        };
        match (p_median::solve(&problem, &Limits::default()), best) {
            (Ok(answer), Some(best)) => {
                let found = (answer.objective, answer.bound, answer.status);
                assert_eq!(found, (best, best, Status::Optimal), "seed {seed}");
            }
            (Err(Error::Targets(_)), None) => {}
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
}

/// Every nested choice: extends `open` phase by phase and returns the best sum.
fn best_rollout(case: &Case, masks: &[u32], phases: &[Phase], t: usize, open: u32) -> Option<u64> {
    let Some(phase) = phases.get(t) else { return Some(0) };
    let may = (0..case.n_sites).filter(|&s| phase.allowed[s]).fold(0_u32, |set, s| set | 1 << s);
    (0..1_u32 << case.n_sites)
        .filter(|&set| set & open == open && (set & !open) & !may == 0)
        .filter(|&set| set.count_ones() as usize <= phase.open_total)
        .filter(|&set| phase.budget.is_none_or(|budget| case.cost(set) <= budget))
        .filter_map(|set| {
            let here = phase.multiplier * weight(masks, &phase.weights, set);
            Some(here + best_rollout(case, masks, phases, t + 1, set)?)
        })
        .max()
}

#[test]
fn phases_equal_brute_force() {
    let mut with_three = 0;
    for seed in 0..CASES {
        let mut dice = Dice(seed + 3_000_000);
        let mut case = Case::new(&mut dice);
        case.n_sites = case.n_sites.min(5);
        case.triples.retain(|&(_, s, _)| (s as usize) < case.n_sites);
        case.costs.truncate(case.n_sites);
        case.fixed.truncate(case.n_sites);
        let n_phases = 1 + dice.below(4) as usize;
        with_three += u64::from(n_phases > 2);
        let (mut open_total, mut budget) = (0, 0);
        let with_budget = dice.below(3) == 0;
        let fixed = (0..case.n_sites).filter(|&s| case.fixed[s]).fold(0_u32, |set, s| set | 1 << s);
        let phases: Vec<Phase> = (0..n_phases)
            .map(|t| {
                open_total += dice.below(3) as usize;
                budget += dice.below(case.costs.iter().sum::<u64>());
                if t == 0 && dice.below(4) > 0 {
                    open_total = open_total.max(fixed.count_ones() as usize);
                    budget = budget.max(case.cost(fixed));
                }
                let shut = dice.below(4) == 0;
                Phase {
                    weights: case.weights.iter().map(|&w| if dice.below(4) == 0 { 0 } else { w }).collect(),
                    multiplier: dice.below(4),
                    allowed: (0..case.n_sites).map(|_| !shut && dice.below(5) > 0).collect(),
                    open_total,
                    budget: with_budget.then_some(budget),
                }
            })
            .collect();
        let (cover, masks) = (case.cover(), case.masks());
        let best = best_rollout(&case, &masks, &phases, 0, fixed);
        let problem = phases::Problem { cover: &cover, costs: &case.costs, fixed: &case.fixed, phases: &phases };
        match (phases::solve(&problem, &Limits::default()), best) {
            (Ok(plan), Some(best)) => {
                assert_eq!((plan.objective, plan.bound, plan.status), (best, best, Status::Optimal), "seed {seed}");
                for (t, &covered) in plan.covered.iter().enumerate() {
                    let alone = phases::solve_alone(&problem, t, &Limits::default()).unwrap();
                    assert!(covered <= alone.bound, "seed {seed}: phase {t} beats its bound");
                }
            }
            (Err(Error::Targets(_)), None) => {}
            (result, best) => panic!("seed {seed}: {result:?} where brute force says {best:?}"),
        }
    }
    assert!(with_three > CASES / 4, "only {with_three} cases with three phases or more");
}

/// Whatever is open, merged rows cover the same weight as the rows they came from.
#[test]
fn merged_equals_unmerged() {
    for seed in 0..CASES {
        let mut dice = Dice(seed + 4_000_000);
        let case = Case::new(&mut dice);
        let (cover, masks) = (case.cover(), case.masks());
        let usable: Vec<bool> = (0..case.n_sites).map(|s| case.usable(s)).collect();
        let other: Vec<u64> = (0..case.n_rows).map(|_| dice.below(100)).collect();
        let merged = reduce::merge(&cover, &[&case.weights, &other], &usable);
        for set in case.sets() {
            let open: Vec<bool> = (0..case.n_sites).map(|s| set >> s & 1 == 1).collect();
            for (sums, weights) in merged.weights.iter().zip([&case.weights, &other]) {
                let found = merged.cover.covered_weight(sums, &open);
                assert_eq!(found, weight(&masks, weights, set), "seed {seed} set {set:b}");
            }
        }
        for (r, &class) in merged.class_of.iter().enumerate() {
            let row: Vec<u32> = cover.row(r).iter().copied().filter(|&s| usable[s as usize]).collect();
            let expected: &[u32] = if class == reduce::NO_CLASS { &[] } else { merged.cover.row(class as usize) };
            assert_eq!(row, expected, "seed {seed} row {r}");
        }
    }
}

/// A solve stopped at once still gives a feasible plan, verified, with a true bound and no claim.
#[test]
fn stopped_at_once_claims_nothing() {
    let mut unproven = 0;
    for seed in 0..24 {
        let mut dice = Dice(seed + 5_000_000);
        let (n_rows, n_sites) = (120, 30);
        let pairs: Vec<(u32, u32)> =
            (0..n_rows).flat_map(|r| (0..n_sites).map(move |s| (r, s))).filter(|_| dice.below(8) == 0).collect();
        let cover = CoverTable::from_pairs(n_rows as usize, n_sites as usize, &pairs).unwrap();
        let weights: Vec<u64> = (0..n_rows).map(|_| 1 + dice.below(1000)).collect();
        let problem = max_cover::Problem {
            cover: &cover,
            weights: &weights,
            costs: &[1; 30],
            fixed: &[false; 30],
            eligible: &[true; 30],
            p: Some(8),
            budget: None,
        };
        let best = max_cover::solve(&problem, &Limits::default()).unwrap();
        assert_eq!(best.status, Status::Optimal, "seed {seed}");
        let hasty = max_cover::solve(&problem, &Limits { time_limit_s: Some(1e-9), ..Limits::default() }).unwrap();
        assert!(hasty.objective <= best.objective && hasty.bound >= best.objective, "seed {seed}");
        assert_eq!(hasty.status == Status::Optimal, hasty.objective == hasty.bound, "seed {seed}");
        unproven += u32::from(hasty.status == Status::TimeLimit);
        let loose = max_cover::solve(&problem, &Limits { gap: 0.2, ..Limits::default() }).unwrap();
        assert!(loose.gap <= 0.2 && loose.bound >= best.objective, "seed {seed}");
    }
    assert!(unproven > 12, "{unproven}");
}

/// The same input gives the same answer, every time.
#[test]
fn runs_repeat() {
    for seed in 0..20 {
        let case = Case::new(&mut Dice(seed + 6_000_000));
        let cover = case.cover();
        let solve = || {
            let problem = max_cover::Problem {
                cover: &cover,
                weights: &case.weights,
                costs: &case.costs,
                fixed: &vec![false; case.n_sites],
                eligible: &case.eligible,
                p: Some(2),
                budget: None,
            };
            max_cover::solve(&problem, &Limits::default()).unwrap().chosen
        };
        assert_eq!(solve(), solve(), "seed {seed}");
    }
}

/// The command itself, on the six rows of powers of two: site a serves 1 + 2 + 4 + 8, b 4 + 16, c 8 + 32, d 32.
mod command {
    use std::path::Path;
    use std::process::{Command, Output};

    use serde_json::{Value, json};

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("rows.csv", "row,weight\n1,1\n2,2\n3,4\n4,8\n5,16\n6,32\n7,64\n");
        write("pairs.csv", "row,site,cost\n1,a,1\n2,a,1\n3,a,2\n4,a,3\n3,b,1\n5,b,1\n4,c,1.5\n6,c,1\n6,d,1\n");
        write("sites.csv", "site,cost,fixed\na,1,0\nb,1,0\nc,1,0\nd,1,1\n");
        folder
    }

    fn run(folder: &Path, args: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gandan"));
        command.current_dir(folder).args(["optimise", "--rows", "rows.csv", "--pairs", "pairs.csv"]);
        command.args(["--sites", "sites.csv"]).args(args.split_whitespace()).output().unwrap()
    }

    #[test]
    fn prints_one_json_object_and_writes_a_folder() {
        let folder = folder();
        let output = run(folder.path(), "--objective max-cover --p 2 --out run");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        // d stands (32); b adds 20, a 15, c 8.
        assert_eq!(answer["chosen"], json!(["b", "d"]));
        assert_eq!((&answer["objective"], &answer["bound"], &answer["gap"]), (&json!(52.0), &json!(52.0), &json!(0.0)));
        assert_eq!((&answer["status"], &answer["uncoverable_rows"]), (&json!("optimal"), &json!(1)));
        let written = std::fs::read(folder.path().join("run/answer.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), answer);
        let mut files: Vec<_> =
            std::fs::read_dir(folder.path().join("run")).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["answer.json", "assignment.parquet", "chosen.parquet", "multipliers.parquet", "proof.json"]);

        let again = run(folder.path(), "--objective set-cover --out run");
        assert_eq!((again.status.code(), again.stdout.len()), (Some(1), 0));
        assert_eq!(std::fs::read(folder.path().join("run/answer.json")).unwrap(), written);
        let forced = run(folder.path(), "--objective set-cover --out run --force");
        let answer: Value = serde_json::from_slice(&forced.stdout).unwrap();
        // Rows 1 and 5 need a and b; d stands and serves row 6.
        assert_eq!((&answer["objective"], &answer["chosen"]), (&json!(3.0), &json!(["a", "b", "d"])));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "three tables, one folder, nothing left over");
    }

    #[test]
    fn p_median_in_the_units_of_the_tables() {
        let folder = folder();
        // a, b and d: 1 + 2 + 4 + 8 · 3 + 16 + 32 = 79. With c: 8 · 1.5 in place of 24 = 67.
        let output = run(folder.path(), "--objective p-median --p 4");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&answer["objective"], &answer["status"]), (&json!(67.0), &json!("optimal")));
        let output = run(folder.path(), "--objective p-median --p 2");
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stderr).contains("at least 3 sites"), "{output:?}");
    }

    fn answer(folder: &Path, args: &str) -> Value {
        let output = run(folder, args);
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[test]
    fn every_other_problem_in_the_units_of_the_tables() {
        let folder = folder();
        // All rows but the last weigh 63 of 127. a and d stand for 15 + 32 = 47, which is 37 %; b alone adds 20.
        let partial = answer(folder.path(), "--objective partial-cover --serve 0.4 --then nearest");
        assert_eq!((&partial["objective"], &partial["chosen"]), (&json!(2.0), &json!(["b", "d"])));
        assert_eq!(partial["second"]["status"], json!("optimal"));
        let amount = answer(folder.path(), "--objective partial-cover --serve-amount 47");
        assert_eq!((&amount["objective"], &amount["status"]), (&json!(2.0), &json!("optimal")));
        // a, b and d cover all that can be; c covers rows 4 and 6 a second time, b row 3: 4 + 8 + 32 = 44.
        let backup = answer(folder.path(), "--objective backup-cover --p 4");
        assert_eq!((&backup["objective"], &backup["covered_twice_weight"]), (&json!(44.0), &json!(44.0)));
        // Half and half, two sites: b and d 52 once: 26; c and d: 40 once, 32 twice: 36; a and d: 47 / 2 = 23.5.
        let mixed = answer(folder.path(), "--objective backup-cover --p 2 --backup-share 0.5");
        assert_eq!((&mixed["objective"], &mixed["chosen"]), (&json!(36.0), &json!(["c", "d"])));
        // Row 4 is 3 from a; with c 1.5, and then row 3 is 1 from b.
        assert_eq!(answer(folder.path(), "--objective p-center --p 3")["objective"], json!(3.0));
        assert_eq!(answer(folder.path(), "--objective p-center --p 4")["objective"], json!(1.5));
        // The fewest that cover all are a, b and d; with one more allowed c brings row 4 nearer, 67 in place of 79.
        let then = answer(folder.path(), "--objective max-cover --p 4 --then nearest");
        assert_eq!((&then["objective"], &then["chosen"]), (&json!(63.0), &json!(["a", "b", "c", "d"])));
        // 1 + 2 + 4 + 12 + 16 + 32 = 67 over 63 people.
        assert!((then["second"]["mean_cost"].as_f64().unwrap() - 67.0 / 63.0).abs() < 1e-12, "{}", then["second"]);
        assert_eq!(then["second"]["objective"], then["second"]["bound"]);
    }

    #[test]
    fn capacity_short_or_not() {
        let folder = folder();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        // a has room for the rows of 1, 2 and half of 8; b for all of 4 and 16, c for 32 and 8.
        write("sites.csv", "site,cost,capacity\na,10,7\nb,10,20\nc,10,40\nd,10,1\n");
        // a: 1 + 2 (3), c: 8 · 1.5 + 32 (44), b: 4 + 16 (20), and 30 for the three sites: 97. Row 7 is out of reach.
        let plan = answer(folder.path(), "--objective capacitated --out run");
        assert_eq!(
            (&plan["objective"], &plan["bound"], &plan["status"]),
            (&json!(97.0), &json!(97.0), &json!("optimal"))
        );
        assert_eq!((&plan["chosen"], &plan["uncoverable_rows"]), (&json!(["a", "b", "c"]), &json!(1)));
        assert_eq!(plan["loads"][0], json!({"site": "a", "load": 3.0, "capacity": 7.0}));
        assert!(folder.path().join("run/assignment.parquet").exists());
        // Room for 15 of the 16 + 4 at b: 4 go to a (cost 2 each), and 1 of the 16 stays.
        write("sites.csv", "site,cost,capacity\na,10,7\nb,10,15\nc,10,40\nd,10,1\n");
        let short = run(folder.path(), "--objective capacitated");
        assert_eq!(short.status.code(), Some(3));
        // 1 of 63 is 1.5873 %.
        assert!(String::from_utf8_lossy(&short.stderr).contains("1.5873 %"), "{short:?}");
        let plan = answer(folder.path(), "--objective capacitated --allow-overflow");
        assert_eq!((&plan["unserved"], &plan["unserved_bound"]), (&json!(1.0), &json!(1.0)));
        assert_eq!(plan["unserved_rows"], json!([{"row": "5", "unserved": 1.0}]));
        // 3 + 8 at a, 15 at b, 44 at c, 30: 100.
        assert_eq!((&plan["objective"], &plan["status"]), (&json!(100.0), &json!("optimal")));
        // Whole rows: row 5 finds no room at all.
        let whole = answer(folder.path(), "--objective capacitated --allow-overflow --single-source");
        assert_eq!((&whole["unserved"], &whole["status"]), (&json!(16.0), &json!("optimal")));
    }

    #[test]
    fn exit_codes() {
        let folder = folder();
        for (args, code, said) in [
            ("--objective p-center", 2, "--p"),
            ("--objective p-center --p 1 --budget 3", 2, "--budget goes with max-cover"),
            ("--objective p-center --p 1", 3, "at least 3 sites"),
            ("--objective partial-cover", 2, "--serve"),
            ("--objective partial-cover --serve 1.5", 1, "0.95 is 95 %"),
            ("--objective partial-cover --serve 0.9", 3, "together cover 49.6063 %"),
            ("--objective backup-cover --p 2", 3, "at least 3 sites"),
            ("--objective set-cover --serve 0.5", 2, "partial-cover"),
            ("--objective p-median --p 3 --then nearest", 2, "set-cover"),
            ("--objective capacitated", 1, "capacity"),
            ("--objective p-median", 2, "--p"),
            ("--objective max-cover", 2, "--budget"),
            ("--objective set-cover --p 3", 2, "--p"),
            ("--objective max-cover --p 0", 3, "at least 1"),
            ("--objective max-cover --p 2 --gap 2", 1, "gap"),
            ("--objective max-cover --budget=-1", 1, "a budget of -1"),
        ] {
            let output = run(folder.path(), args);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{args}: {stderr}");
            assert!(stderr.contains(said), "{args}: {stderr}");
        }
        std::fs::write(folder.path().join("pairs.csv"), "row,site\n1,a\n9,a\n").unwrap();
        let output = run(folder.path(), "--objective set-cover");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && stderr.contains("line 3"), "{stderr}");
    }
}
