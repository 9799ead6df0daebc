//! What a scenario asks for is what the manifest tells: every section is read again equal from its JSON.

use std::fmt::Debug;
use std::path::Path;

use gandan::error::Error;
use gandan::scenario::Scenario;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::make::cases;

const HEAD: &str = r#"
title = { vi = "a", en = "a" }

[inputs]
roads = "r.osm.pbf"
population = "p.tif"
study_area = "a.geojson"
sites = "s.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "a", en = "a" }
file = "c.geojson"
population = "people"
"#;

/// A section with some of its keys, each as `key = value`.
fn section(name: &'static str, keys: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    let keys: Vec<_> = keys.into_iter().map(prop::option::of).collect();
    keys.prop_map(move |keys| {
        let keys: Vec<String> = keys.into_iter().flatten().collect();
        if keys.is_empty() { String::new() } else { format!("\n[{name}]\n{}\n", keys.join("\n")) }
    })
    .boxed()
}

fn number(key: &'static str, range: std::ops::Range<f64>) -> BoxedStrategy<String> {
    range.prop_map(move |value| format!("{key} = {value:?}")).boxed()
}

fn whole(key: &'static str, range: std::ops::Range<u32>) -> BoxedStrategy<String> {
    range.prop_map(move |value| format!("{key} = {value}")).boxed()
}

fn flag(key: &'static str) -> BoxedStrategy<String> {
    any::<bool>().prop_map(move |value| format!("{key} = {value}")).boxed()
}

fn one_of(key: &'static str, values: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(values).prop_map(move |value| format!("{key} = {value}")).boxed()
}

/// A text with marks that TOML and JSON must escape.
fn texts() -> impl Strategy<Value = String> {
    "[ -~à-ỹđĐ\"\\\\'{}\\[\\]#=]{1,20}".prop_map(|t| serde_json::to_string(&format!("x{t}")).unwrap())
}

fn scenarios() -> impl Strategy<Value = String> {
    let sections = vec![
        section(
            "population",
            vec![
                number("cell_m", 50.0..1000.0),
                flag("buildings"),
                one_of("calibrate_to", &["\"communes\"", "[\"communes\"]"]),
            ],
        ),
        section("demand", vec![number("help_share", 0.01..1.0), number("working_days", 1.0..366.0)]),
        section(
            "capacity",
            vec![
                number("open_minutes_per_day", 1.0..1440.0),
                one_of("minutes_per_dossier", &["15", "7.25", "\"catalogue\""]),
                whole("max_counters", 1..1000),
                number("wait_target_minutes", 0.1..100.0),
                number("max_utilisation", 0.1..0.99),
                number("peak_factor", 1.0..24.0),
                number("detour_minutes", 0.0..600.0),
                number("share_at_agents", 0.0..1.0),
                flag("fixed_are_offices"),
                whole("office_max_counters", 1..1000),
            ],
        ),
        section(
            "standard",
            vec![
                number("minutes", 1.0..120.0),
                number("radius_km", 0.1..50.0),
                one_of("rule", &["\"either\"", "\"both\"", "\"time\"", "\"radius\""]),
            ],
        ),
        section("snap", vec![number("walk_kmh", 1.0..10.0)]),
        section("equity", vec![one_of("layer", &["\"communes\""])]),
        section(
            "solve",
            vec![
                number("time_limit_s", 1.0..1000.0),
                number("gap", 0.0..0.5),
                flag("fill_by_travel_time"),
                one_of("strategy", &["\"joint\"", "\"greedy\"", "\"backward\""]),
                flag("compare_strategies"),
            ],
        ),
        section(
            "output",
            vec![one_of("isochrone_minutes", &["[]", "[5]", "[2.5, 10, 30]"]), flag("network"), flag("frontier")],
        ),
        section(
            "sensitivity",
            vec![flag("with_plan"), flag("agents"), whole("replan", 0..50), number("time_limit_s", 1.0..500.0)],
        ),
    ];
    let group = (texts(), 0.0_f64..1.0, 0.1_f64..9.0).prop_map(|(name, share, weight)| {
        format!(
            "\n[[groups]]\nid = \"g\"\nname = {{ vi = {name}, en = {name} }}\nshare = {share:?}\nweight = {weight:?}\n"
        )
    });
    let phase = (texts(), 1_u32..28, 1_u32..90, prop::option::of(0.0_f64..1.0));
    let phases = prop::collection::vec(phase, 1..4).prop_map(|phases| {
        let mut agents = 0;
        let one = |(i, (name, day, more, least)): (usize, (String, u32, u32, Option<f64>))| {
            agents += more;
            let least = least.map_or(String::new(), |share| format!("min_coverage = {share:?}\n"));
            format!(
                "\n[[phases]]\nname = {{ vi = {name}, en = {name} }}\nstarts = 202{i}-03-{day:02}\nopens = \
                 \"most-people\"\nagents = {agents}\n{least}"
            )
        };
        phases.into_iter().enumerate().map(one).collect::<String>()
    });
    (sections, prop::option::of(group), phases).prop_map(|(sections, group, phases)| {
        format!("{HEAD}{}{}{phases}", sections.concat(), group.unwrap_or_default())
    })
}

/// What comes back from the manifest's text is what went in.
fn comes_back<T: Serialize + DeserializeOwned + Debug>(section: &T) -> Result<(), TestCaseError> {
    let text = serde_json::to_string_pretty(section).unwrap();
    let again: T = serde_json::from_str(&text).map_err(|e| TestCaseError::fail(format!("{e} in {text}")))?;
    prop_assert_eq!(format!("{:?}", section), format!("{again:?}"), "{}", text);
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn settings_come_back_from_the_manifest(text in scenarios()) {
        let scenario = match Scenario::parse(&text, Path::new("scenario.toml")) {
            Ok(scenario) => scenario,
            // Settings that do not fit together are drawn again; what is no scenario at all is a fault of this test.
            Err(Error::Input(faults)) if faults.iter().all(|f| f.code == "scenario::value") => {
                return Err(TestCaseError::reject("settings that do not fit together"));
            }
            Err(e) => return Err(TestCaseError::fail(format!("{e:?}\n{text}"))),
        };
        comes_back(&scenario.title)?;
        comes_back(&scenario.population)?;
        comes_back(&scenario.groups)?;
        comes_back(&scenario.demand)?;
        comes_back(&scenario.capacity)?;
        comes_back(&scenario.proposals)?;
        comes_back(&scenario.standard)?;
        comes_back(&scenario.snap)?;
        comes_back(&scenario.travel)?;
        comes_back(&scenario.eligibility)?;
        comes_back(&scenario.phases)?;
        comes_back(&scenario.equity)?;
        comes_back(&scenario.solve)?;
        comes_back(&scenario.sensitivity)?;
        comes_back(&scenario.output)?;
        // Nothing but paths depends on where the file is.
        let other = Scenario::parse(&text, Path::new("elsewhere/scenario.toml")).unwrap();
        prop_assert_eq!(other.files(), scenario.files().iter().map(|f| Path::new("elsewhere").join(f)).collect::<Vec<_>>());
    }
}
