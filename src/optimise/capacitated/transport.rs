//! Who is served from where, once it is known which sites are open: exact, in integers.
//!
//! Split: the transportation problem by successive shortest paths (Busacker and Gowen 1960; Tomizawa 1971). Rows come in
//! one by one; a row goes to its cheapest site while that has room, else along the cheapest chain of moves of rows
//! already placed. Unsplit: largest rows first, then moves and exchanges; this one is a heuristic.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Table;

/// An assignment of rows to open sites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Row, site and amount of need, in order; amounts above 0.
    pub(crate) flows: Vec<(u32, u32, u64)>,
    /// Need that no open site has room for.
    pub(crate) unserved: u64,
}

/// Assigns so that as little as possible is left unserved, at the least cost.
pub(crate) fn split(table: &Table, open: &[bool]) -> Assignment {
    Split::new(table, open).run()
}

struct Split<'a> {
    table: &'a Table,
    /// The open sites; the place after the last is for what is left over.
    sites: Vec<u32>,
    place: Vec<Option<usize>>,
    room: Vec<u64>,
    /// What each row sends to each place.
    sent: Vec<Vec<(usize, u64)>>,
    /// For each pair of places, rows that may move from one to the other, cheapest first; stale ones included.
    moves: Vec<BinaryHeap<Reverse<(i128, u32)>>>,
    /// More than any chain of moves can save.
    penalty: i128,
}

impl<'a> Split<'a> {
    fn new(table: &'a Table, open: &[bool]) -> Self {
        let sites: Vec<u32> = (0..open.len() as u32).filter(|&s| open[s as usize]).collect();
        let mut place = vec![None; open.len()];
        sites.iter().enumerate().for_each(|(at, &s)| place[s as usize] = Some(at));
        let mut room: Vec<u64> = sites.iter().map(|&s| table.capacities[s as usize]).collect();
        room.push(u64::MAX);
        let n = room.len();
        Split {
            table,
            sites,
            place,
            room,
            sent: vec![Vec::new(); table.rows.len()],
            moves: vec![BinaryHeap::new(); n * n],
            penalty: table.penalty(),
        }
    }

    fn run(mut self) -> Assignment {
        for r in 0..self.table.rows.len() {
            let mut left = self.table.needs[r];
            while left > 0 {
                left -= self.augment(r, left);
            }
        }
        let mut done = Assignment::default();
        for (r, sent) in self.sent.iter_mut().enumerate() {
            sent.sort_unstable();
            for &(at, amount) in sent.iter().filter(|&&(_, amount)| amount > 0) {
                match self.sites.get(at) {
                    Some(&s) => done.flows.push((r as u32, s, amount)),
                    None => done.unserved += amount,
                }
            }
        }
        done.flows.sort_unstable();
        done
    }

    /// The price of each place where row `r` can go.
    fn prices(&self, r: usize) -> Vec<(usize, i128)> {
        let row = self.table.rows[r].iter();
        let mut prices: Vec<(usize, i128)> =
            row.filter_map(|pair| self.place[pair.site as usize].map(|at| (at, pair.price))).collect();
        prices.push((self.sites.len(), self.penalty));
        prices
    }

    /// Sends some of row `r` along the cheapest chain to a place with room; returns how much.
    fn augment(&mut self, r: usize, left: u64) -> u64 {
        let prices = self.prices(r);
        let cheapest = prices.iter().min_by_key(|&&(at, price)| (price, at)).copied();
        // In a cheapest assignment no move to a place with room saves anything, so no chain beats this.
        if let Some((at, _)) = cheapest.filter(|&(at, _)| self.room[at] > 0) {
            let amount = left.min(self.room[at]);
            self.send(r, at, amount);
            self.take_room(at, amount);
            return amount;
        }
        let n = self.room.len();
        // Bellman and Ford with a queue; `via` is the place before and the row that moves.
        let mut least: Vec<Option<i128>> = vec![None; n];
        let mut via: Vec<Option<(usize, u32)>> = vec![None; n];
        let mut queue = std::collections::VecDeque::new();
        let mut queued = vec![false; n];
        for (at, price) in prices {
            least[at] = Some(price);
            queue.push_back(at);
            queued[at] = true;
        }
        while let Some(a) = queue.pop_front() {
            queued[a] = false;
            let Some(here) = least[a] else { continue };
            for b in (0..n).filter(|&b| b != a) {
                let Some((more, row)) = self.cheapest_move(a, b) else { continue };
                if least[b].is_none_or(|known| here + more < known) {
                    least[b] = Some(here + more);
                    via[b] = Some((a, row));
                    if !queued[b] {
                        queued[b] = true;
                        queue.push_back(b);
                    }
                }
            }
        }
        let with_room = (0..n).filter(|&at| self.room[at] > 0);
        let Some(end) = with_room.filter_map(|at| least[at].map(|cost| (cost, at))).min().map(|(_, at)| at) else {
            return left;
        };
        let mut chain = Vec::new();
        let mut at = end;
        // A chain visits no place twice, for no cycle of moves saves anything.
        while let Some((before, row)) = via[at].filter(|_| chain.len() < n) {
            chain.push((before, at, row));
            at = before;
        }
        let mut amount = left.min(self.room[end]);
        for &(from, _, row) in &chain {
            amount = amount.min(self.sent_to(row as usize, from));
        }
        for &(from, to, row) in &chain {
            self.send(row as usize, to, amount);
            self.withdraw(row as usize, from, amount);
        }
        self.send(r, at, amount);
        self.take_room(end, amount);
        amount
    }

    fn take_room(&mut self, at: usize, amount: u64) {
        if at < self.sites.len() {
            self.room[at] -= amount;
        }
    }

    fn sent_to(&self, r: usize, at: usize) -> u64 {
        self.sent[r].iter().find(|(to, _)| *to == at).map_or(0, |&(_, amount)| amount)
    }

    fn send(&mut self, r: usize, at: usize, amount: u64) {
        match self.sent[r].iter_mut().find(|(to, _)| *to == at) {
            Some((_, sent)) if *sent > 0 => {
                *sent += amount;
                return;
            }
            Some((_, sent)) => *sent = amount,
            None => self.sent[r].push((at, amount)),
        }
        let prices = self.prices(r);
        let here = prices.iter().find(|&&(to, _)| to == at).map_or(self.penalty, |&(_, price)| price);
        for (to, price) in prices.into_iter().filter(|&(to, _)| to != at) {
            self.moves[at * self.room.len() + to].push(Reverse((price - here, r as u32)));
        }
    }

    fn withdraw(&mut self, r: usize, at: usize, amount: u64) {
        if let Some((_, sent)) = self.sent[r].iter_mut().find(|(to, _)| *to == at) {
            *sent -= amount;
        }
    }

    fn cheapest_move(&mut self, a: usize, b: usize) -> Option<(i128, u32)> {
        let at = a * self.room.len() + b;
        while let Some(&Reverse((more, row))) = self.moves[at].peek() {
            if self.sent_to(row as usize, a) > 0 {
                return Some((more, row));
            }
            self.moves[at].pop();
        }
        None
    }
}

/// How many pairs of rows are looked at for exchanges in one assignment.
const MOST_EXCHANGES: usize = 10_000_000;

/// Assigns every row as a whole, by a heuristic: what does not fit is left unserved.
pub(crate) fn whole(table: &Table, open: &[bool]) -> Assignment {
    let n_rows = table.rows.len();
    let mut room = table.capacities.clone();
    let mut at: Vec<Option<u32>> = vec![None; n_rows];
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by_key(|&r| (Reverse(table.needs[r]), r));
    let fits = |room: &[u64], r: usize| {
        let can =
            table.rows[r].iter().filter(|pair| open[pair.site as usize] && room[pair.site as usize] >= table.needs[r]);
        can.min_by_key(|pair| (pair.price, pair.site)).map(|pair| pair.site)
    };
    let price = |r: usize, s: u32| price(table, r, s);
    for &r in &order {
        at[r] = fits(&room, r);
        if let Some(s) = at[r] {
            room[s as usize] -= table.needs[r];
        }
    }
    let passes = (MOST_EXCHANGES / n_rows.pow(2).max(1)).clamp(1, 50);
    for _ in 0..passes {
        let mut moved = false;
        for (r, at) in at.iter_mut().enumerate() {
            let here = at.and_then(|s| price(r, s));
            if let Some(s) = *at {
                room[s as usize] += table.needs[r];
            }
            let best =
                fits(&room, r).filter(|&s| here.is_none_or(|here| price(r, s).is_some_and(|price| price < here)));
            moved |= best.is_some();
            *at = best.or(*at);
            if let Some(s) = *at {
                room[s as usize] -= table.needs[r];
            }
        }
        for r in 0..n_rows {
            for q in 0..r {
                moved |= exchange(table, &mut at, &mut room, r, q);
            }
        }
        if !moved {
            break;
        }
    }
    let flows = (0..n_rows).filter_map(|r| at[r].map(|s| (r as u32, s, table.needs[r]))).filter(|flow| flow.2 > 0);
    let unserved = (0..n_rows).filter(|&r| at[r].is_none()).map(|r| table.needs[r]).sum();
    Assignment { flows: flows.collect(), unserved }
}

fn price(table: &Table, r: usize, s: u32) -> Option<i128> {
    let row = &table.rows[r];
    row.binary_search_by_key(&s, |pair| pair.site).ok().map(|at| row[at].price)
}

/// Exchanges the sites of two rows where both fit and it is cheaper.
fn exchange(table: &Table, at: &mut [Option<u32>], room: &mut [u64], r: usize, q: usize) -> bool {
    let (Some(a), Some(b)) = (at[r], at[q]) else { return false };
    if a == b {
        return false;
    }
    let price = |r: usize, s: u32| price(table, r, s);
    let (Some(here_r), Some(here_q), Some(there_r), Some(there_q)) =
        (price(r, a), price(q, b), price(r, b), price(q, a))
    else {
        return false;
    };
    let of = |r: usize| i128::from(table.needs[r]);
    let (need_r, need_q) = (table.needs[r], table.needs[q]);
    let cheaper = of(r) * there_r + of(q) * there_q < of(r) * here_r + of(q) * here_q;
    if !cheaper || room[a as usize] + need_r < need_q || room[b as usize] + need_q < need_r {
        return false;
    }
    room[a as usize] = room[a as usize] + need_r - need_q;
    room[b as usize] = room[b as usize] + need_q - need_r;
    (at[r], at[q]) = (Some(b), Some(a));
    true
}
