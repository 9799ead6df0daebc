//! The download client against servers in memory that answer with any bytes at all, and the records it keeps.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gandan::ingest::download::{Downloads, Looks, Settings, Source};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

use super::{Scratch, Tally, must};

/// Stands between the answers of one input, and between records and the files that they tell of.
const BETWEEN: &[u8] = b"\n--\n";
/// No input is larger, in bytes.
const MOST_BYTES: usize = 1 << 16;
/// In how many pieces an answer comes, so that a client sees a head without its end and a body bit by bit.
const PIECES: usize = 3;
/// The address that is asked for. Redirects may lead anywhere: every connection ends here.
const URL: &str = "http://localhost/town.bin";

/// Servers in memory: the answers that are left, one for each connection.
#[derive(Debug, Clone, Default)]
struct Servers(Arc<Mutex<std::vec::IntoIter<Vec<u8>>>>);

impl Connector for Servers {
    type Out = Answering;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Answering>, ureq::Error> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).next();
        let left = answer.ok_or(ureq::Error::ConnectionFailed)?;
        let piece = left.len().div_ceil(PIECES).max(1);
        Ok(Some(Answering { left, piece, buffers: LazyBuffers::new(1 << 14, 1 << 14) }))
    }
}

/// A server that hears nothing, says its answer and hangs up.
#[derive(Debug)]
struct Answering {
    left: Vec<u8>,
    piece: usize,
    buffers: LazyBuffers,
}

impl Transport for Answering {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let room = self.buffers.input_append_buf();
        let said = self.piece.min(self.left.len()).min(room.len());
        for (to, from) in room.iter_mut().zip(self.left.drain(..said)) {
            *to = from;
        }
        self.buffers.input_appended(said);
        Ok(said > 0)
    }

    fn is_open(&mut self) -> bool {
        !self.left.is_empty()
    }
}

/// Lets the client fetch a file: `answers` are what the servers say, in order.
fn fetch(scratch: &Scratch, answers: Vec<Vec<u8>>) -> Tally {
    let folder = scratch.folder().join("fetched");
    let _ = std::fs::remove_dir_all(&folder);
    let most = answers.iter().map(Vec::len).max().unwrap_or(0);
    let servers = Servers(Arc::new(Mutex::new(answers.into_iter())));
    let mut source = Source::new(vec![URL.into()], Looks::Any);
    source.md5 = true;
    let mut tally = Tally::default();
    let downloads = Downloads::over(folder.clone(), settings(false), servers);
    if let Some(fetched) = tally.judge(downloads.get(&source, &|_| {})) {
        let bytes = must(std::fs::read(&fetched.path));
        assert!(!bytes.is_empty() && bytes.len() as u64 == fetched.record.bytes, "{:?}", fetched.record);
        // Tries go on where the last broke off, so that a file may be put together from all answers.
        assert!(bytes.len() <= most * 80, "{} bytes from answers of {most} bytes", bytes.len());
        // It is there for the next run, which does without the network.
        let again = Downloads::over(folder, settings(true), Servers::default());
        let again = must(again.get(&source, &|_| {}));
        assert!(again.reused && again.record.sha256 == fetched.record.sha256);
    } else {
        assert!(!folder.join("town.bin").exists(), "a file that was refused is in place");
    }
    let _ = downloads.size(&source);
    tally
}

/// Answers of a server, with `--` on a line of its own between them; or, where they begin with `{`, the record of fetched
/// files, the record of one half fetched, and that file.
///
/// # Panics
/// Something that must hold does not.
pub fn download(scratch: &Scratch, bytes: &[u8]) -> Tally {
    if bytes.len() > MOST_BYTES {
        return Tally::default();
    }
    let parts = split(bytes);
    if bytes.starts_with(b"{") { records(scratch, &parts) } else { fetch(scratch, parts) }
}

/// What an earlier run has left in the folder.
fn records(scratch: &Scratch, parts: &[Vec<u8>]) -> Tally {
    let folder = scratch.folder().join("kept");
    let _ = std::fs::remove_dir_all(&folder);
    must(std::fs::create_dir_all(&folder));
    let part = |i: usize| parts.get(i).map(Vec::as_slice).unwrap_or_default();
    must(std::fs::write(folder.join("fetched.json"), part(0)));
    must(std::fs::write(folder.join("town.bin.part.json"), part(1)));
    must(std::fs::write(folder.join("town.bin.part"), part(2)));
    if parts.len() > 3 {
        must(std::fs::write(folder.join("town.bin"), part(3)));
    }
    let source = Source::new(vec![URL.into()], Looks::Any);
    let mut tally = Tally::default();
    for offline in [true, false] {
        let downloads = Downloads::over(folder.clone(), settings(offline), Servers::default());
        tally.judge(downloads.get(&source, &|_| {}));
    }
    tally
}

/// No waiting: a server in memory answers at once or never.
fn settings(offline: bool) -> Settings {
    Settings {
        tries: 2,
        connect_timeout: Duration::from_secs(2),
        stall_timeout: Duration::from_secs(2),
        first_wait: Duration::ZERO,
        slowest_bytes_per_s: 0,
        most_bytes: 1 << 20,
        longest_wait: Duration::ZERO,
        proxy: false,
        refresh: false,
        offline,
    }
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest.windows(BETWEEN.len()).position(|w| w == BETWEEN) {
        parts.push(rest[..at].to_vec());
        rest = &rest[at + BETWEEN.len()..];
    }
    parts.push(rest.to_vec());
    parts
}
