//! Threads that wait for each other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use primitives::deadlock::{Identity, Kind, Report, Verdict, set_backtraces};
use primitives::raw::RawRLock;
use primitives::{
    Barrier, BoundedSemaphore, Condition, Event, LazyLock, Lock, Once, OnceLock, RLock, Semaphore,
    threads,
};

use super::{REPORTS, keep_reports};

/// Two threads, each of which holds a lock and is about to take the other's. Returns what each was
/// told.
fn knot<'a>(a: &'a Lock<()>, b: &'a Lock<()>) -> [Option<Box<Report>>; 2] {
    let both_have_one = Barrier::new(2);
    let cross = |first: &'a Lock<()>, second: &'a Lock<()>| {
        let _first = first.lock();
        both_have_one.wait().unwrap();
        second.lock_checked().err()
    };
    threads::scope(|s| {
        let builder = |name| threads::Builder::new().name(name);
        let ann = builder("ann").spawn_scoped(s, || cross(a, b)).unwrap();
        let bob = builder("bob").spawn_scoped(s, || cross(b, a)).unwrap();
        [ann.join().unwrap(), bob.join().unwrap()]
    })
}

#[test]
fn of_two_threads_that_close_a_cycle_one_is_told_and_the_other_goes_on() {
    let (a, b) = (Lock::named("account A", ()), Lock::named("account B", ()));
    let told: Vec<_> = knot(&a, &b).into_iter().flatten().collect();
    assert_eq!(told.len(), 1);
    let report = &told[0];
    assert_eq!(report.verdict(), Verdict::Cycle);
    let names: Vec<_> = report.threads().iter().map(|thread| thread.name()).collect();
    assert!(names == ["ann", "bob"] || names == ["bob", "ann"], "{names:?}");
    for thread in report.threads() {
        let (mine, other) = match thread.name() {
            "ann" => ("account A", "account B"),
            _ => ("account B", "account A"),
        };
        assert_eq!(thread.holds().iter().map(|held| held.name()).collect::<Vec<_>>(), [mine]);
        let wants = thread.wants().unwrap();
        assert_eq!(wants.name(), other);
        assert_eq!(thread.holds()[0].since().line() + 2, wants.at().line());
        assert!(wants.at().file().ends_with("cycles.rs"));
    }
}

#[test]
fn without_being_asked_the_one_that_would_close_the_cycle_panics_with_the_report() {
    let lock = Lock::named("diary", 1);
    let guard = lock.lock();
    let panic = catch_unwind(AssertUnwindSafe(|| *lock.lock())).unwrap_err();
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("a thread waits for itself"), "{message}");
    assert!(message.contains("lock \"diary\""), "{message}");
    drop(guard);
    assert_eq!(*lock.lock(), 1, "the lock has taken no harm");
}

#[test]
fn a_report_has_backtraces_if_they_are_asked_for() {
    let lock = Lock::new(());
    let _guard = lock.lock();
    let asked = |on| {
        set_backtraces(on);
        let report = lock.lock_checked().unwrap_err();
        report.threads()[0].backtrace().map(ToString::to_string)
    };
    let calls = asked(true).expect("it was asked for");
    assert!(calls.contains("a_report_has_backtraces_if_they_are_asked_for"), "{calls}");
    assert_eq!(asked(false), None);
}

#[test]
fn a_lock_without_a_name_is_called_after_the_place_where_it_was_made() {
    let lock = Lock::new(());
    let made = line!() - 1;
    let _guard = lock.lock();
    let report = lock.lock_checked().unwrap_err();
    let name = report.threads()[0].wants().unwrap().name().to_owned();
    assert!(name.contains(&format!("cycles.rs:{made}:")), "{name}");
}

#[test]
fn a_cycle_may_go_through_the_end_of_a_thread() {
    let lock: &Lock<()> = Box::leak(Box::new(Lock::named("till", ())));
    let guard = lock.lock();
    let child = threads::Builder::new().name("child").spawn(|| lock.lock_checked().err()).unwrap();
    // One of the two comes second, and gets the report.
    let joined = catch_unwind(AssertUnwindSafe(|| child.join().unwrap()));
    drop(guard);
    match joined {
        Err(panic) => {
            let message = panic.downcast::<String>().unwrap();
            assert!(message.contains("end of thread 'child'"), "{message}");
        }
        Ok(told) => {
            let report = told.expect("neither was told");
            assert_eq!(report.verdict(), Verdict::Cycle);
            assert!(report.to_string().contains("end of thread 'child'"), "{report}");
        }
    }
}

#[test]
fn a_reentrant_lock_is_no_cycle_for_its_owner_and_one_for_others() {
    let (rlock, lock, ready) = (RLock::named("r", ()), Lock::named("l", ()), Event::new());
    let _mine = rlock.lock();
    let _again = rlock.lock();
    threads::scope(|s| {
        let other = s.spawn(|| {
            let _l = lock.lock();
            ready.set();
            catch_unwind(AssertUnwindSafe(|| drop(rlock.lock()))).is_err()
        });
        ready.wait();
        let told = lock.lock_checked().is_err();
        drop((_again, _mine));
        assert!(told != other.join().unwrap(), "exactly one of them");
    });
}

#[test]
fn of_permits_that_wander_no_notes_are_kept() {
    let seats = Semaphore::named("a wandering seat", 8).thread_bound();
    for _ in 0..8 {
        seats.acquire().forget(); // the first shows that they wander
    }
    let lock = Lock::named("taken twice", ());
    let _guard = lock.lock();
    let report = lock.lock_checked().expect_err("it waits for itself").to_string();
    assert_eq!(report.matches("holds semaphore").count(), 0, "{report}");
}

/// What a thread that panicked with a cycle says of the place.
#[track_caller]
fn assert_located(lines: std::ops::RangeInclusive<u32>, call: impl FnOnce() + Send + 'static) {
    let panic = threads::spawn(call).join().expect_err("it waits for itself");
    assert!(panic.message().contains("deadlock"), "{panic}");
    let place = panic.location().expect("a panic with a message has a place");
    assert!(place.file().ends_with("cycles.rs") && lines.contains(&place.line()), "{panic}");
}

#[test]
fn a_cycle_is_located_at_the_line_of_the_program_that_waits() {
    static ONCE: Once = Once::new();
    static VALUE: OnceLock<u32> = OnceLock::new();
    static LAZY: LazyLock<u32> = LazyLock::new(|| *LazyLock::force(&LAZY));
    let here = line!();
    assert_located(here..=line!() + 3, || {
        let lock = Lock::new(());
        let _held = (lock.lock(), lock.lock());
    });
    let here = line!();
    assert_located(here..=line!() + 3, || {
        let seat = Semaphore::new(1).thread_bound();
        let _held = (seat.acquire(), seat.acquire());
    });
    let here = line!();
    assert_located(here..=line!() + 3, || {
        let seat = BoundedSemaphore::new(1).thread_bound();
        let _held = (seat.acquire(), seat.acquire());
    });
    let here = line!();
    assert_located(here..=line!() + 1, || ONCE.call_once(|| ONCE.call_once(|| ())));
    let here = line!();
    assert_located(here..=line!() + 2, || {
        VALUE.get_or_init(|| *VALUE.get_or_init(|| 1));
    });
    let here = line!() - 22;
    assert_located(here..=line!() + 3, || {
        LazyLock::force(&LAZY);
    });
}

/// This thread holds one lock. Another thread holds the other lock and wants this one. One of the
/// two panics.
#[test]
fn a_cycle_of_two_threads_is_located_where_the_second_one_waits() {
    let first_line = line!();
    for _ in 0..20 {
        let rlock: &RLock<()> = Box::leak(Box::new(RLock::named("r", ())));
        let raw: &RawRLock = Box::leak(Box::new(RawRLock::new()));
        let both: &Barrier = Box::leak(Box::new(Barrier::new(2)));
        let child = threads::spawn(|| {
            let _rlock = rlock.lock();
            both.wait().unwrap();
            raw.acquire();
            raw.release();
        });
        let other = threads::spawn(|| {
            raw.acquire();
            let _release = Release(raw);
            both.wait().unwrap();
            let _rlock = rlock.lock();
        });
        let panics: Vec<_> =
            [child.join(), other.join()].into_iter().filter_map(Result::err).collect();
        let [panic] = &*panics else { panic!("exactly one is told: {panics:?}") };
        let place = panic.location().expect("a panic with a message has a place");
        assert!(place.file().ends_with("cycles.rs"), "{panic}");
        assert!((first_line..line!()).contains(&place.line()), "{panic}");
    }
}

/// Releases when dropped, by a panic too.
struct Release(&'static RawRLock);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Another crate states the target of a condition's wait, and the detector would refuse it with a
/// panic. It must not panic while the lock is released and the guard is alive.
#[test]
fn whatever_a_condition_waits_for_its_guard_has_the_lock() {
    static TASK: Identity = Identity::new(Kind::Task, "a task that waits for its own end");
    static DONE: Lock<bool> = Lock::new(false);
    static CHANGED: Condition = Condition::new();
    keep_reports();
    let waiter = threads::spawn(|| {
        TASK.begins();
        let mut done = DONE.lock();
        while !*done {
            CHANGED.wait_for(&mut done, None, TASK.waiting_for_runner());
            assert!(DONE.try_lock().is_none(), "a second guard beside the first");
        }
        drop(done);
        TASK.ends();
    });
    let told = || REPORTS.lock().unwrap().iter().any(|report| report.contains("its own end"));
    while !told() {
        assert!(!waiter.is_finished(), "it unwound");
        threads::yield_now();
    }
    *DONE.lock() = true;
    CHANGED.notify_all();
    waiter.join().unwrap();
}
