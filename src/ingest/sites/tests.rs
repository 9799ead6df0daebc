use geo::Point;

use super::*;
use crate::error::Error;
use crate::ingest::testkit::{file, rectangle, shared};
use crate::units::Distance;

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Site>> {
    let (_dir, path) = file("sites.csv", bytes);
    read_sites(&path, false)
}

/// Code and place of each fault.
fn faults(error: Error) -> Vec<(&'static str, String)> {
    error.faults().iter().map(|f| (f.code, f.place.clone().unwrap_or_default())).collect()
}

#[test]
fn all_columns_in_any_order() {
    let text = "\u{feff}lat,lon, Name ,id,colour,fixed,cost,capacity,organisation,operator,address,ward_code,position,\
        years_in_field,charter_capital_vnd,fast_internet,computers,spare_computer,scanner,copier,cameras_24h,\
        camera_days_kept\n\
        21.0,105.8,Bưu cục A,a1,red,có,12.5,40,postal,VNPost,\"1 Phố Huế, Hà Nội\",00070,osm,3.5,2000000000,Yes,4,KHÔNG,\
        1,0,true,30\n";
    let sites = read(text).unwrap();
    let expected = Site {
        id: "a1".into(),
        name: "Bưu cục A".into(),
        at: LonLat { lon: 105.8, lat: 21.0 },
        fixed: true,
        cost_milli: Some(12_500),
        capacity_milli: Some(40_000),
        organisation: Some("postal".into()),
        operator: Some("VNPost".into()),
        address: Some("1 Phố Huế, Hà Nội".into()),
        position: Some("osm".into()),
        ward_code: Some("00070".into()),
        attributes: Attributes {
            years_in_field: Some(3.5),
            charter_capital_vnd: Some(2_000_000_000),
            fast_internet: Some(true),
            computers: Some(4),
            spare_computer: Some(false),
            scanner: Some(true),
            copier: Some(false),
            cameras_24h: Some(true),
            camera_days_kept: Some(30),
        },
    };
    assert_eq!(sites, [expected]);
}

#[test]
fn blank_is_unknown_and_fixed_takes_the_default() {
    let text = "id,name,lon,lat,fixed,scanner,computers\na,A,105,21,, ,\nb,B,105,21,no,,co\u{301}\n";
    let (_dir, path) = file("sites.csv", text);
    let sites = read_sites(&path, true).unwrap();
    assert_eq!((sites[0].fixed, sites[0].attributes.scanner, sites[0].attributes.computers), (true, None, None));
    assert_eq!((sites[1].fixed, sites[1].attributes.computers), (false, Some(1)));
}

#[test]
fn faults_come_together_with_their_lines() {
    let text = "id,name,lon,lat,cost,scanner\n\
        a,A,105,21,,\n\
        a,B,105,21,,\n\
        ,C,105,21,,\n\
        d, ,105,21,,\n\
        e,E,east,21,,\n\
        f,F,21,105,,\n\
        g,G,587000,2325000,,\n\
        h,H,105,21,\"1,000\",maybe\n\
        i,I,105,21\n\
        j,J,,21,,\n\
        k,K,nan,21,-1,\n";
    let error = read(text).unwrap_err();
    let help = |i: usize| error.faults()[i].help.clone().unwrap_or_default();
    assert_eq!(help(4), "lon and lat seem to be swapped");
    assert!(help(5).contains("projected metres"));
    assert_eq!(error.faults()[0].message, "the id `a` is also that of line 2");
    let expected = [
        ("sites::duplicate", "line 3"),
        ("sites::blank", "line 4"),
        ("sites::blank", "line 5"),
        ("sites::number", "line 6"),
        ("sites::place", "line 7"),
        ("sites::place", "line 8"),
        ("sites::number", "line 9"),
        ("sites::yes_no", "line 9"),
        ("sites::csv", "line 10"),
        ("sites::blank", "line 11"),
        ("sites::number", "line 12"),
        ("sites::number", "line 12"),
    ];
    assert_eq!(faults(error), expected.map(|(code, line)| (code, line.to_owned())));
}

#[test]
fn the_header_is_checked() {
    let one = |text: &[u8]| {
        let error = read(text).unwrap_err();
        (error.faults()[0].code, error.faults()[0].message.clone(), error.faults()[0].help.clone().unwrap_or_default())
    };
    assert_eq!(one(b"id,lon\n").1, "no column name, lat");
    assert!(one(b"id;name;lon;lat\n").2.contains("semicolons"));
    assert_eq!(one(b"id,name,lon,lat,id\n").1, "the column `id` stands twice");
    assert_eq!(one(b"").0, "sites::columns");
    assert_eq!(one(b"id,name,lon,lat\n").0, "sites::empty");
    // "Hà" in Latin-1 is no UTF-8.
    assert_eq!(one(b"id,name,lon,lat\na,H\xe0,105,21\n").0, "sites::utf8");
    assert_eq!(one(b"id,name,lon,lat,H\xe0\n").0, "sites::utf8");
    assert_eq!(read_sites(Path::new("nowhere.csv"), false).unwrap_err().faults()[0].code, "io");
}

#[test]
fn a_site_outside_is_named_with_its_distance() {
    let area = rectangle(105.0, 20.0, 106.0, 21.0);
    let site = |id: &str, lon, lat| Site { id: id.into(), at: LonLat { lon, lat }, ..Site::default() };
    let path = Path::new("sites.csv");
    // 0.1° of latitude is 11,119.5 m.
    let north = site("n", 105.5, 21.1);
    assert!(check_inside(&[site("in", 105.5, 20.5)], &area, Distance::default(), path).is_ok());
    assert!(check_inside(std::slice::from_ref(&north), &area, Distance::from_metres(11_120.0), path).is_ok());
    let slack = Distance::from_metres(11_119.0);
    let error = check_inside(&[north, site("s", 20.5, 105.5)], &area, slack, path).unwrap_err();
    assert_eq!(error.faults()[0].message, "lon 105.5, lat 21.1 lies 11.1 km outside the study area");
    assert_eq!(error.faults()[1].help.as_deref(), Some("its lon and lat seem to be swapped"));
    let many: Vec<Site> = (0..25).map(|i| site(&i.to_string(), 0.0, 0.0)).collect();
    let error = check_inside(&many, &area, Distance::default(), path).unwrap_err();
    assert_eq!(error.faults().len(), 10);
    assert!(error.faults()[9].message.ends_with("(and 15 more like this)"));
}

#[test]
fn the_real_post_offices() {
    let Some(path) = shared("hanoi/post-offices.csv") else { return };
    let sites = read_sites(&path, false).unwrap();
    assert_eq!(sites.len(), 106);
    assert!(sites.iter().all(|s| s.organisation.as_deref() == Some("postal") && s.attributes == Attributes::default()));
    // All lie in the province; nothing is known of their equipment.
    let Some(communes) = shared("hanoi/communes-126-2025.geojson") else { return };
    let area = crate::ingest::boundaries::read_area(&communes).unwrap();
    check_inside(&sites, &area, Distance::default(), &path).unwrap();
    let verdict = crate::ingest::eligibility::judge(&sites[0], &crate::ingest::eligibility::Conditions::default());
    assert_eq!(verdict.code(), "review");
    let located = read_sites_located(&path, false).unwrap();
    let pairs = duplicates(&sites);
    for pair in &pairs {
        println!("{}", pair.warning(&located, Path::new("post-offices.csv")));
    }
    // None of the real list stands twice under one id, so every pair names two sites, the first before the second.
    assert!(pairs.iter().all(|pair| pair.first < pair.second && pair.distance.metres() < 200.0));
}

#[test]
fn geojson_points_are_read_like_csv() {
    // Coordinates in the geometry win; a number as id and text as yes; a feature id stands in for the property.
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","id":"x","properties":{"Name":" A ","lon":1,"scanner":true,"computers":3,"cost":12.5},
         "geometry":{"type":"Point","coordinates":[105.8,21.0,7]}},
        {"type":"Feature","properties":{"id":7,"name":"Ha\u0300","scanner":"không","years_in_field":3.5,"cost":null},
         "geometry":{"type":"MultiPoint","coordinates":[[105.9,21.1]]}}]}"#;
    let (_dir, path) = file("sites.geojson", text);
    let read = read_sites_located(&path, false).unwrap();
    let expected = Site {
        id: "x".into(),
        name: "A".into(),
        at: LonLat { lon: 105.8, lat: 21.0 },
        cost_milli: Some(12_500),
        attributes: Attributes { scanner: Some(true), computers: Some(3), ..Attributes::default() },
        ..Site::default()
    };
    assert_eq!(read[0], (expected, "feature 1".into()));
    assert_eq!((read[1].0.id.as_str(), read[1].0.name.as_str()), ("7", "Hà"));
    assert_eq!(read[1].0.at, LonLat { lon: 105.9, lat: 21.1 });
    assert_eq!((read[1].0.attributes.scanner, read[1].0.attributes.years_in_field), (Some(false), Some(3.5)));
}

#[test]
fn faults_of_features_come_with_their_places() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"id":"a","name":"A"},"geometry":null},
        {"type":"Feature","properties":{"id":"b","name":"B","scanner":"maybe"},
         "geometry":{"type":"Point","coordinates":[21,105]}},
        {"type":"Feature","properties":{"id":"c","cost":[1]},
         "geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}},
        {"type":"Feature","properties":{"id":"b","name":"B"},"geometry":{"type":"Point","coordinates":[105,21]}}]}"#;
    let (_dir, path) = file("sites.geojson", text);
    let told = faults(read_sites(&path, false).unwrap_err());
    let expected = [
        ("sites::geometry", "feature 1"),
        ("sites::place", "feature 2"),
        ("sites::yes_no", "feature 2"),
        ("sites::geometry", "feature 3"),
        ("sites::blank", "feature 3"),
        ("sites::number", "feature 3"),
    ];
    assert_eq!(told, expected.map(|(code, place)| (code, place.to_owned())));
    let code = |name: &str, text: &str| {
        let (_dir, path) = file(name, text);
        read_sites(&path, false).unwrap_err().faults()[0].code
    };
    assert_eq!(code("a.json", "{}"), "sites::format");
    assert_eq!(code("a.parquet", "no table"), "sites::format");
    assert_eq!(code("a.xlsx", "PK"), "sites::format");
    let no_name = r#"{"type":"Feature","properties":{"id":1},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    assert_eq!(code("a.geojson", no_name), "sites::columns");
}

/// Writes a table of two sites with these columns beside `ID` and `name`.
fn parquet(columns: Vec<polars::prelude::Column>, geo: Option<&str>) -> Result<Vec<(Site, String)>> {
    use polars::prelude::{Int64Chunked, IntoColumn, NewChunkedArray, StringChunked};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sites.parquet");
    let mut all = vec![
        Int64Chunked::from_slice("ID".into(), &[7, 8]).into_column(),
        StringChunked::from_slice("name".into(), &["A", "B"]).into_column(),
    ];
    all.extend(columns);
    crate::output::table::write_frame(&path, 2, all, geo.map(|geo| vec![("geo".into(), geo.into())])).unwrap();
    read_sites_located(&path, true)
}

#[test]
fn parquet_with_columns_or_with_points() {
    use polars::prelude::{BinaryChunked, BooleanChunked, Float64Chunked, IntoColumn, NewChunkedArray};
    let number = |name: &str, values: [Option<f64>; 2]| {
        Float64Chunked::from_iter_options(name.into(), values.into_iter()).into_column()
    };
    let flag = BooleanChunked::from_slice("scanner".into(), &[true, false]).into_column();
    let places = || vec![number("lon", [Some(105.8), Some(105.9)]), number("lat", [Some(21.0), Some(21.1)])];
    let mut columns = places();
    columns.extend([flag, number("computers", [Some(4.0), None])]);
    let read = parquet(columns, None).unwrap();
    assert_eq!((read[0].0.id.as_str(), read[0].1.as_str(), read[0].0.fixed), ("7", "row 1", true));
    assert_eq!((read[0].0.attributes.scanner, read[0].0.attributes.computers), (Some(true), Some(4)));
    assert_eq!((read[1].0.attributes.scanner, read[1].0.attributes.computers), (Some(false), None));
    assert_eq!(read[1].0.at, LonLat { lon: 105.9, lat: 21.1 });
    // A place is missing; then columns are.
    let error = parquet(vec![number("lon", [Some(105.8), None]), places().remove(1)], None).unwrap_err();
    assert_eq!(faults(error), [("sites::blank", "row 2".to_owned())]);
    assert_eq!(parquet(vec![], None).unwrap_err().faults()[0].message, "no column lon, lat");
    // Points instead of columns.
    let bytes = [105.5, 105.75].map(|lon: f64| {
        let mut bytes = Vec::new();
        let point = Point::new(lon, 21.25);
        wkb::writer::write_geometry(&mut bytes, &point, &wkb::writer::WriteOptions::default()).unwrap();
        bytes
    });
    let geometry = |bytes: &[Vec<u8>]| vec![BinaryChunked::from_slice("geometry".into(), bytes).into_column()];
    let geo = r#"{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB"}}}"#;
    let read = parquet(geometry(&bytes), Some(geo)).unwrap();
    assert_eq!(read[1].0.at, LonLat { lon: 105.75, lat: 21.25 });
    let error = parquet(geometry(&[bytes[0].clone(), vec![1, 2, 3]]), Some(geo)).unwrap_err();
    assert_eq!(faults(error), [("sites::geometry", "row 2".to_owned())]);
}

#[test]
fn places_written_by_hand_are_explained() {
    let help = |lon: &str, lat: &str| {
        let text = format!("id,name,lon,lat\na,A,\"{}\",\"{}\"\n", lon.replace('"', "\"\""), lat.replace('"', "\"\""));
        read(text).unwrap_err().faults()[0].help.clone().unwrap()
    };
    // 21°01'42" = 21 + 1/60 + 42/3600 = 21.028333.
    assert!(help("105.85", "21°01'42\"N").contains("as one number with decimals: 21.028333"));
    assert_eq!(help("105,85", "21.03"), "write a decimal point: 105.85");
    assert!(help("1058.52", "21.03").contains("a decimal point seems to be lost"));
    assert_eq!(help("east", "21.03"), "write degrees like 105.8523");
}
