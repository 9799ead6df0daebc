//! Which sites serve which demand rows, in compressed rows.

use crate::error::{Fault, Faults, Result};

/// One flag a site, set for those in `open`; each must be below `n_sites`.
pub fn open_flags(n_sites: usize, open: &[u32]) -> Vec<bool> {
    let mut flags = vec![false; n_sites];
    open.iter().for_each(|&s| flags[s as usize] = true);
    flags
}

/// The cover set of every demand row: the sites that serve it, ascending.
///
/// Takes 4 bytes a pair and 8 bytes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverTable {
    offsets: Vec<usize>,
    sites: Vec<u32>,
    n_sites: usize,
}

/// As [`CoverTable`], with what it costs each row to be served by each of its sites (travel time, say).
///
/// Takes 12 bytes a pair and 8 bytes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostTable {
    cover: CoverTable,
    costs: Vec<u64>,
}

/// The rows of every site: a [`CoverTable`] turned round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRows {
    offsets: Vec<usize>,
    rows: Vec<u32>,
}

impl CoverTable {
    /// Builds the table from `(row, site)` pairs in any order.
    ///
    /// # Errors
    /// `optimise::pair` where a row or site is out of range or a pair stands twice; `optimise::size` where there are
    /// more than 2³² − 1 rows or sites.
    pub fn from_pairs(n_rows: usize, n_sites: usize, pairs: &[(u32, u32)]) -> Result<Self> {
        let (offsets, order) = by_row(n_rows, n_sites, pairs)?;
        let sites = order.into_iter().map(|at| pairs[at].1).collect();
        Ok(CoverTable { offsets, sites, n_sites })
    }

    /// Takes the table as it is: row `r` is served by `sites[offsets[r]..offsets[r + 1]]`.
    ///
    /// # Errors
    /// `optimise::table` where the offsets do not rise from 0 to `sites.len()`, or a row's sites are not strictly
    /// ascending and below `n_sites`; `optimise::size` as in [`CoverTable::from_pairs`].
    pub fn from_parts(offsets: Vec<usize>, sites: Vec<u32>, n_sites: usize) -> Result<Self> {
        let fault = |message: String| Fault::new("optimise::table", message).help("this is a fault in the caller");
        if offsets.first() != Some(&0) || offsets.last() != Some(&sites.len()) || !offsets.is_sorted() {
            return Err(fault("the offsets do not rise from 0 to the number of pairs".into()).into());
        }
        check_size(offsets.len() - 1, n_sites)?;
        let table = CoverTable { offsets, sites, n_sites };
        for (r, row) in table.rows().enumerate() {
            if !row.is_sorted_by(|a, b| a < b) || row.last().is_some_and(|&s| s as usize >= n_sites) {
                return Err(fault(format!("row {r}: sites must ascend strictly and be below {n_sites}")).into());
            }
        }
        Ok(table)
    }

    /// From rows that are right by construction.
    pub(super) fn from_rows<'a>(rows: impl Iterator<Item = &'a [u32]>, n_sites: usize) -> Self {
        let (mut offsets, mut sites) = (vec![0], Vec::new());
        for row in rows {
            sites.extend_from_slice(row);
            offsets.push(sites.len());
        }
        CoverTable { offsets, sites, n_sites }
    }

    /// As [`CoverTable::from_parts`] for parts that are right by construction.
    pub(super) fn from_sorted(offsets: Vec<usize>, sites: Vec<u32>, n_sites: usize) -> Self {
        CoverTable { offsets, sites, n_sites }
    }

    /// Number of demand rows.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of sites, those that serve nobody included.
    pub fn n_sites(&self) -> usize {
        self.n_sites
    }

    /// Number of (row, site) pairs.
    pub fn n_pairs(&self) -> usize {
        self.sites.len()
    }

    /// The sites that serve row `r`, ascending. Panics where `r` is not below [`CoverTable::n_rows`].
    pub fn row(&self, r: usize) -> &[u32] {
        &self.sites[self.offsets[r]..self.offsets[r + 1]]
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets.windows(2).map(|w| &self.sites[w[0]..w[1]])
    }

    /// Whether a site of `open` (one flag a site) serves row `r`.
    pub fn is_covered(&self, r: usize, open: &[bool]) -> bool {
        self.row(r).iter().any(|&s| open[s as usize])
    }

    /// The sum of `weights` over the rows that the open sites serve.
    pub fn covered_weight(&self, weights: &[u64], open: &[bool]) -> u64 {
        weights.iter().enumerate().filter(|&(r, _)| self.is_covered(r, open)).map(|(_, &w)| w).sum()
    }

    /// The rows of every site.
    pub fn by_site(&self) -> SiteRows {
        let mut offsets = vec![0; self.n_sites + 1];
        for &s in &self.sites {
            offsets[s as usize + 1] += 1;
        }
        for s in 0..self.n_sites {
            offsets[s + 1] += offsets[s];
        }
        let mut next = offsets.clone();
        let mut rows = vec![0; self.sites.len()];
        for (r, row) in self.rows().enumerate() {
            for &s in row {
                rows[next[s as usize]] = r as u32;
                next[s as usize] += 1;
            }
        }
        SiteRows { offsets, rows }
    }
}

impl SiteRows {
    /// The rows that site `s` serves, ascending.
    pub fn rows(&self, s: usize) -> &[u32] {
        &self.rows[self.offsets[s]..self.offsets[s + 1]]
    }
}

impl CostTable {
    /// Builds the table from `(row, site, cost)` triples in any order.
    ///
    /// # Errors
    /// As [`CoverTable::from_pairs`].
    pub fn from_triples(n_rows: usize, n_sites: usize, triples: &[(u32, u32, u64)]) -> Result<Self> {
        let pairs: Vec<(u32, u32)> = triples.iter().map(|&(r, s, _)| (r, s)).collect();
        let (offsets, order) = by_row(n_rows, n_sites, &pairs)?;
        let costs = order.iter().map(|&at| triples[at].2).collect();
        let sites = order.into_iter().map(|at| pairs[at].1).collect();
        Ok(CostTable { cover: CoverTable { offsets, sites, n_sites }, costs })
    }

    /// From triples ascending by row, then site, with every row below `n_rows`.
    pub(super) fn from_ordered(triples: &[(u32, u32, u64)], n_rows: usize, n_sites: usize) -> Self {
        let mut offsets = vec![0; n_rows + 1];
        for &(r, _, _) in triples {
            offsets[r as usize + 1] += 1;
        }
        for r in 0..n_rows {
            offsets[r + 1] += offsets[r];
        }
        let sites = triples.iter().map(|t| t.1).collect();
        CostTable { cover: CoverTable { offsets, sites, n_sites }, costs: triples.iter().map(|t| t.2).collect() }
    }

    /// Puts a cost to every pair of a cover table, in its order.
    ///
    /// # Errors
    /// `optimise::table` where there are not as many costs as pairs.
    pub fn new(cover: CoverTable, costs: Vec<u64>) -> Result<Self> {
        if cover.n_pairs() != costs.len() {
            let message = format!("{} costs for {} pairs", costs.len(), cover.n_pairs());
            return Err(Fault::new("optimise::table", message).help("this is a fault in the caller").into());
        }
        Ok(CostTable { cover, costs })
    }

    /// The pairs without their costs.
    pub fn cover(&self) -> &CoverTable {
        &self.cover
    }

    /// Number of demand rows.
    pub fn n_rows(&self) -> usize {
        self.cover.n_rows()
    }

    /// Number of sites.
    pub fn n_sites(&self) -> usize {
        self.cover.n_sites
    }

    /// The `(site, cost)` pairs of row `r`, sites ascending.
    pub fn row(&self, r: usize) -> impl Iterator<Item = (u32, u64)> + '_ {
        let range = self.cover.offsets[r]..self.cover.offsets[r + 1];
        self.cover.sites[range.clone()].iter().copied().zip(self.costs[range].iter().copied())
    }

    /// The open site that serves row `r` at least cost; the lower site where two are level.
    pub fn nearest(&self, r: usize, open: &[bool]) -> Option<(u32, u64)> {
        self.row(r).filter(|&(s, _)| open[s as usize]).min_by_key(|&(s, cost)| (cost, s))
    }

    /// The largest cost of any pair, 0 in an empty table.
    pub fn largest_cost(&self) -> u64 {
        self.costs.iter().copied().max().unwrap_or(0)
    }
}

fn check_size(n_rows: usize, n_sites: usize) -> Result<()> {
    if u32::try_from(n_rows).is_err() || u32::try_from(n_sites).is_err() || n_rows.max(n_sites) == u32::MAX as usize {
        let message = format!("{n_rows} rows and {n_sites} sites");
        return Err(Fault::new("optimise::size", message).help("at most 4,294,967,294 of each; split the area").into());
    }
    Ok(())
}

/// Offsets of the rows, and the pairs' positions sorted by row, then site.
fn by_row(n_rows: usize, n_sites: usize, pairs: &[(u32, u32)]) -> Result<(Vec<usize>, Vec<usize>)> {
    check_size(n_rows, n_sites)?;
    let mut faults = Faults::default();
    let outside: Vec<_> =
        pairs.iter().filter(|&&(r, s)| r as usize >= n_rows || s as usize >= n_sites).take(10).collect();
    for (r, s) in &outside {
        let message = format!("pair (row {r}, site {s}) is outside {n_rows} rows and {n_sites} sites");
        faults.push(Fault::new("optimise::pair", message).help("number rows and sites from 0"));
    }
    if !outside.is_empty() {
        faults.finish()?;
        return Ok((Vec::new(), Vec::new()));
    }
    let mut offsets = vec![0; n_rows + 1];
    for &(r, _) in pairs {
        offsets[r as usize + 1] += 1;
    }
    for r in 0..n_rows {
        offsets[r + 1] += offsets[r];
    }
    let mut next = offsets.clone();
    let mut order = vec![0; pairs.len()];
    for (at, &(r, _)) in pairs.iter().enumerate() {
        order[next[r as usize]] = at;
        next[r as usize] += 1;
    }
    let mut doubled = 0;
    for r in 0..n_rows {
        let row = &mut order[offsets[r]..offsets[r + 1]];
        row.sort_unstable_by_key(|&at| pairs[at].1);
        for pair in row.windows(2).filter(|w| pairs[w[0]].1 == pairs[w[1]].1) {
            doubled += 1;
            if doubled <= 10 {
                let message = format!("pair (row {r}, site {}) stands twice", pairs[pair[0]].1);
                faults.push(Fault::new("optimise::pair", message).help("keep one line a pair"));
            }
        }
    }
    faults.finish()?;
    Ok((offsets, order))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_turn_round() {
        let table = CoverTable::from_pairs(3, 4, &[(2, 3), (0, 1), (2, 0), (0, 0)]).unwrap();
        assert_eq!(table.rows().collect::<Vec<_>>(), [&[0, 1][..], &[], &[0, 3]]);
        let by_site = table.by_site();
        assert_eq!((by_site.rows(0), by_site.rows(1)), (&[0, 2][..], &[0][..]));
        assert_eq!((by_site.rows(2), by_site.rows(3)), (&[][..], &[2][..]));
        // Site 3 serves row 2 alone.
        assert_eq!(table.covered_weight(&[1, 2, 4], &[false, false, false, true]), 4);
    }

    #[test]
    fn bad_pairs_are_told() {
        let error = CoverTable::from_pairs(1, 1, &[(0, 0), (0, 0)]).unwrap_err();
        assert!(error.to_string().contains("stands twice"), "{error}");
        let error = CoverTable::from_pairs(1, 1, &[(0, 1), (1, 0)]).unwrap_err();
        assert_eq!(error.faults().len(), 2);
        assert!(CoverTable::from_parts(vec![0, 2], vec![1, 0], 2).is_err());
        assert!(CoverTable::from_parts(vec![0, 2], vec![0, 2], 2).is_err());
        assert!(CoverTable::from_parts(vec![0, 1], vec![0, 1], 2).is_err());
        assert!(CoverTable::from_parts(vec![], vec![], 2).is_err());
    }

    #[test]
    fn nearest_prefers_the_lower_site_when_level() {
        let table = CostTable::from_triples(1, 3, &[(0, 2, 5), (0, 1, 5), (0, 0, 9)]).unwrap();
        assert_eq!(table.nearest(0, &[true, true, true]), Some((1, 5)));
        assert_eq!(table.nearest(0, &[true, false, false]), Some((0, 9)));
        assert_eq!(table.nearest(0, &[false; 3]), None);
    }
}
