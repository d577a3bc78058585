//! The crew: the waiting calls, the workers, and which worker gets which call.
//!
//! Everything is under one lock, in the parent's own memory. A thread that waits for a result does
//! the pool's work while it waits: it reads the answers of all workers and sends them more
//! ([`Crew::pump`]). If nothing comes soon, one such thread sleeps until a worker rings. The pool's
//! own thread, the collector, does the same when no such thread is there.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;

use super::bell::PoolBell;
use super::call::{Call, Sink, Told};
use super::error::TaskError;
use super::member::Worker;
use crate::process::StartError;

/// If this many workers in a row end before they are ready, the pool is broken.
const FALSE_STARTS: u32 = 8;

/// The pool's settings.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) workers: usize,
    pub(super) max_tasks_per_child: Option<u64>,
    pub(super) initializer: Option<(String, Vec<u8>)>,
}

pub(super) struct Crew {
    plan: Plan,
    bell: PoolBell,
    pending: VecDeque<Call>,
    workers: Vec<Worker>,
    /// No more calls.
    pub(super) closed: bool,
    /// No more workers are started either.
    pub(super) terminated: bool,
    pub(super) broken: Option<String>,
    false_starts: u32,
    started: u64,
}

impl Crew {
    pub(super) fn start(plan: Plan, bell: PoolBell) -> Result<Self, StartError> {
        let mut crew = Self {
            plan,
            bell,
            pending: VecDeque::new(),
            workers: Vec::new(),
            closed: false,
            terminated: false,
            broken: None,
            false_starts: 0,
            started: 0,
        };
        for _ in 0..crew.plan.workers {
            let worker = crew.hire().inspect_err(|_| crew.kill_all())?;
            crew.workers.push(worker);
        }
        Ok(crew)
    }

    fn hire(&mut self) -> Result<Worker, StartError> {
        self.started += 1;
        let name = format!("{}-{}", self.plan.name, self.started);
        Worker::start(&name, self.plan.initializer.clone(), self.bell.clone())
    }

    /// The processes of the workers.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.workers.iter().map(|worker| worker.child.pid).collect()
    }

    /// Accepts a call, and sends it if a worker wants one.
    pub(super) fn push(&mut self, call: Call, told: &mut Vec<Told>) {
        self.pending.push_back(call);
        self.send(told);
    }

    /// Accepts calls, without sending them.
    pub(super) fn push_later(&mut self, call: Call) {
        self.pending.push_back(call);
    }

    /// Whether no worker is left.
    pub(super) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Reads all answers, removes dead workers, and sends more calls. Returns whether there was
    /// anything to do.
    pub(super) fn pump(&mut self, told: &mut Vec<Told>) -> bool {
        let before = told.len();
        let mut place = 0;
        let mut has_changed = false;
        while place < self.workers.len() {
            // Before the answers: those of dead workers are then complete.
            let has_ended = self.workers[place].has_ended();
            match self.workers[place].read(told) {
                Ok(changed) => has_changed |= changed,
                Err(why) => self.break_down(why, told),
            }
            if has_ended {
                has_changed = true;
                let worker = self.workers.swap_remove(place);
                self.bury(worker, told);
            } else {
                place += 1;
            }
        }
        if has_changed {
            self.false_starts =
                if self.workers.iter().any(|worker| worker.ready) { 0 } else { self.false_starts };
        }
        self.send(told);
        has_changed || told.len() > before
    }

    fn bury(&mut self, worker: Worker, told: &mut Vec<Told>) {
        let (status, has_greeted) = worker.how_it_ended();
        let error = match status.map(|status| (status.signal(), status.code())) {
            Some((Some(signal), _)) => TaskError::WorkerDied { signal },
            Some((_, code)) => TaskError::WorkerExited { status: code.unwrap_or(-1) },
            None => TaskError::WorkerExited { status: -1 },
        };
        // The calls that it had not begun go to others, in order, before all waiting calls.
        for sent in worker.sent.into_iter().rev() {
            if worker.channel.slots().has_begun(sent.number) {
                told.push(sent.call.told(Err(error.clone())));
            } else {
                self.pending.push_front(sent.call);
            }
        }
        if !worker.ready {
            self.false_starts += 1;
        }
        if !has_greeted && matches!(error, TaskError::WorkerExited { .. }) {
            self.break_down("a worker ended without a call of `processes::init()`".into(), told);
        } else if self.false_starts >= FALSE_STARTS {
            self.break_down(
                format!("{FALSE_STARTS} workers in a row ended before they were at work"),
                told,
            );
        }
        self.replace(told);
    }

    /// Starts workers for those that have ended.
    fn replace(&mut self, told: &mut Vec<Told>) {
        while self.workers.len() < self.plan.workers
            && !self.terminated
            && self.broken.is_none()
            && !(self.closed && self.pending.is_empty())
        {
            match self.hire() {
                Ok(worker) => self.workers.push(worker),
                // If other workers exist, it is tried again when the next one ends.
                Err(_) if !self.workers.is_empty() => return,
                Err(error) => self.break_down(format!("no worker can be started: {error}"), told),
            }
        }
    }

    /// No worker can be started: all waiting calls fail.
    fn break_down(&mut self, why: String, told: &mut Vec<Told>) {
        let why = self.broken.get_or_insert(why).clone();
        told.extend(
            self.pending.drain(..).map(|call| call.told(Err(TaskError::Broken(why.clone())))),
        );
    }

    /// Sends calls to the workers that have little work ahead.
    fn send(&mut self, told: &mut Vec<Told>) {
        if let Some(why) = self.broken.clone() {
            self.break_down(why, told);
        }
        while let Some(call) = self.pending.pop_front() {
            if call.sink.is_cancelled() {
                told.push(call.told(Err(TaskError::Cancelled)));
                continue;
            }
            let most = self.plan.max_tasks_per_child;
            let wants = |worker: &&mut Worker| worker.wants(most);
            let Some(worker) =
                self.workers.iter_mut().filter(wants).min_by_key(|worker| worker.sent.len())
            else {
                self.pending.push_front(call);
                break;
            };
            match worker.send(call) {
                Ok(()) => {}
                Err((call, Some(error))) => {
                    told.push(call.told(Err(TaskError::Arguments(error.to_string()))))
                }
                Err((call, None)) => {
                    self.pending.push_front(call);
                    break;
                }
            }
        }
        let (most, closed) =
            (self.plan.max_tasks_per_child, self.closed && self.pending.is_empty());
        for worker in &mut self.workers {
            worker.publish();
            let is_used_up = most.is_some_and(|most| worker.next >= most);
            if (is_used_up || closed) && worker.sent.is_empty() {
                worker.retire();
            }
        }
        if self.pending.is_empty() {
            self.balance();
        }
    }

    /// Takes a call back from a worker that has more calls ahead, for a worker that has none.
    fn balance(&mut self) {
        let most = self.plan.max_tasks_per_child;
        while let Some(idle) =
            self.workers.iter().position(|worker| worker.sent.is_empty() && worker.wants(most))
        {
            let busiest = self.workers.iter_mut().max_by_key(|worker| worker.sent.len());
            let Some(call) =
                busiest.filter(|worker| worker.sent.len() > 1).and_then(Worker::give_back)
            else {
                return;
            };
            if let Err((call, _)) = self.workers[idle].send(call) {
                self.pending.push_front(call);
                return;
            }
            self.workers[idle].publish();
        }
    }

    /// Takes a call back, wherever it is. `false` if it has begun, or is done.
    pub(super) fn withdraw(&mut self, sink: &Arc<dyn Sink>) -> Option<Told> {
        if let Some(place) = self.pending.iter().position(|call| Arc::ptr_eq(&call.sink, sink)) {
            return self.pending.remove(place).map(|call| call.told(Err(TaskError::Cancelled)));
        }
        for worker in &mut self.workers {
            let found = worker.sent.iter().position(|sent| Arc::ptr_eq(&sent.call.sink, sink));
            if let Some(place) = found {
                let call = worker.take_back(place)?;
                return Some(call.told(Err(TaskError::Cancelled)));
            }
        }
        None
    }

    /// Whether a worker runs it now.
    pub(super) fn is_running(&self, sink: &Arc<dyn Sink>) -> bool {
        self.workers.iter().any(|worker| {
            let mut sent = worker.sent.iter();
            sent.any(|sent| {
                Arc::ptr_eq(&sent.call.sink, sink) && worker.channel.slots().has_begun(sent.number)
            })
        })
    }

    /// Kills all workers; unfinished calls are cancelled.
    pub(super) fn terminate(&mut self, told: &mut Vec<Told>) {
        (self.closed, self.terminated) = (true, true);
        self.kill_all();
        for call in self.pending.drain(..) {
            told.push(call.told(Err(TaskError::Cancelled)));
        }
        for worker in &mut self.workers {
            told.extend(
                worker.sent.drain(..).map(|sent| sent.call.told(Err(TaskError::Cancelled))),
            );
        }
    }

    fn kill_all(&mut self) {
        self.workers.iter().for_each(|worker| worker.child.signal(libc::SIGKILL));
    }
}
