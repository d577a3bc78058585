//! What the deadlock detector reports of tasks, rings and queues, and that it reports nothing
//! without cause.
#![cfg(feature = "deadlock-detection")]

use watchdog as _;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex};

use primitives::deadlock::{self, Verdict};
use primitives::{Lock, threads};
use queues::{Executor, Ring};

/// Every report that went to the hook, as text. (A lock of std's, which the detector does not
/// watch.)
static REPORTS: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| {
    deadlock::set_hook(|report| REPORTS.lock().unwrap().push(report.to_string()));
    Mutex::default()
});

#[test]
fn a_cycle_of_a_lock_and_a_task_is_found_once() {
    LazyLock::force(&REPORTS);
    let executor = Executor::new(1);
    for _ in 0..100 {
        let lock = Arc::new(Lock::named("knot of tasks", ()));
        let guard = lock.lock();
        let wanted = Arc::clone(&lock);
        let task = executor.submit(move || {
            wanted.lock_checked().err().map(|report| {
                assert_eq!(report.verdict(), Verdict::Cycle);
                report.to_string()
            })
        });
        // The task closes the cycle, or this thread does, which the panic shows.
        let result = catch_unwind(AssertUnwindSafe(|| task.result().unwrap()));
        drop(guard);
        let report = match result {
            Ok(told) => told.expect("neither was told"),
            Err(panic) => *panic.downcast::<String>().unwrap(),
        };
        assert!(report.contains("wants task made at"), "{report}");
        assert!(report.contains("wants lock \"knot of tasks\""), "{report}");
        assert!(report.contains("deadlock.rs"), "{report}");
    }
}

#[test]
fn to_wait_for_a_task_that_another_worker_runs_is_no_deadlock() {
    LazyLock::force(&REPORTS);
    let executor = Arc::new(Executor::new(3));
    let till = Arc::new(Lock::named("correct till", 0));
    let ring = Arc::new(Ring::bounded(2).named("correct ring"));
    for round in 0..200 {
        let (again, inside, outside) =
            (Arc::clone(&executor), Arc::clone(&till), Arc::clone(&till));
        let task = executor.submit(move || {
            *inside.lock() += 1;
            let inner = again.submit(move || *outside.lock() += 1);
            inner.result().unwrap();
        });
        threads::scope(|s| {
            s.spawn(|| ring.put(round).unwrap());
            s.spawn(|| assert!(ring.get().unwrap() <= round));
            executor.scope(|s| {
                s.submit(|| *till.lock() += 1);
                s.submit(|| *till.lock() += 1);
            });
        });
        task.result().unwrap();
    }
    assert_eq!(*till.lock(), 800);
    let said = REPORTS.lock().unwrap();
    let of_us = |report: &&String| report.contains("correct") || !report.contains("knot of tasks");
    assert_eq!(said.iter().find(of_us), None);
}
