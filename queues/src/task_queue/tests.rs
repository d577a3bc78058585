//! The corner cases, each named after what it shows. They wait for states and not for time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use primitives::{Event, Lock};

use super::{TaskCounts, TaskQueue};
use crate::{PutError, PutTimeoutError, TryPutError, Workers};

/// Keeps a worker in its task until it is dropped, also by a failing test.
struct Gate(Arc<Event>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// A queue of one worker that is in a task, until the gate is dropped.
fn busy() -> (TaskQueue, Gate) {
    let tasks = TaskQueue::new(1);
    let (began, gate) = (Arc::new(Event::new()), Gate(Arc::new(Event::new())));
    let (begin, go_on) = (Arc::clone(&began), Arc::clone(&gate.0));
    let task = move || {
        begin.set();
        go_on.wait();
    };
    assert!(tasks.add_task(task).is_ok());
    began.wait();
    (tasks, gate)
}

/// Counts its drops, and panics at a drop if it is told to.
struct Dropped(Arc<AtomicUsize>, bool);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        assert!(!self.1, "a drop that panics, on purpose");
    }
}

#[test]
fn one_worker_runs_tasks_in_the_order_in_which_they_were_added() {
    let tasks = TaskQueue::new(1);
    let order = Arc::new(Lock::new(Vec::new()));
    for number in 0..100 {
        let order = Arc::clone(&order);
        tasks.add_task(move || order.lock().push(number)).unwrap();
    }
    assert_eq!(tasks.join(), TaskCounts { ran: 100, failed: 0 });
    assert_eq!(*order.lock(), Vec::from_iter(0..100));
}

#[test]
fn workers_run_tasks_at_the_same_time() {
    let tasks = TaskQueue::new(2);
    let meet = Arc::new(primitives::Barrier::new(2));
    for _ in 0..2 {
        let meet = Arc::clone(&meet);
        tasks.add_task(move || assert!(meet.wait().is_ok())).unwrap(); // both must arrive
    }
    assert_eq!(tasks.join().ran, 2);
}

#[test]
fn join_of_an_idle_queue_returns_at_once_and_says_zero() {
    let tasks = TaskQueue::new(1);
    assert_eq!(tasks.join(), TaskCounts::default());
    assert_eq!(tasks.join_timeout(Duration::ZERO), Some(TaskCounts::default()));
}

#[test]
fn the_counts_go_on_from_one_join_to_the_next() {
    let tasks = TaskQueue::new(2);
    for round in 1..=3 {
        tasks.add_task(|| ()).unwrap();
        assert_eq!(tasks.join().ran, round);
    }
}

#[test]
fn a_task_that_panics_is_counted_and_its_worker_lives_on() {
    let tasks = TaskQueue::new(1);
    let worker = Arc::new(Lock::new(Vec::new()));
    for number in 0..4 {
        let worker = Arc::clone(&worker);
        tasks
            .add_task(move || {
                worker.lock().push(primitives::threads::current().id());
                assert!(number % 2 == 0, "on purpose");
            })
            .unwrap();
    }
    assert_eq!(tasks.join(), TaskCounts { ran: 4, failed: 2 });
    let worker = worker.lock();
    assert!(worker.iter().all(|id| *id == worker[0]), "always the same thread");
}

#[test]
fn a_capture_or_a_payload_that_panics_when_dropped_fails_the_task_and_nothing_else() {
    let tasks = TaskQueue::new(1);
    let drops = Arc::new(AtomicUsize::new(0));
    let captured = Dropped(Arc::clone(&drops), true);
    tasks.add_task(move || drop(captured)).unwrap();
    let payload = Dropped(Arc::clone(&drops), true);
    tasks.add_task(move || std::panic::panic_any(payload)).unwrap();
    tasks.add_task(|| ()).unwrap();
    assert_eq!(tasks.join(), TaskCounts { ran: 3, failed: 2 });
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn join_waits_for_tasks_that_tasks_add() {
    fn split(tasks: &Arc<TaskQueue>, left: u32) {
        for _ in 0..left.min(2) {
            let again = Arc::clone(tasks);
            tasks.add_task(move || split(&again, left - 1)).unwrap();
        }
    }
    let tasks = Arc::new(TaskQueue::new(3));
    split(&tasks, 5);
    assert_eq!(tasks.join(), TaskCounts { ran: 2 + 4 + 8 + 16 + 16, failed: 0 });
}

#[test]
fn a_time_out_says_none_and_a_later_join_the_rest() {
    let (tasks, gate) = busy();
    assert_eq!(tasks.join_timeout(Duration::ZERO), None);
    assert_eq!(tasks.join_timeout(Duration::from_millis(1)), None);
    drop(gate);
    assert_eq!(tasks.join_timeout(Duration::MAX), Some(TaskCounts { ran: 1, failed: 0 }));
}

#[test]
fn any_number_of_threads_may_join() {
    let (tasks, gate) = busy();
    thread::scope(|s| {
        let joins: Vec<_> = (0..3).map(|_| s.spawn(|| tasks.join().ran)).collect();
        drop(gate);
        assert!(joins.into_iter().all(|join| join.join().unwrap() == 1));
    });
}

#[test]
fn a_task_that_joins_its_own_queue_fails_instead_of_waiting_for_itself() {
    let tasks = Arc::new(TaskQueue::new(1));
    let (send, said) = mpsc::channel();
    let own = Arc::clone(&tasks);
    tasks
        .add_task(move || {
            let panic = catch_unwind(AssertUnwindSafe(|| own.join())).unwrap_err();
            send.send(panic.downcast_ref::<&str>().unwrap().to_string()).unwrap();
            drop(own);
        })
        .unwrap();
    assert!(said.recv().unwrap().contains("a task joins the queue that runs it"));
    assert_eq!(tasks.join(), TaskCounts { ran: 1, failed: 0 });
}

#[test]
fn after_a_shutdown_the_closure_comes_back_and_what_was_added_still_runs() {
    let (tasks, gate) = busy();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    tasks
        .add_task(move || {
            count.fetch_add(1, SeqCst);
        })
        .unwrap();
    tasks.shutdown();
    tasks.shutdown();
    assert!(tasks.is_shutdown());
    let text = String::from("still mine");
    let PutError::Shutdown(back) = tasks.add_task(move || drop(text)).unwrap_err();
    back();
    drop(gate);
    assert_eq!(tasks.join(), TaskCounts { ran: 2, failed: 0 });
    assert_eq!(ran.load(SeqCst), 1);
}

#[test]
fn shutdown_now_drops_what_has_not_begun_and_join_waits_for_the_rest() {
    let (tasks, gate) = busy();
    let drops = Arc::new(AtomicUsize::new(0));
    for panics in [false, true, false] {
        let captured = Dropped(Arc::clone(&drops), panics);
        tasks
            .add_task(move || {
                drop(captured);
                unreachable!("it is discarded");
            })
            .unwrap();
    }
    assert_eq!(tasks.unfinished(), 4);
    assert_eq!(tasks.shutdown_now(), 3);
    assert_eq!(drops.load(SeqCst), 3, "also those after one that panicked");
    assert_eq!(tasks.shutdown_now(), 0);
    assert_eq!(tasks.join_timeout(Duration::ZERO), None, "one is still running");
    drop(gate);
    assert_eq!(tasks.join(), TaskCounts { ran: 1, failed: 0 });
}

#[test]
fn a_discarded_task_may_use_the_queue_as_it_is_dropped() {
    struct Looks(Arc<TaskQueue>, Arc<AtomicUsize>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.store(self.0.unfinished(), SeqCst); // would hang if the queue were locked
        }
    }
    let (tasks, gate) = busy();
    let (tasks, seen) = (Arc::new(tasks), Arc::new(AtomicUsize::new(0)));
    let looks = Looks(Arc::clone(&tasks), Arc::clone(&seen));
    tasks.add_task(move || drop(looks)).unwrap();
    assert_eq!(tasks.shutdown_now(), 1);
    assert_eq!(seen.load(SeqCst), 1, "the one that runs");
    drop(gate);
}

#[test]
fn dropping_it_runs_what_was_added() {
    let (tasks, gate) = busy();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let ran = Arc::clone(&ran);
        tasks
            .add_task(move || {
                ran.fetch_add(1, SeqCst);
            })
            .unwrap();
    }
    drop(gate);
    drop(tasks);
    assert_eq!(ran.load(SeqCst), 10);
}

#[test]
fn a_task_may_drop_the_last_handle_and_the_rest_still_runs() {
    let (tasks, gate) = busy();
    let tasks = Arc::new(tasks);
    let (send, ran) = mpsc::channel();
    let last = Arc::clone(&tasks);
    tasks.add_task(move || drop(last)).unwrap();
    tasks.add_task(move || send.send(()).unwrap()).unwrap();
    drop(tasks);
    drop(gate);
    assert_eq!(ran.recv(), Ok(()));
}

#[test]
fn workers_have_names_and_stacks_of_ones_choice() {
    let workers = Workers::new(2).name("crawler").stack_size(256 * 1024);
    let tasks = TaskQueue::with_workers(workers).unwrap();
    assert_eq!(tasks.workers(), 2);
    let (send, names) = mpsc::channel();
    tasks
        .add_task(move || send.send(primitives::threads::current().name().to_owned()).unwrap())
        .unwrap();
    let name = names.recv().unwrap();
    assert!(name == "crawler_0" || name == "crawler_1", "{name}");
    let error = TaskQueue::with_workers(Workers::new(1).name("zero\0byte")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn it_says_whether_it_was_shut_down() {
    let ends: [fn(&TaskQueue); 2] =
        [|tasks| tasks.shutdown(), |tasks| assert_eq!(tasks.shutdown_now(), 0)];
    for end in ends {
        let tasks = TaskQueue::new(1);
        assert!(!tasks.is_shutdown());
        end(&tasks);
        assert!(tasks.is_shutdown());
    }
}

#[test]
fn debug_says_how_it_stands() {
    let (tasks, gate) = busy();
    let text = format!("{tasks:?}");
    assert!(text.contains("workers: 1") && text.contains("unfinished: 1"), "{text}");
    drop(gate);
}

#[test]
fn a_full_queue_gives_the_closure_back_or_makes_the_thread_wait_for_room() {
    let tasks = TaskQueue::with_workers(Workers::new(1).bounded(1)).unwrap();
    let (began, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, go_on) = (Arc::clone(&began), Arc::clone(&gate));
    tasks
        .add_task(move || {
            begin.set();
            go_on.wait();
        })
        .unwrap();
    began.wait();
    assert_eq!((tasks.running(), tasks.queued()), (1, 0));
    tasks.try_add_task(|| ()).unwrap();
    assert_eq!((tasks.running(), tasks.queued(), tasks.unfinished()), (1, 1, 2));
    let ran = Arc::new(AtomicUsize::new(0));
    let task = || {
        let ran = Arc::clone(&ran);
        move || _ = ran.fetch_add(1, SeqCst)
    };
    let refused = tasks.try_add_task(task()).unwrap_err();
    assert!(matches!(refused, TryPutError::Full(_)));
    refused.into_inner()(); // here, then
    let late = tasks.add_task_timeout(task(), Duration::ZERO).unwrap_err();
    assert!(matches!(late, PutTimeoutError::Timeout(_)));
    late.into_inner()();
    thread::scope(|s| {
        let waits = s.spawn(|| tasks.add_task(task()));
        while !format!("{tasks:?}").contains("putters_asleep: 1") {
            thread::yield_now();
        }
        gate.set();
        waits.join().unwrap().unwrap();
    });
    assert_eq!((tasks.join().ran, ran.load(SeqCst)), (3, 3));
    assert_eq!((tasks.running(), tasks.queued()), (0, 0));
}

#[test]
fn a_task_adds_to_its_own_full_queue_without_a_wait() {
    let tasks = Arc::new(TaskQueue::with_workers(Workers::new(1).bounded(1)).unwrap());
    let own = Arc::clone(&tasks);
    tasks
        .add_task(move || {
            (0..10).for_each(|_| own.add_task(|| ()).unwrap());
            assert!(matches!(own.try_add_task(|| ()), Err(TryPutError::Full(_))));
        })
        .unwrap();
    let counts = tasks.join();
    assert_eq!((counts.ran, counts.failed), (11, 0));
}

const _: () = {
    const fn everywhere<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    everywhere::<TaskQueue>();
    everywhere::<TaskCounts>();
    everywhere::<Workers>();
};
