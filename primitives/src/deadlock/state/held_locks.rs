//! [`HeldLocks`]: what a thread holds, and since where.
//!
//! Each thread has one, and no other thread looks into it or writes there. So to take a lock costs
//! four plain stores here, and to give it back one: no atomic operation, no allocation, nothing
//! that another core wants. What a thread holds becomes known when it falls asleep: then it puts a
//! copy onto the graph.
//!
//! There is room for some in the thread itself; those beyond lie behind it, in memory of the
//! detector's own. It is one list in the order of taking all the same, and all that looks at it
//! looks at the whole.
//!
//! A resource that is given back before those that were taken after it leaves a _hole_. The holes
//! are closed when room is short, so a thread that gives back six hundred in the order in which it
//! took them does not move them six hundred times.
//!
//! A resource is noted by its number alone, which stays true should the resource be destroyed while
//! a guard of it was leaked; what the number stands for, `graph::resources` knows.

#![cfg_attr(model, allow(dead_code, reason = "the models need less of it"))]

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::Location;

use super::ids::{Place, ResourceId};
use super::label::Label;
use crate::deadlock::memory::List;

/// Something that a thread has.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Tells it from all others, also from later ones at the same address.
    pub(crate) id: ResourceId,
    pub(crate) label: Label,
    pub(crate) since: Place,
}

/// For so many resources there is room in the thread. A thread that holds more is rare, and pays
/// for it ([`held`](crate::deadlock)).
const ROOM: usize = 16;

/// In place of how many entries there are: the thread has held nothing yet, or keeps no account any
/// more.
const SHUT: usize = usize::MAX;

/// In place of a resource: it was given back.
const HOLE: ResourceId = 0;

/// What a thread holds, in the order in which it took it.
pub struct HeldLocks {
    /// How many entries there are, with the holes; or `SHUT`.
    held: Cell<usize>,
    places: [Entry; ROOM],
    /// The entries after those. (Not dropped with the thread, which would cost a test whether it is
    /// there: [`shut`] does.)
    ///
    /// [`shut`]: Self::shut
    more: ManuallyDrop<RefCell<List<Entry>>>,
    /// So many of the entries are holes.
    holes: Cell<usize>,
    /// So many of the first are.
    first: Cell<usize>,
}

/// A place of the list.
pub(crate) struct Entry {
    resource: Cell<ResourceId>,
    since: Cell<Place>,
    /// By what number the order of locks knows this entry on those before it; 0: by none yet. An
    /// entry that has one comes after entries that have one.
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
    /// Empty ones, which take nothing before they are [opened](Self::open).
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

    /// From here on they take resources.
    pub fn open(&self) {
        self.held.set(0);
    }

    /// From here on they are empty and take nothing.
    pub fn shut(&self) {
        self.empty();
        self.held.set(SHUT);
    }

    /// Whether nothing was ever held, or nothing is noted any more.
    pub fn is_shut(&self) -> bool {
        self.held.get() == SHUT
    }

    /// Whether there is nothing to be seen, at a glance: not if they are shut, or have holes.
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

    /// Notes that the resource taken last is given back; `false` if another one was taken last, or
    /// many are held.
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
        let at = self.with(|entries| {
            // Most are given back in the order of taking, or in the opposite one.
            let is_it = |at: &usize| entries.at(*at).resource.get() == resource;
            let first =
                Some(self.first.get()).filter(|first| *first < entries.len() && is_it(first));
            let at = first.or_else(|| (0..entries.len()).rev().find(is_it))?;
            entries.at(at).resource.set(HOLE);
            // Those after it are nested in another way now.
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

    /// Whether there are holes alone, which are forgotten then.
    #[cold]
    pub(crate) fn forget_holes(&self) -> bool {
        if !self.is_shut() {
            self.trim();
        }
        self.is_empty()
    }

    /// Keeps those that `keep` says yes to, and closes the holes.
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

    /// What is held, and since where.
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

    /// Where the last entry stands that `is_it` says yes to; where none does, the first.
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

    /// The entry that was taken last, if it stands in the thread itself and is not a hole; others
    /// are found by
    /// [`for_each`](Self::for_each) and by [`last_of_many`](Self::last_of_many).
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
