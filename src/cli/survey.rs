//! `gandan survey`: a form that asks exactly what is unknown of the sites.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::plan::Format;
use crate::error::{Fault, Result};
use crate::files::refuse_existing_file;
use crate::ingest::eligibility::{Eligibility, Reason};
use crate::ingest::sites::Site;
use crate::ingest::sites::survey::survey_form;
use crate::output::eligibility::eligibility_table;
use crate::output::survey::{write_csv, write_xlsx};
use crate::scenario::Scenario;
use crate::study::read_tables;

/// Arguments of `gandan survey`.
#[derive(Debug, Args)]
pub struct SurveyArgs {
    /// The scenario, a TOML file.
    scenario: PathBuf,
    /// The form to write: a workbook (.xlsx) or a table (.csv). Without it only the verdicts are printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the form if it exists.
    #[arg(long, requires = "out")]
    force: bool,
    /// How the verdicts are printed.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

/// Prints what the city's conditions say of every site, and writes the form of what is unknown.
///
/// # Errors
/// Faults of the scenario's tables, or of the disk.
pub fn run(args: &SurveyArgs, quiet: bool) -> Result<()> {
    let scenario = Scenario::read(&args.scenario)?;
    let workbook = match &args.out {
        Some(out) => Some(is_workbook(out)?),
        None => None,
    };
    if let Some(out) = &args.out {
        refuse_existing_file(out, args.force)?;
    }
    let tables = read_tables(&scenario)?;
    let (sites, verdicts): (Vec<Site>, Vec<Eligibility>) =
        tables.sites.into_iter().map(|s| (s.site, s.eligibility)).unzip();
    match args.format {
        Format::Text => print!("{}", eligibility_table(&sites, &verdicts)),
        Format::Json => println!("{:#}", verdicts_json(&sites, &verdicts)),
    }
    let (Some(out), Some(workbook)) = (&args.out, workbook) else { return Ok(()) };
    let form = survey_form(&sites, &scenario.eligibility.conditions);
    if workbook {
        write_xlsx(out, &form)?;
    } else {
        write_csv(out, &form)?;
    }
    if !quiet {
        eprintln!(
            "Written: {} ({} sites, {} open questions). Save it as CSV once it is filled in, and name it under [inputs]: \
             survey = \"…\"",
            out.display(),
            form.rows.len(),
            form.open_cells()
        );
    }
    Ok(())
}

fn verdicts_json(sites: &[Site], verdicts: &[Eligibility]) -> Value {
    let count = |code: &str| verdicts.iter().filter(|verdict| verdict.code() == code).count();
    let site = |(site, verdict): (&Site, &Eligibility)| {
        let (refused, unknown) = match verdict {
            Eligibility::Eligible => (Vec::new(), Vec::new()),
            Eligibility::Refused(reasons) => (reasons.iter().collect(), Vec::new()),
            Eligibility::Review(unknown) => (Vec::new(), unknown.clone()),
        };
        let reason = |reason: &Reason| json!({ "condition": reason.code(), "says": reason.english() });
        json!({
            "id": site.id,
            "name": site.name,
            "verdict": verdict.code(),
            "refused_for": refused.into_iter().map(reason).collect::<Vec<_>>(),
            "unknown": unknown,
        })
    };
    json!({
        "eligible": count("eligible"),
        "review": count("review"),
        "refused": count("refused"),
        "sites": sites.iter().zip(verdicts).map(site).collect::<Vec<_>>(),
    })
}

fn is_workbook(out: &std::path::Path) -> Result<bool> {
    match out.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("xlsx") => Ok(true),
        Some("csv") => Ok(false),
        _ => Err(Fault::new("survey::ending", "the form's ending is neither .xlsx nor .csv")
            .file(out)
            .help("name it form.xlsx or form.csv")
            .into()),
    }
}
