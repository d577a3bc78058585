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

/// Threads that all run the same function until there is no more work.
#[derive(Debug)]
pub(crate) struct WorkerThreads {
    threads: Vec<JoinHandle<()>>,
    /// Whether the drop of the pool waits for them. It does not after a shutdown that did not wait.
    awaited: AtomicBool,
    /// The process that started them: a forked child does not have them.
    process: u32,
}

impl WorkerThreads {
    /// Starts the threads; each runs `work` on what they share. If `workers` has no name, the
    /// threads get the name of the `pool`. If the system cannot make enough of them, the caller
    /// must tell the running ones to end.
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

    /// Whether this process started them. A child that was forked later has the memory but not the
    /// threads, and locks that a thread held at that moment stay locked.
    pub(crate) fn is_here(&self) -> bool {
        self.process == process::id()
    }

    /// Notes whether the caller of a shutdown waits; the drop then does the same.
    pub(crate) fn shut_down(&self, wait: bool) {
        // Relaxed: the thread that drops the pool owns it alone, so the drop comes after every such
        // call.
        self.awaited.store(wait, Relaxed);
    }

    /// Waits until all of them have done their work. Blocks, except in a worker, which would wait
    /// for itself. Returns at once in a forked child.
    pub(crate) fn wait(&self) {
        if !self.is_here() {
            return;
        }
        for thread in &self.threads {
            let ended = thread.join_timeout(Duration::MAX);
            debug_assert!(ended, "this timeout never expires");
        }
    }

    /// [`wait`](Self::wait), and then until the threads are gone; or leaves them alone, if a
    /// shutdown said so.
    pub(crate) fn end(&mut self) {
        if !*self.awaited.get_mut() {
            return; // the handles are dropped with this, and the threads go on
        }
        for thread in mem::take(&mut self.threads) {
            // Not `expect`: the worker catches the panics of what it runs, and this may be a
            // destructor.
            _ = thread.join();
        }
    }
}

thread_local! {
    /// The address of the state that this thread shares with the others, if it is a worker. The
    /// thread keeps that state alive, so no other object has this address.
    static SERVED: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

fn address<P>(shared: &P) -> *const () {
    ptr::from_ref(shared).cast()
}

/// Whether the calling thread is one of the workers that share this. Reads a thread-local.
pub(crate) fn serves<P>(shared: &P) -> bool {
    SERVED.get() == address(shared)
}

/// In a forked child the handles refer to threads that do not exist, so they must not be used.
impl Drop for WorkerThreads {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(mem::take(&mut self.threads));
        }
    }
}
