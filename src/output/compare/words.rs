//! A comparison as plain English.

use std::fmt;

use super::{AreaChange, Comparison, Moment, Named, PhaseTold};
use crate::rollout::explain::commas;
use crate::units::counted;

/// How many of a list are shown; the JSON has all.
const SHOWN: usize = 5;

fn people(persons: f64) -> String {
    commas(persons.round() as u64)
}

/// A change with its sign.
fn change(by: f64) -> String {
    let sign = if by.round() < 0.0 { "−" } else { "+" };
    format!("{sign}{}", people(by.abs()))
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.a.synthetic || self.b.synthetic {
            writeln!(f, "Made-up data: for trying the program, not for decisions.\n")?;
        }
        writeln!(f, "A: {} ({})", self.a.title, self.a.folder)?;
        writeln!(f, "B: {} ({})", self.b.title, self.b.folder)?;
        for doubt in &self.doubts {
            writeln!(f, "Take care: {doubt}")?;
        }
        match self.differences.len() {
            0 => writeln!(f, "Inputs and settings are the same.")?,
            n => writeln!(f, "{n} inputs and settings differ:")?,
        }
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
        for of in self.differences.iter().take(SHOWN) {
            writeln!(f, "  {}: {} → {}", of.what, or_none(&of.a), or_none(&of.b))?;
        }
        more(f, self.differences.len(), "  ")?;
        let mut before: Option<&Moment> = None;
        for moment in &self.moments {
            let same = before.is_some_and(|m| {
                (m.agents_in_both, &m.moved, &m.only_a, &m.only_b)
                    == (moment.agents_in_both, &moment.moved, &moment.only_a, &moment.only_b)
            });
            moment.people(f)?;
            if same {
                writeln!(f, "  Agents: as before")?
            } else {
                moment.agents(f)?
            }
            moment.most_changed(f)?;
            before = Some(moment);
        }
        if !self.retimed.is_empty() {
            writeln!(f, "\n{} agents of both open on another day:", self.retimed.len())?;
            for of in self.retimed.iter().take(SHOWN) {
                writeln!(f, "  {} ({}): {} → {}", of.site.name, of.site.site, of.opens_on_a, of.opens_on_b)?;
            }
            more(f, self.retimed.len(), "  ")?;
        }
        Ok(())
    }
}

fn more(f: &mut fmt::Formatter<'_>, n: usize, indent: &str) -> fmt::Result {
    if n > SHOWN { writeln!(f, "{indent}… and {} more; --format json tells all", n - SHOWN) } else { Ok(()) }
}

impl Moment {
    /// Both phases, and who is served in them.
    fn people(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nFrom {}", self.from)?;
        for (run, phase) in [("A", &self.a), ("B", &self.b)] {
            match phase {
                Some(phase) => writeln!(f, "  {run}: {}", told(phase))?,
                None => writeln!(f, "  {run}: not begun")?,
            }
        }
        if let (Some(a), Some(b)) = (&self.a, &self.b) {
            let time = a.mean_time_s.zip(b.mean_time_s);
            let time = time.map_or(String::new(), |(a, b)| format!(", mean time {:+.1} min", (b - a) / 60.0));
            writeln!(f, "  People served: {}{time}", change(b.persons_covered - a.persons_covered))?;
        }
        if let Some(p) = &self.people {
            writeln!(f, "  Newly served {}, no longer served {}", people(p.newly_served), people(p.no_longer_served))?;
            writeln!(
                f,
                "  More than a minute sooner: {} people; later: {}; the others as before: {}",
                people(p.sooner),
                people(p.later),
                people(p.same)
            )?;
        }
        Ok(())
    }

    /// Which agents differ.
    fn agents(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  Agents: {} in both, {} moved, {} only in A, {} only in B",
            self.agents_in_both,
            self.moved.len(),
            self.only_a.len(),
            self.only_b.len()
        )?;
        for of in self.moved.iter().take(SHOWN) {
            writeln!(
                f,
                "    {} ({}) → {} ({}), {:.1} km",
                of.from.name,
                of.from.site,
                of.to.name,
                of.to.site,
                of.distance_m / 1000.0
            )?;
        }
        more(f, self.moved.len(), "    ")?;
        for (run, list) in [("A", &self.only_a), ("B", &self.only_b)] {
            if !list.is_empty() {
                writeln!(f, "    only in {run}: {}", listed(list))?;
            }
        }
        Ok(())
    }

    /// The features of the first layer with the most people for whom something changes.
    fn most_changed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(layer) = self.areas.iter().find_map(|area| area.layer.as_ref()) else { return Ok(()) };
        let moved = |area: &AreaChange| match &area.people {
            Some(p) => p.sooner + p.later + p.newly_served + p.no_longer_served,
            None => (area.persons_covered_b - area.persons_covered_a).abs(),
        };
        let mut areas: Vec<&AreaChange> =
            self.areas.iter().filter(|area| area.layer.as_ref() == Some(layer) && moved(area) >= 0.5).collect();
        areas.sort_by(|x, y| moved(y).total_cmp(&moved(x)).then(x.code.cmp(&y.code)));
        if areas.is_empty() {
            return Ok(());
        }
        writeln!(f, "  Where most changes ({} of {layer}):", areas.len())?;
        for area in areas.iter().take(5) {
            let served = change(area.persons_covered_b - area.persons_covered_a);
            let times = area
                .people
                .as_ref()
                .map_or(String::new(), |p| format!(", {} people sooner, {} later", people(p.sooner), people(p.later)));
            writeln!(f, "    {}: {served} served{times}", area.name.as_deref().unwrap_or("–"))?;
        }
        Ok(())
    }
}

fn listed(sites: &[Named]) -> String {
    let names: Vec<String> = sites.iter().take(SHOWN).map(|s| format!("{} ({})", s.name, s.site)).collect();
    let rest = if sites.len() > SHOWN { format!(" and {} more", sites.len() - SHOWN) } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

fn told(of: &PhaseTold) -> String {
    let share = if of.persons > 0.0 { of.persons_covered / of.persons * 100.0 } else { 0.0 };
    let proof = match of.status.as_str() {
        "nothing_to_open" => String::new(),
        status => format!("; {:.0} of at best {:.0} {} ({status})", of.objective, of.bound, of.objective_unit),
    };
    format!(
        "phase {} ({}), {}, {} served = {share:.2} %{proof}",
        of.phase,
        of.name,
        counted(of.agents.into(), "agent", "agents"),
        counted(of.persons_covered.round() as u64, "person", "people")
    )
}
