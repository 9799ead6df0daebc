//! The files of a country, written piece by piece so that none is ever whole in memory.

use super::super::mesh::Vertex;
use super::super::write::borders::{CLOSE, SEPARATOR, feature, open};
use super::super::write::pbf::{BLOCK, FileNode, FileWay, header_blob, node_blob, way_blob};
use super::borders::{Borders, area_km2, outline};
use super::motorways::{self, Motorway};
use super::people::{Grid, NOBODY};
use super::places::{Commune, District};
use super::rivers::Rivers;
use super::shape::{Shape, banks, joints, lake};
use super::streets::Streets;
use super::ways::{RoadFigures, band};
use super::{names, routes::Ground};
use crate::error::{Fault, Result};
use crate::stages::go_on;
use flate2::{Compression, write::ZlibEncoder};
use rayon::prelude::*;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tiff::encoder::TiffEncoder;
use tiff::tags::Tag;

/// Rows of the lattice that are worked on as one.
const BAND: usize = 8;
/// Bands in memory at once.
const BATCH: usize = 16;
/// Points of a river in one way, at most.
const RIVER_POINTS: usize = 400;
/// Pixels in a strip of the grid, about.
const STRIP: usize = 1 << 18;
/// Outlines in memory at once.
const OUTLINES: usize = 512;
/// The value of pixels outside the country.
const NODATA: f32 = -99_999.0;

/// A file being written, and what went into it.
pub(crate) struct Sink {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Sink {
    pub fn new(path: PathBuf) -> Result<Sink> {
        let file = File::create(&path).map_err(|e| Fault::io("write the file", &path, &e))?;
        Ok(Sink { path, file: BufWriter::with_capacity(1 << 20, file), bytes: 0 })
    }

    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        Ok(self.file.write_all(bytes).map_err(|e| Fault::io("write the file", &self.path, &e))?)
    }

    /// The size in bytes.
    pub fn close(mut self) -> Result<u64> {
        self.file.flush().map_err(|e| Fault::io("write the file", &self.path, &e))?;
        Ok(self.bytes)
    }
}

/// What stands in the road file besides what the lattice gives.
pub(crate) struct Extras {
    pub points: Vec<FileNode>,
    pub lakes: Vec<u32>,
    pub motorways: Vec<Motorway>,
}

/// What the road file holds.
pub(crate) struct Written {
    pub bytes: u64,
    pub nodes: u64,
    pub ways: u64,
    pub roads: RoadFigures,
}

/// Writes `roads.osm.pbf`: nodes of the lattice, points, nodes of motorways and of
/// water; then roads, motorways and water.
pub(crate) fn roads(
    path: PathBuf,
    ground: &Ground,
    streets: &Streets,
    extras: Extras,
    bounds: (Vertex, Vertex),
    source: String,
) -> Result<Written> {
    let mut sink = Sink::new(path)?;
    let nano = |v: i32| i64::from(v) * 1000;
    let (low, high) = bounds;
    sink.put(&header_blob([nano(low.0), nano(low.1), nano(high.0), nano(high.1)], source)?)?;
    let level = Compression::fast();
    let tall = ground.frame.tall;
    let bands: Vec<std::ops::Range<usize>> = (0..tall).step_by(BAND).map(|y| y..(y + BAND).min(tall)).collect();
    for batch in bands.chunks(BATCH) {
        go_on()?;
        let blobs = batch.par_iter().map(|rows| -> Result<Vec<u8>> {
            let signals = |on: bool| if on { vec![("highway", "traffic_signals".into())] } else { Vec::new() };
            let nodes: Vec<FileNode> =
                rows.clone().flat_map(|y| streets.row_nodes(y)).map(|(at, on)| (at, signals(on))).collect();
            node_blobs(&nodes, streets.rows[rows.start] as i64 + 1, level)
        });
        for blob in blobs.collect::<Result<Vec<Vec<u8>>>>()? {
            sink.put(&blob)?;
        }
    }
    let mut nodes = streets.nodes();
    sink.put(&node_blobs(&extras.points, nodes as i64 + 1, level)?)?;
    nodes += extras.points.len() as u64;
    let (fast_nodes, fast_ways, mut figures) = motorways::draw(streets, &extras.motorways, nodes as i64 + 1);
    sink.put(&node_blobs(&fast_nodes, nodes as i64 + 1, level)?)?;
    nodes += fast_nodes.len() as u64;
    drop(fast_nodes);
    let (wet_nodes, wet_ways) = water(streets.shape, ground.rivers, &extras.lakes, nodes as i64 + 1);
    drop(extras);
    sink.put(&node_blobs(&wet_nodes, nodes as i64 + 1, level)?)?;
    nodes += wet_nodes.len() as u64;
    drop(wet_nodes);
    let mut ways = 0u64;
    for batch in bands.chunks(BATCH) {
        go_on()?;
        let made: Vec<(Vec<FileWay>, RoadFigures)> = batch
            .par_iter()
            .map(|rows| {
                let band = band(streets, rows.clone());
                (band.ways, band.figures)
            })
            .collect();
        let mut numbered = Vec::new();
        for (list, part) in &made {
            figures.add(part);
            numbered.push((ways as i64 + 1, list));
            ways += list.len() as u64;
        }
        let blobs = numbered.par_iter().map(|(first, list)| way_blobs(list, *first, level));
        for blob in blobs.collect::<Result<Vec<Vec<u8>>>>()? {
            sink.put(&blob)?;
        }
    }
    for list in [&fast_ways, &wet_ways] {
        sink.put(&way_blobs(list, ways as i64 + 1, level)?)?;
        ways += list.len() as u64;
    }
    Ok(Written { bytes: sink.close()?, nodes, ways, roads: figures })
}

fn node_blobs(nodes: &[FileNode], first: i64, level: Compression) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (k, chunk) in nodes.chunks(BLOCK).enumerate() {
        bytes.extend(node_blob(chunk, first + (k * BLOCK) as i64, level)?);
    }
    Ok(bytes)
}

fn way_blobs(ways: &[FileWay], first: i64, level: Compression) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (k, chunk) in ways.chunks(BLOCK).enumerate() {
        bytes.extend(way_blob(chunk, first + (k * BLOCK) as i64, level)?);
    }
    Ok(bytes)
}

/// Rivers as courses and sheets of water, and lakes: their nodes from `first` on, and their ways.
fn water(shape: &Shape, rivers: &Rivers, lakes: &[u32], first: i64) -> (Vec<FileNode>, Vec<FileWay>) {
    let joints = joints(rivers);
    let mut nodes: Vec<FileNode> = Vec::new();
    let mut ways: Vec<FileWay> = Vec::new();
    let mut draw = |nodes: &mut Vec<FileNode>, points: &[Vertex], closed: bool, tags| {
        let start = first + nodes.len() as i64;
        nodes.extend(points.iter().map(|&at| (at, Vec::new())));
        let mut refs: Vec<i64> = (start..start + points.len() as i64).collect();
        refs.extend(closed.then_some(start));
        ways.push((refs, tags));
    };
    for (k, reach) in rivers.reaches.iter().enumerate() {
        let (line, widths) = shape.course(reach, &joints);
        let name = format!("Sông {} (giả định)", names::nth(k));
        let mut from = 0;
        while from + 1 < line.len() {
            let to = (from + RIVER_POINTS).min(line.len() - 1);
            let course: Vec<Vertex> =
                line[from..=to].iter().map(|p| (p.0.round() as i32, p.1.round() as i32)).collect();
            draw(&mut nodes, &course, false, vec![("waterway", "river".into()), ("name", name.clone().into())]);
            let sheet = banks(&line[from..=to], &widths[from..=to]);
            let tags = vec![("natural", "water".into()), ("water", "river".into()), ("name", name.clone().into())];
            draw(&mut nodes, &sheet, true, tags);
            from = to;
        }
    }
    for &f in lakes {
        let name = format!("Hồ {} (giả định)", names::two(shape.frame.salt(0x1AC), f as usize));
        let tags = vec![("natural", "water".into()), ("water", "lake".into()), ("name", name.into())];
        draw(&mut nodes, &lake(shape, f as usize), true, tags);
    }
    (nodes, ways)
}

/// Writes `population.tif`: one band of float32 in strips, deflate, EPSG:4326, pixel is area.
pub(crate) fn population(path: &Path, grid: &Grid) -> Result<u64> {
    let fault = |e: tiff::TiffError| {
        let what = format!("cannot write the population grid: {e}");
        Fault::new("synth::write", what)
            .file(path)
            .help("free some space, then run again; nothing was left half written")
    };
    let io = |e: std::io::Error| Fault::io("write the file", path, &e);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
    let mut encoder = TiffEncoder::new(&mut file).map_err(fault)?;
    let mut tags = encoder.image_directory().map_err(fault)?;
    let rows = (STRIP / grid.columns).clamp(1, grid.rows);
    let strip = rows * grid.columns;
    let pixels: Vec<(&[u32], &[u32])> = grid.commune.chunks(strip).zip(grid.people.chunks(strip)).collect();
    let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
    for some in pixels.chunks(BATCH) {
        go_on()?;
        // The encoder's own strips would not be compressed, so they are given to it packed.
        let packed = some.par_iter().map(|(communes, people)| -> std::io::Result<Vec<u8>> {
            let value = |(&c, &n): (&u32, &u32)| if c == NOBODY { NODATA } else { n as f32 };
            let raw: Vec<u8> = communes.iter().zip(*people).flat_map(|pair| value(pair).to_ne_bytes()).collect();
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
            zlib.write_all(&raw)?;
            zlib.finish()
        });
        for strip in packed.collect::<std::io::Result<Vec<Vec<u8>>>>().map_err(io)? {
            offsets.push(tags.write_data(strip.as_slice()).map_err(fault)? as u32);
            sizes.push(strip.len() as u32);
        }
    }
    for (tag, value) in [
        (Tag::BitsPerSample, 32u16),
        (Tag::Compression, 8),
        (Tag::PhotometricInterpretation, 1),
        (Tag::SamplesPerPixel, 1),
        (Tag::SampleFormat, 3),
    ] {
        tags.write_tag(tag, value).map_err(fault)?;
    }
    let (columns, lines) = (grid.columns as u32, grid.rows as u32);
    for (tag, value) in [(Tag::ImageWidth, columns), (Tag::ImageLength, lines), (Tag::RowsPerStrip, rows as u32)] {
        tags.write_tag(tag, value).map_err(fault)?;
    }
    tags.write_tag(Tag::StripOffsets, offsets.as_slice()).map_err(fault)?;
    tags.write_tag(Tag::StripByteCounts, sizes.as_slice()).map_err(fault)?;
    let pixel = 1.0 / grid.per_degree as f64;
    let corner = [grid.west as f64 / grid.per_degree as f64, grid.north as f64 / grid.per_degree as f64];
    tags.write_tag(Tag::ModelPixelScaleTag, &[pixel, pixel, 0.0][..]).map_err(fault)?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, corner[0], corner[1], 0.0][..]).map_err(fault)?;
    // Version 1.1.0 and three keys: geographic model, pixel is area, EPSG:4326.
    let keys: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).map_err(fault)?;
    tags.write_tag(Tag::GdalNodata, "-99999").map_err(fault)?;
    tags.finish().map_err(fault)?;
    file.flush().map_err(io)?;
    std::fs::metadata(path).map(|m| m.len()).map_err(|e| Fault::io("read the file", path, &e).into())
}

/// What outlines are drawn from.
pub(crate) struct Outlines<'a> {
    pub shape: &'a Shape<'a>,
    pub borders: &'a Borders,
    /// Faces by commune, and where each commune begins.
    pub faces: &'a (Vec<u32>, Vec<usize>),
}

impl Outlines<'_> {
    /// The areas of all communes, square kilometres.
    pub fn areas(&self) -> Vec<f64> {
        (0..self.borders.seats.len()).into_par_iter().map(|k| area_km2(&self.commune(k))).collect()
    }

    fn commune(&self, k: usize) -> super::super::mesh::Shape {
        let faces = &self.faces.0[self.faces.1[k]..self.faces.1[k + 1]];
        outline(self.shape, faces.iter().copied(), |f| self.borders.owner[f] == k as u32)
    }

    /// Writes `communes.geojson`.
    pub fn communes(&self, path: PathBuf, communes: &[Commune], districts: &[District]) -> Result<u64> {
        self.write(path, "communes", communes.len(), |k| {
            let c = &communes[k];
            let d = &districts[self.borders.district[k] as usize];
            let full = format!("{} {}", if c.ward { "Phường" } else { "Xã" }, c.name);
            let properties = [
                ("code", json!(c.code)),
                ("name", json!(c.name)),
                ("full_name", json!(full)),
                ("type", json!(c.kind())),
                ("population", json!(c.people)),
                ("area_km2", json!((c.area_km2 * 1000.0).round() / 1000.0)),
                ("district", json!(d.name)),
                ("district_code", json!(d.code)),
            ];
            feature(&properties, &[self.commune(k)])
        })
    }

    /// Writes `districts.geojson`.
    pub fn districts(&self, path: PathBuf, districts: &[District]) -> Result<u64> {
        self.write(path, "districts", districts.len(), |d| {
            let district = &districts[d];
            let range = self.faces.1[district.communes.start]..self.faces.1[district.communes.end];
            let within = |f: usize| {
                let owner = self.borders.owner[f];
                owner != NOBODY && self.borders.district[owner as usize] == d as u32
            };
            let full = format!("{} {}", if district.urban { "Quận" } else { "Huyện" }, district.name);
            let properties = [
                ("code", json!(district.code)),
                ("name", json!(district.name)),
                ("full_name", json!(full)),
                ("type", json!(district.kind())),
                ("urban", json!(district.urban)),
                ("population", json!(district.people)),
            ];
            feature(&properties, &[outline(self.shape, self.faces.0[range].iter().copied(), within)])
        })
    }

    /// Writes `study_area.geojson`.
    pub fn study_area(&self, path: PathBuf, people: u64) -> Result<u64> {
        self.write(path, "study_area", 1, |_| {
            let whole = outline(self.shape, self.faces.0.iter().copied(), |f| self.borders.owner[f] != NOBODY);
            feature(&[("name", json!("Vùng giả định")), ("population", json!(people))], &[whole])
        })
    }

    fn write(&self, path: PathBuf, name: &str, count: usize, make: impl Fn(usize) -> String + Sync) -> Result<u64> {
        let mut sink = Sink::new(path)?;
        sink.put(open(name).as_bytes())?;
        for first in (0..count).step_by(OUTLINES) {
            go_on()?;
            let some: Vec<String> = (first..(first + OUTLINES).min(count)).into_par_iter().map(&make).collect();
            if first > 0 {
                sink.put(SEPARATOR.as_bytes())?;
            }
            sink.put(some.join(SEPARATOR).as_bytes())?;
        }
        sink.put(CLOSE.as_bytes())?;
        sink.close()
    }
}
