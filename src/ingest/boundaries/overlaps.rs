//! Do the areas of a layer fit together? People in an overlap are counted in one of its areas only, people in a gap in
//! none, so both are told.

use geo::{
    Area, BooleanOps, BoundingRect, Centroid, ChamberlainDuquetteArea, Intersects, MultiPolygon, Polygon, unary_union,
};

use super::BoundaryLayer;
use crate::error::Fault;

/// The smallest overlap or gap that is told, as a share of the smaller area, or of the layer's middle one.
const SMALLEST_SHARE: f64 = 0.001;

/// Notes of the overlaps between two areas of a layer that are larger than 0.1 % of the smaller of them
/// (`boundaries::overlap`), and of the gaps wholly surrounded by areas that are larger than 0.1 % of the layer's median
/// area (`boundaries::gap`). In the layer's order; the largest gap first. The notes have no file.
pub fn layer_overlaps(layer: &BoundaryLayer) -> Vec<Fault> {
    let features = &layer.features;
    let km2: Vec<f64> = features.iter().map(|f| f.geometry.chamberlain_duquette_unsigned_area() / 1e6).collect();
    let mut notes = Vec::new();
    for (i, feature) in features.iter().enumerate() {
        let Some(bounds) = feature.geometry.bounding_rect() else { continue };
        let envelope = rstar::AABB::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
        let mut others: Vec<usize> =
            layer.tree.locate_in_envelope_intersecting(envelope).map(|found| found.data).filter(|&j| j > i).collect();
        others.sort_unstable();
        for j in others {
            let common = common_part(&feature.geometry, &features[j].geometry);
            let common_km2 = common.chamberlain_duquette_unsigned_area() / 1e6;
            let share = common_km2 / km2[i].min(km2[j]);
            if share > SMALLEST_SHARE {
                let near = common.centroid().map_or_else(String::new, |c| format!(" near {:.5}, {:.5}", c.x(), c.y()));
                let found = format!(
                    "{} and {} overlap by {common_km2:.4} km²{near}, {:.1} % of the smaller",
                    feature.name,
                    features[j].name,
                    share * 100.0
                );
                notes.push(
                    Fault::new("boundaries::overlap", found)
                        .place(format!("layer {}", layer.id))
                        .help(format!("people there are counted in {} only", feature.name)),
                );
            }
        }
    }
    notes.extend(gaps(layer, km2));
    notes
}

/// What both shapes hold; the boxes of their parts are looked at first, since most neighbours share a border and no more.
fn common_part(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let near = |part: &&Polygon<f64>, other: &MultiPolygon<f64>| match (part.bounding_rect(), other.bounding_rect()) {
        (Some(part), Some(other)) => part.intersects(&other),
        _ => false,
    };
    let of_a = MultiPolygon(a.iter().filter(|part| near(part, b)).cloned().collect());
    let of_b = MultiPolygon(b.iter().filter(|part| near(part, a)).cloned().collect());
    if of_a.0.is_empty() || of_b.0.is_empty() { MultiPolygon(vec![]) } else { of_a.intersection(&of_b) }
}

fn gaps(layer: &BoundaryLayer, mut km2: Vec<f64>) -> Vec<Fault> {
    km2.sort_by(f64::total_cmp);
    let median_km2 = km2.get(km2.len() / 2).copied().unwrap_or_default();
    let whole = unary_union(layer.features.iter().map(|f| &f.geometry));
    let mut gaps: Vec<(f64, Polygon<f64>)> = whole
        .iter()
        .flat_map(|part| part.interiors())
        .map(|hole| Polygon::new(hole.clone(), vec![]))
        .map(|gap| (gap.chamberlain_duquette_unsigned_area() / 1e6, gap))
        .filter(|(gap_km2, gap)| *gap_km2 > SMALLEST_SHARE * median_km2 && gap.unsigned_area() > 0.0)
        .collect();
    gaps.sort_by(|a, b| b.0.total_cmp(&a.0));
    gaps.into_iter()
        .map(|(gap_km2, gap)| {
            let near = gap.centroid().map_or_else(String::new, |c| format!(" near {:.5}, {:.5}", c.x(), c.y()));
            Fault::new("boundaries::gap", format!("a gap of {gap_km2:.4} km²{near} lies in no area"))
                .place(format!("layer {}", layer.id))
                .help("people there are counted in no area of this layer; a lake may be meant to be left out")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::boundaries::Boundary;
    use crate::ingest::testkit::rectangle;

    fn layer(boxes: &[(&str, f64, f64, f64, f64)]) -> BoundaryLayer {
        let features = boxes.iter().map(|&(name, west, south, east, north)| Boundary {
            code: name.into(),
            name: name.into(),
            population: None,
            properties: Default::default(),
            geometry: rectangle(west, south, east, north),
        });
        BoundaryLayer::new("wards".into(), features.collect())
    }

    #[test]
    fn areas_that_fit_have_no_note() {
        // They share a side; another pair overlaps by 0.0005 of 1, half of what is told.
        let fits = layer(&[("a", 0., 0., 1., 1.), ("b", 1., 0., 2., 1.), ("c", 1.9995, 0., 3., 1.)]);
        assert_eq!(layer_overlaps(&fits), []);
    }

    #[test]
    fn overlaps_and_gaps_are_told() {
        // b holds the east tenth of a: 10 % of both, but for the poleward squeeze. A ring of four boxes leaves the
        // square from (10,10) to (11,11) empty.
        let torn = layer(&[
            ("a", 0., 0., 1., 1.),
            ("b", 0.9, 0., 1.9, 1.),
            ("s", 9., 9., 12., 10.),
            ("n", 9., 11., 12., 12.),
            ("w", 9., 10., 10., 11.),
            ("e", 11., 10., 12., 11.),
        ]);
        let notes = layer_overlaps(&torn);
        let codes: Vec<_> = notes.iter().map(|n| n.code).collect();
        assert_eq!(codes, ["boundaries::overlap", "boundaries::gap"]);
        assert!(notes[0].message.starts_with("a and b overlap by "), "{}", notes[0]);
        assert!(notes[0].message.ends_with(" near 0.95000, 0.50000, 10.0 % of the smaller"), "{}", notes[0]);
        // 111.195² · cos 10.5° = 12,157 km² of sphere.
        assert!(notes[1].message.contains("near 10.50000, 10.50000"), "{}", notes[1]);
    }
}
