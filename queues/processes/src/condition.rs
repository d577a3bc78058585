//! The condition between processes: sleep until the value of a [`SharedLock`] has changed.
//!
//! A waiter reads a sequence word while it holds the lock. It releases the lock and sleeps while
//! the word has not changed. `notify` changes the word and wakes, [in one system
//! call](crate::futex).
//!
//! Two kinds of death could lose a notification. A process may be killed after it was woken and
//! before it has looked; then the waiter that needed the notification stays asleep. And a process
//! may be killed after it has changed the value and before it notifies. No word can show that. So a
//! waiter also wakes by itself every 100 ms, and looks: each caller of `wait` must expect a wake-up
//! without a notification anyway.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::alloc::Layout;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::Pod;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{self, Change, Deadline, change_and_wake};
use crate::lock::{OwnerDied, SharedLockGuard};
use crate::robust::Found;
use crate::segment::{Segment, Shared};

/// How often a waiter looks by itself, because a death may have lost a notification.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[repr(C, align(64))]
#[derive(Default)]
struct Body {
    /// Changes with each notification.
    sequence: AtomicU32,
    /// How many may sleep; never too low. Dead waiters are never subtracted: each notification then
    /// costs a system call.
    sleepers: AtomicU32,
}

// SAFETY: zeros are a condition without waiters; it has only atomics, and no address.
unsafe impl Shared for Body {
    const KIND: u32 = 4;
}

const NOTHING: Layout = Layout::new::<()>();

/// Lets threads of all processes sleep until the value of a [`SharedLock`](crate::SharedLock) has
/// changed.
///
/// Always use one condition with one lock. A wake-up may be spurious: wait in a loop, or by
/// [`wait_while`](Self::wait_while).
///
/// _Python_: `multiprocessing.Condition`.
///
/// ```
/// use processes::{SharedCondition, SharedLock};
///
/// let letters = SharedLock::new(0u32)?;
/// let arrived = SharedCondition::new()?;
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         *letters.lock().unwrap() += 1;
///         arrived.notify_one();
///     });
///     let mut letters = letters.lock().unwrap();
///     arrived.wait_while(&mut letters, |letters| *letters == 0).unwrap();
///     *letters -= 1;
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedCondition {
    segment: Arc<Segment<Body>>,
}

impl SharedCondition {
    /// A condition without waiters. Costs about 20 µs and a file descriptor.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self { segment: Arc::new(Segment::create(NOTHING, 0)?) })
    }

    /// Releases the lock, sleeps until notified, and takes the lock again. May wake spuriously, and
    /// does so after 100 ms.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`]: the lock is held again, but another owner died meanwhile.
    /// [Repair](SharedLockGuard::repair) it when the value is sound.
    pub fn wait<T: Pod>(&self, guard: &mut SharedLockGuard<'_, T>) -> Result<(), OwnerDied<()>> {
        self.wait_once(guard, None)
    }

    /// Waits while `pending` returns `true` for the value.
    ///
    /// _Python_: `wait_for(predicate)`, with the opposite predicate.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_while<T: Pod>(
        &self,
        guard: &mut SharedLockGuard<'_, T>,
        mut pending: impl FnMut(&mut T) -> bool,
    ) -> Result<(), OwnerDied<()>> {
        while pending(guard) {
            self.wait_once(guard, None)?;
        }
        Ok(())
    }

    /// As [`wait`](Self::wait), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout<T: Pod>(
        &self,
        guard: &mut SharedLockGuard<'_, T>,
        timeout: Duration,
    ) -> Result<SharedWaitResult, OwnerDied<()>> {
        let deadline = futex::after(timeout);
        self.wait_once(guard, deadline)?;
        Ok(SharedWaitResult { timed_out: futex::is_over(deadline) })
    }

    /// As [`wait`](Self::wait), until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_deadline<T: Pod>(
        &self,
        guard: &mut SharedLockGuard<'_, T>,
        deadline: Instant,
    ) -> Result<SharedWaitResult, OwnerDied<()>> {
        self.wait_once(guard, Some(deadline))?;
        Ok(SharedWaitResult { timed_out: futex::is_over(Some(deadline)) })
    }

    /// As [`wait_while`](Self::wait_while), for at most `timeout`; timed out means that the
    /// condition still held then.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout_while<T: Pod>(
        &self,
        guard: &mut SharedLockGuard<'_, T>,
        timeout: Duration,
        mut pending: impl FnMut(&mut T) -> bool,
    ) -> Result<SharedWaitResult, OwnerDied<()>> {
        let deadline = futex::after(timeout);
        loop {
            if !pending(guard) {
                return Ok(SharedWaitResult { timed_out: false });
            }
            if futex::is_over(deadline) {
                return Ok(SharedWaitResult { timed_out: true });
            }
            self.wait_once(guard, deadline)?;
        }
    }

    /// Wakes one waiter. One load if there is none.
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes all waiters. One load if there is none.
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// Wakes up to `n` waiters. One load if there is none.
    pub fn notify(&self, n: usize) {
        // SeqCst: pairs with the increment in `wait_once`. A notifier that does not hold the lock,
        // and finds no sleeper, comes before the waiter's load of the sequence.
        if n == 0 || self.segment.sleepers.load(SeqCst) == 0 {
            return;
        }
        let most = i32::try_from(n).unwrap_or(i32::MAX);
        change_and_wake(&self.segment.sequence, Change::AddOne, most);
    }

    fn wait_once<T: Pod>(
        &self,
        guard: &mut SharedLockGuard<'_, T>,
        deadline: Deadline,
    ) -> Result<(), OwnerDied<()>> {
        let Body { sequence, sleepers } = &**self.segment;
        // SeqCst: pairs with the load in `notify`.
        sleepers.fetch_add(1, SeqCst);
        // Relaxed: the lock, which is still held, orders this load; a later notification changes
        // the word.
        let seen = sequence.load(Relaxed);
        let lock = guard.raw();
        lock.release();
        futex::wait(sequence, seen, futex::at_most(deadline, LOOK_EVERY));
        // Relaxed: a count that is too high for a while costs a system call.
        sleepers.fetch_sub(1, Relaxed);
        match lock.acquire(None) {
            Ok(Found::Whole) => Ok(()),
            Ok(Found::Damaged) => Err(OwnerDied(())),
            Err(_) => unreachable!("no deadline"),
        }
    }
}

/// How a wait with a deadline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedWaitResult {
    timed_out: bool,
}

impl SharedWaitResult {
    /// Whether the wait timed out.
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.timed_out
    }
}

impl fmt::Debug for SharedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCondition").finish_non_exhaustive()
    }
}

impl Serialize for SharedCondition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.segment.give(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { segment: Arc::new(Segment::take(NOTHING, deserializer)?) })
    }
}
