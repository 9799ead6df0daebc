//! Inputs and settings of two runs that differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// One input or setting that is not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What: `input roads.osm.pbf`, `standard.minutes`, `phases.3.agents`.
    pub what: String,
    /// Its value in the first run; `None` where it has none.
    pub a: Option<String>,
    /// Its value in the second run.
    pub b: Option<String>,
}

/// All that differ: inputs by their hash, settings value by value.
pub(super) fn differences(a: &Value, b: &Value) -> Vec<Difference> {
    let (mut of_a, mut of_b) = (BTreeMap::new(), BTreeMap::new());
    for (manifest, found) in [(a, &mut of_a), (b, &mut of_b)] {
        inputs(&manifest["inputs"], found);
        leaves(&manifest["settings"], "", found);
    }
    let mut keys: Vec<&String> = of_a.keys().chain(of_b.keys()).collect::<BTreeSet<_>>().into_iter().collect();
    // Other inputs say more than other settings.
    keys.sort_by_key(|key| !key.starts_with("input "));
    let differing = keys.into_iter().filter(|key| of_a.get(*key) != of_b.get(*key));
    differing
        .map(|key| Difference { what: key.clone(), a: of_a.get(key).cloned(), b: of_b.get(key).cloned() })
        .collect()
}

/// Files by their names, not by where they lay, each with the beginning of its hash. Of files with one name the hashes
/// stand together.
fn inputs(of: &Value, found: &mut BTreeMap<String, String>) {
    for input in of.as_array().into_iter().flatten() {
        let file = input["file"].as_str().unwrap_or_default();
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let hash: String = input["sha256"].as_str().unwrap_or_default().chars().take(12).collect();
        let hashes = found.entry(format!("input {name}")).or_default();
        *hashes = if hashes.is_empty() { hash } else { format!("{hashes}, {hash}") };
    }
}

/// Every value of a tree with its path; lists are numbered from 1.
fn leaves(of: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match of {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, &at(key), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| leaves(value, &at(&(i + 1).to_string()), found));
        }
        Value::Null => {}
        Value::String(text) => {
            found.insert(path.to_owned(), text.clone());
        }
        value => {
            found.insert(path.to_owned(), value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told() {
        let a = json!({
            "inputs": [{ "file": "/x/roads.pbf", "sha256": "aa" }, { "file": "/x/sites.csv", "sha256": "11" }],
            "settings": { "standard": { "minutes": 30.0, "rule": "either" }, "phases": [{ "agents": 32 }] },
        });
        let b = json!({
            "inputs": [{ "file": "/y/roads.pbf", "sha256": "aa" }, { "file": "/y/sites.csv", "sha256": "22" }],
            "settings": { "standard": { "minutes": 20.0, "rule": "either" }, "phases": [{ "agents": null }] },
        });
        let told: Vec<(String, Option<String>, Option<String>)> =
            differences(&a, &b).into_iter().map(|d| (d.what, d.a, d.b)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("input sites.csv".to_owned(), some("11"), some("22")),
                ("phases.1.agents".to_owned(), some("32"), None),
                ("standard.minutes".to_owned(), some("30.0"), some("20.0")),
            ]
        );
    }
}
