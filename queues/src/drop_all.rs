//! Dropping all items that are left.

use std::mem;

/// Drops what `next` returns until it returns `None`, and continues with the rest even if a drop
/// panics. (A second panic aborts, as it does for a `Vec`.)
pub(crate) fn drop_all<T>(next: &dyn Fn() -> Option<T>) {
    struct Rest<'a, T>(&'a dyn Fn() -> Option<T>);
    impl<T> Drop for Rest<'_, T> {
        fn drop(&mut self) {
            while let Some(item) = (self.0)() {
                drop(item);
            }
        }
    }
    if mem::needs_drop::<T>() {
        let after_a_panic = Rest(next);
        while let Some(item) = next() {
            drop(item);
        }
        mem::forget(after_a_panic);
    }
}
