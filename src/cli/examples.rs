//! The examples under `--help` and in the manual pages. They follow one another: after `gandan demo` in an empty folder
//! each of them works as it stands (but `fetch`, which wants the internet).

use clap::Command;

/// An example: the command line, and what it does.
pub type Example = (&'static str, &'static str);

/// The examples of a command.
pub fn of(command: &str) -> &'static [Example] {
    ALL.iter().find(|(name, _)| *name == command).map_or(&[], |(_, examples)| examples)
}

/// Puts the examples under the help of each command that does not bring its own.
pub fn add(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| match (sub.get_after_help().is_some(), of(name)) {
            (true, _) | (_, []) => sub,
            (false, examples) => sub.after_help(told(examples)),
        })
    })
}

fn told(examples: &[Example]) -> String {
    let lines = examples.iter().map(|(line, does)| format!("  {line}\n      {does}"));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

const ALL: &[(&str, &[Example])] = &[
    (
        "demo",
        &[
            ("gandan demo", "Plan the demo city into out/demo; its inputs go to out/demo-inputs"),
            ("gandan demo --force --format json --quiet", "Again, with the summary as JSON and nothing else"),
        ],
    ),
    (
        "plan",
        &[
            ("gandan plan out/demo-inputs/three-phases.toml", "Plan a scenario into out/three-phases"),
            (
                "gandan plan out/demo-inputs/communes-126.toml --out out/wards --threads 2 --verbose",
                "Into another folder, with two threads, telling the steps of the proofs",
            ),
            (
                "gandan plan out/demo-inputs/three-phases.toml --resume",
                "Go on where the same command was stopped; what its long steps found is taken over",
            ),
        ],
    ),
    (
        "fetch",
        &[
            ("gandan fetch hanoi --dry-run", "Say what would be fetched, and how large it is"),
            ("gandan fetch hanoi --population 100m", "Fetch it and make data/hanoi, ready to plan with"),
            (
                "gandan fetch hue --pbf-url https://example.org/vietnam.osm.pbf --population-url https://example.org/people.tif --bbox 107.4,16.3,107.7,16.6",
                "Another region, with its own files and outline",
            ),
        ],
    ),
    (
        "check",
        &[
            (
                "gandan check out/demo-inputs/three-phases.toml --map inputs.png",
                "All faults and doubts, and a map of the inputs",
            ),
            ("gandan check out/demo-inputs/four-stages.toml --format json", "For programs: each finding with its code"),
        ],
    ),
    (
        "survey",
        &[
            (
                "gandan survey out/demo-inputs/three-phases.toml --out form.xlsx",
                "A form with exactly the unknowns of each site",
            ),
            ("gandan survey out/demo-inputs/three-phases.toml --format json", "The verdict on each site, for programs"),
        ],
    ),
    (
        "isochrone",
        &[
            (
                "gandan isochrone --roads out/demo-inputs/demo/roads.osm.pbf --site 105.8516,21.0285 --minutes 10,20,30 --out reach.png",
                "What is within 10, 20 and 30 minutes by motorcycle of a place (longitude first)",
            ),
            (
                "gandan isochrone --roads out/demo-inputs/demo/roads.osm.pbf --sites out/demo-inputs/demo/fixed_sites.csv --union --mode foot --out walk.geojson",
                "On foot, of all places of a table together",
            ),
        ],
    ),
    (
        "matrix",
        &[(
            "gandan matrix --roads out/demo-inputs/demo/roads.osm.pbf --origins out/demo-inputs/demo/sites.csv --destinations out/demo-inputs/demo/fixed_sites.csv --minutes 30 --out times.parquet",
            "Trips of at most 30 minutes: from_id, to_id, travel_time_s, distance_m",
        )],
    ),
    (
        "optimise",
        &[
            (
                "gandan synth --cover-sites 200 --cells 2000 --out cover",
                "Make tables to try with: rows, pairs and sites",
            ),
            (
                "gandan optimise --objective max-cover --p 20 --rows cover/rows.parquet --pairs cover/pairs.parquet --sites cover/sites.parquet",
                "The most people with 20 sites, with a bound",
            ),
            (
                "gandan optimise --objective set-cover --time-limit 60 --rows cover/rows.parquet --pairs cover/pairs.parquet --sites cover/sites.parquet --out fewest",
                "The fewest sites that cover everyone, with a proof in fewest/proof.json",
            ),
        ],
    ),
    (
        "explain",
        &[
            (
                "gandan explain out/demo --at 105.8516,21.0285",
                "Who serves a place (longitude first), since when, how long it takes",
            ),
            (
                "gandan explain out/demo --site bc-00004-1 --format json",
                "Why a site is in the plan or is not, for programs",
            ),
        ],
    ),
    (
        "compare",
        &[(
            "gandan compare out/demo out/three-phases --out changes.parquet",
            "What opens, moves and closes, who is sooner and who is later",
        )],
    ),
    (
        "frontier",
        &[(
            "gandan frontier out/demo-inputs/three-phases.toml --out frontier",
            "The most people for each number of agents, as a table and plots",
        )],
    ),
    (
        "sensitivity",
        &[(
            "gandan sensitivity out/demo-inputs/three-phases.toml --out cases",
            "The plan with slow rides, closed roads and lost agents",
        )],
    ),
    (
        "verify",
        &[
            (
                "gandan verify out/demo",
                "Compute the figures of a run again from its tables; exit code 1 if one differs",
            ),
            ("gandan verify out/demo --format json", "The same for programs"),
        ],
    ),
    ("map", &[("gandan map out/demo --force", "Draw map.html of a run again")]),
    ("report", &[("gandan report out/demo --pdf", "Print the report of a run to report.pdf, where Chromium is")]),
    ("workbook", &[("gandan workbook out/demo --force", "Draw plan.xlsx of a run again")]),
    ("plot", &[("gandan plot out/demo", "Draw the pictures in plots/ of a run again")]),
    (
        "synth",
        &[
            ("gandan synth --out demo-city", "The files of the demo city"),
            ("gandan synth --people 5e4 --out town", "A made-up town with a scenario: gandan plan town/scenario.toml"),
        ],
    ),
    (
        "schema",
        &[
            ("gandan schema > dictionary.md", "The data dictionary in Markdown"),
            ("gandan schema --format json", "Tables, columns, types and units, for programs"),
        ],
    ),
    (
        "completions",
        &[
            ("gandan completions bash > ~/.local/share/bash-completion/completions/gandan", "For bash"),
            ("gandan completions zsh > ~/.zfunc/_gandan", "For zsh, with ~/.zfunc in fpath"),
            ("gandan completions fish > ~/.config/fish/completions/gandan.fish", "For fish"),
        ],
    ),
    (
        "man",
        &[
            ("gandan man --out ~/.local/share/man/man1", "Write all pages; then: man gandan-plan"),
            ("gandan man plan", "Print the page of one command"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;

    /// What a shell would hand over: up to where the output is sent.
    fn words(line: &str) -> Vec<&str> {
        line.split_whitespace().take_while(|word| !matches!(*word, ">" | ">>" | "|")).collect()
    }

    #[test]
    fn every_command_has_examples_and_they_are_its_own() {
        for sub in command().get_subcommands().filter(|sub| sub.get_name() != "help") {
            let name = sub.get_name();
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("gandan {name}")), "{name} has no example");
        }
    }

    #[test]
    fn every_example_parses() {
        let known: Vec<String> = command().get_subcommands().map(|s| s.get_name().to_owned()).collect();
        let examples = ALL.iter().flat_map(|(_, examples)| *examples).map(|(line, _)| *line);
        let mut parsed = 0;
        for line in examples.filter(|line| known.iter().any(|name| words(line)[1] == name)) {
            if let Err(error) = command().try_get_matches_from(words(line)) {
                panic!("{line}\n{error}");
            }
            parsed += 1;
        }
        assert!(parsed >= 30, "{parsed}");
    }

    /// The commands in a page: its lines of shell that begin with gandan, a backslash joining lines.
    fn commands(page: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut shell = false;
        let joined = page.replace("\\\n", " ");
        for line in joined.lines() {
            if let Some(kind) = line.trim().strip_prefix("```") {
                shell = kind == "sh";
            } else if shell && (line.starts_with("gandan ") || line.starts_with("./run ")) {
                let line = line.replacen("./run ", "gandan ", 1);
                found.push(line.split(" #").next().unwrap_or_default().trim().to_owned());
            }
        }
        found
    }

    #[test]
    fn every_command_in_the_pages_parses() {
        let known: Vec<String> = command().get_subcommands().map(|s| s.get_name().to_owned()).collect();
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let pages = [
            "../README.md",
            "../README.vi.md",
            "command-line.md",
            "guide/planner.md",
            "guide/planner.vi.md",
            "guide/analyst.md",
            "guide/analyst.vi.md",
            "guide/decision-maker.md",
            "guide/decision-maker.vi.md",
        ];
        let mut parsed = 0;
        for page in pages {
            let text = std::fs::read_to_string(docs.join(page)).unwrap();
            for line in commands(&text).iter().filter(|line| known.iter().any(|name| words(line)[1] == name)) {
                if let Err(error) = command().try_get_matches_from(words(line)) {
                    panic!("{page}: {line}\n{error}");
                }
                parsed += 1;
            }
        }
        assert!(parsed >= 50, "{parsed}");
    }

    #[test]
    fn the_commands_of_a_page_by_hand() {
        let page = "text\n```sh\ngandan plan a.toml \\\n  --force   # again\nls\n```\ngandan no\n```\ngandan no\n```\n";
        assert_eq!(commands(page), ["gandan plan a.toml    --force"]);
    }

    #[test]
    fn a_box_may_lie_in_the_west() {
        let line = "gandan fetch porto --pbf-url a --population-url b --bbox -8.7,41.1,-8.5,41.2";
        let found = command().try_get_matches_from(words(line)).unwrap();
        let (_, fetch) = found.subcommand().unwrap();
        let bbox: Vec<f64> = fetch.get_many("bbox").unwrap().copied().collect();
        assert_eq!(bbox, [-8.7, 41.1, -8.5, 41.2]);
    }

    #[test]
    fn a_wrong_example_would_be_found() {
        assert!(command().try_get_matches_from(words("gandan plan a.toml --frce")).is_err());
        assert!(command().try_get_matches_from(words("gandan explain out/demo")).is_err());
    }
}
