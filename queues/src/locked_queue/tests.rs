//! The corner cases of every blocking queue, each named after what it shows; CPython 3.13's
//! `queue.py` decides them. They wait for states and not for time: a test that needs a sleeper
//! checks that it sleeps.

mod at_once;
mod calls;
mod joining;
mod panics;
mod sharing;
mod shutdown;
mod waiting;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::LockedQueue;
use crate::{Discipline, Queue};

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

/// A deadline that has passed.
fn past() -> Instant {
    Instant::now()
}

/// A deadline that no test reaches.
fn far() -> Instant {
    Instant::now() + FAR
}

/// A full queue of one place, with `item` in it.
fn full<T>(item: T) -> Arc<Queue<T>> {
    let queue = Queue::bounded(1);
    assert!(queue.try_put(item).is_ok());
    Arc::new(queue)
}

/// A call in its own thread, because it may block.
struct Call<R>(JoinHandle<R>);

fn call<Q, R>(queue: &Arc<Q>, body: impl FnOnce(&Q) -> R + Send + 'static) -> Call<R>
where
    Q: Send + Sync + ?Sized + 'static,
    R: Send + 'static,
{
    let queue = Arc::clone(queue);
    Call(thread::spawn(move || body(&queue)))
}

impl<R> Call<R> {
    /// The result of the call. A call that never returns fails the test and does not hang it.
    #[track_caller]
    fn result(self) -> R {
        let start = Instant::now();
        while !self.0.is_finished() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "a call is blocked that must return"
            );
            thread::sleep(Duration::from_micros(100));
        }
        self.0.join().expect("the call panicked")
    }
}

/// Returns once `state` holds. A state that never comes fails the test and does not hang it.
#[track_caller]
fn until(what: &str, state: impl Fn() -> bool) {
    let start = Instant::now();
    while !state() {
        assert!(start.elapsed() < Duration::from_secs(60), "never came: {what}");
        thread::yield_now();
    }
}

/// Returns once that many putters and getters sleep on the queue: they have released its lock, and
/// the next thread that takes it must notify them.
#[track_caller]
fn until_asleep<S: Discipline>(queue: &LockedQueue<S>, putters: usize, getters: usize) {
    until(&format!("{putters} putters and {getters} getters asleep"), || {
        let state = queue.state.lock();
        (state.putters.asleep(), state.getters.asleep()) == (putters, getters)
    });
}

/// Returns once that many threads wait in `join`.
#[track_caller]
fn until_joining<S: Discipline>(queue: &LockedQueue<S>, joiners: usize) {
    let wanted = format!("Condition {{ waiters: {joiners} }}");
    until(&wanted, || format!("{:?}", queue.all_done) == wanted);
}
