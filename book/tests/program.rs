//! The program `book`, as it is called from a shell.

#![cfg(feature = "builder")]

use watchdog as _;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

/// The program, called from a folder that has nothing to do with the book.
fn book(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
    command.args(arguments).current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    book(arguments).output().unwrap()
}

/// The one line that a refusal consists of.
fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn build_writes_the_book_where_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("site");
    for _ in 0..2 {
        let output = run(&["build", "--out", out.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("index.html"));
        assert!(
            fs::read_to_string(out.join("lock.html")).unwrap().contains("primitives/src/lock.rs")
        );
    }
}

#[test]
fn bad_input_is_one_line_that_names_it_and_what_is_allowed() {
    for (arguments, named) in [
        (&["biuld"][..], "'biuld'"),
        (&["--port", "70000"], "'70000'"),
        (&["--port", "x"], "'x'"),
        (&["--porch", "1"], "'--porch'"),
        (&["build", "--out"], "--out"),
        (&["build", "extra"], "'extra'"),
        (&["timelines", "--all"], "'--all'"),
    ] {
        let error = refusal(arguments);
        assert!(error.contains(named), "{error}");
        assert!(
            error.contains(
                "allowed: `--port N`, `build`, `build --out DIR`, `exercises [NAME] [--hint]`, "
            ),
            "{error}"
        );
    }
}

#[test]
fn an_exercise_that_is_none_is_refused_with_those_there_are() {
    let error = refusal(&["exercises", "no-such"]);
    assert!(error.contains("`no-such`") && error.contains("two_increments, high_score"), "{error}");
}

#[test]
fn an_unknown_timeline_is_named_with_those_that_there_are() {
    let error = refusal(&["timelines", "bankink"]);
    assert!(error.contains("no timeline `bankink` in timelines.toml; there are "), "{error}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = refusal(&["--port", &port]);
    assert!(
        error.contains(&format!("127.0.0.1:{port}")) && error.contains("another port"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_or_is_not_ours_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.txt");
    fs::write(&mine, "mine").unwrap();
    let error = refusal(&["build", "--out", mine.join("out").to_str().unwrap()]);
    assert!(error.contains("mine.txt"), "{error}");
    let error = refusal(&["build", "--out", folder.path().to_str().unwrap()]);
    assert!(error.contains("not a book"), "{error}");
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A running server; it ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and reads from its output where the book is.
fn serve() -> (Running, String) {
    let mut child = book(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let running = Running(child);
    let line = output.lines().map(Result::unwrap).find(|line| line.contains("http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
    (running, address.to_owned())
}

#[test]
fn two_at_a_time_serve_the_same_book() {
    let servers = [serve(), serve()];
    for (_, address) in &servers {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /lock.html HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer:.200}");
    }
    assert_ne!(servers[0].1, servers[1].1);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_once() {
    use std::os::unix::process::ExitStatusExt;

    let (mut running, _) = serve();
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let status = running.0.wait().unwrap();
    assert_eq!(status.signal(), Some(2));
}
