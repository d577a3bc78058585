//! [`OnceLock<T>`]: a value that is written once.

use std::convert::Infallible;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::Once;
use crate::sync::cell::UnsafeCell;
use crate::sync::const_fn;

/// A place for a value that is written once and read by many threads.
///
/// [`get`](Self::get) is one load. [`get_or_init`](Self::get_or_init) makes the value if it does
/// not exist; one thread makes it, and the others wait.
///
/// _Python_: has no such type; `functools.cache` on a function without arguments is similar, but
/// may call it twice. _std_: `OnceLock`.
///
/// ```
/// use primitives::OnceLock;
///
/// static CONFIG: OnceLock<String> = OnceLock::new();
/// assert_eq!(CONFIG.get(), None);
/// assert_eq!(CONFIG.get_or_init(|| "made once".into()), "made once");
/// assert_eq!(CONFIG.set("too late".into()), Err("too late".into()));
/// ```
pub struct OnceLock<T> {
    once: Once,
    /// Initialised once `once` is completed.
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the value may be made by one thread and dropped by another, so `T: Send`; many threads
// get `&T` at once, so `T: Sync`.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}
// SAFETY: a lock that moves takes the value along.
unsafe impl<T: Send> Send for OnceLock<T> {}
// A closure that panics leaves no half-made value behind.
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    const_fn! {
        /// An empty place.
        #[must_use]
        pub const fn new() -> Self {
            Self { once: Once::new(), value: UnsafeCell::new(MaybeUninit::uninit()) }
        }
    }

    const_fn! {
        /// An empty place with a name for [reports of deadlocks](crate::deadlock). Without the
        /// feature `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self { once: Once::named(name), value: UnsafeCell::new(MaybeUninit::uninit()) }
        }
    }

    /// The value, if it exists. Never blocks; one load.
    #[inline]
    #[cfg_attr(model, track_caller)]
    pub fn get(&self) -> Option<&T> {
        if self.once.is_completed() { Some(self.written()) } else { None }
    }

    /// The value, if it exists; `&mut self` proves that no other thread reads it.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if self.once.is_completed() {
            // SAFETY: it is completed, so the value is there; the borrow is exclusive.
            Some(self.value.with_mut(|value| unsafe { (*value).assume_init_mut() }))
        } else {
            None
        }
    }

    /// Writes the value, unless there is one; waits for a thread that is writing one.
    ///
    /// # Errors
    ///
    /// `value`, if there is another.
    #[allow(clippy::missing_panics_doc, reason = "the closure runs once")]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// The value; `f` makes it if it does not exist. Blocks while another thread makes it. Once it
    /// exists: one load.
    ///
    /// # Panics
    ///
    /// If `f` panics, the panic continues; the place stays empty, and the next call tries again. A
    /// closure that asks for the same value waits for itself.
    #[inline]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        let Ok(value) = self.get_or_try_init(|| Ok::<T, Infallible>(f()));
        value
    }

    /// The value; `f` makes it if it does not exist. Blocks while another thread makes it. Once it
    /// exists: one load.
    ///
    /// # Errors
    ///
    /// The error of `f`; the place stays empty, and the next call tries again.
    ///
    /// # Panics
    ///
    /// As [`get_or_init`](Self::get_or_init).
    #[inline]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if !self.once.is_completed() {
            self.init(f)?;
        }
        Ok(self.written())
    }

    #[cold]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    fn init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        self.once.try_call_once(|| {
            let made = f()?;
            self.value.with_mut(|value| {
                // SAFETY: this closure is called by one thread at a time, and not again after it
                // has succeeded; no thread reads before that.
                unsafe { (*value).write(made) };
            });
            Ok(())
        })
    }

    /// Waits until another thread has made the value. Blocks until then. If the value is there, it
    /// costs one load.
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn wait(&self) -> &T {
        self.once.wait();
        self.written()
    }

    /// Waits until the value exists, for at most `timeout`.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires.
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<&T> {
        if self.once.wait_timeout(timeout) { Some(self.written()) } else { None }
    }

    /// Waits until the value exists, or until `deadline`. With a deadline that has passed it looks
    /// once.
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn wait_deadline(&self, deadline: Instant) -> Option<&T> {
        if self.once.wait_deadline(deadline) { Some(self.written()) } else { None }
    }

    /// Takes the value out, and leaves the place empty.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value, if it exists.
    pub fn into_inner(mut self) -> Option<T> {
        if !self.once.is_completed() {
            return None;
        }
        self.once = Once::new(); // so that `drop` finds nothing
        // SAFETY: it was completed, so the value was there; nothing reads it after this.
        Some(self.value.with(|value| unsafe { (*value).assume_init_read() }))
    }

    /// The value. Call it only when the value exists.
    #[inline]
    #[cfg_attr(model, track_caller)]
    fn written(&self) -> &T {
        debug_assert!(self.once.is_completed());
        // SAFETY: the caller saw `once` completed, by Acquire; so the value exists, and is not
        // written again while `&self` lives.
        self.value.with(|value| unsafe { (*value).assume_init_ref() })
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        if let Some(value) = self.get_mut() {
            // SAFETY: the value is there, and nothing reads it after this.
            unsafe { std::ptr::drop_in_place(value) };
        }
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// With the value already made.
impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        let lock = Self::new();
        let Ok(()) = lock.set(value) else { unreachable!("it was empty") };
        lock
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

/// Shows the value, or `<empty>`. Never blocks.
impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<empty>")),
        };
        tuple.finish()
    }
}
