//! What a thread holds, beside a plain list of numbers.

use super::{HeldLocks, ROOM};
use std::panic::Location;

fn opened() -> HeldLocks {
    let held_locks = HeldLocks::new();
    held_locks.open();
    held_locks
}

fn take(held_locks: &HeldLocks, resources: impl IntoIterator<Item = u64>) {
    for resource in resources {
        if !held_locks.take(resource, Location::caller()) {
            held_locks.take_more(resource, Location::caller());
        }
    }
}

fn put_back(held_locks: &HeldLocks, resource: u64) -> bool {
    held_locks.put_back_last(resource) || held_locks.put_back(resource)
}

fn resources(held_locks: &HeldLocks) -> Vec<u64> {
    held_locks.copy().iter().map(|held| held.0).collect()
}

#[test]
fn what_is_given_back_in_any_order_leaves_the_others_in_theirs() {
    let held_locks = opened();
    take(&held_locks, [1, 2, 3, 4]);
    assert!(!held_locks.put_back_last(2), "4 is the last");
    assert!(held_locks.put_back(2));
    assert!(held_locks.put_back_last(4));
    assert_eq!(resources(&held_locks), [1, 3]);
    assert!(!held_locks.put_back(2), "it was given back");
}

#[test]
fn of_a_thing_taken_twice_one_stays() {
    let held_locks = opened();
    take(&held_locks, [7, 8, 7]);
    assert!(held_locks.put_back(7));
    assert_eq!(resources(&held_locks), [8, 7], "which of the two it was, no thread can tell");
    assert!(held_locks.put_back_last(7));
    assert_eq!(resources(&held_locks), [8]);
}

#[test]
fn a_full_thread_takes_nothing_more_at_a_glance_and_any_number_with_more_care() {
    let held_locks = opened();
    take(&held_locks, 1..=ROOM as u64);
    assert!(!held_locks.take(99, Location::caller()));
    take(&held_locks, 100..200);
    assert_eq!(resources(&held_locks).len(), ROOM + 100);
    for resource in (1..=ROOM as u64).chain(100..199) {
        assert!(put_back(&held_locks, resource));
    }
    assert_eq!((resources(&held_locks), held_locks.is_empty()), (vec![199], false));
    assert!(put_back(&held_locks, 199) && held_locks.is_empty());
}

/// Takes and gives back as a table of numbers says, and is compared with a plain list each time.
#[test]
fn any_order_of_taking_and_giving_back_is_kept() {
    let held_locks = opened();
    let (mut plain, mut random) = (Vec::new(), 1_u64);
    for turn in 0..20_000_u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let draw = (random >> 33) as usize;
        // Grows, shrinks, and grows again.
        if plain.is_empty() || (draw / 7) % 100 < if turn / 100 % 2 == 0 { 60 } else { 40 } {
            take(&held_locks, [turn + 1]);
            plain.push(turn + 1);
        } else {
            let at = match draw % 3 {
                0 => plain.len() - 1,
                1 => 0,
                _ => draw % plain.len(),
            };
            assert!(put_back(&held_locks, plain.remove(at)));
        }
        assert_eq!(resources(&held_locks), plain);
        if turn % 1_000 == 999 {
            held_locks.retain(|resource| resource % 3 > 0);
            plain.retain(|resource| resource % 3 > 0);
        }
    }
}

/// Hand over hand: never two held at once for long, and never the same.
#[test]
fn holes_do_not_add_up() {
    let held_locks = opened();
    take(&held_locks, [1]);
    for next in 2..1_000 {
        take(&held_locks, [next]);
        assert!(put_back(&held_locks, next - 1));
        assert_eq!(held_locks.more.borrow().len(), 0);
    }
    assert_eq!(resources(&held_locks), [999]);
}

#[test]
fn an_entry_is_nested_anew_when_one_before_it_is_given_back() {
    let held_locks = opened();
    take(&held_locks, [1, 2, 3, 4]);
    held_locks.for_each(|entry| entry.set_nesting(entry.resource() * 10));
    assert!(held_locks.put_back(2));
    let mut nestings = Vec::new();
    held_locks.for_each(|entry| nestings.push(entry.nesting()));
    assert_eq!(nestings, [10, 0, 0]);
    take(&held_locks, [5]);
    assert_eq!(held_locks.last().map(|last| (last.resource(), last.nesting())), Some((5, 0)));
}

#[test]
fn shut_hands_are_empty_and_take_nothing() {
    for held_locks in [HeldLocks::new(), { opened() }] {
        let _ = held_locks.take(1, Location::caller());
        held_locks.shut();
        assert!(held_locks.is_shut() && !held_locks.is_empty());
        assert!(!held_locks.take(2, Location::caller()));
        assert!(!held_locks.put_back_last(1) && !held_locks.put_back(1));
        assert_eq!(resources(&held_locks).len(), 0);
    }
}
