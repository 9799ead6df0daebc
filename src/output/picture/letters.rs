//! Plain capitals of straight strokes, with the marks of Vietnamese, so that a picture needs no font.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Spot;

/// A letter takes so many units from one to the next; it is at most 4 wide and 6 high.
const ADVANCE: f64 = 5.6;
const HIGH: f64 = 6.0;

/// Strokes of a letter: columns 0 to 4 from the left, rows 0 to 6 from the base line up, accents above.
fn strokes(letter: char) -> Option<&'static str> {
    Some(match letter {
        '0' | 'O' => "10 30 41 45 36 16 05 01 10",
        '1' => "15 26 20,10 30",
        '2' => "05 16 36 45 44 00 40",
        '3' => "05 16 36 45 44 33 42 41 30 10 01,13 33",
        '4' => "30 36 02 42",
        '5' => "46 06 03 33 42 41 30 00",
        '6' => "45 36 16 05 01 10 30 41 42 33 03",
        '7' => "06 46 10",
        '8' => "13 04 05 16 36 45 44 33 13 02 01 10 30 41 42 33",
        '9' => "01 10 30 41 45 36 16 05 04 13 43",
        'A' => "00 26 40,12 32",
        'B' => "00 06 36 45 44 33 03,33 42 41 30 00",
        'C' => "45 36 16 05 01 10 30 41",
        'Đ' => "00 06 26 44 42 20 00,03 23",
        'D' => "00 06 26 44 42 20 00",
        'E' => "46 06 00 40,03 33",
        'F' => "46 06 00,03 33",
        'G' => "45 36 16 05 01 10 30 41 43 23",
        'H' => "00 06,40 46,03 43",
        'I' => "16 36,10 30,20 26",
        'J' => "46 41 30 10 01",
        'K' => "00 06,46 03 40",
        'L' => "06 00 40",
        'M' => "00 06 23 46 40",
        'N' => "00 06 40 46",
        'P' => "00 06 36 45 44 33 03",
        'Q' => "10 30 41 45 36 16 05 01 10,31 40",
        'R' => "00 06 36 45 44 33 03,23 40",
        'S' => "45 36 16 05 04 13 33 42 41 30 10 01",
        'T' => "06 46,26 20",
        'U' => "06 01 10 30 41 46",
        'V' => "06 20 46",
        'W' => "06 10 23 30 46",
        'X' => "00 46,06 40",
        'Y' => "06 23 46,23 20",
        'Z' => "06 46 00 40",
        '.' => "20 21",
        ',' => "21 10",
        ':' => "21 22,24 25",
        ';' => "21 10,24 25",
        '-' | '–' => "13 33",
        '=' => "12 32,14 34",
        '%' => "00 46,05 06 16 15 05,30 31 41 40 30",
        '×' => "12 34,14 32",
        '…' => "00 01,20 21,40 41",
        '+' => "13 33,22 24",
        '/' => "00 46",
        '(' => "36 24 22 30",
        ')' => "16 24 22 10",
        '©' => "10 30 41 45 36 16 05 01 10,34 24 13 22 32",
        '\'' => "25 26",
        _ => return None,
    })
}

/// A mark on a letter, in the same units; whether it stands above, where a second one goes higher.
fn mark(mark: char) -> Option<(&'static [[f64; 2]], bool)> {
    Some(match mark {
        '\u{300}' => (&[[1.2, 8.6], [2.6, 7.1]], true),
        '\u{301}' => (&[[1.4, 7.1], [2.8, 8.6]], true),
        '\u{302}' => (&[[0.8, 7.1], [2.0, 8.4], [3.2, 7.1]], true),
        '\u{303}' => (&[[0.5, 7.3], [1.4, 8.2], [2.6, 7.3], [3.5, 8.2]], true),
        '\u{306}' => (&[[0.8, 8.4], [1.3, 7.2], [2.7, 7.2], [3.2, 8.4]], true),
        '\u{309}' => (&[[1.4, 8.5], [2.5, 8.9], [2.7, 8.0], [2.0, 7.0]], true),
        '\u{31b}' => (&[[3.6, 5.6], [4.7, 5.9], [4.8, 7.0]], false),
        '\u{323}' => (&[[2.0, -1.3], [2.0, -2.0]], false),
        _ => return None,
    })
}

pub(super) fn width(text: &str, height: f64) -> f64 {
    (text.nfd().filter(|&letter| !is_combining_mark(letter)).count() as f64 * ADVANCE - (ADVANCE - 4.0)).max(0.0)
        * height
        / HIGH
}

/// The strokes of a text with its left end at the base line `at`.
pub(super) fn lines(text: &str, at: Spot, height: f64) -> Vec<Vec<Spot>> {
    let unit = height / HIGH;
    let mut lines = Vec::new();
    // Where the letter begins, and how many marks stand on it.
    let (mut left, mut next, mut marks_above) = (at[0], at[0], 0.0);
    for letter in text.nfd() {
        if is_combining_mark(letter) {
            if let Some((stroke, above)) = mark(letter) {
                let higher = if above { marks_above * 2.4 } else { 0.0 };
                marks_above += f64::from(u8::from(above));
                lines.push(stroke.iter().map(|p| [left + p[0] * unit, at[1] - (p[1] + higher) * unit]).collect());
            }
            continue;
        }
        (left, next, marks_above) = (next, next + ADVANCE * unit, 0.0);
        let capital = letter.to_uppercase().next().unwrap_or(letter);
        for stroke in strokes(capital).into_iter().flat_map(|s| s.split(',')) {
            let point = |p: &str| {
                let digit = |i: usize| f64::from(p.as_bytes().get(i).map_or(0, |b| b.saturating_sub(b'0')));
                [left + digit(0) * unit, at[1] - digit(1) * unit]
            };
            lines.push(stroke.split(' ').map(point).collect());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_by_hand() {
        // L of 12 pixels at (10, 50): two units a step; down the left side, then along the base line.
        assert_eq!(lines("l", [10.0, 50.0], 12.0), [vec![[10.0, 38.0], [10.0, 50.0], [18.0, 50.0]]]);
        assert_eq!(width("LL", 12.0), 2.0 * (5.6 + 4.0));
        assert_eq!(width("", 12.0), 0.0);
    }

    #[test]
    fn marks_stand_on_their_letter() {
        // Ấ: two strokes of A, a circumflex, and an acute above that; no wider than A, however it is written.
        let (plain, marked) = (lines("A", [0.0, 0.0], 6.0), lines("Ấ", [0.0, 0.0], 6.0));
        assert_eq!((plain.len(), marked.len()), (2, 4));
        let top = |stroke: &Vec<Spot>| stroke.iter().map(|p| p[1]).fold(0.0, f64::min);
        assert!(top(&marked[3]) < top(&marked[2]) && top(&marked[2]) < top(&marked[0]));
        assert_eq!(lines("ấ", [0.0, 0.0], 6.0), lines("a\u{302}\u{301}", [0.0, 0.0], 6.0));
        assert_eq!(width("đại lý", 6.0), width("DAI LY", 6.0));
        let vietnamese = "ạảãàáâậầấẩẫăắằặẳẵóòọõỏôộổỗồốơờớợởỡéèẻẹẽêếềệểễúùụủũưựữửừứíìịỉĩýỳỷỵỹđ";
        for letter in vietnamese.chars() {
            let expected = letter.to_string().nfd().count() - 1;
            let base: String = letter.to_string().nfd().filter(|c| !is_combining_mark(*c)).collect();
            let (with, without) = (lines(&letter.to_string(), [0.0, 0.0], 6.0), lines(&base, [0.0, 0.0], 6.0));
            assert_eq!(with.len(), without.len() + expected, "{letter}");
        }
    }

    #[test]
    fn every_letter_stays_in_its_box() {
        for letter in ('0'..='9').chain('A'..='Z').chain(".,:-+/()©'=%×…Đ".chars()) {
            let strokes = lines(&letter.to_string(), [0.0, 0.0], 6.0);
            assert!(!strokes.is_empty(), "{letter}");
            let inside = |p: &Spot| (0.0..=4.0).contains(&p[0]) && (-6.0..=0.0).contains(&p[1]);
            assert!(strokes.iter().all(|s| s.len() >= 2 && s.iter().all(inside)), "{letter}");
        }
    }
}
