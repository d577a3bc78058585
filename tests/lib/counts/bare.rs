//! The simplest code that does the same.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// The least that shows that there is nothing to do.
pub(crate) fn one_load(word: &AtomicU32) {
    if word.load(Relaxed) == 0 {
        black_box(());
    }
}
