//! [`JoinHandle`]: waiting for a thread's end, and getting its result.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::outcome::Outcome;
use super::panic::PanicError;
use super::registry::Thread;
use crate::deadlock::{self, WaitTarget};
use crate::park;
use crate::sync::thread as native;

/// A started thread: wait for its end with [`join`](Self::join), or drop this and let it run on by
/// itself.
///
/// _Python_: the `threading.Thread` after `start()`. There `join` returns `None` however the thread
/// ended.
pub struct JoinHandle<T> {
    thread: Thread,
    outcome: Arc<Outcome<T>>,
    native: native::JoinHandle<()>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(
        thread: Thread,
        outcome: Arc<Outcome<T>>,
        native: native::JoinHandle<()>,
    ) -> Self {
        Self { thread, outcome, native }
    }

    /// Waits for the thread's end and returns what its closure returned. Blocks.
    ///
    /// When it returns, the thread and its thread-locals are gone, and all that the thread did is
    /// visible here.
    ///
    /// # Errors
    ///
    /// [`PanicError`] if the thread panicked: its name, the message, `file:line:column`, the
    /// payload.
    ///
    /// # Panics
    ///
    /// If a thread joins itself: it would wait without end. _Python_:
    /// `RuntimeError: cannot join current thread`.
    ///
    /// ```
    /// use primitives::threads;
    ///
    /// let handle = threads::spawn(|| "12a".parse::<u32>().unwrap());
    /// match handle.join() {
    ///     Ok(number) => println!("{number}"),
    ///     Err(panic) => println!("{panic}"), // thread 'Thread-1' panicked at src/main.rs:3:50: …
    /// }
    /// ```
    // ANCHOR: join
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(self) -> Result<T, PanicError> {
        refuse_itself(&self.thread);
        let _waiting = deadlock::joins(self.thread.id());
        // An error here comes from a destructor that ran after the outcome was set; the hook has
        // reported it.
        let _ = self.native.join();
        self.outcome.take().expect("a thread that is gone has left its outcome")
    }
    // ANCHOR_END: join

    /// [`join`](Self::join). If the wait would never end, it returns an error instead: the thread
    /// waits for the caller, or for threads that do, or it is the caller.
    ///
    /// # Errors
    ///
    /// A [`Report`](deadlock::Report), and the handle, to join again when the caller has released
    /// what the thread waits for. The inner error is that of [`join`](Self::join).
    ///
    /// ```
    /// use primitives::{Lock, threads};
    ///
    /// static TILL: Lock<u32> = Lock::named("till", 1);
    /// let guard = TILL.lock();
    /// let child = threads::spawn(|| TILL.lock_checked().map(|money| *money).ok());
    /// match child.join_checked() {
    ///     Ok(child) => assert_eq!(child.unwrap(), None, "the child was told that it would wait"),
    ///     Err((report, child)) => {
    ///         println!("{report}");
    ///         drop(guard); // it waits for this
    ///         assert_eq!(child.join().unwrap(), Some(1));
    ///     }
    /// }
    /// ```
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[allow(clippy::missing_panics_doc, reason = "a thread that is gone has left its outcome")]
    #[track_caller]
    pub fn join_checked(self) -> Result<Result<T, PanicError>, (Box<deadlock::Report>, Self)> {
        match deadlock::joins_checked(self.thread.id()) {
            Ok(_waiting) => {
                let _ = self.native.join(); // as in `join`
                Ok(self.outcome.take().expect("a thread that is gone has left its outcome"))
            }
            Err(report) => Err((report, self)),
        }
    }

    /// Waits for the thread's end, for at most `timeout`. Returns whether it ended.
    ///
    /// Does not consume: [`join`](Self::join) gives the result afterwards. Zero looks once; a
    /// timeout that overflows `Instant` never expires. Destructors of thread-locals may still be
    /// running.
    ///
    /// _Python_: `t.join(timeout)`, then `not t.is_alive()`.
    ///
    /// # Panics
    ///
    /// If a thread joins itself.
    ///
    /// ```
    /// use primitives::threads;
    /// use std::time::Duration;
    ///
    /// let sleeper = threads::spawn(|| threads::sleep(Duration::from_millis(50)));
    /// while !sleeper.join_timeout(Duration::from_millis(10)) {
    ///     println!("still waiting for {}", sleeper.thread().name());
    /// }
    /// sleeper.join().unwrap();
    /// ```
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        refuse_itself(&self.thread);
        self.outcome.wait(park::deadline_after(timeout), WaitTarget::end(self.thread.id()))
    }

    /// [`join_timeout`](Self::join_timeout), until `deadline` at most.
    ///
    /// # Panics
    ///
    /// If a thread joins itself.
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        refuse_itself(&self.thread);
        self.outcome.wait(Some(deadline), WaitTarget::end(self.thread.id()))
    }

    /// Whether the closure has returned or panicked, so that [`join`](Self::join) hardly waits.
    ///
    /// _Python_: `not t.is_alive()`.
    #[must_use]
    #[doc(alias = "is_alive")]
    pub fn is_finished(&self) -> bool {
        self.outcome.is_set()
    }

    /// The thread's outcome, for callers that must wait without consuming the handle.
    pub(crate) fn outcome(&self) -> &Arc<Outcome<T>> {
        &self.outcome
    }

    /// Which thread it is.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// Panics if a thread is about to wait for its own end.
pub(super) fn refuse_itself(thread: &Thread) {
    assert!(
        thread.id() != native::id(),
        "thread '{}' joins itself and would never return: join it from another thread",
        thread.name(),
    );
}

/// The state that a thread and its handle share is consistent after a panic of either.
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

/// Shows name and number, and whether it has finished. Never blocks.
impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("JoinHandle", &self.thread, &self.outcome, f)
    }
}

pub(super) fn debug<T>(
    name: &str,
    thread: &Thread,
    outcome: &Outcome<T>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut handle = f.debug_struct(name);
    handle.field("thread", &thread.name()).field("id", &thread.id());
    if let Some(finished) = outcome.try_is_set() {
        handle.field("finished", &finished);
    }
    handle.finish_non_exhaustive()
}
