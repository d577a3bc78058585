//! An executor of one worker, compared with a list of expected task states.
//!
//! The worker only runs when it is told to, and then until nothing is left, so each call knows
//! which tasks have begun.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use primitives::Event;
use proptest::collection::vec;
use proptest::prelude::*;
use queues::{Executor, ResultTimeoutError, Shutdown, Task, TaskError};
use tests::watched;

use tests::properties::config;

#[derive(Clone, Copy, Debug)]
enum Call {
    Submit {
        panics: bool,
    },
    /// These calls are on the existing task with this number.
    Cancel(usize),
    Ask(usize),
    Forget(usize),
    OnDone(usize),
    /// Lets the worker run the waiting tasks.
    Run,
    Shutdown {
        cancel: bool,
    },
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        40 => any::<bool>().prop_map(|panics| Call::Submit { panics }),
        20 => any::<usize>().prop_map(Call::Cancel),
        20 => any::<usize>().prop_map(Call::Ask),
        10 => any::<usize>().prop_map(Call::Forget),
        20 => any::<usize>().prop_map(Call::OnDone),
        5 => Just(Call::Run),
        1 => any::<bool>().prop_map(|cancel| Call::Shutdown { cancel }),
    ]
}

/// The expected state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Queued,
    Returned,
    Panicked,
    Cancelled,
}

/// A task and its model.
struct Known {
    /// `None` if it was dropped, or its result was taken.
    task: Option<Task<Counted>>,
    panics: bool,
    fate: Fate,
    callbacks: usize,
    called: Arc<AtomicUsize>,
}

/// Counts its drops, as a closure's capture or as a result.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct Bench {
    executor: Executor,
    /// The gate that keeps the worker; `None` after it was told to end.
    gate: Option<(Task<()>, Arc<Event>)>,
    known: Vec<Known>,
    dropped: Arc<AtomicUsize>,
    shut_down: bool,
}

impl Bench {
    fn new() -> Self {
        let executor = Executor::new(1);
        let gate = Some(keep_busy(&executor));
        let (known, dropped) = (Vec::new(), Arc::default());
        Self { executor, gate, known, dropped, shut_down: false }
    }

    fn pick(&mut self, number: usize) -> Option<&mut Known> {
        let among = self.known.len();
        (among > 0).then(|| &mut self.known[number % among])
    }

    fn make(&mut self, call: Call) {
        match call {
            Call::Submit { panics } => {
                let (captured, dropped) =
                    (Counted(Arc::clone(&self.dropped)), Arc::clone(&self.dropped));
                let task = self.executor.try_submit(move || {
                    drop(captured);
                    if panics {
                        resume_unwind(Box::new("on purpose")); // past the hook, which would print it
                    }
                    Counted(dropped)
                });
                assert_eq!(task.is_err(), self.shut_down);
                // Refused: its captured values are dropped with the closure, so it counts as
                // cancelled.
                let fate = if task.is_ok() { Fate::Queued } else { Fate::Cancelled };
                let task = task.ok();
                self.known.push(Known { task, panics, fate, callbacks: 0, called: Arc::default() });
            }
            Call::Cancel(number) => {
                let Some(known) = self.pick(number) else { return };
                let Some(task) = &known.task else { return };
                assert_eq!(task.cancel(), known.fate == Fate::Queued);
                if known.fate == Fate::Queued {
                    known.fate = Fate::Cancelled;
                }
            }
            Call::Ask(number) => {
                let Some(known) = self.pick(number) else { return };
                let Some(task) = known.task.take() else { return };
                let fate = match task.result_timeout(Duration::ZERO) {
                    Ok(_) => Fate::Returned,
                    Err(ResultTimeoutError::Failed(TaskError::Cancelled)) => Fate::Cancelled,
                    Err(ResultTimeoutError::Failed(TaskError::Panicked(_))) => Fate::Panicked,
                    Err(ResultTimeoutError::Timeout(task)) => {
                        known.task = Some(task);
                        Fate::Queued
                    }
                };
                assert_eq!(fate, known.fate);
            }
            Call::Forget(number) => {
                if let Some(known) = self.pick(number) {
                    known.task = None;
                }
            }
            Call::OnDone(number) => {
                let Some(known) = self.pick(number) else { return };
                let Some(task) = &known.task else { return };
                let called = Arc::clone(&known.called);
                task.on_done(move || _ = called.fetch_add(1, SeqCst));
                known.callbacks += 1;
            }
            Call::Run => self.run(),
            Call::Shutdown { cancel } => {
                self.executor.shutdown(if cancel {
                    Shutdown::CANCEL_PENDING
                } else {
                    Shutdown::DETACH
                });
                self.shut_down = true;
                let queued = self.known.iter_mut().filter(|known| known.fate == Fate::Queued);
                queued.filter(|_| cancel).for_each(|known| known.fate = Fate::Cancelled);
            }
        }
    }

    fn run(&mut self) {
        if let Some((gate, open)) = self.gate.take() {
            open.set();
            gate.wait();
        }
        if self.shut_down {
            self.executor.shutdown(Shutdown::WAIT);
        } else {
            // There is one worker: when it reaches the next gate, everything before is over.
            self.gate = Some(keep_busy(&self.executor));
        }
        for known in &mut self.known {
            if known.fate == Fate::Queued {
                known.fate = if known.panics { Fate::Panicked } else { Fate::Returned };
            }
        }
    }

    /// Checks that every task is as the model says.
    fn look(&self) {
        for (number, known) in self.known.iter().enumerate() {
            let over = known.fate != Fate::Queued;
            if let Some(task) = &known.task {
                assert_eq!(task.is_done(), over, "{number}: {task:?}");
                assert_eq!(task.is_cancelled(), known.fate == Fate::Cancelled, "{number}");
                assert!(!task.is_running());
            }
            let due = if over { known.callbacks } else { 0 };
            assert_eq!(known.called.load(SeqCst), due, "callbacks of {number}");
        }
        // Each finished task has dropped its captured value, and each returned result is dropped,
        // unless it can still be taken.
        let dropped = |known: &Known| match known.fate {
            Fate::Queued => 0,
            Fate::Returned => 1 + usize::from(known.task.is_none()),
            Fate::Panicked | Fate::Cancelled => 1,
        };
        let dropped: usize = self.known.iter().map(dropped).sum();
        assert_eq!(self.dropped.load(SeqCst), dropped, "captures and results dropped");
    }
}

/// Keeps the worker in a task; returns when it has begun.
fn keep_busy(executor: &Executor) -> (Task<()>, Arc<Event>) {
    let (began, open) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, wait) = (Arc::clone(&began), Arc::clone(&open));
    let gate = executor.submit(move || {
        begin.set();
        wait.wait();
    });
    began.wait();
    (gate, open)
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some((_, open)) = &self.gate {
            open.set();
        }
    }
}

#[test]
fn a_task_is_what_its_model_is() {
    watched(|_| {
        proptest!(config(), |(calls in vec(call(), 0..60))| {
            let mut bench = Bench::new();
            for call in calls {
                bench.make(call);
                bench.look();
            }
            bench.run();
            bench.look();
        });
    });
}

/// An executor with one worker, a bound and priorities, compared with a sorted list.
mod bounded {
    use super::*;

    use primitives::Lock;
    use queues::{Shutdown, TryPutError, Workers};

    const BOUND: usize = 4;

    #[derive(Clone, Copy, Debug)]
    enum Call {
        Submit { priority: i32 },
        Cancel(usize),
        Run,
        Shutdown,
    }

    fn call() -> impl Strategy<Value = Call> {
        prop_oneof![
            40 => (-2..3).prop_map(|priority| Call::Submit { priority }),
            5 => any::<usize>().prop_map(Call::Cancel),
            4 => Just(Call::Run),
            1 => Just(Call::Shutdown),
        ]
    }

    /// Runs all that is queued, and compares the order.
    fn run(
        gate: (Task<()>, Arc<Event>),
        queued: &mut Vec<(i32, usize, bool)>,
        ran: &Lock<Vec<usize>>,
    ) {
        gate.1.set();
        gate.0.wait();
        queued.sort_unstable(); // by priority, and then by number
        let alive = queued.iter().filter(|(.., cancelled)| !cancelled).count();
        let mut now = ran.lock();
        while now.len() < alive {
            drop(now);
            std::thread::yield_now();
            now = ran.lock();
        }
        let expected =
            queued.drain(..).filter_map(|(_, number, cancelled)| (!cancelled).then_some(number));
        assert_eq!(std::mem::take(&mut *now), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_bounded_executor_with_priorities_is_a_sorted_list() {
        watched(|_| {
            proptest!(config(), |(calls in vec(call(), 0..60))| {
                let executor = Executor::with_workers(Workers::new(1).bounded(BOUND)).unwrap();
                let mut gate = Some(keep_busy(&executor));
                let ran = Arc::new(Lock::new(Vec::new()));
                let (mut tasks, mut queued) = (Vec::new(), Vec::new());
                for call in calls {
                    match call {
                        Call::Submit { priority } => {
                            let (number, note) = (tasks.len(), Arc::clone(&ran));
                            let f = move || note.lock().push(number);
                            match executor.with_priority(priority).try_submit(f) {
                                Ok(task) => {
                                    assert!(!executor.is_shutdown() && queued.len() < BOUND);
                                    tasks.push(task);
                                    queued.push((priority, number, false));
                                }
                                Err(TryPutError::Full(_)) => assert_eq!(queued.len(), BOUND),
                                Err(TryPutError::Shutdown(_)) => assert!(executor.is_shutdown()),
                            }
                        }
                        Call::Cancel(number) if !tasks.is_empty() => {
                            let number = number % tasks.len();
                            let place = queued.iter_mut().find(|(_, other, _)| *other == number);
                            let alive = place.as_ref().is_some_and(|(.., cancelled)| !cancelled);
                            assert_eq!(tasks[number].cancel(), alive);
                            if let Some((.., cancelled)) = place {
                                *cancelled = true;
                            }
                        }
                        Call::Cancel(_) => {}
                        Call::Run => {
                            if let Some(busy) = gate.take() {
                                run(busy, &mut queued, &ran);
                                if !executor.is_shutdown() {
                                    gate = Some(keep_busy(&executor));
                                }
                            }
                        }
                        Call::Shutdown => executor.shutdown(Shutdown::DETACH),
                    }
                    if gate.is_some() {
                        assert_eq!((executor.queued(), executor.running()), (queued.len(), 1));
                    }
                }
                if let Some(busy) = gate.take() {
                    run(busy, &mut queued, &ran);
                }
                executor.shutdown_timeout(Shutdown::WAIT, Duration::MAX).unwrap();
                prop_assert!(tasks.iter().all(Task::is_done));
            });
        });
    }
}
