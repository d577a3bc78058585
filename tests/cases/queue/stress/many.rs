//! Items that go through in batches of every size, and are in flight when the queue is shut down.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use queues::{BlockingQueue, GetTimeoutError, PutTimeoutError};
use tests::{Item, Kind, Ledger, Test, leak, watched};

use tests::patience;

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 3;
const CAPACITIES: [Option<usize>; 4] = [Some(1), Some(3), Some(64), None];

type SharedQueue = &'static dyn BlockingQueue<Item>;

/// Puts batches of 0 to 6 items until all `most` are in, or the queue is shut down. Returns how
/// many are.
fn put_all(queue: SharedQueue, ledger: &'static Ledger, producer: usize, most: usize) -> usize {
    let mut made = 0;
    while made < most {
        let size = (made % 7).min(most - made);
        let mut batch = Vec::from_iter((made..made + size).map(|n| ledger.item(producer, n)));
        made += size;
        for attempt in made.. {
            let outcome = match attempt % 3 {
                0 => queue
                    .put_many(batch)
                    .map_err(|error| PutTimeoutError::Shutdown(error.into_inner())),
                _ => queue.put_many_timeout(batch, patience(attempt)),
            };
            match outcome {
                Ok(()) => break,
                Err(PutTimeoutError::Timeout(back)) => batch = back,
                Err(PutTimeoutError::Shutdown(back)) => return made - back.len(),
            }
        }
        if size == 0 {
            // A batch of nothing changes nothing; a single item gets the numbers going.
            match queue.put(ledger.item(producer, made)) {
                Ok(()) => made += 1,
                Err(_) => return made,
            }
        }
    }
    made
}

/// Gets batches of 1 to 5 items until the queue is shut down and empty. Returns how many.
fn get_all(queue: SharedQueue, kind: Kind, got: &AtomicUsize) -> usize {
    let (mut count, mut next, mut batch) = (0, [0; PRODUCERS], Vec::new());
    for attempt in 0.. {
        let most = attempt % 5 + 1;
        let outcome = match attempt % 2 {
            0 => queue.get_many(&mut batch, most).map_err(|_| GetTimeoutError::Shutdown),
            _ => queue.get_many_timeout(&mut batch, most, patience(attempt)),
        };
        match outcome {
            Ok(number) => assert!((1..=most).contains(&number) && number == batch.len()),
            Err(GetTimeoutError::Timeout) => continue,
            Err(GetTimeoutError::Shutdown) => break,
        }
        for item in batch.drain(..) {
            let (producer, number) = (item.producer(), item.number());
            item.take();
            if kind.keeps_the_order_of_a_producer() {
                assert!(number >= next[producer], "{producer}: {number} after {}", next[producer]);
                next[producer] = number + 1;
            }
            count += 1;
            // Relaxed: a number for the one that waits until there are enough.
            got.fetch_add(1, Relaxed);
            queue.task_done().expect("once for each item");
        }
    }
    count
}

/// All that is put comes out once. `enough`: so many are out when the queue is shut down; all of
/// them, if it is `None`.
fn race(
    test: &'static Test,
    kind: Kind,
    capacity: Option<usize>,
    each: usize,
    enough: Option<usize>,
) {
    let queue: SharedQueue = Box::leak(kind.make(capacity));
    let ledger = Ledger::new(PRODUCERS, each + 1);
    let got: &AtomicUsize = leak(AtomicUsize::new(0));
    let producers = test.crew(PRODUCERS, move |producer| put_all(queue, ledger, producer, each));
    let consumers = test.crew(CONSUMERS, move |_| get_all(queue, kind, got));
    let put: usize = match enough {
        None => {
            let put = producers.join().into_iter().sum();
            queue.join();
            queue.shutdown();
            put
        }
        Some(enough) => {
            test.until(|| got.load(Relaxed) >= enough);
            queue.shutdown();
            producers.join().into_iter().sum()
        }
    };
    let taken: usize = consumers.join().into_iter().sum();
    assert_eq!(taken, put, "items in and items out");
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    assert_eq!(ledger.close().0, put);
}

#[test]
fn everything_goes_through_in_batches() {
    watched(|test| {
        for kind in Kind::ALL {
            for capacity in CAPACITIES {
                race(test, kind, capacity, if capacity == Some(1) { 2_000 } else { 20_000 }, None);
            }
        }
    });
}

#[test]
fn batches_that_race_a_shutdown_lose_and_double_nothing() {
    watched(|test| {
        for kind in Kind::ALL {
            for capacity in CAPACITIES {
                for round in 0..15 {
                    race(test, kind, capacity, 5_000, Some(round * 7 % 100));
                }
            }
        }
    });
}
