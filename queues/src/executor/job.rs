//! A task itself: the closure, the place for its result, and who wants to be told.
//!
//! One allocation, which its handle and the executor's queue share (and a box each for a large closure and its result:
//! see [`keep`](super::keep)). It has two faces. To the queue, whose tasks return
//! all kinds of things, it is a [`Job`]: something that can be run or called off. To the handle it is an [`Outcome`].

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::AssertUnwindSafe;

use primitives::Lock;
use primitives::sync::cell::UnsafeCell;

use super::keep::Keep;
use super::state::{Claim, Ending, State};
use crate::workers::{PanicError, catch_panic, drop_quietly};

/// A task, whatever it returns.
pub(super) trait Job: Send + Sync {
    fn state(&self) -> &State;

    /// Runs it in this thread, unless somebody else has it. Never panics.
    fn run(&self) -> bool;

    /// Calls it off, unless somebody has it already; returns whether this call did. The closure is gone by then. Never
    /// panics.
    fn cancel(&self) -> bool;

    /// Calls `callback` once the task is over and those before it have been called. Never panics.
    fn when_over(&self, callback: Callback);

    /// Calls `watcher`, which is our own and short, once the task is over: before the callbacks, and in no order.
    fn watch(&self, watcher: Callback);

    /// The panic that it ended by, if its handle is gone and never asked.
    fn unseen_panic(&self) -> Option<PanicError>;
}

/// A task that returns a `T`, as its handle sees it.
pub(super) trait Outcome<T>: Job {
    /// Takes the result out; `None` if it was called off.
    ///
    /// # Safety
    ///
    /// Only for the handle, and only when the task is over.
    unsafe fn take(&self) -> Option<Result<T, PanicError>>;

    /// The handle goes. A drop of a result that nobody asked for may panic: that is reported, and otherwise ignored.
    ///
    /// # Safety
    ///
    /// Only for the handle, and the last that it does.
    unsafe fn abandon(&self);
}

pub(super) type Callback = Box<dyn FnOnce() + Send>;

pub(super) struct Body<T, F, K: Keep> {
    state: State,
    /// Taken by whoever claims the task.
    work: UnsafeCell<Option<K::Kept<F>>>,
    /// Written by whoever runs it, before it is over.
    result: UnsafeCell<Option<Result<K::Kept<T>, PanicError>>>,
    callbacks: Lock<Callbacks>,
}

/// What is to be called when the task is over.
///
/// One thread at a time calls callbacks, one after the other: that keeps them in order. It calls them outside the lock,
/// where others may add more, and then looks again; so one that is added while an earlier one still runs waits for its
/// turn, and does not overtake.
#[derive(Default)]
struct Callbacks {
    stage: Stage,
    watchers: Vec<Callback>,
    callbacks: VecDeque<Callback>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The task is not over, or the thread that ended it has not come here yet.
    #[default]
    Waiting,
    /// A thread calls callbacks, and will look for more before it leaves.
    Calling,
    /// All that were added have been called.
    Called,
}

// SAFETY: it owns the closure and the result, in its own bytes or in boxes.
unsafe impl<T: Send, F: Send, K: Keep> Send for Body<T, F, K> {}
// SAFETY: the two cells are touched by one thread at a time, in an order that the state's word makes (see its table):
// that moves the closure and the result between threads, hence `Send`, and never shares them.
unsafe impl<T: Send, F: Send, K: Keep> Sync for Body<T, F, K> {}

impl<T, F, K: Keep> Body<T, F, K> {
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub(super) fn new(work: F) -> Self {
        Self {
            state: State::new(),
            work: UnsafeCell::new(Some(K::keep(work))),
            result: UnsafeCell::new(None),
            callbacks: Lock::new(Callbacks::default()),
        }
    }

    /// Takes the closure out.
    ///
    /// # Safety
    ///
    /// Only for the thread whose claim succeeded, once.
    unsafe fn take_work(&self) -> F {
        // SAFETY: by the caller's promise nobody else touches it: before the claim nobody may, and after it only the one.
        let work = self.work.with_mut(|work| unsafe { (*work).take() });
        K::give(work.expect("the claim gives it to one thread, once"))
    }

    /// Calls it off and gives the closure back, if nobody has it.
    pub(super) fn reclaim(&self) -> Option<F> {
        self.state.claim(Claim::Cancel).then(|| {
            // SAFETY: the claim succeeded just now.
            let work = unsafe { self.take_work() };
            self.state.finish(Ending::Cancelled, || ());
            work
        })
    }

    /// Empties the place of the result, but for a panic, which a scope may want to see.
    ///
    /// # Safety
    ///
    /// Only for the one to whom the result belongs.
    unsafe fn take_value(&self) -> Option<T> {
        self.result.with_mut(|place| {
            // SAFETY: by the caller's promise nobody else touches it.
            let place = unsafe { &mut *place };
            match place {
                Some(Ok(_)) => place.take().and_then(Result::ok).map(K::give),
                _ => None,
            }
        })
    }

    // ANCHOR: callbacks
    /// The task is over, by this thread: tells the watchers, and calls the callbacks.
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

    /// Calls callbacks until there are none. Only for the thread that has set the stage to `Calling`.
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
    // ANCHOR_END: callbacks
}

/// A panic of a callback is reported, and concerns nobody else.
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

    // ANCHOR: run
    fn run(&self) -> bool {
        if !self.state.claim(Claim::Run) {
            return false;
        }
        // SAFETY: the claim succeeded just now.
        let work = unsafe { self.take_work() };
        // Unwind safe: the closure is gone after a panic; what it shared with others is their affair, as with a thread.
        let result = catch_panic(AssertUnwindSafe(work)).map(K::keep);
        let ending = if result.is_ok() { Ending::Returned } else { Ending::Panicked };
        // SAFETY: the result belongs to who runs the task, until it is over.
        self.result.with_mut(|place| unsafe { *place = Some(result) });
        self.state.finish(ending, || {
            // SAFETY: it is not over, so the result still belongs to us.
            drop_quietly(unsafe { self.take_value() });
        });
        self.call_back();
        true
    }
    // ANCHOR_END: run

    // ANCHOR: cancel
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
    // ANCHOR_END: cancel

    fn when_over(&self, callback: Callback) {
        {
            let mut callbacks = self.callbacks.lock();
            callbacks.callbacks.push_back(callback);
            if callbacks.stage != Stage::Called {
                return; // whoever ends the task calls it, or whoever calls those before it
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
            // SAFETY: it is over and the handle has done the last that it does, so nobody writes to it any more.
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
        // SAFETY: called only when the task is over, and by the handle, to which the result then belongs.
        self.state.abandon(|| value = unsafe { self.take_value() });
        drop_quietly(value);
    }
}

/// How it stands. Never blocks.
impl fmt::Debug for dyn Job + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().look().fmt(f)
    }
}
