//! How long a pause takes: 15 ns on one processor, 22 on another, 140 on some. So the policy states
//! times, and this module converts them into pauses.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::system::Machine;

/// Pauses that are timed together: so many that reading the clock hardly counts.
const TIMED: u32 = 16;
/// How often it measures. The shortest time counts: a preempted thread makes a pause look longer,
/// and nothing makes it look shorter.
const TRIES: u32 = 3;
/// The least and the most, in picoseconds, that is believed. If a pause took no time, the number of
/// pauses would be endless. If it took more than a microsecond, something had stopped the program.
const BELIEVED: (u32, u32) = (1_000, 1_000_000);

/// The time that a pause takes, measured when it is first needed.
#[derive(Debug)]
pub(super) struct Pace {
    /// In picoseconds; 0 until it is measured.
    pause: AtomicU32,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { pause: AtomicU32::new(0) }
    }

    /// The number of pauses for a time in nanoseconds; at least one.
    #[inline]
    pub(super) fn pauses(&self, machine: &impl Machine, nanoseconds: u32) -> u32 {
        // Relaxed: no other data depends on the number; two threads that measure at once find about
        // the same.
        let pause = match self.pause.load(Relaxed) {
            0 => self.measure(machine),
            pause => pause,
        };
        (nanoseconds * 1000).div_ceil(pause)
    }

    #[cold]
    fn measure(&self, machine: &impl Machine) -> u32 {
        let shortest = (0..TRIES).map(|_| {
            let start = machine.now();
            (0..TIMED).for_each(|_| machine.pause());
            machine.now().saturating_sub(start)
        });
        let picoseconds = shortest.min().unwrap_or_default() * 1000 / u64::from(TIMED);
        let (least, most) = BELIEVED;
        let pause = picoseconds.clamp(u64::from(least), u64::from(most)) as u32;
        // Relaxed: as above.
        self.pause.store(pause, Relaxed);
        pause
    }
}
