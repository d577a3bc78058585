//! Ctrl-C: the work stops, what was done is shown, and the exit status says that it is not all.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::Context;

use crate::progress;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Calls `stop` at the first Ctrl-C, in a thread of its own, so it may lock; typically it shuts a queue
/// down. The second Ctrl-C ends the process at once.
///
/// # Errors
///
/// If the system refuses, or at the second call: a process has one handler.
pub(crate) fn on_ctrl_c(stop: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        // Relaxed: nothing is published by it; who stops because of `stop` is told by `stop`'s own locks.
        if INTERRUPTED.swap(true, Relaxed) {
            progress::out_of_the_way(|| process::exit(130));
        }
        stop();
    })
    .context("cannot listen for Ctrl-C")
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    // Relaxed: as above.
    INTERRUPTED.load(Relaxed)
}
