//! Do the sites stand in the study area? A site far off is usually a typing mistake.

use std::path::Path;

use geo::MultiPolygon;

use super::Site;
use super::places::{Surroundings, diagnose_place};
use crate::error::{Fault, Faults, Result};
use crate::units::{Distance, LonLat};

/// Checks that every site stands in the study area, or at most `slack` from it; `file` is where the sites come from.
///
/// # Errors
/// `sites::outside` for each site that does not, with its distance and the likely cause, at most 10 of them with the
/// count of the others.
pub fn check_inside(sites: &[Site], area: &MultiPolygon<f64>, slack: Distance, file: &Path) -> Result<()> {
    let around = Surroundings::new(area);
    let mut faults = Faults::default();
    for site in sites.iter().filter(|site| !around.holds(site.at)) {
        let metres = around.metres_to_border(site.at);
        if metres <= slack.metres() {
            continue;
        }
        let LonLat { lon, lat } = site.at;
        let found = format!("lon {lon}, lat {lat} lies {:.1} km outside the study area", metres / 1000.0);
        let fault = Fault::new("sites::outside", found).file(file).place(format!("site {} ({})", site.id, site.name));
        faults.push(match diagnose_place(site.at, &around, None) {
            Some(cause) => fault.help(cause.english()),
            None => fault,
        });
    }
    faults.finish()
}
