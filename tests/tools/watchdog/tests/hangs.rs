//! A test that hangs is ended, named, and shown where it sleeps; and every test program is watched.

#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use watchdog as _;

/// Never ends; the test below starts it in its own process.
#[test]
#[ignore = "started by the test below, which sees it end"]
fn sleeps_in_its_helper() {
    fn helper() {
        loop {
            thread::park();
        }
    }
    helper();
}

#[test]
fn a_program_that_hangs_says_where() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "sleeps_in_its_helper"])
        .env("LOCKSMITH_TEST_LIMIT", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(watchdog::STATUS), "{said}");
    for part in
        ["it has not ended after 1 s", "in the test hangs::sleeps_in_its_helper", "hangs.rs:"]
    {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
    assert!(said.contains("sleeps_in_its_helper::helper"), "{said}");
}

#[test]
fn a_limit_that_is_none_is_refused() {
    for wrong in ["0", "soon", "-1"] {
        let mut program = Command::new(env::current_exe().unwrap());
        let output = program.arg("--list").env("LOCKSMITH_TEST_LIMIT", wrong).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("LOCKSMITH_TEST_LIMIT={wrong}")), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}

/// Each target that `cargo test` runs links this crate: its root says so.
#[test]
fn every_test_program_is_watched() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let targets = packages.iter().flat_map(|package| package["targets"].as_array().unwrap());
    let mut programs = 0;
    let mut unwatched = Vec::new();
    for target in targets.filter(|target| target["test"] == true) {
        let path = target["src_path"].as_str().unwrap();
        let source = fs::read_to_string(path).unwrap();
        // A program without tests cannot hang in one.
        let has_tests = target["kind"][0] == "test" || source.contains("mod ");
        // The number of executions limits the models, not the time.
        let exempt =
            ["watchdog/src/lib.rs", "tests/tools/cases/src/lib.rs", "tests/cases/models.rs"];
        if has_tests && !exempt.iter().any(|exempt| path.ends_with(exempt)) {
            programs += 1;
            if !source.contains("use watchdog as _;") {
                unwatched.push(path.to_owned());
            }
        }
    }
    assert!(programs > 10, "cargo knows of {programs} test programs");
    assert!(unwatched.is_empty(), "add `#[cfg(test)] use watchdog as _;` to {unwatched:#?}");
}
