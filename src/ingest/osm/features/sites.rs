//! Candidate sites straight from OpenStreetMap.

use std::path::Path;

use geo::{BoundingRect, Intersects, MultiPolygon, Point};

use super::{PointOfInterest, TagRule, Wanted, read_features, tag};
use crate::error::{Fault, Result};
use crate::ingest::sites::Site;
use crate::texts::{MOST_NAME, cleaned};

/// What is taken for a candidate if the scenario names no tags: post offices.
pub fn default_site_tags() -> Vec<TagRule> {
    vec![TagRule { key: "amenity".into(), values: vec!["post_office".into()] }]
}

/// Sites from the elements of an extract that have any of the tags and lie in the area (degrees), in file order.
///
/// The id is the element's (`node/123`). An element without a name is called by its operator and id. The organisation
/// is `postal` for `amenity=post_office`, `it` for `office=it`, and unknown for all else; `position` is `osm`.
///
/// # Errors
/// As [`super::read_features`]; no tag is asked for; nothing in the area has one of the tags.
pub fn sites_from_osm(path: &Path, tags: &[TagRule], area: Option<&MultiPolygon<f64>>) -> Result<Vec<Site>> {
    if tags.is_empty() {
        return Err(Fault::new("osm::tag", "no tag says which places are sites")
            .file(path)
            .help("name at least one, e.g. amenity=post_office")
            .into());
    }
    let bounds = area.and_then(BoundingRect::bounding_rect);
    let clip = bounds.map_or([-180.0, -90.0, 180.0, 90.0], |b| [b.min().x, b.min().y, b.max().x, b.max().y]);
    let wanted = Wanted { points: tags.to_vec(), ..Wanted::default() };
    let found = read_features(path, clip, &wanted)?.points;
    let inside = |at: &PointOfInterest| area.is_none_or(|area| area.intersects(&Point::new(at.at.lon, at.at.lat)));
    let sites: Vec<Site> = found.iter().filter(|point| inside(point)).map(site).collect();
    if sites.is_empty() {
        let any = |rule: &TagRule| {
            format!("{}={}", rule.key, if rule.values.is_empty() { "*".into() } else { rule.values.join(";") })
        };
        let asked = tags.iter().map(any).collect::<Vec<_>>().join(", ");
        return Err(Fault::new("osm::no-sites", format!("nothing in the study area is tagged {asked}"))
            .file(path)
            .help("ask for other tags, give the sites as CSV, or use an extract that holds more than roads")
            .into());
    }
    Ok(sites)
}

fn site(found: &PointOfInterest) -> Site {
    let text =
        |key: &str| tag(&found.tags, key).map(str::trim).filter(|t| !t.is_empty()).map(|t| cleaned(t, MOST_NAME));
    let id = found.id.to_string();
    let operator = text("operator").or_else(|| text("brand"));
    let named = text("name").or_else(|| text("name:vi")).or_else(|| text("official_name"));
    let organisation = match (tag(&found.tags, "amenity"), tag(&found.tags, "office")) {
        (Some("post_office"), _) => Some("postal".to_owned()),
        (_, Some("it")) => Some("it".to_owned()),
        _ => None,
    };
    Site {
        name: named.unwrap_or_else(|| format!("{} ({id})", operator.as_deref().unwrap_or("OpenStreetMap"))),
        at: found.at,
        organisation,
        operator,
        address: address(&text),
        position: Some("osm".into()),
        id,
        ..Site::default()
    }
}

/// The address as it is written in Viet Nam: number and street, then ever larger areas.
fn address(text: &impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(full) = text("addr:full") {
        return Some(full);
    }
    let door = match (text("addr:housenumber"), text("addr:street").or_else(|| text("addr:place"))) {
        (Some(number), Some(street)) => Some(format!("{number} {street}")),
        (number, street) => street.or(number),
    };
    let areas = ["addr:hamlet", "addr:subdistrict", "addr:ward", "addr:commune", "addr:suburb", "addr:district"];
    let larger = areas.into_iter().chain(["addr:city", "addr:province"]).filter_map(text);
    let mut parts: Vec<String> = door.into_iter().chain(larger).collect();
    parts.dedup();
    (!parts.is_empty()).then(|| parts.join(", "))
}
