//! Threads whose state is known: when the last runnable thread falls asleep, the runtime must
//! notice.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use crate::failure::{Failure, Sleeper, fail};
use crate::trace::{self, What};
use crate::world::{self, At, World};
use crate::{futex, interleave, model_failed};

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It runs, or could run.
    Running,
    /// It sleeps on a word.
    Asleep,
    /// It waits for another thread to end.
    Joining(usize, At),
    /// It has ended.
    Done,
}

/// A thread of the model.
pub(crate) struct ThreadState {
    /// loom's name for it; none before it has run.
    id: Option<loom::thread::ThreadId>,
    pub(crate) doing: Doing,
}

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
    if interleave::is_on() {
        interleave::step();
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
    let handle = if interleave::is_on() {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        interleave::start(move || *place.lock().expect("nothing panics under it") = Some(run()));
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
                interleave::pause();
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
    let id = (!interleave::is_on()).then(|| loom::thread::current().id());
    world::with(|w| {
        w.threads[thread].id = id;
        w.trace.running = thread;
    });
}

/// The number of the thread that calls.
pub(crate) fn me() -> usize {
    if let Some(running) = interleave::running() {
        return running;
    }
    let id = Some(loom::thread::current().id());
    world::with(|w| w.threads.iter().position(|thread| thread.id == id))
        .expect("threads of a model are started by `model::thread::spawn`")
}

/// As [`me`], if this execution is recorded.
pub(crate) fn me_if_recorded() -> Option<usize> {
    world::with(|w| w.trace.on).then(me)
}

/// The thread can run again.
pub(crate) fn runs(thread: usize) {
    world::with(|w| w.threads[thread].doing = Doing::Running);
}

/// The thread is about to block, or to end. If no thread can run, either time passes, for a thread
/// with a deadline, or this is the end.
pub(crate) fn blocks(thread: usize, doing: Doing) {
    if model_failed() {
        return;
    }
    let stuck = world::with(|w| {
        w.threads[thread].doing = doing;
        w.is_stuck()
    });
    if stuck && !futex::let_time_pass() {
        fail(world::with(|w| w.lost_wake_up()));
    }
}

impl World {
    /// The thread with this name in loom.
    pub(crate) fn thread_named(&self, name: &str) -> Option<usize> {
        self.threads.iter().position(|thread| thread.id.is_some_and(|id| format!("{id:?}") == name))
    }

    /// The threads that can go on.
    pub(crate) fn ready(&self) -> Vec<usize> {
        (0..self.threads.len()).filter(|&thread| self.can_run(self.threads[thread].doing)).collect()
    }

    fn can_run(&self, doing: Doing) -> bool {
        match doing {
            Doing::Running => true,
            Doing::Joining(other, _) => self.threads[other].doing == Doing::Done,
            Doing::Asleep | Doing::Done => false,
        }
    }

    fn is_stuck(&self) -> bool {
        self.threads.iter().all(|thread| !self.can_run(thread.doing))
            && self.threads.iter().any(|thread| thread.doing != Doing::Done)
    }

    fn lost_wake_up(&self) -> Failure {
        let sleepers = self
            .waiters
            .iter()
            .map(|waiter| Sleeper { thread: waiter.thread, object: waiter.object, at: waiter.at })
            .collect();
        let joining =
            self.threads.iter().enumerate().filter_map(|(thread, state)| match state.doing {
                Doing::Joining(other, at) => Some((thread, other, at)),
                _ => None,
            });
        Failure::LostWakeUp { sleepers, joining: joining.collect() }
    }
}
