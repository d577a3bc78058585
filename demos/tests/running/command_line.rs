//! What is the same for all demos: the list, the help, and what is refused.

use std::process::Stdio;

use crate::every_demo::DEMOS;
use crate::run::{assert_refused, assert_snapshot, demos, finish, run};

#[test]
fn list_shows_each_demo_with_a_line() {
    let ended = run("list");
    assert_eq!(ended.status, Some(0));
    assert_snapshot("list.txt", &ended.out);
    for demo in DEMOS {
        let line = ended.out.lines().find_map(|line| {
            line.trim_start().strip_prefix(demo.name)?.strip_prefix(' ').map(str::trim)
        });
        assert!(line.is_some_and(|about| about.len() > 20), "a line about {}", demo.name);
    }
    assert_eq!(ended.err, "");
}

#[test]
fn help_is_as_committed() {
    assert_snapshot("help.txt", &run("--help").out);
}

#[test]
fn an_unknown_demo_is_refused_with_those_that_exist() {
    assert_refused(&run("bankin"), &[r#""bankin""#, "producer-consumer", "list"]);
}

#[test]
fn an_unknown_option_is_refused_with_those_that_exist() {
    for arguments in ["--prodcers 3", "producer-consumer --prodcers 3"] {
        assert_refused(&run(arguments), &["'--prodcers'", "--producers", "--input", "--help"]);
    }
    assert_refused(&run("list --all"), &["'--all'", "--help"]);
    assert_refused(&run("producer-consumer chapters"), &["'chapters'", "--input"]);
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_not_text_is_refused_too() {
    use std::os::unix::ffi::OsStrExt;
    let strange = std::ffi::OsStr::from_bytes(b"--\xff");
    let child = demos("").args([strange, strange]).spawn().unwrap();
    assert_refused(&finish(child), &["allowed: --producers"]);
}

#[test]
fn options_of_the_default_demo_do_not_go_with_the_name_of_another() {
    assert_refused(&run("--producers 4 list"), &["'list'", "--producers"]);
}

#[test]
fn a_reader_that_closes_the_pipe_has_seen_enough() {
    for arguments in ["--input tests/running/texts", "list", "--help"] {
        let mut child = demos(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let ended = finish(child);
        assert_eq!(ended.err, "", "{arguments}");
        assert_eq!(ended.status, Some(0), "{arguments}");
    }
}

/// `/dev/full` is a disk without room.
#[test]
#[cfg(target_os = "linux")]
fn a_report_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let child = demos("list").stdout(Stdio::from(full)).spawn().unwrap();
    let ended = finish(child);
    assert_eq!(ended.status, Some(1));
    assert!(ended.err.starts_with("error: cannot write the report: "), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1);
}
