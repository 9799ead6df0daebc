//! Lossless reductions: fewer rows and sites, the same best answer.

use std::collections::HashMap;

use super::cover::{CoverTable, SiteRows};

/// The class of a row that no usable site serves.
pub const NO_CLASS: u32 = u32::MAX;

/// Rows with the same cover set, merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The cover set of each class, none empty, no two equal, in order of first appearance.
    pub cover: CoverTable,
    /// For each weight vector given, its sum over the rows of each class.
    pub weights: Vec<Vec<u64>>,
    /// The class of each row, [`NO_CLASS`] where its usable cover set is empty.
    pub class_of: Vec<u32>,
}

/// Merges rows whose cover sets are equal once sites that are not `usable` (one flag a site) are taken out.
///
/// `weights` holds any number of vectors with one weight a row (one for each phase or group, say); the caller sees to
/// it that no vector's sum overflows. Lossless for coverage, whatever is chosen among the usable sites; not for
/// distances. Two sets count as equal only after comparing them; their hashes merely find the candidates.
pub fn merge(cover: &CoverTable, weights: &[&[u64]], usable: &[bool]) -> Merged {
    let mut offsets = vec![0];
    let mut sites: Vec<u32> = Vec::new();
    let mut sums = vec![Vec::new(); weights.len()];
    let mut class_of = Vec::with_capacity(cover.n_rows());
    // Hash → the last class with that hash; `earlier` leads on to the one before it.
    let mut last: HashMap<u64, u32> = HashMap::new();
    let mut earlier: Vec<u32> = Vec::new();
    let mut set: Vec<u32> = Vec::new();
    for (r, row) in cover.rows().enumerate() {
        set.clear();
        set.extend(row.iter().copied().filter(|&s| usable[s as usize]));
        if set.is_empty() {
            class_of.push(NO_CLASS);
            continue;
        }
        let hash = hash(&set);
        let head = last.get(&hash).copied().unwrap_or(NO_CLASS);
        let mut class = head;
        while class != NO_CLASS && sites[offsets[class as usize]..offsets[class as usize + 1]] != set[..] {
            class = earlier[class as usize];
        }
        if class == NO_CLASS {
            class = earlier.len() as u32;
            sites.extend_from_slice(&set);
            offsets.push(sites.len());
            earlier.push(head);
            last.insert(hash, class);
            sums.iter_mut().for_each(|sum| sum.push(0));
        }
        for (sum, w) in sums.iter_mut().zip(weights) {
            sum[class as usize] += w[r];
        }
        class_of.push(class);
    }
    let cover = CoverTable::from_sorted(offsets, sites, cover.n_sites());
    Merged { cover, weights: sums, class_of }
}

/// FNV-1a over whole words, with a final mix.
fn hash(set: &[u32]) -> u64 {
    let mut h = set.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &s| {
        (h ^ u64::from(s)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
    });
    h ^= h >> 32;
    h.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What is left of a set covering problem after reduction. Rows and sites keep their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// Sites that stand in at least one cheapest cover of what was given, ascending: open them.
    pub forced: Vec<u32>,
    /// Rows still to be covered, ascending.
    pub rows: Vec<u32>,
    /// Sites still to be decided, ascending. Every other site that is not forced can stay closed.
    pub sites: Vec<u32>,
    /// Rounds until nothing changed.
    pub rounds: usize,
}

/// Reduces a set covering problem to its kernel: sites that alone serve a row are forced, a row whose cover set holds
/// another row's is dropped, a site that serves no more than another at no less cost is dropped, until nothing changes.
///
/// A cheapest cover of the kernel together with the forced sites is a cheapest cover of all rows. Rows without any
/// site are ignored.
pub fn reduce_set_cover(cover: &CoverTable, costs: &[u64]) -> Kernel {
    let by_site = cover.by_site();
    let mut kept = Kept {
        row: cover.rows().map(|row| !row.is_empty()).collect(),
        site: (0..cover.n_sites()).map(|s| !by_site.rows(s).is_empty()).collect(),
    };
    let mut forced = Vec::new();
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut changed = force(cover, &by_site, &mut kept, &mut forced);
        changed |= drop_sites(cover, &by_site, costs, &mut kept);
        changed |= drop_rows(cover, &by_site, &mut kept);
        if !changed {
            break;
        }
    }
    forced.sort_unstable();
    let numbers = |kept: &[bool]| (0..kept.len() as u32).filter(|&i| kept[i as usize]).collect();
    Kernel { forced, rows: numbers(&kept.row), sites: numbers(&kept.site), rounds }
}

struct Kept {
    row: Vec<bool>,
    site: Vec<bool>,
}

impl Kept {
    fn sites_of<'a>(&'a self, cover: &'a CoverTable, r: usize) -> impl Iterator<Item = u32> + 'a {
        cover.row(r).iter().copied().filter(|&s| self.site[s as usize])
    }

    fn rows_of<'a>(&'a self, by_site: &'a SiteRows, s: usize) -> impl Iterator<Item = u32> + 'a {
        by_site.rows(s).iter().copied().filter(|&r| self.row[r as usize])
    }
}

/// Opens every site that alone serves a row, and takes away the rows it serves.
fn force(cover: &CoverTable, by_site: &SiteRows, kept: &mut Kept, forced: &mut Vec<u32>) -> bool {
    let before = forced.len();
    for r in 0..cover.n_rows() {
        if !kept.row[r] {
            continue;
        }
        let mut sites = kept.sites_of(cover, r);
        if let (Some(only), None) = (sites.next(), sites.next()) {
            drop(sites);
            forced.push(only);
            kept.site[only as usize] = false;
            for &covered in by_site.rows(only as usize) {
                kept.row[covered as usize] = false;
            }
        }
    }
    forced.len() > before
}

/// Drops every site that another one replaces: it serves at least the same rows and costs no more. Of two that replace
/// each other the lower stays.
fn drop_sites(cover: &CoverTable, by_site: &SiteRows, costs: &[u64], kept: &mut Kept) -> bool {
    let signs: Vec<u64> =
        (0..cover.n_sites()).map(|s| kept.rows_of(by_site, s).fold(0, |sign, r| sign | 1 << (r % 64))).collect();
    let counts: Vec<usize> = (0..cover.n_sites()).map(|s| kept.rows_of(by_site, s).count()).collect();
    let mut changed = false;
    for s in 0..cover.n_sites() {
        if !kept.site[s] {
            continue;
        }
        // Whatever replaces `s` serves all its rows, so it stands in the shortest of them.
        let shortest = kept.rows_of(by_site, s).min_by_key(|&r| cover.row(r as usize).len());
        let replaced = shortest.is_none_or(|r| {
            kept.sites_of(cover, r as usize).map(|other| other as usize).any(|other| {
                other != s
                    && costs[other] <= costs[s]
                    && counts[other] >= counts[s]
                    && signs[s] & !signs[other] == 0
                    && (costs[other] < costs[s] || counts[other] > counts[s] || other < s)
                    && is_subset(kept.rows_of(by_site, s), by_site.rows(other))
            })
        });
        if replaced {
            kept.site[s] = false;
            changed = true;
        }
    }
    changed
}

/// Drops every row that is covered whenever another one is: its sites include all of the other's. Of equal rows the
/// lower stays.
fn drop_rows(cover: &CoverTable, by_site: &SiteRows, kept: &mut Kept) -> bool {
    let signs: Vec<u64> =
        (0..cover.n_rows()).map(|r| kept.sites_of(cover, r).fold(0, |sign, s| sign | 1 << (s % 64))).collect();
    let counts: Vec<usize> = (0..cover.n_rows()).map(|r| kept.sites_of(cover, r).count()).collect();
    let mut changed = false;
    for r in 0..cover.n_rows() {
        if !kept.row[r] {
            continue;
        }
        // Rows that hold all of `r`'s sites are served by the site of `r` that serves the fewest.
        let Some(fewest) = kept.sites_of(cover, r).min_by_key(|&s| by_site.rows(s as usize).len()) else { continue };
        for &other in by_site.rows(fewest as usize) {
            let other = other as usize;
            if other != r
                && kept.row[other]
                && counts[other] >= counts[r]
                && signs[r] & !signs[other] == 0
                && (counts[other] > counts[r] || r < other)
                && is_subset(kept.sites_of(cover, r), cover.row(other))
            {
                kept.row[other] = false;
                changed = true;
            }
        }
    }
    changed
}

/// Whether all of `few` (ascending) stand in `many` (ascending).
fn is_subset(few: impl Iterator<Item = u32>, many: &[u32]) -> bool {
    let mut many = many.iter().copied();
    few.into_iter().all(|wanted| many.by_ref().find(|&found| found >= wanted) == Some(wanted))
}

/// Cuts a kernel into parts that share no site, each `(rows, sites)` ascending, in order of their lowest row.
pub fn components(cover: &CoverTable, kernel: &Kernel) -> Vec<(Vec<u32>, Vec<u32>)> {
    let mut undecided = vec![false; cover.n_sites()];
    kernel.sites.iter().for_each(|&s| undecided[s as usize] = true);
    let mut parent: Vec<u32> = (0..cover.n_sites() as u32).collect();
    fn root(parent: &mut [u32], mut s: u32) -> u32 {
        while parent[s as usize] != s {
            parent[s as usize] = parent[parent[s as usize] as usize];
            s = parent[s as usize];
        }
        s
    }
    let sites_of = |r: u32| cover.row(r as usize).iter().copied().filter(|&s| undecided[s as usize]);
    for &r in &kernel.rows {
        let mut sites = sites_of(r);
        if let Some(first) = sites.next() {
            for s in sites {
                let (a, b) = (root(&mut parent, first), root(&mut parent, s));
                parent[a.max(b) as usize] = a.min(b);
            }
        }
    }
    let mut part_of = vec![u32::MAX; cover.n_sites()];
    let mut parts: Vec<(Vec<u32>, Vec<u32>)> = Vec::new();
    for &r in &kernel.rows {
        if let Some(first) = sites_of(r).next() {
            let top = root(&mut parent, first) as usize;
            if part_of[top] == u32::MAX {
                part_of[top] = parts.len() as u32;
                parts.push(Default::default());
            }
            parts[part_of[top] as usize].0.push(r);
        }
    }
    for &s in &kernel.sites {
        let top = root(&mut parent, s) as usize;
        // A site that serves no kept row belongs to no part.
        if let Some(part) = parts.get_mut(part_of[top] as usize) {
            part.1.push(s);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_merge_and_weights_add_up() {
        // Rows 0 and 2 are {0, 1}; row 1 is {1}; row 3 is empty; row 4 is {0, 1, 2} but site 2 is not usable.
        let pairs = [(0, 0), (0, 1), (1, 1), (2, 0), (2, 1), (4, 0), (4, 1), (4, 2)];
        let cover = CoverTable::from_pairs(5, 3, &pairs).unwrap();
        let merged = merge(&cover, &[&[1, 2, 4, 8, 16], &[1, 0, 0, 0, 1]], &[true, true, false]);
        assert_eq!(merged.class_of, [0, 1, 0, NO_CLASS, 0]);
        assert_eq!(merged.cover.rows().collect::<Vec<_>>(), [&[0, 1][..], &[1]]);
        assert_eq!(merged.weights, [[21, 2], [2, 0]]); // 1 + 4 + 16 and 2; 1 + 0 + 1 and 0
    }

    #[test]
    fn a_kernel_by_hand() {
        // Row 0 {0} forces site 0, which also covers row 1 {0, 1}. Row 2 {1, 2} lies within row 3 {1, 2, 3}, which
        // goes; then site 3 serves nothing; sites 1 and 2 serve the same, 2 is cheaper, so 2 is forced.
        let pairs = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)];
        let cover = CoverTable::from_pairs(4, 4, &pairs).unwrap();
        let kernel = reduce_set_cover(&cover, &[9, 5, 4, 1]);
        assert_eq!((kernel.forced, kernel.rows, kernel.sites), (vec![0, 2], vec![], vec![]));
    }

    #[test]
    fn a_cycle_does_not_reduce_and_two_cycles_part() {
        // Rows {0, 1}, {1, 2}, {0, 2} and the same over sites 3, 4, 5.
        let pairs: Vec<_> = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)]
            .iter()
            .enumerate()
            .flat_map(|(r, &(a, b))| [(r as u32, a), (r as u32, b)])
            .collect();
        let cover = CoverTable::from_pairs(6, 6, &pairs).unwrap();
        let kernel = reduce_set_cover(&cover, &[1; 6]);
        assert_eq!((kernel.forced.len(), kernel.rows.len(), kernel.sites.len()), (0, 6, 6));
        let parts = components(&cover, &kernel);
        assert_eq!(parts, [(vec![0, 1, 2], vec![0, 1, 2]), (vec![3, 4, 5], vec![3, 4, 5])]);
    }
}
