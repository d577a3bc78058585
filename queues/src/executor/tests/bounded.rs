//! An executor with room for a few tasks, and priorities.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use primitives::{Event, Lock};

use super::{Dropped, Gate, message};
use crate::{Executor, PutTimeoutError, Shutdown, Task, TryPutError, Workers};

/// One worker that is in a task, and room for `bound` more.
fn busy(bound: usize) -> (Arc<Executor>, Gate, Task<()>) {
    let executor = Executor::with_workers(Workers::new(1).bounded(bound)).unwrap();
    let (began, gate) = (Arc::new(Event::new()), Gate(Arc::new(Event::new())));
    let (begin, go_on) = (Arc::clone(&began), Arc::clone(&gate.0));
    let running = executor.submit(move || {
        begin.set();
        go_on.wait();
    });
    began.wait();
    (Arc::new(executor), gate, running)
}

#[test]
fn a_full_executor_gives_the_closure_back_whole() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, gate, _running) = busy(2);
    let queued = [1, 2].map(|number| executor.try_submit(move || number).unwrap());
    let captured = [(); 3].map(|()| Dropped::counted_in(&drops));
    let [first, second, third] = captured.map(|captured| move || drop(captured));

    let refused = executor.try_submit(first).unwrap_err();
    assert!(matches!(refused, TryPutError::Full(_)));
    let late = executor.submit_timeout(second, Duration::ZERO).unwrap_err();
    assert!(matches!(late, PutTimeoutError::Timeout(_)));
    let past = executor.submit_deadline(third, Instant::now()).unwrap_err();
    assert!(matches!(past, PutTimeoutError::Timeout(_)));
    assert_eq!(drops.load(SeqCst), 0, "they came back as they were");
    refused.into_inner()();
    late.into_inner()();
    past.into_inner()();
    assert_eq!(drops.load(SeqCst), 3);

    drop(gate);
    assert_eq!(queued.map(|task| task.result().unwrap()), [1, 2]);
}

#[test]
fn a_thread_that_submits_to_a_full_executor_waits_for_room() {
    let (executor, gate, _running) = busy(1);
    let queued = executor.submit(|| ());
    thread::scope(|s| {
        let waits = s.spawn(|| executor.submit(|| "had room").result().unwrap());
        let in_time =
            s.spawn(|| executor.submit_timeout(|| "too", Duration::MAX).unwrap().result());
        // Both sleep: then the queue says so.
        while !format!("{executor:?}").contains("putters_asleep: 2") {
            thread::yield_now();
        }
        drop(gate);
        assert_eq!(waits.join().unwrap(), "had room");
        assert_eq!(in_time.join().unwrap().unwrap(), "too");
    });
    queued.result().unwrap();
}

#[test]
fn a_shutdown_refuses_the_thread_that_waits_for_room() {
    for how in [Shutdown::DETACH, Shutdown::CANCEL_PENDING] {
        let (executor, _gate, _running) = busy(1);
        executor.submit(|| ());
        thread::scope(|s| {
            let waits = s.spawn(|| executor.submit_timeout(|| 5, Duration::MAX));
            let panics = s.spawn(|| catch_unwind(AssertUnwindSafe(|| executor.submit(|| 6))));
            while !format!("{executor:?}").contains("putters_asleep: 2") {
                thread::yield_now();
            }
            executor.shutdown(how);
            let PutTimeoutError::Shutdown(f) = waits.join().unwrap().unwrap_err() else { panic!() };
            assert_eq!(f(), 5);
            assert!(message(panics.join().unwrap().unwrap_err()).contains("shut down"));
        });
    }
}

#[test]
fn a_task_submits_to_its_own_full_executor_without_a_wait() {
    let executor = Arc::new(Executor::with_workers(Workers::new(1).bounded(1)).unwrap());
    let own = Arc::clone(&executor);
    let tasks = executor.submit(move || {
        let tasks = [1, 2, 3].map(|number| own.submit(move || number));
        assert_eq!(own.queued(), 3, "beyond the bound");
        assert!(matches!(own.try_submit(|| ()), Err(TryPutError::Full(_))), "which `try` keeps to");
        assert!(own.submit_timeout(|| (), Duration::ZERO).is_err());
        own.scope(|s| s.submit(|| 4).result().unwrap());
        tasks
    });
    let tasks = tasks.result().unwrap();
    assert_eq!(tasks.map(|task| task.result().unwrap()), [1, 2, 3]);
    executor.submit(|| ()).result().unwrap(); // and there is room again
}

#[test]
fn a_map_and_a_scope_wait_for_room() {
    let executor = Executor::with_workers(Workers::new(2).bounded(1)).unwrap();
    let squares: Vec<_> = executor.map(0..200, |n| n * n).map(Result::unwrap).collect();
    assert!(squares.iter().enumerate().all(|(n, square)| n * n == *square));
    let sum = AtomicUsize::new(0);
    executor.scope(|s| {
        for number in 0..200 {
            s.submit({
                let sum = &sum;
                move || sum.fetch_add(number, SeqCst)
            });
        }
    });
    assert_eq!(sum.into_inner(), 199 * 100);
}

#[test]
fn the_smallest_number_begins_first_and_equal_ones_in_order() {
    let (executor, gate, _running) = busy(100);
    let order = Arc::new(Lock::new(Vec::new()));
    let submitted = [(0, 'a'), (5, 'b'), (-5, 'c'), (0, 'd'), (i32::MIN, 'e'), (-5, 'f'), (5, 'g')];
    let tasks = submitted.map(|(priority, name)| {
        let order = Arc::clone(&order);
        executor.with_priority(priority).submit(move || order.lock().push(name))
    });
    drop(gate);
    tasks.into_iter().for_each(|task| task.result().unwrap());
    assert_eq!(*order.lock(), ['e', 'c', 'f', 'a', 'd', 'b', 'g']);
}

#[test]
fn no_priority_makes_room_in_a_full_executor() {
    let (executor, gate, _running) = busy(1);
    let queued = executor.submit(|| "first");
    let urgent = executor.with_priority(i32::MIN).try_submit(|| "second");
    assert!(matches!(urgent, Err(TryPutError::Full(_))));
    drop(gate);
    assert_eq!(queued.result().unwrap(), "first");
}

#[test]
fn a_shutdown_cancels_tasks_of_every_priority() {
    let (executor, _gate, _running) = busy(10);
    let tasks = [0, 3, -3].map(|priority| executor.with_priority(priority).submit(|| ()));
    executor.shutdown(Shutdown::CANCEL_PENDING);
    assert!(tasks.iter().all(Task::is_cancelled));
    assert_eq!(executor.queued(), 0);
}

#[test]
fn a_task_that_a_worker_waits_for_begins_before_all_priorities() {
    let executor = Arc::new(Executor::new(1));
    let own = Arc::clone(&executor);
    let (order, done) = executor
        .submit(move || {
            let order = Arc::new(Lock::new(Vec::new()));
            let note = |name| {
                let order = Arc::clone(&order);
                move || order.lock().push(name)
            };
            let urgent = own.with_priority(-1).submit(note("urgent"));
            own.with_priority(1).submit(note("wanted")).result().unwrap();
            (Arc::clone(&order), urgent)
        })
        .result()
        .unwrap();
    done.result().unwrap();
    assert_eq!(*order.lock(), ["wanted", "urgent"]);
}
