//! Shipped source that many scenarios run, and so must show; each has a chapter of its own before
//! theirs.

use explorer::scenario::Builder;

const LOCK: &str = "primitives/src/lock.rs";
const CONDITION: &str = "primitives/src/condition.rs";

/// The lock.
pub(super) fn lock<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario
        .folds("lock", LOCK, "acquire")
        .folds("lock", LOCK, "acquire-slow")
        .folds("lock", LOCK, "release")
}

/// The condition.
pub(super) fn condition<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario.folds("condition", CONDITION, "wait").folds("condition", CONDITION, "counted").folds(
        "condition",
        CONDITION,
        "notify",
    )
}
