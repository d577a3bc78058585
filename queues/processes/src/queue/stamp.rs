//! The word of a place in the queue: its position, its state, and its owner.
//!
//! | state     | position | owner | meaning                                                          | left by                             |
//! | --------- | -------- | ----- | ---------------------------------------------------------------- | ----------------------------------- |
//! | `EMPTY`   | p        |       | the put of position p may take it                                | a put: `CLAIMED`                    |
//! | `CLAIMED` | p        | yes   | a put writes the item of position p                              | the put: `FULL`; a get that has waited for it: `BUSY` |
//! | `FULL`    | p        |       | the item of position p                                           | a get: `BUSY`                       |
//! | `BUSY`    | p + n    | yes   | out of use: its owner still reads, or writes an unwanted item    | its owner, or a put that finds it dead: `EMPTY` |
//!
//! The position only grows, and each pair of state and position occurs once: a successful
//! compare-exchange has compared with that very moment.

// ANCHOR: states
/// See the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The put of its position may take it.
    Empty,
    /// A put writes the item.
    Claimed,
    /// There is an item to get.
    Full,
    /// Out of use: its owner still reads, or writes an item that no get waits for.
    Busy,
}
// ANCHOR_END: states

const STATE_BITS: u32 = 2;
const OWNER_BITS: u32 = 14;
const POSITION_SHIFT: u32 = STATE_BITS + OWNER_BITS;

/// Positions wrap at this many bits; at ten million items a second, after a year.
pub(super) const POSITION_MASK: u64 = u64::MAX >> POSITION_SHIFT;

/// The word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) state: State,
    pub(super) owner: usize,
    pub(super) position: u64,
}

impl Stamp {
    #[inline]
    pub(super) fn empty(position: u64) -> Self {
        Self { state: State::Empty, owner: 0, position }
    }

    #[inline]
    pub(super) fn claimed(position: u64, owner: usize) -> Self {
        Self { state: State::Claimed, owner, position }
    }

    #[inline]
    pub(super) fn full(position: u64) -> Self {
        Self { state: State::Full, owner: 0, position }
    }

    #[inline]
    pub(super) fn busy(position: u64, owner: usize) -> Self {
        Self { state: State::Busy, owner, position }
    }

    #[inline]
    pub(super) fn from_word(word: u64) -> Self {
        let state = match word & 3 {
            0 => State::Empty,
            1 => State::Claimed,
            2 => State::Full,
            _ => State::Busy,
        };
        let owner = (word >> STATE_BITS) as usize & ((1 << OWNER_BITS) - 1);
        Self { state, owner, position: word >> POSITION_SHIFT }
    }

    #[inline]
    pub(super) fn to_word(self) -> u64 {
        (self.position & POSITION_MASK) << POSITION_SHIFT
            | (self.owner as u64) << STATE_BITS
            | self.state as u64
    }
}

/// How far `later` is ahead of `earlier`; negative where it is behind.
#[inline]
pub(super) fn distance(later: u64, earlier: u64) -> i64 {
    (later.wrapping_sub(earlier) << POSITION_SHIFT).cast_signed() >> POSITION_SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_taken_apart_and_put_together() {
        for position in [0, 1, 77, POSITION_MASK] {
            for owner in [0, 1, 255] {
                for stamp in [Stamp::empty(position), Stamp::full(position)] {
                    assert_eq!(Stamp::from_word(stamp.to_word()), stamp);
                }
                for stamp in [Stamp::claimed(position, owner), Stamp::busy(position, owner)] {
                    assert_eq!(Stamp::from_word(stamp.to_word()), stamp);
                }
            }
        }
    }

    #[test]
    fn positions_are_compared_across_the_end() {
        assert_eq!(distance(5, 3), 2);
        assert_eq!(distance(3, 5), -2);
        assert_eq!(distance(1, POSITION_MASK), 2);
        assert_eq!(distance(POSITION_MASK, 1), -2);
    }
}
