//! Scenarios and catalogues of services in TOML.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, tables};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("scenario"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tables::toml(&SCRATCH, bytes);
});
