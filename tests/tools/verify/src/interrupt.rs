//! Ctrl-C: note it, so that the runner can end the step's processes before it goes.
//!
//! A step runs in a process group of its own: cargo, the compilers and the tests that it started end
//! together, whether the signal came from a terminal or from `kill`. The price is that the terminal
//! no longer sends them the Ctrl-C: [`end_group`] does.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Did somebody ask to stop?
pub(crate) fn requested() -> bool {
    // Relaxed: a flag alone, it publishes nothing.
    REQUESTED.load(Ordering::Relaxed)
}

/// How hard to end a group.
#[derive(Clone, Copy)]
pub(crate) enum Force {
    /// The processes may tidy up.
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
            // SAFETY: `note` is async-signal-safe: it stores to an atomic that lives for ever.
            let before = unsafe { libc::signal(signal, handler) };
            if before == libc::SIG_IGN {
                // `nohup`, or a job in the background of a script: it stays ignored.
                // SAFETY: restores a disposition that the system itself had handed out.
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
        // SAFETY: no memory is involved. The group is ours: its number stays taken while the leader is
        // not waited for or any other member is left. With nobody left this fails, which is fine.
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
