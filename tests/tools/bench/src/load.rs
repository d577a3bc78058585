//! Other work beside a row: most machines have it, and a bench on a quiet machine never sees it.
//!
//! A _hog_ is a thread that computes and never waits, pinned to a core. Beside it a thread of the
//! row has its core only for the slices that the scheduler gives it, so a primitive that gives one
//! up too readily, as by `sched_yield`, becomes visible. A container's _quota_ is different: again
//! and again the whole program stops for a while.

use std::hint;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::system;

/// What runs beside a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// This many hogs on each core.
    OnEachCore(usize),
    /// One hog on every second core, the first among them.
    OnEverySecondCore,
    /// The program is stopped for half of the time, like a container that may use half of each
    /// core. It is simulated: a process stops this one for a while, lets it run for as long, and so
    /// on.
    HalfTheTime,
}

/// How long the program is stopped, and runs, under [`Load::HalfTheTime`].
const HALF: Duration = Duration::from_millis(5);

/// The hidden argument by which a bench becomes the process that stops another.
pub(crate) const STOP_AND_GO: &str = "stop-and-go";

impl Load {
    /// The load's name, after the name of a row.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OnEachCore(1) => "a hog on each core",
            Self::OnEachCore(2) => "two hogs on each core",
            Self::OnEachCore(_) => "many hogs on each core",
            Self::OnEverySecondCore => "a hog on every second core",
            Self::HalfTheTime => "stopped half the time",
        }
    }

    /// Starts the load, which lasts until the result is dropped.
    ///
    /// # Panics
    ///
    /// If no thread or no process can be started.
    pub(crate) fn begin(self) -> Running {
        let hogs = |cores: usize, step: usize, each: usize| {
            let over = Arc::new(AtomicBool::new(false));
            let cores = (0..cores).step_by(step).flat_map(|core| (0..each).map(move |_| core));
            let hog = |core: usize| {
                let over = over.clone();
                thread::spawn(move || {
                    system::pin(core);
                    // Relaxed: no data depends on it.
                    while !over.load(Relaxed) {
                        hint::spin_loop();
                    }
                })
            };
            let threads = cores.map(hog).collect();
            Running::Hogs { over, threads }
        };
        match self {
            Self::OnEachCore(each) => hogs(system::cores(), 1, each),
            Self::OnEverySecondCore => hogs(system::cores(), 2, 1),
            Self::HalfTheTime => {
                let program = std::env::current_exe().expect("a program knows where it lies");
                let child = Command::new(program)
                    .args([STOP_AND_GO, &std::process::id().to_string()])
                    .stdout(Stdio::null())
                    .spawn();
                Running::Stopper(child.expect("a program can start itself"))
            }
        }
    }
}

/// A running load.
pub(crate) enum Running {
    Hogs { over: Arc<AtomicBool>, threads: Vec<JoinHandle<()>> },
    Stopper(Child),
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Hogs { over, threads } => {
                // Relaxed: no data depends on it.
                over.store(true, Relaxed);
                for thread in threads.drain(..) {
                    let _ = thread.join();
                }
            }
            Self::Stopper(child) => {
                // Only this process can kill it, and it does so while this process runs: so this
                // process is not left stopped.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// The work of the process that stops another. It ends when there is no process of that number, or
/// when that is not its parent.
#[cfg(target_os = "linux")]
pub(crate) fn stop_and_go(process: u32) {
    let process = process as libc::pid_t;
    // A Ctrl-C is for the other process, which must not be stopped when it comes; this one ends
    // when its parent has.
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: no handler of this program's is called.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // SAFETY: no memory is involved. The parent is checked each time, so that no other process of
    // that number is stopped.
    let signal = |signal| unsafe { libc::getppid() == process && libc::kill(process, signal) == 0 };
    while signal(libc::SIGSTOP) {
        thread::sleep(HALF);
        if !signal(libc::SIGCONT) {
            return;
        }
        thread::sleep(HALF);
    }
}

/// Does nothing: there is no such signal.
#[cfg(not(target_os = "linux"))]
pub(crate) fn stop_and_go(_: u32) {}
