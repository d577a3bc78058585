//! `lock_api`'s mutex on a watched lock: all that the detector says of a `Lock` it says of that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use primitives::raw::{WatchedCondition, WatchedLock};
use primitives::threads as thread;

use super::{REPORTS, keep_reports};

type Mutex<T> = lock_api::Mutex<WatchedLock, T>;
type Condvar = lock_api::Condvar<WatchedCondition>;

const fn named(name: &'static str) -> Mutex<u32> {
    Mutex::from_raw(WatchedLock::named(name), 0)
}

fn told_of(name: &str) -> Vec<String> {
    let reports = REPORTS.lock().unwrap();
    reports.iter().filter(|report| report.contains(name)).cloned().collect()
}

/// What the panic says of a thread that takes a mutex which it has already.
fn relock(mutex: &Mutex<u32>) -> String {
    let _guard = mutex.lock();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(mutex.lock()))).unwrap_err();
    *panic.downcast::<String>().expect("a report")
}

#[test]
fn a_cycle_blames_both_owners_by_name_and_by_line() {
    keep_reports();
    static LEFT: Mutex<u32> = named("watched left");
    static RIGHT: Mutex<u32> = named("watched right");
    let both = Barrier::new(2);
    let cross = |first: &Mutex<u32>, second: &Mutex<u32>| {
        let _first = first.lock();
        both.wait();
        // One of the two closes the circle, and is told by a panic; the other then gets its lock.
        catch_unwind(AssertUnwindSafe(|| drop(second.lock()))).err()
    };
    let told = thread::scope(|s| {
        let one = s.spawn(|| cross(&LEFT, &RIGHT));
        let other = s.spawn(|| cross(&RIGHT, &LEFT));
        [one.join().unwrap(), other.join().unwrap()]
    });
    let told = Vec::from_iter(told.into_iter().flatten());
    assert_eq!(told.len(), 1);
    let report = told[0].downcast_ref::<String>().expect("a report");
    for part in ["lock \"watched left\"", "lock \"watched right\"", "watched_locks.rs"] {
        assert!(report.contains(part), "no {part} in: {report}");
    }
    assert!(LEFT.try_lock().is_some() && RIGHT.try_lock().is_some(), "both are free again");
}

#[test]
fn both_orders_are_told_though_no_thread_ever_waited() {
    keep_reports();
    static FIRST: Mutex<u32> = named("watched first");
    static SECOND: Mutex<u32> = named("watched second");
    for (outer, inner) in [(&FIRST, &SECOND), (&SECOND, &FIRST)] {
        thread::scope(|s| {
            s.spawn(|| {
                let _outer = outer.lock();
                drop(inner.lock());
            });
        });
    }
    assert_eq!(told_of("watched first").len(), 1);
}

#[test]
fn a_mutex_made_of_the_constant_is_called_by_the_line_that_took_it_first() {
    static NAMELESS: Mutex<u32> = Mutex::new(0);
    drop(NAMELESS.lock());
    let line = line!() - 1;
    let report = relock(&NAMELESS);
    assert!(report.contains(&format!("watched_locks.rs:{line}:")), "{report}");
}

#[test]
fn every_form_of_a_lock_has_its_owner() {
    static FORMS: Mutex<u32> = named("watched forms");
    let forms: [fn() -> lock_api::MutexGuard<'static, WatchedLock, u32>; 4] = [
        || FORMS.lock(),
        || FORMS.try_lock().unwrap(),
        || FORMS.try_lock_for(Duration::ZERO).unwrap(),
        || FORMS.try_lock_until(Instant::now()).unwrap(),
    ];
    for form in forms {
        let guard = form();
        let panic = catch_unwind(AssertUnwindSafe(|| drop(FORMS.lock()))).unwrap_err();
        let report = *panic.downcast::<String>().expect("a report");
        assert!(report.contains("lock \"watched forms\""), "{report}");
        assert!(FORMS.try_lock().is_none());
        drop(guard);
    }
    assert!(relock(&FORMS).contains("watched forms"));
}

#[test]
fn a_condition_gives_the_lock_away_and_takes_it_back_with_its_owner() {
    static DOOR: Mutex<u32> = named("watched door");
    static OPEN: Condvar = Condvar::new();
    let mut door = DOOR.lock();
    assert!(OPEN.wait_for(&mut door, Duration::from_millis(1)).timed_out());
    thread::scope(|s| {
        s.spawn(|| {
            *DOOR.lock() = 1; // which only the wait lets in
            OPEN.notify_all();
        });
        while *door == 0 {
            OPEN.wait(&mut door);
        }
    });
    drop(door);
    assert!(relock(&DOOR).contains("watched door"));
}
