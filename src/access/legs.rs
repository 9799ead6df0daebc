//! How a place hangs on the network: the walk to the street, and the ride to either end of it.

use rayon::prelude::*;

use crate::network::{CLOSED, ModeGraph, Network, Snap, Snapper, Street};
use crate::units::{Distance, LonLat};

/// A place on a street of one mode, with the times to and from the street's ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Index of the street.
    pub street: u32,
    /// Junction at the street's first point.
    pub start: u32,
    /// Junction at the street's last point.
    pub end: u32,
    /// Distance from the street's first point in millimetres.
    pub offset_mm: u32,
    /// Walk between the place and the street, in milliseconds.
    pub access_ms: u32,
    /// From the street's first point to the place, in milliseconds; [`CLOSED`] where not allowed.
    pub from_start_ms: u32,
    /// From the place to the street's last point.
    pub to_end_ms: u32,
    /// From the street's last point to the place, against the street.
    pub from_end_ms: u32,
    /// From the place to the street's first point, against the street.
    pub to_start_ms: u32,
}

/// A share of a street's time: `ms · part / whole`, rounded to the nearest; [`CLOSED`] stays closed.
pub fn partial_ms(ms: u32, part_mm: u32, whole_mm: u32) -> u32 {
    if ms == CLOSED {
        return CLOSED;
    }
    let (ms, part, whole) = (u64::from(ms), u64::from(part_mm), u64::from(whole_mm));
    // At most `ms`, because part ≤ whole.
    ((ms * part + whole / 2) / whole) as u32
}

/// Milliseconds to walk a straight distance.
pub fn walk_ms(distance: Distance, walk_kmh: f64) -> u32 {
    (f64::from(distance.0) * 3.6 / walk_kmh).round() as u32
}

impl Leg {
    /// The leg of a snapped place.
    pub fn new(network: &Network, graph: &ModeGraph, snap: &Snap, walk_kmh: f64) -> Self {
        let street = snap.street as usize;
        let Street { from, to, length_mm: length, .. } = network.streets[street];
        let rest = length - snap.offset_mm;
        let (forward, backward) = (graph.forward_ms[street], graph.backward_ms[street]);
        Leg {
            street: snap.street,
            start: from,
            end: to,
            offset_mm: snap.offset_mm,
            access_ms: walk_ms(snap.access, walk_kmh),
            from_start_ms: partial_ms(forward, snap.offset_mm, length),
            to_end_ms: partial_ms(forward, rest, length),
            from_end_ms: partial_ms(backward, rest, length),
            to_start_ms: partial_ms(backward, snap.offset_mm, length),
        }
    }

    /// Time from this place to another on the same street without leaving it, walks left out.
    pub fn along_street_ms(&self, to: &Leg) -> Option<u32> {
        if self.street != to.street {
            return None;
        }
        let ms = if self.offset_mm <= to.offset_mm {
            minus(to.from_start_ms, self.from_start_ms)
        } else {
            minus(self.to_start_ms, to.to_start_ms)
        };
        (ms != CLOSED).then_some(ms)
    }
}

fn minus(a: u32, b: u32) -> u32 {
    if a == CLOSED || b == CLOSED { CLOSED } else { a.saturating_sub(b) }
}

/// Snaps places to the roads of one mode. `None` for a place farther than `limit` from any.
pub fn legs(
    network: &Network,
    snapper: &Snapper,
    graph: &ModeGraph,
    places: &[LonLat],
    limit: Distance,
    walk_kmh: f64,
) -> Vec<Option<(Leg, Snap)>> {
    places
        .par_iter()
        .map(|&place| snapper.snap(graph, place, limit).map(|s| (Leg::new(network, graph, &s, walk_kmh), s)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_times_by_hand() {
        // A quarter of 1,001 ms is 250.25, three quarters 750.75.
        assert_eq!(partial_ms(1001, 25, 100), 250);
        assert_eq!(partial_ms(1001, 75, 100), 751);
        assert_eq!(partial_ms(CLOSED, 25, 100), CLOSED);
        assert_eq!(partial_ms(1001, 0, 100), 0);
        assert_eq!(partial_ms(1001, 100, 100), 1001);
    }

    #[test]
    fn walking_time_by_hand() {
        // 400 m at 4.8 km/h = 300 s.
        assert_eq!(walk_ms(Distance(400_000), 4.8), 300_000);
    }
}
