//! Branch and bound on the Benders relaxation: the tree is ours, so its linear programs go on from one another.
//!
//! The best open node goes first. From it a worker dives: after each branching it follows the better child and leaves
//! the other one in the tree. A fixed number of workers, each with a linear program of its own, takes one node each in
//! every round; what they found is put together in their order, so that the answer does not depend on the number of
//! threads.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::super::answer::tolerance;
use super::dual::{price, settle};
use super::master::{Cut, Failed, Groups, Master};
use super::nested::{Forced, Nested, Set};

/// Workers, whatever the number of threads.
const WORKERS: usize = 4;
/// Branchings of one dive.
const DIVE: usize = 12;
/// Children looked at before a variable's record counts as reliable.
const RELIABLE: u32 = 2;
/// Variables without a reliable record that are tried at each branching.
const TRIED: usize = 3;
/// Rows that are tried at each branching.
const ROWS: usize = 4;
/// Simplex steps of a trial.
const STEPS: i32 = 20;
/// Cuts past those that a worker began with at which it starts afresh with those that still serve.
const SPARE_CUTS: usize = 500;
/// Solutions on which a cut has not borne when it is dropped.
const IDLE: u64 = 200;

struct Node {
    bound: u64,
    number: u64,
    place: Place,
}

/// What is settled in a part of the tree.
#[derive(Clone, Default)]
struct Place {
    domain: Vec<Set>,
    /// Rows that must be covered.
    forced: Vec<Forced>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Node {}
impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.cmp(&other.bound).then(other.number.cmp(&self.number))
    }
}

/// What a variable's branchings have brought: falls of the bound for each unit of change, at 0 and at 1.
#[derive(Clone, Default)]
struct Record {
    sum: [f64; 2],
    times: [u32; 2],
}

/// What the tree has come to.
pub(crate) struct Grown {
    /// No plan covers more, or 0 where none covers more than was known.
    pub(crate) bound: u64,
    /// Nodes looked at.
    pub(crate) nodes: u64,
    /// Nodes still open.
    pub(crate) open: usize,
}

/// What one worker found in a dive.
#[derive(Default)]
struct Dive {
    left: Vec<(u64, Place)>,
    plans: Vec<Vec<usize>>,
    learnt: Vec<(u32, usize, f64)>,
    nodes: u64,
    failed: Option<(u64, Place)>,
}

/// A round's work for one worker.
struct Job {
    node: Option<Node>,
    enough: u64,
    records: Arc<Vec<Record>>,
}

/// Lets so many workers compute at a time.
struct Permits(Mutex<usize>, Condvar);

impl Permits {
    fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.1.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let result = work();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.1.notify_one();
        result
    }
}

/// Grows the tree from `root` until it is closed or `stop` says so. `improve` is given each promising plan and returns
/// the most that any plan known by then covers; nodes that cannot lead past that are cut off.
pub(crate) fn grow(
    nested: &Nested,
    groups: &Groups,
    cuts: &[Cut],
    root: (u64, Vec<Set>),
    known: u64,
    improve: &mut dyn FnMut(Vec<usize>) -> u64,
    stop: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Grown {
    let permits = Permits(Mutex::new(rayon::current_num_threads()), Condvar::new());
    std::thread::scope(|scope| {
        // The solver's models cannot move between threads, so each worker is a thread of its own.
        let workers: Vec<(Sender<Job>, Receiver<Dive>)> = (0..WORKERS)
            .map(|_| {
                let (jobs, inbox) = channel();
                let (outbox, done) = channel();
                let permits = &permits;
                scope.spawn(move || work(nested, groups, cuts, permits, &inbox, &outbox, stop));
                (jobs, done)
            })
            .collect();
        lead(nested, &workers, root, known, improve, stop)
    })
}

/// The worker's side: solves what comes until nothing comes any more.
fn work(
    nested: &Nested,
    groups: &Groups,
    cuts: &[Cut],
    permits: &Permits,
    inbox: &Receiver<Job>,
    outbox: &Sender<Dive>,
    stop: &(dyn Fn(u64, u64) -> bool + Sync),
) {
    let begin = |cuts: &[Cut]| {
        let mut master = Master::new(nested, groups)?;
        cuts.iter().try_for_each(|cut| master.add(cut.clone()))?;
        Ok::<_, Failed>(master)
    };
    let mut master = begin(cuts);
    let mut kept = cuts.len();
    while let Ok(job) = inbox.recv() {
        let done = permits.with(|| {
            let Some(node) = job.node else { return Dive::default() };
            let dive = match &mut master {
                Ok(worker) => dive(nested, worker, &node, job.enough, &job.records, stop),
                Err(Failed) => Dive { failed: Some((node.bound, node.place)), ..Dive::default() },
            };
            if dive.failed.is_some() {
                master = begin(cuts);
                kept = cuts.len();
            } else if let Ok(worker) = &master
                && worker.n_cuts() > kept + SPARE_CUTS
            {
                let serving = worker.in_use(IDLE);
                kept = serving.len();
                master = begin(&serving);
            }
            dive
        });
        if outbox.send(done).is_err() {
            return;
        }
    }
}

/// The lead's side: keeps the tree.
fn lead(
    nested: &Nested,
    workers: &[(Sender<Job>, Receiver<Dive>)],
    root: (u64, Vec<Set>),
    known: u64,
    improve: &mut dyn FnMut(Vec<usize>) -> u64,
    stop: &dyn Fn(u64, u64) -> bool,
) -> Grown {
    let mut enough = known;
    let mut heap =
        BinaryHeap::from([Node { bound: root.0, number: 0, place: Place { domain: root.1, forced: Vec::new() } }]);
    let (mut number, mut nodes, mut failures) = (0, 0, 0);
    let mut records = Arc::new(vec![Record::default(); nested.n_vars()]);
    while let Some(top) = heap.peek() {
        if top.bound <= enough + tolerance(enough) || stop(top.bound, enough) || failures > 10 {
            break;
        }
        let batch: Vec<Option<Node>> = workers.iter().map(|_| heap.pop()).collect();
        for (node, (jobs, _)) in batch.into_iter().zip(workers) {
            let job = Job { node, enough: enough + tolerance(enough), records: Arc::clone(&records) };
            if jobs.send(job).is_err() {
                return Grown { bound: root.0, nodes, open: heap.len() };
            }
        }
        let mut learnt = Vec::new();
        for (_, done) in workers {
            // A worker that is gone takes its node's bound with it: nothing better than the root's can be said.
            let Ok(dive) = done.recv() else {
                return Grown { bound: root.0, nodes, open: heap.len() };
            };
            nodes += dive.nodes;
            failures += u32::from(dive.failed.is_some());
            for plan in dive.plans {
                enough = enough.max(improve(plan));
            }
            learnt.extend(dive.learnt);
            for (bound, place) in dive.left.into_iter().chain(dive.failed) {
                number += 1;
                heap.push(Node { bound, number, place });
            }
        }
        let records = Arc::make_mut(&mut records);
        for (v, side, fall) in learnt {
            let record = &mut records[v as usize];
            record.sum[side] += fall;
            record.times[side] += 1;
        }
    }
    let bound = heap.peek().map_or(0, |top| top.bound);
    Grown { bound, nodes, open: heap.len() }
}

fn dive(
    nested: &Nested,
    master: &mut Master,
    node: &Node,
    enough: u64,
    records: &[Record],
    stop: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Dive {
    let mut found = Dive::default();
    let (mut bound, mut place) = (node.bound, node.place.clone());
    for _ in 0..DIVE {
        found.nodes += 1;
        match look(nested, master, &mut bound, &mut place, enough, records, &mut found) {
            Ok(Some(child)) => place = child,
            Ok(None) => return found,
            Err(Failed) => {
                found.failed = Some((bound, place));
                return found;
            }
        }
        if stop(u64::MAX, 0) {
            break;
        }
    }
    found.left.push((bound, place));
    found
}

/// The two parts of a node, each with its bound; `None` where there is nothing better in it.
type Children = [Option<(u64, Place)>; 2];

/// A way to split a node in two.
#[derive(Clone, Copy)]
enum Split {
    /// A variable is 0, or 1.
    Var(u32),
    /// A row is not covered, or it is.
    Row(Forced),
}

impl Split {
    fn child(self, nested: &Nested, place: &Place, side: usize) -> Place {
        let mut child = place.clone();
        match (self, side) {
            (Split::Var(v), 0) => nested.settle(&mut child.domain, v, Set::Closed),
            (Split::Var(v), _) => nested.settle(&mut child.domain, v, Set::Open),
            (Split::Row(row), 0) => {
                nested.serving(row).for_each(|v| nested.settle(&mut child.domain, v, Set::Closed));
            }
            (Split::Row(row), _) => child.forced.push(row),
        }
        child
    }
}

/// Bounds a node and branches. Returns the child to follow, the other one goes to `found.left`.
fn look(
    nested: &Nested,
    master: &mut Master,
    bound: &mut u64,
    place: &mut Place,
    enough: u64,
    records: &[Record],
    found: &mut Dive,
) -> Result<Option<Place>, Failed> {
    let mut relaxed;
    let mut rounds = 0;
    loop {
        master.set_domain(&place.domain, &place.forced)?;
        let Some(now) = master.solve()? else { return Ok(None) };
        relaxed = now;
        let multipliers = master.multipliers(&relaxed);
        let Some(priced) = price(nested, &multipliers, &place.domain) else { return Ok(None) };
        *bound = priced.bound.min(*bound);
        let Some(settled) = settle(nested, &priced, enough, &mut place.domain) else { return Ok(None) };
        let slack = (*bound - enough) as f64 * 0.02 + 1.0;
        let (cuts, _) = master.separate(&relaxed.x, &relaxed, slack);
        rounds += 1;
        let none = cuts.is_empty();
        if rounds <= 6 {
            for cut in cuts {
                master.add(cut)?;
            }
        }
        if (none && settled == 0) || rounds > 6 {
            break;
        }
    }
    if found.plans.is_empty() {
        found.plans.push(round(nested, &relaxed.x));
    }
    let gap = (*bound - enough) as f64;
    let least = gap * 1e-4;
    let x = &relaxed.x;
    let mut vars: Vec<(f64, u32)> = (0..nested.n_vars())
        .filter(|&v| place.domain[v] == Set::Free && x[v] > 1e-6 && x[v] < 1.0 - 1e-6)
        .map(|v| {
            let record = &records[v];
            let guess = |side: usize, part: f64| match record.times[side] {
                0 => part * gap * 0.1,
                times => part * record.sum[side] / f64::from(times),
            };
            (guess(0, x[v]).max(least) * guess(1, 1.0 - x[v]).max(least), v as u32)
        })
        .collect();
    vars.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    if vars.is_empty() {
        // A whole solution is a plan, perhaps the best of this part; where something is free still, its cuts may have
        // been too loose to tell.
        found.plans.push(round(nested, x));
        let Some(v) = (0..nested.n_vars()).find(|&v| place.domain[v] == Set::Free) else { return Ok(None) };
        vars.push((0.0, v as u32));
    }
    let mut best: Option<(f64, Children)> = None;
    let mut splits: Vec<Split> = rows_to_split(nested, place, x, ROWS).into_iter().map(Split::Row).collect();
    let known = vars.iter().take_while(|v| records[v.1 as usize].times.iter().all(|&times| times >= RELIABLE)).count();
    if known > 0 {
        let (guess, v) = vars[0];
        best = Some((guess, [0, 1].map(|side| Some((*bound, Split::Var(v).child(nested, place, side))))));
    }
    splits.extend(
        vars.iter()
            .filter(|v| records[v.1 as usize].times.iter().any(|&times| times < RELIABLE))
            .take(TRIED)
            .map(|v| Split::Var(v.1)),
    );
    for split in splits {
        let mut falls = [gap; 2];
        let mut children = [None, None];
        for side in [0, 1] {
            let mut child = split.child(nested, place, side);
            master.set_domain(&child.domain, &child.forced)?;
            let Some(relaxed_child) = master.solve_within(STEPS)? else { continue };
            let Some(priced) = price(nested, &master.multipliers(&relaxed_child), &child.domain) else { continue };
            let child_bound = priced.bound.min(*bound);
            let fall = (*bound - child_bound) as f64;
            if let Split::Var(v) = split {
                let part = if side == 0 { x[v as usize] } else { 1.0 - x[v as usize] };
                found.learnt.push((v, side, fall.min(gap) / part.max(0.01)));
            }
            if settle(nested, &priced, enough, &mut child.domain).is_some() {
                falls[side] = fall.min(gap);
                children[side] = Some((child_bound, child));
            }
        }
        let score = falls[0].max(least) * falls[1].max(least);
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, children));
        }
    }
    let Some((_, children)) = best else { return Ok(None) };
    let mut children: Vec<(u64, Place)> = children.into_iter().flatten().collect();
    // The child with the higher bound is followed; of two that are level the one that opens.
    children.sort_by_key(|c| c.0);
    let follow = children.pop();
    found.left.extend(children);
    Ok(follow.map(|(child_bound, child)| {
        *bound = child_bound;
        child
    }))
}

/// Rows that are covered by about half, with as many fractional sites as may be, no two with nearly the same ones.
fn rows_to_split(nested: &Nested, place: &Place, x: &[f64], wanted: usize) -> Vec<Forced> {
    let mut rows: Vec<(f64, Forced)> = Vec::new();
    for (t, stage) in (0_u32..).zip(nested.stages) {
        for r in 0..stage.cover.n_rows() as u32 {
            let (mut sum, mut several) = (0.0, 0_u32);
            for v in nested.serving((t, r)).filter(|&v| place.domain[v as usize] != Set::Closed) {
                sum += x[v as usize];
                several += u32::from(x[v as usize] > 0.01);
            }
            if several >= 2 && sum > 0.2 && sum < 0.8 {
                rows.push((sum * (1.0 - sum) * f64::from(several).sqrt(), (t, r)));
            }
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<Forced> = Vec::new();
    for (_, row) in rows {
        if chosen.len() >= wanted {
            break;
        }
        let sum: f64 = nested.serving(row).map(|v| x[v as usize]).sum();
        let alike = chosen.iter().any(|&other| {
            let shared: f64 =
                nested.serving(row).filter(|v| nested.serving(other).any(|w| w == *v)).map(|v| x[v as usize]).sum();
            shared > 0.6 * sum
        });
        if !alike && !place.forced.contains(&row) {
            chosen.push(row);
        }
    }
    chosen
}

/// A plan near a fractional one: in each stage the sites with most of themselves open, as many as may be.
pub(crate) fn round(nested: &Nested, x: &[f64]) -> Vec<usize> {
    use super::super::phase_search::NEVER;
    let mut slots = vec![NEVER; nested.costs.len()];
    let (mut opened, mut spent) = (0, 0);
    for (t, stage) in nested.stages.iter().enumerate() {
        let mut order: Vec<(usize, f64)> = (0..slots.len())
            .filter(|&s| slots[s] == NEVER && stage.allowed[s])
            .map(|s| (s, x[nested.of[t][s] as usize]))
            .filter(|&(_, x)| x > 1e-6)
            .collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (s, _) in order {
            if opened < stage.may_open && stage.may_spend.is_none_or(|most| spent + nested.costs[s] <= most) {
                slots[s] = t;
                opened += 1;
                spent += nested.costs[s];
            }
        }
    }
    slots
}
