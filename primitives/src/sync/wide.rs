//! [`AtomicU64`] for processors that have only narrower ones: 32-bit PowerPC, RISC-V and MIPS, and
//! old ARM.
//!
//! The address of the number is hashed to one of a few mutexes of std, and each operation is done
//! under it. So it is stronger than any ordering asks for: two operations on the same number are
//! ordered by its mutex, and those on different numbers by the threads that do both. It is for
//! threads alone; a signal handler that interrupts an operation would wait for it without end.
//!
//! Elsewhere only its test is compiled.

use core::cell::UnsafeCell;
use core::fmt;
use core::panic::RefUnwindSafe;
use core::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// A prime number, so that the steps of an array do not lead to the same few.
const MUTEXES: usize = 61;

static TABLE: [Mutex<()>; MUTEXES] = [const { Mutex::new(()) }; MUTEXES];

/// As [`core::sync::atomic::AtomicU64`], which the processor does not have.
#[repr(C, align(8))]
pub struct AtomicU64(UnsafeCell<u64>);

// SAFETY: the number is touched only under the mutex of its address, or by `&mut self`.
unsafe impl Sync for AtomicU64 {}
impl RefUnwindSafe for AtomicU64 {}

impl AtomicU64 {
    /// An atomic of this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value; `&mut self` proves that there is no other access.
    pub fn get_mut(&mut self) -> &mut u64 {
        self.0.get_mut()
    }

    /// Unwraps the value.
    #[must_use]
    pub const fn into_inner(self) -> u64 {
        self.0.into_inner()
    }

    /// Replaces the value by what `f` makes of it, if it makes something. Returns the old one.
    fn change(&self, f: impl FnOnce(u64) -> Option<u64>) -> u64 {
        let place = self.0.get();
        let mutex = &TABLE[place.addr() / align_of::<Self>() % MUTEXES];
        // No caller's code runs under it, so a poisoned one is whole.
        let _guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: under the mutex of this address, no other thread is here.
        unsafe {
            let old = *place;
            if let Some(new) = f(old) {
                *place = new;
            }
            old
        }
    }

    /// As of core.
    #[must_use]
    pub fn load(&self, _: Ordering) -> u64 {
        self.change(|_| None)
    }

    /// As of core.
    pub fn store(&self, value: u64, _: Ordering) {
        self.change(|_| Some(value));
    }

    /// As of core.
    pub fn swap(&self, value: u64, _: Ordering) -> u64 {
        self.change(|_| Some(value))
    }

    /// As of core.
    ///
    /// # Errors
    ///
    /// The value that was there, if it was not `current`.
    pub fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        _: Ordering,
        _: Ordering,
    ) -> Result<u64, u64> {
        let old = self.change(|old| (old == current).then_some(new));
        if old == current { Ok(old) } else { Err(old) }
    }

    /// As of core; it does not fail without a reason.
    ///
    /// # Errors
    ///
    /// The value that was there, if it was not `current`.
    pub fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(current, new, success, failure)
    }

    /// As of core.
    pub fn fetch_add(&self, value: u64, _: Ordering) -> u64 {
        self.change(|old| Some(old.wrapping_add(value)))
    }

    /// As of core.
    pub fn fetch_sub(&self, value: u64, _: Ordering) -> u64 {
        self.change(|old| Some(old.wrapping_sub(value)))
    }

    /// As of core.
    pub fn fetch_and(&self, value: u64, _: Ordering) -> u64 {
        self.change(|old| Some(old & value))
    }

    /// As of core.
    pub fn fetch_or(&self, value: u64, _: Ordering) -> u64 {
        self.change(|old| Some(old | value))
    }
}

impl fmt::Debug for AtomicU64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.change(|_| None), f)
    }
}

#[cfg(test)]
mod tests {
    use super::AtomicU64;
    use core::sync::atomic::Ordering::SeqCst;

    /// The same calls on it and on core's, which must agree.
    #[test]
    #[cfg(target_has_atomic = "64")]
    fn it_does_what_that_of_core_does() {
        let start = u64::MAX - 3;
        let (mut ours, mut cores) =
            (AtomicU64::new(start), core::sync::atomic::AtomicU64::new(start));
        for step in 0..40 {
            assert_eq!(ours.fetch_add(step, SeqCst), cores.fetch_add(step, SeqCst));
            assert_eq!(ours.fetch_sub(2 * step, SeqCst), cores.fetch_sub(2 * step, SeqCst));
            assert_eq!(ours.fetch_or(1 << step, SeqCst), cores.fetch_or(1 << step, SeqCst));
            assert_eq!(ours.fetch_and(!step, SeqCst), cores.fetch_and(!step, SeqCst));
            let now = cores.load(SeqCst);
            assert_eq!(ours.load(SeqCst), now);
            for expected in [now, now ^ 1] {
                assert_eq!(
                    ours.compare_exchange(expected, !now, SeqCst, SeqCst),
                    cores.compare_exchange(expected, !now, SeqCst, SeqCst),
                );
            }
            assert!(ours.compare_exchange_weak(now, 0, SeqCst, SeqCst).is_err());
            assert_eq!(ours.swap(now, SeqCst), cores.swap(now, SeqCst));
            ours.store(now ^ step, SeqCst);
            cores.store(now ^ step, SeqCst);
        }
        assert_eq!(format!("{ours:?}"), format!("{cores:?}"));
        assert_eq!(ours.get_mut(), cores.get_mut());
        assert_eq!(ours.into_inner(), cores.into_inner());
    }

    #[test]
    fn no_addition_is_lost() {
        static SUM: AtomicU64 = AtomicU64::new(0);
        const TIMES: u64 = if cfg!(miri) { 20 } else { 5000 };
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..TIMES {
                        SUM.fetch_add(1 << 31, SeqCst);
                    }
                });
            }
        });
        assert_eq!(SUM.load(SeqCst), (4 * TIMES) << 31);
    }
}
