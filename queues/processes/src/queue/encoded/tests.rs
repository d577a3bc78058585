use std::collections::VecDeque;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::SharedMemory;
use crate::forked::{self, fork};
use crate::handover;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

type Texts = SharedQueue<String, Encoded>;

fn texts(capacity: usize, room: usize) -> Texts {
    SharedQueue::encoded_with_room(capacity, room).expect("there is memory")
}

fn text(len: usize) -> String {
    "x".repeat(len)
}

#[test]
fn items_of_any_length_come_in_order_in_all_forms() {
    let queue = texts(4, 4096);
    assert_eq!((queue.capacity(), queue.room()), (4, 4096));
    for len in [0, 1, 253, 254, 255, 256, 1000, 4000] {
        queue.put(text(len)).expect("open");
        assert_eq!(queue.get(), Ok(text(len)));
        queue.try_put(text(len)).expect("there is room");
        assert_eq!(queue.try_get(), Ok(text(len)));
        queue.put_timeout(text(len), LONG).expect("there is room");
        assert_eq!(queue.get_timeout(LONG), Ok(text(len)));
        let deadline = Instant::now() + LONG;
        queue.put_deadline(text(len), deadline).expect("there is room");
        assert_eq!(queue.get_deadline(deadline), Ok(text(len)));
    }
    assert_eq!(queue.try_get(), Err(GetEncodedError::Queue(TryGetError::Empty)));
    let timeout = Err(GetEncodedError::Queue(GetTimeoutError::Timeout));
    assert_eq!(queue.get_timeout(SHORT), timeout);
    assert_eq!(queue.get_deadline(Instant::now()), timeout);
}

/// Whether the queue says that it is full, in each form that can say so.
fn is_full_for(queue: &Texts, len: usize) -> bool {
    let full = queue.try_put(text(len));
    let timeout = queue.put_timeout(text(len), SHORT);
    let deadline = queue.put_deadline(text(len), Instant::now());
    matches!(full, Err(PutEncodedError::Queue(TryPutError::Full(item))) if item.len() == len)
        && matches!(timeout, Err(PutEncodedError::Queue(PutTimeoutError::Timeout(_))))
        && matches!(deadline, Err(PutEncodedError::Queue(PutTimeoutError::Timeout(_))))
}

#[test]
fn places_and_bytes_both_limit_it() {
    let queue = texts(3, 1024);
    (0..3).for_each(|_| queue.try_put(text(1)).expect("there is room"));
    assert!(is_full_for(&queue, 1), "three places");
    (0..3).for_each(|_| drop(queue.get().expect("there is one")));
    queue.try_put(text(700)).expect("there is room");
    for _ in 0..10 {
        assert!(is_full_for(&queue, 500), "of four blocks one is left");
    }
    assert_eq!(queue.len(), 1, "a put that does not fit takes no place");
    queue.try_put(text(200)).expect("there is room");
    assert_eq!(queue.get().map(|text| text.len()), Ok(700));
    queue.try_put(text(500)).expect("there is room again");
}

#[test]
fn a_long_put_waits_for_the_whole_room() {
    let queue = texts(64, 16 * 256);
    (0..16).for_each(|_| queue.try_put(text(10)).expect("there is room"));
    thread::scope(|s| {
        let long = s.spawn(|| queue.put_timeout(text(4000), LONG));
        (0..16).for_each(|_| assert_eq!(queue.get_timeout(LONG), Ok(text(10))));
        long.join().expect("it ends").expect("there is room");
    });
    assert_eq!(queue.get_timeout(LONG), Ok(text(4000)));
}

#[test]
fn puts_that_each_need_most_of_the_room_do_not_stop_each_other() {
    let queue = texts(8, 8 * 256);
    let sizes = [1900, 1200, 1500, 10];
    thread::scope(|s| {
        for len in sizes {
            let queue = &queue;
            s.spawn(move || {
                (0..500).for_each(|_| queue.put_timeout(text(len), LONG).expect("open"));
            });
        }
        let mut counts = [0; 4];
        for _ in 0..2000 {
            let len = queue.get_timeout(LONG).expect("none stops").len();
            counts[sizes.iter().position(|&size| size == len).expect("whole")] += 1;
        }
        assert_eq!(counts, [500; 4]);
    });
}

#[test]
fn what_cannot_be_put_is_one_clear_error_and_comes_back() {
    let queue = texts(4, 300);
    let error = queue.put(text(1000)).expect_err("too long");
    assert_eq!(error.to_string(), "an item of 1002 bytes in a queue with room for 512");
    assert!(matches!(error, PutEncodedError::TooLong { item, .. } if item.len() == 1000));
    assert!(queue.is_empty());

    let memories: SharedQueue<SharedMemory, Encoded> =
        SharedQueue::encoded(4).expect("there is memory");
    let error = memories.put(SharedMemory::new(8).expect("there is memory"));
    let error = error.expect_err("a handle is no bytes");
    assert!(error.to_string().starts_with("the item cannot be written as bytes: "), "{error}");
    assert!(matches!(error, PutEncodedError::Encode { item, .. } if item.len() == 8));

    queue.shutdown();
    let refused = queue.put(text(3));
    assert!(
        matches!(refused, Err(PutEncodedError::Queue(PutError::Shutdown(item))) if item == "xxx")
    );
    let refused = queue.try_put(text(3));
    assert!(matches!(refused, Err(PutEncodedError::Queue(TryPutError::Shutdown(_)))));
    let refused = queue.put_timeout(text(3), LONG);
    assert!(matches!(refused, Err(PutEncodedError::Queue(PutTimeoutError::Shutdown(_)))));
    let zero = |capacity, room| std::panic::catch_unwind(move || drop(texts(capacity, room)));
    assert!(zero(0, 1).is_err() && zero(1, 0).is_err());
    assert!(Texts::encoded(usize::MAX).is_err());
}

#[test]
fn an_item_of_another_type_is_an_error_and_the_queue_goes_on() {
    let queue = texts(4, 4096);
    let (bytes, fds) = handover::pack(&queue).expect("as an argument");
    let numbers: SharedQueue<(u8, u8), Encoded> = handover::unpack(&bytes, fds).expect("it came");
    queue.put("abc".to_owned()).expect("open");
    let error = numbers.get().expect_err("three letters are not two numbers");
    assert!(error.to_string().contains("of another type"), "{error}");
    numbers.put((0, 0)).expect("open");
    assert_eq!(numbers.get(), Ok((0, 0)));

    let (bytes, fds) = handover::pack(&queue).expect("as an argument");
    assert!(handover::unpack::<SharedQueue<u64>>(&bytes, fds).is_err(), "not a plain one");
    let plain = SharedQueue::<[u32; 2]>::bounded(4).expect("there is memory");
    let (bytes, fds) = handover::pack(&plain).expect("as an argument");
    assert!(handover::unpack::<Texts>(&bytes, fds).is_err(), "not an encoded one");
}

#[test]
fn the_end_comes_after_what_is_left_and_join_waits() {
    let queue = texts(4, 4096);
    queue.put(text(1)).expect("open");
    queue.put(text(2)).expect("open");
    queue.put(text(3)).expect("open");
    assert_eq!(queue.unfinished(), 3);
    assert_eq!(queue.get(), Ok(text(1)));
    assert!(!queue.join_timeout(SHORT));
    queue.task_done().expect("it was got");
    queue.shutdown();
    assert_eq!(queue.iter().next(), Some(Ok(text(2))));
    queue.task_done().expect("it was got");
    assert_eq!(queue.shutdown_now(), [Ok(text(3))]);
    assert!(queue.join_timeout(LONG));
    assert_eq!(queue.get(), Err(GetEncodedError::Queue(GetError::Shutdown)));
    assert_eq!(queue.try_get(), Err(GetEncodedError::Queue(TryGetError::Shutdown)));
    assert_eq!(queue.get_timeout(LONG), Err(GetEncodedError::Queue(GetTimeoutError::Shutdown)));
}

/// Items that carry their own check.
fn checked(number: u64) -> (u64, Vec<u64>) {
    (number, vec![number; (number * 7 % 60) as usize])
}

#[test]
fn processes_put_and_get_while_some_are_killed_or_stopped_and_no_room_is_lost() {
    // Room for a few items only, so that puts wait for it.
    let queue: SharedQueue<(u64, Vec<u64>), Encoded> =
        SharedQueue::encoded_with_room(8, 2048).expect("there is memory");
    let got = SharedMemory::new(8).expect("there is memory");
    let put_for_ever = || {
        for number in 0.. {
            if queue.put(checked(number)).is_err() {
                return;
            }
        }
    };
    let get_for_ever = || {
        for item in queue.iter() {
            let whole = item.is_ok_and(|item| item == checked(item.0));
            got.atomic(0).fetch_add(if whole { 1 } else { 1 << 32 }, SeqCst);
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
        let more = || {
            let before = got.atomic(0).load(SeqCst);
            while got.atomic(0).load(SeqCst) < before + random % 200 + 1 {
                thread::yield_now();
            }
        };
        more();
        let number = round % 4;
        if round % 3 == 0 {
            children[number].stop();
            more();
            children[number].go_on();
        }
        let child = std::mem::replace(&mut children[number], start(number));
        child.kill();
        assert_eq!(child.end(), Err(libc::SIGKILL));
    }
    queue.shutdown();
    let ends: Vec<_> = children.into_iter().map(forked::Child::end).collect();
    assert_eq!(ends, [Ok(0); 4]);
    assert_eq!(got.atomic(0).load(SeqCst) >> 32, 0, "no torn item");
    // All room is there again, whatever the dead had.
    queue.ring().bury();
    let (blocks, cursor) = (queue.ring().blocks(), &queue.ring().body().cursor);
    assert!(blocks.have_room(cursor, blocks.most(), |item| queue.ring().use_of(item)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Beside a deque: the same items, and full and empty at the same moments.
    #[test]
    fn it_is_a_first_in_first_out_queue(
        capacity in 1..6usize,
        blocks in 1..8usize,
        calls in prop::collection::vec(prop::option::of(0..1500usize), 0..200),
    ) {
        let queue: SharedQueue<Vec<u8>, Encoded> =
            SharedQueue::encoded_with_room(capacity, blocks * BLOCK).expect("there is memory");
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let encoded = |item: &Vec<u8>| postcard::to_stdvec(item).expect("bytes").len().div_ceil(BLOCK);
        for (number, call) in calls.into_iter().enumerate() {
            let Some(len) = call else {
                prop_assert_eq!(queue.try_get().ok(), model.pop_front());
                continue;
            };
            let item = vec![number as u8; len];
            let used: usize = model.iter().map(encoded).sum();
            let (fits, ever) = (used + encoded(&item) <= blocks, encoded(&item) <= blocks);
            match queue.try_put(item.clone()) {
                Ok(()) => {
                    prop_assert!(fits && model.len() < capacity);
                    model.push_back(item);
                }
                Err(PutEncodedError::Queue(TryPutError::Full(back))) => {
                    prop_assert!(ever && (!fits || model.len() == capacity));
                    prop_assert_eq!(back, item);
                }
                Err(PutEncodedError::TooLong { .. }) => prop_assert!(!ever),
                Err(error) => prop_assert!(false, "{}", error),
            }
            prop_assert_eq!(queue.len(), model.len());
        }
    }
}
