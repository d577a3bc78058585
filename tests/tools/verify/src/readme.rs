//! The first pages name files, lines, commands and steps; each of these may move, and the page must
//! follow.

/// The rows of the table that name a line of the lock, as line number and operation.
fn rows(readme: &str) -> impl Iterator<Item = (usize, &str)> {
    readme.lines().filter_map(|row| {
        let (_, at) = row.split_once("  lock.rs:")?;
        let (number, columns) = at.split_once(' ')?;
        let operation = columns.trim_start_matches(['│', ' ']).split(' ').next()?;
        Some((number.parse().ok()?, operation))
    })
}

#[test]
fn the_lines_of_the_lock_in_the_readme_do_what_it_says() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let (readme, lock) = (read("README.md"), read("primitives/src/lock.rs"));
    let lines = Vec::from_iter(lock.lines());
    let mut found = 0;
    for (number, operation) in rows(&readme) {
        let line = lines.get(number - 1).copied().unwrap_or_default();
        assert!(
            line.contains(operation),
            "README.md shows a `{operation}` at lock.rs:{number}, where the source has `{line}`: copy again \
             what `cargo model lock/two-add` prints for that mutant"
        );
        found += 1;
    }
    assert!(found > 0, "README.md shows no failure of the lock any more");
    for (at, _) in readme.match_indices("primitives/src/lock.rs:") {
        let number = readme[at..].split_once(':').unwrap().1;
        let number: usize = number.split('=').next().unwrap().parse().unwrap();
        assert!(lines[number - 1].contains("Release"), "the mutant of lock.rs:{number}");
    }
}

/// "Where would I change how a barrier breaks, and what must I run?" The first page names the
/// folder, which has what breaks it, and the commands, which have something to run.
#[test]
fn the_readme_says_where_a_barrier_breaks_and_what_to_run_then() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, answer) = readme.split_once("How a barrier breaks").expect("the example is there");
    let answer = answer.split("\n\n").next().unwrap();
    let places = Vec::from_iter(mentioned(answer).filter(|text| is_path(text)));
    let breaks = |file: &std::path::Path| {
        std::fs::read_to_string(file).is_ok_and(|source| source.contains("== BROKEN"))
    };
    let is_there = |place: &&str| {
        let place = root.join(place);
        let entries = std::fs::read_dir(&place).into_iter().flatten();
        breaks(&place) || entries.map(|entry| entry.unwrap().path()).any(|file| breaks(&file))
    };
    assert!(places.iter().any(is_there), "nothing breaks a barrier in {places:?}");
    let cases = root.join("tests/cases/barrier");
    for (command, runs) in [("cargo model barrier", "models.rs"), ("cargo bugs barrier", "bugs")] {
        let joined = answer.replace('\n', " ");
        assert!(joined.contains(&format!("`{command}`")), "README.md does not name `{command}`");
        assert!(
            cases.join(runs).exists(),
            "`{command}` runs nothing: no tests/cases/barrier/{runs}"
        );
    }
}

/// What a newcomer reads first, in the workspace's root.
const PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/// A name that a page only gives as an example, or that only exists after a command.
const EXAMPLES: [&str; 4] = ["latch", "target/", "NAME", "*"];

/// Text between backticks, and the targets of links.
fn mentioned(page: &str) -> impl Iterator<Item = &str> {
    let code = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let links = page.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(to, _)| to));
    code.chain(links)
}

fn is_path(text: &str) -> bool {
    let folders = ["primitives/", "queues/", "demos/", "book/", "tests/", "findings/", "."];
    let known = folders.iter().any(|folder| text.starts_with(folder)) && text.contains('/');
    (known || text.ends_with(".md"))
        && !text.contains([' ', '(', ':'])
        && EXAMPLES.iter().all(|example| !text.contains(example))
}

#[test]
fn the_paths_that_the_first_pages_name_are_there() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let mut found = 0;
    for name in PAGES {
        let page = std::fs::read_to_string(root.join(name)).unwrap();
        for path in mentioned(&page).filter(|text| is_path(text)) {
            let crates = ["", "book"].iter().any(|folder| root.join(folder).join(path).exists());
            assert!(crates, "{name} names `{path}`, which is not there");
            found += 1;
        }
    }
    assert!(found > 50, "only {found} paths: are they still written between backticks?");
}

#[test]
fn the_commands_and_steps_that_the_first_pages_name_are_there() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let aliases = std::fs::read_to_string(root.join(".cargo/config.toml")).unwrap();
    let cargos_own = ["check", "install", "package", "publish", "run", "semver-checks", "test"];
    for name in PAGES {
        let page = std::fs::read_to_string(root.join(name)).unwrap();
        for command in mentioned(&page).filter_map(|text| text.strip_prefix("cargo ")) {
            let word = command.split([' ', '\n']).next().unwrap();
            let known = cargos_own.contains(&word)
                || word.starts_with('+')
                || aliases.lines().any(|line| line.starts_with(&format!("{word} = ")));
            assert!(known, "{name} names `cargo {command}`, and there is no such command");
        }
    }
    let guide = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let (_, table) = guide.split_once("### The steps of `cargo verify`").expect("the table");
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).skip(2);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let steps = row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        for step in steps.filter(|step| !step.starts_with("--")) {
            let known = crate::steps::STEPS.iter().any(|known| known.name == step);
            assert!(known, "CONTRIBUTING.md names a step `{step}`, which there is not");
        }
    }
}
