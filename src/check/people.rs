//! Doubts about the people: where they are, how many, and what they come for.

use super::Findings;
use crate::error::Fault;
use crate::ingest::services::MOST_MINUTES;
use crate::study::Study;
use crate::units::Persons;

/// Below this share of people a gap is not worth a warning.
const FEW: f64 = 0.001;

pub(super) fn doubts(study: &Study, findings: &mut Findings) {
    source(study, findings);
    scaling(study, findings);
    borders(study, findings);
    groups(study, findings);
    services(study, findings);
}

fn people(persons: Persons) -> String {
    crate::rollout::explain::commas(persons.people().round() as u64)
}

/// What the population file does not say.
fn source(study: &Study, findings: &mut Findings) {
    let file = &study.scenario.inputs.population;
    let found = &study.source;
    if found.area_share < 1.0 {
        let missing = (1.0 - found.area_share) * 100.0;
        let fault = Fault::new("population::part", format!("it does not span {missing:.2} % of the study area"));
        findings.warn(fault.file(file).help("nobody is counted there; use a file of the whole region"));
    }
    let all = found.whole_cells + found.border_cells;
    if found.nodata_cells > 0 {
        let message = format!("{} of {all} cells in the study area have no value", found.nodata_cells);
        let fault = Fault::new("population::nodata-cells", message).file(file);
        findings.note(fault.help("nobody is counted there: right for water, a gap elsewhere"));
    }
    if study.lakes.is_empty() {
        let fault =
            Fault::new("population::no-water", "no water is known: roads and buildings alone say where people live");
        let file = study.scenario.inputs.water.as_ref().unwrap_or(&study.scenario.inputs.roads);
        findings.note(fault.file(file).help("use an extract with water, or name a file of polygons: inputs.water"));
    }
}

/// Official numbers that disagree with the file.
fn scaling(study: &Study, findings: &mut Findings) {
    let file = &study.scenario.inputs.population;
    for feature in study.scaled.features() {
        if let Some(factor) = feature.row.factor.filter(|_| feature.row.doubtful()) {
            let message = format!(
                "{} people by the file, {} by the official number: factor {factor:.2}",
                people(feature.row.before),
                people(feature.row.after)
            );
            let place = format!("{} ({})", feature.name, feature.code);
            let help = "look at the outline, the official number and the year of the file; \
                        factors from 0.5 to 2 are not told";
            findings.warn(Fault::new("population::factor", message).file(file).place(place).help(help));
        }
        if feature.row.missing().0 > 0 {
            let message = format!("{} official people find no place in the file", people(feature.row.missing()));
            let place = format!("{} ({})", feature.name, feature.code);
            let help = "the file has nobody there; check that it belongs to this region";
            findings.warn(Fault::new("population::missing", message).file(file).place(place).help(help));
        }
    }
    if study.scaled.layers.len() > 1 && study.scaled.deviation > 1e-6 {
        let message = format!(
            "the official numbers of the layers contradict each other: {:.3} % are left after {} rounds",
            study.scaled.deviation * 100.0,
            study.scaled.rounds
        );
        let fault = Fault::new("population::contradiction", message).place("population.calibrate_to");
        findings.warn(fault.help("the first layer is met exactly; the sums of both layers should agree"));
    }
    if study.scaled.layers.is_empty() {
        let all: Persons = study.cells.iter().map(|c| c.persons).sum();
        let fault = Fault::new("population::not-scaled", format!("{} people as the file has them", people(all)));
        let help = "name a layer with official numbers under population.calibrate_to to scale them";
        findings.note(fault.file(file).help(help));
    }
}

/// People outside every feature of a layer.
fn borders(study: &Study, findings: &mut Findings) {
    let all: Persons = study.cells.iter().map(|c| c.persons).sum();
    for ((layer, of_cell), source) in
        study.layers.iter().zip(&study.cell_boundary).zip(&study.scenario.inputs.boundaries)
    {
        let outside: Persons =
            study.cells.iter().zip(of_cell).filter(|(_, f)| f.is_none()).map(|(c, _)| c.persons).sum();
        if outside.0 as f64 > FEW * all.0 as f64 {
            let message = format!("{} people live in none of its features", people(outside));
            let fault = Fault::new("boundaries::outside", message).file(&source.file);
            let help = "they are in no row of the reports by boundary; check that the layer spans the study area";
            findings.warn(fault.place(format!("layer {}", layer.id)).help(help));
        }
    }
}

fn groups(study: &Study, findings: &mut Findings) {
    for group in &study.groups {
        let members: Persons = group.members.iter().copied().sum();
        let place = format!("group `{}`", group.settings.id);
        if group.lost.0 as f64 > FEW * (members.0 + group.lost.0) as f64 {
            let message = format!("{} of its members live in no demand cell", people(group.lost));
            let help = "its file puts them where the population file has nobody; use files of one origin";
            findings.warn(Fault::new("groups::lost", message).place(place.clone()).help(help));
        }
        if members.0 == 0 {
            let help = "check its share or its file";
            findings.warn(Fault::new("groups::empty", "it has no members").place(place).help(help));
        }
    }
}

fn services(study: &Study, findings: &mut Findings) {
    let catalogue = &study.dossiers.catalogue;
    let file = study.scenario.demand.catalogue.as_ref();
    let of_file = |fault: Fault| match file {
        Some(file) => fault.file(file),
        None => fault,
    };
    for service in catalogue.too_long() {
        let message = format!("{} minutes a dossier, more than the city's {MOST_MINUTES}", service.minutes);
        let fault = Fault::new("services::too-long", message).place(format!("service `{}`", service.code));
        findings.warn(of_file(fault).help("the city allows 15 minutes of direct handling at most"));
    }
    if catalogue.assumption {
        let message = format!(
            "dossiers a day rest on assumptions: {:.0} a year for 1,000 people, {:.1} minutes each",
            catalogue.yearly_per_person() * 1000.0,
            catalogue.mean_minutes()
        );
        let fault = Fault::new("services::assumption", message);
        findings.note(of_file(fault).help("replace the catalogue by counts of your own: demand.catalogue"));
    }
}
