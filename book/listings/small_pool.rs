//! A pool whose workers wait for what only a worker could do.

use std::sync::Arc;

use primitives::Event;
use queues::Queue;

// ANCHOR: pool
/// Closures go in, and workers call them.
pub struct SmallPool {
    tasks: Queue<Task>,
}

type Task = Box<dyn FnOnce(&SmallPool) + Send>;

impl SmallPool {
    /// What each worker does, until the pool is closed.
    pub fn work(&self) {
        while let Ok(task) = self.tasks.get() {
            task(self);
        }
    }

    /// Gives the pool something to do. The event is set when it is done.
    pub fn submit(&self, task: impl FnOnce(&SmallPool) + Send + 'static) -> Arc<Event> {
        let done = Arc::new(Event::new());
        let tell = Arc::clone(&done);
        let task: Task = Box::new(move |pool| {
            task(pool);
            tell.set();
        });
        assert!(self.tasks.put(task).is_ok(), "the pool is closed");
        done
    }
}
// ANCHOR_END: pool

// ANCHOR: halves
/// A task that leaves half of its work to another task.
pub fn halves(pool: &SmallPool) {
    let other_half = pool.submit(|_| ());
    // … does one half …
    other_half.wait();
}
// ANCHOR_END: halves

impl SmallPool {
    /// A pool with nothing to do.
    #[must_use]
    #[cfg_attr(model, track_caller)]
    pub fn new() -> Self {
        Self { tasks: Queue::unbounded() }
    }

    /// Nothing can be submitted from now on.
    pub fn close(&self) {
        self.tasks.shutdown();
    }
}

impl Default for SmallPool {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}
