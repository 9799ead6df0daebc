//! The plots of a run as a user makes them: at the end of `gandan plan`, and by `gandan plot`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};

use gandan::output::run::{LoadRow, PhaseRow, Run};
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::{Document, Node};

mod common;
use common::{gandan, root, text};

const KINDS: [&str; 5] = ["communes", "frontier", "loads", "phases", "times"];
/// What nobody would call a site, but what a table may hold.
const NAME: &str = "</text></svg><script>alert(1)</script> \u{200f}gnp.exe & \"x\"";

/// The demo with two phases of three agents each, coarse cells, and sites of awkward names.
fn scenario(home: &Path) -> PathBuf {
    let data = root().join("data/demo");
    let sites = fs::read_to_string(data.join("sites.csv")).unwrap();
    // As long as a site's name may be, and a title nearly so.
    let (long, title) = ("dài ".repeat(75), "dài ".repeat(2400));
    let renamed = sites.lines().enumerate().map(|(i, line)| {
        let (id, rest) = line.split_once(',').unwrap();
        let (_, rest) = rest.split_once(',').unwrap();
        let name = match i {
            0 => "name".to_owned(),
            i if i % 2 == 0 => format!("\"{}\"", NAME.replace('"', "\"\"")),
            _ => long.clone(),
        };
        format!("{id},{name},{rest}\n")
    });
    fs::write(home.join("sites.csv"), renamed.collect::<String>()).unwrap();
    let inputs = |name: &str| data.join(name).display().to_string();
    let file = home.join("scenario.toml");
    let scenario = format!(
        r#"
        synthetic = true
        attribution = ["A & B <c>"]
        title = {{ vi = "Thử <b>", en = "Test {title}" }}
        [inputs]
        roads = "{}"
        population = "{}"
        study_area = "{}"
        sites = "sites.csv"
        [[inputs.boundaries]]
        id = "communes"
        name = {{ vi = "Xã", en = "Communes" }}
        file = "{}"
        [standard]
        minutes = 15
        rule = "time"
        [population]
        cell_m = 2000
        [capacity]
        [[phases]]
        name = {{ vi = "Một", en = "One" }}
        starts = 2025-01-01
        ends = 2025-03-31
        opens = "most-people"
        agents = 3
        [[phases]]
        name = {{ vi = "Hai", en = "Two" }}
        starts = 2025-04-01
        opens = "most-people"
        agents = 6
        [output]
        frontier = true
        [solve]
        time_limit_s = 4
        "#,
        inputs("roads.osm.pbf"),
        inputs("population.tif"),
        inputs("study_area.geojson"),
        inputs("communes.geojson"),
    );
    fs::write(&file, scenario).unwrap();
    file
}

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

fn expected(ending: &str) -> Vec<String> {
    KINDS.iter().flat_map(|kind| ["en", "vi"].map(|language| format!("{kind}.{language}.{ending}"))).collect()
}

fn number(node: &Node, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn said<'a>(page: &'a Document<'a>) -> Vec<&'a str> {
    page.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect()
}

#[test]
fn a_run_is_drawn_and_drawn_again() {
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    let done = gandan(&["plan", scenario(home.path()).to_str().unwrap(), "--out", run.to_str().unwrap(), "--quiet"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let plots = run.join("plots");
    assert_eq!(names(&plots), expected("svg"));
    drawn_safely(&plots);
    figures(&run, &plots);
    by_hand(&run, home.path());
}

/// Every SVG is well-formed, holds nothing that runs or is fetched, and keeps its texts on the sheet.
fn drawn_safely(plots: &Path) {
    for name in expected("svg") {
        let svg = fs::read_to_string(plots.join(&name)).unwrap();
        let page = Document::parse(&svg).unwrap_or_else(|e| panic!("{name}: {e}"));
        let known = ["svg", "title", "desc", "g", "rect", "path", "circle", "text"];
        for node in page.descendants().filter(Node::is_element) {
            assert!(known.contains(&node.tag_name().name()), "{name}: {node:?}");
            assert!(node.attributes().all(|a| !a.name().starts_with("on") && a.name() != "href"), "{name}: {node:?}");
        }
        assert!(!svg.contains('\u{200f}'), "{name}");
        let (wide, high) = (number(&page.root_element(), "width"), number(&page.root_element(), "height"));
        for node in page.descendants().filter(|n| n.has_tag_name("text")) {
            let of = gandan::output::draw::font::width(
                node.text().unwrap(),
                number(&node, "font-size"),
                node.attribute("font-weight").is_some(),
            );
            let before = match node.attribute("text-anchor") {
                None => 0.0,
                Some("middle") => of / 2.0,
                _ => of,
            };
            let left = number(&node, "x") - before;
            assert!(left >= 0.0 && left + of <= wide, "{name}: {left} + {of}: {node:?} {:?}", node.text());
            assert!((0.0..=high).contains(&number(&node, "y")), "{name}: {node:?}");
        }
        let texts = said(&page);
        let warning = if name.contains(".vi.") { "Dữ liệu giả định" } else { "Made-up data" };
        assert!(texts.iter().any(|t| t.starts_with(warning)), "{name}: {texts:?}");
        assert!(texts.iter().any(|t| t.contains("A & B <c>")), "{name}: {texts:?}");
    }
}

/// What the plots say is what the tables hold.
fn figures(folder: &Path, plots: &Path) {
    let run = Run::open(folder).unwrap();
    let phases: Vec<PhaseRow> = run.rows().unwrap();
    let svg = fs::read_to_string(plots.join("times.en.svg")).unwrap();
    let page = Document::parse(&svg).unwrap();
    let texts = said(&page).join(" ").replace(',', "");
    // Counted by the standard, which is one of time alone here: all of the phase's people in three parts.
    let before = |word: &str| -> Vec<f64> {
        texts.match_indices(word).map(|(at, _)| texts[..at].split(' ').next_back().unwrap().parse().unwrap()).collect()
    };
    let (longer, unreached) = (before(" people longer"), before(" people have no road"));
    assert_eq!((longer.len(), unreached.len()), (2, 2), "{texts}");
    for (i, phase) in phases.iter().enumerate() {
        let within = format!("{} people (", phase.covered_persons.round());
        assert!(texts.contains(&within), "{within}: {texts}");
        assert!((unreached[i] - phase.unreached_persons).abs() < 0.51);
        assert!((phase.covered_persons + longer[i] + unreached[i] - phase.persons).abs() < 1.1);
    }
    // The heights of all bars of a phase are its people: both phases have the same, and so many pixels each.
    let colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
    let bars = page.descendants().filter(|n| n.has_tag_name("rect"));
    let bars: Vec<_> = bars.filter(|n| colours.contains(&n.attribute("fill").unwrap_or(""))).collect();
    // The last four are the key.
    let bars = &bars[..bars.len() - 4];
    let middle = bars.iter().map(|b| number(b, "y") + number(b, "height")).fold(f64::INFINITY, f64::min) + 200.0;
    let high = |first: bool| -> f64 {
        bars.iter().filter(|b| (number(b, "y") < middle) == first).map(|b| number(b, "height")).sum()
    };
    assert!((high(true) / high(false) - 1.0).abs() < 0.01, "{} {}", high(true), high(false));

    // Agents are rows; the bar of each is as long as its dossiers.
    let svg = fs::read_to_string(plots.join("loads.en.svg")).unwrap();
    let page = Document::parse(&svg).unwrap();
    let mut loads: Vec<LoadRow> = run.rows().unwrap();
    loads.retain(|l| l.phase == 2);
    loads.sort_by(|a, b| b.dossiers_per_day.total_cmp(&a.dossiers_per_day));
    let groups: Vec<Node> = page.descendants().filter(|n| n.has_tag_name("g")).collect();
    assert_eq!(groups.len(), loads.len());
    let length = |group: &Node| -> f64 {
        group.children().filter(|n| n.has_tag_name("rect")).map(|n| number(&n, "width")).sum()
    };
    for (group, load) in groups.iter().zip(&loads) {
        let part = load.dossiers_per_day / loads[0].dossiers_per_day;
        assert!((length(group) / length(&groups[0]) - part).abs() < 1e-3, "{}", load.site);
    }
}

/// `gandan plot`: PNG beside the SVG, what was asked for and no more, nothing replaced unasked.
fn by_hand(run: &Path, home: &Path) {
    let folder = run.to_str().unwrap();
    let done = gandan(&["plot", folder]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stdout).lines().count(), 10);
    let plots = run.join("plots");
    assert_eq!(names(&plots).len(), 20);
    for name in expected("png") {
        let png = fs::read(plots.join(&name)).unwrap();
        let picture = Pixmap::decode_png(&png).unwrap();
        let svg = fs::read_to_string(plots.join(name.replace(".png", ".svg"))).unwrap();
        let page = Document::parse(&svg).unwrap();
        // Two pixels for one of the drawing.
        let size = [picture.width(), picture.height()].map(f64::from);
        assert_eq!(size, ["width", "height"].map(|side| number(&page.root_element(), side) * 2.0), "{name}");
        let dark = picture.pixels().iter().filter(|p| p.red() < 100).count();
        assert!(dark > 3000 && dark < picture.pixels().len() / 2, "{name}: {dark} dark pixels");
    }
    let before = fs::read(plots.join("times.vi.png")).unwrap();
    let done = gandan(&["plot", folder]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("output::exists"), "{}", text(&done.stderr));
    let done = gandan(&["plot", folder, "--force", "--quiet"]);
    assert!(done.status.success() && done.stdout.is_empty());
    assert_eq!(fs::read(plots.join("times.vi.png")).unwrap(), before, "the same bytes again");

    let out = home.join("deep/own");
    let own = ["plot", folder, "--out", out.to_str().unwrap(), "--only", "phases", "--lang", "vi", "--format", "both"];
    assert!(gandan(&own).status.success());
    assert_eq!(names(&out), ["phases.vi.png", "phases.vi.svg"]);
    assert_eq!(fs::read(out.join("phases.vi.svg")).unwrap(), fs::read(plots.join("phases.vi.svg")).unwrap());

    fs::remove_file(run.join("frontier.parquet")).unwrap();
    let done = gandan(&["plot", folder, "--only", "frontier", "--force"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("plot::nothing"), "{}", text(&done.stderr));
    let done = gandan(&["plot", home.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("finished run"), "{}", text(&done.stderr));
}
