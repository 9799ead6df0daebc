//! Turn restrictions, after the OSM wiki's *Relation:restriction*.

use osmpbfreader::osmformat::Relation;
use osmpbfreader::osmformat::relation::MemberType;

use super::tags::Strings;

/// Where a restricted turn passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Over one node, by its index.
    Node(u32),
    /// Along ways, by their OSM ids in the order of the relation's members.
    Ways(Vec<i64>),
}

/// A turn that is forbidden, or the only one that is allowed. All its ways are among the roads of the extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnRestriction {
    /// OSM id of the relation; a relation with several rules, or several ways at an end, gives several restrictions.
    pub id: i64,
    /// Whether this is the only turn allowed (`only_…`), else it is forbidden (`no_…`).
    pub only: bool,
    /// Whether the turn goes back where it came from (`no_u_turn`, `only_u_turn`).
    pub u_turn: bool,
    /// OSM id of the way that it starts on.
    pub from_way: i64,
    /// What lies between.
    pub via: Via,
    /// OSM id of the way that it ends on; the same as `from_way` where one turns about on one way.
    pub to_way: i64,
    /// Access keys that it binds, e.g. `motorcycle` from `restriction:motorcycle`; empty binds all vehicles. Who
    /// walks is bound only where `foot` is named.
    pub binds: Vec<String>,
    /// Access keys that it does not bind (`except`).
    pub except: Vec<String>,
}

/// What a relation says, before it is known which of its parts are in the extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A turn; the index in a [`Via::Node`] is not set yet, `via_node` is the node's OSM id.
    Turn { turn: TurnRestriction, via_node: Option<i64> },
    /// Rules that are not read: conditional, of an unknown kind, or with members that make no turn; and their ways.
    Skipped { rules: usize, ways: Vec<i64> },
}

/// Tags that bind a restriction to hours, an old form of `restriction:conditional`.
const HOURS: [&str; 4] = ["day_on", "day_off", "hour_on", "hour_off"];

/// More rules in a relation, or more ways at one end, are not believed: their turns would multiply.
const MAX_RULES: usize = 16;
const MAX_ENDS: usize = 64;

/// Adds what a relation of `type=restriction` says.
pub(super) fn find(relation: &Relation, strings: &Strings<'_>, found: &mut Vec<Found>) -> Result<(), &'static str> {
    let members = Members::of(relation, strings)?;
    let (mut rules, mut except, mut skipped) = (Vec::new(), Vec::new(), 0);
    let mut by_hours = false;
    for (&key, &value) in relation.keys.iter().zip(&relation.vals) {
        let key = strings.bytes(u64::from(key))?;
        let Ok(key) = std::str::from_utf8(key) else { continue };
        if key == "except" {
            let text = strings.text(u64::from(value))?;
            except = text.split(';').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect();
        } else if key == "restriction" || key.starts_with("restriction:") {
            let vehicle = key.strip_prefix("restriction:");
            match Rule::of(vehicle, strings.text(u64::from(value))?) {
                Some(rule) if rules.len() < MAX_RULES => rules.push(rule),
                _ => skipped += 1,
            }
        }
        by_hours |= HOURS.contains(&key);
    }
    if rules.is_empty() && skipped == 0 {
        skipped = 1; // a restriction that says nothing
    }
    for rule in rules {
        match members.turns(&rule) {
            Some(ends) if !by_hours => found.extend(ends.into_iter().map(|(from_way, to_way)| Found::Turn {
                turn: TurnRestriction {
                    id: relation.id(),
                    only: rule.only,
                    u_turn: rule.kind == "u_turn",
                    from_way,
                    via: Via::Ways(members.via_ways.clone()),
                    to_way,
                    binds: rule.vehicle.iter().map(|v| (*v).to_owned()).collect(),
                    except: except.clone(),
                },
                via_node: members.via_nodes.first().copied(),
            })),
            _ => skipped += 1,
        }
    }
    if skipped > 0 {
        found.push(Found::Skipped { rules: skipped, ways: members.ways() });
    }
    Ok(())
}

/// One tag `restriction` or `restriction:VEHICLE`.
struct Rule<'a> {
    vehicle: Option<&'a str>,
    only: bool,
    kind: &'a str,
}

impl<'a> Rule<'a> {
    /// `None` for conditions and unknown kinds.
    fn of(vehicle: Option<&'a str>, value: &'a str) -> Option<Self> {
        if vehicle.is_some_and(|v| v == "conditional" || v.contains(':') || v.is_empty()) {
            return None;
        }
        let (only, kind) = match (value.strip_prefix("no_"), value.strip_prefix("only_")) {
            (Some(kind), _) => (false, kind),
            (_, Some(kind)) => (true, kind),
            _ => return None,
        };
        let known = match kind {
            "left_turn" | "right_turn" | "straight_on" | "u_turn" => true,
            "entry" | "exit" => !only,
            _ => false,
        };
        known.then_some(Rule { vehicle, only, kind })
    }
}

/// The members that matter, in the order of the relation.
#[derive(Default)]
struct Members {
    from: Vec<i64>,
    to: Vec<i64>,
    via_nodes: Vec<i64>,
    via_ways: Vec<i64>,
}

impl Members {
    fn of(relation: &Relation, strings: &Strings<'_>) -> Result<Self, &'static str> {
        let mut members = Members::default();
        let mut id = 0_i64;
        for ((step, role), kind) in relation.memids.iter().zip(&relation.roles_sid).zip(&relation.types) {
            id = id.checked_add(*step).ok_or("a relation's member ids overflow")?;
            let role = strings.bytes(u64::try_from(*role).unwrap_or(u64::MAX))?;
            match (role, kind.enum_value()) {
                (b"from", Ok(MemberType::WAY)) => members.from.push(id),
                (b"to", Ok(MemberType::WAY)) => members.to.push(id),
                (b"via", Ok(MemberType::WAY)) => members.via_ways.push(id),
                (b"via", Ok(MemberType::NODE)) => members.via_nodes.push(id),
                _ => {} // hints for drawing
            }
        }
        Ok(members)
    }

    fn ways(&self) -> Vec<i64> {
        [&self.from[..], &self.via_ways, &self.to].concat()
    }

    /// The pairs of a way from and a way to that a rule is about; `None` where the members make no turn.
    fn turns(&self, rule: &Rule<'_>) -> Option<Vec<(i64, i64)>> {
        let via = matches!((self.via_nodes.len(), self.via_ways.len()), (1, 0) | (0, 1..));
        match (&self.from[..], &self.to[..]) {
            (from, to) if !via || from.len() > MAX_ENDS || to.len() > MAX_ENDS => None,
            (&[from], &[to]) => Some(vec![(from, to)]),
            // Only these two may have several ways at one end.
            (from @ [_, _, ..], &[to]) if rule.kind == "entry" => Some(from.iter().map(|&f| (f, to)).collect()),
            (&[from], to @ [_, _, ..]) if rule.kind == "exit" => Some(to.iter().map(|&t| (from, t)).collect()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = ["from", "via", "to", "location_hint"];

    /// Members as (role, kind, id), tags as (key, value).
    fn read(members: &[(&str, MemberType, i64)], tags: &[(&str, &str)]) -> Vec<Found> {
        let mut texts: Vec<&[u8]> = TEXTS.iter().map(|t| t.as_bytes()).collect();
        let mut relation = Relation::new();
        relation.set_id(77);
        let mut last = 0;
        for &(role, kind, id) in members {
            relation.roles_sid.push(TEXTS.iter().position(|t| *t == role).unwrap() as i32);
            relation.types.push(kind.into());
            relation.memids.push(id - last);
            last = id;
        }
        for (key, value) in tags {
            relation.keys.push(texts.len() as u32);
            relation.vals.push(texts.len() as u32 + 1);
            texts.extend([key.as_bytes(), value.as_bytes()]);
        }
        let mut found = Vec::new();
        find(&relation, &Strings::new(texts), &mut found).unwrap();
        found
    }

    const PLAIN: [(&str, MemberType, i64); 3] =
        [("from", MemberType::WAY, 10), ("via", MemberType::NODE, 5), ("to", MemberType::WAY, 8)];

    fn skipped(rules: usize, ways: &[i64]) -> Found {
        Found::Skipped { rules, ways: ways.to_vec() }
    }

    #[test]
    fn a_plain_one_and_its_exceptions() {
        let tags = [("type", "restriction"), ("restriction", "no_left_turn"), ("except", "bicycle; psv")];
        let [Found::Turn { turn, via_node: Some(5) }] = &read(&PLAIN, &tags)[..] else { panic!() };
        assert_eq!((turn.id, turn.from_way, turn.to_way), (77, 10, 8));
        assert_eq!((turn.only, turn.u_turn), (false, false));
        assert!(turn.binds.is_empty());
        assert_eq!(turn.except, ["bicycle", "psv"]);
    }

    #[test]
    fn one_vehicle_is_bound_and_a_condition_skipped() {
        let tags = [
            ("restriction:motorcycle", "only_straight_on"),
            ("restriction:conditional", "no_left_turn @ (06:00-09:00)"),
            ("restriction:hgv:conditional", "no_left_turn @ (06:00-09:00)"),
            ("restriction:bus", "no_dancing"),
        ];
        let found = read(&PLAIN, &tags);
        let [Found::Turn { turn, .. }, rest @ ..] = &found[..] else { panic!("{found:?}") };
        assert_eq!((turn.only, turn.binds[0].as_str(), turn.binds.len()), (true, "motorcycle", 1));
        assert_eq!(rest, [skipped(3, &[10, 8])]);
        let by_hours = [("restriction", "no_u_turn"), ("hour_on", "07:00"), ("hour_off", "09:00")];
        assert_eq!(read(&PLAIN, &by_hours), [skipped(1, &[10, 8])]);
        assert_eq!(read(&PLAIN, &[("type", "restriction")]), [skipped(1, &[10, 8])]);
    }

    #[test]
    fn ways_between_keep_their_order() {
        let members = [
            ("from", MemberType::WAY, 10),
            ("via", MemberType::WAY, 30),
            ("via", MemberType::WAY, 20),
            ("to", MemberType::WAY, 10),
            ("location_hint", MemberType::NODE, 3),
        ];
        let [Found::Turn { turn, via_node: None }] = &read(&members, &[("restriction", "no_u_turn")])[..] else {
            panic!()
        };
        assert_eq!(turn.via, Via::Ways(vec![30, 20]));
        assert!(turn.u_turn && turn.from_way == turn.to_way);
    }

    #[test]
    fn several_ways_at_an_end_are_for_entries_and_exits_only() {
        let (from, to) = (|id| ("from", MemberType::WAY, id), |id| ("to", MemberType::WAY, id));
        let via = ("via", MemberType::NODE, 5);
        let ends = |found: Vec<Found>| -> Vec<(i64, i64)> {
            let end = |f: &Found| match f {
                Found::Turn { turn, .. } => (turn.from_way, turn.to_way),
                Found::Skipped { .. } => (0, 0),
            };
            found.iter().map(end).collect()
        };
        let (entries, exits) = ([from(1), from(2), via, to(3)], [from(1), via, to(2), to(3)]);
        assert_eq!(ends(read(&entries, &[("restriction", "no_entry")])), [(1, 3), (2, 3)]);
        assert_eq!(ends(read(&exits, &[("restriction", "no_exit")])), [(1, 2), (1, 3)]);
        assert_eq!(ends(read(&entries, &[("restriction", "no_exit")])), [(0, 0)]);
        assert_eq!(ends(read(&exits, &[("restriction", "only_left_turn")])), [(0, 0)]);
        assert_eq!(ends(read(&PLAIN, &[("restriction", "only_entry")])), [(0, 0)]);
        // No way or node between, or two nodes.
        assert_eq!(ends(read(&[from(1), to(2)], &[("restriction", "no_left_turn")])), [(0, 0)]);
        assert_eq!(ends(read(&[from(1), via, via, to(2)], &[("restriction", "no_left_turn")])), [(0, 0)]);
    }
}
