//! Names that are put together at run time.

use std::fmt;

/// A name for `named` that is put together at run time. Each is kept for the rest of the program, once
/// however often it is asked for. Without the feature `deadlock-detection` nothing is put together.
///
/// ```
/// use primitives::{Lock, deadlock};
///
/// let accounts: Vec<Lock<i64>> =
///     (0..8).map(|i| Lock::named(deadlock::name(format_args!("account {i}")), 100)).collect();
/// ```
#[must_use]
pub fn name(text: fmt::Arguments<'_>) -> &'static str {
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    return intern(text.to_string());
    #[cfg(any(model, not(feature = "deadlock-detection")))]
    return text.as_str().unwrap_or("");
}

#[cfg(all(feature = "deadlock-detection", not(model)))]
fn intern(name: String) -> &'static str {
    use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
    use std::collections::BTreeSet;

    static NAMES: UnwatchedLock<BTreeSet<&'static str>> = UnwatchedLock::new(BTreeSet::new());

    NAMES.with(|names| match names.get(&*name) {
        Some(known) => known,
        None => {
            let name: &'static str = name.leak();
            names.insert(name);
            name
        }
    })
}
