//! Tests of the parts around the scenarios: the roles, the report, the mutants, the command line.

use std::env;
use std::process::{Command, Output};

use model::report::{Kind, Outcome, Verdict};
use model::sync::atomic::AtomicU32;
use model::sync::atomic::Ordering::{Acquire, Relaxed};
use model::{Group, Options, Reach, Scenario, explore, spin};

use super::litmus::Mail;
use primitives::Lock;

pub(super) fn tests(group: Group) -> Group {
    group
        .test("roles-are-rotated", roles_are_rotated)
        .test("table", table)
        .test("stale-value", stale_value)
        .test("names", names)
        .test("lost-wake-up-by-name", lost_wake_up_by_name)
        .test("what-is-not-reached-fails", what_is_not_reached_fails)
        .test("what-must-fail-and-does-not-fails", what_must_fail_and_does_not_fails)
        .test("a-limit-stops", a_limit_stops)
        .test("search-is-deterministic", search_is_deterministic)
        .test("every-weaker-ordering-is-found", every_weaker_ordering_is_found)
        .test("mutant-that-does-not-fit", mutant_that_does_not_fit)
        .test("spins-look-when-asked", spins_look_when_asked)
        .test("unknown-site-is-an-error", unknown_site_is_an_error)
        .test("unknown-name-lists-the-known", unknown_name_lists_the_known)
}

fn run(scenario: &Scenario) -> Outcome {
    explore("runtime", scenario, &Options::default())
}

fn run_with(scenario: &Scenario, mutant: &str) -> Outcome {
    let options = Options { mutant: Some(mutant.parse().unwrap()), ..Options::default() };
    explore("runtime", scenario, &options)
}

fn message_passing() -> Scenario {
    Scenario::new("message-passing", "", Mail::new)
        .role("writes", |mail| mail.write(model::sync::atomic::Ordering::Release))
        .role("reads", |mail| mail.read(Acquire))
        .into()
}

/// If this fails because the first pass fails too, loom has improved.
fn roles_are_rotated() {
    let outcome = run(&super::lazy_cell());
    let passes: Vec<_> =
        outcome.passes.iter().map(|pass| (pass.main.as_str(), pass.complete)).collect();
    assert_eq!(passes, [("reads", true), ("makes it", false)]);
    assert_eq!(outcome.counterexample().map(|found| found.kind), Some(Kind::DataRace));
}

/// What a counterexample looks like, to the letter.
fn table() {
    let outcome = run(&super::message_passing_relaxed());
    let printed = outcome.counterexample().expect("it fails").to_string();
    let expected = include_str!("table.txt").trim_end();
    assert!(printed == expected, "printed:\n{printed}\n\nexpected:\n{expected}");
}

/// A load that saw an old value says so.
fn stale_value() {
    let outcome = run(&super::store_buffering());
    let found = outcome.counterexample().expect("it fails");
    let notes: Vec<_> = found.rows.iter().filter_map(|row| row.note.as_deref()).collect();
    assert_eq!(notes, ["stale: newest is 1"]);
    assert!(found.sentence.contains("both saw the other's flag down"), "{}", found.sentence);
}

/// Words and cells have their names from the source.
fn names() {
    struct Fields {
        lock: Lock<u32>,
        bare: AtomicU32,
    }
    let scenario = Scenario::new("names", "", || {
        let variable = AtomicU32::new(0);
        let fields = Fields { lock: Lock::new(0), bare: AtomicU32::new(0) };
        (variable, fields, Lock::new(0), [AtomicU32::new(0), AtomicU32::new(0)])
    })
    .role("uses", |(variable, fields, lock, array)| {
        variable.store(1, Relaxed);
        fields.bare.store(1, Relaxed);
        drop(fields.lock.try_lock());
        *lock.lock() = 1;
        array[1].store(1, Relaxed);
        panic!("to see the rows");
    });
    let outcome = run(&scenario.into());
    let rows = &outcome.counterexample().expect("it fails").rows;
    let mut names: Vec<_> = rows.iter().filter_map(|row| row.variable.as_deref()).collect();
    names.dedup();
    // Objects with the same name are numbered.
    assert_eq!(
        names,
        [
            "variable",
            "bare",
            "lock.state[0]",
            "lock.state[1]",
            "lock.data[1]",
            "lock.state[1]",
            "word[1]"
        ],
    );
}

fn lost_wake_up_by_name() {
    let outcome = run(&super::sleep::wake_before_store());
    let sentence = &outcome.counterexample().expect("it fails").sentence;
    let says = |part| assert!(sentence.contains(part), "{sentence}");
    says("Lost wake-up: thread 0 (waits) sleeps at runtime/models/sleep.rs:");
    says(" on `word`, no thread is left to wake it.");
}

fn what_is_not_reached_fails() {
    let scenario = Scenario::new("no-sleeper", "", || ()).role("does nothing", |()| ());
    let outcome = run(&scenario.reaches([Reach::Slept]).into());
    assert!(matches!(&outcome.verdict, Verdict::Unreached { missing } if missing == &["slept"]));
    assert!(!outcome.is_good());
}

fn what_must_fail_and_does_not_fails() {
    let scenario = Scenario::new("right", "", || ()).role("does nothing", |()| ());
    let outcome = run(&scenario.must_fail(Kind::DataRace).into());
    assert!(matches!(outcome.verdict, Verdict::Missed { kind: Kind::DataRace }));
    assert!(!outcome.is_good());
}

fn a_limit_stops() {
    let options = Options { most_executions: Some(2), ..Options::default() };
    let outcome = explore("runtime", &message_passing(), &options);
    assert!(!outcome.complete);
    assert_eq!(outcome.executions, 2 * 2, "two with main in each of two roles");
}

fn search_is_deterministic() {
    let told = || {
        let outcome = run(&super::message_passing_relaxed());
        let table = outcome.counterexample().map(ToString::to_string);
        (outcome.executions, outcome.reached, table)
    };
    assert_eq!(told(), told());
}

fn every_weaker_ordering_is_found() {
    let scenario = message_passing();
    let mut tried = 0;
    for site in run(&scenario).sites {
        for change in site.changes {
            let mutant = format!("{}:{}:{}={change}", site.file, site.line, site.column);
            let outcome = run_with(&scenario, &mutant);
            assert!(outcome.mutant_reached);
            let found = outcome.counterexample().unwrap_or_else(|| panic!("{mutant} survives"));
            assert_eq!(found.kind, Kind::DataRace);
            assert!(found.replay.contains(&mutant), "{}", found.replay);
            tried += 1;
        }
    }
    assert_eq!(tried, 2, "one Release and one Acquire");
}

fn mutant_that_does_not_fit() {
    let scenario = message_passing();
    let store = run(&scenario).sites.into_iter().find(|site| site.operation == "store").unwrap();
    let outcome = run_with(&scenario, &format!("{}:{}=Acquire", store.file, store.line));
    let Verdict::BadMutant { error } = outcome.verdict else { panic!("{:?}", outcome.verdict) };
    assert!(error.contains("possible there: Relaxed"), "{error}");
}

fn spins_look_when_asked() {
    let looks = |spinning: bool| {
        let mut scenario = Scenario::new("spin", "", || AtomicU32::new(0))
            .role("spins", |word| _ = spin::watch(|| word.load(Relaxed) == 1));
        if spinning {
            scenario = scenario.spinning();
        }
        run(&scenario.into()).sites.len()
    };
    assert_eq!((looks(false), looks(true)), (0, 1));
}

/// The command line, in its own process.
fn command(arguments: &[&str]) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(arguments)
        .env_remove("LOCKSMITH_MUTANT")
        .output()
        .unwrap()
}

#[track_caller]
fn assert_usage(output: &Output, says: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(says), "{error}");
    assert_eq!(output.status.code(), Some(2));
}

/// A normal run must never look like one with a mutant.
fn unknown_site_is_an_error() {
    let nowhere = |mutant| command(&["--mutant", mutant, "runtime/message-passing"]);
    assert_usage(&nowhere("nowhere.rs:1=Relaxed"), "none of them executes anything in that file");
    assert_usage(&nowhere("litmus.rs:1=Relaxed"), "in that file they execute:");
    assert_usage(&nowhere("litmus.rs=Relaxed"), "write file:line:column=change");
    assert_usage(&nowhere("litmus.rs:1=Weaker"), "`Weaker` is no change; known: Relaxed");
}

fn unknown_name_lists_the_known() {
    assert_usage(&command(&["lok"]), "no model is called `lok`; known: ");
    assert_usage(&command(&["runtime/tabel"]), "runtime/table");
}
