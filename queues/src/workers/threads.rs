//! [`WorkerThreads`]: the workers, once they are started.

use std::cell::Cell;
use std::io;
use std::mem;
use std::process;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use primitives::sync::atomic::{AtomicBool, Ordering::Relaxed};
use primitives::threads::{Builder, JoinHandle};

use super::Workers;

/// Threads that all run the same thing until there is nothing left to do.
#[derive(Debug)]
pub(crate) struct WorkerThreads {
    threads: Vec<JoinHandle<()>>,
    /// Whether the drop of the pool waits for them: not after a shutdown that did not.
    awaited: AtomicBool,
    /// The process that started them: in the child of a `fork` they are not there.
    process: u32,
}

impl WorkerThreads {
    /// Starts the threads; each runs `work` on what they share. Unless `workers` has a name, they have that of the
    /// `pool`. If the system has not enough of them, those that run already must be told to end.
    pub(crate) fn start<P: Send + Sync + 'static>(
        workers: &Workers,
        pool: &str,
        shared: &Arc<P>,
        work: fn(&P),
    ) -> io::Result<Self> {
        let name = workers.name.as_deref().unwrap_or(pool);
        let start = |number| {
            let shared = Arc::clone(shared);
            let mut thread = Builder::new().name(format!("{name}_{number}"));
            if let Some(bytes) = workers.stack_size {
                thread = thread.stack_size(bytes);
            }
            thread.spawn(move || {
                SERVED.set(address(&*shared));
                work(&shared);
            })
        };
        Ok(Self {
            threads: (0..workers.count()).map(start).collect::<io::Result<_>>()?,
            awaited: AtomicBool::new(true),
            process: process::id(),
        })
    }

    /// How many threads there are.
    pub(crate) fn len(&self) -> usize {
        self.threads.len()
    }

    /// Whether this process is the one that started them, and not a child that was forked off since: that one has
    /// the memory but not the threads, and locks which a thread held in that moment stay locked.
    pub(crate) fn is_here(&self) -> bool {
        self.process == process::id()
    }

    /// Notes whether the caller of a shutdown waits: then the drop will too, and otherwise it will not.
    pub(crate) fn shut_down(&self, wait: bool) {
        // Relaxed: the thread that drops the pool has it alone, so the drop comes after every such call.
        self.awaited.store(wait, Relaxed);
    }

    /// Waits until all of them have done their work. Blocks; not for a worker, which would wait for
    /// itself. Returns at once where they are not.
    pub(crate) fn wait(&self) {
        if !self.is_here() {
            return;
        }
        for thread in &self.threads {
            let ended = thread.join_timeout(Duration::MAX);
            debug_assert!(ended, "that time-out never comes");
        }
    }

    /// [`wait`](Self::wait), and until the threads are gone; or leaves them alone, if a shutdown said so.
    pub(crate) fn end(&mut self) {
        if !*self.awaited.get_mut() {
            return; // the handles are dropped with this, and the threads go on
        }
        for thread in mem::take(&mut self.threads) {
            // Not `expect`: what a worker runs is caught there, and here may be a destructor.
            _ = thread.join();
        }
    }
}

thread_local! {
    /// The address of what this thread shares with the others, if it is a worker. The thread keeps it
    /// alive, so nothing else has this address.
    static SERVED: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

fn address<P>(shared: &P) -> *const () {
    ptr::from_ref(shared).cast()
}

/// Whether the calling thread is one of the workers that share this. One look at a thread-local.
pub(crate) fn serves<P>(shared: &P) -> bool {
    SERVED.get() == address(shared)
}

/// In the child of a `fork` the handles stand for threads that are not there: nothing may be done with them.
impl Drop for WorkerThreads {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(mem::take(&mut self.threads));
        }
    }
}
