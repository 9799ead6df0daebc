//! A wrong file often has the same fault in every row: a few examples and the count say more than all of them.

use crate::error::{Error, Fault, Result};

/// How many faults of one code are shown.
pub(crate) const SHOWN: usize = 10;

/// Faults of one file; of each code the first [`SHOWN`] are kept and the others counted.
#[derive(Debug, Default)]
pub(crate) struct FewFaults {
    kept: Vec<Fault>,
    /// Code, and how many were found of it. A handful of codes at most, so a list is enough.
    counts: Vec<(&'static str, usize)>,
}

impl FewFaults {
    /// Adds one, or only counts it.
    pub(crate) fn push(&mut self, fault: Fault) {
        let at = self.counts.iter().position(|(code, _)| *code == fault.code).unwrap_or_else(|| {
            self.counts.push((fault.code, 0));
            self.counts.len() - 1
        });
        self.counts[at].1 += 1;
        if self.counts[at].1 <= SHOWN {
            self.kept.push(fault);
        }
    }

    /// `Ok` when there are none. The last fault shown of a code says how many more there are.
    pub(crate) fn finish(mut self) -> Result<()> {
        for (code, count) in self.counts.iter().filter(|(_, count)| *count > SHOWN) {
            if let Some(last) = self.kept.iter_mut().rev().find(|f| f.code == *code) {
                last.message = format!("{} (and {} more like this)", last.message, count - SHOWN);
            }
        }
        if self.kept.is_empty() { Ok(()) } else { Err(Error::Input(self.kept)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_a_code_are_shown_and_the_others_counted() {
        let mut few = FewFaults::default();
        for i in 0..13 {
            few.push(Fault::new("a", format!("a{i}")));
        }
        few.push(Fault::new("b", "b0"));
        let error = few.finish().unwrap_err();
        // 10 of the 13 a's, and the b.
        assert_eq!(error.faults().len(), 11);
        assert_eq!(error.faults()[9].message, "a9 (and 3 more like this)");
        assert_eq!(error.faults()[10].message, "b0");
    }
}
