//! The event between processes: a gate that one process opens for all.
//!
//! It is one word without a lock, so a killed process leaves nothing behind:
//!
//! | bits     | meaning                                                                 | written by               |
//! | -------- | ----------------------------------------------------------------------- | ------------------------ |
//! | 0        | `SET`: the gate is open                                                 | `set`, `clear`           |
//! | 1        | `SLEEPERS`: a thread may sleep; it is set before the thread sleeps      | `wait`; `clear` removes  |
//! | 2 and up | the generation: how often the gate was closed after it had been open    | `clear`                  |
//!
//! A waiter remembers the generation. If the gate is opened and closed again before the waiter
//! runs, the generation has changed, and the waiter knows that `set` reached it.
//!
//! `set` opens the gate and wakes the sleepers [in one system call](crate::futex), so a process
//! that is killed there has done both or neither. It waits for no answer from the woken threads:
//! CPython's does, and hangs when one of them is dead.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::alloc::Layout;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{self, Change, Deadline, Wait, change_and_wake};
use crate::segment::{Segment, Shared};

/// The gate is open.
const SET: u32 = 1;
/// The number of the bit `SET`.
const SET_BIT: u32 = 0;
/// A thread may sleep.
const SLEEPERS: u32 = 2;
/// One generation.
const GENERATION: u32 = 4;

#[repr(C, align(64))]
#[derive(Default)]
struct Body {
    word: AtomicU32,
}

// SAFETY: zero is an event that is not set; an atomic, and no address.
unsafe impl Shared for Body {
    const KIND: u32 = 3;
}

/// A gate that one thread opens for the threads of all processes.
///
/// _Python_: `multiprocessing.Event`, whose `set` hangs after a waiting process was killed.
///
/// ```
/// use processes::SharedEvent;
/// use std::time::Duration;
///
/// let ready = SharedEvent::new()?;
/// assert!(!ready.wait_timeout(Duration::from_millis(1)));
/// ready.clone().set();
/// ready.wait();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedEvent {
    segment: Arc<Segment<Body>>,
}

const NOTHING: Layout = Layout::new::<()>();

impl SharedEvent {
    /// An event that is not set. Costs about 20 µs and a file descriptor.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self { segment: Arc::new(Segment::create(NOTHING, 0)?) })
    }

    /// Whether the event is set. One load.
    #[must_use]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with the Release in `set`.
        self.segment.word.load(Acquire) & SET != 0
    }

    /// Sets the event, and wakes all waiters. Never blocks. Without a sleeper: one
    /// compare-exchange.
    pub fn set(&self) {
        let word = &self.segment.word;
        // Relaxed: the exchange compares.
        let mut found = word.load(Relaxed);
        while found & SLEEPERS == 0 {
            // Release: pairs with the Acquire of a thread that finds it set; also if another thread
            // had set it before.
            match word.compare_exchange_weak(found, found | SET, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => found = now,
            }
        }
        // This is a Release as well. The sleepers' bit stays until `clear`: no thread sleeps at an
        // open gate.
        change_and_wake(word, Change::OrBit(SET_BIT), i32::MAX);
    }

    /// Clears the event: a later waiter waits for the next [`set`](Self::set). Never blocks.
    pub fn clear(&self) {
        let word = &self.segment.word;
        // Relaxed: clearing publishes no data.
        let _ = word.fetch_update(Relaxed, Relaxed, |found| {
            (found & SET != 0).then(|| (found & !(SET | SLEEPERS)).wrapping_add(GENERATION))
        });
    }

    /// Blocks until the event is set. One load if it is.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Blocks until the event is set, for at most `timeout`. Returns whether it was set.
    ///
    /// Zero looks once; a timeout that overflows the clock never expires.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.is_set() || self.wait_until(futex::after(timeout))
    }

    /// Blocks until the event is set, or until `deadline`. Returns whether it was set.
    #[must_use]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_until(Some(deadline))
    }

    fn wait_until(&self, deadline: Deadline) -> bool {
        let word = &self.segment.word;
        // Acquire, here and below: pairs with the Release in `set`.
        let first = word.load(Acquire);
        let reached = |found: u32| found & SET != 0 || (found ^ first) >= GENERATION;
        let mut found = first;
        loop {
            if reached(found) {
                return true;
            }
            if found & SLEEPERS == 0 {
                match word.compare_exchange(found, found | SLEEPERS, Acquire, Acquire) {
                    Ok(_) => found |= SLEEPERS,
                    Err(now) => {
                        found = now;
                        continue;
                    }
                }
            }
            let timed_out = futex::wait(word, found, deadline) == Wait::TimedOut;
            found = word.load(Acquire);
            if timed_out {
                return reached(found);
            }
        }
    }
}

impl fmt::Debug for SharedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedEvent").field("set", &self.is_set()).finish()
    }
}

impl Serialize for SharedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.segment.give(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { segment: Arc::new(Segment::take(NOTHING, deserializer)?) })
    }
}
