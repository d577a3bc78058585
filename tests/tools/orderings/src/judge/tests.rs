use super::*;

const FILE: &str = "primitives/src/a.rs";

fn place(line: u32, function: &str, modelled: bool) -> Place {
    Place {
        file: FILE.into(),
        line,
        column: 5,
        function: function.into(),
        operation: "load(Acquire)".into(),
        nth: 1,
        modelled,
    }
}

fn site(line: u32) -> Site {
    Site {
        file: FILE.into(),
        line,
        column: 5,
        operation: "load".into(),
        order: Some("Acquire".into()),
        failure: None,
        changes: vec!["Relaxed".into()],
    }
}

fn trial(line: u32, fate: Fate) -> Trial {
    Trial { site: site(line), change: "Relaxed".into(), fate }
}

fn killed() -> Fate {
    let failure = Failure::default();
    Fate::Killed { by: "a/b".into(), kind: "data race".into(), executions: 3, failure }
}

fn survived() -> Fate {
    Fate::Survived(Searched::default())
}

fn survivor(function: &str, weaker: &str) -> Listed {
    let entry = format!(
        "[[survivor]]\nfile = '{FILE}'\nfunction = '{function}'\noperation = 'load(Acquire)'\n\
         weaker = ['{weaker}']\nreason = 'r'",
    );
    Listed::parse(&entry).unwrap()
}

fn not_executed(function: Option<&str>) -> Listed {
    let function = function.map(|name| format!("function = '{name}'\n")).unwrap_or_default();
    Listed::parse(&format!("[[not-executed]]\nfile = '{FILE}'\n{function}reason = 'r'")).unwrap()
}

/// The problems of one place, `f`, that a model executes.
fn of_one(fate: Fate, listed: &Listed) -> Vec<Problem> {
    judge(&[place(1, "f", true)], &[site(1)], &[trial(1, fate)], listed, |_| true)
}

#[test]
fn killed_and_not_listed_is_right() {
    assert_eq!(of_one(killed(), &Listed::default()), []);
}

#[test]
fn a_survivor_must_be_listed() {
    let problems = of_one(survived(), &Listed::default());
    assert!(matches!(&*problems, [Problem::Survives { change, .. }] if change == "Relaxed"));
    assert!(problems[0].to_string().contains("no model notices Relaxed"), "{}", problems[0]);
    assert_eq!(of_one(survived(), &survivor("f", "Relaxed")), []);
}

#[test]
fn what_is_listed_must_survive() {
    let problems = of_one(killed(), &survivor("f", "Relaxed"));
    assert!(matches!(&*problems, [Problem::ListedButKilled { by, .. }] if by == "a/b"));
}

#[test]
fn what_is_listed_must_be_there() {
    let problems = of_one(killed(), &survivor("g", "Relaxed"));
    assert!(matches!(&*problems, [Problem::ListedButGone { .. }]), "{problems:?}");
    // The place exists, and cannot be made weaker in that way.
    let problems = of_one(killed(), &survivor("f", "Release"));
    assert!(matches!(&*problems, [Problem::ListedButGone { .. }]), "{problems:?}");
    let problems = of_one(killed(), &not_executed(Some("g")));
    assert!(matches!(&*problems, [Problem::ListedButGone { .. }]), "{problems:?}");
}

#[test]
fn what_no_model_executes_must_be_listed() {
    let unexecuted = |modelled: bool, listed: &Listed| {
        judge(&[place(1, "f", modelled)], &[], &[], listed, |_| true)
    };
    for modelled in [true, false] {
        let problems = unexecuted(modelled, &Listed::default());
        assert!(matches!(&*problems, [Problem::NotExecuted { .. }]), "{problems:?}");
        assert_eq!(unexecuted(modelled, &not_executed(Some("f"))), []);
    }
    // A whole file may only be left out if the models do not compile it.
    assert_eq!(unexecuted(false, &not_executed(None)), []);
    assert_ne!(unexecuted(true, &not_executed(None)), []);
}

#[test]
fn what_is_listed_as_not_executed_must_not_be_executed() {
    let problems = of_one(killed(), &not_executed(Some("f")));
    assert!(matches!(&*problems, [Problem::ListedButExecuted { .. }]), "{problems:?}");
}

#[test]
fn the_scan_must_know_what_is_executed() {
    let problems = judge(&[], &[site(1)], &[], &Listed::default(), |_| true);
    assert!(matches!(&*problems, [Problem::NotScanned { .. }]), "{problems:?}");
}

#[test]
fn what_could_not_be_tried_is_a_problem() {
    let problems = of_one(Fate::Broken("it died".into()), &Listed::default());
    assert!(matches!(&*problems, [Problem::Broken { .. }]), "{problems:?}");
}

#[test]
fn other_files_are_not_looked_at() {
    let places = [place(1, "f", true)];
    assert_eq!(judge(&places, &[], &[], &survivor("g", "Relaxed"), |_| false), []);
}
