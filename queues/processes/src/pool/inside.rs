//! What a pool's handles and its collector share, and how the threads of the parent do the pool's
//! work.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};

use primitives::sync::spin;
use primitives::{Condition, Lock, LockGuard, threads};

use super::bell::PoolBell;
use super::call::{Call, Told};
use super::crew::Crew;
use super::error::SubmitError;
use crate::futex::{Deadline, Wait};

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
    /// Whether a thread that waits for its result sleeps on the caller's bell.
    on_duty: AtomicBool,
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
            on_duty: AtomicBool::new(false),
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

    /// As [`submit`](Self::submit), for a thread that then [waits](Self::help_until): workers need
    /// not wake the collector.
    pub(super) fn submit_and_wait(&self, call: Call) -> Result<(), SubmitError> {
        self.bell.hush();
        self.submit(call).inspect_err(|_| self.look_once_more())
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

    /// Reads the answers, and sends more calls, unless another thread does. Returns whether there
    /// was anything.
    fn pump(&self) -> bool {
        self.crew.try_lock().is_some_and(|crew| self.work(crew, Self::tell))
    }

    /// As [`pump`](Self::pump), but does not leave the work to another thread: that one may have
    /// looked before an answer came.
    fn pump_surely(&self) -> bool {
        self.work(self.crew.lock(), Self::tell)
    }

    fn work(&self, mut crew: LockGuard<'_, Crew>, tell: fn(&Self, Vec<Told>)) -> bool {
        let mut told = Vec::new();
        let had_something = crew.pump(&mut told);
        let is_over = crew.is_empty();
        drop(crew);
        tell(self, told);
        if is_over {
            self.changed.notify_all();
        }
        had_something
    }

    /// Passes results on, without holding a lock.
    pub(super) fn tell(&self, told: Vec<Told>) {
        if !told.is_empty() {
            self.pass_on(told);
            self.bell.ring_caller();
        }
    }

    fn pass_on(&self, told: Vec<Told>) {
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
            let had_something = self.pump_surely();
            let crew = self.crew.lock();
            if crew.is_empty() && crew.closed {
                return;
            }
            drop(crew);
            if !had_something {
                self.bell.sleep(seen);
            }
        }
    }

    /// Does the pool's work until `is_done` or until `deadline`. Returns `false` at once if another
    /// thread does it: that thread, or the collector, will report the result.
    pub(super) fn help_until(&self, deadline: Deadline, is_done: impl Fn() -> bool) -> bool {
        self.bell.hush();
        let done = is_done()
            || spin::watch(|| {
                self.pump();
                is_done()
            });
        // Acquire: pairs with the Release below.
        if !done && !self.on_duty.swap(true, Acquire) {
            self.stand_by(deadline, &is_done);
            // Release: pairs with the Acquire above: the caller's bell has one sleeper at a time.
            self.on_duty.store(false, Release);
        }
        // This thread must find what arrived since the last look.
        self.look_once_more();
        is_done()
    }

    /// This thread no longer looks: workers wake the collector again.
    fn look_once_more(&self) {
        self.bell.listen();
        self.pump_surely();
    }

    /// Sleeps until a worker has an answer, and reads it.
    #[cold]
    fn stand_by(&self, deadline: Deadline, is_done: &impl Fn() -> bool) {
        loop {
            let seen = self.bell.prepare_caller();
            // It passes its own result on, and needs no ring for it.
            self.work(self.crew.lock(), Self::pass_on);
            if is_done() || self.bell.sleep_caller(seen, deadline) == Wait::TimedOut {
                return self.bell.hush_caller();
            }
        }
    }
}

/// Calls the program's code. The panic hook reports a panic, which ends here.
pub(super) fn quietly(f: impl FnOnce()) {
    let _ = threads::catch_panic(AssertUnwindSafe(f));
}
