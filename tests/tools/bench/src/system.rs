//! What the system reports about threads and cores, and which settings it allows. Without it the
//! figures that need it are missing, and the run says so.

#[cfg(target_os = "linux")]
pub use self::linux::{
    counts_as_own, pin, pin_process, processor_time, times_of_all, waited_for_a_core,
};
#[cfg(not(target_os = "linux"))]
pub use self::other::{
    counts_as_own, pin, pin_process, processor_time, times_of_all, waited_for_a_core,
};

use std::thread;
use std::time::Duration;

/// How many cores this program may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Processor time of the whole machine and of this program, in seconds, since some moment in the
/// past.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Of all programs.
    pub all: f64,
    /// Of this one.
    pub own: f64,
}

impl Times {
    /// Seconds that others had between the two.
    #[must_use]
    pub fn of_others_since(&self, before: &Self) -> f64 {
        ((self.all - before.all) - (self.own - before.own)).max(0.0)
    }
}

/// The part of the cores that others have at this moment, over a third of a second.
#[must_use]
pub fn taken_by_others() -> Option<f64> {
    let pause = Duration::from_millis(300);
    let before = times_of_all()?;
    thread::sleep(pause);
    let others = times_of_all()?.of_others_since(&before);
    Some(others / (pause.as_secs_f64() * cores() as f64))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::mem;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::time::Duration;

    use super::Times;

    /// The process that works for this one; 0 if there is none.
    static CHILD: AtomicU32 = AtomicU32::new(0);

    /// From now on, this child's processor time counts as this program's. For one child.
    pub fn counts_as_own(child: u32) {
        // Relaxed: only the number itself is read.
        CHILD.store(child, Relaxed);
    }

    /// Processor time of that child; `None` if there is none, or it has ended.
    fn of_the_child() -> f64 {
        // Relaxed: as above.
        let child = CHILD.load(Relaxed);
        let mut id = 0;
        // SAFETY: the call writes a number to `id`, which is on this stack.
        let error = unsafe { libc::clock_getcpuclockid(child as libc::pid_t, &raw mut id) };
        // 0 would be this process.
        if child == 0 || error != 0 {
            return 0.0;
        }
        clock(id).map_or(0.0, |time| time.as_secs_f64())
    }

    /// Keeps the calling thread on one core, thread 0 on the first that the program may use, thread
    /// 1 on the second. Returns whether it could.
    pub fn pin(thread: usize) -> bool {
        let Some(&core) = cores_allowed().get(thread) else { return false };
        // SAFETY: a set of bits, of which all zero is the empty one; it is valid and has the given
        // length, and the core is within it; 0 is this thread.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            libc::CPU_SET(core, &mut set);
            libc::sched_setaffinity(0, size_of_val(&set), &raw const set) == 0
        }
    }

    /// The cores that the calling thread may use.
    fn cores_allowed() -> Vec<usize> {
        // SAFETY: a set of bits, of which all zero is the empty one; the call writes no further
        // than the given length.
        let set = unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            libc::sched_getaffinity(0, size_of_val(&set), &raw mut set);
            set
        };
        // SAFETY: the set is initialized, and the number within its size.
        let is_allowed = |&core: &usize| unsafe { libc::CPU_ISSET(core, &set) };
        (0..libc::CPU_SETSIZE as usize).filter(is_allowed).collect()
    }

    /// Keeps the whole program on one core. Call it while there is one thread. Returns whether it
    /// could.
    pub fn pin_process() -> bool {
        pin(0) // who is spawned later inherits it
    }

    /// Processor time of the calling thread.
    pub fn processor_time() -> Option<Duration> {
        clock(libc::CLOCK_THREAD_CPUTIME_ID)
    }

    fn clock(which: libc::clockid_t) -> Option<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place to write a timespec to.
        let result = unsafe { libc::clock_gettime(which, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
        (result == 0).then(|| Duration::new(seconds, nanoseconds))
    }

    /// How long the calling thread was ready to run and had no core.
    pub fn waited_for_a_core() -> Option<Duration> {
        let statistics = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds = statistics.split_whitespace().nth(1)?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }

    /// Processor time so far on the cores that the program may use, by all programs, and by this
    /// program with its child.
    pub fn times_of_all() -> Option<Times> {
        let statistics = fs::read_to_string("/proc/stat").ok()?;
        let ticks: f64 = statistics.lines().filter_map(ticks_of_a_core).sum();
        // SAFETY: no memory is involved.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        Some(Times {
            all: ticks / per_second as f64,
            own: clock(libc::CLOCK_PROCESS_CPUTIME_ID)?.as_secs_f64() + of_the_child(),
        })
    }

    /// The busy time in a line `cpu1 …`, if the program may use that core.
    fn ticks_of_a_core(line: &str) -> Option<f64> {
        let mut fields = line.strip_prefix("cpu")?.split(' ');
        let core: usize = fields.next()?.parse().ok()?; // nothing for the sum of all
        let fields = Vec::from_iter(fields.filter_map(|field| field.parse::<f64>().ok()));
        // user nice system (idle iowait) irq softirq steal: a core that the host takes away is busy
        // too.
        let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|&i| fields.get(i)).sum();
        cores_allowed().contains(&core).then_some(busy)
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(missing_docs)]
mod other {
    use std::time::Duration;

    use super::Times;

    pub fn counts_as_own(_: u32) {}

    pub fn pin(_: usize) -> bool {
        false
    }

    pub fn pin_process() -> bool {
        false
    }

    pub fn processor_time() -> Option<Duration> {
        None
    }

    pub fn waited_for_a_core() -> Option<Duration> {
        None
    }

    pub fn times_of_all() -> Option<Times> {
        None
    }
}
