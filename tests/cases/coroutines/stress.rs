//! Threads and coroutines at both ends of the same queues, and coroutines that are dropped as they
//! wait: no item is lost, none comes twice, and all end.

// A waker is shared by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not
// know.
#![cfg(not(tsan))]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

use primitives::{Event, Semaphore, block_on};
use queues::{Queue, Ring};
use tests::{leak, watched};

const EACH: usize = 500;
/// Of each kind: threads that put, coroutines that put, threads that get, coroutines that get.
const PAIRS: usize = 2;
const ITEMS: usize = 2 * PAIRS * EACH;

/// Runs a future, and drops it at its poll number `polls`: then `None`.
async fn or_dropped<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let polled = future.as_mut().poll(cx).map(Some);
        if polled.is_pending() && left == 0 {
            cx.waker().wake_by_ref(); // and is dropped at the next poll
        }
        polled
    })
    .await
}

macro_rules! both_kinds_at_both_ends {
    ($name:ident, $queue:ident) => {
        #[test]
        fn $name() {
            watched(|test| {
                let queue = leak($queue::bounded(3));
                let seen = leak((0..ITEMS).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>());
                let putters = test.crew(2 * PAIRS, |number| {
                    let items = number * EACH..(number + 1) * EACH;
                    if number % 2 == 0 {
                        items.for_each(|item| queue.put(item).expect("not shut down"));
                        return;
                    }
                    block_on(async {
                        for item in items {
                            // Some are dropped as they wait, and the item is put again.
                            let mut item = Some(item);
                            let mut patience = 1 + number % 3;
                            while item.is_some() {
                                let put = queue.put_from_async(&mut item);
                                let _ = or_dropped(put, patience).await;
                                patience += 1;
                            }
                        }
                    });
                });
                let getters = test.crew(2 * PAIRS, |number| {
                    if number % 2 == 0 {
                        queue.iter().for_each(|item| _ = seen[item].fetch_add(1, Relaxed));
                        return;
                    }
                    block_on(async {
                        for round in 0.. {
                            match or_dropped(queue.get_async(), 1 + round % 3).await {
                                Some(Ok(item)) => _ = seen[item].fetch_add(1, Relaxed),
                                Some(Err(_)) => return,
                                None => {}
                            }
                        }
                    });
                });
                putters.join();
                queue.shutdown();
                getters.join();
                assert!(seen.iter().all(|times| times.load(Relaxed) == 1));
            });
        }
    };
}

both_kinds_at_both_ends!(a_queue_between_threads_and_coroutines, Queue);
both_kinds_at_both_ends!(a_ring_between_threads_and_coroutines, Ring);

#[test]
fn permits_go_round_among_threads_and_coroutines_that_give_up() {
    watched(|test| {
        let permits = leak(Semaphore::new(2));
        let inside = leak(AtomicUsize::new(0));
        let use_one = || {
            assert!(inside.fetch_add(1, Relaxed) < 2);
            inside.fetch_sub(1, Relaxed);
        };
        let crew = test.crew(6, move |number| {
            for round in 0..EACH {
                if number % 2 == 0 {
                    let _permit = permits.acquire();
                    use_one();
                } else if let Some(_permit) =
                    block_on(or_dropped(permits.acquire_async(), 1 + round % 3))
                {
                    use_one();
                }
            }
        });
        crew.join();
        assert_eq!(permits.available(), 2);
    });
}

#[test]
fn each_set_reaches_the_coroutines_that_wait() {
    watched(|test| {
        let (event, done) = (leak(Event::new()), leak(AtomicUsize::new(0)));
        let crew = test.crew(4, |number| {
            for _ in 0..EACH {
                if number % 2 == 0 {
                    block_on(event.wait_async());
                } else {
                    event.wait();
                }
            }
            done.fetch_add(1, Relaxed);
        });
        test.until(|| {
            event.set();
            event.clear();
            done.load(Relaxed) == 4
        });
        crew.join();
    });
}
