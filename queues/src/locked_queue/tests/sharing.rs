//! A queue with many threads, trait objects, panics and destructors.

use std::cell::Cell;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use super::{Call, FAR, call, far, full, until, until_asleep};
use crate::locked_queue::LockedQueue;
use crate::{BlockingQueue, Discipline, Iter, PutTimeoutError, Queue, TryPutError};

#[test]
fn a_for_loop_takes_what_comes_and_ends_at_the_shutdown() {
    let queue = Arc::new(Queue::bounded(2));
    let total = call(&queue, |queue| {
        let mut total = 0;
        for item in queue {
            total += item;
        }
        total
    });
    (1..=100).for_each(|item| queue.put(item).unwrap());
    queue.shutdown();
    assert_eq!(total.result(), 5050);
}

#[test]
fn an_iterator_that_has_ended_stays_ended() {
    let queue = full(1);
    queue.shutdown();
    let mut items = queue.iter();
    assert_eq!([items.next(), items.next(), items.next()], [Some(1), None, None]);
    assert_eq!(queue.iter().next(), None);
}

#[test]
fn iterators_in_several_threads_share_the_items_out() {
    let queue = Arc::new(Queue::bounded(3));
    let takers: Vec<_> =
        (0..3).map(|_| call(&queue, |queue| queue.iter().collect::<Vec<_>>())).collect();
    (0..300).for_each(|item| queue.put(item).unwrap());
    queue.shutdown();
    let mut taken: Vec<_> = takers.into_iter().flat_map(Call::result).collect();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..300), "each item comes out of exactly one of them");
}

#[test]
fn every_call_can_be_made_through_a_trait_object() {
    let queue: Arc<dyn BlockingQueue<u8>> = Arc::new(Queue::bounded(4));
    queue.put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.put_timeout(3, FAR).unwrap();
    queue.put_deadline(4, far()).unwrap();
    assert_eq!((queue.len(), queue.capacity()), (4, Some(4)));
    assert!(queue.is_full() && !queue.is_empty() && !queue.is_shutdown());
    assert_eq!(queue.try_put(5), Err(TryPutError::Full(5)));
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.get_timeout(FAR), Ok(3));
    assert_eq!((queue.unfinished(), queue.task_done()), (4, Ok(())));
    let join = call(&queue, |queue| (queue.join(), queue.join_timeout(FAR)).1);
    assert_eq!(queue.shutdown_now(), [4]);
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    assert!(join.result());
    queue.shutdown();
    assert!(queue.is_shutdown());
    assert!(queue.get_deadline(far()).is_err());
}

/// Counts how often it was dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn every_item_is_dropped_exactly_once_whichever_way_it_goes() {
    let drops = Arc::new(AtomicUsize::new(0));
    let item = || Dropped(Arc::clone(&drops));
    let dropped = |expected, what| assert_eq!(drops.swap(0, SeqCst), expected, "{what}");

    let queue = Queue::bounded(2);
    queue.put(item()).unwrap();
    queue.put(item()).unwrap();
    dropped(0, "put moves the item in");
    drop(queue.try_put(item()));
    drop(queue.put_timeout(item(), Duration::ZERO));
    dropped(2, "refused items belong to the caller");
    let got = queue.get();
    dropped(0, "get moves it out");
    drop(got);
    dropped(1, "what was got belongs to the caller");
    queue.put(item()).unwrap();
    let left = queue.shutdown_now();
    dropped(0, "what was left belongs to the caller");
    drop(left);
    dropped(2, "what was left");
    drop(queue.put(item()));
    dropped(1, "refused after the shutdown");
    drop(queue);
    dropped(0, "nothing is left");

    let queue = Queue::unbounded();
    (0..5).for_each(|_| queue.put(item()).unwrap());
    drop(queue.get());
    drop(queue);
    dropped(5, "a queue drops what is in it");
}

#[test]
fn an_item_may_use_the_queue_while_it_is_dropped() {
    struct Nosy(&'static Queue<Nosy>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            assert!(self.0.state.try_lock().is_some(), "dropped with the lock held");
        }
    }
    let queue: &'static Queue<Nosy> = Box::leak(Box::new(Queue::bounded(1)));
    queue.put(Nosy(queue)).unwrap();
    drop(queue.try_put(Nosy(queue)));
    drop(queue.put_timeout(Nosy(queue), Duration::ZERO));
    drop(queue.get());
    queue.put(Nosy(queue)).unwrap();
    drop(queue.shutdown_now());
    drop(queue.put(Nosy(queue)));
}

#[test]
fn debug_says_who_waits_and_never_blocks() {
    let queue = full('x');
    let put = call(&queue, |queue| queue.put('y'));
    until_asleep(&queue, 1, 0);
    assert_eq!(
        format!("{queue:?}"),
        "LockedQueue { capacity: Some(1), len: 1, unfinished: 1, shut_down: false, \
         putters_asleep: 1, getters_asleep: 0 }",
    );
    let held = queue.state.lock();
    assert_eq!(format!("{queue:?}"), "LockedQueue { capacity: Some(1), state: <locked> }");
    drop(held);
    queue.shutdown();
    assert!(put.result().is_err());
}

#[test]
fn debug_does_not_hold_the_lock_while_it_writes() {
    struct Log<'a>(&'a Queue<u8>);
    impl Write for Log<'_> {
        fn write_str(&mut self, _: &str) -> std::fmt::Result {
            assert!(self.0.state.try_lock().is_some(), "a log that uses this queue would hang");
            Ok(())
        }
    }
    let queue = full(1);
    write!(Log(&queue), "{queue:?}").unwrap();
}

#[test]
fn a_consumer_that_panics_leaves_the_queue_usable() {
    let queue = full(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        for item in &*queue {
            assert_ne!(item, 1, "a bad item");
        }
    }));
    assert!(panicked.is_err());
    assert_eq!(queue.unfinished(), 1, "`task_done` was not called for it");
    queue.put(2).unwrap();
    assert_eq!(queue.get(), Ok(2));
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    queue.join();
}

#[test]
fn a_store_that_panics_leaves_the_queue_usable() {
    /// Accepts only even numbers.
    #[derive(Default)]
    struct Picky(Vec<u8>);
    impl Discipline for Picky {
        type Item = u8;
        fn place(&self, item: &u8) -> usize {
            assert!(item.is_multiple_of(2), "odd");
            0
        }
        fn insert(&mut self, _: usize, item: u8) {
            self.0.push(item);
        }
        fn pop(&mut self) -> Option<u8> {
            self.0.pop()
        }
        fn len(&self) -> usize {
            self.0.len()
        }
    }
    let queue = LockedQueue::<Picky>::bounded(1);
    assert!(catch_unwind(AssertUnwindSafe(|| queue.put(1))).is_err());
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    queue.put(2).unwrap();
    assert_eq!(queue.put_timeout(4, Duration::ZERO), Err(PutTimeoutError::Timeout(4)));
    assert_eq!(queue.get(), Ok(2));
}

/// A store that panics once, in the next call that could compare items.
#[derive(Default)]
struct PanicsOnce {
    items: Vec<u8>,
    is_due: Cell<bool>,
}

impl PanicsOnce {
    fn panic_if_due(&self) {
        assert!(!self.is_due.replace(false), "once");
    }
}

impl Discipline for PanicsOnce {
    type Item = u8;
    fn place(&self, _: &u8) -> usize {
        self.panic_if_due();
        0
    }
    fn insert(&mut self, _: usize, item: u8) {
        self.items.push(item);
    }
    fn pop(&mut self) -> Option<u8> {
        if !self.items.is_empty() {
            self.panic_if_due();
        }
        self.items.pop()
    }
    fn len(&self) -> usize {
        self.items.len()
    }
}

/// Makes the same call in two threads, which both must wait; `wake` lets one go on. Returns what
/// they returned: one has panicked, and must have woken the other in its place.
fn one_of_two_panics<R: Send + 'static>(
    queue: LockedQueue<PanicsOnce>,
    asleep: (usize, usize),
    body: fn(&LockedQueue<PanicsOnce>) -> R,
    wake: impl FnOnce(&LockedQueue<PanicsOnce>),
) -> R {
    let queue = Arc::new(queue);
    let calls = [0; 2]
        .map(|_| call(&queue, move |queue| catch_unwind(AssertUnwindSafe(|| body(queue))).ok()));
    until_asleep(&queue, asleep.0, asleep.1);
    wake(&queue);
    let [first, second] = calls.map(Call::result);
    assert!(first.is_some() != second.is_some(), "one must panic");
    first.or(second).unwrap()
}

#[test]
fn a_getter_that_panics_when_it_was_called_calls_another() {
    let got = one_of_two_panics(LockedQueue::bounded(1), (0, 2), LockedQueue::get, |queue| {
        // Under the lock, so that no thread can get too early.
        let mut state = queue.state.lock();
        state.items.insert(0, 7);
        state.items.is_due.set(true);
        assert!(state.getters.call_one());
        drop(state);
        queue.not_empty.notify_one();
    });
    assert_eq!(got, Ok(7));
}

#[test]
fn a_putter_that_panics_when_it_was_called_calls_another() {
    let queue = LockedQueue::bounded(1);
    queue.put(1).unwrap();
    let put = one_of_two_panics(
        queue,
        (2, 0),
        |queue| queue.put(2),
        |queue| {
            // Under the lock, so that no thread can put too early.
            let mut state = queue.state.lock();
            assert_eq!(state.items.pop(), Some(1));
            state.items.is_due.set(true);
            assert!(state.putters.call_one());
            drop(state);
            queue.not_full.notify_one();
        },
    );
    assert_eq!(put, Ok(()));
}

/// A thread that waits on `not_empty` without being one of the queue's sleepers, and so notices
/// every notification.
struct Listener {
    queue: Arc<Queue<u8>>,
    heard: Arc<AtomicUsize>,
    thread: Call<()>,
}

impl Listener {
    fn new(queue: &Arc<Queue<u8>>) -> Self {
        let heard = Arc::new(AtomicUsize::new(0));
        let thread = call(queue, {
            let heard = Arc::clone(&heard);
            move |queue| {
                let mut state = queue.state.lock();
                while !state.shut_down {
                    queue.not_empty.wait(&mut state);
                    heard.fetch_add(1, SeqCst);
                }
            }
        });
        let listener = Self { queue: Arc::clone(queue), heard, thread };
        listener.wait_until_it_listens();
        listener
    }

    fn wait_until_it_listens(&self) {
        until("a listener", || format!("{:?}", self.queue.not_empty) == "Condition { waiters: 1 }");
    }

    /// How often it was notified before the shutdown that ends it.
    fn heard(self) -> usize {
        self.queue.shutdown();
        self.thread.result();
        self.heard.load(SeqCst) - 1
    }
}

#[test]
fn a_put_notifies_nobody_where_nobody_sleeps() {
    let queue = Arc::new(Queue::unbounded());
    let listener = Listener::new(&queue);
    for item in 0..100 {
        queue.put(item).unwrap();
        listener.wait_until_it_listens();
    }
    assert_eq!(listener.heard(), 0);
}

#[test]
fn a_sleeper_is_notified_once_however_many_items_come_before_it_runs() {
    let queue = Arc::new(Queue::unbounded());
    let listener = Listener::new(&queue);
    queue.state.lock().getters.enter(); // a sleeper that takes its time
    queue.put(0).unwrap();
    until("the one notification", || listener.heard.load(SeqCst) == 1);
    for item in 1..100 {
        listener.wait_until_it_listens();
        queue.put(item).unwrap();
    }
    listener.wait_until_it_listens();
    assert_eq!(listener.heard(), 1);
}

#[test]
fn what_may_cross_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Queue<Cell<u8>>>(); // an item need only be `Send`
    shared::<Arc<dyn BlockingQueue<Cell<u8>>>>();
    shared::<Iter<'_, Queue<Cell<u8>>, Cell<u8>>>();
    let queue = Queue::unbounded();
    thread::scope(|s| {
        s.spawn(|| queue.put(Cell::new(3)).unwrap());
        assert_eq!(queue.get().unwrap().get(), 3);
    });
}
