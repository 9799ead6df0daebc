//! How much memory a run takes, stage by stage: estimated before the work, and held against a limit.
//!
//! The numbers behind the estimates are measured (`docs/decisions/0016-limits.md`): an estimate is a guess that is meant
//! to lie between what is needed and twice that, no promise.

use std::fmt::Write as _;

use crate::error::{Error, Fault, Result};
use crate::limits::mib;

/// What the program takes before it has read anything, in bytes.
pub const BASE_BYTES: u64 = 50 << 20;

/// What one stage takes at its peak, with all that stands in memory then.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Need {
    /// The stage, as it is shown.
    pub stage: &'static str,
    /// In bytes.
    pub bytes: u64,
    /// Of what, with the numbers it was reckoned from.
    pub of: String,
}

/// An estimate.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Estimate {
    /// By stage, in the order of the run.
    pub needs: Vec<Need>,
    /// Whether it was made from the sizes of files, so that the truth may be half.
    pub rough: bool,
}

impl Estimate {
    /// Adds a stage.
    pub fn add(&mut self, stage: &'static str, bytes: u64, of: String) {
        self.needs.push(Need { stage, bytes, of });
    }

    /// The stage that takes most.
    pub fn largest(&self) -> Option<&Need> {
        self.needs.iter().max_by_key(|need| need.bytes)
    }

    /// What is needed in all, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.largest().map_or(0, |need| need.bytes)
    }

    /// A line for each stage, with how much it takes and of what.
    pub fn table(&self) -> String {
        let width = self.needs.iter().map(|need| need.stage.len()).max().unwrap_or(0);
        let mut lines = String::new();
        for Need { stage, bytes, of } in &self.needs {
            let _ = writeln!(lines, "  {stage:<width$}  {:>10}  {of}", mib(*bytes));
        }
        lines
    }

    /// Passes if it fits into `most` bytes. Of a rough estimate, up to 2.1 times too much where it was
    /// measured, only two fifths are believed.
    ///
    /// # Errors
    /// `memory::needed`, with the table.
    pub fn fits(&self, most: Option<u64>) -> Result<()> {
        let (Some(most), Some(largest)) = (most, self.largest()) else { return Ok(()) };
        let sure = if self.rough { largest.bytes / 5 * 2 } else { largest.bytes };
        if sure <= most {
            return Ok(());
        }
        let about = if self.rough { "roughly" } else { "about" };
        let message = format!("{about} {} are needed, and --max-memory allows {}", mib(largest.bytes), mib(most));
        Err(Fault::new("memory::needed", message)
            .place(format!("stage `{}`", largest.stage))
            .help(format!("by stage:\n{}{LESS}", self.table()))
            .into())
    }
}

/// What makes a run take less.
const LESS: &str = "to need less: larger cells (`cell_m` under [population]), a smaller study area, fewer modes, fewer \
                    candidate sites, roads cut to the study area (`gandan fetch`, `osmium extract`); or allow more";

/// Fails if the process has held more than `most` bytes during a stage.
///
/// # Errors
/// `memory::passed`.
pub fn held(stage: &str, peak_mib: Option<f64>, most: Option<u64>) -> Result<()> {
    let (Some(peak_mib), Some(most)) = (peak_mib, most) else { return Ok(()) };
    // `as` saturates.
    let peak = (peak_mib * 1_048_576.0) as u64;
    if peak <= most {
        return Ok(());
    }
    let message = format!("the process held {}, and --max-memory allows {}", mib(peak), mib(most));
    Err(Error::from(Fault::new("memory::passed", message).place(format!("stage `{stage}`")).help(LESS)))
}

/// Memory of the process now, in bytes, where the system tells (`VmRSS` of `proc_pid_status(5)`).
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// A size as people write it, in bytes: `2GiB`, `800 MB`, `1.5g`; a number alone is in bytes. `K`, `M`, `G` and `T` by
/// themselves and with `iB` count in 1024, with `B` in 1000.
///
/// # Errors
/// What is wrong with it, in words.
pub fn size(text: &str) -> Result<u64, String> {
    let plain = text.trim().to_ascii_lowercase();
    let end = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at(end);
    let unit = unit.trim();
    let letters = ["k", "m", "g", "t"];
    let power = |of: f64, ending: &str| {
        letters.iter().position(|l| unit.strip_suffix(ending) == Some(l)).map(|i| of.powi(i as i32 + 1))
    };
    let scale = match unit {
        "" | "b" => Some(1.0),
        _ => power(1024.0, "ib").or_else(|| power(1024.0, "")).or_else(|| power(1000.0, "b")),
    };
    let expected = "give a size such as 2GiB, 800MB or 1.5G";
    let (Some(scale), Ok(number)) = (scale, number.parse::<f64>()) else {
        return Err(expected.into());
    };
    let bytes = number * scale;
    if !(1_048_576.0..=1e18).contains(&bytes) {
        return Err(format!("{expected}, at least 1MiB"));
    }
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("2GiB", 2_147_483_648),
            ("2g", 2_147_483_648),
            ("2 GB", 2_000_000_000),
            ("800 MB", 800_000_000),
            ("1.5G", 1_610_612_736),
            ("1048576", 1_048_576),
            ("2000000b", 2_000_000),
            ("1TiB", 1 << 40),
            ("4096KiB", 4 << 20),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "much", "-2G", "2X", "1K", "1.2.3G", "1e9", "9999999TB", "GiB", "2 G iB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    fn estimate(rough: bool) -> Estimate {
        let mut estimate = Estimate { rough, ..Estimate::default() };
        estimate.add("read roads", 100 << 20, "7 nodes".into());
        estimate.add("optimise", 300 << 20, "9 pairs".into());
        estimate.add("write", 200 << 20, "5 cells".into());
        estimate
    }

    #[test]
    fn what_fits_passes_and_what_does_not_is_told_by_stage() {
        assert_eq!(estimate(false).peak_bytes(), 300 << 20);
        assert!(estimate(false).fits(None).is_ok());
        assert!(estimate(false).fits(Some(300 << 20)).is_ok());
        let error = estimate(false).fits(Some((300 << 20) - 1)).unwrap_err();
        let fault = &error.faults()[0];
        assert_eq!((fault.code, fault.place.as_deref()), ("memory::needed", Some("stage `optimise`")));
        assert_eq!(fault.message, "about 300 MiB are needed, and --max-memory allows 300 MiB");
        let help = fault.help.as_deref().unwrap();
        assert!(help.contains("  read roads     100 MiB  7 nodes\n  optimise       300 MiB  9 pairs\n"), "{help}");
        // A rough estimate refuses only what is two and a half times too much.
        assert!(estimate(true).fits(Some(120 << 20)).is_ok());
        assert!(estimate(true).fits(Some((120 << 20) - 1)).is_err());
    }

    #[test]
    fn what_was_held_is_held_against_the_limit() {
        assert!(held("optimise", Some(100.0), Some(100 << 20)).is_ok());
        assert!(held("optimise", None, Some(1)).is_ok());
        assert!(held("optimise", Some(1e9), None).is_ok());
        let error = held("optimise", Some(101.0), Some(100 << 20)).unwrap_err();
        assert_eq!(error.faults()[0].message, "the process held 101 MiB, and --max-memory allows 100 MiB");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_this_process_is_known() {
        assert!((1 << 20..1 << 40).contains(&resident_bytes().unwrap()));
    }
}
