//! The static maps of the report. What the maps of all phases and both languages share is drawn once, as symbols in a
//! drawing that is not shown; each map uses them.

use std::fmt::Write;

use geo::{BoundingRect, Geometry};

use super::facts::Facts;
use super::html::Safe;
use super::words::Words;
use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::draw::map::{Bounds, Frame, Marked, NOWHERE, label_spots, north_arrow, scale_bar, with_place};
use crate::output::draw::raster::Raster;
use crate::output::read::{NO_RUN, Rows};
use crate::output::run::{AgentRow, BoundaryRow, PhaseRow};
use crate::output::schema::{BACKDROP, CELLS};
use crate::output::table;

/// The most room of a map on an A4 page, in tenths of a millimetre: the indicators of a phase stand under it.
const ROOM: [f64; 2] = [1640.0, 930.0];
/// Maps narrower than this have their legend beside them, others have less height and the legend under them.
const NARROW: f64 = 1150.0;
const WIDE_HEIGHT: f64 = 880.0;
/// So many new agents within so large a part of the map are shown on a map of their own as well.
const DETAIL_AGENTS: usize = 6;
const DETAIL_PART: f64 = 0.2;
/// Tenths of a millimetre a square of the lattice on which cells are painted.
const SQUARE: f64 = 4.0;
/// Letters of the map are so high, in tenths of a millimetre.
const LETTERS: f64 = 26.0;
/// Letters are so wide on average, as a share of their height.
const LETTER_WIDTH: f64 = 0.56;

/// What a cell is in a phase: a third of the time limit each, served by the radius alone, not served.
const TIME_COLOURS: [&str; 5] = ["#08589e", "#4eb3d3", "#a8ddb5", "#ffeda0", "#f16913"];
/// Keys of the words of those classes.
const TIME_KEYS: [&str; 5] = ["map.first", "map.second", "map.third", "map.radius", "map.unserved"];
/// Shares of people served: below 50 %, 80 %, 95 %, all; and all.
const SHARE_COLOURS: [&str; 5] = ["#a63603", "#f16913", "#fdbe85", "#9ecae1", "#2171b5"];
const SHARE_KEYS: [&str; 5] = ["map.share1", "map.share2", "map.share3", "map.share4", "map.share5"];
/// Candidates: eligible, to review, refused.
const SITE_COLOURS: [&str; 3] = ["#1a7a3c", "#e6ab02", "#7a7a7a"];
const SITE_KEYS: [&str; 3] = ["map.eligible", "map.review", "map.refused"];

const WATER: &str = "#aecbe8";
const ROAD: &str = "#8a6d5b";
/// Secondary roads are drawn where a tenth of a millimetre is at most so many metres: on maps of some 50 km.
const MINOR_ROADS_M: f64 = 30.0;

/// What a map shows of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    /// Cells by time and the agents.
    Agents,
    /// Candidates by what is known of them, where no agent stands.
    Candidates,
}

/// A piece of paper with maps of some phases.
struct Sheet {
    frame: Frame,
    /// What its symbols are called by, in front.
    name: String,
    /// Indices of the phases.
    phases: Vec<usize>,
}

/// The maps of a report.
pub struct Maps {
    /// The whole area first, then parts of it by themselves.
    sheets: Vec<Sheet>,
    /// Symbols, to be put into the page once.
    defs: String,
    themes: Vec<Theme>,
    /// For each phase the classes of time that occur.
    classes: Vec<[bool; 5]>,
    /// For each phase whether agents stand that opened before it, open in it, or are fixed.
    kinds: Vec<[bool; 3]>,
    /// Whether there is water, and whether there are main roads.
    signs: [bool; 2],
}

impl Maps {
    /// Draws what the maps share.
    ///
    /// # Errors
    /// The table of cells or of the background cannot be read.
    pub fn of(facts: &Facts) -> Result<Maps> {
        let pieces = table::pieces(&facts.run.folder, &CELLS)?;
        let mut bounds = NOWHERE;
        for piece in &pieces {
            let rows = Rows::read_piece(&facts.run.folder, &CELLS, &["lon", "lat"], piece.clone())?;
            let places = rows.number("lon")?.iter().zip(rows.number("lat")?.iter());
            bounds =
                places.fold(bounds, |b, (lon, lat)| with_place(b, lon.unwrap_or(f64::NAN), lat.unwrap_or(f64::NAN)));
        }
        let mut maps = Maps {
            sheets: sheets(facts, bounds),
            defs: String::new(),
            themes: Vec::new(),
            classes: Vec::new(),
            kinds: Vec::new(),
            signs: [false; 2],
        };
        let rasters = rasters(facts, &maps.sheets, &pieces)?;
        for phase in &facts.phases {
            let agents = standing(facts, phase);
            maps.themes.push(if agents.is_empty() { Theme::Candidates } else { Theme::Agents });
            maps.kinds.push([
                agents.iter().any(|a| !a.fixed && a.phase < phase.phase),
                agents.iter().any(|a| !a.fixed && a.phase == phase.phase),
                agents.iter().any(|a| a.fixed),
            ]);
        }
        for (number, rasters) in rasters.iter().enumerate() {
            let (frame, name) = (maps.sheets[number].frame, maps.sheets[number].name.clone());
            maps.add_base(facts, &frame, &name)?;
            for (&index, raster) in maps.sheets[number].phases.clone().iter().zip(rasters) {
                if number == 0 {
                    maps.classes.push([1, 2, 3, 4, 5].map(|class| !raster.lacks(class)));
                }
                if maps.themes[index] == Theme::Agents {
                    let phase = &facts.phases[index];
                    maps.add_cells(&name, phase.phase, raster);
                    maps.add_agents(&frame, &name, phase.phase, &standing(facts, phase));
                }
            }
        }
        if let Some(frame) = maps.sheets.first().map(|s| s.frame) {
            maps.add_shares(facts, &frame);
            if maps.themes.contains(&Theme::Candidates) {
                maps.add_candidates(facts, &frame);
            }
        }
        Ok(maps)
    }

    /// The drawing that holds the symbols; it shows nothing.
    pub fn symbols(&self) -> String {
        format!(
            "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" class=\"symbols\"><defs>\n{}</defs></svg>\n",
            self.defs
        )
    }

    fn symbol(&mut self, id: &str, content: &str) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.defs, "<g id=\"{id}\">{content}</g>");
    }

    /// Under everything the land of the communes; over the cells their outlines.
    fn add_base(&mut self, facts: &Facts, frame: &Frame, name: &str) -> Result<()> {
        let mut outlines = String::new();
        for row in facts.communes(1) {
            outlines.push_str(&frame.path(&row.geometry));
        }
        let [w, h] = [frame.width, frame.height];
        let under =
            format!("<rect width=\"{w}\" height=\"{h}\" fill=\"#f4f3ee\"/><path d=\"{outlines}\" fill=\"#fff\"/>");
        self.symbol(&format!("{name}-under"), &under);
        let background = background(facts, frame)?;
        self.signs[0] |= !background.water.is_empty() || !background.rivers.is_empty();
        self.signs[1] |= !background.main.is_empty();
        let scale = scale_bar(frame, [40.0, h - 30.0], 330.0, |m| {
            if m >= 1000.0 { format!("{:.0} km", m / 1000.0) } else { format!("{m:.0} m") }
        });
        let over = format!(
            "<path d=\"{}\" fill=\"{WATER}\" fill-rule=\"evenodd\"/><g fill=\"none\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\"><path d=\"{}\" stroke=\"{WATER}\" stroke-width=\"4\"/>\
             <path d=\"{}\" stroke=\"{ROAD}\" stroke-width=\"1.5\"/><path d=\"{}\" stroke=\"{ROAD}\" stroke-width=\"4\"/>\
             <path d=\"{outlines}\" stroke=\"#333\" stroke-width=\"1.6\"/></g>",
            background.water, background.rivers, background.minor, background.main
        );
        self.symbol(&format!("{name}-over"), &over);
        let edge = format!(
            "{scale}<rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#000\" stroke-width=\"2\"/>",
            w - 2.0,
            h - 2.0
        );
        self.symbol(&format!("{name}-edge"), &edge);
        Ok(())
    }

    fn add_cells(&mut self, name: &str, phase: u32, raster: &Raster) {
        let mut content = format!("<g transform=\"scale({SQUARE})\" shape-rendering=\"crispEdges\">");
        for (class, colour) in (1..).zip(TIME_COLOURS) {
            let path = raster.outline(class);
            if !path.is_empty() {
                let _ = write!(content, "<path d=\"{path}\" fill=\"{colour}\"/>");
            }
        }
        content.push_str("</g>");
        self.symbol(&format!("{name}-cells-{phase}"), &content);
    }

    /// Agents of earlier phases as rings, fixed ones as squares, new ones as discs with their numbers.
    fn add_agents(&mut self, frame: &Frame, name: &str, phase: u32, agents: &[&AgentRow]) {
        let mut content = String::new();
        let is_new = |a: &AgentRow| !a.fixed && a.phase == phase;
        let mut marked = Vec::new();
        for agent in agents {
            let spot @ [x, y] = frame.spot(agent.lon, agent.lat);
            if !frame.holds(spot) {
                continue;
            }
            if is_new(agent) {
                let text = agent.order.to_string();
                let width = text.len() as f64 * LETTERS * LETTER_WIDTH;
                marked.push(Marked { at: spot, text, width, radius: 13.0 });
            } else if agent.fixed {
                let (x, y) = (x - 10.0, y - 10.0);
                let _ = write!(
                    content,
                    "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"20\" height=\"20\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"5\"/>"
                );
            } else {
                let _ = write!(
                    content,
                    "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"9\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"4\"/>"
                );
            }
        }
        for m in &marked {
            let [x, y] = m.at;
            let _ = write!(
                content,
                "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"12\" fill=\"#000\" stroke=\"#fff\" stroke-width=\"3\"/>"
            );
        }
        content.push_str(&labels(frame, &marked));
        self.symbol(&format!("{name}-agents-{phase}"), &content);
    }

    /// Candidates that may be used, by what is known of them.
    fn add_candidates(&mut self, facts: &Facts, frame: &Frame) {
        let mut content = String::new();
        // Those that are in order are drawn last, on top.
        for (class, status) in ["refused", "review", "eligible"].into_iter().enumerate() {
            for site in facts.sites.iter().filter(|s| s.status == status) {
                let [x, y] = frame.spot(site.lon, site.lat);
                if frame.holds([x, y]) {
                    let colour = SITE_COLOURS[2 - class];
                    let _ = write!(
                        content,
                        "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"10\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"2\"/>"
                    );
                }
            }
        }
        self.symbol("m-candidates", &content);
    }

    /// Communes by the share of their people who are served at the end, the worst with their names.
    fn add_shares(&mut self, facts: &Facts, frame: &Frame) {
        let Some(last) = facts.last().map(|p| p.phase) else {
            return;
        };
        let mut content = String::new();
        let rows: Vec<&BoundaryRow> = facts.communes(last).collect();
        for (class, colour) in SHARE_COLOURS.iter().enumerate() {
            let path: String = rows
                .iter()
                .filter(|b| b.population_covered_share.map(share_class) == Some(class))
                .map(|b| frame.path(&b.geometry))
                .collect();
            if !path.is_empty() {
                let _ = write!(content, "<path d=\"{path}\" fill=\"{colour}\" fill-rule=\"evenodd\"/>");
            }
        }
        self.symbol("m-shares", &content);
        let mut worst = rows;
        worst.retain(|b| b.population_covered_share.is_some_and(|s| s < 1.0));
        worst.sort_by(|a, b| unserved(b).total_cmp(&unserved(a)));
        let marked: Vec<Marked> = worst
            .iter()
            .take(12)
            .filter_map(|b| {
                let middle = b.geometry.bounding_rect()?.center();
                let at = frame.spot(middle.x, middle.y);
                let name: String = b.name.chars().take(30).collect();
                let width = name.chars().count() as f64 * LETTERS * LETTER_WIDTH;
                let text = Safe::text(&name).to_string();
                frame.holds(at).then_some(Marked { at, text, width, radius: 7.0 })
            })
            .collect();
        let mut names = String::new();
        for m in &marked {
            let _ = write!(names, "<circle cx=\"{:.0}\" cy=\"{:.0}\" r=\"6\"/>", m.at[0], m.at[1]);
        }
        names.push_str(&labels(frame, &marked));
        self.symbol("m-worst", &names);
    }

    /// The map of a phase with its legend, or nothing where the run has no places.
    pub fn phase(&self, facts: &Facts, words: &Words, index: usize) -> String {
        let (Some(sheet), Some(phase)) = (self.sheets.first(), facts.phases.get(index)) else {
            return String::new();
        };
        let n = phase.phase;
        if self.themes.get(index) == Some(&Theme::Candidates) {
            let title = words.get("map.candidates");
            let legend = SITE_KEYS.iter().zip(SITE_COLOURS).map(|(key, colour)| (disc(colour, "#fff"), words.get(key)));
            return self.figure(words, sheet, &["m-under", "m-over", "m-candidates"], &title, Some(legend.collect()));
        }
        let title = words.fill("map.title", &[("mode", mode_name(facts, words))]);
        self.figure(words, sheet, &layers(sheet, n), &title, Some(self.legend(facts, words, index)))
    }

    /// The map of a phase of the part in which its new agents stand close together; nothing where they do not.
    pub fn detail(&self, facts: &Facts, words: &Words, index: usize) -> String {
        let sheet = self.sheets.iter().skip(1).find(|s| s.phases == [index]);
        let (Some(sheet), Some(phase)) = (sheet, facts.phases.get(index)) else {
            return String::new();
        };
        let title = words.get("map.detail");
        self.figure(words, sheet, &layers(sheet, phase.phase), &title, None)
    }

    fn legend(&self, facts: &Facts, words: &Words, index: usize) -> Vec<(String, Safe)> {
        let standard = &facts.run.about.standard;
        let third = |i: f64| words.short(standard.minutes * i / 3.0);
        let values = [("a", third(1.0)), ("b", third(2.0)), ("c", third(3.0)), ("km", words.short(standard.radius_km))];
        let mut legend = Vec::new();
        for (i, (key, colour)) in TIME_KEYS.iter().zip(TIME_COLOURS).enumerate() {
            if self.classes.get(index).is_some_and(|c| c[i]) {
                legend.push((square(colour), words.fill(key, &values)));
            }
        }
        let [earlier, new, fixed] = self.kinds.get(index).copied().unwrap_or_default();
        if fixed {
            legend.push((
                "<rect x=\"5\" y=\"5\" width=\"20\" height=\"20\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"5\"/>"
                    .into(),
                words.get("map.fixed"),
            ));
        }
        if earlier {
            legend.push((
                "<circle cx=\"15\" cy=\"15\" r=\"9\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"4\"/>".into(),
                words.get("map.earlier"),
            ));
        }
        if new {
            legend.push((disc("#000", "#fff"), words.get("map.new")));
        }
        legend
    }

    /// The map of the communes by the share who are served at the end.
    pub fn shares(&self, facts: &Facts, words: &Words) -> String {
        let (Some(sheet), Some(last)) = (self.sheets.first(), facts.last()) else {
            return String::new();
        };
        let present: Vec<usize> =
            facts.communes(last.phase).filter_map(|b| b.population_covered_share.map(share_class)).collect();
        if present.is_empty() {
            return String::new();
        }
        let legend = SHARE_KEYS.iter().zip(SHARE_COLOURS).enumerate().filter(|(class, _)| present.contains(class));
        let legend = legend.map(|(_, (key, colour))| (square(colour), words.get(key))).collect();
        let title = words.get("map.shares");
        self.figure(words, sheet, &["m-under", "m-shares", "m-over", "m-worst"], &title, Some(legend))
    }

    /// A map with its title; the legend and the source where they are told.
    fn figure<T: AsRef<str>>(
        &self,
        words: &Words,
        sheet: &Sheet,
        layers: &[T],
        title: &Safe,
        legend: Option<Vec<(String, Safe)>>,
    ) -> String {
        let (w, h) = (sheet.frame.width, sheet.frame.height);
        let class = if w < NARROW && legend.is_some() { "map beside" } else { "map" };
        let mut html = format!(
            "<figure class=\"{class}\"><figcaption>{title}</figcaption><svg viewBox=\"0 0 {w} {h}\" \
             style=\"width:{:.1}mm\" role=\"img\" aria-label=\"{}\">",
            w / 10.0,
            attribute(title)
        );
        for layer in layers {
            let _ = write!(html, "<use href=\"#{}\"/>", layer.as_ref());
        }
        let _ = write!(html, "<use href=\"#{}-edge\"/>", sheet.name);
        html.push_str(&north_arrow([w - 55.0, 30.0], words.get("map.north").as_str()));
        html.push_str("</svg>");
        if let Some(mut legend) = legend {
            legend.push((
                "<path d=\"M2 22l8-14 10 8 8-10\" fill=\"none\" stroke=\"#333\" stroke-width=\"2\"/>".into(),
                words.get("map.outline"),
            ));
            let [water, roads] = self.signs;
            if roads {
                let line = format!("<path d=\"M2 24l26-18\" fill=\"none\" stroke=\"{ROAD}\" stroke-width=\"5\"/>");
                legend.push((line, words.get("map.roads")));
            }
            if water {
                legend.push((square(WATER), words.get("map.water")));
            }
            html.push_str("<div class=\"key\"><ul class=\"legend\">");
            for (sign, meaning) in legend {
                let _ = write!(html, "<li><svg viewBox=\"0 0 30 30\" aria-hidden=\"true\">{sign}</svg>{meaning}</li>");
            }
            let _ = write!(html, "</ul><p class=\"source\">{}</p></div>", words.get("map.source"));
        }
        html.push_str("</figure>\n");
        html
    }
}

/// The whole area, and for each phase whose new agents stand close together the part in which they stand.
fn sheets(facts: &Facts, bounds: Bounds) -> Vec<Sheet> {
    let Some(mut whole) = Frame::around(bounds, ROOM[0], ROOM[1]) else {
        return Vec::new();
    };
    if whole.width >= NARROW {
        whole = Frame::around(bounds, ROOM[0], WIDE_HEIGHT).unwrap_or(whole);
    }
    let mut sheets = vec![Sheet { frame: whole, name: "m".into(), phases: (0..facts.phases.len()).collect() }];
    for (index, phase) in facts.phases.iter().enumerate() {
        let new: Vec<&AgentRow> = facts.agents.iter().filter(|a| !a.fixed && a.phase == phase.phase).collect();
        let around = new.iter().fold(NOWHERE, |b, a| with_place(b, a.lon, a.lat));
        let [west, south, east, north] = around;
        let part = (east - west) * (north - south) / ((bounds[2] - bounds[0]) * (bounds[3] - bounds[1]));
        if new.len() < DETAIL_AGENTS || !part.is_finite() || part > DETAIL_PART {
            continue;
        }
        // Numbers need room beside the outermost agents, the scale below them.
        let (dx, dy) = ((east - west) * 0.08, (north - south) * 0.08);
        let around = [west - dx, south - 2.0 * dy, east + dx, north + dy];
        if let Some(frame) = Frame::around(around, ROOM[0], WIDE_HEIGHT) {
            sheets.push(Sheet { frame, name: format!("d{}", phase.phase), phases: vec![index] });
        }
    }
    sheets
}

/// The agents that stand at the end of a phase.
fn standing<'a>(facts: &'a Facts, phase: &PhaseRow) -> Vec<&'a AgentRow> {
    let stands = |a: &&AgentRow| a.phase <= phase.phase && a.closes_phase.is_none_or(|c| c > phase.phase);
    facts.agents.iter().filter(stands).collect()
}

/// The symbols of the map of a phase, from below.
fn layers(sheet: &Sheet, phase: u32) -> [String; 4] {
    let name = &sheet.name;
    [format!("{name}-under"), format!("{name}-cells-{phase}"), format!("{name}-over"), format!("{name}-agents-{phase}")]
}

/// What lies under the results, as the data of paths.
#[derive(Default)]
struct Background {
    water: String,
    rivers: String,
    main: String,
    minor: String,
}

/// Water and main roads of the run; nothing where it has no such table.
fn background(facts: &Facts, frame: &Frame) -> Result<Background> {
    let mut found = Background::default();
    let run = facts.run;
    if !run.folder.join(BACKDROP.file).is_file() {
        return Ok(found);
    }
    let broken = |what: String| Fault::new("run::table", what).file(run.folder.join(BACKDROP.file)).help(NO_RUN);
    for piece in table::pieces(&run.folder, &BACKDROP)? {
        let rows = Rows::read_piece(&run.folder, &BACKDROP, &["kind", "class", "geometry"], piece)?;
        let kinds = rows.text("kind")?.iter().zip(rows.text("class")?.iter());
        for ((kind, class), shape) in kinds.zip(rows.shapes()?.iter()) {
            let class = class.unwrap_or_default().trim_end_matches("_link");
            let minor = match (kind, class) {
                (Some("water"), _) => false,
                (Some("road"), "motorway" | "trunk" | "primary") => false,
                (Some("road"), "secondary") if frame.metres() <= MINOR_ROADS_M => true,
                _ => continue,
            };
            let shape = geometry_of(shape.unwrap_or_default()).map_err(broken)?;
            let shape = Geometry::try_from(shape).map_err(|e| broken(e.to_string()))?;
            let line = matches!(shape, Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_));
            let path = match (kind, line) {
                (Some("water"), true) => &mut found.rivers,
                (Some("water"), false) => &mut found.water,
                _ if minor => &mut found.minor,
                _ => &mut found.main,
            };
            path.push_str(&frame.path(&shape));
        }
    }
    Ok(found)
}

/// Text within an attribute: without markup.
fn attribute(text: &Safe) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in text.as_str().chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            '"' => plain.push_str("&quot;"),
            other if !inside => plain.push(other),
            _ => {}
        }
    }
    plain
}

fn labels(frame: &Frame, marked: &[Marked]) -> String {
    // Symbols do not hear the page's style, so the group says how its texts look.
    let mut texts = format!(
        "<g font-family=\"DejaVu Sans Condensed,Noto Sans,Arial,sans-serif\" font-weight=\"bold\" \
         font-size=\"{LETTERS}\" stroke=\"#fff\" stroke-width=\"7\" stroke-linejoin=\"round\" paint-order=\"stroke\">"
    );
    for (m, spot) in marked.iter().zip(label_spots(frame, marked, LETTERS)) {
        if let Some([x, y]) = spot {
            let _ = write!(texts, "<text x=\"{x:.0}\" y=\"{y:.0}\">{}</text>", m.text);
        }
    }
    texts.push_str("</g>");
    texts
}

fn disc(fill: &str, line: &str) -> String {
    format!("<circle cx=\"15\" cy=\"15\" r=\"11\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"3\"/>")
}

fn square(fill: &str) -> String {
    format!("<rect x=\"2\" y=\"4\" width=\"26\" height=\"22\" fill=\"{fill}\" stroke=\"#555\"/>")
}

/// The most used mode by its name.
fn mode_name(facts: &Facts, words: &Words) -> Safe {
    facts.run.about.modes.first().map_or_else(Safe::default, |m| words.said(&m.name))
}

fn unserved(row: &BoundaryRow) -> f64 {
    row.persons - row.covered_persons
}

/// Which class of shares served a share is in.
fn share_class(share: f64) -> usize {
    [0.5, 0.8, 0.95, 1.0].iter().take_while(|limit| share >= **limit).count()
}

/// Which class of time the people of a cell are in.
fn time_class(time_s: Option<f64>, covered: bool, minutes: f64) -> u8 {
    if !covered {
        return 5;
    }
    let limit = minutes * 60.0;
    match time_s {
        Some(t) if t <= limit / 3.0 => 1,
        Some(t) if t <= limit * 2.0 / 3.0 => 2,
        Some(t) if t <= limit => 3,
        _ => 4,
    }
}

/// Cells by time for each phase of each sheet, those of the most used mode, read piece by piece.
fn rasters(facts: &Facts, sheets: &[Sheet], pieces: &[std::ops::Range<usize>]) -> Result<Vec<Vec<Raster>>> {
    const COLUMNS: &[&str] = &["mode", "phase", "persons", "travel_time_s", "covered", "geometry"];
    let squares = |length: f64| (length / SQUARE).ceil() as usize;
    let empty = |s: &Sheet| vec![Raster::new(squares(s.frame.width), squares(s.frame.height)); s.phases.len()];
    let mut rasters: Vec<Vec<Raster>> = sheets.iter().map(empty).collect();
    let run = facts.run;
    let mode = run.about.modes.first().map_or("", |m| m.id.as_str());
    let broken = |what: String| Fault::new("run::table", what).file(run.folder.join(CELLS.file)).help(NO_RUN);
    for piece in pieces {
        let rows = Rows::read_piece(&run.folder, &CELLS, COLUMNS, piece.clone())?;
        let (modes, phases, persons) = (rows.text("mode")?, rows.whole("phase")?, rows.number("persons")?);
        let (times, covered, shapes) = (rows.number("travel_time_s")?, rows.flag("covered")?, rows.shapes()?);
        let keys = modes.iter().zip(phases.iter());
        let values = persons.iter().zip(times.iter()).zip(covered.iter()).zip(shapes.iter());
        for ((of, phase), (((persons, time), covered), shape)) in keys.zip(values) {
            let Some(index) = phase.filter(|_| of == Some(mode)).and_then(|p| (p as usize).checked_sub(1)) else {
                continue;
            };
            let shape = geometry_of(shape.unwrap_or_default()).map_err(broken)?;
            let shape = Geometry::try_from(shape).map_err(|e| broken(e.to_string()))?;
            let Some(outline) = shape.bounding_rect() else {
                continue;
            };
            let class = time_class(time, covered.unwrap_or(false), run.about.standard.minutes);
            for (sheet, rasters) in sheets.iter().zip(&mut rasters) {
                let place = sheet.phases.iter().position(|p| *p == index);
                let Some(raster) = place.and_then(|p| rasters.get_mut(p)) else {
                    continue;
                };
                let [left, top] = sheet.frame.spot(outline.min().x, outline.max().y).map(|v| v / SQUARE);
                let [right, bottom] = sheet.frame.spot(outline.max().x, outline.min().y).map(|v| v / SQUARE);
                raster.paint([left, top, right, bottom], class, persons.unwrap_or(0.0));
            }
        }
    }
    Ok(rasters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_hand() {
        // 30 minutes: 600 s, 1200 s and 1800 s, each inclusive.
        let of = |t, c| time_class(t, c, 30.0);
        assert_eq!([of(Some(600.0), true), of(Some(600.1), true), of(Some(1200.0), true)], [1, 2, 2]);
        assert_eq!(
            [of(Some(1800.0), true), of(Some(1800.1), true), of(None, true), of(Some(1.0), false)],
            [3, 4, 4, 5]
        );
        assert_eq!([0.0, 0.5, 0.79, 0.8, 0.95, 0.9999, 1.0].map(share_class), [0, 1, 1, 2, 3, 3, 4]);
    }

    #[test]
    fn attributes_hold_no_markup() {
        assert_eq!(attribute(&Safe::markup("<b>a</b> &lt;i&gt; \"x\"")), "a &lt;i&gt; &quot;x&quot;");
    }
}
