//! Laps, capacities, and what others see of a place while a thread uses it.

use std::sync::Arc;
use std::thread;

use super::{Ring, call, full};
use crate::error::{TryGetError, TryPutError};

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn items_come_out_in_order_while_the_laps_wrap_around() {
    for capacity in [1, 2, 3, 4, 5, 7, 8, 100] {
        let ring = Ring::bounded_in_its_last_lap(capacity);
        let (mut put, mut got) = (0, 0);
        // Uneven steps, so that every place is once the first and once the last.
        for step in (1..=capacity).cycle().take(5 * capacity) {
            for _ in 0..step {
                if ring.try_put(put).is_ok() {
                    put += 1;
                }
            }
            assert_eq!(ring.len(), put - got);
            assert_eq!(ring.unfinished(), put - got);
            assert_eq!(ring.is_full(), put - got == capacity);
            while got < put {
                assert_eq!(ring.try_get(), Ok(got));
                ring.task_done().unwrap();
                got += 1;
            }
            assert_eq!(ring.try_get(), Err(TryGetError::Empty));
            assert!(ring.is_empty());
        }
        assert!(put >= 3 * capacity, "{put} items are not enough laps of {capacity}");
    }
}

#[test]
fn a_ring_has_exactly_as_many_places_as_it_was_made_with() {
    for capacity in 1..20 {
        let ring = full(capacity);
        assert_eq!(ring.capacity(), Some(capacity));
        for _ in 0..3 {
            assert_eq!(ring.try_put(99), Err(TryPutError::Full(99)));
            assert_eq!(ring.len(), capacity);
            let first = ring.try_get().unwrap();
            assert_eq!(ring.len(), capacity - 1);
            ring.try_put(first).unwrap();
        }
    }
}

#[test]
#[should_panic(expected = "a ring of capacity 0 could never take an item: use at least 1")]
fn capacity_0_is_refused_and_the_message_says_what_to_use() {
    let _ = Ring::<u8>::bounded(0);
}

#[test]
#[should_panic(expected = "does not fit into memory: use less, or an unbounded `Queue`")]
fn a_capacity_beyond_memory_is_refused_and_the_message_says_what_to_use() {
    let _ = Ring::<()>::bounded(usize::MAX);
}

#[test]
fn one_place_hands_over_every_item_between_two_threads() {
    for capacity in [1, 2] {
        let ring = Arc::new(Ring::bounded_in_its_last_lap(capacity));
        let numbers = call(&ring, |ring| ring.iter().collect::<Vec<u32>>());
        for number in 0..2000 {
            ring.put(number).unwrap();
        }
        ring.shutdown();
        assert_eq!(numbers.join().unwrap(), (0..2000).collect::<Vec<_>>());
    }
}

#[test]
fn several_threads_on_few_places_lose_and_double_nothing() {
    for capacity in [1, 2, 3] {
        let ring = Ring::bounded_in_its_last_lap(capacity);
        let sum = thread::scope(|s| {
            let getters: Vec<_> = (0..2).map(|_| s.spawn(|| ring.iter().sum::<u64>())).collect();
            let putters: Vec<_> = (0..2)
                .map(|_| s.spawn(|| (1..=1000).for_each(|number| ring.put(number).unwrap())))
                .collect();
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            ring.shutdown();
            getters.into_iter().map(|getter| getter.join().unwrap()).sum::<u64>()
        });
        assert_eq!(sum, 2 * 500_500);
        assert_eq!(ring.unfinished(), 2000);
    }
}

#[test]
fn items_of_no_size_are_counted_and_ones_of_many_words_arrive_whole() {
    let ring = Ring::bounded_in_its_last_lap(3);
    for _ in 0..10 {
        while ring.try_put(()).is_ok() {}
        assert_eq!(ring.len(), 3);
        assert_eq!(ring.iter().take(3).count(), 3);
        assert!(ring.is_empty());
    }
    let ring = Ring::bounded_in_its_last_lap(2);
    for number in 0..10_u64 {
        ring.put([number; 33]).unwrap();
        assert_eq!(ring.get(), Ok([number; 33]));
    }
}

#[test]
fn a_place_that_is_taken_and_not_filled_yet_counts_as_full_to_a_putter() {
    for capacity in [1, 2] {
        let ring = Ring::bounded_in_its_last_lap(capacity);
        let first = ring.begin_to_put();
        for item in 1..capacity {
            ring.try_put(item).unwrap();
        }
        assert_eq!(ring.try_put(9), Err(TryPutError::Full(9)), "and does not wait for it");
        assert_eq!(ring.len(), capacity);
        ring.end_to_put(first, 0);
        assert_eq!(ring.try_get(), Ok(0));
    }
}

#[test]
fn a_place_that_is_taken_and_not_emptied_yet_counts_as_empty_to_a_getter() {
    for capacity in [1, 2] {
        let ring = full(capacity);
        let first = ring.begin_to_get();
        for item in 1..capacity {
            assert_eq!(ring.try_get(), Ok(item));
        }
        assert_eq!(ring.try_get(), Err(TryGetError::Empty), "and does not wait for it");
        assert_eq!(ring.len(), 0);
        assert_eq!(ring.end_to_get(first), 0);
        ring.try_put(9).unwrap();
    }
}

#[test]
fn a_getter_waits_for_the_putter_that_is_in_the_middle_of_its_place() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(2));
    let first = ring.begin_to_put();
    ring.put(1).unwrap();
    let get = call(&ring, Ring::try_get);
    thread::yield_now();
    ring.end_to_put(first, 0);
    assert_eq!(get.join().unwrap(), Ok(0), "the second item must not overtake the first");
    assert_eq!(ring.get(), Ok(1));
}

#[test]
fn a_putter_waits_for_the_getter_that_is_in_the_middle_of_its_place() {
    let ring = full(2);
    let first = ring.begin_to_get();
    let put = call(&ring, |ring| ring.try_put(2));
    thread::yield_now();
    assert_eq!(ring.end_to_get(first), 0);
    assert_eq!(put.join().unwrap(), Ok(()), "there is a place, and it is about to be free");
    assert_eq!(ring.get(), Ok(1));
    assert_eq!(ring.get(), Ok(2));
}

#[test]
fn a_ring_goes_to_other_threads_with_any_item_that_may() {
    fn goes<T: Send + Sync>() {}
    goes::<Ring<std::cell::Cell<u8>>>();
}
