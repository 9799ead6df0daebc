//! Polygons and points as GeoJSON or GeoParquet, and grids of people as GeoTIFF.

use gandan::ingest::boundaries::{LayerSource, layer_overlaps, read_area, read_area_noted, read_layer};
use gandan::ingest::geotiff::Raster;
use gandan::ingest::population::{read_population, zonal_sums};
use gandan::ingest::sites::{check_inside, read_sites};
use gandan::units::{Distance, LonLat};

use super::{Scratch, Tally, WARDS, must};

/// More pixels than this in the study area take longer than a fuzzer waits, though not longer than a planner does.
const MOST_PIXELS: f64 = 200_000.0;

/// Boundaries, their repair, a study area and sites as GeoJSON, or as GeoParquet by the first bytes.
///
/// # Panics
/// Something that must hold does not.
pub fn geojson(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let name = if bytes.starts_with(b"PAR1") { "shapes.parquet" } else { "shapes.geojson" };
    let path = scratch.put(name, bytes);
    let mut tally = Tally::default();
    let source = LayerSource {
        id: "wards".into(),
        file: path.clone(),
        code: "code".into(),
        name: "name".into(),
        population: Some("population".into()),
    };
    if let Some(layer) = tally.judge(read_layer(&source)) {
        for feature in &layer.features {
            assert!(!feature.code.is_empty() && !feature.geometry.0.is_empty(), "{}", feature.code);
            let corners = feature.geometry.0.iter().flat_map(|part| &part.exterior().0);
            for corner in corners {
                assert!(corner.x.abs() <= 180.0 && corner.y.abs() <= 90.0, "{corner:?}");
                // Neighbours share borders, so that some area holds the corner, if not this one.
                assert!(layer.locate(LonLat { lon: corner.x, lat: corner.y }).is_some(), "{corner:?} lies nowhere");
            }
            layer.find(&feature.name);
        }
        layer_overlaps(&layer);
    }
    if let Some((area, _)) = tally.judge(read_area_noted(&path)) {
        let file = scratch.put("sites.csv", super::SITES.as_bytes());
        let sites = must(read_sites(&file, false));
        tally.judge(check_inside(&sites, &area, Distance::from_metres(100.0), &file));
    }
    tally.judge(read_sites(&path, false));
    tally
}

/// A grid of people.
///
/// # Panics
/// Something that must hold does not.
pub fn tiff(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let path = scratch.put("people.tif", bytes);
    let mut tally = Tally::default();
    let Some(mut raster) = tally.judge(Raster::open(&path)) else { return tally };
    let grid = *raster.grid();
    let columns = 0..grid.width.min(300);
    let mut values = Vec::new();
    for row in (0..grid.height.min(40)).chain(grid.height.saturating_sub(2)..grid.height) {
        if tally.judge(raster.read_row(row, columns.clone(), &mut values)).is_none() {
            break;
        }
        assert_eq!(values.len(), columns.len());
    }
    let wards = scratch.put("wards.geojson", WARDS.as_bytes());
    let area = must(read_area(&wards));
    // The wards are 0.02 × 0.015 degrees, some 2100 × 1700 m.
    let size = if raster.crs().is_degrees() { [0.02, 0.015] } else { [2100.0, 1700.0] };
    let pixels = (size[0] / grid.pixel_width) * (size[1] / grid.pixel_height);
    if pixels > MOST_PIXELS {
        return tally;
    }
    if let Some(people) = tally.judge(read_population(&path, &area)) {
        for cell in &people.cells {
            assert!(cell.at.lon.is_finite() && cell.at.lat.is_finite(), "{cell:?}");
            assert!(cell.share_inside > 0.0 && cell.share_inside <= 1.0, "{cell:?}");
            assert!(cell.persons.0 > 0, "{cell:?}");
        }
    }
    tally.judge(zonal_sums(&path, std::slice::from_ref(&area)));
    tally
}
