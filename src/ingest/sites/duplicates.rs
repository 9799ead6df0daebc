//! Sites that are likely one place listed twice. They are told, never taken out: two counters may share a building.

use std::fmt;
use std::path::Path;

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use super::Site;
use crate::error::Fault;
use crate::ingest::names::{fold_name, words};
use crate::units::{Distance, EARTH_RADIUS_M};

/// Below this distance two sites are told whatever their names, in metres.
const SAME_PLACE_M: f64 = 30.0;
/// Below this distance they are told when their names match, in metres.
const SAME_NAME_M: f64 = 200.0;
/// Of a site at most so many earlier ones are told, the nearest: a file with one place for all its rows stays readable.
const MOST_PARTNERS: usize = 8;

/// Two sites that are likely one place.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplicatePair {
    /// Index of the site that stands first in the list.
    pub first: usize,
    /// Index of the other.
    pub second: usize,
    /// Great-circle distance between them.
    pub distance: Distance,
    /// Why they are told.
    pub why: Why,
}

/// Why two sites are likely one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They stand closer than 30 m.
    Place,
    /// They stand closer than 200 m and their names match.
    Name,
    /// Both: closer than 30 m, and their names match.
    PlaceAndName,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Place => "they stand at one place under different names",
            Why::Name => "they stand near each other and their names match",
            Why::PlaceAndName => "they stand at one place and their names match",
        })
    }
}

/// All pairs of sites that are likely one place: closer than 30 m, or closer than 200 m with matching names. In the order
/// of the second site, the nearest first; of each site at most eight earlier partners, the nearest.
pub fn duplicates(sites: &[Site]) -> Vec<DuplicatePair> {
    let points = sites.iter().enumerate().map(|(i, site)| GeomWithData::new([site.at.lon, site.at.lat], i));
    let tree = RTree::bulk_load(points.collect());
    let own: Vec<Vec<String>> = sites.iter().map(|site| own_words(&site.name)).collect();
    let degree_m = EARTH_RADIUS_M.to_radians();
    let mut pairs = Vec::new();
    for (second, site) in sites.iter().enumerate() {
        let high = SAME_NAME_M / degree_m * 1.01;
        // Near the poles a circle of 200 m goes all around.
        let squeeze = (site.at.lat.abs() + high).min(90.0).to_radians().cos();
        let wide = if squeeze > 1e-6 { (high / squeeze).min(360.0) } else { 360.0 };
        let (lon, lat) = (site.at.lon, site.at.lat);
        let near = AABB::from_corners([lon - wide, lat - high], [lon + wide, lat + high]);
        let mut found: Vec<DuplicatePair> = tree
            .locate_in_envelope(near)
            .map(|point| point.data)
            .filter(|&first| first < second)
            .filter_map(|first| {
                let metres = sites[first].at.metres_to(site.at);
                let names = metres < SAME_NAME_M && names_match(&own[first], &own[second]);
                let why = match (metres < SAME_PLACE_M, names) {
                    (true, true) => Why::PlaceAndName,
                    (true, false) => Why::Place,
                    (false, true) => Why::Name,
                    (false, false) => return None,
                };
                Some(DuplicatePair { first, second, distance: Distance::from_metres(metres), why })
            })
            .collect();
        found.sort_by_key(|pair| (pair.distance, pair.first));
        found.truncate(MOST_PARTNERS);
        pairs.extend(found);
    }
    pairs
}

impl DuplicatePair {
    /// The pair as a warning, `sites::twice`; `located` are the sites with their places in `file`, as
    /// [`super::read_sites_located`] gives them, the list that was searched.
    pub fn warning(&self, located: &[(Site, String)], file: &Path) -> Fault {
        let told = |i: usize| {
            located.get(i).map_or_else(String::new, |(site, place)| format!("{} ({}), {place}", site.id, site.name))
        };
        let surveyed = |i: usize| located.get(i).and_then(|(site, _)| site.position.as_deref());
        let help = match (surveyed(self.first), surveyed(self.second)) {
            (Some(a), Some(b)) if a == b && a != "osm" => {
                format!("the places of both are only known as `{a}`; find their true places, or take one out")
            }
            _ => "if they are one place, take one out of the list; if not, leave both".to_owned(),
        };
        let found = format!(
            "{} and {} are {:.0} m apart: {}",
            told(self.first),
            told(self.second),
            self.distance.metres(),
            self.why
        );
        let place = located.get(self.second).map_or_else(String::new, |(_, place)| place.clone());
        Fault::new("sites::twice", found).file(file).place(place).help(help)
    }
}

/// Phrases that say what kind of place it is and not which, folded; longer ones first.
const KINDS: [&str; 18] = [
    "diem buu dien van hoa xa",
    "buu dien van hoa xa",
    "buu dien trung tam",
    "diem phuc vu buu chinh",
    "diem giao dich",
    "diem phuc vu",
    "phong giao dich",
    "buu dien",
    "buu cuc",
    "buu chinh",
    "giao dich",
    "post office",
    "vietnam post",
    "vn post",
    "vnpost",
    "bdvhx",
    "bd vhx",
    "bd",
];

/// The words of a name that say which place it is: folded, without its kind. Never the words of a kind alone.
fn own_words(name: &str) -> Vec<String> {
    let mut padded = format!(" {} ", words(name).join(" "));
    for kind in KINDS {
        padded = padded.replace(&format!(" {kind} "), " ");
    }
    let mut own: Vec<String> = fold_name(padded.trim()).split_whitespace().map(str::to_owned).collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// Whether two names say the same place: most words of the shorter one stand in the other, and the numbers are the same.
/// Two names that say nothing but a kind match each other.
fn names_match(a: &[String], b: &[String]) -> bool {
    if a.is_empty() || b.is_empty() {
        return a.is_empty() && b.is_empty();
    }
    let is_number = |word: &&String| word.chars().all(|c| c.is_ascii_digit());
    let numbers = |words: &[String]| words.iter().filter(is_number).cloned().collect::<Vec<_>>();
    if numbers(a) != numbers(b) {
        return false;
    }
    let common = a.iter().filter(|word| b.contains(word)).count();
    common * 3 >= a.len().min(b.len()) * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::LonLat;

    fn site(id: &str, name: &str, east_m: f64) -> Site {
        // At 60° north a degree of longitude is half of 111,195.08 m.
        let at = LonLat { lon: 105.0 + east_m / 55_597.54, lat: 60.0 };
        Site { id: id.into(), name: name.into(), at, ..Site::default() }
    }

    fn told(sites: &[Site]) -> Vec<(usize, usize, Why)> {
        duplicates(sites).into_iter().map(|pair| (pair.first, pair.second, pair.why)).collect()
    }

    #[test]
    fn near_ones_are_told_by_place_or_by_name() {
        let sites = [
            site("a", "Bưu cục Ba Đình", 0.0),
            site("b", "Bưu điện Cầu Giấy", 29.0),
            site("c", "Buu dien Ba Dinh", 190.0),
            site("d", "Bưu cục Tây Hồ", 225.0),
            site("e", "Bưu cục Ba Đình", 500.0),
        ];
        // b is 29 m from a, c 190 m from a with its name (and 161 m from b without); d is 35 m from c.
        assert_eq!(told(&sites), [(0, 1, Why::Place), (0, 2, Why::Name)]);
        let both = [site("a", "Bưu cục Ba Đình", 0.0), site("b", "BƯU CỤC BA ĐÌNH", 1.0)];
        assert_eq!(told(&both), [(0, 1, Why::PlaceAndName)]);
        assert_eq!(duplicates(&both)[0].distance.metres().round(), 1.0);
    }

    #[test]
    fn names_by_their_own_words() {
        let same = |a: &str, b: &str| names_match(&own_words(a), &own_words(b));
        assert!(same("Bưu cục Ba Đình", "Bưu điện Ba Đình"));
        assert!(same("Điểm BĐ-VHX Phú Diễn", "bđ vhx phú diễn"));
        assert!(same("Bưu điện", "Post Office"), "neither has a name of its own");
        assert!(!same("Bưu điện", "Bưu điện Ba Đình"));
        assert!(!same("Bưu cục Ba Đình", "Bưu cục Ba Vì"), "one word of two");
        assert!(!same("Bưu cục Thanh Xuân 1", "Bưu cục Thanh Xuân 2"), "numbers differ");
        assert!(same("Bưu cục P. Láng Hạ", "Bưu cục Láng Hạ"));
        // The word of a kind inside a name stays: Điện Biên is a place.
        assert!(same("Bưu điện Điện Biên", "Bưu cục Điện Biên"));
        assert!(!same("Bưu điện Điện Biên", "Bưu điện Biên Hòa"));
    }

    #[test]
    fn one_place_for_all_stays_readable() {
        let sites: Vec<Site> = (0..20).map(|i| site(&i.to_string(), &format!("Nhà {i}"), 0.0)).collect();
        // 0 + 1 + … + 8 for the first nine, then eight for each of the other eleven: 36 + 88.
        assert_eq!(duplicates(&sites).len(), 124);
    }

    #[test]
    fn both_ids_and_lines_are_told() {
        let located = vec![
            (site("a", "Bưu cục Ba Đình", 0.0), "line 2".to_owned()),
            (site("b", "Bưu điện Ba Đình", 10.0), "line 7".to_owned()),
        ];
        let sites: Vec<Site> = located.iter().map(|(site, _)| site.clone()).collect();
        let warning = duplicates(&sites)[0].warning(&located, Path::new("s.csv"));
        assert_eq!(
            warning.to_string(),
            "s.csv: line 7: a (Bưu cục Ba Đình), line 2 and b (Bưu điện Ba Đình), line 7 are 10 m apart: \
             they stand at one place and their names match"
        );
    }
}
