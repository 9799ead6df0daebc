//! Who may be an agent: the city's conditions, judged for every candidate with a reason for each refusal.
//!
//! What is not known never refuses a site and never admits it: it asks for a review.

use serde::{Deserialize, Serialize};

use super::sites::Site;
use crate::units::grouped;

/// The conditions for agents. A number of 0, `false` or an empty list switches a condition off. The defaults are the
/// city's: postal firms, IT firms or licensed organisations, at least 3 years in a fitting field, charter capital of at
/// least 2 billion VND, fast internet, computers and a spare, scanner and copier, 24-hour cameras that keep 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Kinds of organisation allowed, compared without regard to case.
    pub organisations: Vec<String>,
    /// Fewest years in a fitting field.
    pub min_years_in_field: f64,
    /// Least charter capital in VND.
    pub min_charter_capital_vnd: u64,
    /// Fewest computers.
    pub min_computers: u32,
    /// A spare computer is needed.
    pub spare_computer: bool,
    /// Fast internet is needed.
    pub fast_internet: bool,
    /// A scanner is needed.
    pub scanner: bool,
    /// A copier is needed.
    pub copier: bool,
    /// Cameras that run 24 hours are needed.
    pub cameras_24h: bool,
    /// Fewest days for which the cameras keep their pictures.
    pub min_camera_days_kept: u32,
}

impl Default for Conditions {
    fn default() -> Self {
        Conditions {
            organisations: ["postal", "it", "licensed"].map(str::to_owned).into(),
            min_years_in_field: 3.0,
            min_charter_capital_vnd: 2_000_000_000,
            min_computers: 1,
            spare_computer: true,
            fast_internet: true,
            scanner: true,
            copier: true,
            cameras_24h: true,
            min_camera_days_kept: 30,
        }
    }
}

/// What the conditions say of a site.
#[derive(Debug, Clone, PartialEq)]
pub enum Eligibility {
    /// Every condition is met by a known value.
    Eligible,
    /// At least one known value fails; all that fail, never empty.
    Refused(Vec<Reason>),
    /// Nothing known fails, but these columns are unknown; never empty.
    Review(Vec<&'static str>),
}

impl Eligibility {
    /// Stable code for tables: `eligible`, `refused` or `review`.
    pub fn code(&self) -> &'static str {
        match self {
            Eligibility::Eligible => "eligible",
            Eligibility::Refused(_) => "refused",
            Eligibility::Review(_) => "review",
        }
    }
}

/// Why a site is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Another kind of organisation.
    Organisation {
        /// The site's kind.
        found: String,
        /// The kinds allowed.
        allowed: Vec<String>,
    },
    /// Too few years in a fitting field.
    YearsInField {
        /// The site's years.
        found: f64,
        /// The fewest allowed.
        min: f64,
    },
    /// Too little charter capital, in VND.
    CharterCapital {
        /// The site's capital.
        found: u64,
        /// The least allowed.
        min: u64,
    },
    /// Too few computers.
    Computers {
        /// The site's computers.
        found: u32,
        /// The fewest allowed.
        min: u32,
    },
    /// No spare computer.
    SpareComputer,
    /// No fast internet.
    FastInternet,
    /// No scanner.
    Scanner,
    /// No copier.
    Copier,
    /// No cameras that run 24 hours.
    Cameras,
    /// The cameras keep their pictures for too few days.
    CameraDaysKept {
        /// The site's days.
        found: u32,
        /// The fewest allowed.
        min: u32,
    },
}

impl Reason {
    /// Stable code, the name of the column that fails.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::Organisation { .. } => "organisation",
            Reason::YearsInField { .. } => "years_in_field",
            Reason::CharterCapital { .. } => "charter_capital_vnd",
            Reason::Computers { .. } => "computers",
            Reason::SpareComputer => "spare_computer",
            Reason::FastInternet => "fast_internet",
            Reason::Scanner => "scanner",
            Reason::Copier => "copier",
            Reason::Cameras => "cameras_24h",
            Reason::CameraDaysKept { .. } => "camera_days_kept",
        }
    }

    /// The reason in Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Reason::Organisation { found, allowed } => {
                format!("loại tổ chức “{found}” không thuộc diện được làm đại lý ({})", allowed.join(", "))
            }
            Reason::YearsInField { found, min } => {
                format!("mới hoạt động {found} năm trong lĩnh vực phù hợp, cần ít nhất {min} năm")
            }
            Reason::CharterCapital { found, min } => {
                format!("vốn điều lệ {} đồng, cần ít nhất {} đồng", grouped(*found, '.'), grouped(*min, '.'))
            }
            Reason::Computers { found, min } => format!("có {found} máy tính, cần ít nhất {min}"),
            Reason::SpareComputer => "không có máy tính dự phòng".into(),
            Reason::FastInternet => "không có đường truyền internet tốc độ cao".into(),
            Reason::Scanner => "không có máy quét".into(),
            Reason::Copier => "không có máy photocopy".into(),
            Reason::Cameras => "không có camera hoạt động 24/24 giờ".into(),
            Reason::CameraDaysKept { found, min } => {
                format!("camera lưu hình {found} ngày, cần ít nhất {min} ngày")
            }
        }
    }

    /// The reason in English.
    pub fn english(&self) -> String {
        match self {
            Reason::Organisation { found, allowed } => {
                format!("organisation of kind “{found}” may not be an agent (allowed: {})", allowed.join(", "))
            }
            Reason::YearsInField { found, min } => format!("{found} years in a fitting field, at least {min} needed"),
            Reason::CharterCapital { found, min } => {
                format!("charter capital of {} VND, at least {} needed", grouped(*found, ','), grouped(*min, ','))
            }
            Reason::Computers { found, min } => format!("{found} computers, at least {min} needed"),
            Reason::SpareComputer => "no spare computer".into(),
            Reason::FastInternet => "no fast internet".into(),
            Reason::Scanner => "no scanner".into(),
            Reason::Copier => "no copier".into(),
            Reason::Cameras => "no cameras that run 24 hours".into(),
            Reason::CameraDaysKept { found, min } => format!("cameras keep {found} days, at least {min} needed"),
        }
    }
}

/// Judges a site. A known value that fails refuses it, even where others are unknown; fixed sites are judged like all.
pub fn judge(site: &Site, conditions: &Conditions) -> Eligibility {
    let known = &site.attributes;
    let mut verdict = Verdict::default();
    let allowed = &conditions.organisations;
    if !allowed.is_empty() {
        verdict.hear("organisation", site.organisation.as_ref(), |found| {
            let fits = allowed.iter().any(|kind| kind.trim().to_lowercase() == found.trim().to_lowercase());
            (!fits).then(|| Reason::Organisation { found: found.clone(), allowed: allowed.clone() })
        });
    }
    let min = conditions.min_years_in_field;
    if min > 0.0 {
        verdict.hear("years_in_field", known.years_in_field, |found| {
            (found < min).then_some(Reason::YearsInField { found, min })
        });
    }
    let min = conditions.min_charter_capital_vnd;
    if min > 0 {
        verdict.hear("charter_capital_vnd", known.charter_capital_vnd, |found| {
            (found < min).then_some(Reason::CharterCapital { found, min })
        });
    }
    let min = conditions.min_computers;
    if min > 0 {
        verdict.hear("computers", known.computers, |found| (found < min).then_some(Reason::Computers { found, min }));
    }
    let things = [
        ("spare_computer", conditions.spare_computer, known.spare_computer, Reason::SpareComputer),
        ("fast_internet", conditions.fast_internet, known.fast_internet, Reason::FastInternet),
        ("scanner", conditions.scanner, known.scanner, Reason::Scanner),
        ("copier", conditions.copier, known.copier, Reason::Copier),
        ("cameras_24h", conditions.cameras_24h, known.cameras_24h, Reason::Cameras),
    ];
    for (column, needed, has, reason) in things {
        if needed {
            verdict.hear(column, has, |has| (!has).then_some(reason));
        }
    }
    let min = conditions.min_camera_days_kept;
    if min > 0 {
        verdict.hear("camera_days_kept", known.camera_days_kept, |found| {
            (found < min).then_some(Reason::CameraDaysKept { found, min })
        });
    }
    match (verdict.reasons.is_empty(), verdict.unknown.is_empty()) {
        (false, _) => Eligibility::Refused(verdict.reasons),
        (true, false) => Eligibility::Review(verdict.unknown),
        (true, true) => Eligibility::Eligible,
    }
}

#[derive(Default)]
struct Verdict {
    reasons: Vec<Reason>,
    unknown: Vec<&'static str>,
}

impl Verdict {
    fn hear<T>(&mut self, column: &'static str, value: Option<T>, fails: impl FnOnce(T) -> Option<Reason>) {
        match value {
            None => self.unknown.push(column),
            Some(value) => self.reasons.extend(fails(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::sites::Attributes;

    /// A site that meets every condition exactly at its limit.
    fn fit() -> Site {
        Site {
            id: "a".into(),
            name: "A".into(),
            organisation: Some("Postal".into()),
            attributes: Attributes {
                years_in_field: Some(3.0),
                charter_capital_vnd: Some(2_000_000_000),
                fast_internet: Some(true),
                computers: Some(1),
                spare_computer: Some(true),
                scanner: Some(true),
                copier: Some(true),
                cameras_24h: Some(true),
                camera_days_kept: Some(30),
            },
            ..Site::default()
        }
    }

    #[test]
    fn limits_are_inclusive() {
        assert_eq!(judge(&fit(), &Conditions::default()), Eligibility::Eligible);
    }

    #[test]
    fn every_failing_value_is_a_reason() {
        let mut site = fit();
        site.organisation = Some("café".into());
        site.attributes = Attributes {
            years_in_field: Some(2.5),
            charter_capital_vnd: Some(1_999_999_999),
            fast_internet: Some(false),
            computers: Some(0),
            spare_computer: Some(false),
            scanner: Some(false),
            copier: Some(false),
            cameras_24h: Some(false),
            camera_days_kept: Some(29),
        };
        let Eligibility::Refused(reasons) = judge(&site, &Conditions::default()) else { panic!("not refused") };
        let codes: Vec<_> = reasons.iter().map(Reason::code).collect();
        assert_eq!(
            codes,
            [
                "organisation",
                "years_in_field",
                "charter_capital_vnd",
                "computers",
                "spare_computer",
                "fast_internet",
                "scanner",
                "copier",
                "cameras_24h",
                "camera_days_kept"
            ]
        );
        assert_eq!(reasons[2].english(), "charter capital of 1,999,999,999 VND, at least 2,000,000,000 needed");
        assert_eq!(reasons[2].vietnamese(), "vốn điều lệ 1.999.999.999 đồng, cần ít nhất 2.000.000.000 đồng");
        assert!(reasons.iter().all(|r| !r.vietnamese().is_empty() && r.vietnamese() != r.english()));
    }

    #[test]
    fn the_unknown_asks_for_a_review_unless_something_known_fails() {
        let mut site = fit();
        site.attributes.scanner = None;
        site.attributes.years_in_field = None;
        assert_eq!(judge(&site, &Conditions::default()), Eligibility::Review(vec!["years_in_field", "scanner"]));
        site.attributes.copier = Some(false);
        assert_eq!(judge(&site, &Conditions::default()), Eligibility::Refused(vec![Reason::Copier]));
    }

    #[test]
    fn conditions_can_be_switched_off_one_by_one() {
        let off: Conditions = toml::from_str(
            "organisations = []\nmin_years_in_field = 0\nmin_charter_capital_vnd = 0\nmin_computers = 0\n\
             spare_computer = false\nfast_internet = false\nscanner = false\ncopier = false\ncameras_24h = false\n\
             min_camera_days_kept = 0",
        )
        .unwrap();
        assert_eq!(judge(&Site::default(), &off), Eligibility::Eligible);
        let some: Conditions = toml::from_str("min_years_in_field = 5").unwrap();
        assert_eq!(some, Conditions { min_years_in_field: 5.0, ..Conditions::default() });
        assert!(toml::from_str::<Conditions>("min_years = 5").is_err());
    }
}
