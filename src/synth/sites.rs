//! Made-up candidate sites (post offices and the like), and the one-stop offices of the former districts.

use super::facts::{Commune, Facts};
use super::people::{Grid, shares};
use super::plane::P;
use super::rng::Rng;
use super::roads::{Class, Network, Place};

/// A candidate or existing site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub id: String,
    pub name: String,
    pub at: P,
    pub organisation: &'static str,
    pub operator: String,
    pub address: String,
    pub ward_code: String,
    pub fixed: bool,
    pub fitness: Fitness,
}

/// What the rules ask of an agent; `None` is unknown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fitness {
    pub years_in_field: Option<u32>,
    pub charter_capital_vnd: Option<u64>,
    pub fast_internet: Option<bool>,
    pub computers: Option<u32>,
    pub spare_computer: Option<bool>,
    pub scanner: Option<bool>,
    pub copier: Option<bool>,
    pub cameras_24h: Option<bool>,
    pub camera_days_kept: Option<u32>,
}

impl Fitness {
    /// An office of the administration: equipped; years and capital are asked of firms only.
    pub(crate) fn of_an_office() -> Self {
        Fitness {
            fast_internet: Some(true),
            computers: Some(6),
            spare_computer: Some(true),
            scanner: Some(true),
            copier: Some(true),
            cameras_24h: Some(true),
            camera_days_kept: Some(30),
            ..Fitness::default()
        }
    }
}

/// How many candidates the city has.
const CANDIDATES: u64 = 300;

/// A node with the street it stands on.
struct Address {
    node: u32,
    street: String,
}

/// Places the candidates: one near every commune's centre, more where more people live.
pub(crate) fn candidates(facts: &Facts, places: &[Place], grid: &Grid, network: &Network, seed: u64) -> Vec<Site> {
    let addresses = addresses(facts.communes.len(), grid, network);
    let crowd: Vec<f64> = facts.communes.iter().map(|c| c.population as f64).collect();
    let more = shares(CANDIDATES.saturating_sub(facts.communes.len() as u64), &crowd);
    let mut sites = Vec::new();
    for (c, commune) in facts.communes.iter().enumerate() {
        let mut rng = Rng::stream(seed, 0x517E + c as u64);
        let count = 1 + more[c] as usize;
        let at = |a: &Address| network.nodes[a.node as usize].at;
        let mut taken: Vec<usize> = Vec::new();
        let central = (0..addresses[c].len())
            .min_by(|&a, &b| at(&addresses[c][a]).to(places[c].at).total_cmp(&at(&addresses[c][b]).to(places[c].at)));
        taken.extend(central);
        let mut apart = 0.55 * (commune.area_km2 / count as f64).sqrt();
        for trial in 0..3000 {
            if taken.len() >= count || addresses[c].is_empty() {
                break;
            }
            if trial % 200 == 199 {
                apart *= 0.9;
            }
            // Crowded pixels draw more: the better of three.
            let pick = (0..3).map(|_| rng.below(addresses[c].len()));
            let crowd = |k: &usize| grid.pixel(at(&addresses[c][*k])).map_or(0, |pixel| grid.people[pixel]);
            let Some(best) = pick.max_by_key(crowd) else { break };
            if taken.iter().all(|&t| at(&addresses[c][t]).to(at(&addresses[c][best])) > apart) {
                taken.push(best);
            }
        }
        for (k, &address) in taken.iter().enumerate() {
            let address = &addresses[c][address];
            let turn = rng.range(0.0, std::f64::consts::TAU);
            let door = P { x: turn.cos(), y: turn.sin() } * rng.range(0.004, 0.012);
            let (organisation, what, operator) = match rng.below(20) {
                0 | 1 => ("it", "Đại lý tin học", "Công ty tin học Giả Định"),
                2 => ("licensed", "Điểm dịch vụ", "Tổ chức dịch vụ Giả Định"),
                3 if k > 0 => ("other", "Cửa hàng", "Cửa hàng Giả Định"),
                _ => ("postal", "Bưu cục", "Bưu chính Giả Định"),
            };
            sites.push(Site {
                id: format!("bc-{}-{}", commune.code, k + 1),
                name: format!("{what} {} {} (giả định)", commune.name, k + 1),
                at: at(address) + door,
                organisation,
                operator: operator.to_owned(),
                address: street_address(address, commune),
                ward_code: commune.code.clone(),
                fixed: false,
                fitness: fitness(&mut rng),
            });
        }
    }
    sites
}

/// One existing office for each former district, in the commune where its offices were.
pub(crate) fn one_stop_offices(facts: &Facts, places: &[Place], grid: &Grid, network: &Network) -> Vec<Site> {
    let addresses = addresses(facts.communes.len(), grid, network);
    let mut sites = Vec::new();
    for district in &facts.districts {
        let Some(c) = facts.communes.iter().position(|c| c.code == district.seat_code) else { continue };
        let wish = places[c].at + P { x: 0.25, y: 0.1 };
        let at = |a: &Address| network.nodes[a.node as usize].at;
        let Some(address) = addresses[c].iter().min_by(|a, b| at(a).to(wish).total_cmp(&at(b).to(wish))) else {
            continue;
        };
        sites.push(Site {
            id: format!("mc-{}", district.code),
            name: format!("Bộ phận một cửa {} {} (giả định)", district.kind, district.name),
            at: at(address) + P { x: 0.006, y: 0.004 },
            organisation: "government",
            operator: "Bộ phận một cửa (giả định)".to_owned(),
            address: street_address(address, &facts.communes[c]),
            ward_code: facts.communes[c].code.clone(),
            fixed: true,
            fitness: Fitness::of_an_office(),
        });
    }
    sites
}

fn street_address(address: &Address, commune: &Commune) -> String {
    format!("{}, {} {} (giả định)", address.street, commune.kind, commune.name)
}

/// For each commune the nodes of its streets, with names.
fn addresses(communes: usize, grid: &Grid, network: &Network) -> Vec<Vec<Address>> {
    let mut found: Vec<Vec<Address>> = (0..communes).map(|_| Vec::new()).collect();
    let mut seen = vec![false; network.nodes.len()];
    for way in &network.ways {
        let drivable = (Class::Primary..=Class::Residential).contains(&way.class());
        if !drivable || way.line.bridge || way.line.island {
            continue;
        }
        for &node in &way.refs {
            let commune = grid.pixel(network.nodes[node as usize].at).and_then(|pixel| grid.commune[pixel]);
            if let (Some(c), false) = (commune, seen[node as usize]) {
                seen[node as usize] = true;
                found[c].push(Address { node, street: way.line.name.clone() });
            }
        }
    }
    found
}

/// Mostly fit; some with things unknown, some failing in one or two ways.
pub(crate) fn fitness(rng: &mut Rng) -> Fitness {
    let mut f = Fitness {
        years_in_field: Some(3 + rng.below(30) as u32),
        charter_capital_vnd: Some(2_000_000_000 + 500_000_000 * rng.below(80) as u64),
        fast_internet: Some(true),
        computers: Some(2 + rng.below(5) as u32),
        spare_computer: Some(true),
        scanner: Some(true),
        copier: Some(true),
        cameras_24h: Some(true),
        camera_days_kept: Some([30, 30, 30, 45, 60, 90][rng.below(6)]),
    };
    let trouble = rng.unit();
    let times = if trouble < 0.20 { 1 + rng.below(2) } else { 0 };
    for _ in 0..times {
        // Half of the trouble is that nobody knows.
        let fails = trouble < 0.09;
        match rng.below(9) {
            0 => f.years_in_field = fails.then(|| rng.below(3) as u32),
            1 => f.charter_capital_vnd = fails.then(|| 100_000_000 * (3 + rng.below(16) as u64)),
            2 => f.fast_internet = fails.then_some(false),
            3 => f.computers = fails.then_some(0),
            4 => f.spare_computer = fails.then_some(false),
            5 => f.scanner = fails.then_some(false),
            6 => f.copier = fails.then_some(false),
            7 => {
                f.cameras_24h = fails.then_some(false);
                f.camera_days_kept = None;
            }
            _ => f.camera_days_kept = fails.then(|| 7 + rng.below(15) as u32),
        }
    }
    f
}
