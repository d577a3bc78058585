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

/// What `ask` answered the first time, and 1 until it has answered. 0 in `answer`: never asked.
///
/// The system reads files to answer, so it is asked once. To read them, std allocates. The
/// program's allocator may take a lock, and a thread that waits for that lock comes here again: it
/// must not ask a second time. With an answer of 1 it sleeps at once, which is never wrong.
#[inline]
fn asked_once(answer: &AtomicUsize, ask: impl FnOnce() -> usize) -> usize {
    // Relaxed: pairs with both stores below. No other data depends on the number, and two threads
    // that ask at once store the same.
    let known = answer.load(Relaxed);
    if known != 0 {
        return known;
    }
    answer.store(1, Relaxed); // Relaxed: pairs with the load above
    let asked = ask();
    answer.store(asked, Relaxed); // Relaxed: pairs with the load above
    asked
}

impl Machine for System {
    #[inline]
    fn cores(&self) -> usize {
        static CORES: AtomicUsize = AtomicUsize::new(0);
        asked_once(&CORES, crate::sync::cores::available)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_whose_answer_takes_a_lock_is_asked_once() {
        let answer = AtomicUsize::new(0);
        let again = || asked_once(&answer, || panic!("asked while it answers"));
        assert_eq!(asked_once(&answer, || again() + 7), 8);
        assert_eq!(again(), 8);
    }
}
