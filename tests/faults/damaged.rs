//! More than ten thousand damaged inputs of every kind: each is read, or refused with a message that helps; none panics.
//!
//! Small files are damaged at every byte and cut at every length, large ones at places drawn from a fixed seed, in blocks
//! too. The readers and what must hold of them are those of the fuzz targets. `-- --nocapture` prints the counts.

use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;

use gandan::ingest::osm::read_extract;
use gandan::network::build::build_network;
use gandan::network::cache::{Cache, Key, Roads};
use gandan::network::modes::{SpeedSet, resolve_modes};

use crate::common::{gandan, root, text};

#[path = "../fuzz/src/lib.rs"]
mod readers;

use readers::run::{Base, By, FILES};
use readers::{Scratch, Tally, cover, download, frames, roads, shapes, tables};

/// How many damaged inputs there are at least; the issue asks for as many.
const ENOUGH: u64 = 10_000;
/// Files up to this many bytes are small.
const SMALL: usize = 1300;

/// A linear congruential generator (Knuth's MMIX): the same damage on every machine.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }
}

/// Inputs of one kind.
struct Kind {
    name: &'static str,
    tried: u64,
    tally: Tally,
    panicked: Vec<String>,
}

impl Kind {
    fn new(name: &'static str) -> Kind {
        Kind { name, tried: 0, tally: Tally::default(), panicked: Vec::new() }
    }

    /// Gives one damaged input to its readers; `what` is its damage.
    fn give(&mut self, what: &str, read: impl FnOnce() -> Tally) {
        self.tried += 1;
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(tally) => self.tally += tally,
            Err(_) => self.panicked.push(format!("{}: {what}", self.name)),
        }
    }

    /// Every byte changed in one bit, another from byte to byte, and the file cut at every length.
    fn everywhere(&mut self, file: &str, whole: &[u8], read: impl Fn(&[u8]) -> Tally) {
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1 << (at % 8);
            self.give(&format!("{file}, bit {} of byte {at}", at % 8), || read(&damaged));
            self.give(&format!("{file}, cut after {at} bytes"), || read(&whole[..at]));
        }
    }

    /// So many changes at places drawn: a byte, a cut, or a block of up to 64 bytes zeroed, doubled or swapped with another.
    fn here_and_there(&mut self, file: &str, whole: &[u8], times: usize, read: impl Fn(&[u8]) -> Tally) {
        let mut draw = Draw(whole.len() as u64);
        for number in 0..times {
            let mut damaged = whole.to_vec();
            let at = draw.below(whole.len());
            let length = (1 + draw.below(64)).min(whole.len() - at);
            let what = match number % 6 {
                0 => {
                    damaged[at] ^= 1 << draw.below(8);
                    "one bit"
                }
                1 => {
                    damaged[at] = draw.below(256) as u8;
                    "another byte"
                }
                2 => {
                    damaged.truncate(at);
                    "cut"
                }
                3 => {
                    damaged[at..at + length].fill(0);
                    "zeroes"
                }
                4 => {
                    let block = damaged[at..at + length].to_vec();
                    damaged.splice(at..at, block);
                    "a block twice"
                }
                _ => {
                    let other = draw.below(whole.len() - length + 1);
                    for i in 0..length {
                        damaged.swap(at + i, other + i);
                    }
                    "two blocks swapped"
                }
            };
            self.give(&format!("{file}, {what} at byte {at} ({length}), number {number}"), || read(&damaged));
        }
    }

    /// Every file that is written by hand for a fuzz target: the small ones everywhere, the others here and there.
    fn seeds(&mut self, target: &str, times: usize, read: impl Fn(&[u8]) -> Tally) {
        let mut files: Vec<PathBuf> =
            fs::read_dir(root().join("tests/fuzz/seeds").join(target)).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{target}");
        for path in files {
            let (name, whole) = (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
            let before = self.tally;
            self.give(&format!("{name}, whole"), || read(&whole));
            assert_ne!(self.tally, before, "{name} is not looked at");
            if whole.len() <= SMALL {
                self.everywhere(&name, &whole, &read);
            } else {
                self.here_and_there(&name, &whole, times, &read);
            }
        }
    }
}

fn demo(name: &str) -> Vec<u8> {
    fs::read(root().join("data/demo").join(name)).unwrap()
}

fn of_roads() -> Kind {
    let (mut kind, scratch) = (Kind::new("roads (PBF)"), Scratch::new("pbf"));
    kind.seeds("pbf", 150, |bytes| roads::pbf(&scratch, bytes));
    kind.here_and_there("the demo's roads", &demo("roads.osm.pbf"), 60, |bytes| roads::pbf(&scratch, bytes));
    kind
}

fn of_rasters() -> Kind {
    let (mut kind, scratch) = (Kind::new("people (TIFF)"), Scratch::new("tiff"));
    kind.seeds("tiff", 150, |bytes| shapes::tiff(&scratch, bytes));
    kind.here_and_there("the demo's people", &demo("population.tif"), 200, |bytes| shapes::tiff(&scratch, bytes));
    kind
}

fn of_shapes() -> Kind {
    let (mut kind, scratch) = (Kind::new("boundaries (GeoJSON, GeoParquet)"), Scratch::new("geojson"));
    kind.seeds("geojson", 250, |bytes| shapes::geojson(&scratch, bytes));
    kind.here_and_there("the demo's area", &demo("study_area.geojson"), 100, |bytes| shapes::geojson(&scratch, bytes));
    kind
}

fn of_tables() -> Kind {
    let (mut kind, scratch) = (Kind::new("sites, points, people, surveys (CSV, Parquet)"), Scratch::new("csv"));
    kind.seeds("csv", 250, |bytes| tables::table(&scratch, bytes));
    kind.here_and_there("the demo's sites", &demo("sites.csv"), 60, |bytes| tables::table(&scratch, bytes));
    kind
}

fn of_scenarios() -> Kind {
    let (mut kind, scratch) = (Kind::new("scenarios, services (TOML)"), Scratch::new("scenario"));
    kind.seeds("scenario", 400, |bytes| tables::toml(&scratch, bytes));
    kind
}

fn of_covers() -> Kind {
    let (mut kind, scratch) = (Kind::new("cover tables (CSV, Parquet)"), Scratch::new("cover"));
    kind.seeds("cover", 250, |bytes| cover::cover(&scratch, bytes));
    kind
}

fn of_downloads() -> Kind {
    let (mut kind, scratch) = (Kind::new("answers of servers, records (HTTP, JSON)"), Scratch::new("download"));
    kind.seeds("download", 100, |bytes| download::download(&scratch, bytes));
    kind
}

/// Each of a run's files, cut and changed, and read by each command in turn.
fn of_runs() -> Kind {
    let (mut kind, scratch) = (Kind::new("finished runs (Parquet, JSON)"), Scratch::new("run"));
    let base = Base::make(&scratch, &root().join("data/demo"));
    let there = base.files.iter().filter(|bytes| !bytes.is_empty()).count();
    assert_eq!(there, FILES.len(), "a run holds all the files that are damaged here");
    for (file, whole) in base.files.iter().enumerate() {
        for (number, by) in By::ALL.into_iter().enumerate() {
            // Others for each command, in the order of the files' bytes.
            let whole: Vec<u8> = whole.clone();
            let times = if by == By::Verify { 36 } else { 6 };
            let name = format!("{} by {by:?}, {number}", FILES[file]);
            kind.give(&format!("{name}, whole"), || base.with(file, &whole, by));
            kind.here_and_there(&name, &whole, times, |bytes| base.with(file, bytes, by));
        }
        kind.give(&format!("{}, empty", FILES[file]), || base.with(file, b"", By::Verify));
    }
    kind
}

/// A kept network with any bit changed, or cut, is no network: it is built again.
fn of_networks() -> Kind {
    let (mut kind, scratch) = (Kind::new("kept networks"), Scratch::new("network"));
    let everywhere = [-180.0, -90.0, 180.0, 90.0];
    let block = fs::read(root().join("tests/fuzz/seeds/pbf/town.block")).unwrap();
    let path = scratch.put("roads.osm.pbf", &frames::pbf_of(&block));
    let modes = resolve_modes(&Default::default(), SpeedSet::default()).unwrap();
    let network = build_network(&read_extract(&path, everywhere).unwrap(), &modes).unwrap();
    let cache = Cache::new(scratch.folder().join("cache"));
    let key = Key::new(&path, everywhere, &modes).unwrap();
    cache.store(&key, &Roads { network, water: Vec::new() }).unwrap();
    let file = fs::read_dir(cache.folder()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    kind.here_and_there("a network", &whole, 600, |bytes| {
        fs::write(&file, bytes).unwrap();
        let read = cache.load(&key).is_some();
        // Two blocks of zeroes swapped leave the file as it was.
        assert_eq!(read, bytes == whole, "a damaged network is none");
        Tally { read: u64::from(read), refused: u64::from(!read) }
    });
    kind
}

/// The program itself, on one damaged file of each kind: it ends with the code of bad input and with a message.
fn of_commands() -> Kind {
    let (mut kind, scratch) = (Kind::new("the program"), Scratch::new("program"));
    let base = Base::make(&scratch, &root().join("data/demo"));
    let run = base.copy.display().to_string();
    let mut ends = |what: &str, args: &[&str], said: &str| {
        kind.give(what, || {
            let output = gandan(args);
            // `check` tells what it finds on its standard output.
            let told = format!("{}{}", text(&output.stderr), text(&output.stdout));
            assert_eq!(output.status.code(), Some(1), "{what}: {told}");
            assert!(told.contains(said) && !told.contains("panicked"), "{what}: {told}");
            Tally { read: 0, refused: 1 }
        });
    };
    for (file, name) in FILES.iter().enumerate().filter(|(_, name)| ["cells.parquet", "manifest.json"].contains(name)) {
        let path = base.copy.join(name);
        // Half a file, and bytes of the footer or of a key gone.
        let whole = &base.files[file];
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        ends(name, &["verify", &run], "the folder must be a finished run");
        ends(name, &["report", &run, "--force"], "the folder must be a finished run");
        fs::write(&path, whole).unwrap();
    }
    let seed = |path: &str| fs::read(root().join("tests/fuzz/seeds").join(path)).unwrap();
    // The thrift of the footer says that something is true with a number that means nothing, at which polars panics.
    let mut parquet = seed("cover/plain.parquet");
    let footer = parquet.len() - 120;
    parquet[footer..footer + 60].fill(0xff);
    let parquet = scratch.put("table.parquet", &parquet).display().to_string();
    let table = ["optimise", "--rows", &parquet, "--pairs", &parquet, "--sites", &parquet, "--objective", "set-cover"];
    ends("a footer", &table, "table::format");
    let scenario = String::from_utf8(seed("scenario/town.toml")).unwrap().replace("[inputs]", "[inputs");
    let scenario = scratch.put("damaged.toml", scenario.as_bytes()).display().to_string();
    ends("a scenario", &["plan", &scenario, "--out", &run, "--force"], "scenario::toml");
    ends("a scenario", &["check", &scenario], "scenario::toml");
    kind
}

#[test]
fn ten_thousand_damaged_inputs_are_read_or_refused() {
    let kinds = Mutex::new(Vec::new());
    let drills: [fn() -> Kind; 10] = [
        of_runs,
        of_rasters,
        of_roads,
        of_tables,
        of_shapes,
        of_covers,
        of_downloads,
        of_scenarios,
        of_networks,
        of_commands,
    ];
    let next = Mutex::new(drills.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(4) {
            scope.spawn(|| {
                loop {
                    let Some(drill) = next.lock().unwrap().next() else { break };
                    let begun = std::time::Instant::now();
                    let kind = drill();
                    kinds.lock().unwrap().push((kind, begun.elapsed()));
                }
            });
        }
    });
    let kinds = kinds.into_inner().unwrap();
    assert_eq!(kinds.len(), drills.len(), "a drill ended early");
    let mut told = String::new();
    for (kind, took) in &kinds {
        let Tally { read, refused } = kind.tally;
        let _ =
            writeln!(told, "{:6} damaged: {}: {read} readings, {refused} refusals, {took:.1?}", kind.tried, kind.name);
    }
    let all: u64 = kinds.iter().map(|(kind, _)| kind.tried).sum();
    eprintln!("{told}{all:6} in all");
    let panicked: Vec<&str> = kinds.iter().flat_map(|(kind, _)| &kind.panicked).map(String::as_str).collect();
    assert!(panicked.is_empty(), "{} of {all} panicked:\n{}", panicked.len(), panicked.join("\n"));
    assert!(all >= ENOUGH, "{all}");
    for (kind, _) in &kinds {
        assert!(kind.tally.refused > 0, "{}: no damage was noticed", kind.name);
    }
}

#[test]
fn damage_is_the_same_on_every_machine() {
    // 1 · 6364136223846793005 + 1442695040888963407 = 7806831264735756412; its upper 31 bits are 908834774.
    assert_eq!(Draw(1).below(1000), 774);
}
