//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicBool as Flag, AtomicUsize as Counter, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{
    BROKEN, Barrier, BarrierWaitResult, BrokenBarrierError, FILLING, RESETTING, ROUND, SLEEPERS,
    left, tripped,
};
// Relaxed, wherever a test looks at the word: it looks at the word alone and reads no data that the
// word protects.
use crate::sync::atomic::Ordering::Relaxed;

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

type Waited = Result<BarrierWaitResult, BrokenBarrierError>;

/// Starts `n` threads, one after the other. Each waits once. Returns when all are inside.
fn waiters<A>(barrier: &Arc<Barrier<A>>, n: usize) -> Vec<JoinHandle<Waited>>
where
    A: FnMut() + Send + 'static,
{
    (1..=n)
        .map(|inside| {
            let thread = thread::spawn({
                let barrier = Arc::clone(barrier);
                move || barrier.wait()
            });
            until(|| barrier.n_waiting() == inside);
            thread
        })
        .collect()
}

fn until(reached: impl Fn() -> bool) {
    while !reached() {
        thread::yield_now();
    }
}

fn all_fail(threads: Vec<JoinHandle<Waited>>) -> bool {
    threads.into_iter().all(|thread| thread.join().unwrap() == Err(BrokenBarrierError))
}

#[test]
fn nobody_goes_on_before_everybody_has_come() {
    const ROUNDS: usize = if cfg!(miri) { 5 } else { 300 };
    let (barrier, arrived) = (Barrier::new(4), Counter::new(0));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for round in 1..=ROUNDS {
                    arrived.fetch_add(1, SeqCst);
                    barrier.wait().unwrap();
                    let arrived = arrived.load(SeqCst);
                    assert!((round * 4..=(round + 1) * 4).contains(&arrived), "{round}: {arrived}");
                }
            });
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
fn more_threads_than_parties_go_in_groups() {
    let barrier = Arc::new(Barrier::new(3));
    let leaders = Arc::new(Counter::new(0));
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let (barrier, leaders) = (Arc::clone(&barrier), Arc::clone(&leaders));
            thread::spawn(move || {
                if barrier.wait().unwrap().is_leader() {
                    leaders.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(leaders.load(SeqCst), 2);
}

#[test]
fn the_index_is_the_order_of_arrival_and_the_last_is_the_leader() {
    let barrier = Arc::new(Barrier::new(4));
    for _ in 0..3 {
        let threads = waiters(&barrier, 3);
        let last = barrier.wait().unwrap();
        assert_eq!((last.index(), last.is_leader()), (3, true));
        for (index, thread) in threads.into_iter().enumerate() {
            let result = thread.join().unwrap().unwrap();
            assert_eq!((result.index(), result.is_leader()), (index, false));
        }
    }
}

#[test]
fn a_party_of_one_never_waits() {
    let mut rounds = 0;
    let plain = Barrier::new(1);
    let acting = Barrier::new(1).with_action(|| rounds += 1);
    for _ in 0..3 {
        assert!(plain.wait_timeout(Duration::ZERO).unwrap().is_leader());
        assert_eq!(acting.wait().unwrap().index(), 0);
    }
    assert_eq!(rounds, 3);
}

#[test]
fn the_last_one_runs_the_action_before_anybody_goes() {
    let acted_by = Arc::new(crate::Lock::new(None));
    let barrier = Arc::new(Barrier::new(3).with_action({
        let acted_by = Arc::clone(&acted_by);
        move || *acted_by.lock() = Some(thread::current().id())
    }));
    let threads = waiters(&barrier, 2);
    assert_eq!(*acted_by.lock(), None);
    assert!(barrier.wait().unwrap().is_leader());
    assert_eq!(*acted_by.lock(), Some(thread::current().id()));
    for thread in threads {
        assert!(!thread.join().unwrap().unwrap().is_leader());
    }
}

#[test]
fn the_action_may_ask_the_barrier_anything() {
    static BARRIER: LazyLock<Barrier> = LazyLock::new(|| {
        Barrier::new(2).with_action(|| {
            assert_eq!((BARRIER.parties(), BARRIER.n_waiting()), (2, 2));
            assert!(!BARRIER.is_broken());
            let shown = format!("{:?}", *BARRIER);
            assert_eq!(shown, "Barrier { parties: 2, n_waiting: 2, broken: false }");
        })
    });
    let other = thread::spawn(|| BARRIER.wait());
    BARRIER.wait().unwrap();
    other.join().unwrap().unwrap();
}

#[test]
fn an_action_that_panics_breaks_the_barrier_and_goes_on_unwinding() {
    let fail = Arc::new(Flag::new(true));
    let barrier = Arc::new(Barrier::new(3).with_action({
        let fail = Arc::clone(&fail);
        move || assert!(!fail.load(SeqCst), "in the action")
    }));
    let threads = waiters(&barrier, 2);
    let panic = catch_unwind(AssertUnwindSafe(|| barrier.wait())).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "in the action");
    assert!(all_fail(threads));
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait(), Err(BrokenBarrierError), "and so does a later thread");

    fail.store(false, SeqCst);
    barrier.reset();
    let threads = waiters(&barrier, 2);
    assert!(barrier.wait().is_ok(), "after a reset it works again, with its action");
    threads.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_ok()));
}

#[test]
fn an_action_that_aborts_or_resets_fails_everybody_itself_included() {
    static ABORTED: LazyLock<Barrier> =
        LazyLock::new(|| Barrier::new(2).with_action(|| ABORTED.abort()));
    static RESET: LazyLock<Barrier> =
        LazyLock::new(|| Barrier::new(2).with_action(|| RESET.reset()));
    for barrier in [&*ABORTED, &*RESET] {
        let other = thread::spawn(|| barrier.wait());
        assert_eq!(barrier.wait(), Err(BrokenBarrierError));
        assert_eq!(other.join().unwrap(), Err(BrokenBarrierError));
    }
    assert_eq!(ABORTED.word.load(Relaxed), BROKEN);
    assert_eq!(RESET.word.load(Relaxed), FILLING);
}

#[test]
fn abort_fails_who_waits_and_who_comes_until_a_reset() {
    let barrier = Arc::new(Barrier::new(3));
    let threads = waiters(&barrier, 2);
    barrier.abort();
    assert!(all_fail(threads));
    barrier.abort(); // a second time changes nothing
    assert!(barrier.is_broken());
    assert_eq!(barrier.n_waiting(), 0);
    assert_eq!(barrier.wait_timeout(FAR), Err(BrokenBarrierError));
    barrier.reset();
    assert!(!barrier.is_broken());
    let threads = waiters(&barrier, 2);
    assert_eq!(barrier.wait().unwrap().index(), 2);
    threads.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_ok()));
}

#[test]
fn reset_fails_who_waits_and_not_who_comes() {
    let barrier = Arc::new(Barrier::new(3));
    for _ in 0..20 {
        let threads = waiters(&barrier, 2);
        barrier.reset();
        barrier.reset();
        assert!(!barrier.is_broken());
        // These may find the others still leaving, and then wait outside.
        let next = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.wait())
        });
        assert!(barrier.wait().is_ok());
        next.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_ok()));
        assert!(all_fail(threads));
    }
}

#[test]
fn reset_with_nobody_there_changes_nothing() {
    let barrier = Barrier::new(2);
    barrier.reset();
    assert_eq!(barrier.word.load(Relaxed), FILLING);
}

#[test]
fn a_reset_or_an_abort_between_the_trip_and_a_late_waker_does_not_fail_the_late_one() {
    for end in [Barrier::reset, Barrier::abort] {
        let barrier = Arc::new(Barrier::new(2));
        let late = waiters(&barrier, 1).pop().unwrap();
        until(|| barrier.word.load(Relaxed) & SLEEPERS != 0);
        // The trip without the ring, so the other thread is as late as we like.
        barrier.word.store(tripped(FILLING | 1), SeqCst);
        end(&barrier);
        barrier.ring();
        assert_eq!(late.join().unwrap().unwrap().index(), 0);
        assert_eq!(barrier.word.load(Relaxed) / ROUND, 1);
    }
}

#[test]
fn a_late_waker_goes_though_the_others_are_rounds_ahead() {
    let barrier = Arc::new(Barrier::new(2));
    let late = waiters(&barrier, 1).pop().unwrap();
    until(|| barrier.word.load(Relaxed) & SLEEPERS != 0);
    barrier.word.store(tripped(FILLING | 1), SeqCst);
    for _ in 0..3 {
        let next = waiters(&barrier, 1).pop().unwrap();
        assert!(barrier.wait().unwrap().is_leader());
        assert_eq!(next.join().unwrap().unwrap().index(), 0);
    }
    barrier.ring(); // at last
    assert_eq!(late.join().unwrap().unwrap().index(), 0);
}

#[test]
fn after_the_last_round_number_comes_the_first() {
    let barrier = Arc::new(Barrier::new(2));
    barrier.word.store(FILLING | 0_u64.wrapping_sub(ROUND), SeqCst);
    let first = waiters(&barrier, 1).pop().unwrap();
    assert!(barrier.wait().is_ok());
    assert!(first.join().unwrap().is_ok());
    assert_eq!(barrier.word.load(Relaxed), FILLING);
}

#[test]
fn who_arrives_during_a_reset_waits_at_the_door() {
    let barrier = Arc::new(Barrier::new(2));
    let word = (7 * ROUND) | RESETTING | 1; // one that failed has not left yet
    barrier.word.store(word, SeqCst);
    let early = thread::spawn({
        let barrier = Arc::clone(&barrier);
        move || barrier.wait()
    });
    until(|| barrier.word.load(Relaxed) == word | SLEEPERS);
    assert_eq!(barrier.n_waiting(), 0);
    barrier.update(word, |word| Some(left(word))); // now it has
    until(|| barrier.n_waiting() == 1);
    assert!(barrier.wait().unwrap().is_leader());
    assert_eq!(early.join().unwrap().unwrap().index(), 0);
}

#[test]
fn who_stands_at_the_door_learns_of_an_abort() {
    let barrier = Arc::new(Barrier::new(2));
    barrier.word.store(RESETTING | 1, SeqCst);
    let early = thread::spawn({
        let barrier = Arc::clone(&barrier);
        move || barrier.wait()
    });
    until(|| barrier.word.load(Relaxed) & SLEEPERS != 0);
    barrier.abort();
    assert_eq!(early.join().unwrap(), Err(BrokenBarrierError));
    barrier.reset(); // the thread that failed is still inside …
    assert_eq!(barrier.word.load(Relaxed), RESETTING | 1);
    barrier.update(RESETTING | 1, |word| Some(left(word))); // … until now
    assert_eq!(barrier.word.load(Relaxed), FILLING);
}

#[test]
fn who_waits_too_long_breaks_the_barrier_for_all() {
    let barrier = Arc::new(Barrier::new(3));
    let threads = waiters(&barrier, 1);
    let start = Instant::now();
    assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenBarrierError));
    assert!(start.elapsed() >= SHORT);
    assert!(barrier.is_broken());
    assert!(all_fail(threads));
}

#[test]
fn a_zero_time_out_breaks_the_barrier_unless_this_is_the_last() {
    let barrier = Arc::new(Barrier::new(2));
    let first = waiters(&barrier, 1).pop().unwrap();
    assert!(barrier.wait_timeout(Duration::ZERO).unwrap().is_leader());
    assert!(first.join().unwrap().is_ok());
    assert!(barrier.wait_timeout(Duration::ZERO).is_err());
    assert!(barrier.is_broken());
}

#[test]
fn the_default_time_out_is_for_waits_without_one() {
    let barrier = Barrier::new(2).with_timeout(SHORT);
    let start = Instant::now();
    assert_eq!(barrier.wait(), Err(BrokenBarrierError));
    assert!(start.elapsed() >= SHORT);
}

#[test]
fn the_longest_time_out_overrides_a_default_with_for_ever() {
    let barrier = Arc::new(Barrier::new(2).with_timeout(Duration::ZERO));
    let patient = thread::spawn({
        let barrier = Arc::clone(&barrier);
        move || barrier.wait_timeout(Duration::MAX)
    });
    until(|| barrier.word.load(Relaxed) & SLEEPERS != 0);
    assert!(barrier.wait().unwrap().is_leader(), "the last needs no time");
    assert!(patient.join().unwrap().is_ok());
}

#[test]
fn the_time_stops_when_all_have_come() {
    let outlast = Arc::new(crate::Lock::new(Instant::now()));
    let barrier = Arc::new(Barrier::new(2).with_action({
        let outlast = Arc::clone(&outlast);
        move || until(|| Instant::now() > *outlast.lock())
    }));
    let first = thread::spawn({
        let barrier = Arc::clone(&barrier);
        move || barrier.wait_timeout(SHORT * 4)
    });
    until(|| barrier.n_waiting() == 1 || barrier.is_broken());
    *outlast.lock() = Instant::now() + SHORT * 6;
    // On a slow machine the time may be up before this thread arrives; then both fail, and there is
    // nothing to check.
    let last = barrier.wait();
    assert_eq!(first.join().unwrap().is_ok(), last.is_ok());

    // Without a clock: a thread that wants to leave a full barrier may not.
    let full = Barrier::new(2).with_action(|| {});
    full.word.store(FILLING | 2, SeqCst);
    assert!(!full.leave(FILLING | 2));
    assert_eq!(full.word.load(Relaxed), FILLING | 2);
}

/// Whatever the order of arrivals, timeouts, resets and aborts, every wait returns, and the barrier
/// works afterwards.
#[test]
fn in_a_storm_of_resets_and_aborts_every_wait_returns() {
    const ROUNDS: u64 = if cfg!(miri) { 5 } else { 500 };
    let barrier = Arc::new(Barrier::new(3).with_action(|| {}));
    let storm = Arc::new(Flag::new(true));
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let (barrier, storm) = (Arc::clone(&barrier), Arc::clone(&storm));
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let patience = Duration::from_micros((round * 7 + number) % 100);
                    let _ = barrier.wait_timeout(if number == 0 { FAR } else { patience });
                }
                storm.store(false, SeqCst);
            })
        })
        .collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        // Once a thread is done, the others wait in vain, and an abort must end every wait.
        if storm.load(SeqCst) {
            barrier.reset()
        } else {
            barrier.abort()
        }
        thread::yield_now();
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    barrier.reset();
    assert_eq!(barrier.n_waiting(), 0);
    let threads = waiters(&barrier, 2);
    assert!(barrier.wait().is_ok());
    threads.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_ok()));
}

#[test]
fn zero_parties_and_too_many_panic_and_say_so() {
    let panic = catch_unwind(|| Barrier::new(0)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("zero parties: there must be one or more"), "{message}");
    for parties in [1 << 29, usize::MAX] {
        let panic = catch_unwind(|| Barrier::new(parties)).unwrap_err();
        let message = panic.downcast_ref::<&str>().unwrap();
        assert!(message.contains("at most 536870911"), "{message}");
    }
    assert_eq!(Barrier::new((1 << 29) - 1).parties(), 536_870_911);
}

#[test]
fn debug_never_blocks_and_errors_read_as_a_sentence() {
    let barrier = Barrier::new(2);
    barrier.abort();
    assert_eq!(format!("{barrier:?}"), "Barrier { parties: 2, n_waiting: 0, broken: true }");
    let error: Box<dyn std::error::Error> = Box::new(barrier.wait().unwrap_err());
    assert!(error.to_string().starts_with("the barrier is broken: "), "{error}");
}
