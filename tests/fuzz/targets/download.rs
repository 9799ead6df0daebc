//! The download client: a server's answers, and the records that earlier runs have left.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::{Scratch, download};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("download"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    download::download(&SCRATCH, bytes);
});
