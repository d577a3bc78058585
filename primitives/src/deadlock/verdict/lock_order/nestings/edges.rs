//! The order: which nestings count in which edges.

use super::{Edge, Nesting, Nestings, mix};
use crate::deadlock::memory::{List, NOWHERE};

/// Counting nestings in edges.
impl Nestings {
    /// An edge that is not news.
    pub(super) fn pass_over(&mut self, _: u32) {}

    /// Links a nesting, and those that count on what is above it.
    pub(super) fn link_reach(&mut self, nesting: u32) {
        self.reach(nesting, |nestings, place| nestings.link(place, &mut Self::pass_over));
    }

    pub(super) fn unlink_reach(&mut self, nesting: u32) {
        self.reach(nesting, Self::unlink);
    }

    fn reach(&mut self, nesting: u32, f: impl Fn(&mut Self, u32)) {
        let mut all = List::from([nesting]);
        while let Some(nesting) = all.pop() {
            f(self, nesting);
            if !self.nestings[nesting].ordered {
                self.for_children(nesting, |_, child| all.push(child));
            }
        }
    }

    /// Counts a nesting in the edges from what its lock was taken next after.
    pub(super) fn link(&mut self, nesting: u32, new: &mut impl FnMut(&mut Self, u32)) {
        let Nesting { lock, ordered, linked, .. } = self.nestings[nesting];
        if !ordered || linked {
            return;
        }
        self.nestings[nesting].linked = true;
        self.for_sources(nesting, |nestings, source| {
            let edge = nestings.edge(source, lock);
            nestings.edges[edge].weight += 1;
            if nestings.edges[edge].weight == 1 {
                new(nestings, edge);
            }
        });
    }

    pub(super) fn unlink(&mut self, nesting: u32) {
        let Nesting { lock, linked, .. } = self.nestings[nesting];
        if !linked {
            return;
        }
        self.nestings[nesting].linked = false;
        self.for_sources(nesting, |nestings, source| {
            let edge = nestings.edge(source, lock);
            nestings.edges[edge].weight -= 1;
            nestings.forget_empty(edge);
        });
    }

    /// Calls `f` with each lock that has an edge for this nesting: the one that was taken before
    /// it, and those before a lock that was got by a try.
    fn for_sources(&mut self, nesting: u32, mut f: impl FnMut(&mut Self, u32)) {
        let mut parent = self.nestings[nesting].parent;
        while parent != NOWHERE {
            let Nesting { lock, ordered, parent: before, .. } = self.nestings[parent];
            f(self, lock);
            if ordered {
                return;
            }
            parent = before;
        }
    }
}

/// The edges themselves.
impl Nestings {
    /// The edge between two locks, which may be new.
    pub(super) fn edge(&mut self, from: u32, to: u32) -> u32 {
        let is_it = |place: u32| {
            let edge = &self.edges[place];
            edge.from == from && edge.to == to
        };
        if let Some(edge) = self.by_ends.find(hash_of_edge(from, to), is_it) {
            return edge;
        }
        let next_out = if from == NOWHERE { NOWHERE } else { self.locks[from as usize].out };
        let next_into = self.locks[to as usize].into;
        let new = self.edges.insert(Edge {
            from,
            to,
            weight: 0,
            nestings: 0,
            first: NOWHERE,
            last: NOWHERE,
            next_out,
            previous_out: NOWHERE,
            next_into,
            previous_into: NOWHERE,
        });
        if from != NOWHERE {
            self.locks[from as usize].out = new;
        }
        if next_out != NOWHERE {
            self.edges[next_out].previous_out = new;
        }
        self.locks[to as usize].into = new;
        if next_into != NOWHERE {
            self.edges[next_into].previous_into = new;
        }
        self.by_ends.insert(hash_of_edge(from, to), new, |place| {
            hash_of_edge(self.edges[place].from, self.edges[place].to)
        });
        new
    }

    /// Forgets an edge that stands for nothing any more.
    pub(super) fn forget_empty(&mut self, edge: u32) {
        let Edge {
            from,
            to,
            weight,
            nestings,
            next_out,
            previous_out,
            next_into,
            previous_into,
            ..
        } = self.edges[edge];
        if weight > 0 || nestings > 0 {
            return;
        }
        self.by_ends.remove(hash_of_edge(from, to), edge, |place| {
            hash_of_edge(self.edges[place].from, self.edges[place].to)
        });
        match previous_out {
            NOWHERE if from == NOWHERE => {}
            NOWHERE => self.locks[from as usize].out = next_out,
            previous => self.edges[previous].next_out = next_out,
        }
        if next_out != NOWHERE {
            self.edges[next_out].previous_out = previous_out;
        }
        match previous_into {
            NOWHERE => self.locks[to as usize].into = next_into,
            previous => self.edges[previous].next_into = next_into,
        }
        if next_into != NOWHERE {
            self.edges[next_into].previous_into = previous_into;
        }
        self.edges.remove(edge);
    }
}

fn hash_of_edge(from: u32, to: u32) -> u64 {
    mix((u64::from(from) << 32) | u64::from(to), 2)
}
