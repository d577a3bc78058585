//! The corner cases, each named after what it shows.

use std::sync::Arc;
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize as Counter, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::{Event, GENERATION, SET, SLEEPERS};
use crate::Lock;
use crate::sync::atomic::Ordering::Relaxed;

const FAR: Duration = Duration::from_secs(3600);

/// Returns once some thread is about to sleep, or sleeps.
fn until_somebody_sleeps(event: &Event) {
    while event.word.load(Relaxed) & SLEEPERS == 0 {
        thread::yield_now();
    }
}

#[test]
fn set_and_clear_are_seen_by_everybody() {
    let event = Event::new();
    assert!(!event.is_set());
    event.set();
    thread::scope(|s| {
        s.spawn(|| assert!(event.is_set()));
    });
    event.clear();
    assert!(!event.is_set());
}

#[test]
fn nobody_waits_for_an_event_that_is_set() {
    let event = Event::new();
    event.set();
    event.wait();
    assert!(event.wait_timeout(Duration::ZERO));
    assert!(event.wait_timeout(Duration::MAX));
    assert!(event.wait_deadline(Instant::now()));
    assert!(event.is_set(), "to wait does not clear it");
}

#[test]
fn one_set_lets_everybody_go() {
    let event = Arc::new(Event::new());
    let passed = Arc::new(Counter::new(0));
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let (event, passed) = (Arc::clone(&event), Arc::clone(&passed));
            thread::spawn(move || {
                event.wait();
                passed.fetch_add(1, SeqCst);
            })
        })
        .collect();
    until_somebody_sleeps(&event);
    assert_eq!(passed.load(SeqCst), 0);
    event.set();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(passed.load(SeqCst), 6);
}

/// The bug of a one-bit event: the waiter wakes up, finds it clear and sleeps on.
#[test]
fn a_waiter_that_set_reached_returns_though_clear_follows_at_once() {
    for timeout in [FAR, Duration::MAX] {
        for _ in 0..if cfg!(miri) { 2 } else { 100 } {
            let event = Arc::new(Event::new());
            let waiter = thread::spawn({
                let event = Arc::clone(&event);
                move || event.wait_timeout(timeout)
            });
            until_somebody_sleeps(&event);
            event.set();
            event.clear();
            assert!(waiter.join().unwrap());
            assert!(!event.is_set());
        }
    }
}

#[test]
fn a_second_set_and_a_second_clear_change_nothing() {
    let event = Event::new();
    event.clear();
    assert_eq!(event.word.load(Relaxed), 0);
    event.set();
    event.set();
    assert_eq!(event.word.load(Relaxed), GENERATION | SET);
    event.clear();
    event.clear();
    assert_eq!(event.word.load(Relaxed), GENERATION);
}

#[test]
fn a_clear_while_threads_sleep_keeps_their_note() {
    let event = Arc::new(Event::new());
    let waiter = thread::spawn({
        let event = Arc::clone(&event);
        move || event.wait()
    });
    until_somebody_sleeps(&event);
    event.clear(); // of an event that is not set
    event.set();
    waiter.join().unwrap();
}

#[test]
fn a_zero_time_out_is_one_look_and_leaves_no_note() {
    let event = Event::new();
    assert!(!event.wait_timeout(Duration::ZERO));
    assert_eq!(event.word.load(Relaxed), 0);
}

#[test]
fn a_past_deadline_is_one_look() {
    let event = Event::new();
    assert!(!event.wait_deadline(Instant::now()));
    event.set();
    assert!(event.wait_deadline(Instant::now()), "a waiter that gave up harmed the event");
}

#[test]
fn a_time_out_is_never_early() {
    let event = Event::new();
    let (start, timeout) = (Instant::now(), Duration::from_millis(10));
    assert!(!event.wait_timeout(timeout));
    assert!(start.elapsed() >= timeout);
}

#[test]
fn the_last_generation_is_followed_by_the_first() {
    let event = Arc::new(Event::new());
    event.word.store(0_u32.wrapping_sub(GENERATION), Relaxed);
    let waiter = thread::spawn({
        let event = Arc::clone(&event);
        move || event.wait_timeout(FAR)
    });
    until_somebody_sleeps(&event);
    event.set();
    assert_eq!(event.word.load(Relaxed), SET);
    assert!(waiter.join().unwrap());
}

/// The use that the module's page describes: the worker clears, then looks under the lock.
#[test]
fn data_under_a_lock_is_never_overlooked() {
    const ITEMS: u32 = if cfg!(miri) { 10 } else { 2_000 };
    let shared = Arc::new((Lock::new(0), Event::new()));
    let makers: Vec<_> = (0..2)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for _ in 0..ITEMS {
                    *shared.0.lock() += 1;
                    shared.1.set();
                }
            })
        })
        .collect();
    let (items, event) = &*shared;
    let mut taken = 0;
    while taken < 2 * ITEMS {
        event.wait(); // an item that was overlooked would leave us here
        event.clear();
        taken += std::mem::take(&mut *items.lock());
    }
    makers.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn timed_waiters_that_leave_never_strand_a_sleeper() {
    const ROUNDS: u64 = if cfg!(miri) { 10 } else { 1_000 };
    let (ping, pong) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let echo = thread::spawn({
        let (ping, pong) = (Arc::clone(&ping), Arc::clone(&pong));
        move || {
            for _ in 0..ROUNDS {
                ping.wait();
                ping.clear();
                pong.set();
            }
        }
    });
    for round in 0..ROUNDS {
        ping.set();
        while !pong.wait_timeout(Duration::from_micros(round % 40)) {}
        pong.clear();
    }
    echo.join().unwrap();
}

#[test]
fn debug_never_blocks_and_says_whether_it_is_set() {
    let event = Event::default();
    assert_eq!(format!("{event:?}"), "Event { set: false }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { set: true }");
}

#[test]
fn made_in_a_constant_and_costs_a_word() {
    static GLOBAL: Event = Event::new();
    GLOBAL.set();
    assert!(GLOBAL.is_set());
    #[cfg(not(feature = "deadlock-detection"))] // with it there is a name, too
    assert_eq!(size_of::<Event>(), 4);
}
