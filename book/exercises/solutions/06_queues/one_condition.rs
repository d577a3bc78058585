//! Room for one item. Putters wait for room and getters for an item, all of them on the same
//! condition, and a call wakes one. It may be the wrong one.
//!
//! Mend it: a condition for each question.

use model::{Group, Scenario};
use primitives::{Condition, Lock};

struct Slot {
    item: Lock<Option<u32>>,
    not_empty: Condition,
    not_full: Condition,
}

impl Slot {
    fn new() -> Self {
        Self { item: Lock::new(None), not_empty: Condition::new(), not_full: Condition::new() }
    }

    fn put(&self, item: u32) {
        let mut slot = self.item.lock();
        while slot.is_some() {
            self.not_full.wait(&mut slot);
        }
        *slot = Some(item);
        drop(slot);
        self.not_empty.notify_one();
    }

    fn get(&self) -> u32 {
        let mut slot = self.item.lock();
        while slot.is_none() {
            self.not_empty.wait(&mut slot);
        }
        let item = slot.take().expect("it has just looked");
        drop(slot);
        self.not_full.notify_one();
        item
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("one_condition").scenario(
        Scenario::new("two-take", "Two threads take, one puts twice.", Slot::new)
            .roles(2, "takes", |slot| _ = slot.get())
            .role("puts twice", |slot| {
                slot.put(1);
                slot.put(2);
            })
            .bound(Some(2))
            .spurious(0),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
