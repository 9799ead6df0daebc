//! GeoTIFF: the population grid.

use super::super::people::{Grid, PER_DEGREE};
use crate::error::{Fault, Result};
use std::io::Cursor;
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use tiff::tags::Tag;

/// The value of pixels outside the city.
const NODATA: f32 = -99_999.0;

/// The bytes of a GeoTIFF: one band of float32, deflate, EPSG:4326, pixel is area.
pub(crate) fn encode(grid: &Grid) -> Result<Vec<u8>> {
    let fault = |e: tiff::TiffError| Fault::new("synth::write", format!("cannot write the population grid: {e}"));
    let value = |k: usize| if grid.commune[k].is_some() { grid.people[k] as f32 } else { NODATA };
    let values: Vec<f32> = (0..grid.people.len()).map(value).collect();
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder =
        TiffEncoder::new(&mut bytes).map_err(fault)?.with_compression(Compression::Deflate(DeflateLevel::Best));
    let mut image =
        encoder.new_image::<colortype::Gray32Float>(grid.columns as u32, grid.rows as u32).map_err(fault)?;
    let pixel = 1.0 / PER_DEGREE as f64;
    let corner = [grid.west as f64 / PER_DEGREE as f64, grid.north as f64 / PER_DEGREE as f64];
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[pixel, pixel, 0.0][..]).map_err(fault)?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, corner[0], corner[1], 0.0][..]).map_err(fault)?;
    // Version 1.1.0 and three keys: geographic model, pixel is area, EPSG:4326.
    let keys: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).map_err(fault)?;
    tags.write_tag(Tag::GdalNodata, "-99999").map_err(fault)?;
    image.write_data(&values).map_err(fault)?;
    Ok(bytes.into_inner())
}
