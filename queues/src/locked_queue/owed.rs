//! What a call owes to the sleepers of a queue if the program's comparison panics in it.
//!
//! A getter or putter that was called, and then panics, has used up a call that was meant for an
//! item or a place that is still there. Another sleeper gets the call.

use std::mem::{self, ManuallyDrop};

use primitives::LockGuard;

use super::{LockedQueue, State};
use crate::discipline::Discipline;
use crate::sleepers::Sleepers;

/// What a call owes to sleepers if a comparison panics. It is declared before the lock is taken, so
/// that it is dropped, and the sleepers are woken, when the lock is released: to wake a coroutine
/// runs code of the program.
pub(super) struct Owed<'a, S: Discipline> {
    queue: &'a LockedQueue<S>,
    getters: usize,
    is_watched: bool,
    pub(super) putters: usize,
}

impl<'a, S: Discipline> Owed<'a, S> {
    #[inline]
    pub(super) fn nothing(queue: &'a LockedQueue<S>) -> Self {
        Self { queue, getters: 0, is_watched: false, putters: 0 }
    }

    pub(super) fn call_putter(&mut self, putters: &mut Sleepers) {
        self.putters += putters.call(1);
    }

    pub(super) fn call_getters(&mut self, getters: &mut Sleepers, events: usize) {
        self.getters += getters.call(events);
        self.is_watched = getters.is_watched();
    }
}

impl<S: Discipline> Drop for Owed<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if self.getters > 0 || self.is_watched {
            self.queue.wake_getters(self.getters, self.is_watched);
        }
        if self.putters > 0 {
            self.queue.not_full.notify(self.putters);
        }
    }
}

impl<S: Discipline> LockedQueue<S> {
    /// Calls `f` under the lock. If it panics, `otherwise` decides under the lock what is owed, and
    /// the sleepers are woken when the lock is released.
    #[inline]
    pub(super) fn unless_it_panics<'a, R>(
        &'a self,
        state: LockGuard<'a, State<S>>,
        f: impl FnOnce(&mut LockGuard<'a, State<S>>) -> R,
        otherwise: impl FnMut(&mut State<S>, &mut Owed<'_, S>),
    ) -> (LockGuard<'a, State<S>>, R) {
        struct OnPanic<'a, S: Discipline, F: FnMut(&mut State<S>, &mut Owed<'_, S>)> {
            queue: &'a LockedQueue<S>,
            state: ManuallyDrop<LockGuard<'a, State<S>>>,
            otherwise: F,
        }
        impl<S: Discipline, F: FnMut(&mut State<S>, &mut Owed<'_, S>)> Drop for OnPanic<'_, S, F> {
            #[cold]
            fn drop(&mut self) {
                let mut owed = Owed::nothing(self.queue);
                // SAFETY: only this takes the guard, and the call below, which forgets this.
                let mut state = unsafe { ManuallyDrop::take(&mut self.state) };
                (self.otherwise)(&mut state, &mut owed);
            }
        }
        let state = ManuallyDrop::new(state);
        let mut on_panic = OnPanic { queue: self, state, otherwise };
        let result = f(&mut on_panic.state);
        // SAFETY: it is forgotten in the next line, so the guard is taken once.
        let state = unsafe { ManuallyDrop::take(&mut on_panic.state) };
        mem::forget(on_panic);
        (state, result)
    }
}

/// Returns what `f` returns; if it panics, runs `otherwise` on the way out.
pub(super) fn unless_it_panics<R>(f: impl FnOnce() -> R, otherwise: impl FnMut()) -> R {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            self.0();
        }
    }
    let on_panic = OnDrop(otherwise);
    let result = f();
    mem::forget(on_panic);
    result
}
