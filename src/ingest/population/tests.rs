use tiff::encoder::colortype::{Gray8, Gray32Float};

use super::*;
use crate::ingest::boundaries::{LayerSource, read_area, read_layer};
use crate::ingest::testkit::{TestTiff, file, rectangle, shared};

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
    let error = csv("lon,lat,persons\n105,21,-1\n21,105,1\nx,1,1\n1,2\n", &area).unwrap_err();
    let places: Vec<_> = error.faults().iter().map(|f| (f.code, f.place.as_deref())).collect();
    let value = "population::value";
    assert_eq!(
        places,
        [(value, Some("line 2")), (value, Some("line 3")), (value, Some("line 4")), ("population::csv", None)]
    );
    assert_eq!(told(csv("lon,lat,persons\n1,2,3\n", &area)).0, "population::overlap");
    assert_eq!(told(csv("lon,lat,persons\n105.5,21,0\n", &area)).0, "population::empty");
    assert_eq!(told(csv("", &area)).0, "population::columns");
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
    let of_cell: Vec<_> = city.cells.iter().map(|cell| layer.locate(cell.at)).collect();
    let totals: Vec<_> = layer.features.iter().map(|f| f.population).collect();
    let rows = calibrate(&mut city.cells, &of_cell, &totals);
    let missing: Persons = rows.iter().map(CalibrationRow::missing).sum();
    println!("calibrated: {} missing", missing.people());
    // Every cell stands in a commune, and every official person in a cell.
    assert!(of_cell.iter().all(Option::is_some));
    assert_eq!(missing, Persons(0));
    assert_eq!(city.total(), Persons(8_807_523_000));
}
