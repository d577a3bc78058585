//! The chapter on the blocking queues.

use explorer::{Kind, Scenario};
use queues::Queue;

use super::shown;
use crate::listings::{one_condition, two_conditions};

const FILE: &str = "queues/src/locked_queue.rs";

struct Kitchen {
    slot: one_condition::Slot<u32>,
}

struct RightKitchen {
    slot: two_conditions::Slot<u32>,
}

struct Belt {
    queue: Queue<u32>,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let one_condition =
        Scenario::new("one-condition", || Kitchen { slot: one_condition::Slot::new() })
            .asleep(3) // A has been called again by then, and is on its way
            // ANCHOR: one-condition
            .threads(2, |kitchen| _ = kitchen.slot.get())
            .thread(|kitchen| {
                kitchen.slot.put(1);
                kitchen.slot.put(2);
            })
            // ANCHOR_END: one-condition
            .shows("book/scenarios/queue.rs", "one-condition")
            .shows("book/listings/one_condition.rs", "slot");
    let two_conditions =
        Scenario::new("two-conditions", || RightKitchen { slot: two_conditions::Slot::new() })
            .asleep(2)
            // ANCHOR: two-conditions
            .threads(2, |kitchen| _ = kitchen.slot.get())
            .thread(|kitchen| {
                kitchen.slot.put(1);
                kitchen.slot.put(2);
            })
            // ANCHOR_END: two-conditions
            .shows("book/scenarios/queue.rs", "two-conditions")
            .shows("book/listings/two_conditions.rs", "slot");
    let queue = Scenario::new("queue", || Belt { queue: Queue::bounded(1) })
        // ANCHOR: queue
        .thread(|belt| assert_eq!(belt.queue.get(), Ok(1)))
        .thread(|belt| belt.queue.put(1).expect("it is open"))
        // ANCHOR_END: queue
        .shows("book/scenarios/queue.rs", "queue")
        .shows(FILE, "put-until")
        .shows(FILE, "get-until")
        .shows(FILE, "sleep");
    vec![
        shown::lock(shown::condition(one_condition)).broken(Kind::LostWakeUp),
        shown::lock(shown::condition(two_conditions)).right(),
        shown::lock(shown::condition(queue)).right(),
    ]
}
