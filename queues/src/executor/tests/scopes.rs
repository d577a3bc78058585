//! Tasks that borrow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use primitives::Event;

use super::{Dropped, Gate, busy, message};
use crate::{Executor, Shutdown, Task, TaskError};

#[test]
fn tasks_may_borrow_and_change_what_is_around() {
    let executor = Executor::new(3);
    let mut numbers: Vec<u32> = (0..100).collect();
    let offset = 7;
    executor.scope(|s| {
        for chunk in numbers.chunks_mut(9) {
            s.submit(|| chunk.iter_mut().for_each(|n| *n += offset));
        }
    });
    assert!(numbers.into_iter().eq(7..107));
}

#[test]
fn a_result_may_borrow() {
    let executor = Executor::new(2);
    let text = String::from("a lock, a condition, a queue");
    let longest = executor.scope(|s| {
        let words: Vec<_> = text.split(", ").map(|word| s.submit(move || word.trim())).collect();
        words.into_iter().map(|word| word.result().unwrap()).max_by_key(|word| word.len())
    });
    assert_eq!(longest, Some("a condition"));
}

#[test]
fn a_task_may_submit_more_tasks_to_its_scope_and_all_are_waited_for() {
    let executor = Executor::new(2);
    let ran = AtomicUsize::new(0);
    executor.scope(|s| {
        for _ in 0..3 {
            s.submit(|| {
                ran.fetch_add(1, SeqCst);
                for _ in 0..3 {
                    s.submit(|| {
                        s.submit(|| ran.fetch_add(1, SeqCst));
                        ran.fetch_add(1, SeqCst)
                    });
                }
            });
        }
    });
    assert_eq!(ran.into_inner(), 3 + 9 + 9);
}

#[test]
fn a_closure_that_panics_still_waits_for_its_tasks() {
    let executor = Executor::new(1);
    let (began, go_on, done) = (Event::new(), Event::new(), AtomicBool::new(false));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        executor.scope(|s| {
            s.submit(|| {
                began.set();
                go_on.wait();
                done.store(true, SeqCst);
            });
            began.wait();
            // Set while unwinding, after the panic: `done` shows that the scope waited for it.
            struct OnTheWayOut<'a>(&'a Event);
            impl Drop for OnTheWayOut<'_> {
                fn drop(&mut self) {
                    self.0.set();
                }
            }
            let _lets_it_end = OnTheWayOut(&go_on);
            panic!("on purpose");
        })
    }));
    assert!(done.into_inner());
    assert_eq!(message(panic.unwrap_err()), "on purpose");
}

#[test]
fn a_panic_that_nobody_asked_for_is_the_scopes() {
    let executor = Executor::new(1);
    let ran = AtomicUsize::new(0);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        executor.scope(|s| {
            s.submit(|| panic!("on purpose"));
            s.submit(|| ran.fetch_add(1, SeqCst));
        });
    }));
    let text = message(panic.unwrap_err());
    assert!(
        text.contains("its result was never asked for") && text.contains("on purpose"),
        "{text}"
    );
    assert_eq!(ran.into_inner(), 1, "the others ran");
}

#[test]
fn a_panic_that_somebody_asked_for_or_still_can_is_not() {
    let executor = Executor::new(1);
    let kept = executor.scope(|s| {
        let asked = s.submit(|| panic!("on purpose"));
        assert!(matches!(asked.result(), Err::<(), _>(TaskError::Panicked(_))));
        s.submit(|| -> u32 { panic!("on purpose, too") })
    });
    assert!(matches!(kept.result(), Err(TaskError::Panicked(_))));
}

#[test]
fn a_handle_in_the_closure_of_another_task_goes_before_the_scope_looks_for_panics() {
    let executor = Executor::new(1);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        executor.scope(|s| {
            let fails: Task<()> = s.submit(|| panic!("on purpose"));
            s.submit(move || drop(fails));
        });
    }));
    assert!(message(panic.unwrap_err()).contains("on purpose"));
}

#[test]
fn a_handle_of_a_result_that_borrows_nothing_may_leave_the_scope() {
    let executor = Executor::new(1);
    let text = String::from("seven..");
    let task = executor.scope(|s| s.submit(|| text.len()));
    drop(text);
    assert!(task.is_done());
    assert_eq!(task.result().unwrap(), 7);
}

/// Reads what it borrows when it is dropped: with too long a lifetime it would read freed memory.
struct Reads<'a>(&'a AtomicUsize, &'a str);

impl Drop for Reads<'_> {
    fn drop(&mut self) {
        assert_eq!(self.1, "borrowed");
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn everything_that_borrows_is_dropped_before_the_scope_ends_run_cancelled_or_abandoned() {
    let (executor, gate, _running) = busy();
    let drops = AtomicUsize::new(0);
    let text = String::from("borrowed");
    let gate = std::cell::Cell::new(Some(gate));
    executor.scope(|s| {
        let (drops, text) = (&drops, text.as_str());
        let reads = || Reads(drops, text);
        let capture = reads();
        let cancelled = s.submit(move || drop(capture));
        assert!(cancelled.cancel());
        drop(cancelled);
        drop(s.submit(move || Reads(drops, text))); // an unclaimed result
        let (capture, result) = (reads(), reads());
        let asked = s.submit(move || {
            drop(capture);
            result
        });
        drop(gate.take());
        drop(asked.result());
    });
    assert_eq!(drops.into_inner(), 4);
    drop(text);
    assert_eq!(executor.submit(|| 1).result().unwrap(), 1, "shells in the queue do no harm");
}

#[test]
fn tasks_cancelled_by_a_shutdown_do_not_keep_a_scope() {
    let (executor, gate, _running): (_, Gate, _) = busy();
    let drops = Arc::new(AtomicUsize::new(0));
    executor.scope(|s| {
        for _ in 0..3 {
            let captured = Dropped::counted_in(&drops);
            s.submit(move || drop(captured));
        }
        executor.shutdown(Shutdown::CANCEL_PENDING);
        let back = s.try_submit(|| drops.load(SeqCst)).unwrap_err().into_inner();
        assert_eq!(back(), 3);
    });
    drop(gate);
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn a_long_scope_does_not_keep_what_is_over() {
    let executor = Executor::new(1);
    executor.scope(|s| {
        for number in 0..1000 {
            assert_eq!(s.submit(move || number).result().unwrap(), number);
        }
        let kept = s.list.lock().jobs.len();
        assert!(kept <= 200, "{kept} tasks are still on the list");
    });
}

#[test]
fn scopes_on_the_workers_themselves_may_nest() {
    let executor = Executor::new(2);
    let (send, ran) = mpsc::channel();
    executor.scope(|s| {
        for _ in 0..4 {
            s.submit(|| {
                let send = send.clone();
                executor.scope(|inner| {
                    for number in 0..4 {
                        let send = send.clone();
                        inner.submit(move || send.send(number).unwrap());
                    }
                });
            });
        }
    });
    assert_eq!(ran.try_iter().sum::<i32>(), 4 * 6);
}
