//! The phases as a Gantt chart: when each begins and ends, what opens, and who is served at its end.

use chrono::{Datelike, Months, NaiveDate};

use super::sheet::{BODY, FAINT, Facts, GRID, INK, LEFT, RIGHT, SMALL, TODAY, phase_colour, sheet};
use super::words::{Language, fill};
use crate::error::Result;
use crate::output::draw::chart::Scale;
use crate::output::draw::{Paint, Rgb, Svg, Type, font};
use crate::output::read::Standard;
use crate::output::run::{PhaseRow, Run, TodayRow};
use crate::scenario::Text;

const ROW: f64 = 84.0;
/// Where the columns begin: time, agents, people served.
const TIME: f64 = LEFT + 290.0;
const AGENTS: f64 = RIGHT - 370.0;
const SERVED: f64 = RIGHT - 250.0;
/// A phase without an end is drawn for at least so many days.
const OPEN_DAYS: i64 = 60;
/// At most so many labels below the time.
const MOST_LABELS: u32 = 5;
/// A phase that changes nothing.
const STILL: Rgb = [150, 156, 164];

/// What the plot shows.
#[derive(Debug, Clone)]
pub struct Phases {
    phases: Vec<Phase>,
    today: Option<TodayRow>,
    standard: Standard,
}

/// A phase, with the name of its scope.
#[derive(Debug, Clone)]
struct Phase {
    row: PhaseRow,
    scope: Option<Text>,
    /// Agents at the end of the phase before.
    before: u32,
    /// Its place among the phases that change what stands.
    changes: Option<usize>,
}

impl Phases {
    /// From the tables of a run.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn of_run(run: &Run) -> Result<Phases> {
        let rows: Vec<PhaseRow> = run.rows()?;
        let today = super::today(run)?;
        let mut phases: Vec<Phase> = Vec::new();
        let changes = super::changing(&rows);
        for ((i, row), changes) in rows.into_iter().enumerate().zip(changes) {
            let scope = run.about.phases.get(i).and_then(|p| p.scope.as_ref()).map(|s| s.name.clone());
            let before = phases.last().map_or(0, |p| p.row.agents);
            phases.push(Phase { row, scope, before, changes });
        }
        Ok(Phases { phases, today, standard: run.about.standard.clone() })
    }

    /// The first day and the end of the axis; days that cannot be read count as the first.
    fn days(&self) -> [NaiveDate; 2] {
        let starts = self.phases.iter().filter_map(|p| day(&p.row.starts));
        let ends = self.phases.iter().filter_map(|p| day(p.row.ends.as_deref()?));
        let first = starts.clone().min().unwrap_or_default();
        let last = starts.chain(ends).max().unwrap_or(first);
        let open = self.phases.iter().filter(|p| p.row.ends.is_none()).filter_map(|p| day(&p.row.starts)).max();
        let span = (last - first).num_days();
        let open = open.map(|from| from + chrono::Days::new((span / 3).max(OPEN_DAYS).unsigned_abs()));
        [first, last.max(open.unwrap_or(last)).max(first + chrono::Days::new(1))]
    }

    /// The plot in some languages.
    pub fn draw(&self, facts: &Facts, languages: &[Language]) -> Vec<Svg> {
        languages.iter().map(|&language| self.in_language(facts, language)).collect()
    }

    fn in_language(&self, facts: &Facts, language: Language) -> Svg {
        let words = &language.words().phases;
        let about = fill(&words.about, &[("standard", &language.standard(&self.standard))]);
        let rows = self.phases.len() as f64 + if self.today.is_some() { 0.8 } else { 0.0 };
        let [first, last] = self.days();
        let days = Scale::new([0.0, (last - first).num_days() as f64], [TIME, AGENTS - 40.0]);
        let at = |date: NaiveDate| days.at((date - first).num_days() as f64);
        sheet(facts, language, [&words.title, &about], 40.0 + rows * ROW + 34.0, |svg, top| {
            let heads = [(LEFT, &words.phase), (TIME, &words.time), (AGENTS, &words.agents), (SERVED, &words.served)];
            for (x, head) in heads {
                svg.text(head, [x, top + 14.0], Type::new(BODY, FAINT).bold());
            }
            let (mut y, bottom) = (top + 30.0, top + 30.0 + rows * ROW);
            for (date, label) in labels(language, first, last) {
                svg.line([[at(date), y], [at(date), bottom]], Paint::line(GRID, 1.0));
                svg.text(&label, [at(date), bottom + 20.0], Type::new(SMALL, FAINT).middle());
            }
            if let Some(today) = &self.today {
                self.today_row(svg, language, today, y);
                y += ROW * 0.8;
            }
            let mut stands = STILL;
            let changing = self.phases.iter().filter(|p| p.changes.is_some()).count();
            for phase in &self.phases {
                svg.line([[LEFT, y], [RIGHT, y]], Paint::line(GRID, 1.0));
                let colour = phase.changes.map_or(STILL, |nth| phase_colour(nth, changing));
                // Who is served is so since the last change.
                stands = if phase.changes.is_some() { colour } else { stands };
                self.row(svg, language, (phase, [colour, stands]), y, &at);
                y += ROW;
            }
        })
    }

    fn today_row(&self, svg: &mut Svg, language: Language, today: &TodayRow, y: f64) {
        let words = &language.words().phases;
        let base = y + 26.0;
        svg.text(&words.today, [LEFT, base], Type::new(BODY, TODAY).bold());
        let about = font::fitted(&words.today_about, SMALL, false, TIME - LEFT - 24.0);
        svg.text(&about, [LEFT, base + 20.0], Type::new(SMALL, FAINT));
        let offices = fill(&words.today_agents, &[("n", &language.whole(f64::from(today.offices)))]);
        svg.text(&offices, [AGENTS, base], Type::new(BODY, INK));
        let share = today.population_covered_share.unwrap_or(0.0);
        served(svg, language, y, (share, today.covered_persons), TODAY);
    }

    fn row(
        &self,
        svg: &mut Svg,
        language: Language,
        (phase, [colour, stands]): (&Phase, [Rgb; 2]),
        y: f64,
        at: &dyn Fn(NaiveDate) -> f64,
    ) {
        let words = &language.words().phases;
        let row = &phase.row;
        let name = if language == Language::Vi { &row.name_vi } else { &row.name_en };
        let opens = match row.opens.as_str() {
            "nothing" => &words.opens_nothing,
            "most-people" => &words.opens_most_people,
            "worst-first" => &words.opens_worst_first,
            _ => &words.opens_fewest_for_all,
        };
        let mut base = y + 24.0;
        for line in font::wrapped(name, BODY, true, TIME - LEFT - 24.0, 2) {
            svg.text(&line, [LEFT, base], Type::new(BODY, INK).bold());
            base += 20.0;
        }
        svg.text(&font::fitted(opens, SMALL, false, TIME - LEFT - 24.0), [LEFT, base], Type::new(SMALL, FAINT));

        let from = language.day(&row.starts);
        let (start, end) = (day(&row.starts), row.ends.as_deref().and_then(day));
        let left = start.map_or(TIME, at);
        let edge = AGENTS - 40.0;
        // The last day belongs to the phase.
        let right = end.map_or(edge, |end| at(end.succ_opt().unwrap_or(end)).max(left + 4.0));
        let high = 26.0;
        let (top, bottom) = (y + 34.0, y + 34.0 + high);
        if row.ends.is_some() {
            svg.rect([left, top], [right - left, high], Paint::fill(colour));
        } else {
            // It goes on: an arrow.
            let neck = (edge - 16.0).max(left);
            svg.ring(
                [[left, top], [neck, top], [edge, (top + bottom) / 2.0], [neck, bottom], [left, bottom]],
                Paint::fill(colour),
            );
        }
        let when = match &row.ends {
            Some(ends) => fill(&words.dates, &[("from", &from), ("to", &language.day(ends))]),
            None => fill(&words.open_end, &[("from", &from)]),
        };
        // Above the bar, where it begins, or as far left as the words need.
        let x = left.min(AGENTS - 24.0 - font::width(&when, SMALL, false)).max(TIME);
        svg.text(&when, [x, top - 8.0], Type::new(SMALL, INK).rimmed([255; 3], 4.0));

        let closed = phase.before.saturating_add(row.opened).saturating_sub(row.agents);
        let whole = |n: u32| language.whole(f64::from(n));
        let mut base = y + 26.0;
        // What stands from the start is no opening: fixed sites come with the first phase that has agents.
        if row.opened > 0 {
            svg.text(&fill(&words.opened, &[("n", &whole(row.opened))]), [AGENTS, base], Type::new(BODY, INK).bold());
            base += 20.0;
        }
        if closed > 0 {
            svg.text(&fill(&words.closed, &[("n", &whole(closed))]), [AGENTS, base], Type::new(BODY, INK));
            base += 20.0;
        }
        svg.text(&fill(&words.total, &[("n", &whole(row.agents))]), [AGENTS, base], Type::new(BODY, INK));

        served(svg, language, y, (row.population_covered_share.unwrap_or(0.0), row.covered_persons), stands);
        if let (Some(scope), Some(share)) = (&phase.scope, row.scope_covered_share) {
            let text = fill(&words.scope, &[("scope", language.of(scope)), ("share", &language.percent(share))]);
            let text = font::fitted(&text, SMALL, false, RIGHT - SERVED);
            svg.text(&text, [SERVED, y + 70.0], Type::new(SMALL, FAINT));
        }
    }
}

/// The share of the people who are served, as a bar with figures.
fn served(svg: &mut Svg, language: Language, y: f64, (share, people): (f64, f64), colour: Rgb) {
    let words = &language.words().phases;
    let across = Scale::new([0.0, 1.0], [SERVED, RIGHT]);
    svg.text(&language.percent(share), [SERVED, y + 26.0], Type::new(18.0, INK).bold());
    let people = fill(&words.served_people, &[("people", &language.whole(people))]);
    svg.text(&people, [RIGHT, y + 26.0], Type::new(SMALL, FAINT).end());
    svg.rect([SERVED, y + 36.0], [RIGHT - SERVED, 14.0], Paint::fill(GRID));
    svg.rect([SERVED, y + 36.0], [across.at(share) - SERVED, 14.0], Paint::fill(colour));
}

fn day(date: &str) -> Option<NaiveDate> {
    date.parse().ok()
}

/// First days of months, few enough to be read, with their names.
fn labels(language: Language, first: NaiveDate, last: NaiveDate) -> Vec<(NaiveDate, String)> {
    let months = (last.year() - first.year()) * 12 + last.month() as i32 - first.month() as i32;
    let months = u32::try_from(months).unwrap_or(0);
    let least = months.div_ceil(MOST_LABELS).max(1);
    let step = [1, 2, 3, 6, 12].into_iter().find(|step| *step >= least).unwrap_or(least.next_multiple_of(12));
    let words = language.words();
    let mut labels = Vec::new();
    // From the start of the first year, so that longer steps fall on Januaries.
    let Some(mut date) = NaiveDate::from_ymd_opt(first.year(), 1, 1) else { return labels };
    while date <= last && labels.len() <= 2 * MOST_LABELS as usize {
        if date >= first {
            let (month, year) = (&words.months[date.month0() as usize], date.year().to_string());
            labels.push((date, fill(&words.month_year, &[("month", month), ("year", &year)])));
        }
        let Some(next) = date.checked_add_months(Months::new(step)) else { break };
        date = next;
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fall_on_months() {
        let date = |text: &str| day(text).unwrap();
        let said = |first, last| -> Vec<String> {
            labels(Language::En, date(first), date(last)).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(said("2024-11-15", "2025-03-31"), ["Dec 2024", "Jan 2025", "Feb 2025", "Mar 2025"]);
        // Nine months in steps of two, 61 months in steps of 24 from the first January.
        assert_eq!(said("2024-10-01", "2025-07-01"), ["Nov 2024", "Jan 2025", "Mar 2025", "May 2025", "Jul 2025"]);
        assert_eq!(said("2024-02-01", "2029-03-01"), ["Jan 2026", "Jan 2028"]);
        assert_eq!(labels(Language::Vi, date("2025-01-01"), date("2025-01-20"))[0].1, "01/2025");
    }
}
