//! How long a pause takes: 15 ns on one processor, 22 on another, 140 on some. So the policy says times, and they
//! are made pauses of here.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::system::Machine;

/// Pauses that are timed at once: enough to make little of reading the clock.
const TIMED: u32 = 16;
/// How often. The shortest counts: a thread that loses its core meanwhile makes a pause look longer, and nothing
/// makes it look shorter.
const TRIES: u32 = 3;
/// The least and the most, in picoseconds, that is believed: a pause that takes no time would be made an endless
/// number of, one that takes longer than a microsecond is the work of something that stops the program.
const BELIEVED: (u32, u32) = (1_000, 1_000_000);

/// The time that a pause takes, measured when it is first needed.
#[derive(Debug)]
pub(super) struct Pace {
    /// In picoseconds; 0: not measured yet.
    pause: AtomicU32,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { pause: AtomicU32::new(0) }
    }

    /// So many nanoseconds in pauses: at least one.
    #[inline]
    pub(super) fn pauses(&self, machine: &impl Machine, nanoseconds: u32) -> u32 {
        // Relaxed: the number stands alone; two threads that measure at once find about the same.
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
