//! What README.md shows of the model checker's output is copied from there; lines that it names may move.

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
            "README.md shows a `{operation}` at lock.rs:{number}, where the source has `{line}`: copy anew \
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
