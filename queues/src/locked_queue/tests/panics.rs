//! A discipline that panics takes nothing out, and leaves no other thread asleep.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{call, until_asleep};
use crate::{Discipline, GetError, LockedQueue};

/// First in, first out; the first `pop` of an item panics.
#[derive(Default)]
struct PanicsOnce {
    items: VecDeque<i32>,
    has_panicked: bool,
}

impl Discipline for PanicsOnce {
    type Item = i32;

    fn insert(&mut self, _: usize, item: i32) {
        self.items.push_back(item);
    }

    fn pop(&mut self) -> Option<i32> {
        if !self.items.is_empty() && !self.has_panicked {
            self.has_panicked = true;
            panic!("the discipline panics");
        }
        self.items.pop_front()
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

/// Two getters sleep, and one item comes: the getter that is called for it panics, and must call
/// the other one.
#[track_caller]
fn the_other_gets_it(get: fn(&LockedQueue<PanicsOnce>) -> Result<i32, GetError>) {
    let queue = Arc::new(LockedQueue::<PanicsOnce>::unbounded());
    let getters = [(); 2]
        .map(|()| call(&queue, move |queue| catch_unwind(AssertUnwindSafe(|| get(queue))).ok()));
    until_asleep(&queue, 0, 2);
    queue.put(7).unwrap();
    let mut got = getters.map(|getter| getter.result());
    got.sort_by_key(Option::is_some);
    assert_eq!(got, [None, Some(Ok(7))]);
}

#[test]
fn a_getter_whose_pop_panics_calls_the_next() {
    the_other_gets_it(LockedQueue::get);
}

#[test]
fn a_getter_of_many_whose_pop_panics_calls_the_next() {
    the_other_gets_it(|queue| {
        let mut items = Vec::new();
        queue.get_many(&mut items, 4).map(|_| items[0])
    });
}
