//! The result of a task, and waiting for it.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use primitives::Lock;

use super::{Dropped, busy, message};
use crate::{Executor, ResultTimeoutError, Shutdown, Task, TaskError};

#[test]
fn a_task_returns_what_its_closure_returns() {
    let executor = Executor::new(2);
    let text = String::from("moved in and out");
    assert_eq!(executor.submit(move || text).result().unwrap(), "moved in and out");
}

#[test]
fn one_worker_begins_tasks_in_the_order_in_which_they_were_submitted() {
    let executor = Executor::new(1);
    let order = Arc::new(Lock::new(Vec::new()));
    for number in 0..100 {
        let order = Arc::clone(&order);
        executor.submit(move || order.lock().push(number));
    }
    executor.shutdown(Shutdown::WAIT);
    assert_eq!(*order.lock(), Vec::from_iter(0..100));
}

#[test]
fn a_panic_comes_out_with_message_thread_and_place_and_the_worker_lives_on() {
    let executor = Executor::new(1);
    let place = line!() + 1;
    let panic = executor.submit(|| panic!("on purpose")).result().unwrap_err();
    let TaskError::Panicked(panic) = panic else { panic!("{panic}") };
    assert_eq!(panic.message(), "on purpose");
    assert!(panic.thread_name().starts_with("Executor-"), "{}", panic.thread_name());
    let location = panic.location().unwrap();
    assert!(location.file().ends_with("results.rs") && location.line() == place, "{location}");
    assert_eq!(executor.submit(|| 7).result().unwrap(), 7);
}

#[test]
fn errors_read_well() {
    let (executor, gate, _running) = busy();
    let task = executor.submit(|| ());
    assert!(format!("{executor:?}").contains("workers: 1"), "{executor:?}");
    assert_eq!(format!("{task:?}"), "Task { state: queued, .. }");
    assert!(task.cancel());
    assert_eq!(format!("{task:?}"), "Task { state: cancelled, .. }");
    let error = task.result().unwrap_err();
    assert_eq!(error.to_string(), "the task was cancelled before it began");
    drop(gate);
    let error = executor.submit(|| panic!("why")).result().unwrap_err();
    assert!(error.to_string().starts_with("the task panicked: thread 'Executor-"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_time_out_gives_the_task_back_and_the_result_still_comes() {
    let (_executor, gate, task) = busy();
    let again = |outcome| match outcome {
        Err(ResultTimeoutError::Timeout(task)) => task,
        other => panic!("{other:?}"),
    };
    let task: Task<_> = again(task.result_timeout(Duration::ZERO));
    let task = again(task.result_timeout(Duration::from_millis(1)));
    let task = again(task.result_deadline(Instant::now()));
    assert!(!task.wait_timeout(Duration::from_millis(1)) && !task.is_done() && task.is_running());
    drop(gate);
    assert_eq!(task.result_timeout(Duration::MAX).unwrap(), "it was running");
}

#[test]
fn several_threads_may_wait_for_one_task() {
    let (_executor, gate, task) = busy();
    thread::scope(|s| {
        let waits: Vec<_> = (0..3).map(|_| s.spawn(|| task.wait())).collect();
        drop(gate);
        waits.into_iter().for_each(|wait| wait.join().unwrap());
    });
    assert!(task.is_done() && !task.is_running() && !task.is_cancelled());
    assert_eq!(task.result().unwrap(), "it was running");
}

#[test]
fn a_result_that_nobody_asks_for_is_dropped_once_whenever_its_handle_goes() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, gate, _running) = busy();
    let early = Dropped::counted_in(&drops);
    drop(executor.submit(move || early)); // before it has begun
    let late = Dropped::counted_in(&drops);
    let late = executor.submit(move || late);
    drop(gate);
    late.wait();
    assert_eq!(drops.load(SeqCst), 1, "the worker dropped the first before it began the second");
    drop(late);
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn drops_that_panic_in_a_worker_do_not_kill_it() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, gate, _running) = busy();
    let result = Dropped::panicking(&drops);
    drop(executor.submit(move || result));
    let captured = Dropped::panicking(&drops);
    let failed = executor.submit(move || drop(captured));
    let payload = Dropped::panicking(&drops);
    drop(executor.submit(move || panic_any(payload)));
    drop(gate);
    assert!(matches!(failed.result(), Err(TaskError::Panicked(_))));
    assert_eq!(executor.submit(|| 1).result().unwrap(), 1);
    assert_eq!(drops.load(SeqCst), 3);
}

#[test]
fn a_task_that_waits_for_a_task_runs_it_itself_if_nobody_else_can() {
    let executor = Arc::new(Executor::new(1));
    let inside = Arc::clone(&executor);
    let sum = executor.submit(move || {
        let parts: Vec<_> = (1..=3).map(|n| inside.submit(move || n * n)).collect();
        parts.into_iter().map(|part| part.result().unwrap()).sum::<i32>()
    });
    assert_eq!(sum.result().unwrap(), 14);
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn tasks_that_divide_themselves_finish_on_any_number_of_workers() {
    fn fibonacci(executor: &Arc<Executor>, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let again = Arc::clone(executor);
        let left = executor.submit(move || fibonacci(&again, n - 1));
        fibonacci(executor, n - 2) + left.result().unwrap()
    }
    for workers in 1..=3 {
        let executor = Arc::new(Executor::new(workers));
        let again = Arc::clone(&executor);
        assert_eq!(executor.submit(move || fibonacci(&again, 12)).result().unwrap(), 144);
    }
}

#[test]
fn the_deadlock_of_pythons_documentation_is_none() {
    // Each of two tasks waits for one that was submitted after it, and there is one worker.
    let executor = Arc::new(Executor::new(1));
    let (send, receive) = mpsc::channel::<Task<u32>>();
    let first = executor.submit(move || receive.recv().unwrap().result().unwrap() + 1);
    send.send(executor.submit(|| 5)).unwrap();
    assert_eq!(first.result().unwrap(), 6);
}

#[test]
fn a_task_that_waits_for_itself_panics_instead_of_hanging() {
    let executor = Executor::new(1);
    let (send, receive) = mpsc::channel::<Task<()>>();
    let (say, said) = mpsc::channel();
    let own = executor.submit(move || {
        let own = receive.recv().unwrap();
        say.send(message(catch_unwind(AssertUnwindSafe(|| own.wait())).unwrap_err())).unwrap();
    });
    send.send(own).unwrap();
    assert!(said.recv().unwrap().contains("a task waits for its own end"));
}

#[test]
fn a_task_that_waits_for_one_that_helps_it_panics_instead_of_hanging() {
    let executor = Arc::new(Executor::new(1));
    let (send, receive) = mpsc::channel::<Task<()>>();
    let again = Arc::clone(&executor);
    let (say, said) = mpsc::channel();
    let outer = executor.submit(move || {
        let outer = receive.recv().unwrap();
        let inner = again.submit(move || outer.wait()); // waits for its helper
        say.send(inner.result().unwrap_err().to_string()).unwrap();
    });
    send.send(outer).unwrap();
    let text = said.recv().unwrap();
    assert!(text.contains("or for that of a task that waits for it"), "{text}");
}

#[test]
fn callbacks_run_once_in_order_in_the_worker_and_those_that_come_late_at_once() {
    let (executor, gate, task) = busy();
    let (send, called) = mpsc::channel();
    for number in 0..3 {
        let send = send.clone();
        task.on_done(move || {
            send.send((number, primitives::threads::current().name().to_owned())).unwrap();
            assert!(number != 1, "a callback that panics, on purpose");
        });
    }
    drop(gate);
    for number in 0..3 {
        let (called, thread) = called.recv().unwrap();
        assert!(called == number && thread.starts_with("Executor-"), "{called} in {thread}");
    }
    drop(executor); // the worker is gone, so the callbacks have been called
    let here = thread::current().id();
    task.on_done(move || {
        send.send((if thread::current().id() == here { 3 } else { 4 }, String::new())).unwrap();
    });
    assert_eq!(called.try_recv().unwrap().0, 3);
    assert_eq!(task.result().unwrap(), "it was running");
}

#[test]
fn workers_have_names_and_there_is_a_default_number() {
    let executor = Executor::with_workers(crate::Workers::new(1).name("download")).unwrap();
    let name = executor.submit(|| primitives::threads::current().name().to_owned());
    assert_eq!(name.result().unwrap(), "download_0");
    assert_eq!(Executor::default().workers(), crate::Workers::default().count());
}

#[test]
#[should_panic(expected = "a pool of 0 workers")]
fn no_workers_are_refused() {
    let _ = Executor::new(0);
}
