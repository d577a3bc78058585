//! The corner cases of two halves, most of which std's, crossbeam's and flume's channels have too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::{
    BlockingQueue, GetError, GetTimeoutError, PriorityQueue, PutError, Queue, Receiver, Ring,
    Sender, Stack, TryGetError, TryPutError, channel, channel_returning,
};

const FAR: Duration = Duration::from_secs(3600);

fn pair<T: Send>() -> (Sender<T>, Receiver<T>) {
    channel(Queue::bounded(2))
}

#[test]
fn the_last_sender_ends_the_receivers_after_what_is_inside() {
    let (sender, receiver) = pair();
    sender.put(1).unwrap();
    let other = sender.clone();
    drop(sender);
    other.put(2).unwrap();
    assert!(!receiver.is_shutdown());
    drop(other);
    assert!(receiver.is_shutdown());
    assert_eq!(receiver.get(), Ok(1));
    assert_eq!(receiver.try_get(), Ok(2));
    assert_eq!(receiver.get(), Err(GetError::Shutdown));
    assert_eq!(receiver.try_get(), Err(TryGetError::Shutdown));
    assert_eq!(receiver.get_timeout(FAR), Err(GetTimeoutError::Shutdown));
    assert_eq!(receiver.get_deadline(Instant::now()), Err(GetTimeoutError::Shutdown));
    assert_eq!(receiver.get_many(&mut Vec::new(), 3), Err(GetError::Shutdown));
    assert_eq!(receiver.iter().next(), None);
}

#[test]
fn a_producer_that_panics_leaves_no_consumer_asleep() {
    let (sender, receiver) = pair();
    let consumer = thread::spawn(move || receiver.into_iter().collect::<Vec<_>>());
    let panic = AssertUnwindSafe(move || {
        sender.put(1).unwrap();
        panic!("in the producer");
    });
    assert!(catch_unwind(panic).is_err());
    assert_eq!(consumer.join().unwrap(), [1]);
}

#[test]
fn the_last_receiver_ends_the_senders_and_each_has_its_item_back() {
    let (sender, receiver) = pair();
    sender.put_many(vec![1, 2]).unwrap();
    let blocked = thread::spawn({
        let sender = sender.clone();
        move || sender.put(3)
    });
    let other = receiver.clone();
    drop(receiver);
    assert!(!sender.is_shutdown());
    drop(other);
    assert_eq!(blocked.join().unwrap(), Err(PutError::Shutdown(3)));
    assert_eq!(sender.put(4), Err(PutError::Shutdown(4)));
    assert_eq!(sender.try_put(5), Err(TryPutError::Shutdown(5)));
    assert_eq!(sender.put_timeout(6, FAR).unwrap_err().into_inner(), 6);
    assert_eq!(sender.put_deadline(7, Instant::now()).unwrap_err().into_inner(), 7);
    assert_eq!(sender.put_many(vec![8, 9]), Err(PutError::Shutdown(vec![8, 9])));
    assert_eq!(sender.try_put_many(vec![8]), Err(TryPutError::Shutdown(vec![8])));
    assert_eq!(sender.force_put(10), Err(PutError::Shutdown(10)));
    assert!(sender.is_empty(), "what was inside is dropped");
}

/// A request holds the sender of its answer. If it stayed inside, this would wait for itself.
#[test]
fn a_request_whose_server_is_gone_does_not_wait_for_its_answer() {
    let (requests, server) = pair::<Sender<u8>>();
    let (answer, answers) = pair::<u8>();
    requests.put(answer).unwrap();
    let server = thread::spawn(move || drop(server));
    assert_eq!(answers.get(), Err(GetError::Shutdown));
    server.join().unwrap();
}

#[test]
fn what_no_receiver_has_got_is_given_back_in_order_and_once() {
    fn given_back<Q: BlockingQueue<u32>>(queue: Q) -> Vec<Vec<u32>> {
        let back = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = channel_returning(queue, {
            let back = Arc::clone(&back);
            move |rest| back.lock().unwrap().push(rest)
        });
        sender.put_many(vec![2, 1, 3]).unwrap();
        let receivers = [receiver.clone(), receiver];
        assert!(receivers[0].get().is_ok());
        drop(receivers);
        drop(sender);
        Arc::into_inner(back).expect("the function is dropped").into_inner().unwrap()
    }
    assert_eq!(given_back(Queue::bounded(3)), [[1, 3]]);
    assert_eq!(given_back(Stack::unbounded()), [[1, 2]]);
    assert_eq!(given_back(PriorityQueue::unbounded()), [[2, 3]]);
    assert_eq!(given_back(Ring::bounded(3)), [[1, 3]]);
}

#[test]
fn a_receiver_that_panics_gives_back_and_nothing_is_given_back_of_nothing() {
    let calls = Arc::new(AtomicUsize::new(0));
    for items in [0, 2] {
        let (sender, receiver) = channel_returning(Queue::unbounded(), {
            let calls = Arc::clone(&calls);
            move |rest: Vec<usize>| _ = calls.fetch_add(rest.len(), Relaxed)
        });
        sender.put_many((0..items).collect()).unwrap();
        let consumer = thread::spawn(move || {
            let _held = receiver;
            panic!("in the consumer");
        });
        assert!(consumer.join().is_err());
        assert_eq!(calls.load(Relaxed), items);
        assert!(sender.put(1).is_err());
    }
}

#[test]
fn items_inside_are_dropped_when_both_sides_are_gone_whichever_goes_first() {
    for receiver_first in [true, false] {
        let token = Arc::new(());
        let (sender, receiver) = pair();
        sender.put(Arc::clone(&token)).unwrap();
        if receiver_first {
            drop(receiver);
            assert_eq!(Arc::strong_count(&token), 1, "at once");
        } else {
            drop(sender);
            assert_eq!(Arc::strong_count(&token), 2, "it may still be got");
            drop(receiver);
        }
        assert_eq!(Arc::strong_count(&token), 1);
    }
}

#[test]
fn halves_know_their_channel_and_reach_the_queue() {
    let (sender, receiver) = channel(PriorityQueue::bounded(2));
    let (stranger, _stays) = channel(PriorityQueue::bounded(2));
    assert!(sender.same_channel(&sender.clone()) && receiver.same_channel(&receiver.clone()));
    assert!(!sender.same_channel(&stranger));
    sender.put_many(vec![2, 1]).unwrap();
    assert_eq!(receiver.queue().peek(|next| *next), Some(1));
    assert_eq!((sender.len(), receiver.capacity(), sender.is_full()), (2, Some(2), true));
    assert!(format!("{sender:?}").starts_with("Sender { queue: LockedQueue"));
    stranger.put(1).unwrap();
}

#[test]
fn jobs_through_halves_can_be_waited_for() {
    let (sender, receiver) = pair();
    let worker = thread::spawn(move || {
        for _ in &receiver {
            receiver.task_done().unwrap();
        }
    });
    sender.put_many((0..100).collect()).unwrap();
    sender.join();
    assert!(sender.is_empty());
    drop(sender);
    worker.join().unwrap();
}

#[test]
fn a_thread_that_shuts_down_ends_both_sides_early() {
    let (sender, receiver) = pair();
    sender.put(1).unwrap();
    receiver.shutdown();
    assert!(sender.put(2).is_err());
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    drop((receiver, sender)); // a second shutdown changes nothing
}
