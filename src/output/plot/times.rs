//! How long people travel: the share who arrive within so many minutes, phase by phase, and the people of each phase by
//! their time and mode.

use super::sheet::{BODY, FAINT, Facts, GRID, INK, LEFT, RIGHT, SMALL, TODAY, WARNING, apart, phase_colour, sheet};
use super::words::{Language, fill};
use crate::error::Result;
use crate::output::draw::chart::{Scale, tick_step};
use crate::output::draw::{Paint, Rgb, Svg, Type, font};
use crate::output::read::{Rows, Standard};
use crate::output::run::{PhaseRow, Run, TodayRow};
use crate::output::{schema, table};
use crate::scenario::Text;

/// Colours of modes that all tell apart (M. Okabe, K. Ito, *Color Universal Design*).
const MODES: [Rgb; 6] = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [110, 110, 110]];
/// Steps of the curve in a minute.
const STEPS: f64 = 2.0;
/// The most histograms that are drawn: the first and the last ones.
const MOST_HISTOGRAMS: usize = 6;
const CURVES_HIGH: f64 = 330.0;
const BARS_HIGH: f64 = 150.0;
/// What stands above and below the bars.
const BARS_ROOM: f64 = 92.0;
/// Where the frame ends across; labels of the curves stand right of it.
const END: f64 = RIGHT - 280.0;

/// What the plot shows.
#[derive(Debug, Clone)]
pub struct Times {
    /// The axis ends at so many minutes.
    minutes: f64,
    /// A bar is so many minutes wide.
    bin: f64,
    modes: Vec<Text>,
    phases: Vec<PhaseTimes>,
    today: Option<TodayRow>,
    standard: Standard,
}

/// The people of a phase by their travel time.
#[derive(Debug, Clone, Default)]
struct PhaseTimes {
    /// Number of the phase, from 1.
    number: u32,
    name: Text,
    agents: u32,
    persons: f64,
    /// People by steps of the curve; a time on a border belongs to the step before it, as limits are inclusive.
    steps: Vec<f64>,
    /// People by bar and mode.
    bars: Vec<Vec<f64>>,
    /// Those with a longer way than the axis, by mode.
    beyond: Vec<f64>,
    /// Those without a road to an agent, by mode.
    unreached: Vec<f64>,
    /// Those within the limit of the standard.
    within: f64,
}

impl PhaseTimes {
    /// The share who arrive within each step of the curve, from 0 minutes on.
    fn shares(&self) -> Vec<f64> {
        let mut sum = 0.0;
        let mut shares = vec![0.0];
        for step in &self.steps {
            sum += step;
            shares.push(if self.persons > 0.0 { sum / self.persons } else { 0.0 });
        }
        shares
    }
}

impl Times {
    /// From the tables of a run; `None` where no phase has agents.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn of_run(run: &Run) -> Result<Option<Times>> {
        let phases: Vec<PhaseRow> = run.rows()?;
        let today = super::today(run)?;
        let mut of_phase: Vec<PhaseTimes> = Vec::new();
        for (p, changes) in phases.iter().zip(super::changing(&phases)) {
            if changes.is_some() {
                let name = Text { vi: p.name_vi.clone(), en: p.name_en.clone() };
                of_phase.push(PhaseTimes { number: p.phase, name, agents: p.agents, ..PhaseTimes::default() });
            }
        }
        let Some(last) = phases.last().filter(|_| !of_phase.is_empty()) else { return Ok(None) };
        let standard = run.about.standard.clone();
        let (minutes, bin) = axis(&standard, last.p99_time_s.unwrap_or(0.0) / 60.0);
        let modes: Vec<Text> = run.about.modes.iter().map(|m| m.name.clone()).collect();
        let mut times = Times { minutes, bin, modes, phases: of_phase, today, standard };
        let ids: Vec<&str> = run.about.modes.iter().map(|m| m.id.as_str()).collect();
        times.begin();
        for piece in table::pieces(&run.folder, &schema::CELLS)? {
            crate::stages::go_on()?;
            let columns = ["mode", "phase", "persons", "travel_time_s"];
            let cells = Rows::read_piece(&run.folder, &schema::CELLS, &columns, piece)?;
            let (mode, phase) = (cells.text("mode")?, cells.whole("phase")?);
            let (persons, time) = (cells.number("persons")?, cells.number("travel_time_s")?);
            let rows = mode.iter().zip(phase.iter()).zip(persons.iter().zip(time.iter()));
            times.count(rows.map(|((mode, phase), (persons, time_s))| {
                let mode = mode.and_then(|m| ids.iter().position(|id| *id == m)).unwrap_or(ids.len());
                (phase.unwrap_or(0), mode, persons.unwrap_or(0.0), time_s)
            }));
        }
        Ok(Some(times))
    }

    /// Nobody is counted yet.
    fn begin(&mut self) {
        let (bins, steps) = ((self.minutes / self.bin).round() as usize, (self.minutes * STEPS).round() as usize);
        let modes = self.modes.len().max(1);
        for phase in &mut self.phases {
            phase.steps = vec![0.0; steps];
            phase.bars = vec![vec![0.0; modes]; bins];
            (phase.beyond, phase.unreached) = (vec![0.0; modes], vec![0.0; modes]);
        }
    }

    /// Counts people: phase, index of the mode, people, and seconds to the nearest agent.
    fn count(&mut self, rows: impl Iterator<Item = (u32, usize, f64, Option<f64>)>) {
        let modes = self.modes.len().max(1);
        let numbers: Vec<u32> = self.phases.iter().map(|p| p.number).collect();
        let limit_s = self.standard.minutes * 60.0;
        // The index of the step that ends at or after a time.
        let index = |time_s: f64, step_s: f64| ((time_s / step_s).ceil() - 1.0).max(0.0) as usize;
        for (number, mode, persons, time_s) in rows {
            let Some(phase) = numbers.iter().position(|n| *n == number) else { continue };
            let (phase, mode) = (&mut self.phases[phase], mode.min(modes - 1));
            phase.persons += persons;
            let Some(time_s) = time_s else {
                phase.unreached[mode] += persons;
                continue;
            };
            if time_s <= limit_s {
                phase.within += persons;
            }
            match phase.bars.get_mut(index(time_s, self.bin * 60.0)) {
                Some(bar) => bar[mode] += persons,
                None => phase.beyond[mode] += persons,
            }
            if let Some(step) = phase.steps.get_mut(index(time_s, 60.0 / STEPS)) {
                *step += persons;
            }
        }
    }

    /// The phases with a histogram.
    fn drawn(&self) -> Vec<usize> {
        let n = self.phases.len();
        if n <= MOST_HISTOGRAMS {
            return (0..n).collect();
        }
        std::iter::once(0).chain(n + 1 - MOST_HISTOGRAMS..n).collect()
    }

    /// Whether the standard has a limit of time.
    fn limited(&self) -> bool {
        self.standard.rule != "radius"
    }

    /// The plot in some languages.
    pub fn draw(&self, facts: &Facts, languages: &[Language]) -> Vec<Svg> {
        languages.iter().map(|&language| self.in_language(facts, language)).collect()
    }

    fn in_language(&self, facts: &Facts, language: Language) -> Svg {
        let words = &language.words().times;
        let about = fill(&words.about, &[("standard", &language.standard(&self.standard))]);
        let drawn = self.drawn();
        let bars = drawn.len() as f64 * (BARS_HIGH + BARS_ROOM);
        let height = 40.0 + CURVES_HIGH + 70.0 + bars + 6.0;
        let across = Scale::new([0.0, self.minutes], [LEFT + 66.0, END - 190.0]);
        sheet(facts, language, [&words.title, &about], height, |svg, top| {
            svg.text(&words.cumulative, [LEFT, top + 14.0], Type::new(17.0, INK).bold());
            self.curves(svg, language, &across, top + 40.0);
            let mut y = top + 40.0 + CURVES_HIGH + 70.0;
            let bars = self.phases.iter().flat_map(|p| p.bars.iter().chain([&p.beyond, &p.unreached]));
            let most = bars.map(|bar| bar.iter().sum()).fold(0.0, f64::max);
            for &i in &drawn {
                self.bars(svg, language, &across, y, (i, most));
                y += BARS_HIGH + BARS_ROOM;
            }
            self.modes(svg, language, y - 6.0);
        })
    }

    fn curves(&self, svg: &mut Svg, language: Language, across: &Scale, top: f64) {
        let words = &language.words().times;
        let bottom = top + CURVES_HIGH;
        let up = Scale::new([0.0, 1.0], [bottom, top]);
        let (left, right) = (across.at(0.0), across.at(self.minutes));
        let small = Type::new(SMALL, FAINT);
        for quarter in 0..=4 {
            let y = up.at(f64::from(quarter) / 4.0);
            svg.line([[left, y], [right, y]], Paint::line(GRID, 1.0));
            svg.text(&format!("{}%", quarter * 25), [left - 10.0, y + 5.0], small.end());
        }
        minutes_axis(svg, language, across, bottom);
        if self.limited() {
            let x = across.at(self.standard.minutes);
            svg.line([[x, top - 6.0], [x, bottom]], Paint::line(WARNING, 1.5).dashed(6.0, 4.0));
            let limit = fill(&words.limit, &[("minutes", &language.number(self.standard.minutes, 1))]);
            svg.text(&limit, [x - 6.0, bottom - 10.0], Type::new(SMALL, WARNING).end().rimmed([255; 3], 4.0));
        }
        let mut labels: Vec<(f64, Rgb, String, String)> = Vec::new();
        for (i, phase) in self.phases.iter().enumerate() {
            let colour = phase_colour(i, self.phases.len());
            let shares = phase.shares();
            let spots = shares.iter().enumerate().map(|(step, s)| [across.at(step as f64 / STEPS), up.at(*s)]);
            svg.named(language.of(&phase.name), |svg| svg.line(spots, Paint::line(colour, 3.0)));
            let end = shares.last().copied().unwrap_or(0.0);
            let all = phase.persons.max(f64::MIN_POSITIVE);
            let second = if self.limited() {
                let minutes = language.number(self.standard.minutes, 1);
                fill(&words.within, &[("share", &language.percent(phase.within / all)), ("minutes", &minutes)])
            } else {
                let reached = 1.0 - phase.unreached.iter().sum::<f64>() / all;
                fill(&words.reached, &[("share", &language.percent(reached))])
            };
            labels.push((up.at(end), colour, language.of(&phase.name).to_owned(), second));
        }
        let wanted: Vec<f64> = labels.iter().map(|l| l.0).collect();
        let x = right + 14.0;
        let label = |svg: &mut Svg, y: f64, colour: Rgb, name: &str, second: &[String]| {
            let name = font::fitted(name, BODY, true, RIGHT - x);
            svg.text(&name, [x + 2.0, y + 4.0], Type::new(BODY, colour).bold());
            for (i, text) in second.iter().enumerate() {
                let text = font::fitted(text, SMALL, false, RIGHT - x);
                svg.text(&text, [x + 2.0, y + 21.0 + 17.0 * i as f64], Type::new(SMALL, INK));
            }
        };
        let room = if self.today.is_some() { 120.0 } else { 26.0 };
        let placed = apart(&wanted, 42.0, top + 6.0, bottom - room);
        for ((from, colour, name, second), y) in labels.iter().zip(&placed) {
            svg.line([[right + 2.0, *from], [x - 2.0, *y]], Paint::line(*colour, 1.0));
            label(svg, *y, *colour, name, std::slice::from_ref(second));
        }
        if let Some(today) = &self.today {
            let reached = if today.persons > 0.0 { today.reached_persons / today.persons } else { 0.0 };
            let parts = [(today.median_time_s, 0.5), (today.p90_time_s, 0.9)];
            let mut known = Vec::new();
            for (minutes, share) in parts.into_iter().filter_map(|(time, part)| Some((time? / 60.0, part * reached))) {
                let (of, in_minutes) = (language.percent(share), language.number(minutes, 1));
                known.push(fill(&words.today_within, &[("share", &of), ("minutes", &in_minutes)]));
                if minutes <= self.minutes {
                    svg.circle([across.at(minutes), up.at(share)], 5.0, hollow());
                }
            }
            let y = placed.iter().copied().fold(top, f64::max) + 64.0;
            svg.circle([x - 8.0, y - 1.0], 5.0, hollow());
            let name = fill(&words.today, &[("offices", &language.whole(f64::from(today.offices)))]);
            label(svg, y, TODAY, &name, &known);
        }
    }

    /// The people of a phase: its index, and the most people in a bar of any phase.
    fn bars(&self, svg: &mut Svg, language: Language, across: &Scale, top: f64, (index, most): (usize, f64)) {
        let words = &language.words().times;
        let phase = &self.phases[index];
        let (whole, share) = (|n: f64| language.whole(n), |n: f64| language.percent(n / phase.persons.max(1e-9)));
        let colour = phase_colour(index, self.phases.len());
        let bin = language.number(self.bin, 1);
        let heading = fill(&words.histogram, &[("phase", language.of(&phase.name)), ("bin", &bin)]);
        let heading = font::fitted(&heading, 16.0, true, RIGHT - LEFT - 130.0);
        svg.text(&heading, [LEFT, top], Type::new(16.0, colour).bold());
        let agents = fill(&words.agents, &[("n", &whole(f64::from(phase.agents)))]);
        svg.text(&agents, [RIGHT, top], Type::new(BODY, INK).end());
        let (top, bottom) = (top + 22.0, top + 22.0 + BARS_HIGH);
        let up = Scale::new([0.0, most.max(1.0) * 1.05], [bottom, top]);
        let (left, right) = (across.at(0.0), across.at(self.minutes));
        for people in up.ticks(4) {
            let y = up.at(people);
            svg.line([[left, y], [right, y]], Paint::line(GRID, 1.0));
            svg.text(&whole(people), [left - 10.0, y + 5.0], Type::new(SMALL, FAINT).end());
        }
        let wide = across.at(self.bin) - left;
        let gap = if wide > 8.0 { 1.5 } else { 0.5 };
        let stack = |svg: &mut Svg, x: f64, wide: f64, people: &[f64]| {
            let mut below = 0.0;
            for (mode, n) in people.iter().enumerate() {
                let (low, high) = (up.at(below), up.at(below + n));
                svg.rect([x, high], [wide, low - high], Paint::fill(MODES[mode.min(MODES.len() - 1)]));
                below += n;
            }
        };
        for (i, people) in phase.bars.iter().enumerate() {
            stack(svg, across.at(i as f64 * self.bin) + gap / 2.0, wide - gap, people);
        }
        // Beyond the axis, apart from it.
        let beside = [
            (&phase.beyond, fill(&words.beyond, &[("minutes", &language.number(self.minutes, 1))])),
            (&phase.unreached, words.unreached.clone()),
        ];
        for (i, (people, name)) in beside.iter().enumerate() {
            let x = right + 50.0 + 96.0 * i as f64;
            stack(svg, x, 34.0, people);
            svg.line([[x - 4.0, bottom], [x + 38.0, bottom]], Paint::line(FAINT, 1.0));
            svg.text(name, [x + 17.0, bottom + 20.0], Type::new(SMALL, FAINT).middle());
        }
        minutes_axis(svg, language, across, bottom);
        let (beyond, unreached): (f64, f64) = (phase.beyond.iter().sum(), phase.unreached.iter().sum());
        let mut told = Vec::new();
        if self.limited() {
            let x = across.at(self.standard.minutes);
            svg.line([[x, top - 4.0], [x, bottom]], Paint::line(WARNING, 1.5).dashed(6.0, 4.0));
            let minutes = language.number(self.standard.minutes, 1);
            let values = [("people", &*whole(phase.within)), ("share", &share(phase.within)), ("minutes", &minutes)];
            told.push(fill(&words.people_within, &values));
            let longer = phase.persons - phase.within - unreached;
            told.push(fill(&words.people_beyond, &[("people", &whole(longer.max(0.0)))]));
        } else {
            told.push(fill(&words.reached, &[("share", &share(phase.persons - unreached))]));
            told.push(format!("{} {}", whole(beyond), beside[0].1));
        }
        told.push(fill(&words.people_unreached, &[("people", &whole(unreached))]));
        let x = right + 226.0;
        let mut y = top + 14.0;
        for text in told {
            for line in font::wrapped(&text, SMALL, false, RIGHT - x, 2) {
                svg.text(&line, [x, y], Type::new(SMALL, INK));
                y += 18.0;
            }
            y += 6.0;
        }
    }

    /// Which colour is which mode.
    fn modes(&self, svg: &mut Svg, language: Language, y: f64) {
        if self.modes.len() < 2 {
            return;
        }
        let mut x = LEFT;
        for (i, mode) in self.modes.iter().enumerate() {
            let name = font::fitted(language.of(mode), BODY, false, 240.0);
            svg.rect([x, y - 12.0], [22.0, 14.0], Paint::fill(MODES[i.min(MODES.len() - 1)]));
            svg.text(&name, [x + 29.0, y], Type::new(BODY, INK));
            x += 29.0 + font::width(&name, BODY, false) + 30.0;
        }
    }
}

/// The mark of today: of it only the times of half and of nine tenths are known.
fn hollow() -> Paint {
    Paint::fill([255; 3]).outlined(TODAY, 2.2)
}

fn minutes_axis(svg: &mut Svg, language: Language, across: &Scale, y: f64) {
    let ticks = across.ticks(7);
    let last = ticks.len().saturating_sub(1);
    svg.line([[across.at(f64::MIN), y], [across.at(f64::MAX), y]], Paint::line(FAINT, 1.0));
    for (i, minutes) in ticks.into_iter().enumerate() {
        let x = across.at(minutes);
        svg.line([[x, y], [x, y + 5.0]], Paint::line(FAINT, 1.0));
        let mut text = language.number(minutes, 1);
        if i == last {
            text = format!("{text} {}", language.words().times.minutes);
        }
        svg.text(&text, [x, y + 20.0], Type::new(SMALL, FAINT).middle());
    }
}

/// Minutes of the axis and of a bar. The axis holds the limit twice, or nearly all people where they travel longer, but
/// the limit no more than four times; a bar divides both, so that the limit lies between two bars.
fn axis(standard: &Standard, p99_minutes: f64) -> (f64, f64) {
    let limit = if standard.rule == "radius" { 0.0 } else { standard.minutes };
    let least = if limit > 0.0 { p99_minutes.clamp(2.0 * limit, 4.0 * limit) } else { p99_minutes.clamp(10.0, 240.0) };
    let divides = |part: f64, whole: f64| (whole / part - (whole / part).round()).abs() < 1e-9;
    let fits = |bin: &f64| divides(*bin, limit) && (15.0..=70.0).contains(&(least / bin));
    let bin = [5.0, 2.0, 1.0, 0.5].into_iter().find(fits).unwrap_or_else(|| tick_step(least, 40).max(0.5));
    // The axis ends on a bar, and on a label where that takes few bars more.
    let step = tick_step(least, 7).max(bin);
    let end = (least / step - 1e-9).ceil() * step;
    let end = if divides(bin, end) { end } else { (least / bin - 1e-9).ceil() * bin };
    (end.min(1440.0), bin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(minutes: f64, rule: &str) -> Standard {
        Standard { minutes, radius_km: 5.0, rule: rule.into() }
    }

    fn example() -> Times {
        let text = |t: &str| Text { vi: t.into(), en: t.into() };
        let phase = |number| PhaseTimes { number, name: text("P"), agents: 1, ..PhaseTimes::default() };
        let mut times = Times {
            minutes: 60.0,
            bin: 2.0,
            modes: vec![text("moto"), text("foot")],
            phases: vec![phase(1), phase(3)],
            today: None,
            standard: standard(30.0, "either"),
        };
        times.begin();
        times.count(
            [
                // Exactly two minutes belong to the first bar, a millisecond more to the second.
                (1, 0, 10.0, Some(120.0)),
                (1, 1, 20.0, Some(120.001)),
                // Exactly at the limit is within it.
                (1, 0, 40.0, Some(1800.0)),
                (1, 0, 80.0, Some(1800.001)),
                // At the end of the axis, and beyond it.
                (1, 1, 160.0, Some(3600.0)),
                (1, 1, 320.0, Some(3600.001)),
                (1, 0, 640.0, None),
                (3, 0, 7.0, Some(0.0)),
                // A phase that is not drawn.
                (2, 0, 1e6, Some(1.0)),
            ]
            .into_iter(),
        );
        times
    }

    #[test]
    fn people_by_hand() {
        let times = example();
        let first = &times.phases[0];
        assert_eq!((first.bars[0].as_slice(), first.bars[1].as_slice()), (&[10.0, 0.0][..], &[0.0, 20.0][..]));
        // 30 minutes end the 15th bar, 60 minutes the 30th.
        assert_eq!((first.bars[14][0], first.bars[15][0], first.bars[29][1]), (40.0, 80.0, 160.0));
        assert_eq!((first.bars.len(), first.beyond[1], first.unreached[0]), (30, 320.0, 640.0));
        assert_eq!((first.persons, first.within), (1270.0, 70.0));
        let shares = first.shares();
        // Half minutes: 10 of 1270 within 2 minutes, 30 within 2.5, 70 within 30, 310 within 60.
        assert_eq!([4, 5, 60, 120].map(|step| (shares[step] * 1270.0).round()), [10.0, 30.0, 70.0, 310.0]);
        let second = &times.phases[1];
        assert_eq!((second.persons, second.bars[0][0], second.within), (7.0, 7.0, 7.0));
    }

    #[test]
    fn heights_of_bars_by_hand() {
        let title = Text { vi: "K".into(), en: "P".into() };
        let facts = Facts { title, synthetic: false, sources: vec![], version: "1".into() };
        let svg = example().draw(&facts, &[Language::En]).remove(0).finish();
        let page = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let high = |colour: Rgb| -> Vec<f64> {
            let fill = crate::output::draw::svg::hex(colour);
            let bars = page.descendants().filter(|n| n.has_tag_name("rect") && n.attribute("fill") == Some(&fill));
            bars.map(|n| n.attribute("height").unwrap().parse().unwrap()).collect()
        };
        // The highest bar is 640 people; the axis goes a twentieth beyond on 150 pixels: 150 / 672 a person. The last
        // bar of each colour is the key's, 14 pixels high.
        let expected =
            |people: &[f64]| -> Vec<f64> { people.iter().map(|n| n * 150.0 / 672.0).chain([14.0]).collect() };
        for (colour, people) in [(MODES[0], &[10.0, 40.0, 80.0, 640.0, 7.0][..]), (MODES[1], &[20.0, 160.0, 320.0])] {
            let (found, expected) = (high(colour), expected(people));
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.011), "{found:?} {expected:?}");
        }
        assert!(svg.contains("70 people (5.5%) within 30 minutes") && svg.contains("560 people longer"), "{svg}");
    }

    #[test]
    fn the_limit_lies_between_bars() {
        // Twice 30 minutes in bars of 2; people who travel 100 minutes widen the axis to 100; at most 120.
        assert_eq!(axis(&standard(30.0, "either"), 20.0), (60.0, 2.0));
        assert_eq!(axis(&standard(30.0, "either"), 95.0), (100.0, 5.0));
        assert_eq!(axis(&standard(30.0, "time"), 500.0), (120.0, 5.0));
        assert_eq!(axis(&standard(15.0, "time"), 1.0), (30.0, 1.0));
        let (end, bin) = axis(&standard(17.5, "time"), 1.0);
        assert_eq!((bin, (17.5_f64 / bin).fract(), (end / bin).fract()), (0.5, 0.0, 0.0));
        // Without a limit of time the people decide.
        assert_eq!(axis(&standard(30.0, "radius"), 48.0).0, 50.0);
    }

    #[test]
    fn many_phases_show_the_first_and_the_last() {
        let mut times = example();
        times.phases = vec![times.phases[0].clone(); 9];
        assert_eq!(times.drawn(), [0, 4, 5, 6, 7, 8]);
    }
}
