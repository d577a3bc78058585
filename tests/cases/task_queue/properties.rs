//! A task queue of one worker, compared with a few numbers.
//!
//! The worker only runs when it is told to, and then until nothing is left.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use primitives::Event;
use proptest::collection::vec;
use proptest::prelude::*;
use queues::TaskQueue;
use tests::watched;

use tests::properties::config;

#[derive(Clone, Copy, Debug)]
enum Call {
    Add { panics: bool },
    Look,
    Run,
    Shutdown,
    ShutdownNow,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        40 => any::<bool>().prop_map(|panics| Call::Add { panics }),
        10 => Just(Call::Look),
        5 => Just(Call::Run),
        1 => Just(Call::Shutdown),
        1 => Just(Call::ShutdownNow),
    ]
}

/// What it must be.
#[derive(Default)]
struct Model {
    ran: u64,
    failed: u64,
    /// Whether each panics.
    waiting: Vec<bool>,
    gone: usize,
    gates: u64,
    shut_down: bool,
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Keeps the worker in a task, unless the queue is shut down; returns when it has begun.
fn keep_busy(tasks: &TaskQueue) -> Option<Arc<Event>> {
    let (began, open) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, wait) = (Arc::clone(&began), Arc::clone(&open));
    let gate = move || {
        begin.set();
        wait.wait();
    };
    tasks.add_task(gate).ok()?;
    began.wait();
    Some(open)
}

/// It opens even when a test fails.
struct Gate(Option<Arc<Event>>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.iter().for_each(|open| open.set());
    }
}

#[test]
fn a_task_queue_does_what_its_model_does() {
    watched(|_| {
        proptest!(config(), |(calls in vec(call(), 0..60))| {
            let tasks = TaskQueue::new(1);
            let dropped = Arc::new(AtomicUsize::new(0));
            let mut gate = Gate(keep_busy(&tasks));
            let mut model = Model::default();
            for call in calls.into_iter().chain([Call::Run]) {
                match call {
                    Call::Add { panics } => {
                        let captured = Counted(Arc::clone(&dropped));
                        let added = tasks.add_task(move || {
                            drop(captured);
                            if panics {
                                resume_unwind(Box::new("on purpose")); // past the hook
                            }
                        });
                        prop_assert_eq!(added.is_err(), model.shut_down);
                        if added.is_ok() {
                            model.waiting.push(panics);
                        } else {
                            model.gone += 1;
                        }
                    }
                    Call::Look => {
                        let busy = gate.0.is_some();
                        prop_assert_eq!(tasks.join_timeout(Duration::ZERO).is_none(), busy);
                    }
                    Call::Run => {
                        model.gates += u64::from(gate.0.is_some());
                        drop(std::mem::replace(&mut gate, Gate(None)));
                        model.ran += model.waiting.len() as u64;
                        model.failed += model.waiting.iter().filter(|panics| **panics).count() as u64;
                        model.gone += model.waiting.drain(..).count();
                        let counts = tasks.join();
                        prop_assert_eq!(counts.ran, model.ran + model.gates);
                        gate = Gate(keep_busy(&tasks));
                    }
                    Call::Shutdown => {
                        tasks.shutdown();
                        model.shut_down = true;
                    }
                    Call::ShutdownNow => {
                        prop_assert_eq!(tasks.shutdown_now(), model.waiting.len());
                        model.gone += model.waiting.drain(..).count();
                        model.shut_down = true;
                    }
                }
                let busy = usize::from(gate.0.is_some());
                prop_assert_eq!(tasks.unfinished(), model.waiting.len() + busy);
                prop_assert_eq!(tasks.is_shutdown(), model.shut_down);
                prop_assert_eq!(tasks.counts().failed, model.failed);
                prop_assert_eq!(dropped.load(SeqCst), model.gone);
            }
        });
    });
}
