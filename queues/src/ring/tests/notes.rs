//! Sleeping: which thread leaves a note, which is called for it, and when the note is cleared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FAR, Ring, SHORT, call, full};
use crate::error::{GetTimeoutError, PutTimeoutError};

#[test]
fn a_sleeping_getter_is_called_for_an_item() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(2));
    let get = call(&ring, Ring::get);
    ring.until_asleep(0, 1);
    ring.put(7).unwrap();
    assert_eq!(get.join().unwrap(), Ok(7));
}

#[test]
fn a_sleeping_putter_is_called_for_a_place() {
    let ring = full(1);
    let put = call(&ring, |ring| ring.put(1));
    ring.until_asleep(1, 0);
    assert_eq!(ring.get(), Ok(0));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert_eq!(ring.get(), Ok(1));
}

#[test]
fn as_many_sleepers_are_called_as_items_come() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(4));
    let gets: Vec<_> = (0..3).map(|_| call(&ring, Ring::get)).collect();
    ring.until_asleep(0, 3);
    for item in 0..3 {
        ring.put(item).unwrap();
    }
    let mut got: Vec<_> = gets.into_iter().map(|get| get.join().unwrap().unwrap()).collect();
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2]);
}

#[test]
fn as_many_sleepers_are_called_as_places_come() {
    let ring = full(3);
    let puts: Vec<_> = (3..6).map(|item| call(&ring, move |ring| ring.put(item))).collect();
    ring.until_asleep(3, 0);
    for item in 0..3 {
        assert_eq!(ring.get(), Ok(item));
    }
    for put in puts {
        assert_eq!(put.join().unwrap(), Ok(()));
    }
    assert_eq!(ring.len(), 3);
}

#[test]
fn the_first_who_finds_nobody_to_call_takes_the_note_away() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(4));
    let get = call(&ring, Ring::get);
    ring.until_asleep(0, 1);
    ring.put(0).unwrap();
    assert_eq!(get.join().unwrap(), Ok(0));
    assert!(ring.has_note_for_getters(), "the note stays for the next to find");
    ring.put(1).unwrap();
    assert!(!ring.has_note_for_getters(), "no thread sleeps");

    let ring = full(2);
    let put = call(&ring, |ring| ring.put(2));
    ring.until_asleep(1, 0);
    assert_eq!(ring.get(), Ok(0));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert!(ring.has_note_for_putters());
    assert_eq!(ring.get(), Ok(1));
    assert!(!ring.has_note_for_putters());
}

#[test]
fn time_is_up_with_the_item_given_back_and_nothing_left_behind() {
    let ring = full(1);
    assert_eq!(ring.put_timeout(5, Duration::ZERO), Err(PutTimeoutError::Timeout(5)));
    assert_eq!(ring.put_timeout(6, SHORT), Err(PutTimeoutError::Timeout(6)));
    assert_eq!(ring.put_deadline(7, Instant::now()), Err(PutTimeoutError::Timeout(7)));
    ring.until_asleep(0, 0);
    assert_eq!(ring.get_timeout(Duration::ZERO), Ok(0), "an item is there: time does not matter");
    assert_eq!(ring.get_timeout(Duration::ZERO), Err(GetTimeoutError::Timeout));
    assert_eq!(ring.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    assert_eq!(ring.get_deadline(Instant::now()), Err(GetTimeoutError::Timeout));
    ring.until_asleep(0, 0);
    assert_eq!(ring.put_timeout(8, Duration::ZERO), Ok(()), "a place is there");
}

#[test]
fn a_time_out_that_is_over_before_the_call_comes_leaves_the_call_to_the_other() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(1));
    let impatient = call(&ring, |ring| ring.get_timeout(SHORT));
    let patient = call(&ring, |ring| ring.get_timeout(FAR));
    // Whenever the first getter gives up: there is one item, and the second must not sleep beside
    // it.
    ring.put(1).unwrap();
    match impatient.join().unwrap() {
        Ok(item) => ring.put(item).unwrap(),
        Err(GetTimeoutError::Timeout) => {}
        Err(GetTimeoutError::Shutdown) => unreachable!("no thread shuts down"),
    }
    assert_eq!(patient.join().unwrap(), Ok(1));
}

#[test]
fn a_sleeper_with_the_longest_time_out_is_called_like_any_other() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(1));
    let get = call(&ring, |ring| ring.get_timeout(Duration::MAX));
    ring.until_asleep(0, 1);
    ring.put(1).unwrap();
    assert_eq!(get.join().unwrap(), Ok(1));
}

#[test]
fn it_says_who_sleeps_and_how_full_it_is() {
    let ring = full(2);
    let put = call(&ring, |ring| ring.put(2));
    ring.until_asleep(1, 0);
    assert_eq!(
        format!("{ring:?}"),
        "Ring { capacity: 2, len: 2, unfinished: 2, shut_down: false, putters_asleep: 1, \
         getters_asleep: 0 }",
    );
    ring.shutdown();
    assert!(put.join().unwrap().is_err());
}
