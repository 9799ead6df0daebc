//! From fetched files to a folder that is ready to plan with: roads clipped, borders and sites cut out, a scenario.

use std::fmt::Write as _;
use std::path::Path;

use geo::{Coord, InteriorPoint, Intersects, LineString, MultiPolygon, Polygon};
use serde_json::{Map, Value, json};

use super::Fetched;
use super::region::{FetchRegion, LayerRule};
use crate::error::{Fault, Result};
use crate::ingest::boundaries;
use crate::ingest::osm::clip::{Clipped, Region, clip};
use crate::ingest::osm::features::{AdminArea, OsmId, TagRule, Wanted, read_features, sites_from_osm};
use crate::ingest::sites::Site;
use crate::stages::Stages;

const EVERYWHERE: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];

/// What to make of the fetched files.
pub struct Order<'a> {
    /// The name of the scenario's file.
    pub name: &'a str,
    /// What the region is.
    pub region: &'a FetchRegion,
    /// The population grid's name in the region's table.
    pub population: &'a str,
    /// How far beyond the area roads are kept, in metres.
    pub buffer_m: f64,
    /// Which places are candidate sites.
    pub sites: &'a [TagRule],
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The name of the area.
    pub area: String,
    /// What the clipped roads hold.
    pub clipped: Clipped,
    /// Layers by id, with the number of their areas.
    pub layers: Vec<(String, usize)>,
    /// Candidate sites.
    pub sites: usize,
    /// What a user should know, e.g. borders that were left out.
    pub notes: Vec<String>,
}

/// Writes the folder of a scenario.
///
/// # Errors
/// The area is not in the extract or is broken there; nothing in it is a site; the files are damaged; the disk refuses.
pub fn prepare(
    folder: &Path,
    order: &Order<'_>,
    roads: &Fetched,
    population: &Fetched,
    stages: &mut Stages<'_>,
) -> Result<Prepared> {
    let (area_name, area) = stages.run("find the area", || find_area(order, &roads.path), |(name, _)| name.clone())?;
    write_features(&folder.join("study_area.geojson"), &[feature(&area, Map::from_iter([text("name", &area_name)]))])?;
    let clipped_path = folder.join("roads.osm.pbf");
    let clipped = stages.run(
        "clip the roads",
        || {
            let region = Region::of_polygon(&area, order.buffer_m)
                .ok_or_else(|| Fault::new("download::area", format!("{area_name} has no outline")).file(&roads.path))?;
            clip(&roads.path, &region, &clipped_path, false)
        },
        |c| format!("{} nodes, {} ways, {} relations, {:.1} MB", c.nodes, c.ways, c.relations, c.bytes as f64 / 1e6),
    )?;
    let mut notes = Vec::new();
    let layers = stages.run(
        "cut out borders",
        || cut_layers(folder, order, &clipped_path, &area, &mut notes),
        |layers: &Vec<(LayerRule, usize)>| {
            let each = layers.iter().map(|(layer, count)| format!("{count} {}", layer.id));
            if layers.is_empty() { "none in the extract".into() } else { each.collect::<Vec<_>>().join(", ") }
        },
    )?;
    let sites = stages.run(
        "find sites",
        || {
            let sites = sites_from_osm(&clipped_path, order.sites, Some(&area))?;
            write_sites(&folder.join("sites.csv"), &sites)?;
            Ok(sites.len())
        },
        |count| format!("{count} places"),
    )?;
    let grid = folder.join("population.tif");
    std::fs::copy(&population.path, &grid).map_err(|e| Fault::io("copy the population grid", &grid, &e))?;
    let record = json!({ "roads": roads.record, "population": population.record });
    write_text(&folder.join("fetched.json"), &format!("{record:#}\n"))?;
    let scenario = scenario_text(order, &layers, roads, population);
    write_text(&folder.join(format!("{}.toml", order.name)), &scenario)?;
    let layers = layers.into_iter().map(|(layer, count)| (layer.id, count)).collect();
    Ok(Prepared { area: area_name, clipped, layers, sites, notes })
}

/// The name and the shape of the study area.
fn find_area(order: &Order<'_>, roads: &Path) -> Result<(String, MultiPolygon<f64>)> {
    let rule = &order.region.area;
    if let Some([west, south, east, north]) = rule.bbox {
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
        let ring: LineString<f64> = corners.iter().map(|&(x, y)| Coord { x, y }).collect();
        return Ok((order.name.to_owned(), MultiPolygon(vec![Polygon::new(ring, vec![])])));
    }
    let wanted = Wanted {
        boundaries: rule.admin_level.into_iter().collect(),
        relations: rule.relation.into_iter().collect(),
        ..Wanted::default()
    };
    let mut found = read_features(roads, EVERYWHERE, &wanted)?;
    let fault = |code, message: String| Fault::new(code, message).file(roads);
    if let Some(id) = rule.relation {
        if let Some(broken) = found.broken.iter().find(|broken| broken.id == OsmId::Relation(id)) {
            return Err(fault("download::area", format!("{} cannot be put together: {}", broken.id, broken.why))
                .help("use an extract that holds the whole area, or name a box with --bbox")
                .into());
        }
        found.boundaries.retain(|area| area.id == OsmId::Relation(id));
    }
    let fit = |area: &AdminArea| if rule.relation.is_some() { 1 } else { rule.fit(area) };
    // Of equal ones the first of the file.
    let best = found.boundaries.into_iter().rev().filter(|area| fit(area) > 0).max_by_key(fit);
    let Some(area) = best else {
        let broken: Vec<String> = found.broken.iter().take(5).map(|b| format!("{} ({})", b.id, b.why)).collect();
        let broken =
            if broken.is_empty() { String::new() } else { format!("; cannot be put together: {}", broken.join(", ")) };
        return Err(fault("download::area", format!("the area of `{}` is not in the extract{broken}", order.name))
            .help("use an extract that holds it whole, or name its --relation or a --bbox")
            .into());
    };
    let name = area.name.clone().unwrap_or_else(|| area.id.to_string());
    match boundaries::defect(&area.geometry) {
        Some(defect) => {
            Err(fault("download::area", format!("the outline of {name} ({}) is broken: {defect}", area.id))
                .help("mend it in OpenStreetMap, or name a box with --bbox")
                .into())
        }
        None => Ok((name, area.geometry)),
    }
}

/// Writes the layers that the extract has: areas that lie in the study area by a point within them.
fn cut_layers(
    folder: &Path,
    order: &Order<'_>,
    roads: &Path,
    area: &MultiPolygon<f64>,
    notes: &mut Vec<String>,
) -> Result<Vec<(LayerRule, usize)>> {
    let levels: Vec<u8> = order.region.layers.iter().map(|layer| layer.admin_level).collect();
    if levels.is_empty() {
        return Ok(Vec::new());
    }
    let found = read_features(roads, EVERYWHERE, &Wanted { boundaries: levels, ..Wanted::default() })?;
    if !found.broken.is_empty() {
        let named: Vec<String> = found.broken.iter().take(5).map(|b| format!("{}: {}", b.id, b.why)).collect();
        notes.push(format!(
            "broken borders in or near the region, left out: {} ({})",
            found.broken.len(),
            named.join("; ")
        ));
    }
    let mut layers = Vec::new();
    for layer in &order.region.layers {
        let mut features = Vec::new();
        for border in found.boundaries.iter().filter(|border| border.admin_level == layer.admin_level) {
            if border.geometry.interior_point().is_none_or(|point| !area.intersects(&point)) {
                continue;
            }
            let name = border.name.clone().unwrap_or_else(|| border.id.to_string());
            if let Some(defect) = boundaries::defect(&border.geometry) {
                notes.push(format!("{name} ({}) is left out: {defect}", border.id));
                continue;
            }
            let mut properties = Map::from_iter([text("code", &border.id.to_string()), text("name", &name)]);
            properties.insert("admin_level".into(), border.admin_level.into());
            properties.extend(border.name_en.as_ref().map(|name| text("name_en", name)));
            properties.extend(border.population.map(|people| ("population".to_owned(), people.into())));
            properties.extend(border.wikidata.as_ref().map(|id| text("wikidata", id)));
            properties.extend(border.refs.iter().map(|(key, value)| text(key, value)));
            features.push(feature(&border.geometry, properties));
        }
        if !features.is_empty() {
            write_features(&folder.join(format!("{}.geojson", layer.id)), &features)?;
            layers.push((layer.clone(), features.len()));
        }
    }
    Ok(layers)
}

fn text(key: &str, value: &str) -> (String, Value) {
    (key.to_owned(), value.into())
}

fn feature(shape: &MultiPolygon<f64>, properties: Map<String, Value>) -> Value {
    let ring = |ring: &LineString<f64>| -> Value { ring.coords().map(|c| json!([c.x, c.y])).collect() };
    let polygon =
        |p: &Polygon<f64>| -> Value { std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect() };
    let coordinates: Value = shape.iter().map(polygon).collect();
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "MultiPolygon", "coordinates": coordinates } })
}

fn write_features(path: &Path, features: &[Value]) -> Result<()> {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (i, feature) in features.iter().enumerate() {
        let _ = write!(text, "{}\n{feature}", if i > 0 { "," } else { "" });
    }
    text.push_str("\n]}\n");
    write_text(path, &text)
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|e| Fault::io("write", path, &e).into())
}

fn write_sites(path: &Path, sites: &[Site]) -> Result<()> {
    let fault = |e: csv::Error| Fault::new("io", format!("cannot write the sites: {e}")).file(path);
    let mut table = csv::Writer::from_path(path).map_err(fault)?;
    let header = ["id", "name", "lon", "lat", "organisation", "operator", "address", "position"];
    table.write_record(header).map_err(fault)?;
    for site in sites {
        let blank = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = [
            site.id.clone(),
            site.name.clone(),
            format!("{:.7}", site.at.lon),
            format!("{:.7}", site.at.lat),
            blank(&site.organisation),
            blank(&site.operator),
            blank(&site.address),
            blank(&site.position),
        ];
        table.write_record(row).map_err(fault)?;
    }
    table.flush().map_err(|e| Fault::io("write", path, &e).into())
}

/// The scenario, ready to plan with.
fn scenario_text(order: &Order<'_>, layers: &[(LayerRule, usize)], roads: &Fetched, population: &Fetched) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let region = order.region;
    let grid = region.population.get(order.population);
    let sources = [Some(&region.roads), grid].into_iter().flatten();
    let lines: Vec<String> = sources.map(|remote| format!("  {},\n", quoted(&remote.attribution))).collect();
    let started = [&roads.record.fetched, &population.record.fetched].into_iter().max().cloned().unwrap_or_default();
    let mut out = format!(
        "# Made by `gandan fetch`. Plan with: gandan plan {}.toml\n\
         # fetched.json tells where each input came from, with its SHA-256.\n\n\
         attribution = [\n{}]\n\n[title]\nvi = {}\nen = {}\n",
        order.name,
        lines.concat(),
        quoted(&region.title.vi),
        quoted(&region.title.en)
    );
    let notes = [
        (
            "Chưa biết trang thiết bị, vốn và số năm hoạt động của các địa điểm từ OpenStreetMap: tất cả cần rà soát.",
            "Nothing is known of the equipment, capital and years of the places from OpenStreetMap: all need review.",
        ),
        ("Ngày tháng của các giai đoạn là giả định.", "The dates of the phases are assumptions."),
    ];
    for (vi, en) in notes {
        let _ = write!(out, "\n[[notes]]\nvi = {}\nen = {}\n", quoted(vi), quoted(en));
    }
    out.push_str(
        "\n[inputs]\nroads = \"roads.osm.pbf\"\npopulation = \"population.tif\"\nstudy_area = \"study_area.geojson\"\n\
         sites = \"sites.csv\"\n",
    );
    for (layer, _) in layers {
        let _ = write!(
            out,
            "\n[[inputs.boundaries]]\nid = {}\nname = {{ vi = {}, en = {} }}\nfile = {}\npopulation = \"population\"\n",
            quoted(&layer.id),
            quoted(&layer.name.vi),
            quoted(&layer.name.en),
            quoted(&format!("{}.geojson", layer.id))
        );
    }
    if let Some(split) = grid.map(|grid| grid.split).filter(|split| *split > 1) {
        let _ = write!(out, "\n[population]\nsplit = {split}\n");
    }
    if let Some(agents) = region.first_agents {
        let _ = write!(
            out,
            "\n[[phases]]\nname = {{ vi = \"Giai đoạn 1\", en = \"Phase 1\" }}\nstarts = {started}\nends = {started}\n\
             opens = \"most-people\"\nagents = {agents}\n"
        );
    }
    let starts = if region.first_agents.is_some() { next_day(&started) } else { started };
    let _ = write!(
        out,
        "\n[[phases]]\nname = {{ vi = \"Mọi cư dân\", en = \"All residents\" }}\nstarts = {starts}\n\
         opens = \"fewest-for-all\"\n"
    );
    out
}

fn next_day(day: &str) -> String {
    let next = day.parse::<chrono::NaiveDate>().ok().and_then(|day| day.succ_opt());
    next.map_or_else(|| day.to_owned(), |day| day.to_string())
}
