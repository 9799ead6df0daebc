//! The reasons of sites and of unserved places as sentences, in Vietnamese and English.

use super::dots;
use super::why::{Role, SiteReason, Swap};
use crate::ingest::eligibility::Eligibility;
use crate::ingest::sites::survey::title_within;
use crate::rollout::UncoveredPlace;
use crate::study::Study;
use crate::units::counted;

/// Thousandths of a person as whole people, in Vietnamese without and in English with the word; never 0 for somebody.
fn people(milli: u64) -> (String, String) {
    match (milli + 500) / 1000 {
        0 if milli > 0 => ("chưa đến 1".into(), "less than 1 person".into()),
        whole => (dots(whole), counted(whole, "person", "people")),
    }
}

/// The same of person-days.
fn person_days(milli: u64) -> (String, String) {
    match (milli + 500) / 1000 {
        0 if milli > 0 => ("chưa đến 1".into(), "less than 1 person-day".into()),
        whole => (dots(whole), counted(whole, "person-day", "person-days")),
    }
}

/// Why a site is or is not in the plan, and what it or its best exchange would change, in Vietnamese and English.
pub fn site(study: &Study, index: usize, reason: &SiteReason) -> (String, String) {
    let (mut vi, mut en) = (Vec::new(), Vec::new());
    let mut say = |v: String, e: String| {
        vi.push(v);
        en.push(e);
    };
    let (reach_vi, reach_en) = people(reason.in_reach.0);
    match reason.role {
        Role::Refused => {
            let (v, e) = conditions(&study.sites[index].eligibility);
            say(format!("Không đủ điều kiện: {v}."), format!("It does not meet the city's conditions: {e}."));
        }
        Role::Unknown => {
            let (v, e) = conditions(&study.sites[index].eligibility);
            say(
                format!("Còn thiếu thông tin ({v}); kịch bản không dùng địa điểm chưa rõ."),
                format!("Something is unknown of it ({e}), and the scenario uses no such site."),
            );
        }
        Role::OutOfScope => {
            say("Không giai đoạn nào mở đại lý tại khu vực này.".into(), "No phase opens agents where it lies.".into())
        }
        Role::ServesNobody => {
            say("Không có người dân nào trong tầm phục vụ.".into(), "Nobody lives within its reach.".into());
        }
        Role::AddsNobody => say(
            format!("Cả {reach_vi} người trong tầm phục vụ đều đã có đại lý khác."),
            format!("All in its reach, {reach_en}, have an agent."),
        ),
        Role::Fixed | Role::Opens if reason.without.is_none() => {
            say("Nơi này đóng cửa trước khi kế hoạch kết thúc.".into(), "It closes before the end of the plan.".into())
        }
        Role::NotChosen | Role::Fixed | Role::Opens => {}
    }
    if let Some(added) = reason.added.filter(|p| p.0 > 0) {
        let (v, e) = people(added.0);
        say(
            format!("Nếu mở thêm, nơi này phục vụ thêm {v} người so với phương án cuối cùng."),
            format!("Opened as well, it would serve {e} more than the final plan."),
        );
    }
    if let Some(without) = &reason.without {
        let (first, end) = (without.unserved_first.0, without.unserved.0);
        let ((first_vi, first_en), (end_vi, end_en)) = (people(first), people(end));
        if first == end {
            say(
                format!("Nếu thiếu nơi này, {end_vi} người không còn đại lý nào trong chuẩn."),
                format!("Without it {end_en} would have no agent within the standard."),
            );
        } else {
            say(
                format!(
                    "Nếu thiếu nơi này, {first_vi} người không có đại lý nào trong chuẩn trong giai đoạn nó \
                     mở, và {end_vi} người ở giai đoạn cuối."
                ),
                format!(
                    "Without it {first_en} would have no agent within the standard in the phase in which it \
                     opens, and {end_en} in the last one."
                ),
            );
        }
        let minutes = without.extra_person_minutes().round() as u64;
        if minutes > 0 {
            say(
                format!("Những người gần nơi này nhất sẽ phải đi thêm tổng cộng {} phút mỗi lượt.", dots(minutes)),
                format!(
                    "Those whose nearest agent it is would travel {} more in all, one way.",
                    counted(minutes, "minute", "minutes")
                ),
            );
        }
        if without.cut_off.0 > 0 {
            let (v, e) = people(without.cut_off.0);
            say(
                format!("{v} người không còn đường nào đến một đại lý khác."),
                format!("{e} would reach no other agent by road."),
            );
        }
    }
    match reason.exchange {
        Some(swap) if matches!(reason.role, Role::Opens | Role::Fixed) => {
            let (v, e) = changed(swap);
            let name = named(study, swap.site);
            say(format!("Nơi thay thế tốt nhất là {name}: {v}."), format!("The best substitute is {name}: {e}."));
        }
        Some(swap) if reason.role == Role::NotChosen => {
            let (v, e) = changed(swap);
            let name = named(study, swap.site);
            say(
                format!("Nếu thay cho một đại lý thì tốt nhất là thay {name}: {v}."),
                format!("The agent that it would best stand in for is {name}: {e}."),
            );
        }
        _ => {}
    }
    (vi.join(" "), en.join(" "))
}

fn named(study: &Study, site: u32) -> String {
    let site = &study.sites[site as usize].site;
    format!("{} ({})", site.name, site.id)
}

/// What an exchange does to the people served at the end, and to the person-days of the plan where that differs.
fn changed(swap: Swap) -> (String, String) {
    let (v, e) = people(swap.change.unsigned_abs());
    let be = if swap.change.unsigned_abs() < 1500 { "is" } else { "are" };
    let (mut vi, mut en) = match swap.change {
        0 => ("cuối kỳ phục vụ được số người như cũ".to_owned(), "as many people are served at the end".to_owned()),
        ..0 => (format!("cuối kỳ phục vụ ít hơn {v} người"), format!("{e} fewer {be} served at the end")),
        1.. => (format!("cuối kỳ phục vụ thêm {v} người"), format!("{e} more {be} served at the end")),
    };
    let days = swap.weighted_days;
    if days.signum() != i128::from(swap.change.signum()) {
        let (v, e) = person_days(u64::try_from(days.unsigned_abs()).unwrap_or(u64::MAX));
        vi += &match days {
            ..0 => format!(", nhưng ít hơn {v} người × ngày tính cả kế hoạch"),
            0 => ", cả kế hoạch không đổi tính theo người × ngày".to_owned(),
            1.. => format!(", và thêm {v} người × ngày tính cả kế hoạch"),
        };
        en += &match days {
            ..0 => format!(", but {e} fewer over the whole plan"),
            0 => ", and as many person-days over the whole plan".to_owned(),
            1.. => format!(", and {e} more over the whole plan"),
        };
    }
    (vi, en)
}

/// Why a site is refused, or what is unknown of it.
fn conditions(eligibility: &Eligibility) -> (String, String) {
    let (vi, en): (Vec<String>, Vec<String>) = match eligibility {
        Eligibility::Eligible => return ("đã bị loại trong danh sách".into(), "left out by its list".into()),
        Eligibility::Refused(reasons) => reasons.iter().map(|r| (r.vietnamese(), r.english())).unzip(),
        Eligibility::Review(unknown) => {
            let (vi, en): (Vec<String>, Vec<String>) = unknown.iter().map(|code| title_within(code)).unzip();
            return (vi.join(", "), en.join(", "));
        }
    };
    (vi.join("; "), en.join("; "))
}

/// What would cover an unserved place, in Vietnamese and English.
pub fn place(study: &Study, place: &UncoveredPlace) -> (String, String) {
    if let Some((site, persons)) = place.best_candidate {
        let ((v, e), name) = (people(persons.0), named(study, site));
        return (
            format!("Mở thêm {name} sẽ phục vụ {v} người ở đây."),
            format!("Opening {name} as well would serve {e} here."),
        );
    }
    let (v, e) = people(place.new_point_persons.0);
    let at = format!("{:.5}, {:.5}", place.new_point.lon, place.new_point.lat);
    (
        format!(
            "Không ứng viên nào phục vụ được người ở đây; một điểm mới tại {at} sẽ phục vụ {v} người trong bán kính."
        ),
        format!(
            "No candidate serves anybody here; a new point at {at} would have {e} not yet served within its radius."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_never_nobody() {
        assert_eq!(people(0), ("0".into(), "0 people".into()));
        assert_eq!(people(499).1, "less than 1 person");
        assert_eq!(people(1_234_500), ("1.235".into(), "1,235 people".into()));
    }

    #[test]
    fn an_exchange_says_which_way_it_goes() {
        let says = |change, weighted_days| changed(Swap { site: 0, change, weighted_days }).1;
        assert_eq!(says(0, 0), "as many people are served at the end");
        assert_eq!(says(-12_000, -1), "12 people fewer are served at the end");
        assert_eq!(says(1000, 1000), "1 person more is served at the end");
        assert_eq!(says(7000, 7000), "7 people more are served at the end");
        // As many at the end, but fewer before: 3 people on 30 days.
        assert_eq!(
            says(0, -90_000),
            "as many people are served at the end, but 90 person-days fewer over the whole plan"
        );
    }
}
