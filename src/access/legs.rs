//! How a place hangs on the network: the walk to the street, and the ride to either end of it.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::search::sum;
use crate::network::turns::ride;
use crate::network::{CLOSED, ModeGraph, Network, Snap, Snapped, Snapper, Street};
use crate::stages::{meter, stopping};
use crate::units::{Distance, LonLat};

/// A place on a street of one mode, with the times to and from the street's ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leg {
    /// Index of the street.
    pub street: u32,
    /// Node in which a ride against the street ends, at its first point.
    pub start: u32,
    /// Node in which a ride along the street ends, at its last point.
    pub end: u32,
    /// Distance from the street's first point in millimetres.
    pub offset_mm: u32,
    /// Walk between the place and the street, in milliseconds.
    pub access_ms: u32,
    /// From the street's first point to the place, in milliseconds; [`CLOSED`] where not allowed.
    pub from_start_ms: u32,
    /// From the place to the street's last point and on: with the delay there.
    pub to_end_ms: u32,
    /// From the street's last point to the place, against the street.
    pub from_end_ms: u32,
    /// From the place to the street's first point and on, against the street.
    pub to_start_ms: u32,
}

/// Milliseconds to walk a straight distance.
pub fn walk_ms(distance: Distance, walk_kmh: f64) -> u32 {
    (f64::from(distance.0) * 3.6 / walk_kmh).round() as u32
}

impl Leg {
    /// The leg of a snapped place.
    pub fn new(network: &Network, graph: &ModeGraph, snap: &Snap, walk_kmh: f64) -> Self {
        let Street { from, to, length_mm: length, .. } = network.streets[snap.street as usize];
        Leg {
            street: snap.street,
            start: graph.turns.arrival(ride(snap.street, true), from),
            end: graph.turns.arrival(ride(snap.street, false), to),
            offset_mm: snap.offset_mm,
            access_ms: walk_ms(snap.access, walk_kmh),
            from_start_ms: graph.from_start_ms(snap.street, snap.offset_mm, length),
            to_end_ms: graph.to_end_ms(snap.street, snap.offset_mm, length),
            from_end_ms: graph.from_end_ms(snap.street, snap.offset_mm, length),
            to_start_ms: graph.to_start_ms(snap.street, snap.offset_mm, length),
        }
    }

    /// Calls `enter` with each node from which one may ride into the street and to the place, and the time that this
    /// takes, the walk included.
    pub fn for_each_entry(&self, graph: &ModeGraph, mut enter: impl FnMut(u32, u32)) {
        for (node, ms, against) in [(self.start, self.from_start_ms, false), (self.end, self.from_end_ms, true)] {
            let ms = sum(ms, self.access_ms);
            if ms != CLOSED {
                let junction = graph.turns.junction(node);
                graph.turns.for_each_beginning(junction, ride(self.street, against), |node| enter(node, ms));
            }
        }
    }

    /// Time from this place to another on the same street without leaving it, walks left out.
    pub fn along_street_ms(&self, to: &Leg) -> Option<u32> {
        if self.street != to.street {
            return None;
        }
        let along = || minus(to.from_start_ms, self.from_start_ms);
        let against = || minus(self.to_start_ms, to.to_start_ms);
        let ms = match self.offset_mm.cmp(&to.offset_mm) {
            Ordering::Less => along(),
            Ordering::Greater => against(),
            // Who is there already rides nowhere, whichever way the street may be ridden.
            Ordering::Equal => along().min(against()),
        };
        (ms != CLOSED).then_some(ms)
    }
}

fn minus(a: u32, b: u32) -> u32 {
    if a == CLOSED || b == CLOSED { CLOSED } else { a.saturating_sub(b) }
}

/// Places on the roads of all modes.
#[derive(Debug, Clone, Default)]
pub struct Legs {
    /// For each mode, how each place hangs on its roads; `None` where it is too far from any.
    pub by_mode: Vec<Vec<Option<(Leg, Snap)>>>,
    /// For each mode, a nearer street of each place that lies in no part of the mode's network.
    pub cut_off: Vec<Vec<Option<u32>>>,
}

impl Legs {
    /// Snaps places to the roads of each mode, at most `limit` away.
    pub fn new(network: &Network, snapper: &Snapper, places: &[LonLat], limit: Distance, walk_kmh: f64) -> Self {
        meter::expect(places.len(), "places");
        let found = |&place: &LonLat| {
            // Nothing comes of a run that is being stopped.
            if stopping() {
                return vec![Snapped::default(); network.modes.len()];
            }
            let snapped = snapper.snap(place, limit);
            meter::advance(1);
            snapped
        };
        let snapped: Vec<Vec<Snapped>> = places.par_iter().map(found).collect();
        let mut legs = Legs::default();
        for (m, graph) in network.modes.iter().enumerate() {
            let leg = |s: &Vec<Snapped>| s[m].snap.map(|snap| (Leg::new(network, graph, &snap, walk_kmh), snap));
            legs.by_mode.push(snapped.par_iter().map(leg).collect());
            legs.cut_off.push(snapped.iter().map(|s| s[m].cut_off).collect());
        }
        legs
    }

    /// The legs of a mode alone.
    pub fn bare(&self, mode: usize) -> Vec<Option<Leg>> {
        self.by_mode[mode].iter().map(|leg| leg.map(|(leg, _)| leg)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walking_time_by_hand() {
        // 400 m at 4.8 km/h = 300 s.
        assert_eq!(walk_ms(Distance(400_000), 4.8), 300_000);
    }

    #[test]
    fn along_a_one_way_street() {
        // 1 km at 36 km/h. Where the last point cannot be reached forward there is no way, even from a place that can.
        let city = crate::testkit::line_city(&[(1000.0, false)], 36.0);
        let leg = |metres| Leg::at(&city, &city.modes[0], 0, metres);
        assert_eq!(leg(100.0).along_street_ms(&leg(400.0)), Some(30_000));
        assert_eq!(leg(400.0).along_street_ms(&leg(100.0)), None);
        let closed = Leg { from_start_ms: CLOSED, ..leg(400.0) };
        assert_eq!(leg(100.0).along_street_ms(&closed), None);
        assert_eq!(Leg { from_start_ms: CLOSED, ..leg(100.0) }.along_street_ms(&leg(400.0)), None);
    }
}
