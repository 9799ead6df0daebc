//! Files from the internet, into a folder that later runs share: resumed where they broke off, checked, whole or not
//! there.
//!
//! A file grows as `NAME.part` beside its place, with what is known of it in `NAME.part.json`, and is moved when its
//! size and hashes are right. `fetched.json` keeps where each file came from and its SHA-256, which is checked before
//! the file is used again.

mod http;
pub mod prepare;
mod record;
pub mod region;
mod tries;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::unversioned::transport::Connector;

use crate::error::{Fault, Result};
pub use record::{Record, hashes};

/// What a file must look like, by its first bytes: a page that asks to log in is no road network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// OpenStreetMap PBF.
    Pbf,
    /// TIFF.
    Tiff,
    /// Anything.
    Any,
}

impl Looks {
    fn fits(self, start: &[u8]) -> bool {
        match self {
            Looks::Pbf => {
                start.len() > 16 && start[..2] == [0, 0] && start.windows(9).take(32).any(|w| w == b"OSMHeader")
            }
            Looks::Tiff => matches!(start.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+")),
            Looks::Any => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Looks::Pbf => "an OpenStreetMap PBF extract",
            Looks::Tiff => "a GeoTIFF",
            Looks::Any => "a file",
        }
    }
}

/// The longest name of a fetched file, in letters: with `.part.json` behind it any file system takes it.
const LONGEST_NAME: usize = 200;

/// A file to fetch.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the folder.
    pub name: String,
    /// Addresses of the same bytes, the first the best.
    pub urls: Vec<String>,
    /// Whether the servers give its MD5 at the address with `.md5` after it.
    pub md5: bool,
    /// Its SHA-256 in hexadecimal, where it is known beforehand.
    pub sha256: Option<String>,
    /// What it must look like.
    pub looks: Looks,
}

impl Source {
    /// A file by its addresses, named by the last part of the first.
    pub fn new(urls: Vec<String>, looks: Looks) -> Source {
        let path = urls.first().map_or("", |url| url.split(['?', '#']).next().unwrap_or(""));
        let last = path.rsplit('/').next().unwrap_or("");
        let plain: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        // The end of a long name tells more than its beginning.
        let name = plain[plain.len().saturating_sub(LONGEST_NAME)..].trim_start_matches('.');
        let ours = [record::FILE, record::LOCK].contains(&name)
            || [".part", ".part.json", ".partial"].iter().any(|end| name.ends_with(end));
        let name = if ours { format!("download-{}", name.replace(".part", "-part")) } else { name.to_owned() };
        Source { name: if name.is_empty() { "download".into() } else { name }, urls, md5: false, sha256: None, looks }
    }
}

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tries in a row at one address that bring nothing, before it is given up.
    pub tries: u32,
    /// For a connection to stand.
    pub connect_timeout: Duration,
    /// For the next bytes to come.
    pub stall_timeout: Duration,
    /// Before the second try; doubled for each further one, give or take a half.
    pub first_wait: Duration,
    /// The least that must come, in bytes a second over [`Settings::stall_timeout`]; less counts as nothing.
    pub slowest_bytes_per_s: u64,
    /// The largest file, in bytes.
    pub most_bytes: u64,
    /// Longest wait, also when the server asks for one.
    pub longest_wait: Duration,
    /// Whether `HTTPS_PROXY` and the like are honoured.
    pub proxy: bool,
    /// Whether to ask the server if a file that is there already has changed.
    pub refresh: bool,
    /// Whether the network is left alone.
    pub offline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            tries: 5,
            connect_timeout: Duration::from_secs(20),
            stall_timeout: Duration::from_secs(60),
            first_wait: Duration::from_secs(2),
            slowest_bytes_per_s: 256,
            // The whole planet is of 80 GB, and no run takes it.
            most_bytes: 64 << 30,
            longest_wait: Duration::from_secs(120),
            proxy: true,
            refresh: false,
            offline: false,
        }
    }
}

/// What a listener hears of a download.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A file begins, or goes on after so many bytes, of a total where the server says it.
    Begins {
        /// [`Source::name`].
        name: &'a str,
        /// Bytes that are there already.
        from: u64,
        /// Of the whole file, in bytes.
        total: Option<u64>,
    },
    /// So many bytes more have come.
    Bytes(u64),
    /// What happened, e.g. why it tries again.
    Note(&'a str),
    /// The file is there.
    Done,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// What is known of it.
    pub record: Record,
    /// Whether it was there already.
    pub reused: bool,
}

/// Refuses a name that leads out of the folder, or to gandan's own files.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| !c.is_control() && !"/\\:".contains(c);
    let sound = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(plain);
    if sound && name != "." && name != ".." && ![record::FILE, record::LOCK].contains(&name) {
        return Ok(());
    }
    Err(Fault::new("download::name", format!("`{}` is no name for a fetched file", name.escape_debug()))
        .help("give a plain file name")
        .into())
}

/// A folder of fetched files.
pub struct Downloads {
    folder: PathBuf,
    settings: Settings,
    agent: ureq::Agent,
}

impl Downloads {
    /// A folder, which need not exist yet.
    pub fn new(folder: PathBuf, settings: Settings) -> Downloads {
        let agent = http::agent(&settings);
        Downloads { folder, settings, agent }
    }

    /// As [`Downloads::new`], over other connections than those of the system, such as one in memory: for every request
    /// `connector` is asked for one, whatever the server is called. No name is looked up, and nothing is encrypted.
    pub fn over(folder: PathBuf, settings: Settings, connector: impl Connector) -> Downloads {
        let agent = http::agent_over(&settings, connector);
        Downloads { folder, settings, agent }
    }

    /// Whether the network is left alone.
    pub fn is_offline(&self) -> bool {
        self.settings.offline
    }

    /// Where a file is or will be; its name was checked by [`Downloads::get`].
    pub fn path_of(&self, source: &Source) -> PathBuf {
        self.folder.join(&source.name)
    }

    /// A file, from the folder if it is there and sound, else from the internet.
    ///
    /// # Errors
    /// Offline and not there; no address gives it; what comes is not what was asked for; the disk refuses; interrupted.
    pub fn get(&self, source: &Source, listen: &dyn Fn(Event<'_>)) -> Result<Fetched> {
        check_name(&source.name)?;
        let path = self.path_of(source);
        let old = record::load(&self.folder)?.remove(&source.name);
        let there = if path.is_file() { self.there(source, &path, old, listen)? } else { None };
        match there {
            Some(record) if self.settings.offline || !self.settings.refresh => {
                listen(Event::Done);
                Ok(Fetched { path, record, reused: true })
            }
            None if self.settings.offline => Err(self.missing(source).into()),
            there => {
                std::fs::create_dir_all(&self.folder).map_err(|e| Fault::io("make the cache", &self.folder, &e))?;
                let (record, reused) = tries::fetch(self, source, there, listen)?;
                record::store(&self.folder, &source.name, &record)?;
                listen(Event::Done);
                Ok(Fetched { path, record, reused })
            }
        }
    }

    /// What is known of a file that stands in the folder, if it may be used.
    fn there(
        &self,
        source: &Source,
        path: &Path,
        old: Option<Record>,
        listen: &dyn Fn(Event<'_>),
    ) -> Result<Option<Record>> {
        let found = hashes(path)?;
        match old {
            Some(old) if old.sha256 == found.sha256 && (old.by_hand() || source.urls.contains(&old.url)) => {
                Ok(Some(old))
            }
            Some(old) if old.sha256 == found.sha256 => {
                listen(Event::Note(&format!("{} is from {}, so it is fetched anew", source.name, old.url)));
                Ok(None)
            }
            Some(_) => {
                listen(Event::Note(&format!("{} is not what was fetched (its SHA-256 differs)", source.name)));
                Ok(None)
            }
            None => {
                // Put there by hand.
                let trouble = tries::defect(source, path, &found, None)?;
                if let Some(what) = trouble {
                    return Err(Fault::new("download::wrong", what)
                        .file(path)
                        .help("remove the file, or put the right one in its place")
                        .into());
                }
                let record = Record::by_hand_now(found);
                record::store(&self.folder, &source.name, &record)?;
                Ok(Some(record))
            }
        }
    }

    /// Says where to put a file by hand.
    fn missing(&self, source: &Source) -> Fault {
        Fault::new("download::missing", format!("{} is not there, and --offline leaves the network alone", source.name))
            .file(self.path_of(source))
            .help(format!(
                "on a machine with internet fetch {} and put it at {}",
                source.urls.join(" or "),
                self.path_of(source).display()
            ))
    }

    /// The faults of all files that are missing offline.
    ///
    /// # Errors
    /// Those faults, together.
    pub fn check_offline(&self, sources: &[&Source]) -> Result<()> {
        let mut faults = crate::error::Faults::default();
        let missing = sources.iter().filter(|source| !self.path_of(source).is_file());
        missing.for_each(|source| faults.push(self.missing(source)));
        faults.finish()
    }

    /// The size of a file in bytes as the first server that answers tells it, or why none does.
    pub fn size(&self, source: &Source) -> Result<Option<u64>, String> {
        let mut why = "no address".to_owned();
        for url in &source.urls {
            match http::head(&self.agent, url) {
                Ok(size) => return Ok(size),
                Err(trouble) => why = format!("{url}: {trouble}"),
            }
        }
        Err(why)
    }
}
