//! A shutdown in the middle of everything: no item is lost or doubled, and no thread is left
//! asleep.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use queues::{BlockingQueue, GetTimeoutError, PutTimeoutError};
use tests::{Item, Kind, Ledger, Test, leak, watched};

use tests::patience;

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 3;
/// More than any producer puts before the shutdown.
const MOST: usize = 5_000;
const CAPACITIES: [Option<usize>; 4] = [Some(1), Some(2), Some(64), None];

type SharedQueue = &'static dyn BlockingQueue<Item>;

#[derive(Clone, Copy, PartialEq)]
enum End {
    Shutdown,
    ShutdownNow,
}

/// Shuts the queue down as soon as `enough` items have come out, while others still go in and out.
fn race(test: &'static Test, kind: Kind, capacity: Option<usize>, end: End, enough: usize) {
    let queue: SharedQueue = Box::leak(kind.make(capacity));
    let ledger = Ledger::new(PRODUCERS, MOST);
    let got = leak(AtomicUsize::new(0));

    // Each returns how many items it got in.
    let producers = test.crew(PRODUCERS, move |producer| {
        let mut accepted = 0;
        for number in 0..MOST {
            let item = ledger.item(producer, number);
            let outcome = match number % 3 {
                0 => queue.put(item).map_err(|error| PutTimeoutError::Shutdown(error.into_inner())),
                1 => queue.put_timeout(item, patience(number)),
                _ => queue.put_deadline(item, Instant::now() + patience(number)),
            };
            match outcome {
                Ok(()) => accepted += 1,
                Err(PutTimeoutError::Timeout(item)) => drop(item),
                Err(PutTimeoutError::Shutdown(item)) => {
                    drop(item);
                    break;
                }
            }
        }
        accepted
    });
    let consumers = test.crew(CONSUMERS, move |_| {
        for number in 0.. {
            let outcome = match number % 3 {
                0 => queue.get().map_err(|_| GetTimeoutError::Shutdown),
                1 => queue.get_timeout(patience(number)),
                _ => queue.get_deadline(Instant::now() + patience(number)),
            };
            match outcome {
                Ok(item) => {
                    item.take();
                    got.fetch_add(1, Relaxed);
                    queue.task_done().unwrap();
                }
                Err(GetTimeoutError::Timeout) => {}
                Err(GetTimeoutError::Shutdown) => break,
            }
        }
    });
    // It may return whenever nothing is unfinished; what matters is that it does return.
    let joiner = test.crew(1, move |_| queue.join());

    test.until(|| got.load(Relaxed) >= enough);
    let left = match end {
        End::Shutdown => {
            queue.shutdown();
            Vec::new()
        }
        End::ShutdownNow => queue.shutdown_now(),
    };
    let left_over = left.len();
    left.into_iter().for_each(Item::take);

    let accepted: usize = producers.join().into_iter().sum();
    consumers.join();
    joiner.join();
    assert_eq!(accepted, got.load(Relaxed) + left_over, "items in and items out");
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    assert_eq!(ledger.close().0, accepted);
}

fn races(end: End) {
    watched(|test| {
        for kind in Kind::ALL {
            for capacity in CAPACITIES {
                for round in 0..20 {
                    race(test, kind, capacity, end, round * 7 % 100);
                }
            }
        }
    });
}

#[test]
fn timed_callers_that_race_a_shutdown_lose_and_double_nothing() {
    races(End::Shutdown);
}

#[test]
fn timed_callers_that_race_shutdown_now_lose_and_double_nothing() {
    races(End::ShutdownNow);
}

/// This does not wait for a state: the shutdown may come before a caller sleeps, while it falls
/// asleep, or after.
#[test]
fn a_shutdown_reaches_everybody_whenever_it_comes() {
    const CALLERS: usize = 3;
    const FAR: Duration = Duration::from_secs(3600);
    watched(|test| {
        for kind in Kind::ALL {
            for round in 0..200 {
                let queue: &dyn BlockingQueue<usize> = Box::leak(kind.make(Some(1)));
                let puts = round % 2 == 0;
                if puts {
                    queue.put(0).unwrap();
                }
                let callers = test.crew(CALLERS, move |caller| match (puts, caller % 2) {
                    (true, 0) => queue.put(1).is_err(),
                    (true, _) => queue.put_timeout(1, FAR).is_err(),
                    (false, 0) => queue.get().is_err(),
                    (false, _) => queue.get_timeout(FAR).is_err(),
                });
                for _ in 0..round % 50 * 20 {
                    std::hint::spin_loop();
                }
                if round % 4 < 2 {
                    queue.shutdown();
                } else {
                    drop(queue.shutdown_now());
                }
                assert_eq!(callers.join(), [true; CALLERS]);
            }
        }
    });
}
