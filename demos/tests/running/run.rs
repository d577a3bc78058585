//! Running the real binary, with a limit of time, and comparing what it says with a committed file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

/// Ends what hangs; far more than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What a run left behind.
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary with these arguments (split at blanks), in this package's folder, not run yet.
pub(crate) fn demos(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demos"));
    command
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_BACKTRACE")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &str) -> Ended {
    finish(demos(arguments).spawn().expect("cargo built the binary"))
}

/// Waits for the end, and fails the test if it does not come.
pub(crate) fn finish(mut child: Child) -> Ended {
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    // Both pipes close when the process ends, and not before.
    let (Ok(out), Ok(err)) = (out.recv_timeout(LIMIT), err.recv_timeout(LIMIT)) else {
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        panic!("the demo hangs: it was still running after {LIMIT:?}");
    };
    let status = child.wait().expect("it has ended").code();
    Ended { status, out, err }
}

/// Reads a pipe to its end, in a thread; nothing, if there is no pipe.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_string(&mut text).expect("the demos print UTF-8");
        }
        // After the limit there is no receiver.
        let _ = sender.send(text);
    });
    receiver
}

/// The run refused its input: in one line that has all of `parts`, with status 2, and with no
/// report.
#[track_caller]
pub(crate) fn assert_refused(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.status, Some(2), "{}{}", ended.out, ended.err);
    assert_eq!(ended.out, "");
    assert!(ended.err.starts_with("error: "), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "no {part:?} in: {}", ended.err);
    }
}

/// An empty folder of this test's own, under cargo's folder for such things.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an earlier run of this test made it");
    }
    fs::create_dir_all(&folder).expect("cargo's own folder can be written");
    folder
}

/// Compares with `tests/running/snapshots/NAME`.
///
/// After a change that is meant: `UPDATE_SNAPSHOTS=1 cargo test -p demos`, and look at the
/// difference.
#[track_caller]
pub(crate) fn assert_snapshot(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/running/snapshots").join(name);
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, actual).expect("the snapshot can be written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        actual == expected,
        "not as in {name}; if that is meant: UPDATE_SNAPSHOTS=1 cargo test -p demos\n\
         --- expected\n{expected}--- actual\n{actual}",
    );
}

/// Presses Ctrl-C, as soon as the demo listens for it.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn interrupt(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let status = fs::read_to_string(&status).expect("it runs");
        assert!(!status.contains("State:\tZ"), "it ended by itself");
        if catches_interrupts(&status) {
            break;
        }
        thread::yield_now();
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("every Linux has `kill`").success());
}

/// Whether a process has a handler for SIGINT, from its `/proc/PID/status`.
#[cfg(target_os = "linux")]
fn catches_interrupts(status: &str) -> bool {
    let caught =
        status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a field of it");
    u64::from_str_radix(caught.trim(), 16).expect("a mask in hex") & (1 << (2 - 1)) != 0
}
