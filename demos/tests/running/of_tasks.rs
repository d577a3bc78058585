//! The demo whose work may be done on other machines; here all of it is in one process.

use crate::run::{assert_refused, assert_snapshot, run};

#[test]
fn its_defaults_work() {
    let ended = run("tasks");
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("\nok: ") && ended.out.contains("\nSo: "), "{}", ended.out);
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let bad = [
        ("--albums 0", "--albums"),
        ("--broker http://nowhere", "redis://host:6379/0"),
        ("--broker nowhere", "redis://host:6379/0"),
        ("--broker redis://127.0.0.1:1/0", "127.0.0.1:1"),
        ("--broker amqp://127.0.0.1:1/%2f", "--results redis://"),
        ("--broker amqp://127.0.0.1:1/%2f --status", "127.0.0.1:1"),
        ("--broker redis://127.0.0.1:1/0 --results http://x", "http://x"),
        ("--worker", "--broker"),
    ];
    for (arguments, named) in bad {
        assert_refused(&run(&format!("tasks {arguments}")), &[named]);
    }
}

#[test]
fn its_help_is_as_committed() {
    assert_snapshot("help-tasks.txt", &run("tasks --help").out);
}
