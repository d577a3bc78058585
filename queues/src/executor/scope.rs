//! Tasks that borrow, and a scope that outlives them.
//!
//! A task may run at any time until it is over, so what it borrows must live until then.
//! [`scope`](Executor::scope) ensures that: whether its closure returns or panics, it waits for
//! every task that was submitted in it.
//!
//! # Why that is sound
//!
//! The queue takes tasks that own all they use (`'static`), so the lifetime of a task that borrows
//! is erased. Then no borrowing value may be touched or dropped after the scope has ended; the
//! memory of the task itself may stay in the queue for longer, as an empty shell. Two values in a
//! task may borrow:
//!
//! - **The closure.** It is in its place until a claim succeeds. The winner calls it or drops it,
//!   which consumes it, _before_ the task is over. The scope waits until every task is over.
//! - **The result.** It, too, is put in its place before the task is over. If the handle is gone by
//!   then, the worker drops the result, before the task is over. If not, the result belongs to the
//!   handle, and no other code may take or drop it. The handle's type names the result's type, so
//!   the compiler does not let the handle out of the scope if the result borrows. (A leaked handle
//!   also leaks the shell, and the result is never dropped.)
//!
//! So when the scope has ended, no closure and no borrowing result is left; the shells are empty.
//! The other parts of a task (panics, callbacks) never borrow.
//!
//! The scope keeps a list, and so it waits for every task. A task is on the list before it is in
//! the queue. If a task of the scope submits another, that one is on the list before the first is
//! over. The scope reads the list until it finds it empty, so it cannot miss a task. The user has
//! only a reference to the scope and cannot forget it: this module owns it, together with a guard
//! that also waits when the closure unwinds.
//!
//! The lifetimes are those of `std::thread::scope`: tasks may borrow for `'scope`, which is at
//! least as long as the call, and `'env` is the lifetime of what surrounds it. Both are invariant,
//! so neither can be extended.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use primitives::Lock;
use primitives::sync::model_failed;

use super::job::{Body, Job, Outcome};
use super::keep::{Boxed, Inside, Keep, are_small};
#[cfg(model)]
use super::model::Crew as WorkerThreads;
use super::pool::{Patience, Pool, Queued, Refused};
use super::state::Ending;
use super::submit::IS_SHUT_DOWN;
use super::{Executor, Task};
use crate::error::{PutTimeoutError, TryPutError};
#[cfg(not(model))]
use crate::workers::WorkerThreads;
use crate::workers::{PanicError, drop_quietly};

/// Submits tasks that may borrow from the surroundings of [`Executor::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    pool: Arc<Pool>,
    threads: Arc<WorkerThreads>,
    pub(super) list: Lock<List>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// The tasks of a scope, without those that no longer matter.
#[derive(Default)]
pub(super) struct List {
    pub(super) jobs: Vec<Arc<dyn Job>>,
    /// At this length the list is searched for tasks that may go.
    full: usize,
}

impl List {
    /// Puts a task on the list. Returns those that no longer need to be on it, to be dropped after
    /// the lock is released.
    fn add(&mut self, job: Arc<dyn Job>) -> Vec<Arc<dyn Job>> {
        const A_FEW: usize = 64;
        self.jobs.push(job);
        if self.jobs.len() <= self.full.max(A_FEW) {
            return Vec::new();
        }
        let gone = self.jobs.extract_if(.., |job| {
            matches!(job.state().look().ending(), Some(Ending::Returned | Ending::Cancelled))
        });
        let gone = gone.collect();
        self.full = 2 * self.jobs.len(); // so a look at a task costs each new one a look at two
        gone
    }
}

impl Executor {
    /// Calls `f`, which may submit tasks that borrow, and waits for all of them. Blocks.
    ///
    /// A worker of this executor that comes to the end of a scope runs the tasks that have not
    /// begun: see [`executor`](super#a-task-that-waits-for-a-task). Tasks get the scope by
    /// reference and may submit more.
    ///
    /// _Python_: `with ThreadPoolExecutor() as executor:`, with existing threads.
    ///
    /// ```
    /// use queues::Executor;
    ///
    /// let executor = Executor::new(2);
    /// let mut numbers = [4, 1, 3, 2];
    /// let (left, right) = numbers.split_at_mut(2);
    /// let sum = executor.scope(|s| {
    ///     s.submit(|| left.sort()); // borrows, and needs no `Arc`
    ///     s.submit(|| right.sort());
    ///     s.submit(|| 1 + 1).result().unwrap()
    /// });
    /// assert_eq!((sum, numbers), (2, [1, 4, 2, 3]));
    /// ```
    ///
    /// A task must borrow from outside the scope, not from inside:
    ///
    /// ```compile_fail,E0373
    /// # let executor = queues::Executor::new(1);
    /// executor.scope(|s| {
    ///     let inside = [1, 2, 3];
    ///     s.submit(|| inside.len()); // may run when `inside` is gone
    /// });
    /// ```
    ///
    /// A borrowing result cannot leave the scope either:
    ///
    /// ```compile_fail,E0597
    /// # let executor = queues::Executor::new(1);
    /// let task = {
    ///     let text = String::from("short-lived");
    ///     executor.scope(|s| s.submit(|| text.as_str()))
    /// };
    /// println!("{}", task.result().unwrap());
    /// ```
    ///
    /// # Panics
    ///
    /// It panics when all tasks are over: if `f` panicked, with the same panic; or if a task
    /// panicked and its handle was dropped, so that no code could learn of it.
    #[track_caller]
    pub fn scope<'env, F, R>(&self, f: F) -> R
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        let scope = Scope {
            pool: Arc::clone(&self.pool),
            threads: Arc::clone(&self.threads),
            list: Lock::new(List::default()),
            scope: PhantomData,
            env: PhantomData,
        };
        let mut unseen = None;
        let result = {
            let at = Location::caller();
            let _waits = Waits { pool: &scope.pool, list: &scope.list, unseen: &mut unseen, at };
            f(&scope)
        };
        if let Some(panic) = unseen {
            panic!("a task of the scope panicked, and its result was never asked for: {panic}");
        }
        result
    }
}

// ANCHOR: waits
/// Its drop waits for every task of the scope, whether the closure has returned or unwinds.
struct Waits<'a> {
    pool: &'a Pool,
    list: &'a Lock<List>,
    unseen: &'a mut Option<PanicError>,
    /// The place of the scope in the source.
    at: &'static Location<'static>,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if model_failed() {
            return; // out of a model, which has failed already
        }
        // Nothing below panics. If it did, tasks would use borrowed data that is gone.
        let must_not_panic = Abort;
        let mut panicked = Vec::new();
        loop {
            // In two steps: tasks of the scope may add to the list while this waits.
            let jobs = mem::take(&mut self.list.lock().jobs);
            if jobs.is_empty() {
                break;
            }
            // All tasks begin first: a task that waits for another by other means must not prevent
            // its start.
            for job in &jobs {
                self.pool.help(job);
            }
            for job in jobs {
                job.state().wait(None, job.state().waiting_for_runner_at(self.at));
                match job.state().look().ending() {
                    Some(Ending::Panicked) => panicked.push(job),
                    _ => drop_quietly(job),
                }
            }
        }
        // Only now: until the last task is over, tasks may hold handles of others.
        *self.unseen = panicked.iter().find_map(|job| job.unseen_panic());
        drop_quietly(panicked);
        mem::forget(must_not_panic);
    }
}

/// Ends the process when it is dropped.
struct Abort;

impl Drop for Abort {
    fn drop(&mut self) {
        process::abort();
    }
}
// ANCHOR_END: waits

impl<'scope> Scope<'scope, '_> {
    /// Adds a task that may borrow what outlives the scope. Blocks only while the executor is full.
    /// See [`Executor::submit`].
    ///
    /// # Panics
    ///
    /// If the executor is shut down.
    #[track_caller]
    pub fn submit<F, T>(&'scope self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        match self.add(f, Location::caller(), Patience::Endless) {
            Ok(task) => task,
            Err(_) => panic!("{IS_SHUT_DOWN}"),
        }
    }

    /// Adds a task that may borrow, unless the executor is shut down, or full. Never blocks. See
    /// [`Executor::try_submit`].
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the closure.
    #[track_caller]
    pub fn try_submit<F, T>(&'scope self, f: F) -> Result<Task<T>, TryPutError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.add(f, Location::caller(), Patience::None).map_err(Refused::at_once)
    }

    /// Adds a task that may borrow; blocks while the executor is full, for at most `timeout`. See
    /// [`Executor::submit_timeout`].
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the closure.
    #[track_caller]
    pub fn submit_timeout<F, T>(
        &'scope self,
        f: F,
        timeout: Duration,
    ) -> Result<Task<T>, PutTimeoutError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.add(f, Location::caller(), Patience::Timeout(timeout)).map_err(Refused::in_time)
    }

    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    fn add<F, T>(
        &'scope self,
        f: F,
        at: &'static Location<'static>,
        patience: Patience,
    ) -> Result<Task<T>, (Refused, F)>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        if are_small::<F, T>() {
            self.add_body(Body::<T, F, Inside>::new(f, at), patience)
        } else {
            self.add_body(Body::<T, F, Boxed>::new(f, at), patience)
        }
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn add_body<F, T, K>(
        &'scope self,
        body: Body<T, F, K>,
        patience: Patience,
    ) -> Result<Task<T>, (Refused, F)>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
        K: Keep + 'scope,
    {
        let body = Arc::new(body);
        let job: Arc<dyn Job + 'scope> = Arc::clone(&body) as _;
        // SAFETY: only the lifetime is changed. The task is on the list below before another thread
        // sees it, so the scope does not end before it is over; and then nothing in it borrows (see
        // the top of this file).
        let job = unsafe { mem::transmute::<Arc<dyn Job + 'scope>, Arc<dyn Job>>(job) };
        let gone = self.list.lock().add(Arc::clone(&job));
        gone.into_iter().for_each(drop_quietly);
        match self.pool.put(Queued { job, priority: 0 }, patience) {
            Ok(()) => {
                self.threads.grow(|started| self.pool.wants_more_than(started));
                let body: Arc<dyn Outcome<T> + 'scope> = body;
                // SAFETY: only the lifetime is changed. Of the parts that borrow, a handle reaches
                // only the result. The result's type is part of the handle's type, so the handle
                // cannot outlive it.
                let body = unsafe {
                    mem::transmute::<Arc<dyn Outcome<T> + 'scope>, Arc<dyn Outcome<T>>>(body)
                };
                Ok(Task::new(body, Arc::clone(&self.pool)))
            }
            Err(refused) => Err((refused, body.reclaim().expect("no other thread has seen it"))),
        }
    }
}

/// Shows how many tasks it waits for, or fewer. Never blocks.
impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scope = f.debug_struct("Scope");
        if let Some(list) = self.list.try_lock() {
            scope.field("tasks", &list.jobs.len());
        }
        scope.finish_non_exhaustive()
    }
}
