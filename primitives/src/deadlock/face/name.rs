//! Names that are built at run time.

use std::fmt;

#[cfg(all(feature = "deadlock-detection", not(model)))]
use self::kept::{NAMES, hash};

/// A name for `named` that is built at run time. Each name is kept once, for the rest of the
/// program. Without the feature `deadlock-detection` no name is built.
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
    if let Some(known) = NAMES.with(|names| names.find(&name)) {
        return known;
    }
    // Not under the lock: it uses the program's allocator. If another thread keeps the same name
    // meanwhile, it is kept twice.
    let name: &'static str = name.leak();
    NAMES.with(|names| match names.find(name) {
        Some(known) => known,
        None => {
            let place = names.names.insert(name);
            names.by_hash.insert(hash(name), place, |place| hash(names.names[place]));
            name
        }
    })
}

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(super) mod kept {
    use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
    use crate::deadlock::memory::{Index, Slab};

    pub(in crate::deadlock::face) static NAMES: UnwatchedLock<Names> =
        UnwatchedLock::new(Names { names: Slab::new(), by_hash: Index::new() });

    pub(in crate::deadlock::face) struct Names {
        pub(super) names: Slab<&'static str>,
        pub(super) by_hash: Index,
    }

    impl Names {
        pub(super) fn find(&self, name: &str) -> Option<&'static str> {
            let place = self.by_hash.find(hash(name), |place| self.names[place] == name)?;
            Some(self.names[place])
        }
    }

    /// FNV-1a, and its upper half last.
    pub(super) fn hash(name: &str) -> u64 {
        let bytes = name.bytes();
        let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        hash.rotate_left(32)
    }
}
