//! The assignment of people to agents against every assignment there is, on hundreds of small random cases, and its
//! own proof on larger ones. A failure names the seed of its case.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use gandan::rollout::capacity::assign::{Assignment, Choice, Problem, assign, is_best};

const CASES: u64 = 600;

/// Deterministic random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

struct Case {
    amounts: Vec<u64>,
    offsets: Vec<usize>,
    choices: Vec<Choice>,
    room: Vec<u64>,
}

impl Case {
    fn new(dice: &mut Dice, rows: u64, agents: u64, amount: u64, extra: u64, room: u64) -> Case {
        let mut case = Case { amounts: Vec::new(), offsets: vec![0], choices: Vec::new(), room: Vec::new() };
        for _ in 0..rows {
            case.amounts.push(dice.below(amount));
            let home = dice.below(agents) as u32;
            case.choices.push(Choice { agent: home, extra_ms: 0 });
            for agent in (0..agents as u32).filter(|&a| a != home) {
                if dice.below(2) == 0 {
                    case.choices.push(Choice { agent, extra_ms: dice.below(extra) as u32 });
                }
            }
            case.offsets.push(case.choices.len());
        }
        case.room = (0..agents).map(|_| dice.below(room)).collect();
        case
    }

    fn problem(&self) -> Problem<'_> {
        Problem { amounts: &self.amounts, offsets: &self.offsets, choices: &self.choices, room: &self.room }
    }
}

/// Every way to split an amount over so many choices.
fn splits(amount: u64, choices: usize) -> Vec<Vec<u64>> {
    if choices == 1 {
        return vec![vec![amount]];
    }
    let with_first =
        |first: u64| splits(amount - first, choices - 1).into_iter().map(move |rest| [vec![first], rest].concat());
    (0..=amount).flat_map(with_first).collect()
}

/// Overflow and extra travel, added up from nothing but the flow.
fn worth(case: &Case, flow: &[u64]) -> (u64, u64, Vec<u64>) {
    let mut load = vec![0; case.room.len()];
    let mut extra = 0;
    for (choice, amount) in case.choices.iter().zip(flow) {
        load[choice.agent as usize] += amount;
        extra += amount * u64::from(choice.extra_ms);
    }
    (load.iter().zip(&case.room).map(|(l, r)| l.saturating_sub(*r)).sum(), extra, load)
}

#[test]
fn agrees_with_every_assignment_there_is() {
    let (mut overflowing, mut moved, mut tried) = (0, 0, 0_u64);
    for seed in 0..CASES {
        let mut dice = Dice(seed);
        let (rows, agents) = (1 + dice.below(4), 1 + dice.below(4));
        let case = Case::new(&mut dice, rows, agents, 4, 6, 5);
        let mut all: Vec<Vec<u64>> = vec![Vec::new()];
        for (row, span) in case.offsets.windows(2).enumerate() {
            let ways = splits(case.amounts[row], span[1] - span[0]);
            all = all.iter().flat_map(|so_far| ways.iter().map(|w| [so_far.clone(), w.clone()].concat())).collect();
        }
        let best = all.iter().map(|flow| worth(&case, flow)).map(|(o, e, _)| (o, e)).min().unwrap();
        let problem = case.problem();
        let found = assign(&problem);
        let (overflow, extra, load) = worth(&case, &found.flow);
        assert_eq!((overflow, extra), best, "seed {seed}");
        assert_eq!((found.total_overflow(&problem), found.extra_travel(&problem)), (overflow, u128::from(extra)));
        assert_eq!(found.load, load, "seed {seed}");
        // The proof holds for the best assignments and for no others.
        for flow in all.iter().step_by(1 + all.len() / 200) {
            let (o, e, load) = worth(&case, flow);
            let claimed = Assignment { flow: flow.clone(), load, steps: 0 };
            assert_eq!(is_best(&problem, &claimed), (o, e) == best, "seed {seed}, {flow:?}");
        }
        assert!(is_best(&problem, &found), "seed {seed}");
        tried += all.len() as u64;
        overflowing += u32::from(overflow > 0);
        moved += u32::from(found.steps > 0);
    }
    println!("{CASES} cases, {tried} assignments; overflow in {overflowing}, moves in {moved}");
    assert!(overflowing > 100 && moved > 100, "the cases try both: {overflowing}, {moved}");
}

#[test]
fn what_overflows_stays_where_it_is_nearest() {
    for seed in 0..200 {
        let mut dice = Dice(10_000 + seed);
        let case = Case::new(&mut dice, 40, 6, 50, 1000, 150);
        let problem = case.problem();
        let found = assign(&problem);
        assert!(is_best(&problem, &found), "seed {seed}");
        for (row, span) in case.offsets.windows(2).enumerate() {
            assert_eq!(found.flow[span[0]..span[1]].iter().sum::<u64>(), case.amounts[row], "seed {seed}");
            for i in span[0] + 1..span[1] {
                let overflows = found.overflow(&problem, case.choices[i].agent as usize) > 0;
                assert!(!(overflows && found.flow[i] > 0), "seed {seed}: sent to an agent that overflows");
            }
        }
    }
}

#[test]
fn a_city_of_a_hundred_thousand_rows_is_assigned_and_proved() {
    let mut dice = Dice(7);
    let (rows, agents) = (100_000, 100_u64);
    let mut case = Case { amounts: Vec::new(), offsets: vec![0], choices: Vec::new(), room: Vec::new() };
    for _ in 0..rows {
        // Agents stand on a line; a row lies somewhere along it and may go to agents up to 12 places away.
        case.amounts.push(1 + dice.below(60_000));
        // More people at one end, so that whole stretches are overloaded.
        let place = dice.below(agents * 1000).min(dice.below(agents * 1000));
        let home = (place / 1000) as u32;
        case.choices.push(Choice { agent: home, extra_ms: 0 });
        for agent in home.saturating_sub(12)..(home + 13).min(agents as u32) {
            let away = place.abs_diff(u64::from(agent) * 1000 + 500) as u32;
            let own = place.abs_diff(u64::from(home) * 1000 + 500) as u32;
            if agent != home {
                case.choices.push(Choice { agent, extra_ms: (away - own) * 60 });
            }
        }
        case.offsets.push(case.choices.len());
    }
    let all: u64 = case.amounts.iter().sum();
    case.room = vec![all / agents * 21 / 20; agents as usize];
    let problem = case.problem();
    let start = std::time::Instant::now();
    let found = assign(&problem);
    let (solved, overflow) = (start.elapsed(), found.total_overflow(&problem));
    assert!(is_best(&problem, &found));
    let nearest: u64 = {
        let mut load = vec![0; agents as usize];
        for (row, span) in case.offsets.windows(2).enumerate() {
            load[case.choices[span[0]].agent as usize] += case.amounts[row];
        }
        load.iter().zip(&case.room).map(|(l, r): (&u64, &u64)| l.saturating_sub(*r)).sum()
    };
    assert!(overflow < nearest && nearest > all / 10);
    println!(
        "{} choices, {} steps: {solved:?}, proof {:?}; overflow {overflow} instead of {nearest} of {all}",
        case.choices.len(),
        found.steps,
        start.elapsed() - solved
    );
}
