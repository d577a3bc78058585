//! What lies in `book/generated/bench`.

use watchdog as _;

use std::fs;
use std::path::Path;

use bench::drawn;
use bench::results::Results;

#[test]
fn the_table_and_the_drawings_are_those_of_the_figures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../book/generated/bench");
    let json = fs::read_to_string(folder.join("results.json")).unwrap();
    let results = Results::read(&json).unwrap();
    assert_eq!(results.json().unwrap(), json, "results.json was changed by hand");
    let mut written = Vec::from_iter(
        fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "results.json"),
    );
    written.sort_unstable();
    let drawn = drawn(&results);
    let mut names = Vec::from_iter(drawn.iter().map(|(name, _)| name.clone()));
    names.sort_unstable();
    assert_eq!(written, names, "run `cargo results --draw`");
    for (name, text) in drawn {
        let there = fs::read_to_string(folder.join(&name)).unwrap();
        assert!(there == text, "{name} is not what results.json says: run `cargo results --draw`");
    }
}
