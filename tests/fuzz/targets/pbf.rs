//! OpenStreetMap extracts: a PBF file, or one block of it.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, roads};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("pbf"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    roads::pbf(&SCRATCH, bytes);
});
