//! One thread, many threads, and what is left at the end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::{ONE_PUSH, TreiberStack};

#[test]
fn items_come_out_last_first_and_a_full_stack_gives_them_back() {
    let stack = TreiberStack::bounded(3);
    for _ in 0..3 {
        assert!(stack.is_empty());
        assert_eq!([0, 1, 2].map(|item| stack.try_push(item)), [Ok(()); 3]);
        assert_eq!(stack.try_push(3), Err(3));
        assert_eq!([(); 4].map(|()| stack.try_pop()), [Some(2), Some(1), Some(0), None]);
    }
    assert_eq!(stack.capacity(), 3);
}

#[test]
#[should_panic(expected = "a stack of capacity 0 could never take an item: use at least 1")]
fn capacity_0_is_refused_and_the_message_says_what_to_use() {
    let _ = TreiberStack::<u8>::bounded(0);
}

#[test]
#[should_panic(expected = "a stack of capacity 65536 is too large: use at most 65535")]
fn more_places_than_indices_are_refused() {
    let _ = TreiberStack::<u8>::bounded(65_536);
}

#[test]
fn every_index_is_a_place() {
    let stack = TreiberStack::bounded(65_535);
    (0..65_535).for_each(|item| stack.try_push(item).unwrap());
    assert_eq!(stack.try_push(65_535), Err(65_535));
    assert!((0..65_535).rev().all(|item| stack.try_pop() == Some(item)));
    assert!(stack.is_empty());
}

#[test]
fn the_tag_counts_pushes() {
    let stack = TreiberStack::bounded(2);
    for round in 0..3 {
        let before = stack.items.word.load(Relaxed);
        stack.try_push(round).unwrap();
        assert_eq!(stack.try_pop(), Some(round));
        let after = stack.items.word.load(Relaxed);
        assert_eq!(after, before + ONE_PUSH, "the same top, another word");
    }
}

#[test]
fn no_tag_is_used_twice() {
    let stack = TreiberStack::bounded(2);
    // One push before the last tag.
    stack.items.word.fetch_add(u64::MAX / ONE_PUSH * ONE_PUSH - ONE_PUSH, Relaxed);
    stack.try_push("the last").unwrap();
    let worn_out = catch_unwind(AssertUnwindSafe(|| stack.try_push("one more")));
    let message = *worn_out.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "a stack of 281474976710655 pushes is worn out: make a new one");
    assert_eq!([stack.try_pop(), stack.try_pop()], [Some("the last"), None]);
}

#[test]
fn what_several_threads_push_is_popped_once() {
    const EACH: usize = if cfg!(miri) { 20 } else { 2000 };
    let stack = TreiberStack::bounded(5);
    let times: Vec<_> = (0..2 * EACH).map(|_| AtomicUsize::new(0)).collect();
    let left = AtomicUsize::new(2 * EACH);
    thread::scope(|s| {
        for thread in 0..2 {
            let stack = &stack;
            s.spawn(move || {
                for number in 0..EACH {
                    while stack.try_push(thread * EACH + number).is_err() {
                        thread::yield_now();
                    }
                }
            });
            s.spawn(|| {
                while left.load(Relaxed) > 0 {
                    match stack.try_pop() {
                        Some(item) => {
                            times[item].fetch_add(1, Relaxed);
                            left.fetch_sub(1, Relaxed);
                        }
                        None => thread::yield_now(),
                    }
                }
            });
        }
    });
    assert!(times.into_iter().all(|times| times.into_inner() == 1));
    assert!(stack.is_empty());
}

#[test]
fn what_is_left_is_dropped_once_even_if_a_drop_panics() {
    struct Item<'a>(&'a AtomicUsize, bool);
    impl Drop for Item<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
            assert!(!self.1, "told to");
        }
    }
    let drops = AtomicUsize::new(0);
    let stack = TreiberStack::bounded(4);
    for panics in [false, true, false] {
        stack.try_push(Item(&drops, panics)).ok().unwrap();
    }
    drop(stack.try_pop());
    assert_eq!(drops.load(Relaxed), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(stack))).is_err());
    assert_eq!(drops.load(Relaxed), 3);
}
