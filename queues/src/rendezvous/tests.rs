//! The corner cases of a rendezvous, each named after what it shows. They wait for states and not
//! for time: a test that needs a thread in line looks for it there.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Rendezvous;
use crate::{
    BlockingQueue, GetError, GetTimeoutError, PutError, PutTimeoutError, Select, TryGetError,
    TryPutError, channel,
};

const FAR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(2);

type Shared<T> = Arc<Rendezvous<T>>;

fn shared<T>() -> Shared<T> {
    Arc::new(Rendezvous::new())
}

/// A thread that makes one call.
fn call<T: Send + 'static, R: Send + 'static>(
    queue: &Shared<T>,
    call: impl FnOnce(&Rendezvous<T>) -> R + Send + 'static,
) -> JoinHandle<R> {
    let queue = Arc::clone(queue);
    thread::spawn(move || call(&queue))
}

/// Until so many putters and getters stand in line.
fn until<T>(queue: &Rendezvous<T>, putters: usize, getters: usize) {
    while (queue.putters_waiting(), queue.getters_waiting()) != (putters, getters) {
        thread::yield_now();
    }
}

#[test]
fn a_put_returns_when_a_get_has_taken_the_item_and_not_before() {
    let queue = shared();
    let put = call(&queue, |queue| queue.put(7));
    until(&queue, 1, 0);
    assert!(!put.is_finished());
    assert_eq!(queue.get(), Ok(7));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert_eq!((queue.putters_waiting(), queue.getters_waiting()), (0, 0));
}

#[test]
fn every_form_of_a_put_meets_every_form_of_a_get_whichever_comes_first() {
    type Put = fn(&Rendezvous<u8>) -> bool;
    type Get = fn(&Rendezvous<u8>) -> Option<u8>;
    let puts: [Put; 4] = [
        |queue| queue.put(7).is_ok(),
        |queue| queue.put_timeout(7, FAR).is_ok(),
        |queue| queue.put_timeout(7, Duration::MAX).is_ok(),
        |queue| queue.put_deadline(7, Instant::now() + FAR).is_ok(),
    ];
    let gets: [Get; 4] = [
        |queue| queue.get().ok(),
        |queue| queue.get_timeout(FAR).ok(),
        |queue| queue.get_timeout(Duration::MAX).ok(),
        |queue| queue.get_deadline(Instant::now() + FAR).ok(),
    ];
    let try_put: Put = |queue| queue.try_put(7).is_ok();
    let try_get: Get = |queue| queue.try_get().ok();
    for put in puts {
        for get in gets.into_iter().chain([try_get]) {
            let queue = shared();
            let first = call(&queue, put);
            until(&queue, 1, 0);
            assert_eq!(get(&queue), Some(7));
            assert!(first.join().unwrap());
        }
    }
    for get in gets {
        for put in puts.into_iter().chain([try_put]) {
            let queue = shared();
            let first = call(&queue, get);
            until(&queue, 0, 1);
            assert!(put(&queue));
            assert_eq!(first.join().unwrap(), Some(7));
        }
    }
}

#[test]
fn a_try_and_a_deadline_that_has_passed_never_wait_and_leave_nothing_behind() {
    let queue = Rendezvous::new();
    assert_eq!(queue.try_put(7), Err(TryPutError::Full(7)));
    assert_eq!(queue.put_timeout(7, Duration::ZERO), Err(PutTimeoutError::Timeout(7)));
    assert_eq!(queue.put_timeout(7, SHORT), Err(PutTimeoutError::Timeout(7)));
    assert_eq!(queue.put_deadline(7, Instant::now()), Err(PutTimeoutError::Timeout(7)));
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetTimeoutError::Timeout));
    assert_eq!(queue.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    assert_eq!(queue.get_deadline(Instant::now()), Err(GetTimeoutError::Timeout));
    assert_eq!((queue.putters_waiting(), queue.getters_waiting(), queue.unfinished()), (0, 0, 0));
}

#[test]
fn one_in_the_middle_of_the_line_that_gives_up_leaves_the_others_in_their_order() {
    let queue = shared();
    let first = call(&queue, |queue| queue.put(1));
    until(&queue, 1, 0);
    let second = call(&queue, |queue| queue.put_timeout(2, SHORT));
    while !second.is_finished() {
        thread::yield_now();
    }
    assert_eq!(second.join().unwrap(), Err(PutTimeoutError::Timeout(2)));
    let third = call(&queue, |queue| queue.put(3));
    until(&queue, 2, 0);
    assert_eq!((queue.get(), queue.get()), (Ok(1), Ok(3)));
    assert_eq!((first.join().unwrap(), third.join().unwrap()), (Ok(()), Ok(())));
}

#[test]
fn a_put_whose_time_is_up_when_a_get_arrives_is_either_taken_or_comes_back() {
    const ROUNDS: u32 = if cfg!(miri) { 5 } else { 300 };
    let queue = shared();
    for round in 0..ROUNDS {
        let patience = Duration::from_micros(u64::from(round % 60));
        let put = call(&queue, move |queue| queue.put_timeout(round, patience));
        let got = queue.get_timeout(patience);
        match put.join().unwrap() {
            Ok(()) => assert_eq!(got, Ok(round)),
            Err(error) => {
                assert_eq!(error, PutTimeoutError::Timeout(round));
                assert_eq!(got, Err(GetTimeoutError::Timeout));
            }
        }
    }
    assert_eq!((queue.putters_waiting(), queue.getters_waiting()), (0, 0));
}

#[test]
fn a_shutdown_gives_each_putter_its_item_back_and_sends_each_getter_away() {
    for end in [Rendezvous::shutdown, |queue: &Rendezvous<_>| assert_eq!(queue.shutdown_now(), [])]
    {
        let queue = shared();
        let puts: Vec<_> = (0..3).map(|item| call(&queue, move |queue| queue.put(item))).collect();
        until(&queue, 3, 0);
        end(&queue);
        for (item, put) in puts.into_iter().enumerate() {
            assert_eq!(put.join().unwrap(), Err(PutError::Shutdown(item)));
        }
        assert!(queue.is_shutdown());

        let queue = shared::<usize>();
        let gets: Vec<_> = (0..3).map(|_| call(&queue, Rendezvous::get)).collect();
        until(&queue, 0, 3);
        end(&queue);
        for get in gets {
            assert_eq!(get.join().unwrap(), Err(GetError::Shutdown));
        }
    }
}

#[test]
fn after_a_shutdown_every_form_fails_at_once() {
    let queue = Rendezvous::new();
    queue.shutdown();
    queue.shutdown(); // which changes nothing
    assert_eq!(queue.put(7), Err(PutError::Shutdown(7)));
    assert_eq!(queue.try_put(7), Err(TryPutError::Shutdown(7)));
    assert_eq!(queue.put_timeout(7, FAR), Err(PutTimeoutError::Shutdown(7)));
    assert_eq!(queue.put_deadline(7, Instant::now()), Err(PutTimeoutError::Shutdown(7)));
    assert_eq!(queue.get(), Err(GetError::Shutdown));
    assert_eq!(queue.try_get(), Err(TryGetError::Shutdown));
    assert_eq!(queue.get_timeout(FAR), Err(GetTimeoutError::Shutdown));
    assert_eq!(queue.get_deadline(Instant::now()), Err(GetTimeoutError::Shutdown));
    assert_eq!(queue.iter().next(), None);
}

#[test]
fn a_getter_that_panics_takes_its_own_item_along_and_no_other() {
    let queue = shared();
    let dies = call(&queue, |queue| {
        let _item = queue.get();
        resume_unwind(Box::new("in the middle of its work")); // as a panic, but says nothing
    });
    queue.put(Arc::new(1)).unwrap();
    assert!(dies.join().is_err());
    let left = Arc::new(2);
    let put = call(&queue, {
        let left = Arc::clone(&left);
        move |queue| queue.put(left)
    });
    assert_eq!(queue.get().as_deref(), Ok(&2));
    put.join().unwrap().unwrap();
    assert_eq!(Arc::strong_count(&left), 1);
}

#[test]
fn the_last_receiver_that_dies_by_a_panic_gives_the_putter_its_item_back() {
    let (sender, receiver) = channel(Rendezvous::new());
    let dies = thread::spawn(move || {
        while receiver.queue().putters_waiting() == 0 {
            thread::yield_now();
        }
        resume_unwind(Box::new("before it gets")); // as a panic, but says nothing
    });
    assert_eq!(sender.put(7), Err(PutError::Shutdown(7)));
    assert!(dies.join().is_err());
}

#[test]
fn many_putters_and_many_getters_pass_each_item_on_once() {
    const EACH: usize = if cfg!(miri) { 5 } else { 500 };
    let queue = shared();
    let gets: Vec<_> = (0..3).map(|_| call(&queue, |queue| queue.iter().sum::<usize>())).collect();
    let puts: Vec<_> = (0..3)
        .map(|_| call(&queue, |queue| (1..=EACH).for_each(|item| queue.put(item).unwrap())))
        .collect();
    puts.into_iter().for_each(|put| put.join().unwrap());
    queue.shutdown();
    let sum: usize = gets.into_iter().map(|get| get.join().unwrap()).sum();
    assert_eq!(sum, 3 * EACH * (EACH + 1) / 2);
    assert_eq!(queue.unfinished(), 3 * EACH);
}

#[test]
fn an_item_is_dropped_once_wherever_it_ends() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let drops = AtomicUsize::new(0);
    let queue = Rendezvous::new();
    drop(queue.try_put(Counted(&drops)));
    drop(queue.put_timeout(Counted(&drops), SHORT));
    thread::scope(|s| {
        s.spawn(|| drop(queue.put(Counted(&drops)))); // and it comes back
        until(&queue, 1, 0);
        queue.shutdown();
    });
    drop(queue.put(Counted(&drops)));
    assert_eq!(drops.load(SeqCst), 4);
    let queue = Rendezvous::new();
    thread::scope(|s| {
        s.spawn(|| queue.put(Counted(&drops)).unwrap());
        drop(queue.get());
    });
    assert_eq!(drops.load(SeqCst), 5);
}

#[test]
fn an_item_may_be_of_no_size_or_of_many_bytes() {
    let queue = shared();
    let put = call(&queue, |queue| queue.put(()));
    assert_eq!(queue.get(), Ok(()));
    put.join().unwrap().unwrap();
    let queue = shared();
    let put = call(&queue, |queue| queue.put([7_u64; 1000]).is_ok());
    assert_eq!(queue.get().map(|item| item.iter().sum()), Ok(7000));
    assert!(put.join().unwrap());
}

#[test]
fn a_batch_is_handed_over_one_by_one_and_comes_back_from_where_it_stopped() {
    let queue = shared();
    assert_eq!(queue.put_many(Vec::new()), Ok(()));
    assert_eq!(queue.try_put_many(vec![1, 2]), Err(TryPutError::Full(vec![1, 2])));
    assert_eq!(queue.put_many_timeout(vec![1], SHORT), Err(PutTimeoutError::Timeout(vec![1])));
    let put = call(&queue, |queue| queue.put_many(vec![1, 2, 3, 4]));
    let mut got = vec![0];
    assert_eq!(queue.get_many(&mut got, 0), Ok(0));
    while got.len() < 4 {
        let most = 4 - got.len();
        assert!(queue.get_many(&mut got, most).is_ok_and(|more| more > 0));
    }
    until(&queue, 1, 0);
    queue.shutdown();
    assert_eq!(got, [0, 1, 2, 3]);
    assert_eq!(put.join().unwrap(), Err(PutError::Shutdown(vec![4])));
    assert_eq!(queue.try_put_many(vec![5]), Err(TryPutError::Shutdown(vec![5])));
    assert_eq!(queue.get_many(&mut got, 1), Err(GetError::Shutdown));
}

#[test]
fn a_batch_of_getters_is_served_as_far_as_it_goes() {
    let queue = shared();
    let gets: Vec<_> = (0..2).map(|_| call(&queue, Rendezvous::get)).collect();
    until(&queue, 0, 2);
    assert_eq!(queue.try_put_many(vec![1, 2, 3]), Err(TryPutError::Full(vec![3])));
    let mut got: Vec<_> = gets.into_iter().map(|get| get.join().unwrap().unwrap()).collect();
    got.sort_unstable();
    assert_eq!(got, [1, 2]);
}

#[test]
fn drain_takes_what_the_putters_bring_and_asks_none_twice() {
    let queue = shared();
    assert_eq!(queue.drain(), []);
    let puts: Vec<_> =
        (0..3).map(|_| call(&queue, |queue| while queue.put(7).is_ok() {})).collect();
    until(&queue, 3, 0);
    assert_eq!(queue.drain().len(), 3, "though they come again at once");
    queue.shutdown();
    puts.into_iter().for_each(|put| put.join().unwrap());
}

#[test]
fn join_waits_for_what_was_handed_over_and_not_for_what_was_not() {
    let queue = shared();
    let put = call(&queue, |queue| (queue.put(1), queue.put(2)));
    queue.get().unwrap();
    until(&queue, 1, 0);
    assert_eq!(queue.unfinished(), 1);
    assert!(!queue.join_timeout(Duration::ZERO) && !queue.join_timeout(SHORT));
    queue.task_done().unwrap();
    queue.join();
    assert!(queue.join_timeout(Duration::ZERO));
    assert!(queue.task_done().is_err());
    queue.shutdown();
    assert_eq!(put.join().unwrap().1, Err(PutError::Shutdown(2)));
}

#[test]
fn a_select_takes_from_a_putter_and_is_no_getter_for_a_try() {
    let (queue, other) = (shared(), Rendezvous::<u8>::new());
    let select = call(&queue, move |queue| {
        let mut select = Select::new();
        select.queue(queue, |item| item).queue(&other, |item| item);
        (select.select(), select.select())
    });
    assert_eq!(queue.try_put(0), Err(TryPutError::Full(0)));
    queue.put(7).unwrap();
    queue.put_timeout(8, FAR).unwrap();
    assert_eq!(select.join().unwrap(), (Ok(7), Ok(8)));
}

#[test]
fn a_select_ends_with_its_rendezvous() {
    let queue = shared::<u8>();
    let select = call(&queue, |queue| Select::new().queue(queue, |item| item).select());
    queue.shutdown();
    assert_eq!(select.join().unwrap(), Err(GetError::Shutdown));
}

#[test]
fn it_is_always_empty_and_always_full_and_shows_how_many_threads_wait() {
    let queue = shared();
    let put = call(&queue, |queue| queue.put(7));
    until(&queue, 1, 0);
    let dynamic: &dyn BlockingQueue<i32> = &*queue;
    assert_eq!((dynamic.len(), dynamic.capacity()), (0, Some(0)));
    assert!(dynamic.is_empty() && dynamic.is_full());
    let shown = format!("{queue:?}");
    assert_eq!(
        shown,
        "Rendezvous { putters_waiting: 1, getters_waiting: 0, unfinished: 0, shut_down: false }"
    );
    let held = queue.state.lock();
    assert_eq!(format!("{queue:?}"), "Rendezvous { state: <locked> }");
    drop(held);
    assert_eq!(queue.try_get(), Ok(7));
    put.join().unwrap().unwrap();
}

#[test]
fn a_wait_that_unwinds_leaves_the_line() {
    let queue = Rendezvous::<u8>::new();
    let waiter = super::Waiter::new(None);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _standing = waiter.stands(&queue, super::Side::Getters);
        resume_unwind(Box::new("the detector's hook"));
    }));
    assert!(panic.is_err());
    assert_eq!(queue.getters_waiting(), 0);
}
