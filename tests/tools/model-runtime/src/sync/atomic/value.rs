//! The values that an atomic can hold, and the loom atomic behind each.

use std::fmt::Debug;
use std::sync::Arc;

use loom::sync::atomic as loom_atomic;

use super::{Ordering, Update};
use crate::world::Shape;

/// A value that an atomic can hold: a number, a flag, a pointer.
#[doc(hidden)]
pub trait Value: Copy + PartialEq + Debug + sealed::Sealed {
    /// The loom atomic.
    type Word;
    /// How to show it.
    const SHAPE: Shape;

    fn word(value: Self) -> Self::Word;
    fn load(word: &Self::Word, order: Ordering) -> Self;
    fn store(word: &Self::Word, value: Self, order: Ordering);
    fn update(word: &Self::Word, update: Update, operand: Self, order: Ordering) -> Self;
    fn compare_exchange(
        word: &Self::Word,
        current: Self,
        new: Self,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Self, Self>;
    /// Reads without an atomic operation; loom reports it if a store by another thread is not
    /// ordered before.
    fn load_alone(word: &Self::Word) -> Self;
    /// Writes without an atomic operation.
    fn store_alone(word: &mut Self::Word, value: Self);

    fn bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;

    /// A share of the word, if it is one that threads may sleep on.
    fn sleepable(_: &Arc<Self::Word>) -> Option<Arc<loom_atomic::AtomicU32>> {
        None
    }
}

/// A value with bits to set and clear.
#[doc(hidden)]
pub trait Bits: Value {
    /// The result of an update.
    fn apply(update: Update, old: Self, operand: Self) -> Self;
}

/// A number.
#[doc(hidden)]
pub trait Integer: Bits {}

mod sealed {
    pub trait Sealed {}
}

/// Code that is the same for all loom atomics.
macro_rules! common {
    ($word:ty) => {
        type Word = $word;

        #[track_caller]
        fn word(value: Self) -> Self::Word {
            <$word>::new(value)
        }
        #[track_caller]
        fn load(word: &Self::Word, order: Ordering) -> Self {
            word.load(order)
        }
        #[track_caller]
        fn store(word: &Self::Word, value: Self, order: Ordering) {
            word.store(value, order);
        }
        #[track_caller]
        fn compare_exchange(
            word: &Self::Word,
            current: Self,
            new: Self,
            success: Ordering,
            failure: Ordering,
        ) -> Result<Self, Self> {
            word.compare_exchange(current, new, success, failure)
        }
        #[track_caller]
        fn load_alone(word: &Self::Word) -> Self {
            // SAFETY: only called by the sole owner of the atomic, which loom checks, and the value
            // lives in loom's own tables.
            unsafe { word.unsync_load() }
        }
    };
}

macro_rules! integer {
    ($value:ty, $word:ty $(, $sleepable:item)?) => {
        impl sealed::Sealed for $value {}
        impl Value for $value {
            common!($word);
            const SHAPE: Shape = Shape::Number;

            #[track_caller]
            fn update(word: &Self::Word, update: Update, operand: Self, order: Ordering) -> Self {
                match update {
                    Update::Swap => word.swap(operand, order),
                    Update::Add => word.fetch_add(operand, order),
                    Update::Sub => word.fetch_sub(operand, order),
                    Update::And => word.fetch_and(operand, order),
                    Update::Nand => word.fetch_nand(operand, order),
                    Update::Or => word.fetch_or(operand, order),
                    Update::Xor => word.fetch_xor(operand, order),
                    Update::Max => word.fetch_max(operand, order),
                    Update::Min => word.fetch_min(operand, order),
                }
            }
            #[track_caller]
            fn store_alone(word: &mut Self::Word, value: Self) {
                word.with_mut(|old| *old = value);
            }
            fn bits(self) -> u64 {
                self as u64
            }
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
            $($sleepable)?
        }
        impl Bits for $value {
            fn apply(update: Update, old: Self, operand: Self) -> Self {
                match update {
                    Update::Swap => operand,
                    Update::Add => old.wrapping_add(operand),
                    Update::Sub => old.wrapping_sub(operand),
                    Update::And => old & operand,
                    Update::Nand => !(old & operand),
                    Update::Or => old | operand,
                    Update::Xor => old ^ operand,
                    Update::Max => old.max(operand),
                    Update::Min => old.min(operand),
                }
            }
        }
        impl Integer for $value {}
    };
}

integer!(
    u32,
    loom_atomic::AtomicU32,
    fn sleepable(word: &Arc<Self::Word>) -> Option<Arc<loom_atomic::AtomicU32>> {
        Some(Arc::clone(word))
    }
);
integer!(u64, loom_atomic::AtomicU64);
integer!(usize, loom_atomic::AtomicUsize);

impl sealed::Sealed for bool {}
impl Value for bool {
    common!(loom_atomic::AtomicBool);
    const SHAPE: Shape = Shape::Bool;

    #[track_caller]
    fn update(word: &Self::Word, update: Update, operand: Self, order: Ordering) -> Self {
        match update {
            Update::Swap => word.swap(operand, order),
            Update::And => word.fetch_and(operand, order),
            Update::Nand => word.fetch_nand(operand, order),
            Update::Or => word.fetch_or(operand, order),
            Update::Xor => word.fetch_xor(operand, order),
            Update::Add | Update::Sub | Update::Max | Update::Min => {
                unreachable!("a flag is not a number")
            }
        }
    }
    #[track_caller]
    fn store_alone(word: &mut Self::Word, value: Self) {
        // loom's flag cannot be reached through `&mut`. No other thread has it, so a store is the
        // same.
        word.store(value, Ordering::Relaxed);
    }
    fn bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}
impl Bits for bool {
    fn apply(update: Update, old: Self, operand: Self) -> Self {
        match update {
            Update::And => old & operand,
            Update::Nand => !(old & operand),
            Update::Or => old | operand,
            Update::Xor => old ^ operand,
            _ => operand,
        }
    }
}

impl<T> sealed::Sealed for *mut T {}
impl<T> Value for *mut T {
    common!(loom_atomic::AtomicPtr<T>);
    const SHAPE: Shape = Shape::Pointer;

    #[track_caller]
    fn update(word: &Self::Word, _: Update, operand: Self, order: Ordering) -> Self {
        // A pointer is not `Bits`, so nothing but a swap gets here.
        word.swap(operand, order)
    }
    #[track_caller]
    fn store_alone(word: &mut Self::Word, value: Self) {
        word.with_mut(|old| *old = value);
    }
    fn bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Self {
        bits as Self
    }
}
