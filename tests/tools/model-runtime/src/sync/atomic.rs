//! Atomics that explain themselves.
//!
//! Each call goes to a loom atomic, with the ordering that the source says (or the mutant's),
//! and is recorded with its `file:line:column`, from `#[track_caller]`. Beside the loom atomic,
//! a plain number keeps the last stored value; a load that returns another value saw an old
//! one.
//!
//! loom takes a SeqCst load for an Acquire load, and would call a right algorithm wrong. So a fence
//! stands before each: that is at least as strong, and on x86-64 the same.
//!
//! Signatures are those of [`core::sync::atomic`], with three differences that loom imposes: `new`
//! is not `const`; `get_mut` returns a guard; a weak compare-exchange does not fail spuriously.

mod exclusive;
mod value;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use loom::sync::atomic::Ordering;

pub use self::exclusive::Exclusive;
pub use self::value::{Bits, Integer, Value};
use crate::death;
pub use crate::world::site::Update;
use crate::world::site::{self, Operation};
use crate::world::threads;
use crate::world::trace::{self, Event, What};
use crate::world::{self, At, Object, model_failed, scheduler};

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
    /// Shared with the world if threads may sleep on it: a wake must find the word by its address,
    /// without touching memory that may be freed. `None` if threads are not loom's: then the newest
    /// value is the value.
    word: Option<Arc<V::Word>>,
    object: usize,
}

impl<V: Value> Atomic<V> {
    /// An atomic that holds `value`.
    #[track_caller]
    #[must_use]
    pub fn new(value: V) -> Self {
        let at = Location::caller();
        let word = (!scheduler::is_on()).then(|| Arc::new(V::word(value)));
        let object = Object {
            made: Vec::new(),
            shape: V::SHAPE,
            newest: value.bits(),
            address: 0,
            used: 0,
            word: word.as_ref().and_then(V::sleepable),
        };
        Self { word, object: world::with(|w| w.add(object, at)) }
    }

    /// Reads the value, or an older one that the ordering permits.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V {
        self.load_at(Location::caller(), |at| site::ordered(at, Operation::Load, order))
    }

    fn load_at(&self, at: At, order: impl FnOnce(At) -> Ordering) -> V {
        if model_failed() {
            return self.newest();
        }
        death::step(at);
        let order = order(at);
        if order == Ordering::SeqCst && self.word.is_some() {
            loom::sync::atomic::fence(order);
        }
        let value = match &self.word {
            Some(word) => V::load(word, order),
            None => self.step(),
        };
        self.done(at, |newest| What::Load { order, value: value.bits(), newest }, None);
        value
    }

    /// Writes a value.
    #[track_caller]
    pub fn store(&self, value: V, order: Ordering) {
        if model_failed() {
            return self.keep(value);
        }
        let at = Location::caller();
        death::step(at);
        let order = site::ordered(at, Operation::Store, order);
        match &self.word {
            Some(word) => V::store(word, value, order),
            None => _ = self.step(),
        }
        self.done(at, |_| What::Store { order, value: value.bits() }, Some(value));
    }

    /// Writes a value and returns the one before it.
    #[track_caller]
    pub fn swap(&self, value: V, order: Ordering) -> V {
        self.update(Update::Swap, value, order, |_| value)
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
        let at = Location::caller();
        if model_failed() {
            return self.exchange_kept(current, new);
        }
        let orders = site::exchanged(at, Operation::CompareExchange, success, failure);
        self.exchange_at(at, current, new, orders)
    }

    /// As [`compare_exchange`](Self::compare_exchange): loom has no spurious failures.
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
        self.compare_exchange(current, new, success, failure)
    }

    /// Writes the result of `f` for the value, unless that is `None`; starts again when another
    /// thread was faster.
    ///
    /// # Errors
    ///
    /// The value, if `f` returned `None`.
    #[track_caller]
    pub fn fetch_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut f: impl FnMut(V) -> Option<V>,
    ) -> Result<V, V> {
        let at = Location::caller();
        let orders = if model_failed() {
            (set_order, fetch_order)
        } else {
            site::exchanged(at, Operation::FetchUpdate, set_order, fetch_order)
        };
        let mut value = self.load_at(at, |_| orders.1);
        while let Some(new) = f(value) {
            let result = if model_failed() {
                self.exchange_kept(value, new)
            } else {
                self.exchange_at(at, value, new, orders)
            };
            match result {
                Ok(old) => return Ok(old),
                Err(other) => value = other,
            }
        }
        Err(value)
    }

    /// The value, to be read and changed; `&mut self` says that there is no other access, and loom
    /// checks that.
    #[track_caller]
    pub fn get_mut(&mut self) -> Exclusive<'_, V> {
        let value = self.read_alone();
        Exclusive::new(self, value)
    }

    /// The value. Owning the atomic says that there is no other access, and loom checks that.
    #[track_caller]
    pub fn into_inner(self) -> V {
        self.read_alone()
    }

    #[track_caller]
    fn read_alone(&self) -> V {
        if model_failed() {
            return self.newest();
        }
        let value = match &self.word {
            Some(word) => V::load_alone(word),
            None => self.newest(),
        };
        self.done(Location::caller(), |_| What::Read, None);
        value
    }

    #[track_caller]
    fn update(&self, update: Update, operand: V, order: Ordering, f: impl FnOnce(V) -> V) -> V {
        if model_failed() {
            let old = self.newest();
            self.keep(f(old));
            return old;
        }
        let at = Location::caller();
        death::step(at);
        let order = site::ordered(at, Operation::Update(update), order);
        let old = match &self.word {
            Some(word) => V::update(word, update, operand, order),
            None => self.step(),
        };
        let new = f(old);
        let what = What::Update {
            update,
            operand: operand.bits(),
            order,
            old: old.bits(),
            new: new.bits(),
        };
        self.done(at, |_| what, Some(new));
        old
    }

    fn exchange_at(
        &self,
        at: At,
        current: V,
        new: V,
        (success, failure): (Ordering, Ordering),
    ) -> Result<V, V> {
        death::step(at);
        let result = match &self.word {
            Some(word) => V::compare_exchange(word, current, new, success, failure),
            None => Some(self.step()).filter(|old| *old == current).ok_or_else(|| self.newest()),
        };
        let what = What::CompareExchange {
            expected: current.bits(),
            new: new.bits(),
            order: if result.is_ok() { success } else { failure },
            result: result.map(V::bits).map_err(V::bits),
        };
        self.done(at, |_| what, result.is_ok().then_some(new));
        result
    }

    fn exchange_kept(&self, current: V, new: V) -> Result<V, V> {
        let old = self.newest();
        if old != current {
            return Err(old);
        }
        self.keep(new);
        Ok(old)
    }

    /// Keeps the newest value and writes the row.
    fn done(&self, at: At, what: impl FnOnce(u64) -> What, stored: Option<V>) {
        let me = threads::me_if_recorded();
        world::with(|w| {
            w.touch(self.object, std::ptr::from_ref(self) as usize);
            let newest = w.objects[self.object].newest;
            if let Some(value) = stored {
                w.objects[self.object].newest = value.bits();
            }
            if let Some(thread) = me {
                w.record(Event { thread, object: Some(self.object), at, what: what(newest) });
            }
        });
    }

    /// Lets others go first, and returns the value afterwards.
    fn step(&self) -> V {
        scheduler::step();
        self.newest()
    }

    fn newest(&self) -> V {
        V::from_bits(world::with(|w| w.objects[self.object].newest))
    }

    fn keep(&self, value: V) {
        world::with(|w| w.objects[self.object].newest = value.bits());
    }
}

impl Atomic<u32> {
    /// The newest value, without an ordering: a compare-exchange that must fail. For the futex,
    /// which reads a word as the kernel does.
    pub(crate) fn look(&self) -> (usize, u32) {
        world::with(|w| w.touch(self.object, std::ptr::from_ref(self) as usize));
        let value = match &self.word {
            Some(word) => look_at(word),
            None => self.step(),
        };
        (self.object, value)
    }
}

/// See [`Atomic::look`].
pub(crate) fn look_at(word: &loom::sync::atomic::AtomicU32) -> u32 {
    // If the word has just this value, it is replaced by itself.
    const UNLIKELY: u32 = 0xF0F0_5A5A;
    match word.compare_exchange(UNLIKELY, UNLIKELY, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(value) | Err(value) => value,
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
                    self.update(Update::$update, value, order, |old| V::apply(Update::$update, old, value))
                }
            )+
        }
    };
}
updates!(Bits {
    /// Clears the bits that `value` does not have, and returns the old value.
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
    if model_failed() {
        return;
    }
    let at = Location::caller();
    let order = site::fenced(at, order);
    if let Some(order) = order
        && !scheduler::is_on()
    {
        loom::sync::atomic::fence(order);
    }
    trace::row(at, None, What::Fence { order });
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
