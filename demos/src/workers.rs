//! Teams of threads that do the same work, and what happens to the others when one of them panics.

use std::io;
use std::sync::Arc;

use primitives::Barrier;
use primitives::threads::{self, PanicError, Scope, ScopedJoinHandle};

use crate::timeline::{running, waiting};

/// A thread that has ended.
#[derive(Debug)]
pub(crate) struct Worker<T> {
    pub(crate) name: String,
    /// What it returned, or how it panicked.
    pub(crate) done: Result<T, PanicError>,
}

/// Starts `threads` threads that do `work(1)`, `work(2)`, …, named `role-1`, `role-2`, …
///
/// No thread begins before the last has started: starting a thread takes about as long as a
/// hundred lines of text, so the first thread would have done all the work.
///
/// A thread that panics does no more work, so no other thread may wait for it. While it unwinds, it
/// calls `stop`, which shuts down the queues between it and the others.
///
/// # Errors
///
/// If the system has no more threads to give. Then too `stop` is called, so that those which run
/// already come to an end.
pub(crate) fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    role: &str,
    threads: usize,
    work: impl Fn(usize) -> T + Copy + Send + 'scope,
    stop: impl Fn() + Copy + Send + 'scope,
) -> io::Result<Vec<ScopedJoinHandle<'scope, T>>> {
    let all_here = Arc::new(Barrier::new(threads));
    let start = |number| {
        let all_here = Arc::clone(&all_here);
        threads::Builder::new().name(format!("{role}-{number}")).spawn_scoped(scope, move || {
            let _running = running!("at work");
            let _guard = OnPanic(stop);
            // An error says that a thread could not be started: `stop` is under way.
            let _ = waiting!("the others to start", all_here.wait());
            work(number)
        })
    };
    (1..=threads).map(start).collect::<io::Result<_>>().inspect_err(|_| {
        stop();
        all_here.abort();
    })
}

/// Blocks until all of them have ended, well or by a panic.
pub(crate) fn join<T>(threads: Vec<ScopedJoinHandle<'_, T>>) -> Vec<Worker<T>> {
    let join = |thread: ScopedJoinHandle<'_, T>| {
        let name = thread.thread().name().to_owned();
        Worker { name, done: thread.join() }
    };
    threads.into_iter().map(join).collect()
}

/// Starts a team, and blocks until all of it have ended.
///
/// # Errors
///
/// As for [`start`].
pub(crate) fn run<T: Send>(
    role: &str,
    threads: usize,
    work: impl Fn(usize) -> T + Copy + Send,
    stop: impl Fn() + Copy + Send,
) -> io::Result<Vec<Worker<T>>> {
    threads::scope(|scope| Ok(join(start(scope, role, threads, work, stop)?)))
}

/// Those that panicked.
pub(crate) fn panics<T>(workers: &[Worker<T>]) -> impl Iterator<Item = &PanicError> {
    workers.iter().filter_map(|worker| worker.done.as_ref().err())
}

/// What the others returned.
pub(crate) fn done<T>(workers: &[Worker<T>]) -> impl Iterator<Item = &T> {
    workers.iter().filter_map(|worker| worker.done.as_ref().ok())
}

/// Calls the function when it is dropped by a panic.
struct OnPanic<F: Fn()>(F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}
