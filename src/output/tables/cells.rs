//! The tables of a run that speak of single cells, in the order of space and in pieces: `cells.parquet`,
//! `coverage.parquet` and `cell_groups.parquet`.

use geo::{Geometry, LineString, Polygon};

use super::order::SpatialOrder;
use super::{point, seconds};
use crate::access::cover::Pair;
use crate::error::Result;
use crate::network::CLOSED;
use crate::output::schema;
use crate::output::table::{Names, RunFolder, Shapes, Values};
use crate::rollout::Rollout;
use crate::study::Study;
use crate::study::groups::members_by_mode;
use crate::units::Persons;

/// Names that these tables speak of by number.
struct Known {
    codes: Names,
    modes: Names,
    sites: Names,
}

impl Known {
    fn of(study: &Study) -> Known {
        let features = study.layers.first().map(|layer| &layer.features);
        Known {
            codes: Names::new(features.into_iter().flatten().map(|f| f.code.as_str())),
            modes: Names::new(study.modes.iter().map(|m| m.id.as_str())),
            sites: Names::new(study.sites.iter().map(|s| s.site.id.as_str())),
        }
    }
}

/// The feature of the first layer in which a cell lies.
fn feature(study: &Study, cell: u32) -> Option<u32> {
    study.cell_boundary.first().and_then(|layer| layer[cell as usize])
}

fn outline(study: &Study, cell: u32) -> Geometry<f64> {
    let cell = &study.cells[cell as usize];
    let ring = cell.outline();
    if ring.is_empty() {
        return point(cell.at);
    }
    let ring: LineString<f64> = ring.iter().map(|p| (p.lon, p.lat)).collect();
    Geometry::Polygon(Polygon::new(ring, Vec::new()))
}

/// Writes `cells.parquet`: cell by cell, so that the parts of one place stand together.
pub(super) fn write_cells(folder: &RunFolder, study: &Study, plan: &Rollout, order: &SpatialOrder) -> Result<()> {
    let known = Known::of(study);
    let mut table = folder.pieces(&schema::CELLS)?;
    let rows_of_cell = study.modes.len() * plan.phases.len();
    for group in order.row_groups(|_| rows_of_cell) {
        table.write(cells(study, plan, &known, &order.cells[group])?)?;
    }
    table.finish()
}

fn cells(study: &Study, plan: &Rollout, known: &Known, cells: &[u32]) -> Result<Vec<Values>> {
    struct Key {
        /// Place among the cells of this piece.
        place: u32,
        cell: u32,
        mode: usize,
        phase: usize,
        /// Demand row.
        row: usize,
    }
    let (n_modes, n_phases) = (study.modes.len(), plan.phases.len());
    let mut keys = Vec::with_capacity(cells.len() * n_modes * n_phases);
    let mut shapes = Shapes::default();
    for (place, &cell) in (0..).zip(cells) {
        shapes.push(&outline(study, cell))?;
        for mode in 0..n_modes {
            let row = cell as usize * n_modes + mode;
            keys.extend((0..n_phases).map(|phase| Key { place, cell, mode, phase, row }));
        }
    }
    let at = |k: &Key| study.cells[k.cell as usize].at;
    let state = |k: &Key| &plan.phases[k.phase].rows[k.row];
    Ok(vec![
        Values::whole(keys.iter().map(|k| k.cell)),
        Values::Named(known.modes.clone(), keys.iter().map(|k| Some(k.mode as u32)).collect()),
        Values::whole(keys.iter().map(|k| k.phase as u32 + 1)),
        Values::Named(known.codes.clone(), keys.iter().map(|k| feature(study, k.cell)).collect()),
        Values::number(keys.iter().map(|k| at(k).lon)),
        Values::number(keys.iter().map(|k| at(k).lat)),
        Values::number(keys.iter().map(|k| study.row_persons[k.row].people())),
        Values::number(keys.iter().map(|k| Persons(study.row_weight[k.row]).people())),
        Values::number(keys.iter().map(|k| study.dossiers.daily(study.row_persons[k.row], k.phase))),
        Values::Named(known.sites.clone(), keys.iter().map(|k| state(k).agent).collect()),
        Values::Number(keys.iter().map(|k| state(k).travel_time_ms.map(seconds)).collect()),
        Values::Number(keys.iter().map(|k| state(k).distance.map(|d| d.metres())).collect()),
        Values::Flag(keys.iter().map(|k| plan.phases[k.phase].in_scope[k.row]).collect()),
        Values::Flag(keys.iter().map(|k| state(k).covered).collect()),
        Values::Shapes(shapes, keys.iter().map(|k| k.place).collect()),
    ])
}

/// Writes `coverage.parquet`.
pub(super) fn write_coverage(folder: &RunFolder, study: &Study, order: &SpatialOrder) -> Result<()> {
    let known = Known::of(study);
    let mut table = folder.pieces(&schema::COVERAGE)?;
    let n_modes = study.modes.len();
    let rows_of_cell = |cell: u32| {
        let first = cell as usize * n_modes;
        (first..first + n_modes).map(|row| study.cover.row(row).len()).sum()
    };
    let open = |ms: u32| (ms != CLOSED).then(|| seconds(ms));
    for group in order.row_groups(rows_of_cell) {
        let pairs: Vec<(u32, u32, &Pair)> = order.cells[group]
            .iter()
            .flat_map(|&cell| (0..n_modes as u32).map(move |mode| (cell, mode)))
            .flat_map(|(cell, mode)| {
                study.cover.row(cell as usize * n_modes + mode as usize).iter().map(move |pair| (cell, mode, pair))
            })
            .collect();
        table.write(vec![
            Values::Named(known.codes.clone(), pairs.iter().map(|p| feature(study, p.0)).collect()),
            Values::whole(pairs.iter().map(|p| p.0)),
            Values::Named(known.modes.clone(), pairs.iter().map(|p| Some(p.1)).collect()),
            Values::Named(known.sites.clone(), pairs.iter().map(|p| Some(p.2.site)).collect()),
            Values::Number(pairs.iter().map(|p| open(p.2.travel_time_ms)).collect()),
            Values::number(pairs.iter().map(|p| p.2.distance.metres())),
        ])?;
    }
    table.finish()
}

/// Writes `cell_groups.parquet`: who of each group lives where and travels how.
pub(super) fn write_cell_groups(folder: &RunFolder, study: &Study, order: &SpatialOrder) -> Result<()> {
    let known = Known::of(study);
    let groups = Names::new(study.groups.iter().map(|g| g.settings.id.as_str()));
    let general: Vec<f64> = study.modes.iter().map(|m| m.settings.share).collect();
    let mut table = folder.pieces(&schema::CELL_GROUPS)?;
    for piece in order.row_groups(|_| study.modes.len() * study.groups.len()) {
        let mut rows: Vec<(u32, u32, u32, Persons)> = Vec::new();
        for &cell in &order.cells[piece] {
            for (g, group) in (0..).zip(&study.groups) {
                let by_mode = (0..).zip(members_by_mode(group, cell as usize, &general));
                rows.extend(by_mode.filter(|(_, p)| p.0 > 0).map(|(mode, persons)| (cell, mode, g, persons)));
            }
        }
        table.write(vec![
            Values::Named(known.codes.clone(), rows.iter().map(|r| feature(study, r.0)).collect()),
            Values::whole(rows.iter().map(|r| r.0)),
            Values::Named(known.modes.clone(), rows.iter().map(|r| Some(r.1)).collect()),
            Values::Named(groups.clone(), rows.iter().map(|r| Some(r.2)).collect()),
            Values::number(rows.iter().map(|r| r.3.people())),
        ])?;
    }
    table.finish()
}
