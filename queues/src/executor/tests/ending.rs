//! Cancelling, and the end of the executor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use primitives::Event;

use super::{Dropped, Gate, busy, message};
use crate::{Executor, Shutdown, TaskError, TryPutError};

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
    executor.shutdown(Shutdown::DETACH);
    assert!(executor.is_shutdown());
    let captured = Dropped::counted_in(&drops);
    let refused = executor.try_submit(move || drop(captured)).unwrap_err();
    let TryPutError::Shutdown(back) = refused else { panic!("{refused}") };
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
    executor.shutdown(Shutdown::WAIT);
    assert_eq!(ran.load(SeqCst), 50);
    executor.shutdown(Shutdown::WAIT | Shutdown::CANCEL_PENDING); // twice is as good as once
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
    executor.shutdown(Shutdown::CANCEL_PENDING);
    assert_eq!(drops.load(SeqCst), 5);
    assert!(waiting.into_iter().all(|task| matches!(task.result(), Err(TaskError::Cancelled))));
    drop(gate);
    assert_eq!(running.result().unwrap(), "it was running");
}

#[test]
fn a_first_shutdown_that_lets_tasks_run_may_be_followed_by_one_that_cancels() {
    let (executor, _gate, _running) = busy();
    let task = executor.submit(|| ());
    executor.shutdown(Shutdown::DETACH);
    assert!(!task.is_done());
    executor.shutdown(Shutdown::CANCEL_PENDING);
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
        last.shutdown(Shutdown::WAIT); // does not wait for itself
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
    executor.shutdown(Shutdown::CANCEL_PENDING);
    assert_eq!(seen.try_recv(), Ok(true));
    drop(gate);
}

#[test]
fn a_shutdown_that_runs_out_of_time_names_the_tasks_that_run_still() {
    let (executor, gate, running) = busy();
    let (waiting, cancelled) = (executor.submit(|| "ran"), executor.submit(|| "ran"));
    assert!(cancelled.cancel());
    let error = executor.shutdown_timeout(Shutdown::DETACH, Duration::ZERO).unwrap_err();
    let [task] = error.tasks() else { panic!("{error}") };
    assert!(task.worker.starts_with("Executor-") && task.worker.ends_with("_0"), "{error}");
    assert!(task.submitted_at.file().ends_with("tests.rs"), "{error}"); // in `busy`
    assert_eq!(error.queued(), 2, "a worker has not come to the cancelled one either");
    let text = error.to_string();
    assert!(text.starts_with("the time is up, with 1 running and 2 queued; Executor-"), "{text}");
    assert!(text.contains("_0 runs the task of ") && text.contains("tests.rs:"), "{text}");

    // Again, and what was queued is cancelled after all.
    let error = executor.shutdown_timeout(Shutdown::CANCEL_PENDING, Duration::ZERO).unwrap_err();
    assert_eq!((error.tasks().len(), error.queued()), (1, 0));
    assert!(waiting.is_cancelled());
    drop(gate);
    executor.shutdown_timeout(Shutdown::WAIT, Duration::MAX).unwrap();
    executor.shutdown_timeout(Shutdown::WAIT, Duration::ZERO).unwrap();
    assert!(running.is_done());
}

#[test]
fn a_shutdown_of_an_idle_executor_is_in_time_however_short_that_is() {
    let executor = Executor::new(3);
    executor.submit(|| ()).wait();
    while executor.running() > 0 {
        thread::yield_now();
    }
    executor.shutdown_timeout(Shutdown::WAIT, Duration::ZERO).unwrap();
}

#[test]
fn of_a_task_that_waits_for_another_in_its_worker_the_other_is_named() {
    let executor = Arc::new(Executor::new(1));
    let (began, gate) = (Arc::new(Event::new()), Gate(Arc::new(Event::new())));
    let (own, begin, go_on) = (Arc::clone(&executor), Arc::clone(&began), Arc::clone(&gate.0));
    let inner_line = Arc::new(AtomicUsize::new(0));
    let line = Arc::clone(&inner_line);
    let outer = executor.submit(move || {
        line.store(line!() as usize + 1, SeqCst);
        let inner = own.submit(move || {
            begin.set();
            go_on.wait();
        });
        inner.result().unwrap();
    });
    began.wait();
    let error = executor.shutdown_timeout(Shutdown::WAIT, Duration::ZERO).unwrap_err();
    assert_eq!(error.tasks().len(), 1, "one worker is at one task: {error}");
    assert_eq!(error.tasks()[0].submitted_at.line() as usize, inner_line.load(SeqCst));
    assert_eq!(executor.running(), 1);
    drop(gate);
    outer.result().unwrap();
}

#[test]
fn a_task_that_shuts_its_executor_down_with_a_limit_does_not_wait_for_itself() {
    let executor = Arc::new(Executor::new(1));
    let own = Arc::clone(&executor);
    let task = executor.submit(move || own.shutdown_timeout(Shutdown::WAIT, Duration::MAX));
    let error = task.result().unwrap().unwrap_err();
    assert_eq!(error.tasks()[0].submitted_at.file(), file!());
}

#[test]
fn after_a_shutdown_that_ran_out_of_time_the_drop_does_not_wait() {
    let (executor, gate, running) = busy();
    assert!(executor.shutdown_timeout(Shutdown::WAIT, Duration::ZERO).is_err());
    drop(executor); // would hang
    assert!(!running.is_done());
    drop(gate);
    running.result().unwrap();
}

#[test]
fn a_submit_from_inside_an_executor_that_closes_is_refused_and_the_task_goes_on() {
    let (executor, gate, running) = busy();
    let executor = Arc::new(executor);
    let own = Arc::clone(&executor);
    let asks = executor.submit(move || {
        let refused = own.try_submit(|| "later").map_err(TryPutError::into_inner);
        let panic = catch_unwind(AssertUnwindSafe(|| own.submit(|| "later"))).unwrap_err();
        assert!(message(panic).contains("shut down"));
        refused.unwrap_err()() // here, then
    });
    executor.shutdown(Shutdown::DETACH);
    drop(gate);
    assert_eq!(asks.result().unwrap(), "later");
    running.result().unwrap();
}

#[test]
fn what_is_queued_is_counted_until_a_worker_takes_it() {
    let (executor, gate, _running) = busy();
    assert_eq!((executor.running(), executor.queued()), (1, 0));
    let tasks: Vec<_> = (0..3).map(|_| executor.submit(|| ())).collect();
    assert_eq!((executor.running(), executor.queued()), (1, 3));
    tasks[1].cancel();
    assert_eq!(executor.queued(), 3, "the shell is there");
    drop(gate);
    tasks[2].wait();
    assert_eq!(executor.queued(), 0);
}
