//! The true facts the demo city stands on, read from the tables in `facts/`.

use super::plane::{P, Points};
use crate::error::{Fault, Result};

/// A ward or commune of 2025.
#[derive(Debug, Clone)]
pub(crate) struct Commune {
    pub code: String,
    pub name: String,
    /// `phường` or `xã`.
    pub kind: String,
    pub population: u64,
    pub area_km2: f64,
    /// Index of the former district that holds most of it.
    pub district: usize,
    /// An approximate point in it.
    pub at: P,
}

impl Commune {
    /// `Phường Ba Đình`.
    pub fn full_name(&self) -> String {
        format!("{} {}", if self.is_ward() { "Phường" } else { "Xã" }, self.name)
    }

    /// Wards are urban, communes rural.
    pub fn is_ward(&self) -> bool {
        self.kind == "phường"
    }

    /// People a square kilometre.
    pub fn density(&self) -> f64 {
        self.population as f64 / self.area_km2
    }
}

/// One of the 30 districts that ended on 30 June 2025.
#[derive(Debug, Clone)]
pub(crate) struct District {
    pub code: String,
    pub name: String,
    /// `quận`, `huyện` or `thị xã`.
    pub kind: String,
    /// Code of the commune where its offices were.
    pub seat_code: String,
}

/// A river's course.
#[derive(Debug, Clone)]
pub(crate) struct River {
    pub name: String,
    /// Wide enough to be drawn as an area, and crossed only at the listed crossings.
    pub is_area: bool,
    pub half_width_km: f64,
    pub course: Points,
}

/// A lake: one point with half axes, or an outline.
#[derive(Debug, Clone)]
pub(crate) struct Lake {
    pub name: String,
    pub half_axes_km: Option<(f64, f64)>,
    pub points: Points,
}

/// A bridge or ferry over a wide river.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    pub name: String,
    pub is_ferry: bool,
    pub river: String,
    pub at: P,
}

/// A stop of a road: a waypoint, or a crossing by its index.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    At(P),
    Over(usize),
}

/// A road of the national or ring network.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    pub class: String,
    pub reference: String,
    pub name: String,
    pub stops: Vec<Stop>,
}

/// A place where few live.
#[derive(Debug, Clone)]
pub(crate) struct Hill {
    pub at: P,
    pub radius_km: f64,
}

/// Everything true.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub communes: Vec<Commune>,
    pub districts: Vec<District>,
    pub rivers: Vec<River>,
    pub lakes: Vec<Lake>,
    pub crossings: Vec<Crossing>,
    pub roads: Vec<Road>,
    pub hills: Vec<Hill>,
}

impl Facts {
    /// Reads the tables that are compiled in.
    pub fn read() -> Result<Self> {
        let districts: Vec<District> = rows("districts.csv", include_str!("facts/districts.csv"))?
            .iter()
            .map(|r| Ok(District { code: r.text(0)?, name: r.text(1)?, kind: r.text(2)?, seat_code: r.text(3)? }))
            .collect::<Result<_>>()?;
        let crossings: Vec<Crossing> = rows("crossings.csv", include_str!("facts/crossings.csv"))?
            .iter()
            .map(|r| {
                let at = P::from_degrees(r.number(3)?, r.number(4)?);
                Ok(Crossing { name: r.text(0)?, is_ferry: r.text(1)? == "ferry", river: r.text(2)?, at })
            })
            .collect::<Result<_>>()?;
        Ok(Facts {
            communes: rows("communes.csv", include_str!("facts/communes.csv"))?
                .iter()
                .map(|r| {
                    let district_code = r.text(5)?;
                    let district = districts.iter().position(|d| d.code == district_code);
                    Ok(Commune {
                        code: r.text(0)?,
                        name: r.text(1)?,
                        kind: r.text(2)?,
                        population: r.number(3)? as u64,
                        area_km2: r.number(4)?,
                        district: district.ok_or_else(|| r.fault(5))?,
                        at: P::from_degrees(r.number(6)?, r.number(7)?),
                    })
                })
                .collect::<Result<_>>()?,
            rivers: rows("rivers.csv", include_str!("facts/rivers.csv"))?
                .iter()
                .map(|r| {
                    Ok(River {
                        name: r.text(0)?,
                        is_area: r.text(1)? == "area",
                        half_width_km: r.number(2)? / 1000.0,
                        course: r.points(3)?,
                    })
                })
                .collect::<Result<_>>()?,
            lakes: rows("lakes.csv", include_str!("facts/lakes.csv"))?
                .iter()
                .map(|r| {
                    let half_axes_km = match r.text(1)?.is_empty() {
                        true => None,
                        false => Some((r.number(1)? / 1000.0, r.number(2)? / 1000.0)),
                    };
                    Ok(Lake { name: r.text(0)?, half_axes_km, points: r.points(3)? })
                })
                .collect::<Result<_>>()?,
            roads: rows("roads.csv", include_str!("facts/roads.csv"))?
                .iter()
                .map(|r| {
                    let mut stops = Vec::new();
                    for stop in r.text(3)?.split(';') {
                        stops.push(match stop.trim().strip_prefix('@') {
                            Some(name) => {
                                let index = crossings.iter().position(|c| c.name == name);
                                Stop::Over(index.ok_or_else(|| r.fault(3))?)
                            }
                            None => Stop::At(point(stop).ok_or_else(|| r.fault(3))?),
                        });
                    }
                    Ok(Road { class: r.text(0)?, reference: r.text(1)?, name: r.text(2)?, stops })
                })
                .collect::<Result<_>>()?,
            hills: rows("hills.csv", include_str!("facts/hills.csv"))?
                .iter()
                .map(|r| {
                    let at = P::from_degrees(r.number(1)?, r.number(2)?);
                    Ok(Hill { at, radius_km: r.number(3)? / 1000.0 })
                })
                .collect::<Result<_>>()?,
            districts,
            crossings,
        })
    }
}

struct Row {
    file: &'static str,
    cells: csv::StringRecord,
}

impl Row {
    fn fault(&self, column: usize) -> Fault {
        let value = self.cells.get(column).unwrap_or("");
        Fault::new("synth::facts", format!("the fact {value:?} in column {} cannot be read", column + 1))
            .file(self.file)
            .place(self.cells.get(0).unwrap_or("").to_owned())
            .help("the tables of facts are part of the program: build it again from a clean checkout")
    }

    fn text(&self, column: usize) -> Result<String> {
        Ok(self.cells.get(column).ok_or_else(|| self.fault(column))?.to_owned())
    }

    fn number(&self, column: usize) -> Result<f64> {
        Ok(self.text(column)?.parse::<f64>().map_err(|_| self.fault(column))?)
    }

    fn points(&self, column: usize) -> Result<Points> {
        let text = self.text(column)?;
        Ok(text.split(';').map(point).collect::<Option<Points>>().ok_or_else(|| self.fault(column))?)
    }
}

fn point(text: &str) -> Option<P> {
    let (lon, lat) = text.trim().split_once(' ')?;
    Some(P::from_degrees(lon.parse().ok()?, lat.parse().ok()?))
}

fn rows(file: &'static str, text: &'static str) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let cells = record.map_err(|e| Fault::new("synth::facts", e.to_string()).file(file))?;
        rows.push(Row { file, cells });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sums() {
        // As published: 126 units (51 wards, 75 communes), 8,807,523 people, 3,359.77 km².
        let facts = Facts::read().unwrap();
        assert_eq!(facts.communes.len(), 126);
        assert_eq!(facts.communes.iter().filter(|c| c.is_ward()).count(), 51);
        assert_eq!(facts.communes.iter().map(|c| c.population).sum::<u64>(), 8_807_523);
        assert!((facts.communes.iter().map(|c| c.area_km2).sum::<f64>() - 3359.77).abs() < 0.005);
        assert_eq!(facts.districts.iter().filter(|d| d.kind == "quận").count(), 12);
        assert_eq!(facts.districts.len(), 30);
        for k in 0..30 {
            let of_district = facts.communes.iter().filter(|c| c.district == k);
            assert!(
                of_district.into_iter().any(|c| c.code == facts.districts[k].seat_code),
                "{}",
                facts.districts[k].name
            );
        }
    }
}
