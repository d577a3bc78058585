//! Ctrl-C: it is noted, so that the runner can end the step's processes before it exits.
//!
//! A step runs in its own process group: cargo, the compilers and the tests end together, whether
//! the signal came from a terminal or from `kill`. As a consequence the terminal no longer sends
//! them the Ctrl-C: [`end_group`] does.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Whether a signal asked to stop.
pub(crate) fn requested() -> bool {
    // Relaxed: a flag without data.
    REQUESTED.load(Ordering::Relaxed)
}

/// How hard to end a group.
#[derive(Clone, Copy)]
pub(crate) enum Force {
    /// The processes may clean up.
    Ask,
    /// They are gone.
    Kill,
}

#[cfg(unix)]
mod unix {
    use super::*;

    extern "C" fn note(_signal: libc::c_int) {
        REQUESTED.store(true, Ordering::Relaxed);
    }

    /// From now on, SIGINT, SIGTERM and SIGHUP only set the flag.
    pub(crate) fn watch() {
        let handler = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            // SAFETY: `note` is async-signal-safe: it stores to an atomic that is never freed.
            let before = unsafe { libc::signal(signal, handler) };
            if before == libc::SIG_IGN {
                // `nohup`, or a job in the background of a script: it stays ignored. SAFETY:
                // restores a disposition that the system itself returned.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
        }
    }

    /// Signals every process of `child`'s group.
    pub(crate) fn end_group(child: &mut std::process::Child, force: Force) {
        let signal = match force {
            Force::Ask => libc::SIGTERM,
            Force::Kill => libc::SIGKILL,
        };
        let leader = child.id() as libc::pid_t;
        // SAFETY: no memory is involved. The group belongs to this process: its number stays taken
        // while the leader was not waited for or another member exists. Without members this fails,
        // which is harmless.
        unsafe { libc::kill(-leader, signal) };
    }
}

#[cfg(unix)]
pub(crate) use unix::{end_group, watch};

/// Without signals the console itself ends every process at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn watch() {}

/// Without process groups: the child alone.
#[cfg(not(unix))]
pub(crate) fn end_group(child: &mut std::process::Child, _force: Force) {
    // It fails only if the child has ended already.
    _ = child.kill();
}
