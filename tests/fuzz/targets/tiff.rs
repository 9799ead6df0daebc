//! Grids of people as GeoTIFF.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, shapes};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("tiff"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shapes::tiff(&SCRATCH, bytes);
});
