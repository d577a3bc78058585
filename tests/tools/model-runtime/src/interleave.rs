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

use crate::kind::Kind;
use crate::panicked::{Panicked, quietly};
use crate::report::{self, Row};
use crate::scenario::Scenario;
pub use crate::world::scheduler::{Choice, Way};
use crate::world::scheduler::{Scheduler, choose, with};
use crate::world::{self, Settings, World};

/// After this many operations an execution counts as endless.
const MOST_STEPS: usize = 10_000;

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
        deaths: scenario.deaths,
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
    let panicked = quietly(|| {
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
