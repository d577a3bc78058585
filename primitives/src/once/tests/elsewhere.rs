//! The cases that std tests of the same calls, where no test beside this had them.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Counter, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;

use crate::{LazyLock, Once, OnceLock};

/// Counts its drops.
struct Dropped(Arc<Counter>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_the_closure_wrote_is_seen_by_each_thread_that_has_called() {
    static ONCE: Once = Once::new();
    static TIMES: Counter = Counter::new(0);
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..4 {
                    thread::yield_now();
                    ONCE.call_once(|| _ = TIMES.fetch_add(1, SeqCst));
                    assert!(ONCE.is_completed() && TIMES.load(SeqCst) == 1);
                }
            });
        }
    });
}

#[test]
fn a_closure_may_use_another_once() {
    let (outer, inner, times) = (Once::new(), Once::new(), Cell::new(0));
    outer.call_once(|| {
        inner.call_once(|| times.set(times.get() + 1));
        inner.call_once(|| unreachable!("it is done"));
    });
    assert!(outer.is_completed() && inner.is_completed() && times.get() == 1);
}

#[test]
fn one_panic_after_the_other_and_then_it_is_done() {
    let once = Once::new();
    for _ in 0..3 {
        let panics = AssertUnwindSafe(|| once.call_once(|| panic!("on purpose")));
        assert!(catch_unwind(panics).is_err() && !once.is_completed());
    }
    let mut done = false;
    once.call_once(|| done = true);
    assert!(done && once.is_completed());
}

#[test]
fn the_loser_of_two_closures_is_dropped_and_not_called() {
    let drops = Arc::new(Counter::new(0));
    let once = Once::new();
    once.call_once(|| ());
    let captured = Dropped(Arc::clone(&drops));
    once.call_once(move || {
        drop(captured);
        unreachable!("it is done");
    });
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn an_empty_place_drops_nothing_and_a_full_one_its_value_in_whatever_thread() {
    drop(OnceLock::<Dropped>::new());
    let drops = Arc::new(Counter::new(0));
    let place = OnceLock::new();
    assert!(place.set(Dropped(Arc::clone(&drops))).is_ok());
    let refused = place.set(Dropped(Arc::clone(&drops))).expect_err("it is full");
    assert_eq!(drops.load(SeqCst), 0);
    drop(refused);
    thread::spawn(move || drop(place)).join().unwrap();
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn of_many_values_that_are_made_at_once_one_is_kept_and_none_is_made_in_vain() {
    for _ in 0..if cfg!(miri) { 3 } else { 50 } {
        let (place, made) = (OnceLock::new(), Counter::new(0));
        let seen = thread::scope(|s| {
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let (place, made) = (&place, &made);
                    s.spawn(move || {
                        let make = || {
                            made.fetch_add(1, SeqCst);
                            Box::new(number)
                        };
                        &raw const **place.get_or_init(make) as usize
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(made.into_inner(), 1);
        assert!(seen.iter().all(|address| *address == seen[0]), "all see the same");
    }
}

#[test]
fn an_error_and_a_panic_leave_it_empty_and_the_next_value_is_kept() {
    let place = OnceLock::new();
    let panics = || place.get_or_try_init(|| -> Result<u32, ()> { panic!("on purpose") }).is_ok();
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(place.get_or_try_init(|| Err("no")), Err("no"));
    assert_eq!(place.get(), None);
    assert_eq!(place.get_or_try_init(|| Ok::<_, ()>(5)), Ok(&5));
    assert_eq!(place.get_or_try_init(|| Err("too late")), Ok(&5));
    assert_eq!(place.set(6), Err(6));
}

#[test]
fn a_place_that_was_emptied_is_as_new() {
    let mut place = OnceLock::from("first");
    *place.get_mut().unwrap() = "changed";
    assert_eq!(place.take(), Some("changed"));
    assert_eq!((place.take(), place.get_mut()), (None, None));
    assert_eq!(place.get_or_init(|| "second"), &"second");
    assert_eq!(place.into_inner(), Some("second"));
    assert_eq!(OnceLock::<u8>::default().into_inner(), None);
}

#[test]
fn a_copy_and_a_comparison_are_of_the_value() {
    let (full, empty) = (OnceLock::from(vec![1]), OnceLock::<Vec<u32>>::new());
    assert_eq!(full.clone(), full);
    assert_eq!(empty.clone(), empty);
    assert_ne!(full, empty);
    let copy = full.clone();
    copy.get_or_init(|| unreachable!("the copy has the value"));
    assert_eq!(OnceLock::from(vec![2]).clone().get(), Some(&vec![2]));
}

#[test]
fn a_value_in_a_static_is_made_by_the_thread_that_asks_first() {
    static PLACE: OnceLock<String> = OnceLock::new();
    let (send, made) = mpsc::channel();
    let first = thread::spawn(move || {
        let value = PLACE.get_or_init(|| {
            send.send(()).unwrap();
            "made".to_owned()
        });
        value.as_ptr() as usize
    });
    made.recv().unwrap();
    assert_eq!(PLACE.wait(), "made");
    assert_eq!(PLACE.get().unwrap().as_ptr() as usize, first.join().unwrap());
}

#[test]
fn a_lazy_value_in_a_static_is_made_once_for_all_threads() {
    static MADE: Counter = Counter::new(0);
    static LAZY: LazyLock<Vec<u32>> = LazyLock::new(|| {
        MADE.fetch_add(1, SeqCst);
        vec![1, 2, 3]
    });
    assert!(LazyLock::get(&LAZY).is_none());
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| assert_eq!(LAZY.len(), 3));
        }
    });
    assert_eq!(MADE.load(SeqCst), 1);
    assert!(std::ptr::eq(LazyLock::force(&LAZY), &raw const *LAZY));
}

#[test]
fn a_lazy_value_that_was_not_looked_at_drops_its_closure_and_one_that_was_its_value() {
    let drops = Arc::new(Counter::new(0));
    let captured = Dropped(Arc::clone(&drops));
    drop(LazyLock::new(move || captured));
    assert_eq!(drops.load(SeqCst), 1, "the closure, with what it had captured");
    let captured = Dropped(Arc::clone(&drops));
    let lazy = LazyLock::new(move || captured);
    LazyLock::force(&lazy);
    assert_eq!(drops.load(SeqCst), 1);
    drop(lazy);
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn a_lazy_value_is_the_default_of_its_type_and_its_closure_may_borrow() {
    assert_eq!(*LazyLock::<String>::default(), "");
    let text = String::from("borrowed");
    let lazy = LazyLock::new(|| text.len());
    assert_eq!(*lazy, 8);
}

#[test]
fn a_lazy_value_that_other_threads_wait_for_and_whose_closure_panics_is_lost_to_all() {
    let lazy = LazyLock::<u32, _>::new(|| panic!("on purpose"));
    let lost = thread::scope(|s| {
        let threads: Vec<_> =
            (0..4).map(|_| s.spawn(|| catch_unwind(AssertUnwindSafe(|| *lazy)).is_err())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(lost, [true; 4]);
}
