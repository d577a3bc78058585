//! The wait-for graph: which threads sleep, for what, and which threads could end each sleep.
//!
//! A node is a thread, and an edge leads from a thread that sleeps to one that could wake it. Only
//! sleepers have edges: a running thread may do anything. So the question is never "is there a
//! cycle" but "which threads can still go on?", and elimination answers it:
//!
//! - a thread that does not sleep can go on;
//! - a sleeper can go on if one of its possible wakers can;
//! - the threads that remain when no more can be eliminated will never wake up.
//!
//! - but a sleeper that needs all of them can go on only if each of them can: one that wants to
//!   write waits for all that read.
//!
//! With one possible waker each, as with locks, a cycle remains. With several, as with the holders
//! of a semaphore's permits, a knot of graph theory remains.
//!
//! **Why what it finds is true.** All of this happens under one [lock](super::unwatched_lock). A
//! thread is on the graph from before it falls asleep until after it woke up, and removes itself
//! _before_ it tries again. It brings a copy of [what it
//! holds](crate::deadlock::state::held_locks). So while the lock is held no thread on the graph
//! runs code of the program, none of them can take or release anything, and each holds what its
//! copy says. Only these copies say which thread holds a resource: if none has it, a running thread
//! holds it, or no thread does. What is not known for certain (a holder that is not here, a word
//! that has changed) counts as "can go on". So the graph may be late, and the next thread that
//! falls asleep examines it again, but it never reports a thread falsely.

use std::backtrace::Backtrace;
use std::sync::Arc;

use crate::deadlock::memory::{List, Map, Text};
use crate::deadlock::state::{
    Door, Held, Need, Permits, Place, ResourceId, ScopeId, ThreadId, Wanted,
};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;

/// A thread that sleeps, or is about to.
#[derive(Clone)]
pub struct Wait {
    pub(crate) wanted: Wanted,
    pub(crate) need: Need,
    pub(crate) at: Place,
    pub(crate) held: List<Held>,
    /// The word that it sleeps on, and the value that it found there.
    pub(crate) word: Option<(*const AtomicU32, u32)>,
    pub(crate) backtrace: Option<Arc<Backtrace>>,
    /// Where the poll was begun in which it waits, if it is in one.
    pub(crate) polled_at: Option<Place>,
}

impl Wait {
    /// A wait of a thread that holds nothing.
    pub fn new(wanted: Wanted, need: Need, at: Place) -> Self {
        Self { wanted, need, at, held: List::new(), word: None, backtrace: None, polled_at: None }
    }

    /// The same, of a thread that holds this.
    #[must_use]
    pub fn holding(mut self, held: List<Held>) -> Self {
        self.held = held;
        self
    }

    /// The same, asleep on `word` while that is `expected`.
    #[must_use]
    pub fn on(mut self, word: &AtomicU32, expected: u32) -> Self {
        self.word = Some((word, expected));
        self
    }
}

/// Whether and how a wait can end.
enum Waker {
    /// It has been woken, or may be.
    Nothing,
    /// One of these must go on.
    OneOf(List<ThreadId>),
    /// Each of these must.
    AllOf(List<ThreadId>),
    /// Some thread must go on, perhaps an unknown one.
    Anyone,
}

/// Threads that will never wake up, first the one that was asked about.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// They wait for each other.
    Cycle(List<ThreadId>),
    /// They wait for a thread that has ended, or that is in a cycle without them.
    Gone(List<ThreadId>),
}

/// A thread that has a name.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) name: Text,
    /// The system's number for it, if there is one.
    pub(crate) system: Option<u32>,
}

/// The sleeping threads, the living ones, and those that ended and left something locked.
pub struct Graph {
    pub(crate) waits: Map<ThreadId, Wait>,
    /// The living threads that are known by name. A thread that is not here is not known to sleep.
    pub(crate) alive: Map<ThreadId, Known>,
    /// The threads that ended while they held something.
    pub(crate) ended: Map<ThreadId, (Known, List<Held>)>,
    /// For each resource that a sleeping or ended thread holds: those threads, each as often as it
    /// holds it.
    holders: Map<ResourceId, List<ThreadId>>,
    /// The threads of each scope that are not done with it, begun or not.
    pub(crate) scopes: Map<ScopeId, List<ThreadId>>,
    /// How often a thread came or left.
    pub(crate) changes: u64,
}

// SAFETY: the pointers in the waits are followed only under the lock, while the waiting thread
// sleeps; it borrows what they point to until it is off the graph.
unsafe impl Send for Graph {}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    /// No thread sleeps, and none is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            waits: Map::new(),
            alive: Map::new(),
            ended: Map::new(),
            holders: Map::new(),
            scopes: Map::new(),
            changes: 0,
        }
    }

    /// Puts a thread on the graph, and asks whether it will ever go on.
    pub fn enter(&mut self, me: ThreadId, wait: Wait) -> Option<Finding> {
        let _before = self.put(me, wait);
        self.judge(me)
    }

    /// Puts a thread on the graph.
    #[must_use = "what was there may belong to the program, and is dropped outside the lock"]
    pub(crate) fn put(&mut self, me: ThreadId, wait: Wait) -> Option<Wait> {
        // A thread that is already here runs in this case: std's scope calls the program's panic
        // hook before it returns.
        let before = self.leave(me);
        self.has(me, &wait.held);
        self.changes += 1;
        self.waits.insert(me, wait);
        before
    }

    /// Takes a thread off the graph.
    pub fn leave(&mut self, me: ThreadId) -> Option<Wait> {
        let wait = self.waits.remove(me)?;
        self.changes += 1;
        self.has_no_more(me, &wait.held);
        Some(wait)
    }

    /// A thread has ended while it held this.
    #[cfg(any(test, not(model)))]
    pub(crate) fn bury(&mut self, thread: ThreadId, known: Known, held: List<Held>) {
        self.has(thread, &held);
        self.ended.insert(thread, (known, held));
    }

    /// Where threads sleep that want some of this from the one that holds it.
    #[cfg(not(model))]
    pub(crate) fn wanted_of(&self, held: &[Held]) -> List<*const AtomicU32> {
        if held.is_empty() {
            return List::new(); // as most threads end; there may be thousands that sleep
        }
        let wants = |wait: &&Wait| match wait.need {
            Need::Owner(wanted)
            | Need::Holders(wanted)
            | Need::Writer(wanted, _)
            | Need::Holder(wanted, _)
            | Need::Runner(wanted) => held.iter().any(|held| held.id == wanted),
            Need::End(_) | Need::Scope(_) | Need::Anyone => false,
        };
        self.waits
            .values()
            .filter(wants)
            .filter_map(|wait| wait.word)
            .map(|(word, _)| word)
            .collect()
    }

    /// A thread that had ended while it held this has released it after all (the last one, if it
    /// had several). Returns whether it held it.
    #[cfg(any(test, not(model)))]
    pub(crate) fn lets_go(&mut self, thread: ThreadId, resource: ResourceId) -> bool {
        let Some((_, held)) = self.ended.get_mut(thread) else { return false };
        let Some(at) = held.iter().rposition(|held| held.id == resource) else { return false };
        let gone = held.remove(at);
        if held.is_empty() {
            self.ended.remove(thread);
        }
        self.has_no_more(thread, &[gone]);
        true
    }

    /// A resource was destroyed: no ended thread is reported for it any longer.
    #[cfg(any(test, not(model)))]
    pub(crate) fn forget(&mut self, resource: ResourceId) {
        while let Some(holders) = self.holders.get(resource) {
            let Some(thread) = holders.iter().copied().find(|thread| self.is_gone(*thread)) else {
                break;
            };
            if !self.lets_go(thread, resource) {
                break; // it sleeps while it ends, and still holds this
            }
        }
    }

    fn has(&mut self, thread: ThreadId, held: &[Held]) {
        for held in held {
            self.holders.entry(held.id).push(thread);
        }
    }

    fn has_no_more(&mut self, thread: ThreadId, held: &[Held]) {
        for held in held {
            let Some(holders) = self.holders.get_mut(held.id) else { continue };
            if let Some(at) = holders.iter().position(|holder| *holder == thread) {
                holders.swap_remove(at);
            }
            if holders.is_empty() {
                self.holders.remove(held.id);
            }
        }
    }

    fn waker(&self, wait: &Wait) -> Waker {
        match &wait.need {
            Need::Owner(resource) => match self.holders.get(*resource) {
                Some(holders) => Waker::OneOf(holders.clone()),
                None => Waker::Nothing, // who has it runs, or it is free
            },
            Need::Holders(resource) => self.all_holders(*resource),
            Need::Writer(resource, door) => match door_of(wait, *door) {
                Door::Open => Waker::Nothing,
                Door::Writing => self.all_holders(*resource),
                Door::KeptForAWriter => self.waiting_writers(*resource),
            },
            Need::Holder(..) if signalled(wait) => Waker::Nothing,
            Need::Holder(resource, permits) => self.holder(*resource, *permits),
            Need::Runner(resource) => match self.holders.get(*resource) {
                Some(holders) => Waker::OneOf(holders.clone()),
                None if signalled(wait) => Waker::Nothing,
                None => Waker::Anyone, // its runner is awake, or it has not begun
            },
            Need::End(_) if signalled(wait) => Waker::Nothing,
            Need::End(thread) if self.alive.contains_key(*thread) => {
                Waker::OneOf(List::from([*thread]))
            }
            Need::End(_) => Waker::Nothing, // it has ended, or not begun
            Need::Scope(scope) => {
                let threads = self.scopes.get(*scope).into_iter().flatten().copied();
                let alive: List<_> =
                    threads.filter(|thread| self.alive.contains_key(*thread)).collect();
                if alive.is_empty() { Waker::Nothing } else { Waker::AllOf(alive) }
            }
            Need::Anyone if signalled(wait) => Waker::Nothing,
            Need::Anyone => Waker::Anyone,
        }
    }

    /// A thread is done with its scope.
    #[cfg(not(model))]
    pub(crate) fn leaves(&mut self, scope: ScopeId, thread: ThreadId) {
        if let Some(threads) = self.scopes.get_mut(scope) {
            threads.retain(|other| *other != thread);
            if threads.is_empty() {
                self.scopes.remove(scope);
            }
        }
    }

    /// All that hold it and sleep. If one of them never goes on, then neither does a thread that
    /// waits for all; what the others do makes no difference.
    fn all_holders(&self, resource: ResourceId) -> Waker {
        match self.holders.get(resource) {
            Some(holders) => Waker::AllOf(holders.clone()),
            None => Waker::Nothing, // who has it runs, or it is free
        }
    }

    /// The threads that wait to write, each of which keeps readers out. One that would give up by
    /// itself is not on the graph: if there is no other, a reader may get in.
    fn waiting_writers(&self, resource: ResourceId) -> Waker {
        let writes = |wait: &Wait| matches!(wait.need, Need::Holders(wanted) if wanted == resource);
        let writers = self.waits.iter().filter(|(_, wait)| writes(wait));
        let writers: List<_> = writers.map(|(thread, _)| thread).collect();
        if writers.is_empty() { Waker::Nothing } else { Waker::OneOf(writers) }
    }

    fn holder(&self, resource: ResourceId, permits: *const Permits) -> Waker {
        // SAFETY: see `Graph`.
        let Some(all) = (unsafe { (*permits).all_permits() }) else { return Waker::Anyone };
        let mut holders = self.holders.get(resource).cloned().unwrap_or_default();
        if holders.len() < all {
            return Waker::Anyone; // a holder is awake, or one is free
        }
        holders.sort_unstable();
        let mut before = None;
        holders.retain(|holder| before.replace(*holder) != Some(*holder));
        Waker::OneOf(holders)
    }

    /// Whether a thread ended while it held something, which no thread can release now.
    fn is_gone(&self, thread: ThreadId) -> bool {
        self.ended.contains_key(thread)
    }

    /// Whether `me` will never wake up, whatever threads outside the graph may do.
    pub fn judge(&self, me: ThreadId) -> Option<Finding> {
        if self.quickly_cleared(me) {
            return None;
        }
        let sleepers = self.sleepers();
        if goes_on(&sleepers, me) {
            return None;
        }
        let (knot, closed) = self.reachable(me, &sleepers);
        let gone = knot.iter().any(|thread| self.is_gone(*thread));
        Some(if gone || !closed { Finding::Gone(knot) } else { Finding::Cycle(knot) })
    }

    /// The usual case: follows locks from owner to owner, to a running thread.
    fn quickly_cleared(&self, me: ThreadId) -> bool {
        let mut thread = me;
        // After as many steps as there are sleepers it goes in a circle.
        for _ in 0..=self.waits.len() {
            let Some(wait) = self.waits.get(thread) else { return !self.is_gone(thread) };
            match self.waker(wait) {
                Waker::Nothing | Waker::Anyone => return true,
                Waker::OneOf(one) | Waker::AllOf(one) if one.len() == 1 => thread = one[0],
                Waker::OneOf(_) | Waker::AllOf(_) => return false,
            }
        }
        false
    }

    /// The sleepers, and which of them can go on if every thread that does not sleep does what they
    /// wait for.
    fn sleepers(&self) -> List<Sleeper> {
        let all = self.waits.iter();
        let mut sleepers: List<_> = all
            .map(|(thread, wait)| Sleeper { thread, waker: self.waker(wait), goes_on: false })
            .collect();
        loop {
            let mut found = false;
            for at in 0..sleepers.len() {
                let runs = |other: &ThreadId| match find(&sleepers, *other) {
                    Some(other) => other.goes_on,
                    None => !self.is_gone(*other),
                };
                let goes_on = match &sleepers[at].waker {
                    _ if sleepers[at].goes_on => false, // known
                    Waker::Nothing | Waker::Anyone => true,
                    Waker::OneOf(threads) => threads.iter().any(runs),
                    Waker::AllOf(threads) => threads.iter().all(runs),
                };
                sleepers[at].goes_on |= goes_on;
                found |= goes_on;
            }
            if !found {
                return sleepers;
            }
        }
    }

    /// The threads that `me` waits for, those that they wait for, and so on, in the order of the
    /// search, `me` first; and whether one of them waits for `me`. For threads that cannot go on.
    fn reachable(&self, me: ThreadId, sleepers: &[Sleeper]) -> (List<ThreadId>, bool) {
        let (mut found, mut closed, mut next) = (List::from([me]), false, 0);
        while let Some(thread) = found.get(next).copied() {
            next += 1;
            let Some(sleeper) = find(sleepers, thread) else { continue };
            let (Waker::OneOf(wakers) | Waker::AllOf(wakers)) = &sleeper.waker else { continue };
            for &waker in wakers {
                let sleeps = find(sleepers, waker).is_some_and(|waker| !waker.goes_on);
                closed |= waker == me;
                if (sleeps || self.is_gone(waker)) && !found.contains(&waker) {
                    found.push(waker);
                }
            }
        }
        (found, closed)
    }

    /// The threads that `thread` waits for, as far as known.
    pub(crate) fn wakers(&self, thread: ThreadId) -> List<ThreadId> {
        match self.waits.get(thread).map(|wait| self.waker(wait)) {
            Some(Waker::OneOf(threads) | Waker::AllOf(threads)) => threads,
            _ => List::new(),
        }
    }

    pub(crate) fn name_of(&self, thread: ThreadId) -> Text {
        let ended = || self.ended.get(thread).map(|(known, _)| known);
        match self.alive.get(thread).or_else(ended) {
            Some(known) => known.name.clone(),
            None => Text::format(format_args!("number {thread}")),
        }
    }

    /// Whether all known living threads sleep. The error has the threads whose word has changed,
    /// which may or may not have been woken.
    pub(crate) fn all_sleep(&self) -> Result<(), List<*const AtomicU32>> {
        if self.alive.keys().any(|thread| !self.waits.contains_key(thread)) {
            return Err(List::new());
        }
        let mut doubtful = List::new();
        for wait in self.waits.values() {
            match (self.waker(wait), wait.word) {
                (Waker::Nothing, Some((word, _)))
                    if matches!(wait.need, Need::Anyone | Need::Holder(..) | Need::Runner(_)) =>
                {
                    doubtful.push(word);
                }
                (Waker::Nothing, _) => return Err(List::new()),
                _ => {}
            }
        }
        if doubtful.is_empty() { Ok(()) } else { Err(doubtful) }
    }
}

/// A thread that sleeps, and whether it can go on.
struct Sleeper {
    thread: ThreadId,
    waker: Waker,
    goes_on: bool,
}

/// The sleepers are in the order of their numbers.
fn find(sleepers: &[Sleeper], thread: ThreadId) -> Option<&Sleeper> {
    let at = sleepers.binary_search_by_key(&thread, |sleeper| sleeper.thread).ok()?;
    Some(&sleepers[at])
}

fn goes_on(sleepers: &[Sleeper], thread: ThreadId) -> bool {
    find(sleepers, thread).is_some_and(|sleeper| sleeper.goes_on)
}

/// What the word that it sleeps on says of who keeps it out.
fn door_of(wait: &Wait, door: fn(u32) -> Door) -> Door {
    // SAFETY: see `Graph`. Relaxed: as in `signalled`.
    wait.word.map_or(Door::Open, |(word, _)| door(unsafe { (*word).load(Relaxed) }))
}

/// Whether the word that it sleeps on has changed.
fn signalled(wait: &Wait) -> bool {
    wait.word.is_some_and(|(word, expected)| {
        // SAFETY: see `Graph`. Relaxed: a thread that changed it and then fell asleep took the lock
        // before this one; a thread that changed it and runs is not on the graph.
        unsafe { (*word).load(Relaxed) != expected }
    })
}

#[cfg(all(test, not(model)))]
mod tests;
