//! Threads whose state is known: when the last runnable thread falls asleep, the runtime must
//! notice.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use crate::world::threads::{Doing, ThreadState, me, runs};
use crate::world::trace::{self, What};
use crate::world::waiter::blocks;
use crate::world::{self, model_failed, scheduler};

/// Which thread: a small number, 0 for main, and then in the order in which they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(usize);

/// A thread.
#[derive(Clone, Copy, Debug)]
pub struct Thread(ThreadId);

impl Thread {
    /// Which one it is.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.0
    }
}

/// The thread that calls.
#[must_use]
pub fn current() -> Thread {
    Thread(ThreadId(me()))
}

/// A number for the thread that calls, from 1: for words that say who owns something.
#[must_use]
pub fn id() -> u32 {
    u32::try_from(me() + 1).expect("a model has five threads at most")
}

/// Lets other threads go first.
///
/// loom explores a loop that waits by this call as far as it can, but then hides old values from
/// the thread, so prefer sleeping.
#[track_caller]
pub fn yield_now() {
    if model_failed() {
        return;
    }
    let at = Location::caller();
    trace::row(at, None, What::Yield);
    if scheduler::is_on() {
        scheduler::step();
    } else {
        loom::thread::yield_now();
    }
}

/// A started thread, which can be joined.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: usize,
    handle: Handle<T>,
}

#[derive(Debug)]
enum Handle<T> {
    Loom(loom::thread::JoinHandle<T>),
    /// Its result, once it has ended.
    Interleaved(Arc<Mutex<Option<T>>>),
}

/// Starts a thread.
pub fn spawn<T, F>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let thread = world::with(|w| {
        w.threads.push(ThreadState { id: None, doing: Doing::Running });
        w.threads.len() - 1
    });
    let run = move || {
        began(thread);
        let result = f();
        blocks(thread, Doing::Done);
        result
    };
    let handle = if scheduler::is_on() {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        scheduler::start(move || *place.lock().expect("nothing panics under it") = Some(run()));
        Handle::Interleaved(result)
    } else {
        Handle::Loom(loom::thread::spawn(run))
    };
    JoinHandle { thread, handle }
}

impl<T> JoinHandle<T> {
    /// Waits until the thread has ended, and returns what it returned.
    ///
    /// # Errors
    ///
    /// Never: a panic in any thread of a model ends the model.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let me = me();
        let at = Location::caller();
        trace::row(at, None, What::Join { thread: self.thread });
        blocks(me, Doing::Joining(self.thread, at));
        let result = match self.handle {
            Handle::Loom(handle) => handle.join(),
            Handle::Interleaved(result) => loop {
                if let Some(result) = result.lock().expect("nothing panics under it").take() {
                    break Ok(result);
                }
                scheduler::pause();
            },
        };
        runs(me);
        result
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> Thread {
        Thread(ThreadId(self.thread))
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        world::with(|w| w.threads[self.thread].doing == Doing::Done)
    }
}

/// The main thread of an execution begins.
pub(crate) fn main_begins() {
    world::with(|w| w.threads.push(ThreadState { id: None, doing: Doing::Running }));
    began(0);
}

/// The main thread has nothing left to do.
pub(crate) fn main_ends() {
    blocks(0, Doing::Done);
    world::with(|w| {
        if let Some(histories) = &mut w.histories {
            histories.add(w.trace.of_threads());
        }
    });
}

fn began(thread: usize) {
    let id = (!scheduler::is_on()).then(|| loom::thread::current().id());
    world::with(|w| {
        w.threads[thread].id = id;
        w.trace.running = thread;
    });
}
