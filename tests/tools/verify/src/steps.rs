//! What must hold: one line for each step, in order.
//!
//! Cheap steps come first, and steps that share artefacts follow each other. All but the models
//! build with the dev profile, and select the whole workspace where they can: so the features of
//! the dependencies resolve alike, and each dependency is compiled once for checking and once for
//! running. `demo` and `book` run as a user types them, which shows that they build alone.
//! `--locked` is everywhere: no step may update `Cargo.lock`.

use std::fmt;

/// One thing that must hold, and the command that shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name for `--only` and the log file.
    pub(crate) name: &'static str,
    /// What is true when it passes.
    pub(crate) proves: &'static str,
    /// The words of the command, split at blanks, run in the workspace's root.
    pub(crate) command: &'static str,
    /// Additions to the caller's environment.
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// What must exist first.
    pub(crate) needs: Need,
    /// What the output must contain besides the exit status.
    pub(crate) evidence: Evidence,
    /// Runs with `--all` only.
    pub(crate) long: bool,
}

/// What a step requires besides cargo and rustc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing more.
    Nothing,
    /// A component of the toolchain, by its name in rustup and `cargo NAME`; installed if it is
    /// missing.
    Component { rustup: &'static str, cargo: &'static str },
    /// A nightly toolchain with the runtime of a sanitizer, by the name of its file; if it is
    /// missing, the step is skipped.
    Sanitizer { name: &'static str, runtime: &'static str },
    /// A nightly toolchain, or that of one version; if it is missing, the step is
    /// skipped.
    Toolchain(&'static str),
    /// The standard library for each target that the command names after `--target`; if one is
    /// missing, the step is skipped.
    Targets,
    /// A nightly toolchain with the source of std; if it is missing, the step is skipped.
    StdSource,
    /// A nightly toolchain with Miri; if it is missing, the step is skipped.
    Miri,
    /// A Chromium; if it is missing, the step is skipped.
    Chromium,
    /// A valgrind; if it is missing, the step is skipped.
    Valgrind,
}

/// What a green exit status does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The exit status suffices.
    Status,
    /// libtest's `test result` lines: zero tests are green to cargo, but a failure here.
    Tests,
    /// The closing line of `cargo model`, `12 models, 3,456 executions, …`: neither may be 0.
    Models,
    /// The line `Success` after each bench that ran once, criterion's or a contest.
    Benches,
}

const RUSTFMT: Need = Need::Component { rustup: "rustfmt", cargo: "fmt" };
const CLIPPY: Need = Need::Component { rustup: "clippy", cargo: "clippy" };
const THREAD_SANITIZER: Need = Need::Sanitizer { name: "ThreadSanitizer", runtime: "_rt.tsan" };
const ADDRESS_SANITIZER: Need = Need::Sanitizer { name: "AddressSanitizer", runtime: "_rt.asan" };
/// The tests read the clock and start threads as on the machine itself. Some leak with intent: what
/// a thread borrows that may hang is not freed.
const MIRI: &[(&str, &str)] =
    &[("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks"), ("RUST_BACKTRACE", "0")];

// ANCHOR: steps
/// Every step. A new check is a new line here.
#[rustfmt::skip] // A step a paragraph: what it shows, then how.
pub(crate) static STEPS: &[Step] = &[
    Step::new("fmt", "rustfmt would change nothing",
        "cargo fmt --all -- --check --color never").needs(RUSTFMT),
    Step::new("lock", "Cargo.lock is up to date, and all it names can be had",
        "cargo fetch --locked --target host-tuple"),
    Step::new("clippy", "no warning in any target of any crate",
        "cargo clippy --locked --workspace --all-targets -- -D warnings").needs(CLIPPY),
    Step::new("clippy-portable", "no warning on the portable back end, every feature on",
        "cargo clippy --locked --workspace --all-targets --all-features -- -D warnings").needs(CLIPPY),
    Step::new("floors", "imports point one way: no circle among modules, no arrow upward",
        "cargo test --locked -p floors").evidence(Evidence::Tests),
    Step::new("docs-default", "the documentation of what ships builds without a warning on the default features, too",
        "cargo doc --locked -p locksmith-primitives -p locksmith-queues --no-deps").env(&[("RUSTDOCFLAGS", "-D warnings")]),
    Step::new("docs", "the documentation of every feature builds without a warning",
        "cargo doc --locked --workspace --exclude model --all-features --no-deps").env(&[("RUSTDOCFLAGS", "-D warnings")]),
    Step::new("clippy-model", "no warning in what the models are built from",
        "cargo clippy --locked --profile model -p model -p modelled-primitives -p modelled-queues -p modelled-processes -p tests --lib --test models -- -D warnings")
        .env(&[("RUSTFLAGS", "--cfg model"), ("LOCKSMITH_MODEL", "1")]).needs(CLIPPY),
    Step::new("clippy-explore", "no warning in what the explorer's graphs are made from",
        "cargo clippy --locked --profile explore -p book -p explorer --no-default-features --features book/explorer --lib --bin explore -- -D warnings")
        .env(&[("RUSTFLAGS", "--cfg model --cfg explore"), ("LOCKSMITH_EXPLORE", "1")]).needs(CLIPPY),
    Step::new("docs-model", "the model runtime's documentation builds without a warning",
        "cargo doc --locked --profile model -p model --no-deps")
        .env(&[("RUSTFLAGS", "--cfg model"), ("RUSTDOCFLAGS", "--cfg model -D warnings"), ("LOCKSMITH_MODEL", "1")]),
    // Without the demos: they switch the deadlock detector on for everything built with them. The
    // browser has a step of its own.
    Step::new("test", "unit, property and stress tests, of the crates as a builder gets them",
        "cargo test --locked --workspace --exclude demos --tests").env(&[("CHROMIUM", "")]).evidence(Evidence::Tests),
    Step::new("test-demos", "each demo on its defaults, on bad input, with a closed pipe, and Ctrl-C",
        "cargo test --locked -p demos --tests").evidence(Evidence::Tests),
    Step::new("demo", "the default demo on its default input",
        "cargo run --locked"),
    Step::new("book", "the book builds, all its listings included",
        "cargo run --locked -p book -- build"),
    Step::new("browser", "a reader can play the explorer's puzzles by keyboard, on a desk and on a phone",
        "cargo test --locked -p book --test browser").needs(Need::Chromium).evidence(Evidence::Tests),
    // What stands on the back end. The workspace's other tests are of tools, pages and demos.
    Step::new("test-portable", "the tests of the crates on the portable back end, every feature on",
        "cargo test --locked -p locksmith-primitives -p locksmith-queues -p locksmith-tasks -p tests --tests --all-features")
        .evidence(Evidence::Tests),
    Step::new("test-docs", "the examples in the documentation",
        "cargo test --locked --workspace --all-features --doc").evidence(Evidence::Tests),
    Step::new("models", "loom finds nothing wrong, and what must fail does",
        "cargo --locked model").evidence(Evidence::Models),
    Step::new("counts", "no operation takes more instructions than its table says, nor than its goal",
        "cargo --locked counts --check").needs(Need::Valgrind),

    Step::new("explore", "the explorer's graphs are those of the source, broken where they should be",
        "cargo --locked explore --check").long(),
    Step::new("timelines", "the book's timelines have the threads and the phases of the demos that drew them",
        "cargo run --locked -p book -- timelines --check").long(),
    Step::new("bugs", "each seeded bug is found by the model that should find it",
        "cargo --locked bugs").long(),
    Step::new("orderings", "each memory ordering is as strong as it must be, and a model notices a weaker one",
        "cargo --locked orderings").long(),
    Step::new("test-one-thread", "the tests stand on their own: one after the other",
        "cargo test --locked -p locksmith-primitives -p locksmith-queues -p tests --tests").env(&[("RUST_TEST_THREADS", "1")]).evidence(Evidence::Tests).long(),
    Step::new("test-release", "the tests, optimised as it ships",
        "cargo test --locked --release -p locksmith-primitives -p locksmith-queues -p tests --tests").evidence(Evidence::Tests).long(),
    Step::new("killing", "ten thousand processes are killed at random, and nothing is lost but what the rules allow",
        "cargo test --locked --release -p locksmith-processes --test killing")
        .env(&[("LOCKSMITH_KILLS", "10000"), ("LOCKSMITH_TEST_LIMIT", "900")]).evidence(Evidence::Tests).long(),
    Step::new("bench", "the benches of single operations compile, and each runs once",
        "cargo bench --locked -p locksmith-primitives -p locksmith-queues -- --test").evidence(Evidence::Benches).long(),
    Step::new("contests", "ours and its peers hold each contest once, shortly",
        "cargo --locked results --test").evidence(Evidence::Benches).long(),
    Step::new("docs-badges", "the documentation builds as in the registry: every feature, each with its badge",
        "rustup run nightly cargo doc --locked -p locksmith-primitives -p locksmith-queues --all-features --no-deps --target-dir target/docsrs")
        .env(&[("RUSTDOCFLAGS", "--cfg docsrs -D warnings")]).needs(Need::Toolchain("nightly")).long(),
    Step::new("msrv", "what ships compiles on the oldest Rust that its manifests name",
        "rustup run 1.88.0 cargo check --locked -p locksmith-primitives -p locksmith-queues --features deadlock-detection --target-dir target/msrv")
        .needs(Need::Toolchain("1.88.0")).long(),
    Step::new("miri", "Miri finds no undefined behaviour in the unit tests of `primitives` that take it minutes at most",
        "rustup run nightly cargo miri test --locked -p modelled-primitives --lib --target-dir target/miri -- --skip sync::spin --skip timers:: --skip threads::")
        .env(MIRI).needs(Need::Miri).evidence(Evidence::Tests).long(),
    Step::new("miri-queues", "Miri finds no undefined behaviour in the unit tests of the queues under a lock, and of channels",
        "rustup run nightly cargo miri test --locked -p modelled-queues --lib --target-dir target/miri -- channel:: locked_queue:: priority_queue:: stack:: ring::tests::drops ring::tests::notes --skip treiber_stack")
        .env(MIRI).needs(Need::Miri).evidence(Evidence::Tests).long(),
    Step::new("targets", "what ships compiles for each system in its table, the detector on",
        "cargo check --locked -p locksmith-primitives -p locksmith-queues --features deadlock-detection --target-dir target/targets --target aarch64-apple-darwin --target aarch64-linux-android --target aarch64-pc-windows-msvc --target aarch64-unknown-linux-gnu --target armv7-unknown-linux-gnueabihf --target i686-unknown-linux-gnu --target powerpc-unknown-linux-gnu --target riscv64gc-unknown-linux-gnu --target wasm32-unknown-unknown --target wasm32-wasip1-threads --target x86_64-apple-darwin --target x86_64-pc-windows-gnu --target x86_64-unknown-freebsd --target x86_64-unknown-linux-gnu --target x86_64-unknown-linux-musl")
        .needs(Need::Targets).long(),
    Step::new("targets-without-std", "what ships compiles for processors for which Rust ships no std: narrow, and without 64-bit atomics",
        "rustup run nightly cargo check -Zbuild-std --locked -p locksmith-primitives -p locksmith-queues --features deadlock-detection --target-dir target/targets --target armv5te-unknown-linux-gnueabi --target riscv32gc-unknown-linux-gnu")
        .needs(Need::StdSource).long(),
    Step::new("asan", "AddressSanitizer on the unit tests of what ships, the detector on; some tests leak with intent",
        "rustup run nightly cargo test --locked -p locksmith-primitives -p locksmith-queues --features deadlock-detection --lib --target host-tuple --target-dir target/asan")
        .env(&[("RUSTFLAGS", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer"), ("ASAN_OPTIONS", "detect_leaks=0")])
        .needs(ADDRESS_SANITIZER).evidence(Evidence::Tests).long(),
    Step::new("tsan", "ThreadSanitizer on the stress tests, nothing suppressed",
        "rustup run nightly cargo test --locked -p tests --test stress --target host-tuple --target-dir target/tsan")
        .env(&[("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan"), ("TSAN_OPTIONS", "halt_on_error=1")])
        .needs(THREAD_SANITIZER).evidence(Evidence::Tests).long(),
];
// ANCHOR_END: steps

impl Step {
    pub(crate) const fn new(
        name: &'static str,
        proves: &'static str,
        command: &'static str,
    ) -> Self {
        Self {
            name,
            proves,
            command,
            env: &[],
            needs: Need::Nothing,
            evidence: Evidence::Status,
            long: false,
        }
    }

    pub(crate) const fn env(mut self, env: &'static [(&'static str, &'static str)]) -> Self {
        self.env = env;
        self
    }

    const fn needs(mut self, needs: Need) -> Self {
        self.needs = needs;
        self
    }

    pub(crate) const fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    const fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// The targets that the command names.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &'static str> {
        self.command.split(" --target ").skip(1).filter_map(|rest| rest.split(' ').next())
    }

    /// The log file's path, from the workspace's root.
    pub(crate) fn log(&self) -> String {
        format!("target/verify/{}.log", self.name)
    }

    /// The command as typed, with its variables.
    pub(crate) fn shown(&self) -> String {
        let variables = self.env.iter().map(|(name, value)| {
            let quote = if value.contains(' ') { "'" } else { "" };
            format!("{name}={quote}{value}{quote} ")
        });
        variables.chain([self.command.to_owned()]).collect()
    }
}

/// The steps of `--only` in the table's order, long ones too; without `--only`, the steps of every
/// run and, with `all`, the long ones.
pub(crate) fn select(only: &[String], all: bool) -> Result<Vec<&'static Step>, UnknownStep> {
    if let Some(name) = only.iter().find(|name| STEPS.iter().all(|step| step.name != *name)) {
        return Err(UnknownStep(name.clone()));
    }
    let selected = |step: &&Step| {
        if only.is_empty() { all || !step.long } else { only.iter().any(|name| step.name == name) }
    };
    Ok(STEPS.iter().filter(selected).collect())
}

/// A name in `--only` that no step has.
#[derive(Debug)]
pub(crate) struct UnknownStep(String);

impl fmt::Display for UnknownStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        write!(f, "no step is called `{}`; the steps are {}", self.0, names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], all: bool) -> Vec<&'static str> {
        let only: Vec<_> = only.iter().map(|name| name.to_string()).collect();
        select(&only, all).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn long_steps_run_with_all_alone() {
        let default = names(&[], false);
        let all = names(&[], true);
        assert_eq!(all.len(), STEPS.len());
        assert!(default.contains(&"models") && !default.contains(&"tsan"));
        assert_eq!(all[..default.len()], default, "long steps come last");
    }

    #[test]
    fn only_keeps_the_order_of_the_table_and_reaches_long_steps() {
        assert_eq!(names(&["tsan", "clippy", "fmt"], false), ["fmt", "clippy", "tsan"]);
        assert_eq!(names(&["fmt"], true), ["fmt"]);
    }

    #[test]
    fn an_unknown_step_names_the_known_ones() {
        for wrong in ["clipy", ""] {
            let error = select(&["fmt".into(), wrong.into()], false).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
            assert!(STEPS.iter().all(|step| error.contains(step.name)), "{error}");
        }
    }

    #[test]
    fn names_are_unique_and_fit_the_log_file() {
        for (i, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..i].iter().all(|other| other.name != step.name), "{}", step.name);
            assert!(
                step.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                step.name
            );
        }
    }

    #[test]
    fn no_step_may_change_the_lock_file() {
        for step in STEPS.iter().filter(|step| !step.command.starts_with("cargo fmt")) {
            assert!(step.command.split(' ').any(|word| word == "--locked"), "{}", step.name);
        }
    }

    #[test]
    fn the_oldest_rust_is_that_of_the_manifests() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
        let msrv = STEPS.iter().find(|step| step.name == "msrv").unwrap();
        let Need::Toolchain(toolchain) = msrv.needs else { panic!("it needs a toolchain") };
        assert!(msrv.command.contains(&format!(" {toolchain} ")));
        for (folder, page) in [("primitives", "lib.rs"), ("queues", "lib.rs")] {
            let read = |path: &str| std::fs::read_to_string(format!("{root}/{folder}/{path}"));
            let manifest = read("Cargo.toml").unwrap();
            let stated = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
            let stated = stated.expect("a version").trim_matches('"');
            assert!(toolchain.starts_with(&format!("{stated}.")), "{folder}: {stated}");
            for page in [format!("src/{page}"), "README.md".to_owned()] {
                let says = read(&page).unwrap().contains(&format!("{stated} or newer"));
                assert!(says, "{folder}/{page} does not say `{stated} or newer`");
            }
        }
    }

    #[test]
    fn the_table_of_systems_has_the_targets_that_are_compiled() {
        let step = STEPS.iter().find(|step| step.name == "targets").unwrap();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
        let page = std::fs::read_to_string(format!("{root}/primitives/src/lib.rs")).unwrap();
        let table = page.lines().skip_while(|line| *line != "//! # Supported systems").skip(2);
        let rows = table.take_while(|line| line.starts_with("//! |")).skip(2);
        let mut told: Vec<&str> = rows
            .filter_map(|row| row.split('|').nth(3))
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .collect();
        told.sort_unstable();
        assert_eq!(told, step.targets().collect::<Vec<_>>());
    }

    #[test]
    fn a_command_is_shown_as_one_types_it() {
        let step =
            Step::new("x", "", "cargo doc --locked").env(&[("A", "1"), ("B", "-D warnings")]);
        assert_eq!(step.shown(), "A=1 B='-D warnings' cargo doc --locked");
    }
}
