//! The corner cases, each named after what it shows. They wait for states and not for time.

mod bounded;
mod ending;
mod growth;
mod many;
mod results;
mod scopes;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use primitives::Event;

use super::{Executor, Task};

/// Keeps workers in their tasks until it is dropped, also by a failing test.
struct Gate(Arc<Event>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// An executor of one worker that is in a task, until the gate is dropped.
fn busy() -> (Executor, Gate, Task<&'static str>) {
    let executor = Executor::new(1);
    let (began, gate) = (Arc::new(Event::new()), Gate(Arc::new(Event::new())));
    let (begin, go_on) = (Arc::clone(&began), Arc::clone(&gate.0));
    let task = executor.submit(move || {
        begin.set();
        go_on.wait();
        "it was running"
    });
    began.wait();
    (executor, gate, task)
}

/// Counts its drops, and panics at a drop if it is told to.
#[derive(Debug)]
struct Dropped {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Dropped {
    fn counted_in(drops: &Arc<AtomicUsize>) -> Self {
        Self { drops: Arc::clone(drops), panics: false }
    }

    fn panicking(drops: &Arc<AtomicUsize>) -> Self {
        Self { drops: Arc::clone(drops), panics: true }
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
        assert!(!self.panics, "a drop that panics, on purpose");
    }
}

/// The text of a caught panic.
fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

const _: () = {
    use std::cell::Cell;
    use std::panic::{RefUnwindSafe, UnwindSafe};

    const fn everywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    const fn error<T: std::error::Error + Send + Sync + 'static>() {}
    everywhere::<Executor>();
    everywhere::<Task<Cell<u32>>>(); // a result need not be `Sync`: only one thread gets it
    error::<super::TaskError>();
    error::<super::ResultTimeoutError<Cell<u32>>>();
};
