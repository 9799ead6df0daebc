//! The frontier as a plot: people served by the number of agents, the bound above it, the plan's phases beside it.

use std::path::Path;

use super::{Anchor, Canvas, SIZE, Svg, dashed, shortened, tick_step};
use crate::error::Result;
use crate::output::picture::{Picture, Rgb, Spot};
use crate::rollout::frontier::Frontier;
use crate::study::Study;
use crate::units::{Persons, grouped};

const INK: Rgb = [35, 40, 48];
const FAINT: Rgb = [110, 118, 128];
const GRID: Rgb = [226, 230, 235];
const CURVE: Rgb = [0, 92, 170];
const BAND: Rgb = [240, 150, 40];
const MARK: Rgb = [190, 30, 60];
/// The frame of the curve: left, top, right, bottom.
const FRAME: [f64; 4] = [150.0, 170.0, 1450.0, 840.0];
/// Letters of the axes, and of the title.
const SMALL: f64 = 14.0;
const LARGE: f64 = 24.0;
/// Up to so many points are drawn as dots too.
const MOST_DOTS: usize = 80;

/// Writes `frontier.svg` and `frontier.png`.
///
/// # Errors
/// The disk refuses one.
pub fn write(folder: &Path, study: &Study, frontier: &Frontier) -> Result<()> {
    let plot = Plot::new(study, frontier);
    let mut svg = Svg::new(SIZE, &format!("{} / {}", plot.title[0], plot.title[1]));
    plot.draw(&mut svg);
    svg.save(&folder.join("frontier.svg"))?;
    let mut picture = Picture::new(SIZE[0], SIZE[1], [255; 3]);
    plot.draw(&mut picture);
    picture.save(&folder.join("frontier.png"))
}

/// What the plot shows, apart from the study.
struct Plot {
    title: [String; 2],
    notes: Vec<String>,
    /// Agents, people served, bound.
    points: Vec<(f64, f64, f64)>,
    /// Agents, people, what it is called in Vietnamese and in English.
    marks: Vec<(f64, f64, [String; 2])>,
    persons: f64,
    coverable: f64,
    most_agents: f64,
    proven: usize,
    worst_gap: f64,
}

impl Plot {
    fn new(study: &Study, frontier: &Frontier) -> Self {
        let scenario = &study.scenario;
        let mut notes: Vec<String> = Vec::new();
        if scenario.synthetic {
            notes.push("Dữ liệu giả định, không dùng để quyết định / Made-up data: not for decisions".into());
        }
        notes.extend(scenario.attribution.iter().take(2).cloned());
        let marks = frontier.marks.iter().map(|m| {
            let name = &scenario.phases[m.phase].name;
            (f64::from(m.agents), m.persons.people(), [name.vi.clone(), name.en.clone()])
        });
        let marks: Vec<_> = marks.collect();
        let last = frontier.points.last().map_or(0.0, |p| f64::from(p.agents));
        Plot {
            title: [scenario.title.vi.clone(), scenario.title.en.clone()],
            notes,
            points: frontier
                .points
                .iter()
                .map(|p| (f64::from(p.agents), p.persons.people(), p.bound.people()))
                .collect(),
            most_agents: marks.iter().map(|m| m.0).fold(last, f64::max).max(1.0),
            marks,
            persons: frontier.persons.people(),
            coverable: frontier.coverable.people(),
            proven: frontier.points.iter().filter(|p| p.persons == p.bound).count(),
            worst_gap: frontier.points.iter().map(|p| p.gap).fold(0.0, f64::max),
        }
    }

    fn spot(&self, agents: f64, persons: f64) -> Spot {
        let [left, top, right, bottom] = FRAME;
        let share = if self.persons > 0.0 { persons / self.persons } else { 0.0 };
        // Some room beyond the last, for its mark.
        [left + (right - left) * agents / (self.most_agents * 1.03), bottom - (bottom - top) * share]
    }

    fn share(&self, persons: f64) -> f64 {
        if self.persons > 0.0 { persons / self.persons * 100.0 } else { 0.0 }
    }

    fn draw(&self, canvas: &mut dyn Canvas) {
        self.titles(canvas);
        self.axes(canvas);
        self.curve(canvas);
        self.legend(canvas);
    }

    fn titles(&self, canvas: &mut dyn Canvas) {
        let left = FRAME[0];
        canvas.text("Số người được phục vụ theo số đại lý", [left, 62.0], LARGE, Anchor::Start, INK);
        canvas.text("People served by the number of agents", [left, 104.0], 18.0, Anchor::Start, FAINT);
        for (title, y) in self.title.iter().zip([62.0, 104.0]) {
            canvas.text(&shortened(title, 44), [SIZE[0] as f64 - 20.0, y], 11.0, Anchor::End, FAINT);
        }
        for (i, note) in self.notes.iter().enumerate() {
            let at = [left, 942.0 + 24.0 * i as f64];
            canvas.text(&shortened(note, 110), at, 10.0, Anchor::Start, FAINT);
        }
    }

    fn axes(&self, canvas: &mut dyn Canvas) {
        let [left, top, right, bottom] = FRAME;
        for tenth in 0..=10 {
            let persons = self.persons * f64::from(tenth) / 10.0;
            let y = self.spot(0.0, persons)[1];
            canvas.line(&[[left, y], [right, y]], 1.0, GRID);
            if tenth % 2 == 0 {
                let share = format!("{}%", tenth * 10);
                canvas.text(&share, [left - 14.0, y + SMALL / 2.0], SMALL, Anchor::End, INK);
                let people = grouped(persons.round() as u64, ' ');
                canvas.text(&people, [right + 14.0, y + SMALL / 2.0], 12.0, Anchor::Start, FAINT);
            }
        }
        let step = tick_step(self.most_agents, 12).max(1.0);
        let mut agents = 0.0;
        while agents <= self.most_agents + 1e-9 {
            let x = self.spot(agents, 0.0)[0];
            canvas.line(&[[x, top], [x, bottom]], 1.0, GRID);
            canvas.line(&[[x, bottom], [x, bottom + 7.0]], 2.0, INK);
            canvas.text(&format!("{agents}"), [x, bottom + 30.0], SMALL, Anchor::Middle, INK);
            agents += step;
        }
        canvas.line(&[[left, top], [left, bottom], [right, bottom]], 2.0, INK);
        let middle = (left + right) / 2.0;
        let agents = "Số đại lý (kể cả điểm đã có) / Agents (fixed sites included)";
        canvas.text(agents, [middle, bottom + 66.0], SMALL, Anchor::Middle, INK);
        canvas.text("% dân số / % of the people", [left - 100.0, top - 22.0], 12.0, Anchor::Start, FAINT);
        canvas.text("Người / People", [SIZE[0] as f64 - 20.0, top - 22.0], 12.0, Anchor::End, FAINT);
    }

    fn curve(&self, canvas: &mut dyn Canvas) {
        let right = [FRAME[2], self.spot(0.0, self.coverable)[1]];
        dashed(canvas, self.spot(0.0, self.coverable), right, 8.0, 1.5, FAINT);
        let upper = || self.points.iter().map(|&(agents, _, bound)| self.spot(agents, bound));
        let lower: Vec<Spot> = self.points.iter().map(|&(agents, persons, _)| self.spot(agents, persons)).collect();
        let band: Vec<Spot> = upper().chain(lower.iter().rev().copied()).collect();
        canvas.area(&band, BAND, 0.45);
        if self.proven < self.points.len() {
            canvas.line(&upper().collect::<Vec<_>>(), 1.5, BAND);
        }
        canvas.line(&lower, 3.0, CURVE);
        if lower.len() <= MOST_DOTS {
            lower.iter().for_each(|&at| canvas.dot(at, 4.5, CURVE));
        }
        // Beyond the last point nobody more can be served.
        if let Some(&last) = lower.last() {
            canvas.line(&[last, [right[0], last[1]]], 1.5, CURVE);
        }
        for (i, &(agents, persons, _)) in self.marks.iter().enumerate() {
            number(canvas, self.spot(agents, persons), i + 1);
        }
    }

    /// In the corner below the curve, which is empty: the curve is steep first.
    fn legend(&self, canvas: &mut dyn Canvas) {
        let n = self.marks.len().min(MOST_MARKS);
        let (left, line) = (640.0, 46.0);
        let top = FRAME[3] - 40.0 - line * (n as f64 + 3.0);
        canvas.area(
            &[
                [left - 30.0, top - 34.0],
                [FRAME[2] - 6.0, top - 34.0],
                [FRAME[2] - 6.0, FRAME[3] - 20.0],
                [left - 30.0, FRAME[3] - 20.0],
            ],
            [255; 3],
            0.9,
        );
        let mut y = top;
        let mut row = |canvas: &mut dyn Canvas, vi: &str, en: &str| {
            canvas.text(&shortened(vi, 72), [left + 40.0, y], 12.0, Anchor::Start, INK);
            canvas.text(&shortened(en, 86), [left + 40.0, y + 20.0], 10.0, Anchor::Start, FAINT);
            y += line;
            [left, y - line - 4.0]
        };
        let at = row(canvas, "Phương án tốt nhất tìm được", "Best choice found");
        canvas.line(&[[at[0] - 18.0, at[1]], [at[0] + 18.0, at[1]]], 3.0, CURVE);
        let proven = [
            format!("Cận trên: {} trên {} điểm đã được chứng minh tối ưu", self.proven, self.points.len()),
            format!(
                "Upper bound: {} of {} points proven best, largest gap {:.2}%",
                self.proven,
                self.points.len(),
                self.worst_gap * 100.0
            ),
        ];
        let at = row(canvas, &proven[0], &proven[1]);
        let (x, y) = (at[0], at[1]);
        canvas.area(&[[x - 18.0, y - 9.0], [x + 18.0, y - 9.0], [x + 18.0, y + 9.0], [x - 18.0, y + 9.0]], BAND, 0.45);
        let people = |separator| grouped(Persons::from_people(self.coverable).people().round() as u64, separator);
        let share = self.share(self.coverable);
        let at = row(
            canvas,
            &format!("Nhiều nhất có thể với mọi địa điểm: {} người ({share:.1}%)", people('.')),
            &format!("Most that all candidates can serve: {} people ({share:.1}%)", people(',')),
        );
        dashed(canvas, [at[0] - 18.0, at[1]], [at[0] + 18.0, at[1]], 6.0, 1.5, FAINT);
        for (i, (agents, persons, [vi, en])) in self.marks.iter().take(MOST_MARKS).enumerate() {
            let share = self.share(*persons);
            let vi = format!("{}: {agents} đại lý, {share:.1}%", shortened(vi, 44));
            let en = format!("{}: {agents} agents, {share:.1}%", shortened(en, 56));
            let at = row(canvas, &vi, &en);
            number(canvas, at, i + 1);
        }
    }
}

/// Phases told in the legend; more would not fit.
const MOST_MARKS: usize = 8;

fn number(canvas: &mut dyn Canvas, at: Spot, number: usize) {
    canvas.dot(at, 13.0, [255; 3]);
    canvas.dot(at, 11.5, MARK);
    canvas.text(&number.to_string(), [at[0], at[1] + 5.5], 11.0, Anchor::Middle, [255; 3]);
}
