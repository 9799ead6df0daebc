//! Stories as plain English.

use std::fmt;

use super::{PhaseOfPlace, Place, Reached, SiteStory};
use crate::units::counted;

/// People as whole numbers.
fn people(persons: f64) -> String {
    if persons > 0.0 && persons < 0.5 {
        "less than 1 person".into()
    } else {
        counted(persons.round() as u64, "person", "people")
    }
}

fn minutes(seconds: f64) -> String {
    format!("{:.1} min", seconds / 60.0)
}

/// How people fare at the end of a phase.
fn in_phase(of: &PhaseOfPlace) -> String {
    if let Some(why) = &of.why_not {
        return format!("not served; {why}.");
    }
    let (name, id) = (of.agent_name.as_deref().unwrap_or("–"), of.agent.as_deref().unwrap_or("–"));
    let first = match (of.travel_time_s, of.distance_m) {
        (Some(s), _) => format!("{} to {name} ({id})", minutes(s)),
        (None, Some(m)) => format!("{:.1} km to {name} ({id}), no way by road", m / 1000.0),
        (None, None) => format!("{name} ({id})"),
    };
    match &of.second {
        Some(r) => format!(
            "{first}, then {} to {} ({}); {} within the standard.",
            away(r),
            r.name,
            r.site,
            counted(of.agents_within.into(), "agent", "agents")
        ),
        None => format!("{first}; no second agent within the standard."),
    }
}

/// How far a site is.
fn away(of: &Reached) -> String {
    of.travel_time_s.map_or_else(|| format!("{:.1} km", of.distance_m / 1000.0), minutes)
}

const MADE_UP: &str = "Made-up data: for trying the program, not for decisions.";

impl fmt::Display for SiteStory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.synthetic {
            writeln!(f, "{MADE_UP}\n")?;
        }
        writeln!(f, "{} ({}) at {:.5}, {:.5}", self.name, self.site, self.lon, self.lat)?;
        match (&self.opens, self.order) {
            (Some(phase), Some(0)) => writeln!(f, "  It stood before the plan and is kept, from {}.", phase.starts)?,
            (Some(phase), Some(order)) => writeln!(
                f,
                "  It opens in phase {} ({}) on {}, as number {order} in the order of opening.",
                phase.phase, phase.name, phase.starts
            )?,
            _ => writeln!(f, "  It is not in the plan.")?,
        }
        let proposed = if self.proposed { "; gandan proposes it, nobody has looked at it yet" } else { "" };
        let reasons = self.status_reasons.as_ref().map_or(String::new(), |r| format!(" ({r})"));
        writeln!(f, "  By the city's conditions: {}{reasons}{proposed}.", self.status)?;
        writeln!(f, "  By itself it would serve {}.", people(self.persons_in_reach))?;
        if let Some(marginal) = self.persons_marginal {
            writeln!(f, "  When it opens it adds {} whom no earlier agent serves.", people(marginal))?;
        }
        for sentence in self.why_en.split_inclusive(". ") {
            writeln!(f, "  {}", sentence.trim())?;
        }
        for of in &self.phases {
            let time = of.mean_time_s.map_or(String::new(), |s| format!(", {} on average", minutes(s)));
            writeln!(
                f,
                "  Phase {}: nearest agent of {}{time}; {} of them served.",
                of.phase.phase,
                people(of.persons_nearest),
                people(of.persons_covered)
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.synthetic {
            writeln!(f, "{MADE_UP}\n")?;
        }
        let within = self.boundary_name.as_ref().map_or("outside all boundaries".into(), |name| format!("in {name}"));
        writeln!(f, "Cell {} at {:.5}, {:.5}, {within}: {}", self.cell, self.lon, self.lat, people(self.persons))?;
        match self.away_m {
            Some(0.0) => writeln!(f, "  It holds the point asked for.")?,
            Some(away) => writeln!(f, "  No cell holds the point asked for; this is the nearest, {away:.0} m away.")?,
            None => {}
        }
        for mode in self.modes.iter().filter(|m| m.persons > 0.0) {
            let since = match &mode.served_since {
                Some(phase) => format!("served since phase {} ({})", phase.phase, phase.starts),
                None => format!("not served within {}", self.standard),
            };
            writeln!(f, "  By {} ({}): {since}.", mode.mode, people(mode.persons))?;
            // Phases that say the same stand together.
            let told: Vec<(u32, String)> = mode.phases.iter().map(|of| (of.phase.phase, in_phase(of))).collect();
            for same in told.chunk_by(|a, b| a.1 == b.1) {
                match same {
                    [(phase, says)] => writeln!(f, "    Phase {phase}: {says}")?,
                    [(first, says), .., (last, _)] => writeln!(f, "    Phases {first}–{last}: {says}")?,
                    [] => {}
                }
            }
            let unserved = mode.phases.last().is_some_and(|p| !p.covered);
            if unserved && mode.candidates.is_empty() {
                writeln!(f, "    No site of the list serves them within {}.", self.standard)?;
            }
            for r in mode.candidates.iter().filter(|_| unserved) {
                writeln!(
                    f,
                    "    {} ({}) would serve them, {} away; in the plan: {}.",
                    r.name,
                    r.site,
                    away(r),
                    r.role
                )?;
            }
        }
        match &self.help {
            Some(help) => writeln!(f, "  Of the unserved of this area: {help}"),
            None => Ok(()),
        }
    }
}
