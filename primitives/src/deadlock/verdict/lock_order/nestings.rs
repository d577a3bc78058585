//! [`Nestings`]: which locks were taken within which others.
//!
//! ```text
//!   what threads did          the tree                  the order of two
//!
//!   A { B { C {} } }             A ── B ── C             A ─▶ B ─▶ C
//!   A { C {} }                     ╲                     A ─▶ C
//!   C { D {} }                       C                   C ─▶ D
//!                                C ── D
//! ```
//!
//! A _nesting_ is a lock that was taken at a place in the program while certain others were held.
//! It is a node of a tree, and those others are its ancestors. One look-up notes it, however many
//! are held, and the same look-up finds an earlier note. A node knows the first thread that did so,
//! and whether another one did.
//!
//! Beside the tree there is the _order_: an edge from each lock to each that was taken next after
//! it. Of all pairs in a nesting only neighbours have an edge; the others follow from them. (A lock
//! that was taken by a try has no edge to it, because the thread did not wait. The locks after it
//! then also have edges from the locks before it.) The order shows whether there is a ring at all;
//! the tree shows whether the ring counts ([`rings`](super::rings)).
//!
//! A destroyed lock is removed: the nestings within it move to its parent.

mod edges;

use crate::deadlock::memory::{Index, List, NOWHERE, Slab, Text};
use crate::deadlock::state::{Place, ResourceId, ThreadId};

/// How many different nestings of the same two neighbours are kept: the newest.
const MOST_OF_A_PAIR: u32 = 16;

/// Which locks were taken within which others.
pub(crate) struct Nestings {
    pub(super) nestings: Slab<Nesting>,
    by_parent: Index,
    pub(super) edges: Slab<Edge>,
    by_ends: Index,
    /// At the places of their numbers.
    pub(super) locks: List<Lock>,
    pub(super) authors: Slab<Author>,
    /// Pairs that have been reported, the smaller place first; in order.
    pub(super) told: List<(u32, u32)>,
    /// The last mark that a search has used.
    pub(super) mark: u64,
    /// The last ring that was found in the order.
    pub(super) ring: u32,
}

/// A lock was taken while its ancestors were held.
pub(super) struct Nesting {
    pub(super) lock: u32,
    pub(super) at: Place,
    /// The lock before it; `NOWHERE`: nothing was held.
    pub(super) parent: u32,
    pub(super) edge: u32,
    /// The first thread that did so, and another one.
    pub(super) author: u32,
    pub(super) other: u32,
    /// Whether a thread waited for it while it held the ancestors. If not, it was taken by a try,
    /// or before one of them.
    pub(super) ordered: bool,
    /// Whether its edges count it.
    linked: bool,
    first_child: u32,
    next_child: u32,
    previous_child: u32,
    /// Of the same edge, in the order in which they were noted.
    pub(super) next: u32,
    previous: u32,
}

/// A lock was taken next after another, or (from `NOWHERE`) while nothing was held.
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// How many nestings have the one before the other.
    pub(super) weight: u32,
    /// The nestings of just these two: how many, the first of them, the last.
    nestings: u32,
    pub(super) first: u32,
    last: u32,
    /// Among the edges from the same lock, and to the same.
    pub(super) next_out: u32,
    previous_out: u32,
    pub(super) next_into: u32,
    previous_into: u32,
}

/// The order's knowledge of a lock.
pub(super) struct Lock {
    /// Its number; 0: there is none at this place.
    pub(super) id: ResourceId,
    pub(super) out: u32,
    pub(super) into: u32,
    /// Locks of the same ring in the order have the same number here; 0: it is in none.
    pub(super) ring: u32,
    /// The searches that have visited it: along the order, and against it.
    pub(super) reached: u64,
    pub(super) reaches: u64,
    /// How many of a search's chosen nestings need it.
    pub(super) chosen: u32,
    /// Whether a pair with it has been reported.
    pub(super) told: bool,
}

impl Lock {
    const NONE: Self = Self {
        id: 0,
        out: NOWHERE,
        into: NOWHERE,
        ring: 0,
        reached: 0,
        reaches: 0,
        chosen: 0,
        told: false,
    };
}

/// A thread that was the first in a nesting, or the second.
pub(super) struct Author {
    pub(super) thread: ThreadId,
    pub(super) name: Text,
    uses: u32,
}

impl Nestings {
    pub(super) const fn new() -> Self {
        Self {
            nestings: Slab::new(),
            by_parent: Index::new(),
            edges: Slab::new(),
            by_ends: Index::new(),
            locks: List::new(),
            authors: Slab::new(),
            told: List::new(),
            mark: 0,
            ring: 0,
        }
    }

    /// The place of a lock. (Making room for it may move nestings: look for them afterwards.)
    pub(super) fn lock(&mut self, id: ResourceId) -> u32 {
        let place = Slab::<Lock>::place(id);
        while self.locks.len() <= place as usize {
            self.locks.push(Lock::NONE);
        }
        let before = self.locks[place as usize].id;
        if before != id {
            // The one before it is destroyed, or it would have the place still; the thread that
            // does so may not have come here yet.
            self.forget(before);
            self.locks[place as usize] = Lock { id, ..Lock::NONE };
        }
        place
    }

    pub(super) fn author(&mut self, thread: ThreadId, name: Text) -> u32 {
        self.authors.insert(Author { thread, name, uses: 0 })
    }

    pub(super) fn uses(&mut self, author: u32) {
        self.authors[author].uses += 1;
    }

    fn uses_no_more(&mut self, author: u32) {
        if author != NOWHERE {
            self.authors[author].uses -= 1;
            self.forget_unused(author);
        }
    }

    /// Forgets a thread that is in no nesting.
    pub(super) fn forget_unused(&mut self, author: u32) {
        if self.authors[author].uses == 0 {
            self.authors.remove(author);
        }
    }

    /// The nesting of this lock next after `parent`, taken at this place.
    pub(super) fn find(&self, parent: u32, lock: u32, at: Place) -> Option<u32> {
        let is_it = |place: u32| {
            let nesting = &self.nestings[place];
            nesting.parent == parent && nesting.lock == lock && std::ptr::eq(nesting.at, at)
        };
        self.by_parent.find(hash_of_nesting(parent, lock, at), is_it)
    }

    /// Whether this lock is an ancestor, or the nesting itself.
    pub(super) fn is_within(&self, nesting: u32, lock: u32) -> bool {
        // A lock that is in no nesting is not in this one: a look, however deep it is.
        self.locks[lock as usize].into != NOWHERE
            && self.and_ancestors(nesting).any(|nesting| self.nestings[nesting].lock == lock)
    }

    pub(super) fn and_ancestors(&self, nesting: u32) -> impl Iterator<Item = u32> {
        let real = |place: u32| (place != NOWHERE).then_some(place);
        std::iter::successors(real(nesting), move |place| real(self.nestings[*place].parent))
    }

    /// Notes a new nesting. It is in no order at first.
    pub(super) fn add(&mut self, parent: u32, lock: u32, at: Place, author: u32) -> u32 {
        self.uses(author);
        let new = self.nestings.insert(Nesting {
            lock,
            at,
            parent: NOWHERE,
            edge: NOWHERE,
            author,
            other: NOWHERE,
            ordered: false,
            linked: false,
            first_child: NOWHERE,
            next_child: NOWHERE,
            previous_child: NOWHERE,
            next: NOWHERE,
            previous: NOWHERE,
        });
        self.attach(new, parent);
        let Edge { nestings, first, .. } = self.edges[self.nestings[new].edge];
        // Not one that the new one hangs from: it may be within itself, as a permit may be held
        // twice.
        if nestings > MOST_OF_A_PAIR && self.and_ancestors(new).all(|ancestor| ancestor != first) {
            self.prune(first);
        }
        new
    }

    /// Another thread did the same; returns whether that is news.
    pub(super) fn add_author(&mut self, nesting: u32, author: u32) -> bool {
        let known = &mut self.nestings[nesting];
        let news = known.author != author && known.other == NOWHERE;
        if news {
            known.other = author;
            self.uses(author);
        }
        news
    }

    /// The lock was waited for while the ancestors were held. Calls `edge` for each edge that is
    /// new.
    pub(super) fn set_ordered(&mut self, nesting: u32, mut edge: impl FnMut(&mut Self, u32)) {
        // What hangs from it hangs in the order from it alone now.
        self.for_children(nesting, Self::unlink_reach);
        self.nestings[nesting].ordered = true;
        self.for_children(nesting, Self::link_reach);
        self.link(nesting, &mut edge);
    }

    /// A lock is gone.
    pub(super) fn forget(&mut self, id: ResourceId) {
        let place = Slab::<Lock>::place(id);
        if id == 0 || self.locks.get(place as usize).is_none_or(|lock| lock.id != id) {
            return;
        }
        loop {
            let mut edge = self.locks[place as usize].into;
            while edge != NOWHERE && self.edges[edge].nestings == 0 {
                edge = self.edges[edge].next_into;
            }
            if edge == NOWHERE {
                break;
            }
            self.contract(self.edges[edge].first);
        }
        if self.locks[place as usize].told {
            self.told.retain(|(a, b)| *a != place && *b != place);
        }
        self.locks[place as usize] = Lock::NONE;
    }

    /// Takes one nesting out. What hangs from it hangs from its parent then.
    fn contract(&mut self, gone: u32) {
        let mut moving = List::new();
        self.release_children(gone, self.nestings[gone].parent, &mut moving);
        self.free(gone);
        while let Some((nesting, parent)) = moving.pop() {
            let Nesting { lock, at, author, other, ordered, first_child, .. } =
                self.nestings[nesting];
            if let Some(twin) = self.find(parent, lock, at) {
                self.release_children(nesting, twin, &mut moving);
                for author in [author, other] {
                    if author != NOWHERE {
                        self.add_author(twin, author);
                    }
                }
                if ordered && !self.nestings[twin].ordered {
                    self.set_ordered(twin, Self::pass_over); // there was such a way before
                }
                self.discard(nesting);
            } else if parent == NOWHERE && first_child == NOWHERE {
                self.discard(nesting); // it says nothing any more
            } else {
                self.attach(nesting, parent);
                self.link_reach(nesting);
            }
        }
    }

    /// Takes one nesting out, and all that hang from it.
    fn prune(&mut self, root: u32) {
        let mut all = List::from([root]);
        let mut next = 0;
        while next < all.len() {
            let nesting = all[next];
            self.for_children(nesting, |_, child| all.push(child));
            next += 1;
        }
        while let Some(nesting) = all.pop() {
            self.free(nesting);
        }
    }

    /// Takes what hangs from a nesting off, to be moved.
    fn release_children(&mut self, parent: u32, target: u32, moving: &mut List<(u32, u32)>) {
        // All before one: what hangs from a child that was got by a try is linked with `parent`.
        self.for_children(parent, Self::unlink_reach);
        self.for_children(parent, |nestings, child| {
            nestings.detach(child);
            moving.push((child, target));
        });
    }

    fn free(&mut self, nesting: u32) {
        self.unlink(nesting);
        self.detach(nesting);
        self.discard(nesting);
    }

    /// Forgets a nesting that hangs nowhere.
    fn discard(&mut self, nesting: u32) {
        let Nesting { author, other, .. } = self.nestings.remove(nesting);
        self.uses_no_more(author);
        self.uses_no_more(other);
    }

    fn for_children(&mut self, parent: u32, mut f: impl FnMut(&mut Self, u32)) {
        let mut child = self.nestings[parent].first_child;
        while child != NOWHERE {
            let next = self.nestings[child].next_child;
            f(self, child);
            child = next;
        }
    }

    /// Hangs a nesting from another one.
    fn attach(&mut self, nesting: u32, parent: u32) {
        let Nesting { lock, at, .. } = self.nestings[nesting];
        let edge = self.edge(self.lock_of(parent), lock);
        self.by_parent.insert(hash_of_nesting(parent, lock, at), nesting, |place| {
            hash(&self.nestings[place])
        });
        let last = self.edges[edge].last;
        let siblings = match parent {
            NOWHERE => NOWHERE,
            parent => std::mem::replace(&mut self.nestings[parent].first_child, nesting),
        };
        if siblings != NOWHERE {
            self.nestings[siblings].previous_child = nesting;
        }
        if last != NOWHERE {
            self.nestings[last].next = nesting;
        }
        let of_a_pair = &mut self.edges[edge];
        of_a_pair.nestings += 1;
        of_a_pair.last = nesting;
        if of_a_pair.first == NOWHERE {
            of_a_pair.first = nesting;
        }
        let attached = &mut self.nestings[nesting];
        (attached.parent, attached.edge) = (parent, edge);
        (attached.previous_child, attached.next_child) = (NOWHERE, siblings);
        (attached.previous, attached.next) = (last, NOWHERE);
    }

    /// Takes a nesting, which is not linked, off the one that it hangs from.
    fn detach(&mut self, nesting: u32) {
        self.by_parent
            .remove(hash(&self.nestings[nesting]), nesting, |place| hash(&self.nestings[place]));
        let Nesting { parent, edge, previous_child, next_child, previous, next, .. } =
            self.nestings[nesting];
        match previous_child {
            NOWHERE if parent == NOWHERE => {}
            NOWHERE => self.nestings[parent].first_child = next_child,
            child => self.nestings[child].next_child = next_child,
        }
        if next_child != NOWHERE {
            self.nestings[next_child].previous_child = previous_child;
        }
        match previous {
            NOWHERE => self.edges[edge].first = next,
            previous => self.nestings[previous].next = next,
        }
        match next {
            NOWHERE => self.edges[edge].last = previous,
            next => self.nestings[next].previous = previous,
        }
        self.edges[edge].nestings -= 1;
        self.forget_empty(edge);
    }

    fn lock_of(&self, nesting: u32) -> u32 {
        if nesting == NOWHERE { NOWHERE } else { self.nestings[nesting].lock }
    }
}

fn hash(nesting: &Nesting) -> u64 {
    hash_of_nesting(nesting.parent, nesting.lock, nesting.at)
}

fn hash_of_nesting(parent: u32, lock: u32, at: Place) -> u64 {
    mix(mix((u64::from(parent) << 32) | u64::from(lock), 1), std::ptr::from_ref(at).addr() as u64)
}

/// Two numbers made one, whose upper half depends on all bits of both.
#[inline]
pub(super) fn mix(one: u64, other: u64) -> u64 {
    let mixed = (one ^ other.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
