//! [`Slab`]: values with numbers that are never used again, in the detector's own memory.
//!
//! A value is at a _place_, which a later value may reuse. Its _number_, for use outside, has the
//! place in its lower 32 bits, and above it the count of earlier values there. So a number can
//! outlive its value, and then names no value.
//!
//! ```text
//!    63        48 47          32 31                              0
//!    ┌───────────┬──────────────┬────────────────────────────────┐
//!    │  nothing  │  generation  │             place              │
//!    └───────────┴──────────────┴────────────────────────────────┘
//! ```
//!
//! The upper 16 bits are the user's. Therefore a place is worn out after 65,535 values, and is left
//! alone: a program that makes a billion locks, one after the other, wears out 15,259 places.

use super::List;

/// Replaces a place: none.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// The bits that a number may have.
pub(crate) const NUMBER: u64 = (1 << 48) - 1;

/// The last value at a place.
const LAST_GENERATION: u32 = (NUMBER >> 32) as u32;

/// Values, each at a place and under a number.
pub(crate) struct Slab<T> {
    slots: List<Slot<T>>,
    /// The first free place; each free place knows the next.
    free: u32,
}

struct Slot<T> {
    /// How many values have been here, with this one. Never 0, so no number is 0.
    generation: u32,
    content: Content<T>,
}

enum Content<T> {
    Value(T),
    Free { next: u32 },
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: List::new(), free: NOWHERE }
    }

    /// How many values there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.content, Content::Value(_))).count()
    }

    /// The place of a number.
    pub(crate) fn place(number: u64) -> u32 {
        number as u32
    }

    /// Returns the place.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if self.free == NOWHERE {
            let place = u32::try_from(self.slots.len()).expect("fewer than four billion at a time");
            self.slots.push(Slot { generation: 1, content: Content::Value(value) });
            return place;
        }
        let place = self.free;
        let slot = &mut self.slots[place as usize];
        if let Content::Free { next } = slot.content {
            self.free = next;
        }
        slot.generation += 1;
        slot.content = Content::Value(value);
        place
    }

    /// Takes the value at a place out.
    pub(crate) fn remove(&mut self, place: u32) -> T {
        let slot = &mut self.slots[place as usize];
        // A place without further numbers is not used again.
        let worn_out = slot.generation == LAST_GENERATION;
        let next = if worn_out { NOWHERE } else { self.free };
        match std::mem::replace(&mut slot.content, Content::Free { next }) {
            Content::Value(value) => {
                if !worn_out {
                    self.free = place;
                }
                value
            }
            Content::Free { .. } => unreachable!("there is nothing at {place}"),
        }
    }

    /// The number of the value at a place.
    pub(crate) fn number(&self, place: u32) -> u64 {
        (u64::from(self.slots[place as usize].generation) << 32) | u64::from(place)
    }

    /// The value with this number, unless it was removed.
    pub(crate) fn find(&self, number: u64) -> Option<&T> {
        let slot = self.slots.get(Self::place(number) as usize)?;
        match &slot.content {
            Content::Value(value) if u64::from(slot.generation) == number >> 32 => Some(value),
            _ => None,
        }
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        match &self.slots[place as usize].content {
            Content::Value(value) => value,
            Content::Free { .. } => unreachable!("there is nothing at {place}"),
        }
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        match &mut self.slots[place as usize].content {
            Content::Value(value) => value,
            Content::Free { .. } => unreachable!("there is nothing at {place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_GENERATION, NOWHERE, NUMBER, Slab};

    #[test]
    fn a_place_comes_back_and_a_number_does_not() {
        let mut slab = Slab::new();
        let mut gone = Vec::new();
        for turn in 0..100_u64 {
            let (a, b) = (slab.insert(turn), slab.insert(turn + 1_000));
            assert!(a < 2 && b < 2, "the two places are used again");
            let number = slab.number(a);
            assert_eq!((slab.find(number), slab[b]), (Some(&turn), turn + 1_000));
            assert!(number != 0 && !gone.contains(&number));
            assert_eq!((slab.remove(a), slab.remove(b)), (turn, turn + 1_000));
            gone.push(number);
            assert!(gone.iter().all(|number| slab.find(*number).is_none()));
        }
        assert_eq!(slab.len(), 0);
    }

    #[test]
    fn a_place_whose_numbers_have_run_out_is_left_alone() {
        let mut slab = Slab::new();
        let worn = slab.insert('a');
        slab.slots[worn as usize].generation = LAST_GENERATION;
        assert_eq!(slab.number(worn), NUMBER - u64::from(NOWHERE - worn));
        slab.remove(worn);
        assert_ne!(slab.insert('b'), worn);
        assert_ne!(slab.insert('c'), worn);
    }
}
