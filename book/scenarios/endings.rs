//! The chapter on producers and consumers.

use explorer::scenario::Builder;
use explorer::{Kind, Scenario};
use queues::Queue;

use super::shown;
use crate::listings::empty_then_get;

const FILE: &str = "queues/src/locked_queue.rs";

struct Office {
    tasks: Queue<u32>,
}

/// Shows a queue.
fn with_queue<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    shown::lock(shown::condition(
        scenario.folds("queue", FILE, "get-until").folds("queue", FILE, "sleep"),
    ))
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let make = || {
        let tasks = Queue::unbounded();
        tasks.put(1).expect("it is open");
        Office { tasks }
    };
    let empty_then_get = Scenario::new("empty-then-get", make)
        .threads(2, |office| _ = empty_then_get::work(&office.tasks))
        .shows("book/listings/empty_then_get.rs", "work")
        .folds("queue", FILE, "is-empty");
    vec![with_queue(empty_then_get).broken(Kind::Deadlock)]
}
