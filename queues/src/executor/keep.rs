//! Where a task keeps its closure and its result: in its own bytes, or each in a box.
//!
//! A task outlives both. A program may keep its handle for a long time, and a cancelled task stays
//! in the queue until a worker takes it. The task cannot free its own bytes earlier, but it can
//! free a box. So a large value gets a box, which costs an allocation, and a small one does not.

/// A value of more bytes than this gets a box.
const SMALL: usize = 128;

/// Whether a closure and its result are both small.
pub(super) const fn are_small<F, T>() -> bool {
    size_of::<F>() <= SMALL && size_of::<T>() <= SMALL
}

/// A way to keep values.
pub(super) trait Keep {
    /// How a value of type `V` is kept.
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
