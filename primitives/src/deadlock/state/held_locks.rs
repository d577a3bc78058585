//! [`HeldLocks`]: what a thread holds, and since where.
//!
//! Each thread has one, and nobody else looks into it or writes there. So to take a lock costs three plain stores here,
//! and to give it back one: no atomic operation, no allocation, nothing that another core wants. What a thread
//! holds becomes known when it falls asleep: then it puts a copy onto the graph.
//!
//! A resource is noted by its number alone, which stays true should the resource be destroyed while a guard of it was
//! leaked; what the number stands for, `graph::resources` knows.

use std::cell::Cell;
use std::panic::Location;

use super::ids::{Place, ResourceId};
use super::label::Label;

/// Something that a thread has.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Tells it from all others, also from later ones at the same address.
    pub(crate) id: ResourceId,
    pub(crate) label: Label,
    pub(crate) since: Place,
}

/// For so many resources there is room. Who holds more is rare, and pays for it ([`held`](crate::deadlock)).
const ROOM: usize = 16;

/// In place of how many resources there are: the thread has held nothing yet, or keeps no account any more.
const SHUT: usize = usize::MAX;

/// What a thread holds, in the order in which it took it.
pub struct HeldLocks {
    /// How many of the places are in use; or `SHUT`.
    held: Cell<usize>,
    places: [Entry; ROOM],
}

struct Entry {
    resource: Cell<ResourceId>,
    since: Cell<Place>,
}

impl Entry {
    #[track_caller]
    const fn empty() -> Self {
        Self { resource: Cell::new(0), since: Cell::new(Location::caller()) }
    }
}

impl HeldLocks {
    /// Empty ones, which take nothing before they are [opened](Self::open).
    #[must_use]
    pub const fn new() -> Self {
        Self { held: Cell::new(SHUT), places: [const { Entry::empty() }; ROOM] }
    }

    /// From here on they take resources.
    pub fn open(&self) {
        self.held.set(0);
    }

    /// From here on they are empty and take nothing.
    pub fn shut(&self) {
        self.held.set(SHUT);
    }

    /// Whether nothing was ever held, or nothing is noted any more.
    pub fn is_shut(&self) -> bool {
        self.held.get() == SHUT
    }

    /// Whether there is nothing to be seen, at a glance: not if they are shut.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.held.get() == 0
    }

    /// Notes that a resource was taken; `false` if they are full or shut.
    #[inline]
    #[must_use]
    pub fn take(&self, resource: ResourceId, since: Place) -> bool {
        let held = self.held.get();
        let Some(place) = self.places.get(held) else { return false };
        place.resource.set(resource);
        place.since.set(since);
        self.held.set(held + 1);
        true
    }

    /// Notes that the resource taken last is given back; `false` if another one was taken last.
    #[inline]
    #[must_use]
    pub fn put_back_last(&self, resource: ResourceId) -> bool {
        let before = self.held.get().wrapping_sub(1);
        let is_last = self.places.get(before).is_some_and(|last| last.resource.get() == resource);
        if is_last {
            self.held.set(before);
        }
        is_last
    }

    /// Notes that a resource is given back, in whatever order; `false` if it is not here.
    #[must_use]
    pub fn put_back(&self, resource: ResourceId) -> bool {
        let Some(at) = self.in_use().iter().rposition(|place| place.resource.get() == resource)
        else {
            return false;
        };
        for pair in self.in_use()[at..].windows(2) {
            pair[0].resource.set(pair[1].resource.get());
            pair[0].since.set(pair[1].since.get());
        }
        self.held.set(self.held.get() - 1);
        true
    }

    /// What is held, and since where.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ResourceId, Place)> {
        self.in_use().iter().map(|place| (place.resource.get(), place.since.get()))
    }

    /// What a model puts onto the graph: no resource there has a name.
    #[cfg(model)]
    #[must_use]
    #[track_caller]
    pub fn describe(&self) -> Vec<Held> {
        let label = Label::new(super::label::Kind::Lock, "");
        self.iter().map(|(id, since)| Held { id, label, since }).collect()
    }

    /// The numbers alone.
    #[inline]
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        self.in_use().iter().map(|place| place.resource.get())
    }

    #[inline]
    fn in_use(&self) -> &[Entry] {
        self.places.get(..self.held.get()).unwrap_or_default()
    }
}

impl Default for HeldLocks {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{HeldLocks, ROOM};
    use std::panic::Location;

    fn opened() -> HeldLocks {
        let held_locks = HeldLocks::new();
        held_locks.open();
        held_locks
    }

    fn take(held_locks: &HeldLocks, resources: impl IntoIterator<Item = u64>) {
        for resource in resources {
            assert!(held_locks.take(resource, Location::caller()), "no room for {resource}");
        }
    }

    #[test]
    fn what_is_given_back_in_any_order_leaves_the_others_in_theirs() {
        let held_locks = opened();
        take(&held_locks, [1, 2, 3, 4]);
        assert!(!held_locks.put_back_last(2), "4 is the last");
        assert!(held_locks.put_back(2));
        assert!(held_locks.put_back_last(4));
        assert_eq!(held_locks.resources().collect::<Vec<_>>(), [1, 3]);
        assert!(!held_locks.put_back(2), "it was given back");
    }

    #[test]
    fn of_a_thing_taken_twice_one_stays() {
        let held_locks = opened();
        take(&held_locks, [7, 8, 7]);
        assert!(held_locks.put_back(7));
        assert_eq!(held_locks.resources().collect::<Vec<_>>(), [7, 8]);
    }

    #[test]
    fn full_hands_take_nothing_more() {
        let held_locks = opened();
        take(&held_locks, 1..=ROOM as u64);
        assert!(!held_locks.take(99, Location::caller()));
        assert_eq!(held_locks.resources().count(), ROOM);
    }

    #[test]
    fn shut_hands_are_empty_and_take_nothing() {
        for held_locks in [HeldLocks::new(), { opened() }] {
            let _ = held_locks.take(1, Location::caller());
            held_locks.shut();
            assert!(held_locks.is_shut() && !held_locks.is_empty());
            assert!(!held_locks.take(2, Location::caller()));
            assert!(!held_locks.put_back_last(1) && !held_locks.put_back(1));
            assert_eq!(held_locks.resources().count(), 0);
        }
    }
}
