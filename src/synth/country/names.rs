//! Made-up names that sound Vietnamese.

use super::frame::unit;

const FIRST: [&str; 40] = [
    "An", "Bình", "Cao", "Cẩm", "Đại", "Đông", "Đồng", "Đức", "Gia", "Hà", "Hải", "Hòa", "Hồng", "Hưng", "Hương",
    "Khánh", "Kim", "Lạc", "Lâm", "Liên", "Long", "Mai", "Minh", "Mỹ", "Nam", "Ngọc", "Nguyên", "Phú", "Phúc",
    "Phương", "Quang", "Sơn", "Tam", "Tân", "Thanh", "Thành", "Thạch", "Thái", "Vân", "Xuân",
];
const SECOND: [&str; 40] = [
    "An", "Bản", "Bồi", "Cầu", "Châu", "Chính", "Dương", "Điền", "Định", "Đình", "Đô", "Giang", "Hạ", "Hậu", "Hiệp",
    "Hoa", "Hội", "Khê", "Lãng", "Lập", "Lĩnh", "Lộc", "Lợi", "Mỹ", "Nghĩa", "Nhân", "Ninh", "Phong", "Quan", "Quý",
    "Sơn", "Tài", "Thắng", "Thịnh", "Thọ", "Thủy", "Tiến", "Trạch", "Trì", "Vượng",
];

/// Two words that belong to a place.
pub(crate) fn two(salt: u64, key: usize) -> String {
    let pick = |s: u64, words: &[&'static str; 40]| words[(unit(salt ^ s, key) * 40.0) as usize];
    format!("{} {}", pick(1, &FIRST), pick(2, &SECOND))
}

/// Names in turn: the first 1,600 differ, then they come again with a number.
pub(crate) fn nth(k: usize) -> String {
    // 1,009 shares no factor with 1,600, so that the steps pass every pair before any comes twice.
    let pair = k * 1009 % 1600;
    let name = format!("{} {}", FIRST[pair / 40], SECOND[pair % 40]);
    match k / 1600 {
        0 => name,
        more => format!("{name} {}", more + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_turn_differ() {
        let names: std::collections::HashSet<String> = (0..5000).map(nth).collect();
        assert_eq!(names.len(), 5000);
        assert_eq!(nth(0), "An An");
        assert!(nth(1600).ends_with(" 2"));
    }
}
