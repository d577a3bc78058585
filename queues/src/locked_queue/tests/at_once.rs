//! Calls on what is there: `drain`, `try_iter`, `into_iter`, `peek`, `force_put`.

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{FAR, full};
use crate::{PriorityQueue, PutError, Queue, Ring, Stack, TryGetError};

#[test]
fn drain_takes_all_and_leaves_the_queue_open() {
    let queue = Queue::bounded(2);
    assert_eq!(queue.drain(), []);
    queue.put_many(vec![1, 2]).unwrap();
    assert_eq!(queue.drain(), [1, 2]);
    queue.put(3).unwrap();
    assert_eq!(queue.unfinished(), 3, "each is due for a `task_done`");
    queue.shutdown();
    assert_eq!(queue.drain(), [3]);
    assert_eq!(queue.drain(), [], "shut down and empty");
    let ring = Ring::bounded(2);
    ring.put_many(vec![1, 2]).unwrap();
    assert_eq!(ring.drain(), [1, 2]);
    assert_eq!((ring.try_get(), ring.unfinished()), (Err(TryGetError::Empty), 2));
}

#[test]
fn drain_lets_every_putter_in_that_has_waited_for_room() {
    let queue = full(0);
    let putters = [1, 2].map(|item| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || queue.put_timeout(item, FAR).unwrap())
    });
    let mut items = Vec::new();
    while items.len() < 3 {
        items.extend(queue.drain());
        thread::yield_now();
    }
    for putter in putters {
        putter.join().unwrap();
    }
    items.sort_unstable();
    assert_eq!(items, [0, 1, 2]);
}

#[test]
fn try_iter_ends_when_the_queue_is_empty_and_goes_on_with_what_comes() {
    let queue = Queue::unbounded();
    queue.put_many(vec![1, 2]).unwrap();
    let mut items = queue.try_iter();
    assert_eq!(items.by_ref().collect::<Vec<_>>(), [1, 2]);
    queue.put(3).unwrap();
    assert_eq!((items.next(), items.next()), (Some(3), None));
    let ring = Ring::bounded(1);
    ring.put('a').unwrap();
    assert_eq!(ring.try_iter().collect::<String>(), "a");
}

#[test]
fn a_queue_given_away_returns_its_items_in_order_and_drops_the_rest() {
    let token = Arc::new(());
    let stack = Stack::unbounded();
    for number in 0..3 {
        stack.put((number, Arc::clone(&token))).unwrap();
    }
    let mut items = stack.into_iter();
    assert_eq!(items.len(), 3);
    assert_eq!(items.next().map(|(number, _)| number), Some(2));
    drop(items);
    assert_eq!(Arc::strong_count(&token), 1);
    let ring = Ring::bounded(4);
    ring.put_many(vec![1, 2]).unwrap();
    ring.shutdown();
    assert_eq!(ring.into_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn peek_shows_what_get_returns_next_also_where_a_heap_has_a_gap() {
    let queue = PriorityQueue::unbounded();
    for item in [5, 1, 4, 2, 3, 1, 6] {
        queue.put(item).unwrap();
    }
    while let Some(next) = queue.peek(|item| *item) {
        assert_eq!(queue.peek(|item| *item), Some(next), "it stays inside");
        assert_eq!(queue.get(), Ok(next));
    }
    let stack = Stack::unbounded();
    stack.put_many(vec![1, 2]).unwrap();
    assert_eq!(stack.peek(|item| *item), Some(2));
    stack.shutdown();
    assert_eq!(stack.peek(|item| *item), Some(2), "as a `get` still would");
}

#[test]
fn a_panic_in_peek_leaves_the_queue_as_it_was() {
    let queue = full(1);
    let panics = AssertUnwindSafe(|| queue.peek(|_| panic!("in the closure")));
    assert!(catch_unwind(panics).is_err());
    assert_eq!((queue.len(), queue.get()), (1, Ok(1)));

    #[derive(Debug, PartialEq, Eq)]
    struct Picky(u8);
    impl PartialOrd for Picky {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Picky {
        fn cmp(&self, other: &Self) -> Ordering {
            assert!(self.0 != 9 && other.0 != 9, "nine is not compared");
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::unbounded();
    queue.put(Picky(9)).unwrap();
    assert_eq!(queue.peek(|item| item.0), Some(9), "alone it is not compared");
}

#[test]
fn force_put_displaces_the_oldest_of_a_full_queue_alone() {
    let queue = Queue::bounded(2);
    assert_eq!(queue.force_put(1), Ok(None));
    assert_eq!(queue.force_put(2), Ok(None));
    assert_eq!(queue.force_put(3), Ok(Some(1)));
    assert_eq!(queue.drain(), [2, 3]);
    let unbounded = Queue::unbounded();
    assert!((0..100).all(|item| unbounded.force_put(item) == Ok(None)));
    assert_eq!(unbounded.len(), 100);
}

#[test]
fn force_put_after_a_shutdown_gives_the_new_item_back_and_takes_none_out() {
    let queue = full(1);
    queue.shutdown();
    assert_eq!(queue.force_put(2), Err(PutError::Shutdown(2)));
    assert_eq!(queue.get(), Ok(1));
}

#[test]
fn a_displaced_item_counts_as_processed() {
    let queue = full(1);
    assert_eq!(queue.force_put(2), Ok(Some(1)));
    assert_eq!(queue.unfinished(), 1);
    assert_eq!(queue.get(), Ok(2));
    assert!(!queue.join_timeout(Duration::ZERO));
    queue.task_done().unwrap();
    assert!(queue.join_timeout(Duration::ZERO));
    // If `task_done` came before any `get`, there is no item to be counted a second time.
    queue.put(3).unwrap();
    queue.task_done().unwrap();
    assert_eq!(queue.force_put(4), Ok(Some(3)));
    assert_eq!(queue.unfinished(), 1, "of the new item");
}

#[test]
fn force_put_wakes_a_getter() {
    let queue = Arc::new(Queue::bounded(1));
    let getter = thread::spawn({
        let queue = Arc::clone(&queue);
        move || queue.get_timeout(FAR)
    });
    let _ = queue.force_put(7);
    assert_eq!(getter.join().unwrap(), Ok(7));
}
