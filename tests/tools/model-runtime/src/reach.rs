//! What a scenario has reached: a model that never gets to what it is about proves nothing.

use std::collections::BTreeMap;

use crate::world;

/// Something that can happen in a model, and that a scenario may insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A thread fell asleep.
    Slept,
    /// A thread that slept was woken.
    Woken,
    /// A thread was about to sleep and saw that the word had changed.
    WordChanged,
    /// A wait came to its deadline.
    TimedOut,
    /// A thread that slept woke up for no reason.
    SpuriousWakeUp,
    /// The scenario itself says that it got there, by [`reached`].
    Named(&'static str),
}

impl Reach {
    /// As a summary says it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Slept => "slept",
            Self::Woken => "woken",
            Self::WordChanged => "word changed",
            Self::TimedOut => "timed out",
            Self::SpuriousWakeUp => "spurious wake-up",
            Self::Named(name) => name,
        }
    }
}

/// How often each thing was reached, in all executions of a scenario.
pub(crate) type Reached = BTreeMap<Reach, u64>;

/// Says from within a scenario that it got to an interesting place, so that it can insist on it.
///
/// ```ignore
/// if lock.try_lock().is_none() {
///     model::reached("found it locked");
/// }
/// ```
pub fn reached(what: &'static str) {
    note(Reach::Named(what));
}

pub(crate) fn note(what: Reach) {
    world::with(|world| *world.reached.entry(what).or_default() += 1);
}
