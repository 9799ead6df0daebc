//! Doubts about the sites: listed twice, in water, off the road, of unknown fitness; and whom none of them serves.

use super::Findings;
use crate::error::Fault;
use crate::ingest::eligibility::Eligibility;
use crate::ingest::sites::duplicates;
use crate::ingest::sites::places::Cause;
use crate::scenario::Opens;
use crate::study::{Study, StudySite};
use crate::units::{Distance, Persons};

/// A site farther than this from the nearest street of the most used mode is worth a look.
const FAR_M: f64 = 200.0;

pub(super) fn doubts(study: &Study, findings: &mut Findings) {
    let own: Vec<&StudySite> = study.sites.iter().filter(|s| !s.proposed).collect();
    let sites: Vec<_> = own.iter().map(|s| s.site.clone()).collect();
    for pair in duplicates(&sites) {
        let (a, b) = (&sites[pair.first], &sites[pair.second]);
        let message = format!(
            "`{}` ({}) and `{}` ({}) are {:.0} m apart: {}",
            a.id,
            a.name,
            b.id,
            b.name,
            pair.distance.metres(),
            pair.why
        );
        let (first, second) = (study.file_of(own[pair.first]), study.file_of(own[pair.second]));
        let help = match (a.position.as_deref(), b.position.as_deref()) {
            (Some(of_a), Some(of_b)) if of_a == of_b && of_a != "osm" => {
                format!("the places of both are only known as `{of_a}`; find their true places, or take one out")
            }
            _ if first != second => {
                format!("keep one of them if they are one place; the first stands in {}", first.display())
            }
            _ => "keep one of them if they are one place".to_owned(),
        };
        findings.warn(Fault::new("sites::twice", message).file(second).help(help));
    }
    for (i, site) in study.sites.iter().enumerate() {
        let file = study.file_of(site);
        if study.lakes.holds(site.site.at) {
            findings.warn(Cause::InWater.warning(&site.site, file));
        }
        let access = study.site_legs.by_mode.first().and_then(|mode| mode[i]).map(|(_, snap)| snap.access);
        if let Some(access) = access.filter(|a| a.metres() > FAR_M) {
            let distance = Distance::from_metres(access.metres());
            findings.warn(Cause::OffRoad { distance }.warning(&site.site, file));
        }
        ward(study, site, findings);
    }
    fitness(study, findings);
    phases(study, findings);
    unserved(study, findings);
}

/// The ward that the file names against the one in which the site stands.
fn ward(study: &Study, site: &StudySite, findings: &mut Findings) {
    let Some(named) = &site.site.ward_code else { return };
    // The layers that know the code, and where the site stands in each of them.
    let known = study.layers.iter().enumerate().filter(|(_, layer)| layer.features.iter().any(|f| &f.code == named));
    let stands: Vec<_> = known.filter_map(|(l, layer)| site.boundary[l].map(|f| &layer.features[f as usize])).collect();
    if let Some(stands) = stands.first().filter(|_| stands.iter().all(|f| &f.code != named)) {
        let message = format!(
            "`{}` ({}) names ward {named}, but stands in {} ({})",
            site.site.id, site.site.name, stands.code, stands.name
        );
        let help = "correct its place or its ward_code; gandan goes by the place";
        findings.warn(Fault::new("sites::ward", message).file(study.file_of(site)).help(help));
    }
}

/// How many sites are fit, and what is unknown.
fn fitness(study: &Study, findings: &mut Findings) {
    let file = &study.scenario.inputs.sites;
    // What stands already is not asked whether it may.
    let own = || study.sites.iter().filter(|s| !s.proposed && !s.site.fixed);
    let count = |code: &str| own().filter(|s| s.eligibility.code() == code).count();
    let (eligible, refused, review) = (count("eligible"), count("refused"), count("review"));
    let message =
        format!("{eligible} of {} candidates are eligible, {refused} refused, {review} to review", own().count());
    let help = if study.scenario.eligibility.use_review {
        "those to review may be used (eligibility.use_review); `gandan survey` makes a form of what is unknown"
    } else {
        "those to review are not used; `gandan survey` makes a form of what is unknown"
    };
    findings.note(Fault::new("sites::eligibility", message).file(file).help(help));
    let mut unknown: Vec<(&str, usize)> = Vec::new();
    for site in own() {
        if let Eligibility::Review(columns) = &site.eligibility {
            for column in columns {
                match unknown.iter_mut().find(|(name, _)| name == column) {
                    Some((_, n)) => *n += 1,
                    None => unknown.push((column, 1)),
                }
            }
        }
    }
    if !unknown.is_empty() {
        let told = unknown.iter().map(|(column, n)| format!("{column} of {n}")).collect::<Vec<_>>().join(", ");
        let help = "add the columns to the file of sites, or fill in the survey form and name it: inputs.survey";
        findings.note(Fault::new("sites::unknown", format!("unknown: {told}")).file(file).help(help));
    }
    let guessed = own().filter(|s| s.site.position.as_deref() == Some("commune point")).count();
    if guessed > 0 {
        let message = format!("{guessed} sites stand at a point of their commune, not at their address");
        findings.note(Fault::new("sites::position", message).file(file).help("give their coordinates if you can"));
    }
    if study.sites_left_out > 0 {
        let message = format!("{} sites outside the study area are left out", study.sites_left_out);
        findings
            .note(Fault::new("sites::left-out", message).file(file).help("the scenario says so: inputs.outside_sites"));
    }
    let proposed = study.sites.iter().filter(|s| s.proposed).count();
    if proposed > 0 {
        let message = format!("{proposed} points are proposals of gandan");
        findings.note(Fault::new("sites::proposed", message).help("nobody has looked at them yet; see [proposals]"));
    }
}

/// Phases that allow more agents than there are sites.
fn phases(study: &Study, findings: &mut Findings) {
    let usable = study.sites.iter().filter(|s| s.usable || s.site.fixed).count();
    for (i, phase) in study.scenario.phases.iter().enumerate().filter(|(_, p)| p.opens == Opens::MostPeople) {
        if let Some(agents) = phase.agents.filter(|&a| a as usize > usable) {
            let message = format!("{agents} agents are asked for, but only {usable} sites may be used");
            let place = format!("phases[{}].agents ({})", i + 1, phase.name.en);
            let help = "the phase will open fewer; add sites, or let those to review in";
            findings.warn(Fault::new("phases::too-many", message).place(place).help(help));
        }
    }
}

/// People whom no site that may be used serves.
fn unserved(study: &Study, findings: &mut Findings) {
    let helps = |site: u32| study.sites[site as usize].usable || study.sites[site as usize].site.fixed;
    let left = |row: &usize| !study.cover.row(*row).iter().any(|p| helps(p.site));
    let unserved: Persons = (0..study.cover.rows()).filter(left).map(|row| study.row_persons[row]).sum();
    let all: Persons = study.row_persons.iter().copied().sum();
    if unserved.0 > 0 {
        let share = unserved.0 as f64 / all.0.max(1) as f64;
        let message = format!(
            "{} people ({:.2} %) are beyond every site that may be used",
            crate::rollout::explain::commas(unserved.people().round() as u64),
            share * 100.0
        );
        let fault = Fault::new("sites::beyond", message).file(&study.scenario.inputs.sites);
        let fault = fault.help("no plan can serve them; [proposals] with most = 10 proposes new points");
        if share > 0.01 { findings.warn(fault) } else { findings.note(fault) }
    }
}
