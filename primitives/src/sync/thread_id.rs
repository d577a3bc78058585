//! The identity of the calling thread: a number for each thread, so that a thread can recognise
//! itself.
//!
//! The numbers count up and are never given out twice. The address of a thread-local needs no
//! counter, but it is reused. A thread that starts after another has ended may get the same
//! address, and would pass for the owner of locks that the ended thread left locked.

use std::cell::Cell;

use super::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    // A constant without a destructor: a plain load, and it still exists while other thread-locals
    // are destroyed. 0 until the thread asks.
    static ID: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's number. It is never 0, the same at every call, and never that of another
/// thread, even an ended one. A load and a test; a thread's first call costs one atomic addition.
///
/// _Python_: `threading.get_ident()`, whose numbers may be reused.
#[inline]
#[must_use]
pub fn id() -> u64 {
    match ID.get() {
        0 => take_a_number(),
        id => id,
    }
}

#[cold]
fn take_a_number() -> u64 {
    adopt(reserve())
}

// ANCHOR: reserve
/// A number for a thread that has not started. The thread should [`adopt`] it before it asks.
pub(crate) fn reserve() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: only the counter makes the numbers differ. Centuries of new threads do not exhaust
    // 64 bits.
    NEXT.fetch_add(1, Relaxed)
}
// ANCHOR_END: reserve

/// Makes `id` the calling thread's number, unless it has one already, and returns the number that
/// it has. A thread may have asked before, in its allocator or in a profiler's signal handler; it
/// keeps that number.
pub(crate) fn adopt(id: u64) -> u64 {
    match ID.get() {
        0 => {
            ID.set(id);
            id
        }
        earlier => earlier,
    }
}

#[cfg(test)]
mod tests {
    use super::id;
    use std::collections::HashSet;
    use std::thread;

    #[test]
    fn every_thread_has_one_number_and_no_number_comes_back() {
        let mut seen = HashSet::from([id()]);
        for _ in 0..20 {
            // One after the other, so that each may get the addresses of the last one.
            let (first, second) = thread::spawn(|| (id(), id())).join().unwrap();
            assert_eq!(first, second);
            assert!(seen.insert(first), "{first} was given out twice");
        }
        assert!(!seen.contains(&0));
        assert!(seen.contains(&id()), "the number of a thread does not change");
    }
}
