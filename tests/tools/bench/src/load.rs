//! Other work beside a row: what most machines have and a bench on a quiet one never sees.
//!
//! A _hog_ is a thread that computes and never waits, pinned to a core. Beside it a thread of the row has its core
//! only for the slices that the scheduler gives it, and whatever gives one up too readily, as `sched_yield` does,
//! shows. A container's _quota_ is another thing: the whole program stands still for a while, again and again.

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
    /// So many hogs on each core.
    OnEachCore(usize),
    /// One hog on every second core, the first among them.
    OnEverySecondCore,
    /// The program is stopped for half of the time, as a container is that may use half of a core for each that it
    /// has. Simulated: a process stops this one for a while, lets it go on for as long, and so on.
    HalfTheTime,
}

/// How long the program is stopped, and runs, under [`Load::HalfTheTime`].
const HALF: Duration = Duration::from_millis(5);

/// The hidden argument by which a bench becomes the process that stops another.
pub(crate) const STOP_AND_GO: &str = "stop-and-go";

impl Load {
    /// What it is, after the name of a row.
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

    /// Begins, and goes on until what it returns is dropped.
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
                    // Relaxed: nothing comes with it.
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

/// Load that is there.
pub(crate) enum Running {
    Hogs { over: Arc<AtomicBool>, threads: Vec<JoinHandle<()>> },
    Stopper(Child),
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Hogs { over, threads } => {
                // Relaxed: nothing comes with it.
                over.store(true, Relaxed);
                for thread in threads.drain(..) {
                    let _ = thread.join();
                }
            }
            Self::Stopper(child) => {
                // Only this process can kill it, and it does so while it runs: so it is not left stopped.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// What the process that stops another does: until there is none of that number, or it is not its parent.
#[cfg(target_os = "linux")]
pub(crate) fn stop_and_go(process: u32) {
    let process = process as libc::pid_t;
    // SAFETY: no memory is involved. The parent is asked each time, so that no stranger of that number is stopped.
    let signal = |signal| unsafe { libc::getppid() == process && libc::kill(process, signal) == 0 };
    while signal(libc::SIGSTOP) {
        thread::sleep(HALF);
        if !signal(libc::SIGCONT) {
            return;
        }
        thread::sleep(HALF);
    }
}

/// Nothing: there is no such signal.
#[cfg(not(target_os = "linux"))]
pub(crate) fn stop_and_go(_: u32) {}
