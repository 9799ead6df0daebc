//! The work of each agent in the last phase: its dossiers a day, what it cannot carry, its counters and their use.
//!
//! Few agents are rows with their names; many are columns in the order of their work, with the names of the first.

use super::sheet::{BODY, FAINT, Facts, GRID, INK, LEFT, RIGHT, SMALL, WARNING, sheet};
use super::words::{Language, fill};
use crate::error::Result;
use crate::output::draw::chart::Scale;
use crate::output::draw::{Paint, Rgb, Svg, Type, font};
use crate::output::run::{AgentRow, LoadRow, PhaseRow, Run};
use crate::scenario::Text;

const AGENT: Rgb = [0, 114, 178];
const OFFICE: Rgb = [110, 116, 124];
const USE: Rgb = [0, 130, 100];
/// Up to so many agents are rows with names.
const MOST_ROWS: usize = 60;
const ROW: f64 = 21.0;
/// So many agents are named where they are columns.
const NAMED: usize = 8;

/// What the plot shows.
#[derive(Debug, Clone)]
pub struct Loads {
    phase: Text,
    /// Most work first.
    agents: Vec<Agent>,
    /// Whether counters and overflow are known.
    counted: bool,
    /// The most that an agent can carry, where that is the same for all (dossiers a working day).
    ceiling: Option<f64>,
}

/// An agent's work.
#[derive(Debug, Clone, Default, PartialEq)]
struct Agent {
    name: String,
    office: bool,
    /// All that comes to it (dossiers a working day).
    load: f64,
    /// Of those, what it cannot carry.
    overflow: f64,
    counters: u32,
    /// Share of the counters' time in the busiest hour (0–1).
    utilisation: f64,
}

impl Loads {
    /// From the tables of a run: the last phase, by the loads of `[capacity]`, else by the nearest agent. `None` where
    /// nobody brings anything.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn of_run(run: &Run) -> Result<Option<Loads>> {
        let phases: Vec<PhaseRow> = run.rows()?;
        let Some(last) = phases.last() else { return Ok(None) };
        let loads: Vec<LoadRow> = run.rows()?;
        let counted = !loads.is_empty();
        let mut ceiling = None;
        let agents: Vec<Agent> = if counted {
            let of_last = loads.into_iter().filter(|l| l.phase == last.phase);
            let most = of_last.clone().filter(|l| !l.office).map(|l| l.most_per_day);
            let (low, high) = most.fold((f64::INFINITY, 0.0_f64), |(low, high), m| (low.min(m), high.max(m)));
            ceiling = (high - low <= 1e-6 * high).then_some(high);
            let agent = |l: LoadRow| Agent {
                name: l.name,
                office: l.office,
                load: l.dossiers_per_day,
                overflow: l.overflow_per_day,
                counters: l.counters,
                utilisation: l.utilisation,
            };
            of_last.map(agent).collect()
        } else {
            let rows: Vec<AgentRow> = run.rows()?;
            let stand = rows.into_iter().filter(|a| a.closes_phase.is_none_or(|p| p > last.phase));
            stand.map(|a| Agent { name: a.name, load: a.dossiers_per_day, ..Agent::default() }).collect()
        };
        let phase = Text { vi: last.name_vi.clone(), en: last.name_en.clone() };
        Ok(Loads::of(phase, agents, counted).map(|plot| Loads { ceiling, ..plot }))
    }

    fn of(phase: Text, mut agents: Vec<Agent>, counted: bool) -> Option<Loads> {
        agents.sort_by(|a, b| b.load.total_cmp(&a.load).then_with(|| a.name.cmp(&b.name)));
        agents.iter().any(|a| a.load > 0.0).then_some(Loads { phase, agents, counted, ceiling: None })
    }

    /// The plot in some languages.
    pub fn draw(&self, facts: &Facts, languages: &[Language]) -> Vec<Svg> {
        languages.iter().map(|&language| self.in_language(facts, language)).collect()
    }

    fn in_language(&self, facts: &Facts, language: Language) -> Svg {
        let words = &language.words().loads;
        let mut about = vec![fill(&words.about, &[("phase", language.of(&self.phase))])];
        let half = self.agents[self.agents.len() / 2..].first().map_or(0.0, |a| a.load);
        about.push(fill(&words.half, &[("load", &language.number(half, 1))]));
        let over = self.agents.iter().filter(|a| a.overflow > 0.0);
        let (n, load) = (over.clone().count(), over.map(|a| a.overflow).sum::<f64>());
        if self.counted && n == 0 {
            about.push(words.overflow_none.clone());
        } else if n > 0 {
            let (n, load) = (language.whole(n as f64), language.number(load, 1));
            about.push(fill(&words.overflow_some, &[("n", &n), ("load", &load)]));
        }
        let title = if self.offices() { &words.title_offices } else { &words.title };
        let rows = self.agents.len() <= MOST_ROWS;
        let height = match (rows, self.counted) {
            (true, _) => 30.0 + self.agents.len() as f64 * ROW,
            (false, true) => 912.0,
            (false, false) => 566.0,
        };
        let keyed = self.kinds(language);
        let room = if keyed.is_empty() { 14.0 } else { 46.0 };
        sheet(facts, language, [title, &about.join(" ")], height + room, |svg, top| {
            key(svg, top + 14.0, &keyed);
            if rows { self.rows(svg, language, top + room) } else { self.columns(svg, language, top + room) }
        })
    }

    fn offices(&self) -> bool {
        self.agents.iter().any(|a| a.office)
    }

    /// Which colour is what; nothing where there is only one.
    fn kinds(&self, language: Language) -> Vec<(Rgb, &'static str)> {
        let words = &language.words().loads;
        let mut kinds = Vec::new();
        if self.offices() {
            kinds.extend([(AGENT, words.carried.as_str()), (OFFICE, &words.office)]);
        }
        if self.agents.iter().any(|a| a.overflow > 0.0) {
            kinds.push((WARNING, &words.overflow));
        }
        kinds
    }

    /// What an agent's bar says beside its colours.
    fn label(&self, language: Language, agent: &Agent) -> String {
        let load = language.number(agent.load, 1);
        if agent.overflow <= 0.0 {
            return load;
        }
        let over = fill(&language.words().loads.over, &[("load", &language.number(agent.overflow, 1))]);
        format!("{load} ({over})")
    }

    /// A bar along one direction: what is carried, then what is not.
    fn parts(agent: &Agent) -> [(f64, f64, Rgb); 2] {
        let carried = (agent.load - agent.overflow).max(0.0);
        [(0.0, carried, if agent.office { OFFICE } else { AGENT }), (carried, agent.load, WARNING)]
    }

    fn rows(&self, svg: &mut Svg, language: Language, top: f64) {
        let words = &language.words().loads;
        let bars_end = if self.counted { RIGHT - 330.0 } else { RIGHT };
        let most = self.agents[0].load;
        // Room for what stands right of a bar.
        let beside = self.agents.iter().map(|a| font::width(&self.label(language, a), SMALL, false));
        let names = LEFT + 290.0;
        let along = Scale::new([0.0, most], [names, bars_end - 10.0 - beside.fold(40.0, f64::max)]);
        let (counters, used) = (RIGHT - 270.0, [RIGHT - 210.0, RIGHT - 52.0]);
        let bold = Type::new(SMALL, FAINT).bold();
        svg.text(&words.load, [names, top + 6.0], bold);
        if self.counted {
            svg.text(&words.counters, [counters, top + 6.0], bold.middle());
            let heading = font::fitted(&words.utilisation_short, SMALL, true, RIGHT - used[0]);
            svg.text(&heading, [used[0], top + 6.0], bold);
        }
        for (i, agent) in self.agents.iter().enumerate() {
            let y = top + 16.0 + i as f64 * ROW;
            let base = y + ROW - 6.0;
            svg.named(&format!("{}: {}", agent.name, self.label(language, agent)), |svg| {
                let name = font::fitted(&agent.name, SMALL, false, names - LEFT - 10.0);
                svg.text(&name, [names - 8.0, base], Type::new(SMALL, INK).end());
                for (from, to, colour) in Loads::parts(agent) {
                    svg.rect(
                        [along.at(from), y + 3.0],
                        [along.at(to) - along.at(from), ROW - 5.0],
                        Paint::fill(colour),
                    );
                }
                let colour = if agent.overflow > 0.0 { WARNING } else { INK };
                let kind = Type::new(SMALL, colour);
                svg.text(&self.label(language, agent), [along.at(agent.load) + 6.0, base], kind);
            });
            if self.counted {
                svg.text(&agent.counters.to_string(), [counters, base], Type::new(SMALL, INK).middle());
                let across = Scale::new([0.0, 1.0], used);
                svg.rect([used[0], y + 7.0], [used[1] - used[0], ROW - 13.0], Paint::fill(GRID));
                svg.rect([used[0], y + 7.0], [across.at(agent.utilisation) - used[0], ROW - 13.0], Paint::fill(USE));
                let percent = language.percent(agent.utilisation);
                svg.text(&percent, [RIGHT, base], Type::new(SMALL, INK).end());
            }
        }
    }

    fn columns(&self, svg: &mut Svg, language: Language, top: f64) {
        let words = &language.words().loads;
        let across = Scale::new([0.0, self.agents.len() as f64], [LEFT + 52.0, RIGHT]);
        // Agents that are full end at the ceiling, which is drawn where it is near.
        let ceiling = self.ceiling.filter(|c| *c <= 1.5 * self.agents[0].load);
        let most = ceiling.unwrap_or(0.0).max(self.agents[0].load);
        let mut bottom = self.panel(svg, language, (top, 360.0), (&words.load, most), &across, Loads::parts);
        if let Some(ceiling) = ceiling {
            let y = Scale::new([0.0, most], [bottom, bottom - 360.0]).at(ceiling);
            svg.line([[LEFT + 52.0, y], [RIGHT, y]], Paint::line(INK, 1.2).dashed(6.0, 4.0));
            let text = fill(&words.ceiling, &[("load", &language.number(ceiling, 1))]);
            svg.text(&text, [RIGHT, y + 18.0], Type::new(SMALL, INK).end().rimmed([255; 3], 4.0));
        }
        if self.counted {
            let one = |to: f64, colour| [(0.0, to, colour), (0.0, 0.0, colour)];
            let most = self.agents.iter().map(|a| a.counters).max().unwrap_or(1);
            let counters = |a: &Agent| one(f64::from(a.counters), if a.office { OFFICE } else { AGENT });
            let most = f64::from(most.max(1));
            bottom = self.panel(svg, language, (bottom + 26.0, 120.0), (&words.counters, most), &across, counters);
            let used = |a: &Agent| one(a.utilisation * 100.0, USE);
            let heading = format!("{} (%)", words.utilisation);
            bottom = self.panel(svg, language, (bottom + 26.0, 150.0), (&heading, 100.0), &across, used);
        }
        for rank in across.ticks(10).into_iter().filter(|r| *r >= 1.0) {
            svg.text(&language.whole(rank), [across.at(rank), bottom + 20.0], Type::new(SMALL, FAINT).middle());
        }
        svg.text(&words.rank, [(LEFT + 52.0 + RIGHT) / 2.0, bottom + 42.0], Type::new(SMALL, INK).middle());
        self.names(svg, language, bottom + 78.0);
    }

    /// A panel of columns, most work first; the place of its bottom.
    fn panel(
        &self,
        svg: &mut Svg,
        language: Language,
        (top, high): (f64, f64),
        (heading, most): (&str, f64),
        across: &Scale,
        parts: impl Fn(&Agent) -> [(f64, f64, Rgb); 2],
    ) -> f64 {
        svg.text(heading, [LEFT, top], Type::new(BODY, INK).bold());
        let (top, bottom) = (top + 14.0, top + 14.0 + high);
        let up = Scale::new([0.0, most], [bottom, top]);
        for value in up.ticks(if high > 200.0 { 5 } else { 4 }).into_iter().filter(|v| most > 5.0 || v.fract() == 0.0) {
            let y = up.at(value);
            svg.line([[LEFT + 52.0, y], [RIGHT, y]], Paint::line(GRID, 1.0));
            svg.text(&language.number(value, 1), [LEFT + 44.0, y + 5.0], Type::new(SMALL, FAINT).end());
        }
        let wide = across.at(1.0) - across.at(0.0);
        let gap = if wide > 4.0 { 1.0 } else { 0.0 };
        for (i, agent) in self.agents.iter().enumerate() {
            let x = across.at(i as f64);
            for (from, to, colour) in parts(agent) {
                let size = [wide - gap, up.at(from) - up.at(to)];
                let paint = Paint::fill(colour);
                // Without gaps nothing may shine through between columns.
                svg.rect([x, up.at(to)], size, if gap > 0.0 { paint } else { paint.crisp() });
            }
        }
        bottom
    }

    /// Two columns of names: those with most work, and where some have overflow, those with most of it.
    fn names(&self, svg: &mut Svg, language: Language, top: f64) {
        let words = &language.words().loads;
        let half = NAMED / 2;
        let mut over: Vec<usize> = (0..self.agents.len()).filter(|&i| self.agents[i].overflow > 0.0).collect();
        // Stable: of the same overflow the one with more work first.
        over.sort_by(|&a, &b| self.agents[b].overflow.total_cmp(&self.agents[a].overflow));
        over.truncate(half);
        let (second, heading) = if over.is_empty() {
            ((half..NAMED.min(self.agents.len())).collect(), "")
        } else {
            (over, words.most_over.as_str())
        };
        let wide = (RIGHT - LEFT - 40.0) / 2.0;
        let columns = [((0..half.min(self.agents.len())).collect(), words.most.as_str()), (second, heading)];
        for (column, (named, heading)) in columns.iter().enumerate() {
            let left = LEFT + column as f64 * (wide + 40.0);
            svg.text(heading, [left, top], Type::new(BODY, INK).bold());
            for (row, &i) in named.iter().enumerate() {
                let y = top + 24.0 + 22.0 * row as f64;
                let agent: &Agent = &self.agents[i];
                let colour = if agent.overflow > 0.0 { WARNING } else { INK };
                let label = self.label(language, agent);
                let room = wide - 60.0 - font::width(&label, BODY, false);
                svg.text(&format!("{}.", i + 1), [left + 34.0, y], Type::new(BODY, FAINT).end());
                let name = font::fitted(&agent.name, BODY, false, room);
                svg.text(&name, [left + 42.0, y], Type::new(BODY, INK));
                svg.text(&label, [left + wide, y], Type::new(BODY, colour).end());
            }
        }
    }
}

fn key(svg: &mut Svg, y: f64, kinds: &[(Rgb, &str)]) {
    let mut x = LEFT;
    for (colour, name) in kinds {
        svg.rect([x, y - 12.0], [22.0, 14.0], Paint::fill(*colour));
        svg.text(name, [x + 29.0, y], Type::new(BODY, INK));
        x += 29.0 + font::width(name, BODY, false) + 30.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let title = Text { vi: "K".into(), en: "P".into() };
        Facts { title, synthetic: false, sources: vec![], version: "1".into() }
    }

    fn agent(name: &str, load: f64, overflow: f64) -> Agent {
        Agent { name: name.into(), load, overflow, counters: 2, utilisation: 0.5, office: name == "office" }
    }

    fn bars(svg: &str, colour: Rgb, side: &str) -> Vec<f64> {
        let page = resvg::usvg::roxmltree::Document::parse(svg).unwrap();
        let fill = crate::output::draw::svg::hex(colour);
        let bars = page.descendants().filter(|n| n.has_tag_name("rect") && n.attribute("fill") == Some(&fill));
        bars.map(|n| n.attribute(side).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn rows_by_hand() {
        let agents = vec![agent("b", 40.0, 0.0), agent("office", 20.0, 0.0), agent("a", 80.0, 20.0)];
        let plot = Loads::of(Text::default(), agents, true).unwrap();
        assert_eq!(plot.agents.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["a", "b", "office"]);
        let svg = plot.draw(&facts(), &[Language::En]).remove(0).finish();
        // 80 dossiers are the whole length: 60 of a are carried, 20 are not; b has half. Keys are 22 pixels wide.
        let (carried, over) = (bars(&svg, AGENT, "width"), bars(&svg, WARNING, "width"));
        assert_eq!((carried.len(), over.len(), carried[0], over[0]), (3, 2, 22.0, 22.0));
        assert!(
            (carried[1] / over[1] - 3.0).abs() < 1e-3 && (carried[2] / over[1] - 2.0).abs() < 1e-3,
            "{carried:?} {over:?}"
        );
        assert_eq!(bars(&svg, OFFICE, "width").len(), 2);
        // Half of 158 pixels are used.
        assert_eq!(bars(&svg, USE, "width"), [79.0; 3]);
        assert!(svg.contains("80 (of them 20 overflow)") && svg.contains("1 overloaded: 20 dossiers"), "{svg}");
        assert!(svg.contains("Half of them have 40 dossiers"), "{svg}");
    }

    #[test]
    fn a_thousand_agents_are_columns() {
        let agents = (0..1000).map(|i| agent(&format!("n{i}"), f64::from(i + 1), if i == 3 { 2.0 } else { 0.0 }));
        let plot = Loads::of(Text::default(), agents.collect(), true).unwrap();
        let svg = plot.draw(&facts(), &[Language::Vi]).remove(0);
        assert!(svg.size()[1] < 1300.0);
        let svg = svg.finish();
        // 360 pixels are 1000 dossiers; the second key is that of overflow.
        let high = bars(&svg, AGENT, "height");
        // The work, and 2 counters each, which fill their panel of 120 pixels.
        assert_eq!((high.len(), high[1500]), (2000, 120.0));
        assert!((high[0] - 360.0).abs() < 0.01 && (high[500] - 180.0).abs() < 0.01, "{} {}", high[0], high[500]);
        assert_eq!(bars(&svg, WARNING, "height").len(), 2);
        // The four with most work are named, and the one with overflow; it is the 997th: n3 has 4 of 1000.
        assert!(svg.contains(">n999<") && svg.contains(">n996<") && !svg.contains(">n995<"));
        assert!(svg.contains(">997.<") && svg.contains(">n3<") && svg.contains("4 (trong đó 2 quá tải)"), "{svg}");
    }

    #[test]
    fn without_work_there_is_nothing() {
        assert!(Loads::of(Text::default(), vec![agent("a", 0.0, 0.0)], true).is_none());
        assert!(Loads::of(Text::default(), vec![], false).is_none());
    }
}
