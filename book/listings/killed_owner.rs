//! A lock whose owner may be killed at any step, and what the kernel does then: the robust list, in
//! its smallest form.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const FREE: u32 = 0;
/// The owner that may be killed has it.
const OWNER: u32 = 1;
/// The other thread has it.
const OTHER: u32 = 2;
/// The owner died, and the lock is free.
const DIED: u32 = 3;

/// A lock, what its owner has told the kernel, and a value of two halves that should be equal.
pub struct Shared {
    word: AtomicU32,
    /// The owner is about to take the lock, or to give it back.
    pending: AtomicU32,
    /// The lock is on the owner's list.
    listed: AtomicU32,
    left: AtomicU32,
    right: AtomicU32,
}

// ANCHOR: owner
/// Takes the lock, changes both halves, gives it back. It may be killed before any step.
pub fn owner(shared: &Shared, announces: bool) {
    // Relaxed, here and below where nothing else is said: only this thread, and the kernel after
    // it, or the owner of the lock reads it.
    if announces {
        shared.pending.store(1, Relaxed);
    }
    // Acquire: pairs with the Release of `other`.
    while let Err(found) = shared.word.compare_exchange(FREE, OWNER, Acquire, Relaxed) {
        park::wait(&shared.word, found, None);
    }
    shared.listed.store(1, Relaxed);
    shared.left.store(1, Relaxed);
    shared.right.store(1, Relaxed);
    // Release: pairs with the Acquire of `other`.
    shared.word.store(FREE, Release);
    park::wake_one(&raw const shared.word);
}
// ANCHOR_END: owner

// ANCHOR: kernel
/// What the kernel does when the owner was killed: it looks at what the owner has told it.
pub fn kernel(shared: &Shared) {
    // Relaxed: the killed thread has written it, and the kernel goes on as that thread.
    let told = shared.listed.load(Relaxed) == 1 || shared.pending.load(Relaxed) == 1;
    if !told {
        return;
    }
    // Release: pairs with the Acquire of `other`. An exchange, because another may have it.
    let died = shared.word.compare_exchange(OWNER, DIED, Release, Relaxed);
    // Also if it was free: the owner may have died before it has woken the sleeper.
    if died.is_ok() || died == Err(FREE) {
        park::wake_one(&raw const shared.word);
    }
}
// ANCHOR_END: kernel

// ANCHOR: other
/// Takes the lock, and repairs what a dead owner has left.
pub fn other(shared: &Shared) {
    loop {
        // Acquire: pairs with the Release of `owner`, or of `kernel`.
        match shared.word.compare_exchange(FREE, OTHER, Acquire, Relaxed) {
            Ok(_) => break,
            Err(DIED) => {
                // Acquire: pairs with the Release of `kernel`.
                shared.word.swap(OTHER, Acquire);
                // Relaxed, here and below: under the lock.
                let half = shared.left.load(Relaxed);
                shared.right.store(half, Relaxed);
                break;
            }
            Err(found) => _ = park::wait(&shared.word, found, None),
        }
    }
    // Relaxed: under the lock.
    let (left, right) = (shared.left.load(Relaxed), shared.right.load(Relaxed));
    assert_eq!(left, right, "half a change, and it was not told");
    // Release: pairs with the Acquire of `owner`.
    shared.word.store(FREE, Release);
    park::wake_one(&raw const shared.word);
}
// ANCHOR_END: other

impl Shared {
    const_fn! {
        /// A free lock, and two equal halves.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                word: AtomicU32::new(FREE),
                pending: AtomicU32::new(0),
                listed: AtomicU32::new(0),
                left: AtomicU32::new(0),
                right: AtomicU32::new(0),
            }
        }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model), not(explore)))]
mod tests {
    use super::{Shared, kernel, other, owner};
    use std::thread;

    #[test]
    fn both_get_it_and_the_kernel_has_nothing_to_do_after_a_usual_end() {
        for _ in 0..1000 {
            let shared = Shared::new();
            thread::scope(|s| {
                s.spawn(|| {
                    owner(&shared, true);
                    kernel(&shared);
                });
                s.spawn(|| other(&shared));
            });
        }
    }
}
