//! The share of the people served in each feature of the first boundary layer, phase by phase.

use super::sheet::{BODY, FAINT, Facts, GRID, INK, LEFT, RIGHT, SMALL, TODAY, phase_colour, sheet};
use super::words::{Language, fill};
use crate::error::Result;
use crate::output::draw::chart::Scale;
use crate::output::draw::{Paint, Spot, Svg, Type, font};
use crate::output::read::{Rows, Standard};
use crate::output::run::{PhaseRow, Run};
use crate::output::schema;
use crate::scenario::Text;

/// The most features that are drawn: those with the lowest shares.
const MOST: usize = 240;
/// Features in a column before there is another one.
const COLUMN: usize = 44;
const ROW: f64 = 18.0;
const NAMES: f64 = 150.0;
const BETWEEN: f64 = 26.0;

/// What the plot shows.
#[derive(Debug, Clone)]
pub struct Communes {
    layer: Text,
    phases: Vec<Text>,
    /// Lowest share first.
    features: Vec<Feature>,
    today: bool,
    standard: Standard,
}

/// A feature with the shares of its people who are served: today, and at the end of each phase.
#[derive(Debug, Clone, Default, PartialEq)]
struct Feature {
    name: String,
    today: Option<f64>,
    shares: Vec<f64>,
}

impl Communes {
    /// From the tables of a run; `None` without a boundary layer or without agents.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn of_run(run: &Run) -> Result<Option<Communes>> {
        let Some(layer) = run.about.layers.first() else { return Ok(None) };
        let rows: Vec<PhaseRow> = run.rows()?;
        let changes = super::changing(&rows);
        let drawn: Vec<&PhaseRow> = rows.iter().zip(changes).filter_map(|(p, changes)| changes.map(|_| p)).collect();
        let today = super::todays(run)?;
        let columns = ["layer", "code", "name", "phase", "population_covered_share"];
        let table = Rows::read(&run.folder, &schema::BOUNDARIES, &columns)?;
        let (layers, codes, names) = (table.texts("layer")?, table.texts("code")?, table.texts("name")?);
        let (phases, shares) = (table.wholes("phase")?, table.maybe_numbers("population_covered_share")?);
        let mut features: Vec<(String, Feature)> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for i in 0..table.len() {
            let phase = drawn.iter().position(|p| p.phase == phases[i]);
            let (true, Some(phase), Some(share)) = (layers[i] == layer.id, phase, shares[i]) else { continue };
            let at = *index.entry(codes[i].clone()).or_insert_with(|| {
                let feature = Feature { name: names[i].clone(), today: None, shares: vec![0.0; drawn.len()] };
                features.push((codes[i].clone(), feature));
                features.len() - 1
            });
            features[at].1.shares[phase] = share;
        }
        for row in &today {
            if let Some(&at) = row.boundary.as_ref().and_then(|code| index.get(code)) {
                features[at].1.today = row.population_covered_share;
            }
        }
        let name = |p: &&PhaseRow| Text { vi: p.name_vi.clone(), en: p.name_en.clone() };
        let features = features.into_iter().map(|(_, feature)| feature).collect();
        let standard = run.about.standard.clone();
        Ok(Communes::of(layer.name.clone(), drawn.iter().map(name).collect(), features, standard))
    }

    fn of(layer: Text, phases: Vec<Text>, mut features: Vec<Feature>, standard: Standard) -> Option<Communes> {
        if phases.is_empty() || features.is_empty() {
            return None;
        }
        let backwards = |f: &Feature| f.shares.iter().rev().copied().collect::<Vec<f64>>();
        features.sort_by(|a, b| {
            let pairs = backwards(a).into_iter().zip(backwards(b));
            let shares = pairs.map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne());
            shares.unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.name.cmp(&b.name))
        });
        let today = features.iter().any(|f| f.today.is_some());
        Some(Communes { layer, phases, features, today, standard })
    }

    /// The plot in some languages.
    pub fn draw(&self, facts: &Facts, languages: &[Language]) -> Vec<Svg> {
        languages.iter().map(|&language| self.in_language(facts, language)).collect()
    }

    fn in_language(&self, facts: &Facts, language: Language) -> Svg {
        let words = &language.words().communes;
        let title = fill(&words.title, &[("layer", language.of(&self.layer))]);
        let mut about = vec![fill(&words.about, &[("standard", &language.standard(&self.standard))])];
        let full = self.features.iter().filter(|f| f.shares.last().is_some_and(|s| *s >= 1.0)).count();
        let (n, all) = (language.whole(full as f64), language.whole(self.features.len() as f64));
        about.push(fill(&words.full, &[("n", &n), ("all", &all)]));
        if let Some(least) = self.features.get(MOST).and_then(|f| f.shares.last()) {
            let n = language.whole((self.features.len() - MOST) as f64);
            about.push(fill(&words.left_out, &[("n", &n), ("share", &language.percent(*least))]));
        }
        let drawn = &self.features[..self.features.len().min(MOST)];
        let columns = drawn.len().div_ceil(COLUMN).clamp(1, 3);
        let rows = drawn.len().div_ceil(columns);
        let height = 24.0 * (self.phases.len() / 2) as f64 + 50.0 + rows as f64 * ROW;
        sheet(facts, language, [&title, &about.join(" ")], height, |svg, top| {
            let top = self.key(svg, language, top + 14.0) + 40.0;
            let wide = (RIGHT - LEFT - BETWEEN * (columns as f64 - 1.0)) / columns as f64;
            for (c, part) in drawn.chunks(rows.max(1)).enumerate() {
                let left = LEFT + c as f64 * (wide + BETWEEN);
                self.column(svg, language, part, [left, top], wide);
            }
        })
    }

    /// Which dot is which phase; where the last row of it ends.
    fn key(&self, svg: &mut Svg, language: Language, mut y: f64) -> f64 {
        let mut x = LEFT;
        let mut entry = |svg: &mut Svg, name: &str, today: bool, index: usize| {
            let name = font::fitted(name, BODY, false, 420.0);
            let wide = 22.0 + font::width(&name, BODY, false) + 28.0;
            if x > LEFT && x + wide > RIGHT {
                (x, y) = (LEFT, y + 24.0);
            }
            if today {
                hollow(svg, [x + 8.0, y - 5.0]);
            } else {
                let colour = phase_colour(index, self.phases.len());
                svg.circle([x + 8.0, y - 5.0], 5.5, Paint::fill(colour));
            }
            svg.text(&name, [x + 22.0, y], Type::new(BODY, INK));
            x += wide;
        };
        if self.today {
            entry(svg, &language.words().communes.today, true, 0);
        }
        for (i, name) in self.phases.iter().enumerate() {
            entry(svg, language.of(name), false, i);
        }
        y
    }

    fn column(&self, svg: &mut Svg, language: Language, features: &[Feature], [left, top]: Spot, wide: f64) {
        let across = Scale::new([0.0, 1.0], [left + NAMES + 8.0, left + wide - 50.0]);
        let bottom = top + features.len() as f64 * ROW;
        for half in 0..=2 {
            let x = across.at(f64::from(half) / 2.0);
            svg.line([[x, top - 2.0], [x, bottom]], Paint::line(GRID, 1.0));
            svg.text(&format!("{}%", half * 50), [x, top - 8.0], Type::new(SMALL, FAINT).middle());
        }
        for (i, feature) in features.iter().enumerate() {
            let y = top + (i as f64 + 0.5) * ROW;
            let last = feature.shares.last().copied().unwrap_or(0.0);
            svg.named(&format!("{}: {}", feature.name, language.percent(last)), |svg| {
                let name = font::fitted(&feature.name, SMALL, false, NAMES);
                svg.text(&name, [left + NAMES, y + 5.0], Type::new(SMALL, INK).end());
                let all = feature.shares.iter().copied().chain(feature.today);
                let (low, high) = all.fold((1.0_f64, 0.0_f64), |(low, high), s| (low.min(s), high.max(s)));
                svg.line([[across.at(low), y], [across.at(high), y]], Paint::line([190, 196, 203], 1.5));
                if let Some(today) = feature.today {
                    hollow(svg, [across.at(today), y]);
                }
                for (p, share) in feature.shares.iter().enumerate() {
                    let colour = phase_colour(p, self.phases.len());
                    // Earlier ones are larger, so that they are seen where a later one has the same share.
                    let radius = 4.2 + 1.6 * (feature.shares.len() - 1 - p).min(2) as f64;
                    svg.circle([across.at(*share), y], radius, Paint::fill(colour).outlined([255; 3], 0.8));
                }
                svg.text(&language.percent(last), [left + wide, y + 5.0], Type::new(SMALL, INK).end());
            });
        }
    }
}

/// The mark of today.
fn hollow(svg: &mut Svg, at: Spot) {
    svg.circle(at, 4.6, Paint::fill([255; 3]).outlined(TODAY, 1.8));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(n: usize) -> Communes {
        let features = (0..n).map(|i| {
            let last = (i + 1) as f64 / n as f64;
            Feature { name: format!("c{i}"), today: Some(0.25), shares: vec![last / 2.0, last] }
        });
        let text = |t: &str| Text { vi: t.into(), en: t.into() };
        let standard = Standard { minutes: 30.0, radius_km: 5.0, rule: "either".into() };
        Communes::of(text("L"), vec![text("A"), text("B")], features.rev().collect(), standard).unwrap()
    }

    fn drawn(plot: &Communes) -> String {
        let title = Text { vi: "K".into(), en: "P".into() };
        let facts = Facts { title, synthetic: false, sources: vec![], version: "1".into() };
        plot.draw(&facts, &[Language::En]).remove(0).finish()
    }

    #[test]
    fn dots_by_hand() {
        let svg = drawn(&plot(2));
        let page = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let at = |name: &str| -> Vec<f64> {
            let group = page.descendants().find(|n| n.has_tag_name("title") && n.text() == Some(name)).unwrap();
            let dots = group.parent().unwrap().children().filter(|n| n.has_tag_name("circle"));
            dots.map(|n| n.attribute("cx").unwrap().parse().unwrap()).collect()
        };
        // From 198 (0 %) to 1110 (100 %): 25 % of today is 426; of the first 25 and 50 %, of the second 50 and 100 %.
        assert_eq!(at("c0: 50%"), [426.0, 426.0, 654.0]);
        assert_eq!(at("c1: 100%"), [426.0, 654.0, 1110.0]);
        assert!(svg.contains("In 1 of 2 everyone is served"), "{svg}");
    }

    #[test]
    fn the_lowest_of_many_are_drawn() {
        let svg = drawn(&plot(1000));
        assert!(svg.contains(">c0<") && svg.contains(">c239<") && !svg.contains(">c240<"));
        // The 241st has 241 of 1000.
        assert!(svg.contains("The other 760 are not drawn: all of them are served to 24.1% or more."), "{svg}");
    }
}
