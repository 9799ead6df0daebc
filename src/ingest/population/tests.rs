use polars::prelude::{
    Column, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray, StringChunked, UInt64Chunked,
};
use proptest::prelude::*;
use tiff::encoder::colortype::{Gray8, Gray32Float};

use super::*;
use crate::ingest::boundaries::{LayerSource, read_area, read_layer};
use crate::ingest::testkit::{TestTiff, file, polygon, rectangle, shared};

fn read(bytes: &[u8], area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let (_dir, path) = file("people.tif", bytes);
    read_population(&path, area)
}

fn csv(text: &str, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let (_dir, path) = file("people.csv", text);
    read_population(&path, area)
}

/// The code of the first fault and its message.
fn told(result: Result<PopulationGrid>) -> (&'static str, String) {
    let error = result.unwrap_err();
    (error.faults()[0].code, error.faults()[0].to_string())
}

/// 4 by 3 pixels of 0.1° from 105° E, 21° N: people are powers of two, so that a sum shows which were counted.
fn powers() -> Vec<u8> {
    let people: Vec<f32> = (0..12).map(|i| (1 << i) as f32).collect();
    TestTiff::new(4, 3).bytes::<Gray32Float>(&people)
}

#[test]
fn the_whole_raster() {
    let grid = read(&powers(), &rectangle(104.0, 20.0, 106.0, 22.0)).unwrap();
    // 2^12 - 1 people; the raster is 0.4° by 0.3° of the area's 2° by 2°.
    assert_eq!(grid.total(), Persons(4_095_000));
    assert_eq!((grid.whole_cells, grid.border_cells, grid.cells.len()), (12, 0, 12));
    assert!((grid.area_share - 0.03).abs() < 1e-9);
    assert_eq!(grid.cells[5].id, 5);
    let at = grid.cells[5].at;
    // Column 1, row 1.
    assert!((at.lon - 105.15).abs() < 1e-9 && (at.lat - 20.85).abs() < 1e-9);
}

#[test]
fn a_border_pixel_counts_by_its_area() {
    // 105.05 to 105.2 east, 20.9 to 21 north: half of pixel 0 (1 person) and all of pixel 1 (2 people).
    let grid = read(&powers(), &rectangle(105.05, 20.9, 105.2, 21.0)).unwrap();
    assert_eq!(
        grid.cells.iter().map(|c| (c.id, c.persons)).collect::<Vec<_>>(),
        [(0, Persons(500)), (1, Persons(2000))]
    );
    assert_eq!((grid.whole_cells, grid.border_cells, grid.area_share), (1, 1, 1.0));
    let half = grid.cells[0];
    assert!((half.share_inside - 0.5).abs() < 1e-9);
    assert!((half.at.lon - 105.075).abs() < 1e-9 && (half.centre.lon - 105.05).abs() < 1e-9);
}

#[test]
fn cells_without_a_value_or_people_are_left_out() {
    let tiff = TestTiff { nodata: Some("-99999"), ..TestTiff::new(5, 1) };
    let bytes = tiff.bytes::<Gray32Float>(&[-99999.0, f32::NAN, -1.0, 0.0, 7.0]);
    let grid = read(&bytes, &rectangle(104.0, 20.0, 106.0, 22.0)).unwrap();
    assert_eq!(grid.total(), Persons(7000));
    assert_eq!((grid.nodata_cells, grid.empty_cells, grid.cells.len()), (3, 1, 1));
}

#[test]
fn faults_of_a_raster() {
    let all = rectangle(104.0, 20.0, 106.0, 22.0);
    let (code, message) = told(read(&powers(), &rectangle(10.0, 50.0, 11.0, 51.0)));
    assert_eq!(code, "population::overlap");
    assert!(message.contains("105.0000 to 105.4000 east, 20.7000 to 21.0000 north"), "{message}");
    assert!(message.contains("10.0000 to 11.0000 east, 50.0000 to 51.0000 north"), "{message}");
    let (code, message) =
        told(read(&TestTiff { nodata: Some("0"), ..TestTiff::new(2, 1) }.bytes::<Gray8>(&[0, 0]), &all));
    assert_eq!(code, "population::empty");
    assert!(message.contains("of 2 cells 2 have no value and 0 no people"), "{message}");
    let absurd = TestTiff::new(12, 1).bytes::<Gray32Float>(&[f32::INFINITY; 12]);
    let error = read(&absurd, &rectangle(104.0, 20.0, 107.0, 22.0)).unwrap_err();
    assert_eq!(error.faults().len(), 10);
    assert_eq!(error.faults()[0].code, "population::value");
    assert!(error.faults()[9].message.ends_with("(and 2 more like this)"));
    assert_eq!(told(read_population(Path::new("people.xlsx"), &all)).0, "population::format");
}

#[test]
fn a_raster_with_too_many_pixels_is_refused_before_they_are_looked_at() {
    // 2,000,000 by 2,000,000 pixels in tiles that are left out: a few hundred bytes, and 4·10^12 pixels.
    let pixel = 1e-6;
    let tiff = TestTiff { pixel, west: 105.0, north: 21.0, ..TestTiff::new(2_000_000, 2_000_000) };
    let bytes = tiff.of_tiles((2_000_000, 2_000_000), (32, 3, 8), &[vec![]]);
    assert!(bytes.len() < 1000);
    let (code, message) = told(read(&bytes, &rectangle(104.0, 20.0, 106.0, 22.0)));
    assert_eq!(code, "population::size");
    assert!(message.contains("1000000 from west to east"), "{message}");
    // The same with a study area of 1,000 by 1,000 of them is read: nobody lives there.
    assert_eq!(told(read(&bytes, &rectangle(105.0, 20.999, 105.001, 21.0))).0, "population::empty");
}

#[test]
fn points_inside_are_read() {
    let grid = csv("persons,lat,lon,note\n2.5,21,105.5,a\n9,50,5,b\n0,21,105.5,c\n", &rectangle(105., 20., 106., 22.));
    let grid = grid.unwrap();
    assert_eq!(grid.total(), Persons(2500));
    assert_eq!((grid.whole_cells, grid.empty_cells, grid.cells[0].id), (2, 1, 0));
}

#[test]
fn faults_of_points() {
    let area = rectangle(105.0, 20.0, 106.0, 22.0);
    assert_eq!(told(csv("lon,lat,people\n", &area)).0, "population::columns");
    assert_eq!(told(csv("lon,persons\n", &area)).1.split(": ").last(), Some("a column `lon` but no column `lat`"));
    let error = csv("lon,lat,persons\n105,21,-1\n210,105,1\nx,1,1\n1,2,1e8\n", &area).unwrap_err();
    let mut places: Vec<_> = error.faults().iter().map(|f| (f.code, f.place.clone().unwrap())).collect();
    places.sort();
    // By lines: people below 0; both degrees too large; no number. Too many people are told once those are mended.
    let value = |line: u32| ("table::value", format!("line {line}"));
    assert_eq!(places, [value(2), value(3), value(3), value(4)]);
    let (code, message) = told(csv("lon,lat,persons\n105,21,1e8\n", &area));
    assert_eq!((code, message.contains("line 2: 100000000 people")), ("population::value", true), "{message}");
    assert_eq!(told(csv("lon,lat,persons\n1,2\n", &area)).0, "table::format");
    assert_eq!(told(csv("lon,lat,persons\n1,2,3\n", &area)).0, "population::overlap");
    assert_eq!(told(csv("lon,lat,persons\n", &area)).0, "population::overlap");
    assert_eq!(told(csv("lon,lat,persons\n105.5,21,0\n", &area)).0, "population::empty");
    assert_eq!(told(csv("", &area)).0, "population::columns");
}

/// A Parquet table of columns.
fn parquet(columns: Vec<Column>, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let (_dir, path) = file("people.parquet", "");
    let height = columns.first().map_or(0, Column::len);
    crate::output::table::write_frame(&path, height, columns, None).unwrap();
    read_population(&path, area)
}

#[test]
fn parquet_and_csv_say_the_same() {
    let area = rectangle(105.0, 20.0, 106.0, 22.0);
    let number = |name: &str, v: &[f64]| Float64Chunked::from_slice(name.into(), v).into_column();
    let columns = vec![number("lat", &[21.0, 50.0]), number("persons", &[2.5, 9.0]), number("lon", &[105.5, 5.0])];
    let found = parquet(columns, &area).unwrap();
    assert_eq!(found, csv("lon,lat,persons\n105.5,21,2.5\n5,50,9\n", &area).unwrap());
    assert_eq!((found.total(), found.cells[0].shape, found.frame), (Persons(2500), CellShape::Point, Frame::Points));
}

/// Three neighbours of resolution 8 at Hà Nội: h3 4.5.0 (Python), latlng_to_cell(21.03, 105.85, 8) and two of its
/// grid_ring.
const HEXAGONS: [u64; 3] = [0x88415cb4e5fffff, 0x88415cb433fffff, 0x88415cb4e1fffff];

#[test]
fn hexagons_are_read_as_text_and_as_numbers() {
    let area = rectangle(105.0, 20.0, 107.0, 22.0);
    let [a, b, c] = HEXAGONS;
    let text = csv(&format!("h3,population\n{a:x},1000\n{b:x},0\n{c:x},24.5\n"), &area).unwrap();
    assert_eq!((text.whole_cells, text.border_cells, text.empty_cells), (3, 0, 1));
    assert_eq!(text.total(), Persons(1_024_500));
    assert_eq!(text.frame, Frame::Hexagons { resolutions: vec![8] });
    let mut ids: Vec<u64> = text.cells.iter().map(|cell| cell.id).collect();
    ids.dedup();
    let mut expected = vec![a, c];
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(csv(&format!("population,h3\n1000,{a}\n0,{b}\n24.5,{c}\n"), &area).unwrap(), text);
    let people = || Float64Chunked::from_slice("population".into(), &[1000.0, 0.0, 24.5]).into_column();
    let unsigned = UInt64Chunked::from_slice("h3".into(), &HEXAGONS).into_column();
    let signed = Int64Chunked::from_slice("h3".into(), &HEXAGONS.map(|h| h as i64)).into_column();
    let strings =
        StringChunked::from_iter_values("h3".into(), HEXAGONS.iter().map(|h| format!("{h:016x}"))).into_column();
    for column in [unsigned, signed, strings] {
        assert_eq!(parquet(vec![column, people()], &area).unwrap(), text);
    }
    // Two whole cells of about 0.8 km² in 2 by 2 degrees.
    assert!((text.area_share - 3.0 * 0.805e6 / (208e3 * 221.4e3)).abs() < 1e-6, "{}", text.area_share);
}

#[test]
fn a_hexagon_on_the_border_counts_by_its_area() {
    let [a, ..] = HEXAGONS;
    let table = format!("h3,population\n{a:x},1000000\n");
    let whole = csv(&table, &rectangle(105.0, 20.0, 107.0, 22.0)).unwrap().cells[0];
    assert_eq!((whole.share_inside, whole.persons), (1.0, Persons(1_000_000_000)));
    // The parts west and east of any meridian are the whole, and each place lies in its part.
    for lon in [105.848, 105.85, 105.851_383_558_877_77, 105.854] {
        let west = csv(&table, &rectangle(105.0, 20.0, lon, 22.0)).unwrap();
        let east = csv(&table, &rectangle(lon, 20.0, 107.0, 22.0)).unwrap();
        let (w, e) = (west.cells[0], east.cells[0]);
        assert!((w.share_inside + e.share_inside - 1.0).abs() < 1e-9);
        assert!(w.at.lon < lon && e.at.lon > lon);
        assert_eq!((west.border_cells, w.centre), (1, whole.centre));
    }
    // A line through the centre of a shape that is its own mirror about it (to the sphere's roundness) halves it.
    let half = csv(&table, &rectangle(105.0, 20.0, 105.851_383_558_877_77, 22.0)).unwrap().cells[0];
    assert!((half.share_inside - 0.5).abs() < 1e-3, "{}", half.share_inside);
    // The share by geodesic areas: shapely's planar intersection with the southern half-plane, both parts measured with
    // pyproj's Geod.
    let south = csv(&table, &rectangle(105.0, 20.0, 107.0, 21.031)).unwrap().cells[0];
    assert!((south.share_inside - 0.6474982).abs() < 1e-6, "{}", south.share_inside);
}

#[test]
fn faults_of_hexagons() {
    let area = rectangle(105.0, 20.0, 107.0, 22.0);
    let [a, b, _] = HEXAGONS;
    let error = csv(&format!("h3,population\n{a:x},1\nx,1\n,1\n12,1\n"), &area).unwrap_err();
    assert_eq!(error.faults()[0].code, "table::id");
    let (code, message) = told(csv(&format!("h3,population\n{a:x},1\nffff,1\n"), &area));
    assert_eq!((code, message.ends_with("line 3: `ffff` is no H3 cell")), ("population::h3", true), "{message}");
    assert_eq!(told(csv(&format!("h3,population\n{a:x},1\n{a:x},1\n"), &area)).0, "population::same");
    // A child of the first, by h3's cell_to_children.
    let (code, message) = told(csv(&format!("h3,population\n{a:x},1\n89415cb4e43ffff,1\n"), &area));
    assert_eq!((code, message.contains("89415cb4e43ffff lies in 88415cb4e5fffff")), ("population::same", true));
    assert_eq!(told(csv(&format!("h3,lon\n{a:x},1\n"), &area)).0, "population::columns");
    assert_eq!(
        told(csv(&format!("h3,population\n{b:x},7\n"), &rectangle(10.0, 20.0, 11.0, 22.0))).0,
        "population::overlap"
    );
    assert_eq!(told(csv(&format!("h3,population\n{b:x},0\n"), &area)).0, "population::empty");
    let error = read_population(Path::new("kontur.gpkg"), &area).unwrap_err();
    assert!(error.faults()[0].help.as_ref().unwrap().contains("ogr2ogr -f Parquet"));
}

/// 40 by 40 pixels of 1 km in Mollweide about Hà Nội; pixel (x, y) holds 1 + x + 40 y people.
fn mollweide() -> Vec<u8> {
    let people: Vec<f32> = (0..1600).map(|i| (i + 1) as f32).collect();
    let keys = vec![[1024, 0, 1, 1], [1025, 0, 1, 1], [3072, 0, 1, 54009], [3076, 0, 1, 9001]];
    TestTiff { west: 10_150_000.0, north: 2_600_000.0, pixel: 1000.0, keys, ..TestTiff::new(40, 40) }
        .bytes::<Gray32Float>(&people)
}

#[test]
fn a_raster_in_mollweide_is_read() {
    let grid = read(&mollweide(), &rectangle(100.0, 10.0, 115.0, 30.0)).unwrap();
    // 1 + 2 + … + 1600
    assert_eq!((grid.total(), grid.cells.len(), grid.border_cells), (Persons(1_280_800_000), 1600, 0));
    let cell = grid.cells[40 * 22 + 16];
    // Its centre is (10,166,500, 2,577,500) m; pyproj 3.7.2, ESRI:54009 to EPSG:4326.
    assert!(
        (cell.at.lon - 105.852_729_611).abs() < 1e-8 && (cell.at.lat - 21.027_581_263).abs() < 1e-8,
        "{:?}",
        cell.at
    );
    // A pixel of 1 km² on the sphere of the equatorial radius; its outline measured with pyproj's Geod: 995,020 m².
    assert!((cell.area_m2() - 995_020.1).abs() < 20.0, "{}", cell.area_m2());
    assert_eq!((grid.parts(1000.0), grid.parts(250.0)), (1, 4));
    for sub in grid.refine(3, &rectangle(100.0, 10.0, 115.0, 30.0), &|_, _| 1, &|_| true).iter().step_by(17) {
        assert_eq!(grid.locate(sub.at, 3), Some(sub.id));
    }
    assert_eq!(grid.locate(LonLat { lon: 5.0, lat: 21.0 }, 1), None);
    assert_eq!(grid.locate(LonLat { lon: 5.0, lat: 91.0 }, 1), None);
}

#[test]
fn parts_of_an_area_have_the_people_of_the_whole_in_mollweide() {
    // A box cut by a bent line, all in degrees: shares are exact areas, so that no pixel is lost or counted twice.
    let (west, east) = ((105.8, 20.95), (106.0, 21.15));
    let bend = [(105.95, 20.95), (105.83, 21.02), (105.97, 21.07), (105.85, 21.15)];
    let left: Vec<(f64, f64)> = [&[west], &bend[..], &[(west.0, east.1)]].concat();
    let right: Vec<(f64, f64)> =
        [&[(east.0, west.1), east], &bend.iter().rev().copied().collect::<Vec<_>>()[..]].concat();
    let areas = [
        rectangle(west.0, west.1, east.0, east.1),
        MultiPolygon(vec![polygon(&left)]),
        MultiPolygon(vec![polygon(&right)]),
    ];
    let (_dir, path) = file("people.tif", mollweide());
    let sums = zonal_sums(&path, &areas).unwrap();
    assert!(sums[0] > 100_000.0 && sums[1] > 10_000.0 && sums[2] > 10_000.0, "{sums:?}");
    assert!((sums[1] + sums[2] - sums[0]).abs() < 1e-6 * sums[0], "{sums:?}");
    // And so in people rounded to thousandths, by at most half of one for each pixel.
    let [whole, left, right] = areas.map(|area| read_population(&path, &area).unwrap());
    let off = (left.total().0 + right.total().0).abs_diff(whole.total().0) as usize;
    assert!(off <= left.cells.len() + right.cells.len(), "{off}");
    assert!((whole.total().people() - sums[0]).abs() < 1.0);
}

#[test]
fn a_study_area_that_the_plane_cannot_show_does_not_overlap() {
    let (code, message) = told(read(&mollweide(), &rectangle(10.0, 50.0, 11.0, 51.0)));
    assert_eq!(code, "population::overlap");
    assert!(message.contains("in ESRI:54009 (about 105."), "{message}");
}

#[test]
fn zones_are_summed_by_area() {
    let (_dir, path) = file("people.tif", powers());
    // All of it; half of pixel 0 (1) and all of pixel 1 (2); nothing.
    let zones =
        [rectangle(104.0, 20.0, 106.0, 22.0), rectangle(105.05, 20.9, 105.2, 21.0), rectangle(10.0, 20.0, 11.0, 21.0)];
    let sums = zonal_sums(&path, &zones).unwrap();
    assert!((sums[0] - 4095.0).abs() < 1e-6 && (sums[1] - 2.5).abs() < 1e-9 && sums[2] == 0.0, "{sums:?}");
}

#[test]
fn real_people_of_the_core_districts_and_of_the_city() {
    let Some(raster) = shared("hanoi/worldpop-vnm-2020-1km.tif") else { return };
    let Some(core) = shared("hanoi/core-13-districts.geojson") else { return };
    let Some(communes) = shared("hanoi/communes-126-2025.geojson") else { return };
    let started = std::time::Instant::now();
    let grid = read_population(&raster, &read_area(&core).unwrap()).unwrap();
    println!("core: {} in {} cells, {:?}", grid.total().people(), grid.cells.len(), started.elapsed());
    // The 13 districts had 4.1 million people in the census of 2019; the grid of 2020 has a little more or less.
    assert!((3.5e6..5.0e6).contains(&grid.total().people()), "{}", grid.total().people());

    let started = std::time::Instant::now();
    let area = read_area(&communes).unwrap();
    println!("union of the communes: {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let mut city = read_population(&raster, &area).unwrap();
    println!("city: {} in {} cells, {:?}", city.total().people(), city.cells.len(), started.elapsed());
    // 8.43 million by the data's own description.
    assert!((8.40e6..8.46e6).contains(&city.total().people()), "{}", city.total().people());
    assert_eq!(city.area_share, 1.0);

    let layer = read_layer(&LayerSource {
        id: "communes".into(),
        file: communes,
        code: "code".into(),
        name: "name".into(),
        population: Some("pop_2025".into()),
    })
    .unwrap();
    let of_cell: Vec<_> = city.cells.iter().map(|cell| layer.locate(cell.at).map(|f| f as u32)).collect();
    let totals: Vec<_> = layer.features.iter().map(|f| f.population).collect();
    let done = calibrate(&mut city.cells, &[Margin { of_cell: &of_cell, totals: &totals }]);
    let rows = &done.layers[0];
    let missing: Persons = rows.iter().map(CalibrationRow::missing).sum();
    println!("calibrated: {} missing", missing.people());
    // Every cell stands in a commune, and every official person in a cell.
    assert!(of_cell.iter().all(Option::is_some));
    assert_eq!(missing, Persons(0));
    assert_eq!(city.total(), Persons(8_807_523_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Two areas that share a bent border: the parts of every hexagon add up to the whole.
    #[test]
    fn areas_tile_their_hexagons(bends in prop::collection::vec((105.845f64..105.858, 0.0f64..1.0), 1..6)) {
        let mut lats: Vec<f64> = bends.iter().map(|b| 21.02 + 0.02 * b.1).collect();
        lats.sort_by(f64::total_cmp);
        let mut line = vec![(105.85, 20.9)];
        line.extend(bends.iter().zip(&lats).map(|(b, &lat)| (b.0, lat)));
        line.push((105.85, 21.2));
        let left: Vec<(f64, f64)> = line.iter().copied().chain([(105.7, 21.2), (105.7, 20.9)]).collect();
        let right: Vec<(f64, f64)> = line.iter().copied().chain([(106.0, 21.2), (106.0, 20.9)]).collect();
        let table: String = HEXAGONS.iter().map(|h| format!("{h:x},1000000\n")).collect();
        let mut sums = [0.0; 3];
        for corners in [left, right] {
            // All three may lie on one side.
            let Ok(found) = csv(&format!("h3,population\n{table}"), &MultiPolygon(vec![polygon(&corners)])) else {
                continue;
            };
            for cell in found.cells {
                sums[HEXAGONS.iter().position(|&h| h == cell.id).unwrap()] += cell.share_inside;
                let at = geo::Point::new(cell.at.lon, cell.at.lat);
                let area = MultiPolygon(vec![polygon(&corners)]);
                let off = geo::Distance::distance(&geo::Euclidean, &area, &at);
                prop_assert!(off < 1e-7, "{at:?} lies {off}° outside");
            }
        }
        prop_assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-8), "{sums:?}");
    }
}
