//! What the explorer knows of the run that is going on, and what each operation does to it.
//!
//! All threads of a scenario are coroutines on one thread of the system: they run one at a time,
//! from one operation to the next, and the one that is to go on is told so ([`crate::run`]). So the
//! world is a plain thread-local value.

mod judge;
mod steps;

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use corosensei::Yielder;

use crate::memory::{Eyes, Memory};
use crate::op::{At, Op, Outcome, Pending};
use crate::shape::{Peek, Shape};
use crate::source;
use crate::stack;
use crate::teardown::model_failed;
use crate::verdict::Verdict;

/// What a thread that waits for its turn is told.
pub(crate) enum Resume {
    /// The operation was done; go on to the next.
    Go(Outcome),
    /// The thread is killed: unwind, and go on with what is done in its place.
    Kill,
    /// The run is over: unwind.
    Stop,
}

/// What unwinds a thread that is killed.
pub(crate) struct Killed;

/// What unwinds a thread whose run is over.
pub(crate) struct Stopped;

/// Where a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has not begun.
    Fresh,
    /// It is about to do this.
    Ready(Pending),
    /// It sleeps on a word.
    Asleep(Pending),
    /// It waits in a loop for a change.
    Waiting(Pending),
    /// It has ended.
    Done,
}

pub(crate) struct Thread {
    pub(crate) status: Status,
    pub(crate) eyes: Eyes,
    /// All that the thread has found out so far, as a number ([`Histories`]).
    pub(crate) history: u32,
    /// The words that it has read since it last let others go first.
    read: Vec<usize>,
    /// It was killed: what runs is done in its place.
    killed: bool,
    /// How many spurious wake-ups it may still have.
    spurious: u32,
    /// How often its time may still be up.
    timeouts: u32,
    /// Where it slept when it was called, as long as it has only looked since.
    called: Option<usize>,
    /// Where it wanted to sleep when it was last turned away, as long as it has done nothing since:
    /// the kernel has told it that the word is another than it believed, so it reads the newest
    /// value now. Otherwise it could believe an old one again and again. (A part of its history, so
    /// this adds nothing to the key.)
    turned_away: Option<usize>,
    /// The calls in which it is, as addresses ([`crate::stack`]).
    pub(crate) frames: Rc<[usize]>,
}

/// An atomic or a cell.
pub(crate) struct Object {
    pub(crate) shape: Shape,
    /// Where it was made: the line that made the whole, then the line that made the part of it, and
    /// so on.
    pub(crate) made: Vec<At>,
    address: usize,
    used: u64,
    /// Whether it is a cell, and what is in it.
    cell: Option<Cell>,
    /// A thread called this word, and no thread slept.
    missed_wake: bool,
}

struct Cell {
    /// What was put in when it was made.
    initial: u64,
    /// Where it is, once it was used.
    peek: Option<Peek>,
    /// All that went into it, as a number, for contents that cannot be looked at.
    version: u32,
}

/// Numbers for what threads have found out: equal histories have equal numbers, in all runs of a
/// search.
#[derive(Default)]
pub(crate) struct Histories(HashMap<(u32, Fact), u32>);

/// What is added to a history.
#[derive(PartialEq, Eq, Hash)]
enum Fact {
    /// An operation returned this.
    Returned(Outcome),
    /// A cell had this in it.
    Found(u64),
    /// A thread with this history wrote to a cell.
    Written(usize, u32),
    /// It was killed.
    Killed,
}

impl Histories {
    fn add(&mut self, history: u32, fact: Fact) -> u32 {
        let next = u32::try_from(self.0.len() + 1).expect("fewer than 2^32 histories");
        *self.0.entry((history, fact)).or_insert(next)
    }
}

/// One place in the source where another ordering is put in.
#[derive(Clone, Debug)]
pub(crate) struct Weaker {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) from: Ordering,
    pub(crate) to: Ordering,
}

/// Lines in which at most one thread may be.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) file: String,
    pub(crate) lines: std::ops::RangeInclusive<u32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) weak: bool,
    pub(crate) spurious: u32,
    pub(crate) timeouts: u32,
    pub(crate) weaker: Vec<Weaker>,
    pub(crate) inside: Vec<Region>,
    /// Which threads may be killed.
    pub(crate) killable: Vec<bool>,
}

/// A step that was made, for people.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) object: Option<usize>,
    pub(crate) text: String,
    /// A load that returned an older value than the newest.
    pub(crate) stale: bool,
    /// The thread was killed before it did anything.
    pub(crate) death: bool,
}

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) objects: Vec<Object>,
    pub(crate) threads: Vec<Thread>,
    /// The running thread, or, if none runs, the program that sets the scenario up and
    /// checks it.
    pub(crate) running: usize,
    /// How many threads there will be.
    expected: usize,
    pub(crate) main: Eyes,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) histories: Histories,
    pub(crate) rules: Rules,
    making: Vec<At>,
    clock: u64,
    /// Each thread's way back to the code that resumed it.
    yielders: Vec<*const Yielder<Resume, Pending>>,
}

/// None of the threads: the program that sets the scenario up and checks it.
pub(crate) const NOBODY: usize = usize::MAX;

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Borrows the world; never while a thread is resumed or suspended.
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(|world| {
        f(world
            .as_mut()
            .expect("atomics of the explorer live in a scenario: make them in its `make`"))
    })
}

/// Replaces the world.
pub(crate) fn replace(world: Option<World>) -> Option<World> {
    WORLD.replace(world)
}

/// An operation: waits for this thread's turn, and does it.
pub(crate) fn step(pending: Pending) -> Outcome {
    if model_failed() {
        return with(|w| w.quiet(pending));
    }
    let (pending, yielder) = with(|w| (w.reorder(pending), w.yielders.get(w.running).copied()));
    let Some(yielder) = yielder else {
        return with(|w| w.alone(pending));
    };
    let frames = stack::here();
    with(|w| w.threads[w.running].frames = frames);
    // SAFETY: the yielder lives on the stack of the thread that calls, below this frame.
    match unsafe { &*yielder }.suspend(pending) {
        Resume::Go(outcome) => outcome,
        Resume::Kill => panic::resume_unwind(Box::new(Killed)),
        Resume::Stop => panic::resume_unwind(Box::new(Stopped)),
    }
}

/// While this lives, what is made is part of what the caller's line makes. For constructors.
#[track_caller]
#[must_use = "the parts are those that are made while this lives"]
pub fn part_of() -> PartOf {
    let at = panic::Location::caller();
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

impl World {
    /// A world for so many threads.
    pub(crate) fn new(threads: usize, rules: Rules, histories: Histories) -> Self {
        let memory = Memory::new(rules.weak);
        Self {
            memory,
            objects: Vec::new(),
            threads: Vec::new(),
            running: NOBODY,
            expected: threads,
            main: Eyes::default(),
            verdict: None,
            histories,
            rules,
            making: Vec::new(),
            clock: 0,
            yielders: Vec::new(),
        }
    }

    pub(crate) fn add_thread(&mut self) {
        self.threads.push(Thread {
            status: Status::Fresh,
            eyes: self.main.clone(),
            history: 0,
            killed: false,
            read: Vec::new(),
            spurious: self.rules.spurious,
            timeouts: self.rules.timeouts,
            called: None,
            turned_away: None,
            frames: Rc::default(),
        });
        self.yielders.push(std::ptr::null());
    }

    /// A thread begins.
    pub(crate) fn began(&mut self, yielder: *const Yielder<Resume, Pending>) {
        self.yielders[self.running] = yielder;
    }

    // Objects.

    fn add(&mut self, shape: Shape, at: At, cell: Option<Cell>) {
        assert!(
            self.running == NOBODY,
            "{at}: make atomics and cells in the scenario's `make`, not in its threads",
        );
        // A cell is what the whole is there for, and is called as the whole: `balance`, not
        // `balance.data`.
        let own = (cell.is_none() || self.making.is_empty()).then_some(at);
        let made = self.making.iter().copied().chain(own).collect();
        let missed_wake = false;
        self.objects.push(Object { shape, made, address: 0, used: 0, cell, missed_wake });
    }

    pub(crate) fn add_word(&mut self, value: u64, shape: Shape, at: At) -> usize {
        self.add(shape, at, None);
        self.memory.add_word(value)
    }

    pub(crate) fn add_cell(&mut self, initial: u64, shape: Shape, at: At) -> usize {
        self.add(shape, at, Some(Cell { initial, peek: None, version: 0 }));
        self.memory.add_cell()
    }

    pub(crate) fn shape(&self, object: usize) -> Shape {
        self.objects[object].shape
    }

    /// Notes where an object is now.
    pub(crate) fn touch(&mut self, object: usize, address: usize) {
        self.clock += 1;
        let object = &mut self.objects[object];
        object.address = address;
        object.used = self.clock;
    }

    /// Notes how to look into a cell.
    pub(crate) fn peek(&mut self, object: usize, peek: Peek) {
        if let Some(cell) = &mut self.objects[object].cell {
            cell.peek = Some(peek);
        }
    }

    /// The word that was last seen at this address: a wake knows no more than that.
    pub(crate) fn object_at(&self, address: usize) -> Option<usize> {
        (0..self.objects.len())
            .filter(|&i| self.objects[i].cell.is_none() && self.objects[i].address == address)
            .max_by_key(|&i| self.objects[i].used)
    }

    /// What a word or cell holds now; `None` if it cannot be shown. No thread may be running.
    pub(crate) fn value(&self, object: usize) -> Option<u64> {
        let Object { shape, cell, .. } = &self.objects[object];
        match cell {
            None => Some(self.memory.newest(object)),
            Some(_) if *shape == Shape::Opaque => None,
            // SAFETY: cells live in what the scenario made, which lives as long as the run; the
            // shape is that of the cell's type; no thread runs.
            Some(Cell { peek: Some(peek), .. }) => Some(unsafe { peek.read(*shape) }),
            Some(Cell { initial, .. }) => Some(*initial),
        }
    }

    // Operations.

    /// With the ordering that this run has at this place.
    fn reorder(&self, mut pending: Pending) -> Pending {
        for weaker in &self.rules.weaker {
            if weaker.line != pending.at.line() || weaker.file != source::file(pending.at) {
                continue;
            }
            let order = match &mut pending.op {
                Op::Load(order)
                | Op::Store(_, order)
                | Op::Update(_, _, order)
                | Op::Fence(order) => order,
                Op::Exchange { success, failure, .. } if *success != weaker.from => failure,
                Op::Exchange { success, .. } => success,
                _ => continue,
            };
            if *order == weaker.from {
                *order = weaker.to;
            }
        }
        pending
    }

    /// An operation in a thread that unwinds: it leaves no trace, and no other thread will see it.
    fn quiet(&mut self, pending: Pending) -> Outcome {
        let Some(object) = pending.object.filter(|&o| self.objects[o].cell.is_none()) else {
            return Outcome::of(0, false);
        };
        let value = self.memory.newest(object);
        match pending.op {
            Op::Store(new, _) => self.memory.keep(object, new),
            Op::Update(update, operand, _) => {
                let mask = self.shape(object).mask();
                self.memory.keep(object, update.apply(value, operand) & mask);
            }
            Op::Exchange { expected, new, .. } if expected == value => {
                self.memory.keep(object, new);
                return Outcome::of(value, true);
            }
            _ => {}
        }
        Outcome::of(value, false)
    }

    /// An operation before the threads start or after they have ended.
    fn alone(&mut self, pending: Pending) -> Outcome {
        if let Op::Sleep { expected, .. } = pending.op
            && pending.object.is_some_and(|o| self.memory.newest(o) == expected)
        {
            panic!("{}: sleeps, and no thread is left that could wake it", pending.at);
        }
        let mut main = std::mem::take(&mut self.main);
        let me = self.expected;
        let (outcome, ..) = self.perform(me, &mut main, pending, 0);
        self.main = main;
        outcome
    }

    /// The sleepers on a word.
    fn sleepers(&self, object: Option<usize>) -> impl Iterator<Item = usize> {
        self.threads.iter().enumerate().filter_map(move |(t, thread)| match thread.status {
            Status::Asleep(pending) if object.is_some() && pending.object == object => Some(t),
            _ => None,
        })
    }
}
