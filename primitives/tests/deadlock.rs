//! What the detector finds, and what it says.
#![cfg(feature = "deadlock-detection")]

#[path = "deadlock/cycles.rs"]
mod cycles;
#[path = "deadlock/hunt.rs"]
mod hunt;
#[path = "deadlock/inversions.rs"]
mod inversions;
#[path = "deadlock/stuck.rs"]
mod stuck;

use std::sync::{LazyLock, Mutex};

/// Every report that went to the hook, as text. (A lock of std's, which the detector does not watch.)
static REPORTS: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| {
    primitives::deadlock::set_hook(|report| REPORTS.lock().unwrap().push(report.to_string()));
    Mutex::default()
});

/// From here on reports are kept. For the beginning of a test that looks at them.
fn keep_reports() {
    LazyLock::force(&REPORTS);
}
