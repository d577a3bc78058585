//! Shuttle's atomics, with a note of what each did. Its search makes some runs more than once, for
//! it has steps of its own (a thread starts, a thread ends); what counts is how many runs differ in
//! their notes.
//!
//! Shuttle runs all threads on the thread that calls it, so plain thread-local values will do.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{self, SeqCst};

use shuttle::sync::mpsc::{Sender, channel};

/// A thread, what it did, to which word, and what came of it.
type Note = (usize, &'static str, usize, u32);

struct Sleeper {
    word: usize,
    /// Shuttle's `park` may wake up spuriously; a wait for a message does not.
    wake: Sender<()>,
}

#[derive(Default)]
struct Run {
    threads: usize,
    words: usize,
    notes: Vec<Note>,
    sleepers: Vec<Sleeper>,
    ended: usize,
    /// The run is over: what threads do now is only to let Shuttle end it.
    over: bool,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
    static SEEN: RefCell<BTreeSet<Vec<Note>>> = const { RefCell::new(BTreeSet::new()) };
}

fn with<R>(f: impl FnOnce(&mut Run) -> R) -> R {
    RUN.with_borrow_mut(f)
}

pub(super) fn begin_search() {
    SEEN.take();
}

pub(super) fn begin_run(threads: usize) {
    RUN.set(Run { threads, ..Run::default() });
}

pub(super) fn different_runs() -> u128 {
    SEEN.with_borrow(|seen| seen.len() as u128)
}

/// A thread has done its part.
pub(super) fn ended() {
    with(|run| run.ended += 1);
    judge();
}

/// If every thread has ended or sleeps, the run is over. Sleepers are woken then, because Shuttle
/// treats a thread that never wakes up as the end of its search.
fn judge() {
    let sleepers = with(|run| {
        if run.over || run.ended + run.sleepers.len() < run.threads {
            return Vec::new();
        }
        run.over = true;
        SEEN.with_borrow_mut(|seen| seen.insert(run.notes.clone()));
        std::mem::take(&mut run.sleepers)
    });
    for sleeper in sleepers {
        let _ = sleeper.wake.send(());
    }
}

pub(super) struct AtomicU32 {
    number: usize,
    word: shuttle::sync::atomic::AtomicU32,
}

impl AtomicU32 {
    pub(super) fn new(value: u32) -> Self {
        let number = with(|run| {
            run.words += 1;
            run.words
        });
        Self { number, word: shuttle::sync::atomic::AtomicU32::new(value) }
    }

    fn note(&self, what: &'static str, result: u32) -> u32 {
        let me = usize::from(shuttle::current::me());
        with(|run| run.notes.push((me, what, self.number, result)));
        result
    }

    pub(super) fn load(&self, _: Ordering) -> u32 {
        self.note("load", self.word.load(SeqCst))
    }

    pub(super) fn store(&self, value: u32, _: Ordering) {
        self.word.store(value, SeqCst);
        self.note("store", value);
    }

    pub(super) fn fetch_add(&self, value: u32, _: Ordering) -> u32 {
        self.note("add", self.word.fetch_add(value, SeqCst))
    }

    pub(super) fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        _: Ordering,
        _: Ordering,
    ) -> Result<u32, u32> {
        let result = self.word.compare_exchange(current, new, SeqCst, SeqCst);
        match result {
            Ok(old) => self.note("exchange", old),
            Err(old) => self.note("no exchange", old),
        };
        result
    }
}

pub(super) fn wait(word: &AtomicU32, expected: u32) {
    // Shuttle changes threads before the load and not after it: look and sleep are one step.
    if word.word.load(SeqCst) != expected {
        word.note("stays awake", expected);
        return;
    }
    word.note("sleeps", expected);
    let (wake, woken) = channel();
    with(|run| {
        if !run.over {
            run.sleepers.push(Sleeper { word: word.number, wake });
        }
    });
    judge();
    let _ = woken.recv(); // an error where the run was over
}

pub(super) fn wake_one(word: &AtomicU32) {
    word.word.load(SeqCst); // only to change threads
    let sleeper = with(|run| {
        let first = run.sleepers.iter().position(|sleeper| sleeper.word == word.number)?;
        Some(run.sleepers.remove(first))
    });
    word.note("wakes", sleeper.is_some().into());
    if let Some(sleeper) = sleeper {
        let _ = sleeper.wake.send(());
    }
}
