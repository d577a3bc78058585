//! Lock order: deadlocks that have not happened yet.
//!
//! Whenever a thread takes a lock while it holds others, the [nesting](nestings) is noted for the
//! whole program, as long as the locks exist: "B within A". If a thread also does the opposite, or
//! closes a ring over several locks, then with other timing each thread could hold what the next
//! one wants. No thread needs to have waited for that to be seen; one successful run is enough.
//!
//! A ring counts under [two conditions](rings): no two of its nestings share a lock, which would
//! keep them apart; and more than one thread took part. Those threads need not have run at the same
//! time: the order in which the program takes its locks counts, not the time. (Linux's lockdep does
//! not require it either. It also reports what a single thread did, because it judges the code and
//! not the thread.) Only waits without a deadline are noted: a try, or a timed wait, gives up.
//!
//! A thread that nests the same locks again finds the nesting in its own small table.
//!
//! Source: the idea is that of Linux's lockdep; locks that keep nestings apart are from Havelund,
//! [_Using Runtime Analysis to Guide Model Checking of Java
//! Programs_](https://doi.org/10.1007/10722468_15).

mod nestings;
mod rings;

use std::cell::Cell;

use self::nestings::{Nestings, mix};
use self::rings::Step;
use super::detector::DETECTOR;
use super::report::{Report, ThreadReport};
use super::{held, hook};
use crate::deadlock::graph::resources;
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::memory::{List, NOWHERE};
use crate::deadlock::state::{Entry, Held, HeldLocks, Inside, Place, ResourceId};
use crate::sync::thread;

/// How many nestings a thread remembers: 32 KiB, of which only the used pages take memory.
const REMEMBERED: usize = 1_024;
/// How many places a nesting may have. With a single one, two nestings of the same place would keep
/// replacing each other.
const WAYS: usize = 4;

pub(crate) static ORDER: UnwatchedLock<Nestings> = UnwatchedLock::new(Nestings::new());

thread_local! {
    static REMEMBERS: Remembers =
        const { Remembers([const { [const { Memory::nothing() }; WAYS] }; REMEMBERED / WAYS]) };
    /// This thread's number in the order. 0, or the number of a removed entry: none.
    static AUTHOR: Cell<u64> = const { Cell::new(0) };
}

/// The nestings that a thread has been in, which it need not report to the order again.
struct Remembers([[Memory; WAYS]; REMEMBERED / WAYS]);

struct Memory {
    key: Cell<Key>,
    nesting: Cell<u64>,
}

/// What a thread remembers a nesting by, in full: a hash in its place could take one for another,
/// and then report an inversion that no thread made.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    /// The outer nesting; 0: none.
    parent: u64,
    lock: ResourceId,
    /// The address of the place, 0 if this is no nesting; plus [`ORDERED`].
    at: usize,
}

/// The lowest bit of a place's address, which is even: the thread waited there.
const ORDERED: usize = 1;

impl Key {
    const NONE: Self = Self { parent: 0, lock: 0, at: 0 };

    #[inline]
    fn new(parent: u64, lock: ResourceId, at: Place) -> Self {
        Self { parent, lock, at: std::ptr::from_ref(at).addr() }
    }

    #[inline]
    fn ordered(self) -> Self {
        Self { at: self.at | ORDERED, ..self }
    }
}

impl Memory {
    const fn nothing() -> Self {
        Self { key: Cell::new(Key::NONE), nesting: Cell::new(0) }
    }
}

impl Remembers {
    #[inline]
    fn places(&self, key: Key) -> &[Memory; WAYS] {
        let hash = mix(mix(key.parent, key.lock), (key.at & !ORDERED) as u64);
        &self.0[(hash >> 32) as usize % self.0.len()]
    }

    /// The nesting with this key; with `ORDERED` in it, only if a thread waited there.
    #[inline]
    fn find(&self, key: Key) -> Option<u64> {
        let is_it = |place: &&Memory| {
            let known = place.key.get();
            known.ordered() == key.ordered() && (known.at & ORDERED) >= (key.at & ORDERED)
        };
        self.places(key).iter().find(is_it).map(|place| place.nesting.get())
    }

    fn add(&self, key: Key, nesting: u64) {
        let places = self.places(key);
        // The same one in no order would be found first.
        let at = places.iter().position(|place| place.key.get().ordered() == key.ordered());
        let at = at.unwrap_or(WAYS - 1); // forgets the oldest
        for at in (0..at).rev() {
            places[at + 1].key.set(places[at].key.get());
            places[at + 1].nesting.set(places[at].nesting.get());
        }
        places[0].key.set(key);
        places[0].nesting.set(nesting);
    }

    /// The nesting of an entry, next after this one.
    #[inline]
    fn of(&self, entry: &Entry, parent: u64) -> Option<u64> {
        let known = self.find(Key::new(parent, entry.resource(), entry.since()))?;
        entry.set_nesting(known);
        Some(known)
    }
}

/// The caller is about to take this, and holds something. Notes the order, and reports a new
/// inversion.
#[inline(never)] // otherwise every call of `lock` would contain it
pub(crate) fn check(number: ResourceId, at: Place) {
    let is_known = held::with_held_locks(|held_locks| {
        let last = held_locks.last();
        if last.is_none() && held_locks.forget_holes() {
            return true; // it holds nothing after all
        }
        REMEMBERS.with(|remembers| {
            innermost(held_locks, last, remembers)
                .and_then(|parent| remembers.find(Key::new(parent, number, at).ordered()))
                .is_some()
        })
    });
    if !is_known || held::is_out_of_date() {
        note(number, at);
    }
}

/// The nesting that the thread is in, if it remembers all of it.
#[inline]
fn innermost(held_locks: &HeldLocks, last: Option<&Entry>, remembers: &Remembers) -> Option<u64> {
    let Some(last) = last else { return innermost_of_many(held_locks, remembers) };
    match last.nesting() {
        0 if held_locks.is_first(last) => remembers.of(last, 0),
        0 => innermost_of_many(held_locks, remembers),
        known => Some(known),
    }
}

fn innermost_of_many(held_locks: &HeldLocks, remembers: &Remembers) -> Option<u64> {
    let known = |last: Option<&Entry>, before: Option<&Entry>| {
        let (last, parent) = (last?, before.map_or(0, Entry::nesting));
        match last.nesting() {
            0 if before.is_none() || parent != 0 => remembers.of(last, parent),
            0 => None,
            known => Some(known),
        }
    };
    if let Some(known) = held_locks.last_of_many(known) {
        return Some(known);
    }
    let mut nesting = Some(0);
    held_locks.for_each(|entry| {
        nesting = match (nesting, entry.nesting()) {
            (Some(parent), 0) => remembers.of(entry, parent),
            (Some(_), known) => Some(known),
            (None, _) => None,
        };
    });
    nesting.filter(|nesting| *nesting != 0)
}

/// A nesting that this thread does not remember.
#[cold]
fn note(number: ResourceId, at: Place) {
    let Some(_inside) = Inside::enter() else { return };
    if !held::is_introduced() {
        return;
    }
    held::forget_the_gone();
    let mut found = List::new();
    held::with_held_locks(|held_locks| {
        REMEMBERS.with(|remembers| {
            ORDER.with(|order| {
                note_in(order, held_locks, remembers, (number, at), |steps| found.push(steps));
            });
        });
    });
    for steps in &found {
        if let Some(report) = report(steps) {
            hook::tell(&report);
        }
    }
}

fn note_in(
    order: &mut Nestings,
    held_locks: &HeldLocks,
    remembers: &Remembers,
    (number, at): (ResourceId, Place),
    found: impl FnMut(List<Step>),
) {
    // Room for all of them first, which may move what is there.
    let lock = order.lock(number);
    let known = held_locks.rposition(|entry| order.nestings.find(entry.nesting()).is_some());
    held_locks.for_each_from(known, |entry, _| {
        if resources::label(entry.resource()).is_some() {
            order.lock(entry.resource());
        }
    });
    let author = author(order);
    let mut parent = NOWHERE;
    let known = held_locks.rposition(|entry| order.nestings.find(entry.nesting()).is_some());
    held_locks.for_each_from(known, |entry, before| {
        let known = entry.nesting();
        if order.nestings.find(known).is_some() {
            parent = known as u32;
        } else if before == Some(entry.resource()) && parent != NOWHERE {
            entry.set_nesting(order.nestings.number(parent)); // another permit
        } else if resources::label(entry.resource()).is_some() {
            let lock = order.lock(entry.resource());
            let above = if parent == NOWHERE { 0 } else { order.nestings.number(parent) };
            let there = order.find(parent, lock, entry.since());
            parent = there.unwrap_or_else(|| order.add(parent, lock, entry.since(), author));
            let nesting = order.nestings.number(parent);
            remembers.add(Key::new(above, entry.resource(), entry.since()), nesting);
            entry.set_nesting(nesting);
        }
    });
    let there = order.find(parent, lock, at);
    if parent == NOWHERE || there.is_none() && order.is_within(parent, lock) {
        order.forget_unused(author);
        return; // it is alone, or waits for itself
    }
    let nesting = there.unwrap_or_else(|| order.add(parent, lock, at, author));
    let mut is_news = order.add_author(nesting, author);
    if !order.nestings[nesting].ordered {
        is_news = true;
        order.set_ordered(nesting, Nestings::close);
    }
    if is_news {
        order.rings(nesting, author, found);
    }
    let above = order.nestings.number(parent);
    remembers.add(Key::new(above, number, at).ordered(), order.nestings.number(nesting));
    order.forget_unused(author);
}

/// This thread's number in the order.
fn author(order: &mut Nestings) -> u32 {
    let known = AUTHOR.get();
    if order.authors.find(known).is_some() {
        return known as u32;
    }
    let me = thread::id();
    let new = order.author(me, DETECTOR.get().graph.with(|graph| graph.name_of(me)));
    AUTHOR.set(order.authors.number(new));
    new
}

fn report(steps: &List<Step>) -> Option<Report> {
    let threads = steps.iter().map(|step| {
        let held = Held { id: step.held, label: resources::label(step.held)?, since: step.since };
        let wanted = resources::label(step.wanted)?;
        Some(ThreadReport::inverted(step.thread, &step.name, &held, wanted, step.at))
    });
    // A lock that was destroyed meanwhile cannot be in an inversion.
    threads.collect::<Option<Vec<_>>>().map(Report::inversion)
}

/// A lock was destroyed, so its order is dropped too.
pub(crate) fn forget(number: ResourceId) {
    ORDER.with(|order| order.forget(number));
}

#[cfg(test)]
mod tests;
