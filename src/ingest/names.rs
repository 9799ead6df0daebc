//! Names of places as people write them: kept with their marks, matched without them.
//!
//! Vietnamese text comes composed (NFC) from most keyboards and decomposed (NFD) from macOS and some exports; people
//! leave marks out when they type, and write a ward as `Phường Ba Đình`, `P. Ba Đình` or `Ba Đình`. What is kept and
//! shown is NFC; what is compared is folded.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words for kinds of administrative areas that may stand before a name, folded; longer ones first.
const PREFIXES: [&str; 18] = [
    "thanh pho",
    "thi tran",
    "dac khu",
    "thi xa",
    "phuong",
    "quan",
    "huyen",
    "tinh",
    "city",
    "ward",
    "commune",
    "xa",
    "tp",
    "tx",
    "tt",
    "p",
    "q",
    "h",
];

/// The composed form (NFC) of a text, without space at its ends and with single spaces inside.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.nfc());
    }
    out
}

/// The words of a text for matching: lower case, no diacritics (`đ` becomes `d`), anything that is no letter or digit
/// is a gap between words.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    // Case first: the small form of some capitals carries a mark of its own.
    for c in text.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c)) {
        let c = if c == 'đ' { 'd' } else { c };
        if c.is_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The form of a name that is compared: [`words`] joined by spaces, without one administrative prefix (`Phường`, `Xã`,
/// `P.`, `Quận`, `Huyện`, `Thị xã`, `TP.`, …). A name that is nothing but such a word is kept.
pub fn fold_name(name: &str) -> String {
    let folded = words(name).join(" ");
    for prefix in PREFIXES {
        if let Some(rest) = folded.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(' ')) {
            return rest.to_owned();
        }
    }
    folded
}

/// How many letters must be added, taken out, changed or swapped with their neighbour to make one text of the other
/// (optimal string alignment). Texts longer than 200 characters are compared by their first 200.
pub fn edit_distance(a: &str, b: &str) -> usize {
    const MOST: usize = 200;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(MOST).collect(), b.chars().take(MOST).collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for j in 0..b.len() {
            let mut best = (last[j] + usize::from(a[i] != b[j])).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                let swapped: &Vec<usize> = &before;
                best = best.min(swapped[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The known names nearest to a wanted one, nearest first, at most `most`; only those near enough to be a slip of the
/// hand: a third of the letters may differ, or the folded wanted text stands in the folded name.
pub fn closest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let folded = fold_name(wanted);
    let allowed = (folded.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let other = fold_name(name);
            let distance = edit_distance(&folded, &other);
            let within = folded.chars().count() >= 3 && other.contains(&folded);
            (distance <= allowed || within).then_some((distance, name))
        })
        .collect();
    near.sort();
    near.dedup();
    near.truncate(most);
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_names_are_composed_and_trimmed() {
        // ộ as o + dot below + circumflex.
        assert_eq!(tidy("  Ha\u{300}  No\u{323}\u{302}i \n"), "Hà Nội");
        assert_eq!(tidy(" "), "");
    }

    #[test]
    fn marks_case_and_prefixes_do_not_matter() {
        for name in ["Phường Ba Đình", "P. Ba Đình", "p.ba đình", "BA ĐÌNH", "Ba Di\u{300}nh", "ba-dinh", "Xã Ba Đình"]
        {
            assert_eq!(fold_name(name), "ba dinh", "{name}");
        }
        assert_eq!(fold_name("TP. Hà Nội"), "ha noi");
        assert_eq!(fold_name("Thị xã Sơn Tây"), "son tay");
        // The old and the new place of the tone mark.
        assert_eq!(fold_name("Hoà Lạc"), fold_name("Hòa Lạc"));
        // A prefix is a whole word, goes once, and not when nothing else is left.
        assert_eq!(fold_name("Phú Xuyên"), "phu xuyen");
        assert_eq!(fold_name("Quảng Bị"), "quang bi");
        assert_eq!(fold_name("Phường Xã Đàn"), "xa dan");
        assert_eq!(fold_name("Huyện"), "huyen");
        assert_eq!(fold_name("Phường 12"), "12");
    }

    #[test]
    fn distances_by_hand() {
        assert_eq!(edit_distance("", "abc"), 3);
        // One change, one swap of neighbours, one letter more.
        assert_eq!(edit_distance("dinh", "tinh"), 1);
        assert_eq!(edit_distance("dinh", "dnih"), 1);
        assert_eq!(edit_distance("dinh", "dinhh"), 1);
        // kitten, sitten, sittin, sitting.
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_closest_names_come_first() {
        let known = ["Ba Đình", "Ba Vì", "Hoàn Kiếm", "Cầu Giấy"];
        assert_eq!(closest("Ba Dinhh", known, 3), ["Ba Đình"]);
        assert_eq!(closest("kiem", known, 3), ["Hoàn Kiếm"]);
        assert!(closest("Paris", known, 3).is_empty());
    }
}
