//! The order without threads: what several of them might have done, told one after the other.

use std::panic::Location;

use super::nestings::Nestings;
use super::{Key, Memory, Remembers, WAYS};
use crate::deadlock::memory::{List, NOWHERE, Text};
use crate::deadlock::state::{Place, ResourceId};

/// The order, told by threads that are numbers.
struct Told {
    order: Nestings,
    authors: Vec<u32>,
    place: Place,
}

impl Told {
    fn new() -> Self {
        let mut order = Nestings::new();
        let authors: Vec<_> = (0..12).map(|thread| order.author(thread, Text::default())).collect();
        authors.iter().for_each(|author| order.uses(*author)); // so that they stay
        Self { order, authors, place: Location::caller() }
    }

    /// A thread holds these, in this order, and takes one more. Returns the rings that this closes,
    /// each as the locks that were held in its steps.
    fn nests(
        &mut self,
        thread: usize,
        held: &[ResourceId],
        lock: ResourceId,
    ) -> Vec<Vec<ResourceId>> {
        let author = self.authors[thread];
        let order = &mut self.order;
        let mut parent = NOWHERE;
        for (at, held) in held.iter().enumerate() {
            let place = order.lock(number(*held));
            let there = order.find(parent, place, self.place);
            let new = there.unwrap_or_else(|| order.add(parent, place, self.place, author));
            if at > 0 && !order.nestings[new].ordered {
                order.set_ordered(new, Nestings::close);
            }
            parent = new;
        }
        let place = order.lock(number(lock));
        let there = order.find(parent, place, self.place);
        let new = there.unwrap_or_else(|| order.add(parent, place, self.place, author));
        let mut is_news = order.add_author(new, author);
        if !order.nestings[new].ordered {
            is_news = true;
            order.set_ordered(new, Nestings::close);
        }
        let mut found = Vec::new();
        if is_news {
            order.rings(new, author, |steps| {
                assert!(
                    steps.iter().any(|step| step.thread != steps[0].thread),
                    "a ring of one thread"
                );
                found.push(steps.iter().map(|step| step.held & 0xFFFF_FFFF).collect());
            });
        }
        found
    }

    /// As if the order were that of a program in which these locks are gone.
    fn forget(&mut self, locks: impl IntoIterator<Item = ResourceId>) {
        locks.into_iter().for_each(|lock| self.order.forget(number(lock)));
    }

    fn sizes(&self) -> [usize; 2] {
        [self.order.nestings.len(), self.order.edges.len()]
    }
}

/// As a slab would give it.
fn number(lock: ResourceId) -> ResourceId {
    (1 << 32) | lock
}

fn none() -> Vec<Vec<ResourceId>> {
    Vec::new()
}

#[test]
fn both_orders_by_two_threads_are_a_ring_and_by_one_are_none() {
    let mut told = Told::new();
    assert_eq!(told.nests(0, &[1], 2), none());
    assert_eq!(told.nests(0, &[2], 1), none(), "one thread alone is in no other's way");
    assert_eq!(told.nests(1, &[2], 1), [[2, 1]]);
    assert_eq!(told.nests(2, &[2], 1), none(), "it is said once");
    assert_eq!(told.nests(2, &[1], 2), none());
}

/// The second thread does what the first did before it: that is the news.
#[test]
fn the_second_thread_that_does_the_same_closes_the_ring() {
    let mut told = Told::new();
    for lock in [&[1], &[2]] {
        assert_eq!(told.nests(0, lock, 3 - lock[0]), none());
    }
    assert_eq!(told.nests(1, &[1], 2), [[1, 2]]);
}

#[test]
fn rings_of_any_length_are_found_by_the_nesting_that_closes_them() {
    for length in 2..=16 {
        let mut told = Told::new();
        for lock in 1..length {
            assert_eq!(told.nests(lock as usize % 2, &[lock], lock + 1), none());
        }
        let ring = told.nests(0, &[length], 1);
        let locks: Vec<_> = [length].into_iter().chain(1..length).collect();
        assert_eq!(ring, [locks]);
    }
}

#[test]
fn a_lock_that_both_nestings_have_keeps_them_apart_wherever_it_was_taken() {
    let mut told = Told::new();
    assert_eq!(told.nests(0, &[9, 1], 2), none());
    assert_eq!(told.nests(1, &[9, 2], 1), none());
    assert_eq!(told.nests(1, &[2, 9], 1), none());
    assert_eq!(told.nests(2, &[8, 2], 1), [[2, 1]], "this one is not kept out");
}

/// Edges are between neighbours only, and the ring is one of two locks all the same.
#[test]
fn a_pair_with_others_between_is_a_ring_of_two() {
    let mut told = Told::new();
    assert_eq!(told.nests(0, &[1, 2, 3, 4, 5, 6], 7), none());
    assert_eq!(told.nests(1, &[7], 1), [[7, 1]]);
    assert_eq!(told.nests(1, &[5], 3), [[5, 3]]);
}

/// What was got by a try waited for nothing, and others wait behind it.
#[test]
fn a_try_has_nothing_before_it_and_everything_behind_it() {
    let mut told = Told::new();
    let tried = |told: &mut Told, thread: usize, above: &[ResourceId], lock, taken| {
        // The first time that a lock is seen among those held it is in no order.
        let order = &mut told.order;
        let mut parent = NOWHERE;
        for held in above.iter().chain([&lock]) {
            let place = order.lock(number(*held));
            let there = order.find(parent, place, told.place);
            let author = told.authors[thread];
            parent = there.unwrap_or_else(|| order.add(parent, place, told.place, author));
        }
        let place = order.lock(number(taken));
        let new = order.add(parent, place, told.place, told.authors[thread]);
        order.set_ordered(new, Nestings::close);
    };
    tried(&mut told, 0, &[1], 2, 3);
    assert_eq!(told.nests(1, &[2], 1), none(), "1, then a try of 2");
    assert_eq!(told.nests(1, &[3], 1), [[3, 1]]);
    assert_eq!(told.nests(1, &[3], 2), [[3, 2]]);
}

/// A lock that was tried is waited for later; what was tried under it still has no order.
#[test]
fn a_try_under_a_try_stays_without_order_when_the_first_is_waited_for() {
    let mut told = Told::new();
    let mut parent = NOWHERE;
    for tried in [1, 2, 3] {
        let place = told.order.lock(number(tried));
        parent = told.order.add(parent, place, told.place, told.authors[0]);
    }
    assert_eq!(told.nests(0, &[1], 2), none());
    assert_eq!(told.nests(1, &[3], 2), none(), "2, then a try of 3");
    assert_eq!(told.nests(1, &[3], 1), none(), "1, and a try of 3 in it");
    assert_eq!(told.nests(1, &[2], 1), [[2, 1]]);
}

#[test]
fn a_lock_that_is_gone_leaves_the_order_of_the_others() {
    let mut told = Told::new();
    told.nests(0, &[1, 2, 3], 4);
    told.forget([2, 3]);
    assert_eq!(told.nests(1, &[4], 1), [[4, 1]]);
    told.forget([1, 4]);
    assert_eq!(told.sizes(), [0, 0]);
}

#[test]
fn locks_that_come_and_go_leave_nothing() {
    let mut told = Told::new();
    let before = {
        told.nests(0, &[1], 2);
        told.sizes()
    };
    for turn in 0..1_000 {
        let fresh = 10 + turn % 5;
        told.nests(0, &[1], fresh);
        told.nests(1, &[1, fresh], 2);
        told.nests(1, &[fresh], 2);
        told.nests(0, &[fresh, 1], 2);
        told.forget([fresh]);
        assert_eq!(told.sizes(), before, "turn {turn}");
    }
}

/// The number of a lock is free before the order has heard of its end.
#[test]
fn a_lock_that_takes_the_place_of_another_has_no_past() {
    let mut told = Told::new();
    told.nests(0, &[1, 2], 3);
    let next = number(2) + (1 << 32);
    assert_eq!(told.order.lock(next), 2);
    let order = &told.order;
    assert!(order.locks[2].into == NOWHERE && order.locks[2].out == NOWHERE);
    told.forget([2]);
    assert_eq!(told.order.locks[2].id, next, "the one before is forgotten, and this one is not");
    assert_eq!(told.nests(1, &[3], 1), [[3, 1]], "1 before 3 is known all the same");
}

#[test]
fn of_one_pair_no_more_than_a_few_nestings_are_kept() {
    let mut told = Told::new();
    for above in 10..1_000 {
        told.nests(0, &[above, 1], 2);
    }
    let [nestings, _] = told.sizes();
    assert!(nestings < 990 * 2 + 100, "{nestings}");
    assert_eq!(told.nests(1, &[2], 1), [[2, 1]]);
}

/// Beside a plain search over all pairs, with locks that go now and then.
#[test]
fn what_is_found_is_what_a_plain_search_finds() {
    let mut random = 7_u64;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % below
    };
    let mut rings = 0;
    for _ in 0..300 {
        let mut told = Told::new();
        // Pairs that some thread took in this order, and those that were reported.
        let mut pairs: Vec<(u64, u64)> = Vec::new();
        for turn in 0..12 {
            let mut locks = List::new();
            while locks.len() < 3 {
                let lock = draw(9) + 1;
                if !locks.contains(&lock) {
                    locks.push(lock);
                }
            }
            // Each turn another thread, so that none is alone.
            let thread = turn;
            let mut reached = vec![locks[1]];
            while let Some(next) =
                pairs.iter().find(|(a, b)| reached.contains(a) && !reached.contains(b))
            {
                reached.push(next.1);
            }
            let is_ring = reached.contains(&locks[0]);
            let found = told.nests(thread, &[locks[0]], locks[1]);
            assert!(found.is_empty() || is_ring, "{found:?} in {pairs:?}");
            let pair = (locks[0], locks[1]);
            let is_new = !pairs.contains(&pair) && !pairs.contains(&(pair.1, pair.0));
            if is_ring && is_new {
                assert_eq!(found.len(), 1, "{pair:?} after {pairs:?}");
                rings += 1;
            }
            pairs.push(pair);
            if draw(10) == 0 {
                // A lock goes, and the way through it stays as a way.
                told.forget([locks[2]]);
                let gone = locks[2];
                pairs.retain(|(a, b)| *a != gone && *b != gone);
            }
        }
    }
    assert!(rings > 100, "{rings}");
}

/// The numbers of these two nestings cancel out in a hash that only combines them.
#[test]
fn a_thread_does_not_take_one_nesting_for_another() {
    let remembers =
        Remembers([const { [const { Memory::nothing() }; WAYS] }; super::REMEMBERED / WAYS]);
    let place = Location::caller();
    let (within, alone) = (Key::new(1 << 32, 2, place), Key::new(0, 3, place));
    remembers.add(within, 7);
    assert_eq!(remembers.find(within), Some(7));
    assert_eq!(remembers.find(alone), None);
    assert_eq!(remembers.find(within.ordered()), None);
}
