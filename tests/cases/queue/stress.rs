//! Every item that goes into a queue comes out of it, once, and in order.

mod many;
mod shutdown;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use queues::{BlockingQueue, GetTimeoutError, PutTimeoutError, TryGetError, TryPutError};
use tests::{Item, Kind, Ledger, Test, leak, watched};

use tests::patience;

const PRODUCERS: usize = 4;
const CONSUMERS: usize = 4;

type SharedQueue = &'static dyn BlockingQueue<Item>;

fn make(kind: Kind, capacity: Option<usize>) -> SharedQueue {
    Box::leak(kind.make(capacity))
}

/// A number of items that takes about as long at every capacity: through one place each is a
/// hand-over.
fn items_for(capacity: Option<usize>) -> usize {
    match capacity {
        Some(..8) => 4_000,
        _ => 40_000,
    }
}

/// How a producer puts its `number`th item, and how a consumer gets one. `None` means that the
/// queue was shut down.
#[derive(Clone, Copy)]
struct Calls {
    put: fn(SharedQueue, Item) -> Option<()>,
    get: fn(SharedQueue, usize) -> Option<Item>,
}

/// Every item goes through, and comes out once, in the order of its producer.
fn everything_goes_through(test: &'static Test, kind: Kind, capacity: Option<usize>, calls: Calls) {
    let queue = make(kind, capacity);
    let capacity = kind.capacity(capacity);
    let each = items_for(capacity);
    let ledger = Ledger::new(PRODUCERS, each);

    let producers = test.crew(PRODUCERS, move |producer| {
        for number in 0..each {
            (calls.put)(queue, ledger.item(producer, number)).expect("it is not shut down yet");
            if let Some(capacity) = capacity {
                assert!(queue.len() <= capacity, "more items than places");
            }
        }
    });
    let consumers = test.crew(CONSUMERS, move |_| {
        let (mut count, mut sum, mut next) = (0, 0, [0; PRODUCERS]);
        while let Some(item) = (calls.get)(queue, count) {
            let (producer, number) = (item.producer(), item.number());
            item.take();
            if kind.keeps_the_order_of_a_producer() {
                assert!(number >= next[producer], "{producer}: {number} after {}", next[producer]);
                next[producer] = number + 1;
            }
            count += 1;
            sum += number;
            queue.task_done().expect("once for each item");
        }
        (count, sum)
    });

    producers.join();
    queue.join(); // every item was got and done
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    queue.shutdown();
    let (count, sum) = consumers.join().into_iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!(count, PRODUCERS * each);
    assert_eq!(sum, PRODUCERS * (0..each).sum::<usize>());
    assert_eq!(ledger.close(), (count, 0));
}

/// Calls without a timeout.
const BLOCKING: Calls =
    Calls { put: |queue, item| queue.put(item).ok(), get: |queue, _| queue.get().ok() };

/// Each form in turn; a call that gives up is repeated in another form.
const IN_EVERY_FORM: Calls = Calls { put: put_in_every_form, get: get_in_every_form };

fn put_in_every_form(queue: SharedQueue, mut item: Item) -> Option<()> {
    for attempt in item.number().. {
        let outcome = match attempt % 4 {
            0 => queue.put(item).map_err(|error| PutTimeoutError::Shutdown(error.into_inner())),
            1 => queue.put_timeout(item, patience(attempt)),
            2 => queue.put_deadline(item, Instant::now() + patience(attempt)),
            _ => queue.try_put(item).map_err(|error| match error {
                TryPutError::Full(item) => PutTimeoutError::Timeout(item),
                TryPutError::Shutdown(item) => PutTimeoutError::Shutdown(item),
            }),
        };
        match outcome {
            Ok(()) => return Some(()),
            Err(PutTimeoutError::Timeout(back)) => item = back,
            Err(PutTimeoutError::Shutdown(_)) => break,
        }
    }
    None
}

fn get_in_every_form(queue: SharedQueue, number: usize) -> Option<Item> {
    for attempt in number.. {
        let outcome = match attempt % 4 {
            0 => queue.get().map_err(|_| GetTimeoutError::Shutdown),
            1 => queue.get_timeout(patience(attempt)),
            2 => queue.get_deadline(Instant::now() + patience(attempt)),
            _ => queue.try_get().map_err(|error| match error {
                TryGetError::Empty => GetTimeoutError::Timeout,
                TryGetError::Shutdown => GetTimeoutError::Shutdown,
            }),
        };
        match outcome {
            Ok(item) => return Some(item),
            Err(GetTimeoutError::Timeout) => {}
            Err(GetTimeoutError::Shutdown) => break,
        }
    }
    None
}

fn for_every_kind(calls: Calls, capacity: Option<usize>) {
    watched(|test| {
        for kind in Kind::ALL {
            everything_goes_through(test, kind, capacity, calls);
        }
    });
}

#[test]
fn everything_goes_through_one_place() {
    for_every_kind(BLOCKING, Some(1));
}

#[test]
fn everything_goes_through_two_places() {
    for_every_kind(BLOCKING, Some(2));
}

#[test]
fn everything_goes_through_many_places() {
    for_every_kind(BLOCKING, Some(64));
}

#[test]
fn everything_goes_through_without_a_bound() {
    for_every_kind(BLOCKING, None);
}

#[test]
fn everything_goes_through_one_place_in_every_form() {
    for_every_kind(IN_EVERY_FORM, Some(1));
}

#[test]
fn everything_goes_through_two_places_in_every_form() {
    for_every_kind(IN_EVERY_FORM, Some(2));
}

#[test]
fn everything_goes_through_many_places_in_every_form() {
    for_every_kind(IN_EVERY_FORM, Some(64));
}

#[test]
fn everything_goes_through_without_a_bound_in_every_form() {
    for_every_kind(IN_EVERY_FORM, None);
}

#[test]
fn join_returns_after_the_work_on_every_item_and_sees_it_all() {
    const ROUNDS: usize = 300;
    const BATCH: usize = 25;
    watched(|test| {
        for kind in Kind::ALL {
            let queue: &dyn BlockingQueue<usize> = Box::leak(kind.make(Some(8)));
            let worked: &[AtomicUsize; CONSUMERS] = leak(Default::default());
            let workers = test.crew(CONSUMERS, move |worker| {
                while let Ok(item) = queue.get() {
                    // Relaxed: the test is whether `join` sees it.
                    worked[worker].fetch_add(item, Relaxed);
                    queue.task_done().unwrap();
                }
            });
            for round in 1..=ROUNDS {
                for _ in 0..BATCH {
                    queue.put(1).unwrap();
                }
                queue.join();
                let done: usize = worked.iter().map(|worked| worked.load(Relaxed)).sum();
                assert_eq!(done, round * BATCH, "items worked on when `join` returned");
            }
            queue.shutdown();
            workers.join();
        }
    });
}
