//! The download client: a server's answers, and the records that earlier runs have left.
#![no_main]

use std::sync::LazyLock;

use gandan_fuzz::Scratch;
use gandan_fuzz::download::{Server, download};

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("download"));
static SERVER: LazyLock<Server> = LazyLock::new(Server::new);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    download(&SCRATCH, &SERVER, bytes);
});
