//! [`HeldLocks`]: what a thread holds, and where it took it.
//!
//! Each thread has its own, which no other thread reads or writes. So taking a lock costs four
//! plain stores here, and releasing it one: no atomic operation, no allocation, no shared cache
//! line. When a thread falls asleep, it puts a copy onto the graph, and so its locks become known.
//!
//! The thread itself has room for some; the rest are in the detector's own memory. Both together
//! are one list in the order of taking, and every reader reads the whole.
//!
//! A resource that is released before later ones leaves a _hole_. The holes are closed when room is
//! short. So a thread that releases six hundred in the order of taking does not move them six
//! hundred times.
//!
//! A note has only the resource's number, which stays valid if the resource is destroyed while a
//! guard was leaked; `graph::resources` knows its meaning.

#![cfg_attr(model, allow(dead_code, reason = "the models need less of it"))]

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::Location;

use super::ids::{Place, ResourceId};
use super::label::Label;
use crate::deadlock::memory::List;

/// Something that a thread holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Distinguishes it from all others, also from later ones at the same address.
    pub(crate) id: ResourceId,
    pub(crate) label: Label,
    pub(crate) since: Place,
}

/// The thread has room for this many resources. A thread seldom holds more, and then pays for it
/// ([`held`](crate::deadlock)).
const ROOM: usize = 16;

/// Replaces the number of entries: the thread has held nothing yet, or no longer keeps notes.
const SHUT: usize = usize::MAX;

/// Replaces a resource: it was released.
const HOLE: ResourceId = 0;

/// What a thread holds, in the order in which it took it.
pub struct HeldLocks {
    /// How many entries there are, with the holes; or `SHUT`.
    held: Cell<usize>,
    places: [Entry; ROOM],
    /// The entries after those. (The thread's end does not drop them, because that would cost a
    /// test at each access: [`shut`] does.)
    ///
    /// [`shut`]: Self::shut
    more: ManuallyDrop<RefCell<List<Entry>>>,
    /// How many of the entries are holes.
    holes: Cell<usize>,
    /// How many of the first are.
    first: Cell<usize>,
}

/// A place of the list.
pub(crate) struct Entry {
    resource: Cell<ResourceId>,
    since: Cell<Place>,
    /// The number of this nesting in the lock order; 0: none yet. All entries before an entry with
    /// a number have one too.
    nesting: Cell<u64>,
}

impl Entry {
    #[track_caller]
    const fn empty() -> Self {
        Self {
            resource: Cell::new(HOLE),
            since: Cell::new(Location::caller()),
            nesting: Cell::new(0),
        }
    }

    #[inline]
    fn set(&self, resource: ResourceId, since: Place, nesting: u64) {
        self.resource.set(resource);
        self.since.set(since);
        self.nesting.set(nesting);
    }

    fn is_hole(&self) -> bool {
        self.resource.get() == HOLE
    }

    pub(crate) fn resource(&self) -> ResourceId {
        self.resource.get()
    }

    pub(crate) fn since(&self) -> Place {
        self.since.get()
    }

    pub(crate) fn nesting(&self) -> u64 {
        self.nesting.get()
    }

    pub(crate) fn set_nesting(&self, nesting: u64) {
        self.nesting.set(nesting);
    }
}

impl HeldLocks {
    /// Empty notes, which accept nothing before they are [opened](Self::open).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            held: Cell::new(SHUT),
            places: [const { Entry::empty() }; ROOM],
            more: ManuallyDrop::new(RefCell::new(List::new())),
            holes: Cell::new(0),
            first: Cell::new(0),
        }
    }

    /// From here on they accept resources.
    pub fn open(&self) {
        self.held.set(0);
    }

    /// From here on they are empty and accept nothing.
    pub fn shut(&self) {
        self.empty();
        self.held.set(SHUT);
    }

    /// Whether nothing was ever held, or nothing is noted any more.
    pub fn is_shut(&self) -> bool {
        self.held.get() == SHUT
    }

    /// Whether they are empty, by a quick look; not if they are shut or have holes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.held.get() == 0
    }

    /// Notes that a resource was taken; `false` if there is no room in the thread, or they are
    /// shut.
    #[inline]
    #[must_use]
    pub fn take(&self, resource: ResourceId, since: Place) -> bool {
        let held = self.held.get();
        let Some(place) = self.places.get(held) else { return false };
        place.set(resource, since, 0);
        self.held.set(held + 1);
        true
    }

    /// [`take`](Self::take), with room for any number. Not if they are shut.
    pub(crate) fn take_more(&self, resource: ResourceId, since: Place) {
        if self.held.get() >= ROOM && self.holes.get() * 4 > self.held.get() {
            self.retain(|_| true);
        }
        if !self.take(resource, since) {
            let entry = Entry::empty();
            entry.set(resource, since, 0);
            self.more.borrow_mut().push(entry);
            self.held.set(self.held.get() + 1);
        }
    }

    /// Whether the next one needs more memory.
    pub(crate) fn is_about_to_grow(&self) -> bool {
        self.held.get() >= ROOM && self.more.borrow().is_full()
    }

    /// Notes that the resource taken last is released; `false` if another was taken last, or many
    /// are held.
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

    /// Notes that a resource is released, in any order; `false` if it is not here.
    #[must_use]
    pub fn put_back(&self, resource: ResourceId) -> bool {
        let at = self.with(|entries| {
            // Most are released in the order of taking, or in the opposite one.
            let is_it = |at: &usize| entries.at(*at).resource.get() == resource;
            let first =
                Some(self.first.get()).filter(|first| *first < entries.len() && is_it(first));
            let at = first.or_else(|| (0..entries.len()).rev().find(is_it))?;
            entries.at(at).resource.set(HOLE);
            // The nestings of those after it have changed.
            let after = (at + 1..entries.len()).map(|at| entries.at(at));
            after
                .filter(|entry| !entry.is_hole())
                .take_while(|entry| entry.nesting.get() != 0)
                .for_each(|entry| entry.nesting.set(0));
            Some(at)
        });
        if at.is_some() {
            self.holes.set(self.holes.get() + 1);
            self.trim();
        }
        at.is_some()
    }

    /// Forgets the holes at both ends.
    fn trim(&self) {
        let (first, held) = self.with(|entries| {
            let is_used = |at: &usize| !entries.at(*at).is_hole();
            let last = (0..entries.len()).rev().find(is_used);
            let held = last.map_or(0, |last| last + 1);
            // Those before `first` are holes already.
            let first = (self.first.get()..held).find(is_used);
            (first.unwrap_or(0), held)
        });
        if held == 0 {
            return self.empty();
        }
        self.first.set(first);
        self.holes.set(self.holes.get() - (self.held.get() - held));
        self.held.set(held);
        let mut more = self.more.borrow_mut();
        while more.len() > held.saturating_sub(ROOM) {
            more.pop();
        }
    }

    /// Whether there are only holes, which are then forgotten.
    #[cold]
    pub(crate) fn forget_holes(&self) -> bool {
        if !self.is_shut() {
            self.trim();
        }
        self.is_empty()
    }

    /// Keeps those for which `keep` returns true, and closes the holes.
    pub(crate) fn retain(&self, mut keep: impl FnMut(ResourceId) -> bool) {
        if self.is_shut() {
            return;
        }
        let (mut kept, mut unchanged) = (0, true);
        self.with(|entries| {
            for at in 0..entries.len() {
                let entry = entries.at(at);
                if entry.is_hole() {
                    continue;
                }
                if keep(entry.resource.get()) {
                    let nesting = if unchanged { entry.nesting.get() } else { 0 };
                    entries.at(kept).set(entry.resource.get(), entry.since.get(), nesting);
                    kept += 1;
                } else {
                    unchanged = false; // those after it are nested in another way now
                }
            }
            (kept..entries.len()).for_each(|at| entries.at(at).resource.set(HOLE));
        });
        self.first.set(0);
        self.holes.set(self.held.get() - kept);
        self.trim();
    }

    fn empty(&self) {
        self.held.set(0);
        self.holes.set(0);
        self.first.set(0);
        drop(self.more.take());
    }

    /// What is held, and where it was taken.
    #[must_use]
    pub(crate) fn copy(&self) -> List<(ResourceId, Place)> {
        let mut copy = List::new();
        self.for_each(|entry| copy.push((entry.resource.get(), entry.since.get())));
        copy
    }

    /// Calls `f` with each entry in use, in the order of taking. `f` must not come here again.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Entry)) {
        self.with(|entries| {
            let all = (self.first.get()..entries.len()).map(|at| entries.at(at));
            all.filter(|entry| !entry.is_hole()).for_each(&mut f);
        });
    }

    /// The position of the last entry for which `is_it` returns true; without one, of the first
    /// entry.
    pub(crate) fn rposition(&self, is_it: impl Fn(&Entry) -> bool) -> usize {
        self.with(|entries| {
            let used = |at: &usize| !entries.at(*at).is_hole();
            let mut all = (self.first.get()..entries.len()).rev().filter(used);
            all.find(|at| is_it(entries.at(*at))).unwrap_or(self.first.get())
        })
    }

    /// Calls `f` with each entry in use from there on, and with the resource of the one before it.
    /// `f` must not come here again.
    pub(crate) fn for_each_from(&self, at: usize, mut f: impl FnMut(&Entry, Option<ResourceId>)) {
        self.with(|entries| {
            let mut before = None;
            for entry in (at..entries.len()).map(|at| entries.at(at)) {
                if !entry.is_hole() {
                    f(entry, before);
                    before = Some(entry.resource.get());
                }
            }
        });
    }

    /// Whether an entry in the thread itself is the first of all.
    #[inline]
    pub(crate) fn is_first(&self, entry: &Entry) -> bool {
        self.places.get(self.first.get()).is_some_and(|first| std::ptr::eq(first, entry))
    }

    /// What a model puts onto the graph: no resource there has a name.
    #[cfg(model)]
    #[must_use]
    #[track_caller]
    pub fn describe(&self) -> List<Held> {
        let label = Label::new(super::label::Kind::Lock, "");
        self.copy().iter().map(|&(id, since)| Held { id, label, since }).collect()
    }

    /// The entry that was taken last, if it is in the thread itself and is not a hole.
    /// [`for_each`](Self::for_each) and [`last_of_many`](Self::last_of_many) find others.
    #[inline]
    pub(crate) fn last(&self) -> Option<&Entry> {
        self.places.get(self.held.get().wrapping_sub(1)).filter(|last| !last.is_hole())
    }

    /// Calls `f` with the entry that was taken last, and the one before it.
    pub(crate) fn last_of_many<R>(&self, f: impl FnOnce(Option<&Entry>, Option<&Entry>) -> R) -> R {
        self.with(|entries| {
            let all = (self.first.get()..entries.len()).rev().map(|at| entries.at(at));
            let mut used = all.filter(|entry| !entry.is_hole());
            f(used.next(), used.next())
        })
    }

    fn with<R>(&self, f: impl FnOnce(Entries<'_>) -> R) -> R {
        let held = if self.is_shut() { 0 } else { self.held.get() };
        f(Entries { places: &self.places[..held.min(ROOM)], more: &self.more.borrow() })
    }
}

impl Default for HeldLocks {
    fn default() -> Self {
        Self::new()
    }
}

/// The places in use, holes among them.
struct Entries<'a> {
    places: &'a [Entry],
    more: &'a [Entry],
}

impl<'a> Entries<'a> {
    fn len(&self) -> usize {
        self.places.len() + self.more.len()
    }

    fn at(&self, at: usize) -> &'a Entry {
        match self.places.get(at) {
            Some(entry) => entry,
            None => &self.more[at - ROOM],
        }
    }
}

#[cfg(all(test, not(model)))]
mod tests;
