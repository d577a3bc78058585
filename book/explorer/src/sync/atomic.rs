//! Atomics whose every operation is a step. The names and signatures are those of
//! [`std::sync::atomic`]; `new` is not `const`, and `get_mut` returns a guard.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

pub use std::sync::atomic::Ordering;

use crate::op::{At, Op, Outcome, Pending, Update};
use crate::shape::Shape;
use crate::teardown::model_failed;
use crate::world;

/// An atomic 32-bit number, and a word that threads may sleep on.
pub type AtomicU32 = Atomic<u32>;
/// An atomic 64-bit number.
pub type AtomicU64 = Atomic<u64>;
/// An atomic number of the size of an address.
pub type AtomicUsize = Atomic<usize>;
/// An atomic flag.
pub type AtomicBool = Atomic<bool>;
/// An atomic pointer.
pub type AtomicPtr<T> = Atomic<*mut T>;

/// A value that several threads may read and write at once.
pub struct Atomic<V: Value> {
    object: usize,
    value: PhantomData<fn() -> V>,
}

/// A value that an atomic can hold: a number, a flag, a pointer.
pub trait Value: Copy + PartialEq + fmt::Debug {
    /// How to show it.
    #[doc(hidden)]
    const SHAPE: Shape;
    #[doc(hidden)]
    fn bits(self) -> u64;
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;
}

/// A value with bits to set and clear.
pub trait Bits: Value {}
/// A number.
pub trait Integer: Bits {}

macro_rules! integer {
    ($($type:ty)*) => { $(
        impl Value for $type {
            const SHAPE: Shape = Shape::Number(<$type>::BITS);
            fn bits(self) -> u64 {
                self as u64
            }
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
        }
        impl Bits for $type {}
        impl Integer for $type {}
    )* };
}
integer!(u32 u64 usize);

impl Value for bool {
    const SHAPE: Shape = Shape::Bool;
    fn bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}
impl Bits for bool {}

impl<T> Value for *mut T {
    const SHAPE: Shape = Shape::Pointer;
    fn bits(self) -> u64 {
        self.expose_provenance() as u64
    }
    fn from_bits(bits: u64) -> Self {
        std::ptr::with_exposed_provenance_mut(bits as usize)
    }
}

impl<V: Value> Atomic<V> {
    /// An atomic that holds `value`.
    #[track_caller]
    #[must_use]
    pub fn new(value: V) -> Self {
        let at = Location::caller();
        let object = world::with(|w| w.add_word(value.bits(), V::SHAPE, at));
        Self { object, value: PhantomData }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn step(&self, at: At, op: Op) -> Outcome {
        world::with(|w| w.touch(self.object, self.address()));
        world::step(Pending { op, object: Some(self.object), at })
    }

    fn newest(&self) -> V {
        V::from_bits(world::with(|w| w.memory.newest(self.object)))
    }

    /// Reads the value, or an older one that the ordering permits.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V {
        V::from_bits(self.step(Location::caller(), Op::Load(order)).value)
    }

    /// Writes a value.
    #[track_caller]
    pub fn store(&self, value: V, order: Ordering) {
        self.step(Location::caller(), Op::Store(value.bits(), order));
    }

    /// Writes a value and returns the one before it.
    #[track_caller]
    pub fn swap(&self, value: V, order: Ordering) -> V {
        self.update(Location::caller(), Update::Swap, value, order)
    }

    /// Writes `new` if the value is `current`.
    ///
    /// # Errors
    ///
    /// The value, if it is another.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: V,
        new: V,
        success: Ordering,
        failure: Ordering,
    ) -> Result<V, V> {
        self.exchange(Location::caller(), current, new, (success, failure))
    }

    /// As [`compare_exchange`](Self::compare_exchange): it never fails spuriously here.
    ///
    /// # Errors
    ///
    /// The value, if it is another.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: V,
        new: V,
        success: Ordering,
        failure: Ordering,
    ) -> Result<V, V> {
        self.exchange(Location::caller(), current, new, (success, failure))
    }

    /// Writes the result of `f` for the value, unless it is `None`; starts again when another
    /// thread was faster.
    ///
    /// # Errors
    ///
    /// The value, if `f` made nothing of it.
    #[track_caller]
    pub fn fetch_update(
        &self,
        success: Ordering,
        failure: Ordering,
        mut f: impl FnMut(V) -> Option<V>,
    ) -> Result<V, V> {
        let at = Location::caller();
        let mut value = V::from_bits(self.step(at, Op::Load(failure)).value);
        while let Some(new) = f(value) {
            match self.exchange(at, value, new, (success, failure)) {
                Ok(old) => return Ok(old),
                Err(other) => value = other,
            }
        }
        Err(value)
    }

    fn exchange(
        &self,
        at: At,
        current: V,
        new: V,
        (success, failure): (Ordering, Ordering),
    ) -> Result<V, V> {
        let (expected, new) = (current.bits(), new.bits());
        let outcome = self.step(at, Op::Exchange { expected, new, success, failure });
        let value = V::from_bits(outcome.value);
        if outcome.ok { Ok(value) } else { Err(value) }
    }

    fn update(&self, at: At, update: Update, operand: V, order: Ordering) -> V {
        V::from_bits(self.step(at, Op::Update(update, operand.bits(), order)).value)
    }

    /// The value, to be read and changed: not a step, because no other thread has access.
    pub fn get_mut(&mut self) -> Exclusive<'_, V> {
        let value = self.newest();
        Exclusive { atomic: self, value }
    }

    /// The value: not a step, because no other thread has access.
    #[must_use]
    pub fn into_inner(self) -> V {
        self.newest()
    }
}

impl Atomic<u32> {
    pub(crate) fn sleep(&self, at: At, expected: u32, timed: bool) -> Outcome {
        self.step(at, Op::Sleep { expected: expected.into(), timed })
    }
}

/// The value of an atomic without other accesses; changes are written back at the end.
pub struct Exclusive<'a, V: Value> {
    atomic: &'a mut Atomic<V>,
    value: V,
}

impl<V: Value> Deref for Exclusive<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: Value> DerefMut for Exclusive<'_, V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

impl<V: Value> Drop for Exclusive<'_, V> {
    fn drop(&mut self) {
        world::with(|w| w.memory.keep(self.atomic.object, self.value.bits()));
    }
}

/// Declares the `fetch_` operations of one bound.
macro_rules! updates {
    ($bound:ident { $($(#[$doc:meta])* $name:ident $update:ident;)+ }) => {
        impl<V: $bound> Atomic<V> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&self, value: V, order: Ordering) -> V {
                    self.update(Location::caller(), Update::$update, value, order)
                }
            )+
        }
    };
}
updates!(Bits {
    /// Clears the bits that `value` has not, and returns the value before.
    fetch_and And;
    /// Sets the complement of the bits that both have, and returns the value before.
    fetch_nand Nand;
    /// Sets the bits of `value`, and returns the value before.
    fetch_or Or;
    /// Turns the bits of `value` over, and returns the value before.
    fetch_xor Xor;
});
updates!(Integer {
    /// Adds, wrapping around, and returns the value before.
    fetch_add Add;
    /// Subtracts, wrapping around, and returns the value before.
    fetch_sub Sub;
    /// Keeps the greater, and returns the value before.
    fetch_max Max;
    /// Keeps the smaller, and returns the value before.
    fetch_min Min;
});

/// Orders memory without a word.
#[track_caller]
pub fn fence(order: Ordering) {
    if !model_failed() {
        world::step(Pending { op: Op::Fence(order), object: None, at: Location::caller() });
    }
}

impl<V: Value> fmt::Debug for Atomic<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.newest().fmt(f)
    }
}

impl<V: Value> Default for Atomic<V> {
    #[track_caller]
    fn default() -> Self {
        Self::new(V::from_bits(0)) // 0, `false`, null
    }
}

impl<V: Value> From<V> for Atomic<V> {
    #[track_caller]
    fn from(value: V) -> Self {
        Self::new(value)
    }
}
