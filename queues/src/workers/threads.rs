//! [`WorkerThreads`]: the workers, once they are started.

use std::cell::Cell;
use std::io;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::process;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::Lock;
use primitives::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use primitives::threads::{Builder, JoinHandle};

use super::config::Initializer;
use super::{PanicError, Workers, catch_panic, drop_quietly};
use crate::queue::Queue;

/// Threads that all run the same function until there is no more work.
pub(crate) struct WorkerThreads {
    /// By number. A thread is replaced only if it has ended because its initializer failed.
    threads: Lock<Vec<Arc<JoinHandle<()>>>>,
    /// How many there are, without those whose initializer failed.
    started: Arc<AtomicUsize>,
    most: usize,
    /// Starts the thread with this number.
    start: Box<dyn Fn(usize, Origin) -> io::Result<JoinHandle<()>> + Send + Sync>,
    /// Whether the drop of the pool waits for them. It does not after a shutdown that did not wait.
    awaited: AtomicBool,
    /// The process that started them: a forked child does not have them.
    process: u32,
}

/// Where the thread that starts a worker learns how its initializer ended.
type Begun = Arc<Queue<Result<(), PanicError>>>;

/// When a thread was started.
#[derive(Clone)]
enum Origin {
    /// With the pool, which waits for its initializer.
    First(Begun),
    /// On demand. The thread takes itself off the count if its initializer fails.
    Later(Arc<AtomicUsize>),
}

impl WorkerThreads {
    /// Starts the threads; each runs the initializer, if there is one, and then `work` on what they
    /// share, with its number, and whether it came later. Waits for the initializers. If `workers`
    /// has no name, the threads get the name of the `pool`. If the system cannot make enough of
    /// them, or an initializer panics, the caller must tell the running ones to end.
    pub(crate) fn start<P: Send + Sync + 'static>(
        workers: &Workers,
        pool: &str,
        shared: &Arc<P>,
        work: fn(&P, usize, bool),
    ) -> io::Result<Self> {
        let shared = Arc::clone(shared);
        let name = workers.name.clone().unwrap_or_else(|| pool.to_owned());
        let (stack_size, initializer) = (workers.stack_size, workers.initializer.clone());
        let start = move |number, origin| {
            let (shared, initializer) = (Arc::clone(&shared), initializer.clone());
            let mut thread = Builder::new().name(format!("{name}_{number}"));
            if let Some(bytes) = stack_size {
                thread = thread.stack_size(bytes);
            }
            thread.spawn(move || {
                SERVED.set((address(&*shared), number));
                if initializer.is_none_or(|f| f.has_run(&origin)) {
                    let came_later = matches!(origin, Origin::Later(_));
                    drop(origin);
                    work(&shared, number, came_later);
                }
            })
        };
        let begun = Begun::new(Queue::unbounded());
        let threads = (0..workers.count())
            .map(|number| Ok(Arc::new(start(number, Origin::First(Arc::clone(&begun)))?)))
            .collect::<io::Result<Vec<_>>>()?;
        if workers.initializer.is_some() {
            for _ in &threads {
                begun.get().expect("it is never shut down").map_err(io::Error::other)?;
            }
        }
        Ok(Self {
            started: Arc::new(AtomicUsize::new(threads.len())),
            threads: Lock::new(threads),
            most: workers.most(),
            start: Box::new(start),
            awaited: AtomicBool::new(true),
            process: process::id(),
        })
    }

    /// How many threads there are.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: it decides nothing; the lock does.
        self.started.load(Relaxed)
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The name of the thread with this number.
    pub(crate) fn name(&self, number: usize) -> String {
        self.threads.lock()[number].thread().name().to_owned()
    }

    /// Whether the thread with this number is there and has not ended.
    #[cfg(test)]
    pub(crate) fn has_running(&self, number: usize) -> bool {
        self.threads.lock().get(number).is_some_and(|thread| !thread.is_finished())
    }

    /// Starts another thread, if there may be more, and if they are `wanted`, of so many that there
    /// are. One load if there may not.
    #[inline]
    pub(crate) fn grow(&self, wanted: impl FnOnce(usize) -> bool) {
        if self.len() < self.most {
            self.start_another(wanted);
        }
    }

    /// Under the lock, so that a thread which [waits](Self::wait_until) after the shutdown either
    /// finds the new one, or has shut the pool down before `wanted` looks.
    #[cold]
    fn start_another(&self, wanted: impl FnOnce(usize) -> bool) {
        if !self.is_here() {
            return;
        }
        let mut threads = self.threads.lock();
        let failed = threads.iter().position(|thread| thread.is_finished());
        let there = threads.len() - threads.iter().filter(|thread| thread.is_finished()).count();
        if there == self.most || !wanted(there) {
            return;
        }
        let number = failed.unwrap_or(threads.len());
        // Relaxed, both: as in `len`.
        self.started.fetch_add(1, Relaxed);
        let Ok(thread) = (self.start)(number, Origin::Later(Arc::clone(&self.started))) else {
            self.started.fetch_sub(1, Relaxed);
            return;
        };
        match threads.get_mut(number) {
            Some(failed) => *failed = Arc::new(thread),
            None => threads.push(Arc::new(thread)),
        }
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

    /// Waits until all of them have done their work, or until `deadline`. Returns whether they
    /// have. Only after the shutdown, and not in a worker, which would wait for itself. Returns at
    /// once in a forked child.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        if !self.is_here() {
            return true;
        }
        (0..).map_while(|number| self.threads.lock().get(number).cloned()).all(|thread| {
            match deadline {
                Some(deadline) => thread.join_deadline(deadline),
                None => thread.join_timeout(Duration::MAX),
            }
        })
    }

    /// Waits until the threads are gone; or leaves them alone, if a shutdown said so. Only for the
    /// thread that drops the pool.
    pub(crate) fn end(&self) {
        // Relaxed: as in `shut_down`.
        if !self.awaited.load(Relaxed) {
            return; // the handles are dropped with this, and the threads go on
        }
        let threads = mem::take(&mut *self.threads.lock());
        for thread in threads.into_iter().filter_map(Arc::into_inner) {
            // Not `expect`: the worker catches the panics of what it runs, and this may be a
            // destructor.
            _ = thread.join();
        }
    }
}

impl Initializer {
    /// Calls it in the new thread. Returns whether that may go on.
    fn has_run(self, origin: &Origin) -> bool {
        // Unwind safe: the thread ends, and others answer for what it shared with them.
        let outcome = catch_panic(AssertUnwindSafe(|| (self.0)()));
        drop_quietly(self);
        let is_ok = outcome.is_ok();
        match origin {
            Origin::First(begun) => begun.put(outcome).expect("it is never shut down"),
            Origin::Later(started) => {
                drop_quietly(outcome);
                if !is_ok {
                    // Relaxed: as in `len`.
                    started.fetch_sub(1, Relaxed);
                }
            }
        }
        is_ok
    }
}

thread_local! {
    /// The address of the state that this thread shares with the others, if it is a worker, and its
    /// number. The thread keeps that state alive, so no other object has this address.
    static SERVED: Cell<(*const (), usize)> = const { Cell::new((ptr::null(), 0)) };
}

fn address<P>(shared: &P) -> *const () {
    ptr::from_ref(shared).cast()
}

/// The number of the calling thread, if it is one of the workers that share this. Reads a
/// thread-local.
pub(crate) fn serves<P>(shared: &P) -> Option<usize> {
    let (served, number) = SERVED.get();
    (served == address(shared)).then_some(number)
}

/// In a forked child the handles refer to threads that do not exist, so they must not be used.
impl Drop for WorkerThreads {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(mem::take(self.threads.get_mut()));
        }
    }
}
