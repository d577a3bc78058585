//! Threads of a model behind the calls of std's that [`thread`](crate::threads) is made of.

use std::cell::Cell;
use std::io;

use model::thread::{self, JoinHandle};

std::thread_local! {
    /// The last number that was given out. It belongs to the system's thread, on which all modelled
    /// threads run: taking a number is not a step of the model.
    static LAST: Cell<u64> = const { Cell::new(1_000) };
}

super::local! {
    /// The number that the calling thread adopted; 0: none.
    static ADOPTED: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's number, as in a normal build.
#[must_use]
pub fn id() -> u64 {
    match ADOPTED.with(Cell::get) {
        0 => thread::id().into(),
        id => id,
    }
}

/// A number for a thread that has not started.
pub(crate) fn reserve() -> u64 {
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// Makes `id` the calling thread's number. In a model no thread has asked before.
pub(crate) fn adopt(id: u64) -> u64 {
    ADOPTED.with(|adopted| adopted.set(id));
    id
}

/// The calling thread.
pub(crate) fn current() -> Stranger {
    Stranger
}

/// A thread of a model, which has no name.
pub(crate) struct Stranger;

impl Stranger {
    pub(crate) fn name(&self) -> Option<&str> {
        None
    }
}

/// A thread before it is started. Name and stack size mean nothing in a model.
#[derive(Debug, Default)]
pub struct Builder(());

impl Builder {
    /// A thread.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    pub(crate) fn name(self, _: String) -> Self {
        self
    }

    pub(crate) fn stack_size(self, _: usize) -> Self {
        self
    }

    pub(crate) fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(thread::spawn(f))
    }
}
