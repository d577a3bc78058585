//! The timer: one delayed call on its own thread, which can be cancelled.
//!
//! A timer is a thread and a [`CancellableSleep`]. The thread sleeps until the interval has passed,
//! and then calls the function. [`cancel`](Timer::cancel) cancels the sleep and wakes the thread,
//! so that it ends at once and does not sleep out the interval.
//!
//! ```text
//!    new ──▶ not started ──▶ start ──▶ thread: sleeps ──▶ the deadline ──▶ calls f ──▶ ends
//!                 │                        │   ▲
//!                 │ cancel                 │   └── cancel wakes it ──────────────────▶ ends
//!                 ▼                        │
//!            start does nothing       cancel and deadline at once: the sleep decides
//! ```
//!
//! One compare-exchange decides between the two: see
//! [`cancellable_sleep`](crate::cancellable_sleep). The winner takes the function, which is under a
//! lock, and calls it or drops it.
//!
//! A thread for each timer is simple, and Python does the same; each costs about 100 µs to start,
//! and a stack. For more than a few use [`Timers`](crate::Timers), which serves any number of them
//! on one thread.
//!
//! Source: CPython's `threading.Timer`; the result of `cancel` is this crate's.

mod error;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::error::{JoinError, StartError};
use crate::cancellable_sleep::CancellableSleep;
use crate::deadlock::WaitTarget;
use crate::lock::Lock;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::threads::{Builder, JoinHandle};
use crate::{park, sync};

/// Calls a function once, after an interval, unless it is cancelled first.
///
/// The interval begins at [`start`](Self::start). The function runs on its own thread, named
/// `Timer-1`, `Timer-2` … or by [`with_name`](Self::with_name). It never runs early; how late it
/// runs depends on how busy the machine is. A [`Duration`] that overflows `Instant` never fires,
/// and zero fires at once.
///
/// All calls are by `&self`, so any thread that can reach the timer may cancel it. Dropping it
/// changes nothing: a started timer still fires, and one that was not started never does. When
/// `main` returns, the process and its timers end; [`join`](Self::join) those that must fire.
///
/// A panic of the function is reported as that of any [thread](crate::threads), and comes out of
/// [`join`](Self::join).
///
/// _Python_: `threading.Timer(interval, f)`. There the program waits at its end for timers that are
/// still running, and `cancel()` returns nothing.
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

/// The timer's progress.
enum Run {
    NotStarted,
    /// It was cancelled before its start, so it has no thread.
    StartedInVain,
    Started(JoinHandle<()>),
}

/// What the timer and its thread share.
struct Shared {
    sleep: CancellableSleep,
    /// The thread that decides the sleep takes it, to call it or to drop it.
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

    /// Names its thread, for the report of a panic and for
    /// [`enumerate`](crate::threads::enumerate).
    #[must_use = "a timer does nothing until it is started"]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the timer's thread; the interval begins now. Does not wait for it.
    ///
    /// For a cancelled timer it returns without an error and starts nothing. Costs about 50 to 100
    /// µs, in which the system makes the thread.
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`] if it was started before: a timer can be used once.
    /// [`StartError::Spawn`] if the system cannot make a thread; then the timer may be started
    /// again later.
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

    /// Cancels the timer, before or after [`start`](Self::start). Returns whether this call
    /// prevents it from firing: `false` if it has fired already, or was cancelled before.
    ///
    /// The timer's thread, if it has one, wakes up and ends; the function is dropped here. Waits
    /// neither for the thread nor for a running call. One compare-exchange, and a system call if
    /// that succeeds.
    // ANCHOR: cancel
    pub fn cancel(&self) -> bool {
        let first = self.shared.sleep.cancel();
        if first {
            // In two steps: what it captured must be dropped after the lock is released.
            let callback = self.shared.callback.lock().take();
            drop(callback);
        }
        first
    }
    // ANCHOR_END: cancel

    /// Waits until the function has returned, or the timer is cancelled, and its thread is done.
    /// Blocks.
    ///
    /// Then all that the function did is visible here. Any number of threads may join, any number
    /// of times; all get the same result.
    ///
    /// # Errors
    ///
    /// [`JoinError::NotStarted`] before [`start`](Self::start), and [`JoinError::FromCallback`]
    /// from the function itself: either could wait without end. [`JoinError::Panicked`] if the
    /// function panicked.
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
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(&self) -> Result<(), JoinError> {
        let (outcome, thread) = match &*self.run.lock() {
            Run::NotStarted => return Err(JoinError::NotStarted),
            Run::StartedInVain => return Ok(()),
            Run::Started(handle) if handle.thread().id() == sync::thread::id() => {
                return Err(JoinError::FromCallback);
            }
            Run::Started(handle) => (Arc::clone(handle.outcome()), handle.thread().id()),
        };
        outcome.wait(None, WaitTarget::end(thread));
        outcome.panic().map_or(Ok(()), |panic| Err(JoinError::Panicked(panic)))
    }

    /// Whether the timer is finished: the function has returned or panicked, or the timer is
    /// cancelled.
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
            callback.expect("only the thread that decides the sleep takes it")();
        }
    }
}
// ANCHOR_END: run

fn next_name() -> String {
    sync::global! { static UNNAMED: AtomicU64 = AtomicU64::new(0); }

    // Relaxed: the numbers only have to differ.
    format!("Timer-{}", UNNAMED.fetch_add(1, Relaxed) + 1)
}

/// After a panic of the function, the timer is in the same state as after a return.
impl UnwindSafe for Timer {}
impl RefUnwindSafe for Timer {}

/// Shows the interval and the state. Never blocks.
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
