//! The timer: one call, some time from now, on a thread of its own, that can be called off.
//!
//! A timer is a thread and a [`CancellableSleep`]. The thread sleeps until the interval has passed, and
//! then calls the function; [`cancel`](Timer::cancel) calls the sleep off, which also wakes the thread, so
//! that it ends at once and does not sleep out the interval for nothing.
//!
//! ```text
//!    new ──▶ not started ──▶ start ──▶ thread: sleeps ──▶ the deadline ──▶ calls f ──▶ ends
//!                 │                        │   ▲
//!                 │ cancel                 │   └── cancel wakes it ──────────────────▶ ends
//!                 ▼                        │
//!            start does nothing       cancel and deadline at once: the sleep decides
//! ```
//!
//! That deciding is all there is to it, and it is done by one compare-exchange: see
//! [`cancellable_sleep`](crate::cancellable_sleep).
//! Whoever wins takes the function, which lies under a lock, and either calls it or drops it.
//!
//! A thread for each timer is simple, and what Python does; each costs about 100 µs to start, and a stack. For
//! more than a handful use [`Timers`](crate::Timers), which serve any number of them on one thread.
//!
//! Source: CPython's `threading.Timer`; that `cancel` answers is this crate's.

mod error;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::error::{JoinError, StartError};
use crate::cancellable_sleep::CancellableSleep;
use crate::lock::Lock;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::threads::{Builder, JoinHandle};
use crate::{park, sync};

/// Calls a function once, after an interval, unless it is cancelled before.
///
/// It begins to count at [`start`](Self::start), and the function runs on a thread of its own, named `Timer-1`,
/// `Timer-2` … unless [`with_name`](Self::with_name) says otherwise. It is never early; how late depends on
/// how busy the machine is. A [`Duration`] too long for the clock never fires, and zero fires at once.
///
/// All calls are by `&self`, so any thread that can reach the timer may cancel it. Dropping it changes
/// nothing: a started timer fires without it, and one that was not started never will. When `main` returns
/// the process ends, and timers with it; [`join`](Self::join) those that must fire.
///
/// A panic of the function is reported as that of any [thread](crate::threads), and comes out of
/// [`join`](Self::join).
///
/// _Python_: `threading.Timer(interval, f)`. There the program waits at its end for timers that are still
/// running, and `cancel()` returns nothing.
///
/// ```
/// use primitives::{Event, Timer};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let ready = Arc::new(Event::new());
/// let tea = Timer::new(Duration::from_millis(5), {
///     let ready = Arc::clone(&ready);
///     move || ready.set()
/// });
/// tea.start()?;
/// ready.wait(); // 5 ms later
///
/// let alarm = Timer::new(Duration::from_secs(3600), || println!("an hour has passed"));
/// alarm.start()?;
/// assert!(alarm.cancel()); // … it has not, and will not: nothing is printed
/// # Ok::<(), primitives::timer::StartError>(())
/// ```
pub struct Timer {
    interval: Duration,
    name: Option<String>,
    run: Lock<Run>,
    shared: Arc<Shared>,
}

/// How far it has come.
enum Run {
    NotStarted,
    /// It was cancelled before, so it has no thread.
    StartedInVain,
    Started(JoinHandle<()>),
}

/// What the timer and its thread both have.
struct Shared {
    sleep: CancellableSleep,
    /// Taken by whoever decides the sleep, to be called or to be dropped.
    callback: Lock<Option<Callback>>,
}

type Callback = Box<dyn FnOnce() + Send>;

impl Timer {
    /// A timer for `f`, `interval` after it is started. Nothing runs yet.
    #[must_use = "a timer does nothing until it is started"]
    pub fn new(interval: Duration, f: impl FnOnce() + Send + 'static) -> Self {
        Self {
            interval,
            name: None,
            run: Lock::new(Run::NotStarted),
            shared: Arc::new(Shared {
                sleep: CancellableSleep::new(),
                callback: Lock::new(Some(Box::new(f))),
            }),
        }
    }

    /// Names its thread, for the report of a panic and for [`enumerate`](crate::threads::enumerate).
    #[must_use = "a timer does nothing until it is started"]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts its thread; the interval counts from now. Does not wait for it.
    ///
    /// On a timer that was cancelled before it is no error, and starts nothing. Costs about 50 to 100 µs, as the
    /// system makes the thread.
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`] if it was started before: a timer is good for one use.
    /// [`StartError::Spawn`] if the system has no thread to give; then it may be started again later.
    // ANCHOR: start
    pub fn start(&self) -> Result<(), StartError> {
        let deadline = park::deadline_after(self.interval);
        let mut run = self.run.lock();
        if !matches!(*run, Run::NotStarted) {
            return Err(StartError::AlreadyStarted);
        }
        *run = if self.shared.sleep.is_cancelled() {
            Run::StartedInVain
        } else {
            let shared = Arc::clone(&self.shared);
            let builder = Builder::new().name(self.name.clone().unwrap_or_else(next_name));
            Run::Started(builder.spawn(move || shared.run(deadline)).map_err(StartError::Spawn)?)
        };
        Ok(())
    }
    // ANCHOR_END: start

    /// Calls it off, before or after [`start`](Self::start). Returns whether this call is why it will not fire:
    /// `false` if it has fired already, or was cancelled before.
    ///
    /// Its thread, if it has one, is woken and ends; the function is dropped, here. Does not wait for either
    /// the thread or a call under way. One compare-exchange, and if it succeeds a system call.
    // ANCHOR: cancel
    pub fn cancel(&self) -> bool {
        let first = self.shared.sleep.cancel();
        if first {
            // In two steps: what it captured must be dropped after the lock.
            let callback = self.shared.callback.lock().take();
            drop(callback);
        }
        first
    }
    // ANCHOR_END: cancel

    /// Waits until the function has returned, or the timer is cancelled, and its thread is done. Blocks.
    ///
    /// All that the function did is visible here then. Any number of threads may join, as often as they like;
    /// all are told the same.
    ///
    /// # Errors
    ///
    /// [`JoinError::NotStarted`] before [`start`](Self::start), and [`JoinError::FromCallback`] from the
    /// function itself: either could wait for ever. [`JoinError::Panicked`] if the function panicked.
    ///
    /// ```
    /// use primitives::Timer;
    /// use primitives::timer::JoinError;
    /// use std::time::Duration;
    ///
    /// let timer = Timer::new(Duration::ZERO, || panic!("no tea left")).with_name("tea");
    /// assert!(matches!(timer.join(), Err(JoinError::NotStarted)));
    /// timer.start()?;
    /// match timer.join() {
    ///     Err(JoinError::Panicked(panic)) => assert_eq!(panic.thread_name(), "tea"),
    ///     other => unreachable!("{other:?}"),
    /// }
    /// # Ok::<(), primitives::timer::StartError>(())
    /// ```
    pub fn join(&self) -> Result<(), JoinError> {
        let outcome = match &*self.run.lock() {
            Run::NotStarted => return Err(JoinError::NotStarted),
            Run::StartedInVain => return Ok(()),
            Run::Started(handle) if handle.thread().id() == sync::thread::id() => {
                return Err(JoinError::FromCallback);
            }
            Run::Started(handle) => Arc::clone(handle.outcome()),
        };
        outcome.wait(None);
        outcome.panic().map_or(Ok(()), |panic| Err(JoinError::Panicked(panic)))
    }

    /// Whether nothing more will happen: the function has returned or panicked, or the timer is cancelled.
    ///
    /// _Python_: `timer.finished.is_set()`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.sleep.is_cancelled()
            || matches!(&*self.run.lock(), Run::Started(handle) if handle.is_finished())
    }
}

// ANCHOR: run
impl Shared {
    /// What the thread does.
    fn run(&self, deadline: Option<Instant>) {
        if self.sleep.wait(deadline) {
            // In two steps: the lock must not be held during the call.
            let callback = self.callback.lock().take();
            callback.expect("only who decides the sleep takes it")();
        }
    }
}
// ANCHOR_END: run

fn next_name() -> String {
    sync::global! { static UNNAMED: AtomicU64 = AtomicU64::new(0); }

    // Relaxed: only that no two are the same.
    format!("Timer-{}", UNNAMED.fetch_add(1, Relaxed) + 1)
}

/// A panic of the function leaves the timer as it is after a return.
impl UnwindSafe for Timer {}
impl RefUnwindSafe for Timer {}

/// Interval, and how it stands. Never blocks.
impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut timer = f.debug_struct("Timer");
        timer.field("interval", &self.interval);
        if let Some(run) = self.run.try_lock() {
            timer.field("started", &!matches!(*run, Run::NotStarted));
        }
        timer.field("sleep", &self.shared.sleep).finish()
    }
}
