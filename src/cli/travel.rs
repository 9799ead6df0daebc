//! The options of commands that travel over roads without a scenario.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Fault, Result};
use crate::network::Mode;
use crate::network::modes::{SpeedSet, shipped_mode};
use crate::units::{Distance, LonLat, TravelTime};

/// Roads, mode and speeds.
#[derive(Debug, Clone, Args)]
pub struct TravelArgs {
    /// OpenStreetMap extract (.osm.pbf)
    #[arg(long, value_name = "PBF")]
    pub roads: PathBuf,
    /// How people travel: motorcycle, car, bicycle or foot
    #[arg(long, value_name = "MODE", default_value = "motorcycle")]
    mode: String,
    /// When they travel
    #[arg(long, value_name = "SET", value_enum, default_value_t = SpeedSet::Average)]
    speeds: SpeedSet,
    /// Walking speed between a point and the road in km/h
    #[arg(long, value_name = "KMH", default_value_t = 4.8, value_parser = walk_kmh)]
    pub walk_kmh: f64,
    /// A point farther than this from any road has no travel times, in metres
    #[arg(long, value_name = "M", default_value_t = 1000.0)]
    snap_limit_m: f64,
}

impl TravelArgs {
    /// The mode, as shipped.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn mode(&self) -> Result<Mode> {
        shipped_mode(&self.mode, self.speeds)
    }

    /// The farthest that a point may lie from a road.
    pub fn snap_limit(&self) -> Distance {
        Distance::from_metres(self.snap_limit_m)
    }
}

fn walk_kmh(text: &str) -> Result<f64, String> {
    let kmh: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.5..=15.0).contains(&kmh) { Ok(kmh) } else { Err("a walking speed is between 0.5 and 15 km/h".to_owned()) }
}

/// A travel time given in minutes.
///
/// # Errors
/// It is not above 0 and at most a day.
pub fn minutes(minutes: f64) -> Result<TravelTime> {
    if minutes > 0.0 && minutes <= 1440.0 {
        return Ok(TravelTime::from_minutes(minutes));
    }
    let fault = Fault::new("travel::minutes", format!("{minutes} minutes is no travel time"));
    Err(fault.help("give --minutes above 0 and at most 1440").into())
}

/// The box of some places: west, south, east, north in degrees.
pub fn bounds<'a>(places: impl Iterator<Item = &'a LonLat>) -> [f64; 4] {
    places.fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, p| {
        [b[0].min(p.lon), b[1].min(p.lat), b[2].max(p.lon), b[3].max(p.lat)]
    })
}
