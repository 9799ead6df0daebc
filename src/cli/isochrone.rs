//! `gandan isochrone`: what lies within some minutes of places.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::cache::CacheArgs;
use super::plan::Format;
use super::progress::Progress;
use super::travel::{TravelArgs, bounds};
use crate::access::Leg;
use crate::access::isochrone::{Canvas, GRID_M, Scratch, accuracy, cutoff_ms};
use crate::access::reach::Reach;
use crate::access::search::Search;
use crate::error::{Fault, Faults, Result};
use crate::files::refuse_existing_file;
use crate::ingest::sites::read_sites;
use crate::network::load::{load_roads, reach_box};
use crate::network::{Mode, Network, Snapper};
use crate::output::isochrone::{Band, Format as FileFormat, Isochrones};
use crate::stages::{Stages, meter};
use crate::units::{Distance, LonLat, TravelTime};

/// Arguments of `gandan isochrone`.
#[derive(Debug, Args)]
pub struct IsochroneArgs {
    #[command(flatten)]
    travel: TravelArgs,
    /// A place in degrees, longitude first, e.g. 105.8516,21.0285; may be given again.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true, value_parser = parse_place, required_unless_present = "sites")]
    site: Vec<LonLat>,
    /// More places: CSV with the columns id, name, lon, lat.
    #[arg(long, value_name = "CSV")]
    sites: Option<PathBuf>,
    /// Travel times to the places in minutes.
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true, default_value = "10,20,30")]
    minutes: Vec<f64>,
    /// One set of polygons for all places together, instead of one for each.
    #[arg(long)]
    union: bool,
    /// The file to write: .geojson, .parquet (GeoParquet), .png or .svg.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that stands there.
    #[arg(long)]
    force: bool,
    /// Side of the squares that the times are laid on, in metres; smaller is truer and slower.
    #[arg(long, value_name = "M", default_value_t = GRID_M)]
    grid_m: f64,
    /// Whose data the roads are, written into GeoJSON and pictures.
    #[arg(long, value_name = "TEXT", default_value = "© OpenStreetMap contributors")]
    attribution: String,
    /// How the accuracy is told: as a table on stderr, or as JSON on stdout.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArgs,
}

/// How far the nearest road is looked for, to tell it.
const LOOK_M: f64 = 200_000.0;

/// Longest time in minutes.
const MOST_MINUTES: f64 = 600.0;

pub(super) fn parse_place(text: &str) -> Result<LonLat, String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let Some([lon, lat]) = numbers.as_deref() else {
        return Err("a place is two numbers with a comma between, longitude first, like 105.8516,21.0285".into());
    };
    if (-180.0..=180.0).contains(lon) && (-90.0..=90.0).contains(lat) {
        return Ok(LonLat { lon: *lon, lat: *lat });
    }
    if (-90.0..=90.0).contains(lon) && (-180.0..=180.0).contains(lat) {
        return Err(format!("latitude {lat} is beyond 90; longitude comes first: {lat},{lon}?"));
    }
    Err("longitude runs from -180 to 180, latitude from -90 to 90".into())
}

/// A place with its name in the output.
struct Place {
    id: String,
    at: LonLat,
}

/// Reads, searches, draws and writes.
///
/// # Errors
/// Faults of the arguments and the inputs, or of the disk.
pub fn run(args: IsochroneArgs, quiet: bool) -> Result<()> {
    FileFormat::of(&args.out)?;
    refuse_existing_file(&args.out, args.force)?;
    let (mode, minutes, places) = check(&args)?;
    let bands: Vec<TravelTime> = minutes.iter().map(|&m| TravelTime::from_minutes(m)).collect();
    let progress = Progress::new(quiet);
    let listen = |event: crate::stages::Event| progress.hear(event);
    let mut stages = Stages::new(&listen);
    let modes = [mode];
    let clip = reach_box(bounds(places.iter().map(|p| &p.at)), &modes, TravelTime(cutoff_ms(&bands)));
    // One search a place: a hierarchy would take longer to make than it saves.
    let roads = load_roads(&args.travel.roads, clip, &modes, 0, args.cache.open().as_ref(), &mut stages)?;
    let (network, [mode]) = (&roads.network, modes);
    let legs = stages.run(
        "snap to roads",
        || snap(network, &mode, &args.travel, &places),
        |_| format!("{} places", places.len()),
    )?;
    let groups: Vec<(String, Vec<Leg>)> = if args.union {
        vec![("all".into(), legs)]
    } else {
        places.iter().zip(legs).map(|(place, leg)| (place.id.clone(), vec![leg])).collect()
    };
    let drawn = stages.run(
        "draw isochrones",
        || draw(network, &groups, &bands, &minutes, args.grid_m),
        |bands: &Vec<Band>| format!("{} polygons", bands.iter().map(|b| b.shape.0.len()).sum::<usize>()),
    )?;
    let sites: Vec<LonLat> = places.iter().map(|p| p.at).collect();
    let file = Isochrones {
        mode: &mode.id,
        bands: &drawn,
        sites: &sites,
        network,
        water: &roads.water,
        attribution: &args.attribution,
    };
    stages.run("write", || file.write(&args.out, args.force), |()| args.out.display().to_string())?;
    match args.format {
        Format::Text if quiet => {}
        Format::Text => print_accuracy(&drawn),
        Format::Json => print_json(&args, &drawn),
    }
    Ok(())
}

/// All faults of the arguments together.
fn check(args: &IsochroneArgs) -> Result<(Mode, Vec<f64>, Vec<Place>)> {
    let mut faults = Faults::default();
    let mode = faults.keep(args.travel.mode())?;
    let mut minutes = args.minutes.clone();
    for m in minutes.iter().filter(|m| !(0.1..=MOST_MINUTES).contains(*m)) {
        faults.push(
            Fault::new("isochrone::minutes", format!("{m} minutes are no band"))
                .place("--minutes")
                .help(format!("a band is from 0.1 to {MOST_MINUTES} minutes, e.g. --minutes 10,20,30")),
        );
    }
    minutes.sort_by(f64::total_cmp);
    minutes.dedup();
    if !(5.0..=1000.0).contains(&args.grid_m) {
        faults.push(
            Fault::new("isochrone::grid", format!("squares of {} m are not drawn on", args.grid_m))
                .place("--grid-m")
                .help("a square is from 5 to 1000 m"),
        );
    }
    let mut places: Vec<Place> =
        args.site.iter().enumerate().map(|(i, &at)| Place { id: (i + 1).to_string(), at }).collect();
    if let Some(file) = &args.sites {
        let read = faults.keep(read_sites(file, false))?.unwrap_or_default();
        places.extend(read.into_iter().map(|site| Place { id: site.id, at: site.at }));
    }
    faults.finish()?;
    let mode = mode.ok_or_else(|| Fault::new("internal::mode", "a mode was lost; please report this"))?;
    Ok((mode, minutes, places))
}

fn snap(network: &Network, mode: &Mode, travel: &TravelArgs, places: &[Place]) -> Result<Vec<Leg>> {
    let snapper = Snapper::new(network);
    let graph = &network.modes[0];
    let mut faults = Faults::default();
    let mut legs = Vec::new();
    for place in places {
        let Place { id, at } = place;
        match snapper.snap(*at, Distance::from_metres(LOOK_M)).first().and_then(|found| found.snap) {
            Some(snap) if snap.access <= travel.snap_limit() => {
                legs.push(Leg::new(network, graph, &snap, travel.walk_kmh));
            }
            found => {
                let nearest = found.map_or(format!("none within {} km", LOOK_M / 1000.0), |s| {
                    format!(
                        "the nearest is {:.1} km away, at {:.5},{:.5}",
                        s.access.metres() / 1000.0,
                        s.at.lon,
                        s.at.lat
                    )
                });
                faults.push(
                    Fault::new("sites::off-road", format!("no road for the mode `{}` is near: {nearest}", mode.id))
                        .place(format!("site {id} at {:.5},{:.5}", at.lon, at.lat))
                        .help(format!(
                            "a place lies at most {} m from a road (--snap-limit-m); longitude comes first",
                            travel.snap_limit().metres()
                        )),
                );
            }
        }
    }
    faults.finish()?;
    Ok(legs)
}

fn draw(
    network: &Network,
    groups: &[(String, Vec<Leg>)],
    bands: &[TravelTime],
    minutes: &[f64],
    grid_m: f64,
) -> Result<Vec<Band>> {
    let canvas = Canvas::new(network, grid_m)?;
    let (mut search, mut scratch) = (Search::default(), Scratch::default());
    let mut drawn = Vec::new();
    meter::expect(groups.len(), "places");
    for (site, legs) in groups {
        crate::stages::go_on()?;
        let reach = Reach::new(network, &network.modes[0], legs, cutoff_ms(bands), &mut search);
        let shapes = canvas.draw(&reach, bands, &mut scratch)?;
        let measured = accuracy(&reach, bands, &shapes);
        for ((shape, accuracy), &minutes) in shapes.into_iter().zip(measured).zip(minutes) {
            drawn.push(Band { site: site.clone(), minutes, shape, accuracy });
        }
        meter::advance(1);
    }
    Ok(drawn)
}

/// The measure, band by band, to stdout.
fn print_json(args: &IsochroneArgs, bands: &[Band]) {
    let band = |b: &Band| {
        json!({
            "site": b.site,
            "minutes": b.minutes,
            "area_km2": b.area_km2(),
            "places_within": b.accuracy.within,
            "inside_share": b.accuracy.inside_share(),
            "places_beyond": b.accuracy.beyond,
            "outside_share": b.accuracy.outside_share(),
        })
    };
    println!("{:#}", json!({ "out": args.out, "bands": bands.iter().map(band).collect::<Vec<_>>() }));
}

/// The measure, band by band, to stderr.
fn print_accuracy(bands: &[Band]) {
    let percent = |share: Option<f64>| share.map_or("–".to_owned(), |s| format!("{:.2} %", s * 100.0));
    let wide = bands.iter().map(|b| b.site.chars().count()).max().unwrap_or(0).max(4);
    eprintln!("\nNetwork places on the right side of the line (one every 50 m, to 3 km around):");
    eprintln!("{:<wide$} {:>8} {:>10} {:>18} {:>19}", "site", "minutes", "km²", "within, inside", "beyond, outside");
    for b in bands {
        let (inside, outside) = (percent(b.accuracy.inside_share()), percent(b.accuracy.outside_share()));
        let (within, beyond) = (b.accuracy.within, b.accuracy.beyond);
        let (inside, outside) = (format!("{within} {inside}"), format!("{beyond} {outside}"));
        eprintln!("{:<wide$} {:>8} {:>10.2} {inside:>18} {outside:>19}", b.site, b.minutes, b.area_km2());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_longitude_first() {
        assert_eq!(parse_place("105.8516, 21.0285"), Ok(LonLat { lon: 105.8516, lat: 21.0285 }));
        assert_eq!(parse_place("-8.6,41.1"), Ok(LonLat { lon: -8.6, lat: 41.1 }));
        assert!(parse_place("21.0285,105.8516").unwrap_err().contains("longitude comes first: 105.8516,21.0285"));
        for wrong in ["105", "1,2,3", "a,b", "200,200", "NaN,1", ""] {
            assert!(parse_place(wrong).is_err(), "{wrong}");
        }
    }
}
