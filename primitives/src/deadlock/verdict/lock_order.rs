//! Lock order: deadlocks that have not happened yet.
//!
//! Whenever a thread takes a lock while it holds another, the order of the two is noted, for the whole program
//! and for good: "B after A". If some thread ever does the opposite, or closes a ring over several locks, then
//! with other timing each of them could hold what the next one wants. Nobody needs to have waited for that to
//! be seen; one run that goes well is enough.
//!
//! One case is none: if both orders are taken under the same third lock, that lock keeps them apart. So a
//! note says also what else was held (its _guards_), and a ring counts only if no two of its notes have a guard
//! in common. Only waits that can last for ever are noted: a try, or a wait with a deadline, gives up.
//!
//! A thread that nests the same locks again finds the nesting in a small table of its own and asks nobody.
//!
//! Source: the idea is that of Linux's lockdep; the guards are from Havelund,
//! [_Using Runtime Analysis to Guide Model Checking of Java Programs_](https://doi.org/10.1007/10722468_15).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::detector::DETECTOR;
use super::report::{Report, ThreadReport};
use super::{held, hook};
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::state::{Held, Kind, Label, Place, ResourceId, ThreadId};
use crate::sync::thread;

/// How many different notes of one pair are kept; each has other guards.
const MOST_NOTES: usize = 8;
/// How many locks a ring may have to be found.
const LONGEST_RING: usize = 16;
/// Nestings that a thread remembers, in 4 KiB.
const REMEMBERED: usize = 512;
/// In so many places one may stand. With a single one, two nestings that fall on it would keep forgetting each other.
const WAYS: usize = 4;

static ORDER: UnwatchedLock<Order> = UnwatchedLock::new(Order::new());

thread_local! {
    static SEEN: [[Cell<u64>; WAYS]; REMEMBERED / WAYS] =
        const { [const { [const { Cell::new(0) }; WAYS] }; REMEMBERED / WAYS] };
}

/// The caller is about to take this, and holds something: notes the order, and tells if it is a new inversion.
#[inline(never)] // or every call of `lock` would carry it along
pub(crate) fn check(number: ResourceId, label: &Label, at: Place) {
    let mix =
        |sum: u64, number: u64| (sum ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    let nesting =
        held::with_held_locks(|held_locks| held_locks.resources().fold(mix(1, number), mix)) | 1;
    SEEN.with(|seen| {
        let places = &seen[(nesting >> 32) as usize % seen.len()];
        if places.iter().all(|place| place.get() != nesting) {
            places.iter().fold(nesting, |newer, place| place.replace(newer)); // forgets the oldest
            Nesting { number, label: *label, at }.note();
        }
    });
}

/// A nesting that this thread does not remember.
struct Nesting {
    number: u64,
    label: Label,
    at: Place,
}

impl Nesting {
    #[cold]
    fn note(self) {
        let Some(held) = held::introduce() else { return };
        let me = thread::id();
        let name = DETECTOR.get().graph.with(|graph| graph.name_of(me));
        let mut found = Vec::new();
        ORDER.with(|order| {
            // A task keeps nobody out, and each is another one: as guards they would make all notes differ.
            let locks = || held.iter().filter(|held| held.label.kind() != Kind::Task);
            for old in locks().filter(|old| old.id != self.number) {
                let guards: BTreeSet<_> =
                    locks().map(|held| held.id).filter(|id| *id != old.id).collect();
                let note = Note {
                    thread: me,
                    name: Arc::clone(&name),
                    held: *old,
                    wanted: self.label,
                    at: self.at,
                    guards,
                };
                found.extend(order.add(old.id, self.number, note));
            }
        });
        for report in found {
            hook::tell(&report);
        }
    }
}

/// A lock is no more: nor is its order.
pub(crate) fn forget(number: u64) {
    let _gone = ORDER.with(|order| order.forget(number));
}

/// Once, somewhere, some thread took one lock while it held another.
#[derive(Clone)]
struct Note {
    thread: ThreadId,
    name: Arc<str>,
    held: Held,
    wanted: Label,
    at: Place,
    /// What else it held.
    guards: BTreeSet<u64>,
}

struct Order {
    /// For each lock those that were taken while it was held.
    after: BTreeMap<u64, BTreeMap<u64, Vec<Note>>>,
    /// The same the other way round.
    before: BTreeMap<u64, BTreeSet<u64>>,
    /// Pairs that have been reported, the smaller number first.
    told: BTreeSet<(u64, u64)>,
}

impl Order {
    const fn new() -> Self {
        Self { after: BTreeMap::new(), before: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// Notes `new` after `old`; returns the ring that this closes, if it has not been reported.
    fn add(&mut self, old: u64, new: u64, note: Note) -> Option<Report> {
        let notes = self.after.entry(old).or_default().entry(new).or_default();
        if notes.len() >= MOST_NOTES
            || notes.iter().any(|known| known.guards.is_subset(&note.guards))
        {
            return None;
        }
        notes.retain(|known| !note.guards.is_subset(&known.guards));
        notes.push(note.clone());
        self.before.entry(new).or_default().insert(old);

        let pair = (old.min(new), old.max(new));
        if self.told.contains(&pair) {
            return None;
        }
        let mut ring = vec![note];
        if !self.path(new, old, &mut ring, &mut BTreeSet::new()) {
            return None;
        }
        self.told.insert(pair);
        let threads = ring.iter().map(|note| {
            ThreadReport::inverted(
                note.thread,
                Arc::clone(&note.name),
                &note.held,
                note.wanted,
                note.at,
            )
        });
        Some(Report::inversion(threads.collect()))
    }

    /// Looks for a way from one lock to another, each taken while the one before was held; no two of its
    /// notes, nor of those before, under a common guard.
    fn path(&self, from: u64, to: u64, ring: &mut Vec<Note>, seen: &mut BTreeSet<u64>) -> bool {
        if from == to {
            return true;
        }
        if ring.len() > LONGEST_RING || !seen.insert(from) {
            return false;
        }
        let Some(after) = self.after.get(&from) else { return false };
        // The short way first.
        let direct = after.get_key_value(&to);
        for (next, notes) in direct.into_iter().chain(after.iter().filter(|(next, _)| **next != to))
        {
            let apart =
                |note: &&Note| ring.iter().all(|other| other.guards.is_disjoint(&note.guards));
            let Some(note) = notes.iter().find(apart) else { continue };
            ring.push(note.clone());
            if self.path(*next, to, ring, seen) {
                return true;
            }
            ring.pop();
        }
        false
    }

    fn forget(&mut self, number: u64) -> Option<BTreeMap<u64, Vec<Note>>> {
        let after = self.after.remove(&number);
        for next in after.iter().flat_map(BTreeMap::keys) {
            if let Some(before) = self.before.get_mut(next) {
                before.remove(&number);
            }
        }
        for before in self.before.remove(&number).into_iter().flatten() {
            if let Some(after) = self.after.get_mut(&before) {
                after.remove(&number);
            }
        }
        if after.is_some() {
            self.told.retain(|(a, b)| *a != number && *b != number);
        }
        after
    }
}
