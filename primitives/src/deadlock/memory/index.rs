//! [`Index`]: finds the places of a slab by a hash, in the detector's own memory.
//!
//! Open addressing: an entry is at the position of its hash, or at the next free one. After a
//! removal the following entries move up, so no search passes removed entries. The index stores
//! only places; the owner of the slab supplies their hashes.

use super::List;
use super::slab::NOWHERE;

/// Places of a slab by a hash.
pub(crate) struct Index {
    /// Their number is a power of two, or zero; at least half are free.
    entries: List<u32>,
    length: usize,
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { entries: List::new(), length: 0 }
    }

    fn at(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.entries.len() - 1)
    }

    /// The place with this hash for which `is_it` returns true.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        let mut at = self.at(hash);
        loop {
            match self.entries[at] {
                NOWHERE => return None,
                place if is_it(place) => return Some(place),
                _ => at = (at + 1) & (self.entries.len() - 1),
            }
        }
    }

    /// Adds a place that is not here yet.
    pub(crate) fn insert(&mut self, hash: u64, place: u32, hash_of: impl Fn(u32) -> u64) {
        if self.entries.len() < 2 * (self.length + 1) {
            let room = (self.entries.len() * 2).max(16);
            let fewer = std::mem::take(&mut self.entries);
            self.entries.extend((0..room).map(|_| NOWHERE));
            fewer
                .iter()
                .filter(|place| **place != NOWHERE)
                .for_each(|place| self.put(hash_of(*place), *place));
        }
        self.put(hash, place);
        self.length += 1;
    }

    fn put(&mut self, hash: u64, place: u32) {
        let mut at = self.at(hash);
        while self.entries[at] != NOWHERE {
            at = (at + 1) & (self.entries.len() - 1);
        }
        self.entries[at] = place;
    }

    /// Removes a place that is here under this hash.
    pub(crate) fn remove(&mut self, hash: u64, place: u32, hash_of: impl Fn(u32) -> u64) {
        let last = self.entries.len() - 1;
        let mut gap = self.at(hash);
        while self.entries[gap] != place {
            gap = (gap + 1) & last;
        }
        let mut next = gap;
        loop {
            next = (next + 1) & last;
            let entry = self.entries[next];
            if entry == NOWHERE {
                break;
            }
            // It moves up unless its own position is after the gap.
            let wanted = self.at(hash_of(entry));
            if (next.wrapping_sub(wanted) & last) >= (next.wrapping_sub(gap) & last) {
                self.entries[gap] = entry;
                gap = next;
            }
        }
        self.entries[gap] = NOWHERE;
        self.length -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Index;
    use std::collections::BTreeSet;

    /// Many fall on the same entry, some at the end of the table.
    fn hash_of(place: u32) -> u64 {
        (u64::from(place % 7) << 34) | (0xF << 32) | u64::from(place)
    }

    #[test]
    fn what_was_added_is_found_until_it_is_removed() {
        let (mut index, mut set) = (Index::new(), BTreeSet::new());
        for n in 0..4_000_u32 {
            let place = n * 53 % 211;
            let found = index.find(hash_of(place), |other| other == place);
            assert_eq!(found.is_some(), set.contains(&place));
            match found {
                Some(_) => {
                    index.remove(hash_of(place), place, hash_of);
                    set.remove(&place);
                }
                None => {
                    index.insert(hash_of(place), place, hash_of);
                    set.insert(place);
                }
            }
            for place in 0..211 {
                let found = index.find(hash_of(place), |other| other == place);
                assert_eq!(found.is_some(), set.contains(&place), "{place}");
            }
        }
    }
}
