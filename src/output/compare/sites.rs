//! Which agents differ between two runs, and which of them merely move.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;

use crate::error::Result;
use crate::output::read::Rows;
use crate::output::schema::ROLLOUT;
use crate::units::LonLat;

/// An agent of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Agent {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) at: LonLat,
    /// The phase from which on it stands, from 1.
    pub(super) phase: u32,
    /// The phase from which on it stands no more.
    pub(super) closes: Option<u32>,
    pub(super) opens_on: String,
}

impl Agent {
    fn stands_in(&self, phase: u32) -> bool {
        self.phase <= phase && self.closes.is_none_or(|closes| phase < closes)
    }
}

/// A site by id and name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Named {
    /// Its id.
    pub site: String,
    /// Its name.
    pub name: String,
}

/// An agent of the first run and its counterpart in the second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// Where it stands in the first run.
    pub from: Named,
    /// Where it stands in the second.
    pub to: Named,
    /// Great-circle distance between the two.
    pub distance_m: f64,
}

/// An agent of both runs that opens on another day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retimed {
    /// The agent.
    #[serde(flatten)]
    pub site: Named,
    /// Its day in the first run.
    pub opens_on_a: String,
    /// Its day in the second.
    pub opens_on_b: String,
}

pub(super) struct Change {
    pub(super) in_both: u32,
    pub(super) only_a: Vec<Named>,
    pub(super) only_b: Vec<Named>,
    pub(super) moved: Vec<Move>,
}

pub(super) fn agents(folder: &Path) -> Result<Vec<Agent>> {
    let table = Rows::read(folder, &ROLLOUT, &["site", "name", "lon", "lat", "phase", "closes_phase", "opens_on"])?;
    let (ids, names, days) = (table.texts("site")?, table.texts("name")?, table.texts("opens_on")?);
    let (lon, lat, phases) = (table.numbers("lon")?, table.numbers("lat")?, table.wholes("phase")?);
    let closes = table.maybe_wholes("closes_phase")?;
    let agent = |i: usize| Agent {
        id: ids[i].clone(),
        name: names[i].clone(),
        at: LonLat { lon: lon[i], lat: lat[i] },
        phase: phases[i],
        closes: closes[i],
        opens_on: days[i].clone(),
    };
    Ok((0..table.len()).map(agent).collect())
}

fn named(agent: &Agent) -> Named {
    Named { site: agent.id.clone(), name: agent.name.clone() }
}

/// The agents that stand in phase `a` of the one run and phase `b` of the other; none stand before the first phase.
///
/// Those that stand in one run only are paired nearest first, each once, up to `within_m`: they move.
pub(super) fn change(of_a: &[Agent], of_b: &[Agent], a: Option<u32>, b: Option<u32>, within_m: f64) -> Change {
    let standing = |agents: &'_ [Agent], phase: Option<u32>| -> Vec<Agent> {
        let stands = |agent: &&Agent| phase.is_some_and(|phase| agent.stands_in(phase));
        agents.iter().filter(stands).cloned().collect()
    };
    let (of_a, of_b) = (standing(of_a, a), standing(of_b, b));
    let ids = |agents: &[Agent]| agents.iter().map(|agent| agent.id.clone()).collect::<HashSet<String>>();
    let (ids_a, ids_b) = (ids(&of_a), ids(&of_b));
    let only_a: Vec<&Agent> = of_a.iter().filter(|agent| !ids_b.contains(&agent.id)).collect();
    let only_b: Vec<&Agent> = of_b.iter().filter(|agent| !ids_a.contains(&agent.id)).collect();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (i, x) in only_a.iter().enumerate() {
        for (j, y) in only_b.iter().enumerate() {
            let distance_m = x.at.metres_to(y.at);
            if distance_m <= within_m {
                pairs.push((distance_m, i, j));
            }
        }
    }
    pairs.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let (mut gone, mut come) = (vec![false; only_a.len()], vec![false; only_b.len()]);
    let mut moved = Vec::new();
    for (distance_m, i, j) in pairs {
        if !gone[i] && !come[j] {
            (gone[i], come[j]) = (true, true);
            moved.push(Move { from: named(only_a[i]), to: named(only_b[j]), distance_m });
        }
    }
    let left = |agents: &[&Agent], taken: &[bool]| {
        agents.iter().zip(taken).filter(|(_, taken)| !**taken).map(|(agent, _)| named(agent)).collect()
    };
    Change {
        in_both: (of_a.len() - only_a.len()) as u32,
        only_a: left(&only_a, &gone),
        only_b: left(&only_b, &come),
        moved,
    }
}

/// Agents of both runs that open on another day, by the day in the second.
pub(super) fn retimed(of_a: &[Agent], of_b: &[Agent]) -> Vec<Retimed> {
    let days: HashMap<&str, &str> = of_a.iter().map(|agent| (agent.id.as_str(), agent.opens_on.as_str())).collect();
    let mut found: Vec<Retimed> = of_b
        .iter()
        .filter_map(|agent| {
            let day = *days.get(agent.id.as_str())?;
            let (opens_on_a, opens_on_b) = (day.to_owned(), agent.opens_on.clone());
            (opens_on_a != opens_on_b).then(|| Retimed { site: named(agent), opens_on_a, opens_on_b })
        })
        .collect();
    found.sort_by(|x, y| (&x.opens_on_b, &x.site.site).cmp(&(&y.opens_on_b, &y.site.site)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(id: &str, lat: f64, phase: u32) -> Agent {
        let opens_on = format!("2025-0{phase}-01");
        Agent { id: id.into(), name: id.to_uppercase(), at: LonLat { lon: 105.0, lat }, phase, closes: None, opens_on }
    }

    #[test]
    fn near_ones_move_and_far_ones_open_and_close() {
        // 0.01° of latitude is 1112 m: b → d over 1.1 km beats b → e over 2.2 km; c is 55 km from all.
        let a = [agent("a", 21.0, 1), agent("b", 21.1, 1), agent("c", 21.5, 1), agent("late", 20.0, 2)];
        let b = [agent("a", 21.0, 1), agent("d", 21.11, 1), agent("e", 21.12, 1), agent("late", 20.0, 1)];
        let found = change(&a, &b, Some(1), Some(1), 5000.0);
        assert_eq!(found.in_both, 1);
        assert_eq!(found.moved.len(), 1);
        assert_eq!((found.moved[0].from.site.as_str(), found.moved[0].to.site.as_str()), ("b", "d"));
        assert!((found.moved[0].distance_m - 1112.0).abs() < 1.0);
        let ids = |list: &[Named]| list.iter().map(|n| n.site.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&found.only_a), ids(&found.only_b)), (vec!["c".to_owned()], vec!["e".into(), "late".into()]));
        // What has closed stands no more: "a" is the only one of both runs.
        let closed = [Agent { closes: Some(2), ..agent("a", 21.0, 1) }];
        assert_eq!(change(&closed, &b, Some(1), Some(1), 0.0).in_both, 1);
        assert_eq!(change(&closed, &b, Some(2), Some(1), 0.0).in_both, 0);
        // Before the first phase nothing stands.
        assert_eq!(change(&a, &b, None, Some(1), 5000.0).only_b.len(), 4);
        let late = retimed(&a, &b);
        assert_eq!(
            (late.len(), late[0].opens_on_a.as_str(), late[0].opens_on_b.as_str()),
            (1, "2025-02-01", "2025-01-01")
        );
    }
}
