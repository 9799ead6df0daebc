//! How the members of each group fare with the agents of a phase.

use super::indicators::{AreaIndicators, RowState, Tally};
use crate::study::Study;
use crate::study::groups::members_by_mode;

/// Indicators of one group at the end of a phase; agents are not counted.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupIndicators {
    /// The whole study area.
    pub all: AreaIndicators,
    /// Each feature of the first layer.
    pub by_boundary: Vec<AreaIndicators>,
}

/// Indicators of every group from the states of the demand rows.
pub(super) fn of_groups(study: &Study, rows: &[RowState]) -> Vec<GroupIndicators> {
    let general: Vec<f64> = study.modes.iter().map(|m| m.settings.share).collect();
    let features = study.layers.first().map_or(0, |l| l.features.len());
    let n_modes = study.modes.len();
    let of_group = |group| {
        let mut all = Tally::default();
        let mut by_boundary = vec![Tally::default(); features];
        for cell in 0..study.cells.len() {
            let feature = study.cell_boundary.first().and_then(|of| of[cell]);
            for (mode, members) in members_by_mode(group, cell, &general).into_iter().enumerate() {
                let state = &rows[cell * n_modes + mode];
                all.add(members, state);
                if let Some(tally) = feature.and_then(|f| by_boundary.get_mut(f as usize)) {
                    tally.add(members, state);
                }
            }
        }
        let by_boundary = by_boundary.into_iter().map(Tally::indicators).collect();
        GroupIndicators { all: all.indicators(), by_boundary }
    };
    study.groups.iter().map(of_group).collect()
}
