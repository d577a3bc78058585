//! The corner cases of CPython 3.13's `queue.py`, and bad input, for every kind of queue.
//!
//! No test here waits for a thread to be asleep, because a queue does not report that: a caller
//! that is not blocked yet when the shutdown comes must get the same result.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use queues::{
    BlockingQueue, GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use tests::{Item, Kind, Ledger, Test, leak, watched};

const FAR: Duration = Duration::from_secs(3600);

type Shared = &'static dyn BlockingQueue<usize>;
type End = fn(Shared);

/// Both ways to end a queue.
const ENDS: [End; 2] = [|queue| queue.shutdown(), |queue| drop(queue.shutdown_now())];

fn for_every_kind(check: impl Fn(&'static Test, Kind)) {
    watched(|test| Kind::ALL.into_iter().for_each(|kind| check(test, kind)));
}

fn shared(kind: Kind, capacity: usize, items: impl IntoIterator<Item = usize>) -> Shared {
    let queue: Shared = Box::leak(kind.make(Some(capacity)));
    items.into_iter().for_each(|item| queue.put(item).unwrap());
    queue
}

/// These items in the order in which the kind gives them.
fn in_order(kind: Kind, items: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut waiting = VecDeque::new();
    items.into_iter().for_each(|item| match kind {
        Kind::Stack => waiting.push_front(item),
        _ => waiting.push_back(item), // they come smallest first
    });
    waiting.into()
}

#[test]
fn capacity_0_is_refused_where_the_queue_is_built() {
    for_every_kind(|_, kind| {
        let refused = catch_unwind(|| kind.make::<usize>(Some(0))).err().expect("a panic");
        let message = *refused.downcast::<&str>().expect("a plain message");
        assert!(message.contains("capacity 0"), "{message}");
    });
}

#[test]
fn a_batch_of_nothing_does_nothing_and_never_waits_full_empty_or_shut_down() {
    for_every_kind(|_, kind| {
        for inside in [0, 1] {
            let queue = shared(kind, 1, 0..inside);
            let mut items = vec![9];
            for is_shut_down in [false, true] {
                assert_eq!(queue.put_many(Vec::new()), Ok(()));
                assert_eq!(queue.try_put_many(Vec::new()), Ok(()));
                assert_eq!(queue.put_many_timeout(Vec::new(), FAR), Ok(()));
                assert_eq!(queue.put_many_deadline(Vec::new(), Instant::now()), Ok(()));
                assert_eq!(queue.get_many(&mut items, 0), Ok(0));
                assert_eq!(queue.try_get_many(&mut items, 0), Ok(0));
                assert_eq!(queue.get_many_timeout(&mut items, 0, FAR), Ok(0));
                assert_eq!(queue.get_many_deadline(&mut items, 0, Instant::now()), Ok(0));
                assert_eq!((queue.len(), queue.is_shutdown()), (inside, is_shut_down));
                queue.shutdown();
            }
            assert_eq!(items, [9], "the buffer is as it was");
        }
    });
}

#[test]
fn a_shutdown_in_the_middle_of_a_batch_gives_back_what_was_not_put() {
    for_every_kind(|test, kind| {
        for end in ENDS {
            let queue = shared(kind, 2, []);
            let putter = test.crew(1, move |_| queue.put_many((0..5).collect()));
            test.until(|| queue.is_full());
            end(queue);
            let Err(PutError::Shutdown(back)) = putter.join().remove(0) else {
                panic!("{kind:?}: there is no room for five")
            };
            assert_eq!(back, [2, 3, 4]);
        }
    });
}

#[test]
fn a_batch_is_appended_to_the_buffer_in_the_order_of_the_kind() {
    for_every_kind(|_, kind| {
        let queue = shared(kind, 8, []);
        queue.put_many((0..5).collect()).unwrap();
        let mut items = vec![9];
        assert_eq!(queue.get_many(&mut items, 3), Ok(3));
        assert_eq!(queue.get_many(&mut items, usize::MAX), Ok(2), "as many as there are");
        assert_eq!(items[0], 9);
        assert_eq!(items[1..], in_order(kind, 0..5));
        assert_eq!(queue.try_get_many(&mut items, 3), Err(TryGetError::Empty));
        assert_eq!(queue.unfinished(), 5);
    });
}

#[test]
fn a_put_after_a_shutdown_gives_the_item_back_in_every_form_full_or_not() {
    for_every_kind(|_, kind| {
        for (end, inside) in [(ENDS[0], 0), (ENDS[0], 1), (ENDS[1], 0), (ENDS[1], 1)] {
            let queue = shared(kind, 1, 0..inside);
            end(queue);
            assert_eq!(queue.put(7), Err(PutError::Shutdown(7)));
            assert_eq!(queue.try_put(7), Err(TryPutError::Shutdown(7)));
            assert_eq!(queue.put_timeout(7, FAR), Err(PutTimeoutError::Shutdown(7)));
            assert_eq!(queue.put_deadline(7, Instant::now()), Err(PutTimeoutError::Shutdown(7)));
        }
    });
}

#[test]
fn after_a_shutdown_what_is_left_is_got_and_then_every_get_fails() {
    for_every_kind(|_, kind| {
        let queue = shared(kind, 4, 0..4);
        queue.shutdown();
        let first = [
            queue.get().unwrap(),
            queue.try_get().unwrap(),
            queue.get_timeout(FAR).unwrap(),
            queue.get_deadline(Instant::now()).unwrap(),
        ];
        assert_eq!(first.as_slice(), in_order(kind, 0..4));
        assert_eq!(queue.get(), Err(GetError::Shutdown));
        assert_eq!(queue.try_get(), Err(TryGetError::Shutdown));
        assert_eq!(queue.get_timeout(FAR), Err(GetTimeoutError::Shutdown));
        assert_eq!(queue.get_deadline(Instant::now()), Err(GetTimeoutError::Shutdown));
    });
}

#[test]
fn shutdown_now_gives_what_is_left_in_the_order_of_get_and_leaves_nothing() {
    for_every_kind(|_, kind| {
        let queue = shared(kind, 4, 0..4);
        let got = queue.get().unwrap();
        let mut all = vec![got];
        all.extend(queue.shutdown_now());
        assert_eq!(all, in_order(kind, 0..4));
        assert_eq!(queue.get(), Err(GetError::Shutdown));
        assert_eq!((queue.len(), queue.unfinished()), (0, 1), "a thread has one in its hands");
        assert_eq!(queue.shutdown_now(), [], "a second one finds nothing");
    });
}

#[test]
fn either_shutdown_wakes_blocked_putters_and_gives_each_its_item_back() {
    for_every_kind(|test, kind| {
        for end in ENDS {
            let queue = shared(kind, 1, [0]);
            let putters = test.crew(3, move |putter| match putter {
                0 => queue.put(7).unwrap_err().into_inner(),
                1 => queue.put_timeout(8, FAR).unwrap_err().into_inner(),
                _ => queue.put_deadline(9, Instant::now() + FAR).unwrap_err().into_inner(),
            });
            (0..20).for_each(|_| thread::yield_now());
            end(queue);
            assert_eq!(putters.join(), [7, 8, 9]);
        }
    });
}

#[test]
fn either_shutdown_wakes_blocked_getters() {
    for_every_kind(|test, kind| {
        for end in ENDS {
            let queue = shared(kind, 1, []);
            let getters = test.crew(3, move |getter| match getter {
                0 => queue.get().is_err(),
                1 => queue.get_timeout(FAR) == Err(GetTimeoutError::Shutdown),
                _ => queue.get_deadline(Instant::now() + FAR) == Err(GetTimeoutError::Shutdown),
            });
            (0..20).for_each(|_| thread::yield_now());
            end(queue);
            assert_eq!(getters.join(), [true; 3]);
        }
    });
}

#[test]
fn join_waits_for_what_is_in_somebodys_hands_through_either_shutdown() {
    for_every_kind(|test, kind| {
        for end in ENDS {
            let queue = shared(kind, 2, [0, 1]);
            queue.get().unwrap();
            let joiner = test.crew(1, move |_| {
                queue.join();
                queue.unfinished()
            });
            end(queue);
            assert!(!queue.join_timeout(Duration::ZERO), "one was got and is not done");
            while queue.get().is_ok() {
                queue.task_done().unwrap(); // what a shutdown leaves must be worked on
            }
            assert!(!queue.join_timeout(Duration::ZERO));
            queue.task_done().unwrap();
            assert_eq!(joiner.join(), [0]);
        }
    });
}

#[test]
fn task_done_too_often_is_an_error_and_changes_nothing() {
    for_every_kind(|_, kind| {
        let queue = shared(kind, 2, []);
        let refused = queue.task_done().unwrap_err().to_string();
        assert!(refused.contains("task_done"), "{refused}");
        queue.put(0).unwrap();
        assert_eq!(queue.unfinished(), 1);
        queue.task_done().unwrap();
        assert!(queue.task_done().is_err());
        queue.put(1).unwrap();
        assert_eq!(queue.unfinished(), 1);
    });
}

/// An item that uses its queue while it is dropped: under the queue's lock, that would never
/// return.
struct Nosy(usize, &'static OnceLock<Box<dyn BlockingQueue<Nosy>>>, #[expect(dead_code)] Item);

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(self.1.get().is_none_or(|queue| queue.len() < 10));
    }
}

/// An item whose drop panics, every second one.
struct Bomb(usize, #[expect(dead_code)] Item);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 % 2 == 1 && !thread::panicking() {
            resume_unwind(Box::new("bang")); // as a panic, but says nothing
        }
    }
}

/// Compares items by their first field.
macro_rules! ordered {
    ($($item:ty),*) => {$(
        impl Ord for $item {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.cmp(&other.0)
            }
        }
        impl PartialOrd for $item {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Eq for $item {}
        impl PartialEq for $item {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
    )*};
}
ordered!(Nosy, Bomb);

#[test]
fn items_that_are_refused_got_or_discarded_are_dropped_once_and_outside_the_lock() {
    for_every_kind(|_, kind| {
        let ledger = Ledger::new(1, 6);
        let queue = leak(OnceLock::new());
        let nosy = |number| Nosy(number, queue, ledger.item(0, number));
        let inside = queue.get_or_init(|| kind.make::<Nosy>(Some(3)));
        (0..3).for_each(|number| assert!(inside.put(nosy(number)).is_ok()));
        drop(inside.try_put(nosy(3)));
        drop(inside.get());
        assert!(inside.put(nosy(4)).is_ok());
        drop(inside.shutdown_now());
        drop(inside.put(nosy(5)));
        assert_eq!(ledger.close(), (0, 6), "all were dropped, once");
    });
}

#[test]
fn a_drop_that_panics_keeps_no_other_item_from_being_dropped_once() {
    for_every_kind(|_, kind| {
        let ledger = Ledger::new(1, 8);
        let queue = kind.make::<Bomb>(Some(8));
        let bomb = |number| Bomb(number, ledger.item(0, number));
        (0..4).for_each(|number| assert!(queue.put(bomb(number)).is_ok()));
        for _ in 0..2 {
            _ = catch_unwind(AssertUnwindSafe(|| drop(queue.get())));
        }
        (4..8).for_each(|number| assert!(queue.put(bomb(number)).is_ok()));
        assert_eq!(queue.len(), 6, "as good as before");
        _ = catch_unwind(AssertUnwindSafe(|| drop(queue)));
        assert_eq!(ledger.close(), (0, 8), "all were dropped, once");
    });
}
