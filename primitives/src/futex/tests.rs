//! The promises of both real back ends (`cargo test -p locksmith-primitives`, again with
//! `--features portable`).

use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Wait, deadline_after, wait, wake_all, wake_one};
use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};

const FAR: Duration = Duration::from_secs(3600);

#[test]
fn a_word_that_has_changed_is_not_waited_for() {
    let word = AtomicU32::new(1);
    assert_eq!(wait(&word, 0, None), Wait::Woken);
    assert_eq!(wait(&word, 0, deadline_after(FAR)), Wait::Woken);
}

#[test]
fn a_past_deadline_is_one_look() {
    let word = AtomicU32::new(0);
    assert_eq!(wait(&word, 0, Some(Instant::now())), Wait::TimedOut);
    assert_eq!(wait(&word, 1, Some(Instant::now())), Wait::Woken);
}

#[test]
fn a_time_out_is_never_early() {
    let word = AtomicU32::new(0);
    for milliseconds in [0, 1, 5, 20] {
        let deadline = Instant::now() + Duration::from_millis(milliseconds);
        while wait(&word, 0, Some(deadline)) != Wait::TimedOut {}
        assert!(Instant::now() >= deadline);
    }
}

#[test]
fn a_time_out_too_long_for_the_clock_means_for_ever() {
    assert_eq!(deadline_after(Duration::MAX), None);
    // The clock's longest time exceeds the kernel's: no panic, no early return.
    let mut longest = Duration::from_secs(1);
    while let Some(twice) = longest.checked_mul(2)
        && Instant::now().checked_add(twice).is_some()
    {
        longest = twice;
    }
    let word = AtomicU32::new(1);
    assert_eq!(wait(&word, 0, deadline_after(longest)), Wait::Woken);
}

#[test]
fn waking_nobody_says_so_and_never_touches_the_memory() {
    assert!(!wake_one(ptr::without_provenance(4096)));
    wake_all(ptr::without_provenance(4096));
}

#[test]
fn wake_one_wakes_at_most_one_and_wake_all_the_rest() {
    const SLEEPERS: usize = 4;
    let word = Arc::new(AtomicU32::new(0));
    let awake = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..SLEEPERS)
        .map(|_| {
            let (word, awake) = (Arc::clone(&word), Arc::clone(&awake));
            thread::spawn(move || {
                // The word never changes here, so a return means a wake-up.
                assert_eq!(wait(&word, 0, None), Wait::Woken);
                awake.fetch_add(1, SeqCst);
            })
        })
        .collect();
    // Once per sleeper: `true` says that one did sleep and was woken.
    for woken in 1..SLEEPERS {
        while !wake_one(Arc::as_ptr(&word)) {
            thread::yield_now();
        }
        while awake.load(SeqCst) < woken {
            thread::yield_now();
        }
        assert_eq!(awake.load(SeqCst), woken, "a wake of one woke more");
    }
    while awake.load(SeqCst) < SLEEPERS {
        wake_all(Arc::as_ptr(&word));
        thread::yield_now();
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_waiter_that_timed_out_used_up_no_wake_up() {
    let words = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let sleeper = thread::spawn({
        let words = Arc::clone(&words);
        move || while wait(&words[0], 0, None) == Wait::Woken && words[0].load(SeqCst) == 0 {}
    });
    for _ in 0..100 {
        assert_eq!(wait(&words[0], 0, Some(Instant::now())), Wait::TimedOut);
    }
    words[0].store(1, SeqCst);
    wake_one(&raw const words[0]);
    sleeper.join().unwrap();
}
