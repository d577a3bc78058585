//! Shipped source that many scenarios run, and so must show.

use explorer::scenario::Builder;

const LOCK: &str = "primitives/src/lock.rs";
const CONDITION: &str = "primitives/src/condition.rs";

/// The lock.
pub(super) fn lock<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario.shows(LOCK, "acquire").shows(LOCK, "acquire-slow").shows(LOCK, "release")
}

/// The condition.
pub(super) fn condition<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario.shows(CONDITION, "wait").shows(CONDITION, "counted").shows(CONDITION, "notify")
}
