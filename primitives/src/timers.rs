//! Timers by the thousand, on one thread.
//!
//! A [`Timer`](crate::Timer) has its own thread, which is simple but does not scale: ten thousand
//! of them would be ten thousand threads. Here one thread sleeps until the earliest of all
//! deadlines, calls what is due, and sleeps again.
//!
//! ```text
//!    after, at, every ──▶ ┌─────────────────────────┐ ◀── sleeps until the earliest deadline ◀──┐
//!                         │ schedule, under a lock  │                                           │
//!    cancel ────────────▶ └─────────────────────────┘ ──▶ takes out what is due ──▶ calls it ───┘
//!                                                                                   (no lock held)
//! ```
//!
//! Setting and cancelling take the lock for a moment. Only a timer that is earlier than all others
//! wakes the thread, which must now sleep for a shorter time. So setting a hundred timers does not
//! wake it a hundred times. A cancelled timer does not wake it: the thread finds nothing due when
//! it wakes up, and sleeps on.
//!
//! The thread takes out one due timer at a time, and calls it after it has released the lock. So a
//! callback may set and cancel timers, and each timer can be cancelled until its call.
//! [`cancel`](TimerHandle::cancel) and the thread take from the same schedule under the same lock,
//! and only one of them finds the timer there.
//!
//! Callbacks run one after the other, earliest deadline first, equal ones in the order in which
//! they were set. One that takes long makes those behind it late: what takes long belongs on a
//! thread or a queue of its own. One that panics is reported, like any [thread](crate::threads),
//! and the others go on.
//!
//! Apart from [`park`](crate::park), only this module reads the clock to decide that a deadline has
//! come. If it asked `park`, each of many timers that are due at once would cost a system call.
//!
//! | file                  | idea                                                              |
//! | --------------------- | ----------------------------------------------------------------- |
//! | `timers.rs`           | what a program calls                                              |
//! | `timers/service.rs`   | the thread: when it sleeps, what wakes it, what happens to a panic |
//! | `timers/schedule.rs`  | what is to be called when, without clock or thread                |
//! | `timers/job.rs`       | a callback, once or again and again                               |

mod builder;
mod handle;
mod job;
mod schedule;
mod service;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::builder::Builder;
pub use self::handle::TimerHandle;
use self::job::{Every, Job, Once};
use self::service::{Service, nanoseconds};
use crate::sync;
use crate::threads::{JoinHandle, Thread};

/// Any number of timers, on one thread.
///
/// Timers are set by [`after`](Self::after), [`at`](Self::at) and [`every`](Self::every), from any
/// thread, and fire unless [cancelled](TimerHandle::cancel) first. They are never early. They fire
/// in the order of their deadlines, and at equal deadlines in the order in which they were set.
/// They all share one thread, so a callback should be short.
///
/// With 10,000 pending timers, each costs at most 64 bytes besides the callback. Setting one
/// allocates the callback's box. Setting and cancelling take a lock and move an entry in a heap, so
/// both grow with the logarithm of their number.
///
/// Dropping this is [`shutdown`](Self::shutdown): pending timers are discarded. A callback that
/// sets timers needs a reference to this, and should hold a [`Weak`](std::sync::Weak): with an
/// `Arc` it keeps all of it alive until it has run, and a periodic one keeps it alive permanently.
///
/// _Python_: `threading` has none; like `loop.call_later` and `call_at` of `asyncio`, without the
/// loop.
///
/// ```
/// use primitives::{Semaphore, Timers};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let timers = Timers::new();
/// let ticks = Arc::new(Semaphore::new(0));
///
/// let clock = timers.every(Duration::from_millis(1), {
///     let ticks = Arc::clone(&ticks);
///     move || ticks.release(1)
/// });
/// let alarm = timers.after(Duration::from_secs(3600), || println!("an hour has passed"));
///
/// for _ in 0..3 {
///     ticks.acquire().forget(); // three ticks
/// }
/// assert!(clock.cancel()); // and no more of them
/// assert!(alarm.is_pending());
/// assert_eq!(timers.shutdown(), 1); // the alarm will not ring
/// ```
pub struct Timers {
    service: Arc<Service>,
    /// Which thread serves.
    thread: Thread,
    /// `None` after it was joined.
    running: Option<JoinHandle<()>>,
    /// The process that has the thread: a forked child does not.
    process: u32,
}

impl Timers {
    /// Starts a thread for timers, named `Timers-1`, `Timers-2` …
    ///
    /// # Panics
    ///
    /// If the system cannot make a thread; [`Builder::build`] returns that as an error.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::builder().build().expect("the system has no thread to give")
    }

    /// As [`new`](Self::new), with a chosen name or stack size.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Calls `f` once, `delay` from now. Does not wait for it.
    ///
    /// Zero fires as soon as the thread is free. A delay that overflows `Instant` never fires, but
    /// is pending and can be cancelled. The handle may be dropped; the timer still fires.
    ///
    /// Blocks only for the lock, which is held briefly. Wakes the thread if this timer is the first
    /// to fire, which costs about 15 µs.
    #[doc(alias = "call_later")]
    pub fn after(&self, delay: Duration, f: impl FnOnce() + Send + 'static) -> TimerHandle {
        let deadline = self.service.now().saturating_add(nanoseconds(delay));
        self.set(deadline, Once::new(f))
    }

    /// Calls `f` once, at `deadline`, or as soon as the thread is free if that has passed. (All
    /// instants before this object was made count as one: their timers are called in the order in
    /// which they were set.)
    ///
    /// Blocks only for the lock, and costs what [`after`](Self::after) does.
    #[doc(alias = "call_at")]
    pub fn at(&self, deadline: Instant, f: impl FnOnce() + Send + 'static) -> TimerHandle {
        self.set(self.service.time_of(deadline), Once::new(f))
    }

    /// Calls `f` every `period`, for the first time one period from now, until it is cancelled.
    ///
    /// It does not drift: each deadline is a whole number of periods after the call of `every`,
    /// however late earlier calls were. Deadlines that were missed, because a call took longer than
    /// the period or the machine slept, are skipped. A call that panics is the last one, because
    /// what `f` captured may be half changed.
    ///
    /// # Panics
    ///
    /// If the period is zero, which would leave no time for anything else.
    #[track_caller]
    pub fn every(&self, period: Duration, f: impl FnMut() + Send + 'static) -> TimerHandle {
        assert!(
            !period.is_zero(),
            "a period of zero would leave no time for anything else: use at least 1 ns, or a loop",
        );
        let period = nanoseconds(period);
        self.set(self.service.now().saturating_add(period), Every::new(period, f))
    }

    fn set(&self, deadline: u64, job: impl Job + 'static) -> TimerHandle {
        let key = self.service.set(deadline, Box::new(job));
        TimerHandle::new(Arc::clone(&self.service), key)
    }

    /// How many timers will still fire, unless they are cancelled. A periodic timer counts as one.
    /// The answer may be out of date when you read it.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.service.pending()
    }

    /// Discards all pending timers and ends the thread; waits for a running callback. Returns how
    /// many were discarded.
    ///
    /// When it returns, no callback runs and none ever will. So do not call it, or drop the last
    /// owner, while you hold a lock that a callback waits for. (In a callback, which may drop the
    /// last owner, it does not wait for that callback. In a forked child, which does not have the
    /// thread, it does nothing.)
    pub fn shutdown(mut self) -> usize {
        self.stop()
    }

    fn stop(&mut self) -> usize {
        if self.process != process::id() {
            // The handle is of a thread that is not here, and another such thread may have locked
            // the service.
            mem::forget(self.running.take());
            return 0;
        }
        let discarded = self.service.shut_down();
        if let Some(running) = self.running.take()
            && self.thread.id() != sync::thread::id()
        {
            // It cannot have panicked: the service contains the panics of callbacks.
            let _ = running.join();
        }
        discarded
    }

    /// The serving thread, alive or not: the report of a panicking callback has its name.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// For the models, where a role serves as the thread.
#[cfg(model)]
impl Timers {
    /// Without a thread.
    #[must_use]
    pub fn unserved() -> Self {
        Self {
            service: Arc::new(Service::new()),
            thread: crate::threads::current(),
            running: None,
            process: process::id(),
        }
    }

    /// Does one step of the thread: waits until a timer is due, and calls it; `false` after
    /// [`close`](Self::close).
    pub fn serve_one(&self) -> bool {
        self.service.serve_one()
    }

    /// Shuts down where there is no thread to wait for.
    pub fn close(&self) -> usize {
        self.service.shut_down()
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::new()
    }
}

/// [`shutdown`](Timers::shutdown).
impl Drop for Timers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The service contains the panics of callbacks, and is consistent after them.
impl UnwindSafe for Timers {}
impl RefUnwindSafe for Timers {}

/// Shows the thread's name, and how many timers are pending. Never blocks.
impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut timers = f.debug_struct("Timers");
        timers.field("thread", &self.thread.name());
        match self.service.try_pending() {
            Some(pending) => timers.field("pending", &pending).finish(),
            None => timers.finish_non_exhaustive(),
        }
    }
}
