//! [`LazyLock<T>`]: a value that is made at the first access.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::OnceLock;
use crate::sync::const_fn;

/// A value that its closure makes at the first access.
///
/// An access ([`Deref`]) blocks while another thread makes the value; after that it is one load.
///
/// There is one closure. If it panics, there is no value and no way to make one, so the panic is
/// final: each later access panics too.
///
/// _Python_: `functools.cached_property`, which may call its function twice. _std_: `LazyLock`.
///
/// ```
/// use primitives::LazyLock;
///
/// static SQUARES: LazyLock<Vec<u32>> = LazyLock::new(|| (0..10).map(|n| n * n).collect());
/// assert_eq!(SQUARES[3], 9);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    /// Taken by the thread that makes the value.
    make: Cell<Option<F>>,
}

// SAFETY: only the closure of `value`'s initialisation touches `make`. One thread at a time calls
// it, and `value` orders those calls; the closure may go to another thread, so `F: Send`.
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}
// A closure that panics leaves the lock permanently without a value, and every access panics.
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    const_fn! {
        /// A value that `make` will make.
        #[must_use]
        pub const fn new(make: F) -> Self {
            Self { value: OnceLock::new(), make: Cell::new(Some(make)) }
        }
    }

    /// The value, made now if it does not exist. Blocks while another thread makes it. Once it
    /// exists: one load.
    ///
    /// # Panics
    ///
    /// If the closure panics, the panic continues. If it has panicked before: "the closure of a
    /// lazy lock has panicked". A closure that looks at its own value waits for itself.
    #[inline]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| match this.make.take() {
            Some(make) => make(),
            None => panic!("the closure of a lazy lock has panicked, so there is no value"),
        })
    }

    /// The value, if it has been made. Never blocks; one load.
    #[inline]
    pub fn get(this: &Self) -> Option<&T> {
        this.value.get()
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

/// A value that `T::default` makes at the first access.
impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default)
    }
}

/// Shows the value, or `<empty>`. Never blocks, and makes nothing.
impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("LazyLock");
        match self.value.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<empty>")),
        };
        tuple.finish()
    }
}
