//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize as Counter, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{EMPTY, Permit, SLEEPERS, Semaphore};
use crate::sync::atomic::Ordering::Relaxed;

const FAR: Duration = Duration::from_secs(3600);
const MAX: usize = Semaphore::MAX_PERMITS;

/// Threads of which each consumes a permit.
fn takers(semaphore: &Arc<Semaphore>, n: usize) -> Vec<JoinHandle<()>> {
    (0..n)
        .map(|_| {
            let semaphore = Arc::clone(semaphore);
            thread::spawn(move || semaphore.acquire().forget())
        })
        .collect()
}

/// Returns once some thread is about to sleep, or sleeps.
fn until_somebody_sleeps(semaphore: &Semaphore) {
    while semaphore.word.load(Relaxed) != SLEEPERS {
        thread::yield_now();
    }
}

#[test]
fn a_permit_goes_back_at_the_end_of_its_scope() {
    let semaphore = Semaphore::new(2);
    {
        let _first = semaphore.acquire();
        let _second = semaphore.try_acquire().expect("there are two");
        assert_eq!(semaphore.available(), 0);
        assert!(semaphore.try_acquire().is_none());
    }
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_forgotten_permit_does_not_go_back() {
    let semaphore = Semaphore::new(1);
    semaphore.acquire().forget();
    assert_eq!(semaphore.available(), 0);
    semaphore.release(1);
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn any_thread_may_release_and_there_may_be_more_than_at_first() {
    let semaphore = Semaphore::new(0);
    thread::scope(|s| {
        s.spawn(|| semaphore.release(3));
    });
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn a_permit_may_go_back_in_another_thread() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire();
    thread::scope(|s| {
        s.spawn(move || drop(permit));
    });
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_panic_gives_the_permit_back() {
    let semaphore = Semaphore::new(1);
    let panicked = catch_unwind(|| {
        let _permit = semaphore.acquire();
        panic!("with a permit");
    });
    assert!(panicked.is_err());
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn no_more_threads_get_in_than_there_are_permits() {
    let (semaphore, inside, most) = (Semaphore::new(3), Counter::new(0), Counter::new(0));
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..if cfg!(miri) { 5 } else { 500 } {
                    let _permit = semaphore.acquire();
                    most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                    thread::yield_now();
                    inside.fetch_sub(1, SeqCst);
                }
            });
        }
    });
    assert!(most.load(SeqCst) <= 3);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn releasing_beyond_the_maximum_panics_and_changes_nothing() {
    let semaphore = Semaphore::new(MAX - 1);
    for n in [2, MAX, usize::MAX] {
        let panic = catch_unwind(|| semaphore.release(n)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(&format!("released {n} permits")), "{message}");
        assert!(message.contains("at most 2147483647"), "{message}");
        assert_eq!(semaphore.available(), MAX - 1);
    }
    semaphore.release(1);
    assert_eq!(semaphore.available(), MAX);
}

#[test]
fn releasing_nothing_panics() {
    let semaphore = Semaphore::new(1);
    let panic = catch_unwind(|| semaphore.release(0)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("`n` must be one or more"), "{message}");
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn more_permits_than_the_maximum_cannot_be_had_from_the_start() {
    assert_eq!(Semaphore::new(MAX).available(), MAX);
    assert!(catch_unwind(|| Semaphore::new(MAX + 1)).is_err());
    assert!(catch_unwind(|| Semaphore::new(usize::MAX)).is_err());
}

#[test]
fn a_permit_that_comes_back_to_a_full_semaphore_panics() {
    let semaphore = Semaphore::new(MAX);
    let permit = semaphore.acquire();
    semaphore.release(1);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(permit))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("`release` was called for a permit that was still out"), "{message}");
    assert_eq!(semaphore.available(), MAX);
}

#[test]
fn a_permit_never_panics_while_another_panic_unwinds() {
    let semaphore = Semaphore::new(MAX);
    let panic = catch_unwind(|| {
        let _permit = semaphore.acquire();
        semaphore.release(1);
        panic!("the first"); // a second one, in the drop, would abort the process
    })
    .unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "the first");
    assert_eq!(semaphore.available(), MAX);
}

#[test]
fn a_zero_time_out_is_one_try_and_leaves_no_note() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_none());
    assert_eq!(semaphore.word.load(Relaxed), EMPTY);
    semaphore.release(1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_some());
}

#[test]
fn a_past_deadline_is_one_try() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.acquire_deadline(Instant::now()).is_none());
    semaphore.release(1);
    assert!(semaphore.acquire_deadline(Instant::now()).is_some(), "a timed waiter harmed it");
}

#[test]
fn a_time_out_is_never_early() {
    let semaphore = Semaphore::new(0);
    let (start, timeout) = (Instant::now(), Duration::from_millis(10));
    assert!(semaphore.acquire_timeout(timeout).is_none());
    assert!(start.elapsed() >= timeout);
}

#[test]
fn a_time_out_too_long_for_the_clock_waits_for_ever() {
    let semaphore = Arc::new(Semaphore::new(0));
    let waiter = thread::spawn({
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.acquire_timeout(Duration::MAX).is_some()
    });
    until_somebody_sleeps(&semaphore);
    semaphore.release(1);
    assert!(waiter.join().unwrap());
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn release_n_lets_n_sleepers_go() {
    let semaphore = Arc::new(Semaphore::new(0));
    let threads = takers(&semaphore, 5);
    for n in [2, 3] {
        until_somebody_sleeps(&semaphore);
        semaphore.release(n);
    }
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(semaphore.available(), 0);
}

/// The bug: the second release finds no note, because the first one cleared it. A sleeper takes one
/// permit, does not look at the other, and leaves the second sleeper asleep beside it.
#[test]
fn two_releases_in_a_row_lose_no_sleeper() {
    let semaphore = Arc::new(Semaphore::new(0));
    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
        let threads = takers(&semaphore, 2);
        until_somebody_sleeps(&semaphore);
        semaphore.release(1);
        semaphore.release(1);
        threads.into_iter().for_each(|t| t.join().unwrap());
    }
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn timed_waiters_that_leave_never_strand_a_sleeper() {
    const ROUNDS: usize = if cfg!(miri) { 10 } else { 2_000 };
    let semaphore = Arc::new(Semaphore::new(2));
    let entered = Arc::new(Counter::new(0));
    let threads: Vec<_> = (0..6)
        .map(|number| {
            let (semaphore, entered) = (Arc::clone(&semaphore), Arc::clone(&entered));
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let patience = Duration::from_micros(round as u64 % 40);
                    let patience = if number % 2 == 1 { FAR } else { patience };
                    let Some(_permit) = semaphore.acquire_timeout(patience) else { continue };
                    entered.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(entered.load(SeqCst) >= 3 * ROUNDS, "the patient threads came through every time");
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn debug_never_blocks_and_says_how_many_there_are() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire();
    assert_eq!(format!("{semaphore:?}"), "Semaphore { available: 0 }");
    assert_eq!(format!("{permit:?}"), "Permit { semaphore: Semaphore { available: 0 } }");
}

#[test]
fn made_in_a_constant_and_with_one_permit_by_default() {
    static GLOBAL: Semaphore = Semaphore::new(7);
    assert_eq!(GLOBAL.available(), 7);
    assert_eq!(Semaphore::default().available(), 1);
}

#[test]
#[cfg_attr(
    feature = "deadlock-detection",
    ignore = "with the detector there is a name and an owner, too"
)]
fn a_semaphore_costs_two_words() {
    assert_eq!(size_of::<Semaphore>(), 8); // the permits, and the turn of those that take several
    assert_eq!(size_of::<Permit<'_>>(), 2 * size_of::<usize>());
}

#[test]
fn several_permits_are_taken_together_or_not_at_all_and_go_back_together() {
    let semaphore = Semaphore::new(3);
    let two = semaphore.acquire_many(2);
    assert_eq!((two.permits(), semaphore.available()), (2, 1));
    assert!(semaphore.try_acquire_many(2).is_none());
    assert!(semaphore.acquire_many_timeout(2, Duration::from_millis(1)).is_none());
    assert!(semaphore.acquire_many_deadline(2, Instant::now()).is_none());
    assert_eq!(semaphore.available(), 1, "nothing was kept");
    assert_eq!(semaphore.try_acquire_many(1).map(|one| one.permits()), Some(1));
    drop(two);
    assert_eq!(semaphore.available(), 3);
    semaphore.acquire_many(3).forget();
    assert_eq!(semaphore.available(), 0);
    semaphore.release(3);
}

#[test]
fn zero_permits_are_always_there_and_cost_nothing() {
    let semaphore = Semaphore::new(0);
    let none = semaphore.acquire_many(0);
    assert_eq!(none.permits(), 0);
    drop(none);
    semaphore.try_acquire_many(0).expect("always").forget();
    drop(semaphore.acquire_many_timeout(0, Duration::ZERO).expect("always"));
    drop(semaphore.acquire_many_deadline(0, Instant::now()).expect("always"));
    assert_eq!(semaphore.available(), 0);
    let full = Semaphore::new(MAX);
    drop(full.acquire_many(0)); // and there is room for none more
    assert_eq!(full.available(), MAX);
}

#[test]
fn all_permits_at_once_and_one_more() {
    let semaphore = Semaphore::new(MAX);
    let all = semaphore.acquire_many(MAX);
    assert_eq!((all.permits(), semaphore.available()), (MAX, 0));
    drop(all);
    assert!(semaphore.try_acquire_many(MAX + 1).is_none());
    assert!(semaphore.try_acquire_many(usize::MAX).is_none());
    for ask in [MAX + 1, usize::MAX] {
        let panic = catch_unwind(AssertUnwindSafe(|| drop(semaphore.acquire_many(ask))));
        let message = *panic.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains(&format!("asked for {ask} permits")), "{message}");
    }
    let ask = AssertUnwindSafe(|| drop(semaphore.acquire_many_timeout(MAX + 1, FAR)));
    assert!(catch_unwind(ask).is_err(), "a limit does not make it sensible");
    assert_eq!(semaphore.available(), MAX);
}

#[test]
fn more_than_there_are_waits_until_releases_have_added_the_rest() {
    let semaphore = Arc::new(Semaphore::new(1));
    let taker = thread::spawn({
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.acquire_many(3).forget()
    });
    until_somebody_sleeps(&semaphore);
    semaphore.release(1);
    semaphore.release(1);
    taker.join().unwrap();
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn one_that_waits_for_several_keeps_what_it_has_and_lets_none_past() {
    let semaphore = Arc::new(Semaphore::new(2));
    let one = semaphore.acquire();
    let taker = thread::spawn({
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.acquire_many(2).forget()
    });
    until_somebody_sleeps(&semaphore); // it has the other one
    assert!(semaphore.try_acquire().is_none());
    semaphore.release(1); // perhaps this one sees it first …
    assert!(semaphore.try_acquire_many(1).is_none() || taker.is_finished(), "it is behind");
    taker.join().unwrap();
    one.forget();
}

#[test]
fn two_that_need_all_never_hold_half_each() {
    let semaphore = Arc::new(Semaphore::new(2));
    let crew: Vec<_> = (0..4)
        .map(|_| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                for _ in 0..2_000 {
                    let all = semaphore.acquire_many(2);
                    assert_eq!(semaphore.available(), 0);
                    drop(all);
                }
            })
        })
        .collect();
    crew.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn several_owned_permits_travel() {
    let semaphore = Arc::new(Semaphore::new(3));
    let two = semaphore.acquire_many_owned(2);
    assert!(semaphore.try_acquire_many_owned(2).is_none());
    assert!(semaphore.acquire_many_owned_timeout(2, Duration::ZERO).is_none());
    assert!(semaphore.acquire_many_owned_deadline(2, Instant::now()).is_none());
    assert_eq!(
        format!("{two:?}"),
        "OwnedPermit { permits: 2, semaphore: Semaphore { available: 1 } }"
    );
    thread::spawn(move || drop(two)).join().unwrap();
    semaphore.acquire_many_owned(3).forget();
    assert_eq!((semaphore.available(), Arc::strong_count(&semaphore)), (0, 1));
}
