//! The frontier of maximal covering: the most weight that any number of sites can cover, for all numbers at once.
//!
//! Solving every number by itself would repeat most of the work. What holds for one number says something of all:
//!
//! * Rows merge once.
//! * Prices. For prices 0 ≤ u_i ≤ weight_i on the rows, no `k` sites cover more than
//!   Σ_i (weight_i − u_i) + the `k` largest Σ_{i served by j} u_i (the Lagrangian bound of Church and ReVelle's model,
//!   Galvão and ReVelle, *A Lagrangean heuristic for the maximal covering location problem*, EJOR 88, 1996). One vector
//!   of prices is a bound, concave in `k`, for **every** `k`; the least over all vectors tried stands. Prices are
//!   integers, so the bounds are exact.
//! * Coverage is submodular: the least useful of k + 1 sites adds at most 1 / (k + 1) of what they cover, so
//!   best(k + 1) ≤ best(k) · (k + 1) / k; and best(k) ≤ best(k + 1).
//! * The best known set for `k` gives one for k + 1 and one for k − 1.
//!
//! Only numbers that these leave open go to [`super::max_cover`]. One time limit holds for all.

use rayon::prelude::*;

use super::answer::{Limits, Progress, ProofStep, Sense, Status};
use super::cover::{CoverTable, SiteRows, open_flags};
use super::max_cover;
use super::reduce::{self, NO_CLASS};
use super::verify;
use crate::error::{Fault, Result};
use crate::stages::meter;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The weight of each row; the sum at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// Sites that stand already: the curve begins with them.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites to look at, fixed ones included; all that add anything if none.
    pub most: Option<usize>,
}

/// A point of the curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The number of sites that may be open, fixed ones included.
    pub sites: usize,
    /// The best set known, fixed ones included, ascending; at most `sites`.
    pub chosen: Vec<u32>,
    /// The weight that it covers.
    pub objective: u64,
    /// No set of so many sites covers more.
    pub bound: u64,
    /// (bound − objective) / bound, 0 where both are 0.
    pub gap: f64,
    /// What is known of the point.
    pub status: Status,
}

/// The curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Frontier {
    /// From the fixed sites alone to the fewest sites known to cover all that can be covered, or to `most`.
    pub points: Vec<Point>,
    /// The weight of all rows that a fixed or eligible site serves.
    pub coverable: u64,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
    /// Wall-clock seconds.
    pub time_s: f64,
}

/// Rounds of price changes around each number of sites that is looked at.
const PRICE_ROUNDS: usize = 60;
/// At so many numbers of sites prices are made.
const PRICE_ANCHORS: usize = 16;

/// Computes the curve.
///
/// # Errors
/// `optimise::size`, `optimise::total`, `optimise::limits` for senseless input; `optimise::solver` and
/// `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Frontier> {
    check(problem)?;
    let mut progress = Progress::begin(limits)?;
    let mut curve = Curve::new(problem, &mut progress);
    curve.greedy();
    progress.note("greedy", format!("all that can be covered with {} more sites", curve.sets.len() - 1));
    curve.lean();
    curve.prices(&progress);
    progress.note("prices", format!("{} of {} numbers of sites left open", curve.open().len(), curve.sets.len()));
    curve.exact(&progress)?;
    progress.note("max_cover", format!("{} solved by themselves, {} left open", curve.solved, curve.open().len()));
    curve.finish(problem, progress)
}

fn check(problem: &Problem) -> Result<()> {
    let (n, rows) = (problem.cover.n_sites(), problem.cover.n_rows());
    for (what, found, right) in [
        ("fixed", problem.fixed.len(), n),
        ("eligible", problem.eligible.len(), n),
        ("weights", problem.weights.len(), rows),
    ] {
        if found != right {
            let message = format!("{found} {what} for a table that has {right}");
            return Err(Fault::new("optimise::size", message).help("this is a fault in the caller").into());
        }
    }
    let total: u128 = problem.weights.iter().map(|&w| u128::from(w)).sum();
    if total > u128::from(super::LARGEST_TOTAL) {
        let message = format!("the weights add up to {total}");
        let help = format!("at most {}", super::LARGEST_TOTAL);
        return Err(Fault::new("optimise::total", message).help(help).into());
    }
    Ok(())
}

/// The curve under work. What fixed sites cover is taken out; `k` counts the sites beyond them.
struct Curve {
    cover: CoverTable,
    weights: Vec<u64>,
    by_site: SiteRows,
    /// Sites that may be opened, ascending.
    sites: Vec<u32>,
    eligible: Vec<bool>,
    /// What the fixed sites cover.
    constant: u64,
    /// All that can be covered beyond that.
    total: u64,
    most: usize,
    /// For each `k`, the best set known and what it covers.
    sets: Vec<(Vec<u32>, u64)>,
    bounds: Vec<u64>,
    solved: usize,
    fixed: Vec<u32>,
}

impl Curve {
    fn new(problem: &Problem, progress: &mut Progress) -> Self {
        let n = problem.cover.n_sites();
        let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
        let merged = reduce::merge(problem.cover, &[problem.weights], &usable);
        let eligible: Vec<bool> = (0..n).map(|s| problem.eligible[s] && !problem.fixed[s]).collect();
        let mut left = merged.weights[0].clone();
        let mut constant = 0;
        for (row, left) in merged.cover.rows().zip(&mut left) {
            if row.iter().any(|&s| problem.fixed[s as usize]) {
                constant += std::mem::take(left);
            }
        }
        let again = reduce::merge(&merged.cover, &[&left], &eligible);
        let kept: Vec<usize> = (0..again.cover.n_rows()).filter(|&c| again.weights[0][c] > 0).collect();
        let cover = CoverTable::from_rows(kept.iter().map(|&c| again.cover.row(c)), n);
        let weights: Vec<u64> = kept.iter().map(|&c| again.weights[0][c]).collect();
        let served = merged.class_of.iter().filter(|&&class| class != NO_CLASS).count();
        progress.note(
            "merge",
            format!("{} rows, {served} of them coverable, in {} classes", problem.cover.n_rows(), cover.n_rows()),
        );
        let fixed: Vec<u32> = (0..n as u32).filter(|&s| problem.fixed[s as usize]).collect();
        let by_site = cover.by_site();
        let sites = (0..n as u32).filter(|&s| !by_site.rows(s as usize).is_empty()).collect();
        let most = problem.most.map_or(usize::MAX, |most| most.saturating_sub(fixed.len()));
        let total = weights.iter().sum();
        Curve {
            cover,
            weights,
            by_site,
            sites,
            eligible,
            constant,
            total,
            most,
            sets: Vec::new(),
            bounds: Vec::new(),
            solved: 0,
            fixed,
        }
    }

    /// Opens what adds most, until nothing adds anything: a set for every number.
    fn greedy(&mut self) {
        let mut chosen: Vec<u32> = Vec::new();
        let mut sum = 0;
        self.sets.push((Vec::new(), 0));
        let mut around = Around::new(self, &chosen);
        while chosen.len() < self.most {
            let Some((site, gain)) = around.best_addition(self) else { break };
            around.open(self, site);
            chosen.push(site);
            sum += gain;
            self.sets.push((chosen.clone(), sum));
        }
        self.bounds = vec![self.total; self.sets.len()];
        self.bounds[0] = 0;
    }

    /// Lets bounds and sets of neighbouring numbers speak for each other.
    fn lean(&mut self) {
        let last = self.sets.len() - 1;
        for k in 1..=last {
            // best(k) ≤ best(k − 1) · k / (k − 1)
            if k > 1 {
                let rise = u128::from(self.bounds[k - 1]) * k as u128 / (k as u128 - 1);
                self.bounds[k] = self.bounds[k].min(u64::try_from(rise).unwrap_or(u64::MAX));
            }
        }
        for k in (0..last).rev() {
            self.bounds[k] = self.bounds[k].min(self.bounds[k + 1]);
        }
        for k in 0..=last {
            self.bounds[k] = self.bounds[k].max(self.sets[k].1);
        }
    }

    /// The numbers whose bound is not reached, ascending.
    fn open(&self) -> Vec<usize> {
        (0..self.sets.len()).filter(|&k| self.sets[k].1 < self.bounds[k]).collect()
    }

    /// Takes over a set where it is better than the one known for its number, and tells its neighbours.
    fn offer(&mut self, mut chosen: Vec<u32>) {
        chosen.sort_unstable();
        let last = self.sets.len() - 1;
        let value = self.value(&chosen);
        if chosen.len() > last || value <= self.sets[chosen.len()].1 {
            return;
        }
        // Upwards by the best addition, downwards by the least loss, as long as that helps.
        let (mut set, mut sum) = (chosen.clone(), value);
        let mut around = Around::new(self, &set);
        while set.len() <= last && sum > self.sets[set.len()].1 {
            self.sets[set.len()] = (set.clone(), sum);
            let Some((site, gain)) = around.best_addition(self) else { break };
            around.open(self, site);
            set.push(site);
            sum += gain;
        }
        let (mut set, mut sum) = (chosen, value);
        let mut around = Around::new(self, &set);
        while let Some((at, loss)) = around.least_loss(self, &set) {
            around.close(self, set[at]);
            set.remove(at);
            sum -= loss;
            if sum <= self.sets[set.len()].1 {
                break;
            }
            self.sets[set.len()] = (set.clone(), sum);
        }
        // With fewer sites as much may be covered as before with more.
        for k in 1..=last {
            if self.sets[k].1 < self.sets[k - 1].1 {
                self.sets[k] = self.sets[k - 1].clone();
            }
        }
    }

    fn value(&self, chosen: &[u32]) -> u64 {
        self.cover.covered_weight(&self.weights, &open_flags(self.cover.n_sites(), chosen))
    }

    /// Bounds by prices, made around some numbers of sites and used for all.
    fn prices(&mut self, progress: &Progress) {
        let last = self.sets.len() - 1;
        // Half the price on a row to begin with: dear enough to be worth serving, cheap enough to be left.
        let mut prices: Vec<u64> = self.weights.iter().map(|w| w / 2).collect();
        // At their full weight the prices tell exactly what one site covers at most.
        let worth: Vec<u64> = self
            .sites
            .iter()
            .map(|&s| self.by_site.rows(s as usize).iter().map(|&r| self.weights[r as usize]).sum())
            .collect();
        if let (Some(bound), Some(&most)) = (self.bounds.get_mut(1), worth.iter().max()) {
            *bound = most.min(*bound);
        }
        self.lean();
        let step = last.div_ceil(PRICE_ANCHORS).max(1);
        for anchor in (1..=last).step_by(step) {
            if progress.out_of_time() {
                break;
            }
            if self.sets[anchor].1 < self.bounds[anchor] {
                self.prices_around(anchor, &mut prices, progress);
            }
        }
        self.lean();
    }

    /// Moves prices against the subgradient of the bound for `k` sites (Held, Wolfe and Crowder 1974).
    fn prices_around(&mut self, k: usize, prices: &mut Vec<u64>, progress: &Progress) {
        let (mut best, mut best_prices) = (u64::MAX, prices.clone());
        let mut pace = 1.0;
        let mut stalled = 0;
        let mut values: Vec<(u64, u32)> = Vec::with_capacity(self.sites.len());
        let mut open = vec![false; self.cover.n_sites()];
        for _ in 0..PRICE_ROUNDS {
            if progress.out_of_time() {
                break;
            }
            let worth = |&s: &u32| (self.by_site.rows(s as usize).iter().map(|&r| prices[r as usize]).sum::<u64>(), s);
            values.clear();
            values.extend(self.sites.iter().map(worth));
            values.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            let unpriced: u64 = self.weights.iter().zip(&*prices).map(|(w, u)| w - u).sum();
            let mut sum = unpriced;
            let mut here = sum;
            for (number, bound) in self.bounds.iter_mut().enumerate() {
                // A row counts once for every site that serves it, so the sum can pass any total.
                *bound = (*bound).min(sum);
                if number == k {
                    here = sum;
                }
                sum = sum.saturating_add(values.get(number).map_or(0, |v| v.0));
            }
            if here < best {
                (best, stalled) = (here, 0);
                best_prices.clone_from(prices);
            } else {
                stalled += 1;
                if stalled == 6 {
                    (pace, stalled) = (pace / 2.0, 0);
                    prices.clone_from(&best_prices);
                    continue;
                }
            }
            if self.sets[k].1 >= self.bounds[k] {
                break;
            }
            open.iter_mut().for_each(|open| *open = false);
            values.iter().take(k).for_each(|&(_, s)| open[s as usize] = true);
            let slopes: Vec<i64> =
                self.cover.rows().map(|row| row.iter().filter(|&&s| open[s as usize]).count() as i64 - 1).collect();
            let length: f64 = slopes.iter().map(|&g| (g * g) as f64).sum();
            let move_by = pace * (here - self.sets[k].1.min(here)) as f64 / length.max(1.0);
            for ((price, &weight), &slope) in prices.iter_mut().zip(&self.weights).zip(&slopes) {
                *price = (*price as f64 - move_by * slope as f64).round().clamp(0.0, weight as f64) as u64;
                *price = (*price).min(weight);
            }
        }
        *prices = best_prices;
    }

    /// Solves the numbers that are left open by themselves, each with its part of the time left.
    fn exact(&mut self, progress: &Progress) -> Result<()> {
        let costs = vec![1; self.cover.n_sites()];
        let fixed = vec![false; self.cover.n_sites()];
        let good_enough = |set: u64, bound: u64| super::answer::gap(set, bound) <= progress.limits.gap;
        // What the solver left open without running out of time is not asked again.
        let mut given_up = vec![false; self.sets.len()];
        loop {
            let todo: Vec<usize> = self
                .open()
                .into_iter()
                .filter(|&k| {
                    !given_up[k] && !good_enough(self.constant + self.sets[k].1, self.constant + self.bounds[k])
                })
                .collect();
            let n_todo = todo.len();
            let before =
                (self.sets.iter().map(|s| s.1).sum::<u64>(), self.bounds.iter().copied().map(u128::from).sum::<u128>());
            meter::expect(n_todo, "numbers of agents");
            for (done, k) in todo.into_iter().enumerate() {
                meter::advance(usize::from(done > 0));
                if progress.out_of_time() {
                    return Ok(());
                }
                crate::stages::go_on()?;
                if self.sets[k].1 >= self.bounds[k] {
                    continue;
                }
                let time_limit_s = progress.remaining_s().map(|left| (left / (n_todo - done) as f64).max(0.01));
                let limits = Limits { time_limit_s, ..progress.limits.clone() };
                let problem = max_cover::Problem {
                    cover: &self.cover,
                    weights: &self.weights,
                    costs: &costs,
                    fixed: &fixed,
                    eligible: &self.eligible,
                    p: Some(k),
                    budget: None,
                };
                let answer = max_cover::solve(&problem, &limits)?;
                self.solved += 1;
                given_up[k] = answer.status != Status::TimeLimit;
                self.bounds[k] = self.bounds[k].min(answer.bound);
                // The solver leaves needless sites closed, so the set may be smaller than `k`.
                self.offer(answer.chosen);
                self.lean();
            }
            let after =
                (self.sets.iter().map(|s| s.1).sum::<u64>(), self.bounds.iter().copied().map(u128::from).sum::<u128>());
            // Without progress in a whole round, or without a clock, another round would find the same.
            if n_todo == 0 || before == after || progress.limits.time_limit_s.is_none() {
                return Ok(());
            }
        }
    }

    fn finish(self, problem: &Problem, progress: Progress) -> Result<Frontier> {
        let n = self.cover.n_sites();
        let costs = vec![1; n];
        let mut points: Vec<Point> = Vec::new();
        for (k, ((set, covered), bound)) in self.sets.iter().zip(&self.bounds).enumerate() {
            let objective = self.constant + covered;
            let (bound, gap, status) = progress.judge(Sense::Maximise, objective, self.constant + bound);
            let mut chosen: Vec<u32> = self.fixed.iter().chain(set).copied().collect();
            chosen.sort_unstable();
            points.push(Point { sites: self.fixed.len() + k, chosen, objective, bound, gap, status });
            if *covered == self.total {
                break;
            }
        }
        let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
        let coverable_rows = problem.cover.rows().filter(|row| row.iter().any(|&s| usable[s as usize])).count();
        points.par_iter().try_for_each(|point| {
            let asked = max_cover::Problem {
                cover: problem.cover,
                weights: problem.weights,
                costs: &costs,
                fixed: problem.fixed,
                eligible: problem.eligible,
                p: Some(point.sites),
                budget: None,
            };
            let answer = super::Answer {
                chosen: point.chosen.clone(),
                objective: point.objective,
                bound: point.bound,
                gap: point.gap,
                status: point.status,
                coverable_rows,
                uncoverable_rows: problem.cover.n_rows() - coverable_rows,
                steps: Vec::new(),
                time_s: 0.0,
            };
            verify::max_cover(&asked, &answer)
        })?;
        let coverable = self.constant + self.total;
        let (steps, time_s) = progress.finish();
        Ok(Frontier { points, coverable, steps, time_s })
    }
}

/// How often each row is served by a set of sites, and what each site would add to it.
struct Around {
    times: Vec<u32>,
    gains: Vec<u64>,
}

impl Around {
    fn new(curve: &Curve, set: &[u32]) -> Self {
        let times = vec![0; curve.cover.n_rows()];
        let gain = |s: usize| curve.by_site.rows(s).iter().map(|&r| curve.weights[r as usize]).sum();
        let mut around = Around { times, gains: (0..curve.cover.n_sites()).map(gain).collect() };
        set.iter().for_each(|&s| around.open(curve, s));
        around
    }

    fn open(&mut self, curve: &Curve, site: u32) {
        for &r in curve.by_site.rows(site as usize) {
            self.times[r as usize] += 1;
            if self.times[r as usize] == 1 {
                let weight = curve.weights[r as usize];
                curve.cover.row(r as usize).iter().for_each(|&s| self.gains[s as usize] -= weight);
            }
        }
    }

    fn close(&mut self, curve: &Curve, site: u32) {
        for &r in curve.by_site.rows(site as usize) {
            self.times[r as usize] -= 1;
            if self.times[r as usize] == 0 {
                let weight = curve.weights[r as usize];
                curve.cover.row(r as usize).iter().for_each(|&s| self.gains[s as usize] += weight);
            }
        }
    }

    /// The site that adds most, of equals the lowest; none where nothing adds anything.
    fn best_addition(&self, curve: &Curve) -> Option<(u32, u64)> {
        let best =
            curve.sites.iter().map(|&s| (s, self.gains[s as usize])).max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        best.filter(|&(_, gain)| gain > 0)
    }

    /// The place in `set` of the site whose closing loses least, and the loss.
    fn least_loss(&self, curve: &Curve, set: &[u32]) -> Option<(usize, u64)> {
        let only = |&s: &u32| -> u64 {
            let rows = curve.by_site.rows(s as usize).iter();
            rows.filter(|&&r| self.times[r as usize] == 1).map(|&r| curve.weights[r as usize]).sum()
        };
        set.iter().map(only).enumerate().min_by_key(|&(at, loss)| (loss, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    /// The best of every number, by trying all sets.
    fn brute_force(problem: &Problem) -> Vec<u64> {
        let n = problem.cover.n_sites();
        let mut best = vec![0; n + 1];
        for set in 0..1_u32 << n {
            let open: Vec<bool> = (0..n).map(|s| set >> s & 1 == 1).collect();
            let right = (0..n).all(|s| if problem.fixed[s] { open[s] } else { !open[s] || problem.eligible[s] });
            if right {
                let k = set.count_ones() as usize;
                best[k] = best[k].max(problem.cover.covered_weight(problem.weights, &open));
            }
        }
        for k in 1..=n {
            best[k] = best[k].max(best[k - 1]);
        }
        best
    }

    fn draw_table(draw: &mut Draw, n_rows: usize, n_sites: usize) -> CoverTable {
        let mut pairs = Vec::new();
        for r in 0..n_rows as u32 {
            for s in 0..n_sites as u32 {
                if draw.below(3) == 0 {
                    pairs.push((r, s));
                }
            }
        }
        CoverTable::from_pairs(n_rows, n_sites, &pairs).unwrap()
    }

    #[test]
    fn the_curve_by_hand() {
        // Rows 1, 2, 4, 8, 16, 32. Site 0: rows 0–3 = 15; 1: rows 2, 4 = 20; 2: rows 3, 5 = 40; 3: row 5 = 32.
        let pairs = [(0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (4, 1), (3, 2), (5, 2), (5, 3)];
        let cover = CoverTable::from_pairs(6, 4, &pairs).unwrap();
        let problem = Problem {
            cover: &cover,
            weights: &[1, 2, 4, 8, 16, 32],
            fixed: &[false; 4],
            eligible: &[true; 4],
            most: None,
        };
        // One: site 2. Two: 1 and 2 = 60. Three: 0, 1 and 2 (or 3) = 63, which is everything.
        let found = solve(&problem, &Limits::default()).unwrap();
        let told: Vec<_> = found.points.iter().map(|p| (p.sites, p.objective, p.bound)).collect();
        assert_eq!(told, [(0, 0, 0), (1, 40, 40), (2, 60, 60), (3, 63, 63)]);
        assert_eq!(found.coverable, 63);
        // With site 3 standing it begins at 32; then 1 adds 20; then 0 adds 1 + 2 + 8.
        let fixed = Problem { fixed: &[false, false, false, true], ..problem };
        let found = solve(&fixed, &Limits::default()).unwrap();
        let told: Vec<_> = found.points.iter().map(|p| (p.sites, p.objective)).collect();
        assert_eq!(told, [(1, 32), (2, 52), (3, 63)]);
        assert_eq!(found.points[1].chosen, [1, 3]);
    }

    #[test]
    fn it_agrees_with_brute_force() {
        for seed in 0..600 {
            let mut draw = Draw::new(seed);
            let (n_rows, n_sites) = (1 + draw.below(14), 1 + draw.below(8));
            let cover = draw_table(&mut draw, n_rows, n_sites);
            let weights: Vec<u64> = (0..n_rows).map(|_| draw.below(20) as u64).collect();
            let fixed: Vec<bool> = (0..n_sites).map(|_| draw.below(6) == 0).collect();
            let eligible: Vec<bool> = (0..n_sites).map(|_| draw.below(6) > 0).collect();
            let problem = Problem { cover: &cover, weights: &weights, fixed: &fixed, eligible: &eligible, most: None };
            let best = brute_force(&problem);
            let found = solve(&problem, &Limits::default()).unwrap();
            for point in &found.points {
                assert_eq!(
                    (point.objective, point.bound),
                    (best[point.sites], best[point.sites]),
                    "seed {seed}: {point:?}"
                );
                assert_eq!(point.status, Status::Optimal, "seed {seed}");
            }
            let all = *best.last().unwrap();
            assert_eq!((found.coverable, found.points.last().unwrap().objective), (all, all), "seed {seed}");
            // It stops at the fewest that cover everything.
            let fewest = (fixed.iter().filter(|f| **f).count()..).find(|&k| best[k.min(n_sites)] == all).unwrap();
            assert_eq!(found.points.last().unwrap().sites, fewest, "seed {seed}");
        }
    }

    #[test]
    fn bounds_hold_when_the_time_is_over_at_once() {
        for seed in 0..60 {
            let mut draw = Draw::new(1000 + seed);
            let cover = draw_table(&mut draw, 40, 12);
            let weights: Vec<u64> = (0..40).map(|_| draw.below(50) as u64).collect();
            let problem =
                Problem { cover: &cover, weights: &weights, fixed: &[false; 12], eligible: &[true; 12], most: None };
            let best = brute_force(&problem);
            let limits = Limits { time_limit_s: Some(1e-9), ..Limits::default() };
            let found = solve(&problem, &limits).unwrap();
            for point in &found.points {
                assert!(
                    point.objective <= best[point.sites] && best[point.sites] <= point.bound,
                    "seed {seed}: {point:?}"
                );
                assert_eq!(point.objective == point.bound, point.status == Status::Optimal, "seed {seed}");
            }
        }
    }

    #[test]
    fn prices_alone_are_near() {
        // 400 rows and 40 sites: the prices alone and greedy sets must be within a tenth of each other at every number.
        let mut draw = Draw::new(7);
        let pairs: Vec<(u32, u32)> =
            (0..400).flat_map(|r| (0..40).map(move |s| (r, s))).filter(|_| draw.below(12) == 0).collect();
        let cover = CoverTable::from_pairs(400, 40, &pairs).unwrap();
        let weights: Vec<u64> = (0..400).map(|_| 1000 + draw.below(5000) as u64).collect();
        let problem =
            Problem { cover: &cover, weights: &weights, fixed: &[false; 40], eligible: &[true; 40], most: None };
        let mut progress = Progress::begin(&Limits::default()).unwrap();
        let mut curve = Curve::new(&problem, &mut progress);
        curve.greedy();
        curve.prices(&progress);
        for k in 1..curve.sets.len() {
            let gap = 1.0 - curve.sets[k].1 as f64 / curve.bounds[k] as f64;
            assert!((0.0..0.1).contains(&gap), "{k}: {gap}");
        }
    }
}
