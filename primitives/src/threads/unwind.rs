//! Catching panics and hooking into them, as in [`std::panic`].
//!
//! In a model every panic ends the model, so there is none to catch. The hook exists, under a lock
//! as in std.

#[cfg(not(model))]
pub(crate) use std::panic::{catch_unwind, set_hook, take_hook};

#[cfg(model)]
pub use self::model::{catch_unwind, hooks_set, set_hook, take_hook};

#[cfg(model)]
mod model {
    use std::mem::ManuallyDrop;
    use std::panic::{PanicHookInfo, UnwindSafe};
    use std::thread::Result;

    use crate::lock::Lock;

    /// What is called at a panic.
    type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

    crate::sync::global! {
        /// The hook, and how often one was set. The end of an execution does not drop it, because
        /// its contents may no longer be used then.
        static HOOK: Lock<(ManuallyDrop<Option<Hook>>, u32)> = Lock::new((ManuallyDrop::new(None), 0));
    }

    /// Calls `f`.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn catch_unwind<T>(f: impl FnOnce() -> T + UnwindSafe) -> Result<T> {
        Ok(f())
    }

    /// Puts a hook there; drops the one before.
    pub fn set_hook(hook: Hook) {
        let mut place = HOOK.lock();
        place.1 += 1;
        let before = place.0.replace(hook);
        drop(place);
        drop(before); // after the lock, as std does
    }

    /// Takes the hook away.
    pub fn take_hook() -> Hook {
        let hook = HOOK.lock().0.take();
        hook.unwrap_or_else(|| Box::new(|_| ()))
    }

    /// How often a hook was set.
    #[must_use]
    pub fn hooks_set() -> u32 {
        HOOK.lock().1
    }
}
