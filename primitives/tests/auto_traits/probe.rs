//! What types may do, as values that a test can compare (for tests only).
//!
//! A method is found on `Probe<T>` itself only where `T` has the trait; elsewhere auto-deref goes
//! on and finds the one of [`Fallback`]. So a test can also assert that a type does _not_ have a
//! trait.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

pub(crate) struct Probe<T>(pub(crate) PhantomData<T>);

#[allow(dead_code, reason = "called only for types that lack the trait")]
pub(crate) trait Fallback {
    fn send(&self) -> bool {
        false
    }
    fn sync(&self) -> bool {
        false
    }
    fn unwind_safe(&self) -> bool {
        false
    }
    fn ref_unwind_safe(&self) -> bool {
        false
    }
}

impl<T> Fallback for &Probe<T> {}

impl<T: Send> Probe<T> {
    pub(crate) fn send(&self) -> bool {
        true
    }
}

impl<T: Sync> Probe<T> {
    pub(crate) fn sync(&self) -> bool {
        true
    }
}

impl<T: UnwindSafe> Probe<T> {
    pub(crate) fn unwind_safe(&self) -> bool {
        true
    }
}

impl<T: RefUnwindSafe> Probe<T> {
    pub(crate) fn ref_unwind_safe(&self) -> bool {
        true
    }
}

/// Whether a type is (`Send`, `Sync`).
macro_rules! probe {
    ($t:ty) => {{
        #[allow(unused_imports, reason = "needed only where the answer is no")]
        use $crate::probe::Fallback;
        let probe = &$crate::probe::Probe::<$t>(std::marker::PhantomData);
        (probe.send(), probe.sync())
    }};
}

/// Whether a type is (`UnwindSafe`, `RefUnwindSafe`).
macro_rules! probe_unwind {
    ($t:ty) => {{
        #[allow(unused_imports, reason = "needed only where the answer is no")]
        use $crate::probe::Fallback;
        let probe = &$crate::probe::Probe::<$t>(std::marker::PhantomData);
        (probe.unwind_safe(), probe.ref_unwind_safe())
    }};
}

pub(crate) use {probe, probe_unwind};
