//! The pool's inside: the waiting tasks, the workers, and the pending calls of each.
//!
//! Everything is under one lock, in the parent's own memory. A thread that waits for a result does
//! the pool's work while it waits: it reads the answers of all workers and sends them more
//! ([`Crew::pump`]). The pool's own thread, the collector, does the same when a worker rings and no
//! such thread is there.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};

use primitives::Lock;

use super::channel::{Channel, Header, INLINE, WINDOW, kind};
use super::error::TaskError;
use super::stream::{Reader, Writer};
use super::worker::{Equipment, work};
use super::{PoolBell, Socket};
use crate::control::{self, Said};
use crate::function::{Function, Packed};
use crate::process::{self, Child, Ended, StartError};

/// How much work a worker gets ahead, in ns: enough that it never waits for the pool, and so little
/// that all workers have some.
const AHEAD: u64 = 300_000;
/// If this many workers in a row end before they are ready, the pool is broken.
const FALSE_STARTS: u32 = 8;

/// The recipient of a call's result.
pub(super) trait Sink: Send + Sync {
    /// The result of the call with this number. Called once for each, without the crew's lock.
    fn done(&self, number: usize, result: Result<Packed, TaskError>);
    /// Whether the call was cancelled while it waited. Then it is not sent.
    fn is_cancelled(&self) -> bool;
}

/// A call that is not done.
pub(super) struct Call {
    pub(super) sink: Arc<dyn Sink>,
    /// Which call, to the sink.
    pub(super) number: usize,
    /// Its place among the registered functions.
    pub(super) function: usize,
    pub(super) arguments: Packed,
}

/// A call that was sent, and its number.
struct Sent {
    number: u64,
    call: Call,
}

/// How a call ended, to be reported after the lock is released.
pub(super) struct Told {
    sink: Arc<dyn Sink>,
    number: usize,
    result: Result<Packed, TaskError>,
}

impl Told {
    pub(super) fn tell(self) {
        self.sink.done(self.number, self.result);
    }
}

struct Worker {
    child: Arc<Child>,
    end: Arc<End>,
    channel: Channel,
    writer: Writer,
    reader: Reader,
    socket: OwnedFd,
    /// The sent calls, in order.
    sent: VecDeque<Sent>,
    next: u64,
    /// The worker has called the initializer.
    ready: bool,
    /// The worker was told to end, and gets no more calls.
    retired: bool,
    /// The average time of its last calls, in ns.
    takes: u64,
}

/// The keeper sets it, in its own thread.
#[derive(Default)]
struct End {
    has_come: AtomicBool,
    how: Lock<Option<(Option<std::process::ExitStatus>, bool)>>,
}

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
        let channel = Channel::new().map_err(StartError::Io)?;
        let (ours, theirs) = control::pair(libc::SOCK_SEQPACKET).map_err(StartError::Io)?;
        let (writer, reader) = channel.pool_ends();
        let equipment = Equipment {
            channel,
            socket: Socket(theirs),
            bell: self.bell.clone(),
            initializer: self.plan.initializer.clone(),
        };
        let packed = Packed::new(&(&equipment,))
            .map_err(|error| StartError::Arguments(error.to_string()))?;
        let end = Arc::new(End::default());
        let (noted, bell) = (Arc::clone(&end), self.bell.clone());
        let on_end = move |ended: &Ended| {
            *noted.how.lock() = Some((ended.status, ended.has_greeted));
            // Release: pairs with the Acquire in `pump`.
            noted.has_come.store(true, Release);
            bell.ring_hard();
        };
        let name = format!("{}-{}", self.plan.name, self.started);
        let child = process::spawn(&name, work::NAME, packed, Some(Box::new(on_end)))?;
        Ok(Worker {
            child,
            end,
            channel: equipment.channel,
            writer,
            reader,
            socket: ours,
            sent: VecDeque::new(),
            next: 0,
            ready: false,
            retired: false,
            takes: AHEAD,
        })
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
            // Acquire: pairs with the Release of the keeper. It comes before the answers: those of
            // dead workers are then complete.
            let has_ended = self.workers[place].end.has_come.load(Acquire);
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
        let (status, has_greeted) = worker.end.how.lock().take().unwrap_or((None, true));
        let error = match status.map(|status| (status.signal(), status.code())) {
            Some((Some(signal), _)) => TaskError::WorkerDied { signal },
            Some((_, code)) => TaskError::WorkerExited { status: code.unwrap_or(-1) },
            None => TaskError::WorkerExited { status: -1 },
        };
        // The calls that it had not begun go to others, in order, before all waiting calls.
        for sent in worker.sent.into_iter().rev() {
            if worker.channel.has_begun(sent.number) {
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
                Arc::ptr_eq(&sent.call.sink, sink) && worker.channel.has_begun(sent.number)
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

impl Call {
    fn told(self, result: Result<Packed, TaskError>) -> Told {
        Told { sink: self.sink, number: self.number, result }
    }
}

impl Worker {
    /// Whether it should get one more call.
    fn wants(&self, most: Option<u64>) -> bool {
        let ahead = (AHEAD / self.takes.max(1)).clamp(1, WINDOW as u64 - 1) as usize;
        // The word of a call is reused `WINDOW` calls later: the oldest pending call must still
        // have its own.
        let oldest = self.sent.front().map_or(self.next, |sent| sent.number);
        !self.retired
            && self.sent.len() <= ahead
            && self.next - oldest < WINDOW as u64 - 1
            && most.is_none_or(|most| self.next < most)
    }

    /// Writes a call; it is published later. An error without a reason means that there is no room
    /// now.
    fn send(&mut self, call: Call) -> Result<(), (Call, Option<io::Error>)> {
        let Packed { bytes, fds } = &call.arguments;
        let body = self.channel.body();
        let inline = bytes.len() <= INLINE && fds.is_empty();
        let len = size_of::<Header>() + if inline { bytes.len() } else { 0 };
        // A file takes only the room of its header in the stream; its message has an empty payload.
        if !self.writer.has_room(&body.calls, len + INLINE) {
            return Err((call, None));
        }
        let mut header = Header {
            number: self.next,
            kind: kind::PLAIN,
            detail: call.function as u64,
            ..Header::default()
        };
        if inline {
            header.len = bytes.len() as u32;
            self.channel.queue(self.next);
            self.writer.write(bytemuck::bytes_of(&header));
            self.writer.write(bytes);
        } else {
            let copy = match call.arguments.copy() {
                Ok(copy) => copy,
                Err(error) => return Err((call, Some(error))),
            };
            let bytes = match super::send_fds(self.socket.as_fd(), copy) {
                Ok(bytes) => bytes,
                Err(error) => return Err((call, Some(error))),
            };
            (header.len, header.fds) = (bytes.len() as u32, 1);
            self.channel.queue(self.next);
            self.writer.write(bytemuck::bytes_of(&header));
            self.writer.write(&bytes);
        }
        self.sent.push_back(Sent { number: self.next, call });
        self.next += 1;
        Ok(())
    }

    /// Publishes what was written, and wakes the worker if it sleeps.
    fn publish(&self) {
        let body = self.channel.body();
        self.writer.publish(&body.calls);
        body.worker.ring();
    }

    /// Tells it to end.
    fn retire(&mut self) {
        if !self.retired && self.writer.has_room(&self.channel.body().calls, size_of::<Header>()) {
            self.retired = true;
            let header = Header { number: self.next, kind: kind::END, ..Header::default() };
            self.writer.write(bytemuck::bytes_of(&header));
            self.publish();
        }
    }

    /// The last call that it has not begun.
    fn give_back(&mut self) -> Option<Call> {
        self.take_back(self.sent.len().checked_sub(1)?)
    }

    /// Takes a call back, unless the worker has begun it.
    fn take_back(&mut self, place: usize) -> Option<Call> {
        if !self.channel.withdraw(self.sent[place].number) {
            return None;
        }
        // It stays in the stream, where the worker skips it.
        self.sent.remove(place).map(|sent| sent.call)
    }

    /// Reads the worker's answers. Returns whether there were any; an error breaks the pool.
    fn read(&mut self, told: &mut Vec<Told>) -> Result<bool, String> {
        let mut any = false;
        let len = size_of::<Header>();
        while self.reader.has(&self.channel.body().answers, len) {
            any = true;
            let mut header = Header::default();
            self.reader.read(bytemuck::bytes_of_mut(&mut header));
            let mut bytes = vec![0; header.len as usize];
            self.reader.read(&mut bytes);
            if header.kind == kind::READY {
                self.ready = true;
                continue;
            }
            if !self.ready {
                let said = postcard::from_bytes(&bytes).unwrap_or(Said::UnknownFunction);
                return Err(format!("the initializer failed: {}", TaskError::from_said(said)));
            }
            self.takes = (self.takes * 7 + header.detail) / 8;
            let result = match header.kind {
                kind::PLAIN if header.fds == 0 => Ok(Packed { bytes, fds: Vec::new() }),
                kind::PLAIN => super::receive_fds(self.socket.as_fd())
                    .and_then(|came| super::put_together(came, bytes))
                    .map_err(|error| TaskError::Output(error.to_string())),
                _ => Err(match postcard::from_bytes(&bytes) {
                    Ok(said) => TaskError::from_said(said),
                    Err(error) => TaskError::Output(error.to_string()),
                }),
            };
            // A call that `terminate` has cancelled has no recipient any more.
            if self.sent.front().is_some_and(|sent| sent.number == header.number)
                && let Some(sent) = self.sent.pop_front()
            {
                told.push(sent.call.told(result));
            }
        }
        if any {
            self.reader.give_back(&self.channel.body().answers);
            self.channel.body().worker.ring();
        }
        Ok(any)
    }
}
