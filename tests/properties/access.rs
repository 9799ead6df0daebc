//! Travel times of random towns against a search that knows nothing of graphs, splits and hierarchies; and what must
//! hold between times.

use std::collections::{BTreeMap, BinaryHeap};

use gandan::access::batch::{Batch, within};
use gandan::access::cover::{Hung, Rule, Standard, cover_sets};
use gandan::access::isochrone::{Canvas, Scratch};
use gandan::access::matrix::trips;
use gandan::access::reach::Reach;
use gandan::access::search::{Search, nearest_site};
use gandan::access::{Leg, matrix::Trip};
use gandan::network::{CLOSED, Network};
use gandan::units::{Distance, LonLat, TravelTime};
use geo::{BoundingRect, Contains};
use proptest::prelude::*;

use crate::make::{Spot, Town, cases, legs, offset, spots, towns};

/// Longer than any way through a town.
const FOREVER: TravelTime = TravelTime(900_000_000);

/// Milliseconds from one place to another by trying rides one after another: a state is the last two rides (forbidden
/// sequences have three at most), the first and the last of them ridden in part.
fn by_rides(town: &Town, network: &Network, from: Spot, to: Spot) -> Option<u32> {
    let place = |(street, share, walk_mm): Spot| {
        let street = street % town.ways.len() as u32;
        let length = network.streets[street as usize].length_mm;
        let walk_ms = (f64::from(walk_mm) * 3.6 / 4.8).round() as u32;
        (street, offset(length, share), length, walk_ms)
    };
    let (a, b) = (place(from), place(to));
    // Of the time along a street: what lies before an offset in the direction of the ride, and what lies after it.
    // Delays at a place are ahead of who stands there.
    let part = |ride: u32, upto: u32, length: u32| -> (u32, u32) {
        let way = &town.ways[ride as usize / 2];
        let along = ride.is_multiple_of(2);
        let done = if along { upto } else { length - upto };
        let share = |mm: u32| {
            ((u64::from(way.ms[ride as usize % 2]) * u64::from(mm) + u64::from(length) / 2) / u64::from(length)) as u32
        };
        let (mut before, mut after) = (share(done), share(length - done));
        if let Some((at, forward, backward)) = way.delay {
            let at = offset(length, at);
            let ahead = if along { at >= upto } else { at <= upto };
            let lost = if along { forward } else { backward };
            if ahead { after += lost } else { before += lost }
        }
        (before, after)
    };
    let whole = |ride: u32| {
        let way = &town.ways[ride as usize / 2];
        way.ms[ride as usize % 2] + way.delay.map_or(0, |(_, f, b)| if ride.is_multiple_of(2) { f } else { b })
    };
    let allowed = |history: &[u32], next: u32| {
        let ridden: Vec<u32> = history.iter().copied().chain([next]).collect();
        !town.forbidden.iter().any(|f| ridden.ends_with(f))
    };
    let mut best: Option<u32> = None;
    let mut take = |ms: u32| best = Some(best.map_or(ms, |b| b.min(ms)));
    if a.0 == b.0 {
        // Without leaving the street; who is there already may look either way.
        for ride in [a.0 * 2, a.0 * 2 + 1] {
            let on = if ride.is_multiple_of(2) { a.1 <= b.1 } else { a.1 >= b.1 };
            if on && town.open(ride) {
                // A street's times are measured from its first point in both directions, which tells where half a
                // millisecond goes.
                let from_first =
                    |at: u32| if ride.is_multiple_of(2) { part(ride, at, a.2).0 } else { part(ride, at, a.2).1 };
                take(from_first(a.1).abs_diff(from_first(b.1)));
            }
        }
    }
    let mut queue = BinaryHeap::new();
    let mut known: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    for ride in [a.0 * 2, a.0 * 2 + 1] {
        if town.open(ride) {
            queue.push((std::cmp::Reverse(part(ride, a.1, a.2).1), vec![ride]));
        }
    }
    while let Some((std::cmp::Reverse(ms), history)) = queue.pop() {
        if known.get(&history).is_some_and(|&k| k <= ms) {
            continue;
        }
        known.insert(history.clone(), ms);
        let junction = town.ends(history[history.len() - 1]).1;
        for ride in town.rides_from(junction) {
            if !allowed(&history, ride) {
                continue;
            }
            if ride / 2 == b.0 {
                take(ms + part(ride, b.1, b.2).0);
            }
            let mut next = history.clone();
            next.push(ride);
            if next.len() > 2 {
                next.remove(0);
            }
            queue.push((std::cmp::Reverse(ms + whole(ride)), next));
        }
    }
    best.map(|ms| ms + a.3 + b.3)
}

/// All times from origins to destinations within a cut-off, by destination and origin.
fn table(network: &Network, from: &[Option<Leg>], to: &[Option<Leg>], cutoff: TravelTime) -> Vec<Option<u32>> {
    let mut all = Vec::new();
    let hierarchy = network.hierarchies.first();
    trips(&network.modes[0], hierarchy, from, to, cutoff, true, |found: Vec<Trip>| {
        all.extend(found.into_iter().map(|t| t.time.map(|t| t.0)));
        Ok(())
    })
    .unwrap();
    all
}

fn times(town: &Town, from: &[Spot], to: &[Spot]) -> Vec<Option<u32>> {
    let network = town.network();
    table(&network, &legs(&network, from), &legs(&network, to), FOREVER)
}

/// `None` is the longest time of all.
fn ms(time: &Option<u32>) -> u64 {
    time.map_or(u64::MAX, u64::from)
}

proptest! {
    #![proptest_config(cases(256))]

    /// One number five ways: by rides, by search, by sweeps over the hierarchy, in the matrix, in the cover sets; and
    /// the nearest of several is the least of them.
    #[test]
    fn every_way_to_a_travel_time_gives_the_same(
        town in towns(),
        homes in spots(1..5),
        sites in spots(1..20),
        cutoff in 0_u32..1_500_000,
    ) {
        let plain = town.network();
        let mut contracted = town.network();
        contracted.contract();
        let (from, to) = (legs(&plain, &homes), legs(&plain, &sites));
        let expected: Vec<Option<u32>> = sites
            .iter()
            .flat_map(|&site| homes.iter().map(move |&home| (home, site)))
            .map(|(home, site)| by_rides(&town, &plain, home, site))
            .collect();
        prop_assert_eq!(&table(&plain, &from, &to, FOREVER), &expected, "searches");
        prop_assert_eq!(&table(&contracted, &from, &to, FOREVER), &expected, "sweeps");
        let bounded: Vec<Option<u32>> = expected.iter().map(|t| t.filter(|&t| t <= cutoff)).collect();
        prop_assert_eq!(&table(&plain, &from, &to, TravelTime(cutoff)), &bounded, "searches with a cut-off");
        prop_assert_eq!(&table(&contracted, &from, &to, TravelTime(cutoff)), &bounded, "sweeps with a cut-off");

        let numbered: Vec<(u32, Leg)> = to.iter().enumerate().map(|(s, leg)| (s as u32, leg.unwrap())).collect();
        let nearest = nearest_site(&plain.modes[0], &numbered, &from);
        for (h, nearest) in nearest.iter().enumerate() {
            let of_home = |s: usize| expected[s * homes.len() + h];
            let least = (0..sites.len()).filter_map(|s| of_home(s).map(|ms| (ms, s as u32))).min();
            prop_assert_eq!(nearest.map(|(_, ms)| ms), least.map(|(ms, _)| ms), "home {}", h);
            if let Some((site, ms)) = *nearest {
                prop_assert_eq!(of_home(site as usize), Some(ms), "home {} site {}", h, site);
            }
        }

        // Places so far apart that no radius of 1 m joins them: time alone decides.
        let at = |n: usize, lat: f64| -> Vec<LonLat> {
            (0..n).map(|i| LonLat { lon: 105.0 + i as f64 * 0.01, lat }).collect()
        };
        let (cells_at, sites_at) = (at(homes.len(), 21.0), at(sites.len(), 22.0));
        let standard = Standard { cutoff: TravelTime(cutoff), radius: Distance(1000), rule: Rule::Either };
        for network in [&plain, &contracted] {
            let (cell_legs, site_legs) = ([from.clone()], [to.clone()]);
            let cells = Hung { places: &cells_at, legs: &cell_legs };
            let sets = cover_sets(network, &cells, &Hung { places: &sites_at, legs: &site_legs }, &standard).unwrap();
            for h in 0..homes.len() {
                let found: Vec<(u32, u32)> = sets.row(h).iter().map(|p| (p.site, p.travel_time_ms)).collect();
                let wanted: Vec<(u32, u32)> = (0..sites.len())
                    .filter_map(|s| bounded[s * homes.len() + h].map(|ms| (s as u32, ms)))
                    .collect();
                prop_assert_eq!(found, wanted, "cover set of home {}", h);
            }
        }
    }

    /// The walk to the street aside, a street knows at every place what a trip from there takes.
    #[test]
    fn streets_in_reach_know_the_times_of_trips(
        town in towns(),
        homes in spots(1..6),
        sites in spots(1..3),
        cutoff in 1_u32..1_500_000,
    ) {
        let network = town.network();
        let homes: Vec<Spot> = homes.into_iter().map(|(street, share, _)| (street, share, 0)).collect();
        let site_legs: Vec<Leg> = legs(&network, &sites).into_iter().flatten().collect();
        let mut search = Search::default();
        let reach = Reach::new(&network, &network.modes[0], &site_legs, cutoff, &mut search);
        for home in homes {
            let street = home.0 as usize % town.ways.len();
            let length = network.streets[street].length_mm;
            let told = reach.street(street).map_or(CLOSED, |s| s.ms(offset(length, home.1)));
            let least = sites.iter().filter_map(|&site| by_rides(&town, &network, home, site)).min();
            // A tie of half a millisecond may be rounded the other way; so may what is just within the cut-off.
            let near = match (least, told) {
                (None, told) => told == CLOSED,
                (Some(ms), CLOSED) => ms + 1 > cutoff,
                (Some(ms), told) => ms.abs_diff(told) <= 1,
            };
            prop_assert!(near, "street {street} at {:?}: {told} in reach, {least:?} by rides, cut-off {cutoff}", home.1);
        }
    }

    /// More time never reaches fewer, and leaves the times of those within reach as they are.
    #[test]
    fn more_time_reaches_no_fewer(
        town in towns(),
        homes in spots(1..6),
        sites in spots(1..6),
        cutoffs in (0_u32..1_500_000, 0_u32..1_500_000),
    ) {
        let mut network = town.network();
        network.contract();
        let (from, to) = (legs(&network, &homes), legs(&network, &sites));
        let less = table(&network, &from, &to, TravelTime(cutoffs.0.min(cutoffs.1)));
        let more = table(&network, &from, &to, TravelTime(cutoffs.0.max(cutoffs.1)));
        for (less, more) in less.iter().zip(&more) {
            prop_assert!(less.is_none() || less == more, "{less:?} within less time, {more:?} within more");
        }
    }

    /// Slower streets, whichever they are, never shorten a trip.
    #[test]
    fn slower_streets_reach_no_more(
        town in towns(),
        homes in spots(1..6),
        sites in spots(1..6),
        slower in prop::collection::vec(0_u32..200_000, 24),
    ) {
        let slow = town.slowed(|way| slower[way % slower.len()]);
        for (fast, slow) in times(&town, &homes, &sites).iter().zip(&times(&slow, &homes, &sites)) {
            prop_assert!(ms(fast) <= ms(slow), "{fast:?} before, {slow:?} when slower");
        }
    }

    /// Forbidding more turns never shortens a trip.
    #[test]
    fn fewer_turns_reach_no_more(town in towns(), homes in spots(1..6), sites in spots(1..6)) {
        let mut free = town.clone();
        free.forbidden.truncate(town.forbidden.len() / 2);
        for (free, bound) in times(&free, &homes, &sites).iter().zip(&times(&town, &homes, &sites)) {
            prop_assert!(ms(free) <= ms(bound), "{free:?} before, {bound:?} with more forbidden");
        }
    }

    /// No way over a third place is shorter than the direct one. Who stops within a street may turn there, which a
    /// restriction may forbid those who ride through: so without restrictions.
    #[test]
    fn no_detour_is_shorter(town in towns(), places in spots(3..6)) {
        let town = Town { forbidden: Vec::new(), ..town };
        let places: Vec<Spot> = places.into_iter().map(|(street, share, _)| (street, share, 0)).collect();
        let n = places.len();
        let time = times(&town, &places, &places);
        let time = |from: usize, to: usize| time[to * n + from];
        for a in 0..n {
            for b in 0..n {
                for c in 0..n {
                    if let (Some(there), Some(on)) = (time(a, b), time(b, c)) {
                        // Parts of streets are rounded to the millisecond, two of them at the place between.
                        prop_assert!(ms(&time(a, c)) <= u64::from(there + on) + 2, "{a} to {c} over {b}");
                    }
                }
            }
        }
    }

    /// Turning every street and every restriction round swaps origins and destinations.
    #[test]
    fn a_town_turned_round_swaps_there_and_back(town in towns(), homes in spots(1..6), sites in spots(1..6)) {
        // A delay counts for those who stand at it, which the way back would see from the other side.
        let town = town.without_delays();
        let there = times(&town, &homes, &sites);
        let back = times(&town.reversed(), &sites, &homes);
        for h in 0..homes.len() {
            for s in 0..sites.len() {
                prop_assert_eq!(there[s * homes.len() + h], back[h * sites.len() + s], "home {} site {}", h, s);
            }
        }
    }

    /// A batch tells what each of its sites would tell alone, in whatever order they come.
    #[test]
    fn sites_of_a_batch_do_not_mix(town in towns(), home in spots(1), sites in spots(2..17)) {
        let mut network = town.network();
        network.contract();
        let home = legs(&network, &home)[0].unwrap();
        let sites: Vec<Leg> = legs(&network, &sites).into_iter().flatten().collect();
        let mut batch = Batch::default();
        for hierarchy in [None, network.hierarchies.first()] {
            batch.run(&network.modes[0], hierarchy, &sites, FOREVER.0);
            let together = batch.place(hierarchy, &home);
            for (lane, &site) in sites.iter().enumerate().rev() {
                batch.run(&network.modes[0], hierarchy, &[site], FOREVER.0);
                let alone = batch.place(hierarchy, &home)[0];
                prop_assert_eq!(within(together[lane], FOREVER.0), within(alone, FOREVER.0), "lane {}", lane);
            }
        }
    }
}

/// Found by `a_town_turned_round_swaps_there_and_back`: two places at one point of a street that may only be ridden
/// against its direction were a round trip apart, or unreachable.
#[test]
fn places_at_one_point_are_no_ride_apart() {
    use crate::make::Way;
    // One street of 60 s, closed along, open against, so that nobody who leaves comes back.
    let ways = vec![Way { from: 0, to: 1, ms: [CLOSED, 60_000], delay: None }];
    let town = Town { junctions: vec![(0, 0), (5, 0)], ways, forbidden: Vec::new() };
    // Both in its middle, 40 m and 80 m away: 30 s and 60 s at 4.8 km/h.
    let (home, site) = ((0, 500, 40_000), (0, 500, 80_000));
    assert_eq!(times(&town, &[home], &[site]), [Some(90_000)]);
    assert_eq!(times(&town.reversed(), &[home], &[site]), [Some(90_000)]);
}

/// Found by `every_way_to_a_travel_time_gives_the_same`: half of a street ridden against its direction in an odd number of
/// milliseconds is half a millisecond more or less, and the rides rounded it the other way than the searches.
#[test]
fn half_a_millisecond_is_rounded_one_way() {
    use crate::make::Way;
    // One street, 1,007 ms along and 1,003 ms against it.
    let ways = vec![Way { from: 0, to: 1, ms: [1007, 1003], delay: None }];
    let town = Town { junctions: vec![(0, 0), (5, 0)], ways, forbidden: Vec::new() };
    let network = town.network();
    assert!(network.streets[0].length_mm.is_multiple_of(2), "its middle is a whole number of millimetres");
    // Times of parts are differences of times to or from the first point: 0, 503.5 rounded up, and 1,007 along; 0, 501.5
    // rounded up, and 1,003 against.
    let (first, middle, last) = ((0, 0, 0), (0, 500, 0), (0, 1000, 0));
    let by_hand = [(first, middle, 504), (middle, last, 503), (last, middle, 501), (middle, first, 502)];
    for (from, to, ms) in by_hand {
        assert_eq!(times(&town, &[from], &[to]), [Some(ms)], "{from:?} to {to:?}");
        assert_eq!(by_rides(&town, &network, from, to), Some(ms), "{from:?} to {to:?} by rides");
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// An isochrone of more minutes holds every place of one of fewer.
    #[test]
    fn isochrones_grow_with_time(
        town in towns(),
        sites in spots(1..3),
        bands in (30_000_u32..600_000, 30_000_u32..600_000),
        share in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let network = town.network();
        let sites: Vec<Leg> = legs(&network, &sites).into_iter().flatten().collect();
        let bands = [TravelTime(bands.0.min(bands.1)), TravelTime(bands.0.max(bands.1))];
        let canvas = Canvas::new(&network, 100.0).unwrap();
        let (mut search, mut scratch) = (Search::default(), Scratch::default());
        let shapes = canvas.isochrones(&network, &network.modes[0], &sites, &bands, &mut search, &mut scratch).unwrap();
        prop_assert_eq!(shapes.len(), 2);
        let Some(rect) = shapes[0].bounding_rect() else { return Ok(()) };
        for i in 0..20 {
            let at = |k: f64, from: f64, size: f64| from + (k * f64::from(i + 1) * 7.31).fract() * size;
            let point = geo::Point::new(
                at(share.0 + 0.11, rect.min().x, rect.width()),
                at(share.1 + 0.17, rect.min().y, rect.height()),
            );
            prop_assert!(!shapes[0].contains(&point) || shapes[1].contains(&point), "{point:?}");
        }
    }
}
