//! The corner cases, each named after what it shows.

mod elsewhere;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
// The tests' own counters are std's, because they are not part of what is explored. They are SeqCst
// throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize as Counter, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::{LazyLock, Once, OnceLock, RUNNING, SLEEPERS};
// Relaxed, wherever a test looks at the word: it looks at the word alone and reads no data that the
// word protects.
use crate::sync::atomic::Ordering::Relaxed;

const SHORT: Duration = Duration::from_millis(5);

fn until_a_thread_sleeps(once: &Once) {
    while once.state.load(Relaxed) & SLEEPERS == 0 {
        thread::yield_now();
    }
}

#[test]
fn of_many_threads_one_does_it_and_the_others_wait_for_it() {
    let (once, times) = (Once::new(), Counter::new(0));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                once.call_once(|| {
                    assert_eq!(times.fetch_add(1, SeqCst), 0);
                });
                assert_eq!(times.load(SeqCst), 1);
            });
        }
    });
    assert!(once.is_completed());
}

#[test]
fn a_panic_leaves_it_to_a_thread_that_sleeps() {
    let (once, began) = (Once::new(), Once::new());
    thread::scope(|s| {
        s.spawn(|| {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                once.call_once(|| {
                    began.call_once(|| {});
                    until_a_thread_sleeps(&once);
                    panic!("half done");
                });
            }));
            assert!(panicked.is_err());
        });
        began.wait();
        let mut done = false;
        once.call_once(|| done = true);
        assert!(done, "this thread slept, and tried with its own closure");
    });
}

#[test]
fn wait_is_not_ended_by_a_closure_that_panics() {
    let once = Once::new();
    thread::scope(|s| {
        let waiter = s.spawn(|| once.wait());
        until_a_thread_sleeps(&once);
        let fails = || once.call_once(|| panic!("half done"));
        assert!(catch_unwind(AssertUnwindSafe(fails)).is_err());
        assert!(!once.is_completed());
        once.call_once(|| {});
        waiter.join().unwrap();
    });
}

#[test]
fn zero_and_past_and_huge_timeouts_are_one_look_or_no_limit() {
    let once = Once::new();
    assert!(!once.wait_timeout(Duration::ZERO) && !once.wait_deadline(Instant::now()));
    let began = Instant::now();
    assert!(!once.wait_timeout(SHORT));
    assert!(began.elapsed() >= SHORT);
    once.call_once(|| assert_eq!(once.state.load(Relaxed) & !SLEEPERS, RUNNING));
    assert!(once.wait_timeout(Duration::MAX));
}

#[test]
fn a_value_is_set_once() {
    let place = OnceLock::new();
    assert_eq!(place.get(), None);
    assert_eq!(place.set(1), Ok(()));
    assert_eq!(place.set(2), Err(2));
    assert_eq!(place.get_or_init(|| 3), &1);
    assert_eq!((place.wait(), place.wait_timeout(SHORT)), (&1, Some(&1)));
    assert_eq!(place.into_inner(), Some(1));
}

#[test]
fn a_value_that_cannot_be_made_leaves_the_place_empty() {
    let place = OnceLock::new();
    assert_eq!(place.get_or_try_init(|| Err("no")), Err("no"));
    assert!(place.get().is_none() && place.wait_timeout(SHORT).is_none());
    assert_eq!(place.get_or_try_init(|| Ok::<_, ()>(5)), Ok(&5));
}

#[test]
fn a_panic_in_the_closure_leaves_the_place_empty() {
    let place = OnceLock::new();
    let fails = || _ = place.get_or_init(|| -> u8 { panic!("no value") });
    assert!(catch_unwind(AssertUnwindSafe(fails)).is_err());
    assert_eq!(place.get_or_init(|| 1), &1);
}

#[test]
fn a_value_is_dropped_once_or_handed_out() {
    let value = Rc::new(());
    let place = OnceLock::from(Rc::clone(&value));
    drop(place);
    assert_eq!(Rc::strong_count(&value), 1);
    let mut place = OnceLock::from(Rc::clone(&value));
    assert!(place.take().is_some() && place.get().is_none());
    assert_eq!(Rc::strong_count(&value), 1);
    drop(OnceLock::<Rc<()>>::new());
}

#[test]
fn a_lazy_value_is_made_when_it_is_looked_at() {
    let times = Counter::new(0);
    let lazy = LazyLock::new(|| times.fetch_add(1, SeqCst) + 10);
    assert_eq!(LazyLock::get(&lazy), None);
    assert_eq!((*lazy, *lazy, LazyLock::get(&lazy)), (10, 10, Some(&10)));
}

#[test]
fn a_lazy_value_whose_closure_panicked_says_so_at_each_look() {
    let lazy = LazyLock::new(|| -> u8 { panic!("no value") });
    for expected in ["no value", "the closure of a lazy lock has panicked"] {
        let panic = catch_unwind(AssertUnwindSafe(|| *lazy)).unwrap_err();
        let message = panic.downcast_ref::<&str>().unwrap();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn debug_never_blocks_and_makes_nothing() {
    let once = Once::new();
    once.call_once(|| assert_eq!(format!("{once:?}"), "Once { completed: false }"));
    assert_eq!(
        format!("{:?} {:?}", OnceLock::<u8>::new(), OnceLock::from(1)),
        "OnceLock(<empty>) OnceLock(1)"
    );
    assert_eq!(format!("{:?}", LazyLock::<u8>::default()), "LazyLock(<empty>)");
}
