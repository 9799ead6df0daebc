//! The isochrones of a run: by agent when it opens, and of all agents at the end of each phase.

use geo::MultiPolygon;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::isochrone::{Canvas, Scratch};
use crate::access::search::Search;
use crate::error::Result;
use crate::rollout::Rollout;
use crate::stages::{go_on, meter};
use crate::study::Study;
use crate::units::TravelTime;

/// Side of the squares that a run's isochrones are drawn on, in metres. Coarser than those of `gandan isochrone`: a run
/// has three polygons for each of its agents, and its files and its map stay a third as large.
const SQUARE_M: f64 = 100.0;

/// A polygon of equal travel time by the most used mode.
#[derive(Serialize, Deserialize)]
pub struct Isochrone {
    /// Index of the phase.
    pub phase: usize,
    /// Index of the agent's site; `None` for all agents of the phase.
    pub site: Option<u32>,
    /// Longest travel time in minutes.
    pub minutes: f64,
    /// What lies within it.
    #[serde(with = "rings")]
    pub shape: MultiPolygon<f64>,
}

/// Draws them, in the order of phase, agent, band; those of all agents of a phase come first.
///
/// # Errors
/// The roads are too many for the grid; interrupted.
pub fn isochrones(study: &Study, plan: &Rollout) -> Result<Vec<Isochrone>> {
    let minutes = &study.scenario.output.isochrone_minutes;
    let bands: Vec<TravelTime> = minutes.iter().map(|&m| TravelTime::from_minutes(m)).collect();
    let mut wanted: Vec<(usize, Option<u32>, Vec<u32>)> = Vec::new();
    for (t, phase) in plan.phases.iter().enumerate() {
        wanted.push((t, None, phase.open.clone()));
        wanted.extend(plan.agents.iter().filter(|a| a.phase == t).map(|a| (t, Some(a.site), vec![a.site])));
    }
    let (network, graph) = (&study.network, &study.network.modes[0]);
    let canvas = Canvas::new(network, SQUARE_M)?;
    meter::expect(wanted.len(), "areas");
    let drawn: Vec<Result<Vec<Isochrone>>> = wanted
        .into_par_iter()
        .map_init(Default::default, |(search, scratch): &mut (Search, Scratch), (phase, site, sites)| {
            let legs: Vec<_> =
                sites.iter().filter_map(|&s| study.site_legs.by_mode[0][s as usize].map(|(leg, _)| leg)).collect();
            go_on()?;
            let shapes = canvas.isochrones(network, graph, &legs, &bands, search, scratch)?;
            meter::advance(1);
            let band = |(shape, &minutes): (MultiPolygon<f64>, &f64)| Isochrone { phase, site, minutes, shape };
            Ok(shapes.into_iter().zip(minutes).map(band).collect())
        })
        .collect();
    let mut all = Vec::new();
    for result in drawn {
        all.extend(result?);
    }
    Ok(all)
}

/// Shapes as rings of points, outer ring first: how they are kept for a run that goes on.
mod rings {
    use geo::{LineString, MultiPolygon, Polygon};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Ring = Vec<(f64, f64)>;

    pub(super) fn serialize<S: Serializer>(shape: &MultiPolygon<f64>, to: S) -> Result<S::Ok, S::Error> {
        let ring = |line: &LineString<f64>| -> Ring { line.coords().map(|c| (c.x, c.y)).collect() };
        let of = |polygon: &Polygon<f64>| -> (Ring, Vec<Ring>) {
            (ring(polygon.exterior()), polygon.interiors().iter().map(ring).collect())
        };
        shape.iter().map(of).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MultiPolygon<f64>, D::Error> {
        let polygons = Vec::<(Ring, Vec<Ring>)>::deserialize(from)?;
        let of = |(outer, holes): (Ring, Vec<Ring>)| {
            Polygon::new(LineString::from(outer), holes.into_iter().map(LineString::from).collect())
        };
        Ok(MultiPolygon(polygons.into_iter().map(of).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn a_kept_shape_comes_back() {
        let square = polygon!(
            exterior: [(x: 0., y: 0.), (x: 4., y: 0.), (x: 4., y: 0.1), (x: 0., y: 4.)],
            interiors: [[(x: 1., y: 1.), (x: 2., y: 1.), (x: 1., y: 2.)]],
        );
        let drawn =
            Isochrone { phase: 1, site: Some(7), minutes: 10.0, shape: MultiPolygon(vec![square.clone(), square]) };
        let back: Isochrone = postcard::from_bytes(&postcard::to_allocvec(&drawn).unwrap()).unwrap();
        assert_eq!((back.phase, back.site, back.minutes, back.shape), (1, Some(7), 10.0, drawn.shape));
    }
}
