//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::{Latch, SLEEPERS};
// Relaxed, wherever a test looks at the word: it looks at the word alone and reads no data that the
// word protects.
use crate::sync::atomic::Ordering::Relaxed;

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_latch_of_zero_is_open() {
    let latch = Latch::new(0);
    assert!(latch.is_open() && latch.wait_timeout(Duration::ZERO));
    latch.wait();
}

#[test]
fn the_last_count_wakes_all_that_sleep() {
    let latch = Latch::new(2);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| latch.wait());
        }
        while latch.word.load(Relaxed) & SLEEPERS == 0 {
            thread::yield_now();
        }
        latch.count_down();
        assert_eq!(latch.count(), 1);
        latch.count_down();
    });
    assert_eq!(latch.word.load(Relaxed), 0, "no note is left");
}

#[test]
fn a_count_below_zero_is_refused_and_changes_nothing() {
    let latch = Latch::new(2);
    let too_many = catch_unwind(AssertUnwindSafe(|| latch.count_down_by(3))).unwrap_err();
    let message = too_many.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("counted 3 down on a latch whose count is 2"), "{message}");
    latch.count_down_by(0);
    assert_eq!(latch.count(), 2);
    latch.count_down_by(2);
    assert!(catch_unwind(AssertUnwindSafe(|| latch.count_down())).is_err());
    assert!(latch.is_open());
}

#[test]
fn too_large_a_count_is_refused() {
    assert_eq!(Latch::new(Latch::MAX_COUNT).count(), Latch::MAX_COUNT);
    assert!(catch_unwind(|| Latch::new(Latch::MAX_COUNT + 1)).is_err());
}

#[test]
fn zero_and_past_and_huge_timeouts_are_one_look_or_no_limit() {
    let latch = Latch::new(1);
    assert!(!latch.wait_timeout(Duration::ZERO));
    assert!(!latch.wait_deadline(Instant::now()));
    let began = Instant::now();
    assert!(!latch.wait_timeout(SHORT));
    assert!(began.elapsed() >= SHORT);
    thread::scope(|s| {
        s.spawn(|| assert!(latch.wait_timeout(Duration::MAX)));
        latch.count_down();
    });
}

#[test]
fn all_that_arrive_and_wait_go_on_together() {
    let latch = Latch::new(3);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                latch.arrive_and_wait();
                assert!(latch.is_open());
            });
        }
    });
}

#[test]
fn debug_says_the_count() {
    assert_eq!(format!("{:?}", Latch::new(3)), "Latch { count: 3 }");
}
