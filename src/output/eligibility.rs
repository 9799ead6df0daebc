//! The eligibility of all sites as a table of plain text.

use std::fmt::Write;

use crate::ingest::eligibility::{Eligibility, Reason};
use crate::ingest::sites::Site;

/// The widest column of ids and of names, in letters; what is longer is cut.
const ID_WIDTH: usize = 20;
const NAME_WIDTH: usize = 36;

/// A compact table: id, name, verdict, and the reasons of a refusal or what is unknown; below it how many sites have each
/// verdict and for how many each condition is unknown or fails. `verdicts` go with `sites`. Ends with a line break.
pub fn eligibility_table(sites: &[Site], verdicts: &[Eligibility]) -> String {
    let width = |most: usize, title: &str, texts: &mut dyn Iterator<Item = usize>| {
        texts.max().unwrap_or(0).max(title.chars().count()).min(most)
    };
    let ids = width(ID_WIDTH, "id", &mut sites.iter().map(|site| site.id.chars().count()));
    let names = width(NAME_WIDTH, "name", &mut sites.iter().map(|site| site.name.chars().count()));
    let mut out = String::new();
    let mut line = |id: &str, name: &str, verdict: &str, why: &str| {
        let row = format!("{}  {}  {verdict:<8}  {why}", fitted(id, ids), fitted(name, names));
        out.push_str(row.trim_end());
        out.push('\n');
    };
    line("id", "name", "verdict", "why");
    for (site, verdict) in sites.iter().zip(verdicts) {
        let why = match verdict {
            Eligibility::Eligible => String::new(),
            Eligibility::Refused(reasons) => reasons.iter().map(Reason::english).collect::<Vec<_>>().join("; "),
            Eligibility::Review(unknown) => {
                format!("unknown: {}", unknown.iter().map(|code| short(code)).collect::<Vec<_>>().join(", "))
            }
        };
        line(&site.id, &site.name, verdict.code(), &why);
    }
    out.push('\n');
    out.push_str(&summary(verdicts));
    out
}

fn summary(verdicts: &[Eligibility]) -> String {
    let count = |code: &str| verdicts.iter().filter(|verdict| verdict.code() == code).count();
    let mut out = format!(
        "{} sites: {} eligible, {} to review, {} refused\n",
        verdicts.len(),
        count("eligible"),
        count("review"),
        count("refused")
    );
    // In the order of the conditions, which is that of the first site that has them.
    const CODES: [&str; 10] = [
        "organisation",
        "years_in_field",
        "charter_capital_vnd",
        "computers",
        "spare_computer",
        "fast_internet",
        "scanner",
        "copier",
        "cameras_24h",
        "camera_days_kept",
    ];
    for code in CODES {
        let unknown =
            verdicts.iter().filter(|v| matches!(v, Eligibility::Review(codes) if codes.contains(&code))).count();
        let fails = |v: &&Eligibility| matches!(v, Eligibility::Refused(why) if why.iter().any(|r| r.code() == code));
        let failed = verdicts.iter().filter(fails).count();
        if unknown + failed > 0 {
            let _ = writeln!(out, "  {code:<20} unknown for {unknown}, not met by {failed}");
        }
    }
    out
}

/// A short name of a condition.
fn short(code: &str) -> &str {
    match code {
        "years_in_field" => "years",
        "charter_capital_vnd" => "capital",
        "spare_computer" => "spare",
        "fast_internet" => "internet",
        "cameras_24h" => "cameras",
        "camera_days_kept" => "days kept",
        other => other,
    }
}

/// A text of exactly this many letters.
fn fitted(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length > width {
        let cut: String = text.chars().take(width.saturating_sub(1)).collect();
        return format!("{cut}…");
    }
    format!("{text}{}", " ".repeat(width - length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::eligibility::{Conditions, judge};

    #[test]
    fn a_small_table() {
        let site = |id: &str, name: &str| Site { id: id.into(), name: name.into(), ..Site::default() };
        let sites =
            [site("a", "Bưu cục Ba Đình"), site("b", "Bưu cục của một nơi có tên rất dài ở Hà Nội"), site("c", "C")];
        let verdicts = [
            Eligibility::Eligible,
            Eligibility::Refused(vec![Reason::Scanner, Reason::Computers { found: 0, min: 1 }]),
            Eligibility::Review(vec!["years_in_field", "scanner"]),
        ];
        let expected = "\
id  name                                  verdict   why
a   Bưu cục Ba Đình                       eligible
b   Bưu cục của một nơi có tên rất dài …  refused   no scanner; 0 computers, at least 1 needed
c   C                                     review    unknown: years, scanner

3 sites: 1 eligible, 1 to review, 1 refused
  years_in_field       unknown for 1, not met by 0
  computers            unknown for 0, not met by 1
  scanner              unknown for 1, not met by 1
";
        assert_eq!(eligibility_table(&sites, &verdicts), expected);
    }

    #[test]
    fn the_real_offices() {
        use crate::ingest::testkit::shared;
        let Some(path) = shared("hanoi/post-offices.csv") else { return };
        let sites = crate::ingest::sites::read_sites(&path, false).unwrap();
        let verdicts: Vec<Eligibility> = sites.iter().map(|site| judge(site, &Conditions::default())).collect();
        let table = eligibility_table(&sites, &verdicts);
        assert!(table.contains("106 sites: 0 eligible, 106 to review, 0 refused"), "{table}");
        println!("{}", table.lines().take(5).chain(table.lines().skip(107)).collect::<Vec<_>>().join("\n"));
    }
}
