//! The demand cells of a run as the map shows them: one entry a cell. The table has a row for each cell, mode and phase,
//! so it is read piece by piece and only what the map shows is kept.

use std::collections::HashMap;

use geo::{BoundingRect, Geometry};
use serde_json::{Value, json};

use super::container::Blob;
use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::read::{NO_RUN, Rows};
use crate::output::run::Run;
use crate::output::schema::CELLS;
use crate::output::table;

/// No travel time, or no agent, in the compact form of the cells.
pub(super) const NONE: u16 = u16::MAX;

/// As many modes as have a bit in the masks.
const MODES: usize = 8;

/// Half the side of the squares that stand for people at points, in degrees: some 100 m.
const HALF_OF_POINTS_DEG: f64 = 0.001;

/// What a phase is for the cells.
struct Phase {
    /// Seconds to the nearest agent by the most used mode.
    time_s: Vec<u16>,
    /// People served, in thousandths.
    served: Vec<u64>,
    /// A bit for each mode whose people are served.
    modes: Vec<u8>,
    /// The nearest agent by the most used mode.
    agent: Vec<u16>,
}

/// The cells of a run by their numbers.
pub(super) struct Cells {
    /// Whether the table has a cell of this number.
    known: Vec<bool>,
    /// Centres of the outlines in 1e-6 degrees.
    lon: Vec<i32>,
    lat: Vec<i32>,
    /// People in thousandths.
    persons: Vec<u64>,
    /// Index into the features of the first layer, -1 for none.
    boundary: Vec<i16>,
    phases: Vec<Phase>,
    /// Width and height of the outlines in 1e-6 degrees, those of points left out.
    spans: [Vec<i32>; 2],
}

impl Cells {
    /// Reads the cells. `agents` and `features` tell the indices of agents by id and of features of the first layer by
    /// code; what is beyond 65,534 agents or 32,767 features counts as none.
    ///
    /// # Errors
    /// The table cannot be read, or does not fit the run.
    pub(super) fn read(
        run: &Run,
        phases: usize,
        agents: &HashMap<&str, usize>,
        features: &HashMap<&str, usize>,
    ) -> Result<Cells> {
        const COLUMNS: [&str; 9] =
            ["cell", "mode", "phase", "boundary", "persons", "agent", "travel_time_s", "covered", "geometry"];
        let pieces = table::pieces(&run.folder, &CELLS)?;
        let rows = pieces.last().map_or(0, |piece| piece.end);
        let mut cells = Cells {
            known: Vec::new(),
            lon: Vec::new(),
            lat: Vec::new(),
            persons: Vec::new(),
            boundary: Vec::new(),
            phases: (0..phases)
                .map(|_| Phase { time_s: Vec::new(), served: Vec::new(), modes: Vec::new(), agent: Vec::new() })
                .collect(),
            spans: [Vec::new(), Vec::new()],
        };
        for piece in pieces {
            let piece = Rows::read_piece(&run.folder, &CELLS, &COLUMNS, piece)?;
            cells.add(run, &piece, rows, agents, features)?;
        }
        Ok(cells)
    }

    /// Adds a piece of a table of so many rows.
    fn add(
        &mut self,
        run: &Run,
        rows: &Rows,
        most: usize,
        agents: &HashMap<&str, usize>,
        features: &HashMap<&str, usize>,
    ) -> Result<()> {
        let broken = |what: String| Fault::new("run::table", what).file(run.folder.join(CELLS.file)).help(NO_RUN);
        let (numbers, modes, phases) = (rows.whole("cell")?, rows.text("mode")?, rows.whole("phase")?);
        let (boundaries, persons, ids) = (rows.text("boundary")?, rows.number("persons")?, rows.text("agent")?);
        let (times, covered, shapes) = (rows.number("travel_time_s")?, rows.flag("covered")?, rows.shapes()?);
        let keys = numbers.iter().zip(modes.iter()).zip(phases.iter()).zip(covered.iter());
        let values = boundaries.iter().zip(persons.iter()).zip(ids.iter().zip(times.iter())).zip(shapes.iter());
        for ((((cell, mode), phase), covered), (((boundary, persons), (agent, time)), shape)) in keys.zip(values) {
            let cell = cell.unwrap_or(u32::MAX) as usize;
            // Each cell has a row of its own, so a number beyond them is none that a run gives.
            if cell >= most {
                return Err(broken(format!("cell {cell} is none of a table of {most} rows")).into());
            }
            let mode = run.about.modes.iter().position(|m| Some(m.id.as_str()) == mode);
            let mode = mode.ok_or_else(|| broken("a row has a mode that the manifest does not name".to_owned()))?;
            let phase = (phase.unwrap_or(0) as usize).wrapping_sub(1);
            if phase >= self.phases.len() {
                return Err(broken("a row has a phase that the run does not have".to_owned()).into());
            }
            if cell >= self.known.len() {
                self.grow(cell + 1);
            }
            if !self.known[cell] {
                self.known[cell] = true;
                let feature = boundary.and_then(|code| features.get(code));
                self.boundary[cell] = feature.and_then(|&f| i16::try_from(f).ok()).unwrap_or(-1);
                self.place(cell, shape.unwrap_or_default()).map_err(broken)?;
            }
            // At most a thousand million in a cell, so that no damaged table makes a sum overflow.
            let persons = (persons.unwrap_or(0.0).clamp(0.0, 1e9) * 1000.0).round() as u64;
            if phase == 0 {
                self.persons[cell] += persons;
            }
            let state = &mut self.phases[phase];
            if covered == Some(true) {
                state.served[cell] += persons;
                state.modes[cell] |= if mode < MODES { 1 << mode } else { 0 };
            }
            if mode == 0 {
                state.time_s[cell] = time.filter(|t| t.is_finite()).map_or(NONE, whole_seconds);
                let agent = agent.and_then(|id| agents.get(id));
                state.agent[cell] = agent.and_then(|&a| u16::try_from(a).ok()).unwrap_or(NONE);
            }
        }
        Ok(())
    }

    fn grow(&mut self, cells: usize) {
        self.known.resize(cells, false);
        self.lon.resize(cells, 0);
        self.lat.resize(cells, 0);
        self.persons.resize(cells, 0);
        self.boundary.resize(cells, -1);
        for phase in &mut self.phases {
            phase.time_s.resize(cells, NONE);
            phase.served.resize(cells, 0);
            phase.modes.resize(cells, 0);
            phase.agent.resize(cells, NONE);
        }
    }

    /// Takes the middle and the size of a cell from its outline.
    fn place(&mut self, cell: usize, shape: &[u8]) -> Result<(), String> {
        let shape = Geometry::<f64>::try_from(geometry_of(shape)?).map_err(|e| e.to_string())?;
        let bounds = shape.bounding_rect().ok_or("an outline is empty")?;
        let micro = |degrees: f64| (degrees * 1e6).round() as i32;
        let (middle, spans) = (bounds.center(), [micro(bounds.width()), micro(bounds.height())]);
        (self.lon[cell], self.lat[cell]) = (micro(middle.x), micro(middle.y));
        if spans.iter().all(|s| *s > 0) {
            self.spans.iter_mut().zip(spans).for_each(|(all, span)| all.push(span));
        }
        Ok(())
    }

    /// The box around the middles of all cells: west, south, east, north in degrees; `None` without cells.
    pub(super) fn bounds(&self) -> Option<[f64; 4]> {
        let [half_lon, half_lat] = self.halves();
        let range = |of: &[i32], half: f64| {
            let known = || of.iter().zip(&self.known).filter(|(_, known)| **known).map(|(value, _)| f64::from(*value));
            let (low, high) = (known().reduce(f64::min)?, known().reduce(f64::max)?);
            Some((low / 1e6 - half, high / 1e6 + half))
        };
        let ((west, east), (south, north)) = (range(&self.lon, half_lon)?, range(&self.lat, half_lat)?);
        Some([west, south, east, north])
    }

    /// Half the usual width and height of a cell in degrees: slivers at the border and merged cells are left aside.
    fn halves(&self) -> [f64; 2] {
        self.spans.each_ref().map(|spans| {
            let mut spans = spans.clone();
            spans.sort_unstable();
            spans.get(spans.len() / 2).map_or(HALF_OF_POINTS_DEG, |&span| f64::from(span) / 2e6)
        })
    }

    /// The cells as the page reads them, by their numbers.
    pub(super) fn packed(&self, blob: &mut Blob) -> Value {
        let [half_lon, half_lat] = self.halves();
        let cells: Vec<usize> = (0..self.known.len()).filter(|&c| self.known[c]).collect();
        let each = || cells.iter().copied();
        let share = |phase: &Phase, c: usize| {
            (phase.served[c] as f64 / self.persons[c].max(1) as f64 * 255.0).round().min(255.0) as u8
        };
        let phases: Vec<Value> = self
            .phases
            .iter()
            .map(|phase| {
                json!({
                    "time_s": blob.u16_steps(each().map(|c| phase.time_s[c])),
                    "covered": blob.u8(each().map(|c| share(phase, c))),
                    "modes": blob.u8(each().map(|c| phase.modes[c])),
                    "agent": blob.u16_steps(each().map(|c| phase.agent[c])),
                })
            })
            .collect();
        json!({
            "count": cells.len(),
            "half_lon": half_lon,
            "half_lat": half_lat,
            "lon": blob.i32_steps(each().map(|c| self.lon[c])),
            "lat": blob.i32_steps(each().map(|c| self.lat[c])),
            "persons": blob.u32(each().map(|c| u32::try_from(self.persons[c]).unwrap_or(u32::MAX))),
            "boundary": blob.i16_steps(each().map(|c| self.boundary[c])),
            "phases": phases,
        })
    }
}

/// Whole seconds, rounded up, so that nobody seems nearer than they are; a time too long to write is the longest.
fn whole_seconds(time_s: f64) -> u16 {
    let ms = (time_s * 1000.0).round() as u64;
    u16::try_from(ms.div_ceil(1000)).unwrap_or(NONE - 1).min(NONE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_bounded() {
        let found = [0.0, 0.001, 1.0, 1800.0, 1800.001, 65533.5, 1e9].map(whole_seconds);
        assert_eq!(found, [0, 1, 1, 1800, 1801, 65534, 65534]);
    }
}
