//! The regions that gandan knows how to fetch, and those that a user describes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Looks, Source};
use crate::error::{Fault, Result};
use crate::ingest::osm::features::{AdminArea, tag};

/// The shipped table.
const TABLE: &str = include_str!("regions.toml");

/// A text in two languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A region: what to fetch and what to cut out of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchRegion {
    /// What the scenario is called.
    pub title: Names,
    /// Agents of the first phase, if any are decided.
    pub first_agents: Option<u32>,
    /// The OpenStreetMap extract.
    pub roads: Remote,
    /// Which area of the extract it is.
    pub area: AreaRule,
    /// Boundary layers to cut out.
    #[serde(default)]
    pub layers: Vec<LayerRule>,
    /// Population grids by name, e.g. `1km`.
    pub population: BTreeMap<String, Remote>,
}

/// A file on servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// Its address.
    pub url: String,
    /// Other addresses of the same bytes.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Whether servers give its MD5 at the address with `.md5` after it.
    #[serde(default)]
    pub md5: bool,
    /// Its SHA-256, where the file never changes.
    pub sha256: Option<String>,
    /// For a grid: into how many parts a side each pixel is split.
    #[serde(default = "one")]
    pub split: u32,
    /// The line that must stand with results.
    pub attribution: String,
}

fn one() -> u32 {
    1
}

impl Remote {
    /// A file that a user names by its address.
    pub fn of_user(url: &str, attribution: String) -> Remote {
        Remote { url: url.to_owned(), mirrors: Vec::new(), md5: false, sha256: None, split: 1, attribution }
    }

    /// The file with further addresses: a mirror that ends in `/` holds the file under its own name.
    pub fn source(&self, looks: Looks, mirrors: &[String]) -> Source {
        let source = Source::new(vec![self.url.clone()], looks);
        let named =
            |mirror: &String| if mirror.ends_with('/') { format!("{mirror}{}", source.name) } else { mirror.clone() };
        let ending = |url: &String| url.rsplit('/').next() == Some(source.name.as_str());
        let urls = std::iter::once(self.url.clone())
            .chain(self.mirrors.iter().map(named))
            .chain(mirrors.iter().map(named).filter(ending))
            .collect();
        Source { urls, md5: self.md5, sha256: self.sha256.clone(), ..source }
    }
}

/// Which area of an extract is meant.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaRule {
    /// The id of its relation; decides alone.
    pub relation: Option<i64>,
    /// A box in degrees (west, south, east, north) in place of an area.
    pub bbox: Option<[f64; 4]>,
    /// Its `admin_level`.
    pub admin_level: Option<u8>,
    /// Its `wikidata`.
    pub wikidata: Option<String>,
    /// Its `ISO3166-2`.
    pub iso3166_2: Option<String>,
    /// Its `name`, any of these.
    #[serde(default)]
    pub names: Vec<String>,
}

impl AreaRule {
    /// How well an area fits: 0 not at all, the more the better. Ids last longer than names.
    pub fn fit(&self, area: &AdminArea) -> u8 {
        if self.admin_level.is_some_and(|level| level != area.admin_level) {
            return 0;
        }
        let same = |ours: &Option<String>, theirs: Option<&str>| ours.is_some() && ours.as_deref() == theirs;
        let by_id = u8::from(same(&self.wikidata, area.wikidata.as_deref())) * 4;
        let by_code = u8::from(same(&self.iso3166_2, tag(&area.tags, "ISO3166-2"))) * 2;
        let by_name = u8::from(area.name.as_ref().is_some_and(|name| self.names.contains(name)));
        by_id + by_code + by_name
    }
}

/// A layer of boundaries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRule {
    /// Its id in the scenario, and the name of its file.
    pub id: String,
    /// The `admin_level` of its areas.
    pub admin_level: u8,
    /// What it is called.
    pub name: Names,
}

/// A region of the shipped table.
///
/// # Errors
/// There is none of this name.
pub fn known(name: &str) -> Result<FetchRegion> {
    let mut table: BTreeMap<String, FetchRegion> = toml::from_str(TABLE)
        .map_err(|e| Fault::new("internal::regions", format!("the table of regions is wrong: {}", e.message())))?;
    table.remove(name).ok_or_else(|| {
        let names: Vec<String> = table.keys().map(|name| format!("`{name}`")).collect();
        Fault::new("download::region", format!("no region is called `{name}`"))
            .help(format!(
                "known: {}; any other with --pbf-url, --population-url and --relation or --bbox",
                names.join(", ")
            ))
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::osm::features::OsmId;

    #[test]
    fn hanoi_is_known_and_found_by_what_lasts() {
        let hanoi = known("hanoi").unwrap();
        assert_eq!(hanoi.population.keys().collect::<Vec<_>>(), ["100m", "1km"]);
        assert!(hanoi.roads.md5 && hanoi.roads.url.starts_with("https://"));
        let area = |level, name: &str, wikidata: Option<&str>| AdminArea {
            id: OsmId::Relation(1),
            admin_level: level,
            name: Some(name.into()),
            name_en: None,
            refs: vec![],
            population: None,
            wikidata: wikidata.map(str::to_owned),
            tags: vec![],
            geometry: geo::MultiPolygon(vec![]),
        };
        assert_eq!(hanoi.area.fit(&area(4, "Hà Nội", None)), 1);
        assert_eq!(hanoi.area.fit(&area(4, "Thủ đô", Some("Q1858"))), 4);
        assert_eq!(hanoi.area.fit(&area(6, "Hà Nội", Some("Q1858"))), 0);
        assert_eq!(hanoi.area.fit(&area(4, "Huế", Some("Q1"))), 0);
        let error = known("atlantis").unwrap_err();
        assert!(error.faults()[0].help.as_ref().unwrap().contains("`hanoi`"));
    }

    #[test]
    fn mirrors_serve_the_file_of_their_name() {
        let remote = Remote::of_user("https://a.org/x/vn.osm.pbf", String::new());
        let mirrors = ["https://b.org/m/", "https://c.org/other.tif", "https://d.org/vn.osm.pbf"].map(str::to_owned);
        let source = remote.source(Looks::Pbf, &mirrors);
        assert_eq!(source.name, "vn.osm.pbf");
        assert_eq!(
            source.urls,
            ["https://a.org/x/vn.osm.pbf", "https://b.org/m/vn.osm.pbf", "https://d.org/vn.osm.pbf"]
        );
        // Names stay within the folder.
        assert_eq!(Source::new(vec!["https://a.org/..%2f?x=/../y".into()], Looks::Any).name, "2f");
        assert_eq!(Source::new(vec!["https://a.org/".into()], Looks::Any).name, "download");
    }
}
