//! Lists of points: origins and destinations of a travel time table.

use std::collections::HashMap;
use std::path::Path;

use super::columns::{Frame, Kind};
use crate::error::{Faults, Result};
use crate::units::LonLat;

/// A place with a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPoint {
    /// Its id as text.
    pub id: String,
    /// Where it is.
    pub at: LonLat,
}

/// Reads points from CSV or Parquet (by its ending): columns `id`, `lon`, `lat`, others ignored. In the file's order.
///
/// # Errors
/// All faults found, each with its line: `table::format`, `table::columns`, `table::id`, `table::value`, `points::same`
/// (an id stands twice), `points::empty`, or `io`.
pub fn read_points(path: &Path) -> Result<Vec<NamedPoint>> {
    let frame = Frame::open(path, &["id", "lon", "lat"], &[])?;
    let mut faults = Faults::default();
    let ids = faults.keep(frame.ids("id"))?;
    let lon = faults.keep(frame.degrees("lon", 180.0))?;
    let lat = faults.keep(frame.degrees("lat", 90.0))?;
    if frame.len() == 0 {
        let mut empty = Kind::new(&frame, "points::empty", "give at least one line with id, lon and lat");
        empty.add(None, "no points".to_owned());
        empty.finish(&mut faults);
    }
    let mut points = Vec::new();
    if let (Some(ids), Some(lon), Some(lat)) = (ids, lon, lat) {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut same = Kind::new(&frame, "points::same", "give every point an id of its own");
        for (i, (lon, lat)) in lon.into_iter().zip(lat).enumerate() {
            let id = ids.text(i).into_owned();
            if first.insert(id.clone(), i).is_some() {
                same.add(Some(i), format!("the id `{id}` stands twice"));
            }
            points.push(NamedPoint { id, at: LonLat { lon, lat } });
        }
        same.finish(&mut faults);
    }
    faults.finish()?;
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<NamedPoint>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.csv");
        std::fs::write(&path, text).unwrap();
        read_points(&path)
    }

    #[test]
    fn points_keep_their_order_and_their_ids() {
        let points = read("name,lat,id,lon\nx,21.5,007,105.25\ny,-8,b,-34.9\n").unwrap();
        assert_eq!(points.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["007", "b"]);
        assert_eq!(points[1].at, LonLat { lon: -34.9, lat: -8.0 });
    }

    #[test]
    fn faults_come_together() {
        let codes =
            |text: &str| -> Vec<&'static str> { read(text).unwrap_err().faults().iter().map(|f| f.code).collect() };
        // Line 2: no number; line 3: a latitude of 105; line 4: no id.
        assert_eq!(codes("id,lon,lat\na,x,21\nb,21,105\n,105,21\n"), ["table::id", "table::value", "table::value"]);
        assert_eq!(codes("id,lon,lat\na,105,21\na,105,21\n"), ["points::same"]);
        assert_eq!(codes("id,lon,lat\n"), ["points::empty"]);
        assert_eq!(codes("id,x,y\na,1,2\n"), ["table::columns", "table::columns"]);
    }
}
