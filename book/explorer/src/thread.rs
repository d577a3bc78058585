//! The threads of a scenario. They are started by the explorer; a program can only ask who it is,
//! and let others go first.

use std::marker::PhantomData;
use std::panic::Location;

use crate::op::{Op, Pending};
use crate::teardown::model_failed;
use crate::world;

/// A number for the thread that calls, from 1: for words that say who owns something.
#[must_use]
pub fn id() -> u32 {
    let me = world::with(|w| w.running);
    u32::try_from(me + 1).expect("a scenario has few threads")
}

/// Lets other threads go first: the thread goes on as soon as a word that it has read since the
/// last such call is changed. A loop that waits in this way is one state and not infinitely many.
#[track_caller]
pub fn yield_now() {
    if !model_failed() {
        world::step(Pending { op: Op::Yield, object: None, at: Location::caller() });
    }
}

/// A thread that was started: there is none.
#[derive(Debug)]
pub struct JoinHandle<T>(PhantomData<fn() -> T>);

/// Starts no thread: a scenario has those that it was made with.
///
/// # Panics
///
/// Always.
pub fn spawn<T, F>(_: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    panic!("the threads of a scenario are those of its `thread` and `threads`; it starts no others")
}

impl<T> JoinHandle<T> {
    /// What the thread returned.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn join(self) -> std::thread::Result<T> {
        unreachable!("no thread was started")
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        true
    }
}
