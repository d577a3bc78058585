//! What the detector finds, and what it says.
#![cfg(feature = "deadlock-detection")]

use watchdog as _;

#[path = "deadlock/coroutines.rs"]
mod coroutines;
#[path = "deadlock/cycles.rs"]
mod cycles;
#[path = "deadlock/hunt.rs"]
mod hunt;
#[path = "deadlock/inversions.rs"]
mod inversions;
#[path = "deadlock/sharing.rs"]
mod sharing;
#[path = "deadlock/stuck.rs"]
mod stuck;
#[cfg(feature = "lock_api")]
#[path = "deadlock/watched_locks.rs"]
mod watched_locks;

use std::sync::{LazyLock, Mutex};

/// Every report that went to the hook, as text. (A lock of std's, which the detector does not
/// watch.)
static REPORTS: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| {
    primitives::deadlock::set_hook(|report| {
        let text = report.to_string();
        let panics = text.contains(PANICS);
        REPORTS.lock().unwrap().push(text);
        assert!(!panics, "the hook panics, as this report asks it to");
    });
    Mutex::default()
});

/// The name of a lock whose reports make the hook panic.
const PANICS: &str = "the hook's undoing";

/// Keeps reports from here on. Call it at the beginning of a test that looks at them.
fn keep_reports() {
    LazyLock::force(&REPORTS);
}
