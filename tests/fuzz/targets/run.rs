//! A finished run with other bytes in its tables or its manifest, read by `verify`, `report`, `plot` and the like.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use gandan_fuzz::Scratch;
use gandan_fuzz::run::{Base, edited};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("run"));
static BASE: LazyLock<Base> =
    LazyLock::new(|| Base::make(&SCRATCH, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo")));

libfuzzer_sys::fuzz_target!(
    // To plan the run takes a moment, which no input is to blame for.
    init: {
        LazyLock::force(&BASE);
    },
    |bytes: &[u8]| {
        edited(&BASE, bytes);
    }
);
