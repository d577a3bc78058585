//! The outcome of a thread, and where others sleep until it exists.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use super::panic::PanicError;
use super::unwind::catch_unwind;
use crate::condition::Condition;
use crate::deadlock::WaitTarget;
use crate::lock::Lock;
use crate::sync::model_failed;

/// A place for the result of a thread: the thread sets it once, and any number of others wait for
/// it.
pub(crate) struct Outcome<T> {
    result: Lock<Option<Result<T, PanicError>>>,
    is_there: Condition,
}

impl<T> Outcome<T> {
    pub(crate) fn new() -> Self {
        Self { result: Lock::new(None), is_there: Condition::new() }
    }

    /// Sets the result, and wakes all waiters.
    pub(crate) fn set(&self, result: Result<T, PanicError>) {
        let earlier = self.result.lock().replace(result);
        debug_assert!(earlier.is_none(), "a thread ends once");
        self.is_there.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        self.result.lock().is_some()
    }

    /// [`is_set`](Self::is_set) for `Debug`, which must not wait: `None` if another thread holds
    /// the lock just now.
    pub(crate) fn try_is_set(&self) -> Option<bool> {
        self.result.try_lock().map(|result| result.is_some())
    }

    /// Sleeps until there is a result, or until `deadline`. Returns whether there is one.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn wait(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        let mut result = self.result.lock();
        let mut time_is_up = false;
        while result.is_none() {
            if time_is_up {
                return false;
            }
            time_is_up = self.is_there.wait_for(&mut result, deadline, target).timed_out();
        }
        true
    }

    /// Takes the result out, if there is one.
    pub(crate) fn take(&self) -> Option<Result<T, PanicError>> {
        self.result.lock().take()
    }

    /// The panic that ended the thread, if one did. Leaves it there for other callers.
    pub(crate) fn panic(&self) -> Option<PanicError> {
        match &*self.result.lock() {
            Some(Err(panic)) => Some(panic.clone()),
            _ => None,
        }
    }
}

/// A thread's promise to those that wait for its end: an outcome, whatever happens to it.
pub(super) struct Promise<T> {
    outcome: Option<Arc<Outcome<T>>>,
    thread: String,
}

impl<T> Promise<T> {
    pub(super) fn new(outcome: Arc<Outcome<T>>, thread: &str) -> Self {
        Self { outcome: Some(outcome), thread: thread.to_owned() }
    }

    pub(super) fn keep(mut self, result: Result<T, PanicError>) {
        if let Some(outcome) = self.outcome.take() {
            outcome.set(result);
        }
    }
}

/// The thread ended, or never started, without a result of its closure.
impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(outcome) = self.outcome.take()
            && !model_failed()
        {
            let thread = mem::take(&mut self.thread);
            outcome.set(Err(PanicError::new(thread, None, None, Box::new(NO_RESULT))));
        }
    }
}

const NO_RESULT: &str = "the thread ended before its closure did";

/// The last owner, the thread or its handle, drops a result that was not taken. The panic hook
/// reports a panic of that drop, and no other code sees it.
impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        if model_failed() || !mem::needs_drop::<T>() {
            return;
        }
        let result = self.result.get_mut().take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(result))) {
            mem::forget(payload); // whose drop could panic again
        }
    }
}
