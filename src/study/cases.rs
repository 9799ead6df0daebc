//! What may go wrong, worked out on a loaded study: slower rides, closed streets, lost sites.
//!
//! Nothing is read again but, where a case names roads, the names of the roads' file. A case changes the times of the
//! streets, the graphs are made anew from them, and places whose street is closed are joined to the next one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{OtherSpeeds, Study, cover_all};
use crate::access::cover::CoverSets;
use crate::access::legs::{Leg, Legs};
use crate::error::{Fault, Faults, Result};
use crate::ingest::osm::named::ways_named;
use crate::network::{CLOSED, Network, Snapper};
use crate::scenario::{CaseSettings, Robust};
use crate::stages::Stages;
use crate::units::{Distance, LonLat};

/// Cases of a scenario, checked against its study.
pub struct Cases<'a> {
    study: &'a Study,
    settings: Vec<&'a CaseSettings>,
    /// Ways by name.
    named: BTreeMap<String, Vec<i64>>,
}

/// A study under a case.
pub struct Changed {
    /// The roads under the scenario's speeds and its further ones; empty where the roads are as ever.
    pub roads: Vec<OtherSpeeds>,
    /// Whether each site is still there.
    pub kept: Vec<bool>,
    /// Streets that are closed to some mode.
    pub streets_closed: usize,
    /// Which sites serve each demand row.
    pub cover: CoverSets,
}

impl Changed {
    /// The network, and how cells and sites hang on it, under the scenario's first speeds.
    pub fn main<'a>(&'a self, study: &'a Study) -> (&'a Network, &'a Legs, &'a Legs) {
        match self.roads.first() {
            Some(roads) => (&roads.network, &roads.cell_legs, &roads.site_legs),
            None => (&study.network, &study.cell_legs, &study.site_legs),
        }
    }
}

impl<'a> Cases<'a> {
    /// Looks up what the cases speak of.
    ///
    /// # Errors
    /// All that is not there: `case::mode`, `case::site`, `case::name`, `case::way`, `case::line`.
    pub fn new(study: &'a Study, settings: Vec<&'a CaseSettings>) -> Result<Self> {
        let names: BTreeSet<&String> = settings.iter().flat_map(|case| &case.close_named).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let ways = if names.is_empty() { Vec::new() } else { ways_named(&study.scenario.inputs.roads, &names)? };
        let cases = Cases { study, settings, named: names.into_iter().zip(ways).collect() };
        cases.check()?;
        Ok(cases)
    }

    /// The settings of the cases, in order.
    pub fn settings(&self) -> &[&'a CaseSettings] {
        &self.settings
    }

    fn check(&self) -> Result<()> {
        let study = self.study;
        let mut faults = Faults::default();
        let known: HashSet<i64> = study.network.ways.iter().copied().collect();
        let sites: HashSet<&str> = study.sites.iter().map(|s| s.site.id.as_str()).collect();
        for case in &self.settings {
            let mut wrong = |code, message: String, help: String| {
                faults.push(Fault::new(code, message).place(format!("the case `{}`", case.id)).help(help));
            };
            for mode in case.modes.iter().filter(|mode| !study.modes.iter().any(|m| &m.id == *mode)) {
                let all = study.modes.iter().map(|m| m.id.as_str()).collect::<Vec<_>>().join(", ");
                wrong("case::mode", format!("nobody travels by `{mode}`"), format!("the modes are: {all}"));
            }
            for site in case.lost_sites.iter().filter(|site| !sites.contains(site.as_str())) {
                wrong("case::site", format!("there is no site `{site}`"), "use ids of the sites' file".into());
            }
            for name in &case.close_named {
                let ways = self.named.get(name).map_or(&[][..], Vec::as_slice);
                if !ways.iter().any(|way| known.contains(way)) {
                    let help = "write it as OpenStreetMap does, or give close_ways or close_across".to_owned();
                    wrong("case::name", format!("no road of the network is called `{name}`"), help);
                }
            }
            for way in case.close_ways.iter().filter(|way| !known.contains(way)) {
                let help = "give the id of a way that the roads' file holds and some mode may use".to_owned();
                wrong("case::way", format!("no street of the network comes from way {way}"), help);
            }
            for line in &case.close_across {
                if !crossed(&study.network, &Barrier::new(line)).contains(&true) {
                    let help = "give points as [longitude, latitude], on both sides of the street".to_owned();
                    wrong("case::line", format!("no street crosses the line {line:?}"), help);
                }
            }
        }
        faults.finish()
    }

    /// Works a case out.
    ///
    /// # Errors
    /// `network::closed`: no street is left to a mode.
    pub fn changed(&self, index: usize) -> Result<Changed> {
        let (study, case) = (self.study, self.settings[index]);
        let kept: Vec<bool> = study.sites.iter().map(|s| !case.lost_sites.contains(&s.site.id)).collect();
        let (mut roads, mut covers, mut streets_closed) = (Vec::new(), Vec::new(), 0);
        if case.changes_roads() {
            let main = (&study.network, &study.cell_legs, &study.site_legs);
            // Beyond them stand networks of cases, if cases count with the speeds.
            let also = study.also.iter().take(study.scenario.travel.also.len());
            let also = also.map(|o| (&o.network, &o.cell_legs, &o.site_legs));
            for (k, (network, cell_legs, site_legs)) in std::iter::once(main).chain(also).enumerate() {
                let closed = self.closed(case, network);
                if k == 0 {
                    streets_closed = closed.iter().filter(|&&closed| closed).count();
                }
                let changed = self.roads(case, &closed, network, cell_legs, site_legs)?;
                let (cells, sites) = (&changed.cell_legs, &changed.site_legs);
                let found = cover_all(&changed.network, &study.cells, &study.sites, cells, sites, &study.standard)?;
                covers.push(found);
                roads.push(changed);
            }
        }
        let cover = match covers.len() {
            0 => None,
            1 => covers.pop(),
            _ => Some(CoverSets::in_several(&covers, study.scenario.travel.needed())),
        };
        let all = !kept.contains(&false);
        let cover = match cover {
            Some(cover) if all => cover,
            Some(cover) => cover.with_sites(&kept),
            None => study.without_cases().with_sites(&kept),
        };
        Ok(Changed { roads, kept, streets_closed, cover })
    }

    /// Whether each street of a network is closed in a case.
    fn closed(&self, case: &CaseSettings, network: &Network) -> Vec<bool> {
        let named = case.close_named.iter().filter_map(|name| self.named.get(name)).flatten();
        let ways: HashSet<i64> = case.close_ways.iter().chain(named).copied().collect();
        let mut closed: Vec<bool> =
            (0..network.streets.len()).map(|s| network.ways_of(s).iter().any(|way| ways.contains(way))).collect();
        for line in &case.close_across {
            for (closed, crossed) in closed.iter_mut().zip(crossed(network, &Barrier::new(line))) {
                *closed |= crossed;
            }
        }
        closed
    }

    fn roads(
        &self,
        case: &CaseSettings,
        closed: &[bool],
        network: &Network,
        cell_legs: &Legs,
        site_legs: &Legs,
    ) -> Result<OtherSpeeds> {
        let study = self.study;
        let concerned: Vec<bool> =
            study.modes.iter().map(|m| case.modes.is_empty() || case.modes.contains(&m.id)).collect();
        let ferry: Vec<bool> = network.classes.iter().map(|class| class == "ferry").collect();
        let changed = network.changed(|mode, street, ms| {
            let street = street as usize;
            if ms == CLOSED || !concerned[mode] {
                ms
            } else if closed[street] {
                CLOSED
            } else if ferry[usize::from(network.streets[street].class)] {
                ms
            } else {
                // At least 1, as every street has, and never the mark of closed ones.
                ((f64::from(ms) / case.speed_factor).round() as u32).clamp(1, CLOSED - 1)
            }
        })?;
        let cells: Vec<LonLat> = study.cells.iter().map(|c| c.at).collect();
        let sites: Vec<LonLat> = study.site_places().collect();
        let snap = &study.scenario.snap;
        let rehung =
            Rehung { old: network, new: &changed, walk_kmh: snap.walk_kmh, snapper: std::cell::OnceCell::new() };
        let cell_legs = rehung.legs(cell_legs, &cells, Distance::from_metres(snap.cell_limit_m));
        let site_legs = rehung.legs(site_legs, &sites, Distance::from_metres(snap.site_limit_m));
        drop(rehung);
        Ok(OtherSpeeds { network: changed, cell_legs, site_legs })
    }
}

/// Places that hung on one network, hung on a changed one.
struct Rehung<'a> {
    old: &'a Network,
    new: &'a Network,
    walk_kmh: f64,
    snapper: std::cell::OnceCell<Snapper<'a>>,
}

impl Rehung<'_> {
    /// A street that still is of use is still the nearest, unless others have come into use: closing streets may make
    /// a piece large enough beside the rest. Then all places are joined anew.
    fn legs(&self, legs: &Legs, places: &[LonLat], limit: Distance) -> Legs {
        let Rehung { old, new, walk_kmh, .. } = *self;
        let snapper = || self.snapper.get_or_init(|| Snapper::new(new));
        let more = |(old, new): (&Vec<bool>, &Vec<bool>)| old.iter().zip(new).any(|(old, new)| *new && !*old);
        if old.modes.iter().zip(&new.modes).any(|(old, new)| more((&old.usable, &new.usable))) {
            return Legs::new(new, snapper(), places, limit, walk_kmh);
        }
        let lost: Vec<usize> = (0..places.len())
            .filter(|&i| {
                let gone = |(m, mode): (usize, &Vec<_>)| {
                    let leg: Option<(Leg, crate::network::Snap)> = mode[i];
                    leg.is_some_and(|(_, snap)| !new.modes[m].usable[snap.street as usize])
                };
                legs.by_mode.iter().enumerate().any(gone)
            })
            .collect();
        let mut changed = legs.clone();
        for (legs, graph) in changed.by_mode.iter_mut().zip(&new.modes) {
            for (leg, snap) in legs.iter_mut().flatten() {
                *leg = Leg::new(new, graph, snap, walk_kmh);
            }
        }
        if !lost.is_empty() {
            let lost_places: Vec<LonLat> = lost.iter().map(|&i| places[i]).collect();
            let again = Legs::new(new, snapper(), &lost_places, limit, walk_kmh);
            for m in 0..changed.by_mode.len() {
                for (k, &i) in lost.iter().enumerate() {
                    changed.by_mode[m][i] = again.by_mode[m][k];
                    changed.cut_off[m][i] = again.cut_off[m][k];
                }
            }
        }
        changed
    }
}

impl Study {
    /// Which sites serve each demand row where no case is counted.
    pub fn without_cases(&self) -> &CoverSets {
        self.normal_cover.as_ref().unwrap_or(&self.cover)
    }

    /// Checks the cases of the scenario. Where a site must serve a place in a share of them, counts them as further speeds.
    pub(super) fn count_cases(&mut self, stages: &mut Stages) -> Result<()> {
        if let Some(settings) = &self.scenario.sensitivity {
            // What they name and is not there is told before anything is solved.
            Cases::new(self, settings.cases.iter().collect())?;
        }
        let Some(Robust::Share(share)) = self.scenario.solve.robust else { return Ok(()) };
        let (found, roads) = stages.run(
            "work out cases",
            || {
                let cases = Cases::new(self, self.scenario.robust_cases())?;
                let changed = (0..cases.settings.len()).map(|i| cases.changed(i)).collect::<Result<Vec<_>>>()?;
                let (mut covers, mut roads) = (Vec::new(), Vec::new());
                for case in changed {
                    covers.push(case.cover);
                    roads.extend(case.roads.into_iter().take(1));
                }
                Ok((covers, roads))
            },
            |(covers, _)| format!("{} beside the normal one", covers.len()),
        )?;
        let normal = std::mem::take(&mut self.cover);
        let mut covers = vec![normal];
        covers.extend(found);
        // As with `travel.also_share`: a share such as 2/3 given with a few digits means two of three.
        self.needed = ((share * covers.len() as f64 - 1e-6).ceil() as usize).clamp(1, covers.len());
        self.cover = CoverSets::in_several(&covers, self.needed);
        self.normal_cover = Some(covers.swap_remove(0));
        self.also.extend(roads);
        Ok(())
    }
}

/// A line that closes streets.
struct Barrier {
    line: Vec<LonLat>,
    /// West, south, east, north.
    bounds: [f64; 4],
    is_ring: bool,
}

impl Barrier {
    fn new(line: &[[f64; 2]]) -> Self {
        let line: Vec<LonLat> = line.iter().map(|p| LonLat { lon: p[0], lat: p[1] }).collect();
        let bounds = bounds(&line);
        let is_ring = line.len() >= 4 && line.first() == line.last();
        Barrier { line, bounds, is_ring }
    }

    /// Whether a shape crosses or touches the line, or lies within the ring.
    fn stops(&self, shape: &[LonLat]) -> bool {
        let b = bounds(shape);
        if b[0] > self.bounds[2] || b[2] < self.bounds[0] || b[1] > self.bounds[3] || b[3] < self.bounds[1] {
            return false;
        }
        let crosses = |pair: &[LonLat]| self.line.windows(2).any(|side| meet(pair[0], pair[1], side[0], side[1]));
        shape.windows(2).any(crosses) || (self.is_ring && shape.first().is_some_and(|&p| self.holds(p)))
    }

    /// Whether a point lies within the ring, by the sides that a ray to the east meets.
    fn holds(&self, p: LonLat) -> bool {
        let met = |side: &&[LonLat]| {
            let (a, b) = (side[0], side[1]);
            (a.lat > p.lat) != (b.lat > p.lat) && p.lon < a.lon + (p.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon)
        };
        self.line.windows(2).filter(met).count() % 2 == 1
    }
}

fn bounds(points: &[LonLat]) -> [f64; 4] {
    points.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, p| {
        [b[0].min(p.lon), b[1].min(p.lat), b[2].max(p.lon), b[3].max(p.lat)]
    })
}

/// Whether two pieces of line meet, ends included.
fn meet(a: LonLat, b: LonLat, c: LonLat, d: LonLat) -> bool {
    let side = |p: LonLat, q: LonLat, r: LonLat| (q.lon - p.lon) * (r.lat - p.lat) - (q.lat - p.lat) * (r.lon - p.lon);
    let (s1, s2, s3, s4) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    let within = |p: LonLat, q: LonLat, r: LonLat| {
        (p.lon.min(q.lon)..=p.lon.max(q.lon)).contains(&r.lon) && (p.lat.min(q.lat)..=p.lat.max(q.lat)).contains(&r.lat)
    };
    (s1 * s2 < 0.0 && s3 * s4 < 0.0)
        || (s1 == 0.0 && within(a, b, c))
        || (s2 == 0.0 && within(a, b, d))
        || (s3 == 0.0 && within(c, d, a))
        || (s4 == 0.0 && within(c, d, b))
}

fn crossed(network: &Network, barrier: &Barrier) -> Vec<bool> {
    network.streets.iter().map(|street| barrier.stops(network.shape(street))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::search::Search;
    use crate::testkit::line_city;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat { lon, lat }
    }

    #[test]
    fn lines_and_rings_by_hand() {
        let street = [at(0.0, 0.0), at(2.0, 0.0)];
        assert!(Barrier::new(&[[1.0, -1.0], [1.0, 1.0]]).stops(&street));
        // It ends before the street, touches it, runs beside it.
        assert!(!Barrier::new(&[[1.0, 0.5], [1.0, 1.0]]).stops(&street));
        assert!(Barrier::new(&[[1.0, 0.0], [1.0, 1.0]]).stops(&street));
        assert!(!Barrier::new(&[[0.0, 1.0], [2.0, 1.0]]).stops(&street));
        // A ring around the whole street, and one beside it; the same line open closes nothing.
        let around = [[-1.0, -1.0], [3.0, -1.0], [3.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]];
        assert!(Barrier::new(&around).stops(&street));
        assert!(!Barrier::new(&around[..4]).stops(&street));
        assert!(!Barrier::new(&around.map(|[x, y]| [x, y + 3.0])).stops(&street));
    }

    #[test]
    fn changed_times_by_hand() {
        // Three streets of 1 km at 36 km/h: 100 s each. At half the speed 200 s each, 600 s from end to end.
        let city = line_city(&[(1000.0, true); 3], 36.0);
        let slow = city.changed(|_, _, ms| if ms == CLOSED { CLOSED } else { ms * 2 }).unwrap();
        let time = |network: &Network, street: u32, offset_m: f64| {
            let site = Leg::at(network, &network.modes[0], 0, 0.0);
            let place = Leg::at(network, &network.modes[0], street, offset_m);
            let mut search = Search::default();
            search.run(&network.modes[0], &[site], 10_000_000);
            search.place_ms(&site, &place)
        };
        assert_eq!((time(&city, 2, 1000.0), time(&slow, 2, 1000.0)), (300_000, 600_000));
        // The middle one closed: its far side cannot be reached, its near side is as before.
        let cut = city.changed(|_, street, ms| if street == 1 { CLOSED } else { ms }).unwrap();
        assert_eq!((time(&cut, 2, 1000.0), time(&cut, 0, 500.0)), (CLOSED, 50_000));
        assert!(city.changed(|_, _, _| CLOSED).is_err());
    }

    #[test]
    fn hierarchies_of_changed_networks_agree_with_searches() {
        use crate::access::batch::{Batch, within};
        let mut city = line_city(&[(1000.0, true); 40], 36.0);
        city.contract();
        let cut = city.changed(|_, s, ms| if s == 25 { CLOSED } else { ms + s }).unwrap();
        let (graph, site) = (&cut.modes[0], Leg::at(&cut, &cut.modes[0], 3, 400.0));
        let (mut search, mut batch) = (Search::default(), Batch::default());
        search.run(graph, &[site], 10_000_000);
        batch.run(graph, cut.hierarchies.first(), &[site], 10_000_000);
        for node in 0..cut.nodes.len() as u32 {
            let swept = within(batch.node(cut.hierarchies.first(), node)[0], 10_000_000);
            assert_eq!(swept, search.node_ms(node), "node {node}");
        }
        assert_eq!(search.node_ms(26), CLOSED);
    }
}
