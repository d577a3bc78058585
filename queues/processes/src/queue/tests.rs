use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Instant;

use queues::{GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};

use super::*;
use crate::SharedMemory;
use crate::forked::{self, die, fork};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

#[test]
fn first_in_first_out_and_no_more_than_its_capacity() {
    for capacity in [1, 2, 3, 64, 100] {
        let queue = SharedQueue::bounded(capacity).expect("there is memory");
        assert_eq!((queue.capacity(), queue.len(), queue.is_empty()), (capacity, 0, true));
        for round in 0..3u64 {
            for item in 0..capacity as u64 {
                queue.try_put(round << 32 | item).expect("there is room");
            }
            assert!(queue.is_full());
            assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)));
            assert_eq!(queue.put_timeout(9, SHORT), Err(PutTimeoutError::Timeout(9)));
            assert_eq!(queue.put_deadline(9, Instant::now()), Err(PutTimeoutError::Timeout(9)));
            for item in 0..capacity as u64 {
                assert_eq!(queue.get(), Ok(round << 32 | item));
            }
            assert_eq!(queue.try_get(), Err(TryGetError::Empty));
            assert_eq!(queue.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
            assert_eq!(queue.get_deadline(Instant::now()), Err(GetTimeoutError::Timeout));
        }
    }
    assert!(std::panic::catch_unwind(|| SharedQueue::<u8>::bounded(0)).is_err());
    assert!(SharedQueue::<u64>::bounded(usize::MAX).is_err());
}

#[test]
fn many_to_many_lose_nothing_and_keep_each_ones_order() {
    for capacity in [1, 7, 256] {
        let queue = SharedQueue::bounded(capacity).expect("there is memory");
        let got: Vec<Vec<[u32; 2]>> = thread::scope(|s| {
            let getters: Vec<_> = (0..3).map(|_| s.spawn(|| queue.iter().collect())).collect();
            let putters: Vec<_> = (0..3u32)
                .map(|putter| {
                    let queue = &queue;
                    s.spawn(move || {
                        (0..3000).for_each(|item| queue.put([putter, item]).expect("open"))
                    })
                })
                .collect();
            putters.into_iter().for_each(|putter| putter.join().expect("it ends"));
            queue.shutdown();
            getters.into_iter().map(|getter| getter.join().expect("it ends")).collect()
        });
        for one in &got {
            for putter in 0..3 {
                let items = one.iter().filter(|item| item[0] == putter);
                assert!(items.is_sorted(), "in the order in which they were put");
            }
        }
        let mut all: Vec<_> = got.into_iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 9000);
    }
}

#[test]
fn the_end_comes_after_what_is_left() {
    let queue = SharedQueue::bounded(4).expect("there is memory");
    queue.put(1u64).expect("open");
    queue.put(2).expect("open");
    queue.shutdown();
    assert!(queue.is_shutdown());
    assert_eq!(queue.put(3), Err(PutError::Shutdown(3)));
    assert_eq!(queue.try_put(3), Err(TryPutError::Shutdown(3)));
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.shutdown_now(), [2]);
    assert_eq!(queue.get(), Err(GetError::Shutdown));
    assert_eq!(queue.get_timeout(LONG), Err(GetTimeoutError::Shutdown));
    let sleepers = SharedQueue::<u64>::bounded(1).expect("there is memory");
    thread::scope(|s| {
        let getters: Vec<_> = (0..2).map(|_| s.spawn(|| sleepers.get())).collect();
        sleepers.shutdown();
        for getter in getters {
            assert_eq!(getter.join().expect("it ends"), Err(GetError::Shutdown));
        }
    });
}

#[test]
fn a_join_waits_for_what_was_got_and_not_for_the_dead() {
    let queue = SharedQueue::bounded(4).expect("there is memory");
    assert_eq!(queue.task_done(), Err(TaskDoneError));
    queue.put(1u8).expect("open");
    queue.put(2).expect("open");
    assert_eq!(queue.unfinished(), 2);
    queue.get().expect("there is one");
    assert_eq!(queue.unfinished(), 2);
    assert!(!queue.join_timeout(SHORT));
    queue.task_done().expect("it was got");
    let child = fork(|| {
        let _ = queue.get();
        die()
    });
    assert_eq!(child.end(), Err(libc::SIGKILL));
    assert!(queue.join_timeout(LONG));
    assert_eq!(queue.unfinished(), 0);
}

/// A put and a get that are stopped in the middle, by hand: they keep their places, and do not come
/// back.
#[test]
fn one_that_does_not_come_back_blocks_nobody() {
    let queue = SharedQueue::<u64>::bounded(3).expect("there is memory");
    for round in 0..200 {
        // In each round one more dies; their places are reused.
        let child = fork(|| {
            let ring = queue.ring();
            if round % 2 == 0 {
                ring.claim_and_stop();
            } else {
                let _ = queue.put_once(&u64::MAX);
                ring.take_and_stop();
            }
            die()
        });
        assert_eq!(child.end(), Err(libc::SIGKILL));
        for item in 0..10 {
            queue.put_timeout(item, LONG).expect("not blocked");
            assert_eq!(queue.get_timeout(LONG), Ok(item), "round {round}");
        }
    }
    assert!(queue.is_empty());
    assert_eq!(queue.get_once(), Err(NotGot::Empty));
}

#[test]
fn one_that_comes_back_late_puts_its_item_elsewhere() {
    let queue = SharedQueue::<u64>::bounded(100).expect("there is memory");
    let other = crate::handover::pack(&queue).expect("as an argument");
    let other: SharedQueue<u64> = crate::handover::unpack(&other.0, other.1).expect("it came");
    let (place, claimed) = other.ring().claim_and_stop();
    for item in 0..50 {
        queue.put(item).expect("open");
    }
    let got: Vec<_> = (0..50).map(|_| queue.get_timeout(LONG).expect("not blocked")).collect();
    assert_eq!(got, (0..50).collect::<Vec<_>>());
    // A whole lap later the place is skipped.
    for item in 0..500 {
        queue.put(item).expect("open");
        assert_eq!(queue.get_timeout(LONG), Ok(item));
    }
    assert!(!other.ring().come_back(place, claimed), "its place is not its own any more");
    for item in 0..500 {
        queue.put(item).expect("open");
        assert_eq!(queue.get_timeout(LONG), Ok(item));
    }
}

#[test]
fn processes_put_and_get_while_some_are_killed() {
    let queue = SharedQueue::<[u64; 4]>::bounded(8).expect("there is memory");
    let got = SharedMemory::new(8).expect("there is memory");
    let put_for_ever = || {
        let mut item = 0;
        loop {
            item += 1;
            if queue.put([item, item * 3, item ^ 7, !item]).is_err() {
                return;
            }
        }
    };
    let get_for_ever = || {
        while let Ok([item, thrice, other, inverse]) = queue.get() {
            if thrice != item * 3 || other != item ^ 7 || inverse != !item {
                got.atomic(0).fetch_or(1 << 63, SeqCst);
                return;
            }
            got.atomic(0).fetch_add(1, SeqCst);
        }
    };
    let start = |number: usize| {
        if number.is_multiple_of(2) { fork(put_for_ever) } else { fork(get_for_ever) }
    };
    let mut children: Vec<_> = (0..4).map(start).collect();
    let mut random = 88_172_645_463_325_252_u64;
    for round in 0..200 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let before = got.atomic(0).load(SeqCst);
        while got.atomic(0).load(SeqCst) < before + random % 500 {
            thread::yield_now();
        }
        let number = round % 4;
        let child = std::mem::replace(&mut children[number], start(number));
        child.kill();
        assert_eq!(child.end(), Err(libc::SIGKILL), "no torn item");
    }
    queue.shutdown();
    let ends: Vec<_> = children.into_iter().map(forked::Child::end).collect();
    assert_eq!(ends, [Ok(0); 4]);
    assert_eq!(got.atomic(0).load(SeqCst) >> 63, 0, "no torn item");
}

#[test]
fn a_put_that_died_before_it_moved_the_tail_stops_no_other() {
    let queue = SharedQueue::bounded(2).expect("there is memory");
    let child = fork(|| {
        queue.ring().claim_and_stop();
        die();
    });
    assert_eq!(child.end(), Err(libc::SIGKILL));
    // This frees the place, before any put has come by.
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    for item in 0..5u64 {
        queue.put(item).expect("it is open");
        assert_eq!(queue.get(), Ok(item));
    }
}

#[test]
fn a_queue_for_nothing_is_refused_by_name() {
    let said = |make: fn()| {
        let panic = std::panic::catch_unwind(make).expect_err("it is refused");
        panic.downcast_ref::<&str>().map_or(String::new(), ToString::to_string)
    };
    let places = "a shared queue of capacity 0: at least 1 is needed";
    assert_eq!(said(|| drop(SharedQueue::<u64>::bounded(0))), places);
    assert_eq!(said(|| drop(SharedQueue::<String, Encoded>::encoded(0))), places);
    assert_eq!(
        said(|| drop(SharedQueue::<String, Encoded>::encoded_with_room(1, 0))),
        "a shared queue with room for 0 bytes: at least 1 is needed"
    );
    assert_eq!(
        said(|| drop(crate::SharedBarrier::new(0))),
        "a barrier of 0 parties: at least 1 is needed"
    );
    // More than a process can address.
    assert!(SharedQueue::<u64>::bounded(usize::MAX).is_err());
}
