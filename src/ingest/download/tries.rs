//! A file fetched in as many tries as it takes, each going on where the last broke off.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use ureq::Body;
use ureq::http::Response;

use super::http::{self, Trouble, get, header, length, range};
use super::record::{Hashes, Record, hashes};
use super::{Downloads, Event, Settings, Source};
use crate::error::{Error, Fault, Faults, Result};
use crate::stages::go_on;

/// Tries in all, for each one that may bring nothing: a server that gives a few bytes a time is given up at last.
const TRIES_IN_ALL: u32 = 40;
/// The largest note of what is known of a part, in bytes.
const MAX_NOTE: u64 = 64 << 10;
/// The largest text with a hash, in bytes.
const MAX_HASH_TEXT: u64 = 4096;

/// What is known of a `.part` file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
    total: Option<u64>,
}

impl Known {
    fn of(url: &str, response: &Response<Body>, total: Option<u64>) -> Known {
        let text = |name| header(response, name).map(str::to_owned);
        Known { url: url.to_owned(), etag: text("etag"), last_modified: text("last-modified"), total }
    }

    /// By what a server can tell whether its file is still the same: a strong tag, or a date.
    fn validator(&self) -> Option<&str> {
        let strong = self.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        strong.or(self.last_modified.as_deref())
    }
}

/// Why a try did not bring the file.
enum Failed {
    Server(Trouble),
    /// Interrupted, or the disk refuses: no further try.
    Here(Error),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Failed::Server(trouble)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Here(error)
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Failed::Here(fault.into())
    }
}

/// What a try brought.
enum Brought {
    Whole,
    /// The file that is there has not changed.
    Same,
}

/// Fetches a file to its place; `there` is the record of one that stands there already and may be out of date. Also
/// tells whether that one stays.
pub(super) fn fetch(
    downloads: &Downloads,
    source: &Source,
    there: Option<Record>,
    listen: &dyn Fn(Event<'_>),
) -> Result<(Record, bool)> {
    let target = downloads.path_of(source);
    let mut part = Part::open(&target, source, listen)?;
    let settings = &downloads.settings;
    let mut faults = Faults::default();
    let given_up = |url: &str, what: &str| {
        Fault::new("download::failed", format!("{}: {what}", http::shown(url))).place(source.name.clone()).help(format!(
            "run the same again later (it goes on where it broke off), give another address with --mirror, or put the \
             file at {} by hand",
            target.display()
        ))
    };
    for url in &source.urls {
        let (mut idle, mut all) = (0, 0);
        // What starts anew again and again gets nowhere, so only what was never reached before counts.
        let mut farthest = part.bytes()?;
        loop {
            go_on()?;
            let tried = one_try(downloads, source, url, there.as_ref(), &mut part, listen);
            let slow = matches!(tried, Err(Failed::Server(Trouble::Slow(_))));
            let (what, wait) = match tried {
                Ok((Brought::Whole, record)) => {
                    part.commit(&target)?;
                    return Ok((record, false));
                }
                Ok((Brought::Same, record)) => {
                    part.remove()?;
                    return Ok((record, true));
                }
                Err(Failed::Here(error)) => return Err(error),
                Err(Failed::Server(Trouble::Lasting(what))) => {
                    faults.push(given_up(url, &what));
                    break;
                }
                Err(Failed::Server(Trouble::Passing(what, wait))) => (what, wait),
                Err(Failed::Server(Trouble::Slow(what))) => (what, None),
            };
            let have = part.bytes()?;
            idle = if have > farthest && !slow { 0 } else { idle + 1 };
            farthest = farthest.max(have);
            all += 1;
            let wait = match wait {
                Some(wait) if wait > settings.longest_wait => {
                    let what = format!("{what}; the server asks to wait {} s", wait.as_secs());
                    faults.push(given_up(url, &what));
                    break;
                }
                Some(wait) => wait,
                None => backoff(settings.first_wait, settings.longest_wait, idle),
            };
            if idle >= settings.tries || all >= settings.tries.saturating_mul(TRIES_IN_ALL) {
                faults.push(given_up(url, &format!("{what}, after {all} tries")));
                break;
            }
            listen(Event::Note(&format!("{}: {what}; trying again in {:.1} s", source.name, wait.as_secs_f64())));
            sleep(wait)?;
        }
    }
    part.close()?;
    faults.finish()?;
    Err(Fault::new("download::failed", format!("{} has no address", source.name)).help("give one").into())
}

/// A wait that doubles with each try that brought nothing, give or take a half, so that many who were cut off at once
/// do not come back at once.
fn backoff(first: Duration, longest: Duration, idle: u32) -> Duration {
    let jitter = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(500, |d| d.subsec_micros() % 1000);
    let doubled = first.saturating_mul(1 << idle.saturating_sub(1).min(16)).min(longest);
    doubled.mul_f64(0.5 + f64::from(jitter) / 1000.0)
}

/// Waits, but not past an interruption.
fn sleep(wait: Duration) -> Result<()> {
    let step = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() {
        go_on()?;
        std::thread::sleep(left.min(step));
        left = left.saturating_sub(step);
    }
    go_on()
}

fn one_try(
    downloads: &Downloads,
    source: &Source,
    url: &str,
    there: Option<&Record>,
    part: &mut Part,
    listen: &dyn Fn(Event<'_>),
) -> Result<(Brought, Record), Failed> {
    let have = part.start(url)?;
    // All of it may be there, only not checked.
    if have == 0 || part.known.total != Some(have) {
        let mut headers = Vec::new();
        match (part.known.validator(), there) {
            (Some(validator), _) if have > 0 => {
                headers.push(("Range", format!("bytes={have}-")));
                headers.push(("If-Range", validator.to_owned()));
            }
            (_, Some(there)) if there.url == url => {
                headers.extend(there.etag.clone().map(|tag| ("If-None-Match", tag)));
                headers.extend(there.last_modified.clone().map(|date| ("If-Modified-Since", date)));
            }
            _ => {}
        }
        let response = get(&downloads.agent, url, &headers)?;
        let passing = |what: &str| Failed::Server(Trouble::Passing(what.to_owned(), None));
        match (response.status().as_u16(), there) {
            (304, Some(there)) if have == 0 => return Ok((Brought::Same, there.clone())),
            (200, _) => {
                let total = length(&response);
                part.restart(Known::of(url, &response, total))?;
            }
            (206, _) if have > 0 => {
                let span = header(&response, "content-range").and_then(range);
                let now = Known::of(url, &response, span.and_then(|(_, _, total)| total));
                let same = (now.etag.is_none() || now.etag == part.known.etag)
                    && (now.last_modified.is_none() || now.last_modified == part.known.last_modified)
                    && (now.total.is_none() || part.known.total.is_none() || now.total == part.known.total);
                if span.is_none_or(|(first, ..)| first != have) || !same {
                    part.restart(Known::default())?;
                    return Err(passing("the file has changed on the server, so it starts anew"));
                }
                part.known.total = part.known.total.or(now.total);
            }
            (status, _) => {
                part.restart(Known::default())?;
                return Err(passing(&format!("{status} does not answer what was asked, so it starts anew")));
            }
        }
        receive(source, &downloads.settings, response, part, listen)?;
    }
    let expected = if source.md5 { server_md5(downloads, url)? } else { None };
    let found = hashes(&part.path)?;
    if let Some(what) = defect(source, &part.path, &found, expected.as_deref())? {
        part.restart(Known::default())?;
        // The server may have put a new file in place between the hash and the file.
        let retry = expected.is_some_and(|md5| md5 != found.md5);
        return Err(Failed::Server(if retry { Trouble::Passing(what, None) } else { Trouble::Lasting(what) }));
    }
    let mut record = Record::new(url, found);
    record.md5_checked = expected.is_some();
    if source.md5 && !record.md5_checked {
        listen(Event::Note(&format!("{}: the server gives no MD5; SHA-256 {}", source.name, record.sha256)));
    }
    record.etag.clone_from(&part.known.etag);
    record.last_modified.clone_from(&part.known.last_modified);
    Ok((Brought::Whole, record))
}

/// Writes what comes to the part.
fn receive(
    source: &Source,
    settings: &Settings,
    response: Response<Body>,
    part: &mut Part,
    listen: &dyn Fn(Event<'_>),
) -> Result<(), Failed> {
    let mut have = part.bytes()?;
    let total = part.known.total;
    let most = settings.most_bytes;
    if let Some(total) = total.filter(|&total| total > most) {
        part.restart(Known::default())?;
        return Err(Failed::Server(Trouble::Lasting(format!(
            "{total} bytes are announced; at most {most} are fetched"
        ))));
    }
    listen(Event::Begins { name: &source.name, from: have, total });
    let mut reader = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let broken = |have: u64, why: &str| {
        let of = total.map_or(String::new(), |total| format!(" of {total}"));
        Failed::Server(Trouble::Passing(format!("the connection broke after {have}{of} bytes{why}"), None))
    };
    // A server that sends a byte now and then keeps no silence, and never ends.
    let (mut begun, mut lately) = (Instant::now(), 0_u64);
    loop {
        go_on()?;
        if begun.elapsed() >= settings.stall_timeout {
            let a_second = (lately as f64 / begun.elapsed().as_secs_f64()) as u64;
            if a_second < settings.slowest_bytes_per_s {
                let why = format!("{a_second} bytes a second come, after {have} bytes");
                return Err(Failed::Server(Trouble::Slow(why)));
            }
            (begun, lately) = (Instant::now(), 0);
        }
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => {
                let slow = e.kind() == std::io::ErrorKind::TimedOut || e.to_string().contains("timeout");
                let why = if slow { " (the server said nothing for too long)".into() } else { format!(" ({e})") };
                return Err(broken(have, &why));
            }
        };
        have += read as u64;
        lately += read as u64;
        if have > total.unwrap_or(most) {
            part.restart(Known::default())?;
            return Err(Failed::Server(Trouble::Lasting(format!(
                "more came than the {} bytes {}",
                total.unwrap_or(most),
                if total.is_some() { "announced" } else { "that are fetched at most" }
            ))));
        }
        part.file.write_all(&buffer[..read]).map_err(|e| Fault::io("write", &part.path, &e))?;
        listen(Event::Bytes(read as u64));
    }
    if total.is_some_and(|total| have < total) { Err(broken(have, "")) } else { Ok(()) }
}

/// The MD5 that the server gives beside the file, `None` if it gives none.
fn server_md5(downloads: &Downloads, url: &str) -> Result<Option<String>, Failed> {
    let url = format!("{url}.md5");
    let Some(text) = http::text(&downloads.agent, &url, MAX_HASH_TEXT)? else { return Ok(None) };
    let hash = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(Some(hash))
    } else {
        Err(Failed::Server(Trouble::Passing(format!("{url} holds no MD5"), None)))
    }
}

/// What is wrong with a file that came whole, or was put in place by hand.
pub(super) fn defect(source: &Source, path: &Path, found: &Hashes, md5: Option<&str>) -> Result<Option<String>> {
    if found.bytes == 0 {
        return Ok(Some("the file is empty".into()));
    }
    if !source.looks.fits(&found.start) {
        let start: String = String::from_utf8_lossy(&found.start).chars().take(24).collect();
        let start = start.escape_debug().to_string();
        return Ok(Some(format!("this is not {}: it begins with `{start}`", source.looks.name())));
    }
    if let Some(md5) = md5.filter(|md5| *md5 != found.md5) {
        return Ok(Some(format!("the MD5 is {}, and the server says {md5}", found.md5)));
    }
    if let Some(sha256) = source.sha256.as_ref().filter(|sha256| !sha256.eq_ignore_ascii_case(&found.sha256)) {
        return Ok(Some(format!("the SHA-256 of {} is {}, and {sha256} was asked for", path.display(), found.sha256)));
    }
    Ok(None)
}

/// A file that is growing.
struct Part {
    path: PathBuf,
    file: File,
    known: Known,
}

impl Part {
    /// Opens what is there of a file, or begins it.
    fn open(target: &Path, source: &Source, listen: &dyn Fn(Event<'_>)) -> Result<Part> {
        let path = target.with_file_name(format!("{}.part", source.name));
        let io = |e: std::io::Error| Fault::io("write", &path, &e);
        // What a link leads to is not ours to write over.
        if path.is_symlink() {
            return Err(Fault::new("download::link", "a link stands where the file would grow")
                .file(&path)
                .help("remove it, then run again")
                .into());
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        // Nor where it has been put since.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        let file = options.open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => {} // some file systems know no locks
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(Fault::new("download::busy", "another gandan is fetching this file")
                    .file(&path)
                    .help("wait for it to end")
                    .into());
            }
        }
        let known = crate::limits::read_bytes("read", &known_path(&path), "a note of a download", MAX_NOTE, "")
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let part = Part { path, file, known: known.unwrap_or_default() };
        if part.bytes()? > 0 {
            listen(Event::Note(&format!("{}: {} bytes are here from an earlier try", source.name, part.bytes()?)));
        }
        Ok(part)
    }

    fn bytes(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(|e| Fault::io("read", &self.path, &e))?.len())
    }

    /// How much there is to go on from; what is of another address, or cannot be told to be the same file, goes.
    fn start(&mut self, url: &str) -> Result<u64> {
        let have = self.bytes()?;
        if have > 0 && (self.known.url != url || self.known.validator().is_none()) {
            self.restart(Known::default())?;
            return Ok(0);
        }
        Ok(have)
    }

    /// Empties the file, and notes what is known of the one to come.
    fn restart(&mut self, known: Known) -> Result<()> {
        self.file.set_len(0).map_err(|e| Fault::io("write", &self.path, &e))?;
        self.known = known;
        let text = serde_json::to_vec(&self.known)
            .map_err(|e| Fault::new("internal::record", format!("the record cannot be written: {e}")))?;
        std::fs::write(known_path(&self.path), text).map_err(|e| Fault::io("write", &self.path, &e))?;
        Ok(())
    }

    /// Moves the file to its place.
    fn commit(self, target: &Path) -> Result<()> {
        let io = |e: std::io::Error| Fault::io("put the file in its place", target, &e);
        self.file.sync_all().map_err(io)?;
        std::fs::rename(&self.path, target).map_err(io)?;
        let _ = std::fs::remove_file(known_path(&self.path));
        Ok(())
    }

    /// Leaves it for a later run, unless nothing came.
    fn close(self) -> Result<()> {
        if self.bytes()? == 0 { self.remove() } else { Ok(()) }
    }

    fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|e| Fault::io("remove", &self.path, &e))?;
        let _ = std::fs::remove_file(known_path(&self.path));
        Ok(())
    }
}

fn known_path(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}
