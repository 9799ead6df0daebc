//! Communes and districts by name, candidate sites, and the points of interest in the road file.

use super::super::mesh::Vertex;
use super::super::plane::P;
use super::super::rng::Rng;
use super::super::sites::{Fitness, Site, fitness};
use super::super::write::pbf::{FileNode, FileTags};
use super::borders::Borders;
use super::frame::{BUILT, unit};
use super::names;
use super::settle::{Rank, Settled};
use super::shape::Shape;
use rayon::prelude::*;

/// One candidate site for so many people, and one for each commune.
const PEOPLE_A_SITE: f64 = 20_000.0;
/// Communes with more people per square kilometre are wards.
const WARD_DENSITY: f64 = 1800.0;

/// A commune or ward.
#[derive(Debug, Clone)]
pub(crate) struct Commune {
    pub code: String,
    pub name: String,
    pub ward: bool,
    pub people: u64,
    pub area_km2: f64,
}

/// A former district.
#[derive(Debug, Clone)]
pub(crate) struct District {
    pub code: String,
    pub name: String,
    /// Mostly wards.
    pub urban: bool,
    pub people: u64,
    /// Its communes, by number.
    pub communes: std::ops::Range<usize>,
}

/// Names the communes and districts; areas are filled in when the outlines are drawn.
pub(crate) fn name(borders: &Borders, people: &[u64], areas: &[f64]) -> (Vec<Commune>, Vec<District>) {
    let width = people.len().to_string().len().max(5);
    let communes: Vec<Commune> = people
        .iter()
        .zip(areas)
        .enumerate()
        .map(|(k, (&people, &area_km2))| Commune {
            code: format!("{:0width$}", k + 1),
            name: names::nth(k),
            ward: people as f64 > WARD_DENSITY * area_km2,
            people,
            area_km2,
        })
        .collect();
    let width = borders.districts.to_string().len().max(3);
    let districts = (0..borders.districts)
        .map(|d| {
            let first = borders.district.partition_point(|&v| (v as usize) < d);
            let last = borders.district.partition_point(|&v| (v as usize) <= d);
            let wards = communes[first..last].iter().filter(|c| c.ward).count();
            District {
                code: format!("{:0width$}", d + 1),
                // Far along in the turn, so that districts and communes seldom share a name.
                name: names::nth(800 + d),
                urban: 2 * wards > last - first,
                people: communes[first..last].iter().map(|c| c.people).sum(),
                communes: first..last,
            }
        })
        .collect();
    (communes, districts)
}

impl Commune {
    /// `phường` or `xã`.
    pub fn kind(&self) -> &'static str {
        if self.ward { "phường" } else { "xã" }
    }
}

impl District {
    /// `quận` or `huyện`.
    pub fn kind(&self) -> &'static str {
        if self.urban { "quận" } else { "huyện" }
    }
}

/// What sites are chosen from.
pub(crate) struct Town<'a> {
    pub shape: &'a Shape<'a>,
    pub flags: &'a [u8],
    pub living: &'a [f32],
    pub borders: &'a Borders,
    pub communes: &'a [Commune],
    pub districts: &'a [District],
    /// Faces by commune, and where each commune begins.
    pub faces: &'a (Vec<u32>, Vec<usize>),
}

impl Town<'_> {
    fn built(&self, commune: usize) -> Vec<u32> {
        let faces = &self.faces.0[self.faces.1[commune]..self.faces.1[commune + 1]];
        faces.iter().copied().filter(|&f| self.flags[f as usize] & BUILT != 0).collect()
    }

    /// A door in a face, a few metres from the junction at its south-west corner.
    fn door(&self, face: u32, turn: f64) -> Vertex {
        let metres = 0.008 / self.shape.frame.cell_km;
        self.shape.place(face as usize, metres * (1.0 + turn), metres * (2.0 - turn), 0.0, 0)
    }

    /// The candidates, some in each commune: where more people live there are more.
    pub fn candidates(&self) -> Vec<Site> {
        let many = |k: usize| -> Vec<Site> {
            let commune = &self.communes[k];
            let built = self.built(k);
            let mut rng = Rng::stream(self.shape.frame.seed, 0x517E_0000 + k as u64);
            let wanted = 1 + (commune.people as f64 / PEOPLE_A_SITE + rng.unit()) as usize;
            let mut taken: Vec<u32> = Vec::new();
            for _ in 0..wanted * 6 {
                if taken.len() >= wanted || built.is_empty() {
                    break;
                }
                // Crowded faces draw more: the better of three.
                let pick = (0..3).map(|_| built[rng.below(built.len())]);
                let best = pick.max_by(|&a, &b| self.living[a as usize].total_cmp(&self.living[b as usize]));
                taken.extend(best.filter(|b| !taken.contains(b)));
            }
            let site = |(n, face): (usize, u32)| {
                let at = self.door(face, rng.unit());
                let (organisation, what, operator) = match rng.below(20) {
                    0 | 1 => ("it", "Đại lý tin học", "Công ty tin học Giả Định"),
                    2 => ("licensed", "Điểm dịch vụ", "Tổ chức dịch vụ Giả Định"),
                    3 if n > 0 => ("other", "Cửa hàng", "Cửa hàng Giả Định"),
                    _ => ("postal", "Bưu cục", "Bưu chính Giả Định"),
                };
                Site {
                    id: format!("bc-{}-{}", commune.code, n + 1),
                    name: format!("{what} {} {} (giả định)", commune.name, n + 1),
                    at: P::from_degrees(f64::from(at.0) / 1e6, f64::from(at.1) / 1e6),
                    organisation,
                    operator: operator.to_owned(),
                    address: format!("{} {} (giả định)", commune.kind(), commune.name),
                    ward_code: commune.code.clone(),
                    fixed: false,
                    fitness: fitness(&mut rng),
                }
            };
            taken.into_iter().enumerate().map(site).collect()
        };
        (0..self.communes.len()).into_par_iter().flat_map_iter(many).collect()
    }

    /// A one-stop office in each district, in its most populous commune.
    pub fn offices(&self) -> Vec<Site> {
        let office = |d: &District| {
            let seat = d.communes.clone().max_by_key(|&k| (self.communes[k].people, std::cmp::Reverse(k)))?;
            let at = self.door(self.borders.seats[seat], 0.5);
            Some(Site {
                id: format!("mc-{}", d.code),
                name: format!("Bộ phận một cửa {} {} (giả định)", d.kind(), d.name),
                at: P::from_degrees(f64::from(at.0) / 1e6, f64::from(at.1) / 1e6),
                organisation: "government",
                operator: "Bộ phận một cửa (giả định)".to_owned(),
                address: format!("{} {} (giả định)", self.communes[seat].kind(), self.communes[seat].name),
                ward_code: self.communes[seat].code.clone(),
                fixed: true,
                fitness: Fitness::of_an_office(),
            })
        };
        self.districts.iter().filter_map(office).collect()
    }

    /// Points for the road file: settlements, post offices, and a market in most communes.
    pub fn points(&self, settled: &Settled, sites: &[Site]) -> Vec<FileNode> {
        let mut points: Vec<FileNode> = Vec::new();
        let salt = self.shape.frame.salt(0x901);
        for place in &settled.places {
            let kind = match place.rank {
                Rank::City => "city",
                Rank::Town => "town",
                _ if place.people < 200.0 => "hamlet",
                _ => "village",
            };
            let tags: FileTags = vec![
                ("place", kind.into()),
                ("name", format!("{} (giả định)", names::two(salt, place.corner as usize)).into()),
                ("population", format!("{:.0}", place.people).into()),
            ];
            // Beside the junction, so that it is no part of any way.
            points.push((self.shape.place(place.corner as usize, 0.03, 0.03, 0.0, 0), tags));
        }
        for site in sites.iter().filter(|s| s.organisation == "postal") {
            let (lon, lat) = site.at.degrees();
            let at = ((lon * 1e6).round() as i32, (lat * 1e6).round() as i32);
            points.push((at, vec![("amenity", "post_office".into()), ("name", site.name.clone().into())]));
        }
        for (k, commune) in self.communes.iter().enumerate().filter(|(k, _)| unit(salt ^ 1, *k) < 0.85) {
            let built = self.built(k);
            let Some(&face) = built.get((unit(salt ^ 2, k) * built.len() as f64) as usize) else { continue };
            let name = format!("Chợ {} (giả định)", commune.name);
            let tags = vec![("amenity", "marketplace".into()), ("name", name.into())];
            points.push((self.shape.place(face as usize, 0.06, 0.05, 0.0, 0), tags));
        }
        points
    }
}
