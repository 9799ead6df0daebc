//! The decisions of nested maximal covering as 0–1 variables, and what is settled of them.

use super::super::phase_search::{NEVER, Stage};

/// No variable: the site cannot be open in that stage.
pub(crate) const NONE: u32 = u32::MAX;

/// A stage and a row of it that must be covered.
pub(crate) type Forced = (u32, u32);

/// What is settled of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Nothing yet.
    Free,
    /// It is 0.
    Closed,
    /// It is 1.
    Open,
}

/// The variables: "site `s` is open by the end of stage `t`". A site that may not be opened in a stage shares the
/// variable of the stage before.
pub(crate) struct Nested<'a> {
    pub(crate) stages: &'a [Stage],
    pub(crate) costs: &'a [u64],
    /// `of[t][s]`: the variable of site `s` in stage `t`, or [`NONE`].
    pub(crate) of: Vec<Vec<u32>>,
    /// The site of each variable.
    pub(crate) site: Vec<u32>,
    /// The first stage of each variable.
    pub(crate) stage: Vec<u32>,
    /// The variables of each site, by stage.
    pub(crate) chain: Vec<Vec<u32>>,
    /// The sum of all weights: no plan covers more.
    pub(crate) total: u64,
}

impl<'a> Nested<'a> {
    pub(crate) fn new(stages: &'a [Stage], costs: &'a [u64]) -> Self {
        let n = costs.len();
        let mut of: Vec<Vec<u32>> = Vec::new();
        let (mut site, mut first, mut chain) = (Vec::new(), Vec::new(), vec![Vec::new(); n]);
        for (t, stage) in stages.iter().enumerate() {
            let mut now = of.last().cloned().unwrap_or_else(|| vec![NONE; n]);
            for s in (0..n).filter(|&s| stage.allowed[s]) {
                now[s] = site.len() as u32;
                chain[s].push(site.len() as u32);
                site.push(s as u32);
                first.push(t as u32);
            }
            of.push(now);
        }
        let total = stages.iter().flat_map(|stage| &stage.weights).sum();
        Nested { stages, costs, of, site, stage: first, chain, total }
    }

    /// Number of variables.
    pub(crate) fn n_vars(&self) -> usize {
        self.site.len()
    }

    /// The variables of the sites that serve a row, in its stage.
    pub(crate) fn serving(&self, (t, r): Forced) -> impl Iterator<Item = u32> + '_ {
        let of = &self.of[t as usize];
        self.stages[t as usize].cover.row(r as usize).iter().map(|&s| of[s as usize]).filter(|&v| v != NONE)
    }

    /// Settles a variable and those that follow from it: open stays open, closed was closed before.
    pub(crate) fn settle(&self, domain: &mut [Set], var: u32, set: Set) {
        let chain = &self.chain[self.site[var as usize] as usize];
        let at = chain.partition_point(|&v| v < var);
        let range = match set {
            Set::Open => &chain[at..],
            Set::Closed => &chain[..=at],
            Set::Free => return,
        };
        range.iter().for_each(|&v| domain[v as usize] = set);
    }

    /// The stage in which each site opens, where `open` tells which variables are 1.
    pub(crate) fn slots(&self, open: impl Fn(u32) -> bool) -> Vec<usize> {
        let slot =
            |chain: &Vec<u32>| chain.iter().find(|&&v| open(v)).map_or(NEVER, |&v| self.stage[v as usize] as usize);
        self.chain.iter().map(slot).collect()
    }

    /// The value of each variable in a plan.
    pub(crate) fn values(&self, slots: &[usize]) -> Vec<f64> {
        let value = |v: usize| f64::from(u8::from(slots[self.site[v] as usize] <= self.stage[v] as usize));
        (0..self.n_vars()).map(value).collect()
    }
}
