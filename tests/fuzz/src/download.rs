//! The download client against a server on this machine that answers with any bytes at all, and the records it keeps.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gandan::ingest::download::{Downloads, Looks, Settings, Source};

use super::{Scratch, Tally, must};

/// Stands between the answers of one input, and between records and the files that they tell of.
const BETWEEN: &[u8] = b"\n--\n";
/// In the head of an answer this stands for the server's own address, as every other address does.
const HERE: &str = "//";
/// No input is larger, in bytes.
const MOST_BYTES: usize = 1 << 16;
/// Longer than any answer takes to come on this machine.
const LONG: Duration = Duration::from_secs(2);

/// A server that gives its answers one after another, one a connection, and then none.
pub struct Server {
    port: u16,
    answers: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    /// A server on a free port; it lives as long as the process.
    ///
    /// # Panics
    /// No port is free.
    pub fn new() -> Server {
        let listener = must(TcpListener::bind("127.0.0.1:0"));
        let port = must(listener.local_addr()).port();
        let answers: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let next = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = next.lock().unwrap_or_else(PoisonError::into_inner).pop();
                // A client that has heard enough closes the connection; that is its right.
                let _ = serve(stream, &answer.unwrap_or_default());
            }
        });
        Server { port, answers }
    }

    /// Lets a client fetch a file: `answers` are what the server says, in order.
    ///
    /// # Panics
    /// Something that must hold does not.
    pub fn fetch(&self, scratch: &Scratch, answers: Vec<Vec<u8>>) -> Tally {
        let here = format!("//127.0.0.1:{}/", self.port);
        let mut said: Vec<Vec<u8>> = answers.into_iter().map(|answer| led_here(&answer, &here)).collect();
        said.reverse();
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = said;
        let folder = scratch.folder().join("fetched");
        let _ = std::fs::remove_dir_all(&folder);
        let downloads = Downloads::new(folder.clone(), settings(false));
        let mut source = Source::new(vec![format!("http:{here}town.bin")], Looks::Any);
        source.md5 = true;
        let mut tally = Tally::default();
        if let Some(fetched) = tally.judge(downloads.get(&source, &|_| {})) {
            let bytes = must(std::fs::read(&fetched.path));
            assert!(!bytes.is_empty() && bytes.len() as u64 == fetched.record.bytes, "{:?}", fetched.record);
            assert!(bytes.len() <= MOST_BYTES, "more than the server said");
            // It is there for the next run, which does without the network.
            let again = Downloads::new(folder.clone(), settings(true));
            let again = must(again.get(&source, &|_| {}));
            assert!(again.reused && again.record.sha256 == fetched.record.sha256);
        } else {
            assert!(!folder.join("town.bin").exists(), "a file that was refused is in place");
        }
        let _ = downloads.size(&source);
        tally
    }
}

impl Default for Server {
    fn default() -> Self {
        Server::new()
    }
}

/// Answers of a server, with `--` on a line of its own between them; or, where they begin with `{`, the record of fetched
/// files, the record of one half fetched, and that file.
///
/// # Panics
/// Something that must hold does not.
pub fn download(scratch: &Scratch, server: &Server, bytes: &[u8]) -> Tally {
    if bytes.len() > MOST_BYTES {
        return Tally::default();
    }
    let parts = split(bytes);
    if bytes.starts_with(b"{") { records(scratch, server, &parts) } else { server.fetch(scratch, parts) }
}

/// What an earlier run has left in the folder.
fn records(scratch: &Scratch, server: &Server, parts: &[Vec<u8>]) -> Tally {
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
    server.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let source = Source::new(vec![format!("http://127.0.0.1:{}/town.bin", server.port)], Looks::Any);
    let mut tally = Tally::default();
    for offline in [true, false] {
        let downloads = Downloads::new(folder.clone(), settings(offline));
        tally.judge(downloads.get(&source, &|_| {}));
    }
    tally
}

/// No waiting: a server on this machine answers at once or never.
fn settings(offline: bool) -> Settings {
    Settings {
        tries: 2,
        connect_timeout: LONG,
        stall_timeout: LONG,
        first_wait: Duration::ZERO,
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

/// Every address in the head of an answer becomes the server's own: no test talks to the world.
fn led_here(answer: &[u8], here: &str) -> Vec<u8> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
    let (head, body) = answer.split_at(end);
    let mut said = Vec::with_capacity(answer.len() + here.len());
    let mut rest = head;
    while let Some(at) = rest.windows(2).position(|w| w == HERE.as_bytes()) {
        said.extend(&rest[..at]);
        said.extend(here.as_bytes());
        rest = &rest[at + 2..];
    }
    said.extend(rest);
    said.extend(body);
    said
}

/// Hears a request out, and says an answer in pieces: halves, so that a client sees a head without its end and a body that
/// comes bit by bit.
fn serve(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LONG))?;
    stream.set_nodelay(true)?;
    let (mut heard, mut buffer): (Vec<u8>, _) = (Vec::new(), [0; 2048]);
    while !heard.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => heard.extend(&buffer[..n]),
        }
    }
    let (first, second) = answer.split_at(answer.len() / 2);
    stream.write_all(first)?;
    stream.write_all(second)
}
