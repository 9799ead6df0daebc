//! `gandan check` as a user runs it: broken inputs, each told with its code, place and help, and sound ones.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

mod common;
use common::{add, change, features, gandan, root, site, text};

const SCENARIO: &str = r#"
title = { vi = "Thử", en = "Trial" }

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Communes" }
file = "communes.geojson"
population = "population"

[[inputs.boundaries]]
id = "districts"
name = { vi = "Quận", en = "Districts" }
file = "districts.geojson"
population = "population"

[standard]
minutes = 5
radius_km = 1

[population]
calibrate_to = "communes"

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-01-01
opens = "most-people"
agents = 3

[phases.scope]
name = { vi = "Hồ Tây", en = "the West Lake" }
layer = "districts"
codes = ["003"]
"#;

/// The demo's district Tây Hồ with its scenario.
fn small(home: &Path) -> PathBuf {
    common::part_of_demo(home, &["003"]);
    let scenario = home.join("scenario.toml");
    fs::write(&scenario, SCENARIO).unwrap();
    scenario
}

/// A way to break the inputs, and what must be said: the code, and parts of the line and its help.
struct Case {
    name: &'static str,
    spoil: fn(&Path),
    code: &'static str,
    says: &'static [&'static str],
}

/// A catalogue of one procedure, named in the scenario.
fn one_service(home: &Path, code: &str, minutes: i32) {
    let service = format!("code = \"{code}\"\nname = {{ vi = \"a\", en = \"a\" }}\nminutes = {minutes}");
    let catalogue = format!("source = \"s\"\n[[services]]\n{service}\nyearly_per_1000 = 5\n");
    fs::write(home.join("services.toml"), catalogue).unwrap();
    add(&home.join("scenario.toml"), "\n[demand]\ncatalogue = \"services.toml\"\n");
}

/// Everything in a folder, by name, with its size.
fn listing(home: &Path) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = fs::read_dir(home)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), e.metadata().unwrap().len()))
        .collect();
    all.sort();
    all
}

const BROKEN: &[Case] = &[
    Case {
        name: "an unknown key",
        spoil: |home| change(&home.join("scenario.toml"), "population = \"population.tif\"", "people = \"p.tif\""),
        code: "scenario::toml",
        says: &["scenario.toml", "line 6", "unknown field `people`", "docs/scenario.md"],
    },
    Case {
        name: "a missing file",
        spoil: |home| fs::remove_file(home.join("sites.csv")).unwrap(),
        code: "io",
        says: &["sites.csv", "No such file", "relative to the scenario file"],
    },
    Case {
        name: "a truncated PBF",
        spoil: |home| {
            let roads = home.join("roads.osm.pbf");
            let whole = fs::read(&roads).unwrap();
            fs::write(&roads, &whole[..whole.len() / 2]).unwrap();
        },
        code: "osm::damaged",
        says: &["roads.osm.pbf", "data block", "truncated", "fetch it again"],
    },
    Case {
        name: "a GeoTIFF without CRS",
        spoil: |home| {
            use tiff::encoder::{TiffEncoder, colortype::Gray32Float};
            use tiff::tags::Tag;
            let file = fs::File::create(home.join("population.tif")).unwrap();
            let mut encoder = TiffEncoder::new(file).unwrap();
            let mut image = encoder.new_image::<Gray32Float>(4, 4).unwrap();
            image.encoder().write_tag(Tag::ModelPixelScaleTag, &[0.5_f64, 0.5, 0.0][..]).unwrap();
            image.encoder().write_tag(Tag::ModelTiepointTag, &[0.0_f64, 0.0, 0.0, 105.0, 22.0, 0.0][..]).unwrap();
            image.write_data(&[7.0_f32; 16]).unwrap();
        },
        code: "population::crs",
        says: &["population.tif", "gdal"],
    },
    Case {
        name: "a population of text",
        spoil: |home| fs::write(home.join("population.tif"), "lon,lat,persons\n105.8,21.0,3\n").unwrap(),
        code: "population::tiff",
        says: &["population.tif", "not a TIFF file"],
    },
    Case {
        name: "a population elsewhere",
        spoil: |home| {
            fs::write(home.join("people.csv"), "lon,lat,persons\n2.35,48.85,1000\n").unwrap();
            change(&home.join("scenario.toml"), "population.tif", "people.csv");
        },
        code: "population::overlap",
        says: &["people.csv", "study area", "longitude comes first"],
    },
    Case {
        name: "a ring that cannot be repaired",
        spoil: |home| {
            features(&home.join("communes.geojson"), |all| {
                let ring = json!([[105.80, 21.05], [105.81, 21.06], [105.82, 21.05]]);
                all[7]["geometry"] = json!({ "type": "Polygon", "coordinates": [ring] });
            })
        },
        code: "boundaries::rings",
        says: &["communes.geojson"],
    },
    Case {
        name: "a code that stands twice",
        spoil: |home| features(&home.join("communes.geojson"), |all| all[5]["properties"]["code"] = json!("00004")),
        code: "boundaries::duplicate",
        says: &["communes.geojson", "`00004`", "unique"],
    },
    Case {
        name: "swapped coordinates",
        spoil: |home| site(home, "sites.csv", "s1", "Bưu cục đảo", 21.06, 105.82),
        code: "sites::place",
        says: &["sites.csv", "line 12", "lon 21.06, lat 105.82", "swapped"],
    },
    Case {
        name: "a site in the sea",
        spoil: |home| site(home, "sites.csv", "s2", "Bưu cục Hoàng Sa", 112.3, 16.5),
        code: "sites::outside",
        says: &["sites.csv", "site s2 (Bưu cục Hoàng Sa)", "km outside the study area", "correct its place"],
    },
    Case {
        name: "an id in both files of sites",
        spoil: |home| site(home, "fixed.csv", "bc-00103-1", "Chi nhánh", 105.8131, 21.0609),
        code: "sites::duplicate",
        says: &["fixed.csv", "`bc-00103-1`", "an id of its own"],
    },
    Case {
        name: "a survey that contradicts what is known",
        spoil: |home| {
            fs::write(home.join("survey.csv"), "id,scanner\nbc-00103-1,Không\n").unwrap();
            change(&home.join("scenario.toml"), "fixed_sites", "survey = \"survey.csv\"\nfixed_sites");
        },
        code: "survey::contradiction",
        says: &["survey.csv", "line 2", "bc-00103-1", "`no` here, but `yes`"],
    },
    Case {
        name: "fewer agents than stand already",
        spoil: |home| change(&home.join("scenario.toml"), "agents = 3", "agents = 0"),
        code: "phases::agents",
        says: &[
            "scenario.toml",
            "phases[1].agents (One)",
            "0 agents are fewer than the 1 fixed sites",
            "give 1 or more",
        ],
    },
    Case {
        name: "an unknown scope",
        spoil: |home| change(&home.join("scenario.toml"), "codes = [\"003\"]", "codes = [\"Tay Hố\", \"Tây Hô2\"]"),
        code: "scope::code",
        says: &["scenario.toml", "scope `the West Lake`", "`Tây Hô2`", "did you mean", "Tây Hồ"],
    },
    Case {
        name: "more than everybody in a group",
        spoil: |home| {
            let group = "\n[[groups]]\nid = \"elders\"\nname = { vi = \"a\", en = \"a\" }\nshare = 12\n";
            add(&home.join("scenario.toml"), group);
        },
        code: "scenario::value",
        says: &["scenario.toml", "groups[1].share (elders)", "12 is no share", "from 0 to 1"],
    },
    Case {
        name: "a mode by which nobody travels",
        spoil: |home| {
            let group = "\n[[groups]]\nid = \"elders\"\nname = { vi = \"a\", en = \"a\" }\nshare = 0.1\n";
            add(&home.join("scenario.toml"), &format!("{group}modes = {{ elephant = 1 }}\n"));
        },
        code: "groups::mode",
        says: &["scenario.toml", "group `elders`", "`elephant`", "motorcycle"],
    },
    Case {
        name: "a group by a property that is not there",
        spoil: |home| {
            let group = "\n[[groups]]\nid = \"elders\"\nname = { vi = \"a\", en = \"a\" }\n";
            let of = "share_of = { layer = \"communes\", property = \"eldres\" }\n";
            add(&home.join("scenario.toml"), &format!("{group}{of}"));
        },
        code: "groups::property",
        says: &["scenario.toml", "group `elders`", "no feature of the layer `communes`", "`eldres`", "area_km2"],
    },
    Case {
        name: "a broken catalogue",
        spoil: |home| {
            one_service(home, "a", -3);
        },
        code: "services::value",
        says: &["services.toml", "service `a`", "-3 minutes", "above 0"],
    },
    Case {
        name: "a layer in metres",
        spoil: |home| {
            features(&home.join("communes.geojson"), |all| {
                let ring =
                    json!([[585000.0, 2330000.0], [586000.0, 2330000.0], [586000.0, 2331000.0], [585000.0, 2330000.0]]);
                all[3]["geometry"] = json!({ "type": "Polygon", "coordinates": [ring] });
            })
        },
        code: "boundaries::coordinates",
        says: &["communes.geojson", "585000", "longitudes run from -180 to 180"],
    },
];

#[test]
fn every_broken_input_is_told_with_its_place_and_help() {
    for case in BROKEN {
        let home = tempfile::tempdir().unwrap();
        let scenario = small(home.path());
        (case.spoil)(home.path());
        let before = listing(home.path());
        let map = home.path().join("map.png");
        let args = ["check", scenario.to_str().unwrap(), "--map", map.to_str().unwrap(), "--quiet"];
        let done = gandan(&args);
        let said = text(&done.stdout);
        println!("--- {}\n{said}", case.name);
        assert_eq!(done.status.code(), Some(1), "{}: {said}{}", case.name, text(&done.stderr));
        assert!(done.stderr.is_empty(), "{}: {}", case.name, text(&done.stderr));
        // The line of the finding, and its help below it.
        let all: Vec<&str> = said.lines().collect();
        let told = |pair: &&[&str]| pair[0].starts_with(&format!("error[{}]", case.code));
        let told: Vec<String> = all.windows(2).filter(told).map(|pair| pair.join("\n")).collect();
        let fits = |finding: &String| finding.contains("\n    ") && case.says.iter().all(|part| finding.contains(part));
        assert!(told.iter().any(fits), "{}: expected {} with {:?} in:\n{said}", case.name, case.code, case.says);
        assert!(said.contains("No map is drawn until the errors are mended."), "{}: {said}", case.name);
        assert_eq!(listing(home.path()), before, "{}: something was written", case.name);
    }
}

/// Sound inputs with something odd about the people: the code with its severity.
const DOUBTFUL: &[Case] = &[
    Case {
        name: "official numbers of another place",
        spoil: |home| {
            features(&home.join("communes.geojson"), |all| {
                for commune in all {
                    let people = commune["properties"]["population"].as_u64().unwrap();
                    commune["properties"]["population"] = (people * 5).into();
                }
            });
        },
        code: "warning[population::factor]",
        says: &["population.tif", "people by the file", "by the official number: factor", "look at the outline"],
    },
    Case {
        name: "nothing to scale to",
        spoil: |home| change(&home.join("scenario.toml"), "calibrate_to = \"communes\"", ""),
        code: "note[population::not-scaled]",
        says: &["population.tif", "people as the file has them", "population.calibrate_to"],
    },
    Case {
        name: "layers that contradict each other",
        spoil: |home| {
            change(
                &home.join("scenario.toml"),
                "calibrate_to = \"communes\"",
                "calibrate_to = [\"communes\", \"districts\"]",
            );
            features(&home.join("districts.geojson"), |all| {
                for district in all {
                    let people = district["properties"]["population"].as_u64().unwrap();
                    district["properties"]["population"] = (people * 3).into();
                }
            });
        },
        code: "warning[population::contradiction]",
        says: &["population.calibrate_to", "contradict each other", "the first layer is met exactly"],
    },
    Case {
        name: "a layer with a gap",
        spoil: |home| {
            let scenario = home.join("scenario.toml");
            change(&scenario, "calibrate_to = \"communes\"", "");
            let more = "\n[[inputs.boundaries]]\nid = \"others\"\nname = { vi = \"a\", en = \"a\" }\nfile = \"others.geojson\"\n";
            add(&scenario, more);
            fs::copy(home.join("districts.geojson"), home.join("others.geojson")).unwrap();
            features(&home.join("others.geojson"), |all| all.retain(|d| d["properties"]["code"] != "003"));
        },
        code: "warning[boundaries::outside]",
        says: &["others.geojson", "layer others", "people live in none of its features"],
    },
    Case {
        name: "a study area beyond the raster",
        spoil: |home| {
            features(&home.join("area.geojson"), |all| {
                let corners = json!([[[106.5, 21.0], [106.7, 21.0], [106.7, 21.2], [106.5, 21.2], [106.5, 21.0]]]);
                let mut beyond = all[0].clone();
                beyond["properties"]["code"] = "beyond".into();
                beyond["geometry"] = json!({ "type": "Polygon", "coordinates": corners });
                all.push(beyond);
            });
        },
        code: "warning[population::part]",
        says: &["population.tif", "% of the study area", "nobody is counted there"],
    },
    Case {
        name: "a group of more people than live there",
        spoil: |home| {
            fs::write(home.join("elders.csv"), "lon,lat,population\n105.83,21.07,900000\n").unwrap();
            let group = "\n[[groups]]\nid = \"elders\"\nname = { vi = \"a\", en = \"a\" }\nfile = \"elders.csv\"\n";
            add(&home.join("scenario.toml"), group);
        },
        code: "warning[groups::lost]",
        says: &["group `elders`", "live in no demand cell"],
    },
    Case {
        name: "a group of nobody",
        spoil: |home| {
            let group = "\n[[groups]]\nid = \"nobody\"\nname = { vi = \"a\", en = \"a\" }\nshare = 0.0\n";
            add(&home.join("scenario.toml"), group);
        },
        code: "warning[groups::empty]",
        says: &["group `nobody`", "it has no members", "check its share or its file"],
    },
    Case {
        name: "a procedure that takes too long",
        spoil: |home| {
            one_service(home, "slow", 40);
        },
        code: "warning[services::too-long]",
        says: &["services.toml", "service `slow`", "40 minutes a dossier", "15 minutes"],
    },
];

#[test]
fn doubts_about_people_are_told() {
    for case in DOUBTFUL {
        let home = tempfile::tempdir().unwrap();
        let scenario = small(home.path());
        let check = || text(&gandan(&["check", scenario.to_str().unwrap(), "--quiet"]).stdout);
        assert!(!check().contains(case.code), "{} is told of sound inputs", case.code);
        (case.spoil)(home.path());
        let said = check();
        let all: Vec<&str> = said.lines().collect();
        let told = all.windows(2).filter(|pair| pair[0].starts_with(case.code)).map(|pair| pair.join("\n"));
        let fits = |finding: String| case.says.iter().all(|part| finding.contains(part));
        assert!(told.into_iter().any(fits), "{}: expected {} with {:?} in:\n{said}", case.name, case.code, case.says);
        assert!(said.contains("0 errors, "), "{}: {said}", case.name);
    }
}

#[test]
fn faults_of_different_files_come_in_one_run() {
    let home = tempfile::tempdir().unwrap();
    let scenario = small(home.path());
    let wanted = [
        "a missing file",
        "a truncated PBF",
        "a population of text",
        "a code that stands twice",
        "fewer agents than stand already",
        "more than everybody in a group",
        "a broken catalogue",
    ];
    for case in BROKEN.iter().filter(|c| wanted.contains(&c.name)) {
        (case.spoil)(home.path());
    }
    let done = gandan(&["check", scenario.to_str().unwrap(), "--format", "json", "--quiet"]);
    assert_eq!(done.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    let codes: BTreeSet<&str> =
        told["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    for code in
        ["io", "osm::damaged", "population::tiff", "boundaries::duplicate", "scenario::value", "services::value"]
    {
        assert!(codes.contains(code), "no {code} among {codes:?}");
    }
    assert_eq!(told["errors"].as_u64(), Some(told["findings"].as_array().unwrap().len() as u64));

    // Of files that can be read, but do not fit: scope, agents, groups and the roads together.
    let home = tempfile::tempdir().unwrap();
    let scenario = small(home.path());
    let wanted = [
        "a truncated PBF",
        "a population elsewhere",
        "fewer agents than stand already",
        "an unknown scope",
        "a mode by which nobody travels",
    ];
    for case in BROKEN.iter().filter(|c| wanted.contains(&c.name)) {
        (case.spoil)(home.path());
    }
    let done = gandan(&["check", scenario.to_str().unwrap(), "--quiet"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1));
    for code in ["osm::damaged", "population::overlap", "phases::agents", "scope::code", "groups::mode"] {
        assert!(said.contains(&format!("error[{code}]")), "no {code} in:\n{said}");
    }
}

#[test]
fn sound_inputs_pass_and_are_drawn() {
    let home = tempfile::tempdir().unwrap();
    let scenario = small(home.path());
    // Doubts, not faults: a place in the West Lake, a branch listed among the candidates, a wrong ward.
    site(home.path(), "sites.csv", "wet", "Bưu cục nổi", 105.8185, 21.0567);
    let branch = fs::read_to_string(home.path().join("fixed.csv")).unwrap();
    let cells: Vec<&str> = branch.lines().nth(1).unwrap().split(',').collect();
    site(home.path(), "sites.csv", "again", "Tên khác", cells[2].parse().unwrap(), cells[3].parse().unwrap());
    let map = home.path().join("map.png");
    let run = |more: &[&str]| gandan(&[&["check", scenario.to_str().unwrap()][..], more].concat());
    let done = run(&["--format", "json", "--map", map.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(0), "{}{}", text(&done.stdout), text(&done.stderr));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((told["errors"].as_u64(), told["map"].as_str()), (Some(0), map.to_str()));
    let findings = told["findings"].as_array().unwrap();
    for f in findings {
        assert!(["warning", "note"].contains(&f["severity"].as_str().unwrap()), "{f}");
        assert!(f["help"].as_str().is_some_and(|h| !h.is_empty()), "{f}");
    }
    let of = |code: &str| -> Vec<&Value> { findings.iter().filter(|f| f["code"] == code).collect() };
    assert!(of("sites::in-water").iter().any(|f| f["place"] == "site wet (Bưu cục nổi)"), "{findings:?}");
    let twice = of("sites::twice");
    // The candidate stands where the branch of the other file stands.
    let pair = twice.iter().find(|f| f["message"].as_str().unwrap().contains("`again`")).expect("told");
    assert!(pair["file"].as_str().unwrap().ends_with("fixed.csv"), "{pair}");
    assert!(pair["message"].as_str().unwrap().contains(cells[0]), "{pair}");
    assert!(pair["help"].as_str().unwrap().contains("sites.csv"), "{pair}");

    let png = fs::read(&map).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 10_000);
    // What stands is replaced only with --force; the text ends with the counts.
    assert_eq!(run(&["--map", map.to_str().unwrap()]).status.code(), Some(1));
    let done = run(&["--map", map.to_str().unwrap(), "--force", "--quiet"]);
    let count = |severity: &str| told[severity].as_u64().unwrap();
    let plural = |n: u64, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let last = format!("0 errors, {}, {}", plural(count("warnings"), "warning"), plural(count("notes"), "note"));
    let said = text(&done.stdout);
    assert!(said.contains(&last) && said.contains("Map: "), "{last}\n{said}");
}

#[test]
fn a_map_of_another_ending_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let scenario = small(home.path());
    for name in ["map.jpg", "map", "map.png.txt"] {
        let map = home.path().join(name);
        let done = gandan(&["check", scenario.to_str().unwrap(), "--map", map.to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(1), "{name}");
        assert!(text(&done.stderr).contains("output::ending"), "{name}: {}", text(&done.stderr));
        assert!(!map.exists(), "{name}");
    }
}

/// Codes of faults in the sources, tests aside: `prefix::code` as text, and `io`.
fn codes_of_sources(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes_of_sources(&path, codes);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for line in source.lines().filter(|l| !l.trim_start().starts_with("//")) {
                codes.extend(line.split('"').skip(1).step_by(2).filter(|t| is_code(t)).map(str::to_owned));
            }
        }
    }
}

fn is_code(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text == "io" || text.split_once("::").is_some_and(|(prefix, code)| word(prefix) && word(code))
}

#[test]
fn every_code_is_documented_and_no_other() {
    let mut used = BTreeSet::new();
    codes_of_sources(&root().join("src"), &mut used);
    assert!(used.len() > 150, "the codes are no longer found: {used:?}");
    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let mut documented = BTreeSet::new();
    for row in page.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "four columns: {row}");
        assert!(cells[2].len() > 5 && cells[3].len() > 3, "says nothing: {row}");
        let code = cells[0].trim_matches('`').to_owned();
        assert!(is_code(&code), "{row}");
        assert!(documented.insert(code), "stands twice: {row}");
    }
    let missing: Vec<_> = used.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&used).collect();
    assert!(missing.is_empty() && gone.is_empty(), "docs/errors.md: missing {missing:?}, no longer there {gone:?}");
}
