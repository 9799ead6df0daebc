//! CSV: the sites.

use super::super::sites::Site;
use crate::error::{Fault, Result};

/// The columns, in order.
const COLUMNS: [&str; 18] = [
    "id",
    "name",
    "lon",
    "lat",
    "organisation",
    "operator",
    "address",
    "ward_code",
    "fixed",
    "years_in_field",
    "charter_capital_vnd",
    "fast_internet",
    "computers",
    "spare_computer",
    "scanner",
    "copier",
    "cameras_24h",
    "camera_days_kept",
];

/// A table of sites; unknown values are empty.
pub(crate) fn sites(sites: &[Site]) -> Result<Vec<u8>> {
    let fault = |e: csv::Error| Fault::new("synth::write", format!("cannot write the sites: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(fault)?;
    for s in sites {
        let (lon, lat) = s.at.degrees();
        let f = &s.fitness;
        let record: [String; 18] = [
            s.id.clone(),
            s.name.clone(),
            format!("{lon:.6}"),
            format!("{lat:.6}"),
            s.organisation.to_owned(),
            s.operator.clone(),
            s.address.clone(),
            s.ward_code.clone(),
            s.fixed.to_string(),
            cell(f.years_in_field),
            cell(f.charter_capital_vnd),
            cell(f.fast_internet),
            cell(f.computers),
            cell(f.spare_computer),
            cell(f.scanner),
            cell(f.copier),
            cell(f.cameras_24h),
            cell(f.camera_days_kept),
        ];
        writer.write_record(&record).map_err(fault)?;
    }
    writer.into_inner().map_err(|e| Fault::new("synth::write", e.to_string()).into())
}

fn cell(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}
