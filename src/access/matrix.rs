//! Travel times between any two lists of places.

use rayon::prelude::*;

use super::Leg;
use super::batch::{Batch, LANES, within};
use crate::error::Result;
use crate::network::hierarchy::Hierarchy;
use crate::network::{CLOSED, ModeGraph};
use crate::stages::{go_on, meter};
use crate::units::TravelTime;

/// A travel time from an origin to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trip {
    /// Index of the origin.
    pub origin: u32,
    /// Index of the destination.
    pub destination: u32,
    /// How long it takes, the walks at both ends included; `None` where it cannot be done within the cut-off.
    pub time: Option<TravelTime>,
}

/// Batches of destinations whose trips are held at once for each thread.
const ROUND: usize = 4;

/// Hands on the trips from all origins to all destinations, by destination and then by origin, in pieces of bounded
/// size. Trips that cannot be done within `cutoff` are left out unless `all` is set.
///
/// # Errors
/// Those of `take`; [`crate::error::Error::Interrupted`].
pub fn trips(
    graph: &ModeGraph,
    hierarchy: Option<&Hierarchy>,
    origins: &[Option<Leg>],
    destinations: &[Option<Leg>],
    cutoff: TravelTime,
    all: bool,
    mut take: impl FnMut(Vec<Trip>) -> Result<()>,
) -> Result<()> {
    let numbers: Vec<u32> = (0..destinations.len() as u32).collect();
    meter::expect(destinations.len(), "destinations");
    for round in numbers.chunks(LANES * ROUND * rayon::current_num_threads()) {
        go_on()?;
        let found: Vec<Vec<Trip>> = round
            .par_chunks(LANES)
            .map_init(Batch::default, |batch, chunk| {
                let legs: Vec<Leg> = chunk.iter().filter_map(|&d| destinations[d as usize]).collect();
                batch.run(graph, hierarchy, &legs, cutoff.0);
                let times: Vec<_> =
                    origins.iter().map(|leg| leg.as_ref().map(|leg| batch.place(hierarchy, leg))).collect();
                // Destinations off the roads have no lane.
                let mut lanes = 0..;
                let mut trips = Vec::new();
                for &destination in chunk {
                    let lane = destinations[destination as usize].and_then(|_| lanes.next());
                    for (origin, times) in times.iter().enumerate() {
                        let ms = times.as_ref().zip(lane).map_or(CLOSED, |(t, lane)| within(t[lane], cutoff.0));
                        let time = (ms != CLOSED).then_some(TravelTime(ms));
                        if all || time.is_some() {
                            trips.push(Trip { origin: origin as u32, destination, time });
                        }
                    }
                }
                meter::advance(chunk.len());
                trips
            })
            .collect();
        for piece in found {
            take(piece)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::line_city;

    #[test]
    fn a_line_by_hand() {
        // 0 -1 km- 1 -1 km-> 2, 36 km/h = 100 s a km; the second street is one-way. Places at its ends and the middle.
        let mut city = line_city(&[(1000.0, true), (1000.0, false)], 36.0);
        city.contract();
        let graph = &city.modes[0];
        let place = |street, offset_m| Some(Leg::at(&city, graph, street, offset_m));
        let origins = [place(0, 0.0), None, place(1, 500.0)];
        let destinations = [place(1, 1000.0), place(0, 500.0), None];
        for hierarchy in [None, Some(&city.hierarchies[0])] {
            let mut found = Vec::new();
            trips(graph, hierarchy, &origins, &destinations, TravelTime(200_000), true, |piece| {
                found.extend(piece.into_iter().map(|t| (t.origin, t.destination, t.time.map(|t| t.0))));
                Ok(())
            })
            .unwrap();
            let expected = [
                (0, 0, Some(200_000)), // 2 km
                (1, 0, None),          // off the roads
                (2, 0, Some(50_000)),  // half a km along the one-way street
                (0, 1, Some(50_000)),
                (1, 1, None),
                (2, 1, None), // against the one-way street
                (0, 2, None),
                (1, 2, None),
                (2, 2, None),
            ];
            assert_eq!(found, expected);
        }
    }
}
