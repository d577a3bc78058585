//! Positions in a ring: which place, and in which lap.

/// In a stamp: the place holds the item of this position. Without this bit it is free for that
/// item.
pub(super) const FILLED: u64 = 0b001;
/// In a cursor: a thread sleeps until it moves, and the thread that moves the cursor must call.
pub(super) const NOTE: u64 = 0b010;
/// In a cursor: it no longer moves.
pub(super) const ENDED: u64 = 0b100;

/// The difference between one place and the next.
const STEP: u64 = 0b1000;

/// The position that a word holds, without the three bits.
#[inline]
pub(super) fn position(word: u64) -> u64 {
    word & !(FILLED | NOTE | ENDED)
}

/// How positions follow one another.
///
/// ```text
///    63                    k+3   k+2         3      2       1        0
///    ┌────────────────────────┬─────────────────┬───────┬───────┬────────┐
///    │ lap                    │ index: k bits   │ ENDED │ NOTE  │ FILLED │
///    └────────────────────────┴─────────────────┴───────┴───────┴────────┘
///    └────────────── a position ────────────────┘
/// ```
///
/// The index counts 0, 1, … up to the number of places, which need not be a power of two, and
/// starts again with the next lap; `k` bits are just enough for it. Positions are only compared for
/// equality, so laps may wrap around. They do so after 2⁶¹ items (with many places, almost as
/// many): at one item a nanosecond, after 73 years. A thread would have to sleep all that time
/// between two lines to confuse two laps.
#[derive(Clone, Copy)]
pub(super) struct Positions {
    places: u64,
    /// The bits of the index.
    index: u64,
}

impl Positions {
    pub(super) fn new(places: usize) -> Self {
        let places = places as u64;
        Self { places, index: (places.next_power_of_two() - 1) * STEP }
    }

    #[inline]
    pub(super) fn places(self) -> usize {
        self.places as usize
    }

    /// The index of a position's place. It is below the number of places, if these methods made the
    /// position.
    #[inline]
    pub(super) fn index(self, word: u64) -> usize {
        ((word & self.index) / STEP) as usize
    }

    /// The next position.
    #[inline]
    pub(super) fn after(self, position: u64) -> u64 {
        if self.index(position) + 1 < self.places() {
            position + STEP
        } else {
            self.lap_after(position & !self.index)
        }
    }

    /// The same place, a lap later.
    #[inline]
    pub(super) fn lap_after(self, position: u64) -> u64 {
        position.wrapping_add(self.index + STEP)
    }

    /// The same place, a lap earlier.
    #[inline]
    pub(super) fn lap_before(self, position: u64) -> u64 {
        position.wrapping_sub(self.index + STEP)
    }

    /// The number of steps forward from one position to another.
    pub(super) fn distance(self, from: u64, to: u64) -> usize {
        let laps = (to & !self.index).wrapping_sub(from & !self.index) / (self.index + STEP);
        let there = laps.wrapping_mul(self.places).wrapping_add(self.index(to) as u64);
        there.wrapping_sub(self.index(from) as u64) as usize
    }

    /// The first position of the last lap: a lap later, the laps have wrapped around.
    #[cfg(any(test, model))]
    pub(super) fn last_lap(self) -> u64 {
        self.lap_before(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDED, FILLED, NOTE, Positions, position};

    #[test]
    fn positions_visit_every_place_in_turn_and_wrap_around_with_the_laps() {
        for places in [1, 2, 3, 4, 5, 7, 64, 100] {
            let positions = Positions::new(places);
            let mut at = positions.last_lap();
            for step in 0..3 * places {
                assert_eq!(positions.index(at), step % places);
                assert_eq!(position(at), at, "a position has none of the three bits");
                assert_eq!(position(at | FILLED | NOTE | ENDED), at);
                assert_eq!(positions.distance(positions.last_lap(), at), step);
                assert_eq!(positions.lap_before(positions.lap_after(at)), at);
                at = positions.after(at);
            }
        }
    }

    #[test]
    fn a_distance_may_be_many_laps() {
        let positions = Positions::new(3);
        let start = positions.after(positions.last_lap());
        let mut at = start;
        for step in 0..1000 {
            assert_eq!(positions.distance(start, at), step);
            at = positions.after(at);
        }
    }

    #[test]
    fn the_same_place_a_lap_later_is_as_many_steps_away_as_there_are_places() {
        for places in [1, 2, 3, 6] {
            let positions = Positions::new(places);
            let start = positions.after(0);
            let mut at = start;
            for _ in 0..places {
                at = positions.after(at);
            }
            assert_eq!(at, positions.lap_after(start));
        }
    }
}
