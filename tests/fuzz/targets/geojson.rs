//! Boundaries and their repair, study areas and sites, as GeoJSON or GeoParquet.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, shapes};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("geojson"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shapes::geojson(&SCRATCH, bytes);
});
