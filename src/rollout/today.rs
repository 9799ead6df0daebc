//! What the offices of today do by themselves, before the plan: the fixed sites, and offices that are no agents.

use rayon::prelude::*;

use super::indicators::{AreaIndicators, RowState, Tally, rows_served_by};
use crate::access::legs::{Leg, Legs};
use crate::access::search::{Search, nearest_site};
use crate::study::Study;
use crate::units::LonLat;

/// How the offices of today serve people.
pub struct Today {
    /// The whole study area.
    pub all: AreaIndicators,
    /// Each feature of the first boundary layer; empty without layers.
    pub by_feature: Vec<AreaIndicators>,
}

/// One office.
struct Office<'a> {
    at: LonLat,
    /// For each of the scenario's speeds, the legs in which it stands, and where in them.
    legs: Vec<&'a Legs>,
    index: usize,
    /// The feature of the first layer in which it lies.
    feature: Option<u32>,
}

fn offices(study: &Study) -> Vec<Office<'_>> {
    // Cases of a robust plan stand behind the scenario's own speeds; today is judged without them.
    let further = study.also.iter().map(|o| &o.site_legs);
    let site_legs: Vec<&Legs> =
        std::iter::once(&study.site_legs).chain(further).take(study.office_legs.len()).collect();
    let fixed = study.sites.iter().enumerate().filter(|(_, s)| s.site.fixed).map(|(index, s)| Office {
        at: s.site.at,
        legs: site_legs.clone(),
        index,
        feature: s.boundary.first().copied().flatten(),
    });
    let others = study.offices.iter().enumerate().map(|(index, office)| Office {
        at: office.at,
        legs: study.office_legs.iter().collect(),
        index,
        feature: study.layers.first().and_then(|l| l.locate(office.at)).map(|f| f as u32),
    });
    fixed.chain(others).collect()
}

/// What the offices of today do; `None` without any.
pub fn today(study: &Study) -> Option<Today> {
    let offices = offices(study);
    if offices.is_empty() {
        return None;
    }
    let n_modes = study.modes.len();
    let serves = |search: &mut Search, office: &Office| {
        rows_served_by(study, search, office.at, office.index, &office.legs, study.scenario.travel.needed())
    };
    let none = || vec![false; study.cells.len() * n_modes];
    let either = |mut a: Vec<bool>, b: Vec<bool>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
        a
    };
    let covered = offices.par_iter().map_init(Search::default, serves).reduce(none, either);
    let rides: Vec<Vec<Option<(u32, u32)>>> = (0..n_modes)
        .into_par_iter()
        .map(|m| {
            let leg = |office: &Office| office.legs[0].by_mode[m][office.index].map(|(leg, _)| leg);
            let legs: Vec<(u32, Leg)> = (0_u32..).zip(&offices).filter_map(|(i, o)| leg(o).map(|l| (i, l))).collect();
            nearest_site(&study.network.modes[m], &legs, &study.cell_legs.bare(m))
        })
        .collect();
    let features = study.layers.first().map_or(0, |l| l.features.len());
    let (mut all, mut by_feature) = (Tally::default(), vec![Tally::default(); features]);
    for (row, covered) in covered.into_iter().enumerate() {
        let (cell, mode) = (row / n_modes, row % n_modes);
        let ride = rides[mode][cell];
        let state = RowState { agent: None, travel_time_ms: ride.map(|(_, ms)| ms), distance: None, covered };
        all.add(study.row_persons[row], &state);
        if let Some(feature) = study.cell_boundary.first().and_then(|layer| layer[cell]) {
            by_feature[feature as usize].add(study.row_persons[row], &state);
        }
    }
    for office in &offices {
        all.agents += 1;
        if let Some(feature) = office.feature {
            by_feature[feature as usize].agents += 1;
        }
    }
    Some(Today { all: all.indicators(), by_feature: by_feature.into_iter().map(Tally::indicators).collect() })
}
