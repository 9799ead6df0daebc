//! The frontier as a plot: people served by the number of agents, the bound above it, the plan's phases beside it.

use super::sheet::{FAINT, Facts, GRID, INK, LEFT, RIGHT, SMALL, apart, phase_colour, sheet};
use super::words::{Language, fill};
use crate::error::Result;
use crate::output::draw::chart::{Scale, tick_step};
use crate::output::draw::{Paint, Rgb, Spot, Svg, Type, font};
use crate::output::read::{Rows, Standard};
use crate::output::run::{PhaseRow, Run};
use crate::output::schema;
use crate::rollout::frontier as computed;
use crate::scenario::Text;
use crate::study::Study;

const CURVE: Rgb = [0, 92, 150];
const BAND: Rgb = [236, 168, 66];
/// Up to so many points are drawn as dots too.
const MOST_DOTS: usize = 80;
/// The height of the frame, and of a row below it.
const HIGH: f64 = 520.0;
const ROW: f64 = 25.0;

/// A number of agents: people served by the best choice known, by no choice more, and the gap between the two.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    agents: u32,
    persons: f64,
    bound: f64,
    gap: f64,
}

/// What the plot shows.
#[derive(Debug, Clone)]
pub struct Frontier {
    points: Vec<Point>,
    marks: Vec<Mark>,
    persons: f64,
    coverable: f64,
    standard: Standard,
}

/// A phase of the plan beside the curve.
#[derive(Debug, Clone, PartialEq)]
struct Mark {
    agents: f64,
    persons: f64,
    name: Text,
}

impl Frontier {
    /// From the tables of a run, if it holds a frontier.
    ///
    /// Phases stand beside the curve where they are judged by the same people as the last one, whose scope the curve has.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn of_run(run: &Run) -> Result<Option<Frontier>> {
        if !run.folder.join(schema::FRONTIER.file).is_file() {
            return Ok(None);
        }
        let rows = Rows::read(&run.folder, &schema::FRONTIER, &["agents", "persons", "bound_persons", "gap"])?;
        let numbers = rows.numbers("persons")?.into_iter().zip(rows.numbers("bound_persons")?);
        let points: Vec<Point> = (rows.wholes("agents")?.into_iter().zip(numbers).zip(rows.numbers("gap")?))
            .map(|((agents, (persons, bound)), gap)| Point { agents, persons, bound, gap })
            .collect();
        let phases: Vec<PhaseRow> = run.rows()?;
        let (Some(most), Some(last)) = (points.last(), phases.last()) else { return Ok(None) };
        let coverable = most.persons;
        let mark = |(p, changes): (&PhaseRow, Option<usize>)| {
            changes?;
            let persons = match &last.scope {
                None => p.covered_persons,
                Some(_) if p.scope == last.scope => p.scope_covered_persons,
                Some(_) => return None,
            };
            let name = Text { vi: p.name_vi.clone(), en: p.name_en.clone() };
            Some(Mark { agents: f64::from(p.agents), persons, name })
        };
        let marks = phases.iter().zip(super::changing(&phases)).filter_map(mark).collect();
        let (persons, standard) = (last.scope_persons, run.about.standard.clone());
        Ok(Some(Frontier { points, marks, persons, coverable, standard }))
    }

    /// From what was just computed, without a run.
    pub fn of_study(study: &Study, found: &computed::Frontier) -> Frontier {
        let scenario = &study.scenario;
        let point = |p: &computed::Point| Point {
            agents: p.agents,
            persons: p.persons.people(),
            bound: p.bound.people(),
            gap: p.gap,
        };
        let mark = |m: &computed::Mark| Mark {
            agents: f64::from(m.agents),
            persons: m.persons.people(),
            name: scenario.phases[m.phase].name.clone(),
        };
        Frontier {
            points: found.points.iter().map(point).collect(),
            marks: found.marks.iter().map(mark).collect(),
            persons: found.persons.people(),
            coverable: found.coverable.people(),
            standard: scenario_standard(study),
        }
    }

    /// The plot in some languages.
    pub fn draw(&self, facts: &Facts, languages: &[Language]) -> Vec<Svg> {
        languages.iter().map(|&language| self.in_language(facts, language)).collect()
    }

    fn in_language(&self, facts: &Facts, language: Language) -> Svg {
        let words = &language.words().frontier;
        let about = fill(&words.about, &[("standard", &language.standard(&self.standard))]);
        let rows = 3 + self.marks.len() + usize::from(!self.marks.is_empty());
        let height = HIGH + 90.0 + rows as f64 * ROW;
        sheet(facts, language, [&words.title, &about], height, |svg, top| {
            let frame = Frame::of(self, top + 26.0);
            self.axes(svg, language, &frame);
            self.curve(svg, &frame);
            self.key(svg, language, frame.bottom + 84.0);
        })
    }

    fn share(&self, persons: f64) -> f64 {
        if self.persons > 0.0 { persons / self.persons } else { 0.0 }
    }

    fn axes(&self, svg: &mut Svg, language: Language, frame: &Frame) {
        let words = &language.words().frontier;
        let small = Type::new(SMALL, FAINT);
        for fifth in 0..=5 {
            let share = f64::from(fifth) / 5.0;
            let y = frame.share.at(share);
            svg.line([[frame.left, y], [frame.right, y]], Paint::line(GRID, 1.0));
            let share = language.number(share * 100.0, 0);
            svg.text(&format!("{share}%"), [frame.left - 10.0, y + 5.0], small.end());
            let people = language.whole(self.persons * f64::from(fifth) / 5.0);
            svg.text(&people, [frame.right + 10.0, y + 5.0], small);
        }
        svg.text(&words.share, [frame.left - 10.0, frame.top - 16.0], small);
        svg.text(&words.people, [RIGHT, frame.top - 16.0], small.end());
        for agents in frame.agents.ticks(12).into_iter().filter(|a| a.fract() == 0.0) {
            let x = frame.agents.at(agents);
            svg.line([[x, frame.bottom], [x, frame.bottom + 6.0]], Paint::line(FAINT, 1.0));
            svg.text(&language.whole(agents), [x, frame.bottom + 24.0], small.middle());
        }
        svg.text(&words.x, [(frame.left + frame.right) / 2.0, frame.bottom + 48.0], Type::new(SMALL, INK).middle());
    }

    fn curve(&self, svg: &mut Svg, frame: &Frame) {
        let at = |agents: f64, persons: f64| [frame.agents.at(agents), frame.share.at(self.share(persons))];
        let most = frame.share.at(self.share(self.coverable));
        svg.line([[frame.left, most], [frame.right, most]], Paint::line(FAINT, 1.5).dashed(7.0, 6.0));
        let upper: Vec<Spot> = self.points.iter().map(|p| at(f64::from(p.agents), p.bound)).collect();
        let lower: Vec<Spot> = self.points.iter().map(|p| at(f64::from(p.agents), p.persons)).collect();
        svg.ring(upper.iter().chain(lower.iter().rev()).copied(), Paint::fill(BAND).opacity(0.55));
        if self.proven() < self.points.len() {
            svg.line(upper, Paint::line(BAND, 1.5));
        }
        // Beyond the last point nobody more can be served.
        let beyond = lower.last().map(|&[_, y]| [frame.right, y]);
        svg.line(lower.iter().copied().chain(beyond), Paint::line(CURVE, 2.5));
        if lower.len() <= MOST_DOTS {
            lower.iter().for_each(|&spot| svg.circle(spot, 3.5, Paint::fill(CURVE)));
        }
        let spots: Vec<Spot> = self.marks.iter().map(|m| at(m.agents, m.persons)).collect();
        // Marks that would lie on each other stand apart, with a line to where they belong.
        let beside: Vec<f64> = spots.iter().map(|s| s[0]).collect();
        let xs = apart(&beside, 27.0, frame.left, frame.right + 30.0);
        for (i, (&spot, x)) in spots.iter().zip(xs).enumerate() {
            let seat = [x, spot[1] + if (x - spot[0]).abs() > 1.0 { 34.0 } else { 0.0 }];
            svg.line([spot, seat], Paint::line(FAINT, 1.0));
            svg.circle(spot, 3.5, Paint::fill(phase_colour(i, self.marks.len())));
            self.number(svg, seat, i);
        }
    }

    /// The number of a phase in a disc.
    fn number(&self, svg: &mut Svg, at: Spot, index: usize) {
        let colour = phase_colour(index, self.marks.len());
        svg.circle(at, 11.5, Paint::fill(colour).outlined([255; 3], 2.0));
        svg.text(&(index + 1).to_string(), [at[0], at[1] + 5.0], Type::new(14.0, [255; 3]).bold().middle());
    }

    fn proven(&self) -> usize {
        self.points.iter().filter(|p| p.persons == p.bound).count()
    }

    fn key(&self, svg: &mut Svg, language: Language, mut y: f64) {
        let words = &language.words().frontier;
        let (left, wide) = (LEFT + 52.0, RIGHT - LEFT - 52.0);
        let line = |svg: &mut Svg, y: f64, text: &str| {
            svg.text(&font::fitted(text, 15.0, false, wide), [left, y + 5.0], Type::new(15.0, INK));
        };
        svg.line([[LEFT, y], [LEFT + 36.0, y]], Paint::line(CURVE, 2.5));
        line(svg, y, &words.best);
        y += ROW;
        svg.rect([LEFT, y - 7.0], [36.0, 14.0], Paint::fill(BAND).opacity(0.55));
        let gap = self.points.iter().map(|p| p.gap).fold(0.0, f64::max);
        let gap = format!("{}%", language.number(gap * 100.0, 2));
        let (proven, points) = (self.proven().to_string(), self.points.len().to_string());
        line(svg, y, &fill(&words.bound, &[("proven", &proven), ("points", &points), ("gap", &gap)]));
        y += ROW;
        svg.line([[LEFT, y], [LEFT + 36.0, y]], Paint::line(FAINT, 1.5).dashed(7.0, 6.0));
        let (people, share) = (language.whole(self.coverable), language.percent(self.share(self.coverable)));
        line(svg, y, &fill(&words.most, &[("people", &people), ("share", &share)]));
        if !self.marks.is_empty() {
            y += ROW;
            svg.text(&words.marks, [LEFT, y + 5.0], Type::new(15.0, INK).bold());
        }
        for (i, mark) in self.marks.iter().enumerate() {
            y += ROW;
            self.number(svg, [LEFT + 18.0, y], i);
            let (agents, share) = (language.whole(mark.agents), language.percent(self.share(mark.persons)));
            let phase = font::fitted(language.of(&mark.name), 15.0, false, wide - 220.0);
            line(svg, y, &fill(&words.mark, &[("phase", &phase), ("agents", &agents), ("share", &share)]));
        }
    }
}

fn scenario_standard(study: &Study) -> Standard {
    let of = &study.scenario.standard;
    // The manifest tells the rule by the same words.
    let rule = serde_json::to_value(of.rule).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    Standard { minutes: of.minutes, radius_km: of.radius_km, rule }
}

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    agents: Scale,
    share: Scale,
}

impl Frame {
    fn of(plot: &Frontier, top: f64) -> Frame {
        let (left, right, bottom) = (LEFT + 52.0, RIGHT - 90.0, top + HIGH);
        let marked = plot.marks.iter().map(|m| m.agents);
        let most = plot.points.iter().map(|p| f64::from(p.agents)).chain(marked).fold(1.0, f64::max);
        // Some room beyond the last, up to a round number.
        let step = tick_step(most, 12).max(1.0);
        let end = (most * 1.02 / step).ceil() * step;
        Frame {
            left,
            right,
            top,
            bottom,
            agents: Scale::new([0.0, end], [left, right]),
            share: Scale::new([0.0, 1.0], [bottom, top]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three points on 200 people, of whom 180 can be served; the second is not proven.
    fn example() -> Frontier {
        let point = |agents, persons: f64, bound: f64| Point { agents, persons, bound, gap: 1.0 - persons / bound };
        Frontier {
            points: vec![
                Point { agents: 0, persons: 0.0, bound: 0.0, gap: 0.0 },
                point(1, 100.0, 125.0),
                point(2, 180.0, 180.0),
            ],
            marks: vec![Mark { agents: 2.0, persons: 150.0, name: Text { vi: "Một".into(), en: "One".into() } }],
            persons: 200.0,
            coverable: 180.0,
            standard: Standard { minutes: 30.0, radius_km: 5.0, rule: "either".into() },
        }
    }

    #[test]
    fn the_key_tells_the_proof_by_hand() {
        let title = Text { vi: "K".into(), en: "P".into() };
        let facts = Facts { title, synthetic: false, sources: vec![], version: "1".into() };
        let drawn = example().draw(&facts, &Language::ALL);
        let texts: Vec<String> = drawn.into_iter().map(Svg::finish).collect();
        // (125 − 100) / 125 = 20 %; 2 of 3 points are proven; 180 of 200 are 90 %, 150 are 75 %.
        for said in ["2 of 3 points proven best, largest gap 20%", "180 people (90%)", "One: 2 agents, 75%"] {
            assert!(texts[1].contains(said), "{said}\n{}", texts[1]);
        }
        assert!(texts[0].contains("Một: 2 đại lý, 75%"), "{}", texts[0]);
    }

    #[test]
    fn spots_by_hand() {
        let frame = Frame::of(&example(), 100.0);
        // Steps of 1; 2.04 agents need room to 3: 2 agents are two thirds of the way; 90 % is a tenth below the top.
        assert!((frame.agents.at(2.0) - (frame.left + (frame.right - frame.left) * 2.0 / 3.0)).abs() < 1e-9);
        assert!((frame.share.at(0.9) - (100.0 + HIGH / 10.0)).abs() < 1e-9);
    }
}
