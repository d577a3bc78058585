//! The semaphore between processes: permits that come back when their process was killed.
//!
//! A counter cannot tell which process holds the permits. So the semaphore keeps a table: how many
//! permits there are, and how many each handle of each process holds. The free permits are the
//! difference. The table is under a [robust lock](crate::robust), and each change is one store. So
//! a process that is killed between two stores leaves a table from which the rest can be counted
//! again:
//!
//! ```text
//!     permits       4
//!     held          [ 1   0   2   … ]      by the members, processes in a table of their own
//!     available     1                      = permits − held: kept, and counted again after a death
//! ```
//!
//! A waiter that finds no permit first checks whether a member is dead, and takes its permits back.
//! Then it sleeps, and checks again every 20 ms, because a death wakes no thread here.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;
use std::alloc::Layout;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{self, Deadline, Wait};
use crate::members::Members;
use crate::robust::{Found, RobustLock};
use crate::segment::{Segment, Shared};

/// The most handles, over all processes, that may use one semaphore at a time.
const MOST_MEMBERS: usize = if cfg!(model) { 3 } else { 256 };
/// How often a sleeper looks for dead members.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Relaxed everywhere unless another ordering is explained: under the lock.
#[repr(C, align(64))]
struct Body {
    lock: RobustLock,
    permits: AtomicU32,
    available: AtomicU32,
    /// Changes when a permit comes back.
    sequence: AtomicU32,
    /// How many threads may sleep; never too low.
    sleepers: AtomicU32,
    held: [AtomicU32; MOST_MEMBERS],
    members: Members<MOST_MEMBERS>,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            lock: RobustLock::default(),
            permits: AtomicU32::new(0),
            available: AtomicU32::new(0),
            sequence: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
            held: std::array::from_fn(|_| AtomicU32::new(0)),
            members: Members::default(),
        }
    }
}

// SAFETY: zeros are a semaphore without a permit; atomics, and no address but the lock's own.
unsafe impl Shared for Body {
    const KIND: u32 = 5;
}

const NOTHING: Layout = Layout::new::<()>();

/// A number of permits that threads of all processes take and give back. The permits of a killed
/// process come back.
///
/// A [`SharedPermit`] goes back when it is dropped. A clone is another handle of the same
/// semaphore; up to 256 handles of all processes may take permits at a time.
///
/// _Uncontended_: `acquire` and `release` each take and release a robust lock; no system call.
///
/// _Python_: `multiprocessing.Semaphore`, which loses the permits of killed processes.
///
/// ```
/// use processes::SharedSemaphore;
///
/// let seats = SharedSemaphore::new(2)?;
/// let (one, _two) = (seats.acquire(), seats.acquire());
/// assert!(seats.try_acquire().is_none());
/// drop(one);
/// assert_eq!(seats.available(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedSemaphore {
    handle: Arc<Handle>,
}

struct Handle {
    segment: Segment<Body>,
    /// This handle's place in the table.
    member: primitives::Lock<Option<Member>>,
}

#[derive(Clone, Copy)]
struct Member {
    number: usize,
    /// A forked child needs its own place.
    forks: u32,
}

impl SharedSemaphore {
    /// The most permits that a semaphore can have: 2,147,483,647.
    pub const MAX_PERMITS: usize = i32::MAX as usize;

    /// A semaphore with `permits` permits; zero is allowed. Costs about 20 µs and a file
    /// descriptor.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    pub fn new(permits: usize) -> io::Result<Self> {
        assert!(
            permits <= Self::MAX_PERMITS,
            "too many permits for a semaphore: at most 2147483647 (`SharedSemaphore::MAX_PERMITS`) are allowed"
        );
        let segment = Segment::<Body>::create(NOTHING, 0)?;
        segment.permits.store(permits as u32, Relaxed);
        segment.available.store(permits as u32, Relaxed);
        Ok(Self::from_segment(segment))
    }

    fn from_segment(segment: Segment<Body>) -> Self {
        Self { handle: Arc::new(Handle { segment, member: primitives::Lock::new(None) }) }
    }

    /// Takes a permit; blocks until there is one. A permit of a killed process is available within
    /// 20 ms.
    ///
    /// # Panics
    ///
    /// If 256 handles of living processes already use the semaphore.
    pub fn acquire(&self) -> SharedPermit {
        self.acquire_until(None, false).expect("no deadline")
    }

    /// Takes a permit if there is one, also one of a killed process. Blocks only for the
    /// semaphore's own lock.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use]
    pub fn try_acquire(&self) -> Option<SharedPermit> {
        self.acquire_until(None, true)
    }

    /// Takes a permit; blocks for at most `timeout`, then `None`. Zero tries once.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SharedPermit> {
        self.acquire_until(futex::after(timeout), timeout.is_zero())
    }

    /// Takes a permit; blocks until `deadline` at most, then `None`.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use]
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<SharedPermit> {
        self.acquire_until(Some(deadline), false)
    }

    /// Adds `n` new permits, and wakes as many waiters.
    ///
    /// # Panics
    ///
    /// If `n` is zero, or if there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS). Then
    /// nothing changes.
    pub fn release(&self, n: usize) {
        assert!(n > 0, "released 0 permits: `n` must be one or more");
        let body = self.body();
        let table = body.table();
        let permits = body.permits.load(Relaxed) as usize;
        if n > Self::MAX_PERMITS - permits {
            drop(table);
            panic!(
                "released {n} permits where there are {permits}: \
                 a semaphore has at most {} (`SharedSemaphore::MAX_PERMITS`)",
                Self::MAX_PERMITS,
            );
        }
        body.permits.store((permits + n) as u32, Relaxed);
        body.put_back(n as u32);
        table.close_and_wake(n);
    }

    /// How many permits there are at this moment; out of date at once. Permits of killed processes
    /// do not count.
    #[must_use]
    pub fn available(&self) -> usize {
        self.body().available.load(Relaxed) as usize
    }

    /// Takes back the permits of killed processes, without waiting for a permit. Returns how many
    /// there were.
    pub fn reclaim(&self) -> usize {
        let body = self.body();
        let table = body.table();
        let found = body.bury();
        table.close_and_wake(found as usize);
        found as usize
    }

    fn body(&self) -> &Body {
        &self.handle.segment
    }

    fn acquire_until(&self, deadline: Deadline, once: bool) -> Option<SharedPermit> {
        let member = self.handle.member();
        let body = self.body();
        let mut look_for_the_dead = true;
        let mut timed_out = once;
        loop {
            let table = body.table();
            if body.available.load(Relaxed) == 0 && look_for_the_dead {
                body.bury();
            }
            let available = body.available.load(Relaxed);
            if available > 0 {
                let held = &body.held[member];
                // First the table; the free permits are only the rest.
                held.store(held.load(Relaxed) + 1, Relaxed);
                body.available.store(available - 1, Relaxed);
                // A wake-up may have gone to a sleeper that was killed: pass one on if there are
                // more permits.
                table.close_and_wake(usize::from(available > 1));
                return Some(SharedPermit { handle: Arc::clone(&self.handle), member });
            }
            if timed_out {
                return None;
            }
            let seen = body.sequence.load(Relaxed);
            body.sleepers.fetch_add(1, Relaxed);
            drop(table);
            let woken = futex::wait(&body.sequence, seen, futex::at_most(deadline, LOOK_EVERY));
            body.sleepers.fetch_sub(1, Relaxed);
            look_for_the_dead = woken == Wait::TimedOut;
            timed_out = look_for_the_dead && futex::is_over(deadline);
        }
    }
}

/// Holds the lock; the data under it is consistent.
struct Table<'a>(&'a Body);

impl Table<'_> {
    /// Releases the lock, and wakes that many sleepers.
    fn close_and_wake(self, n: usize) {
        let body = self.0;
        let sleepers = body.sleepers.load(Relaxed);
        if n == 0 || sleepers == 0 {
            return;
        }
        body.sequence.fetch_add(1, Relaxed);
        drop(self);
        futex::wake(&body.sequence, i32::try_from(n).unwrap_or(i32::MAX));
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.0.lock.release();
    }
}

impl Body {
    fn table(&self) -> Table<'_> {
        let Ok(found) = self.lock.acquire(None) else { unreachable!("no deadline") };
        if found == Found::Damaged {
            self.count_again();
            self.lock.set_repaired();
        }
        Table(self)
    }

    fn count_again(&self) {
        let held: u32 = self.held.iter().map(|held| held.load(Relaxed)).sum();
        self.available.store(self.permits.load(Relaxed).saturating_sub(held), Relaxed);
    }

    fn put_back(&self, n: u32) {
        self.available.store(self.available.load(Relaxed) + n, Relaxed);
    }

    /// Takes the permits of killed processes; returns how many.
    fn bury(&self) -> u32 {
        let before = self.available.load(Relaxed);
        if self.members.bury(|member| self.held[member].store(0, Relaxed)) > 0 {
            self.count_again();
        }
        self.available.load(Relaxed) - before
    }
}

impl Handle {
    fn member(&self) -> usize {
        let forks = crate::identity::forks();
        let mut member = self.member.lock();
        match *member {
            Some(known) if known.forks == forks => known.number,
            _ => {
                let table = self.segment.table();
                let number =
                    self.segment.members.join(|dead| self.segment.held[dead].store(0, Relaxed));
                self.segment.count_again();
                drop(table);
                let number =
                    number.expect("256 handles of living processes use this semaphore already");
                *member = Some(Member { number, forks });
                number
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(member) = *self.member.get_mut() else { return };
        // An entry that still holds permits (forgotten by `mem::forget`) stays until its process
        // has ended.
        if member.forks == crate::identity::forks()
            && self.segment.held[member.number].load(Relaxed) == 0
        {
            self.segment.members.leave(member.number);
        }
    }
}

/// A permit. It goes back when a thread of its process drops it, or when its process is killed.
#[must_use = "the permit goes back at once if it is dropped"]
pub struct SharedPermit {
    handle: Arc<Handle>,
    member: usize,
}

impl SharedPermit {
    /// Consumes the permit: it does not come back.
    pub fn forget(self) {
        let body = &*self.handle.segment;
        let table = body.table();
        let held = &body.held[self.member];
        held.store(held.load(Relaxed) - 1, Relaxed);
        // If it is killed here, the permit comes back.
        body.permits.store(body.permits.load(Relaxed) - 1, Relaxed);
        drop(table);
        self.into_parts();
    }

    /// Drops only the handle.
    fn into_parts(self) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: read once, and the permit is not dropped.
        drop(unsafe { std::ptr::read(&raw const this.handle) });
    }
}

impl Drop for SharedPermit {
    fn drop(&mut self) {
        // In a forked child it belongs to the parent.
        if self.handle.member.lock().is_none_or(|member| member.forks != crate::identity::forks()) {
            return;
        }
        let body = &*self.handle.segment;
        let table = body.table();
        let held = &body.held[self.member];
        held.store(held.load(Relaxed) - 1, Relaxed);
        body.put_back(1);
        table.close_and_wake(1);
    }
}

impl fmt::Debug for SharedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPermit").finish_non_exhaustive()
    }
}

// A panic leaves the table (the lock's owner is alive and continues) and the handle consistent.
impl std::panic::RefUnwindSafe for SharedSemaphore {}
impl std::panic::UnwindSafe for SharedSemaphore {}

impl fmt::Debug for SharedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSemaphore").field("available", &self.available()).finish()
    }
}

impl Serialize for SharedSemaphore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.handle.segment.give(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedSemaphore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_segment(Segment::take(NOTHING, deserializer)?))
    }
}
