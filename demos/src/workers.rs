//! Teams of threads that do the same work, and what happens to the others when one of them panics.

use std::io;
use std::thread::{self, Scope, ScopedJoinHandle};

/// A thread that has ended.
#[derive(Debug)]
pub(crate) struct Worker<T> {
    pub(crate) name: String,
    /// What it returned; `None` if it panicked.
    pub(crate) done: Option<T>,
}

/// Starts `threads` threads that do `work`, named `role-1`, `role-2`, …
///
/// A thread that panics does nothing more for the others, so nobody may wait for it: on its way out it
/// calls `stop`, which shuts down the queues that stand between it and them.
///
/// # Errors
///
/// If the system has no more threads to give. Then too `stop` is called, so that those which run already
/// come to an end.
pub(crate) fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    role: &str,
    threads: usize,
    work: impl Fn() -> T + Copy + Send + 'scope,
    stop: impl Fn() + Copy + Send + 'scope,
) -> io::Result<Vec<ScopedJoinHandle<'scope, T>>> {
    let start = |number| {
        thread::Builder::new().name(format!("{role}-{number}")).spawn_scoped(scope, move || {
            let _guard = OnPanic(stop);
            work()
        })
    };
    (1..=threads).map(start).collect::<io::Result<_>>().inspect_err(|_| stop())
}

/// Blocks until all of them have ended, well or by a panic.
pub(crate) fn join<T>(threads: Vec<ScopedJoinHandle<'_, T>>) -> Vec<Worker<T>> {
    let join = |thread: ScopedJoinHandle<'_, T>| Worker {
        name: thread.thread().name().unwrap_or("?").to_owned(),
        done: thread.join().ok(),
    };
    threads.into_iter().map(join).collect()
}

/// Calls the function when it is dropped by a panic.
struct OnPanic<F: Fn()>(F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}
