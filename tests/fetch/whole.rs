//! `gandan fetch` as a user runs it, from made files on a server of this machine to a plan.

use std::path::Path;
use std::process::{Command, Output};

use flate2::{Compression, write::ZlibEncoder};
use osmpbfreader::fileformat::{Blob, BlobHeader};
use osmpbfreader::osmformat::relation::MemberType;
use osmpbfreader::osmformat::{DenseNodes, PrimitiveBlock, PrimitiveGroup, Relation, StringTable, Way};
use protobuf::{Message, MessageField};
use std::io::Write;

use super::md5_of;
use super::server::{Answer, Server, file};

/// Corners of a city of two communes in the middle of the demo city, degrees.
const CORNERS: [(f64, f64); 6] =
    [(105.80, 20.98), (105.85, 20.98), (105.90, 20.98), (105.90, 21.06), (105.85, 21.06), (105.80, 21.06)];
const FIRST_NODE: i64 = 9_000_000;
const FIRST_WAY: i64 = 8_000_000;

/// A block under construction.
#[derive(Default)]
struct Block {
    texts: Vec<String>,
    group: PrimitiveGroup,
}

impl Block {
    fn text(&mut self, text: &str) -> u32 {
        if self.texts.is_empty() {
            self.texts.push(String::new());
        }
        let at = self.texts.iter().position(|t| t == text).unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        at as u32
    }

    fn tags(&mut self, tags: &[(&str, &str)]) -> (Vec<u32>, Vec<u32>) {
        tags.iter().map(|(key, value)| (self.text(key), self.text(value))).unzip()
    }

    fn frame(self) -> Vec<u8> {
        let mut block = PrimitiveBlock::new();
        let mut table = StringTable::new();
        table.s = self.texts.into_iter().map(String::into_bytes).collect();
        block.stringtable = MessageField::some(table);
        block.primitivegroup.push(self.group);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&block.write_to_bytes().unwrap()).unwrap();
        let mut blob = Blob::new();
        blob.set_zlib_data(zlib.finish().unwrap());
        let blob = blob.write_to_bytes().unwrap();
        let mut header = BlobHeader::new();
        header.set_type("OSMData".into());
        header.set_datasize(blob.len() as i32);
        let header = header.write_to_bytes().unwrap();
        [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
    }
}

/// The corners, and post offices, one in each of `places` and one far outside the city.
fn nodes() -> Vec<u8> {
    let mut block = Block::default();
    let mut dense = DenseNodes::new();
    let offices = [(105.82, 21.00), (105.84, 21.04), (105.87, 21.01), (105.88, 21.05), (105.60, 21.20)];
    let mut last = (0, 0, 0);
    for (i, (lon, lat)) in CORNERS.iter().chain(&offices).enumerate() {
        let now = (FIRST_NODE + i as i64, (lon * 1e7_f64).round() as i64, (lat * 1e7_f64).round() as i64);
        dense.id.push(now.0 - last.0);
        dense.lon.push(now.1 - last.1);
        dense.lat.push(now.2 - last.2);
        last = now;
        if i >= CORNERS.len() {
            let name = format!("Bưu cục {i}");
            for text in ["amenity", "post_office", "name", name.as_str(), "addr:street", "Láng"] {
                let at = block.text(text) as i32;
                dense.keys_vals.push(at);
            }
        }
        dense.keys_vals.push(0);
    }
    block.group.dense = MessageField::some(dense);
    block.frame()
}

/// Borders: round the west, round the east, the top of the west, the line between.
fn ways() -> Vec<u8> {
    let mut block = Block::default();
    block.text("");
    for (i, corners) in [&[5, 0, 1][..], &[1, 2, 3, 4], &[4, 5], &[1, 4]].into_iter().enumerate() {
        let mut way = Way::new();
        way.set_id(FIRST_WAY + i as i64);
        let mut last = 0;
        for corner in corners {
            way.refs.push(FIRST_NODE + corner - last);
            last = FIRST_NODE + corner;
        }
        block.group.ways.push(way);
    }
    block.frame()
}

/// An area: id, its ways as numbers, tags.
type Area<'a> = (i64, &'a [i64], &'a [(&'a str, &'a str)]);

fn relations() -> Vec<u8> {
    let mut block = Block::default();
    let border = [("type", "boundary"), ("boundary", "administrative")];
    let areas: [Area<'_>; 4] = [
        (1, &[0, 3, 2], &[("admin_level", "6"), ("name", "Phường Tây"), ("population", "1200"), ("ref", "00001")]),
        (2, &[3, 1], &[("admin_level", "6"), ("name", "Phường Đông")]),
        (3, &[2, 0, 1], &[("admin_level", "4"), ("name", "Thành phố Hà Nội"), ("wikidata", "Q1858")]),
        (4, &[0, 99], &[("admin_level", "6"), ("name", "cut off")]),
    ];
    for (id, members, tags) in areas {
        let mut relation = Relation::new();
        relation.set_id(id);
        (relation.keys, relation.vals) = block.tags(&[&border, tags].concat());
        let mut last = 0;
        for way in members {
            relation.roles_sid.push(block.text("outer") as i32);
            relation.memids.push(FIRST_WAY + way - last);
            last = FIRST_WAY + way;
            relation.types.push(MemberType::WAY.into());
        }
        block.group.relations.push(relation);
    }
    block.frame()
}

/// The demo city's roads with a city, its communes and post offices put in.
fn extract() -> Vec<u8> {
    let roads = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf")).unwrap();
    let (mut out, mut rest, mut nodes) = (Vec::new(), &roads[..], Some(nodes()));
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let header = BlobHeader::parse_from_bytes(&rest[4..4 + length]).unwrap();
        let end = 4 + length + header.datasize() as usize;
        if header.type_() == "OSMData" {
            let blob = Blob::parse_from_bytes(&rest[4 + length..end]).unwrap();
            let mut raw = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(blob.zlib_data()), &mut raw).unwrap();
            let block = PrimitiveBlock::parse_from_bytes(&raw).unwrap();
            if block.primitivegroup.iter().any(|group| !group.ways.is_empty()) {
                // Nodes stand before all ways.
                out.extend(nodes.take().unwrap_or_default());
            }
        }
        out.extend(&rest[..end]);
        rest = &rest[end..];
    }
    out.extend(ways());
    out.extend(relations());
    out
}

fn gandan(cache: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gandan"));
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let out = command.env("GANDAN_CACHE", cache).args(args).output().unwrap();
    println!("$ gandan {}\n{}{}", args.join(" "), text(&out.stderr), text(&out.stdout));
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn hanoi_from_the_server_to_a_plan() {
    let roads = extract();
    let grid = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/population.tif")).unwrap();
    let (hash, half) = (md5_of(&roads), roads.len() / 2);
    let server = Server::new(move |asked, n| match asked.path.as_str() {
        // The first try breaks off half-way.
        "/vietnam-latest.osm.pbf" if n == 1 => file(asked, &roads, "\"r\"").cut(half),
        "/vietnam-latest.osm.pbf" => file(asked, &roads, "\"r\""),
        "/vietnam-latest.osm.pbf.md5" => Answer::new(200).body(hash.as_bytes()),
        "/people.tif" => file(asked, &grid, "\"p\""),
        _ => Answer::new(404),
    });
    let home = tempfile::tempdir().unwrap();
    let (cache, out) = (home.path().join("cache"), home.path().join("hanoi"));
    let urls = [format!("{}/vietnam-latest.osm.pbf", server.url), format!("{}/people.tif", server.url)];
    let target = out.to_str().unwrap().to_owned();
    let fetch = |more: &[&str]| {
        let args = ["fetch", "hanoi", "--pbf-url", &urls[0], "--population-url", &urls[1], "--out", &target];
        let rest = ["--buffer-km", "3", "--first-wait-s", "0.01", "--format", "json"];
        gandan(&cache, &[&args[..], &rest, more].concat())
    };

    println!("-- a dry run asks for sizes only");
    let dry = fetch(&["--dry-run"]);
    let sizes: serde_json::Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert!(sizes[0]["bytes"].as_u64().unwrap() > 100_000 && sizes[1]["bytes"].as_u64().unwrap() > 1_000, "{sizes}");
    assert!(server.asked("/vietnam-latest.osm.pbf").iter().all(|asked| asked.method == "HEAD"));
    assert!(!out.exists() && !cache.exists(), "a dry run writes nothing");

    println!("-- offline, all that is missing is named");
    let offline = fetch(&["--offline"]);
    assert_eq!(offline.status.code(), Some(1));
    for part in ["vietnam-latest.osm.pbf", "people.tif", urls[0].as_str(), urls[1].as_str(), "downloads"] {
        assert!(text(&offline.stderr).contains(part), "{part}");
    }

    println!("-- the fetch itself");
    let done = fetch(&[]);
    assert_eq!(done.status.code(), Some(0));
    let summary: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&summary["area"], &summary["sites"]), (&"Thành phố Hà Nội".into(), &4.into()));
    assert_eq!(summary["layers"], serde_json::json!([{ "id": "communes", "areas": 2 }]));
    assert_eq!(summary["roads"]["record"]["md5_checked"], true);
    assert_eq!(server.ranges("/vietnam-latest.osm.pbf"), [None, None, Some(half)]);
    let mut names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let expected = [
        "communes.geojson",
        "fetched.json",
        "hanoi.toml",
        "population.tif",
        "roads.osm.pbf",
        "sites.csv",
        "study_area.geojson",
    ];
    assert_eq!(names, expected);
    let sites = std::fs::read_to_string(out.join("sites.csv")).unwrap();
    assert!(sites.contains("node/9000006,Bưu cục 6,105.8200000,21.0000000,postal,,Láng,osm"), "{sites}");
    let scenario = std::fs::read_to_string(out.join("hanoi.toml")).unwrap();
    assert!(scenario.contains("OpenStreetMap contributors (ODbL)"), "{scenario}");

    println!("-- what stands there is not written over; offline the same comes out of the cache");
    assert_eq!(fetch(&[]).status.code(), Some(1));
    let before = ["roads.osm.pbf", "communes.geojson", "sites.csv"].map(|name| std::fs::read(out.join(name)).unwrap());
    assert_eq!(fetch(&["--offline", "--force"]).status.code(), Some(0));
    let after = ["roads.osm.pbf", "communes.geojson", "sites.csv"].map(|name| std::fs::read(out.join(name)).unwrap());
    assert!(before == after, "the same files make the same folder");
    assert_eq!(server.asked("/vietnam-latest.osm.pbf").len(), 3);

    println!("-- the scenario is ready to plan with");
    let run = home.path().join("run");
    let plan = gandan(&cache, &["plan", out.join("hanoi.toml").to_str().unwrap(), "--out", run.to_str().unwrap()]);
    assert_eq!(plan.status.code(), Some(0));
    assert!(run.join("rollout.parquet").is_file());

    println!("-- another region by its relation, with its own layers");
    let west = home.path().join("west");
    let args =
        ["fetch", "tay", "--pbf-url", &urls[0], "--population-url", &urls[1], "--relation", "1", "--levels", "6,8"];
    let other = gandan(&cache, &[&args[..], &["--out", west.to_str().unwrap(), "--buffer-km", "1"]].concat());
    assert_eq!(other.status.code(), Some(0));
    assert!(west.join("level-6.geojson").is_file() && west.join("tay.toml").is_file());
    assert_eq!(std::fs::read_to_string(west.join("sites.csv")).unwrap().lines().count(), 3, "two offices in the west");
    let nowhere = gandan(&cache, &["fetch", "atlantis"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("--pbf-url"));
}
