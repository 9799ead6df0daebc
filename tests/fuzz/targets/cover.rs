//! The tables of `gandan optimise`, CSV or Parquet, read and solved.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, cover};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("cover"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cover::cover(&SCRATCH, bytes);
});
