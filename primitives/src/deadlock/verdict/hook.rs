//! Where reports go.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::{env, mem};

use super::report::Report;
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::state::Inside;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

type Hook = Arc<dyn Fn(&Report) + Send + Sync>;

pub(crate) static HOOK: UnwatchedLock<Option<Hook>> = UnwatchedLock::new(None);

/// Calls `hook` with every report, in place of printing it: in the thread that found it, which
/// still holds its locks.
///
/// Without a hook, reports without a panic (stuck threads, and inversions) are printed to the
/// standard error stream. With a hook, a [cycle](crate::deadlock::Verdict::Cycle) comes here too,
/// before its thread panics. A report that [`lock_checked`](crate::Lock::lock_checked) returns does
/// not: the caller has it.
///
/// The hook may take locks. A later hook replaces this one. A panic of the hook is reported as any
/// panic, and ends there.
///
/// ```
/// use primitives::deadlock;
///
/// deadlock::set_hook(|report| eprintln!("{}", report.to_json()));
/// ```
pub fn set_hook(hook: impl Fn(&Report) + Send + Sync + 'static) {
    let hook: Hook = Arc::new(hook); // before the lock, for it asks the program's allocator
    let before = HOOK.with(|place| place.replace(hook));
    drop(before); // after the lock, for what it captured is the program's
}

/// A report without a panic.
pub(crate) fn tell(report: &Report) {
    if !call_hook(report) {
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), format!("\n{report}\n\n").as_bytes());
    }
}

/// A report with which the thread is about to panic, which prints it.
pub(crate) fn tell_before_panic(report: &Report) {
    call_hook(report);
}

fn call_hook(report: &Report) -> bool {
    let Some(hook) = HOOK.with(|hook| hook.clone()) else { return false };
    let _outside = Inside::pause(); // the hook is the program's
    // It must not unwind from here: the caller may be taking a lock back whose guard is alive
    // already.
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| hook(report))) {
        mem::forget(panic); // dropping it may panic as well; the panic itself has been reported
    }
    true
}

/// 0 until the environment is read; then one of the two below.
static BACKTRACES: AtomicU32 = AtomicU32::new(0);
const NO: u32 = 1;
const YES: u32 = 2;

/// Sets whether reports have the backtrace of each sleeping thread.
///
/// Costs some 100 µs at each sleep. Without this call, they have it if the environment variable
/// `LOCKSMITH_DEADLOCK_BACKTRACE` is `1`.
pub fn set_backtraces(on: bool) {
    // Relaxed: no other data depends on it.
    BACKTRACES.store(if on { YES } else { NO }, Relaxed);
}

pub(crate) fn backtraces() -> bool {
    // Relaxed, both: two threads that ask at once store the same.
    match BACKTRACES.load(Relaxed) {
        0 => {
            let on = env::var_os("LOCKSMITH_DEADLOCK_BACKTRACE").is_some_and(|value| value == "1");
            set_backtraces(on);
            on
        }
        on => on == YES,
    }
}
