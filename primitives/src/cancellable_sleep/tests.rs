//! The corner cases, each named after what it shows.

use std::sync::Arc;
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::CancellableSleep;
use crate::park::deadline_after;

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

#[test]
fn it_fires_at_the_deadline_and_never_before() {
    let sleep = CancellableSleep::new();
    let start = Instant::now();
    assert!(sleep.wait(deadline_after(SHORT)));
    assert!(start.elapsed() >= SHORT);
    assert!(sleep.has_fired() && !sleep.is_cancelled());
}

#[test]
fn a_past_deadline_fires_at_once() {
    assert!(CancellableSleep::new().wait(Some(Instant::now())));
}

#[test]
fn cancelled_before_the_wait_it_never_fires_even_if_its_time_has_come() {
    let sleep = CancellableSleep::new();
    assert!(sleep.cancel());
    assert!(!sleep.wait(Some(Instant::now())));
    assert!(!sleep.wait(None));
    assert!(sleep.is_cancelled() && !sleep.has_fired());
}

#[test]
fn a_second_cancel_and_one_that_is_too_late_say_so() {
    let sleep = CancellableSleep::new();
    assert!(sleep.cancel());
    assert!(!sleep.cancel());
    let sleep = CancellableSleep::new();
    assert!(sleep.wait(Some(Instant::now())));
    assert!(!sleep.cancel());
    assert!(sleep.has_fired(), "a cancel that is too late changes nothing");
}

#[test]
fn cancel_wakes_every_sleeper_at_once() {
    let sleep = Arc::new(CancellableSleep::new());
    let sleepers: Vec<_> = [deadline_after(FAR), deadline_after(Duration::MAX), None]
        .into_iter()
        .map(|deadline| {
            let sleep = Arc::clone(&sleep);
            thread::spawn(move || sleep.wait(deadline))
        })
        .collect();
    // Whether they already sleep must not matter.
    assert!(sleep.cancel());
    for sleeper in sleepers {
        assert!(!sleeper.join().unwrap());
    }
}

#[test]
fn whoever_waits_without_a_deadline_is_back_when_another_makes_it_fire() {
    let sleep = Arc::new(CancellableSleep::new());
    let deadline = deadline_after(SHORT);
    let waiters: Vec<_> = [None, deadline_after(FAR), deadline]
        .into_iter()
        .map(|deadline| {
            let sleep = Arc::clone(&sleep);
            thread::spawn(move || sleep.wait(deadline))
        })
        .collect();
    let fired: Vec<_> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
    assert_eq!(fired, [false, false, true]);
}

#[test]
fn of_many_waiters_one_makes_it_fire() {
    let sleep = Arc::new(CancellableSleep::new());
    let deadline = deadline_after(SHORT);
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let sleep = Arc::clone(&sleep);
            thread::spawn(move || sleep.wait(deadline))
        })
        .collect();
    let fired = waiters.into_iter().map(|waiter| waiter.join().unwrap());
    assert_eq!(fired.filter(|&fired| fired).count(), 1);
}

/// Two threads go through the same sleeps, so that they meet in the middle of each hundred: one
/// fires them from the first to the last, the other cancels them from the last to the first. (A new
/// thread for each race would spend its time on starting, and would hardly race.)
#[test]
fn fire_and_cancel_exclude_each_other_in_a_hundred_thousand_races() {
    const ROUNDS: usize = if cfg!(miri) { 1 } else { 1_000 };
    const RACES: usize = if cfg!(miri) { 10 } else { 100 };

    struct Course {
        rounds: Vec<[CancellableSleep; RACES]>,
        arrived: AtomicUsize,
    }
    impl Course {
        fn meet(&self, round: usize) {
            self.arrived.fetch_add(1, SeqCst);
            while self.arrived.load(SeqCst) < 2 * (round + 1) {
                thread::yield_now();
            }
        }
    }

    let course = Arc::new(Course {
        rounds: (0..ROUNDS).map(|_| [const { CancellableSleep::new() }; RACES]).collect(),
        arrived: AtomicUsize::new(0),
    });
    let canceller = thread::spawn({
        let course = Arc::clone(&course);
        move || {
            let mut cancelled = vec![[false; RACES]; ROUNDS];
            for (round, (cancelled, races)) in cancelled.iter_mut().zip(&course.rounds).enumerate()
            {
                course.meet(round);
                for (cancelled, sleep) in cancelled.iter_mut().zip(races).rev() {
                    *cancelled = sleep.cancel();
                }
            }
            cancelled
        }
    });
    let mut fired = vec![[false; RACES]; ROUNDS];
    for (round, (fired, races)) in fired.iter_mut().zip(&course.rounds).enumerate() {
        course.meet(round);
        for (fired, sleep) in fired.iter_mut().zip(races) {
            *fired = sleep.fire();
        }
    }
    let cancelled = canceller.join().unwrap();
    for (round, races) in course.rounds.iter().enumerate() {
        for (race, sleep) in races.iter().enumerate() {
            let (fired, cancelled) = (fired[round][race], cancelled[round][race]);
            assert_ne!(fired, cancelled, "round {round}, race {race}: exactly one wins");
            assert_eq!((fired, cancelled), (sleep.has_fired(), sleep.is_cancelled()));
        }
    }
}

/// The same with real sleeps, whose deadlines come just when they are cancelled.
#[test]
fn a_sleep_that_is_cancelled_at_its_deadline_ends_one_way_or_the_other() {
    for round in 0..if cfg!(miri) { 5 } else { 500 } {
        let sleep = Arc::new(CancellableSleep::new());
        let deadline = Instant::now() + Duration::from_micros(50 + round);
        let canceller = thread::spawn({
            let sleep = Arc::clone(&sleep);
            move || {
                while Instant::now() < deadline {
                    std::hint::spin_loop();
                }
                sleep.cancel()
            }
        });
        let fired = sleep.wait(Some(deadline));
        assert_ne!(fired, canceller.join().unwrap());
    }
}

#[test]
fn debug_says_how_it_stands() {
    let sleep = CancellableSleep::default();
    assert_eq!(format!("{sleep:?}"), "CancellableSleep { state: waiting }");
    sleep.cancel();
    assert_eq!(format!("{sleep:?}"), "CancellableSleep { state: cancelled }");
    let sleep = CancellableSleep::new();
    sleep.wait(Some(Instant::now()));
    assert_eq!(format!("{sleep:?}"), "CancellableSleep { state: fired }");
}

#[test]
fn a_cancellable_sleep_is_a_word_and_may_be_a_static() {
    static GLOBAL: CancellableSleep = CancellableSleep::new();
    assert!(GLOBAL.cancel());
    assert_eq!(size_of::<CancellableSleep>(), 4);
}
