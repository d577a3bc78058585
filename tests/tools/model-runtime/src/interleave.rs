//! A second scheduler, without loom: it runs a scenario along one interleaving, or along all of
//! them.
//!
//! loom prunes: it leaves out interleavings that seem equivalent to it, and sometimes it is wrong.
//! This scheduler prunes nothing. It passes a token: one thread runs up to just before its next
//! operation on an atomic or a futex, and then the thread that the schedule names continues. The
//! source is the same, and so are the futex, the budgets and the record; atomics always hold their
//! newest value (sequential consistency), so it cannot see a stale load, and cells are not watched
//! for races. It suits small scenarios: two threads with an operation each.
//!
//! A schedule is a list of choices: at each point with more than one way to continue, the number of
//! the way.
//!
//! ```ignore
//! let run = interleave::run(&scenario, &[0, 1]); // two choices; beyond them always the first way
//! for row in &run.rows { println!("{} {}", row.thread, row.operation); }
//! let runs = interleave::every(&scenario, Some(10_000), |run| println!("{}", run.rows.len()));
//! ```

use std::mem;
use std::sync::Arc;

use generator::{Generator, Gn};

use crate::explore::{self, Panicked};
use crate::report::{self, Kind, Row};
use crate::scenario::Scenario;
use crate::world::{self, Settings, World};

/// After this many operations an execution counts as endless.
const MOST_STEPS: usize = 10_000;

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
    /// A sleeper sleeps on, its budget kept.
    SleepOn,
    /// A sleeper's time is over, or it wakes up spuriously.
    Leave,
}

/// An execution along one schedule.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was chosen, where there was a choice.
    pub choices: Vec<Choice>,
    /// What the threads did, in order.
    pub rows: Vec<Row>,
    /// The kind of failure and a sentence, if it failed.
    pub failure: Option<(Kind, String)>,
}

impl Run {
    /// The schedule that leads here again.
    #[must_use]
    pub fn schedule(&self) -> Vec<usize> {
        self.choices.iter().map(|choice| choice.taken).collect()
    }
}

/// The scheduler's state of the current execution.
#[derive(Default)]
pub(crate) struct Scheduler {
    running: usize,
    schedule: Vec<usize>,
    choices: Vec<Choice>,
    /// Threads that were started and have not run yet.
    started: Vec<Box<dyn FnOnce() + Send>>,
    /// What each thread has left of its budgets.
    budgets: Vec<Budget>,
}

/// Timeouts and spurious wake-ups that a thread may still have.
#[derive(Clone, Copy, Default)]
pub(crate) struct Budget {
    pub(crate) timeouts: u32,
    pub(crate) spurious: u32,
}

/// Runs a scenario once, with main in its first role, along a schedule. Beyond its end, and where
/// it names no way, it takes the first way: the running thread continues.
#[must_use]
pub fn run(scenario: &Scenario, schedule: &[usize]) -> Run {
    let mut run = None;
    along(scenario, schedule.to_vec(), |world, panicked| {
        let cast = scenario.cast(0);
        let failure = panicked.map(|panicked| {
            report::judge(world, panicked, &cast).unwrap_or_else(|error| (Kind::Panic, error))
        });
        let rows = report::rows(world);
        run = Some((rows, failure));
    });
    let (rows, failure) = run.expect("it was called");
    Run { choices: taken(), rows, failure }
}

/// Runs a scenario along every schedule, or at most `most` of them. Returns how many, and whether
/// those were all.
pub fn every(scenario: &Scenario, most: Option<u64>, mut see: impl FnMut(&Run)) -> (u64, bool) {
    each_schedule(most, |schedule| {
        let run = run(scenario, &schedule);
        see(&run);
        run.choices
    })
}

/// As [`every`], but only looks at the world after each execution.
pub(crate) fn every_world(
    scenario: &Scenario,
    most: Option<u64>,
    mut see: impl FnMut(&World, Option<&Panicked>),
) -> (u64, bool) {
    each_schedule(most, |schedule| {
        along(scenario, schedule, &mut see);
        taken()
    })
}

/// Depth first: the last choice with another way takes it, and all later ones restart.
fn each_schedule(most: Option<u64>, mut run: impl FnMut(Vec<usize>) -> Vec<Choice>) -> (u64, bool) {
    let mut schedule = Vec::new();
    let mut runs = 0;
    loop {
        if most.is_some_and(|most| runs >= most) {
            return (runs, false);
        }
        let choices = run(schedule);
        runs += 1;
        let Some(last) = choices.iter().rposition(|it| it.taken + 1 < it.ways.len()) else {
            return (runs, true);
        };
        schedule = choices[..=last].iter().map(|choice| choice.taken).collect();
        schedule[last] += 1;
    }
}

fn taken() -> Vec<Choice> {
    world::with(|w| mem::take(&mut w.interleave).map(|it| it.choices)).unwrap_or_default()
}

/// One execution. `see` looks at the final world.
fn along(
    scenario: &Scenario,
    schedule: Vec<usize>,
    mut see: impl FnMut(&World, Option<&Panicked>),
) {
    let settings = Settings {
        spurious: scenario.spurious,
        timeouts: scenario.timeouts,
        spin: scenario.spin,
        impatient: scenario.impatient,
        record: world::Record::All,
        ..Settings::default()
    };
    world::with(|w| {
        *w = World::open(settings);
        w.interleave = Some(Scheduler { schedule, ..Scheduler::default() });
    });
    // Outside of what may panic: unfinished threads are unwound when it is over.
    let mut threads = Vec::new();
    let execute = Arc::clone(&scenario.execute);
    let panicked = explore::quietly(|| {
        threads.push(coroutine(move || execute(0)));
        drive(&mut threads);
    });
    // Called before the unwinding, and not while the world is borrowed.
    let world = world::with(mem::take);
    see(&world, panicked.as_ref());
    world::with(|w| *w = world);
    drop(threads);
}

type Thread = Generator<'static, (), ()>;

#[expect(
    deprecated,
    reason = "the other form cannot give the token back from deep within the source"
)]
fn coroutine(part: impl FnOnce() + Send + 'static) -> Thread {
    Gn::new(part)
}

/// Passes the token until no thread is left.
fn drive(threads: &mut Vec<Thread>) {
    resume(threads, 0);
    for _ in 0..MOST_STEPS {
        let ready = world::with(|w| w.ready());
        if ready.is_empty() {
            return;
        }
        // The running thread comes first, so that choice 0 means to continue.
        let running = with(|it| it.running);
        let mut ways = ready;
        ways.sort_by_key(|&thread| (thread != running, thread));
        let way = choose(ways.iter().map(|&thread| Way::Thread(thread)).collect());
        resume(threads, ways[way]);
    }
    panic!("exceeded maximum number of branches: more than {MOST_STEPS} operations");
}

/// Lets a thread run to just before its next operation; those that it starts run to their first.
fn resume(threads: &mut Vec<Thread>, thread: usize) {
    with(|it| it.running = thread);
    threads[thread].resume();
    loop {
        let started = with(|it| mem::take(&mut it.started));
        if started.is_empty() {
            break;
        }
        for part in started {
            threads.push(coroutine(part));
            with(|it| it.running = threads.len() - 1);
            threads.last_mut().expect("just pushed").resume();
        }
    }
    with(|it| it.running = thread);
}

/// Takes one of these ways: what the schedule says, or the first.
fn choose(ways: Vec<Way>) -> usize {
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

fn with<R>(f: impl FnOnce(&mut Scheduler) -> R) -> R {
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

/// Whether a sleeper leaves at this point; both cases are tried while its budget lasts.
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
