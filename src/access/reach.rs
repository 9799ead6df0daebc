//! What the sites of a search reach, street by street: the one place where the drawing of isochrones meets the search.

use super::Leg;
use super::search::{Search, sum};
use crate::network::graph::Delay;
use crate::network::turns::ride;
use crate::network::{CLOSED, ModeGraph, Network};

/// The times from every place on the streets of a mode to the nearest of some sites.
pub struct Reach<'a> {
    network: &'a Network,
    graph: &'a ModeGraph,
    search: &'a Search,
    /// Legs of the sites, by street.
    sites: Vec<Leg>,
    cutoff_ms: u32,
}

impl<'a> Reach<'a> {
    /// Searches from all of `sites` at once, up to and including `cutoff_ms`.
    pub fn new(
        network: &'a Network,
        graph: &'a ModeGraph,
        sites: &[Leg],
        cutoff_ms: u32,
        search: &'a mut Search,
    ) -> Self {
        search.run(graph, sites, cutoff_ms);
        let mut sites = sites.to_vec();
        sites.sort_by_key(|leg| leg.street);
        Reach { network, graph, search, sites, cutoff_ms }
    }

    /// The roads.
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// The longest time that is known, in milliseconds.
    pub fn cutoff_ms(&self) -> u32 {
        self.cutoff_ms
    }

    /// The times along a street; `None` where the mode may not use it in either direction.
    #[inline]
    pub fn street(&self, street: usize) -> Option<StreetTimes<'_>> {
        let (forward_ms, backward_ms) = (self.graph.forward_ms[street], self.graph.backward_ms[street]);
        if forward_ms == CLOSED && backward_ms == CLOSED {
            return None;
        }
        let shape = &self.network.streets[street];
        let own = if self.sites.len() == 1 && self.sites[0].street as usize != street {
            &[]
        } else {
            let first = self.sites.partition_point(|leg| (leg.street as usize) < street);
            let sites = self.sites.get(first..).unwrap_or_default();
            let count = sites.iter().take_while(|leg| leg.street as usize == street).count();
            &sites[..count]
        };
        let beyond =
            |against, junction| self.search.node_ms(self.graph.turns.arrival(ride(street as u32, against), junction));
        Some(StreetTimes {
            forward_ms,
            backward_ms,
            // From its last point on, after the street was ridden forward; from its first, after it was ridden back.
            beyond_end_ms: if forward_ms == CLOSED { CLOSED } else { beyond(false, shape.to) },
            beyond_start_ms: if backward_ms == CLOSED { CLOSED } else { beyond(true, shape.from) },
            delays: self.graph.delays(street as u32),
            graph: self.graph,
            street: street as u32,
            length_mm: shape.length_mm,
            per_length: 1.0 / f64::from(shape.length_mm),
            cutoff_ms: self.cutoff_ms,
            own,
        })
    }
}

/// The times from the places along one street to the nearest site.
pub struct StreetTimes<'a> {
    forward_ms: u32,
    backward_ms: u32,
    beyond_end_ms: u32,
    beyond_start_ms: u32,
    length_mm: u32,
    per_length: f64,
    cutoff_ms: u32,
    own: &'a [Leg],
    delays: &'a [Delay],
    graph: &'a ModeGraph,
    street: u32,
}

impl StreetTimes<'_> {
    /// Whether any place of the street may be within the cut-off.
    #[inline]
    pub fn is_reached(&self) -> bool {
        self.beyond_end_ms != CLOSED || self.beyond_start_ms != CLOSED || !self.own.is_empty()
    }

    /// As [`crate::network::partial_ms`], without its division: at places between the ends a tie may be rounded the other way.
    #[inline]
    fn share(&self, ms: u32, part_mm: u32) -> u32 {
        (f64::from(ms) * (f64::from(part_mm) * self.per_length) + 0.5) as u32
    }

    /// Offsets of the sites on this very street, in millimetres from its first point.
    pub fn site_offsets_mm(&self) -> impl Iterator<Item = u32> + '_ {
        self.own.iter().map(|leg| leg.offset_mm)
    }

    /// The time from a place at most the street's length from its first point, in milliseconds; [`CLOSED`] beyond the
    /// cut-off.
    ///
    /// Between two places without a site the time is nowhere less than at the better of the two.
    #[inline]
    pub fn ms(&self, offset_mm: u32) -> u32 {
        let length = self.length_mm;
        let offset_mm = offset_mm.min(length);
        let mut ms = CLOSED;
        if self.beyond_end_ms != CLOSED {
            let lost = self.delays.iter().filter(|d| d.offset_mm >= offset_mm).map(|d| d.forward_ms).sum::<u32>();
            ms = sum(self.share(self.forward_ms, length - offset_mm) + lost, self.beyond_end_ms);
        }
        if self.beyond_start_ms != CLOSED {
            let lost = self.delays.iter().filter(|d| d.offset_mm <= offset_mm).map(|d| d.backward_ms).sum::<u32>();
            ms = ms.min(sum(self.share(self.backward_ms, offset_mm) + lost, self.beyond_start_ms));
        }
        for site in self.own {
            let here = Leg {
                offset_mm,
                access_ms: 0,
                from_start_ms: self.graph.from_start_ms(self.street, offset_mm, length),
                to_end_ms: self.graph.to_end_ms(self.street, offset_mm, length),
                from_end_ms: self.graph.from_end_ms(self.street, offset_mm, length),
                to_start_ms: self.graph.to_start_ms(self.street, offset_mm, length),
                ..*site
            };
            ms = ms.min(here.along_street_ms(site).map_or(CLOSED, |t| sum(t, site.access_ms)));
        }
        if ms <= self.cutoff_ms { ms } else { CLOSED }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::graph::Permits;
    use crate::testkit::{Draw, line_city};

    /// Streets of 100 to 900 m, some one-way, some closed, with delays at any place.
    fn any_city(draw: &mut Draw) -> Network {
        let pieces: Vec<(f64, bool)> = (0..8).map(|_| (100.0 + draw.below(800) as f64, draw.below(3) > 0)).collect();
        let mut city = line_city(&pieces, 20.0);
        let ends: Vec<_> = city.streets.iter().map(|s| (s.from, s.to)).collect();
        let graph = &city.modes[0];
        let (mut forward_ms, mut backward_ms) = (graph.forward_ms.clone(), graph.backward_ms.clone());
        for street in 0..ends.len() {
            match draw.below(8) {
                0 => (forward_ms[street], backward_ms[street]) = (CLOSED, CLOSED),
                1 => (forward_ms[street], backward_ms[street]) = (CLOSED, forward_ms[street]),
                _ => {}
            }
        }
        let delays = (0..6)
            .map(|_| {
                let street = draw.below(8);
                let offset_mm = draw.below(city.streets[street].length_mm as usize) as u32;
                let (forward_ms, backward_ms) = (draw.below(20_000) as u32, draw.below(20_000) as u32);
                Delay { street: street as u32, offset_mm, forward_ms, backward_ms }
            })
            .collect();
        let permits = Permits { forward_ms, backward_ms, delays, ..Permits::default() };
        if let Ok(graph) = ModeGraph::new(city.nodes.len(), &ends, permits) {
            city.modes = vec![graph];
        }
        city
    }

    #[test]
    fn streets_have_the_time_of_the_best_site() {
        let mut drawn = 0;
        for seed in 0..200 {
            let mut draw = Draw::new(seed);
            let city = any_city(&mut draw);
            let graph = &city.modes[0];
            let leg = |street: usize, mm: u32| Leg::at(&city, graph, street as u32, f64::from(mm) / 1000.0);
            let mut any = || {
                let street = draw.below(8);
                let mm = draw.below(city.streets[street].length_mm as usize) as u32;
                Leg { access_ms: draw.below(30_000) as u32, ..leg(street, mm) }
            };
            let sites: Vec<Leg> = (0..1 + seed as usize % 4).map(|_| any()).collect();
            let cutoff_ms = 150_000;
            let (mut search, mut alone) = (Search::default(), Search::default());
            let reach = Reach::new(&city, graph, &sites, cutoff_ms, &mut search);
            assert_eq!(reach.cutoff_ms(), 150_000);
            for (s, street) in city.streets.iter().enumerate() {
                let closed = graph.forward_ms[s] == CLOSED && graph.backward_ms[s] == CLOSED;
                let Some(times) = reach.street(s) else {
                    assert!(closed, "seed {seed}, street {s}");
                    continue;
                };
                let mut own: Vec<u32> = sites.iter().filter(|l| l.street as usize == s).map(|l| l.offset_mm).collect();
                let mut told: Vec<u32> = times.site_offsets_mm().collect();
                own.sort_unstable();
                told.sort_unstable();
                assert_eq!(told, own, "seed {seed}, street {s}");
                let mut reached = false;
                for mm in (0..=8).map(|eighth| street.length_mm / 8 * eighth) {
                    let place = leg(s, mm);
                    // One search a site, and the way from the place as for demand cells.
                    let best = sites.iter().map(|site| {
                        alone.run(graph, &[*site], cutoff_ms);
                        alone.place_ms(site, &place)
                    });
                    let best = best.min().filter(|&ms| ms <= cutoff_ms).unwrap_or(CLOSED);
                    let found = times.ms(mm);
                    reached |= found != CLOSED;
                    drawn += usize::from(found != CLOSED);
                    // A tie may be rounded the other way, which may also pass the cut-off.
                    let near = found.abs_diff(best) <= 1 || found.min(best) >= cutoff_ms - 1;
                    assert!(near, "seed {seed}, street {s}, {mm} mm: {found} is not {best}");
                }
                assert!(!reached || times.is_reached(), "seed {seed}, street {s}");
            }
        }
        // Enough of the 14,400 places are within reach for this to mean something.
        assert!(drawn > 3000, "{drawn}");
    }

    #[test]
    fn a_street_out_of_reach_is_told() {
        // Four streets of 1 km, 100 s each; from the west end 150 s reach into the second, whose end is not reached: to the
        // third street nothing leads.
        let city = line_city(&[(1000.0, true); 4], 36.0);
        let site = Leg::at(&city, &city.modes[0], 0, 0.0);
        let mut search = Search::default();
        let reach = Reach::new(&city, &city.modes[0], &[site], 150_000, &mut search);
        let reached: Vec<bool> = (0..4).map(|s| reach.street(s).unwrap().is_reached()).collect();
        assert_eq!(reached, [true, true, false, false]);
        assert_eq!(reach.street(1).unwrap().ms(500_000), 150_000);
        assert_eq!(reach.street(1).unwrap().ms(500_100), CLOSED);
    }
}
