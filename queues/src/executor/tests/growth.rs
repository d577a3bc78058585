//! Workers that start on demand, and what each does first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use primitives::{Barrier, Event, threads};

use super::Gate;
use crate::{Executor, Shutdown, TaskQueue, Workers};

/// Until no worker is at a task: then all are free.
fn until_idle(executor: &Executor) {
    while executor.running() > 0 {
        thread::yield_now();
    }
}

#[test]
fn one_after_the_other_they_need_one_worker() {
    let executor = Executor::with_workers(Workers::new(1).grow_to(8)).unwrap();
    for _ in 0..100 {
        executor.submit(|| ()).result().unwrap();
        until_idle(&executor);
    }
    assert_eq!((executor.workers(), executor.max_workers()), (1, 8));
}

#[test]
fn a_burst_starts_as_many_as_there_may_be_and_no_more() {
    for (most, burst) in [(4, 4), (4, 40), (3, 2)] {
        let executor = Executor::with_workers(Workers::new(1).grow_to(most).name("hand")).unwrap();
        let together = most.min(burst);
        let meeting = Arc::new(Barrier::new(together));
        let gate = Gate(Arc::new(Event::new()));
        let names: Vec<_> = (0..burst)
            .map(|number| {
                let (meeting, gate) = (Arc::clone(&meeting), Arc::clone(&gate.0));
                executor.submit(move || {
                    if number < together {
                        meeting.wait().unwrap(); // all at once, or never
                    }
                    gate.wait();
                    threads::current().name().to_owned()
                })
            })
            .collect();
        assert_eq!(executor.workers(), together);
        drop(gate);
        for name in names {
            let name = name.result().unwrap();
            let number: usize = name.strip_prefix("hand_").unwrap().parse().unwrap();
            assert!(number < together, "{name}");
        }
    }
}

#[test]
fn a_task_in_a_worker_starts_another_worker() {
    let executor = Arc::new(Executor::with_workers(Workers::new(1).grow_to(2)).unwrap());
    let own = Arc::clone(&executor);
    let met = executor.submit(move || {
        let meeting = Arc::new(Barrier::new(2));
        let other = Arc::clone(&meeting);
        let inner = own.submit(move || other.wait().is_ok());
        meeting.wait().is_ok() && inner.result().unwrap() // not by `help`: it waits at the barrier
    });
    assert!(met.result().unwrap());
    assert_eq!(executor.workers(), 2);
}

#[test]
fn a_scope_starts_workers_too() {
    let executor = Executor::with_workers(Workers::new(1).grow_to(3)).unwrap();
    let meeting = Barrier::new(3);
    executor.scope(|s| {
        for _ in 0..3 {
            s.submit(|| meeting.wait().unwrap());
        }
    });
    assert_eq!(executor.workers(), 3);
}

#[test]
fn a_task_queue_grows_as_an_executor_does() {
    let tasks = TaskQueue::with_workers(Workers::new(1).grow_to(3)).unwrap();
    let meeting = Arc::new(Barrier::new(3));
    for _ in 0..3 {
        let meeting = Arc::clone(&meeting);
        tasks.add_task(move || _ = meeting.wait().unwrap()).unwrap();
    }
    assert_eq!(tasks.join().failed, 0);
    assert_eq!(tasks.workers(), 3);
}

#[test]
fn a_shutdown_waits_for_workers_that_came_later() {
    for _ in 0..20 {
        let executor = Executor::with_workers(Workers::new(1).grow_to(4)).unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..4 {
            let ran = Arc::clone(&ran);
            executor.submit(move || ran.fetch_add(1, SeqCst));
        }
        executor.shutdown(Shutdown::WAIT);
        assert_eq!(ran.load(SeqCst), 4);
    }
}

#[test]
fn a_worker_survives_the_panic_of_a_task_and_none_is_started_in_its_place() {
    let executor = Executor::with_workers(Workers::new(1).grow_to(4)).unwrap();
    for _ in 0..10 {
        assert!(executor.submit(|| panic!("on purpose")).result().is_err());
        until_idle(&executor);
    }
    assert_eq!(executor.workers(), 1);
}

#[test]
fn each_worker_is_initialized_before_the_pool_is_there() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let workers = Workers::new(3).initializer(move || _ = counted.fetch_add(1, SeqCst));
    assert_eq!(workers, workers.clone());
    assert_ne!(workers, Workers::new(3));
    let executor = Executor::with_workers(workers.clone()).unwrap();
    assert_eq!(calls.load(SeqCst), 3);
    drop(executor);
    drop(TaskQueue::with_workers(workers).unwrap());
    assert_eq!(calls.load(SeqCst), 6);
}

#[test]
fn an_initializer_that_panics_in_one_worker_ends_the_others() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let workers = Workers::new(3).initializer(move || {
        assert!(counted.fetch_add(1, SeqCst) != 1, "the second has no driver");
    });
    let error = Executor::with_workers(workers).unwrap_err();
    assert!(error.to_string().contains("the second has no driver"), "{error}");
    while Arc::strong_count(&calls) > 1 {
        thread::yield_now(); // until the last worker has gone, and its initializer with it
    }
}

#[test]
fn where_the_initializer_of_a_later_worker_panics_the_others_go_on_and_the_next_task_tries_again() {
    let fails = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&fails);
    let workers = Workers::new(1).grow_to(2).name("hand").initializer(move || {
        assert!(!now.load(SeqCst), "no driver today");
    });
    let executor = Executor::with_workers(workers).unwrap();
    let (began, gate) = (Arc::new(Event::new()), Gate(Arc::new(Event::new())));
    let (begin, go_on) = (Arc::clone(&began), Arc::clone(&gate.0));
    let running = executor.submit(move || {
        begin.set();
        go_on.wait();
    });
    began.wait();
    fails.store(true, SeqCst);
    let waits = executor.submit(|| threads::current().name().to_owned());
    while executor.threads.has_running(1) {
        thread::yield_now(); // until the second worker has given up
    }
    assert!(!waits.is_done() && executor.queued() == 1);
    fails.store(false, SeqCst);
    let next = executor.submit(|| threads::current().name().to_owned());
    assert_eq!(waits.result().unwrap(), "hand_1", "by the one that was started in its place");
    assert_eq!(next.result().unwrap(), "hand_1");
    drop(gate);
    running.result().unwrap();
}
