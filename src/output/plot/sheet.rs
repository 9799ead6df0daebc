//! What all plots have around them: the plan's name, a heading, a sentence about what is shown, sources, and a warning
//! where data are made up.

use super::words::{Language, fill};
use crate::output::draw::{Paint, Rgb, Svg, Type, font};
use crate::output::run::About;
use crate::scenario::{Scenario, Text};

/// The colour of words.
pub const INK: Rgb = [32, 36, 44];
/// The colour of what explains.
pub const FAINT: Rgb = [90, 98, 108];
/// The colour of lines that help the eye.
pub const GRID: Rgb = [224, 228, 233];
/// The colour of warnings and of what is too much: vermilion (M. Okabe, K. Ito, *Color Universal Design*).
pub const WARNING: Rgb = [196, 72, 0];
/// What stood before the plan.
pub const TODAY: Rgb = [118, 124, 132];

/// Width of a sheet in pixels.
pub const WIDTH: f64 = 1200.0;
/// Where the drawing begins and ends across.
pub const LEFT: f64 = 40.0;
/// Where the drawing ends across.
pub const RIGHT: f64 = WIDTH - 40.0;
/// Size of most words in pixels.
pub const BODY: f64 = 15.0;
/// Size of words on axes and in notes.
pub const SMALL: f64 = 13.0;

/// What stands around a plot, of whatever it is drawn from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the plan is called.
    pub title: Text,
    /// Whether any input is made up.
    pub synthetic: bool,
    /// Whose data it rests on.
    pub sources: Vec<String>,
    /// The version of gandan that computed it.
    pub version: String,
}

impl Facts {
    /// Those of a run.
    pub fn of_run(about: &About) -> Facts {
        Facts {
            title: about.title.clone(),
            synthetic: about.synthetic,
            sources: about.attribution.clone(),
            version: about.version.clone(),
        }
    }

    /// Those of a scenario.
    pub fn of_scenario(scenario: &Scenario) -> Facts {
        Facts {
            title: scenario.title.clone(),
            synthetic: scenario.synthetic,
            sources: scenario.attribution.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A sheet of `height` pixels of drawing between heading and sources; `draw` gets where the drawing begins, downwards.
pub fn sheet(
    facts: &Facts,
    language: Language,
    [heading, about]: [&str; 2],
    height: f64,
    draw: impl FnOnce(&mut Svg, f64),
) -> Svg {
    let words = &language.words().sheet;
    let wide = RIGHT - LEFT;
    let name = font::wrapped(language.of(&facts.title), BODY, false, wide, 3);
    let heads = font::wrapped(heading, 28.0, true, wide, 3);
    let sentences = font::wrapped(about, 16.0, false, wide, 6);
    let mut last = Vec::new();
    if !facts.sources.is_empty() {
        last.push(fill(&words.sources, &[("sources", facts.sources.join("; ").trim_end_matches('.'))]));
    }
    last.push(fill(&words.made_by, &[("version", &facts.version)]));
    let sources = font::wrapped(&last.join(" "), SMALL, false, wide, 6);
    let warning = if facts.synthetic { words.synthetic.as_str() } else { "" };
    let top = 26.0 + 20.0 * name.len() as f64 + 36.0 * heads.len() as f64 + 23.0 * sentences.len() as f64 + 18.0;
    let foot = top + height + 20.0;
    let bottom = foot + 18.0 * sources.len() as f64 + if warning.is_empty() { 0.0 } else { 22.0 } + 24.0;
    let title = format!("{heading}: {}", language.of(&facts.title));
    let mut svg = Svg::new([WIDTH, bottom], language.code(), &title, &format!("{about} {warning}"));
    let mut y = 26.0;
    for line in name {
        svg.text(&line, [LEFT, y + 10.0], Type::new(BODY, FAINT));
        y += 20.0;
    }
    for line in heads {
        y += 36.0;
        svg.text(&line, [LEFT, y - 4.0], Type::new(28.0, INK).bold());
    }
    for line in sentences {
        y += 23.0;
        svg.text(&line, [LEFT, y], Type::new(16.0, FAINT));
    }
    draw(&mut svg, top);
    svg.line([[LEFT, foot], [RIGHT, foot]], Paint::line(GRID, 1.0));
    let mut y = foot + 4.0;
    if !warning.is_empty() {
        y += 22.0;
        svg.text(warning, [LEFT, y - 2.0], Type::new(BODY, WARNING).bold());
    }
    for line in sources {
        y += 18.0;
        svg.text(&line, [LEFT, y], Type::new(SMALL, FAINT));
    }
    svg
}

/// The colours of phases, the last one darkest: they differ in lightness, and from yellow to blue, which the
/// colour-blind tell apart too.
pub fn phase_colour(index: usize, phases: usize) -> Rgb {
    const SCALE: [Rgb; 3] = [[201, 134, 20], [64, 128, 140], [0, 46, 104]];
    if phases < 2 {
        return SCALE[2];
    }
    let part = index.min(phases - 1) as f64 / (phases - 1) as f64 * 2.0;
    let first = (part as usize).min(1);
    let rest = part - first as f64;
    [0, 1, 2].map(|c| (f64::from(SCALE[first][c]) * (1.0 - rest) + f64::from(SCALE[first + 1][c]) * rest).round() as u8)
}

/// Moves labels apart: the least moves that leave `gap` between neighbours, between `top` and `bottom` where they fit.
pub fn apart(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut placed = wanted.to_vec();
    let mut last = top - gap;
    for &i in &order {
        placed[i] = placed[i].max(last + gap);
        last = placed[i];
    }
    let mut next = bottom + gap;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(next - gap);
        next = placed[i];
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(title: &str) -> Facts {
        let title = Text { vi: title.into(), en: title.into() };
        Facts { title, synthetic: true, sources: vec!["A & B".into(), "C.".into()], version: "1.2.3".into() }
    }

    #[test]
    fn long_names_wrap_and_the_sheet_grows() {
        let draw = |title: &str| sheet(&facts(title), Language::En, ["Heading", "About"], 100.0, |_, _| {});
        let (short, long) = (draw("Plan"), draw(&"Plan of a large city ".repeat(12)));
        // One line against two or three.
        assert!(long.size()[1] > short.size()[1] + 19.0);
        let text = long.finish();
        let page = resvg::usvg::roxmltree::Document::parse(&text).unwrap();
        let lines: Vec<&str> = page.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect();
        assert!(lines[..2].iter().all(|l| l.starts_with("Plan") || l.contains("city")), "{lines:?}");
        assert!(lines.contains(&"Sources: A & B; C. Drawn by gandan 1.2.3."), "{lines:?}");
        assert!(lines.contains(&"Made-up data, to show the program: not for decisions."));
    }

    #[test]
    fn colours_run_from_yellow_to_blue() {
        assert_eq!([0, 1, 2].map(|i| phase_colour(i, 3)), [[201, 134, 20], [64, 128, 140], [0, 46, 104]]);
        assert_eq!((phase_colour(0, 1), phase_colour(9, 2)), ([0, 46, 104], [0, 46, 104]));
    }

    #[test]
    fn labels_keep_their_distance() {
        assert_eq!(apart(&[50.0, 10.0], 20.0, 0.0, 100.0), [50.0, 10.0]);
        // 50 and 52 need 20 between them: the lower one moves down. At the bottom both move up.
        assert_eq!(apart(&[52.0, 50.0], 20.0, 0.0, 100.0), [70.0, 50.0]);
        assert_eq!(apart(&[95.0, 98.0], 20.0, 0.0, 100.0), [80.0, 100.0]);
    }
}
