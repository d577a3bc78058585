//! What a scenario has reached: a model that never reaches its subject proves nothing.

use std::collections::BTreeMap;

use crate::world;

/// An event in a model that a scenario may require.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A thread fell asleep.
    Slept,
    /// A thread that slept was woken.
    Woken,
    /// A thread was about to sleep and saw that the word had changed.
    WordChanged,
    /// A wait reached its deadline.
    TimedOut,
    /// A thread that slept woke up spuriously.
    SpuriousWakeUp,
    /// The scenario itself reports it, by [`reached`].
    Named(&'static str),
}

impl Reach {
    /// Its text in a summary.
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

/// How often each event was reached, in all executions of a scenario.
pub(crate) type Reached = BTreeMap<Reach, u64>;

/// Reports from within a scenario that it reached an interesting place, so that the scenario can
/// require it.
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
