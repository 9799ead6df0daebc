//! Do the sites stand in the study area? A site far off is usually a typing mistake.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{Contains, Coord, MultiPolygon, Point};

use super::Site;
use crate::error::{Fault, Faults, Result};
use crate::units::{Distance, LonLat};

/// Checks that every site stands in the study area, or at most `slack` from it; `file` is where the sites come from.
///
/// # Errors
/// `sites::outside` for each site that does not, at most 10 of them with the count of the others.
pub fn check_inside(sites: &[Site], area: &MultiPolygon<f64>, slack: Distance, file: &Path) -> Result<()> {
    let inside = IntervalTreeMultiPolygon::new(area);
    let mut faults = Faults::default();
    for site in sites {
        if inside.contains(&Point::new(site.at.lon, site.at.lat)) {
            continue;
        }
        let metres = metres_to_border(site.at, area);
        if metres <= slack.metres() {
            continue;
        }
        let help = if inside.contains(&Point::new(site.at.lat, site.at.lon)) {
            "its lon and lat seem to be swapped"
        } else {
            "correct its place, leave it out, or widen the study area"
        };
        let LonLat { lon, lat } = site.at;
        let found = format!("lon {lon}, lat {lat} lies {:.1} km outside the study area", metres / 1000.0);
        faults.push(
            Fault::new("sites::outside", found)
                .file(file)
                .place(format!("site {} ({})", site.id, site.name))
                .help(help),
        );
    }
    faults.finish()
}

/// Great-circle distance to the nearest point of the border, found on a plane about the place: exact near the area, a
/// fair figure far from it. Infinite for an empty area.
fn metres_to_border(from: LonLat, area: &MultiPolygon<f64>) -> f64 {
    let squeeze = from.lat.to_radians().cos();
    let on_plane = |c: Coord<f64>| ((c.x - from.lon) * squeeze, c.y - from.lat);
    let mut nearest: Option<(f64, LonLat)> = None;
    let rings = area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    for line in rings.flat_map(geo::LineString::lines) {
        let (a, b) = (on_plane(line.start), on_plane(line.end));
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length2 = dx * dx + dy * dy;
        let part = if length2 > 0.0 { (-(a.0 * dx + a.1 * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
        let (x, y) = (a.0 + part * dx, a.1 + part * dy);
        let distance2 = x * x + y * y;
        if nearest.is_none_or(|(best, _)| distance2 < best) {
            let delta = line.delta();
            nearest =
                Some((distance2, LonLat { lon: line.start.x + part * delta.x, lat: line.start.y + part * delta.y }));
        }
    }
    nearest.map_or(f64::INFINITY, |(_, at)| from.metres_to(at))
}
