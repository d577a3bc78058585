//! The scheduler that stands in for loom ([`interleave`](crate::interleave)): its state, and what
//! the threads ask of it.

use crate::world;

/// One point with more than one way to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How many operations came before it, in rows of the record.
    pub at: usize,
    /// The ways.
    pub ways: Vec<Way>,
    /// Which was taken.
    pub taken: usize,
}

/// A way to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This thread makes its next operation.
    Thread(usize),
    /// A sleeper sleeps on, or a thread lives on; its budget is kept.
    SleepOn,
    /// A sleeper's time is over, or it wakes up spuriously; or a thread is killed.
    Leave,
}

/// The scheduler's state of the current execution.
#[derive(Default)]
pub(crate) struct Scheduler {
    pub(crate) running: usize,
    pub(crate) schedule: Vec<usize>,
    pub(crate) choices: Vec<Choice>,
    /// Threads that were started and have not run yet.
    pub(crate) started: Vec<Box<dyn FnOnce() + Send>>,
    /// What each thread has left of its budgets.
    pub(crate) budgets: Vec<Budget>,
}

/// Timeouts, spurious wake-ups and deaths that a thread may still have.
#[derive(Clone, Copy, Default)]
pub(crate) struct Budget {
    pub(crate) timeouts: u32,
    pub(crate) spurious: u32,
    pub(crate) deaths: u32,
}

/// Takes one of these ways: what the schedule says, or the first.
pub(crate) fn choose(ways: Vec<Way>) -> usize {
    if ways.len() == 1 {
        return 0;
    }
    let at = world::with(|w| w.trace.events.len());
    with(|it| {
        let wanted = it.schedule.get(it.choices.len()).copied().unwrap_or(0);
        let taken = if wanted < ways.len() { wanted } else { 0 };
        it.choices.push(Choice { at, ways, taken });
        taken
    })
}

pub(crate) fn with<R>(f: impl FnOnce(&mut Scheduler) -> R) -> R {
    world::with(|w| f(w.interleave.as_mut().expect("an interleaving is being run")))
}

/// Whether this scheduler runs the threads, and not loom.
pub(crate) fn is_on() -> bool {
    world::with(|w| w.interleave.is_some())
}

/// The running thread.
pub(crate) fn running() -> Option<usize> {
    world::with(|w| w.interleave.as_ref().map(|it| it.running))
}

/// An operation comes: the thread that the schedule names goes first.
pub(crate) fn step() {
    pause();
}

/// Gives the token back, until the thread can run and is chosen.
#[expect(deprecated, reason = "the other form wants the scope handed through all of the source")]
pub(crate) fn pause() {
    generator::yield_with(());
}

/// A thread was started.
pub(crate) fn start(part: impl FnOnce() + Send + 'static) {
    with(|it| it.started.push(Box::new(part)));
}

/// The threads get their budgets.
pub(crate) fn endow(threads: usize, budget: Budget) {
    with(|it| it.budgets = vec![budget; threads]);
}

/// Whether a sleeper leaves at this point, or a thread is killed. Both cases are tried while its
/// budget lasts.
pub(crate) fn leaves(of: impl Fn(&mut Budget) -> &mut u32) -> bool {
    let has_budget = with(|it| {
        let running = it.running;
        it.budgets.get_mut(running).is_some_and(|budget| *of(budget) > 0)
    });
    if !has_budget {
        return false;
    }
    step(); // as it is one for loom: others may come between the sleep and what ends it
    let leaves = choose(vec![Way::SleepOn, Way::Leave]) == 1;
    if leaves {
        with(|it| {
            let running = it.running;
            *of(&mut it.budgets[running]) -= 1;
        });
    }
    leaves
}
