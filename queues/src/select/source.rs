//! What a select asks of a queue, and which queues can answer.

use std::sync::Arc;

use crate::channel::Receiver;
use crate::discipline::Discipline;
use crate::error::TryGetError;
use crate::locked_queue::LockedQueue;
use crate::rendezvous::Rendezvous;
use crate::ring::Ring;
use crate::watchers::{Board, Watcher};

/// What a [`Select`](crate::Select) can wait for: [`LockedQueue`] (so [`Queue`](crate::Queue) and
/// its kin), [`Ring`], [`Rendezvous`], a [`Receiver`] of one of them, and an `Arc` of any.
pub trait Selectable: sealed::Watched {}

impl<S: sealed::Watched + ?Sized> Selectable for S {}

pub(super) mod sealed {
    use super::{Arc, Board, TryGetError, Watcher};

    /// What a select needs of a queue.
    pub trait Watched {
        /// What comes out of it.
        type Item;
        /// Takes the next item out.
        fn take(&self) -> Result<Self::Item, TryGetError>;
        /// From now on each item sets the watcher's bit.
        fn watch(&self, watcher: Watcher);
        /// Ends what `watch` began.
        fn unwatch(&self, board: &Arc<Board>, index: usize);
        /// Returns whether it is empty and not shut down, so that what comes next sets the bit.
        fn arm(&self) -> bool;
    }
}

impl<S: Discipline> sealed::Watched for LockedQueue<S> {
    type Item = S::Item;

    fn take(&self) -> Result<S::Item, TryGetError> {
        self.try_get()
    }

    fn watch(&self, watcher: Watcher) {
        self.add_watcher(watcher);
    }

    fn unwatch(&self, board: &Arc<Board>, index: usize) {
        self.remove_watcher(board, index);
    }

    fn arm(&self) -> bool {
        self.is_empty_and_open()
    }
}

impl<T> sealed::Watched for Ring<T> {
    type Item = T;

    fn take(&self) -> Result<T, TryGetError> {
        self.try_get()
    }

    fn watch(&self, watcher: Watcher) {
        self.add_watcher(watcher);
    }

    fn unwatch(&self, board: &Arc<Board>, index: usize) {
        self.remove_watcher(board, index);
    }

    fn arm(&self) -> bool {
        self.leave_note_if_empty()
    }
}

impl<T> sealed::Watched for Rendezvous<T> {
    type Item = T;

    fn take(&self) -> Result<T, TryGetError> {
        self.try_get()
    }

    fn watch(&self, watcher: Watcher) {
        self.add_watcher(watcher);
    }

    fn unwatch(&self, board: &Arc<Board>, index: usize) {
        self.remove_watcher(board, index);
    }

    fn arm(&self) -> bool {
        self.is_empty_and_open()
    }
}

macro_rules! as_what_is_inside {
    ($(<$($generic:ident),*> $outer:ty => $inner:ident, $get:expr;)*) => {$(
        impl<$($generic),*> sealed::Watched for $outer
        where
            $inner: sealed::Watched,
        {
            type Item = $inner::Item;

            fn take(&self) -> Result<Self::Item, TryGetError> {
                $get(self).take()
            }

            fn watch(&self, watcher: Watcher) {
                $get(self).watch(watcher);
            }

            fn unwatch(&self, board: &Arc<Board>, index: usize) {
                $get(self).unwatch(board, index);
            }

            fn arm(&self) -> bool {
                $get(self).arm()
            }
        }
    )*};
}

as_what_is_inside! {
    <S> Arc<S> => S, Arc::as_ref;
    <T, Q> Receiver<T, Q> => Q, Receiver::queue;
}

/// A queue with the function for its items.
pub(super) trait Source<R> {
    fn take(&mut self) -> Result<R, TryGetError>;
    fn unwatch(&self, board: &Arc<Board>, index: usize);
    fn arm(&self) -> bool;
}

pub(super) struct Mapped<'a, S: ?Sized, F> {
    pub(super) queue: &'a S,
    pub(super) map: F,
}

impl<S: sealed::Watched + ?Sized, R, F: FnMut(S::Item) -> R> Source<R> for Mapped<'_, S, F> {
    fn take(&mut self) -> Result<R, TryGetError> {
        self.queue.take().map(&mut self.map)
    }

    fn unwatch(&self, board: &Arc<Board>, index: usize) {
        self.queue.unwatch(board, index);
    }

    fn arm(&self) -> bool {
        self.queue.arm()
    }
}
