//! Each item is dropped once, whatever happens to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::Ring;

/// Counts its drops, by its number; panics at a drop if told to.
struct Item<'a> {
    drops: &'a [AtomicUsize],
    number: usize,
    panics: bool,
}

impl Drop for Item<'_> {
    fn drop(&mut self) {
        self.drops[self.number].fetch_add(1, SeqCst);
        assert!(!self.panics, "told to");
    }
}

fn drops<const N: usize>() -> [AtomicUsize; N] {
    std::array::from_fn(|_| AtomicUsize::new(0))
}

fn counts(drops: &[AtomicUsize]) -> Vec<usize> {
    drops.iter().map(|count| count.load(SeqCst)).collect()
}

#[test]
fn what_is_left_in_a_ring_is_dropped_with_it_and_nothing_else() {
    let drops = drops::<5>();
    let item = |number| Item { drops: &drops, number, panics: false };
    let ring = Ring::bounded_in_its_last_lap(3);
    for number in 0..3 {
        ring.put(item(number)).ok().unwrap();
    }
    drop(ring.get()); // 0, and the next goes into its place, a lap later
    ring.put(item(3)).ok().unwrap();
    assert_eq!(counts(&drops), [1, 0, 0, 0, 0]);
    drop(ring.try_put(item(4))); // refused
    assert_eq!(counts(&drops), [1, 0, 0, 0, 1]);
    drop(ring);
    assert_eq!(counts(&drops), [1, 1, 1, 1, 1]);
}

#[test]
fn what_shutdown_now_gave_back_is_not_dropped_again() {
    let drops = drops::<2>();
    let ring = Ring::bounded_in_its_last_lap(2);
    for number in 0..2 {
        ring.put(Item { drops: &drops, number, panics: false }).ok().unwrap();
    }
    let left = ring.shutdown_now();
    drop(ring);
    assert_eq!(counts(&drops), [0, 0]);
    drop(left);
    assert_eq!(counts(&drops), [1, 1]);
}

#[test]
fn a_drop_that_panics_does_not_keep_the_others_from_being_dropped() {
    let drops = drops::<3>();
    let ring = Ring::bounded_in_its_last_lap(3);
    for number in 0..3 {
        ring.put(Item { drops: &drops, number, panics: number == 1 }).ok().unwrap();
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(ring))).is_err(), "the panic comes through");
    assert_eq!(counts(&drops), [1, 1, 1]);
}

#[test]
fn an_item_that_panics_when_its_getter_drops_it_leaves_the_ring_as_good_as_before() {
    let drops = drops::<2>();
    let ring = Ring::bounded_in_its_last_lap(1);
    ring.put(Item { drops: &drops, number: 0, panics: true }).ok().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(ring.get()))).is_err());
    ring.put(Item { drops: &drops, number: 1, panics: false }).ok().unwrap();
    drop(ring);
    assert_eq!(counts(&drops), [1, 1]);
}
