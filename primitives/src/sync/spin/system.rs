//! What the policy asks of the machine, and the real one.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a spinning wait knows of a machine: the real one, or a test's.
pub(super) trait Machine {
    /// How many cores this process has (a `taskset` or a container's share counts).
    fn cores(&self) -> usize;

    /// On which core the calling thread runs at this moment.
    fn core(&self) -> usize;

    /// Nanoseconds since some moment in the past.
    fn now(&self) -> u64;

    /// The processor's hint that a thread looks at a word again and again.
    fn pause(&self);

    /// Gives the core to another thread, if one is ready.
    fn give_turn(&self);

    /// Sleeps for so many nanoseconds.
    fn nap(&self, nanoseconds: u64);
}

/// The real one.
#[derive(Debug)]
pub(super) struct System;

impl Machine for System {
    #[inline]
    fn cores(&self) -> usize {
        // The system reads files to answer, so it is asked once. 0 until then.
        static CORES: AtomicUsize = AtomicUsize::new(0);

        // Relaxed: no other data depends on the number; two threads that ask at once store the
        // same.
        let mut cores = CORES.load(Relaxed);
        if cores == 0 {
            cores = crate::sync::cores::available();
            // Relaxed: as above.
            CORES.store(cores, Relaxed);
        }
        cores
    }

    #[inline]
    fn core(&self) -> usize {
        crate::sync::cores::current()
    }

    #[inline]
    fn now(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    #[inline]
    fn pause(&self) {
        core::hint::spin_loop();
    }

    fn give_turn(&self) {
        std::thread::yield_now();
    }

    fn nap(&self, nanoseconds: u64) {
        std::thread::sleep(Duration::from_nanos(nanoseconds));
    }
}
