//! A lock for readers and writers whose door is kept for a writer that waits. A reader that reads a
//! second time waits behind it, and so for itself.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::{const_fn, thread};

/// A writer is inside.
const WRITES: u32 = 1 << 31;
/// A writer stands at the door.
const WAITS: u32 = 1 << 30;

/// How many readers are inside, or that a writer is; and whether one waits.
pub struct KeptDoor {
    state: AtomicU32,
}

// ANCHOR: door
impl KeptDoor {
    /// Goes in to read; waits while a writer is inside or at the door.
    pub fn read(&self) {
        loop {
            // Relaxed: the exchange decides.
            let state = self.state.load(Relaxed);
            if state & (WRITES | WAITS) != 0 {
                thread::yield_now(); // let others run
                continue;
            }
            // Acquire: pairs with the Release in `stop_writing`.
            if self.state.compare_exchange(state, state + 1, Acquire, Relaxed).is_ok() {
                return;
            }
        }
    }

    /// A reader goes out.
    pub fn stop_reading(&self) {
        // Release: pairs with the Acquire in `write`.
        self.state.fetch_sub(1, Release);
    }

    /// Goes in to write; waits while any thread is inside.
    pub fn write(&self) {
        loop {
            // Relaxed: the note orders nothing.
            self.state.fetch_or(WAITS, Relaxed);
            // Acquire: pairs with the Release in `stop_reading` and `stop_writing`.
            if self.state.compare_exchange(WAITS, WRITES, Acquire, Relaxed).is_ok() {
                return;
            }
            thread::yield_now();
        }
    }

    /// The writer goes out.
    pub fn stop_writing(&self) {
        // Release: pairs with the Acquire in `read` and `write`.
        self.state.store(0, Release);
    }

    /// Whether a writer stands at the door.
    pub fn is_awaited(&self) -> bool {
        // Relaxed: a look from outside.
        self.state.load(Relaxed) & WAITS != 0
    }
}
// ANCHOR_END: door

impl KeptDoor {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(0) }
        }
    }

    const_fn! {
        /// One reader is inside.
        #[must_use]
        pub const fn with_a_reader() -> Self {
            Self { state: AtomicU32::new(1) }
        }
    }
}

impl Default for KeptDoor {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: threads
/// The price is 3, and the writer raises it.
pub fn raise(door: &KeptDoor, price: &AtomicU32) {
    door.write();
    price.store(4, Relaxed); // Relaxed, here and below: the lock makes the order
    door.stop_writing();
}

/// One that is inside already when the others come.
pub fn early_reader(door: &KeptDoor) {
    door.stop_reading();
}

/// One that comes when the writer stands at the door already: it should see the new price.
pub fn late_reader(door: &KeptDoor, price: &AtomicU32) {
    if door.is_awaited() {
        door.read();
        assert_eq!(price.load(Relaxed), 4, "a reader that came later was first");
        door.stop_reading();
    }
}
// ANCHOR_END: threads

// ANCHOR: twice
/// Reads, and while it reads calls a function that reads.
pub fn reads_twice(door: &KeptDoor) {
    door.read();
    door.read();
    door.stop_reading();
    door.stop_reading();
}
// ANCHOR_END: twice
