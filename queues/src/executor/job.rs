//! The task itself: the closure, the place for its result, and the callbacks.
//!
//! One allocation, which its handle and the executor's queue share (and a box each for a large
//! closure and its result: see [`keep`](super::keep)). It has two interfaces. For the queue, whose
//! tasks return different types, it is a [`Job`], which can be run or cancelled. For the handle it
//! is an [`Outcome`].

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, Location};

use primitives::Lock;
use primitives::sync::cell::UnsafeCell;

use super::keep::Keep;
use super::state::{Claim, Ending, State};
use crate::workers::{PanicError, catch_panic, drop_quietly};

/// A task of any result type.
pub(super) trait Job: Send + Sync {
    fn state(&self) -> &State;

    /// Where the program submitted it.
    #[cfg_attr(model, expect(dead_code, reason = "a model has no threads to name"))]
    fn submitted_at(&self) -> &'static Location<'static>;

    /// Runs it in this thread, unless another thread has claimed it. Never panics.
    fn run(&self) -> bool;

    /// Cancels it, unless a thread has claimed it; returns whether this call did. The closure is
    /// dropped by then. Never panics.
    fn cancel(&self) -> bool;

    /// Calls `callback` once the task is over and the earlier callbacks were called. Never panics.
    fn when_over(&self, callback: Callback);

    /// Calls `watcher`, which is internal and short, once the task is over: before the callbacks,
    /// in any order.
    fn watch(&self, watcher: Callback);

    /// The panic that ended the task, if its handle is gone and never asked for it.
    fn unseen_panic(&self) -> Option<PanicError>;
}

/// A task that returns a `T`, as its handle sees it.
pub(super) trait Outcome<T>: Job {
    /// Takes the result out; `None` if the task was cancelled.
    ///
    /// # Safety
    ///
    /// Only for the handle, and only when the task is over.
    unsafe fn take(&self) -> Option<Result<T, PanicError>>;

    /// Called when the handle is dropped. The drop of an unclaimed result may panic: that is
    /// reported, and otherwise ignored.
    ///
    /// # Safety
    ///
    /// Only for the handle, as its last action.
    unsafe fn abandon(&self);
}

pub(super) type Callback = Box<dyn FnOnce() + Send>;

pub(super) struct Body<T, F, K: Keep> {
    state: State,
    /// The thread that claims the task takes it.
    work: UnsafeCell<Option<K::Kept<F>>>,
    /// The thread that runs the task writes it, before the task is over.
    result: UnsafeCell<Option<Result<K::Kept<T>, PanicError>>>,
    callbacks: Lock<Callbacks>,
    submitted_at: &'static Location<'static>,
}

/// The callbacks, for when the task is over.
///
/// One thread at a time calls the callbacks, one after the other, so they stay in order. It calls
/// them outside the lock, where others may add more, and then looks again. So a callback that is
/// added while an earlier one runs waits for its turn and does not overtake.
#[derive(Default)]
struct Callbacks {
    stage: Stage,
    watchers: Vec<Callback>,
    callbacks: VecDeque<Callback>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The task is not over, or the thread that ended it has not reached this step yet.
    #[default]
    Waiting,
    /// A thread is calling callbacks, and will look for more before it leaves.
    Calling,
    /// All callbacks so far have been called.
    Called,
}

// SAFETY: it owns the closure and the result, in its own bytes or in boxes.
unsafe impl<T: Send, F: Send, K: Keep> Send for Body<T, F, K> {}
// SAFETY: the two cells are touched by one thread at a time, in the order that the state's word
// defines (see its table). That moves the closure and the result between threads, which needs
// `Send`, and never shares them.
unsafe impl<T: Send, F: Send, K: Keep> Sync for Body<T, F, K> {}

impl<T, F, K: Keep> Body<T, F, K> {
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub(super) fn new(work: F, submitted_at: &'static Location<'static>) -> Self {
        Self {
            state: State::new(),
            work: UnsafeCell::new(Some(K::keep(work))),
            result: UnsafeCell::new(None),
            callbacks: Lock::new(Callbacks::default()),
            submitted_at,
        }
    }

    /// Takes the closure out.
    ///
    /// # Safety
    ///
    /// Only for the thread whose claim succeeded, once.
    unsafe fn take_work(&self) -> F {
        // SAFETY: by the caller's promise no other thread touches it: before the claim no thread
        // may, and after it only the claiming one.
        let work = self.work.with_mut(|work| unsafe { (*work).take() });
        K::give(work.expect("the claim gives it to one thread, once"))
    }

    /// Cancels the task and returns the closure, unless a thread has claimed it.
    pub(super) fn reclaim(&self) -> Option<F> {
        self.state.claim(Claim::Cancel).then(|| {
            // SAFETY: the claim succeeded just now.
            let work = unsafe { self.take_work() };
            self.state.finish(Ending::Cancelled, || ());
            work
        })
    }

    /// Drops the result, except for a panic, which a scope may want to see.
    ///
    /// # Safety
    ///
    /// Only for the owner of the result.
    unsafe fn take_value(&self) -> Option<T> {
        self.result.with_mut(|place| {
            // SAFETY: by the caller's promise no other thread touches it.
            let place = unsafe { &mut *place };
            match place {
                Some(Ok(_)) => place.take().and_then(Result::ok).map(K::give),
                _ => None,
            }
        })
    }

    /// This thread has ended the task: notifies the watchers, and calls the callbacks.
    fn call_back(&self) {
        let watchers = {
            let mut callbacks = self.callbacks.lock();
            let callbacks = &mut *callbacks;
            if callbacks.watchers.is_empty() && callbacks.callbacks.is_empty() {
                callbacks.stage = Stage::Called;
                return;
            }
            callbacks.stage = Stage::Calling;
            mem::take(&mut callbacks.watchers)
        };
        watchers.into_iter().for_each(call);
        self.call_in_turn();
    }

    /// Calls callbacks until there are none left. Only for the thread that has set the stage to
    /// `Calling`.
    fn call_in_turn(&self) {
        loop {
            let callback = {
                let mut callbacks = self.callbacks.lock();
                match callbacks.callbacks.pop_front() {
                    Some(callback) => callback,
                    None => {
                        callbacks.stage = Stage::Called;
                        callbacks.callbacks = VecDeque::new(); // and its memory is given back
                        return;
                    }
                }
            };
            call(callback); // with the lock released: it may add another
        }
    }
}

/// A panic of a callback is reported, and affects no other code.
fn call(callback: Callback) {
    drop_quietly(catch_panic(AssertUnwindSafe(callback)));
}

impl<T, F, K> Job for Body<T, F, K>
where
    F: FnOnce() -> T + Send,
    T: Send,
    K: Keep,
{
    fn state(&self) -> &State {
        &self.state
    }

    fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }

    // ANCHOR: run
    fn run(&self) -> bool {
        if !self.state.claim(Claim::Run) {
            return false;
        }
        // SAFETY: the claim succeeded just now.
        let work = unsafe { self.take_work() };
        // Unwind safe: the closure is gone after a panic. Others answer for what it shared with
        // them, as with a thread.
        let result = catch_panic(AssertUnwindSafe(work)).map(K::keep);
        let ending = if result.is_ok() { Ending::Returned } else { Ending::Panicked };
        // SAFETY: until the task is over, the result belongs to the thread that runs it.
        self.result.with_mut(|place| unsafe { *place = Some(result) });
        self.state.finish(ending, || {
            // SAFETY: it is not over, so the result still belongs to us.
            drop_quietly(unsafe { self.take_value() });
        });
        self.call_back();
        true
    }
    // ANCHOR_END: run

    fn cancel(&self) -> bool {
        if !self.state.claim(Claim::Cancel) {
            return false;
        }
        // SAFETY: the claim succeeded just now.
        drop_quietly(unsafe { self.take_work() });
        self.state.finish(Ending::Cancelled, || ());
        self.call_back();
        true
    }

    fn when_over(&self, callback: Callback) {
        {
            let mut callbacks = self.callbacks.lock();
            callbacks.callbacks.push_back(callback);
            if callbacks.stage != Stage::Called {
                return; // the thread that ends the task calls it, or the one that calls the others
            }
            callbacks.stage = Stage::Calling;
        }
        self.call_in_turn();
    }

    fn watch(&self, watcher: Callback) {
        {
            let mut callbacks = self.callbacks.lock();
            if callbacks.stage == Stage::Waiting {
                callbacks.watchers.push(watcher);
                return;
            }
        }
        call(watcher);
    }

    fn unseen_panic(&self) -> Option<PanicError> {
        if !self.state.panicked_unseen() {
            return None;
        }
        self.result.with(|place| {
            // SAFETY: it is over and the handle has done its last action, so no thread writes to it
            // any more.
            match unsafe { &*place } {
                Some(Err(panic)) => Some(panic.clone()),
                _ => None,
            }
        })
    }
}

impl<T, F, K> Outcome<T> for Body<T, F, K>
where
    F: FnOnce() -> T + Send,
    T: Send,
    K: Keep,
{
    unsafe fn take(&self) -> Option<Result<T, PanicError>> {
        debug_assert!(self.state.look().is_over());
        // SAFETY: the task is over, so the result belongs to the handle, which is the caller.
        let result = self.result.with_mut(|place| unsafe { (*place).take() });
        result.map(|result| result.map(K::give))
    }

    unsafe fn abandon(&self) {
        let mut value = None;
        // SAFETY: only the handle calls this, when the task is over, and then the result belongs to
        // the handle.
        self.state.abandon(|| value = unsafe { self.take_value() });
        drop_quietly(value);
    }
}

/// Shows the state. Never blocks.
impl fmt::Debug for dyn Job + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().look().fmt(f)
    }
}
