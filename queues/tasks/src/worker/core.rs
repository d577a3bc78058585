//! What a worker's threads share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::time::{Duration, Instant, SystemTime};

use foldhash::fast::RandomState;
use primitives::{Condition, Event, Lock, Timers};
use queues::{Executor, Queue, Shutdown};
use serde_json::Value;

use crate::broker::{Delivery, Nack, Receipt};
use crate::clock::seconds;
use crate::context::Told;
use crate::shared::Shared;
use crate::state::StoredResult;

/// How many ids of revoked tasks a worker remembers.
const REVOKED: usize = 50_000;

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) name: String,
    pub(super) concurrency: usize,
    pub(super) prefetch_multiplier: usize,
    pub(super) max_redeliveries: u32,
    pub(super) events: bool,
}

/// A task that runs.
pub(super) struct Running {
    pub(super) delivery: Arc<Delivery>,
    pub(super) told: Arc<Told>,
    /// The runner whose thread runs it.
    pub(super) runner: u64,
    pub(super) since: SystemTime,
    /// Whether it was acknowledged before it began.
    pub(super) acked: bool,
}

/// What to store and acknowledge, in this order.
pub(super) struct Done {
    pub(super) results: Vec<StoredResult>,
    pub(super) receipt: Option<Receipt>,
}

pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) config: Config,
    /// Commands change it.
    pub(super) queues: Lock<Arc<[Arc<str>]>>,
    pub(super) started: Instant,
    pub(super) inbox: Queue<Arc<Delivery>>,
    pub(super) outbox: Queue<Done>,
    pub(super) timers: Timers,
    /// By a number that only grows.
    pub(super) running: Lock<HashMap<u64, Running, RandomState>>,
    pub(super) held: Lock<HashMap<u64, Arc<Delivery>>>,
    next_number: AtomicU64,
    /// All claimed and unfinished messages, which must be refreshed.
    pub(super) owned: Lock<HashMap<Box<str>, Arc<Delivery>>>,
    /// The number of messages that are claimed and neither finished nor held, for the claimer.
    claimed: AtomicUsize,
    freed: (Lock<()>, Condition),
    revoked: Lock<(HashSet<String>, VecDeque<String>)>,
    processed: AtomicU64,
    pub(super) totals: Lock<HashMap<Arc<str>, u64>>,
    stopping: Event,
    /// Everything has been finished: keeper and monitor end.
    pub(super) over: Event,
    pub(super) executors: Lock<Vec<Executor>>,
    /// One of their threads was given up.
    pub(super) given_up: Event,
    /// How many running tasks went back.
    given_back: AtomicU64,
    /// The runners that have neither ended nor been given up, by number.
    pub(super) runners: Lock<HashSet<u64>>,
    pub(super) events: Queue<Value>,
    pub(super) events_on: AtomicBool,
    /// A Lamport clock, as in Celery's workers.
    pub(super) clock: AtomicU64,
}

impl Core {
    pub(super) fn new(shared: Arc<Shared>, queues: Vec<String>, config: Config) -> Self {
        let events_on = AtomicBool::new(config.events);
        Self {
            shared,
            config,
            queues: Lock::new(queues.into_iter().map(Into::into).collect()),
            started: Instant::now(),
            inbox: Queue::unbounded(),
            outbox: Queue::unbounded(),
            timers: Timers::new(),
            running: Lock::default(),
            held: Lock::default(),
            next_number: AtomicU64::new(0),
            owned: Lock::default(),
            claimed: AtomicUsize::new(0),
            freed: (Lock::new(()), Condition::new()),
            revoked: Lock::default(),
            processed: AtomicU64::new(0),
            totals: Lock::default(),
            stopping: Event::new(),
            over: Event::new(),
            executors: Lock::default(),
            given_up: Event::new(),
            given_back: AtomicU64::new(0),
            runners: Lock::default(),
            events: Queue::unbounded(),
            events_on,
            clock: AtomicU64::new(1),
        }
    }

    pub(super) fn is_local(&self) -> bool {
        self.shared.broker.is_local()
    }

    /// A number for a task that runs or is held.
    pub(super) fn number(&self) -> u64 {
        self.next_number.fetch_add(1, Relaxed) // Relaxed: only that no two are the same
    }

    pub(super) fn processed(&self) -> u64 {
        self.processed.load(Relaxed) // Relaxed: a count for people
    }

    pub(super) fn count(&self, task: &Arc<str>) {
        self.processed.fetch_add(1, Relaxed); // Relaxed: as above
        if self.is_local() {
            return; // no thread can ask for more
        }
        let mut totals = self.totals.lock();
        match totals.get_mut(task) {
            Some(total) => *total += 1,
            None => drop(totals.insert(Arc::clone(task), 1)),
        }
    }

    // ── Claims ──

    /// How many more messages may be claimed now.
    pub(super) fn room(&self) -> usize {
        let most = self.config.concurrency * self.config.prefetch_multiplier;
        // Acquire: pairs with the Release in `free`; the freed places are free.
        most.saturating_sub(self.claimed.load(Acquire))
    }

    /// One was claimed.
    pub(super) fn own(&self, delivery: &Arc<Delivery>) {
        self.claimed.fetch_add(1, AcqRel); // AcqRel: pairs with `room` and `free`
        self.owned.lock().insert(receipt_key(&delivery.receipt), Arc::clone(delivery));
    }

    /// A claimed message no longer needs a place.
    pub(super) fn free(&self) {
        // Release: pairs with the Acquire in `room`.
        self.claimed.fetch_sub(1, Release);
        let _held = self.freed.0.lock(); // a claimer between its look and its sleep is not missed
        self.freed.1.notify_one();
    }

    /// A held message takes a place again.
    pub(super) fn occupy(&self) {
        self.claimed.fetch_add(1, AcqRel); // AcqRel: pairs with `room` and `free`
    }

    /// Waits until there is room for at least a quarter of the allowed claims, or the worker stops.
    pub(super) fn wait_for_room(&self) {
        let most = self.config.concurrency * self.config.prefetch_multiplier;
        let enough = most.div_ceil(4);
        let mut held = self.freed.0.lock();
        while self.room() < enough && !self.is_stopping() {
            self.freed.1.wait(&mut held);
        }
    }

    // ── Revoked tasks ──

    pub(super) fn revoke(&self, ids: &[String]) {
        let mut revoked = self.revoked.lock();
        let (set, order) = &mut *revoked;
        for id in ids {
            if set.insert(id.clone()) {
                order.push_back(id.clone());
            }
        }
        while order.len() > REVOKED {
            if let Some(oldest) = order.pop_front() {
                set.remove(&oldest);
            }
        }
    }

    pub(super) fn is_revoked(&self, id: &str) -> bool {
        let revoked = self.revoked.lock();
        !revoked.0.is_empty() && revoked.0.contains(id)
    }

    pub(super) fn all_revoked(&self) -> Vec<String> {
        self.revoked.lock().1.iter().cloned().collect()
    }

    // ── The end ──

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_set()
    }

    /// Waits for a time, or until the worker stops; returns whether it stops.
    pub(super) fn wait_for_stop_timeout(&self, time: Duration) -> bool {
        self.stopping.wait_timeout(time)
    }

    pub(super) fn wait_for_stop(&self) {
        self.stopping.wait();
    }

    pub(super) fn request_stop(&self) {
        self.stopping.set();
        let held = self.freed.0.lock();
        self.freed.1.notify_all();
        drop(held);
        self.shared.broker.wake();
    }

    /// Claimed messages that have not begun go back, the last one first, so that the order stays.
    pub(super) fn give_back_unbegun(&self) {
        let held: Vec<_> = self.held.lock().drain().map(|(_, delivery)| delivery).collect();
        for delivery in held {
            self.give_back(&delivery);
        }
        for delivery in self.inbox.shutdown_now().into_iter().rev() {
            self.give_back(&delivery);
        }
    }

    pub(super) fn give_back(&self, delivery: &Delivery) {
        self.owned.lock().remove(&receipt_key(&delivery.receipt));
        if let Err(error) = self.shared.broker.nack(delivery, Nack::GiveBack) {
            // It stays claimed, and comes back to the other workers when the visibility timeout
            // ends.
            tracing::error!(%error, "a task could not be given back");
        }
    }

    /// Running tasks go back; their results will be dropped.
    pub(super) fn give_up_all(&self) {
        let running: Vec<_> = self.running.lock().drain().collect();
        for (_, running) in running {
            running.told.give_up();
            self.given_up.set();
            if !running.acked {
                self.give_back(&running.delivery);
                self.given_back.fetch_add(1, Relaxed); // Relaxed: a count for people
            }
            // Last: after it the worker's end no longer waits, and the process may end.
            self.runner_ended(running.runner);
        }
    }

    pub(super) fn given_back(&self) -> u64 {
        self.given_back.load(Relaxed) // Relaxed: as above
    }

    // ── The executor ──

    /// A runner has ended, or was given up.
    pub(super) fn runner_ended(&self, number: u64) {
        self.runners.lock().remove(&number);
        let _held = self.freed.0.lock(); // as in `free`
        self.freed.1.notify_all();
    }

    /// Waits until all threads that run tasks have ended, except those that were given up.
    pub(super) fn end_runners(&self) {
        let mut held = self.freed.0.lock();
        while !self.runners.lock().is_empty() {
            self.freed.1.wait(&mut held);
        }
        drop(held);
        for executor in self.executors.lock().drain(..) {
            executor.shutdown(Shutdown::CANCEL_PENDING);
            // Dropping a runner waits for its thread. A runner that was given up may be busy for
            // any time; it ends by itself.
            if self.given_up.is_set() {
                std::mem::forget(executor);
            }
        }
    }

    pub(super) fn close_outbox(&self) {
        self.outbox.shutdown();
        self.over.set();
    }

    // ── Reports to monitors ──

    pub(super) fn event(&self, make: impl FnOnce() -> Value) {
        // Relaxed: one event more or less around the switch does not matter.
        if self.events_on.load(Relaxed) {
            let _ = self.events.put(self.stamp(make()));
        }
    }

    /// Adds the fields that every event has.
    pub(super) fn stamp(&self, mut event: Value) -> Value {
        event["hostname"] = self.config.name.as_str().into();
        event["utcoffset"] = 0.into();
        event["pid"] = std::process::id().into();
        event["clock"] = self.clock.fetch_add(1, Relaxed).into(); // Relaxed: only that it grows
        event["timestamp"] = seconds(SystemTime::now()).into();
        event
    }
}

/// The index of a receipt among those of one worker.
pub(super) fn receipt_key(receipt: &Receipt) -> Box<str> {
    if receipt.tag.is_empty() { receipt.number.to_string().into() } else { receipt.tag.clone() }
}
