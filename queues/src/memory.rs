//! When a store frees memory.
//!
//! A store grows with its items and would permanently keep the room for its longest burst. So a
//! store whose items fill less than a quarter of its room frees half of the room. Before the next
//! move it must lose half of its items again, or double them. So a move costs each item of a burst
//! a copy or two, as growing did.

/// This many bytes are never freed: the check would cost more than it gains.
const KEPT: usize = 64 * 1024;

/// How many places for `T` a store keeps in any case.
pub(crate) const fn kept<T>() -> usize {
    let size = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
    let places = KEPT / size;
    if places < 8 { 8 } else { places }
}

/// Whether a store of `len` items has so much room left that a half of its `capacity` should be
/// given back.
#[inline]
pub(crate) const fn is_roomy<T>(len: usize, capacity: usize) -> bool {
    // The first condition is nearly always false, and costs one comparison with a constant.
    capacity > kept::<T>() && len < capacity / 4
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{is_roomy, kept};
    use std::collections::VecDeque;

    #[test]
    #[cfg_attr(miri, ignore = "too long for an interpreter")]
    fn a_little_room_is_kept_and_no_item_is_moved_more_than_a_few_times() {
        assert!(!is_roomy::<u64>(0, kept::<u64>()));
        let (mut deque, mut moved) = (VecDeque::new(), 0);
        let burst = 1_000_000_u64;
        deque.extend(0..burst);
        while deque.pop_front().is_some() {
            if is_roomy::<u64>(deque.len(), deque.capacity()) {
                moved += deque.len();
                deque.shrink_to(deque.capacity() / 2);
            }
        }
        assert!(deque.capacity() <= kept::<u64>(), "{}", deque.capacity());
        assert!(moved <= 2 * burst as usize, "{moved}");
    }
}
