//! The runtime's state of the current execution.
//!
//! loom runs all threads of a model on one thread of the operating system, so the world is a plain
//! thread-local value: reading or changing it is not a step of the model, and adds no
//! interleavings. It must never stay borrowed during a call to loom, because loom may switch to
//! another thread there.
//!
//! Its parts are data with the operations that need only the world. `coins`, `futex`, `thread` and
//! the atomics stand above it.
//!
//! | part        | idea                                                             |
//! | ----------- | ---------------------------------------------------------------- |
//! | `failure`   | how an execution can fail                                        |
//! | `site`      | the places in the source that were executed                      |
//! | `mutant`    | a change at one of them                                          |
//! | `scheduler` | the state of the scheduler that stands in for loom               |
//! | `threads`   | what each thread does                                            |
//! | `trace`     | the record of this execution                                     |
//! | `histories` | the records of many executions, for `coverage`                   |
//! | `purses`    | the coins that each thread has left                              |
//! | `reach`     | what the scenario has reached                                    |
//! | `waiter`    | the list of sleepers                                             |

pub(crate) mod failure;
pub(crate) mod histories;
pub mod mutant;
pub(crate) mod purses;
pub(crate) mod reach;
pub(crate) mod scheduler;
pub mod site;
pub(crate) mod threads;
pub(crate) mod trace;
pub(crate) mod waiter;

use std::cell::RefCell;
use std::mem;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use self::failure::Failure;
use self::histories::Histories;
use self::mutant::Mutant;
use self::purses::Coins;
use self::reach::Reached;
use self::scheduler::Scheduler;
use self::site::Sites;
use self::threads::ThreadState;
use self::trace::{Event, Trace};
use self::waiter::Waiter;

/// A place in the source.
pub(crate) type At = &'static Location<'static>;

/// The file of a line, from the root of the repository.
pub(crate) fn file(at: At) -> &'static str {
    generated::place::from_root(at.file())
}

/// How to run a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Spurious wake-ups that each thread may have.
    pub(crate) spurious: u32,
    /// Waits of each thread that may time out while another thread could still wake it.
    pub(crate) timeouts: u32,
    /// How often each thread may be killed where it says that it may be.
    pub(crate) deaths: u32,
    /// Whether spins look once; otherwise they do not look at all.
    pub(crate) spin: bool,
    /// Whether a wait that asks is told that it has lasted too long.
    pub(crate) impatient: bool,
    /// What to change, and where.
    pub(crate) mutant: Option<Mutant>,
    /// The thread whose operations to keep.
    pub(crate) record: Record,
}

/// Which executions to record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Record {
    #[default]
    None,
    /// Counted from 1.
    One(u64),
    /// Slow: for small scenarios.
    All,
}

/// An atomic or a cell.
pub(crate) struct Object {
    /// Where it was made, if this execution is recorded: the line that made the whole, then the
    /// line that made its part, and so on inwards.
    pub(crate) made: Vec<At>,
    pub(crate) shape: Shape,
    /// The value that was stored last; nothing for a cell.
    pub(crate) newest: u64,
    /// Its address at its last use, and the time of that use: a wake only knows an address.
    pub(crate) address: usize,
    pub(crate) used: u64,
    /// The loom atomic of a word that threads may sleep on.
    pub(crate) word: Option<Arc<loom::sync::atomic::AtomicU32>>,
}

/// How to interpret the bits of an object's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Bool,
    Number,
    Pointer,
    Cell,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) settings: Rc<Settings>,

    // State that is kept from one execution to the next.
    pub(crate) execution: u64,
    pub(crate) sites: Sites,
    pub(crate) reached: Reached,
    pub(crate) histories: Option<Histories>,

    // State of this execution.
    /// Counts events, to order them.
    pub(crate) clock: u64,
    /// The time of [`clock`](crate::clock); `None` until it is asked.
    pub(crate) now: Option<Instant>,
    pub(crate) objects: Vec<Object>,
    pub(crate) threads: Vec<ThreadState>,
    pub(crate) waiters: Vec<Waiter>,
    pub(crate) coins: Coins,
    pub(crate) trace: Trace,
    /// The objects under construction, from the outside inwards ([`part_of`]).
    pub(crate) making: Vec<At>,
    pub(crate) failure: Option<Failure>,
    /// The threads that may be killed now.
    pub(crate) mortal: Vec<usize>,
    /// The scheduler, if it is not loom.
    pub(crate) interleave: Option<Scheduler>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with(|world| f(&mut world.borrow_mut()))
}

impl World {
    /// Begins a series of executions.
    pub(crate) fn open(settings: Settings) -> Self {
        Self { settings: Rc::new(settings), ..Self::default() }
    }

    /// Begins the next execution.
    pub(crate) fn next_execution(&mut self) {
        self.execution += 1;
        self.clock = 0;
        self.now = None;
        self.objects.clear();
        self.threads.clear();
        // Not their wakers: after a failure these may have modelled atomics, whose time is over.
        self.waiters.drain(..).for_each(|waiter| mem::forget(waiter.waker));
        self.coins = Coins::default();
        self.failure = None;
        self.mortal.clear();
        self.making.clear();
        self.trace = Trace::default();
        self.trace.on = match self.settings.record {
            Record::None => false,
            Record::One(execution) => execution == self.execution,
            Record::All => true,
        };
    }

    /// Takes note of a new object, made at `at`, and gives it a number.
    pub(crate) fn add(&mut self, mut object: Object, at: At) -> usize {
        if self.trace.on {
            object.made = self.making.iter().copied().chain([at]).collect();
        }
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// Notes where an object is now.
    pub(crate) fn touch(&mut self, object: usize, address: usize) {
        self.clock += 1;
        let object = &mut self.objects[object];
        object.address = address;
        object.used = self.clock;
    }

    /// The last known word at this address.
    pub(crate) fn word_at(&self, address: usize) -> Option<usize> {
        (0..self.objects.len())
            .filter(|&i| self.is_word(i) && self.objects[i].address == address)
            .max_by_key(|&i| self.objects[i].used)
    }

    /// Whether threads may sleep on it. Without loom there is no such word; then any atomic counts.
    fn is_word(&self, object: usize) -> bool {
        let Object { word, shape, .. } = &self.objects[object];
        word.is_some() || self.interleave.is_some() && *shape != Shape::Cell
    }

    /// Writes a row into the record of this execution.
    pub(crate) fn record(&mut self, event: Event) {
        self.trace.running = event.thread;
        self.trace.events.push(event);
    }
}

/// Whether a failed model is being torn down. Guards then change nothing: unlocking would be a step
/// of a model that has ended.
#[must_use]
pub fn model_failed() -> bool {
    std::thread::panicking()
}

/// While this lives, new objects are part of what the caller's line makes: a counterexample then
/// says `changed.sequence`, and not only `sequence`. For constructors.
#[track_caller]
#[must_use = "the parts are those that are made while this lives"]
pub fn part_of() -> PartOf {
    let at = Location::caller();
    with(|w| w.making.push(at));
    PartOf(())
}

/// See [`part_of`].
#[derive(Debug)]
pub struct PartOf(());

impl Drop for PartOf {
    fn drop(&mut self) {
        with(|w| w.making.pop());
    }
}
