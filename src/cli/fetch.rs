//! `gandan fetch`: the inputs of a region, from the internet to a folder that is ready to plan with.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::plan::Format;
use super::progress::Progress;
use crate::error::{Fault, Result};
use crate::ingest::download::prepare::{Order, prepare};
use crate::ingest::download::region::{AreaRule, FetchRegion, Names, Remote, known};
use crate::ingest::download::{Downloads, Event, Fetched, Looks, Settings, Source};
use crate::ingest::osm::features::{TagRule, default_site_tags};
use crate::network::cache::Cache;
use crate::output::folder::Place;
use crate::stages::Stages;

/// Arguments of `gandan fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// A region that gandan knows (hanoi), or a name for one that the options describe
    region: String,
    /// The folder to write; by default `data/` and the region's name
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier fetch that stands there, with all that was changed in it
    #[arg(long)]
    force: bool,
    /// How far beyond the area roads are kept
    #[arg(long, value_name = "KM", default_value_t = 25.0)]
    buffer_km: f64,
    /// The population grid: 1km or 100m
    #[arg(long, value_name = "GRID", default_value = "1km")]
    population: String,
    /// Another OpenStreetMap extract (.osm.pbf)
    #[arg(long, value_name = "URL")]
    pbf_url: Option<String>,
    /// Another population grid (GeoTIFF)
    #[arg(long, value_name = "URL")]
    population_url: Option<String>,
    /// The area, as the id of its OpenStreetMap relation
    #[arg(long, value_name = "ID", conflicts_with = "bbox")]
    relation: Option<i64>,
    /// The area, as a box in degrees
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", value_delimiter = ',', allow_hyphen_values = true)]
    bbox: Option<Vec<f64>>,
    /// Boundary layers to cut out of the extract, as admin levels; for a region that gandan does not know
    #[arg(long, value_name = "LEVELS", value_delimiter = ',')]
    levels: Vec<u8>,
    /// Which places are candidate sites, as OpenStreetMap tags; by default amenity=post_office
    #[arg(long, value_name = "KEY=VALUE")]
    sites: Vec<String>,
    /// Another address of a file, or of a folder with the files if it ends in /; may be repeated
    #[arg(long, value_name = "URL")]
    mirror: Vec<String>,
    /// Leave the network alone, use what is there, and say what is missing and where to put it
    #[arg(long)]
    offline: bool,
    /// Say what would be fetched, with sizes, and stop
    #[arg(long)]
    dry_run: bool,
    /// Ask the servers if files that are there already have changed
    #[arg(long, conflicts_with = "offline")]
    refresh: bool,
    /// Keep fetched files in `downloads` in this folder; by default `gandan` in the user's cache folder, or where
    /// GANDAN_CACHE says
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// How the summary is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    /// Tries in a row that bring nothing before an address is given up
    #[arg(long, default_value_t = 5, hide = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    tries: u32,
    /// Seconds for a connection to stand
    #[arg(long, default_value_t = 20.0, hide = true)]
    connect_timeout_s: f64,
    /// Seconds for the next bytes to come
    #[arg(long, default_value_t = 60.0, hide = true)]
    stall_timeout_s: f64,
    /// Seconds before the second try
    #[arg(long, default_value_t = 2.0, hide = true)]
    first_wait_s: f64,
}

/// Runs `gandan fetch`.
///
/// # Errors
/// The options do not describe a region; a file cannot be had; the area is not in it; the disk refuses.
pub fn run(args: &FetchArgs, quiet: bool) -> Result<()> {
    let region = args.region()?;
    let grid = region.population.get(&args.population).ok_or_else(|| {
        let names: Vec<&str> = region.population.keys().map(String::as_str).collect();
        Fault::new("download::population", format!("no population grid is called `{}`", args.population))
            .help(format!("--population is one of {}", names.join(", ")))
    })?;
    let roads = region.roads.source(Looks::Pbf, &args.mirror);
    let population = grid.source(Looks::Tiff, &args.mirror);
    if roads.name == population.name {
        return Err(Fault::new("download::name", format!("both files are called {}", roads.name))
            .help("give addresses that end in different names")
            .into());
    }
    let sites: Vec<TagRule> = if args.sites.is_empty() {
        default_site_tags()
    } else {
        args.sites.iter().map(|text| TagRule::parse(text)).collect::<Result<_, Fault>>()?
    };
    let cache = args.cache.clone().map(Cache::new).or_else(Cache::of_user).ok_or_else(|| {
        Fault::new("download::cache", "there is no folder for fetched files").help("name one with --cache DIR")
    })?;
    let downloads = Downloads::new(cache.downloads(), args.settings()?);
    if args.dry_run {
        return dry_run(&downloads, &[&roads, &population], args.format);
    }
    let target = args.out.clone().unwrap_or_else(|| Path::new("data").join(&args.region));
    let place = Place::claim(&target, args.force)?;
    if args.offline {
        downloads.check_offline(&[&roads, &population])?;
    }
    let bar = Bar { quiet, bar: RefCell::new(None) };
    let get = |source: &Source| downloads.get(source, &|event| bar.hear(event));
    let (roads, population) = (get(&roads)?, get(&population)?);

    let folder = place.begin()?;
    let progress = Progress::new(quiet);
    let listen = |event: crate::stages::Event| progress.hear(event);
    let mut stages = Stages::new(&listen);
    let order = Order {
        name: &args.region,
        region: &region,
        population: &args.population,
        buffer_m: args.buffer_km * 1000.0,
        sites: &sites,
    };
    let made = prepare(folder.path(), &order, &roads, &population, &mut stages)?;
    let at = folder.commit()?;
    if !quiet {
        made.notes.iter().for_each(|note| eprintln!("note: {note}"));
    }
    let scenario = at.join(format!("{}.toml", args.region));
    match args.format {
        Format::Json => {
            let of = |f: &Fetched| json!({ "file": f.path, "reused": f.reused, "record": f.record });
            let summary = json!({
                "scenario": scenario, "area": made.area, "sites": made.sites, "roads": of(&roads),
                "population": of(&population), "clipped": made.clipped, "notes": made.notes,
                "layers": made.layers.iter().map(|(id, areas)| json!({ "id": id, "areas": areas })).collect::<Vec<_>>(),
            });
            println!("{summary:#}");
        }
        Format::Text => {
            println!("{}: {} sites, roads of {} ways", made.area, made.sites, made.clipped.ways);
            println!("plan with: gandan plan {}", scenario.display());
        }
    }
    Ok(())
}

impl FetchArgs {
    /// The region of the table, changed by the options, or one that the options describe.
    fn region(&self) -> Result<FetchRegion> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.region.is_empty() || !self.region.chars().all(plain) {
            return Err(Fault::new("download::region", format!("`{}` is no name for a region", self.region))
                .help("use letters, digits, - and _")
                .into());
        }
        if !(0.0..=500.0).contains(&self.buffer_km) {
            return Err(Fault::new("download::buffer", format!("--buffer-km is {}", self.buffer_km))
                .help("give a number from 0 to 500")
                .into());
        }
        let area = AreaRule { relation: self.relation, bbox: self.bounds()?, ..AreaRule::default() };
        let named = area.relation.is_some() || area.bbox.is_some();
        let roads = self.pbf_url.as_ref().map(|url| Remote {
            md5: true,
            ..Remote::of_user(url, "© OpenStreetMap contributors (ODbL): roads, boundaries, sites".into())
        });
        let grid =
            |url: &String| Remote::of_user(url, format!("population grid from {url}: see there for its licence"));
        let mut region = match (known(&self.region), &roads, &self.population_url) {
            (Ok(region), ..) => region,
            (Err(_), Some(roads), Some(_)) if named => FetchRegion {
                title: Names { vi: self.region.clone(), en: self.region.clone() },
                first_agents: None,
                roads: roads.clone(),
                area: AreaRule::default(),
                layers: Vec::new(),
                population: Default::default(),
            },
            (Err(error), ..) => return Err(error),
        };
        if let Some(url) = &self.population_url {
            region.population.insert(self.population.clone(), grid(url));
        }
        if let Some(roads) = roads {
            region.roads = roads;
        }
        if named {
            region.area = area;
        }
        if !self.levels.is_empty() {
            let layer = |level: &u8| crate::ingest::download::region::LayerRule {
                id: format!("level-{level}"),
                admin_level: *level,
                name: Names {
                    vi: format!("Cấp {level} (OpenStreetMap)"),
                    en: format!("Level {level} (OpenStreetMap)"),
                },
            };
            region.layers = self.levels.iter().map(layer).collect();
        }
        Ok(region)
    }

    fn bounds(&self) -> Result<Option<[f64; 4]>> {
        let Some(bounds) = &self.bbox else { return Ok(None) };
        match bounds[..] {
            [w, s, e, n] if -180.0 <= w && w < e && e <= 180.0 && -90.0 <= s && s < n && n <= 90.0 => {
                Ok(Some([w, s, e, n]))
            }
            _ => Err(Fault::new("download::bbox", "--bbox is no box on the Earth")
                .help("give west,south,east,north in degrees, e.g. 105.7,20.9,106.0,21.2")
                .into()),
        }
    }

    fn settings(&self) -> Result<Settings> {
        let seconds = |name: &str, value: f64| {
            Duration::try_from_secs_f64(value).ok().filter(|d| *d <= Duration::from_secs(86_400)).ok_or_else(|| {
                Fault::new("download::time", format!("{name} is {value}")).help("give seconds from 0 to 86400")
            })
        };
        Ok(Settings {
            tries: self.tries,
            connect_timeout: seconds("--connect-timeout-s", self.connect_timeout_s)?,
            stall_timeout: seconds("--stall-timeout-s", self.stall_timeout_s)?,
            first_wait: seconds("--first-wait-s", self.first_wait_s)?,
            refresh: self.refresh,
            offline: self.offline,
            ..Settings::default()
        })
    }
}

/// Prints what would be fetched.
fn dry_run(downloads: &Downloads, sources: &[&Source], format: Format) -> Result<()> {
    let mut rows = Vec::new();
    for source in sources {
        let path = downloads.path_of(source);
        let there = path.metadata().map(|m| m.len()).ok();
        let size = if there.is_some() || downloads.is_offline() { Ok(there) } else { downloads.size(source) };
        let text = match (&size, there) {
            (_, Some(bytes)) => format!("{:.1} MB, there already", bytes as f64 / 1e6),
            (Ok(Some(bytes)), None) => format!("{:.1} MB to fetch", *bytes as f64 / 1e6),
            (Ok(None), None) => "size not known".into(),
            (Err(why), None) => format!("size not known: {why}"),
        };
        if format == Format::Text {
            println!("{}\n  from {}\n  to   {}\n  {text}", source.name, source.urls.join("\n    or "), path.display());
        }
        rows.push(json!({
            "name": source.name, "urls": source.urls, "path": path, "there": there.is_some(),
            "bytes": size.as_ref().ok().copied().flatten(), "trouble": size.err(),
        }));
    }
    if format == Format::Json {
        println!("{:#}", json!(rows));
    }
    Ok(())
}

/// Tells of a download: a bar on a terminal, plain lines elsewhere, on stderr.
struct Bar {
    quiet: bool,
    bar: RefCell<Option<ProgressBar>>,
}

impl Bar {
    fn hear(&self, event: Event<'_>) {
        if self.quiet {
            return;
        }
        let terminal = std::io::stderr().is_terminal();
        match event {
            Event::Begins { name, from, total } if terminal => {
                let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new).with_message(name.to_owned());
                let template = "{msg} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_position(from);
                bar.reset_eta();
                self.bar.replace(Some(bar));
            }
            Event::Begins { name, from, total } => {
                let of = total.map_or(String::new(), |t| format!(" of {:.1} MB", t as f64 / 1e6));
                let on = if from > 0 { format!(", going on after {:.1} MB", from as f64 / 1e6) } else { String::new() };
                eprintln!("fetching {name}{of}{on}");
            }
            Event::Bytes(bytes) => {
                if let Some(bar) = self.bar.borrow().as_ref() {
                    bar.inc(bytes);
                }
            }
            Event::Note(note) => match self.bar.borrow().as_ref() {
                Some(bar) => bar.println(note),
                None => eprintln!("{note}"),
            },
            Event::Done => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }
}
