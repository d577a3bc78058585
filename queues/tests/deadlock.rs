//! What the deadlock detector reports of tasks, rings and queues, and that it reports nothing
//! without cause.
#![cfg(feature = "deadlock-detection")]

use watchdog as _;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex};

use primitives::deadlock::{self, Verdict};
use primitives::{Lock, RLock, threads};
use queues::{Executor, Ring, TaskError, Workers};

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
    // Of the other tests of this program, that is.
    let others = ["knot of tasks", "accounts of the owner", "held over a result"];
    let of_us = |report: &&String| !others.iter().any(|other| report.contains(other));
    assert_eq!(said.iter().find(of_us), None);
}

/// The only worker waits for a task while it holds an `RLock`, and runs the task itself: to the
/// lock, the task's thread is the owner.
#[test]
fn an_owner_that_helps_with_an_rlock_in_its_hands_is_named() {
    LazyLock::force(&REPORTS);
    let executor = Arc::new(Executor::with_workers(Workers::new(1).name("teller")).unwrap());
    let accounts = Arc::new(RLock::named("accounts of the owner", ()));
    for _ in 0..3 {
        let (pool, outer) = (Arc::clone(&executor), Arc::clone(&accounts));
        let transfer = executor.submit(move || {
            let _transfer = outer.lock();
            let _nested = outer.lock(); // by the same task: no harm
            let inner = Arc::clone(&outer);
            pool.submit(move || drop(inner.lock())).result().unwrap();
        });
        transfer.result().unwrap();
    }
    let (pool, other) = (Arc::clone(&executor), Arc::clone(&accounts));
    let harmless = executor.submit(move || {
        let inner = Arc::clone(&other);
        // Nothing is held over the wait; what the inner task takes twice is its own.
        pool.submit(move || drop((inner.lock(), inner.lock()))).result().unwrap();
        drop((other.lock(), other.lock()));
    });
    harmless.result().unwrap();
    let said = REPORTS.lock().unwrap();
    let reports: Vec<_> =
        said.iter().filter(|report| report.contains("accounts of the owner")).collect();
    assert_eq!(reports.len(), 1, "once for the two places: {reports:?}");
    let report = reports[0];
    assert!(report.starts_with("reentry: "), "{report}");
    assert!(report.contains("thread 'teller_0'"), "{report}");
    assert!(report.contains("holds rlock \"accounts of the owner\", taken at"), "{report}");
    assert!(report.contains("took again rlock \"accounts of the owner\", at"), "{report}");
    assert_eq!(
        report.matches("deadlock.rs").count(),
        2,
        "places are those of the program: {report}"
    );
}

#[test]
fn a_task_that_waits_for_itself_by_a_lock_is_located_where_it_waits() {
    let executor = Executor::new(1);
    let lock = Arc::new(Lock::named("held over a result", ()));
    let line = line!() + 3;
    let outer = executor.submit(move || {
        let _held = lock.lock();
        drop(lock.lock());
    });
    let Err(TaskError::Panicked(panic)) = outer.result() else { panic!("it waits for itself") };
    let place = panic.location().expect("a panic with a message has a place");
    assert!(place.file().ends_with("deadlock.rs"), "{panic}");
    assert_eq!(place.line(), line, "{panic}");
}
