//! A small HTTP server that misbehaves on request and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a client asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte of a `Range: bytes=N-`.
    pub fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Stops after so many bytes of the body.
    pub cut: Option<usize>,
    /// Keeps the connection open after the last byte instead of closing it.
    pub stall: bool,
    /// Sends the body byte by byte with such pauses, over and over until the client goes.
    pub drip: Option<Duration>,
}

impl Answer {
    pub fn new(status: u16) -> Answer {
        Answer { status, headers: vec![], body: vec![], cut: None, stall: false, drip: None }
    }

    pub fn header(mut self, name: &'static str, value: impl ToString) -> Answer {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn body(mut self, body: &[u8]) -> Answer {
        self.body = body.to_vec();
        self
    }

    pub fn cut(mut self, after: usize) -> Answer {
        self.cut = Some(after);
        self
    }

    pub fn drip(mut self, pause: Duration) -> Answer {
        self.drip = Some(pause);
        self
    }

    pub fn stall(mut self) -> Answer {
        self.stall = true;
        self
    }
}

/// A good answer to a request for these bytes: ranges, conditions and all.
pub fn file(asked: &Asked, bytes: &[u8], etag: &str) -> Answer {
    if asked.header("if-none-match") == Some(etag) {
        return Answer::new(304).header("ETag", etag);
    }
    let same = asked.header("if-range").is_none_or(|tag| tag == etag);
    match asked.from().filter(|_| same) {
        Some(from) if from >= bytes.len() => {
            Answer::new(416).header("Content-Range", format!("bytes */{}", bytes.len()))
        }
        Some(from) => Answer::new(206)
            .header("ETag", etag)
            .header("Content-Range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()))
            .body(&bytes[from..]),
        None => Answer::new(200).header("ETag", etag).body(bytes),
    }
}

type Handler = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// A server on a free port of this machine; lives until the test ends.
pub struct Server {
    pub url: String,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request by a rule, which also gets the number of requests to that path before.
    pub fn new(handler: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let seen = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &*handler, &seen));
            }
        });
        Server { url, log }
    }

    /// What was asked for a path, in order.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.log.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// The first bytes of the ranges that were asked for a path; `None` for all of it.
    pub fn ranges(&self, path: &str) -> Vec<Option<usize>> {
        self.asked(path).iter().map(Asked::from).collect()
    }
}

/// Whether the client has gone is no concern of the server, so errors end the answer.
fn serve(mut stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let split = |line: String| line.split_once(':').map(|(k, v)| (k.to_ascii_lowercase(), v.trim().to_owned()));
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(split).collect();
    let asked = Asked { method, path, headers };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.iter().filter(|other| other.path == asked.path).count() - 1
    };
    let answer = handler(&asked, before);
    let mut head = format!("HTTP/1.1 {} {}\r\nConnection: close\r\n", answer.status, "said");
    let lower = |name: &str| answer.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !lower("content-length") && !lower("transfer-encoding") && answer.status != 304 {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    answer.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    if let Some(pause) = answer.drip {
        for byte in answer.body.iter().cycle() {
            stream.write_all(&[*byte]).ok()?;
            stream.flush().ok()?;
            std::thread::sleep(pause);
        }
    }
    if asked.method != "HEAD" {
        stream.write_all(&answer.body[..answer.cut.unwrap_or(usize::MAX).min(answer.body.len())]).ok()?;
    }
    stream.flush().ok()?;
    if answer.stall {
        std::thread::sleep(Duration::from_secs(4));
    }
    Some(())
}
