//! Small files that claim to be large: each is refused with a message, and memory does not follow the claim. Every command
//! runs with 800 MB of address space, so that what is set aside for a claim ends it.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{root, text};

/// Runs the binary with 800 MB of address space.
fn gandan(args: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "ulimit -v 800000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_gandan")])
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .args(args)
        .args(["--threads", "2"])
        .output()
        .unwrap()
}

/// Asserts that a command was refused with a code and words.
fn refused(args: &[&str], code: &str, words: &str) {
    let out = gandan(args);
    let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
    let plain: String = said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert_eq!(out.status.code(), Some(1), "{args:?}: {said}");
    assert!(plain.contains(code) && plain.contains(words), "{args:?} lacks `{code}` or `{words}`: {said}");
}

/// A scenario on the demo city with one of its inputs replaced.
fn scenario(home: &Path, input: &str, file: &Path) -> PathBuf {
    let all = std::fs::read_to_string(root().join("data/four-stages.toml")).unwrap();
    let of = format!("\n{input} = \"");
    let lines: Vec<String> = all
        .replace("\"demo/", &format!("\"{}/data/demo/", root().display()))
        .lines()
        .map(|line| match line.starts_with(of.trim_start()) {
            true => format!("{input} = \"{}\"", file.display()),
            false => line.to_owned(),
        })
        .collect();
    let path = home.join("scenario.toml");
    std::fs::write(&path, lines.join("\n")).unwrap();
    assert!(lines.iter().any(|line| line.contains(&file.display().to_string())), "no input `{input}`");
    path
}

/// A file of zeros that takes no room on the disk.
fn sparse(home: &Path, name: &str, mib: u64) -> PathBuf {
    let path = home.join(name);
    std::fs::File::create(&path).unwrap().set_len(mib << 20).unwrap();
    path
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

#[test]
fn text_files_beyond_their_limits_are_refused_unread() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str, mib| sparse(home.path(), name, mib).display().to_string();
    refused(&["check", &path("s.toml", 5)], "file::too-large", "a scenario may be of 4 MiB at most");
    let area = sparse(home.path(), "a.geojson", 600);
    let with_area = scenario(home.path(), "study_area", &area).display().to_string();
    refused(&["check", &with_area], "file::too-large", "GeoJSON may be of 512 MiB at most");
    // A finished run with a manifest of 300 MiB.
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    sparse(&run, "manifest.json", 300);
    refused(&["report", &run.display().to_string()], "file::too-large", "a file of a run may be of 256 MiB at most");
}

#[test]
fn deep_nesting_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let toml = file("deep.toml", format!("a = {}", "[".repeat(1_000_000)));
    refused(&["check", &toml.display().to_string()], "scenario::toml", "line 1");
    let area = file("deep.geojson", format!("{{\"type\":\"Polygon\",\"coordinates\":{}", "[".repeat(10_000_000)));
    let with_area = scenario(home.path(), "study_area", &area).display().to_string();
    refused(&["check", &with_area], "boundaries::format", "recursion limit");
    let inner = "{\"type\":\"GeometryCollection\",\"geometries\":[".repeat(100_000);
    let area = file("deep.geojson", inner);
    let with_area = scenario(home.path(), "study_area", &area).display().to_string();
    refused(&["check", &with_area], "boundaries::format", "recursion limit");
    // The key `geo` of a run's tables and the manifest are JSON too.
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    std::fs::write(run.join("manifest.json"), "[".repeat(10_000_000)).unwrap();
    refused(&["report", &run.display().to_string()], "run::manifest", "recursion limit");
}

#[test]
fn a_table_with_a_quote_that_is_never_closed_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let sites = home.path().join("sites.csv");
    std::fs::write(&sites, ["id,name,lon,lat\na,\"A,105.8,21.0\n", &"b,B,105.8,21.0\n".repeat(400_000)].concat())
        .unwrap();
    let with_sites = scenario(home.path(), "sites", &sites).display().to_string();
    refused(&["check", &with_sites], "file::too-large", "line 2");
}

#[test]
fn parquet_whose_footer_claims_more_than_it_holds_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let table = home.path().join("rows.parquet");
    let cover = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (pairs, sites) = (cover("pairs.csv", "row,site\n1,1\n"), cover("sites.csv", "site\n1\n"));
    // The version (field 1), then the schema (field 2), a list of 2^30 structures: polars by itself sets memory aside for
    // all of them, and the process ends.
    let footer = [vec![0x15, 2, 0x19, 0xfc], varint(1 << 30), vec![0, 0]].concat();
    let bytes = [b"PAR1", footer.as_slice(), &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat();
    assert!(bytes.len() < 40);
    std::fs::write(&table, bytes).unwrap();
    let table = table.display().to_string();
    let args = ["optimise", "--objective", "set-cover", "--rows", &table, "--pairs", &pairs, "--sites", &sites];
    refused(&args, "table::format", "more values than there are bytes");
}

/// A PBF file of the same data block so many times.
fn pbf(home: &Path, raw: &[u8], times: usize) -> String {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(raw).unwrap();
    let packed = zlib.finish().unwrap();
    // Blob: raw_size (2), zlib_data (3). BlobHeader: type (1), datasize (3).
    let blob = [vec![0x10], varint(raw.len() as u64), vec![0x1a], varint(packed.len() as u64), packed].concat();
    let header = [&[0x0a, 7][..], b"OSMData", &[0x18], &varint(blob.len() as u64)].concat();
    let frame = [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat();
    let path = home.join("roads.osm.pbf");
    std::fs::write(&path, frame.repeat(times)).unwrap();
    path.display().to_string()
}

fn isochrone<'a>(roads: &'a str, out: &'a str) -> Vec<&'a str> {
    vec!["isochrone", "--roads", roads, "--site", "105.8,21.0", "--minutes", "10", "--mode", "foot", "--out", out]
}

#[test]
fn pbf_bombs_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out.geojson").display().to_string();
    // A string table (1) of 8 million empty strings (0a 00): 16 MiB packed into some 16 KiB.
    let table = [0x0a, 0].repeat(8 << 20);
    let raw = [vec![0x0a], varint(table.len() as u64), table].concat();
    let roads = pbf(home.path(), &raw, 1);
    assert!(Path::new(&roads).metadata().unwrap().len() < 32 << 10);
    refused(&isochrone(&roads, &out), "osm::damaged", "8388608 strings");
    // Groups (2) with 4 million empty ways (1a 00), which the full parser would make a gigabyte of.
    let ways = [0x1a, 0].repeat(4 << 20);
    let raw = [vec![0x0a, 0, 0x12], varint(ways.len() as u64), ways].concat();
    let roads = pbf(home.path(), &raw, 1);
    refused(&isochrone(&roads, &out), "osm::damaged", "4194304 elements");
    // A hundred blocks of 16 MiB of one unknown field in some 16 KiB each: 1.6 GiB in all.
    let raw = [vec![0x0a, 0, 0x2a], varint(16 << 20), vec![0; 16 << 20]].concat();
    let roads = pbf(home.path(), &raw, 100);
    assert!(Path::new(&roads).metadata().unwrap().len() < 3 << 20);
    refused(&isochrone(&roads, &out), "osm::damaged", "times its size");
}

/// The bytes of a small classic TIFF with one tile that is said to be of so many pixels by side.
fn tiff(side: u32) -> Vec<u8> {
    let doubles = |all: &[f64]| all.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let shorts = |all: &[u16]| all.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (scale, tie) = (doubles(&[1e-4, 1e-4, 0.0]), doubles(&[0.0, 0.0, 0.0, 105.0, 21.4, 0.0]));
    let keys = shorts(&[1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326]);
    let tile = vec![0x78; 64];
    // Tag, type, count, and either the value or what stands elsewhere.
    type Entry<'a> = (u16, u16, u32, Result<u32, &'a [u8]>);
    let entries: [Entry<'_>; 14] = [
        (256, 4, 1, Ok(side)),
        (257, 4, 1, Ok(side)),
        (258, 3, 1, Ok(64)),
        (259, 3, 1, Ok(8)),
        (262, 3, 1, Ok(1)),
        (277, 3, 1, Ok(1)),
        (322, 4, 1, Ok(side)),
        (323, 4, 1, Ok(side)),
        (324, 4, 1, Err(&tile)),
        (325, 4, 1, Ok(64)),
        (339, 3, 1, Ok(3)),
        (33550, 12, 3, Err(&scale)),
        (33922, 12, 6, Err(&tie)),
        (34735, 3, 16, Err(&keys)),
    ];
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((entries.len() as u16).to_le_bytes());
    let after = 8 + 2 + 12 * entries.len() + 4;
    let mut tail: Vec<u8> = Vec::new();
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.unwrap_or((after + tail.len()) as u32).to_le_bytes());
        tail.extend(value.err().unwrap_or_default());
    }
    out.extend([0; 4]);
    out.extend(tail);
    out
}

#[test]
fn a_raster_with_a_giant_tile_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let people = home.path().join("people.tif");
    for (side, words) in [
        // 5,792² pixels of 8 bytes are 256 MiB, as much as a tile may be, from 64 bytes.
        (5_792, "64 bytes claims to unpack to 268378112"),
        (20_000, "64 bytes claims to unpack to 3200000000"),
    ] {
        std::fs::write(&people, tiff(side)).unwrap();
        assert!(people.metadata().unwrap().len() < 500);
        let with_people = scenario(home.path(), "population", &people).display().to_string();
        refused(&["check", &with_people], "population::chunks", words);
    }
}

#[test]
fn a_run_that_would_take_too_much_memory_is_refused_with_a_table() {
    let home = tempfile::tempdir().unwrap();
    let town = home.path().join("town").display().to_string();
    let out = home.path().join("out");
    let target = out.display().to_string();
    assert_eq!(gandan(&["synth", "--people", "5000", "--out", &town]).status.code(), Some(0));
    let file = format!("{town}/scenario.toml");
    let plan = |most: &str| gandan(&["plan", &file, "--out", &target, "--no-cache", "--max-memory", most]);
    let refused = plan("60MiB");
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in
        ["memory::needed", "allows 60 MiB", "read population", "travel times", "optimise", "write and draw", "cell_m"]
    {
        assert!(said.contains(part), "no `{part}`: {said}");
    }
    assert!(refused.stdout.is_empty() && !out.exists(), "nothing is done before");
    // The demo city is refused by the sizes of its files, before its roads are read.
    let demo = root().join("data/four-stages.toml").display().to_string();
    let rough = gandan(&["plan", &demo, "--out", &target, "--no-cache", "--max-memory", "100MiB"]);
    let said = text(&rough.stderr);
    assert_eq!(rough.status.code(), Some(1), "{said}");
    assert!(said.contains("roughly") && said.contains("read roads") && !said.contains("junctions"), "{said}");
    assert_eq!(plan("2MiBs").status.code(), Some(2));
    let done = plan("700MiB");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(out.join("manifest.json").is_file());
    let checked = gandan(&["check", &file, "--no-cache"]);
    assert!(text(&checked.stdout).contains("note[memory::estimate]"), "{}", text(&checked.stdout));
}
