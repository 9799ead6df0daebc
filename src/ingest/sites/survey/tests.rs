use std::path::Path;

use super::*;
use crate::ingest::sites::Attributes;
use crate::ingest::testkit::file;

/// Of `a` the scanner and the capital are unknown, of `b` the capital and the organisation; `c` is refused, `d` eligible.
fn sites() -> Vec<Site> {
    let fit = Site {
        id: "d".into(),
        name: "Bưu cục D".into(),
        organisation: Some("postal".into()),
        attributes: Attributes {
            years_in_field: Some(3.5),
            charter_capital_vnd: Some(2_000_000_000),
            fast_internet: Some(true),
            computers: Some(2),
            spare_computer: Some(true),
            scanner: Some(true),
            copier: Some(true),
            cameras_24h: Some(true),
            camera_days_kept: Some(30),
        },
        ..Site::default()
    };
    let mut a =
        Site { id: "a".into(), name: "Bưu cục A".into(), address: Some("1, Phố Huế".into()), ..fit.clone() };
    (a.attributes.scanner, a.attributes.charter_capital_vnd) = (None, None);
    let mut b = Site { id: "b".into(), name: "Bưu cục B".into(), organisation: None, ..fit.clone() };
    b.attributes.charter_capital_vnd = None;
    let mut c = Site { id: "c".into(), ..a.clone() };
    c.attributes.copier = Some(false);
    vec![a, b, c, fit]
}

fn answers(text: &str) -> crate::error::Result<Answers> {
    let (_dir, path) = file("survey.csv", text);
    read_answers(&path)
}

#[test]
fn the_form_asks_exactly_what_is_unknown_of_those_under_review() {
    let form = survey_form(&sites(), &Conditions::default());
    let codes: Vec<&str> = form.questions.iter().map(|q| q.code).collect();
    assert_eq!(codes, ["organisation", "charter_capital_vnd", "scanner"]);
    let rows: Vec<_> = form.rows.iter().map(|row| (row.id.as_str(), row.known.clone())).collect();
    let postal = Some(Value::Text("postal".into()));
    assert_eq!(rows, [("a", vec![postal, None, None]), ("b", vec![None, None, Some(Value::Flag(true))])]);
    assert_eq!(form.open_cells(), 4);
    // What is switched off is not asked.
    let off = Conditions { min_charter_capital_vnd: 0, ..Conditions::default() };
    assert_eq!(survey_form(&sites(), &off).questions.len(), 2);
}

#[test]
fn questions_carry_the_limit_of_the_scenario() {
    let asked = questions(&Conditions { min_years_in_field: 2.5, ..Conditions::default() });
    assert_eq!(asked.len(), 10);
    assert_eq!(asked[0].limit.en, "Accepted: Postal firm, IT firm, Licensed organisation");
    assert_eq!(asked[1].limit.vi, "Cần ít nhất 2,5 năm");
    assert_eq!(asked[2].limit.vi, "Cần ít nhất 2.000.000.000 đồng");
    assert_eq!(asked[2].limit.en, "At least 2,000,000,000 VND");
    let Answer::Choice(choices) = &asked[0].answer else { panic!() };
    assert_eq!(choices.iter().map(|c| c.code.as_str()).collect::<Vec<_>>(), ["postal", "it", "licensed", "other"]);
    // The order of the questions is that of the judge.
    let unknown = crate::ingest::eligibility::judge(&Site::default(), &Conditions::default());
    let codes = asked.iter().map(|q| q.code).collect();
    assert_eq!(unknown, crate::ingest::eligibility::Eligibility::Review(codes));
}

#[test]
fn a_filled_form_is_read_back_and_fills_only_the_unknown() {
    // As Excel saves the sheet with Vietnamese settings: rows above the codes, semicolons, names instead of codes.
    let text = "\u{feff}Phiếu khảo sát;;;;\nMã điểm;Tên;Loại tổ chức;Vốn điều lệ;Máy quét\n\
        id;name;organisation;Vốn điều lệ;scanner\na;Bưu cục A;postal;2.500.000.000;Không\n\
        b;;Doanh nghiệp công nghệ thông tin;;Có\n;;;;\n";
    let read = answers(text).unwrap();
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.rows[0].line, 4);
    let mut all = sites();
    assert_eq!(fill_in(&mut all, &read).unwrap(), 3);
    assert_eq!(all[0].attributes.charter_capital_vnd, Some(2_500_000_000));
    assert_eq!(all[0].attributes.scanner, Some(false));
    assert_eq!(all[1].organisation.as_deref(), Some("it"));
    assert_eq!(all[1].attributes.charter_capital_vnd, None, "a blank cell stays unknown");
    assert_eq!(all[2..], sites()[2..]);
    assert_eq!(fill_in(&mut all, &read).unwrap(), 0, "the same answers again change nothing");
}

#[test]
fn contradictions_name_both_values_and_change_nothing() {
    let text = "id,organisation,scanner,copier\na,it,có,yes\nzz,,,có\n0b,,,\n";
    let mut all = sites();
    let error = fill_in(&mut all, &answers(text).unwrap()).unwrap_err();
    let told: Vec<_> = error.faults().iter().map(|f| (f.code, f.message.as_str())).collect();
    let expected = [
        ("survey::contradiction", "organisation of site a (Bưu cục A) is `it` here, but `postal` in the list of sites"),
        ("survey::unknown-site", "no site has the id `zz`"),
        ("survey::unknown-site", "no site has the id `0b`"),
    ];
    assert_eq!(told, expected);
    assert!(error.faults()[2].help.as_ref().unwrap().contains("is it `b`?"));
    assert_eq!(all, sites());
}

#[test]
fn faults_of_the_form_come_together() {
    let text = "id,years_in_field,scanner,computers\na,ba năm,có thể,2\na,3,,\n,4,,\nb,3,,-1\n";
    let error = answers(text).unwrap_err();
    let told: Vec<_> = error.faults().iter().map(|f| (f.code, f.place.clone().unwrap_or_default())).collect();
    let expected = [
        ("survey::value", "line 2 (site a), column years_in_field"),
        ("survey::value", "line 2 (site a), column scanner"),
        ("survey::duplicate", "line 3"),
        ("survey::value", "line 4"),
        ("survey::value", "line 5 (site b), column computers"),
    ];
    assert_eq!(told, expected.map(|(code, place)| (code, place.to_owned())));
    let code = |text: &str| answers(text).unwrap_err().faults()[0].code;
    assert_eq!(code("name,scanner\nA,có\n"), "survey::columns");
    assert_eq!(code("id,name\na,A\n"), "survey::columns");
    assert_eq!(code("id,scanner,Máy quét\na,có,có\n"), "survey::columns");
    assert_eq!(code("PK\u{3}\u{4}"), "survey::format");
    assert_eq!(read_answers(Path::new("nowhere.csv")).unwrap_err().faults()[0].code, "io");
}
