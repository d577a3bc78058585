//! Thousands of tasks: each runs or is cancelled, once, and leaves nothing behind.

// It shares by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use queues::{
    Executor, PutTimeoutError, ResultTimeoutError, Shutdown, Task, TaskError, Workers, as_completed,
};
use tests::{Item, Ledger, leak, watched};

use tests::patience;

const SUBMITTERS: usize = 4;
const WORKERS: usize = 4;
const EACH: usize = 2_000;

/// What a task returns, panics with, or drops. Its panics bypass the hook, which would print
/// thousands.
fn work(item: Item) -> Item {
    if item.number() % 7 == 3 {
        resume_unwind(Box::new(item));
    }
    item
}

#[derive(Default)]
struct Count {
    returned: AtomicUsize,
    panicked: AtomicUsize,
    cancelled: AtomicUsize,
}

impl Count {
    fn note(&self, number: usize, result: Result<Item, TaskError>) {
        let count = match result {
            Ok(item) => {
                assert_eq!(item.number(), number);
                item.take();
                &self.returned
            }
            Err(TaskError::Panicked(panic)) => {
                assert_eq!(number % 7, 3);
                let payload = panic.take_payload().expect("no other thread has this error");
                payload.downcast::<Item>().expect("it panicked with its item").take();
                &self.panicked
            }
            Err(TaskError::Cancelled) => &self.cancelled,
        };
        count.fetch_add(1, Relaxed);
    }

    /// Items that came out of a task.
    fn taken(&self) -> usize {
        self.returned.load(Relaxed) + self.panicked.load(Relaxed)
    }

    fn total(&self) -> usize {
        [&self.returned, &self.panicked, &self.cancelled].iter().map(|n| n.load(Relaxed)).sum()
    }
}

/// Asks in one of the forms.
fn ask(mut task: Task<Item>, number: usize) -> Result<Item, TaskError> {
    for attempt in number.. {
        if attempt % 3 == 0 {
            break;
        }
        match task.result_timeout(patience(attempt)) {
            Ok(item) => return Ok(item),
            Err(ResultTimeoutError::Failed(error)) => return Err(error),
            Err(ResultTimeoutError::Timeout(again)) => task = again,
        }
    }
    task.result()
}

#[test]
fn every_task_is_run_or_called_off_once_and_leaves_nothing_behind() {
    watched(|test| {
        let executor = leak(Executor::new(WORKERS));
        let ledger = Ledger::new(SUBMITTERS, EACH);
        let (count, called) = (leak(Count::default()), leak(AtomicUsize::new(0)));
        let submitters = test.crew(SUBMITTERS, move |submitter| {
            let mut waiting = Vec::new();
            let mut abandoned = 0;
            for number in 0..EACH {
                let item = ledger.item(submitter, number);
                let task = executor.submit(move || work(item));
                if number % 5 == 0 {
                    task.on_done(|| _ = called.fetch_add(1, Relaxed));
                }
                match number % 4 {
                    0 => _ = task.cancel(),
                    1 if number % 3 == 0 => {
                        abandoned += 1;
                        continue;
                    }
                    _ => {}
                }
                waiting.push((number, task));
                if waiting.len() == 20 {
                    for (number, task) in waiting.drain(..) {
                        count.note(number, ask(task, number));
                    }
                }
            }
            for (number, task) in waiting {
                count.note(number, ask(task, number));
            }
            abandoned
        });
        let abandoned: usize = submitters.join().into_iter().sum();
        executor.shutdown(Shutdown::WAIT);
        assert_eq!(count.total() + abandoned, SUBMITTERS * EACH);
        assert_eq!(called.load(Relaxed), SUBMITTERS * EACH.div_ceil(5));
        let (taken, _) = ledger.close();
        assert_eq!(taken, count.taken());
    });
}

#[test]
fn a_storm_of_cancels_against_workers_and_a_shutdown_loses_nothing() {
    watched(|test| {
        for round in 0..20 {
            let executor = leak(Executor::new(WORKERS));
            let ledger = Ledger::new(SUBMITTERS, 200);
            let count = leak(Count::default());
            let submitters = test.crew(SUBMITTERS, move |submitter| {
                let mut refused = 0;
                for first in (0..200).step_by(10) {
                    let tasks: Vec<_> = (first..first + 10)
                        .filter_map(|number| {
                            let item = ledger.item(submitter, number);
                            Some((number, executor.try_submit(move || work(item)).ok()?))
                        })
                        .collect();
                    refused += 10 - tasks.len();
                    tasks.iter().for_each(|(_, task)| _ = task.cancel());
                    for (number, task) in tasks {
                        count.note(number, task.result());
                    }
                }
                refused
            });
            let shutdown = test.crew(1, move |_| {
                test.until(|| count.total() > round * 20);
                let cancels = round % 2 == 0;
                executor.shutdown(if cancels {
                    Shutdown::CANCEL_PENDING
                } else {
                    Shutdown::DETACH
                });
            });
            let refused: usize = submitters.join().into_iter().sum();
            shutdown.join();
            executor.shutdown(Shutdown::WAIT | Shutdown::CANCEL_PENDING);
            assert_eq!(count.total() + refused, SUBMITTERS * 200);
            assert_eq!(ledger.close().0, count.taken());
        }
    });
}

#[test]
fn tasks_that_wait_for_tasks_finish_on_few_workers() {
    fn split(executor: &'static Executor, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let parts = [(); 3].map(|()| executor.submit(move || split(executor, depth - 1)));
        match depth % 3 {
            0 => parts.into_iter().map(|part| part.result().unwrap()).sum(),
            1 => as_completed(parts).map(|(_, part)| part.result().unwrap()).sum(),
            _ => {
                drop(parts);
                let sum = AtomicUsize::new(0);
                executor.scope(|s| {
                    for _ in 0..3 {
                        s.submit(|| {
                            let part = split(executor, depth - 1);
                            sum.fetch_add(part as usize, Relaxed)
                        });
                    }
                });
                sum.into_inner() as u64
            }
        }
    }
    watched(|_| {
        for workers in [1, 2, 5] {
            let executor = leak(Executor::new(workers));
            assert_eq!(executor.submit(|| split(executor, 5)).result().unwrap(), 3_u64.pow(5));
            executor.shutdown(Shutdown::WAIT | Shutdown::CANCEL_PENDING);
        }
    });
}

#[test]
fn scopes_of_many_threads_share_one_executor_and_lend_it_what_they_have() {
    watched(|test| {
        let executor = leak(Executor::new(WORKERS));
        let lenders = test.crew(SUBMITTERS, move |lender| {
            for round in 0..100 {
                let mut numbers = vec![lender; 50 + round];
                executor.scope(|s| {
                    for chunk in numbers.chunks_mut(7) {
                        let task = s.submit(move || chunk.iter_mut().for_each(|n| *n += 1));
                        assert!(!task.wait_timeout(Duration::ZERO) || task.is_done());
                    }
                });
                assert!(numbers.iter().all(|n| *n == lender + 1));
            }
        });
        lenders.join();
        executor.shutdown(Shutdown::WAIT);
    });
}

#[test]
fn a_full_executor_that_grows_loses_nothing_and_gives_every_closure_back() {
    watched(|test| {
        for round in 0..10 {
            let workers = Workers::new(1).grow_to(WORKERS).bounded(3).initializer(move || {
                // Some of those that come later fail, and others come in their place.
                static CALLS: AtomicUsize = AtomicUsize::new(0);
                if CALLS.fetch_add(1, Relaxed) % 5 == 4 && round % 2 == 1 {
                    resume_unwind(Box::new("no driver"));
                }
            });
            let Ok(executor) = Executor::with_workers(workers) else { continue };
            let executor = leak(executor);
            let ledger = Ledger::new(SUBMITTERS, 300);
            let (count, refused) = (leak(Count::default()), leak(AtomicUsize::new(0)));
            let submitters = test.crew(SUBMITTERS, move |submitter| {
                for number in 0..300 {
                    let item = ledger.item(submitter, number);
                    let with = executor.with_priority((number % 3) as i32 - 1);
                    let f = move || {
                        if number % 10 == 0 {
                            // A task's own are never held back.
                            drop(executor.submit(|| ()));
                        }
                        work(item)
                    };
                    match with.submit_timeout(f, patience(number)) {
                        Ok(task) if number % 4 == 0 => {
                            task.cancel();
                            count.note(number, task.result());
                        }
                        Ok(task) => count.note(number, task.result()),
                        Err(PutTimeoutError::Timeout(f)) => {
                            drop(f);
                            refused.fetch_add(1, Relaxed);
                        }
                        Err(PutTimeoutError::Shutdown(_)) => unreachable!("not yet"),
                    }
                }
            });
            submitters.join();
            assert!(executor.workers() <= WORKERS && executor.running() <= WORKERS);
            executor.shutdown_timeout(Shutdown::WAIT, Duration::MAX).unwrap();
            assert_eq!((executor.queued(), executor.running()), (0, 0));
            assert_eq!(count.total() + refused.load(Relaxed), SUBMITTERS * 300);
            assert_eq!(ledger.close().0, count.taken());
        }
    });
}
