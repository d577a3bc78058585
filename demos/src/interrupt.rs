//! Ctrl-C: the work stops, what was done is shown, and the exit status says that it is not all.
//!
//! A demo answers within a fifth of a second. So no thread may sleep through it: whatever a demo
//! simulates by a pause, it simulates by [`sleep`], which ends early. What cannot be told to stop
//! (a server that does not answer, another process) is left behind: see [`leave_behind`].

use std::io::{self, Write};
use std::process;
use std::time::Duration;

use anyhow::Context;
use primitives::{Event, threads};

use crate::progress;

/// The exit status: 128 and the number of SIGINT, as shells have it.
pub(crate) const STATUS: u8 = 130;

/// How long [`leave_behind`] leaves a demo to come to an end by itself.
const GRACE: Duration = Duration::from_millis(100);

static INTERRUPTED: Event = Event::new();

/// Calls `stop` at the first Ctrl-C, in a thread of its own, so it may lock; typically it shuts a
/// queue down. The second Ctrl-C ends the process at once.
///
/// SIGTERM counts as Ctrl-C: that is how a system or a container ends a program.
///
/// # Errors
///
/// If the system refuses, or at the second call: a process has one handler.
pub(crate) fn on_ctrl_c(stop: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    on_each_ctrl_c(move |press| match press {
        1 => stop(),
        _ => end_at_once(),
    })
}

/// Calls `pressed` at each Ctrl-C with its number, from 1 on; [`end_at_once`] should be one of its
/// answers.
///
/// # Errors
///
/// As [`on_ctrl_c`].
pub(crate) fn on_each_ctrl_c(mut pressed: impl FnMut(u32) + Send + 'static) -> anyhow::Result<()> {
    let mut presses = 0;
    ctrlc::set_handler(move || {
        presses += 1;
        INTERRUPTED.set();
        pressed(presses);
    })
    .context("cannot listen for Ctrl-C")
}

/// Ends the process, and leaves the terminal clean.
pub(crate) fn end_at_once() {
    progress::out_of_the_way(|| process::exit(STATUS.into()));
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.is_set()
}

/// Blocks for so long, or until Ctrl-C.
pub(crate) fn sleep(time: Duration) {
    INTERRUPTED.wait_timeout(time);
}

/// For a demo that waits for what it cannot stop: soon after Ctrl-C the process ends, whatever its
/// threads do.
///
/// # Errors
///
/// If the system has no more threads to give.
pub(crate) fn leave_behind(what: &'static str) -> io::Result<()> {
    leave_behind_after(what, GRACE)
}

/// The same, with more time for an orderly end.
///
/// # Errors
///
/// As [`leave_behind`].
pub(crate) fn leave_behind_after(what: &'static str, grace: Duration) -> io::Result<()> {
    let leave = move || {
        INTERRUPTED.wait();
        threads::sleep(grace);
        progress::out_of_the_way(|| {
            // A reader that has closed the pipe does not want it.
            let _ = writeln!(io::stdout(), "\ninterrupted: {what} did not end, and is left behind");
            process::exit(STATUS.into());
        });
    };
    threads::Builder::new().name("leaver").spawn(leave).map(drop)
}
