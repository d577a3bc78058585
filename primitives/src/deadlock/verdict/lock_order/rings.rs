//! Rings: locks each of which was taken while the one before was held.
//!
//! **Is there one at all?** A new edge A ─▶ B closes a ring in the order if a way leads from B to A. Two searches look for
//! it, from B along the edges and from A against them, by turns, and the first that has nowhere
//! left to go says no. So what matters is the smaller side: a lock that is new has nothing behind
//! it or nothing before it, and costs a look, however many others are known. Locks that lie on
//! rings are marked; few are.
//!
//! **Does it count?** A ring of nestings is a deadlock that could have been if each could be gone
//! through at once by another thread. It does not count
//!
//! - if two of its nestings have a lock in common, for that one keeps them apart;
//! - if one thread alone did all of it.
//!
//! This second search goes through the tree, against the order, among marked locks, and ends after
//! so many steps.

use super::nestings::{Author, Edge, Lock, Nestings};
use crate::deadlock::memory::{List, NOWHERE, Text};
use crate::deadlock::state::{Place, ResourceId, ThreadId};

/// The most locks of a ring that is found.
const LONGEST_RING: usize = 16;
/// How many nestings one search looks at.
const PATIENCE: u32 = 20_000;

/// A thread took a lock while it held another one: a step of a ring.
pub(super) struct Step {
    pub(super) thread: ThreadId,
    pub(super) name: Text,
    pub(super) held: ResourceId,
    pub(super) since: Place,
    pub(super) wanted: ResourceId,
    pub(super) at: Place,
}

/// A nesting, and the one of its ancestors whose lock is the one before in the ring.
type Chosen = (u32, u32);

/// The search for one ring.
struct Search {
    /// The lock that the ring begins with: the one that was just taken.
    goal: u32,
    /// The thread that took it.
    author: u32,
    /// What closes the ring, and then what leads there, last to first.
    steps: List<Chosen>,
    patience: u32,
    /// Whether it had to stop before there was nothing left.
    cut: bool,
}

impl Nestings {
    /// An edge is new: marks the locks of the ring that it closes, if it does.
    pub(super) fn close(&mut self, edge: u32) {
        let Edge { from, to, .. } = self.edges[edge];
        let same = self.locks[from as usize].ring == self.locks[to as usize].ring;
        if same && self.locks[from as usize].ring != 0 || !self.leads(to, from) {
            return;
        }
        // What is reached from `to` and reaches `from`.
        self.mark += 1;
        let (mark, mut reached) = (self.mark, List::from([to]));
        self.locks[to as usize].reached = mark;
        while let Some(lock) = reached.pop() {
            let mut edge = self.locks[lock as usize].out;
            while edge != NOWHERE {
                let Edge { to, weight, next_out, .. } = self.edges[edge];
                let next = &mut self.locks[to as usize];
                if weight > 0 && next.reached != mark {
                    next.reached = mark;
                    reached.push(to);
                }
                edge = next_out;
            }
        }
        self.ring += 1;
        let mut reaches = List::from([from]);
        self.locks[from as usize].reaches = mark;
        while let Some(lock) = reaches.pop() {
            self.locks[lock as usize].ring = self.ring;
            let mut edge = self.locks[lock as usize].into;
            while edge != NOWHERE {
                let Edge { from, weight, next_into, .. } = self.edges[edge];
                if weight > 0 {
                    let next = &mut self.locks[from as usize];
                    if next.reached == mark && next.reaches != mark {
                        next.reaches = mark;
                        reaches.push(from);
                    }
                }
                edge = next_into;
            }
        }
    }

    /// Whether a way leads from one lock to another.
    fn leads(&mut self, from: u32, to: u32) -> bool {
        self.mark += 1;
        let mark = self.mark;
        self.locks[from as usize].reached = mark;
        self.locks[to as usize].reaches = mark;
        let (mut along, mut against) = (List::new(), List::new());
        let (mut out, mut into) = (self.locks[from as usize].out, self.locks[to as usize].into);
        loop {
            while out == NOWHERE {
                let Some(lock) = along.pop() else { return false };
                out = self.lock_at(lock).out;
            }
            let Edge { to, weight, next_out, .. } = self.edges[out];
            out = next_out;
            if weight > 0 {
                let next = &mut self.locks[to as usize];
                if next.reaches == mark {
                    return true;
                }
                if next.reached != mark {
                    next.reached = mark;
                    along.push(to);
                }
            }
            while into == NOWHERE {
                let Some(lock) = against.pop() else { return false };
                into = self.lock_at(lock).into;
            }
            let Edge { from, weight, next_into, .. } = self.edges[into];
            into = next_into;
            if weight > 0 {
                let next = &mut self.locks[from as usize];
                if next.reached == mark {
                    return true;
                }
                if next.reaches != mark {
                    next.reaches = mark;
                    against.push(from);
                }
            }
        }
    }

    fn lock_at(&self, place: u32) -> &Lock {
        &self.locks[place as usize]
    }

    /// The rings that count, closed by this nesting of this thread, of pairs that have not been
    /// reported: from now on they have.
    pub(super) fn rings(&mut self, nesting: u32, author: u32, mut found: impl FnMut(List<Step>)) {
        let goal = self.nestings[nesting].lock;
        let ring = self.locks[goal as usize].ring;
        if ring == 0 {
            return;
        }
        let mut ancestor = self.nestings[nesting].parent;
        while ancestor != NOWHERE {
            let held = self.nestings[ancestor].lock;
            let pair = (goal.min(held), goal.max(held));
            if self.locks[held as usize].ring == ring
                && let Err(at) = self.told.binary_search(&pair)
                && let Some(steps) = self.ring((nesting, ancestor), author)
            {
                self.told.insert(at, pair);
                self.locks[goal as usize].told = true;
                self.locks[held as usize].told = true;
                found(steps);
            }
            ancestor = self.nestings[ancestor].parent;
        }
    }

    /// The shortest ring with this step that counts.
    fn ring(&mut self, (nesting, ancestor): Chosen, author: u32) -> Option<List<Step>> {
        let mut search = Search {
            goal: self.nestings[nesting].lock,
            author,
            steps: List::from([(nesting, ancestor)]),
            patience: PATIENCE,
            cut: false,
        };
        let held = self.nestings[ancestor].lock;
        self.choose(nesting, 1);
        let mut is_found = false;
        for length in 1..LONGEST_RING {
            search.cut = false;
            is_found = self.leads_back(&mut search, held, length);
            if is_found || !search.cut || search.patience == 0 {
                break;
            }
        }
        self.choose(nesting, -1);
        is_found.then(|| self.steps(&search))
    }

    /// Counts what was held in a nesting as chosen, or no more.
    fn choose(&mut self, nesting: u32, change: i32) {
        let mut ancestor = self.nestings[nesting].parent;
        while ancestor != NOWHERE {
            let lock = self.nestings[ancestor].lock as usize;
            self.locks[lock].chosen = self.locks[lock].chosen.wrapping_add_signed(change);
            ancestor = self.nestings[ancestor].parent;
        }
    }

    /// Whether so many steps at most lead from the goal to `to`, each with locks of its own.
    fn leads_back(&mut self, search: &mut Search, to: u32, length: usize) -> bool {
        let ring = self.locks[to as usize].ring;
        for is_last in [true, false] {
            if !is_last && length == 1 {
                search.cut = true;
                break;
            }
            let mut edge = self.locks[to as usize].into;
            while edge != NOWHERE {
                let Edge { first, next_into, .. } = self.edges[edge];
                edge = next_into;
                let mut nesting = first;
                while nesting != NOWHERE {
                    let (this, next) = (nesting, self.nestings[nesting].next);
                    nesting = next;
                    if search.patience == 0 {
                        search.cut = true;
                        return false;
                    }
                    search.patience -= 1;
                    let is_apart = |nestings: &Self| {
                        let mut held = nestings.and_ancestors(this).skip(1);
                        held.all(|held| {
                            nestings.locks[nestings.nestings[held].lock as usize].chosen == 0
                        })
                    };
                    if !self.nestings[this].ordered || !is_apart(self) {
                        continue;
                    }
                    let mut ancestor = self.nestings[this].parent;
                    while ancestor != NOWHERE {
                        let held = self.nestings[ancestor].lock;
                        search.steps.push((this, ancestor));
                        let is_found = if held == search.goal {
                            is_last && self.is_of_several(search)
                        } else if is_last || self.locks[held as usize].ring != ring {
                            false
                        } else {
                            self.choose(this, 1);
                            let is_found = self.leads_back(search, held, length - 1);
                            self.choose(this, -1);
                            is_found
                        };
                        if is_found {
                            return true;
                        }
                        search.steps.pop();
                        ancestor = self.nestings[ancestor].parent;
                    }
                }
            }
        }
        false
    }

    /// Whether more than one thread did what was chosen.
    fn is_of_several(&self, search: &Search) -> bool {
        search.steps.iter().any(|(nesting, _)| {
            let nesting = &self.nestings[*nesting];
            nesting.author != search.author || nesting.other != NOWHERE
        })
    }

    /// What was chosen, with a thread for each step: not one thread for all.
    fn steps(&self, search: &Search) -> List<Step> {
        let step = |(nesting, ancestor): Chosen, author: u32| {
            let (nesting, ancestor) = (&self.nestings[nesting], &self.nestings[ancestor]);
            let Author { thread, name, .. } = &self.authors[author];
            let id = |lock: u32| self.locks[lock as usize].id;
            let (held, wanted) = (id(ancestor.lock), id(nesting.lock));
            let (thread, name) = (*thread, name.clone());
            Step { thread, name, held, since: ancestor.at, wanted, at: nesting.at }
        };
        let me = search.author;
        // Each step's first thread, unless that leaves this one for all of them.
        let mut is_several = false;
        let mut path = List::new();
        for &chosen in search.steps[1..].iter().rev() {
            let nesting = &self.nestings[chosen.0];
            let author = match nesting.other {
                other if !is_several && nesting.author == me && other != NOWHERE => other,
                _ => nesting.author,
            };
            is_several |= author != me;
            path.push(step(chosen, author));
        }
        let closing = search.steps[0];
        let nesting = &self.nestings[closing.0];
        let author = match nesting.author {
            _ if is_several => me,
            author if author == me => nesting.other,
            author => author,
        };
        let mut steps = List::from([step(closing, author)]);
        steps.extend(path);
        steps
    }
}
