//! The condition: a notification reaches the waiter, and a waiter outlives the notifier.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use processes::{OwnerDied, SharedCondition, SharedLock, SharedLockGuard, process};

use super::{HEIR, Handles, MORTAL, OTHER, alive, mortal};

/// Letters under a lock.
struct Post {
    letters: Handles<SharedLock<u32>>,
    arrived: Handles<SharedCondition>,
}

impl Post {
    fn new() -> Self {
        Self { letters: alive(SharedLock::new(0)), arrived: alive(SharedCondition::new()) }
    }

    fn of_mortals() -> Self {
        Self { letters: mortal(SharedLock::new(0)), arrived: mortal(SharedCondition::new()) }
    }

    fn send(&self, who: usize) {
        *repaired(self.letters.0[who].lock()) = 1;
        self.arrived.0[who].notify_one();
    }

    fn receive(&self, who: usize) {
        let mut letters = repaired(self.letters.0[who].lock());
        while *letters == 0 {
            if self.arrived.0[who].wait(&mut letters).is_err() {
                letters.repair();
            }
        }
    }
}

type Lock<'a> = SharedLockGuard<'a, u32>;

fn repaired<'a>(lock: Result<Lock<'a>, OwnerDied<Lock<'a>>>) -> Lock<'a> {
    lock.unwrap_or_else(OwnerDied::repair)
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("condition-notify", "The notification reaches the waiter.", Post::new)
                .role("sends", |letters| letters.send(MORTAL))
                .role("receives", |letters| letters.receive(OTHER))
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "condition-notifier-dies",
                "The waiter sees what a dead notifier has done, without its notification.",
                Post::of_mortals,
            )
            .mortal()
            .role("sends, and may be killed", |letters| {
                if process(|| letters.send(MORTAL)) {
                    reached("killed");
                    // Another process sends what this one may not have sent, and notifies none.
                    *repaired(letters.letters.0[HEIR].lock()) = 1;
                }
            })
            .role("receives", |letters| letters.receive(OTHER))
            .bound(Some(2))
            .reaches([Named("killed"), Slept]),
        )
}
