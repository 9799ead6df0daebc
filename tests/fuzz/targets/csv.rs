//! Tables of sites, points, people and survey answers, as CSV or Parquet.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, tables};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("csv"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tables::table(&SCRATCH, bytes);
});
