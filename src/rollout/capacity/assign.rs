//! Who goes to which agent: to the nearest, or to another within a detour where that relieves one that is overloaded.
//!
//! Of all assignments the one with the least overflow in all and, of those, the least extra travel: a transportation
//! problem, solved exactly by successive shortest paths with potentials (Jewell 1958, Busacker and Gowen 1960; Edmonds
//! and Karp 1972). It starts with everyone at the nearest agent, and only what an agent cannot carry is moved, so the
//! search runs over agents, not over demand rows: the way from agent to agent costs the least extra travel of a row
//! that stands at the one and may go to the other. Whole numbers throughout; ties go to lower indices.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Where the people of a demand row may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Index of the agent.
    pub agent: u32,
    /// How much longer the way is than that to the row's nearest agent, in milliseconds.
    pub extra_ms: u32,
}

/// An assignment problem. Amounts are whole numbers of any unit, as thousandths of a person.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// What each row brings.
    pub amounts: &'a [u64],
    /// Where the choices of row `r` stand: `offsets[r]..offsets[r + 1]`, at least one.
    pub offsets: &'a [usize],
    /// Choices row by row, agents of a row distinct; the first is the nearest agent, with no extra travel.
    pub choices: &'a [Choice],
    /// What each agent can carry.
    pub room: &'a [u64],
}

/// Who goes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The amount of each choice.
    pub flow: Vec<u64>,
    /// What stands at each agent, what it cannot carry included.
    pub load: Vec<u64>,
    /// How often people were moved along a shortest path.
    pub steps: u64,
}

impl Assignment {
    /// What an agent cannot carry.
    pub fn overflow(&self, problem: &Problem, agent: usize) -> u64 {
        self.load[agent].saturating_sub(problem.room[agent])
    }

    /// Overflow of all agents.
    pub fn total_overflow(&self, problem: &Problem) -> u64 {
        (0..self.load.len()).map(|agent| self.overflow(problem, agent)).sum()
    }

    /// Extra travel of all who are sent elsewhere: amount × milliseconds.
    pub fn extra_travel(&self, problem: &Problem) -> u128 {
        self.flow.iter().zip(problem.choices).map(|(&f, c)| u128::from(f) * u128::from(c.extra_ms)).sum()
    }
}

/// Assigns everyone, at best.
pub fn assign(problem: &Problem) -> Assignment {
    let mut work = Work::new(problem);
    let mut steps = 0;
    while work.step() {
        steps += 1;
    }
    Assignment { flow: work.flow, load: work.load, steps }
}

/// A row that may move from one agent to another: extra travel, the choice it leaves, the choice it takes.
type Move = Reverse<(i64, u32, u32)>;

/// The moves from one agent to another.
struct Moves {
    to: u32,
    /// The cheapest move of a row that stands at the agent: the top of the queue. Extra travel is [`FAR`] without any.
    cheapest: (i64, u32, u32),
    /// Cheapest first. Moves of rows that have left are dropped when they come to the top.
    queue: BinaryHeap<Move>,
}

impl Moves {
    fn refresh(&mut self, flow: &[u64]) {
        while self.queue.peek().is_some_and(|Reverse((_, leaves, _))| flow[*leaves as usize] == 0) {
            self.queue.pop();
        }
        self.cheapest = self.queue.peek().map_or((FAR, 0, 0), |Reverse(cheapest)| *cheapest);
    }
}

struct Work<'a> {
    problem: &'a Problem<'a>,
    flow: Vec<u64>,
    load: Vec<u64>,
    row_of: Vec<u32>,
    /// Choices of each agent, in compressed rows.
    of_agent_offsets: Vec<usize>,
    of_agent: Vec<u32>,
    /// For each agent that a search has come to, the moves to each other agent.
    moves: Vec<Option<Vec<Moves>>>,
    /// Cost of the cheapest path to each agent so far.
    potential: Vec<i64>,
    distance: Vec<i64>,
    /// The agent and the move by which the cheapest path comes.
    came_by: Vec<Option<(u32, u32, u32)>>,
}

const FAR: i64 = i64::MAX;

impl<'a> Work<'a> {
    fn new(problem: &'a Problem) -> Self {
        let (n_agents, n_choices) = (problem.room.len(), problem.choices.len());
        let mut flow = vec![0; n_choices];
        let mut load = vec![0_u64; n_agents];
        let mut row_of = vec![0; n_choices];
        for (row, span) in problem.offsets.windows(2).enumerate() {
            row_of[span[0]..span[1]].fill(row as u32);
            if let Some(home) = problem.choices[span[0]..span[1]].first() {
                flow[span[0]] = problem.amounts[row];
                load[home.agent as usize] += problem.amounts[row];
            }
        }
        let mut of_agent_offsets = vec![0; n_agents + 1];
        for choice in problem.choices {
            of_agent_offsets[choice.agent as usize + 1] += 1;
        }
        for agent in 0..n_agents {
            of_agent_offsets[agent + 1] += of_agent_offsets[agent];
        }
        let mut next = of_agent_offsets.clone();
        let mut of_agent = vec![0; n_choices];
        for (i, choice) in problem.choices.iter().enumerate() {
            of_agent[next[choice.agent as usize]] = i as u32;
            next[choice.agent as usize] += 1;
        }
        Work {
            problem,
            flow,
            load,
            row_of,
            of_agent_offsets,
            of_agent,
            moves: (0..n_agents).map(|_| None).collect(),
            potential: vec![0; n_agents],
            distance: vec![FAR; n_agents],
            came_by: vec![None; n_agents],
        }
    }

    /// Moves as many as fit along the cheapest path from an overloaded agent to one with room; `false` where no such
    /// path is left.
    fn step(&mut self) -> bool {
        let Some(end) = self.search() else { return false };
        let mut path = Vec::new();
        let mut start = end;
        while let Some((from, leaves, takes)) = self.came_by[start] {
            path.push((leaves as usize, takes as usize));
            start = from as usize;
        }
        let excess = self.load[start] - self.problem.room[start];
        let spare = self.problem.room[end] - self.load[end];
        let amount = path.iter().map(|&(leaves, _)| self.flow[leaves]).fold(excess.min(spare), u64::min);
        for &(leaves, takes) in &path {
            self.flow[leaves] -= amount;
            let was_empty = self.flow[takes] == 0;
            self.flow[takes] += amount;
            if was_empty {
                self.offer(takes);
            }
        }
        for &(leaves, _) in path.iter().filter(|(leaves, _)| self.flow[*leaves] == 0) {
            if let Some(moves) = &mut self.moves[self.problem.choices[leaves].agent as usize] {
                let gone = |way: &&mut Moves| way.cheapest.0 != FAR && self.flow[way.cheapest.1 as usize] == 0;
                moves.iter_mut().filter(gone).for_each(|way| way.refresh(&self.flow));
            }
        }
        self.load[start] -= amount;
        self.load[end] += amount;
        true
    }

    /// Dijkstra's search over agents by reduced costs, from all overloaded agents to the first with room.
    fn search(&mut self) -> Option<usize> {
        let n_agents = self.load.len();
        self.distance.fill(FAR);
        self.came_by.fill(None);
        let mut heap = BinaryHeap::new();
        for agent in 0..n_agents {
            if self.load[agent] > self.problem.room[agent] {
                // Reduced cost of the way from the common source, whose potential stays 0.
                self.distance[agent] = -self.potential[agent];
                heap.push(Reverse((self.distance[agent], agent)));
            }
        }
        let mut found = None;
        while let Some(Reverse((distance, agent))) = heap.pop() {
            if distance > self.distance[agent] {
                continue;
            }
            if self.load[agent] < self.problem.room[agent] {
                found = Some((distance, agent));
                break;
            }
            self.open(agent);
            for way in self.moves[agent].iter().flatten() {
                let (extra, leaves, takes) = way.cheapest;
                if extra == FAR {
                    continue;
                }
                let to = way.to as usize;
                let through = distance + extra + self.potential[agent] - self.potential[to];
                if through < self.distance[to] {
                    self.distance[to] = through;
                    self.came_by[to] = Some((agent as u32, leaves, takes));
                    heap.push(Reverse((through, to)));
                }
            }
        }
        let (length, end) = found?;
        for (potential, &distance) in self.potential.iter_mut().zip(&self.distance) {
            *potential += distance.min(length);
        }
        Some(end)
    }

    /// Lists the moves away from an agent, once.
    fn open(&mut self, agent: usize) {
        if self.moves[agent].is_some() {
            return;
        }
        self.moves[agent] = Some(Vec::new());
        for i in self.of_agent_offsets[agent]..self.of_agent_offsets[agent + 1] {
            let choice = self.of_agent[i] as usize;
            if self.flow[choice] > 0 {
                self.offer(choice);
            }
        }
    }

    /// Lists the moves of the row that now stands at the agent of `choice`.
    fn offer(&mut self, choice: usize) {
        let here = self.problem.choices[choice];
        let Some(moves) = &mut self.moves[here.agent as usize] else { return };
        let row = self.row_of[choice] as usize;
        for other in self.problem.offsets[row]..self.problem.offsets[row + 1] {
            if other != choice {
                let there = self.problem.choices[other];
                let extra = i64::from(there.extra_ms) - i64::from(here.extra_ms);
                let new = (extra, choice as u32, other as u32);
                let at = match moves.binary_search_by_key(&there.agent, |way| way.to) {
                    Ok(at) => at,
                    Err(at) => {
                        moves.insert(at, Moves { to: there.agent, cheapest: (FAR, 0, 0), queue: BinaryHeap::new() });
                        at
                    }
                };
                moves[at].queue.push(Reverse(new));
                moves[at].cheapest = moves[at].cheapest.min(new);
            }
        }
    }
}

/// Whether an assignment is a best one, by code that shares nothing with the search: everyone is assigned once, loads
/// add up, and no change of the assignment has less overflow, or the same with less extra travel. The last holds if and only
/// if the graph of all possible changes has no cycle of negative cost (Klein 1967), which Bellman and Ford's method finds.
pub fn is_best(problem: &Problem, answer: &Assignment) -> bool {
    let n_agents = problem.room.len();
    let mut load = vec![0_u64; n_agents];
    // The cheapest change from agent to agent.
    let mut changes: BTreeMap<(usize, usize), i128> = BTreeMap::new();
    for (row, span) in problem.offsets.windows(2).enumerate() {
        let span = span[0]..span[1];
        if answer.flow[span.clone()].iter().sum::<u64>() != problem.amounts[row] {
            return false;
        }
        for from in span.clone().filter(|&i| answer.flow[i] > 0) {
            let here = problem.choices[from];
            load[here.agent as usize] += answer.flow[from];
            for there in problem.choices[span.clone()].iter().filter(|c| c.agent != here.agent) {
                let extra = i128::from(there.extra_ms) - i128::from(here.extra_ms);
                let best = changes.entry((here.agent as usize, there.agent as usize)).or_insert(extra);
                *best = extra.min(*best);
            }
        }
    }
    if load != answer.load {
        return false;
    }
    // One more node stands for the outside: what an agent carries or fails to carry goes there. A unit that overflows
    // costs more than any path of extra travel.
    let outside = n_agents;
    let overflows = (n_agents as i128 + 2) * i128::from(u32::MAX);
    let mut arcs: Vec<(usize, usize, i128)> = changes.into_iter().map(|((a, b), cost)| (a, b, cost)).collect();
    for agent in 0..n_agents {
        let (load, room) = (load[agent], problem.room[agent]);
        arcs.push((agent, outside, if load < room { 0 } else { overflows }));
        if load > 0 {
            arcs.push((outside, agent, if load > room { -overflows } else { 0 }));
        }
    }
    let mut cost = vec![0_i128; n_agents + 1];
    for _ in 0..=n_agents + 1 {
        let mut changed = false;
        for &(from, to, extra) in &arcs {
            if cost[from] + extra < cost[to] {
                cost[to] = cost[from] + extra;
                changed = true;
            }
        }
        if !changed {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(agent: u32, extra_ms: u32) -> Choice {
        Choice { agent, extra_ms }
    }

    #[test]
    fn without_room_elsewhere_the_rest_overflows_where_it_is_nearest() {
        // 10 at agent 0 with room for 4, nowhere else to go: 6 overflow there.
        let problem =
            Problem { amounts: &[10, 1], offsets: &[0, 1, 2], choices: &[choice(0, 0), choice(1, 0)], room: &[4, 9] };
        let done = assign(&problem);
        assert_eq!((done.flow.as_slice(), done.load.as_slice()), ([10, 1].as_slice(), [10, 1].as_slice()));
        assert_eq!((done.total_overflow(&problem), done.extra_travel(&problem)), (6, 0));
        assert!(is_best(&problem, &done));
    }

    #[test]
    fn a_chain_of_moves_by_hand() {
        // Row 0 (5 people) is nearest to agent 0 and may go to agent 1, 60 s farther; row 1 (5 people) is nearest to
        // agent 1 and may go to agent 2, 10 s farther. Room: 2, 5, 4. Agent 0 is 3 over; agent 1 is full, so 3 of row 0
        // go there and 3 of row 1 on to agent 2: 3 · (60 + 10) s of extra travel, no overflow.
        let choices = [choice(0, 0), choice(1, 60_000), choice(1, 0), choice(2, 10_000)];
        let problem = Problem { amounts: &[5, 5], offsets: &[0, 2, 4], choices: &choices, room: &[2, 5, 4] };
        let done = assign(&problem);
        assert_eq!(done.flow, [2, 3, 2, 3]);
        assert_eq!(done.load, [2, 5, 3]);
        assert_eq!((done.total_overflow(&problem), done.extra_travel(&problem)), (0, 210_000));
        assert!(is_best(&problem, &done));
        // Everyone at the nearest is not best, nor are loads that do not add up.
        let nearest = Assignment { flow: vec![5, 0, 5, 0], load: vec![5, 5, 0], steps: 0 };
        assert!(!is_best(&problem, &nearest));
        assert!(!is_best(&problem, &Assignment { load: vec![2, 5, 4], ..done }));
    }

    #[test]
    fn the_cheapest_row_is_moved_first() {
        // Both rows of agent 0 may go to agent 1, the second with less extra travel.
        let choices = [choice(0, 0), choice(1, 900), choice(0, 0), choice(1, 100)];
        let problem = Problem { amounts: &[4, 4], offsets: &[0, 2, 4], choices: &choices, room: &[3, 100] };
        let done = assign(&problem);
        assert_eq!((done.flow.as_slice(), done.extra_travel(&problem)), ([3, 1, 0, 4].as_slice(), 900 + 400));
        assert!(is_best(&problem, &done));
        // Moving the dear one first would be 4 · 900 + 100.
        let dear = Assignment { flow: vec![0, 4, 3, 1], load: vec![3, 5], steps: 0 };
        assert!(!is_best(&problem, &dear));
    }
}
