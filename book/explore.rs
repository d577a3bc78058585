//! `cargo explore`: plays the scenarios through in every order, and writes their graphs.
//! `cargo explore --check`: fails where the graph that is there is another.

#[cfg(test)]
use watchdog as _;

#[cfg(explore)]
mod explore {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;

    use book::scenarios;
    use explorer::scenario::Expected;
    use explorer::{Graph, Scenario, search, source};
    use serde_json::json;

    /// Something is not as it should be.
    const WRONG: u8 = 1;
    /// What was asked for cannot be done.
    const BAD_INPUT: u8 = 2;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/explore")
    }

    pub(crate) fn main() -> ExitCode {
        let scenarios = scenarios::all();
        let known = || Vec::from_iter(scenarios.iter().map(|s| s.name)).join(", ");
        let (mut check, mut names) = (false, Vec::new());
        for argument in std::env::args().skip(1) {
            match &*argument {
                "--check" => check = true,
                "--help" | "-h" => {
                    println!("cargo explore [--check] [NAME]...\n\nscenarios: {}", known());
                    return ExitCode::SUCCESS;
                }
                name if scenarios.iter().any(|s| s.name == name) => names.push(argument),
                name => {
                    eprintln!("error: no scenario `{name}`; allowed: `--check`, {}", known());
                    return ExitCode::from(BAD_INPUT);
                }
            }
        }
        let mut wrong = 0;
        for scenario in &scenarios {
            if names.is_empty() || names.iter().any(|name| name == scenario.name) {
                wrong += variants(scenario, check);
            }
        }
        if names.is_empty() {
            wrong += strangers(&scenarios, check);
        }
        if wrong == 0 {
            return ExitCode::SUCCESS;
        }
        eprintln!("{wrong} wrong");
        ExitCode::from(WRONG)
    }

    fn file_name(scenario: &Scenario, variant: usize) -> String {
        format!("{}.{variant}.json", scenario.name)
    }

    /// Explores the variants of a scenario. Returns how many are wrong.
    fn variants(scenario: &Scenario, check: bool) -> usize {
        let mut wrong = 0;
        for variant in 0..scenario.variants() {
            let file = file_name(scenario, variant);
            let graph = search::explore(scenario, variant);
            let result = judge(scenario, variant, &graph).and_then(|()| {
                let text = graph.json(&head(scenario, variant)?, |place| {
                    json!(locate(scenario, place.file, place.line))
                });
                write(&file, &text, check)
            });
            let shortest = match graph.shortest_failure() {
                Some(way) => format!("breaks in {} steps", way.len()),
                None => "never breaks".into(),
            };
            let states = graph.nodes.len();
            println!(
                "{file:<24} {states:>6} states {:>12} interleavings, {shortest}",
                graph.interleavings()
            );
            if let Err(what) = result {
                eprintln!("{file}: {what}");
                wrong += 1;
            }
        }
        wrong
    }

    /// Whether the search found what it should.
    fn judge(scenario: &Scenario, variant: usize, graph: &Graph) -> Result<(), String> {
        let expected = scenario.expected_of(variant);
        let found = graph.first_kind().map_or(Expected::Right, Expected::Broken);
        if expected != found {
            return Err(format!("should be {expected:?}, and is {found:?}"));
        }
        match graph.places().iter().find(|place| locate(scenario, place.file, place.line).is_none())
        {
            Some(place) => Err(format!(
                "a thread stands at {}:{}, which is in no part that the scenario shows",
                place.file, place.line,
            )),
            None => Ok(()),
        }
    }

    /// A line as the part that shows it and the row in there, so that lines may be added elsewhere.
    fn locate(scenario: &Scenario, file: &str, line: u32) -> Option<(usize, usize)> {
        scenario.parts.iter().enumerate().find_map(|(i, part)| {
            let rows = source::rows_of(part.file, part.anchor).ok()?;
            let row = rows.iter().position(|&row| row == line)?;
            (part.file == file).then_some((i, row))
        })
    }

    /// What the builder of the book needs to know beside the graph.
    fn head(
        scenario: &Scenario,
        variant: usize,
    ) -> Result<Vec<(&'static str, serde_json::Value)>, String> {
        let parts = scenario.parts.iter().map(|part| json!([part.file, part.anchor]));
        let mut toggles = Vec::new();
        for toggle in &scenario.toggles {
            let line = source::line_with(&scenario.parts, toggle.file, toggle.text)?;
            let [from, to] = [toggle.from, toggle.to].map(|order| format!("{order:?}"));
            let (part, row) = locate(scenario, toggle.file, line).ok_or_else(|| {
                format!(
                    "the toggle in {}:{line} is in no part that the scenario shows",
                    toggle.file
                )
            })?;
            toggles.push(json!([part, row, from, to]));
        }
        let mut inside = Vec::new();
        for part in scenario.inside() {
            let lines = source::lines_of(part.file, part.anchor)?;
            let places = lines.filter_map(|line| locate(scenario, part.file, line));
            let places = Vec::from_iter(places);
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                inside.push(json!([first.0, first.1, last.1]));
            }
        }
        let folds = scenario.parts.iter().map(|part| json!(part.fold));
        Ok(vec![
            ("name", json!(scenario.name)),
            ("variant", json!(variant)),
            (
                "expected",
                json!(match scenario.expected_of(variant) {
                    Expected::Right => "right",
                    Expected::Broken(kind) => kind.title(),
                }),
            ),
            ("weak", json!(scenario.is_weak())),
            ("threads", json!(scenario.threads())),
            ("parts", parts.collect()),
            ("folds", folds.collect()),
            ("inside", inside.into()),
            ("toggles", toggles.into()),
        ])
    }

    fn write(file: &str, text: &str, check: bool) -> Result<(), String> {
        let path = folder().join(file);
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there == text {
            return Ok(());
        }
        if check {
            return Err("out of date: `cargo explore` makes it again".into());
        }
        fs::create_dir_all(folder())
            .and_then(|()| fs::write(&path, text))
            .map_err(|e| e.to_string())
    }

    /// Graphs that no scenario makes.
    fn strangers(scenarios: &[Scenario], check: bool) -> usize {
        let ours = scenarios.iter().flat_map(|s| (0..s.variants()).map(|v| file_name(s, v)));
        let ours = Vec::from_iter(ours);
        let mut wrong = 0;
        for entry in fs::read_dir(folder()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if ours.contains(&name) {
                continue;
            }
            if check {
                eprintln!("{name}: no scenario makes it");
                wrong += 1;
            } else if let Err(error) = fs::remove_file(entry.path()) {
                eprintln!("{name}: {error}");
                wrong += 1;
            }
        }
        wrong
    }
}

// The alias sets the cfg and this variable. A RUSTFLAGS in the environment replaces the first
// without a word.
#[cfg(not(explore))]
const _: () = assert!(
    option_env!("LOCKSMITH_EXPLORE").is_none(),
    "`cargo explore` came without `--cfg explore`: RUSTFLAGS (or CARGO_ENCODED_RUSTFLAGS) in the \
     environment or `target.*.rustflags` in a cargo configuration replaces the alias's own flags; unset it",
);

#[cfg(explore)]
fn main() -> std::process::ExitCode {
    explore::main()
}

#[cfg(not(explore))]
fn main() -> std::process::ExitCode {
    eprintln!("compiled without the explorer: run `cargo explore`");
    std::process::ExitCode::from(2)
}
