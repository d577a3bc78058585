//! What a pool's handles and its collector share, and how the threads of the parent do the pool's
//! work.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicUsize};

use primitives::{Condition, Lock, LockGuard, threads};

use super::bell::PoolBell;
use super::call::{Call, Told};
use super::crew::Crew;
use super::error::SubmitError;
use crate::futex::Deadline;
use crate::queue::look;

pub(super) type Progress = Box<dyn Fn(usize, usize) + Send + Sync>;

/// What the pool, its tasks and its collector share.
pub(super) struct Inside {
    pub(super) crew: Lock<Crew>,
    bell: PoolBell,
    /// Notified when a worker has ended, or the last task.
    changed: Condition,
    progress: Option<Progress>,
    pub(super) submitted: AtomicUsize,
    done: AtomicUsize,
    /// How long a thread spins for its result, in pauses.
    patience: AtomicU32,
}

impl Inside {
    pub(super) fn new(crew: Crew, bell: PoolBell, progress: Option<Progress>) -> Self {
        Self {
            crew: Lock::new(crew),
            bell,
            changed: Condition::new(),
            progress,
            submitted: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            patience: AtomicU32::new(400),
        }
    }

    pub(super) fn submit(&self, call: Call) -> Result<(), SubmitError> {
        let mut told = Vec::new();
        let mut crew = self.open_crew()?;
        // Relaxed: only a counter.
        self.submitted.fetch_add(1, Relaxed);
        crew.push(call, &mut told);
        drop(crew);
        self.tell(told);
        Ok(())
    }

    /// The crew, if it accepts calls.
    pub(super) fn open_crew(&self) -> Result<LockGuard<'_, Crew>, SubmitError> {
        let crew = self.crew.lock();
        if let Some(why) = &crew.broken {
            return Err(SubmitError::Broken(why.clone()));
        }
        if crew.closed {
            return Err(SubmitError::Closed);
        }
        Ok(crew)
    }

    pub(super) fn close(&self) {
        self.crew.lock().closed = true;
        self.wake_collector();
    }

    /// Kills the workers, and cancels what has no result.
    pub(super) fn terminate(&self) {
        let mut told = Vec::new();
        self.crew.lock().terminate(&mut told);
        self.tell(told);
        self.wake_collector();
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.crew.lock().pids()
    }

    /// Lets the collector look again, even if it does not seem to sleep.
    pub(super) fn wake_collector(&self) {
        self.bell.ring_hard();
    }

    pub(super) fn wait_for_the_end(&self, deadline: Deadline) -> bool {
        let mut crew = self.crew.lock();
        while !crew.is_empty() {
            match deadline {
                None => self.changed.wait(&mut crew),
                Some(deadline) => {
                    if self.changed.wait_deadline(&mut crew, deadline).timed_out() {
                        return crew.is_empty();
                    }
                }
            }
        }
        true
    }

    /// Reads the answers, and sends more calls. Returns whether there was anything.
    pub(super) fn pump(&self) -> bool {
        let mut told = Vec::new();
        let Some(mut crew) = self.crew.try_lock() else { return false };
        let had_something = crew.pump(&mut told);
        let is_over = crew.is_empty();
        drop(crew);
        self.tell(told);
        if is_over {
            self.changed.notify_all();
        }
        had_something
    }

    /// Passes results on, without holding a lock.
    pub(super) fn tell(&self, told: Vec<Told>) {
        for told in told {
            told.tell();
            // Relaxed: only a counter.
            let done = self.done.fetch_add(1, Relaxed) + 1;
            if let Some(progress) = &self.progress {
                let submitted = self.submitted.load(Relaxed);
                quietly(|| progress(done, submitted));
            }
        }
    }

    /// The collector: does the pool's work when no waiting thread does.
    pub(super) fn collect(&self) {
        loop {
            let seen = self.bell.prepare();
            // Not `pump`, which leaves the work to another thread: that one may have looked before
            // the bell rang.
            let mut told = Vec::new();
            let mut crew = self.crew.lock();
            let had_something = crew.pump(&mut told);
            let is_over = crew.is_empty() && crew.closed;
            drop(crew);
            self.tell(told);
            if is_over {
                self.changed.notify_all();
                return;
            }
            if !had_something {
                self.bell.sleep(seen);
            }
        }
    }

    /// Runs `f`, in which this thread waits for an answer: workers need not wake the collector.
    pub(super) fn attend<R>(&self, f: impl FnOnce() -> R) -> R {
        self.bell.hush();
        let result = f();
        self.bell.listen();
        // What came meanwhile for others.
        self.pump();
        result
    }

    /// Does the pool's work for a while, until `is_done`. Returns `false` if the collector must
    /// continue.
    pub(super) fn help_until(&self, is_done: impl Fn() -> bool) -> bool {
        if is_done() {
            return true;
        }
        self.bell.hush();
        let done = look(&self.patience, || {
            self.pump();
            is_done().then_some(())
        });
        // This thread must find what arrived since the last look.
        self.bell.listen();
        self.pump();
        done.is_some() || is_done()
    }
}

/// Calls the program's code. The panic hook reports a panic, which ends here.
pub(super) fn quietly(f: impl FnOnce()) {
    let _ = threads::catch_panic(AssertUnwindSafe(f));
}
