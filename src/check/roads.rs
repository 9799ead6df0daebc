//! Doubts about the roads: what they do not hold, and who lives too far from them.

use super::Findings;
use crate::error::Fault;
use crate::network::islands::islands;
use crate::study::Study;
use crate::units::Persons;

/// Beyond this share of people, or of a mode's streets, a gap is a warning.
const TOO_MANY: f64 = 0.005;

pub(super) fn doubts(study: &Study, findings: &mut Findings) {
    let file = &study.scenario.inputs.roads;
    let network = &study.network;
    let holds = |classes: &[&str]| {
        network.streets.iter().any(|s| classes.contains(&network.classes[usize::from(s.class)].as_str()))
    };
    if !holds(&["service", "footway", "path", "pedestrian", "steps"]) {
        let fault = Fault::new("osm::no-alleys", "the roads hold no alleys, footways or paths");
        let help = "the last metres are walked straight to the nearest street; use an extract with all roads";
        findings.note(fault.file(file).help(help));
    }
    let open_km = |mode: usize| -> f64 {
        let open = network.streets.iter().enumerate().filter(|&(s, _)| network.modes[mode].is_open(s as u32));
        open.map(|(_, s)| f64::from(s.length_mm) / 1e6).sum()
    };
    for (m, (mode, graph)) in study.modes.iter().zip(&network.modes).enumerate() {
        let cut_off: f64 = islands(network, graph).iter().map(|i| i.length_km).sum();
        let share = cut_off / open_km(m).max(1e-9);
        let message =
            format!("by {} {cut_off:.0} km of streets lead nowhere ({:.1} % of them)", mode.id, share * 100.0);
        let help =
            "they are not used and stand in off_network.parquet; mostly one-way streets at the edge of the extract";
        let fault = Fault::new("network::islands", message).file(file).help(help);
        if share > 0.1 {
            findings.warn(fault);
        } else if share > TOO_MANY {
            findings.note(fault);
        }
        far_from_roads(study, m, findings);
    }
    if network.restrictions_lost > 0 {
        let message = format!("{} turn restrictions could not be used", network.restrictions_lost);
        let help = "their ways do not meet at the junction, or parts of them are missing";
        findings.note(Fault::new("osm::restrictions", message).file(file).help(help));
    }
}

/// People who live too far from every street of a mode, and those beyond every candidate.
fn far_from_roads(study: &Study, mode: usize, findings: &mut Findings) {
    let n_modes = study.modes.len();
    let of_mode = || study.cells.iter().enumerate().map(|(c, _)| (c, study.row_persons[c * n_modes + mode]));
    let all: Persons = of_mode().map(|(_, p)| p).sum();
    let far: Persons = of_mode().filter(|(c, _)| study.cell_legs.by_mode[mode][*c].is_none()).map(|(_, p)| p).sum();
    if far.0 as f64 > TOO_MANY * all.0 as f64 {
        let message = format!(
            "{:.1} % of those who go by {} live more than {} m from its streets",
            far.0 as f64 / all.0 as f64 * 100.0,
            study.modes[mode].id,
            study.scenario.snap.cell_limit_m
        );
        let help = "they have no travel time and are served within the radius only; use an extract of the whole region";
        findings.warn(Fault::new("network::far", message).file(&study.scenario.inputs.roads).help(help));
    }
}
