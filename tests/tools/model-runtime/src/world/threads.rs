//! What each thread does: the last one that could run must not fall asleep unnoticed.

use super::failure::{Failure, Sleeper};
use super::scheduler;
use crate::world::{self, At, World};

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
    pub(crate) id: Option<loom::thread::ThreadId>,
    pub(crate) doing: Doing,
}

/// The number of the thread that calls.
pub(crate) fn me() -> usize {
    if let Some(running) = scheduler::running() {
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

    pub(crate) fn is_stuck(&self) -> bool {
        self.threads.iter().all(|thread| !self.can_run(thread.doing))
            && self.threads.iter().any(|thread| thread.doing != Doing::Done)
    }

    pub(crate) fn lost_wake_up(&self) -> Failure {
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
