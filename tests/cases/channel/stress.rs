//! Halves that come and go in many threads: each item is got, or given back, or refused.

// The halves share by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use queues::{BlockingQueue, GetTimeoutError, Queue, Ring, channel_returning};
use tests::{leak, patience, watched};

const THREADS: usize = 4;
const ITEMS: usize = 400;

/// Senders clone and drop their halves between items. Receivers give up after so many items each,
/// or never.
fn race<Q: BlockingQueue<usize> + 'static>(queue: Q, each: usize) {
    watched(|test| {
        let back: &AtomicUsize = leak(AtomicUsize::new(0));
        let refused: &AtomicUsize = leak(AtomicUsize::new(0));
        let got: &AtomicUsize = leak(AtomicUsize::new(0));
        // Relaxed, all: numbers that are read when their threads have ended.
        let (sender, receiver) =
            channel_returning(queue, move |rest| _ = back.fetch_add(rest.len(), Relaxed));
        let senders: &[_] =
            leak(Vec::from_iter((0..THREADS).map(|_| std::sync::Mutex::new(Some(sender.clone())))));
        let receivers: &[_] = leak(Vec::from_iter(
            (0..THREADS).map(|_| std::sync::Mutex::new(Some(receiver.clone()))),
        ));
        drop((sender, receiver));
        let putters = test.crew(THREADS, move |thread| {
            let mut sender = senders[thread].lock().unwrap().take().expect("once");
            for item in 0..ITEMS {
                if item % 7 == thread {
                    sender = sender.clone(); // the old half is dropped beside the new one
                }
                if sender.put(item).is_err() {
                    refused.fetch_add(1, Relaxed);
                }
            }
        });
        let getters = test.crew(THREADS, move |thread| {
            let receiver = receivers[thread].lock().unwrap().take().expect("once");
            let mut left = each;
            while left > 0 {
                match receiver.get_timeout(patience(left % 100)) {
                    Ok(_) => {
                        got.fetch_add(1, Relaxed);
                        left -= 1;
                    }
                    Err(GetTimeoutError::Timeout) => {}
                    Err(GetTimeoutError::Shutdown) => return,
                }
            }
        });
        putters.join();
        getters.join();
        let counts = [got, back, refused].map(|count| count.load(Relaxed));
        assert_eq!(counts.iter().sum::<usize>(), THREADS * ITEMS, "got, back, refused: {counts:?}");
        if each == usize::MAX {
            assert_eq!(counts[0], THREADS * ITEMS);
        }
    });
}

#[test]
fn receivers_get_all_and_end_with_the_last_sender() {
    for capacity in [1, 8] {
        race(Queue::bounded(capacity), usize::MAX);
        race(Ring::bounded(capacity), usize::MAX);
    }
}

#[test]
fn receivers_that_give_up_lose_no_item() {
    for each in [1, ITEMS / 2] {
        race(Queue::bounded(8), each);
        race(Ring::bounded(8), each);
    }
}
