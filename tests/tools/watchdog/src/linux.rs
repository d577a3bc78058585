//! The alarm, and a look at each thread.
//!
//! The handlers do more than POSIX allows: they allocate, and take locks of std. A thread that was
//! interrupted in the allocator would hang again. A hanging program sleeps, so it is usually
//! elsewhere; if not, the second alarm ends it, after the first line was printed.

use std::backtrace::Backtrace;
use std::ffi::c_int;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::ends::{LIMIT, STATUS};

/// Where the limit comes from, in seconds.
const VARIABLE: &str = "LOCKSMITH_TEST_LIMIT";

/// How long to wait for a thread's report.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time for all threads together.
const LAST_RESORT: u32 = 30;

/// Calls of this crate, which do not help in a list of calls.
const OWN: &str = "tests/tools/watchdog/src";

/// The asked thread has reported. SeqCst: it is ordered only with itself.
static SAID: AtomicBool = AtomicBool::new(false);

/// Runs before `main`.
#[used]
// SAFETY: the section holds pointers to functions of this shape, and this is one.
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

extern "C" fn start() {
    on(libc::SIGALRM, expired);
    // SAFETY: it sets a timer of the kernel and touches no memory.
    unsafe { libc::alarm(u32::try_from(limit().as_secs()).unwrap_or(u32::MAX)) };
}

fn limit() -> Duration {
    match std::env::var(VARIABLE) {
        Err(_) => LIMIT,
        Ok(seconds) => match seconds.parse() {
            Ok(seconds @ 1..) => Duration::from_secs(seconds),
            _ => {
                eprintln!("{VARIABLE}={seconds}: write a number of seconds, 1 or more");
                std::process::exit(2)
            }
        },
    }
}

fn on(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: all zeroes is a valid `sigaction`: no flags, and no signal is blocked.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    // A thread with a small stack may be asked too; it continues afterwards.
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: both pointers are valid or null, as the call allows.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

/// The signal that asks a thread for its place; no test uses it.
fn look() -> c_int {
    libc::SIGRTMAX() - 1
}

extern "C" fn expired(_: c_int) {
    let program = std::env::args().next().unwrap_or_default();
    end(&format!("{program} hangs: it has not ended after {} s", limit().as_secs()))
}

/// Prints `what` and the place of each thread, and ends the program with the status of failed
/// tests.
pub fn end(what: &str) -> ! {
    // SAFETY: the default action of the signal ends the process, from any thread.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(LAST_RESORT);
    }
    // Not `eprintln`, which the test harness would capture and never print.
    let _ = writeln!(io::stderr(), "\n{what}. Its threads:");
    on(look(), say);
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let mut threads: Vec<c_int> =
        threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok()).collect();
    threads.sort_unstable();
    for thread in threads {
        SAID.store(false, SeqCst);
        // SAFETY: it sends a signal that has a handler to a thread of this process, or fails.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, look()) };
        let start = Instant::now();
        while sent == 0 && !SAID.load(SeqCst) {
            if start.elapsed() > PATIENCE {
                let _ = writeln!(io::stderr(), "\nthread {thread} does not say where it is");
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    // SAFETY: it ends the process; nothing is left to be cleaned up.
    unsafe { libc::_exit(STATUS) }
}

/// Records the current calls of this thread.
extern "C" fn say(_: c_int) {
    // SAFETY: it only asks.
    let thread = unsafe { libc::gettid() };
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    let folder = std::env::current_dir().unwrap_or_default();
    let said = described(thread, name.trim(), &Backtrace::force_capture().to_string(), &folder);
    let _ = io::stderr().write_all(said.as_bytes());
    SAID.store(true, SeqCst);
}

/// A paragraph: the thread, its test if libtest started it, and the calls of this workspace.
fn described(thread: c_int, name: &str, backtrace: &str, folder: &Path) -> String {
    let calls = calls(backtrace, folder);
    let mut text = format!("\nthread {thread} `{name}`");
    // libtest runs each test on a thread of its own, and the test is the first call of this
    // workspace.
    if backtrace.contains("test::run_test")
        && let Some((_, test)) = calls.iter().rev().find(|(_, call)| !call.contains("{{closure}}"))
    {
        let _ = write!(text, ", in the test {test}");
    }
    text.push('\n');
    if calls.is_empty() {
        text.push_str("    in no call of ours\n");
    }
    for (place, call) in calls {
        let _ = writeln!(text, "    {place:<36} {call}");
    }
    text
}

/// The root of the workspace: paths outside belong to std or to other crates.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new("/"))
}

/// Place and name of each call of this workspace in `backtrace`, the innermost first.
///
/// std writes two lines for each: `  3: name` and `       at ./folder/file.rs:12:5`, where the dot
/// stands for the folder that the program runs in.
fn calls(backtrace: &str, folder: &Path) -> Vec<(String, String)> {
    let mut name = "";
    let mut calls = Vec::new();
    for line in backtrace.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            // Without the column.
            let place = place.rsplit_once(':').map_or(place, |(place, _)| place);
            let place = match place.strip_prefix("./") {
                Some(below) => folder.join(below),
                None => place.into(),
            };
            if let Ok(place) = place.strip_prefix(root())
                && !place.starts_with(OWN)
            {
                let place = place.display().to_string();
                // libc was built in folders that look like subfolders of this one.
                let file = place.split(':').next().unwrap_or_default();
                if root().join(file).is_file() {
                    calls.push((place, name.to_owned()));
                }
            }
        } else if let Some((_, call)) = line.split_once(": ") {
            name = call;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKTRACE: &str = "   0: watchdog::linux::say
             at ./tests/tools/watchdog/src/linux.rs:110:52
   1: <unknown>
   2: syscall
   3: primitives::park::imp::wait
             at ./primitives/src/lock.rs:61:20
   4: lock::stress::adds::{{closure}}
             at ./tests/cases/lock/stress.rs:31:5
   5: core::ops::function::FnOnce::call_once
             at /rustc/f2d3/library/core/src/ops/function.rs:250:5
   6: start_thread
             at ./nptl/pthread_create.c:442:8
   6: lock::stress::adds
             at ./tests/cases/lock/stress.rs:20:5
   7: test::run_test::{{closure}}
             at /rustc/f2d3/library/test/src/lib.rs:1:1
";

    #[test]
    fn the_calls_that_are_ours_are_listed_and_the_test_is_named() {
        assert_eq!(
            described(7, "lock::stress::a", BACKTRACE, root()),
            "
thread 7 `lock::stress::a`, in the test lock::stress::adds
    primitives/src/lock.rs:61            primitives::park::imp::wait
    tests/cases/lock/stress.rs:31        lock::stress::adds::{{closure}}
    tests/cases/lock/stress.rs:20        lock::stress::adds
"
        );
        assert_eq!(described(8, "main", "", root()), "\nthread 8 `main`\n    in no call of ours\n");
    }
}
