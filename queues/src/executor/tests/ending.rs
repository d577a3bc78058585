//! Cancelling, and the end of the executor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;

use super::{Dropped, Gate, busy, message};
use crate::{Executor, PutError, TaskError};

#[test]
fn a_cancelled_task_never_runs_and_its_closure_is_dropped_at_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, _gate, running) = busy();
    let captured = Dropped::counted_in(&drops);
    let task = executor.submit(move || {
        drop(captured);
        unreachable!("it was cancelled");
    });
    assert!(task.cancel());
    assert_eq!(drops.load(SeqCst), 1);
    assert!(!task.cancel(), "only the first call is why");
    assert!(task.is_cancelled() && task.is_done() && !task.is_running());
    assert!(matches!(task.result(), Err(TaskError::Cancelled)));
    assert!(!running.cancel() && running.is_running() && !running.is_cancelled());
}

#[test]
fn cancelling_wakes_who_waits_and_calls_back_here() {
    let (executor, _gate, _running) = busy();
    let task = executor.submit(|| ());
    let (send, called) = mpsc::channel();
    let here = thread::current().id();
    task.on_done(move || send.send(thread::current().id() == here).unwrap());
    thread::scope(|s| {
        let waits = s.spawn(|| task.wait());
        assert!(task.cancel());
        waits.join().unwrap();
    });
    assert_eq!(called.try_recv(), Ok(true));
}

#[test]
fn a_closure_that_panics_as_it_is_dropped_is_cancelled_all_the_same() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, _gate, _running) = busy();
    let captured = Dropped::panicking(&drops);
    let task = executor.submit(move || drop(captured));
    assert!(task.cancel() && task.is_done());
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_task_that_is_over_cannot_be_cancelled() {
    let executor = Executor::new(1);
    let task = executor.submit(|| 3);
    task.wait();
    assert!(!task.cancel());
    assert_eq!(task.result().unwrap(), 3);
}

#[test]
fn after_a_shutdown_submit_panics_and_try_submit_gives_the_closure_back() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new(1);
    executor.shutdown(false, false);
    assert!(executor.is_shutdown());
    let captured = Dropped::counted_in(&drops);
    let PutError::Shutdown(back) = executor.try_submit(move || drop(captured)).unwrap_err();
    assert_eq!(drops.load(SeqCst), 0);
    back();
    assert_eq!(drops.load(SeqCst), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| executor.submit(|| ()))).unwrap_err();
    assert!(message(panic).contains("shut down"));
}

#[test]
fn shutdown_with_wait_returns_when_everything_has_run() {
    let ran = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new(2);
    for _ in 0..50 {
        let ran = Arc::clone(&ran);
        executor.submit(move || ran.fetch_add(1, SeqCst));
    }
    executor.shutdown(true, false);
    assert_eq!(ran.load(SeqCst), 50);
    executor.shutdown(true, true); // twice is as good as once
}

#[test]
fn shutdown_cancels_what_has_not_begun_and_nothing_else() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (executor, gate, running) = busy();
    let waiting: Vec<_> = (0..5)
        .map(|number| {
            let captured = Dropped { drops: Arc::clone(&drops), panics: number == 2 };
            executor.submit(move || drop(captured))
        })
        .collect();
    executor.shutdown(false, true);
    assert_eq!(drops.load(SeqCst), 5);
    assert!(waiting.into_iter().all(|task| matches!(task.result(), Err(TaskError::Cancelled))));
    drop(gate);
    assert_eq!(running.result().unwrap(), "it was running");
}

#[test]
fn a_first_shutdown_that_lets_tasks_run_may_be_followed_by_one_that_cancels() {
    let (executor, _gate, _running) = busy();
    let task = executor.submit(|| ());
    executor.shutdown(false, false);
    assert!(!task.is_done());
    executor.shutdown(false, true);
    assert!(task.is_cancelled());
}

#[test]
fn dropping_it_runs_what_was_submitted() {
    let ran = Arc::new(AtomicUsize::new(0));
    let (executor, gate, _running) = busy();
    for _ in 0..10 {
        let ran = Arc::clone(&ran);
        executor.submit(move || ran.fetch_add(1, SeqCst));
    }
    drop(gate);
    drop(executor);
    assert_eq!(ran.load(SeqCst), 10);
}

#[test]
fn a_task_may_shut_its_executor_down_and_drop_the_last_handle() {
    let (executor, gate, _running) = busy();
    let executor = Arc::new(executor);
    let last = Arc::clone(&executor);
    let ends = executor.submit(move || {
        last.shutdown(true, false); // does not wait for itself
        drop(last);
    });
    let after = executor.submit(|| "ran");
    drop(executor);
    drop(gate);
    ends.result().unwrap();
    assert_eq!(after.result().unwrap(), "ran");
}

#[test]
fn a_handle_outlives_its_executor() {
    let executor = Executor::new(1);
    let task = executor.submit(|| 5);
    drop(executor);
    assert!(task.is_done());
    assert_eq!(task.result().unwrap(), 5);
}

#[test]
fn a_closure_may_use_the_executor_as_it_is_dropped() {
    struct Looks(Arc<Executor>, mpsc::Sender<bool>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.send(self.0.is_shutdown()).unwrap(); // would hang if the queue were locked
        }
    }
    let (executor, gate, _running): (_, Gate, _) = busy();
    let executor = Arc::new(executor);
    let (send, seen) = mpsc::channel();
    let looks = Looks(Arc::clone(&executor), send);
    executor.submit(move || drop(looks));
    executor.shutdown(false, true);
    assert_eq!(seen.try_recv(), Ok(true));
    drop(gate);
}
