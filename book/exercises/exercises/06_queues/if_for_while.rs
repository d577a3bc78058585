//! Two threads take from a queue. The one that was called finds that the other was faster.
//!
//! Mend `get`.
//!
//! The judge says now: panic

use model::{Group, Scenario};
use primitives::{Condition, Lock};

struct Queue {
    items: Lock<Vec<u32>>,
    not_empty: Condition,
}

impl Queue {
    fn new() -> Self {
        Self { items: Lock::new(Vec::new()), not_empty: Condition::new() }
    }

    fn put(&self, item: u32) {
        self.items.lock().push(item);
        self.not_empty.notify_one();
    }

    /// Takes an item; waits while there is none.
    fn get(&self) -> u32 {
        let mut items = self.items.lock();
        // TODO: mend this.
        if items.is_empty() {
            self.not_empty.wait(&mut items);
        }
        items.pop().expect("there is an item")
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("if_for_while").scenario(
        Scenario::new("two-take", "Two threads take, one puts twice.", Queue::new)
            .roles(2, "takes", |queue| _ = queue.get())
            .role("puts twice", |queue| {
                queue.put(1);
                queue.put(2);
            })
            .bound(Some(2))
            .spurious(0),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
