//! Where a task keeps its closure and its result: in its own bytes, or each in a box that goes with it.
//!
//! A task outlives both. Its handle may lie in a list for as long as the program likes, and a cancelled task lies in the
//! queue until a worker comes by. Bytes of its own it cannot give back before that; a box it can. So what is large gets
//! a box, which costs an allocation, and what is small does not.

/// What takes more bytes than this gets a box.
const SMALL: usize = 128;

/// Whether a closure and its result are both small.
pub(super) const fn are_small<F, T>() -> bool {
    size_of::<F>() <= SMALL && size_of::<T>() <= SMALL
}

/// A way to keep values.
pub(super) trait Keep {
    /// A value of type `V`, kept.
    type Kept<V>;

    fn keep<V>(value: V) -> Self::Kept<V>;

    fn give<V>(kept: Self::Kept<V>) -> V;
}

/// In the bytes of the task.
pub(super) struct Inside;

impl Keep for Inside {
    type Kept<V> = V;

    #[inline]
    fn keep<V>(value: V) -> V {
        value
    }

    #[inline]
    fn give<V>(kept: V) -> V {
        kept
    }
}

/// In a box.
pub(super) struct Boxed;

impl Keep for Boxed {
    type Kept<V> = Box<V>;

    #[inline]
    fn keep<V>(value: V) -> Box<V> {
        Box::new(value)
    }

    #[inline]
    fn give<V>(kept: Box<V>) -> V {
        *kept
    }
}
