//! Plain data behind a flag
#![allow(clippy::new_without_default)]

use std::thread;

use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Acquire, Release};
use primitives::sync::cell::UnsafeCell;

/// A place for one number, and a flag that says whether it is filled.
pub struct Slot {
    filled: AtomicBool,
    item: UnsafeCell<u32>,
}

// SAFETY: one thread fills it once, before it sets the flag; another reads it after it has seen the
// flag.
unsafe impl Sync for Slot {}

impl Slot {
    /// An empty one.
    pub fn new() -> Self {
        Self { filled: AtomicBool::new(false), item: UnsafeCell::new(0) }
    }

    /// Puts a number in.
    pub fn put(&self, item: u32) {
        // SAFETY: the flag is not set yet, so no other thread touches it.
        self.item.with_mut(|place| unsafe { *place = item });
        // Release: pairs with the Acquire in `get`.
        self.filled.store(true, Release);
    }

    /// Takes the number out, if it is there.
    pub fn get(&self) -> Option<u32> {
        // Acquire: pairs with the Release in `put`.
        if !self.filled.load(Acquire) {
            return None;
        }
        // SAFETY: the flag is set, so the other thread has done with it.
        Some(self.item.with(|place| unsafe { *place }))
    }
}

/// Makes what the threads share, and starts them.
pub fn main() {
    let slot = Slot::new();
    thread::scope(|s| {
        s.spawn(|| slot.put(7));
        s.spawn(|| assert!(matches!(slot.get(), None | Some(7)), "half of a number"));
    });
}
