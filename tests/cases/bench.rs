//! `cargo results`: ours and its peers in the same run.
//!
//! Each bench is the file `bench.rs` in the folder of a primitive, with a function `bench`. What a
//! row is, and how its contest is held: `tests/tools/bench`.

#[cfg(test)]
use watchdog as _;

#[path = "../lib/bench/channels.rs"]
mod channels;
#[path = "../lib/bench/cpython/mod.rs"]
mod cpython;
#[path = "../lib/bench/monitors.rs"]
mod monitors;
#[path = "../lib/bench/waits.rs"]
mod waits;

cases::modules!(bench);

/// The name of a folder, and the bench that it holds.
type Case = (&'static str, fn() -> bench::Bench);

/// The benches, by the names of their folders.
fn benches() -> Vec<bench::Named> {
    let cases: &[Case] = &cases::each!(bench::bench);
    cases.iter().map(|(name, bench)| bench::Named { name, bench: bench() }).collect()
}

fn main() -> std::process::ExitCode {
    // The bench `processes` starts this program again.
    ::processes::init();
    procspawn::init();
    bench::program(&benches())
}

#[cfg(test)]
mod tests {
    //! The files in `book/generated/bench`.

    use std::fs;
    use std::path::Path;

    use bench::drawn;
    use bench::results::{GROUPS, Results};

    use super::benches;

    #[test]
    fn every_bench_is_in_a_group() {
        for named in benches() {
            let group = named.bench.group;
            assert!(GROUPS.iter().any(|(name, _)| *name == group), "{}: no `{group}`", named.name);
        }
    }

    #[test]
    fn the_table_and_the_drawings_are_those_of_the_figures() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../book/generated/bench");
        let json = fs::read_to_string(folder.join("results.json")).unwrap();
        let results = Results::read(&json, &benches()).unwrap();
        assert_eq!(results.json().unwrap(), json, "results.json was changed by hand");
        let mut written = Vec::from_iter(
            fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name != "results.json"),
        );
        written.sort_unstable();
        let drawn = drawn(&results, &benches());
        let mut names = Vec::from_iter(drawn.iter().map(|(name, _)| name.clone()));
        names.sort_unstable();
        assert_eq!(written, names, "run `cargo results --draw`");
        for (name, text) in drawn {
            let there = fs::read_to_string(folder.join(&name)).unwrap();
            assert!(
                there == text,
                "{name} is not what results.json says: run `cargo results --draw`"
            );
        }
    }
}
