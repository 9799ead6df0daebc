//! People and places from end to end: cells, calibration, groups, dossiers, scopes, proposals, surveys, formats of sites.
//!
//! On two former districts of the demo city, Hoàn Kiếm and Tây Hồ, with its lake and the Red River.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use geo::{BooleanOps, BoundingRect, Contains, Point};
use polars::prelude::{Column, DataFrame, ParquetReader, ParquetWriter, SerReader};
use serde_json::{Value, json};

mod common;
use common::{change, features, gandan, shapes, text};

const SCENARIO: &str = r#"
title = { vi = "Thử", en = "Trial" }

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
#INPUTS

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

[[inputs.boundaries]]
id = "halves"
name = { vi = "Hai nửa", en = "Halves" }
file = "halves.geojson"
population = "population"

[standard]
minutes = 5
radius_km = 1

[output]
isochrone_minutes = [5]

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-01-01
opens = "most-people"
agents = 2
#SCOPE

[[phases]]
name = { vi = "Hai", en = "Two" }
starts = 2025-06-01
opens = "fewest-for-all"
"#;

/// East of it is the half `east`, west of it `west`; it runs through wards.
const MIDDLE: f64 = 105.84;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    common::part_of_demo(home.path(), &["002", "003"]);
    halves(home.path(), None);
    home
}

/// The study area, its two districts dissolved.
fn area(home: &Path) -> geo::MultiPolygon<f64> {
    gandan::ingest::boundaries::read_area(&home.join("area.geojson")).unwrap()
}

/// A layer of two halves of the area, with official numbers or without.
fn halves(home: &Path, people: Option<[u64; 2]>) {
    let area = area(home);
    let half = |code: &str, west: f64, east: f64, people: Option<u64>| {
        let side = geo::Rect::new((west, 20.0), (east, 22.0)).to_polygon();
        let shape = geojson::Geometry::new(geojson::GeometryValue::from(&area.intersection(&side)));
        json!({
            "type": "Feature",
            "properties": { "code": code, "name": code, "population": people },
            "geometry": serde_json::to_value(shape).unwrap(),
        })
    };
    let all = [half("west", 105.7, MIDDLE, people.map(|p| p[0])), half("east", MIDDLE, 106.0, people.map(|p| p[1]))];
    fs::write(home.join("halves.geojson"), json!({ "type": "FeatureCollection", "features": all }).to_string())
        .unwrap();
}

/// Plans with the scenario and more keys; the run's folder.
fn plan_with(home: &Path, name: &str, scenario: &str, more: &str) -> PathBuf {
    let path = home.join(format!("{name}.toml"));
    fs::write(&path, format!("{scenario}\n{more}\n")).unwrap();
    let out = home.join(name);
    let done = gandan(&["plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
    assert!(done.status.success(), "{name}: {}", text(&done.stderr));
    out
}

fn plan(home: &Path, name: &str, more: &str) -> PathBuf {
    plan_with(home, name, SCENARIO, more)
}

/// A table of a run.
struct Table(DataFrame);

impl Table {
    fn of(run: &Path, file: &str) -> Table {
        Table(ParquetReader::new(fs::File::open(run.join(file)).unwrap()).finish().unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0.column(name).unwrap().f64().unwrap().iter().map(|v| v.unwrap_or(f64::NAN)).collect()
    }

    fn wholes(&self, name: &str) -> Vec<u32> {
        self.0.column(name).unwrap().u32().unwrap().iter().map(Option::unwrap).collect()
    }

    /// Nulls become empty texts.
    fn texts(&self, name: &str) -> Vec<String> {
        self.0.column(name).unwrap().str().unwrap().iter().map(|v| v.unwrap_or_default().to_owned()).collect()
    }

    fn flags(&self, name: &str) -> Vec<bool> {
        self.0.column(name).unwrap().bool().unwrap().iter().map(Option::unwrap).collect()
    }
}

/// Thousandths of a person.
fn milli(people: f64) -> i64 {
    (people * 1000.0).round() as i64
}

/// A demand row of `cells.parquet`.
#[derive(Debug, Clone)]
struct Row {
    mode: String,
    boundary: String,
    lon: f64,
    lat: f64,
    /// Thousandths.
    persons: i64,
    weight: i64,
    covered: bool,
}

/// Demand rows of a phase by cell and mode.
fn rows(run: &Path, phase: u32) -> BTreeMap<(u32, String), Row> {
    let t = Table::of(run, "cells.parquet");
    let (cells, modes, phases, boundaries) =
        (t.wholes("cell"), t.texts("mode"), t.wholes("phase"), t.texts("boundary"));
    let (lon, lat, persons, weight) = (t.numbers("lon"), t.numbers("lat"), t.numbers("persons"), t.numbers("weight"));
    let covered = t.flags("covered");
    (0..cells.len())
        .filter(|&i| phases[i] == phase)
        .map(|i| {
            let row = Row {
                mode: modes[i].clone(),
                boundary: boundaries[i].clone(),
                lon: lon[i],
                lat: lat[i],
                persons: milli(persons[i]),
                weight: milli(weight[i]),
                covered: covered[i],
            };
            ((cells[i], modes[i].clone()), row)
        })
        .collect()
}

fn persons<'a>(rows: impl IntoIterator<Item = &'a Row>) -> i64 {
    rows.into_iter().map(|r| r.persons).sum()
}

/// The sites of a plan in the order of opening.
fn opened(run: &Path) -> Vec<String> {
    Table::of(run, "rollout.parquet").texts("site")
}

fn phase_numbers(run: &Path, column: &str) -> Vec<f64> {
    Table::of(run, "phases.parquet").numbers(column)
}

#[test]
fn nobody_lives_on_water_and_every_pixel_keeps_its_people() {
    use gandan::ingest::osm::features::{Wanted, read_features};
    use gandan::ingest::population::read_population;
    let home = home();
    let home = home.path();
    let run = plan(home, "fine", "[population]\ncell_m = 200");
    let area = area(home);
    let b = area.bounding_rect().unwrap();
    let clip = [b.min().x, b.min().y, b.max().x, b.max().y];
    let wanted = Wanted { water: true, ..Wanted::default() };
    let water = read_features(&home.join("roads.osm.pbf"), clip, &wanted).unwrap().water_polygons();
    let wet = |lon: f64, lat: f64| water.iter().any(|w| w.contains(&Point::new(lon, lat)));

    let coarse = read_population(&home.join("population.tif"), &area).unwrap();
    let fine = rows(&run, 1);
    let drowned: Vec<&Row> = fine.values().filter(|r| r.persons > 0 && wet(r.lon, r.lat)).collect();
    assert!(drowned.is_empty(), "{drowned:?}");

    // Pixels of 460 m are split into 3 by 3; of each the parts add up to the pixel, to the thousandth.
    let mut of_pixel: HashMap<u64, i64> = HashMap::new();
    for row in fine.values() {
        let at = gandan::units::LonLat { lon: row.lon, lat: row.lat };
        *of_pixel.entry(coarse.locate(at, 1).unwrap()).or_default() += row.persons;
    }
    let before: HashMap<u64, i64> = coarse.cells.iter().map(|c| (c.id, c.persons.0 as i64)).collect();
    assert_eq!(of_pixel, before);
    let cells: BTreeSet<u32> = fine.keys().map(|(cell, _)| *cell).collect();
    assert!(cells.len() > 3 * coarse.cells.len(), "{} of {}", cells.len(), coarse.cells.len());

    // A canal of 311 m through the old town, narrower than a pixel: whoever lived there lives beside it.
    let canal = geo::Rect::new((105.852, 21.0), (105.855, 21.1)).to_polygon();
    let ring: Vec<[f64; 2]> = canal.exterior().coords().map(|c| [c.x, c.y]).collect();
    let canals = json!({ "type": "FeatureCollection", "features": [
        { "type": "Feature", "properties": {}, "geometry": { "type": "Polygon", "coordinates": [ring] } },
    ] });
    fs::write(home.join("canal.geojson"), canals.to_string()).unwrap();
    let scenario = SCENARIO.replace("#INPUTS", "water = \"canal.geojson\"");
    let dug = rows(&plan_with(home, "dug", &scenario, "[population]\ncell_m = 200"), 1);
    let in_canal = |rows: &BTreeMap<(u32, String), Row>| {
        persons(rows.values().filter(|r| canal.contains(&Point::new(r.lon, r.lat))))
    };
    assert!(in_canal(&fine) > 1_000_000, "{}", in_canal(&fine));
    assert_eq!((in_canal(&dug), persons(dug.values())), (0, persons(fine.values())));
}

#[test]
fn several_official_numbers_are_met_at_once() {
    let home = home();
    let home = home.path();
    let first = plan(home, "one", "[population]\ncalibrate_to = \"communes\"");
    let west = |run: &Path| persons(rows(run, 1).values().filter(|r| r.lon < MIDDLE));
    let all = persons(rows(&first, 1).values());
    // Hoàn Kiếm's 158,052 and Tây Hồ's 262,726.
    assert_eq!(all, 420_778_000);
    // A census that finds 2,000 more in the west than the grid puts there.
    let wanted = (west(&first) / 1000 + 2000) as u64;
    halves(home, Some([wanted, 420_778 - wanted]));
    let run = plan(home, "three", "[population]\ncalibrate_to = [\"communes\", \"districts\", \"halves\"]");
    let found = rows(&run, 1);

    let t = Table::of(&run, "calibration.parquet");
    let (layers, codes, factors) = (t.texts("layer"), t.texts("code"), t.numbers("factor"));
    let (before, official, after) =
        (t.numbers("persons_before"), t.numbers("official_persons"), t.numbers("persons_after"));
    let of_layer = |layer: &str| -> Vec<usize> { (0..layers.len()).filter(|&i| layers[i] == layer).collect() };
    let census: Value = serde_json::from_slice(&fs::read(home.join("communes.geojson")).unwrap()).unwrap();
    assert!(of_layer("communes").len() > 3);
    for i in of_layer("communes") {
        // The first layer to the person, in the table and in the cells.
        let published = census["features"].as_array().unwrap().iter().find(|f| f["properties"]["code"] == codes[i]);
        let published = published.unwrap()["properties"]["population"].as_i64().unwrap();
        assert_eq!(milli(official[i]), published * 1000, "{}", codes[i]);
        assert_eq!(milli(after[i]), published * 1000, "{}", codes[i]);
        assert_eq!(persons(found.values().filter(|r| r.boundary == codes[i])), published * 1000, "{}", codes[i]);
        assert!((factors[i] - after[i] / before[i]).abs() < 1e-9);
    }
    // The districts are made of whole communes, so they are met as exactly.
    for i in of_layer("districts") {
        assert_eq!(milli(after[i]), milli(official[i]), "{}", codes[i]);
    }
    assert_eq!(of_layer("districts").len(), 2);
    // The halves cross the communes: met within what rounding the cells leaves.
    for i in of_layer("halves") {
        assert!((after[i] - official[i]).abs() < 1.0, "{}: {} for {}", codes[i], after[i], official[i]);
    }
    assert!((west(&run) - wanted as i64 * 1000).abs() < 1000, "{} for {wanted}", west(&run));
}

#[test]
fn official_people_where_the_file_has_nobody_are_put_inside_the_area() {
    let home = home();
    let home = home.path();
    // The western half alone: Phú Thượng (00091) and Tây Hồ (00103) whole, some of Hồng Hà (00097). The file knows a
    // single place, in Tây Hồ.
    fs::copy(home.join("halves.geojson"), home.join("area.geojson")).unwrap();
    features(&home.join("area.geojson"), |all| all.retain(|f| f["properties"]["code"] == "west"));
    fs::write(home.join("people.csv"), "lon,lat,persons\n105.813,21.061,1000\n").unwrap();
    let scenario = SCENARIO.replace("population.tif", "people.csv").replace("#INPUTS", "outside_sites = \"leave-out\"");
    let run = plan_with(home, "empty", &scenario, "[population]\ncalibrate_to = \"communes\"");
    let found = rows(&run, 1);
    let of = |code: &str| persons(found.values().filter(|r| r.boundary == code));
    assert_eq!((of("00091"), of("00103")), (39_322_000, 100_122_000));
    // Of Hồng Hà's 123,282 the part of its land that lies in the area, some four tenths.
    assert!((0.3..0.5).contains(&(of("00097") as f64 / 123_282_000.0)), "{}", of("00097"));
    assert_eq!(persons(found.values()), of("00091") + of("00097") + of("00103"));
    let area = area(home);
    assert!(found.values().all(|r| area.contains(&Point::new(r.lon, r.lat))), "someone is put outside");
}

/// Members by group, cell and mode.
fn members(run: &Path) -> BTreeMap<(String, u32, String), i64> {
    let t = Table::of(run, "cell_groups.parquet");
    let (groups, cells, modes, n) = (t.texts("group"), t.wholes("cell"), t.texts("mode"), t.numbers("persons"));
    (0..n.len()).map(|i| ((groups[i].clone(), cells[i], modes[i].clone()), milli(n[i]))).collect()
}

/// People and covered people of `groups.parquet` by group, phase and boundary; empty is the whole area.
fn fared(run: &Path) -> BTreeMap<(String, u32, String), (i64, i64)> {
    let t = Table::of(run, "groups.parquet");
    let (groups, phases, boundaries) = (t.texts("group"), t.wholes("phase"), t.texts("boundary"));
    let (all, covered) = (t.numbers("persons"), t.numbers("covered_persons"));
    (0..all.len())
        .map(|i| ((groups[i].clone(), phases[i], boundaries[i].clone()), (milli(all[i]), milli(covered[i]))))
        .collect()
}

#[test]
fn groups_fare_as_their_cells_do_and_weigh_only_where_they_live() {
    let home = home();
    let home = home.path();
    features(&home.join("communes.geojson"), |all| {
        for f in all {
            let share = if f["properties"]["district_code"] == "002" { 0.25 } else { 0.1 };
            f["properties"]["elders"] = json!(share);
        }
    });
    // 500 and 250 who stand at two places of a list; the second is beyond the area and does not count.
    fs::write(home.join("listed.csv"), "lon,lat,persons\n105.80,21.09,500\n105.95,21.02,250\n").unwrap();
    let groups = |of_all: &str, of_elders: &str, of_listed: &str| {
        let name = "name = { vi = \"a\", en = \"a\" }";
        format!(
            "[[groups]]\nid = \"all\"\n{name}\nshare = 1\n{of_all}\n\
             [[groups]]\nid = \"elders\"\n{name}\nshare_of = {{ layer = \"communes\", property = \"elders\" }}\n{of_elders}\n\
             [[groups]]\nid = \"listed\"\n{name}\nfile = \"listed.csv\"\n{of_listed}\n"
        )
    };
    let plain = plan(home, "plain", &groups("", "", ""));
    let lives = members(&plain);
    for phase in [1, 2] {
        let cells = rows(&plain, phase);
        let mut expected: BTreeMap<(String, u32, String), (i64, i64)> = BTreeMap::new();
        for ((group, cell, mode), n) in &lives {
            let row = &cells[&(*cell, mode.clone())];
            for place in [String::new(), row.boundary.clone()] {
                let sums = expected.entry((group.clone(), phase, place)).or_default();
                sums.0 += n;
                sums.1 += if row.covered { *n } else { 0 };
            }
        }
        let told: BTreeMap<_, _> =
            fared(&plain).into_iter().filter(|((_, p, _), (n, _))| *p == phase && *n > 0).collect();
        assert_eq!(told, expected);
        // All are everyone.
        let everyone = ["persons", "covered_persons"].map(|c| milli(phase_numbers(&plain, c)[phase as usize - 1]));
        let all = told[&("all".to_owned(), phase, String::new())];
        assert_eq!([all.0, all.1], everyone);
        assert!(all.1 > 0 && (phase == 2 || all.1 < all.0), "{all:?}");
        assert_eq!(told[&("listed".to_owned(), phase, String::new())].0, 500_000);
        for (boundary, n) in told.iter().filter(|((g, ..), _)| g == "all").map(|((_, _, b), n)| (b.clone(), n.0)) {
            let elders = told[&("elders".to_owned(), phase, boundary.clone())].0;
            let shares = (elders as f64 / n as f64 * 100.0).round();
            // A quarter in Hoàn Kiếm, a tenth in Tây Hồ; each cell is rounded by itself.
            assert!(boundary.is_empty() || shares == 25.0 || shares == 10.0, "{boundary}: {elders} of {n}");
        }
        assert!(cells.values().all(|r| r.weight == r.persons));
    }

    // Everyone seven times as dear changes no choice.
    let dear = plan(home, "dear", &groups("weight = 7", "", ""));
    assert_eq!(opened(&dear), opened(&plain));
    assert!(rows(&dear, 1).values().all(|r| (r.weight - 7 * r.persons).abs() <= 3));

    // Elders walk and count five times: their cells keep their people, only elders walk more, only elders weigh more.
    let walking = plan(home, "walking", &groups("", "weight = 5\nmodes = { foot = 1 }", ""));
    let (before, after, lives) = (rows(&plain, 1), rows(&walking, 1), members(&walking));
    let of_cell = |rows: &BTreeMap<(u32, String), Row>| {
        let mut sums: BTreeMap<u32, i64> = BTreeMap::new();
        rows.iter().for_each(|((cell, _), row)| *sums.entry(*cell).or_default() += row.persons);
        sums
    };
    assert_eq!(of_cell(&before), of_cell(&after));
    assert!(lives.keys().filter(|k| k.0 == "elders").all(|k| k.2 == "foot"));
    for ((cell, mode), row) in &after {
        let elders = lives.get(&("elders".to_owned(), *cell, mode.clone())).copied().unwrap_or(0);
        assert!((row.weight - row.persons - 4 * elders).abs() <= 1, "{row:?} {elders}");
        // Of the others each mode keeps its share: what it had, less the elders' part of it.
        let all_elders: i64 = lives.iter().filter(|(k, _)| k.0 == "elders" && k.1 == *cell).map(|(_, n)| n).sum();
        let (had, whole) = (before[&(*cell, mode.clone())].persons as f64, of_cell(&before)[cell] as f64);
        let expected = had * (1.0 - all_elders as f64 / whole) + elders as f64;
        assert!((row.persons as f64 - expected).abs() <= 3.0, "{row:?}: {expected}");
    }

    // Those on the list, a thousand times as dear, are served first where they can be.
    let mine = plan(home, "mine", &groups("", "", "weight = 1000"));
    let listed = |run: &Path, phase: u32| fared(run)[&("listed".to_owned(), phase, String::new())].1;
    assert_eq!(listed(&mine, 1), listed(&mine, 2), "two agents serve all of them that anyone can");
    assert!(listed(&mine, 1) > listed(&plain, 1), "{} {}", listed(&mine, 1), listed(&plain, 1));
    let others = |run: &Path| phase_numbers(run, "covered_persons")[0];
    assert!(others(&mine) <= others(&plain), "the plain plan serves most people");
}

#[test]
fn dossiers_by_hand_and_old_districts_through_wards_of_today() {
    let home = home();
    let home = home.path();
    let service = |code: &str, yearly: u32| {
        format!(
            "[[services]]\ncode = \"{code}\"\nname = {{ vi = \"a\", en = \"a\" }}\nminutes = 9\nyearly_per_1000 = {yearly}\n"
        )
    };
    fs::write(home.join("services.toml"), format!("source = \"s\"\n{}{}", service("a", 100), service("b", 50)))
        .unwrap();
    let scope = |layer: &str, code: &str, more: &str| {
        let scope = format!(
            "[phases.scope]\nname = {{ vi = \"a\", en = \"a\" }}\nlayer = \"{layer}\"\ncodes = [\"{code}\"]\nthrough = \"communes\"\n{more}"
        );
        SCENARIO.replace("#SCOPE", &scope)
    };
    let demand =
        "[demand]\ncatalogue = \"services.toml\"\nonline_share = [0.3, 0.8]\nhelp_share = 0.5\nworking_days = 200";
    let run = plan_with(home, "west", &scope("halves", "west", ""), demand);

    // 150 a year for 1,000 people are 0.15 a head; over 200 days, 30 % online, half of it with help: 0.15 / 200 · 0.3 ·
    // 0.5 = 0.0001125 a day in the first phase, and with 80 % 0.0003 in the last.
    let (people, dossiers) = (phase_numbers(&run, "persons"), phase_numbers(&run, "dossiers_per_day"));
    for (phase, a_head) in [0.000_112_5, 0.000_3].into_iter().enumerate() {
        assert!((dossiers[phase] - people[phase] * a_head).abs() < 1e-6, "{dossiers:?} of {people:?}");
        let t = Table::of(&run, "cells.parquet");
        let in_phase = t.wholes("phase");
        let sum: f64 = t
            .numbers("dossiers_per_day")
            .iter()
            .zip(&in_phase)
            .filter(|(_, p)| **p == phase as u32 + 1)
            .map(|(d, _)| d)
            .sum();
        assert!((sum - dossiers[phase]).abs() < 1e-6);
    }
    assert_eq!(phase_numbers(&run, "online_share"), [0.3, 0.8]);

    // The wards of which the crosswalk puts at least half of the people into the western half.
    let t = Table::of(&run, "crosswalk.parquet");
    let (from_layer, to_layer, from, to) =
        (t.texts("from_layer"), t.texts("to_layer"), t.texts("from_code"), t.texts("to_code"));
    let (shares, n) = (t.numbers("share_of_from"), t.numbers("persons"));
    let pick = |least: f64, layer: &str, code: &str| -> BTreeSet<String> {
        let fits = |&i: &usize| {
            from_layer[i] == "communes"
                && to_layer[i] == layer
                && to[i] == code
                && shares[i] >= least
                && !from[i].is_empty()
        };
        (0..n.len()).filter(fits).map(|i| from[i].clone()).collect()
    };
    let (half, any) = (pick(0.5, "halves", "west"), pick(1e-9, "halves", "west"));
    assert!(!half.is_empty() && half.len() < any.len(), "the line must cut a ward: {half:?} of {any:?}");
    let people_of =
        |run: &Path, wards: &BTreeSet<String>| persons(rows(run, 1).values().filter(|r| wards.contains(&r.boundary)));
    assert_eq!(milli(phase_numbers(&run, "scope_persons")[0]), people_of(&run, &half));
    let t = Table::of(&run, "rollout.parquet");
    let (wards, phases) = (t.texts("boundary"), t.wholes("phase"));
    let first: Vec<&String> = wards.iter().zip(&phases).filter(|(_, p)| **p == 1).map(|(w, _)| w).collect();
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|w| half.contains(*w)), "{first:?} of {half:?}");

    // A smaller overlap lets the wards in that are only partly there; an old district by its name without marks.
    let run = plan_with(home, "some", &scope("halves", "west", "overlap = 0.0001"), "");
    assert_eq!(milli(phase_numbers(&run, "scope_persons")[0]), people_of(&run, &pick(0.0001, "halves", "west")));
    let run = plan_with(home, "old", &scope("districts", "Tay Ho", ""), "");
    let old = pick(0.5, "districts", "003");
    assert!(old.len() > 1, "{old:?}");
    assert_eq!(milli(phase_numbers(&run, "scope_persons")[0]), people_of(&run, &old));
}

#[test]
fn proposals_serve_whom_no_candidate_serves() {
    let home = home();
    let home = home.path();
    // Only the first two candidates are left; the second bears the name of a proposal of an earlier run.
    let table = fs::read_to_string(home.join("sites.csv")).unwrap();
    let kept: Vec<&str> = table.lines().take(3).collect();
    let second = kept[2].split(',').next().unwrap().to_owned();
    fs::write(home.join("sites.csv"), kept.join("\n") + "\n").unwrap();
    change(&home.join("sites.csv"), &format!("{second},"), "proposal-1,");
    let without = plan(home, "without", "");
    assert!(Table::of(&without, "sites.parquet").flags("proposed").iter().all(|p| !p));
    let with = plan(home, "with", "[proposals]\nmost = 3\nmin_persons = 500");

    let t = Table::of(&with, "sites.parquet");
    let (ids, proposed, usable, positions) =
        (t.texts("site"), t.flags("proposed"), t.flags("usable"), t.texts("position"));
    let new: BTreeSet<String> = (0..ids.len()).filter(|&i| proposed[i]).map(|i| ids[i].clone()).collect();
    assert_eq!((ids.len(), new.len()), (5, 3), "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 5, "an id of its own for each: {ids:?}");
    assert!((0..ids.len()).filter(|&i| proposed[i]).all(|i| usable[i] && positions[i].starts_with("proposed ")));

    // One after the other each serves at least 500 whom neither a candidate nor an earlier proposal serves.
    let t = Table::of(&with, "coverage.parquet");
    let (cells, modes, sites) = (t.wholes("cell"), t.texts("mode"), t.texts("site"));
    let mut reach: HashMap<&str, BTreeSet<(u32, String)>> = HashMap::new();
    for i in 0..sites.len() {
        reach.entry(&sites[i]).or_default().insert((cells[i], modes[i].clone()));
    }
    let people = rows(&with, 1);
    let mut served: BTreeSet<(u32, String)> = BTreeSet::new();
    ids.iter().zip(&proposed).filter(|(_, p)| !**p).for_each(|(id, _)| served.extend(reach[id.as_str()].clone()));
    let mut gains = Vec::new();
    for (id, _) in ids.iter().zip(&proposed).filter(|(_, p)| **p) {
        gains.push(reach[id.as_str()].difference(&served).map(|row| people[row].persons).sum::<i64>());
        served.extend(reach[id.as_str()].clone());
    }
    assert!(gains.iter().all(|g| *g >= 500_000) && gains.is_sorted_by(|a, b| a >= b), "{gains:?}");
    let covered = |run: &Path| phase_numbers(run, "covered_persons");
    let (before, after) = (covered(&without), covered(&with));
    assert!(before.iter().zip(&after).all(|(b, a)| b <= a), "{before:?} {after:?}");
    assert_eq!(milli(after[1] - before[1]), gains.iter().sum::<i64>());

    // Where everyone is served nothing is proposed.
    let all = plan(home, "all", "[proposals]\nmost = 3\nmin_persons = 1000000");
    assert!(Table::of(&all, "sites.parquet").flags("proposed").iter().all(|p| !p));
}

#[test]
fn a_survey_asks_what_is_unknown_and_its_answers_count() {
    let home = home();
    let home = home.path();
    let columns = "id,name,lon,lat,organisation,years_in_field,charter_capital_vnd,fast_internet,computers,spare_computer,scanner,copier,cameras_24h,camera_days_kept";
    let full = "postal,12,4500000000,true,2,true,true,true,true,45";
    let sites = [
        format!("sure,Bưu cục A,105.8131,21.0609,{full}"),
        format!("007,Bưu cục B,105.8531,21.0259,{}", full.replacen("true,true,true,45", ",true,true,", 1)),
        format!("none,Bưu cục C,105.8200,21.0800,{}", ",".repeat(9)),
    ];
    fs::write(home.join("sites.csv"), format!("{columns}\n{}\n", sites.join("\n"))).unwrap();
    let scenario = home.join("scenario.toml");
    fs::write(&scenario, SCENARIO).unwrap();
    let form = home.join("form.csv");
    let survey = |out: Option<&Path>| {
        let out: Vec<&str> = out.iter().flat_map(|o| ["--out", o.to_str().unwrap()]).collect();
        gandan(&[&["survey", scenario.to_str().unwrap()][..], &out].concat())
    };
    let verdicts = || -> (usize, usize, usize) {
        let done = gandan(&["check", scenario.to_str().unwrap(), "--format", "json", "--quiet"]);
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        let note = told["findings"].as_array().unwrap().iter().find(|f| f["code"] == "sites::eligibility").unwrap();
        let numbers: Vec<usize> = note["message"]
            .as_str()
            .unwrap()
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|n| n.parse().ok())
            .collect();
        (numbers[0], numbers[2], numbers[3])
    };
    assert_eq!(verdicts(), (1, 0, 2));
    let done = survey(Some(&form));
    assert!(done.status.success(), "{}", text(&done.stderr));
    // Two of B, nine and the kind of organisation of C.
    assert!(text(&done.stderr).contains("2 sites, 12 open questions"), "{}", text(&done.stderr));
    let asked = fs::read_to_string(&form).unwrap();
    let lines: Vec<&str> = asked.lines().collect();
    assert_eq!(lines.len(), 3, "{asked}");
    assert!(lines[1].starts_with("007,") && lines[2].starts_with("none,"), "{asked}");
    // It stands already; another ending is refused; a workbook is one.
    assert!(text(&survey(Some(&form)).stderr).contains("output::exists"));
    assert!(text(&survey(Some(&home.join("form.docx"))).stderr).contains("survey::ending"));
    assert!(survey(Some(&home.join("form.xlsx"))).status.success());
    assert!(fs::read(home.join("form.xlsx")).unwrap().starts_with(b"PK"));
    let left: Vec<_> = fs::read_dir(home)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .filter(|n| n.to_string_lossy().contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // Filled in as Excel does: semicolons, Vietnamese words, the zeros of 007 taken off.
    let header: Vec<&str> = lines[0].trim_start_matches('\u{feff}').split(',').collect();
    let answer = |id: &str, values: &[(&str, &str)]| -> String {
        let value = |name: &&str| values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| *v);
        header.iter().map(|name| if *name == "id" { id } else { value(name) }).collect::<Vec<_>>().join(";")
    };
    fs::write(&form, format!("{}\n{}\n", header.join(";"), answer("7", &[("scanner", "Có")]))).unwrap();
    fs::write(&scenario, SCENARIO.replace("#INPUTS", "survey = \"form.csv\"")).unwrap();
    let done = survey(None);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        text(&done.stderr).contains("survey::unknown-site") && text(&done.stderr).contains("`007`"),
        "{}",
        text(&done.stderr)
    );
    let b = answer("007", &[("scanner", "Có"), ("camera_days_kept", "45")]);
    let c = answer("none", &[("organisation", "postal"), ("years_in_field", "2,5")]);
    fs::write(&form, format!("{}\n{b}\n{c}\n", header.join(";"))).unwrap();
    // B has all now; C has been in the field for less than three years.
    assert_eq!(verdicts(), (2, 1, 0));
    let listed = text(&survey(None).stdout);
    assert!(listed.contains("007") && listed.contains("none"), "{listed}");
    // What is known is not overruled.
    let wrong = answer("007", &[("copier", "Không")]);
    fs::write(&form, format!("{}\n{wrong}\n", header.join(";"))).unwrap();
    let done = survey(None);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("survey::contradiction"), "{}", text(&done.stderr));
}

#[test]
fn sites_are_the_same_in_every_format() {
    let home = home();
    let home = home.path();
    let mut reader = csv::Reader::from_path(home.join("sites.csv")).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let value = |name: &str, text: &str| -> Value {
        match (name, text) {
            (_, "") => Value::Null,
            (_, "true") => json!(true),
            (_, "false") => json!(false),
            ("id" | "name" | "ward_code", text) => json!(text),
            (_, text) => text.parse::<f64>().map_or_else(|_| json!(text), |n| json!(n)),
        }
    };
    let column = |name: &str| -> Vec<Value> {
        let at = header.iter().position(|h| h == name).unwrap();
        records.iter().map(|r| value(name, &r[at])).collect()
    };
    // Parquet with numbers and flags of their own types.
    let columns: Vec<Column> = header
        .iter()
        .map(|name| {
            let values = column(name);
            let some = values.iter().find(|v| !v.is_null()).cloned().unwrap_or(Value::Null);
            let name = name.as_str().into();
            match some {
                Value::Bool(_) => Column::new(name, values.iter().map(Value::as_bool).collect::<Vec<_>>()),
                Value::Number(_) => Column::new(name, values.iter().map(Value::as_f64).collect::<Vec<_>>()),
                _ => Column::new(name, values.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Vec<_>>()),
            }
        })
        .collect();
    let mut frame = DataFrame::new(records.len(), columns).unwrap();
    ParquetWriter::new(fs::File::create(home.join("sites.parquet")).unwrap()).finish(&mut frame).unwrap();
    let (lon, lat) = (column("lon"), column("lat"));
    let feature = |i: usize| {
        let properties: serde_json::Map<String, Value> =
            header.iter().filter(|h| *h != "lon" && *h != "lat").map(|h| (h.clone(), column(h)[i].clone())).collect();
        json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Point", "coordinates": [lon[i], lat[i]] } })
    };
    let all: Vec<Value> = (0..records.len()).map(feature).collect();
    fs::write(home.join("sites.geojson"), json!({ "type": "FeatureCollection", "features": all }).to_string()).unwrap();
    let run_of = |ending: &str| plan_with(home, ending, &SCENARIO.replace("sites.csv", &format!("sites.{ending}")), "");
    // The values: the files also tell the names and hashes of the inputs.
    let table = |run: &Path, file: &str| ParquetReader::new(fs::File::open(run.join(file)).unwrap()).finish().unwrap();
    let from_csv = run_of("csv");
    assert!(opened(&from_csv).len() > 2);
    for ending in ["parquet", "geojson"] {
        let run = run_of(ending);
        for file in ["rollout.parquet", "sites.parquet", "coverage.parquet"] {
            assert!(table(&run, file).equals_missing(&table(&from_csv, file)), "{ending}: {file} differs");
        }
    }
}

#[test]
fn sites_from_openstreetmap_and_people_as_points() {
    let home = home();
    let home = home.path();
    // A thousand at each of three places, one of them beyond the area.
    fs::write(
        home.join("people.csv"),
        "lon,lat,persons\n105.853,21.026,1000\n105.813,21.061,1000.25\n105.6,21.0,1000\n",
    )
    .unwrap();
    let scenario = SCENARIO
        .replace("population.tif", "people.csv")
        .replace("sites.csv", "roads.osm.pbf")
        .replace("#INPUTS", "site_tags = { highway = [\"traffic_signals\"] }");
    let run = plan_with(home, "signals", &scenario, "");
    let t = Table::of(&run, "sites.parquet");
    let (ids, positions) = (t.texts("site"), t.texts("position"));
    assert!(ids.len() > 1 && ids.iter().all(|id| id.starts_with("node/")), "{ids:?}");
    assert!(positions.iter().all(|p| p == "osm"));
    let area = shapes(&home.join("area.geojson"));
    for (lon, lat) in t.numbers("lon").into_iter().zip(t.numbers("lat")) {
        assert!(area.iter().any(|a| a.contains(&Point::new(lon, lat))), "{lon}, {lat}");
    }
    let found = rows(&run, 1);
    assert_eq!(persons(found.values()), 2_000_250);
    let places: BTreeSet<(String, String)> = found.values().map(|r| (r.lon.to_string(), r.lat.to_string())).collect();
    assert_eq!(places.len(), 2);
    assert!(found.values().all(|r| ["motorcycle", "car", "bicycle", "foot"].contains(&r.mode.as_str())));
    // Without tags it is post offices that count, and this city has none.
    let path = home.join("post.toml");
    fs::write(&path, scenario.replace("site_tags", "#")).unwrap();
    let done = gandan(&["plan", path.to_str().unwrap(), "--out", home.join("post").to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("osm::no-sites") && text(&done.stderr).contains("amenity=post_office"));
}
