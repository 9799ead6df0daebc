//! Groups of people looked at by themselves, and what they change: how a cell's people travel, and how much each counts.
//!
//! Groups may overlap in life, and nobody knows by how much. So all that follows is linear in them: a group moves its
//! members from the general shares by mode to its own, and adds `weight − 1` for each member.

use geo::MultiPolygon;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::error::{Fault, Faults, Result};
use crate::ingest::boundaries::BoundaryLayer;
use crate::ingest::population::{DemandCell, Frame, Margin, apportion, fit_group, read_population};
use crate::network::Mode;
use crate::scenario::{GroupSettings, LayerProperty, Scenario};
use crate::units::{EARTH_RADIUS_M, LonLat, Persons};

/// Members whom a file puts at a point live in a cell at most so far from it, in metres.
const NEAR_M: f64 = 1000.0;

/// A group in a study.
#[derive(Debug, Clone)]
pub struct Group {
    /// As the scenario names it.
    pub settings: GroupSettings,
    /// Its members in each cell; at most the cell's people.
    pub members: Vec<Persons>,
    /// How its members travel, shares in the order of the study's modes; `None` as everyone else.
    pub shares: Option<Vec<f64>>,
    /// Members of the group's own file who live in none of the study's cells.
    pub lost: Persons,
}

/// Reads the groups of a scenario; `of_cell` is the boundary of each cell, layer by layer.
///
/// # Errors
/// A property that is missing or no share or number of people, unknown modes, or a file that cannot be read; those of all
/// groups together.
pub(super) fn read_groups(
    scenario: &Scenario,
    modes: &[Mode],
    area: &MultiPolygon<f64>,
    layers: &[BoundaryLayer],
    cells: &[DemandCell],
    of_cell: &[Vec<Option<u32>>],
) -> Result<Vec<Group>> {
    let mut faults = Faults::default();
    let mut groups = Vec::new();
    let people: Vec<Persons> = cells.iter().map(|c| c.persons).collect();
    let used = |layer: usize| -> Vec<bool> {
        let mut used = vec![false; layers[layer].features.len()];
        of_cell[layer].iter().flatten().for_each(|&f| used[f as usize] = true);
        used
    };
    let position = |of: &LayerProperty| layers.iter().position(|l| l.id == of.layer);
    for settings in &scenario.groups {
        let mut lost = Persons(0);
        let members = if let Some(file) = &settings.file {
            faults.keep(members_of_file(file, area, cells))?.map(|(members, rest)| {
                lost = rest;
                members
            })
        } else if let Some((of, layer)) = settings.share_of.as_ref().and_then(|of| Some((of, position(of)?))) {
            let shares = numbers(&layers[layer], of, &used(layer), 1.0, &settings.id, &mut faults);
            let share = |cell: usize| of_cell[layer][cell].and_then(|f| shares[f as usize]).unwrap_or(0.0);
            Some((0..cells.len()).map(|c| part(people[c], share(c))).collect())
        } else {
            let share = settings.share.unwrap_or(0.0);
            Some(people.iter().map(|&p| part(p, share)).collect())
        };
        let Some(mut members) = members else { continue };
        if let Some((of, layer)) = settings.fit_to.as_ref().and_then(|of| Some((of, position(of)?))) {
            let official = numbers(&layers[layer], of, &used(layer), 1e10, &settings.id, &mut faults);
            let totals: Vec<Option<Persons>> = official.into_iter().map(|n| n.map(Persons::from_people)).collect();
            fit_group(&people, &mut members, &Margin { of_cell: &of_cell[layer], totals: &totals });
        }
        let shares = faults.keep(shares_of(settings, modes))?.flatten();
        groups.push(Group { settings: settings.clone(), members, shares, lost });
    }
    faults.finish()?;
    Ok(groups)
}

fn part(people: Persons, share: f64) -> Persons {
    Persons(((people.0 as f64 * share).round() as u64).min(people.0))
}

/// Whether any feature of a layer has a property: where none has, its name is wrong.
///
/// # Errors
/// `groups::property`.
pub(super) fn check_property(layer: &BoundaryLayer, of: &LayerProperty, group: &str) -> Result<()> {
    if layer.features.iter().any(|f| f.properties.contains_key(&of.property)) {
        return Ok(());
    }
    let known: Vec<&str> =
        layer.features.first().map_or_else(Vec::new, |f| f.properties.keys().map(String::as_str).collect());
    let message = format!("no feature of the layer `{}` has a property `{}`", of.layer, of.property);
    let fault = Fault::new("groups::property", message).place(format!("group `{group}`"));
    Err(fault.help(format!("its features have: {}", known.join(", "))).into())
}

/// The property of each feature in which somebody lives, from 0 to `most`.
fn numbers(
    layer: &BoundaryLayer,
    of: &LayerProperty,
    used: &[bool],
    most: f64,
    group: &str,
    faults: &mut Faults,
) -> Vec<Option<f64>> {
    let number = |(feature, &used): (&crate::ingest::boundaries::Boundary, &bool)| {
        let value = feature.properties.get(&of.property);
        let number = value.and_then(|v| v.as_f64()).filter(|n| (0.0..=most).contains(n));
        if used && number.is_none() {
            let found = value.map_or_else(|| "missing".to_owned(), |v| format!("`{v}`"));
            let message = format!("the property `{}` of `{}` ({}) is {found}", of.property, feature.code, feature.name);
            let help = if most == 1.0 {
                "give a share from 0 to 1: 12 % is 0.12".to_owned()
            } else {
                format!("give a number of people from 0 to {most}")
            };
            faults.push(Fault::new("groups::property", message).place(format!("group `{group}`")).help(help));
        }
        number
    };
    layer.features.iter().zip(used).map(number).collect()
}

/// The members that a file of their own puts into each cell, shared among the cells under each of its pixels by their
/// people, and those who fit in no cell.
fn members_of_file(
    file: &std::path::Path,
    area: &MultiPolygon<f64>,
    cells: &[DemandCell],
) -> Result<(Vec<Persons>, Persons)> {
    let grid = read_population(file, area)?;
    if grid.frame == Frame::Points {
        return Ok(members_of_points(&grid.cells, cells));
    }
    let mut under: std::collections::HashMap<u64, Vec<usize>> = std::collections::HashMap::new();
    for (i, cell) in cells.iter().enumerate() {
        if let Some(id) = grid.locate(cell.at, 1) {
            under.entry(id).or_default().push(i);
        }
    }
    let mut members = vec![Persons(0); cells.len()];
    let mut lost = Persons(0);
    for source in &grid.cells {
        let list = under.get(&source.id).map_or(&[][..], Vec::as_slice);
        let weights: Vec<u64> = list.iter().map(|&i| cells[i].persons.0).collect();
        let room: u64 = weights.iter().sum();
        let wanted = source.persons.0.min(room);
        lost += Persons(source.persons.0 - wanted);
        for (&i, persons) in list.iter().zip(apportion(wanted, &weights)) {
            members[i] = Persons(persons.min(cells[i].persons.0));
        }
    }
    Ok((members, lost))
}

/// The members that points put into each cell, and those who fit in none: each point's go to the nearest cell that has
/// room for them, then to the next, at most [`NEAR_M`] away.
fn members_of_points(points: &[DemandCell], cells: &[DemandCell]) -> (Vec<Persons>, Persons) {
    let squeeze = cells.first().map_or(1.0, |c| c.at.lat.to_radians().cos());
    let degree_m = EARTH_RADIUS_M.to_radians();
    let flat = |at: LonLat| [at.lon * squeeze * degree_m, at.lat * degree_m];
    let places = cells.iter().enumerate().map(|(i, cell)| GeomWithData::new(flat(cell.at), i));
    let tree = RTree::bulk_load(places.collect());
    let mut members = vec![Persons(0); cells.len()];
    let mut lost = Persons(0);
    for point in points {
        let mut left = point.persons;
        let near = tree.nearest_neighbor_iter_with_distance_2(flat(point.at));
        for (cell, _) in near.take_while(|(_, metres2)| *metres2 <= NEAR_M * NEAR_M) {
            let room = cells[cell.data].persons.0 - members[cell.data].0;
            let part = left.0.min(room);
            members[cell.data] += Persons(part);
            left = Persons(left.0 - part);
            if left.0 == 0 {
                break;
            }
        }
        lost += left;
    }
    (members, lost)
}

/// The shares by mode of a group's own, in the order of the study's modes.
///
/// # Errors
/// `groups::mode` for a mode by which nobody travels.
pub(super) fn shares_of(settings: &GroupSettings, modes: &[Mode]) -> Result<Option<Vec<f64>>> {
    if settings.modes.is_empty() {
        return Ok(None);
    }
    if let Some(unknown) = settings.modes.keys().find(|id| !modes.iter().any(|m| &m.id == *id)) {
        let known = modes.iter().map(|m| m.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Fault::new("groups::mode", format!("nobody travels by `{unknown}` here"))
            .place(format!("group `{}`", settings.id))
            .help(format!("the modes with people are: {known}; give others a share under [modes.NAME]"))
            .into());
    }
    Ok(Some(modes.iter().map(|m| settings.modes.get(&m.id).copied().unwrap_or(0.0)).collect()))
}

/// People and weight of each demand row.
pub(super) struct Rows {
    pub persons: Vec<Persons>,
    pub weight: Vec<u64>,
}

/// Shares out every cell's people by mode, and weighs them.
pub(super) fn rows(cells: &[DemandCell], modes: &[Mode], groups: &[Group]) -> Rows {
    let general: Vec<f64> = modes.iter().map(|m| m.settings.share).collect();
    let mut rows = Rows { persons: Vec::new(), weight: Vec::new() };
    for (i, cell) in cells.iter().enumerate() {
        let persons = split(cell.persons, &shares_in(cell.persons, i, &general, groups));
        let mut extra = vec![0.0; modes.len()];
        for group in groups.iter().filter(|g| g.settings.weight != 1.0) {
            for (extra, members) in extra.iter_mut().zip(members_by_mode(group, i, &general)) {
                *extra += (group.settings.weight - 1.0) * members.0 as f64;
            }
        }
        rows.weight.extend(persons.iter().zip(&extra).map(|(p, extra)| (p.0 as f64 + extra).round() as u64));
        rows.persons.extend(persons);
    }
    rows
}

/// How the people of a cell travel, its groups with ways of their own considered.
fn shares_in(people: Persons, cell: usize, general: &[f64], groups: &[Group]) -> Vec<f64> {
    let mut shares = general.to_vec();
    for (group, own) in groups.iter().filter_map(|g| Some((g, g.shares.as_ref()?))) {
        let part = if people.0 == 0 { 0.0 } else { group.members[cell].0 as f64 / people.0 as f64 };
        for ((share, own), general) in shares.iter_mut().zip(own).zip(general) {
            *share += part * (own - general);
        }
    }
    // Overlapping groups that all leave a mode may take more of it than there is.
    shares.iter_mut().for_each(|s| *s = s.max(0.0));
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|s| *s /= sum);
    shares
}

/// The members of a group in a cell by mode.
pub fn members_by_mode(group: &Group, cell: usize, general: &[f64]) -> Vec<Persons> {
    split(group.members[cell], group.shares.as_deref().unwrap_or(general))
}

/// Splits people by shares that sum to 1; the parts sum to the whole exactly.
fn split(persons: Persons, shares: &[f64]) -> Vec<Persons> {
    let (mut share, mut before) = (0.0, 0_u64);
    let last = shares.len().saturating_sub(1);
    shares
        .iter()
        .enumerate()
        .map(|(m, of_mode)| {
            share += of_mode;
            let up_to = if m == last { persons.0 } else { ((persons.0 as f64 * share).round() as u64).min(persons.0) };
            let part = up_to.saturating_sub(before);
            before = up_to.max(before);
            Persons(part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::scenario::Text;

    fn group(members: &[u64], shares: Option<&[f64]>, weight: f64) -> Group {
        Group {
            settings: GroupSettings {
                id: "elders".into(),
                name: Text::default(),
                share: None,
                share_of: None,
                file: None,
                fit_to: None,
                weight,
                modes: BTreeMap::new(),
            },
            members: members.iter().map(|&m| Persons(m)).collect(),
            shares: shares.map(<[f64]>::to_vec),
            lost: Persons(0),
        }
    }

    #[test]
    fn the_people_of_a_cell_are_shared_out_whole() {
        let shares = [0.72, 0.12, 0.08, 0.08];
        for milli in [0, 1, 7, 999, 1_000_003] {
            assert_eq!(split(Persons(milli), &shares).iter().copied().sum::<Persons>(), Persons(milli));
        }
        // 72, 12, 8 and 8 of a hundred.
        assert_eq!(split(Persons(1000), &shares), [Persons(720), Persons(120), Persons(80), Persons(80)]);
    }

    #[test]
    fn members_at_points_go_to_the_nearest_cells_with_room() {
        let place = |lon: f64, persons: u64| {
            let at = LonLat { lon, lat: 21.0 };
            let shape = crate::ingest::population::CellShape::Point;
            DemandCell { id: 0, at, centre: at, shape, share_inside: 1.0, persons: Persons(persons) }
        };
        // 0.001° of longitude is 104 m here. Of the 50 at 105.001 the nearest cell has room for 30, the next takes 20.
        let cells = [place(105.001, 30), place(105.003, 40), place(105.1, 90)];
        let points = [place(105.0011, 50), place(105.2, 7)];
        // Those at 105.2 live 10 km from the nearest cell: lost.
        assert_eq!(members_of_points(&points, &cells), ([30, 20, 0].map(Persons).to_vec(), Persons(7)));
    }

    #[test]
    fn a_group_with_ways_of_its_own_moves_the_shares() {
        // 80 % ride and 20 % walk; of the 1/4 who are elders all walk: 0.8 - 0.25 · 0.8 = 0.6 ride.
        let elders = group(&[250], Some(&[0.0, 1.0]), 1.0);
        let shares = shares_in(Persons(1000), 0, &[0.8, 0.2], std::slice::from_ref(&elders));
        assert!((shares[0] - 0.6).abs() < 1e-12 && (shares[1] - 0.4).abs() < 1e-12, "{shares:?}");
        // Two groups of all people that both leave the motorcycle cannot take it twice.
        let all = group(&[1000], Some(&[0.0, 1.0]), 1.0);
        assert_eq!(shares_in(Persons(1000), 0, &[0.8, 0.2], &[all.clone(), all]), [0.0, 1.0]);
        assert_eq!(members_by_mode(&elders, 0, &[0.8, 0.2]), [Persons(0), Persons(250)]);
        assert_eq!(members_by_mode(&group(&[250], None, 1.0), 0, &[0.8, 0.2]), [Persons(200), Persons(50)]);
    }
}
