//! Readers and writers that wait for each other or for themselves, and closures of a `Once` that
//! do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use primitives::deadlock::{Report, Verdict};
use primitives::{Event, Lock, Once, OnceLock, RLock, RwLock, RwLockWriteGuard, threads};

/// What each thread wants, in the order of the report.
fn wants(report: &Report) -> Vec<(&str, &str)> {
    let wants = |thread| {
        let thread: &primitives::deadlock::ThreadReport = thread;
        (thread.name(), thread.wants().map_or("", |want| want.what()))
    };
    report.threads().iter().map(wants).collect()
}

/// Starts a thread of this name.
fn named<'scope, T: Send + 'scope>(
    scope: &'scope threads::Scope<'scope, '_>,
    name: &str,
    f: impl FnOnce() -> T + Send + 'scope,
) -> threads::ScopedJoinHandle<'scope, T> {
    threads::Builder::new().name(name).spawn_scoped(scope, f).unwrap()
}

#[test]
fn a_write_asked_for_under_a_read_is_told_and_leaves_no_note() {
    let prices = RwLock::named("prices", 1);
    let reader = prices.read();
    let report = prices.write_checked().unwrap_err();
    assert_eq!(report.verdict(), Verdict::Cycle);
    assert_eq!(report.threads().len(), 1);
    let text = report.to_string();
    assert!(text.contains("wants rwlock \"prices\" to write"), "{text}");
    assert!(text.contains("A reader cannot become the writer"), "{text}");
    // Nor does the one that panics leave a note that would keep readers out.
    let panic = catch_unwind(AssertUnwindSafe(|| *prices.write() = 2)).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("to write"));
    assert!(prices.try_read().is_some(), "no absent writer keeps readers out");
    drop(reader);
    assert_eq!(*prices.write_checked().unwrap(), 1);
}

#[test]
fn a_read_asked_for_under_a_write_and_a_second_write_are_told() {
    let prices = RwLock::named("prices", ());
    let writer = prices.write();
    for report in [prices.read_checked().err(), prices.write_checked().err()] {
        let report = report.expect("it waits for itself");
        assert_eq!((report.verdict(), report.threads().len()), (Verdict::Cycle, 1));
    }
    let panic = catch_unwind(AssertUnwindSafe(|| drop(prices.read_recursive()))).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("to read"));
    let reader = RwLockWriteGuard::downgrade(writer);
    assert!(prices.read_checked().is_ok(), "readers share it");
    assert!(prices.write_checked().is_err());
    drop(reader);
    assert!(prices.write_checked().is_ok());
}

/// The nested read waits behind the writer, and the writer waits for the outer read.
#[test]
fn a_reader_that_reads_again_behind_a_writer_is_told_of_the_writer() {
    let prices = RwLock::named("prices", 0);
    let outer = prices.read();
    threads::scope(|s| {
        let writer = named(s, "writer", || *prices.write() += 1);
        let report = loop {
            // As long as the writer has not left its note, the second read goes in; and until it is
            // asleep, it is not certain that it will not give up.
            if let Err(report) = prices.read_checked() {
                break report;
            }
            threads::yield_now();
        };
        assert_eq!(report.verdict(), Verdict::Cycle);
        assert_eq!(wants(&report)[1], ("writer", "rwlock \"prices\" to write"));
        assert_eq!(wants(&report)[0].1, "rwlock \"prices\" to read");
        assert!(report.to_string().contains("read_recursive"), "{report}");
        assert!(prices.try_read_recursive().is_some(), "as the report says");
        drop(outer);
        writer.join().unwrap();
    });
    assert_eq!(prices.into_inner(), 1);
}

/// A writer that gives up by itself frees the reader: that is no deadlock.
#[test]
fn a_reader_behind_a_writer_that_will_give_up_is_not_told() {
    let prices = RwLock::named("prices", ());
    let outer = prices.read();
    threads::scope(|s| {
        let writer =
            s.spawn(|| prices.write_timeout(std::time::Duration::from_millis(50)).is_none());
        while prices.try_read().is_some() && !writer.is_finished() {
            threads::yield_now();
        }
        assert!(prices.read_checked().is_ok());
        assert!(writer.join().unwrap(), "it gave up");
    });
    drop(outer);
}

/// Two readers; one waits for a lock that the writer holds. The writer waits for both.
#[test]
fn a_writer_waits_for_each_reader_and_one_that_waits_for_it_is_enough() {
    let (prices, till) = (RwLock::named("prices", ()), Lock::named("till", ()));
    let (reads, locked, done) = (Event::new(), Event::new(), Event::new());
    threads::scope(|s| {
        let other = named(s, "the other reader", || {
            let _reads = prices.read();
            reads.set();
            done.wait();
        });
        let reader = named(s, "reader", || {
            let _reads = prices.read();
            locked.wait();
            till.lock_checked().err()
        });
        let writer = named(s, "writer", || {
            let _till = till.lock();
            reads.wait();
            while prices.reader_count() < 2 {
                threads::yield_now();
            }
            locked.set();
            prices.write_checked().err()
        });
        // One of the two gets the report and lets go; if it is the reader, the writer still waits
        // for the other one.
        let told = reader.join().unwrap();
        done.set();
        let told = told.or(writer.join().unwrap()).expect("one of them was told");
        other.join().unwrap();
        let mut names: Vec<_> = wants(&told).into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert!(names.contains(&"reader") && names.contains(&"writer"), "{told}");
    });
}

#[test]
fn two_readers_that_want_to_write_wait_for_each_other() {
    let prices = RwLock::named("prices", ());
    let both = primitives::Barrier::new(2);
    let upgrade = || {
        let _reads = prices.read();
        both.wait().unwrap();
        prices.write_checked().err()
    };
    threads::scope(|s| {
        let (ann, bob) = (named(s, "ann", upgrade), named(s, "bob", upgrade));
        let told = [ann.join().unwrap(), bob.join().unwrap()];
        // Each waits for itself already, with the other or without.
        let told: Vec<_> = told.into_iter().flatten().collect();
        assert!(!told.is_empty());
        assert!(told.iter().all(|report| report.verdict() == Verdict::Cycle));
    });
    assert!(prices.try_write().is_some());
}

#[test]
fn a_reader_that_ended_with_its_guard_is_what_a_writer_waits_for() {
    let prices: &RwLock<()> = Box::leak(Box::new(RwLock::named("prices", ())));
    let leaver = threads::Builder::new().name("leaver");
    leaver.spawn(|| std::mem::forget(prices.read())).unwrap().join().unwrap();
    let report = prices.write_checked().unwrap_err();
    assert_eq!(report.verdict(), Verdict::Stuck);
    assert!(report.to_string().contains("thread 'leaver', which has ended"), "{report}");
    assert!(prices.read_checked().is_ok(), "readers still go in");
}

#[test]
fn a_closure_that_asks_for_its_own_result_is_told_by_name() {
    static CONFIG: OnceLock<u32> = OnceLock::named("config");
    let ask = || *CONFIG.get_or_init(|| *CONFIG.get_or_init(|| 1) + 1);
    let message = *catch_unwind(ask).unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("a thread waits for itself"), "{message}");
    assert!(message.contains("holds once \"config\""), "{message}");
    assert!(message.contains("wants once \"config\""), "{message}");
    assert_eq!(CONFIG.get(), None, "the place stays empty");
    assert_eq!(*CONFIG.get_or_init(|| 7), 7);
}

/// Each closure needs the other's result.
#[test]
fn two_closures_that_need_each_other_are_told() {
    let (a, b) = (Once::named("a"), Once::named("b"));
    let both = primitives::Barrier::new(2);
    let cross = |mine: &Once, other: &Once| {
        let mut told = false;
        mine.call_once(|| {
            both.wait().unwrap();
            told = catch_unwind(AssertUnwindSafe(|| other.call_once(|| ()))).is_err();
        });
        told
    };
    threads::scope(|s| {
        let (one, other) = (s.spawn(|| cross(&a, &b)), s.spawn(|| cross(&b, &a)));
        assert!(one.join().unwrap() != other.join().unwrap(), "exactly one of them");
    });
    assert!(a.is_completed() && b.is_completed());
}

#[test]
fn a_reentrant_lock_and_the_end_of_a_thread_are_told_where_the_caller_asks() {
    let (rlock, lock): (&RLock<()>, &Lock<()>) =
        (Box::leak(Box::new(RLock::named("r", ()))), Box::leak(Box::new(Lock::named("l", ()))));
    let mine = rlock.lock_checked().unwrap();
    let again = rlock.lock_checked().expect("its owner may");
    let child = threads::Builder::new().name("child");
    let child = child.spawn(|| {
        let _l = lock.lock();
        rlock.lock_checked().map(drop).is_err()
    });
    let told_the_child = match child.unwrap().join_checked() {
        Ok(child) => child.unwrap(),
        Err((report, child)) => {
            assert!(report.to_string().contains("end of thread 'child'"), "{report}");
            drop((mine, again));
            assert!(!child.join().unwrap(), "the child has it now");
            return;
        }
    };
    assert!(told_the_child, "one of the two");
}

/// The orders "a within b" and "b within a", though neither thread waited.
#[test]
fn opposite_orders_of_readers_and_writers_are_an_inversion() {
    super::keep_reports();
    let (a, b) = (RwLock::named("a of the order", ()), RwLock::named("b of the order", ()));
    threads::scope(|s| {
        s.spawn(|| drop((a.read(), b.write()))).join().unwrap();
        s.spawn(|| drop((b.read(), a.write()))).join().unwrap();
    });
    let reports = super::REPORTS.lock().unwrap();
    assert!(
        reports.iter().any(|text| text.contains("a of the order") && text.contains("lock order"))
    );
}

#[test]
fn a_collector_of_permits_is_told_what_it_waits_for() {
    let seats = primitives::Semaphore::named("seats", 2).thread_bound();
    let one = seats.acquire();
    let report = seats.acquire_many_checked(2).unwrap_err();
    assert_eq!(report.verdict(), Verdict::Cycle);
    assert_eq!(seats.available(), 1, "what it had collected is back");
    drop(one);
    assert_eq!(seats.acquire_many_checked(2).unwrap().permits(), 2);
}
