//! One run of a scenario: its threads as coroutines, and one step after another.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};

use crate::op::{Op, Outcome, Pending};
use crate::scenario::{Program, Scenario};
use crate::verdict::{Kind, Verdict};
use crate::world::{self, Event, Histories, Killed, NOBODY, Resume, Rules, Status, Stopped, World};

type Stack = DefaultStack;
type Coroutines = Vec<Coroutine<Resume, Pending, (), Stack>>;

/// Room for a thread: enough to format a panic.
const STACK: usize = 256 * 1024;

/// What a search keeps from one run to the next.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) histories: Histories,
    stacks: Vec<Stack>,
}

/// A run that is going on.
pub(crate) struct Run {
    threads: Coroutines,
    check: Option<Box<dyn FnOnce()>>,
    stacks: Vec<Stack>,
}

impl Run {
    /// Sets the scenario up, and lets each thread go as far as its first operation.
    pub(crate) fn start(scenario: &Scenario, rules: &Rules, kept: Kept) -> Self {
        let world = World::new(scenario.threads(), rules.clone(), kept.histories);
        world::replace(Some(world));
        let Program { bodies, deaths, check } = scenario.make();
        let mut run = Self { threads: Vec::new(), check: Some(check), stacks: kept.stacks };
        for (t, (body, death)) in bodies.into_iter().zip(deaths).enumerate() {
            world::with(World::add_thread);
            let stack = run.stacks.pop();
            let stack = stack.unwrap_or_else(|| Stack::new(STACK).expect("room for a stack"));
            run.threads.push(Coroutine::with_stack(stack, move |yielder, _| {
                world::with(|w| w.began(yielder));
                let mut result = quietly(body);
                if let (true, Some(death)) = (is_killed(&result), death) {
                    result = quietly(death);
                }
                if let Err(payload) = result {
                    world::with(|w| w.panicked(t, &*payload));
                }
            }));
        }
        for t in 0..run.threads.len() {
            run.resume(t, Resume::Go(Outcome::of(0, true)));
        }
        world::with(World::judge);
        for t in 0..scenario.asleep() {
            run.fall_asleep(t, scenario.name);
        }
        run
    }

    /// Lets a thread go on, alone, until it sleeps.
    fn fall_asleep(&mut self, t: usize, scenario: &str) {
        loop {
            match world::with(|w| w.threads[t].status) {
                Status::Asleep(_) => return,
                Status::Ready(_) => _ = self.step((t, 0)),
                _ => panic!("`{scenario}`: {} does not fall asleep", crate::thread_name(t)),
            }
        }
    }

    /// Lets a thread go on as far as its next operation.
    fn resume(&mut self, t: usize, how: Resume) {
        let before = world::with(|w| std::mem::replace(&mut w.running, t));
        let result = self.threads[t].resume(how);
        world::with(|w| {
            w.running = before;
            w.threads[t].status = match result {
                CoroutineResult::Yield(pending @ Pending { op: Op::Yield, .. }) => {
                    Status::Waiting(pending)
                }
                CoroutineResult::Yield(pending) => Status::Ready(pending),
                CoroutineResult::Return(()) => Status::Done,
            };
        });
    }

    /// Resumes the threads that wait in a loop and for which something has changed.
    fn let_waiters_go_on(&mut self) {
        loop {
            let next = world::with(|w| {
                (0..w.threads.len())
                    .find(|&t| matches!(w.threads[t].status, Status::Waiting(_)) && w.goes_on(t))
            });
            match next {
                Some(t) => self.resume(t, Resume::Go(Outcome::of(0, true))),
                None => return,
            }
        }
    }

    /// The steps that can be made now, each a thread and which of its choices.
    pub(crate) fn choices(&self) -> Vec<(usize, usize)> {
        world::with(|w| {
            if w.verdict.is_some() {
                return Vec::new();
            }
            let ways = |t| (0..w.choices(t) + w.deaths(t)).map(move |choice| (t, choice));
            (0..w.threads.len()).flat_map(ways).collect()
        })
    }

    /// Makes a step.
    pub(crate) fn step(&mut self, (t, choice): (usize, usize)) -> Event {
        let event = if world::with(|w| w.is_death(t, choice)) {
            let event = world::with(|w| w.kill(t));
            self.resume(t, Resume::Kill);
            event
        } else {
            let (event, go) = world::with(|w| w.execute(t, choice));
            for (t, outcome) in go {
                self.resume(t, Resume::Go(outcome));
            }
            event
        };
        self.let_waiters_go_on();
        world::with(World::judge);
        event
    }

    /// After the last step: checks the result, if there is nothing wrong yet and every thread has
    /// ended.
    pub(crate) fn conclude(&mut self) -> Option<Verdict> {
        let ended = world::with(|w| {
            for thread in &w.threads {
                w.main.join(&thread.eyes);
            }
            w.verdict.is_none() && w.threads.iter().all(|t| t.status == Status::Done)
        });
        if let (true, Some(check)) = (ended, self.check.take())
            && let Err(payload) = quietly(check)
        {
            return Some(Verdict::new(Kind::Assertion, message(&*payload)));
        }
        world::with(|w| w.verdict.clone())
    }

    /// Ends the run, wherever its threads are.
    pub(crate) fn end(mut self) -> Kept {
        for mut thread in self.threads.drain(..).enumerate() {
            if !thread.1.done() {
                world::with(|w| w.running = thread.0);
                let _ = thread.1.resume(Resume::Stop);
                assert!(thread.1.done(), "a thread caught the panic that ends it");
            }
            self.stacks.push(thread.1.into_stack());
        }
        world::with(|w| w.running = NOBODY);
        drop(self.check.take()); // what the scenario made goes before its world
        let world = world::replace(None).expect("a run has a world");
        Kept { histories: world.histories, stacks: self.stacks }
    }
}

impl World {
    fn panicked(&mut self, t: usize, payload: &(dyn Any + Send)) {
        if !payload.is::<Stopped>() {
            let what = format!("{} panics: {}", crate::thread_name(t), message(payload));
            self.verdict.get_or_insert(Verdict::new(Kind::Assertion, what));
        }
    }
}

thread_local! {
    /// How many threads of a run are inside of [`quietly`].
    static QUIET: Cell<u32> = const { Cell::new(0) };
}

/// Whether a thread was killed, and not ended otherwise.
fn is_killed(result: &Result<(), Box<dyn Any + Send>>) -> bool {
    result.as_ref().is_err_and(|payload| payload.is::<Killed>())
}

/// Runs `f`, and catches a panic without printing it: it is a result here, not an accident.
fn quietly(f: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() == 0 {
                before(info);
            }
        }));
    });
    // Several threads of a run are inside at once, all on this thread of the system.
    QUIET.set(QUIET.get() + 1);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    QUIET.set(QUIET.get() - 1);
    result
}

/// The message of a panic, without what `assert_eq` says by itself.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a message").lines().next().unwrap_or_default();
    let own = text.strip_prefix("assertion `").and_then(|text| text.split_once("` failed: "));
    own.map_or(text, |(_, own)| own).to_owned()
}
