//! A scope that waits for its threads, so that they may borrow.

use std::fmt;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe, resume_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::builder::{Body, Builder, CANNOT_START, native_builder};
use super::handle::{debug, refuse_itself};
use super::outcome::Outcome;
use super::panic::PanicError;
use super::registry::Thread;
use crate::deadlock::{self, Asleep, WaitTarget};
use crate::park;
use crate::sync::thread as native;

/// Runs `f`, then waits for every thread that was started in the scope. Blocks.
///
/// The threads may borrow from the caller, because none of them outlives the call. With it a
/// program also keeps `main` from returning before its threads are done.
///
/// It waits for the closures. Destructors of a thread's thread-locals, which cannot borrow, may
/// still be running when it returns, as with std's scope; `join` on the handle waits for them, too.
///
/// _Python_: threads that are not daemons, but `scope` waits for them here and not at the end of
/// the program.
///
/// ```
/// use primitives::threads;
///
/// let numbers = [1, 2, 3, 4];
/// let (left, right) = numbers.split_at(2);
/// let sum = threads::scope(|s| {
///     let left = s.spawn(|| left.iter().sum::<i32>());
///     let right = s.spawn(|| right.iter().sum::<i32>());
///     left.join().unwrap() + right.join().unwrap()
/// });
/// assert_eq!(sum, 10);
/// ```
///
/// # Panics
///
/// If a thread panicked and its handle was not joined; the panic hook has reported it, as for any
/// thread.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let at = Location::caller();
    let mut asleep = None;
    native::scope(|scope| {
        // This also happens when `f` unwinds: std's scope waits for its threads then, too.
        let _at_its_end = AtItsEnd { scope, at, asleep: &mut asleep };
        f(Scope::from_native(scope))
    })
}

/// Tells the detector, when the closure of a scope has ended, that the thread will wait for the
/// others.
struct AtItsEnd<'a, 'scope, 'env> {
    scope: &'scope native::Scope<'scope, 'env>,
    at: &'static Location<'static>,
    asleep: &'a mut Option<Asleep>,
}

impl Drop for AtItsEnd<'_, '_, '_> {
    #[inline]
    fn drop(&mut self) {
        *self.asleep = Some(deadlock::awaits_scope(self.scope, self.at));
    }
}

/// Where [`scope`] starts its threads.
#[repr(transparent)]
pub struct Scope<'scope, 'env: 'scope>(native::Scope<'scope, 'env>);

impl<'scope, 'env> Scope<'scope, 'env> {
    fn from_native(scope: &'scope native::Scope<'scope, 'env>) -> &'scope Self {
        // SAFETY: `Self` is that type and nothing else, with the same layout (`repr(transparent)`)
        // and the same lifetimes; a reference to the one is a valid reference to the other for as
        // long.
        unsafe { &*ptr::from_ref(scope).cast::<Self>() }
    }

    pub(super) fn native(&'scope self) -> &'scope native::Scope<'scope, 'env> {
        &self.0
    }

    /// Starts a thread in this scope, which may borrow what outlives the scope.
    ///
    /// # Panics
    ///
    /// If the system cannot make a thread; [`Builder::spawn_scoped`] returns that as an error.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect(CANNOT_START)
    }
}

/// Starts threads of a scope with a name or a stack size.
impl Builder {
    /// Starts a thread in `scope` that runs `f`, as [`Scope::spawn`] does.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn).
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let (body, thread, outcome) = Body::new(self.name, f);
        let scoped = deadlock::Scoped::begins(scope.native(), thread.id());
        let native =
            native_builder(&thread, self.stack_size)?.spawn_scoped(scope.native(), move || {
                if scoped.during(|| body.run()).is_err() {
                    // std's scope must learn of it, to panic if no thread joins. This bypasses the
                    // hook, which has reported it.
                    resume_unwind(Box::new(()));
                }
            })?;
        Ok(ScopedJoinHandle::new(thread, outcome, native))
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// [`JoinHandle`](super::JoinHandle) of a thread in a [`scope`]: the same calls.
pub struct ScopedJoinHandle<'scope, T> {
    thread: Thread,
    outcome: Arc<Outcome<T>>,
    native: native::ScopedJoinHandle<'scope, ()>,
}

impl<'scope, T> ScopedJoinHandle<'scope, T> {
    pub(super) fn new(
        thread: Thread,
        outcome: Arc<Outcome<T>>,
        native: native::ScopedJoinHandle<'scope, ()>,
    ) -> Self {
        Self { thread, outcome, native }
    }

    /// Waits for the thread's end and returns what its closure returned. Blocks.
    ///
    /// # Errors
    ///
    /// [`PanicError`] if the thread panicked. Then the scope does not panic for it.
    ///
    /// # Panics
    ///
    /// If a thread joins itself.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(self) -> Result<T, PanicError> {
        refuse_itself(&self.thread);
        let _waiting = deadlock::joins(self.thread.id());
        // If there is an error here, there is one in the outcome too.
        let _ = self.native.join();
        self.outcome.take().expect("a thread that is gone has left its outcome")
    }

    /// Waits for the thread's end, for at most `timeout`. Returns whether it ended. Does not
    /// consume.
    ///
    /// # Panics
    ///
    /// If a thread joins itself.
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

    /// Whether the closure has returned or panicked.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.outcome.is_set()
    }

    /// Which thread it is.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// As for [`JoinHandle`](super::JoinHandle).
impl<T> UnwindSafe for ScopedJoinHandle<'_, T> {}
impl<T> RefUnwindSafe for ScopedJoinHandle<'_, T> {}

/// Shows name and number, and whether it has finished. Never blocks.
impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("ScopedJoinHandle", &self.thread, &self.outcome, f)
    }
}
