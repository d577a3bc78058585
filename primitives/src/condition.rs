//! The condition: sleep until the data under a lock has changed.
//!
//! A thread holds a lock, looks at the data and finds that it cannot go on: the queue is empty. It
//! must release the lock (or no thread could ever fill the queue), sleep, and take the lock again
//! before it looks once more. The danger lies between the release and the sleep. A notification
//! that comes just then must not be missed, because it may be the only one.
//!
//! The condition is a counter of notifications, [`sequence`](Condition), and the wait is:
//!
//! ```text
//!    waiter                                   notifier
//!    holds the lock, data not ready
//!    1  s = sequence                          a  takes the lock, changes the data, releases it
//!    2  releases the lock                     b  sequence += 1
//!    3  sleeps while sequence == s            c  wakes one (or all) that sleep on it
//!    4  takes the lock, looks again
//! ```
//!
//! The notifier can do _a_ only after _2_, because the waiter holds the lock until then. So _b_
//! comes after _1_. Then either _3_ finds a different sequence, or the waiter is asleep when _c_
//! arrives; there is no third possibility. If the waiter read the sequence _after_ it released the
//! lock, all of _a b c_ could fit between: it would read the new number, and sleep without end.
//!
//! A second word counts the waiters, so that notifying when no thread waits (the usual case) is one
//! load and no system call. That load needs no ordering of its own: the waiter counted itself
//! before it released the lock, and the notifier took the lock after that to change the data. **So
//! change the data under the lock**, even if it is an atomic. Notifying after the release is
//! correct, and faster: the woken thread does not find the lock taken.
//!
//! A waiter that wakes up knows nothing about the data. A waiter may be woken by a notification
//! that was meant for another waiter, and a thread that never slept may have been faster. Hence the
//! loops, and [`wait_while`](Condition::wait_while), which writes the loop for you.
//!
//! The counter has 32 bits. A waiter would miss a notification only if exactly 4,294,967,296 of
//! them (or a multiple) came between its steps 1 and 3.
//!
//! Source: the sequence counter is Drepper's and std's; the count of waiters is from Birrell,
//! [_Implementing Condition Variables with
//! Semaphores_](https://birrell.org/andrew/papers/ImplementingCVs.pdf).

mod lock;
mod raw;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::lock::ConditionLock;
use self::lock::Guarded;
use crate::deadlock::{Identity, Kind, WaitTarget};
use crate::lock::LockGuard;
use crate::park::{self, Wait};
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::{const_fn, model_failed, spin};

/// A place to sleep until the data under a [`Lock`](crate::Lock) has changed.
///
/// One lock may have several conditions (a queue has "not empty" and "not full"). Waiting on one
/// condition with different locks at the same time is allowed, but is hardly ever intended.
///
/// _Python_: `threading.Condition`, which contains its lock: `with condition:` takes it. Here the
/// [`Lock`](crate::Lock) is separate and contains the data. `wait_for(predicate)` is
/// [`wait_while`](Self::wait_while) with the opposite predicate. A wait releases only the lock that
/// it is given. With the typed calls, that lock was taken once.
///
/// ```
/// use primitives::{Condition, Lock};
///
/// let ready = Lock::new(false);
/// let changed = Condition::new();
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         *ready.lock() = true; // change the data under the lock …
///         changed.notify_one(); // … and notify
///     });
///     let mut ready = ready.lock();
///     while !*ready {
///         changed.wait(&mut ready); // lets the lock go, sleeps, takes it again
///     }
/// });
/// ```
pub struct Condition {
    identity: Identity,
    /// How many notifications there have been. Waiters sleep on this word.
    sequence: AtomicU32,
    /// How many threads are in a wait.
    waiters: AtomicU32,
}

/// Whether a timed wait timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time ran out before a notification came (in the calls with a predicate: before
    /// the predicate let the thread go on).
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condition {
    const_fn! {
        /// A condition without waiters.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                identity: Identity::new(Kind::Condition, ""),
                sequence: AtomicU32::new(0),
                waiters: AtomicU32::new(0),
            }
        }
    }

    const_fn! {
        /// A condition without waiters, with a name for [reports of deadlocks](crate::deadlock).
        /// Without the feature `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self {
                identity: Identity::new(Kind::Condition, name),
                sequence: AtomicU32::new(0),
                waiters: AtomicU32::new(0),
            }
        }
    }

    /// Releases the lock, sleeps until notified, takes the lock again.
    ///
    /// Blocks. May return without a notification, so call it in a loop, or use
    /// [`wait_while`](Self::wait_while). Spins for about two microseconds before it sleeps.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait<T: ?Sized>(&self, guard: &mut LockGuard<'_, T>) {
        self.wait_on(&Guarded::of(guard), None, self.identity.waiting_for_anyone());
    }

    /// Waits while `blocked` returns `true`; asks it at once, and again after each notification.
    ///
    /// ```
    /// # use primitives::{Condition, Lock};
    /// let jobs = Lock::new(vec!["sweep"]);
    /// let arrived = Condition::new();
    /// let mut jobs = jobs.lock();
    /// arrived.wait_while(&mut jobs, |jobs| jobs.is_empty()); // there is one: does not wait
    /// ```
    #[doc(alias = "wait_for")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        mut blocked: impl FnMut(&mut T) -> bool,
    ) {
        while blocked(guard) {
            self.wait(guard);
        }
    }

    /// [`wait`](Self::wait), for at most `timeout`.
    ///
    /// The lock is taken again in any case, and that may take longer. Zero releases the lock once
    /// and takes it again; a timeout that overflows `Instant` never expires.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        self.wait_for(guard, park::deadline_after(timeout), self.identity.waiting_for_anyone())
    }

    /// [`wait_while`](Self::wait_while), for at most `timeout` in all.
    ///
    /// [`timed_out`](WaitTimeoutResult::timed_out) says that `blocked` still held at the end.
    ///
    /// ```
    /// # use primitives::{Condition, Lock};
    /// # use std::time::Duration;
    /// let jobs = Lock::new(Vec::<&str>::new());
    /// let arrived = Condition::new();
    /// let mut jobs = jobs.lock();
    /// let result =
    ///     arrived.wait_timeout_while(&mut jobs, Duration::from_millis(1), |jobs| jobs.is_empty());
    /// assert!(result.timed_out());
    /// ```
    #[doc(alias = "wait_for")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout_while<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        timeout: Duration,
        blocked: impl FnMut(&mut T) -> bool,
    ) -> WaitTimeoutResult {
        self.wait_until_while(guard, park::deadline_after(timeout), blocked)
    }

    /// [`wait_while`](Self::wait_while), until `deadline` at most.
    ///
    /// [`timed_out`](WaitTimeoutResult::timed_out) says that `blocked` still held at the end. With
    /// a deadline that has passed it looks, releases the lock once, and looks again.
    ///
    /// ```
    /// # use primitives::{Condition, Lock};
    /// # use std::time::Instant;
    /// let jobs = Lock::new(vec!["sweep"]);
    /// let arrived = Condition::new();
    /// let mut jobs = jobs.lock();
    /// let result = arrived.wait_deadline_while(&mut jobs, Instant::now(), |jobs| jobs.is_empty());
    /// assert!(!result.timed_out());
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline_while<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        deadline: Instant,
        blocked: impl FnMut(&mut T) -> bool,
    ) -> WaitTimeoutResult {
        self.wait_until_while(guard, Some(deadline), blocked)
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_until_while<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        deadline: Option<Instant>,
        mut blocked: impl FnMut(&mut T) -> bool,
    ) -> WaitTimeoutResult {
        let mut time_is_up = false;
        while blocked(guard) {
            if time_is_up {
                return WaitTimeoutResult(true);
            }
            let target = self.identity.waiting_for_anyone();
            time_is_up = self.wait_for(guard, deadline, target).timed_out();
        }
        WaitTimeoutResult(false)
    }

    /// [`wait`](Self::wait), until `deadline` at most.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_for(guard, Some(deadline), self.identity.waiting_for_anyone())
    }

    /// [`wait_deadline`](Self::wait_deadline), for a caller that uses this condition to wait for
    /// something else; deadlock reports then name that. `None` never expires.
    #[doc(hidden)]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut LockGuard<'_, T>,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> WaitTimeoutResult {
        self.wait_on(&Guarded::of(guard), deadline, target)
    }

    // ANCHOR: wait
    /// The wait that all of them use. (The `target` is only for reports of deadlocks.)
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_on<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> WaitTimeoutResult {
        self.let_go_while(lock, |sequence| {
            // Relaxed: the waiter looks at the data under the lock again, so this decides only when
            // it does.
            if spin::watch(|| self.sequence.load(Relaxed) != sequence) {
                return Wait::Woken;
            }
            park::wait_for(&self.sequence, sequence, deadline, target.at_any_cost())
        })
    }

    /// Releases the lock, calls `sleep` with the sequence, and takes the lock again, even if
    /// `sleep` unwinds: while a guard is alive, the lock is held.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn let_go_while<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        sleep: impl FnOnce(u32) -> Wait,
    ) -> WaitTimeoutResult {
        // Both happen while the lock is still held (see the drawing above). Relaxed: a notifier
        // that must see the count, or whose new sequence must be seen, takes the lock after this
        // release; the lock orders them.
        let counted = Counted::new(&self.waiters);
        let sequence = self.sequence.load(Relaxed);
        let released = Released::new(lock);

        let outcome = sleep(sequence);

        drop(counted);
        released.take_back();
        WaitTimeoutResult(outcome == Wait::TimedOut)
    }
    // ANCHOR_END: wait

    /// A coroutine is about to wait: counts it, and returns the sequence at which it sleeps. Under
    /// the lock of the data, as the first two steps of a wait.
    #[doc(hidden)]
    #[must_use]
    pub fn begin_async(&self) -> u32 {
        // Relaxed, both: see `let_go_while`.
        self.waiters.fetch_add(1, Relaxed);
        self.sequence.load(Relaxed)
    }

    /// Ends what `begin_async` began.
    #[doc(hidden)]
    pub fn end_async(&self) {
        // Relaxed: as in `Counted`.
        self.waiters.fetch_sub(1, Relaxed);
    }

    /// Where a coroutine sleeps between the two.
    #[doc(hidden)]
    #[must_use]
    pub fn word(&self) -> &AtomicU32 {
        &self.sequence
    }

    // ANCHOR: notify
    /// Wakes one waiter, if there is one. Does not block, and does not need the lock.
    ///
    /// Without a waiter: one load.
    #[inline]
    #[doc(alias = "signal")]
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes every waiter. Does not block, and does not need the lock.
    ///
    /// They all compete for the lock; where only one of them could go on, use
    /// [`notify_one`](Self::notify_one). Without a waiter: one load.
    #[inline]
    #[doc(alias = "broadcast")]
    pub fn notify_all(&self) {
        if self.anybody_waits() {
            self.notify_all_slow();
        }
    }

    /// Wakes `n` waiters, or as many as there are.
    ///
    /// As in Python it may wake more: a thread that is about to fall asleep notices the change too.
    /// Without a waiter: one load.
    #[inline]
    pub fn notify(&self, n: usize) {
        if self.anybody_waits() {
            self.notify_slow(n);
        }
    }

    #[inline]
    fn anybody_waits(&self) -> bool {
        // Relaxed: a waiter that must be seen counted itself under the lock, which the caller has
        // taken since.
        self.waiters.load(Relaxed) != 0
    }

    #[cold]
    fn notify_slow(&self, n: usize) {
        if n == 0 {
            return;
        }
        // Relaxed: see `wait_on`. It comes before the wake, so that a waiter that is not asleep yet
        // does not fall asleep.
        self.sequence.fetch_add(1, Relaxed);
        for _ in 0..n {
            if !park::wake_one(&raw const self.sequence) {
                return; // no waiter is left
            }
        }
    }

    #[cold]
    fn notify_all_slow(&self) {
        // Relaxed: as in `notify_slow`.
        self.sequence.fetch_add(1, Relaxed);
        park::wake_all(&raw const self.sequence);
    }
    // ANCHOR_END: notify
}

/// A lock that a wait has released, and that it owes to its caller.
struct Released<'a, L: ConditionLock + ?Sized> {
    lock: &'a L,
    /// `None`: it has been taken back.
    saved: Option<L::Saved>,
}

impl<'a, L: ConditionLock + ?Sized> Released<'a, L> {
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn new(lock: &'a L) -> Self {
        Self { lock, saved: Some(lock.release_all()) }
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn take_back(mut self) {
        if let Some(saved) = self.saved.take() {
            self.lock.restore_all(saved);
        }
    }
}

/// The wait unwinds.
impl<L: ConditionLock + ?Sized> Drop for Released<'_, L> {
    fn drop(&mut self) {
        if let Some(saved) = self.saved.take()
            && !model_failed()
        {
            self.lock.restore_all(saved);
        }
    }
}

// ANCHOR: counted
/// A waiter while it is counted. It is a guard, because releasing a lock that is not held panics.
struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    fn new(waiters: &'a AtomicU32) -> Self {
        // Relaxed: see `wait_on`.
        waiters.fetch_add(1, Relaxed);
        Self(waiters)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            // Relaxed: a waiter that is counted too long costs a notifier at most a system call.
            self.0.fetch_sub(1, Relaxed);
        }
    }
}
// ANCHOR_END: counted

impl Default for Condition {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for display only.
        f.debug_struct("Condition").field("waiters", &self.waiters.load(Relaxed)).finish()
    }
}
